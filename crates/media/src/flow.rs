//! What a stream and the tasks behind it tell one another, without waiting.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use safe_yolo_core::time::PictureTime;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::gate::Decoding;
use crate::units::AccessUnit;

/// No picture was shown yet.
const NONE: i64 = i64::MIN;

/// One a stream; all of it is cheap to read.
#[derive(Debug)]
pub(crate) struct Flow {
    begun: Instant,
    /// The caller wants as little decoded as is safe.
    economy: watch::Sender<bool>,
    key_pictures_only: AtomicBool,
    last_unit: AtomicInstant,
    /// Time of the newest unit that the camera sent, microseconds.
    newest_unit: AtomicI64,
    size_motion: AtomicInstant,
    /// Time of the newest picture that left the child, microseconds.
    shown: AtomicI64,
    damage: Mutex<Damage>,
}

/// Pictures from here on are wrong in places, because something was lost, up to the next
/// that stands alone.
#[derive(Debug, Default)]
struct Damage {
    from: Option<PictureTime>,
    until: Option<PictureTime>,
}

impl Damage {
    fn unit(&mut self, unit: &AccessUnit) {
        match self.from {
            // One that stands alone is whole, or it would not be here.
            _ if unit.key => self.until = self.until.or(Some(unit.time)),
            // Pictures of the damage before may still be in the decoder: better one
            // too many than one too few.
            Some(_) if unit.after_loss => self.until = None,
            None if unit.after_loss => (self.from, self.until) = (Some(unit.time), None),
            _ => {}
        }
    }

    fn covers(&self, time: PictureTime) -> bool {
        self.from.is_some_and(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }
}

/// Microseconds since the stream began, plus one; 0 for never.
#[derive(Debug, Default)]
struct AtomicInstant(AtomicU64);

impl AtomicInstant {
    fn set(&self, begun: Instant, at: Instant) {
        let micros = u64::try_from(at.saturating_duration_since(begun).as_micros());
        self.0.store(micros.unwrap_or(u64::MAX - 1).saturating_add(1), Ordering::Relaxed);
    }

    fn get(&self, begun: Instant) -> Option<Instant> {
        let micros = self.0.load(Ordering::Relaxed).checked_sub(1)?;
        begun.checked_add(std::time::Duration::from_micros(micros))
    }
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            economy: watch::channel(false).0,
            key_pictures_only: AtomicBool::new(false),
            last_unit: AtomicInstant::default(),
            newest_unit: AtomicI64::new(NONE),
            size_motion: AtomicInstant::default(),
            shown: AtomicI64::new(NONE),
            damage: Mutex::default(),
        }
    }

    pub(crate) fn set_economy(&self, on: bool) {
        self.economy.send_if_modified(|was| std::mem::replace(was, on) != on);
    }

    pub(crate) fn economy(&self) -> watch::Receiver<bool> {
        self.economy.subscribe()
    }

    pub(crate) fn set_decoding(&self, decoding: Decoding) {
        self.key_pictures_only.store(decoding == Decoding::KeyPictures, Ordering::Relaxed);
    }

    pub(crate) fn decoding(&self) -> Decoding {
        if self.key_pictures_only.load(Ordering::Relaxed) {
            Decoding::KeyPictures
        } else {
            Decoding::All
        }
    }

    /// The camera sent this unit.
    pub(crate) fn unit_came(&self, at: Instant, unit: &AccessUnit) {
        self.last_unit.set(self.begun, at);
        // Units of pictures that refer to later ones come out of order.
        self.newest_unit.fetch_max(unit.time.0, Ordering::Relaxed);
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).unit(unit);
    }

    /// Whether something was lost that the picture of this time refers to.
    pub(crate) fn is_damaged(&self, time: PictureTime) -> bool {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).covers(time)
    }

    /// The newest unit that the camera sent.
    pub(crate) fn newest_unit(&self) -> Option<PictureTime> {
        Some(self.newest_unit.load(Ordering::Relaxed)).filter(|time| *time != NONE).map(PictureTime)
    }

    pub(crate) fn last_unit_at(&self) -> Option<Instant> {
        self.last_unit.get(self.begun)
    }

    pub(crate) fn sizes_showed_motion(&self, at: Instant) {
        self.size_motion.set(self.begun, at);
    }

    pub(crate) fn size_motion_at(&self) -> Option<Instant> {
        self.size_motion.get(self.begun)
    }

    /// A picture of this time left the child.
    pub(crate) fn picture_came(&self, time: PictureTime) {
        self.shown.store(time.0, Ordering::Relaxed);
    }

    /// The newest picture that left the child.
    pub(crate) fn shown(&self) -> Option<PictureTime> {
        Some(self.shown.load(Ordering::Relaxed)).filter(|time| *time != NONE).map(PictureTime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    const fn unit(time: i64, key: bool, after_loss: bool) -> AccessUnit {
        AccessUnit { time: PictureTime(time), key, after_loss, data: Bytes::new() }
    }

    #[test]
    fn what_refers_to_a_loss_is_damaged() {
        let flow = Flow::new();
        let check = |sound: &[i64], damaged: &[i64]| {
            assert!(sound.iter().all(|time| !flow.is_damaged(PictureTime(*time))), "{sound:?}");
            assert!(damaged.iter().all(|time| flow.is_damaged(PictureTime(*time))), "{damaged:?}");
        };
        let come = |units: &[(i64, bool, bool)]| {
            for (time, key, after_loss) in units {
                flow.unit_came(flow.begun, &unit(*time, *key, *after_loss));
            }
        };
        come(&[(0, true, false), (1, false, false)]);
        check(&[0, 1, 2], &[]);
        come(&[(3, false, true), (4, false, false)]);
        // The decoder may still be busy with the ones before.
        check(&[0, 1], &[3, 4, 5]);
        come(&[(6, true, true), (7, false, false)]);
        check(&[0, 1, 6, 7], &[3, 4, 5]);
        come(&[(9, false, true), (10, false, true)]);
        check(&[], &[9, 10, 11]);
        come(&[(12, true, false), (18, true, false)]);
        check(&[12, 13, 18, 19], &[9, 11]);
    }

    #[test]
    fn what_is_told_is_seen() {
        let flow = Flow::new();
        assert_eq!((flow.last_unit_at(), flow.size_motion_at(), flow.shown()), (None, None, None));
        assert_eq!(flow.decoding(), Decoding::All);
        let at = flow.begun + Duration::from_micros(5);
        assert_eq!(flow.newest_unit(), None);
        flow.unit_came(flow.begun, &unit(-40, true, false));
        flow.unit_came(flow.begun, &unit(-80, false, false));
        flow.sizes_showed_motion(at);
        flow.picture_came(PictureTime(-3));
        flow.set_decoding(Decoding::KeyPictures);
        assert_eq!(flow.last_unit_at(), Some(flow.begun));
        assert_eq!(flow.newest_unit(), Some(PictureTime(-40)));
        assert_eq!(flow.size_motion_at(), Some(at));
        assert_eq!(flow.shown(), Some(PictureTime(-3)));
        assert_eq!(flow.decoding(), Decoding::KeyPictures);
    }
}
