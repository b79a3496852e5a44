//! Times exchanged for the bins in which they lie.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use crate::column::{Column, View};
use crate::error::{EvalError, FrameError};
use crate::pack::pack;
use crate::plan::bins::Bins;
use crate::rule::End;
use crate::schema::DataType;
use crate::table::Table;

/// Returns the times of a column, whatever its missing values.
fn times(column: &Column) -> &[i64] {
    match column.view() {
        View::Ticks(times, _) => times,
        _ => unreachable!("the index was found to be of timestamps when the resampling was written"),
    }
}

/// The first time of a partition, as a table of no row or one.
pub(super) fn least(name: &Arc<str>, table: &Table) -> Result<Table, EvalError> {
    let column = table.column(name)?;
    let least = first_time(column);
    Ok(Table::new([(Arc::clone(name), Column::timestamps(least.map(Some)))])?)
}

fn first_time(column: &Column) -> Option<i64> {
    let validity = column.validity();
    let is_valid = |row: usize| validity.as_ref().is_none_or(|valid| valid.get(row));
    times(column).iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, time)| *time).min()
}

/// The first time of all partitions, if there is one.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct FirstTimeOp {
    pub(in crate::plan) column: Arc<str>,
}

impl Op for FirstTimeOp {
    fn name(&self) -> Cow<'_, str> {
        "first time".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let mut first: Option<i64> = None;
        for value in args.list(0)? {
            let table = value.get::<Table>().map_err(OpError::failed)?;
            let own = first_time(table.column(&self.column).map_err(OpError::failed)?);
            first = first.into_iter().chain(own).min();
        }
        // A frame without a time has no bin that needs it.
        Ok(Value::new(first.unwrap_or_default()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The rows that have a time, with the name of its bin in its place.
pub(super) fn bin(bins: &Bins, table: &Table, first: i64) -> Result<Table, EvalError> {
    let column = table.column(&bins.column)?;
    let table = column.validity().map_or_else(|| table.clone(), |valid| table.filter(&valid));
    let times = times(table.column(&bins.column)?);
    let mut labels = Vec::with_capacity(times.len());
    // Times that follow each other are in one bin, mostly.
    let mut last: Option<(i64, i64)> = None;
    for &time in times {
        let label = match last {
            Some((of, label)) if of == time => label,
            _ => {
                let (left, right) = bins.rule.bin(time, first, bins.closed);
                if bins.label == End::Left { left } else { right }
            }
        };
        labels.push(label);
        last = Some((time, label));
    }
    let labels = Column::from_ticks(DataType::Timestamp, labels, None);
    let columns =
        table.schema().names().zip(table.columns()).map(|(name, column)| match *name == *bins.column {
            true => labels.clone(),
            false => column.clone(),
        });
    Ok(Table::with_rows(table.schema().clone(), columns.collect(), table.n_rows())?)
}

/// A row for each bin from the first to the last: that of `table`, or what `nothing` has for a bin without rows.
pub(super) fn fill(bins: &Bins, table: &Table, nothing: &Table) -> Result<Table, EvalError> {
    let names = times(table.column(&bins.column)?);
    let (Some(first), Some(&last)) = (names.first(), names.last()) else { return Ok(table.clone()) };
    let n_rows = bins.rule.most_edges(*first, last);
    if n_rows >= u64::from(u32::MAX) {
        return Err(FrameError::TooManyRows { rows: n_rows as usize }.into());
    }
    let (mut labels, mut rows) = (Vec::new(), Vec::new());
    let (mut label, mut row) = (*first, 0);
    // The row after those of the table is the one of `nothing`.
    let none = names.len() as u32;
    while label < last {
        labels.push(label);
        let is_there = names[row] == label;
        rows.push(if is_there { row as u32 } else { none });
        row += usize::from(is_there);
        label = bins.rule.next(label);
    }
    labels.push(last);
    rows.push(none - 1);
    let columns = table.schema().fields().iter().zip(table.columns()).map(|(field, column)| {
        if *field.name() == *bins.column {
            return Ok(Column::from_ticks(DataType::Timestamp, labels.clone(), None));
        }
        Ok(Column::concat(&[column, nothing.column(field.name())?]).take(&rows))
    });
    let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
    Ok(Table::with_rows(table.schema().clone(), columns, rows.len())?)
}
