//! Tasks that sleep together on one thread, and what one blocking call does to all of them.

mod stall;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text};

const ABOUT: About = About {
    name: "async-tasks",
    source: "003",
    title: Text {
        en: "Sleeping together, and who blocks", ko: "함께 자는 태스크와 막는 호출"
    },
    shows: Text {
        en: "One thread, many tasks: three sleeps take as long as one. One blocking call stops them all: a heart that \
             beats each 10 ms stands still for as long as it lasts, and beats on when the call is made on another thread. \
             The sleeps are shorter than the published ones; --size 1000 makes them as long.",
        ko: "스레드 하나에 태스크 여럿. 세 번의 sleep이 한 번만큼 걸린다. 블로킹 호출 하나는 모두를 멈춘다. 10 ms마다 뛰던 \
             하트비트가 그동안 멎고, 그 호출을 다른 스레드로 보내면 계속 뛴다. sleep은 원문보다 짧게 했으며 --size 1000이면 \
             원문과 같다.",
    },
    published: Text {
        en: "gather of three sleeps of 1 s: 1 s, not 3",
        ko: "1초 sleep 세 개를 gather: 3초가 아니라 1초",
    },
    choice: Text {
        en: "Nothing blocks an async thread: inference has threads of its own, JPEG, password hashing and evidence \
             go to the blocking pool, SQLite has its own threads.",
        ko: "비동기 스레드를 막는 일은 없다. 추론은 전용 스레드에서, JPEG·비밀번호 해시·증거 파일은 블로킹 풀에서, SQLite는 \
             자체 스레드에서 한다.",
    },
    libraries: &["tokio"],
    size: Some(Size { unit: "ms a sleep", whole: 300, reduced: 30, most: 60_000, bytes_each: 0 }),
};

/// What happened, in order. One thread does everything, so that no lock is needed.
#[derive(Debug, Clone, Default)]
struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn note(&self, what: String) {
        self.0.borrow_mut().push(what);
    }

    fn text(&self) -> String {
        self.0.borrow().join(", ")
    }
}

async fn nap(name: char, length: Duration, log: &Log) {
    log.note(format!("{name} begins"));
    sleep(length).await;
    log.note(format!("{name} ends"));
}

/// Whether this many had begun before the first one ended: then they slept together.
fn together(log: &str, count: usize) -> bool {
    let begun = log.split(", ").take_while(|what| what.ends_with("begins")).count();
    begun == count
}

/// The experiment.
pub(super) struct AsyncTasks;

impl Experiment for AsyncTasks {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let length = Duration::from_millis(given.size);
        // One thread, as Python's loop has one: what blocks it blocks all.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| LabError::failed("starting the runtime", error))?;
        let mut findings = Findings::default();
        sleeps(given, &runtime, length, &mut findings)?;
        tasks(given, &runtime, length, &mut findings)?;
        stall::stalls(given, &runtime, length, &mut findings)?;
        Ok(findings)
    }
}

/// Three sleeps, one after the other and gathered.
fn sleeps(
    given: &Given<'_>,
    runtime: &Runtime,
    length: Duration,
    findings: &mut Findings,
) -> Result<(), LabError> {
    let log = Log::default();
    let (apart, ()) = given.measure("one after the other", || {
        runtime.block_on(async {
            nap('A', length, &log).await;
            nap('B', length, &log).await;
            nap('C', length, &log).await;
        });
        Ok(())
    })?;
    let gathered = Log::default();
    let (gather, ()) = given.measure("gather", || {
        runtime.block_on(async {
            tokio::join!(
                nap('A', length, &gathered),
                nap('B', length, &gathered),
                nap('C', length, &gathered)
            );
        });
        Ok(())
    })?;
    let one = "A begins, A ends, B begins, B ends, C begins, C ends";
    findings.checks.extend([
        Check::equal("one after the other", one, &log.text()),
        at_least("one after the other", 3 * length, apart.seconds),
        Check::equal("all three slept together", &true, &together(&gathered.text(), 3)),
        at_least("gather", length, gather.seconds),
    ]);
    let ratio = apart.seconds / gather.seconds;
    findings.goals.push(Check::bound(
        "gather is faster",
        ">= 2.5 times",
        format!("{ratio:.2}"),
        ratio >= 2.5,
    ));
    findings.ways.extend([apart, gather]);
    Ok(())
}

/// Two tasks of three rounds each, which begin when who made them first waits.
fn tasks(
    given: &Given<'_>,
    runtime: &Runtime,
    length: Duration,
    findings: &mut Findings,
) -> Result<(), LabError> {
    let log = Log::default();
    let (way, ended) = given.measure("create_task", || {
        Ok(LocalSet::new().block_on(runtime, async {
            let made: Vec<_> = ['A', 'B']
                .map(|name| {
                    let log = log.clone();
                    spawn_local(async move {
                        for _ in 0..3 {
                            nap(name, length / 3, &log).await;
                        }
                    })
                })
                .into();
            let before = log.0.borrow().len();
            (before, futures_util::future::join_all(made).await.iter().all(Result::is_ok))
        }))
    })?;
    let text = log.text();
    let rounds = |name| text.split(", ").filter(|what| **what == format!("{name} ends")).count();
    findings.checks.extend([
        Check::equal("begun before their maker waits", &0, &ended.0),
        Check::equal("both tasks ended", &true, &ended.1),
        Check::equal("both had begun before a round ended", &true, &together(&text, 2)),
        Check::equal("rounds of each", "3 and 3", &*format!("{} and {}", rounds('A'), rounds('B'))),
        at_least("create_task", length / 3 * 3, way.seconds),
    ]);
    findings.ways.push(way);
    Ok(())
}

fn at_least(what: &str, least: Duration, seconds: f64) -> Check {
    Check::bound(
        &format!("length of {what}"),
        format!("at least {:.3} s", least.as_secs_f64()),
        format!("{seconds:.3} s"),
        seconds >= least.as_secs_f64(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other_is_not_together() {
        assert!(together("A begins, B begins, C begins, B ends, A ends, C ends", 3));
        assert!(!together("A begins, A ends, B begins, B ends, C begins, C ends", 3));
        assert!(!together("A begins, B begins, A ends, C begins, C ends, B ends", 3));
        assert!(!together("", 3));
    }

    #[test]
    fn too_short_is_noticed() {
        assert!(!at_least("a sleep", Duration::from_millis(30), 0.029).held);
        assert!(at_least("a sleep", Duration::from_millis(30), 0.030).held);
    }
}
