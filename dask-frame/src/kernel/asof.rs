//! The nearest rows of a table.

use crate::column::{Column, Mask, NO_ROW, Scalar, View};
use crate::error::EvalError;
use crate::expr::cast_column;
use crate::kernel::join::JoinIndex;
use crate::kernel::sort::sorted_rows;
use crate::plan::asof::{AsOfSpec, Direction};
use crate::table::Table;

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
        Ok(Self { index, key: key.take(order), rows, spans })
    }

    /// Returns for each row of a partition the nearest row, or [`NO_ROW`].
    pub(crate) fn rows(&self, spec: &AsOfSpec, left: &Table, by: &[Column]) -> Result<Vec<u32>, EvalError> {
        let (name, _, dtype) = &spec.on;
        let key = cast_column(name, left.column(name)?, dtype)?;
        let validity = key.validity();
        let (left_key, right_key) = (key.keyed(), self.key.keyed());
        Ok(match (left_key.view(), right_key.view()) {
            (View::Float64(a), View::Float64(b)) => {
                let most = match &spec.tolerance {
                    Some(Scalar::Float64(most)) => *most,
                    Some(Scalar::Int64(most)) => *most as f64,
                    _ => f64::INFINITY,
                };
                self.find(spec, by, a, b, validity.as_ref(), |a, b| {
                    Some((a - b).abs()).filter(|far| *far <= most)
                })
            }
            (View::Int64(a) | View::Ticks(a, _), View::Int64(b) | View::Ticks(b, _)) => {
                let most = match &spec.tolerance {
                    Some(Scalar::Int64(most) | Scalar::Duration(most)) => most.unsigned_abs(),
                    _ => u64::MAX,
                };
                self.find(spec, by, a, b, validity.as_ref(), |a, b| {
                    Some(a.abs_diff(b)).filter(|far| *far <= most)
                })
            }
            _ => unreachable!("the keys were found to be numbers or times when the join was written"),
        })
    }

    /// `distance` is `None` if it is too large.
    fn find<T: Copy + PartialOrd, D: PartialOrd>(
        &self,
        spec: &AsOfSpec,
        by: &[Column],
        left: &[T],
        right: &[T],
        validity: Option<&Mask>,
        distance: impl Fn(T, T) -> Option<D>,
    ) -> Vec<u32> {
        let mut found = vec![NO_ROW; left.len()];
        self.index.probe(by, left.len(), |row, head| {
            let at = row as usize;
            if head == NO_ROW || validity.is_some_and(|valid| !valid.get(at)) {
                return;
            }
            let (begin, end) = self.spans[head as usize];
            let group = &self.rows[begin as usize..end as usize];
            let key = left[at];
            let value = |row: u32| right[row as usize];
            let before = || {
                let n = group.partition_point(|row| value(*row) < key || spec.exact && value(*row) == key);
                let row = *group[..n].last()?;
                Some((distance(key, value(row))?, row))
            };
            let after = || {
                let n = group.partition_point(|row| value(*row) < key || !spec.exact && value(*row) == key);
                let row = *group.get(n)?;
                Some((distance(key, value(row))?, row))
            };
            let nearest = match spec.direction {
                Direction::Backward => before(),
                Direction::Forward => after(),
                Direction::Nearest => match (before(), after()) {
                    (Some(before), Some(after)) if after.0 < before.0 => Some(after),
                    (before, after) => before.or(after),
                },
            };
            found[at] = nearest.map_or(NO_ROW, |(_, row)| row);
        });
        found
    }
}
