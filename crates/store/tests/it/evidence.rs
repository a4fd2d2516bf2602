//! Evidence files.

use std::fs;
use std::path::Path;

use safe_yolo_core::EventId;
use safe_yolo_store::EvidenceStore;
use safe_yolo_store::evidence::{EvidenceError, EvidenceLimits, FileKind};
use tempfile::TempDir;
use uuid::{NoContext, Timestamp, Uuid};

const DAY_S: u64 = 86_400;

/// An event on a day, counted from 2026-01-31.
fn on_day(day: u64) -> EventId {
    EventId(Uuid::new_v7(Timestamp::from_unix(NoContext, 1_769_847_300 + day * DAY_S, 0)))
}

async fn open(dir: &Path, bytes_max: u64) -> EvidenceStore {
    EvidenceStore::open(dir, EvidenceLimits { bytes_max }).await.unwrap()
}

#[tokio::test]
async fn pictures_lie_by_day_and_come_back() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path(), 1000).await;
    let id = on_day(0);
    assert!(store.save(id, vec![1; 10], vec![2; 20]).await.unwrap().is_empty());
    assert_eq!(store.load(id, false).await.unwrap(), [1; 10]);
    assert_eq!(store.load(id, true).await.unwrap(), [2; 20]);
    let folder = dir.path().join("evidence/2026/01/31");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [format!("{id}.clean.jpg"), format!("{id}.jpg")]);
    // Saving again replaces.
    store.save(id, vec![3; 5], vec![4; 5]).await.unwrap();
    assert_eq!(store.bytes(), 10);

    fs::write(folder.join(".x.jpg.half"), [0; 99]).unwrap();
    let store = open(dir.path(), 1000).await;
    assert_eq!(store.bytes(), 10);
    assert!(!folder.join(".x.jpg.half").exists());
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path(), 1000).await;
    assert!(matches!(store.load(on_day(0), false).await, Err(EvidenceError::NotFound(_))));
    let timeless = EventId(Uuid::nil());
    assert!(matches!(store.save(timeless, vec![], vec![]).await, Err(EvidenceError::NoDay(_))));
}

#[tokio::test]
async fn a_full_budget_is_told_from_other_failures() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path(), 25).await;
    let id = on_day(0);
    let error = store.save(id, vec![1; 10], vec![2; 20]).await.unwrap_err();
    assert!(matches!(error, EvidenceError::NoSpace { bytes: 30, .. }), "{error}");
    assert!(matches!(store.load(id, false).await, Err(EvidenceError::NotFound(_))));
    // A file where a folder should be is another matter.
    fs::write(dir.path().join("evidence/2026"), b"").unwrap();
    let error = store.save(id, vec![1; 1], vec![2; 1]).await.unwrap_err();
    assert!(matches!(error, EvidenceError::File { .. }), "{error}");
    assert_eq!(store.bytes(), 0);
}

#[tokio::test]
async fn the_oldest_days_make_room_and_are_named() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path(), 100).await;
    let days = [on_day(0), on_day(1), on_day(2)];
    for id in days {
        store.save(id, vec![0; 15], vec![0; 15]).await.unwrap();
    }
    let removed = store.save(on_day(2), vec![0; 20], vec![0; 20]).await.unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!((removed[0].day.as_str(), removed[0].bytes), ("2026/01/31", 30));
    assert!(matches!(store.load(days[0], false).await, Err(EvidenceError::NotFound(_))));
    assert!(store.load(days[1], false).await.is_ok());
    assert_eq!(store.bytes(), 100);
    // Nothing is removed for what can't fit anyway.
    let error = store.save(on_day(2), vec![0; 20], vec![0; 20]).await.unwrap_err();
    assert!(matches!(error, EvidenceError::NoSpace { .. }), "{error}");
    assert!(store.load(days[1], false).await.is_ok());
    // An older event never pushes out newer ones.
    let error = store.save(on_day(0), vec![0; 1], vec![]).await.unwrap_err();
    assert!(matches!(error, EvidenceError::NoSpace { .. }), "{error}");
}

#[tokio::test]
async fn a_file_is_taken_over_with_its_hash_and_counted() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path(), 1000).await;
    let id = on_day(0);
    let half = store.temporary(id, FileKind::Clip).await.unwrap();
    assert_eq!(half.extension().unwrap(), "half");
    fs::write(&half, b"abc").unwrap();
    let saved = store.save_file(id, FileKind::Clip, half.clone()).await.unwrap();
    assert_eq!((saved.name, saved.bytes), (format!("{id}.mp4"), 3));
    // FIPS 180-2, B.1.
    assert_eq!(saved.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert!(!half.exists());
    store.save_bytes(id, FileKind::ClipBoxes, vec![1; 10]).await.unwrap();
    store.save_bytes(id, FileKind::ClipBoxes, vec![1; 20]).await.unwrap();
    assert_eq!(store.bytes(), 23, "what was replaced is not counted");
    let (file, length) = store.open_file(id, FileKind::Clip).await.unwrap();
    assert_eq!((std::io::read_to_string(file).unwrap().as_str(), length), ("abc", 3));
    assert!(matches!(store.open_file(id, FileKind::Boxes).await, Err(EvidenceError::NotFound(_))));
    // The same after the next start; what was half written is gone.
    fs::write(&half, b"half").unwrap();
    let store = open(dir.path(), 1000).await;
    assert_eq!(store.bytes(), 23);
    assert!(!half.exists());
}

#[tokio::test]
async fn a_file_for_which_there_is_no_room_is_removed() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path(), 10).await;
    let id = on_day(0);
    let half = store.temporary(id, FileKind::Clip).await.unwrap();
    fs::write(&half, [0; 11]).unwrap();
    let refused = store.save_file(id, FileKind::Clip, half.clone()).await;
    assert!(matches!(refused, Err(EvidenceError::NoSpace { bytes: 11, .. })));
    assert!(!half.exists());
    let gone = store.save_file(id, FileKind::Clip, half).await;
    assert!(matches!(gone, Err(EvidenceError::File { doing: "read", .. })));
    // Older days make room for newer clips.
    let newer = store.temporary(on_day(1), FileKind::Clip).await.unwrap();
    store.save_bytes(id, FileKind::Boxes, vec![0; 8]).await.unwrap();
    fs::write(&newer, [0; 9]).unwrap();
    store.save_file(on_day(1), FileKind::Clip, newer).await.unwrap();
    assert_eq!(store.bytes(), 9);
}
