//! Inference threads shared by all cameras: each owns one session.
//!
//! On a CPU several sessions of one thread beat one session of several threads
//! (docs/performance.md). The queue is bounded; each camera has at most one
//! picture in it. For programs that end with their detector; the server has it
//! in a process of its own ([`crate::isolated`]).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use safe_yolo_core::{Analysis, Detection, PictureSize, SkipReason};
use safe_yolo_media::picture::I420;
use tokio::sync::{oneshot, watch};

use crate::analyser::{Analyser, Answers, Capacity, DetectorState};

use crate::{Detector, ModelError, ModelInfo, ModelSource, Runtime};

/// Pictures that may wait for a session.
const QUEUE_MAX: usize = 64;
/// A picture whose analysis takes longer has failed.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// How many sessions, over which model.
#[derive(Debug, Clone, Default)]
pub struct PoolConfig {
    /// The model.
    pub model: ModelSource,
    /// Sessions, each on its own thread; 0 means one a core.
    pub sessions: usize,
}

struct Job {
    picture: Arc<I420>,
    min_score: f32,
    reply: oneshot::Sender<Analysis<Vec<Detection>>>,
}

/// The inference threads; cheap to clone, they end with the last clone.
#[derive(Debug, Clone)]
pub struct DetectorPool {
    // Before the threads, so that they are told to end before they are waited for.
    jobs: Sender<Job>,
    info: Arc<ModelInfo>,
    sessions: usize,
    _threads: Arc<Threads>,
}

/// Waits for its threads when dropped: ONNX Runtime must not be at work while
/// the process ends and takes its library's state down.
#[derive(Debug, Default)]
struct Threads(Vec<JoinHandle<()>>);

impl Drop for Threads {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}

impl DetectorPool {
    /// Loads the model once for each session and starts the threads.
    ///
    /// # Errors
    /// When the model can't be read or used, or a thread can't be started.
    pub fn start(runtime: &Runtime, config: &PoolConfig) -> Result<Self, ModelError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let sessions = if config.sessions == 0 { cores } else { config.sessions };
        // Dropped last when a later thread can't be started.
        let mut threads = Threads::default();
        let (sender, receiver) = crossbeam_channel::bounded(QUEUE_MAX);
        let mut info = None;
        for number in 0..sessions {
            let detector = Detector::load(runtime, &config.model, 1)?;
            info.get_or_insert_with(|| Arc::new(detector.info().clone()));
            let (runtime, model, jobs) = (runtime.clone(), config.model.clone(), receiver.clone());
            let thread = std::thread::Builder::new()
                .name(format!("infer-{number}"))
                .spawn(move || work(detector, &jobs, &|| Detector::load(&runtime, &model, 1)))
                .map_err(|error| ModelError::Invalid {
                    path: config.model.path(),
                    detail: format!("its thread could not be started: {error}"),
                })?;
            threads.0.push(thread);
        }
        let info = info.ok_or_else(|| ModelError::Invalid {
            path: config.model.path(),
            detail: "no session was asked for".into(),
        })?;
        Ok(Self { jobs: sender, info, sessions, _threads: Arc::new(threads) })
    }

    /// What the model is.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Model input pixels a pixel of pictures of this size: how large people appear to the model.
    #[must_use]
    pub fn input_scale(&self, picture: PictureSize) -> f32 {
        self.info.input_scale(picture)
    }

    /// Analyses one picture; the answer comes within 5 s, as a failure if need be.
    pub async fn analyse(&self, picture: Arc<I420>, min_score: f32) -> Analysis<Vec<Detection>> {
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(Job { picture, min_score, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                metrics::counter!("safe_yolo_infer_rejected_pictures_total").increment(1);
                return Analysis::Skipped(SkipReason::Overload);
            }
            Err(TrySendError::Disconnected(_)) => {
                return Analysis::Failed("no inference thread is left".into());
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 64")]
        metrics::gauge!("safe_yolo_infer_queue_pictures").set(self.jobs.len() as f64);
        match tokio::time::timeout(ANSWER_MAX, answer).await {
            Ok(Ok(analysis)) => analysis,
            Ok(Err(_closed)) => Analysis::Failed("the inference thread gave no answer".into()),
            Err(_elapsed) => Analysis::Failed(format!(
                "the detector gave no answer in {} s",
                ANSWER_MAX.as_secs()
            )),
        }
    }
}

impl Analyser for DetectorPool {
    fn info(&self) -> Arc<ModelInfo> {
        Arc::clone(&self.info)
    }

    fn capacity(&self) -> Capacity {
        let sessions = self.sessions;
        Capacity { sessions, batches: 2 * sessions, batch: 1, wait: Duration::ZERO }
    }

    fn state(&self) -> watch::Receiver<DetectorState> {
        // It lives as long as the process: a sender that is gone leaves the value.
        watch::channel(DetectorState::Ready).1
    }

    fn analyse(&self, pictures: Vec<Arc<I420>>, min_score: f32) -> Answers {
        let pool = self.clone();
        Box::pin(async move {
            let mut answers = Vec::with_capacity(pictures.len());
            for picture in pictures {
                answers.push(Self::analyse(&pool, picture, min_score).await);
            }
            answers
        })
    }
}

fn work(
    mut detector: Detector,
    jobs: &Receiver<Job>,
    reload: &dyn Fn() -> Result<Detector, ModelError>,
) {
    for job in jobs {
        // Nobody waits any more: the camera was stopped or the answer is late.
        if job.reply.is_closed() {
            continue;
        }
        let started = Instant::now();
        let outcome =
            catch_unwind(AssertUnwindSafe(|| detector.detect(&job.picture, job.min_score)));
        let analysis = match outcome {
            Ok(Ok(found)) => {
                metrics::counter!("safe_yolo_infer_pictures_total").increment(1);
                metrics::histogram!("safe_yolo_infer_seconds")
                    .record(started.elapsed().as_secs_f64());
                Analysis::Done(found)
            }
            Ok(Err(error)) => Analysis::Failed(error.to_string()),
            Err(_panic) => {
                // The session may be in any state: take a new one.
                match reload() {
                    Ok(fresh) => detector = fresh,
                    Err(error) => {
                        tracing::error!(%error, "the detector panicked and its model can't be loaded again");
                    }
                }
                Analysis::Failed("the detector panicked".into())
            }
        };
        if let Analysis::Failed(detail) = &analysis {
            metrics::counter!("safe_yolo_infer_failed_pictures_total").increment(1);
            tracing::warn!(detail, "a picture could not be analysed");
        }
        // Whoever asked may be gone by now; then nobody needs the answer.
        job.reply.send(analysis).ok();
    }
}
