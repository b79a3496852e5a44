//! Places of values in order.

use crate::column::Column;
use crate::expr::{RankMethod, order_rows};
use crate::kernel::sort::sorted_rows;

/// Returns for each row its place among all in order, from 1; missing where the value is. With `percent`, divided
/// by the largest place.
pub(crate) fn rank(of: &Column, method: RankMethod, descending: bool, percent: bool) -> Column {
    let n = of.len() - of.null_count();
    let rows = sorted_rows(std::slice::from_ref(of), of.len(), &[descending], false);
    // Missing values come last.
    let rows = &rows[..n];
    let mut ranks = vec![f64::NAN; of.len()];
    let (mut start, mut different) = (0, 0);
    while start < n {
        let same = |row: &&u32| order_rows(of.view(), rows[start] as usize, **row as usize).is_eq();
        let end = start + rows[start..].iter().take_while(same).count();
        different += 1;
        for (at, &row) in (start..end).zip(&rows[start..end]) {
            ranks[row as usize] = match method {
                RankMethod::Average => (start + 1 + end) as f64 / 2.0,
                RankMethod::Min => (start + 1) as f64,
                RankMethod::Max => end as f64,
                RankMethod::First => (at + 1) as f64,
                RankMethod::Dense => f64::from(different),
            };
        }
        start = end;
    }
    if percent {
        let all = if method == RankMethod::Dense { f64::from(different) } else { n as f64 };
        ranks.iter_mut().for_each(|rank| *rank /= all);
    }
    Column::from(ranks)
}
