//! `safe-yolo rules check`: all that is wrong with a site file, or how much is in it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::site::Site;

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The site file
    file: PathBuf,
}

pub(super) fn run(arguments: &CheckArguments) -> Result<ExitCode> {
    let summary = Site::read(&arguments.file)?.summary();
    writeln!(std::io::stdout().lock(), "{summary}: fine")?;
    Ok(ExitCode::SUCCESS)
}
