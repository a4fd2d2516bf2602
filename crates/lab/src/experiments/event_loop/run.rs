//! The event loop: one thread on which the cameras' tasks run, that answers commands meanwhile and notices
//! by itself when it stood still.

use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::cameras::{By, CameraLog, Cell, Feed};
use crate::experiment::LabError;

/// Between two commands. Not a part of the cameras' period, or they would always meet at the same places.
const COMMANDS_EVERY: Duration = Duration::from_millis(19);
/// Between two beats.
const BEAT: Duration = Duration::from_millis(2);
/// The cameras have to be through with their pictures so long after the last, however busy the machine is.
const GRACE: Duration = Duration::from_secs(60);

/// What the loop lived through.
#[derive(Debug)]
pub(super) struct LoopLog {
    pub(super) cameras: Vec<CameraLog>,
    /// From sending each command to its answer.
    pub(super) commands: Vec<Duration>,
    pub(super) sent: usize,
    /// Between two beats.
    pub(super) longest_gap: Duration,
    /// The loop's.
    pub(super) thread: ThreadId,
}

impl LoopLog {
    /// The shortest detection on the loop's own thread.
    pub(super) fn shortest_detection_here(&self) -> Option<Duration> {
        let answers = self.cameras.iter().flat_map(|camera| &camera.answers);
        let here = answers.filter_map(|answer| match answer.by {
            By::Thread(thread, took) if thread == self.thread => Some(took),
            By::Thread(..) | By::Process(_) => None,
        });
        here.min()
    }
}

/// Runs cameras on a loop of their own, on this thread, until each picture was answered or replaced.
pub(super) fn run(
    cell: &Cell,
    cameras: impl FnOnce(Vec<Feed>) -> JoinSet<Result<CameraLog, LabError>>,
) -> Result<LoopLog, LabError> {
    let failed = |why: &dyn std::fmt::Display| LabError::failed("an event loop", why);
    // A camera has one picture with the threads at most: more of them would have nothing to do.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(cell.cameras)
        .build()
        .map_err(|error| failed(&error))?;
    runtime.block_on(async {
        let count = usize::try_from(cell.lasts.as_millis() / COMMANDS_EVERY.as_millis())
            .unwrap_or(usize::MAX)
            .clamp(1, 10_000);
        // All find room, so that those which the loop is too late for are not left out.
        let (commander, commands) = mpsc::channel(count);
        let (end, ended) = oneshot::channel();
        let beating = tokio::spawn(beats(Instant::now(), ended));
        let answering = tokio::spawn(answers(commands));
        let sending = thread::spawn(move || send(&commander, count));
        let mut tasks = cameras(cell.feeds());
        let mut cameras = Vec::new();
        let whole = async {
            while let Some(camera) = tasks.join_next().await {
                cameras.push(camera.map_err(|error| failed(&error))??);
            }
            Ok::<_, LabError>(())
        };
        let limit = cell.lasts + GRACE;
        timeout(limit, whole).await.map_err(|_late| {
            failed(&format!("the pictures were not through within {limit:?}"))
        })??;
        // It ends by itself, when the last command has been answered.
        let commands = answering.await.map_err(|error| failed(&error))?;
        end.send(()).map_err(|()| failed(&"its heart stopped"))?;
        let longest_gap = beating.await.map_err(|error| failed(&error))?;
        let sent = sending.join().map_err(|_panic| failed(&"the commander broke off"))?;
        Ok(LoopLog { cameras, commands, sent, longest_gap, thread: thread::current().id() })
    })
}

/// Sends so many commands, at their times, whatever the loop does meanwhile.
fn send(to: &mpsc::Sender<Instant>, count: usize) -> usize {
    let mut due = Instant::now();
    let mut sent = 0;
    for _ in 0..count {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        due += COMMANDS_EVERY;
        if to.try_send(Instant::now()).is_ok() {
            sent += 1;
        }
    }
    sent
}

/// Answers each command with how long it waited.
async fn answers(mut commands: mpsc::Receiver<Instant>) -> Vec<Duration> {
    let mut waited = Vec::new();
    while let Some(sent) = commands.recv().await {
        waited.push(sent.elapsed());
    }
    waited
}

/// The longest time between two turns of a task that wants one at every beat.
async fn beats(begun: Instant, mut end: oneshot::Receiver<()>) -> Duration {
    let (mut longest, mut last) = (Duration::ZERO, begun);
    loop {
        let ended = timeout(BEAT, &mut end).await.is_ok();
        longest = longest.max(last.elapsed());
        last = Instant::now();
        if ended {
            return longest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_waits_from_when_it_was_sent() {
        let (sender, commands) = mpsc::channel(1);
        sender.try_send(Instant::now()).unwrap();
        drop(sender);
        thread::sleep(Duration::from_millis(8));
        let waited = answers(commands).await;
        assert!(waited.len() == 1 && waited[0] >= Duration::from_millis(8), "{waited:?}");
    }
}
