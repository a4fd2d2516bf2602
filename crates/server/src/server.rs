//! Starting and ending: in which order the parts come up and go down.

use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::Listener;
use safe_yolo_core::Class;
use safe_yolo_media::source::SourcePolicy;
use safe_yolo_pipeline::{Engine, EngineConfig};
use safe_yolo_store::{
    EvidenceStore, FirstAdmin, Journal, Outbox, OutboxConfig, Store, StoreState,
};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Model, PartState, Parts, Policies, ensure_cameras};
use crate::config::{ServerConfig, ServerError};
use crate::listener::{Bounded, Peer};
use crate::outputs::{OUTPUTS_MAX, Outputs};
use crate::{clock, health, metrics, router};

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
    drain: CancellationToken,
    tasks: JoinSet<()>,
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
        let store = Store::open(&config.data_dir).await?;
        let first_admin = store.ensure_admin(config.admin_password).await?;
        let evidence = EvidenceStore::open(&config.data_dir, config.evidence).await?;
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
        let ended = store.end_left_open(clock::now(), "restart").await?;
        if ended > 0 {
            tracing::info!(ended, "events that an earlier run left open were ended");
        }
        let policies = Policies {
            api: SourcePolicy::restricted(config.video_dirs),
            trusted: SourcePolicy::trusted(),
        };
        ensure_cameras(&store, &policies, config.startup_cameras).await?;

        let model = Model {
            name: config.detectors.info().name.clone(),
            classes: config.detectors.info().classes().into_iter().map(Class::name).collect(),
        };
        let (outputs_in, outputs_out) = mpsc::channel(OUTPUTS_MAX);
        let engine = Engine::new(EngineConfig {
            detectors: config.detectors,
            tracking: config.tracking,
            outputs: outputs_in,
            connect_timeout: CONNECT_MAX,
        });
        let (evidence_state, evidence_seen) = watch::channel(PartState::Ok);
        let drain = CancellationToken::new();
        let outputs = Outputs::new(store.clone(), outbox.clone(), evidence_state).spawn(
            outputs_out,
            evidence.clone(),
            drain.clone(),
        );
        let app = App::new(Parts {
            store,
            outbox,
            evidence,
            engine,
            model,
            policies,
            evidence_state: evidence_seen,
            closing: CancellationToken::new(),
        });
        app.start_cameras().await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(app.clone().retry_unopened());
        tasks.spawn(health::watch_progress(app.clone()));
        tasks.spawn(metrics::upkeep(app.clone()));
        tasks.spawn(crate::stall::watch_stalls(app.closing.clone()));
        Ok(Self { app, listener, address, first_admin, outputs, drain, tasks })
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
        let Self { app, listener, address, outputs, drain, mut tasks, first_admin: _ } = self;
        tracing::info!(%address, "listening");
        let service = router::router(app.clone()).into_make_service_with_connect_info::<Peer>();
        let graceful = axum::serve(listener, service)
            .with_graceful_shutdown(app.closing.clone().cancelled_owned());
        let mut serving = tokio::spawn(graceful.into_future());
        let served = tokio::select! {
            () = shutdown.cancelled() => {
                tracing::info!("ending");
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
        while tasks.join_next().await.is_some() {}
        step("ending the cameras", app.end_cameras()).await;
        drain.cancel();
        step("saving evidence", outputs).await;
        app.close_unopened().await;
        let saved = app.outbox.shutdown().await;
        app.store.close().await;
        tracing::info!("ended");
        match served {
            Ok(Ok(())) => Ok(saved?),
            Ok(Err(error)) => Err(ServerError::Serve(error)),
            Err(_panicked) => Err(ServerError::Task { what: "the listener" }),
        }
    }
}

/// A step of the end that must not keep it for ever.
async fn step<T>(what: &'static str, work: impl Future<Output = T>) {
    if tokio::time::timeout(DRAIN_MAX, work).await.is_err() {
        tracing::error!(what, "a step of the shutdown was given up");
    }
}
