//! What several experiments need of threads: to start them, to let them meet, to count who is inside.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::experiment::LabError;

/// The longest that an experiment waits for another thread: what waits for ever can't say what is wrong.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Cores that the program may use.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs the work on so many threads, each of which is told its number, and gives what each gave.
///
/// # Errors
/// When one panicked.
pub(super) fn on_threads<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>, LabError> {
    let ended: Vec<_> = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    ended
        .into_iter()
        .map(|ended| ended.map_err(|_panic| LabError::failed("a thread", "it panicked")))
        .collect()
}

/// Takes a lock. Who panicked while holding it has ended the experiment anyhow.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A barrier that gives up, which `std::sync::Barrier` does not.
#[derive(Debug)]
pub(super) struct Meeting {
    wanted: usize,
    /// How many wait, and how often all have met.
    state: Mutex<(usize, usize)>,
    complete: Condvar,
}

impl Meeting {
    /// One of so many.
    pub(super) fn of(wanted: usize) -> Self {
        Self { wanted, state: Mutex::new((0, 0)), complete: Condvar::new() }
    }

    /// Waits for the others; false when they do not all come in time.
    pub(super) fn arrive(&self, patience: Duration) -> bool {
        let mut state = lock(&self.state);
        state.0 += 1;
        if state.0 == self.wanted {
            *state = (0, state.1 + 1);
            self.complete.notify_all();
            return true;
        }
        let before = state.1;
        let (mut state, _timed_out) = self
            .complete
            .wait_timeout_while(state, patience, |state| state.1 == before)
            .unwrap_or_else(PoisonError::into_inner);
        let met = state.1 != before;
        if !met {
            // Who has gone away is not to be counted by those who come later.
            state.0 -= 1;
        }
        met
    }
}

/// Counts how many are inside of something, and the most there ever were.
#[derive(Debug, Default)]
pub(super) struct Inside {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Inside {
    /// One more; it is inside until what this gives is dropped.
    pub(super) fn enter(&self) -> Entered<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Entered(self)
    }

    /// The most at once.
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// One that is inside.
#[derive(Debug)]
pub(super) struct Entered<'a>(&'a Inside);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_needs_all_and_forgets_who_went_away() {
        let meeting = Meeting::of(2);
        assert!(!meeting.arrive(Duration::from_millis(1)));
        assert!(!meeting.arrive(Duration::from_millis(1)), "the first has gone away");
        let met = on_threads(2, |_| meeting.arrive(PATIENCE) && meeting.arrive(PATIENCE));
        assert_eq!(met.unwrap(), [true, true]);
    }

    #[test]
    fn inside_counts_the_most_and_not_all() {
        let inside = Inside::default();
        drop(inside.enter());
        assert_eq!(inside.most(), 1);
        let (_one, _two) = (inside.enter(), inside.enter());
        assert_eq!(inside.most(), 2);
    }

    #[test]
    fn a_thread_that_panics_is_an_error() {
        let ended = on_threads(2, |number| assert_eq!(number, 0, "this panic is meant"));
        assert!(ended.is_err());
    }
}
