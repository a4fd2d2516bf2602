//! Model families: what their graphs look like, how their inputs are made and
//! their outputs read. One file a family.

mod boxes_and_logits;
mod grid;
mod nanodet_plus;
mod rf_detr;
mod rt_detr;
mod yolov10;
mod yolov8;
mod yolox;

use std::fmt;

use safe_yolo_core::{Class, Detection, PictureSize};
use serde::{Deserialize, Serialize};

use crate::convention::Convention;
use crate::graph::Graph;

/// How a kind of models is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// YOLOX: rows of offsets, objectness and class scores for the cells of three strides.
    Yolox,
    /// RF-DETR: `dets` and `labels`.
    RfDetr,
    /// RT-DETR and D-FINE: `logits` and `pred_boxes`.
    RtDetr,
    /// NanoDet-Plus: class scores and distributions of distances.
    NanodetPlus,
    /// YOLOv8 and YOLO11 with their raw head.
    Yolov8,
    /// YOLOv10 and YOLO26, end to end.
    Yolov10,
}

/// The sides of an input that leaves them open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OpenInput {
    /// The shape of the picture, about so many pixels.
    Area(u32),
    /// Always this.
    Size(PictureSize),
}

/// What the rest of the crate has to know of a family.
pub(crate) struct Spec {
    name: &'static str,
    models: &'static str,
    /// What its results are compared with; none: nothing of upstream's.
    verified: Option<&'static str>,
    convention: Convention,
    /// Both sides of the input are multiples of it.
    pub(crate) input_multiple: u32,
    pub(crate) open_input: OpenInput,
    strides: &'static [u32],
    /// Whether boxes of one thing come more than once.
    pub(crate) suppresses: bool,
    fit: fn(&Graph, &Hints<'_>) -> Result<Fit, String>,
    /// The outputs for an input of this size: rows and columns, where they are known.
    pub(crate) expected: fn(&Layout, PictureSize) -> Vec<Sides>,
    pub(crate) decode: fn(&[Rows<'_>], &Task<'_>) -> Result<Vec<Detection>, String>,
}

/// Rows and columns of an output; none where only the model knows.
pub(crate) type Sides = [Option<usize>; 2];

/// What is known of a model beside the shapes of its graph.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hints<'a> {
    /// How many classes it names.
    pub(crate) names: Option<usize>,
    /// Whether somebody said that it is of the family: names of outputs need not tell it.
    pub(crate) is_given: bool,
    /// The input, where it is fixed.
    pub(crate) input: Option<PictureSize>,
    /// The strides that its metadata name.
    pub(crate) strides: Option<&'a [u32]>,
}

/// That a graph is of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    /// Its outputs, in the order in which the family reads them.
    pub(crate) outputs: Vec<String>,
    /// For so many classes it has scores; none where rows name their class by number.
    pub(crate) classes: Option<usize>,
    /// Whether the graph itself fixes the number of columns: stronger evidence than names alone.
    pub(crate) is_fixed: bool,
}

/// What is needed to know the outputs' shapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// Classes that have scores.
    pub(crate) classes: usize,
    /// Of the cells, finest first.
    pub(crate) strides: Vec<u32>,
}

/// One picture's part of an output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) columns: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        self.values.chunks_exact(self.columns.max(1))
    }
}

/// What is looked for in an output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    /// The canonical class of each of the model's labels.
    pub(crate) classes: &'a [Option<Class>],
    pub(crate) layout: &'a Layout,
    /// The model's input, pixels.
    pub(crate) input: PictureSize,
    pub(crate) min_score: f32,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 6] =
        [Self::Yolox, Self::RfDetr, Self::RtDetr, Self::NanodetPlus, Self::Yolov8, Self::Yolov10];

    pub(crate) const fn spec(self) -> &'static Spec {
        match self {
            Self::Yolox => &yolox::SPEC,
            Self::RfDetr => &rf_detr::SPEC,
            Self::RtDetr => &rt_detr::SPEC,
            Self::NanodetPlus => &nanodet_plus::SPEC,
            Self::Yolov8 => &yolov8::SPEC,
            Self::Yolov10 => &yolov10::SPEC,
        }
    }

    /// The name, as on the command line and in a model's metadata under `family`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The models that are of it.
    #[must_use]
    pub const fn models(self) -> &'static str {
        self.spec().models
    }

    /// The family with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// How its models want their pictures, unless their metadata say otherwise.
    #[must_use]
    pub const fn convention(self) -> Convention {
        self.spec().convention
    }

    /// What its results were compared with; none where upstream's own were not.
    #[must_use]
    pub const fn verified(self) -> Option<&'static str> {
        self.spec().verified
    }

    pub(crate) fn layout(self, classes: usize, strides: Option<Vec<u32>>) -> Layout {
        Layout { classes, strides: strides.unwrap_or_else(|| self.spec().strides.to_vec()) }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Models whose classes have no names are taken for COCO's if they have so many.
pub(crate) const COCO: usize = 80;

/// The family of a graph: the one given, else the one that its metadata name, else the
/// only one that it fits.
///
/// # Errors
/// Says what does not fit, or which families fit.
pub(crate) fn choose(
    graph: &Graph,
    given: Option<Family>,
    hints: Hints<'_>,
) -> Result<(Family, Fit), String> {
    let named = match graph.metadata.get("family").map(|name| name.trim().to_lowercase()) {
        Some(name) if given.is_none() => Some(Family::from_name(&name).ok_or_else(|| {
            format!("its metadata name the family '{name}', which is none of {}", all_names())
        })?),
        _ => None,
    };
    if let Some(family) = given.or(named) {
        let hints = Hints { is_given: true, ..hints };
        return match (family.spec().fit)(graph, &hints) {
            Ok(fit) => Ok((family, fit)),
            Err(why) => Err(format!("it is no {family} model: {why} ({})", graph.shapes())),
        };
    }
    let (mut fits, mut misfits) = (Vec::new(), Vec::new());
    for family in Family::ALL {
        match (family.spec().fit)(graph, &Hints { is_given: false, ..hints }) {
            Ok(fit) => fits.push((family, fit)),
            Err(why) => misfits.push(format!("{family}: {why}")),
        }
    }
    if fits.iter().any(|(_, fit)| fit.is_fixed) {
        fits.retain(|(_, fit)| fit.is_fixed);
    }
    // Without names, a number of classes that is well known tells families apart.
    if hints.names.is_none() && fits.len() > 1 {
        let known = |fit: &Fit| fit.classes.is_some_and(|classes| coco_names(classes).is_some());
        if fits.iter().any(|(_, fit)| known(fit)) {
            fits.retain(|(_, fit)| known(fit));
        }
    }
    match (fits.len(), fits.pop()) {
        (1, Some(only)) => Ok(only),
        (_, None) => Err(format!(
            "it fits none of the families ({}; {}): name the family with --model-family if it is one of them after all",
            graph.shapes(),
            misfits.join("; ")
        )),
        (_, Some((last, _))) => {
            let names: Vec<_> = fits.iter().map(|(family, _)| family.name()).collect();
            Err(format!(
                "it could be {} or {last} ({}): name the family with --model-family",
                names.join(", "),
                graph.shapes()
            ))
        }
    }
}

/// The names of all families.
#[must_use]
pub fn all_names() -> String {
    Family::ALL.map(Family::name).join(", ")
}

/// The labels of a model of so many nameless classes, if it must be one of COCO's.
pub(crate) fn coco_names(classes: usize) -> Option<Vec<String>> {
    let owned = |name: &&str| (*name).to_owned();
    match classes {
        COCO => Some(crate::coco::NAMES.iter().map(owned).collect()),
        // By the numbers of COCO's files, which have gaps.
        91 => Some(crate::coco::by_number()),
        _ => None,
    }
}

/// The only output, with three sides.
fn only(graph: &Graph) -> Result<(String, [i64; 3]), String> {
    let [output] = &graph.outputs[..] else {
        return Err(format!("it has {} outputs, not one", graph.outputs.len()));
    };
    let sides = output
        .three()
        .ok_or_else(|| format!("its output is {output}, not three sides of floats"))?;
    Ok((output.name.clone(), sides))
}

/// A side of a graph, if it is fixed.
fn fixed(side: i64) -> Option<usize> {
    usize::try_from(side).ok()
}

/// How many classes a side of `classes + beside` stands for; the names tell where it is open.
fn classes_of(side: i64, beside: usize, names: Option<usize>) -> Result<usize, String> {
    let classes = match (fixed(side), names) {
        (None, None) => return Err("how many classes it has is left open".into()),
        (None, Some(names)) => names,
        (Some(side), _) if side <= beside => {
            return Err(format!(
                "{side} numbers leave none for a class: {beside} stand beside them"
            ));
        }
        (Some(side), _) => side - beside,
    };
    match names {
        Some(names) if names != classes => Err(format!(
            "{} numbers are {classes} classes and {beside} beside them, but it names {names}",
            classes + beside
        )),
        _ => Ok(classes),
    }
}

#[cfg(test)]
mod tests;
