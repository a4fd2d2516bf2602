//! The task of one camera: owns its source, tracker, judge and health.
//!
//! Each loop serves, in this order: the end, commands, settings, finished
//! analyses, the source. Pictures never queue: one is being analysed, the
//! newest that is due waits with the scheduler, older ones are passed over and
//! counted (policy `latest`).

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use safe_yolo_core::{BlindReason, CameraConfig, Class, PictureTime, SegmentId, Utc};
use safe_yolo_infer::DetectorState;
use safe_yolo_media::privacy::PrivacyMask;
use safe_yolo_media::stream::PictureStream;
use safe_yolo_media::{Decoded, FileFacts, StreamError};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::analyst::Analyst;
use crate::camera::{Asked, CameraSetup};
use crate::clips::Clips;
use crate::gate::Outlet;

use crate::health::Health;
use crate::motion::MotionWatch;
use crate::need::{self, Evidence, Need};
use crate::overseer::Begin;
use crate::pacing::{Lateness, LiveClock, Pacer, RateLimit};
use crate::scheduler::Lane;
use crate::second_look::SecondLook;
use crate::shot::Shot;
use crate::status::{Rate, Status};
use crate::view_watch::{Look, ViewWatch};

mod commands;
mod evidence;
mod looks;
mod publish;
mod report;
mod source;

/// Figures and timeouts are looked at this often.
const TICK: Duration = Duration::from_millis(250);
/// An open source without pictures for this long is opened anew.
const SILENCE_MAX: Duration = Duration::from_secs(6);

/// Pictures that come late for this long, although decoded in time, come in time
/// from a new session if from any: what is queued on the way is gone then, and a
/// clock that runs differently from ours is set anew.
const DELAYED_MAX: Duration = Duration::from_secs(30);
/// A session that lasts this long has recovered.
const STEADY_AFTER: Duration = Duration::from_secs(5);

type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// The future's output; for ever pending when there is none.
async fn output<T>(future: &mut Pending<T>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
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
    cancel: CancellationToken,
    outlet: Outlet,
    started: Instant,
    health: Health,
    play: Play,

    opening: Pending<Result<PictureStream, StreamError>>,
    stream: Option<PictureStream>,
    /// The one before a seek, until there is a new one: to take a decoder down keeps a
    /// core busy for milliseconds, in which the seek is to be answered.
    left: Option<PictureStream>,
    retry_at: Option<Instant>,
    failures: u32,
    start_at: Option<PictureTime>,
    duration: Option<Duration>,
    facts: Option<FileFacts>,
    held: Option<(Decoded, Instant)>,
    pacer: Pacer,

    segment: SegmentId,
    analyst: Option<Analyst>,
    segment_since: Duration,
    clock: LiveClock,
    lateness: Lateness,
    /// That part of it in which decoding has none.
    delay: Lateness,
    limit: RateLimit,
    lane: Lane,
    detector: watch::Receiver<DetectorState>,
    /// Answers about pictures of an earlier era are of no interest.
    era: u64,
    /// Came while an older one is being analysed, and is shown after it.
    behind: Option<Shot>,
    second_look: SecondLook,
    /// A picture that was looked at, while a part of it is looked at more closely.
    closer: Option<looks::Closer>,
    /// Time of the newest picture shown in this era.
    shown: Option<PictureTime>,
    motion: MotionWatch,
    view: ViewWatch,
    evidence: Evidence,
    need: Need,
    /// When the sizes of coded pictures last showed motion.
    size_motion: Option<Instant>,
    newest: Option<Shot>,
    clips: Clips,
    /// What is blacked in pictures.
    privacy: Option<PrivacyMask>,
    last_analysed: Option<PictureTime>,
    /// Until when the rules were told that nobody looked.
    not_looked_to: Option<PictureTime>,

    figures: Figures,
    report: report::Report,
    /// What the generation before told last.
    last: Status,
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
    /// One generation of the camera's pipeline.
    pub(crate) fn new(mut setup: CameraSetup, known: BTreeSet<Class>, begin: Begin) -> Self {
        let Begin { outlet, asked, config_seen, cancel, last, blind } = begin;
        let config = Arc::clone(&config_seen.borrow());
        setup.config = Arc::clone(&config);
        let lane = setup.scheduler.lane(need::wish(Need::Motion, &config));
        Self {
            detector: lane.detector(),
            lane,
            era: 0,
            behind: None,
            second_look: SecondLook::default(),
            closer: None,
            shown: None,
            motion: MotionWatch::default(),
            view: ViewWatch::new(setup.source.is_live()),
            evidence: Evidence::new(Duration::ZERO),
            need: Need::Motion,
            size_motion: None,
            known,
            asked,
            config_seen,
            cancel,
            outlet,
            started: Instant::now(),
            health: Health::new(Duration::ZERO, need::wish(Need::Motion, &config).period),
            play: Play::Playing,
            opening: None,
            stream: None,
            left: None,
            retry_at: None,
            failures: 0,
            start_at: None,
            duration: None,
            facts: None,
            held: None,
            pacer: Pacer::default(),
            segment: SegmentId(0),
            analyst: None,
            segment_since: Duration::ZERO,
            clock: LiveClock::default(),
            lateness: Lateness::default(),
            delay: Lateness::default(),
            limit: RateLimit::default(),
            newest: None,
            clips: Clips::new(config.id.clone()),
            privacy: None,
            last_analysed: None,
            not_looked_to: None,
            figures: Figures {
                dropped: last.dropped,
                connections: last.source_connections,
                restarts: last.restarts,
                ..Figures::default()
            },
            report: report::Report::new(blind),
            last,
            config,
            setup,
        }
    }

    pub(crate) async fn run(mut self) {
        tracing::info!(camera = %self.config.id, source = self.setup.source.redacted(), "camera started");
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        self.begin();
        loop {
            // Counted here and nowhere else: a round that does not end is none.
            self.outlet.beat();
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
                Ok(()) = self.detector.changed() => self.detector_changed(),
                (shot, analysis) = self.lane.answer() => self.analysed(&shot, analysis),
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
        self.end_clips("camera_removed");
        self.end_segment("camera_removed");
        self.report.close(self.utc_now(), &self.outlet);
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

    fn picture(&mut self, mut decoded: Decoded) {
        // Before anything else sees it.
        self.black(&mut decoded.picture);
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
            // By a clock that nobody sets, and by what the camera has sent since: the
            // one follows drift, and the other knows of no delay before us.
            let late_us = self.clock.take(decoded.time, now);
            let late = Duration::from_micros(u64::try_from(late_us).unwrap_or_default());
            let stream = self.stream.as_ref();
            let behind = stream.map_or(Duration::ZERO, |stream| stream.behind(decoded.time));
            self.health.set_damaged(stream.is_some_and(|s| s.is_damaged(decoded.time)));
            self.health.set_lagging(self.lateness.picture(now, late.max(behind)));
            let is_behind = behind > Lateness::LATE_MAX;
            self.delay.picture(now, if is_behind { Duration::ZERO } else { late });
            now_utc.plus_micros(-late_us)
        };
        let shot = Shot {
            segment: self.segment,
            era: self.era,
            time: decoded.time,
            utc,
            picture: Arc::new(decoded.picture),
        };
        let same = self.setup.source.is_live()
            && self.newest.as_ref().is_some_and(|newest| newest.picture == shot.picture);
        self.health.picture(now, same);
        self.newest = Some(shot.clone());
        self.clips.picture(&shot);
        self.see_to_clips();
        if let Play::Paused { show_one: true } = self.play {
            self.play = Play::Paused { show_one: false };
            self.publish_unseen(&shot);
            return;
        }
        if self.motion.picture(shot.time, &shot.picture) {
            self.evidence.motion(now);
        }
        self.see_to_need();
        let look = self.view.picture(now, &shot.picture);
        self.health.set_view(self.view.blind());
        match look {
            Look::Good => self.push(shot),
            // That nobody is found there says nothing.
            Look::Doubtful(reason) | Look::Blind(reason) => {
                self.not_analysed(shot.time, reason.name());
                self.publish_unseen(&shot);
            }
        }
    }

    /// Looks more or less often, as what happens in the picture asks for.
    fn see_to_need(&mut self) {
        let now = self.now();
        let need = self.evidence.need(now);
        if need != self.need {
            if self.need == Need::Quiet {
                // Whatever begins is looked at at once.
                self.limit.reset();
            }
            self.need = need;
            self.pace(now);
            self.see_to_decoding();
        }
    }

    /// Decodes no more than is needed where nobody is and nobody looks, or where
    /// the machine is short of time; takes the camera's own evidence of motion.
    fn see_to_decoding(&mut self) {
        let Some(stream) = self.stream.as_ref() else { return };
        let moved = stream.size_motion_at();
        let quiet = self.need == Need::Quiet;
        stream.set_economy(quiet && (!self.outlet.is_viewed() || self.lane.is_short()));
        if moved > self.size_motion {
            self.size_motion = moved;
            let now = self.now();
            self.evidence.motion(now);
        }
    }

    /// Tells everybody concerned how often to look.
    fn pace(&mut self, now: Duration) {
        let wish = need::wish(self.need, &self.config);
        self.lane.set_wish(wish);
        self.health.set_pace(now, wish.period, self.need == Need::Quiet);
    }

    /// The detector went or came back: a camera is blind from the first moment on.
    fn detector_changed(&mut self) {
        let state = self.detector.borrow_and_update().clone();
        if let DetectorState::Down(_) = state {
            self.health.analysis_failed();
            if let Some(newest) = self.newest.as_ref().map(|shot| shot.time) {
                self.not_analysed(newest, "detector_failed");
            }
            self.tick();
        }
    }

    /// From now on answers about earlier pictures are of no interest.
    fn begin_era(&mut self) {
        self.era += 1;
        self.lane.withdraw();
        self.behind = None;
        self.closer = None;
        self.second_look.reset();
        self.shown = None;
    }

    fn period(&self) -> Duration {
        need::wish(self.need, &self.config).period
    }

    /// Tells the rules that nobody looked up to this time.
    fn not_analysed(&mut self, to: PictureTime, reason: &'static str) {
        let from = self.last_analysed.max(self.not_looked_to).unwrap_or(to).min(to);
        self.not_looked_to = Some(to);
        if let Some(analyst) = self.analyst.as_mut() {
            self.outlet.changes(analyst.not_analysed(from, to, reason));
        }
    }

    // Time -------------------------------------------------------------------

    fn tick(&mut self) {
        let now = self.now();
        if self.lateness.is_late(now) {
            self.health.set_lagging(true);
        }
        self.see_to_decoding();
        self.see_to_need();
        let silent = self.health.picture_age(now).is_none_or(|age| age > SILENCE_MAX);
        if silent
            && self.play == Play::Playing
            && self.held.is_none()
            && self.open_for(now) > SILENCE_MAX
        {
            self.stream = None;
            self.end_segment("discontinuity");
            self.fail(BlindReason::NoPictures, "the source is open, but sends no pictures");
        } else if self.stream.is_some() && self.delay.lasts(now) > DELAYED_MAX {
            self.stream = None;
            self.end_segment("discontinuity");
            self.fail(
                BlindReason::AnalysisLate,
                "pictures come late, or the camera's clock is slow",
            );
        }
        self.see_to_clips();
        self.report();
        self.outlet.flush();
    }

    fn open_for(&self, now: Duration) -> Duration {
        if self.stream.is_some() { self.health.opened_for(now) } else { Duration::ZERO }
    }
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

#[cfg(test)]
mod tests;
