//! A camera's state told to the world: status, metrics, a `system` event while blind.

use std::time::Duration;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{
    BlindReason, CameraState, Event, EventChange, EventId, EventType, Message, Severity, Utc,
};
use serde_json::json;
use uuid::Uuid;

use super::{Play, Supervisor};
use crate::outlet::Outlet;
use crate::status::Status;

/// A camera that is still connecting is blind too, after this long.
const CONNECTING_MAX: Duration = Duration::from_secs(4);
/// LIVE for this long, the event ends: a flapping camera is one event.
const LIVE_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What has been told so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    state: Option<(CameraState, Option<BlindReason>)>,
    since: Duration,
    failed_for: Option<BlindReason>,
    open: Option<Event>,
}

impl Report {
    /// Whether a failure for this reason is worth a log line: the first of its kind.
    pub(super) fn is_news(&mut self, reason: BlindReason) -> bool {
        self.failed_for.replace(reason) != Some(reason)
    }

    /// The camera is going away: what is open ends.
    pub(super) fn close(&mut self, utc: Utc, outlet: &mut Outlet) {
        if let Some(event) = self.open.take() {
            outlet.changes([ended(event, utc, "camera_removed")]);
        }
    }
}

fn ended(mut event: Event, utc: Utc, reason: &str) -> EventChange {
    event.end = Some(utc);
    event.details.insert("end_reason".into(), json!(reason));
    EventChange { kind: ChangeKind::Ended, event }
}

/// Why a camera is blind, in Korean and English.
const fn words(reason: Option<BlindReason>) -> (&'static str, &'static str) {
    match reason {
        Some(BlindReason::Opening) => ("연결 중", "still connecting"),
        Some(BlindReason::AnalysisLate) => ("분석 지연", "analysis is late"),
        Some(BlindReason::DetectorFailed) => ("검출기 오류", "the detector fails"),
        Some(BlindReason::Frozen) => ("영상이 멈춰 있음", "the picture is frozen"),
        Some(BlindReason::NoPictures) => ("영상이 들어오지 않음", "no pictures arrive"),
        Some(BlindReason::Unreachable) => {
            ("카메라에 연결할 수 없음", "the camera can't be reached")
        }
        Some(BlindReason::Unauthorized) => ("카메라 로그인 거부", "the camera refuses the login"),
        Some(BlindReason::Undecodable) => ("영상을 해독할 수 없음", "the video can't be decoded"),
        Some(BlindReason::NotFound) => ("영상 원본을 찾을 수 없음", "the source is not there"),
        Some(BlindReason::Ended) => ("영상이 끝남", "the video has ended"),
        Some(BlindReason::Command) | None => ("감시 중지됨", "not being watched"),
    }
}

impl Supervisor {
    /// Brings status, metrics and the `system` event up to date.
    pub(super) fn report(&mut self) {
        let now = self.now();
        let (state, reason) = self.health.state(now);
        if self.report.state != Some((state, reason)) {
            let was = self.report.state.map(|(state, _)| state);
            if was != Some(state) {
                self.report.since = now;
                tracing::info!(camera = %self.config.id, %state, reason = reason.map(BlindReason::name), "state");
            }
            self.report.state = Some((state, reason));
            if state == CameraState::Live {
                self.report.failed_for = None;
            } else if let Some(newest) = self.newest.as_ref().map(|shot| shot.time) {
                self.not_analysed(newest, "blind");
            }
        }
        self.tell_blindness(now, state, reason);
        self.tell_status(now, state, reason);
    }

    fn tell_blindness(&mut self, now: Duration, state: CameraState, reason: Option<BlindReason>) {
        let lasts = now.saturating_sub(self.report.since);
        let blind = match state {
            CameraState::Degraded | CameraState::Stale | CameraState::Offline => true,
            CameraState::Connecting => lasts >= CONNECTING_MAX,
            CameraState::Live | CameraState::Paused | CameraState::Stopped => false,
        };
        let utc = self.utc_now();
        match self.report.open.take() {
            None if blind => {
                let event = self.blind_event(state, reason, utc);
                self.report.open = Some(event.clone());
                self.outlet.changes([EventChange { kind: ChangeKind::Raised, event }]);
            }
            Some(mut event) if blind => {
                let told = (json!(state), json!(reason));
                if event.details.get("state") != Some(&told.0)
                    || event.details.get("reason") != Some(&told.1)
                {
                    event.details.insert("state".into(), told.0);
                    event.details.insert("reason".into(), told.1);
                    event.message = self.blind_message(reason);
                    self.outlet
                        .changes([EventChange { kind: ChangeKind::Updated, event: event.clone() }]);
                }
                self.report.open = Some(event);
            }
            Some(event)
                if state == CameraState::Connecting
                    || (state == CameraState::Live && lasts < LIVE_AGAIN_AFTER) =>
            {
                self.report.open = Some(event);
            }
            Some(event) => {
                let watching = state == CameraState::Live;
                let why = if watching { "watching_again" } else { "not_watched" };
                self.outlet.changes([ended(event, utc, why)]);
            }
            None => {}
        }
    }

    fn blind_message(&self, reason: Option<BlindReason>) -> Message {
        let (ko, en) = words(reason);
        Message {
            ko: format!("{}: 감시 불가 ({ko})", self.config.name),
            en: format!("{}: not watching ({en})", self.config.name),
        }
    }

    fn blind_event(&self, state: CameraState, reason: Option<BlindReason>, utc: Utc) -> Event {
        let details = [("state".to_owned(), json!(state)), ("reason".to_owned(), json!(reason))];
        Event {
            id: EventId(Uuid::now_v7()),
            camera: Some(self.config.id.clone()),
            camera_name: self.config.name.clone(),
            event_type: EventType::System,
            severity: Severity::Warning,
            zone: None,
            track: None,
            start: utc,
            end: None,
            message: self.blind_message(reason),
            details: details.into_iter().collect(),
            config_version: self.config.version,
            snapshot: SnapshotState::None,
        }
    }

    fn tell_status(&mut self, now: Duration, state: CameraState, reason: Option<BlindReason>) {
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let is_file = self.setup.source.kind() == "file";
        let size = self.newest.as_ref().map(|shot| shot.picture.size());
        let position = self.newest.as_ref().map(|shot| shot.time.micros() / 1000).or(Some(0));
        let status = Status {
            state,
            reason,
            picture_age_ms: self.health.picture_age(now).map(millis),
            analysis_age_ms: self.health.analysis_age(now).map(millis),
            analysed_per_s: self.figures.analysed.per_s(now),
            pictures_per_s: self.figures.pictures.per_s(now),
            dropped: self.figures.dropped,
            position_ms: position.filter(|_| is_file),
            duration_ms: self.duration.map(millis).filter(|_| is_file),
            playing: self.play == Play::Playing,
            width: size.map(|s| s.width),
            height: size.map(|s| s.height),
            people: self.figures.people.filter(|_| state.is_watching()),
            source_connections: self.figures.connections,
            restarts: self.figures.restarts,
            told: Some(std::time::Instant::now()),
        };
        let camera = self.config.id.to_string();
        for known in CameraState::ALL {
            let value = if known == state { 1.0 } else { 0.0 };
            metrics::gauge!("safe_yolo_camera_state", "camera" => camera.clone(), "state" => known.name()).set(value);
        }
        metrics::gauge!("safe_yolo_camera_analysed_pictures_per_second", "camera" => camera)
            .set(status.analysed_per_s);
        self.status_out.send_replace(status);
    }
}
