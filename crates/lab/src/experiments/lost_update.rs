//! Three updates of one value over two threads: read, wait, write.
//!
//! Both threads read before either has written, so one of the two updates is lost. In most languages that
//! happens by mistake. In Rust the mistake does not compile, because two threads may not both have write access to
//! a variable:
//!
//! ```compile_fail,E0499
//! let mut value = 0;
//! std::thread::scope(|threads| {
//!     threads.spawn(|| value += 1);
//!     threads.spawn(|| value += 1);
//! });
//! ```
//!
//! What does compile says how the two take turns:
//!
//! ```
//! let value = std::sync::Mutex::new(0);
//! std::thread::scope(|threads| {
//!     threads.spawn(|| *value.lock().unwrap() += 1);
//!     threads.spawn(|| *value.lock().unwrap() += 1);
//! });
//! assert_eq!(value.into_inner().unwrap(), 2);
//! ```
//!
//! An atomic compiles as well, and each of its operations is whole. But two of them, a read and a write,
//! are two: only by taking the update apart on purpose, as [`Unguarded`] does, is it lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread::sleep;
use std::time::Duration;

use rayon::ThreadPoolBuilder;

use crate::experiment::{About, Check, Experiment, Findings, Given, LabError, Text};
use crate::experiments::together::lock;

/// How many updates are made.
const UPDATES: usize = 3;

/// How many threads make them.
const THREADS: usize = 2;

const ABOUT: About = About {
    name: "lost-update",
    source: "002",
    title: Text { en: "The lost update", ko: "사라진 갱신" },
    shows: Text {
        en: "Three updates over two threads leave 2 without a lock and 3 with one. A plain shared variable does not compile \
             in Rust; the race had to be written on purpose, with an atomic that is read and written in two steps.",
        ko: "두 스레드가 값을 세 번 갱신하면 락이 없을 때는 2, 락이 있을 때는 3이 남는다. Rust에서는 평범한 변수를 이렇게 \
             공유하면 컴파일되지 않는다. 그래서 원자 변수를 일부러 읽기와 쓰기 두 단계로 나누어 경쟁을 만들었다.",
    },
    published: Text { en: "2 without a lock, 3 with", ko: "락 없이 2, 락을 쓰면 3" },
    choice: Text {
        en: "State has one owner: a camera's tracker is moved into its task and can be neither shared nor copied, so that \
             there is nothing to lock and nothing to lose.",
        ko: "상태의 주인은 하나다. 카메라의 추적기는 그 카메라의 태스크로 옮겨지고 공유도 복제도 할 수 없으므로, 잠글 것도 잃을 \
             것도 없다.",
    },
    libraries: &["std", "rayon"],
    size: None,
};

/// The experiment.
pub(super) struct LostUpdate;

impl Experiment for LostUpdate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn run(&self, given: &Given<'_>) -> Result<Findings, LabError> {
        let wait = Duration::from_millis(if given.reduced { 5 } else { 100 });
        let unguarded = Unguarded::default();
        let (without, ()) = given
            .measure("without lock", || on_two_threads(|number| unguarded.update(number, wait)))?;
        let guarded = Mutex::new(0);
        let (with, ()) =
            given.measure("with lock", || on_two_threads(|_| update(&guarded, wait)))?;
        let swapped = Swapped::default();
        let (swap, ()) =
            given.measure("compare and swap", || on_two_threads(|_| swapped.update(wait)))?;
        let swap = swap.with("done again", count(&swapped.again), "updates");
        Ok(Findings {
            ways: vec![without, with, swap],
            checks: vec![
                Check::equal("value without a lock", &2, &unguarded.value.into_inner()),
                Check::equal("value with a lock", &3, &*lock(&guarded)),
                Check::equal("value after comparing and swapping", &3, &swapped.value.into_inner()),
            ],
            goals: Vec::new(),
        })
    }
}

/// Makes the updates on a pool of two threads, each number once and in order; all are done when it returns.
fn on_two_threads(update: impl Fn(usize) + Sync) -> Result<(), LabError> {
    // A pool that could be built has both of its threads, so who waits for another thread never does so in vain.
    let pool = ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build()
        .map_err(|error| LabError::failed("starting two threads", error))?;
    let update = &update;
    pool.in_place_scope_fifo(|jobs| {
        for number in 0..UPDATES {
            jobs.spawn_fifo(move |_| update(number));
        }
    });
    Ok(())
}

/// A value that is read and written in two steps.
struct Unguarded {
    value: AtomicU64,
    /// Where the first two updates meet, so that they overlap for certain and not only as a rule.
    meeting: Barrier,
}

impl Default for Unguarded {
    fn default() -> Self {
        Self { value: AtomicU64::new(0), meeting: Barrier::new(THREADS) }
    }
}

impl Unguarded {
    fn update(&self, number: usize, wait: Duration) {
        let read = self.value.load(Ordering::SeqCst);
        self.meet(number);
        sleep(wait);
        self.value.store(read + 1, Ordering::SeqCst);
        // Else a late second write could undo the third update as well.
        self.meet(number);
    }

    fn meet(&self, number: usize) {
        if number < THREADS {
            self.meeting.wait();
        }
    }
}

/// The lock is held from reading to writing: one update after the other.
fn update(value: &Mutex<u64>, wait: Duration) {
    let mut value = lock(value);
    let read = *value;
    sleep(wait);
    *value = read + 1;
}

/// A value that is written only where nobody has written since it was read; else the update is done again.
#[derive(Default)]
struct Swapped {
    value: AtomicU64,
    again: AtomicU64,
}

impl Swapped {
    fn update(&self, wait: Duration) {
        // Ends: whenever one has to do it again, another has succeeded.
        loop {
            let read = self.value.load(Ordering::SeqCst);
            sleep(wait);
            let written =
                self.value.compare_exchange(read, read + 1, Ordering::SeqCst, Ordering::SeqCst);
            if written.is_ok() {
                return;
            }
            self.again.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn count(number: &AtomicU64) -> f64 {
    u32::try_from(number.load(Ordering::Relaxed)).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_update_waits_for_a_thread_and_none_is_lost_when_they_do_not_overlap() {
        let (inside, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let unguarded = Unguarded { meeting: Barrier::new(1), ..Unguarded::default() };
        let one_by_one = Mutex::new(());
        on_two_threads(|number| {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            {
                let _turn = one_by_one.lock().unwrap();
                unguarded.update(number, Duration::ZERO);
            }
            inside.fetch_sub(1, Ordering::SeqCst);
        })
        .unwrap();
        assert!(most.into_inner() <= 2);
        assert_eq!(unguarded.value.into_inner(), 3, "the outcome 2 comes from the overlap alone");
    }

    #[test]
    fn without_a_lock_it_is_2_every_time() {
        for _ in 0..200 {
            let unguarded = Unguarded::default();
            on_two_threads(|number| unguarded.update(number, Duration::ZERO)).unwrap();
            assert_eq!(unguarded.value.into_inner(), 2);
        }
    }
}
