//! `safe-yolo lab`: the concurrency laboratory, whose child processes are this program again.

use std::process::ExitCode;

use anyhow::{Context, Result};
use safe_yolo_lab::command::{self, LabCommand};

/// Lists or runs experiments.
pub(crate) fn run(given: &LabCommand) -> Result<ExitCode> {
    let program = std::env::current_exe().context("finding this program")?;
    command::run(given, &[program.into(), "lab".into(), "child".into()])
}
