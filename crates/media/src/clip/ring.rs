//! The newest coded pictures of a camera, kept so that a clip can begin before its alarm.
//!
//! A ring never waits and never copies: it shares the units with the decoder's queue. It
//! begins with a picture that decoding can start at, and keeps no more than [`KEEP`] before the
//! newest, unless a [`Hold`] needs more, and never more than [`BYTES_MAX`]. Of JPEG pictures no more than
//! ten a second are kept.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;

use super::Units;
use crate::session::Codec;
use crate::units::AccessUnit;

/// The most bytes of one camera's ring. Policy: drop oldest, by whole groups of pictures; whoever
/// holds them keeps what there is and no more.
pub const BYTES_MAX: usize = 20 << 20;
/// The most units, whatever their size.
const UNITS_MAX: usize = 4096;
/// At least so much is kept before the newest picture: the five seconds before an alarm, and the
/// time that a picture may take until it raises one.
pub const KEEP: Duration = Duration::from_secs(8);
/// The most holds at once.
pub(crate) const HOLDS_MAX: usize = 16;
/// JPEG pictures closer together are passed over: a tenth of a second, and what clocks tremble.
const JPEG_STEP_US: i64 = 90_000;

/// The ring of one session; cheap to clone.
#[derive(Debug, Clone)]
pub struct ClipRing(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    codec: Codec,
    size: PictureSize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    units: VecDeque<AccessUnit>,
    /// Number of the first unit there is; they are counted from the session's start.
    first: u64,
    /// Numbers of those that decoding can start at.
    keys: VecDeque<u64>,
    bytes: usize,
    newest: Option<PictureTime>,
    holds: Vec<Held>,
    next_hold: u64,
}

#[derive(Debug)]
struct Held {
    id: u64,
    from: PictureTime,
    /// What there was when the ring had to let go of it.
    sealed: Option<Vec<AccessUnit>>,
}

/// Keeps the ring's pictures from a time on until it is dropped.
#[derive(Debug)]
pub struct Hold {
    ring: ClipRing,
    id: u64,
}

impl ClipRing {
    pub(crate) fn new(codec: Codec, size: PictureSize) -> Self {
        Self(Arc::new(Shared { codec, size, inner: Mutex::default() }))
    }

    /// A ring of pictures that somebody makes JPEGs of.
    #[must_use]
    pub fn of_pictures(size: PictureSize) -> Self {
        Self::new(Codec::Jpeg, size)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a unit that came in decoding order.
    pub(crate) fn push(&self, unit: &AccessUnit) {
        let mut inner = self.lock();
        if self.0.codec == Codec::Jpeg {
            if !inner.is_due(unit.time) {
                return;
            }
            // A part of an answer shares the buffer that it was read into, which is larger.
            let data = Bytes::copy_from_slice(&unit.data);
            inner.push(AccessUnit { data, ..unit.clone() });
        } else {
            inner.push(unit.clone());
        }
    }

    /// Whether a picture of this time would be kept.
    #[must_use]
    pub fn is_due(&self, time: PictureTime) -> bool {
        self.lock().is_due(time)
    }

    /// Adds a JPEG of the ring's size.
    pub fn push_jpeg(&self, time: PictureTime, jpeg: Vec<u8>) {
        let mut inner = self.lock();
        if inner.is_due(time) {
            inner.push(AccessUnit { time, key: true, after_loss: false, data: jpeg.into() });
        }
    }

    /// Size of its pictures.
    #[must_use]
    pub fn size(&self) -> PictureSize {
        self.0.size
    }

    /// The newest picture that came.
    #[must_use]
    pub fn newest(&self) -> Option<PictureTime> {
        self.lock().newest
    }

    /// Bytes kept; what holds had to be given when the ring was full is not among them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Keeps what there is from the key picture at or before `from` on; `None` when too many do.
    #[must_use]
    pub fn hold(&self, from: PictureTime) -> Option<Hold> {
        let mut inner = self.lock();
        if inner.holds.len() >= HOLDS_MAX {
            return None;
        }
        let id = inner.next_hold;
        inner.next_hold += 1;
        inner.holds.push(Held { id, from, sealed: None });
        drop(inner);
        Some(Hold { ring: self.clone(), id })
    }
}

impl Hold {
    /// Whether the ring was full: nothing is added to it any more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let inner = self.ring.lock();
        inner.holds.iter().any(|held| held.id == self.id && held.sealed.is_some())
    }

    /// What is held, up to `to`; `None` when there is nothing that decoding can start at.
    #[must_use]
    pub fn take(self, to: PictureTime) -> Option<Units> {
        let mut inner = self.ring.lock();
        let held = inner.holds.iter_mut().find(|held| held.id == self.id)?;
        let from = held.from;
        let units = held.sealed.take().unwrap_or_else(|| inner.since(from));
        drop(inner);
        Units::cut(self.ring.0.codec, self.ring.0.size, units, to)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.ring.lock().holds.retain(|held| held.id != self.id);
    }
}

impl Inner {
    fn is_due(&self, time: PictureTime) -> bool {
        self.newest.is_none_or(|newest| time.0 - newest.0 >= JPEG_STEP_US)
    }

    fn push(&mut self, unit: AccessUnit) {
        self.newest = self.newest.max(Some(unit.time));
        let needed = unit.data.len();
        while !self.units.is_empty()
            && (self.bytes + needed > BYTES_MAX || self.units.len() >= UNITS_MAX)
        {
            self.seal_first_group();
            self.drop_first_group();
        }
        // Nothing can be made of those without a beginning, or of one that is larger than all.
        if needed > BYTES_MAX || (self.units.is_empty() && !unit.key) {
            return;
        }
        if unit.key {
            self.keys.push_back(self.first + self.units.len() as u64);
        }
        self.bytes += needed;
        self.units.push_back(unit);
        self.forget_old();
    }

    /// Drops groups of pictures that nobody needs any more.
    fn forget_old(&mut self) {
        let Some(newest) = self.newest else { return };
        let held = self.holds.iter().filter(|held| held.sealed.is_none()).map(|held| held.from);
        let keep = held.chain([newest - KEEP]).min().unwrap_or(newest);
        while self.second_key().is_some_and(|key| key <= keep) {
            self.drop_first_group();
        }
    }

    /// Time of the second picture that decoding can start at.
    fn second_key(&self) -> Option<PictureTime> {
        let at = usize::try_from(self.keys.get(1)? - self.first).ok()?;
        self.units.get(at).map(|unit| unit.time)
    }

    /// Gives what they have to those who need the first group.
    fn seal_first_group(&mut self) {
        let second = self.second_key();
        let mut holds = mem::take(&mut self.holds);
        for held in holds.iter_mut().filter(|held| held.sealed.is_none()) {
            if second.is_none_or(|second| second > held.from) {
                held.sealed = Some(self.since(held.from));
                metrics::counter!("safe_yolo_clip_ring_full_total").increment(1);
            }
        }
        self.holds = holds;
    }

    fn drop_first_group(&mut self) {
        self.keys.pop_front();
        let next = self.keys.front().copied();
        let count = next.map_or(self.units.len() as u64, |next| next - self.first);
        let count_here = usize::try_from(count).unwrap_or(usize::MAX).min(self.units.len());
        for unit in self.units.drain(..count_here) {
            self.bytes -= unit.data.len();
        }
        self.first += count;
    }

    /// All units from the key picture at or before `from` on, or from the first there is.
    fn since(&self, from: PictureTime) -> Vec<AccessUnit> {
        let place = |number: &u64| usize::try_from(number - self.first).ok();
        let keys = self.keys.iter().filter_map(place);
        let is_before = |at: &usize| self.units.get(*at).is_some_and(|unit| unit.time <= from);
        let begin = keys.take_while(is_before).last().unwrap_or(0);
        self.units.iter().skip(begin).cloned().collect()
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
