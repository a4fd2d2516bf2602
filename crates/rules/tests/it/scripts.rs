//! Every rule type over scripted tracks: `tests/it/scripts/TYPE.jsonl` says what is seen and what the
//! rule says then, `TYPE.events.jsonl` what is raised and ended.
//!
//! A script's first line is the rule. Each further line is a stretch of time: `until` (seconds),
//! `people` and `things` with a `box` (pixels: left, top, width, height) that moves evenly to `end`,
//! `hidden` (tracks that are only predicted), `blind` (nothing is analysed), and what the rule
//! `says` at its end, with the `reason` of UNKNOWN.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safe_yolo_core::{
    CameraConfig, Class, Detection, EventChange, PictureSize, PictureTime, PixelBox, Rule,
    RuleType, SegmentId, Track, Utc, Zone, ZoneType,
};
use safe_yolo_rules::{Entry, Judge, PictureEntry, RuleVerdict};
use serde::{Deserialize, Serialize};

use crate::common::{config, track, zone};

const SIZE: PictureSize = PictureSize::new(960, 540);
/// Analysed pictures a second; the expected events are written for the first.
const RATES: [f64; 4] = [5.0, 3.0, 10.0, 15.0];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stretch {
    until: f64,
    #[serde(default)]
    people: Vec<Person>,
    #[serde(default)]
    things: Vec<Thing>,
    #[serde(default)]
    hidden: Vec<u32>,
    #[serde(default)]
    blind: bool,
    says: RuleVerdict,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    track: u32,
    r#box: [f32; 4],
    end: Option<[f32; 4]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    class: Class,
    r#box: [f32; 4],
    end: Option<[f32; 4]>,
    #[serde(default = "score")]
    score: f32,
    /// Found in one picture of so many.
    #[serde(default = "always")]
    one_of: usize,
}

fn score() -> f32 {
    0.6
}

fn always() -> usize {
    1
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    t: f64,
    change: String,
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn at(from: [f32; 4], to: Option<[f32; 4]>, part: f32) -> PixelBox {
    let to = to.unwrap_or(from);
    let mut now = from;
    for (now, to) in now.iter_mut().zip(to) {
        *now += (to - *now) * part;
    }
    let [x, y, w, h] = now;
    PixelBox::from_xywh(x, y, w, h)
}

fn with(rule: Rule) -> Arc<CameraConfig> {
    // Its own rules stay out of the way.
    let zone = Zone { dwell_s: 3600.0, rules: vec![rule], ..zone(ZoneType::Warning) };
    Arc::new(config(vec![zone]))
}

fn known() -> BTreeSet<Class> {
    Class::ALL.iter().copied().filter(|class| *class != Class::Vehicle).collect()
}

fn line(change: &EventChange, time: PictureTime) -> Option<Line> {
    let name = change.event.event_type.name();
    if ["entrance", "exit"].contains(&name) {
        return None;
    }
    let reason = change.event.details.get("end_reason").and_then(|reason| reason.as_str());
    assert!(!change.event.message.ko.is_empty() && !change.event.message.en.is_empty());
    Some(Line {
        t: (time.secs_f64() * 10.0).round() / 10.0,
        change: change.kind.name().to_owned(),
        r#type: name.to_owned(),
        track: change.event.track.as_ref().map(|track| track.number),
        reason: reason.map(str::to_owned),
    })
}

/// Plays a script at a rate; everything that is raised and ended.
fn play(name: &str, script: &str, rate: f64) -> Vec<Line> {
    let mut lines = script.lines();
    let rule: Rule = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut judge = Judge::new(SegmentId(1), with(rule), known());
    let (mut from, mut number, mut found) = (0.0, 0_usize, Vec::new());
    for (row, text) in (2..).zip(lines) {
        let stretch: Stretch =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}:{row}: {error}"));
        loop {
            let now = number as f64 / rate;
            if now >= stretch.until {
                break;
            }
            number += 1;
            let part = ((now - from) / (stretch.until - from)) as f32;
            let time = PictureTime::from_secs_f64(now);
            let tracks: Vec<Track> = stretch
                .people
                .iter()
                .map(|person| {
                    let hidden = stretch.hidden.contains(&person.track);
                    track(person.track, at(person.r#box, person.end, part), time, hidden)
                })
                .collect();
            let seen = |thing: &&Thing| number % thing.one_of == 0;
            let thing = |thing: &Thing| Detection {
                class: thing.class,
                score: thing.score,
                bbox: at(thing.r#box, thing.end, part),
            };
            let detections: Vec<Detection> =
                stretch.things.iter().filter(seen).map(thing).collect();
            let entry = match stretch.blind {
                true => Entry::NotAnalysed {
                    from: PictureTime::from_secs_f64((now - 1.0 / rate).max(0.0)),
                    to: time,
                    reason: "covered",
                },
                false => Entry::Picture(PictureEntry {
                    time,
                    utc: Utc(time.micros()),
                    size: SIZE,
                    tracks: &tracks,
                    detections: &detections,
                    input_scale: 0.5,
                    close_up: None,
                }),
            };
            found.extend(judge.feed(&entry).iter().filter_map(|change| line(change, time)));
        }
        from = stretch.until;
        let view = judge.view();
        let rule = view.zones[0].rules.first().unwrap();
        let said = (rule.verdict, rule.reason);
        let expected = (stretch.says, stretch.reason.as_deref());
        assert_eq!(said, expected, "{name}:{row} at {rate}/s: {rule:?}");
        // UNKNOWN is never counted as CLEAR.
        if rule.verdict == RuleVerdict::Unknown {
            assert_ne!(view.zones[0].verdict, safe_yolo_rules::ZoneVerdict::Clear, "{name}:{row}");
        }
    }
    found
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scripts")
}

#[test]
fn every_type_has_a_script_with_all_three_verdicts() {
    for rule_type in RuleType::ALL {
        let script = std::fs::read_to_string(folder().join(format!("{rule_type}.jsonl")));
        let script = script.unwrap_or_else(|error| panic!("{rule_type}.jsonl: {error}"));
        for verdict in ["fire", "clear", "unknown"] {
            let says = format!("\"says\":\"{verdict}\"");
            assert!(script.contains(&says), "{rule_type}.jsonl never says {verdict}");
        }
    }
}

#[test]
fn scripts_raise_and_end_what_they_should() {
    for rule_type in RuleType::ALL {
        let name = format!("{rule_type}.jsonl");
        let script = std::fs::read_to_string(folder().join(&name)).unwrap();
        let path = folder().join(format!("{rule_type}.events.jsonl"));
        let found = play(&name, &script, RATES[0]);
        let text: String =
            found.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
        if std::env::var_os("SAFE_YOLO_WRITE_EXPECTED").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, expected, "{name}");
    }
}

/// Thinning pictures changes no event's type or subject, and moves it by what one gap and the
/// confirmation can be at most.
#[test]
fn scripts_mean_the_same_at_any_rate() {
    for rule_type in RuleType::ALL {
        let name = format!("{rule_type}.jsonl");
        let script = std::fs::read_to_string(folder().join(&name)).unwrap();
        let first = play(&name, &script, RATES[0]);
        for rate in &RATES[1..] {
            let other = play(&name, &script, *rate);
            let plain = |lines: &[Line]| -> Vec<(String, String, Option<u32>)> {
                lines.iter().map(|l| (l.change.clone(), l.r#type.clone(), l.track)).collect()
            };
            assert_eq!(plain(&other), plain(&first), "{name} at {rate}/s");
            for (a, b) in first.iter().zip(&other) {
                let most = 1.0 / rate.min(RATES[0]) + 0.5;
                assert!((a.t - b.t).abs() <= most, "{name} at {rate}/s: {a:?} {b:?}");
            }
        }
    }
}

/// Cameras in which nothing happens are looked at about once a second: there, one box fills a
/// quarter of the window.
#[test]
fn one_false_box_decides_nothing_at_the_quiet_rate() {
    let fire = r#"{"type":"fire"}
{"until":20,"things":[{"class":"fire","box":[600,300,80,90],"score":0.9,"one_of":12}],"says":"unknown","reason":"not_sure"}
"#;
    assert_eq!(play("fire", fire, 1.25), []);
    // Nor does a false extinguisher end the alarm.
    let missing = r#"{"type":"object_missing","class":"fire_extinguisher","dwell_s":2}
{"until":12,"says":"fire"}
{"until":24,"things":[{"class":"fire_extinguisher","box":[700,380,30,70],"score":0.9,"one_of":20}],"says":"fire"}
"#;
    let told = play("object_missing", missing, 1.25);
    assert_eq!(told.len(), 1, "{told:?}");
}

/// Half an hour of a covered camera is not half an hour without a watchman.
#[test]
fn blind_time_is_no_dwell() {
    let rule = r#"{"type":"occupancy_below","people":1,"dwell_s":20}"#;
    let mut judge = Judge::new(SegmentId(1), with(serde_json::from_str(rule).unwrap()), known());
    let at = PictureTime::from_secs_f64;
    let look = |judge: &mut Judge, seconds: f64| {
        let entry = Entry::Picture(PictureEntry {
            time: at(seconds),
            utc: Utc(0),
            size: SIZE,
            tracks: &[],
            detections: &[],
            input_scale: 0.5,
            close_up: None,
        });
        judge.feed(&entry).len()
    };
    assert_eq!((look(&mut judge, 0.0), look(&mut judge, 1.0)), (0, 0));
    let blind = Entry::NotAnalysed { from: at(1.0), to: at(1800.0), reason: "covered" };
    assert_eq!(judge.feed(&blind), []);
    let told = [1800.0, 1810.0, 1820.0].map(|seconds| look(&mut judge, seconds));
    assert_eq!(told, [0, 0, 1]);
}
