//! A model file: what it is, what it sees, and whether it can be used.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ort::session::Session;
use ort::value::{TensorElementType, ValueType};
use safe_yolo_core::{Class, PictureSize};
use serde::{Deserialize, Serialize};

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
    /// It loads, but its inputs or outputs are not those of a known family.
    #[error("model '{path}' has another shape than a YOLOX model: {detail}")]
    Shape {
        /// Which file.
        path: PathBuf,
        /// What differs.
        detail: String,
    },
    /// It does not say what it sees.
    #[error(
        "model '{path}' does not name its classes: its metadata needs 'names', a comma-separated list or a JSON list"
    )]
    NoNames {
        /// Which file.
        path: PathBuf,
    },
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModelSource {
    /// The one in the program (`models/ppe_nano.onnx`).
    #[default]
    Bundled,
    /// A file.
    File(PathBuf),
}

impl ModelSource {
    /// The file, or the name of the bundled model.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Bundled => PathBuf::from("ppe_nano.onnx (bundled)"),
            Self::File(path) => path.clone(),
        }
    }

    fn bytes(&self) -> Result<Cow<'static, [u8]>, ModelError> {
        match self {
            Self::Bundled => Ok(Cow::Borrowed(include_bytes!("../../../models/ppe_nano.onnx"))),
            Self::File(path) => std::fs::read(path).map(Cow::Owned).map_err(|error| {
                ModelError::Unreadable { path: path.clone(), detail: error.to_string() }
            }),
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
    pub(crate) input_name: String,
    pub(crate) output_name: String,
}

impl ModelInfo {
    /// Input area, pixels, for models that leave it open.
    const INPUT_AREA: u32 = 448 * 304;
    /// More pictures than this gain nothing on any accelerator for models of this kind.
    pub const BATCH_MAX: usize = 32;

    /// The input size used for pictures of this size.
    #[must_use]
    pub fn input_for(&self, picture: PictureSize) -> PictureSize {
        self.fixed_input.unwrap_or_else(|| input_size(picture, Self::INPUT_AREA))
    }

    /// Model input pixels a pixel of pictures of this size: how large people
    /// appear to the model.
    #[must_use]
    pub fn input_scale(&self, picture: PictureSize) -> f32 {
        Letterbox::new(picture, self.input_for(picture)).scale
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
    let session = match provider {
        Provider::Cpu => session,
        Provider::Cuda => session
            .with_execution_providers([ort::ep::CUDA::default().build().error_on_failure()])
            .map_err(|error| ModelError::Provider { provider, detail: error.to_string() })?,
    }
    .commit_from_memory(&bytes)
    .map_err(|error| invalid(error.to_string()))?;
    let info = describe(&session, &path)?;
    Ok((session, info))
}

fn describe(session: &Session, path: &Path) -> Result<ModelInfo, ModelError> {
    let shape_error = |detail: String| ModelError::Shape { path: path.to_path_buf(), detail };
    let [input] = session.inputs() else {
        return Err(shape_error(format!("it has {} inputs, not one", session.inputs().len())));
    };
    let [output] = session.outputs() else {
        return Err(shape_error(format!("it has {} outputs, not one", session.outputs().len())));
    };
    let input_shape = tensor_shape(input.dtype())
        .ok_or_else(|| shape_error("its input is no float tensor".into()))?;
    let [batch, 3, height, width] = input_shape[..] else {
        return Err(shape_error(format!(
            "its input is {input_shape:?}, not [batch, 3, height, width]"
        )));
    };
    let side = |v: i64| u32::try_from(v).ok().filter(|v| *v >= 32 && *v % 32 == 0);
    let fixed_input = match (height, width) {
        (-1, -1) => None,
        _ => match (side(width), side(height)) {
            (Some(width), Some(height)) => Some(PictureSize::new(width, height)),
            _ => {
                return Err(shape_error(format!(
                    "its input is {width}x{height}, not multiples of 32"
                )));
            }
        },
    };
    let names = session
        .metadata()
        .ok()
        .and_then(|metadata| metadata.custom("names"))
        .map(|names| parse_names(&names))
        .filter(|names| !names.is_empty())
        .ok_or_else(|| ModelError::NoNames { path: path.to_path_buf() })?;
    let output_shape = tensor_shape(output.dtype())
        .ok_or_else(|| shape_error("its output is no float tensor".into()))?;
    let columns = names.len() + 5;
    let fits = matches!(output_shape[..], [_, _, last] if last == -1 || usize::try_from(last) == Ok(columns));
    if !fits {
        return Err(shape_error(format!(
            "its output is {output_shape:?}, not [batch, anchors, {columns}] for {} classes",
            names.len()
        )));
    }
    let labels: Vec<_> = names
        .into_iter()
        .map(|name| {
            let class = Class::from_label(&name);
            (name, class)
        })
        .collect();
    if !labels.iter().any(|(_, class)| *class == Some(Class::Person)) {
        return Err(shape_error("none of its classes is 'person'".into()));
    }
    Ok(ModelInfo {
        path: path.to_path_buf(),
        name: path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        labels,
        fixed_input,
        fixed_batch: usize::try_from(batch).ok().filter(|batch| *batch > 0),
        input_name: input.name().to_owned(),
        output_name: output.name().to_owned(),
    })
}

fn tensor_shape(value: &ValueType) -> Option<Vec<i64>> {
    match value {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => {
            Some(shape.iter().copied().collect())
        }
        _ => None,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_the_forms_exporters_write() {
        for text in ["helmet,person", "[\"helmet\", \"person\"]", "{0: 'helmet', 1: 'person'}"] {
            assert_eq!(parse_names(text), ["helmet", "person"], "{text}");
        }
    }
}
