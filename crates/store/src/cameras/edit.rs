//! Adding, changing and deleting cameras; each change raises the version, and
//! notes it, in the same transaction.

use safe_yolo_core::{CameraConfig, CameraId};

use super::history::{Author, Deed, Edit, check_base};
use super::{CameraPatch, CameraRecord, NewCamera, calendar, rows, set};
use crate::error::Doing;
use crate::{Store, StoreError, random};

impl NewCamera {
    /// The record of a camera that begins with these settings, without zones.
    pub(super) fn into_record(self) -> Result<CameraRecord, StoreError> {
        let id = random::id('c')?;
        let config = CameraConfig {
            id: id.parse().map_err(|error| StoreError::unreadable("camera", &id, error))?,
            name: self.name,
            source: self.source,
            enabled: self.enabled,
            repeat: self.repeat,
            analysis_rate_max: self.analysis_rate_max,
            masks: self.masks,
            privacy_masks: self.privacy_masks,
            calibration: self.calibration,
            calendar: safe_yolo_core::Calendar::default(),
            zones: Vec::new(),
            version: 1,
        };
        Ok(CameraRecord { config, credentials: self.credentials, origin: self.origin })
    }
}

impl Store {
    /// All cameras that are not deleted, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cameras(&self) -> Result<Vec<CameraRecord>, StoreError> {
        let doing = "reading cameras";
        // One snapshot for both tables.
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let records = rows::all(&mut tx).await?;
        tx.rollback().await.doing(doing)?;
        Ok(records)
    }

    /// One camera, unless it is deleted or never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn camera(&self, id: &CameraId) -> Result<Option<CameraRecord>, StoreError> {
        let doing = "reading a camera";
        let mut tx = self.inner.readers.begin().await.doing(doing)?;
        let record = rows::one(&mut tx, id.as_str()).await?;
        tx.rollback().await.doing(doing)?;
        Ok(record)
    }

    /// Adds a camera with a new id, version 1 and no zones.
    ///
    /// # Errors
    /// When the name is taken, a setting does not fit, or the database fails.
    pub async fn create_camera(
        &self,
        camera: NewCamera,
        by: &Author,
    ) -> Result<CameraRecord, StoreError> {
        let doing = "adding a camera";
        let mut record = camera.into_record()?;
        let mut tx = self.begin(doing).await?;
        record.config.calendar = calendar::read(&mut tx).await?;
        rows::insert(&mut tx, &record, self.noted(by, Deed::Added)).await?;
        tx.commit().await.doing(doing)?;
        Ok(record)
    }

    /// Changes a camera. A patch that changes nothing leaves the version.
    ///
    /// # Errors
    /// When there is no such camera, the change is based on an older version,
    /// the name is taken, a setting does not fit, or the database fails.
    pub async fn update_camera(
        &self,
        id: &CameraId,
        patch: CameraPatch,
        edit: &Edit,
    ) -> Result<CameraRecord, StoreError> {
        let doing = "changing a camera";
        let mut tx = self.begin(doing).await?;
        let before = rows::one(&mut tx, id.as_str()).await?;
        let before = before.ok_or_else(|| StoreError::not_found("camera", id.as_str()))?;
        check_base(&mut tx, &before, edit).await?;
        let mut record = before.clone();
        set(&mut record.config.name, patch.name);
        set(&mut record.config.source, patch.source);
        set(&mut record.credentials, patch.credentials);
        set(&mut record.config.enabled, patch.enabled);
        set(&mut record.config.repeat, patch.repeat);
        set(&mut record.config.analysis_rate_max, patch.analysis_rate_max);
        set(&mut record.config.masks, patch.masks);
        set(&mut record.config.privacy_masks, patch.privacy_masks);
        set(&mut record.config.calibration, patch.calibration);
        set(&mut record.origin, patch.origin);
        if record == before {
            return Ok(before);
        }
        record.config.version += 1;
        rows::update(&mut tx, &before, &record, self.noted(&edit.by, Deed::Changed)).await?;
        tx.commit().await.doing(doing)?;
        Ok(record)
    }

    /// Deletes a camera and its zones. Its events stay for ever, its id is
    /// never given again, its name is free.
    ///
    /// # Errors
    /// When there is no such camera, the change is based on an older version,
    /// or the database fails.
    pub async fn delete_camera(&self, id: &CameraId, edit: &Edit) -> Result<(), StoreError> {
        let doing = "deleting a camera";
        let mut tx = self.begin(doing).await?;
        let record = rows::one(&mut tx, id.as_str()).await?;
        let record = record.ok_or_else(|| StoreError::not_found("camera", id.as_str()))?;
        check_base(&mut tx, &record, edit).await?;
        rows::delete(&mut tx, &record, self.noted(&edit.by, Deed::Deleted)).await?;
        tx.commit().await.doing(doing)
    }
}
