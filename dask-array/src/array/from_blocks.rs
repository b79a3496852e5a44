//! Arrays out of blocks, out of promises and out of functions.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Collection, Delayed, Graph, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use ndarray::{ArcArray, ArrayD, Dimension, IxDyn};

use super::block_map::{BlockMap, MadeShapeError, letters};
use super::concatenate::concatenated;
use super::layer::BlockLayer;
use super::{Array, Lazy, name_of};
use crate::block::{Block, Extent};
use crate::chunks::{Chunks, IntoChunks};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};

impl<A: Element> Array<A> {
    /// An array of what a function gives for the index of each element: numpy's `fromfunction`.
    ///
    /// A block is made when it is needed. The function runs in other processes too if it captures nothing.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let table = Array::from_function(&[2, 3], 2, |at| at[0] as i64 * 10 + at[1] as i64)?;
    /// let table = table.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table, arr2(&[[0, 1, 2], [10, 11, 12]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_function(
        shape: &[usize],
        chunks: impl IntoChunks,
        f: impl Fn(&[usize]) -> A + Send + Sync + 'static,
    ) -> Result<Self, ArrayError> {
        let info = LayerInfo::here();
        let chunks = Chunks::new(shape, chunks, A::DTYPE)?;
        let axes = letters(0..chunks.ndim());
        let map = BlockMap::<A>::to(axes.as_str()).named("from_function");
        let map = axes
            .chars()
            .zip(chunks.axes())
            .fold(map, |map, (axis, lengths)| map.chunks(axis, lengths.clone()));
        map.written(move |info, _| Ok(filled(&info.offset, &info.shape, &f)), &info)
    }

    /// An array of one block that a task of the user makes: a [`Block`] or an ndarray of this shape. Another shape is
    /// an error of the run.
    ///
    /// Several make one array by [`from_blocks`], [`concatenate`](crate::concatenate) or [`stack`](crate::stack).
    ///
    /// # Errors
    ///
    /// - When the array would have more bytes than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{Array1, arr1}, stack};
    /// use dask_graph::{Collection, delayed};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let load = delayed(|day: i64| Array1::from_elem(2, day as f64));
    /// let days = (1..4).map(|day| Array::from_delayed(&load.call((day,)), &[2]));
    /// let days = stack(days.collect::<Result<Vec<_>, _>>()?, 0)?;
    /// assert_eq!(days.sum(0)?.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[6.0, 6.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_delayed<T: IntoBlock<A>>(delayed: &Delayed<T>, shape: &[usize]) -> Result<Self, ArrayError> {
        let chunks = Chunks::new(shape, -1, A::DTYPE)?;
        let token = Tokenizer::new("from_delayed").feed(delayed.key()).feed(&chunks).finish();
        let name = name_of("from_delayed", token);
        let extent = Extent { offset: vec![0; shape.len()], shape: shape.to_vec() };
        let task = Task::new(
            kernel_op::<ToBlock<A, T>>(),
            [Arg::Key(delayed.key().clone()), Arg::Value(Value::sized(extent))],
        );
        let node = move |_: &[u32]| Node::Task(task.clone());
        let layer = BlockLayer::new(&name, &chunks, &[delayed.key().name()], &LayerInfo::here(), node);
        let graph = Graph::with_inputs(layer, [delayed.graph()]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// An array out of arrays that are laid out on a grid with so many places along each axis, the last axis fastest.
///
/// # Errors
///
/// - When there are not as many arrays as places, or none.
/// - When neighbours do not fit together.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, from_blocks, ndarray::arr2};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let blocks = [arr2(&[[1, 2]]), arr2(&[[3]]), arr2(&[[4, 5]]), arr2(&[[6]])];
/// let blocks = blocks.map(|block| Array::from_ndarray(block, -1));
/// let whole = from_blocks(&[2, 2], blocks.into_iter().collect::<Result<Vec<_>, _>>()?)?;
/// assert_eq!(whole.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[1, 2, 3], [4, 5, 6]]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn from_blocks<A: Element>(
    grid: &[usize],
    blocks: impl IntoIterator<Item: Borrow<Array<A>>>,
) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let mut arrays: Vec<Array<A>> = blocks.into_iter().map(|array| array.borrow().clone()).collect();
    let places = grid.iter().try_fold(1_usize, |places, &n| places.checked_mul(n));
    if places != Some(arrays.len()) {
        return Err(ArrayError::Parameter {
            operation: "from_blocks",
            parameter: "blocks",
            value: format!("{} for the grid {grid:?}", arrays.len()),
            expected: "as many as the grid has places",
        });
    }
    if let Some(array) = arrays.iter().find(|array| array.ndim() != grid.len()) {
        return Err(ArrayError::Parameter {
            operation: "from_blocks",
            parameter: "blocks",
            value: format!("one of shape {:?} for the grid {grid:?}", array.shape()),
            expected: "with as many axes as the grid",
        });
    }
    for (axis, &n) in grid.iter().enumerate().rev() {
        let joined =
            arrays.chunks(n.max(1)).map(|row| concatenated(row, axis as isize, "from_blocks", &info));
        arrays = joined.collect::<Result<_, _>>()?;
    }
    arrays.pop().ok_or(ArrayError::NoArrays { operation: "from_blocks" })
}

/// What [`from_delayed`](Array::from_delayed) makes a block of.
pub trait IntoBlock<A: Element>: Clone + Send + Sync + 'static {
    /// The block.
    fn into_block(self) -> Block<A>;
}

impl<A: Element> IntoBlock<A> for Block<A> {
    fn into_block(self) -> Block<A> {
        self
    }
}

impl<A: Element, D: Dimension + 'static> IntoBlock<A> for ndarray::Array<A, D> {
    fn into_block(self) -> Block<A> {
        Block::new(self.into_dyn())
    }
}

impl<A: Element, D: Dimension + 'static> IntoBlock<A> for ArcArray<A, D> {
    fn into_block(self) -> Block<A> {
        Block::new(self.into_dyn())
    }
}

/// Makes a block of what a task of the user made.
struct ToBlock<A, T>(PhantomData<fn(T) -> A>);

impl<A: Element, T: IntoBlock<A>> Kernel for ToBlock<A, T> {
    const NAME: &'static str = "from_delayed";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let block = args.take::<T>(0)?.into_block();
        let expected = &args.get::<Extent>(1)?.shape;
        if block.shape() != expected {
            let (got, expected) = (block.shape().to_vec(), expected.clone());
            return Err(OpError::failed(MadeShapeError { index: vec![0; expected.len()], got, expected }));
        }
        Ok(block.into())
    }
}

/// A block of what a function gives for the indices of its elements.
fn filled<A>(offset: &[usize], shape: &[usize], f: impl Fn(&[usize]) -> A) -> ArrayD<A> {
    let mut at = offset.to_vec();
    let mut is_first = true;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        // Called in row-major order: the last axis counts first.
        if !std::mem::take(&mut is_first) {
            for axis in (0..shape.len()).rev() {
                at[axis] += 1;
                if at[axis] < offset[axis] + shape[axis] {
                    break;
                }
                at[axis] = offset[axis];
            }
        }
        f(&at)
    })
}
