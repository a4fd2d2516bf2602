//! The figures as tables of a Markdown document: what stands in the documents is measured, not typed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::language::Language;
use crate::report::figures::{self, Grid};
use crate::report::{Laboratory, Record, table, words};

/// The line after which the figures stand; what follows the name is for people.
const BEGIN: &str = "<!-- figures";
const END: &str = "<!-- end of figures -->";

/// The tables.
pub(crate) fn text(laboratory: &Laboratory, language: Language) -> String {
    let mut blocks = vec![format!(
        "{}: {}.",
        words::MACHINE.of(language),
        cell(&words::machine(laboratory, language).join(", "))
    )];
    let warnings = words::warnings(laboratory, language);
    if !warnings.is_empty() {
        blocks.push(format!("**{}**", warnings.join(" ")));
    }
    blocks.push(times(laboratory, language));
    for record in &laboratory.experiments {
        blocks.extend(Grid::of(record).map(|grid| beside(record, &grid, language)));
    }
    blocks.push(outcomes(laboratory, language));
    blocks.push(format!("{}.", cell(&words::summary(laboratory, language).join(", "))));
    blocks.join("\n\n")
}

fn times(laboratory: &Laboratory, language: Language) -> String {
    let heads = [words::EXPERIMENT, words::WAY, words::OURS, words::PYTHON, words::RATIO_LONG];
    let mut lines = head(heads.map(|text| text.of(language).to_owned()).as_slice(), 2);
    for record in &laboratory.experiments {
        for (at, (way, ours, theirs)) in record.ways().into_iter().enumerate() {
            let time = |seconds: Option<f64>| seconds.map(figures::seconds).unwrap_or_default();
            let ratio = record.ratios.get(way).copied().map(figures::times).unwrap_or_default();
            let name = if at == 0 { format!("`{}`", record.about.name) } else { String::new() };
            lines.push(row(&[name, cell(way), time(ours), time(theirs), ratio]));
        }
    }
    lines.join("\n")
}

fn beside(record: &Record, grid: &Grid<'_>, language: Language) -> String {
    let mut heads = vec![format!("`{}`", record.about.name)];
    heads.extend(grid.columns.iter().map(|(name, unit)| {
        if unit.is_empty() { cell(name) } else { cell(&format!("{name}, {unit}")) }
    }));
    let mut lines = head(&heads, 1);
    for row_of in &grid.rows {
        let name = if row_of.python {
            format!("{} ({})", row_of.way, words::PYTHON.of(language))
        } else {
            row_of.way.to_owned()
        };
        let mut cells = vec![cell(&name)];
        cells.extend(row_of.values.iter().map(|value| match value {
            Some(value) => value.said.clone(),
            None => String::new(),
        }));
        lines.push(row(&cells));
    }
    lines.join("\n")
}

fn outcomes(laboratory: &Laboratory, language: Language) -> String {
    let heads = [words::EXPERIMENT, words::OUTCOMES, words::GOALS];
    let mut lines = head(heads.map(|text| text.of(language).to_owned()).as_slice(), 3);
    for record in &laboratory.experiments {
        let checks = record.ours.checks.iter().map(|check| {
            let said = cell(&table::said(check, words::MUST_BE.of(language)));
            if check.held { said } else { format!("**{}**: {said}", words::FAILED.of(language)) }
        });
        let goals = record.ours.goals.iter().map(|goal| {
            let word = if goal.held { words::MET } else { words::MISSED }.of(language);
            format!("{}: {word}", cell(&table::said(goal, words::AIM.of(language))))
        });
        let name = format!("`{}`", record.about.name);
        let (checks, goals): (Vec<_>, Vec<_>) = (checks.collect(), goals.collect());
        lines.push(row(&[name, checks.join("; "), goals.join("; ")]));
    }
    lines.join("\n")
}

/// The head and the line below it; the first columns are words, the others numbers.
fn head(heads: &[String], words: usize) -> Vec<String> {
    let sides = (0..heads.len()).map(|at| if at < words { "---" } else { "---:" }.to_owned());
    vec![row(heads), row(&sides.collect::<Vec<_>>())]
}

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Text that ends no cell and begins no markup.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '|' | '*' | '_' | '<' | '>' | '`' | '[' | ']' | '\\' => safe.extend(['\\', letter]),
            '\n' | '\r' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// A document with a place for the figures.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    before: String,
    after: String,
}

impl Document {
    /// The one in this file.
    ///
    /// # Errors
    /// When it can't be read or has no such place.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the document '{shown}' can't be read"))?;
        let Some((before, after)) = place(&text) else {
            bail!(
                "'{shown}' has no place for the figures: write a line '{BEGIN} -->' and below it a line '{END}'"
            )
        };
        Ok(Self { path: path.to_owned(), before: before.to_owned(), after: after.to_owned() })
    }

    /// Writes it with these figures.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn fill(&self, laboratory: &Laboratory) -> Result<()> {
        let name = self.path.to_string_lossy();
        let language = if name.ends_with(".ko.md") { Language::Ko } else { Language::En };
        let tables = text(laboratory, language);
        std::fs::write(&self.path, format!("{}\n{tables}\n\n{}", self.before, self.after))
            .with_context(|| format!("the document '{}' can't be written", self.path.display()))
    }
}

/// What stands before the figures, with the mark, and what stands behind them, with the other.
fn place(text: &str) -> Option<(&str, &str)> {
    let mark = text.find(BEGIN)?;
    let begin = mark + text[mark..].find("-->")? + "-->".len();
    let begin = begin + text[begin..].find('\n')? + 1;
    let end = begin + text[begin..].find(END)?;
    Some((&text[..begin], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::{cell, place};

    #[test]
    fn the_place_of_the_figures_is_found_and_keeps_what_is_around_it() {
        let text = "Before\n<!-- figures, made -->\nold\n<!-- end of figures -->\nAfter";
        let expected = ("Before\n<!-- figures, made -->\n", "<!-- end of figures -->\nAfter");
        assert_eq!(place(text), Some(expected));
        for none in ["", "<!-- figures -->\n", "<!-- end of figures -->\n<!-- figures -->\n"] {
            assert_eq!(place(none), None, "{none}");
        }
    }

    #[test]
    fn a_cell_stays_one_cell_of_plain_text() {
        assert_eq!(cell("a|b\n<c> *d*"), "a\\|b \\<c\\> \\*d\\*");
    }
}
