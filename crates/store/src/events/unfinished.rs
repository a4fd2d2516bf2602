//! Evidence that was on its way when the server ended.

use safe_yolo_core::EventChange;
use safe_yolo_core::event::{ChangeKind, SnapshotState};
use uuid::Uuid;

use super::record::CHUNK;
use super::rows::EventRow;
use crate::error::Doing;
use crate::{Store, StoreError};

/// Evidence is written within minutes of its event, so it is looked for among so many of the newest
/// events only: a server that starts must not read all there are.
const EVENTS_MAX: i64 = 10_000;

impl Store {
    /// Says of evidence that was still to be written that it failed: whoever was to write it is
    /// gone. To be called at the start, before the engine raises anything. Answers of how many events.
    ///
    /// # Errors
    /// When the database fails; what was settled until then stays so.
    pub async fn fail_unfinished_evidence(&self) -> Result<usize, StoreError> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT id, seq, raised_seq, event, acknowledged_by, acknowledged_at, acknowledged_reason, incident, muted
             FROM events
             WHERE raised_seq > (SELECT COALESCE(MAX(raised_seq), 0) FROM events) - ?
               AND (event LIKE '%\"snapshot\":\"pending\"%' OR event LIKE '%\"clip\":\"pending\"%')
             ORDER BY raised_seq",
        )
        .bind(EVENTS_MAX)
        .fetch_all(&self.inner.readers)
        .await
        .doing("looking for unfinished evidence")?;
        let mut changes = Vec::new();
        for row in rows {
            let mut event = row.into_record()?.event;
            let mut found = false;
            for state in [&mut event.snapshot, &mut event.clip] {
                if *state == SnapshotState::Pending {
                    *state = SnapshotState::Failed;
                    found = true;
                }
            }
            if found {
                changes.push((Uuid::now_v7(), EventChange { kind: ChangeKind::Updated, event }));
            }
        }
        for chunk in changes.chunks(CHUNK) {
            self.record_batch(chunk).await?;
        }
        Ok(changes.len())
    }
}
