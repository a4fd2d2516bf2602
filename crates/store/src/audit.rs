//! Who did what: entries are added, never changed (triggers refuse it).

use safe_yolo_core::Utc;
use serde::Serialize;

use crate::error::Doing;
use crate::{Store, StoreError, chain};

const DOING: &str = "adding to the audit";
/// Most entries in one answer.
const LIST_MAX: u32 = 1000;

/// One thing somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Grows with each entry.
    pub number: i64,
    /// When.
    pub at: Utc,
    /// Which user, or which part of the system.
    pub who: String,
    /// What, such as `camera.delete`.
    pub action: String,
    /// To what, most often an id.
    pub target: String,
    /// More about it; never a secret.
    pub detail: String,
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(
        &self,
        at: Utc,
        who: &str,
        action: &str,
        target: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(DOING).await?;
        sqlx::query("INSERT INTO audit (at, who, action, target, detail) VALUES (?, ?, ?, ?, ?)")
            .bind(at.micros())
            .bind(who)
            .bind(action)
            .bind(target)
            .bind(detail)
            .execute(&mut *tx)
            .await
            .doing(DOING)?;
        chain::sweep(&mut tx).await?;
        tx.commit().await.doing(DOING)
    }

    /// The newest entries, newest first; 1000 at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_list(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<(i64, i64, String, String, String, String)> =
            sqlx::query_as("SELECT number, at, who, action, target, detail FROM audit ORDER BY number DESC LIMIT ?")
                .bind(i64::from(limit.min(LIST_MAX)))
                .fetch_all(&self.inner.readers)
                .await
                .doing("reading the audit")?;
        let entry = |(number, at, who, action, target, detail)| AuditEntry {
            number,
            at: Utc(at),
            who,
            action,
            target,
            detail,
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}
