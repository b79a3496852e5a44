//! Elements at given positions: along one axis, or at points of several.
//!
//! Blocks of the result are of the size of those of the array, and each is gathered in one task from the blocks that
//! its positions lie in. Where these are many, what is needed is taken out of each block first, so that no task holds
//! more than the result is large; and where every block of the result needs something of every block of the array, as
//! in a permutation, pieces are exchanged within groups, in two rounds:
//!
//! ```text
//! source blocks     picked, one a block     exchanged, √n a block     result, √n a block
//!       x      ───>         p          ───>          e           ───>         y
//! ```

mod computed;
mod gather;
mod points;

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, Layer, LayerInfo, Name, Node, Op, Task, Tokenize, Tokenizer, Value};
use ndarray::{Slice, SliceInfoElem};

use gather::{Along, Taking};
use points::{Pick, Points};

use super::axes::Axes;
use super::layer::{block_index, block_keys, n_keys};
use super::positions::Positions;
use super::transpose::axis_of;
use super::{Array, Lazy, name_of};
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::kernel_op;

/// Blocks that a task gathers from as they are.
const MOST_BLOCKS: usize = 8;

/// How many times as many pieces as blocks are exchanged directly.
const MOST_PIECES: usize = 64;

impl<A: Element> Array<A> {
    /// What lies at these positions of an axis, in their order, repeated ones repeatedly (numpy's `take`). Negative
    /// positions count from the end.
    ///
    /// The order of the positions costs nothing but the exchange of elements between blocks. Positions that are evenly
    /// spaced are a [`slice`](Array::slice).
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis, or a position lies outside of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2)?;
    /// let some = x.take([2, 0, 0, -2], 1)?;
    /// assert_eq!(some.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[3, 1, 1, 2], [6, 4, 4, 5]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn take(&self, positions: impl Into<Positions>, axis: isize) -> Result<Array<A>, ArrayError> {
        let axis = axis_of(axis, self.shape())?;
        let positions = positions.into().resolve(axis, self.shape()[axis])?;
        Ok(self.taken(positions, axis, &LayerInfo::here()))
    }

    /// What lies at positions of an axis, which are within it.
    pub(super) fn taken(&self, positions: Vec<usize>, axis: usize, info: &LayerInfo) -> Array<A> {
        if let Some(slice) = as_slice(&positions) {
            let mut index = vec![SliceInfoElem::from(..); axis];
            index.push(slice.into());
            let slice = self.sliced(&index, info);
            return slice.unwrap_or_else(|error| unreachable!("positions are within the axis: {error}"));
        }
        let length = self.chunks().lengths(axis).iter().copied().max().unwrap_or(1);
        let lengths = divided_at(positions.len(), length.max(1));
        self.picked(Points { axes: vec![axis], along: vec![positions] }, lengths, info)
    }

    /// What lies at these positions of an axis, group after group, where each group is in one block (dask's `shuffle`).
    ///
    /// Neighbouring groups share a block up to a quarter more than the blocks along the axis are long on average; a
    /// group that is longer is a block by itself. A position may be named repeatedly, or not at all.
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis, or a position lies outside of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[0, 10, 20, 30, 40, 50]), 3)?;
    /// let by_parity = x.shuffle([[0, 2, 4], [1, 3, 5]], 0)?;
    /// assert_eq!(by_parity.chunks().lengths(0), [3, 3]);
    /// let by_parity = by_parity.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(by_parity, arr1(&[0, 20, 40, 10, 30, 50]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn shuffle(
        &self,
        groups: impl IntoIterator<Item: Into<Positions>>,
        axis: isize,
    ) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        let (length, n_blocks) = (self.shape()[axis], self.chunks().lengths(axis).len());
        let groups = groups.into_iter().map(|group| group.into().resolve(axis, length));
        let groups = groups.collect::<Result<Vec<_>, _>>()?;
        let most = length.saturating_mul(5) / (4 * n_blocks);
        let lengths = joined_groups(groups.iter().map(Vec::len), most);
        let points = Points { axes: vec![axis], along: vec![groups.concat()] };
        Ok(self.picked(points, lengths, &info))
    }

    /// The elements at points: at the first positions along the indexed axes, at the second, and so on (dask's
    /// `vindex`). The points are the first axis of the result, and axes that are not indexed follow.
    ///
    /// `positions` are given for the first axes of the array.
    ///
    /// # Errors
    ///
    /// - When there are no positions, those of different axes are not as many, there are more than axes, or one lies
    ///   outside of its axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2)?;
    /// let points = x.vindex([[0, 1, 0], [2, 0, 2]])?;
    /// assert_eq!(points.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[3, 4, 3]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn vindex(
        &self,
        positions: impl IntoIterator<Item: Into<Positions>>,
    ) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let given: Vec<Positions> = positions.into_iter().map(Into::into).collect();
        if given.is_empty() || given.len() > self.ndim() {
            return Err(ArrayError::TooManyIndices { got: given.len(), shape: self.shape().to_vec() });
        }
        let counts: Vec<usize> = given.iter().map(Positions::len).collect();
        if counts.iter().any(|&n| n != counts[0]) {
            return Err(ArrayError::Points { counts });
        }
        let resolved = given.into_iter().zip(self.shape()).enumerate();
        let along = resolved.map(|(axis, (positions, &n))| positions.resolve(axis, n));
        let mut along = along.collect::<Result<Vec<_>, _>>()?;
        if let [only] = &mut along[..] {
            return Ok(self.taken(std::mem::take(only), 0, &info));
        }
        // As many points a block as a block has places along these axes.
        let longest = |axis: usize| self.chunks().lengths(axis).iter().copied().max().unwrap_or(1).max(1);
        let length = (0..along.len()).map(longest).fold(1, usize::saturating_mul);
        let lengths = divided_at(along[0].len(), length);
        Ok(self.picked(Points { axes: (0..along.len()).collect(), along }, lengths, &info))
    }

    /// [`vindex`](Array::vindex) along these axes, which need not be the first ones (numpy's `x[:, i, :, j]`). The
    /// points are the first axis of the result, and the other axes follow in their order.
    ///
    /// # Errors
    ///
    /// - As [`vindex`](Array::vindex).
    /// - When the array does not have an axis, one is named twice, or there are not positions for each.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::<i64>::arange(0, 8, 1, 3)?.reshape(&[2, 2, 2])?;
    /// let points = x.vindex_along([0, 2], [[0, 1, 1], [1, 0, 1]])?;
    /// let expected = arr2(&[[1, 3], [4, 6], [5, 7]]).into_dyn();
    /// assert_eq!(points.compute_with(&dask_sched_sync::Sync::new())?, expected);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn vindex_along(
        &self,
        axes: impl Into<Axes>,
        positions: impl IntoIterator<Item: Into<Positions>>,
    ) -> Result<Array<A>, ArrayError> {
        let axes = axes.into().of(self.shape())?;
        let positions: Vec<Positions> = positions.into_iter().map(Into::into).collect();
        if positions.len() != axes.len() {
            let axes = axes.iter().map(|&axis| axis as isize).collect();
            return Err(ArrayError::Axes { axes, ndim: positions.len() });
        }
        let rest = (0..self.ndim()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = axes.iter().copied().chain(rest).collect();
        self.permuted(&order, &LayerInfo::here()).vindex(positions)
    }

    /// The elements at points, in blocks of such lengths.
    fn picked(&self, points: Points, lengths: Vec<usize>, info: &LayerInfo) -> Array<A> {
        let n = points.len();
        let length = lengths.iter().copied().max().unwrap_or(1).max(1);
        let ends = Chunks::from_lengths(vec![lengths]);
        let located = points.located(self.chunks());
        let picks = located.grouped(&ends.starts(0));
        if picks.iter().all(|pick| pick.sources.len() <= MOST_BLOCKS) {
            return self.gathered(&points.axes, picks, ends.lengths(0), info);
        }
        // By source block, and there by block of the result.
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&at| located.source[at]);
        let counts: Vec<usize> =
            order.chunk_by(|&a, &b| located.source[a] == located.source[b]).map(<[usize]>::len).collect();
        let bounds = Chunks::from_lengths(vec![counts]);
        let of_each = located.reordered(&order).grouped(&bounds.starts(0));
        let mut array = self.gathered(&points.axes, of_each, bounds.lengths(0), info);
        let axis = points.axes[0];
        let (n_from, n_to) = (bounds.lengths(0).len(), ends.lengths(0).len());
        if n_from.saturating_mul(n_to) > MOST_PIECES * (n_from + n_to) {
            (array, order) = array.exchanged(axis, order, length, info);
        }
        // Where each point lies now.
        let mut places = vec![0; n];
        for (place, &at) in order.iter().enumerate() {
            places[at] = place;
        }
        let last = Points { axes: vec![axis], along: vec![places] };
        let picks = last.located(array.chunks()).grouped(&ends.starts(0));
        array.gathered(&[axis], picks, ends.lengths(0), info)
    }

    /// Points that are in this order, of which so many are to make a block, in an order in which they lie in groups by
    /// where they are and where they are to be; each block is one group.
    fn exchanged(
        &self,
        axis: usize,
        order: Vec<usize>,
        length: usize,
        info: &LayerInfo,
    ) -> (Array<A>, Vec<usize>) {
        let starts = self.chunks().starts(axis);
        let root = |n: usize| ((n as f64).sqrt().ceil() as usize).max(1);
        let (of_from, of_to) = (root(starts.len() - 1), root(order.len().div_ceil(length)) * length);
        let group = |place: usize| {
            let block = starts.partition_point(|&start| start <= place) - 1;
            (block / of_from, order[place] / of_to)
        };
        let mut places: Vec<usize> = (0..order.len()).collect();
        places.sort_by_cached_key(|&place| group(place));
        let counts = places.chunk_by(|&a, &b| group(a) == group(b)).map(<[usize]>::len).collect();
        let bounds = Chunks::from_lengths(vec![counts]);
        let order = places.iter().map(|&place| order[place]).collect();
        let points = Points { axes: vec![axis], along: vec![places] };
        let picks = points.located(self.chunks()).grouped(&bounds.starts(0));
        (self.gathered(&[axis], picks, bounds.lengths(0), info), order)
    }

    /// The array whose blocks along the axis of the points are gathered as told.
    fn gathered(&self, axes: &[usize], picks: Vec<Pick>, lengths: &[usize], info: &LayerInfo) -> Array<A> {
        let mut token = Tokenizer::new("take").feed(self.name()).feed(axes).feed(lengths);
        for pick in &picks {
            pick.gather.parts.tokenize(&mut token);
            pick.sources.tokenize(&mut token);
        }
        let name = name_of("take", token.finish());
        let mut chunks = self.chunks().axes().to_vec();
        chunks.drain(axes[0]..axes[0] + axes.len());
        chunks.insert(axes[0], lengths.to_vec());
        let chunks = Chunks::from_lengths(chunks);
        let picks = picks.into_iter().map(|pick| (pick.sources, Value::sized(pick.gather))).collect();
        let lengths = axes.iter().map(|&axis| self.chunks().lengths(axis).to_vec()).collect();
        let layer = TakeLayer::<A> {
            name: name.clone(),
            input: self.name().clone(),
            first: axes[0],
            lengths,
            picks,
            n_blocks: chunks.n_blocks(),
            op: kernel_op::<Taking<A>>(),
            info: info.clone(),
            element: PhantomData,
        };
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }
}

/// For each block of points, the indices of the blocks that it is gathered from, along the axes of the points, and the
/// [`Gather`].
type Picks = Arc<[(Vec<Vec<u32>>, Value)]>;

/// The tasks of gathering points.
pub(super) struct TakeLayer<A> {
    name: Name,
    pub(super) input: Name,
    /// The first of the axes of the input that the points lie along; it becomes that of the points.
    pub(super) first: usize,
    /// The lengths of the input's blocks along these axes.
    pub(super) lengths: Arc<[Vec<usize>]>,
    picks: Picks,
    n_blocks: Vec<u32>,
    op: Arc<dyn Op>,
    info: LayerInfo,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> TakeLayer<A> {
    /// The same points of another array, in which they lie along as many axes from `first` on.
    pub(super) fn of_other(
        &self,
        name: Name,
        input: Name,
        first: usize,
        n_blocks: Vec<u32>,
        info: LayerInfo,
    ) -> Self {
        let (lengths, picks) = (Arc::clone(&self.lengths), Arc::clone(&self.picks));
        Self { name, input, first, lengths, picks, n_blocks, op: self.op.clone(), info, element: PhantomData }
    }
}

impl<A: Element> Layer for TakeLayer<A> {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        n_keys(&self.n_blocks)
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = block_index(key, &self.name, &self.n_blocks)?;
        let first = self.first;
        let (sources, gather) = &self.picks[index[first] as usize];
        let block = |source: &Vec<u32>| {
            let block = [&index[..first], source, &index[first + 1..]].concat();
            Arg::Key(Key::new(&self.input, &block))
        };
        let blocks = Arg::List(sources.iter().map(block).collect());
        let axes = Value::sized(Along { start: first, end: first + self.lengths.len() });
        Some(Node::Task(Task::new(self.op.clone(), [blocks, Arg::Value(axes), Arg::Value(gather.clone())])))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        block_keys(&self.name, &self.n_blocks)
    }

    fn inputs(&self) -> Vec<Name> {
        vec![self.input.clone()]
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}

/// So many in blocks of a length.
fn divided_at(n: usize, length: usize) -> Vec<usize> {
    if n == 0 {
        return vec![0];
    }
    (0..n.div_ceil(length)).map(|block| length.min(n - block * length)).collect()
}

/// The lengths of blocks of groups that stay together, as dask joins them: the last block before `most` is passed, or
/// the first that is longer than four fifths of that.
fn joined_groups(groups: impl Iterator<Item = usize>, most: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut length = 0;
    for group in groups {
        if length > 0 && length + group > most {
            lengths.push(length);
            length = group;
            continue;
        }
        length += group;
        if 5 * length > 4 * most {
            lengths.push(length);
            length = 0;
        }
    }
    if length > 0 || lengths.is_empty() {
        lengths.push(length);
    }
    lengths
}

/// The slice that takes these positions, if they are evenly spaced.
fn as_slice(positions: &[usize]) -> Option<Slice> {
    let (&first, &last) = (positions.first()?, positions.last()?);
    let step = match positions {
        [_] => 1,
        [a, b, ..] => (*b as isize).checked_sub(*a as isize)?,
        [] => return None,
    };
    let even = step != 0 && positions.windows(2).all(|pair| pair[1] as isize - pair[0] as isize == step);
    // A slice backwards begins at its end.
    let (from, to) = if step > 0 { (first, last) } else { (last, first) };
    even.then(|| Slice::new(from as isize, Some(to as isize + 1), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenly_spaced_positions_are_a_slice() {
        assert_eq!(as_slice(&[3, 4, 5]), Some(Slice::new(3, Some(6), 1)));
        assert_eq!(as_slice(&[7, 4, 1]), Some(Slice::new(1, Some(8), -3)));
        assert_eq!(as_slice(&[2]), Some(Slice::new(2, Some(3), 1)));
        assert_eq!(as_slice(&[2, 2]), None);
        assert_eq!(as_slice(&[0, 1, 3]), None);
        assert_eq!(as_slice(&[]), None);
    }

    #[test]
    fn permutations_make_pieces_in_the_order_of_n_to_the_three_halves() {
        let n = 2_000;
        let x = Array::arange(0_i64, n, 1, 1).unwrap();
        let order: Vec<i64> = (0..n).map(|i| i * 7 % n).collect();
        let y = x.take(&order, 0).unwrap();
        let graph = dask_graph::Collection::graph(&y);
        let mut pieces = 0;
        for layer in graph.layers().iter().filter(|layer| layer.name().as_str().starts_with("take")) {
            for key in layer.keys() {
                if let Some(Node::Task(task)) = layer.node(&key)
                    && let Some(Arg::List(blocks)) = task.args().first()
                {
                    pieces += blocks.iter().count();
                }
            }
        }
        assert!(pieces < 6 * 2_000 * 45, "{pieces} pieces");
    }
}
