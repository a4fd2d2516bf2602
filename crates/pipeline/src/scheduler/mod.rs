//! The detection scheduler: one place for each camera's newest picture, and a
//! task that keeps the detector supplied with the most urgent ones.
//!
//! Queues: a camera's waiting picture (1, `latest`), its answer (1; the next
//! picture is taken when the answer has been), batches with the detector (its
//! capacity, `block`).

mod schedule;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use safe_yolo_core::{Analysis, Detection, PictureSize};
use safe_yolo_infer::detector::SCORE_MIN;
use safe_yolo_infer::{Analyser, DetectorState};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::shot::Shot;
pub use schedule::Wish;
use schedule::{LaneId, Schedule, Taken};

/// A picture that waited longer for its turn says that the detector is short.
const SHORT_AFTER: Duration = Duration::from_millis(120);

/// And so it is for this long after.
const SHORT_HOLD: Duration = Duration::from_secs(3);

/// A picture and what became of it.
pub type Answer = (Shot, Analysis<Vec<Detection>>);

/// The scheduler; cheap to clone. Its task ends with the last clone.
#[derive(Debug, Clone)]
pub struct Scheduler {
    inner: Arc<Inner>,
    _end: Arc<DropGuard>,
}

#[derive(Debug)]
struct Inner {
    analyser: Arc<dyn Analyser>,
    board: Mutex<Board>,
    news: Notify,
    begun: Instant,
    /// When pictures last waited too long, milliseconds since `begun`; 0 for never.
    short_at_ms: AtomicU64,
}

#[derive(Debug, Default)]
struct Board {
    schedule: Schedule<Shot>,
    /// One for each camera that is there.
    answers: BTreeMap<LaneId, mpsc::Sender<Answer>>,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Scheduler {
    /// A scheduler for this detector; needs a tokio runtime.
    pub fn start(analyser: Arc<dyn Analyser>) -> Self {
        let inner = Arc::new(Inner {
            analyser,
            board: Mutex::default(),
            news: Notify::new(),
            begun: Instant::now(),
            short_at_ms: AtomicU64::new(0),
        });
        let end = CancellationToken::new();
        tokio::spawn(keep_up(Arc::clone(&inner), end.clone()));
        Self { inner, _end: Arc::new(end.drop_guard()) }
    }

    /// A place for a camera.
    pub fn lane(&self, wish: Wish) -> Lane {
        // One in flight at most: an answer always finds room.
        let (sender, answers) = mpsc::channel(1);
        let now = self.inner.now();
        let mut board = self.inner.lock();
        let id = board.schedule.add(wish, now);
        board.answers.insert(id, sender);
        drop(board);
        Lane { id, scheduler: self.clone(), answers, wish, input: None }
    }

    /// Whether pictures wait for the detector longer than they should.
    pub fn is_short(&self) -> bool {
        let at = Duration::from_millis(self.inner.short_at_ms.load(Ordering::Relaxed));
        !at.is_zero() && self.inner.now().saturating_sub(at) < SHORT_HOLD
    }
}

/// A camera's place; the camera leaves by dropping it.
#[derive(Debug)]
pub struct Lane {
    id: LaneId,
    scheduler: Scheduler,
    answers: mpsc::Receiver<Answer>,
    wish: Wish,
    /// The last picture size and the model's input for it.
    input: Option<(PictureSize, PictureSize)>,
}

/// What became of a picture that was pushed.
#[derive(Debug)]
pub struct Pushed {
    /// A picture that will not be analysed: the older one that gave way, or
    /// this one if its turn has not come.
    pub passed_over: Option<Shot>,
    /// Whether `passed_over` had been waiting for its analysis.
    pub was_waiting: bool,
    /// For how long an older picture of the camera has been analysed, if one is.
    pub in_flight: Option<Duration>,
}

impl Lane {
    /// A new picture. It waits for its analysis if it is `due`, or in the place of
    /// an older one that still waits.
    pub fn push(&mut self, shot: Shot, due: bool) -> Pushed {
        let input = self.input_for(shot.picture.size());
        let inner = &self.scheduler.inner;
        let now = inner.now();
        let mut board = inner.lock();
        let in_flight = board.schedule.in_flight_for(self.id, now);
        let is_waiting = board.schedule.is_waiting(self.id);
        if !due && !is_waiting {
            return Pushed { passed_over: Some(shot), was_waiting: false, in_flight };
        }
        let passed_over = board.schedule.offer(self.id, shot, input, now);
        drop(board);
        inner.news.notify_one();
        Pushed { was_waiting: passed_over.is_some(), passed_over, in_flight }
    }

    /// The model's input for pictures of this size.
    pub fn input_for(&mut self, size: PictureSize) -> PictureSize {
        let input = match self.input {
            Some((of, input)) if of == size => input,
            _ => self.scheduler.inner.analyser.info().input_for(size),
        };
        self.input = Some((size, input));
        input
    }

    /// Nobody wants to know any more: what waits is taken back.
    pub fn withdraw(&self) {
        drop(self.scheduler.inner.lock().schedule.withdraw(self.id));
    }

    /// How often and how urgently to look from now on.
    pub fn set_wish(&mut self, wish: Wish) {
        if self.wish != wish {
            self.wish = wish;
            self.scheduler.inner.lock().schedule.set_wish(self.id, wish);
        }
    }

    /// The next answer; waits for as long as there is none. May be cancelled
    /// without losing one.
    pub async fn answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => {
                self.scheduler.inner.lock().schedule.finished(self.id);
                self.scheduler.inner.news.notify_one();
                answer
            }
            // The sender lives as long as this does.
            None => std::future::pending().await,
        }
    }

    /// Whether the detector works, now and whenever that changes.
    pub fn detector(&self) -> watch::Receiver<DetectorState> {
        self.scheduler.inner.analyser.state()
    }

    /// Whether the detector is short of time for all cameras.
    pub fn is_short(&self) -> bool {
        self.scheduler.is_short()
    }

    /// Model input pixels a pixel of pictures of this size.
    pub fn input_scale(&self, picture: PictureSize) -> f32 {
        self.scheduler.inner.analyser.info().input_scale(picture)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut board = self.scheduler.inner.lock();
        board.schedule.remove(self.id);
        board.answers.remove(&self.id);
    }
}

/// Runs the dispatcher, and again if it should break off: no camera's analysis
/// ends for a fault in another's.
async fn keep_up(inner: Arc<Inner>, end: CancellationToken) {
    loop {
        let dispatcher = tokio::spawn(dispatch(Arc::clone(&inner)));
        let abort = dispatcher.abort_handle();
        tokio::select! {
            () = end.cancelled() => {
                abort.abort();
                return;
            }
            ended = dispatcher => {
                let error = ended.err().map(|error| error.to_string());
                tracing::error!(error, "the scheduler broke off; it is started anew");
                metrics::counter!("safe_yolo_scheduler_restarts_total").increment(1);
                inner.lock().schedule.release_all();
            }
        }
    }
}

/// Keeps the detector supplied.
async fn dispatch(inner: Arc<Inner>) {
    let mut detector = inner.analyser.state();
    let mut running = FuturesUnordered::new();
    loop {
        let is_ready = *detector.borrow_and_update() == DetectorState::Ready;
        let fuller_at = loop {
            match if is_ready { next_batch(&inner, running.len()) } else { Next::Nothing } {
                Next::Batch(batch) => running.push(run(Arc::clone(&inner), batch)),
                Next::Wait(until) => break Some(inner.begun + until),
                Next::Nothing => break None,
            }
        };
        tokio::select! {
            biased;
            Some(()) = running.next() => {}
            Ok(()) = detector.changed() => {}
            () = inner.news.notified() => {}
            () = sleep_until(fuller_at) => {}
        }
    }
}

enum Next {
    Batch(Vec<Taken<Shot>>),
    /// A fuller batch is waited for until then.
    Wait(Duration),
    Nothing,
}

fn next_batch(inner: &Inner, running: usize) -> Next {
    let capacity = inner.analyser.capacity();
    let now = inner.now();
    let mut board = inner.lock();
    let ready = board.schedule.ready();
    #[expect(clippy::cast_precision_loss, reason = "as many as there are cameras")]
    metrics::gauge!("safe_yolo_scheduler_waiting_pictures").set(ready as f64);
    if ready == 0 {
        return Next::Nothing;
    }
    if running >= capacity.batches {
        return Next::Nothing;
    }
    if ready < capacity.batch
        && let Some(oldest) = board.schedule.oldest()
        && now < oldest + capacity.wait
    {
        return Next::Wait(oldest + capacity.wait);
    }
    let batch = board.schedule.take(now, capacity.batch);
    drop(board);
    let waited = batch.iter().map(|taken| taken.waited).max().unwrap_or_default();
    if waited > SHORT_AFTER {
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        inner.short_at_ms.store(now_ms.max(1), Ordering::Relaxed);
    }
    metrics::histogram!("safe_yolo_scheduler_wait_seconds").record(waited.as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "at most 32")]
    metrics::histogram!("safe_yolo_scheduler_batch_pictures").record(batch.len() as f64);
    Next::Batch(batch)
}

/// Has a batch analysed and gives each camera its answer.
async fn run(inner: Arc<Inner>, batch: Vec<Taken<Shot>>) {
    let pictures = batch.iter().map(|taken| Arc::clone(&taken.picture.picture)).collect();
    let mut answers = inner.analyser.analyse(pictures, SCORE_MIN).await.into_iter();
    let board = inner.lock();
    for taken in batch {
        let missing = || Analysis::Failed("the detector gave no answer for it".into());
        let analysis = answers.next().unwrap_or_else(missing);
        // A camera that is gone needs no answer; another has room for it.
        if let Some(to) = board.answers.get(&taken.lane) {
            to.try_send((taken.picture, analysis)).ok();
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
