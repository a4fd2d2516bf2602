//! The hash chain: what is written is in it, and what was altered is named.

use std::path::Path;
use std::time::Instant;

use safe_yolo_core::{EventChange, Severity};
use safe_yolo_store::chain::verify::{Report, What, verify};
use safe_yolo_store::chain::{Hash, kind};
use safe_yolo_store::{Store, StoreError};
use sqlx::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{T0, connect, ended, event, raise, raised, seconds, store, updated};

/// Changes the database as somebody would who means to leave no trace.
pub(crate) async fn tamper(dir: &Path, sql: &'static str) {
    let mut db = connect(dir).await;
    for trigger in [
        "chain_is_never_changed",
        "chain_is_never_deleted",
        "audit_is_never_changed",
        "audit_is_never_deleted",
        "incident_log_is_never_changed",
        "incident_log_is_never_deleted",
    ] {
        let drop = format!("DROP TRIGGER {trigger}");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut db).await.unwrap();
    }
    let done = sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    assert!(done.rows_affected() > 0, "nothing was altered by {sql}");
    db.close().await.unwrap();
}

/// Two events with three changes each, one acknowledged, and two lines of the audit.
async fn filled() -> (TempDir, Store) {
    let (dir, store) = store().await;
    for severity in [Severity::Critical, Severity::Warning] {
        let event = event(severity);
        for change in [raised(&event), updated(&event), ended(&event, seconds(9))] {
            store.record(Uuid::now_v7(), &change).await.unwrap();
        }
        store.acknowledge(event.id, "kim", "seen", seconds(10)).await.unwrap();
        store
            .audit(seconds(11), "kim", "event.acknowledge", &event.id.to_string(), "")
            .await
            .unwrap();
    }
    (dir, store)
}

fn counts(report: &Report) -> Vec<(&str, u64)> {
    report.entries.iter().map(|(kind, count)| (kind.as_str(), *count)).collect()
}

#[tokio::test]
async fn everything_written_is_in_the_chain_beside_a_running_store() {
    let (dir, store) = filled().await;
    let report = verify(dir.path(), None).await.unwrap();
    assert!(report.ok, "{report:?}");
    let found = counts(&report);
    assert_eq!(found[..3], [("audit", 2), ("change", 8), ("deed", 2)]);
    assert_eq!(report.head, store.chain_head().await.unwrap());
    assert!(report.unchecked.is_empty(), "{report:?}");
    // Opening it again adds nothing.
    store.close().await;
    let again = Store::open(dir.path()).await.unwrap();
    assert_eq!(again.chain_head().await.unwrap(), report.head);
    assert!(verify(dir.path(), None).await.unwrap().ok);
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_in_the_chain() {
    let (dir, store) = filled().await;
    let before = store.chain_head().await.unwrap();
    let lock = crate::fixture::Lock::take(dir.path()).await;
    let change = raised(&event(Severity::Critical));
    assert!(store.record(Uuid::now_v7(), &change).await.is_err());
    lock.release().await;
    assert_eq!(store.chain_head().await.unwrap(), before);
    // The same change twice is one entry.
    let id = Uuid::now_v7();
    store.record_batch(&[(id, change.clone()), (id, change)]).await.unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!((report.ok, report.entries["change"]), (true, 9), "{report:?}");
}

#[tokio::test]
async fn each_way_of_altering_rows_is_named() {
    let cases: [(&str, &str, &str, What); 26] = [
        (
            "UPDATE event_changes SET event = replace(event, '위험구역', '경고구역') WHERE seq = 2",
            "change",
            "2",
            What::Changed,
        ),
        ("UPDATE event_changes SET at = at + 1 WHERE seq = 3", "change", "3", What::Changed),
        (
            "UPDATE event_changes SET acknowledged = replace(acknowledged, 'kim', 'lee') WHERE seq = 4",
            "change",
            "4",
            What::Changed,
        ),
        ("DELETE FROM event_changes WHERE seq = 2", "change", "2", What::Missing),
        (
            "INSERT INTO event_changes (seq, change_id, event_id, kind, at, event) SELECT 99, 'x', event_id, 'updated', at, event FROM event_changes WHERE seq = 8",
            "change",
            "99",
            What::Added,
        ),
        ("UPDATE audit SET who = 'lee' WHERE number = 1", "audit", "1", What::Changed),
        ("DELETE FROM audit WHERE number = 2", "audit", "2", What::Missing),
        (
            "INSERT INTO audit (at, who, action, target, detail) VALUES (1, 'lee', 'x', 'y', 'z')",
            "audit",
            "3",
            What::Added,
        ),
        (
            "UPDATE chain SET content = zeroblob(32) WHERE kind = 'change' AND target = '4'",
            "change",
            "4",
            What::Changed,
        ),
        (
            "UPDATE chain SET at = at + 1 WHERE kind = 'change' AND target = '4'",
            "change",
            "4",
            What::Changed,
        ),
        ("DELETE FROM chain WHERE number = 5", "chain", "", What::Missing),
        (
            "UPDATE chain SET hash = zeroblob(32) WHERE kind = 'audit' AND target = '2'",
            "audit",
            "2",
            What::Changed,
        ),
        ("UPDATE events SET severity = 'INFO'", "event", "", What::Changed),
        ("DELETE FROM events", "event", "", What::Missing),
        ("UPDATE incident_log SET who = 'lee'", "deed", "1", What::Changed),
        ("DELETE FROM incident_log WHERE number = 2", "deed", "2", What::Missing),
        (
            "UPDATE incidents SET incident = replace(incident, 'acknowledged', 'resolved')",
            "incident",
            "",
            What::Changed,
        ),
        ("DELETE FROM incidents", "incident", "", What::Missing),
        (
            "UPDATE events SET acknowledged_at = acknowledged_at - 1000000",
            "event",
            "",
            What::Changed,
        ),
        ("UPDATE events SET start_at = start_at + 1", "event", "", What::Changed),
        ("UPDATE events SET end_at = NULL", "event", "", What::Changed),
        ("UPDATE events SET waits = 1", "event", "", What::Changed),
        ("UPDATE events SET incident = NULL", "incident", "", What::Changed),
        ("UPDATE incidents SET closed = 1", "incident", "", What::Changed),
        ("UPDATE incidents SET severity = 'INFO'", "incident", "", What::Changed),
        ("UPDATE incidents SET held = 1", "incident", "", What::Changed),
    ];
    for (sql, kind, target, what) in cases {
        let (dir, store) = filled().await;
        store.close().await;
        tamper(dir.path(), sql).await;
        let report = verify(dir.path(), None).await.unwrap();
        assert!(!report.ok, "{sql}");
        let named = report.faults.iter().any(|fault| {
            fault.kind == kind
                && fault.what == what
                && (target.is_empty() || fault.target == target)
        });
        assert!(named, "{sql}: {report:?}");
    }
}

#[tokio::test]
async fn an_incident_that_was_altered_is_not_chained_by_the_next_write() {
    let (dir, store) = filled().await;
    let sql = "UPDATE incidents SET state = 'resolved', incident = replace(incident, '\"acknowledged\",', '\"resolved\",')";
    tamper(dir.path(), sql).await;
    store.record(Uuid::now_v7(), &raised(&event(Severity::Critical))).await.unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    let named = |fault: &safe_yolo_store::chain::verify::Fault| {
        fault.kind == kind::INCIDENT && fault.what == What::Changed
    };
    assert_eq!(report.faults.iter().filter(|fault| named(fault)).count(), 1, "{report:?}");
}

#[tokio::test]
async fn an_entry_made_anew_breaks_the_next() {
    let (dir, store) = filled().await;
    store.close().await;
    // Whoever alters a row and makes its entry fit must make all later ones anew.
    let mut db = connect(dir.path()).await;
    let (number, at, content, before): (i64, i64, Vec<u8>, Vec<u8>) = sqlx::query_as(
        "SELECT number, at, content, (SELECT hash FROM chain AS b WHERE b.number = chain.number - 1)
         FROM chain WHERE kind = 'change' AND target = '4'",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    let hash = safe_yolo_store::chain::entry_hash(
        Hash::from_bytes(&before).unwrap(),
        number,
        safe_yolo_core::Utc(at + 1),
        kind::CHANGE,
        "4",
        Hash::from_bytes(&content).unwrap(),
    );
    sqlx::query("DROP TRIGGER chain_is_never_changed").execute(&mut db).await.unwrap();
    sqlx::query("UPDATE chain SET at = at + 1, hash = ? WHERE number = ?")
        .bind(hash.0.to_vec())
        .bind(number)
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!(
        report.faults.first().and_then(|fault| fault.number),
        Some(number + 1),
        "{report:?}"
    );
}

#[tokio::test]
async fn what_is_older_than_the_chain_is_covered_by_its_first_entry() {
    let (dir, store) = filled().await;
    store.close().await;
    // A file as an older version left it.
    tamper(dir.path(), "DELETE FROM chain; DELETE FROM chain_reach; INSERT INTO incidents_to_chain SELECT number FROM incidents").await;
    let store = Store::open(dir.path()).await.unwrap();
    raise(&store, Severity::Critical).await;
    let report = verify(dir.path(), None).await.unwrap();
    assert!(report.ok, "{report:?}");
    assert_eq!((report.entries["change"], report.entries["genesis"]), (1, 1), "{report:?}");
    store.close().await;
    let mut db = connect(dir.path()).await;
    sqlx::query("UPDATE event_changes SET at = at + 1 WHERE seq = 3")
        .execute(&mut db)
        .await
        .unwrap();
    let report = verify(dir.path(), None).await.unwrap();
    assert_eq!(report.faults.len(), 1, "{report:?}");
    assert_eq!(report.faults[0].kind, kind::GENESIS);
}

#[tokio::test]
async fn entries_can_be_recomputed_by_others() {
    let (_dir, store) = filled().await;
    let id = raise(&store, Severity::Critical).await;
    store.acknowledge(id, "kim", "", T0).await.unwrap();
    let incident = store.event(id).await.unwrap().unwrap().incident.unwrap();
    let case = store.chain_of_incident(incident).await.unwrap();
    assert_eq!((case.faults(), case.unproved()), (Vec::new(), 0), "{case:?}");
    assert_eq!(case.head, store.chain_head().await.unwrap());
    let json = serde_json::to_string(&case).unwrap();
    for (from, to) in [
        ("kim", "lee"),
        ("\"number\":1,", "\"number\":2,"),
        ("acknowledged", "resolved"),
        ("\"kind\":\"change\"", "\"kind\":\"deed\""),
    ] {
        let altered = json.replace(from, to);
        assert_ne!(altered, json, "{from}");
        let altered: safe_yolo_store::chain::CaseChain = serde_json::from_str(&altered).unwrap();
        assert!(!altered.faults().is_empty(), "{from}");
    }
    let other = safe_yolo_core::EventId(Uuid::now_v7());
    let error = store.chain_of_incident(other).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_without_a_chain_is_an_error_that_says_so() {
    let dir = TempDir::new().unwrap();
    let error = verify(dir.path(), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
    assert!(!dir.path().join(Store::FILE).exists(), "verifying makes no database");
    let mut db = sqlx::SqliteConnection::connect_with(
        &sqlx::sqlite::SqliteConnectOptions::new()
            .filename(dir.path().join(Store::FILE))
            .create_if_missing(true),
    )
    .await
    .unwrap();
    sqlx::query("CREATE TABLE x (y)").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let error = verify(dir.path(), None).await.unwrap_err().to_string();
    assert!(error.contains("no hash chain"), "{error}");
}

/// Prints how many changes a second go durably into the database, in the outbox's batches.
#[tokio::test]
#[ignore = "measures; run with --ignored --nocapture"]
async fn changes_a_second() {
    const BATCH: usize = 200;
    let (dir, store) = store().await;
    for (round, rounds) in [("warm", 5), ("measured", 100)] {
        let begun = Instant::now();
        for _ in 0..rounds {
            let batch: Vec<(Uuid, EventChange)> =
                (0..BATCH).map(|_| (Uuid::now_v7(), raised(&event(Severity::Critical)))).collect();
            store.record_batch(&batch).await.unwrap();
        }
        let took = begun.elapsed().as_secs_f64();
        let rate = f64::from(rounds) * BATCH as f64 / took;
        println!("{round}: {rate:.0} changes/s in batches of {BATCH}");
    }
    let begun = Instant::now();
    let report = verify(dir.path(), None).await.unwrap();
    println!("verified {:?} in {:.1} s", report.entries, begun.elapsed().as_secs_f64());
    assert!(report.ok);
}
