//! What a thread can do: start and be joined, borrow, be left behind, wait its turn in a pool, go off later, be told to stop.
//!
//! The published programs print lines with times, and the lesson is in their order. Here each program writes into a
//! [`Log`], and what is checked is the order of what must follow each other; how long a sleep
//! took is never asked, only that it was not shorter than it should be.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use tokio_util::sync::CancellationToken;

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Text};

/// The longest that anybody waits for the others.
const WAIT_MAX: Duration = Duration::from_secs(30);

const ABOUT: About = About {
    name: "threads",
    source: "002, 003",
    title: Text { en: "The life of a thread", ko: "스레드의 일생" },
    shows: Text {
        en: "Start and join; scoped threads that borrow; a thread that ends with its program; a pool of two that takes the third \
             job when one of its threads is free; a timer; a flag and a token to stop. Each shows in the order of its events.",
        ko: "시작과 join, 지역 변수를 빌리는 스코프 스레드, 프로그램과 함께 끝나는 스레드, 한 스레드가 비면 세 번째 작업을 받는 크기 2의 \
             풀, 타이머, 종료 플래그와 취소 토큰을 다룬다. 모두 사건의 순서로 확인한다.",
    },
    published: Text {
        en: "Logs: the third job starts when the first is finished; three times 50005000",
        ko: "로그 목록: 첫 작업이 끝나면 세 번째가 시작되고, 결과는 모두 50005000",
    },
    choice: Text {
        en: "Each camera's pipeline has a thread of its own and a token that ends it where it waits. A thread that is stuck can't be \
             ended safely from outside: what it says is shut out, and a new one takes its place.",
        ko: "카메라 파이프라인마다 전용 스레드가 있고, 대기하는 곳에서 취소 토큰을 받아 끝난다. 멈춰 버린 스레드는 밖에서 안전하게 끝낼 \
             방법이 없으므로, 그 스레드가 내보내는 것은 차단하고 새 스레드로 교체한다.",
    },
    libraries: &["std", "rayon", "tokio", "tokio-util"],
    size: None,
};

/// The experiment.
pub(super) struct Threads;

impl Experiment for Threads {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let wait = Duration::from_millis(if given.reduced { 10 } else { 200 });
        let mut findings = Findings::default();
        let mut add = |(way, checks): (_, Vec<Check>)| {
            findings.ways.push(way);
            findings.checks.extend(checks);
        };
        add(given.measure("start and join", || start_and_join(wait))?);
        add(given.measure("scoped", || Ok(scoped()))?);
        add(given.measure("daemon", || daemon(given))?);
        add(given.measure("pool of two", || pool_of_two(wait))?);
        add(given.measure("timer", || timer(wait))?);
        add(given.measure("stop flag", || stop_flag(wait / 20))?);
        add(given.measure("cancellation", cancellation)?);
        Ok(findings)
    }
}

/// What happened, in the order in which it did.
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, event: impl Display) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.to_string());
    }

    fn place(&self, event: &str) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().position(|it| it == event)
    }

    /// That these events happened, each after the one before.
    fn check(&self, what: &str, events: &[&str]) -> Check {
        let places: Option<Vec<usize>> = events.iter().map(|event| self.place(event)).collect();
        Check::bound(
            what,
            events.join(" → "),
            self.0.lock().unwrap_or_else(PoisonError::into_inner).join(" → "),
            places.is_some_and(|places| places.is_sorted_by(|one, next| one < next)),
        )
    }
}

/// The thread runs beside the one that started it, and `join` waits for its end and brings its result.
fn start_and_join(wait: Duration) -> Result<Vec<Check>, LabError> {
    let log = Arc::new(Log::default());
    log.add("before");
    let (go_on, gone_on) = sync_channel(1);
    let thread = thread::spawn({
        let log = Arc::clone(&log);
        move || {
            log.add("thread starts");
            // As the published thread sleeps while the main one goes on, but certain.
            gone_on.recv_timeout(WAIT_MAX).ok();
            thread::sleep(wait);
            log.add("thread ends");
            (0..=10_000).sum::<u64>()
        }
    });
    log.add("main goes on");
    go_on.send(()).ok();
    let sum = thread.join().map_err(|_panic| LabError::failed("a thread", "it panicked"))?;
    log.add("joined");
    Ok(vec![
        log.check("main goes on", &["before", "main goes on", "thread ends", "joined"]),
        log.check("the thread runs", &["before", "thread starts", "thread ends", "joined"]),
        Check::equal("result of the joined thread", &50_005_000, &sum),
    ])
}

/// Threads that surely end before the scope does may borrow from it: neither a copy nor a counter of references.
fn scoped() -> Vec<Check> {
    let numbers: Vec<u64> = (0..=10_000).collect();
    let mut sums = [0; 4];
    let share = numbers.len().div_ceil(sums.len());
    thread::scope(|threads| {
        for (sum, numbers) in sums.iter_mut().zip(numbers.chunks(share)) {
            threads.spawn(move || *sum = numbers.iter().sum());
        }
    });
    vec![Check::equal("sum by four threads that borrow", &50_005_000, &sums.iter().sum::<u64>())]
}

/// A thread that nobody joins ends with the program; to see it, that is a program of its own.
fn daemon(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let failed = |why: &dyn Display| LabError::failed("a program with a thread left behind", why);
    let output = given.process("threads").output().map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    let said = String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>().join(" → ");
    let what = "the program does not wait for a thread left behind";
    Ok(vec![Check::equal(what, "thread starts → main ends", said.as_str())])
}

/// The program with the thread that it does not wait for.
pub(super) fn child(_arguments: &[String]) -> Result<(), LabError> {
    let (start, started) = sync_channel(1);
    // Not joined on purpose.
    let _left_behind = thread::spawn(move || {
        let said = crate::report::line(&"thread starts");
        start.send(()).ok();
        thread::sleep(WAIT_MAX);
        said.and_then(|()| crate::report::line(&"thread ends"))
    });
    let waited = started.recv_timeout(WAIT_MAX);
    waited.map_err(|error| LabError::failed("waiting for the thread", error))?;
    crate::report::line(&"main ends")
}

/// Three jobs for two threads: the third waits until one of them is free.
fn pool_of_two(wait: Duration) -> Result<Vec<Check>, LabError> {
    let pool = ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.map_err(|error| LabError::failed("starting a pool", error))?;
    let (log, begun) = (Log::default(), Instant::now());
    let mut results = [0_u64; 3];
    pool.in_place_scope_fifo(|jobs| {
        for (name, result) in ["first", "second", "third"].into_iter().zip(&mut results) {
            let log = &log;
            jobs.spawn_fifo(move |_| {
                log.add(format!("{name} starts"));
                *result = (0..=10_000).sum();
                thread::sleep(wait);
                log.add(format!("{name} ends"));
            });
        }
    });
    let took = begun.elapsed();
    let events = log.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(vec![
        third_waits(&events),
        Check::equal(
            "results of the pool",
            "[50005000, 50005000, 50005000]",
            &*format!("{results:?}"),
        ),
        at_least("three jobs on two threads", wait * 2, took),
    ])
}

/// That the third job starts last, after another has ended, and that never more than two run.
fn third_waits(events: &[String]) -> Check {
    let (mut running, mut most, mut started) = (0, 0, Vec::new());
    for event in events {
        if let Some(name) = event.strip_suffix(" starts") {
            running += 1;
            started.push(name);
        } else {
            running -= 1;
        }
        most = most.max(running);
    }
    Check::bound(
        "the third job starts when a thread is free",
        "the third one last, 2 at once at most",
        events.join(" → "),
        most <= 2 && running == 0 && started.len() == 3 && started[2] == "third",
    )
}

/// A thread that waits until its time has come, or until it is called off.
fn timer(delay: Duration) -> Result<Vec<Check>, LabError> {
    let after = |delay: Duration| {
        let (call_off, called_off) = sync_channel::<()>(1);
        let begun = Instant::now();
        let thread = thread::spawn(move || match called_off.recv_timeout(delay) {
            Err(RecvTimeoutError::Timeout) => Some(begun.elapsed()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => None,
        });
        (call_off, thread)
    };
    let failed = |_panic| LabError::failed("a timer", "it panicked");
    let (_kept, goes_off) = after(delay);
    let (call_off, called_off) = after(WAIT_MAX);
    call_off.send(()).ok();
    let late = goes_off.join().map_err(failed)?.unwrap_or_default();
    let went_off = called_off.join().map_err(failed)?.is_some();
    Ok(vec![
        at_least("the timer goes off", delay, late),
        Check::equal("the timer that was called off goes off", &false, &went_off),
    ])
}

/// A thread can't be ended from outside: it looks at a flag between two pieces of work.
fn stop_flag(step: Duration) -> Result<Vec<Check>, LabError> {
    let (log, stop) = (Log::default(), AtomicBool::new(false));
    let (report, reports) = sync_channel(3);
    thread::scope(|threads| {
        threads.spawn(|| {
            let (mut rounds, begun) = (0_u64, Instant::now());
            while !stop.load(Ordering::Acquire) && begun.elapsed() < WAIT_MAX {
                thread::sleep(step);
                rounds += 1;
                log.add(format!("round {rounds}"));
                // Full once nobody reads any more, which is nothing to wait for.
                report.try_send(()).ok();
            }
            log.add("thread ends");
        });
        let worked = (0..3).try_for_each(|_| reports.recv_timeout(WAIT_MAX));
        log.add("main says stop");
        stop.store(true, Ordering::Release);
        worked.map_err(|error| LabError::failed("waiting for three rounds", error))
    })?;
    let events = ["round 1", "round 2", "round 3", "main says stop", "thread ends"];
    Ok(vec![log.check("the thread works until the flag is set", &events)])
}

/// A task gives way wherever it waits, so a token ends it in the middle of its wait, and all that wait at it.
fn cancellation() -> Result<Vec<Check>, LabError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| LabError::failed("starting a runtime", error))?;
    let (log, token) = (Log::default(), CancellationToken::new());
    let camera = async |name: &str| {
        log.add(format!("{name} waits"));
        tokio::select! {
            () = token.cancelled() => log.add(format!("{name} is cancelled")),
            () = tokio::time::sleep(WAIT_MAX) => log.add(format!("{name} has waited for nothing")),
        }
    };
    runtime.block_on(async {
        let main = async {
            log.add("main cancels");
            token.cancel();
        };
        // On one thread, in this order: each goes on until it waits.
        tokio::join!(biased; camera("task 1"), camera("task 2"), main)
    });
    Ok((1..=2)
        .map(|task| {
            let (waits, ends) = (format!("task {task} waits"), format!("task {task} is cancelled"));
            log.check(&format!("the token ends task {task}"), &[&waits, "main cancels", &ends])
        })
        .collect())
}

fn at_least(what: &str, least: Duration, took: Duration) -> Check {
    let (expected, found) = (format!("at least {least:?}"), format!("{took:.1?}"));
    Check::bound(&format!("{what}: time"), expected, found, took >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<String> {
        text.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn a_wrong_order_is_noticed() {
        let log = Log(Mutex::new(events("before, main goes on, thread ends, joined")));
        assert!(log.check("", &["before", "thread ends", "joined"]).held);
        assert!(!log.check("", &["thread ends", "main goes on"]).held);
        assert!(!log.check("", &["before", "never"]).held);
    }

    #[test]
    fn a_third_job_that_does_not_wait_is_noticed() {
        let held = |text| third_waits(&events(text)).held;
        let [as_published, other_way_round, at_once, overtaken, unfinished] = [
            "first starts, second starts, first ends, third starts, second ends, third ends",
            "second starts, second ends, first starts, third starts, first ends, third ends",
            "first starts, second starts, third starts, first ends, second ends, third ends",
            "third starts, first starts, first ends, second starts, second ends, third ends",
            "first starts, second starts, first ends, third starts, second ends",
        ];
        assert!(held(as_published) && held(other_way_round));
        assert!(!held(at_once) && !held(overtaken) && !held(unfinished) && !held("first starts"));
    }

    #[test]
    fn a_sleep_that_was_too_short_is_noticed() {
        let second = Duration::from_secs(1);
        assert!(at_least("", second, second).held);
        assert!(!at_least("", second, Duration::from_millis(999)).held);
    }
}
