//! Protective equipment: which item belongs to whom, and votes over time.
//!
//! One picture proves little: a bare head seen from behind is often missed, and
//! so is a helmet. So each picture casts a vote for each person and item, and a
//! verdict weighs the votes of a window of seconds, whatever the picture rate.

use std::collections::{BTreeSet, VecDeque};

use safe_yolo_core::assignment::assign;
use safe_yolo_core::{Class, CloseUp, Detection, Equipment, PictureSize, PictureTime, PixelBox};
use serde::{Deserialize, Serialize};

/// Boxes of equipment below this score prove nothing.
const ITEM_SCORE_MIN: f32 = 0.35;
/// Boxes that say an item is missing are rarer and weaker: each counts a little.
const NEGATIVE_SCORE_MIN: f32 = 0.25;
/// Weight of seeing a head or torso plainly, but no item on it.
const NOT_SEEN_WEIGHT: f32 = 0.5;
/// Part of the region that somebody else may hide.
const HIDDEN_PART_MAX: f32 = 0.35;
/// A person box flatter than this is cut, crouching or lying: no verdict.
const UPRIGHT_ASPECT_MIN: f32 = 1.3;

/// What the votes say of one item on one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is worn.
    Present,
    /// It is not.
    Missing,
    /// Too small, cut, hidden, too short or too contradictory to say.
    Unknown,
}

/// What one picture says of one item on one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Vote {
    /// Worn, with this weight.
    Present(f32),
    /// Not worn, with this weight.
    Missing(f32),
    /// No evidence either way.
    Unknown,
}

/// Where on a standing person's box an item is, as fractions of width and height.
struct Region {
    top: f32,
    bottom: f32,
    /// The centre is expected here, below the upper edge.
    centre: f32,
}

const fn region(item: Equipment) -> Region {
    match item {
        Equipment::Helmet => Region { top: -0.08, bottom: 0.26, centre: 0.07 },
        Equipment::Mask => Region { top: -0.02, bottom: 0.30, centre: 0.11 },
        Equipment::Goggles => Region { top: -0.04, bottom: 0.26, centre: 0.08 },
        Equipment::Vest => Region { top: 0.08, bottom: 0.75, centre: 0.36 },
        // Hands hang, hold and reach; of the two gloves and boots one speaks for both.
        Equipment::Gloves => Region { top: 0.15, bottom: 0.80, centre: 0.50 },
        Equipment::Boots => Region { top: 0.78, bottom: 1.05, centre: 0.95 },
    }
}

/// How tall people must be in the model's input for an item to be told, pixels.
struct Heights {
    /// Of smaller ones nothing can be said.
    min: f32,
    /// Taller ones count in full.
    full: f32,
}

const fn heights(item: Equipment) -> Heights {
    match is_on_face(item) {
        false => Heights { min: 44.0, full: 88.0 },
        // What covers half a face is a sixteenth of a person: fifteen pixels at the full height.
        true => Heights { min: 120.0, full: 240.0 },
    }
}

/// Whether an item is as small as a part of a face.
#[must_use]
pub const fn is_on_face(item: Equipment) -> bool {
    matches!(item, Equipment::Mask | Equipment::Goggles)
}

/// The part of a person that must be looked at for an item: of what is on the face his head.
#[must_use]
pub fn shown_by(item: Equipment, person: &PixelBox) -> PixelBox {
    match is_on_face(item) {
        true => PixelBox::new(person.x1, person.y1, person.x2, person.y1 + 0.3 * person.height()),
        false => *person,
    }
}

impl Region {
    fn of(&self, person: &PixelBox) -> PixelBox {
        let (w, h) = (person.width(), person.height());
        PixelBox::new(
            person.x1 - 0.15 * w,
            person.y1 + self.top * h,
            person.x2 + 0.15 * w,
            person.y1 + self.bottom * h,
        )
    }
}

/// The box of `items` that belongs to each person: at most one each, and each
/// at most one person's, so that the sum of distances is least.
fn owners(people: &[Seen], items: &[&Detection], item: Equipment) -> Vec<Option<usize>> {
    /// Farther apart than this, in heights of the person, nothing belongs together.
    const APART: f64 = 0.5;
    let region = region(item);
    let mut cost = Vec::with_capacity(people.len() * items.len());
    for person in people {
        let matched = person.matched;
        let person = &person.bbox;
        let (w, h) = (person.width().max(1.0), person.height().max(1.0));
        let area = region.of(person);
        for candidate in items {
            let centre = candidate.bbox.center();
            let inside = centre.x >= area.x1
                && centre.x <= area.x2
                && centre.y >= area.y1
                && centre.y <= area.y2;
            // A helmet as wide as two people is somebody else's, nearer to the camera.
            let fits = candidate.bbox.width() <= 1.4 * w && candidate.bbox.height() <= 0.75 * h;
            let expected_x = person.center().x;
            let expected_y = person.y1 + region.centre * h;
            let distance = ((centre.x - expected_x) / h).hypot((centre.y - expected_y) / h);
            cost.push(if matched && inside && fits { f64::from(distance) } else { 10.0 });
        }
    }
    assign(&cost, people.len(), items.len(), APART)
}

/// One person as the votes need it.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Pixels of the source picture.
    pub bbox: PixelBox,
    /// Whether a detection was matched in this picture; only then can an item be theirs.
    pub matched: bool,
    /// Whether the box shows all of the person; only then is there a verdict.
    pub whole: bool,
}

/// How large things were before the model.
#[derive(Debug, Clone, Copy)]
pub struct Sharpness {
    /// Model input pixels a source pixel.
    pub input_scale: f32,
    /// The part that was looked at once more, larger.
    pub close_up: Option<CloseUp>,
}

impl Sharpness {
    /// Model input pixels a source pixel for an item of somebody there.
    fn at(&self, item: Equipment, person: &PixelBox) -> f32 {
        match self.close_up {
            Some(close_up) if close_up.covers(&shown_by(item, person)) => close_up.input_scale,
            _ => self.input_scale,
        }
    }
}

/// Whether somebody this tall, pixels of the source picture, is too small for votes on an item
/// in full at so many model input pixels a source pixel.
#[must_use]
pub fn is_small(item: Equipment, height: f32, input_scale: f32) -> bool {
    height * input_scale < heights(item).full
}

/// Votes for `item` on each of `people`, from one picture's detections; none of those who were
/// too small to be judged, nor of faces that are too small to show that nothing is on them.
#[must_use]
pub fn votes(
    people: &[Seen],
    detections: &[Detection],
    item: Equipment,
    size: PictureSize,
    sharpness: Sharpness,
) -> Vec<Option<Vote>> {
    let boxes: Vec<PixelBox> = people.iter().map(|p| p.bbox).collect();
    let of = |class: Option<Class>, score_min: f32| -> Vec<&Detection> {
        detections.iter().filter(|d| Some(d.class) == class && d.score >= score_min).collect()
    };
    let worn = of(Some(item.class()), ITEM_SCORE_MIN);
    let bare = of(item.class().negative(), NEGATIVE_SCORE_MIN);
    let heights = heights(item);
    let worn_by = owners(people, &worn, item);
    let bare_by = owners(people, &bare, item);
    people
        .iter()
        .enumerate()
        .map(|(i, person)| {
            let height = person.bbox.height() * sharpness.at(item, &person.bbox);
            if person.whole && height < heights.min {
                return None;
            }
            if !person.whole {
                return Some(Vote::Unknown);
            }
            let size_weight = (height / heights.full).min(1.0);
            let worn_score = worn_by[i].map_or(0.0, |at| worn[at].score);
            let bare_score = bare_by[i].map_or(0.0, |at| bare[at].score);
            Some(if worn_score > bare_score {
                Vote::Present(worn_score * size_weight)
            } else if bare_score > 0.0 {
                Vote::Missing(bare_score.max(NOT_SEEN_WEIGHT) * size_weight)
            } else if is_on_face(item) && height < heights.full {
                // Between two closer looks this picture takes nothing back.
                return None;
            } else if !shows_plainly(item) || !plainly_visible(i, &boxes, item, size) {
                Vote::Unknown
            } else {
                Vote::Missing(NOT_SEEN_WEIGHT * size_weight)
            })
        })
        .collect()
}

/// Whether an item that is not found on somebody in full view is not worn: a face turned away
/// shows no mask whether worn or not, and hands and feet are behind things most of the time.
const fn shows_plainly(item: Equipment) -> bool {
    match item {
        Equipment::Helmet | Equipment::Vest => true,
        Equipment::Mask | Equipment::Gloves | Equipment::Boots | Equipment::Goggles => false,
    }
}

/// Whether the item's region of person `i` is whole, upright and not hidden by
/// somebody nearer to the camera (whose feet are lower in the picture).
fn plainly_visible(i: usize, boxes: &[PixelBox], item: Equipment, size: PictureSize) -> bool {
    /// Boxes this near to an edge of the picture may be cut by it, pixels.
    const EDGE: f32 = 3.0;
    let person = boxes[i];
    #[expect(clippy::cast_precision_loss, reason = "pictures are smaller than 2^24 pixels a side")]
    let width = size.width as f32;
    let cut = person.y1 < EDGE || person.x1 < EDGE || person.x2 > width - EDGE;
    if cut || person.height() < UPRIGHT_ASPECT_MIN * person.width() {
        return false;
    }
    let area = region(item);
    let area = PixelBox::new(
        person.x1,
        person.y1 + area.top.max(0.0) * person.height(),
        person.x2,
        person.y1 + area.bottom * person.height(),
    );
    boxes.iter().enumerate().all(|(j, other)| {
        j == i || other.y2 <= person.y2 || area.intersection(other) <= HIDDEN_PART_MAX * area.area()
    })
}

/// Votes of one person for one item over the last seconds.
#[derive(Debug, Clone, Default)]
pub struct Ballot {
    votes: VecDeque<(PictureTime, Vote)>,
}

/// What a ballot says over a window, and on what grounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Count {
    /// The outcome.
    pub verdict: Verdict,
    /// Weight times seconds of votes for "worn".
    pub present: f32,
    /// Weight times seconds of votes for "not worn".
    pub missing: f32,
    /// Part of the window with evidence, 0 to 1.
    pub coverage: f32,
    /// When the window's first evidence was, seconds of the segment.
    pub since_s: f64,
}

impl Ballot {
    /// Votes older than this are forgotten.
    pub const WINDOW_MAX_S: f64 = 10.0;
    /// No vote speaks for longer than this, so that a gap is no evidence.
    const VOTE_SPAN_MAX_S: f64 = 1.2;
    /// Part of the window that needs evidence.
    const COVERAGE_MIN: f64 = 0.6;
    /// Share of the weight that decides; between the two, nothing is decided.
    const SHARE_MIN: f32 = 0.7;
    /// Rates over 60 a second gain nothing: bounded memory.
    const VOTES_MAX: usize = 600;

    /// Adds one picture's vote; times must rise.
    pub fn cast(&mut self, time: PictureTime, vote: Vote) {
        self.votes.push_back((time, vote));
        while self.votes.len() > Self::VOTES_MAX
            || self.votes.front().is_some_and(|(t, _)| time.secs_since(*t) > Self::WINDOW_MAX_S)
        {
            self.votes.pop_front();
        }
    }

    /// How many pictures of the last `window_s` seconds before `now` showed it.
    pub(crate) fn sightings(&self, now: PictureTime, window_s: f64) -> usize {
        let recent = self.votes.range(self.first_since(now, window_s)..);
        recent.filter(|(_, vote)| matches!(vote, Vote::Present(_))).count()
    }

    /// Which vote is the first of the last `window_s` seconds.
    fn first_since(&self, now: PictureTime, window_s: f64) -> usize {
        // From the newest on: what is in the window is counted anyway.
        let newest = self.votes.iter().rev();
        let recent = newest.take_while(|(time, _)| now.secs_since(*time) <= window_s);
        self.votes.len() - recent.count()
    }

    /// The verdict over the last `window_s` seconds before `now`.
    #[must_use]
    pub fn count(&self, now: PictureTime, window_s: f64) -> Count {
        let window_s = window_s.clamp(0.1, Self::WINDOW_MAX_S);
        let (mut present, mut missing, mut covered) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut since = now;
        let mut first = None;
        // The one before still speaks when the window begins.
        let first_vote = self.first_since(now, window_s).saturating_sub(1);
        let mut votes = self.votes.range(first_vote..).peekable();
        while let Some((time, vote)) = votes.next() {
            let until = votes.peek().map_or(now, |(next, _)| *next);
            // The vote speaks until the next one, but no longer than its span.
            let spoken_s = until.secs_since(*time).min(Self::VOTE_SPAN_MAX_S);
            let begin = now.secs_since(*time);
            let span = begin.min(window_s) - (begin - spoken_s).min(window_s);
            if span <= 0.0 {
                continue;
            }
            let weight = match vote {
                Vote::Present(weight) => {
                    present += f64::from(*weight) * span;
                    true
                }
                Vote::Missing(weight) => {
                    missing += f64::from(*weight) * span;
                    true
                }
                Vote::Unknown => false,
            };
            if weight {
                covered += span;
                since = *first.get_or_insert(*time);
            }
        }
        let sum = present + missing;
        #[expect(clippy::cast_possible_truncation, reason = "figures of a few seconds")]
        let (present, missing, coverage) =
            (present as f32, missing as f32, (covered / window_s) as f32);
        let verdict = if covered < Self::COVERAGE_MIN * window_s || sum <= 0.0 {
            Verdict::Unknown
        } else if missing >= Self::SHARE_MIN * (present + missing) {
            Verdict::Missing
        } else if present >= Self::SHARE_MIN * (present + missing) {
            Verdict::Present
        } else {
            Verdict::Unknown
        };
        Count { verdict, present, missing, coverage, since_s: since.secs_f64() }
    }
}

/// All items that some active zone of the camera asks for.
#[must_use]
pub fn asked_for<'a>(zones: impl Iterator<Item = &'a safe_yolo_core::Zone>) -> BTreeSet<Equipment> {
    zones.filter(|zone| zone.active).flat_map(|zone| zone.require.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PictureSize = PictureSize::new(960, 540);
    const PLAIN: Sharpness = Sharpness { input_scale: 448.0 / 960.0, close_up: None };

    fn person(x: f32, y: f32, height: f32) -> Seen {
        Seen { bbox: PixelBox::from_xywh(x, y, height * 0.36, height), matched: true, whole: true }
    }

    fn item(class: Class, score: f32, person: &Seen, down: f32) -> Detection {
        let (h, centre) = (person.bbox.height(), person.bbox.center());
        let bbox = PixelBox::from_xywh(
            centre.x - 0.07 * h,
            person.bbox.y1 + (down - 0.06) * h,
            0.14 * h,
            0.12 * h,
        );
        Detection { class, score, bbox }
    }

    #[test]
    fn a_helmet_is_one_persons_only() {
        // P1: one helmet beside two people, 70 pixels apart.
        let people = [person(300.0, 200.0, 200.0), person(370.0, 200.0, 200.0)];
        let helmets = [item(Class::Helmet, 0.7, &people[1], 0.06)];
        let votes = votes(&people, &helmets, Equipment::Helmet, SIZE, PLAIN);
        assert!(matches!(votes[0], Some(Vote::Missing(_))), "{votes:?}");
        assert!(matches!(votes[1], Some(Vote::Present(_))), "{votes:?}");
    }

    /// A track that is only predicted stands where somebody was, perhaps over
    /// somebody who is: the helmet is the real one's.
    #[test]
    fn a_ghost_owns_nothing() {
        let real = person(300.0, 200.0, 200.0);
        let ghost = Seen { matched: false, whole: false, ..real };
        let helmets = [item(Class::Helmet, 0.7, &real, 0.06)];
        for people in [[ghost, real], [real, ghost]] {
            let votes = votes(&people, &helmets, Equipment::Helmet, SIZE, PLAIN);
            assert_eq!(votes.iter().filter(|v| matches!(v, Some(Vote::Present(_)))).count(), 1);
        }
    }

    #[test]
    fn overlapping_people_each_get_their_own_helmet() {
        let people = [person(300.0, 200.0, 200.0), person(330.0, 205.0, 200.0)];
        let helmets = [
            item(Class::Helmet, 0.7, &people[0], 0.06),
            item(Class::Helmet, 0.6, &people[1], 0.06),
        ];
        let votes = votes(&people, &helmets, Equipment::Helmet, SIZE, PLAIN);
        assert!(votes.iter().all(|vote| matches!(vote, Some(Vote::Present(_)))), "{votes:?}");
    }

    #[test]
    fn what_cannot_be_seen_is_unknown() {
        let table = [
            ("head cut by the edge", vec![person(300.0, 0.0, 200.0)]),
            ("side cut by the edge", vec![person(0.0, 200.0, 200.0)]),
            (
                "hidden by a nearer one",
                vec![person(300.0, 200.0, 150.0), person(290.0, 190.0, 250.0)],
            ),
            (
                "only predicted",
                vec![Seen { matched: false, whole: false, ..person(300.0, 200.0, 200.0) }],
            ),
            (
                "lying or cut",
                vec![Seen {
                    bbox: PixelBox::from_xywh(300.0, 300.0, 150.0, 120.0),
                    matched: true,
                    whole: true,
                }],
            ),
        ];
        for (name, people) in table {
            assert_eq!(
                votes(&people, &[], Equipment::Helmet, SIZE, PLAIN)[0],
                Some(Vote::Unknown),
                "{name}"
            );
        }
        let plain = [person(300.0, 200.0, 200.0)];
        assert!(matches!(
            votes(&plain, &[], Equipment::Helmet, SIZE, PLAIN)[0],
            Some(Vote::Missing(_))
        ));
        let near = Sharpness { input_scale: 1.5, close_up: None };
        assert_eq!(votes(&plain, &[], Equipment::Mask, SIZE, near)[0], Some(Vote::Unknown));
    }

    #[test]
    fn who_is_too_small_is_judged_where_a_closer_look_was_taken() {
        let people = [person(300.0, 200.0, 80.0), person(500.0, 200.0, 80.0)];
        let bare = [item(Class::NoHelmet, 0.6, &people[0], 0.06)];
        let of = |sharpness| votes(&people, &bare, Equipment::Helmet, SIZE, sharpness);
        assert_eq!(of(PLAIN), [None, None], "nothing can be said");
        let area = PixelBox::new(200.0, 150.0, 424.0, 300.0);
        let close_up = Some(CloseUp { area, input_scale: 2.0 });
        let closer = of(Sharpness { close_up, ..PLAIN });
        assert!(matches!(closer[0], Some(Vote::Missing(weight)) if weight > 0.55), "{closer:?}");
        assert_eq!(closer[1], None, "outside of it nothing has changed");
    }

    #[test]
    fn a_mask_is_told_where_the_face_is_large_enough() {
        let people = [person(300.0, 200.0, 200.0)];
        let masked = [item(Class::Mask, 0.8, &people[0], 0.11)];
        let of = |found: &[Detection], sharpness| {
            votes(&people, found, Equipment::Mask, SIZE, sharpness)[0]
        };
        let far = Sharpness { input_scale: 0.5, close_up: None };
        assert_eq!(of(&masked, far), None, "what seems a mask is a few pixels");
        let near = Sharpness { input_scale: 0.9, close_up: None };
        assert!(matches!(of(&masked, near), Some(Vote::Present(weight)) if weight < 0.7));
        assert_eq!(of(&[], near), None, "it may be overlooked");
        // A part with his head is enough.
        let area = PixelBox::new(250.0, 180.0, 424.0, 290.0);
        let closer = Sharpness { close_up: Some(CloseUp { area, input_scale: 1.6 }), ..far };
        assert_eq!(of(&masked, closer), Some(Vote::Present(0.8)));
        assert_eq!(of(&[], closer), Some(Vote::Unknown), "he may have turned away");
        let bare = [item(Class::NoMask, 0.4, &people[0], 0.11)];
        assert_eq!(of(&bare, closer), Some(Vote::Missing(NOT_SEEN_WEIGHT)));
    }

    #[test]
    fn an_explicit_bare_head_counts_against_a_weak_helmet() {
        let people = [person(300.0, 200.0, 200.0)];
        let both = [
            item(Class::Helmet, 0.36, &people[0], 0.06),
            item(Class::NoHelmet, 0.6, &people[0], 0.06),
        ];
        let votes = votes(&people, &both, Equipment::Helmet, SIZE, PLAIN);
        assert!(matches!(votes[0], Some(Vote::Missing(_))), "{votes:?}");
    }

    /// P3: the verdict does not hang on the picture rate.
    #[test]
    fn verdicts_come_after_the_same_seconds_at_any_rate() {
        for rate in [2.5, 4.0, 10.0, 15.0, 30.0] {
            let mut ballot = Ballot::default();
            let mut first = None;
            let pictures = (4.0 * rate) as i64;
            for i in 0..pictures {
                let time = PictureTime::from_secs_f64(i as f64 / rate);
                ballot.cast(time, Vote::Missing(0.5));
                if ballot.count(time, 2.0).verdict == Verdict::Missing {
                    first.get_or_insert(time.secs_f64());
                }
            }
            let first = first.unwrap();
            assert!((1.2..=1.61).contains(&first), "{first} s at {rate}/s");
        }
    }

    #[test]
    fn contradiction_and_gaps_are_unknown() {
        let mut ballot = Ballot::default();
        for i in 0..40 {
            let vote = if i % 2 == 0 { Vote::Missing(0.5) } else { Vote::Present(0.5) };
            ballot.cast(PictureTime::from_millis(i * 100), vote);
        }
        let now = PictureTime::from_millis(4000);
        assert_eq!(ballot.count(now, 2.0).verdict, Verdict::Unknown);
        // Two seconds later nothing new is known.
        assert_eq!(ballot.count(PictureTime::from_millis(6000), 2.0).verdict, Verdict::Unknown);
    }

    #[test]
    fn c7_memory_is_bounded() {
        let mut ballot = Ballot::default();
        for i in 0..100_000 {
            ballot.cast(PictureTime::from_millis(i), Vote::Unknown);
        }
        assert!(ballot.votes.len() <= Ballot::VOTES_MAX);
    }
}
