//! Starting and ending: in which order the parts come up and go down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::serve::Listener;
use safe_yolo_core::Class;
use safe_yolo_media::source::SourcePolicy;
use safe_yolo_pipeline::{Engine, EngineConfig, TrackSink};
use safe_yolo_store::{
    EvidenceStore, FirstAdmin, InstallationKey, Journal, Outbox, OutboxConfig, Store, StoreState,
};
use safe_yolo_tracklog::{LogReader, TrackLog};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Audit, Model, PartState, Parts, Policies, ensure_cameras};
use crate::changes::Follower;
use crate::config::{ServerConfig, ServerError};
use crate::guard::Disk;
use crate::listener::{Bounded, Peer};
use crate::outputs::{OUTPUTS_MAX, Outputs};
use crate::service::ServiceManager;
use crate::tracks::Tracks;
use crate::{clock, descriptors, health, metrics, router};

/// How long a camera may take to answer.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long the journal of an earlier failure may take before new events come.
const REPLAY_MAX: Duration = Duration::from_secs(10);
/// How long open requests may go on at the end.
const CLOSE_MAX: Duration = Duration::from_secs(5);
/// How long each further step of the end may take.
const DRAIN_MAX: Duration = Duration::from_secs(15);

/// A server that listens and watches, but does not answer yet.
pub struct Server {
    app: App,
    listener: Bounded,
    address: SocketAddr,
    first_admin: FirstAdmin,
    outputs: JoinHandle<()>,
    audit: JoinHandle<()>,
    drain: CancellationToken,
    tasks: JoinSet<()>,
    service: ServiceManager,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Starts a server, tells of it, and runs it until `shutdown` is cancelled.
///
/// # Errors
/// When it can't be started, breaks, or can't save what it holds at the end.
pub async fn serve(
    config: ServerConfig,
    shutdown: CancellationToken,
    started: impl FnOnce(&Server) + Send,
) -> Result<(), ServerError> {
    let server = Box::pin(Server::start(config)).await?;
    started(&server);
    server.run(shutdown).await
}

impl Server {
    /// Listens, opens the store and starts all cameras.
    ///
    /// # Errors
    /// When the address is taken, the data folder can't be used, or a camera
    /// of the site file makes no sense.
    pub async fn start(config: ServerConfig) -> Result<Self, ServerError> {
        // First, so that a second start on the same port does no harm.
        let listener =
            Bounded::bind(config.listen).map_err(|why| ServerError::listen(config.listen, why))?;
        let address =
            listener.local_addr().map_err(|why| ServerError::listen(config.listen, why))?;
        metrics::install();
        descriptors::raise();
        let store = Store::open(&config.data_dir).await?;
        let first_admin = store.ensure_admin(config.admin_password).await?;
        let evidence =
            EvidenceStore::open_with(&config.data_dir, config.evidence, store.clone(), config.disk)
                .await?;
        let (dir, limits) = (config.data_dir.clone(), config.tracks);
        let tracks = spawn_blocking(move || limits.map(|l| TrackLog::open(&dir, l)).transpose());
        let tracks =
            tracks.await.map_err(|_panicked| ServerError::Task { what: "the track log" })??;
        let dir = config.data_dir.clone();
        let journal = spawn_blocking(move || Journal::open(&dir, Journal::BYTES_MAX)).await;
        let journal = journal.map_err(|_panicked| ServerError::Task { what: "the journal" })??;
        let outbox = Outbox::spawn(store.clone(), journal, OutboxConfig::default());
        let mut replayed = outbox.state();
        let replay = replayed.wait_for(|state| *state == StoreState::Ok);
        if tokio::time::timeout(REPLAY_MAX, replay).await.is_err() {
            tracing::warn!("the journal of an earlier failure is not replayed yet");
        }
        drop(replayed);
        let dir = config.data_dir.clone();
        let key = spawn_blocking(move || InstallationKey::open(&dir)).await;
        let key =
            key.map_err(|_panicked| ServerError::Task { what: "the installation's key" })??;
        let left = crate::guard::recover(&evidence).await;
        let ended = store.end_left_open(clock::now(), "restart").await?;
        if ended > 0 {
            tracing::info!(ended, "events that an earlier run left open were ended");
        }
        // What was not looked after is left as it is, so that the next start can take it in.
        if left.is_ok() {
            store.fail_unfinished_evidence().await?;
        }
        let policies = Policies {
            api: SourcePolicy::restricted(config.video_dirs),
            trusted: SourcePolicy::trusted(),
        };
        if let Some(calendar) = &config.calendar {
            store.set_calendar(calendar, &safe_yolo_store::Author::SiteFile).await?;
        }
        ensure_cameras(&store, &policies, config.startup_cameras).await?;

        let model = Model {
            name: config.detectors.info().name.clone(),
            classes: config.detectors.info().classes().into_iter().map(Class::name).collect(),
        };
        let (outputs_in, outputs_out) = mpsc::channel(OUTPUTS_MAX);
        let detector = Arc::clone(&config.detectors);
        let engine = Engine::new(EngineConfig {
            detectors: config.detectors,
            tracking: config.tracking,
            outputs: outputs_in,
            connect_timeout: CONNECT_MAX,
            opener: config.opener,
            tracks: tracks.clone().map(|log| Arc::new(Tracks(log)) as Arc<dyn TrackSink>),
        });
        let (evidence_state, evidence_seen) = watch::channel(PartState::Ok);
        let (escalation_state, escalation_seen) = watch::channel(PartState::Ok);
        let (disk_state, disk_seen) = watch::channel(Disk::default());
        let drain = CancellationToken::new();
        let outputs = Outputs::new(store.clone(), outbox.clone(), evidence_state).spawn(
            outputs_out,
            evidence.clone(),
            drain.clone(),
        );
        let (audit, noting) = Audit::spawn(store.clone(), drain.clone());
        let (follower, changes) = Follower::new(store.clone()).await;
        let app = App::new(Parts {
            store,
            outbox,
            audit,
            evidence,
            key,
            tracks,
            track_reader: LogReader::new(&config.data_dir),
            engine,
            model,
            policies,
            changes,
            evidence_state: evidence_seen,
            escalation_state: escalation_seen,
            disk_state: disk_seen,
            closing: CancellationToken::new(),
        });
        app.start_cameras().await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(follower.run(app.closing.clone()));
        tasks.spawn(app.clone().retry_unopened());
        tasks.spawn(crate::faults::watch_detector(app.clone(), detector));
        tasks.spawn(crate::faults::watch_store(app.clone()));
        tasks.spawn(crate::alarms::tell(app.clone()));
        tasks.spawn(crate::alarms::run(app.clone(), escalation_state));
        tasks.spawn(crate::guard::watch(app.clone(), left, disk_state));
        tasks.spawn(crate::checklists::watch(app.clone()));
        tasks.spawn(health::watch_progress(app.clone()));
        tasks.spawn(metrics::upkeep(app.clone()));
        tasks.spawn(crate::observer::observe(app.clone()));
        let seen = app.clone();
        let hopeless = move || seen.progress.stalls(Instant::now()).hopeless;
        tasks.spawn(config.service.clone().watchdog(app.closing.clone(), hopeless));
        tasks.spawn(crate::stall::watch_stalls(app.closing.clone()));
        let service = config.service;
        Ok(Self {
            app,
            listener,
            address,
            first_admin,
            outputs,
            audit: noting,
            drain,
            tasks,
            service,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether an administrator was made, and with which password: to be shown
    /// once, never logged.
    #[must_use]
    pub const fn first_admin(&self) -> &FirstAdmin {
        &self.first_admin
    }

    /// The database, for what is done beside the interface, such as adding users.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Answers requests until `shutdown` is cancelled; then ends the cameras
    /// and saves what is on its way.
    ///
    /// # Errors
    /// When the listener breaks, or events can be written nowhere.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), ServerError> {
        let Self {
            app,
            listener,
            address,
            outputs,
            audit,
            drain,
            mut tasks,
            service,
            first_admin: _,
        } = self;
        tracing::info!(%address, "listening");
        let routes = router::router(app.clone()).into_make_service_with_connect_info::<Peer>();
        let graceful = axum::serve(listener, routes)
            .with_graceful_shutdown(app.closing.clone().cancelled_owned());
        let mut serving = tokio::spawn(graceful.into_future());
        service.ready().await;
        let served = tokio::select! {
            () = shutdown.cancelled() => {
                tracing::info!("ending");
                service.stopping(CLOSE_MAX * 2).await;
                app.closing.cancel();
                match tokio::time::timeout(CLOSE_MAX, &mut serving).await {
                    Ok(done) => done,
                    Err(_elapsed) => {
                        tracing::warn!("some connections were cut off");
                        serving.abort();
                        Ok(Ok(()))
                    }
                }
            }
            done = &mut serving => {
                app.closing.cancel();
                done
            }
        };
        let step = Step(&service);
        step.take("ending tasks", async { while tasks.join_next().await.is_some() {} }).await;
        step.take("ending the cameras", app.end_cameras()).await;
        drain.cancel();
        step.take("saving evidence", outputs).await;
        step.take("writing the audit", audit).await;
        if let Some(tracks) = app.tracks.clone() {
            let closed = spawn_blocking(move || tracks.close());
            step.take("closing the track log", closed).await;
        }
        step.take("ending events", app.close_unopened()).await;
        let saved = step.take("storing the last events", app.outbox.shutdown()).await;
        step.take("closing the database", app.store.close()).await;
        tracing::info!("ended");
        let saved = saved.ok_or(ServerError::Task { what: "storing the last events" });
        match served {
            Ok(Ok(())) => Ok(saved??),
            Ok(Err(error)) => Err(ServerError::Serve(error)),
            Err(_panicked) => Err(ServerError::Task { what: "the listener" }),
        }
    }
}

/// Steps of the end, of which none must keep it for ever.
struct Step<'a>(&'a ServiceManager);

impl Step<'_> {
    /// What the step comes to; none when it was given up.
    async fn take<T>(&self, what: &'static str, work: impl Future<Output = T>) -> Option<T> {
        self.0.stopping(DRAIN_MAX * 2).await;
        let done = tokio::time::timeout(DRAIN_MAX, work).await.ok();
        if done.is_none() {
            tracing::error!(what, "a step of the shutdown was given up");
        }
        done
    }
}
