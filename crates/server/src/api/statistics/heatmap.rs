//! Where people stood.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::CameraId;
use safe_yolo_store::statistics::{COLUMNS, ROWS};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::Watched;
use super::period::{self, Period, Places, Unit, sum};
use crate::app::App;
use crate::clock;
use crate::extract::Asked;
use crate::problem::{Problem, ProblemBody};

/// Which camera, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HeatmapQuery {
    camera: String,
    /// From the day of the site in which this lies, RFC 3339; today unless given.
    from: Option<String>,
    /// To the end of the day before this ends, RFC 3339; now unless given.
    to: Option<String>,
}

/// For how long people stood where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heatmap {
    #[schema(value_type = String)]
    camera: CameraId,
    /// The first day that is counted, as `2026-01-31`, of the site's time zone.
    first_day: String,
    /// The last one.
    last_day: String,
    time_zone: String,
    /// Of the grid over the whole picture.
    columns: usize,
    rows: usize,
    /// Seconds of people whose feet were there, row by row from the upper left.
    seconds: Vec<f64>,
    #[serde(flatten)]
    watched: Watched,
}

/// Where people stood in the picture of a camera, day by day of the site.
#[utoipa::path(
    get, path = "/api/heatmap", tag = "statistics", params(HeatmapQuery),
    responses(
        (status = 200, body = Heatmap),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn heatmap(
    State(app): State<App>,
    Asked(query): Asked<HeatmapQuery>,
) -> Result<Json<Heatmap>, Problem> {
    let asked =
        period::Asked { camera: Some(&query.camera), zone: None, event_type: None, severity: None };
    let places = Places::find(&app, &asked).await?;
    let [camera] = places.filter.cameras.as_slice() else {
        return Err(Problem::invalid("camera must name one camera"));
    };
    let calendar = app.store.calendar().await?;
    let range = (query.from.as_deref(), query.to.as_deref());
    let mut period = Period::read(range, Unit::Day, calendar, clock::now())?;
    period.widen_to_days();
    let (first_day, last_day) = period.days_named();
    let seconds = app.store.heat(camera, &first_day, &last_day).await?;
    let looked = app.store.looked_by_hour(&places.filter, &period.hours).await?;
    let whole = std::slice::from_ref(&period.hours);
    let watchable = period.watchable_us(whole, &places.lives());
    Ok(Json(Heatmap {
        camera: camera.clone(),
        first_day,
        last_day,
        time_zone: period.calendar.time_zone().to_owned(),
        columns: COLUMNS,
        rows: ROWS,
        seconds: seconds.into_iter().map(|s| (s * 10.0).round() / 10.0).collect(),
        watched: Watched::new(sum(looked.into_iter().map(|(_, l)| l)), watchable),
    }))
}
