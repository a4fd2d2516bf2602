//! Cameras of a site file: brought into line by name at each start.

use super::history::{Author, Deed};
use super::zones::zone_id;
use super::{CameraRecord, NewCamera, NewZone, calendar, rows};
use crate::error::Doing;
use crate::{Store, StoreError};

/// A camera as a site file describes it: whole, zones included.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteCamera {
    /// Its settings.
    pub camera: NewCamera,
    /// All its zones, in order.
    pub zones: Vec<NewZone>,
}

/// What became of a camera of a site file.
#[derive(Debug, Clone, PartialEq)]
pub enum Upserted {
    /// There was none of that name.
    Created(CameraRecord),
    /// It differed.
    Changed(CameraRecord),
    /// It is as described.
    Unchanged(CameraRecord),
}

impl Upserted {
    /// The camera as it is now.
    #[must_use]
    pub fn into_record(self) -> CameraRecord {
        match self {
            Self::Created(record) | Self::Changed(record) | Self::Unchanged(record) => record,
        }
    }
}

impl Store {
    /// Makes the camera of this name as described: camera and zones keep their
    /// ids by name, zones that are not described are deleted, and the version
    /// grows by one if anything changed.
    ///
    /// # Errors
    /// When a setting does not fit, or the database fails.
    pub async fn upsert_camera_by_name(&self, site: SiteCamera) -> Result<Upserted, StoreError> {
        let doing = "bringing a camera into line with the site file";
        let by = Author::at_start(site.camera.origin);
        let mut tx = self.begin(doing).await?;
        let before = match rows::id_by_name(&mut tx, &site.camera.name).await? {
            Some(id) => rows::one(&mut tx, &id).await?,
            None => None,
        };
        let mut record = site.camera.into_record()?;
        record.config.calendar = calendar::read(&mut tx).await?;
        let known =
            before.as_ref().map(|before| before.config.zones.as_slice()).unwrap_or_default();
        for zone in site.zones {
            let id = match known.iter().find(|known| known.name == zone.name) {
                Some(known) => known.id.clone(),
                None => zone_id()?,
            };
            record.config.zones.push(zone.with_id(id));
        }
        let Some(before) = before else {
            rows::insert(&mut tx, &record, self.noted(&by, Deed::Added)).await?;
            tx.commit().await.doing(doing)?;
            return Ok(Upserted::Created(record));
        };
        record.config.id = before.config.id.clone();
        record.config.version = before.config.version;
        // Rows keep the order in which zones were first made; so does the answer.
        let place = |zone: &safe_yolo_core::Zone| {
            before.config.zones.iter().position(|known| known.id == zone.id).unwrap_or(usize::MAX)
        };
        record.config.zones.sort_by_key(place);
        if record == before {
            return Ok(Upserted::Unchanged(before));
        }
        record.config.version += 1;
        rows::update(&mut tx, &before, &record, self.noted(&by, Deed::Changed)).await?;
        rows::put_zones(&mut tx, &before, &record).await?;
        tx.commit().await.doing(doing)?;
        Ok(Upserted::Changed(record))
    }
}
