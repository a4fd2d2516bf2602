//! Recording and acknowledging events.

use std::collections::BTreeSet;

use safe_yolo_core::event::{ChangeKind, SnapshotState};
use safe_yolo_core::{EventId, Severity};
use safe_yolo_store::StoreError;
use uuid::Uuid;

use crate::fixture::{T0, ended, event, raise, raised, seconds, soon, store, updated};

#[tokio::test]
async fn an_event_lives_through_its_changes() {
    let (_dir, store) = store().await;
    let mut seqs = store.subscribe_seq();
    let mut news = store.announcements();
    let mut event = event(Severity::Critical);
    let first = store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    assert_eq!((first.seq, &first.record.event), (1, &event));
    soon("the number", seqs.wait_for(|seq| *seq == 1)).await.unwrap();
    let (seq, _) = store.acknowledge(event.id, "kim", "on site", seconds(5)).await.unwrap();
    assert_eq!(seq, Some(2));
    event.details.insert("votes".into(), 7.into());
    let third = store.record(Uuid::now_v7(), &updated(&event)).await.unwrap();
    assert_eq!(third.record.acknowledged.as_ref().unwrap().by, "kim");
    let fourth = store.record(Uuid::now_v7(), &ended(&event, seconds(9))).await.unwrap();
    assert_eq!(store.event(event.id).await.unwrap().unwrap(), fourth.record);
    assert_eq!(fourth.record.acknowledged.as_ref().unwrap().reason, "on site");

    let kinds =
        [ChangeKind::Raised, ChangeKind::Acknowledged, ChangeKind::Updated, ChangeKind::Ended];
    let changes = store.changes_after(0, 100).await.unwrap();
    assert_eq!(changes.iter().map(|c| c.kind).collect::<Vec<_>>(), kinds);
    assert_eq!(changes.iter().map(|c| c.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    // Each as it was then.
    assert_eq!(changes[0].record.acknowledged, None);
    assert_eq!(changes[1].record.event.details.get("votes"), None);
    assert_eq!(changes[3].record, fourth.record);
    for change in changes {
        let told = news.recv().await.unwrap();
        assert_eq!((told.recorded, told.seq, told.kind), (true, Some(change.seq), change.kind));
        assert_eq!(told.record, change.record);
    }
    assert_eq!(store.newest_seq().await.unwrap(), 4);
}

#[tokio::test]
async fn json_has_the_shape_of_the_api() {
    let (_dir, store) = store().await;
    let event = event(Severity::Warning);
    store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    store.acknowledge(event.id, "kim", "", T0).await.unwrap();
    let record = store.event(event.id).await.unwrap().unwrap();
    let json = serde_json::to_value(&record).unwrap();
    let keys: BTreeSet<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "id seq camera camera_name type severity zone track start end message details config_version snapshot clip acknowledged incident muted muted_by";
    assert_eq!(keys, expected.split(' ').collect());
    assert_eq!(json["seq"], 2);
    assert_eq!(json["type"], "danger_zone_intrusion");
    assert_eq!(
        json["acknowledged"],
        serde_json::json!({"by": "kim", "at": "2026-01-31T08:15:00Z", "reason": ""})
    );
}

#[tokio::test]
async fn the_same_change_counts_once() {
    let (_dir, store) = store().await;
    let event = event(Severity::Critical);
    let (a, b) = (Uuid::now_v7(), Uuid::now_v7());
    let first = store.record(a, &raised(&event)).await.unwrap();
    let second = store.record(b, &updated(&event)).await.unwrap();
    assert_eq!(store.record(a, &raised(&event)).await.unwrap(), first);
    // Another id, but an event is raised once.
    assert_eq!(store.record(Uuid::now_v7(), &raised(&event)).await.unwrap(), first);
    assert_eq!(store.record(b, &updated(&event)).await.unwrap(), second);
    let batch =
        [(a, raised(&event)), (b, updated(&event)), (Uuid::now_v7(), ended(&event, seconds(3)))];
    let seqs: Vec<_> = store.record_batch(&batch).await.unwrap().iter().map(|r| r.seq).collect();
    assert_eq!(seqs, [1, 2, 3]);
    assert_eq!(store.newest_seq().await.unwrap(), 3);
}

#[tokio::test]
async fn a_change_without_a_raising_is_kept_as_one() {
    let (_dir, store) = store().await;
    let event = event(Severity::Critical);
    store.record(Uuid::now_v7(), &ended(&event, seconds(3))).await.unwrap();
    let changes = store.changes_after(0, 10).await.unwrap();
    assert_eq!((changes.len(), changes[0].kind), (1, ChangeKind::Raised));
    assert_eq!(changes[0].record.event.end, Some(seconds(3)));
    assert_eq!(store.unacknowledged_count().await.unwrap(), 1);
}

#[tokio::test]
async fn late_news_does_not_undo_what_is_settled() {
    let (_dir, store) = store().await;
    let mut event = event(Severity::Critical);
    store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    let mut over = ended(&event, seconds(9));
    over.event.details.insert("stay_s".into(), 9.into());
    store.record(Uuid::now_v7(), &over).await.unwrap();
    // The evidence writer knows the event as it was raised.
    event.snapshot = SnapshotState::Stored;
    event.details.insert("bytes".into(), 12.into());
    let record = store.record(Uuid::now_v7(), &updated(&event)).await.unwrap().record;
    assert_eq!(
        (record.event.end, record.event.snapshot),
        (Some(seconds(9)), SnapshotState::Stored)
    );
    assert_eq!(
        (&record.event.details["stay_s"], &record.event.details["bytes"]),
        (&9.into(), &12.into())
    );
    // The rules know nothing of evidence.
    over.event.details.insert("reason".into(), "left".into());
    let record = store.record(Uuid::now_v7(), &over).await.unwrap().record;
    assert_eq!(record.event.snapshot, SnapshotState::Stored);
    assert_eq!(record.event.clip, SnapshotState::Pending);
    let kinds: Vec<_> = store.changes_after(0, 10).await.unwrap().iter().map(|c| c.kind).collect();
    assert_eq!(
        kinds,
        [ChangeKind::Raised, ChangeKind::Ended, ChangeKind::Updated, ChangeKind::Updated]
    );
}

#[tokio::test]
async fn the_first_acknowledgement_stands() {
    let (_dir, store) = store().await;
    let alarm = raise(&store, Severity::Warning).await;
    let info = raise(&store, Severity::Info).await;
    assert_eq!(store.unacknowledged_count().await.unwrap(), 1);
    store.acknowledge(alarm, "kim", "seen", T0).await.unwrap();
    let (seq, record) = store.acknowledge(alarm, "lee", "me too", seconds(9)).await.unwrap();
    assert_eq!((seq, record.acknowledged.unwrap().by.as_str()), (None, "kim"));
    assert!(store.acknowledge(info, "kim", "", T0).await.unwrap().0.is_some());
    assert_eq!(store.unacknowledged_count().await.unwrap(), 0);
    let unknown = EventId(Uuid::now_v7());
    let error = store.acknowledge(unknown, "kim", "", T0).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "event", .. }), "{error}");
    let error = store.acknowledge(alarm, "kim", &"x".repeat(1001), T0).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field: "reason", .. }), "{error}");
}

#[tokio::test]
async fn many_are_acknowledged_at_once() {
    let (_dir, store) = store().await;
    let mut alarms = Vec::new();
    for _ in 0..5 {
        alarms.push(raise(&store, Severity::Critical).await);
    }
    raise(&store, Severity::Info).await;
    let unknown = [alarms[0], EventId(Uuid::now_v7())];
    assert!(store.acknowledge_many(Some(&unknown), "kim", "", T0).await.is_err());
    assert_eq!(store.unacknowledged_count().await.unwrap(), 5);
    assert_eq!(store.acknowledge_many(Some(&alarms[..2]), "kim", "drill", T0).await.unwrap(), 2);
    assert_eq!(store.acknowledge_many(None, "kim", "drill", T0).await.unwrap(), 3);
    assert_eq!(store.acknowledge_many(None, "kim", "drill", T0).await.unwrap(), 0);
    // The INFO event did not wait.
    assert_eq!(store.newest_seq().await.unwrap(), 11);
}

#[tokio::test]
async fn what_a_crash_left_open_is_ended() {
    let (_dir, store) = store().await;
    let open = raise(&store, Severity::Critical).await;
    let mut done = event(Severity::Info);
    done.end = Some(T0);
    store.record(Uuid::now_v7(), &raised(&done)).await.unwrap();
    assert_eq!(store.open_events(None).await.unwrap().len(), 1);
    assert_eq!(store.open_events(Some(&"other".parse().unwrap())).await.unwrap().len(), 0);
    assert_eq!(store.end_left_open(seconds(60), "restart").await.unwrap(), 1);
    let last = store.changes_after(2, 10).await.unwrap().remove(0);
    assert_eq!((last.kind, last.record.event.id), (ChangeKind::Ended, open));
    assert_eq!(last.record.event.end, Some(seconds(60)));
    assert_eq!(last.record.event.details["end_reason"], "restart");
    assert_eq!(store.end_left_open(seconds(61), "restart").await.unwrap(), 0);
}

mod properties {
    use proptest::prelude::*;
    use safe_yolo_core::Severity;
    use uuid::Uuid;

    use crate::fixture::{ended, event, raised, seconds, store, updated};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        /// Whatever is repeated, in whatever batches: numbers rise, each change counts once.
        #[test]
        fn repeats_change_nothing(picks in prop::collection::vec((0..4_usize, 0..3_usize), 1..30), size in 1..8_usize) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (_dir, store) = store().await;
                let events: Vec<_> = (0..4).map(|_| event(Severity::Critical)).collect();
                let ids: Vec<[Uuid; 3]> = (0..4).map(|_| [(); 3].map(|()| Uuid::now_v7())).collect();
                let changes: Vec<_> = picks
                    .iter()
                    .map(|(e, k)| {
                        let event = &events[*e];
                        let change = [raised(event), updated(event), ended(event, seconds(1))][*k].clone();
                        (ids[*e][*k], change)
                    })
                    .collect();
                for chunk in changes.chunks(size) {
                    store.record_batch(chunk).await.unwrap();
                }
                let before = store.changes_after(0, 1000).await.unwrap();
                for chunk in changes.chunks(size + 1) {
                    store.record_batch(chunk).await.unwrap();
                }
                assert_eq!(store.changes_after(0, 1000).await.unwrap(), before);
                for (index, change) in before.iter().enumerate() {
                    assert_eq!(change.seq, index as i64 + 1);
                }
            });
        }
    }
}

#[tokio::test]
async fn what_is_known_of_a_clip_survives_what_the_rules_say_later() {
    let (_dir, store) = store().await;
    let mut event = event(Severity::Critical);
    store.record(Uuid::now_v7(), &raised(&event)).await.unwrap();
    // The rules know of no evidence at all.
    let mut lasts = event.clone();
    (lasts.snapshot, lasts.clip) = (SnapshotState::None, SnapshotState::None);
    let record = store.record(Uuid::now_v7(), &updated(&lasts)).await.unwrap().record;
    assert_eq!(
        (record.event.snapshot, record.event.clip),
        (SnapshotState::Pending, SnapshotState::Pending)
    );
    event.clip = SnapshotState::Stored;
    event.details.insert("clip".into(), serde_json::json!({"codec": "h264"}));
    store.record(Uuid::now_v7(), &updated(&event)).await.unwrap();
    // The writer of the picture knows the event without the clip.
    lasts.snapshot = SnapshotState::Stored;
    lasts.clip = SnapshotState::Pending;
    store.record(Uuid::now_v7(), &updated(&lasts)).await.unwrap();
    let over = ended(&lasts, seconds(20));
    let record = store.record(Uuid::now_v7(), &over).await.unwrap().record;
    assert_eq!(
        (record.event.snapshot, record.event.clip),
        (SnapshotState::Stored, SnapshotState::Stored)
    );
    assert_eq!(record.event.details["clip"]["codec"], "h264");
}

#[tokio::test]
async fn evidence_that_was_on_its_way_when_the_server_ended_has_failed() {
    let (_dir, store) = store().await;
    let (lasts, over, done) =
        (event(Severity::Critical), event(Severity::Critical), event(Severity::Critical));
    for event in [&lasts, &over, &done] {
        store.record(Uuid::now_v7(), &raised(event)).await.unwrap();
    }
    store.record(Uuid::now_v7(), &ended(&over, seconds(3))).await.unwrap();
    let mut settled = ended(&done, seconds(3));
    (settled.event.snapshot, settled.event.clip) = (SnapshotState::Stored, SnapshotState::Stored);
    store.record(Uuid::now_v7(), &settled).await.unwrap();
    assert_eq!(store.end_left_open(seconds(50), "restart").await.unwrap(), 1);
    assert_eq!(store.fail_unfinished_evidence().await.unwrap(), 1, "the other two are settled");
    assert_eq!(store.fail_unfinished_evidence().await.unwrap(), 0);
    for (event, expected) in [
        (&lasts, SnapshotState::Failed),
        (&over, SnapshotState::Failed),
        (&done, SnapshotState::Stored),
    ] {
        let event = store.event(event.id).await.unwrap().unwrap().event;
        assert_eq!((event.snapshot, event.clip), (expected, expected));
    }
}
