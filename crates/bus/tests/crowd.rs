//! Thousands who come and go while items are published.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use safe_yolo_bus::{Capacity, Next, Subscriber, bus};
use tokio::task::JoinSet;

const CROWD: i64 = 5000;
/// At least so many are published.
const ITEMS: i64 = 2000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads so many, or to the end; answers the last number seen or missed.
async fn read(mut subscriber: Subscriber<i64>, from: i64, most: i64) -> (i64, i64) {
    let (mut seen, mut missed, mut first) = (from, 0, true);
    for _ in 0..most {
        match subscriber.next().await {
            Some(Next::Item { seq, item }) => {
                assert!(seq == seen + 1 || first && seq > seen, "{seq} after {seen}");
                assert_eq!(seq, item);
                seen = seq;
            }
            Some(Next::Missed { after, up_to, count }) => {
                assert_eq!(i64::try_from(count).unwrap(), up_to - after);
                assert!(after == seen || first && after > seen);
                missed += up_to - after;
                seen = up_to;
            }
            Some(other) => panic!("{other:?}"),
            None => break,
        }
        first = false;
    }
    (seen, missed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_join_and_leave_under_publishing() {
    let size = NonZeroUsize::new(64).unwrap();
    let (mut publisher, bus) = bus(Capacity { items: size, notices: size }, 0);
    // Those who never read hold nobody up, and those who stay see everything.
    let sleepers: Vec<_> = (0..100).map(|_| bus.subscribe(None).unwrap()).collect();
    let mut stayers = JoinSet::new();
    for _ in 0..50 {
        stayers.spawn(read(bus.subscribe(Some(0)).unwrap(), 0, i64::MAX));
    }
    let joined = Arc::new(AtomicBool::new(false));
    let (crowd, done) = (bus.clone(), Arc::clone(&joined));
    let crowd = tokio::spawn(async move {
        let mut there = JoinSet::new();
        let mut overrun = 0;
        let mut pace = crowd.subscribe(None).unwrap();
        for number in 0..CROWD {
            let from = crowd.newest();
            let subscriber = crowd.subscribe(None).unwrap();
            // Some leave without a word, some after a while, some never.
            match number % 10 {
                0 => drop(subscriber),
                9 => drop(there.spawn(read(subscriber, from, i64::MAX))),
                most => drop(there.spawn(read(subscriber, from, most))),
            }
            if number % 5 == 0
                && let Some(Next::Missed { count, .. }) = pace.next().await
            {
                overrun += i64::try_from(count).unwrap();
            }
        }
        done.store(true, Ordering::SeqCst);
        (there, overrun)
    });
    let publishing = tokio::spawn(async move {
        let mut newest = 0;
        // All have joined before the end comes.
        while newest < ITEMS || !joined.load(Ordering::SeqCst) {
            newest += 1;
            publisher.publish(newest, newest).unwrap();
            tokio::task::yield_now().await;
        }
        (publisher, newest)
    });
    let (publisher, newest) = tokio::time::timeout(PATIENCE, publishing).await.unwrap().unwrap();
    let (mut crowd, overrun) = tokio::time::timeout(PATIENCE, crowd).await.unwrap().unwrap();
    assert!(bus.stats().subscribers <= usize::try_from(CROWD).unwrap() + 150);
    drop(publisher);
    let ended = async {
        let mut missed = overrun;
        while let Some(done) = stayers.join_next().await {
            let (seen, lost) = done.unwrap();
            assert_eq!(seen, newest);
            missed += lost;
        }
        while let Some(done) = crowd.join_next().await {
            let (seen, lost) = done.unwrap();
            assert!(seen <= newest);
            missed += lost;
        }
        missed
    };
    let missed = tokio::time::timeout(PATIENCE, ended).await.unwrap();
    let stats = bus.stats();
    assert_eq!((stats.subscribers, stats.depth), (sleepers.len(), 64));
    assert_eq!(i64::try_from(stats.missed).unwrap(), missed);
    drop(sleepers);
    assert_eq!(bus.stats().subscribers, 0);
}
