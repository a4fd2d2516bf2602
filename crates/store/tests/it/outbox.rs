//! The outbox, with a database that works, fails and comes back.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use safe_yolo_core::event::ChangeKind;
use safe_yolo_core::{BreakerConfig, EventChange, Severity};
use safe_yolo_store::outbox::{ShutdownError, SubmitError};
use safe_yolo_store::{Journal, Outbox, OutboxConfig, OutboxHandle, Store, StoreState};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fixture::{Lock, ended, event, raised, seconds, soon, store, updated};

const HOUR: Duration = Duration::from_secs(3600);

fn spawn(dir: &TempDir, store: &Store, config: OutboxConfig) -> OutboxHandle {
    Outbox::spawn(store.clone(), Journal::open(dir.path(), Journal::BYTES_MAX).unwrap(), config)
}

/// What the journal holds, read from a copy: the outbox owns the file.
fn journal_of(dir: &TempDir) -> Vec<EventChange> {
    let copy = TempDir::new().unwrap();
    fs::copy(dir.path().join(Journal::FILE), copy.path().join(Journal::FILE)).unwrap();
    let mut journal = Journal::open(copy.path(), Journal::BYTES_MAX).unwrap();
    journal.replay().unwrap().changes.into_iter().map(|(_, change)| change).collect()
}

async fn is_failed(outbox: &OutboxHandle) {
    soon("the failure", outbox.state().wait_for(|state| *state != StoreState::Ok)).await.unwrap();
}

async fn is_ok(outbox: &OutboxHandle) {
    soon("the recovery", outbox.state().wait_for(|state| *state == StoreState::Ok)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_changes_of_many_tasks_come_out_once_each() {
    let (dir, store) = store().await;
    let outbox = spawn(&dir, &store, OutboxConfig::default());
    let mut news = outbox.announcements();
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let outbox = outbox.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..10 {
                outbox.submit(raised(&event(Severity::Critical))).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    outbox.shutdown().await.unwrap();
    let changes = store.changes_after(0, 1000).await.unwrap();
    assert_eq!(changes.iter().map(|c| c.seq).collect::<Vec<_>>(), (1..=500).collect::<Vec<_>>());
    assert_eq!(changes.iter().map(|c| c.record.event.id).collect::<HashSet<_>>().len(), 500);
    let mut last = 0;
    while last < 500 {
        let told = soon("news", news.recv()).await.unwrap();
        if told.recorded {
            assert_eq!(told.seq, Some(last + 1));
            last += 1;
        }
    }
    assert_eq!((outbox.refused(), outbox.depth()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_heard_though_the_database_is_locked_and_is_stored_later() {
    let (dir, store) = store().await;
    let outbox = spawn(&dir, &store, OutboxConfig::default());
    let mut news = outbox.announcements();
    let lock = Lock::take(dir.path()).await;
    let (info, alarm) = (event(Severity::Info), event(Severity::Critical));
    let submitted = [raised(&info), raised(&alarm), updated(&alarm), ended(&alarm, seconds(9))];
    for change in &submitted {
        outbox.submit(change.clone()).await.unwrap();
    }
    // Only the alarm, once, and not as recorded.
    let first = soon("the late alarm", news.recv()).await.unwrap();
    assert_eq!((first.recorded, first.seq, first.kind), (false, None, ChangeKind::Raised));
    assert_eq!(first.record.event, alarm);
    let json = serde_json::to_value(&first).unwrap();
    assert!(json["seq"].is_null() && json["event"]["seq"].is_null(), "{json}");
    is_failed(&outbox).await;
    let state = outbox.state().borrow().clone();
    assert!(matches!(&state, StoreState::Failed(detail) if detail.contains("locked")), "{state:?}");
    soon("the journal", async {
        while journal_of(&dir) != submitted {
            tokio::task::yield_now().await;
        }
    })
    .await;
    lock.release().await;
    is_ok(&outbox).await;

    let newer = raised(&event(Severity::Critical));
    outbox.submit(newer.clone()).await.unwrap();
    for (index, change) in submitted.iter().chain([&newer]).enumerate() {
        // On a slow machine the newer one may be announced as late before.
        let told = loop {
            let told = soon("the record", news.recv()).await.unwrap();
            if told.recorded || told.record.event != newer.event {
                break told;
            }
        };
        assert_eq!((told.recorded, told.seq), (true, Some(index as i64 + 1)));
        assert_eq!((told.kind, &told.record.event), (change.kind, &change.event));
    }
    outbox.shutdown().await.unwrap();
    assert_eq!(store.newest_seq().await.unwrap(), 5);
    assert!(journal_of(&dir).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_shows_though_nothing_is_to_be_written() {
    let (dir, store) = store().await;
    let config = OutboxConfig { probe_every: Duration::from_millis(20), ..OutboxConfig::default() };
    let outbox = spawn(&dir, &store, config);
    let lock = Lock::take(dir.path()).await;
    is_failed(&outbox).await;
    lock.release().await;
    is_ok(&outbox).await;
    outbox.shutdown().await.unwrap();
    assert!(journal_of(&dir).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_during_a_failure_leaves_the_journal_for_the_next_start() {
    let (dir, store) = store().await;
    let outbox = spawn(&dir, &store, OutboxConfig::default());
    let lock = Lock::take(dir.path()).await;
    let changes: Vec<_> = (0..5).map(|_| raised(&event(Severity::Critical))).collect();
    for change in &changes {
        outbox.try_submit(change.clone()).unwrap();
    }
    soon("the shutdown", outbox.shutdown()).await.unwrap();
    assert_eq!(journal_of(&dir), changes);
    assert!(matches!(outbox.try_submit(changes[0].clone()), Err(SubmitError::Closed(_))));
    lock.release().await;

    let outbox = spawn(&dir, &store, OutboxConfig::default());
    is_ok(&outbox).await;
    let stored: Vec<_> = store.changes_after(0, 100).await.unwrap();
    assert_eq!(
        stored.iter().map(|c| &c.record.event).collect::<Vec<_>>(),
        changes.iter().map(|c| &c.event).collect::<Vec<_>>()
    );
    assert!(journal_of(&dir).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_commit_and_clearing_doubles_nothing() {
    let (dir, store) = store().await;
    let changes: Vec<_> =
        (0..5).map(|_| (Uuid::now_v7(), raised(&event(Severity::Critical)))).collect();
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    journal.append_all(changes.iter().map(|(id, change)| (*id, change))).unwrap();
    drop(journal);
    store.record_batch(&changes[..3]).await.unwrap();
    let outbox = spawn(&dir, &store, OutboxConfig { batch_max: 2, ..OutboxConfig::default() });
    is_ok(&outbox).await;
    let ids: Vec<_> =
        store.changes_after(0, 100).await.unwrap().iter().map(|c| c.record.event.id).collect();
    assert_eq!(ids, changes.iter().map(|(_, change)| change.event.id).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_journal_is_kept_aside() {
    let (dir, store) = store().await;
    let mut journal = Journal::open(dir.path(), Journal::BYTES_MAX).unwrap();
    journal.append(Uuid::now_v7(), &raised(&event(Severity::Critical))).unwrap();
    let path = journal.path().to_owned();
    drop(journal);
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("broken\n{good}")).unwrap();
    let outbox = spawn(&dir, &store, OutboxConfig::default());
    is_ok(&outbox).await;
    assert_eq!(store.newest_seq().await.unwrap(), 1);
    let kept = fs::read_dir(dir.path())
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|p| p.to_string_lossy().contains("damaged"));
    assert!(fs::read_to_string(kept.unwrap()).unwrap().starts_with("broken\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_journal_and_memory_are_full_submitters_are_told() {
    let (dir, store) = store().await;
    let config = OutboxConfig {
        capacity: 4,
        submit_wait: Duration::from_millis(5),
        // Not while the test runs.
        breaker: BreakerConfig {
            open_first: HOUR,
            open_for: HOUR,
            ..OutboxConfig::default().breaker
        },
        ..OutboxConfig::default()
    };
    let outbox = Outbox::spawn(store.clone(), Journal::open(dir.path(), 1500).unwrap(), config);
    let lock = Lock::take(dir.path()).await;
    let mut taken = Vec::new();
    let back = soon("the refusal", async {
        loop {
            let change = raised(&event(Severity::Info));
            match outbox.submit(change.clone()).await {
                Ok(_) => taken.push(change),
                Err(SubmitError::Full(back))
                    if outbox.state().borrow().clone() != StoreState::Ok =>
                {
                    break back;
                }
                Err(SubmitError::Full(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
    assert_eq!(back.kind, ChangeKind::Raised);
    assert!(outbox.refused() > 0);
    let full =
        |state: &StoreState| matches!(state, StoreState::Failed(detail) if detail.contains("1500"));
    soon("the full journal", outbox.state().wait_for(full)).await.unwrap();
    lock.release().await;
    // The last try of the shutdown saves them all, in order.
    outbox.shutdown().await.unwrap();
    let stored: Vec<_> =
        store.changes_after(0, 1000).await.unwrap().iter().map(|c| c.record.event.id).collect();
    assert_eq!(stored, taken.iter().map(|change| change.event.id).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_alarm_is_mute_however_many_wait() {
    let (dir, store) = store().await;
    let config = OutboxConfig { capacity: 4, ..OutboxConfig::default() };
    let outbox = Outbox::spawn(store.clone(), Journal::open(dir.path(), 10).unwrap(), config);
    let mut news = outbox.announcements();
    let lock = Lock::take(dir.path()).await;
    let (mut sent, mut heard, mut refused) = (HashSet::new(), Vec::new(), 0);
    for _ in 0..200 {
        let alarm = raised(&event(Severity::Critical));
        sent.insert(alarm.event.id);
        // As the server does: what is refused is offered again.
        let is_refused = || outbox.try_submit(alarm.clone()).is_err();
        refused += usize::from(is_refused() && is_refused());
        tokio::time::sleep(Duration::from_millis(2)).await;
        while let Ok(told) = news.try_recv() {
            heard.push(told);
        }
    }
    assert!(refused > 100, "most found no room: {refused}");
    while heard.len() < sent.len() {
        heard.push(soon("an announcement of each", news.recv()).await.unwrap());
    }
    assert!(heard.iter().all(|told| !told.recorded));
    let ids: HashSet<_> = heard.iter().map(|told| told.record.event.id).collect();
    assert_eq!(ids, sent, "each, once");
    lock.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_at_the_end_is_counted() {
    let (dir, store) = store().await;
    let outbox = Outbox::spawn(
        store.clone(),
        Journal::open(dir.path(), 10).unwrap(),
        OutboxConfig::default(),
    );
    let lock = Lock::take(dir.path()).await;
    for _ in 0..3 {
        outbox.submit(raised(&event(Severity::Critical))).await.unwrap();
    }
    assert_eq!(soon("the shutdown", outbox.shutdown()).await, Err(ShutdownError::Lost(3)));
    lock.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_handle_drains_too() {
    let (dir, store) = store().await;
    let outbox = spawn(&dir, &store, OutboxConfig::default());
    let mut seq = store.subscribe_seq();
    for _ in 0..20 {
        outbox.try_submit(raised(&event(Severity::Warning))).unwrap();
    }
    drop(outbox);
    soon("the changes", seq.wait_for(|seq| *seq == 20)).await.unwrap();
}
