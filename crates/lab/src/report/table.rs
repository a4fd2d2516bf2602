//! The tables for a terminal of 100 columns.

use crate::experiment::{About, Check};
use crate::language::Language;
use crate::report::figures::{self, Grid};
use crate::report::paint::{Paint, cut, left, right, width, wrapped};
use crate::report::{LEVEL, Laboratory, Record, Twin, words};

/// Columns of the whole.
const ALL: usize = 100;
/// The most columns that a way's name gets.
const NAME_MOST: usize = 30;
const TIME: usize = 9;
const BAR_MOST: usize = 32;

/// How it is written.
#[derive(Clone, Copy)]
struct Pen {
    language: Language,
    paint: Paint,
}

/// All that was found.
pub(crate) fn text(laboratory: &Laboratory, language: Language, paint: Paint) -> String {
    let pen = Pen { language, paint };
    let mut lines = Vec::new();
    for record in &laboratory.experiments {
        experiment(&mut lines, record, pen);
        lines.push(String::new());
    }
    for warning in words::warnings(laboratory, language) {
        lines.extend(wrapped(warning, ALL).iter().map(|line| paint.doubtful(line)));
    }
    let machine = words::machine(laboratory, language).join(" · ");
    lines.extend(wrapped(&machine, ALL).iter().map(|line| paint.dim(line)));
    let summary = words::summary(laboratory, language).join(" · ");
    let coloured = |line: &String| {
        if laboratory.held { paint.bold(line) } else { paint.bad(line) }
    };
    lines.extend(wrapped(&summary, ALL).iter().map(coloured));
    lines.join("\n")
}

fn experiment(lines: &mut Vec<String>, record: &Record, pen: Pen) {
    let Pen { language, paint } = pen;
    let about = record.about;
    let size = words::size(record).map_or_else(String::new, |size| format!(" · {size}"));
    lines.push(format!(
        "{}  {}  {}",
        paint.bold(about.name),
        about.title.of(language),
        paint.dim(&format!("({}{size})", about.source))
    ));
    let published = format!("{}: {}", words::PUBLISHED.of(language), about.published.of(language));
    lines.extend(wrapped(&published, ALL - 2).iter().map(|line| format!("  {}", paint.dim(line))));
    ways(lines, record, pen);
    if let Some(grid) = Grid::of(record) {
        beside(lines, &grid, pen);
    }
    if let Some(said) = words::twin(record, language) {
        let coloured = |line: &String| match record.twin {
            Twin::Failed { .. } => format!("  {}", paint.bad(line)),
            Twin::NotAsked | Twin::Ran(_) | Twin::Missing { .. } => {
                format!("  {}", paint.doubtful(line))
            }
        };
        lines.extend(wrapped(&format!("Python {said}"), ALL - 2).iter().map(coloured));
    }
    for one in &record.ours.checks {
        check(lines, "", one, pen);
    }
    let theirs = record.theirs().map_or(&[][..], |found| &found.checks);
    if theirs.iter().all(|check| check.held) && !theirs.is_empty() {
        let word = words::HELD.of(language);
        marked(lines, word, &paint.good(word), &words::all_hold(theirs.len(), language));
    }
    for one in theirs.iter().filter(|check| !check.held) {
        check(lines, "Python: ", one, pen);
    }
    for one in &record.ours.goals {
        goal(lines, one, pen);
    }
}

/// Each way's time, its bar, Python's time and the ratio.
fn ways(lines: &mut Vec<String>, record: &Record, pen: Pen) {
    let Pen { language, paint } = pen;
    let ways = record.ways();
    let names = ways.iter().map(|(name, ..)| width(name)).max().unwrap_or(0);
    let name_columns = names.clamp(12, NAME_MOST);
    let compared = record.theirs().is_some();
    let beside = if compared { 2 + TIME + 2 + TIME } else { 0 };
    let bar_columns = (ALL - 2 - name_columns - 2 - TIME - 2 - beside).min(BAR_MOST);
    let longest = ways.iter().filter_map(|way| way.1).fold(f64::MIN_POSITIVE, f64::max);
    if compared {
        let head = format!(
            "  {}  {}  {}  {}  {}",
            left(words::WAY.of(language), name_columns),
            right(words::OURS.of(language), TIME),
            " ".repeat(bar_columns),
            right(words::PYTHON.of(language), TIME),
            right(words::RATIO.of(language), TIME),
        );
        lines.push(paint.dim(&head));
    }
    for (name, ours, theirs) in ways {
        let time = |seconds: Option<f64>| {
            right(&seconds.map_or_else(|| "–".into(), figures::seconds), TIME)
        };
        let drawn = bar(ours.unwrap_or(0.0) / longest, bar_columns);
        let shown = left(&cut(name, name_columns), name_columns);
        let mut line = format!("  {shown}  {}  {}", time(ours), paint.bar(&drawn));
        if compared {
            let gap = " ".repeat(bar_columns.saturating_sub(width(&drawn)));
            let ratio = record.ratios.get(name).copied();
            let said = right(&ratio.map_or_else(String::new, figures::times), TIME);
            let said = match ratio {
                Some(ratio) if ratio < LEVEL => paint.doubtful(&said),
                _ => said,
            };
            line += &format!("{gap}  {}  {said}", time(theirs));
        }
        lines.push(line.trim_end().to_owned());
    }
}

/// A bar of this part of so many columns, to an eighth of one; what is there at all is seen.
fn bar(part: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let most = u32::try_from(columns * 8).unwrap_or(u32::MAX);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bar is of 0 to a few hundred eighths"
    )]
    let eighths = (part.clamp(0.0, 1.0) * f64::from(most)).ceil() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// The figures beside the times: a table where it fits, else a line a way.
fn beside(lines: &mut Vec<String>, grid: &Grid<'_>, pen: Pen) {
    let name = |row: &figures::Row<'_>| {
        if row.python { format!("{} (Python)", row.way) } else { row.way.to_owned() }
    };
    let said = |value: &Option<figures::Value>| {
        value.as_ref().map_or_else(|| "–".to_owned(), |value| value.said.clone())
    };
    let heads = grid.columns.iter().map(|(name, unit)| format!("{name} {unit}").trim().to_owned());
    let heads: Vec<String> = heads.collect();
    let names = grid.rows.iter().map(|row| width(&name(row))).max().unwrap_or(0);
    let columns: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            let values =
                grid.rows.iter().map(|row| row.values.get(at).map_or(0, |one| width(&said(one))));
            values.max().unwrap_or(0).max(width(head))
        })
        .collect();
    let line = |name: &str, cells: Vec<String>| {
        let cells = cells
            .iter()
            .zip(&columns)
            .map(|(cell, columns)| format!("  {}", right(cell, *columns)));
        format!("  {}{}", left(name, names), cells.collect::<String>())
    };
    if 2 + names + columns.iter().map(|columns| columns + 2).sum::<usize>() <= ALL {
        lines.push(pen.paint.dim(&line("", heads)));
        for row in &grid.rows {
            lines.push(line(&name(row), row.values.iter().map(said).collect()));
        }
        return;
    }
    for row in &grid.rows {
        let known = row.values.iter().zip(&heads).filter(|(value, _)| value.is_some());
        let known: Vec<_> = known.map(|(value, head)| format!("{head} {}", said(value))).collect();
        let text = format!("{}: {}", name(row), known.join(" · "));
        lines.extend(
            wrapped(&text, ALL - 4).iter().map(|line| format!("    {}", pen.paint.dim(line))),
        );
    }
}

fn check(lines: &mut Vec<String>, whose: &str, check: &Check, pen: Pen) {
    let (word, coloured) = if check.held {
        let word = words::HELD.of(pen.language);
        (word, pen.paint.good(word))
    } else {
        let word = words::FAILED.of(pen.language);
        (word, pen.paint.bad(word))
    };
    marked(
        lines,
        word,
        &coloured,
        &format!("{whose}{}", said(check, words::MUST_BE.of(pen.language))),
    );
}

fn goal(lines: &mut Vec<String>, goal: &Check, pen: Pen) {
    let word = if goal.held { words::MET } else { words::MISSED }.of(pen.language);
    let coloured = if goal.held { pen.paint.good(word) } else { pen.paint.doubtful(word) };
    marked(lines, word, &coloured, &said(goal, words::AIM.of(pen.language)));
}

/// What was found, and what was expected where that says more.
pub(super) fn said(check: &Check, expected: &str) -> String {
    let Check { what, found, .. } = check;
    match (check.held, check.found == check.expected) {
        (true, true) if found == "true" || found == "True" => what.clone(),
        (true, true) => format!("{what}: {found}"),
        _ => format!("{what}: {found} ({expected} {})", check.expected),
    }
}

/// A word that judges, and beside it what is judged.
fn marked(lines: &mut Vec<String>, word: &str, coloured: &str, text: &str) {
    const JUDGED: usize = 8;
    let gap = " ".repeat(JUDGED.saturating_sub(width(word)));
    for (at, line) in wrapped(text, ALL - 2 - JUDGED).iter().enumerate() {
        lines.push(match at {
            0 => format!("  {coloured}{gap}{line}"),
            _ => format!("  {}{line}", " ".repeat(JUDGED)),
        });
    }
}

/// The experiments' names, documents, titles, sizes.
pub(crate) fn listed(all: &[&About], language: Language) -> String {
    let names = all.iter().map(|about| width(about.name)).max().unwrap_or(0);
    let titles = all.iter().map(|about| width(about.title.of(language))).max().unwrap_or(0);
    let lines = all.iter().map(|about| {
        let size = about.size.map_or_else(String::new, |size| {
            format!("{} {}", figures::whole(size.whole), size.unit)
        });
        let title = left(about.title.of(language), titles);
        let line = format!("{}  {}  {title}  {size}", left(about.name, names), about.source);
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
