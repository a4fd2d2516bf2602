//! `sim://`: a small factory hall, drawn, with workers who walk in and out of zones.
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
mod pillar;
mod random;
mod scenario;
mod script;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use safe_yolo_core::{
    Equipment, FractionPoint, PictureSize, PictureTime, PixelBox, PixelPoint, ZoneType,
};

use camera::SIZE;
use canvas::{Canvas, Shape};
use finish::Sensor;
use pillar::Pillar;
use scenario::{Actor, Plan};
use script::Stance;

/// Why there is no scene.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SceneError {
    /// No scenario has this name.
    #[error("there is no scenario '{name}': use one of {known}", known = Scene::SCENARIOS.join(", "))]
    Unknown {
        /// The name as given.
        name: String,
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

/// A zone that suits the scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneZone {
    /// Its name in Korean.
    pub name_ko: &'static str,
    /// Its name in English.
    pub name_en: &'static str,
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
}

impl Scene {
    /// The names of the scenarios:
    ///
    /// - `demo`: four workers about a press and a forklift lane, one
    ///   bare-headed, one without vest;
    /// - `helmets`: two workers in one zone all the time, actor 1 bare-headed;
    /// - `intruders`: actor 0 is in the zone from 3 s to 50 s, actor 1 from
    ///   13 s to 25 s;
    /// - `pillar`: one worker crosses the zone from 3.5 s to 11.5 s and is
    ///   fully hidden for one second of it;
    /// - `quiet`: nobody.
    pub const SCENARIOS: &[&str] = &["demo", "helmets", "intruders", "pillar", "quiet"];

    /// The scene of this name; clothes, faces, boxes and noise vary with the seed.
    ///
    /// # Errors
    /// When no scenario has this name.
    pub fn new(scenario: &str, seed: u64) -> Result<Self, SceneError> {
        let (_, make) = scenario::ALL
            .iter()
            .find(|(name, _)| *name == scenario)
            .ok_or_else(|| SceneError::Unknown { name: scenario.to_owned() })?;
        let plan = make(seed);
        let sharp_hall = hall::picture(&plan.areas, seed);
        let mut blurred_hall = sharp_hall.clone();
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        let mut canvas = Canvas::new(&mut blurred_hall, width, height);
        plan.pillar.iter().flat_map(Pillar::shapes).for_each(|shape| canvas.draw(&shape));
        finish::blur(&mut blurred_hall, width);
        Ok(Self { plan, sharp_hall, blurred_hall, sensor: Sensor::new(seed) })
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
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        rgb.clear();
        rgb.extend_from_slice(&self.blurred_hall);
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
        self.sensor.expose(rgb, width, time.micros().cast_unsigned());
    }

    /// Shadows and people with their distance, the rearmost first.
    fn moving(&self, time: PictureTime) -> Vec<(f32, Shape)> {
        let mut present = self.present(time);
        present.sort_by(|a, b| b.1.z.total_cmp(&a.1.z));
        let shadows = present.iter().flat_map(|(_, stance)| figure::shadow(stance));
        // Shadows lie on the floor, behind whatever stands on it.
        let mut moving: Vec<_> = shadows.map(|shape| (f32::MAX, shape)).collect();
        for (actor, stance) in &present {
            moving.extend(
                figure::shapes(stance, &actor.look).into_iter().map(|shape| (stance.z, shape)),
            );
        }
        moving
    }

    /// Everybody who is at least partly inside the picture, hidden or not, by actor.
    #[must_use]
    pub fn truth(&self, time: PictureTime) -> Vec<TruthPerson> {
        let boxes: Vec<(&Actor, Stance, PixelBox)> = self
            .present(time)
            .into_iter()
            .map(|(actor, stance)| {
                (actor, stance, outline(figure::shapes(&stance, &actor.look).iter()))
            })
            .collect();
        boxes
            .iter()
            .filter(|(_, _, full)| full.clamp_to(SIZE).area() > 0.0)
            .map(|(actor, stance, full)| {
                let in_front =
                    boxes.iter().filter(|(other, at, _)| other.id != actor.id && at.z < stance.z);
                TruthPerson {
                    actor: actor.id,
                    bbox: full.clamp_to(SIZE),
                    foot: camera::foot(stance.x, stance.z),
                    helmet: actor.look.helmet.is_some(),
                    vest: actor.look.vest.is_some(),
                    visible: self.visible(stance, full, in_front.map(|(_, _, shape)| shape)),
                }
            })
            .collect()
    }

    /// Zones that suit the scene; their outlines are painted on the floor.
    #[must_use]
    pub fn zones(&self) -> Vec<SceneZone> {
        let zone = |area: &scenario::Area| {
            let [left, right, near, far] = area.sides;
            let corners = [(left, near), (right, near), (right, far), (left, far)];
            SceneZone {
                name_ko: area.name[0],
                name_en: area.name[1],
                zone_type: area.zone_type,
                points: corners.map(|(x, z)| camera::fraction(x, z)).to_vec(),
                require: area.require.iter().copied().collect(),
            }
        };
        self.plan.areas.iter().map(zone).collect()
    }

    fn present(&self, time: PictureTime) -> Vec<(&Actor, Stance)> {
        let seconds = time.secs_f64().rem_euclid(self.plan.duration);
        let at = |actor: &Actor| actor.script.at(seconds, self.plan.duration);
        self.plan
            .actors
            .iter()
            .filter_map(|actor| at(actor).map(|stance| (actor, stance)))
            .collect()
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

/// The box around these shapes.
fn outline<'a>(shapes: impl Iterator<Item = &'a Shape>) -> PixelBox {
    let all = shapes
        .map(Shape::bounds)
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]);
    all.map_or(PixelBox::new(0.0, 0.0, 0.0, 0.0), PixelBox::from)
}
