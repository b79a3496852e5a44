//! Quantiles by merging t-digests, after Dunning and Ertl (2019).
//!
//! A state has a row for each of a few hundred clusters of neighbouring values: their mean and number. Clusters are
//! small near both ends of the order and large in its middle.

use std::f64::consts::PI;

use super::{Ragged, floats};
use crate::column::Column;
use crate::expr::to_floats;
use crate::kernel::group::Groups;

/// Twice as many clusters are the most there can be.
const COMPRESSION: f64 = 200.0;

pub(super) fn of(input: &Column, groups: &Groups) -> Ragged {
    let input = to_floats(input);
    let weights = Column::from_f64s(vec![1.0; input.len()], input.validity());
    merge(&[input, weights], groups)
}

pub(super) fn merge(clusters: &[Column], groups: &Groups) -> Ragged {
    let [means, weights] = clusters else { unreachable!("a digest is means and weights") };
    let (starts, rows) = groups.rows(means.validity().as_ref());
    let (means, weights) = (floats(means), floats(weights));
    let mut sorted = rows.iter().map(|&row| (means[row as usize], weights[row as usize])).collect::<Vec<_>>();
    let (mut kept, mut merged) = (vec![0], Vec::new());
    for ends in starts.windows(2) {
        let of_group = &mut sorted[ends[0] as usize..ends[1] as usize];
        of_group.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        compress(of_group, &mut merged);
        kept.push(merged.len() as u32);
    }
    let (means, weights): (Vec<f64>, Vec<f64>) = merged.into_iter().unzip();
    Ragged { starts: kept, columns: vec![means.into(), weights.into()] }
}

/// Joins neighbours as long as their scale, which is steep near the ends, differs by less than 1.
fn compress(clusters: &[(f64, f64)], into: &mut Vec<(f64, f64)>) {
    let Some((&first, rest)) = clusters.split_first() else { return };
    let total = clusters.iter().map(|(_, weight)| weight).sum::<f64>();
    let scale = |weight: f64| COMPRESSION / (2.0 * PI) * (2.0 * weight / total - 1.0).clamp(-1.0, 1.0).asin();
    let (mut mean, mut weight) = first;
    let mut before = 0.0;
    for &(next, times) in rest {
        if scale(before + weight + times) - scale(before) <= 1.0 {
            weight += times;
            // Infinities of one sign stay what they are.
            mean = if mean == next { mean } else { mean + (next - mean) * times / weight };
        } else {
            into.push((mean, weight));
            before += weight;
            (mean, weight) = (next, times);
        }
    }
    into.push((mean, weight));
}

pub(super) fn quantiles(state: &Ragged, q: f64) -> Column {
    let (means, weights) = (floats(&state.columns[0]), floats(&state.columns[1]));
    let of = |group: usize| quantile(&means[state.rows(group)], &weights[state.rows(group)], q);
    Column::from((0..state.n()).map(of).collect::<Vec<_>>())
}

/// Interpolates between the middles of clusters; a cluster of one value is that value.
fn quantile(means: &[f64], weights: &[f64], q: f64) -> f64 {
    let total = weights.iter().sum::<f64>();
    let at = q * (total - 1.0);
    let mut before = 0.0;
    let mut last: Option<(f64, f64)> = None;
    for (&mean, &weight) in means.iter().zip(weights) {
        let middle = before + (weight - 1.0) / 2.0;
        if at <= middle {
            return match last {
                Some((x, y)) if y != mean => y + (mean - y) * (at - x) / (middle - x),
                _ => mean,
            };
        }
        last = Some((middle, mean));
        before += weight;
    }
    last.map_or(f64::NAN, |(_, mean)| mean)
}
