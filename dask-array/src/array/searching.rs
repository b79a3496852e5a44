//! Places in sorted elements.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, BlockArg, Graph, LayerInfo, OpError, Tokenize, Tokenizer, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::{Array, Lazy, Over, blockwise, built, label, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};
use crate::sorting::{is_before, place};

/// Which of the places between equal elements (numpy's `side`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Before them.
    Left,
    /// Behind them.
    Right,
}

impl<A: Element> Array<A> {
    /// Where values would have to be inserted into this array, which has one axis and is sorted, to keep it so (numpy's
    /// `searchsorted`). NaN comes last.
    ///
    /// Each block of values is looked up in each block of the array, and the places in these are added up in a tree:
    /// neither has to fit in memory.
    ///
    /// ```
    /// use dask_array::{Array, Side, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sorted = Array::from_ndarray(arr1(&[1, 2, 2, 5]), 2)?;
    /// let values = Array::from_ndarray(arr1(&[2, 0, 9]), -1)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// let places = sorted.searchsorted(&values, Side::Left)?.compute_with(&scheduler)?;
    /// assert_eq!(places, arr1(&[1, 0, 4]).into_dyn());
    /// let places = sorted.searchsorted(&values, Side::Right)?.compute_with(&scheduler)?;
    /// assert_eq!(places, arr1(&[3, 0, 4]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the array has not exactly one axis.
    #[track_caller]
    pub fn searchsorted(&self, values: &Array<A>, side: Side) -> Result<Array<i64>, ArrayError> {
        let info = LayerInfo::here();
        self.one_axis("searchsorted")?;
        let ndim = values.ndim();
        let n = self.chunks().n_blocks()[0];
        let mut axes = values.chunks().axes().to_vec();
        axes.push(vec![1; n as usize]);
        let chunks = Chunks::from_lengths(axes);
        let token = Tokenizer::new("searchsorted").feed(self.name()).feed(values.name());
        let name = name_of("searchsorted", token.feed(&(side == Side::Right)).finish());
        let layer = blockwise(&name, kernel_op::<Placing<A>>(), &chunks, &info)
            .blocks(self.name(), &[(label(ndim), n)])
            .blocks(values.name(), &values.lazy().block_axes(0..ndim))
            .arg(BlockArg::Literal(Value::sized(side)));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph, &values.lazy().graph]);
        Array::<i64>::new(Lazy { name, graph, chunks: Arc::new(chunks) }).sum(Over::from(-1))
    }

    /// For each element the number of the bin that it falls into (numpy's `digitize`): 0 before the first edge, as many
    /// as there are edges behind the last. `right` says whether a bin has its right edge rather than its left one.
    ///
    /// Edges go up or down; of equal ones, the bin between is empty. NaN falls behind the largest edge.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[0.2, 6.4, 3.0, 1.0]), 2)?;
    /// let bins = x.digitize(&[0.0, 1.0, 2.5, 4.0], false)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(bins, arr1(&[1, 4, 3, 2]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the edges go neither up nor down.
    #[track_caller]
    pub fn digitize(&self, bins: &[A], right: bool) -> Result<Array<i64>, ArrayError> {
        let info = LayerInfo::here();
        let goes_up = bins.windows(2).all(|pair| !is_before(pair[1], pair[0]));
        let goes_down = bins.windows(2).all(|pair| !is_before(pair[0], pair[1]));
        if !goes_up && !goes_down {
            return Err(ArrayError::Bins { problem: "edges go neither up nor down" });
        }
        let mut token = Tokenizer::new("digitize").feed(self.name()).feed(&right);
        bins.iter().for_each(|edge| edge.to_scalar().tokenize(&mut token));
        let name = name_of("digitize", token.finish());
        let edges = ArrayD::from_shape_vec(IxDyn(&[bins.len()]), bins.to_vec());
        let edges = Block::new(edges.unwrap_or_else(|error| unreachable!("as many as there are: {error}")));
        let layer = blockwise(&name, kernel_op::<Digitizing<A>>(), self.chunks(), &info)
            .blocks(self.name(), &self.lazy().block_axes(0..self.ndim()))
            .arg(BlockArg::Literal(edges.into()))
            .arg(BlockArg::Literal(Value::sized(if right { Side::Left } else { Side::Right })));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: self.lazy().chunks.clone() }))
    }

    /// Refuses an array of more axes, or none, where one is needed.
    pub(super) fn one_axis(&self, operation: &'static str) -> Result<(), ArrayError> {
        if self.ndim() == 1 {
            return Ok(());
        }
        Err(ArrayError::NotOneAxis { operation, shape: self.shape().to_vec() })
    }
}

encoded_payload!(Side, |it| size_of_val(it));

/// Places of values in one sorted block.
struct Placing<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Placing<A> {
    const NAME: &'static str = "searchsorted";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (sorted, values) = (args.get::<Block<A>>(0)?.view(), args.get::<Block<A>>(1)?);
        let behind = *args.get::<Side>(2)? == Side::Right;
        let sorted = sorted.as_standard_layout();
        let sorted = sorted.as_slice().unwrap_or_default();
        let places = values.view().mapv(|x| place(sorted, x, behind) as i64);
        let along = ndarray::Axis(places.ndim());
        Ok(Block::new(places.insert_axis(along)).into())
    }
}

/// Numbers of bins.
struct Digitizing<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Digitizing<A> {
    const NAME: &'static str = "digitize";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, edges) = (args.get::<Block<A>>(0)?, args.get::<Block<A>>(1)?.memory_order());
        let behind = *args.get::<Side>(2)? == Side::Right;
        let goes_up = edges.windows(2).all(|pair| !is_before(pair[1], pair[0]));
        let bins = if goes_up {
            block.view().mapv(|x| place(&edges, x, behind) as i64)
        } else {
            let reversed: Vec<A> = edges.iter().rev().copied().collect();
            block.view().mapv(|x| (edges.len() - place(&reversed, x, behind)) as i64)
        };
        Ok(Block::new(bins).into())
    }
}
