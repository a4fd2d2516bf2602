//! MOTA, MOTP, switches and fragments: Bernardin and Stiefelhagen, "Evaluating
//! Multiple Object Tracking Performance: The CLEAR MOT Metrics", EURASIP Journal
//! on Image and Video Processing, 2008.
//!
//! The paper leaves room, and the two reference programs fill it differently:
//! see [`Convention`].

use std::ops::Add;

use serde::Serialize;

use super::{IOU_MIN, Overlap, Picture, Sequence, ratio, real};
use crate::assignment::{Pair, best_pairs};

/// Whose reading of CLEAR MOT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// py-motmetrics: a track keeps its last partner, however long ago, when
    /// both are there; the others are matched as many as possible and then by
    /// least distance. Mostly tracked is 80 % or more.
    PyMotmetrics,
    /// TrackEval and roboflow/trackers: only the partner of the picture before
    /// is preferred, and the total overlap is made greatest. A track that was
    /// not there for a picture is a fragment more. Mostly tracked is above 80 %.
    TrackEval,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClearCounts {
    /// True boxes that were found, switches among them.
    pub matches: usize,
    /// True boxes that were not.
    pub misses: usize,
    /// Found boxes that are not true.
    pub false_boxes: usize,
    /// Matches with another track than the last.
    pub switches: usize,
    /// Times that a track was taken up again.
    pub fragments: usize,
    /// Tracks found in at least 80 % of their pictures.
    pub mostly_tracked: usize,
    /// Tracks in between.
    pub partly_tracked: usize,
    /// Tracks found in less than 20 %.
    pub mostly_lost: usize,
    /// Sum of the overlaps of all matches.
    pub overlap: f64,
}

/// CLEAR MOT of one sequence or of several together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClearScore {
    /// `1 - (misses + false boxes + switches) / true boxes`: 1 at best, may be negative.
    pub mota: Option<f64>,
    /// Mean overlap of the matches (py-motmetrics gives 1 minus this).
    pub motp: Option<f64>,
    /// Part of the true boxes that was found.
    pub recall: Option<f64>,
    /// Part of the found boxes that is true.
    pub precision: Option<f64>,
    /// True boxes that were found, switches among them.
    pub matches: usize,
    /// True boxes that were not.
    pub misses: usize,
    /// Found boxes that are not true.
    pub false_boxes: usize,
    /// Matches with another track than the last.
    pub switches: usize,
    /// Times that a track was taken up again.
    pub fragments: usize,
    /// Tracks found in at least 80 % of their pictures.
    pub mostly_tracked: usize,
    /// Tracks in between.
    pub partly_tracked: usize,
    /// Tracks found in less than 20 %.
    pub mostly_lost: usize,
}

impl Add for ClearCounts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            matches: self.matches + other.matches,
            misses: self.misses + other.misses,
            false_boxes: self.false_boxes + other.false_boxes,
            switches: self.switches + other.switches,
            fragments: self.fragments + other.fragments,
            mostly_tracked: self.mostly_tracked + other.mostly_tracked,
            partly_tracked: self.partly_tracked + other.partly_tracked,
            mostly_lost: self.mostly_lost + other.mostly_lost,
            overlap: self.overlap + other.overlap,
        }
    }
}

impl ClearCounts {
    /// The measures.
    #[must_use]
    pub fn score(&self) -> ClearScore {
        let truth = self.matches + self.misses;
        let errors = self.misses + self.false_boxes + self.switches;
        ClearScore {
            mota: ratio(errors, truth).map(|wrong| 1.0 - wrong),
            motp: (self.matches > 0).then(|| self.overlap / real(self.matches)),
            recall: ratio(self.matches, truth),
            precision: ratio(self.matches, self.matches + self.false_boxes),
            matches: self.matches,
            misses: self.misses,
            false_boxes: self.false_boxes,
            switches: self.switches,
            fragments: self.fragments,
            mostly_tracked: self.mostly_tracked,
            partly_tracked: self.partly_tracked,
            mostly_lost: self.mostly_lost,
        }
    }
}

/// What is known of one true track so far.
#[derive(Debug, Clone, Copy, Default)]
struct History {
    /// The found track it was last matched with.
    partner: Option<usize>,
    /// Whether that was in the picture before (TrackEval).
    just_before: bool,
    /// Whether it was there and missed since (py-motmetrics).
    missed: bool,
    matches: usize,
}

pub(super) fn count(sequence: &Sequence, convention: Convention) -> ClearCounts {
    let mut counts = ClearCounts::default();
    let mut histories = vec![History::default(); sequence.truth_boxes.len()];
    for picture in &sequence.pictures {
        let matched = match convention {
            Convention::PyMotmetrics => match_py_motmetrics(picture, &histories),
            Convention::TrackEval => match_trackeval(picture, &histories),
        };
        counts.matches += matched.len();
        counts.misses += picture.truth.len() - matched.len();
        counts.false_boxes += picture.found.len() - matched.len();
        // TrackEval passes over pictures where one side is empty.
        let one_sided = picture.truth.is_empty() || picture.found.is_empty();
        let before = histories.clone();
        if convention == Convention::TrackEval && !one_sided {
            histories.iter_mut().for_each(|history| history.just_before = false);
        }
        for &track in &picture.truth {
            histories[track].missed = true;
        }
        for overlap in matched {
            let (track, found) = (picture.truth[overlap.row], picture.found[overlap.column]);
            let (was, history) = (before[track], &mut histories[track]);
            counts.overlap += overlap.iou;
            if was.partner.is_some_and(|partner| partner != found) {
                counts.switches += 1;
            }
            let taken_up = match convention {
                Convention::PyMotmetrics => was.missed,
                Convention::TrackEval => !was.just_before,
            };
            if taken_up && was.matches > 0 {
                counts.fragments += 1;
            }
            *history = History {
                partner: Some(found),
                just_before: true,
                missed: false,
                matches: was.matches + 1,
            };
        }
    }
    for (history, &boxes) in histories.iter().zip(&sequence.truth_boxes) {
        let part = real(history.matches) / real(boxes);
        let mostly = match convention {
            Convention::PyMotmetrics => part >= 0.8,
            Convention::TrackEval => part > 0.8,
        };
        if mostly {
            counts.mostly_tracked += 1;
        } else if part >= 0.2 {
            counts.partly_tracked += 1;
        } else {
            counts.mostly_lost += 1;
        }
    }
    counts
}

fn match_py_motmetrics(picture: &Picture, histories: &[History]) -> Vec<Overlap> {
    let allowed: Vec<Overlap> =
        picture.overlaps.iter().filter(|overlap| overlap.iou >= IOU_MIN).copied().collect();
    let mut row_taken = vec![false; picture.truth.len()];
    let mut column_taken = vec![false; picture.found.len()];
    let mut matched = Vec::new();
    for overlap in &allowed {
        let partner = histories[picture.truth[overlap.row]].partner;
        // Two tracks may have had the same partner last: the first one keeps it.
        if partner == Some(picture.found[overlap.column]) && !column_taken[overlap.column] {
            row_taken[overlap.row] = true;
            column_taken[overlap.column] = true;
            matched.push(*overlap);
        }
    }
    let free: Vec<Overlap> = allowed
        .into_iter()
        .filter(|overlap| !row_taken[overlap.row] && !column_taken[overlap.column])
        .collect();
    // One more pair is worth more than all distances together.
    let pair_worth = real(picture.truth.len().min(picture.found.len())) + 1.0;
    matched.extend(choose(&free, |overlap| pair_worth - (1.0 - overlap.iou)));
    matched
}

fn match_trackeval(picture: &Picture, histories: &[History]) -> Vec<Overlap> {
    let allowed: Vec<Overlap> = picture
        .overlaps
        .iter()
        .filter(|overlap| overlap.iou >= IOU_MIN - f64::EPSILON)
        .copied()
        .collect();
    choose(&allowed, |overlap| {
        let history = histories[picture.truth[overlap.row]];
        let goes_on = history.just_before && history.partner == Some(picture.found[overlap.column]);
        if goes_on { 1000.0 + overlap.iou } else { overlap.iou }
    })
}

fn choose(overlaps: &[Overlap], gain: impl Fn(&Overlap) -> f64) -> Vec<Overlap> {
    let pairs: Vec<Pair> = overlaps
        .iter()
        .map(|overlap| Pair { row: overlap.row, column: overlap.column, gain: gain(overlap) })
        .collect();
    let chosen = best_pairs(&pairs);
    let is_chosen = |overlap: &&Overlap| {
        let at = chosen.binary_search_by_key(&overlap.row, |pair| pair.row);
        at.is_ok_and(|at| chosen[at].column == overlap.column)
    };
    overlaps.iter().filter(is_chosen).copied().collect()
}
