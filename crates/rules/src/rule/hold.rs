//! How long a condition has held: across missed pictures, not across doubt.

use std::time::Duration;

use safe_yolo_core::PictureTime;

use super::condition::Since;
use crate::presence::{CONFIRM_S, GRACE_S};

/// Since when something holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Hold {
    since: Option<PictureTime>,
    /// Since when it is seen not to hold.
    broken: Option<PictureTime>,
    /// Analysed seconds for which nothing could be said.
    doubt_s: f64,
}

impl Hold {
    /// It holds at `time`; since when it does.
    pub(crate) fn yes(&mut self, time: PictureTime, since: Since) -> PictureTime {
        self.broken = None;
        self.doubt_s = 0.0;
        let from = match since {
            Since::Exactly(since) => since,
            Since::IfNew(since) | Since::Seen { first: since, .. } => self.since.unwrap_or(since),
            Since::Now => self.since.unwrap_or(time),
        };
        self.since = Some(from);
        from
    }

    /// It does not hold at `time`; whether that is certain by now: one picture is not enough.
    pub(crate) fn no(&mut self, time: PictureTime) -> bool {
        self.doubt_s = 0.0;
        let broken = *self.broken.get_or_insert(time);
        let is_over = time.secs_since(broken) >= CONFIRM_S;
        if is_over {
            self.since = None;
        }
        is_over
    }

    /// Nothing can be said for `step_s` more analysed seconds: after the grace, what was
    /// held does not count any more.
    pub(crate) fn unknown(&mut self, step_s: f64) {
        // Between two pictures that say no it may have held.
        self.broken = None;
        self.doubt_s += step_s;
        if self.doubt_s > GRACE_S {
            self.since = None;
        }
    }

    /// Nobody looked for so long: that time is no part of what was held, nor of what was not.
    pub(crate) fn skip(&mut self, blind: Duration) {
        self.broken = self.broken.map(|broken| broken + blind);
        self.since = self.since.map(|since| since + blind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> PictureTime {
        PictureTime::from_millis(millis)
    }

    #[test]
    fn one_picture_that_says_no_breaks_nothing() {
        let mut hold = Hold::default();
        assert_eq!(hold.yes(ms(0), Since::Now), ms(0));
        assert!(!hold.no(ms(200)));
        assert_eq!(hold.yes(ms(400), Since::Now), ms(0));
        assert!(!hold.no(ms(600)));
        assert!(hold.no(ms(1100)));
        assert_eq!(hold.yes(ms(1200), Since::Now), ms(1200));
    }

    #[test]
    fn doubt_is_bridged_for_the_grace_only() {
        let mut hold = Hold::default();
        hold.yes(ms(0), Since::Now);
        hold.unknown(1.5);
        assert_eq!(hold.yes(ms(1500), Since::Now), ms(0));
        hold.unknown(1.5);
        hold.unknown(1.0);
        assert_eq!(hold.yes(ms(4000), Since::Now), ms(4000));
    }

    #[test]
    fn doubt_is_no_no() {
        let mut hold = Hold::default();
        hold.yes(ms(0), Since::Now);
        for _ in 0..5 {
            hold.unknown(1.0);
        }
        // What was held does not count any more, but one picture still ends nothing.
        assert!(!hold.no(ms(5200)));
        hold.unknown(0.2);
        assert!(!hold.no(ms(5800)));
        assert!(hold.no(ms(6300)));
    }

    #[test]
    fn blind_time_is_not_held() {
        let mut hold = Hold::default();
        hold.yes(ms(0), Since::Now);
        hold.skip(Duration::from_secs(60));
        assert_eq!(hold.yes(ms(61_000), Since::Now), ms(60_000));
    }
}
