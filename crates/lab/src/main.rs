//! The laboratory alone: what `safe-yolo lab` does, without the rest of the program.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use safe_yolo_infer::{ModelSource, PlanChoice, Provider, worker};
use safe_yolo_lab::command::{LabCommand, run};

/// The concurrency laboratory
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Lab(LabCommand),
    /// The detector's process, as it is in the whole program: `event-loop` starts it
    #[command(hide = true)]
    Detector(DetectorArguments),
}

/// What the product's keeper of that process gives; the model is the bundled one.
#[derive(Debug, Args)]
struct DetectorArguments {
    #[arg(long)]
    provider: String,
    #[arg(long)]
    detector_sessions: Option<usize>,
    #[arg(long)]
    detector_threads: Option<usize>,
    #[arg(long)]
    detector_batch: Option<usize>,
    #[arg(long)]
    detector_wait_ms: Option<u64>,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Lab(command) => {
            let program = std::env::current_exe()?;
            run(&command, &[program.into(), "child".into()])
        }
        Command::Detector(given) => {
            let provider = Provider::from_name(&given.provider).context("no such provider")?;
            let choice = PlanChoice {
                sessions: given.detector_sessions,
                threads: given.detector_threads,
                batch: given.detector_batch,
                wait_ms: given.detector_wait_ms,
            };
            worker::run(&ModelSource::Bundled, provider, choice)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
