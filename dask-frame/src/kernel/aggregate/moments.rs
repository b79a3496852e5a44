//! Means, and sums of powers of the distances from them.

use super::{floats, ints};
use crate::column::{Column, Mask};
use crate::expr::{AggregateKind, to_floats};
use crate::kernel::group::Groups;

/// Returns up to which power an aggregate needs the moments, 1 being the mean; none if it is not made of them.
pub(super) fn powers(kind: AggregateKind) -> Option<usize> {
    match kind {
        AggregateKind::Var { .. } | AggregateKind::Std { .. } | AggregateKind::Sem { .. } => Some(2),
        AggregateKind::Skew => Some(3),
        AggregateKind::Kurtosis => Some(4),
        _ => None,
    }
}

/// Returns counts, means, and the sums of the second to the last power.
pub(super) fn of(input: &Column, groups: &Groups, powers: usize) -> Vec<Column> {
    let input = to_floats(input);
    let (values, validity) = (floats(&input), input.validity());
    let (counts, means) = means(values, validity.as_ref(), groups);
    let mut sums = vec![vec![0.0; groups.n]; powers - 1];
    match &mut sums[..] {
        [squares] => groups.zip(values, validity.as_ref(), |group, value| {
            let distance = value - means[group];
            squares[group] += distance * distance;
        }),
        sums => groups.zip(values, validity.as_ref(), |group, value| {
            let distance = value - means[group];
            let mut power = distance;
            for sums in &mut *sums {
                power *= distance;
                sums[group] += power;
            }
        }),
    }
    [counts.into(), means.into()].into_iter().chain(sums.into_iter().map(Column::from)).collect()
}

fn means(values: &[f64], validity: Option<&Mask>, groups: &Groups) -> (Vec<i64>, Vec<f64>) {
    let (mut counts, mut means) = (vec![0i64; groups.n], vec![0.0; groups.n]);
    groups.zip(values, validity, |group, value| {
        counts[group] += 1;
        means[group] += value;
    });
    for (mean, &n) in means.iter_mut().zip(&counts) {
        *mean /= n.max(1) as f64;
    }
    (counts, means)
}

/// Reads a column of states, in which a value that infinities have spoilt is missing.
fn spoilt(column: &Column) -> Vec<f64> {
    let mut values = floats(column).to_vec();
    if let Some(valid) = column.validity() {
        values.iter_mut().enumerate().filter(|(row, _)| !valid.get(*row)).for_each(|(_, x)| *x = f64::NAN);
    }
    values
}

/// Merges states pairwise, after Chan, Golub and LeVeque (1979) and for higher powers Pébay (2008): no
/// cancellation of large sums of powers.
pub(super) fn merge(states: &[Column], groups: &Groups) -> Vec<Column> {
    let n = ints(&states[0]);
    let read = states[1..].iter().map(spoilt).collect::<Vec<_>>();
    let mut counts = vec![0i64; groups.n];
    let mut merged = vec![vec![0.0; groups.n]; read.len()];
    groups.for_each(|row, group| {
        if n[row] == 0 {
            return;
        }
        let (a, b) = (counts[group] as f64, n[row] as f64);
        let all = a + b;
        let distance = read[0][row] - merged[0][group];
        let step = distance / all;
        let ours = |power: usize| merged[power - 1][group];
        let theirs = |power: usize| read[power - 1][row];
        let second = (read.len() >= 2).then(|| ours(2) + theirs(2) + distance * step * a * b);
        let third = (read.len() >= 3).then(|| {
            ours(3)
                + theirs(3)
                + distance * step * step * a * b * (a - b)
                + 3.0 * step * (a * theirs(2) - b * ours(2))
        });
        let fourth = (read.len() >= 4).then(|| {
            ours(4)
                + theirs(4)
                + distance * step.powi(3) * a * b * (a * a - a * b + b * b)
                + 6.0 * step * step * (a * a * theirs(2) + b * b * ours(2))
                + 4.0 * step * (a * theirs(3) - b * ours(3))
        });
        let sums = [Some(ours(1) + step * b), second, third, fourth];
        for (merged, sum) in merged.iter_mut().zip(sums.into_iter().flatten()) {
            merged[group] = sum;
        }
        counts[group] += n[row];
    });
    [Column::from(counts)].into_iter().chain(merged.into_iter().map(Column::from)).collect()
}

pub(super) fn finish(kind: AggregateKind, states: &[Column]) -> Column {
    let counts = ints(&states[0]);
    let sums = states[1..].iter().map(spoilt).collect::<Vec<_>>();
    let var = |group: usize, ddof: u8| over(sums[1][group], counts[group], ddof);
    let of = |group: usize| -> f64 {
        let n = counts[group] as f64;
        let power = |power: usize| sums[power - 1][group];
        match kind {
            AggregateKind::Var { ddof } => var(group, ddof),
            AggregateKind::Std { ddof } => var(group, ddof).sqrt(),
            AggregateKind::Sem { ddof } => (var(group, ddof) / n).sqrt(),
            AggregateKind::Skew if n < 3.0 => f64::NAN,
            AggregateKind::Kurtosis if n < 4.0 => f64::NAN,
            // What never changes leans to no side.
            AggregateKind::Skew | AggregateKind::Kurtosis if power(2) == 0.0 => 0.0,
            AggregateKind::Skew => n * (n - 1.0).sqrt() / (n - 2.0) * power(3) / power(2).powf(1.5),
            _ => {
                let rest = (n - 2.0) * (n - 3.0);
                n * (n + 1.0) * (n - 1.0) * power(4) / (rest * power(2) * power(2))
                    - 3.0 * (n - 1.0) * (n - 1.0) / rest
            }
        }
    };
    Column::from((0..counts.len()).map(of).collect::<Vec<_>>())
}

/// Divides by the degrees of freedom; NaN, which a column makes to a missing value, if there are none.
fn over(sum: f64, n: i64, ddof: u8) -> f64 {
    let freedom = n - i64::from(ddof);
    if freedom > 0 { sum / freedom as f64 } else { f64::NAN }
}

/// Returns counts, means of both, and the sums of the squares of both and of the products of distances.
pub(super) fn of_pairs(left: &Column, right: &Column, groups: &Groups) -> Vec<Column> {
    let (left, right) = (to_floats(left), to_floats(right));
    let validity = Mask::both(left.validity().as_ref(), right.validity().as_ref());
    let valid = validity.as_ref();
    let (x, y) = (floats(&left), floats(&right));
    let (counts, x_means) = means(x, valid, groups);
    let (_, y_means) = means(y, valid, groups);
    let mut sums = vec![[0.0; 3]; groups.n];
    groups.each_valid(valid, |row, group| {
        let (dx, dy) = (x[row] - x_means[group], y[row] - y_means[group]);
        let sums = &mut sums[group];
        sums[0] += dx * dx;
        sums[1] += dy * dy;
        sums[2] += dx * dy;
    });
    let sums = (0..3).map(|at| sums.iter().map(|sums| sums[at]).collect::<Vec<_>>());
    [counts.into(), x_means.into(), y_means.into()].into_iter().chain(sums.map(Column::from)).collect()
}

pub(super) fn merge_pairs(states: &[Column], groups: &Groups) -> Vec<Column> {
    let n = ints(&states[0]);
    let read = states[1..].iter().map(spoilt).collect::<Vec<_>>();
    let mut counts = vec![0i64; groups.n];
    let mut merged = vec![vec![0.0; groups.n]; 5];
    groups.for_each(|row, group| {
        if n[row] == 0 {
            return;
        }
        let (a, b) = (counts[group] as f64, n[row] as f64);
        let all = a + b;
        let (dx, dy) = (read[0][row] - merged[0][group], read[1][row] - merged[1][group]);
        merged[0][group] += dx * b / all;
        merged[1][group] += dy * b / all;
        let between = a * b / all;
        for (at, product) in [(2, dx * dx), (3, dy * dy), (4, dx * dy)] {
            merged[at][group] += read[at][row] + product * between;
        }
        counts[group] += n[row];
    });
    [Column::from(counts)].into_iter().chain(merged.into_iter().map(Column::from)).collect()
}

pub(super) fn finish_pairs(kind: AggregateKind, states: &[Column]) -> Column {
    let counts = ints(&states[0]);
    let sums = states[3..].iter().map(spoilt).collect::<Vec<_>>();
    let of = |group: usize| match kind {
        AggregateKind::Cov { ddof } => over(sums[2][group], counts[group], ddof),
        // Nothing over nothing where one side never changes. Rounding may not make it more than 1.
        _ => (sums[2][group] / (sums[0][group].sqrt() * sums[1][group].sqrt())).clamp(-1.0, 1.0),
    };
    Column::from((0..counts.len()).map(of).collect::<Vec<_>>())
}
