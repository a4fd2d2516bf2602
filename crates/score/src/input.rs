//! Reading lines: what can be wrong with one, and JSON a line.

use serde::de::DeserializeOwned;

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A field is missing.
    #[error("there is no {field}: write {form}")]
    Missing {
        /// Which.
        field: &'static str,
        /// How a line looks.
        form: &'static str,
    },
    /// A field does not say what it should.
    #[error("{field} '{value}' is not {expected}")]
    Wrong {
        /// Which.
        field: &'static str,
        /// Its text, cut when long.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// It is no JSON, or lacks a field, or has one of another kind.
    #[error("{error}: write {form} instead of '{value}'")]
    Json {
        /// What the JSON reader says.
        error: String,
        /// How a line looks.
        form: &'static str,
        /// The line, cut when long.
        value: String,
    },
    /// The same thing stands in two lines.
    #[error("{what} is in line {first} already: keep one of the two")]
    Twice {
        /// Which thing.
        what: String,
        /// The line that has it first.
        first: usize,
    },
    /// One picture has more boxes than any tracker gives.
    #[error("frame {frame} has more than {max} boxes: is this a file of tracks?")]
    Crowded {
        /// Which frame.
        frame: u32,
        /// Most boxes accepted in one.
        max: usize,
    },
}

/// A line that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Longest piece of input repeated in a message, characters.
const SHOWN_MAX: usize = 40;

pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

/// The lines that say something, with their numbers from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // Windows editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// Reads one JSON object.
pub(crate) fn json<T: DeserializeOwned>(line: &str, form: &'static str) -> Result<T, Problem> {
    serde_json::from_str(line).map_err(|error| {
        let at = format!(" at line {} column {}", error.line(), error.column());
        // Its line is always 1 here, which would mislead.
        let said = error.to_string().replace(&at, "");
        let error = format!("{said} at column {}", error.column());
        Problem::Json { error, form, value: shown(line) }
    })
}

/// Reads the fields of one line, one after another.
pub(crate) struct Fields<'a, I> {
    fields: I,
    form: &'static str,
    marker: std::marker::PhantomData<&'a str>,
}

impl<'a, I: Iterator<Item = &'a str>> Fields<'a, I> {
    pub(crate) fn new(fields: I, form: &'static str) -> Self {
        Self { fields, form, marker: std::marker::PhantomData }
    }

    /// The next field, or none at the end of the line.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        self.fields.next().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The next field as a number that fits.
    pub(crate) fn number(
        &mut self,
        field: &'static str,
        expected: &'static str,
        fits: impl Fn(f64) -> bool,
    ) -> Result<f64, Problem> {
        let text = self.text().ok_or(Problem::Missing { field, form: self.form })?;
        match text.parse() {
            Ok(value) if fits(value) => Ok(value),
            _ => Err(Problem::Wrong { field, value: shown(text), expected }),
        }
    }
}
