//! The truth about a scene at one moment: who is where, what is worn, what is seen of it.

use safe_yolo_core::{Class, PictureTime, PixelBox, PixelPoint};

use super::body::Body;
use super::camera::Camera;
use super::layout::{Owner, Part, Sight, Sights, Standing};
use super::look::Look;
use super::script::Stance;
use super::{Scene, moved};

/// How somebody holds himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Posture {
    /// Upright, on one spot.
    Standing,
    /// Upright, on the way.
    Walking,
    /// On his haunches, or on the way there.
    Crouching,
    /// Falling, or getting up.
    Falling,
    /// On the floor.
    Lying,
}

impl Posture {
    /// The name, as in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Walking => "walking",
            Self::Crouching => "crouching",
            Self::Falling => "falling",
            Self::Lying => "lying",
        }
    }

    fn of(stance: &Stance) -> Self {
        if stance.fall > 0.8 {
            Self::Lying
        } else if stance.fall > 0.02 {
            Self::Falling
        } else if stance.crouch > 0.3 {
            Self::Crouching
        } else if stance.pace > 0.5 {
            Self::Walking
        } else {
            Self::Standing
        }
    }
}

/// A person of the scene at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthPerson {
    /// His number in the scenario, from 0.
    pub actor: u32,
    /// His outline with helmet and boots, without shadow, cut to the picture; hidden parts belong to it.
    pub bbox: PixelBox,
    /// The box around what is seen of him; without area when that is nothing.
    pub seen: PixelBox,
    /// The point of the floor under his hips; outside the picture while he enters it.
    pub foot: PixelPoint,
    /// The same in the hall: to the right of its middle, away from the usual camera, metres.
    pub place: [f32; 2],
    /// Whether he wears a helmet.
    pub helmet: bool,
    /// Whether he wears a vest.
    pub vest: bool,
    /// Whether he wears a mask.
    pub mask: bool,
    /// How he holds himself.
    pub posture: Posture,
    /// The part of him that is in the picture and not hidden, 0 to 1: exactly 0 when one thing
    /// hides all of him (or the camera is covered); at 0.001 nothing can be made out either.
    pub visible: f32,
    /// Whether the picture's border cuts him.
    pub cut: bool,
}

/// A thing of the scene at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthThing {
    /// What it is.
    pub class: Class,
    /// Its outline without shadow or glow, cut to the picture.
    pub bbox: PixelBox,
}

/// Something that a perfect detector would find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthBox {
    /// What it is.
    pub class: Class,
    /// The box around what is seen of it, pixels.
    pub bbox: PixelBox,
    /// The part of it that is in the picture and not hidden, 0 to 1.
    pub visible: f32,
    /// Whose it is: of a person, and of what is worn or lacking. Drivers have numbers from 1000 on.
    pub actor: Option<u32>,
}

impl Scene {
    /// Everybody who is at least partly inside the picture, hidden or not, by actor. Drivers are
    /// not among them.
    #[must_use]
    pub fn truth(&self, time: PictureTime) -> Vec<TruthPerson> {
        let (all, sights) = self.look(time);
        let covered = self.plan.mishaps.is_covered(self.seconds(time));
        let shift = self.shift(time);
        let person = |(number, standing): (usize, &Standing)| {
            let Owner::Person { id, stance, look, drives: false } = &standing.owner else {
                return None;
            };
            let Sight { full, bbox, visible } = sights.of(&self.plan, &all, number, Part::Body)?;
            let size = self.plan.camera.size;
            let inside = moved(full, shift).clamp_to(size);
            let place = hips(&self.plan.camera, stance, look);
            let foot = self.plan.camera.foot(place[0], place[1]);
            Some(TruthPerson {
                actor: *id,
                bbox: inside,
                seen: if covered {
                    bbox.clamp_to(none())
                } else {
                    moved(bbox, shift).clamp_to(size)
                },
                foot: PixelPoint { x: foot.x + shift[0], y: foot.y + shift[1] },
                place,
                helmet: look.helmet.is_some(),
                vest: look.vest.is_some(),
                mask: look.mask.is_some(),
                posture: Posture::of(stance),
                visible: if covered { 0.0 } else { visible },
                cut: inside.area() < 0.99 * full.area(),
            })
        };
        let mut people: Vec<TruthPerson> = all.iter().enumerate().filter_map(person).collect();
        people.retain(|person| person.bbox.area() > 0.0);
        people.sort_by_key(|person| person.actor);
        people
    }

    /// Every thing that is at least partly inside the picture, hidden or not.
    #[must_use]
    pub fn things(&self, time: PictureTime) -> Vec<TruthThing> {
        let seconds = self.seconds(time);
        if self.plan.mishaps.is_covered(seconds) {
            return Vec::new();
        }
        let (shift, size) = (self.shift(time), self.plan.camera.size);
        let thing = |standing: &Standing| {
            let class = match standing.owner {
                Owner::Thing(class) => class,
                Owner::Person { drives: true, .. } => Class::Forklift,
                Owner::Person { .. } | Owner::Obstacle => return None,
            };
            let bbox = moved(super::outline(standing.shapes.iter()), shift).clamp_to(size);
            Some(TruthThing { class, bbox }).filter(|thing| thing.bbox.area() > 0.0)
        };
        self.plan.standing(seconds, self.seed).iter().filter_map(thing).collect()
    }

    /// Everything that a perfect detector would find: people and drivers, what they wear and lack,
    /// things. What is hardly to be seen is among it: see [`TruthBox::visible`].
    #[must_use]
    pub fn boxes(&self, time: PictureTime) -> Vec<TruthBox> {
        if self.plan.mishaps.is_covered(self.seconds(time)) {
            return Vec::new();
        }
        let (all, sights) = self.look(time);
        let (shift, size) = (self.shift(time), self.plan.camera.size);
        let mut boxes = Vec::new();
        let mut push = |class: Class, sight: Option<Sight>, actor: Option<u32>| {
            let Some(Sight { bbox, visible, .. }) = sight else { return };
            let bbox = moved(bbox, shift).clamp_to(size);
            if bbox.area() > 0.0 {
                boxes.push(TruthBox { class, bbox, visible, actor });
            }
        };
        for (number, standing) in all.iter().enumerate() {
            let part = |part| sights.of(&self.plan, &all, number, part);
            match &standing.owner {
                Owner::Person { id, look, drives, .. } => {
                    let worn = |there: bool, class: Class| {
                        if there { class } else { class.negative().unwrap_or(class) }
                    };
                    let id = Some(*id);
                    push(Class::Person, part(Part::Body), id);
                    push(worn(look.helmet.is_some(), Class::Helmet), part(Part::Head), id);
                    push(worn(look.vest.is_some(), Class::Vest), part(Part::Trunk), id);
                    push(worn(look.mask.is_some(), Class::Mask), part(Part::Face), id);
                    if *drives {
                        let vehicle = sights.of_vehicle(&self.plan, &all, number);
                        push(Class::Forklift, vehicle, None);
                    }
                }
                Owner::Thing(class) => push(*class, part(Part::Body), None),
                Owner::Obstacle => {}
            }
        }
        boxes
    }

    fn look(&self, time: PictureTime) -> (Vec<Standing>, Sights) {
        let all = self.plan.standing(self.seconds(time), self.seed);
        let sights = Sights::new(&self.plan, &all);
        (all, sights)
    }

    fn shift(&self, time: PictureTime) -> [f32; 2] {
        self.plan.mishaps.shift(self.seconds(time)).map(|pixels| pixels as f32)
    }
}

/// The place of the floor under somebody's hips.
fn hips(camera: &Camera, stance: &Stance, look: &Look) -> [f32; 2] {
    if stance.fall <= 0.0 {
        return [stance.x, stance.z];
    }
    let [x, _, z] = Body::new(camera, stance, look).hips();
    [x, z]
}

/// No picture at all.
const fn none() -> safe_yolo_core::PictureSize {
    safe_yolo_core::PictureSize::new(0, 0)
}
