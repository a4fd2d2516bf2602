//! A heart that beats on the loop, and a call that blocks: on the loop, and aside.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::at_least;
use crate::experiment::{Check, Findings, Given, LabError};
use crate::experiments::together::PATIENCE;

/// From one beat of the heart to the next.
const BEAT: Duration = Duration::from_millis(10);

/// A call that blocks, on the loop and aside, with a heart that beats meanwhile.
pub(super) fn stalls(
    given: &Given<'_>,
    runtime: &Runtime,
    length: Duration,
    findings: &mut Findings,
) -> Result<(), LabError> {
    let (on_loop, (beats, gap)) = given.measure("blocking on the loop", || {
        runtime.block_on(with_heart(|heart| async move {
            // What must not be done in a task, done on purpose.
            Some(blocking_call(&heart, length, 0))
        }))
    })?;
    let (aside, (beats_aside, gap_aside)) = given.measure("blocking aside", || {
        runtime.block_on(with_heart(|heart| async move {
            spawn_blocking(move || blocking_call(&heart, length, 3)).await.ok()
        }))
    })?;
    findings.checks.extend([
        Check::equal("beats during the call on the loop", &0, &beats),
        at_least("the gap around the call on the loop", length, gap.as_secs_f64()),
        Check::bound("beats during the call aside", ">= 3", beats_aside, beats_aside >= 3),
    ]);
    findings.goals.push(Check::bound(
        "gap around the call aside",
        format!("< {} ms", length.as_millis()),
        format!("{} ms", gap_aside.as_millis()),
        gap_aside < length,
    ));
    let figure = |gap: Duration| gap.as_secs_f64() * 1000.0;
    findings.ways.push(on_loop.with("longest gap", figure(gap), "ms"));
    findings.ways.push(aside.with("longest gap", figure(gap_aside), "ms"));
    Ok(())
}

/// Sleeps as a thread does, and if need be until so many beats came meanwhile; gives how many came.
fn blocking_call(heart: &Heart, length: Duration, wanted: u64) -> u64 {
    let (begun, before) = (Instant::now(), heart.beats());
    std::thread::sleep(length);
    // Of a busy machine even 300 ms may not be enough for three beats; of a loop that is blocked no time is.
    while heart.beats() < before + wanted && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    heart.beats() - before
}

/// Counts beats and keeps the longest gap between two.
#[derive(Debug, Default)]
struct Heart {
    beats: AtomicU64,
    longest_gap_ns: AtomicU64,
}

impl Heart {
    fn beats(&self) -> u64 {
        self.beats.load(Ordering::SeqCst)
    }

    async fn beat(&self) {
        let mut ticks = interval(BEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last: Option<Instant> = None;
        loop {
            ticks.tick().await;
            let now = Instant::now();
            let gap = last.map_or(Duration::ZERO, |last| now - last);
            last = Some(now);
            self.longest_gap_ns
                .fetch_max(u64::try_from(gap.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
            self.beats.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn next_beat(&self) {
        let before = self.beats();
        while self.beats() == before {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Does the work between two beats; gives what it gave and the longest gap.
async fn with_heart<F>(work: impl FnOnce(Arc<Heart>) -> F) -> Result<(u64, Duration), LabError>
where
    F: Future<Output = Option<u64>>,
{
    let heart = Arc::new(Heart::default());
    let worked = async {
        heart.next_beat().await;
        let given = work(Arc::clone(&heart)).await;
        heart.next_beat().await;
        given
    };
    let given = tokio::select! {
        given = timeout(2 * PATIENCE, worked) => given.ok().flatten(),
        () = heart.beat() => None,
    };
    let gap = Duration::from_nanos(heart.longest_gap_ns.load(Ordering::SeqCst));
    Ok((given.ok_or_else(|| LabError::failed("a blocking call", "it did not end"))?, gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_waits_as_a_task_does_stops_no_heart() {
        let worked = with_heart(|heart| async move {
            let before = heart.beats();
            heart.next_beat().await;
            Some(heart.beats() - before)
        });
        let (beats, gap) = worked.await.unwrap();
        assert!(beats > 0, "the check of a stalled loop would fail here");
        assert!(gap > Duration::ZERO);
    }
}
