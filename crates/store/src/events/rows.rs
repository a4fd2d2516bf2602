//! Events and changes as rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use safe_yolo_core::event::{Acknowledgement, ChangeKind};
use safe_yolo_core::{Event, EventId, Utc};
use serde::Deserialize;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{EventRecord, MutedBy, StoredChange};
use crate::StoreError;
use crate::error::Doing;

const DOING: &str = "reading events";

/// The columns of an event that [`EventRow`] needs.
pub(super) const EVENT_COLUMNS: &str = "SELECT id, seq, raised_seq, event, acknowledged_by, acknowledged_at, acknowledged_reason, incident, muted,
    (SELECT json_object('by', m.by, 'reason', m.reason, 'until', COALESCE(m.lifted_at, m.until_at)) FROM mutes AS m
     WHERE m.number = events.muted) AS muted_by
    FROM events";

#[derive(sqlx::FromRow)]
pub(crate) struct EventRow {
    id: String,
    seq: i64,
    raised_seq: i64,
    event: String,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<i64>,
    acknowledged_reason: Option<String>,
    incident: Option<String>,
    muted: Option<i64>,
    /// JSON; null also where it is not asked for.
    #[sqlx(default)]
    muted_by: Option<String>,
}

/// As the database tells it.
#[derive(Deserialize)]
struct MuteOf {
    by: String,
    reason: String,
    until: i64,
}

impl EventRow {
    pub(crate) const fn raised_seq(&self) -> i64 {
        self.raised_seq
    }

    pub(crate) fn into_record(self) -> Result<EventRecord, StoreError> {
        let event = event_from_json(&self.id, &self.event)?;
        let acknowledged = self.acknowledged_at.map(|at| Acknowledgement {
            by: self.acknowledged_by.unwrap_or_default(),
            at: Utc(at),
            reason: self.acknowledged_reason.unwrap_or_default(),
        });
        let incident = incident_from_text(&self.id, self.incident.as_deref())?;
        let muted_by = self.muted_by.map(|json| {
            let MuteOf { by, reason, until } = serde_json::from_str(&json)?;
            Ok(MutedBy { by, reason, until: Utc(until) })
        });
        let muted_by = muted_by.transpose().map_err(|error: serde_json::Error| {
            StoreError::unreadable("mute of event", &self.id, error)
        })?;
        Ok(EventRecord {
            event,
            seq: self.seq,
            acknowledged,
            incident,
            muted: self.muted,
            muted_by,
        })
    }
}

fn incident_from_text(event: &str, id: Option<&str>) -> Result<Option<EventId>, StoreError> {
    let parse = |id: &str| {
        id.parse()
            .map_err(|error| StoreError::unreadable("incident of event", event, format!("{error}")))
    };
    id.map(parse).transpose()
}

fn event_from_json(id: &str, json: &str) -> Result<Event, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::unreadable("event", id, error))
}

#[derive(sqlx::FromRow)]
pub(super) struct ChangeRow {
    seq: i64,
    event_id: String,
    kind: String,
    event: String,
    acknowledged: Option<String>,
    incident: Option<String>,
    muted: Option<i64>,
}

/// The columns of a change that [`ChangeRow`] needs. What is muted and which incident it belongs to are
/// said as they are now.
pub(super) const CHANGE_COLUMNS: &str =
    "SELECT c.seq, c.event_id, c.kind, c.event, c.acknowledged, e.incident, e.muted
     FROM event_changes AS c LEFT JOIN events AS e ON e.id = c.event_id";

impl ChangeRow {
    pub(super) fn into_change(self) -> Result<StoredChange, StoreError> {
        let unreadable =
            |detail: String| StoreError::unreadable("event change", self.seq.to_string(), detail);
        let kind = ChangeKind::from_name(&self.kind)
            .ok_or_else(|| unreadable(format!("kind '{}'", self.kind)))?;
        let acknowledged = match &self.acknowledged {
            Some(json) => {
                Some(serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?)
            }
            None => None,
        };
        let event = event_from_json(&self.event_id, &self.event)?;
        let incident = incident_from_text(&self.event_id, self.incident.as_deref())?;
        Ok(StoredChange {
            seq: self.seq,
            kind,
            record: EventRecord {
                event,
                seq: self.seq,
                acknowledged,
                incident,
                muted: self.muted,
                muted_by: None,
            },
        })
    }
}

/// What others have added to an event.
#[derive(Debug, Clone, Default)]
pub(super) struct Attached {
    pub(super) acknowledged: Option<Acknowledgement>,
    pub(super) incident: Option<EventId>,
    pub(super) muted: Option<i64>,
}

/// One event and the number of its raising.
pub(super) async fn event(
    db: &mut SqliteConnection,
    id: EventId,
) -> Result<Option<(EventRecord, i64)>, StoreError> {
    let row: Option<EventRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{EVENT_COLUMNS} WHERE id = ?")))
            .bind(id.to_string())
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let raised_seq = row.raised_seq;
    Ok(Some((row.into_record()?, raised_seq)))
}

fn json_list<T: serde::Serialize>(what: &'static str, list: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|error| StoreError::unreadable(what, "a list", error))
}

/// Those of these events that are recorded, with the number of their raising.
pub(super) async fn events(
    db: &mut SqliteConnection,
    ids: &[EventId],
) -> Result<HashMap<EventId, (EventRecord, i64)>, StoreError> {
    let rows: Vec<EventRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{EVENT_COLUMNS} WHERE id IN (SELECT value FROM json_each(?))"
    )))
    .bind(json_list("event", ids)?)
    .fetch_all(db)
    .await
    .doing(DOING)?;
    rows.into_iter()
        .map(|row| {
            let raised_seq = row.raised_seq;
            row.into_record().map(|record| (record.event.id, (record, raised_seq)))
        })
        .collect()
}

/// Those of these changes, by the ids of their makers, that are recorded.
pub(super) async fn known_changes(
    db: &mut SqliteConnection,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    let known: Vec<String> = sqlx::query_scalar(
        "SELECT change_id FROM event_changes WHERE change_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_list("event change", ids)?)
    .fetch_all(db)
    .await
    .doing(DOING)?;
    Ok(known.into_iter().collect())
}

/// The change with this id of its maker.
pub(super) async fn change_by_id(
    db: &mut SqliteConnection,
    change_id: &str,
) -> Result<Option<StoredChange>, StoreError> {
    let row: Option<ChangeRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{CHANGE_COLUMNS} WHERE c.change_id = ?")))
            .bind(change_id)
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    row.map(ChangeRow::into_change).transpose()
}

/// The change with this number.
pub(super) async fn change_by_seq(
    db: &mut SqliteConnection,
    seq: i64,
) -> Result<Option<StoredChange>, StoreError> {
    let row: Option<ChangeRow> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{CHANGE_COLUMNS} WHERE c.seq = ?")))
            .bind(seq)
            .fetch_optional(db)
            .await
            .doing(DOING)?;
    row.map(ChangeRow::into_change).transpose()
}

/// A change that is to be written.
struct NewChange {
    seq: i64,
    change_id: String,
    event_id: EventId,
    kind: ChangeKind,
    at: Utc,
    event: String,
    acknowledged: Option<String>,
}

/// Changes and events of one transaction, gathered and then written with one statement each: what
/// costs is not their bytes but every turn between us and the database's thread.
pub(super) struct Batch {
    next_seq: i64,
    changes: Vec<NewChange>,
    /// Of each event its newest form, with its JSON and the number of its raising.
    events: BTreeMap<EventId, (StoredChange, String, i64)>,
}

/// Rows in one statement: SQLite takes 32 766 values.
const ROWS_MAX: usize = 500;

impl Batch {
    pub(super) async fn begin(db: &mut SqliteConnection) -> Result<Self, StoreError> {
        // No number is given twice, whatever was deleted: the file remembers the largest.
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'event_changes'")
                .fetch_optional(db)
                .await
                .doing(DOING)?;
        let next_seq = newest.unwrap_or_default() + 1;
        Ok(Self { next_seq, changes: Vec::new(), events: BTreeMap::new() })
    }

    /// Adds a change and brings the event into line with it. `raised_seq` is none for a new event.
    pub(super) fn put(
        &mut self,
        change_id: &str,
        at: Utc,
        kind: ChangeKind,
        event: Event,
        attached: Attached,
        raised_seq: Option<i64>,
    ) -> Result<StoredChange, StoreError> {
        let Attached { acknowledged, incident, muted } = attached;
        let id = event.id;
        let unwritable =
            |error: serde_json::Error| StoreError::unreadable("event", id.to_string(), error);
        let json = serde_json::to_string(&event).map_err(unwritable)?;
        let acknowledged_json =
            acknowledged.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?;
        let seq = self.next_seq;
        self.next_seq += 1;
        self.changes.push(NewChange {
            seq,
            change_id: change_id.to_owned(),
            event_id: id,
            kind,
            at,
            event: json.clone(),
            acknowledged: acknowledged_json,
        });
        let record = EventRecord { event, seq, acknowledged, incident, muted, muted_by: None };
        let stored = StoredChange { seq, kind, record };
        self.events.insert(id, (stored.clone(), json, raised_seq.unwrap_or(seq)));
        Ok(stored)
    }

    /// Writes all of it.
    pub(super) async fn write(self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let doing = "recording events";
        for some in self.changes.chunks(ROWS_MAX) {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
                "INSERT INTO event_changes (seq, change_id, event_id, kind, at, event, acknowledged) ",
            );
            query.push_values(some, |mut row, change| {
                row.push_bind(change.seq)
                    .push_bind(&change.change_id)
                    .push_bind(change.event_id.to_string())
                    .push_bind(change.kind.name())
                    .push_bind(change.at.micros())
                    .push_bind(&change.event)
                    .push_bind(&change.acknowledged);
            });
            query.build().persistent(false).execute(&mut *db).await.doing(doing)?;
        }
        // In the order of their raising, as if written one by one.
        let mut events: Vec<_> = self.events.into_values().collect();
        events.sort_unstable_by_key(|(_, _, raised_seq)| *raised_seq);
        for some in events.chunks(ROWS_MAX) {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
                "INSERT INTO events (id, camera, event_type, severity, start_at, end_at, raised_seq, seq, waits,
                                     acknowledged_by, acknowledged_at, acknowledged_reason, config_version, event, incident, muted) ",
            );
            query.push_values(some, |mut row, (change, json, raised_seq)| {
                let EventRecord { event, seq, acknowledged, incident, muted, .. } = &change.record;
                let waits = event.severity.is_alarm() && acknowledged.is_none() && muted.is_none();
                row.push_bind(event.id.to_string())
                    .push_bind(event.camera.as_ref().map(|camera| camera.as_str().to_owned()))
                    .push_bind(event.event_type.name())
                    .push_bind(event.severity.name())
                    .push_bind(event.start.micros())
                    .push_bind(event.end.map(Utc::micros))
                    .push_bind(*raised_seq)
                    .push_bind(*seq)
                    .push_bind(waits)
                    .push_bind(acknowledged.as_ref().map(|a| a.by.as_str()))
                    .push_bind(acknowledged.as_ref().map(|a| a.at.micros()))
                    .push_bind(acknowledged.as_ref().map(|a| a.reason.as_str()))
                    .push_bind(i64::try_from(event.config_version).unwrap_or(i64::MAX))
                    .push_bind(json)
                    .push_bind(incident.map(|id| id.to_string()))
                    .push_bind(*muted);
            });
            query.push(
                " ON CONFLICT (id) DO UPDATE SET
                     camera = excluded.camera, event_type = excluded.event_type, severity = excluded.severity,
                     start_at = excluded.start_at, end_at = excluded.end_at, seq = excluded.seq, waits = excluded.waits,
                     acknowledged_by = excluded.acknowledged_by, acknowledged_at = excluded.acknowledged_at,
                     acknowledged_reason = excluded.acknowledged_reason,
                     config_version = excluded.config_version, event = excluded.event,
                     incident = excluded.incident, muted = excluded.muted",
            );
            query.build().persistent(false).execute(&mut *db).await.doing(doing)?;
        }
        Ok(())
    }
}

/// Adds one change, see [`Batch::put`].
pub(super) async fn put(
    db: &mut SqliteConnection,
    change_id: &str,
    at: Utc,
    kind: ChangeKind,
    event: Event,
    attached: Attached,
    raised_seq: Option<i64>,
) -> Result<StoredChange, StoreError> {
    let mut batch = Batch::begin(db).await?;
    let stored = batch.put(change_id, at, kind, event, attached, raised_seq)?;
    batch.write(db).await?;
    Ok(stored)
}

/// An alarm that was muted rings.
pub(crate) async fn put_rung(
    db: &mut SqliteConnection,
    change_id: &str,
    at: Utc,
    kind: ChangeKind,
    record: EventRecord,
    incident: EventId,
    raised_seq: i64,
) -> Result<StoredChange, StoreError> {
    let attached =
        Attached { acknowledged: record.acknowledged, incident: Some(incident), muted: None };
    put(db, change_id, at, kind, record.event, attached, Some(raised_seq)).await
}
