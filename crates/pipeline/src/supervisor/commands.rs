//! What operators ask of a camera, and new settings.

use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{BlindReason, CameraState, PictureTime, Zone};
use tokio::time::Instant;

use super::{Play, Supervisor};
use crate::command::{Command, CommandError};

/// Places beyond this are refused in files that do not tell their length: ten days.
const POSITION_MAX_MS: u64 = 10 * 24 * 3_600_000;

/// A sought place is opened so much later: starting a decoder keeps a core busy for
/// milliseconds, in which the seek is to be answered; and of several seeks in a row, as a slider
/// makes them, only the last is opened.
const ANSWER_FIRST: Duration = Duration::from_millis(10);

impl Supervisor {
    /// Begins where the generation before broke off: what was asked of it still holds.
    pub(super) fn begin(&mut self) {
        let last = &self.last;
        let is_file = self.setup.source.kind() == "file";
        self.start_at =
            last.position_ms.filter(|ms| is_file && *ms > 0).map(PictureTime::from_millis);
        match last.state {
            CameraState::Stopped => {
                let reason = last.reason.unwrap_or(BlindReason::Command);
                self.start_at = None;
                self.play = Play::Stopped;
                self.health.set_unwatched(CameraState::Stopped, reason);
            }
            CameraState::Paused => {
                self.play = Play::Paused { show_one: true };
                self.health.set_unwatched(CameraState::Paused, BlindReason::Command);
                self.open();
            }
            _ => self.open(),
        }
    }

    pub(super) fn configure(&mut self) {
        let before = Arc::clone(&self.config);
        self.config = Arc::clone(&self.config_seen.borrow_and_update());
        if self.config.privacy_masks != before.privacy_masks {
            self.privacy_changed(&before.privacy_masks);
        }
        let is_known = |zone: &Zone| {
            before.zones.iter().any(|old| old.id == zone.id && old.points == zone.points)
        };
        if !self.config.zones.iter().all(is_known) {
            // Whoever draws zones sees what the camera sees now.
            self.view.accept();
        }
        let now = self.now();
        self.pace(now);
        self.limit.reset();
        if let Some(analyst) = self.analyst.as_mut() {
            let changes = analyst.configure(Arc::clone(&self.config), self.known.clone());
            self.outlet.changes(changes);
        }
    }

    pub(super) fn command(&mut self, command: Command) -> Result<(), CommandError> {
        if self.setup.source.is_live() {
            return if command == Command::Play { Ok(()) } else { Err(CommandError::Live) };
        }
        match command {
            Command::Play => self.resume(),
            Command::Pause if self.play == Play::Playing => {
                self.play = Play::Paused { show_one: false };
                self.health.set_unwatched(CameraState::Paused, BlindReason::Command);
                self.end_clips("paused");
                self.begin_era();
                self.forbid_older();
                if let Some(newest) = self.newest.clone() {
                    self.not_analysed(newest.time, "paused");
                    self.publish_unseen(&newest);
                }
            }
            Command::Pause => {}
            Command::Stop => {
                self.end_clips("stopped");
                self.end_segment("stopped");
                self.stream = None;
                self.left = None;
                self.opening = None;
                self.held = None;
                self.retry_at = None;
                self.start_at = None;
                self.play = Play::Stopped;
                self.health.set_unwatched(CameraState::Stopped, BlindReason::Command);
            }
            Command::Seek(position_ms) => self.seek(position_ms)?,
        }
        Ok(())
    }

    fn resume(&mut self) {
        if self.play == Play::Playing {
            return;
        }
        let now = self.now();
        self.health.watch_again(now);
        self.pacer.reset();
        self.limit.reset();
        if let Some((decoded, due)) = self.held.as_mut() {
            *due = self.pacer.due(Instant::now(), decoded.time);
        }
        if self.play == Play::Stopped || (self.stream.is_none() && self.opening.is_none()) {
            self.open();
        } else {
            self.health.opened(now);
        }
        self.play = Play::Playing;
    }

    fn seek(&mut self, position_ms: i64) -> Result<(), CommandError> {
        let known_ms = self.duration.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        let duration_ms = known_ms.unwrap_or(POSITION_MAX_MS);
        let inside = u64::try_from(position_ms).is_ok_and(|ms| ms <= duration_ms);
        if !inside {
            return Err(CommandError::Position { position_ms, duration_ms });
        }
        self.end_clips("seek");
        self.end_segment("discontinuity");
        // Of several seeks in a row, the first has a stream to leave.
        self.left = self.stream.take().or_else(|| self.left.take());
        // The next picture of the place before: shown, it would pass for one of the new place.
        self.held = None;
        self.start_at = (position_ms > 0).then(|| PictureTime::from_millis(position_ms));
        if self.play == Play::Playing {
            let now = self.now();
            self.health.watch_again(now);
        } else {
            self.play = Play::Paused { show_one: true };
            self.health.set_unwatched(CameraState::Paused, BlindReason::Command);
        }
        self.opening = None;
        self.retry_at = Some(Instant::now() + ANSWER_FIRST);
        Ok(())
    }
}
