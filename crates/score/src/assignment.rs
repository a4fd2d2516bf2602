//! One-to-one pairs of greatest total gain, from a list of the pairs that are
//! possible.
//!
//! Few boxes overlap, so the problem falls into small independent parts, and
//! each of them is solved exactly by [`safe_yolo_core::assignment::assign`].

use std::collections::BTreeMap;

use safe_yolo_core::assignment::assign;

/// A pair that may be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) row: usize,
    pub(crate) column: usize,
    /// What it is worth; above 0.
    pub(crate) gain: f64,
}

/// The pairs of greatest total gain, each row and each column in at most one,
/// by row.
pub(crate) fn best_pairs(pairs: &[Pair]) -> Vec<Pair> {
    let mut chosen: Vec<Pair> = parts(pairs).iter().flat_map(|part| solve(part)).collect();
    chosen.sort_by_key(|pair| pair.row);
    chosen
}

/// The pairs, split where no row and no column is shared.
fn parts(pairs: &[Pair]) -> Vec<Vec<Pair>> {
    let columns_from = pairs.iter().map(|pair| pair.row + 1).max().unwrap_or(0);
    let nodes = columns_from + pairs.iter().map(|pair| pair.column + 1).max().unwrap_or(0);
    let mut parent: Vec<usize> = (0..nodes).collect();
    let root = |parent: &mut Vec<usize>, mut node: usize| {
        while parent[node] != node {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        node
    };
    for pair in pairs {
        let row = root(&mut parent, pair.row);
        let column = root(&mut parent, columns_from + pair.column);
        parent[row] = column;
    }
    let mut parts: BTreeMap<usize, Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        parts.entry(root(&mut parent, pair.row)).or_default().push(*pair);
    }
    parts.into_values().collect()
}

fn solve(part: &[Pair]) -> Vec<Pair> {
    if part.len() == 1 {
        return part.to_vec();
    }
    let index = |of: fn(&Pair) -> usize| {
        let mut all: Vec<usize> = part.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let (rows, columns) = (index(|pair| pair.row), index(|pair| pair.column));
    let top = part.iter().map(|pair| pair.gain).fold(0.0, f64::max);
    // A row and a column that stay apart cost `top`, so a pair saves its gain.
    let mut cost = vec![2.0 * top + 1.0; rows.len() * columns.len()];
    let mut at = BTreeMap::new();
    for pair in part {
        let (Ok(row), Ok(column)) =
            (rows.binary_search(&pair.row), columns.binary_search(&pair.column))
        else {
            continue;
        };
        cost[row * columns.len() + column] = top - pair.gain;
        at.insert((row, column), *pair);
    }
    assign(&cost, rows.len(), columns.len(), top)
        .into_iter()
        .enumerate()
        .filter_map(|(row, column)| at.get(&(row, column?)).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute_force(pairs: &[Pair], used_rows: u32, used_columns: u32) -> f64 {
        let Some((pair, rest)) = pairs.split_first() else { return 0.0 };
        let without = brute_force(rest, used_rows, used_columns);
        if used_rows & (1 << pair.row) != 0 || used_columns & (1 << pair.column) != 0 {
            return without;
        }
        let with = pair.gain
            + brute_force(rest, used_rows | 1 << pair.row, used_columns | 1 << pair.column);
        with.max(without)
    }

    proptest! {
        #[test]
        fn as_good_as_trying_everything(
            gains in prop::collection::btree_map((0..5usize, 0..5usize), 0.01..1.0f64, 0..12),
        ) {
            let pairs: Vec<Pair> = gains
                .into_iter()
                .map(|((row, column), gain)| Pair { row, column, gain })
                .collect();
            let chosen = best_pairs(&pairs);
            let (mut rows, mut columns) = (0_u32, 0_u32);
            for pair in &chosen {
                prop_assert!(rows & (1 << pair.row) == 0 && columns & (1 << pair.column) == 0);
                rows |= 1 << pair.row;
                columns |= 1 << pair.column;
            }
            let total: f64 = chosen.iter().map(|pair| pair.gain).sum();
            prop_assert!((total - brute_force(&pairs, 0, 0)).abs() < 1e-9);
        }
    }
}
