//! Seeded numbers and a cheap sine, the same bits on every machine.

/// The SplitMix64 generator (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator for one use of a seed: different `stream`s are independent,
    /// so that one more draw for an actor does not change the next actor.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = Self { state: seed };
        let first = mixed.next();
        Self { state: first ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93) }
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to 1, 1 excluded.
    pub(super) fn unit(&mut self) -> f32 {
        // 24 bits fill the mantissa of an f32 exactly.
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    /// A number from `low` to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// One of the choices; `fallback` when there are none.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T], fallback: T) -> T {
        let index = (self.next() >> 33) as usize % choices.len().max(1);
        choices.get(index).copied().unwrap_or(fallback)
    }
}

/// The sine of `turns` whole turns to about 0.001.
///
/// Two parabolas instead of the library's sine, whose last bits differ
/// between machines.
pub(super) fn wave(turns: f32) -> f32 {
    let x = turns - turns.floor() - 0.5;
    let y = -(8.0 * x - 16.0 * x * x.abs());
    y * (0.775 + 0.225 * y.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wave_is_a_sine() {
        for i in -40..40 {
            let turns = i as f32 / 17.0;
            let sine = (turns * std::f32::consts::TAU).sin();
            assert!((wave(turns) - sine).abs() < 0.002, "at {turns}: {} and {sine}", wave(turns));
        }
    }

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, stream| SplitMix64::new(seed, stream).next();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
        let mut random = SplitMix64::new(3, 0);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.unit())));
    }
}
