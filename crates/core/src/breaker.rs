//! A circuit breaker: stops trying what keeps failing, and tries again later.
//!
//! Closed, everything is tried. After so many failures in a row it is open:
//! nothing is tried for a while. Then it is half open: one trial decides. Time
//! is data: `now` is a duration since any fixed moment.

use std::time::Duration;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Failures in a row after which nothing is tried any more; at least 1.
    pub failures_max: u32,
    /// For how long nothing is tried at first; twice as long after each trial
    /// that fails.
    pub open_first: Duration,
    /// For how long nothing is tried at most.
    pub open_for: Duration,
    /// What works for this long has recovered: earlier failures are forgotten.
    pub steady_after: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_max: 5,
            open_first: Duration::from_secs(30),
            open_for: Duration::from_secs(30),
            steady_after: Duration::from_secs(3),
        }
    }
}

/// What a breaker allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything is tried.
    Closed,
    /// Nothing is tried before this time.
    Open(Duration),
    /// One trial is under way.
    HalfOpen,
}

impl BreakerState {
    /// The name, as in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open(_) => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// A circuit breaker for one thing that is started, works, and fails.
#[derive(Debug, Clone)]
pub struct Breaker {
    config: BreakerConfig,
    state: BreakerState,
    failures: u32,
    /// Trials that have failed since it opened.
    trials: u32,
    working_since: Option<Duration>,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(config: BreakerConfig) -> Self {
        Self { config, state: BreakerState::Closed, failures: 0, trials: 0, working_since: None }
    }

    /// What it allows.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        self.state
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a trial may be made; an open breaker whose time is over becomes
    /// half open and allows exactly one.
    pub fn may_try(&mut self, now: Duration) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::HalfOpen => false,
            BreakerState::Open(until) if now < until => false,
            BreakerState::Open(_) => {
                self.state = BreakerState::HalfOpen;
                true
            }
        }
    }

    /// It works now; failures are forgotten once it has for `steady_after`.
    pub fn works(&mut self, now: Duration) {
        let since = *self.working_since.get_or_insert(now);
        if now.saturating_sub(since) >= self.config.steady_after {
            self.close();
        }
    }

    /// It failed.
    pub fn failed(&mut self, now: Duration) {
        self.works_no_more(now);
        self.failures = self.failures.saturating_add(1);
        let trial_failed = self.state == BreakerState::HalfOpen;
        if trial_failed || self.failures >= self.config.failures_max.max(1) {
            let doubled = 1_u32.checked_shl(self.trials).unwrap_or(u32::MAX);
            let open_for = self.config.open_first.saturating_mul(doubled);
            self.state = BreakerState::Open(now.saturating_add(open_for.min(self.config.open_for)));
            self.trials = self.trials.saturating_add(1);
        }
    }

    fn close(&mut self) {
        self.state = BreakerState::Closed;
        (self.failures, self.trials) = (0, 0);
    }

    fn works_no_more(&mut self, now: Duration) {
        // Working long enough counts even when nobody said so in time.
        if let Some(since) = self.working_since.take()
            && now.saturating_sub(since) >= self.config.steady_after
        {
            self.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn c12_it_opens_after_five_failures_for_thirty_seconds_and_then_allows_one_trial() {
        let mut breaker = Breaker::new(BreakerConfig::default());
        for at in 0..5 {
            assert!(breaker.may_try(s(at)));
            breaker.failed(s(at));
        }
        assert_eq!(breaker.state(), BreakerState::Open(s(34)));
        assert!(!breaker.may_try(s(33)));
        assert!(breaker.may_try(s(34)));
        assert!(!breaker.may_try(s(35)), "one trial at a time");
        breaker.failed(s(36));
        assert!(!breaker.may_try(s(65)), "a failed trial opens it again");
        assert!(breaker.may_try(s(66)));
        breaker.works(s(67));
        breaker.works(s(70));
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert_eq!(breaker.failures(), 0);
    }

    #[test]
    fn what_works_for_a_moment_only_has_not_recovered() {
        let mut breaker = Breaker::new(BreakerConfig::default());
        for at in 0..5 {
            breaker.works(s(2 * at));
            breaker.failed(s(2 * at + 1));
        }
        assert!(matches!(breaker.state(), BreakerState::Open(_)));
    }

    #[test]
    fn failures_far_apart_do_not_open_it() {
        let mut breaker = Breaker::new(BreakerConfig::default());
        for at in 0..50 {
            assert!(breaker.may_try(s(10 * at)));
            breaker.works(s(10 * at));
            breaker.failed(s(10 * at + 5));
        }
        assert_eq!(breaker.failures(), 1);
    }

    #[test]
    fn c12_pauses_grow_to_their_bound_and_begin_anew_after_a_recovery() {
        let config = BreakerConfig {
            failures_max: 1,
            open_first: s(1),
            open_for: s(5),
            steady_after: Duration::ZERO,
        };
        let mut breaker = Breaker::new(config);
        for _ in 0..2 {
            let mut now = s(0);
            let mut pauses = Vec::new();
            for _ in 0..5 {
                breaker.failed(now);
                let BreakerState::Open(until) = breaker.state() else { panic!("{breaker:?}") };
                pauses.push(until - now);
                assert!(
                    !breaker.may_try(until - Duration::from_millis(1)) && breaker.may_try(until)
                );
                now = until;
            }
            assert_eq!(pauses, [1, 2, 4, 5, 5].map(s));
            breaker.works(now);
            assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Closed, 0));
        }
    }

    #[test]
    fn a_trial_can_be_forced_at_the_end() {
        let mut breaker =
            Breaker::new(BreakerConfig { failures_max: 1, ..BreakerConfig::default() });
        breaker.failed(s(1));
        assert!(breaker.may_try(Duration::MAX));
        breaker.failed(Duration::MAX);
        assert_eq!(breaker.state(), BreakerState::Open(Duration::MAX));
    }
}
