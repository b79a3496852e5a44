//! Slices.

mod push;

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Axis, Graph, Key, Layer, LayerInfo, Name, Node, Op, OpError, Packer, Refused, Task, Tokenizer,
    Unpack, Unpacked, Value,
};

use ndarray::SliceInfoElem;

use super::index::SliceIndex;
use super::layer::{block_index, block_keys, n_keys};
use super::{Array, Lazy, label, name_of};
use crate::block::Block;
use crate::element::Element;
use crate::error::ArrayError;
use crate::selection::{Cut, Selection};
use crate::storage::origin::Origin;

impl<A: Element> Array<A> {
    /// A part of the array, written with ndarray's [`s!`](ndarray::s): ranges, negative indices and steps, single
    /// indices (whose axis vanishes) and `NewAxis`. Axes that are not named are taken whole.
    ///
    /// As in ndarray, a range with a negative step is the range backwards: `s![2..5;-1]` takes 4, 3, 2.
    ///
    /// A slice of an array that is read or created reads and creates less; blocks that nothing is taken
    /// of are not made. A slice of an elementwise expression, a transpose or joined arrays becomes one of
    /// the operands, down to what is read, when the graph is optimised and nobody else needs the expression.
    ///
    /// # Errors
    ///
    /// - When an index or a bound lies outside of its axis, a range ends before it begins, or there are more
    ///   indices than axes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr2, s}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6], [7, 8, 9]]), 2)?;
    /// let corner = x.slice(s![1.., ..;-2])?;
    /// assert_eq!(corner.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[6, 4], [9, 7]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn slice(&self, index: impl SliceIndex) -> Result<Array<A>, ArrayError> {
        self.sliced(&index.elems(), &LayerInfo::here())
    }

    pub(crate) fn sliced(&self, index: &[SliceInfoElem], info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let selection = Selection::new(self.shape(), index)?;
        if selection == Selection::whole(self.shape()) {
            return Ok(self.clone());
        }
        let cut = Cut::new(&selection, self.chunks());
        let chunks = cut.chunks();

        match self.origin() {
            Some(Origin::Stored { source, selection: before }) => {
                let selection = Arc::new(before.then(&selection));
                return Ok(Origin::Stored { source: source.clone(), selection }.array(chunks, info));
            }
            Some(Origin::Full(number)) => return Ok(Origin::Full(*number).array(chunks, info)),
            None => {}
        }
        let token = Tokenizer::new("slice").feed(self.name()).feed(&selection).finish();
        let name = name_of("slice", token);
        let layer = SliceLayer::<A>::new(name.clone(), self.name().clone(), cut, info.clone());
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// The tasks of a slice: each takes a part of one block.
struct SliceLayer<A> {
    name: Name,
    input: Name,
    cut: Cut,
    n_blocks: Vec<u32>,
    op: Arc<dyn Op>,
    info: LayerInfo,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> SliceLayer<A> {
    fn new(name: Name, input: Name, cut: Cut, info: LayerInfo) -> Self {
        let (n_blocks, op) = (cut.n_blocks(), slice_op::<A>());
        Self { name, input, cut, n_blocks, op, info, element: PhantomData }
    }

    /// The axes of a [`Blockwise`](dask_graph::Blockwise) layer with the same blocks.
    fn axes(&self) -> Vec<(Axis, u32)> {
        (0..self.n_blocks.len()).map(label).zip(self.n_blocks.iter().copied()).collect()
    }
}

impl<A: Element> Layer for SliceLayer<A> {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        n_keys(&self.n_blocks)
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = block_index(key, &self.name, &self.n_blocks)?;
        let (block, part) = self.cut.block(index);
        let block = Arg::Key(Key::new(&self.input, &block));
        Some(Node::Task(Task::new(self.op.clone(), [block, Arg::Value(Value::sized(part))])))
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

    fn push_into(&self, producer: &dyn Layer) -> Option<Vec<Arc<dyn Layer>>> {
        push::push_into(self, producer)
    }
}

/// The op that takes the part of a block that a [`Selection`] says.
pub(super) fn slice_op<A: Element>() -> Arc<dyn Op> {
    Arc::new(SliceOp::<A>(PhantomData))
}

/// Takes a part of a block.
struct SliceOp<A>(PhantomData<fn() -> A>);

impl<A: Element> Op for SliceOp<A> {
    fn name(&self) -> Cow<'_, str> {
        "slice".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (block, part) = (args.get::<Block<A>>(0)?, args.get::<Selection>(1)?);
        Ok(block.part(part).map_err(OpError::failed)?.into())
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        let Arg::Value(part) = args.get(1)? else { return None };
        let n: usize = part.downcast_ref::<Selection>()?.source.iter().map(|taken| taken.len()).product();
        Some((n as u64).saturating_mul(size_of::<A>() as u64))
    }

    fn is_stateless(&self) -> bool {
        true
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(SliceOp::<A>(PhantomData))))
    }
}
