//! One camera's task over pictures and a detector that are made up, on tokio's
//! paused clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use futures_util::stream::{self, BoxStream, StreamExt};
use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{
    Analysis, CameraState, Detection, Equipment, EventType, FractionPoint, PictureSize, PixelBox,
    Polygon, Zone, ZoneType,
};
use safe_yolo_infer::{Analyser, Answers, Capacity, ModelInfo};
use safe_yolo_media::picture::I420;
use safe_yolo_media::source::{SourcePolicy, SourceSpec};
use safe_yolo_media::stream::{OpenOptions, StreamInfo};
use safe_yolo_track::TrackerConfig;
use tokio::sync::oneshot;

use super::*;
use crate::command::{Command, CommandError};
use crate::engine::{EngineConfig, Output};
use crate::fixture::{camera, model};
use crate::gate::{Admitted, Ends, Gate};
use crate::opener::{Opener, Opening};
use crate::scheduler::Scheduler;

/// Between two pictures.
const STEP: Duration = Duration::from_millis(200);
/// How long a session takes to begin.
const OPENING: Duration = Duration::from_millis(400);

/// Any file: its pictures are made up.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

type Pictures = BoxStream<'static, Result<Decoded, StreamError>>;

/// Sees nobody at once, or never answers.
#[derive(Debug)]
struct Detector {
    state: watch::Sender<DetectorState>,
    mute: Arc<AtomicBool>,
}

impl Analyser for Detector {
    fn info(&self) -> Arc<ModelInfo> {
        model()
    }

    fn capacity(&self) -> Capacity {
        Capacity { sessions: 1, batches: 1, batch: 1, wait: Duration::ZERO }
    }

    fn state(&self) -> watch::Receiver<DetectorState> {
        self.state.subscribe()
    }

    fn analyse(&self, pictures: Vec<Arc<I420>>, _min_score: f32) -> Answers {
        let mute = self.mute.load(Ordering::Relaxed);
        Box::pin(async move {
            if mute {
                std::future::pending::<()>().await;
            }
            pictures.iter().map(|_| Analysis::Done(Vec::new())).collect()
        })
    }
}

/// Sessions with a camera, one after the other.
struct Sessions {
    pictures: Mutex<VecDeque<Pictures>>,
    /// Where each began.
    starts: Arc<Mutex<Vec<Option<PictureTime>>>>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

impl Opener for Sessions {
    fn open(&self, _: SourceSpec, options: OpenOptions) -> Opening {
        let pictures = self.pictures.lock().unwrap().pop_front();
        let pictures = pictures.expect("no more sessions than foreseen");
        self.starts.lock().unwrap().push(options.start);
        let info = StreamInfo {
            size: PictureSize::new(64, 36),
            codec: "h264".into(),
            start: PictureTime(0),
            duration: None,
            pictures_per_s: None,
        };
        Box::pin(async move {
            tokio::time::sleep(OPENING).await;
            Ok(PictureStream::scripted(info, pictures))
        })
    }
}

/// Pictures without an end; the one of each time comes so long after the first.
fn pictures(comes: impl Fn(Duration) -> Duration + Send + Sync + 'static) -> Pictures {
    pictures_of(PictureSize::new(64, 36), comes)
}

fn pictures_of(
    size: PictureSize,
    comes: impl Fn(Duration) -> Duration + Send + Sync + 'static,
) -> Pictures {
    pictures_covered(size, comes, u32::MAX..u32::MAX)
}

/// The same, in which the camera is covered in the pictures of these numbers.
fn pictures_covered(
    size: PictureSize,
    comes: impl Fn(Duration) -> Duration + Send + Sync + 'static,
    covered: std::ops::Range<u32>,
) -> Pictures {
    let comes = Arc::new(comes);
    let begun: Arc<OnceLock<Instant>> = Arc::default();
    let numbers = stream::iter(0..);
    let picture = move |number: u32| {
        let (comes, begun) = (Arc::clone(&comes), Arc::clone(&begun));
        let is_covered = covered.contains(&number);
        async move {
            let begun = *begun.get_or_init(Instant::now);
            tokio::time::sleep_until(begun + comes(STEP * number)).await;
            // No two are alike: that would be a frozen camera.
            let grey = u8::try_from(number % 2).unwrap();
            // Nor is it one smooth surface: that would be a covered one.
            let height = if is_covered { 0 } else { 20 };
            let texture = (0_u8..=7).cycle().map(|step| 60 + height * step + grey);
            let data = texture.take(I420::byte_len(size)).collect();
            let picture = I420::new(size, data).unwrap();
            Ok(Decoded { time: PictureTime(0) + STEP * number, picture })
        }
    };
    numbers.then(picture).boxed()
}

struct Site {
    ends: Ends,
    mute: Arc<AtomicBool>,
    starts: Arc<Mutex<Vec<Option<PictureTime>>>>,
    outputs: mpsc::Receiver<Output>,
    /// The camera ends with it.
    _cancel: tokio_util::sync::DropGuard,
    _config: watch::Sender<Arc<CameraConfig>>,
    _gate: Gate,
}

impl Site {
    fn new(sessions: impl IntoIterator<Item = Pictures>) -> Self {
        Self::of("rtsp://camera/1", sessions)
    }

    fn of(source: &str, sessions: impl IntoIterator<Item = Pictures>) -> Self {
        let mute = Arc::new(AtomicBool::new(false));
        let detector =
            Detector { state: watch::Sender::new(DetectorState::Ready), mute: Arc::clone(&mute) };
        Self { mute, ..Self::with(camera(), Arc::new(detector), source, sessions) }
    }

    fn with(
        config: CameraConfig,
        detectors: Arc<dyn Analyser>,
        source: &str,
        sessions: impl IntoIterator<Item = Pictures>,
    ) -> Self {
        let starts: Arc<Mutex<Vec<_>>> = Arc::default();
        let pictures = Mutex::new(sessions.into_iter().collect());
        let sessions = Sessions { pictures, starts: Arc::clone(&starts) };
        let (outputs, kept) = mpsc::channel(1024);
        let engine = EngineConfig {
            detectors,
            tracking: TrackerConfig::default(),
            outputs: outputs.clone(),
            connect_timeout: Duration::from_secs(10),
            opener: Arc::new(sessions),
            tracks: None,
        };
        let setup = CameraSetup {
            scheduler: Scheduler::start(Arc::clone(&engine.detectors)),
            engine,
            config: Arc::new(config),
            source: SourceSpec::parse(source, &SourcePolicy::trusted()).unwrap(),
        };
        let (gate, ends) = Gate::new(setup.config.id.clone(), outputs);
        let (config, config_seen) = watch::channel(Arc::clone(&setup.config));
        let Admitted { outlet, asked, last, .. } = gate.admit();
        let cancel = CancellationToken::new();
        let begin = Begin { outlet, asked, config_seen, cancel: cancel.clone(), last, blind: None };
        let known = BTreeSet::from([Class::Person, Class::Helmet, Class::NoHelmet]);
        tokio::spawn(Supervisor::new(setup, known, begin).run());
        Self {
            ends,
            mute: Arc::default(),
            starts,
            outputs: kept,
            _cancel: cancel.drop_guard(),
            _config: config,
            _gate: gate,
        }
    }

    async fn command(&self, command: Command) -> Result<(), CommandError> {
        let door = self.ends.door.borrow().clone().expect("it runs");
        let (reply, answer) = oneshot::channel();
        door.send((command, reply)).await.expect("it listens");
        answer.await.expect("it answers")
    }

    fn status(&self) -> Status {
        self.ends.status.borrow().clone()
    }

    /// Looks at the status each 50 ms for so long.
    async fn watch(&self, lasts: Duration, mut look: impl FnMut(&Status)) {
        let end = Instant::now() + lasts;
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(50)).await;
            look(&self.status());
        }
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn what_is_delayed_on_the_way_is_blind_until_a_new_session_helps() {
    // From 10 s on each picture comes later than the one before, from 20 s on all by 5 s.
    let delayed = |time: Duration| time + (time.saturating_sub(secs(10)) / 2).min(secs(5));
    let site = Site::new([pictures(delayed), pictures(|time| time)]);
    site.watch(secs(10), |_| ()).await;
    assert_eq!(site.status().state, CameraState::Live);
    // 2 s late after 16 s, and half a second more.
    site.watch(Duration::from_millis(7500), |_| ()).await;
    site.watch(secs(28), |status| {
        assert_eq!(status.state, CameraState::Degraded);
        assert_eq!(status.reason, Some(BlindReason::AnalysisLate));
        assert_eq!(status.source_connections, 1);
    })
    .await;
    site.watch(secs(4), |_| ()).await;
    assert_eq!(site.status().source_connections, 2);
    site.watch(secs(60), |status| assert_eq!(status.state, CameraState::Live)).await;
}

#[tokio::test(start_paused = true)]
async fn a_camera_whose_clock_is_far_too_slow_is_not_blind_for_ever() {
    // 1 % slow: late by 2 s after about 210 s.
    let slow = || pictures(|time| time + time / 100);
    let site = Site::new([slow(), slow(), slow()]);
    let (mut live, mut all) = (0, 0);
    site.watch(secs(500), |status| {
        all += 1;
        live += i32::from(status.state == CameraState::Live);
    })
    .await;
    assert_eq!(site.status().source_connections, 3);
    assert!(live * 100 > all * 80, "LIVE for {live} of {all} looks");
}

#[tokio::test(start_paused = true)]
async fn a_lost_session_leaves_neither_a_count_nor_an_analysis_behind() {
    let first = pictures(|time| time).take(26);
    let lost = StreamError::SessionLost { address: "camera".into(), why: "cut".into() };
    let first = first.chain(stream::once(std::future::ready(Err(lost)))).boxed();
    let site = Site::new([first, pictures(|time| time)]);
    site.watch(Duration::from_millis(5300), |_| ()).await;
    let status = site.status();
    assert_eq!((status.state, status.people), (CameraState::Live, Some(0)));
    // Nobody looks at what the next session brings.
    site.mute.store(true, Ordering::Relaxed);
    let mut opening: Option<Instant> = None;
    site.watch(secs(4), |status| {
        if status.source_connections < 2 {
            return;
        }
        assert_eq!(status.people, None);
        // The status is told each quarter of a second.
        if opening.get_or_insert_with(Instant::now).elapsed() > OPENING + TICK {
            assert_ne!(status.state, CameraState::Live, "by the session before");
        }
    })
    .await;
    assert!(opening.is_some());
}

#[tokio::test(start_paused = true)]
async fn of_several_seeks_in_a_row_only_the_last_is_opened() {
    let site = Site::of(FILE, [pictures(|time| time), pictures(|time| time)]);
    site.watch(secs(3), |_| ()).await;
    assert_eq!(site.status().state, CameraState::Live);
    for second in 10..20 {
        site.command(Command::Seek(second * 1000)).await.unwrap();
        assert_ne!(site.status().state, CameraState::Live, "what was seen is elsewhere");
    }
    site.watch(secs(3), |_| ()).await;
    assert_eq!(site.status().state, CameraState::Live);
    let starts = site.starts.lock().unwrap().clone();
    assert_eq!(starts, [None, Some(PictureTime::from_millis(19_000))]);
}

/// Plays a file that is read ahead, asks for another place, and says where it was afterwards.
async fn sought(pause: bool, after: Duration) -> Vec<i64> {
    let place = pictures(|time| time)
        .map(|decoded| decoded.map(|decoded| Decoded { time: decoded.time + secs(10), ..decoded }));
    let site = Site::of(FILE, [pictures(|_| Duration::ZERO), place.boxed()]);
    site.watch(secs(3), |_| ()).await;
    if pause {
        // The next picture waits for its time, which passes meanwhile.
        site.command(Command::Pause).await.unwrap();
    }
    tokio::time::sleep(after).await;
    site.command(Command::Seek(10_000)).await.unwrap();
    let mut places = Vec::new();
    site.watch(secs(2), |status| places.extend(status.position_ms)).await;
    places
}

#[tokio::test(start_paused = true)]
async fn p16_c2_after_a_seek_the_next_picture_is_of_the_new_place() {
    // Some of these moments lie just before the next picture's time.
    let moments = (0..50).map(|n| (false, Duration::from_millis(4 * n)));
    for (pause, after) in moments.chain([(true, secs(1))]) {
        let places = sought(pause, after).await;
        assert!(places.iter().all(|at| *at == 0 || *at >= 10_000), "{pause} {after:?}: {places:?}");
        assert!(places.last().is_some_and(|at| *at >= 10_000), "{pause} {after:?}: {places:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_seek_that_is_stopped_opens_nothing() {
    let site = Site::of(FILE, [pictures(|time| time)]);
    site.watch(secs(3), |_| ()).await;
    site.command(Command::Seek(5000)).await.unwrap();
    site.command(Command::Stop).await.unwrap();
    site.watch(secs(3), |status| assert_eq!(status.state, CameraState::Stopped)).await;
    assert_eq!(site.status().source_connections, 1);
}

const LARGE: PictureSize = PictureSize::new(1280, 720);

/// Sees somebody far away in whole pictures, and that the head is bare where a part is shown larger.
#[derive(Debug)]
struct Sharp {
    state: watch::Sender<DetectorState>,
    /// What becomes of parts: looked at, skipped, or failed.
    parts: fn() -> Analysis<Vec<Detection>>,
    /// How long that takes.
    lasts: Duration,
    /// When parts came.
    seen: Arc<Mutex<Vec<Instant>>>,
}

fn bare_head() -> Analysis<Vec<Detection>> {
    // The head of the person below, in the part of 448x256 pixels around him.
    let bbox = PixelBox::from_xywh(217.0, 78.0, 14.0, 14.0);
    Analysis::Done(vec![Detection { class: Class::NoHelmet, score: 0.7, bbox }])
}

impl Analyser for Sharp {
    fn info(&self) -> Arc<ModelInfo> {
        model()
    }

    fn capacity(&self) -> Capacity {
        Capacity { sessions: 1, batches: 1, batch: 1, wait: Duration::ZERO }
    }

    fn state(&self) -> watch::Receiver<DetectorState> {
        self.state.subscribe()
    }

    fn analyse(&self, pictures: Vec<Arc<I420>>, _min_score: f32) -> Answers {
        let bbox = PixelBox::from_xywh(600.0, 300.0, 40.0, 100.0);
        let person = Detection { class: Class::Person, score: 0.8, bbox };
        let look = |picture: &Arc<I420>| {
            if picture.size() == LARGE {
                return Analysis::Done(vec![person.clone()]);
            }
            self.seen.lock().unwrap().push(Instant::now());
            (self.parts)()
        };
        let answers = pictures.iter().map(look).collect();
        let has_part = pictures.iter().any(|picture| picture.size() != LARGE);
        let lasts = if has_part { self.lasts } else { Duration::ZERO };
        Box::pin(async move {
            tokio::time::sleep(lasts).await;
            answers
        })
    }
}

/// A zone over the whole picture, without anything asked for.
fn everywhere() -> Zone {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    Zone {
        id: "z-1".parse().unwrap(),
        name: "everywhere".into(),
        zone_type: ZoneType::Warning,
        points: Polygon::new(corners.map(|(x, y)| FractionPoint { x, y }).to_vec()).unwrap(),
        active: true,
        place: None,
        anchor: safe_yolo_core::Anchor::Foot,
        schedule: None,
        dwell_s: 2.0,
        pause_s: 30.0,
        require: BTreeSet::new(),
        rules: Vec::new(),
    }
}

/// A camera with somebody far away where helmets are worn, and when a closer look was taken.
fn far_away(
    parts: fn() -> Analysis<Vec<Detection>>,
    lasts: Duration,
) -> (Site, Arc<Mutex<Vec<Instant>>>) {
    let zone = Zone { require: BTreeSet::from([Equipment::Helmet]), ..everywhere() };
    let config = CameraConfig { zones: vec![zone], ..camera() };
    let seen = Arc::default();
    let state = watch::Sender::new(DetectorState::Ready);
    let detector = Sharp { state, parts, lasts, seen: Arc::clone(&seen) };
    let pictures = pictures_of(LARGE, |time| time);
    (Site::with(config, Arc::new(detector), "rtsp://camera/1", [pictures]), seen)
}

impl Site {
    /// Types of the events raised so far.
    fn raised(&mut self) -> Vec<EventType> {
        let mut raised = Vec::new();
        while let Ok(output) = self.outputs.try_recv() {
            if let Output::Change(change) = output
                && change.kind == ChangeKind::Raised
            {
                raised.push(change.event.event_type);
            }
        }
        raised
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_too_small_is_judged_by_a_second_look_within_its_budget() {
    let (mut site, looks) = far_away(bare_head, Duration::ZERO);
    site.watch(secs(8), |_| ()).await;
    assert_eq!(site.status().state, CameraState::Live);
    assert!(site.raised().contains(&EventType::HelmetMissing));
    let looks = looks.lock().unwrap().clone();
    let pause = Duration::from_secs_f64(crate::second_look::PERIOD_S);
    assert!(looks.len() >= 8, "{}", looks.len());
    assert!(looks.windows(2).all(|two| two[1] - two[0] >= pause), "{looks:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_second_look_nothing_is_said_of_who_is_too_small() {
    let (mut site, looks) =
        far_away(|| Analysis::Skipped(safe_yolo_core::SkipReason::Overload), Duration::ZERO);
    site.watch(secs(8), |_| ()).await;
    let status = site.status();
    assert_eq!((status.state, status.people), (CameraState::Live, Some(1)));
    assert!(looks.lock().unwrap().len() >= 8, "it was tried");
    let raised = site.raised();
    assert!(raised.contains(&EventType::WarningZoneIntrusion), "{raised:?}");
    assert!(!raised.contains(&EventType::HelmetMissing), "{raised:?}");
}

#[tokio::test(start_paused = true)]
async fn a_second_look_that_fails_is_a_failure() {
    let (site, looks) = far_away(|| Analysis::Failed("broken".into()), Duration::ZERO);
    let mut degraded = 0;
    site.watch(secs(4), |status| degraded += i32::from(status.state == CameraState::Degraded))
        .await;
    assert!(degraded > 0 && !looks.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn pictures_go_on_while_a_second_look_takes_long() {
    let (site, _) = far_away(bare_head, secs(1));
    site.watch(secs(2), |_| ()).await;
    let (mut last, mut still) = (None, Duration::ZERO);
    let mut since = Instant::now();
    site.watch(secs(8), |_| {
        let shown = site.ends.live.borrow().as_ref().map(|live| live.header.time_us);
        if last != Some(shown) {
            (last, since) = (Some(shown), Instant::now());
        }
        still = still.max(since.elapsed());
    })
    .await;
    // The answer is waited for as near as it ever is, and pictures come each STEP.
    assert!(still <= STEP + looks::ANSWER_NEAR + Duration::from_millis(100), "{still:?}");
}

/// Nobody is ever found; somebody must always be there.
fn guarded(covered: std::ops::Range<u32>) -> Site {
    let mut rule =
        safe_yolo_core::Rule::new(safe_yolo_core::RuleKind::OccupancyBelow { people: 1 });
    rule.dwell_s = 4.0;
    let zone = Zone { zone_type: ZoneType::Custom, rules: vec![rule], ..everywhere() };
    let config = CameraConfig { zones: vec![zone], ..camera() };
    let state = watch::Sender::new(DetectorState::Ready);
    let detector = Detector { state, mute: Arc::default() };
    let pictures = pictures_covered(PictureSize::new(64, 36), |time| time, covered);
    Site::with(config, Arc::new(detector), "rtsp://camera/1", [pictures])
}

#[tokio::test(start_paused = true)]
async fn what_a_covered_camera_shows_is_judged_by_no_rule() {
    // From 3 s on, five pictures a second.
    let mut site = guarded(15..100);
    let (mut live, mut covered) = (Duration::ZERO, 0);
    let begun = Instant::now();
    site.watch(secs(20), |status| match (status.state, status.reason) {
        (CameraState::Live, _) => live = Instant::now() - begun,
        (CameraState::Degraded, reason) => {
            assert_eq!(reason, Some(BlindReason::Covered));
            covered += 1;
        }
        _ => {}
    })
    .await;
    assert!(live < secs(6), "LIVE at {live:?}, covered since 3.4 s");
    assert!(covered > 250, "{covered}");
    let raised = site.raised();
    assert_eq!(raised, [EventType::System], "nobody is there, but nobody could be seen");
    // The view is back after 20.4 s; three seconds of the dwell had passed when it went.
    site.watch(Duration::from_millis(1800), |_| ()).await;
    assert_eq!(site.status().state, CameraState::Live);
    assert!(!site.raised().contains(&EventType::OccupancyBelow), "not yet for its dwell");
    site.watch(secs(2), |_| ()).await;
    assert!(site.raised().contains(&EventType::OccupancyBelow));
}
