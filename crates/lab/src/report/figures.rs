//! Numbers as people read them, and the figures beside the times as a grid.

use crate::experiment::{Figure, Way};
use crate::language::Language;
use crate::report::Record;

/// A time with a unit in which it has few digits, such as `12.3 ms`.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds.abs() {
        below if below < 999.5e-6 => format!("{} µs", three(seconds * 1e6)),
        below if below < 999.5e-3 => format!("{} ms", three(seconds * 1e3)),
        _ => format!("{} s", three(seconds)),
    }
}

/// How many times as long, such as `18.6×`.
pub(super) fn times(ratio: f64) -> String {
    format!("{}×", grouped(&if ratio < 9.95 { format!("{ratio:.2}") } else { three(ratio) }))
}

/// The least and the most of ratios.
pub(super) fn span(ratios: impl Iterator<Item = f64> + Clone) -> Option<String> {
    let least = ratios.clone().min_by(f64::total_cmp)?;
    let most = ratios.max_by(f64::total_cmp)?;
    let (least, most) = (times(least), times(most));
    Some(if least == most { least } else { format!("{}–{most}", least.trim_end_matches('×')) })
}

/// A figure: whole as it is where all of its kind are, else with three digits that count.
fn value(value: f64, whole: bool) -> String {
    if whole {
        grouped(&format!("{value:.0}"))
    } else if value.abs() < 0.995 {
        format!("{value:.3}")
    } else {
        grouped(&three(value))
    }
}

/// How long a run took.
pub(super) fn duration(seconds: f64, language: Language) -> String {
    if seconds < 0.9995 {
        return self::seconds(seconds);
    }
    let (minute, second) = match language {
        Language::En => (" min ", " s"),
        Language::Ko => ("분 ", "초"),
    };
    if seconds < 9.95 {
        format!("{seconds:.1}{second}")
    } else if seconds < 59.5 {
        format!("{seconds:.0}{second}")
    } else {
        let whole = seconds.round();
        format!("{:.0}{minute}{:.0}{second}", (whole / 60.0).floor(), whole % 60.0)
    }
}

/// A whole number in groups of three digits.
pub(super) fn whole(number: u64) -> String {
    grouped(&number.to_string())
}

fn three(value: f64) -> String {
    match value.abs() {
        below if below < 9.995 => format!("{value:.2}"),
        below if below < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// With a space before each three digits, from 10 000 on.
fn grouped(number: &str) -> String {
    let (whole, part) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    if digits.len() < 5 {
        return number.to_owned();
    }
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text + part
}

/// All figures of an experiment: a column for each name and unit, a row for each way that has some.
pub(super) struct Grid<'a> {
    /// Name and unit of each column.
    pub(super) columns: Vec<(&'a str, &'a str)>,
    pub(super) rows: Vec<Row<'a>>,
}

/// The figures of one way.
pub(super) struct Row<'a> {
    pub(super) way: &'a str,
    /// Whether they are Python's.
    pub(super) python: bool,
    /// One a column; none where this way has no such figure.
    pub(super) values: Vec<Option<Value>>,
}

/// A figure as it is shown.
pub(super) struct Value {
    /// In words.
    pub(super) said: String,
    /// What part of the largest of its column it is, 0 to 1.
    pub(super) part: f64,
}

impl<'a> Grid<'a> {
    /// None where the experiment has nothing but times.
    pub(super) fn of(record: &'a Record) -> Option<Self> {
        let ours = record.ours.ways.iter().map(|way| (way, false));
        let theirs = record.theirs().into_iter().flat_map(|found| &found.ways);
        let ways = ours.chain(theirs.map(|way| (way, true)));
        let ways: Vec<_> = ways.filter(|(way, _)| !way.figures.is_empty()).collect();
        let mut columns: Vec<(&str, &str)> = Vec::new();
        for figure in ways.iter().flat_map(|(way, _)| &way.figures) {
            if !columns.contains(&key(figure)) {
                columns.push(key(figure));
            }
        }
        let found = |way: &Way, column: &(&str, &str)| {
            way.figures.iter().find(|found| key(found) == *column).map(|found| found.value)
        };
        let scales: Vec<_> = columns
            .iter()
            .map(|column| {
                let values = ways.iter().filter_map(|(way, _)| found(way, column));
                let whole = values.clone().all(|value| value.fract().abs() < f64::EPSILON);
                (whole, values.fold(f64::MIN_POSITIVE, f64::max))
            })
            .collect();
        let rows: Vec<_> = ways
            .into_iter()
            .map(|(way, python)| {
                let values = columns.iter().zip(&scales).map(|(column, (whole, most))| {
                    let found = found(way, column)?;
                    let part = (found / most).clamp(0.0, 1.0);
                    Some(Value { said: value(found, *whole), part })
                });
                Row { way: &way.name, python, values: values.collect() }
            })
            .collect();
        (!rows.is_empty()).then_some(Self { columns, rows })
    }
}

fn key(figure: &Figure) -> (&str, &str) {
    (&figure.name, &figure.unit)
}

#[cfg(test)]
mod tests {
    use super::{duration, seconds, span, times, value, whole};
    use crate::language::Language;

    #[test]
    fn times_have_the_unit_that_leaves_them_short() {
        let cases = [
            (0.0, "0.00 µs"),
            (1.234e-6, "1.23 µs"),
            (999.4e-6, "999 µs"),
            (999.6e-6, "1.00 ms"),
            (0.0123, "12.3 ms"),
            (0.99949, "999 ms"),
            (0.9996, "1.00 s"),
            (10.41, "10.4 s"),
            (151.2, "151 s"),
        ];
        for (given, expected) in cases {
            assert_eq!(seconds(given), expected, "{given}");
        }
    }

    #[test]
    fn figures_keep_what_counts() {
        assert_eq!(value(160.0, true), "160");
        assert_eq!(value(5.0, false), "5.00");
        assert_eq!(value(10_000_000.0, true), "10 000 000");
        assert_eq!(value(-12_345.6, false), "-12 346");
        assert_eq!(value(0.1234, false), "0.123");
        assert_eq!(value(12.345, false), "12.3");
        assert_eq!(whole(1234), "1234");
        assert_eq!(times(0.987), "0.99×");
        assert_eq!(times(18.64), "18.6×");
        assert_eq!(times(123_456.0), "123 456×");
    }

    #[test]
    fn ratios_are_told_by_their_span() {
        assert_eq!(span([3.0, 1.0, 20.0].into_iter()).as_deref(), Some("1.00–20.0×"));
        assert_eq!(span([2.0, 2.001].into_iter()).as_deref(), Some("2.00×"));
        assert_eq!(span(std::iter::empty()), None);
    }

    #[test]
    fn a_run_is_told_in_minutes() {
        assert_eq!(duration(0.0123, Language::Ko), "12.3 ms");
        assert_eq!(duration(3.21, Language::En), "3.2 s");
        assert_eq!(duration(59.6, Language::En), "1 min 0 s");
        assert_eq!(duration(151.2, Language::Ko), "2분 31초");
    }
}
