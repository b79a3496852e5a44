//! Comparisons of columns.

use std::cmp::Ordering;

use super::Binary;
use super::eval::{Eval, unify};
use crate::column::{Column, Mask, NumberArray, Numbers, Scalar, Stored, View, each_number};

/// Compares row by row; a row in which a side is missing has a missing answer.
pub(super) fn compare(op: Binary, left: &Eval, right: &Eval, len: usize) -> Column {
    let validity = Mask::both(left.validity(len).as_ref(), right.validity(len).as_ref());
    // A constant goes to the right, where the loops look for it.
    let (op, left, right) = match (left, right) {
        (Eval::Constant(_), Eval::Column(_)) => (op.mirrored(), right, left),
        _ => (op, left, right),
    };
    let (left, right) = match places(left, right) {
        Some(places) => places,
        None => comparable(left.clone(), right.clone()),
    };
    let left = left.into_column(len);
    let mask = match right {
        Eval::Constant(value) => with_constant(op, &left, &value),
        Eval::Column(right) => with_column(op, &left, &right),
    };
    Column::from_mask(mask, validity)
}

/// Gives two sides one type, and leaves integers without sign beside such with a sign, with which they are compared by
/// value.
fn comparable(left: Eval, right: Eval) -> (Eval, Eval) {
    let (a, b) = (left.dtype(), right.dtype());
    match a != b && a.is_numeric() && b.is_numeric() {
        false => unify(left, right),
        true if a.is_integer() && b.is_integer() => (left.into_wide(), right.into_wide()),
        true => (left.into_floats(), right.into_floats()),
    }
}

/// Puts the places of categories in their stead, where the categories are one list on both sides. A text that is none
/// of them has a place before all.
fn places(left: &Eval, right: &Eval) -> Option<(Eval, Eval)> {
    let Eval::Column(column) = left else { return None };
    let categories = column.categories()?.collect::<Vec<_>>();
    let of = |column: &Column| {
        let codes = column.codes().into_iter().flatten();
        Column::from(codes.map(|code| code.map(i64::from)).collect::<Vec<_>>())
    };
    let right = match right {
        Eval::Constant(Scalar::Utf8(text)) => {
            let place = categories.iter().position(|category| **category == **text);
            Eval::Constant(Scalar::Int64(place.map_or(-1, |place| place as i64)))
        }
        Eval::Column(other) if left.dtype() == other.dtype() && column.dtype().categories()?.is_known() => {
            Eval::Column(of(other))
        }
        _ => return None,
    };
    Some((Eval::Column(of(column)), right))
}

fn with_constant(op: Binary, left: &Column, right: &Scalar) -> Mask {
    let len = left.len();
    match (left.view(), right) {
        (_, right) if right.is_null() => Mask::all(len, false),
        (View::Int64(a), Scalar::Int64(b)) => rows(op, len, |i| a[i], |_| *b),
        (View::Ticks(a, _), value) if value.ticks().is_some() => {
            let b = value.ticks().unwrap_or_default();
            rows(op, len, |i| a[i], |_| b)
        }
        (View::Float64(a), Scalar::Float64(b)) => rows(op, len, |i| a[i], |_| *b),
        (View::Numbers(Numbers::UInt64(a)), Scalar::Int64(b)) => {
            rows(op, len, |i| i128::from(a.value(i)), |_| i128::from(*b))
        }
        (View::Int64(a), Scalar::UInt64(b)) => rows(op, len, |i| i128::from(a[i]), |_| i128::from(*b)),
        (View::Numbers(numbers), right) => each_number!(numbers, a => numbers_with_constant(op, a, right)),
        (View::Bool(a), Scalar::Bool(b)) => rows(op, len, |i| a.get(i), |_| *b),
        (View::Utf8(a), Scalar::Utf8(b)) => rows(op, len, |i| a.get(i), |_| &**b),
        _ => one_type(),
    }
}

fn with_column(op: Binary, left: &Column, right: &Column) -> Mask {
    let len = left.len();
    match (left.view(), right.view()) {
        (View::Int64(a), View::Int64(b)) | (View::Ticks(a, _), View::Ticks(b, _)) => {
            rows(op, len, |i| a[i], |i| b[i])
        }
        (View::Float64(a), View::Float64(b)) => rows(op, len, |i| a[i], |i| b[i]),
        (View::Numbers(Numbers::UInt64(a)), View::Int64(b)) => {
            rows(op, len, |i| i128::from(a.value(i)), |i| i128::from(b[i]))
        }
        (View::Int64(a), View::Numbers(Numbers::UInt64(b))) => {
            rows(op, len, |i| i128::from(a[i]), |i| i128::from(b.value(i)))
        }
        (View::Numbers(numbers), _) => each_number!(numbers, a => numbers_with_column(op, a, right)),
        (View::Bool(a), View::Bool(b)) => rows(op, len, |i| a.get(i), |i| b.get(i)),
        (View::Utf8(a), View::Utf8(b)) => rows(op, len, |i| a.get(i), |i| b.get(i)),
        _ => one_type(),
    }
}

fn rows<T: PartialOrd>(op: Binary, len: usize, a: impl Fn(usize) -> T, b: impl Fn(usize) -> T) -> Mask {
    match op {
        Binary::Equal => Mask::from_fn(len, |i| a(i) == b(i)),
        Binary::NotEqual => Mask::from_fn(len, |i| a(i) != b(i)),
        Binary::Less => Mask::from_fn(len, |i| a(i) < b(i)),
        Binary::LessEqual => Mask::from_fn(len, |i| a(i) <= b(i)),
        Binary::Greater => Mask::from_fn(len, |i| a(i) > b(i)),
        Binary::GreaterEqual => Mask::from_fn(len, |i| a(i) >= b(i)),
        _ => unreachable!("`{op:?}` is no comparison"),
    }
}

fn numbers_with_constant<T: Stored>(op: Binary, a: &NumberArray<T>, right: &Scalar) -> Mask {
    let Some(b) = T::of_scalar(right) else { one_type() };
    let a = a.values();
    rows(op, a.len(), |i| a[i], |_| b)
}

fn numbers_with_column<T: Stored>(op: Binary, a: &NumberArray<T>, right: &Column) -> Mask {
    let Some(b) = T::array(right) else { one_type() };
    let (a, b) = (a.values(), b.values());
    rows(op, a.len(), |i| a[i], |i| b[i])
}

fn one_type() -> ! {
    unreachable!("the sides of a comparison were given one type when it was written")
}

/// Orders two rows of a column; missing values are for the caller.
pub(crate) fn order_rows(column: View<'_>, a: usize, b: usize) -> Ordering {
    match column {
        View::Int64(values) | View::Ticks(values, _) => values[a].cmp(&values[b]),
        // There is no NaN in a column, and -0.0 equals 0.0.
        View::Float64(values) => values[a].partial_cmp(&values[b]).unwrap_or(Ordering::Equal),
        View::Numbers(numbers) => each_number!(numbers, values => {
            values.value(a).partial_cmp(&values.value(b)).unwrap_or(Ordering::Equal)
        }),
        View::Bool(values) => values.get(a).cmp(&values.get(b)),
        View::Utf8(values) => values.order(a, b),
        View::List(_) => unreachable!("lists were refused where values are ordered"),
    }
}
