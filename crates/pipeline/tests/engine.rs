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
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::{CameraHandle, Engine, EngineConfig};
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
        zones: Vec::new(),
        version: 1,
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
    let engine = Engine::new(EngineConfig {
        detectors: common::detectors(),
        tracking: TrackerConfig::default(),
        outputs,
        connect_timeout: Duration::from_secs(10),
    });
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

    engine.remove(one.id()).await;
    assert_eq!(one.status().state, CameraState::Offline);
    assert_eq!(one.status().people, None);
    assert!(!one.is_current(&picture), "nobody stands behind it any more");
    // The other camera does not notice.
    assert_eq!(two.status().state, CameraState::Live);
    engine.shutdown().await;
}
