//! What is wrong with a site file: every mistake with its line and column.

use std::fmt;

/// So many mistakes are shown; the rest is counted.
const SHOWN_MAX: usize = 50;

/// Mistakes found so far in a text.
#[derive(Debug)]
pub(super) struct Mistakes<'t> {
    text: &'t str,
    found: Vec<(usize, String)>,
}

impl<'t> Mistakes<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.found.len()
    }

    /// Adds one; `at` is a byte of the text.
    pub(super) fn add(&mut self, at: usize, says: String) {
        self.found.push((at, says));
    }

    /// What stands there in the text, as far as it goes on one line.
    pub(super) fn excerpt(&self, span: std::ops::Range<usize>) -> String {
        const CHARS_MAX: usize = 40;
        let line = self.text.get(span).and_then(|text| text.lines().next()).unwrap_or_default();
        let mut excerpt: String = line.chars().take(CHARS_MAX).collect();
        if line.chars().nth(CHARS_MAX).is_some() {
            excerpt.push('…');
        }
        excerpt
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.place(at).0
    }

    /// Line and column of a byte, in characters, both from 1.
    fn place(&self, at: usize) -> (usize, usize) {
        let mut end = at.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(..end).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    pub(super) fn of_file(mut self, file: &str) -> SiteError {
        self.found.sort_by_key(|(at, _)| *at);
        let more = self.found.len().saturating_sub(SHOWN_MAX);
        let shown = self.found.iter().take(SHOWN_MAX).map(|(at, says)| {
            let (line, column) = self.place(*at);
            Mistake { line, column, says: says.clone() }
        });
        SiteError { file: file.to_owned(), shown: shown.collect(), more }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    line: usize,
    column: usize,
    says: String,
}

/// All mistakes of a site file, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SiteError {
    file: String,
    shown: Vec<Mistake>,
    more: usize,
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, count) = (&self.file, self.shown.len() + self.more);
        let mistakes = if count == 1 { "mistake" } else { "mistakes" };
        write!(f, "{count} {mistakes} in site file '{file}'")?;
        for Mistake { line, column, says } in &self.shown {
            write!(f, "\n{file}:{line}:{column}: {says}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for SiteError {}
