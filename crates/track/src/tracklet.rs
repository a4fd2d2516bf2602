//! One person being followed: the filter, and what became of the track.

use safe_yolo_core::{CameraId, PictureTime, SegmentId, Track, TrackId};

use crate::TrackerConfig;
use crate::appearance::remember;
use crate::association::{Candidate, Expected};
use crate::kalman::BoxFilter;

/// Uncertainty of the middle, as a fraction of the size, that calls for no
/// margin. Just above that of the second picture at 30 a second, 0.13; the
/// public detections of MOT15 gave the best tracks near it at 4 pictures a second.
const SPREAD_FREE: f32 = 0.15;

/// What became of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Seen once or unsurely: it may be a mistake of the detector, and nobody is told of it.
    Unconfirmed,
    /// Matched in the last analysed picture.
    Tracked,
    /// Not matched in the last analysed picture.
    Lost,
}

/// Seconds from `from` to `to`; 0 when `to` is not later.
pub(crate) fn seconds_between(from: PictureTime, to: PictureTime) -> f64 {
    PictureTime(to.0.saturating_sub(from.0)).secs_f64().max(0.0)
}

/// How far to look beyond a side of `size` when the middle is uncertain by
/// `spread`, all in pixels: at most twice the size.
fn margin(reach: f32, spread: f64, size: f32) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "pixels need no more than f32")]
    let spread = spread as f32;
    (reach * (spread - SPREAD_FREE * size)).clamp(0.0, 2.0 * size)
}

/// A track as the tracker holds it.
#[derive(Debug, Clone)]
pub(crate) struct Tracklet {
    pub(crate) number: u32,
    pub(crate) status: Status,
    pub(crate) filter: BoxFilter,
    pub(crate) score: f32,
    pub(crate) first_seen: PictureTime,
    pub(crate) last_seen: PictureTime,
    /// Since when it was matched in every analysed picture up to `last_seen`.
    pub(crate) in_sight_since: PictureTime,
    /// The scores of its detections while it is unconfirmed, added up.
    score_sum: f64,
    /// What the person looks like: an embedding of length 1, empty when unknown.
    pub(crate) looks: Vec<f32>,
}

impl Tracklet {
    /// A track that begins with this detection; `looks` is memory for its embedding.
    pub(crate) fn new(
        number: u32,
        candidate: Candidate,
        embedding: Option<&[f32]>,
        mut looks: Vec<f32>,
        time: PictureTime,
        config: &TrackerConfig,
    ) -> Self {
        looks.clear();
        looks.extend_from_slice(embedding.unwrap_or_default());
        Self {
            number,
            status: Status::Unconfirmed,
            filter: BoxFilter::new(config.state, candidate.bbox),
            score: candidate.score,
            first_seen: time,
            last_seen: time,
            in_sight_since: time,
            score_sum: f64::from(candidate.score),
            looks,
        }
    }

    /// Moves the box `dt_s` seconds on.
    pub(crate) fn predict(&mut self, dt_s: f64) {
        if self.status == Status::Lost {
            self.filter.freeze_size();
        }
        self.filter.predict(dt_s);
    }

    /// The filter `dt_s` seconds on.
    pub(crate) fn ahead(&self, dt_s: f64) -> BoxFilter {
        let mut filter = self.filter.clone();
        if self.status == Status::Lost {
            filter.freeze_size();
        }
        filter.predict(dt_s);
        filter
    }

    /// The memory of its looks, for another track, if there is any.
    pub(crate) fn take_memory(&mut self) -> Option<Vec<f32>> {
        let memory = std::mem::take(&mut self.looks);
        (memory.capacity() > 0).then_some(memory)
    }

    /// Takes in the detection that was matched at `time`, and what it looks like.
    pub(crate) fn matched(
        &mut self,
        candidate: Candidate,
        embedding: Option<&[f32]>,
        time: PictureTime,
        config: &TrackerConfig,
    ) {
        if self.status == Status::Lost {
            self.in_sight_since = time;
        }
        self.filter.update(candidate.bbox);
        self.score = candidate.score;
        self.last_seen = time;
        if self.status == Status::Unconfirmed {
            self.score_sum += f64::from(candidate.score);
        }
        let is_sure = self.score_sum >= config.confirm_score_sum
            || seconds_between(self.first_seen, time) >= config.confirm_s;
        if self.status != Status::Unconfirmed || is_sure {
            self.status = Status::Tracked;
        }
        if let Some(embedding) = embedding {
            remember(&mut self.looks, embedding);
        }
    }

    /// Where to look for it.
    ///
    /// Analysed seldom, a walking person hardly overlaps their former place
    /// until their velocity is known. So the boxes of people in sight grow by
    /// the uncertainty of the prediction, as far as it is larger than at 30
    /// pictures a second, where it is BoT-SORT's plain IoU. The idea is
    /// C-BIoU's (Yang et al., WACV 2023, arXiv:2211.14317), which grows by a
    /// fixed ratio. People seen once, of unknown velocity, get three
    /// times as much, and lost people none: they would take the boxes of others.
    pub(crate) fn expected(&self, search_reach: f64) -> Expected {
        let bbox = self.filter.bbox();
        #[expect(clippy::cast_possible_truncation, reason = "at most 30")]
        let reach = match self.status {
            Status::Unconfirmed => 3.0 * search_reach,
            Status::Tracked => search_reach,
            Status::Lost => 0.0,
        } as f32;
        let (across, down) = self.filter.spread();
        let margin = (margin(reach, across, bbox.width()), margin(reach, down, bbox.height()));
        Expected { bbox, margin }
    }

    /// The track as others see it.
    pub(crate) fn track(&self, camera: &CameraId, segment: SegmentId, predicted: bool) -> Track {
        Track {
            id: TrackId { camera: camera.clone(), segment, number: self.number },
            bbox: self.filter.bbox(),
            score: self.score,
            predicted,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
    }
}
