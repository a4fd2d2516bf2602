//! The handle of one camera: how the rest of the program talks to its task.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safe_yolo_core::{BlindReason, CameraConfig, CameraId, Class};
use safe_yolo_media::source::SourceSpec;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::command::{Command, CommandError};
use crate::engine::EngineConfig;
use crate::gate::{Door, Ends, Gate};
use crate::isolate;
use crate::live::LivePicture;
use crate::overseer::{Make, Overseer};
use crate::scheduler::Scheduler;
use crate::status::Status;
use crate::supervisor::Supervisor;

/// Figures are told four times a second, and by the overseer when the pipeline
/// is late; older ones than this say nothing.
const TOLD_MAX: Duration = Duration::from_secs(4);

/// What a camera's task begins with.
#[derive(Debug, Clone)]
pub(crate) struct CameraSetup {
    pub(crate) engine: EngineConfig,
    pub(crate) scheduler: Scheduler,
    pub(crate) config: Arc<CameraConfig>,
    pub(crate) source: SourceSpec,
}

/// A command and where its answer goes.
pub(crate) type Asked = (Command, oneshot::Sender<Result<(), CommandError>>);

/// One running camera; cheap to clone. It outlives the generations of the
/// camera's pipeline.
#[derive(Debug, Clone)]
pub struct CameraHandle {
    id: CameraId,
    source: SourceSpec,
    config: watch::Sender<Arc<CameraConfig>>,
    door: watch::Receiver<Door>,
    /// One for all clones, so that viewers can be counted.
    live: Arc<watch::Receiver<Option<Arc<LivePicture>>>>,
    status: watch::Receiver<Status>,
    epoch: Arc<AtomicU64>,
    beats: Arc<AtomicU64>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl CameraHandle {
    pub(crate) fn start(setup: CameraSetup, known: BTreeSet<Class>) -> Self {
        let id = setup.config.id.clone();
        let source = setup.source.clone();
        let (config, config_seen) = watch::channel(Arc::clone(&setup.config));
        let outputs = setup.engine.outputs.clone();
        let make: Make = Box::new(move |begin| {
            Box::pin(Supervisor::new(setup.clone(), known.clone(), begin).run())
        });
        let (gate, ends) = Gate::new(id.clone(), outputs);
        let cancel = CancellationToken::new();
        let beats = Arc::new(AtomicU64::new(0));
        let overseer = Overseer::new(
            gate,
            (make, isolate::on_thread),
            config_seen,
            cancel.clone(),
            Arc::clone(&beats),
        );
        let tasks = TaskTracker::new();
        tasks.spawn(overseer.run());
        tasks.close();
        let Ends { live, status, door, epoch } = ends;
        Self { id, source, config, door, live: Arc::new(live), status, epoch, beats, cancel, tasks }
    }

    /// Which camera.
    #[must_use]
    pub const fn id(&self) -> &CameraId {
        &self.id
    }

    /// Where its pictures come from.
    #[must_use]
    pub const fn source(&self) -> &SourceSpec {
        &self.source
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> Arc<CameraConfig> {
        Arc::clone(&self.config.borrow())
    }

    /// New settings, in force from the next analysed picture on.
    pub fn configure(&self, config: Arc<CameraConfig>) {
        self.config.send_replace(config);
    }

    /// Figures, as of the last quarter of a second.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = self.status.borrow().clone();
        let is_old = status.told.is_some_and(|told| told.elapsed() > TOLD_MAX);
        if !self.is_running() {
            status.set_down(BlindReason::NoPictures);
        } else if is_old {
            status.set_down(BlindReason::Restarting);
        }
        status
    }

    /// Whether the camera is there; false after it was removed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status.has_changed().is_ok()
    }

    /// Rises while the camera's pipeline is seen to go round, or is being
    /// started anew: one that stands still for seconds has nobody to look after it.
    #[must_use]
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Figures, as they change.
    #[must_use]
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The newest picture, as it changes; slow readers miss pictures, nobody waits for them.
    #[must_use]
    pub fn watch_live(&self) -> watch::Receiver<Option<Arc<LivePicture>>> {
        self.live.as_ref().clone()
    }

    /// The newest picture that may be shown; asking makes nobody a viewer.
    #[must_use]
    pub fn newest(&self) -> Option<Arc<LivePicture>> {
        let picture = self.live.borrow().clone();
        picture.filter(|picture| self.is_current(picture))
    }

    /// Whether the picture may still be shown: false once a command or a
    /// reconnect has ended its segment.
    #[must_use]
    pub fn is_current(&self, picture: &LivePicture) -> bool {
        self.is_running() && picture.number >= self.epoch.load(Ordering::Acquire)
    }

    /// Asks something of the camera; taken before any further picture.
    ///
    /// # Errors
    /// When the camera can't do that, is being started anew, or is being removed.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let mut doors = self.door.clone();
        let Some(door) = doors.borrow_and_update().clone() else {
            return Err(self.shut());
        };
        let (reply, answer) = oneshot::channel();
        let asked = async {
            door.send((command, reply)).await.map_err(|_closed| self.shut())?;
            answer.await.map_err(|_dropped| self.shut())?
        };
        tokio::select! {
            biased;
            answer = asked => answer,
            // The pipeline that was asked may be stuck for ever.
            _ = doors.changed() => Err(self.shut()),
        }
    }

    /// Why a command finds nobody.
    fn shut(&self) -> CommandError {
        if self.cancel.is_cancelled() || !self.is_running() {
            CommandError::Gone
        } else {
            CommandError::Restarting
        }
    }

    /// Asks the camera to end.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Ends the camera and waits for it: some seconds at most, whatever it is stuck in.
    pub(crate) async fn shutdown(&self) {
        self.cancel.cancel();
        self.tasks.wait().await;
    }
}
