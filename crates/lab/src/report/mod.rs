//! What was found, for people and for programs.

mod figures;
pub(crate) mod html;
pub(crate) mod markdown;
pub(crate) mod paint;
#[cfg(test)]
mod sample;
pub(crate) mod table;
mod words;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;

use jiff::Zoned;
use serde::Serialize;

use crate::experiment::{About, Check, Findings, LabError};

/// A twin's way within 5 % of ours is level with it: both wait for the same.
const LEVEL: f64 = 0.95;

/// One run of the laboratory; its names are those of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Laboratory {
    /// Whether every outcome is as it must be, ours and the twins'.
    pub(crate) held: bool,
    /// Whether sizes are those of tests.
    pub(crate) reduced: bool,
    /// When it began, by this machine's clock.
    pub(crate) started: String,
    /// How long all of it took.
    pub(crate) seconds: f64,
    /// Where it ran.
    pub(crate) machine: Machine,
    /// Each experiment.
    pub(crate) experiments: Vec<Record>,
}

/// Where the laboratory ran, and in what.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// Cores that the program may use.
    pub(crate) cores: usize,
    /// What the system calls the processor; none where it does not say.
    pub(crate) processor: Option<String>,
    /// Which Python the twins ran in.
    pub(crate) python: Option<String>,
    /// Whether the program is optimised: figures of one that is not mean little.
    pub(crate) optimised: bool,
    /// The program's version.
    pub(crate) version: &'static str,
}

/// One experiment that was run.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    /// What is known of it.
    pub(crate) about: &'static About,
    /// How much was done.
    pub(crate) size: u64,
    /// Whether every outcome of it is as it must be.
    pub(crate) held: bool,
    /// What we found.
    pub(crate) ours: Findings,
    /// What the twin found.
    pub(crate) twin: Twin,
    /// How many times as long the twin took, by the name of the way.
    pub(crate) ratios: BTreeMap<String, f64>,
}

/// The twin in Python.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Twin {
    /// `--python` was not given.
    NotAsked,
    /// It ran.
    Ran(Findings),
    /// There is no Python, or it lacks something.
    Missing { why: String },
    /// It ran and failed.
    Failed { why: String },
}

impl Laboratory {
    /// These experiments.
    pub(crate) fn new(
        experiments: Vec<Record>,
        reduced: bool,
        machine: Machine,
        started: &Zoned,
        seconds: f64,
    ) -> Self {
        let held = experiments.iter().all(|record| record.held);
        let started = started.strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
        Self { held, reduced, started, seconds, machine, experiments }
    }

    /// How many outcomes were checked, ours and the twins'.
    fn outcomes(&self) -> usize {
        self.experiments.iter().map(|record| record.checks().count()).sum()
    }

    /// What must be and is not, as `experiment: what`.
    fn failed(&self) -> Vec<String> {
        self.named(|record| {
            let checks =
                record.checks().filter(|check| !check.held).map(|check| check.what.clone());
            let twin = matches!(record.twin, Twin::Failed { .. }).then(|| "Python".to_owned());
            checks.chain(twin).collect()
        })
    }

    /// What was aimed at and missed, as `experiment: what`.
    fn missed(&self) -> Vec<String> {
        self.named(|record| {
            let missed = record.ours.goals.iter().filter(|goal| !goal.held);
            missed.map(|goal| goal.what.clone()).collect()
        })
    }

    /// The ways in which Python was faster, as `experiment: way`.
    fn slower(&self) -> Vec<String> {
        self.named(|record| {
            let slower = record.ratios.iter().filter(|(_, ratio)| **ratio < LEVEL);
            slower.map(|(way, _)| way.clone()).collect()
        })
    }

    fn named(&self, which: impl Fn(&Record) -> Vec<String>) -> Vec<String> {
        let all = self.experiments.iter().flat_map(|record| {
            which(record).into_iter().map(|what| format!("{}: {what}", record.about.name))
        });
        all.collect()
    }

    /// How many ways could be compared with Python's.
    fn compared(&self) -> usize {
        self.experiments.iter().map(|record| record.ratios.len()).sum()
    }
}

impl Machine {
    /// This one.
    pub(crate) fn here(python: Option<String>) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: processor(),
            python,
            optimised: !cfg!(debug_assertions),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned()).filter(|name| !name.is_empty())
}

impl Record {
    /// What was found of an experiment, and how it compares.
    pub(crate) fn new(about: &'static About, size: u64, ours: Findings, twin: Twin) -> Self {
        let mut record = Self { about, size, held: false, ours, twin, ratios: BTreeMap::new() };
        record.held =
            !matches!(record.twin, Twin::Failed { .. }) && record.checks().all(|check| check.held);
        record.ratios = record.compare();
        record
    }

    fn compare(&self) -> BTreeMap<String, f64> {
        let Twin::Ran(theirs) = &self.twin else { return BTreeMap::new() };
        let both = self.ours.ways.iter().filter_map(|way| {
            let their = theirs.ways.iter().find(|their| their.name == way.name)?;
            Some((way.name.clone(), their.seconds / way.seconds))
        });
        // What took no time that can be measured can't be compared.
        both.filter(|(_, ratio)| ratio.is_finite()).collect()
    }

    /// What the twin found, where it ran.
    fn theirs(&self) -> Option<&Findings> {
        match &self.twin {
            Twin::Ran(findings) => Some(findings),
            Twin::NotAsked | Twin::Missing { .. } | Twin::Failed { .. } => None,
        }
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        self.ours.checks.iter().chain(self.theirs().into_iter().flat_map(|found| &found.checks))
    }

    /// Each way that either of us went, with the seconds of ours and of Python's; ours first.
    fn ways(&self) -> Vec<(&str, Option<f64>, Option<f64>)> {
        let theirs = self.theirs().map_or(&[][..], |found| &found.ways);
        let their = |name: &str| theirs.iter().find(|way| way.name == name).map(|way| way.seconds);
        let ours = self.ours.ways.iter();
        let mut ways: Vec<_> =
            ours.map(|way| (way.name.as_str(), Some(way.seconds), their(&way.name))).collect();
        for way in theirs {
            if !self.ours.ways.iter().any(|our| our.name == way.name) {
                ways.push((&way.name, None, Some(way.seconds)));
            }
        }
        ways
    }
}

/// Prints a line.
pub(crate) fn line(text: &dyn Display) -> Result<(), LabError> {
    writeln!(std::io::stdout().lock(), "{text}")
        .map_err(|error| LabError::failed("printing", error))
}
