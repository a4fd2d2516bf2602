//! The raw head of YOLOv8 and YOLO11: [batch, 4 + classes, cells].
//!
//! Written after the published layout of their ONNX files alone: for each cell of the strides
//! 8, 16 and 32 the centre and the size of a box, in input pixels, and the class scores, each
//! through a sigmoid; no objectness. Not verified against upstream, whose code is AGPL.

use safe_yolo_core::{Detection, PictureSize, PixelBox};

use super::{Fit, Hints, Layout, OpenInput, Rows, Sides, Spec, Task, classes_of, grid, only};
use crate::convention::{Convention, Order, Placing, Range};
use crate::graph::Graph;

const BESIDE: usize = 4;
const STRIDES: &[u32] = &[8, 16, 32];

pub(super) const SPEC: Spec = Spec {
    name: "yolov8",
    models: "YOLOv8, YOLO11 (raw head)",
    verified: None,
    convention: CONVENTION,
    input_multiple: 32,
    open_input: OpenInput::Area(640 * 384),
    strides: STRIDES,
    suppresses: true,
    fit,
    expected,
    decode,
};

/// Upstream centres the picture in its letterbox; a convolution does not see where it lies.
pub(super) const CONVENTION: Convention = Convention {
    order: Order::Rgb,
    range: Range::Unit,
    placing: Placing::Letterbox { pad: 114 },
    normal: None,
};

fn fit(graph: &Graph, hints: &Hints<'_>) -> Result<Fit, String> {
    let (name, [_, rows, cells]) = only(graph)?;
    let classes = classes_of(rows, BESIDE, hints.names)?;
    grid::check(cells, hints, STRIDES, false)?;
    Ok(Fit { outputs: vec![name], classes: Some(classes), is_fixed: rows >= 0 })
}

fn expected(layout: &Layout, input: PictureSize) -> Vec<Sides> {
    vec![[Some(layout.classes + BESIDE), Some(grid::count(input, &layout.strides, false))]]
}

fn decode(outputs: &[Rows<'_>], task: &Task<'_>) -> Result<Vec<Detection>, String> {
    let mut found = Vec::new();
    for output in outputs {
        let mut lines = output.iter();
        let mut line = || lines.next().unwrap_or_default();
        let (cx, cy, w, h) = (line(), line(), line(), line());
        for (class, scores) in task.classes.iter().zip(lines) {
            let Some(class) = *class else { continue };
            for (at, score) in scores.iter().enumerate().filter(|(_, s)| **s >= task.min_score) {
                let (x, y) = (cx[at], cy[at]);
                let (half_width, half_height) = (w[at] / 2.0, h[at] / 2.0);
                let bbox =
                    PixelBox::new(x - half_width, y - half_height, x + half_width, y + half_height);
                found.push(Detection { class, score: *score, bbox });
            }
        }
    }
    Ok(found)
}
