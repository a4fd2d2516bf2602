//! The one way out of a camera: it survives the generations of the camera's
//! pipeline and lets only the newest of them speak.
//!
//! A pipeline that is stuck in synchronous code can't be ended, only shut out:
//! every word of it passes the gate under the gate's lock, with the number of
//! its generation. What it says after that number has passed is dropped and counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use safe_yolo_core::{
    BlindReason, CameraId, CameraState, Event, EventChange, EventType, SegmentId,
};
use tokio::sync::{mpsc, watch};

use crate::backlog::Backlog;
use crate::camera::Asked;
use crate::engine::Output;
use crate::live::{LiveHeader, LivePicture};
use crate::open_events::OpenEvents;
use crate::status::Status;

use safe_yolo_media::picture::I420;

/// Commands that may wait; they are served before pictures. Policy: block.
pub(crate) const COMMANDS_MAX: usize = 16;

/// Where commands go; none while no pipeline runs.
pub(crate) type Door = Option<mpsc::Sender<Asked>>;

/// What listens to the camera; gone once the camera has ended.
struct Listeners {
    live: watch::Sender<Option<Arc<LivePicture>>>,
    status: watch::Sender<Status>,
    door: watch::Sender<Door>,
}

struct Inner {
    /// The only one that may speak.
    generation: u64,
    listeners: Option<Listeners>,
    backlog: Backlog,
    open: OpenEvents,
    /// What the newest generation told of itself.
    own: Status,
    /// Of the next picture: they rise over all generations.
    number: u64,
    segment: SegmentId,
}

struct Shared {
    camera: CameraId,
    inner: Mutex<Inner>,
    /// Pictures with a lower number may not be shown any more.
    epoch: Arc<AtomicU64>,
}

/// The gate, as the camera's overseer has it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Shared>);

/// The ends that the camera's handle keeps.
pub(crate) struct Ends {
    pub(crate) live: watch::Receiver<Option<Arc<LivePicture>>>,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) door: watch::Receiver<Door>,
    pub(crate) epoch: Arc<AtomicU64>,
}

/// What a new generation begins with.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) outlet: Outlet,
    pub(crate) asked: mpsc::Receiver<Asked>,
    pub(crate) beats: Arc<AtomicU64>,
    /// What the generation before told last.
    pub(crate) last: Status,
}

/// One generation's right to speak.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    gate: Gate,
    generation: u64,
    beats: Arc<AtomicU64>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("camera", &self.0.camera).finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(camera: CameraId, outputs: mpsc::Sender<Output>) -> (Self, Ends) {
        let (live_out, live) = watch::channel(None);
        let (status_out, status) = watch::channel(Status::unknown());
        let (door_out, door) = watch::channel(None);
        let epoch = Arc::new(AtomicU64::new(0));
        let listeners = Listeners { live: live_out, status: status_out, door: door_out };
        let inner = Inner {
            generation: 0,
            listeners: Some(listeners),
            backlog: Backlog::new(outputs),
            open: OpenEvents::default(),
            own: Status::unknown(),
            number: 0,
            segment: SegmentId(0),
        };
        let shared = Shared { camera, inner: Mutex::new(inner), epoch: Arc::clone(&epoch) };
        (Self(Arc::new(shared)), Ends { live, status, door, epoch })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a new generation speak, and opens the door for commands.
    pub(crate) fn admit(&self) -> Admitted {
        let (door, asked) = mpsc::channel(COMMANDS_MAX);
        let beats = Arc::new(AtomicU64::new(0));
        let mut inner = self.lock();
        inner.generation += 1;
        if let Some(listeners) = &inner.listeners {
            listeners.door.send_replace(Some(door));
        }
        let outlet =
            Outlet { gate: self.clone(), generation: inner.generation, beats: Arc::clone(&beats) };
        Admitted { outlet, asked, beats, last: inner.own.clone() }
    }

    /// From now on no generation may speak, and none of their pictures is
    /// shown; gives the events that the last one left open.
    pub(crate) fn shut(&self) -> Vec<Event> {
        let mut inner = self.lock();
        inner.generation += 1;
        self.0.epoch.store(inner.number, Ordering::Release);
        if let Some(listeners) = &inner.listeners {
            listeners.door.send_replace(None);
            listeners.live.send_replace(None);
        }
        inner.open.take_all()
    }

    /// Says in place of the pipeline that nobody watches.
    pub(crate) fn tell_down(&self) {
        let inner = self.lock();
        let mut status = inner.own.clone();
        status.set_down(BlindReason::Restarting);
        status.told = Some(std::time::Instant::now());
        inner.tell(&self.0.camera, status);
    }

    /// Whether an event says already that the camera is blind.
    pub(crate) fn has_blindness(&self) -> bool {
        self.lock().open.has(EventType::System)
    }

    /// Changes of the overseer's own.
    pub(crate) fn changes(&self, changes: impl IntoIterator<Item = EventChange>) {
        let mut inner = self.lock();
        for change in changes {
            inner.change(change);
        }
    }

    /// A change of the overseer's own that lasts over generations.
    pub(crate) fn lasting_change(&self, change: EventChange) {
        self.lock().backlog.push(Output::Change(Box::new(change)));
    }

    /// Hands on what there is room for; whether something still waits.
    pub(crate) fn flush(&self) -> bool {
        let mut inner = self.lock();
        inner.backlog.flush();
        inner.backlog.depth() > 0
    }

    /// The camera is over: nothing is told any more.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.listeners = None;
        inner.backlog.close();
    }
}

impl Inner {
    fn change(&mut self, change: EventChange) {
        self.open.note(&change);
        self.backlog.push(Output::Change(Box::new(change)));
    }

    fn tell(&self, camera: &CameraId, status: Status) {
        let camera = camera.to_string();
        for known in CameraState::ALL {
            let value = if known == status.state { 1.0 } else { 0.0 };
            metrics::gauge!("safe_yolo_camera_state", "camera" => camera.clone(), "state" => known.name())
                .set(value);
        }
        metrics::gauge!("safe_yolo_camera_analysed_pictures_per_second", "camera" => camera.clone())
            .set(status.analysed_per_s);
        #[expect(clippy::cast_precision_loss, reason = "at most some hundreds")]
        let depths = [
            ("outlet", self.backlog.depth() as f64),
            ("open_events", self.open.len() as f64),
            ("commands", self.commands() as f64),
        ];
        for (queue, depth) in depths {
            metrics::gauge!("safe_yolo_pipeline_queue_entries", "camera" => camera.clone(), "queue" => queue)
                .set(depth);
        }
        if let Some(listeners) = &self.listeners {
            listeners.status.send_replace(status);
        }
    }

    /// Commands that wait.
    fn commands(&self) -> usize {
        let door = self.listeners.as_ref().and_then(|listeners| listeners.door.borrow().clone());
        door.map_or(0, |door| door.max_capacity() - door.capacity())
    }
}

impl Outlet {
    /// The pipeline has gone round once more.
    pub(crate) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// The gate, while this generation may speak; else one word more is refused.
    fn speak(&self) -> Option<MutexGuard<'_, Inner>> {
        let inner = self.gate.lock();
        if inner.generation == self.generation {
            return Some(inner);
        }
        drop(inner);
        metrics::counter!("safe_yolo_pipeline_fenced_outputs_total", "camera" => self.gate.0.camera.to_string())
            .increment(1);
        None
    }

    pub(crate) fn changes(&self, changes: impl IntoIterator<Item = EventChange>) {
        for change in changes {
            if let Some(mut inner) = self.speak() {
                inner.change(change);
            }
        }
    }

    pub(crate) fn push(&self, output: Output) {
        match output {
            Output::Change(change) => self.changes([*change]),
            evidence @ (Output::Evidence(_) | Output::Clip(_)) => {
                if let Some(mut inner) = self.speak() {
                    inner.backlog.push(evidence);
                }
            }
        }
    }

    /// Hands on what there is room for.
    pub(crate) fn flush(&self) {
        if let Some(mut inner) = self.speak() {
            inner.backlog.flush();
        }
    }

    /// Whether somebody looks at the live picture.
    pub(crate) fn is_viewed(&self) -> bool {
        // The camera's handles hold one receiver together.
        self.gate.lock().listeners.as_ref().is_some_and(|to| to.live.receiver_count() > 1)
    }

    /// Shows a picture and all that is known about it.
    pub(crate) fn publish(&self, header: LiveHeader, picture: Arc<I420>) {
        if let Some(mut inner) = self.speak() {
            let picture = LivePicture::new(header, picture, inner.number);
            inner.number += 1;
            if let Some(listeners) = &inner.listeners {
                listeners.live.send_replace(Some(Arc::new(picture)));
            }
        }
    }

    /// From now on no picture that was published before may be shown.
    pub(crate) fn forbid_older(&self) {
        if let Some(inner) = self.speak() {
            self.gate.0.epoch.store(inner.number, Ordering::Release);
        }
    }

    /// The camera's figures, and its state as a metric.
    pub(crate) fn tell(&self, status: Status) {
        if let Some(mut inner) = self.speak() {
            inner.own = status.clone();
            inner.tell(&self.gate.0.camera, status);
        }
    }

    /// The number of a segment that begins now: none comes twice, whoever asks.
    pub(crate) fn next_segment(&self, millis: u64) -> SegmentId {
        let mut inner = self.gate.lock();
        inner.segment = SegmentId(millis.max(inner.segment.0 + 1));
        inner.segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::raised;

    fn live() -> Status {
        Status { state: CameraState::Live, reason: None, ..Status::unknown() }
    }

    #[test]
    fn c9_a_shut_out_generation_says_nothing_any_more() {
        let (outputs, mut received) = mpsc::channel(16);
        let (gate, ends) = Gate::new("one".parse().unwrap(), outputs);
        let zombie = gate.admit().outlet;
        zombie.tell(live());
        zombie.changes([raised()]);
        assert_eq!(ends.status.borrow().state, CameraState::Live);
        let left = gate.shut();
        assert_eq!(left.len(), 1, "what it left open is known");
        gate.tell_down();
        let heir = gate.admit();

        zombie.tell(live());
        zombie.changes([raised()]);
        zombie.forbid_older();
        zombie.flush();
        assert_eq!(ends.status.borrow().state, CameraState::Offline);
        assert_eq!(ends.status.borrow().reason, Some(BlindReason::Restarting));
        assert!(gate.shut().is_empty(), "the zombie's second event never was");
        assert!(received.try_recv().is_ok());
        assert!(received.try_recv().is_err(), "one change in all");
        assert_eq!(heir.last.state, CameraState::Live, "the heir knows what was");
    }

    #[test]
    fn c9_segments_never_come_twice() {
        let (outputs, _received) = mpsc::channel(16);
        let (gate, _ends) = Gate::new("one".parse().unwrap(), outputs);
        let (zombie, heir) = (gate.admit().outlet, gate.admit().outlet);
        let mut segments = Vec::new();
        for _ in 0..3 {
            segments.push(zombie.next_segment(1000));
            segments.push(heir.next_segment(1000));
        }
        assert!(segments.is_sorted_by(|a, b| a < b), "{segments:?}");
    }

    #[test]
    fn c10_what_finds_no_room_waits_and_survives_its_generation() {
        let (outputs, mut received) = mpsc::channel(1);
        let (gate, _ends) = Gate::new("one".parse().unwrap(), outputs);
        let first = gate.admit().outlet;
        first.changes((0..4).map(|_| raised()));
        gate.shut();
        for left in (0..4).rev() {
            assert!(received.try_recv().is_ok(), "{left}");
            assert_eq!(gate.flush(), left > 1);
        }
        assert!(received.try_recv().is_err());
    }
}
