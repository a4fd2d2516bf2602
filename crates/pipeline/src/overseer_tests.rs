//! The overseer over made-up pipelines, on simulated time.

use std::collections::BTreeMap;
use std::sync::Mutex;

use safe_yolo_core::{EventId, Severity};

use super::*;
use crate::engine::Output;
use crate::fixture::camera;
use crate::gate::Ends;
use crate::isolate::on_runtime;
use crate::restart::{RESTARTS_MAX, WINDOW};

/// What a made-up pipeline does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Goes round four times a second, and says that it is LIVE.
    Works,
    /// Works for so many rounds, then panics.
    PanicsAfter(u32),
    /// Works for so many rounds, then does nothing.
    HangsAfter(u32),
    /// Works for so many rounds, then ends by itself.
    EndsAfter(u32),
    /// Stands still for 4 s after so many rounds, then goes on.
    PausesAfter(u32),
    /// Works, but is deaf to being asked to end.
    Deaf,
}

struct World {
    ends: Ends,
    outputs: mpsc::Receiver<Output>,
    cancel: CancellationToken,
    config: watch::Sender<Arc<CameraConfig>>,
    beats: Arc<AtomicU64>,
    /// When each generation began, and with which version of the settings.
    started: Arc<Mutex<Vec<(Instant, u64)>>>,
    /// The outlets of all generations, zombies' among them.
    outlets: Arc<Mutex<Vec<Outlet>>>,
    task: tokio::task::JoinHandle<()>,
    began: Instant,
}

fn config(version: u64) -> Arc<CameraConfig> {
    Arc::new(CameraConfig { version, ..camera() })
}

/// An alarm without an end, of the pipeline.
fn alarm() -> Event {
    let mut event = blindness::event(&config(1), CameraState::Live, None, utc_now());
    event.event_type = EventType::DangerZoneIntrusion;
    event.severity = Severity::Critical;
    event
}

async fn pipeline(does: Does, begin: Begin) {
    let Begin { outlet, mut asked, cancel, .. } = begin;
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    for round in 0.. {
        tokio::select! {
            () = cancel.cancelled(), if does != Does::Deaf => return,
            Some((_, reply)) = asked.recv() => drop(reply.send(Ok(()))),
            _ = tick.tick() => {}
        }
        outlet.beat();
        let state = CameraState::Live;
        outlet.tell(Status { state, reason: None, people: Some(2), ..Status::unknown() });
        match does {
            Does::PanicsAfter(rounds) if round >= rounds => panic!("made to"),
            Does::HangsAfter(rounds) if round >= rounds => std::future::pending().await,
            Does::EndsAfter(rounds) if round >= rounds => return,
            Does::PausesAfter(rounds) if round == rounds => {
                tokio::time::sleep(Duration::from_secs(4)).await;
            }
            _ => {}
        }
    }
}

/// A camera whose generations do what the script says; the last entry repeats.
fn world(script: Vec<Does>) -> World {
    let (to, outputs) = mpsc::channel(1024);
    let (gate, ends) = Gate::new("one".parse().unwrap(), to);
    let (config, config_seen) = watch::channel(config(1));
    let started: Arc<Mutex<Vec<_>>> = Arc::default();
    let outlets: Arc<Mutex<Vec<Outlet>>> = Arc::default();
    let (starts, kept) = (Arc::clone(&started), Arc::clone(&outlets));
    let make: Make = Box::new(move |begin: Begin| {
        let mut starts = starts.lock().unwrap();
        let does = *script.get(starts.len()).or(script.last()).unwrap();
        starts.push((Instant::now(), begin.config_seen.borrow().version));
        kept.lock().unwrap().push(begin.outlet.clone());
        if let Some(blind) = &begin.blind {
            assert_eq!(blind.end, None, "what is handed over lasts");
        }
        Box::pin(pipeline(does, begin))
    });
    let cancel = CancellationToken::new();
    let beats = Arc::new(AtomicU64::new(0));
    let overseer =
        Overseer::new(gate, (make, on_runtime), config_seen, cancel.clone(), Arc::clone(&beats));
    let began = Instant::now();
    let task = tokio::spawn(overseer.run());
    World { ends, outputs, cancel, config, beats, started, outlets, task, began }
}

impl World {
    async fn at(&self, seconds: f64) {
        tokio::time::sleep_until(self.began + Duration::from_secs_f64(seconds)).await;
    }

    fn state(&self) -> (CameraState, Option<BlindReason>) {
        let status = self.ends.status.borrow();
        (status.state, status.reason)
    }

    fn generations(&self) -> usize {
        self.started.lock().unwrap().len()
    }

    fn outlet(&self, generation: usize) -> Outlet {
        self.outlets.lock().unwrap()[generation].clone()
    }

    /// All changes so far: kinds by event, and each event's last form.
    fn changes(&mut self) -> BTreeMap<EventId, (Vec<ChangeKind>, Event)> {
        let mut events: BTreeMap<EventId, (Vec<ChangeKind>, Event)> = BTreeMap::new();
        while let Ok(output) = self.outputs.try_recv() {
            let Output::Change(change) = output else { continue };
            let entry =
                events.entry(change.event.id).or_insert_with(|| (Vec::new(), change.event.clone()));
            entry.0.push(change.kind);
            entry.1 = change.event;
        }
        events
    }

    async fn end(&mut self) {
        self.cancel.cancel();
        (&mut self.task).await.unwrap();
    }
}

const DOWN: (CameraState, Option<BlindReason>) =
    (CameraState::Offline, Some(BlindReason::Restarting));
const LIVE: (CameraState, Option<BlindReason>) = (CameraState::Live, None);

#[tokio::test(start_paused = true)]
async fn c9_a_panic_is_offline_at_once_and_followed_by_a_new_generation() {
    let mut world = world(vec![Does::PanicsAfter(8), Does::Works]);
    world.at(1.9).await;
    assert_eq!(world.state(), LIVE);
    let event = alarm();
    world.outlet(0).changes([EventChange { kind: ChangeKind::Raised, event: event.clone() }]);
    world.at(2.01).await;
    assert_eq!(world.state(), DOWN, "at once");
    assert_eq!(world.ends.status.borrow().people, None, "nobody is counted any more");
    world.at(2.2).await;
    assert_eq!(world.generations(), 2, "within the first pause");
    assert_eq!(world.state(), LIVE);

    let changes = world.changes();
    let (kinds, last) = &changes[&event.id];
    assert_eq!(kinds, &[ChangeKind::Raised, ChangeKind::Ended], "ended once");
    assert_eq!(last.details["end_reason"], "restart");
    let blind: Vec<_> = changes.values().filter(|c| c.1.event_type == EventType::System).collect();
    assert_eq!(blind.len(), 1, "{blind:?}");
    assert_eq!(blind[0].1.details["reason"], "restarting");
    world.end().await;
    let ended = world.changes();
    assert_eq!(ended.len(), 1, "the blindness that was handed over ends with the camera");
}

#[tokio::test(start_paused = true)]
async fn c9_a_hang_is_offline_in_three_seconds_and_replaced_in_six() {
    let mut world = world(vec![Does::HangsAfter(4), Does::Works]);
    let event = alarm();
    world.at(0.9).await;
    world.outlet(0).changes([EventChange { kind: ChangeKind::Raised, event: event.clone() }]);
    // It goes round for the last time after one second.
    world.at(2.9).await;
    assert_eq!(world.state(), LIVE, "silence of 2 s says nothing yet");
    world.at(4.6).await;
    assert_eq!(world.state(), DOWN);
    let told = world.changes();
    let raised = |c: &&(Vec<ChangeKind>, Event)| c.1.event_type == EventType::System;
    assert_eq!(told.values().filter(raised).count(), 1, "the event comes before the kill");
    assert_eq!(world.generations(), 1);
    world.at(7.5).await;
    assert_eq!(world.generations(), 2);
    assert_eq!(world.state(), LIVE);

    // What the zombie says now is heard by nobody.
    let zombie = world.outlet(0);
    zombie.tell(Status { state: CameraState::Stale, ..Status::unknown() });
    zombie.changes([EventChange { kind: ChangeKind::Raised, event: alarm() }]);
    assert_eq!(world.state(), LIVE);
    let changes = world.changes();
    assert_eq!(changes[&event.id].0, [ChangeKind::Ended], "ended once");
    let raised_again = changes.values().filter(|c| c.0.contains(&ChangeKind::Raised)).count();
    assert_eq!(raised_again, 0, "{changes:?}");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn c9_one_that_was_only_late_goes_on() {
    let mut world = world(vec![Does::PausesAfter(4)]);
    world.at(4.6).await;
    assert_eq!(world.state(), DOWN);
    world.at(6.1).await;
    assert_eq!((world.state(), world.generations()), (LIVE, 1));
    let changes = world.changes();
    assert_eq!(changes.len(), 1);
    let (kinds, last) = changes.values().next().unwrap();
    assert_eq!(kinds, &[ChangeKind::Raised, ChangeKind::Ended]);
    assert_eq!(last.details["end_reason"], "watching_again");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn c9_restarts_are_bounded_told_once_and_never_given_up() {
    let mut world = world(vec![Does::PanicsAfter(0)]);
    world.at(600.0).await;
    let starts: Vec<Instant> = world.started.lock().unwrap().iter().map(|s| s.0).collect();
    let first = starts.iter().take_while(|at| **at - world.began < WINDOW).count();
    assert!(first <= RESTARTS_MAX + 2, "{first} starts in the first minute");
    assert!((20..40).contains(&starts.len()), "{} tries in ten minutes", starts.len());
    assert_eq!(world.state(), DOWN);
    let changes = world.changes();
    let critical: Vec<_> =
        changes.values().filter(|c| c.1.severity == Severity::Critical).collect();
    assert_eq!(critical.len(), 1, "{critical:?}");
    assert_eq!(critical[0].0, [ChangeKind::Raised]);
    world.end().await;
    let ended = world.changes();
    assert!(ended.values().all(|c| c.0 == [ChangeKind::Ended]), "{ended:?}");
    assert_eq!(ended.len(), 2, "blindness and failure end with the camera");
}

#[tokio::test(start_paused = true)]
async fn c9_what_runs_steadily_is_well_again() {
    let mut script = vec![Does::EndsAfter(0); 8];
    script.push(Does::Works);
    let mut world = world(script);
    world.at(160.0).await;
    assert_eq!((world.generations(), world.state()), (9, LIVE));
    let changes = world.changes();
    let critical = changes.values().find(|c| c.1.severity == Severity::Critical).unwrap();
    assert_eq!(critical.0, [ChangeKind::Raised, ChangeKind::Ended]);
    assert_eq!(critical.1.details["end_reason"], "recovered");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn c6_settings_that_change_meanwhile_reach_the_next_generation() {
    let mut world = world(vec![Does::PanicsAfter(0), Does::Works]);
    world.at(0.02).await;
    world.config.send_replace(config(7));
    world.at(1.0).await;
    assert_eq!(world.started.lock().unwrap().last().unwrap().1, 7);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn c9_a_camera_that_waits_ends_at_once() {
    let mut world = world(vec![Does::PanicsAfter(0)]);
    world.at(40.0).await;
    assert_eq!(world.state(), DOWN, "in one of the long pauses");
    let asked = Instant::now();
    world.end().await;
    assert!(asked.elapsed() < Duration::from_millis(100), "{:?}", asked.elapsed());
    assert!(world.ends.live.has_changed().is_err(), "viewers see that it is gone");
}

#[tokio::test(start_paused = true)]
async fn c9_a_pipeline_that_is_deaf_ends_in_bounded_time_and_leaves_nothing_open() {
    let mut world = world(vec![Does::Deaf]);
    world.at(1.1).await;
    let event = alarm();
    world.outlet(0).changes([EventChange { kind: ChangeKind::Raised, event: event.clone() }]);
    let asked = Instant::now();
    world.end().await;
    assert!(asked.elapsed() <= END_MAX * 2, "{:?}", asked.elapsed());
    let changes = world.changes();
    assert_eq!(changes[&event.id].0, [ChangeKind::Raised, ChangeKind::Ended]);
    assert_eq!(changes[&event.id].1.details["end_reason"], "camera_removed");
}

#[tokio::test(start_paused = true)]
async fn c9_the_overseer_beats_only_for_what_goes_on() {
    let world = world(vec![Does::HangsAfter(4), Does::Works]);
    world.at(1.6).await;
    let before = world.beats.load(Ordering::Relaxed);
    assert!(before > 0);
    world.at(5.9).await;
    assert_eq!(world.beats.load(Ordering::Relaxed), before, "a hang is no progress");
    world.at(9.0).await;
    assert!(world.beats.load(Ordering::Relaxed) > before);
    world.cancel.cancel();
}
