//! Whether the program gets on: what its parts have done, counted by those who
//! do it and looked at here. `/readyz` and the watchdog ask this and nothing else.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use safe_yolo_core::{BlindReason, CameraId, CameraState};
use safe_yolo_pipeline::Status;
use safe_yolo_store::outbox::Activity;

/// Time between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
/// A camera whose pipeline makes no round for this long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(3);
/// Its overseer replaces it after 5 s; if nobody has done so by now, nobody will.
const CAMERA_MAX: Duration = Duration::from_secs(10);
/// A write waits for a locked database 2 s and for a connection 7 s at most.
const OUTBOX_MAX: Duration = Duration::from_secs(20);
/// A picture has its answer, if only a failure, in 5 s.
const DETECTOR_MAX: Duration = Duration::from_secs(20);
/// Nobody has looked for this long: what was seen says nothing any more.
const LOOK_MAX: Duration = Duration::from_secs(3);
/// A picture this new is work for the detector, milliseconds.
const NEW_PICTURE_MS: u64 = 3000;
/// An analysis this new is an answer, milliseconds.
const NEW_ANALYSIS_MS: u64 = 2000;

/// One part, by a number that rises as it gets on.
#[derive(Debug, Clone, Copy, Default)]
struct Watched {
    count: u64,
    silent: Duration,
}

impl Watched {
    fn look(&mut self, count: u64, has_work: bool, passed: Duration) {
        if count != self.count || !has_work {
            self.silent = Duration::ZERO;
        } else {
            self.silent += passed;
        }
        self.count = count;
    }
}

/// What is seen at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// The beats of each camera's overseer.
    pub(crate) cameras: Vec<(CameraId, u64)>,
    pub(crate) outbox: Activity,
    /// Pictures come that are to be analysed.
    pub(crate) detector_has_work: bool,
    /// Some camera's pictures have an answer of late.
    pub(crate) detector_answers: bool,
}

impl Observed {
    /// What the cameras' figures say of the detector.
    pub(crate) fn detector(mut self, statuses: &[Status]) -> Self {
        let is_new = |age: Option<u64>, max: u64| age.is_some_and(|age| age <= max);
        self.detector_has_work = statuses.iter().any(|status| {
            is_new(status.picture_age_ms, NEW_PICTURE_MS)
                && matches!(
                    status.state,
                    CameraState::Live | CameraState::Degraded | CameraState::Connecting
                )
        });
        self.detector_answers = statuses.iter().any(|status| {
            is_new(status.analysis_age_ms, NEW_ANALYSIS_MS)
                || status.reason == Some(BlindReason::DetectorFailed)
        });
        self
    }
}

#[derive(Debug, Default)]
struct Inner {
    looked: Option<Instant>,
    /// As many as run; cameras that are gone leave.
    cameras: BTreeMap<CameraId, Watched>,
    outbox: Watched,
    detector: Watched,
    answers: u64,
}

/// What has been seen so far.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Inner>);

/// What does not get on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stalls {
    /// Cameras whose pipeline stands still; their overseers will see to it.
    pub(crate) stuck: Vec<CameraId>,
    /// Parts that nobody in this program will get going again.
    pub(crate) hopeless: Vec<String>,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what is seen.
    pub(crate) fn observe(&self, now: Instant, seen: Observed) {
        let mut inner = self.lock();
        // A look that comes late says that the machine slept, and condemns nobody.
        let passed = inner.looked.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let passed = passed.min(LOOK * 2);
        inner.looked = Some(now);
        inner.cameras.retain(|id, _| seen.cameras.iter().any(|(running, _)| running == id));
        for (id, beats) in seen.cameras {
            inner.cameras.entry(id).or_default().look(beats, true, passed);
        }
        inner.outbox.look(seen.outbox.done, seen.outbox.has_work, passed);
        inner.answers += u64::from(seen.detector_answers);
        let answers = inner.answers;
        inner.detector.look(answers, seen.detector_has_work, passed);
    }

    /// What does not get on.
    pub(crate) fn stalls(&self, now: Instant) -> Stalls {
        let inner = self.lock();
        let silent = |max: Duration| {
            inner.cameras.iter().filter(move |(_, seen)| seen.silent > max).map(|(id, _)| id)
        };
        let stuck = silent(STUCK_AFTER).cloned().collect();
        let mut hopeless: Vec<String> =
            silent(CAMERA_MAX).map(|id| format!("camera {id}")).collect();
        if inner.outbox.silent > OUTBOX_MAX {
            hopeless.push("storing events".to_owned());
        }
        if inner.detector.silent > DETECTOR_MAX {
            hopeless.push("the detector".to_owned());
        }
        if inner.looked.is_some_and(|at| now.saturating_duration_since(at) > LOOK_MAX) {
            hopeless.push("the runtime".to_owned());
        }
        Stalls { stuck, hopeless }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks every half second for so long, at what `seen` gives for each look's number.
    fn watch(seconds: u64, seen: impl Fn(u64) -> Observed) -> Stalls {
        let (progress, begun) = (Progress::default(), Instant::now());
        let mut now = begun;
        for look in 0..=seconds * 2 {
            now = begun + LOOK * u32::try_from(look).unwrap();
            progress.observe(now, seen(look));
        }
        progress.stalls(now)
    }

    fn id(name: &str) -> CameraId {
        name.parse().unwrap()
    }

    #[test]
    fn what_gets_on_is_well() {
        let stalls = watch(120, |look| Observed {
            cameras: vec![(id("a"), look), (id("b"), look * 2)],
            outbox: Activity { done: look / 8, has_work: true },
            detector_has_work: true,
            detector_answers: look % 10 == 0,
        });
        assert_eq!(stalls, Stalls::default());
    }

    #[test]
    fn a_camera_is_stuck_before_it_is_hopeless() {
        let seen = |look: u64| Observed {
            cameras: vec![(id("a"), look.min(4)), (id("b"), look)],
            ..Observed::default()
        };
        assert_eq!(watch(5, seen), Stalls::default());
        let stuck = watch(6, seen);
        assert_eq!((stuck.stuck, stuck.hopeless.len()), (vec![id("a")], 0));
        assert_eq!(watch(13, seen).hopeless, ["camera a"]);
    }

    #[test]
    fn only_what_has_work_can_stall() {
        let idle = |_| Observed::default();
        assert_eq!(watch(300, idle), Stalls::default());
        let stalled = |_| Observed {
            outbox: Activity { done: 7, has_work: true },
            detector_has_work: true,
            ..Observed::default()
        };
        assert_eq!(watch(19, stalled), Stalls::default());
        assert_eq!(watch(22, stalled).hopeless, ["storing events", "the detector"]);
    }

    #[test]
    fn a_camera_that_is_gone_is_forgotten() {
        let seen = |look: u64| {
            let cameras = if look < 30 { vec![(id("a"), 1)] } else { Vec::new() };
            Observed { cameras, ..Observed::default() }
        };
        assert_eq!(watch(14, seen).hopeless, ["camera a"]);
        assert_eq!(watch(16, seen), Stalls::default());
    }

    #[test]
    fn nobody_who_does_not_look_says_that_all_is_well() {
        let (progress, begun) = (Progress::default(), Instant::now());
        progress.observe(begun, Observed::default());
        assert_eq!(progress.stalls(begun + Duration::from_secs(2)), Stalls::default());
        let later = progress.stalls(begun + Duration::from_secs(4));
        assert_eq!(later.hopeless, ["the runtime"]);
    }

    #[test]
    fn a_machine_that_slept_condemns_nobody() {
        let (progress, begun) = (Progress::default(), Instant::now());
        let seen = Observed { cameras: vec![(id("a"), 1)], ..Observed::default() };
        progress.observe(begun, seen.clone());
        let woken = begun + Duration::from_secs(3600);
        progress.observe(woken, seen);
        assert_eq!(progress.stalls(woken), Stalls::default());
    }
}
