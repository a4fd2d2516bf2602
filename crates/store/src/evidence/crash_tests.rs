//! The process ends at each step of writing and removing; what is left must verify.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId, EventType, Message, Severity, Utc};
use tempfile::TempDir;
use uuid::Uuid;

use super::{EvidenceLimits, EvidenceStore};
use crate::Store;
use crate::chain::verify::verify;
use crate::store::now;

const STEP: &str = "SAFE_YOLO_TEST_CRASH_AT";
const FOLDER: &str = "SAFE_YOLO_TEST_CRASH_IN";

/// Where this process is to end.
pub(super) fn step() -> Option<&'static str> {
    let step = std::env::var(STEP).ok()?;
    STEPS.iter().find(|(known, ..)| *known == step).map(|(known, ..)| *known)
}

/// Steps, and how many pictures there are when the next run has started.
const STEPS: [(&str, usize, bool); 9] = [
    ("half written", 0, false),
    ("before renaming", 0, false),
    ("first renamed", 1, false),
    ("second renamed", 2, true),
    ("folder synced", 2, true),
    ("before the chain", 2, true),
    ("after the chain", 2, true),
    ("settled", 2, true),
    ("removal noted", 0, true),
];

fn event() -> Event {
    Event {
        id: EventId(Uuid::now_v7()),
        camera: Some("yard".parse().unwrap()),
        camera_name: "마당".into(),
        event_type: EventType::DangerZoneIntrusion,
        severity: Severity::Critical,
        zone: None,
        track: None,
        start: now(),
        end: None,
        message: Message { ko: "위험구역 침입".into(), en: "intrusion".into() },
        details: serde_json::Map::new(),
        config_version: 1,
        snapshot: SnapshotState::Pending,
        clip: SnapshotState::None,
    }
}

async fn open(dir: &Path) -> (Store, EvidenceStore) {
    let store = Store::open(dir).await.unwrap();
    let limits = EvidenceLimits { age_max: Some(Duration::ZERO), ..EvidenceLimits::default() };
    let evidence = EvidenceStore::open(dir, limits, store.clone()).await.unwrap();
    (store, evidence)
}

/// What a server does with a picture; the process ends on the way.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn child() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let (store, evidence) = open(Path::new(&dir)).await;
    let mut event = event();
    let raised = EventChange { kind: ChangeKind::Raised, event: event.clone() };
    store.record(Uuid::now_v7(), &raised).await.unwrap();
    evidence.save(event.id, vec![1; 3000], vec![2; 4000]).await.unwrap();
    event.snapshot = SnapshotState::Stored;
    store.record(Uuid::now_v7(), &EventChange { kind: ChangeKind::Updated, event }).await.unwrap();
    evidence.inner.reach("settled");
    evidence.remove_aged(Utc(now().micros() + 86_400_000_000)).await.unwrap();
    panic!("no step ended the process");
}

#[tokio::test]
async fn a_crash_at_any_step_leaves_a_chain_that_verifies() {
    for (step, pictures, stored) in STEPS {
        let dir = TempDir::new().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["evidence::crash_tests::child", "--exact", "--ignored"])
            .env(STEP, step)
            .env(FOLDER, dir.path())
            .output()
            .unwrap();
        assert!(!child.status.success(), "{step}");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(!said.contains("no step ended"), "{step}: {said}");
        // As it was left: nothing that is noted is missing or changed.
        let before = verify(dir.path(), None).await.unwrap();
        assert!(before.ok, "{step}: {before:?}");

        let (store, evidence) = open(dir.path()).await;
        let (_, left) = evidence.recover().await.unwrap();
        store.end_left_open(now(), "restart").await.unwrap();
        evidence.recover_rest(left).await.unwrap();
        let after = verify(dir.path(), None).await.unwrap();
        assert!(after.ok, "{step}: {after:?}");
        assert_eq!(after.strays_total, 0, "{step}: {after:?}");
        assert_eq!(after.files, pictures as u64, "{step}: {after:?}");
        let record = store.events(&crate::EventFilter::default()).await.unwrap().remove(0);
        let state = if stored { SnapshotState::Stored } else { SnapshotState::Failed };
        assert_eq!(record.event.snapshot, state, "{step}");
        let folder = dir.path().join("evidence");
        let halves = walk(&folder).into_iter().filter(|name| name.ends_with(".half")).count();
        assert_eq!(halves, 0, "{step}");
    }
}

fn walk(folder: &Path) -> Vec<String> {
    crate::chain::verify::files::names(folder).unwrap().into_iter().collect()
}
