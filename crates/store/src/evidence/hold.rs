//! "Keep this": events whose evidence retention leaves alone, however old.

use std::collections::HashSet;

use safe_yolo_core::{EventId, Utc};
use serde::Serialize;

use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "holding evidence";
const REASON_CHARS_MAX: usize = 1000;

/// Why evidence is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Of which event.
    pub event: EventId,
    /// Who wants it kept.
    pub by: String,
    /// Since when.
    pub at: Utc,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Keeps the evidence of an event until it is released. Whoever held it first stands.
    ///
    /// # Errors
    /// When there is no such event, the reason is too long, or the database fails.
    pub async fn hold(
        &self,
        event: EventId,
        by: &str,
        at: Utc,
        reason: &str,
    ) -> Result<(), StoreError> {
        if reason.chars().count() > REASON_CHARS_MAX {
            let value = reason.chars().take(40).collect();
            let rule = "have 1000 characters at most";
            return Err(StoreError::Invalid { field: "reason", value, rule });
        }
        if self.event(event).await?.is_none() {
            return Err(StoreError::not_found("event", event.to_string()));
        }
        sqlx::query("INSERT OR IGNORE INTO holds (event_id, by, at, reason) VALUES (?, ?, ?, ?)")
            .bind(event.to_string())
            .bind(by)
            .bind(at.micros())
            .bind(reason)
            .execute(&self.inner.writer)
            .await
            .doing(DOING)?;
        Ok(())
    }

    /// Lets retention have the evidence of an event again; answers whether it was held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, event: EventId) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM holds WHERE event_id = ?")
            .bind(event.to_string())
            .execute(&self.inner.writer)
            .await
            .doing(DOING)?;
        Ok(done.rows_affected() > 0)
    }

    /// The events that are held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_events(&self) -> Result<HashSet<EventId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar("SELECT event_id FROM holds")
            .fetch_all(&self.inner.readers)
            .await
            .doing("reading what is held")?;
        ids.iter()
            .map(|id| {
                id.parse().map_err(|error| StoreError::unreadable("hold", id, format!("{error}")))
            })
            .collect()
    }
}
