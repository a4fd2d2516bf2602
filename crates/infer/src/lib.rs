//! Object detection: ONNX Runtime sessions, pre- and post-processing.
//!
//! Knows pictures and boxes, not cameras. One file a model family.

pub mod analyser;
mod coco;
pub mod convention;
pub mod detector;
pub mod family;
pub mod graph;
pub mod isolated;
pub mod letterbox;
pub mod model;
pub mod nms;
pub mod plan;
pub mod pool;
pub mod protocol;
pub mod provider;
pub mod runtime;
pub mod worker;

pub use analyser::{Analyser, Answers, Capacity, DetectorState};
pub use convention::Convention;
pub use detector::{DetectError, Detector};
pub use family::Family;
pub use graph::Graph;
pub use isolated::{ChildStatus, IsolatedConfig, IsolatedDetector, IsolatedError};
pub use model::{ModelError, ModelInfo, ModelSource};
pub use plan::{Plan, PlanChoice, PlanError};
pub use pool::{DetectorPool, PoolConfig};
pub use provider::Provider;
pub use runtime::{Runtime, RuntimeError};
