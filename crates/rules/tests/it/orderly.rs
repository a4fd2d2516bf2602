//! A hall in which every state lasts long enough to be told: people walk from place to place,
//! wander, stand, lie down, come and vanish; a forklift drives up; things are put and taken away.
//!
//! All of it begins within a third of a second of a stage's beginning, and what it makes true then
//! lasts for most of the stage: no rule is left in doubt by its dwell.

use std::fmt;

use proptest::prelude::*;
use safe_yolo_core::{Class, Detection, PictureTime, PixelBox, Track};

use crate::film::{Frame, RATE};
use crate::fixtures::track;

/// How long nothing begins, seconds.
pub(crate) const STAGE_S: f64 = 8.0;
/// A walk from place to place, and when who lies down does, seconds.
const WALK_S: f64 = 0.8;
const LIES_FROM_S: f64 = 2.4;
/// When who wanders does, for how long to and fro, seconds, and how far, pixels.
const WANDERS_S: (f64, f64) = (1.5, 7.5);
const SWING_S: f64 = 3.0;
const SWING_PX: f64 = 50.0;
const DRIVE_S: f64 = 1.2;
/// Width and height of the upright person.
const BODY: (f64, f64) = (28.0, 80.0);

/// Where feet stand: three places outside the zones, then four inside; the forklift drives up to
/// the last.
const PLACES: [[f64; 2]; 7] = [
    [90.0, 470.0],
    [230.0, 470.0],
    [160.0, 330.0],
    [450.0, 470.0],
    [620.0, 470.0],
    [535.0, 330.0],
    [790.0, 470.0],
];
const FIRST_INSIDE: usize = 3;
/// What comes and goes, and where.
const THINGS: [(Class, [f32; 4]); 4] = [
    (Class::FireExtinguisher, [695.0, 380.0, 16.0, 50.0]),
    (Class::Vehicle, [400.0, 230.0, 70.0, 60.0]),
    (Class::Fire, [880.0, 400.0, 50.0, 60.0]),
    (Class::Smoke, [600.0, 240.0, 90.0, 60.0]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pose {
    Stands,
    Wanders,
    Lies,
}

/// What somebody does for a stage.
#[derive(Clone, Copy)]
struct Act {
    place: usize,
    pose: Pose,
    helmet: bool,
}

#[derive(Clone)]
struct Actor {
    /// None: nowhere.
    acts: Vec<Option<Act>>,
    /// How long after a stage's beginning the person moves.
    late_s: f64,
    /// Whether the tracker predicts the person for a second after he vanished.
    lingers: bool,
}

/// The hall.
#[derive(Debug, Clone)]
pub(crate) struct World {
    actors: Vec<Actor>,
    /// Which things are there.
    things: Vec<[bool; 4]>,
    /// Whether the forklift is at the last place.
    near: Vec<bool>,
}

/// Who wants to be where, how.
type Wish = (usize, Pose, bool);

pub(crate) fn world(stages: usize) -> impl Strategy<Value = World> {
    let pose = prop_oneof![Just(Pose::Stands), Just(Pose::Wanders), Just(Pose::Lies)];
    world_of(stages, pose)
}

/// One in which nobody lies down.
pub(crate) fn upright_world(stages: usize) -> impl Strategy<Value = World> {
    world_of(stages, prop_oneof![Just(Pose::Stands), Just(Pose::Wanders)])
}

fn world_of(stages: usize, pose: impl Strategy<Value = Pose>) -> impl Strategy<Value = World> {
    // Beyond the places is nowhere; the last place oftener, where the forklift is.
    let place = prop_oneof![4 => 0..=PLACES.len(), 1 => Just(PLACES.len() - 1)];
    let wish = (place, pose, any::<bool>());
    let actor = (prop::collection::vec(wish, stages), 0.0..0.3, any::<bool>());
    let things = prop::collection::vec(any::<[bool; 4]>(), stages);
    let near = prop::collection::vec(any::<bool>(), stages);
    let actors = prop::collection::vec(actor, 1..4);
    (actors, things, near).prop_map(move |(actors, things, near)| {
        let wishes: Vec<&[Wish]> = actors.iter().map(|(wishes, ..)| wishes.as_slice()).collect();
        let acts = settle(&wishes, stages);
        let actors = actors.iter().zip(acts);
        let actors = actors.map(|((_, late_s, lingers), acts)| Actor {
            acts,
            late_s: *late_s,
            lingers: *lingers,
        });
        World { actors: actors.collect(), things, near }
    })
}

/// At even stages people come, at odd ones they go, so that no number dips for a moment; nobody
/// goes where somebody is or was.
fn settle(wishes: &[&[Wish]], stages: usize) -> Vec<Vec<Option<Act>>> {
    let mut acts: Vec<Vec<Option<Act>>> = vec![Vec::new(); wishes.len()];
    for stage in 0..stages {
        for who in 0..wishes.len() {
            let (wish, pose, helmet) = wishes[who][stage];
            let place = |act: &Option<Act>| act.map(|act| act.place);
            let wanted = (wish < PLACES.len()).then_some(wish);
            let here = acts[who].last().map(place);
            let far_in =
                |place: Option<usize>| place.map_or(0, |p| 1 + usize::from(p >= FIRST_INSIDE));
            let taken = (0..wishes.len()).filter(|other| *other != who).any(|other| {
                let places = acts[other].iter().skip(stage.saturating_sub(1)).map(place);
                places.flatten().any(|place| Some(place) == wanted)
            });
            let allowed = here.is_none_or(|here| match stage % 2 {
                0 => far_in(wanted) >= far_in(here),
                _ => far_in(wanted) <= far_in(here),
            });
            let place = if allowed && !taken { wanted } else { here.flatten() };
            // Who lies down keeps on what he wears: there is too little time before to tell.
            let before = acts[who].last().copied().flatten().filter(|_| pose == Pose::Lies);
            let helmet = before.map_or(helmet, |act| act.helmet);
            let is_out = place.is_some_and(|place| place < FIRST_INSIDE);
            let pose = if is_out && pose == Pose::Lies { Pose::Stands } else { pose };
            acts[who].push(place.map(|place| Act { place, pose, helmet }));
        }
    }
    acts
}

/// On one line, for who reads a failure.
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for act in &self.acts {
            match act {
                None => write!(f, "nowhere, ")?,
                Some(Act { place, pose, helmet }) => {
                    write!(f, "{pose:?} at {place}{}, ", if *helmet { " in helmet" } else { "" })?;
                }
            }
        }
        write!(f, "{} s late{}", self.late_s, if self.lingers { ", lingers" } else { "" })
    }
}

impl Actor {
    /// Box, whether only predicted, whether a helmet shows, and the track's number.
    fn at(&self, at_s: f64) -> Option<(PixelBox, bool, bool, u32)> {
        let stage = ((at_s / STAGE_S) as usize).min(self.acts.len() - 1);
        let into_s = at_s - stage as f64 * STAGE_S;
        let now = self.acts[stage];
        let before = if stage == 0 { now } else { self.acts[stage - 1] };
        let came = self.acts[..stage].windows(2).filter(|w| w[0].is_none() && w[1].is_some());
        let number = came.count() as u32;
        let moves = into_s >= self.late_s || stage == 0;
        match (before, now) {
            (None, None) => None,
            (None, Some(act)) => {
                moves.then(|| (body(act.place, act, into_s), false, act.shows(into_s), number + 1))
            }
            (Some(act), None) => {
                let is_there = !moves || (self.lingers && into_s < self.late_s + 1.0);
                let bbox = body(act.place, act, STAGE_S);
                is_there.then(|| (bbox, moves, act.shows(STAGE_S) && !moves, number))
            }
            (Some(from), Some(act)) => {
                let part = ((into_s - self.late_s) / WALK_S).clamp(0.0, 1.0);
                let bbox = match part >= 1.0 || from.place == act.place {
                    true => body(act.place, act, into_s),
                    false => {
                        let ([ax, ay], [bx, by]) = (PLACES[from.place], PLACES[act.place]);
                        upright(ax + (bx - ax) * part, ay + (by - ay) * part)
                    }
                };
                Some((bbox, false, act.shows(into_s), number))
            }
        }
    }
}

impl Act {
    fn lies(&self, into_s: f64) -> bool {
        self.pose == Pose::Lies && into_s >= LIES_FROM_S
    }

    fn shows(&self, into_s: f64) -> bool {
        self.helmet && !self.lies(into_s)
    }
}

fn upright(x: f64, y: f64) -> PixelBox {
    let (w, h) = BODY;
    PixelBox::from_xywh((x - w / 2.0) as f32, (y - h) as f32, w as f32, h as f32)
}

fn body(place: usize, act: Act, into_s: f64) -> PixelBox {
    let [x, y] = PLACES[place];
    let (w, h) = BODY;
    if act.lies(into_s) {
        return PixelBox::from_xywh((x - h / 2.0) as f32, (y - w) as f32, h as f32, w as f32);
    }
    if act.pose == Pose::Wanders && (WANDERS_S.0..WANDERS_S.1).contains(&into_s) {
        // To the left and back.
        let part = ((into_s - WANDERS_S.0) / SWING_S).fract();
        return upright(x - (1.0 - (2.0 * part - 1.0).abs()) * SWING_PX, y);
    }
    upright(x, y)
}

impl World {
    fn stages(&self) -> usize {
        self.things.len()
    }

    pub(crate) fn length_s(&self) -> f64 {
        self.stages() as f64 * STAGE_S
    }

    /// The film of it, [`RATE`] pictures a second.
    pub(crate) fn film(&self) -> Vec<Frame> {
        let pictures = (self.length_s() * RATE) as u32;
        (0..pictures).map(|number| self.frame(number)).collect()
    }

    fn frame(&self, number: u32) -> Frame {
        let at_s = f64::from(number) / RATE;
        let time = PictureTime::from_secs_f64(at_s);
        let stage = ((at_s / STAGE_S) as usize).min(self.stages() - 1);
        let into_s = at_s - stage as f64 * STAGE_S;
        let (mut tracks, mut detections) = (Vec::new(), Vec::new());
        for (who, actor) in (0..).zip(&self.actors) {
            let Some((bbox, predicted, helmet, life)) = actor.at(at_s) else { continue };
            // Boxes breathe, feet stay.
            let shake = |salt: u32| ((number * 7 + who * 13 + salt * 5) % 11) as f32 / 10.0 - 0.5;
            let (x1, x2) = (bbox.x1 - shake(1), bbox.x2 + shake(1));
            let bbox = PixelBox::new(x1, bbox.y1 + shake(2), x2, bbox.y2);
            let number = who * 20 + life + 1;
            tracks.push(Track { predicted, ..track(number, bbox, time) });
            if helmet && !predicted {
                let bbox = PixelBox::from_xywh(bbox.x1 + 6.0, bbox.y1, 16.0, 12.0);
                detections.push(Detection { class: Class::Helmet, score: 0.65, bbox });
            }
        }
        for ((class, [x, y, w, h]), there) in THINGS.into_iter().zip(self.things[stage]) {
            if there {
                let bbox = PixelBox::from_xywh(x, y, w, h);
                detections.push(Detection { class, score: 0.6, bbox });
            }
        }
        let (now, before) = (self.near[stage], self.near[stage.saturating_sub(1)]);
        let part = (into_s / DRIVE_S).clamp(0.0, 1.0) as f32;
        let of = |near: bool| if near { 470.0 } else { 300.0 };
        let y2 = of(before) + (of(now) - of(before)) * part;
        let bbox = PixelBox::from_xywh(810.0, y2 - 80.0, 120.0, 80.0);
        detections.push(Detection { class: Class::Forklift, score: 0.7, bbox });
        Frame { at_s, tracks, detections }
    }
}
