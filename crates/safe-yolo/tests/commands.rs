//! What `detect`, `analyze`, `track` and `doctor` write when all goes well,
//! field by field: other programs read it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::footage::{clip, corners, count_pictures, still};
use common::{RUNTIME_VARIABLE, program, run, safe_yolo, text};
use safe_yolo_testkit::clip::picture_times_us;
use serde_json::Value;
use tempfile::TempDir;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 540.0;

/// The object's keys.
fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A site file with the zone of a drawn scene.
fn write_site(scenario: &str, path: &Path) {
    let points = corners(scenario);
    let site = format!(
        "[[camera]]\nname = \"hall\"\nsource = \"sim://{scenario}\"\n[[camera.zone]]\n\
         name = \"press\"\ntype = \"danger\"\npoints = {points}\nrequire = [\"helmet\"]\n"
    );
    fs::write(path, site).unwrap();
}

#[test]
fn detect_finds_the_people_of_the_drawn_scene_and_writes_one_line_a_picture() {
    let folder = TempDir::new().unwrap();
    let (picture, drawn) = (folder.path().join("scene.jpg"), folder.path().join("drawn"));
    still("helmets", 5000, &picture);
    let detect = ["detect", "--json", "--draw", text(&drawn), "--min-score", "0.5"];
    let arguments = detect.into_iter().chain([text(&picture), text(&picture)]);
    let outcome = safe_yolo(arguments).ok();
    let lines: Vec<Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{outcome:?}");
    assert_eq!(lines[0], lines[1], "the same picture, the same answer");
    let found = &lines[0];
    assert_eq!(keys(found), BTreeSet::from(["detections", "file", "height", "width"]));
    assert_eq!(found["file"], text(&picture));
    assert_eq!((found["width"].as_f64(), found["height"].as_f64()), (Some(WIDTH), Some(HEIGHT)));
    let detections = found["detections"].as_array().unwrap();
    let count = |class: &str| detections.iter().filter(|d| d["class"] == class).count();
    assert_eq!(count("person"), 2, "{found}");
    assert_eq!(count("helmet"), 1, "{found}");
    let mut last = 1.0;
    for detection in detections {
        assert_eq!(keys(detection), BTreeSet::from(["box", "class", "score"]));
        let score = detection["score"].as_f64().unwrap();
        assert!((0.5..=last).contains(&score), "best first: {found}");
        last = score;
        let sides: Vec<f64> =
            detection["box"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        let [x1, y1, x2, y2] = sides[..] else { panic!("{detection}") };
        assert!(0.0 <= x1 && x1 < x2 && x2 <= WIDTH, "{detection}");
        assert!(0.0 <= y1 && y1 < y2 && y2 <= HEIGHT, "{detection}");
    }
    let boxes = fs::read(drawn.join("scene.boxes.jpg")).unwrap();
    assert!(boxes.starts_with(&[0xff, 0xd8]));
}

/// The file's events, after a check of the shape of each.
fn read_events(path: &Path, length_s: f64) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fields = [
        "id", "camera", "type", "severity", "zone", "track", "start_s", "end_s", "message",
        "details",
    ];
    let mut last = 0.0;
    for event in &events {
        assert_eq!(keys(event), BTreeSet::from(fields), "{event}");
        assert_eq!(event["id"].as_str().unwrap().len(), 36, "{event}");
        assert_eq!(event["camera"], "hall");
        assert_eq!(event["zone"], "press");
        assert!(["INFO", "WARNING", "CRITICAL"].contains(&event["severity"].as_str().unwrap()));
        assert!(event["track"].as_u64().unwrap() > 0, "{event}");
        let start = event["start_s"].as_f64().unwrap();
        assert!((last..=length_s).contains(&start), "in order, within the file: {event}");
        last = start;
        let end = event["end_s"].as_f64().unwrap_or_else(|| panic!("open after the end: {event}"));
        assert!((start..=length_s).contains(&end), "{event}");
        assert!(!event["message"].as_str().unwrap().is_empty(), "{event}");
        assert!(event["details"].is_object(), "{event}");
    }
    let ids: BTreeSet<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "each event once");
    events
}

/// Numbers of the people in a file of tracks, after a check of each line.
fn read_tracks(path: &Path, pictures: u32) -> BTreeSet<u32> {
    let text = fs::read_to_string(path).unwrap();
    let mut last = 1;
    let mut people = BTreeSet::new();
    for line in text.lines() {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let [frame, id, x, y, w, h, score, -1.0, -1.0, -1.0] = fields[..] else {
            panic!("not ten columns: {line}")
        };
        let (frame, id) = (frame as u32, id as u32);
        assert!((last..=pictures).contains(&frame) && id > 0, "{line}");
        last = frame;
        assert!(x >= 0.0 && y >= 0.0 && w > 0.0 && h > 0.0, "{line}");
        assert!(x + w <= WIDTH + 0.011 && y + h <= HEIGHT + 0.011, "{line}");
        assert!((0.0..=1.0).contains(&score), "{line}");
        people.insert(id);
    }
    people
}

#[test]
fn analyze_writes_events_tracks_report_and_video_of_a_clip() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (video, site, out) = (at("hall.mp4"), at("site.toml"), at("out/of/it"));
    let (seconds, rate) = (6, 10);
    clip("helmets", seconds, rate, &video);
    write_site("helmets", &site);
    let analyze = ["analyze", text(&video), "--site", text(&site), "--camera", "hall"];
    let outcome = safe_yolo(analyze.into_iter().chain(["--annotate", "--out", text(&out)])).ok();
    let pictures = seconds * rate;
    let times = picture_times_us(&video).unwrap();
    assert_eq!(times.len(), pictures as usize);
    let length_s = *times.last().unwrap() as f64 / 1e6;

    let events = read_events(&out.join("events.jsonl"), length_s);
    let of = |event_type: &str| -> Vec<&Value> {
        events.iter().filter(|event| event["type"] == event_type).collect()
    };
    let [missing] = of("helmet_missing")[..] else { panic!("{events:#?}") };
    assert_eq!(missing["severity"], "WARNING", "{missing}");
    let start = missing["start_s"].as_f64().unwrap();
    assert!((1.5..5.0).contains(&start), "after the dwell of 2 s: {missing}");
    assert!(missing["message"].as_str().unwrap().contains("without helmet"), "{missing}");
    assert_eq!(of("danger_zone_intrusion").len(), 2, "one for each person: {events:#?}");
    for event in &events {
        let micros = (event["start_s"].as_f64().unwrap() * 1e6).round() as i64;
        assert!(times.contains(&micros), "not the time of a picture: {event}");
    }

    let people = read_tracks(&out.join("tracks.txt"), pictures);
    assert_eq!(people.len(), 2, "{people:?}");
    let tracks: BTreeSet<_> =
        events.iter().map(|event| event["track"].as_u64().unwrap() as u32).collect();
    assert_eq!(tracks, people, "the same numbers in both files");

    let report: Value =
        serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let fields = [
        "file",
        "camera",
        "model",
        "pictures",
        "not_analysed",
        "complete",
        "last_picture_s",
        "took_s",
        "pictures_per_s",
        "people",
        "people_at_once",
        "events",
    ];
    assert_eq!(keys(&report), BTreeSet::from(fields));
    assert_eq!(report["file"], text(&video));
    assert_eq!(report["camera"], "hall");
    assert_eq!(report["pictures"], pictures);
    assert_eq!(report["not_analysed"], 0);
    assert_eq!(report["complete"], true);
    assert!((report["last_picture_s"].as_f64().unwrap() - length_s).abs() < 1e-6, "{report}");
    assert_eq!((&report["people"], &report["people_at_once"]), (&2.into(), &2.into()));
    assert_eq!(report["events"]["helmet_missing"], 1);
    let counted: u64 =
        report["events"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(counted, events.len() as u64, "{report}");

    assert_eq!(count_pictures(&out.join("annotated.mp4")), pictures as usize);
    assert!(outcome.stdout.contains(text(&out)) && outcome.stdout.lines().count() == 1);
}

#[test]
fn analyze_says_it_in_korean_when_asked() {
    let folder = TempDir::new().unwrap();
    let (site, out) = (folder.path().join("site.toml"), folder.path().join("out"));
    write_site("helmets", &site);
    let analyze =
        ["analyze", "sim://helmets?seed=1", "--until", "4", "--rate", "5", "--lang", "ko"];
    let site = ["--site", text(&site), "--camera", "hall", "--out", text(&out)];
    safe_yolo(analyze.into_iter().chain(site)).ok();
    let events = read_events(&out.join("events.jsonl"), 4.0);
    let missing: Vec<_> = events.iter().filter(|e| e["type"] == "helmet_missing").collect();
    let [missing] = missing[..] else { panic!("{events:#?}") };
    assert!(missing["message"].as_str().unwrap().contains("안전모 미착용"), "{missing}");
}

#[test]
fn a_video_that_breaks_off_is_analysed_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (whole, cut, out) = (at("whole.mkv"), at("cut.mkv"), at("out"));
    clip("helmets", 3, 10, &whole);
    safe_yolo_testkit::clip::truncated(&whole, &cut, 0.6).unwrap();
    safe_yolo(["analyze", text(&cut), "--out", text(&out)]).ok();
    let report: Value =
        serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let pictures = report["pictures"].as_u64().unwrap();
    assert!((5..30).contains(&pictures), "{report}");
    assert_eq!(read_tracks(&out.join("tracks.txt"), 30).len(), 2);
}

#[test]
fn what_was_found_before_a_video_becomes_unreadable_is_kept() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (first, second, both, out) = (at("1.ts"), at("2.ts"), at("both.ts"), at("out"));
    clip("helmets", 2, 10, &first);
    let other = safe_yolo_testkit::clip::ClipSpec { seconds: 1.0, ..Default::default() };
    other.write(&second).unwrap();
    // The pictures change their size in the middle.
    fs::write(&both, [fs::read(&first).unwrap(), fs::read(&second).unwrap()].concat()).unwrap();
    let outcome = safe_yolo(["analyze", text(&both), "--annotate", "--out", text(&out)]);
    outcome.refused(&["both.ts", "broke off", "size changed"]);
    assert!(!outcome.stderr.contains("onnxruntime"), "ended at work: {outcome:?}");
    let report = fs::read(out.join("report.json"));
    let report: Value = serde_json::from_slice(&report.expect(&outcome.stderr)).unwrap();
    assert_eq!((&report["pictures"], &report["complete"]), (&20.into(), &false.into()), "{report}");
    assert_eq!(read_tracks(&out.join("tracks.txt"), 30).len(), 2);
    assert_eq!(count_pictures(&out.join("annotated.mp4")), 20);
}

#[test]
fn track_writes_what_motchallenge_reads() {
    let folder = TempDir::new().unwrap();
    let (det, out) = (folder.path().join("det.txt"), folder.path().join("tracks.txt"));
    // Two people walk past each other, one at the picture's edge.
    let lines: Vec<String> = (1..=30)
        .map(|n| {
            format!("{n},-1,{},100,60,160,0.9\n{n},-1,{},320,60,160,0.8,1,2,3", 8 * n, 900 - n)
        })
        .collect();
    fs::write(&det, lines.join("\n")).unwrap();
    let track = ["track", "--det", text(&det), "--fps", "25", "--size", "960x540"];
    safe_yolo(track.into_iter().chain(["--out", text(&out)])).ok();
    assert_eq!(read_tracks(&out, 30).len(), 2);
    let lines = fs::read_to_string(&out).unwrap().lines().count();
    assert!((50..=60).contains(&lines), "{lines} lines for 30 frames of two people");
}

#[test]
fn doctor_tells_what_works_and_what_does_not() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_site("helmets", &at("site.toml"));
    let (data, site) = (at("data"), at("site.toml"));
    let doctor = |data: &Path, site: &Path| {
        let mut command = program();
        command.args(["doctor", "--data-dir", text(data), "--site", text(site)]);
        command.args(["--listen", "127.0.0.1:0"]);
        command
    };
    let outcome = run(&mut doctor(&data, &site)).ok();
    let parts =
        ["ffmpeg", "ffprobe", "onnxruntime", "model", "data folder", "address", "site file"];
    for part in parts {
        let line = outcome.stdout.lines().find(|line| line[6..].starts_with(part));
        assert!(line.is_some_and(|line| line.starts_with("ok    ")), "{part}: {outcome:?}");
    }
    assert_eq!(outcome.stdout.lines().count(), parts.len());

    let missing = at("missing.so");
    let outcome = run(doctor(&data, &site).env(RUNTIME_VARIABLE, &missing));
    assert!(!outcome.status.success(), "{outcome:?}");
    let fail = outcome.stdout.lines().find(|line| line.starts_with("FAIL")).unwrap();
    assert!(fail.contains("onnxruntime") && fail.contains("missing.so"), "{fail}");
    assert!(outcome.stdout.contains("ok    data folder"), "the rest is looked at, too");

    let outcome = run(&mut doctor(&site, &at("nowhere.toml")));
    assert!(!outcome.status.success(), "{outcome:?}");
    assert_eq!(outcome.stdout.matches("FAIL").count(), 2, "{outcome:?}");
    assert!(outcome.stdout.contains("nowhere.toml"), "{outcome:?}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
}
