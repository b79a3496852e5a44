//! Arrays whose length only computing tells.

mod expression;
mod operators;
mod reductions;

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Collection, ComputeError, Graph, Key, LayerInfo, Name, Node, OpError, Scheduler, Task,
    Tokenizer, Value,
};
use ndarray::{ArrayD, IxDyn};

use super::layer::BlockLayer;
use super::transpose::axis_of;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{AlongAxis, Kernel, kernel_op};

/// An array whose length along one axis depends on its elements: what a selection by a mask gives.
///
/// It is what dask calls an array of unknown chunk sizes. There the shape holds NaN, and what needs to know it fails
/// late, or is silently wrong. Here an [`Array`] always knows its shape, and what does not is of this type, which
/// offers no more than can be right:
///
/// - [`compute`](Collection::compute), [`persist`](Collection::persist) and the rest of [`Collection`];
/// - expressions of it and of others of the same selection that are elementwise along the uncounted axis, by
///   [`map`](Uncounted::map), [`zip_with`](Uncounted::zip_with) and operators;
/// - reductions over its uncounted axis, which count what there is, and [`count`](Uncounted::count);
/// - [`compute_chunk_sizes`](Uncounted::compute_chunk_sizes), which finds the lengths out and gives an [`Array`].
///
/// ```
/// use dask_array::{Array, ndarray::{arr0, arr1}};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1.0, -4.0, 9.0, 16.0, -25.0]), 2)?;
/// let positive = x.filter(&x.gt(0.0)?)?;
/// assert_eq!(positive.count().item_with(&Sync::new())?, 3);
/// let roots = positive.map(|x| x.sqrt())?.sum(..)?;
/// assert_eq!(roots.compute_with(&Sync::new())?, arr0(8.0).into_dyn());
///
/// // With its lengths known, it is an array like any other.
/// let counted = positive.compute_chunk_sizes_with(&Sync::new())?;
/// assert_eq!(counted.chunks().lengths(0), [1, 2, 0]);
/// assert_eq!(counted.slice((-1,))?.item_with(&Sync::new())?, 16.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Uncounted<A: Element> {
    /// The blocks, as if each were as long along the axis as it can be.
    bounds: Array<A>,
    axis: usize,
    /// How long they are: an array of a number a block.
    lengths: Array<i64>,
    /// What decides about the lengths. Arrays with the same have the same lengths, block by block.
    origin: Name,
}

impl<A: Element> Uncounted<A> {
    /// The array with these blocks, each of which may be shorter along `axis` than it is said to be: for blocks made
    /// by hand, such as those of [`Array::from_graph`].
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis.
    #[track_caller]
    pub fn new(bounds: Array<A>, axis: isize) -> Result<Self, ArrayError> {
        let axis = axis_of(axis, bounds.shape())?;
        Ok(Self::with_axis(bounds, axis, &LayerInfo::here()))
    }

    /// The same along an axis that the array has.
    pub(crate) fn with_axis(bounds: Array<A>, axis: usize, info: &LayerInfo) -> Self {
        let lengths = lengths_of(&bounds, axis, info);
        Self::with_lengths(bounds, axis, lengths)
    }

    /// The same where it is known how to count the blocks without making them.
    pub(crate) fn with_lengths(bounds: Array<A>, axis: usize, lengths: Array<i64>) -> Self {
        let origin = lengths.name().clone();
        Self { bounds, axis, lengths, origin }
    }

    /// An array with the same lengths.
    fn alike<B: Element>(&self, bounds: Array<B>, axis: usize) -> Uncounted<B> {
        Uncounted { bounds, axis, lengths: self.lengths.clone(), origin: self.origin.clone() }
    }

    /// Applies an operation that makes each block of the block at the same place, and keeps its length.
    pub(crate) fn by_blocks<B: Element>(
        &self,
        axis: usize,
        operation: impl FnOnce(&Array<A>) -> Array<B>,
    ) -> Uncounted<B> {
        self.alike(operation(&self.bounds), axis)
    }

    /// The name of the array's blocks: a hash over what they mean.
    pub fn name(&self) -> &Name {
        self.bounds.name()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.bounds.ndim()
    }

    /// The axis whose length is not known.
    pub fn axis(&self) -> usize {
        self.axis
    }

    /// The lengths of the axes, `None` for the one that is not known.
    pub fn shape(&self) -> Vec<Option<usize>> {
        let length = |(axis, &n): (usize, &usize)| (axis != self.axis).then_some(n);
        self.bounds.shape().iter().enumerate().map(length).collect()
    }

    /// The largest shape that it can have.
    pub fn max_shape(&self) -> &[usize] {
        self.bounds.shape()
    }

    /// The numbers of blocks along the axes.
    pub fn n_blocks(&self) -> Vec<u32> {
        self.bounds.chunks().n_blocks()
    }

    /// The length of the uncounted axis: a number, once it is computed.
    #[must_use]
    #[track_caller]
    pub fn count(&self) -> Array<i64> {
        let sum = self.lengths.sum(..);
        sum.unwrap_or_else(|error| unreachable!("all axes can be reduced: {error}"))
    }

    /// The lengths of the blocks along the uncounted axis.
    #[must_use]
    pub fn block_lengths(&self) -> &Array<i64> {
        &self.lengths
    }

    /// Computes the lengths of the blocks with the installed scheduler, and gives the array with these.
    ///
    /// What a mask selects is counted by the mask alone. The blocks themselves are not kept: they are made when they
    /// are asked for, however large they are together. To have them made once,
    /// [`persist`](Collection::persist) the array first.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    pub fn compute_chunk_sizes(&self) -> Result<Array<A>, ComputeError> {
        self.counted(&self.lengths.compute()?)
    }

    /// [`compute_chunk_sizes`](Uncounted::compute_chunk_sizes) with a scheduler of the caller's.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    pub fn compute_chunk_sizes_with(&self, scheduler: &dyn Scheduler) -> Result<Array<A>, ComputeError> {
        self.counted(&self.lengths.compute_with(scheduler)?)
    }

    fn counted(&self, lengths: &ArrayD<i64>) -> Result<Array<A>, ComputeError> {
        let mut axes = self.bounds.chunks().axes().to_vec();
        let lengths = lengths.iter().map(|&n| usize::try_from(n)).collect::<Result<Vec<_>, _>>();
        axes[self.axis] = lengths.map_err(ComputeError::finish)?;
        let lazy = self.bounds.lazy().clone();
        Ok(Array::new(Lazy { chunks: Arc::new(Chunks::from_lengths(axes)), ..lazy }))
    }

    /// Computes the lengths of the blocks with the installed scheduler, then writes the array as
    /// [`Array::to_npy`] does.
    ///
    /// # Errors
    ///
    /// - When a computation fails, or the file cannot be written.
    pub fn to_npy(&self, path: impl Into<PathBuf>) -> Result<(), ComputeError> {
        self.compute_chunk_sizes()?.to_npy(path)
    }

    /// [`to_npy`](Uncounted::to_npy) with a scheduler of the caller's.
    ///
    /// # Errors
    ///
    /// - When a computation fails, or the file cannot be written.
    pub fn to_npy_with(
        &self,
        path: impl Into<PathBuf>,
        scheduler: &dyn Scheduler,
    ) -> Result<(), ComputeError> {
        self.compute_chunk_sizes_with(scheduler)?.to_npy_with(path, scheduler)
    }
}

impl<A: Element> fmt::Debug for Uncounted<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uncounted")
            .field("name", self.name())
            .field("dtype", &A::DTYPE)
            .field("shape", &self.shape())
            .field("n_blocks", &self.n_blocks())
            .finish()
    }
}

impl<A: Element> Collection for Uncounted<A> {
    type Output = ArrayD<A>;

    fn graph(&self) -> &Graph {
        self.bounds.graph()
    }

    fn keys(&self) -> Vec<Key> {
        self.bounds.keys()
    }

    fn finish(&self, values: Vec<Value>) -> Result<ArrayD<A>, ComputeError> {
        let n_blocks = self.n_blocks();
        let mut lengths = vec![0; n_blocks[self.axis] as usize];
        for (index, value) in self.bounds.chunks().indices().zip(&values) {
            let block: &Block<A> = value.get().map_err(ComputeError::finish)?;
            // Blocks that differ in what should agree do not fit their place below.
            let length = block.shape().get(self.axis).copied().unwrap_or_default();
            lengths[index[self.axis] as usize] = length as i64;
        }
        let lengths =
            ArrayD::from_shape_vec(IxDyn(&[lengths.len()]), lengths).map_err(ComputeError::finish)?;
        self.counted(&lengths)?.finish(values)
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        let bounds = self.bounds.rebuild(graph, rename);
        // The blocks may be in the graph now, and what counted them without it is not.
        let lengths = lengths_of(&bounds, self.axis, &LayerInfo::here());
        Self { bounds, axis: self.axis, lengths, origin: self.origin.clone() }
    }
}

/// The lengths of the blocks along an axis.
fn lengths_of<A: Element>(blocks: &Array<A>, axis: usize, info: &LayerInfo) -> Array<i64> {
    let (input, ndim) = (blocks.name().clone(), blocks.ndim());
    let op = kernel_op::<Length<A>>();
    let token = Tokenizer::new("block-length").feed(blocks.name()).feed(&axis);
    a_number_a_block("block-length", token, blocks, axis, info, move |at| {
        let mut index = vec![0; ndim];
        index[axis] = at;
        Task::new(op.clone(), [Arg::Key(Key::new(&input, &index)), AlongAxis(axis).arg()])
    })
}

/// An array of one number for each block along an axis.
pub(super) fn a_number_a_block<A: Element>(
    label: &str,
    token: Tokenizer,
    blocks: &Array<A>,
    axis: usize,
    info: &LayerInfo,
    task: impl Fn(u32) -> Task + Send + Sync + 'static,
) -> Array<i64> {
    let name = name_of(label, token.finish());
    let chunks = Chunks::from_lengths(vec![vec![1; blocks.chunks().lengths(axis).len()]]);
    let node = move |index: &[u32]| Node::Task(task(index[0]));
    let layer = BlockLayer::new(&name, &chunks, &[blocks.name()], info, node);
    let graph = Graph::with_inputs(layer, [&blocks.lazy().graph]);
    Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
}

/// A block of one number.
pub(super) fn number_block(number: usize) -> Value {
    Block::new(ArrayD::from_elem(IxDyn(&[1]), number as i64)).into()
}

/// The length of a block along an axis.
struct Length<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Length<A> {
    const NAME: &'static str = "block-length";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, axis) = (args.get::<Block<A>>(0)?, args.get::<AlongAxis>(1)?.0);
        Ok(number_block(block.shape().get(axis).copied().unwrap_or_default()))
    }

    fn output_nbytes(_: &[Arg]) -> Option<u64> {
        Some(8)
    }
}
