//! What goes out of a camera's task: live pictures, changes, evidence.

use std::sync::Arc;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, PixelBox};

use super::Supervisor;
use crate::analyst::Analysed;
use crate::clips::Seen;
use crate::engine::Output;
use crate::evidence::Evidence;
use crate::live::{Counters, LiveAnalysis, LiveBox, LiveHeader};
use crate::shot::Shot;
use safe_yolo_rules::{View, ZoneView};

/// Predictions older than this are guesses, and not shown as knowledge, seconds.
const PREDICTED_MAX_S: f64 = 1.5;

/// The box of the thing that an event is about.
fn thing_of(event: &Event) -> Option<PixelBox> {
    let key = if event.track.is_some() { "thing" } else { "box" };
    serde_json::from_value(event.details.get(key)?.clone()).ok()
}

impl Supervisor {
    pub(super) fn publish_analysed(&mut self, shot: &Shot, analysed: Analysed) {
        for mut change in analysed.changes {
            let event = &mut change.event;
            if change.kind == ChangeKind::Raised && event.severity.is_alarm() {
                event.snapshot = SnapshotState::Pending;
                self.begin_clip(event, shot);
                let subject = event.track.as_ref().map(|track| track.number);
                let evidence = Evidence {
                    event: event.id,
                    picture: Arc::clone(&shot.picture),
                    utc: shot.utc,
                    boxes: analysed.boxes.clone(),
                    others: analysed.others.clone(),
                    zones: analysed.view.zones.clone(),
                    subject,
                    thing: thing_of(event),
                    banner: format!(
                        "{} {} {}",
                        event.severity.name(),
                        event.event_type.name(),
                        event.start
                    ),
                    severity: event.severity,
                };
                self.outlet.changes([change]);
                self.outlet.push(Output::Evidence(Box::new(evidence)));
            } else {
                self.outlet.changes([change]);
            }
        }
        self.publish(
            shot,
            LiveAnalysis::Done,
            (analysed.boxes, &analysed.others),
            analysed.view.zones,
            Some(analysed.counters),
        );
    }

    /// Shows a picture that was not looked at with where everybody should be.
    pub(super) fn publish_predicted(&mut self, shot: &Shot) {
        let Some(analyst) = self.analyst.as_ref() else { return };
        let known_s = self.last_analysed.map(|at| shot.time.secs_since(at));
        if known_s.is_none_or(|age_s| age_s > PREDICTED_MAX_S) {
            self.publish_unseen(shot);
            return;
        }
        let (boxes, others, counters, view) = analyst.predict(shot.time);
        let people = (boxes, others.as_slice());
        self.publish(shot, LiveAnalysis::Predicted, people, view.zones, Some(counters));
    }

    /// Shows a picture about which nothing is known.
    pub(super) fn publish_unseen(&mut self, shot: &Shot) {
        let zones = self.unknown_zones();
        self.publish(shot, LiveAnalysis::Skipped, (Vec::new(), &[]), zones, None);
    }

    pub(super) fn publish_failed(&mut self, shot: &Shot) {
        let zones = self.unknown_zones();
        self.publish(shot, LiveAnalysis::Failed, (Vec::new(), &[]), zones, None);
    }

    fn unknown_zones(&self) -> Vec<ZoneView> {
        let View { mut zones, .. } =
            self.analyst.as_ref().map(crate::analyst::Analyst::view).unwrap_or_default();
        for zone in &mut zones {
            zone.forget();
        }
        zones
    }

    fn publish(
        &mut self,
        shot: &Shot,
        analysis: LiveAnalysis,
        (boxes, others): (Vec<LiveBox>, &[PixelBox]),
        mut zones: Vec<ZoneView>,
        mut counters: Option<Counters>,
    ) {
        self.clips.note(shot.time, Seen::new(analysis, &boxes, others, shot.picture.size()));
        // What was learned of it stands; the picture itself has been overtaken.
        if self.shown.is_some_and(|shown| shown > shot.time) {
            return;
        }
        self.shown = Some(shot.time);
        let (state, reason) = self.health.state(self.now());
        if !state.is_watching() {
            // Only LIVE may look safe.
            counters = None;
            for zone in &mut zones {
                zone.forget();
            }
        }
        let size = shot.picture.size();
        let header = LiveHeader {
            camera: self.config.id.clone(),
            segment: shot.segment,
            time_us: shot.time,
            utc: shot.utc,
            width: size.width,
            height: size.height,
            analysis,
            boxes,
            zones,
            counters,
            config_version: self.config.version,
            state,
            reason,
        };
        self.outlet.publish(header, Arc::clone(&shot.picture));
    }
}
