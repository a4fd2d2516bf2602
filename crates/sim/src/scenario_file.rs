//! The text of a scenario: its keys, and what is wrong with it, told with line and column.

use std::collections::BTreeSet;

use safe_yolo_core::{Equipment, PictureSize, Rule, ZoneType};
use serde::Deserialize;

use super::camera::{Camera, View};
use super::look::{Item, Worn};
use super::mishap::{Cover, Light, Shake};
use super::mistake::{Mistake, SIDE_MAX_M, at_most, place, seconds};
use super::scenario::{Area, Change, Name};
use super::script::{Heading, Leg, Script};
use super::thing::{Kind, Thing};

/// The most of a kind.
const WORKERS_MAX: usize = 40;
const ZONES_MAX: usize = 16;
const STEPS_MAX: usize = 1000;
const THINGS_MAX: usize = 60;
const MISHAPS_MAX: usize = 200;
/// Pixels.
const SHAKE_MAX: u8 = 20;
/// Sides of pictures, pixels.
pub(super) const SIZE: [u32; 2] = [64, 3840];

/// A scenario as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Seconds of one loop.
    pub(super) duration_s: f64,
    camera: Option<CameraFile>,
    /// Whether a pillar hides the first worker for a second.
    #[serde(default)]
    pub(super) pillar: bool,
    #[serde(default, rename = "worker")]
    pub(super) workers: Vec<Worker>,
    #[serde(default, rename = "zone")]
    pub(super) zones: Vec<Zone>,
    /// Paths as a worker's; what is worn is the driver's.
    #[serde(default, rename = "forklift")]
    pub(super) forklifts: Vec<Worker>,
    #[serde(default, rename = "thing")]
    pub(super) things: Vec<ThingFile>,
    #[serde(default, rename = "light")]
    pub(super) lights: Vec<Light>,
    #[serde(default, rename = "shake")]
    pub(super) shakes: Vec<Shake>,
    #[serde(default, rename = "cover")]
    pub(super) covers: Vec<Cover>,
}

/// A camera place of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CameraFile {
    /// To the right, up, away, metres.
    at: [f64; 3],
    /// Downwards.
    pitch_deg: f64,
    /// To the right.
    #[serde(default)]
    yaw_deg: f64,
    /// Horizontal field of view.
    fov_deg: f64,
    /// Width and height of the pictures, pixels.
    #[serde(default = "usual_size")]
    size: [u32; 2],
}

const fn usual_size() -> [u32; 2] {
    [Camera::USUAL.size.width, Camera::USUAL.size.height]
}

/// Something on the floor; it is there all the time unless it says from when and until when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThingFile {
    kind: Kind,
    at: [f64; 2],
    /// Width, height and depth, metres.
    size: Option<[f64; 3]>,
    from_s: Option<f64>,
    until_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Worker {
    #[serde(default = "yes")]
    helmet: bool,
    #[serde(default = "yes")]
    vest: bool,
    #[serde(default)]
    mask: bool,
    /// When in the loop the first step begins.
    start_s: f64,
    /// Where: to the right of the hall's middle and away from the usual camera, metres.
    from: [f64; 2],
    steps: Vec<Step>,
}

/// One part of a path: one of the first six, and how long the first four last.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    walk_to: Option<[f64; 2]>,
    stand: Option<Side>,
    crouch: Option<Side>,
    fall: Option<Side>,
    put_on: Option<Item>,
    take_off: Option<Item>,
    s: Option<f64>,
}

/// Where somebody looks who stands, and falls: half to the left or half to the right.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Left,
    Right,
}

impl Side {
    const fn heading(self) -> Heading {
        match self {
            Self::Left => [-1.0, 0.1],
            Self::Right => [1.0, 0.1],
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    name: Name,
    #[serde(rename = "type")]
    zone_type: ZoneType,
    /// Left, right, near and far side, metres.
    sides: [f64; 4],
    #[serde(default)]
    require: BTreeSet<Equipment>,
    #[serde(default)]
    rules: Vec<Rule>,
}

const fn yes() -> bool {
    true
}

impl File {
    /// Reads a scenario. What is wrong is told with its place and the way out.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        // The reader's own errors name line and column.
        let file: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        file.check().map_err(|mistake| mistake.located(text))?;
        Ok(file)
    }

    /// The camera of the scenario; the usual one unless it has its own.
    pub(super) fn camera(&self) -> Camera {
        let Some(CameraFile { at, pitch_deg, yaw_deg, fov_deg, size: [w, h] }) = self.camera else {
            return Camera::USUAL;
        };
        let view = View { yaw: yaw_deg as f32, pitch: pitch_deg as f32, fov: fov_deg as f32 };
        Camera::new(PictureSize::new(w, h), at.map(|side| side as f32), view)
    }

    fn check(&self) -> Result<(), Mistake> {
        seconds("duration_s", self.duration_s)?;
        if let Some(camera) = &self.camera {
            camera.check().map_err(|mistake| mistake.at("camera"))?;
        }
        at_most("worker", self.workers.len(), WORKERS_MAX)?;
        at_most("zone", self.zones.len(), ZONES_MAX)?;
        at_most("forklift", self.forklifts.len(), WORKERS_MAX)?;
        at_most("thing", self.things.len(), THINGS_MAX)?;
        if self.pillar && self.workers.is_empty() {
            let why = "a pillar hides the first worker, but there is none: add a [[worker]]";
            return Err(Mistake::new(why.into()).at("pillar"));
        }
        for (name, workers) in [("worker", &self.workers), ("forklift", &self.forklifts)] {
            for (index, worker) in workers.iter().enumerate() {
                let checked = worker.check(self.duration_s);
                checked.map_err(|mistake| mistake.in_list(name, index))?;
                if let Some(step) = worker.steps.iter().position(Step::is_down)
                    && name == "forklift"
                {
                    let why = "a forklift neither crouches nor falls: let it stand".into();
                    return Err(Mistake::new(why).in_list("steps", step).in_list(name, index));
                }
            }
        }
        let camera = self.camera();
        for (index, zone) in self.zones.iter().enumerate() {
            zone.check(&camera).map_err(|mistake| mistake.in_list("zone", index))?;
        }
        for (index, thing) in self.things.iter().enumerate() {
            thing.check(self).map_err(|mistake| mistake.in_list("thing", index))?;
        }
        self.check_mishaps()
    }

    fn check_mishaps(&self) -> Result<(), Mistake> {
        let count = self.lights.len() + self.shakes.len() + self.covers.len();
        at_most("light", count, MISHAPS_MAX)?;
        let mut before = 0.0;
        for (index, Light { at_s, level }) in self.lights.iter().enumerate() {
            if !(before..=self.duration_s).contains(at_s) || !(0.0..=2.0).contains(level) {
                let why = format!(
                    "{level} at {at_s} s: times must rise within the loop, levels lie from 0 to 2"
                );
                return Err(Mistake::new(why).in_list("light", index));
            }
            before = *at_s;
        }
        for (index, shake) in self.shakes.iter().enumerate() {
            let located = |mistake: Mistake| mistake.in_list("shake", index);
            self.span(shake.from_s, shake.until_s).map_err(located)?;
            if shake.pixels > SHAKE_MAX {
                let why = format!("{} pixels: at most {SHAKE_MAX}", shake.pixels);
                return Err(located(Mistake::new(why).at("pixels")));
            }
        }
        for (index, cover) in self.covers.iter().enumerate() {
            let checked = self.span(cover.from_s, cover.until_s);
            checked.map_err(|mistake| mistake.in_list("cover", index))?;
        }
        Ok(())
    }

    /// A time within the loop that does not end before it begins.
    fn span(&self, from_s: f64, until_s: f64) -> Result<(), Mistake> {
        if 0.0 <= from_s && from_s < until_s && until_s <= self.duration_s {
            return Ok(());
        }
        Err(Mistake::new(format!(
            "from {from_s} s until {until_s} s is no time within the loop of {} s: from_s must be less than until_s",
            self.duration_s
        )))
    }
}

impl CameraFile {
    fn check(&self) -> Result<(), Mistake> {
        let [x, height, z] = self.at;
        if x.abs() > SIDE_MAX_M || !(1.0..=20.0).contains(&height) || !(-10.0..=3.0).contains(&z) {
            let why = format!(
                "at is [{x}, {height}, {z}]: at most {SIDE_MAX_M} m to either side, 1 to 20 m up, from -10 m behind to 3 m before where the usual camera is"
            );
            return Err(Mistake::new(why).at("at"));
        }
        for (name, value, [low, high]) in [
            ("pitch_deg", self.pitch_deg, [0.0, 60.0]),
            ("yaw_deg", self.yaw_deg, [-20.0, 20.0]),
            ("fov_deg", self.fov_deg, [20.0, 80.0]),
        ] {
            if !(low..=high).contains(&value) {
                let why = format!("{name} is {value}: it must lie from {low} to {high}");
                return Err(Mistake::new(why).at(name));
            }
        }
        let [low, high] = SIZE;
        if self.size.iter().any(|side| !(low..=high).contains(side) || side % 2 != 0) {
            let why = format!("size is {:?}: even numbers of {low} to {high} pixels", self.size);
            return Err(Mistake::new(why).at("size"));
        }
        Ok(())
    }
}

impl ThingFile {
    fn check(&self, file: &File) -> Result<(), Mistake> {
        place("at", self.at)?;
        let (from, until) = (self.from_s.unwrap_or(0.0), self.until_s.unwrap_or(file.duration_s));
        file.span(from, until)?;
        match self.size {
            Some(_) if !self.kind.is_obstacle() => {
                let why = "size is for pillar, rack and crates: leave it out".into();
                Err(Mistake::new(why).at("size"))
            }
            Some(size) if size.iter().any(|side| !(0.05..=12.0).contains(side)) => {
                let why =
                    format!("size is {size:?}: width, height and depth from 0.05 to 12 metres");
                Err(Mistake::new(why).at("size"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn thing(self, duration: f64) -> Thing {
        Thing {
            kind: self.kind,
            at: self.at.map(|side| side as f32),
            size: self.size.map(|sides| sides.map(|side| side as f32)),
            there: [self.from_s.unwrap_or(0.0), self.until_s.unwrap_or(duration)],
        }
    }
}

impl Worker {
    fn check(&self, duration_s: f64) -> Result<(), Mistake> {
        place("from", self.from)?;
        if !(0.0..duration_s).contains(&self.start_s) {
            let why = format!(
                "start_s is {}: it must lie in the loop, from 0 to {duration_s}",
                self.start_s
            );
            return Err(Mistake::new(why).at("start_s"));
        }
        at_most("steps", self.steps.len(), STEPS_MAX)?;
        for (index, step) in self.steps.iter().enumerate() {
            step.check().map_err(|mistake| {
                let mut mistake = mistake.in_list("steps", index);
                mistake.why = mistake.why.replacen("steps ", "step ", 1);
                mistake
            })?;
        }
        let lasts: f64 = self.steps.iter().map(Step::seconds).sum();
        // A sum of decimal numbers is off by a little.
        if lasts <= 0.0 || lasts > duration_s + 1e-6 {
            let why = format!(
                "its steps last {lasts} s: they must take some time, and no more than the loop of {duration_s} s"
            );
            return Err(Mistake::new(why).at("steps"));
        }
        Ok(())
    }

    pub(super) const fn worn(&self) -> Worn {
        Worn { helmet: self.helmet, vest: self.vest, mask: self.mask }
    }

    /// What is put on and taken off between the steps that take time.
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut at = 0.0;
        let change = |step: &Step| {
            at += step.seconds();
            match (step.put_on, step.take_off) {
                (Some(item), _) => Some(Change { at, item, worn: true }),
                (None, Some(item)) => Some(Change { at, item, worn: false }),
                (None, None) => None,
            }
        };
        self.steps.iter().filter_map(change).collect()
    }

    pub(super) fn script(self) -> Script {
        let legs = self.steps.iter().filter_map(Step::leg).collect();
        Script { start: self.start_s, from: self.from, legs }
    }
}

impl Step {
    fn check(&self) -> Result<(), Mistake> {
        let timed = [
            self.walk_to.is_some(),
            self.stand.is_some(),
            self.crouch.is_some(),
            self.fall.is_some(),
        ];
        let timed = timed.iter().filter(|is| **is).count();
        let at_once = usize::from(self.put_on.is_some()) + usize::from(self.take_off.is_some());
        if timed + at_once != 1 {
            let why = "it must say one of walk_to, stand, crouch, fall, put_on, take_off".into();
            return Err(Mistake::new(why));
        }
        if let Some(to) = self.walk_to {
            place("walk_to", to)?;
        }
        match self.s {
            None if timed == 1 => {
                Err(Mistake::new("it must say how long it lasts: s = 2.0".into()))
            }
            Some(_) if timed == 0 => {
                let why = "putting on and taking off take no time: leave s out".into();
                Err(Mistake::new(why).at("s"))
            }
            // To fall, to lie for a moment and to get up.
            Some(s) if self.fall.is_some() && s < 3.0 => {
                let why = format!("s is {s}: a fall lasts at least 3 seconds");
                Err(Mistake::new(why).at("s"))
            }
            Some(s) => seconds("s", s),
            None => Ok(()),
        }
    }

    fn is_down(&self) -> bool {
        self.crouch.is_some() || self.fall.is_some()
    }

    fn seconds(&self) -> f64 {
        self.s.unwrap_or(0.0)
    }

    fn leg(&self) -> Option<Leg> {
        let s = self.s?;
        if let Some([x, z]) = self.walk_to {
            return Some(Leg::To(x, z, s));
        }
        let heading = |side: Side| side.heading();
        (self.stand.map(heading).map(|way| Leg::Stand(s, way)))
            .or_else(|| self.crouch.map(heading).map(|way| Leg::Crouch(s, way)))
            .or_else(|| self.fall.map(heading).map(|way| Leg::Fall(s, way)))
    }
}

impl Zone {
    fn check(&self, camera: &Camera) -> Result<(), Mistake> {
        let [left, right, near, far] = self.sides;
        let mistake = |why: String| Mistake::new(why).at("sides");
        place("sides", [left, near])?;
        place("sides", [right, far])?;
        if left >= right || near >= far {
            let sides = self.sides;
            return Err(mistake(format!(
                "sides are {sides:?}: left must be less than right, and near less than far"
            )));
        }
        if camera.polygon(&corners(self.sides.map(|side| side as f32))).len() < 3 {
            let why =
                format!("'{}' is not in the camera's picture: move it or the camera", self.name.en);
            return Err(mistake(why));
        }
        Ok(())
    }

    pub(super) fn area(self) -> Area {
        let Self { name, zone_type, sides, require, rules } = self;
        Area { name, zone_type, sides: sides.map(|side| side as f32), require, rules }
    }
}

/// The corners of a zone in order: to the right and away, metres.
pub(super) const fn corners([left, right, near, far]: [f32; 4]) -> [[f32; 2]; 4] {
    [[left, near], [right, near], [right, far], [left, far]]
}

#[cfg(test)]
#[path = "scenario_file_tests.rs"]
mod tests;
