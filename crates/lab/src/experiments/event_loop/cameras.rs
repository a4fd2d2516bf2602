//! Cameras that offer a picture every period, and what became of each of them.

use std::ops::Range;
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use safe_yolo_core::Detection;
use safe_yolo_media::picture::I420;
use tokio::time::Instant;

/// Pictures of a camera.
const A_SECOND: u32 = 15;
/// Between two of them.
pub(super) const PERIOD: Duration = Duration::from_micros(66_667);

/// What is measured: one design with so many cameras.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) cameras: usize,
    pub(super) lasts: Duration,
    pub(super) pictures: Vec<Arc<I420>>,
}

impl Cell {
    /// Pictures that each camera offers: at least two, or there would be no time between answers.
    pub(super) fn offered(&self) -> u32 {
        let count = self.lasts.as_micros() * u128::from(A_SECOND) / 1_000_000;
        u32::try_from(count).unwrap_or(u32::MAX).max(2)
    }

    /// Which picture a camera shows at this place; no two cameras show the same at a time until they go round.
    pub(super) fn which(&self, camera: usize, number: u32) -> usize {
        (camera + number as usize) % self.pictures.len().max(1)
    }

    /// The cameras' pictures from now on; cameras are not in step with each other.
    pub(super) fn feeds(&self) -> Vec<Feed> {
        let now = Instant::now();
        let feed = |camera: usize| {
            let after = PERIOD.mul_f64(number(camera) / number(self.cameras));
            let shown = (0..self.offered()).map(|at| &self.pictures[self.which(camera, at)]);
            Feed { camera, begun: now + after, pictures: shown.map(Arc::clone).collect(), next: 0 }
        };
        (0..self.cameras).map(feed).collect()
    }
}

/// The pictures of one camera. Nobody has to take them in time: they come, as from a real one.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) camera: usize,
    begun: Instant,
    pictures: Vec<Arc<I420>>,
    next: u32,
}

/// The newest picture, and those before it that nobody took.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) number: u32,
    pub(super) picture: Arc<I420>,
    pub(super) overtaken: Range<u32>,
}

impl Feed {
    /// The newest picture, as soon as there is one that was not taken; none after the last. May be cancelled.
    pub(super) async fn newest(&mut self) -> Option<Offer> {
        let last = u32::try_from(self.pictures.len()).unwrap_or(u32::MAX).checked_sub(1)?;
        if self.next > last {
            return None;
        }
        let due = self.begun + PERIOD * self.next;
        if Instant::now() < due {
            tokio::time::sleep_until(due).await;
        } else {
            // Even when late the loop gets a turn, or no command would ever be read.
            tokio::task::yield_now().await;
        }
        let by_now = self.begun.elapsed().as_micros() / PERIOD.as_micros();
        // A timer may be early by its grain: what was waited for is there.
        let number = u32::try_from(by_now).unwrap_or(u32::MAX).clamp(self.next, last);
        let overtaken = self.next..number;
        self.next = number + 1;
        let picture = Arc::clone(self.pictures.get(number as usize)?);
        Some(Offer { number, picture, overtaken })
    }
}

/// Who looked at a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A thread of this process, for so long.
    Thread(ThreadId, Duration),
    /// Another process.
    Process(u32),
}

impl By {
    /// Whether this thread did.
    pub(super) fn is_thread(self, thread: ThreadId) -> bool {
        match self {
            Self::Thread(by, _) => by == thread,
            // A process that is ours is no other: it counts as the loop's own thread.
            Self::Process(pid) => pid == std::process::id(),
        }
    }
}

/// What was seen in one picture.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) number: u32,
    pub(super) at: Instant,
    pub(super) found: Vec<Detection>,
    pub(super) by: By,
}

/// What became of a camera's pictures.
#[derive(Debug)]
pub(super) struct CameraLog {
    /// Its number: cameras end in any order.
    pub(super) camera: usize,
    pub(super) answers: Vec<Answer>,
    /// The numbers of those that a newer one replaced.
    pub(super) replaced: Vec<u32>,
}

impl CameraLog {
    /// Nothing yet.
    pub(super) const fn of(camera: usize) -> Self {
        Self { camera, answers: Vec::new(), replaced: Vec::new() }
    }

    pub(super) fn answer(&mut self, number: u32, found: Vec<Detection>, by: By) {
        self.answers.push(Answer { number, at: Instant::now(), found, by });
    }

    /// How many of the pictures offered were either answered or replaced, and only once.
    pub(super) fn accounted_once(&self, offered: u32) -> usize {
        let mut times = vec![0_u32; offered as usize];
        let answered = self.answers.iter().map(|answer| answer.number);
        for number in answered.chain(self.replaced.iter().copied()) {
            if let Some(times) = times.get_mut(number as usize) {
                *times += 1;
            }
        }
        times.iter().filter(|times| **times == 1).count()
    }

    /// How many answers are about a picture that is not newer than the one before.
    pub(super) fn out_of_order(&self) -> usize {
        self.answers.windows(2).filter(|two| two[1].number <= two[0].number).count()
    }

    /// The times between answers.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Duration> {
        self.answers.windows(2).map(|two| two[1].at.saturating_duration_since(two[0].at))
    }
}

/// The value that this part (0 to 1) of the values does not exceed; zero when there are none.
pub(super) fn quantile(values: &[Duration], part: f64) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort();
    let at = sorted
        .iter()
        .zip(1_usize..)
        .find(|(_, up_to)| number(*up_to) >= part * number(sorted.len()));
    at.map_or(Duration::ZERO, |(value, _)| *value)
}

/// Each one's share; nothing when there is nobody.
pub(super) fn share(whole: f64, of: usize) -> f64 {
    if of == 0 { 0.0 } else { whole / number(of) }
}

/// A count to reckon with.
pub(super) fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
