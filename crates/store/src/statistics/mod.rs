//! Figures over periods: how often something happened, beside how long somebody looked.
//!
//! Hours and days are those of UTC, named by the microsecond at which they begin. Events are
//! counted by triggers (migration 0006), time by [`Store::add_figures`]. What is not in the tables
//! was watched by nobody: the server did not run.

mod counts;
mod heat;
mod record;
mod time;

use std::ops::Range;

use safe_yolo_core::{CameraId, Equipment, ZoneId};
use sqlx::{QueryBuilder, Sqlite};

use crate::EventFilter;

pub use heat::{COLUMNS, ROWS};
pub use time::{EquipmentHour, Life, Looked};

/// An hour, microseconds.
pub const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// Stands for time in which somebody looked.
const ANALYSED: &str = "analysed";

/// The hour in which a microsecond lies.
#[must_use]
pub const fn hour_of(micros: i64) -> i64 {
    micros.saturating_sub(micros.rem_euclid(HOUR_US))
}

/// Whether somebody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watch {
    /// Pictures came and were analysed in time.
    Analysed,
    /// Nobody looked, for this reason.
    Blind(&'static str),
}

impl Watch {
    const fn name(self) -> &'static str {
        match self {
            Self::Analysed => ANALYSED,
            Self::Blind(reason) => reason,
        }
    }
}

/// Time in which a camera, or a zone of it, was watched or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedTime {
    /// The camera.
    pub camera: CameraId,
    /// The zone; none for the camera as a whole.
    pub zone: Option<ZoneId>,
    /// In which hour.
    pub hour: i64,
    /// Whether somebody looked.
    pub what: Watch,
    /// For how long, microseconds.
    pub us: i64,
}

/// Time that people spent in a zone that requires an item, microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquipmentTime {
    /// The zone.
    pub zone: ZoneId,
    /// What it requires.
    pub item: Equipment,
    /// In which hour.
    pub hour: i64,
    /// With it.
    pub present_us: i64,
    /// Without it.
    pub missing_us: i64,
    /// Nobody can say.
    pub unknown_us: i64,
}

/// Where people stood on a day of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatTime {
    /// The camera.
    pub camera: CameraId,
    /// The day, as 2026-01-31.
    pub day: String,
    /// Milliseconds for each cell of [`COLUMNS`] x [`ROWS`], row by row.
    pub cells_ms: Vec<u32>,
}

/// What was seen since the last time, to be added to what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Figures {
    pub watched: Vec<WatchedTime>,
    pub equipment: Vec<EquipmentTime>,
    pub heat: Vec<HeatTime>,
}

/// What is counted. Nothing set means all.
pub type Scope = EventFilter;

/// By what events are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum EventKey {
    Camera,
    Zone,
    Type,
    Severity,
}

impl EventKey {
    const fn column(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Zone => "zone",
            Self::Type => "event_type",
            Self::Severity => "severity",
        }
    }
}

/// A period of whole hours as the whole days in it, and the hours before and after.
fn split(hours: &Range<i64>) -> (Range<i64>, [Range<i64>; 2]) {
    let first = hours.start.saturating_add((-hours.start).rem_euclid(DAY_US));
    let last = hours.end.saturating_sub(hours.end.rem_euclid(DAY_US));
    if first >= last {
        return (0..0, [hours.clone(), 0..0]);
    }
    (first..last, [hours.start..first, last..hours.end])
}

/// Adds ` AND column >= start AND column < end`.
fn push_period(query: &mut QueryBuilder<Sqlite>, column: &str, period: &Range<i64>) {
    query.push(format!(" AND {column} >= ")).push_bind(period.start);
    query.push(format!(" AND {column} < ")).push_bind(period.end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every hour of a period is in its days or beside them, once.
        #[test]
        fn a_period_is_split_without_rest(start in -100_i64..100, length in 0_i64..200) {
            let hours = start * HOUR_US..(start + length) * HOUR_US;
            let (days, [before, after]) = split(&hours);
            for hour in (start - 30..start + length + 30).map(|n| n * HOUR_US) {
                let times = [&days, &before, &after].iter().filter(|r| r.contains(&hour)).count();
                prop_assert_eq!(times, usize::from(hours.contains(&hour)));
            }
            prop_assert_eq!(days.start.rem_euclid(DAY_US), 0);
            prop_assert_eq!(days.end.rem_euclid(DAY_US), 0);
        }
    }

    #[test]
    fn hours_begin_before_what_lies_in_them() {
        assert_eq!(hour_of(HOUR_US * 7 + 1), HOUR_US * 7);
        assert_eq!(hour_of(-1), -HOUR_US);
    }
}
