//! Whether a pipeline still goes round: from the rounds it counted, not from
//! any timer of its own. Pure; times are `Duration`s since the camera was added.

use std::time::Duration;

/// Time between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
/// A pipeline goes round four times a second at least; silent for this long,
/// its camera is not trusted any more.
pub(crate) const LATE_AFTER: Duration = Duration::from_secs(3);
/// Silent for this long, it is ended and started again.
pub(crate) const HUNG_AFTER: Duration = Duration::from_secs(5);

/// What a look comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// It has gone round since the last look.
    Beating,
    /// Not since then, which says nothing yet.
    Silent,
    /// Not for [`LATE_AFTER`].
    Late,
    /// Not for [`HUNG_AFTER`].
    Hung,
}

/// One pipeline, looked at every [`LOOK`].
#[derive(Debug, Clone)]
pub(crate) struct Heartbeat {
    beats: u64,
    looked: Duration,
    silent: Duration,
}

impl Heartbeat {
    /// A pipeline that starts `now`.
    pub(crate) const fn new(now: Duration) -> Self {
        Self { beats: 0, looked: now, silent: Duration::ZERO }
    }

    /// Looks at the number of rounds.
    pub(crate) fn look(&mut self, beats: u64, now: Duration) -> Pulse {
        // A look that comes late says that all of us stood still, a machine that
        // slept among them: nobody is to be judged by that time.
        let passed = now.saturating_sub(self.looked).min(LOOK * 2);
        self.looked = now;
        if beats != self.beats {
            self.beats = beats;
            self.silent = Duration::ZERO;
            return Pulse::Beating;
        }
        self.silent += passed;
        match self.silent {
            silent if silent >= HUNG_AFTER => Pulse::Hung,
            silent if silent >= LATE_AFTER => Pulse::Late,
            _ => Pulse::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(looks: u32) -> Duration {
        LOOK * looks
    }

    #[test]
    fn silence_is_late_and_then_hung() {
        let mut heart = Heartbeat::new(at(0));
        assert_eq!(heart.look(1, at(1)), Pulse::Beating);
        assert_eq!(heart.look(5, at(2)), Pulse::Beating);
        let pulses: Vec<Pulse> = (3..13).map(|n| heart.look(5, at(n))).collect();
        let count = |wanted| pulses.iter().filter(|pulse| **pulse == wanted).count();
        assert_eq!((count(Pulse::Silent), count(Pulse::Late), count(Pulse::Hung)), (5, 4, 1));
        assert_eq!(pulses.last(), Some(&Pulse::Hung), "after 5 s");
        assert_eq!(heart.look(6, at(13)), Pulse::Beating, "and it may come back");
        assert_eq!(heart.look(6, at(14)), Pulse::Silent);
    }

    #[test]
    fn one_that_never_went_round_is_hung_too() {
        let mut heart = Heartbeat::new(at(100));
        let hung = (101..).find(|n| heart.look(0, at(*n)) == Pulse::Hung);
        assert_eq!(hung, Some(110));
    }

    #[test]
    fn a_machine_that_slept_condemns_nobody() {
        let mut heart = Heartbeat::new(at(0));
        heart.look(1, at(1));
        assert_eq!(heart.look(1, at(1) + Duration::from_secs(3600)), Pulse::Silent);
        assert_eq!(heart.look(2, at(1) + Duration::from_secs(3601)), Pulse::Beating);
    }
}
