//! Numbers that all may change: atomics, which need no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{THREADS, all_turns};
use crate::experiment::{Check, Given, LabError};
use crate::experiments::together::on_threads;

/// `Value`, `Array`: atomics. Python shares them between processes and locks each; between threads of Rust
/// they are shared as they are.
pub(super) fn value_and_array(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let value = AtomicU64::new(0);
    let array: [AtomicU64; THREADS] = std::array::from_fn(|_| AtomicU64::new(0));
    on_threads(THREADS, |number| {
        for turn in 0..given.size {
            // Only the count matters, not what else is seen by then: the weakest order is enough.
            value.fetch_add(1, Ordering::Relaxed);
            array[(number + usize::from(turn % 2 == 1)) % THREADS].fetch_add(1, Ordering::Relaxed);
        }
    })?;
    let cells = array.map(AtomicU64::into_inner);
    Ok(vec![
        Check::equal("the value", &all_turns(given), &value.into_inner()),
        Check::equal(
            "each cell of the array",
            &format!("{:?}", [given.size; THREADS]),
            &format!("{cells:?}"),
        ),
    ])
}
