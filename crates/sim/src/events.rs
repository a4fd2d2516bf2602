//! The true events of a scene: what happens in its zones under the default rules, worked out from
//! where everybody really is and what he really wears.
//!
//! It is a calculation of its own, in whole seconds of the scene and without boxes, votes or
//! tracks, so that the rules can be held against it:
//!
//! - Somebody is in a zone while the point of the floor under him is, for [`CONFIRM_S`] at least;
//!   a step out that is shorter ends nothing.
//! - Out of sight for longer than [`GRACE_S`] he has left, since he was last seen. When he is seen
//!   again he comes in anew: no camera can know that it is he.
//! - Being in a zone for the dwell is an intrusion; being there without what it asks for is
//!   equipment that is missing, from the dwell after both became true.
//! - The pause keeps somebody from raising the same twice while he stays in sight.

use safe_yolo_core::config::{default_dwell_s, default_pause_s};
use safe_yolo_core::{Class, Equipment, EventType, PictureTime, RuleKind, ZoneType};

use super::layout::Owner;
use super::scenario::Area;
use super::thing::Kind;
use super::vehicle::REACH;
use super::{Scene, TruthPerson};

/// Seconds inside that make an entrance, and outside that make an exit.
const CONFIRM_S: f64 = 0.5;
/// Seconds out of sight after which somebody is gone.
const GRACE_S: f64 = 2.0;
/// Seconds out of sight after which it may be somebody else, whom no pause keeps quiet.
const SURELY_SAME_S: f64 = 0.6;
/// Times are multiples of a fifteenth of a second, which no binary number is.
const ROUNDING_S: f64 = 1e-6;
/// Less of somebody than this can't be recognised.
pub(super) const VISIBLE_MIN: f32 = 0.25;
/// A forklift that drives at least this fast, nearer to somebody than this, is a near miss.
const NEAR_MISS_SPEED: f64 = 0.3;
const NEAR_MISS_M: f32 = 1.0;

/// Something that happens in a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthEvent {
    /// What it is.
    pub kind: TruthKind,
    /// When, seconds from the start.
    pub start_s: f64,
    /// The number of the zone, from 0.
    pub zone: Option<usize>,
    /// Whom it is about.
    pub actor: Option<u32>,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruthKind {
    /// What a rule of a zone raises.
    Rule(EventType),
    /// Somebody falls.
    Fall,
    /// A forklift passes somebody too near.
    NearMiss,
    /// Flames appear.
    Fire,
    /// Smoke appears.
    Smoke,
    /// An extinguisher is taken away.
    ExtinguisherMissing,
    /// The camera is covered.
    CameraCovered,
}

impl TruthKind {
    /// The name, as in files of events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule(event) => event.name(),
            Self::Fall => "fall",
            Self::NearMiss => "near_miss",
            Self::Fire => "fire",
            Self::Smoke => "smoke",
            Self::ExtinguisherMissing => "extinguisher_missing",
            Self::CameraCovered => "camera_covered",
        }
    }
}

/// Something that happens, and where on the floor.
#[derive(Debug, Clone, Copy)]
struct Incident {
    event: TruthEvent,
    place: Option<[f32; 2]>,
}

impl TruthKind {
    /// Whether a rule of this kind is there to tell of it.
    fn breaks(self, rule: &RuleKind) -> bool {
        matches!(
            (self, rule),
            (Self::Fall, RuleKind::Fall)
                | (Self::Fire, RuleKind::Fire)
                | (Self::Smoke, RuleKind::Smoke)
                | (Self::NearMiss, RuleKind::NearMiss { .. })
                | (
                    Self::ExtinguisherMissing,
                    RuleKind::ObjectMissing { class: Class::FireExtinguisher },
                )
        )
    }
}

/// One moment of one person.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: f64,
    person: TruthPerson,
}

/// A stay in a zone.
#[derive(Debug, Clone, Copy)]
struct Visit {
    from: f64,
    /// The last moment inside.
    until: f64,
    /// Whether he was seen to leave, or was gone for good.
    left: bool,
}

impl Scene {
    /// What the rules should raise in the first `seconds`, in order of time.
    #[must_use]
    pub fn events(&self, seconds: f64) -> Vec<TruthEvent> {
        let mut found = Vec::new();
        for moments in self.moments(seconds) {
            for (zone, area) in self.plan.areas.iter().enumerate() {
                let make = |event, start_s| TruthEvent {
                    kind: TruthKind::Rule(event),
                    start_s,
                    zone: Some(zone),
                    actor: moments.first().map(|moment| moment.person.actor),
                };
                let visits = visits(&moments, area, seconds);
                for visit in &visits {
                    found.push(make(EventType::Entrance, visit.from));
                    if visit.left {
                        found.push(make(EventType::Exit, visit.until));
                    }
                }
                let intrusion = match area.zone_type {
                    ZoneType::Danger => Some(EventType::DangerZoneIntrusion),
                    ZoneType::Warning => Some(EventType::WarningZoneIntrusion),
                    ZoneType::Custom => None,
                };
                if let Some(intrusion) = intrusion {
                    let stays: Vec<f64> = visits.iter().filter_map(Visit::dwelt).collect();
                    found.extend(paused(&stays, &moments).map(|at| make(intrusion, at)));
                }
                for item in &area.require {
                    let lacks: Vec<f64> =
                        visits.iter().flat_map(|visit| lacks(&moments, visit, *item)).collect();
                    let event = EventType::missing(*item);
                    found.extend(paused(&lacks, &moments).map(|at| make(event, at)));
                }
            }
        }
        found.extend(self.against_rules(seconds));
        found.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        found
    }

    /// Incidents in the zones that have a rule for them, each when it has lasted for its dwell.
    fn against_rules(&self, seconds: f64) -> Vec<TruthEvent> {
        let mut found = Vec::new();
        for Incident { event, place } in self.all_incidents(seconds) {
            for (zone, area) in self.plan.areas.iter().enumerate() {
                let rules = area.rules.iter().filter(|rule| event.kind.breaks(&rule.kind));
                for rule in rules.filter(|_| place.is_some_and(|place| area.has(place))) {
                    found.push(TruthEvent {
                        kind: TruthKind::Rule(rule.event()),
                        start_s: event.start_s + rule.dwell_s,
                        zone: Some(zone),
                        actor: event.actor,
                    });
                }
            }
        }
        found.retain(|event| event.start_s < seconds);
        found
    }

    /// What happens in the first `seconds` whether a zone has a rule for it or not, in order of time.
    #[must_use]
    pub fn incidents(&self, seconds: f64) -> Vec<TruthEvent> {
        self.all_incidents(seconds).into_iter().map(|incident| incident.event).collect()
    }

    fn all_incidents(&self, seconds: f64) -> Vec<Incident> {
        let make = |kind, start_s, actor, place| Incident {
            event: TruthEvent { kind, start_s, zone: None, actor },
            place,
        };
        let of = |person: &TruthPerson| (Some(person.actor), Some(person.place));
        let mut found = Vec::new();
        let (mut near, mut down) = (Vec::<Option<u32>>::new(), Vec::<Option<u32>>::new());
        let step = 1.0 / self.rate();
        for at in self.times(seconds) {
            let time = PictureTime::from_secs_f64(at);
            let people = self.truth(time);
            let lying = people.iter().filter(|person| person.posture == super::Posture::Lying);
            let fallen: Vec<_> = lying.map(of).collect();
            let began = fallen.iter().filter(|(actor, _)| !down.contains(actor));
            // On the floor is who fell the second before.
            found.extend(
                began.map(|(actor, place)| {
                    make(TruthKind::Fall, (at - 0.7).max(0.0), *actor, *place)
                }),
            );
            down = fallen.into_iter().map(|(actor, _)| actor).collect();
            let missed: Vec<_> =
                people.iter().filter(|person| self.misses(person, at, step)).map(of).collect();
            let began = missed.iter().filter(|(actor, _)| !near.contains(actor));
            found.extend(began.map(|(actor, place)| make(TruthKind::NearMiss, at, *actor, *place)));
            near = missed.into_iter().map(|(actor, _)| actor).collect();
        }
        let mut loops = 0.0;
        while loops < seconds {
            for thing in &self.plan.things {
                let [from, until] = thing.there;
                let happened = match thing.kind {
                    Kind::Fire => Some((TruthKind::Fire, from)),
                    Kind::Smoke => Some((TruthKind::Smoke, from)),
                    Kind::Extinguisher if until < self.plan.duration => {
                        Some((TruthKind::ExtinguisherMissing, until))
                    }
                    _ => None,
                };
                found.extend(
                    happened.map(|(kind, at)| make(kind, loops + at, None, Some(thing.at))),
                );
            }
            for cover in &self.plan.mishaps.covers {
                found.push(make(TruthKind::CameraCovered, loops + cover.from_s, None, None));
            }
            loops += self.plan.duration;
        }
        found.retain(|incident| incident.event.start_s < seconds);
        found.sort_by(|a, b| a.event.start_s.total_cmp(&b.event.start_s));
        found
    }

    /// The numbers of the zones that somebody is in, by the floor under him.
    #[must_use]
    pub fn zones_of(&self, person: &TruthPerson) -> Vec<usize> {
        let areas = self.plan.areas.iter().enumerate();
        areas.filter(|(_, area)| area.has(person.place)).map(|(zone, _)| zone).collect()
    }

    fn times(&self, seconds: f64) -> impl Iterator<Item = f64> + use<> {
        let rate = self.rate();
        (0_u32..).map(move |number| f64::from(number) / rate).take_while(move |at| *at < seconds)
    }

    /// The moments of each person who is in the picture, in order.
    fn moments(&self, seconds: f64) -> Vec<Vec<Moment>> {
        let mut all: Vec<Vec<Moment>> = vec![Vec::new(); self.plan.actors.len()];
        for at in self.times(seconds) {
            for person in self.truth(PictureTime::from_secs_f64(at)) {
                if let Some(moments) = all.get_mut(person.actor as usize) {
                    moments.push(Moment { at, person });
                }
            }
        }
        all
    }

    /// Whether a forklift that drives is too near to somebody at this moment.
    fn misses(&self, person: &TruthPerson, at: f64, step: f64) -> bool {
        let vehicles = |at: f64| {
            let all = self.plan.standing(at.rem_euclid(self.plan.duration), self.seed);
            let mut vehicles = Vec::new();
            for standing in &all {
                if let Owner::Person { id, stance, drives: true, .. } = &standing.owner {
                    vehicles.push((*id, *stance));
                }
            }
            vehicles
        };
        if self.plan.forklifts.is_empty() {
            return false;
        }
        let before = vehicles((at - step).max(0.0));
        vehicles(at).into_iter().any(|(id, stance)| {
            let Some((_, was)) = before.iter().find(|(other, _)| *other == id) else {
                return false;
            };
            let (dx, dz) = (f64::from(stance.x - was.x), f64::from(stance.z - was.z));
            let drives = (dx * dx + dz * dz).sqrt() >= NEAR_MISS_SPEED * step;
            // In the vehicle's own frame: to its right, and ahead of it.
            let [across, toward] = stance.heading;
            let (x, z) = (person.place[0] - stance.x, person.place[1] - stance.z);
            let (right, ahead) = (-x * toward - z * across, x * across - z * toward);
            let [half, behind, before] = REACH;
            let aside = (right.abs() - half).max(0.0);
            let along = (ahead - before).max(-behind - ahead).max(0.0);
            drives && (aside * aside + along * along).sqrt() < NEAR_MISS_M
        })
    }
}

impl Area {
    fn has(&self, [x, z]: [f32; 2]) -> bool {
        let [left, right, near, far] = self.sides;
        (left..=right).contains(&x) && (near..=far).contains(&z)
    }
}

impl Visit {
    /// When he has been there for the dwell.
    fn dwelt(&self) -> Option<f64> {
        let at = self.from + default_dwell_s();
        (at <= self.until + ROUNDING_S).then_some(at)
    }
}

/// The moments at which somebody can be made out.
fn in_sight(moments: &[Moment]) -> impl DoubleEndedIterator<Item = &Moment> {
    moments.iter().filter(|moment| moment.person.visible >= VISIBLE_MIN)
}

/// Somebody's stays in a zone.
fn visits(moments: &[Moment], area: &Area, seconds: f64) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    let mut open: Option<Visit> = None;
    // Since when he is seen outside.
    let mut outside: Option<f64> = None;
    let mut close = |visit: Visit, left: bool| {
        if visit.until - visit.from >= CONFIRM_S {
            visits.push(Visit { left, ..visit });
        }
    };
    let mut last_seen = f64::MIN;
    for Moment { at, person } in in_sight(moments) {
        if at - last_seen > GRACE_S
            && let Some(visit) = open.take()
        {
            close(visit, true);
        }
        last_seen = *at;
        if area.has(person.place) {
            outside = None;
            let visit = open.get_or_insert(Visit { from: *at, until: *at, left: false });
            visit.until = *at;
        } else if let Some(visit) = open {
            let since = *outside.get_or_insert(*at);
            if at - since >= CONFIRM_S {
                close(visit, true);
                (open, outside) = (None, None);
            }
        }
    }
    if let Some(visit) = open {
        close(visit, seconds - last_seen > GRACE_S);
    }
    visits
}

/// When something has been missing for the dwell, in one stay.
fn lacks(moments: &[Moment], visit: &Visit, item: Equipment) -> Vec<f64> {
    let worn = |person: &TruthPerson| match item {
        Equipment::Helmet => person.helmet,
        Equipment::Vest => person.vest,
        Equipment::Mask => person.mask,
        // Not drawn: nobody lacks it.
        Equipment::Gloves | Equipment::Boots | Equipment::Goggles => true,
    };
    let (mut found, mut since) = (Vec::new(), None);
    for Moment { at, person } in in_sight(moments) {
        if !(visit.from..=visit.until).contains(at) {
            continue;
        }
        if worn(person) {
            since = None;
            continue;
        }
        let begun: &mut (f64, bool) = since.get_or_insert((*at, false));
        if at - begun.0 + ROUNDING_S >= default_dwell_s() && !begun.1 {
            begun.1 = true;
            found.push(*at);
        }
    }
    found
}

/// Those of the moments that no pause keeps quiet.
fn paused(starts: &[f64], moments: &[Moment]) -> impl Iterator<Item = f64> {
    let mut kept: Vec<f64> = Vec::new();
    for at in starts {
        let quiet = kept.last().is_some_and(|last| {
            at - last < default_pause_s() && stayed_in_sight(moments, *last, *at)
        });
        if !quiet {
            kept.push(*at);
        }
    }
    kept.into_iter()
}

fn stayed_in_sight(moments: &[Moment], from: f64, until: f64) -> bool {
    let mut last = from;
    for Moment { at, .. } in in_sight(moments).filter(|m| (from..=until).contains(&m.at)) {
        if at - last > SURELY_SAME_S {
            return false;
        }
        last = *at;
    }
    until - last <= SURELY_SAME_S
}
