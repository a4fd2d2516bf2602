//! The simulated site, `sim://`: a small factory hall, drawn, with workers who walk in and out of zones.
//!
//! A [`Scene`] is a pure function of its scenario, seed and time: the same
//! bytes on every machine, because nothing but `+ - * /` and square roots
//! stands between the seed and the picture. The people are drawn so that the
//! bundled detector sees them; [`Scene::truth`] says what it should see.

mod body;
mod camera;
mod canvas;
mod events;
#[cfg(test)]
mod events_tests;
mod figure;
mod finish;
mod hall;
mod head;
mod incidents;
mod layout;
mod look;
mod mishap;
mod mistake;
mod pillar;
mod random;
mod random_site;
mod rule_events;
mod scenario;
mod scenario_file;
mod script;
mod silhouette;
mod solid;
#[cfg(test)]
mod tests;
mod thing;
mod truth;
mod vehicle;

use std::collections::BTreeSet;

use safe_yolo_core::{
    Calibration, CalibrationError, Equipment, FractionPoint, PictureSize, PictureTime, PixelBox,
    Rule, ZoneType,
};

use canvas::{Canvas, Shape};
use finish::Sensor;
use pillar::Pillar;
use scenario::Plan;

pub use events::{TruthEvent, TruthKind};
pub use look::LookSet;
pub use truth::{Posture, TruthBox, TruthPerson, TruthThing};

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
    /// A seed that is kept for pictures to train with.
    #[error("seed {0} is too large: use one below {first}, the others are to train with", first = FIRST_TRAINING_SEED)]
    Seed(u64),
    /// A size that no picture has.
    #[error("pictures of {0}x{1} can't be drawn: take even sides of 64 to 3840 pixels")]
    Size(u32, u32),
}

/// Seeds from here on belong to [`LookSet::Training`], those before to [`LookSet::Scoring`].
const FIRST_TRAINING_SEED: u64 = 1 << 63;

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
    /// What else is watched for.
    pub rules: Vec<Rule>,
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
    /// The names of the scenarios; docs/scenarios.md says what happens in each.
    pub const SCENARIOS: &[&str] = &SCENARIO_NAMES;
    /// The name of the scenes by the dice.
    pub const RANDOM: &str = "random";

    /// The scene of this name; clothes, faces, boxes and noise vary with the seed.
    ///
    /// # Errors
    /// When no scenario has this name, or the seed is one to train with.
    pub fn new(scenario: &str, seed: u64) -> Result<Self, SceneError> {
        Self::from_text(scenario, Self::text(scenario)?, seed, None)
    }

    /// The same in pictures of another size: the same view from left to right.
    ///
    /// # Errors
    /// As [`Scene::new`]; also when there are no pictures of that size.
    pub fn in_size(scenario: &str, seed: u64, size: PictureSize) -> Result<Self, SceneError> {
        Self::from_text(scenario, Self::text(scenario)?, seed, Some(size))
    }

    /// The scene that this text describes; `name` is for errors.
    ///
    /// # Errors
    /// When the text is no scenario: what is wrong, and where.
    pub fn from_text(
        name: &str,
        text: &str,
        seed: u64,
        size: Option<PictureSize>,
    ) -> Result<Self, SceneError> {
        check(seed, size)?;
        Ok(Self::build(scenario::plan(name, text, seed, size)?, seed))
    }

    /// A scene by the dice, 20 s long: camera, light, hall, people and things. With the looks to
    /// train with, seed N is seed 2^63 + N, which no scored scene can have.
    ///
    /// # Errors
    /// When the seed is 2^63 or more, or there are no pictures of that size.
    pub fn random(seed: u64, set: LookSet, size: Option<PictureSize>) -> Result<Self, SceneError> {
        check(seed, size)?;
        let seed = match set {
            LookSet::Scoring => seed,
            LookSet::Training => seed + FIRST_TRAINING_SEED,
        };
        Ok(Self::build(random_site::plan(seed, set, size), seed))
    }

    /// The scene of that name, or the random one ([`Scene::RANDOM`]) with the looks of scoring.
    ///
    /// # Errors
    /// As [`Scene::in_size`].
    pub fn open(scenario: &str, seed: u64, size: Option<PictureSize>) -> Result<Self, SceneError> {
        if scenario == Self::RANDOM {
            return Self::random(seed, LookSet::Scoring, size);
        }
        Self::from_text(scenario, Self::text(scenario)?, seed, size)
    }

    fn text(scenario: &str) -> Result<&'static str, SceneError> {
        let known = scenario::ALL.iter().find(|(name, _)| *name == scenario);
        known
            .map(|(_, text)| *text)
            .ok_or_else(|| SceneError::Unknown { name: scenario.to_owned() })
    }

    fn build(plan: Plan, seed: u64) -> Self {
        let sharp_hall = hall::picture(&plan.camera, &plan.areas, &plan.style, seed);
        let mut blurred_hall = sharp_hall.clone();
        let size = plan.camera.size;
        let (width, height) = (size.width as usize, size.height as usize);
        let mut canvas = Canvas::new(&mut blurred_hall, width, height);
        plan.pillar.iter().flat_map(Pillar::shapes).for_each(|shape| canvas.draw(&shape));
        for _ in 0..plan.finish.blur {
            finish::blur(&mut blurred_hall, width);
        }
        let sensor = Sensor::new(seed, plan.finish.noise);
        Self { plan, sharp_hall, blurred_hall, sensor, seed }
    }

    /// Size of every picture, pixels.
    #[must_use]
    pub const fn size(&self) -> PictureSize {
        self.plan.camera.size
    }

    /// Pictures a second the scene is meant for.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        15.0
    }

    /// Seconds of one loop; the end leads on to the beginning without a jump.
    #[must_use]
    pub const fn duration(&self) -> f64 {
        self.plan.duration
    }

    /// Draws the picture of this time: rows from the top, red, green, blue.
    pub fn render(&self, time: PictureTime, rgb: &mut Vec<u8>) {
        let width = self.size().width as usize;
        rgb.clear();
        rgb.extend_from_slice(&self.blurred_hall);
        let (seconds, mishaps) = (self.seconds(time), &self.plan.mishaps);
        if mishaps.is_covered(seconds) {
            mishap::cover(rgb, width);
        } else {
            self.draw_moving(time, rgb);
            mishap::shift(rgb, width, mishaps.shift(seconds));
            let light = mishaps.light(seconds) as f32;
            let levels = self.plan.finish.tint.map(|tint| tint * light);
            if levels.iter().any(|level| (level - 1.0).abs() > 1e-3) {
                mishap::dim(rgb, levels);
            }
        }
        self.sensor.expose(rgb, width, time.micros().cast_unsigned());
    }

    /// Seconds into the loop.
    fn seconds(&self, time: PictureTime) -> f64 {
        time.secs_f64().rem_euclid(self.plan.duration)
    }

    fn draw_moving(&self, time: PictureTime, rgb: &mut [u8]) {
        let (width, height) = (self.size().width as usize, self.size().height as usize);
        let seconds = self.seconds(time);
        let soft = self.plan.soft(seconds);
        let standing = self.plan.standing(seconds, self.seed);
        // Only rows with something moving on them are drawn and blurred anew,
        // with rows to spare for the reach of the blur.
        let moving = standing.iter().filter(|standing| !standing.is_pillar());
        let bounds = outline(soft.iter().chain(moving.flat_map(|standing| &standing.shapes)));
        let blur = self.plan.finish.blur;
        let spare = blur as f32 + 2.0;
        let top = ((bounds.y1 - spare).max(0.0) as usize).min(height);
        let bottom = ((bounds.y2 + spare + 1.0).max(0.0) as usize).min(height);
        if top + 2 * blur < bottom {
            let (start, end) = (top * width * 3, bottom * width * 3);
            let rows = &mut rgb[..end];
            rows[start..].copy_from_slice(&self.sharp_hall[start..end]);
            let mut canvas = Canvas::new(rows, width, height);
            canvas.skip_rows(top);
            soft.iter().for_each(|shape| canvas.draw(shape));
            let shapes = standing.iter().flat_map(|standing| &standing.shapes);
            shapes.for_each(|shape| canvas.draw(shape));
            for _ in 0..blur {
                finish::blur(&mut rows[start..], width);
            }
            // The first and the last rows lacked neighbours to be blurred with.
            let row = width * 3 * blur;
            rgb[start..start + row].copy_from_slice(&self.blurred_hall[start..start + row]);
            rgb[end - row..end].copy_from_slice(&self.blurred_hall[end - row..end]);
        }
    }

    /// Zones that suit the scene; their outlines are painted on the floor.
    #[must_use]
    pub fn zones(&self) -> Vec<SceneZone> {
        let zone = |area: &scenario::Area| SceneZone {
            name_ko: area.name.ko.clone(),
            name_en: area.name.en.clone(),
            zone_type: area.zone_type,
            points: self.plan.camera.polygon(&scenario_file::corners(area.sides)),
            require: area.require.clone(),
            rules: area.rules.clone(),
        };
        self.plan.areas.iter().map(zone).collect()
    }

    /// What the camera's calibration would be: four points of the floor, and where they are,
    /// metres to the right of the hall's middle and away from the usual camera.
    ///
    /// # Errors
    /// When the camera sees too little of the floor.
    pub fn calibration(&self) -> Result<Calibration, CalibrationError> {
        let (points, metres) = self.plan.camera.corners_of_floor();
        Calibration::new(points, metres)
    }

    #[cfg(test)]
    fn random_height(seed: u64, set: LookSet) -> f32 {
        random_site::plan(seed, set, None).camera.at[1]
    }

    /// How high the camera hangs, metres.
    #[must_use]
    pub const fn camera_height(&self) -> f32 {
        self.plan.camera.at[1]
    }
}

/// The names of [`scenario::ALL`].
const SCENARIO_NAMES: [&str; scenario::ALL.len()] = {
    let mut names = [""; scenario::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = scenario::ALL[at].0;
        at += 1;
    }
    names
};

fn check(seed: u64, size: Option<PictureSize>) -> Result<(), SceneError> {
    if seed >= FIRST_TRAINING_SEED {
        return Err(SceneError::Seed(seed));
    }
    let [low, high] = scenario_file::SIZE;
    let fits = |side: u32| (low..=high).contains(&side) && side.is_multiple_of(2);
    match size {
        Some(PictureSize { width, height }) if !fits(width) || !fits(height) => {
            Err(SceneError::Size(width, height))
        }
        _ => Ok(()),
    }
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
