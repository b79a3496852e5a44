//! Statistics of the rows in windows.

use std::ops::Range;

use super::sliding::{Extremes, Moments, Monoid, Pairs, Queue, Sum};
use crate::column::Column;
use crate::expr::{Statistic, to_floats};

/// The values of one or two columns, NaN where one is missing.
struct Values {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Values {
    fn new(statistic: Statistic, columns: &[Column]) -> Self {
        let floats = |column: &Column| match statistic {
            // What is counted may be of any type; the least number of values means rows, as in pandas.
            Statistic::Count => {
                (0..column.len()).map(|row| if column.is_null(row) { 0.0 } else { 1.0 }).collect()
            }
            _ => {
                let floats = to_floats(column);
                let values = floats.f64s().expect("numbers were converted to floats");
                values.map(|x| x.unwrap_or(f64::NAN)).collect::<Vec<_>>()
            }
        };
        let (mut x, y) = (floats(&columns[0]), columns.get(1).map(floats).unwrap_or_default());
        // A pair is there if both values are.
        x.iter_mut().zip(&y).filter(|(_, y)| y.is_nan()).for_each(|(x, _)| *x = f64::NAN);
        Self { x, y }
    }
}

/// Computes a statistic of the rows of each range; both ends of the ranges never go back.
///
/// Missing where fewer than `least` values are there.
pub(super) fn over_ranges(
    statistic: Statistic,
    least: usize,
    columns: &[Column],
    ranges: &[Range<usize>],
) -> Column {
    let values = Values::new(statistic, columns);
    if let Statistic::Quantile(q) = statistic {
        return Column::from(quantiles(q, least, &values.x, ranges));
    }
    let results = match_monoid(statistic, Ranges { values: &values, ranges, statistic, least });
    to_column(statistic, results)
}

/// Computes a statistic of all rows up to each, and those before them, of which `state` tells.
pub(super) fn expanding(statistic: Statistic, least: usize, columns: &[Column], state: &[f64]) -> Column {
    let values = Values::new(statistic, columns);
    let results = match_monoid(statistic, Expanding { values: &values, state, statistic, least });
    to_column(statistic, results)
}

/// Returns what is known of no rows.
pub(super) fn empty_state(statistic: Statistic) -> Vec<f64> {
    match_monoid(statistic, Empty)
}

/// Returns what is known of all rows of a partition.
pub(super) fn state_of(statistic: Statistic, columns: &[Column]) -> Vec<f64> {
    match_monoid(statistic, Total { values: &Values::new(statistic, columns) })
}

/// Returns what is known of the rows of two parts.
pub(super) fn combined(statistic: Statistic, before: &[f64], after: &[f64]) -> Vec<f64> {
    match_monoid(statistic, Combine { before, after })
}

fn to_column(statistic: Statistic, results: Vec<f64>) -> Column {
    match statistic {
        Statistic::Count => {
            Column::from(results.into_iter().map(|n| (!n.is_nan()).then_some(n as i64)).collect::<Vec<_>>())
        }
        _ => Column::from(results),
    }
}

/// Something that is done the same way whatever the statistic.
trait Work {
    fn run<M: Monoid<N>, const N: usize>(self, of: impl Fn(f64, f64) -> [f64; N]) -> Vec<f64>;
}

/// Chooses what is known of some rows: a monoid, and how a value enters it.
fn match_monoid(statistic: Statistic, work: impl Work) -> Vec<f64> {
    match statistic {
        Statistic::Count | Statistic::Sum | Statistic::Mean | Statistic::Quantile(_) => {
            work.run::<Sum, 2>(|x, _| [1.0, x])
        }
        Statistic::Min | Statistic::Max => work.run::<Extremes, 3>(|x, _| [1.0, x, x]),
        Statistic::Var { .. } | Statistic::Std { .. } | Statistic::Skew | Statistic::Kurtosis => {
            work.run::<Moments, 5>(|x, _| [1.0, x, 0.0, 0.0, 0.0])
        }
        Statistic::Cov { .. } | Statistic::Corr => work.run::<Pairs, 6>(|x, y| [1.0, x, y, 0.0, 0.0, 0.0]),
    }
}

fn entry<M: Monoid<N>, const N: usize>(
    values: &Values,
    row: usize,
    of: &impl Fn(f64, f64) -> [f64; N],
) -> [f64; N] {
    match values.x[row] {
        x if x.is_nan() => M::EMPTY,
        x => of(x, values.y.get(row).copied().unwrap_or(0.0)),
    }
}

struct Ranges<'a> {
    values: &'a Values,
    ranges: &'a [Range<usize>],
    statistic: Statistic,
    least: usize,
}

impl Work for Ranges<'_> {
    fn run<M: Monoid<N>, const N: usize>(self, of: impl Fn(f64, f64) -> [f64; N]) -> Vec<f64> {
        let mut queue = Queue::<M, N>::new();
        let mut filled = self.ranges.first().map_or(0..0, |range| range.start..range.start);
        let results = self.ranges.iter().map(|range| {
            while filled.end < range.end {
                queue.push(entry::<M, N>(self.values, filled.end, &of));
                filled.end += 1;
            }
            while filled.start < range.start {
                queue.pop();
                filled.start += 1;
            }
            result(self.statistic, self.least, &queue.total())
        });
        results.collect()
    }
}

struct Expanding<'a> {
    values: &'a Values,
    state: &'a [f64],
    statistic: Statistic,
    least: usize,
}

impl Work for Expanding<'_> {
    fn run<M: Monoid<N>, const N: usize>(self, of: impl Fn(f64, f64) -> [f64; N]) -> Vec<f64> {
        let mut state = read::<M, N>(self.state);
        let results = (0..self.values.x.len()).map(|row| {
            state = M::combine(&state, &entry::<M, N>(self.values, row, &of));
            result(self.statistic, self.least, &state)
        });
        results.collect()
    }
}

struct Empty;

impl Work for Empty {
    fn run<M: Monoid<N>, const N: usize>(self, _: impl Fn(f64, f64) -> [f64; N]) -> Vec<f64> {
        M::EMPTY.to_vec()
    }
}

struct Total<'a> {
    values: &'a Values,
}

impl Work for Total<'_> {
    fn run<M: Monoid<N>, const N: usize>(self, of: impl Fn(f64, f64) -> [f64; N]) -> Vec<f64> {
        let entries = (0..self.values.x.len()).map(|row| entry::<M, N>(self.values, row, &of));
        entries.fold(M::EMPTY, |state, next| M::combine(&state, &next)).to_vec()
    }
}

struct Combine<'a> {
    before: &'a [f64],
    after: &'a [f64],
}

impl Work for Combine<'_> {
    fn run<M: Monoid<N>, const N: usize>(self, _: impl Fn(f64, f64) -> [f64; N]) -> Vec<f64> {
        M::combine(&read::<M, N>(self.before), &read::<M, N>(self.after)).to_vec()
    }
}

fn read<M: Monoid<N>, const N: usize>(state: &[f64]) -> [f64; N] {
    state.try_into().unwrap_or(M::EMPTY)
}

/// Makes the result of what is known; NaN, which a column makes to a missing value, if that is too little.
fn result(statistic: Statistic, least: usize, state: &[f64]) -> f64 {
    let n = state[0];
    if n < least as f64 {
        return f64::NAN;
    }
    let var = |squares: f64, ddof: u8| {
        let freedom = n - f64::from(ddof);
        if freedom > 0.0 { squares / freedom } else { f64::NAN }
    };
    match statistic {
        Statistic::Count | Statistic::Sum => state[1],
        Statistic::Mean | Statistic::Quantile(_) => state[1] / n,
        Statistic::Min if n > 0.0 => state[1],
        Statistic::Max if n > 0.0 => state[2],
        Statistic::Min | Statistic::Max => f64::NAN,
        Statistic::Var { ddof } => var(state[2], ddof),
        Statistic::Std { ddof } => var(state[2], ddof).sqrt(),
        Statistic::Skew if n < 3.0 => f64::NAN,
        // As in pandas, of values that are all the same.
        Statistic::Skew if state[2] == 0.0 => 0.0,
        Statistic::Skew => {
            let biased = (state[3] / n) / (state[2] / n).powf(1.5);
            biased * (n * (n - 1.0)).sqrt() / (n - 2.0)
        }
        Statistic::Kurtosis if n < 4.0 => f64::NAN,
        Statistic::Kurtosis if state[2] == 0.0 => -3.0,
        Statistic::Kurtosis => {
            let ratio = n * state[4] / (state[2] * state[2]);
            (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * ratio - 3.0 * (n - 1.0))
        }
        Statistic::Cov { ddof } => var(state[5], ddof),
        Statistic::Corr if n < 2.0 => f64::NAN,
        Statistic::Corr => (state[5] / (state[3] * state[4]).sqrt()).clamp(-1.0, 1.0),
    }
}

/// Quantiles of sliding windows, whose values are kept in order.
fn quantiles(q: f64, least: usize, values: &[f64], ranges: &[Range<usize>]) -> Vec<f64> {
    let mut sorted = Vec::<f64>::new();
    let mut filled = ranges.first().map_or(0..0, |range| range.start..range.start);
    let place = |sorted: &[f64], x: f64| sorted.partition_point(|y| y.total_cmp(&x).is_lt());
    let results = ranges.iter().map(|range| {
        while filled.end < range.end {
            let x = values[filled.end];
            if !x.is_nan() {
                sorted.insert(place(&sorted, x), x);
            }
            filled.end += 1;
        }
        while filled.start < range.start {
            let x = values[filled.start];
            if !x.is_nan() {
                sorted.remove(place(&sorted, x));
            }
            filled.start += 1;
        }
        if sorted.len() < least.max(1) {
            return f64::NAN;
        }
        let at = q * (sorted.len() - 1) as f64;
        let (low, part) = (sorted[at.floor() as usize], at.fract());
        // Without the test a step towards an infinity would be NaN even where it is of no length.
        if part == 0.0 { low } else { low + (sorted[at.ceil() as usize] - low) * part }
    });
    results.collect()
}
