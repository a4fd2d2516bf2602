//! Versions of a camera's settings: reading them, and the way back to one.

use std::sync::Arc;

use safe_yolo_core::CameraId;
use safe_yolo_store::{Author, CameraRecord, Edit, VersionSettings};

use super::App;
use crate::problem::Problem;

impl App {
    /// Notes who did what; what nobody with an account did is in the history only.
    pub(super) async fn note(&self, by: &Author, action: &'static str, target: &str, detail: &str) {
        if let Some(name) = by.username() {
            self.audit.note(name, action, target, detail).await;
        }
    }

    /// One version of a camera, deleted ones included.
    pub(crate) async fn version(
        &self,
        id: &CameraId,
        version: u64,
    ) -> Result<VersionSettings, Problem> {
        let found = self.store.camera_version(id, version).await?;
        found.ok_or_else(|| Problem::not_found("version", &version.to_string()))
    }

    /// Makes zones and rules as they were in a version.
    pub(crate) async fn restore_zones(
        &self,
        edit: Edit,
        id: CameraId,
        version: u64,
    ) -> Result<Arc<CameraRecord>, Problem> {
        self.edit(async move |app| {
            let before = app.known(&id)?;
            // The model may have been changed since.
            for zone in app.version(&id, version).await?.zones()? {
                app.check_zone(&zone)?;
            }
            let record = app.store.restore_zones(&id, version, &edit).await?;
            if record != *before {
                let detail = format!("version {version}");
                app.note(&edit.by, "camera.restore", id.as_str(), &detail).await;
            }
            app.take(record).await
        })
        .await
    }
}
