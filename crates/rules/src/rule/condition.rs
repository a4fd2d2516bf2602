//! What a rule's condition is in one picture: yes, no, or not to be said.

use std::collections::{BTreeMap, VecDeque};

use safe_yolo_core::{
    Class, Detection, PictureSize, PictureTime, PixelBox, RuleKind, Zone, ZoneId,
};
use serde_json::{Map, Value, json};

use crate::equipment::{Ballot, Verdict, Vote};
use crate::presence::{CONFIRM_S, GRACE_S, Presence, has};
use crate::subject::{STANDING_ASPECT_MIN, Subject};

/// Boxes of things below this score prove nothing.
const THING_SCORE_MIN: f32 = 0.35;
/// Weight of a picture in which a thing is not found: detectors overlook much oftener than they
/// invent, so that something found in one picture of five (score 0.6) is there,
const OVERLOOKED_WEIGHT: f32 = 0.06;
/// if so many pictures show it: at one picture a second, one fills much of the window.
const SIGHTINGS_MIN: usize = 2;
/// Window of the votes on things, seconds.
const THING_WINDOW_S: f64 = 3.0;
/// Part of a thing's place that a person may cover.
const COVERED_PART_MAX: f32 = 0.3;
/// Part of the zone that people may cover when the thing's place is not known.
const ZONE_COVERED_PART_MAX: f32 = 0.5;
/// Boxes this near to an edge of the picture may be cut by it, pixels.
const EDGE: f32 = 3.0;
/// A person box lower than its width by this factor lies, when nothing more is known of him.
const FLAT_ASPECT_MAX: f32 = 0.75;
/// Who was seen standing lies when the box is flatter than this,
const LYING_ASPECT_MAX: f32 = 1.05;
/// lower than this part of the standing height,
const LYING_HEIGHT_MAX: f32 = 0.65;
/// and this wide, in standing heights: who is hidden from the chest down is as flat, but narrow.
const LYING_WIDTH_MIN: f32 = 0.5;
/// For so long an approach counts, seconds,
const APPROACH_S: f64 = 1.5;
/// and so many pictures of it are kept.
const GAPS_MAX: usize = 100;
/// Who moves his feet less than this, in heights, stands still,
const STILL_MOVE_MAX: f32 = 0.12;
/// if his height changes by no more than this part.
const STILL_HEIGHT_CHANGE_MAX: f32 = 0.15;

/// One analysed picture as conditions see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) time: PictureTime,
    pub(crate) size: PictureSize,
    pub(crate) subjects: &'a [Subject],
    pub(crate) detections: &'a [Detection],
}

/// Of whom a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// The zone as a whole.
    Place,
    /// The person of this number.
    Person(u64),
}

/// What a condition is in one picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Now {
    /// It holds.
    Yes {
        /// Since when, where that is known better than from the pictures that said yes.
        since: Option<PictureTime>,
        /// Who it is, where a condition of the zone is about somebody.
        who: Option<u64>,
        /// On what grounds.
        details: Map<String, Value>,
    },
    /// It does not.
    No,
    /// That can't be said, and why.
    Unknown(&'static str),
}

impl Now {
    fn of(who: u64) -> Self {
        Self::Yes { since: None, who: Some(who), details: Map::new() }
    }

    fn since(since: PictureTime) -> Self {
        Self::Yes { since: Some(since), who: None, details: Map::new() }
    }

    fn with(details: Value) -> Self {
        let details = if let Value::Object(details) = details { details } else { Map::new() };
        Self::Yes { since: None, who: None, details }
    }
}

/// What a rule remembers from picture to picture beside what it found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Whether the thing was seen.
    sight: Ballot,
    /// Where it was seen last.
    place: Option<PixelBox>,
    /// Where everybody has stood still.
    still: BTreeMap<u64, Still>,
    /// How far everybody was from the nearest thing in the last moments.
    gaps: BTreeMap<u64, VecDeque<Gap>>,
    /// When everybody was last near to a thing.
    near: BTreeMap<u64, PictureTime>,
}

/// How far somebody was from the nearest thing.
#[derive(Debug, Clone, Copy)]
struct Gap {
    time: PictureTime,
    /// In heights of the person.
    gap: f64,
    thing: PixelBox,
}

/// A place where somebody stands.
#[derive(Debug, Clone, Copy)]
struct Still {
    /// The first box there.
    first: PixelBox,
    since: PictureTime,
    /// Since when the person is seen elsewhere.
    moved: Option<PictureTime>,
}

impl Memory {
    /// Forgets who is gone.
    pub(crate) fn keep(&mut self, subjects: &[Subject]) {
        let is_here = |number: u64| subjects.iter().any(|subject| subject.number == number);
        self.still.retain(|number, _| is_here(*number));
        self.gaps.retain(|number, _| is_here(*number));
        self.near.retain(|number, _| is_here(*number));
    }

    /// What the rule's condition is for everybody in the zone, and for the zone.
    pub(crate) fn judge(
        &mut self,
        kind: &RuleKind,
        zone: &Zone,
        scene: &Scene<'_>,
    ) -> Vec<(About, Now)> {
        let here = |now| vec![(About::Place, now)];
        match *kind {
            RuleKind::Loitering => each(&zone.id, scene, |_, presence| Now::since(presence.since)),
            RuleKind::OccupancyAbove { people } => here(above(people, zone, scene)),
            RuleKind::OccupancyBelow { people } => here(below(people, zone, scene)),
            RuleKind::LoneWorker => here(alone(zone, scene)),
            RuleKind::ObjectMissing { class } => {
                let known = self.place;
                here(match self.look_for(class, zone, scene, known) {
                    Verdict::Present => Now::No,
                    Verdict::Missing => Now::with(json!({ "class": class })),
                    Verdict::Unknown => Now::Unknown("hidden"),
                })
            }
            RuleKind::ObjectPresent { class } => here(self.there(class, zone, scene)),
            RuleKind::Fire => here(self.there(Class::Fire, zone, scene)),
            RuleKind::Smoke => here(self.there(Class::Smoke, zone, scene)),
            RuleKind::Proximity { class, distance } => {
                let things = things(class, scene);
                each(&zone.id, scene, |subject, _| {
                    let nearest = nearest(subject, &things);
                    self.by_distance(subject, nearest, distance, scene.time)
                })
            }
            RuleKind::NearMiss { class, distance, speed } => {
                let things = things(class, scene);
                each(&zone.id, scene, |subject, _| {
                    let nearest = nearest(subject, &things);
                    let closing = self.closing(subject.number, scene.time, &nearest);
                    match self.by_distance(subject, nearest, distance, scene.time) {
                        Now::Yes { mut details, .. } if closing >= speed => {
                            details.insert("speed".into(), json!(closing));
                            Now::with(Value::Object(details))
                        }
                        Now::Yes { .. } => Now::No,
                        other => other,
                    }
                })
            }
            RuleKind::Fall => each(&zone.id, scene, |subject, _| lies(subject, scene.size)),
            RuleKind::Motionless => {
                each(&zone.id, scene, |subject, _| self.is_still(subject, scene.time))
            }
        }
    }

    fn there(&mut self, class: Class, zone: &Zone, scene: &Scene<'_>) -> Now {
        match self.look_for(class, zone, scene, None) {
            Verdict::Present => Now::with(json!({ "class": class, "box": self.place })),
            Verdict::Missing => Now::No,
            Verdict::Unknown => Now::Unknown("not_sure"),
        }
    }

    /// Votes on whether something of the class is in the zone; people may hide its place, or the
    /// whole zone when that is not known.
    fn look_for(
        &mut self,
        class: Class,
        zone: &Zone,
        scene: &Scene<'_>,
        place: Option<PixelBox>,
    ) -> Verdict {
        let inside = |thing: &&&Detection| {
            // What burns has no foot; what stands at the edge has it there.
            [thing.bbox.foot(), thing.bbox.center()].iter().any(|p| has(zone, *p, scene.size))
        };
        let things = things(class, scene);
        let best = things.iter().filter(inside).max_by(|a, b| a.score.total_cmp(&b.score));
        let vote = match best {
            Some(thing) => {
                self.place = Some(thing.bbox);
                Vote::Present(thing.score)
            }
            None if is_hidden(zone, scene, place) => Vote::Unknown,
            None => Vote::Missing(OVERLOOKED_WEIGHT),
        };
        self.sight.cast(scene.time, vote);
        match self.sight.count(scene.time, THING_WINDOW_S).verdict {
            Verdict::Present
                if self.sight.sightings(scene.time, THING_WINDOW_S) < SIGHTINGS_MIN =>
            {
                Verdict::Unknown
            }
            verdict => verdict,
        }
    }

    /// Whether somebody is near to the nearest thing. One that was near and is overlooked now may
    /// still be there; the feet of who is half hidden are elsewhere.
    fn by_distance(
        &mut self,
        subject: &Subject,
        nearest: Nearest<'_>,
        distance: f64,
        time: PictureTime,
    ) -> Now {
        match nearest {
            Nearest::At(gap, thing) if gap <= distance => {
                self.near.insert(subject.number, time);
                Now::with(json!({ "class": thing.class, "thing": thing.bbox, "distance": gap }))
            }
            _ if !subject.is_whole() => Now::Unknown("hidden"),
            Nearest::At(..) => Now::No,
            Nearest::Around => Now::Unknown("not_sure"),
            Nearest::Nothing => match self.near.get(&subject.number) {
                Some(last) if time.secs_since(*last) <= GRACE_S => Now::Unknown("not_sure"),
                _ => Now::No,
            },
        }
    }

    /// How fast somebody and a thing have come together at most within the last moments,
    /// heights of the person a second.
    fn closing(&mut self, number: u64, time: PictureTime, nearest: &Nearest<'_>) -> f64 {
        let gaps = self.gaps.entry(number).or_default();
        if let Nearest::At(gap, thing) = nearest {
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

    fn is_still(&mut self, subject: &Subject, time: PictureTime) -> Now {
        let bbox = subject.bbox;
        let new = Still { first: bbox, since: time, moved: None };
        let still = self.still.entry(subject.number).or_insert(new);
        let first = still.first;
        let (from, to) = (first.foot(), bbox.foot());
        let moved = (from.x - to.x).hypot(from.y - to.y);
        let size = first.width().max(first.height()).max(1.0);
        let grown = (bbox.height() - first.height()).abs();
        if moved < STILL_MOVE_MAX * size && grown < STILL_HEIGHT_CHANGE_MAX * size {
            still.moved = None;
            return Now::since(still.since);
        }
        // Who is half hidden has a box of another size.
        if !subject.is_whole() {
            return Now::Unknown("hidden");
        }
        // A box that jumps for one picture is no step.
        if time.secs_since(*still.moved.get_or_insert(time)) >= CONFIRM_S {
            *still = new;
        }
        Now::No
    }
}

/// The condition of everybody who is in the zone.
fn each(
    zone: &ZoneId,
    scene: &Scene<'_>,
    mut condition: impl FnMut(&Subject, &Presence) -> Now,
) -> Vec<(About, Now)> {
    let inside = scene.subjects.iter().filter_map(|s| s.presence.get(zone).map(|p| (s, p)));
    inside
        .map(|(subject, presence)| {
            let now = match subject.matched {
                true => condition(subject, presence),
                false => Now::Unknown("out_of_sight"),
            };
            (About::Person(subject.number), now)
        })
        .collect()
}

/// People in the zone: who is seen there, and who was until a moment ago.
fn count(zone: &Zone, scene: &Scene<'_>) -> (u32, u32) {
    let inside = scene.subjects.iter().filter(|s| s.presence.contains_key(&zone.id));
    inside.fold((0, 0), |(seen, all), s| (seen + u32::from(s.matched), all + 1))
}

fn above(people: u32, zone: &Zone, scene: &Scene<'_>) -> Now {
    match count(zone, scene) {
        (seen, _) if seen > people => Now::with(json!({ "count": seen, "people": people })),
        (_, all) if all > people => Now::Unknown("out_of_sight"),
        _ => Now::No,
    }
}

fn below(people: u32, zone: &Zone, scene: &Scene<'_>) -> Now {
    match count(zone, scene) {
        (_, all) if all < people => Now::with(json!({ "count": all, "people": people })),
        (seen, _) if seen < people => Now::Unknown("out_of_sight"),
        _ => Now::No,
    }
}

fn alone(zone: &Zone, scene: &Scene<'_>) -> Now {
    let mut seen = scene.subjects.iter().filter(|s| s.matched && s.presence.contains_key(&zone.id));
    match (count(zone, scene), seen.next()) {
        ((1, 1), Some(subject)) => Now::of(subject.number),
        // A new track of the same person, or somebody who stands behind something.
        ((0 | 1, 1..), _) => Now::Unknown("out_of_sight"),
        _ => Now::No,
    }
}

/// Whether people stand before the place of a thing, or before most of the zone.
fn is_hidden(zone: &Zone, scene: &Scene<'_>, place: Option<PixelBox>) -> bool {
    let covered = |area: PixelBox, part: f32| {
        let sum: f32 = scene.subjects.iter().map(|s| s.bbox.intersection(&area)).sum();
        sum > part * area.area()
    };
    match place {
        Some(place) => covered(place, COVERED_PART_MAX),
        None => covered(bounds(zone, scene.size), ZONE_COVERED_PART_MAX),
    }
}

fn things<'a>(class: Class, scene: &Scene<'a>) -> Vec<&'a Detection> {
    let is_one = |d: &&Detection| d.class == class && d.score >= THING_SCORE_MIN;
    scene.detections.iter().filter(is_one).collect()
}

/// What is nearest to somebody.
#[derive(Debug, Clone, Copy)]
enum Nearest<'a> {
    /// So many of his heights away.
    At(f64, &'a Detection),
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
fn nearest<'a>(subject: &Subject, things: &[&'a Detection]) -> Nearest<'a> {
    let person = subject.bbox;
    let size = person.width().max(person.height()).max(1.0);
    let foot = person.foot();
    let gap = |thing: &PixelBox| {
        let across = (thing.x1 - foot.x).max(foot.x - thing.x2).max(0.0);
        f64::from(across.hypot(thing.y2 - foot.y) / size)
    };
    let drives = |thing: &PixelBox| {
        let within = person.intersection(thing) > 0.6 * person.area();
        within && person.y2 < thing.y2 - 0.1 * thing.height()
    };
    let (within, others): (Vec<&Detection>, Vec<&Detection>) =
        things.iter().partition(|thing| drives(&thing.bbox));
    let nearest = others.into_iter().map(|thing| (gap(&thing.bbox), thing));
    match nearest.min_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((gap, thing)) => Nearest::At(gap, thing),
        // Excavators and lorries are large enough for somebody who walks beside them.
        None if within.iter().any(|thing| thing.class != Class::Forklift) => Nearest::Around,
        None => Nearest::Nothing,
    }
}

fn lies(subject: &Subject, size: PictureSize) -> Now {
    let bbox = subject.bbox;
    #[expect(clippy::cast_precision_loss, reason = "pictures are smaller than 2^24 pixels a side")]
    let (width, height) = (size.width as f32, size.height as f32);
    let is_cut =
        bbox.x1 < EDGE || bbox.y1 < EDGE || bbox.x2 > width - EDGE || bbox.y2 > height - EDGE;
    let aspect = bbox.height() / bbox.width().max(1.0);
    let is_flat = match subject.standing {
        Some(standing) => {
            aspect < LYING_ASPECT_MAX
                && bbox.height() < LYING_HEIGHT_MAX * standing
                && bbox.width() > LYING_WIDTH_MIN * standing
        }
        None => aspect < FLAT_ASPECT_MAX,
    };
    match (is_flat, is_cut) {
        // What is cut off may be most of him.
        (_, true) if aspect < STANDING_ASPECT_MIN => Now::Unknown("cut"),
        (true, false) => Now::with(json!({ "aspect": aspect })),
        _ => Now::No,
    }
}

/// The box around a zone, pixels.
fn bounds(zone: &Zone, size: PictureSize) -> PixelBox {
    let points = zone.points.points();
    let of = |least: fn(f64, f64) -> f64, start: f64| {
        points.iter().fold((start, start), |(x, y), p| (least(x, p.x), least(y, p.y)))
    };
    let ((x1, y1), (x2, y2)) = (of(f64::min, 1.0), of(f64::max, 0.0));
    let (w, h) = (f64::from(size.width), f64::from(size.height));
    #[expect(clippy::cast_possible_truncation, reason = "places in a picture")]
    let side = |part: f64, whole: f64| (part * whole) as f32;
    PixelBox::new(side(x1, w), side(y1, h), side(x2, w), side(y2, h))
}
