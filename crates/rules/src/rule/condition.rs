//! What a rule's condition is in one picture: yes, no, or not to be said.

use std::collections::BTreeMap;
use std::time::Duration;

use safe_yolo_core::{
    Calibration, Class, Detection, PictureSize, PictureTime, PixelBox, RuleKind, When, Zone,
};

use super::Figures;
use super::crossing::Crossings;
use super::entries::Entries;
use super::nearness::{Around, WasNear};
use super::things::Sight;
use crate::equipment::Verdict;
use crate::presence::{CONFIRM_S, GRACE_S, Presence, Whereabouts};
use crate::subject::{STANDING_ASPECT_MIN, Subject};

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
/// Who moves his feet less than this, in heights, stands still,
const STILL_MOVE_MAX: f32 = 0.12;
/// if his height changes by no more than this part.
const STILL_HEIGHT_CHANGE_MAX: f32 = 0.15;

/// One analysed picture as conditions see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) time: PictureTime,
    pub(crate) size: PictureSize,
    /// Everybody, by number.
    pub(crate) subjects: &'a [Subject],
    /// Whether somebody is no more among them since the picture before.
    pub(crate) some_are_gone: bool,
    /// Those of them who are in the zone that is judged.
    pub(crate) inside: &'a [(&'a Subject, &'a Presence)],
    pub(crate) detections: &'a [Detection],
    /// How long a metre is, where that is known.
    pub(crate) floor: Option<&'a Calibration>,
    /// What is near to people, of each class and unit that a rule asks for.
    pub(crate) around: &'a [Around<'a>],
    /// When somebody went out of the zone, of which this picture made sure.
    pub(crate) exit: Option<PictureTime>,
}

impl<'a> Scene<'a> {
    /// The person of this number, if he is here.
    pub(super) fn subject(&self, number: u64) -> Option<&'a Subject> {
        let place = self.subjects.binary_search_by_key(&number, |subject| subject.number);
        place.ok().and_then(|place| self.subjects.get(place))
    }
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
        /// Since when.
        since: Since,
        /// Who it is, where a condition of the zone is about somebody.
        who: Option<u64>,
        /// On what grounds.
        figures: Figures,
    },
    /// It does not.
    No,
    /// That can't be said, and why.
    Unknown(&'static str),
}

/// Since when something holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Since {
    /// Since the first picture that said so.
    Now,
    /// If that is new, since this time; else since what was held before.
    IfNew(PictureTime),
    /// The same, but it was seen for the last time then: that it may be overlooked since makes no
    /// dwell longer.
    Seen {
        /// For the first time.
        first: PictureTime,
        /// For the last.
        last: PictureTime,
    },
    /// Since this time, whatever was held before.
    Exactly(PictureTime),
}

impl Since {
    /// The same, but no earlier than then.
    pub(super) fn not_before(self, time: PictureTime) -> Self {
        match self {
            Self::Now => Self::Now,
            Self::IfNew(since) => Self::IfNew(since.max(time)),
            Self::Seen { first, last } => Self::Seen { first: first.max(time), last },
            Self::Exactly(since) => Self::Exactly(since.max(time)),
        }
    }

    /// Whether that is long enough to tell: who walks past stands still for a moment.
    pub(super) fn is_plain(self, now: PictureTime) -> bool {
        match self {
            Self::Exactly(since) => now.secs_since(since) >= GRACE_S,
            Self::Now | Self::IfNew(_) | Self::Seen { .. } => true,
        }
    }
}

impl Now {
    pub(super) const fn of(who: u64) -> Self {
        Self::Yes { since: Since::Now, who: Some(who), figures: Figures::None }
    }

    pub(super) const fn since(since: PictureTime) -> Self {
        Self::Yes { since: Since::Exactly(since), who: None, figures: Figures::None }
    }

    pub(super) const fn with(figures: Figures) -> Self {
        Self::Yes { since: Since::Now, who: None, figures }
    }
}

/// What a rule remembers from picture to picture beside what it found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Whether the thing was seen.
    sight: Sight,
    /// Whether that was for which the rule waits.
    awaited: Sight,
    /// Where everybody has stood still.
    still: BTreeMap<u64, Still>,
    near: WasNear,
    /// On which side of the line everybody is, and who crossed it.
    pub(super) crossings: Crossings,
    /// Who came in when.
    pub(super) entries: Entries,
}

/// A place where somebody stands.
#[derive(Debug, Clone, Copy)]
struct Still {
    place: Stop,
    /// Since when the person is seen elsewhere,
    moved: Option<PictureTime>,
    /// and where he may have stopped.
    next: Stop,
}

/// A box, and since when somebody has it.
#[derive(Debug, Clone, Copy)]
struct Stop {
    bbox: PixelBox,
    since: PictureTime,
}

impl Stop {
    /// Whether somebody with this box stands there still.
    fn is_at(&self, bbox: &PixelBox) -> bool {
        let (from, to) = (self.bbox.foot(), bbox.foot());
        let moved = (from.x - to.x).hypot(from.y - to.y);
        let size = self.bbox.width().max(self.bbox.height()).max(1.0);
        let grown = (bbox.height() - self.bbox.height()).abs();
        moved < STILL_MOVE_MAX * size && grown < STILL_HEIGHT_CHANGE_MAX * size
    }
}

impl Memory {
    /// Forgets who is gone.
    pub(crate) fn keep(&mut self, scene: &Scene<'_>) {
        let is_here = |number: u64| scene.subject(number).is_some();
        self.near.keep(is_here);
        self.crossings.keep(is_here);
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
            RuleKind::Loitering => each(scene, |_, presence| match presence.place {
                Whereabouts::Inside => Now::since(presence.watched_since()),
                // Who is on his way out stays no longer.
                Whereabouts::AtEdge | Whereabouts::Outside => Now::Unknown("not_sure"),
            }),
            RuleKind::OccupancyAbove { people } => here(above(people, scene)),
            RuleKind::OccupancyBelow { people } => here(below(people, scene)),
            RuleKind::LoneWorker => here(alone(scene)),
            RuleKind::EntriesAbove { people, window_s } => {
                here(self.entries.judge(people, window_s, scene))
            }
            RuleKind::LineCrossing { line, direction } => {
                self.crossings.judge(&line, direction, scene)
            }
            RuleKind::ObjectMissing { class } => {
                let known = self.sight.place;
                here(match self.sight.look(class, zone, scene, known) {
                    Verdict::Present => Now::No,
                    Verdict::Missing => {
                        let figures = Figures::Missing { class };
                        let since = self.sight.missed.map_or(Since::Now, Since::IfNew);
                        Now::Yes { since, who: None, figures }
                    }
                    Verdict::Unknown => Now::Unknown("hidden"),
                })
            }
            RuleKind::ObjectPresent { class } => here(self.there(class, zone, scene)),
            RuleKind::Fire => here(self.there(Class::Fire, zone, scene)),
            RuleKind::Smoke => here(self.there(Class::Smoke, zone, scene)),
            RuleKind::Proximity { class, distance } => {
                let Some(around) = scene.around.iter().find(|a| a.is_of(class, distance)) else {
                    return here(Now::Unknown("not_calibrated"));
                };
                each(scene, |subject, _| self.near.judge(subject, around, distance, scene.time))
            }
            RuleKind::NearMiss { class, distance, speed } => {
                let Some(around) = scene.around.iter().find(|a| a.is_of(class, distance)) else {
                    return here(Now::Unknown("not_calibrated"));
                };
                each(scene, |subject, _| {
                    let closing = around.of(subject.number).map_or(0.0, |(_, closing)| closing);
                    match self.near.judge(subject, around, distance, scene.time) {
                        Now::Yes { figures, .. } if closing >= speed => {
                            Now::with(figures.with_speed(closing))
                        }
                        Now::Yes { .. } => Now::No,
                        other => other,
                    }
                })
            }
            RuleKind::Fall => each(scene, |subject, _| lies(subject, scene.size)),
            RuleKind::Motionless => {
                // Who went out and comes back over the same spot has not stood there meanwhile.
                let place =
                    |number: &u64| scene.inside.binary_search_by_key(number, |s| s.0.number);
                self.still.retain(|number, _| place(number).is_ok());
                each(scene, |subject, _| self.is_still(subject, scene.time))
            }
        }
    }

    fn there(&mut self, class: Class, zone: &Zone, scene: &Scene<'_>) -> Now {
        match self.sight.look(class, zone, scene, None) {
            Verdict::Present => {
                let figures = Figures::Thing { class, place: self.sight.place };
                Now::Yes { since: self.sight.since(), who: None, figures }
            }
            Verdict::Missing => Now::No,
            Verdict::Unknown => Now::Unknown("not_sure"),
        }
    }

    /// Whether that is certainly not so for which a rule waits.
    pub(crate) fn must_wait(&mut self, when: When, zone: &Zone, scene: &Scene<'_>) -> bool {
        let seen = match when.class {
            Class::Person => match count(scene) {
                Count { seen: 1.., .. } => Verdict::Present,
                Count { seen: 0, all: 1.., .. } => Verdict::Unknown,
                Count { seen: 0, all: 0, .. } => Verdict::Missing,
            },
            class => self.awaited.look(class, zone, scene, None),
        };
        matches!((seen, when.present), (Verdict::Missing, true) | (Verdict::Present, false))
    }

    /// Whether what a rule of this kind holds of a thing ended while nobody looked.
    pub(super) const fn has_turned(&self, kind: &RuleKind) -> bool {
        match kind {
            RuleKind::ObjectMissing { .. } => self.sight.is_found,
            RuleKind::ObjectPresent { .. } | RuleKind::Fire | RuleKind::Smoke => self.sight.is_lost,
            _ => false,
        }
    }

    /// Nobody looked for so long: it is no part of anything.
    pub(super) fn skip(&mut self, blind: Duration) {
        self.sight.skip(blind);
        for still in self.still.values_mut() {
            still.place.since = still.place.since + blind;
            still.next.since = still.next.since + blind;
        }
    }

    fn is_still(&mut self, subject: &Subject, time: PictureTime) -> Now {
        let here = Stop { bbox: subject.bbox, since: time };
        let new = Still { place: here, moved: None, next: here };
        let still = self.still.entry(subject.number).or_insert(new);
        if still.place.is_at(&subject.bbox) {
            still.moved = None;
            return Now::since(still.place.since);
        }
        // Who is half hidden has a box of another size.
        if !subject.is_whole() {
            return Now::Unknown("hidden");
        }
        if still.moved.is_none() || !still.next.is_at(&subject.bbox) {
            still.next = here;
        }
        // A box that jumps for one picture is no step.
        if time.secs_since(*still.moved.get_or_insert(time)) >= CONFIRM_S {
            (still.place, still.moved) = (still.next, None);
        }
        Now::No
    }
}

/// The condition of everybody who is in the zone.
fn each(
    scene: &Scene<'_>,
    mut condition: impl FnMut(&Subject, &Presence) -> Now,
) -> Vec<(About, Now)> {
    let inside = scene.inside.iter();
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

/// People in the zone.
struct Count {
    /// Who is seen there.
    seen: u32,
    /// And who was until a moment ago.
    all: u32,
    /// Why it can't be said whether those are there.
    doubt: &'static str,
}

fn count(scene: &Scene<'_>) -> Count {
    let none = Count { seen: 0, all: 0, doubt: "out_of_sight" };
    scene.inside.iter().fold(none, |count, (subject, presence)| {
        let is_there = subject.matched && presence.place != Whereabouts::Outside;
        let doubt = if subject.matched && !is_there { "not_sure" } else { count.doubt };
        Count { seen: count.seen + u32::from(is_there), all: count.all + 1, doubt }
    })
}

fn above(people: u32, scene: &Scene<'_>) -> Now {
    match count(scene) {
        Count { seen, .. } if seen > people => {
            Now::with(Figures::People { count: seen, people, window_s: None })
        }
        Count { all, doubt, .. } if all > people => Now::Unknown(doubt),
        Count { .. } => Now::No,
    }
}

fn below(people: u32, scene: &Scene<'_>) -> Now {
    match count(scene) {
        Count { all, .. } if all < people => {
            Now::with(Figures::People { count: all, people, window_s: None })
        }
        Count { seen, doubt, .. } if seen < people => Now::Unknown(doubt),
        Count { .. } => Now::No,
    }
}

fn alone(scene: &Scene<'_>) -> Now {
    let mut seen = scene.inside.iter().filter(|(s, _)| s.matched);
    match (count(scene), seen.next()) {
        (Count { seen: 1, all: 1, .. }, Some((subject, _))) => Now::of(subject.number),
        // A new track of the same person, or somebody who stands behind something.
        (Count { seen: 0 | 1, all: 1.., doubt }, _) => Now::Unknown(doubt),
        (Count { .. }, _) => Now::No,
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
        (true, false) => Now::with(Figures::Lying { aspect }),
        _ => Now::No,
    }
}
