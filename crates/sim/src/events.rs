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
//!
//! What the rules of zones raise beside these is in `rule_events`.

use safe_yolo_core::config::{default_dwell_s, default_pause_s};
use safe_yolo_core::{Equipment, EventType, PictureTime, ZoneType};

use super::scenario::Area;
use super::{Scene, TruthPerson};

/// Seconds inside that make an entrance, and outside that make an exit.
pub(super) const CONFIRM_S: f64 = 0.5;
/// Seconds out of sight after which somebody is gone.
pub(super) const GRACE_S: f64 = 2.0;
/// Seconds out of sight after which it may be somebody else, whom no pause keeps quiet.
const SURELY_SAME_S: f64 = 0.6;
/// Times are multiples of a fifteenth of a second, which no binary number is.
pub(super) const ROUNDING_S: f64 = 1e-6;
/// Less of somebody than this can't be recognised.
pub(super) const VISIBLE_MIN: f32 = 0.25;

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

/// Everybody at one picture.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// Seconds.
    pub(super) at: f64,
    pub(super) people: Vec<TruthPerson>,
    pub(super) is_covered: bool,
}

/// One moment of one person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) at: f64,
    pub(super) person: TruthPerson,
}

/// What happened in the first `seconds`.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    pub(super) pictures: &'a [Picture],
    /// Everybody's moments, by actor.
    pub(super) everybody: &'a [Vec<Moment>],
    pub(super) seconds: f64,
}

/// A stay in a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) from: f64,
    /// The last moment inside.
    pub(super) until: f64,
    /// Whether he was seen to leave, or was gone for good.
    left: bool,
}

impl Scene {
    /// What the rules should raise in the first `seconds`, in order of time.
    #[must_use]
    pub fn events(&self, seconds: f64) -> Vec<TruthEvent> {
        let mut found = Vec::new();
        let pictures = self.pictures(seconds);
        let everybody = self.moments(&pictures);
        for moments in &everybody {
            for (zone, area) in self.plan.areas.iter().enumerate() {
                let make = |event, start_s| TruthEvent {
                    kind: TruthKind::Rule(event),
                    start_s,
                    zone: Some(zone),
                    actor: moments.first().map(|moment| moment.person.actor),
                };
                let visits = visits(moments, area, seconds);
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
                    let stays: Vec<f64> =
                        visits.iter().filter_map(|visit| visit.dwelt(default_dwell_s())).collect();
                    let told = paused(&stays, moments, default_pause_s());
                    found.extend(told.map(|at| make(intrusion, at)));
                }
                for item in &area.require {
                    let lacks: Vec<f64> =
                        visits.iter().flat_map(|visit| lacks(moments, visit, *item)).collect();
                    let event = EventType::missing(*item);
                    let told = paused(&lacks, moments, default_pause_s());
                    found.extend(told.map(|at| make(event, at)));
                }
            }
        }
        let history = History { pictures: &pictures, everybody: &everybody, seconds };
        found.extend(self.rule_events(&history));
        found.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        found
    }

    /// The numbers of the zones that somebody is in, by the floor under him.
    #[must_use]
    pub fn zones_of(&self, person: &TruthPerson) -> Vec<usize> {
        let areas = self.plan.areas.iter().enumerate();
        areas.filter(|(_, area)| area.has(person.place)).map(|(zone, _)| zone).collect()
    }

    /// Everybody at each picture of the first `seconds`.
    pub(super) fn pictures(&self, seconds: f64) -> Vec<Picture> {
        let rate = self.rate();
        let times = (0_u32..).map(|number| f64::from(number) / rate);
        let picture = |at| {
            let is_covered = self.plan.mishaps.is_covered(at % self.plan.duration);
            Picture { at, people: self.truth(PictureTime::from_secs_f64(at)), is_covered }
        };
        times.take_while(|at| *at < seconds).map(picture).collect()
    }

    /// The moments of each person who is in the pictures, in order.
    fn moments(&self, pictures: &[Picture]) -> Vec<Vec<Moment>> {
        let mut all: Vec<Vec<Moment>> = vec![Vec::new(); self.plan.actors.len()];
        for Picture { at, people, .. } in pictures {
            for person in people {
                if let Some(moments) = all.get_mut(person.actor as usize) {
                    moments.push(Moment { at: *at, person: *person });
                }
            }
        }
        all
    }
}

impl Area {
    pub(super) fn has(&self, [x, z]: [f32; 2]) -> bool {
        let [left, right, near, far] = self.sides;
        (left..=right).contains(&x) && (near..=far).contains(&z)
    }
}

impl Visit {
    /// When he has been there for the dwell.
    pub(super) fn dwelt(&self, dwell_s: f64) -> Option<f64> {
        let at = self.from + dwell_s;
        (at <= self.until + ROUNDING_S).then_some(at)
    }
}

/// The moments at which somebody can be made out.
pub(super) fn in_sight(moments: &[Moment]) -> impl DoubleEndedIterator<Item = &Moment> {
    moments.iter().filter(|moment| moment.person.visible >= VISIBLE_MIN)
}

/// Somebody's stays in a zone.
pub(super) fn visits(moments: &[Moment], area: &Area, seconds: f64) -> Vec<Visit> {
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
pub(super) fn paused(
    starts: &[f64],
    moments: &[Moment],
    pause_s: f64,
) -> impl Iterator<Item = f64> + use<> {
    let mut kept: Vec<f64> = Vec::new();
    for at in starts {
        let quiet = kept
            .last()
            .is_some_and(|last| at - last < pause_s && stayed_in_sight(moments, *last, *at));
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
