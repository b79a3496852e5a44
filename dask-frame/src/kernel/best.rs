//! The smallest or largest values of each group, found without sorting the others.

use crate::column::{Column, NO_ROW, View};
use crate::expr::order_rows;
use crate::kernel::group::Groups;
use crate::kernel::sort::ordered;

/// Returns the rows with the `n` smallest values of each group, or the largest, in this order; groups come in theirs,
/// and of rows of one value the first come first. Missing values are left out.
pub(crate) fn best_rows(column: &Column, largest: bool, groups: &Groups, n: usize) -> Vec<u32> {
    let keyed = column.keyed();
    let view = keyed.view();
    // Places for the best so far, if these are few.
    if (1..=MOST_PLACES).contains(&n) && groups.n <= 2 * column.len() / n {
        // An order turned round.
        let turned = if largest { -1 } else { 0 };
        match view {
            View::Int64(values) | View::Ticks(values, _) => {
                return best_numbers(column, groups, n, |row| values[row] ^ turned);
            }
            View::Float64(values) => {
                return best_numbers(column, groups, n, |row| ordered(values[row]) ^ turned);
            }
            View::Numbers(_) | View::Bool(_) | View::Utf8(_) | View::List(_) => {}
        }
    }
    let order = |&a: &u32, &b: &u32| {
        let (first, second) = if largest { (b, a) } else { (a, b) };
        order_rows(view, first as usize, second as usize).then(a.cmp(&b))
    };
    let (starts, mut rows) = groups.rows(column.validity().as_ref());
    let mut kept = 0;
    for ends in starts.windows(2) {
        let (begin, end) = (ends[0] as usize, ends[1] as usize);
        let group = &mut rows[begin..end];
        if n < group.len() {
            group.select_nth_unstable_by(n, order);
        }
        let n = n.min(group.len());
        group[..n].sort_unstable_by(order);
        rows.copy_within(begin..begin + n, kept);
        kept += n;
    }
    rows.truncate(kept);
    rows
}

/// With more rows of each group than this they are sorted.
const MOST_PLACES: usize = 16;

/// Finds the rows with the smallest numbers of each group in one pass.
fn best_numbers(column: &Column, groups: &Groups, n: usize, number: impl Fn(usize) -> i64) -> Vec<u32> {
    let mut places = vec![(i64::MAX, NO_ROW); groups.n * n];
    groups.each_valid(column.validity().as_ref(), |row, group| {
        let number = number(row);
        let best = &mut places[group * n..][..n];
        let (last, row_of_last) = best[n - 1];
        if number < last || row_of_last == NO_ROW {
            // Rows come in their order, so that a row goes behind those of the same number.
            let at = best.partition_point(|&(known, row)| known <= number && row != NO_ROW);
            best.copy_within(at..n - 1, at + 1);
            best[at] = (number, row as u32);
        }
    });
    places.into_iter().map(|(_, row)| row).filter(|&row| row != NO_ROW).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sort::sorted_rows;
    use proptest::prelude::*;

    proptest! {
        /// Against a sort of all, of which each group takes its first.
        #[test]
        fn the_first_of_each_group_in_order(
            rows in prop::collection::vec((0_i64..5, prop::option::of(-3_i64..4)), 0..60),
            largest: bool,
            n in 0_usize..5,
            kind in 0..3,
        ) {
            let keys = [Column::from(rows.iter().map(|row| row.0).collect::<Vec<_>>())];
            let values = rows.iter().map(|row| row.1);
            let column = match kind {
                0 => Column::from(values.collect::<Vec<_>>()),
                // Zeros of both signs are among them.
                1 => Column::from(values.map(|x| x.map(|x| x as f64 * 0.0_f64.max(x as f64))).collect::<Vec<_>>()),
                _ => Column::from(values.map(|x| x.map(|x| x.to_string())).collect::<Vec<_>>()),
            };
            let groups = Groups::new(&keys, rows.len(), true);
            let sorted = sorted_rows(std::slice::from_ref(&column), rows.len(), &[largest], false);
            let expected = (0..groups.n as u32).flat_map(|group| {
                let own = sorted.iter().copied().filter(|&row| groups.of(row as usize) == group);
                own.filter(|&row| !column.is_null(row as usize)).take(n).collect::<Vec<_>>()
            });
            prop_assert_eq!(best_rows(&column, largest, &groups, n), expected.collect::<Vec<_>>());
        }
    }
}
