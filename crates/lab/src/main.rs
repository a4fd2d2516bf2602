//! The laboratory alone, for this crate's own tests: they need a program that can start itself as a child
//! process, and `safe-yolo`, which is what people run and what is shipped, takes minutes to build.

use std::process::ExitCode;

use clap::Parser;
use safe_yolo_lab::command::{LabCommand, run};

/// The concurrency laboratory
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: LabCommand,
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let outcome = std::env::current_exe()
        .map_err(Into::into)
        .and_then(|program| run(&command, &[program.into(), "child".into()]));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
