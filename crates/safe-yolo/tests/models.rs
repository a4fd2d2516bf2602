//! `safe-yolo model`, models of other families, and pictures at the bounds of sense.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{safe_yolo, text};
use serde_json::Value;
use tempfile::TempDir;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infer/tests/golden").join(name)
}

#[test]
fn inspect_says_what_a_model_is() {
    let model = golden("rf-detr.onnx");
    let outcome = safe_yolo(["model", "inspect", text(&model), "--json"]).ok();
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["usable"], true, "{report:#}");
    let facts = &report["model"];
    assert_eq!((&facts["family"], &facts["batch"]), (&"rf-detr".into(), &1.into()));
    assert_eq!(facts["input_size"], serde_json::json!([64, 64]));
    assert!(facts["input"].as_str().unwrap().starts_with("RGB, 0..1, stretched, mean 0.485"));
    assert_eq!(facts["unmapped"], serde_json::json!(["zebra"]));
    let helmet = serde_json::json!({"index": 2, "name": "helmet", "class": "helmet"});
    assert_eq!(facts["classes"][2], helmet);
    assert_eq!(report["graph"]["outputs"][1]["shape"], serde_json::json!([1, 12, 6]));

    let outcome = safe_yolo(["model", "inspect", text(&golden("yolov8.onnx"))]).ok();
    for says in ["not verified against upstream", "output [1, 6, 84]", "0 person -> person"] {
        assert!(outcome.stdout.contains(says), "{outcome:?}");
    }
}

#[test]
fn inspect_says_what_a_refused_model_is() {
    let model = golden("unknown.onnx");
    let outcome = safe_yolo(["model", "inspect", text(&model)]);
    outcome.refused(&["unknown.onnx", "fits none of the families", "output [1, 84, 3]"]);
    assert!(outcome.stdout.contains("gives       output [1, 84, 3]"), "{outcome:?}");
    assert!(outcome.stdout.contains("usable      no"), "{outcome:?}");
    let given = ["model", "inspect", text(&model), "--model-family", "yolo9000"];
    safe_yolo(given).refused(&["'yolo9000' is no family", "yolox, rf-detr"]);
}

#[test]
fn bench_measures_both_ways() {
    let model = golden("rt-detr.onnx");
    let bench = ["model", "bench", text(&model), "--size", "320x180", "--seconds", "1"];
    let outcome = safe_yolo(bench).ok();
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert!(lines[0].contains("family rt-detr, pictures of 320x180, input 64x64"), "{outcome:?}");
    for (line, what) in lines[1..].iter().zip(["bare session", "with scaling"]) {
        assert!(line.starts_with(what) && line.contains("pictures/s"), "{outcome:?}");
    }
    let wrong = ["model", "bench", text(&model), "--size", "9000x10"];
    safe_yolo(wrong).refused(&["9000x10", "1 to 8192"]);
    let wrong = ["model", "bench", text(&model), "--provider", "abacus"];
    safe_yolo(wrong).refused(&["'abacus' is no provider", "openvino"]);
}

#[test]
fn the_family_is_taken_wherever_a_model_is() {
    let folder = TempDir::new().unwrap();
    let picture = folder.path().join("dot.png");
    fs::write(&picture, png_head(1, 1)).unwrap();
    let model = golden("two-families.onnx");
    let detect = ["detect", "--model", text(&model), text(&picture)];
    safe_yolo(detect).refused(&["two-families.onnx", "--model-family"]);
    // The picture is broken, but the model is taken now.
    let outcome = safe_yolo(detect.into_iter().chain(["--model-family", "yolox"]));
    outcome.refused(&["dot.png"]);
    safe_yolo(["detect", "--model-family", "yolox", text(&picture)]).refused(&["--model"]);
}

#[test]
fn a_picture_that_is_too_large_is_refused_before_it_is_unpacked() {
    let folder = TempDir::new().unwrap();
    let picture = folder.path().join("huge.png");
    fs::write(&picture, png_head(16_384, 16_384)).unwrap();
    let outcome = safe_yolo(["detect", text(&picture)]);
    outcome.refused(&["huge.png", "16384x16384", "1 to 8192"]);
}

/// The beginning of a PNG file with a picture of this size: signature, header, and no more
/// than the tag of its data.
fn png_head(width: u32, height: u32) -> Vec<u8> {
    let header =
        [&b"IHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let chunk = |length: u32, body: &[u8]| {
        [&length.to_be_bytes()[..], body, &crc(body).to_be_bytes()].concat()
    };
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(13, &header), &chunk(0, b"IDAT")].concat()
}

/// The checksum of PNG: CRC-32 of ISO 3309.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
