//! Motion, told from the sizes of coded pictures alone: what moves must be coded.
//!
//! A camera that looks at a still scene sends pictures of much the same size.
//! How much more a walking person adds depends on the size of the picture;
//! where the sizes vary by more than that on their own (noise, a constant
//! bit rate), they are not taken for evidence of stillness.

use std::collections::VecDeque;
use std::time::Duration;

use safe_yolo_core::geometry::PictureSize;
use tokio::time::Instant;

/// What is usual is learned from this long.
const WINDOW: Duration = Duration::from_secs(10);
/// The most sizes kept; at higher rates the window is shorter. Policy: drop oldest.
const SIZES_MAX: usize = 400;
/// Sizes are judged once this much is known.
const LEARN: Duration = Duration::from_secs(3);
const LEARN_SIZES: usize = 10;
/// How often what is usual is worked out anew.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A change that lasts this long is what is usual from now on.
const NEW_NORMAL: Duration = Duration::from_secs(10);
/// Motion ends when there was none for this long.
pub(super) const PAUSE: Duration = Duration::from_secs(3);
/// Pixels of the picture for each byte that a walking person, a sixth of the
/// picture high, adds at least to a coded picture (x264 at constant quality
/// gives 0.5 to 1.1 bits for each pixel of the person, most of the time).
const PIXELS_A_BYTE: u64 = 4096;
/// Less than this is no evidence, however small the picture, bytes.
const EVIDENCE_MIN: u64 = 24;
/// Of this many pictures ...
const OF: u32 = 4;
/// ... so many must be larger than usual: one alone is chance.
const NEEDED: u32 = 2;
/// All sizes within this share of the largest are padded to a constant rate.
const PADDED_SHARE: u64 = 100;
/// Pictures smaller than this are not padded, bytes.
const PADDED_MIN: u64 = 2000;

/// What sizes were like lately, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usual {
    /// The 5th of 100.
    low: u64,
    /// The 95th of 100.
    high: u64,
}

/// Watches the sizes of a camera's dependent (not key) pictures.
#[derive(Debug)]
pub(super) struct SizeMotion {
    /// What a person adds at least, bytes.
    evidence: u64,
    /// Those that showed no motion, oldest first.
    sizes: VecDeque<(Instant, u64)>,
    usual: Option<Usual>,
    looked_at: Option<Instant>,
    /// The last [`OF`] pictures, one bit each: larger than usual.
    larger: u32,
    /// When the motion that goes on began, and when it was last seen.
    motion: Option<(Instant, Instant)>,
}

impl SizeMotion {
    /// For pictures of this size, in pixels.
    pub(super) fn new(size: PictureSize) -> Self {
        let pixels = u64::from(size.width) * u64::from(size.height);
        Self {
            evidence: (pixels / PIXELS_A_BYTE).max(EVIDENCE_MIN),
            sizes: VecDeque::new(),
            usual: None,
            looked_at: None,
            larger: 0,
            motion: None,
        }
    }

    /// Takes the size of the next dependent picture; says whether it shows motion.
    pub(super) fn push(&mut self, bytes: usize, now: Instant) -> bool {
        let bytes = bytes as u64;
        let larger = self.usual.is_some_and(|usual| {
            bytes > usual.high + self.evidence.max(usual.high.saturating_sub(usual.low))
        });
        self.larger = (self.larger << 1 | u32::from(larger)) & ((1 << OF) - 1);
        let moves = larger && self.larger.count_ones() >= NEEDED;
        if moves {
            let begun = match self.motion {
                Some((begun, last)) if now.duration_since(last) < PAUSE => begun,
                _ => now,
            };
            self.motion = Some((begun, now));
            if now.duration_since(begun) >= NEW_NORMAL {
                self.forget();
            }
        }
        if !larger {
            self.learn(bytes, now);
        }
        moves
    }

    /// Whether sizes are steady enough for a person to show in them.
    pub(super) fn is_steady(&self) -> bool {
        self.usual.is_some_and(|usual| {
            let spread = usual.high.saturating_sub(usual.low);
            let padded = usual.high >= PADDED_MIN && spread < usual.high / PADDED_SHARE;
            spread <= self.evidence && !padded
        })
    }

    /// When sizes last showed motion.
    pub(super) fn last_motion(&self) -> Option<Instant> {
        self.motion.map(|(_, last)| last)
    }

    fn forget(&mut self) {
        self.sizes.clear();
        self.usual = None;
        self.looked_at = None;
        self.larger = 0;
    }

    fn learn(&mut self, bytes: u64, now: Instant) {
        let is_old = |(at, _): &(Instant, u64)| now.duration_since(*at) > WINDOW;
        while self.sizes.len() >= SIZES_MAX || self.sizes.front().is_some_and(is_old) {
            self.sizes.pop_front();
        }
        self.sizes.push_back((now, bytes));
        let known = self.sizes.front().map_or(Duration::ZERO, |(at, _)| now.duration_since(*at));
        let due = self.looked_at.is_none_or(|at| now.duration_since(at) >= LOOK_EVERY);
        // Once something is usual it stays so, also over a gap in the stream.
        if !due || self.sizes.len() < LEARN_SIZES || known < LEARN {
            return;
        }
        self.looked_at = Some(now);
        let mut sorted: Vec<_> = self.sizes.iter().map(|(_, bytes)| *bytes).collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() - 1) * percent / 100).copied();
        if let (Some(low), Some(high)) = (at(5), at(95)) {
            self.usual = Some(Usual { low, high });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(67);

    struct Camera {
        motion: SizeMotion,
        now: Instant,
        number: u64,
    }

    impl Camera {
        fn new() -> Self {
            let motion = SizeMotion::new(PictureSize::new(640, 360));
            Self { motion, now: Instant::now(), number: 0 }
        }

        /// Sends pictures of `base` bytes and up to `spread` more; how many showed motion.
        fn send(&mut self, seconds: f64, base: usize, spread: u64) -> usize {
            let until = self.now + Duration::from_secs_f64(seconds);
            let mut moved = 0;
            while self.now < until {
                self.number += 1;
                let dice = self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
                let bytes = base + (dice % (spread + 1)) as usize;
                moved += usize::from(self.motion.push(bytes, self.now));
                self.now += STEP;
            }
            moved
        }
    }

    #[test]
    fn a_person_shows_in_steady_sizes_within_two_pictures() {
        let mut camera = Camera::new();
        assert_eq!(camera.send(2.9, 35, 20), 0);
        assert!(!camera.motion.is_steady(), "not known yet");
        assert_eq!(camera.send(3.0, 35, 20), 0);
        assert!(camera.motion.is_steady());
        assert!(!camera.motion.push(280, camera.now), "one alone is chance");
        assert!(camera.motion.push(280, camera.now + STEP));
        assert_eq!(camera.motion.last_motion(), Some(camera.now + STEP));
    }

    #[test]
    fn single_large_pictures_are_chance() {
        let mut camera = Camera::new();
        camera.send(5.0, 35, 20);
        for _ in 0..50 {
            assert!(!camera.motion.push(5000, camera.now));
            camera.now += STEP;
            assert_eq!(camera.send(0.3, 35, 20), 0);
        }
        assert!(camera.motion.is_steady());
    }

    #[test]
    fn where_noise_outweighs_a_person_sizes_are_no_evidence() {
        let mut camera = Camera::new();
        assert_eq!(camera.send(20.0, 1500, 900), 0, "noise is not motion");
        assert!(!camera.motion.is_steady());
        // Padded to a constant rate: the same whatever happens.
        let mut camera = Camera::new();
        camera.send(20.0, 4000, 4);
        assert!(!camera.motion.is_steady());
    }

    #[test]
    fn motion_is_not_learned_as_usual_until_it_has_lasted() {
        let mut camera = Camera::new();
        camera.send(6.0, 35, 20);
        for _ in 0..5 {
            assert!(camera.send(1.0, 300, 100) > 10, "each time anew");
            assert_eq!(camera.send(4.0, 35, 20), 0);
        }
        assert!(camera.motion.is_steady());
        // A machine that starts and runs on, or noise at night.
        assert!(camera.send(10.5, 300, 60) > 100);
        assert!(!camera.motion.is_steady(), "it is learned anew");
        camera.send(3.5, 300, 60);
        assert_eq!(camera.send(10.0, 300, 60), 0);
        assert!(camera.motion.is_steady());
        assert!(camera.send(1.0, 600, 60) > 10);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut motion = SizeMotion::new(PictureSize::new(640, 360));
        let start = Instant::now();
        for n in 0..10_000_u64 {
            motion.push(100, start + Duration::from_millis(n));
            assert!(motion.sizes.len() <= SIZES_MAX);
        }
    }
}
