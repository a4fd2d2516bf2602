//! The laboratory as its users meet it: the program, its words, its files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The program, in English whatever this machine's language is.
fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_safe-yolo-lab"))
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", out(output), err(output)))
}

/// Every experiment as `list --json` tells it.
fn experiments() -> Vec<Value> {
    json(&lab(&["list", "--json"])).as_array().unwrap().clone()
}

fn names() -> Vec<String> {
    experiments().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_list_names_every_experiment_in_both_languages() {
    let all = experiments();
    assert!(!all.is_empty());
    for language in ["en", "ko"] {
        let output = lab(&["list", "--lang", language]);
        assert!(output.status.success());
        let shown = out(&output);
        for one in &all {
            let (name, title) =
                (one["name"].as_str().unwrap(), one["title"][language].as_str().unwrap());
            let line = shown.lines().find(|line| line.split_whitespace().next() == Some(name));
            assert!(line.unwrap().contains(title), "{name}\n{shown}");
        }
    }
}

/// One run for all that is asked of a run of everything: this is what takes the time.
#[test]
fn every_outcome_holds_and_all_reports_have_every_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("lab.html");
    let document = folder.path().join("figures.ko.md");
    std::fs::write(&document, "before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
        .unwrap();
    let output = lab(&[
        "run",
        "all",
        "--reduced",
        "--json",
        "--html",
        path(&page),
        "--fill",
        path(&document),
    ]);
    let found = json(&output);
    assert_eq!(err(&output), "", "no progress bar where no terminal is");
    let ran = found["experiments"].as_array().unwrap();
    let held: Vec<_> = ran
        .iter()
        .flat_map(|one| {
            one["ours"]["checks"].as_array().unwrap().iter().map(move |check| (one, check))
        })
        .map(|(one, check)| {
            assert_eq!(check["held"], true, "{}: {check}", one["about"]["name"]);
        })
        .collect();
    assert!(held.len() >= ran.len(), "every experiment checks something");
    assert!(output.status.success());
    assert_eq!(found["held"], true);
    assert_eq!(found["reduced"], true);
    for name in ["cores", "processor", "python", "optimised", "version"] {
        assert!(found["machine"].get(name).is_some(), "machine.{name}");
    }
    assert!(found["started"].is_string() && found["seconds"].is_number());

    let all = experiments();
    let ran: Vec<_> = ran.iter().map(|one| &one["about"]).collect();
    assert_eq!(ran, all.iter().collect::<Vec<_>>(), "as many, and in order");

    let page = std::fs::read_to_string(page).unwrap();
    for one in &all {
        for text in ["title", "shows", "published", "choice"] {
            for language in ["en", "ko"] {
                let text = one[text][language].as_str().unwrap();
                assert!(page.contains(&escaped(text)), "{text}");
            }
        }
    }
    stands_alone(&page);
    every_tag_is_closed(&page);

    let document = std::fs::read_to_string(document).unwrap();
    assert!(
        document.starts_with("before\n<!-- figures -->\n")
            && document.ends_with("<!-- end of figures -->\nafter\n")
    );
    assert!(!document.contains("\nold\n") && document.contains("| 실험 |"), "{document}");
    for name in names() {
        assert!(document.contains(&format!("| `{name}` |")), "{name}\n{document}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Nothing is fetched: references lead to places of the page itself, and there is no script.
fn stands_alone(page: &str) {
    for (at, _) in page.match_indices("href=\"") {
        let to = page[at + 6..].split('"').next().unwrap();
        if let Some(id) = to.strip_prefix('#') {
            assert!(page.contains(&format!(" id=\"{id}\"")), "nothing is at '{to}'");
        } else {
            assert_eq!(to, "data:,", "the icon that nobody asks the network for");
        }
    }
    for reference in ["src=", "url(", "@import", "<script", "<iframe", "<img", "<object"] {
        assert!(!page.contains(reference), "{reference}");
    }
}

fn every_tag_is_closed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let (_, style_on) = page.split_once("<style>").unwrap();
    let (_, rest) = style_on.split_once("</style>").unwrap();
    let head = &page[..page.len() - style_on.len() - "<style>".len()];
    for text in [head, rest] {
        for tag in text.split('<').skip(1) {
            let (tag, after) = tag.split_once('>').unwrap_or_else(|| panic!("'<{tag}' has no end"));
            assert!(!after.contains('>'), "'>' in text after <{tag}>");
            assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
            let name = tag.split_whitespace().next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "before {}", after.trim()),
                None if ["!doctype", "meta", "link", "input"].contains(&name) => {}
                None => open.push(name),
            }
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn the_tag_check_notices_what_is_left_open() {
    let caught = |body: &str| {
        let page = format!("<style></style>{body}");
        std::panic::catch_unwind(|| every_tag_is_closed(&page)).is_err()
    };
    assert!(!caught("<p><b>x</b></p><meta>"));
    for wrong in ["<p>", "<p></b></p>", "</p>", "<p>a > b</p>", "<p id=\"x></p>"] {
        assert!(caught(wrong), "{wrong}");
    }
}

#[test]
fn the_twins_find_what_they_must() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!(
            "SKIPPED: there is no python3 here, so that the twins in Python could not be run"
        );
        return;
    }
    let output = lab(&["run", "all", "--reduced", "--python", "--json"]);
    let found = json(&output);
    let mut ran = 0;
    for one in found["experiments"].as_array().unwrap() {
        let (name, twin) = (&one["about"]["name"], &one["twin"]);
        match twin["state"].as_str().unwrap() {
            "ran" => {
                ran += 1;
                for check in twin["checks"].as_array().unwrap() {
                    assert_eq!(check["held"], true, "{name}: {check}");
                }
                assert!(
                    !one["ratios"].as_object().unwrap().is_empty(),
                    "{name}: nothing to compare"
                );
            }
            "missing" => {
                eprintln!("SKIPPED: the twin of {name}: {}", twin["why"]);
                assert!(
                    err(&output).contains(twin["why"].as_str().unwrap()),
                    "said on stderr, too"
                );
            }
            other => panic!("{name}: {other}: {twin}"),
        }
    }
    assert!(ran > 0, "no twin ran");
    assert!(output.status.success());
    assert!(found["machine"]["python"].as_str().unwrap().starts_with("Python 3."));
}

#[test]
fn python_that_is_not_there_is_said_and_costs_nothing() {
    let output = lab(&["run", "running-average", "--reduced", "--python=/nowhere"]);
    assert!(output.status.success(), "{}", err(&output));
    let why = "there is no Python at '/nowhere'";
    assert!(err(&output).contains(&format!("note: {why}")), "{}", err(&output));
    assert!(out(&output).contains(why), "{}", out(&output));
    assert!(out(&output).contains("1 outcome holds"), "{}", out(&output));
}

#[test]
fn what_is_no_python_is_said() {
    let output = lab(&["run", "running-average", "--reduced", "--python=/bin/echo"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(err(&output).contains("'/bin/echo' is no Python 3"), "{}", err(&output));
}

#[test]
fn bad_input_is_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let page = nowhere.join("lab.html");
    let no_place = folder.path().join("plain.md");
    std::fs::write(&no_place, "# Nothing\n").unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["cpu-sms"],
            &["there is no experiment 'cpu-sms'", "did you mean 'cpu-sums'?", "safe-yolo lab list"],
        ),
        (&["ALL-OF-IT"], &["there is no experiment 'ALL-OF-IT'", "safe-yolo lab list"]),
        (
            &["cpu-sums", "--size", "0"],
            &["--size 0 leaves 'cpu-sums' nothing to do", "give at least 1 (numbers a sum)"],
        ),
        (
            &["cpu-sums", "--size", "18446744073709551615"],
            &["--size 18446744073709551615 is too large for 'cpu-sums'", "give at most 2000000000"],
        ),
        (&["running-average", "--size", "5"], &["'running-average' has no size", "leave it out"]),
        (
            &["all", "--size", "5"],
            &["--size 5 is in the unit of one experiment", "name it instead of 'all'"],
        ),
        (
            &["running-average", "--html", path(&page)],
            &["can't be written", "there is no folder", path(&nowhere), "make it first"],
        ),
        (
            &["running-average", "--html", path(folder.path())],
            &["can't be written", "Is a directory"],
        ),
        (&["running-average", "--fill", path(&page)], &["can't be read", path(&page)]),
        (
            &["running-average", "--fill", path(&no_place)],
            &["has no place for the figures", "<!-- end of figures -->"],
        ),
    ];
    for (arguments, expected) in cases {
        let output = lab(&[&["run"], *arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(out(&output), "", "{arguments:?}: nothing was run");
        let said = err(&output);
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{arguments:?}: {said}");
        for expected in *expected {
            assert!(said.contains(expected), "{arguments:?}: '{expected}' is not in: {said}");
        }
    }
    // What is no argument at all is told as everywhere in the program.
    let wrong: [&[&str]; 4] =
        [&["--size", "many"], &["--size", "-1"], &["--lang", "fr"], &["--size", "5", "--reduced"]];
    for arguments in wrong {
        let output = lab(&[&["run", "cpu-sums"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

/// Holds for each experiment, those that are added too.
#[test]
fn sizes_beyond_reason_and_beyond_memory_are_refused() {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory =
        memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    for one in experiments() {
        let name = one["name"].as_str().unwrap();
        let Some(most) = one["size"]["most"].as_u64() else {
            assert!(err(&lab(&["run", name, "--size", "1"])).contains("has no size"), "{name}");
            continue;
        };
        let refused = |size: u64| {
            let output = lab(&["run", name, "--size", &size.to_string()]);
            assert_eq!(output.status.code(), Some(1), "{name} {size}");
            err(&output)
        };
        assert!(refused(0).contains("nothing to do"), "{name}");
        assert!(refused(most.saturating_add(1)).contains("too large"), "{name}");
        let bytes = most.saturating_mul(one["size"]["bytes_each"].as_u64().unwrap());
        if memory.is_some_and(|memory| bytes > memory * 1024) {
            assert!(refused(most).contains("MB are free here"), "{name}");
        }
    }
}

#[test]
fn an_old_page_stays_until_the_new_one_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("lab.html");
    std::fs::write(&page, "old").unwrap();
    let output = lab(&["run", "cpu-sums", "--html", path(&page), "--size", "0"]);
    assert!(!output.status.success());
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "old");
    let output = lab(&["run", "running-average", "--lang", "ko", "--html", path(&page)]);
    assert!(output.status.success());
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"ko\">"));
    assert!(out(&output).contains("실험 1개 · 결과 1개 모두 확인됨"), "{}", out(&output));
}

#[test]
fn figures_come_as_a_document() {
    let output = lab(&["run", "running-average", "--markdown"]);
    assert!(output.status.success());
    let shown = out(&output);
    assert!(shown.contains("| experiment | way | Rust | Python | Python's time / ours |\n| --- | --- | ---: | ---: | ---: |\n| `running-average` | stream | "), "{shown}");
}
