//! `event-loop` with the program that it is a part of: its detector's process is that program.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

fn lab() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_safe-yolo-lab"));
    program.args(["run", "event-loop", "--reduced", "--json"]);
    program
}

#[test]
fn every_design_answers_or_replaces_each_picture() {
    let output = lab().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ways = found["experiments"][0]["ours"]["ways"].as_array().unwrap();
    let names: Vec<_> = ways.iter().map(|way| way["name"].as_str().unwrap()).collect();
    let expected = ["blocking", "to-thread", "process", "actor"];
    let expected = expected.iter().flat_map(|design| [1, 2].map(|n| format!("{design} {n}")));
    assert_eq!(names, expected.collect::<Vec<_>>());
    assert!(ways.iter().all(|way| way["seconds"].as_f64().unwrap() > 0.0), "nothing was analysed");
}

#[test]
fn without_onnx_runtime_it_says_how_to_get_it() {
    let output = lab().env("SAFE_YOLO_ONNXRUNTIME", "/nowhere/libonnxruntime.so").output().unwrap();
    assert!(!output.status.success());
    // An experiment that can't be done is an outcome that does not hold; the others would run on.
    let said = String::from_utf8_lossy(&output.stdout);
    for part in ["no detector", "/nowhere/libonnxruntime.so", "make setup"] {
        assert!(said.contains(part), "{said}");
    }
}
