//! Functions of the values of a row computed for columns.

use std::cmp::Ordering;
use std::collections::HashMap;

use num_traits::{Euclid, PrimInt, cast, checked_pow};

use super::{MathFunction, Real, RowStatistic};
use crate::column::{Column, Mask, NO_ROW, Numbers, Scalar, Stored, View};
use crate::error::{EvalError, FrameError};
use crate::expr::{cast_column, common, order_rows, settle, to_floats};
use crate::schema::DataType;

impl MathFunction {
    /// Computes the function; `expr` is asked for its text only to report a value.
    pub(in crate::expr) fn eval(
        &self,
        args: &[Column],
        expr: &dyn Fn() -> String,
    ) -> Result<Column, EvalError> {
        let overflow = || EvalError::Overflow { expr: expr() };
        if let (true, View::Numbers(numbers)) = (self.is_of_one(), args[0].view()) {
            return self.of_narrow(&args[0], &numbers.dtype(), expr);
        }
        let floats = |f: &dyn Fn(f64) -> f64| {
            let of = to_floats(&args[0]);
            let View::Float64(values) = of.view() else { unreachable!("numbers were converted to floats") };
            Column::from_f64s(values.iter().map(|&x| f(x)).collect(), of.validity())
        };
        let ints = match args[0].view() {
            View::Int64(values) => Some(values),
            _ => None,
        };
        Ok(match self {
            MathFunction::Real(real) => floats(&real.function()),
            MathFunction::Round(decimals) => match ints {
                Some(_) if *decimals >= 0 => args[0].clone(),
                Some(values) => {
                    let valid = args[0].validity();
                    let rounded = values.iter().enumerate().map(|(row, &x)| {
                        let there = valid.as_ref().is_none_or(|valid| valid.get(row));
                        if there { round_int(x, decimals.unsigned_abs()).ok_or_else(overflow) } else { Ok(0) }
                    });
                    Column::from_i64s(rounded.collect::<Result<_, _>>()?, args[0].validity())
                }
                None => {
                    let scale = 10_f64.powi(decimals.abs());
                    match *decimals >= 0 {
                        // A scale that is not finite leaves every number as it is.
                        true if !scale.is_finite() => args[0].clone(),
                        true => floats(&|x| {
                            let scaled = x * scale;
                            if scaled.is_finite() { scaled.round_ties_even() / scale } else { x }
                        }),
                        false => floats(&|x| (x / scale).round_ties_even() * scale),
                    }
                }
            },
            MathFunction::Floor | MathFunction::Ceil | MathFunction::Truncate if ints.is_some() => {
                args[0].clone()
            }
            MathFunction::Floor => floats(&f64::floor),
            MathFunction::Ceil => floats(&f64::ceil),
            MathFunction::Truncate => floats(&f64::trunc),
            MathFunction::Sign => match ints {
                Some(values) => {
                    Column::from_i64s(values.iter().map(|x| x.signum()).collect(), args[0].validity())
                }
                None => floats(&|x| if x == 0.0 { x } else { x.signum() }),
            },
            MathFunction::Coalesce => pick(args, |_, _, _| false)?,
            MathFunction::Row(RowStatistic::Min) => pick(args, |of, a, b| order_rows(of, a, b).is_lt())?,
            MathFunction::Row(RowStatistic::Max) => pick(args, |of, a, b| order_rows(of, a, b).is_gt())?,
            MathFunction::Row(statistic) => of_row(*statistic, args).ok_or_else(overflow)?,
            MathFunction::Replace { from, to, keep } => replaced(&args[0], from, to, *keep)?,
        })
    }
}

impl MathFunction {
    /// Whether it is a function of a single number.
    fn is_of_one(&self) -> bool {
        !matches!(self, MathFunction::Coalesce | MathFunction::Row(_) | MathFunction::Replace { .. })
    }

    /// Computes a function of a number in a wider type, and gives the result that of the number if it is to have it.
    fn of_narrow(
        &self,
        of: &Column,
        dtype: &DataType,
        expr: &dyn Fn() -> String,
    ) -> Result<Column, EvalError> {
        let overflow = || EvalError::Overflow { expr: expr() };
        if let (MathFunction::Real(_), true) = (self, dtype.is_integer()) {
            return self.eval(&[to_floats(of)], expr);
        }
        let wide = of.wide();
        let View::Numbers(Numbers::UInt64(values)) = wide.view() else {
            let computed = self.eval(&[wide.into_owned()], expr)?.rounded_to(dtype);
            return if dtype.is_integer() {
                computed.fitted_to(dtype).ok_or_else(overflow)
            } else {
                Ok(computed)
            };
        };
        let valid = of.validity();
        let there = |row: usize| valid.as_ref().is_none_or(|valid| valid.get(row));
        let of_each = |f: &dyn Fn(u64) -> Option<u64>| {
            let values = values.values().iter().enumerate();
            let values = values.map(|(row, &x)| if there(row) { f(x).ok_or_else(overflow) } else { Ok(0) });
            Ok::<_, EvalError>(Column::from_numbers(values.collect::<Result<_, _>>()?, valid.clone()))
        };
        match self {
            MathFunction::Sign => of_each(&|x| Some(u64::from(x > 0))),
            MathFunction::Round(decimals) if *decimals < 0 => {
                of_each(&|x| round_int(x, decimals.unsigned_abs()))
            }
            _ => Ok(of.clone()),
        }
    }
}

impl Real {
    fn function(self) -> fn(f64) -> f64 {
        match self {
            Real::Sqrt => f64::sqrt,
            Real::Cbrt => f64::cbrt,
            Real::Exp => f64::exp,
            Real::ExpM1 => f64::exp_m1,
            Real::Ln => f64::ln,
            Real::Log2 => f64::log2,
            Real::Log10 => f64::log10,
            Real::Ln1P => f64::ln_1p,
            Real::Sin => f64::sin,
            Real::Cos => f64::cos,
            Real::Tan => f64::tan,
            Real::Asin => f64::asin,
            Real::Acos => f64::acos,
            Real::Atan => f64::atan,
            Real::Sinh => f64::sinh,
            Real::Cosh => f64::cosh,
            Real::Tanh => f64::tanh,
        }
    }
}

/// Rounds to a multiple of a power of ten, halves to the even; `None` if it does not fit 64 bits.
fn round_int<T: PrimInt + Euclid>(x: T, zeros: u32) -> Option<T> {
    let unit = cast::<_, T>(10).and_then(|ten| checked_pow(ten, zeros as usize));
    let Some(unit) = unit else { return Some(T::zero()) };
    let (count, rest) = (x.div_euclid(&unit), x.rem_euclid(&unit));
    let up = match rest.cmp(&(unit - rest)) {
        Ordering::Less => false,
        Ordering::Equal => count & T::one() == T::one(),
        Ordering::Greater => true,
    };
    (if up { count + T::one() } else { count }).checked_mul(&unit)
}

/// Converts columns to the type that is common to all, which holds all their values.
fn unified(columns: &[Column]) -> Result<Vec<Column>, EvalError> {
    let dtypes = columns.iter().map(Column::dtype);
    let all = dtypes.reduce(|a, b| common(&a, &b).unwrap_or(a)).unwrap_or(DataType::Int64);
    columns.iter().map(|column| cast_column("", column, &all)).collect()
}

/// Takes one value of each row: the first that is there, and then each that is better than the last taken.
fn pick(columns: &[Column], better: impl Fn(View<'_>, usize, usize) -> bool) -> Result<Column, EvalError> {
    let columns = unified(columns)?;
    let len = columns.first().map_or(0, Column::len);
    if len * columns.len() >= NO_ROW as usize {
        return Err(FrameError::TooManyRows { rows: len * columns.len() }.into());
    }
    let all = Column::concat(&columns.iter().collect::<Vec<_>>());
    let view = all.view();
    let rows = (0..len).map(|row| {
        let mut best = None;
        for at in (0..columns.len()).map(|column| column * len + row) {
            if !all.is_null(at) && best.is_none_or(|best| better(view, at, best)) {
                best = Some(at);
            }
        }
        best.map_or(NO_ROW, |row| row as u32)
    });
    Ok(all.take(&rows.collect::<Vec<_>>()))
}

/// Computes a statistic of each row; `None` if a sum of integers does not fit 64 bits.
fn of_row(statistic: RowStatistic, columns: &[Column]) -> Option<Column> {
    let len = columns.first().map_or(0, Column::len);
    let dtypes = columns.iter().map(Column::dtype);
    let all = dtypes.reduce(|a, b| common(&a, &b).unwrap_or(a)).unwrap_or(DataType::Int64);
    let there = |row: usize| columns.iter().filter(move |column| !column.is_null(row));
    Some(match statistic {
        RowStatistic::Count => {
            Column::from((0..len).map(|row| there(row).count() as i64).collect::<Vec<_>>())
        }
        RowStatistic::Any | RowStatistic::All => {
            let all = statistic == RowStatistic::All;
            let yes = |column: &Column, row: usize| match column.view() {
                View::Bool(values) => values.get(row),
                _ => unreachable!("the arguments were checked to be Bool"),
            };
            let holds = |row: usize| match all {
                true => there(row).all(|column| yes(column, row)),
                false => there(row).any(|column| yes(column, row)),
            };
            Column::from_mask(Mask::from_fn(len, holds), None)
        }
        RowStatistic::Sum if all.is_unsigned() => {
            let sums = int_sums::<u64>(columns, len)?;
            Column::from_numbers(sums, None)
        }
        RowStatistic::Sum if all.is_integer() => int_sums::<i64>(columns, len)?.into(),
        _ => {
            let floats = columns.iter().map(to_floats).collect::<Vec<_>>();
            let values = floats.iter().map(|column| match column.view() {
                View::Float64(values) => (values, column.validity()),
                _ => unreachable!("numbers were converted to floats"),
            });
            let values = values.collect::<Vec<_>>();
            let result = |row: usize| {
                let there =
                    values.iter().filter(|(_, valid)| valid.as_ref().is_none_or(|valid| valid.get(row)));
                let (n, sum) = there.fold((0.0, 0.0), |(n, sum), (values, _)| (n + 1.0, sum + values[row]));
                if statistic == RowStatistic::Mean { sum / n } else { sum }
            };
            Column::from((0..len).map(result).collect::<Vec<_>>()).rounded_to(&all)
        }
    })
}

/// Adds up integers of each row; `None` if a sum does not fit.
fn int_sums<T: Stored + PrimInt>(columns: &[Column], len: usize) -> Option<Vec<T>> {
    let mut sums = vec![T::zero(); len];
    for column in columns {
        let ints = cast_column("", column, &T::DTYPE).expect("integers fit the widest of their kind");
        for (sum, value) in sums.iter_mut().zip(ints.values_of::<T>()?) {
            *sum = sum.checked_add(&value.unwrap_or_else(T::zero))?;
        }
    }
    Some(sums)
}

/// What a value is looked up by; an integer is the float of its value where floats are among them.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Int(i128),
    Float(u64),
    Text(std::sync::Arc<str>),
}

fn key(value: Scalar, floats: bool) -> Key {
    match value.wide() {
        value if value.is_null() => Key::Null,
        Scalar::Int64(x) if floats => Key::Float((x as f64 + 0.0).to_bits()),
        Scalar::UInt64(x) if floats => Key::Float((x as f64 + 0.0).to_bits()),
        Scalar::Int64(x) => Key::Int(x.into()),
        Scalar::UInt64(x) => Key::Int(x.into()),
        // Adding 0.0 makes -0.0 to 0.0.
        Scalar::Float64(x) => Key::Float((x + 0.0).to_bits()),
        Scalar::Bool(x) => Key::Int(x.into()),
        Scalar::Utf8(x) => Key::Text(x),
        other => Key::Int(other.ticks().unwrap_or_default().into()),
    }
}

fn replaced(of: &Column, from: &[Scalar], to: &[Scalar], keep: bool) -> Result<Column, EvalError> {
    let dtype = of.dtype();
    let floats = dtype.is_float() || from.iter().any(|x| x.dtype().is_float());
    let places = from.iter().zip(0u32..).map(|(value, at)| (key(settle(value, &dtype), floats), at));
    let places = places.collect::<HashMap<_, _>>();
    let value = |value: &Scalar| if keep { settle(value, &dtype) } else { value.clone() };
    let mut columns = to.iter().map(|to| Column::repeat(&value(to), 1)).collect::<Vec<_>>();
    if keep {
        columns.push(of.clone());
    }
    let columns = unified(&columns)?;
    let all = Column::concat(&columns.iter().collect::<Vec<_>>());
    let row = |row: usize| match places.get(&key(of.get(row), floats)) {
        Some(&at) => at,
        None if keep => (to.len() + row) as u32,
        None => NO_ROW,
    };
    Ok(all.take(&(0..of.len()).map(row).collect::<Vec<_>>()))
}
