//! The YOLOX family: anchor-free cells of three strides.
//!
//! Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430. A row
//! is `dx, dy, dw, dh, objectness, class scores`; the centre is
//! `(cell + (dx, dy)) * stride`, the size `exp(dw, dh) * stride`, in input pixels.

use safe_yolo_core::{Detection, PictureSize, PixelBox};

use super::{Fit, Hints, Layout, OpenInput, Rows, Sides, Spec, Task, classes_of, grid, only};
use crate::convention::Convention;
use crate::graph::Graph;

/// `dx, dy, dw, dh, objectness`.
const BESIDE: usize = 5;
const STRIDES: &[u32] = &[8, 16, 32];

pub(super) const SPEC: Spec = Spec {
    name: "yolox",
    models: "YOLOX",
    verified: Some("the paper's formulas in Python over the bundled model"),
    convention: Convention::YOLOX,
    input_multiple: 32,
    open_input: OpenInput::Area(448 * 304),
    strides: STRIDES,
    suppresses: true,
    fit,
    expected,
    decode,
};

fn fit(graph: &Graph, hints: &Hints<'_>) -> Result<Fit, String> {
    let (name, [_, cells, columns]) = only(graph)?;
    let classes = classes_of(columns, BESIDE, hints.names)?;
    grid::check(cells, hints, STRIDES, false)?;
    Ok(Fit { outputs: vec![name], classes: Some(classes), is_fixed: columns >= 0 })
}

fn expected(layout: &Layout, input: PictureSize) -> Vec<Sides> {
    vec![[Some(grid::count(input, &layout.strides, false)), Some(layout.classes + BESIDE)]]
}

/// The rows whose `objectness * class score` reaches the least score, in input pixels.
#[expect(clippy::cast_precision_loss, reason = "cells and strides are small")]
fn decode(outputs: &[Rows<'_>], task: &Task<'_>) -> Result<Vec<Detection>, String> {
    let mut found = Vec::new();
    let cells = grid::cells(task.input, &task.layout.strides, false);
    for (row, (column, line, stride)) in outputs.iter().flat_map(Rows::iter).zip(cells) {
        let objectness = row[4];
        if objectness < task.min_score {
            continue;
        }
        let step = stride as f32;
        let (cx, cy) = ((row[0] + column as f32) * step, (row[1] + line as f32) * step);
        // Bounded so that a wild number stays a box and not infinity.
        let size = |v: f32| v.min(10.0).exp() * step;
        let (w, h) = (size(row[2]), size(row[3]));
        let bbox = PixelBox::new(cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0);
        for (class, score) in task.classes.iter().zip(&row[BESIDE..]) {
            let score = objectness * score;
            if let (Some(class), true) = (class, score >= task.min_score) {
                found.push(Detection { class: *class, score, bbox });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use safe_yolo_core::Class;

    use super::*;
    use crate::Family;

    #[test]
    fn a_cell_becomes_the_box_it_stands_for() {
        let input = PictureSize::new(64, 32);
        let layout = Family::Yolox.layout(2, None);
        let [[Some(count), Some(columns)]] = expected(&layout, input)[..] else { panic!() };
        assert_eq!((count, columns), (32 + 8 + 2, 7));
        let classes = [Some(Class::Helmet), Some(Class::Person)];
        let mut values = vec![0.0; count * columns];
        // Stride 16 begins after 8*4 cells; its cell (1, 0).
        let at = (32 + 1) * 7;
        values[at..at + 7].copy_from_slice(&[0.5, 0.5, 0.0, 2.0_f32.ln(), 0.9, 0.1, 0.8]);
        let task = Task { classes: &classes, layout: &layout, input, min_score: 0.3 };
        let found = decode(&[Rows { values: &values, columns }], &task).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].class, Class::Person);
        let b = found[0].bbox;
        for (value, expected) in [(b.x1, 16.0), (b.x2, 32.0), (b.y1, -8.0), (b.y2, 24.0)] {
            assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        }
    }
}
