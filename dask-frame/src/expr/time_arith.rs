//! Arithmetic on times and durations: in integers of microseconds, which never wrap.
//!
//! | | gives |
//! |---|---|
//! | time − time | duration |
//! | time ± duration, duration + time | time |
//! | duration ± duration, duration % duration | duration |
//! | duration × number, duration ÷ number | duration |
//! | duration ÷ duration | float; rounded down by `floor_div` an integer |
//!
//! A date counts as its midnight, and gives a timestamp.

use super::arith::{self, Fault};
use super::eval::Eval;
use super::{Binary, Unary};
use crate::column::{Column, View};
use crate::parse;
use crate::schema::DataType;

/// Returns the type of the result, if this is arithmetic on times.
pub(super) fn dtype(op: Binary, a: &DataType, b: &DataType) -> Option<DataType> {
    use Binary::{Add, Divide, FloorDivide, Multiply, Remainder, Subtract};
    use DataType::{Date, Duration, Float64, Int64, Timestamp};
    let time = |dtype| if dtype == Date { Timestamp } else { dtype };
    let zoned = |dtype| matches!(dtype, DataType::Zoned(_));
    Some(match (op, a, b) {
        (Subtract, a, b) if zoned(a.clone()) == zoned(b.clone()) && a.is_temporal() && b.is_temporal() => {
            Duration
        }
        (Add | Subtract, a, Duration) if a.is_temporal() => time(a.clone()),
        (Add, Duration, b) if b.is_temporal() => time(b.clone()),
        (Add | Subtract | Remainder, Duration, Duration) => Duration,
        (Divide, Duration, Duration) => Float64,
        (FloorDivide, Duration, Duration) => Int64,
        (Multiply | Divide | FloorDivide, Duration, number) if number.is_numeric() => Duration,
        (Multiply, number, Duration) if number.is_numeric() => Duration,
        _ => return None,
    })
}

/// Computes arithmetic on times; `None` if it is not that.
pub(super) fn binary(op: Binary, left: &Eval, right: &Eval, len: usize) -> Option<Result<Column, Fault>> {
    let result = dtype(op, &left.dtype(), &right.dtype())?;
    // Integers that do not fit into those of durations are taken as floats, too.
    let number = |side: &Eval| side.dtype().is_float() || side.dtype() == DataType::UInt64;
    let scaled = result == DataType::Duration
        && (number(left) || number(right) || (op == Binary::Divide && right.dtype().is_integer()));
    let (left, right) = (plain(left, len), plain(right, len));
    Some(match scaled {
        true => {
            let floats = arith::binary(op, &left.into_floats(), &right.into_floats(), len);
            floats.and_then(|floats| whole(&floats))
        }
        false => arith::binary(op, &left, &right, len).map(|column| retyped(&column, result)),
    })
}

/// Negates a duration or takes its absolute value.
pub(super) fn unary(op: Unary, of: &Column) -> Option<Result<Column, Fault>> {
    let View::Ticks(micros, dtype) = of.view() else { return None };
    let plain = Column::from_i64s(micros.to_vec(), of.validity());
    Some(arith::unary(op, &plain).map(|column| retyped(&column, dtype.clone())))
}

/// Microseconds as plain integers.
fn plain(side: &Eval, len: usize) -> Eval {
    let column = match side {
        Eval::Column(column) => column.clone(),
        Eval::Constant(_) => side.clone().into_column(len),
    };
    let column = match column.dtype() {
        DataType::Date => match Eval::Column(column).into_type(DataType::Timestamp) {
            Eval::Column(column) => column,
            Eval::Constant(value) => Column::repeat(&value, len),
        },
        _ => column,
    };
    Eval::Column(match column.view() {
        View::Ticks(micros, _) => Column::from_i64s(micros.to_vec(), column.validity()),
        _ => column,
    })
}

fn retyped(column: &Column, dtype: DataType) -> Column {
    match column.view() {
        View::Int64(values) if dtype != DataType::Int64 => {
            Column::from_ticks(dtype, values.to_vec(), column.validity())
        }
        _ => column.clone(),
    }
}

/// Rounds to microseconds; what is no number of them is missing.
fn whole(floats: &Column) -> Result<Column, Fault> {
    let values = floats.f64s().expect("the operands were converted to floats");
    let micros = values.map(|x| match x {
        Some(x) if x.is_finite() => parse::float_to_int(x.round_ties_even()).map(Some).ok_or(Fault::Overflow),
        _ => Ok(None),
    });
    Ok(Column::durations(micros.collect::<Result<Vec<_>, _>>()?))
}
