//! Running experiments: input looked at first, then the work, then the reports.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Zoned;

use crate::command::RunArguments;
use crate::experiment::{Check, Experiment, Findings, Given, LabError};
use crate::experiments::{self, ALL};
use crate::language::Language;
use crate::limits;
use crate::python::Python;
use crate::report::markdown::Document;
use crate::report::{self, Laboratory, Machine, Record, Twin};

/// Runs what was asked for and reports it.
pub(crate) fn run(given: &RunArguments, child: &[OsString]) -> Result<ExitCode> {
    // All that can be wrong with the input is found before the work, which may take minutes.
    let chosen = chosen(given)?;
    if let Some(path) = &given.html {
        can_be_written(path)?;
    }
    let documents = given.fill.iter().map(|path| Document::open(path));
    let documents = documents.collect::<Result<Vec<_>>>()?;
    let (python, no_python) = match given.python.as_deref().map(Python::find) {
        Some(Ok(python)) => (Some(python), None),
        Some(Err(error @ LabError::NoPython(_))) => {
            eprintln!("note: {error}: the twins in Python are left out");
            (None, Some(error.to_string()))
        }
        Some(Err(error)) => return Err(error.into()),
        None => (None, None),
    };
    let started = Zoned::now();
    let begun = Instant::now();
    let bar = progress(chosen.len());
    let mut records = Vec::new();
    for (experiment, size) in chosen {
        let about = experiment.about();
        let tell = |way: &str| bar.set_message(format!("{}: {way}", about.name));
        let work = Given { size, reduced: given.reduced, child, tell: &tell };
        let ours = experiment.run(&work).unwrap_or_else(|error| not_done(&error));
        let twin = twin(experiment, &work, python.as_ref(), no_python.as_deref());
        if let (Twin::Missing { why }, None) = (&twin, &no_python) {
            bar.suspend(|| {
                eprintln!("note: {}: the twin in Python is left out: {why}", about.name);
            });
        }
        records.push(Record::new(about, size, ours, twin));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let machine = Machine::here(python.map(|python| python.version));
    let laboratory =
        Laboratory::new(records, given.reduced, machine, &started, begun.elapsed().as_secs_f64());
    write_reports(given, &documents, &laboratory)?;
    Ok(if laboratory.held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write_reports(
    given: &RunArguments,
    documents: &[Document],
    laboratory: &Laboratory,
) -> Result<()> {
    let language = given.lang.unwrap_or_else(Language::here);
    if let Some(path) = &given.html {
        std::fs::write(path, report::html::page(laboratory, language))
            .with_context(|| format!("the page '{}' can't be written", path.display()))?;
    }
    for document in documents {
        document.fill(laboratory)?;
    }
    report::line(&if given.json {
        serde_json::to_string_pretty(laboratory)?
    } else if given.markdown {
        report::markdown::text(laboratory, language)
    } else {
        report::table::text(laboratory, language, report::paint::Paint::of_stdout())
    })?;
    Ok(())
}

/// The experiments with their sizes.
fn chosen(given: &RunArguments) -> Result<Vec<(&'static dyn Experiment, u64)>> {
    let chosen = match given.name.as_str() {
        "all" => {
            if let Some(size) = given.size {
                bail!(
                    "--size {size} is in the unit of one experiment: name it instead of 'all', or leave --size out"
                )
            }
            ALL.to_vec()
        }
        name => vec![experiments::find(name)?],
    };
    let free = limits::free_memory();
    let sized = chosen.into_iter().map(|experiment| {
        Ok((experiment, limits::size(experiment.about(), given.size, given.reduced, free)?))
    });
    sized.collect()
}

/// Fails where a file of this name can't be written; what is in it stays.
fn can_be_written(path: &Path) -> Result<()> {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        bail!(
            "the page '{shown}' can't be written: there is no folder '{}', make it first",
            folder.display()
        );
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("the page '{shown}' can't be written"))?;
    Ok(())
}

/// An experiment that breaks off is an outcome that does not hold, and costs no other experiment anything.
fn not_done(error: &LabError) -> Findings {
    let check = Check::bound("the work can be done", "no error", error, false);
    Findings { checks: vec![check], ..Findings::default() }
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
            Err(LabError::NoPython(why)) => Twin::Missing { why },
            Err(error) => Twin::Failed { why: error.to_string() },
        },
        (None, Some(why)) => Twin::Missing { why: why.to_owned() },
        (None, None) => Twin::NotAsked,
    }
}

/// On stderr, and hidden by itself where that is no terminal.
fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(500));
    }
    bar
}
