//! What a server is started with, and why one can't be started.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use safe_yolo_infer::Analyser;
use safe_yolo_pipeline::Opener;
use safe_yolo_sim::SceneError;
use safe_yolo_store::evidence::{DiskSpace, EvidenceError, EvidenceLimits};
use safe_yolo_store::journal::JournalError;
use safe_yolo_store::{NewCamera, NewZone, StoreError};
use safe_yolo_track::TrackerConfig;
use safe_yolo_tracklog::{TrackLogError, TrackLogLimits};

use crate::service::ServiceManager;

/// What a server is started with.
#[derive(Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The folder of database, journal and evidence.
    pub data_dir: PathBuf,
    /// The first administrator's password; one is generated unless given.
    /// Nothing happens to a password that was set before.
    pub admin_password: Option<String>,
    /// The folders whose videos users may open.
    pub video_dirs: Vec<PathBuf>,
    /// Where pictures are analysed.
    pub detectors: Arc<dyn Analyser>,
    /// How sources are opened.
    pub opener: Arc<dyn Opener>,
    /// Who started the program and wants to know how it is.
    pub service: ServiceManager,
    /// How people are tracked.
    pub tracking: TrackerConfig,
    /// How much evidence is kept.
    pub evidence: EvidenceLimits,
    /// Who is asked for the free space of the evidence's disk.
    pub disk: DiskSpace,
    /// How much of what the rules were told is kept; nothing of it is logged without.
    pub tracks: Option<TrackLogLimits>,
    /// Cameras of the site file and the command line, brought into line by name.
    pub startup_cameras: Vec<StartupCamera>,
    /// The site's time zone and holidays; none leaves what was set before.
    pub calendar: Option<safe_yolo_core::Calendar>,
}

impl std::fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerConfig")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .field("video_dirs", &self.video_dirs)
            .finish_non_exhaustive()
    }
}

/// A camera of the site file or the command line.
#[derive(Debug, Clone, PartialEq)]
pub struct StartupCamera {
    /// Its settings, with where they come from.
    pub camera: NewCamera,
    /// All its zones; none leaves those that were drawn on the screen.
    pub zones: Option<Vec<NewZone>>,
}

/// Why the server can't be started, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address can't be listened on.
    #[error("cannot listen on {address} ({why}): {way_out}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// What the system says.
        why: io::Error,
        /// What to do about it.
        way_out: &'static str,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal of event changes.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The folder of evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The folder of tracks.
    #[error(transparent)]
    Tracks(#[from] TrackLogError),
    /// A camera of the site file or the command line.
    #[error("camera '{name}' of the site file or the command line can't be used")]
    Camera {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: StoreError,
    },
    /// The scene of the first start.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// The listener broke.
    #[error("the server ended by itself: {0}")]
    Serve(io::Error),
    /// A task of the server panicked.
    #[error("{what} broke off: see the log")]
    Task {
        /// Which task.
        what: &'static str,
    },
    /// Event changes that could be written nowhere at the end.
    #[error(transparent)]
    Outbox(#[from] safe_yolo_store::outbox::ShutdownError),
}

impl ServerError {
    pub(crate) fn listen(address: SocketAddr, why: io::Error) -> Self {
        let way_out = match why.kind() {
            io::ErrorKind::AddrInUse => {
                "another program uses it; end that one or choose another port with --listen"
            }
            io::ErrorKind::PermissionDenied => "choose a port of 1024 or more with --listen",
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address; choose another with --listen"
            }
            _ => "choose another address with --listen",
        };
        Self::Listen { address, why, way_out }
    }
}
