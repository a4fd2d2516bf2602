//! The options and the start of the detector, shared by several commands.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use safe_yolo_infer::{DetectorPool, ModelSource, PoolConfig, Runtime};

/// Which model, on how many threads.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelArguments {
    /// ONNX model of the YOLOX family; without it the bundled one
    #[arg(long, value_name = "FILE", env = "SAFE_YOLO_MODEL")]
    pub(crate) model: Option<PathBuf>,
    /// Inference threads, each with its own session; without it one a core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) sessions: u16,
}

impl ModelArguments {
    pub(crate) fn source(&self) -> ModelSource {
        self.model.clone().map_or(ModelSource::Bundled, ModelSource::File)
    }

    /// Loads ONNX Runtime and the model, starts the threads.
    pub(crate) fn start(&self) -> Result<DetectorPool> {
        let runtime = Runtime::find().context("no detector")?;
        let config = PoolConfig { model: self.source(), sessions: usize::from(self.sessions) };
        DetectorPool::start(&runtime, &config).context("no detector")
    }
}
