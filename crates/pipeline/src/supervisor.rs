//! The task of one camera: owns its source, tracker, judge and health.
//!
//! Each loop serves, in this order: the end, commands, settings, finished
//! analyses, the source. Pictures never queue: one is being analysed, the
//! newest waits, older ones are dropped and counted (policy `latest`).

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use safe_yolo_core::{
    Analysis, BlindReason, CameraConfig, Class, Detection, PictureTime, SegmentId, Utc,
};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_media::picture::I420;
use safe_yolo_media::stream::PictureStream;
use safe_yolo_media::{Decoded, StreamError};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::analyst::Analyst;
use crate::camera::{Asked, CameraSetup};

use crate::health::Health;
use crate::live::LivePicture;
use crate::outlet::Outlet;
use crate::pacing::{LiveClock, Pacer, RateLimit};
use crate::status::{Rate, Status};

mod commands;
mod publish;
mod report;
mod source;

/// Figures and timeouts are looked at this often.
const TICK: Duration = Duration::from_millis(250);
/// An open source without pictures for this long is opened anew.
const SILENCE_MAX: Duration = Duration::from_secs(6);

/// A session that lasts this long has recovered.
const STEADY_AFTER: Duration = Duration::from_secs(5);
/// Pictures of a camera that come later than this are not live, microseconds.
const LATE_MAX_US: i64 = 2_000_000;

type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// The future's output; for ever pending when there is none.
async fn output<T>(future: &mut Pending<T>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// One picture on its way to analysis.
#[derive(Debug, Clone)]
struct Shot {
    segment: SegmentId,
    time: PictureTime,
    utc: Utc,
    picture: Arc<I420>,
}

/// Whether pictures are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Play {
    Playing,
    /// A file is held; `true` while the picture of a new place is still to be shown.
    Paused {
        show_one: bool,
    },
    Stopped,
}

pub(crate) struct Supervisor {
    setup: CameraSetup,
    known: BTreeSet<Class>,
    config: Arc<CameraConfig>,
    asked: mpsc::Receiver<Asked>,
    config_seen: watch::Receiver<Arc<CameraConfig>>,
    live_out: watch::Sender<Option<Arc<LivePicture>>>,
    status_out: watch::Sender<Status>,
    /// Pictures with a lower number may not be shown any more.
    epoch: Arc<AtomicU64>,
    cancel: CancellationToken,
    outlet: Outlet,
    started: Instant,
    health: Health,
    play: Play,

    opening: Pending<Result<PictureStream, StreamError>>,
    stream: Option<PictureStream>,
    retry_at: Option<Instant>,
    failures: u32,
    start_at: Option<PictureTime>,
    duration: Option<Duration>,
    held: Option<(Decoded, Instant)>,
    pacer: Pacer,

    segment: SegmentId,
    analyst: Option<Analyst>,
    segment_since: Duration,
    clock: LiveClock,
    limit: RateLimit,
    in_flight: Pending<(Shot, Analysis<Vec<Detection>>)>,
    waiting: Option<Shot>,
    newest: Option<Shot>,
    last_analysed: Option<PictureTime>,

    pictures: u64,
    figures: Figures,
    report: report::Report,
}

#[derive(Debug, Default)]
struct Figures {
    pictures: Rate,
    analysed: Rate,
    dropped: u64,
    connections: u64,
    restarts: u64,
    people: Option<usize>,
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervisor").field("camera", &self.config.id).finish_non_exhaustive()
    }
}

impl Supervisor {
    #[expect(clippy::too_many_arguments, reason = "the ends of the handle's channels")]
    pub(crate) fn new(
        setup: CameraSetup,
        known: BTreeSet<Class>,
        asked: mpsc::Receiver<Asked>,
        config_seen: watch::Receiver<Arc<CameraConfig>>,
        live_out: watch::Sender<Option<Arc<LivePicture>>>,
        status_out: watch::Sender<Status>,
        epoch: Arc<AtomicU64>,
        cancel: CancellationToken,
    ) -> Self {
        let config = Arc::clone(&setup.config);
        let outlet = Outlet::new(setup.engine.outputs.clone());
        Self {
            known,
            asked,
            config_seen,
            live_out,
            status_out,
            epoch,
            cancel,
            outlet,
            started: Instant::now(),
            health: Health::new(Duration::ZERO, period(&config)),
            play: Play::Playing,
            opening: None,
            stream: None,
            retry_at: None,
            failures: 0,
            start_at: None,
            duration: None,
            held: None,
            pacer: Pacer::default(),
            segment: SegmentId(0),
            analyst: None,
            segment_since: Duration::ZERO,
            clock: LiveClock::default(),
            limit: RateLimit::default(),
            in_flight: None,
            waiting: None,
            newest: None,
            last_analysed: None,
            pictures: 0,
            figures: Figures::default(),
            report: report::Report::default(),
            config,
            setup,
        }
    }

    pub(crate) async fn run(mut self) {
        tracing::info!(camera = %self.config.id, source = self.setup.source.redacted(), "camera started");
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        self.open();
        loop {
            let wants_pictures = self.held.is_none()
                && !matches!(self.play, Play::Paused { show_one: false } | Play::Stopped);
            let due = match (&self.held, self.play) {
                (Some((_, due)), Play::Playing | Play::Paused { show_one: true }) => Some(*due),
                _ => None,
            };
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                Some((command, reply)) = self.asked.recv() => {
                    let answer = self.command(command);
                    self.tick();
                    // Whoever asked may have gone; the command stands.
                    reply.send(answer).ok();
                }
                Ok(()) = self.config_seen.changed() => self.configure(),
                _ = tick.tick() => self.tick(),
                (shot, analysis) = output(&mut self.in_flight) => {
                    self.in_flight = None;
                    self.analysed(&shot, analysis);
                }
                opened = output(&mut self.opening) => {
                    self.opening = None;
                    self.opened(opened);
                }
                () = sleep_until(due), if due.is_some() => {
                    if let Some((decoded, _)) = self.held.take() {
                        self.picture(decoded);
                    }
                }
                next = next_picture(&mut self.stream), if wants_pictures => self.read(next),
                () = sleep_until(self.retry_at), if self.retry_at.is_some() => self.open(),
            }
        }
        self.end_segment("camera_removed");
        self.report.close(self.utc_now(), &mut self.outlet);
        // Give what still waits a moment to get out.
        let deadline = Instant::now() + Duration::from_secs(2);
        while self.outlet.is_waiting() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.outlet.flush();
        }
        self.outlet.close();
        tracing::info!(camera = %self.config.id, "camera ended");
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::unused_self, reason = "reads the world's clock for this camera")]
    fn utc_now(&self) -> Utc {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Utc(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    // Pictures ---------------------------------------------------------------

    fn picture(&mut self, decoded: Decoded) {
        let now = self.now();
        // A source that breaks again and again is given longer and longer pauses.
        if now.saturating_sub(self.segment_since) > STEADY_AFTER {
            self.failures = 0;
        }
        self.figures.pictures.add(now);
        let now_utc = self.utc_now();
        let utc = if self.is_paced() {
            // We set the pace: the picture is shown now.
            now_utc
        } else {
            let (taken, late_us) = self.clock.take(decoded.time, now_utc);
            // Pictures that queue up before or in the decoder are late although they keep coming.
            self.health.set_lagging(late_us > LATE_MAX_US);
            taken
        };
        let shot = Shot {
            segment: self.segment,
            time: decoded.time,
            utc,
            picture: Arc::new(decoded.picture),
        };
        let same = self.setup.source.is_live()
            && self.newest.as_ref().is_some_and(|newest| newest.picture == shot.picture);
        self.health.picture(now, same);
        self.newest = Some(shot.clone());
        if let Play::Paused { show_one: true } = self.play {
            self.play = Play::Paused { show_one: false };
            self.publish_unseen(&shot);
            return;
        }
        if self.in_flight.is_none() {
            self.dispatch(shot);
        } else if let Some(older) = self.waiting.replace(shot)
            && self.limit.is_due(older.time, period(&self.config))
        {
            self.figures.dropped += 1;
            metrics::counter!("safe_yolo_pipeline_dropped_pictures_total", "camera" => self.config.id.to_string())
                .increment(1);
        }
    }

    /// Analyses the picture if its turn has come, else shows it with predictions.
    fn dispatch(&mut self, shot: Shot) {
        let period = period(&self.config);
        if !self.limit.is_due(shot.time, period) {
            self.publish_predicted(&shot);
            return;
        }
        self.limit.take(shot.time, period);
        let detectors = self.setup.engine.detectors.clone();
        self.in_flight = Some(Box::pin(async move {
            let analysis = detectors.analyse(Arc::clone(&shot.picture), SCORE_MIN).await;
            (shot, analysis)
        }));
    }

    fn analysed(&mut self, shot: &Shot, analysis: Analysis<Vec<Detection>>) {
        if shot.segment == self.segment && self.play == Play::Playing {
            match analysis {
                Analysis::Done(found) => self.judge(shot, &found),
                Analysis::Skipped(_) => {
                    self.figures.dropped += 1;
                    self.publish_predicted(shot);
                }
                Analysis::Failed(_) => self.analysis_failed(shot),
            }
        }
        if let Some(next) = self.waiting.take() {
            self.dispatch(next);
        }
    }

    fn judge(&mut self, shot: &Shot, found: &[Detection]) {
        let scale = self.setup.engine.detectors.input_scale(shot.picture.size());
        let Some(analyst) = self.analyst.as_mut() else { return };
        match analyst.picture(shot.time, shot.utc, shot.picture.size(), scale, found) {
            Ok(analysed) => {
                let now = self.now();
                self.health.analysed(now);
                self.figures.analysed.add(now);
                self.figures.people = Some(analysed.counters.people);
                self.last_analysed = Some(shot.time);
                self.publish_analysed(shot, analysed);
            }
            Err(error) => {
                tracing::error!(camera = %self.config.id, %error, "a picture could not be tracked");
                self.analysis_failed(shot);
            }
        }
    }

    fn analysis_failed(&mut self, shot: &Shot) {
        self.health.analysis_failed();
        self.not_analysed(shot.time, "detector_failed");
        self.publish_failed(shot);
    }

    /// Tells the rules that nobody looked up to this time.
    fn not_analysed(&mut self, to: PictureTime, reason: &'static str) {
        let from = self.last_analysed.unwrap_or(to);
        if let Some(analyst) = self.analyst.as_mut() {
            self.outlet.changes(analyst.not_analysed(from, to, reason));
        }
    }

    // Time -------------------------------------------------------------------

    fn tick(&mut self) {
        let now = self.now();
        let silent = self.health.picture_age(now).is_none_or(|age| age > SILENCE_MAX);
        if silent
            && self.play == Play::Playing
            && self.held.is_none()
            && self.open_for(now) > SILENCE_MAX
        {
            self.stream = None;
            self.end_segment("discontinuity");
            self.fail(BlindReason::NoPictures, "the source is open, but sends no pictures");
        }
        self.report();
        self.outlet.flush();
    }

    fn open_for(&self, now: Duration) -> Duration {
        if self.stream.is_some() { self.health.opened_for(now) } else { Duration::ZERO }
    }
}

fn period(config: &CameraConfig) -> Duration {
    Duration::from_secs_f64(1.0 / config.analysis_rate_max.max(0.1))
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn next_picture(stream: &mut Option<PictureStream>) -> Result<Option<Decoded>, StreamError> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}
