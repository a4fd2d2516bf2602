//! The world's clock, read in one place.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use safe_yolo_core::Utc;

/// The world's clock and ours differ by more than this after a look only if it was set.
const SET_MIN: Duration = Duration::from_secs(3);

/// Now.
pub(crate) fn now() -> Utc {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Utc(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// How far the world's clock was set since the last look, if it was.
pub(crate) struct ClockWatch {
    looked: (Instant, i64),
}

impl ClockWatch {
    pub(crate) fn new(now: Instant, utc_us: i64) -> Self {
        Self { looked: (now, utc_us) }
    }

    /// Microseconds by which it was set; 0 if it was not.
    pub(crate) fn look(&mut self, now: Instant, utc_us: i64) -> i64 {
        let (before, utc_before) = std::mem::replace(&mut self.looked, (now, utc_us));
        let passed = i64::try_from(now.duration_since(before).as_micros()).unwrap_or(i64::MAX);
        let set = (utc_us - utc_before) - passed;
        let least = i64::try_from(SET_MIN.as_micros()).unwrap_or(i64::MAX);
        if set.abs() > least { set } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_was_set_counts_as_set() {
        let begun = Instant::now();
        let after = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut watch = ClockWatch::new(begun, 1_000_000_000);
        assert_eq!(watch.look(after(1), 1_001_000_000), 0);
        assert_eq!(watch.look(after(2), 1_004_500_000), 0, "it is only pulled a little");
        assert_eq!(watch.look(after(60), 1_062_500_000), 0, "the machine stood still");
        assert_eq!(watch.look(after(61), 63_500_000), -1_000_000_000);
        assert_eq!(watch.look(after(62), 3_664_500_000), 3_600_000_000);
        assert_eq!(watch.look(after(63), 3_665_500_000), 0);
    }
}
