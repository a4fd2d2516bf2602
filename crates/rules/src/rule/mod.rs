//! The rules of zones beside intrusion and equipment: each is a condition that must hold for its
//! dwell, of each person or of the zone as a whole.

mod condition;
mod crossing;
mod entries;
mod hold;
mod nearness;
mod things;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    CameraConfig, Event, EventChange, PictureTime, PixelBox, Polygon, Rule, RuleKind, TrackId,
    Tripwire, Utc, Zone, ZoneId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::findings::{EventMaker, Finding};
use crate::message::{self, Words};
use crate::presence::GRACE_S;
use crate::subject::{Raised, Subject};

pub(crate) use condition::Scene;
use condition::{About, Memory, Now};
pub use crossing::Passed;
use entries::Entries;
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
    /// It is not asked now: its schedule or what it waits for says so.
    Off,
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
    /// Why it can't say more: `not_looked_at`, `class_unknown`, `out_of_sight`, `hidden`, `cut`,
    /// `not_sure`, `not_calibrated`, `pending` (the zone's condition holds, but not yet for its
    /// dwell). Why it is off: `schedule`, `waiting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// For how long its condition has held, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_s: Option<f64>,
    /// Of a line: how many have crossed it since the segment began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<Passed>,
    /// Of entrances: how many there were within the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of a line: its two points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Tripwire>,
    /// What it rests on: of whom its condition holds, or can't be told; a few at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<Ground>,
}

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ground {
    /// The person, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<TrackId>,
    /// What it says of him, or of the place.
    pub verdict: RuleVerdict,
    /// Why it can't say more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// For how long the condition has held, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_s: Option<f64>,
    /// Its figures and boxes, as in the event that it raises.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// Grounds that are told of a rule.
const GROUNDS_MAX: usize = 8;

/// What was found of one person or of the place.
#[derive(Debug, Clone, Default)]
struct Standing {
    hold: Hold,
    /// Since when the condition holds, if it does in the newest picture.
    since: Option<PictureTime>,
    /// Whether it has held for the dwell: what is wrong is so during a pause too.
    is_met: bool,
    raised: Option<Raised>,
    /// Whether what is raised may be about somebody else by now.
    is_renewed: bool,
    /// What the newest picture said: figures of what holds, or why that can't be told.
    details: Map<String, Value>,
    doubt: Option<&'static str>,
    track: Option<TrackId>,
    /// Where the person was last, and for how long he is gone, analysed seconds.
    place: Option<PixelBox>,
    gone_s: f64,
}

impl Standing {
    fn is_open(&self) -> bool {
        self.raised.as_ref().is_some_and(|raised| raised.open)
    }

    fn end(&mut self, (time, utc): (PictureTime, Utc), reason: &str) -> Option<EventChange> {
        let raised = self.raised.as_mut().filter(|raised| raised.open)?;
        raised.open = false;
        let change = ended(&mut raised.event, time, utc, reason);
        if self.is_renewed {
            // No pause of somebody else keeps an alarm quiet.
            self.raised = None;
        }
        Some(change)
    }

    /// The person came back from so long out of sight that it may be somebody else.
    fn renew(&mut self) {
        if self.is_open() {
            self.is_renewed = true;
        } else {
            self.raised = None;
        }
    }
}

/// One rule of one zone.
#[derive(Debug, Clone)]
struct State {
    kind: RuleKind,
    points: Polygon,
    memory: Memory,
    standings: BTreeMap<About, Standing>,
    /// Why it can't say that nothing is wrong.
    doubt: Option<&'static str>,
    /// Why it is not asked now.
    off: Option<&'static str>,
}

/// All rules of a camera as they stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleBook {
    /// By zone and name.
    states: BTreeMap<ZoneId, BTreeMap<String, State>>,
    last: Option<PictureTime>,
    /// How long nobody has looked.
    blind: Duration,
}

/// Longest step between two pictures that counts as analysed, seconds.
const STEP_MAX_S: f64 = 1.0;
/// Who lies or does not move and is lost from sight is taken for lying there for so long,
/// analysed seconds: such people are what detectors overlook most.
const DOWN_LOST_MAX_S: f64 = 60.0;
/// Overlap with the place of somebody lost from which a new person there is the same.
const SAME_PLACE_IOU_MIN: f32 = 0.2;

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
        let blind = std::mem::take(&mut self.blind);
        if !blind.is_zero() {
            let is_long = blind.as_secs_f64() > GRACE_S;
            self.all_mut().for_each(|state| state.skip(scene.time, blind, is_long));
        }
        for zone in config.zones.iter().filter(|zone| zone.active && !zone.rules.is_empty()) {
            let all = scene.subjects.iter();
            let inside: Vec<_> =
                all.filter_map(|s| s.presence.get(&zone.id).map(|p| (s, p))).collect();
            let scene = &Scene { inside: &inside, ..*scene };
            if !self.states.contains_key(&zone.id) {
                self.states.insert(zone.id.clone(), BTreeMap::new());
            }
            let Some(states) = self.states.get_mut(&zone.id) else { continue };
            for rule in zone.rules.iter().filter(|rule| rule.active) {
                if !states.contains_key(&rule.name) {
                    states.insert(rule.name.clone(), State::new(rule.kind, zone));
                }
                let Some(state) = states.get_mut(&rule.name) else { continue };
                let schedule = rule.schedule.as_ref().or(zone.schedule.as_ref());
                if schedule.is_some_and(|s| !s.covers(maker.now.1, &config.calendar)) {
                    state.rest("schedule", maker.now, changes);
                    continue;
                }
                state.off = None;
                if !known(rule) {
                    // The model was changed under the rule: what it can't see is not clear.
                    state.doubt = Some("class_unknown");
                    continue;
                }
                if rule.when.is_some_and(|when| state.memory.must_wait(when, zone, scene)) {
                    state.rest("waiting", maker.now, changes);
                    continue;
                }
                state.step((zone, rule), scene, step_s, maker, changes);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &State> {
        self.states.values().flat_map(BTreeMap::values)
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut State> {
        self.states.values_mut().flat_map(BTreeMap::values_mut)
    }

    /// Nobody looked for a while: that time counts for nobody.
    pub(crate) fn skip_gap(&mut self, from: PictureTime, to: PictureTime) {
        self.last = None;
        self.blind += Duration::from_secs_f64(to.secs_since(from).max(0.0));
    }

    /// Ends what has no rule any more.
    pub(crate) fn reconfigure(
        &mut self,
        config: &Arc<CameraConfig>,
        now: (PictureTime, Utc),
        changes: &mut Vec<EventChange>,
    ) {
        let mut stays = |id: &ZoneId, name: &str, state: &mut State| {
            let zone = config.zones.iter().find(|zone| zone.id == *id && zone.active);
            let rule =
                zone.and_then(|zone| zone.rules.iter().find(|r| r.name == *name && r.active));
            let reason = if zone.is_some() { "rule_removed" } else { "zone_removed" };
            // Another kind under the same name is another rule.
            let is_same = rule.is_some_and(|rule| rule.kind == state.kind);
            if let Some(zone) = zone.filter(|zone| is_same && zone.points != state.points) {
                // What was seen in the old outline says nothing of the new one.
                (state.points, state.memory) = (zone.points.clone(), Memory::default());
                state.standings.values_mut().for_each(|standing| standing.hold = Hold::default());
            }
            if !is_same {
                changes.extend(state.standings.values_mut().filter_map(|s| s.end(now, reason)));
            }
            is_same
        };
        self.states.retain(|id, states| {
            states.retain(|name, state| stays(id, name, state));
            !states.is_empty()
        });
    }

    /// Ends everything, because the segment does.
    pub(crate) fn finish(
        &mut self,
        now: (PictureTime, Utc),
        reason: &str,
        changes: &mut Vec<EventChange>,
    ) {
        for state in self.all_mut() {
            changes.extend(state.standings.values_mut().filter_map(|s| s.end(now, reason)));
        }
        self.states.clear();
    }

    /// Whether an alarm about this person lasts, or in this zone.
    pub(crate) fn is_open(&self, zone: &ZoneId) -> bool {
        let states = self.states.get(zone).into_iter().flat_map(BTreeMap::values);
        states.flat_map(|state| state.standings.values()).any(Standing::is_open)
    }

    /// Whether an alarm about this person lasts.
    pub(crate) fn is_about(&self, subject: &Subject) -> bool {
        let about = About::Person(subject.number);
        self.all().any(|s| s.standings.get(&about).is_some_and(Standing::is_open))
    }

    /// How the rules of a zone stand.
    pub(crate) fn view(&self, zone: &Zone, looking: bool, now: PictureTime) -> Vec<RuleView> {
        let states = self.states.get(&zone.id);
        let view = |rule: &Rule| {
            let state = states.and_then(|states| states.get(&rule.name));
            let fires = state.is_some_and(|state| {
                state.standings.values().any(|standing| standing.is_open() || standing.is_met)
            });
            let doubt = state.map_or(Some("not_looked_at"), State::doubt);
            let off = state.and_then(|state| state.off);
            let (verdict, reason) = match (looking, fires, doubt) {
                (false, ..) => (RuleVerdict::Unknown, Some("not_looked_at")),
                _ if off.is_some() => (RuleVerdict::Off, off),
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
                passed: state.and_then(State::passed),
                count: state.and_then(State::count),
                line: match rule.kind {
                    RuleKind::LineCrossing { line, .. } => Some(line),
                    _ => None,
                },
                grounds: match verdict {
                    RuleVerdict::Off => Vec::new(),
                    _ => state.map(|state| state.grounds(now)).unwrap_or_default(),
                },
            }
        };
        zone.rules.iter().filter(|rule| rule.active).map(view).collect()
    }
}

impl State {
    fn new(kind: RuleKind, zone: &Zone) -> Self {
        let points = zone.points.clone();
        let (memory, standings) = (Memory::default(), BTreeMap::new());
        Self { kind, points, memory, standings, doubt: None, off: None }
    }

    /// Whoever has no standing that matters is not told of.
    fn grounds(&self, now: PictureTime) -> Vec<Ground> {
        let ground = |standing: &Standing| {
            let verdict = match (standing.is_open() || standing.is_met, standing.doubt) {
                (true, _) => RuleVerdict::Fire,
                (false, Some(_)) => RuleVerdict::Unknown,
                (false, None) => RuleVerdict::Clear,
            };
            let held_s = standing.since.map(|since| now.secs_since(since).max(0.0));
            let matters = verdict != RuleVerdict::Clear || held_s.is_some();
            matters.then(|| Ground {
                track: standing.track.clone(),
                verdict,
                reason: standing.doubt,
                held_s,
                details: standing.details.clone(),
            })
        };
        self.standings.values().filter_map(ground).take(GROUNDS_MAX).collect()
    }

    fn passed(&self) -> Option<Passed> {
        matches!(self.kind, RuleKind::LineCrossing { .. }).then_some(self.memory.crossings.passed)
    }

    fn count(&self) -> Option<u32> {
        matches!(self.kind, RuleKind::EntriesAbove { .. }).then(|| self.memory.entries.count())
    }

    /// Nobody looked for so long until now.
    fn skip(&mut self, now: PictureTime, blind: Duration, is_long: bool) {
        // Many short times in which nobody counted are a long one.
        self.memory.entries.skip(now, blind);
        if !is_long {
            return;
        }
        self.memory.crossings.skip();
        self.standings.values_mut().for_each(|standing| standing.hold.skip(blind));
    }

    /// It is not asked now: what lasts ends, and what was held begins anew. Pauses go on.
    fn rest(&mut self, why: &'static str, now: (PictureTime, Utc), changes: &mut Vec<EventChange>) {
        self.off = Some(why);
        self.doubt = None;
        self.memory.crossings.skip();
        self.memory.entries = Entries::default();
        for standing in self.standings.values_mut() {
            (standing.since, standing.is_met, standing.hold) = (None, false, Hold::default());
            changes.extend(standing.end(now, why));
        }
    }

    fn doubt(&self) -> Option<&'static str> {
        // Flames that have been there for half a second are no all-clear.
        let pending = self.standings.get(&About::Place).is_some_and(|s| s.since.is_some());
        self.doubt.or(pending.then_some("pending"))
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
        self.memory.keep(scene);
        let found = self.memory.judge(&rule.kind, zone, scene);
        self.doubt = found.iter().find_map(|(_, now)| match now {
            Now::Unknown(why) => Some(*why),
            Now::Yes { .. } | Now::No => None,
        });
        let known: Vec<About> = found.iter().map(|(about, _)| *about).collect();
        for subject in scene.subjects.iter().filter(|subject| subject.is_renewed) {
            if let Some(standing) = self.standings.get_mut(&About::Person(subject.number)) {
                standing.renew();
            }
        }
        for (about, condition) in found {
            let person = match about {
                About::Person(number) => scene.subject(number),
                About::Place => None,
            };
            if let (Some(person), Now::Yes { .. }) = (person, &condition) {
                self.take_over(person);
            }
            let standing = self.standings.entry(about).or_default();
            (standing.since, standing.is_met, standing.gone_s) = (None, false, 0.0);
            standing.place = person.map(|person| person.bbox);
            standing.track = person.map(|person| person.track.clone());
            (standing.doubt, standing.details) = (None, Map::new());
            match condition {
                Now::Yes { since, who, details } => {
                    let of_place = who.and_then(|number| scene.subject(number));
                    let subject = person.or(of_place);
                    let since = standing.hold.yes(scene.time, since);
                    standing.details.clone_from(&details);
                    standing.track = subject.map(|subject| subject.track.clone());
                    standing.since = Some(since);
                    if scene.time.secs_since(since) >= rule.dwell_s {
                        standing.is_met = true;
                        let raise = Raise { zone, rule, subject, since, details };
                        changes.extend(raise.into_change(standing, maker));
                    }
                }
                Now::No => {
                    if standing.hold.no(scene.time) {
                        changes.extend(standing.end(now, "over"));
                    }
                }
                Now::Unknown(why) => {
                    standing.doubt = Some(why);
                    standing.hold.unknown(step_s);
                }
            }
        }
        // Who is not in the zone any more, or nowhere.
        let is_here = |about: &About| match about {
            About::Place => true,
            About::Person(number) => scene.subject(*number).is_some(),
        };
        let waits = matches!(self.kind, RuleKind::Fall | RuleKind::Motionless);
        self.standings.retain(|about, standing| {
            if known.binary_search(about).is_ok() {
                return true;
            }
            (standing.since, standing.is_met, standing.hold) = (None, false, Hold::default());
            let is_here = is_here(about);
            standing.gone_s += step_s;
            // Who went out of the zone was seen to; who vanished in it may lie there still.
            if waits && !is_here && standing.is_open() && standing.gone_s <= DOWN_LOST_MAX_S {
                return true;
            }
            changes.extend(standing.end(now, "left"));
            is_here
        });
    }

    /// Gives somebody the alarm of one who was lost from sight in the same place.
    fn take_over(&mut self, person: &Subject) {
        let about = About::Person(person.number);
        if self.standings.get(&about).is_some_and(Standing::is_open) {
            return;
        }
        let lost = self.standings.iter().find(|(_, standing)| {
            let place = standing.place.filter(|_| standing.gone_s > 0.0 && standing.is_open());
            place.is_some_and(|place| place.iou(&person.bbox) >= SAME_PLACE_IOU_MIN)
        });
        if let Some((number, _)) = lost.map(|(number, standing)| (*number, standing))
            && let Some(standing) = self.standings.remove(&number)
        {
            self.standings.insert(about, standing);
        }
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
