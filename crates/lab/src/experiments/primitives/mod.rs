//! What threads and processes agree by: one small check of each under contention.
//!
//! Each file shows one kind: [`locks`], [`semaphores`], [`signals`], [`queues`], [`shared`] memory, and
//! [`processes`] that are asked over a pipe.

mod locks;
mod processes;
mod queues;
mod semaphores;
mod shared;
mod signals;

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text};

pub(super) use processes::child;

/// How many threads contend.
const THREADS: usize = 4;

const ABOUT: About = About {
    name: "primitives",
    source: "003",
    title: Text { en: "What threads agree by", ko: "스레드가 서로 맞추는 도구" },
    shows: Text {
        en: "Each primitive of Python's threading, queue and multiprocessing beside what Rust uses for it, each with \
             its promise checked while several threads contend. An RLock is not needed where a guard is lent to the \
             inner function; memory shared between processes is memory shared between threads here, without a lock.",
        ko: "Python의 threading, queue, multiprocessing에 있는 도구와 Rust의 대응물을 나란히 두고, 여러 스레드가 다투는 \
             가운데 각각의 약속을 확인한다. 가드를 안쪽 함수에 빌려주면 RLock은 필요 없다. 프로세스 간 공유 메모리는 여기서는 \
             스레드 간 공유 메모리이며 락도 없다.",
    },
    published: Text {
        en: "descriptions: one inside, at most three inside, all waiters woken, order kept",
        ko: "설명뿐: 한 번에 하나, 최대 셋, 대기자 모두 깨움, 순서 유지",
    },
    choice: Text {
        en: "State has one owner and is asked over a bounded channel; permits of a semaphore bound connections, \
             sockets, clips and exports, and give themselves back; the detector is a process that is asked over a socket.",
        ko: "상태는 소유자가 하나이고, 길이가 정해진 채널로 묻는다. 연결, 소켓, 클립, 내보내기의 수는 세마포어의 허가로 \
             제한하며 허가는 스스로 반납된다. 탐지기는 소켓으로 묻는 별도 프로세스다.",
    },
    libraries: &["std", "tokio", "crossbeam-channel"],
    size: Some(Size {
        unit: "turns a thread",
        whole: 10_000,
        reduced: 200,
        most: 200_000,
        // What lies in the stack and in the priority queue of four threads, and then taken from them.
        bytes_each: 400,
    }),
};

/// What shows a promise and checks it.
type Shown = fn(&Given<'_>) -> Result<Vec<Check>, LabError>;

const ALL: [(&str, Shown); 11] = [
    ("Lock", locks::lock),
    ("RLock", locks::lent),
    ("Semaphore", semaphores::semaphore),
    ("BoundedSemaphore", semaphores::bounded),
    ("Event", signals::event),
    ("Condition", signals::condition),
    ("Queue", queues::fifo),
    ("LIFO, priority", queues::lifo_and_priority),
    ("Value, Array", shared::value_and_array),
    ("Pipe", processes::pipe),
    ("Manager", processes::manager),
];

/// The experiment.
pub(super) struct Primitives;

impl Experiment for Primitives {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let mut findings = Findings::default();
        for (name, shown) in ALL {
            let (way, checks) = given.measure(name, || shown(given))?;
            findings.ways.push(way);
            findings.checks.extend(checks);
        }
        Ok(findings)
    }
}

/// All turns of all threads.
fn all_turns(given: &Given<'_>) -> u64 {
    given.size * u64::try_from(THREADS).unwrap_or(u64::MAX)
}

/// Turns where each is a question to another process, which takes far longer.
fn questions(given: &Given<'_>) -> u64 {
    given.size.div_ceil(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs what needs no other process; the processes' part is tested with its own pieces.
    #[test]
    fn every_promise_is_kept() {
        let given = Given { size: 50, reduced: true, child: &[], tell: &|_| () };
        for (name, shown) in ALL {
            if !matches!(name, "Pipe" | "Manager") {
                for check in shown(&given).unwrap() {
                    assert!(check.held, "{name}: {check:?}");
                }
            }
        }
    }
}
