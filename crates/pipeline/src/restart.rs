//! When a camera's pipeline that broke off is started again: pure, so that
//! tests need no waiting. Times are `Duration`s since the camera was added.

use std::collections::VecDeque;
use std::time::Duration;

/// The first pause; each further one is twice as long.
const WAIT_MIN: Duration = Duration::from_millis(100);
/// The longest of them.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// More restarts than this within [`WINDOW`] are no chance any more.
pub(crate) const RESTARTS_MAX: usize = 6;
/// In which restarts are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// The pause between tries from then on, until one runs steadily.
pub(crate) const WAIT_SLOW: Duration = Duration::from_secs(30);
/// What ran for this long runs steadily.
pub(crate) const STEADY_AFTER: Duration = Duration::from_secs(30);

/// What is to be done about a pipeline that broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restart {
    /// How long to wait before the next try.
    pub(crate) wait: Duration,
    /// It has just become clear that trying again soon does not help.
    pub(crate) gets_slow: bool,
}

/// How often the pipeline broke off lately. It is never given up for ever.
#[derive(Debug, Clone, Default)]
pub(crate) struct Restarts {
    /// Since it last ran steadily.
    in_a_row: u32,
    /// Bounded by `RESTARTS_MAX`: more are not told apart.
    recent: VecDeque<Duration>,
    slow: bool,
}

impl Restarts {
    /// The pipeline broke off; `jitter` from 0 to 1 spreads cameras that fail together.
    pub(crate) fn broke_off(&mut self, now: Duration, jitter: f64) -> Restart {
        self.in_a_row = self.in_a_row.saturating_add(1);
        while self.recent.front().is_some_and(|at| now.saturating_sub(*at) > WINDOW) {
            self.recent.pop_front();
        }
        let was_slow = self.slow;
        if self.recent.len() >= RESTARTS_MAX {
            self.slow = true;
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let wait = if self.slow { WAIT_SLOW } else { back_off(self.in_a_row, jitter) };
        Restart { wait, gets_slow: self.slow && !was_slow }
    }

    /// The pipeline has run for [`STEADY_AFTER`]: whatever was is over.
    pub(crate) fn ran_steadily(&mut self) {
        *self = Self::default();
    }

    /// Whether it is tried every [`WAIT_SLOW`] only.
    pub(crate) const fn is_slow(&self) -> bool {
        self.slow
    }
}

/// The pause after so many failures in a row: doubling, and at most halved by `jitter`.
fn back_off(failures: u32, jitter: f64) -> Duration {
    let doubled = WAIT_MIN.saturating_mul(2_u32.saturating_pow(failures.clamp(1, 16) - 1));
    doubled.min(WAIT_MAX).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn pauses_grow_and_stay_within_bounds() {
        let waits: Vec<u128> = (1..9).map(|n| back_off(n, 0.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        for failures in [0, 1, 5, 100, u32::MAX] {
            for jitter in [-1.0, 0.0, 0.3, 1.0, 9.0] {
                let wait = back_off(failures, jitter);
                assert!(wait >= WAIT_MIN / 2 && wait <= WAIT_MAX, "{failures} {jitter}: {wait:?}");
            }
        }
        assert_eq!(back_off(4, 1.0), back_off(4, 0.0) / 2, "jitter at most halves");
    }

    #[test]
    fn too_many_restarts_make_it_slow_until_it_runs_steadily() {
        let mut restarts = Restarts::default();
        for n in 0..RESTARTS_MAX as u64 {
            let restart = restarts.broke_off(s(n), 0.0);
            assert!(!restart.gets_slow && restart.wait <= WAIT_MAX, "{n}");
        }
        let seventh = restarts.broke_off(s(6), 0.0);
        assert_eq!(seventh, Restart { wait: WAIT_SLOW, gets_slow: true });
        // Slow tries are far apart, and still it stays slow; that is told once.
        for n in 1..20 {
            let restart = restarts.broke_off(s(6 + 31 * n), 0.0);
            assert_eq!(restart, Restart { wait: WAIT_SLOW, gets_slow: false });
        }
        restarts.ran_steadily();
        assert!(!restarts.is_slow());
        assert_eq!(restarts.broke_off(s(2000), 0.0).wait, WAIT_MIN, "as if nothing had been");
    }

    #[test]
    fn rare_failures_never_make_it_slow() {
        let mut restarts = Restarts::default();
        for n in 0..100 {
            let restart = restarts.broke_off(s(n * 11), 0.5);
            assert!(!restart.gets_slow, "{n}: {restart:?}");
        }
    }

    /// Whatever the times, no more than the stated number of fast restarts falls into a window.
    #[test]
    fn restarts_are_bounded_in_any_window() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200 {
            let (mut restarts, mut now, mut starts) = (Restarts::default(), s(0), Vec::new());
            for _ in 0..60 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let ran = Duration::from_millis((random >> 33) % 9000);
                now += ran;
                let restart = restarts.broke_off(now, (random >> 40) as f64 / 16_777_216.0);
                now += restart.wait;
                starts.push(now);
            }
            for (i, at) in starts.iter().enumerate() {
                let within = starts[i..].iter().take_while(|later| **later - *at < WINDOW).count();
                assert!(within <= RESTARTS_MAX + 2, "{within} restarts in a window");
            }
        }
    }
}
