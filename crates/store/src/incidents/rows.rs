//! Incidents as rows.

use safe_yolo_core::{AlarmSettings, EventId, Incident, Utc};
use sqlx::SqliteConnection;

use super::IncidentRecord;
use crate::StoreError;
use crate::error::Doing;

const DOING: &str = "reading incidents";

#[derive(sqlx::FromRow)]
pub(super) struct IncidentRow {
    pub(super) number: i64,
    id: String,
    incident: String,
}

impl IncidentRow {
    pub(super) fn into_record(self) -> Result<IncidentRecord, StoreError> {
        let incident = serde_json::from_str(&self.incident)
            .map_err(|error| StoreError::unreadable("incident", &self.id, error))?;
        Ok(IncidentRecord { number: self.number, incident })
    }
}

pub(super) async fn by_id(
    db: &mut SqliteConnection,
    id: EventId,
) -> Result<Option<IncidentRecord>, StoreError> {
    let row: Option<IncidentRow> =
        sqlx::query_as("SELECT number, id, incident FROM incidents WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    row.map(IncidentRow::into_record).transpose()
}

/// The newest open incident of a cause.
pub(super) async fn by_cause(
    db: &mut SqliteConnection,
    cause: &str,
) -> Result<Option<IncidentRecord>, StoreError> {
    let row: Option<IncidentRow> = sqlx::query_as(
        "SELECT number, id, incident FROM incidents WHERE cause = ? AND closed = 0 ORDER BY number DESC LIMIT 1",
    )
    .bind(cause)
    .fetch_optional(db)
    .await
    .doing(DOING)?;
    row.map(IncidentRow::into_record).transpose()
}

/// When an incident that waits goes one level further.
pub(super) fn escalates_at(incident: &Incident, settings: &AlarmSettings) -> Option<Utc> {
    if incident.state != safe_yolo_core::IncidentState::Raised {
        return None;
    }
    let after = settings.next_level_after_s(incident.severity, incident.escalation.level)?;
    Some(incident.waiting_since.plus_micros(i64::from(after) * 1_000_000))
}

/// Adds a new incident; answers its number.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    cause: &str,
    incident: &Incident,
    settings: &AlarmSettings,
) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO incidents (id, cause, event_type, severity, camera, zone, state, closed, held, start_at, escalates_at, incident)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
    )
    .bind(incident.id.to_string())
    .bind(cause)
    .bind(incident.event_type.name())
    .bind(incident.severity.name())
    .bind(incident.camera.as_ref().map(|camera| camera.as_str().to_owned()))
    .bind(incident.zone.as_ref().map(|zone| zone.id.as_str().to_owned()))
    .bind(incident.state.name())
    .bind(incident.state.is_closed())
    .bind(incident.held.is_some())
    .bind(incident.start.micros())
    .bind(escalates_at(incident, settings).map(Utc::micros))
    .bind(json(incident)?)
    .fetch_one(db)
    .await
    .doing("recording an incident")
}

/// Writes what has changed of an incident.
pub(super) async fn update(
    db: &mut SqliteConnection,
    record: &IncidentRecord,
    settings: &AlarmSettings,
) -> Result<(), StoreError> {
    let incident = &record.incident;
    sqlx::query(
        "UPDATE incidents SET severity = ?, state = ?, closed = ?, held = ?, start_at = ?, escalates_at = ?, incident = ?
         WHERE number = ?",
    )
    .bind(incident.severity.name())
    .bind(incident.state.name())
    .bind(incident.state.is_closed())
    .bind(incident.held.is_some())
    .bind(incident.start.micros())
    .bind(escalates_at(incident, settings).map(Utc::micros))
    .bind(json(incident)?)
    .bind(record.number)
    .execute(db)
    .await
    .doing("recording an incident")?;
    Ok(())
}

fn json(incident: &Incident) -> Result<String, StoreError> {
    serde_json::to_string(incident)
        .map_err(|error| StoreError::unreadable("incident", incident.id.to_string(), error))
}

/// Notes what was done.
pub(super) async fn note(
    db: &mut SqliteConnection,
    id: EventId,
    at: Utc,
    who: &str,
    deed: &str,
    note: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO incident_log (incident, at, who, deed, note) VALUES (?, ?, ?, ?, ?)")
        .bind(id.to_string())
        .bind(at.micros())
        .bind(who)
        .bind(deed)
        .bind(note)
        .execute(db)
        .await
        .doing("noting what was done about an incident")?;
    Ok(())
}
