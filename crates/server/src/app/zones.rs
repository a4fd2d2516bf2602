//! Adding, changing and removing zones: settings of their camera.

use std::sync::Arc;

use safe_yolo_core::{CameraId, Zone, ZoneId};
use safe_yolo_store::{CameraRecord, Edit, NewZone, ZonePatch};

use super::App;
use crate::problem::Problem;

impl App {
    /// Refuses rules that the loaded model can't judge.
    pub(super) fn check_zone(&self, zone: &Zone) -> Result<(), Problem> {
        let invalid =
            |error: safe_yolo_core::config::ConfigError| Problem::invalid(error.to_string());
        zone.validate().map_err(invalid)?;
        zone.validate_classes(&self.engine.known_classes()).map_err(invalid)
    }

    /// Adds a zone.
    pub(crate) async fn add_zone(
        &self,
        edit: Edit,
        camera: CameraId,
        zone: NewZone,
    ) -> Result<(Arc<CameraRecord>, Zone), Problem> {
        self.edit(async move |app| {
            app.known(&camera)?;
            let unnamed: ZoneId = "new".parse().map_err(|error: safe_yolo_core::id::IdError| {
                Problem::internal("naming a zone", &error)
            })?;
            app.check_zone(&zone.clone().with_id(unnamed))?;
            let (record, zone) = app.store.create_zone(&camera, zone, &edit).await?;
            app.note(&edit.by, "zone.add", zone.id.as_str(), &zone.name).await;
            Ok((app.take(record).await?, zone))
        })
        .await
    }

    /// Changes a zone.
    pub(crate) async fn update_zone(
        &self,
        edit: Edit,
        id: ZoneId,
        patch: ZonePatch,
    ) -> Result<(Arc<CameraRecord>, Zone), Problem> {
        self.edit(async move |app| {
            let (_, before) = app.zone(&id)?;
            let mut after = before.clone();
            patch.clone().apply(&mut after);
            app.check_zone(&after)?;
            let record = app.store.update_zone(&id, patch, &edit).await?;
            let record = app.take(record).await?;
            let (_, zone) = app.zone(&id)?;
            if zone != before {
                app.note(&edit.by, "zone.change", id.as_str(), &zone.name).await;
            }
            Ok((record, zone))
        })
        .await
    }

    /// Deletes a zone; events in it stay.
    pub(crate) async fn remove_zone(&self, edit: Edit, id: ZoneId) -> Result<(), Problem> {
        self.edit(async move |app| {
            let (_, before) = app.zone(&id)?;
            let record = app.store.delete_zone(&id, &edit).await?;
            app.take(record).await?;
            app.note(&edit.by, "zone.delete", id.as_str(), &before.name).await;
            Ok(())
        })
        .await
    }

    /// A zone and its camera.
    pub(crate) fn zone(&self, id: &ZoneId) -> Result<(Arc<CameraRecord>, Zone), Problem> {
        self.registry
            .camera_of_zone(id)
            .and_then(|record| {
                let zone = record.config.zones.iter().find(|zone| zone.id == *id).cloned()?;
                Some((record, zone))
            })
            .ok_or_else(|| Problem::not_found("zone", id.as_str()))
    }
}
