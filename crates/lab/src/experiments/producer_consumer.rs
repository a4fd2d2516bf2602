//! A queue of ten between who produces and who consumes; an event ends it, and what is in the queue then is still consumed.
//!
//! The published consumer asks "is the event set, and is the queue empty?" and then waits for the next message. Between the
//! question and the wait the producer may end, and the consumer waits for ever. Here the end
//! is a fact of the queue itself: when the last producer has dropped its end of it, consumers get
//! what is left, and then they are told that nothing will come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};

/// How many messages the queue holds.
const CAPACITY: usize = 10;

/// The longest that anybody waits for the others.
const WAIT_MAX: Duration = Duration::from_secs(30);

const ABOUT: About = About {
    name: "producer-consumer",
    source: "002",
    title: Text { en: "Producers and consumers", ko: "생산자와 소비자" },
    shows: Text {
        en: "A queue of ten makes a fast producer wait instead of filling the memory. After the event to stop the \
             queue is drained: each message is consumed exactly once, by one consumer or by two.",
        ko: "길이가 10인 큐는 메모리를 채우는 대신 빠른 생산자를 기다리게 한다. 종료 이벤트 뒤에 큐를 끝까지 비우므로, 소비자가 \
             하나든 둘이든 모든 메시지는 정확히 한 번 소비된다.",
    },
    published: Text {
        en: "Everything produced is consumed; at most 10 in the queue",
        ko: "생산된 것은 모두 소비되고, 큐에는 최대 10개",
    },
    choice: Text {
        en: "Every queue has a length and says what happens when it is full: decoded pictures slow their decoder down, \
             and where only the newest counts, it replaces the one that waits. The program ends from \
             the sources on: cameras first, then evidence, the outbox, the database.",
        ko: "모든 큐에는 길이와 가득 찼을 때의 정책이 있다. 디코딩된 영상은 디코더를 늦추고, 최신 것만 중요한 곳에서는 새것이 기다리던 \
             것을 대신한다. 프로그램은 카메라, 증거, 아웃박스, 데이터베이스 순으로 원천부터 차례로 종료한다.",
    },
    libraries: &["std", "crossbeam-channel"],
    size: Some(Size {
        unit: "messages",
        whole: 200_000,
        reduced: 2_000,
        most: 50_000_000,
        bytes_each: 40,
    }),
};

/// The experiment.
pub(super) struct ProducerConsumer;

impl Experiment for ProducerConsumer {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let mut findings = Findings::default();
        for (name, sides) in [("one and one", 1), ("two and two", 2)] {
            let (way, ran) = given.measure(name, || run(CAPACITY, sides, given.size))?;
            findings.checks.extend(ran.checks(name));
            findings.ways.push(ran.figures(way));
        }
        Ok(findings)
    }
}

/// Which producer made it, and the how manyeth of this producer it is.
type Message = (usize, u64);

/// What came of one run.
#[derive(Debug, Default)]
struct Ran {
    /// How many each producer made.
    produced: Vec<u64>,
    /// What each consumer got, in the order in which it got it.
    consumed: Vec<Vec<Message>>,
    /// The most that were in the queue at once.
    deepest: usize,
    /// Still in the queue when everybody had ended.
    left: usize,
}

/// So many producers and as many consumers until this many messages were consumed and the queue is drained.
fn run(capacity: usize, sides: usize, messages: u64) -> Result<Ran, LabError> {
    let (sender, receiver) = bounded(capacity);
    let event = Event { taken: AtomicU64::new(0), enough: messages, stop: AtomicBool::new(false) };
    let (queue, event) = (&receiver, &event);
    let mut ran = thread::scope(|threads| {
        let mut producers = Vec::new();
        for producer in 0..sides {
            let sender = sender.clone();
            producers.push(threads.spawn(move || produce(producer, &sender, event)));
        }
        // Ours would keep the queue open for ever.
        drop(sender);
        // As published, the producer is ahead: the queue is full before the first message is taken.
        let mut ran = Ran { deepest: filled(queue), ..Ran::default() };
        let consumers: Vec<_> =
            (0..sides).map(|_| threads.spawn(move || consume(queue, event))).collect();
        for producer in producers {
            ran.produced.push(ended(producer)??);
        }
        for consumer in consumers {
            let (messages, deepest) = ended(consumer)?;
            ran.consumed.push(messages);
            ran.deepest = ran.deepest.max(deepest);
        }
        Ok::<_, LabError>(ran)
    })?;
    ran.left = receiver.len();
    Ok(ran)
}

/// Says when to stop: the consumers set it after so many messages, so that each language has the same to do.
struct Event {
    taken: AtomicU64,
    enough: u64,
    stop: AtomicBool,
}

/// Waits until the queue is full; how many are in it.
fn filled(queue: &Receiver<Message>) -> usize {
    let begun = Instant::now();
    while !queue.is_full() && begun.elapsed() < WAIT_MAX {
        thread::sleep(Duration::from_millis(1));
    }
    queue.len()
}

/// Sends messages until the event is set, waiting whenever the queue is full; how many they were.
fn produce(producer: usize, queue: &Sender<Message>, event: &Event) -> Result<u64, LabError> {
    let mut number = 0;
    while !event.stop.load(Ordering::Acquire) {
        queue
            .send_timeout((producer, number), WAIT_MAX)
            .map_err(|error| LabError::failed("producing", error))?;
        number += 1;
    }
    Ok(number)
}

/// Takes messages until none will come; what they were and how deep the queue was.
fn consume(queue: &Receiver<Message>, event: &Event) -> (Vec<Message>, usize) {
    let (mut messages, mut deepest) = (Vec::new(), 0);
    // Ends when every producer has gone and the queue is empty.
    for message in queue {
        deepest = deepest.max(queue.len());
        messages.push(message);
        if event.taken.fetch_add(1, Ordering::Relaxed) + 1 == event.enough {
            event.stop.store(true, Ordering::Release);
        }
    }
    (messages, deepest)
}

fn ended<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, LabError> {
    thread.join().map_err(|_panic| LabError::failed("a thread", "it panicked"))
}

impl Ran {
    fn total(&self) -> u64 {
        self.produced.iter().sum()
    }

    fn checks(&self, way: &str) -> Vec<Check> {
        let mut all: Vec<Message> = self.consumed.iter().flatten().copied().collect();
        all.sort_unstable();
        let made = self.produced.iter().enumerate();
        let made: Vec<Message> =
            made.flat_map(|(producer, count)| (0..*count).map(move |n| (producer, n))).collect();
        // One producer's messages never overtake each other on their way to one consumer.
        let in_order = self.consumed.iter().all(|messages| {
            (0..self.produced.len())
                .all(|producer| messages.iter().filter(|message| message.0 == producer).is_sorted())
        });
        vec![
            Check::bound(
                &format!("{way}: each message is consumed exactly once"),
                format!("{} of {}", made.len(), made.len()),
                format!("{} of {}", all.len(), made.len()),
                all == made,
            ),
            Check::equal(&format!("{way}: messages keep their order"), &true, &in_order),
            Check::equal(&format!("{way}: most messages in the queue"), &CAPACITY, &self.deepest),
            Check::equal(&format!("{way}: left in the queue at the end"), &0, &self.left),
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "figures to be read")]
    fn figures(&self, way: Way) -> Way {
        let rate = self.total() as f64 / way.seconds;
        way.with("consumed", self.total() as f64, "messages").with("rate", rate, "messages/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(ran: &Ran) -> Vec<String> {
        let checks = ran.checks("way").into_iter();
        checks.filter(|check| !check.held).map(|check| check.what.replace("way: ", "")).collect()
    }

    #[test]
    fn what_was_lost_doubled_overtaken_or_left_is_noticed() {
        let ran = |consumed: Vec<Vec<Message>>, deepest, left| Ran {
            produced: vec![2, 1],
            consumed,
            deepest,
            left,
        };
        let none: [&str; 0] = [];
        let once = "each message is consumed exactly once";
        let whole = vec![(0, 0), (1, 0), (0, 1)];
        assert_eq!(failing(&ran(vec![whole.clone(), vec![]], 10, 0)), none);
        assert_eq!(failing(&ran(vec![vec![(0, 0), (1, 0)]], 10, 0)), [once]);
        assert_eq!(failing(&ran(vec![whole.clone(), vec![(1, 0)]], 10, 0)), [once]);
        let overtaken = vec![(0, 1), (1, 0), (0, 0)];
        assert_eq!(failing(&ran(vec![overtaken], 10, 0)), ["messages keep their order"]);
        assert_eq!(failing(&ran(vec![whole.clone()], 11, 0)), ["most messages in the queue"]);
        assert_eq!(failing(&ran(vec![whole], 10, 1)), ["left in the queue at the end"]);
    }

    #[test]
    fn a_longer_queue_is_seen_to_be_deeper() {
        let ran = run(20, 1, 100).unwrap();
        assert_eq!(failing(&ran), ["most messages in the queue"]);
        assert_eq!(ran.deepest, 20);
    }

    #[test]
    fn a_producer_whose_consumer_is_gone_ends() {
        let (sender, receiver) = bounded(1);
        drop(receiver);
        let event = Event { taken: AtomicU64::new(0), enough: 1, stop: AtomicBool::new(false) };
        assert!(produce(0, &sender, &event).is_err());
    }
}
