//! C9 with the real detector: a camera that panics or hangs costs that camera
//! some seconds, and nobody else anything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::faults::Faults;
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    BlindReason, CameraConfig, CameraState, Event, EventId, EventType, FractionPoint, Polygon,
    Zone, ZoneType,
};
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::live::LiveAnalysis;
use safe_yolo_pipeline::{CameraHandle, Command, CommandError, Engine, EngineConfig, Output};
use safe_yolo_testkit::wait::until;
use safe_yolo_track::TrackerConfig;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The longest any recovery is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Blindness must show by then.
const SHOWN_MAX: Duration = Duration::from_secs(5);

type Events = BTreeMap<EventId, (Vec<ChangeKind>, Event)>;

struct Site {
    engine: Engine,
    faults: Faults,
    events: Arc<Mutex<Events>>,
    /// Ends when nobody is left who could send an output.
    collector: JoinHandle<()>,
    bad: CameraHandle,
    good: CameraHandle,
}

/// The whole picture is a danger zone: whoever is seen raises an alarm.
fn everywhere() -> Zone {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let points = corners.map(|(x, y)| FractionPoint { x, y }).to_vec();
    Zone {
        id: "z-1".parse().unwrap(),
        name: "hall".into(),
        zone_type: ZoneType::Danger,
        points: Polygon::new(points).unwrap(),
        active: true,
        place: None,
        anchor: safe_yolo_core::Anchor::Foot,
        schedule: None,
        dwell_s: 0.5,
        pause_s: 1.0,
        require: BTreeSet::new(),
        rules: Vec::new(),
    }
}

impl Site {
    /// Two cameras over the same scene; one can be made to fail.
    async fn new(faults: Faults) -> Self {
        let (outputs, mut received) = mpsc::channel(64);
        let events: Arc<Mutex<Events>> = Arc::default();
        let seen = Arc::clone(&events);
        let collector = tokio::spawn(async move {
            while let Some(output) = received.recv().await {
                let Output::Change(change) = output else { continue };
                let mut seen = seen.lock().unwrap();
                let entry = seen
                    .entry(change.event.id)
                    .or_insert_with(|| (Vec::new(), change.event.clone()));
                entry.0.push(change.kind);
                entry.1 = change.event;
            }
        });
        let engine = Engine::new(EngineConfig {
            detectors: Arc::new(common::detectors()),
            tracking: TrackerConfig::default(),
            outputs,
            connect_timeout: Duration::from_secs(10),
            opener: Arc::new(faults.clone()),
            tracks: None,
        });
        for (name, seed) in [("bad", 13), ("good", 1)] {
            let address = format!("sim://helmets?seed={seed}");
            let source = SourceSpec::parse(&address, &SourcePolicy::trusted()).unwrap();
            let config = CameraConfig {
                id: name.parse().unwrap(),
                name: name.into(),
                source: address,
                enabled: true,
                repeat: true,
                analysis_rate_max: 5.0,
                masks: Vec::new(),
                privacy_masks: Vec::new(),
                calibration: None,
                calendar: safe_yolo_core::Calendar::default(),
                zones: vec![everywhere()],
                version: 1,
            };
            engine.apply(Arc::new(config), source).await;
        }
        let camera = |name: &str| engine.camera(&name.parse().unwrap()).unwrap();
        let (bad, good) = (camera("bad"), camera("good"));
        Self { engine, faults, events, collector, bad, good }
    }

    async fn reaches(&self, what: &str, limit: Duration, condition: impl Fn(&Self) -> bool) {
        let reached = until(what, limit, || condition(self)).await;
        assert!(reached.is_ok(), "{reached:?}: {:?}", self.bad.status());
    }

    async fn live(&self) {
        self.reaches("both are LIVE", PATIENCE, |site| {
            site.bad.status().state == CameraState::Live
                && site.good.status().state == CameraState::Live
        })
        .await;
    }

    /// Open events of a type.
    fn open(&self, event_type: EventType) -> Vec<EventId> {
        let events = self.events.lock().unwrap();
        let open = events.iter().filter(|(_, (_, event))| {
            event.camera.as_ref() == Some(self.bad.id())
                && event.event_type == event_type
                && event.end.is_none()
        });
        open.map(|(id, _)| *id).collect()
    }

    fn event(&self, id: EventId) -> (Vec<ChangeKind>, Event) {
        self.events.lock().unwrap()[&id].clone()
    }

    /// Ends all cameras, waits for their last words, and checks that each event
    /// was raised once, has an end and ended once at most.
    async fn end(self) {
        let Self { engine, events, collector, .. } = self;
        engine.shutdown().await;
        drop(engine);
        tokio::time::timeout(PATIENCE, collector).await.expect("nobody sends any more").unwrap();
        for (kinds, event) in events.lock().unwrap().values() {
            let count = |kind| kinds.iter().filter(|k| **k == kind).count();
            assert_eq!(count(ChangeKind::Raised), 1, "{kinds:?}: {event:#?}");
            // What lasts for a moment only is raised with its end.
            assert!(count(ChangeKind::Ended) <= 1, "{kinds:?}: {event:#?}");
            assert!(event.end.is_some(), "left open: {event:#?}");
        }
    }

    /// Waits for so many analysed pictures of the good camera.
    async fn good_goes_on(&self, pictures: usize) {
        let mut live = self.good.watch_live();
        let analysed = async {
            let mut count = 0;
            while count < pictures {
                live.changed().await.expect("the good camera is there");
                let picture = live.borrow_and_update().clone();
                count +=
                    usize::from(picture.is_some_and(|p| p.header.analysis == LiveAnalysis::Done));
            }
        };
        // Less than a block lasts: it does not wait for that to end.
        tokio::time::timeout(PATIENCE, analysed).await.expect("analysed as if nothing had been");
    }
}

const DOWN: (CameraState, Option<BlindReason>) =
    (CameraState::Offline, Some(BlindReason::Restarting));

fn shown(handle: &CameraHandle) -> (CameraState, Option<BlindReason>) {
    let status = handle.status();
    (status.state, status.reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c9_a_panic_in_one_camera_costs_that_camera_seconds() {
    let site = Site::new(Faults::default()).await;
    site.live().await;
    let alarm = EventType::DangerZoneIntrusion;
    site.reaches("an alarm", PATIENCE, |site| !site.open(alarm).is_empty()).await;
    let before = site.bad.watch_live().borrow().clone().unwrap();
    let connections = site.good.status().source_connections;
    let open = site.open(alarm);

    site.faults.panic();
    // The state may be over before it is looked at; its event stays.
    site.reaches("it is shown", SHOWN_MAX, |site| {
        site.events.lock().unwrap().values().any(|(_, event)| {
            event.camera.as_ref() == Some(site.bad.id())
                && event.details.get("reason").is_some_and(|reason| *reason == "restarting")
        })
    })
    .await;
    site.good_goes_on(3).await;
    let recovering = Instant::now();
    site.live().await;
    assert!(recovering.elapsed() < Duration::from_secs(10), "{:?}", recovering.elapsed());
    assert!(!site.bad.is_current(&before), "nothing of the dead generation is shown");
    let after = site.bad.watch_live().borrow().clone().unwrap();
    assert!(after.header.segment > before.header.segment, "tracks are numbered anew");
    assert!(after.number > before.number);
    site.reaches("its alarms are over", PATIENCE, |site| {
        open.iter().all(|id| site.event(*id).1.end.is_some())
    })
    .await;
    site.reaches("the blindness is over", PATIENCE, |s| s.open(EventType::System).is_empty()).await;
    assert_eq!(site.good.status().source_connections, connections, "the other never noticed");
    site.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c9_a_hang_is_shown_replaced_and_its_zombie_is_mute() {
    let site = Site::new(Faults::default()).await;
    site.live().await;
    let alarm = EventType::DangerZoneIntrusion;
    site.reaches("an alarm", PATIENCE, |site| !site.open(alarm).is_empty()).await;
    site.faults.block();
    site.reaches("it blocks", SHOWN_MAX, |site| site.faults.is_blocking()).await;
    let blocked = Instant::now();
    // A command that reaches a camera which hangs is answered when that is known.
    let (asked, bad) = (Instant::now(), site.bad.clone());
    let answer = tokio::spawn(async move { bad.command(Command::Play).await });
    site.reaches("OFFLINE", SHOWN_MAX, |site| shown(&site.bad) == DOWN).await;
    assert!(blocked.elapsed() < SHOWN_MAX, "{:?}", blocked.elapsed());
    site.reaches("an event of it", SHOWN_MAX, |s| !s.open(EventType::System).is_empty()).await;
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("an answer").unwrap();
    assert_eq!(answer, Err(CommandError::Restarting));
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    site.good_goes_on(3).await;

    site.live().await;
    assert!(site.faults.is_blocking(), "the new generation runs beside the zombie");
    let segment = site.bad.watch_live().borrow().clone().unwrap().header.segment;
    let dropped = site.bad.status().dropped;
    site.faults.release();
    // The zombie ends by itself now; the new generation is all that is seen.
    let mut live = site.bad.watch_live();
    for _ in 0..20 {
        tokio::time::timeout(PATIENCE, live.changed()).await.expect("pictures").unwrap();
        let picture = live.borrow_and_update().clone().unwrap();
        assert_eq!(picture.header.segment, segment, "a zombie's picture");
    }
    assert!(site.bad.status().dropped >= dropped);
    site.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c9_a_camera_that_is_stuck_is_removed_in_bounded_time() {
    let site = Site::new(Faults::default()).await;
    site.live().await;
    site.faults.block();
    site.reaches("it blocks", SHOWN_MAX, |site| site.faults.is_blocking()).await;
    let asked = Instant::now();
    site.engine.remove(site.bad.id()).await;
    assert!(asked.elapsed() < Duration::from_secs(7), "{:?}", asked.elapsed());
    assert_eq!(site.bad.command(Command::Play).await, Err(CommandError::Gone));
    assert_eq!(site.bad.status().state, CameraState::Offline);
    site.good_goes_on(3).await;
    site.faults.release();
    site.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c9_a_source_that_panics_while_it_is_opened_is_tried_again() {
    let faults = Faults::default();
    faults.panics_at_opening.store(3, Ordering::SeqCst);
    let site = Site::new(faults).await;
    site.live().await;
    assert_eq!(site.faults.opened.load(Ordering::SeqCst), 4);
    site.reaches("the blindness is over", PATIENCE, |s| s.open(EventType::System).is_empty()).await;
    let system = |(_, event): &&(Vec<ChangeKind>, Event)| {
        event.event_type == EventType::System && event.camera.as_ref() == Some(site.bad.id())
    };
    assert_eq!(site.events.lock().unwrap().values().filter(system).count(), 1, "one blindness");
    site.end().await;
}
