//! Evidence files: written, noted in the chain, removed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safe_yolo_core::event::{SnapshotState, ZoneRef};
use safe_yolo_core::incident::Step;
use safe_yolo_core::{EventId, Severity, Utc};
use safe_yolo_store::chain::verify::{What, verify};
use safe_yolo_store::chain::{Hash, entry_hash, kind};
use safe_yolo_store::evidence::{
    DiskLevel, DiskSpace, EvidenceError, EvidenceLimits, FileKind, Space,
};
use safe_yolo_store::{EvidenceStore, StepBy, Store};
use tempfile::TempDir;
use uuid::{NoContext, Timestamp, Uuid};

use crate::fixture::{Lock, T0, connect, event, raised, store};

const DAY_S: u64 = 86_400;

/// An event on a day, counted from 2026-01-31.
fn on_day(day: u64) -> EventId {
    EventId(Uuid::new_v7(Timestamp::from_unix(NoContext, 1_769_847_300 + day * DAY_S, 0)))
}

/// Room on every disk, so that the one under the tests does not matter.
fn roomy() -> DiskSpace {
    DiskSpace::new(|_| Ok(Space { free: 1 << 40, total: 1 << 40 }))
}

async fn open(dir: &Path, store: &Store, bytes_max: u64) -> EvidenceStore {
    let limits = EvidenceLimits { bytes_max, ..EvidenceLimits::default() };
    EvidenceStore::open_with(dir, limits, store.clone(), roomy()).await.unwrap()
}

/// An event that is stored and waits for its picture, an incident of its own.
async fn waiting(store: &Store, id: EventId) {
    let mut event = event(Severity::Critical);
    event.id = id;
    event.zone =
        Some(ZoneRef { id: format!("z-{id}").parse().unwrap(), name: id.to_string(), place: None });
    event.snapshot = SnapshotState::Pending;
    store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
}

/// Keeps or releases the case of an event.
async fn step(store: &Store, id: EventId, step: &Step) {
    let wanted = StepBy { id, step, by: "kim", at: T0, based_on: None };
    store.take_step(wanted).await.unwrap();
}

async fn hold(store: &Store, id: EventId) {
    step(store, id, &Step::Hold { note: "accident".into() }).await;
    assert!(store.held_events().await.unwrap().contains(&id));
}

#[tokio::test]
async fn pictures_lie_by_day_and_come_back() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    let id = on_day(0);
    let saved = store.save(id, vec![1; 10], vec![2; 20]).await.unwrap();
    assert_eq!(store.load(id, false).await.unwrap(), [1; 10]);
    assert_eq!(store.load(id, true).await.unwrap(), [2; 20]);
    let names: Vec<String> =
        store.files_of(id).await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [format!("2026/01/31/{id}.clean.jpg"), format!("2026/01/31/{id}.jpg")]);
    for file in &saved {
        let entry = db.chain_file(&file.name).await.unwrap().unwrap();
        assert_eq!((entry.content, entry.is_whole()), (file.sha256, true));
    }
    // The same again, as after a note that failed; another content is no evidence.
    store.save(id, vec![1; 10], vec![2; 20]).await.unwrap();
    assert!(verify(dir.path(), None).await.unwrap().ok);
    store.save(id, vec![3; 5], vec![4; 5]).await.unwrap();
    assert_eq!(store.bytes(), 10);
    assert_eq!(verify(dir.path(), None).await.unwrap().faults_total, 2);

    let folder = dir.path().join("evidence/2026/01/31");
    fs::write(folder.join(".x.jpg.half"), [0; 99]).unwrap();
    let store = open(dir.path(), &db, 1000).await;
    assert_eq!(store.bytes(), 10);
    assert!(!folder.join(".x.jpg.half").exists());
}

#[tokio::test]
async fn a_finished_file_is_taken_in() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    let id = on_day(0);
    let made = store.temporary(id, FileKind::Clip).await.unwrap();
    fs::write(&made, [7; 100]).unwrap();
    let saved = store.save_file(id, FileKind::Clip, made.clone()).await.unwrap();
    assert_eq!((saved.bytes, store.bytes(), made.exists()), (100, 100, false));
    assert_eq!(fs::read(store.path(id, "mp4").unwrap()).unwrap(), [7; 100]);
    assert!(verify(dir.path(), None).await.unwrap().ok);
    store.save_bytes(id, FileKind::Boxes, b"{}".to_vec()).await.unwrap();
    let (_file, length) = store.open_file(id, FileKind::Boxes).await.unwrap();
    assert_eq!(length, 2);
    let none = store.open_file(id, FileKind::ClipBoxes).await;
    assert!(matches!(none, Err(EvidenceError::NotFound(_))));
    fs::write(&made, [7; 2000]).unwrap();
    let error = store.save_file(id, FileKind::Clip, made.clone()).await.unwrap_err();
    assert!(matches!(error, EvidenceError::NoSpace { .. }), "{error}");
    assert!(!made.exists());
    assert_eq!(fs::read(store.path(id, "mp4").unwrap()).unwrap(), [7; 100], "the old one stays");
}

/// Makes a file one that not even root can delete, or one of the usual kind; false where the disk has no such mark.
fn set_immutable(path: &Path, yes: bool) -> bool {
    let mark = if yes { "+i" } else { "-i" };
    let set = std::process::Command::new("chattr").arg(mark).arg(path).output();
    set.is_ok_and(|set| set.status.success())
}

#[tokio::test]
async fn a_file_that_cannot_be_deleted_keeps_no_new_evidence_away() {
    let (dir, db) = store().await;
    let limits = EvidenceLimits { bytes_max: 100, age_max: Some(Duration::from_secs(DAY_S)) };
    let store = EvidenceStore::open_with(dir.path(), limits, db, roomy()).await.unwrap();
    let ids: Vec<_> = (0..5).map(on_day).collect();
    for id in &ids[..3] {
        store.save_bytes(*id, FileKind::Clip, vec![1; 30]).await.unwrap();
    }
    let oldest = store.path(ids[0], "mp4").unwrap();
    assert!(oldest.exists());
    if !set_immutable(&oldest, true) {
        eprintln!("SKIPPED: files of {} cannot be made immutable here", dir.path().display());
        return;
    }
    // Enough was removed only when the next oldest goes, too.
    let first = store.save_bytes(ids[3], FileKind::Clip, vec![1; 30]).await;
    let second = store.save_bytes(ids[3], FileKind::Boxes, vec![1; 10]).await;
    let third = store.save_bytes(ids[4], FileKind::Clip, vec![1; 30]).await;
    let aged = store.remove_aged(Utc(T0.0 + 10 * 86_400_000_000)).await;
    let (bytes, undeletable) = (store.bytes(), store.undeletable());
    assert!(set_immutable(&oldest, false));
    println!("{first:?} {second:?} {third:?}");
    first.unwrap();
    second.unwrap();
    third.unwrap();
    assert!(aged.is_err(), "removal by age tells of it again: {aged:?}");
    assert_eq!(bytes, 30, "it is counted as long as it is there");
    let name = format!("{}.mp4", ids[0]);
    assert!(undeletable.is_some_and(|told| told.contains("1 files") && told.contains(&name)));
    let removed = store.remove_aged(Utc(T0.0 + 10 * 86_400_000_000)).await.unwrap();
    assert_eq!((removed.files, store.bytes(), store.undeletable()), (1, 0, None));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    assert!(matches!(store.load(on_day(0), false).await, Err(EvidenceError::NotFound(_))));
    let timeless = EventId(Uuid::nil());
    assert!(matches!(store.save(timeless, vec![], vec![]).await, Err(EvidenceError::NoDay(_))));
}

#[tokio::test]
async fn a_full_budget_is_told_from_other_failures() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 25).await;
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
async fn the_oldest_make_room_but_never_those_that_are_held() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 100).await;
    let ids = [on_day(0), on_day(1), on_day(2)];
    for id in ids {
        waiting(&db, id).await;
        store.save(id, vec![0; 15], vec![0; 15]).await.unwrap();
    }
    hold(&db, ids[0]).await;
    store.save(on_day(3), vec![0; 20], vec![0; 20]).await.unwrap();
    assert!(store.load(ids[0], false).await.is_ok(), "it is held");
    assert!(matches!(store.load(ids[1], false).await, Err(EvidenceError::NotFound(_))));
    assert!(!dir.path().join("evidence/2026/02/01").exists());
    assert_eq!(store.bytes(), 100);
    let report = verify(dir.path(), None).await.unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!((report.entries["removed"], report.files), (2, 6));
    // Nothing is removed for what can't fit anyway.
    let error = store.save(on_day(4), vec![0; 50], vec![0; 50]).await.unwrap_err();
    assert!(matches!(error, EvidenceError::NoSpace { .. }), "{error}");
    assert!(store.load(ids[2], false).await.is_ok());
    // An older event never pushes out newer ones.
    let error = store.save(on_day(0), vec![0; 1], vec![]).await.unwrap_err();
    assert!(matches!(error, EvidenceError::NoSpace { .. }), "{error}");
    step(&db, ids[0], &Step::Release { note: String::new() }).await;
    store.save(on_day(4), vec![0; 10], vec![]).await.unwrap();
    assert!(matches!(store.load(ids[0], false).await, Err(EvidenceError::NotFound(_))));
}

#[tokio::test]
async fn what_is_older_than_the_limit_goes() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    let ids = [on_day(0), on_day(1), on_day(2)];
    for id in ids {
        waiting(&db, id).await;
        store.save(id, vec![0; 5], vec![0; 5]).await.unwrap();
    }
    hold(&db, ids[0]).await;
    // 30 days after the second event, and a second.
    let now = Utc(T0.micros() + (31 * DAY_S as i64 + 1) * 1_000_000);
    let removed = store.remove_aged(now).await.unwrap();
    assert_eq!((removed.events, removed.files, removed.bytes), (1, 2, 10));
    assert!(store.load(ids[0], false).await.is_ok());
    assert!(matches!(store.load(ids[1], false).await, Err(EvidenceError::NotFound(_))));
    assert!(store.load(ids[2], false).await.is_ok());
    assert!(verify(dir.path(), None).await.unwrap().ok);
    let limits = EvidenceLimits { age_max: None, ..EvidenceLimits::default() };
    let forever = EvidenceStore::open_with(dir.path(), limits, db, roomy()).await.unwrap();
    let late = Utc(now.micros() * 2);
    assert_eq!(forever.remove_aged(late).await.unwrap().files, 0);
}

#[tokio::test]
async fn nothing_is_removed_that_cannot_be_noted() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    store.save(on_day(0), vec![0; 5], vec![0; 5]).await.unwrap();
    let lock = Lock::take(dir.path()).await;
    let error = store.free(1, "disk").await.unwrap_err();
    assert!(matches!(error, EvidenceError::Noting(_)), "{error}");
    // What is written meanwhile is kept, and noted as soon as it can be.
    let id = on_day(1);
    store.save(id, vec![1; 5], vec![1; 5]).await.unwrap();
    lock.release().await;
    assert_eq!(store.bytes(), 20);
    assert_eq!(verify(dir.path(), None).await.unwrap().strays_total, 2);
    store.guard().await.unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!((report.ok, report.files, report.strays_total), (true, 4, 0), "{report:?}");
}

#[tokio::test]
async fn files_that_were_altered_are_named() {
    type Harm = fn(&Path);
    let cases: [(Harm, What); 4] = [
        (
            |path| {
                let mut bytes = fs::read(path).unwrap();
                bytes[3] ^= 1;
                fs::write(path, bytes).unwrap();
            },
            What::Changed,
        ),
        (|path| fs::write(path, b"").unwrap(), What::Changed),
        (|path| fs::remove_file(path).unwrap(), What::Missing),
        (|path| fs::rename(path, path.with_extension("jpeg")).unwrap(), What::Renamed),
    ];
    for (alter, what) in cases {
        let (dir, db) = store().await;
        let store = open(dir.path(), &db, 1000).await;
        let id = on_day(0);
        waiting(&db, id).await;
        store.save(id, vec![1; 10], vec![2; 20]).await.unwrap();
        alter(&store.path(id, "clean.jpg").unwrap());
        for events in [None, Some([id].as_slice())] {
            let report = verify(dir.path(), events).await.unwrap();
            let found: Vec<_> =
                report.faults.iter().map(|fault| (fault.target.as_str(), fault.what)).collect();
            assert_eq!(found, [(format!("2026/01/31/{id}.clean.jpg").as_str(), what)]);
            assert_eq!(report.strays_total, 0, "{report:?}");
        }
        let others = verify(dir.path(), Some(&[on_day(5)])).await.unwrap();
        assert_eq!((others.ok, others.files, others.files_not_asked), (true, 0, 2));
    }
}

#[tokio::test]
async fn a_file_of_nobody_is_a_stray_and_no_fault() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    store.save(on_day(0), vec![1; 10], vec![2; 20]).await.unwrap();
    let folder = dir.path().join("evidence/2026/01/31");
    for name in ["notes.txt".to_owned(), format!("{}.jpg", on_day(0))] {
        fs::write(folder.join(name), b"x").unwrap();
    }
    let again = open(dir.path(), &db, 1000).await;
    let (recovered, left) = again.recover().await.unwrap();
    assert_eq!((recovered.adopted, recovered.strays), (0, 1));
    let recovered = again.recover_rest(left).await.unwrap();
    assert_eq!((recovered.adopted, recovered.strays), (0, 1));
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!((report.ok, report.files, report.strays_total), (true, 2, 2), "{report:?}");
}

#[tokio::test]
async fn what_lies_beside_the_days_stops_nothing_and_is_not_taken_in() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    let id = on_day(0);
    let mut event = event(Severity::Critical);
    (event.id, event.snapshot, event.clip) = (id, SnapshotState::Pending, SnapshotState::Failed);
    db.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    store.save(id, vec![1; 10], vec![2; 20]).await.unwrap();
    let evidence = dir.path().join("evidence");
    fs::create_dir(evidence.join("lost+found")).unwrap();
    fs::write(evidence.join("lost+found/piece"), b"x").unwrap();
    // With the event's id, and yet not its own; and a folder where its list of boxes would be.
    let folder = evidence.join("2026/01/31");
    for name in [format!("{id}.mp4"), format!("{id}.clean copy.jpg")] {
        fs::write(folder.join(name), b"x").unwrap();
    }
    fs::create_dir(folder.join(format!("{id}.boxes.json"))).unwrap();
    let again = open(dir.path(), &db, 1000).await;
    let (recovered, left) = again.recover().await.unwrap();
    let rest = again.recover_rest(left).await.unwrap();
    assert_eq!((recovered.adopted, rest.adopted), (0, 0));
    assert_eq!(recovered.strays + rest.strays, 4, "{recovered:?} {rest:?}");
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!((report.ok, report.files, report.strays_total), (true, 2, 4), "{report:?}");
    // They are nothing that retention could remove, and keep nothing else.
    assert_eq!(again.free(u64::MAX, "size").await.unwrap().files, 3);
    assert!(verify(dir.path(), None).await.unwrap().ok);
}

#[tokio::test]
async fn a_second_entry_proves_nothing_of_another_content() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    let id = on_day(0);
    waiting(&db, id).await;
    store.save(id, vec![1; 10], vec![2; 20]).await.unwrap();
    let (path, name) = (store.path(id, "jpg").unwrap(), format!("2026/01/31/{id}.jpg"));
    fs::write(path, b"forged").unwrap();
    let head = db.chain_head().await.unwrap();
    let (number, at, content) = (head.number + 1, Utc(0), Hash::of(b"forged"));
    let hash = entry_hash(head.hash, number, at, kind::FILE, &name, content);
    let mut raw = connect(dir.path()).await;
    sqlx::query(
        "INSERT INTO chain (number, at, kind, target, content, hash) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(number)
    .bind(at.micros())
    .bind(kind::FILE)
    .bind(&name)
    .bind(content.0.to_vec())
    .bind(hash.0.to_vec())
    .execute(&mut raw)
    .await
    .unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    assert!(report.faults.iter().any(|fault| fault.target == name), "{report:?}");
}

#[tokio::test]
async fn the_disk_is_guarded_before_it_is_full() {
    const GIB: u64 = 1 << 30;
    let (dir, db) = store().await;
    let free = Arc::new(AtomicU64::new(2 * GIB));
    let (asked, root) = (Arc::clone(&free), dir.path().join("evidence"));
    // What is removed becomes free.
    let space = DiskSpace::new(move |_| {
        let used: u64 = walk(&root);
        Ok(Space { free: asked.load(Ordering::SeqCst) - used, total: 10 * GIB })
    });
    let store = EvidenceStore::open_with(dir.path(), EvidenceLimits::default(), db.clone(), space)
        .await
        .unwrap();
    let ids = [on_day(0), on_day(1), on_day(2)];
    for id in ids {
        waiting(&db, id).await;
        store.save(id, vec![0; 50], vec![0; 50]).await.unwrap();
    }
    hold(&db, ids[0]).await;
    assert_eq!(store.guard().await.unwrap().level, DiskLevel::Enough);
    // 50 bytes too little: the oldest that is not held goes, and that is enough.
    free.store(GIB + 250, Ordering::SeqCst);
    let guarded = store.guard().await.unwrap();
    assert_eq!((guarded.level, guarded.removed.events), (DiskLevel::Enough, 1));
    assert!(store.load(ids[2], false).await.is_ok());
    // All that may go is not enough.
    free.store(GIB - 1, Ordering::SeqCst);
    let guarded = store.guard().await.unwrap();
    assert_eq!((guarded.level, guarded.removed.events), (DiskLevel::Low, 1));
    assert!(store.load(ids[0], false).await.is_ok(), "it is held");
    let id = on_day(3);
    let made = store.temporary(id, FileKind::Clip).await.unwrap();
    fs::write(&made, b"clip").unwrap();
    free.store(GIB / 2, Ordering::SeqCst);
    assert_eq!(store.guard().await.unwrap().level, DiskLevel::NoClips);
    let error = store.save_file(id, FileKind::Clip, made.clone()).await.unwrap_err();
    assert!(matches!(error, EvidenceError::DiskLow { .. }), "{error}");
    store.save(id, vec![1], vec![1]).await.unwrap();
    free.store(GIB / 4, Ordering::SeqCst);
    assert_eq!(store.guard().await.unwrap().level, DiskLevel::NoPictures);
    let error = store.save(on_day(4), vec![1], vec![1]).await.unwrap_err();
    assert!(error.to_string().contains("bytes are free"), "{error}");
    // Events go on, and so does all the rest once there is room.
    waiting(&db, on_day(4)).await;
    free.store(2 * GIB, Ordering::SeqCst);
    assert_eq!(store.guard().await.unwrap().level, DiskLevel::Enough);
    let made = store.temporary(id, FileKind::Clip).await.unwrap();
    fs::write(&made, b"clip").unwrap();
    store.save_file(id, FileKind::Clip, made).await.unwrap();
    assert!(verify(dir.path(), None).await.unwrap().ok);
}

fn walk(folder: &Path) -> u64 {
    // What is removed meanwhile takes no room.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.path().is_dir() {
        true => walk(&entry.path()),
        false => entry.metadata().map_or(0, |file| file.len()),
    };
    entries.map(bytes).sum()
}

#[tokio::test]
async fn a_disk_that_does_not_answer_stops_nothing() {
    let (dir, db) = store().await;
    let space = DiskSpace::new(|_| Err(std::io::Error::other("gone")));
    let limits = EvidenceLimits { age_max: Some(Duration::MAX), ..EvidenceLimits::default() };
    let store = EvidenceStore::open_with(dir.path(), limits, db, space).await.unwrap();
    assert!(store.guard().await.is_err());
    store.save(on_day(0), vec![1], vec![1]).await.unwrap();
    assert_eq!(store.remove_aged(T0).await.unwrap().files, 0);
}

#[tokio::test]
async fn verifying_a_folder_that_is_not_there_makes_nothing() {
    let dir = TempDir::new().unwrap();
    assert!(verify(&dir.path().join("gone"), None).await.is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_is_taken_over_with_its_hash_and_counted() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 1000).await;
    let id = on_day(0);
    let half = store.temporary(id, FileKind::Clip).await.unwrap();
    assert_eq!(half.extension().unwrap(), "half");
    fs::write(&half, b"abc").unwrap();
    let saved = store.save_file(id, FileKind::Clip, half.clone()).await.unwrap();
    assert_eq!((saved.name, saved.bytes), (format!("2026/01/31/{id}.mp4"), 3));
    // FIPS 180-2, B.1.
    assert_eq!(
        saved.sha256.to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert!(!half.exists());
    store.save_bytes(id, FileKind::ClipBoxes, vec![1; 10]).await.unwrap();
    store.save_bytes(id, FileKind::ClipBoxes, vec![1; 20]).await.unwrap();
    assert_eq!(store.bytes(), 23, "what was replaced is not counted");
    let (file, length) = store.open_file(id, FileKind::Clip).await.unwrap();
    assert_eq!((std::io::read_to_string(file).unwrap().as_str(), length), ("abc", 3));
    assert!(matches!(store.open_file(id, FileKind::Boxes).await, Err(EvidenceError::NotFound(_))));
    // The same after the next start; what was half written is gone.
    fs::write(&half, b"half").unwrap();
    let store = open(dir.path(), &db, 1000).await;
    assert_eq!(store.bytes(), 23);
    assert!(!half.exists());
}

#[tokio::test]
async fn a_file_for_which_there_is_no_room_is_removed() {
    let (dir, db) = store().await;
    let store = open(dir.path(), &db, 10).await;
    let id = on_day(0);
    let half = store.temporary(id, FileKind::Clip).await.unwrap();
    fs::write(&half, [0; 11]).unwrap();
    let refused = store.save_file(id, FileKind::Clip, half.clone()).await;
    assert!(matches!(refused, Err(EvidenceError::NoSpace { bytes: 11, .. })));
    assert!(!half.exists());
    let gone = store.save_file(id, FileKind::Clip, half).await;
    assert!(matches!(gone, Err(EvidenceError::File { doing: "sync", .. })));
    // Older days make room for newer clips.
    let newer = store.temporary(on_day(1), FileKind::Clip).await.unwrap();
    store.save_bytes(id, FileKind::Boxes, vec![0; 8]).await.unwrap();
    fs::write(&newer, [0; 9]).unwrap();
    store.save_file(on_day(1), FileKind::Clip, newer).await.unwrap();
    assert_eq!(store.bytes(), 9);
}
