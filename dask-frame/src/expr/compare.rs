//! Comparisons of columns.

use std::cmp::Ordering;

use super::Binary;
use super::eval::{Eval, unify};
use crate::column::{Column, Mask, Scalar, View};

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
        None => unify(left.clone(), right.clone()),
    };
    let left = left.into_column(len);
    let mask = match right {
        Eval::Constant(value) => with_constant(op, &left, &value),
        Eval::Column(right) => with_column(op, &left, &right),
    };
    Column::from_mask(mask, validity)
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
        (View::Bool(a), Scalar::Bool(b)) => rows(op, len, |i| a.get(i), |_| *b),
        (View::Utf8(a), Scalar::Utf8(b)) => rows(op, len, |i| a.get(i), |_| &**b),
        _ => unreachable!("the sides of a comparison were given one type when it was written"),
    }
}

fn with_column(op: Binary, left: &Column, right: &Column) -> Mask {
    let len = left.len();
    match (left.view(), right.view()) {
        (View::Int64(a), View::Int64(b)) | (View::Ticks(a, _), View::Ticks(b, _)) => {
            rows(op, len, |i| a[i], |i| b[i])
        }
        (View::Float64(a), View::Float64(b)) => rows(op, len, |i| a[i], |i| b[i]),
        (View::Bool(a), View::Bool(b)) => rows(op, len, |i| a.get(i), |i| b.get(i)),
        (View::Utf8(a), View::Utf8(b)) => rows(op, len, |i| a.get(i), |i| b.get(i)),
        _ => unreachable!("the sides of a comparison were given one type when it was written"),
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

/// Orders two rows of a column; missing values are for the caller.
pub(crate) fn order_rows(column: View<'_>, a: usize, b: usize) -> Ordering {
    match column {
        View::Int64(values) | View::Ticks(values, _) => values[a].cmp(&values[b]),
        // There is no NaN in a column, and -0.0 equals 0.0.
        View::Float64(values) => values[a].partial_cmp(&values[b]).unwrap_or(Ordering::Equal),
        View::Bool(values) => values.get(a).cmp(&values.get(b)),
        View::Utf8(values) => values.order(a, b),
        View::List(_) => unreachable!("lists were refused where values are ordered"),
    }
}
