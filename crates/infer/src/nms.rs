//! Which of a model's boxes are reported: class-wise non-maximum suppression, or the best.

use safe_yolo_core::Detection;

/// Keeps, of boxes of one class that overlap by more than `iou_max`, the one
/// with the highest score. The answer is sorted by score, highest first, and
/// has at most `count_max` entries.
#[must_use]
pub fn non_maximum_suppression(
    mut found: Vec<Detection>,
    iou_max: f32,
    count_max: usize,
) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for candidate in found {
        if kept.len() == count_max {
            break;
        }
        let covered = kept
            .iter()
            .any(|k| k.class == candidate.class && k.bbox.iou(&candidate.bbox) > iou_max);
        if !covered {
            kept.push(candidate);
        }
    }
    kept
}

/// The best boxes of a model that gives each thing one box: sorted by score, highest first,
/// at most `count_max`. A box that stands for one class twice, because several labels mean
/// that class, stays once.
#[must_use]
pub fn best(mut found: Vec<Detection>, count_max: usize) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for candidate in found {
        if kept.len() == count_max {
            break;
        }
        if !kept.iter().any(|k| k.class == candidate.class && k.bbox == candidate.bbox) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use safe_yolo_core::{Class, PixelBox};

    fn detection(class: Class, score: f32, x: f32) -> Detection {
        Detection { class, score, bbox: PixelBox::from_xywh(x, 0.0, 100.0, 100.0) }
    }

    #[test]
    fn overlaps_go_only_within_a_class() {
        let kept = non_maximum_suppression(
            vec![
                detection(Class::Person, 0.5, 10.0),
                detection(Class::Person, 0.9, 0.0),
                detection(Class::Vest, 0.4, 5.0),
                detection(Class::Person, 0.3, 300.0),
            ],
            0.45,
            300,
        );
        let scores: Vec<_> = kept.iter().map(|d| d.score).collect();
        assert_eq!(scores, [0.9, 0.4, 0.3]);
    }

    #[test]
    fn the_best_stand_once() {
        let found = vec![
            detection(Class::Vehicle, 0.4, 10.0),
            detection(Class::Vehicle, 0.9, 10.0),
            detection(Class::Vehicle, 0.5, 11.0),
            detection(Class::Person, 0.8, 10.0),
        ];
        let scores: Vec<_> = best(found.clone(), 300).iter().map(|d| d.score).collect();
        assert_eq!(scores, [0.9, 0.8, 0.5]);
        assert_eq!(best(found, 2).len(), 2);
    }

    #[test]
    fn the_number_is_bounded() {
        let many =
            (0..1000_i16).map(|i| detection(Class::Person, 0.5, f32::from(i) * 200.0)).collect();
        assert_eq!(non_maximum_suppression(many, 0.45, 300).len(), 300);
    }
}
