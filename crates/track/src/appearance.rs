//! What people look like, as far as a model can tell: embeddings, and how
//! BoT-SORT uses them (section 3.3 of arXiv:2206.14651). No model is shipped.

use safe_yolo_core::PixelBox;

/// How much of the remembered embedding stays when a new one comes in: 0.9 in BoT-SORT.
const MEMORY: f32 = 0.9;
/// Largest squared length of an embedding that is used: beyond it, sums leave `f32`.
const SQUARE_MAX: f32 = 1e30;
/// Smallest squared length: a shorter one points nowhere.
const SQUARE_MIN: f32 = 1e-12;

/// A model of people's appearance, with the picture that is looked at.
///
/// It is asked once an update, for the sure detections of that picture. Two
/// embeddings of one person should have a small cosine distance.
pub trait Appearance {
    /// How many numbers an embedding has: from 1 to [`DIMENSION_MAX`], always the same.
    fn dimension(&self) -> usize;

    /// Writes the embeddings of `boxes` (pixels of the source picture) into `into`,
    /// one after another, `dimension` numbers each; `into` comes filled with zeros. One
    /// with a number that is NaN or infinite, or with nothing but zeros, says nothing:
    /// that person is told by place alone.
    fn embed(&mut self, boxes: &[PixelBox], into: &mut [f32]);
}

/// Most numbers of an embedding: bounds what the tracks of a camera hold.
pub const DIMENSION_MAX: usize = 4096;

/// Brings an embedding to the length 1; `false` when it says nothing.
pub(crate) fn normalise(embedding: &mut [f32]) -> bool {
    let square: f32 = embedding.iter().map(|number| number * number).sum();
    if !(SQUARE_MIN..=SQUARE_MAX).contains(&square) {
        return false;
    }
    let length = square.sqrt();
    embedding.iter_mut().for_each(|number| *number /= length);
    true
}

/// Cosine distance of two embeddings of length 1: 0 the same, 1 nothing in common,
/// 2 opposite. None when they are not of one model, or one says nothing.
pub(crate) fn cosine_distance(a: &[f32], b: &[f32]) -> Option<f64> {
    if a.is_empty() || a.len() != b.len() {
        return None;
    }
    let product: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    Some(f64::from(1.0 - product).clamp(0.0, 2.0))
}

/// Takes a new embedding of length 1 into the remembered one (equation 11 there).
pub(crate) fn remember(memory: &mut Vec<f32>, seen: &[f32]) {
    if memory.len() == seen.len() {
        for (old, new) in memory.iter_mut().zip(seen) {
            *old = MEMORY * *old + (1.0 - MEMORY) * new;
        }
        if normalise(memory) {
            return;
        }
    }
    memory.clear();
    memory.extend_from_slice(seen);
}

/// The cost of a pair from its place and its looks (equations 12 and 13 there):
/// half the cosine distance, where it is below `cosine_max` and the boxes are less
/// than `place_max` (`1 - IoU`) apart, if that is cheaper than `cost`.
pub(crate) fn fuse(cost: f64, iou: f64, cosine: f64, cosine_max: f64, place_max: f64) -> f64 {
    if cosine < cosine_max && 1.0 - iou < place_max { cost.min(cosine / 2.0) } else { cost }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn distances_of_directions() {
        let unit = |x: f32, y: f32| {
            let mut embedding = vec![x, y];
            assert!(normalise(&mut embedding));
            embedding
        };
        for (a, b, expect) in [
            (unit(3.0, 4.0), unit(6.0, 8.0), 0.0),
            (unit(1.0, 0.0), unit(0.0, 2.0), 1.0),
            (unit(1.0, 1.0), unit(-1.0, -1.0), 2.0),
        ] {
            let distance = cosine_distance(&a, &b).unwrap();
            assert!((distance - expect).abs() < 1e-6, "{a:?} {b:?}: {distance}");
        }
        assert_eq!(cosine_distance(&[], &[]), None);
        assert_eq!(cosine_distance(&[1.0], &[1.0, 0.0]), None);
    }

    #[test]
    fn what_says_nothing_is_told() {
        for says_nothing in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0], [1e20, 0.0]] {
            assert!(!normalise(&mut says_nothing.clone()), "{says_nothing:?}");
        }
    }

    #[test]
    fn the_memory_follows_slowly_and_takes_what_is_new() {
        let mut memory = Vec::new();
        remember(&mut memory, &[1.0, 0.0]);
        assert_eq!(memory, [1.0, 0.0]);
        remember(&mut memory, &[0.0, 1.0]);
        let length = (0.81_f32 + 0.01).sqrt();
        assert!((memory[0] - 0.9 / length).abs() < 1e-6 && (memory[1] - 0.1 / length).abs() < 1e-6);
        // Another model's: nothing to follow.
        remember(&mut memory, &[0.0, 0.0, 1.0]);
        assert_eq!(memory, [0.0, 0.0, 1.0]);
    }

    #[test]
    fn looks_count_only_nearby_and_only_in_favour() {
        for (cost, iou, cosine, expect) in [
            (0.6, 0.6, 0.1, 0.05),
            (0.02, 0.98, 0.1, 0.02),
            (0.6, 0.6, 0.3, 0.6),
            (0.9, 0.4, 0.1, 0.9),
        ] {
            let off = fuse(cost, iou, cosine, 0.25, 0.5) - expect;
            assert!(off.abs() < 1e-12, "{cost} {iou} {cosine}");
        }
    }
}
