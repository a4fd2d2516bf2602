//! The source of a camera: opened, read, lost, opened again; segments begin and end with it.

use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{BlindReason, CameraState};
use safe_yolo_media::stream::{OpenOptions, PictureStream};
use safe_yolo_media::{Decoded, StreamError};
use tokio::time::Instant;

use super::{Play, Supervisor};
use crate::analyst::Analyst;
use crate::need::Evidence;
use crate::shot::Shot;

/// Longest pause before a failed source is opened again.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Shortest.
const RETRY_MIN: Duration = Duration::from_millis(250);

impl Supervisor {
    pub(super) fn open(&mut self) {
        self.retry_at = None;
        self.stream = None;
        self.held = None;
        self.figures.connections += 1;
        let source = self.setup.source.clone();
        let connect_timeout = self.setup.engine.connect_timeout;
        let options = OpenOptions {
            start: self.start_at,
            known: self.facts.clone(),
            connect_timeout,
            ..OpenOptions::default()
        };
        self.opening = Some(self.setup.engine.opener.open(source, options));
    }

    pub(super) fn opened(&mut self, opened: Result<PictureStream, StreamError>) {
        self.left = None;
        match opened {
            Ok(stream) => {
                let now = self.now();
                self.health.opened(now);
                self.duration = stream.info().duration;
                self.facts = stream.facts().cloned();
                self.clips.begin(stream.clips());
                self.stream = Some(stream);
                self.begin_segment();
            }
            Err(error) => self.lost(&error),
        }
    }

    fn begin_segment(&mut self) {
        let millis = u64::try_from(self.utc_now().micros() / 1000).unwrap_or(0);
        self.segment = self.outlet.next_segment(millis);
        self.segment_since = self.now();
        self.clock.reset();
        self.lateness.reset();
        self.delay.reset();
        self.last_analysed = None;
        self.not_looked_to = None;
        self.pacer.reset();
        self.limit.reset();
        // Anything may have changed meanwhile.
        self.motion.reset();
        let now = self.now();
        self.evidence = Evidence::new(now);
        let analyst = Analyst::new(
            self.segment,
            Arc::clone(&self.config),
            self.known.clone(),
            self.setup.engine.tracking.clone(),
        );
        match analyst {
            Ok(mut analyst) => {
                if let Some(tracks) = &self.setup.engine.tracks {
                    analyst.log_to(tracks.segment(self.segment, &self.config, &self.known));
                }
                self.analyst = Some(analyst);
            }
            Err(error) => {
                tracing::error!(camera = %self.config.id, %error, "the tracker can't be set up");
            }
        }
    }

    /// Ends the segment: open findings end, nothing of it is shown any more.
    pub(super) fn end_segment(&mut self, reason: &str) {
        self.end_clips("reconnect");
        if let Some(mut analyst) = self.analyst.take() {
            self.outlet.changes(analyst.finish(reason));
        }
        self.forbid_older();
        self.begin_era();
        self.newest = None;
        // How many are there now is not known.
        self.figures.people = None;
    }

    /// From now on no picture that was published before may be shown.
    pub(super) fn forbid_older(&self) {
        self.outlet.forbid_older();
    }

    pub(super) fn read(&mut self, next: Result<Option<Decoded>, StreamError>) {
        match next {
            Ok(Some(decoded)) if self.is_paced() => {
                let due = self.pacer.due(Instant::now(), decoded.time);
                self.held = Some((decoded, due));
            }
            Ok(Some(decoded)) => self.picture(decoded),
            Ok(None) => self.file_ended(),
            Err(error) => self.lost(&error),
        }
    }

    pub(super) fn is_paced(&self) -> bool {
        self.setup.source.is_paced()
    }

    fn file_ended(&mut self) {
        self.stream = None;
        // A place behind the last picture has none, and that is no failure.
        let sought = self.start_at.take().is_some();
        let without_pictures = self.newest.is_none() && !sought;
        self.end_clips(if self.config.repeat { "loop" } else { "end_of_file" });
        self.end_segment("discontinuity");
        if without_pictures {
            // A file without a single picture must not spin.
            self.fail(BlindReason::NoPictures, "the source has no pictures");
        } else if self.config.repeat {
            self.open();
        } else {
            self.play = Play::Stopped;
            self.health.set_unwatched(CameraState::Stopped, BlindReason::Ended);
            tracing::info!(camera = %self.config.id, "the file has ended");
        }
    }

    fn lost(&mut self, error: &StreamError) {
        self.stream = None;
        let is_file = self.setup.source.kind() == "file";
        if is_file {
            // Go on behind the fault, or the rest would never be looked at; a
            // file that gives nothing there begins again.
            let behind = |shot: &Shot| shot.time + Duration::from_micros(1);
            self.start_at = self.newest.as_ref().map(behind);
        }
        let progress = self.newest.is_some();
        self.end_clips(match error {
            StreamError::SizeChanged { .. } => "size_change",
            StreamError::ClockJump { .. } => "clock_jump",
            _ => "reconnect",
        });
        self.end_segment("discontinuity");
        if error.is_discontinuity() && self.failures == 0 && progress {
            // The source is well, only its clock or size changed: a new segment, at once.
            tracing::info!(camera = %self.config.id, %error, "a new segment begins");
            self.failures = 1;
            self.open();
            return;
        }
        self.fail(error.reason(), &error.to_string());
    }

    pub(super) fn fail(&mut self, reason: BlindReason, detail: &str) {
        let now = self.now();
        self.health.down(now, reason);
        self.failures = self.failures.saturating_add(1);
        self.figures.restarts += 1;
        let doubled = RETRY_MIN * 2_u32.saturating_pow(self.failures.min(6) - 1);
        // Jitter, so that cameras of one dead switch do not return in step.
        let wait = doubled.min(RETRY_MAX).mul_f64(0.5 + rand::random::<f64>() / 2.0);
        self.retry_at = Some(Instant::now() + wait);
        metrics::counter!("safe_yolo_pipeline_source_failures_total", "camera" => self.config.id.to_string())
            .increment(1);
        if self.report.is_news(reason) {
            tracing::warn!(camera = %self.config.id, reason = reason.name(), detail, "the source failed");
        }
    }
}
