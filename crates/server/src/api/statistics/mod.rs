//! Figures over periods. None stands alone: each row says for how many hours somebody looked, for
//! how many nobody could, and for how many the server did not even run.

mod answer;
mod equipment;
mod heatmap;
mod period;

use axum::Json;
use axum::extract::State;
use safe_yolo_core::Utc;
use safe_yolo_store::statistics::{EventKey, Looked};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) use equipment::{__path_equipment, equipment};
pub(crate) use heatmap::{__path_heatmap, heatmap};

use crate::app::App;
use crate::clock;
use crate::extract::Asked;
use crate::problem::{Problem, ProblemBody};
use answer::{Watched, hours};
use period::{Period, Places, Slice, Unit, in_slice, sum};

/// Which events are counted, and by what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatisticsQuery {
    /// From the hour in which this lies, RFC 3339; the begin of the day unless given.
    from: Option<String>,
    /// To the end of the hour before this, RFC 3339; now unless given.
    to: Option<String>,
    /// Of these cameras, deleted ones included; several with commas between them.
    camera: Option<String>,
    /// In these zones, deleted ones included.
    zone: Option<String>,
    /// Of these types.
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Of these severities.
    severity: Option<String>,
    /// `day` unless given; `hour`, `hour_of_day`, `type`, `severity`, `zone` or `camera`.
    by: Option<String>,
}

/// Events of a part of the period, and how long somebody looked meanwhile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatisticsRow {
    /// A time, a day as `2026-01-31`, an hour of the day as `08`, or the name or id of what events are
    /// told apart by; empty for events of no zone or of no camera.
    key: String,
    /// What people call the camera or zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// And the camera of a zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera_name: Option<String>,
    events: i64,
    /// Events for each hour in which somebody looked; null when nobody did, which is not none.
    per_hour: Option<f64>,
    #[serde(flatten)]
    watched: Watched,
}

/// Why nobody looked, and for how long.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blind {
    /// As a camera's `reason`; or `off`: the zone is outside of its hours, `unknown`: its rules
    /// can't say anything, `unobserved`: the server did not get to look.
    reason: String,
    hours: f64,
}

/// Events of a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Statistics {
    /// RFC 3339, the begin of an hour.
    #[schema(value_type = String)]
    from: Utc,
    /// RFC 3339, the end of an hour.
    #[schema(value_type = String)]
    to: Utc,
    /// Of days and hours of the day.
    time_zone: String,
    by: &'static str,
    total: StatisticsRow,
    blind: Vec<Blind>,
    rows: Vec<StatisticsRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Time(Unit),
    Key(EventKey),
}

const BYS: [(&str, By); 7] = [
    ("day", By::Time(Unit::Day)),
    ("hour", By::Time(Unit::Hour)),
    ("hour_of_day", By::Time(Unit::HourOfDay)),
    ("type", By::Key(EventKey::Type)),
    ("severity", By::Key(EventKey::Severity)),
    ("zone", By::Key(EventKey::Zone)),
    ("camera", By::Key(EventKey::Camera)),
];

fn by(text: Option<&str>, among: &[(&'static str, By)]) -> Result<(&'static str, By), Problem> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or("day");
    among.iter().find(|(name, _)| *name == text).copied().ok_or_else(|| {
        let names: Vec<&str> = among.iter().map(|(name, _)| *name).collect();
        let text: String = text.chars().take(40).collect();
        Problem::invalid(format!("by is '{text}': use one of {}", names.join(", ")))
    })
}

fn row(key: String, name: Option<String>, events: i64, watched: Watched) -> StatisticsRow {
    let per_hour = watched.per_hour(events);
    StatisticsRow { key, name, camera_name: None, events, per_hour, watched }
}

/// How often something happened, beside the hours in which somebody looked.
#[utoipa::path(
    get, path = "/api/statistics", tag = "statistics", params(StatisticsQuery),
    responses(
        (status = 200, body = Statistics),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn events(
    State(app): State<App>,
    Asked(query): Asked<StatisticsQuery>,
) -> Result<Json<Statistics>, Problem> {
    let (name, by) = by(query.by.as_deref(), &BYS)?;
    let unit = match by {
        By::Time(unit) => unit,
        By::Key(_) => Unit::Whole,
    };
    let calendar = app.store.calendar().await?;
    let range = (query.from.as_deref(), query.to.as_deref());
    let period = Period::read(range, unit, calendar, clock::now())?;
    let places = Places::find(
        &app,
        &period::Asked {
            camera: query.camera.as_deref(),
            zone: query.zone.as_deref(),
            event_type: query.event_type.as_deref(),
            severity: query.severity.as_deref(),
        },
    )
    .await?;
    let looked = app.store.looked_by_hour(&places.filter, &period.hours).await?;
    let whole = std::slice::from_ref(&period.hours);
    let watchable = period.watchable_us(whole, &places.lives());
    let watched = Watched::new(sum(looked.iter().map(|(_, l)| *l)), watchable);
    let rows = match by {
        By::Time(unit) => by_time(&app, &period, &places, unit, &looked).await?,
        By::Key(key) => by_key(&app, &period, &places, key, &watched).await?,
    };
    let events = rows.iter().map(|row| row.events).sum();
    let blind = app.store.blind_by_reason(&places.filter, &period.hours).await?;
    Ok(Json(Statistics {
        from: Utc(period.hours.start),
        to: Utc(period.hours.end),
        time_zone: period.calendar.time_zone().to_owned(),
        by: name,
        total: row(String::new(), None, events, watched),
        blind: blind.into_iter().map(|(reason, us)| Blind { reason, hours: hours(us) }).collect(),
        rows,
    }))
}

async fn by_time(
    app: &App,
    period: &Period,
    places: &Places,
    unit: Unit,
    looked: &[(i64, Looked)],
) -> Result<Vec<StatisticsRow>, Problem> {
    let counts = app.store.events_by_hour(&places.filter, &period.hours).await?;
    let lives = places.lives();
    let of = |slice: Slice| {
        let events = in_slice(&slice, &counts).into_iter().sum();
        let watchable = period.watchable_us(&slice.hours, &lives);
        let watched = Watched::new(sum(in_slice(&slice, looked)), watchable);
        row(slice.key, None, events, watched)
    };
    Ok(period.slices(unit).into_iter().map(of).collect())
}

async fn by_key(
    app: &App,
    period: &Period,
    places: &Places,
    key: EventKey,
    whole: &Watched,
) -> Result<Vec<StatisticsRow>, Problem> {
    let mut counts = app.store.events_by(key, &places.filter, &period.hours).await?;
    let is_place = matches!(key, EventKey::Camera | EventKey::Zone);
    let mut looked = Vec::new();
    if is_place {
        let by_zone = key == EventKey::Zone;
        looked = app.store.looked_by_place(by_zone, &places.filter, &period.hours).await?;
        // Where nothing happened, somebody has looked all the same.
        for (place, _) in &looked {
            if !counts.iter().any(|(key, _)| key == place) {
                counts.push((place.clone(), 0));
            }
        }
    }
    let hours = std::slice::from_ref(&period.hours);
    let of = |(key_text, events): (String, i64)| {
        let (name, life) = match key {
            EventKey::Camera => {
                let life = places.life(&key_text);
                (life.map(|life| life.name.clone()), life)
            }
            EventKey::Zone => {
                let name = places.zone_name(&key_text).map(ToOwned::to_owned);
                (name, places.life_of_zone(&key_text))
            }
            EventKey::Type | EventKey::Severity => {
                return row(key_text, None, events, whole.clone());
            }
        };
        let found = looked.iter().find(|(place, _)| *place == key_text).map(|(_, l)| *l);
        let watchable = life.map_or(0, |life| period.watchable_us(hours, &[life]));
        let watched = Watched::new(found.unwrap_or_default(), watchable);
        let camera_name = life.filter(|_| key == EventKey::Zone).map(|life| life.name.clone());
        StatisticsRow { camera_name, ..row(key_text, name, events, watched) }
    };
    Ok(counts.into_iter().map(of).collect())
}
