//! Scenarios: who walks where, which zones are painted, what stands in the way.
//! A scenario is a TOML file; those of `scenarios/` are shipped with the program.

use std::collections::BTreeSet;

use safe_yolo_core::{Equipment, ZoneType};
use serde::Deserialize;

use super::SceneError;
use super::look::{Item, Look};
use super::mishap::{Cover, Light, Mishaps, Shake};
use super::pillar::{self, Pillar};
use super::script::{Heading, Leg, Script};
use super::thing::{Kind, Thing};

/// Every scenario that is shipped, by name.
pub(super) const ALL: [(&str, &str); 11] = [
    ("covered", include_str!("../scenarios/covered.toml")),
    ("crowd", include_str!("../scenarios/crowd.toml")),
    ("demo", include_str!("../scenarios/demo.toml")),
    ("extinguisher-removed", include_str!("../scenarios/extinguisher-removed.toml")),
    ("fire", include_str!("../scenarios/fire.toml")),
    ("forklift", include_str!("../scenarios/forklift.toml")),
    ("helmet-off", include_str!("../scenarios/helmet-off.toml")),
    ("helmets", include_str!("../scenarios/helmets.toml")),
    ("intruders", include_str!("../scenarios/intruders.toml")),
    ("pillar", include_str!("../scenarios/pillar.toml")),
    ("quiet", include_str!("../scenarios/quiet.toml")),
];

/// The longest loop and the longest step, seconds.
const DURATION_MAX_S: f64 = 3600.0;
/// The most of a kind.
const WORKERS_MAX: usize = 40;
const ZONES_MAX: usize = 16;
/// Numbers of drivers, which are no workers', begin here.
const FORKLIFT_FIRST: u32 = 1000;
const STEPS_MAX: usize = 1000;
const THINGS_MAX: usize = 60;
const MISHAPS_MAX: usize = 200;
/// Pixels.
const SHAKE_MAX: u8 = 20;
/// Where things may be: to either side of the picture's middle, and from the camera, metres.
const SIDE_MAX_M: f64 = 30.0;
const DISTANCE_M: [f64; 2] = [4.0, 40.0];

/// A worker and his path.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// His number in the scenario, from 0.
    pub(super) id: u32,
    /// What he looks like when he comes.
    pub(super) look: Look,
    /// Where he goes.
    pub(super) script: Script,
    /// What he puts on and takes off on his way, seconds after his start.
    pub(super) changes: Vec<Change>,
}

/// Something is put on or taken off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) at: f64,
    pub(super) item: Item,
    pub(super) worn: bool,
}

impl Actor {
    /// What he looks like `seconds` into a loop of `duration` seconds.
    pub(super) fn look_at(&self, seconds: f64, duration: f64) -> Look {
        let local = (seconds - self.script.start).rem_euclid(duration);
        let so_far = self.changes.iter().filter(|change| change.at <= local);
        so_far.fold(self.look, |look, change| look.with(change.item, change.worn))
    }
}

/// A zone on the floor.
#[derive(Debug, Clone)]
pub(super) struct Area {
    /// What it is called.
    pub(super) name: Name,
    /// What it means.
    pub(super) zone_type: ZoneType,
    /// Left, right, near and far side, metres.
    pub(super) sides: [f32; 4],
    /// Equipment asked for in it.
    pub(super) require: BTreeSet<Equipment>,
}

/// Everything that makes a scenario.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Seconds of one loop.
    pub(super) duration: f64,
    /// The people.
    pub(super) actors: Vec<Actor>,
    /// The zones.
    pub(super) areas: Vec<Area>,
    /// A pillar between the camera and the people.
    pub(super) pillar: Option<Pillar>,
    /// Forklifts, each with its driver.
    pub(super) forklifts: Vec<Actor>,
    /// What stands about.
    pub(super) things: Vec<Thing>,
    /// What happens to light and camera.
    pub(super) mishaps: Mishaps,
}

/// A scenario as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Seconds of one loop.
    duration_s: f64,
    /// Whether a pillar hides the first worker for a second.
    #[serde(default)]
    pillar: bool,
    #[serde(default, rename = "worker")]
    workers: Vec<Worker>,
    #[serde(default, rename = "zone")]
    zones: Vec<Zone>,
    /// Paths as a worker's; what is worn is the driver's.
    #[serde(default, rename = "forklift")]
    forklifts: Vec<Worker>,
    #[serde(default, rename = "thing")]
    things: Vec<ThingFile>,
    #[serde(default, rename = "light")]
    lights: Vec<Light>,
    #[serde(default, rename = "shake")]
    shakes: Vec<Shake>,
    #[serde(default, rename = "cover")]
    covers: Vec<Cover>,
}

/// Something on the floor; it is there all the time unless it says from when and until when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThingFile {
    kind: Kind,
    at: [f64; 2],
    from_s: Option<f64>,
    until_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    #[serde(default = "yes")]
    helmet: bool,
    #[serde(default = "yes")]
    vest: bool,
    /// When in the loop the first step begins.
    start_s: f64,
    /// Where: to the right of the picture's middle and from the camera, metres.
    from: [f64; 2],
    steps: Vec<Step>,
}

/// One part of a path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Step {
    Walk(Walk),
    Stand(Stand),
    PutOn(PutOn),
    TakeOff(TakeOff),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Walk {
    walk_to: [f64; 2],
    s: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stand {
    stand: Side,
    s: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PutOn {
    put_on: Item,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeOff {
    take_off: Item,
}

/// Where somebody looks who stands: half to the left or half to the right of the camera.
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
struct Zone {
    name: Name,
    #[serde(rename = "type")]
    zone_type: ZoneType,
    /// Left, right, near and far side, metres.
    sides: [f64; 4],
    #[serde(default)]
    require: BTreeSet<Equipment>,
}

/// A name in Korean and English.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    pub(super) ko: String,
    pub(super) en: String,
}

const fn yes() -> bool {
    true
}

/// The scenario in this text.
pub(super) fn plan(name: &str, text: &str, seed: u64) -> Result<Plan, SceneError> {
    let wrong = |why: String| SceneError::Scenario { name: name.to_owned(), why };
    // The reader's error names line and column.
    let file: File = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    file.check().map_err(wrong)?;
    let actor = |(id, worker): (u32, Worker)| Actor {
        id,
        look: Look::new(seed, id, worker.helmet, worker.vest),
        changes: worker.changes(),
        script: worker.script(),
    };
    let mut actors: Vec<Actor> = (0..).zip(file.workers).map(actor).collect();
    let forklifts = (FORKLIFT_FIRST..).zip(file.forklifts).map(actor).collect();
    let pillar = actors.first_mut().filter(|_| file.pillar);
    let pillar = pillar.map(|first| pillar::fit(first, file.duration_s));
    let areas = file.zones.into_iter().map(Zone::area).collect();
    let duration = file.duration_s;
    let thing = |ThingFile { kind, at, from_s, until_s }: ThingFile| Thing {
        kind,
        at: at.map(|side| side as f32),
        there: [from_s.unwrap_or(0.0), until_s.unwrap_or(duration)],
    };
    let things = file.things.into_iter().map(thing).collect();
    let mishaps = Mishaps { lights: file.lights, shakes: file.shakes, covers: file.covers };
    Ok(Plan { duration, actors, areas, pillar, forklifts, things, mishaps })
}

impl File {
    fn check(&self) -> Result<(), String> {
        seconds("duration_s", self.duration_s)?;
        at_most("workers", self.workers.len(), WORKERS_MAX)?;
        at_most("zones", self.zones.len(), ZONES_MAX)?;
        if self.pillar && self.workers.is_empty() {
            return Err("a pillar hides the first worker, but there is none".into());
        }
        for (number, worker) in (1..).zip(&self.workers) {
            worker.check(self.duration_s).map_err(|why| format!("worker {number}: {why}"))?;
        }
        at_most("forklifts", self.forklifts.len(), WORKERS_MAX)?;
        for (number, forklift) in (1..).zip(&self.forklifts) {
            forklift.check(self.duration_s).map_err(|why| format!("forklift {number}: {why}"))?;
        }
        for zone in &self.zones {
            zone.check().map_err(|why| format!("zone '{}': {why}", zone.name.en))?;
        }
        at_most("things", self.things.len(), THINGS_MAX)?;
        for (number, thing) in (1..).zip(&self.things) {
            let (from, until) =
                (thing.from_s.unwrap_or(0.0), thing.until_s.unwrap_or(self.duration_s));
            let checked = place("at", thing.at).and(self.span(from, until));
            checked.map_err(|why| format!("thing {number}: {why}"))?;
        }
        self.check_mishaps()
    }

    fn check_mishaps(&self) -> Result<(), String> {
        let count = self.lights.len() + self.shakes.len() + self.covers.len();
        at_most("changes of light, shakes and covers", count, MISHAPS_MAX)?;
        let mut before = 0.0;
        for Light { at_s, level } in &self.lights {
            if !(before..=self.duration_s).contains(at_s) || !(0.0..=2.0).contains(level) {
                return Err(format!(
                    "light of {level} at {at_s} s: times must rise within the loop, levels lie from 0 to 2"
                ));
            }
            before = *at_s;
        }
        for shake in &self.shakes {
            self.span(shake.from_s, shake.until_s).map_err(|why| format!("shake: {why}"))?;
            if shake.pixels > SHAKE_MAX {
                return Err(format!("shake of {} pixels: at most {SHAKE_MAX}", shake.pixels));
            }
        }
        for cover in &self.covers {
            self.span(cover.from_s, cover.until_s).map_err(|why| format!("cover: {why}"))?;
        }
        Ok(())
    }

    /// A time within the loop that does not end before it begins.
    fn span(&self, from_s: f64, until_s: f64) -> Result<(), String> {
        if 0.0 <= from_s && from_s < until_s && until_s <= self.duration_s {
            return Ok(());
        }
        Err(format!(
            "from {from_s} s until {until_s} s is no time within the loop of {} s",
            self.duration_s
        ))
    }
}

impl Worker {
    fn check(&self, duration_s: f64) -> Result<(), String> {
        place("from", self.from)?;
        if !(0.0..duration_s).contains(&self.start_s) {
            return Err(format!(
                "start_s is {}: it must lie in the loop, from 0 to {duration_s}",
                self.start_s
            ));
        }
        at_most("steps", self.steps.len(), STEPS_MAX)?;
        for (number, step) in (1..).zip(&self.steps) {
            let checked = match step {
                Step::Walk(walk) => place("walk_to", walk.walk_to).and(seconds("s", walk.s)),
                Step::Stand(stand) => seconds("s", stand.s),
                Step::PutOn(_) | Step::TakeOff(_) => Ok(()),
            };
            checked.map_err(|why| format!("step {number}: {why}"))?;
        }
        let lasts: f64 = self.steps.iter().map(Step::seconds).sum();
        // A sum of decimal numbers is off by a little.
        if lasts <= 0.0 || lasts > duration_s + 1e-6 {
            return Err(format!(
                "its steps last {lasts} s: they must take some time, and no more than the loop of {duration_s} s"
            ));
        }
        Ok(())
    }

    /// What is put on and taken off between the steps that take time.
    fn changes(&self) -> Vec<Change> {
        let mut at = 0.0;
        let change = |step: &Step| {
            at += step.seconds();
            match *step {
                Step::PutOn(PutOn { put_on: item }) => Some(Change { at, item, worn: true }),
                Step::TakeOff(TakeOff { take_off: item }) => Some(Change { at, item, worn: false }),
                Step::Walk(_) | Step::Stand(_) => None,
            }
        };
        self.steps.iter().filter_map(change).collect()
    }

    fn script(self) -> Script {
        let leg = |step| match step {
            Step::Walk(Walk { walk_to: [x, z], s }) => Some(Leg::To(x, z, s)),
            Step::Stand(Stand { stand, s }) => Some(Leg::Stand(s, stand.heading())),
            Step::PutOn(_) | Step::TakeOff(_) => None,
        };
        let legs = self.steps.into_iter().filter_map(leg).collect();
        Script { start: self.start_s, from: self.from, legs }
    }
}

impl Step {
    const fn seconds(&self) -> f64 {
        match self {
            Self::Walk(walk) => walk.s,
            Self::Stand(stand) => stand.s,
            Self::PutOn(_) | Self::TakeOff(_) => 0.0,
        }
    }
}

impl Zone {
    fn check(&self) -> Result<(), String> {
        let [left, right, near, far] = self.sides;
        place("sides", [left, near])?;
        place("sides", [right, far])?;
        if left < right && near < far {
            return Ok(());
        }
        let sides = self.sides;
        Err(format!("sides are {sides:?}: left must be less than right, and near less than far"))
    }

    fn area(self) -> Area {
        let Self { name, zone_type, sides, require } = self;
        Area { name, zone_type, sides: sides.map(|side| side as f32), require }
    }
}

fn seconds(what: &str, value: f64) -> Result<(), String> {
    if value > 0.0 && value <= DURATION_MAX_S {
        return Ok(());
    }
    Err(format!("{what} is {value}: it must be over 0 and at most {DURATION_MAX_S} seconds"))
}

fn place(what: &str, [x, z]: [f64; 2]) -> Result<(), String> {
    let [near, far] = DISTANCE_M;
    if x.abs() <= SIDE_MAX_M && (near..=far).contains(&z) {
        return Ok(());
    }
    Err(format!(
        "{what} is [{x}, {z}]: at most {SIDE_MAX_M} metres to either side, and {near} to {far} from the camera"
    ))
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), String> {
    if count <= max { Ok(()) } else { Err(format!("{count} {what} are too many: at most {max}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "duration_s = 10.0\n\
        [[worker]]\nstart_s = 1.0\nfrom = [0.0, 8.0]\n\
        steps = [{ walk_to = [1.0, 8.0], s = 2.0 }, { stand = \"left\", s = 3.0 }]\n\
        [[zone]]\nname = { ko = \"구역\", en = \"zone\" }\ntype = \"danger\"\nsides = [-1.0, 1.0, 7.0, 9.0]\n";

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert!(plan("good", GOOD, 1).is_ok());
        for (from, to, says) in [
            ("duration_s = 10.0", "duration_s = 0.0", "duration_s is 0"),
            ("duration_s = 10.0", "duration_s = nan", "duration_s is NaN"),
            ("duration_s = 10.0", "duration_s = 4.0", "worker 1: its steps last 5 s"),
            ("duration_s = 10.0", "duration_s = 10.0\npilar = true", "unknown field `pilar`"),
            ("start_s = 1.0", "start_s = 10.0", "worker 1: start_s is 10"),
            ("from = [0.0, 8.0]", "from = [0.0, 1.0]", "worker 1: from is [0, 1]"),
            ("walk_to = [1.0, 8.0]", "walk_to = [inf, 8.0]", "step 1: walk_to is [inf, 8]"),
            ("s = 3.0", "s = -3.0", "step 2: s is -3"),
            ("\"left\"", "\"up\"", "line 5"),
            ("type = \"danger\"", "type = \"deadly\"", "unknown variant `deadly`"),
            ("sides = [-1.0, 1.0", "sides = [1.0, -1.0", "zone 'zone': sides are"),
            (
                "[[zone]]",
                "[[thing]]\nkind = \"cone\"\nat = [0.0, 50.0]\n[[zone]]",
                "thing 1: at is [0, 50]",
            ),
            ("[[zone]]", "[[cover]]\nfrom_s = 3.0\nuntil_s = 12.0\n[[zone]]", "cover: from 3 s"),
            ("[[zone]]", "[[light]]\nat_s = 3.0\nlevel = -1.0\n[[zone]]", "light of -1 at 3 s"),
            (
                "[[zone]]",
                "[[shake]]\nfrom_s = 3.0\nuntil_s = 4.0\npixels = 90\n[[zone]]",
                "90 pixels",
            ),
            ("{ stand", "{ take_off = \"trousers\" }, { stand", "line 5"),
            ("[[worker]]", "pillar = true\n[[wörker]]", "TOML parse error at line 3"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let error = plan("bad", &text, 1).unwrap_err().to_string();
            assert!(error.contains("scenario 'bad'") && error.contains(says), "{says}: {error}");
        }
        let none = "duration_s = 10.0\npillar = true\n";
        let error = plan("bad", none, 1).unwrap_err().to_string();
        assert!(error.contains("there is none"), "{error}");
    }
}
