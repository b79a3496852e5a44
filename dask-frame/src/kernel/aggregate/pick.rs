//! One row of each group: the smallest, largest, first or last.

use crate::column::{Column, Mask, NO_ROW, View};
use crate::expr::{AggregateKind, order_rows};
use crate::kernel::group::Groups;

/// Returns the first or last row of each group, of those that are valid.
pub(super) fn end_rows(kind: AggregateKind, validity: Option<&Mask>, groups: &Groups) -> Vec<u32> {
    let mut rows = vec![NO_ROW; groups.n];
    match kind {
        AggregateKind::Last => groups.each_valid(validity, |row, group| rows[group] = row as u32),
        _ => groups.each_valid(validity, |row, group| {
            if rows[group] == NO_ROW {
                rows[group] = row as u32;
            }
        }),
    }
    rows
}

/// Returns the smallest or largest value of each group.
pub(super) fn extreme(kind: AggregateKind, input: &Column, groups: &Groups) -> Column {
    let smallest = kind == AggregateKind::Min;
    let validity = input.validity();
    match input.view() {
        // Without missing values each group has a value, and needs no row to be noted.
        View::Int64(values) if validity.is_none() && groups.each_has_rows() => match smallest {
            true => folded(values, groups, i64::MAX, i64::min).into(),
            false => folded(values, groups, i64::MIN, i64::max).into(),
        },
        View::Float64(values) if validity.is_none() && groups.each_has_rows() => match smallest {
            true => folded(values, groups, f64::INFINITY, f64::min).into(),
            false => folded(values, groups, f64::NEG_INFINITY, f64::max).into(),
        },
        _ => input.take(&extreme_rows(kind, input, groups)),
    }
}

fn folded<T: Copy>(values: &[T], groups: &Groups, first: T, better: impl Fn(T, T) -> T) -> Vec<T> {
    let mut best = vec![first; groups.n];
    groups.zip(values, None, |group, value| best[group] = better(best[group], value));
    best
}

/// Returns the first row of each group that has its smallest or largest value.
pub(super) fn extreme_rows(kind: AggregateKind, input: &Column, groups: &Groups) -> Vec<u32> {
    let smallest = matches!(kind, AggregateKind::Min | AggregateKind::IdxMin);
    let input = input.keyed();
    let validity = input.validity();
    let valid = validity.as_ref();
    match (input.view(), smallest) {
        (View::Int64(v) | View::Ticks(v, _), true) => best_rows(valid, groups, |row, best| v[row] < v[best]),
        (View::Int64(v) | View::Ticks(v, _), false) => best_rows(valid, groups, |row, best| v[row] > v[best]),
        (View::Float64(v), true) => best_rows(valid, groups, |row, best| v[row] < v[best]),
        (View::Float64(v), false) => best_rows(valid, groups, |row, best| v[row] > v[best]),
        (view, true) => best_rows(valid, groups, |row, best| order_rows(view, row, best).is_lt()),
        (view, false) => best_rows(valid, groups, |row, best| order_rows(view, row, best).is_gt()),
    }
}

fn best_rows(validity: Option<&Mask>, groups: &Groups, better: impl Fn(usize, usize) -> bool) -> Vec<u32> {
    let mut rows = vec![NO_ROW; groups.n];
    groups.each_valid(validity, |row, group| {
        let best = rows[group];
        if best == NO_ROW || better(row, best as usize) {
            rows[group] = row as u32;
        }
    });
    rows
}
