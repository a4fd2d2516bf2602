//! `safe-yolo serve`: reads the configuration, starts the server, waits for its end.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use safe_yolo_core::Calendar;
use safe_yolo_media::source::{SourceError, SourcePolicy, SourceSpec};
use safe_yolo_pipeline::RealSources;
use safe_yolo_server::{Server, ServerConfig, ServiceManager, StartupCamera, simulated_site};
use safe_yolo_store::evidence::{DiskSpace, EvidenceLimits};
use safe_yolo_store::{FirstAdmin, NewCamera, NewZone, Origin};
use safe_yolo_track::TrackerConfig;
use safe_yolo_tracklog::TrackLogLimits;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::model::DetectorArguments;
use crate::site::{Site, SiteCamera};

/// Where to listen, where to keep data, which cameras.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address of the page and the API; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder of the database and the evidence
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Site file with cameras, zones and rules
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// Adds a video file as a camera; may be given again
    #[arg(long, value_name = "FILE")]
    video: Vec<PathBuf>,
    /// Folder whose videos administrators may add as cameras; may be given again
    #[arg(long, value_name = "DIR")]
    video_dir: Vec<PathBuf>,
    /// Log lines as JSON
    #[arg(long)]
    log_json: bool,
    #[command(flatten)]
    tracks: TrackArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    detector: DetectorArguments,
}

/// How much of what the rules were told is kept for `rules replay`.
#[derive(Debug, Clone, Copy, Args)]
struct TrackArguments {
    /// Most megabytes of tracks kept for replays; 0 keeps none
    #[arg(long, value_name = "MB", default_value_t = 2048)]
    tracks_mb: u32,
    /// Days for which tracks are kept; 0 keeps none
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    tracks_days: u32,
}

impl TrackArguments {
    fn limits(self) -> Option<TrackLogLimits> {
        let Self { tracks_mb, tracks_days: days_max } = self;
        let bytes_max = u64::from(tracks_mb) << 20;
        (bytes_max > 0 && days_max > 0).then_some(TrackLogLimits { bytes_max, days_max })
    }
}

/// How long pictures and clips are kept.
#[derive(Debug, Clone, Copy, Args)]
struct EvidenceArguments {
    /// Days for which evidence is kept, unless its incident is held; 0 keeps it until the budget or the disk is full
    #[arg(long, value_name = "DAYS", default_value_t = EvidenceLimits::DAYS)]
    evidence_days: u32,
}

impl EvidenceArguments {
    fn limits(self) -> EvidenceLimits {
        let days = self.evidence_days;
        let age_max = (days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400));
        EvidenceLimits { age_max, ..EvidenceLimits::default() }
    }
}

/// Where the simulated site is shown.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Address of the page and the API; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder of the database and the evidence; not that of a real site
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    data_dir: PathBuf,
    /// Log lines as JSON
    #[arg(long)]
    log_json: bool,
    #[command(flatten)]
    tracks: TrackArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    detector: DetectorArguments,
}

/// The variable that holds the first administrator's password.
const PASSWORD_VARIABLE: &str = "SAFE_YOLO_ADMIN_PASSWORD";

/// Heaps of all threads together. With twelve cameras of 720 lines and as many viewers, two take 38 MB
/// (a fifth) less than as many as threads like, and no more time.
const HEAPS: u8 = 2;

/// How often freed memory is given back.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(60);

/// How long tasks may go on after the server has ended.
const LINGER_MAX: Duration = Duration::from_secs(2);

pub(crate) fn run(arguments: ServeArguments) -> Result<ExitCode> {
    safe_yolo_sys::limit_heaps(HEAPS);
    start_log(arguments.log_json);
    // Mistakes in files are told before anything is started.
    let (startup_cameras, calendar) = cameras(&arguments)?;
    start(arguments, startup_cameras, calendar)
}

/// `safe-yolo demo`: the server with the cameras of the simulated site, as they were drawn.
pub(crate) fn demo(arguments: DemoArguments) -> Result<ExitCode> {
    safe_yolo_sys::limit_heaps(HEAPS);
    start_log(arguments.log_json);
    let DemoArguments { listen, data_dir, log_json, tracks, evidence, detector } = arguments;
    let (site, video, video_dir) = (None, Vec::new(), Vec::new());
    let arguments = ServeArguments {
        listen,
        data_dir,
        site,
        video,
        video_dir,
        log_json,
        tracks,
        evidence,
        detector,
    };
    start(arguments, simulated_site()?, None)
}

fn start(
    arguments: ServeArguments,
    startup_cameras: Vec<StartupCamera>,
    calendar: Option<Calendar>,
) -> Result<ExitCode> {
    let detectors = Arc::new(arguments.detector.start(arguments.log_json)?);
    let config = ServerConfig {
        listen: arguments.listen,
        data_dir: arguments.data_dir,
        admin_password: std::env::var(PASSWORD_VARIABLE)
            .ok()
            .filter(|password| !password.is_empty()),
        video_dirs: arguments.video_dir,
        detectors,
        opener: RealSources::shared(),
        service: ServiceManager::from_env(),
        tracking: TrackerConfig::default(),
        evidence: arguments.evidence.limits(),
        disk: DiskSpace::default(),
        tracks: arguments.tracks.limits(),
        startup_cameras,
        calendar,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.spawn(give_back_memory());
    let ended = runtime.block_on(serve(config));
    // What is stuck by now is not waited for: the end must come.
    runtime.shutdown_timeout(LINGER_MAX);
    ended.map(|()| ExitCode::SUCCESS)
}

/// Gives freed memory back from time to time, so that a burst does not stay for ever.
async fn give_back_memory() {
    let mut tick = tokio::time::interval(GIVE_BACK_EVERY);
    loop {
        tick.tick().await;
        // A panic in there has been told; the next round comes anyway.
        drop(tokio::task::spawn_blocking(safe_yolo_sys::give_back_free_memory).await);
    }
}

async fn serve(config: ServerConfig) -> Result<()> {
    let shutdown = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let server = Server::start(config).await.map_err(anyhow::Error::from)?;
    announce(&server).context("standard output")?;
    let asked = shutdown.clone();
    let hastened = async move {
        for says in [
            "ending: cameras first, then what is still to be stored; asked again, at once",
            "asked again: ending at once, whatever is still on its way",
        ] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("{says}");
            asked.cancel();
        }
    };
    tokio::select! {
        ended = server.run(shutdown) => ended.map_err(anyhow::Error::from),
        () = hastened => Err(anyhow::anyhow!("ended at once by a second signal")),
    }
}

/// Tells a person at the terminal where to go; the password is told once and never logged.
fn announce(server: &Server) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "SAFE-YOLO is at http://{}", server.address())?;
    if let FirstAdmin::Created { generated_password: Some(password) } = server.first_admin() {
        writeln!(out, "First login: user admin, password {password} (shown only now)")?;
    }
    out.flush()
}

pub(crate) fn start_log(json: bool) {
    let filter =
        EnvFilter::try_from_env("SAFE_YOLO_LOG").unwrap_or_else(|_unset| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.init() }
}

/// Cameras of the site file and of `--video`, and the file's calendar.
fn cameras(arguments: &ServeArguments) -> Result<(Vec<StartupCamera>, Option<Calendar>)> {
    let (mut cameras, mut calendar) = (Vec::new(), None);
    if let Some(path) = &arguments.site {
        let site = Site::read(path)?;
        calendar = site.calendar;
        for camera in site.cameras {
            check_source(&camera.source)
                .with_context(|| format!("camera '{}' of the site file", camera.name))?;
            let zones = camera.config()?.zones.into_iter().map(NewZone::from).collect();
            cameras.push(StartupCamera {
                camera: new_camera(&camera, Origin::Site),
                zones: Some(zones),
            });
        }
    }
    for video in &arguments.video {
        let path =
            std::fs::canonicalize(video).with_context(|| format!("video '{}'", video.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let camera = SiteCamera::plain(&name, &path.display().to_string());
        check_source(&camera.source)?;
        // Zones drawn on it in the control room stay.
        cameras
            .push(StartupCamera { camera: new_camera(&camera, Origin::CommandLine), zones: None });
    }
    Ok((cameras, calendar))
}

/// A wrong address is told at once; a file or camera that is not there today is
/// a camera that is OFFLINE, and no reason not to watch the others.
fn check_source(source: &str) -> Result<()> {
    match SourceSpec::parse(source, &SourcePolicy::trusted()) {
        Ok(_) | Err(SourceError::NotFound(_) | SourceError::Unreadable { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn new_camera(camera: &SiteCamera, origin: Origin) -> NewCamera {
    NewCamera {
        enabled: camera.enabled,
        repeat: camera.repeat,
        analysis_rate_max: camera.analysis_rate_max,
        masks: camera.masks.clone(),
        privacy_masks: camera.privacy_masks.clone(),
        calibration: camera.calibration.clone(),
        ..NewCamera::new(&camera.name, &camera.source, origin)
    }
}
