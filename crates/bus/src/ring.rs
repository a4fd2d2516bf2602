//! The newest items and notices, and where somebody stands in them: a pure
//! state machine without locks and without waiting.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

/// What is kept for those who are slow; the oldest goes (`drop_oldest`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Numbered items.
    pub items: NonZeroUsize,
    /// Notices.
    pub notices: NonZeroUsize,
}

/// What comes next to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// The next numbered item.
    Item {
        /// Its number.
        seq: i64,
        /// The item.
        item: T,
    },
    /// The subscriber was too slow. It goes on with what comes after `up_to`,
    /// so that it does not lag again at once.
    Missed {
        /// The last number that it has seen, or that it asked to begin after.
        after: i64,
        /// The last number that it has missed.
        up_to: i64,
        /// How many items lie between. Exact, unless numbers have gaps and the
        /// subscriber began beyond what was published: then at most so many.
        count: u64,
    },
    /// An item without a number.
    Notice(T),
    /// So many notices were missed; what is kept of them comes next.
    NoticesMissed {
        /// How many.
        count: u64,
    },
}

/// An item was refused: numbers must grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("item {seq} was refused: {newest} was published before, and numbers must grow")]
pub struct OutOfOrder {
    /// Its number.
    pub seq: i64,
    /// The newest number, which it had to exceed.
    pub newest: i64,
}

/// What somebody wants to begin after is not kept any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("items after {after} are not all kept: begin after {reaches} or later")]
pub struct TooOld {
    /// The number asked for.
    pub after: i64,
    /// The smallest number that one can begin after.
    pub reaches: i64,
}

/// Where a subscriber stands. Positions count all items ever published, so
/// that what was missed can be counted although numbers may have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number after which everything is wanted.
    after: i64,
    position: u64,
    notice: u64,
}

pub(crate) struct Ring<T> {
    capacity: Capacity,
    items: VecDeque<(i64, T)>,
    /// The number of the newest item that is gone; all after it are kept.
    reaches: i64,
    /// Items that are gone: the position of the first that is kept.
    gone: u64,
    notices: VecDeque<T>,
    gone_notices: u64,
}

impl<T: Clone> Ring<T> {
    /// An empty ring; numbers begin after `reaches`.
    pub(crate) const fn new(capacity: Capacity, reaches: i64) -> Self {
        Self {
            capacity,
            items: VecDeque::new(),
            reaches,
            gone: 0,
            notices: VecDeque::new(),
            gone_notices: 0,
        }
    }

    pub(crate) fn newest(&self) -> i64 {
        self.items.back().map_or(self.reaches, |(seq, _)| *seq)
    }

    pub(crate) const fn reaches(&self) -> i64 {
        self.reaches
    }

    pub(crate) fn depth(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn notices_depth(&self) -> usize {
        self.notices.len()
    }

    /// Adds an item; answers the one that had to go for it.
    pub(crate) fn publish(&mut self, seq: i64, item: T) -> Result<Option<T>, OutOfOrder> {
        let newest = self.newest();
        if seq <= newest {
            return Err(OutOfOrder { seq, newest });
        }
        let full = self.items.len() >= self.capacity.items.get();
        let oldest = if full { self.items.pop_front() } else { None };
        if let Some((seq, _)) = &oldest {
            self.reaches = *seq;
            self.gone += 1;
        }
        self.items.push_back((seq, item));
        Ok(oldest.map(|(_, item)| item))
    }

    /// Adds a notice; answers the one that had to go for it.
    pub(crate) fn announce(&mut self, notice: T) -> Option<T> {
        let full = self.notices.len() >= self.capacity.notices.get();
        let oldest = if full { self.notices.pop_front() } else { None };
        self.gone_notices += u64::from(oldest.is_some());
        self.notices.push_back(notice);
        oldest
    }

    /// After all there is now.
    pub(crate) fn place(&self) -> Place {
        let notice = self.gone_notices + self.notices.len() as u64;
        Place { after: self.newest(), position: self.end(), notice }
    }

    /// After all items there are now, before all notices that are kept.
    pub(crate) fn place_before_notices(&self) -> Place {
        Place { notice: self.gone_notices, ..self.place() }
    }

    /// Keeps no notice any more; answers those it kept.
    pub(crate) fn forget_notices(&mut self) -> VecDeque<T> {
        self.gone_notices += self.notices.len() as u64;
        std::mem::take(&mut self.notices)
    }

    /// Before everything after this number; notices from now on.
    pub(crate) fn place_after(&self, after: i64) -> Result<Place, TooOld> {
        let mut place = self.place();
        self.seek(&mut place, after)?;
        Ok(place)
    }

    /// Moves before everything after this number; where notices are read does
    /// not change.
    pub(crate) fn seek(&self, place: &mut Place, after: i64) -> Result<(), TooOld> {
        if after < self.reaches {
            return Err(TooOld { after, reaches: self.reaches });
        }
        place.after = after;
        place.position = self.gone + self.items.partition_point(|(seq, _)| *seq <= after) as u64;
        Ok(())
    }

    /// What comes next to somebody there, notices first; moves the place past it.
    pub(crate) fn next(&self, place: &mut Place) -> Option<Next<T>> {
        self.next_notice(place).or_else(|| self.next_item(place))
    }

    pub(crate) fn next_notice(&self, place: &mut Place) -> Option<Next<T>> {
        let missed = self.gone_notices.saturating_sub(place.notice);
        if missed > 0 {
            place.notice = self.gone_notices;
            return Some(Next::NoticesMissed { count: missed });
        }
        let notice = kept(&self.notices, self.gone_notices, place.notice)?.clone();
        place.notice += 1;
        Some(Next::Notice(notice))
    }

    fn next_item(&self, place: &mut Place) -> Option<Next<T>> {
        if place.position < self.gone && place.after < self.reaches {
            let (after, up_to) = (place.after, self.newest());
            let numbers = u64::try_from(up_to.saturating_sub(after)).unwrap_or_default();
            let count = (self.end() - place.position).min(numbers);
            *place = Place { after: up_to, position: self.end(), notice: place.notice };
            return Some(Next::Missed { after, up_to, count });
        }
        place.position = place.position.max(self.gone);
        // Only somebody who began beyond what was published skips more than none.
        while let Some((seq, item)) = kept(&self.items, self.gone, place.position) {
            place.position += 1;
            if *seq > place.after {
                place.after = *seq;
                return Some(Next::Item { seq: *seq, item: item.clone() });
            }
        }
        None
    }

    /// The position of the next item that will be published.
    fn end(&self) -> u64 {
        self.gone + self.items.len() as u64
    }
}

/// What is at a position, if it is there yet and still.
fn kept<T>(queue: &VecDeque<T>, gone: u64, position: u64) -> Option<&T> {
    queue.get(usize::try_from(position.checked_sub(gone)?).ok()?)
}
