//! Dependencies between crates point only towards the core.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each crate with the crates of ours that it may use outside tests.
const ALLOWED: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("track", &["core"]),
    ("rules", &["core"]),
    ("score", &["core"]),
    ("bus", &[]),
    ("sim", &["core"]),
    ("sys", &[]),
    ("media", &["core", "sim", "sys"]),
    ("infer", &["core", "media", "sys"]),
    ("pipeline", &["core", "track", "rules", "media", "infer"]),
    ("store", &["core"]),
    ("tracklog", &["core", "rules"]),
    (
        "server",
        &[
            "core", "sim", "track", "rules", "bus", "media", "infer", "pipeline", "store",
            "tracklog",
        ],
    ),
    ("lab", &["core", "sim", "media", "infer", "pipeline"]),
    (
        "safe-yolo",
        &[
            "core", "sim", "sys", "track", "rules", "score", "media", "infer", "pipeline", "store",
            "tracklog", "server", "lab",
        ],
    ),
    ("testkit", &[]),
    (
        "bench",
        &[
            "core", "sim", "track", "rules", "score", "media", "infer", "pipeline", "store",
            "tracklog", "server", "testkit",
        ],
    ),
    ("chaos", &["core", "sim", "media", "testkit"]),
    ("fuzz", &["core", "rules", "track", "sim", "score", "media", "infer"]),
    ("xtask", &[]),
];

/// Crates that a core crate must never see, directly.
const OUTSIDE: &[&str] = &["tokio", "tokio-util", "metrics", "tracing", "reqwest", "sqlx", "rand"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn dependencies(name: &str) -> Vec<String> {
    let path = crates().join(name).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let manifest: toml::Table = text.parse().unwrap();
    let tables = ["dependencies", "build-dependencies"];
    tables
        .iter()
        .filter_map(|t| manifest.get(*t)?.as_table())
        .flat_map(|t| t.keys().cloned())
        .collect()
}

#[test]
fn every_crate_has_its_place() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    for entry in std::fs::read_dir(crates()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(allowed.contains_key(name.as_str()), "crate '{name}' has no place in the layers");
    }
}

#[test]
fn dependencies_point_to_the_core() {
    for (name, may) in ALLOWED {
        for dependency in dependencies(name) {
            if let Some(ours) = dependency.strip_prefix("safe-yolo-") {
                assert!(may.contains(&ours), "'{name}' may not use '{ours}'");
            }
        }
    }
}

/// The workspace's lints forbid unsafe code; one named crate does without them.
#[test]
fn unsafe_code_has_one_crate() {
    for (name, _) in ALLOWED {
        let path = crates().join(name).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        let has_workspace_lints = lints.and_then(toml::Value::as_bool) == Some(true);
        assert_eq!(has_workspace_lints, *name != "sys", "lints of '{name}'");
    }
}

#[test]
fn the_core_does_nothing_outside() {
    for name in ["core", "track", "rules", "score"] {
        for dependency in dependencies(name) {
            assert!(!OUTSIDE.contains(&dependency.as_str()), "'{name}' uses '{dependency}'");
        }
    }
}

/// Only core crates are pure; they name neither the clock nor files nor threads.
#[test]
fn the_core_reads_no_clock() {
    for name in ["core", "track", "rules", "score"] {
        for file in walk(&crates().join(name).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let code: String = code.collect();
            for word in [
                "SystemTime",
                "Instant::now",
                "std::fs",
                "std::net",
                "std::thread",
                "now_v7",
                "now_utc",
            ] {
                assert!(!code.contains(word), "{} uses {word}", file.display());
            }
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
