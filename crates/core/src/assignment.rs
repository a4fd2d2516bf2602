//! Optimal one-to-one assignment of rows to columns.
//!
//! Shortest augmenting paths with dual potentials (Jonker and Volgenant, "A
//! shortest augmenting path algorithm for dense and sparse linear assignment
//! problems", Computing 38, 1987).

/// The assignment of least total cost in which leaving a pair apart costs
/// `cost_max`: no pair dearer than that is made.
///
/// `cost` holds `rows * columns` finite numbers, row by row. The answer has the
/// column of each row.
///
/// # Panics
/// When `cost` has another length.
#[must_use]
pub fn assign(cost: &[f64], rows: usize, columns: usize, cost_max: f64) -> Vec<Option<usize>> {
    assert_eq!(cost.len(), rows * columns, "cost matrix of another size");
    if rows == 0 || columns == 0 {
        return vec![None; rows];
    }
    // A square problem: each row may take a dummy column and each column a
    // dummy row, at half of `cost_max` each; two dummies meet for nothing.
    let n = rows + columns;
    let at = |row: usize, column: usize| -> f64 {
        match (row < rows, column < columns) {
            (true, true) => cost[row * columns + column],
            (false, false) => 0.0,
            _ => cost_max / 2.0,
        }
    };
    // Index 0 is a sentinel, as in the classical formulation.
    let mut row_potential = vec![0.0; n + 1];
    let mut column_potential = vec![0.0; n + 1];
    let mut row_of_column = vec![0_usize; n + 1];
    let mut previous = vec![0_usize; n + 1];
    for row in 1..=n {
        row_of_column[0] = row;
        let mut column = 0;
        let mut shortest = vec![f64::INFINITY; n + 1];
        let mut visited = vec![false; n + 1];
        loop {
            visited[column] = true;
            let from = row_of_column[column];
            let (mut delta, mut next) = (f64::INFINITY, 0);
            for j in 1..=n {
                if visited[j] {
                    continue;
                }
                let reduced = at(from - 1, j - 1) - row_potential[from] - column_potential[j];
                if reduced < shortest[j] {
                    shortest[j] = reduced;
                    previous[j] = column;
                }
                if shortest[j] < delta {
                    delta = shortest[j];
                    next = j;
                }
            }
            for (j, seen) in visited.iter().enumerate() {
                if *seen {
                    row_potential[row_of_column[j]] += delta;
                    column_potential[j] -= delta;
                } else {
                    shortest[j] -= delta;
                }
            }
            column = next;
            if row_of_column[column] == 0 {
                break;
            }
        }
        while column != 0 {
            row_of_column[column] = row_of_column[previous[column]];
            column = previous[column];
        }
    }
    let mut column_of_row = vec![None; rows];
    for (column, &row) in row_of_column.iter().enumerate().take(columns + 1).skip(1) {
        if row >= 1 && row <= rows && at(row - 1, column - 1) <= cost_max {
            column_of_row[row - 1] = Some(column - 1);
        }
    }
    column_of_row
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(cost: &[f64], columns: usize, cost_max: f64, answer: &[Option<usize>]) -> f64 {
        let pairs: f64 =
            answer.iter().enumerate().filter_map(|(r, c)| c.map(|c| cost[r * columns + c])).sum();
        let apart = answer.iter().filter(|c| c.is_none()).count() as f64;
        let taken = answer.iter().flatten().count();
        pairs + (apart + (columns - taken) as f64) * cost_max / 2.0
    }

    /// Tries everything.
    fn brute_force(cost: &[f64], rows: usize, columns: usize, cost_max: f64) -> f64 {
        fn go(row: usize, rows: usize, columns: usize, cost: &[f64], max: f64, used: u32) -> f64 {
            if row == rows {
                return (columns as u32 - used.count_ones()) as f64 * max / 2.0;
            }
            let mut best = max / 2.0 + go(row + 1, rows, columns, cost, max, used);
            for c in 0..columns {
                if used & (1 << c) == 0 {
                    let rest = go(row + 1, rows, columns, cost, max, used | 1 << c);
                    best = best.min(cost[row * columns + c] + rest);
                }
            }
            best
        }
        go(0, rows, columns, cost, cost_max, 0)
    }

    #[test]
    fn nothing_dearer_than_the_bound() {
        assert_eq!(assign(&[0.9, 0.2], 1, 2, 0.8), [Some(1)]);
        assert_eq!(assign(&[0.9, 0.95], 1, 2, 0.8), [None]);
        assert_eq!(assign(&[], 3, 0, 0.8), [None; 3]);
        // Greedy would take 0.1 and leave 0.9 apart.
        assert_eq!(assign(&[0.1, 0.2, 0.15, 0.9], 2, 2, 0.8), [Some(1), Some(0)]);
    }

    proptest! {
        #[test]
        fn as_good_as_trying_everything(
            (rows, columns, cost) in (1..6usize, 1..6usize).prop_flat_map(|(r, c)| {
                (Just(r), Just(c), prop::collection::vec(0.0..1.0f64, r * c))
            }),
            cost_max in 0.1..1.0f64,
        ) {
            let answer = assign(&cost, rows, columns, cost_max);
            let mut taken: Vec<_> = answer.iter().flatten().collect();
            let pairs = taken.len();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), pairs);
            let best = brute_force(&cost, rows, columns, cost_max);
            prop_assert!((total(&cost, columns, cost_max, &answer) - best).abs() < 1e-9);
        }
    }
}
