//! The options and the start of the detector, shared by several commands.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use safe_yolo_infer::{
    DetectorPool, Family, IsolatedConfig, IsolatedDetector, ModelSource, PlanChoice, PoolConfig,
    Provider, Runtime, family, worker,
};

/// Which model.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelFile {
    /// ONNX model of a known family (docs/models.md); without it the bundled one
    #[arg(long, value_name = "FILE", env = "SAFE_YOLO_MODEL")]
    model: Option<PathBuf>,
    /// The model's family, where its file does not show it
    #[arg(long, value_name = "NAME", env = "SAFE_YOLO_MODEL_FAMILY", requires = "model", value_parser = parse_family)]
    model_family: Option<Family>,
}

impl ModelFile {
    pub(crate) fn source(&self) -> ModelSource {
        self.model.clone().map_or(ModelSource::Bundled, |file| source(file, self.model_family))
    }
}

/// The model in a file.
pub(crate) fn source(file: PathBuf, family: Option<Family>) -> ModelSource {
    match family {
        Some(family) => ModelSource::FileOf(file, family),
        None => ModelSource::File(file),
    }
}

pub(crate) fn parse_family(text: &str) -> Result<Family, String> {
    Family::from_name(text)
        .ok_or_else(|| format!("'{text}' is no family: it must be one of {}", family::all_names()))
}

/// Which model, on how many threads of this program.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelArguments {
    #[command(flatten)]
    pub(crate) file: ModelFile,
    /// Inference threads, each with its own session; without it one a core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) sessions: u16,
}

impl ModelArguments {
    /// Loads ONNX Runtime and the model, starts the threads.
    pub(crate) fn start(&self) -> Result<DetectorPool> {
        let runtime = Runtime::find().context("no detector")?;
        let config = PoolConfig { model: self.file.source(), sessions: usize::from(self.sessions) };
        DetectorPool::start(&runtime, &config).context("no detector")
    }
}

/// `TensorRT` compiles a model for the GPU that it finds, for minutes.
const TENSORRT_START_MAX: Duration = Duration::from_secs(600);

/// Where a model may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProviderChoice {
    /// The processor
    Cpu,
    /// `OpenVINO` on the processor, and without it when that keeps failing
    Openvino,
    /// An NVIDIA GPU, and the processor when that keeps failing
    Cuda,
    /// An NVIDIA GPU with `TensorRT`, without it when that keeps failing, and last the processor
    Tensorrt,
}

impl From<ProviderChoice> for Provider {
    fn from(choice: ProviderChoice) -> Self {
        match choice {
            ProviderChoice::Cpu => Self::Cpu,
            ProviderChoice::Openvino => Self::Openvino,
            ProviderChoice::Cuda => Self::Cuda,
            ProviderChoice::Tensorrt => Self::Tensorrt,
        }
    }
}

/// The detector of the server: a process of its own.
#[derive(Debug, Clone, Args)]
pub(crate) struct DetectorArguments {
    #[command(flatten)]
    file: ModelFile,
    /// Where the model runs
    #[arg(long, value_enum, default_value = "cpu", env = "SAFE_YOLO_PROVIDER")]
    provider: ProviderChoice,
    /// Sessions that work at the same time; without it measured at the start
    #[arg(long, alias = "sessions", value_name = "N")]
    detector_sessions: Option<usize>,
    /// Threads of each session; without it measured at the start
    #[arg(long, value_name = "N")]
    detector_threads: Option<usize>,
    /// Most pictures in one call of the model; without it measured at the start
    #[arg(long, value_name = "N")]
    detector_batch: Option<usize>,
    /// Longest wait for a fuller batch, milliseconds
    #[arg(long, value_name = "MS")]
    detector_wait_ms: Option<u64>,
}

impl DetectorArguments {
    fn choice(&self) -> Result<PlanChoice> {
        let choice = PlanChoice {
            sessions: self.detector_sessions,
            threads: self.detector_threads,
            batch: self.detector_batch,
            wait_ms: self.detector_wait_ms,
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        choice.validate(cores)?;
        Ok(choice)
    }

    /// Starts the detector's process and waits until it is ready.
    pub(crate) fn start(&self, log_json: bool) -> Result<IsolatedDetector> {
        let program = std::env::current_exe().context("no detector: where is this program?")?;
        let mut config = IsolatedConfig::new(program, self.file.source());
        config.options = log_json.then(|| "--log-json".into()).into_iter().collect();
        config.providers = Provider::from(self.provider).with_fallbacks().to_vec();
        config.choice = self.choice()?;
        if self.provider == ProviderChoice::Tensorrt {
            config.start_max = TENSORRT_START_MAX;
        }
        IsolatedDetector::start(config).context("no detector")
    }
}

/// The options of the detector's process, as the server gives them.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProcessArguments {
    #[command(flatten)]
    detector: DetectorArguments,
    /// Log lines as JSON
    #[arg(long)]
    pub(crate) log_json: bool,
}

/// `safe-yolo detector`: the detector's process itself.
pub(crate) fn run(arguments: &ProcessArguments) -> Result<ExitCode> {
    let arguments = &arguments.detector;
    let provider = arguments.provider.into();
    match worker::run(&arguments.file.source(), provider, arguments.choice()?) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // The server has been told and tells it.
        Err(worker::WorkerError::Refused(_)) => Ok(ExitCode::FAILURE),
        Err(error) => Err(error.into()),
    }
}
