//! The four designs: what becomes of a picture between the camera's task and the boxes.

use std::future::{Future, ready};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use safe_yolo_core::{Analysis, Detection, PictureTime, SegmentId, Utc};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::{
    Analyser, Detector, IsolatedConfig, IsolatedDetector, ModelSource, PlanChoice,
};
use safe_yolo_media::picture::I420;
use safe_yolo_pipeline::scheduler::{Lane, Scheduler, Wish};
use safe_yolo_pipeline::shot::Shot;
use tokio::task::{JoinSet, spawn_blocking};

use super::cameras::{By, CameraLog, Feed, Offer, PERIOD, number};
use super::look;
use crate::experiment::{Given, LabError, Way};
use crate::experiments::together;

/// Their names, in the order in which the document comes to them.
pub(super) const NAMES: [&str; 4] = ["blocking", "to-thread", "process", "actor"];

/// An answer may take this long on a machine that is busy with other things, too.
const ANSWER_MAX: Duration = Duration::from_secs(50);

type Looked = Result<(Vec<Detection>, By), LabError>;

/// One design with its detector, ready to work.
#[derive(Debug)]
pub(super) enum Design {
    /// The camera's task detects, and all others wait.
    Blocking(Arc<Mutex<Detector>>),
    /// A thread of the pool detects; the threads take turns with the one detector.
    ToThread(Arc<Mutex<Detector>>),
    /// One detector in the product's child process, asked by each camera.
    Process(Arc<IsolatedDetector>, u32),
    /// The same with the product's scheduler before it, and run as the product runs it.
    Actor(Arc<IsolatedDetector>, u32),
}

impl Design {
    /// Starts what this design needs beside the loop.
    pub(super) fn start(
        name: &str,
        given: &Given<'_>,
        detector: &Arc<Mutex<Detector>>,
    ) -> Result<Self, LabError> {
        let cores = together::cores();
        let plan = |sessions, threads| PlanChoice {
            sessions: Some(sessions),
            threads: Some(threads),
            batch: Some(1),
            wait_ms: None,
        };
        match name {
            "blocking" => Ok(Self::Blocking(Arc::clone(detector))),
            "to-thread" => Ok(Self::ToThread(Arc::clone(detector))),
            "process" => {
                let (detector, pid) = isolated(given, plan(1, cores))?;
                Ok(Self::Process(Arc::new(detector), pid))
            }
            // Measuring sessions, threads and batch takes a second, which a test has not.
            _ => {
                let choice = if given.reduced { plan(cores, 1) } else { PlanChoice::default() };
                let (detector, pid) = isolated(given, choice)?;
                Ok(Self::Actor(Arc::new(detector), pid))
            }
        }
    }

    /// Starts a task for each camera, on the loop that this is called on.
    pub(super) fn spawn(&self, feeds: Vec<Feed>) -> JoinSet<Result<CameraLog, LabError>> {
        let mut cameras = JoinSet::new();
        match self {
            Self::Blocking(detector) => {
                for feed in feeds {
                    let detector = Arc::clone(detector);
                    cameras.spawn(in_turn(feed, move |picture| ready(timed(&detector, &picture))));
                }
            }
            Self::ToThread(detector) => {
                for feed in feeds {
                    let detector = Arc::clone(detector);
                    let on_a_thread = move |picture: Arc<I420>| {
                        let detector = Arc::clone(&detector);
                        let looking = spawn_blocking(move || timed(&detector, &picture));
                        async {
                            looking.await.map_err(|error| LabError::failed("a thread", error))?
                        }
                    };
                    cameras.spawn(in_turn(feed, on_a_thread));
                }
            }
            Self::Process(detector, pid) => {
                for feed in feeds {
                    let (detector, pid) = (Arc::clone(detector), *pid);
                    let elsewhere = move |picture| {
                        let answers = detector.analyse(vec![picture], SCORE_MIN);
                        async move {
                            let analysis = answers.await.pop();
                            Ok((found(analysis)?, By::Process(pid)))
                        }
                    };
                    cameras.spawn(in_turn(feed, elsewhere));
                }
            }
            Self::Actor(detector, pid) => {
                let scheduler = Scheduler::start(Arc::clone(detector) as Arc<dyn Analyser>);
                for feed in feeds {
                    let lane = scheduler.lane(Wish { period: PERIOD, weight: 1.0 });
                    cameras.spawn(newest_first(feed, lane, By::Process(*pid)));
                }
            }
        }
        cameras
    }

    /// With how the detector is run, where the product measures it.
    pub(super) fn told(&self, way: Way) -> Way {
        let Self::Actor(detector, _) = self else { return way };
        let plan = detector.status().plan;
        way.with("sessions", number(plan.sessions), "")
            .with("threads a session", number(plan.threads), "")
            .with("pictures a batch", number(plan.batch), "at most")
    }
}

/// The product's detector process, and its number.
fn isolated(given: &Given<'_>, choice: PlanChoice) -> Result<(IsolatedDetector, u32), LabError> {
    let program = given.child.first().map(PathBuf::from).unwrap_or_default();
    let config = IsolatedConfig {
        choice,
        answer_max: ANSWER_MAX,
        ..IsolatedConfig::new(program, ModelSource::Bundled)
    };
    let failed = |why: &dyn std::fmt::Display| LabError::failed("no detector", why);
    let detector = IsolatedDetector::start(config).map_err(|error| failed(&error))?;
    let pid = detector.status().pid.ok_or_else(|| failed(&"its process ended at once"))?;
    Ok((detector, pid))
}

/// A camera that takes its newest picture, has it looked at and then takes the next, as the old design's.
async fn in_turn<F: Future<Output = Looked>>(
    mut feed: Feed,
    look: impl Fn(Arc<I420>) -> F,
) -> Result<CameraLog, LabError> {
    let mut log = CameraLog::of(feed.camera);
    while let Some(Offer { number, picture, overtaken }) = feed.newest().await {
        log.replaced.extend(overtaken);
        let (found, by) = look(picture).await?;
        log.answer(number, found, by);
    }
    Ok(log)
}

/// A camera that offers each picture to the scheduler when it comes, and takes answers when they come.
async fn newest_first(mut feed: Feed, mut lane: Lane, by: By) -> Result<CameraLog, LabError> {
    let mut log = CameraLog::of(feed.camera);
    let (mut waiting, mut offers) = (0_u32, true);
    while offers || waiting > 0 {
        tokio::select! {
            biased;
            (shot, analysis) = lane.answer(), if waiting > 0 => {
                waiting -= 1;
                log.answer(number_of(&shot)?, found(Some(analysis))?, by);
            }
            offer = feed.newest(), if offers => match offer {
                Some(Offer { number, picture, overtaken }) => {
                    log.replaced.extend(overtaken);
                    waiting += 1;
                    if let Some(older) = lane.push(shot(number, picture), true).passed_over {
                        waiting -= 1;
                        log.replaced.push(number_of(&older)?);
                    }
                }
                None => offers = false,
            },
        }
    }
    Ok(log)
}

/// A picture as the scheduler takes it; its number serves as its time.
fn shot(number: u32, picture: Arc<I420>) -> Shot {
    let (segment, time) = (SegmentId(1), PictureTime(i64::from(number)));
    Shot { segment, era: 0, time, utc: Utc(0), picture }
}

fn number_of(shot: &Shot) -> Result<u32, LabError> {
    u32::try_from(shot.time.micros()).map_err(|error| LabError::failed("a picture's number", error))
}

/// Looks at a picture on this thread.
fn timed(detector: &Mutex<Detector>, picture: &I420) -> Looked {
    let begun = Instant::now();
    let found = look(detector, picture)?;
    Ok((found, By::Thread(thread::current().id(), begun.elapsed())))
}

/// What was found; a picture that was not looked at is no empty one.
fn found(analysis: Option<Analysis<Vec<Detection>>>) -> Result<Vec<Detection>, LabError> {
    let why = match analysis {
        Some(Analysis::Done(found)) => return Ok(found),
        Some(Analysis::Skipped(why)) => format!("skipped: {why:?}"),
        Some(Analysis::Failed(why)) => why,
        None => "no answer".to_owned(),
    };
    Err(LabError::failed("looking at a picture", why))
}
