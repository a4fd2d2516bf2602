//! When rules apply: hours of days in the site's own time, holidays known.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use crate::Utc;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The site's time zone and its holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CalendarText", into = "CalendarText")]
pub struct Calendar {
    name: String,
    pub(crate) zone: TimeZone,
    holidays: BTreeSet<Date>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarText {
    time_zone: String,
    #[serde(default)]
    holidays: Vec<String>,
}

/// Why a text is no calendar, or no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No such time zone.
    #[error("time_zone '{0}' is not known: use a name of the IANA database, as Asia/Seoul")]
    TimeZone(String),
    /// No such day of a year.
    #[error("holiday '{0}' is no date: write year, month and day, as 2026-05-05")]
    Holiday(String),
    /// More holidays than anybody keeps.
    #[error("{0} holidays are given: at most {max} are kept", max = Calendar::HOLIDAYS_MAX)]
    TooManyHolidays(usize),
    /// No such time of a day.
    #[error("'{0}' is no time of a day: write hours and minutes from 00:00 to 24:00, as 08:30")]
    Time(String),
    /// From and to are the same.
    #[error("a schedule from {0} to {0} is empty: leave both out for whole days")]
    Empty(TimeOfDay),
    /// No day is named.
    #[error("a schedule without days never applies: name some, or leave 'days' out for all")]
    NoDay,
    /// No period is given.
    #[error("a schedule without periods never applies: give one, or leave it out for always")]
    NoPeriod,
    /// More periods than anybody needs.
    #[error("a schedule has {0} periods: at most {max}", max = Schedule::PERIODS_MAX)]
    TooManyPeriods(usize),
}

impl Calendar {
    /// The most holidays that are kept.
    pub const HOLIDAYS_MAX: usize = 1000;

    /// A calendar of a zone of the IANA database, with holidays as `2026-05-05`.
    ///
    /// # Errors
    /// Names the zone or the date that is not known.
    pub fn new(time_zone: &str, holidays: &[String]) -> Result<Self, ScheduleError> {
        if holidays.len() > Self::HOLIDAYS_MAX {
            return Err(ScheduleError::TooManyHolidays(holidays.len()));
        }
        // The database in the program, so that a replay elsewhere gives the same.
        let zone = TimeZoneDatabase::bundled()
            .get(time_zone)
            .map_err(|_unknown| ScheduleError::TimeZone(short(time_zone)))?;
        let date =
            |text: &String| text.parse().map_err(|_no_date| ScheduleError::Holiday(short(text)));
        let holidays = holidays.iter().map(date).collect::<Result<_, _>>()?;
        Ok(Self { name: time_zone.to_owned(), zone, holidays })
    }

    /// The name of the time zone.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        &self.name
    }

    /// The holidays, as `2026-05-05`, in order.
    pub fn holidays(&self) -> impl Iterator<Item = String> + '_ {
        self.holidays.iter().map(Date::to_string)
    }

    /// The day and the minute of the day there.
    fn local(&self, utc: Utc) -> (Date, u16) {
        let at = jiff::Timestamp::from_microsecond(utc.micros()).unwrap_or_default();
        let local = self.zone.to_datetime(at);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()));
        (local.date(), minute.unwrap_or(0))
    }

    /// When one of these times of the day, as the site's clocks show them, was last; none without
    /// times. Where clocks are put forward over it, it is the hour after.
    #[must_use]
    pub fn last_of(&self, times: &[TimeOfDay], utc: Utc) -> Option<Utc> {
        let (today, _) = self.local(utc);
        let days = [today.yesterday().ok(), Some(today), today.tomorrow().ok()];
        let at = |date: Date, time: &TimeOfDay| {
            let (hour, minute) = (i8::try_from(time.0 / 60).ok()?, i8::try_from(time.0 % 60).ok()?);
            let clock = match hour {
                24 => date.tomorrow().ok()?.at(0, 0, 0, 0),
                hour => date.at(hour, minute, 0, 0),
            };
            let at = self.zone.to_ambiguous_zoned(clock).compatible().ok()?;
            Some(Utc(at.timestamp().as_microsecond()))
        };
        let all = days.into_iter().flatten().flat_map(|day| times.iter().map(move |t| (day, t)));
        all.filter_map(|(day, time)| at(day, time)).filter(|at| *at <= utc).max()
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC, holidays: BTreeSet::new() }
    }
}

impl TryFrom<CalendarText> for Calendar {
    type Error = ScheduleError;
    fn try_from(text: CalendarText) -> Result<Self, ScheduleError> {
        Self::new(&text.time_zone, &text.holidays)
    }
}

impl From<Calendar> for CalendarText {
    fn from(calendar: Calendar) -> Self {
        let holidays = calendar.holidays().collect();
        Self { time_zone: calendar.name, holidays }
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// A time of a day, to the minute; 24:00 is its end. Written as `08:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl FromStr for TimeOfDay {
    type Err = ScheduleError;
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let two = |part: &str| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let parts = text.split_once(':').and_then(|(h, m)| two(h).zip(two(m)));
        parts
            .filter(|(hours, minutes)| *minutes < 60 && hours * 60 + minutes <= DAY)
            .map(|(hours, minutes)| Self(hours * 60 + minutes))
            .ok_or_else(|| ScheduleError::Time(short(text)))
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = ScheduleError;
    fn try_from(text: String) -> Result<Self, ScheduleError> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    const fn of(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// What holidays are to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holidays {
    /// Days like others.
    #[default]
    Included,
    /// It does not apply on them.
    Excluded,
    /// It applies on them only.
    Only,
}

/// Hours of some days. One that ends before it begins goes on over midnight; what comes after
/// midnight belongs to the day on which it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// On which days it begins; all unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<BTreeSet<Day>>,
    /// From when; the begin of the day unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TimeOfDay>,
    /// Until when, no longer then; the end of the day unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<TimeOfDay>,
    /// What holidays are to it.
    #[serde(default)]
    pub holidays: Holidays,
}

impl Period {
    fn minutes(&self) -> (u16, u16) {
        (self.from.map_or(0, |t| t.0), self.to.map_or(DAY, |t| t.0))
    }

    fn validate(&self) -> Result<(), ScheduleError> {
        if self.days.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(ScheduleError::NoDay);
        }
        let (from, to) = self.minutes();
        if from == to || from == DAY {
            return Err(ScheduleError::Empty(TimeOfDay(from)));
        }
        Ok(())
    }

    fn begins_on(&self, date: Date, calendar: &Calendar) -> bool {
        let is_day = self.days.as_ref().is_none_or(|days| days.contains(&Day::of(date.weekday())));
        let is_holiday = calendar.holidays.contains(&date);
        is_day
            && match self.holidays {
                Holidays::Included => true,
                Holidays::Excluded => !is_holiday,
                Holidays::Only => is_holiday,
            }
    }

    fn covers(&self, (date, minute): (Date, u16), calendar: &Calendar) -> bool {
        let (from, to) = self.minutes();
        if from < to {
            return (from..to).contains(&minute) && self.begins_on(date, calendar);
        }
        let eve = || date.yesterday().is_ok_and(|eve| self.begins_on(eve, calendar));
        (minute >= from && self.begins_on(date, calendar)) || (minute < to && eve())
    }
}

/// When a rule applies: in any of its periods. Written as a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Period>", into = "Vec<Period>")]
pub struct Schedule(Vec<Period>);

impl Schedule {
    /// The most periods of a schedule.
    pub const PERIODS_MAX: usize = 16;

    /// The periods.
    #[must_use]
    pub fn periods(&self) -> &[Period] {
        &self.0
    }

    /// Whether it applies at this time.
    #[must_use]
    pub fn covers(&self, utc: Utc, calendar: &Calendar) -> bool {
        let local = calendar.local(utc);
        self.0.iter().any(|period| period.covers(local, calendar))
    }
}

impl TryFrom<Vec<Period>> for Schedule {
    type Error = ScheduleError;
    fn try_from(periods: Vec<Period>) -> Result<Self, ScheduleError> {
        if periods.is_empty() {
            return Err(ScheduleError::NoPeriod);
        }
        if periods.len() > Self::PERIODS_MAX {
            return Err(ScheduleError::TooManyPeriods(periods.len()));
        }
        periods.iter().try_for_each(Period::validate)?;
        Ok(Self(periods))
    }
}

impl From<Schedule> for Vec<Period> {
    fn from(schedule: Schedule) -> Self {
        schedule.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seoul() -> Calendar {
        Calendar::new("Asia/Seoul", &["2026-05-05".to_owned()]).unwrap()
    }

    fn covers(schedule: &str, calendar: &Calendar, utc: &str) -> bool {
        let schedule: Schedule = serde_json::from_str(schedule).unwrap();
        let at: jiff::Timestamp = utc.parse().unwrap();
        schedule.covers(Utc(at.as_microsecond()), calendar)
    }

    #[test]
    fn hours_are_those_of_the_site() {
        let day = r#"[{"days":["mon"],"from":"08:00","to":"17:30"}]"#;
        // Monday 2026-05-04 in Seoul is nine hours ahead.
        for (utc, expected) in [
            ("2026-05-03T22:59:59Z", false),
            ("2026-05-03T23:00:00Z", true),
            ("2026-05-04T08:29:59Z", true),
            ("2026-05-04T08:30:00Z", false),
            ("2026-05-04T23:30:00Z", false),
        ] {
            assert_eq!(covers(day, &seoul(), utc), expected, "{utc}");
        }
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_on_which_it_begins() {
        let night = r#"[{"days":["fri"],"from":"22:00","to":"06:00","holidays":"excluded"}]"#;
        let utc = Calendar::new("UTC", &["2026-05-08".to_owned()]).unwrap();
        for (at, expected) in [
            ("2026-05-01T21:59:00Z", false),
            ("2026-05-01T22:00:00Z", true),
            ("2026-05-02T05:59:00Z", true),
            ("2026-05-02T06:00:00Z", false),
            ("2026-05-02T23:00:00Z", false),
            // The Friday after is a holiday: its whole night is.
            ("2026-05-08T23:00:00Z", false),
            ("2026-05-09T03:00:00Z", false),
        ] {
            assert_eq!(covers(night, &utc, at), expected, "{at}");
        }
    }

    #[test]
    fn holidays_may_be_the_only_days() {
        let only = r#"[{"holidays":"only"}]"#;
        assert!(covers(only, &seoul(), "2026-05-04T15:00:00Z"));
        assert!(!covers(only, &seoul(), "2026-05-05T15:00:00Z"));
    }

    #[test]
    fn clocks_that_are_changed_keep_their_hours() {
        let berlin = Calendar::new("Europe/Berlin", &[]).unwrap();
        let day = r#"[{"from":"08:00","to":"09:00"}]"#;
        assert!(covers(day, &berlin, "2026-03-28T07:30:00Z"));
        assert!(covers(day, &berlin, "2026-03-29T06:30:00Z"), "summer time");
    }

    #[test]
    fn what_can_never_be_is_refused() {
        for (text, says) in [
            ("[]", "without periods"),
            (r#"[{"days":[]}]"#, "without days"),
            (r#"[{"days":["monday"]}]"#, "unknown variant `monday`"),
            (r#"[{"from":"08:00","to":"08:00"}]"#, "from 08:00 to 08:00 is empty"),
            (r#"[{"from":"24:00"}]"#, "from 24:00 to 24:00 is empty"),
            (r#"[{"from":"8:00"}]"#, "'8:00' is no time of a day"),
            (r#"[{"to":"24:01"}]"#, "'24:01' is no time"),
            (r#"[{"to":"12:60"}]"#, "'12:60' is no time"),
            (r#"[{"until":"12:00"}]"#, "unknown field `until`"),
        ] {
            let error = serde_json::from_str::<Schedule>(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let zone = Calendar::new("Asia/Pyeongtaek", &[]).unwrap_err().to_string();
        assert!(zone.contains("'Asia/Pyeongtaek'") && zone.contains("IANA"), "{zone}");
        let day = Calendar::new("UTC", &["2026-02-30".to_owned()]).unwrap_err().to_string();
        assert!(day.contains("'2026-02-30' is no date"), "{day}");
    }

    #[test]
    fn the_last_shift_began_by_the_clocks_of_the_site() {
        let at = |text: &str| Utc::parse(text).unwrap();
        let times = |texts: &[&str]| -> Vec<TimeOfDay> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let shifts = times(&["06:00", "14:00", "22:00"]);
        for (now, began) in [
            ("2026-05-04T20:59:59Z", "2026-05-04T13:00:00Z"),
            ("2026-05-04T21:00:00Z", "2026-05-04T21:00:00Z"),
            ("2026-05-05T04:59:59Z", "2026-05-04T21:00:00Z"),
            ("2026-05-05T05:00:00Z", "2026-05-05T05:00:00Z"),
            ("2026-05-05T16:00:00Z", "2026-05-05T13:00:00Z"),
        ] {
            assert_eq!(seoul().last_of(&shifts, at(now)), Some(at(began)), "{now}");
        }
        assert_eq!(seoul().last_of(&[], at("2026-05-04T00:00:00Z")), None);
        let midnight = seoul().last_of(&times(&["24:00"]), at("2026-05-04T15:30:00Z"));
        assert_eq!(midnight, Some(at("2026-05-04T15:00:00Z")));
        // 02:30 is not there on the day on which clocks are put forward.
        let berlin = Calendar::new("Europe/Berlin", &[]).unwrap();
        let began = berlin.last_of(&times(&["02:30"]), at("2026-03-29T12:00:00Z"));
        assert_eq!(began, Some(at("2026-03-29T01:30:00Z")));
    }

    proptest! {
        /// A period and the one from its end to its begin cover every minute of a day once.
        #[test]
        fn a_period_and_its_rest_make_a_day(from in 0..1440_u16, to in 0..1440_u16, at in 0..1440_u16) {
            prop_assume!(from != to);
            let period = |from, to| Period {
                days: None,
                from: Some(TimeOfDay(from)),
                to: Some(TimeOfDay(to)),
                holidays: Holidays::Included,
            };
            let local = (Date::constant(2026, 5, 4), at);
            let calendar = Calendar::default();
            let (one, rest) = (period(from, to), period(to, from));
            prop_assert!(one.covers(local, &calendar) != rest.covers(local, &calendar));
        }
    }
}
