//! `safe-yolo analyze`: the whole pipeline over a file, as fast as it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{Analysis, Event, EventChange, EventId, PictureTime};
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_media::stream::StreamInfo;
use safe_yolo_pipeline::evidence::draw_scene;
use safe_yolo_pipeline::offline::{Frame, Offline};
use safe_yolo_track::{TrackerConfig, mot};
use serde_json::json;

use crate::annotate::AnnotatedVideo;
use crate::model::ModelArguments;
use crate::site::{Site, SiteCamera};

/// What to analyse.
#[derive(Debug, Args)]
pub(crate) struct AnalyzeArguments {
    /// The video file
    video: PathBuf,
    /// Site file with zones and rules
    #[arg(long, value_name = "FILE", requires = "camera")]
    site: Option<PathBuf>,
    /// The camera of the site file whose zones and rules apply
    #[arg(long, value_name = "NAME", requires = "site")]
    camera: Option<String>,
    /// Folder for events.jsonl, tracks.txt and report.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also writes annotated.mp4, the video with boxes and zones
    #[arg(long)]
    annotate: bool,
    /// Most analysed pictures a second; without it every picture
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=240))]
    rate: Option<u16>,
    /// Ends after this many seconds of the video; drawn scenes need it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    until: Option<u32>,
    /// Language of the messages
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    #[command(flatten)]
    model: ModelArguments,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Language {
    Ko,
    En,
}

pub(crate) fn run(arguments: &AnalyzeArguments) -> Result<ExitCode> {
    let video = arguments.video.display().to_string();
    let camera = match (&arguments.site, &arguments.camera) {
        (Some(site), Some(name)) => Site::read(site)?.camera(name)?.clone(),
        _ => SiteCamera::plain(
            &arguments.video.file_stem().unwrap_or_default().to_string_lossy(),
            &video,
        ),
    };
    let source = SourceSpec::parse(&video, &SourcePolicy::trusted())?;
    match source.kind() {
        "file" => {}
        "sim" if arguments.until.is_some() => {}
        "sim" => bail!("'{video}' has no end: say with --until after how many seconds to stop"),
        _ => bail!("'{video}' is no file: `analyze` works on files, `serve` on live cameras"),
    }
    let detectors = arguments.model.start()?;
    let config = camera.config()?;
    config.validate()?;
    for zone in &config.zones {
        zone.validate_classes(&detectors.info().classes())?;
    }
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("folder '{}'", arguments.out.display()))?;
    let model = detectors.info().name.clone();
    let offline = Offline {
        detectors,
        tracking: TrackerConfig::default(),
        config: Arc::new(config),
        source,
        rate_max: arguments.rate.map(f64::from),
        until: arguments.until.map(|s| PictureTime::from_secs_f64(f64::from(s))),
        second_look: true,
    };
    let results = Mutex::new(Results::new(arguments));
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let started = Instant::now();
    let lock = || results.lock().unwrap_or_else(PoisonError::into_inner);
    let ended =
        runtime.block_on(offline.run(|info| lock().begin(info), |frame| lock().take(frame)));
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let ended = match ended {
        Ok(last) => {
            results.changes(last);
            results.complete = true;
            Ok(())
        }
        // What was found before the video broke off is kept.
        Err(error) if results.pictures > 0 => Err(error),
        Err(error) => return Err(error).with_context(|| format!("'{video}'")),
    };
    results.write(&arguments.out, &video, &camera.name, &model, started.elapsed())?;
    ended.with_context(|| format!("'{video}' broke off: the results end there"))?;
    Ok(ExitCode::SUCCESS)
}

/// Everything that is written in the end, and the video on the way.
struct Results<'a> {
    arguments: &'a AnalyzeArguments,
    progress: ProgressBar,
    info: Option<StreamInfo>,
    video: Option<AnnotatedVideo>,
    tracks: String,
    people: BTreeSet<u32>,
    people_at_once: usize,
    /// Whether the video was analysed to its end.
    complete: bool,
    events: BTreeMap<EventId, Event>,
    pictures: u64,
    failed: u64,
    last_s: f64,
}

impl<'a> Results<'a> {
    fn new(arguments: &'a AnalyzeArguments) -> Self {
        Self {
            arguments,
            progress: ProgressBar::new(0),
            info: None,
            video: None,
            tracks: String::new(),
            people: BTreeSet::new(),
            people_at_once: 0,
            complete: false,
            events: BTreeMap::new(),
            pictures: 0,
            failed: 0,
            last_s: 0.0,
        }
    }

    fn begin(&mut self, info: &StreamInfo) {
        let millis = info.duration.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(0));
        self.progress.set_length(millis);
        let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left");
        if let Ok(style) = style {
            self.progress.set_style(style);
        }
        self.info = Some(info.clone());
    }

    fn take(&mut self, frame: Frame) -> std::io::Result<()> {
        self.pictures += 1;
        self.last_s = frame.time.secs_f64();
        let size = frame.picture.size();
        let (boxes, zones) = match frame.analysis {
            Analysis::Done(analysed) => {
                let number = u32::try_from(frame.number).unwrap_or(u32::MAX);
                let seen: Vec<_> = analysed.tracks.iter().filter(|t| !t.predicted).collect();
                self.people.extend(seen.iter().map(|t| t.id.number));
                self.people_at_once = self.people_at_once.max(seen.len());
                for track in seen {
                    mot::write_track(&mut self.tracks, number, track, size);
                }
                self.changes(analysed.changes);
                (analysed.boxes, analysed.view.zones)
            }
            Analysis::Skipped(_) | Analysis::Failed(_) => {
                self.failed += 1;
                (Vec::new(), Vec::new())
            }
        };
        if self.arguments.annotate {
            if self.video.is_none() {
                let fps = self.info.as_ref().and_then(|info| info.pictures_per_s).unwrap_or(15.0);
                let path = self.arguments.out.join("annotated.mp4");
                self.video = Some(AnnotatedVideo::create(&path, size, fps)?);
            }
            let mut rgb = frame.picture.to_rgb().map_err(std::io::Error::other)?;
            draw_scene(&mut rgb, size, &boxes, &zones);
            if let Some(video) = self.video.as_mut() {
                video.add(&rgb)?;
            }
        }
        self.progress.set_position(u64::try_from(frame.time.micros() / 1000).unwrap_or(0));
        if frame.number.is_multiple_of(16) {
            let rate = f64::from(u32::try_from(self.pictures).unwrap_or(u32::MAX))
                / self.progress.elapsed().as_secs_f64().max(0.001);
            self.progress
                .set_message(format!("{rate:.0} pictures/s, {} events", self.events.len()));
        }
        Ok(())
    }

    fn changes(&mut self, changes: Vec<EventChange>) {
        for EventChange { kind, event } in changes {
            match kind {
                ChangeKind::Acknowledged => {}
                ChangeKind::Raised | ChangeKind::Updated | ChangeKind::Ended => {
                    self.events.insert(event.id, event);
                }
            }
        }
    }

    fn write(
        &mut self,
        out: &Path,
        video: &str,
        camera: &str,
        model: &str,
        took: Duration,
    ) -> Result<()> {
        self.progress.finish_and_clear();
        if let Some(video) = self.video.take() {
            video.finish().context("annotated.mp4")?;
        }
        let mut lines = String::new();
        let mut by_type: BTreeMap<&str, u64> = BTreeMap::new();
        let seconds =
            |event: &Event, key: &str| event.details.get(key).and_then(serde_json::Value::as_f64);
        let mut events: Vec<&Event> = self.events.values().collect();
        events.sort_by(|a, b| {
            let (a_s, b_s) =
                (seconds(a, "start_s").unwrap_or(0.0), seconds(b, "start_s").unwrap_or(0.0));
            a_s.total_cmp(&b_s).then(a.id.cmp(&b.id))
        });
        for event in events {
            *by_type.entry(event.event_type.name()).or_default() += 1;
            let start_s = seconds(event, "start_s");
            let message = match self.arguments.lang {
                Language::Ko => &event.message.ko,
                Language::En => &event.message.en,
            };
            let line = json!({
                "id": event.id,
                "camera": camera,
                "type": event.event_type,
                "severity": event.severity,
                "zone": event.zone.as_ref().map(|zone| &zone.name),
                "track": event.track.as_ref().map(|track| track.number),
                "start_s": start_s,
                // Events of an instant end when they begin.
                "end_s": seconds(event, "end_s").or(start_s.filter(|_| event.end.is_some())),
                "message": message,
                "details": event.details,
            });
            writeln!(lines, "{line}")?;
        }
        let rate = f64::from(u32::try_from(self.pictures).unwrap_or(u32::MAX))
            / took.as_secs_f64().max(1e-9);
        let report = json!({
            "file": video,
            "camera": camera,
            "model": model,
            "pictures": self.pictures,
            "not_analysed": self.failed,
            "complete": self.complete,
            "last_picture_s": self.last_s,
            "took_s": took.as_secs_f64(),
            "pictures_per_s": rate,
            "people": self.people.len(),
            "people_at_once": self.people_at_once,
            "events": by_type,
        });
        let save = |name: &str, text: &str| {
            std::fs::write(out.join(name), text)
                .with_context(|| format!("'{}'", out.join(name).display()))
        };
        save("events.jsonl", &lines)?;
        save("tracks.txt", &self.tracks)?;
        save("report.json", &format!("{report:#}\n"))?;
        let mut stdout = std::io::stdout().lock();
        writeln!(
            stdout,
            "{} pictures in {:.1} s ({rate:.0}/s), {} people, {} events; not analysed: {}. Results in {}",
            self.pictures,
            took.as_secs_f64(),
            self.people.len(),
            self.events.len(),
            self.failed,
            out.display()
        )?;
        Ok(())
    }
}
