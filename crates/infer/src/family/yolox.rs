//! The YOLOX family: anchor-free cells of three strides.
//!
//! Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430. A row
//! is `dx, dy, dw, dh, objectness, class scores`; the centre is
//! `(cell + (dx, dy)) * stride`, the size `exp(dw, dh) * stride`, in input pixels.

use safe_yolo_core::{Class, Detection, PictureSize, PixelBox};

const STRIDES: [u32; 3] = [8, 16, 32];

/// Rows that an input of this size gives.
pub(crate) fn anchor_count(input: PictureSize) -> usize {
    STRIDES
        .iter()
        .map(|stride| (input.width / stride) as usize * (input.height / stride) as usize)
        .sum()
}

/// The rows whose `objectness * class score` reaches `min_score`, in input pixels;
/// none if a number is not finite.
#[expect(clippy::cast_precision_loss, reason = "cells and strides are small")]
pub(crate) fn decode(
    rows: &[f32],
    classes: &[Option<Class>],
    input: PictureSize,
    min_score: f32,
) -> Option<Vec<Detection>> {
    let columns = classes.len() + 5;
    let mut found = Vec::new();
    let mut rows = rows.chunks_exact(columns);
    for stride in STRIDES {
        for cell_y in 0..input.height / stride {
            for cell_x in 0..input.width / stride {
                let row = rows.next()?;
                let objectness = row[4];
                if !objectness.is_finite() {
                    return None;
                }
                if objectness < min_score {
                    continue;
                }
                if row.iter().any(|v| !v.is_finite()) {
                    return None;
                }
                let step = stride as f32;
                let (cx, cy) = ((row[0] + cell_x as f32) * step, (row[1] + cell_y as f32) * step);
                // Bounded so that a wild number stays a box and not infinity.
                let size = |v: f32| v.min(10.0).exp() * step;
                let (w, h) = (size(row[2]), size(row[3]));
                let bbox = PixelBox::new(cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0);
                for (class, score) in classes.iter().zip(&row[5..]) {
                    let score = objectness * score;
                    if let (Some(class), true) = (class, score >= min_score) {
                        found.push(Detection { class: *class, score, bbox });
                    }
                }
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(input: PictureSize) -> Vec<f32> {
        vec![0.0; anchor_count(input) * 7]
    }

    #[test]
    fn a_cell_becomes_the_box_it_stands_for() {
        let input = PictureSize::new(64, 32);
        let classes = [Some(Class::Helmet), Some(Class::Person)];
        let mut rows = rows(input);
        // Stride 16 begins after 8*4 cells; its cell (1, 0).
        let at = (32 + 1) * 7;
        rows[at..at + 7].copy_from_slice(&[0.5, 0.5, 0.0, 2.0_f32.ln(), 0.9, 0.1, 0.8]);
        let found = decode(&rows, &classes, input, 0.3).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].class, Class::Person);
        let b = found[0].bbox;
        for (value, expected) in [(b.x1, 16.0), (b.x2, 32.0), (b.y1, -8.0), (b.y2, 24.0)] {
            assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_no_empty_picture() {
        let input = PictureSize::new(32, 32);
        let mut rows = rows(input);
        rows[4] = f32::NAN;
        assert_eq!(decode(&rows, &[Some(Class::Person), None], input, 0.3), None);
    }
}
