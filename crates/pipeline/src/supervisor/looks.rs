//! From a picture to what is known of it: one look, at times a second one, and the judge.

use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{Analysis, CloseUp, Detection, PictureTime};
use safe_yolo_media::picture::I420;

use super::{Play, Supervisor};
use crate::second_look::{FirstLook, Part};
use crate::shot::Shot;

/// An analysis is waited for so long before newer pictures are shown without it.
pub(super) const ANSWER_NEAR: Duration = Duration::from_millis(150);

/// What the first look at a picture found.
pub(super) struct Closer {
    shot: Shot,
    found: Vec<Detection>,
    part: Part,
    /// What is looked at once more: tells its answer from one about another picture.
    picture: Arc<I420>,
    /// Model input pixels a pixel of the part.
    input_scale: f32,
    /// When the second look was asked for.
    since: Duration,
}

impl Supervisor {
    /// Hands the picture to the scheduler if its turn has come; what is passed
    /// over is shown with predictions, never before an older one.
    pub(super) fn push(&mut self, shot: Shot) {
        if let Some(closer) = &self.closer {
            // The older one is not done yet, and must not lose its second look to this one.
            let lasts = self.now().saturating_sub(closer.since);
            return self.pass_over(shot, Some(lasts));
        }
        let period = self.period();
        let due = self.limit.is_due(shot.time, period);
        if due {
            self.limit.take(shot.time, period);
        }
        let pushed = self.lane.push(shot, due);
        if pushed.was_waiting {
            self.count_dropped();
        }
        if let Some(shot) = pushed.passed_over {
            self.pass_over(shot, pushed.in_flight);
        }
    }

    /// Shows a picture that is not looked at: after the older one that has been looked at for so
    /// long, if its answer is near.
    fn pass_over(&mut self, shot: Shot, in_flight: Option<Duration>) {
        if in_flight.is_some_and(|lasts| lasts < ANSWER_NEAR) {
            self.behind = Some(shot);
        } else {
            self.behind = None;
            self.publish_predicted(&shot);
        }
    }

    /// A picture whose turn had come was not looked at.
    fn count_dropped(&mut self) {
        self.figures.dropped += 1;
        metrics::counter!("safe_yolo_pipeline_dropped_pictures_total", "camera" => self.config.id.to_string())
            .increment(1);
    }

    pub(super) fn analysed(&mut self, shot: &Shot, analysis: Analysis<Vec<Detection>>) {
        if shot.era != self.era {
            return;
        }
        let first = self.closer.take();
        if self.play != Play::Playing {
            return;
        }
        let (first, other) = match first {
            Some(first) if Arc::ptr_eq(&first.picture, &shot.picture) => (Some(first), None),
            other => (None, other),
        };
        // The scheduler had taken a newer picture before the second look was asked for: the older
        // one does without.
        if let Some(older) = other {
            self.judge(&older.shot, &older.found, None);
        }
        // So its second look comes too late.
        if self.last_analysed.is_some_and(|last| shot.time <= last) {
            return;
        }
        let time = first.as_ref().map_or(shot.time, |first| first.shot.time);
        match (first, analysis) {
            (None, Analysis::Done(found)) => {
                let Some((part, picture, input_scale)) = self.look_closer(shot, &found) else {
                    self.judge(shot, &found, None);
                    return self.publish_behind(time);
                };
                let (shot, since) = (shot.clone(), self.now());
                self.closer = Some(Closer { shot, found, part, picture, input_scale, since });
                return;
            }
            (Some(Closer { shot, found, part, input_scale, .. }), Analysis::Done(closer)) => {
                let (found, close_up) = part.merge(found, closer, input_scale);
                self.judge(&shot, &found, Some(close_up));
            }
            // Who is too small stays so.
            (Some(first), Analysis::Skipped(_)) => self.judge(&first.shot, &first.found, None),
            (None, Analysis::Skipped(_)) => {
                self.figures.dropped += 1;
                self.publish_predicted(shot);
            }
            (first, Analysis::Failed(_)) => {
                self.analysis_failed(first.as_ref().map_or(shot, |first| &first.shot));
            }
        }
        self.publish_behind(time);
    }

    /// Shows what came while the picture of this time was analysed.
    fn publish_behind(&mut self, analysed: PictureTime) {
        if let Some(behind) = self.behind.take().filter(|behind| behind.time > analysed) {
            self.publish_predicted(&behind);
        }
    }

    /// Has a part of the picture looked at once more, if somebody in it is worth it; which part,
    /// its picture, and the model input pixels of one of its pixels.
    fn look_closer(&mut self, shot: &Shot, found: &[Detection]) -> Option<(Part, Arc<I420>, f32)> {
        if self.lane.is_short() {
            return None;
        }
        let size = shot.picture.size();
        let part = self.second_look.wanted(&FirstLook {
            time: shot.time,
            size,
            found,
            zones: &self.config.zones,
            input: self.lane.input_for(size),
            input_scale: self.lane.input_scale(size),
        })?;
        let picture = match part.of(&shot.picture) {
            Ok(picture) => Arc::new(picture),
            Err(error) => {
                tracing::error!(camera = %self.config.id, %error, "no second look");
                return None;
            }
        };
        metrics::counter!("safe_yolo_pipeline_second_looks_total", "camera" => self.config.id.to_string())
            .increment(1);
        let closer = Shot { picture: Arc::clone(&picture), ..shot.clone() };
        let pushed = self.lane.push(closer, true);
        // The newest, which waited, gives way: it is shown after this one.
        if let Some(newest) = pushed.passed_over {
            self.count_dropped();
            self.behind = Some(newest);
        }
        Some((part, picture, self.lane.input_scale(part.size)))
    }

    fn judge(&mut self, shot: &Shot, found: &[Detection], close_up: Option<CloseUp>) {
        let scale = self.lane.input_scale(shot.picture.size());
        let Some(analyst) = self.analyst.as_mut() else { return };
        match analyst.picture(shot.time, shot.utc, &shot.picture, scale, found, close_up) {
            Ok(analysed) => {
                let now = self.now();
                self.health.analysed(now);
                self.figures.analysed.add(now);
                metrics::counter!("safe_yolo_camera_analysed_pictures_total", "camera" => self.config.id.to_string())
                    .increment(1);
                self.figures.people = Some(analysed.counters.people);
                if analysed.counters.people > 0 {
                    self.evidence.people(now);
                }
                self.last_analysed = Some(shot.time);
                self.publish_analysed(shot, analysed);
            }
            Err(error) => {
                tracing::error!(camera = %self.config.id, %error, "a picture could not be tracked");
                self.analysis_failed(shot);
            }
        }
    }

    fn analysis_failed(&mut self, shot: &Shot) {
        self.health.analysis_failed();
        self.not_analysed(shot.time, "detector_failed");
        self.publish_failed(shot);
    }
}
