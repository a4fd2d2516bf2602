use super::{bar, listed, text};
use crate::experiments::ALL;
use crate::language::Language;
use crate::report::paint::{Paint, width};
use crate::report::sample;

fn shown(language: Language) -> String {
    text(&sample::laboratory(), language, Paint::OFF)
}

#[test]
fn a_screen_of_100_columns_holds_every_line_in_both_languages() {
    for language in Language::ALL {
        let shown = shown(language);
        for line in shown.lines() {
            assert!(width(line) <= 100, "{} columns: {line}", width(line));
        }
        assert!(!shown.contains('\u{1b}'), "no colours where none are wanted");
    }
}

#[test]
fn times_stand_beside_pythons_and_the_ratio() {
    let shown = shown(Language::En);
    let line = |begin: &str| shown.lines().find(|line| line.trim().starts_with(begin)).unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let full = "█".repeat(32);
    assert_eq!(words(line("sequential")), ["sequential", "512", "ms", &full, "9.53", "s", "18.6×"]);
    // Slower than Python, and half as long as the longest of ours.
    let threads = words(line("threads"));
    assert_eq!(threads[..3], ["threads", "261", "ms"]);
    assert_eq!(threads[4..], ["200", "ms", "0.77×"]);
    // Python alone went this way.
    assert_eq!(words(line("multiprocessing")), ["multiprocessing", "pool", "–", "4.90", "s"]);
}

#[test]
fn columns_stay_in_line() {
    let shown = shown(Language::Ko);
    let column = |begin: &str, of: &str| {
        let line = shown.lines().find(|line| line.trim().starts_with(begin)).unwrap();
        width(&line[..line.rfind(of).unwrap()])
    };
    let ends =
        [column("방식", "Python") + 4, column("sequential", "s"), column("multiprocessing", "s")];
    assert!(ends.iter().all(|end| *end == ends[1] - 1 || *end == ends[1]), "{ends:?}\n{shown}");
}

#[test]
fn what_holds_and_what_does_not_is_said() {
    let shown = shown(Language::En);
    for expected in [
        "  holds   threads give the same\n",
        "  holds   means: 10, 15, 20, 25, 30\n",
        "  holds   Python: all 2 outcomes hold\n",
        "  holds   peak memory grows by: 1.2 MB (must be <= 8 MB)\n",
        "  FAILED  value <without> a lock: 3 (must be 2)\n",
        "  met     speed-up of threads: 1.96 (aim >= 1.7)\n",
        "  missed  speed-up of processes: 1.64 (aim >= 1.7)\n",
        "  Python not run: numpy is not installed\n",
        "  Python FAILED: exit status: 1: <boom>\n",
        "3 experiments · 2 outcomes FAILED (lost-update: value <without> a lock; lost-update: Python)",
        "1 of 2 goals missed (cpu-sums: speed-up of processes)",
        "slower than Python: cpu-sums: threads",
        "2 min 31 s",
    ] {
        let one_line = shown.replace('\n', " ");
        assert!(shown.contains(expected) || one_line.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn figures_of_many_ways_are_a_table() {
    let shown = shown(Language::En);
    let head = shown.lines().find(|line| line.contains("command p99 ms")).unwrap();
    let row = shown.lines().filter(|line| line.contains("to_thread 12")).nth(1).unwrap();
    let end = |line: &str, of: &str| width(&line[..line.find(of).unwrap() + of.len()]);
    assert_eq!(end(head, "command p99 ms"), end(row, "148"), "{head}\n{row}");
}

#[test]
fn a_bar_shows_what_is_there_at_all() {
    assert_eq!(bar(0.0, 8), "");
    assert_eq!(bar(1e-9, 8), "▏");
    assert_eq!(bar(0.5, 8), "████");
    assert_eq!(bar(0.52, 8), "████▎");
    assert_eq!(bar(2.0, 8), "████████");
}

#[test]
fn the_list_stays_in_line_in_both_languages() {
    let all: Vec<_> = ALL.iter().map(|experiment| experiment.about()).collect();
    for language in Language::ALL {
        let listed = listed(&all, language);
        assert_eq!(listed.lines().count(), all.len());
        for (line, about) in listed.lines().zip(&all) {
            assert!(width(line) <= 100, "{line}");
            assert!(
                line.starts_with(about.name) && line.contains(about.title.of(language)),
                "{line}"
            );
        }
    }
}
