//! What the tests of several modules begin with.

use std::sync::Arc;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{BlindReason, CameraConfig, CameraState, EventChange, Utc};
use safe_yolo_infer::ModelInfo;

use crate::blindness;

/// A camera without zones.
pub(crate) fn camera() -> CameraConfig {
    CameraConfig {
        id: "one".parse().unwrap(),
        name: "one".into(),
        source: "sim://quiet".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 5.0,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        zones: Vec::new(),
        version: 1,
    }
}

/// A blindness of it that begins.
pub(crate) fn raised() -> EventChange {
    let reason = Some(BlindReason::NoPictures);
    let event = blindness::event(&camera(), CameraState::Stale, reason, Utc(1));
    EventChange { kind: ChangeKind::Raised, event }
}

/// A model that sees people and helmets.
pub(crate) fn model() -> Arc<ModelInfo> {
    let info = serde_json::from_value(serde_json::json!({
        "path": "fake.onnx", "name": "fake", "labels": [["person", "person"], ["hat", "helmet"], ["head", "no_helmet"]],
        "fixed_input": null, "fixed_batch": null, "family": "yolox", "names_assumed": false,
        "convention": "BGR, 0..255, letterboxed top-left, pad 114",
        "layout": {"classes": 3, "strides": [8, 16, 32]},
        "input_name": "i", "output_names": ["o"],
    }));
    Arc::new(info.unwrap())
}
