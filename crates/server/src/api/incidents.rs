//! Incidents: reading them, and what people do about them.

use axum::Json;
use axum::extract::State;
use safe_yolo_core::incident::{IncidentState, Step};
use safe_yolo_core::{EventId, EventType, Severity};
use safe_yolo_store::{
    EventRecord, IncidentDeed, IncidentFilter, IncidentList, IncidentRecord, StepBy,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::{flag, number, short, time};
use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::clock;
use crate::extract::{Asked, Body, Id, IncidentId};
use crate::problem::{Problem, ProblemBody};

/// Which incidents.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentQuery {
    /// `true`: neither resolved nor a false alarm.
    #[param(value_type = Option<bool>)]
    open: Option<String>,
    /// In this state.
    #[param(value_type = Option<schema::IncidentState>)]
    state: Option<String>,
    /// Begun on this camera.
    camera: Option<String>,
    /// Begun in this zone.
    zone: Option<String>,
    /// Of this type.
    #[serde(rename = "type")]
    #[param(value_type = Option<schema::EventType>)]
    event_type: Option<String>,
    /// Of this severity.
    #[param(value_type = Option<schema::Severity>)]
    severity: Option<String>,
    /// Begun then or later, RFC 3339.
    from: Option<String>,
    /// Begun before, RFC 3339.
    to: Option<String>,
    /// With a smaller `number`, to page.
    #[param(value_type = Option<i64>)]
    before: Option<String>,
    /// At most so many, 1 to 500; 100 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Some incidents, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incidents {
    #[schema(value_type = Vec<schema::Incident>)]
    incidents: Vec<IncidentRecord>,
    /// Numbers of those that fit and can't be read: their record is damaged.
    unreadable: Vec<i64>,
    /// All that are neither resolved nor a false alarm.
    open: u64,
    /// Those of them that wait for acknowledgement.
    unacknowledged: u64,
}

/// What somebody did about an incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deed {
    number: i64,
    /// RFC 3339, UTC.
    at: String,
    /// A user, or `system`.
    who: String,
    /// `acknowledged`, `assigned`, `resolved`, `false_alarm`, `reopened`, `note`, `held`, `released`,
    /// `escalated`.
    deed: String,
    note: String,
}

impl From<IncidentDeed> for Deed {
    fn from(deed: IncidentDeed) -> Self {
        let IncidentDeed { number, at, who, deed, note } = deed;
        Self { number, at: at.to_string(), who, deed, note }
    }
}

/// One incident with its alarms and its log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentDetail {
    #[serde(flatten)]
    #[schema(value_type = schema::Incident)]
    incident: IncidentRecord,
    /// Oldest first; the first 1000.
    log: Vec<Deed>,
    /// Its alarms, oldest first; the first 1000.
    #[schema(value_type = Vec<schema::Event>)]
    event_list: Vec<EventRecord>,
}

/// Why it needs no more attention now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgeIncident {
    reason: String,
    /// The revision that was seen; another one is refused.
    revision: Option<u64>,
}

/// Who is to see to it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignIncident {
    to: String,
    #[serde(default)]
    note: String,
    revision: Option<u64>,
}

/// What is said with a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteIncident {
    #[serde(default)]
    note: String,
    revision: Option<u64>,
}

/// Whether its evidence is kept beyond the usual time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldIncident {
    hold: bool,
    #[serde(default)]
    reason: String,
    revision: Option<u64>,
}

/// Names to choose from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct People {
    people: Vec<String>,
}

impl IncidentQuery {
    fn filter(self) -> Result<IncidentFilter, Problem> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let unknown = |name: &str, text: &str| {
            Problem::invalid(format!("{name} is '{}', which is none: see docs/api.md", short(text)))
        };
        let limit = given(self.limit).map(|text| number("limit", &text)).transpose()?;
        if limit.is_some_and(|limit| !(1..=IncidentFilter::LIMIT_MAX).contains(&limit)) {
            let max = IncidentFilter::LIMIT_MAX;
            return Err(Problem::invalid(format!("limit must lie between 1 and {max}")));
        }
        Ok(IncidentFilter {
            open: given(self.open).map(|text| flag("open", &text)).transpose()?,
            state: given(self.state)
                .map(|text| IncidentState::from_name(&text).ok_or_else(|| unknown("state", &text)))
                .transpose()?,
            camera: given(self.camera)
                .map(|text| text.parse().map_err(|_no_id| unknown("camera", &text)))
                .transpose()?,
            zone: given(self.zone)
                .map(|text| text.parse().map_err(|_no_id| unknown("zone", &text)))
                .transpose()?,
            event_type: given(self.event_type)
                .map(|text| EventType::from_name(&text).ok_or_else(|| unknown("type", &text)))
                .transpose()?,
            severity: given(self.severity)
                .map(|text| Severity::from_name(&text).ok_or_else(|| unknown("severity", &text)))
                .transpose()?,
            from: given(self.from).map(|text| time("from", &text)).transpose()?,
            to: given(self.to).map(|text| time("to", &text)).transpose()?,
            before: given(self.before).map(|text| number("before", &text)).transpose()?,
            limit: limit.unwrap_or(IncidentFilter::LIMIT),
        })
    }
}

/// Incidents that fit, newest first.
#[utoipa::path(
    get, path = "/api/incidents", tag = "incidents", params(IncidentQuery),
    responses(
        (status = 200, body = Incidents),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(query): Asked<IncidentQuery>,
) -> Result<Json<Incidents>, Problem> {
    let IncidentList { incidents, unreadable } = app.store.incidents(&query.filter()?).await?;
    let counts = app.store.incident_counts().await?;
    let (open, unacknowledged) = (counts.open, counts.unacknowledged);
    Ok(Json(Incidents { incidents, unreadable, open, unacknowledged }))
}

/// One incident with its alarms and its log.
#[utoipa::path(
    get, path = "/api/incidents/{id}", tag = "incidents", params(("id" = String, Path, description = "The incident")),
    responses(
        (status = 200, body = IncidentDetail),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Id(IncidentId(id)): Id<IncidentId>,
) -> Result<Json<IncidentDetail>, Problem> {
    let record = app.store.incident(id).await?;
    let incident = record.ok_or_else(|| Problem::not_found("incident", &id.to_string()))?;
    let log = app.store.incident_log(id).await?.into_iter().map(Deed::from).collect();
    let event_list = app.store.incident_events(id).await?;
    Ok(Json(IncidentDetail { incident, log, event_list }))
}

/// Takes a step and notes it.
pub(crate) async fn take(
    app: &App,
    by: &str,
    id: EventId,
    step: &Step,
    based_on: Option<u64>,
) -> Result<IncidentRecord, Problem> {
    let record = app.store.take_step(StepBy { id, step, by, at: clock::now(), based_on }).await?;
    let action = match step {
        Step::Acknowledge { .. } => "incident.acknowledge",
        Step::Assign { .. } => "incident.assign",
        Step::Resolve { .. } => "incident.resolve",
        Step::FalseAlarm { .. } => "incident.false_alarm",
        Step::Reopen { .. } => "incident.reopen",
        Step::Note { .. } => "incident.note",
        Step::Hold { .. } => "incident.hold",
        Step::Release { .. } => "incident.release",
    };
    let detail = match step {
        Step::Assign { to, note } => format!("{to}: {note}"),
        other => other.note().to_owned(),
    };
    app.audit.note(by, action, &id.to_string(), &detail).await;
    Ok(record)
}

macro_rules! step {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ident, $input:ident => $step:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "incidents", params(("id" = String, Path, description = "The incident")),
            request_body = $body,
            responses(
                (status = 200, body = schema::Incident),
                (status = 409, description = "Somebody was faster, or the step does not follow from its state", body = ProblemBody, content_type = "application/problem+json"),
                (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn $name(
            State(app): State<App>,
            session: Session,
            Id(IncidentId(id)): Id<IncidentId>,
            Body($input): Body<$body>,
        ) -> Result<Json<IncidentRecord>, Problem> {
            let based_on = $input.revision;
            take(&app, &session.user.username, id, &$step, based_on).await.map(Json)
        }
    };
}

step!(
    /// Acknowledges an incident and all its alarms.
    acknowledge, "/api/incidents/{id}/acknowledge", AcknowledgeIncident,
    body => Step::Acknowledge { reason: body.reason }
);
step!(
    /// Says who sees to it.
    assign, "/api/incidents/{id}/assign", AssignIncident,
    body => Step::Assign { to: body.to.trim().to_owned(), note: body.note }
);
step!(
    /// What had to be done was done. Refused while one of its alarms lasts.
    resolve, "/api/incidents/{id}/resolve", NoteIncident,
    body => Step::Resolve { note: body.note }
);
step!(
    /// There was no danger: counts against the precision of its rule.
    false_alarm, "/api/incidents/{id}/false-alarm", NoteIncident,
    body => Step::FalseAlarm { note: body.note }
);
step!(
    /// It is not done after all.
    reopen, "/api/incidents/{id}/reopen", NoteIncident,
    body => Step::Reopen { note: body.note }
);
step!(
    /// Adds a note to its log.
    note, "/api/incidents/{id}/notes", NoteIncident,
    body => Step::Note { note: body.note }
);
step!(
    /// Keeps its evidence for as long as that is wanted.
    hold, "/api/incidents/{id}/hold", HoldIncident,
    body => if body.hold { Step::Hold { note: body.reason } } else { Step::Release { note: body.reason } }
);

/// Whom incidents can be assigned to: users, and names that were used before.
#[utoipa::path(
    get, path = "/api/people", tag = "incidents",
    responses(
        (status = 200, body = People),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn people(State(app): State<App>) -> Result<Json<People>, Problem> {
    Ok(Json(People { people: app.store.people().await? }))
}
