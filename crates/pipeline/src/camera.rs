//! The handle of one camera: how the rest of the program talks to its task.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use safe_yolo_core::{BlindReason, CameraConfig, CameraId, CameraState, Class};
use safe_yolo_media::source::SourceSpec;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::command::{Command, CommandError};
use crate::engine::EngineConfig;
use crate::live::LivePicture;
use crate::status::Status;
use crate::supervisor::Supervisor;

/// Commands that may wait; they are served before pictures.
const COMMANDS_MAX: usize = 16;

/// A task tells its figures four times a second; silent for this long, it hangs.
const STUCK_AFTER: Duration = Duration::from_secs(3);

/// What a camera's task begins with.
#[derive(Debug)]
pub(crate) struct CameraSetup {
    pub(crate) engine: EngineConfig,
    pub(crate) config: Arc<CameraConfig>,
    pub(crate) source: SourceSpec,
}

/// A command and where its answer goes.
pub(crate) type Asked = (Command, oneshot::Sender<Result<(), CommandError>>);

/// One running camera; cheap to clone.
#[derive(Debug, Clone)]
pub struct CameraHandle {
    id: CameraId,
    source: SourceSpec,
    commands: mpsc::Sender<Asked>,
    config: watch::Sender<Arc<CameraConfig>>,
    live: watch::Receiver<Option<Arc<LivePicture>>>,
    status: watch::Receiver<Status>,
    epoch: Arc<AtomicU64>,
    crashed: Arc<AtomicBool>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl CameraHandle {
    pub(crate) fn start(setup: CameraSetup, known: BTreeSet<Class>) -> Self {
        let (commands, asked) = mpsc::channel(COMMANDS_MAX);
        let (config, config_seen) = watch::channel(Arc::clone(&setup.config));
        let (live_out, live) = watch::channel(None);
        let (status_out, status) = watch::channel(Status::unknown());
        let epoch = Arc::new(AtomicU64::new(0));
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        let id = setup.config.id.clone();
        let source = setup.source.clone();
        let supervisor = Supervisor::new(
            setup,
            known,
            asked,
            config_seen,
            live_out,
            status_out,
            Arc::clone(&epoch),
            cancel.clone(),
        );
        let camera = id.clone();
        let run = tasks.spawn(supervisor.run());
        let crashed = Arc::new(AtomicBool::new(false));
        let (tell, ended) = (Arc::clone(&crashed), cancel.clone());
        tasks.spawn(async move {
            if let Err(error) = run.await {
                tracing::error!(%camera, %error, "the camera's task broke off; it is started anew");
                metrics::counter!("safe_yolo_pipeline_crashed_cameras_total").increment(1);
                tell.store(true, Ordering::Release);
                ended.cancel();
            }
        });
        tasks.close();
        Self { id, source, commands, config, live, status, epoch, crashed, cancel, tasks }
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
        let stuck = status.told.is_some_and(|told| told.elapsed() > STUCK_AFTER);
        if stuck || !self.is_running() {
            // The last figures of a task that is gone or hangs say nothing about now.
            status.state = CameraState::Offline;
            status.reason = Some(BlindReason::NoPictures);
            status.people = None;
            status.analysed_per_s = 0.0;
            status.pictures_per_s = 0.0;
            status.playing = false;
        }
        status
    }

    /// Whether the camera's task is there; false after it ended or broke off.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.status.has_changed().is_ok()
    }

    /// Whether the camera's task broke off by a fault of ours.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.crashed.load(Ordering::Acquire)
    }

    /// Figures, as they change.
    #[must_use]
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The newest picture, as it changes; slow readers miss pictures, nobody waits for them.
    #[must_use]
    pub fn watch_live(&self) -> watch::Receiver<Option<Arc<LivePicture>>> {
        self.live.clone()
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
    /// When the camera can't do that, or is being removed.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send((command, reply)).await.map_err(|_closed| CommandError::Gone)?;
        answer.await.map_err(|_dropped| CommandError::Gone)?
    }

    /// Asks the task to end.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Ends the task and waits for it.
    pub(crate) async fn shutdown(&self) {
        self.cancel.cancel();
        self.tasks.wait().await;
    }
}
