//! When a provider that was given up gets another chance, and how long that
//! lasts. Time is data: `now` is a duration since any fixed moment.

use std::time::Duration;

/// Pauses between chances grow to so many times the first.
const PAUSE_FACTOR_MAX: u32 = 24;
/// What fails so soon after its return is given up at once.
const TRIAL: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Chances {
    first: Duration,
    pause: Duration,
    due: Option<Duration>,
    trial_until: Option<Duration>,
}

impl Chances {
    /// The first chance comes so long after a fallback.
    pub(super) const fn new(first: Duration) -> Self {
        Self { first, pause: first, due: None, trial_until: None }
    }

    /// A worse provider is in use from now on.
    pub(super) fn fell_back(&mut self, now: Duration) {
        if !self.is_on_trial(now) {
            self.pause = self.first;
        }
        self.trial_until = None;
        self.due = Some(now.saturating_add(self.pause));
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    /// A chance is given: the next one comes later.
    pub(super) fn given(&mut self, now: Duration) {
        let longest = self.first.saturating_mul(PAUSE_FACTOR_MAX);
        self.pause = self.pause.saturating_mul(2).min(longest);
        self.due = Some(now.saturating_add(self.pause));
    }

    /// It is in use again.
    pub(super) fn returned(&mut self, now: Duration) {
        self.due = None;
        self.trial_until = Some(now.saturating_add(TRIAL));
    }

    pub(super) fn is_on_trial(&self, now: Duration) -> bool {
        self.trial_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    /// The pauses before the next so many chances, each of which is used by `give`.
    fn pauses(
        chances: &mut Chances,
        now: &mut Duration,
        give: fn(&mut Chances, Duration),
    ) -> Vec<u64> {
        let next = |_| {
            let begun = *now;
            while !chances.is_due(*now) {
                *now += minutes(1);
            }
            chances.given(*now);
            give(chances, *now);
            (*now - begun).as_secs() / 60
        };
        (0..7).map(next).collect()
    }

    #[test]
    fn pauses_grow_as_long_as_it_fails() {
        let (mut chances, mut now) = (Chances::new(minutes(10)), minutes(5));
        assert!(!chances.is_due(minutes(1000)), "nothing better was given up");
        chances.fell_back(now);
        let grown = [10, 20, 40, 80, 160, 240, 240];
        assert_eq!(pauses(&mut chances, &mut now, |_, _| {}), grown, "it never starts");

        let mut chances = Chances::new(minutes(10));
        chances.fell_back(now);
        let fails_soon = |chances: &mut Chances, now| {
            chances.returned(now);
            assert!(!chances.is_due(now + minutes(1000)));
            chances.fell_back(now + Duration::from_secs(4));
        };
        let pauses = pauses(&mut chances, &mut now, fails_soon);
        // Four seconds more, in whole minutes.
        assert_eq!(pauses, [10, 21, 41, 81, 161, 241, 241], "it starts and fails");
    }

    #[test]
    fn what_came_back_for_good_begins_anew() {
        let (mut chances, now) = (Chances::new(minutes(10)), minutes(0));
        chances.fell_back(now);
        chances.given(minutes(10));
        chances.returned(minutes(10));
        assert!(chances.is_on_trial(minutes(10)) && !chances.is_on_trial(minutes(11)));
        chances.fell_back(minutes(90));
        assert!(!chances.is_due(minutes(99)) && chances.is_due(minutes(100)));
    }
}
