//! "Keep this case": retention leaves the evidence of such incidents alone, however old.

use std::collections::HashSet;

use safe_yolo_core::EventId;
use sqlx::SqliteConnection;

use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "reading what is held";

/// The events of incidents that are held.
pub(super) async fn held_events(db: &mut SqliteConnection) -> Result<HashSet<EventId>, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM events WHERE incident IN (SELECT id FROM incidents WHERE held = 1)",
    )
    .fetch_all(db)
    .await
    .doing(DOING)?;
    let parse = |id: &String| {
        id.parse().map_err(|error| StoreError::unreadable("event", id, format!("{error}")))
    };
    ids.iter().map(parse).collect()
}

impl Store {
    /// The events of incidents that are held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_events(&self) -> Result<HashSet<EventId>, StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        held_events(&mut reader).await
    }
}
