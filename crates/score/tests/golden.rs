//! Made sequences and detections against the figures of the reference programs;
//! `eval/make_golden.py` makes both anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use safe_yolo_score::tracking::{self, TrackingCounts};
use safe_yolo_score::{detection, mot};
use serde_json::Value;

const TOLERANCE: f64 = 1e-6;
const SEQUENCES: [&str; 8] = [
    "perfect",
    "empty_result",
    "misses",
    "false_boxes",
    "switches",
    "fragments",
    "everything",
    "hopeless",
];
/// Ours, that of roboflow/trackers.
const PLAIN: [(&str, &str); 11] = [
    ("hota", "HOTA"),
    ("det_a", "DetA"),
    ("ass_a", "AssA"),
    ("loc_a", "LocA"),
    ("det_re", "DetRe"),
    ("det_pr", "DetPr"),
    ("ass_re", "AssRe"),
    ("ass_pr", "AssPr"),
    ("idf1", "IDF1"),
    ("idp", "IDP"),
    ("idr", "IDR"),
];
/// Ours, that of py-motmetrics, that of roboflow/trackers.
const CLEAR: [(&str, &str, &str); 11] = [
    ("mota", "mota", "MOTA"),
    ("recall", "recall", "CLR_Re"),
    ("precision", "precision", "CLR_Pr"),
    ("matches", "num_detections", "CLR_TP"),
    ("misses", "num_misses", "CLR_FN"),
    ("false_boxes", "num_false_positives", "CLR_FP"),
    ("switches", "num_switches", "IDSW"),
    ("fragments", "num_fragmentations", "Frag"),
    ("mostly_tracked", "mostly_tracked", "MT"),
    ("partly_tracked", "partially_tracked", "PT"),
    ("mostly_lost", "mostly_lost", "ML"),
];

fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("'{}': {error}", path.display()))
}

fn reference(name: &str) -> Value {
    serde_json::from_str(&golden(&format!("{name}.json"))).unwrap()
}

fn counts(name: &str) -> TrackingCounts {
    let truth = mot::parse_truth(&golden(&format!("{name}.gt.txt"))).unwrap();
    let found = mot::parse_result(&golden(&format!("{name}.result.txt"))).unwrap();
    tracking::count(&truth, &found).unwrap()
}

/// Ours is none for 0 / 0 where py-motmetrics has NaN (null here) and trackers 0.
fn same(what: &str, ours: &Value, theirs: &Value) {
    let (a, b) = (ours.as_f64().unwrap_or(0.0), theirs.as_f64().unwrap_or(0.0));
    assert!((a - b).abs() <= TOLERANCE, "{what}: {ours} here, {theirs} in the reference");
    assert!(ours.is_null() || !theirs.is_null(), "{what}: {ours} here, {theirs} in the reference");
}

fn compare(name: &str, counts: &TrackingCounts) {
    let (ours, theirs) = (serde_json::to_value(counts.score()).unwrap(), reference(name));
    let (motmetrics, trackers) = (&theirs["motmetrics"], &theirs["trackers"]);
    for (mine, key) in PLAIN {
        assert!(trackers[key].is_number(), "{name}: no {key}");
        same(&format!("{name} {mine}"), &ours[mine], &trackers[key]);
    }
    for key in ["idf1", "idp", "idr"] {
        same(&format!("{name} {key}"), &ours[key], &motmetrics[key]);
    }
    for (mine, one, other) in CLEAR {
        assert!(!trackers[other].is_null(), "{name}: no {other}");
        same(&format!("{name} clear.{mine}"), &ours["clear"][mine], &motmetrics[one]);
        let trackeval = &ours["clear_trackeval"][mine];
        same(&format!("{name} clear_trackeval.{mine}"), trackeval, &trackers[other]);
    }
    // A distance there, an overlap here.
    let overlap = motmetrics["motp"].as_f64().map(|distance| 1.0 - distance);
    // Together, py-motmetrics has NaN as soon as one sequence has no match (0 * NaN).
    if name != "together" {
        same(&format!("{name} motp"), &ours["clear"]["motp"], &overlap.into());
    }
    let trackeval = &ours["clear_trackeval"]["motp"];
    same(&format!("{name} trackeval motp"), trackeval, &trackers["MOTP"]);
}

#[test]
fn tracks_score_as_in_the_reference_programs() {
    for name in SEQUENCES {
        compare(name, &counts(name));
    }
}

#[test]
fn several_sequences_together_score_as_in_the_reference_programs() {
    let all: Vec<TrackingCounts> = SEQUENCES.into_iter().map(counts).collect();
    compare("together", &TrackingCounts::together(&all));
}

/// The readings of CLEAR MOT are told apart by the golden files.
#[test]
fn the_reference_programs_differ_somewhere() {
    let score = counts("everything").score();
    assert_ne!(score.clear.switches, score.clear_trackeval.switches);
    assert_ne!(score.clear.mota, score.clear_trackeval.mota);
}

#[test]
fn detections_score_as_in_pycocotools() {
    let truth = detection::parse_truth(&golden("detection.truth.jsonl")).unwrap();
    let found = detection::parse_found(&golden("detection.found.jsonl")).unwrap();
    let score = detection::score(&truth, &found).unwrap();
    let theirs = reference("detection");
    assert_eq!(score.classes.len(), 3);
    for row in score.classes {
        let ours = serde_json::to_value(&row).unwrap();
        for key in ["ap50", "ap50_95"] {
            assert!(theirs[row.class.name()][key].is_number());
            same(&format!("{} {key}", row.class), &ours[key], &theirs[row.class.name()][key]);
        }
    }
}
