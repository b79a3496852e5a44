//! Arithmetic on columns. Integers never wrap: the loops collect an overflow flag beside the values.

use super::eval::{Eval, unify};
use super::{Binary, Expr, Unary};
use crate::column::{Column, Mask, Scalar, View};
use crate::error::EvalError;

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
    let (left, right) = match op {
        Binary::Divide => (left.clone().into_floats(), right.clone().into_floats()),
        _ => unify(left.clone(), right.clone()),
    };
    // A missing constant makes every row missing, whatever the other side is.
    if [&left, &right].iter().any(|side| matches!(side, Eval::Constant(value) if value.is_null())) {
        return Ok(Column::nulls(&left.dtype(), len));
    }
    match (sides(&left), sides(&right)) {
        (Sides::Ints(a), Sides::Ints(b)) => {
            let values = ints(op, a, b, len, validity.as_ref())?;
            Ok(Column::from_i64s(values, validity))
        }
        (Sides::Floats(a), Sides::Floats(b)) => Ok(Column::from_f64s(floats(op, a, b), validity)),
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
    Floats(Side<'a, f64>),
    Texts(&'a Eval),
    Other,
}

fn sides(side: &Eval) -> Sides<'_> {
    match side {
        Eval::Constant(Scalar::Int64(x)) => Sides::Ints(Side::One(*x)),
        Eval::Constant(Scalar::Float64(x)) => Sides::Floats(Side::One(*x)),
        Eval::Constant(Scalar::Utf8(_)) => Sides::Texts(side),
        Eval::Constant(_) => Sides::Other,
        Eval::Column(column) => match column.view() {
            View::Int64(values) => Sides::Ints(Side::Each(values)),
            View::Float64(values) => Sides::Floats(Side::Each(values)),
            View::Utf8(_) => Sides::Texts(side),
            _ => Sides::Other,
        },
    }
}

fn ints(
    op: Binary,
    a: Side<'_, i64>,
    b: Side<'_, i64>,
    len: usize,
    validity: Option<&Mask>,
) -> Result<Vec<i64>, Fault> {
    // Each row gives its value and whether it is wrong. What stands in a missing row is anything, so a
    // flag that is up is looked at again where it counts.
    fn checked(
        (a, b): (Side<'_, i64>, Side<'_, i64>),
        len: usize,
        validity: Option<&Mask>,
        fault: Fault,
        f: impl Fn(i64, i64) -> (i64, bool),
    ) -> Result<Vec<i64>, Fault> {
        let mut any = false;
        let values = zip(a, b, |x, y| {
            let (value, wrong) = f(x, y);
            any |= wrong;
            value
        });
        let counts = |row: usize| validity.is_none_or(|valid| valid.get(row)) && f(a.get(row), b.get(row)).1;
        if any && (0..len).any(counts) { Err(fault) } else { Ok(values) }
    }
    let run = |fault, f: fn(i64, i64) -> (i64, bool)| checked((a, b), len, validity, fault, f);
    match op {
        Binary::Add => checked((a, b), len, validity, Fault::Overflow, i64::overflowing_add),
        Binary::Subtract => checked((a, b), len, validity, Fault::Overflow, i64::overflowing_sub),
        Binary::Multiply => checked((a, b), len, validity, Fault::Overflow, i64::overflowing_mul),
        Binary::FloorDivide => {
            run(Fault::DivisionByZero, |_, y| (0, y == 0))?;
            checked((a, b), len, validity, Fault::Overflow, floor_div)
        }
        Binary::Remainder => {
            run(Fault::DivisionByZero, |_, y| (0, y == 0))?;
            // i64::MIN % -1 is 0, although the quotient does not fit.
            run(Fault::Overflow, |x, y| {
                (if y == 0 { 0 } else { x.wrapping_sub(floor_div(x, y).0.wrapping_mul(y)) }, false)
            })
        }
        Binary::Power => {
            run(Fault::NegativePower, |_, y| (0, y < 0))?;
            run(Fault::Overflow, |x, y| match (x, u32::try_from(y)) {
                (_, Ok(y)) => x.overflowing_pow(y),
                (0 | 1, Err(_)) => (x, false),
                (-1, Err(_)) => (if y % 2 == 0 { 1 } else { -1 }, false),
                _ => (0, true),
            })
        }
        _ => unreachable!("`{op:?}` is no arithmetic"),
    }
}

fn floor_div(x: i64, y: i64) -> (i64, bool) {
    if y == 0 {
        return (0, true);
    }
    let (quotient, overflow) = x.overflowing_div(y);
    let down = x.wrapping_rem(y) != 0 && (x < 0) != (y < 0);
    (quotient - i64::from(down), overflow)
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
