//! Who did what: entries are added, never changed (triggers refuse it).

use safe_yolo_core::Utc;
use serde::Serialize;
use sqlx::{QueryBuilder, Sqlite};

use crate::error::Doing;
use crate::{Store, StoreError, chain};

const DOING: &str = "adding to the audit";

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

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// With a smaller number.
    pub before: Option<i64>,
    /// Of this user, or part of the system.
    pub who: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl AuditFilter {
    /// Most entries in one answer.
    pub const LIMIT_MAX: u32 = 1000;
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
        self.audit_page(&AuditFilter { limit, ..AuditFilter::default() }).await
    }

    /// The newest entries that fit, newest first; 1000 at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
            "SELECT number, at, who, action, target, detail FROM audit WHERE 1 = 1",
        );
        if let Some(before) = filter.before {
            query.push(" AND number < ").push_bind(before);
        }
        if let Some(who) = &filter.who {
            query.push(" AND who = ").push_bind(who);
        }
        if let Some(action) = &filter.action {
            query.push(" AND action = ").push_bind(action);
        }
        query
            .push(" ORDER BY number DESC LIMIT ")
            .push_bind(i64::from(filter.limit.min(AuditFilter::LIMIT_MAX)));
        let rows: Vec<(i64, i64, String, String, String, String)> = query
            .build_query_as()
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
