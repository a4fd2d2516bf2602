//! Acknowledging: somebody has seen it. The first one stands.

use std::collections::BTreeSet;

use safe_yolo_core::event::{Acknowledgement, ChangeKind};
use safe_yolo_core::{EventId, Utc};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::record::{CHUNK, unbroken};
use super::rows::{self, Attached};
use super::{EventRecord, StoredChange};
use crate::error::Doing;
use crate::incidents::IncidentRecord;
use crate::incidents::group::Grouping;
use crate::{Store, StoreError, chain};

const DOING: &str = "acknowledging events";
const REASON_CHARS_MAX: usize = 1000;

/// Either a new change, or the event as somebody acknowledged it before.
pub(crate) async fn apply(
    db: &mut SqliteConnection,
    id: EventId,
    acknowledgement: &Acknowledgement,
) -> Result<Result<StoredChange, EventRecord>, StoreError> {
    let found = rows::event(db, id).await?;
    let (record, raised_seq) =
        found.ok_or_else(|| StoreError::not_found("event", id.to_string()))?;
    if record.acknowledged.is_some() {
        return Ok(Err(record));
    }
    let change_id = Uuid::now_v7().to_string();
    let attached = Attached {
        acknowledged: Some(acknowledgement.clone()),
        incident: record.incident,
        muted: record.muted,
    };
    rows::put(
        db,
        &change_id,
        acknowledgement.at,
        ChangeKind::Acknowledged,
        record.event,
        attached,
        Some(raised_seq),
    )
    .await
    .map(Ok)
}

/// Incidents of which every alarm is acknowledged now.
async fn followed(
    store: &Store,
    db: &mut SqliteConnection,
    changes: &[StoredChange],
    acknowledgement: &Acknowledgement,
) -> Result<Vec<IncidentRecord>, StoreError> {
    let settings = store.alarm_settings();
    let mut grouping = Grouping::new(&settings);
    let Acknowledgement { by, at, reason } = acknowledgement;
    let ids: BTreeSet<EventId> =
        changes.iter().filter_map(|change| change.record.incident).collect();
    for id in ids {
        grouping.acknowledged(db, id, by, reason, *at).await?;
    }
    grouping.write(db).await
}

fn acknowledgement(by: &str, reason: &str, at: Utc) -> Result<Acknowledgement, StoreError> {
    if reason.chars().count() > REASON_CHARS_MAX {
        let value = reason.chars().take(40).collect();
        return Err(StoreError::Invalid {
            field: "reason",
            value,
            rule: "have 1000 characters at most",
        });
    }
    Ok(Acknowledgement { by: by.to_owned(), at, reason: reason.to_owned() })
}

impl Store {
    /// Acknowledges an event, whatever its severity. If that was done before,
    /// nothing changes: the number is none and the first acknowledgement stands.
    ///
    /// # Errors
    /// When there is no such event, the reason is too long, or the database fails.
    pub async fn acknowledge(
        &self,
        id: EventId,
        by: &str,
        reason: &str,
        at: Utc,
    ) -> Result<(Option<i64>, EventRecord), StoreError> {
        let acknowledgement = acknowledgement(by, reason, at)?;
        let store = self.clone();
        unbroken(async move {
            let mut writer = store.inner.writer.acquire().await.doing(DOING)?;
            let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.doing(DOING)?;
            let outcome = apply(&mut tx, id, &acknowledgement).await?;
            let changed = outcome.as_ref().map(std::slice::from_ref).unwrap_or_default();
            let incidents = followed(&store, &mut tx, changed, &acknowledgement).await?;
            chain::sweep(&mut tx).await?;
            tx.commit().await.doing(DOING)?;
            Ok(match outcome {
                Ok(change) => {
                    store.publish(std::slice::from_ref(&change));
                    store.tell(incidents);
                    (Some(change.seq), change.record)
                }
                Err(before) => (None, before),
            })
        })
        .await
    }

    /// Acknowledges these events, or all alarms that wait; answers how many
    /// were not acknowledged before. Many are done in several transactions, so
    /// that new alarms need not wait.
    ///
    /// # Errors
    /// When one of the events does not exist (then none is acknowledged), the
    /// reason is too long, or the database fails.
    pub async fn acknowledge_many(
        &self,
        ids: Option<&[EventId]>,
        by: &str,
        reason: &str,
        at: Utc,
    ) -> Result<usize, StoreError> {
        let acknowledgement = acknowledgement(by, reason, at)?;
        let ids = match ids {
            Some(ids) => self.all_exist(ids).await?,
            None => self.waiting().await?,
        };
        let store = self.clone();
        unbroken(async move {
            let mut count = 0;
            for chunk in ids.chunks(CHUNK) {
                let mut writer = store.inner.writer.acquire().await.doing(DOING)?;
                let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.doing(DOING)?;
                let mut changes = Vec::new();
                for id in chunk {
                    changes.extend(apply(&mut tx, *id, &acknowledgement).await?.ok());
                }
                let incidents = followed(&store, &mut tx, &changes, &acknowledgement).await?;
                chain::sweep(&mut tx).await?;
                tx.commit().await.doing(DOING)?;
                store.publish(&changes);
                store.tell(incidents);
                count += changes.len();
            }
            Ok(count)
        })
        .await
    }

    async fn all_exist(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        for id in ids {
            let found: Option<i64> = sqlx::query_scalar("SELECT seq FROM events WHERE id = ?")
                .bind(id.to_string())
                .fetch_optional(&self.inner.readers)
                .await
                .doing(DOING)?;
            if found.is_none() {
                return Err(StoreError::not_found("event", id.to_string()));
            }
        }
        Ok(ids.to_vec())
    }

    async fn waiting(&self) -> Result<Vec<EventId>, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT id FROM events WHERE waits = 1 ORDER BY raised_seq")
                .fetch_all(&self.inner.readers)
                .await
                .doing(DOING)?;
        ids.iter()
            .map(|id| {
                id.parse().map_err(|error| StoreError::unreadable("event", id, format!("{error}")))
            })
            .collect()
    }
}
