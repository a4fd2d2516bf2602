//! Which detection belongs to which track: costs, and the optimal assignment.

use safe_yolo_core::PixelBox;
use safe_yolo_core::assignment::assign;

/// A person found in the picture, fit to be used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) bbox: PixelBox,
    pub(crate) score: f32,
}

/// Where a track is expected, and how far it may be from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) bbox: PixelBox,
    /// Margins across and down, pixels, put round both boxes before they are compared.
    pub(crate) margin: (f32, f32),
}

/// How a pair is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// `1 - IoU`.
    Iou,
    /// `1 - IoU * score`: of two detections on one person the surer wins
    /// (`fuse_score` of ByteTrack and BoT-SORT).
    IouTimesScore,
}

fn grown(bbox: PixelBox, (across, down): (f32, f32)) -> PixelBox {
    PixelBox::new(bbox.x1 - across, bbox.y1 - down, bbox.x2 + across, bbox.y2 + down)
}

/// The pairs (index in `expected`, index in `candidates`) of least total cost,
/// none dearer than `cost_max`.
pub(crate) fn associate(
    expected: &[Expected],
    candidates: &[Candidate],
    cost: Cost,
    cost_max: f64,
) -> Vec<(usize, usize)> {
    let mut costs = Vec::with_capacity(expected.len() * candidates.len());
    for track in expected {
        let there = grown(track.bbox, track.margin);
        for candidate in candidates {
            let iou = f64::from(there.iou(&grown(candidate.bbox, track.margin)));
            let weight = match cost {
                Cost::Iou => 1.0,
                Cost::IouTimesScore => f64::from(candidate.score),
            };
            costs.push(1.0 - iou * weight);
        }
    }
    let columns = assign(&costs, expected.len(), candidates.len(), cost_max);
    columns.into_iter().enumerate().filter_map(|(row, column)| Some((row, column?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32) -> PixelBox {
        PixelBox::from_xywh(x, 0.0, 10.0, 10.0)
    }

    fn check(
        tracks: &[f32],
        found: &[(f32, f32)],
        cost: Cost,
        max: f64,
        expect: &[(usize, usize)],
    ) {
        let expected: Vec<_> =
            tracks.iter().map(|x| Expected { bbox: at(*x), margin: (0.0, 0.0) }).collect();
        let candidates: Vec<_> =
            found.iter().map(|(x, score)| Candidate { bbox: at(*x), score: *score }).collect();
        assert_eq!(associate(&expected, &candidates, cost, max), expect);
    }

    #[test]
    fn pairs_by_overlap_and_score() {
        check(&[], &[(0.0, 1.0)], Cost::Iou, 0.5, &[]);
        check(&[0.0], &[], Cost::Iou, 0.5, &[]);
        check(&[0.0, 20.0], &[(21.0, 0.9), (1.0, 0.9)], Cost::Iou, 0.5, &[(0, 1), (1, 0)]);
        // An IoU of 1/3 costs 2/3.
        check(&[0.0], &[(5.0, 1.0)], Cost::Iou, 0.6, &[]);
        check(&[0.0], &[(5.0, 1.0)], Cost::Iou, 0.7, &[(0, 0)]);
        // The score makes it dearer, and decides between two.
        check(&[0.0], &[(5.0, 0.5)], Cost::IouTimesScore, 0.7, &[]);
        check(&[0.0], &[(1.0, 0.5), (2.0, 0.9)], Cost::Iou, 0.8, &[(0, 0)]);
        check(&[0.0], &[(1.0, 0.5), (2.0, 0.9)], Cost::IouTimesScore, 0.8, &[(0, 1)]);
    }

    #[test]
    fn a_margin_reaches_further() {
        let candidates = [Candidate { bbox: at(12.0), score: 1.0 }];
        for (margin, pairs) in [(0.0, 0), (10.0, 1)] {
            let expected = [Expected { bbox: at(0.0), margin: (margin, 0.0) }];
            assert_eq!(associate(&expected, &candidates, Cost::Iou, 0.7).len(), pairs);
        }
    }
}
