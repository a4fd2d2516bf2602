//! The running application: what handlers share, and what they can ask of it.
//!
//! Cameras and zones are changed by [`cameras`], [`zones`] and [`versions`] only, whether at
//! the start, by a request or by a retry: one path.

mod audit;
mod cameras;
mod registry;
mod replay;
mod sources;
mod startup;
mod unopened;
mod versions;
mod viewed;
mod zones;

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use safe_yolo_media::source::SourcePolicy;
use safe_yolo_pipeline::Engine;
use safe_yolo_store::{EvidenceStore, InstallationKey, OutboxHandle, Store, StoreState};
use safe_yolo_tracklog::{LogReader, TrackLog};
use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use utoipa::ToSchema;

pub(crate) use audit::Audit;
pub(crate) use cameras::{CameraEdit, NewCameraInput, login};
pub(crate) use registry::Registry;
pub(crate) use sources::kind;
pub(crate) use startup::ensure_cameras;
pub use startup::simulated_site;
pub(crate) use unopened::Unopened;

use crate::alarms::AlarmNews;
use crate::auth::held::Held;
use crate::auth::throttle::Throttle;
use crate::case::Clips;
use crate::changes::Changes;
use crate::checklists::Board;
use crate::guard::Disk;
use crate::progress::Progress;

/// Web sockets for live pictures at once; each takes pictures' worth of memory.
pub(crate) const LIVE_SOCKETS_MAX: usize = 256;
/// Web sockets for events at once; each takes some 10 KB, and while it catches
/// up from the store about 100 KB more.
pub(crate) const EVENT_SOCKETS_MAX: usize = 4096;
/// Clients that read changes from the store at once; so many readers are left
/// to everybody else.
const HISTORIES_MAX: usize = 2;
/// Sources tried at once by `POST /api/cameras/test`.
const TESTS_MAX: usize = 2;
/// Cases exported at once: each keeps a core busy while pictures are made unrecognisable.
const EXPORTS_MAX: usize = 2;
/// Replays at once: each keeps a core busy.
const REPLAYS_MAX: usize = 1;

/// What model is loaded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Model {
    /// The file's name.
    pub(crate) name: String,
    /// What it sees.
    pub(crate) classes: Vec<&'static str>,
}

/// Whether a part of the system works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PartState {
    Ok,
    Failed(String),
}

impl From<&StoreState> for PartState {
    fn from(state: &StoreState) -> Self {
        match state {
            StoreState::Ok => Self::Ok,
            StoreState::Failed(detail) => Self::Failed(detail.clone()),
        }
    }
}

/// Addresses that API and site file may use.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    pub(crate) api: SourcePolicy,
    pub(crate) trusted: SourcePolicy,
}

/// What all handlers share.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) outbox: OutboxHandle,
    /// Who did what.
    pub(crate) audit: Audit,
    pub(crate) evidence: EvidenceStore,
    /// What cases are signed with.
    pub(crate) key: InstallationKey,
    /// What the rules were told, if it is kept; and how it is read.
    pub(crate) tracks: Option<TrackLog>,
    pub(crate) track_reader: LogReader,
    pub(crate) engine: Engine,
    pub(crate) model: Model,
    pub(crate) policies: Policies,
    /// The cameras that are configured, as the store has them.
    pub(crate) registry: Registry,
    /// Those whose source could not even be looked at.
    pub(crate) unopened: Unopened,
    /// Whether pictures that prove events can be kept.
    pub(crate) evidence_state: watch::Receiver<PartState>,
    /// Whether mutes end and what nobody acknowledges is escalated.
    pub(crate) escalation_state: watch::Receiver<PartState>,
    /// How full the disk of the evidence is.
    pub(crate) disk_state: watch::Receiver<Disk>,
    pub(crate) throttle: Mutex<Throttle>,
    /// Whether sessions still hold, as sockets ask.
    pub(crate) held: Held,
    /// Changes of events, for sockets.
    pub(crate) changes: Changes,
    /// Changes of incidents and mutes, for sockets.
    pub(crate) alarm_news: AlarmNews,
    /// Turns of those who read changes from the store (`block`).
    pub(crate) histories: Semaphore,
    pub(crate) live_sockets: Arc<Semaphore>,
    pub(crate) event_sockets: Arc<Semaphore>,
    pub(crate) tests: Semaphore,
    /// Turns of exports of cases (`refuse`).
    pub(crate) exports: Arc<Semaphore>,
    /// The case that is being prepared; a newer one ends it (`latest`).
    pub(crate) preparation: Mutex<Option<AbortOnDropHandle<()>>>,
    /// Clips in which people are unrecognisable.
    pub(crate) clips: Clips,
    /// Turns of replays (`refuse`).
    pub(crate) replays: Arc<Semaphore>,
    pub(crate) progress: Progress,
    /// Who looked at which evidence.
    looks: viewed::Viewed,
    /// What the rules of checklists said last.
    pub(crate) checklists: Board,
    /// Held while settings change, so that the engine sees versions in order.
    edits: tokio::sync::Mutex<()>,
    /// The server is going away: sockets close.
    pub(crate) closing: CancellationToken,
}

/// The running application; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

impl Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What [`App::new`] is made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) outbox: OutboxHandle,
    pub(crate) audit: Audit,
    pub(crate) key: InstallationKey,
    pub(crate) evidence: EvidenceStore,
    /// What the rules were told, if it is kept; and how it is read.
    pub(crate) tracks: Option<TrackLog>,
    pub(crate) track_reader: LogReader,
    pub(crate) engine: Engine,
    pub(crate) model: Model,
    pub(crate) policies: Policies,
    pub(crate) changes: Changes,
    pub(crate) disk_state: watch::Receiver<Disk>,
    pub(crate) escalation_state: watch::Receiver<PartState>,
    pub(crate) evidence_state: watch::Receiver<PartState>,
    pub(crate) closing: CancellationToken,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            store: parts.store,
            outbox: parts.outbox,
            audit: parts.audit,
            evidence: parts.evidence,
            key: parts.key,
            tracks: parts.tracks,
            track_reader: parts.track_reader,
            engine: parts.engine,
            model: parts.model,
            policies: parts.policies,
            registry: Registry::default(),
            unopened: Unopened::default(),
            evidence_state: parts.evidence_state,
            disk_state: parts.disk_state,
            escalation_state: parts.escalation_state,
            throttle: Mutex::default(),
            held: Held::default(),
            changes: parts.changes,
            alarm_news: AlarmNews::new(),
            histories: Semaphore::new(HISTORIES_MAX),
            live_sockets: Arc::new(Semaphore::new(LIVE_SOCKETS_MAX)),
            event_sockets: Arc::new(Semaphore::new(EVENT_SOCKETS_MAX)),
            tests: Semaphore::new(TESTS_MAX),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            preparation: Mutex::default(),
            clips: Clips::new(),
            replays: Arc::new(Semaphore::new(REPLAYS_MAX)),
            progress: Progress::default(),
            looks: viewed::Viewed::default(),
            checklists: Board::default(),
            edits: tokio::sync::Mutex::new(()),
            closing: parts.closing,
        }))
    }
}
