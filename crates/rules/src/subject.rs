//! Subjects: the persons behind the tracks. Stay time, votes and pauses belong
//! to the person and follow it through a change of track id.

use std::collections::BTreeMap;
use std::time::Duration;

use safe_yolo_core::assignment::assign;
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    Equipment, Event, EventChange, EventType, PictureTime, PixelBox, Track, TrackId, Utc, ZoneId,
};
use serde_json::json;

use crate::equipment::Ballot;
use crate::pace::Pace;
use crate::presence::{GRACE_S, Presence};

/// People followed at once; more than a detector reports.
const SUBJECTS_MAX: usize = 400;
/// How far somebody may have gone while unseen, in box heights a second.
const SPEED_MAX_HEIGHTS_PER_S: f64 = 1.2;
/// And how far a box may jump at once, in box heights.
const JUMP_MAX_HEIGHTS: f64 = 0.3;
/// A box lower than this part of the person's usual height shows only a part
/// of the person: its lower edge is not the feet.
const WHOLE_HEIGHT_MIN: f32 = 0.85;
/// A person who stays lower than that for this long sits, kneels or stands
/// behind something: then that is the usual height, seconds.
const CUT_MAX_S: f64 = 2.0;
/// A box narrower than its height by this factor shows somebody upright.
pub(crate) const STANDING_ASPECT_MIN: f32 = 1.8;
/// Out of sight for no longer than this, somebody is the same beyond doubt, seconds.
const SURELY_SAME_S: f64 = 0.6;
/// An analysed picture accounts for no more unseen time than this, seconds:
/// in a longer gap nobody looked.
const UNSEEN_STEP_MAX_S: f64 = 1.0;

/// A finding that has been raised: its rule, where, and the event.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// The event as announced; apart, as most pictures only ask whether it lasts.
    pub event: Box<Event>,
    /// When it was raised.
    pub at: PictureTime,
    /// Whether it still lasts.
    pub open: bool,
}

impl Raised {
    pub(crate) fn new(event: &Event, at: PictureTime) -> Self {
        Self { event: Box::new(event.clone()), at, open: true }
    }

    /// The end of it, unless it has ended already.
    pub(crate) fn end(&mut self, time: PictureTime, utc: Utc, reason: &str) -> Option<EventChange> {
        if !std::mem::take(&mut self.open) {
            return None;
        }
        self.event.end = Some(utc);
        self.event.details.insert("end_s".into(), json!(time.secs_f64()));
        self.event.details.insert("end_reason".into(), json!(reason));
        Some(EventChange { kind: ChangeKind::Ended, event: (*self.event).clone() })
    }
}

/// One person.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Stays the same through changes of track; unique in the segment.
    pub number: u64,
    /// The track that shows the person now.
    pub track: TrackId,
    /// Newest box, pixels of the source picture.
    pub bbox: PixelBox,
    /// Newest box that showed the whole person, and when: half hidden people
    /// shrink to slivers, whose place and size say little.
    whole: (PictureTime, PixelBox),
    usual_height: f32,
    /// Height of the upright person, once seen.
    pub standing: Option<f32>,
    /// Whether the newest picture brought the person back from so long out of sight that it
    /// may be somebody else.
    pub is_renewed: bool,
    cut_since: Option<PictureTime>,
    /// Score of the last matched detection.
    pub score: f32,
    /// When a detection was last matched.
    pub last_seen: PictureTime,
    /// For how long nobody has looked since then.
    blind: Duration,
    /// Whether the newest picture has a detection of the person.
    pub matched: bool,
    /// Analysed seconds since then.
    pub unseen_s: f64,
    /// Where he was on a measured floor.
    pub(crate) pace: Pace,
    /// Zones the person is in.
    pub presence: BTreeMap<ZoneId, Presence>,
    /// Votes for each item that is asked for.
    pub ballots: BTreeMap<Equipment, Ballot>,
    /// Findings by rule and zone, newest only: the pause counts from here.
    pub raised: BTreeMap<(EventType, ZoneId), Raised>,
}

/// Everybody in sight of one camera, or gone for less than the grace.
#[derive(Debug, Clone, Default)]
pub struct Subjects {
    all: Vec<Subject>,
    /// Number of the next person.
    next: u64,
    last: Option<PictureTime>,
    /// What the newest picture adds to the unseen time of the missing.
    step_s: f64,
    /// How long nobody has looked.
    blind: Duration,
}

impl Subjects {
    /// Takes over one analysed picture's tracks: known tracks move their
    /// persons, new tracks are given to persons who just went missing nearby,
    /// the rest are new persons.
    pub fn observe(&mut self, time: PictureTime, tracks: &[Track]) {
        let step_s =
            self.last.map_or(0.0, |last| time.secs_since(last).clamp(0.0, UNSEEN_STEP_MAX_S));
        self.step_s = step_s;
        self.last = Some(time);
        for subject in &mut self.all {
            subject.matched = false;
            subject.is_renewed = false;
        }
        let blind = std::mem::take(&mut self.blind);
        if !blind.is_zero() {
            for subject in &mut self.all {
                subject.blind += blind;
                subject.cut_since = subject.cut_since.map(|since| since + blind);
                subject.pace.clear();
            }
        }
        if blind.as_secs_f64() > GRACE_S {
            let presences = self.all.iter_mut().flat_map(|subject| subject.presence.values_mut());
            presences.for_each(|presence| presence.skip(blind));
        }
        let mut fresh: Vec<&Track> = Vec::new();
        for track in tracks {
            match self.all.iter_mut().find(|s| s.track == track.id) {
                Some(subject) => subject.follow(track, time),
                None if track.predicted => {}
                None => fresh.push(track),
            }
        }
        self.adopt(time, fresh);
        for subject in &mut self.all {
            subject.unseen_s = if subject.matched { 0.0 } else { subject.unseen_s + step_s };
        }
    }

    fn adopt(&mut self, time: PictureTime, fresh: Vec<&Track>) {
        let missing: Vec<usize> =
            (0..self.all.len()).filter(|i| self.all[*i].may_come_back(time)).collect();
        let cost: Vec<f64> = fresh
            .iter()
            .flat_map(|track| missing.iter().map(|i| self.all[*i].distance_to(track, time)))
            .collect();
        let answer = assign(&cost, fresh.len(), missing.len(), 1.0);
        for (track, answer) in fresh.into_iter().zip(answer) {
            if let Some(at) = answer {
                let subject = &mut self.all[missing[at]];
                subject.track = track.id.clone();
                subject.come_back(time);
                subject.follow(track, time);
            } else if self.all.len() < SUBJECTS_MAX {
                self.all.push(Subject::new(self.next, track, time));
                self.next += 1;
            }
        }
    }

    /// Nobody looked for a while: that time makes nobody leave, and nobody stay.
    pub fn skip_gap(&mut self, from: PictureTime, to: PictureTime) {
        self.last = None;
        self.blind += Duration::from_secs_f64(to.secs_since(from).max(0.0));
    }

    /// Everybody.
    #[must_use]
    pub fn all(&self) -> &[Subject] {
        &self.all
    }

    /// Everybody, to be changed.
    pub fn all_mut(&mut self) -> &mut [Subject] {
        &mut self.all
    }

    /// Removes and returns those unseen for longer than the grace, which bounds
    /// all that is kept. The picture that ends the grace may be the one that
    /// shows the person again, so the one before must have been without them.
    pub fn take_gone(&mut self) -> Vec<Subject> {
        let step_s = self.step_s;
        let (gone, here) =
            std::mem::take(&mut self.all).into_iter().partition(|s| s.unseen_s - step_s > GRACE_S);
        self.all = here;
        gone
    }

    /// Removes and returns everybody.
    pub fn take_all(&mut self) -> Vec<Subject> {
        std::mem::take(&mut self.all)
    }
}

impl Subject {
    fn new(number: u64, track: &Track, time: PictureTime) -> Self {
        let mut subject = Self {
            number,
            track: track.id.clone(),
            bbox: track.bbox,
            whole: (time, track.bbox),
            usual_height: track.bbox.height(),
            standing: None,
            is_renewed: false,
            cut_since: None,
            score: track.score,
            last_seen: time,
            blind: Duration::ZERO,
            matched: true,
            unseen_s: 0.0,
            pace: Pace::default(),
            presence: BTreeMap::new(),
            ballots: BTreeMap::new(),
            raised: BTreeMap::new(),
        };
        subject.stand();
        subject
    }

    /// Takes the height of an upright box for that of the standing person.
    fn stand(&mut self) {
        let (width, height) = (self.bbox.width(), self.bbox.height());
        if height >= STANDING_ASPECT_MIN * width {
            let standing = self.standing.get_or_insert(height);
            *standing += 0.2 * (height - *standing);
        }
    }

    fn follow(&mut self, track: &Track, time: PictureTime) {
        self.bbox = track.bbox;
        if !track.predicted {
            self.score = track.score;
            self.last_seen = time;
            self.blind = Duration::ZERO;
            self.matched = true;
            self.measure(time);
        }
    }

    /// Whether the newest box shows the whole person.
    fn measure(&mut self, time: PictureTime) {
        let height = self.bbox.height();
        if height >= WHOLE_HEIGHT_MIN * self.usual_height {
            self.cut_since = None;
            self.usual_height += 0.2 * (height - self.usual_height);
        } else if time.secs_since(*self.cut_since.get_or_insert(time)) > CUT_MAX_S {
            self.cut_since = None;
            self.usual_height = height;
        }
        if self.cut_since.is_none() {
            self.whole = (time, self.bbox);
            self.stand();
        }
    }

    /// Whether the newest picture shows the person, and all of it.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.matched && self.cut_since.is_none()
    }

    /// After more than a moment out of sight it may be somebody else: what
    /// lasts goes on, but no pause or vote of the one before silences an alarm.
    fn come_back(&mut self, time: PictureTime) {
        if time.secs_since(self.last_seen) > SURELY_SAME_S {
            self.is_renewed = true;
            self.pace.clear();
            self.raised.retain(|_, raised| raised.open);
            self.ballots.clear();
        }
    }

    fn may_come_back(&self, time: PictureTime) -> bool {
        !self.matched && time.secs_since(self.last_seen + self.blind) <= GRACE_S + UNSEEN_STEP_MAX_S
    }

    /// How unlikely it is that the track is this person: 0 the same place and
    /// size, above 1 impossible.
    fn distance_to(&self, track: &Track, time: PictureTime) -> f64 {
        let ((seen, a), b) = (self.whole, track.bbox);
        // The longer side: who falls is as long as he was tall.
        let long = |bbox: &PixelBox| f64::from(bbox.height().max(bbox.width()));
        let height = long(&a).max(long(&b)).max(1.0);
        let ratio = long(&a).min(long(&b)) / height;
        // Who stands where somebody stood before nobody looked is taken for him; who stands
        // elsewhere is somebody else.
        let gap_s = time.secs_since(seen + self.blind).max(0.0);
        let reach = JUMP_MAX_HEIGHTS + SPEED_MAX_HEIGHTS_PER_S * gap_s;
        let (from, to) = (a.foot(), b.foot());
        let moved = f64::from((from.x - to.x).hypot(from.y - to.y)) / height;
        if ratio < 0.6 { 2.0 } else { moved / reach }
    }

    /// Whether anything raised for the person still lasts.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.raised.values().any(|raised| raised.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(number: u32, x: f32, predicted: bool) -> Track {
        Track {
            id: format!("cam/1/{number}").parse().unwrap(),
            bbox: PixelBox::from_xywh(x, 200.0, 70.0, 200.0),
            score: 0.8,
            predicted,
            first_seen: PictureTime::default(),
            last_seen: PictureTime::default(),
        }
    }

    fn ms(millis: i64) -> PictureTime {
        PictureTime::from_millis(millis)
    }

    #[test]
    fn a_new_id_in_the_same_place_is_the_same_person() {
        let mut subjects = Subjects::default();
        subjects.observe(ms(0), &[track(1, 300.0, false)]);
        subjects.observe(ms(100), &[track(1, 300.0, true)]);
        subjects.observe(ms(600), &[track(2, 330.0, false)]);
        assert_eq!(subjects.all().len(), 1);
        assert_eq!(subjects.all()[0].track.number, 2);
    }

    #[test]
    fn somebody_else_far_away_is_not() {
        let mut subjects = Subjects::default();
        subjects.observe(ms(0), &[track(1, 100.0, false)]);
        subjects.observe(ms(100), &[track(2, 700.0, false)]);
        assert_eq!(subjects.all().len(), 2);
    }

    #[test]
    fn only_analysed_time_makes_people_leave() {
        let mut subjects = Subjects::default();
        subjects.observe(ms(0), &[track(1, 100.0, false)]);
        // Ten seconds nobody looked: one step of at most a second.
        subjects.observe(ms(10_000), &[]);
        assert!(subjects.take_gone().is_empty());
        for i in 1..=12 {
            subjects.observe(ms(10_000 + i * 100), &[]);
        }
        assert_eq!(subjects.take_gone().len(), 1);
        assert!(subjects.all().is_empty());
    }

    #[test]
    fn c7_the_number_of_people_is_bounded() {
        let mut subjects = Subjects::default();
        let crowd: Vec<Track> =
            (0..1000_u16).map(|i| track(u32::from(i), f32::from(i) * 500.0, false)).collect();
        subjects.observe(ms(0), &crowd);
        assert_eq!(subjects.all().len(), SUBJECTS_MAX);
    }
}
