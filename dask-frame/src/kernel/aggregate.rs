//! Aggregates by group in three steps: a partial state a partition, states merged, the state finished.
//!
//! A state is a few columns with a row a group, so that partial results are tables like any other:
//!
//! | aggregate | state |
//! |---|---|
//! | sum, prod, count, size, min, max, first, last | the value so far |
//! | mean | sum (float), count |
//! | var, std | count, mean, sum of squared distances from the mean |

use super::group::Groups;
use crate::column::{Column, Mask, NO_ROW, View};
use crate::expr::{AggregateKind, order_rows, to_floats};
use crate::schema::DataType;

/// An integer result does not fit 64 bits.
#[derive(Debug)]
pub(crate) struct Overflow;

/// Returns the types of the state columns of an aggregate whose result has the type `output`.
pub(crate) fn state_dtypes(kind: AggregateKind, output: DataType) -> Vec<DataType> {
    match kind {
        AggregateKind::Mean => vec![DataType::Float64, DataType::Int64],
        AggregateKind::Var { .. } | AggregateKind::Std { .. } => {
            vec![DataType::Int64, DataType::Float64, DataType::Float64]
        }
        _ => vec![output],
    }
}

/// Computes the state of each group from the rows; `input` is `None` for `size` alone.
pub(crate) fn partial(
    kind: AggregateKind,
    input: Option<&Column>,
    groups: &Groups,
) -> Result<Vec<Column>, Overflow> {
    let Some(input) = input else { return Ok(vec![count(None, groups)]) };
    Ok(match kind {
        AggregateKind::Size => vec![count(None, groups)],
        AggregateKind::Count => vec![count(input.validity().as_ref(), groups)],
        AggregateKind::Sum | AggregateKind::Product => vec![fold(kind, input, groups)?],
        AggregateKind::Mean => {
            let floats = to_floats(input);
            vec![fold(AggregateKind::Sum, &floats, groups)?, count(floats.validity().as_ref(), groups)]
        }
        AggregateKind::Min | AggregateKind::Max | AggregateKind::First | AggregateKind::Last => {
            vec![pick(kind, input, groups)]
        }
        AggregateKind::Var { .. } | AggregateKind::Std { .. } => moments(&to_floats(input), groups),
    })
}

/// Joins states: each row of `states` is one, and rows of a group become one.
pub(crate) fn merge(
    kind: AggregateKind,
    states: &[Column],
    groups: &Groups,
) -> Result<Vec<Column>, Overflow> {
    Ok(match kind {
        AggregateKind::Var { .. } | AggregateKind::Std { .. } => merge_moments(states, groups),
        AggregateKind::Min | AggregateKind::Max | AggregateKind::First | AggregateKind::Last => {
            vec![pick(kind, &states[0], groups)]
        }
        AggregateKind::Product => vec![fold(kind, &states[0], groups)?],
        AggregateKind::Sum | AggregateKind::Mean | AggregateKind::Count | AggregateKind::Size => {
            let sums = states.iter().map(|state| fold(AggregateKind::Sum, state, groups));
            sums.collect::<Result<_, _>>()?
        }
    })
}

/// Turns states into results.
pub(crate) fn finish(kind: AggregateKind, states: &[Column]) -> Column {
    match (kind, states) {
        (AggregateKind::Mean, [sums, counts]) => {
            let (sums, counts) = (floats(sums), ints(counts));
            // Nothing over nothing is NaN, which a column makes to a missing value.
            Column::from(sums.iter().zip(counts).map(|(sum, &n)| sum / n as f64).collect::<Vec<f64>>())
        }
        (AggregateKind::Var { ddof } | AggregateKind::Std { ddof }, [counts, _, squares]) => {
            let var = ints(counts).iter().zip(floats(squares)).map(|(&n, &squares)| {
                let freedom = n - i64::from(ddof);
                if freedom > 0 { squares / freedom as f64 } else { f64::NAN }
            });
            let root = matches!(kind, AggregateKind::Std { .. });
            Column::from(var.map(|var| if root { var.sqrt() } else { var }).collect::<Vec<f64>>())
        }
        _ => states[0].clone(),
    }
}

fn count(validity: Option<&Mask>, groups: &Groups) -> Column {
    let mut counts = vec![0i64; groups.n];
    match validity {
        None => groups.for_each(|_, group| counts[group] += 1),
        Some(valid) => groups.for_each(|row, group| counts[group] += i64::from(valid.get(row))),
    }
    Column::from(counts)
}

/// Sums or multiplies; the missing are skipped.
fn fold(kind: AggregateKind, input: &Column, groups: &Groups) -> Result<Column, Overflow> {
    let validity = input.validity();
    let product = kind == AggregateKind::Product;
    let truth;
    let ints: &[i64] = match input.view() {
        View::Float64(values) => {
            let mut folded = vec![if product { 1.0 } else { 0.0 }; groups.n];
            match product {
                true => each_valid(groups, validity.as_ref(), |row, group| folded[group] *= values[row]),
                false => each_valid(groups, validity.as_ref(), |row, group| folded[group] += values[row]),
            }
            // A sum of infinities of both signs is NaN and so missing, as in pandas.
            return Ok(Column::from(folded));
        }
        View::Int64(values) => values,
        View::Bool(values) => {
            truth = (0..input.len()).map(|row| i64::from(values.get(row))).collect::<Vec<_>>();
            &truth
        }
        View::Utf8(_) | View::Timestamp(_) => unreachable!("sums were checked to be of numbers"),
    };
    let mut folded = vec![i64::from(product); groups.n];
    let mut overflow = false;
    each_valid(groups, validity.as_ref(), |row, group| {
        let (value, wrong) = match product {
            true => folded[group].overflowing_mul(ints[row]),
            false => folded[group].overflowing_add(ints[row]),
        };
        folded[group] = value;
        overflow |= wrong;
    });
    if overflow { Err(Overflow) } else { Ok(Column::from(folded)) }
}

#[inline]
fn each_valid(groups: &Groups, validity: Option<&Mask>, mut f: impl FnMut(usize, usize)) {
    match validity {
        None => groups.for_each(f),
        Some(valid) => groups.for_each(|row, group| {
            if valid.get(row) {
                f(row, group);
            }
        }),
    }
}

/// Takes one row of each group: the smallest, largest, first or last value that is there.
fn pick(kind: AggregateKind, input: &Column, groups: &Groups) -> Column {
    let mut rows = vec![NO_ROW; groups.n];
    let validity = input.validity();
    let mut choose = |better: &dyn Fn(usize, usize) -> bool| {
        each_valid(groups, validity.as_ref(), |row, group| {
            let best = rows[group];
            if best == NO_ROW || better(row, best as usize) {
                rows[group] = row as u32;
            }
        });
    };
    match (kind, input.view()) {
        (AggregateKind::First, _) => choose(&|_, _| false),
        (AggregateKind::Last, _) => choose(&|_, _| true),
        (AggregateKind::Min, View::Int64(v) | View::Timestamp(v)) => choose(&|row, best| v[row] < v[best]),
        (AggregateKind::Max, View::Int64(v) | View::Timestamp(v)) => choose(&|row, best| v[row] > v[best]),
        (AggregateKind::Min, View::Float64(v)) => choose(&|row, best| v[row] < v[best]),
        (AggregateKind::Max, View::Float64(v)) => choose(&|row, best| v[row] > v[best]),
        (AggregateKind::Min, view) => choose(&|row, best| order_rows(view, row, best).is_lt()),
        (_, view) => choose(&|row, best| order_rows(view, row, best).is_gt()),
    }
    input.take(&rows)
}

fn moments(input: &Column, groups: &Groups) -> Vec<Column> {
    let (values, validity) = (floats(input), input.validity());
    let (mut counts, mut means, mut squares) =
        (vec![0i64; groups.n], vec![0.0; groups.n], vec![0.0; groups.n]);
    each_valid(groups, validity.as_ref(), |row, group| {
        counts[group] += 1;
        means[group] += values[row];
    });
    for (mean, &n) in means.iter_mut().zip(&counts) {
        *mean /= n.max(1) as f64;
    }
    each_valid(groups, validity.as_ref(), |row, group| {
        let distance = values[row] - means[group];
        squares[group] += distance * distance;
    });
    vec![counts.into(), means.into(), squares.into()]
}

/// Merges counts, means and squares pairwise, after Chan, Golub and LeVeque (1979): no cancellation of
/// large sums of squares.
fn merge_moments(states: &[Column], groups: &Groups) -> Vec<Column> {
    let (n, mean, square) = (ints(&states[0]), &states[1], &states[2]);
    // A mean of infinities is missing; so is then the variance.
    let read = |column: &Column, row: usize| if column.is_null(row) { f64::NAN } else { floats(column)[row] };
    let (mut counts, mut means, mut squares) =
        (vec![0i64; groups.n], vec![0.0; groups.n], vec![0.0; groups.n]);
    groups.for_each(|row, group| {
        if n[row] == 0 {
            return;
        }
        let before = counts[group] as f64;
        let all = before + n[row] as f64;
        let distance = read(mean, row) - means[group];
        means[group] += distance * n[row] as f64 / all;
        squares[group] += read(square, row) + distance * distance * before * n[row] as f64 / all;
        counts[group] += n[row];
    });
    vec![counts.into(), means.into(), squares.into()]
}

fn ints(column: &Column) -> &[i64] {
    match column.view() {
        View::Int64(values) => values,
        _ => unreachable!("counts are integers"),
    }
}

fn floats(column: &Column) -> &[f64] {
    match column.view() {
        View::Float64(values) => values,
        _ => unreachable!("the input was converted to floats"),
    }
}
