//! Scenes that nobody wrote: camera, light, hall, people and things by the dice.

use std::collections::BTreeSet;

use safe_yolo_core::{Equipment, PictureSize, ZoneType};

use super::camera::{Camera, View};
use super::canvas::Rgb;
use super::finish::Finish;
use super::hall::Style;
use super::look::{Item, Look, LookSet, Worn};
use super::mishap::{Light, Mishaps};
use super::random::SplitMix64;
use super::scenario::{Actor, Area, Change, FORKLIFT_FIRST, Name, Plan};
use super::script::{Heading, Leg, Script};
use super::thing::{Kind, Thing};
use super::vehicle;

/// Seconds of a random scene.
const DURATION: f64 = 20.0;
/// Heights of the camera: those of scored scenes lie in the first band, those to train with outside of it.
pub(super) const SCORING_HEIGHT: [f32; 2] = [3.0, 3.4];
const TRAINING_HEIGHTS: [[f32; 2]; 2] = [[2.0, 2.8], [3.6, 6.5]];
/// The wall and what stands at it begin here, metres.
const FAR: f32 = 12.4;

struct Dice {
    random: SplitMix64,
}

impl Dice {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.random.between(low, high)
    }

    fn seconds(&mut self, low: f32, high: f32) -> f64 {
        f64::from(self.random.between(low, high))
    }

    fn is(&mut self, chance: f32) -> bool {
        self.random.unit() < chance
    }

    /// A whole number from `low` to `high`.
    fn count(&mut self, low: u8, high: u8) -> u8 {
        low + (self.random.unit() * f32::from(high - low + 1)) as u8
    }

    fn color(&mut self, low: f32, high: f32, spread: f32) -> Rgb {
        let grey = self.between(low, high);
        std::array::from_fn(|_| (grey + self.random.between(-spread, spread)).clamp(8.0, 250.0))
    }

    fn side(&mut self) -> Heading {
        if self.is(0.5) { [-1.0, 0.1] } else { [1.0, 0.1] }
    }
}

/// The scene of this seed.
pub(super) fn plan(seed: u64, set: LookSet, size: Option<PictureSize>) -> Plan {
    let mut dice = Dice { random: SplitMix64::new(seed, 0x517E) };
    let mut camera = camera(&mut dice, set);
    if let Some(size) = size {
        camera = camera.resized(size);
    }
    let workers = dice.count(1, 9);
    let mut actors: Vec<Actor> = Vec::new();
    for id in 0..u32::from(workers) {
        let worn = Worn { helmet: dice.is(0.6), vest: dice.is(0.55), mask: dice.is(0.35) };
        let (script, changes) = walk(&mut dice, &camera);
        let look = Look::new(set, seed, id, worn);
        actors.push(Actor { id, look, script, changes, color: None });
    }
    let mut forklifts = Vec::new();
    if dice.is(0.4) {
        let worn = Worn { helmet: dice.is(0.7), vest: dice.is(0.6), mask: false };
        let id = FORKLIFT_FIRST;
        let color = (set == LookSet::Training).then(|| vehicle::training_color(&mut dice.random));
        let script = drive(&mut dice, &camera);
        let look = Look::new(set, seed, id, worn);
        forklifts.push(Actor { id, look, script, changes: Vec::new(), color });
    }
    let (style, finish) = (style(&mut dice), finish(&mut dice));
    let level = dice.seconds(0.4, 1.3);
    let lights = vec![Light { at_s: 0.0, level }];
    Plan {
        camera,
        style,
        finish,
        duration: DURATION,
        actors,
        areas: areas(&mut dice, &camera),
        pillar: None,
        forklifts,
        things: things(&mut dice, &camera),
        mishaps: Mishaps { lights, ..Mishaps::default() },
    }
}

fn camera(dice: &mut Dice, set: LookSet) -> Camera {
    let [low, high] = match set {
        LookSet::Scoring => SCORING_HEIGHT,
        LookSet::Training => TRAINING_HEIGHTS[usize::from(dice.is(0.65))],
    };
    let height = dice.between(low, high);
    let (fov, ahead) = (dice.between(42.0, 78.0), dice.between(5.5, 10.0));
    // The angle whose tangent is `slope`, degrees (off by half a degree at most).
    let slope = (height - 0.9) / ahead;
    let pitch = 57.3 * slope / (1.0 + 0.28 * slope * slope);
    let view = View { yaw: dice.between(-15.0, 15.0), pitch, fov };
    let size = match dice.count(0, 3) {
        0 => PictureSize::new(800, 600),
        1 => PictureSize::new(1280, 720),
        _ => PictureSize::new(960, 540),
    };
    Camera::new(size, [dice.between(-3.0, 3.0), height, dice.between(-2.0, 1.0)], view)
}

/// A place of the floor that the camera sees.
fn spot(dice: &mut Dice, camera: &Camera) -> [f64; 2] {
    const TRIES: u8 = 60;
    let mut place = [0.0, 8.0];
    for _ in 0..TRIES {
        place = [dice.between(-8.0, 8.0), dice.between(3.0, FAR)];
        let [x, z] = place;
        let [foot, head] = [0.0, 1.7].map(|y| camera.project([x, y, z]));
        let inside = |[x, y]: [f32; 2]| {
            (0.0..camera.size.width as f32).contains(&x)
                && (0.0..camera.size.height as f32 * 1.1).contains(&y)
        };
        if inside(foot) && inside(head) && camera.depth([x, 1.0, z]) > 2.5 {
            break;
        }
    }
    place.map(f64::from)
}

fn walk(dice: &mut Dice, camera: &Camera) -> (Script, Vec<Change>) {
    let from = spot(dice, camera);
    let (mut at, mut spent, mut legs, mut changes) = (from, 0.0, Vec::new(), Vec::new());
    loop {
        let leg = match dice.count(0, 9) {
            0..=4 => {
                let to = spot(dice, camera);
                let (dx, dz) = (to[0] - at[0], to[1] - at[1]);
                let metres = (dx * dx + dz * dz).sqrt();
                Leg::To(to[0], to[1], (metres / dice.seconds(0.6, 1.6)).max(0.5))
            }
            5..=6 => Leg::Stand(dice.seconds(1.0, 4.0), dice.side()),
            7..=8 => Leg::Crouch(dice.seconds(2.0, 5.0), dice.side()),
            _ => Leg::Fall(dice.seconds(4.0, 7.0), dice.side()),
        };
        let lasts = match leg {
            Leg::To(_, _, s) | Leg::Stand(s, _) | Leg::Crouch(s, _) | Leg::Fall(s, _) => s,
        };
        if spent + lasts > DURATION {
            break;
        }
        if let Leg::To(x, z, _) = leg {
            at = [x, z];
        }
        spent += lasts;
        legs.push(leg);
        if dice.is(0.15) {
            let item = [Item::Helmet, Item::Vest, Item::Mask][usize::from(dice.count(0, 2))];
            changes.push(Change { at: spent, item, worn: dice.is(0.5) });
        }
    }
    if spent < DURATION - 0.01 {
        legs.push(Leg::Stand(DURATION - spent, dice.side()));
    }
    (Script { start: 0.0, from, legs }, changes)
}

/// A drive across what the camera sees.
fn drive(dice: &mut Dice, camera: &Camera) -> Script {
    let (from, to) = (spot(dice, camera), spot(dice, camera));
    let end = spot(dice, camera);
    let stand = dice.seconds(1.0, 4.0);
    let legs = vec![
        Leg::To(to[0], to[1], dice.seconds(4.0, 8.0)),
        Leg::Stand(stand, dice.side()),
        Leg::To(end[0], end[1], dice.seconds(4.0, 8.0)),
    ];
    Script { start: 0.0, from, legs }
}

fn things(dice: &mut Dice, camera: &Camera) -> Vec<Thing> {
    let mut things = Vec::new();
    let mut add = |dice: &mut Dice, kind: Kind, chance: f32, most: u8| {
        if !dice.is(chance) {
            return;
        }
        for _ in 0..dice.count(1, most) {
            let size = kind.size().map(|size| size.map(|side| side * dice.between(0.7, 1.3)));
            let at = spot(dice, camera).map(|side| side as f32);
            // A rack right before the lens would hide everything.
            if size.is_none() || camera.depth([at[0], 1.0, at[1]]) > 5.0 {
                things.push(Thing { kind, at, size, there: [0.0, DURATION] });
            }
        }
    };
    add(dice, Kind::Cone, 0.5, 5);
    add(dice, Kind::Extinguisher, 0.2, 1);
    add(dice, Kind::Crates, 0.45, 2);
    add(dice, Kind::Rack, 0.2, 1);
    add(dice, Kind::Pillar, 0.3, 2);
    add(dice, Kind::Smoke, 0.25, 2);
    add(dice, Kind::Fire, 0.25, 2);
    things
}

/// Equipment that people are drawn with or without.
const DRAWN: [Equipment; 3] = [Equipment::Helmet, Equipment::Vest, Equipment::Mask];

fn areas(dice: &mut Dice, camera: &Camera) -> Vec<Area> {
    let mut areas = Vec::new();
    for number in 0..dice.count(0, 2) {
        let [x, z] = spot(dice, camera).map(|side| side as f32);
        let (wide, deep) = (dice.between(0.8, 2.2), dice.between(0.5, 1.2));
        let sides = [x - wide, x + wide, (z - deep).max(3.0), z + deep];
        if camera.polygon(&super::scenario_file::corners(sides)).len() < 3 {
            continue;
        }
        let zone_type = if dice.is(0.5) { ZoneType::Danger } else { ZoneType::Warning };
        let name =
            Name { ko: format!("구역 {}", number + 1), en: format!("Zone {}", number + 1) };
        let require = DRAWN.into_iter().filter(|_| dice.is(0.5)).collect::<BTreeSet<_>>();
        areas.push(Area { name, zone_type, sides, require, rules: Vec::new() });
    }
    areas
}

fn style(dice: &mut Dice) -> Style {
    let racks = (0..dice.count(0, 2)).map(|_| {
        let left = dice.between(-7.0, 5.0);
        [left, left + dice.between(1.2, 3.2)]
    });
    let racks = racks.collect();
    Style {
        wall: dice.color(120.0, 225.0, 18.0),
        base: dice.color(80.0, 200.0, 26.0),
        floor: dice.color(80.0, 185.0, 14.0),
        mottle: dice.between(2.0, 14.0),
        patch: usize::from(dice.count(4, 60)),
        racks,
        press: false,
        gate: dice.is(0.5),
        clutter: dice.count(0, 16),
    }
}

fn finish(dice: &mut Dice) -> Finish {
    Finish {
        tint: std::array::from_fn(|_| dice.between(0.88, 1.12)),
        noise: dice.between(0.4, 4.0),
        blur: usize::from(dice.count(1, Finish::BLUR_MAX as u8)),
    }
}
