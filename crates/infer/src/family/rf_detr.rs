//! The RF-DETR family, as `rfdetr`'s own export writes it: `dets` [batch, queries, 4] and
//! `labels` [batch, queries, classes + 1].
//!
//! Robinson et al., "RF-DETR", arXiv:2511.09554. The last column is "nothing"; models of
//! COCO have 91 columns, by the numbers of COCO's files.

use safe_yolo_core::PictureSize;

use super::{Fit, Hints, OpenInput, Spec, boxes_and_logits};
use crate::convention::{Convention, Normal, Order, Placing, Range};
use crate::graph::Graph;

pub(super) const SPEC: Spec = Spec {
    name: "rf-detr",
    models: "RF-DETR",
    verified: Some("PyPI's rfdetr 1.11.2, random weights"),
    convention: Convention {
        order: Order::Rgb,
        range: Range::Unit,
        placing: Placing::Stretch,
        normal: Some(Normal { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
    },
    // The package checks its own block sizes; they are not in the graph.
    input_multiple: 1,
    open_input: OpenInput::Size(PictureSize::new(560, 560)),
    strides: &[],
    suppresses: false,
    fit,
    expected: boxes_and_logits::expected,
    decode: boxes_and_logits::decode,
};

fn fit(graph: &Graph, hints: &Hints<'_>) -> Result<Fit, String> {
    let (boxes, logits) = boxes_and_logits::outputs(graph, hints, "dets", "labels")?;
    let (fit, columns) = boxes_and_logits::fit(boxes, logits)?;
    match (columns, hints.names) {
        // COCO's 80 names on the 91 columns of its files.
        (Some(91), Some(super::COCO)) => Ok(fit),
        (Some(columns), Some(names)) if columns != names && columns != names + 1 => {
            Err(format!("it has {columns} logits a query for {names} names, not {}", names + 1))
        }
        (None, None) => Err("how many classes it has is left open".into()),
        (None, Some(names)) => Ok(Fit { classes: Some(names + 1), ..fit }),
        _ => Ok(fit),
    }
}
