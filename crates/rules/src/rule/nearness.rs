//! How near people are to machines and vehicles, and how fast that changes.

use std::collections::{BTreeMap, VecDeque};

use safe_yolo_core::rule::Length;
use safe_yolo_core::{
    Calibration, CameraConfig, Class, Detection, PictureSize, PictureTime, PixelBox, PixelPoint,
    RuleKind,
};

use super::Figures;
use super::condition::{Now, Scene};
use super::things::things;
use crate::presence::{CONFIRM_S, GRACE_S, segment_distance};
use crate::subject::Subject;

/// For so long an approach counts, seconds,
const APPROACH_S: f64 = 1.5;
/// and so many pictures of it are kept.
const GAPS_MAX: usize = 100;

/// How distances are measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit<'a> {
    /// In heights of the person, in the picture.
    Heights,
    /// In metres on the floor.
    Metres(&'a Calibration, PictureSize),
}

impl<'a> Unit<'a> {
    /// The unit of a length; none where the camera is not calibrated.
    pub(super) fn of(length: Length, scene: &Scene<'a>) -> Option<Self> {
        match (length, scene.floor) {
            (Length::Heights(_), _) => Some(Self::Heights),
            (Length::Metres(_), Some(floor)) => Some(Self::Metres(floor, scene.size)),
            (Length::Metres(_), None) => None,
        }
    }

    const fn is_metres(self) -> bool {
        matches!(self, Self::Metres(..))
    }

    const fn is_of(self, length: Length) -> bool {
        self.is_metres() == matches!(length, Length::Metres(_))
    }

    /// From somebody's feet to the lower edge of a thing; none where the floor is not known.
    fn gap(self, person: &PixelBox, thing: &PixelBox) -> Option<f64> {
        let foot = person.foot();
        match self {
            Self::Heights => {
                let size = person.width().max(person.height()).max(1.0);
                let across = (thing.x1 - foot.x).max(foot.x - thing.x2).max(0.0);
                Some(f64::from(across.hypot(thing.y2 - foot.y) / size))
            }
            Self::Metres(floor, size) => {
                let on_floor = |p: PixelPoint| floor.metres(p.to_fraction(size));
                let (a, b) = (thing.x1, thing.x2);
                let [p, a, b] = [
                    on_floor(foot)?,
                    on_floor(PixelPoint { x: a, y: thing.y2 })?,
                    on_floor(PixelPoint { x: b, y: thing.y2 })?,
                ];
                Some(segment_distance(p, a, b))
            }
        }
    }
}

/// How far somebody was from the nearest thing.
#[derive(Debug, Clone, Copy)]
struct Gap {
    time: PictureTime,
    /// In the rule's unit.
    gap: f64,
    thing: PixelBox,
}

/// Everybody's nearest thing of one class in one picture.
#[derive(Debug, Clone)]
pub(crate) struct Around<'a> {
    class: Class,
    pub(super) unit: Unit<'a>,
    /// Of whoever is in sight, by number: what is nearest, and how fast they came together.
    people: Vec<(u64, Nearest<'a>, f64)>,
}

impl<'a> Around<'a> {
    /// Whether it is of this class in the unit of this length.
    pub(super) fn is_of(&self, class: Class, length: Length) -> bool {
        self.class == class && self.unit.is_of(length)
    }

    /// What is nearest to somebody in sight, and how fast they came together at most within the
    /// last moments, in the unit a second.
    pub(super) fn of(&self, number: u64) -> Option<(Nearest<'a>, f64)> {
        let at = self.people.binary_search_by_key(&number, |(number, ..)| *number).ok()?;
        self.people.get(at).map(|(_, nearest, closing)| (*nearest, *closing))
    }
}

/// How far everybody was from things in the last moments: the same for all zones, so that who
/// steps into one brings his approach along.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// By class, whether in metres, and person.
    gaps: BTreeMap<(Class, bool), BTreeMap<u64, VecDeque<Gap>>>,
    /// By which metres were measured.
    floor: Option<Calibration>,
}

impl Surroundings {
    /// What is near to everybody, for all rules that ask for it.
    pub(super) fn look<'a>(&mut self, config: &CameraConfig, scene: &Scene<'a>) -> Vec<Around<'a>> {
        if self.floor.as_ref() != scene.floor {
            self.gaps.clear();
            self.floor = scene.floor.cloned();
        }
        let mut all: Vec<Around<'a>> = Vec::new();
        let zones = config.zones.iter().filter(|zone| zone.active);
        for rule in zones.flat_map(|zone| &zone.rules).filter(|rule| rule.active) {
            let (RuleKind::Proximity { class, distance }
            | RuleKind::NearMiss { class, distance, .. }) = rule.kind
            else {
                continue;
            };
            let is_new = !all.iter().any(|around| around.is_of(class, distance));
            if let Some(unit) = Unit::of(distance, scene).filter(|_| is_new) {
                all.push(self.around(class, unit, scene));
            }
        }
        self.gaps.retain(|(class, metres), _| {
            all.iter().any(|around| around.class == *class && around.unit.is_metres() == *metres)
        });
        all
    }

    fn around<'a>(&mut self, class: Class, unit: Unit<'a>, scene: &Scene<'a>) -> Around<'a> {
        let things = things(class, scene);
        let gaps = self.gaps.entry((class, unit.is_metres())).or_default();
        gaps.retain(|number, _| scene.subject(*number).is_some());
        let in_sight = scene.subjects.iter().filter(|subject| subject.matched);
        let people = in_sight.map(|subject| {
            let nearest = nearest(subject, &things, unit);
            let gaps = gaps.entry(subject.number).or_default();
            (subject.number, nearest, closing(gaps, scene.time, &nearest))
        });
        Around { class, unit, people: people.collect() }
    }
}

/// How fast somebody and a thing have come together at most within the last moments, in the
/// unit a second.
fn closing(gaps: &mut VecDeque<Gap>, time: PictureTime, nearest: &Nearest<'_>) -> f64 {
    if let Nearest::At { gap, thing, .. } = nearest {
        gaps.push_back(Gap { time, gap: *gap, thing: thing.bbox });
    }
    while gaps.len() > GAPS_MAX
        || gaps.front().is_some_and(|gap| time.secs_since(gap.time) > APPROACH_S)
    {
        gaps.pop_front();
    }
    // Over half a second, so that boxes that breathe are no speed.
    let speeds = gaps.iter().enumerate().filter_map(|(i, from)| {
        let later = |to: &&Gap| to.time.secs_since(from.time) >= CONFIRM_S && same(from, to);
        let to = gaps.iter().skip(i).find(later)?;
        Some((from.gap - to.gap) / to.time.secs_since(from.time))
    });
    speeds.fold(0.0, f64::max)
}

/// When everybody was last near to a thing.
#[derive(Debug, Clone, Default)]
pub(super) struct WasNear(BTreeMap<u64, PictureTime>);

impl WasNear {
    /// Forgets who is gone.
    pub(super) fn keep(&mut self, is_here: impl Fn(u64) -> bool) {
        self.0.retain(|number, _| is_here(*number));
    }

    /// Whether somebody is near to the nearest thing. One that was near and is overlooked now may
    /// still be there; the feet of who is half hidden are elsewhere.
    pub(super) fn judge(
        &mut self,
        subject: &Subject,
        around: &Around<'_>,
        distance: Length,
        time: PictureTime,
    ) -> Now {
        let Some((nearest, _)) = around.of(subject.number) else {
            return Now::Unknown("out_of_sight");
        };
        match nearest {
            Nearest::At { gap, thing, .. } if gap <= distance.value() => {
                self.0.insert(subject.number, time);
                Now::with(Figures::near(thing.class, thing.bbox, gap, around.unit))
            }
            _ if !subject.is_whole() => Now::Unknown("hidden"),
            Nearest::At { is_around: false, .. } => Now::No,
            Nearest::At { .. } | Nearest::Around => Now::Unknown("not_sure"),
            Nearest::Nothing => match self.0.get(&subject.number) {
                Some(last) if time.secs_since(*last) <= GRACE_S => Now::Unknown("not_sure"),
                _ => Now::No,
            },
        }
    }
}

/// What is nearest to somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Nearest<'a> {
    /// So far away.
    At {
        /// In the rule's unit.
        gap: f64,
        thing: &'a Detection,
        /// Whether another may be nearer, of which that can't be told.
        is_around: bool,
    },
    /// He is inside its outline and may sit on it, or stand before or behind it.
    Around,
    /// Nothing was found.
    Nothing,
}

/// Whether two boxes can be the same thing, moving.
fn same(from: &Gap, to: &Gap) -> bool {
    let (a, b) = (from.thing.center(), to.thing.center());
    let size = from.thing.width().max(to.thing.width()).max(1.0);
    let moved = f64::from((a.x - b.x).hypot(a.y - b.y) / size);
    let areas = [from.thing.area(), to.thing.area()];
    let alike = areas[0].min(areas[1]) >= 0.4 * areas[0].max(areas[1]);
    alike && moved <= 2.0 * to.time.secs_since(from.time)
}

/// The thing that is nearest to somebody on the floor, from his feet to the lower edge of its box.
/// The driver of a forklift is not near to what he sits on.
fn nearest<'a>(subject: &Subject, things: &[&'a Detection], unit: Unit<'_>) -> Nearest<'a> {
    let person = subject.bbox;
    let drives = |thing: &PixelBox| {
        let within = person.intersection(thing) > 0.6 * person.area();
        within && person.y2 < thing.y2 - 0.1 * thing.height()
    };
    let (within, others): (Vec<&Detection>, Vec<&Detection>) =
        things.iter().partition(|thing| drives(&thing.bbox));
    // Excavators and lorries are large enough for somebody who walks beside them; and what is beyond
    // the horizon of the calibration is somewhere.
    let is_around = within.iter().any(|thing| thing.class != Class::Forklift)
        || others.iter().any(|thing| unit.gap(&person, &thing.bbox).is_none());
    let nearest = others.iter().filter_map(|thing| Some((unit.gap(&person, &thing.bbox)?, *thing)));
    match nearest.min_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((gap, thing)) => Nearest::At { gap, thing, is_around },
        None if is_around => Nearest::Around,
        None => Nearest::Nothing,
    }
}
