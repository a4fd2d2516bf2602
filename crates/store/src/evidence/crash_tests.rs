//! The process ends at each step of writing and removing; what is left must verify.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{Event, EventChange, EventId, EventType, Message, Severity, Utc};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::{DiskSpace, EvidenceLimits, EvidenceStore, FileKind, Space, name_of};
use crate::chain::kind;
use crate::chain::verify::verify;
use crate::store::now;
use crate::{EventFilter, Store};

const STEP: &str = "SAFE_YOLO_TEST_CRASH_AT";
const PART: &str = "SAFE_YOLO_TEST_CRASH_WITH";
const FOLDER: &str = "SAFE_YOLO_TEST_CRASH_IN";

/// What is done when the process ends; each has steps of the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Pictures,
    Boxes,
    ClipBoxes,
    Clip,
    Removal,
}

use Part::{Boxes, Clip, ClipBoxes, Pictures, Removal};
use SnapshotState::{Failed, Stored};

/// Where the process ends; how many files there are when the next run has started, how many of them
/// it took in, and what it says of the event's pictures and of its clip.
type Crash = (Part, &'static str, u64, u64, SnapshotState, SnapshotState);

const CRASHES: [Crash; 19] = [
    (Pictures, "half written", 0, 0, Failed, Failed),
    (Pictures, "before renaming", 0, 0, Failed, Failed),
    (Pictures, "first renamed", 1, 1, Failed, Failed),
    (Pictures, "second renamed", 2, 2, Stored, Failed),
    (Pictures, "folder synced", 2, 2, Stored, Failed),
    (Pictures, "before the chain", 2, 2, Stored, Failed),
    (Pictures, "after the chain", 2, 0, Stored, Failed),
    (Boxes, "file renamed", 3, 1, Stored, Failed),
    (Boxes, "before the chain", 3, 1, Stored, Failed),
    (Boxes, "after the chain", 3, 0, Stored, Failed),
    (ClipBoxes, "file renamed", 4, 1, Stored, Failed),
    (ClipBoxes, "before the chain", 4, 1, Stored, Failed),
    (ClipBoxes, "after the chain", 4, 0, Stored, Failed),
    (Clip, "half written", 4, 0, Stored, Failed),
    (Clip, "file renamed", 5, 1, Stored, Stored),
    (Clip, "before the chain", 5, 1, Stored, Stored),
    (Clip, "after the chain", 5, 0, Stored, Stored),
    (Removal, "settled", 5, 0, Stored, Stored),
    (Removal, "removal noted", 0, 0, Stored, Stored),
];

/// Where this process is to end.
pub(super) fn step() -> Option<&'static str> {
    let step = std::env::var(STEP).ok()?;
    CRASHES.iter().map(|(_, known, ..)| *known).find(|known| *known == step)
}

/// From here on the process ends where it was told to, if it was told to end with this part.
fn arm(evidence: &mut EvidenceStore, part: Part) {
    let is_meant = std::env::var(PART).is_ok_and(|told| told == format!("{part:?}"));
    Arc::get_mut(&mut evidence.inner).unwrap().crash_at = step().filter(|_| is_meant);
}

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
        clip: SnapshotState::Pending,
    }
}

async fn open(dir: &Path) -> (Store, EvidenceStore) {
    let store = Store::open(dir).await.unwrap();
    let limits = EvidenceLimits { age_max: Some(Duration::ZERO), ..EvidenceLimits::default() };
    // Clips are refused where the disk under the tests is nearly full.
    let roomy = DiskSpace::new(|_| Ok(Space { free: 1 << 40, total: 1 << 40 }));
    let evidence = EvidenceStore::open_with(dir, limits, store.clone(), roomy).await.unwrap();
    (store, evidence)
}

async fn record(store: &Store, kind: ChangeKind, event: &Event) {
    let change = EventChange { kind, event: event.clone() };
    store.record(Uuid::now_v7(), &change).await.unwrap();
}

/// What a server does with the evidence of an alarm; the process ends on the way.
#[tokio::test]
#[ignore = "the child of the tests below"]
async fn child() {
    let Ok(dir) = std::env::var(FOLDER) else { return };
    let (store, mut evidence) = open(Path::new(&dir)).await;
    let mut event = event();
    let id = event.id;
    record(&store, ChangeKind::Raised, &event).await;

    arm(&mut evidence, Pictures);
    evidence.save(id, vec![1; 3000], vec![2; 4000]).await.unwrap();
    arm(&mut evidence, Boxes);
    evidence.save_bytes(id, FileKind::Boxes, vec![3; 500]).await.unwrap();
    event.snapshot = Stored;
    record(&store, ChangeKind::Updated, &event).await;

    arm(&mut evidence, ClipBoxes);
    evidence.save_bytes(id, FileKind::ClipBoxes, vec![4; 600]).await.unwrap();
    arm(&mut evidence, Clip);
    let half = evidence.temporary(id, FileKind::Clip).await.unwrap();
    fs::write(&half, vec![5; 9000]).unwrap();
    evidence.inner.reach("half written");
    evidence.save_file(id, FileKind::Clip, half).await.unwrap();
    event.clip = Stored;
    event.details.insert("clip".into(), json!({"codec": "h264"}));
    record(&store, ChangeKind::Updated, &event).await;

    arm(&mut evidence, Removal);
    evidence.inner.reach("settled");
    evidence.remove_aged(Utc(now().micros() + 86_400_000_000)).await.unwrap();
    panic!("no step ended the process");
}

/// What a process leaves that ends at this step.
fn crash(part: Part, step: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["evidence::crash_tests::child", "--exact", "--ignored"])
        .env(STEP, step)
        .env(PART, format!("{part:?}"))
        .env(FOLDER, dir.path())
        .output()
        .unwrap();
    // A failed test has an exit code; who aborts has none.
    let said = String::from_utf8_lossy(&child.stdout);
    assert_eq!(child.status.code(), None, "{part:?}, {step}: {said}");
    dir
}

/// The start after it, as the server makes it, and how many files it took in.
async fn start(dir: &Path) -> (Store, EvidenceStore, u64) {
    let (store, evidence) = open(dir).await;
    let (of_pending, left) = evidence.recover().await.unwrap();
    store.end_left_open(now(), "restart").await.unwrap();
    store.fail_unfinished_evidence().await.unwrap();
    let rest = evidence.recover_rest(left).await.unwrap();
    (store, evidence, of_pending.adopted + rest.adopted)
}

#[tokio::test]
async fn a_crash_at_any_step_leaves_a_chain_that_verifies() {
    for (part, step, files, adopted, pictures, clip) in CRASHES {
        let about = format!("{part:?}, {step}");
        let dir = crash(part, step);
        // As it was left: nothing that is noted is missing or changed.
        let before = verify(dir.path(), None).await.unwrap();
        assert!(before.ok, "{about}: {before:?}");

        let (store, _evidence, taken_in) = start(dir.path()).await;
        let after = verify(dir.path(), None).await.unwrap();
        assert!(after.ok, "{about}: {after:?}");
        assert_eq!((after.files, after.strays_total), (files, 0), "{about}: {after:?}");
        let in_chain = after.entries.get(kind::ADOPTED).copied().unwrap_or_default();
        assert_eq!((taken_in, in_chain), (adopted, adopted), "{about}: {after:?}");
        let event = store.events(&EventFilter::default()).await.unwrap().remove(0).event;
        assert_eq!((event.snapshot, event.clip), (pictures, clip), "{about}");
        // Which part of the source a clip shows only its writer could say: nobody says it of one
        // that the start took in, and what was said stays.
        let says = event.details.get("clip");
        assert_eq!(says.is_some(), part == Removal, "{about}: {says:?}");
        let folder = dir.path().join("evidence");
        let halves = walk(&folder).into_iter().filter(|name| name.ends_with(".half")).count();
        assert_eq!(halves, 0, "{about}");
    }
}

#[tokio::test]
async fn a_clip_that_was_renamed_and_not_noted_is_taken_in_and_counted() {
    for step in ["file renamed", "before the chain"] {
        let dir = crash(Clip, step);
        let left = verify(dir.path(), None).await.unwrap();
        assert_eq!((left.files, left.strays_total), (4, 1), "{step}: {left:?}");
        let clip = left.strays[0].clone();

        let (store, evidence, _) = start(dir.path()).await;
        let event = store.events(&EventFilter::default()).await.unwrap().remove(0).event;
        assert_eq!(clip, name_of(event.id, FileKind::Clip.suffix()).unwrap(), "{step}");
        let entry = store.chain_file(&clip).await.unwrap().unwrap();
        assert_eq!((entry.kind.as_str(), entry.is_whole()), (kind::ADOPTED, true), "{step}");
        let (_file, length) = evidence.open_file(event.id, FileKind::Clip).await.unwrap();
        assert_eq!(length, 9000, "{step}");
        let whole = verify(dir.path(), Some(&[event.id])).await.unwrap();
        assert_eq!((whole.ok, whole.files, whole.bytes), (true, 5, 17_100), "{step}: {whole:?}");
        assert_eq!(evidence.bytes(), 17_100, "{step}");

        // The start after the next finds nothing to mend.
        store.close().await;
        let (store, _evidence, taken_in) = start(dir.path()).await;
        assert_eq!(taken_in, 0, "{step}");
        let again = store.event(event.id).await.unwrap().unwrap().event;
        assert_eq!((again.snapshot, again.clip), (Stored, Stored), "{step}");
        assert!(verify(dir.path(), None).await.unwrap().ok, "{step}");

        // Like any other it goes with its event.
        store.close().await;
        let (_store, evidence) = open(dir.path()).await;
        let later = Utc(now().micros() + 86_400_000_000);
        assert_eq!(evidence.remove_aged(later).await.unwrap().files, 5, "{step}");
        let gone = verify(dir.path(), None).await.unwrap();
        assert_eq!((gone.ok, gone.files, gone.strays_total), (true, 0, 0), "{step}: {gone:?}");
    }
}

#[tokio::test]
async fn what_the_start_removes_is_not_counted_any_more() {
    let dir = crash(Removal, "removal noted");
    let (_store, evidence, _) = start(dir.path()).await;
    assert!(walk(&dir.path().join("evidence")).is_empty());
    assert_eq!(evidence.bytes(), 0, "room is not made for what is gone");
}

fn walk(folder: &Path) -> Vec<String> {
    crate::chain::verify::files::names(folder).unwrap().into_iter().collect()
}
