//! Cameras as the engine runs them: in real time, over the drawn scene.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{CameraConfig, CameraState};
use safe_yolo_infer::Analyser;
use safe_yolo_media::picture::I420;
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::{CameraHandle, Command, CommandError, Engine, EngineConfig, Output};
use safe_yolo_track::TrackerConfig;
use tokio::sync::mpsc;

fn config(name: &str) -> Arc<CameraConfig> {
    Arc::new(CameraConfig {
        id: name.parse().unwrap(),
        name: name.into(),
        source: "sim://helmets?seed=1".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 5.0,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        zones: Vec::new(),
        version: 1,
    })
}

fn engine(detectors: Arc<dyn Analyser>, outputs: mpsc::Sender<Output>) -> Engine {
    Engine::new(EngineConfig {
        detectors,
        tracking: TrackerConfig::default(),
        outputs,
        connect_timeout: Duration::from_secs(10),
        opener: safe_yolo_pipeline::RealSources::shared(),
        tracks: None,
    })
}

async fn live(handle: &CameraHandle) {
    let mut status = handle.watch_status();
    let wait = status.wait_for(|status| status.state == CameraState::Live);
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("LIVE in time").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_whose_task_is_gone_is_never_live() {
    let (outputs, _received) = mpsc::channel(64);
    let engine = engine(Arc::new(common::detectors()), outputs);
    let source = SourceSpec::parse("sim://helmets?seed=1", &SourcePolicy::trusted()).unwrap();
    for name in ["one", "two"] {
        engine.apply(config(name), source.clone()).await;
    }
    let one = engine.camera(&"one".parse().unwrap()).unwrap();
    let two = engine.camera(&"two".parse().unwrap()).unwrap();
    live(&one).await;
    live(&two).await;
    let picture = one.watch_live().borrow().clone().expect("a live picture");
    assert!(one.is_current(&picture));
    let connections = two.status().source_connections;

    engine.remove(one.id()).await;
    assert_eq!(one.status().state, CameraState::Offline);
    assert_eq!(one.status().people, None);
    assert!(!one.is_current(&picture), "nobody stands behind it any more");
    // The other camera does not notice.
    live(&two).await;
    assert_eq!(two.status().source_connections, connections);
    engine.shutdown().await;
}

/// A detector that takes pictures and never answers.
#[derive(Debug)]
struct Mute(safe_yolo_infer::DetectorPool);

impl safe_yolo_infer::Analyser for Mute {
    fn info(&self) -> Arc<safe_yolo_infer::ModelInfo> {
        Arc::new(self.0.info().clone())
    }

    fn capacity(&self) -> safe_yolo_infer::Capacity {
        self.0.capacity()
    }

    fn state(&self) -> tokio::sync::watch::Receiver<safe_yolo_infer::DetectorState> {
        self.0.state()
    }

    fn analyse(&self, _: Vec<Arc<I420>>, _: f32) -> safe_yolo_infer::Answers {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_a_detector_that_never_answers_holds_up_neither_pictures_nor_commands() {
    let (outputs, _received) = mpsc::channel(64);
    let engine = engine(Arc::new(Mute(common::detectors())), outputs);
    let source = SourceSpec::parse("sim://helmets?seed=1", &SourcePolicy::trusted()).unwrap();
    engine.apply(config("one"), source).await;
    let camera = engine.camera(&"one".parse().unwrap()).unwrap();
    let mut pictures = camera.watch_live();
    let limit = Duration::from_secs(30);
    for _ in 0..20 {
        tokio::time::timeout(limit, pictures.changed()).await.expect("pictures go on").unwrap();
        // It answers at once: that a live camera can't be paused.
        let asked = camera.command(Command::Pause);
        let answer = tokio::time::timeout(limit, asked).await.expect("commands are answered");
        assert!(matches!(answer, Err(CommandError::Live)));
        assert_ne!(camera.status().state, CameraState::Live, "nobody has looked");
    }
    let mut status = camera.watch_status();
    let degraded = status.wait_for(|status| status.state == CameraState::Degraded);
    tokio::time::timeout(limit, degraded).await.expect("shown as blind").unwrap();
    engine.shutdown().await;
}

/// Whether this process has a thread of this name.
fn has_thread(name: &str) -> bool {
    let is_it = |task: std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
    };
    std::fs::read_dir("/proc/self/task").unwrap().flatten().any(is_it)
}

#[test]
fn a_camera_ends_with_the_runtime_that_it_was_started_in() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (outputs, received) = mpsc::channel(64);
    let engine = runtime.block_on(async {
        let engine = engine(Arc::new(common::detectors()), outputs);
        let source = SourceSpec::parse("sim://helmets?seed=1", &SourcePolicy::trusted()).unwrap();
        engine.apply(config("orphan"), source).await;
        live(&engine.camera(&"orphan".parse().unwrap()).unwrap()).await;
        engine
    });
    assert!(has_thread("cam orphan"));
    drop(runtime);
    let begun = std::time::Instant::now();
    while has_thread("cam orphan") {
        assert!(begun.elapsed() < Duration::from_secs(30), "it runs on with nobody to tell");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop((engine, received));
}
