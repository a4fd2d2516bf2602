//! `safe-yolo rules replay`: what was logged of a camera, judged again.

use std::io::{StdoutLock, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use safe_yolo_core::{CameraConfig, Event, EventChange, Utc};
use safe_yolo_tracklog::{
    Compared, Difference, LogReader, Outcome, Question, Rezone, as_now, compare, replay,
};
use serde_json::json;

use crate::site::Site;

/// What to judge again, and by which rules.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Folder of the server's data; the server may be running
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// The camera's name or id
    #[arg(long, value_name = "NAME")]
    camera: String,
    /// From when on, such as 2026-01-31T08:15:00+09:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Utc,
    /// Until when
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Utc,
    /// Site file with other zones and rules for the camera of this name; zones are the same where
    /// their names are
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// One JSON line for each event, hole, and the sum of it
    #[arg(long)]
    json: bool,
    /// Only the changes of the rules, one JSON line each, as they were raised at that time
    #[arg(long, conflicts_with_all = ["json", "with"])]
    changes: bool,
}

fn time(text: &str) -> Result<Utc, String> {
    Utc::parse(text).map_err(|_no_time| "it must be a time like 2026-01-31T08:15:00+09:00".into())
}

pub(crate) fn run(arguments: &ReplayArguments) -> Result<ExitCode> {
    let log = LogReader::new(&arguments.data);
    let camera = log.camera(&arguments.camera)?;
    let tried = arguments.with.as_ref().map(|path| tried(path, &arguments.camera)).transpose()?;
    let question = Question {
        camera,
        from: arguments.from,
        to: arguments.to,
        // Exact, however long it takes.
        warm_up_max_s: None,
    };
    let rezone = tried.map(|tried| move |config: &CameraConfig| as_now(config, &tried));
    let mut judges: Vec<Option<&Rezone<'_>>> = vec![None];
    judges.extend(rezone.as_ref().map(|rezone| Some(rezone as &Rezone<'_>)));

    let mut out = std::io::stdout().lock();
    let mut written = Ok(());
    let mut changed = |_: usize, change: &EventChange| {
        if arguments.changes && written.is_ok() {
            written = serde_json::to_string(change)
                .map_err(anyhow::Error::from)
                .and_then(|line| Ok(writeln!(out, "{line}")?));
        }
    };
    let begun = Instant::now();
    let mut outcome = replay(&log, &question, &judges, &mut changed, &|| true)?;
    written.context("standard output")?;
    if arguments.changes {
        return Ok(ExitCode::SUCCESS);
    }
    let would_fire = (judges.len() > 1).then(|| outcome.events.pop()).flatten();
    let fired = outcome.events.pop().unwrap_or_default();
    let report = Report { question: &question, outcome: &outcome, took: begun.elapsed() };
    match would_fire {
        Some(would_fire) => {
            let rows = compare(fired, would_fire);
            if arguments.json {
                report.json(&mut out, &rows)
            } else {
                report.table(&mut out, &rows)
            }
        }
        None if arguments.json => report.fired_json(&mut out, &fired),
        None => report.fired_table(&mut out, &fired),
    }
    .context("standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// The camera in a site file, with new ids for its zones.
fn tried(path: &std::path::Path, camera: &str) -> Result<CameraConfig> {
    let mut config = Site::read(path)?.camera(camera)?.config()?;
    for (number, zone) in config.zones.iter_mut().enumerate() {
        zone.id = format!("new-{}", number + 1).parse()?;
    }
    Ok(config)
}

struct Report<'a> {
    question: &'a Question,
    outcome: &'a Outcome,
    took: Duration,
}

type Out<'a> = StdoutLock<'a>;

fn zone(event: &Event) -> &str {
    event.zone.as_ref().map_or("-", |zone| zone.name.as_str())
}

fn track(event: &Event) -> String {
    event.track.as_ref().map_or_else(|| "-".to_owned(), |track| format!("#{}", track.number))
}

fn counts(rows: &[Compared]) -> String {
    let count = |difference: Difference| {
        let number = rows.iter().filter(|row| row.difference == difference).count();
        format!("{number} {}", difference.name())
    };
    [Difference::Same, Difference::Moved, Difference::New, Difference::Gone].map(count).join(", ")
}

impl Report<'_> {
    fn json(&self, out: &mut Out<'_>, rows: &[Compared]) -> std::io::Result<()> {
        for row in rows {
            writeln!(out, "{}", json!(row))?;
        }
        self.json_end(out)
    }

    fn fired_json(&self, out: &mut Out<'_>, events: &[Event]) -> std::io::Result<()> {
        for event in events {
            writeln!(out, "{}", json!({ "fired": event }))?;
        }
        self.json_end(out)
    }

    fn json_end(&self, out: &mut Out<'_>) -> std::io::Result<()> {
        let Outcome { holes, holes_left_out, begins, is_exact, pictures, .. } = self.outcome;
        for hole in holes {
            writeln!(out, "{}", json!({ "hole": hole }))?;
        }
        let summary = json!({
            "camera": self.question.camera, "from": self.question.from, "to": self.question.to,
            "pictures": pictures, "begins": begins, "exact": is_exact,
            "holes": holes.len() + holes_left_out, "took_s": self.took.as_secs_f64(),
        });
        writeln!(out, "{}", json!({ "summary": summary }))
    }

    fn table(&self, out: &mut Out<'_>, rows: &[Compared]) -> std::io::Result<()> {
        writeln!(
            out,
            "difference  fired                        would fire                   severity  type, zone, person"
        )?;
        for row in rows {
            let start = |event: Option<&Event>| {
                event.map_or_else(|| "-".to_owned(), |event| event.start.to_string())
            };
            let (fired, new) = (row.fired.as_ref(), row.would_fire.as_ref());
            let Some(event) = new.or(fired) else { continue };
            writeln!(
                out,
                "{:<10}  {:<27}  {:<27}  {:<8}  {}, {}, {}",
                row.difference.name(),
                start(fired),
                start(new),
                event.severity.name(),
                event.event_type.name(),
                zone(event),
                track(event),
            )?;
        }
        writeln!(out, "{} events: {}", rows.len(), counts(rows))?;
        self.table_end(out)
    }

    fn fired_table(&self, out: &mut Out<'_>, events: &[Event]) -> std::io::Result<()> {
        writeln!(out, "fired                        severity  type, zone, person")?;
        for event in events {
            writeln!(
                out,
                "{:<27}  {:<8}  {}, {}, {}",
                event.start.to_string(),
                event.severity.name(),
                event.event_type.name(),
                zone(event),
                track(event),
            )?;
        }
        writeln!(out, "{} events", events.len())?;
        self.table_end(out)
    }

    fn table_end(&self, out: &mut Out<'_>) -> std::io::Result<()> {
        let Outcome { holes, holes_left_out, begins, is_exact, pictures, .. } = self.outcome;
        for hole in holes {
            writeln!(out, "nobody knows: {} to {} ({})", hole.from, hole.to, hole.reason.name())?;
        }
        if *holes_left_out > 0 {
            writeln!(out, "nobody knows: {holes_left_out} more times")?;
        }
        if !is_exact {
            let begins = begins.map_or_else(|| "-".to_owned(), |begins| begins.to_string());
            writeln!(
                out,
                "not exact: parts of the log are missing; what was judged begins at {begins}"
            )?;
        }
        writeln!(out, "{pictures} pictures judged again in {:.1} s", self.took.as_secs_f64())
    }
}
