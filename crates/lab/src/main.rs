//! The laboratory alone, for this crate's own tests: they need a program that can start itself as a child
//! process, and `safe-yolo`, which is what people run and what is shipped, takes minutes to build.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use safe_yolo_infer::{ModelSource, PlanChoice, Provider, worker};
use safe_yolo_lab::command::{LabCommand, run};

/// The concurrency laboratory
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
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

fn main() -> ExitCode {
    carry_out(Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn carry_out(command: Command) -> Result<ExitCode> {
    match command {
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
