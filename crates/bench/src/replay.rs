//! What it takes to keep what the rules were told, and to judge a day of it again: one camera with
//! five people at ten pictures a second, all day, and ten zones.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use safe_yolo_core::grid::{round_detection, round_track};
use safe_yolo_core::{
    Anchor, Calendar, CameraConfig, Class, Detection, Equipment, FractionPoint, PictureSize,
    PictureTime, PixelBox, Polygon, Rule, RuleKind, SegmentId, Track, TrackId, Utc, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, PictureEntry};
use safe_yolo_tracklog::{
    LogReader, Question, Rezone, TrackLog, TrackLogLimits, replay, with_zones,
};

use crate::Bench;
use crate::rules::rules;
use crate::stats::verdict;

const PEOPLE: u16 = 5;
const ZONES: u16 = 10;
const RATE: i64 = 10;
const DAY_S: i64 = 86_400;
const SIZE: PictureSize = PictureSize::new(1280, 720);
/// Goal, seconds a day.
const GOAL_S: f64 = 10.0;

pub(crate) fn measure(bench: &Bench) -> Result<()> {
    let seconds = if bench.quick { DAY_S / 24 } else { DAY_S };
    println!("## Replay\n");
    println!(
        "One camera, {PEOPLE} people who walk to and fro all day, half a minute through each zone, {RATE} pictures a second for\n\
         {:.0} h, {ZONES} zones of a tenth of the floor with helmet and vest; boxes jitter as a detector's do.\n",
        hours(seconds)
    );
    bytes()?;
    println!(
        "\n| rules a zone | judges | written, us a picture | judged again, s | events |\n|---|---|---|---|---|"
    );
    let few =
        vec![Rule::new(RuleKind::Loitering), Rule::new(RuleKind::OccupancyAbove { people: 3 })];
    let mut worst = 0.0_f64;
    for rules in [few, rules()?] {
        let count = rules.len();
        let config = Arc::new(config(&rules)?);
        let folder = tempfile::tempdir()?;
        let (begin, write_us) = write(folder.path(), &config, seconds, true)?;
        for judges in [1, 2] {
            let (took_s, events) = read(folder.path(), begin, seconds, judges)?;
            println!("| {count} | {judges} | {write_us:.1} | {took_s:.1} | {events} |");
            if judges == 1 && count < 3 {
                worst = worst.max(took_s);
            }
        }
    }
    println!("\nat most {GOAL_S} s for a day: {}\n", verdict(worst <= GOAL_S));
    Ok(())
}

fn hours(seconds: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a day at most")]
    let seconds = seconds as f64;
    seconds / 3600.0
}

/// Bytes a picture, with boxes on the grid and as they come.
fn bytes() -> Result<()> {
    println!("| boxes | bytes a picture | MB a day |\n|---|---|---|");
    for (name, on_grid) in [("on the grid", true), ("as floats", false)] {
        let folder = tempfile::tempdir()?;
        let config = Arc::new(config(&[])?);
        let seconds = 1800;
        write(folder.path(), &config, seconds, on_grid)?;
        let log = TrackLog::open(folder.path(), TrackLogLimits::default())?;
        #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
        let a_picture = log.bytes() as f64 / (seconds * RATE) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a million pictures")]
        let a_day = a_picture * (DAY_S * RATE) as f64 / 1e6;
        println!("| {name} | {a_picture:.0} | {a_day:.0} |");
    }
    Ok(())
}

fn config(rules: &[Rule]) -> Result<CameraConfig> {
    let zone = |number: u16| -> Result<Zone> {
        let (left, right) = (f64::from(number) * 0.1, f64::from(number + 1) * 0.1);
        let points = [[left, 0.3], [right, 0.3], [right, 1.0], [left, 1.0]];
        Ok(Zone {
            id: format!("z{number}").parse()?,
            name: format!("zone {number}"),
            zone_type: ZoneType::Warning,
            points: Polygon::new(points.into_iter().map(FractionPoint::from).collect())?,
            place: None,
            anchor: Anchor::default(),
            active: true,
            schedule: None,
            dwell_s: 2.0,
            pause_s: 30.0,
            require: [Equipment::Helmet, Equipment::Vest].into(),
            rules: rules.to_vec(),
        })
    };
    Ok(CameraConfig {
        id: "bench".parse()?,
        name: "bench".into(),
        source: "memory".into(),
        enabled: true,
        repeat: true,
        analysis_rate_max: 10.0,
        zones: (0..ZONES).map(zone).collect::<Result<_>>()?,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: Calendar::default(),
        version: 1,
    })
}

/// Logs so many seconds that end now; when they begin, and microseconds a picture.
fn write(
    dir: &Path,
    config: &Arc<CameraConfig>,
    seconds: i64,
    on_grid: bool,
) -> Result<(Utc, f64)> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let begin = Utc(i64::try_from(now.as_micros())? - seconds * 1_000_000);
    let segment = SegmentId(u64::try_from(begin.micros() / 1000)?);
    let log = TrackLog::open(dir, TrackLogLimits { bytes_max: 8 << 30, days_max: 7 })?;
    let mut sink = log.segment(segment, config, Class::ALL.iter().copied().collect());
    let (mut jitter, mut took) = (Jitter(1), std::time::Duration::ZERO);
    let count = seconds * RATE;
    for n in 0..count {
        let (mut tracks, mut detections) = scene(config, segment, n, &mut jitter);
        if on_grid {
            tracks.iter_mut().for_each(round_track);
            detections = detections.iter().map(round_detection).collect();
        }
        let time = PictureTime(n * 1_000_000 / RATE);
        let entry = Entry::Picture(PictureEntry {
            time,
            // Pictures do not come to the microsecond.
            utc: begin.plus_micros(time.micros() + i64::from(jitter.next().abs() < 0.5) * 700),
            size: SIZE,
            tracks: &tracks,
            detections: &detections,
            input_scale: 0.35,
            close_up: None,
        });
        let begun = Instant::now();
        sink.entry(&entry);
        took += begun.elapsed();
        // A day in a minute is more than a disk is asked for.
        while log.depth() > 500 {
            std::thread::yield_now();
        }
    }
    sink.finish("end");
    log.close();
    #[expect(clippy::cast_precision_loss, reason = "a million pictures")]
    let each_us = took.as_secs_f64() * 1e6 / count as f64;
    Ok((begin, each_us))
}

/// Seconds that it takes to judge it again, and how many events there were.
fn read(dir: &Path, begin: Utc, seconds: i64, judges: usize) -> Result<(f64, usize)> {
    let reader = LogReader::new(dir);
    let question = Question {
        camera: reader.camera("bench")?,
        from: begin,
        to: begin.plus_micros(seconds * 1_000_000),
        warm_up_max_s: None,
    };
    let longer = |config: &CameraConfig| {
        let zones: Vec<Zone> =
            config.zones.iter().map(|zone| Zone { dwell_s: 3.0, ..zone.clone() }).collect();
        with_zones(config, &zones)
    };
    let both: [Option<&Rezone<'_>>; 2] = [None, Some(&longer)];
    let judges = both.get(..judges).context("one judge or two")?;
    let begun = Instant::now();
    let outcome = replay(&reader, &question, judges, &mut |_, _| {}, &|| true)?;
    let took_s = begun.elapsed().as_secs_f64();
    anyhow::ensure!(outcome.is_exact && outcome.holes.is_empty(), "the log has holes");
    Ok((took_s, outcome.events.iter().map(Vec::len).sum()))
}

/// Noise of -1 to 1 (`SplitMix64`).
struct Jitter(u64);

impl Jitter {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = u16::try_from((z >> 40) & 0xffff).unwrap_or_default();
        f32::from(unit) / 32768.0 - 1.0
    }

    /// The box as a detector finds it: each side a pixel or two off.
    fn shake(&mut self, bbox: PixelBox) -> PixelBox {
        <[f32; 4]>::from(bbox).map(|side| side + 1.5 * self.next()).into()
    }
}

fn scene(
    config: &CameraConfig,
    segment: SegmentId,
    n: i64,
    jitter: &mut Jitter,
) -> (Vec<Track>, Vec<Detection>) {
    let (mut tracks, mut detections) = (Vec::new(), Vec::new());
    #[expect(clippy::cast_precision_loss, reason = "a million pictures")]
    let now = n as f64 / 10.0;
    let time = PictureTime(n * 1_000_000 / RATE);
    for person in 0..PEOPLE {
        let phase = now * 0.005 + f64::from(person) * 0.7;
        #[expect(clippy::cast_possible_truncation, reason = "places in a picture")]
        let x = (600.0 + 560.0 * phase.sin()) as f32;
        let y = 200.0 + f32::from(person) * 40.0;
        let bbox = PixelBox::from_xywh(x, y, 70.0, 200.0);
        tracks.push(Track {
            id: TrackId { camera: config.id.clone(), segment, number: u32::from(person) + 1 },
            bbox: jitter.shake(bbox),
            score: 0.8 + 0.1 * jitter.next(),
            predicted: false,
            first_seen: PictureTime::default(),
            last_seen: time,
        });
        let parts = [
            (Class::Person, bbox),
            (Class::Helmet, PixelBox::from_xywh(x + 20.0, y, 30.0, 26.0)),
            (Class::Vest, PixelBox::from_xywh(x + 10.0, y + 40.0, 50.0, 70.0)),
        ];
        for (class, bbox) in parts {
            let (bbox, score) = (jitter.shake(bbox), 0.8 + 0.1 * jitter.next());
            detections.push(Detection { class, score, bbox });
        }
    }
    // Suppression gives the surest first: the order changes from picture to picture.
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    (tracks, detections)
}
