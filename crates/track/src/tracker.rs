//! The tracker of one segment of one camera: BoT-SORT's update, in seconds.

use std::cell::Cell;
use std::cmp::Ordering;
use std::marker::PhantomData;

use safe_yolo_core::{CameraId, Class, Detection, PictureTime, PixelBox, SegmentId, Track};

use crate::association::{Candidate, Cost, Expected, associate};
use crate::tracklet::{Status, Tracklet, seconds_between};
use crate::{CameraMotion, TrackerConfig, TrackerConfigError};

/// Boxes further from the origin than this are no pixels of a picture.
const REACH_PX: f32 = 1e6;

/// Why an update was refused. The tracker is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// Pictures must come in the order of their times.
    #[error(
        "picture at {given_us} us is not later than the last one at {last_us} us: \
         start a new segment, with a new tracker, when time jumps back",
        given_us = given.0,
        last_us = last.0
    )]
    TimeNotLater {
        /// Time of the last update.
        last: PictureTime,
        /// Time of the refused one.
        given: PictureTime,
    },
}

/// What the tracker left out since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackerCounters {
    /// Persons whose box or score is no number, inside out or outside all reason.
    pub detections_refused: u64,
    /// Persons beyond the most detections of one picture.
    pub detections_dropped: u64,
    /// Lost tracks ended early to make room for new ones.
    pub tracks_evicted: u64,
    /// Tracks not started because the most were there, all in sight.
    pub tracks_refused: u64,
}

/// Follows the people of one segment of one camera.
///
/// It belongs to one task: it can be moved to another thread, but not shared
/// between threads, nor copied.
///
/// ```compile_fail,E0277
/// fn shared_by_two_threads(tracker: &safe_yolo_track::Tracker) {
///     std::thread::scope(|scope| {
///         scope.spawn(|| tracker.predict(Default::default()));
///     });
/// }
/// ```
/// ```compile_fail,E0277
/// fn needs_sync<T: Sync>() {}
/// needs_sync::<safe_yolo_track::Tracker>();
/// ```
/// ```compile_fail,E0277
/// fn needs_clone<T: Clone>() {}
/// needs_clone::<safe_yolo_track::Tracker>();
/// ```
/// ```
/// fn needs_send<T: Send>() {}
/// needs_send::<safe_yolo_track::Tracker>();
/// ```
#[derive(Debug)]
pub struct Tracker {
    camera: CameraId,
    segment: SegmentId,
    config: TrackerConfig,
    /// Time of the last update; the filters stand at this time.
    last: Option<PictureTime>,
    /// In order of their numbers. Bounded by `tracks_max`: a new track evicts
    /// the one lost longest, and is refused when none is lost.
    tracklets: Vec<Tracklet>,
    next_number: u32,
    counters: TrackerCounters,
    /// Takes `Sync` away.
    one_owner: PhantomData<Cell<()>>,
}

impl Tracker {
    /// A tracker that has seen nothing.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(
        camera: CameraId,
        segment: SegmentId,
        config: TrackerConfig,
    ) -> Result<Self, TrackerConfigError> {
        config.validate()?;
        Ok(Self {
            camera,
            segment,
            config,
            last: None,
            tracklets: Vec::new(),
            next_number: 1,
            counters: TrackerCounters::default(),
            one_owner: PhantomData,
        })
    }

    /// What was left out so far.
    #[must_use]
    pub const fn counters(&self) -> TrackerCounters {
        self.counters
    }

    /// Number of tracks held, lost and unconfirmed ones included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tracklets.len()
    }

    /// Whether nobody is being followed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tracklets.is_empty()
    }

    /// Takes in what the detector found in the picture of `time`; other classes
    /// than persons are ignored.
    ///
    /// Returns the confirmed tracks in order of their numbers: those matched
    /// now, and with `predicted` set those not matched for at most `lost_s`
    /// seconds. Boxes are the filter's, pixels of the source picture, and may
    /// reach beyond its edges. The order of `detections` does not matter.
    ///
    /// # Errors
    /// When `time` is not later than that of the last update.
    pub fn update(
        &mut self,
        time: PictureTime,
        detections: &[Detection],
    ) -> Result<Vec<Track>, TrackError> {
        if let Some(last) = self.last
            && time <= last
        {
            return Err(TrackError::TimeNotLater { last, given: time });
        }
        let gap_s = self.last.map(|last| seconds_between(last, time));
        self.last = Some(time);
        // Before the associations: after a long gap nobody is where they were.
        let lost_s = self.config.lost_s;
        self.tracklets.retain(|tracklet| seconds_between(tracklet.last_seen, time) <= lost_s);
        for tracklet in &mut self.tracklets {
            tracklet.predict(gap_s.unwrap_or(0.0));
        }
        self.tracklets.retain(|tracklet| tracklet.filter.is_sane(f64::from(REACH_PX) * 4.0));

        let (high, low) = self.candidates(detections);
        let high = self.first_association(time, high);
        self.second_association(time, &low);
        let high = self.confirm(time, high);
        let at_once = gap_s.is_none_or(|gap_s| gap_s > self.config.confirm_at_once_s);
        let status = if at_once { Status::Tracked } else { Status::Unconfirmed };
        for candidate in high {
            if f64::from(candidate.score) >= self.config.new {
                self.start(candidate, time, status);
            }
        }
        self.remove_duplicates();
        Ok(self.confirmed().map(|t| self.shown(t, t.status == Status::Lost)).collect())
    }

    /// The confirmed tracks as they should be at `time`, all `predicted`;
    /// for the pictures between two analyses. Nothing changes in the tracker.
    ///
    /// A `time` before the last update is taken as the time of that update.
    #[must_use]
    pub fn predict(&self, time: PictureTime) -> Vec<Track> {
        let dt_s = self.last.map_or(0.0, |last| seconds_between(last, time));
        self.confirmed()
            .filter(|tracklet| seconds_between(tracklet.last_seen, time) <= self.config.lost_s)
            .map(|tracklet| {
                let mut ahead = tracklet.clone();
                ahead.predict(dt_s);
                self.shown(&ahead, true)
            })
            .collect()
    }

    /// Carries all tracks from the picture of the last update into the one
    /// that the next update is about. Call it before that update.
    pub fn compensate(&mut self, motion: &CameraMotion) {
        for tracklet in &mut self.tracklets {
            tracklet.filter.compensate(motion);
        }
    }

    fn confirmed(&self) -> impl Iterator<Item = &Tracklet> {
        self.tracklets.iter().filter(|tracklet| tracklet.status != Status::Unconfirmed)
    }

    fn shown(&self, tracklet: &Tracklet, predicted: bool) -> Track {
        tracklet.track(&self.camera, self.segment, predicted)
    }

    /// The usable persons, best first, split at the high score.
    fn candidates(&mut self, detections: &[Detection]) -> (Vec<Candidate>, Vec<Candidate>) {
        let mut usable = Vec::new();
        for detection in detections.iter().filter(|d| d.class == Class::Person) {
            if !is_usable(detection) {
                self.counters.detections_refused += 1;
            } else if f64::from(detection.score) >= self.config.low {
                usable.push(Candidate { bbox: detection.bbox, score: detection.score });
            }
        }
        // A total order: the same detections in any order give the same tracks.
        usable.sort_by(|a, b| {
            let corners = |c: &Candidate| <[f32; 4]>::from(c.bbox);
            let by_corner = corners(a).into_iter().zip(corners(b)).map(|(a, b)| a.total_cmp(&b));
            by_corner.fold(b.score.total_cmp(&a.score), Ordering::then)
        });
        let dropped = usable.len().saturating_sub(self.config.detections_max);
        self.counters.detections_dropped += dropped as u64;
        usable.truncate(self.config.detections_max);
        usable.into_iter().partition(|c| f64::from(c.score) >= self.config.high)
    }

    /// Matches the tracks of some status with `candidates`, and returns the
    /// candidates left over.
    fn match_those(
        &mut self,
        time: PictureTime,
        take_part: impl Fn(Status) -> bool,
        mut candidates: Vec<Candidate>,
        cost: Cost,
        cost_max: f64,
    ) -> Vec<Candidate> {
        let mut those: Vec<&mut Tracklet> = self
            .tracklets
            .iter_mut()
            .filter(|tracklet| take_part(tracklet.status) && tracklet.last_seen != time)
            .collect();
        let expected: Vec<Expected> = those.iter().map(|tracklet| tracklet.expected()).collect();
        let mut left = vec![true; candidates.len()];
        for (row, column) in associate(&expected, &candidates, cost, cost_max) {
            those[row].matched(candidates[column], time);
            left[column] = false;
        }
        let mut left = left.into_iter();
        candidates.retain(|_| left.next().unwrap_or(false));
        candidates
    }

    /// Sure detections with everybody known, seen or lost.
    fn first_association(&mut self, time: PictureTime, high: Vec<Candidate>) -> Vec<Candidate> {
        let known = |status| status != Status::Unconfirmed;
        self.match_those(time, known, high, Cost::IouTimesScore, self.config.match_cost_max)
    }

    /// Unsure detections with those still in sight: an unsure one where a
    /// person just was is a person half hidden, elsewhere it is nothing.
    fn second_association(&mut self, time: PictureTime, low: &[Candidate]) {
        let in_sight = |status| status == Status::Tracked;
        let cost_max = self.config.second_match_cost_max;
        self.match_those(time, in_sight, low.to_vec(), Cost::Iou, cost_max);
        for tracklet in &mut self.tracklets {
            if tracklet.status == Status::Tracked && tracklet.last_seen != time {
                tracklet.status = Status::Lost;
            }
        }
    }

    /// Sure detections with those seen once; who is not seen again was never there.
    fn confirm(&mut self, time: PictureTime, high: Vec<Candidate>) -> Vec<Candidate> {
        let unconfirmed = |status| status == Status::Unconfirmed;
        let cost_max = self.config.unconfirmed_match_cost_max;
        let left = self.match_those(time, unconfirmed, high, Cost::IouTimesScore, cost_max);
        self.tracklets.retain(|tracklet| tracklet.status != Status::Unconfirmed);
        left
    }

    fn start(&mut self, candidate: Candidate, time: PictureTime, status: Status) {
        if self.tracklets.len() >= self.config.tracks_max {
            let lost = self.tracklets.iter().enumerate().filter(|(_, t)| t.status == Status::Lost);
            let Some((longest_lost, _)) = lost.min_by_key(|(_, t)| (t.last_seen, t.number)) else {
                self.counters.tracks_refused += 1;
                return;
            };
            self.tracklets.remove(longest_lost);
            self.counters.tracks_evicted += 1;
        }
        // A number is never given twice, even if it means giving none.
        let Some(next) = self.next_number.checked_add(1) else {
            self.counters.tracks_refused += 1;
            return;
        };
        self.tracklets.push(Tracklet::new(self.next_number, candidate, time, status));
        self.next_number = next;
    }

    /// Ends one of each pair of a lost track and one that came up at the same
    /// place: the one followed for the shorter time (ByteTrack).
    fn remove_duplicates(&mut self) {
        let mut ended = Vec::new();
        for lost in self.tracklets.iter().filter(|t| t.status == Status::Lost) {
            for seen in self.tracklets.iter().filter(|t| t.status != Status::Lost) {
                // In sight at once they are two people, one now hidden by the other.
                if seen.in_sight_since <= lost.last_seen {
                    continue;
                }
                let cost = 1.0 - f64::from(lost.filter.bbox().iou(&seen.filter.bbox()));
                if cost < self.config.duplicate_cost_max {
                    let followed = |t: &Tracklet| seconds_between(t.first_seen, t.last_seen);
                    let shorter = if followed(lost) > followed(seen) { seen } else { lost };
                    ended.push(shorter.number);
                }
            }
        }
        self.tracklets.retain(|tracklet| !ended.contains(&tracklet.number));
    }
}

/// Whether box and score are numbers, the right way round and within reason.
fn is_usable(detection: &Detection) -> bool {
    let PixelBox { x1, y1, x2, y2 } = detection.bbox;
    [x1, y1, x2, y2].iter().all(|pixel| pixel.abs() <= REACH_PX)
        && x1 < x2
        && y1 < y2
        && (0.0..=1.0).contains(&detection.score)
}
