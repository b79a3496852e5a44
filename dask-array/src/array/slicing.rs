//! Slices.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Graph, Key, Layer, LayerInfo, Name, Node, Op, OpError, Payload, Task, Tokenizer, Value,
};
use ndarray::SliceInfoElem;

use super::index::SliceIndex;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{Chunks, indices};
use crate::element::Element;
use crate::error::ArrayError;
use crate::selection::{Selection, Taken, cut};
use crate::storage::origin::Origin;

impl<A: Element> Array<A> {
    /// A part of the array, written with ndarray's [`s!`](ndarray::s): ranges, negative indices and steps, single
    /// indices (whose axis vanishes) and `NewAxis`. Axes that are not named are taken whole.
    ///
    /// As in ndarray, a range with a negative step is the range backwards: `s![2..5;-1]` takes 4, 3, 2.
    ///
    /// A slice of an array that is read or created reads and creates less; blocks that nothing is taken
    /// of are not made.
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
        let info = LayerInfo::here();
        let selection = Selection::new(self.shape(), &index.elems())?;
        if selection == Selection::whole(self.shape()) {
            return Ok(self.clone());
        }
        let starts: Vec<Vec<usize>> = (0..self.ndim()).map(|axis| self.chunks().starts(axis)).collect();
        let pieces: Vec<Vec<(u32, usize, usize)>> = selection
            .source
            .iter()
            .zip(&starts)
            .map(|(taken, starts)| match *taken {
                Taken::At(at) => cut(starts, at, 1, 1),
                Taken::Along { start, step, len } => cut(starts, start, step, len),
            })
            .collect();
        let lengths = |out: &Option<usize>| {
            out.map_or_else(|| vec![1], |axis| pieces[axis].iter().map(|&(_, _, n)| n).collect())
        };
        let chunks = Chunks::from_lengths(selection.out.iter().map(lengths).collect());

        match self.origin() {
            Some(Origin::Stored { source, selection: before }) => {
                let selection = Arc::new(before.then(&selection));
                return Ok(Origin::Stored { source: source.clone(), selection }.array(chunks, &info));
            }
            Some(Origin::Full(number)) => return Ok(Origin::Full(*number).array(chunks, &info)),
            None => {}
        }
        let token = Tokenizer::new("slice").feed(self.name()).feed(&selection).finish();
        let name = name_of("slice", token);
        let layer = SliceLayer {
            name: name.clone(),
            input: self.name().clone(),
            selection,
            pieces,
            n_blocks: chunks.n_blocks(),
            op: Arc::new(SliceOp::<A>(PhantomData)),
            info,
        };
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// The tasks of a slice: each takes a part of one block. Nothing is held per block of several axes.
struct SliceLayer {
    name: Name,
    input: Name,
    selection: Selection,
    /// For each axis of the input, the parts of its blocks that are taken.
    pieces: Vec<Vec<(u32, usize, usize)>>,
    n_blocks: Vec<u32>,
    op: Arc<dyn Op>,
    info: LayerInfo,
}

impl Layer for SliceLayer {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.n_blocks.iter().map(|&n| n as usize).product()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = key.index();
        if key.name() != &self.name
            || index.len() != self.n_blocks.len()
            || index.iter().zip(&self.n_blocks).any(|(i, n)| i >= n)
        {
            return None;
        }
        let mut block = Vec::with_capacity(self.pieces.len());
        let mut part = Vec::with_capacity(self.pieces.len());
        self.selection.for_each_in_order(|out, taken| {
            let Some(taken) = taken else {
                part.push(SliceInfoElem::NewAxis);
                return;
            };
            let piece = out.map_or(0, |out| index[out] as usize);
            let (of, at, n) = self.pieces[block.len()][piece];
            block.push(of);
            part.push(match taken {
                Taken::At(_) => SliceInfoElem::Index(at as isize),
                Taken::Along { step, .. } => {
                    let reach = n.saturating_sub(1) * step.unsigned_abs();
                    let start = if step > 0 { at } else { at.saturating_sub(reach) };
                    let end = if n == 0 { start } else { start + reach + 1 };
                    SliceInfoElem::Slice { start: start as isize, end: Some(end as isize), step }
                }
            });
        });
        let block = Arg::Key(Key::new(&self.input, &block));
        Some(Node::Task(Task::new(self.op.clone(), [block, Arg::Value(Value::sized(BlockPart(part)))])))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new(indices(&self.n_blocks).map(|index| Key::new(&self.name, &index)))
    }

    fn inputs(&self) -> Vec<Name> {
        vec![self.input.clone()]
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}

/// What is taken of one block.
struct BlockPart(Vec<SliceInfoElem>);

impl Payload for BlockPart {
    fn nbytes(&self) -> u64 {
        size_of_val(&*self.0) as u64
    }
}

/// Takes a part of a block. The part is a copy, so that it does not keep the block alive.
struct SliceOp<A>(PhantomData<fn() -> A>);

impl<A: Element> Op for SliceOp<A> {
    fn name(&self) -> Cow<'_, str> {
        "slice".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let block = args.get::<Block<A>>(0)?.view();
        let part = args.get::<BlockPart>(1)?;
        check(block.shape(), &part.0).map_err(OpError::failed)?;
        Ok(Block::new(block.slice(part.0.as_slice()).to_owned()).into())
    }
}

/// Whether the part lies within a block of this shape, which only a block of another shape than its array
/// gives it does not.
fn check(shape: &[usize], part: &[SliceInfoElem]) -> Result<(), ArrayError> {
    let named = part.iter().filter(|elem| !matches!(elem, SliceInfoElem::NewAxis)).count();
    if named != shape.len() {
        return Err(ArrayError::TooManyIndices { got: named, shape: shape.to_vec() });
    }
    Selection::new(shape, part).map(|_| ())
}
