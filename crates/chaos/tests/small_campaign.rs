//! A minute of the campaign: decoders and the server are killed, and nobody
//! is told anything wrong.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The program under test, which cargo builds beside this test's program.
fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_safe-yolo-chaos")).with_file_name("safe-yolo");
    assert!(program.is_file(), "no {}: `cargo build -p safe-yolo` makes it", program.display());
    program
}

/// ONNX Runtime's library on this machine.
fn onnxruntime() -> PathBuf {
    std::env::var_os("SAFE_YOLO_ONNXRUNTIME").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/onnxruntime/libonnxruntime.so"),
        PathBuf::from,
    )
}

#[test]
fn what_is_killed_costs_nothing_that_was_announced() {
    let out = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_safe-yolo-chaos"))
        .args(["campaign", "--victims", "1", "--scale", "0.03"])
        .args(["--only", "decoder-killed,server-killed", "--binary"])
        .arg(program())
        .arg("--out")
        .arg(out.path())
        .env("SAFE_YOLO_ONNXRUNTIME", onnxruntime())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let report = std::fs::read(out.path().join("chaos.json")).unwrap_or_else(|error| {
        panic!("{error}\n{said}\n{}", String::from_utf8_lossy(&run.stderr))
    });
    let report: Value = serde_json::from_slice(&report).unwrap();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{said}");
    // A machine that takes more than 2.5 s for a plain start is slow at all of it.
    let recovery_max_s = 10_f64.max(4.0 * report["first_start_s"].as_f64().unwrap());
    for (row, times) in rows.iter().zip([3, 2]) {
        assert_eq!(row["injected"], times, "{said}");
        for count in ["lost", "doubled", "wrong_safe"] {
            assert_eq!(row[count], 0, "{count} of {}:\n{said}", row["fault"]);
        }
        let recovery_s = row["recovery_max_s"].as_f64().unwrap();
        assert!(recovery_s <= recovery_max_s, "{recovery_s} of {recovery_max_s} s:\n{said}");
    }
    // Rates of other cameras are left to the campaign on a quiet machine.
    assert!(report["changes_kept"].as_u64().unwrap() > 10, "{said}");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let out = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_safe-yolo-chaos"))
        .args(["soak", "--hours", "0.1", "--binary", "/nowhere/safe-yolo", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && said.contains("/nowhere/safe-yolo"), "{said}");
}
