//! The site's time zone and holidays, which the schedules of all zones and rules follow.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::Calendar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Session;
use crate::extract::Body;
use crate::problem::{Problem, ProblemBody};

/// The site's time zone and holidays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Calendar)]
pub(crate) struct CalendarBody {
    /// A name of the IANA database, as `Asia/Seoul`.
    time_zone: String,
    /// Dates as `2026-05-05`; 1000 at most.
    holidays: Vec<String>,
}

impl From<&Calendar> for CalendarBody {
    fn from(calendar: &Calendar) -> Self {
        let holidays = calendar.holidays().collect();
        Self { time_zone: calendar.time_zone().to_owned(), holidays }
    }
}

/// The calendar in force.
#[utoipa::path(
    get, path = "/api/calendar", tag = "calendar",
    responses(
        (status = 200, body = CalendarBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(State(app): State<App>) -> Result<Json<CalendarBody>, Problem> {
    Ok(Json(CalendarBody::from(&app.store.calendar().await?)))
}

/// Sets it; every camera's schedules follow it from the next picture on.
#[utoipa::path(
    put, path = "/api/calendar", tag = "calendar", request_body = CalendarBody,
    responses(
        (status = 200, body = CalendarBody),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    session: Session,
    Body(body): Body<CalendarBody>,
) -> Result<Json<CalendarBody>, Problem> {
    let calendar = Calendar::new(&body.time_zone, &body.holidays)
        .map_err(|error| Problem::invalid(error.to_string()))?;
    app.set_calendar(&session.user, calendar.clone()).await?;
    Ok(Json(CalendarBody::from(&calendar)))
}
