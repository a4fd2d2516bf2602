//! Results that come later: asked for, waited for with a limit, cancelled, failed.

use std::any::Any;
use std::future::Future;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::together::PATIENCE;
use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Text};

const ABOUT: About = About {
    name: "futures",
    source: "003",
    title: Text { en: "Results that come later", ko: "나중에 오는 결과" },
    shows: Text {
        en: "What concurrent.futures does, with tasks of tokio: a result is waited for with a limit, and the task goes \
             on; it is cancelled even while it runs, where Python can only cancel what has not begun; and how it ended is \
             a typed value. Work for the cores alone (map) is rayon's.",
        ko: "concurrent.futures가 하는 일을 tokio 태스크로 한다. 제한 시간까지만 결과를 기다려도 태스크는 계속된다. \
             Python은 시작 전의 작업만 취소할 수 있지만 여기서는 실행 중에도 취소된다. 어떻게 끝났는지는 타입이 있는 값으로 \
             돌아온다. 코어만 쓰는 일(map)은 rayon이 맡는다.",
    },
    published: Text { en: "100; [1, 4, 9, 16]", ko: "100; [1, 4, 9, 16]" },
    choice: Text {
        en: "Every answer that is waited for has a limit (the detector's, a decoder's, a camera's), and a failure is a value: an analysis is \
             done, skipped or failed, and never an empty list by mistake.",
        ko: "탐지기, 디코더, 카메라의 응답은 모두 제한 시간을 두고 기다린다. 실패도 값이다. 분석은 완료, 건너뜀, 실패 중 \
             하나이며, 실패가 빈 목록으로 둔갑하지 않는다.",
    },
    libraries: &["tokio", "rayon"],
    size: None,
};

/// One task takes microseconds, and less than the noise of a machine: so many are submitted, and fail.
const TIMES: usize = 500;

/// Why there is no result.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum FutureError {
    #[error("no result in time")]
    TimedOut,
    #[error("cancelled")]
    Cancelled,
    #[error("failed: {0}")]
    Failed(String),
    #[error("panicked: {0}")]
    Panicked(String),
}

type Task<T> = JoinHandle<Result<T, FutureError>>;

/// Waits so long for the result; a task that takes longer goes on and can be asked again.
async fn result<T>(task: &mut Task<T>, patience: Duration) -> Result<T, FutureError> {
    match timeout(patience, task).await {
        Err(_elapsed) => Err(FutureError::TimedOut),
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => Err(match error.try_into_panic() {
            Ok(panic) => FutureError::Panicked(words(&*panic)),
            Err(_cancelled) => FutureError::Cancelled,
        }),
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    panic.downcast_ref::<&str>().map_or_else(|| "no words".to_owned(), ToString::to_string)
}

fn said<T: ToString>(result: Result<T, FutureError>) -> String {
    result.map_or_else(|error| error.to_string(), |given| given.to_string())
}

async fn squared(number: u64) -> Result<u64, FutureError> {
    Ok(number * number)
}

/// The experiment.
pub(super) struct Futures;

impl Experiment for Futures {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .map_err(|error| LabError::failed("starting the runtime", error))?;
        let limit = Duration::from_millis(if given.reduced { 5 } else { 50 });
        let mut findings = Findings::default();
        show(given, &runtime, &mut findings, "submit", submit())?;
        show(given, &runtime, &mut findings, "map", async { vec![map()] })?;
        show(given, &runtime, &mut findings, "as_completed", as_completed([3, 1, 4, 0, 2]))?;
        show(given, &runtime, &mut findings, "timeout", time_limit(limit))?;
        show(given, &runtime, &mut findings, "cancel", cancel())?;
        show(given, &runtime, &mut findings, "exception", exception())?;
        Ok(findings)
    }
}

fn show(
    given: &Given<'_>,
    runtime: &Runtime,
    findings: &mut Findings,
    name: &str,
    work: impl Future<Output = Vec<Check>>,
) -> Result<(), LabError> {
    let (way, checks) = given.measure(name, || Ok(runtime.block_on(work)))?;
    findings.ways.push(way);
    findings.checks.extend(checks);
    Ok(())
}

async fn submit() -> Vec<Check> {
    let mut right = 0;
    for _ in 0..TIMES {
        right += usize::from(said(result(&mut tokio::spawn(squared(10)), PATIENCE).await) == "100");
    }
    vec![Check::equal("submitted tasks that gave 100", &TIMES, &right)]
}

/// The squares come in the order of the numbers, whichever thread makes them.
fn map() -> Check {
    let squares: Vec<u64> =
        [1, 2, 3, 4].into_par_iter().map(|number: u64| number * number).collect();
    Check::equal("map", "[1, 4, 9, 16]", &format!("{squares:?}"))
}

/// Five downloads of which each ends when its gate opens; the gates open in this order.
async fn as_completed(order: [usize; 5]) -> Vec<Check> {
    let mut tasks = JoinSet::new();
    let mut gates = Vec::new();
    for number in 0..order.len() {
        let (open, opened) = oneshot::channel::<()>();
        gates.push(Some(open));
        tasks.spawn(async move { opened.await.map(|()| number) });
    }
    let mut completed = Vec::new();
    for number in order {
        // A gate opens once.
        let Some(gate) = gates[number].take() else { break };
        if gate.send(()).is_err() {
            break;
        }
        match timeout(PATIENCE, tasks.join_next()).await {
            Ok(Some(Ok(Ok(number)))) => completed.push(number),
            _ => break,
        }
    }
    vec![Check::equal("as_completed", &format!("{order:?}"), &format!("{completed:?}"))]
}

/// Waits in vain for a task, then opens its gate and asks again.
async fn time_limit(limit: Duration) -> Vec<Check> {
    let (open, opened) = oneshot::channel();
    let mut task = tokio::spawn(async move {
        opened.await.map_err(|error| FutureError::Failed(error.to_string()))
    });
    let begun = Instant::now();
    let early = said(result(&mut task, limit).await);
    let waited = begun.elapsed();
    let opened = open.send(100).is_ok();
    let late = said(result(&mut task, PATIENCE).await);
    vec![
        Check::equal("timeout", "no result in time", &early),
        Check::bound(
            "waited",
            format!("at least {} ms", limit.as_millis()),
            format!("{} ms", waited.as_millis()),
            waited >= limit,
        ),
        Check::equal("asked again after the timeout", "100", if opened { &late } else { "gone" }),
    ]
}

/// Cancels a task that has begun; it never gets behind its gate, although that opens.
async fn cancel() -> Vec<Check> {
    let (begin, begun) = oneshot::channel();
    let (open, opened) = oneshot::channel::<()>();
    let mut task: Task<&str> = tokio::spawn(async move {
        let told = begin.send(()).is_ok();
        opened.await.map_err(|error| FutureError::Failed(error.to_string()))?;
        Ok(if told { "went on" } else { "nobody was told that it had begun" })
    });
    let begun = matches!(timeout(PATIENCE, begun).await, Ok(Ok(())));
    task.abort_handle().abort();
    let ended = said(result(&mut task, PATIENCE).await);
    vec![
        Check::equal("had begun before it was cancelled", &true, &begun),
        Check::equal("cancel", "cancelled", &ended),
        Check::equal("waits for its gate after it", &false, &open.send(()).is_ok()),
    ]
}

/// An error and a panic reach who asks for the result, and nobody else.
async fn exception() -> Vec<Check> {
    let mut failed = 0;
    for _ in 0..TIMES {
        let mut fails: Task<u64> =
            tokio::spawn(async { Err(FutureError::Failed("no such page".to_owned())) });
        let ended = said(result(&mut fails, PATIENCE).await);
        failed += usize::from(ended == "failed: no such page");
    }
    // As panic! does, without a message on the terminal: this one is meant.
    let mut panics: Task<u64> =
        tokio::spawn(async { std::panic::resume_unwind(Box::new("index out of bounds")) });
    let panicked = said(result(&mut panics, PATIENCE).await);
    let next = said(result(&mut tokio::spawn(squared(2)), PATIENCE).await);
    vec![
        Check::equal("tasks that failed with 'no such page'", &TIMES, &failed),
        Check::equal("panic", "panicked: index out of bounds", &*panicked),
        Check::equal("the next task", "4", &*next),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gate_that_is_not_there_is_noticed() {
        let checks = as_completed([0, 1, 2, 3, 3]).await;
        assert!(!checks[0].held, "the fifth can't open twice: {checks:?}");
    }

    #[tokio::test]
    async fn each_end_of_a_task_is_an_error_of_its_own() {
        let mut pending: Task<u64> = tokio::spawn(std::future::pending());
        assert_eq!(result(&mut pending, Duration::ZERO).await, Err(FutureError::TimedOut));
        pending.abort();
        assert_eq!(result(&mut pending, PATIENCE).await, Err(FutureError::Cancelled));
        let mut panics: Task<u64> = tokio::spawn(async { std::panic::resume_unwind(Box::new(7)) });
        let words = FutureError::Panicked("no words".to_owned());
        assert_eq!(result(&mut panics, PATIENCE).await, Err(words));
    }
}
