//! Whatever the order of publishing, joining, reading and leaving: each
//! subscriber sees each item once and in order, or is told what it missed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use safe_yolo_bus::{Bus, Capacity, Next, Publisher, Subscriber, bus};

const START: i64 = 100;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The number grows by so much.
    Publish(i64),
    /// A number that is not newer by so much.
    Stale(i64),
    Announce,
    /// Begin that far from the newest number, or with what comes.
    Join(Option<i64>),
    Take(usize),
    TakeNotice(usize),
    Seek(usize, i64),
    Leave(usize),
}

/// Numbers have gaps, or subscribers begin ahead: together the count of what
/// was missed is an upper bound only.
fn steps(gap_max: i64, ahead_max: i64) -> impl Strategy<Value = Vec<Step>> {
    let far = -20..=ahead_max;
    let step = prop_oneof![
        8 => (1..=gap_max).prop_map(Step::Publish),
        1 => (0..5_i64).prop_map(Step::Stale),
        2 => Just(Step::Announce),
        2 => proptest::option::of(far.clone()).prop_map(Step::Join),
        8 => any::<usize>().prop_map(Step::Take),
        1 => any::<usize>().prop_map(Step::TakeNotice),
        1 => (any::<usize>(), far).prop_map(|(who, from)| Step::Seek(who, from)),
        1 => any::<usize>().prop_map(Step::Leave),
    ];
    proptest::collection::vec(step, 1..200)
}

fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A subscriber, and where it must stand.
struct Reader {
    subscriber: Subscriber<i64>,
    seen: i64,
    notice: usize,
}

/// Everything that was ever published, against which readers are checked.
struct World {
    publisher: Publisher<i64>,
    bus: Bus<i64>,
    capacity: usize,
    items: Vec<i64>,
    notices: usize,
    readers: Vec<Reader>,
    missed: u64,
    refused: u64,
}

impl World {
    fn new(capacity: usize) -> Self {
        let size = NonZeroUsize::new(capacity).unwrap();
        let (publisher, bus) = bus(Capacity { items: size, notices: size }, START);
        let (items, readers) = (Vec::new(), Vec::new());
        Self { publisher, bus, capacity, items, notices: 0, readers, missed: 0, refused: 0 }
    }

    fn newest(&self) -> i64 {
        self.items.last().copied().unwrap_or(START)
    }

    fn kept(&self) -> &[i64] {
        &self.items[self.items.len().saturating_sub(self.capacity)..]
    }

    /// Whether everything after this number is still there.
    fn reaches(&self, after: i64) -> bool {
        after >= START && self.items.iter().filter(|seq| **seq > after).count() <= self.kept().len()
    }

    fn step(&mut self, step: Step) {
        let who =
            |index: usize, readers: &[Reader]| (!readers.is_empty()).then(|| index % readers.len());
        match step {
            Step::Publish(gap) => {
                let seq = self.newest() + gap;
                self.publisher.publish(seq, seq).unwrap();
                self.items.push(seq);
            }
            Step::Stale(by) => {
                let (newest, seq) = (self.newest(), self.newest() - by);
                let refused = self.publisher.publish(seq, seq).unwrap_err();
                assert_eq!((refused.seq, refused.newest), (seq, newest));
                self.refused += 1;
            }
            Step::Announce => {
                self.publisher.announce(i64::try_from(self.notices).unwrap());
                self.notices += 1;
            }
            Step::Join(from) => {
                let after = from.map(|from| self.newest() + from);
                let possible = after.is_none_or(|after| self.reaches(after));
                match self.bus.subscribe(after) {
                    Ok(subscriber) => {
                        assert!(possible, "{after:?} is gone");
                        let seen = after.unwrap_or_else(|| self.newest());
                        self.readers.push(Reader { subscriber, seen, notice: self.notices });
                    }
                    Err(error) => assert!(!possible, "{error}"),
                }
            }
            Step::Take(index) => {
                if let Some(index) = who(index, &self.readers) {
                    self.take(index);
                }
            }
            Step::TakeNotice(index) => {
                if let Some(index) = who(index, &self.readers) {
                    let polled = poll(self.readers[index].subscriber.next_notice());
                    self.check_notice(index, polled);
                }
            }
            Step::Seek(index, from) => {
                if let Some(index) = who(index, &self.readers) {
                    let after = self.newest() + from;
                    let possible = self.reaches(after);
                    let done = self.readers[index].subscriber.seek(after);
                    assert_eq!(done.is_ok(), possible);
                    if possible {
                        self.readers[index].seen = after;
                    }
                }
            }
            Step::Leave(index) => {
                if let Some(index) = who(index, &self.readers) {
                    self.readers.swap_remove(index);
                }
            }
        }
        let stats = self.bus.stats();
        assert_eq!((stats.subscribers, stats.depth), (self.readers.len(), self.kept().len()));
        assert_eq!((stats.missed, stats.refused), (self.missed, self.refused));
        assert!(stats.notices_depth <= self.capacity);
        assert_eq!(self.bus.newest(), self.newest());
    }

    fn check_notice(&mut self, index: usize, polled: Poll<Option<Next<i64>>>) {
        let reader = &mut self.readers[index];
        let oldest = self.notices.saturating_sub(self.capacity);
        match polled {
            Poll::Ready(Some(Next::Notice(notice))) => {
                assert_eq!(usize::try_from(notice).unwrap(), reader.notice);
                assert!(reader.notice >= oldest);
                reader.notice += 1;
            }
            Poll::Ready(Some(Next::NoticesMissed { count })) => {
                assert!(count > 0);
                assert_eq!(usize::try_from(count).unwrap(), oldest - reader.notice);
                reader.notice = oldest;
            }
            Poll::Pending => assert_eq!(reader.notice, self.notices, "a notice is there"),
            other => panic!("{other:?}"),
        }
    }

    /// Takes what comes next; answers whether there was something.
    fn take(&mut self, index: usize) -> bool {
        let polled = poll(self.readers[index].subscriber.next());
        if self.readers[index].notice < self.notices {
            self.check_notice(index, polled);
            return true;
        }
        let seen = self.readers[index].seen;
        let mut unseen = self.items.iter().copied().filter(|seq| *seq > seen);
        let expected = unseen.next();
        match polled {
            Poll::Ready(Some(Next::Item { seq, item })) => {
                assert_eq!((Some(seq), seq), (expected, item));
                self.readers[index].seen = seq;
            }
            Poll::Ready(Some(Next::Missed { after, up_to, count })) => {
                assert!(!self.kept().contains(&expected.unwrap()), "it was still there");
                assert_eq!((after, up_to), (seen, self.newest()));
                assert_eq!(count, 1 + unseen.count() as u64);
                self.missed += count;
                self.readers[index].seen = up_to;
            }
            Poll::Pending => {
                assert_eq!(expected, None, "an item is there");
                return false;
            }
            other => panic!("{other:?}"),
        }
        true
    }

    /// Everybody reads to the end, which comes.
    fn finish(mut self) {
        for index in 0..self.readers.len() {
            while self.take(index) {}
        }
        drop(self.publisher);
        for reader in &mut self.readers {
            assert_eq!(poll(reader.subscriber.next()), Poll::Ready(None));
        }
        drop(self.readers);
        assert_eq!(self.bus.stats().subscribers, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_item_once_and_in_order_or_missed_and_counted(capacity in 1..8_usize, steps in steps(3, 0)) {
        let mut world = World::new(capacity);
        for step in steps {
            world.step(step);
        }
        world.finish();
    }

    #[test]
    fn who_begins_beyond_what_was_published_sees_nothing_before(capacity in 1..8_usize, steps in steps(1, 12)) {
        let mut world = World::new(capacity);
        for step in steps {
            world.step(step);
        }
        world.finish();
    }
}

#[test]
fn notices_are_told_to_who_comes_later_until_they_are_forgotten() {
    let size = NonZeroUsize::new(2).unwrap();
    let (mut publisher, bus) = bus(Capacity { items: size, notices: size }, START);
    for notice in 0..3 {
        publisher.announce(notice);
    }
    publisher.publish(START + 1, 9).unwrap();
    let mut slow = bus.subscribe_with_notices();
    let mut later = bus.subscribe_with_notices();
    assert_eq!(poll(later.next()), Poll::Ready(Some(Next::Notice(1))));
    assert_eq!(poll(later.next()), Poll::Ready(Some(Next::Notice(2))));
    assert_eq!(poll(later.next()), Poll::Pending, "items from now on");
    assert_eq!(poll(bus.subscribe_now().next()), Poll::Pending);
    publisher.forget_notices();
    assert_eq!(bus.stats().notices_depth, 0);
    assert_eq!(poll(slow.next()), Poll::Ready(Some(Next::NoticesMissed { count: 2 })));
    assert_eq!(poll(bus.subscribe_with_notices().next()), Poll::Pending);
    publisher.announce(3);
    assert_eq!(poll(later.next()), Poll::Ready(Some(Next::Notice(3))));
}
