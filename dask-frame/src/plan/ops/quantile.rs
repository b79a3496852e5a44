//! Quantiles of a column whose values were exchanged: each is found where the values of its rank are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use dask_graph_shuffle::Directory;
use serde::{Deserialize, Serialize};

use super::exchange::Exchanged;
use crate::column::{Column, View};
use crate::error::{EvalError, FrameError};
use crate::kernel::aggregate::Rank;
use crate::pack::pack;
use crate::schema::{DataType, Field, Schema};
use crate::table::Table;

/// Boundaries, and the places between them and at them.
///
/// ```text
///   place    0 │ 1 │ 2 │ 3 │ 4        values below a, of a, between a and b, of b, above b
///              a       b
/// ```
///
/// So values that come so often that a sample is full of them have a place of their own, which nobody needs to look
/// into.
pub(super) struct Bounds(Vec<f64>);

/// How many places there are at most where the boundaries are those of so many partitions.
pub(in crate::plan) fn n_places(partitions: u32) -> u32 {
    2 * partitions - 1
}

impl Bounds {
    /// Boundaries in their order, of which several can be equal.
    pub(super) fn new(boundaries: &[f64]) -> Self {
        let mut different = boundaries.to_vec();
        different.dedup();
        Self(different)
    }

    pub(super) fn place(&self, value: f64) -> u32 {
        let below = self.0.partition_point(|&bound| bound < value);
        2 * below as u32 + u32::from(self.0.get(below) == Some(&value))
    }

    /// The value at a place, if there can be only one.
    fn only(&self, place: u32) -> Option<f64> {
        if place % 2 == 1 { self.0.get(place as usize / 2).copied() } else { None }
    }
}

/// Returns a column of floats of which none is missing.
pub(super) fn floats<'t>(table: &'t Table, name: &str) -> Result<&'t [f64], FrameError> {
    match table.column(name)?.view() {
        View::Float64(values) => Ok(values),
        _ => unreachable!("`{name}` was cast to floats"),
    }
}

/// Finds quantiles of a column: the arguments are the directory, what was exchanged, and the boundaries.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct QuantilesOp {
    /// The column that was exchanged, alone.
    pub(in crate::plan) column: Arc<str>,
    /// Names and ranks of the quantiles.
    pub(in crate::plan) ranks: Vec<(Arc<str>, f64)>,
}

impl Op for QuantilesOp {
    fn name(&self) -> Cow<'_, str> {
        "quantiles".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (directory, exchanged) = (args.get::<Directory>(0)?, args.get::<Exchanged>(1)?);
        let quantiles = self.quantiles(directory, exchanged, args.get::<Table>(2)?);
        quantiles.map(Value::sized).map_err(OpError::failed)
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl QuantilesOp {
    fn quantiles(
        &self,
        directory: &Directory,
        exchanged: &Exchanged,
        boundaries: &Table,
    ) -> Result<Table, EvalError> {
        let n = exchanged.rows().iter().sum::<u64>();
        let ranks = self.ranks.iter().map(|&(_, q)| Rank::new(q, n)).collect::<Vec<_>>();
        // The values of these numbers in ascending order.
        let mut values = ranks.iter().flatten().flat_map(Rank::needed).map(|at| (at, f64::NAN)).collect();
        self.find(&mut values, directory, exchanged, &Bounds::new(floats(boundaries, &self.column)?))?;
        let columns = self.ranks.iter().zip(ranks).map(|((name, _), rank)| {
            let quantile = rank.map_or(f64::NAN, |rank| rank.between(|at| values[&at]));
            (Arc::clone(name), Column::from(vec![quantile]))
        });
        Ok(Table::new(columns)?)
    }

    /// Looks values up by their numbers in ascending order, one place after the other.
    fn find(
        &self,
        values: &mut BTreeMap<u64, f64>,
        directory: &Directory,
        exchanged: &Exchanged,
        bounds: &Bounds,
    ) -> Result<(), EvalError> {
        let schema = Schema::new([Field::new(Arc::clone(&self.column), DataType::Float64)])?;
        let mut before = 0;
        for (place, &rows) in (0..).zip(exchanged.rows()) {
            let mut wanted = values.range_mut(before..before + rows).peekable();
            if wanted.peek().is_some() {
                if let Some(only) = bounds.only(place) {
                    wanted.for_each(|(_, value)| *value = only);
                } else {
                    let table = exchanged.table(directory, place, &schema)?;
                    let mut held = floats(&table, &self.column)?.to_vec();
                    drop(table);
                    for (at, value) in wanted {
                        *value = *held.select_nth_unstable_by((at - before) as usize, f64::total_cmp).1;
                    }
                }
            }
            before += rows;
        }
        Ok(())
    }
}
