//! A model file: what it is, what it sees, and whether it can be used.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ort::session::Session;
use safe_yolo_core::{Class, PictureSize};
use serde::{Deserialize, Serialize};

use crate::convention::Convention;
use crate::family::{self, Family, Hints, Layout, OpenInput};
use crate::graph::Graph;
use crate::letterbox::{Letterbox, input_size};
use crate::{Provider, Runtime};

/// Why a model can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file is not there or can't be read.
    #[error("model '{path}' can't be read: {detail}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// ONNX Runtime does not accept it.
    #[error("model '{path}' is no ONNX model that can be loaded: {detail}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What ONNX Runtime said.
        detail: String,
    },
    /// The library of ONNX Runtime can't run models there.
    #[error("ONNX Runtime can't use '{}': use --provider cpu, or a library built for it ({detail})", .provider.name())]
    Provider {
        /// Which provider.
        provider: Provider,
        /// What ONNX Runtime said.
        detail: String,
    },
    /// It loads, but its inputs or outputs are not those of a known family, or it does not
    /// answer as such a model does.
    #[error("model '{path}' can't be used: {detail}")]
    Shape {
        /// Which file.
        path: PathBuf,
        /// What differs.
        detail: String,
    },
    /// It does not say what it sees.
    #[error(
        "model '{path}' does not name its classes ({detail}): its metadata needs 'names', a comma-separated list or a JSON list"
    )]
    NoNames {
        /// Which file.
        path: PathBuf,
        /// What is known of it.
        detail: String,
    },
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModelSource {
    /// The one in the program (`models/ppe_nano.onnx`).
    #[default]
    Bundled,
    /// A file, of the family that it shows to be.
    File(PathBuf),
    /// A file, of the family that somebody says.
    FileOf(PathBuf, Family),
}

impl ModelSource {
    /// The file, or the name of the bundled model.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Bundled => PathBuf::from("ppe_nano.onnx (bundled)"),
            Self::File(path) | Self::FileOf(path, _) => path.clone(),
        }
    }

    /// The family that somebody says.
    #[must_use]
    pub const fn family(&self) -> Option<Family> {
        match self {
            Self::FileOf(_, family) => Some(*family),
            Self::Bundled | Self::File(_) => None,
        }
    }

    /// The model itself, as ONNX.
    ///
    /// # Errors
    /// When its file can't be read.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>, ModelError> {
        match self {
            Self::Bundled => Ok(Cow::Borrowed(include_bytes!("../../../models/ppe_nano.onnx"))),
            Self::File(path) | Self::FileOf(path, _) => {
                std::fs::read(path).map(Cow::Owned).map_err(|error| ModelError::Unreadable {
                    path: path.clone(),
                    detail: error.to_string(),
                })
            }
        }
    }
}

/// What a loaded model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The file.
    pub path: PathBuf,
    /// The file's name without its ending.
    pub name: String,
    /// Its labels in order, each with the canonical class it is mapped to.
    pub labels: Vec<(String, Option<Class>)>,
    /// The input, where the model fixes it.
    pub fixed_input: Option<PictureSize>,
    /// The number of pictures in one call, where the model fixes it.
    pub fixed_batch: Option<usize>,
    /// How it is laid out.
    pub family: Family,
    /// How it wants its pictures.
    pub convention: Convention,
    /// Whether its classes have no names and are taken for COCO's.
    pub names_assumed: bool,
    pub(crate) layout: Layout,
    pub(crate) input_name: String,
    pub(crate) output_names: Vec<String>,
}

impl ModelInfo {
    /// More pictures than this gain nothing on any accelerator for models of this kind.
    pub const BATCH_MAX: usize = 32;

    /// The input size used for pictures of this size.
    #[must_use]
    pub fn input_for(&self, picture: PictureSize) -> PictureSize {
        self.fixed_input.unwrap_or_else(|| match self.family.spec().open_input {
            OpenInput::Area(area) => input_size(picture, area),
            OpenInput::Size(size) => size,
        })
    }

    /// Model input pixels a pixel of pictures of this size, downwards: how tall people
    /// appear to the model.
    #[must_use]
    pub fn input_scale(&self, picture: PictureSize) -> f32 {
        let [_, down] = Letterbox::new(picture, self.input_for(picture), self.convention).scale;
        down
    }

    /// Fixes the size of the input, pixels.
    pub(crate) fn fix_input(&mut self, size: PictureSize) -> Result<(), ModelError> {
        let refuse = |detail| Err(ModelError::Shape { path: self.path.clone(), detail });
        let PictureSize { width, height } = size;
        if let Some(fixed) = self.fixed_input.filter(|fixed| *fixed != size) {
            return refuse(format!("its input is {fixed}, it can't be {size}"));
        }
        let multiple = self.family.spec().input_multiple;
        if [width, height].iter().any(|side| !SIDES.contains(side) || side % multiple != 0) {
            let (least, most) = (SIDES.start(), SIDES.end());
            return refuse(format!(
                "its input can't be {size}: both sides must be multiples of {multiple} from {least} to {most}"
            ));
        }
        self.fixed_input = Some(size);
        Ok(())
    }

    /// The most pictures in one call of the model that make sense.
    #[must_use]
    pub fn batch_max(&self) -> usize {
        self.fixed_batch.unwrap_or(Self::BATCH_MAX)
    }

    /// The canonical classes it can see.
    #[must_use]
    pub fn classes(&self) -> BTreeSet<Class> {
        self.labels.iter().filter_map(|(_, class)| *class).collect()
    }
}

/// A session of `threads` threads over the model, and what the model is.
pub(crate) fn load(
    runtime: &Runtime,
    source: &ModelSource,
    provider: Provider,
    threads: usize,
) -> Result<(Session, ModelInfo), ModelError> {
    let session = open(runtime, source, provider, threads)?;
    let info = describe(&Graph::of(&session), source)?;
    if info.names_assumed {
        tracing::warn!(
            model = %info.path.display(),
            "the model names no classes: it has as many as COCO and is taken for a model of COCO"
        );
    }
    Ok((session, info))
}

/// What a file says of itself, whether or not it can be used.
///
/// # Errors
/// When it can't be read or is no ONNX model.
pub fn read_graph(runtime: &Runtime, source: &ModelSource) -> Result<Graph, ModelError> {
    Ok(Graph::of(&open(runtime, source, Provider::Cpu, 1)?))
}

fn open(
    runtime: &Runtime,
    source: &ModelSource,
    provider: Provider,
    threads: usize,
) -> Result<Session, ModelError> {
    let path = source.path();
    let invalid = |detail: String| ModelError::Invalid { path: path.clone(), detail };
    let bytes = source.bytes()?;
    if bytes.is_empty() {
        return Err(invalid("the file is empty".into()));
    }
    let session = Session::builder(&runtime.environment)
        .map_err(|error| invalid(error.to_string()))?
        .with_intra_threads(threads)
        .map_err(|error| invalid(error.to_string()))?
        // Spinning threads would take the cores from decoding.
        .with_intra_op_spinning(false)
        .map_err(|error| invalid(error.to_string()))?;
    match provider.execution(threads) {
        None => session,
        Some(execution) => session
            .with_execution_providers([execution.error_on_failure()])
            .map_err(|error| ModelError::Provider { provider, detail: error.to_string() })?,
    }
    .commit_from_memory(&bytes)
    .map_err(|error| invalid(error.to_string()))
}

/// What a graph is; none of its numbers is known to be sound before it has looked at a picture.
fn describe(graph: &Graph, source: &ModelSource) -> Result<ModelInfo, ModelError> {
    let path = source.path();
    let refuse = |detail: String| ModelError::Shape { path: path.clone(), detail };
    let [input] = &graph.inputs[..] else {
        let count = graph.inputs.len();
        return Err(refuse(format!("it has {count} inputs, not one ({})", graph.shapes())));
    };
    let Some(&[batch, 3, height, width]) = input.shape.as_deref() else {
        let shape = input.shape.as_ref().map_or_else(|| input.kind.clone(), |s| format!("{s:?}"));
        return Err(refuse(format!(
            "its input is {shape}, not [batch, 3, height, width] of floats"
        )));
    };
    let side = |v: i64| u32::try_from(v).ok().filter(|v| SIDES.contains(v));
    let fixed_input = match (width, height) {
        (-1, -1) => None,
        _ => match (side(width), side(height)) {
            (Some(width), Some(height)) => Some(PictureSize::new(width, height)),
            _ => {
                let (least, most) = (SIDES.start(), SIDES.end());
                return Err(refuse(format!(
                    "its input is {width}x{height}: both sides must be open, or from {least} to {most}"
                )));
            }
        },
    };
    let names = graph.metadata.get("names").map(|names| parse_names(names));
    let names = names.filter(|names| !names.is_empty());
    let strides = graph.metadata.get("strides").map(|text| parse_strides(text)).transpose();
    let strides = strides.map_err(refuse)?;
    let hints = Hints {
        names: names.as_ref().map(Vec::len),
        is_given: false,
        input: fixed_input,
        strides: strides.as_deref(),
    };
    let (family, fit) = family::choose(graph, source.family(), hints).map_err(refuse)?;
    let multiple = family.spec().input_multiple;
    if let Some(size) = fixed_input
        && (size.width % multiple != 0 || size.height % multiple != 0)
    {
        let PictureSize { width, height } = size;
        return Err(refuse(format!("its input is {width}x{height}, not multiples of {multiple}")));
    }
    let convention = match graph.metadata.get("input") {
        Some(text) => text.parse().map_err(|why| {
            refuse(format!("its metadata say of the input what is not understood: {why}"))
        })?,
        None => family.convention(),
    };
    let names_assumed = names.is_none();
    let names = names.or_else(|| family::coco_names(fit.classes?)).ok_or_else(|| {
        ModelError::NoNames { path: path.clone(), detail: nameless(family, &fit) }
    })?;
    let labels = label(names, fit.classes);
    if !labels.iter().any(|(_, class)| *class == Some(Class::Person)) {
        return Err(refuse("none of its classes is 'person'".into()));
    }
    let classes = fit.classes.unwrap_or(labels.len());
    Ok(ModelInfo {
        name: path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        path,
        labels,
        fixed_input,
        fixed_batch: usize::try_from(batch).ok().filter(|batch| *batch > 0),
        family,
        convention,
        names_assumed,
        layout: family.layout(classes, strides),
        input_name: input.name.clone(),
        output_names: fit.outputs,
    })
}

fn nameless(family: Family, fit: &family::Fit) -> String {
    match fit.classes {
        Some(classes) => format!("a {family} model of {classes} classes"),
        None => format!("a {family} model"),
    }
}

/// The labels with their canonical classes; COCO's 80 names on 91 columns go by COCO's numbers.
fn label(names: Vec<String>, columns: Option<usize>) -> Vec<(String, Option<Class>)> {
    let names = match (columns, family::coco_names(91)) {
        (Some(91), Some(numbered)) if names.len() == family::COCO => numbered,
        _ => names,
    };
    let label = |name: String| {
        let class = Class::from_label(&name);
        (name, class)
    };
    names.into_iter().map(label).collect()
}

/// Sides of inputs; what is larger than pictures can be would be a mistake.
const SIDES: RangeInclusive<u32> = 32..=4096;

/// Names as a JSON list, a Python dictionary of a model exporter, or separated by commas.
fn parse_names(text: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(text) {
        return list;
    }
    text.trim_matches(['{', '}', '[', ']'])
        .split(',')
        .map(|part| {
            part.rsplit(':').next().unwrap_or(part).trim().trim_matches(['\'', '"']).to_owned()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Strides separated by commas, finest first.
fn parse_strides(text: &str) -> Result<Vec<u32>, String> {
    let parse = |part: &str| part.trim().parse().ok().filter(|stride| (1..=128).contains(stride));
    let strides: Option<Vec<u32>> = text.split(',').map(parse).collect();
    strides.filter(|strides| strides.len() <= 8).ok_or_else(|| {
        format!("its metadata say 'strides' is '{text}', not numbers of 1 to 128 between commas")
    })
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// A model of the bundled kind that sees nothing.
    pub(crate) fn info() -> ModelInfo {
        ModelInfo {
            path: "any.onnx".into(),
            name: "any".into(),
            labels: Vec::new(),
            fixed_input: None,
            fixed_batch: None,
            family: Family::Yolox,
            convention: Convention::YOLOX,
            names_assumed: false,
            layout: Family::Yolox.layout(0, None),
            input_name: "images".into(),
            output_names: vec!["output".into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::fixture::graph;

    #[test]
    fn names_are_read_in_the_forms_exporters_write() {
        for text in ["helmet,person", "[\"helmet\", \"person\"]", "{0: 'helmet', 1: 'person'}"] {
            assert_eq!(parse_names(text), ["helmet", "person"], "{text}");
        }
    }

    #[test]
    fn coco_has_two_numberings() {
        let coco = family::coco_names(80).unwrap();
        let labels = label(coco.clone(), Some(80));
        assert_eq!(labels[0], ("person".to_owned(), Some(Class::Person)));
        assert_eq!(labels[7], ("truck".to_owned(), Some(Class::Vehicle)));
        let labels = label(coco, Some(91));
        assert_eq!((labels.len(), labels[1].1), (91, Some(Class::Person)));
        assert_eq!(labels[8], ("truck".to_owned(), Some(Class::Vehicle)));
    }

    #[test]
    fn an_input_that_the_model_does_not_take_is_refused_with_the_bounds() {
        let mut info = fixture::info();
        for (width, height) in [(0, 416), (416, 400), (8192, 416)] {
            let error = info.fix_input(PictureSize::new(width, height)).unwrap_err().to_string();
            assert!(error.contains(&format!("{width}x{height}")), "{error}");
            assert!(error.contains("multiples of 32 from 32 to 4096"), "{error}");
        }
        let (square, camera) = (PictureSize::new(416, 416), PictureSize::new(1280, 720));
        info.fix_input(square).unwrap();
        assert_eq!(info.input_for(camera), square);
        let error = info.fix_input(PictureSize::new(448, 256)).unwrap_err().to_string();
        assert!(error.contains("is 416x416, it can't be 448x256"), "{error}");
    }

    #[test]
    fn metadata_that_say_nonsense_are_refused_by_name() {
        for (key, value, says) in [
            ("strides", "8,x", "'8,x'"),
            ("strides", "0", "'0'"),
            ("input", "sideways", "'sideways'"),
            ("family", "yolo9000", "'yolo9000', which is none of yolox, rf-detr"),
            ("names", "person", "it names 1"),
        ] {
            let mut graph = graph([1, 3, 64, 64], &[("output", &[1, 84, 7])]);
            graph.metadata.insert("names".into(), "person,helmet".into());
            assert!(describe(&graph, &ModelSource::Bundled).is_ok());
            graph.metadata.insert(key.into(), value.into());
            let error = describe(&graph, &ModelSource::Bundled).unwrap_err().to_string();
            assert!(error.contains(says), "{key} {value}: {error}");
        }
    }
}
