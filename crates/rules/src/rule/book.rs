//! All rules of a camera.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{CameraConfig, EventChange, PictureTime, Rule, RuleKind, Utc, Zone, ZoneId};

use super::condition::{About, Scene};
use super::nearness::Surroundings;
use super::state::{Standing, State};
use super::{RuleVerdict, RuleView};
use crate::findings::EventMaker;
use crate::presence::GRACE_S;

/// Longest step between two pictures that counts as analysed, seconds.
const STEP_MAX_S: f64 = 1.0;

/// All rules of a camera as they stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleBook {
    /// By zone and name.
    states: BTreeMap<ZoneId, BTreeMap<String, State>>,
    last: Option<PictureTime>,
    /// How long nobody has looked.
    blind: Duration,
    /// How near people are to things.
    surroundings: Surroundings,
}

impl RuleBook {
    /// Takes one analysed picture.
    pub(crate) fn step(
        &mut self,
        config: &CameraConfig,
        known: impl Fn(&Rule) -> bool,
        scene: &Scene<'_>,
        exits: &BTreeMap<&ZoneId, PictureTime>,
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
        if scene.some_are_gone {
            self.all_mut().for_each(|state| state.memory.keep(scene));
        }
        let around = self.surroundings.look(config, scene);
        for zone in config.zones.iter().filter(|zone| zone.active && !zone.rules.is_empty()) {
            let all = scene.subjects.iter();
            let inside: Vec<_> =
                all.filter_map(|s| s.presence.get(&zone.id).map(|p| (s, p))).collect();
            let exit = exits.get(&zone.id).copied();
            let scene = &Scene { inside: &inside, around: &around, exit, ..*scene };
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
                state.begin_anew(zone);
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

    /// Whether an alarm of the zone lasts, or about somebody in it.
    pub(crate) fn is_open(&self, zone: &ZoneId) -> bool {
        let states = self.states.get(zone).into_iter().flat_map(BTreeMap::values);
        states.flat_map(|state| state.standings.values()).any(Standing::is_open)
    }

    /// The numbers of those about whom an alarm lasts.
    pub(crate) fn alarmed(&self) -> BTreeSet<u64> {
        let standings = self.all().flat_map(|state| &state.standings);
        let number = |(about, standing): (&About, &Standing)| match about {
            About::Person(number) if standing.is_open() => Some(*number),
            About::Person(_) | About::Place => None,
        };
        standings.filter_map(number).collect()
    }

    /// How the rules of a zone stand.
    pub(crate) fn view(&self, zone: &Zone, looking: bool, now: PictureTime) -> Vec<RuleView> {
        let states = self.states.get(&zone.id);
        let view = |rule: &Rule| {
            let state = states.and_then(|states| states.get(&rule.name));
            let fires = state.is_some_and(State::fires);
            let doubt = state.map_or(Some("not_looked_at"), State::doubt);
            let off = state.and_then(|state| state.off);
            let (verdict, reason) = match (looking, fires, doubt) {
                (false, ..) => (RuleVerdict::Unknown, Some("not_looked_at")),
                _ if off.is_some() => (RuleVerdict::Off, off),
                (true, true, _) => (RuleVerdict::Fire, None),
                (true, false, Some(doubt)) => (RuleVerdict::Unknown, Some(doubt)),
                (true, false, None) => (RuleVerdict::Clear, None),
            };
            let since = state.and_then(State::since);
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
