//! Other chunks.

mod plan;

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Name, Node, Op, OpError, Task, Tokenizer, Value};
use ndarray::{ArrayViewD, Slice};
use serde::{Deserialize, Serialize};

use super::layer::BlockLayer;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::block::grid::assemble;
use crate::chunks::{Chunks, IntoChunks, indices, overlaps};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

impl<A: Element> Array<A> {
    /// The same array in other blocks.
    ///
    /// An array that is read or created is read or created in the new blocks. Of any other, each new block
    /// gathers the pieces of the old ones that it overlaps straight into place; where these would be very many and small,
    /// by way of blocks in between, which are no larger than 128 MiB unless the old or the new ones are.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the array's shape.
    #[track_caller]
    pub fn rechunk(&self, chunks: impl IntoChunks) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let chunks = self.chunks().recut(chunks, A::DTYPE)?;
        Ok(self.rechunked(&chunks, &info))
    }

    pub(crate) fn rechunked(&self, chunks: &Chunks, info: &LayerInfo) -> Array<A> {
        if self.chunks() == chunks {
            return self.clone();
        }
        if let Some(origin) = self.origin() {
            return origin.clone().array(chunks.clone(), info);
        }
        let steps = plan::plan(self.chunks(), chunks, A::DTYPE.itemsize());
        steps.iter().fold(self.clone(), |array, step| array.regathered(step, info))
    }

    /// The same array in other blocks, each gathered from those that there are.
    fn regathered(&self, chunks: &Chunks, info: &LayerInfo) -> Array<A> {
        let name = name_of("rechunk", Tokenizer::new("rechunk").feed(self.name()).feed(chunks).finish());
        let from: Vec<_> = (0..self.ndim()).map(|axis| self.chunks().starts(axis)).collect();
        let to: Vec<_> = (0..self.ndim()).map(|axis| chunks.starts(axis)).collect();
        let (op, input) = (kernel_op::<Gathering<A>>(), self.name().clone());
        let node = move |index: &[u32]| gathering(&op, &input, &from, &to, index);
        let layer = BlockLayer::new(&name, chunks, &[self.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks.clone()) })
    }
}

/// The task of the new block at `index`, from the bounds of old and new blocks along the axes.
fn gathering(op: &Arc<dyn Op>, input: &Name, from: &[Vec<usize>], to: &[Vec<usize>], index: &[u32]) -> Node {
    let mut shape = Vec::with_capacity(index.len());
    let mut pieces: Vec<Vec<(u32, Range<usize>)>> = Vec::with_capacity(index.len());
    for ((from, to), &i) in from.iter().zip(to).zip(index) {
        let (start, end) = (to[i as usize], to[i as usize + 1]);
        shape.push(end - start);
        pieces.push(overlaps(from, start..end));
    }
    let counts: Vec<u32> = pieces.iter().map(|pieces| pieces.len() as u32).collect();
    let mut blocks = Vec::new();
    let mut parts = Vec::new();
    for piece in indices(&counts) {
        let chosen = || piece.iter().zip(&pieces).map(|(&i, pieces)| &pieces[i as usize]);
        let block: Vec<u32> = chosen().map(|(block, _)| *block).collect();
        blocks.push(Arg::Key(Key::new(input, &block)));
        parts.push(chosen().map(|(_, range)| range.clone()).collect());
    }
    let gather = Value::sized(Gather { shape, counts, parts });
    Node::Task(Task::new(op.clone(), [Arg::List(blocks.into_iter().collect()), Arg::Value(gather)]))
}

/// How a new block is put together.
#[derive(Serialize, Deserialize)]
struct Gather {
    shape: Vec<usize>,
    /// Numbers of pieces along the axes.
    counts: Vec<u32>,
    /// What is taken of each old block, last axis fastest.
    parts: Vec<Vec<Range<usize>>>,
}

encoded_payload!(Gather, |it| it.parts.iter().map(|part| size_of_val(&**part)).sum::<usize>());

/// Copies pieces of old blocks into a new one.
struct Gathering<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Gathering<A> {
    const NAME: &'static str = "rechunk";

    fn output_nbytes(args: &[Arg]) -> Option<u64> {
        let Arg::Value(gather) = args.get(1)? else { return None };
        let n: usize = gather.downcast_ref::<Gather>()?.shape.iter().product();
        Some((n as u64).saturating_mul(size_of::<A>() as u64))
    }

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (blocks, gather) = (args.list(0)?, args.get::<Gather>(1)?);
        let blocks =
            blocks.0.iter().map(|value| value.get().map_err(|source| OpError::Argument { at: 0, source }));
        let blocks: Vec<&Block<A>> = blocks.collect::<Result<_, _>>()?;
        if let ([whole], [part]) = (&blocks[..], &gather.parts[..])
            && whole.shape() == gather.shape
            && part.iter().zip(whole.shape()).all(|(range, &n)| *range == (0..n))
        {
            // A clone of a block shares its buffer.
            return Ok(Block::clone(whole).into());
        }
        // Where a piece goes follows from the lengths of the pieces before it along each axis.
        let mut lengths: Vec<Vec<usize>> = gather.counts.iter().map(|_| Vec::new()).collect();
        for (at, part) in indices(&gather.counts).zip(&gather.parts) {
            for ((lengths, at), range) in lengths.iter_mut().zip(at).zip(part) {
                if lengths.len() == at as usize {
                    lengths.push(range.len());
                }
            }
        }
        for (lengths, &n) in lengths.iter_mut().zip(&gather.shape).filter(|(lengths, _)| lengths.is_empty()) {
            // Nothing is gathered for a block without elements, which still has a shape.
            lengths.push(n);
        }
        let pieces = blocks.iter().zip(&gather.parts).map(|(block, part)| cut(block, part));
        Ok(Block::new(assemble(&lengths, &pieces.collect::<Result<Vec<_>, _>>()?)?).into())
    }
}

/// What is taken of a block.
fn cut<'b, A: Element>(block: &'b Block<A>, part: &[Range<usize>]) -> Result<ArrayViewD<'b, A>, OpError> {
    let fits =
        block.shape().len() == part.len() && block.shape().iter().zip(part).all(|(&n, range)| range.end <= n);
    if !fits {
        let expected = part.iter().map(|range| range.end).collect();
        return Err(OpError::failed(PieceError { got: block.shape().to_vec(), expected }));
    }
    let mut piece = block.view();
    piece.slice_each_axis_inplace(|axis| Slice::from(part[axis.axis.index()].clone()));
    Ok(piece)
}

/// A block that is smaller than its array says.
#[derive(Debug, thiserror::Error)]
#[error("a block of shape {got:?} was to be cut at {expected:?}")]
struct PieceError {
    got: Vec<usize>,
    expected: Vec<usize>,
}
