//! Judges fed from the log against the judges that were fed beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safe_yolo_core::grid::{round_detection, round_track};
use safe_yolo_core::{
    CameraConfig, CameraId, Class, Detection, EventChange, EventType, FractionPoint, PictureSize,
    PictureTime, PixelBox, Polygon, Rule, RuleKind, SegmentId, Track, TrackId, Utc, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry};
use safe_yolo_tracklog::{
    Difference, HoleReason, LogReader, Outcome, Question, ReadError, ReplayError, SegmentLog,
    TrackLog, TrackLogLimits, compare, replay, with_zones,
};
use tempfile::TempDir;

const SIZE: PictureSize = PictureSize::new(1280, 720);

fn camera() -> CameraId {
    "yard".parse().unwrap()
}

fn known() -> BTreeSet<Class> {
    BTreeSet::from([Class::Person, Class::Helmet, Class::NoHelmet, Class::Forklift])
}

fn zone(name: &str, left: f64, right: f64) -> Zone {
    let corners = [[left, 0.0], [right, 0.0], [right, 1.0], [left, 1.0]];
    let mut lone = Rule::new(RuleKind::LoneWorker);
    lone.dwell_s = 3.0;
    Zone {
        id: format!("z-{name}").parse().unwrap(),
        name: name.into(),
        zone_type: ZoneType::Danger,
        points: Polygon::new(corners.map(FractionPoint::from).to_vec()).unwrap(),
        place: None,
        anchor: safe_yolo_core::Anchor::default(),
        active: true,
        schedule: None,
        dwell_s: 1.0,
        pause_s: 10.0,
        require: [safe_yolo_core::Equipment::Helmet].into(),
        rules: vec![lone],
    }
}

fn config(version: u64, zones: Vec<Zone>) -> Arc<CameraConfig> {
    Arc::new(CameraConfig {
        id: camera(),
        name: "Yard".into(),
        source: "rtsp://root:secret@camera/1".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 10.0,
        zones,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        version,
    })
}

/// Now, on a whole second: files that are too old would be removed.
fn begin() -> Utc {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Utc((i64::try_from(now.as_secs()).unwrap() - 3600) * 1_000_000)
}

/// Two people who walk to and fro, one of them without a helmet, and a forklift.
fn scene(segment: SegmentId, n: i64) -> (Vec<Track>, Vec<Detection>) {
    let (mut tracks, mut detections) = (Vec::new(), Vec::new());
    for number in 1..=2_u32 {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let phase = n as f32 * 0.013 + number as f32;
        let x = 600.0 + 560.0 * phase.sin();
        let bbox = PixelBox::from_xywh(x, 300.0, 70.3, 201.7);
        let time = PictureTime::from_millis(n * 100);
        let mut track = Track {
            id: TrackId { camera: camera(), segment, number },
            bbox,
            score: 0.811_7,
            predicted: n % 17 == 0,
            first_seen: PictureTime(0),
            last_seen: if n % 17 == 0 { PictureTime::from_millis(n * 100 - 100) } else { time },
        };
        round_track(&mut track);
        tracks.push(track);
        let class = if number == 1 { Class::Helmet } else { Class::NoHelmet };
        let head = PixelBox::from_xywh(x + 20.0, 300.0, 30.0, 30.0);
        detections.push(Detection { class: Class::Person, score: 0.8, bbox });
        detections.push(Detection { class, score: 0.7, bbox: head });
    }
    let bbox = PixelBox::from_xywh(800.0, 300.0, 220.0, 240.0);
    detections.push(Detection { class: Class::Forklift, score: 0.7, bbox });
    (tracks, detections.iter().map(round_detection).collect())
}

/// A judge as a live camera has it, and its log.
struct Live {
    dir: TempDir,
    log: TrackLog,
    begin: Utc,
    segment: SegmentId,
    judge: Judge,
    sink: Option<SegmentLog>,
    changes: Vec<EventChange>,
}

impl Live {
    fn new(config: &Arc<CameraConfig>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = TrackLog::open(dir.path(), TrackLogLimits::default()).unwrap();
        let begin = begin();
        let segment = SegmentId(u64::try_from(begin.micros() / 1000).unwrap());
        let judge = Judge::new(segment, Arc::clone(config), known());
        let sink = Some(log.segment(segment, config, known()));
        Self { dir, log, begin, segment, judge, sink, changes: Vec::new() }
    }

    fn feed(&mut self, entry: &Entry<'_>) {
        if let Some(sink) = self.sink.as_mut() {
            sink.entry(entry);
        }
        self.changes.extend(self.judge.feed(entry));
    }

    fn pictures(&mut self, numbers: std::ops::Range<i64>) {
        for n in numbers {
            let (tracks, detections) = scene(self.segment, n);
            let time = PictureTime::from_millis(n * 100);
            self.feed(&Entry::Picture(PictureEntry {
                time,
                utc: self.at(n),
                size: SIZE,
                tracks: &tracks,
                detections: &detections,
                input_scale: 0.35,
                close_up: None,
            }));
        }
    }

    /// When the picture of this number is taken; not all are equally late.
    fn at(&self, n: i64) -> Utc {
        self.begin.plus_micros(n * 100_000 + n % 7)
    }

    fn next_segment(&mut self, config: &Arc<CameraConfig>, n: i64) {
        self.segment = SegmentId(u64::try_from(self.at(n).micros() / 1000).unwrap());
        self.judge = Judge::new(self.segment, Arc::clone(config), known());
        self.sink = Some(self.log.segment(self.segment, config, known()));
    }

    fn finish(&mut self, reason: &str) {
        if let Some(sink) = self.sink.take() {
            sink.finish(reason);
        }
        self.changes.extend(self.judge.finish(reason));
    }

    fn question(&self, from: i64, to: i64) -> Question {
        Question { camera: camera(), from: self.at(from), to: self.at(to), warm_up_max_s: None }
    }

    fn replay(&self, from: i64, to: i64) -> (Result<Outcome, ReplayError>, Vec<EventChange>) {
        let mut changes = Vec::new();
        let reader = LogReader::new(self.dir.path());
        let mut changed = |_: usize, change: &EventChange| changes.push(change.clone());
        let outcome = replay(&reader, &self.question(from, to), &[None], &mut changed, &|| true);
        (outcome, changes)
    }

    fn files(&self) -> Vec<PathBuf> {
        let folder = self.log.root().join("yard");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn lines(changes: &[EventChange]) -> Vec<String> {
    changes.iter().map(|change| serde_json::to_string(change).unwrap()).collect()
}

/// Everything that can happen to a camera: gaps, other settings, a new segment.
fn eventful() -> Live {
    let two = vec![zone("left", 0.0, 0.4), zone("right", 0.6, 1.0)];
    let first = config(1, two.clone());
    let mut live = Live::new(&first);
    live.pictures(0..900);
    let (from, to) = (PictureTime::from_millis(89_900), PictureTime::from_millis(95_000));
    live.feed(&Entry::NotAnalysed { from, to, reason: "detector_failed" });
    live.pictures(950..1500);
    let mut moved = two;
    moved[0].points = zone("left", 0.1, 0.333_333_333_333_333_3).points;
    moved[1].dwell_s = 0.1 + 0.2;
    moved.push(zone("middle", 0.45, 0.55));
    let second = config(2, moved);
    live.feed(&Entry::Config { config: Arc::clone(&second), known: known() });
    live.pictures(1500..2200);
    live.finish("discontinuity");
    live.next_segment(&second, 2200);
    live.pictures(2200..2700);
    live.finish("camera_removed");
    live
}

#[test]
fn the_stored_settings_raise_again_what_was_raised_to_the_byte() {
    let live = eventful();
    live.log.close();
    let (outcome, changes) = live.replay(0, 2700);
    let outcome = outcome.unwrap();
    assert!(live.changes.len() > 40, "{}", live.changes.len());
    assert_eq!(lines(&changes), lines(&live.changes));
    assert!(outcome.is_exact);
    assert_eq!(outcome.pictures, 2650);
    // The gap of five seconds is told, though the log is whole.
    let holes: Vec<_> = outcome.holes.iter().map(|hole| (hole.from, hole.reason)).collect();
    assert_eq!(holes, [(live.at(899), HoleReason::NotLookedAt)]);
    let events: BTreeSet<_> = live.changes.iter().map(|change| change.event.id).collect();
    assert_eq!(outcome.events[0].len(), events.len());
}

#[test]
fn a_part_of_a_segment_is_judged_from_its_begin() {
    let live = eventful();
    live.log.close();
    let (outcome, changes) = live.replay(1000, 1200);
    let outcome = outcome.unwrap();
    assert!(outcome.is_exact && outcome.begins == Some(live.at(0)));
    assert_eq!(outcome.pictures, 200);
    let count = changes.len();
    assert_eq!(lines(&changes), lines(&live.changes[..count]));
    let inside =
        |event: &safe_yolo_core::Event| (live.at(1000)..live.at(1200)).contains(&event.start);
    assert!(!outcome.events[0].is_empty() && outcome.events[0].iter().all(inside));

    // With a limit it begins at a file, and says so.
    let reader = LogReader::new(live.dir.path());
    let question = Question { warm_up_max_s: Some(0), ..live.question(2300, 2400) };
    let whole = replay(&reader, &question, &[None], &mut |_, _| {}, &|| true).unwrap();
    assert!(whole.is_exact, "the second segment begins with its only file");
}

#[test]
fn other_zones_show_what_is_new_gone_and_moved() {
    let live = eventful();
    live.log.close();
    let reader = LogReader::new(live.dir.path());
    let mut tried = vec![
        Zone { id: "new-1".parse().unwrap(), dwell_s: 3.0, ..zone("left", 0.0, 0.4) },
        Zone { id: "new-2".parse().unwrap(), ..zone("door", 0.4, 0.6) },
    ];
    let rezone = |config: &CameraConfig| with_zones(config, &tried);
    let question = live.question(0, 1400);
    let mut outcome =
        replay(&reader, &question, &[None, Some(&rezone)], &mut |_, _| {}, &|| true).unwrap();
    let would_fire = outcome.events.pop().unwrap();
    let rows = compare(outcome.events.pop().unwrap(), would_fire);
    let of = |zone: &str, event_type: EventType| -> BTreeSet<Difference> {
        let this = rows.iter().filter(|row| {
            let event = row.fired.as_ref().or(row.would_fire.as_ref()).unwrap();
            event.event_type == event_type
                && event.zone.as_ref().is_some_and(|z| z.id.as_str() == zone)
        });
        this.map(|row| row.difference).collect()
    };
    let intrusion = EventType::DangerZoneIntrusion;
    assert_eq!(of("z-left", intrusion), [Difference::Moved].into(), "two seconds later");
    assert_eq!(of("z-left", EventType::Entrance), [Difference::Same].into());
    assert_eq!(of("z-right", intrusion), [Difference::Gone].into());
    assert_eq!(of("new-2", intrusion), [Difference::New].into());
    let moved = rows.iter().filter_map(|row| row.moved_s).collect::<Vec<_>>();
    assert!(moved.iter().any(|s| (1.5..=2.5).contains(s)), "{moved:?}");

    // What the model of that time could not see can't be asked for.
    tried[0].require.insert(safe_yolo_core::Equipment::Mask);
    let rezone = |config: &CameraConfig| with_zones(config, &tried);
    let refused = replay(&reader, &question, &[Some(&rezone)], &mut |_, _| {}, &|| true);
    assert!(refused.unwrap_err().to_string().contains("mask"));
}

#[test]
fn zones_are_the_same_by_id_and_else_by_name() {
    let stored = config(1, vec![zone("a", 0.0, 0.2), zone("b", 0.2, 0.4)]);
    let ids = |zones: &[Zone]| -> Vec<String> {
        with_zones(&stored, zones).zones.iter().map(|zone| zone.id.to_string()).collect()
    };
    let of = |id: &str, name: &str| Zone { id: id.parse().unwrap(), ..zone(name, 0.0, 0.5) };
    assert_eq!(ids(&[of("new-1", "b"), of("new-2", "c")]), ["z-b", "new-2"]);
    assert_eq!(ids(&[of("z-a", "renamed"), of("new-1", "a")]), ["z-a", "new-1"]);
    assert_eq!(ids(&[of("z-a", "b"), of("z-b", "a")]), ["z-a", "z-b"]);
}

#[test]
fn what_can_not_be_answered_is_refused_by_name() {
    let live = eventful();
    live.log.close();
    let says = |from, to| live.replay(from, to).0.unwrap_err().to_string();
    assert!(says(10, 10).contains("must lie behind"));
    let none = says(-9000, -8000);
    assert!(none.contains("yard") && none.contains("the log begins at"), "{none}");
    let reader = LogReader::new(live.dir.path());
    assert_eq!(reader.camera("Yard").unwrap(), camera());
    assert_eq!(reader.camera("yard").unwrap(), camera());
    let unknown = reader.camera("gate").unwrap_err().to_string();
    assert!(unknown.contains("'gate'") && unknown.contains("Yard"), "{unknown}");
    let nobody = Question { camera: "gate".parse().unwrap(), ..live.question(0, 10) };
    let error = replay(&reader, &nobody, &[None], &mut |_, _| {}, &|| true).unwrap_err();
    assert!(matches!(error, ReplayError::NoLog { .. }), "{error}");
    let cancelled =
        replay(&reader, &live.question(0, 2700), &[None], &mut |_, _| {}, &|| false).unwrap_err();
    assert!(matches!(cancelled, ReplayError::Cancelled));
    let nowhere = LogReader::new(Path::new("/nowhere")).camera("yard").unwrap_err();
    assert!(nowhere.to_string().contains("/nowhere/tracks"), "{nowhere}");
}

#[test]
fn a_log_of_a_newer_format_is_refused() {
    let live = eventful();
    live.log.close();
    let file = &live.files()[0];
    let mut bytes = std::fs::read(file).unwrap();
    bytes[8..10].copy_from_slice(&9_u16.to_le_bytes());
    std::fs::write(file, bytes).unwrap();
    let error = live.replay(0, 2700).0.unwrap_err();
    let says = error.to_string();
    assert!(matches!(error, ReplayError::Read(ReadError::Newer { found: 9, .. })), "{says}");
    assert!(says.contains("format 9") && says.contains("up to 1"), "{says}");
}

#[test]
fn a_file_cut_short_is_read_up_to_there_and_the_rest_is_a_hole() {
    let live = eventful();
    live.log.close();
    let file = &live.files()[0];
    let bytes = std::fs::read(file).unwrap();
    std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    let (outcome, changes) = live.replay(0, 2700);
    let outcome = outcome.unwrap();
    assert!(!outcome.is_exact);
    let hole = outcome.holes.last().unwrap();
    assert_eq!((hole.to, hole.reason), (live.at(2200), HoleReason::CutShort));
    // What was judged before the cut is as it was.
    let before = changes.iter().take_while(|change| change.event.start < hole.from).count();
    assert!(before > 10, "{before}");
    assert_eq!(lines(&changes[..before]), lines(&live.changes[..before]));
}

#[test]
fn over_a_damaged_block_nobody_looked() {
    let two = config(1, vec![zone("all", 0.0, 1.0)]);
    let mut live = Live::new(&two);
    live.pictures(0..600);
    live.finish("end");
    live.log.close();
    let file = &live.files()[0];
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(file, bytes).unwrap();
    let (outcome, _) = live.replay(0, 600);
    let outcome = outcome.unwrap();
    assert!(!outcome.is_exact);
    let [hole] = outcome.holes[..] else { panic!("{:?}", outcome.holes) };
    assert_eq!(hole.reason, HoleReason::Damaged);
    assert!((4_000_000..4_500_000).contains(&(hole.to.micros() - hole.from.micros())));
    assert!(outcome.pictures > 550);
}

#[test]
fn a_segment_whose_begin_was_removed_says_so() {
    let two = config(1, vec![zone("all", 0.0, 1.0)]);
    let mut live = Live::new(&two);
    // Three files of ten minutes.
    live.pictures(0..14_000);
    live.finish("end");
    live.log.close();
    let files = live.files();
    assert_eq!(files.len(), 3);
    let (whole, _) = live.replay(0, 14_000);
    assert!(whole.unwrap().is_exact);
    let question = Question { warm_up_max_s: Some(60), ..live.question(13_000, 14_000) };
    let reader = LogReader::new(live.dir.path());
    let late = replay(&reader, &question, &[None], &mut |_, _| {}, &|| true).unwrap();
    assert!(!late.is_exact && late.begins > Some(live.at(5000)), "{:?}", late.begins);
    std::fs::remove_file(&files[0]).unwrap();
    let (outcome, _) = live.replay(0, 14_000);
    let outcome = outcome.unwrap();
    assert!(!outcome.is_exact);
    let [hole] = outcome.holes[..] else { panic!("{:?}", outcome.holes) };
    assert_eq!((hole.from, hole.reason), (live.at(0), HoleReason::Removed));
    // A file that is missing in the middle is a hole too.
    std::fs::remove_file(&files[1]).unwrap();
    std::fs::write(&files[0], "no log").unwrap();
    let (outcome, _) = live.replay(0, 14_000);
    assert!(!outcome.unwrap().is_exact);
}

#[test]
fn damaged_logs_have_a_defined_end() {
    let live = eventful();
    live.log.close();
    let file = &live.files()[0];
    let whole = std::fs::read(file).unwrap();
    let mut dice = 1_u64;
    let mut throw = |below: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap() % below.max(1)
    };
    let mut exact = 0;
    for _ in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..=throw(3) {
            let at = throw(bytes.len());
            match throw(3) {
                0 if at < bytes.len() => bytes[at] ^= 1 << throw(8),
                1 => bytes.truncate(at),
                _ => drop(bytes.drain(at..(at + throw(5000)).min(bytes.len()))),
            }
        }
        std::fs::write(file, &bytes).unwrap();
        match live.replay(0, 2700).0 {
            Ok(outcome) => {
                // What is not exact is told, and what is exact is whole.
                exact += usize::from(outcome.is_exact);
                assert_eq!(outcome.is_exact, bytes == whole, "{:?}", outcome.holes);
                let told = |reason| outcome.holes.iter().any(|hole| hole.reason != reason);
                assert!(outcome.is_exact || told(HoleReason::NotLookedAt), "{:?}", outcome.holes);
            }
            Err(ReplayError::Read(ReadError::Newer { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(exact < 30, "{exact}");
}
