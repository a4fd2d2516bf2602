//! YOLOv10 and YOLO26 end to end: [batch, boxes, 6], usually 300 boxes.
//!
//! Written after the published layout of their ONNX files alone: `x1, y1, x2, y2` in input
//! pixels, the score, the number of the class; doubles are suppressed in the graph. Not
//! verified against upstream, whose code is AGPL.

use safe_yolo_core::{Detection, PictureSize, PixelBox};

use super::{Fit, Hints, Layout, OpenInput, Rows, Sides, Spec, Task, only, yolov8};
use crate::graph::Graph;

const COLUMNS: usize = 6;

pub(super) const SPEC: Spec = Spec {
    name: "yolov10",
    models: "YOLOv10, YOLO26 (end to end)",
    verified: None,
    convention: yolov8::CONVENTION,
    input_multiple: 32,
    open_input: OpenInput::Area(640 * 384),
    strides: &[],
    suppresses: false,
    fit,
    expected,
    decode,
};

fn fit(graph: &Graph, hints: &Hints<'_>) -> Result<Fit, String> {
    let (name, [_, rows, columns]) = only(graph)?;
    let open = columns == -1 && hints.is_given;
    if super::fixed(columns) != Some(COLUMNS) && !open {
        return Err(format!("{columns} numbers a box, not {COLUMNS}"));
    }
    if rows == 0 {
        return Err("it has no boxes".into());
    }
    Ok(Fit { outputs: vec![name], classes: None, is_fixed: columns >= 0 })
}

fn expected(_layout: &Layout, _input: PictureSize) -> Vec<Sides> {
    vec![[None, Some(COLUMNS)]]
}

fn decode(outputs: &[Rows<'_>], task: &Task<'_>) -> Result<Vec<Detection>, String> {
    let mut found = Vec::new();
    for row in outputs.iter().flat_map(Rows::iter) {
        let [x1, y1, x2, y2, score, number] = *row else { continue };
        if score < task.min_score {
            continue;
        }
        let class = label(number, task.classes.len()).and_then(|label| task.classes.get(label));
        let Some(class) = class else {
            return Err(format!("class {number} of {}, counted from 0", task.classes.len()));
        };
        if let Some(class) = *class {
            found.push(Detection { class, score, bbox: PixelBox::new(x1, y1, x2, y2) });
        }
    }
    Ok(found)
}

/// The label that a number of the output stands for.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number below the count of labels"
)]
fn label(number: f32, labels: usize) -> Option<usize> {
    let is_whole = number >= 0.0 && number.fract().abs() <= f32::EPSILON;
    (is_whole && number < 65_536.0).then_some(number as usize).filter(|label| *label < labels)
}
