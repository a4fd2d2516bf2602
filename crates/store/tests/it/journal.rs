//! The journal file.

use std::fs;
use std::io::Write;

use safe_yolo_core::Severity;
use safe_yolo_store::Journal;
use safe_yolo_store::journal::JournalError;
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{event, raised};

#[test]
fn what_was_appended_comes_back_in_order_until_cleared() {
    let dir = TempDir::new().unwrap();
    let changes: Vec<_> =
        (0..20).map(|_| (Uuid::now_v7(), raised(&event(Severity::Critical)))).collect();
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    assert!(journal.is_empty());
    for (id, change) in &changes[..10] {
        journal.append(*id, change).unwrap();
    }
    drop(journal);
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    assert_eq!(
        journal.append_all(changes[10..].iter().map(|(id, change)| (*id, change))).unwrap(),
        10
    );
    let replay = journal.replay().unwrap();
    assert_eq!(replay.changes, changes);
    assert!(replay.damaged.is_empty());
    journal.clear().unwrap();
    assert!(journal.is_empty() && journal.replay().unwrap().changes.is_empty());
    assert!(Journal::open(dir.path(), 1).unwrap().is_empty());
}

#[test]
fn a_line_cut_short_by_a_crash_is_dropped() {
    let dir = TempDir::new().unwrap();
    let (a, b) = (raised(&event(Severity::Critical)), raised(&event(Severity::Critical)));
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    journal.append(Uuid::now_v7(), &a).unwrap();
    let path = journal.path().to_owned();
    drop(journal);
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"change_id\":\"0192")
        .unwrap();
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    journal.append(Uuid::now_v7(), &b).unwrap();
    let replay = journal.replay().unwrap();
    assert_eq!(replay.changes.into_iter().map(|(_, change)| change).collect::<Vec<_>>(), [a, b]);
    assert!(replay.damaged.is_empty());
}

#[test]
fn a_damaged_line_is_reported_and_can_be_kept() {
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    for _ in 0..3 {
        journal.append(Uuid::now_v7(), &raised(&event(Severity::Critical))).unwrap();
    }
    let path = journal.path().to_owned();
    drop(journal);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    fs::write(&path, format!("{}\n{{broken\n{}\n", lines[0], lines[2])).unwrap();
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    let replay = journal.replay().unwrap();
    assert_eq!(replay.changes.len(), 2);
    assert_eq!(replay.damaged.iter().map(|line| line.number).collect::<Vec<_>>(), [2]);
    let kept = journal.set_aside().unwrap();
    journal.clear().unwrap();
    assert!(fs::read_to_string(kept).unwrap().contains("{broken"));
}

#[test]
fn a_full_journal_names_its_limit() {
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path(), 1500).unwrap();
    let changes: Vec<_> =
        (0..9).map(|_| (Uuid::now_v7(), raised(&event(Severity::Critical)))).collect();
    let taken = journal.append_all(changes.iter().map(|(id, change)| (*id, change))).unwrap();
    assert!(taken > 0 && taken < 9, "{taken}");
    let error = journal.append(changes[8].0, &changes[8].1).unwrap_err();
    assert!(matches!(error, JournalError::Full { bytes_max: 1500, .. }), "{error:?}");
    assert!(error.to_string().contains("1500"));
    assert_eq!(journal.replay().unwrap().changes, changes[..taken]);
}
