//! The world's clock is set: what lasts for a time still lasts as long.

use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "following the clock";

impl Store {
    /// The clock was set by so many microseconds (back: negative). Escalations still come, and mutes still
    /// end, after as long as before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clock_was_set(&self, by_us: i64) -> Result<(), StoreError> {
        let mut tx = self.begin(DOING).await?;
        for statement in [
            "UPDATE incidents SET escalates_at = escalates_at + ? WHERE escalates_at IS NOT NULL",
            "UPDATE mutes SET from_at = MIN(from_at, from_at + ?1), until_at = until_at + ?1 WHERE over = 0",
        ] {
            sqlx::query(statement).bind(by_us).execute(&mut *tx).await.doing(DOING)?;
        }
        tx.commit().await.doing(DOING)?;
        self.mutes_changed();
        Ok(())
    }
}
