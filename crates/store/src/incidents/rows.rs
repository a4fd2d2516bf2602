//! Incidents as rows.

use safe_yolo_core::{AlarmSettings, EventId, Incident, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::IncidentRecord;
use crate::StoreError;
use crate::error::Doing;

const DOING: &str = "reading incidents";
/// Rows written with one statement.
pub(super) const ROWS_MAX: usize = 500;

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

    /// Its number, and told in the log, if it can't be read: it must not take others with it.
    pub(super) fn readable(self) -> Result<IncidentRecord, i64> {
        let number = self.number;
        self.into_record().map_err(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "an incident can't be read, and is left out");
            number
        })
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

/// Of each of these causes its newest open incident, and besides those with these ids, open or not. One
/// question for a whole batch. One that can't be read is as none: alarms are recorded all the same, new
/// ones in a new incident.
pub(super) async fn of_causes(
    db: &mut SqliteConnection,
    causes: &[&str],
    ids: &[EventId],
) -> Result<Vec<(String, IncidentRecord)>, StoreError> {
    let list = |list: serde_json::Result<String>| {
        list.map_err(|error| StoreError::unreadable("incident", "a list", error))
    };
    let rows: Vec<(String, i64, String, String)> = sqlx::query_as(
        "SELECT cause, number, id, incident FROM incidents
         WHERE number IN (SELECT (SELECT MAX(number) FROM incidents WHERE closed = 0 AND cause = asked.value)
                          FROM json_each(?) AS asked)
            OR id IN (SELECT value FROM json_each(?))
         ORDER BY number",
    )
    .bind(list(serde_json::to_string(causes))?)
    .bind(list(serde_json::to_string(ids))?)
    .fetch_all(db)
    .await
    .doing(DOING)?;
    let readable = rows.into_iter().filter_map(|(cause, number, id, incident)| {
        Some((cause, IncidentRow { number, id, incident }.readable().ok()?))
    });
    Ok(readable.collect())
}

/// When an incident that waits goes one level further.
pub(super) fn escalates_at(incident: &Incident, settings: &AlarmSettings) -> Option<Utc> {
    if incident.state != safe_yolo_core::IncidentState::Raised {
        return None;
    }
    let after = settings.next_level_after_s(incident.severity, incident.escalation.level)?;
    Some(incident.waiting_since.plus_micros(i64::from(after) * 1_000_000))
}

/// The number that the next new incident gets; none is given twice.
pub(super) async fn next_number(db: &mut SqliteConnection) -> Result<i64, StoreError> {
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'incidents'")
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    Ok(newest.unwrap_or_default() + 1)
}

/// Writes incidents, new ones with their causes, with one statement for many.
pub(super) async fn put_all(
    db: &mut SqliteConnection,
    incidents: &[(String, IncidentRecord)],
    settings: &AlarmSettings,
) -> Result<(), StoreError> {
    for some in incidents.chunks(ROWS_MAX) {
        let rows = some.iter().map(|(cause, record)| Ok((cause, record, json(&record.incident)?)));
        let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
            "INSERT INTO incidents (number, id, cause, event_type, severity, camera, zone, state, closed, held, start_at, escalates_at, incident) ",
        );
        query.push_values(rows, |mut row, (cause, record, json)| {
            let incident = &record.incident;
            row.push_bind(record.number)
                .push_bind(incident.id.to_string())
                .push_bind(cause)
                .push_bind(incident.event_type.name())
                .push_bind(incident.severity.name())
                .push_bind(incident.camera.as_ref().map(|camera| camera.as_str().to_owned()))
                .push_bind(incident.zone.as_ref().map(|zone| zone.id.as_str().to_owned()))
                .push_bind(incident.state.name())
                .push_bind(incident.state.is_closed())
                .push_bind(incident.held.is_some())
                .push_bind(incident.start.micros())
                .push_bind(escalates_at(incident, settings).map(Utc::micros))
                .push_bind(json);
        });
        query.push(
            " ON CONFLICT (number) DO UPDATE SET severity = excluded.severity, state = excluded.state,
                 closed = excluded.closed, held = excluded.held, start_at = excluded.start_at,
                 escalates_at = excluded.escalates_at, incident = excluded.incident",
        );
        query.build().persistent(false).execute(&mut *db).await.doing("recording incidents")?;
        to_chain(db, some.iter().map(|(_, record)| record.number)).await?;
    }
    Ok(())
}

/// Has their newest form taken into the chain before the commit.
async fn to_chain(
    db: &mut SqliteConnection,
    numbers: impl Iterator<Item = i64>,
) -> Result<(), StoreError> {
    let mut query: QueryBuilder<Sqlite> =
        QueryBuilder::new("INSERT OR IGNORE INTO incidents_to_chain (number) ");
    query.push_values(numbers, |mut row, number| {
        row.push_bind(number);
    });
    query.build().persistent(false).execute(db).await.doing("recording incidents")?;
    Ok(())
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
    .execute(&mut *db)
    .await
    .doing("recording an incident")?;
    to_chain(db, std::iter::once(record.number)).await
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
