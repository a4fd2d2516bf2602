//! What the DETR families share: boxes as fractions of the input, centre and size, and
//! logits of the classes, for each query one row of each.
//!
//! Carion et al., arXiv:2005.12872, with the sigmoid of Zhu et al., "Deformable DETR",
//! arXiv:2010.04159: of all pairs of a query and a class those with the best scores count,
//! as many as there are queries. Doubles are not suppressed.

use safe_yolo_core::{Detection, PictureSize, PixelBox};

use super::{Fit, Hints, Layout, Rows, Sides, Task, fixed};
use crate::graph::{Graph, Port};

/// The boxes and the logits of a graph: by name, or by shape where the family is given.
pub(super) fn outputs<'a>(
    graph: &'a Graph,
    hints: &Hints<'_>,
    boxes: &str,
    logits: &str,
) -> Result<(&'a Port, &'a Port), String> {
    if let (Some(boxes), Some(logits)) = (graph.output(boxes), graph.output(logits)) {
        return Ok((boxes, logits));
    }
    let has_four = |port: &&Port| port.three().is_some_and(|[_, _, columns]| columns == 4);
    match &graph.outputs[..] {
        [one, other] if hints.is_given && has_four(&one) != has_four(&other) => {
            Ok(if has_four(&one) { (one, other) } else { (other, one) })
        }
        _ => Err(format!("its outputs are not '{boxes}' and '{logits}'")),
    }
}

/// Checks both shapes; says how many logits a query has, where that is known.
pub(super) fn fit(boxes: &Port, logits: &Port) -> Result<(Fit, Option<usize>), String> {
    let three = |port: &Port| {
        port.three().ok_or_else(|| format!("its output {port} has not three sides of floats"))
    };
    let ([_, boxes_rows, sides], [_, logits_rows, columns]) = (three(boxes)?, three(logits)?);
    if !matches!(sides, 4 | -1) {
        return Err(format!("its output {boxes} holds no boxes of 4 numbers"));
    }
    if fixed(boxes_rows).is_some() && fixed(logits_rows).is_some() && boxes_rows != logits_rows {
        return Err(format!("its outputs {boxes} and {logits} have not as many rows"));
    }
    if columns == 0 {
        return Err(format!("its output {logits} has no class"));
    }
    let outputs = vec![boxes.name.clone(), logits.name.clone()];
    let fit = Fit { outputs, classes: fixed(columns), is_fixed: columns >= 0 };
    Ok((fit, fixed(columns)))
}

pub(super) fn expected(layout: &Layout, _input: PictureSize) -> Vec<Sides> {
    vec![[None, Some(4)], [None, Some(layout.classes)]]
}

/// Outputs: boxes, logits.
#[expect(clippy::cast_precision_loss, reason = "inputs are small")]
pub(super) fn decode(outputs: &[Rows<'_>], task: &Task<'_>) -> Result<Vec<Detection>, String> {
    let [boxes, logits] = outputs else { return Err("it lacks boxes or logits".into()) };
    let queries = boxes.iter().count();
    if logits.iter().count() != queries {
        return Err(format!("{queries} boxes, but {} rows of logits", logits.iter().count()));
    }
    let mut pairs = Vec::new();
    for (row, query) in logits.iter().zip(0..) {
        // Logits beyond the labels are those of "nothing".
        for (logit, label) in row.iter().zip(0..task.classes.len()) {
            let score = 1.0 / (1.0 + (-logit).exp());
            if score >= task.min_score {
                pairs.push((score, query, label));
            }
        }
    }
    pairs.sort_by(|one: &(f32, usize, usize), other| other.0.total_cmp(&one.0));
    pairs.truncate(queries);
    let (width, height) = (task.input.width as f32, task.input.height as f32);
    let detection = |(score, query, label): (f32, usize, usize)| {
        let class = (*task.classes.get(label)?)?;
        let [cx, cy, w, h] = *boxes.values.get(query * 4..)?.first_chunk()?;
        let (left, right) = ((cx - w / 2.0) * width, (cx + w / 2.0) * width);
        let (upper, lower) = ((cy - h / 2.0) * height, (cy + h / 2.0) * height);
        Some(Detection { class, score, bbox: PixelBox::new(left, upper, right, lower) })
    };
    Ok(pairs.into_iter().filter_map(detection).collect())
}
