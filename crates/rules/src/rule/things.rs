//! Things of a class in a zone: seen, hidden, or not there.

use std::time::Duration;

use safe_yolo_core::{Class, Detection, PictureSize, PictureTime, PixelBox, Zone};

use super::condition::{Scene, Since};
use crate::equipment::{Ballot, Verdict, Vote};
use crate::presence::has;

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

/// Votes on whether something of a class is in a zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    votes: Ballot,
    /// Where it was seen last.
    pub(super) place: Option<PixelBox>,
    /// Since when it is seen, however often it is overlooked, and when it was last.
    seen: Option<(PictureTime, PictureTime)>,
    /// Since when it is plainly not seen.
    pub(super) missed: Option<PictureTime>,
    /// Whether nobody looked before this picture.
    resumed: bool,
    /// Whether the last picture before a time in which nobody looked, or the first after it, which
    /// is this one, does not show it,
    pub(super) is_lost: bool,
    /// or whether one of them does.
    pub(super) is_found: bool,
}

impl Sight {
    /// What the votes say with this picture's; people may hide the thing's place, or the whole
    /// zone when that is not known or may be anywhere.
    pub(super) fn look(
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
        self.votes.cast(scene.time, vote);
        let verdict = self.verdict(scene.time);
        self.date(scene.time, vote, verdict);
        match verdict {
            Verdict::Present
                if self.votes.sightings(scene.time, THING_WINDOW_S) < SIGHTINGS_MIN =>
            {
                Verdict::Unknown
            }
            verdict => verdict,
        }
    }

    /// Since when it is seen, or missed.
    fn date(&mut self, now: PictureTime, vote: Vote, verdict: Verdict) {
        self.is_lost = self.resumed && (matches!(vote, Vote::Missing(_)) || self.missed.is_some());
        self.is_found = self.resumed && (matches!(vote, Vote::Present(_)) || self.missed.is_none());
        if self.is_lost {
            self.seen = None;
        }
        match vote {
            Vote::Present(_) => {
                self.missed = None;
                let since = self.seen.map_or(now, |(since, _)| since);
                self.seen = Some((since, now));
            }
            Vote::Missing(_) => {
                let since = self.missed.unwrap_or(now);
                self.missed = Some(since);
                // It may be overlooked.
                if verdict == Verdict::Missing {
                    self.seen = None;
                }
            }
            Vote::Unknown => {
                if verdict == Verdict::Unknown {
                    (self.seen, self.missed) = (None, None);
                }
            }
        }
        self.resumed = false;
    }

    /// Since when it is there, if it is.
    pub(super) fn since(&self) -> Since {
        self.seen.map_or(Since::Now, |(first, last)| Since::Seen { first, last })
    }

    /// Nobody looked for so long: it is no part of any sight.
    pub(super) fn skip(&mut self, blind: Duration) {
        self.seen = self.seen.map(|(since, last)| (since + blind, last + blind));
        self.missed = self.missed.map(|since| since + blind);
        self.resumed = true;
    }

    fn verdict(&self, now: PictureTime) -> Verdict {
        self.votes.count(now, THING_WINDOW_S).verdict
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

/// What was found of the class, surely enough.
pub(super) fn things<'a>(class: Class, scene: &Scene<'a>) -> Vec<&'a Detection> {
    let is_one = |d: &&Detection| d.class == class && d.score >= THING_SCORE_MIN;
    scene.detections.iter().filter(is_one).collect()
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
