//! HOTA: Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object
//! Tracking", International Journal of Computer Vision 129, 2021.
//!
//! Tracks are first aligned over the whole sequence; each picture is then
//! matched once by alignment times overlap, and the matches are counted at 19
//! lowest overlaps. This is TrackEval's reading of the paper.

use std::collections::BTreeMap;

use super::{Picture, Sequence, real};
use crate::assignment::{Pair, best_pairs};

/// Lowest overlaps: 0.05, 0.10 to 0.95.
const ALPHAS: usize = 19;

fn alpha(index: usize) -> f64 {
    0.05 + real(index) * 0.05
}

/// Counts and association at each lowest overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct AtAlpha {
    true_positives: f64,
    false_positives: f64,
    false_negatives: f64,
    /// Sum over the matches of how well their tracks agree.
    association: f64,
    association_recall: f64,
    association_precision: f64,
    /// Sum of their overlaps.
    overlap: f64,
}

/// What HOTA is made of; can be added up over sequences.
#[derive(Debug, Clone, PartialEq)]
pub struct HotaCounts([AtAlpha; ALPHAS]);

/// The means over all lowest overlaps.
pub(super) struct HotaScore {
    pub(super) hota: f64,
    pub(super) det_a: f64,
    pub(super) ass_a: f64,
    pub(super) loc_a: f64,
    pub(super) det_re: f64,
    pub(super) det_pr: f64,
    pub(super) ass_re: f64,
    pub(super) ass_pr: f64,
}

impl HotaCounts {
    pub(super) fn together<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut sum = Self([AtAlpha::default(); ALPHAS]);
        for counts in all {
            for (into, from) in sum.0.iter_mut().zip(&counts.0) {
                into.true_positives += from.true_positives;
                into.false_positives += from.false_positives;
                into.false_negatives += from.false_negatives;
                into.association += from.association;
                into.association_recall += from.association_recall;
                into.association_precision += from.association_precision;
                into.overlap += from.overlap;
            }
        }
        sum
    }

    pub(super) fn score(&self) -> HotaScore {
        let mean = |of: &dyn Fn(&AtAlpha) -> f64| self.0.iter().map(of).sum::<f64>() / real(ALPHAS);
        let det_a = |at: &AtAlpha| {
            let all = at.true_positives + at.false_negatives + at.false_positives;
            at.true_positives / all.max(1.0)
        };
        let ass_a = |at: &AtAlpha| at.association / at.true_positives.max(1.0);
        HotaScore {
            hota: mean(&|at| (det_a(at) * ass_a(at)).sqrt()),
            det_a: mean(&det_a),
            ass_a: mean(&ass_a),
            // Without a match nothing is out of place.
            loc_a: mean(&|at| {
                if at.true_positives > 0.0 { at.overlap / at.true_positives } else { 1.0 }
            }),
            det_re: mean(&|at| {
                at.true_positives / (at.true_positives + at.false_negatives).max(1.0)
            }),
            det_pr: mean(&|at| {
                at.true_positives / (at.true_positives + at.false_positives).max(1.0)
            }),
            ass_re: mean(&|at| at.association_recall / at.true_positives.max(1.0)),
            ass_pr: mean(&|at| at.association_precision / at.true_positives.max(1.0)),
        }
    }
}

/// How well each true track goes with each found one over the sequence, 0 to 1.
fn align(sequence: &Sequence) -> BTreeMap<(usize, usize), f64> {
    let mut shared: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for picture in &sequence.pictures {
        let mut by_row = vec![0.0; picture.truth.len()];
        let mut by_column = vec![0.0; picture.found.len()];
        for overlap in &picture.overlaps {
            by_row[overlap.row] += overlap.iou;
            by_column[overlap.column] += overlap.iou;
        }
        for overlap in &picture.overlaps {
            let whole = by_row[overlap.row] + by_column[overlap.column] - overlap.iou;
            if whole > f64::EPSILON {
                let pair = (picture.truth[overlap.row], picture.found[overlap.column]);
                *shared.entry(pair).or_default() += overlap.iou / whole;
            }
        }
    }
    for ((truth, found), value) in &mut shared {
        let both = real(sequence.truth_boxes[*truth] + sequence.found_boxes[*found]);
        *value /= both - *value;
    }
    shared
}

/// The matches of a picture: true track, found track, overlap.
fn matches(
    picture: &Picture,
    alignment: &BTreeMap<(usize, usize), f64>,
) -> Vec<(usize, usize, f64)> {
    let mut overlap_of = BTreeMap::new();
    let mut pairs = Vec::new();
    for overlap in &picture.overlaps {
        let tracks = (picture.truth[overlap.row], picture.found[overlap.column]);
        let gain = alignment.get(&tracks).copied().unwrap_or(0.0) * overlap.iou;
        if gain > 0.0 {
            overlap_of.insert((overlap.row, overlap.column), overlap.iou);
            pairs.push(Pair { row: overlap.row, column: overlap.column, gain });
        }
    }
    let chosen = best_pairs(&pairs);
    let named = chosen.iter().map(|pair| {
        let iou = overlap_of[&(pair.row, pair.column)];
        (picture.truth[pair.row], picture.found[pair.column], iou)
    });
    named.collect()
}

pub(super) fn count(sequence: &Sequence) -> HotaCounts {
    let alignment = align(sequence);
    let mut at = [AtAlpha::default(); ALPHAS];
    let mut together: BTreeMap<(usize, usize), [usize; ALPHAS]> = BTreeMap::new();
    for picture in &sequence.pictures {
        for (truth, found, iou) in matches(picture, &alignment) {
            let counts = together.entry((truth, found)).or_default();
            for (index, (at, count)) in at.iter_mut().zip(counts).enumerate() {
                if iou >= alpha(index) - f64::EPSILON {
                    at.true_positives += 1.0;
                    at.overlap += iou;
                    *count += 1;
                }
            }
        }
    }
    for ((truth, found), counts) in together {
        let (true_boxes, found_boxes) = (sequence.truth_boxes[truth], sequence.found_boxes[found]);
        for (at, count) in at.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            let square = real(count) * real(count);
            at.association += square / real(true_boxes + found_boxes - count);
            at.association_recall += square / real(true_boxes);
            at.association_precision += square / real(found_boxes);
        }
    }
    let truth: usize = sequence.truth_boxes.iter().sum();
    let found: usize = sequence.found_boxes.iter().sum();
    for at in &mut at {
        at.false_negatives = real(truth) - at.true_positives;
        at.false_positives = real(found) - at.true_positives;
    }
    HotaCounts(at)
}
