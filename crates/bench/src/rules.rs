//! What the rules cost: twelve cameras with twenty people and ten zones each, every zone with
//! equipment and one rule of each type.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use safe_yolo_core::rule::Length;
use safe_yolo_core::{
    CameraConfig, Class, Detection, Direction, Equipment, FractionPoint, PictureSize, PictureTime,
    PixelBox, Polygon, Rule, RuleKind, RuleType, SegmentId, Track, Tripwire, Utc, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry};

use crate::Bench;
use crate::stats::{mean, quantile, verdict};

const CAMERAS: u16 = 12;
const PEOPLE: u16 = 20;
const ZONES: u16 = 10;
const RATE: f64 = 10.0;
const SIZE: PictureSize = PictureSize::new(1280, 720);
/// Goal, milliseconds a picture.
const GOAL_MS: f64 = 0.2;

/// What a zone with rules has as a rule.
const USUAL: [RuleType; 4] =
    [RuleType::OccupancyAbove, RuleType::ObjectMissing, RuleType::Proximity, RuleType::Fall];

pub(crate) fn measure(bench: &Bench) -> Result<()> {
    println!("## Rules\n");
    println!(
        "{CAMERAS} cameras, {PEOPLE} people, {ZONES} zones of a tenth of the floor with helmet, vest and no,\n\
         the usual, or all types of rules; one thread; judging and the view for screens.\n"
    );
    println!(
        "| rules a zone | mean, ms a picture | 99 %, ms | events | at most {GOAL_MS} ms |\n|---|---|---|---|---|"
    );
    let all = rules()?;
    let some = all.iter().filter(|rule| USUAL.contains(&rule.kind.rule_type())).cloned().collect();
    for rules in [Vec::new(), some, all] {
        let count = rules.len();
        let (mut times, events) = play(&rules, bench.seconds(60).as_secs_f64())?;
        let (mean, late) = (mean(&times), quantile(&mut times, 0.99));
        let met = verdict(mean <= GOAL_MS);
        println!("| {count} | {mean:.3} | {late:.3} | {events} | {met} |");
    }
    Ok(())
}

/// One of each type.
pub(crate) fn rules() -> Result<Vec<Rule>> {
    let class = Class::Forklift;
    let line = Tripwire::new([0.1, 0.7].into(), [0.9, 0.7].into())?;
    Ok([
        RuleKind::Loitering,
        RuleKind::OccupancyAbove { people: 3 },
        RuleKind::OccupancyBelow { people: 1 },
        RuleKind::EntriesAbove { people: 20, window_s: 60.0 },
        RuleKind::LoneWorker,
        RuleKind::LineCrossing { line, direction: Direction::Both },
        RuleKind::ObjectMissing { class: Class::FireExtinguisher },
        RuleKind::ObjectPresent { class: Class::Machinery },
        RuleKind::Proximity { class, distance: Length::Heights(0.5) },
        RuleKind::NearMiss { class, distance: Length::Heights(0.6), speed: 0.3 },
        RuleKind::Fall,
        RuleKind::Motionless,
        RuleKind::Fire,
        RuleKind::Smoke,
    ]
    .map(Rule::new)
    .into())
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
            active: true,
            place: None,
            anchor: safe_yolo_core::Anchor::Foot,
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
        analysis_rate_max: RATE,
        masks: Vec::new(),
        privacy_masks: Vec::new(),
        calibration: None,
        calendar: safe_yolo_core::Calendar::default(),
        zones: (0..ZONES).map(zone).collect::<Result<_>>()?,
        version: 1,
    })
}

/// Milliseconds of each picture, and how many events there were.
fn play(rules: &[Rule], seconds: f64) -> Result<(Vec<f64>, usize)> {
    let config = Arc::new(config(rules)?);
    let known = || Class::ALL.iter().copied().collect();
    let mut judges: Vec<Judge> = (0..CAMERAS)
        .map(|camera| Judge::new(SegmentId(u64::from(camera)), Arc::clone(&config), known()))
        .collect();
    let (mut times, mut events) = (Vec::new(), 0);
    for number in (0_u32..).take_while(|number| f64::from(*number) < seconds * RATE) {
        let now = f64::from(number) / RATE;
        let (tracks, detections) = scene(now)?;
        let time = PictureTime::from_secs_f64(now);
        let entry = Entry::Picture(PictureEntry {
            time,
            utc: Utc(time.micros()),
            size: SIZE,
            tracks: &tracks,
            detections: &detections,
            input_scale: 0.35,
            close_up: None,
        });
        for judge in &mut judges {
            let begun = Instant::now();
            events += judge.feed(&entry).len();
            std::hint::black_box(judge.view());
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok((times, events))
}

/// People who walk to and fro, every other with a helmet, and two forklifts.
fn scene(now: f64) -> Result<(Vec<Track>, Vec<Detection>)> {
    let (mut tracks, mut detections) = (Vec::new(), Vec::new());
    for person in 0..PEOPLE {
        let phase = now * 0.3 + f64::from(person) * 0.7;
        let x = 600.0 + 560.0 * phase.sin();
        #[expect(clippy::cast_possible_truncation, reason = "places in a picture")]
        let (x, y) = (x as f32, 200.0 + f32::from(person) * 12.0);
        let bbox = PixelBox::from_xywh(x, y, 70.0, 200.0);
        tracks.push(Track {
            id: format!("bench/1/{}", person + 1).parse()?,
            bbox,
            score: 0.8,
            predicted: false,
            first_seen: PictureTime::default(),
            last_seen: PictureTime::default(),
        });
        detections.push(Detection { class: Class::Person, score: 0.8, bbox });
        if person % 2 == 0 {
            let helmet = PixelBox::from_xywh(x + 20.0, y, 30.0, 26.0);
            detections.push(Detection { class: Class::Helmet, score: 0.7, bbox: helmet });
        }
    }
    for x in [200.0, 800.0] {
        let bbox = PixelBox::from_xywh(x, 300.0, 220.0, 240.0);
        detections.push(Detection { class: Class::Forklift, score: 0.7, bbox });
    }
    Ok((tracks, detections))
}
