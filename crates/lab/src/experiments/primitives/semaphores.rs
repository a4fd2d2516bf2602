//! At most three inside: a semaphore whose permits give themselves back, and one that counts by hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::experiment::{Check, Given, LabError};
use crate::experiments::together::{Inside, Meeting, PATIENCE, lock, on_threads};

/// How many may be inside.
const ROOM: usize = 3;
/// How many want to.
const VISITORS: usize = 12;

/// Visits that are still to be made, by whoever is free: a multiple of three, so that nobody waits inside alone.
struct Visits(AtomicUsize);

impl Visits {
    fn of(given: &Given<'_>) -> (Self, usize) {
        let count = usize::try_from(given.size.div_ceil(200)).unwrap_or(1) * VISITORS;
        (Self(AtomicUsize::new(count)), count)
    }

    /// Takes the next one; false when all are made.
    fn next(&self) -> bool {
        let took = |left: usize| left.checked_sub(1);
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, took).is_ok()
    }
}

/// `Semaphore(3)`: tokio's, for tasks. Three meet inside, ask for a fourth permit in vain, and leave.
pub(super) fn semaphore(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .map_err(|error| LabError::failed("starting the runtime", error))?;
    let (visits, count) = Visits::of(given);
    let (inside, visits) = (Arc::new(Inside::default()), Arc::new(visits));
    let place = Arc::new((Semaphore::new(ROOM), Barrier::new(ROOM)));
    let all = async {
        let mut visitors = JoinSet::new();
        for _ in 0..VISITORS {
            let (inside, visits) = (Arc::clone(&inside), Arc::clone(&visits));
            let place = Arc::clone(&place);
            visitors.spawn(async move {
                let ((room, meeting), mut refused) = (&*place, 0);
                while visits.next() {
                    let permit = room.acquire().await;
                    let entered = inside.enter();
                    meeting.wait().await;
                    refused += usize::from(room.try_acquire().is_err());
                    meeting.wait().await;
                    drop((entered, permit));
                }
                refused
            });
        }
        visitors.join_all().await.into_iter().sum::<usize>()
    };
    let refused = runtime
        .block_on(async { timeout(PATIENCE, all).await })
        .map_err(|error| LabError::failed("three tasks inside", error))?;
    Ok(vec![
        Check::equal("most inside of a semaphore of 3", &ROOM, &inside.most()),
        Check::equal("visits in which a fourth was refused, semaphore", &count, &refused),
        Check::equal("free in the end", &ROOM, &place.0.available_permits()),
    ])
}

/// `BoundedSemaphore(3)`: a count behind a lock and a condition. To give back what was not taken is an error.
pub(super) fn bounded(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let (room, inside, meeting) = (Bounded::new(ROOM), Inside::default(), Meeting::of(ROOM));
    let (visits, count) = Visits::of(given);
    let good = on_threads(VISITORS, |_| {
        let mut good = 0;
        while visits.next() {
            let taken = room.take(PATIENCE);
            let entered = inside.enter();
            let met = meeting.arrive(PATIENCE);
            let refused = !room.take(Duration::ZERO);
            let left = meeting.arrive(PATIENCE);
            drop(entered);
            let fine = taken && met && refused && left && room.give_back().is_ok();
            good += usize::from(fine);
            if !fine {
                // The others would wait for each other as long again, visit by visit.
                break;
            }
        }
        good
    })?;
    let good = good.into_iter().sum();
    let beyond = room.give_back().map_or_else(|error| error.to_string(), |()| "taken".to_owned());
    Ok(vec![
        Check::equal("most inside of a bounded semaphore of 3", &ROOM, &inside.most()),
        Check::equal("visits in which a fourth was refused, bounded", &count, &good),
        Check::equal("a release beyond the bound", "all 3 are free: nothing was taken", &*beyond),
        Check::equal("free after it", &ROOM, &lock(&room.free)),
    ])
}

/// More was given back than taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("all {0} are free: nothing was taken")]
struct NothingTaken(usize);

/// A count that can't rise above where it began.
struct Bounded {
    most: usize,
    free: Mutex<usize>,
    freed: Condvar,
}

impl Bounded {
    fn new(most: usize) -> Self {
        Self { most, free: Mutex::new(most), freed: Condvar::new() }
    }

    /// Waits for a free one; false when there is none in time.
    fn take(&self, patience: Duration) -> bool {
        let (mut free, _timed_out) = self
            .freed
            .wait_timeout_while(lock(&self.free), patience, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let taken = *free > 0;
        *free -= usize::from(taken);
        taken
    }

    fn give_back(&self) -> Result<(), NothingTaken> {
        let mut free = lock(&self.free);
        if *free == self.most {
            return Err(NothingTaken(self.most));
        }
        *free += 1;
        self.freed.notify_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_taken_is_given_back() {
        let room = Bounded::new(1);
        assert_eq!(room.give_back(), Err(NothingTaken(1)));
        assert!(room.take(Duration::ZERO));
        assert!(!room.take(Duration::ZERO));
        assert_eq!(room.give_back(), Ok(()));
        assert!(room.take(Duration::ZERO));
    }
}
