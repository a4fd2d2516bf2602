//! Adding what was seen to what is stored.

use sqlx::SqliteConnection;

use super::heat::{from_bytes, to_bytes};
use super::{DAY_US, EquipmentTime, Figures, HeatTime, WatchedTime};
use crate::error::Doing;
use crate::{Store, StoreError};

const DOING: &str = "storing figures";

async fn add_watched(db: &mut SqliteConnection, time: &WatchedTime) -> Result<(), StoreError> {
    let zone = time.zone.as_ref().map_or("", |zone| zone.as_str());
    let day = time.hour.saturating_sub(time.hour.rem_euclid(DAY_US));
    for (sql, begin) in [
        (
            "INSERT INTO watch_hours (zone, camera, hour, what, us) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET us = us + excluded.us",
            time.hour,
        ),
        (
            "INSERT INTO watch_days (zone, camera, day, what, us) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET us = us + excluded.us",
            day,
        ),
    ] {
        sqlx::query(sql)
            .bind(zone)
            .bind(time.camera.as_str())
            .bind(begin)
            .bind(time.what.name())
            .bind(time.us)
            .execute(&mut *db)
            .await
            .doing(DOING)?;
    }
    Ok(())
}

async fn add_equipment(db: &mut SqliteConnection, time: &EquipmentTime) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO equipment_hours (zone, hour, item, present_us, missing_us, unknown_us) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET present_us = present_us + excluded.present_us,
             missing_us = missing_us + excluded.missing_us, unknown_us = unknown_us + excluded.unknown_us",
    )
    .bind(time.zone.as_str())
    .bind(time.hour)
    .bind(time.item.name())
    .bind(time.present_us)
    .bind(time.missing_us)
    .bind(time.unknown_us)
    .execute(db)
    .await
    .doing(DOING)?;
    Ok(())
}

async fn add_heat(db: &mut SqliteConnection, heat: &HeatTime) -> Result<(), StoreError> {
    let stored: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT cells FROM heat WHERE camera = ? AND day = ?")
            .bind(heat.camera.as_str())
            .bind(&heat.day)
            .fetch_optional(&mut *db)
            .await
            .doing(DOING)?;
    let mut cells = from_bytes(&stored.unwrap_or_default());
    for (sum, more) in cells.iter_mut().zip(&heat.cells_ms) {
        *sum = sum.saturating_add(*more);
    }
    sqlx::query(
        "INSERT INTO heat (camera, day, cells) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET cells = excluded.cells",
    )
    .bind(heat.camera.as_str())
    .bind(&heat.day)
    .bind(to_bytes(&cells))
    .execute(db)
    .await
    .doing(DOING)?;
    Ok(())
}

impl Store {
    /// Adds what was seen, all or nothing.
    ///
    /// # Errors
    /// When the database fails; then nothing is added.
    pub async fn add_figures(&self, figures: &Figures) -> Result<(), StoreError> {
        let mut tx = self.begin(DOING).await?;
        for time in &figures.watched {
            add_watched(&mut tx, time).await?;
        }
        for time in &figures.equipment {
            add_equipment(&mut tx, time).await?;
        }
        for heat in &figures.heat {
            add_heat(&mut tx, heat).await?;
        }
        tx.commit().await.doing(DOING)
    }
}
