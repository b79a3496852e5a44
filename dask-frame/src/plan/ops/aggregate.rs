//! Group-by of one partition, and the merge of what several gave.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::{Column, Mask, NO_ROW, View};
use crate::error::{EvalError, FrameError};
use crate::kernel::aggregate::{Overflow, State};
use crate::kernel::group::{Groups, keys_seem_unique, valid_in_all};
use crate::kernel::sort::sorted_rows;
use crate::pack::pack;
use crate::plan::aggregate::AggregateSpec;
use crate::schema::Schema;
use crate::table::Table;

/// Aggregates a partition into a table of states, whose columns are those of `schema`.
pub(super) fn partial(spec: &AggregateSpec, schema: &Schema, table: &Table) -> Result<Table, EvalError> {
    let keys = spec.keys.iter().map(|(_, expr)| expr.eval(table)).collect::<Result<Vec<_>, _>>()?;
    let n_rows = table.n_rows();
    // Where nearly every row is a group, or a state holds every value, to put rows together here would be work for
    // nothing: it is done once, where all rows of a key meet.
    let has_strays = spec.drop_nulls && valid_in_all(&keys).is_some();
    let stay_apart = !has_strays
        && !keys.is_empty()
        && (spec.keeps_every_value() || !spec.is_ragged() && keys_seem_unique(&keys, n_rows));
    let groups =
        if stay_apart { Groups::each_row(n_rows) } else { Groups::new(&keys, n_rows, spec.drop_nulls) };
    let keys = keys.iter().map(|key| groups.key(key)).collect();
    let mut states = Vec::new();
    for at in spec.states() {
        let inputs =
            spec.aggregates[at].1.exprs().map(|expr| expr.eval(table)).collect::<Result<Vec<_>, _>>()?;
        let state = spec.reductions[at].0.partial(&inputs, &groups);
        states.push(state.map_err(|overflow| spec.overflow(at, overflow))?);
    }
    spec.table(schema, keys, groups.n, &states)
}

impl AggregateSpec {
    fn overflow(&self, at: usize, Overflow: Overflow) -> EvalError {
        EvalError::Overflow { expr: self.aggregates[at].1.to_string() }
    }

    /// Puts keys and states together. A group has as many rows as its longest state, and one at least.
    pub(super) fn table(
        &self,
        schema: &Schema,
        keys: Vec<Column>,
        n: usize,
        states: &[State],
    ) -> Result<Table, EvalError> {
        let one = states.iter().flat_map(|state| &state.one);
        if !self.is_ragged() {
            return Ok(Table::with_rows(schema.clone(), keys.into_iter().chain(one.cloned()).collect(), n)?);
        }
        let many = states.iter().map(|state| &state.many).filter(|many| !many.columns.is_empty());
        let many = many.collect::<Vec<_>>();
        let lengths = |group: usize| many.iter().map(move |many| many.starts[group + 1] - many.starts[group]);
        if n > 0 && (0..n).all(|group| lengths(group).all(|length| length == 1)) {
            let first = Column::from_mask(Mask::from_fn(n, |_| true), None);
            let many = many.iter().flat_map(|many| &many.columns);
            let columns = keys.into_iter().chain(one.cloned()).chain([first]).chain(many.cloned());
            return Ok(Table::with_rows(schema.clone(), columns.collect(), n)?);
        }
        let mut of = Vec::new();
        let mut firsts = Vec::new();
        for group in 0..n {
            let length = lengths(group).max().unwrap_or(0).max(1);
            firsts.push(of.len());
            of.extend((0..length).map(|_| group as u32));
        }
        let mut first_of = vec![NO_ROW; of.len()];
        firsts.iter().zip(0..).for_each(|(&row, group)| first_of[row] = group);
        let mut columns = keys.iter().map(|key| key.take(&of)).collect::<Vec<_>>();
        columns.extend(one.map(|column| column.take(&first_of)));
        columns.push(Column::from_mask(Mask::from_fn(of.len(), |row| first_of[row] != NO_ROW), None));
        for many in many {
            let mut rows = vec![NO_ROW; of.len()];
            for (group, &first) in firsts.iter().enumerate() {
                let own = many.starts[group]..many.starts[group + 1];
                rows[first..].iter_mut().zip(own).for_each(|(row, own)| *row = own);
            }
            columns.extend(many.columns.iter().map(|column| column.take(&rows)));
        }
        Ok(Table::with_rows(schema.clone(), columns, of.len())?)
    }

    /// Merges the states of a table by group.
    pub(super) fn merge(&self, table: &Table) -> Result<(Vec<Column>, usize, Vec<State>), EvalError> {
        let (keys, mut one) = table.columns().split_at(self.keys.len());
        let groups = Groups::new(keys, table.n_rows(), false);
        let n_one = self.states().map(|at| self.reductions[at].0.state_dtypes().0.len()).sum();
        let mut many: &[Column] = &[];
        let mut firsts = None;
        if self.is_ragged() {
            let (ones, rest) = one.split_at(n_one);
            let View::Bool(first) = rest[0].view() else { unreachable!("a row is the first or not") };
            firsts = Some(groups.only(&first.to_mask()));
            (one, many) = (ones, &rest[1..]);
        }
        let mut states = Vec::new();
        for at in self.states() {
            let reduction = &self.reductions[at].0;
            let (one_dtypes, many_dtypes) = reduction.state_dtypes();
            let (own_one, own_many);
            (own_one, one) = one.split_at(one_dtypes.len());
            (own_many, many) = many.split_at(many_dtypes.len());
            let merged = reduction.merge((own_one, firsts.as_ref().unwrap_or(&groups)), (own_many, &groups));
            states.push(merged.map_err(|overflow| self.overflow(at, overflow))?);
        }
        let keys = keys.iter().map(|key| groups.key(key)).collect();
        Ok((keys, groups.n, states))
    }

    /// Adds the groups that no row has: combinations of all categories, or of the values that other keys have.
    fn with_unobserved(
        &self,
        schema: &Schema,
        (keys, n, states): (Vec<Column>, usize, Vec<State>),
    ) -> Result<(Vec<Column>, usize, Vec<State>), EvalError> {
        let levels = keys.iter().map(levels).collect::<Vec<_>>();
        let total = levels.iter().map(Column::len).fold(1, usize::saturating_mul);
        if total >= u32::MAX as usize {
            return Err(FrameError::TooManyRows { rows: total }.into());
        }
        let (mut each, mut all) = (total, Vec::new());
        for level in &levels {
            // Of two keys of 2 and 3 levels: 0 0 0 1 1 1 and 0 1 2 0 1 2.
            each /= level.len().max(1);
            let rows = (0..total).map(|group| (group / each % level.len()) as u32).collect::<Vec<_>>();
            all.push(level.take(&rows));
        }
        // The states of no rows.
        let none = Groups::known(Vec::new(), total);
        let empty = self.states().map(|at| {
            let state = self.reductions[at].0.of_no_rows(&none);
            state.map_err(|overflow| self.overflow(at, overflow))
        });
        let empty = self.table(schema, all, total, &empty.collect::<Result<Vec<_>, _>>()?)?;
        let own = self.table(schema, keys, n, &states)?;
        self.merge(&Table::concat(schema, &[&own, &empty])?)
    }

    /// Makes results of states.
    pub(super) fn finish(
        &self,
        schema: &Schema,
        keys: Vec<Column>,
        n: usize,
        states: &[State],
    ) -> Result<Table, EvalError> {
        let numbers = self.states().collect::<Vec<_>>();
        let mut columns = keys;
        for (reduction, state) in &self.reductions {
            let state = numbers.iter().position(|at| at == state).expect("a state is among the states");
            columns.push(reduction.finish(&states[state]));
        }
        let table = Table::with_rows(schema.clone(), columns, n)?;
        if !self.sort || self.keys.is_empty() {
            return Ok(table);
        }
        let keys = &table.columns()[..self.keys.len()];
        let rows = sorted_rows(keys, n, &vec![false; keys.len()], false);
        Ok(table.take(&rows))
    }
}

/// Returns the values that a key can have: all known categories, or the different values that there are.
fn levels(key: &Column) -> Column {
    let different = key.take(&Groups::new(std::slice::from_ref(key), key.len(), false).first_rows);
    match key.all_categories() {
        Some(all) if different.null_count() > 0 => Column::concat(&[&all, &Column::nulls(&key.dtype(), 1)]),
        Some(all) => all,
        None => different,
    }
}

/// Merges tables of states; the last merge makes results of them.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct MergeOp {
    pub(in crate::plan) spec: Arc<AggregateSpec>,
    pub(in crate::plan) states: Schema,
    /// The columns of the result, if this is the last merge.
    pub(in crate::plan) result: Option<Schema>,
}

impl Op for MergeOp {
    fn name(&self) -> Cow<'_, str> {
        "merge groups".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let states = gathered(&args, &self.states)?;
        let (mut keys, mut n, mut merged) = self.spec.merge(&states).map_err(OpError::failed)?;
        if self.result.is_some() && !self.spec.observed {
            let groups = (keys, n, merged);
            (keys, n, merged) = self.spec.with_unobserved(&self.states, groups).map_err(OpError::failed)?;
        }
        let table = match &self.result {
            Some(schema) => self.spec.finish(schema, keys, n, &merged),
            None => self.spec.table(&self.states, keys, n, &merged),
        };
        Ok(Value::sized(table.map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
