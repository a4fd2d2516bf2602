//! What a lens and a sensor add to a drawing: a slight blur and noise.

use super::random::SplitMix64;

/// Entries of the noise table; more than a row has bytes.
const TABLE: usize = 1 << 16;

/// What lens and sensor add to a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finish {
    /// Brightness of red, green and blue.
    pub(super) tint: [f32; 3],
    /// Noise compared with the usual one.
    pub(super) noise: f32,
    /// How often the drawing is blurred: 1 to [`Finish::BLUR_MAX`].
    pub(super) blur: usize,
}

impl Finish {
    /// A lens that is no worse than this.
    pub(super) const BLUR_MAX: usize = 4;
}

impl Default for Finish {
    fn default() -> Self {
        Self { tint: [1.0; 3], noise: 1.0, blur: 1 }
    }
}

/// Noise drawn once; each picture reads it from other places.
pub(super) struct Sensor {
    noise: Vec<i8>,
    seed: u64,
}

impl Sensor {
    /// A sensor with its own noise, `level` times as strong as usual.
    pub(super) fn new(seed: u64, level: f32) -> Self {
        let mut random = SplitMix64::new(seed, 0x5E50);
        let noise = (0..TABLE)
            .map(|_| {
                // The sum of four bytes is close enough to a bell curve;
                // divided, its standard deviation is about 2 steps of 255.
                let bits = random.next();
                let sum: i16 = (0..4).map(|i| ((bits >> (8 * i)) & 255) as i16).sum();
                (f32::from(sum - 510) * level / 72.0) as i8
            })
            .collect();
        Self { noise, seed }
    }

    /// Adds noise, in place; the same moment has the same noise.
    pub(super) fn expose(&self, rgb: &mut [u8], width: usize, moment: u64) {
        let stride = (width * 3).clamp(1, TABLE / 2);
        let mut random = SplitMix64::new(self.seed ^ moment, 0x0F5E);
        for row in rgb.chunks_mut(stride) {
            let start = (random.next() >> 32) as usize % (TABLE - stride);
            for (value, noise) in row.iter_mut().zip(&self.noise[start..]) {
                *value = value.saturating_add_signed(*noise);
            }
        }
    }
}

/// Blurs rows of RGB pictures with a 3 by 3 binomial kernel, in place; the border repeats.
pub(super) fn blur(rgb: &mut [u8], width: usize) {
    let stride = width * 3;
    if stride < 9 || rgb.len() < stride {
        return;
    }
    let rows = rgb.len() / stride;
    // Rows above, at and below the one being written, blurred along x, times 4.
    let (mut above, mut at) = (vec![0; stride], vec![0; stride]);
    let mut below = vec![0; stride];
    blur_row(&rgb[..stride], &mut at);
    above.copy_from_slice(&at);
    for row in 0..rows {
        let next = (row + 1).min(rows - 1);
        if next > row {
            blur_row(&rgb[next * stride..(next + 1) * stride], &mut below);
        } else {
            below.copy_from_slice(&at);
        }
        let out = &mut rgb[row * stride..(row + 1) * stride];
        for (out, ((a, b), c)) in out.iter_mut().zip(above.iter().zip(&at).zip(&below)) {
            *out = ((a + 2 * b + c + 8) >> 4) as u8;
        }
        std::mem::swap(&mut above, &mut at);
        std::mem::swap(&mut at, &mut below);
    }
}

/// The 1-2-1 blur of one row of RGB, times 4; the border repeats.
fn blur_row(row: &[u8], out: &mut [u16]) {
    let n = row.len();
    let wide = |v: u8| u16::from(v);
    let middle = row[..n - 6].iter().zip(&row[3..n - 3]).zip(&row[6..]);
    for (out, ((l, m), r)) in out[3..n - 3].iter_mut().zip(middle) {
        *out = wide(*l) + 2 * wide(*m) + wide(*r);
    }
    for i in 0..3 {
        out[i] = 3 * wide(row[i]) + wide(row[i + 3]);
        out[n - 3 + i] = 3 * wide(row[n - 3 + i]) + wide(row[n - 6 + i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_small_centred_and_new_for_each_moment() {
        let sensor = Sensor::new(1, 1.0);
        let grey = |moment| {
            let mut rgb = vec![128; 96 * 54 * 3];
            sensor.expose(&mut rgb, 96, moment);
            rgb
        };
        let picture = grey(1);
        let mean = picture.iter().map(|&v| f64::from(v)).sum::<f64>() / picture.len() as f64;
        assert!((mean - 128.0).abs() < 0.2, "mean {mean}");
        assert!(picture.iter().all(|&v| (118..=138).contains(&v)));
        assert_eq!(picture, grey(1));
        assert_ne!(picture, grey(2));
    }

    #[test]
    fn an_edge_is_softened() {
        let mut rgb: Vec<u8> = (0..30 * 3).map(|i| if i % 30 < 15 { 0 } else { 240 }).collect();
        blur(&mut rgb, 10);
        assert_eq!(rgb[30 + 9..30 + 21], [0, 0, 0, 60, 60, 60, 180, 180, 180, 240, 240, 240]);
    }
}
