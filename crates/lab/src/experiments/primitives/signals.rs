//! Telling others: an event that stays, and a condition that is looked at again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{THREADS, all_turns};
use crate::experiment::{Check, Given, LabError};
use crate::experiments::together::{Meeting, PATIENCE, lock, on_threads};

/// `Event`: a flag and a condition. Who comes after it was set need not wait.
#[derive(Default)]
struct Event {
    happened: Mutex<bool>,
    told: Condvar,
}

impl Event {
    fn set(&self) {
        *lock(&self.happened) = true;
        self.told.notify_all();
    }

    fn wait(&self, patience: Duration) -> bool {
        let happened = lock(&self.happened);
        let waited = self.told.wait_timeout_while(happened, patience, |happened| !*happened);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Some wait for each event, the last thread sets it; some may come too late to wait, and none is forgotten.
pub(super) fn event(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let events: Vec<_> = (0..given.size.div_ceil(200)).map(|_| Event::default()).collect();
    let (meeting, passed) = (Meeting::of(THREADS + 1), AtomicUsize::new(0));
    let early = on_threads(THREADS + 1, |number| {
        let mut early = 0;
        for (before, event) in events.iter().enumerate() {
            // All have passed the event before this one, and nobody gets past this one yet.
            if !meeting.arrive(PATIENCE) {
                break;
            }
            if number == THREADS {
                early += passed.load(Ordering::SeqCst).abs_diff(before * THREADS);
                event.set();
            } else {
                passed.fetch_add(usize::from(event.wait(PATIENCE)), Ordering::SeqCst);
            }
        }
        early
    })?;
    let late = events.iter().filter(|event| event.wait(Duration::ZERO)).count();
    Ok(vec![
        Check::equal("passed before their event", &0, &early.iter().sum()),
        Check::equal("passed after it", &(THREADS * events.len()), &passed.into_inner()),
        Check::equal("events at which who comes later need not wait", &events.len(), &late),
    ])
}

/// `Condition`: `Condvar`. Each thing is announced to one waiter; a lost wake-up would leave somebody waiting.
pub(super) fn condition(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let (things, put) = (Mutex::new(Vec::new()), Condvar::new());
    let taken = on_threads(2 * THREADS, |number| {
        let mut sum = 0;
        for turn in 1..=given.size {
            if number < THREADS {
                lock(&things).push(turn);
                put.notify_one();
            } else {
                let waited =
                    put.wait_timeout_while(lock(&things), PATIENCE, |things| things.is_empty());
                let Some(thing) = waited.unwrap_or_else(PoisonError::into_inner).0.pop() else {
                    break;
                };
                sum += thing;
            }
        }
        sum
    })?;
    let put = all_turns(given) * (given.size + 1) / 2;
    Ok(vec![
        Check::equal("sum of what was announced and taken", &put, &taken.iter().sum()),
        Check::equal("left over", &0, &lock(&things).len()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_nothing_gives_up() {
        let event = Event::default();
        assert!(!event.wait(Duration::from_millis(1)));
        event.set();
        assert!(event.wait(Duration::ZERO) && event.wait(Duration::ZERO), "it stays");
    }
}
