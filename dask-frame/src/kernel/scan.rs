//! Values of rows from the rows before them in their group.
//!
//! A partition is scanned behind its *seed*: a few rows that stand for all rows before the partition. The
//! seed of a running sum is a row with the sum so far; that of a shift by two is the last two rows. Seeds are made of
//! seeds put together as they are made of partitions.

use super::aggregate::Overflow;
use super::group::Groups;
use crate::column::{Column, Mask, NO_ROW, Numbers, Stored, View};
use crate::expr::{ScanKind, order_rows};

/// Returns the value of each row; rows of no group have none.
pub(crate) fn scan(kind: ScanKind, input: &Column, groups: &Groups) -> Result<Column, Overflow> {
    let validity = input.validity();
    match (kind, input.view()) {
        (ScanKind::Sum, View::Int64(values)) => {
            ints(values, validity.as_ref(), groups, 0, i64::overflowing_add)
        }
        (ScanKind::Product, View::Int64(values)) => {
            ints(values, validity.as_ref(), groups, 1, i64::overflowing_mul)
        }
        (ScanKind::Sum, View::Numbers(Numbers::UInt64(values))) => {
            ints(values.values(), validity.as_ref(), groups, 0, u64::overflowing_add)
        }
        (ScanKind::Product, View::Numbers(Numbers::UInt64(values))) => {
            ints(values.values(), validity.as_ref(), groups, 1, u64::overflowing_mul)
        }
        (ScanKind::Sum, View::Float64(values)) => {
            Ok(floats(values, validity.as_ref(), groups, 0.0, |a, b| a + b))
        }
        (ScanKind::Product, View::Float64(values)) => {
            Ok(floats(values, validity.as_ref(), groups, 1.0, |a, b| a * b))
        }
        (ScanKind::Sum | ScanKind::Product, _) => {
            unreachable!("what is added up was checked to be a number, and brought to a wide type")
        }
        (ScanKind::Min | ScanKind::Max, view) => {
            let rows = best_so_far(input, groups, |row, best| match kind {
                ScanKind::Min => order_rows(view, row, best).is_lt(),
                _ => order_rows(view, row, best).is_gt(),
            });
            Ok(input.take(&rows))
        }
        (ScanKind::Fill, _) => {
            let mut last = vec![NO_ROW; groups.n];
            let mut rows = vec![NO_ROW; input.len()];
            groups.for_each(|row, group| {
                if validity.as_ref().is_none_or(|valid| valid.get(row)) {
                    last[group] = row as u32;
                }
                rows[row] = last[group];
            });
            Ok(input.take(&rows))
        }
        (ScanKind::Shift(by), _) => {
            let (starts, order) = groups.rows(None);
            let mut rows = vec![NO_ROW; input.len()];
            for ends in starts.windows(2) {
                let own = &order[ends[0] as usize..ends[1] as usize];
                own.iter().skip(by as usize).zip(own).for_each(|(&row, &before)| rows[row as usize] = before);
            }
            Ok(input.take(&rows))
        }
    }
}

/// Returns the rows of the seed for what follows, and the value of each.
pub(crate) fn seed(kind: ScanKind, input: &Column, groups: &Groups) -> Result<(Vec<u32>, Column), Overflow> {
    let (starts, order) = groups.rows(None);
    let tail = |n: usize| {
        let own = starts.windows(2).map(|ends| &order[ends[0] as usize..ends[1] as usize]);
        own.flat_map(|own| own[own.len().saturating_sub(n)..].iter().copied()).collect::<Vec<_>>()
    };
    if let ScanKind::Shift(by) = kind {
        let rows = tail(by as usize);
        let values = input.take(&rows);
        return Ok((rows, values));
    }
    // A running value is that of the last row that has one.
    let scanned = scan(kind, input, groups)?;
    let mut last = vec![NO_ROW; groups.n];
    groups.each_valid(scanned.validity().as_ref(), |row, group| last[group] = row as u32);
    if matches!(kind, ScanKind::Sum | ScanKind::Product)
        && let Some(spoilt) = spoilt(input, &scanned, groups)
    {
        let last = last.iter().copied().filter(|&row| row != NO_ROW);
        let rows = spoilt.iter().flat_map(|&row| [row, row]).chain(last).collect::<Vec<_>>();
        let n = 2 * spoilt.len();
        // Two numbers whose sum, or product, is not a number.
        let other = if kind == ScanKind::Sum { f64::NEG_INFINITY } else { 0.0 };
        let pairs = (0..n).map(|at| if at % 2 == 0 { f64::INFINITY } else { other });
        let pairs = Column::from(pairs.collect::<Vec<_>>());
        let values = Column::concat(&[&pairs, &scanned.take(&rows[n..])]);
        return Ok((rows, values));
    }
    last.retain(|&row| row != NO_ROW);
    let values = scanned.take(&last);
    Ok((last, values))
}

/// Returns a row of each group whose running float is not a number any more.
fn spoilt(input: &Column, scanned: &Column, groups: &Groups) -> Option<Vec<u32>> {
    let valid = input.validity();
    let (View::Float64(_), Some(scanned)) = (input.view(), scanned.validity()) else { return None };
    let mut rows = vec![NO_ROW; groups.n];
    groups.each_valid(valid.as_ref(), |row, group| {
        if !scanned.get(row) {
            rows[group] = row as u32;
        }
    });
    rows.retain(|&row| row != NO_ROW);
    (!rows.is_empty()).then_some(rows)
}

fn ints<T: Stored>(
    values: &[T],
    validity: Option<&Mask>,
    groups: &Groups,
    first: T,
    fold: impl Fn(T, T) -> (T, bool),
) -> Result<Column, Overflow> {
    let mut state = vec![first; groups.n];
    let mut scanned = vec![T::default(); values.len()];
    let mut overflow = false;
    groups.each_valid(validity, |row, group| {
        let (next, wrong) = fold(state[group], values[row]);
        overflow |= wrong;
        state[group] = next;
        scanned[row] = next;
    });
    if overflow { Err(Overflow) } else { Ok(Column::from_numbers(scanned, known(validity, groups))) }
}

fn floats(
    values: &[f64],
    validity: Option<&Mask>,
    groups: &Groups,
    first: f64,
    fold: impl Fn(f64, f64) -> f64,
) -> Column {
    let mut state = vec![first; groups.n];
    let mut scanned = vec![f64::NAN; values.len()];
    groups.each_valid(validity, |row, group| {
        state[group] = fold(state[group], values[row]);
        scanned[row] = state[group];
    });
    Column::from(scanned)
}

/// Returns which rows have a value and a group.
fn known(validity: Option<&Mask>, groups: &Groups) -> Option<Mask> {
    Mask::both(validity, groups.members().as_ref())
}

/// Returns for each row that has a value the best row of its group so far.
fn best_so_far(input: &Column, groups: &Groups, better: impl Fn(usize, usize) -> bool) -> Vec<u32> {
    let mut best = vec![NO_ROW; groups.n];
    let mut rows = vec![NO_ROW; input.len()];
    groups.each_valid(input.validity().as_ref(), |row, group| {
        if best[group] == NO_ROW || better(row, best[group] as usize) {
            best[group] = row as u32;
        }
        rows[row] = best[group];
    });
    rows
}
