//! What was found, for people and for programs.

pub(crate) mod html;
pub(crate) mod table;

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;

use crate::experiment::{About, Check, Findings, LabError};

/// One run of the laboratory.
#[derive(Debug, Serialize)]
pub(crate) struct Laboratory {
    /// Cores that the program may use.
    pub(crate) cores: usize,
    /// Whether sizes are those of tests.
    pub(crate) reduced: bool,
    /// Which Python the twins ran in.
    pub(crate) python: Option<String>,
    /// Whether the program is optimised: figures of one that is not mean little.
    pub(crate) optimised: bool,
    /// Each experiment.
    pub(crate) experiments: Vec<Record>,
}

/// One experiment that was run.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    /// What is known of it.
    pub(crate) about: &'static About,
    /// How much was done.
    pub(crate) size: u64,
    /// What we found.
    pub(crate) ours: Findings,
    /// What the twin found.
    pub(crate) twin: Twin,
}

/// The twin in Python.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Twin {
    /// `--python` was not given.
    NotAsked,
    /// It ran.
    Ran(Findings),
    /// There is no Python, or it lacks something.
    Missing(String),
    /// It ran and failed.
    Failed(String),
}

impl Laboratory {
    /// These experiments, run here.
    pub(crate) fn here(experiments: Vec<Record>, reduced: bool, python: Option<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cores, reduced, python, optimised: !cfg!(debug_assertions), experiments }
    }

    /// Whether every outcome is as it must be.
    pub(crate) fn held(&self) -> bool {
        self.experiments.iter().all(|record| {
            let twin = match &record.twin {
                Twin::Ran(findings) => findings.checks.iter().all(|check| check.held),
                Twin::Failed(_) => false,
                Twin::NotAsked | Twin::Missing(_) => true,
            };
            twin && record.ours.checks.iter().all(|check| check.held)
        })
    }
}

impl Record {
    /// How many times as long the twin took for this way of ours; none where it has no such way.
    pub(crate) fn ratio(&self, way: &str) -> Option<f64> {
        let Twin::Ran(theirs) = &self.twin else { return None };
        let seconds = |findings: &Findings| {
            findings.ways.iter().find(|found| found.name == way).map(|way| way.seconds)
        };
        Some(seconds(theirs)? / seconds(&self.ours)?)
    }
}

/// `ok` or `FAILED`.
pub(crate) const fn verdict(check: &Check) -> &'static str {
    if check.held { "ok" } else { "FAILED" }
}

/// Prints a line.
pub(crate) fn line(text: &dyn Display) -> Result<(), LabError> {
    writeln!(std::io::stdout().lock(), "{text}")
        .map_err(|error| LabError::failed("printing", error))
}

/// The experiments' names, documents, titles, sizes.
pub(crate) fn listed(all: &[&About]) -> String {
    let mut text = String::new();
    for about in all {
        let size =
            about.size.map_or_else(String::new, |size| format!("  [{} {}]", size.whole, size.unit));
        text += &format!(
            "{:<18} {}  {} · {}{size}\n",
            about.name, about.source, about.title.en, about.title.ko
        );
    }
    text.trim_end().to_owned()
}
