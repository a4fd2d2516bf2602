//! Clips of alarms: which seconds of which source they show, and how they end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and its measurements are to be read"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command as Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use safe_yolo_core::event::SnapshotState;
use safe_yolo_core::{
    Analysis, CameraConfig, Class, Detection, Event, EventId, FractionPoint, PixelBox, Polygon,
    Zone, ZoneType,
};
use safe_yolo_infer::{Analyser, Answers, Capacity, DetectorState, ModelInfo};
use safe_yolo_media::picture::I420;
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_pipeline::clips::ClipJob;
use safe_yolo_pipeline::evidence::Evidence;
use safe_yolo_pipeline::{CameraHandle, Command, Engine, EngineConfig, Output, RealSources};
use safe_yolo_testkit::clip::{ClipCodec, ClipSpec, picture_times_us};
use safe_yolo_testkit::footage::Footage;
use safe_yolo_testkit::http::{HttpCamera, jpegs};
use safe_yolo_testkit::rtsp::RtspServer;
use safe_yolo_track::TrackerConfig;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

/// The longest anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sees one person in the middle, while it is told to.
#[derive(Debug)]
struct Detector {
    state: watch::Sender<DetectorState>,
    sees: Arc<AtomicBool>,
}

impl Analyser for Detector {
    fn info(&self) -> Arc<ModelInfo> {
        let info = serde_json::from_value(serde_json::json!({
            "path": "fake.onnx", "name": "fake", "labels": [["person", "person"]],
            "fixed_input": null, "fixed_batch": null, "family": "yolox", "names_assumed": false,
            "convention": "BGR, 0..255, letterboxed top-left, pad 114",
            "layout": {"classes": 1, "strides": [8, 16, 32]},
            "input_name": "i", "output_names": ["o"],
        }));
        Arc::new(info.unwrap())
    }

    fn capacity(&self) -> Capacity {
        Capacity { sessions: 1, batches: 1, batch: 1, wait: Duration::ZERO }
    }

    fn state(&self) -> watch::Receiver<DetectorState> {
        self.state.subscribe()
    }

    fn analyse(&self, pictures: Vec<Arc<I420>>, _min_score: f32) -> Answers {
        let sees = self.sees.load(Ordering::Relaxed);
        Box::pin(async move {
            let found = |picture: &Arc<I420>| {
                let (w, h) = (picture.size().width as f32, picture.size().height as f32);
                let bbox = PixelBox::new(w * 0.4, h * 0.3, w * 0.6, h * 0.9);
                Analysis::Done(if sees {
                    vec![Detection { class: Class::Person, score: 0.9, bbox }]
                } else {
                    Vec::new()
                })
            };
            pictures.iter().map(found).collect()
        })
    }
}

fn everywhere() -> Zone {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    Zone {
        id: "z-1".parse().unwrap(),
        name: "hall".into(),
        zone_type: ZoneType::Danger,
        points: polygon(&corners),
        active: true,
        place: None,
        anchor: safe_yolo_core::Anchor::Foot,
        schedule: None,
        dwell_s: 0.0,
        pause_s: 1.0,
        require: BTreeSet::new(),
        rules: Vec::new(),
    }
}

fn polygon(points: &[(f64, f64)]) -> Polygon {
    Polygon::new(points.iter().map(|(x, y)| FractionPoint { x: *x, y: *y }).collect()).unwrap()
}

/// What came out of the camera.
#[derive(Default)]
struct Came {
    alarms: Vec<Event>,
    evidence: Vec<Evidence>,
    clips: Vec<(Instant, ClipJob)>,
}

struct Site {
    engine: Engine,
    received: mpsc::Receiver<Output>,
    sees: Arc<AtomicBool>,
    came: Came,
    config: CameraConfig,
    source: SourceSpec,
    folder: tempfile::TempDir,
}

impl Site {
    async fn new(address: &str, change: impl FnOnce(&mut CameraConfig)) -> Self {
        let (outputs, received) = mpsc::channel(1024);
        let sees = Arc::new(AtomicBool::new(false));
        let state = watch::Sender::new(DetectorState::Ready);
        let engine = Engine::new(EngineConfig {
            detectors: Arc::new(Detector { state, sees: Arc::clone(&sees) }),
            tracking: TrackerConfig::default(),
            outputs,
            connect_timeout: Duration::from_secs(10),
            opener: RealSources::shared(),
            tracks: None,
        });
        let source = SourceSpec::parse(address, &SourcePolicy::trusted()).unwrap();
        let mut config = CameraConfig {
            id: "one".parse().unwrap(),
            name: "one".into(),
            source: address.to_owned(),
            enabled: true,
            repeat: false,
            analysis_rate_max: 10.0,
            masks: Vec::new(),
            privacy_masks: Vec::new(),
            calibration: None,
            calendar: safe_yolo_core::Calendar::default(),
            zones: vec![everywhere()],
            version: 1,
        };
        change(&mut config);
        engine.apply(Arc::new(config.clone()), source.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        Self { engine, received, sees, came: Came::default(), config, source, folder }
    }

    fn camera(&self) -> CameraHandle {
        self.engine.camera(&self.config.id).unwrap()
    }

    /// Takes what comes until it is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Came) -> bool) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while !wanted(&self.came) {
            let output = tokio::time::timeout_at(until, self.received.recv());
            match output.await.unwrap_or_else(|_| panic!("{what} in time")).unwrap() {
                Output::Change(change)
                    if change.event.severity.is_alarm() && change.event.track.is_some() =>
                {
                    if self.came.alarms.iter().all(|event| event.id != change.event.id) {
                        self.came.alarms.push(change.event);
                    }
                }
                Output::Change(_) => {}
                Output::Evidence(evidence) => self.came.evidence.push(*evidence),
                Output::Clip(job) => self.came.clips.push((Instant::now(), *job)),
            }
        }
    }

    /// Waits until pictures of so many seconds were shown.
    async fn shown(&self, seconds: f64) {
        let camera = self.camera();
        let mut live = camera.watch_live();
        let there = live.wait_for(|live| {
            live.as_ref().is_some_and(|live| live.header.time_us.secs_f64() >= seconds)
        });
        tokio::time::timeout(PATIENCE, there).await.expect("pictures in time").unwrap();
    }

    /// Waits for the next alarm, and that its clip is meant to be.
    async fn alarm(&mut self) -> Event {
        let count = self.came.alarms.len();
        self.sees.store(true, Ordering::Relaxed);
        self.until("an alarm", |came| came.alarms.len() > count).await;
        let alarm = self.came.alarms.last().unwrap().clone();
        assert_eq!((alarm.snapshot, alarm.clip), (SnapshotState::Pending, SnapshotState::Pending));
        alarm
    }

    /// Waits for the clip of an event and writes it; its facts and boxes.
    async fn clip(&mut self, event: EventId, name: &str) -> (Value, Value) {
        let of =
            |came: &Came| came.clips.iter().position(|(_, job)| job.events().any(|e| e == event));
        self.until("a clip", |came| of(came).is_some()).await;
        let at = of(&self.came).unwrap();
        let (came_at, job) = self.came.clips.remove(at);
        let clip = job.write(&self.path(name)).await.unwrap();
        println!("{name}: written {:?} after it was complete", came_at.elapsed());
        let boxes = serde_json::from_slice(&clip.boxes).unwrap();
        (Value::Object(clip.facts(event)), boxes)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn end(self) {
        self.engine.shutdown().await;
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// How long ago the clip ended, by the world's time.
fn ready_s(facts: &Value) -> f64 {
    let end = safe_yolo_core::Utc::parse(facts["end"].as_str().unwrap()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs_f64() - end.0 as f64 / 1e6
}

fn duration_s(clip: &Path) -> f64 {
    let times = picture_times_us(clip).unwrap();
    assert_eq!(times[0], 0, "it begins at once");
    *times.last().unwrap() as f64 / 1e6
}

fn codec(clip: &Path) -> String {
    let output = Program::new("ffprobe")
        .args(["-loglevel", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"])
        .arg(clip)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Brightness of a pixel in each picture of a clip.
fn luma_at(clip: &Path, x: u32, y: u32) -> Vec<u8> {
    let output = Program::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i"])
        .arg(clip)
        .args(["-vf", &format!("crop=2:2:{x}:{y}:exact=1"), "-fps_mode", "passthrough"])
        .args(["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks(6).map(|picture| picture[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_begins_before_its_alarm_and_ends_ten_seconds_after() {
    for spec in [
        ClipSpec { b_frames: 2, ..ClipSpec::default() },
        ClipSpec { codec: ClipCodec::H265, ..ClipSpec::default() },
    ] {
        let server = RtspServer::start(Footage::make(&spec).unwrap()).await.unwrap();
        let mut site = Site::new(&server.url(), |_| ()).await;
        site.shown(7.0).await;
        let alarm = site.alarm().await;
        let (facts, boxes) = site.clip(alarm.id, "a.mp4").await;
        let ready = ready_s(&facts);
        println!("ready {ready:.2} s after its end: {facts}");
        let path = site.path("a.mp4");
        let name = if spec.codec == ClipCodec::H265 { "hevc" } else { "h264" };
        assert_eq!((codec(&path).as_str(), facts["codec"].as_str().unwrap()), (name, name));
        assert_eq!(facts["encoded"], false);
        // A key picture a second: at most a second more than asked for.
        let before = number(&facts["before_s"]);
        assert!((5.0..6.1).contains(&before), "{facts}");
        let length = duration_s(&path);
        assert!((length - before - 10.0).abs() < 0.2, "{length}: {facts}");
        assert!((length - number(&facts["duration_s"])).abs() < 0.05, "{length}: {facts}");
        assert_eq!(facts.get("ended_early"), None);
        assert_eq!(number(&facts["bytes"]) as u64, path.metadata().unwrap().len());
        let start = safe_yolo_core::Utc::parse(facts["start"].as_str().unwrap()).unwrap();
        let before_utc = (alarm.start.0 - start.0) as f64 / 1e6;
        assert!((before_utc - before).abs() < 0.002, "{before_utc} {facts}");
        // Boxes where the alarm is, none before; each with its time in the clip.
        let pictures = boxes["pictures"].as_array().unwrap();
        assert_eq!(boxes["start_utc"], facts["start"]);
        let times: Vec<f64> = pictures.iter().map(|picture| number(&picture["t_s"])).collect();
        assert!(times.is_sorted() && times[0] >= 0.0 && *times.last().unwrap() <= length + 0.01);
        let seen = pictures.iter().find(|p| (number(&p["t_s"]) - before).abs() < 0.002).unwrap();
        assert_eq!(
            (&seen["analysis"], &seen["boxes"][0]["class"]),
            (&"done".into(), &"person".into())
        );
        assert_eq!(seen["boxes"][0]["level"], "danger");
        let at = seen["boxes"][0]["box"].as_array().unwrap();
        for (edge, expected) in at.iter().zip([0.4, 0.3, 0.6, 0.9]) {
            assert!((number(edge) - expected).abs() < 0.01, "{at:?}");
        }
        let early = pictures.iter().filter(|p| number(&p["t_s"]) < before - 0.5);
        assert!(early.clone().count() > 5);
        assert!(early.into_iter().all(|p| p["boxes"] == serde_json::json!([])));
        site.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_ends_where_its_source_breaks_off() {
    let footage = || Footage::make(&ClipSpec::default()).unwrap();
    for why in ["reconnect", "size_change", "clock_jump"] {
        let server = RtspServer::start(footage()).await.unwrap();
        let left = polygon(&[(0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)]);
        let masked = why == "size_change";
        let areas = if masked { vec![left] } else { Vec::new() };
        let mut site = Site::new(&server.url(), |config| config.privacy_masks = areas).await;
        site.shown(2.0).await;
        let alarm = site.alarm().await;
        site.shown(4.5).await;
        match why {
            "reconnect" => server.close_all(),
            "size_change" => {
                let other = ClipSpec { width: 160, height: 90, ..ClipSpec::default() };
                server.set_footage(Footage::make(&other).unwrap());
            }
            _ => server.jump_clock(1000),
        }
        let (facts, _) = site.clip(alarm.id, "a.mp4").await;
        assert_eq!(facts["ended_early"], why, "{facts}");
        // It begins with the session.
        let before = number(&facts["before_s"]);
        assert!((1.9..4.0).contains(&before), "{facts}");
        let length = duration_s(&site.path("a.mp4"));
        assert!((4.0..8.0).contains(&length), "{why}: {length}");
        if masked {
            // Of the other size is none, and none is shown without its black area.
            let levels = luma_at(&site.path("a.mp4"), 2, 80);
            assert!(levels.len() > 40 && levels.iter().all(|level| *level <= 20), "{levels:?}");
        }
        // What comes after is another segment's, and an alarm there has a clip of its own.
        let again = site.alarm().await;
        assert_ne!(again.id, alarm.id);
        site.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_close_together_share_a_clip() {
    let server = RtspServer::start(Footage::make(&ClipSpec::default()).unwrap()).await.unwrap();
    // Two alarms of the same picture.
    let mut site = Site::new(&server.url(), |config| {
        let second = Zone { id: "z-2".parse().unwrap(), name: "other".into(), ..everywhere() };
        config.zones.push(Zone { zone_type: ZoneType::Warning, ..second });
    })
    .await;
    site.shown(1.0).await;
    site.sees.store(true, Ordering::Relaxed);
    site.until("two alarms", |came| came.alarms.len() >= 2).await;
    let both: Vec<EventId> = site.came.alarms.iter().map(|event| event.id).collect();
    site.shown(2.5).await;
    site.engine.remove(&site.config.id).await;
    site.until("their clip", |came| !came.clips.is_empty()).await;
    assert_eq!(site.came.clips.len(), 1);
    let events: Vec<EventId> = site.came.clips[0].1.events().collect();
    assert_eq!(events, both);
    let (facts, _) = site.clip(both[1], "a.mp4").await;
    assert_eq!(facts["ended_early"], "camera_removed");
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_clips_of_what_was_watched_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ClipSpec { seconds: 20.0, b_frames: 2, ..ClipSpec::default() };
    let video = spec.write_in(dir.path(), "a.mp4").unwrap();
    let mut site = Site::new(video.to_str().unwrap(), |_| ()).await;
    // A camera takes commands once it runs.
    site.shown(0.1).await;
    site.camera().command(Command::Seek(3000)).await.unwrap();
    site.shown(4.0).await;
    let alarm = site.alarm().await;
    site.shown(6.0).await;
    site.camera().command(Command::Seek(15_000)).await.unwrap();
    let (facts, _) = site.clip(alarm.id, "b.mp4").await;
    assert_eq!((&facts["ended_early"], &facts["encoded"]), (&"seek".into(), &false.into()));
    let (before, length) = (number(&facts["before_s"]), duration_s(&site.path("b.mp4")));
    // From the place that was sought: nothing before it was watched.
    assert!((0.9..3.0).contains(&before), "{facts}");
    assert!((2.5..5.0).contains(&length), "{length}");
    // To the end of the file.
    let alarm = site.alarm().await;
    let (facts, _) = site.clip(alarm.id, "c.mp4").await;
    assert_eq!(facts["ended_early"], "end_of_file");
    assert!((4.0..5.3).contains(&duration_s(&site.path("c.mp4"))), "{facts}");
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drawn_scenes_and_jpeg_cameras_have_encoded_clips() {
    let camera = HttpCamera::start(jpegs(320, 180).unwrap(), None).await.unwrap();
    for address in ["sim://quiet?seed=1".to_owned(), camera.url("/video")] {
        let mut site = Site::new(&address, |_| ()).await;
        site.shown(2.0).await;
        let alarm = site.alarm().await;
        let (facts, boxes) = site.clip(alarm.id, "a.mp4").await;
        let ready = ready_s(&facts);
        println!("{address}: ready {ready:.2} s after its end: {facts}");
        let path = site.path("a.mp4");
        assert_eq!((codec(&path).as_str(), &facts["encoded"]), ("h264", &true.into()));
        let (before, length) = (number(&facts["before_s"]), duration_s(&path));
        assert!((1.5..5.2).contains(&before), "{facts}");
        assert!((length - before - 10.0).abs() < 0.3, "{length}: {facts}");
        let pictures = picture_times_us(&path).unwrap().len() as f64;
        assert!((5.0..11.0).contains(&(pictures / length)), "{pictures} in {length} s");
        assert!(boxes["pictures"].as_array().unwrap().len() > 50);
        site.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_may_see_is_black_everywhere() {
    let server = RtspServer::start(Footage::make(&ClipSpec::default()).unwrap()).await.unwrap();
    let left = polygon(&[(0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)]);
    let right = polygon(&[(0.8, 0.0), (1.0, 0.0), (1.0, 1.0), (0.8, 1.0)]);
    let mut site =
        Site::new(&server.url(), |config| config.privacy_masks = vec![left.clone()]).await;
    site.shown(1.5).await;
    let alarm = site.alarm().await;
    site.until("its picture", |came| !came.evidence.is_empty()).await;
    let luma = |picture: &I420, x: usize| {
        let (y, _, _) = picture.planes();
        (0..180).map(|line| y[line * 320 + x]).collect::<Vec<u8>>()
    };
    let black = |levels: &[u8]| levels.iter().all(|level| *level == 16);
    let snapshot = Arc::clone(&site.came.evidence[0].picture);
    assert!(black(&luma(&snapshot, 2)) && black(&luma(&snapshot, 94)));
    assert!(!black(&luma(&snapshot, 110)));
    assert_eq!(site.came.evidence[0].event, alarm.id);
    let rendered = site.came.evidence[0].render().unwrap();
    let file: Value = serde_json::from_slice(&rendered.boxes_file).unwrap();
    assert_eq!(file["start_utc"], serde_json::json!(alarm.start));
    assert_eq!(file["pictures"][0]["boxes"][0]["class"], "person");

    // Another area from now on: black in the very next picture that is shown.
    let before = site.camera().watch_live().borrow().clone().unwrap();
    assert!(black(&luma(&before.picture, 2)) && !black(&luma(&before.picture, 300)));
    site.config.privacy_masks = vec![left.clone(), right.clone()];
    site.config.version = 2;
    site.engine.apply(Arc::new(site.config.clone()), site.source.clone()).await;
    let camera = site.camera();
    let mut live = camera.watch_live();
    let next = live.wait_for(|live| live.as_ref().is_some_and(|l| l.header.config_version == 2));
    let next = tokio::time::timeout(PATIENCE, next).await.unwrap().unwrap().clone().unwrap();
    assert!(black(&luma(&next.picture, 2)) && black(&luma(&next.picture, 300)));
    assert!(!camera.is_current(&before), "what was shown before is not any more");

    site.shown(5.0).await;
    server.close_all();
    let (facts, _) = site.clip(alarm.id, "a.mp4").await;
    assert_eq!((&facts["encoded"], &facts["ended_early"]), (&true.into(), &"reconnect".into()));
    // All of the clip, the part before the change of settings as well.
    for x in [2, 90, 260, 310] {
        let levels = luma_at(&site.path("a.mp4"), x, 80);
        assert!(levels.len() > 40 && levels.iter().all(|level| *level <= 20), "{x}: {levels:?}");
    }
    assert!(luma_at(&site.path("a.mp4"), 120, 80).iter().any(|level| *level > 40));
    site.end().await;
}
