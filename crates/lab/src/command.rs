//! The command line: `lab list`, `lab run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::experiment::{Experiment, Given, LabError};
use crate::experiments::{self, ALL};
use crate::python::Python;
use crate::report::{Laboratory, Record, Twin};
use crate::{limits, report};

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
}

/// What to run, and how.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The experiment's name, or `all`
    name: String,
    /// Run the twins in Python beside ours; with a path, in this Python
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, require_equals = true, default_missing_value = "python3")]
    python: Option<PathBuf>,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Write a page that stands alone
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How much to do, in the experiment's own unit ('lab list' names it)
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    /// Small sizes and short waits, as in tests
    #[arg(long, conflicts_with = "size")]
    reduced: bool,
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
/// Bad input, and work that could not be done; an outcome that does not hold is an exit status of 1.
pub fn run(command: &LabCommand, child: &[OsString]) -> Result<ExitCode> {
    match command {
        LabCommand::List(given) => list(given.json),
        LabCommand::Run(given) => run_experiments(given, child),
        LabCommand::Child(given) => {
            experiments::child(&given.work, &given.arguments)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(json: bool) -> Result<ExitCode> {
    let all: Vec<_> = ALL.iter().map(|experiment| experiment.about()).collect();
    report::line(&if json { serde_json::to_string_pretty(&all)? } else { report::listed(&all) })?;
    Ok(ExitCode::SUCCESS)
}

fn run_experiments(given: &RunArguments, child: &[OsString]) -> Result<ExitCode> {
    let chosen = match given.name.as_str() {
        "all" if given.size.is_some() => {
            bail!(
                "--size is in the unit of one experiment: name it instead of 'all', or leave --size out"
            )
        }
        "all" => ALL.to_vec(),
        name => vec![experiments::find(name)?],
    };
    // Before the work, which may take minutes: whether its page can be written at all.
    let page = given.html.as_ref().map(|path| {
        std::fs::File::create(path)
            .with_context(|| format!("the page '{}' can't be written", path.display()))
    });
    let page = page.transpose()?;
    let (python, no_python) = match given.python.as_deref().map(Python::find) {
        Some(Ok(python)) => (Some(python), None),
        Some(Err(error @ LabError::NoPython(_))) => (None, Some(error.to_string())),
        Some(Err(error)) => return Err(error.into()),
        None => (None, None),
    };
    let bar = progress(chosen.len());
    let mut records = Vec::new();
    for experiment in chosen {
        let about = experiment.about();
        let size = limits::size(about, given.size, given.reduced, limits::free_memory())?;
        let tell = |way: &str| bar.set_message(format!("{}: {way}", about.name));
        let given = Given { size, reduced: given.reduced, child, tell: &tell };
        let ours =
            experiment.run(&given).with_context(|| format!("experiment '{}'", about.name))?;
        let twin = twin(experiment, &given, python.as_ref(), no_python.as_deref());
        records.push(Record { about, size, ours, twin });
        bar.inc(1);
    }
    bar.finish_and_clear();
    let laboratory = Laboratory::here(records, given.reduced, python.map(|python| python.version));
    if let Some(mut page) = page {
        std::io::Write::write_all(&mut page, report::html::page(&laboratory).as_bytes())
            .context("writing the page")?;
    }
    report::line(&if given.json {
        serde_json::to_string_pretty(&laboratory)?
    } else {
        report::table::text(&laboratory)
    })?;
    Ok(if laboratory.held() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn twin(
    experiment: &dyn Experiment,
    given: &Given<'_>,
    python: Option<&Python>,
    no_python: Option<&str>,
) -> Twin {
    match (python, no_python) {
        (Some(python), _) => match experiment.twin(given, python) {
            Ok(findings) => Twin::Ran(findings),
            Err(LabError::NoPython(why)) => Twin::Missing(why),
            Err(error) => Twin::Failed(error.to_string()),
        },
        (None, Some(why)) => Twin::Missing(why.to_owned()),
        (None, None) => Twin::NotAsked,
    }
}

/// Hidden by itself where nobody looks on.
fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar
}
