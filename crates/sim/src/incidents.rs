//! What happens in a scene whether a zone has a rule for it or not.

use super::events::{Picture, TruthEvent, TruthKind};
use super::layout::Owner;
use super::script::Stance;
use super::thing::Kind;
use super::vehicle::REACH;
use super::{Posture, Scene, TruthPerson};

/// A forklift that drives at least this fast, nearer to somebody than this, is a near miss.
const NEAR_MISS_SPEED: f64 = 0.3;
const NEAR_MISS_M: f32 = 1.0;

/// Something that happens, and where on the floor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incident {
    pub(super) event: TruthEvent,
    pub(super) place: Option<[f32; 2]>,
}

/// A forklift and somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// Where it is.
    pub(super) at: [f32; 2],
    /// Between him and the nearest part of it, forks included.
    pub(super) gap_m: f32,
    /// How fast it drives, metres a second.
    speed: f64,
}

impl Scene {
    /// What happens in the first `seconds` whether a zone has a rule for it or not, in order of time.
    #[must_use]
    pub fn incidents(&self, seconds: f64) -> Vec<TruthEvent> {
        self.all_incidents(&self.pictures(seconds), seconds)
            .into_iter()
            .map(|incident| incident.event)
            .collect()
    }

    pub(super) fn all_incidents(&self, pictures: &[Picture], seconds: f64) -> Vec<Incident> {
        let make = |kind, start_s, actor, place| Incident {
            event: TruthEvent { kind, start_s, zone: None, actor },
            place,
        };
        let of = |person: &TruthPerson| (Some(person.actor), Some(person.place));
        let mut found = Vec::new();
        let (mut near, mut down) = (Vec::<Option<u32>>::new(), Vec::<Option<u32>>::new());
        for Picture { at, people, .. } in pictures {
            let at = *at;
            let lying = people.iter().filter(|person| person.posture == Posture::Lying);
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
                people.iter().filter(|person| self.misses(person, at)).map(of).collect();
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

    /// Whether a forklift that drives is too near to somebody at this moment.
    fn misses(&self, person: &TruthPerson, at: f64) -> bool {
        let mut near = self.forklifts(person.place, at).into_iter();
        near.any(|near| near.speed >= NEAR_MISS_SPEED && near.gap_m < NEAR_MISS_M)
    }

    /// How far every forklift is from a place of the floor.
    pub(super) fn forklifts(&self, place: [f32; 2], at: f64) -> Vec<Near> {
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
            return Vec::new();
        }
        let step = 1.0 / self.rate();
        let before = vehicles((at - step).max(0.0));
        let near = |(id, stance): (u32, Stance)| {
            let (_, was) = before.iter().find(|(other, _)| *other == id)?;
            let (dx, dz) = (f64::from(stance.x - was.x), f64::from(stance.z - was.z));
            // In the vehicle's own frame: to its right, and ahead of it.
            let [across, toward] = stance.heading;
            let (x, z) = (place[0] - stance.x, place[1] - stance.z);
            let (right, ahead) = (-x * toward - z * across, x * across - z * toward);
            let [half, behind, before] = REACH;
            let aside = (right.abs() - half).max(0.0);
            let along = (ahead - before).max(-behind - ahead).max(0.0);
            Some(Near {
                at: [stance.x, stance.z],
                gap_m: (aside * aside + along * along).sqrt(),
                speed: (dx * dx + dz * dz).sqrt() / step,
            })
        };
        vehicles(at).into_iter().filter_map(near).collect()
    }
}
