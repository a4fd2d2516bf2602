//! The configured cameras in memory, in the store's order: read by every
//! screen each second, so the database is not asked. As many as are configured.

use std::sync::Arc;

use safe_yolo_core::{CameraId, ZoneId};
use safe_yolo_store::CameraRecord;
use tokio::sync::watch;

/// One immutable list after the other.
pub(crate) type Cameras = Arc<Vec<Arc<CameraRecord>>>;

/// The newest list.
#[derive(Debug)]
pub(crate) struct Registry {
    cameras: watch::Sender<Cameras>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { cameras: watch::Sender::new(Cameras::default()) }
    }
}

impl Registry {
    /// The newest list.
    pub(crate) fn all(&self) -> Cameras {
        Arc::clone(&self.cameras.borrow())
    }

    /// The newest list, as it changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Cameras> {
        self.cameras.subscribe()
    }

    /// One camera.
    pub(crate) fn camera(&self, id: &CameraId) -> Option<Arc<CameraRecord>> {
        self.cameras.borrow().iter().find(|record| record.config.id == *id).cloned()
    }

    /// The camera of a zone.
    pub(crate) fn camera_of_zone(&self, id: &ZoneId) -> Option<Arc<CameraRecord>> {
        let has = |record: &&Arc<CameraRecord>| record.config.zones.iter().any(|z| z.id == *id);
        self.cameras.borrow().iter().find(has).cloned()
    }

    /// Adds a camera, or replaces it in its place.
    pub(super) fn put(&self, record: CameraRecord) {
        self.cameras.send_modify(|cameras| {
            let mut list = cameras.as_ref().clone();
            let record = Arc::new(record);
            match list.iter_mut().find(|known| known.config.id == record.config.id) {
                Some(known) => *known = record,
                None => list.push(record),
            }
            *cameras = Arc::new(list);
        });
    }

    pub(super) fn remove(&self, id: &CameraId) {
        self.cameras.send_modify(|cameras| {
            let mut list = cameras.as_ref().clone();
            list.retain(|record| record.config.id != *id);
            *cameras = Arc::new(list);
        });
    }
}
