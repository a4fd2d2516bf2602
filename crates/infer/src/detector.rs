//! One session over one model: pictures in, boxes out.

use ort::session::Session;
use ort::value::TensorRef;
use safe_yolo_core::{Class, Detection, PictureSize};
use safe_yolo_media::picture::{I420, I420View, PictureError};

use crate::family::{Rows, Sides, Task};
use crate::letterbox::{Letterbox, Letterboxes, Room};
use crate::model::{self, ModelError, ModelInfo, ModelSource};
use crate::nms::{best, non_maximum_suppression};
use crate::{Provider, Runtime};

/// Overlap above which the weaker of two boxes of a class goes.
const NMS_IOU_MAX: f32 = 0.45;
/// Most boxes reported of one picture.
pub const DETECTIONS_MAX: usize = 300;
/// Lowest score that is reported unless asked otherwise: the tracker's second
/// association works with weak boxes.
pub const SCORE_MIN: f32 = 0.1;

/// Why a picture was not analysed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DetectError {
    /// The picture could not be prepared.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// ONNX Runtime reported an error.
    #[error("inference failed: {0}")]
    Inference(String),
    /// The model answered with something that is no list of boxes.
    #[error("the model's output is unusable: {0}")]
    Output(String),
}

/// One session; owned by one thread.
#[derive(Debug)]
pub struct Detector {
    session: Session,
    info: ModelInfo,
    classes: Vec<Option<Class>>,
    /// Reused from picture to picture.
    input: Vec<f32>,
    room: Room,
    letterboxes: Letterboxes,
}

/// A picture to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The size of the camera's picture, pixels: boxes are told in it.
    pub source: PictureSize,
    /// The picture in that size, or as [`Letterbox::reduced`] made it of that.
    pub picture: I420View<'a>,
}

impl Detector {
    /// Loads the model and runs it once over an empty picture, so that a model
    /// of another shape is refused here and not in front of a camera.
    ///
    /// # Errors
    /// When the model can't be read or used.
    pub fn load(
        runtime: &Runtime,
        source: &ModelSource,
        threads: usize,
    ) -> Result<Self, ModelError> {
        Self::load_on(runtime, source, Provider::Cpu, threads)
    }

    /// The same on another provider.
    ///
    /// # Errors
    /// When the model can't be read or used, or the provider is not there.
    pub fn load_on(
        runtime: &Runtime,
        source: &ModelSource,
        provider: Provider,
        threads: usize,
    ) -> Result<Self, ModelError> {
        let (session, info) = model::load(runtime, source, provider, threads)?;
        let classes = info.labels.iter().map(|(_, class)| *class).collect();
        let mut detector = Self {
            session,
            info,
            classes,
            input: Vec::new(),
            room: Room::default(),
            letterboxes: Letterboxes::default(),
        };
        let shape = |detail: String| ModelError::Shape { path: source.path(), detail };
        let size = detector.info.fixed_input.unwrap_or(PictureSize::new(64, 64));
        let grey = I420::new(size, vec![128; I420::byte_len(size)])
            .map_err(|error| shape(error.to_string()))?;
        detector.detect(&grey, SCORE_MIN).map_err(|error| shape(error.to_string()))?;
        Ok(detector)
    }

    /// What the model is.
    #[must_use]
    pub const fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Gives every picture an input of this size, pixels, instead of one of its own shape.
    ///
    /// # Errors
    /// When the model fixes another size, or does not take this one.
    pub fn set_input(&mut self, size: PictureSize) -> Result<(), ModelError> {
        self.info.fix_input(size)?;
        self.letterboxes = Letterboxes::default();
        Ok(())
    }

    /// The letterbox used for pictures of this size.
    pub fn letterbox(&mut self, picture: PictureSize) -> Letterbox {
        self.letterboxes.of(&self.info, picture)
    }

    /// Everything seen with at least `min_score`, pixels of the picture, best first.
    ///
    /// # Errors
    /// When the picture can't be prepared or the model fails: never an empty list instead.
    pub fn detect(
        &mut self,
        picture: &I420,
        min_score: f32,
    ) -> Result<Vec<Detection>, DetectError> {
        let mut found =
            self.detect_all(&[Look { source: picture.size(), picture: picture.view() }], min_score);
        found.pop().unwrap_or_else(|| Err(DetectError::Output("no answer for the picture".into())))
    }

    /// The same for several pictures, in one call of the model where their
    /// inputs have the same size and the model takes several; in order.
    pub fn detect_all(
        &mut self,
        pictures: &[Look<'_>],
        min_score: f32,
    ) -> Vec<Result<Vec<Detection>, DetectError>> {
        let mut answers = Vec::with_capacity(pictures.len());
        let letterboxes: Vec<_> = pictures.iter().map(|p| self.letterbox(p.source)).collect();
        let batch_max = self.info.batch_max();
        let mut rest = pictures.iter().zip(&letterboxes).peekable();
        while let Some((picture, letterbox)) = rest.next() {
            let mut batch = vec![(picture, letterbox)];
            while batch.len() < batch_max
                && let Some(next) = rest.next_if(|(_, next)| next.input == letterbox.input)
            {
                batch.push(next);
            }
            answers.extend(self.detect_batch(&batch, min_score));
        }
        answers
    }

    fn detect_batch(
        &mut self,
        batch: &[(&Look<'_>, &Letterbox)],
        min_score: f32,
    ) -> Vec<Result<Vec<Detection>, DetectError>> {
        let Some((_, first)) = batch.first() else { return Vec::new() };
        let len = 3 * first.input.width as usize * first.input.height as usize;
        let mut input = std::mem::take(&mut self.input);
        input.resize(len * batch.len(), 0.0);
        let filled: Result<(), DetectError> = batch
            .iter()
            .zip(input.chunks_exact_mut(len))
            .try_for_each(|((picture, letterbox), part)| {
                Ok(letterbox.fill(picture.picture, &mut self.room, part)?)
            });
        let found = filled.and_then(|()| self.infer(&input, first.input, batch.len(), min_score));
        self.input = input;
        let found = match found {
            Ok(found) => found,
            // Which one is to blame is not known: none was looked at.
            Err(error) => return batch.iter().map(|_| Err(error.clone())).collect(),
        };
        let suppresses = self.info.family.spec().suppresses;
        let placed = found.into_iter().zip(batch).map(|(found, (_, letterbox))| {
            let mut found = if suppresses {
                non_maximum_suppression(found?, NMS_IOU_MAX, DETECTIONS_MAX)
            } else {
                best(found?, DETECTIONS_MAX)
            };
            for detection in &mut found {
                detection.bbox = letterbox.to_source(detection.bbox);
            }
            // What lies in the margin is no part of the picture.
            found.retain(|d| d.bbox.width() >= 1.0 && d.bbox.height() >= 1.0);
            Ok(found)
        });
        placed.collect()
    }

    /// The bare call of the model over `batch` prepared inputs, for benchmarks and
    /// [`Detector::detect_all`]; boxes are in pixels of the input. One answer an input.
    ///
    /// # Errors
    /// When ONNX Runtime fails or the output has another shape.
    pub fn infer(
        &mut self,
        input: &[f32],
        size: PictureSize,
        batch: usize,
        min_score: f32,
    ) -> Result<Vec<Result<Vec<Detection>, DetectError>>, DetectError> {
        let shape = [batch, 3, size.height as usize, size.width as usize];
        let tensor = TensorRef::from_array_view((shape, input))
            .map_err(|e| DetectError::Inference(e.to_string()))?;
        let outputs = self
            .session
            .run(ort::inputs![self.info.input_name.as_str() => tensor])
            .map_err(|e| DetectError::Inference(e.to_string()))?;
        let expected = (self.info.family.spec().expected)(&self.info.layout, size);
        let mut tensors = Vec::with_capacity(expected.len());
        for (name, sides) in self.info.output_names.iter().zip(expected) {
            let (shape, values) = outputs[name.as_str()]
                .try_extract_tensor::<f32>()
                .map_err(|e| DetectError::Output(format!("'{name}': {e}")))?;
            tensors.push((columns(name, shape, batch, sides, size)?, values));
        }
        let task =
            Task { classes: &self.classes, layout: &self.info.layout, input: size, min_score };
        let answer = |picture: usize| {
            let parts = tensors.iter().map(|tensor| {
                let (columns, values): (usize, &[f32]) = *tensor;
                let len = values.len() / batch;
                let values = values.get(picture * len..(picture + 1) * len).unwrap_or_default();
                Rows { values, columns }
            });
            decode(&self.info, &parts.collect::<Vec<_>>(), &task)
        };
        Ok((0..batch).map(answer).collect())
    }
}

/// How many columns an output has, if its shape is that of the family.
fn columns(
    name: &str,
    shape: &[i64],
    batch: usize,
    [rows, columns]: Sides,
    input: PictureSize,
) -> Result<usize, DetectError> {
    let is = |found: i64, expected: usize| usize::try_from(found) == Ok(expected);
    let fits = |found: i64, expected: Option<usize>| match expected {
        Some(expected) => is(found, expected) && expected > 0,
        None => found >= 0,
    };
    match *shape {
        [b, r, c] if batch > 0 && is(b, batch) && fits(r, rows) && fits(c, columns) => {
            usize::try_from(c).map_err(|error| DetectError::Output(error.to_string()))
        }
        _ => {
            let side = |side: Option<usize>| side.map_or("any".to_owned(), |side| side.to_string());
            let (rows, columns) = (side(rows), side(columns));
            let PictureSize { width, height } = input;
            Err(DetectError::Output(format!(
                "'{name}' is {shape:?} for an input of {width}x{height}, not [{batch}, {rows}, {columns}]"
            )))
        }
    }
}

/// What one picture's outputs say, in pixels of the input.
pub(crate) fn decode(
    info: &ModelInfo,
    outputs: &[Rows<'_>],
    task: &Task<'_>,
) -> Result<Vec<Detection>, DetectError> {
    // Without leaving early, which would keep the numbers from being looked at side by side.
    let is_finite = |rows: &Rows<'_>| rows.values.iter().fold(true, |all, v| all & v.is_finite());
    if !outputs.iter().all(is_finite) {
        return Err(DetectError::Output("it holds numbers that are not finite".into()));
    }
    let found = (info.family.spec().decode)(outputs, task).map_err(DetectError::Output)?;
    match found.iter().find(|detection| detection.score > 1.0) {
        Some(Detection { score, .. }) => Err(DetectError::Output(format!(
            "a score is {score}, but scores lie between 0 and 1: is it of the family {}?",
            info.family
        ))),
        None => Ok(found),
    }
}
