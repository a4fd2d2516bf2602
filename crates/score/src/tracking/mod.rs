//! How good tracks are: HOTA, identity and CLEAR MOT measures.

mod clear;
mod hota;
mod identity;

use std::collections::BTreeMap;

use serde::Serialize;

pub use clear::{ClearCounts, Convention};
pub use hota::HotaCounts;
pub use identity::IdentityCounts;

use crate::mot::MotBox;

/// Lowest overlap of a match, for all but HOTA.
const IOU_MIN: f64 = 0.5;

/// Why tracks have no score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrackingError {
    /// The truth has no box that counts.
    #[error("no box of the truth counts: its seventh column must be 1 for those that do")]
    NoTruth,
}

/// Two boxes that share something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overlap {
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) iou: f64,
}

/// One picture in which anything is; tracks are numbered from 0.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) truth: Vec<usize>,
    pub(crate) found: Vec<usize>,
    /// By row (index in `truth`), then column (index in `found`).
    pub(crate) overlaps: Vec<Overlap>,
}

/// A sequence made ready: pictures in order, and the boxes of each track.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    pub(crate) pictures: Vec<Picture>,
    pub(crate) truth_boxes: Vec<usize>,
    pub(crate) found_boxes: Vec<usize>,
}

impl Sequence {
    fn new(truth: &[MotBox], found: &[MotBox]) -> Self {
        let mut frames: BTreeMap<u32, (Vec<&MotBox>, Vec<&MotBox>)> = BTreeMap::new();
        for bbox in truth {
            frames.entry(bbox.frame).or_default().0.push(bbox);
        }
        for bbox in found {
            frames.entry(bbox.frame).or_default().1.push(bbox);
        }
        let (truth_numbers, truth_boxes) = number(truth);
        let (found_numbers, found_boxes) = number(found);
        let picture = |(mut truth, mut found): (Vec<&MotBox>, Vec<&MotBox>)| {
            truth.sort_by_key(|bbox| bbox.id);
            found.sort_by_key(|bbox| bbox.id);
            let mut overlaps = Vec::new();
            for (row, there) in truth.iter().enumerate() {
                for (column, seen) in found.iter().enumerate() {
                    let iou = there.rect.iou(&seen.rect);
                    if iou > 0.0 {
                        overlaps.push(Overlap { row, column, iou });
                    }
                }
            }
            Picture {
                truth: truth.iter().map(|bbox| truth_numbers[&bbox.id]).collect(),
                found: found.iter().map(|bbox| found_numbers[&bbox.id]).collect(),
                overlaps,
            }
        };
        let pictures = frames.into_values().map(picture).collect();
        Self { pictures, truth_boxes, found_boxes }
    }
}

/// The place of each id, and how many boxes it has.
fn number(boxes: &[MotBox]) -> (BTreeMap<u64, usize>, Vec<usize>) {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for bbox in boxes {
        *counts.entry(bbox.id).or_default() += 1;
    }
    let numbers = counts.keys().enumerate().map(|(number, id)| (*id, number)).collect();
    (numbers, counts.into_values().collect())
}

/// What was counted in one sequence or in several together.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackingCounts {
    /// Of Luiten et al., as TrackEval counts.
    pub hota: HotaCounts,
    /// Of Ristani et al.
    pub identity: IdentityCounts,
    /// Of Bernardin and Stiefelhagen, as py-motmetrics counts.
    pub clear: ClearCounts,
    /// The same as TrackEval and roboflow/trackers count.
    pub clear_trackeval: ClearCounts,
}

/// The measures of one sequence or of several together; 0 to 1 if not said
/// otherwise, none where they would be 0 / 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackingScore {
    /// Higher order tracking accuracy, mean over 19 overlaps.
    pub hota: f64,
    /// Its detection part.
    pub det_a: f64,
    /// Its association part.
    pub ass_a: f64,
    /// Its localisation: mean overlap of what was matched.
    pub loc_a: f64,
    /// Detection recall.
    pub det_re: f64,
    /// Detection precision.
    pub det_pr: f64,
    /// Association recall.
    pub ass_re: f64,
    /// Association precision.
    pub ass_pr: f64,
    /// Identity F1.
    pub idf1: Option<f64>,
    /// Identity precision.
    pub idp: Option<f64>,
    /// Identity recall.
    pub idr: Option<f64>,
    /// CLEAR MOT as py-motmetrics has it.
    pub clear: clear::ClearScore,
    /// CLEAR MOT as TrackEval and roboflow/trackers have it.
    pub clear_trackeval: clear::ClearScore,
}

/// Counts matches of one sequence. The order of the boxes does not matter.
///
/// # Errors
/// When nothing is true.
pub fn count(truth: &[MotBox], found: &[MotBox]) -> Result<TrackingCounts, TrackingError> {
    if truth.is_empty() {
        return Err(TrackingError::NoTruth);
    }
    let sequence = Sequence::new(truth, found);
    Ok(TrackingCounts {
        hota: hota::count(&sequence),
        identity: identity::count(&sequence),
        clear: clear::count(&sequence, Convention::PyMotmetrics),
        clear_trackeval: clear::count(&sequence, Convention::TrackEval),
    })
}

impl TrackingCounts {
    /// Several sequences as if they were one: counts are added, the association
    /// of HOTA is weighted by true positives, as the reference programs do.
    #[must_use]
    pub fn together(all: &[Self]) -> Self {
        Self {
            hota: HotaCounts::together(all.iter().map(|counts| &counts.hota)),
            identity: all.iter().fold(IdentityCounts::default(), |sum, c| sum + c.identity),
            clear: all.iter().fold(ClearCounts::default(), |sum, c| sum + c.clear),
            clear_trackeval: all
                .iter()
                .fold(ClearCounts::default(), |sum, c| sum + c.clear_trackeval),
        }
    }

    /// The measures.
    #[must_use]
    pub fn score(&self) -> TrackingScore {
        let hota = self.hota.score();
        TrackingScore {
            hota: hota.hota,
            det_a: hota.det_a,
            ass_a: hota.ass_a,
            loc_a: hota.loc_a,
            det_re: hota.det_re,
            det_pr: hota.det_pr,
            ass_re: hota.ass_re,
            ass_pr: hota.ass_pr,
            idf1: self.identity.f1(),
            idp: self.identity.precision(),
            idr: self.identity.recall(),
            clear: self.clear.score(),
            clear_trackeval: self.clear_trackeval.score(),
        }
    }
}

/// `part / whole`, or none when both are 0.
pub(crate) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| real(part) / real(whole))
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 boxes")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}
