//! The command line: `lab list`, `lab run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::experiments::{self, ALL};
use crate::language::Language;
use crate::{report, run};

/// What to do in the laboratory.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Lists the experiments
    List(ListArguments),
    /// Runs one experiment, or all of them, and checks the outcomes
    Run(RunArguments),
    /// A part of an experiment's work in a process of its own
    #[command(hide = true)]
    Child(ChildArguments),
}

/// How to list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language; that of the environment (`LANG`) unless given
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Language>,
}

/// What to run, and how.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The experiment's name, or `all`
    pub(crate) name: String,
    /// Run the twins in Python beside ours; with a path, in this Python
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, require_equals = true, default_missing_value = "python3")]
    pub(crate) python: Option<PathBuf>,
    /// Print JSON instead of the table
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Print the figures as tables of a Markdown document instead
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Write the figures between the marks of this Markdown document; in Korean where it ends with `.ko.md`
    #[arg(long, value_name = "FILE")]
    pub(crate) fill: Vec<PathBuf>,
    /// Write a page that stands alone, in both languages
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// How much to do, in the experiment's own unit ('lab list' names it)
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<u64>,
    /// Small sizes and short waits, as in tests
    #[arg(long, conflicts_with = "size")]
    pub(crate) reduced: bool,
    /// The language; that of the environment (`LANG`) unless given
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<Language>,
}

/// Which part of the work.
#[derive(Debug, Args)]
pub struct ChildArguments {
    work: String,
    #[arg(allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Carries out a command. `child`: the program and the arguments with which this command's `child` is started.
///
/// # Errors
/// Bad input, and reports that can't be written; an outcome that does not hold is an exit status of 1.
pub fn run(command: &LabCommand, child: &[OsString]) -> Result<ExitCode> {
    match command {
        LabCommand::List(given) => list(given),
        LabCommand::Run(given) => run::run(given, child),
        LabCommand::Child(given) => {
            experiments::child(&given.work, &given.arguments)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(given: &ListArguments) -> Result<ExitCode> {
    let all: Vec<_> = ALL.iter().map(|experiment| experiment.about()).collect();
    let language = given.lang.unwrap_or_else(Language::here);
    report::line(&if given.json {
        serde_json::to_string_pretty(&all)?
    } else {
        report::table::listed(&all, language)
    })?;
    Ok(ExitCode::SUCCESS)
}
