//! All cameras: started, changed and removed by one path.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use safe_yolo_core::{CameraConfig, CameraId, Class, EventChange};
use safe_yolo_infer::Analyser;
use safe_yolo_media::source::SourceSpec;
use safe_yolo_track::TrackerConfig;
use tokio::sync::mpsc;

use crate::camera::{CameraHandle, CameraSetup};
use crate::clips::ClipJob;
use crate::evidence::Evidence;
use crate::opener::Opener;
use crate::scheduler::Scheduler;
use crate::track_sink::TrackSink;

/// What a camera gives to the world.
#[derive(Debug)]
pub enum Output {
    /// An event was raised, changed or ended.
    Change(Box<EventChange>),
    /// The picture that proves one.
    Evidence(Box<Evidence>),
    /// The clip that proves some.
    Clip(Box<ClipJob>),
}

/// What all cameras share.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where pictures are analysed.
    pub detectors: Arc<dyn Analyser>,
    /// How people are tracked.
    pub tracking: TrackerConfig,
    /// Where changes and evidence go.
    pub outputs: mpsc::Sender<Output>,
    /// How long a source may take to answer.
    pub connect_timeout: Duration,
    /// How sources are opened: [`crate::RealSources`], or something that tries out faults.
    pub opener: Arc<dyn Opener>,
    /// Where what the rules are told is kept, if it is.
    pub tracks: Option<Arc<dyn TrackSink>>,
}

/// All cameras.
#[derive(Debug, Clone)]
pub struct Engine {
    config: EngineConfig,
    scheduler: Scheduler,
    /// Bounded by the number of cameras that are configured.
    cameras: Arc<Mutex<BTreeMap<CameraId, CameraHandle>>>,
}

impl Engine {
    /// An engine without cameras; needs a tokio runtime.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        let scheduler = Scheduler::start(Arc::clone(&config.detectors));
        Self { config, scheduler, cameras: Arc::default() }
    }

    /// Classes the loaded model can see.
    #[must_use]
    pub fn known_classes(&self) -> BTreeSet<Class> {
        self.config.detectors.info().classes()
    }

    /// Takes these settings for the camera: starts it, or hands a running one
    /// its new zones; a new source restarts it. A disabled camera is ended.
    pub async fn apply(&self, config: Arc<CameraConfig>, source: SourceSpec) {
        let running = self.camera(&config.id);
        if let Some(handle) = running {
            if handle.is_running()
                && config.enabled
                && *handle.source() == source
                && handle.config().repeat == config.repeat
            {
                handle.configure(config);
                return;
            }
            self.remove(&config.id).await;
        }
        if config.enabled {
            let id = config.id.clone();
            let setup = CameraSetup {
                engine: self.config.clone(),
                scheduler: self.scheduler.clone(),
                config,
                source,
            };
            let handle = CameraHandle::start(setup, self.known_classes());
            self.lock().insert(id, handle);
        }
    }

    /// Ends the camera's task and waits for it.
    pub async fn remove(&self, id: &CameraId) {
        let handle = self.lock().remove(id);
        if let Some(handle) = handle {
            handle.shutdown().await;
        }
    }

    /// A running camera.
    #[must_use]
    pub fn camera(&self, id: &CameraId) -> Option<CameraHandle> {
        self.lock().get(id).cloned()
    }

    /// All running cameras.
    #[must_use]
    pub fn cameras(&self) -> Vec<CameraHandle> {
        self.lock().values().cloned().collect()
    }

    /// Ends all cameras.
    pub async fn shutdown(&self) {
        let handles: Vec<_> = std::mem::take(&mut *self.lock()).into_values().collect();
        for handle in &handles {
            handle.cancel();
        }
        for handle in handles {
            handle.shutdown().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CameraId, CameraHandle>> {
        self.cameras.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
