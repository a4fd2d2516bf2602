//! The RT-DETR family with D-FINE, as `transformers` gives them: `logits` [batch, queries,
//! classes] and `pred_boxes` [batch, queries, 4].
//!
//! Zhao et al., "DETRs Beat YOLOs on Real-time Object Detection", arXiv:2304.08069; Peng et
//! al., "D-FINE", arXiv:2410.13842.

use safe_yolo_core::PictureSize;

use super::{Fit, Hints, OpenInput, Spec, boxes_and_logits};
use crate::convention::{Convention, Order, Placing, Range};
use crate::graph::Graph;

pub(super) const SPEC: Spec = Spec {
    name: "rt-detr",
    models: "RT-DETR, D-FINE",
    verified: Some("PyPI's transformers 5.24.0, random weights"),
    convention: Convention {
        order: Order::Rgb,
        range: Range::Unit,
        placing: Placing::Stretch,
        normal: None,
    },
    input_multiple: 32,
    open_input: OpenInput::Size(PictureSize::new(640, 640)),
    strides: &[],
    suppresses: false,
    fit,
    expected: boxes_and_logits::expected,
    decode: boxes_and_logits::decode,
};

fn fit(graph: &Graph, hints: &Hints<'_>) -> Result<Fit, String> {
    let (boxes, logits) = boxes_and_logits::outputs(graph, hints, "pred_boxes", "logits")?;
    let (fit, columns) = boxes_and_logits::fit(boxes, logits)?;
    match (columns, hints.names) {
        (Some(columns), Some(names)) if columns != names => {
            Err(format!("it has {columns} logits a query, but {names} names"))
        }
        (None, None) => Err("how many classes it has is left open".into()),
        (_, names) => Ok(Fit { classes: columns.or(names), ..fit }),
    }
}
