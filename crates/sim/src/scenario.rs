//! Scenarios: who walks where, which zones are painted, what stands in the way.
//! A scenario is a TOML file; those of `scenarios/` are shipped with the program.

use std::collections::BTreeSet;

use safe_yolo_core::{Equipment, PictureSize, Rule, ZoneType};
use serde::Deserialize;

use super::SceneError;
use super::camera::Camera;
use super::canvas::Rgb;
use super::finish::Finish;
use super::hall::Style;
use super::look::{Item, Look, LookSet};
use super::mishap::Mishaps;
use super::pillar::{self, Pillar};
use super::scenario_file::File;
use super::script::Script;
use super::thing::Thing;

/// Every scenario that is shipped, by name.
pub(super) const ALL: [(&str, &str); 23] = [
    ("covered", include_str!("../scenarios/covered.toml")),
    ("crowd", include_str!("../scenarios/crowd.toml")),
    ("demo", include_str!("../scenarios/demo.toml")),
    ("extinguisher-removed", include_str!("../scenarios/extinguisher-removed.toml")),
    ("fall", include_str!("../scenarios/fall.toml")),
    ("far", include_str!("../scenarios/far.toml")),
    ("fire", include_str!("../scenarios/fire.toml")),
    ("forklift", include_str!("../scenarios/forklift.toml")),
    ("headcount", include_str!("../scenarios/headcount.toml")),
    ("helmet-off", include_str!("../scenarios/helmet-off.toml")),
    ("helmets", include_str!("../scenarios/helmets.toml")),
    ("hidden", include_str!("../scenarios/hidden.toml")),
    ("intruders", include_str!("../scenarios/intruders.toml")),
    ("intrusion", include_str!("../scenarios/intrusion.toml")),
    ("line-crossing", include_str!("../scenarios/line-crossing.toml")),
    ("loitering", include_str!("../scenarios/loitering.toml")),
    ("mask-off", include_str!("../scenarios/mask-off.toml")),
    ("near-miss", include_str!("../scenarios/near-miss.toml")),
    ("pillar", include_str!("../scenarios/pillar.toml")),
    ("quiet", include_str!("../scenarios/quiet.toml")),
    ("vest-off", include_str!("../scenarios/vest-off.toml")),
    ("walkway", include_str!("../scenarios/walkway.toml")),
    ("yard", include_str!("../scenarios/yard.toml")),
];

/// Numbers of drivers, which are no workers', begin here.
pub(super) const FORKLIFT_FIRST: u32 = 1000;

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
    /// Of a driver, the colour of his forklift unless it is yellow.
    pub(super) color: Option<Rgb>,
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
    pub(super) rules: Vec<Rule>,
}

/// Everything that makes a scenario.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// How the hall is seen.
    pub(super) camera: Camera,
    /// What it is made of.
    pub(super) style: Style,
    /// What lens and sensor add.
    pub(super) finish: Finish,
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

/// A name in Korean and English.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Name {
    pub(super) ko: String,
    pub(super) en: String,
}

/// The scenario in this text, with pictures of the given size if it is given.
pub(super) fn plan(
    name: &str,
    text: &str,
    seed: u64,
    size: Option<PictureSize>,
) -> Result<Plan, SceneError> {
    let wrong = |why: String| SceneError::Scenario { name: name.to_owned(), why };
    let file = File::read(text).map_err(wrong)?;
    let mut camera = file.camera();
    if let Some(size) = size {
        camera = camera.resized(size);
    }
    let duration = file.duration_s;
    let actor = |(id, worker): (u32, super::scenario_file::Worker)| Actor {
        id,
        look: Look::new(LookSet::Scoring, seed, id, worker.worn()),
        changes: worker.changes(),
        script: worker.script(),
        color: None,
    };
    let mut actors: Vec<Actor> = (0..).zip(file.workers).map(actor).collect();
    let forklifts = (FORKLIFT_FIRST..).zip(file.forklifts).map(actor).collect();
    let pillar = actors.first_mut().filter(|_| file.pillar);
    let pillar = pillar.map(|first| pillar::fit(&camera, first, duration));
    let things = file.things.into_iter().map(|thing| thing.thing(duration)).collect();
    Ok(Plan {
        camera,
        style: Style::usual(),
        finish: Finish::default(),
        duration,
        actors,
        areas: file.zones.into_iter().map(super::scenario_file::Zone::area).collect(),
        pillar,
        forklifts,
        things,
        mishaps: Mishaps { lights: file.lights, shakes: file.shakes, covers: file.covers },
    })
}
