//! The `system` event that lasts while a camera is blind, and its words.

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{
    BlindReason, CameraConfig, CameraState, Event, EventChange, EventId, EventType, Message,
    Severity, Utc,
};
use serde_json::json;
use uuid::Uuid;

/// The world's time.
pub(crate) fn utc_now() -> Utc {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Utc(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Why a camera is blind, in Korean and English.
pub(crate) const fn words(reason: Option<BlindReason>) -> (&'static str, &'static str) {
    match reason {
        Some(BlindReason::Opening) => ("연결 중", "still connecting"),
        Some(BlindReason::AnalysisLate) => ("분석 지연", "analysis is late"),
        Some(BlindReason::DetectorFailed) => ("분석기 오류", "the detector fails"),
        Some(BlindReason::Frozen) => ("영상이 멈춰 있음", "the picture is frozen"),
        Some(BlindReason::Damaged) => {
            ("전송 손실로 영상이 손상됨", "the picture is damaged by losses on the way")
        }
        Some(BlindReason::Dark) => ("화면이 너무 어두움", "the picture is too dark"),
        Some(BlindReason::Covered) => ("카메라가 가려짐", "the camera is covered"),
        Some(BlindReason::Moved) => {
            ("카메라 방향이 바뀜, 구역 확인 필요", "the camera was moved: check its zones")
        }
        Some(BlindReason::NoPictures) => ("영상이 들어오지 않음", "no pictures arrive"),
        Some(BlindReason::Unreachable) => {
            ("카메라에 연결할 수 없음", "the camera can't be reached")
        }
        Some(BlindReason::Unauthorized) => ("카메라 로그인 거부", "the camera refuses the login"),
        Some(BlindReason::Undecodable) => ("영상을 해독할 수 없음", "the video can't be decoded"),
        Some(BlindReason::NotFound) => ("영상 원본을 찾을 수 없음", "the source is not there"),
        Some(BlindReason::Ended) => ("영상이 끝남", "the video has ended"),
        Some(BlindReason::Restarting) => {
            ("내부 오류로 다시 시작하는 중", "a fault of the program; it is being started again")
        }
        Some(BlindReason::Command) | None => ("감시 중지됨", "not being watched"),
    }
}

pub(crate) fn message(config: &CameraConfig, reason: Option<BlindReason>) -> Message {
    let (ko, en) = words(reason);
    Message {
        ko: format!("{}: 감시 불가 ({ko})", config.name),
        en: format!("{}: not watching ({en})", config.name),
    }
}

/// A blind camera's event.
pub(crate) fn event(
    config: &CameraConfig,
    state: CameraState,
    reason: Option<BlindReason>,
    utc: Utc,
) -> Event {
    let details = [("state".to_owned(), json!(state)), ("reason".to_owned(), json!(reason))];
    system(config, Severity::Warning, message(config, reason), details.into_iter().collect(), utc)
}

/// The event with another state and reason; none when it says that already.
pub(crate) fn update(
    event: &mut Event,
    config: &CameraConfig,
    state: CameraState,
    reason: Option<BlindReason>,
) -> Option<EventChange> {
    let told = (json!(state), json!(reason));
    if event.details.get("state") == Some(&told.0) && event.details.get("reason") == Some(&told.1) {
        return None;
    }
    event.details.insert("state".into(), told.0);
    event.details.insert("reason".into(), told.1);
    event.message = message(config, reason);
    Some(EventChange { kind: ChangeKind::Updated, event: event.clone() })
}

/// The event of a camera whose pipeline keeps breaking off.
pub(crate) fn keeps_failing(config: &CameraConfig, wait_s: u64, utc: Utc) -> Event {
    let message = Message {
        ko: format!(
            "{}: 내부 오류가 반복되어 {wait_s}초마다 다시 시도합니다. 로그를 확인하세요",
            config.name
        ),
        en: format!(
            "{}: its processing keeps failing and is tried every {wait_s} s only; see the log",
            config.name
        ),
    };
    let details = [
        ("part".to_owned(), json!("camera")),
        ("state".to_owned(), json!(CameraState::Offline)),
        ("reason".to_owned(), json!(BlindReason::Restarting)),
        ("retry_s".to_owned(), json!(wait_s)),
    ];
    system(config, Severity::Critical, message, details.into_iter().collect(), utc)
}

fn system(
    config: &CameraConfig,
    severity: Severity,
    message: Message,
    details: serde_json::Map<String, serde_json::Value>,
    utc: Utc,
) -> Event {
    Event {
        id: EventId(Uuid::now_v7()),
        camera: Some(config.id.clone()),
        camera_name: config.name.clone(),
        event_type: EventType::System,
        severity,
        zone: None,
        track: None,
        start: utc,
        end: None,
        message,
        details,
        config_version: config.version,
        snapshot: SnapshotState::None,
        clip: SnapshotState::None,
    }
}

/// The end of an event.
pub(crate) fn ended(mut event: Event, utc: Utc, reason: &str) -> EventChange {
    event.end = Some(utc);
    event.details.insert("end_reason".into(), json!(reason));
    EventChange { kind: ChangeKind::Ended, event }
}
