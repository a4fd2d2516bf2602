//! The twins in Python: found, started, read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use crate::experiment::{Findings, Given, LabError};

/// Each script by the name of its experiment, and what they share; all lie in one folder, so that one may import another.
const SCRIPTS: &[(&str, &str)] = &[
    ("async-tasks", include_str!("../../../lab/python/async_tasks.py")),
    ("cpu-sums", include_str!("../../../lab/python/cpu_sums.py")),
    ("downloads", include_str!("../../../lab/python/downloads.py")),
    ("futures", include_str!("../../../lab/python/futures.py")),
    ("lost-update", include_str!("../../../lab/python/lost_update.py")),
    ("points", include_str!("../../../lab/python/points.py")),
    ("primitives", include_str!("../../../lab/python/primitives.py")),
    ("producer-consumer", include_str!("../../../lab/python/producer_consumer.py")),
    ("read-lines", include_str!("../../../lab/python/read_lines.py")),
    ("running-average", include_str!("../../../lab/python/running_average.py")),
    ("sort", include_str!("../../../lab/python/sort.py")),
    ("threads", include_str!("../../../lab/python/threads.py")),
    ("twin", include_str!("../../../lab/python/twin.py")),
    ("event-loop", include_str!("../../../lab/python/event_loop.py")),
    // The old design's detector, which `event-loop` imports.
    ("detector", include_str!("../../../bench/baseline/detector.py")),
];

/// A Python that runs the twins.
#[derive(Debug)]
pub struct Python {
    program: PathBuf,
    scripts: TempDir,
    /// What it says of itself, such as `Python 3.13.5`.
    pub version: String,
}

/// A twin says what it found, or what it lacks.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Missing { missing: String },
    Found(Findings),
}

impl Python {
    /// The one of this name or path.
    ///
    /// # Errors
    /// [`LabError::NoPython`] when it is not there or too old.
    pub(crate) fn find(program: &Path) -> Result<Self, LabError> {
        let shown = program.display();
        let asked = Command::new(program).arg("--version").stdin(Stdio::null()).output();
        let asked = asked.map_err(|error| {
            LabError::NoPython(format!("there is no Python at '{shown}' ({error})"))
        })?;
        let version = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        if !asked.status.success() || !version.starts_with("Python 3.") {
            return Err(LabError::NoPython(format!(
                "'{shown}' is no Python 3: it says '{version}'"
            )));
        }
        let failed = |error| LabError::failed("laying out the scripts", error);
        let scripts = tempfile::tempdir().map_err(failed)?;
        for (name, text) in SCRIPTS {
            std::fs::write(scripts.path().join(file_name(name)), text).map_err(failed)?;
        }
        Ok(Self { program: program.to_owned(), scripts, version })
    }

    /// Runs the script of this experiment with `--size`, `--reduced` where it is a test, and these arguments.
    ///
    /// # Errors
    /// When it fails or says something else than findings.
    pub fn run(
        &self,
        name: &str,
        given: &Given<'_>,
        more: &[&OsStr],
    ) -> Result<Findings, LabError> {
        (given.tell)("Python");
        let failed = |why: String| LabError::failed(format!("the Python twin of '{name}'"), why);
        let mut command = Command::new(&self.program);
        command
            .arg(self.scripts.path().join(file_name(name)))
            .arg("--size")
            .arg(given.size.to_string());
        if given.reduced {
            command.arg("--reduced");
        }
        let output = command
            .args(more)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!(
                "{}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            )));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.lines().last().unwrap_or_default();
        match serde_json::from_str(last) {
            Ok(Answer::Found(findings)) => Ok(findings),
            Ok(Answer::Missing { missing }) => Err(LabError::NoPython(missing)),
            Err(error) => Err(failed(format!("it said '{last}': {error}"))),
        }
    }
}

fn file_name(name: &str) -> String {
    format!("{}.py", name.replace('-', "_"))
}
