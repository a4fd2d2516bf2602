//! The shared part under every kind of interleaving: its own source, with a
//! lock that a scheduler of the test controls. A lost wake-up is a deadlock,
//! which the scheduler finds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "the source is not all used here")]

use std::num::NonZeroUsize;

use bus::{Subscriber, bus};
use ring::{Capacity, Next};
use shuttle::{future, thread};

#[path = "../src/bus.rs"]
mod bus;
#[path = "../src/ring.rs"]
mod ring;
mod sync {
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard};
}

const ITEMS: i64 = 4;
const RUNS: usize = 3000;

/// Reads to the end, or leaves after so many; checks that nothing is lost,
/// doubled or out of order. Answers the last number seen.
async fn read(mut subscriber: Subscriber<i64>, mut seen: i64, most: usize) -> i64 {
    let mut notices = 0;
    for _ in 0..most {
        match subscriber.next().await {
            Some(Next::Item { seq, item }) => {
                assert_eq!((seq, item), (seen + 1, seen + 1));
                seen = seq;
            }
            Some(Next::Missed { after, up_to, count }) => {
                assert_eq!(after, seen);
                assert_eq!(i64::try_from(count).unwrap(), up_to - after);
                seen = up_to;
            }
            Some(Next::Notice(notice)) => {
                assert_eq!((notice, notices), (-1, 0));
                notices += 1;
            }
            Some(other) => panic!("{other:?}"),
            None => break,
        }
    }
    seen
}

/// A publisher, one who stays, one who leaves, and one who comes later.
fn site() {
    let size = NonZeroUsize::new(2).unwrap();
    let (mut publisher, bus) = bus(Capacity { items: size, notices: size }, 0);
    let stays = bus.subscribe(None).unwrap();
    let leaves = bus.subscribe(Some(0)).unwrap();
    let publishing = thread::spawn(move || {
        for seq in 1..=ITEMS {
            if seq == 3 {
                publisher.announce(-1);
            }
            publisher.publish(seq, seq).unwrap();
        }
    });
    let staying = thread::spawn(move || future::block_on(read(stays, 0, usize::MAX)));
    let leaving = thread::spawn(move || future::block_on(read(leaves, 0, 2)));
    let joining = bus.clone();
    let coming = thread::spawn(move || match joining.subscribe(Some(1)) {
        Ok(subscriber) => future::block_on(read(subscriber, 1, usize::MAX)),
        Err(too_old) => {
            assert!(too_old.reaches > 1);
            ITEMS
        }
    });
    publishing.join().unwrap();
    assert_eq!(staying.join().unwrap(), ITEMS);
    assert!(leaving.join().unwrap() <= ITEMS);
    assert_eq!(coming.join().unwrap(), ITEMS);
    assert_eq!(bus.stats().subscribers, 0);
}

#[test]
fn any_interleaving_at_random() {
    shuttle::check_random(site, RUNS);
}

#[test]
fn interleavings_with_few_preemptions() {
    shuttle::check_pct(site, RUNS, 3);
}
