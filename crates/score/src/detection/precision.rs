//! Average precision of one class: greedy matching by score, the precision made
//! monotonous, its mean at 101 recalls.

use safe_yolo_core::Class;

use super::files::{FoundBox, TrueBox};
use super::{ClassRow, DETECTIONS_MAX};
use crate::geometry::Rect;
use crate::tracking::real;

/// Lowest overlaps: 0.50, 0.55 to 0.95.
const OVERLAPS: usize = 10;
const RECALLS: usize = 101;

fn overlap_min(index: usize) -> f64 {
    0.5 + real(index) * ((0.95 - 0.5) / 9.0)
}

/// The boxes of one class in one picture.
pub(super) struct Picture {
    truth: Vec<Rect>,
    /// The surest first.
    found: Vec<(f64, Rect)>,
    found_count: usize,
}

impl Picture {
    pub(super) fn new(class: Class, truth: &[TrueBox], found: &[FoundBox]) -> Self {
        let mut truth: Vec<Rect> =
            truth.iter().filter(|bbox| bbox.class == class).map(|bbox| bbox.rect).collect();
        // By place, so that equal overlaps do not depend on the order in the file.
        truth.sort_by(|a, b| {
            let key = |r: &Rect| [r.x1, r.y1, r.x2, r.y2];
            let (a, b) = (key(a), key(b));
            a.iter()
                .zip(&b)
                .map(|(a, b)| a.total_cmp(b))
                .find(|o| o.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let of_class = found.iter().filter(|bbox| bbox.class == class);
        let mut found: Vec<(f64, Rect)> = of_class.map(|bbox| (bbox.score, bbox.rect)).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let found_count = found.len();
        found.truncate(DETECTIONS_MAX);
        Self { truth, found, found_count }
    }

    /// Score of each detection, and at which overlaps it is right.
    fn judge(&self) -> Vec<(f64, [bool; OVERLAPS])> {
        let mut taken = vec![[false; OVERLAPS]; self.truth.len()];
        let mut judged = Vec::with_capacity(self.found.len());
        for (score, rect) in &self.found {
            let mut near: Vec<(usize, f64)> = self
                .truth
                .iter()
                .map(|there| there.iou(rect))
                .enumerate()
                .filter(|(_, iou)| *iou >= overlap_min(0))
                .collect();
            near.sort_by(|a, b| b.1.total_cmp(&a.1));
            let mut right = [false; OVERLAPS];
            for (index, right) in right.iter_mut().enumerate() {
                let free =
                    |(at, iou): &&(usize, f64)| *iou >= overlap_min(index) && !taken[*at][index];
                if let Some(&(at, _)) = near.iter().find(free) {
                    taken[at][index] = true;
                    *right = true;
                }
            }
            judged.push((*score, right));
        }
        judged
    }
}

pub(super) fn row(class: Class, pictures: &[Picture]) -> ClassRow {
    let true_boxes: usize = pictures.iter().map(|picture| picture.truth.len()).sum();
    let mut judged: Vec<_> = pictures.iter().flat_map(Picture::judge).collect();
    // Stable: equal scores stay in the order of the pictures.
    judged.sort_by(|a, b| b.0.total_cmp(&a.0));
    let at = |index: usize| average(judged.iter().map(|(_, right)| right[index]), true_boxes);
    let all: Vec<f64> = (0..OVERLAPS).map(at).collect();
    let has_truth = true_boxes > 0;
    ClassRow {
        class,
        true_boxes,
        found: pictures.iter().map(|picture| picture.found_count).sum(),
        ap50: all.first().copied().filter(|_| has_truth),
        ap50_95: has_truth.then(|| all.iter().sum::<f64>() / real(OVERLAPS)),
    }
}

/// Average precision of detections, the surest first, right or wrong.
fn average(right: impl Iterator<Item = bool>, true_boxes: usize) -> f64 {
    let mut hits = 0;
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (index, right) in right.enumerate() {
        hits += usize::from(right);
        points.push((real(hits) / real(true_boxes.max(1)), real(hits) / real(index + 1)));
    }
    // The precision at a recall is the best that is reached there or beyond.
    let mut best = 0.0_f64;
    for (_, precision) in points.iter_mut().rev() {
        best = best.max(*precision);
        *precision = best;
    }
    let at = |index: usize| {
        let recall = real(index) * 0.01;
        let from = points.partition_point(|(reached, _)| *reached < recall);
        points.get(from).map_or(0.0, |(_, precision)| *precision)
    };
    (0..RECALLS).map(at).sum::<f64>() / real(RECALLS)
}
