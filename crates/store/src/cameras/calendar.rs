//! The site's time zone and holidays: one for all cameras.

use safe_yolo_core::Calendar;
use sqlx::SqliteConnection;

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
    pub async fn set_calendar(&self, calendar: &Calendar) -> Result<Vec<CameraRecord>, StoreError> {
        let doing = "setting the calendar";
        let mut tx = self.begin(doing).await?;
        if read(&mut tx).await? == *calendar {
            return Ok(Vec::new());
        }
        let json = serde_json::to_string(calendar)
            .map_err(|error| StoreError::unreadable("calendar", "site", error))?;
        sqlx::query("INSERT INTO site (number, calendar) VALUES (1, ?) ON CONFLICT DO UPDATE SET calendar = excluded.calendar")
            .bind(json)
            .execute(&mut *tx)
            .await
            .doing(doing)?;
        let mut records = rows::all(&mut tx).await?;
        for record in &mut records {
            record.config.version += 1;
            rows::update(&mut tx, record).await?;
        }
        tx.commit().await.doing(doing)?;
        Ok(records)
    }
}
