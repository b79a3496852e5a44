//! The way from chunks to chunks, in steps.
//!
//! From rows to columns, each new block takes a piece of each old one: their number is the product of both. By way of
//! blocks in between it is a multiple of their sum:
//!
//! ```text
//! 10⁴ rows → 10⁴ columns                      10⁸ pieces
//! 10⁴ rows → 100 by 100 tiles → 10⁴ columns   2 · 10⁶ pieces
//! ```
//!
//! But every step copies the whole array, so pieces that are large enough go directly.
//!
//! As in dask, a step merges blocks along the axes where that saves most pieces for its growth of the blocks, as far as
//! these stay below a size, after the step before has split others; see `plan_rechunk` there.

use std::cmp::Ordering;

use crate::chunks::{Chunks, divided};

/// Bytes of a block in between, if neither the old nor the new ones are larger.
const MOST_BYTES: usize = 128 << 20;

/// How many times as many pieces as blocks there may be.
const MOST_PIECES: f64 = 4.0;

/// To take a piece costs as much time as to copy about so many bytes more.
const PIECE_BYTES: f64 = 16384.0;

type Lengths = Vec<Vec<usize>>;

/// The chunks of all steps, the last of which are those that are wanted.
pub(super) fn plan(from: &Chunks, to: &Chunks, itemsize: usize) -> Vec<Chunks> {
    if n_pieces(from.axes(), to.axes()) * PIECE_BYTES <= nbytes(from.axes(), itemsize) {
        return vec![to.clone()];
    }
    steps(from.axes(), to.axes(), MOST_BYTES / itemsize.max(1))
        .into_iter()
        .map(Chunks::from_lengths)
        .collect()
}

/// The lengths of all steps, with blocks of at most so many elements in between.
fn steps(from: &[Vec<usize>], to: &[Vec<usize>], most: usize) -> Vec<Lengths> {
    let mut steps = Vec::new();
    let limit = most.max(largest(from)).max(largest(to));
    let bound = MOST_PIECES * (n_blocks(from) + n_blocks(to));
    let mut current = from.to_vec();
    let mut is_first = true;
    while from.len() > 1 && n_pieces(&current, to) >= bound {
        let split = match is_first {
            true => current.clone(),
            false => split(&current, to, n_pieces(&current, to) * MOST_PIECES),
        };
        let (next, hit_limit) = merge(&split, to, limit);
        if next == to || next == current && !is_first {
            break;
        }
        if next != current {
            steps.push(next.clone());
        }
        current = next;
        if !hit_limit {
            break;
        }
        is_first = false;
    }
    steps.push(to.to_vec());
    steps
}

fn nbytes(axes: &[Vec<usize>], itemsize: usize) -> f64 {
    axes.iter().map(|lengths| lengths.iter().sum::<usize>() as f64).product::<f64>() * itemsize as f64
}

fn widest(lengths: &[usize]) -> usize {
    lengths.iter().copied().max().unwrap_or(1).max(1)
}

/// Elements of the largest block.
fn largest(axes: &[Vec<usize>]) -> usize {
    axes.iter().map(|lengths| widest(lengths)).fold(1, usize::saturating_mul)
}

fn n_blocks(axes: &[Vec<usize>]) -> f64 {
    axes.iter().map(|lengths| lengths.len() as f64).product()
}

/// About how many pieces blocks are cut into.
fn n_pieces(from: &[Vec<usize>], to: &[Vec<usize>]) -> f64 {
    let along = |(from, to): (&Vec<usize>, &Vec<usize>)| match from == to {
        true => from.len() as f64,
        false => (from.len() + to.len() - 1) as f64,
    };
    from.iter().zip(to).map(along).product()
}

/// Puts blocks together along axes where there are to be fewer, as far as none gets more than `limit` elements; and
/// whether it would have.
fn merge(from: &[Vec<usize>], to: &[Vec<usize>], limit: usize) -> (Lengths, bool) {
    // What a merge saves of pieces for what it makes blocks grow, both as powers.
    let worth = |axis: usize| {
        let saved = (to[axis].len() as f64 / from[axis].len() as f64).ln();
        let grown = (widest(&to[axis]) as f64 / widest(&from[axis]) as f64).ln();
        saved / if grown == 0.0 { 1e-9 } else { grown }
    };
    let mut axes: Vec<usize> = (0..from.len()).filter(|&axis| to[axis].len() <= from[axis].len()).collect();
    axes.sort_by(|&a, &b| worth(a).partial_cmp(&worth(b)).unwrap_or(Ordering::Equal));
    let mut merged = from.to_vec();
    let mut hit_limit = false;
    for axis in axes {
        let others = largest(&merged) / widest(&from[axis]);
        if others.saturating_mul(widest(&to[axis])) <= limit {
            merged[axis] = to[axis].clone();
            continue;
        }
        hit_limit = true;
        let parts = divided(&to[axis], (limit / others).max(1));
        if parts.len() <= from[axis].len() {
            merged[axis] = parts;
        }
    }
    (merged, hit_limit)
}

/// Splits blocks along axes where there are to be more, as far as there are not more than so many pieces.
fn split(from: &[Vec<usize>], to: &[Vec<usize>], most_pieces: f64) -> Lengths {
    let mut axes = from.to_vec();
    for axis in 0..from.len() {
        let pieces = n_pieces(&axes, to);
        if pieces > most_pieces {
            break;
        }
        if from[axis].len() > to[axis].len() {
            continue;
        }
        let most = (from[axis].len() as f64 * most_pieces / pieces) as usize;
        let parts = gathered(&to[axis], most.max(1));
        if parts.len() >= from[axis].len() && widest(&parts) <= widest(&from[axis]) {
            axes[axis] = parts;
        }
    }
    axes
}

/// At most `most` blocks, each of some of these, about equally long.
fn gathered(lengths: &[usize], most: usize) -> Vec<usize> {
    if lengths.len() <= most {
        return lengths.to_vec();
    }
    let total: usize = lengths.iter().sum();
    let mut parts = Vec::with_capacity(most);
    let (mut before, mut own) = (0, 0);
    for &n in lengths {
        own += n;
        // The end of the next part, if all were equally long.
        if before + own >= total * (parts.len() + 1) / most {
            parts.push(own);
            before += own;
            own = 0;
        }
    }
    if own > 0 {
        parts.push(own);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunks::overlaps;

    /// Pieces of one step, exactly.
    fn pieces(from: &[Vec<usize>], to: &[Vec<usize>]) -> usize {
        let (from, to) = (Chunks::from_lengths(from.to_vec()), Chunks::from_lengths(to.to_vec()));
        let along = |axis: usize| {
            let (from, to) = (from.starts(axis), to.starts(axis));
            to.windows(2).map(|bounds| overlaps(&from, bounds[0]..bounds[1]).len()).sum::<usize>()
        };
        (0..from.ndim()).map(along).product()
    }

    #[track_caller]
    fn check(from: Lengths, to: Lengths, most: usize) -> (usize, usize) {
        let all = steps(&from, &to, most);
        assert_eq!(all.last(), Some(&to));
        let limit = most.max(largest(&from)).max(largest(&to));
        let mut before = &from;
        let mut total = 0;
        for step in &all {
            assert!(largest(step) <= limit, "{} > {limit}", largest(step));
            let sums =
                |axes: &Lengths| axes.iter().map(|lengths| lengths.iter().sum()).collect::<Vec<usize>>();
            assert_eq!(sums(step), sums(&from));
            total += pieces(before, step);
            before = step;
        }
        (all.len(), total)
    }

    #[test]
    fn rows_to_columns_takes_far_fewer_pieces_than_there_are_pairs() {
        let n = 10_000;
        let (rows, columns) = (vec![vec![1; n], vec![n]], vec![vec![n], vec![1; n]]);
        let (_, pieces) = check(rows, columns, 1 << 24);
        assert!(pieces < 100 * 2 * n, "{pieces}");
        let cubes =
            |at: usize| (0..3).map(|axis| if axis == at { vec![1; 300] } else { vec![300] }).collect();
        let (_, pieces) = check(cubes(0), cubes(2), 1 << 20);
        assert!(pieces < 50 * 600, "{pieces}");
    }

    #[test]
    fn few_blocks_go_directly() {
        let even = |n: usize, each: usize| vec![each; n / each];
        assert_eq!(check(vec![even(20, 5), vec![20]], vec![vec![20], even(20, 5)], 1 << 20).0, 1);
        assert_eq!(check(vec![even(1000, 1)], vec![even(1000, 500)], 1).0, 1);
        // Blocks of length zero, and none at all.
        assert_eq!(check(vec![vec![0, 3, 0], vec![0]], vec![vec![3], vec![0]], 1 << 20).0, 1);
    }

    #[test]
    fn large_pieces_go_directly() {
        let n_steps = |n_blocks: usize, n: usize| {
            let cut = || vec![n / n_blocks; n_blocks];
            let chunks = |axes: [Vec<usize>; 2]| Chunks::from_lengths(axes.to_vec());
            plan(&chunks([cut(), vec![n]]), &chunks([vec![n], cut()]), 8).len()
        };
        // 256 pieces of 12.5 MB, 10⁴ of 80 kB, and 10⁶ of 800 bytes.
        assert_eq!((n_steps(16, 20_000), n_steps(100, 10_000)), (1, 1));
        assert!(n_steps(1000, 10_000) > 1);
    }

    #[test]
    fn blocks_in_between_stay_small() {
        let n = 1_000;
        let (steps, pieces) = check(vec![vec![1; n], vec![n]], vec![vec![n], vec![1; n]], 1);
        assert!(steps > 1 && pieces < 40 * 2 * n, "{steps} steps, {pieces} pieces");
    }
}
