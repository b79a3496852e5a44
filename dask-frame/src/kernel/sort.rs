//! Rows in order.

use std::cmp::Ordering;

use super::keys::Keys;
use crate::column::{Column, View};

/// Returns the row numbers in the order of the key columns; rows of equal keys keep their order.
///
/// `descending` has an entry a column. Missing values come last, or first if `nulls_first`, whatever the
/// direction.
pub(crate) fn sorted_rows(
    columns: &[Column],
    n_rows: usize,
    descending: &[bool],
    nulls_first: bool,
) -> Vec<u32> {
    if let ([column], [descending]) = (columns, descending)
        && column.null_count() == 0
        && let View::Int64(values) | View::Timestamp(values) = column.view()
    {
        // Pairs sort several times faster than row numbers through a comparison of what they point to.
        let mut pairs = values.iter().zip(0u32..).map(|(&value, row)| (value, row)).collect::<Vec<_>>();
        match descending {
            false => pairs.sort_unstable(),
            true => pairs.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1))),
        }
        return pairs.into_iter().map(|(_, row)| row).collect();
    }
    let keys = Keys::new(columns, n_rows);
    let order = |a: usize, b: usize| {
        let each = descending.iter().enumerate().map(|(column, &descending)| {
            match (keys.is_valid(column, a), keys.is_valid(column, b)) {
                (true, true) if descending => keys.order(column, b, a),
                (true, true) => keys.order(column, a, b),
                (a, b) if nulls_first => a.cmp(&b),
                (a, b) => b.cmp(&a),
            }
        });
        each.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let mut rows = (0..n_rows as u32).collect::<Vec<_>>();
    rows.sort_by(|&a, &b| order(a as usize, b as usize));
    rows
}
