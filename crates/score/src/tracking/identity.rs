//! IDF1, IDP and IDR: each true track is given to at most one found track so
//! that the fewest boxes are wrong (Ristani et al., "Performance Measures and a
//! Data Set for Multi-Target, Multi-Camera Tracking", ECCV workshops 2016).

use std::collections::BTreeMap;
use std::ops::Add;

use super::{IOU_MIN, Sequence, ratio, real};
use crate::assignment::{Pair, best_pairs};

/// Boxes under the best assignment of tracks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdentityCounts {
    /// Boxes of the right track.
    pub true_positives: usize,
    /// Found boxes of no or of the wrong track.
    pub false_positives: usize,
    /// True boxes without.
    pub false_negatives: usize,
}

impl Add for IdentityCounts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            true_positives: self.true_positives + other.true_positives,
            false_positives: self.false_positives + other.false_positives,
            false_negatives: self.false_negatives + other.false_negatives,
        }
    }
}

impl IdentityCounts {
    /// IDF1.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let right = 2 * self.true_positives;
        ratio(right, right + self.false_positives + self.false_negatives)
    }

    /// IDP.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// IDR.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.true_positives + self.false_negatives)
    }
}

pub(super) fn count(sequence: &Sequence) -> IdentityCounts {
    let mut together: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for picture in &sequence.pictures {
        for overlap in picture.overlaps.iter().filter(|overlap| overlap.iou >= IOU_MIN) {
            let pair = (picture.truth[overlap.row], picture.found[overlap.column]);
            *together.entry(pair).or_default() += 1;
        }
    }
    // Giving a pair of tracks to each other saves one miss and one false box a
    // picture that they share: the fewest errors are the most shared pictures.
    let pairs: Vec<Pair> = together
        .iter()
        .map(|(&(row, column), &shared)| Pair { row, column, gain: real(shared) })
        .collect();
    let true_positives =
        best_pairs(&pairs).iter().map(|pair| together[&(pair.row, pair.column)]).sum();
    let truth: usize = sequence.truth_boxes.iter().sum();
    let found: usize = sequence.found_boxes.iter().sum();
    IdentityCounts {
        true_positives,
        false_positives: found - true_positives,
        false_negatives: truth - true_positives,
    }
}
