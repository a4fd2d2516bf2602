//! Which access units reach the decoder child: all, or, where nobody is and it
//! is safe, key units only.
//!
//! The units after the last fed key unit are held, so that decoding can go on
//! from it at any moment: when the caller wants all, when the sizes of the
//! held units show motion, or when the next key unit is late. Knows no clock:
//! every call says what time it is.

mod decoder;
mod sizes;

use std::collections::VecDeque;
use std::time::Duration;

use safe_yolo_core::geometry::PictureSize;
use safe_yolo_core::time::PictureTime;
use tokio::time::Instant;

use self::decoder::Promptness;
use self::sizes::SizeMotion;
use crate::units::{AccessUnit, UNITS_MAX};

/// What of a stream is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// Every picture.
    All,
    /// Key pictures only: nobody is there, and someone who comes is noticed in time.
    KeyPictures,
}

/// The most units held; with the key unit they fit into the queue behind.
/// Policy: when one more does not fit, all are fed, up to the next key unit.
const HELD_MAX: usize = UNITS_MAX * 3 / 4;
/// The most bytes held, of the same policy.
const HELD_BYTES_MAX: usize = 8 << 20;
/// Key units this close together are enough whatever the others show ...
const KEY_INTERVAL: Duration = Duration::from_millis(1100);
/// ... and these while the others' sizes would show a person.
const KEY_INTERVAL_STEADY: Duration = Duration::from_millis(2500);
/// So many intervals in a row must have been that short.
const INTERVALS: usize = 3;
/// How late a key unit may arrive before the held units are fed.
const KEY_LATE: Duration = Duration::from_millis(200);
/// Where every unit is a key unit, one in this time is fed, and the newest held.
const THIN_INTERVAL: Duration = Duration::from_millis(950);
/// So many key units in a row: every unit is one.
const KEYS_IN_A_ROW: u32 = 3;
/// Pictures right after a key picture repair it and are larger than usual.
const AFTER_KEY: Duration = Duration::from_millis(150);
/// All is fed for this long after motion.
const AFTER_MOTION: Duration = sizes::PAUSE;
/// Pictures sent out of order keep the decoder from showing a lone one; how
/// long after the last such picture this is believed.
const ORDER_MEMORY: Duration = Duration::from_secs(60);

/// Decides on the units of one session.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The caller wants as little decoded as is safe.
    wanted: bool,
    sizes: SizeMotion,
    rhythm: Rhythm,
    order: Order,
    decoder: Promptness,
    all_until: Option<Instant>,
    /// When the key unit was fed whose successors are held; `None` when all is fed.
    holding: Option<Instant>,
    held: VecDeque<AccessUnit>,
    held_bytes: usize,
    skipped: u64,
}

impl Gate {
    /// A gate for pictures of this size, in pixels, that feeds everything.
    pub(crate) fn new(size: PictureSize) -> Self {
        Self {
            wanted: false,
            sizes: SizeMotion::new(size),
            rhythm: Rhythm::default(),
            order: Order::default(),
            decoder: Promptness::default(),
            all_until: None,
            holding: None,
            held: VecDeque::new(),
            held_bytes: 0,
            skipped: 0,
        }
    }

    /// Takes a unit that arrived now and appends to `out` what is to be fed.
    /// `shown` is the newest picture that the decoder has given.
    pub(crate) fn push(
        &mut self,
        unit: AccessUnit,
        now: Instant,
        shown: Option<PictureTime>,
        out: &mut Vec<AccessUnit>,
    ) {
        self.learn(&unit, now, shown);
        if unit.key {
            // What is held belongs to the key unit before and is not needed any more.
            self.skipped += self.held.len() as u64;
            self.held.clear();
            self.held_bytes = 0;
        }
        let economy = self.is_possible(now) && self.in_time(now);
        let is_start = unit.key && !(economy && self.is_thinned(now));
        if is_start {
            self.holding = economy.then_some(now);
        } else if self.holding.is_some() && economy && self.has_room(&unit) {
            self.held_bytes += unit.data.len();
            self.held.push_back(unit);
            return;
        } else {
            self.release(out);
        }
        self.decoder.fed(unit.time);
        out.push(unit);
    }

    /// The caller's wish; `false` feeds what is held at once.
    pub(crate) fn set_economy(&mut self, wanted: bool, out: &mut Vec<AccessUnit>) {
        self.wanted = wanted;
        if !wanted {
            self.release(out);
        }
    }

    /// When [`Self::tick`] must be called at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let fed = self.holding.filter(|_| !self.held.is_empty())?;
        fed.checked_add(self.patience())
    }

    /// Feeds what is held once the next key unit is late.
    pub(crate) fn tick(&mut self, now: Instant, out: &mut Vec<AccessUnit>) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.release(out);
        }
    }

    /// The stream's parameters have changed: what is known of the decoder is void.
    pub(crate) fn parameters_changed(&mut self) {
        self.decoder = Promptness::default();
    }

    /// What is in force.
    pub(crate) const fn decoding(&self) -> Decoding {
        if self.holding.is_some() { Decoding::KeyPictures } else { Decoding::All }
    }

    /// When the sizes last showed motion.
    pub(crate) fn last_motion(&self) -> Option<Instant> {
        self.sizes.last_motion()
    }

    /// How many units wait here.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// How many units were never fed, since the last call.
    pub(crate) const fn take_skipped(&mut self) -> u64 {
        std::mem::replace(&mut self.skipped, 0)
    }

    fn learn(&mut self, unit: &AccessUnit, now: Instant, shown: Option<PictureTime>) {
        self.decoder.look(shown);
        self.order.look(unit.time, now);
        self.rhythm.look(unit);
        let settled =
            self.rhythm.last_key.is_none_or(|key| unit.time.0 - key.0 >= micros(AFTER_KEY));
        if !unit.key && settled && self.sizes.push(unit.data.len(), now) {
            self.all_until = now.checked_add(AFTER_MOTION);
        }
    }

    /// Whether key units are enough, as far as is known before the decoder is asked.
    fn is_possible(&self, now: Instant) -> bool {
        self.wanted
            && self.all_until.is_none_or(|until| now >= until)
            && self.order.is_kept(now)
            && self.decoder.may_be_prompt(now)
            && self.rhythm.interval().is_some_and(|interval| interval <= self.interval_max())
    }

    fn interval_max(&self) -> Duration {
        if self.sizes.is_steady() { KEY_INTERVAL_STEADY } else { KEY_INTERVAL }
    }

    /// How long after one key unit the next is waited for.
    fn patience(&self) -> Duration {
        let usual = self.rhythm.interval().unwrap_or(KEY_INTERVAL).max(THIN_INTERVAL);
        usual.min(self.interval_max()) + KEY_LATE
    }

    /// Whether the units held now may wait on; asks the decoder for its proof.
    fn in_time(&mut self, now: Instant) -> bool {
        let Some(fed) = self.holding else {
            return true;
        };
        let waited = now.duration_since(fed);
        // A key unit that is here is not late.
        let late = !self.held.is_empty() && waited > self.patience();
        !late && self.decoder.is_trusted(waited, now)
    }

    /// Whether a key unit follows too soon on the one before to be fed.
    fn is_thinned(&self, now: Instant) -> bool {
        self.rhythm.keys_in_a_row >= KEYS_IN_A_ROW
            && self.holding.is_some_and(|fed| now.duration_since(fed) < THIN_INTERVAL)
    }

    fn has_room(&self, unit: &AccessUnit) -> bool {
        self.held.len() < HELD_MAX && self.held_bytes + unit.data.len() <= HELD_BYTES_MAX
    }

    /// Feeds what is held, and all from now on up to the next key unit.
    fn release(&mut self, out: &mut Vec<AccessUnit>) {
        self.holding = None;
        self.held_bytes = 0;
        for unit in self.held.drain(..) {
            self.decoder.fed(unit.time);
            out.push(unit);
        }
    }
}

/// How far apart key units are shown.
#[derive(Debug, Default)]
struct Rhythm {
    last_key: Option<PictureTime>,
    /// The last [`INTERVALS`].
    intervals: VecDeque<Duration>,
    keys_in_a_row: u32,
}

impl Rhythm {
    fn look(&mut self, unit: &AccessUnit) {
        if !unit.key {
            self.keys_in_a_row = 0;
            return;
        }
        self.keys_in_a_row = self.keys_in_a_row.saturating_add(1);
        if let Some(last) = self.last_key.replace(unit.time) {
            if self.intervals.len() >= INTERVALS {
                self.intervals.pop_front();
            }
            let micros = unit.time.0.saturating_sub(last.0).unsigned_abs();
            self.intervals.push_back(Duration::from_micros(micros));
        }
    }

    /// The longest of the last; `None` while there were too few.
    fn interval(&self) -> Option<Duration> {
        let longest = self.intervals.iter().max().copied();
        longest.filter(|_| self.intervals.len() >= INTERVALS)
    }
}

/// Whether pictures are sent in the order in which they are shown.
#[derive(Debug, Default)]
struct Order {
    newest: Option<PictureTime>,
    broken_at: Option<Instant>,
}

impl Order {
    fn look(&mut self, time: PictureTime, now: Instant) {
        if self.newest.is_some_and(|newest| time < newest) {
            self.broken_at = Some(now);
        }
        self.newest = self.newest.max(Some(time));
    }

    fn is_kept(&self, now: Instant) -> bool {
        self.broken_at.is_none_or(|at| now.duration_since(at) >= ORDER_MEMORY)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
