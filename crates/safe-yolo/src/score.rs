//! `safe-yolo score`: how good events, detections and tracks are.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use safe_yolo_core::Class;
use safe_yolo_score::detection::{self, FoundPicture, TruthPicture};
use safe_yolo_score::report::{self, TrackingReport};
use safe_yolo_score::{events, mot, tracking};
use serde::Serialize;

/// Largest file read, bytes: above it, it is a wrong one.
const BYTES_MAX: u64 = 1 << 30;

/// What to score.
#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Events: F1 by the Korean test of intelligent CCTV, start within -2 s and +10 s
    Events {
        /// True events: {"type":..,"start_s":..,"camera":..} a line, the camera if wanted
        #[arg(long, value_name = "FILE")]
        truth: PathBuf,
        /// Found events, the same; `analyze` writes them as events.jsonl
        #[arg(long, value_name = "FILE")]
        found: PathBuf,
        /// Prints one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Detections: AP50 and AP50:95 by class, as COCO has them
    Detection {
        /// True boxes: {"file":..,"boxes":[{"class":..,"box":[x1,y1,x2,y2]}]} a line, or a
        /// folder of YOLO label files
        #[arg(long, value_name = "FILE|DIR")]
        truth: PathBuf,
        /// Found boxes, as `detect --json` writes them
        #[arg(long, value_name = "FILE")]
        found: PathBuf,
        /// Classes of the label files in order, '-' for one that is not scored
        #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = class,
              allow_hyphen_values = true)]
        classes: Vec<Scored>,
        /// Prints one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Tracks: HOTA, IDF1 and MOTA of `MOTChallenge` files
    Tracking {
        /// True tracks (gt.txt); give it again for each further sequence
        #[arg(long, value_name = "FILE", required = true)]
        truth: Vec<PathBuf>,
        /// Found tracks, as many as true ones and in their order
        #[arg(long, value_name = "FILE", required = true)]
        found: Vec<PathBuf>,
        /// Names of the sequences in the table
        #[arg(long, value_name = "NAME")]
        name: Vec<String>,
        /// Prints one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
}

/// A class of label files: none is not scored.
#[derive(Debug, Clone, Copy)]
struct Scored(Option<Class>);

fn class(text: &str) -> Result<Scored> {
    if text == "-" {
        return Ok(Scored(None));
    }
    match Class::from_label(text) {
        Some(class) => Ok(Scored(Some(class))),
        None => bail!("'{text}' is no class of this system: write '-' to leave it out"),
    }
}

pub(crate) fn run(arguments: &ScoreArguments) -> Result<ExitCode> {
    write_score(&arguments.what, &mut std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

fn write_score(what: &What, out: &mut impl Write) -> Result<()> {
    match what {
        What::Events { truth, found, json } => {
            let read = |path| of_lines(path, events::parse);
            let score =
                events::score(&read(truth)?, &read(found)?).with_context(|| both(truth, found))?;
            print(out, *json, &score, report::events)?;
        }
        What::Detection { truth, found, classes, json } => {
            let found_pictures = of_lines(found, detection::parse_found)?;
            let true_pictures = if truth.is_dir() {
                labels(truth, classes, &found_pictures)?
            } else {
                ensure!(classes.is_empty(), "--classes is for a folder of label files only");
                of_lines(truth, detection::parse_truth)?
            };
            let score = detection::score(&true_pictures, &found_pictures)
                .with_context(|| both(truth, found))?;
            print(out, *json, &score, report::detection)?;
        }
        What::Tracking { truth, found, name, json } => {
            print(out, *json, &track(truth, found, name)?, report::tracking)?;
        }
    }
    Ok(())
}

fn track(truth: &[PathBuf], found: &[PathBuf], names: &[String]) -> Result<TrackingReport> {
    let (pairs, answers) = (truth.len(), found.len());
    ensure!(pairs == answers, "{pairs} --truth but {answers} --found: give them in pairs");
    let named = names.len();
    ensure!(named == 0 || named == pairs, "{named} --name for {pairs} sequences: name all or none");
    let mut sequences = Vec::with_capacity(pairs);
    for (index, (truth, found)) in truth.iter().zip(found).enumerate() {
        let (there, seen) =
            (of_lines(truth, mot::parse_truth)?, of_lines(found, mot::parse_result)?);
        let counts = tracking::count(&there, &seen).with_context(|| both(truth, found))?;
        let name = names.get(index).cloned().unwrap_or_else(|| {
            found.file_stem().unwrap_or_default().to_string_lossy().into_owned()
        });
        sequences.push((name, counts));
    }
    Ok(TrackingReport::new(&sequences))
}

/// The truth of the label files of a folder.
fn labels(folder: &Path, classes: &[Scored], found: &[FoundPicture]) -> Result<Vec<TruthPicture>> {
    let name = folder.display();
    ensure!(
        !classes.is_empty(),
        "'{name}' is a folder of label files: say what their numbers mean, --classes helmet,-,vest"
    );
    let classes: Vec<Option<Class>> = classes.iter().map(|class| class.0).collect();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("folder '{name}'"))? {
        let path = entry.with_context(|| format!("folder '{name}'"))?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            files.push(path);
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "folder '{name}' has no label file: they end in .txt");
    let mut all = Vec::with_capacity(files.len());
    for path in files {
        let boxes = of_lines(&path, |text| detection::parse_labels(text, &classes))?;
        all.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), boxes));
    }
    detection::truth_of_labels(all, found).with_context(|| format!("folder '{name}'"))
}

fn both(truth: &Path, found: &Path) -> String {
    format!("'{}' and '{}'", truth.display(), found.display())
}

/// Reads a file and what its lines say.
fn of_lines<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, safe_yolo_score::LineError>,
) -> Result<T> {
    let name = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("file '{name}'"))?.len();
    ensure!(size <= BYTES_MAX, "file '{name}' has {size} bytes: is it the right one?");
    let bytes = std::fs::read(path).with_context(|| format!("file '{name}'"))?;
    let text = String::from_utf8(bytes)
        .with_context(|| format!("file '{name}' is no text: is it the right one?"))?;
    parse(&text).with_context(|| format!("file '{name}'"))
}

fn print<T: Serialize>(
    out: &mut impl Write,
    json: bool,
    score: &T,
    table: fn(&T) -> String,
) -> Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *out, score)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", table(score))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tempfile::TempDir;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: ScoreArguments,
    }

    /// Runs `safe-yolo score` with these words; a word with a dot is a file of the folder.
    fn score(folder: &TempDir, words: &str) -> Result<String, String> {
        let word = |word: &str| match word.contains('.') {
            true => folder.path().join(word).to_string_lossy().into_owned(),
            false => word.to_owned(),
        };
        let line = Line::try_parse_from(
            ["score"].map(str::to_owned).into_iter().chain(words.split(' ').map(word)),
        );
        let line = line.map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        match write_score(&line.arguments.what, &mut out) {
            Ok(()) => Ok(String::from_utf8(out).unwrap()),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn says(answer: Result<String, String>, expect: &[&str]) {
        let said = answer.unwrap_or_else(|error| error);
        for part in expect {
            assert!(said.contains(part), "'{said}' lacks '{part}'");
        }
    }

    #[test]
    fn events_as_table_and_json() {
        let folder = folder(&[
            ("truth.jsonl", "{\"type\":\"fall\",\"start_s\":10}\n"),
            (
                "found.jsonl",
                "{\"type\":\"fall\",\"start_s\":20,\"camera\":\"hall\",\"zone\":null}\n",
            ),
            ("bad.jsonl", "\n{\"type\":\"fall\",\"start_s\":null}\n"),
        ]);
        let table = score(&folder, "events --truth truth.jsonl --found found.jsonl");
        says(table, &["fall     1      1      0       0      100.0   100.0   100.0       pass"]);
        let json = score(&folder, "events --truth truth.jsonl --found found.jsonl --json");
        let json: serde_json::Value = serde_json::from_str(&json.unwrap()).unwrap();
        assert_eq!(json["all"]["points"], 100.0);
        assert_eq!(json["types"][0]["true"], 1);
        let bad = score(&folder, "events --truth truth.jsonl --found bad.jsonl");
        says(bad, &["bad.jsonl': line 2: invalid type: null, expected f64", "write {\"type\""]);
        says(
            score(&folder, "events --truth truth.jsonl --found none.jsonl"),
            &["none.jsonl': No such file"],
        );
    }

    #[test]
    fn detections_against_lines_or_label_files() {
        let found = "{\"file\":\"in/a.jpg\",\"width\":100,\"height\":100,\"detections\":\
                     [{\"class\":\"person\",\"score\":0.9,\"box\":[10,10,30,30]}]}\n";
        let folder = folder(&[
            ("found.jsonl", found),
            (
                "truth.jsonl",
                "{\"file\":\"a.jpg\",\"boxes\":[{\"class\":\"person\",\"box\":[10,10,30,30]}]}",
            ),
            ("labels.d/a.txt", "1 0.2 0.2 0.2 0.2\n"),
            ("broken.d/a.txt", "1 0.2 0.2 0.2 0.2\n1 0.2 0.2 0.2 nan\n"),
            ("empty.d/read.me", ""),
        ]);
        let with =
            |truth: &str| score(&folder, &format!("detection --found found.jsonl --truth {truth}"));
        says(with("truth.jsonl"), &["person     1      1  100.0    100.0", "mean"]);
        says(with("labels.d --classes -,person"), &["person     1      1  100.0    100.0"]);
        says(with("labels.d"), &["say what their numbers mean"]);
        says(with("labels.d --classes zebra"), &["'zebra' is no class of this system"]);
        says(with("truth.jsonl --classes person"), &["--classes is for a folder"]);
        says(with("broken.d --classes -,person"), &["a.txt': line 2: h 'nan' is not a fraction"]);
        says(with("empty.d --classes person"), &["has no label file"]);
    }

    #[test]
    fn tracks_in_pairs() {
        let folder = folder(&[
            ("gt.txt", "1,1,10,10,20,40,1\n2,1,12,10,20,40,1\n"),
            ("a.txt", "2,7,12,10,20,40,1\n1,7,10,10,20,40,1\n"),
            ("b.txt", ""),
            ("det.txt", "1,-1,10,10,20,40,0.9\n"),
        ]);
        says(score(&folder, "tracking --truth gt.txt --found a.txt"), &["a         100.0"]);
        let two = "tracking --truth gt.txt --found a.txt --truth gt.txt --found b.txt";
        says(score(&folder, two), &["mean", "together", "50.0"]);
        let json = score(&folder, &format!("{two} --name one --name two --json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["sequences"][0]["hota"], 1.0);
        assert_eq!(json["sequences"][1]["name"], "two");
        assert_eq!(json["together"]["clear"]["mota"], 0.5);
        says(score(&folder, &format!("{two} --name one")), &["1 --name for 2 sequences"]);
        let det = score(&folder, "tracking --truth gt.txt --found det.txt");
        says(det, &["det.txt': line 1: id '-1' is not the whole number", "no tracks"]);
        says(score(&folder, "tracking --truth det.txt --found a.txt"), &["det.txt': line 1"]);
        let odd = score(&folder, "tracking --truth gt.txt --found a.txt --found b.txt");
        says(odd, &["1 --truth but 2 --found: give them in pairs"]);
        let blank = score(&folder, "tracking --truth b.txt --found a.txt");
        says(blank, &["b.txt' and '", "no box of the truth counts"]);
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let folder = folder(&[]);
        std::fs::write(folder.path().join("a.bin"), [0xff, 0xd8, 0xff]).unwrap();
        let said = score(&folder, "tracking --truth a.bin --found a.bin");
        says(said, &["a.bin' is no text: is it the right one?"]);
    }
}
