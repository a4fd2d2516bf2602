//! One at a time: a lock, and why it need not be taken twice.

use std::sync::{Mutex, TryLockError};

use super::{THREADS, all_turns};
use crate::experiment::{Check, Given, LabError};
use crate::experiments::together::{Inside, lock as take, on_threads};

/// How often a function calls itself under the lock.
const LEVELS: u64 = 3;

/// `Lock`: `Mutex`. What it guards is inside of it, and nobody gets there without it.
pub(super) fn lock(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let (total, inside) = (Mutex::new(0), Inside::default());
    on_threads(THREADS, |_| {
        for _ in 0..given.size {
            let mut total = take(&total);
            let _inside = inside.enter();
            *total += 1;
        }
    })?;
    Ok(vec![
        Check::equal("updates under a lock", &all_turns(given), &take(&total)),
        Check::equal("most inside of a lock", &1, &inside.most()),
    ])
}

/// `RLock`: not needed. The lock is taken once, and what it guards is lent to the inner call; that no call
/// can lack the lock, or take it again, is in the types. (`parking_lot` has a `ReentrantMutex` where it must be.)
pub(super) fn lent(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let total = Mutex::new(0);
    on_threads(THREADS, |_| {
        for _ in 0..given.size {
            down(&mut take(&total), LEVELS);
        }
    })?;
    let held = take(&total);
    let again = matches!(total.try_lock(), Err(TryLockError::WouldBlock));
    Ok(vec![
        Check::equal("updates at three levels", &(LEVELS * all_turns(given)), &held),
        Check::equal("a plain lock is refused to who holds it", &true, &again),
    ])
}

fn down(total: &mut u64, levels: u64) {
    *total += 1;
    if levels > 1 {
        down(total, levels - 1);
    }
}
