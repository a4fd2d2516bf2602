//! Everything that stands in the hall at one moment, the rearmost first: the same for the picture and for the truth.

use std::ops::Range;

use safe_yolo_core::{Class, PixelBox};

use super::canvas::{Shape, Spot};
use super::figure::{self, Figure};
use super::look::Look;
use super::outline;
use super::scenario::{Actor, Plan};
use super::script::Stance;
use super::silhouette::{Mark, Silhouettes};
use super::solid;
use super::thing::Kind;
use super::vehicle::Forklift;

/// Whose shapes they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Owner {
    /// A worker or, with `drives`, a driver.
    Person { id: u32, stance: Stance, look: Look, drives: bool },
    /// Something that a detector should find.
    Thing(Class),
    /// Something that stands in the way.
    Obstacle,
}

/// Parts of a person that have a box of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Body = 0,
    Head = 1,
    Trunk = 2,
    Face = 3,
}

/// One person or thing as it is drawn.
pub(super) struct Standing {
    pub(super) owner: Owner,
    /// How far ahead of the camera it stands, metres.
    depth: f32,
    pub(super) shapes: Vec<Shape>,
    /// Of a forklift, which shapes are not its own but its driver's.
    driver: Range<usize>,
    /// The parts of a person, as numbers of his shapes.
    figure: Figure,
    /// What it hides for certain: a convex outline.
    hides: Option<Vec<Spot>>,
    /// Whether the empty hall has it as well.
    stays: bool,
}

/// How much of somebody is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sight {
    /// His whole outline, which may reach beyond the picture, pixels.
    pub(super) full: PixelBox,
    /// The box around what is seen of him.
    pub(super) bbox: PixelBox,
    /// The part that is in the picture and not hidden, 0 to 1.
    pub(super) visible: f32,
}

impl Plan {
    /// Shadows and glows on the floor.
    pub(super) fn soft(&self, seconds: f64) -> Vec<Shape> {
        let camera = &self.camera;
        let mut soft: Vec<Shape> = Vec::new();
        for (stance, look, _) in self.present(&self.actors, seconds) {
            soft.extend(figure::shadow(camera, &stance, &look));
        }
        for (stance, look, _) in self.present(&self.forklifts, seconds) {
            soft.push(Forklift::new(camera, &stance, &look, None).shadow());
        }
        let there = self.things.iter().filter(|thing| thing.is_there(seconds));
        soft.extend(there.filter_map(|thing| thing.soft(camera)));
        soft
    }

    fn present<'a>(
        &self,
        actors: &'a [Actor],
        seconds: f64,
    ) -> impl Iterator<Item = (Stance, Look, &'a Actor)> + use<'a> {
        let duration = self.duration;
        actors.iter().filter_map(move |actor| {
            let stance = actor.script.at(seconds, duration)?;
            Some((stance, actor.look_at(seconds, duration), actor))
        })
    }

    /// Everything that stands there, the rearmost first.
    pub(super) fn standing(&self, seconds: f64, seed: u64) -> Vec<Standing> {
        let camera = &self.camera;
        let mut all = Vec::new();
        for (stance, look, actor) in self.present(&self.actors, seconds) {
            let mut figure = figure::draw(camera, &stance, &look);
            all.push(Standing {
                owner: Owner::Person { id: actor.id, stance, look, drives: false },
                depth: camera.depth([stance.x, 0.0, stance.z]),
                shapes: std::mem::take(&mut figure.shapes),
                driver: 0..0,
                figure,
                hides: None,
                stays: false,
            });
        }
        for thing in self.things.iter().filter(|thing| thing.is_there(seconds)) {
            let [x, z] = thing.at;
            let owner = thing.kind.class().map_or(Owner::Obstacle, Owner::Thing);
            all.push(Standing {
                owner,
                depth: camera.depth([x, 0.0, z]),
                shapes: thing.shapes(camera, seconds, seed),
                driver: 0..0,
                figure: Figure::default(),
                hides: thing.hides(camera),
                stays: false,
            });
        }
        for (stance, look, actor) in self.present(&self.forklifts, seconds) {
            let drawn = Forklift::new(camera, &stance, &look, actor.color).draw();
            all.push(Standing {
                owner: Owner::Person { id: actor.id, stance, look, drives: true },
                depth: camera.depth([stance.x, 0.0, stance.z]),
                shapes: drawn.shapes,
                driver: drawn.driver,
                figure: drawn.figure,
                hides: None,
                stays: false,
            });
        }
        all.extend(self.pillar.iter().map(|pillar| Standing {
            owner: Owner::Obstacle,
            depth: pillar.depth,
            shapes: pillar.shapes(),
            driver: 0..0,
            figure: Figure::default(),
            hides: Some(pillar.outline().to_vec()),
            stays: true,
        }));
        all.sort_by(|a, b| b.depth.total_cmp(&a.depth));
        all
    }
}

impl Standing {
    /// Whose mark shape number `index` bears; the fourth mark of each number is spare.
    fn mark(&self, number: usize, index: usize) -> Mark {
        let part = if self.figure.head.contains(&index) {
            Part::Head
        } else if self.figure.trunk.contains(&index) {
            Part::Trunk
        } else if self.figure.face.contains(&index) {
            Part::Face
        } else {
            Part::Body
        };
        let vehicle = !self.driver.is_empty() && !self.driver.contains(&index);
        first_mark(number) + if vehicle { VEHICLE } else { part as Mark }
    }

    /// The numbers of the shapes of a part; of the body, all that are the person's.
    fn of_part(&self, part: Part) -> Range<usize> {
        match part {
            Part::Body if self.driver.is_empty() => 0..self.shapes.len(),
            Part::Body => self.driver.clone(),
            Part::Head => self.figure.head.clone(),
            Part::Trunk => self.figure.trunk.clone(),
            Part::Face => self.figure.face.clone(),
        }
    }

    /// Whether it is the pillar of a scenario, which stands in the empty hall too.
    pub(super) fn is_pillar(&self) -> bool {
        self.owner == Owner::Obstacle && self.stays
    }

    fn bounds(&self, part: Part) -> PixelBox {
        outline(self.shapes[self.of_part(part)].iter())
    }
}

/// Marks that belong to one who stands there: four parts, a vehicle, three spare.
const MARKS: Mark = 8;
const VEHICLE: Mark = 4;

const fn first_mark(number: usize) -> Mark {
    1 + MARKS * number as Mark
}

/// What is seen of everything that stands there.
pub(super) struct Sights {
    map: Silhouettes,
    /// How much of each mark there would be if nothing stood before it.
    whole: Vec<u32>,
}

impl Sights {
    /// Looks at all of it.
    pub(super) fn new(plan: &Plan, all: &[Standing]) -> Self {
        let mut map = Silhouettes::new(plan.camera.size);
        let mut whole = vec![0; (all.len() + 1) * usize::from(MARKS) + 1];
        for (number, standing) in all.iter().enumerate() {
            // One looks through smoke.
            if standing.owner == Owner::Thing(Class::Smoke) {
                continue;
            }
            for (index, shape) in standing.shapes.iter().enumerate() {
                map.paint(&shape.points, standing.mark(number, index));
            }
            if let Owner::Person { .. } = standing.owner {
                let bounds = outline(standing.shapes.iter());
                for mark in first_mark(number)..first_mark(number) + MARKS {
                    whole[usize::from(mark)] = map.seen(bounds, |at| at == mark).count;
                }
            } else {
                let bounds = outline(standing.shapes.iter());
                let mark = first_mark(number);
                whole[usize::from(mark)] = map.seen(bounds, |at| at == mark).count;
            }
        }
        Self { map, whole }
    }

    /// What is seen of a part of number `number`; none when all of it is turned away or cut off.
    pub(super) fn of(
        &self,
        plan: &Plan,
        all: &[Standing],
        number: usize,
        part: Part,
    ) -> Option<Sight> {
        let standing = &all[number];
        if standing.of_part(part).is_empty() {
            return None;
        }
        let first = first_mark(number);
        let marks = match part {
            // The body is all of its parts together.
            Part::Body => first..first + VEHICLE,
            part => first + part as Mark..first + part as Mark + 1,
        };
        self.sight(plan, all, number, standing.bounds(part), &marks)
    }

    /// The same of the vehicle around a driver, with him.
    pub(super) fn of_vehicle(&self, plan: &Plan, all: &[Standing], number: usize) -> Option<Sight> {
        let first = first_mark(number);
        let full = outline(all[number].shapes.iter());
        self.sight(plan, all, number, full, &(first..first + MARKS))
    }

    fn sight(
        &self,
        plan: &Plan,
        all: &[Standing],
        number: usize,
        full: PixelBox,
        marks: &Range<Mark>,
    ) -> Option<Sight> {
        /// Above this, nothing but rounding hides a part.
        const ALL: f32 = 0.97;
        let inside = full.clamp_to(plan.camera.size);
        if inside.area() <= 0.0 {
            return None;
        }
        let in_picture = (inside.area() / full.area().max(1e-3)).min(1.0);
        let nothing = Sight { full, bbox: PixelBox::new(0.0, 0.0, 0.0, 0.0), visible: 0.0 };
        let corners = [
            [inside.x1, inside.y1],
            [inside.x2, inside.y1],
            [inside.x2, inside.y2],
            [inside.x1, inside.y2],
        ];
        let in_front = all[number + 1..].iter().filter_map(|other| other.hides.as_ref());
        if in_front
            .into_iter()
            .any(|hides| corners.iter().all(|spot| solid::contains(hides, *spot)))
        {
            return Some(nothing);
        }
        let whole: u32 = self.whole[usize::from(marks.start)..usize::from(marks.end)].iter().sum();
        let seen = self.map.seen(inside, |mark| marks.contains(&mark));
        if all[number].owner == Owner::Thing(Class::Smoke) {
            return Some(Sight { full, bbox: inside, visible: in_picture });
        }
        // Smaller than a pixel of the silhouette, or turned away.
        if whole == 0 {
            return None;
        }
        let part = (seen.count as f32 / whole as f32).min(1.0);
        let bbox = if part >= ALL {
            inside
        } else {
            let b = seen.bbox;
            PixelBox::new(
                b.x1.max(inside.x1),
                b.y1.max(inside.y1),
                b.x2.min(inside.x2),
                b.y2.min(inside.y2),
            )
        };
        // No single thing hides all of it, so something may peep out.
        Some(Sight { full, bbox, visible: (part * in_picture).max(1e-3) })
    }
}

impl Kind {
    /// Whether people are hidden behind it.
    pub(super) const fn is_obstacle(self) -> bool {
        self.class().is_none()
    }
}
