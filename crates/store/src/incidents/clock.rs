//! The world's clock is set: what lasts for a time still lasts as long.

use super::rows;
use crate::error::Doing;
use crate::{Store, StoreError, chain};

const DOING: &str = "following the clock";

impl Store {
    /// The clock was set by so many microseconds (back: negative). Escalations still come, and mutes still
    /// end, after as long as before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clock_was_set(&self, by_us: i64) -> Result<(), StoreError> {
        let mut tx = self.begin(DOING).await?;
        let settings = self.alarm_settings();
        sqlx::query(
            "UPDATE mutes SET from_at = MIN(from_at, from_at + ?1), until_at = until_at + ?1 WHERE over = 0",
        )
        .bind(by_us)
        .execute(&mut *tx)
        .await
        .doing(DOING)?;
        let waiting: Vec<rows::IncidentRow> =
            sqlx::query_as("SELECT number, id, incident FROM incidents WHERE state = 'raised'")
                .fetch_all(&mut *tx)
                .await
                .doing(DOING)?;
        for row in waiting {
            // One that can't be read is told by who escalates.
            let Ok(mut record) = row.into_record() else { continue };
            record.incident.clock_was_set(by_us);
            rows::update(&mut tx, &record, &settings).await?;
        }
        chain::sweep(&mut tx).await?;
        tx.commit().await.doing(DOING)?;
        self.mutes_changed();
        Ok(())
    }
}
