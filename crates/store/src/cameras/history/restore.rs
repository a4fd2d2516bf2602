//! The way back: zones and rules as they were.

use safe_yolo_core::CameraId;

use super::{Deed, Edit, check_base, read};
use crate::cameras::{CameraRecord, rows};
use crate::error::Doing;
use crate::{Store, StoreError};

impl Store {
    /// Makes a camera's zones and rules as they were in a version, as a new version; zones that
    /// were deleted since come back under their ids. Other settings stay. Zones that are as they
    /// were leave the version.
    ///
    /// # Errors
    /// When there is no such camera or version, the change is based on an older version, a zone
    /// does not fit any more, or the database fails.
    pub async fn restore_zones(
        &self,
        camera: &CameraId,
        version: u64,
        edit: &Edit,
    ) -> Result<CameraRecord, StoreError> {
        let doing = "restoring zones";
        let mut tx = self.begin(doing).await?;
        let before = rows::one(&mut tx, camera.as_str()).await?;
        let before = before.ok_or_else(|| StoreError::not_found("camera", camera.as_str()))?;
        check_base(&mut tx, &before, edit).await?;
        let old = read::one(&mut tx, camera, version).await?;
        let old = old.ok_or_else(|| StoreError::not_found("version", version.to_string()))?;
        let mut record = before.clone();
        record.config.zones = old.zones()?;
        if record == before {
            return Ok(before);
        }
        record.config.version += 1;
        let noted = self.noted(&edit.by, Deed::Restored(version));
        rows::update(&mut tx, &before, &record, noted).await?;
        rows::put_zones(&mut tx, &before, &record).await?;
        tx.commit().await.doing(doing)?;
        Ok(record)
    }
}
