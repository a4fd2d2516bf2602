//! Whether something moves: cheap evidence from a grid of mean brightnesses.
//!
//! Each cell follows its own mean and its own noise, so that a grainy camera is
//! quiet and a person far away is not. Tens of microseconds a picture; decides
//! only how often to look, never whether anything is safe.

use safe_yolo_core::{PictureSize, PictureTime};
use safe_yolo_media::picture::I420;

use crate::luma::grid;

const COLUMNS: usize = 48;
const ROWS: usize = 27;
/// Pixels looked at a cell and side.
const SAMPLES: usize = 4;
/// Grey levels by which a cell must at least change.
const CHANGE_MIN: f32 = 6.0;
/// And by so many times its usual deviation.
const CHANGE_DEVIATIONS: f32 = 5.0;
/// Means follow the picture over this time, seconds.
const MEAN_S: f64 = 4.0;
/// Deviations over this one.
const DEVIATION_S: f64 = 8.0;
/// A change counts as noise up to this, or motion would teach it to be ignored.
const NOISE_MAX: f32 = 8.0;

#[derive(Debug, Clone, Copy)]
struct Cell {
    mean: f32,
    deviation: f32,
}

/// The memory of one camera: 48 times 27 cells.
#[derive(Debug, Default)]
pub(crate) struct MotionWatch {
    size: Option<PictureSize>,
    last: PictureTime,
    cells: Vec<Cell>,
    hot: Vec<bool>,
}

impl MotionWatch {
    /// Whether something moves in this picture. The first one, and one of
    /// another size, may show anything: that counts as motion.
    pub(crate) fn picture(&mut self, time: PictureTime, picture: &I420) -> bool {
        let values = grid::<COLUMNS, ROWS, SAMPLES>(picture);
        if self.size != Some(picture.size()) {
            self.size = Some(picture.size());
            self.last = time;
            self.cells = values.map(|mean| Cell { mean, deviation: CHANGE_MIN / 2.0 }).collect();
            return true;
        }
        let passed_s = time.secs_since(self.last).clamp(0.0, 10.0);
        self.last = time;
        let (follow, learn) = (share(passed_s, MEAN_S), share(passed_s, DEVIATION_S));
        self.hot.clear();
        for (cell, value) in self.cells.iter_mut().zip(values) {
            let change = (value - cell.mean).abs();
            self.hot.push(change > CHANGE_MIN.max(CHANGE_DEVIATIONS * cell.deviation));
            cell.mean += (value - cell.mean) * follow;
            cell.deviation += (change.min(NOISE_MAX) - cell.deviation) * learn;
        }
        has_neighbours(&self.hot)
    }

    /// Forgets what was seen: the next picture is from elsewhere.
    pub(crate) fn reset(&mut self) {
        self.size = None;
    }
}

/// How much of the way to go after so many seconds.
#[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
fn share(passed_s: f64, over_s: f64) -> f32 {
    (1.0 - (-passed_s / over_s).exp()) as f32
}

/// Whether two cells beside or above each other are hot: one alone is noise.
fn has_neighbours(hot: &[bool]) -> bool {
    hot.iter().enumerate().any(|(at, is_hot)| {
        let beside = at % COLUMNS + 1 < COLUMNS && hot.get(at + 1) == Some(&true);
        *is_hot && (beside || hot.get(at + COLUMNS) == Some(&true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dim hall with noise of this strength, and a grey box if there is one.
    fn picture(seed: &mut u64, noise: i16, person: Option<(usize, usize, usize, usize)>) -> I420 {
        let size = PictureSize::new(640, 360);
        let mut data = vec![128; I420::byte_len(size)];
        for y in 0..360 {
            for x in 0..640 {
                *seed ^= *seed << 13;
                *seed ^= *seed >> 7;
                *seed ^= *seed << 17;
                // The sum of two even draws: triangular, from -noise to noise.
                let span = i64::from(noise) + 1;
                let draw = (*seed % span as u64) as i64 - ((*seed >> 32) % span as u64) as i64;
                let base = 70 + (x / 16 % 5) as i64 * 8;
                let inside = person.is_some_and(|(px, py, w, h)| {
                    (px..px + w).contains(&x) && (py..py + h).contains(&y)
                });
                let value = base + draw + if inside { 25 } else { 0 };
                data[y * 640 + x] = value.clamp(0, 255) as u8;
            }
        }
        I420::new(size, data).unwrap()
    }

    fn at(number: i64) -> PictureTime {
        PictureTime::from_millis(number * 200)
    }

    #[test]
    fn noise_is_no_motion_and_a_small_person_is() {
        for noise in [0, 4, 12, 24] {
            let (mut watch, mut seed) = (MotionWatch::default(), 88_172_645_463_325_252);
            assert!(watch.picture(at(0), &picture(&mut seed, noise, None)), "the first one");
            let moved: Vec<i64> = (1..150)
                .filter(|n| watch.picture(at(*n), &picture(&mut seed, noise, None)))
                .collect();
            assert!(moved.len() <= 1, "noise {noise}: {moved:?}");
            // 24 by 60 pixels of 640 by 360: somebody far away.
            let person = picture(&mut seed, noise, Some((300, 150, 24, 60)));
            assert!(watch.picture(at(150), &person), "noise {noise}");
        }
    }

    #[test]
    fn somebody_who_walks_keeps_it_awake() {
        let (mut watch, mut seed) = (MotionWatch::default(), 7);
        for n in 0..50 {
            watch.picture(at(n), &picture(&mut seed, 8, None));
        }
        let seen = (50_i64..100).filter(|n| {
            let x = usize::try_from(100 + (n - 50) * 6).unwrap();
            watch.picture(at(*n), &picture(&mut seed, 8, Some((x, 150, 24, 60))))
        });
        let seen = seen.count();
        assert!(seen >= 48, "{seen} of 50");
    }

    #[test]
    fn what_stays_becomes_the_background() {
        let (mut watch, mut seed) = (MotionWatch::default(), 7);
        for n in 0..20 {
            watch.picture(at(n), &picture(&mut seed, 4, None));
        }
        let still = |n| (n, picture(&mut 9, 4, Some((300, 150, 40, 60))));
        let moved: Vec<i64> = (20..150)
            .map(still)
            .filter(|(n, p)| watch.picture(at(*n), p))
            .map(|(n, _)| n)
            .collect();
        assert_eq!(moved.first(), Some(&20));
        assert!(moved.last().is_some_and(|last| *last < 110), "{moved:?}");
    }

    #[test]
    fn another_size_counts_as_motion() {
        let mut watch = MotionWatch::default();
        let flat = |w, h| {
            let size = PictureSize::new(w, h);
            I420::new(size, vec![90; I420::byte_len(size)]).unwrap()
        };
        assert!(watch.picture(at(0), &flat(640, 360)));
        assert!(!watch.picture(at(1), &flat(640, 360)));
        assert!(watch.picture(at(2), &flat(16, 8)), "smaller than the grid, too");
        assert!(!watch.picture(at(3), &flat(16, 8)));
    }
}
