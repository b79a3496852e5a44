//! Which elements are among some values.

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, LayerInfo, Node, OpError, Task, Tokenizer, Value};

use super::layer::BlockLayer;
use super::{Array, Lazy, blockwise, built, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::kernel::{Kernel, kernel_op};

impl<A: Element> Array<A> {
    /// Where the elements are among `values`, whose shape does not matter: numpy's `isin`. NaN is among nothing.
    ///
    /// The values are sorted once, in one task that has all of them in memory; each element is then searched.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::arange(0, 6, 1, 4)?;
    /// let primes = Array::from_ndarray(arr1(&[2, 3, 5]), -1)?;
    /// let expected = arr1(&[false, false, true, true, false, true]).into_dyn();
    /// assert_eq!(x.is_in(&primes).compute_with(&dask_sched_sync::Sync::new())?, expected);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_in(&self, values: &Array<A>) -> Array<bool> {
        let info = LayerInfo::here();
        let token = Tokenizer::new("sorted-values").feed(values.name()).feed(values.chunks()).finish();
        let sorted = name_of("sorted-values", token);
        let keys: Vec<Arg> = values.chunks().indices().map(|index| Arg::Key(values.key(&index))).collect();
        let task = Task::new(kernel_op::<SortValues<A>>(), [Arg::List(keys.into_iter().collect())]);
        let node = move |_: &[u32]| Node::Task(task.clone());
        let number = Chunks::from_lengths(Vec::new());
        let layer = BlockLayer::new(&sorted, &number, &[values.name()], &info, node);
        let table = Graph::with_inputs(layer, [&values.lazy().graph]);

        let token = Tokenizer::new("is_in").feed(self.name()).feed(&sorted).finish();
        let name = name_of("is_in", token);
        let layer = blockwise(&name, kernel_op::<Search<A>>(), self.chunks(), &info)
            .blocks(self.name(), &self.lazy().block_axes(0..self.ndim()))
            .blocks(&sorted, &[]);
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph, &table]);
        Array::new(Lazy { name, graph, chunks: Arc::new(self.chunks().clone()) })
    }
}

/// Sorts the elements of some blocks, each value once and NaN left out.
struct SortValues<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for SortValues<A> {
    const NAME: &'static str = "sorted-values";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let mut values: Vec<A> = Vec::new();
        for block in args.list(0)? {
            let block = block.get::<Block<A>>().map_err(|source| OpError::Argument { at: 0, source })?;
            #[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
            values.extend(block.memory_order().iter().copied().filter(|value| value == value));
        }
        values.sort_unstable_by(|&a, &b| order(a, b));
        values.dedup();
        Ok(Block::new(ndarray::Array1::from_vec(values).into_dyn()).into())
    }
}

/// The order of elements none of which is NaN.
fn order<A: Element>(a: A, b: A) -> Ordering {
    match (A::lt(a, b), a == b) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Equal,
        _ => Ordering::Greater,
    }
}

/// Searches the elements of a block among sorted values.
struct Search<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Search<A> {
    const NAME: &'static str = "is_in";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, values) = (args.get::<Block<A>>(0)?, args.get::<Block<A>>(1)?);
        let values = values.memory_order();
        let is_in = |x: A| {
            let at = values.partition_point(|&value| A::lt(value, x));
            values.get(at) == Some(&x)
        };
        // In memory order, whatever that is.
        Ok(Block::new(block.view().mapv(is_in)).into())
    }
}
