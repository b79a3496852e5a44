//! The same elements in another shape, in row-major order.
//!
//! Axes that two shapes share keep their blocks. What lies between is merged and split group by group:
//!
//! ```text
//! (12, 5, 2) → (12, 10)    12 ↔ 12,  5·2 → 10         merged
//! (24, 10)   → (4, 6, 10)  24 → 4·6, 10 ↔ 10          split
//! (6, 4)     → (4, 6)      6·4 → 24 → 4·6             merged and split
//! ```
//!
//! A block can be reshaped on its own where the blocks along the axes of a group are *runs*: stretches of the group's
//! elements in row-major order. They are if the blocks along some axis of the group are any, those before it have
//! length one and those behind it are whole.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use serde::{Deserialize, Serialize};

use super::layer::BlockLayer;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{ChunkSpec, Chunks, ChunksError, counted, divided};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

/// Whether blocks may be put together where a reshape asks for other blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merging {
    /// To blocks of about the size that they have.
    Allowed,
    /// They are only cut.
    Never,
}

impl<A: Element> Array<A> {
    /// The same elements, in row-major order, in another shape. One length may be -1: what is left for it.
    ///
    /// Axes that both shapes have keep their blocks. Others are cut anew as far as each block of the result is to be
    /// made of one block, no larger than those along the same axes were; then nothing is copied.
    ///
    /// # Errors
    ///
    /// - When the shapes do not have the same number of elements, or more than one length is negative.
    /// - When there would be more blocks along an axis than can be numbered.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3, 4, 5, 6]), 2)?;
    /// let rows = x.reshape(&[-1, 3])?;
    /// assert_eq!(rows.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[1, 2, 3], [4, 5, 6]]).into_dyn());
    /// assert!(x.reshape(&[4, -1]).unwrap_err().to_string().contains("6 elements"));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: &[isize]) -> Result<Array<A>, ArrayError> {
        let shape = resolve(self.shape(), shape)?;
        self.reshaped_as(&shape, Merging::Allowed, &LayerInfo::here())
    }

    /// [`reshape`](Array::reshape) that never puts blocks together (dask's `merge_chunks=False`): where they do not fit,
    /// they are cut to length one along all axes but the last. Makes many small blocks and moves nothing.
    ///
    /// # Errors
    ///
    /// - As [`reshape`](Array::reshape).
    #[track_caller]
    pub fn reshape_unmerged(&self, shape: &[isize]) -> Result<Array<A>, ArrayError> {
        let shape = resolve(self.shape(), shape)?;
        self.reshaped_as(&shape, Merging::Never, &LayerInfo::here())
    }

    /// All elements along one axis, in row-major order.
    ///
    /// # Panics
    ///
    /// When there are more blocks than can be numbered along one axis: 2³².
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::ones(&[12, 10], [5, 4])?;
    /// assert_eq!(x.ravel().shape(), [120]);
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ravel(&self) -> Array<A> {
        self.raveled(&LayerInfo::here())
    }

    pub(crate) fn raveled(&self, info: &LayerInfo) -> Array<A> {
        self.reshaped(&[self.len()], info)
    }

    /// The array in a shape of as many elements. Panics where [`ravel`](Array::ravel) does.
    pub(crate) fn reshaped(&self, shape: &[usize], info: &LayerInfo) -> Array<A> {
        let fits = self.reshaped_as(shape, Merging::Allowed, info);
        fits.unwrap_or_else(|error| panic!("{error}"))
    }

    fn reshaped_as(
        &self,
        shape: &[usize],
        merging: Merging,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        if shape == self.shape() {
            return Ok(self.clone());
        }
        if self.is_empty() {
            return Array::full_with(shape, ChunkSpec::Whole, A::default(), info);
        }
        let groups = groups(self.shape(), shape);
        if groups.iter().any(|group| group.from.len() > 1 && group.to.len() > 1) {
            // By way of one axis for each such group.
            let flat: Vec<usize> = groups.iter().flat_map(|group| group.merged(self.shape())).collect();
            let flat = self.reshaped_as(&flat, merging, info)?;
            return flat.reshaped_as(shape, merging, info);
        }
        let mut from = Vec::with_capacity(self.ndim());
        let mut to = Vec::with_capacity(shape.len());
        for group in &groups {
            let lengths = &self.chunks().axes()[group.from.clone()];
            let (own, other) = group_chunks(lengths, &shape[group.to.clone()], merging)?;
            from.extend(own);
            to.extend(other);
        }
        let cut = self.rechunked(&Chunks::from_lengths(from), info);
        Ok(cut.reblocked(Chunks::from_lengths(to), &groups, info))
    }

    /// The array with each block in the shape that these chunks give it.
    fn reblocked(&self, chunks: Chunks, groups: &[Group], info: &LayerInfo) -> Array<A> {
        let name = name_of("reshape", Tokenizer::new("reshape").feed(self.name()).feed(&chunks).finish());
        let (op, input) = (kernel_op::<Reshaping<A>>(), self.name().clone());
        let (from, to) = (self.chunks().n_blocks(), chunks.n_blocks());
        let (groups, lengths) = (groups.to_vec(), chunks.clone());
        let node = move |index: &[u32]| {
            let block = groups.iter().flat_map(|group| {
                let (from, to) = (&from[group.from.clone()], &to[group.to.clone()]);
                unravel(ravel(&index[group.to.clone()], to), from)
            });
            let block = Arg::Key(Key::new(&input, &block.collect::<Vec<_>>()));
            let shape = index.iter().zip(lengths.axes()).map(|(&at, lengths)| lengths[at as usize]);
            let shape = Value::sized(BlockShape(shape.collect()));
            Node::Task(Task::new(op.clone(), [block, Arg::Value(shape)]))
        };
        let layer = BlockLayer::new(&name, &chunks, &[self.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }
}

/// The number of the block at `index` in a grid of so many.
fn ravel(index: &[u32], n_blocks: &[u32]) -> u64 {
    index.iter().zip(n_blocks).fold(0, |number, (&at, &n)| number * u64::from(n) + u64::from(at))
}

/// The index of the block with this number.
fn unravel(mut number: u64, n_blocks: &[u32]) -> Vec<u32> {
    let mut index = vec![0; n_blocks.len()];
    for (at, &n) in index.iter_mut().zip(n_blocks).rev() {
        *at = (number % u64::from(n)) as u32;
        number /= u64::from(n);
    }
    index
}

/// The shape that is meant, of an array of this shape.
fn resolve(from: &[usize], to: &[isize]) -> Result<Vec<usize>, ArrayError> {
    let misfit = || ArrayError::Reshape { from: from.to_vec(), to: to.to_vec() };
    let n: usize = from.iter().product();
    let mut known = to.iter().filter(|&&length| length >= 0).map(|length| length.unsigned_abs());
    let known = known.try_fold(1_usize, usize::checked_mul).ok_or_else(misfit)?;
    let open = to.iter().filter(|&&length| length < 0).count();
    let rest = match open {
        0 if known == n => 1,
        1 if known > 0 && n.is_multiple_of(known) => n / known,
        _ => return Err(misfit()),
    };
    if to.iter().any(|&length| length < -1) {
        return Err(misfit());
    }
    Ok(to.iter().map(|&length| usize::try_from(length).unwrap_or(rest)).collect())
}

/// Axes of one shape that hold as many elements as axes of another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    from: std::ops::Range<usize>,
    to: std::ops::Range<usize>,
}

impl Group {
    /// The lengths of its axes, or of one for them all if they are to become several others.
    fn merged(&self, shape: &[usize]) -> Vec<usize> {
        let own = &shape[self.from.clone()];
        if own.len() > 1 && self.to.len() > 1 { vec![own.iter().product()] } else { own.to_vec() }
    }
}

/// The smallest groups of axes of two shapes of as many elements, at least one.
///
/// Axes of length one belong to the group before them, so that a group of none on one side has only such.
fn groups(from: &[usize], to: &[usize]) -> Vec<Group> {
    let mut groups = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < from.len() || j < to.len() {
        let start = (i, j);
        let (mut left, mut right) = (1, 1);
        loop {
            // Lengths are positive, so that each product is exact as long as it is not the larger.
            if i < from.len() && (left < right || left == right && i == start.0) {
                left *= from[i];
                i += 1;
            } else if j < to.len() && (right < left || left == right && j == start.1) {
                right *= to[j];
                j += 1;
            }
            let done = |at: usize, first: usize, shape: &[usize]| at > first || at == shape.len();
            if left == right && done(i, start.0, from) && done(j, start.1, to) {
                break;
            }
        }
        groups.push(Group { from: start.0..i, to: start.1..j });
    }
    groups
}

/// Cuts of the axes of a group, one of whose sides has at most one axis, that make each block a run on both sides.
fn group_chunks(
    from: &[Vec<usize>],
    to: &[usize],
    merging: Merging,
) -> Result<(Vec<Vec<usize>>, Vec<Vec<usize>>), ChunksError> {
    let shape: Vec<usize> = from.iter().map(|lengths| lengths.iter().sum()).collect();
    if shape == to {
        return Ok((from.to_vec(), from.to_vec()));
    }
    if to.is_empty() {
        // Axes of length one, in one block.
        return Ok((vec![vec![1]; from.len()], Vec::new()));
    }
    if to.len() == 1 {
        let own = if is_runs(from) { from.to_vec() } else { runs(from, merging) };
        let runs = products(&own)?;
        return Ok((own, vec![runs]));
    }
    let other = split(from.first().map_or(&[1], |lengths| lengths), to);
    let runs = products(&other)?;
    Ok((from.iter().map(|_| runs.clone()).collect(), other))
}

/// The lengths of runs, block by block in row-major order.
fn products(axes: &[Vec<usize>]) -> Result<Vec<usize>, ChunksError> {
    let n_blocks = axes.iter().map(Vec::len).fold(1, usize::saturating_mul);
    counted(0, n_blocks)?;
    Ok(axes.iter().fold(vec![1], |runs, lengths| {
        runs.iter().flat_map(|&before| lengths.iter().map(move |&n| before * n)).collect()
    }))
}

/// Whether blocks are runs as they are.
fn is_runs(axes: &[Vec<usize>]) -> bool {
    let Some(cut) = axes.iter().position(|lengths| lengths.iter().any(|&n| n != 1)) else { return true };
    axes[cut + 1..].iter().all(|lengths| lengths.len() == 1)
}

/// The first axis that blocks of runs of at most `limit` elements may be cut along, and how many elements one step
/// along it is.
fn cut_axis(shape: &[usize], limit: usize) -> (usize, usize) {
    let mut step = 1_usize;
    for axis in (1..shape.len()).rev() {
        if step.saturating_mul(shape[axis]) > limit {
            return (axis, step);
        }
        step *= shape[axis];
    }
    (0, step)
}

fn longest(lengths: &[usize]) -> usize {
    lengths.iter().copied().max().unwrap_or(1).max(1)
}

/// Blocks that are runs and no larger than those that there are.
fn runs(axes: &[Vec<usize>], merging: Merging) -> Vec<Vec<usize>> {
    let shape: Vec<usize> = axes.iter().map(|lengths| lengths.iter().sum()).collect();
    let (cut, most) = match merging {
        Merging::Never => (shape.len() - 1, longest(&axes[axes.len() - 1])),
        Merging::Allowed => {
            let limit: usize = axes.iter().map(|lengths| longest(lengths)).product();
            let (cut, step) = cut_axis(&shape, limit);
            (cut, (limit / step).max(1))
        }
    };
    let own = |(axis, lengths): (usize, &Vec<usize>)| match axis.cmp(&cut) {
        std::cmp::Ordering::Less => vec![1; shape[axis]],
        std::cmp::Ordering::Equal => packed(&divided(lengths, most), most),
        std::cmp::Ordering::Greater => vec![shape[axis]],
    };
    axes.iter().enumerate().map(own).collect()
}

/// The lengths, neighbours put together as long as none is above `most`.
fn packed(lengths: &[usize], most: usize) -> Vec<usize> {
    let mut packed: Vec<usize> = Vec::with_capacity(lengths.len());
    for &n in lengths {
        match packed.last_mut() {
            Some(last) if last.saturating_add(n) <= most => *last += n,
            _ => packed.push(n),
        }
    }
    packed
}

/// Blocks of several axes for the blocks of one: runs no larger than these, where that can be, that end where these
/// do, as far as that goes.
fn split(lengths: &[usize], shape: &[usize]) -> Vec<Vec<usize>> {
    let limit = longest(lengths);
    let (cut, step) = cut_axis(shape, limit);
    let most = (limit / step).max(1);
    let own = |(axis, &n): (usize, &usize)| match axis.cmp(&cut) {
        std::cmp::Ordering::Less => vec![1; n],
        std::cmp::Ordering::Equal if cut == 0 => divided(&steps(lengths, step), most),
        std::cmp::Ordering::Equal => divided(&[n], most),
        std::cmp::Ordering::Greater => vec![n],
    };
    shape.iter().enumerate().map(own).collect()
}

/// The lengths in steps of so many elements, cut where they end at a whole number of steps or at the one before.
fn steps(lengths: &[usize], step: usize) -> Vec<usize> {
    let mut rest = 0;
    let whole = lengths.iter().map(|&n| {
        let all = rest + n;
        rest = all % step;
        all / step
    });
    whole.filter(|&n| n > 0).collect()
}

/// The shape that a block is to get.
#[derive(Serialize, Deserialize)]
struct BlockShape(Vec<usize>);

encoded_payload!(BlockShape, |it| size_of_val(&*it.0));

/// Gives a block another shape.
struct Reshaping<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Reshaping<A> {
    const NAME: &'static str = "reshape";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let shape = args.get::<BlockShape>(1)?.0.clone();
        let block = match args.take_unique::<Block<A>>(0)? {
            Ok(block) => block,
            Err(shared) => shared.get().cloned().map_err(|source| OpError::Argument { at: 0, source })?,
        };
        Ok(block.reshaped(&shape).map_err(OpError::failed)?.into())
    }

    fn output_nbytes(args: &[Arg]) -> Option<u64> {
        let Arg::Value(shape) = args.get(1)? else { return None };
        let n: usize = shape.downcast_ref::<BlockShape>()?.0.iter().product();
        Some((n as u64).saturating_mul(size_of::<A>() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_as_small_as_can_be() {
        let of = |from: &[usize], to: &[usize]| -> Vec<_> {
            groups(from, to).into_iter().map(|group| (group.from, group.to)).collect()
        };
        assert_eq!(of(&[12, 5, 2], &[12, 10]), [(0..1, 0..1), (1..3, 1..2)]);
        assert_eq!(of(&[6, 4], &[4, 6]), [(0..2, 0..2)]);
        assert_eq!(of(&[6], &[1, 6, 1]), [(0..1, 0..2), (1..1, 2..3)]);
        assert_eq!(of(&[1, 1, 6], &[6]), [(0..3, 0..1)]);
        assert_eq!(of(&[1], &[]), [(0..1, 0..0)]);
        assert_eq!(of(&[], &[1, 1]), [(0..0, 0..1), (0..0, 1..2)]);
    }

    #[test]
    fn blocks_stay_as_large_as_they_were() {
        let lengths = |n: usize, each: usize| vec![each; n / each];
        // Rows stay rows.
        let (own, flat) = group_chunks(&[lengths(12, 3), vec![10]], &[120], Merging::Allowed).unwrap();
        assert_eq!((own, flat), (vec![lengths(12, 3), vec![10]], vec![vec![30; 4]]));
        // Tiles of 4 by 5 become pairs of rows.
        let (own, _) = group_chunks(&[lengths(12, 4), lengths(10, 5)], &[120], Merging::Allowed).unwrap();
        assert_eq!(own, [vec![2; 6], vec![10]]);
        // Rows longer than a block are cut.
        let (own, _) = group_chunks(&[vec![2], lengths(100, 10)], &[200], Merging::Allowed).unwrap();
        assert_eq!(own, [vec![1, 1], vec![20; 5]]);
        // Many short ones are put together.
        let (own, _) =
            group_chunks(&[lengths(1000, 1000), vec![1; 1001]], &[1_001_000], Merging::Allowed).unwrap();
        assert_eq!((own[0].len(), &own[1][..]), (1000, &[1000, 1][..]));
        // Nothing is put together.
        let (own, flat) = group_chunks(&[lengths(4, 2), lengths(4, 2)], &[16], Merging::Never).unwrap();
        assert_eq!((own, flat), (vec![vec![1; 4], vec![2, 2]], vec![vec![2; 8]]));
        // Ends are kept where they fit.
        let (own, other) = group_chunks(&[vec![9, 3, 12]], &[8, 3], Merging::Allowed).unwrap();
        assert_eq!((own, other), (vec![vec![9, 3, 12]], vec![vec![3, 1, 4], vec![3]]));
        let (own, other) = group_chunks(&[lengths(24, 4)], &[2, 3, 4], Merging::Allowed).unwrap();
        assert_eq!((own, other), (vec![vec![4; 6]], vec![vec![1, 1], vec![1, 1, 1], vec![4]]));
    }

    #[test]
    fn blocks_that_cannot_be_numbered_are_refused() {
        let x = Array::<i8>::zeros(&[1 << 20, 1 << 20], 1 << 8).unwrap();
        let error = x.reshape_unmerged(&[1 << 40]).unwrap_err().to_string();
        assert!(error.contains("can be numbered"), "{error}");
    }

    #[test]
    fn one_length_may_be_left_open() {
        assert_eq!(resolve(&[4, 6], &[-1, 8]), Ok(vec![3, 8]));
        assert_eq!(resolve(&[0, 6], &[3, -1]), Ok(vec![3, 0]));
        for to in [&[5, -1][..], &[-1, -1], &[-2, 12], &[0, -1], &[24, 2], &[isize::MAX, isize::MAX]] {
            assert!(resolve(&[4, 6], to).is_err(), "{to:?}");
        }
    }
}
