//! What the looks at a child say of it. Time is data, and counted in looks: a
//! machine that stood still has not looked, and condemns nobody.

use std::time::Duration;

/// Answers that are failures only are no work: after so long, and so many, the child is lost.
const FAILING_MAX: Duration = Duration::from_secs(3);
const FAILURES_MIN: u64 = 5;

/// What one look showed.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// For how long it has owed its oldest answer, by [`Health::watched`].
    pub(super) owed: Duration,
    /// Requests of which at least one picture was looked at, so far.
    pub(super) worked: u64,
    /// Requests of which none was, so far.
    pub(super) failed: u64,
    /// Why the last of those failed.
    pub(super) failure: String,
}

/// Why a child is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    pub(super) why: String,
    /// For how long it had been of no use when that was found.
    pub(super) lasted: Duration,
}

impl Loss {
    pub(super) const fn at_once(why: String) -> Self {
        Self { why, lasted: Duration::ZERO }
    }
}

/// What a look says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing new.
    Waiting,
    /// A picture was looked at.
    Works,
    /// It is of no use any more.
    Lost(Loss),
}

/// Failures since the last picture that was looked at.
#[derive(Debug, Clone, Copy)]
struct Failing {
    since: Duration,
    /// Failures before these.
    before: u64,
}

/// The judge of one child.
#[derive(Debug)]
pub(super) struct Health {
    answer_max: Duration,
    step_max: Duration,
    last: Duration,
    watched: Duration,
    worked: u64,
    failed: u64,
    failing: Option<Failing>,
}

impl Health {
    /// Of a child that starts its work now, and is looked at every `look`.
    pub(super) fn new(answer_max: Duration, look: Duration, now: Duration) -> Self {
        Self {
            answer_max,
            step_max: look.saturating_mul(2),
            last: now,
            watched: Duration::ZERO,
            worked: 0,
            failed: 0,
            failing: None,
        }
    }

    /// For how long it has been watched: a late look counts as two.
    pub(super) fn watched(&mut self, now: Duration) -> Duration {
        self.watched += now.saturating_sub(self.last).min(self.step_max);
        self.last = now;
        self.watched
    }

    /// Judges by what was seen after [`Health::watched`].
    pub(super) fn judge(&mut self, seen: &Seen) -> Verdict {
        if seen.owed > self.answer_max {
            let why = format!("the detector gave no answer in {} s", self.answer_max.as_secs_f32());
            return Verdict::Lost(Loss { why, lasted: seen.owed });
        }
        let (has_worked, before) = (seen.worked != self.worked, self.failed);
        (self.worked, self.failed) = (seen.worked, seen.failed);
        if has_worked {
            self.failing = None;
            return Verdict::Works;
        }
        if seen.failed == before {
            return Verdict::Waiting;
        }
        let failing = *self.failing.get_or_insert(Failing { since: self.watched, before });
        let lasted = self.watched.saturating_sub(failing.since);
        if lasted < FAILING_MAX || seen.failed - failing.before < FAILURES_MIN {
            return Verdict::Waiting;
        }
        let why = format!("the model fails on every picture: {}", seen.failure);
        Verdict::Lost(Loss { why, lasted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(100);
    const ANSWER_MAX: Duration = Duration::from_secs(3);

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn health() -> Health {
        Health::new(ANSWER_MAX, LOOK, Duration::ZERO)
    }

    /// Looks so often at what changes from look to look; says when it was lost, and why.
    fn lost_at(mut see: impl FnMut(u64, &mut Seen), looks: u64) -> Option<(Duration, String)> {
        let (mut health, mut seen) = (health(), Seen::default());
        (1..=looks).find_map(|look| {
            health.watched(LOOK * u32::try_from(look).ok()?);
            see(look, &mut seen);
            match health.judge(&seen) {
                Verdict::Lost(loss) => Some((health.watched, loss.why)),
                Verdict::Waiting | Verdict::Works => None,
            }
        })
    }

    #[test]
    fn an_answer_owed_for_too_long_is_a_hang() {
        let hangs = |look, seen: &mut Seen| seen.owed = ms(100 * look);
        let (at, why) = lost_at(hangs, 100).unwrap_or_default();
        assert_eq!((at, why.as_str()), (ms(3100), "the detector gave no answer in 3 s"));
    }

    #[test]
    fn a_late_look_counts_as_two() {
        let mut health = health();
        assert_eq!(health.watched(ms(110)), ms(110));
        // The machine stood still for an hour.
        assert_eq!(health.watched(ms(3_600_110)), ms(310));
        assert_eq!(health.watched(ms(3_600_210)), ms(410));
        assert_eq!(health.watched(ms(3_600_000)), ms(410), "time that goes back counts nothing");
        // Even when every look is late, it ends.
        let owed =
            (1..).map(|hour| health.watched(ms(3_600_210 * hour))).position(|w| w > ms(3410));
        assert_eq!(owed, Some(15));
    }

    #[test]
    fn who_only_fails_is_lost_after_three_seconds() {
        let fails = |_, seen: &mut Seen| {
            seen.failed += 1;
            seen.failure = format!("CUDA error {}", seen.failed);
        };
        let (at, why) = lost_at(fails, 100).unwrap_or_default();
        assert_eq!(
            (at, why.as_str()),
            (ms(3100), "the model fails on every picture: CUDA error 31")
        );
        // One quiet camera.
        let seldom = |look, seen: &mut Seen| seen.failed = look / 8;
        assert_eq!(lost_at(seldom, 100).map(|(at, _)| at), Some(ms(4000)));
    }

    #[test]
    fn a_few_failures_are_not_enough() {
        assert_eq!(lost_at(|look, seen| seen.failed = look.min(20), 1000), None, "a burst");
        assert_eq!(lost_at(|look, seen| seen.failed = look / 40, 160), None, "four answers");
    }

    #[test]
    fn a_poisonous_picture_among_good_ones_ends_nobody() {
        let mixed = |look, seen: &mut Seen| {
            seen.failed += 10;
            seen.worked = look / 25;
        };
        assert_eq!(lost_at(mixed, 10_000), None);
        // What worked for long and then only fails is lost as well.
        let breaks = |look: u64, seen: &mut Seen| {
            seen.worked = look.min(500);
            seen.failed = look - seen.worked;
        };
        assert_eq!(lost_at(breaks, 1000).map(|(at, _)| at), Some(ms(53_100)));
    }

    #[test]
    fn only_pictures_that_were_looked_at_are_work() {
        let mut health = health();
        let seen = Seen { failed: 1, ..Seen::default() };
        assert_eq!(health.judge(&seen), Verdict::Waiting);
        assert_eq!(health.judge(&Seen { worked: 1, ..seen.clone() }), Verdict::Works);
        assert_eq!(health.judge(&Seen { worked: 1, ..seen }), Verdict::Waiting);
    }
}
