//! How alarms are grouped and escalated.

use std::sync::{Arc, PoisonError};

use safe_yolo_core::AlarmSettings;
use sqlx::SqliteConnection;

use super::rows;
use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "reading the alarm settings";

async fn read(db: &mut SqliteConnection) -> Result<AlarmSettings, StoreError> {
    let json: Option<String> = sqlx::query_scalar("SELECT settings FROM alarm_settings")
        .fetch_optional(db)
        .await
        .doing(DOING)?;
    let read = |json: String| {
        serde_json::from_str(&json).map_err(|e| StoreError::unreadable("alarm settings", "site", e))
    };
    Ok(json.map(read).transpose()?.unwrap_or_default())
}

impl Store {
    /// The settings in force.
    #[must_use]
    pub fn alarm_settings(&self) -> Arc<AlarmSettings> {
        Arc::clone(&self.inner.alarm_settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them, at the start.
    pub(crate) async fn load_alarm_settings(&self) -> Result<(), StoreError> {
        let mut reader = self.inner.readers.acquire().await.doing(DOING)?;
        let settings = read(&mut reader).await?;
        self.keep(settings);
        Ok(())
    }

    fn keep(&self, settings: AlarmSettings) {
        *self.inner.alarm_settings.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(settings);
    }

    /// Sets them. What waits for acknowledgement is escalated by the new ones from now on.
    ///
    /// # Errors
    /// When they make no sense, or the database fails.
    pub async fn set_alarm_settings(&self, settings: AlarmSettings) -> Result<(), StoreError> {
        let doing = "setting the alarm settings";
        settings.validate().map_err(StoreError::AlarmSettings)?;
        let json = serde_json::to_string(&settings)
            .map_err(|error| StoreError::unreadable("alarm settings", "site", error))?;
        let mut tx = self.begin(doing).await?;
        sqlx::query(
            "INSERT INTO alarm_settings (number, settings) VALUES (1, ?)
             ON CONFLICT DO UPDATE SET settings = excluded.settings",
        )
        .bind(json)
        .execute(&mut *tx)
        .await
        .doing(doing)?;
        let waiting: Vec<rows::IncidentRow> =
            sqlx::query_as("SELECT number, id, incident FROM incidents WHERE state = 'raised'")
                .fetch_all(&mut *tx)
                .await
                .doing(doing)?;
        for record in waiting.into_iter().filter_map(|row| row.readable().ok()) {
            let at = rows::escalates_at(&record.incident, &settings);
            sqlx::query("UPDATE incidents SET escalates_at = ? WHERE number = ?")
                .bind(at.map(safe_yolo_core::Utc::micros))
                .bind(record.number)
                .execute(&mut *tx)
                .await
                .doing(doing)?;
        }
        // While the writer is held, so that nobody writes by the old ones after these.
        let before = self.alarm_settings();
        self.keep(settings);
        let committed = tx.commit().await.doing(doing);
        if committed.is_err() {
            self.keep((*before).clone());
        }
        committed
    }
}
