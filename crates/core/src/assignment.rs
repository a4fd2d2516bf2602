//! Optimal one-to-one assignment of rows to columns, where pairs may stay apart.
//!
//! Shortest augmenting paths with dual potentials (Jonker and Volgenant, "A
//! shortest augmenting path algorithm for dense and sparse linear assignment
//! problems", Computing 38, 1987), in the sparse form: a pair dearer than leaving
//! it apart is in no best answer, so only the others are looked at. Boxes of
//! different people rarely overlap, so these are few.

/// Solves assignments one after another in the same memory: once it has grown to
/// the largest of them, nothing is allocated.
#[derive(Debug, Clone, Default)]
pub struct Assigner {
    /// The pairs worth making, row by row: column, and cost less `cost_max`, at most 0.
    pairs: Vec<(usize, f64)>,
    /// Where the pairs of each row begin; one more at the end.
    begin: Vec<usize>,
    column_of_row: Vec<Option<usize>>,
    columns: Vec<Column>,
    row_potential: Vec<f64>,
    /// Columns reached in this search.
    reached: Vec<usize>,
    /// Columns whose distance is final, in order.
    settled: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Column {
    potential: f64,
    row: Option<usize>,
    /// Shortest path found to it in this search; infinite when there is none yet.
    distance: f64,
    /// The row before it on that path.
    from: usize,
    is_settled: bool,
}

impl Column {
    const FREE: Self =
        Self { potential: 0.0, row: None, distance: f64::INFINITY, from: 0, is_settled: false };
}

/// Where a search ends: a free column, or a row that is left apart instead.
#[derive(Debug, Clone, Copy)]
enum End {
    Column(usize),
    Row(usize),
}

impl Assigner {
    /// The assignment of least total cost in which leaving a pair apart costs
    /// `cost_max`: no pair dearer than that is made, nor one whose cost is NaN.
    ///
    /// `cost` holds `rows * columns` numbers, row by row. The answer has the column
    /// of each row.
    ///
    /// # Panics
    /// When `cost` has another length.
    pub fn assign(
        &mut self,
        cost: &[f64],
        rows: usize,
        columns: usize,
        cost_max: f64,
    ) -> &[Option<usize>] {
        assert_eq!(cost.len(), rows * columns, "cost matrix of another size");
        self.pairs.clear();
        self.begin.clear();
        self.begin.push(0);
        for row in 0..rows {
            let costs = cost.iter().skip(row * columns).take(columns);
            // The least number keeps an infinite one out of the sums.
            let gains = costs.map(|cost| (cost - cost_max).max(f64::MIN / 4.0));
            let wanted = gains.enumerate().zip(&cost[row * columns..]);
            self.pairs.extend(wanted.filter(|(_, cost)| **cost <= cost_max).map(|(pair, _)| pair));
            self.begin.push(self.pairs.len());
        }
        self.column_of_row.clear();
        self.column_of_row.resize(rows, None);
        self.row_potential.clear();
        self.row_potential.resize(rows, 0.0);
        self.columns.clear();
        self.columns.resize(columns, Column::FREE);
        for row in 0..rows {
            self.add(row);
        }
        &self.column_of_row
    }

    /// Finds the row a place by the cheapest chain of changes.
    fn add(&mut self, row: usize) {
        self.reached.clear();
        self.settled.clear();
        // Each row may stay alone, at the cost 0: a column of its own that nobody else reaches.
        let (mut end, mut shortest) = (End::Row(row), -self.row_potential[row]);
        let (mut from, mut so_far) = (row, 0.0);
        loop {
            for &(column, cost) in &self.pairs[self.begin[from]..self.begin[from + 1]] {
                let to = &mut self.columns[column];
                let distance = so_far + cost - self.row_potential[from] - to.potential;
                if !to.is_settled && distance < to.distance {
                    if to.distance.is_infinite() {
                        self.reached.push(column);
                    }
                    to.distance = distance;
                    to.from = from;
                }
            }
            let open = self.reached.iter().filter(|column| !self.columns[**column].is_settled);
            let distance_of = |column: &usize| self.columns[*column].distance;
            let nearest = open.copied().min_by(|a, b| distance_of(a).total_cmp(&distance_of(b)));
            let Some(nearest) = nearest.filter(|column| distance_of(column) < shortest) else {
                break;
            };
            let column = &mut self.columns[nearest];
            let Some(owner) = column.row else {
                (end, shortest) = (End::Column(nearest), column.distance);
                break;
            };
            column.is_settled = true;
            self.settled.push(nearest);
            (from, so_far) = (owner, column.distance);
            let alone = so_far - self.row_potential[from];
            if alone < shortest {
                (end, shortest) = (End::Row(from), alone);
            }
        }
        self.adjust(row, shortest);
        self.change(row, end);
        for column in self.reached.drain(..) {
            self.columns[column].distance = f64::INFINITY;
            self.columns[column].is_settled = false;
        }
    }

    /// Makes the pairs of the path free of reduced cost, and no other cheaper than that.
    fn adjust(&mut self, row: usize, shortest: f64) {
        self.row_potential[row] += shortest;
        for &column in &self.settled {
            let column = &mut self.columns[column];
            let by = shortest - column.distance;
            column.potential -= by;
            if let Some(owner) = column.row {
                self.row_potential[owner] += by;
            }
        }
    }

    /// Moves each row of the path to `end` one column on.
    fn change(&mut self, row: usize, end: End) {
        let mut column = match end {
            End::Column(column) => column,
            End::Row(alone) => match self.column_of_row[alone].take() {
                Some(column) => column,
                // It is the new row itself.
                None => return,
            },
        };
        loop {
            let from = self.columns[column].from;
            self.columns[column].row = Some(from);
            let before = self.column_of_row[from].replace(column);
            if from == row {
                break;
            }
            // Every row of a path but its first has a column.
            let Some(before) = before else { break };
            column = before;
        }
    }
}

/// [`Assigner::assign`] once, in memory of its own.
///
/// # Panics
/// When `cost` has not `rows * columns` numbers.
#[must_use]
pub fn assign(cost: &[f64], rows: usize, columns: usize, cost_max: f64) -> Vec<Option<usize>> {
    let mut assigner = Assigner::default();
    assigner.assign(cost, rows, columns, cost_max);
    assigner.column_of_row
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

    #[test]
    fn what_is_no_number_is_no_pair() {
        let nan = f64::NAN;
        assert_eq!(assign(&[nan, 0.2, nan, nan], 2, 2, 0.8), [Some(1), None]);
        assert_eq!(assign(&[f64::INFINITY, 0.2], 2, 1, 0.8), [None, Some(0)]);
        assert_eq!(assign(&[0.1, f64::NEG_INFINITY], 2, 1, 0.8), [None, Some(0)]);
    }

    /// A chain in which every pair has to change for the last row to find a place.
    #[test]
    fn a_long_chain_is_followed() {
        let n = 40;
        let mut cost = vec![0.9; n * n];
        for row in 0..n - 1 {
            cost[row * n + row] = 0.10;
            cost[row * n + row + 1] = 0.11;
        }
        cost[(n - 1) * n] = 0.2;
        let answer = assign(&cost, n, n, 0.8);
        let expect: Vec<_> = (0..n).map(|row| Some((row + 1) % n)).collect();
        assert_eq!(answer, expect);
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

        /// Equal costs, of which many answers are the best.
        #[test]
        fn ties_are_as_good_as_trying_everything(
            (rows, columns, cost) in (1..6usize, 1..6usize).prop_flat_map(|(r, c)| {
                let coarse = (0..5_u8).prop_map(|step| f64::from(step) / 4.0);
                (Just(r), Just(c), prop::collection::vec(coarse, r * c))
            }),
            cost_max in 0..5_u8,
        ) {
            let cost_max = f64::from(cost_max) / 4.0;
            let answer = assign(&cost, rows, columns, cost_max);
            for (row, column) in answer.iter().enumerate() {
                prop_assert!(column.is_none_or(|c| cost[row * columns + c] <= cost_max));
            }
            let best = brute_force(&cost, rows, columns, cost_max);
            prop_assert!((total(&cost, columns, cost_max, &answer) - best).abs() < 1e-9);
        }

        /// What was solved before leaves nothing behind.
        #[test]
        fn the_same_memory_gives_the_same_answers(
            problems in prop::collection::vec(
                (1..6usize, 1..6usize).prop_flat_map(|(r, c)| {
                    (Just(r), Just(c), prop::collection::vec(0.0..1.0f64, r * c))
                }),
                1..5,
            ),
        ) {
            let mut assigner = Assigner::default();
            for (rows, columns, cost) in problems {
                let answer = assigner.assign(&cost, rows, columns, 0.7).to_vec();
                prop_assert_eq!(answer, assign(&cost, rows, columns, 0.7));
            }
        }
    }
}
