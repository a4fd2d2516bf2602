//! The rules of zones beside intrusion and equipment: each is a condition that must hold for its
//! dwell, of each person or of the zone as a whole.

mod condition;
mod hold;

use std::collections::BTreeMap;
use std::sync::Arc;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    CameraConfig, Event, EventChange, PictureTime, Rule, RuleKind, Utc, Zone, ZoneId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::findings::{EventMaker, Finding};
use crate::message::{self, Words};
use crate::subject::{Raised, Subject};

pub(crate) use condition::Scene;
use condition::{About, Memory, Now};
use hold::Hold;

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleVerdict {
    /// An alarm of it lasts.
    Fire,
    /// It was looked at, and nothing is wrong.
    Clear,
    /// That can't be said.
    Unknown,
}

/// One rule as it stands, for screens.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleView {
    /// What people call it.
    pub name: String,
    /// What it watches for.
    #[serde(rename = "type")]
    pub rule_type: safe_yolo_core::RuleType,
    /// What it says.
    pub verdict: RuleVerdict,
    /// Why it can't say more: `not_looked_at`, `class_unknown`, `out_of_sight`, `hidden`, `cut`, `not_sure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// For how long its condition has held, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_s: Option<f64>,
}

/// What was found of one person or of the place.
#[derive(Debug, Clone, Default)]
struct Standing {
    hold: Hold,
    /// Since when the condition holds, if it does in the newest picture.
    since: Option<PictureTime>,
    raised: Option<Raised>,
}

impl Standing {
    fn is_open(&self) -> bool {
        self.raised.as_ref().is_some_and(|raised| raised.open)
    }

    fn end(&mut self, (time, utc): (PictureTime, Utc), reason: &str) -> Option<EventChange> {
        let raised = self.raised.as_mut().filter(|raised| raised.open)?;
        raised.open = false;
        Some(ended(&mut raised.event, time, utc, reason))
    }
}

/// One rule of one zone.
#[derive(Debug, Clone)]
struct State {
    kind: RuleKind,
    memory: Memory,
    standings: BTreeMap<About, Standing>,
    /// Why it can't say that nothing is wrong.
    doubt: Option<&'static str>,
}

/// All rules of a camera as they stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleBook {
    states: BTreeMap<(ZoneId, String), State>,
    last: Option<PictureTime>,
}

/// Longest step between two pictures that counts as analysed, seconds.
const STEP_MAX_S: f64 = 1.0;

impl RuleBook {
    /// Takes one analysed picture.
    pub(crate) fn step(
        &mut self,
        config: &CameraConfig,
        known: impl Fn(&Rule) -> bool,
        scene: &Scene<'_>,
        maker: &mut EventMaker<'_>,
        changes: &mut Vec<EventChange>,
    ) {
        let step_s =
            self.last.map_or(0.0, |last| scene.time.secs_since(last).clamp(0.0, STEP_MAX_S));
        self.last = Some(scene.time);
        for zone in config.zones.iter().filter(|zone| zone.active) {
            for rule in zone.rules.iter().filter(|rule| rule.active) {
                let key = (zone.id.clone(), rule.name.clone());
                let state = self.states.entry(key).or_insert_with(|| State::new(rule.kind));
                if !known(rule) {
                    // The model was changed under the rule: what it can't see is not clear.
                    state.doubt = Some("class_unknown");
                    continue;
                }
                state.step((zone, rule), scene, step_s, maker, changes);
            }
        }
    }

    /// Nobody looked for a while: that time counts for nobody.
    pub(crate) const fn skip_gap(&mut self) {
        self.last = None;
    }

    /// Ends what has no rule any more.
    pub(crate) fn reconfigure(
        &mut self,
        config: &Arc<CameraConfig>,
        now: (PictureTime, Utc),
        changes: &mut Vec<EventChange>,
    ) {
        self.states.retain(|(id, name), state| {
            let zone = config.zones.iter().find(|zone| zone.id == *id && zone.active);
            let rule =
                zone.and_then(|zone| zone.rules.iter().find(|r| r.name == *name && r.active));
            let reason = if zone.is_some() { "rule_removed" } else { "zone_removed" };
            // Another kind under the same name is another rule.
            let is_same = rule.is_some_and(|rule| rule.kind == state.kind);
            if !is_same {
                changes.extend(state.standings.values_mut().filter_map(|s| s.end(now, reason)));
            }
            is_same
        });
    }

    /// Ends everything, because the segment does.
    pub(crate) fn finish(
        &mut self,
        now: (PictureTime, Utc),
        reason: &str,
        changes: &mut Vec<EventChange>,
    ) {
        for state in std::mem::take(&mut self.states).values_mut() {
            changes.extend(state.standings.values_mut().filter_map(|s| s.end(now, reason)));
        }
    }

    /// Whether an alarm about this person lasts, or in this zone.
    pub(crate) fn is_open(&self, zone: &ZoneId) -> bool {
        let states = self.states.iter().filter(|((id, _), _)| id == zone);
        states.flat_map(|(_, state)| state.standings.values()).any(Standing::is_open)
    }

    /// Whether an alarm about this person lasts.
    pub(crate) fn is_about(&self, subject: &Subject) -> bool {
        let about = About::Person(subject.number);
        self.states.values().any(|s| s.standings.get(&about).is_some_and(Standing::is_open))
    }

    /// How the rules of a zone stand.
    pub(crate) fn view(&self, zone: &Zone, looking: bool, now: PictureTime) -> Vec<RuleView> {
        let view = |rule: &Rule| {
            let state = self.states.get(&(zone.id.clone(), rule.name.clone()));
            let fires = state.is_some_and(|state| state.standings.values().any(Standing::is_open));
            let doubt = state.map_or(Some("not_looked_at"), |state| state.doubt);
            let (verdict, reason) = match (looking, fires, doubt) {
                (false, ..) => (RuleVerdict::Unknown, Some("not_looked_at")),
                (true, true, _) => (RuleVerdict::Fire, None),
                (true, false, Some(doubt)) => (RuleVerdict::Unknown, Some(doubt)),
                (true, false, None) => (RuleVerdict::Clear, None),
            };
            let since = state.and_then(|s| s.standings.values().filter_map(|s| s.since).min());
            RuleView {
                name: rule.name.clone(),
                rule_type: rule.kind.rule_type(),
                verdict,
                reason,
                held_s: since.map(|since| now.secs_since(since).max(0.0)),
            }
        };
        zone.rules.iter().filter(|rule| rule.active).map(view).collect()
    }
}

impl State {
    fn new(kind: RuleKind) -> Self {
        Self { kind, memory: Memory::default(), standings: BTreeMap::new(), doubt: None }
    }

    fn step(
        &mut self,
        (zone, rule): (&Zone, &Rule),
        scene: &Scene<'_>,
        step_s: f64,
        maker: &mut EventMaker<'_>,
        changes: &mut Vec<EventChange>,
    ) {
        let now = maker.now;
        self.memory.keep(scene.subjects);
        let found = self.memory.judge(&rule.kind, zone, scene);
        self.doubt = found.iter().find_map(|(_, now)| match now {
            Now::Unknown(why) => Some(*why),
            Now::Yes { .. } | Now::No => None,
        });
        let known: Vec<About> = found.iter().map(|(about, _)| *about).collect();
        for (about, condition) in found {
            let subject = scene.subjects.iter().find(|s| About::Person(s.number) == about);
            let standing = self.standings.entry(about).or_default();
            if subject.is_some_and(|subject| subject.is_renewed) && !standing.is_open() {
                // It may be somebody else: no pause of the one before keeps an alarm quiet.
                standing.raised = None;
            }
            standing.since = None;
            match condition {
                Now::Yes { since, details } => {
                    let since = standing.hold.yes(scene.time, since);
                    standing.since = Some(since);
                    if scene.time.secs_since(since) >= rule.dwell_s {
                        let raise = Raise { zone, rule, subject, since, details };
                        changes.extend(raise.into_change(standing, maker));
                    }
                }
                Now::No => {
                    if standing.hold.no(scene.time) {
                        changes.extend(standing.end(now, "over"));
                    }
                }
                Now::Unknown(_) => standing.hold.unknown(step_s),
            }
        }
        // Who is not in the zone any more, or nowhere.
        for (about, standing) in &mut self.standings {
            if !known.contains(about) {
                standing.since = None;
                standing.hold = Hold::default();
                changes.extend(standing.end(now, "left"));
            }
        }
        let is_here = |about: &About| match about {
            About::Place => true,
            About::Person(number) => scene.subjects.iter().any(|s| s.number == *number),
        };
        self.standings.retain(|about, _| is_here(about));
    }
}

/// A condition that has held for its dwell.
struct Raise<'a> {
    zone: &'a Zone,
    rule: &'a Rule,
    subject: Option<&'a Subject>,
    since: PictureTime,
    details: Map<String, Value>,
}

impl Raise<'_> {
    /// The event, unless it lasts already or its pause does.
    fn into_change(
        self,
        standing: &mut Standing,
        maker: &mut EventMaker<'_>,
    ) -> Option<EventChange> {
        let Self { zone, rule, subject, since, mut details } = self;
        let (time, _) = maker.now;
        if let Some(raised) = &standing.raised
            && (raised.open || time.secs_since(raised.at) < rule.pause_s)
        {
            return None;
        }
        details.insert("rule".into(), json!(rule.name));
        let words = Words {
            zone: &zone.name,
            number: subject.map(|subject| subject.track.number),
            seconds: time.secs_since(since),
            details: &details,
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
        standing.raised = Some(Raised { event: event.clone(), at: time, open: true });
        Some(EventChange { kind: ChangeKind::Raised, event })
    }
}

/// The end of an event.
pub(crate) fn ended(event: &mut Event, time: PictureTime, utc: Utc, reason: &str) -> EventChange {
    event.end = Some(utc);
    event.details.insert("end_s".into(), json!(time.secs_f64()));
    event.details.insert("end_reason".into(), json!(reason));
    EventChange { kind: ChangeKind::Ended, event: event.clone() }
}
