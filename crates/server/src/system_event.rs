//! Events of the system itself, beside those that cameras raise.

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{CameraConfig, Event, EventChange, EventId, EventType, Message, Severity};
use serde_json::json;
use uuid::Uuid;

use crate::clock;

/// An event of the system; `details` is a JSON object.
pub(crate) fn system_event(
    camera: Option<&CameraConfig>,
    message: Message,
    details: serde_json::Value,
) -> Event {
    let details = match details {
        serde_json::Value::Object(details) => details,
        _ => serde_json::Map::new(),
    };
    Event {
        id: EventId(Uuid::now_v7()),
        camera: camera.map(|camera| camera.id.clone()),
        camera_name: camera.map_or_else(String::new, |camera| camera.name.clone()),
        event_type: EventType::System,
        severity: Severity::Warning,
        zone: None,
        track: None,
        start: clock::now(),
        end: None,
        message,
        details,
        config_version: camera.map_or(0, |camera| camera.version),
        snapshot: SnapshotState::None,
        clip: SnapshotState::None,
    }
}

/// The end of one.
pub(crate) fn ended(mut event: Event, reason: &str) -> EventChange {
    event.end = Some(clock::now());
    event.details.insert("end_reason".into(), json!(reason));
    EventChange { kind: ChangeKind::Ended, event }
}
