//! Events: reading, proving and acknowledging them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use safe_yolo_core::{EventId, EventType, Severity, Utc};
use safe_yolo_store::evidence::EvidenceError;
use safe_yolo_store::{EventFilter, EventRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema;
use crate::app::App;
use crate::auth::Session;
use crate::clock;
use crate::extract::{Asked, Body, Id};
use crate::problem::{Code, Problem, ProblemBody};

/// Events named in one acknowledgement.
const IDS_MAX: usize = 1000;
/// Values of one filter.
const LIST_MAX: usize = 64;

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Of these cameras, deleted ones included; several with commas between them.
    pub(super) camera: Option<String>,
    /// In these zones, deleted ones included.
    pub(super) zone: Option<String>,
    /// Of these types.
    #[serde(rename = "type")]
    pub(super) event_type: Option<String>,
    /// Of these severities.
    pub(super) severity: Option<String>,
    /// `true`: acknowledged ones; `false`: alarms that wait for it.
    #[param(value_type = Option<bool>)]
    pub(super) acknowledged: Option<String>,
    /// That began then or later, RFC 3339.
    pub(super) from: Option<String>,
    /// That began before, RFC 3339.
    pub(super) to: Option<String>,
    /// Changed after this change; oldest change first.
    #[param(value_type = Option<i64>)]
    pub(super) after: Option<String>,
    /// Raised before the event of this change.
    #[param(value_type = Option<i64>)]
    pub(super) before: Option<String>,
    /// At most so many, 1 to 500; 100 unless given.
    #[param(value_type = Option<u32>)]
    pub(super) limit: Option<String>,
}

/// Some events, and where the log stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Events {
    #[schema(value_type = Vec<schema::Event>)]
    events: Vec<EventRecord>,
    /// Alarms that wait for acknowledgement.
    unacknowledged: u64,
    /// The newest change.
    seq: i64,
}

/// Why an event needs no more attention.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledge {
    reason: String,
}

/// Which events need no more attention, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgeMany {
    /// All that wait, unless given.
    #[schema(value_type = Option<Vec<String>>)]
    ids: Option<Vec<EventId>>,
    reason: String,
}

/// How many were not acknowledged before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    acknowledged: usize,
}

/// Which picture.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SnapshotQuery {
    /// `1`: without boxes.
    clean: Option<String>,
}

pub(super) fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_no_number| {
        Problem::invalid(format!("{name} is '{}': it must be a whole number", short(text)))
    })
}

pub(super) fn time(name: &str, text: &str) -> Result<Utc, Problem> {
    // A '+' that was not escaped has become a space.
    Utc::parse(&text.replace(' ', "+")).map_err(|_no_time| {
        let text = short(text);
        Problem::invalid(format!("{name} is '{text}': it must be a time like 2026-01-31T08:15:00Z"))
    })
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

pub(super) fn flag(name: &str, text: &str) -> Result<bool, Problem> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::invalid(format!("{name} is '{}': use true or false", short(text)))),
    }
}

/// Values with commas between them; none means all.
pub(super) fn several<T: PartialEq>(
    name: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let mut values = Vec::new();
    for part in text.unwrap_or_default().split(',').filter(|part| !part.is_empty()) {
        let value = read(part).ok_or_else(|| {
            let part = short(part);
            Problem::invalid(format!("{name} is '{part}', which is none: see docs/api.md"))
        })?;
        if !values.contains(&value) {
            values.push(value);
        }
        if values.len() > LIST_MAX {
            return Err(Problem::invalid(format!(
                "{name} has more than {LIST_MAX} values: leave it out for all"
            )));
        }
    }
    Ok(values)
}

impl EventQuery {
    pub(super) fn filter(self) -> Result<EventFilter, Problem> {
        // A form that leaves a field empty asks for everything.
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let cameras = several("camera", self.camera.as_deref(), |text| text.parse().ok())?;
        let zones = several("zone", self.zone.as_deref(), |text| text.parse().ok())?;
        let event_types = several("type", self.event_type.as_deref(), EventType::from_name)?;
        let severities = several("severity", self.severity.as_deref(), Severity::from_name)?;
        let limit = given(self.limit).map(|text| number("limit", &text)).transpose()?;
        if limit.is_some_and(|limit| !(1..=EventFilter::LIMIT_MAX).contains(&limit)) {
            let max = EventFilter::LIMIT_MAX;
            return Err(Problem::invalid(format!("limit must lie between 1 and {max}")));
        }
        Ok(EventFilter {
            cameras,
            zones,
            event_types,
            severities,
            acknowledged: given(self.acknowledged)
                .map(|text| flag("acknowledged", &text))
                .transpose()?,
            from: given(self.from).map(|text| time("from", &text)).transpose()?,
            to: given(self.to).map(|text| time("to", &text)).transpose()?,
            after_seq: given(self.after).map(|text| number("after", &text)).transpose()?,
            before_seq: given(self.before).map(|text| number("before", &text)).transpose()?,
            limit: limit.unwrap_or(EventFilter::LIMIT),
        })
    }
}

/// Events that fit, newest first.
#[utoipa::path(
    get, path = "/api/events", tag = "events", params(EventQuery),
    responses(
        (status = 200, body = Events),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asked(query): Asked<EventQuery>,
) -> Result<Json<Events>, Problem> {
    let filter = query.filter()?;
    // Read first: a change that comes meanwhile is rather seen twice than never.
    let seq = app.store.newest_seq().await?;
    let events = app.store.events(&filter).await?;
    let unacknowledged = app.store.unacknowledged_count().await?;
    Ok(Json(Events { events, unacknowledged, seq }))
}

/// One event.
#[utoipa::path(
    get, path = "/api/events/{id}", tag = "events", params(("id" = String, Path, description = "The event")),
    responses(
        (status = 200, body = schema::Event),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Id(id): Id<EventId>,
) -> Result<Json<EventRecord>, Problem> {
    let record = app.store.event(id).await?;
    record.map(Json).ok_or_else(|| Problem::not_found("event", &id.to_string()))
}

/// Acknowledges for somebody. Whoever comes second is told who was faster.
pub(crate) async fn acknowledge_one(
    app: &App,
    by: &str,
    id: EventId,
    reason: &str,
) -> Result<EventRecord, Problem> {
    let (change, record) = app.store.acknowledge(id, by, reason, clock::now()).await?;
    if change.is_some() {
        app.audit.note(by, "event.acknowledge", &id.to_string(), reason).await;
    } else if let Some(first) = record.acknowledged.as_ref().filter(|first| first.by != by) {
        let detail = format!("event {id} was acknowledged by {} at {}", first.by, first.at);
        return Err(Problem::new(Code::Conflict, detail));
    }
    Ok(record)
}

/// Acknowledges an event; the first acknowledgement stands, and another user's is refused.
#[utoipa::path(
    post, path = "/api/events/{id}/acknowledge", tag = "events", params(("id" = String, Path, description = "The event")),
    request_body = Acknowledge,
    responses(
        (status = 200, body = schema::Event),
        (status = 409, description = "Somebody else was faster", body = ProblemBody, content_type = "application/problem+json"),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    session: Session,
    Id(id): Id<EventId>,
    Body(body): Body<Acknowledge>,
) -> Result<Json<EventRecord>, Problem> {
    let by = &session.user.username;
    acknowledge_one(&app, by, id, &body.reason).await.map(Json)
}

/// Acknowledges these, or all alarms that wait; answers how many were not acknowledged before.
pub(crate) async fn acknowledge_these(
    app: &App,
    by: &str,
    ids: Option<&[EventId]>,
    reason: &str,
) -> Result<usize, Problem> {
    let count = app.store.acknowledge_many(ids, by, reason, clock::now()).await?;
    if count > 0 {
        let target = if ids.is_some() { "listed" } else { "all that wait" };
        app.audit.note(by, "event.acknowledge", target, &format!("{count}: {reason}")).await;
    }
    Ok(count)
}

/// Acknowledges several events, or all alarms that wait.
#[utoipa::path(
    post, path = "/api/events/acknowledge", tag = "events", request_body = AcknowledgeMany,
    responses(
        (status = 200, body = Acknowledged),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn acknowledge_many(
    State(app): State<App>,
    session: Session,
    Body(body): Body<AcknowledgeMany>,
) -> Result<Json<Acknowledged>, Problem> {
    if body.ids.as_ref().is_some_and(|ids| ids.len() > IDS_MAX) {
        let detail = format!("at most {IDS_MAX} ids at once: leave ids out for all that wait");
        return Err(Problem::invalid(detail));
    }
    let by = &session.user.username;
    let acknowledged = acknowledge_these(&app, by, body.ids.as_deref(), &body.reason).await?;
    Ok(Json(Acknowledged { acknowledged }))
}

/// The picture that proves an event.
#[utoipa::path(
    get, path = "/api/events/{id}/snapshot", tag = "events",
    params(("id" = String, Path, description = "The event"), SnapshotQuery),
    responses(
        (status = 200, content_type = "image/jpeg", description = "The picture", body = Vec<u8>),
        (status = "default", description = "Any error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn snapshot(
    State(app): State<App>,
    session: Session,
    Id(id): Id<EventId>,
    request: HeaderMap,
    Asked(query): Asked<SnapshotQuery>,
) -> Result<Response, Problem> {
    let clean = query.clean.map(|text| flag("clean", &text)).transpose()?.unwrap_or(false);
    if app.store.event(id).await?.is_none() {
        return Err(Problem::not_found("event", &id.to_string()));
    }
    let jpeg = app.evidence.load(id, clean).await.map_err(|error| match error {
        EvidenceError::NotFound(_) | EvidenceError::NoDay(_) => {
            Problem::not_found("picture of event", &id.to_string())
        }
        other => Problem::internal("reading a picture", &other),
    })?;
    app.viewed(&session.user.username, id, "snapshot").await;
    // It never changes, but the next at this browser may be somebody else: it is asked for each time, so that
    // each look is noted, and sent once.
    let tag = format!("\"{id}{}\"", if clean { "-clean" } else { "" });
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let known = request.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    if known == Some(tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, jpeg).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_filters_are_named() {
        type Set = fn(&mut EventQuery, String);
        let cases: [(Set, &str); 12] = [
            (|q, v| q.camera = Some(v), "../x"),
            (|q, v| q.camera = Some(v), "yard,../x"),
            (|q, v| q.zone = Some(v), "z 1"),
            (|q, v| q.event_type = Some(v), "fall,flood"),
            (|q, v| q.severity = Some(v), "CRITICAL;INFO"),
            (|q, v| q.event_type = Some(v), "flood"),
            (|q, v| q.severity = Some(v), "critical"),
            (|q, v| q.acknowledged = Some(v), "maybe"),
            (|q, v| q.from = Some(v), "yesterday"),
            (|q, v| q.after = Some(v), "1.5"),
            (|q, v| q.limit = Some(v), "0"),
            (|q, v| q.limit = Some(v), "501"),
        ];
        for (set, value) in cases {
            let mut query = EventQuery::default();
            set(&mut query, value.to_owned());
            assert!(query.filter().is_err(), "{value}");
        }
        let query = EventQuery {
            from: Some("2026-01-31T08:15:00 09:00".into()),
            camera: Some(String::new()),
            ..EventQuery::default()
        };
        let filter = query.filter().unwrap();
        assert_eq!(filter.from.unwrap().to_string(), "2026-01-30T23:15:00Z");
        assert_eq!(filter.cameras, []);
    }

    #[test]
    fn several_values_are_read_once_each_and_not_without_end() {
        let query = EventQuery {
            event_type: Some("fall,fire,fall".into()),
            severity: Some("CRITICAL,WARNING,".into()),
            zone: Some("z1,z2".into()),
            ..EventQuery::default()
        };
        let filter = query.filter().unwrap();
        assert_eq!(filter.event_types, [EventType::Fall, EventType::Fire]);
        assert_eq!(filter.severities, [Severity::Critical, Severity::Warning]);
        assert_eq!(filter.zones.len(), 2);
        let many: Vec<String> = (0..65).map(|n| format!("z{n}")).collect();
        let query = EventQuery { zone: Some(many.join(",")), ..EventQuery::default() };
        assert!(query.filter().unwrap_err().detail.contains("more than 64"));
    }
}
