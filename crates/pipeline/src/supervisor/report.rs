//! A camera's state told to the world: status, metrics, a `system` event while blind.

use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{BlindReason, CameraState, Event, EventChange, Utc};

use super::{Play, Supervisor};
use crate::blindness::{self, ended};
use crate::gate::Outlet;
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

    /// A report that goes on with the event of a blindness that lasts already.
    pub(super) fn new(open: Option<Event>) -> Self {
        Self { open, ..Self::default() }
    }

    /// The camera is going away: what is open ends.
    pub(super) fn close(&mut self, utc: Utc, outlet: &Outlet) {
        if let Some(event) = self.open.take() {
            outlet.changes([ended(event, utc, "camera_removed")]);
        }
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
                let event = blindness::event(&self.config, state, reason, utc);
                self.report.open = Some(event.clone());
                self.outlet.changes([EventChange { kind: ChangeKind::Raised, event }]);
            }
            Some(mut event) if blind => {
                self.outlet.changes(blindness::update(&mut event, &self.config, state, reason));
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
            wanted_per_s: 1.0 / self.period().as_secs_f64(),
            need: self.need,
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
        self.outlet.tell(status);
    }
}
