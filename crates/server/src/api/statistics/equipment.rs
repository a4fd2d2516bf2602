//! What people wore where it was required.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::{Equipment, Utc};
use safe_yolo_store::statistics::EquipmentHour;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Watched, hours, share};
use super::period::{self, Period, Places, Slice, Unit, in_slice, sum};
use super::{By, by};
use crate::app::App;
use crate::clock;
use crate::extract::Asked;
use crate::problem::{Problem, ProblemBody};

/// Whose equipment, and when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EquipmentQuery {
    /// From the hour in which this lies, RFC 3339; the begin of the day unless given.
    from: Option<String>,
    /// To the end of the hour before this, RFC 3339; now unless given.
    to: Option<String>,
    /// Of these cameras, deleted ones included; several with commas between them.
    camera: Option<String>,
    /// In these zones, deleted ones included.
    zone: Option<String>,
    /// `day` unless given; or `hour`, or `hour_of_day`.
    by: Option<String>,
}

/// Time that people spent where an item is required. Who is in two zones counts in both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Worn {
    item: &'static str,
    /// With it, hours of people.
    present_h: f64,
    /// Without it.
    missing_h: f64,
    /// Too small, hidden or too short to say: counts neither way.
    unknown_h: f64,
    /// Present of what could be said; null when nothing could.
    rate: Option<f64>,
    /// Of how much nothing could be said; null when nobody was there.
    unknown_share: Option<f64>,
}

/// A part of the period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EquipmentRow {
    /// A time, a day as `2026-01-31`, or an hour of the day as `08`.
    key: String,
    #[serde(flatten)]
    watched: Watched,
    /// Items that were required of somebody.
    items: Vec<Worn>,
}

/// What people wore in a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EquipmentStatistics {
    /// RFC 3339, the begin of an hour.
    #[schema(value_type = String)]
    from: Utc,
    /// RFC 3339, the end of an hour.
    #[schema(value_type = String)]
    to: Utc,
    /// Of days and hours of the day.
    time_zone: String,
    by: &'static str,
    total: EquipmentRow,
    rows: Vec<EquipmentRow>,
}

const BYS: [(&str, By); 3] = [
    ("day", By::Time(Unit::Day)),
    ("hour", By::Time(Unit::Hour)),
    ("hour_of_day", By::Time(Unit::HourOfDay)),
];

/// Present, missing, unknown, of each item.
type Sums = [(Equipment, [i64; 3]); Equipment::ALL.len()];

fn items<'a>(found: impl IntoIterator<Item = &'a EquipmentHour>) -> Vec<Worn> {
    let mut sums: Sums = Equipment::ALL.map(|item| (item, [0; 3]));
    for hour in found {
        let sum = sums.iter_mut().find(|(item, _)| item.name() == hour.item);
        if let Some((_, [present, missing, unknown])) = sum {
            *present += hour.present_us;
            *missing += hour.missing_us;
            *unknown += hour.unknown_us;
        }
    }
    let worn = |(item, [present, missing, unknown]): (Equipment, [i64; 3])| Worn {
        item: item.name(),
        present_h: hours(present),
        missing_h: hours(missing),
        unknown_h: hours(unknown),
        rate: share(present, present + missing),
        unknown_share: share(unknown, present + missing + unknown),
    };
    sums.into_iter().filter(|(_, times)| times.iter().any(|time| *time > 0)).map(worn).collect()
}

/// Who wore what where it is required, over time.
#[utoipa::path(
    get, path = "/api/statistics/equipment", tag = "statistics", params(EquipmentQuery),
    responses(
        (status = 200, body = EquipmentStatistics),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn equipment(
    State(app): State<App>,
    Asked(query): Asked<EquipmentQuery>,
) -> Result<Json<EquipmentStatistics>, Problem> {
    let (name, by) = by(query.by.as_deref(), &BYS)?;
    let By::Time(unit) = by else { return Err(Problem::invalid("by must be a time")) };
    let calendar = app.store.calendar().await?;
    let range = (query.from.as_deref(), query.to.as_deref());
    let period = Period::read(range, unit, calendar, clock::now())?;
    let asked = period::Asked {
        camera: query.camera.as_deref(),
        zone: query.zone.as_deref(),
        event_type: None,
        severity: None,
    };
    let places = Places::find(&app, &asked).await?;
    let looked = app.store.looked_by_hour(&places.filter, &period.hours).await?;
    let worn = app.store.equipment_by_hour(&places.filter, &period.hours).await?;
    let by_hour: Vec<(i64, &EquipmentHour)> = worn.iter().map(|hour| (hour.hour, hour)).collect();
    let lives = places.lives();
    let row = |slice: Slice| {
        let watchable = period.watchable_us(&slice.hours, &lives);
        EquipmentRow {
            watched: Watched::new(sum(in_slice(&slice, &looked)), watchable),
            items: items(in_slice(&slice, &by_hour)),
            key: slice.key,
        }
    };
    let mut whole = period.slices(Unit::Whole);
    let total = whole.pop().map(row).ok_or_else(|| Problem::invalid("the period is empty"))?;
    Ok(Json(EquipmentStatistics {
        from: Utc(period.hours.start),
        to: Utc(period.hours.end),
        time_zone: period.calendar.time_zone().to_owned(),
        by: name,
        total,
        rows: period.slices(unit).into_iter().map(row).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_judge_has_no_rate() {
        let hour = |item: &str, present_us, missing_us, unknown_us| EquipmentHour {
            hour: 0,
            item: item.to_owned(),
            present_us,
            missing_us,
            unknown_us,
        };
        let found = [
            hour("helmet", 30, 10, 40),
            hour("helmet", 0, 0, 80),
            hour("vest", 0, 0, 5),
            hour("mask", 0, 0, 0),
        ];
        let worn = items(&found);
        let told: Vec<_> = worn.iter().map(|w| (w.item, w.rate, w.unknown_share)).collect();
        assert_eq!(told, [("helmet", Some(0.75), Some(0.75)), ("vest", None, Some(1.0))]);
    }
}
