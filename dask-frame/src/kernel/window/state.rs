//! Functions of all rows so far: what is carried from partition to partition.
//!
//! | function | state |
//! |---|---|
//! | cumulative sum, product, count | the value so far; integers modulo 2⁶⁴ |
//! | cumulative minimum, maximum, filling | the value so far, or none |
//! | statistics of all rows | count, mean and so on, in floats |
//! | rank | the number of rows |
//!
//! That totals of partitions may wrap is what makes the sums exact: a sum that fits 64 bits is right modulo 2⁶⁴ whatever
//! its parts, and one that does not is found in the partition in which it happens.

use serde::{Deserialize, Serialize};

use super::statistic;
use crate::column::{Column, NO_ROW, Scalar, ValueBuilder, View};
use crate::expr::{Cumulative, Frame, WindowFunction, cast_column, order_rows};
use crate::kernel::aggregate::Overflow;
use crate::schema::DataType;

/// In which direction a state is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Carry {
    Forward,
    Backward,
}

/// Returns in which direction a function carries a state, if it has one.
pub(crate) fn carry(function: &WindowFunction) -> Option<Carry> {
    match function {
        WindowFunction::Fill { forward: false, limit: None } => Some(Carry::Backward),
        WindowFunction::Cumulative(_)
        | WindowFunction::Rank { .. }
        | WindowFunction::Fill { limit: None, .. }
        | WindowFunction::Statistic { frame: Frame::Expanding, .. } => Some(Carry::Forward),
        _ => None,
    }
}

/// Returns the types of a state's columns, for a function of a column of type `input` with results of type
/// `output`.
pub(crate) fn state_dtypes(function: &WindowFunction, input: &DataType, output: &DataType) -> Vec<DataType> {
    empty_state(function, input, output).iter().map(Column::dtype).collect()
}

/// Returns the state of no rows.
pub(crate) fn empty_state(function: &WindowFunction, input: &DataType, output: &DataType) -> Vec<Column> {
    let one = |value: i64| match output {
        dtype if dtype.is_float() => Scalar::Float64(value as f64),
        DataType::Duration => Scalar::Duration(value),
        _ => Scalar::Int64(value),
    };
    match function {
        WindowFunction::Cumulative(Cumulative::Sum) => vec![Column::repeat(&one(0), 1)],
        WindowFunction::Cumulative(Cumulative::Product) => vec![Column::repeat(&one(1), 1)],
        WindowFunction::Cumulative(Cumulative::Count) | WindowFunction::Rank { .. } => {
            vec![Column::from(vec![0])]
        }
        WindowFunction::Statistic { statistic, .. } => floats(statistic::empty_state(*statistic)),
        _ => vec![Column::nulls(input, 1)],
    }
}

/// Returns the state of the rows of a partition.
pub(crate) fn state_of(function: &WindowFunction, args: &[Column], output: &DataType) -> Vec<Column> {
    let of = &args[0];
    match function {
        WindowFunction::Rank { .. } => vec![Column::from(vec![of.len() as i64])],
        WindowFunction::Cumulative(Cumulative::Count) => {
            vec![Column::from(vec![(of.len() - of.null_count()) as i64])]
        }
        WindowFunction::Cumulative(kind @ (Cumulative::Sum | Cumulative::Product)) => {
            vec![folded(*kind, &operands(of, output), output)]
        }
        WindowFunction::Statistic { statistic, .. } => floats(statistic::state_of(*statistic, args)),
        _ => {
            let last = if carry(function) == Some(Carry::Backward) { 0 } else { of.len().saturating_sub(1) };
            let row = nearest(function, of).get(last).copied().unwrap_or(NO_ROW);
            vec![of.take(&[row])]
        }
    }
}

/// Returns the state of two parts, of which `near` is the one next to the rows that it is for.
pub(crate) fn combined(function: &WindowFunction, far: &[Column], near: &[Column]) -> Vec<Column> {
    match function {
        WindowFunction::Statistic { statistic, .. } => {
            floats(statistic::combined(*statistic, &numbers(far), &numbers(near)))
        }
        WindowFunction::Cumulative(Cumulative::Count) | WindowFunction::Rank { .. } => {
            vec![folded(Cumulative::Sum, &Column::concat(&[&far[0], &near[0]]), &DataType::Int64)]
        }
        WindowFunction::Cumulative(kind @ (Cumulative::Sum | Cumulative::Product)) => {
            // A sum of floats that is missing is NaN, from infinities of both signs, and stays so.
            if far[0].is_null(0) || near[0].is_null(0) {
                return vec![Column::nulls(&far[0].dtype(), 1)];
            }
            vec![folded(*kind, &Column::concat(&[&far[0], &near[0]]), &far[0].dtype())]
        }
        _ => match carry(function) {
            Some(Carry::Backward) => {
                state_of(function, &[Column::concat(&[&near[0], &far[0]])], &far[0].dtype())
            }
            _ => state_of(function, &[Column::concat(&[&far[0], &near[0]])], &far[0].dtype()),
        },
    }
}

/// Computes a function for the rows of a partition, given the state of the rows before (or behind) it.
pub(crate) fn with_state(
    function: &WindowFunction,
    state: &[Column],
    args: &[Column],
    output: DataType,
) -> Result<Column, Overflow> {
    let of = &args[0];
    Ok(match function {
        WindowFunction::Statistic { statistic, least, .. } => {
            statistic::expanding(*statistic, *least, args, &numbers(state))
        }
        WindowFunction::Cumulative(Cumulative::Count) => {
            let mut count = first_int(&state[0]);
            let counts = (0..of.len()).map(|row| {
                count += i64::from(!of.is_null(row));
                count
            });
            Column::from(counts.collect::<Vec<_>>())
        }
        WindowFunction::Cumulative(kind @ (Cumulative::Sum | Cumulative::Product)) => {
            running(*kind, &state[0], &operands(of, &output), &output)?
        }
        _ if carry(function) == Some(Carry::Backward) => {
            let all = Column::concat(&[of, &state[0]]);
            all.take(&nearest(function, &all)[..of.len()])
        }
        _ => {
            let all = Column::concat(&[&state[0], of]);
            let so_far = all.take(&nearest(function, &all)[1..]);
            match (function, of.validity()) {
                (WindowFunction::Cumulative(_), Some(valid)) => so_far.masked(&valid),
                _ => so_far,
            }
        }
    })
}

/// For each row the one whose value is the function of all rows up to it (from it on, if it is carried
/// backwards).
fn nearest(function: &WindowFunction, of: &Column) -> Vec<u32> {
    let view = of.view();
    let mut best: Option<usize> = None;
    let choose = |row: usize| {
        if !of.is_null(row) {
            let better = best.is_none_or(|best| match function {
                WindowFunction::Cumulative(Cumulative::Min) => order_rows(view, row, best).is_lt(),
                WindowFunction::Cumulative(Cumulative::Max) => order_rows(view, row, best).is_gt(),
                _ => true,
            });
            if better {
                best = Some(row);
            }
        }
        best.map_or(NO_ROW, |row| row as u32)
    };
    if carry(function) == Some(Carry::Backward) {
        let mut rows = (0..of.len()).rev().map(choose).collect::<Vec<_>>();
        rows.reverse();
        return rows;
    }
    (0..of.len()).map(choose).collect()
}

/// What is added up: truth values count as integers, and integers without sign are given by their bits.
fn operands(of: &Column, output: &DataType) -> Column {
    match of.dtype() {
        DataType::Bool => cast_column("", of, output).expect("a truth value is an integer"),
        _ => of.to_bits().into_owned(),
    }
}

/// Adds up or multiplies, modulo 2⁶⁴; the missing are skipped.
fn folded(kind: Cumulative, of: &Column, output: &DataType) -> Column {
    let valid = |row: &usize| !of.is_null(*row);
    let rows = (0..of.len()).filter(valid);
    match of.view() {
        View::Float64(x) if kind == Cumulative::Product => {
            Column::from(vec![rows.map(|row| x[row]).product::<f64>()])
        }
        View::Float64(x) => Column::from(vec![rows.map(|row| x[row]).sum::<f64>()]),
        View::Int64(x) | View::Ticks(x, _) => {
            let value = match kind {
                Cumulative::Product => rows.fold(1_i64, |product, row| product.wrapping_mul(x[row])),
                _ => rows.fold(0_i64, |sum, row| sum.wrapping_add(x[row])),
            };
            match output {
                DataType::Duration => Column::durations([Some(value)]),
                _ => Column::from(vec![value]),
            }
        }
        _ => unreachable!("sums were checked to be of numbers"),
    }
}

fn running(kind: Cumulative, state: &Column, of: &Column, output: &DataType) -> Result<Column, Overflow> {
    if let View::Float64(x) = of.view() {
        let mut so_far = if state.is_null(0) { f64::NAN } else { numbers(std::slice::from_ref(state))[0] };
        let mut values = ValueBuilder::with_capacity(of.len());
        for (row, x) in x.iter().enumerate() {
            if of.is_null(row) {
                values.push_null();
                continue;
            }
            so_far = if kind == Cumulative::Product { so_far * x } else { so_far + x };
            values.push(so_far);
        }
        return Ok(values.finish_f64().rounded_to(output));
    }
    let (View::Int64(x) | View::Ticks(x, _)) = of.view() else {
        unreachable!("sums were checked to be of numbers")
    };
    let mut so_far = first_int(state);
    let mut values = ValueBuilder::with_capacity(of.len());
    for (row, &x) in x.iter().enumerate() {
        if of.is_null(row) {
            values.push_null();
            continue;
        }
        let next = match (*output == DataType::UInt64, kind == Cumulative::Product) {
            (false, true) => so_far.checked_mul(x),
            (false, false) => so_far.checked_add(x),
            (true, true) => so_far.cast_unsigned().checked_mul(x.cast_unsigned()).map(u64::cast_signed),
            (true, false) => so_far.cast_unsigned().checked_add(x.cast_unsigned()).map(u64::cast_signed),
        };
        so_far = next.ok_or(Overflow)?;
        values.push(so_far);
    }
    Ok(match output {
        DataType::Duration => values.finish_ticks(output.clone()),
        _ => values.finish_bits(output),
    })
}

fn first_int(state: &Column) -> i64 {
    match state.view() {
        View::Int64(x) | View::Ticks(x, _) => x[0],
        _ => unreachable!("the state was made of integers"),
    }
}

fn floats(state: Vec<f64>) -> Vec<Column> {
    state.into_iter().map(|x| Column::from(vec![x])).collect()
}

/// The numbers of a state; what is missing is NaN, from infinities of both signs.
fn numbers(state: &[Column]) -> Vec<f64> {
    let number = |column: &Column| match column.view() {
        View::Float64(x) if !column.is_null(0) => x[0],
        _ => f64::NAN,
    };
    state.iter().map(number).collect()
}
