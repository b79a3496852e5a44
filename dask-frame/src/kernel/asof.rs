//! The nearest rows of a table.

mod ranges;

use crate::column::{Column, NO_ROW, Scalar, View};
use crate::error::EvalError;
use crate::expr::cast_column;
use crate::kernel::join::{JoinIndex, key_columns};
use crate::kernel::sort::sorted_rows;
use crate::plan::asof::{AsOfSpec, Direction};
use crate::table::Table;

pub(crate) use ranges::{nearest_of_ranges, split_by_range};

/// The right side of a join with the nearest row: its rows in the order of the key, and by group.
pub(crate) struct Nearest {
    /// The table in order, indexed by what must be equal.
    pub(crate) index: JoinIndex,
    key: Column,
    /// The rows that have a key, group after group, each in order.
    rows: Vec<u32>,
    /// Where the rows of a group are, at the first of them.
    spans: Vec<(u32, u32)>,
}

/// The keys of the left side, in the types in which they are compared.
pub(crate) struct LeftKeys {
    on: Column,
    by: Vec<Column>,
}

/// A row that may be the nearest: how far away it is, as an integer of the same order, and its number.
type Candidate = (u64, u32);

impl LeftKeys {
    pub(crate) fn new(spec: &AsOfSpec, left: &Table) -> Result<Self, EvalError> {
        let (name, _, dtype) = &spec.on;
        let on = cast_column(name, left.column(name)?, dtype)?.keyed().into_owned();
        Ok(Self { on, by: key_columns(left, &spec.by(0))? })
    }

    fn take(&self, rows: &[u32]) -> Self {
        Self { on: self.on.take(rows), by: self.by.iter().map(|by| by.take(rows)).collect() }
    }
}

impl Nearest {
    pub(crate) fn new(spec: &AsOfSpec, table: &Table) -> Result<Self, EvalError> {
        let (_, name, dtype) = &spec.on;
        let key = cast_column(name, table.column(name)?, dtype)?;
        let order = sorted_rows(std::slice::from_ref(&key), table.n_rows(), &[false], false);
        // Missing keys come last; they are near nothing.
        let order = &order[..table.n_rows() - key.null_count()];
        let index = JoinIndex::new(table.take(order), spec.by(1))?;
        let (mut rows, mut spans) = (Vec::with_capacity(order.len()), vec![(0, 0); order.len()]);
        index.for_each_chain(|head, row| {
            if head == row {
                spans[head as usize] = (rows.len() as u32, rows.len() as u32);
            }
            rows.push(row);
            spans[head as usize].1 += 1;
        });
        Ok(Self { index, key: key.take(order).keyed().into_owned(), rows, spans })
    }

    /// Returns for each row of a partition the nearest row, or [`NO_ROW`].
    pub(crate) fn rows(&self, spec: &AsOfSpec, left: &LeftKeys) -> Vec<u32> {
        let most = most(spec);
        let mut nearest = vec![NO_ROW; left.on.len()];
        self.candidates(spec.direction, spec.exact, left, |row, candidates| {
            let [before, after] = candidates.map(|near| near.filter(|(far, _)| *far <= most));
            let near = match (before, after) {
                (Some(before), Some(after)) if after.0 < before.0 => Some(after),
                (before, after) => before.or(after),
            };
            nearest[row] = near.map_or(NO_ROW, |(_, row)| row);
        });
        nearest
    }

    /// Calls `found` with each row of a partition, and with the rows of its group before and after it, those in which
    /// `direction` is looked, however far away.
    fn candidates(
        &self,
        direction: Direction,
        exact: bool,
        left: &LeftKeys,
        found: impl FnMut(usize, [Option<Candidate>; 2]),
    ) {
        match (left.on.view(), self.key.view()) {
            (View::Float64(a), View::Float64(b)) => self.find(direction, exact, left, (a, b), found),
            (View::Int64(a) | View::Ticks(a, _), View::Int64(b) | View::Ticks(b, _)) => {
                self.find(direction, exact, left, (a, b), found);
            }
            _ => other_type(),
        }
    }

    fn find<K: Key>(
        &self,
        direction: Direction,
        exact: bool,
        left: &LeftKeys,
        (keys, others): (&[K], &[K]),
        mut found: impl FnMut(usize, [Option<Candidate>; 2]),
    ) {
        let validity = left.on.validity();
        for (at, head) in self.index.look_up(&left.by, keys.len()).into_iter().enumerate() {
            if head == NO_ROW || validity.as_ref().is_some_and(|valid| !valid.get(at)) {
                found(at, [None; 2]);
                continue;
            }
            let (begin, end) = self.spans[head as usize];
            let group = &self.rows[begin as usize..end as usize];
            let key = keys[at];
            let value = |row: u32| others[row as usize];
            let candidate = |row: &u32| (key.distance(value(*row)), *row);
            let before = || {
                let n = group.partition_point(|row| value(*row) < key || exact && value(*row) == key);
                group[..n].last().map(candidate)
            };
            let after = || {
                let n = group.partition_point(|row| value(*row) < key || !exact && value(*row) == key);
                group.get(n).map(candidate)
            };
            found(
                at,
                match direction {
                    Direction::Backward => [before(), None],
                    Direction::Forward => [None, after()],
                    Direction::Nearest => [before(), after()],
                },
            );
        }
    }
}

/// A value by which rows are near.
trait Key: Copy + PartialOrd {
    /// Returns how far another is away, as an integer of the same order.
    fn distance(self, other: Self) -> u64;
}

impl Key for i64 {
    fn distance(self, other: Self) -> u64 {
        self.abs_diff(other)
    }
}

impl Key for f64 {
    /// The bits of floats that are not negative are ordered as these are.
    fn distance(self, other: Self) -> u64 {
        // Equal infinities have no difference.
        if self == other { 0 } else { (self - other).abs().to_bits() }
    }
}

/// Returns the largest distance.
fn most(spec: &AsOfSpec) -> u64 {
    match &spec.tolerance {
        None => u64::MAX,
        Some(Scalar::Float64(most)) => most.abs().to_bits(),
        Some(Scalar::Int64(most)) if spec.on.2.is_float() => (*most as f64).to_bits(),
        Some(Scalar::Int64(most) | Scalar::Duration(most)) => most.unsigned_abs(),
        Some(_) => unreachable!("the tolerance was found to be a distance when the join was written"),
    }
}

fn other_type() -> ! {
    unreachable!("the keys were found to be numbers or times when the join was written")
}
