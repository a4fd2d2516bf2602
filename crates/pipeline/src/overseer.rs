//! The overseer of one camera: runs the camera's pipeline as generations.
//!
//! A pipeline that panics, ends by itself or goes round no more is shut out at
//! the gate, ended, and followed by a new one after a pause that grows. The
//! overseer does nothing that could fail or block: it looks, waits and tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{BlindReason, CameraConfig, CameraState, Event, EventChange, EventType};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::blindness::{self, ended, utc_now};
use crate::camera::Asked;
use crate::gate::{Admitted, Gate, Outlet};
use crate::heartbeat::{Heartbeat, LOOK, Pulse};
use crate::isolate::{Running, Spawn, Task};
use crate::restart::{Restarts, STEADY_AFTER, WAIT_SLOW};
use crate::status::Status;

/// How long a pipeline may take to end when it is asked to, and once more when
/// it is aborted. What is stuck in synchronous code is left behind then.
const END_MAX: Duration = Duration::from_secs(2);
/// The same for one that hangs: there is little hope, and nobody watches meanwhile.
const KILL_MAX: Duration = Duration::from_millis(200);
/// How long what still waits may take to get out at the end.
const FLUSH_MAX: Duration = Duration::from_secs(2);
/// Between two tries of that.
const FLUSH_STEP: Duration = Duration::from_millis(20);
/// A new pipeline runs beside so many that are stuck, each with its thread and
/// its memory; with more, the camera waits until one of them returns.
const STUCK_MAX: usize = 4;

/// What a generation of the pipeline begins with.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) outlet: Outlet,
    pub(crate) asked: mpsc::Receiver<Asked>,
    pub(crate) config_seen: watch::Receiver<Arc<CameraConfig>>,
    pub(crate) cancel: CancellationToken,
    /// What the generation before told last.
    pub(crate) last: Status,
    /// The event of a blindness that lasts.
    pub(crate) blind: Option<Event>,
}

/// Makes one generation of the pipeline.
pub(crate) type Make = Box<dyn Fn(Begin) -> Running + Send + Sync>;

/// How a generation broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Panicked(String),
    Hung,
    Returned,
}

impl Fault {
    const fn name(&self) -> &'static str {
        match self {
            Self::Panicked(_) => "panicked",
            Self::Hung => "hung",
            Self::Returned => "ended",
        }
    }
}

/// Whether the camera goes on.
enum Next {
    After(Duration),
    End,
}

/// The owner of all generations of one camera.
pub(crate) struct Overseer {
    gate: Gate,
    make: Make,
    spawn: Spawn,
    config: watch::Receiver<Arc<CameraConfig>>,
    cancel: CancellationToken,
    /// Pipelines have threads of their own: they end even when only this task is dropped, as with its runtime.
    _end: DropGuard,
    /// Counted whenever the pipeline was seen to go round, or something is done about it.
    beats: Arc<AtomicU64>,
    generation: u64,
    began: Instant,
    restarts: Restarts,
    /// The event of a blindness, while no pipeline has taken it over.
    blind: Option<Event>,
    /// The event of a pipeline that keeps breaking off.
    failing: Option<Event>,
    /// Bounded: no further pipeline is started above [`STUCK_MAX`].
    stuck: Vec<Task>,
}

impl std::fmt::Debug for Overseer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overseer").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Overseer {
    pub(crate) fn new(
        gate: Gate,
        (make, spawn): (Make, Spawn),
        config: watch::Receiver<Arc<CameraConfig>>,
        cancel: CancellationToken,
        beats: Arc<AtomicU64>,
    ) -> Self {
        Self {
            gate,
            make,
            spawn,
            config,
            _end: cancel.clone().drop_guard(),
            cancel,
            beats,
            generation: 0,
            began: Instant::now(),
            restarts: Restarts::default(),
            blind: None,
            failing: None,
            stuck: Vec::new(),
        }
    }

    /// Runs the camera until it is cancelled.
    pub(crate) async fn run(mut self) {
        while let Next::After(wait) = self.generation().await {
            if !self.wait(wait).await {
                break;
            }
        }
        self.end().await;
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    fn config(&self) -> Arc<CameraConfig> {
        Arc::clone(&self.config.borrow())
    }

    /// One generation, from its start until it ended or was ended.
    async fn generation(&mut self) -> Next {
        self.generation += 1;
        let Admitted { outlet, asked, beats, last } = self.gate.admit();
        let cancel = self.cancel.child_token();
        let blind = self.blind.take();
        let begin = Begin {
            outlet,
            asked,
            config_seen: self.config.clone(),
            cancel: cancel.clone(),
            last,
            blind,
        };
        let begun = self.now();
        let mut heart = Heartbeat::new(begun);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut task = (self.spawn)(self.config().id.as_str(), (self.make)(begin));
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => {
                    self.dispose(task, &cancel, END_MAX).await;
                    return Next::End;
                }
                done = task.ended() => {
                    let fault = match done {
                        Ok(()) if self.cancel.is_cancelled() => return Next::End,
                        Ok(()) => Fault::Returned,
                        Err(error) => Fault::Panicked(error),
                    };
                    return Next::After(self.broke_off(&fault));
                }
                _ = look.tick() => match heart.look(beats.load(Ordering::Relaxed), self.now()) {
                    Pulse::Beating => self.goes_round(begun),
                    Pulse::Silent => {}
                    Pulse::Late => self.late(),
                    Pulse::Hung => {
                        let wait = self.broke_off(&Fault::Hung);
                        self.dispose(task, &cancel, KILL_MAX).await;
                        return Next::After(wait);
                    }
                },
            }
        }
    }

    fn goes_round(&mut self, begun: Duration) {
        self.beat();
        if let Some(event) = self.blind.take() {
            // It was late only, and says from now on itself what it is worth.
            self.gate.changes([ended(event, utc_now(), "watching_again")]);
        }
        if self.now().saturating_sub(begun) >= STEADY_AFTER {
            self.restarts.ran_steadily();
            if let Some(event) = self.failing.take() {
                self.gate.lasting_change(ended(event, utc_now(), "recovered"));
            }
        }
    }

    /// The pipeline may hang: nobody is to believe its last words.
    fn late(&mut self) {
        self.gate.tell_down();
        if self.blind.is_none() && !self.gate.has_blindness() {
            self.raise_blind();
        }
    }

    fn raise_blind(&mut self) {
        let reason = Some(BlindReason::Restarting);
        let event = blindness::event(&self.config(), CameraState::Offline, reason, utc_now());
        self.blind = Some(event.clone());
        self.gate.changes([EventChange { kind: ChangeKind::Raised, event }]);
    }

    /// Shuts the generation out and tells of it; answers how long to wait.
    fn broke_off(&mut self, fault: &Fault) -> Duration {
        let left = self.gate.shut();
        self.gate.tell_down();
        let restart = self.restarts.broke_off(self.now(), rand::random());
        let config = self.config();
        let camera = &config.id;
        let (generation, wait_ms) = (self.generation, restart.wait.as_millis());
        let open = left.len();
        tracing::error!(%camera, generation, fault = ?fault, open, wait_ms, "the camera's pipeline broke off and is started anew");
        metrics::counter!("safe_yolo_pipeline_broken_generations_total", "camera" => camera.to_string(), "fault" => fault.name())
            .increment(1);
        let utc = utc_now();
        self.blind = None;
        for event in left {
            if event.event_type == EventType::System && self.blind.is_none() {
                self.blind = Some(event);
            } else {
                self.gate.changes([ended(event, utc, "restart")]);
            }
        }
        match self.blind.take() {
            // The blindness goes on: one event, whoever tells of it.
            Some(mut event) => {
                let (state, reason) = (CameraState::Offline, Some(BlindReason::Restarting));
                let change = blindness::update(&mut event, &config, state, reason);
                let known = EventChange { kind: ChangeKind::Updated, event: event.clone() };
                self.gate.changes([change.unwrap_or(known)]);
                self.blind = Some(event);
            }
            None => self.raise_blind(),
        }
        if restart.gets_slow {
            let event = blindness::keeps_failing(&config, WAIT_SLOW.as_secs(), utc);
            tracing::error!(%camera, "the camera's pipeline breaks off again and again");
            self.failing = Some(event.clone());
            self.gate.lasting_change(EventChange { kind: ChangeKind::Raised, event });
        }
        metrics::gauge!("safe_yolo_pipeline_slow_restarts", "camera" => camera.to_string())
            .set(u8::from(self.restarts.is_slow()));
        restart.wait
    }

    /// Waits before the next generation; false when the camera is over.
    async fn wait(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let cancel = self.cancel.clone();
        loop {
            self.beat();
            self.gate.tell_down();
            self.gate.flush();
            self.count_stuck();
            let now = Instant::now();
            if now >= until && self.stuck.len() <= STUCK_MAX {
                return true;
            }
            let step = if now < until { LOOK.min(until - now) } else { LOOK };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return false,
                () = tokio::time::sleep(step) => {}
            }
        }
    }

    /// Ends a pipeline, kindly and then by force; what neither helps with is left behind.
    async fn dispose(&mut self, mut task: Task, cancel: &CancellationToken, patience: Duration) {
        cancel.cancel();
        // Why it ends does not matter any more.
        if tokio::time::timeout(patience, task.ended()).await.is_ok() {
            return;
        }
        task.abort();
        if tokio::time::timeout(patience, task.ended()).await.is_ok() {
            return;
        }
        tracing::error!(camera = %self.config().id, generation = self.generation, "a pipeline is stuck and can't be ended; its thread is lost until it returns");
        self.stuck.push(task);
        self.count_stuck();
    }

    fn count_stuck(&mut self) {
        if self.stuck.is_empty() {
            return;
        }
        self.stuck.retain_mut(|task| !task.has_ended());
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        metrics::gauge!("safe_yolo_pipeline_stuck_generations", "camera" => self.config().id.to_string())
            .set(self.stuck.len() as f64);
    }

    /// The camera is over: nothing of it stays open.
    async fn end(mut self) {
        let utc = utc_now();
        let left = self.gate.shut();
        self.gate.changes(left.into_iter().map(|event| ended(event, utc, "camera_removed")));
        if let Some(event) = self.failing.take() {
            self.gate.lasting_change(ended(event, utc, "camera_removed"));
        }
        let deadline = Instant::now() + FLUSH_MAX;
        while self.gate.flush() && Instant::now() < deadline {
            tokio::time::sleep(FLUSH_STEP).await;
        }
        self.gate.close();
    }
}

#[cfg(test)]
#[path = "overseer_tests.rs"]
mod tests;
