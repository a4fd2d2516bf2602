//! What a stream and the tasks behind it tell one another, without waiting.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use safe_yolo_core::time::PictureTime;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::gate::Decoding;

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

    /// The camera sent a unit of this time.
    pub(crate) fn unit_came(&self, at: Instant, time: PictureTime) {
        self.last_unit.set(self.begun, at);
        // Units of pictures that refer to later ones come out of order.
        self.newest_unit.fetch_max(time.0, Ordering::Relaxed);
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
    use std::time::Duration;

    #[test]
    fn what_is_told_is_seen() {
        let flow = Flow::new();
        assert_eq!((flow.last_unit_at(), flow.size_motion_at(), flow.shown()), (None, None, None));
        assert_eq!(flow.decoding(), Decoding::All);
        let at = flow.begun + Duration::from_micros(5);
        assert_eq!(flow.newest_unit(), None);
        flow.unit_came(flow.begun, PictureTime(-40));
        flow.unit_came(flow.begun, PictureTime(-80));
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
