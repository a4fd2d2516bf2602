//! The ring shared: who publishes, who reads, and who is woken.
//!
//! Everything is behind one lock that is held for a few instructions: finding
//! nothing and asking to be woken are one step, so no wake-up is lost, and
//! wake-ups themselves happen after the lock is given back.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::future::poll_fn;
use std::hash::BuildHasherDefault;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::ring::{Capacity, Next, OutOfOrder, Place, Ring, TooOld};
use crate::sync::{Arc, Mutex, MutexGuard};

/// By subscriber: at most one each, removed when it leaves. How many
/// subscribers there may be is decided by who lets them in. The keys are our
/// own, so a hasher without secrets does, and makes runs repeatable.
type Waiting = HashMap<u64, Waker, BuildHasherDefault<DefaultHasher>>;

struct State<T> {
    ring: Ring<T>,
    waiting: Waiting,
    next_id: u64,
    subscribers: usize,
    missed: u64,
    missed_notices: u64,
    refused: u64,
    /// The publisher is gone.
    ended: bool,
}

type Shared<T> = Arc<Mutex<State<T>>>;

/// A panic elsewhere leaves the state whole: nothing in here panics half way.
fn lock<T>(shared: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Figures of a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Items that are kept.
    pub depth: usize,
    /// Notices that are kept.
    pub notices_depth: usize,
    /// Those who have joined and not left.
    pub subscribers: usize,
    /// Items that subscribers were told they missed, summed over subscribers.
    pub missed: u64,
    /// The same of notices.
    pub missed_notices: u64,
    /// Items refused as out of order.
    pub refused: u64,
}

/// A bus whose numbers begin after `newest`. `T` should be cheap to clone.
#[must_use]
pub fn bus<T: Clone>(capacity: Capacity, newest: i64) -> (Publisher<T>, Bus<T>) {
    let shared = Arc::new(Mutex::new(State {
        ring: Ring::new(capacity, newest),
        waiting: Waiting::default(),
        next_id: 0,
        subscribers: 0,
        missed: 0,
        missed_notices: 0,
        refused: 0,
        ended: false,
    }));
    let publisher = Publisher { shared: Arc::clone(&shared), woken: Waiting::default() };
    (publisher, Bus { shared })
}

/// The only one who publishes; dropping it ends the bus.
pub struct Publisher<T> {
    shared: Shared<T>,
    /// Those to be woken; empty between calls, kept for its room.
    woken: Waiting,
}

impl<T> std::fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl<T: Clone> Publisher<T> {
    /// Adds an item for everybody. Never waits for a subscriber.
    ///
    /// # Errors
    /// When `seq` does not exceed all before it: then nothing is published,
    /// and it is counted.
    pub fn publish(&mut self, seq: i64, item: T) -> Result<(), OutOfOrder> {
        let mut state = lock(&self.shared);
        let oldest = state.ring.publish(seq, item);
        state.refused += u64::from(oldest.is_err());
        if oldest.is_ok() {
            std::mem::swap(&mut state.waiting, &mut self.woken);
        }
        drop(state);
        self.wake();
        oldest.map(drop)
    }

    /// Adds a notice for everybody who is there now. Never waits for a subscriber.
    pub fn announce(&mut self, notice: T) {
        let mut state = lock(&self.shared);
        let oldest = state.ring.announce(notice);
        std::mem::swap(&mut state.waiting, &mut self.woken);
        drop(state);
        drop(oldest);
        self.wake();
    }
}

impl<T: Clone> Publisher<T> {
    /// Keeps no notice any more: what they said is told by items now. Who had
    /// not read them is told how many there were.
    pub fn forget_notices(&mut self) {
        let mut state = lock(&self.shared);
        let forgotten = state.ring.forget_notices();
        drop(state);
        // Whatever they take along must not run under the lock.
        drop(forgotten);
    }
}

impl<T> Publisher<T> {
    fn wake(&mut self) {
        for (_, waker) in self.woken.drain() {
            waker.wake();
        }
    }
}

impl<T> Drop for Publisher<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.ended = true;
        std::mem::swap(&mut state.waiting, &mut self.woken);
        drop(state);
        self.wake();
    }
}

/// Where subscribers join; cheap to clone.
pub struct Bus<T> {
    shared: Shared<T>,
}

impl<T> Clone for Bus<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> std::fmt::Debug for Bus<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

impl<T: Clone> Bus<T> {
    /// Joins: everything after the number `after` will come, or everything
    /// from now on. `after` may lie beyond what was published yet.
    ///
    /// # Errors
    /// When not everything after `after` is kept any more.
    pub fn subscribe(&self, after: Option<i64>) -> Result<Subscriber<T>, TooOld> {
        let mut state = lock(&self.shared);
        let place = match after {
            Some(after) => state.ring.place_after(after)?,
            None => state.ring.place(),
        };
        Ok(self.join(&mut state, place))
    }

    /// Joins: everything from now on will come.
    #[must_use]
    pub fn subscribe_now(&self) -> Subscriber<T> {
        let mut state = lock(&self.shared);
        let place = state.ring.place();
        self.join(&mut state, place)
    }

    /// Joins: everything from now on will come, and before it all notices that
    /// are kept.
    #[must_use]
    pub fn subscribe_with_notices(&self) -> Subscriber<T> {
        let mut state = lock(&self.shared);
        let place = state.ring.place_before_notices();
        self.join(&mut state, place)
    }

    fn join(&self, state: &mut State<T>, place: Place) -> Subscriber<T> {
        let id = state.next_id;
        state.next_id += 1;
        state.subscribers += 1;
        Subscriber { shared: Arc::clone(&self.shared), id, place }
    }

    /// The newest number published; before the first, the one it began after.
    #[must_use]
    pub fn newest(&self) -> i64 {
        lock(&self.shared).ring.newest()
    }

    /// The smallest number that one can begin after.
    #[must_use]
    pub fn reaches(&self) -> i64 {
        lock(&self.shared).ring.reaches()
    }

    /// Its figures now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let state = lock(&self.shared);
        Stats {
            depth: state.ring.depth(),
            notices_depth: state.ring.notices_depth(),
            subscribers: state.subscribers,
            missed: state.missed,
            missed_notices: state.missed_notices,
            refused: state.refused,
        }
    }
}

/// A place in the bus; dropping it leaves.
pub struct Subscriber<T> {
    shared: Shared<T>,
    id: u64,
    place: Place,
}

impl<T> std::fmt::Debug for Subscriber<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscriber").field("place", &self.place).finish_non_exhaustive()
    }
}

impl<T: Clone> Subscriber<T> {
    /// What comes next, notices first; none when the publisher is gone and
    /// everything was taken. May be cancelled without losing anything.
    pub async fn next(&mut self) -> Option<Next<T>> {
        poll_fn(|context| self.poll(context, Ring::next)).await
    }

    /// The next notice, or how many were missed; items stay where they are.
    /// None when the publisher is gone. May be cancelled without losing one.
    pub async fn next_notice(&mut self) -> Option<Next<T>> {
        poll_fn(|context| self.poll(context, Ring::next_notice)).await
    }

    /// Goes on with everything after the number `after`; what was announced
    /// and not taken yet still comes.
    ///
    /// # Errors
    /// When not everything after `after` is kept any more; then it stays where
    /// it was.
    pub fn seek(&mut self, after: i64) -> Result<(), TooOld> {
        lock(&self.shared).ring.seek(&mut self.place, after)
    }

    fn poll(
        &mut self,
        context: &Context<'_>,
        take: impl Fn(&Ring<T>, &mut Place) -> Option<Next<T>>,
    ) -> Poll<Option<Next<T>>> {
        let mut state = lock(&self.shared);
        if let Some(next) = take(&state.ring, &mut self.place) {
            match &next {
                Next::Missed { count, .. } => state.missed += count,
                Next::NoticesMissed { count } => state.missed_notices += count,
                Next::Item { .. } | Next::Notice(_) => {}
            }
            return Poll::Ready(Some(next));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        let before = state.waiting.insert(self.id, context.waker().clone());
        drop(state);
        // Whatever it takes along must not run under the lock.
        drop(before);
        Poll::Pending
    }
}

impl<T> Drop for Subscriber<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.subscribers -= 1;
        let waker = state.waiting.remove(&self.id);
        drop(state);
        drop(waker);
    }
}
