//! The laboratory alone: what `safe-yolo lab` does, without the rest of the program.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use safe_yolo_lab::command::{LabCommand, run};

/// The concurrency laboratory
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: LabCommand,
}

fn main() -> Result<ExitCode> {
    let program = std::env::current_exe()?;
    run(&Arguments::parse().command, &[program.into(), "child".into()])
}
