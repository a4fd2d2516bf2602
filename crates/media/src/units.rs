//! Access units between a camera's session and its decoder child.
//!
//! The session must never wait for the decoder: a camera whose data is not
//! taken drops the connection. So when the queue is full, units are given up,
//! all before the newest one that decoding can start at: a decoder that is too
//! slow must not stay seconds behind the camera.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use safe_yolo_core::time::PictureTime;
use tokio::sync::Notify;

/// The most units that wait.
pub(crate) const UNITS_MAX: usize = 128;
/// The most bytes that wait.
const BYTES_MAX: usize = 16 << 20;

/// One coded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessUnit {
    /// When it is shown, since the start of the session.
    pub(crate) time: PictureTime,
    /// Whether decoding can start here.
    pub(crate) key: bool,
    /// Something of the stream before it was lost.
    pub(crate) after_loss: bool,
    /// Annex B for H.264 and H.265, with the parameter sets before each key picture.
    pub(crate) data: Bytes,
}

/// A bounded queue of access units; policy: drop all before the newest key picture.
#[derive(Debug, Default)]
pub(crate) struct UnitQueue {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    units: VecDeque<AccessUnit>,
    bytes: usize,
    /// Units were given up, so that those up to the next key picture are useless.
    broken: bool,
    closed: bool,
}

impl UnitQueue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a unit; returns how many were given up. Never waits.
    pub(crate) fn push(&self, unit: AccessUnit) -> usize {
        let mut inner = self.lock();
        let mut dropped = 0;
        while inner.units.len() >= UNITS_MAX || inner.bytes + unit.data.len() > BYTES_MAX {
            if inner.units.is_empty() {
                // Larger than the whole queue.
                inner.broken = true;
                return dropped + 1;
            }
            dropped += inner.drop_to_newest_key(unit.key);
        }
        if inner.broken && !unit.key {
            return dropped + 1;
        }
        inner.broken = false;
        inner.bytes += unit.data.len();
        inner.units.push_back(unit);
        drop(inner);
        self.changed.notify_one();
        dropped
    }

    /// The oldest unit; `None` once the queue is closed and empty. One caller at a time.
    pub(crate) async fn pop(&self) -> Option<AccessUnit> {
        loop {
            {
                let mut inner = self.lock();
                if let Some(unit) = inner.units.pop_front() {
                    inner.bytes -= unit.data.len();
                    return Some(unit);
                }
                if inner.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// How many units wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().units.len()
    }

    /// No more units will come.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }
}

impl Inner {
    /// Gives up all before the newest key picture, which may be the one that comes next.
    fn drop_to_newest_key(&mut self, next_is_key: bool) -> usize {
        let newest = self.units.iter().rposition(|unit| unit.key);
        // From the first on there is nothing to give up.
        let newest = newest.filter(|at| *at > 0 && !next_is_key);
        let count = newest.unwrap_or(self.units.len());
        self.broken |= newest.is_none();
        for unit in self.units.drain(..count) {
            self.bytes -= unit.data.len();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(number: usize, key: bool, len: usize) -> AccessUnit {
        AccessUnit {
            time: PictureTime::from_millis(number as i64),
            key,
            after_loss: false,
            data: vec![0; len].into(),
        }
    }

    fn drain(queue: &UnitQueue) -> Vec<AccessUnit> {
        queue.lock().units.drain(..).collect()
    }

    #[test]
    fn a_full_queue_gives_up_whole_groups_of_pictures() {
        let queue = UnitQueue::default();
        let dropped: usize = (0..UNITS_MAX + 1).map(|n| queue.push(unit(n, n % 50 == 0, 10))).sum();
        assert_eq!(dropped, 100);
        let left = drain(&queue);
        assert!(left[0].key);
        assert_eq!(left[0].time, PictureTime::from_millis(100), "the newest there is");
        assert_eq!(left.len(), UNITS_MAX + 1 - 100);
    }

    #[test]
    fn a_key_picture_that_finds_the_queue_full_has_it_for_itself() {
        let queue = UnitQueue::default();
        let dropped: usize = (0..UNITS_MAX + 1).map(|n| queue.push(unit(n, n % 64 == 0, 10))).sum();
        assert_eq!(dropped, UNITS_MAX);
        let left = drain(&queue);
        assert_eq!((left.len(), left[0].key), (1, true));
        assert_eq!(left[0].time, PictureTime::from_millis(UNITS_MAX as i64));
    }

    #[test]
    fn what_can_not_be_decoded_is_not_kept() {
        let queue = UnitQueue::default();
        let dropped: usize = (0..UNITS_MAX + 20).map(|n| queue.push(unit(n, n == 0, 10))).sum();
        assert_eq!(dropped, UNITS_MAX + 20);
        assert_eq!(queue.push(unit(900, true, 10)), 0);
        assert_eq!(drain(&queue).len(), 1);
    }

    #[test]
    fn bytes_are_bounded() {
        let queue = UnitQueue::default();
        assert_eq!(queue.push(unit(0, true, BYTES_MAX + 1)), 1);
        assert_eq!(queue.push(unit(1, false, 10)), 1);
        for n in 0..100 {
            queue.push(unit(n, true, 1 << 20));
            assert!(queue.lock().bytes <= BYTES_MAX);
        }
        // Each seventeenth has the queue for itself.
        assert_eq!(queue.len(), 4);
    }

    #[tokio::test]
    async fn what_was_queued_is_still_given_after_closing() {
        let queue = UnitQueue::default();
        queue.push(unit(1, true, 1));
        queue.close();
        assert!(queue.pop().await.is_some());
        assert!(queue.pop().await.is_none());
    }
}
