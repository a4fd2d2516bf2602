//! Escalation: nobody has acknowledged in time.

use safe_yolo_core::{Incident, Utc};

use super::rows;
use crate::error::Doing;
use crate::{Store, StoreError, chain};

const DOING: &str = "escalating incidents";
/// Incidents escalated at once.
const BATCH: i64 = 100;

/// What was done with all rows that can be read, and why it was not with the others.
#[derive(Debug)]
pub struct Partly<T> {
    /// What was done.
    pub done: T,
    /// Of a row that can't be read, and of no other.
    pub failed: Option<StoreError>,
}

impl Store {
    /// Takes incidents that wait for too long one level further, each with an entry in its log. Answers them; one that
    /// can't be read stops no other. To be called every second or so; what was due while the program did not run is due at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn escalate(&self, at: Utc) -> Result<Partly<Vec<Incident>>, StoreError> {
        let due: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM incidents WHERE escalates_at <= ?)")
                .bind(at.micros())
                .fetch_one(&self.inner.readers)
                .await
                .doing(DOING)?;
        if !due {
            return Ok(Partly { done: Vec::new(), failed: None });
        }
        let mut tx = self.begin(DOING).await?;
        let settings = self.alarm_settings();
        let due: Vec<rows::IncidentRow> = sqlx::query_as(
            "SELECT number, id, incident FROM incidents WHERE escalates_at <= ? ORDER BY escalates_at LIMIT ?",
        )
        .bind(at.micros())
        .bind(BATCH)
        .fetch_all(&mut *tx)
        .await
        .doing(DOING)?;
        let mut told = Vec::with_capacity(due.len());
        let mut failed = None;
        for row in due {
            let mut record = match row.into_record() {
                Ok(record) => record,
                Err(error) => {
                    failed = Some(error);
                    continue;
                }
            };
            record.incident.escalate(at);
            rows::update(&mut tx, &record, &settings).await?;
            let note = format!("level {}", record.incident.escalation.level);
            rows::note(&mut tx, record.incident.id, at, "system", "escalated", &note).await?;
            told.push(record);
        }
        chain::sweep(&mut tx).await?;
        tx.commit().await.doing(DOING)?;
        let incidents = told.iter().map(|record| record.incident.clone()).collect();
        self.tell(told);
        Ok(Partly { done: incidents, failed })
    }
}
