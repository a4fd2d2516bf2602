//! The site's time zone and holidays: one for all cameras.

use safe_yolo_core::Calendar;
use sqlx::SqliteConnection;

use super::history::{Author, Deed};
use super::{CameraRecord, rows};
use crate::error::Doing;
use crate::{Store, StoreError};

/// The calendar in force; UTC without holidays until one is set.
pub(super) async fn read(db: &mut SqliteConnection) -> Result<Calendar, StoreError> {
    let json: Option<String> = sqlx::query_scalar("SELECT calendar FROM site")
        .fetch_optional(db)
        .await
        .doing("reading the calendar")?;
    let read = |json: String| {
        serde_json::from_str(&json).map_err(|e| StoreError::unreadable("calendar", "site", e))
    };
    Ok(json.map(read).transpose()?.unwrap_or_default())
}

impl Store {
    /// The site's time zone and holidays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calendar(&self) -> Result<Calendar, StoreError> {
        let doing = "reading the calendar";
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let calendar = read(&mut tx).await?;
        tx.rollback().await.doing(doing)?;
        Ok(calendar)
    }

    /// Sets them; answers the cameras whose settings that changed: all, a version later, or none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_calendar(
        &self,
        calendar: &Calendar,
        by: &Author,
    ) -> Result<Vec<CameraRecord>, StoreError> {
        let doing = "setting the calendar";
        let mut tx = self.begin(doing).await?;
        let old = read(&mut tx).await?;
        if old == *calendar {
            return Ok(Vec::new());
        }
        let json = serde_json::to_string(calendar)
            .map_err(|error| StoreError::unreadable("calendar", "site", error))?;
        sqlx::query("INSERT INTO site (number, calendar) VALUES (1, ?) ON CONFLICT DO UPDATE SET calendar = excluded.calendar")
            .bind(json)
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        let mut records = Vec::new();
        // All are read with the calendar that is written by now.
        for mut record in rows::all(&mut tx).await? {
            let mut before = record.clone();
            before.config.calendar = old.clone();
            record.config.version += 1;
            rows::update(&mut tx, &before, &record, self.noted(by, Deed::Changed)).await?;
            records.push(record);
        }
        tx.commit().await.doing(doing)?;
        Ok(records)
    }
}
