//! The tracker of one segment of one camera: BoT-SORT's update, in seconds.

use std::cell::Cell;
use std::cmp::Ordering;
use std::marker::PhantomData;

use safe_yolo_core::{CameraId, Class, Detection, PictureTime, PixelBox, SegmentId, Track};

use crate::appearance::{Appearance, DIMENSION_MAX, cosine_distance, fuse, normalise};
use crate::association::{Associator, Candidate, Expected};
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
    /// The model of appearance gives no usable embeddings.
    #[error(
        "embeddings of {dimension} numbers: use a model of appearance with 1 to {DIMENSION_MAX}, \
         or none"
    )]
    Dimension {
        /// How many numbers it says it gives.
        dimension: usize,
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
    work: Work,
    /// Takes `Sync` away.
    one_owner: PhantomData<Cell<()>>,
}

/// Memory of one update, kept for the next: once it has grown to what a scene
/// needs, an update allocates nothing. Bounded by `detections_max` and `tracks_max`.
#[derive(Debug, Default)]
struct Work {
    usable: Vec<Candidate>,
    high: Vec<Candidate>,
    low: Vec<Candidate>,
    /// Places of the tracks that take part in an association.
    those: Vec<usize>,
    expected: Vec<Expected>,
    associator: Associator,
    boxes: Vec<PixelBox>,
    /// Embeddings of the sure detections, `dimension` numbers each.
    embeddings: Vec<f32>,
    dimension: usize,
    ended: Vec<u32>,
    /// Memory of the looks of tracks that ended.
    spare: Vec<Vec<f32>>,
}

impl Work {
    fn embedding(&self, candidate: &Candidate) -> Option<&[f32]> {
        let at = candidate.embedding?;
        self.embeddings.get(at * self.dimension..(at + 1) * self.dimension)
    }

    fn embedding_or_none(&self, candidate: &Candidate) -> &[f32] {
        self.embedding(candidate).unwrap_or_default()
    }
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
            work: Work::default(),
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
        let mut tracks = Vec::new();
        self.update_into(time, detections, None, &mut tracks)?;
        Ok(tracks)
    }

    /// The same with a model of people's appearance that looks at this picture, into
    /// `tracks`, whose former content is dropped: allocates nothing once its
    /// memory and the tracker's have grown to what the scene needs.
    ///
    /// # Errors
    /// When `time` is not later than that of the last update, or the model's
    /// embeddings have no length that can be used. Nothing has changed then.
    pub fn update_into(
        &mut self,
        time: PictureTime,
        detections: &[Detection],
        appearance: Option<&mut dyn Appearance>,
        tracks: &mut Vec<Track>,
    ) -> Result<(), TrackError> {
        if let Some(last) = self.last
            && time <= last
        {
            return Err(TrackError::TimeNotLater { last, given: time });
        }
        if let Some(dimension) = appearance.as_ref().map(|model| model.dimension())
            && !(1..=DIMENSION_MAX).contains(&dimension)
        {
            return Err(TrackError::Dimension { dimension });
        }
        let gap_s = self.last.map(|last| seconds_between(last, time));
        self.last = Some(time);
        // Before the associations: after a long gap nobody is where they were.
        let lost_s = self.config.lost_s;
        self.retain(|tracklet| seconds_between(tracklet.last_seen, time) <= lost_s);
        for tracklet in &mut self.tracklets {
            tracklet.predict(gap_s.unwrap_or(0.0));
        }
        self.retain(|tracklet| tracklet.filter.is_sane(f64::from(REACH_PX) * 4.0));

        self.sort_detections(detections);
        self.look(appearance);
        self.first_association(time);
        self.second_association(time);
        self.confirm(time);
        let at_once = gap_s.is_none_or(|gap_s| gap_s > self.config.confirm_at_once_s);
        for at in 0..self.work.high.len() {
            let candidate = self.work.high[at];
            if f64::from(candidate.score) >= self.config.new {
                self.start(candidate, time, at_once);
            }
        }
        self.remove_duplicates();
        tracks.clear();
        tracks.extend(self.confirmed().map(|t| self.shown(t, t.status == Status::Lost)));
        Ok(())
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
                let bbox = tracklet.ahead(dt_s).bbox();
                Track { bbox, ..self.shown(tracklet, true) }
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

    /// Ends the tracks that `keep` does not want.
    fn retain(&mut self, mut keep: impl FnMut(&Tracklet) -> bool) {
        let spare = &mut self.work.spare;
        self.tracklets.retain_mut(|tracklet| {
            let stays = keep(tracklet);
            if !stays {
                spare.extend(tracklet.take_memory());
            }
            stays
        });
    }

    /// Puts the usable persons into `high` and `low`, best first.
    fn sort_detections(&mut self, detections: &[Detection]) {
        let Work { usable, high, low, .. } = &mut self.work;
        usable.clear();
        for detection in detections.iter().filter(|d| d.class == Class::Person) {
            if !is_usable(detection) {
                self.counters.detections_refused += 1;
            } else if f64::from(detection.score) >= self.config.low {
                let Detection { bbox, score, .. } = *detection;
                usable.push(Candidate { bbox, score, embedding: None });
            }
        }
        // A total order: the same detections in any order give the same tracks.
        usable.sort_unstable_by(|a, b| {
            let corners = |c: &Candidate| <[f32; 4]>::from(c.bbox);
            let by_corner = corners(a).into_iter().zip(corners(b)).map(|(a, b)| a.total_cmp(&b));
            by_corner.fold(b.score.total_cmp(&a.score), Ordering::then)
        });
        let dropped = usable.len().saturating_sub(self.config.detections_max);
        self.counters.detections_dropped += dropped as u64;
        usable.truncate(self.config.detections_max);
        let is_high = |c: &&Candidate| f64::from(c.score) >= self.config.high;
        high.clear();
        high.extend(usable.iter().filter(is_high));
        low.clear();
        low.extend(usable.iter().filter(|c| !is_high(c)));
    }

    /// Asks the model what the sure detections look like.
    fn look(&mut self, appearance: Option<&mut dyn Appearance>) {
        let Some(model) = appearance else { return };
        let Work { high, boxes, embeddings, dimension, .. } = &mut self.work;
        *dimension = model.dimension();
        boxes.clear();
        boxes.extend(high.iter().map(|candidate| candidate.bbox));
        embeddings.clear();
        embeddings.resize(*dimension * boxes.len(), 0.0);
        model.embed(boxes, embeddings);
        for ((at, candidate), embedding) in
            high.iter_mut().enumerate().zip(embeddings.chunks_exact_mut(*dimension))
        {
            candidate.embedding = normalise(embedding).then_some(at);
        }
    }

    /// Matches the tracks of some status with the sure detections, or the unsure
    /// ones, and removes the matched from them.
    fn match_those(
        &mut self,
        time: PictureTime,
        take_part: impl Fn(Status) -> bool,
        sure: bool,
        cost_max: f64,
    ) {
        let mut those = std::mem::take(&mut self.work.those);
        let mut expected = std::mem::take(&mut self.work.expected);
        let mut associator = std::mem::take(&mut self.work.associator);
        let list = if sure { &mut self.work.high } else { &mut self.work.low };
        let mut candidates = std::mem::take(list);

        those.clear();
        those.extend((0..self.tracklets.len()).filter(|at| {
            let tracklet = &self.tracklets[*at];
            take_part(tracklet.status) && tracklet.last_seen != time
        }));
        expected.clear();
        let reach = self.config.search_reach;
        expected.extend(those.iter().map(|at| self.tracklets[*at].expected(reach)));
        let cost = |row: usize, column: usize, iou: f64| {
            let candidate = &candidates[column];
            if !sure {
                return 1.0 - iou;
            }
            let weight = if self.config.fuse_score { f64::from(candidate.score) } else { 1.0 };
            let cost = 1.0 - iou * weight;
            let looks = &self.tracklets[those[row]].looks;
            match cosine_distance(looks, self.work.embedding_or_none(candidate)) {
                None => cost,
                Some(cosine) => {
                    let TrackerConfig { appearance_cosine_max, appearance_place_max, .. } =
                        self.config;
                    fuse(cost, iou, cosine, appearance_cosine_max, appearance_place_max)
                }
            }
        };
        let answer = associator.associate(&expected, &candidates, cost, cost_max);
        for (at, column) in those.iter().zip(answer) {
            if let Some(column) = column {
                let candidate = candidates[*column];
                let embedding = self.work.embedding(&candidate);
                self.tracklets[*at].matched(candidate, embedding, time, &self.config);
                // Marked as taken: no usable detection has such a score.
                candidates[*column].score = -1.0;
            }
        }
        candidates.retain(|candidate| candidate.score >= 0.0);

        let list = if sure { &mut self.work.high } else { &mut self.work.low };
        *list = candidates;
        self.work.those = those;
        self.work.expected = expected;
        self.work.associator = associator;
    }

    /// Sure detections with everybody known, seen or lost.
    fn first_association(&mut self, time: PictureTime) {
        let known = |status| status != Status::Unconfirmed;
        self.match_those(time, known, true, self.config.match_cost_max);
    }

    /// Unsure detections with those still in sight: an unsure one where a
    /// person just was is a person half hidden, elsewhere it is nothing.
    fn second_association(&mut self, time: PictureTime) {
        let in_sight = |status| status == Status::Tracked;
        self.match_those(time, in_sight, false, self.config.second_match_cost_max);
        for tracklet in &mut self.tracklets {
            if tracklet.status == Status::Tracked && tracklet.last_seen != time {
                tracklet.status = Status::Lost;
            }
        }
    }

    /// Sure detections with those not confirmed yet; who is not seen again was never there.
    fn confirm(&mut self, time: PictureTime) {
        let unconfirmed = |status| status == Status::Unconfirmed;
        self.match_those(time, unconfirmed, true, self.config.unconfirmed_match_cost_max);
        self.retain(|tracklet| !unconfirmed(tracklet.status) || tracklet.last_seen == time);
    }

    fn start(&mut self, candidate: Candidate, time: PictureTime, at_once: bool) {
        if self.tracklets.len() >= self.config.tracks_max {
            let lost = self.tracklets.iter().enumerate().filter(|(_, t)| t.status == Status::Lost);
            let Some((longest_lost, _)) = lost.min_by_key(|(_, t)| (t.last_seen, t.number)) else {
                self.counters.tracks_refused += 1;
                return;
            };
            let mut ended = self.tracklets.remove(longest_lost);
            self.work.spare.extend(ended.take_memory());
            self.counters.tracks_evicted += 1;
        }
        // A number is never given twice, even if it means giving none.
        let Some(next) = self.next_number.checked_add(1) else {
            self.counters.tracks_refused += 1;
            return;
        };
        let looks = self.work.spare.pop().unwrap_or_default();
        let embedding = self.work.embedding(&candidate);
        let mut tracklet =
            Tracklet::new(self.next_number, candidate, embedding, looks, time, &self.config);
        if at_once {
            tracklet.status = Status::Tracked;
        }
        self.tracklets.push(tracklet);
        self.next_number = next;
    }

    /// Ends one of each pair of a lost track and one that came up at the same
    /// place: the one followed for the shorter time (ByteTrack).
    fn remove_duplicates(&mut self) {
        let mut ended = std::mem::take(&mut self.work.ended);
        ended.clear();
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
        if !ended.is_empty() {
            self.retain(|tracklet| !ended.contains(&tracklet.number));
        }
        self.work.ended = ended;
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
