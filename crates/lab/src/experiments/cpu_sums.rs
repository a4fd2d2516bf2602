//! Sums of squares: work for a core and nothing else, one after the other, on threads, in processes.
//!
//! The published work takes Python ten seconds and us less than a tenth of one: a neighbour that wants a core for
//! a moment, or workers that are only just being started, would decide the outcome. So threads and processes
//! are there before the clock starts, as in a program that has been up for a while (what starting them
//! takes is told beside); the ways take turns, so that what disturbs meets all of them; and of each way's
//! runs the fastest counts, the one that was disturbed least. Python's ways run once, long enough for
//! disturbances to even out and for its start of processes, which is within the measured time, to matter little.

use std::fmt::Display;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::str::FromStr;
use std::time::Instant;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};
use crate::experiments::together::cores;

/// How many sums are made.
const SUMS: u64 = 20;

/// How often each way runs.
const ROUNDS: u32 = 15;

const ABOUT: About = About {
    name: "cpu-sums",
    source: "001",
    title: Text { en: "Sums on all cores", ko: "모든 코어로 합 구하기" },
    shows: Text {
        en: "Twenty sums of squares. Threads of Rust share the cores as processes do, without a copy of the \
             program for each; Python needs processes for it.",
        ko: "제곱의 합 20개를 구한다. Rust의 스레드는 프로그램을 복사하지 않고도 프로세스처럼 코어를 나눠 쓴다. \
             Python에서는 프로세스가 있어야 가능하다.",
    },
    published: Text {
        en: "10.41 s one after the other, 2.52 s over processes",
        ko: "순차 10.41초, 프로세스 2.52초",
    },
    choice: Text {
        en: "What computes runs on threads of its own, as many as there are cores, never on the event loop.",
        ko: "계산은 이벤트 루프가 아니라 코어 수만큼의 전용 스레드에서 한다.",
    },
    libraries: &["std", "rayon"],
    size: Some(Size {
        unit: "numbers a sum",
        whole: 5_000_000,
        reduced: 20_000,
        most: 2_000_000_000,
        bytes_each: 0,
    }),
};

/// The experiment.
pub(super) struct CpuSums;

impl Experiment for CpuSums {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let ends: Vec<u64> = (0..SUMS).map(|more| given.size + more).collect();
        let closed: Vec<u128> = ends.iter().copied().map(closed_form).collect();
        let begun = Instant::now();
        let pool = warm_pool()?;
        let threads_ms = begun.elapsed().as_secs_f64() * 1e3;
        let begun = Instant::now();
        let mut workers = Workers::start(given)?;
        let processes_ms = begun.elapsed().as_secs_f64() * 1e3;
        let (mut sequential, mut threads, mut processes) =
            (Best::default(), Best::default(), Best::default());
        for _ in 0..ROUNDS {
            sequential.add(
                &closed,
                given.measure("sequential", || Ok(ends.iter().copied().map(sum).collect()))?,
            );
            threads.add(
                &closed,
                given.measure("threads", || {
                    Ok(pool.install(|| ends.par_iter().copied().map(sum).collect()))
                })?,
            );
            processes.add(&closed, given.measure("processes", || workers.sums(&ends))?);
        }
        let checks = vec![
            Check::equal(
                "runs one after the other that gave the closed form",
                &ROUNDS,
                &sequential.right,
            ),
            Check::equal("runs on threads that gave it", &ROUNDS, &threads.right),
            Check::equal("runs over processes that gave it", &ROUNDS, &processes.right),
        ];
        let ways: Vec<Way> = [
            sequential.way,
            threads.way.map(|way| way.with("starting them", threads_ms, "ms")),
            processes.way.map(|way| way.with("starting them", processes_ms, "ms")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let goals = match ways.as_slice() {
            [one, many @ ..] => many.iter().map(|way| speed_up(cores(), one, way)).collect(),
            [] => Vec::new(),
        };
        Ok(Findings { ways, checks, goals })
    }
}

/// The fastest run of a way, and how many of its runs gave the right sums.
#[derive(Default)]
struct Best {
    way: Option<Way>,
    right: u32,
}

impl Best {
    fn add(&mut self, closed: &[u128], (way, sums): (Way, Vec<u128>)) {
        self.right += u32::from(sums == closed);
        if self.way.as_ref().is_none_or(|best| way.seconds < best.seconds) {
            self.way = Some(way);
        }
    }
}

/// A thread for each core, started and awake.
fn warm_pool() -> Result<ThreadPool, LabError> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(cores())
        .build()
        .map_err(|error| LabError::failed("starting threads", error))?;
    pool.broadcast(|_| ());
    Ok(pool)
}

/// The sum of i * i for i < `end`.
// The same machine code for every way, whatever the compiler would make of each call.
#[inline(never)]
fn sum(end: u64) -> u128 {
    // Hidden from the optimiser, which knows the closed form, too.
    (0..end).map(|i| u128::from(black_box(i) * i)).sum()
}

fn closed_form(end: u64) -> u128 {
    let end = u128::from(end);
    end * (end - 1) * (2 * end - 1) / 6
}

/// A process for each core, started and awake; they end when this is dropped.
struct Workers(Vec<Worker>);

impl Workers {
    fn start(given: &Given<'_>) -> Result<Self, LabError> {
        let started: Result<Vec<_>, _> = (0..cores()).map(|_| Worker::start(given)).collect();
        let mut workers = Self(started?);
        // Whoever answers is awake: each has one sum to make.
        workers.sums(&vec![1; cores()])?;
        Ok(workers)
    }

    /// Each process has its share of the sums.
    fn sums(&mut self, ends: &[u64]) -> Result<Vec<u128>, LabError> {
        let shares: Vec<&[u64]> = ends.chunks(ends.len().div_ceil(self.0.len())).collect();
        for (worker, share) in self.0.iter_mut().zip(&shares) {
            worker.ask(share)?;
        }
        let answers = self.0.iter_mut().zip(&shares).map(|(worker, _share)| worker.answer());
        Ok(answers.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// A process that is asked on its standard input and answers on its standard output.
struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(given: &Given<'_>) -> Result<Self, LabError> {
        let mut process =
            given.process("cpu-sums").stdin(Stdio::piped()).spawn().map_err(failed)?;
        let output = process.stdout.take().ok_or_else(|| failed("it has no output"))?;
        let input = process.stdin.take();
        Ok(Self { process, input, output: BufReader::new(output).lines() })
    }

    fn ask(&mut self, ends: &[u64]) -> Result<(), LabError> {
        let input = self.input.as_mut().ok_or_else(|| failed("it has no input"))?;
        input.write_all(format!("{}\n", words(ends)).as_bytes()).map_err(failed)
    }

    fn answer(&mut self) -> Result<Vec<u128>, LabError> {
        let line = self.output.next().ok_or_else(|| failed("it ended"))?.map_err(failed)?;
        numbers(&line)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is the end of its work.
        self.input.take();
        self.process.wait().ok();
    }
}

fn failed(why: impl Display) -> LabError {
    LabError::failed("sums in a process", why)
}

/// Answers each line of numbers by a line of their sums, until there are no more. One line for all of them: whoever reads
/// it would else be woken for each, on a core that is needed.
pub(super) fn child(_arguments: &[String]) -> Result<(), LabError> {
    for line in std::io::stdin().lines() {
        let ends: Vec<u64> = numbers(&line.map_err(failed)?)?;
        crate::report::line(&words(&ends.into_iter().map(sum).collect::<Vec<_>>()))?;
    }
    Ok(())
}

fn words<T: Display>(numbers: &[T]) -> String {
    numbers.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

fn numbers<T: FromStr<Err: Display>>(line: &str) -> Result<Vec<T>, LabError> {
    let parsed = line.split(' ').map(str::parse);
    parsed.collect::<Result<_, _>>().map_err(|error| failed(format!("'{line}': {error}")))
}

/// All cores are used: 1.7 times as fast on two. Sums are not divided, so on more cores the longest share decides.
fn speed_up(cores: usize, one: &Way, many: &Way) -> Check {
    let longest_share = SUMS.div_ceil(u64::try_from(cores).unwrap_or(u64::MAX));
    #[expect(clippy::cast_precision_loss, reason = "at most the number of sums")]
    let wanted = 0.85 * (SUMS as f64) / (longest_share as f64);
    let found = one.seconds / many.seconds;
    Check::bound(
        &format!("speed-up of {}", many.name),
        format!(">= {wanted:.1}"),
        format!("{found:.2}"),
        found >= wanted,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_run_counts_and_wrong_sums_are_noticed() {
        let mut best = Best::default();
        for (seconds, sums) in [(3.0, vec![5]), (2.0, vec![5]), (4.0, vec![6])] {
            best.add(&[5], (Way::new("threads", seconds), sums));
        }
        assert_eq!((best.way, best.right), (Some(Way::new("threads", 2.0)), 2));
    }

    #[test]
    fn the_speed_up_that_is_aimed_at_follows_the_longest_share() {
        let check = |cores, seconds| {
            speed_up(cores, &Way::new("sequential", 10.0), &Way::new("threads", seconds))
        };
        assert_eq!((check(1, 10.0).expected, check(1, 10.0).held), (">= 0.8".to_owned(), true));
        assert_eq!((check(2, 5.8).expected, check(2, 5.8).held), (">= 1.7".to_owned(), true));
        assert!(!check(2, 6.0).held);
        // Some core has two of the twenty.
        assert_eq!(check(16, 1.0).expected, ">= 8.5");
        assert_eq!(check(64, 1.0).expected, ">= 17.0");
    }

    #[test]
    fn a_sum_is_its_closed_form() {
        assert_eq!([0, 1, 2, 5].map(sum), [0, 0, 1, 30]);
        assert_eq!(sum(1000), closed_form(1000));
    }
}
