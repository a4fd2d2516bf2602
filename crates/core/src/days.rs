//! Days and hours as the site's clocks show them.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::{Calendar, Utc};

/// Longer than any day and shorter than any two, hours.
const NEXT_DAY_H: i64 = 30;

impl Calendar {
    fn civil(&self, at: Utc) -> DateTime {
        self.zone.to_datetime(Timestamp::from_microsecond(at.micros()).unwrap_or_default())
    }

    /// The day there, as `2026-01-31`.
    #[must_use]
    pub fn day(&self, at: Utc) -> String {
        self.civil(at).date().to_string()
    }

    /// The hour of the day there, 0 to 23.
    #[must_use]
    pub fn hour_of_day(&self, at: Utc) -> u8 {
        u8::try_from(self.civil(at).hour()).unwrap_or(0)
    }

    /// Date and time there, to the second, as `2026-01-31 17:15:00`.
    #[must_use]
    pub fn local_time(&self, at: Utc) -> String {
        self.civil(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// When the day there began that `at` lies in.
    #[must_use]
    pub fn day_begin(&self, at: Utc) -> Utc {
        let begin = self.civil(at).date().to_zoned(self.zone.clone());
        begin.map_or(at, |begin| Utc(begin.timestamp().as_microsecond()))
    }

    /// When the day after that one begins: days of changed clocks are shorter or longer.
    #[must_use]
    pub fn day_end(&self, at: Utc) -> Utc {
        self.day_begin(self.day_begin(at).plus_micros(NEXT_DAY_H * 3_600_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Utc {
        Utc::parse(text).unwrap()
    }

    #[test]
    fn days_begin_at_the_sites_midnight() {
        let seoul = Calendar::new("Asia/Seoul", &[]).unwrap();
        let at = utc("2026-01-30T15:00:00Z");
        assert_eq!((seoul.day(at), seoul.hour_of_day(at)), ("2026-01-31".to_owned(), 0));
        assert_eq!(seoul.day_begin(at), at);
        assert_eq!(seoul.day_begin(at.plus_micros(-1)), utc("2026-01-29T15:00:00Z"));
        assert_eq!(seoul.day_end(at.plus_micros(-1)), at);
        assert_eq!(seoul.local_time(utc("2026-01-31T08:15:00Z")), "2026-01-31 17:15:00");
    }

    #[test]
    fn days_of_changed_clocks_have_23_and_25_hours() {
        let berlin = Calendar::new("Europe/Berlin", &[]).unwrap();
        for (noon, hours) in [
            ("2026-03-28T12:00:00Z", 24),
            ("2026-03-29T12:00:00Z", 23),
            ("2026-10-25T12:00:00Z", 25),
        ] {
            let (begin, end) = (berlin.day_begin(utc(noon)), berlin.day_end(utc(noon)));
            assert_eq!(end.micros() - begin.micros(), hours * 3_600_000_000, "{noon}");
        }
    }

    proptest! {
        #[test]
        fn days_follow_one_another(seconds in 0_i64..4_000_000_000, zone in 0_usize..4) {
            let zone = ["Asia/Seoul", "America/New_York", "Asia/Kolkata", "Pacific/Apia"][zone];
            let calendar = Calendar::new(zone, &[]).unwrap();
            let at = Utc(seconds * 1_000_000);
            let (begin, end) = (calendar.day_begin(at), calendar.day_end(at));
            prop_assert!(begin <= at && at < end, "{begin} {at} {end}");
            prop_assert_eq!(calendar.day_begin(end), end);
            prop_assert_eq!(calendar.day(begin), calendar.day(at));
            prop_assert_ne!(calendar.day(end), calendar.day(at));
        }
    }
}
