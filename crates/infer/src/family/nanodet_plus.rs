//! The NanoDet-Plus family: cells of four strides, distances as distributions.
//!
//! RangiLyu/nanodet; the distances are those of Li et al., "Generalized Focal Loss",
//! arXiv:2006.04388. A row is the class scores and, for the left, upper, right and lower
//! side, the logits of the distances 0 to 7; the distance is their mean under the softmax,
//! times the stride, from `(column, row) * stride`, in input pixels.

use safe_yolo_core::{Detection, PictureSize, PixelBox};

use super::{Fit, Hints, Layout, OpenInput, Rows, Sides, Spec, Task, classes_of, grid, only};
use crate::convention::{Convention, Normal, Order, Placing, Range};
use crate::graph::Graph;

/// Distances of a side.
const STEPS: usize = 8;
const BESIDE: usize = 4 * STEPS;
const STRIDES: &[u32] = &[8, 16, 32, 64];

pub(super) const SPEC: Spec = Spec {
    name: "nanodet-plus",
    models: "NanoDet-Plus",
    verified: None,
    convention: Convention {
        order: Order::Bgr,
        range: Range::Bytes,
        placing: Placing::Stretch,
        normal: Some(Normal { mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395] }),
    },
    input_multiple: 32,
    open_input: OpenInput::Size(PictureSize::new(416, 416)),
    strides: STRIDES,
    suppresses: true,
    fit,
    expected,
    decode,
};

fn fit(graph: &Graph, hints: &Hints<'_>) -> Result<Fit, String> {
    let (name, [_, cells, columns]) = only(graph)?;
    let classes = classes_of(columns, BESIDE, hints.names)?;
    grid::check(cells, hints, STRIDES, true)?;
    Ok(Fit { outputs: vec![name], classes: Some(classes), is_fixed: columns >= 0 })
}

fn expected(layout: &Layout, input: PictureSize) -> Vec<Sides> {
    vec![[Some(grid::count(input, &layout.strides, true)), Some(layout.classes + BESIDE)]]
}

#[expect(clippy::cast_precision_loss, reason = "cells and strides are small")]
fn decode(outputs: &[Rows<'_>], task: &Task<'_>) -> Result<Vec<Detection>, String> {
    let mut found = Vec::new();
    let cells = grid::cells(task.input, &task.layout.strides, true);
    for (row, (column, line, stride)) in outputs.iter().flat_map(Rows::iter).zip(cells) {
        let Some((scores, distances)) = row.split_at_checked(task.layout.classes) else { continue };
        // Most cells hold nothing: their distances need not be known.
        if scores.iter().all(|score| *score < task.min_score) {
            continue;
        }
        let step = stride as f32;
        let (x, y) = (column as f32 * step, line as f32 * step);
        let mut sides = distances.chunks_exact(STEPS).map(|logits| mean_distance(logits) * step);
        let mut side = || sides.next().unwrap_or_default();
        let (left, upper, right, lower) = (side(), side(), side(), side());
        let bbox = PixelBox::new(x - left, y - upper, x + right, y + lower);
        for (class, score) in task.classes.iter().zip(scores) {
            if let (Some(class), true) = (class, *score >= task.min_score) {
                found.push(Detection { class: *class, score: *score, bbox });
            }
        }
    }
    Ok(found)
}

/// The mean of 0, 1, 2... under the softmax of the logits.
fn mean_distance(logits: &[f32]) -> f32 {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let (mut sum, mut weighted, mut distance) = (0.0, 0.0, 0.0);
    for logit in logits {
        let weight = (logit - most).exp();
        sum += weight;
        weighted += weight * distance;
        distance += 1.0;
    }
    weighted / sum
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::Class;

    use super::*;
    use crate::Family;

    #[test]
    fn distances_are_means_of_distributions() {
        assert!((mean_distance(&[0.0; 8]) - 3.5).abs() < 1e-6);
        assert!((mean_distance(&[0.0, 0.0, 0.0, 80.0, 0.0, 0.0, 0.0, 0.0]) - 3.0).abs() < 1e-6);
        assert!(mean_distance(&[3e38, -3e38, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).abs() < 1e-6);
    }

    #[test]
    fn a_cell_reaches_to_its_sides() {
        let input = PictureSize::new(416, 416);
        let layout = Family::NanodetPlus.layout(1, None);
        assert_eq!(expected(&layout, input), [[Some(3598), Some(33)]]);
        let mut values = vec![0.0; 3598 * 33];
        // Stride 16 begins after 52*52 cells; its cell (2, 1): one step left, two up, three
        // right, four down.
        let row = &mut values[(52 * 52 + 26 + 2) * 33..][..33];
        row[0] = 0.75;
        for (side, distance) in [1, 2, 3, 4].into_iter().enumerate() {
            row[1 + side * 8 + distance] = 50.0;
        }
        let task = Task { classes: &[Some(Class::Person)], layout: &layout, input, min_score: 0.5 };
        let found = decode(&[Rows { values: &values, columns: 33 }], &task).unwrap();
        let [Detection { class: Class::Person, bbox: b, .. }] = found[..] else {
            panic!("{found:?}")
        };
        for (value, expected) in [(b.x1, 16.0), (b.y1, -16.0), (b.x2, 80.0), (b.y2, 80.0)] {
            assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        }
    }
}
