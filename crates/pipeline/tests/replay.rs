//! A live camera's alarms against the replay of what its rules were told: the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use safe_yolo_core::event::SnapshotState;
use safe_yolo_core::{
    CameraConfig, Class, EventChange, EventType, Polygon, Rule, RuleKind, SegmentId, Utc, Zone,
};
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::{Engine, EngineConfig, Output, SegmentSink, TrackSink};
use safe_yolo_rules::Entry;
use safe_yolo_sim::Scene;
use safe_yolo_testkit::wait::until;
use safe_yolo_track::TrackerConfig;
use safe_yolo_tracklog::{LogReader, Question, SegmentLog, TrackLog, TrackLogLimits, replay};
use tokio::sync::mpsc;

/// The longest that the scene's alarms are waited for.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Debug)]
struct Tracks(TrackLog);

#[derive(Debug)]
struct Segment(SegmentLog);

impl TrackSink for Tracks {
    fn segment(
        &self,
        segment: SegmentId,
        config: &Arc<CameraConfig>,
        known: &BTreeSet<Class>,
    ) -> Box<dyn SegmentSink> {
        Box::new(Segment(self.0.segment(segment, config, known.clone())))
    }
}

impl SegmentSink for Segment {
    fn entry(&mut self, entry: &Entry<'_>) {
        self.0.entry(entry);
    }

    fn finish(self: Box<Self>, reason: &str) {
        self.0.finish(reason);
    }
}

fn config(version: u64, dwell_s: f64) -> Arc<CameraConfig> {
    let zones = Scene::new("helmets", 1).unwrap().zones();
    let zones = zones.into_iter().enumerate().map(|(number, zone)| Zone {
        // Zones of the second settings are new ones: those of the first end, and all is raised again.
        id: format!("z-{version}-{number}").parse().unwrap(),
        name: zone.name_ko,
        zone_type: zone.zone_type,
        points: Polygon::new(zone.points).unwrap(),
        place: None,
        anchor: safe_yolo_core::Anchor::default(),
        active: true,
        schedule: None,
        dwell_s,
        pause_s: 2.0,
        require: zone.require,
        rules: vec![
            Rule::new(RuleKind::OccupancyAbove { people: 1 }),
            Rule::new(RuleKind::LoneWorker),
        ],
    });
    Arc::new(CameraConfig {
        id: "hall".parse().unwrap(),
        name: "Hall".into(),
        source: "sim://helmets?seed=1".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 6.0,
        zones: zones.collect(),
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        version,
    })
}

/// As the rules gave it: what becomes of pictures is not theirs.
fn line(change: &EventChange) -> String {
    let mut change = change.clone();
    change.event.snapshot = SnapshotState::None;
    change.event.clip = SnapshotState::None;
    serde_json::to_string(&change).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_raises_what_was_raised_live_to_the_byte() {
    let dir = tempfile::tempdir().unwrap();
    let log = TrackLog::open(dir.path(), TrackLogLimits::default()).unwrap();
    let (outputs, mut received) = mpsc::channel(64);
    let live: Arc<Mutex<Vec<EventChange>>> = Arc::default();
    let seen = Arc::clone(&live);
    let collector = tokio::spawn(async move {
        while let Some(output) = received.recv().await {
            // Blindness is not told by the rules.
            if let Output::Change(change) = output
                && change.event.event_type != EventType::System
            {
                seen.lock().unwrap().push(*change);
            }
        }
    });
    let engine = Engine::new(EngineConfig {
        detectors: Arc::new(common::detectors()),
        tracking: TrackerConfig::default(),
        outputs,
        connect_timeout: Duration::from_secs(10),
        opener: safe_yolo_pipeline::RealSources::shared(),
        tracks: Some(Arc::new(Tracks(log.clone()))),
    });
    let source = SourceSpec::parse("sim://helmets?seed=1", &SourcePolicy::trusted()).unwrap();
    engine.apply(config(1, 1.0), source.clone()).await;
    let count = || live.lock().unwrap().len();
    until("alarms of the first settings", PATIENCE, || count() >= 6).await.unwrap();
    engine.apply(config(2, 0.5), source).await;
    let of_second = || live.lock().unwrap().iter().filter(|c| c.event.config_version == 2).count();
    until("alarms of the second settings", PATIENCE, || of_second() >= 3).await.unwrap();
    engine.shutdown().await;
    drop(engine);
    collector.await.unwrap();
    log.close();

    let reader = LogReader::new(dir.path());
    let question = Question {
        camera: reader.camera("Hall").unwrap(),
        from: Utc(0),
        to: Utc(i64::MAX / 2),
        warm_up_max_s: None,
    };
    let mut again = Vec::new();
    let mut changed = |_: usize, change: &EventChange| again.push(line(change));
    let outcome = replay(&reader, &question, &[None], &mut changed, &|| true).unwrap();
    let live: Vec<String> = live.lock().unwrap().iter().map(line).collect();
    assert_eq!(again, live);
    assert!(outcome.is_exact && outcome.pictures > 30, "{outcome:?}");
    let versions = |version| live.iter().any(|line| line.contains(version));
    assert!(versions("\"config_version\":1") && versions("\"config_version\":2"), "{live:?}");
}
