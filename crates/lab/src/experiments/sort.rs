//! Two lists of random numbers, sorted one after the other, on two threads, and each on all cores.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

use super::together::on_threads;
use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Size, Text};
use crate::experiments::together::cores;
use crate::limits;
use crate::python::Python;

/// The lists' random numbers begin here: the same lists each way, so that they can be compared.
const SEEDS: [u64; 2] = [1, 2];

const ABOUT: About = About {
    name: "sort",
    source: "004",
    title: Text { en: "Two lists, two threads", ko: "목록 두 개, 스레드 두 개" },
    shows: Text {
        en: "Two lists of random numbers are made and sorted. Two threads of Rust take half the time; two of Python \
             take turns, as only one at a time may run Python code. rayon also shares one list among all cores.",
        ko: "난수 목록 두 개를 만들어 정렬한다. Rust의 스레드 두 개는 절반의 시간에 끝낸다. Python의 스레드는 한 번에 \
             하나만 Python 코드를 실행할 수 있어 번갈아 돌 뿐이다. rayon은 목록 하나도 모든 코어에 나눈다.",
    },
    published: Text {
        en: "6.90 s one after the other, 6.9964 s on two threads: no gain",
        ko: "순차 6.90초, 스레드 두 개 6.9964초: 나아지지 않음",
    },
    choice: Text {
        en: "Each camera's tracking and rules run on a thread of their own: they share nothing, so they need no lock, \
             and all cores work.",
        ko: "카메라마다 전용 스레드에서 추적과 규칙 판단을 한다. 공유하는 것이 없어 락이 필요 없고 모든 코어가 일한다.",
    },
    libraries: &["std", "rand", "rayon"],
    size: Some(Size {
        unit: "floats in each of two lists",
        whole: 10_000_000,
        reduced: 20_000,
        most: 1_000_000_000,
        // Both lists are alive at once, and are sorted in place.
        bytes_each: 16,
    }),
};

/// The experiment.
pub(super) struct Sort;

impl Experiment for Sort {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let unsorted = SEEDS.map(|seed| Fingerprint::of(random(seed, given.size)));
        let alone = |seed| {
            let mut list: Vec<f64> = random(seed, given.size).collect();
            list.sort_unstable_by(f64::total_cmp);
            list
        };
        let shared = |seed| {
            let mut list: Vec<f64> = random(seed, given.size).collect();
            list.par_sort_unstable_by(f64::total_cmp);
            list
        };
        let mut checks = Vec::new();
        // The lists go before the next way begins: no more than two are alive.
        let mut check =
            |way: &str, lists: Vec<Vec<f64>>| checks.extend(verify(way, &lists, &unsorted));

        let (sequential, lists) = given.measure("sequential", || Ok(SEEDS.map(alone).to_vec()))?;
        check("sequential", lists);
        let (threads, lists) = given
            .measure("two threads", || on_threads(SEEDS.len(), |number| alone(SEEDS[number])))?;
        check("two threads", lists);
        let (rayon, lists) =
            given.measure("each on all cores", || Ok(SEEDS.map(shared).to_vec()))?;
        check("each on all cores", lists);

        let wanted = if cores() > 1 { 1.7 } else { 0.85 };
        let found = sequential.seconds / threads.seconds;
        let goals = vec![Check::bound(
            "speed-up of two threads",
            format!(">= {wanted}"),
            format!("{found:.2}"),
            found >= wanted,
        )];
        Ok(Findings { ways: vec![sequential, threads, rayon], checks, goals })
    }

    fn twin(&self, given: &Given<'_>, python: &Python) -> Result<Findings, LabError> {
        fits_python(given.size, limits::free_memory())?;
        python.run(ABOUT.name, given, &[])
    }
}

/// Whether Python's lists fit, too: a float is an object there, and a list holds where each lies.
fn fits_python(size: u64, free: Option<u64>) -> Result<(), LabError> {
    // Two lists: 24 bytes a float, and 9 for each of its two places, before and after it was sorted.
    let needed = size.saturating_mul(2 * (24 + 2 * 9));
    match free {
        Some(free) if needed > free => Err(LabError::NoPython(format!(
            "lists of {size} floats take {} MB in Python, and {} MB are free here",
            needed / 1_000_000,
            free / 1_000_000
        ))),
        _ => Ok(()),
    }
}

/// Numbers of 0 to 1, always the same from the same seed.
fn random(seed: u64, count: u64) -> impl Iterator<Item = f64> {
    let mut random = StdRng::seed_from_u64(seed);
    // A range of u64 has no exact size, and a vector of it would grow by copying; a range of usize has one.
    (0..usize::try_from(count).unwrap_or(usize::MAX)).map(move |_| random.random())
}

/// What does not change with the order: equal for two lists of the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    count: u64,
    sum: u64,
    xor: u64,
}

impl Fingerprint {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        numbers.map(f64::to_bits).fold(Self { count: 0, sum: 0, xor: 0 }, |so_far, bits| Self {
            count: so_far.count + 1,
            sum: so_far.sum.wrapping_add(bits),
            xor: so_far.xor ^ bits,
        })
    }
}

/// Sorted, and nothing else than what was there before.
fn verify(way: &str, lists: &[Vec<f64>], unsorted: &[Fingerprint]) -> [Check; 2] {
    let sorted = lists.iter().filter(|list| list.is_sorted()).count();
    let now: Vec<_> = lists.iter().map(|list| Fingerprint::of(list.iter().copied())).collect();
    [
        Check::equal(&format!("sorted lists, {way}"), &SEEDS.len(), &sorted),
        Check::equal(&format!("the same numbers as before, {way}"), &true, &(now == unsorted)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lists: &[Vec<f64>]) -> [bool; 2] {
        let unsorted =
            [[0.5, 0.25, 0.75], [0.1, 0.3, 0.2]].map(|list| Fingerprint::of(list.into_iter()));
        verify("test", lists, &unsorted).map(|check| check.held)
    }

    #[test]
    fn a_list_out_of_order_or_of_other_numbers_is_noticed() {
        let right = vec![0.25, 0.5, 0.75];
        assert_eq!(held(&[right.clone(), vec![0.1, 0.2, 0.3]]), [true, true]);
        assert_eq!(held(&[right.clone(), vec![0.1, 0.3, 0.2]]), [false, true]);
        assert_eq!(held(&[right.clone(), vec![0.1, 0.2, 0.2]]), [true, false]);
        assert_eq!(held(&[right.clone(), vec![0.1, 0.2]]), [true, false]);
        assert_eq!(held(&[right]), [false, false]);
    }

    #[test]
    fn lists_that_python_has_no_room_for_are_said_and_not_tried() {
        assert!(fits_python(10_000_000, Some(840_000_000)).is_ok());
        assert!(fits_python(u64::MAX, None).is_ok(), "what is not known forbids nothing");
        let error = fits_python(10_000_000, Some(839_999_999)).unwrap_err();
        assert!(matches!(error, LabError::NoPython(_)), "{error}");
        assert!(fits_python(u64::MAX, Some(1 << 40)).is_err());
    }

    #[test]
    fn a_seed_gives_the_same_list_and_another_seed_another() {
        let list = |seed| Fingerprint::of(random(seed, 1000));
        assert_eq!(list(1), list(1));
        assert_ne!(list(1), list(2));
    }
}
