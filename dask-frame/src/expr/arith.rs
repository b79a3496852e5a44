//! Arithmetic on columns. Integers never wrap: the loops collect an overflow flag beside the values.

use num_traits::ops::overflowing::{OverflowingAdd, OverflowingMul, OverflowingSub};
use num_traits::{PrimInt, WrappingMul, WrappingSub, checked_pow};

use super::eval::{Eval, unify};
use super::typing::arithmetic;
use super::{Binary, Expr, Unary};
use crate::column::{Column, Mask, Numbers, Scalar, View};
use crate::error::EvalError;
use crate::schema::DataType;

/// What can go wrong in a row.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Overflow,
    DivisionByZero,
    NegativePower,
}

impl Fault {
    pub(super) fn of(self, expr: &Expr) -> EvalError {
        let expr = expr.to_string();
        match self {
            Fault::Overflow => EvalError::Overflow { expr },
            Fault::DivisionByZero => EvalError::DivisionByZero { expr },
            Fault::NegativePower => EvalError::NegativePower { expr },
        }
    }
}

/// One side of an operator over plain values.
#[derive(Clone, Copy)]
enum Side<'a, T> {
    Each(&'a [T]),
    One(T),
}

impl<T: Copy> Side<'_, T> {
    fn get(self, row: usize) -> T {
        match self {
            Side::Each(values) => values[row],
            Side::One(value) => value,
        }
    }
}

fn zip<T: Copy, R>(a: Side<'_, T>, b: Side<'_, T>, mut f: impl FnMut(T, T) -> R) -> Vec<R> {
    match (a, b) {
        (Side::Each(a), Side::Each(b)) => a.iter().zip(b).map(|(&x, &y)| f(x, y)).collect(),
        (Side::Each(a), Side::One(y)) => a.iter().map(|&x| f(x, y)).collect(),
        (Side::One(x), Side::Each(b)) => b.iter().map(|&y| f(x, y)).collect(),
        (Side::One(x), Side::One(y)) => vec![f(x, y)],
    }
}

/// Computes one of the arithmetic operators; the types were checked when it was written.
pub(super) fn binary(op: Binary, left: &Eval, right: &Eval, len: usize) -> Result<Column, Fault> {
    let validity = Mask::both(left.validity(len).as_ref(), right.validity(len).as_ref());
    let output = arithmetic(op, &left.dtype(), &right.dtype());
    let (left, right) = (left.clone(), right.clone());
    let (left, right) = match &output {
        DataType::UInt64 => (left.into_type(DataType::UInt64), right.into_type(DataType::UInt64)),
        dtype if dtype.is_integer() => (left.into_wide(), right.into_wide()),
        dtype if dtype.is_float() => (left.into_floats(), right.into_floats()),
        _ => unify(left, right),
    };
    // A missing constant makes every row missing, whatever the other side is.
    if [&left, &right].iter().any(|side| matches!(side, Eval::Constant(value) if value.is_null())) {
        return Ok(Column::nulls(&output, len));
    }
    match (sides(&left), sides(&right)) {
        (Sides::Ints(a), Sides::Ints(b)) => {
            let values = ints(op, a, b, len, validity.as_ref())?;
            Column::from_i64s(values, validity).fitted_to(&output).ok_or(Fault::Overflow)
        }
        (Sides::Unsigned(a), Sides::Unsigned(b)) => {
            let values = ints(op, a, b, len, validity.as_ref())?;
            Ok(Column::from_numbers(values, validity))
        }
        (Sides::Floats(a), Sides::Floats(b)) => {
            Ok(Column::from_f64s(floats(op, a, b), validity).rounded_to(&output))
        }
        (Sides::Texts(a), Sides::Texts(b)) => {
            let text = |side: &Column, row: usize| match side.view() {
                View::Utf8(texts) => texts.get(row).to_owned(),
                _ => unreachable!("both sides are texts"),
            };
            let (a, b) = (a.clone().into_column(len), b.clone().into_column(len));
            let valid = |row| validity.as_ref().is_none_or(|valid| valid.get(row));
            let joined = (0..len).map(|row| valid(row).then(|| text(&a, row) + &text(&b, row)));
            Ok(Column::from(joined.collect::<Vec<_>>()))
        }
        _ => unreachable!("the sides of `{op:?}` were given one type when it was written"),
    }
}

enum Sides<'a> {
    Ints(Side<'a, i64>),
    Unsigned(Side<'a, u64>),
    Floats(Side<'a, f64>),
    Texts(&'a Eval),
    Other,
}

fn sides(side: &Eval) -> Sides<'_> {
    match side {
        Eval::Constant(Scalar::Int64(x)) => Sides::Ints(Side::One(*x)),
        Eval::Constant(Scalar::UInt64(x)) => Sides::Unsigned(Side::One(*x)),
        Eval::Constant(Scalar::Float64(x)) => Sides::Floats(Side::One(*x)),
        Eval::Constant(Scalar::Utf8(_)) => Sides::Texts(side),
        Eval::Constant(_) => Sides::Other,
        Eval::Column(column) => match column.view() {
            View::Int64(values) => Sides::Ints(Side::Each(values)),
            View::Numbers(Numbers::UInt64(values)) => Sides::Unsigned(Side::Each(values.values())),
            View::Float64(values) => Sides::Floats(Side::Each(values)),
            View::Utf8(_) => Sides::Texts(side),
            _ => Sides::Other,
        },
    }
}

/// Integers that arithmetic is done in.
trait Integer: PrimInt + OverflowingAdd + OverflowingSub + OverflowingMul + WrappingSub + WrappingMul {}

impl Integer for i64 {}
impl Integer for u64 {}

fn ints<T: Integer>(
    op: Binary,
    a: Side<'_, T>,
    b: Side<'_, T>,
    len: usize,
    validity: Option<&Mask>,
) -> Result<Vec<T>, Fault> {
    // Each row gives its value and whether it is wrong. What stands in a missing row is anything, so a
    // flag that is up is looked at again where it counts.
    fn checked<T: Integer>(
        (a, b): (Side<'_, T>, Side<'_, T>),
        len: usize,
        validity: Option<&Mask>,
        fault: Fault,
        f: impl Fn(T, T) -> (T, bool),
    ) -> Result<Vec<T>, Fault> {
        let mut any = false;
        let values = zip(a, b, |x, y| {
            let (value, wrong) = f(x, y);
            any |= wrong;
            value
        });
        let counts = |row: usize| validity.is_none_or(|valid| valid.get(row)) && f(a.get(row), b.get(row)).1;
        if any && (0..len).any(counts) { Err(fault) } else { Ok(values) }
    }
    let (zero, one) = (T::zero(), T::one());
    let run = |fault, f: fn(T, T) -> (T, bool)| checked((a, b), len, validity, fault, f);
    match op {
        Binary::Add => checked((a, b), len, validity, Fault::Overflow, |x, y| x.overflowing_add(&y)),
        Binary::Subtract => checked((a, b), len, validity, Fault::Overflow, |x, y| x.overflowing_sub(&y)),
        Binary::Multiply => checked((a, b), len, validity, Fault::Overflow, |x, y| x.overflowing_mul(&y)),
        Binary::FloorDivide => {
            run(Fault::DivisionByZero, |_, y| (T::zero(), y.is_zero()))?;
            checked((a, b), len, validity, Fault::Overflow, floor_div)
        }
        Binary::Remainder => {
            run(Fault::DivisionByZero, |_, y| (T::zero(), y.is_zero()))?;
            // i64::MIN % -1 is 0, although the quotient does not fit.
            run(Fault::Overflow, |x, y| match y.is_zero() {
                true => (y, false),
                false => (x.wrapping_sub(&floor_div(x, y).0.wrapping_mul(&y)), false),
            })
        }
        Binary::Power => {
            run(Fault::NegativePower, |_, y| (T::zero(), y < T::zero()))?;
            checked((a, b), len, validity, Fault::Overflow, |x, y| match y.to_u32() {
                Some(y) => checked_pow(x, y as usize).map_or((zero, true), |power| (power, false)),
                None if x == zero || x == one => (x, false),
                // Minus one.
                None if x < zero && x + one == zero => (if y & one == zero { one } else { x }, false),
                None => (zero, true),
            })
        }
        _ => unreachable!("`{op:?}` is no arithmetic"),
    }
}

fn floor_div<T: Integer>(x: T, y: T) -> (T, bool) {
    let Some(quotient) = x.checked_div(&y) else { return (T::zero().wrapping_sub(&x), true) };
    let down = !(x % y).is_zero() && (x < T::zero()) != (y < T::zero());
    (if down { quotient - T::one() } else { quotient }, false)
}

fn floats(op: Binary, a: Side<'_, f64>, b: Side<'_, f64>) -> Vec<f64> {
    match op {
        Binary::Add => zip(a, b, |x, y| x + y),
        Binary::Subtract => zip(a, b, |x, y| x - y),
        Binary::Multiply => zip(a, b, |x, y| x * y),
        Binary::Divide => zip(a, b, |x, y| x / y),
        Binary::FloorDivide => zip(a, b, |x, y| float_divmod(x, y).0),
        Binary::Remainder => zip(a, b, |x, y| float_divmod(x, y).1),
        Binary::Power => zip(a, b, f64::powf),
        _ => unreachable!("`{op:?}` is no arithmetic"),
    }
}

/// Quotient rounded towards negative infinity and remainder with the sign of `y`, as Python and numpy do
/// it: from the exact remainder, so that quotient and remainder belong together.
fn float_divmod(x: f64, y: f64) -> (f64, f64) {
    if y == 0.0 {
        return (x / y, f64::NAN);
    }
    let mut remainder = x % y;
    let mut quotient = (x - remainder) / y;
    if remainder != 0.0 && (y < 0.0) != (remainder < 0.0) {
        remainder += y;
        quotient -= 1.0;
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, remainder)
}

/// Negates or takes the absolute value.
pub(super) fn unary(op: Unary, of: &Column) -> Result<Column, Fault> {
    let validity = of.validity();
    match of.view() {
        View::Float64(values) => {
            let f = if op == Unary::Negative { |x: f64| -x } else { f64::abs };
            Ok(Column::from_f64s(values.iter().map(|&x| f(x)).collect(), validity))
        }
        View::Numbers(numbers) => {
            let dtype = numbers.dtype();
            match (of.wide().view(), op) {
                (View::Numbers(Numbers::UInt64(_)), Unary::Absolute) => Ok(of.clone()),
                // Nothing but zero has a negative.
                (View::Numbers(Numbers::UInt64(values)), _) => {
                    let valid = |row: usize| validity.as_ref().is_none_or(|valid| valid.get(row));
                    let is_there = |(row, &x): (usize, &u64)| x > 0 && valid(row);
                    match values.values().iter().enumerate().any(is_there) {
                        true => Err(Fault::Overflow),
                        false => Ok(of.clone()),
                    }
                }
                _ => {
                    let wide = unary(op, &of.wide())?.rounded_to(&dtype);
                    wide.fitted_to(&dtype).ok_or(Fault::Overflow)
                }
            }
        }
        View::Int64(values) => {
            let negated =
                |&x: &i64| if op == Unary::Negative { x.overflowing_neg() } else { x.overflowing_abs() };
            let valid = |row: usize| validity.as_ref().is_none_or(|valid| valid.get(row));
            if values.iter().enumerate().any(|(row, x)| negated(x).1 && valid(row)) {
                return Err(Fault::Overflow);
            }
            Ok(Column::from_i64s(values.iter().map(|x| negated(x).0).collect(), validity))
        }
        _ => unreachable!("`{op:?}` was checked to be of a number"),
    }
}
