//! `safe-yolo rules`: cameras, zones and rules as text files.

mod check;
mod export;
mod prototype;
mod replay;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;

/// What is done with rules as text.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Reads a site file and tells every mistake in it with line and column
    Check(check::CheckArguments),
    /// Writes cameras, zones and rules of a data folder as a site file, without passwords
    Export(export::ExportArguments),
    /// Judges the logged tracks of a camera again, by its rules of that time and by others
    Replay(replay::ReplayArguments),
    /// Makes a site file of the cameras and zones of the Python prototype
    ImportPrototype(prototype::ImportArguments),
}

pub(crate) fn run(command: &RulesCommand) -> Result<ExitCode> {
    match command {
        RulesCommand::Check(arguments) => check::run(arguments),
        RulesCommand::Export(arguments) => export::run(arguments),
        RulesCommand::Replay(arguments) => replay::run(arguments),
        RulesCommand::ImportPrototype(arguments) => prototype::run(arguments),
    }
}

/// Writes a new file: what is there was perhaps written by hand.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let name = path.display();
    let file = std::fs::File::options().write(true).create_new(true).open(path);
    match file {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            anyhow::bail!("'{name}' is there already: remove it, or choose another name for --out")
        }
        file => file
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("file '{name}'")),
    }
}
