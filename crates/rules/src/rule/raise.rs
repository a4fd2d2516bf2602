//! From a condition that has held for its dwell to an event.

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{EventChange, PictureTime, Rule, Zone};
use serde_json::json;

use super::Figures;
use super::state::Standing;
use crate::findings::{EventMaker, Finding};
use crate::message::{self, Words};
use crate::subject::{Raised, Subject};

/// A condition that has held for its dwell.
pub(super) struct Raise<'a> {
    pub(super) zone: &'a Zone,
    pub(super) rule: &'a Rule,
    pub(super) subject: Option<&'a Subject>,
    pub(super) since: PictureTime,
    pub(super) figures: Figures,
}

impl Raise<'_> {
    /// The event, unless it lasts already or its pause does.
    pub(super) fn into_change(
        self,
        standing: &mut Standing,
        maker: &mut EventMaker<'_>,
    ) -> Option<EventChange> {
        let Self { zone, rule, subject, since, figures } = self;
        let (time, _) = maker.now;
        if let Some(raised) = &standing.raised
            && (raised.open || time.secs_since(raised.at) < rule.pause_s)
        {
            return None;
        }
        let mut details = figures.details();
        details.insert("rule".into(), json!(rule.name));
        let words = Words {
            zone: &zone.name,
            number: subject.map(|subject| subject.track.number),
            seconds: time.secs_since(since),
            count: figures.count().unwrap_or(0),
        };
        let message = message::of_rule(rule, &words);
        let event = maker.make(Finding {
            event_type: rule.event(),
            severity: rule.severity,
            zone,
            subject,
            since,
            message,
            details,
        });
        standing.raised = Some(Raised::new(&event, time));
        Some(EventChange { kind: ChangeKind::Raised, event })
    }
}
