//! What a question is about: which hours, cut into which slices, of which cameras and zones.

use std::ops::Range;

use safe_yolo_core::{Calendar, CameraId, EventType, Severity, Utc, ZoneId};
use safe_yolo_store::EventFilter;
use safe_yolo_store::statistics::{HOUR_US, Life, Looked, hour_of};

use crate::api::events::{several, short, time};
use crate::app::App;
use crate::problem::Problem;

/// The longest period, days.
const DAYS_MAX: i64 = 400;
/// The longest period that is told hour by hour, days.
const DAYS_BY_HOUR_MAX: i64 = 31;
const DAY_US: i64 = 24 * HOUR_US;

/// How a period is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Hour,
    Day,
    /// All days' eight o'clocks together.
    HourOfDay,
    /// Not at all.
    Whole,
}

/// A part of the period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slice {
    /// A time, a day as `2026-01-31`, or an hour of the day as `08`.
    pub(super) key: String,
    /// The hours that it is made of, in order.
    pub(super) hours: Vec<Range<i64>>,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Period {
    pub(super) hours: Range<i64>,
    pub(super) calendar: Calendar,
    /// Time that has passed; what comes after can't have been watched.
    now: Utc,
}

/// Which cameras and zones, and where they are.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) filter: EventFilter,
    pub(super) lives: Vec<Life>,
    pub(super) zones: Vec<(ZoneId, CameraId, String)>,
}

impl Period {
    /// From and to as they were given, widened to whole hours; today if neither is.
    pub(super) fn read(
        (from, to): (Option<&str>, Option<&str>),
        unit: Unit,
        calendar: Calendar,
        now: Utc,
    ) -> Result<Self, Problem> {
        let given = |text: Option<&str>, name| {
            text.filter(|t| !t.is_empty()).map(|text| time(name, text)).transpose()
        };
        let to = given(to, "to")?.unwrap_or(now);
        let from = given(from, "from")?.unwrap_or_else(|| calendar.day_begin(to));
        if from >= to {
            return Err(Problem::invalid(format!(
                "from is {from} and to {to}: from must be earlier"
            )));
        }
        let start = hour_of(from.micros());
        let end = hour_of(to.micros().saturating_add(HOUR_US - 1));
        let days_max = if unit == Unit::Hour { DAYS_BY_HOUR_MAX } else { DAYS_MAX };
        // A day of grace for clocks that are changed and for times that are no midnights.
        if end.saturating_sub(start) > (days_max + 1) * DAY_US {
            let way_out = match unit {
                Unit::Hour => "ask by day or for a shorter one",
                _ => "ask for a shorter one",
            };
            return Err(Problem::invalid(format!(
                "from {from} to {to} is longer than {days_max} days: {way_out}"
            )));
        }
        Ok(Self { hours: start..end, calendar, now })
    }

    /// The period's slices, in order, those without anything included.
    pub(super) fn slices(&self, unit: Unit) -> Vec<Slice> {
        match unit {
            Unit::Whole => vec![Slice { key: String::new(), hours: vec![self.hours.clone()] }],
            Unit::Hour => self
                .each_hour()
                .map(|hour| Slice { key: Utc(hour).to_string(), hours: one(hour..hour + HOUR_US) })
                .collect(),
            Unit::Day => self.days(),
            Unit::HourOfDay => {
                let mut slices: Vec<Slice> = (0..24)
                    .map(|hour| Slice { key: format!("{hour:02}"), hours: Vec::new() })
                    .collect();
                for hour in self.each_hour() {
                    let at = usize::from(self.calendar.hour_of_day(Utc(hour)));
                    if let Some(slice) = slices.get_mut(at) {
                        slice.hours.push(hour..hour + HOUR_US);
                    }
                }
                slices
            }
        }
    }

    fn each_hour(&self) -> impl Iterator<Item = i64> {
        let (start, end) = (self.hours.start, self.hours.end);
        (0..(end - start) / HOUR_US).map(move |n| start + n * HOUR_US)
    }

    /// Days as the site's clocks have them. Where they differ from UTC by half an hour, an hour
    /// belongs to the day in which it begins.
    fn days(&self) -> Vec<Slice> {
        let mut slices = Vec::new();
        let mut start = self.hours.start;
        while start < self.hours.end {
            let next = self.calendar.day_end(Utc(start)).micros();
            let end = hour_of(next.saturating_add(HOUR_US - 1)).clamp(start + 1, self.hours.end);
            slices.push(Slice { key: self.calendar.day(Utc(start)), hours: one(start..end) });
            start = end;
        }
        slices
    }

    /// Time in which the cameras could have been watched: while they were configured, up to now.
    pub(super) fn watchable_us(&self, hours: &[Range<i64>], lives: &[&Life]) -> i64 {
        let of = |life: &Life, hours: &Range<i64>| {
            let begin = hours.start.max(life.created);
            let end = hours.end.min(life.deleted_at.unwrap_or(i64::MAX)).min(self.now.micros());
            end.saturating_sub(begin).max(0)
        };
        lives.iter().map(|life| hours.iter().map(|hours| of(life, hours)).sum::<i64>()).sum()
    }

    /// From the begin of the first day to the end of the last.
    pub(super) fn widen_to_days(&mut self) {
        let begin = self.calendar.day_begin(Utc(self.hours.start)).micros();
        let end = self.calendar.day_end(Utc(self.hours.end.saturating_sub(1))).micros();
        self.hours =
            hour_of(begin.saturating_add(HOUR_US - 1))..hour_of(end.saturating_add(HOUR_US - 1));
    }

    /// Days of the site from the first to the last hour.
    pub(super) fn days_named(&self) -> (String, String) {
        (
            self.calendar.day(Utc(self.hours.start)),
            self.calendar.day(Utc(self.hours.end.saturating_sub(1))),
        )
    }
}

fn one(hours: Range<i64>) -> Vec<Range<i64>> {
    std::iter::once(hours).collect()
}

/// The sums of the hours that a slice is made of.
pub(super) fn in_slice<T: Copy>(slice: &Slice, hours: &[(i64, T)]) -> Vec<T> {
    let mut found = Vec::new();
    for range in &slice.hours {
        let first = hours.partition_point(|(hour, _)| *hour < range.start);
        let rest = hours.get(first..).unwrap_or_default();
        found
            .extend(rest.iter().take_while(|(hour, _)| *hour < range.end).map(|(_, value)| *value));
    }
    found
}

/// The sum of several.
pub(super) fn sum(looked: impl IntoIterator<Item = Looked>) -> Looked {
    let mut total = Looked::default();
    for one in looked {
        total += one;
    }
    total
}

/// Names in a query.
pub(super) struct Asked<'a> {
    pub(super) camera: Option<&'a str>,
    pub(super) zone: Option<&'a str>,
    pub(super) event_type: Option<&'a str>,
    pub(super) severity: Option<&'a str>,
}

impl Places {
    /// Looks up what is asked for, deleted cameras and zones included.
    pub(super) async fn find(app: &App, asked: &Asked<'_>) -> Result<Self, Problem> {
        let cameras: Vec<CameraId> = several("camera", asked.camera, |text| text.parse().ok())?;
        let zones: Vec<ZoneId> = several("zone", asked.zone, |text| text.parse().ok())?;
        let filter = EventFilter {
            event_types: several("type", asked.event_type, EventType::from_name)?,
            severities: several("severity", asked.severity, Severity::from_name)?,
            cameras,
            zones,
            ..EventFilter::default()
        };
        let lives = app.store.camera_lives().await?;
        let known = app.store.zone_places().await?;
        if let Some(id) =
            filter.cameras.iter().find(|id| !lives.iter().any(|l| l.id == id.as_str()))
        {
            return Err(Problem::not_found("camera", &short(id.as_str())));
        }
        for id in &filter.zones {
            let Some((_, camera, name)) = known.iter().find(|(zone, _, _)| zone == id) else {
                return Err(Problem::not_found("zone", &short(id.as_str())));
            };
            if !filter.cameras.is_empty() && !filter.cameras.contains(camera) {
                return Err(Problem::invalid(format!(
                    "zone '{name}' is one of camera '{camera}', which is not asked for: leave camera out"
                )));
            }
        }
        Ok(Self { filter, lives, zones: known })
    }

    /// Cameras that are asked for, once for each zone where zones are.
    pub(super) fn lives(&self) -> Vec<&Life> {
        let filter = &self.filter;
        if filter.zones.is_empty() {
            let is_asked = |life: &&Life| {
                filter.cameras.is_empty() || filter.cameras.iter().any(|id| id.as_str() == life.id)
            };
            return self.lives.iter().filter(is_asked).collect();
        }
        filter.zones.iter().filter_map(|zone| self.life_of_zone(zone.as_str())).collect()
    }

    pub(super) fn life(&self, camera: &str) -> Option<&Life> {
        self.lives.iter().find(|life| life.id == camera)
    }

    pub(super) fn life_of_zone(&self, zone: &str) -> Option<&Life> {
        let (_, camera, _) = self.zones.iter().find(|(id, _, _)| id.as_str() == zone)?;
        self.life(camera.as_str())
    }

    pub(super) fn zone_name(&self, zone: &str) -> Option<&str> {
        self.zones.iter().find(|(id, _, _)| id.as_str() == zone).map(|(_, _, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Utc {
        Utc::parse(text).unwrap()
    }

    fn period(from: &str, to: &str, unit: Unit, zone: &str) -> Result<Period, Problem> {
        let calendar = Calendar::new(zone, &[]).unwrap();
        Period::read((Some(from), Some(to)), unit, calendar, utc("2026-06-30T12:30:00Z"))
    }

    #[test]
    fn days_are_those_of_the_site_and_leave_no_hour_out() {
        for zone in ["Asia/Seoul", "Europe/Berlin", "Asia/Kolkata", "UTC"] {
            let period =
                period("2026-03-27T05:00:00Z", "2026-04-01T03:10:00Z", Unit::Day, zone).unwrap();
            let days = period.slices(Unit::Day);
            assert_eq!(days.first().unwrap().hours[0].start, utc("2026-03-27T05:00:00Z").micros());
            assert_eq!(days.last().unwrap().hours[0].end, utc("2026-04-01T04:00:00Z").micros());
            for pair in days.windows(2) {
                assert_eq!(pair[0].hours[0].end, pair[1].hours[0].start, "{zone}");
                assert!(pair[0].key < pair[1].key, "{zone}");
            }
        }
        let berlin =
            period("2026-03-28T23:00:00Z", "2026-03-30T22:00:00Z", Unit::Day, "Europe/Berlin");
        let hours: Vec<i64> = berlin
            .unwrap()
            .slices(Unit::Day)
            .iter()
            .map(|day| (day.hours[0].end - day.hours[0].start) / HOUR_US)
            .collect();
        assert_eq!(hours, [23, 24]);
    }

    #[test]
    fn hours_of_the_day_gather_those_of_all_days() {
        let seoul = "Asia/Seoul";
        let period =
            period("2026-01-01T00:00:00Z", "2026-01-03T12:00:00Z", Unit::HourOfDay, seoul).unwrap();
        let slices = period.slices(Unit::HourOfDay);
        assert_eq!(slices.len(), 24);
        assert_eq!(slices.iter().map(|slice| slice.hours.len()).sum::<usize>(), 60);
        assert_eq!((slices[9].key.as_str(), slices[9].hours.len()), ("09", 3));
        assert_eq!(slices[9].hours[0].start, utc("2026-01-01T00:00:00Z").micros());
        assert_eq!(slices[8].hours.len(), 2);
    }

    #[test]
    fn impossible_periods_are_named() {
        for (from, to, unit, says) in [
            ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", Unit::Day, "must be earlier"),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Unit::Day, "must be earlier"),
            ("2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Unit::Day, "longer than 400 days"),
            ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", Unit::Hour, "ask by day"),
            ("yesterday", "2026-03-01T00:00:00Z", Unit::Hour, "from is 'yesterday'"),
        ] {
            let problem = period(from, to, unit, "UTC").unwrap_err();
            assert!(problem.detail.contains(says), "{}", problem.detail);
        }
    }

    #[test]
    fn only_time_that_has_passed_could_be_watched() {
        let period =
            period("2026-06-30T00:00:00Z", "2026-07-01T00:00:00Z", Unit::Whole, "UTC").unwrap();
        let life = |created: &str, deleted: Option<&str>| Life {
            id: "yard".into(),
            name: "yard".into(),
            created: utc(created).micros(),
            deleted_at: deleted.map(|at| utc(at).micros()),
        };
        let hours = std::slice::from_ref(&period.hours);
        let of = |life: &Life| period.watchable_us(hours, &[life]);
        assert_eq!(of(&life("2026-01-01T00:00:00Z", None)), 12 * HOUR_US + HOUR_US / 2);
        assert_eq!(of(&life("2026-06-30T12:00:00Z", None)), HOUR_US / 2);
        assert_eq!(of(&life("2026-01-01T00:00:00Z", Some("2026-06-30T01:00:00Z"))), HOUR_US);
        assert_eq!(of(&life("2026-07-01T00:00:00Z", None)), 0);
    }

    #[test]
    fn hours_are_found_in_their_slices() {
        let hours: Vec<(i64, i64)> = vec![(0, 1), (HOUR_US, 2), (3 * HOUR_US, 4)];
        let slice = |ranges: &[Range<i64>]| Slice { key: String::new(), hours: ranges.to_vec() };
        assert_eq!(in_slice(&slice(&[0..HOUR_US, 2 * HOUR_US..4 * HOUR_US]), &hours), [1, 4]);
        assert!(in_slice(&slice(&[]), &hours).is_empty());
        assert!(in_slice(&slice(&one(4 * HOUR_US..9 * HOUR_US)), &hours).is_empty());
    }
}
