//! Rows in order.

use std::cmp::{Ordering, Reverse};

use super::keys::Keys;
use crate::column::{Column, View};

/// An order of rows by key columns: `descending` has an entry a column; missing values come last, or first if
/// `nulls_first`, whatever the direction.
struct Order<'a> {
    keys: Keys<'a>,
    descending: &'a [bool],
    nulls_first: bool,
}

impl Order<'_> {
    fn of(&self, a: usize, b: usize) -> Ordering {
        let each = self.descending.iter().enumerate().map(|(column, &descending)| {
            match (self.keys.is_valid(column, a), self.keys.is_valid(column, b)) {
                (true, true) if descending => self.keys.order(column, b, a),
                (true, true) => self.keys.order(column, a, b),
                (a, b) if self.nulls_first => a.cmp(&b),
                (a, b) => b.cmp(&a),
            }
        });
        each.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Returns the row numbers in the order of the key columns; rows of equal keys keep their order.
///
/// `descending` has an entry a column. Missing values come last, or first if `nulls_first`, whatever the
/// direction. Runs that are in order already make it faster.
pub(crate) fn sorted_rows(
    columns: &[Column],
    n_rows: usize,
    descending: &[bool],
    nulls_first: bool,
) -> Vec<u32> {
    if let ([column], [descending]) = (columns, descending)
        && let Some(mut pairs) = with_rows(column)
    {
        match descending {
            false => pairs.sort_by_key(|pair| pair.0),
            true => pairs.sort_by_key(|pair| Reverse(pair.0)),
        }
        return pairs.into_iter().map(|(_, row)| row).collect();
    }
    let order = Order { keys: Keys::new(columns, n_rows), descending, nulls_first };
    let mut rows = (0..n_rows as u32).collect::<Vec<_>>();
    rows.sort_by(|&a, &b| order.of(a as usize, b as usize));
    rows
}

/// Returns the values of a column of numbers or times in which none is missing, as integers of the same order, each with
/// its row: pairs sort several times faster than row numbers through a comparison of what they point to.
fn with_rows(column: &Column) -> Option<Vec<(i64, u32)>> {
    if column.null_count() > 0 {
        return None;
    }
    match column.keyed().view() {
        View::Int64(values) | View::Ticks(values, _) => Some(values.iter().copied().zip(0..).collect()),
        View::Float64(values) => Some(values.iter().map(|&x| ordered(x)).zip(0..).collect()),
        View::Numbers(_) | View::Bool(_) | View::Utf8(_) | View::List(_) => None,
    }
}

/// Returns an integer that is ordered as the float is, which is not NaN.
pub(crate) fn ordered(x: f64) -> i64 {
    // Of both zeros one is made. The bits of floats below zero are ordered the other way round.
    let bits = (x + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

/// Returns the first `n` of [`sorted_rows`], or all if there are fewer.
pub(crate) fn first_rows(
    columns: &[Column],
    n_rows: usize,
    descending: &[bool],
    nulls_first: bool,
    n: usize,
) -> Vec<u32> {
    if n >= n_rows {
        return sorted_rows(columns, n_rows, descending, nulls_first);
    }
    let order = Order { keys: Keys::new(columns, n_rows), descending, nulls_first };
    let by = |a: &u32, b: &u32| order.of(*a as usize, *b as usize).then(a.cmp(b));
    let mut rows = (0..n_rows as u32).collect::<Vec<_>>();
    rows.select_nth_unstable_by(n, by);
    rows.truncate(n);
    rows.sort_unstable_by(by);
    rows
}

/// Cuts `rows`, which are in order, at boundaries, rows of the same columns that are in order, too: returns for each
/// part where it ends in `rows`. A row that is equal to a boundary is in the part after it.
pub(crate) fn cuts(
    columns: &[Column],
    rows: &[u32],
    boundaries: &[Column],
    descending: &[bool],
    nulls_first: bool,
) -> Vec<usize> {
    let together =
        boundaries.iter().zip(columns).map(|(boundaries, column)| Column::concat(&[boundaries, column]));
    let together = together.collect::<Vec<_>>();
    let n_boundaries = boundaries.first().map_or(0, Column::len);
    let n_rows = together.first().map_or(0, Column::len);
    let order = Order { keys: Keys::new(&together, n_rows), descending, nulls_first };
    let before = |boundary: usize| {
        rows.partition_point(|&row| order.of(n_boundaries + row as usize, boundary).is_lt())
    };
    (0..n_boundaries).map(before).chain([rows.len()]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn floats_are_sorted_as_they_are_compared(
            values in prop::collection::vec(prop_oneof![
                any::<f64>().prop_filter("no NaN", |x| !x.is_nan()),
                prop::sample::select(vec![0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE]),
            ], 0..60),
            descending: bool,
        ) {
            let mut expected = (0..values.len() as u32).collect::<Vec<_>>();
            expected.sort_by(|&a, &b| {
                let order = values[a as usize].partial_cmp(&values[b as usize]).unwrap();
                if descending { order.reverse() } else { order }
            });
            let column = Column::from(values);
            prop_assert_eq!(sorted_rows(std::slice::from_ref(&column), column.len(), &[descending], false), expected);
        }
    }
}
