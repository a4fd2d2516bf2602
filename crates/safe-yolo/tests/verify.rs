//! `safe-yolo verify` as it is run: it passes what is as it was, and names one changed byte.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::server::{ADMIN_PASSWORD, Site};
use common::{Outcome, safe_yolo, text};
use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId, EventType, Message, Severity, Utc};
use safe_yolo_store::evidence::EvidenceLimits;
use safe_yolo_store::{EvidenceStore, Store};
use serde_json::{Value, json};
use uuid::Uuid;

/// An incident of one alarm with a picture; its id, and the picture's path.
async fn incident(data: &Path, event_type: EventType, picture: &[u8]) -> (EventId, PathBuf) {
    let store = Store::open(data).await.unwrap();
    store.ensure_admin(Some(ADMIN_PASSWORD.to_owned())).await.unwrap();
    let evidence = EvidenceStore::open(data, EvidenceLimits::default(), store.clone());
    let evidence = evidence.await.unwrap();
    let mut event = Event {
        id: EventId(Uuid::now_v7()),
        camera: None,
        camera_name: "yard".into(),
        event_type,
        severity: Severity::Critical,
        zone: None,
        track: None,
        start: Utc::parse("2026-01-31T08:15:00Z").unwrap(),
        end: None,
        message: Message { ko: "사람".into(), en: "person".into() },
        details: serde_json::Map::new(),
        config_version: 1,
        snapshot: SnapshotState::Pending,
        clip: SnapshotState::None,
    };
    let raised = EventChange { kind: ChangeKind::Raised, event: event.clone() };
    store.record(Uuid::now_v7(), &raised).await.unwrap();
    evidence.save(event.id, picture.to_vec(), picture.to_vec()).await.unwrap();
    event.snapshot = SnapshotState::Stored;
    let stored = EventChange { kind: ChangeKind::Updated, event: event.clone() };
    store.record(Uuid::now_v7(), &stored).await.unwrap();
    let files = evidence.files_of(event.id).await.unwrap();
    let (_, path) = files.into_iter().find(|(name, _)| !name.contains("clean")).unwrap();
    let id = store.event(event.id).await.unwrap().unwrap().incident.unwrap();
    store.close().await;
    (id, path)
}

/// Not in order, and where this is named.
fn broken(outcome: &Outcome, named: &str) {
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    let line = outcome.stdout.lines().find(|line| line.contains(named));
    let line = line.unwrap_or_else(|| panic!("'{named}' is not named: {outcome:?}"));
    assert!(line.starts_with("CHANGED") || line.starts_with("BROKEN"), "{line}");
    assert!(outcome.stdout.lines().any(|line| line.starts_with("BROKEN")), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_of_a_picture_is_named_in_a_data_folder_and_in_a_case() {
    let site = Site::new();
    let data = site.data();
    // No picture, but nothing looks into originals.
    let picture: Vec<u8> = (0..40_000_u32).map(|at| (at * at / 7) as u8).collect();
    let (id, path) = incident(&data, EventType::DangerZoneIntrusion, &picture).await;
    let server = site.serve().await;
    let admin = server.admin().await;
    let export = format!("/api/incidents/{id}/export");
    let bytes = admin.download(&export, json!({"original": true, "reason": "police"})).await;
    let case = site.path().join("case.zip");
    fs::write(&case, &bytes).unwrap();

    let key = safe_yolo(["verify", "--show-key", "--data-dir", text(&data)]).ok().stdout;
    let verify_data = || safe_yolo(["verify", "--data-dir", text(&data)]);
    let verify_case = |case: &Path| {
        safe_yolo(["verify", text(case), "--key", key.trim(), "--data-dir", text(&data)])
    };
    // Beside the running server.
    let passed = verify_data().ok();
    assert!(passed.stdout.lines().any(|line| line.starts_with("OK")), "{passed:?}");
    let passed = verify_case(&case).ok();
    assert!(passed.stdout.contains("2 originals"), "{passed:?}");

    // In the case the picture lies as it is.
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let find = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|at| at == part);
    let entry = find(&bytes, format!("pictures/{name}").as_bytes()).unwrap();
    let begin = entry + find(&bytes[entry..], &picture[..64]).unwrap();
    let mut altered = bytes;
    altered[begin + picture.len() / 2] ^= 1;
    let other = site.path().join("altered.zip");
    fs::write(&other, &altered).unwrap();
    broken(&verify_case(&other), &format!("pictures/{name}"));
    // The data folder and the case as it was are still in order.
    verify_data().ok();
    verify_case(&case).ok();

    let mut altered = picture.clone();
    altered[20_000] ^= 1;
    fs::write(&path, &altered).unwrap();
    broken(&verify_data(), &name);
    let report = safe_yolo(["verify", "--json", "--data-dir", text(&data)]);
    assert_eq!(report.status.code(), Some(1));
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert!(report["faults"][0]["target"].as_str().unwrap().ends_with(&name), "{report}");
    fs::write(&path, &picture).unwrap();
    verify_data().ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_incident_its_own_evidence_is_verified_and_no_other() {
    let site = Site::new();
    let data = site.data();
    let (picture, other_picture) = (vec![1; 3000], vec![2; 5000]);
    let (id, path) = incident(&data, EventType::DangerZoneIntrusion, &picture).await;
    let (other, other_path) = incident(&data, EventType::HelmetMissing, &other_picture).await;
    assert_ne!(id, other);
    let verify =
        |incident: &str| safe_yolo(["verify", "--incident", incident, "--data-dir", text(&data)]);
    let (id, other) = (id.to_string(), other.to_string());
    let passes = |incident: &str, read: &str| {
        let passed = verify(incident).ok();
        let line = passed.stdout.lines().find(|line| line.starts_with("OK"));
        let line = line.unwrap_or_else(|| panic!("it is in order: {passed:?}"));
        assert!(line.contains(read), "{line}");
    };
    passes(&id, "2 files of 6000 bytes read, 2 not asked for");
    passes(&other, "2 files of 10000 bytes read, 2 not asked for");

    let mut altered = picture.clone();
    altered[1500] ^= 1;
    fs::write(&path, &altered).unwrap();
    let broken_one = verify(&id);
    broken(&broken_one, path.file_name().unwrap().to_str().unwrap());
    assert!(!broken_one.stdout.contains(&other), "nothing is said of others: {broken_one:?}");
    passes(&other, "2 not asked for");
    fs::write(&path, &picture).unwrap();
    // What is gone is named as well, and by its own incident only.
    fs::remove_file(&other_path).unwrap();
    let name = other_path.file_name().unwrap().to_str().unwrap();
    let missing = verify(&other);
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    let is_named = |line: &str| line.starts_with("MISSING") && line.contains(name);
    assert!(missing.stdout.lines().any(is_named), "{missing:?}");
    passes(&id, "2 files of 6000 bytes read, 2 not asked for");

    let unknown = EventId(Uuid::now_v7()).to_string();
    let refused = verify(&unknown);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    refused.refused(&["there is no incident", &unknown]);
    verify("press").refused(&["--incident", "press"]);
}

#[test]
fn the_right_to_originals_is_given_by_the_program() {
    let site = Site::new();
    let data = site.data();
    let both = ["user", "originals", "kim", "--allow", "--deny", "--data-dir", text(&data)];
    let neither = ["user", "originals", "kim", "--data-dir", text(&data)];
    for arguments in [&both[..], &neither[..]] {
        let refused = safe_yolo(arguments);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        refused.refused(&["--deny"]);
    }
    safe_yolo(["user", "list", "--data-dir", text(&data)]).refused(&[text(&data), "--data-dir"]);
}
