//! Other chunks.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Blob, BlobError, BlobReader, Graph, Key, Layer, LayerInfo, Name, Node, Op, OpError, Packer,
    Payload, Refused, Task, Tokenizer, Unpack, Unpacked, Value,
};
use ndarray::{ArrayD, IxDyn, Slice};
use serde::{Deserialize, Serialize};

use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{Chunks, IntoChunks, indices, overlaps};
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// The same array in other blocks.
    ///
    /// An array that is read or created is read or created in the new blocks. Of any other, each new block
    /// gathers the pieces of the old ones that it overlaps straight into place.
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
        let name = name_of("rechunk", Tokenizer::new("rechunk").feed(self.name()).feed(chunks).finish());
        let layer = RechunkLayer {
            name: name.clone(),
            input: self.name().clone(),
            from: (0..self.ndim()).map(|axis| self.chunks().starts(axis)).collect(),
            to: (0..self.ndim()).map(|axis| chunks.starts(axis)).collect(),
            op: Arc::new(GatherOp::<A>(PhantomData)),
            info: info.clone(),
        };
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks.clone()) })
    }
}

/// The tasks of a rechunk, found from the bounds of the old and new blocks.
struct RechunkLayer {
    name: Name,
    input: Name,
    /// Bounds of the old blocks, axis by axis.
    from: Vec<Vec<usize>>,
    /// Bounds of the new blocks.
    to: Vec<Vec<usize>>,
    op: Arc<dyn Op>,
    info: LayerInfo,
}

impl RechunkLayer {
    fn n_blocks(&self) -> Vec<u32> {
        self.to.iter().map(|starts| (starts.len() - 1) as u32).collect()
    }
}

impl Layer for RechunkLayer {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.to.iter().map(|starts| starts.len() - 1).product()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = key.index();
        if key.name() != &self.name || index.len() != self.to.len() {
            return None;
        }
        let mut shape = Vec::with_capacity(index.len());
        let mut pieces: Vec<Vec<(u32, Range<usize>)>> = Vec::with_capacity(index.len());
        for (axis, &i) in index.iter().enumerate() {
            let (from, to) = (*self.to[axis].get(i as usize)?, *self.to[axis].get(i as usize + 1)?);
            shape.push(to - from);
            pieces.push(overlaps(&self.from[axis], from..to));
        }
        let counts: Vec<u32> = pieces.iter().map(|pieces| pieces.len() as u32).collect();
        let mut blocks = Vec::new();
        let mut parts = Vec::new();
        for piece in indices(&counts) {
            let chosen = || piece.iter().zip(&pieces).map(|(&i, pieces)| &pieces[i as usize]);
            let block: Vec<u32> = chosen().map(|(block, _)| *block).collect();
            blocks.push(Arg::Key(Key::new(&self.input, &block)));
            parts.push(chosen().map(|(_, range)| range.clone()).collect());
        }
        let gather = Value::sized(Gather { shape, counts, parts });
        Some(Node::Task(Task::new(
            self.op.clone(),
            [Arg::List(blocks.into_iter().collect()), Arg::Value(gather)],
        )))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new(indices(&self.n_blocks()).map(|index| Key::new(&self.name, &index)))
    }

    fn inputs(&self) -> Vec<Name> {
        vec![self.input.clone()]
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
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

impl Payload for Gather {
    fn nbytes(&self) -> u64 {
        self.parts.iter().map(|part| size_of_val(&**part) as u64).sum()
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(self))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        reader.read_encoded()
    }
}

/// Copies pieces of old blocks into a new one.
struct GatherOp<A>(PhantomData<fn() -> A>);

impl<A: Element> Op for GatherOp<A> {
    fn name(&self) -> Cow<'_, str> {
        "rechunk".into()
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        let Arg::Value(gather) = args.get(1)? else { return None };
        let n: usize = gather.downcast_ref::<Gather>()?.shape.iter().product();
        Some((n as u64).saturating_mul(size_of::<A>() as u64))
    }

    fn is_stateless(&self) -> bool {
        true
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(GatherOp::<A>(PhantomData))))
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (blocks, gather) = (args.list(0)?, args.get::<Gather>(1)?);
        let block = |value: &Value| -> Result<Block<A>, OpError> {
            // A clone of a block shares its buffer.
            value.get::<Block<A>>().cloned().map_err(|source| OpError::Argument { at: 0, source })
        };
        if let ([value], [part]) = (&blocks.0[..], &gather.parts[..])
            && let whole = block(value)?
            && whole.shape() == gather.shape
            && part.iter().zip(whole.shape()).all(|(range, &n)| *range == (0..n))
        {
            return Ok(whole.into());
        }
        let mut out = ArrayD::from_elem(IxDyn(&gather.shape), A::default());
        let mut starts = vec![0; gather.shape.len()];
        // Where a piece goes follows from the lengths of the pieces before it along each axis.
        let mut offsets: Vec<Vec<usize>> = gather.counts.iter().map(|_| vec![0]).collect();
        for (at, part) in indices(&gather.counts).zip(&gather.parts) {
            for (axis, range) in part.iter().enumerate() {
                if offsets[axis].len() == at[axis] as usize + 1 {
                    let next = offsets[axis][at[axis] as usize] + range.len();
                    offsets[axis].push(next);
                }
            }
        }
        for ((at, value), part) in indices(&gather.counts).zip(blocks).zip(&gather.parts) {
            let block = block(value)?;
            let fits = block.shape().len() == part.len()
                && block.shape().iter().zip(part).all(|(&n, range)| range.end <= n);
            if !fits {
                let expected = part.iter().map(|range| range.end).collect();
                return Err(OpError::failed(PieceError { got: block.shape().to_vec(), expected }));
            }
            for (axis, start) in starts.iter_mut().enumerate() {
                *start = offsets[axis][at[axis] as usize];
            }
            let view = block.view();
            let piece = view.slice_each_axis(|axis| Slice::from(part[axis.axis.index()].clone()));
            out.slice_each_axis_mut(|axis| {
                let axis = axis.axis.index();
                Slice::from(starts[axis]..starts[axis] + part[axis].len())
            })
            .assign(&piece);
        }
        Ok(Block::new(out).into())
    }
}

/// A block that is smaller than its array says.
#[derive(Debug, thiserror::Error)]
#[error("a block of shape {got:?} was to be cut at {expected:?}")]
struct PieceError {
    got: Vec<usize>,
    expected: Vec<usize>,
}
