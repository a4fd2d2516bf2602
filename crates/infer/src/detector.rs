//! One session over one model: pictures in, boxes out.

use ort::session::Session;
use ort::value::TensorRef;
use safe_yolo_core::{Class, Detection, PictureSize};
use safe_yolo_media::picture::{I420, PictureError};

use crate::letterbox::Letterbox;
use crate::model::{self, ModelError, ModelInfo, ModelSource};
use crate::nms::non_maximum_suppression;
use crate::{Runtime, yolox};

/// Overlap above which the weaker of two boxes of a class goes.
const NMS_IOU_MAX: f32 = 0.45;
/// Most boxes reported of one picture.
pub const DETECTIONS_MAX: usize = 300;
/// Lowest score that is reported unless asked otherwise: the tracker's second
/// association works with weak boxes.
pub const SCORE_MIN: f32 = 0.1;

/// Why a picture was not analysed.
#[derive(Debug, thiserror::Error)]
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
    /// The last picture size and what suits it.
    chosen: Option<(PictureSize, Letterbox)>,
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
        let (session, info) = model::load(runtime, source, threads)?;
        let classes = info.labels.iter().map(|(_, class)| *class).collect();
        let mut detector = Self { session, info, classes, input: Vec::new(), chosen: None };
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

    /// The letterbox used for pictures of this size.
    pub fn letterbox(&mut self, picture: PictureSize) -> Letterbox {
        match self.chosen {
            Some((size, letterbox)) if size == picture => letterbox,
            _ => {
                let letterbox = Letterbox::new(picture, self.info.input_for(picture));
                self.chosen = Some((picture, letterbox));
                letterbox
            }
        }
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
        let letterbox = self.letterbox(picture.size());
        let mut input = std::mem::take(&mut self.input);
        input.resize(3 * letterbox.input.width as usize * letterbox.input.height as usize, 0.0);
        let found = letterbox
            .fill(picture, &mut input)
            .map_err(DetectError::from)
            .and_then(|()| self.infer(&input, letterbox.input, min_score));
        self.input = input;
        let mut found = non_maximum_suppression(found?, NMS_IOU_MAX, DETECTIONS_MAX);
        for detection in &mut found {
            detection.bbox = letterbox.to_source(detection.bbox);
        }
        // What lies in the margin is no part of the picture.
        found.retain(|d| d.bbox.width() >= 1.0 && d.bbox.height() >= 1.0);
        Ok(found)
    }

    /// The bare call of the model over a prepared input, for benchmarks and [`Detector::detect`].
    ///
    /// # Errors
    /// When ONNX Runtime fails or the output has another shape.
    pub fn infer(
        &mut self,
        input: &[f32],
        size: PictureSize,
        min_score: f32,
    ) -> Result<Vec<Detection>, DetectError> {
        let shape = [1_usize, 3, size.height as usize, size.width as usize];
        let tensor = TensorRef::from_array_view((shape, input))
            .map_err(|e| DetectError::Inference(e.to_string()))?;
        let outputs = self
            .session
            .run(ort::inputs![self.info.input_name.as_str() => tensor])
            .map_err(|e| DetectError::Inference(e.to_string()))?;
        let (shape, rows) = outputs[self.info.output_name.as_str()]
            .try_extract_tensor::<f32>()
            .map_err(|e| DetectError::Output(e.to_string()))?;
        let anchors = yolox::anchor_count(size);
        if rows.len() != anchors * (self.classes.len() + 5) {
            return Err(DetectError::Output(format!(
                "{shape:?} for an input of {}x{}, not [1, {anchors}, {}]",
                size.width,
                size.height,
                self.classes.len() + 5
            )));
        }
        yolox::decode(rows, &self.classes, size, min_score)
            .ok_or_else(|| DetectError::Output("it holds numbers that are not finite".into()))
    }
}
