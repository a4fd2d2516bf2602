//! Reading events: pages, following, filters, readers beside writers.

use safe_yolo_core::{EventType, Severity};
use safe_yolo_store::EventFilter;
use uuid::Uuid;

use crate::fixture::{T0, event, raise, raised, seconds, store};

#[tokio::test]
async fn pages_back_neither_lose_nor_repeat_while_events_change() {
    let (_dir, store) = store().await;
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(raise(&store, Severity::Critical).await);
    }
    all.reverse();
    let mut seen = Vec::new();
    let mut filter = EventFilter { limit: 3, ..EventFilter::default() };
    loop {
        let page = store.events(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before_seq = Some(last.seq);
        seen.extend(page.iter().map(|record| record.event.id));
        // The last one seen and one not yet seen get newer numbers.
        store.acknowledge(last.event.id, "kim", "", T0).await.unwrap();
        store.acknowledge(all[6], "kim", "", T0).await.unwrap();
        raise(&store, Severity::Info).await;
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_reader_follows_changes_by_number() {
    let (_dir, store) = store().await;
    let a = raise(&store, Severity::Critical).await;
    let b = raise(&store, Severity::Critical).await;
    store.acknowledge(a, "kim", "", T0).await.unwrap();
    let after = |seq| EventFilter { after_seq: Some(seq), ..EventFilter::default() };
    let ids = |records: Vec<safe_yolo_store::EventRecord>| {
        records.iter().map(|r| (r.event.id, r.seq)).collect::<Vec<_>>()
    };
    assert_eq!(ids(store.events(&after(0)).await.unwrap()), [(b, 2), (a, 3)]);
    assert_eq!(ids(store.events(&after(2)).await.unwrap()), [(a, 3)]);
    assert_eq!(ids(store.events(&after(3)).await.unwrap()), []);
}

#[tokio::test]
async fn filters_choose() {
    let (_dir, store) = store().await;
    let mut info = event(Severity::Info);
    info.event_type = EventType::Entrance;
    info.camera = None;
    info.start = seconds(10);
    let alarm = event(Severity::Critical);
    let seen = event(Severity::Warning);
    for event in [&info, &alarm, &seen] {
        store.record(Uuid::now_v7(), &raised(event)).await.unwrap();
    }
    store.acknowledge(seen.id, "kim", "", T0).await.unwrap();
    let all = EventFilter::default();
    for (filter, expected) in [
        (all.clone(), vec![&seen, &alarm, &info]),
        (
            EventFilter { cameras: vec!["yard".parse().unwrap()], ..all.clone() },
            vec![&seen, &alarm],
        ),
        (EventFilter { event_types: vec![EventType::Entrance], ..all.clone() }, vec![&info]),
        (EventFilter { severities: vec![Severity::Critical], ..all.clone() }, vec![&alarm]),
        (EventFilter { acknowledged: Some(true), ..all.clone() }, vec![&seen]),
        (EventFilter { acknowledged: Some(false), ..all.clone() }, vec![&alarm]),
        (EventFilter { from: Some(seconds(1)), ..all.clone() }, vec![&info]),
        (EventFilter { to: Some(seconds(10)), ..all.clone() }, vec![&seen, &alarm]),
        (EventFilter { limit: 1, ..all.clone() }, vec![&seen]),
        (EventFilter { before_seq: Some(2), ..all.clone() }, vec![&info]),
    ] {
        let found: Vec<_> =
            store.events(&filter).await.unwrap().iter().map(|r| r.event.id).collect();
        assert_eq!(found, expected.iter().map(|e| e.id).collect::<Vec<_>>(), "{filter:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_whole_transactions_while_others_write() {
    let (_dir, store) = store().await;
    let writing = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..50 {
                let batch: Vec<_> =
                    (0..4).map(|_| (Uuid::now_v7(), raised(&event(Severity::Critical)))).collect();
                store.record_batch(&batch).await.unwrap();
            }
        }
    });
    loop {
        let over = writing.is_finished();
        let count = store.unacknowledged_count().await.unwrap();
        assert_eq!(count % 4, 0);
        if over {
            break;
        }
    }
    writing.await.unwrap();
    assert_eq!(store.unacknowledged_count().await.unwrap(), 200);
}
