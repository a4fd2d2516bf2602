//! Adding, changing and deleting zones: a change to their camera, whose
//! version it raises.

use safe_yolo_core::{CameraId, Zone, ZoneId};
use sqlx::{Sqlite, Transaction};

use super::history::{Deed, Edit, check_base};
use super::{CameraRecord, NewZone, ZonePatch, rows};
use crate::error::Doing;
use crate::{Store, StoreError, random};

/// A new identifier for a zone.
pub(super) fn zone_id() -> Result<ZoneId, StoreError> {
    let id = random::id('z')?;
    id.parse().map_err(|error| StoreError::unreadable("zone", &id, error))
}

impl Store {
    /// One zone and its camera, unless it is deleted or never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn zone(&self, id: &ZoneId) -> Result<Option<(CameraId, Zone)>, StoreError> {
        let doing = "reading a zone";
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let Some(camera) = rows::camera_of_zone(&mut tx, id).await? else {
            return Ok(None);
        };
        let record = rows::one(&mut tx, &camera).await?;
        tx.rollback().await.doing(doing)?;
        Ok(record.and_then(|record| {
            let zone = record.config.zones.into_iter().find(|zone| zone.id == *id)?;
            Some((record.config.id, zone))
        }))
    }

    /// Adds a zone with a new id; answers the camera after it, and the zone.
    ///
    /// # Errors
    /// When there is no such camera, the change is based on an older version,
    /// the camera has a zone of that name or too many, a setting does not fit,
    /// or the database fails.
    pub async fn create_zone(
        &self,
        camera: &CameraId,
        zone: NewZone,
        edit: &Edit,
    ) -> Result<(CameraRecord, Zone), StoreError> {
        let doing = "adding a zone";
        let mut tx = self.begin(doing).await?;
        let before = rows::one(&mut tx, camera.as_str()).await?;
        let before = before.ok_or_else(|| StoreError::not_found("camera", camera.as_str()))?;
        check_base(&mut tx, &before, edit).await?;
        let mut record = before.clone();
        let zone = zone.with_id(zone_id()?);
        record.config.zones.push(zone.clone());
        record.config.version += 1;
        rows::update(&mut tx, &before, &record, self.noted(&edit.by, Deed::Changed)).await?;
        rows::put_zone(&mut tx, camera, &zone).await?;
        tx.commit().await.doing(doing)?;
        Ok((record, zone))
    }

    /// Changes a zone; answers its camera after it. A patch that changes
    /// nothing leaves the version.
    ///
    /// # Errors
    /// When there is no such zone, the change is based on an older version of
    /// its camera, the camera has another of that name, a setting does not fit,
    /// or the database fails.
    pub async fn update_zone(
        &self,
        id: &ZoneId,
        patch: ZonePatch,
        edit: &Edit,
    ) -> Result<CameraRecord, StoreError> {
        let doing = "changing a zone";
        let mut tx = self.begin(doing).await?;
        let before = camera_with(&mut tx, id).await?;
        check_base(&mut tx, &before, edit).await?;
        let mut record = before.clone();
        let Some(zone) = record.config.zones.iter_mut().find(|zone| zone.id == *id) else {
            return Err(StoreError::not_found("zone", id.as_str()));
        };
        patch.apply(zone);
        let zone = zone.clone();
        if record == before {
            return Ok(record);
        }
        record.config.version += 1;
        rows::update(&mut tx, &before, &record, self.noted(&edit.by, Deed::Changed)).await?;
        rows::put_zone(&mut tx, &record.config.id, &zone).await?;
        tx.commit().await.doing(doing)?;
        Ok(record)
    }

    /// Deletes a zone; answers its camera after it. Events in it stay.
    ///
    /// # Errors
    /// When there is no such zone, the change is based on an older version of
    /// its camera, or the database fails.
    pub async fn delete_zone(&self, id: &ZoneId, edit: &Edit) -> Result<CameraRecord, StoreError> {
        let doing = "deleting a zone";
        let mut tx = self.begin(doing).await?;
        let before = camera_with(&mut tx, id).await?;
        check_base(&mut tx, &before, edit).await?;
        let mut record = before.clone();
        record.config.zones.retain(|zone| zone.id != *id);
        record.config.version += 1;
        rows::update(&mut tx, &before, &record, self.noted(&edit.by, Deed::Changed)).await?;
        rows::delete_zone(&mut tx, id).await?;
        tx.commit().await.doing(doing)?;
        Ok(record)
    }
}

async fn camera_with(
    tx: &mut Transaction<'static, Sqlite>,
    zone: &ZoneId,
) -> Result<CameraRecord, StoreError> {
    let missing = || StoreError::not_found("zone", zone.as_str());
    let camera = rows::camera_of_zone(tx, zone).await?.ok_or_else(missing)?;
    rows::one(tx, &camera).await?.ok_or_else(missing)
}
