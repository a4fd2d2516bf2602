//! The simulated site, `sim://`: a small factory hall, drawn, with workers who walk in and out of zones.
//!
//! A [`Scene`] is a pure function of its scenario, seed and time: the same
//! bytes on every machine, because nothing but `+ - * /` and square roots
//! stands between the seed and the picture. The people are drawn so that the
//! bundled detector sees them; [`Scene::truth`] says what it should see.

mod body;
mod camera;
mod canvas;
mod figure;
mod finish;
mod hall;
mod head;
mod look;
mod mishap;
mod pillar;
mod random;
mod scenario;
mod script;
#[cfg(test)]
mod tests;
mod thing;
mod vehicle;

use std::collections::BTreeSet;

use safe_yolo_core::{
    Class, Equipment, FractionPoint, PictureSize, PictureTime, PixelBox, PixelPoint, ZoneType,
};

use camera::SIZE;
use canvas::{Canvas, Shape};
use finish::Sensor;
use look::Look;
use pillar::Pillar;
use scenario::{Actor, Plan};
use script::Stance;
use thing::Thing;
use vehicle::Forklift;

/// Why there is no scene.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SceneError {
    /// No scenario has this name.
    #[error("there is no scenario '{name}': use one of {known}", known = Scene::SCENARIOS.join(", "))]
    Unknown {
        /// The name as given.
        name: String,
    },
    /// A scenario's text is wrong.
    #[error("scenario '{name}': {why}")]
    Scenario {
        /// Which scenario.
        name: String,
        /// What is wrong, and where.
        why: String,
    },
}

/// A person of the scene at one moment, as a perfect detector would see him.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthPerson {
    /// His number in the scenario, from 0.
    pub actor: u32,
    /// His outline with helmet and boots, without shadow, cut to the picture.
    pub bbox: PixelBox,
    /// The point of the floor under him; outside the picture while he enters it.
    pub foot: PixelPoint,
    /// Whether he wears a helmet.
    pub helmet: bool,
    /// Whether he wears a vest.
    pub vest: bool,
    /// The part of him that is in the picture and not hidden, 0 to 1 (an
    /// estimate from boxes, but exactly 0 when and only when nothing is seen).
    pub visible: f32,
}

/// A thing of the scene at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthThing {
    /// What it is.
    pub class: Class,
    /// Its outline without shadow or glow, cut to the picture.
    pub bbox: PixelBox,
}

/// A zone that suits the scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneZone {
    /// Its name in Korean.
    pub name_ko: String,
    /// Its name in English.
    pub name_en: String,
    /// What it means.
    pub zone_type: ZoneType,
    /// Its outline on the floor, fractions of the picture.
    pub points: Vec<FractionPoint>,
    /// Equipment to ask for in it.
    pub require: BTreeSet<Equipment>,
}

/// A drawn scene, ready to be rendered at any time.
pub struct Scene {
    plan: Plan,
    /// The hall without people and pillar, as drawn.
    sharp_hall: Vec<u8>,
    /// The hall without people, as the lens blurs it.
    blurred_hall: Vec<u8>,
    sensor: Sensor,
    seed: u64,
}

impl Scene {
    /// The names of the scenarios:
    ///
    /// - `covered`: somebody in the zone all the time, the camera covered from 25 s to 40 s, after
    ///   the light sank and the camera shook;
    /// - `crowd`: ten workers who cross the hall and stop here and there;
    /// - `demo`: four workers about a press and a forklift lane, one
    ///   bare-headed, one without vest;
    /// - `extinguisher-removed`: one beside a lane, away from 20 s to 50 s;
    /// - `fire`: smoke from 10 s to 50 s, flames from 16 s to 45 s;
    /// - `forklift`: one drives through twice; at 16 s it passes a worker by a metre and a half;
    /// - `helmet-off`: one worker, bare-headed from 15 s to 35 s;
    /// - `helmets`: two workers in one zone all the time, actor 1 bare-headed;
    /// - `intruders`: actor 0 is in the zone from 3 s to 50 s, actor 1 from
    ///   13 s to 25 s;
    /// - `pillar`: one worker crosses the zone from 3.5 s to 11.5 s and is
    ///   fully hidden for one second of it;
    /// - `quiet`: nobody.
    pub const SCENARIOS: &[&str] = &[
        "covered",
        "crowd",
        "demo",
        "extinguisher-removed",
        "fire",
        "forklift",
        "helmet-off",
        "helmets",
        "intruders",
        "pillar",
        "quiet",
    ];

    /// The scene of this name; clothes, faces, boxes and noise vary with the seed.
    ///
    /// # Errors
    /// When no scenario has this name.
    pub fn new(scenario: &str, seed: u64) -> Result<Self, SceneError> {
        let (_, text) = scenario::ALL
            .iter()
            .find(|(name, _)| *name == scenario)
            .ok_or_else(|| SceneError::Unknown { name: scenario.to_owned() })?;
        Self::from_text(scenario, text, seed)
    }

    /// The scene that this text describes; `name` is for errors.
    ///
    /// # Errors
    /// When the text is no scenario: what is wrong, and where.
    pub fn from_text(name: &str, text: &str, seed: u64) -> Result<Self, SceneError> {
        let plan = scenario::plan(name, text, seed)?;
        let sharp_hall = hall::picture(&plan.areas, seed);
        let mut blurred_hall = sharp_hall.clone();
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        let mut canvas = Canvas::new(&mut blurred_hall, width, height);
        plan.pillar.iter().flat_map(Pillar::shapes).for_each(|shape| canvas.draw(&shape));
        finish::blur(&mut blurred_hall, width);
        Ok(Self { plan, sharp_hall, blurred_hall, sensor: Sensor::new(seed), seed })
    }

    /// Size of every picture, pixels.
    #[must_use]
    pub fn size(&self) -> PictureSize {
        SIZE
    }

    /// Pictures a second the scene is meant for.
    #[must_use]
    pub fn rate(&self) -> f64 {
        15.0
    }

    /// Seconds of one loop; the end leads on to the beginning without a jump.
    #[must_use]
    pub fn duration(&self) -> f64 {
        self.plan.duration
    }

    /// Draws the picture of this time: rows from the top, red, green, blue.
    pub fn render(&self, time: PictureTime, rgb: &mut Vec<u8>) {
        let width = SIZE.width as usize;
        rgb.clear();
        rgb.extend_from_slice(&self.blurred_hall);
        let (seconds, mishaps) = (self.seconds(time), &self.plan.mishaps);
        if mishaps.is_covered(seconds) {
            mishap::cover(rgb, width);
        } else {
            self.draw_moving(time, rgb);
            mishap::shift(rgb, width, mishaps.shift(seconds));
            let light = mishaps.light(seconds);
            if (light - 1.0).abs() > 1e-3 {
                mishap::dim(rgb, light);
            }
        }
        self.sensor.expose(rgb, width, time.micros().cast_unsigned());
    }

    /// Seconds into the loop.
    fn seconds(&self, time: PictureTime) -> f64 {
        time.secs_f64().rem_euclid(self.plan.duration)
    }

    fn draw_moving(&self, time: PictureTime, rgb: &mut [u8]) {
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        let moving = self.moving(time);
        // Only rows with something moving on them are drawn and blurred anew,
        // with rows to spare for the reach of the blur.
        let bounds = outline(moving.iter().map(|(_, shape)| shape));
        let top = ((bounds.y1 - 3.0).max(0.0) as usize).min(height);
        let bottom = ((bounds.y2 + 4.0).max(0.0) as usize).min(height);
        if top + 2 < bottom {
            let (start, end) = (top * width * 3, bottom * width * 3);
            let rows = &mut rgb[..end];
            rows[start..].copy_from_slice(&self.sharp_hall[start..end]);
            let mut canvas = Canvas::new(rows, width, height);
            canvas.skip_rows(top);
            let mut pillar = self.plan.pillar;
            for (z, shape) in &moving {
                if let Some(behind) = pillar.take_if(|pillar| pillar.z() > *z) {
                    behind.shapes().iter().for_each(|shape| canvas.draw(shape));
                }
                canvas.draw(shape);
            }
            pillar.iter().flat_map(Pillar::shapes).for_each(|shape| canvas.draw(&shape));
            finish::blur(&mut rows[start..], width);
            // The first and the last row lacked a neighbour to be blurred with.
            let row = width * 3;
            rgb[start..start + row].copy_from_slice(&self.blurred_hall[start..start + row]);
            rgb[end - row..end].copy_from_slice(&self.blurred_hall[end - row..end]);
        }
    }

    /// Shadows and people with their distance, the rearmost first.
    fn moving(&self, time: PictureTime) -> Vec<(f32, Shape)> {
        let (seconds, present) = (self.seconds(time), self.present(time));
        let shadows = present.iter().flat_map(|person| figure::shadow(&person.stance));
        // Shadows lie on the floor, behind whatever stands on it.
        let mut moving: Vec<_> = shadows.map(|shape| (f32::MAX, shape)).collect();
        let people = present
            .iter()
            .map(|person| (person.stance.z, figure::shapes(&person.stance, &person.look)));
        let there = || self.plan.things.iter().filter(|thing| thing.is_there(seconds));
        let things = there().map(|thing| (thing.at[1], thing.shapes(seconds, self.seed)));
        let driven = self.driven(seconds);
        let forklifts = driven.iter().map(|(stance, look)| {
            let forklift = Forklift::new(stance, look);
            moving.push((f32::MAX, forklift.shadow()));
            (stance.z, forklift.shapes())
        });
        let forklifts: Vec<_> = forklifts.collect();
        let mut standing: Vec<_> = people.chain(things).chain(forklifts).collect();
        standing.sort_by(|a, b| b.0.total_cmp(&a.0));
        let each = |(z, shapes): (f32, Vec<Shape>)| shapes.into_iter().map(move |shape| (z, shape));
        moving.extend(there().filter_map(Thing::soft).map(|shape| (f32::MAX, shape)));
        moving.extend(standing.into_iter().flat_map(each));
        moving
    }

    /// Everybody who is at least partly inside the picture, hidden or not, by actor.
    #[must_use]
    pub fn truth(&self, time: PictureTime) -> Vec<TruthPerson> {
        let seconds = self.seconds(time);
        let covered = self.plan.mishaps.is_covered(seconds);
        let shift = self.plan.mishaps.shift(seconds).map(|pixels| pixels as f32);
        let boxes: Vec<(Person, PixelBox)> = self
            .present(time)
            .into_iter()
            .map(|person| {
                let shapes = figure::shapes(&person.stance, &person.look);
                (person, moved(outline(shapes.iter()), shift))
            })
            .collect();
        boxes
            .iter()
            .filter(|(_, full)| full.clamp_to(SIZE).area() > 0.0)
            .map(|(person, full)| {
                let stance = &person.stance;
                let in_front = boxes
                    .iter()
                    .filter(|(other, _)| other.id != person.id && other.stance.z < stance.z);
                let visible = self.visible(stance, full, in_front.map(|(_, full)| full));
                let foot = camera::foot(stance.x, stance.z);
                TruthPerson {
                    actor: person.id,
                    bbox: full.clamp_to(SIZE),
                    foot: PixelPoint { x: foot.x + shift[0], y: foot.y + shift[1] },
                    helmet: person.look.helmet.is_some(),
                    vest: person.look.vest.is_some(),
                    visible: if covered { 0.0 } else { visible },
                }
            })
            .collect()
    }

    /// Every thing that is at least partly inside the picture.
    #[must_use]
    pub fn things(&self, time: PictureTime) -> Vec<TruthThing> {
        let seconds = self.seconds(time);
        if self.plan.mishaps.is_covered(seconds) {
            return Vec::new();
        }
        let shift = self.plan.mishaps.shift(seconds).map(|pixels| pixels as f32);
        let there = self.plan.things.iter().filter(|thing| thing.is_there(seconds));
        let things = there.map(|thing| (thing.kind.class(), thing.shapes(seconds, self.seed)));
        let driven = self.driven(seconds);
        let forklifts = driven
            .iter()
            .map(|(stance, look)| (Class::Forklift, Forklift::new(stance, look).shapes()));
        things
            .chain(forklifts)
            .map(|(class, shapes)| {
                let full = moved(outline(shapes.iter()), shift);
                TruthThing { class, bbox: full.clamp_to(SIZE) }
            })
            .filter(|thing| thing.bbox.area() > 0.0)
            .collect()
    }

    /// Zones that suit the scene; their outlines are painted on the floor.
    #[must_use]
    pub fn zones(&self) -> Vec<SceneZone> {
        let zone = |area: &scenario::Area| {
            let [left, right, near, far] = area.sides;
            let corners = [(left, near), (right, near), (right, far), (left, far)];
            SceneZone {
                name_ko: area.name.ko.clone(),
                name_en: area.name.en.clone(),
                zone_type: area.zone_type,
                points: corners.map(|(x, z)| camera::fraction(x, z)).to_vec(),
                require: area.require.clone(),
            }
        };
        self.plan.areas.iter().map(zone).collect()
    }

    /// Forklifts that are there, with their drivers.
    fn driven(&self, seconds: f64) -> Vec<(Stance, Look)> {
        let duration = self.plan.duration;
        let driven = |actor: &Actor| {
            let stance = actor.script.at(seconds, duration)?;
            Some((stance, actor.look_at(seconds, duration)))
        };
        self.plan.forklifts.iter().filter_map(driven).collect()
    }

    fn present(&self, time: PictureTime) -> Vec<Person> {
        let (seconds, duration) = (self.seconds(time), self.plan.duration);
        let person = |actor: &Actor| {
            let stance = actor.script.at(seconds, duration)?;
            Some(Person { id: actor.id, stance, look: actor.look_at(seconds, duration) })
        };
        self.plan.actors.iter().filter_map(person).collect()
    }

    fn visible<'a>(
        &self,
        stance: &Stance,
        full: &PixelBox,
        in_front: impl Iterator<Item = &'a PixelBox>,
    ) -> f32 {
        /// How much of his box a person fills.
        const FILLS: f32 = 0.8;
        let mut inside = full.clamp_to(SIZE);
        if let Some(pillar) = self.plan.pillar.filter(|pillar| pillar.z() < stance.z) {
            let hides = inside.x1 < pillar.right && inside.x2 > pillar.left;
            if hides && pillar.left <= inside.x1 && inside.x2 <= pillar.right {
                return 0.0;
            }
            // The wider of the parts on both sides.
            if hides && inside.x1 + inside.x2 < pillar.left + pillar.right {
                inside.x2 = inside.x2.min(pillar.left.max(inside.x1));
            } else if hides {
                inside.x1 = inside.x1.max(pillar.right.min(inside.x2));
            }
        }
        let seen = inside.area() / full.area().max(1.0);
        in_front.fold(seen, |seen, other| {
            seen * (1.0 - FILLS * full.intersection(other) / full.area().max(1.0))
        })
    }
}

/// An actor at one moment.
#[derive(Debug, Clone, Copy)]
struct Person {
    id: u32,
    stance: Stance,
    look: Look,
}

/// The box elsewhere in the picture.
fn moved(full: PixelBox, [right, down]: [f32; 2]) -> PixelBox {
    PixelBox::new(full.x1 + right, full.y1 + down, full.x2 + right, full.y2 + down)
}

/// The box around these shapes.
fn outline<'a>(shapes: impl Iterator<Item = &'a Shape>) -> PixelBox {
    let all = shapes
        .map(Shape::bounds)
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    all.map_or(PixelBox::new(0.0, 0.0, 0.0, 0.0), PixelBox::from)
}
