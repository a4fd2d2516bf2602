//! Reading incidents.

use std::sync::Arc;

use safe_yolo_core::{EventId, EventType, Severity, Utc};
use sqlx::{QueryBuilder, Sqlite};
use tokio::sync::{broadcast, watch};

use super::rows::{self, IncidentRow};
use super::{IncidentCounts, IncidentDeed, IncidentFilter, IncidentList, IncidentRecord};
use crate::error::Doing;
use crate::events::{EventRecord, EventRow};
use crate::{Store, StoreError};

const DOING: &str = "reading incidents";
/// Most entries of one incident's log, and most of its events, in one answer.
const PARTS_MAX: i64 = 1000;
/// Most names to choose from.
const PEOPLE_MAX: i64 = 200;

impl Store {
    /// Incidents that fit the filter, newest first, and the numbers of those among them that can't be read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents(&self, filter: &IncidentFilter) -> Result<IncidentList, StoreError> {
        let limit = if filter.limit == 0 { IncidentFilter::LIMIT } else { filter.limit };
        let limit = limit.min(IncidentFilter::LIMIT_MAX) as usize;
        let (mut list, mut filter) = (IncidentList::default(), filter.clone());
        // As many as were asked for, so that nobody takes a short list for the end.
        loop {
            let missing = limit - list.incidents.len();
            let rows = self.incident_rows(&filter, missing).await?;
            filter.before = rows.last().map(|row| row.number);
            let is_end = rows.len() < missing;
            for row in rows {
                match row.readable() {
                    Ok(record) => list.incidents.push(record),
                    Err(number) => list.unreadable.push(number),
                }
            }
            if is_end || list.incidents.len() >= limit {
                return Ok(list);
            }
        }
    }

    async fn incident_rows(
        &self,
        filter: &IncidentFilter,
        limit: usize,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new("SELECT number, id, incident FROM incidents WHERE 1 = 1");
        if let Some(open) = filter.open {
            query.push(" AND closed = ").push_bind(!open);
        }
        if let Some(state) = filter.state {
            query.push(" AND state = ").push_bind(state.name());
        }
        if let Some(camera) = &filter.camera {
            query.push(" AND camera = ").push_bind(camera.as_str().to_owned());
        }
        if let Some(zone) = &filter.zone {
            query.push(" AND zone = ").push_bind(zone.as_str().to_owned());
        }
        if let Some(kind) = filter.event_type.map(EventType::name) {
            query.push(" AND event_type = ").push_bind(kind);
        }
        if let Some(severity) = filter.severity.map(Severity::name) {
            query.push(" AND severity = ").push_bind(severity);
        }
        if let Some(from) = filter.from {
            query.push(" AND start_at >= ").push_bind(from.micros());
        }
        if let Some(to) = filter.to {
            query.push(" AND start_at < ").push_bind(to.micros());
        }
        if let Some(before) = filter.before {
            query.push(" AND number < ").push_bind(before);
        }
        query.push(" ORDER BY number DESC LIMIT ");
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)
    }

    /// One incident.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident(&self, id: EventId) -> Result<Option<IncidentRecord>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        rows::by_id(&mut reader, id).await
    }

    /// What was done about an incident, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_log(&self, id: EventId) -> Result<Vec<IncidentDeed>, StoreError> {
        let rows: Vec<(i64, i64, String, String, String)> = sqlx::query_as(
            "SELECT number, at, who, deed, note FROM incident_log WHERE incident = ? ORDER BY number LIMIT ?",
        )
        .bind(id.to_string())
        .bind(PARTS_MAX)
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)?;
        let deed =
            |(number, at, who, deed, note)| IncidentDeed { number, at: Utc(at), who, deed, note };
        Ok(rows.into_iter().map(deed).collect())
    }

    /// The alarms of an incident, in the order of their raising.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_events(&self, id: EventId) -> Result<Vec<EventRecord>, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, seq, raised_seq, event, acknowledged_by, acknowledged_at, acknowledged_reason, incident, muted
             FROM events WHERE incident = ? ORDER BY raised_seq LIMIT ?",
        )
        .bind(id.to_string())
        .bind(PARTS_MAX)
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)?;
        rows.into_iter().map(EventRow::into_record).collect()
    }

    /// How many incidents want something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_counts(&self) -> Result<IncidentCounts, StoreError> {
        let count = async |statement: &'static str| {
            let count: i64 =
                sqlx::query_scalar(statement).fetch_one(&self.inner.readers).await.doing(DOING)?;
            Ok::<_, StoreError>(u64::try_from(count).unwrap_or_default())
        };
        Ok(IncidentCounts {
            open: count("SELECT COUNT(*) FROM incidents WHERE closed = 0").await?,
            unacknowledged: count("SELECT COUNT(*) FROM incidents WHERE state = 'raised'").await?,
        })
    }

    /// Whom incidents can be assigned to: users, and names that were used before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(
            "SELECT username AS name FROM users
             UNION SELECT name FROM (SELECT json_extract(incident, '$.assigned.to') AS name FROM incidents
                                     ORDER BY number DESC LIMIT 1000) WHERE name IS NOT NULL
             ORDER BY name LIMIT ?",
        )
        .bind(PEOPLE_MAX)
        .fetch_all(&self.inner.readers)
        .await
        .doing(DOING)
    }

    /// Each change of each incident from now on, in commit order. A receiver that lags behind loses the
    /// oldest and is told.
    #[must_use]
    pub fn incident_news(&self) -> broadcast::Receiver<Arc<IncidentRecord>> {
        self.inner.incident_news.subscribe()
    }

    /// Counts changes of what is muted.
    #[must_use]
    pub fn mute_news(&self) -> watch::Receiver<u64> {
        self.inner.mute_news.subscribe()
    }

    /// Tells of incidents that were committed. Called with the writer still held.
    pub(crate) fn tell(&self, incidents: Vec<IncidentRecord>) {
        for record in incidents {
            // That nobody listens is no error.
            drop(self.inner.incident_news.send(Arc::new(record)));
        }
    }

    pub(crate) fn mutes_changed(&self) {
        self.inner.mute_news.send_modify(|count| *count += 1);
    }
}
