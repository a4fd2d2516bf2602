//! Reading events and changes.

use safe_yolo_core::EventId;
use sqlx::{QueryBuilder, Sqlite};

use super::page::push_slots;
use super::rows::{CHANGE_COLUMNS, ChangeRow, EVENT_COLUMNS, EventRow, change_by_seq, event};
use super::{EventFilter, EventRecord, StoredChange};
use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "reading events";
/// Most changes in one answer.
const CHANGES_MAX: u32 = 1000;

impl Store {
    /// Events that fit the filter.
    ///
    /// Without `after_seq` they come in reverse order of their raising, which
    /// no later change alters: pages neither lose nor repeat an event. A cursor
    /// `before_seq` may be the number of any change of the last event seen.
    /// With `after_seq` they come by their newest change, oldest first: an
    /// event that changes meanwhile comes again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRecord>, StoreError> {
        if let Some(after) = filter.after_seq {
            return self.changed_after(filter, after).await;
        }
        let before = match filter.before_seq {
            Some(before) => Some(self.raised_seq_of(before).await?),
            None => None,
        };
        Ok(self.events_page(filter, before).await?.0)
    }

    async fn changed_after(
        &self,
        filter: &EventFilter,
        after: i64,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(EVENT_COLUMNS);
        query.push(" WHERE seq > ").push_bind(after);
        if filter.has_slots() {
            query.push(
                " AND raised_seq IN (SELECT k.raised_seq FROM event_slots s JOIN event_keys k USING (slot) WHERE k.raised_seq = events.raised_seq",
            );
            push_slots(&mut query, "s", filter);
            query.push(")");
        }
        match filter.acknowledged {
            Some(true) => drop(query.push(" AND acknowledged_at IS NOT NULL")),
            Some(false) => drop(query.push(" AND waits = 1")),
            None => {}
        }
        if let Some(from) = filter.from {
            query.push(" AND start_at >= ").push_bind(from.micros());
        }
        if let Some(to) = filter.to {
            query.push(" AND start_at < ").push_bind(to.micros());
        }
        query.push(" ORDER BY seq ASC LIMIT ").push_bind(filter.page_size());
        let rows: Vec<EventRow> =
            query.build_query_as().fetch_all(&self.inner.readers).await.doing(DOING)?;
        rows.into_iter().map(EventRow::into_record).collect()
    }

    /// The raising of the event that a change belongs to, or the number itself
    /// if it is none.
    async fn raised_seq_of(&self, seq: i64) -> Result<i64, StoreError> {
        let raised: Option<i64> = sqlx::query_scalar(
            "SELECT events.raised_seq FROM event_changes JOIN events ON events.id = event_changes.event_id
             WHERE event_changes.seq = ?",
        )
        .bind(seq)
        .fetch_optional(&self.inner.readers)
        .await
        .doing(DOING)?;
        Ok(raised.unwrap_or(seq))
    }

    /// One event.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event(&self, id: EventId) -> Result<Option<EventRecord>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        Ok(event(&mut reader, id).await?.map(|(record, _raised)| record))
    }

    /// How many alarms wait for acknowledgement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unacknowledged_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events WHERE waits = 1")
            .fetch_one(&self.inner.readers)
            .await
            .doing(DOING)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Changes after a number, in order; 1000 at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes_after(
        &self,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<StoredChange>, StoreError> {
        let rows: Vec<ChangeRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{CHANGE_COLUMNS} WHERE c.seq > ? ORDER BY c.seq LIMIT ?"
        )))
        .bind(seq)
        .bind(i64::from(limit.min(CHANGES_MAX)))
        .fetch_all(&self.inner.readers)
        .await
        .doing("reading event changes")?;
        rows.into_iter().map(ChangeRow::into_change).collect()
    }

    /// One change by its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change(&self, seq: i64) -> Result<Option<StoredChange>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        change_by_seq(&mut reader, seq).await
    }

    /// The newest committed change's number; 0 before the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_seq(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM event_changes")
            .fetch_one(&self.inner.readers)
            .await
            .doing("reading the newest change")
    }
}
