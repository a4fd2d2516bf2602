//! First in first out, last in first out, the least first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use crossbeam_channel::bounded;

use super::{THREADS, all_turns};
use crate::experiment::{Check, Given, LabError};
use crate::experiments::together::{PATIENCE, lock, on_threads};

/// What waits in the queue at most.
const ROOM: usize = 16;

/// `Queue`: a bounded channel. The last thread takes; what one thread put comes in its order.
pub(super) fn fifo(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let (put, take) = bounded(ROOM);
    let ended = on_threads(THREADS + 1, |number| {
        if number < THREADS {
            for turn in 0..given.size {
                if put.send_timeout((number, turn), PATIENCE).is_err() {
                    break;
                }
            }
            return 0;
        }
        let mut next = [0; THREADS];
        let mut in_order = 0;
        for _ in 0..all_turns(given) {
            let Ok((from, turn)) = take.recv_timeout(PATIENCE) else { break };
            in_order += u64::from(next[from] == turn);
            next[from] = turn + 1;
        }
        in_order
    })?;
    Ok(vec![
        Check::equal("taken in the order of who put it", &all_turns(given), &ended.iter().sum()),
        Check::equal("left in the queue", &0, &take.len()),
    ])
}

/// `LifoQueue`, `PriorityQueue`: a `Vec` and a `BinaryHeap` behind a lock. All put, then all is taken.
pub(super) fn lifo_and_priority(given: &Given<'_>) -> Result<Vec<Check>, LabError> {
    let stack = Mutex::new(Vec::new());
    let heap = Mutex::new(BinaryHeap::new());
    on_threads(THREADS, |number| {
        for turn in 0..given.size {
            lock(&stack).push((number, turn));
            // Reverse: the heap gives the greatest first, a priority queue the least. Put back to front.
            lock(&heap).push(Reverse((given.size - turn, number)));
        }
    })?;
    let (mut stack, mut heap) = (lock(&stack), lock(&heap));
    let from_stack: Vec<_> = std::iter::from_fn(|| stack.pop()).collect();
    let from_heap: Vec<_> = std::iter::from_fn(|| heap.pop()).map(|Reverse(least)| least).collect();
    Ok(vec![
        Check::equal("last in, first out", &all_turns(given), &backwards(&from_stack, given.size)),
        Check::equal("least first", &true, &from_heap.is_sorted()),
        Check::equal("in the priority queue", &all_turns(given), &count(&from_heap)),
    ])
}

/// How many came in the reverse of the order in which their thread put them.
fn backwards(taken: &[(usize, u64)], turns: u64) -> u64 {
    let mut next = [turns; THREADS];
    let right = taken.iter().filter(|(from, turn)| {
        let right = turn + 1 == next[*from];
        next[*from] = *turn;
        right
    });
    u64::try_from(right.count()).unwrap_or(u64::MAX)
}

fn count<T>(things: &[T]) -> u64 {
    u64::try_from(things.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_is_not_reversed_is_noticed() {
        assert_eq!(backwards(&[(0, 2), (1, 2), (0, 1), (1, 1), (1, 0), (0, 0)], 3), 6);
        assert_eq!(backwards(&[(0, 0), (0, 1), (0, 2)], 3), 0);
        assert_eq!(backwards(&[(0, 2), (0, 0), (0, 1)], 3), 1);
    }
}
