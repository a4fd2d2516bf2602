//! Clips in cases in which people are unrecognisable.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventId};
use safe_yolo_server::case::verify_case;
use safe_yolo_store::evidence::{EvidenceLimits, FileKind};
use safe_yolo_store::{EvidenceStore, Role};
use safe_yolo_testkit::clip::picture_times_us;
use serde_json::{Value, json};

use crate::cases::{fetch, key, record, unpack};
use crate::clips::{alarm, intruders};
use crate::events::event;
use crate::site::{PATIENCE, Site};

const WIDTH: usize = 1280;
const HEIGHT: usize = 720;
/// Where the head is: within the upper 30 % of the box.
const HEAD: [usize; 4] = [530, 160, 740, 280];
const BESIDE: [usize; 4] = [0, 400, 1280, 720];

fn clip(path: &Path, size: &str, seconds: u32) -> Vec<u8> {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i"])
        // Fine lines everywhere: where they are left, nothing was pixelated.
        .arg(format!(
            "testsrc2=size={size}:rate=25:duration={seconds},drawgrid=w=16:h=16:t=6:c=white,\
             drawgrid=x=8:y=8:w=16:h=16:t=4:c=black"
        ))
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p"])
        .arg(path)
        .status();
    assert!(made.unwrap().success());
    std::fs::read(path).unwrap()
}

/// A person in the same place all the time; nobody looked between 5 and 7 s.
fn boxes() -> Vec<u8> {
    let looked = |ms: &i64| *ms <= 5000 || *ms >= 7000;
    let entry = |ms: i64| {
        let analysis = if ms % 120 == 0 { "done" } else { "predicted" };
        json!({"t_s": ms as f64 / 1000.0, "analysis": analysis,
            "boxes": [{"class": "person", "number": 1, "level": "danger", "box": [0.4, 0.2, 0.6, 0.9]}]})
    };
    let pictures: Vec<Value> = (0..15_000).step_by(40).filter(looked).map(entry).collect();
    json!({"start_utc": "2026-01-31T08:15:00Z", "pictures": pictures}).to_string().into_bytes()
}

/// Alarms of one incident, each with this clip and boxes of its own.
async fn incident(site: &Site, clip: &[u8], boxes: &[Vec<u8>]) -> (EventId, Vec<Event>) {
    let limits = EvidenceLimits::default();
    let evidence = EvidenceStore::open(&site.data, limits, site.store.clone()).await.unwrap();
    let mut events = Vec::new();
    for boxes in boxes {
        let mut event = event(None);
        record(site, ChangeKind::Raised, &event).await;
        evidence.save_bytes(event.id, FileKind::Clip, clip.to_vec()).await.unwrap();
        evidence.save_bytes(event.id, FileKind::ClipBoxes, boxes.clone()).await.unwrap();
        event.snapshot = SnapshotState::Failed;
        record(site, ChangeKind::Updated, &event).await;
        events.push(event);
    }
    let first = site.store.event(events[0].id).await.unwrap().unwrap();
    (first.incident.unwrap(), events)
}

/// Brightness of the picture at this time.
fn grey(clip: &Path, t_s: f64) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-ss", &format!("{t_s}"), "-i"])
        .arg(clip)
        .args(["-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    assert_eq!(output.stdout.len(), WIDTH * HEIGHT);
    output.stdout
}

/// Peak signal-to-noise ratio of a part, dB: high is alike.
fn psnr(a: &[u8], b: &[u8], [x1, y1, x2, y2]: [usize; 4]) -> f64 {
    let pixels = (y1..y2).flat_map(|y| (x1..x2).map(move |x| y * WIDTH + x));
    let squares = pixels.map(|at| f64::from(a[at].abs_diff(b[at])).powi(2)).sum::<f64>();
    let mean = squares / ((x2 - x1) * (y2 - y1)) as f64;
    10.0 * (255.0_f64.powi(2) / mean.max(1e-9)).log10()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_in_a_clip_are_unrecognisable_and_all_of_it_where_nobody_looked() {
    let site = Site::quiet().await;
    let operator = site.somebody(Role::Operator).await;
    let from = site.data.join("from.mp4");
    let original = clip(&from, "1280x720", 15);
    let (incident, events) = incident(&site, &original, &[boxes()]).await;
    let begun = Instant::now();
    let case = fetch(&site, &operator, incident, false).await;
    let took = begun.elapsed().as_secs_f64();
    println!("a case with a clip of 15 s of 1280x720 was exported in {took:.2} s");
    let report = verify_case(&case, Some(&key(&site))).unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!((report.masked, report.left_out), (1, 0), "{report:?}");

    let files = unpack(&case);
    let name = format!("clips/{}.mp4", events[0].id);
    let to = site.data.join("to.mp4");
    std::fs::write(&to, &files[&name]).unwrap();
    let (was, is) = (picture_times_us(&from).unwrap(), picture_times_us(&to).unwrap());
    assert_eq!((was.len(), is.len()), (375, 375));
    for (was, is) in was.iter().zip(&is) {
        assert!((was - is).abs() < 200, "{was} and {is}");
    }
    for t_s in [0.0, 3.0, 10.02] {
        let (was, is) = (grey(&from, t_s), grey(&to, t_s));
        let (head, beside) = (psnr(&was, &is, HEAD), psnr(&was, &is, BESIDE));
        println!("at {t_s} s: {head:.1} dB in the head, {beside:.1} dB beside it");
        assert!(head < 20.0 && beside > 30.0, "{t_s}: {head} {beside}");
    }
    for t_s in [5.5, 6.0, 6.9] {
        let (was, is) = (grey(&from, t_s), grey(&to, t_s));
        let beside = psnr(&was, &is, BESIDE);
        assert!(beside < 20.0, "{t_s}: {beside}");
    }

    // What it was made of is said, and said in what is signed.
    let json = |name: &str| serde_json::from_slice::<Value>(&files[name]).unwrap();
    let (case, manifest) = (json("case.json"), json("manifest.json"));
    let find = |list: &Value| {
        list.as_array().unwrap().iter().find(|file| file["name"] == name.as_str()).cloned().unwrap()
    };
    let (described, listed) = (find(&case["files"]), find(&manifest["files"]));
    assert_eq!((&described["masked"], &described["proved"]), (&json!("heads"), &json!(true)));
    assert_eq!(described["recoded"]["pictures"], 375);
    let whole = described["recoded"]["whole"].as_u64().unwrap();
    // Those of the gap, and after the last look at the end.
    assert!((49..60).contains(&whole), "{whole}");
    assert_eq!(listed["recoded_of"]["evidence"], described["evidence"]);
    assert_eq!(listed["recoded_of"]["sha256"], described["original_sha256"]);
    let page = String::from_utf8(files["report.html"].clone()).unwrap();
    assert!(page.contains("375장면") && page.contains("encoded anew for privacy"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_clips_than_are_encoded_are_left_out_and_said() {
    let site = Site::quiet().await;
    let operator = site.somebody(Role::Operator).await;
    let small = clip(&site.data.join("small.mp4"), "64x48", 1);
    // Three pairs of alarms share a clip and what was found in it.
    let boxes: Vec<_> =
        (0..36).map(|alarm| format!("rubbish {}", alarm % 33).into_bytes()).collect();
    let (incident, _) = incident(&site, &small, &boxes).await;
    let case = fetch(&site, &operator, incident, false).await;
    let report = verify_case(&case, Some(&key(&site))).unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!((report.masked, report.left_out), (35, 1), "{report:?}");
    let files = unpack(&case);
    let described: Value = serde_json::from_slice(&files["case.json"]).unwrap();
    let left_out = &described["left_out"][0];
    assert!(left_out["why"].as_str().unwrap().contains("holds 32 different clips"), "{left_out}");
    let clips = described["files"].as_array().unwrap().iter();
    let clips: Vec<_> = clips.filter(|file| file["recoded"].is_object()).collect();
    assert_eq!(clips.len(), 35);
    for clip in clips {
        assert_eq!(clip["masked"], "whole", "no boxes: {clip}");
        assert_eq!(clip["recoded"], json!({"pictures": 25, "whole": 25}));
    }
}

/// Files below this folder that the process has open and that have no name.
fn nameless(folder: &Path) -> usize {
    let targets = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = targets.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let names = targets.filter(|target| target.starts_with(folder));
    names.filter(|target| target.to_string_lossy().ends_with(".half (deleted)")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_prepared_before_it_is_asked_for() {
    let site = Site::quiet().await;
    let operator = site.somebody(Role::Operator).await;
    let small = clip(&site.data.join("small.mp4"), "64x48", 1);
    let boxes: Vec<_> = (0..3).map(|alarm| format!("rubbish {alarm}").into_bytes()).collect();
    let (incident, _) = incident(&site, &small, &boxes).await;
    let prepare = async |incident: &str| {
        let path = format!("/api/incidents/{incident}/export/prepare");
        operator.request(reqwest::Method::POST, &path).send().await.unwrap().status().as_u16()
    };
    assert_eq!(prepare("0190a000-0000-7000-8000-000000000000").await, 404);
    // The disk is looked at soon after the start: before, nothing is prepared.
    let begun = Instant::now();
    while prepare(&incident.to_string()).await != 204 {
        assert!(begun.elapsed() < PATIENCE, "it is never prepared");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    while nameless(&site.data) < 3 {
        assert!(begun.elapsed() < PATIENCE, "{} clips are prepared", nameless(&site.data));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let case = fetch(&site, &operator, incident, false).await;
    assert_eq!(nameless(&site.data), 3, "the export made none of its own");
    let report = verify_case(&case, Some(&key(&site))).unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!((report.masked, report.left_out), (3, 0), "{report:?}");
    // Nobody saw anything yet.
    let audit = site.store.audit_list(100).await.unwrap();
    assert_eq!(audit.iter().filter(|entry| entry.action.starts_with("case.")).count(), 1);
}

/// As it really goes: a scene, its alarm, its clip, the boxes that the analysis found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clip_of_a_real_alarm_is_in_its_case() {
    let site = Site::with(vec![intruders()]).await;
    let operator = site.somebody(Role::Operator).await;
    let stored = alarm(&operator, |event| event["clip"] == "stored").await;
    let incident: EventId = serde_json::from_value(stored["incident"].clone()).unwrap();
    let case = fetch(&site, &operator, incident, false).await;
    let report = verify_case(&case, Some(&key(&site))).unwrap();
    assert!(report.ok, "{report:?}");
    let files = unpack(&case);
    let name = format!("clips/{}.mp4", stored["id"].as_str().unwrap());
    let described: Value = serde_json::from_slice(&files["case.json"]).unwrap();
    let all = described["files"].as_array().unwrap();
    let clip = all.iter().find(|file| file["name"] == name.as_str()).expect("the clip");
    println!("of a real alarm: {}", clip["recoded"]);
    assert_eq!(clip["proved"], true);
    let to = site.data.join("to.mp4");
    std::fs::write(&to, &files[&name]).unwrap();
    let pictures = picture_times_us(&to).unwrap().len() as u64;
    assert_eq!(clip["recoded"]["pictures"], pictures);
    assert!(pictures > 20, "{pictures}");
}
