//! What an experiment is, what it is given and what it finds.

use std::ffi::OsString;
use std::fmt::Display;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::python::Python;

/// Words in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

impl Text {
    /// The words in this language.
    #[must_use]
    pub const fn of(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Ko => self.ko,
        }
    }
}

/// How much an experiment does.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Size {
    /// What is counted, such as `floats`.
    pub unit: &'static str,
    /// As published.
    pub whole: u64,
    /// In tests.
    pub reduced: u64,
    /// The most that makes sense: above it a run would take hours.
    pub most: u64,
    /// Memory that each takes, bytes, in all that is alive at once.
    pub bytes_each: u64,
}

/// What is known of an experiment before it runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct About {
    /// As the command line names it.
    pub name: &'static str,
    /// The document it is from: `000` to `004`.
    pub source: &'static str,
    /// Its title.
    pub title: Text,
    /// What it does and what is to be seen, in a sentence or two.
    pub shows: Text,
    /// The outcome that was published.
    pub published: Text,
    /// What follows from it for the cameras.
    pub choice: Text,
    /// The libraries that do the work.
    pub libraries: &'static [&'static str],
    /// None where there is nothing to make larger or smaller.
    pub size: Option<Size>,
}

/// One experiment.
pub trait Experiment: Sync {
    /// What is known of it.
    fn about(&self) -> &'static About;

    /// Does the work, each way.
    ///
    /// # Errors
    /// When it can't be done: no outcome that is merely wrong is an error, but a [`Check`] that does not hold.
    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError>;

    /// Does the same work in Python.
    ///
    /// # Errors
    /// When the script fails or answers something else than findings.
    fn twin(&self, given: &Given<'_>, python: &Python) -> Result<Findings, LabError> {
        python.run(self.about().name, given, &[])
    }
}

/// What an experiment is given.
pub struct Given<'a> {
    /// How much to do, in the unit of its [`Size`]; 0 where it has none.
    pub size: u64,
    /// Whether it is a test: waits are shorter, too.
    pub reduced: bool,
    /// The program and its arguments that do a part of the work in a process of its own.
    pub child: &'a [OsString],
    /// Told which way is being measured.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given")
            .field("size", &self.size)
            .field("reduced", &self.reduced)
            .finish_non_exhaustive()
    }
}

impl Given<'_> {
    /// Measures one way of doing the work: the seconds it took, and what it gave.
    ///
    /// # Errors
    /// Those of the work.
    pub fn measure<T>(
        &self,
        way: &str,
        work: impl FnOnce() -> Result<T, LabError>,
    ) -> Result<(Way, T), LabError> {
        (self.tell)(way);
        let begun = Instant::now();
        let given = work()?;
        Ok((Way::new(way, begun.elapsed().as_secs_f64()), given))
    }

    /// A process that does the work of this name; its output is read by who starts it.
    #[must_use]
    pub fn process(&self, work: &str) -> Command {
        let mut words = self.child.iter();
        let mut command = Command::new(words.next().map_or_else(OsString::new, Clone::clone));
        command
            .args(words)
            .arg(work)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        command
    }
}

/// One way of doing the work, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Its name; the twin's way of the same name does the same.
    pub name: String,
    /// How long it took, seconds.
    pub seconds: f64,
    /// What else was measured.
    #[serde(default)]
    pub figures: Vec<Figure>,
}

impl Way {
    /// One that took this long, seconds.
    #[must_use]
    pub fn new(name: &str, seconds: f64) -> Self {
        Self { name: name.to_owned(), seconds, figures: Vec::new() }
    }

    /// With another figure.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64, unit: &str) -> Self {
        self.figures.push(Figure { name: name.to_owned(), value, unit: unit.to_owned() });
        self
    }
}

/// A measured figure beside the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Its unit, such as `ms`.
    pub unit: String,
}

/// A statement that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// What must be.
    pub expected: String,
    /// What was.
    pub found: String,
    /// Whether it is as it must be.
    pub held: bool,
}

impl Check {
    /// That what was found is what must be.
    pub fn equal<T: PartialEq + Display + ?Sized>(what: &str, expected: &T, found: &T) -> Self {
        let held = expected == found;
        Self {
            what: what.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
            held,
        }
    }

    /// That what was found is in bounds, which are said in words.
    pub fn bound(what: &str, expected: impl Display, found: impl Display, held: bool) -> Self {
        Self {
            what: what.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
            held,
        }
    }
}

/// What an experiment found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Each way of doing the work.
    pub ways: Vec<Way>,
    /// The outcome, which must hold on every machine.
    pub checks: Vec<Check>,
    /// Figures that are aimed at and that a busy machine may miss.
    #[serde(default)]
    pub goals: Vec<Check>,
}

/// Why an experiment could not be done.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// There is no experiment of this name.
    #[error("there is no experiment '{name}'{}; 'safe-yolo lab list' names them", meant(.nearest))]
    Unknown {
        /// The name given.
        name: String,
        /// The one that was meant, perhaps.
        nearest: Option<&'static str>,
    },
    /// The size makes no sense, or does not fit here.
    #[error("{0}")]
    Size(String),
    /// Something that the work needs failed.
    #[error("{what}: {why}")]
    Failed {
        /// What was done.
        what: String,
        /// What came of it.
        why: String,
    },
    /// Python is not there, or lacks something: said, not failed.
    #[error("{0}")]
    NoPython(String),
}

impl LabError {
    /// Something that the work needs failed.
    pub fn failed(what: impl Display, why: impl Display) -> Self {
        Self::Failed { what: what.to_string(), why: why.to_string() }
    }
}

fn meant(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}
