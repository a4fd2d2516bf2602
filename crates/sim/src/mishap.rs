//! What happens to the camera: light that changes, something before the lens, shaking.

use serde::Deserialize;

use super::random::wave;

/// The brightness of the hall at one moment; between two it changes evenly.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Light {
    pub(super) at_s: f64,
    /// 1 is as usual, 0 is dark.
    pub(super) level: f64,
}

/// The camera is shaken by up to so many pixels.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shake {
    pub(super) from_s: f64,
    pub(super) until_s: f64,
    pub(super) pixels: u8,
}

/// Something is before the lens.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cover {
    pub(super) from_s: f64,
    pub(super) until_s: f64,
}

/// All of it, in a loop.
#[derive(Debug, Clone, Default)]
pub(super) struct Mishaps {
    pub(super) lights: Vec<Light>,
    pub(super) shakes: Vec<Shake>,
    pub(super) covers: Vec<Cover>,
}

impl Mishaps {
    /// The brightness `seconds` into the loop; before the first moment and after the last it stays.
    pub(super) fn light(&self, seconds: f64) -> f64 {
        let after = self.lights.iter().position(|light| light.at_s > seconds);
        match (after, self.lights.last()) {
            (_, None) => 1.0,
            (None, Some(last)) => last.level,
            (Some(0), _) => self.lights[0].level,
            (Some(after), _) => {
                let (from, to) = (self.lights[after - 1], self.lights[after]);
                let share = (seconds - from.at_s) / (to.at_s - from.at_s).max(1e-9);
                from.level + (to.level - from.level) * share
            }
        }
    }

    /// How far the picture is moved to the right and down, pixels.
    pub(super) fn shift(&self, seconds: f64) -> [i32; 2] {
        let shaken = |s: &&Shake| (s.from_s..s.until_s).contains(&seconds);
        let Some(shake) = self.shakes.iter().find(shaken) else { return [0, 0] };
        let t = (seconds - shake.from_s) as f32;
        let swing =
            |a: f32, b: f32| (0.7 * wave(t * a) + 0.3 * wave(t * b)) * f32::from(shake.pixels);
        [swing(3.1, 7.3).round() as i32, swing(4.3, 9.7).round() as i32]
    }

    /// Whether nothing of the hall is seen.
    pub(super) fn is_covered(&self, seconds: f64) -> bool {
        self.covers.iter().any(|cover| (cover.from_s..cover.until_s).contains(&seconds))
    }
}

/// Makes red, green and blue darker or brighter.
pub(super) fn dim(rgb: &mut [u8], levels: [f32; 3]) {
    let tables = levels.map(|level| -> [u8; 256] {
        std::array::from_fn(|value| (value as f32 * level).round().min(255.0) as u8)
    });
    for pixel in rgb.chunks_exact_mut(3) {
        for (value, table) in pixel.iter_mut().zip(&tables) {
            *value = table[usize::from(*value)];
        }
    }
}

/// Moves the picture; what comes in at the border repeats it.
pub(super) fn shift(rgb: &mut [u8], width: usize, [right, down]: [i32; 2]) {
    if [right, down] == [0, 0] {
        return;
    }
    let stride = width * 3;
    let height = rgb.len() / stride.max(1);
    let still = rgb.to_vec();
    let clamped = |at: usize, by: i32, end: usize| {
        (at as i64 - i64::from(by)).clamp(0, end.saturating_sub(1) as i64) as usize
    };
    for (row, line) in rgb.chunks_exact_mut(stride).enumerate() {
        let from = &still[clamped(row, down, height) * stride..][..stride];
        for (column, pixel) in line.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&from[clamped(column, right, width) * 3..][..3]);
        }
    }
}

/// A dark cloth before the lens, a little brighter at one side.
pub(super) fn cover(rgb: &mut [u8], width: usize) {
    for (at, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let share = (at % width) as f32 / width as f32;
        let grey = 26.0 + 14.0 * share;
        pixel.copy_from_slice(&[(grey * 1.05) as u8, grey as u8, (grey * 0.95) as u8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_changes_evenly_between_moments() {
        let light = |at_s, level| Light { at_s, level };
        let mishaps =
            Mishaps { lights: vec![light(2.0, 1.0), light(4.0, 0.5)], ..Mishaps::default() };
        for (seconds, level) in [(0.0, 1.0), (2.0, 1.0), (3.0, 0.75), (4.0, 0.5), (9.0, 0.5)] {
            assert!((mishaps.light(seconds) - level).abs() < 1e-9, "at {seconds} s");
        }
        assert!((Mishaps::default().light(3.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_shift_moves_every_pixel() {
        let mut rgb: Vec<u8> = (0..4 * 3).flat_map(|n| [n, n, n]).collect();
        shift(&mut rgb, 4, [1, -1]);
        let left: Vec<u8> = rgb.chunks_exact(3).map(|pixel| pixel[0]).collect();
        assert_eq!(left, [4, 4, 5, 6, 8, 8, 9, 10, 8, 8, 9, 10]);
    }

    #[test]
    fn shaking_stays_within_its_bounds_and_its_time() {
        let shake = Shake { from_s: 1.0, until_s: 2.0, pixels: 6 };
        let mishaps = Mishaps { shakes: vec![shake], ..Mishaps::default() };
        let shifts = (0..300).map(|n| (n, mishaps.shift(f64::from(n) / 100.0)));
        for (n, [x, y]) in shifts.clone() {
            assert!(x.abs() <= 6 && y.abs() <= 6);
            assert!((100..200).contains(&n) || (x, y) == (0, 0));
        }
        assert!(shifts.filter(|(_, [x, _])| x.abs() >= 3).count() > 20, "it does shake");
    }
}
