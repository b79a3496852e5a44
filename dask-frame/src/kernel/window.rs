//! Functions of the rows around a row, for one partition and what must be known of those before and behind it.
//!
//! There are two ways to know of other partitions. A window of limited *reach* takes rows of theirs: as many before
//! and behind as it says. A function of all rows so far takes a *state*, a row of a few columns, that is computed
//! for each partition by itself and combined along the partitions; so all of them can be worked on at once.

mod closure;
mod rank;
mod sliding;
mod state;
mod statistic;

use std::ops::Range;

use crate::column::{Column, NO_ROW, View};
use crate::error::EvalError;
use crate::expr::{Frame, WindowFunction};

pub(crate) use rank::rank;
pub(crate) use state::{Carry, carry, combined, empty_state, state_dtypes, state_of, with_state};

/// Which rows of other partitions a function needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// Rows of at most so many microseconds before, and behind, by the last argument.
    pub(crate) micros_before: Option<i64>,
    pub(crate) micros_after: Option<i64>,
}

impl Reach {
    pub(crate) fn of(function: &WindowFunction) -> Self {
        let rows = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        match *function {
            WindowFunction::Shift(n) if n >= 0 => Self { before: rows(n.unsigned_abs()), ..Self::default() },
            WindowFunction::Shift(n) => Self { after: rows(n.unsigned_abs()), ..Self::default() },
            WindowFunction::Fill { forward: true, limit: Some(n) } => {
                Self { before: rows(n), ..Self::default() }
            }
            WindowFunction::Fill { forward: false, limit: Some(n) } => {
                Self { after: rows(n), ..Self::default() }
            }
            WindowFunction::Statistic { frame: Frame::Rows { n, center, closed }, .. }
            | WindowFunction::Apply { frame: Frame::Rows { n, center, closed }, .. } => {
                let after = if center { rows(n.saturating_sub(1)) / 2 } else { 0 };
                let before = rows(n.saturating_sub(1)) - after;
                Self { before: before.saturating_add(usize::from(closed.left())), after, ..Self::default() }
            }
            WindowFunction::Statistic { frame: Frame::Time { micros, center, .. }, .. }
            | WindowFunction::Apply { frame: Frame::Time { micros, center, .. }, .. } => {
                let (before, after) = if center { (micros / 2, Some(micros / 2)) } else { (micros, None) };
                Self { micros_before: Some(before), micros_after: after, ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

/// Computes a function of limited reach for the rows `own` of some columns, which have the rows before and behind
/// that it reaches. `name` is what it is called in errors.
pub(crate) fn with_rows(
    function: &WindowFunction,
    columns: &[Column],
    own: Range<usize>,
    name: &str,
) -> Result<Column, EvalError> {
    let of = &columns[0];
    Ok(match function {
        WindowFunction::Shift(n) => {
            let row = |row: usize| {
                let at = (row as i64).checked_sub(*n).and_then(|at| usize::try_from(at).ok());
                at.filter(|&at| at < of.len()).map_or(NO_ROW, |at| at as u32)
            };
            of.take(&own.map(row).collect::<Vec<_>>())
        }
        WindowFunction::Fill { forward, limit } => {
            let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
            of.take(&filled(of, own, *forward, limit))
        }
        WindowFunction::Statistic { frame, statistic, least } => {
            let ranges = ranges(function, *frame, columns, own, name)?;
            statistic::over_ranges(*statistic, *least, &columns[..function.n_values()], &ranges)
        }
        WindowFunction::Apply { frame, least, function: closure } => {
            let ranges = ranges(function, *frame, columns, own, name)?;
            closure::applied(closure, *least, of, &ranges, name)?
        }
        WindowFunction::Map { function: closure, output } => {
            closure::mapped(closure, &of.slice(own.start, own.len()), output.clone(), name)?
        }
        WindowFunction::Cumulative(_) | WindowFunction::Rank { .. } => {
            unreachable!("`{name}` needs a state and no rows")
        }
    })
}

/// The rows in the windows of the rows `own`.
fn ranges(
    function: &WindowFunction,
    frame: Frame,
    columns: &[Column],
    own: Range<usize>,
    name: &str,
) -> Result<Vec<Range<usize>>, EvalError> {
    if let Frame::Time { .. } = frame {
        return time_ranges(&columns[function.n_values()], frame, own, name);
    }
    let Reach { before, after, .. } = Reach::of(function);
    let is_open = matches!(frame, Frame::Rows { closed, .. } if !closed.right());
    let end =
        |row: usize| row.saturating_add(after).saturating_add(usize::from(!is_open)).min(columns[0].len());
    Ok(own.map(|row| row.saturating_sub(before).min(end(row))..end(row)).collect())
}

/// The rows from which missing values are filled: the last before, or the next behind, at most `limit` away.
fn filled(of: &Column, own: Range<usize>, forward: bool, limit: usize) -> Vec<u32> {
    let mut nearest: Option<usize> = None;
    let mut source = |row: usize| {
        if !of.is_null(row) {
            nearest = Some(row);
        }
        let near = nearest.filter(|nearest| nearest.abs_diff(row) <= limit);
        near.map_or(NO_ROW, |row| row as u32)
    };
    if forward {
        return (0..own.end).map(&mut source).skip(own.start).collect();
    }
    let mut rows = (own.start..of.len()).rev().map(&mut source).collect::<Vec<_>>();
    rows.reverse();
    rows.truncate(own.len());
    rows
}

/// The rows in the windows of time of the rows `own`.
fn time_ranges(
    by: &Column,
    frame: Frame,
    own: Range<usize>,
    name: &str,
) -> Result<Vec<Range<usize>>, EvalError> {
    let (View::Ticks(times, _), Frame::Time { micros, center, closed }) = (by.view(), frame) else {
        unreachable!("windows of time were checked to have times")
    };
    let unsorted = |row: usize| EvalError::TimesNotSorted {
        expr: name.into(),
        value: by.get(row).to_string(),
        before: row.checked_sub(1).map_or_else(|| "the first".into(), |before| by.get(before).to_string()),
    };
    if let Some(row) = (0..by.len()).find(|&row| by.is_null(row) || (row > 0 && times[row] < times[row - 1]))
    {
        return Err(unsorted(row));
    }
    // How far a window reaches, in halves of microseconds: half of it may end between two.
    let before = i128::from(micros) * if center { 1 } else { 2 };
    let behind = if center { before } else { 0 };
    let twice = |from: usize, to: usize| 2 * (i128::from(times[to]) - i128::from(times[from]));
    let is_before = |at: usize, row: usize| {
        let distance = twice(at, row);
        if closed.left() { distance > before } else { distance >= before }
    };
    let is_within = |at: usize, row: usize| {
        let distance = twice(row, at);
        if closed.right() { distance <= behind } else { distance < behind }
    };
    let (mut start, mut end) = (0, 0);
    let range = |row: usize| {
        while start < row && is_before(start, row) {
            start += 1;
        }
        // As in pandas, a window that ends with its row does not see rows of the same time behind it.
        let last = if center { times.len() } else { row + 1 };
        while end < last && is_within(end, row) {
            end += 1;
        }
        start..end.max(start)
    };
    Ok((0..own.end).map(range).skip(own.start).collect())
}
