//! Sums of squares: work for a core and nothing else, one after the other, on threads, in processes.

use std::hint::black_box;
use std::thread::available_parallelism;

use rayon::prelude::*;

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text, Way};

/// How many sums are made.
const SUMS: u64 = 20;

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
        let ends = || (0..SUMS).map(|more| given.size + more);
        let (sequential, one) =
            given.measure("sequential", || Ok(ends().map(sum).collect::<Vec<u128>>()))?;
        let (threads, many) = given.measure("threads", || {
            Ok(ends().collect::<Vec<_>>().into_par_iter().map(sum).collect::<Vec<_>>())
        })?;
        let (processes, apart) =
            given.measure("processes", || over_processes(given, &ends().collect::<Vec<_>>()))?;
        let closed: Vec<u128> = ends().map(closed_form).collect();
        let goals = vec![
            speed_up("threads", &sequential, &threads),
            speed_up("processes", &sequential, &processes),
        ];
        let checks = vec![
            Check::equal("sequential is the closed form", &true, &(one == closed)),
            Check::equal("threads give the same", &true, &(many == one)),
            Check::equal("processes give the same", &true, &(apart == one)),
        ];
        Ok(Findings { ways: vec![sequential, threads, processes], checks, goals })
    }
}

/// The sum of i * i for i < `end`.
fn sum(end: u64) -> u128 {
    // Hidden from the optimiser, which knows the closed form, too.
    (0..end).map(|i| u128::from(black_box(i) * i)).sum()
}

fn closed_form(end: u64) -> u128 {
    let end = u128::from(end);
    end * (end - 1) * (2 * end - 1) / 6
}

/// A process for each core, each with its share of the sums.
fn over_processes(given: &Given<'_>, ends: &[u64]) -> Result<Vec<u128>, LabError> {
    let failed = |why: &dyn std::fmt::Display| LabError::failed("sums in a process", why);
    let share = ends.len().div_ceil(cores());
    let mut children = Vec::new();
    for ends in ends.chunks(share) {
        let mut process = given.process("cpu-sums");
        process.args(ends.iter().map(u64::to_string));
        children.push(process.spawn().map_err(|error| failed(&error))?);
    }
    let mut sums = Vec::new();
    for child in children {
        let output = child.wait_with_output().map_err(|error| failed(&error))?;
        if !output.status.success() {
            return Err(failed(&output.status));
        }
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            sums.push(line.parse().map_err(|error| failed(&format!("it said '{line}': {error}")))?);
        }
    }
    Ok(sums)
}

/// Prints the sum of each argument.
pub(super) fn child(arguments: &[String]) -> Result<(), LabError> {
    for end in arguments {
        let end = end.parse().map_err(|error| LabError::failed(format!("'{end}'"), error))?;
        crate::report::line(&sum(end))?;
    }
    Ok(())
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Both cores are used: 1.7 times as fast on two.
fn speed_up(way: &str, one: &Way, many: &Way) -> Check {
    let (wanted, found) =
        (0.85 * f64::from(u32::try_from(cores()).unwrap_or(1)), one.seconds / many.seconds);
    Check::bound(
        &format!("speed-up of {way}"),
        format!(">= {wanted:.1}"),
        format!("{found:.2}"),
        found >= wanted,
    )
}
