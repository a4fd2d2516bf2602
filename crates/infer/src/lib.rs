//! Object detection: ONNX Runtime sessions, pre- and post-processing.
//!
//! Knows pictures and boxes, not cameras. One file a model family.

pub mod detector;
pub mod letterbox;
pub mod model;
pub mod nms;
pub mod pool;
pub mod runtime;
mod yolox;

pub use detector::{DetectError, Detector};
pub use model::{ModelError, ModelInfo, ModelSource};
pub use pool::{DetectorPool, PoolConfig};
pub use runtime::{Runtime, RuntimeError};
