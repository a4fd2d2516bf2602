//! The task of one camera: owns its source, tracker, judge and health.
//!
//! Each loop serves, in this order: the end, commands, settings, finished
//! analyses, the source. Pictures never queue: one is being analysed, the
//! newest waits, older ones are dropped and counted (policy `latest`).

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safe_yolo_core::{
    Analysis, BlindReason, CameraConfig, CameraState, Class, Detection, PictureTime, SegmentId, Utc,
};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_media::picture::I420;
use safe_yolo_media::stream::{self, OpenOptions, PictureStream};
use safe_yolo_media::{Decoded, StreamError};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::analyst::Analyst;
use crate::camera::{Asked, CameraSetup};
use crate::command::{Command, CommandError};
use crate::health::Health;
use crate::live::LivePicture;
use crate::outlet::Outlet;
use crate::pacing::{Pacer, RateLimit};
use crate::status::{Rate, Status};

mod publish;
mod report;

/// Figures and timeouts are looked at this often.
const TICK: Duration = Duration::from_millis(250);
/// An open source without pictures for this long is opened anew.
const SILENCE_MAX: Duration = Duration::from_secs(6);
/// Longest pause before a failed source is opened again.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Shortest.
const RETRY_MIN: Duration = Duration::from_millis(250);

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
    utc_anchor: Option<(PictureTime, Utc)>,
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
            utc_anchor: None,
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
                _ = tick.tick() => self.tick(),
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

    // The source -----------------------------------------------------------

    fn open(&mut self) {
        self.retry_at = None;
        self.stream = None;
        self.held = None;
        self.figures.connections += 1;
        let source = self.setup.source.clone();
        let connect_timeout = self.setup.engine.connect_timeout;
        let options =
            OpenOptions { start: self.start_at, connect_timeout, ..OpenOptions::default() };
        self.opening = Some(Box::pin(async move { stream::open(&source, options).await }));
    }

    fn opened(&mut self, opened: Result<PictureStream, StreamError>) {
        match opened {
            Ok(stream) => {
                let now = self.now();
                self.health.opened(now);
                self.duration = stream.info().duration;
                self.stream = Some(stream);
                self.begin_segment();
            }
            Err(error) => self.lost(&error),
        }
    }

    fn begin_segment(&mut self) {
        let millis = u64::try_from(self.utc_now().micros() / 1000).unwrap_or(0);
        self.segment = SegmentId(millis.max(self.segment.0 + 1));
        self.utc_anchor = None;
        self.last_analysed = None;
        self.pacer.reset();
        self.limit.reset();
        let analyst = Analyst::new(
            self.segment,
            Arc::clone(&self.config),
            self.known.clone(),
            self.setup.engine.tracking.clone(),
        );
        match analyst {
            Ok(analyst) => self.analyst = Some(analyst),
            Err(error) => {
                tracing::error!(camera = %self.config.id, %error, "the tracker can't be set up");
            }
        }
    }

    /// Ends the segment: open findings end, nothing of it is shown any more.
    fn end_segment(&mut self, reason: &str) {
        if let Some(mut analyst) = self.analyst.take() {
            self.outlet.changes(analyst.finish(reason));
        }
        self.forbid_older();
        self.in_flight = None;
        self.waiting = None;
        self.newest = None;
    }

    /// From now on no picture that was published before may be shown.
    fn forbid_older(&self) {
        self.epoch.store(self.pictures, Ordering::Release);
    }

    fn read(&mut self, next: Result<Option<Decoded>, StreamError>) {
        match next {
            Ok(Some(decoded)) if self.is_paced() => {
                let due = self.pacer.due(Instant::now(), decoded.time);
                self.held = Some((decoded, due));
            }
            Ok(Some(decoded)) => self.picture(decoded),
            Ok(None) => self.file_ended(),
            Err(error) => self.lost(&error),
        }
    }

    fn is_paced(&self) -> bool {
        self.setup.source.kind() != "rtsp"
    }

    fn file_ended(&mut self) {
        self.stream = None;
        self.start_at = None;
        self.end_segment("discontinuity");
        if self.failures == 0 && self.newest_was_none() {
            // A file without a single picture must not spin.
            self.fail(BlindReason::NoPictures, "the source has no pictures");
        } else if self.config.repeat {
            self.open();
        } else {
            self.play = Play::Stopped;
            self.health.set_unwatched(CameraState::Stopped, BlindReason::Ended);
            tracing::info!(camera = %self.config.id, "the file has ended");
        }
    }

    fn newest_was_none(&self) -> bool {
        self.health.picture_age(self.now()).is_none()
    }

    fn lost(&mut self, error: &StreamError) {
        self.stream = None;
        self.end_segment("discontinuity");
        if error.is_discontinuity() && self.failures == 0 {
            // The source is well, only its clock or size changed: a new segment, at once.
            tracing::info!(camera = %self.config.id, %error, "a new segment begins");
            self.failures = 1;
            self.open();
            return;
        }
        self.fail(error.reason(), &error.to_string());
    }

    fn fail(&mut self, reason: BlindReason, detail: &str) {
        let now = self.now();
        self.health.down(now, reason);
        self.failures = self.failures.saturating_add(1);
        self.figures.restarts += 1;
        let doubled = RETRY_MIN * 2_u32.saturating_pow(self.failures.min(6) - 1);
        // Jitter, so that cameras of one dead switch do not return in step.
        let wait = doubled.min(RETRY_MAX).mul_f64(0.5 + rand::random::<f64>() / 2.0);
        self.retry_at = Some(Instant::now() + wait);
        metrics::counter!("safe_yolo_pipeline_source_failures_total", "camera" => self.config.id.to_string())
            .increment(1);
        if self.report.is_news(reason) {
            tracing::warn!(camera = %self.config.id, reason = reason.name(), detail, "the source failed");
        }
    }

    // Pictures ---------------------------------------------------------------

    fn picture(&mut self, decoded: Decoded) {
        let now = self.now();
        self.failures = 0;
        self.figures.pictures.add(now);
        let now_utc = self.utc_now();
        let (anchor, utc) = *self.utc_anchor.get_or_insert((decoded.time, now_utc));
        let utc = utc.plus_micros(decoded.time.micros() - anchor.micros());
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

    // Commands and settings --------------------------------------------------

    fn configure(&mut self) {
        self.config = Arc::clone(&self.config_seen.borrow_and_update());
        self.health.set_period(period(&self.config));
        self.limit.reset();
        if let Some(analyst) = self.analyst.as_mut() {
            let changes = analyst.configure(Arc::clone(&self.config), self.known.clone());
            self.outlet.changes(changes);
        }
    }

    fn command(&mut self, command: Command) -> Result<(), CommandError> {
        if self.setup.source.is_live() {
            return if command == Command::Play { Ok(()) } else { Err(CommandError::Live) };
        }
        match command {
            Command::Play => self.resume(),
            Command::Pause if self.play == Play::Playing => {
                self.play = Play::Paused { show_one: false };
                self.health.set_unwatched(CameraState::Paused, BlindReason::Command);
                self.in_flight = None;
                self.waiting = None;
                self.forbid_older();
                if let Some(newest) = self.newest.clone() {
                    self.not_analysed(newest.time, "paused");
                    self.publish_unseen(&newest);
                }
            }
            Command::Pause => {}
            Command::Stop => {
                self.end_segment("stopped");
                self.stream = None;
                self.opening = None;
                self.held = None;
                self.retry_at = None;
                self.start_at = None;
                self.play = Play::Stopped;
                self.health.set_unwatched(CameraState::Stopped, BlindReason::Command);
            }
            Command::Seek(position_ms) => self.seek(position_ms)?,
        }
        Ok(())
    }

    fn resume(&mut self) {
        if self.play == Play::Playing {
            return;
        }
        let now = self.now();
        self.health.watch_again(now);
        self.pacer.reset();
        self.limit.reset();
        self.utc_anchor = None;
        if let Some((decoded, due)) = self.held.as_mut() {
            *due = self.pacer.due(Instant::now(), decoded.time);
        }
        if self.play == Play::Stopped || (self.stream.is_none() && self.opening.is_none()) {
            self.open();
        } else {
            self.health.opened(now);
        }
        self.play = Play::Playing;
    }

    fn seek(&mut self, position_ms: i64) -> Result<(), CommandError> {
        let duration_ms =
            self.duration.map_or(u64::MAX, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        let inside = u64::try_from(position_ms).is_ok_and(|ms| ms <= duration_ms);
        if !inside {
            return Err(CommandError::Position { position_ms, duration_ms });
        }
        self.end_segment("discontinuity");
        self.start_at = (position_ms > 0).then(|| PictureTime::from_millis(position_ms));
        if self.play == Play::Playing {
            let now = self.now();
            self.health.watch_again(now);
        } else {
            self.play = Play::Paused { show_one: true };
            self.health.set_unwatched(CameraState::Paused, BlindReason::Command);
        }
        self.open();
        Ok(())
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
