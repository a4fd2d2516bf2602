//! The detector in a child process: what it does can't take the server down.
//!
//! Pictures go through shared memory ([`safe_yolo_sys::Slots`]), requests and answers
//! through a socket ([`crate::protocol`]). A child that ends, hangs or talks
//! nonsense is killed; its pictures have failed at once, and a fresh child is
//! started, by a thread of its own ([`keeper`]).

mod chances;
mod health;
mod keeper;
mod link;
mod process;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use safe_yolo_core::breaker::BreakerConfig;
use safe_yolo_core::{Analysis, SkipReason};
use safe_yolo_media::picture::I420;
use tokio::sync::watch;

use crate::analyser::{Analyser, Answers, Capacity, DetectorState};
use crate::plan::{Plan, PlanChoice};
use crate::provider::Provider;
use crate::worker::SLOTS;
use crate::{ModelInfo, ModelSource};
use link::Link;

/// How the child is started and judged.
#[derive(Debug, Clone)]
pub struct IsolatedConfig {
    /// This program: it is started with `detector` and options.
    pub program: PathBuf,
    /// More options of the program's own, such as for its log.
    pub options: Vec<std::ffi::OsString>,
    /// Which model.
    pub model: ModelSource,
    /// Where it may run, the best first; the last is fallen back to.
    pub providers: Vec<Provider>,
    /// What is given of the plan.
    pub choice: PlanChoice,
    /// A request that takes longer has failed: the child hangs and is killed. Only
    /// time in which somebody looked counts.
    pub answer_max: Duration,
    /// How long loading and measuring may take.
    pub start_max: Duration,
    /// When to stop starting it again and again.
    pub breaker: BreakerConfig,
    /// So long after a fallback the best provider is tried again, beside the one
    /// that works; after each try twice as long, at most 24 times.
    pub better_after: Duration,
}

impl IsolatedConfig {
    /// The usual bounds, for this program.
    #[must_use]
    pub fn new(program: PathBuf, model: ModelSource) -> Self {
        Self {
            program,
            options: Vec::new(),
            model,
            providers: vec![Provider::Cpu],
            choice: PlanChoice::default(),
            answer_max: Duration::from_secs(3),
            start_max: Duration::from_secs(60),
            breaker: BreakerConfig::default(),
            better_after: Duration::from_secs(600),
        }
    }
}

/// Why there is no detector at all.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IsolatedError {
    /// The child said why it can't work.
    #[error("{0}")]
    Refused(String),
    /// The child could not be started, or ended before it said anything.
    #[error("the detector's process can't be started: {0}")]
    Start(String),
}

/// What is known of the child.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChildStatus {
    /// Its process, while it runs.
    pub pid: Option<u32>,
    /// Where the model runs.
    pub provider: Provider,
    /// Whether a better provider failed and this is the fallback.
    pub fallback: bool,
    /// How the model is run.
    pub plan: Plan,
    /// Times it had to be started again.
    pub restarts: u64,
    /// `closed`, `open` or `half_open`.
    pub breaker: &'static str,
}

/// A detector in a child process. Dropping it ends the child.
#[derive(Debug)]
pub struct IsolatedDetector {
    shared: Arc<Shared>,
    info: Arc<ModelInfo>,
    keeper: Option<JoinHandle<()>>,
}

/// What the keeper's thread and the callers share.
#[derive(Debug)]
struct Shared {
    link: Mutex<Option<Arc<Link>>>,
    state: watch::Sender<DetectorState>,
    status: watch::Sender<ChildStatus>,
    close: crossbeam_channel::Sender<()>,
}

impl Shared {
    fn link(&self) -> Option<Arc<Link>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_link(&self, link: Option<Arc<Link>>) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = link;
    }
}

impl IsolatedDetector {
    /// Starts the child and waits until it is ready. Blocks.
    ///
    /// # Errors
    /// When it can't be started, or refuses the model.
    pub fn start(config: IsolatedConfig) -> Result<Self, IsolatedError> {
        keeper::start(config)
    }

    /// What is known of the child.
    #[must_use]
    pub fn status(&self) -> ChildStatus {
        self.shared.status.borrow().clone()
    }

    /// The same, as it changes.
    #[must_use]
    pub fn watch_status(&self) -> watch::Receiver<ChildStatus> {
        self.shared.status.subscribe()
    }
}

impl Drop for IsolatedDetector {
    fn drop(&mut self) {
        // Full means that it has been told already.
        self.shared.close.try_send(()).ok();
        if let Some(link) = self.shared.link() {
            link.kill("the server is ending");
        }
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

impl Analyser for IsolatedDetector {
    fn info(&self) -> Arc<ModelInfo> {
        Arc::clone(&self.info)
    }

    fn capacity(&self) -> Capacity {
        let plan = self.shared.status.borrow().plan;
        let batch = plan.batch.clamp(1, SLOTS);
        // One batch is worked on and one is ready, for each session.
        let batches = (2 * plan.sessions).min(SLOTS / batch).max(1);
        Capacity {
            sessions: plan.sessions.min(batches),
            batches,
            batch,
            wait: Duration::from_millis(plan.wait_ms),
        }
    }

    fn state(&self) -> watch::Receiver<DetectorState> {
        self.shared.state.subscribe()
    }

    fn analyse(&self, pictures: Vec<Arc<I420>>, min_score: f32) -> Answers {
        let count = pictures.len();
        let submitted = match self.shared.link() {
            Some(link) => link.submit(pictures, min_score),
            None => Err(Analysis::Failed(match &*self.shared.state.borrow() {
                DetectorState::Down(why) => why.clone(),
                DetectorState::Ready => "the detector is being started".into(),
            })),
        };
        Box::pin(async move {
            let answers = match submitted {
                Ok(answer) => answer.await.unwrap_or_else(|_gone| {
                    vec![Analysis::Failed("the detector's process ended".into()); count]
                }),
                Err(analysis) => vec![analysis; count],
            };
            for analysis in &answers {
                let name = match analysis {
                    Analysis::Done(_) => "safe_yolo_infer_pictures_total",
                    Analysis::Skipped(_) => "safe_yolo_infer_rejected_pictures_total",
                    Analysis::Failed(_) => "safe_yolo_infer_failed_pictures_total",
                };
                metrics::counter!(name).increment(1);
            }
            answers
        })
    }
}

/// What becomes of pictures for which there is no room: they may be offered again.
const REJECTED: Analysis<Vec<safe_yolo_core::Detection>> = Analysis::Skipped(SkipReason::Overload);
