//! Which detection belongs to which track: costs, and the optimal assignment.

use safe_yolo_core::PixelBox;
use safe_yolo_core::assignment::Assigner;

/// A person found in the picture, fit to be used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) bbox: PixelBox,
    pub(crate) score: f32,
    /// Which embedding of the picture is theirs, if any.
    pub(crate) embedding: Option<usize>,
}

/// Where a track is expected, and how far it may be from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) bbox: PixelBox,
    /// Margins across and down, pixels, put round both boxes before they are compared.
    pub(crate) margin: (f32, f32),
}

fn grown(bbox: PixelBox, (across, down): (f32, f32)) -> PixelBox {
    PixelBox::new(bbox.x1 - across, bbox.y1 - down, bbox.x2 + across, bbox.y2 + down)
}

/// Associates again and again in the same memory.
#[derive(Debug, Default)]
pub(crate) struct Associator {
    costs: Vec<f64>,
    assigner: Assigner,
}

impl Associator {
    /// The candidate of each expected track: the pairs of least total cost, none
    /// dearer than `cost_max`. `cost` gets the places of track and candidate in
    /// the lists, and the overlap (IoU) of their boxes.
    pub(crate) fn associate(
        &mut self,
        expected: &[Expected],
        candidates: &[Candidate],
        cost: impl Fn(usize, usize, f64) -> f64,
        cost_max: f64,
    ) -> &[Option<usize>] {
        self.costs.clear();
        for (row, track) in expected.iter().enumerate() {
            let there = grown(track.bbox, track.margin);
            for (column, candidate) in candidates.iter().enumerate() {
                let iou = f64::from(there.iou(&grown(candidate.bbox, track.margin)));
                self.costs.push(cost(row, column, iou));
            }
        }
        self.assigner.assign(&self.costs, expected.len(), candidates.len(), cost_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32) -> PixelBox {
        PixelBox::from_xywh(x, 0.0, 10.0, 10.0)
    }

    fn check(tracks: &[f32], found: &[(f32, f32)], fuse: bool, max: f64, expect: &[Option<usize>]) {
        let expected: Vec<_> =
            tracks.iter().map(|x| Expected { bbox: at(*x), margin: (0.0, 0.0) }).collect();
        let candidates: Vec<_> = found
            .iter()
            .map(|(x, score)| Candidate { bbox: at(*x), score: *score, embedding: None })
            .collect();
        let cost = |_, column: usize, iou: f64| {
            1.0 - iou * if fuse { f64::from(candidates[column].score) } else { 1.0 }
        };
        let mut associator = Associator::default();
        assert_eq!(associator.associate(&expected, &candidates, cost, max), expect);
    }

    #[test]
    fn pairs_by_overlap_and_score() {
        check(&[], &[(0.0, 1.0)], false, 0.5, &[]);
        check(&[0.0], &[], false, 0.5, &[None]);
        check(&[0.0, 20.0], &[(21.0, 0.9), (1.0, 0.9)], false, 0.5, &[Some(1), Some(0)]);
        // An IoU of 1/3 costs 2/3.
        check(&[0.0], &[(5.0, 1.0)], false, 0.6, &[None]);
        check(&[0.0], &[(5.0, 1.0)], false, 0.7, &[Some(0)]);
        // The score makes it dearer, and decides between two.
        check(&[0.0], &[(5.0, 0.5)], true, 0.7, &[None]);
        check(&[0.0], &[(1.0, 0.5), (2.0, 0.9)], false, 0.8, &[Some(0)]);
        check(&[0.0], &[(1.0, 0.5), (2.0, 0.9)], true, 0.8, &[Some(1)]);
    }

    #[test]
    fn a_margin_reaches_further() {
        let candidates = [Candidate { bbox: at(12.0), score: 1.0, embedding: None }];
        for (margin, pair) in [(0.0, None), (10.0, Some(0))] {
            let expected = [Expected { bbox: at(0.0), margin: (margin, 0.0) }];
            let mut associator = Associator::default();
            let answer = associator.associate(&expected, &candidates, |_, _, iou| 1.0 - iou, 0.7);
            assert_eq!(answer, [pair]);
        }
    }
}
