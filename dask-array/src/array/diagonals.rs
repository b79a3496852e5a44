//! Diagonals and triangles.
//!
//! Matrices that are made from nothing are programs over the positions of their elements, and what is above or below
//! a diagonal is chosen by such a matrix: both fuse with what is done to them.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenize, Tokenizer, Value};
use ndarray::{ArrayD, ArrayView, IxDyn, NewAxis, ShapeBuilder, SliceInfoElem};
use serde::{Deserialize, Serialize};

use super::concatenate::concatenated;
use super::creation::created_by;
use super::elementwise::chosen;
use super::layer::BlockLayer;
use super::transpose::axis_of;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{Chunks, IntoChunks};
use crate::element::{DType, Element};
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};
use crate::program::Operand;
use crate::program::kernels::{CompareOp, Kernels};

/// Matrices of ones and zeros, and parts of matrices.
impl<A: Element> Array<A> {
    /// A matrix of `n` rows and `m` columns with ones on diagonal `k` (0 is the main one, 1 the one above it), and
    /// zeros elsewhere: numpy's `eye`, and `identity` for `n == m` and `k == 0`.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn eye(n: usize, m: usize, k: isize, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        let chunks = Chunks::new(&[n, m], chunks, A::DTYPE)?;
        Ok(band("eye", CompareOp::Eq, k, chunks, &LayerInfo::here()))
    }

    /// A matrix of `n` rows and `m` columns with ones on diagonal `k` and below it, and zeros above: numpy's `tri`.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn tri(n: usize, m: usize, k: isize, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        let chunks = Chunks::new(&[n, m], chunks, A::DTYPE)?;
        Ok(band("tri", CompareOp::Ge, k, chunks, &LayerInfo::here()))
    }

    /// The elements on diagonal `k` of the last two axes and below it, with zeros above.
    ///
    /// # Errors
    ///
    /// - When there are fewer than two axes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::full(&[2, 3], 7, 2)?;
    /// let low = x.tril(0)?;
    /// assert_eq!(low.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[7, 0, 0], [7, 7, 0]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn tril(&self, k: isize) -> Result<Array<A>, ArrayError> {
        self.triangle(CompareOp::Ge, k, &LayerInfo::here())
    }

    /// The elements on diagonal `k` of the last two axes and above it, with zeros below.
    ///
    /// # Errors
    ///
    /// - When there are fewer than two axes.
    #[track_caller]
    pub fn triu(&self, k: isize) -> Result<Array<A>, ArrayError> {
        self.triangle(CompareOp::Le, k, &LayerInfo::here())
    }

    fn triangle(&self, side: CompareOp, k: isize, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let [.., rows, columns] = self.chunks().axes() else {
            return Err(ArrayError::FewAxes { expected: 2, shape: self.shape().to_vec() });
        };
        let chunks = Chunks::from_lengths(vec![rows.clone(), columns.clone()]);
        let mask = band::<bool>("triangle", side, k, chunks, info);
        chosen(&mask, self, &A::default(), info)
    }

    /// Of a vector, the square matrix with it on diagonal `k` and zeros elsewhere; of a matrix, its diagonal `k`.
    ///
    /// # Errors
    ///
    /// - When there are not one or two axes.
    /// - When the matrix would have more elements than can be counted.
    #[track_caller]
    pub fn diag(&self, k: isize) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        match self.ndim() {
            1 => self.on_diagonal(k, &info),
            2 => self.diagonal_of(k, 0, 1, &info),
            _ => Err(ArrayError::Parameter {
                operation: "diag",
                parameter: "an array",
                value: format!("one of shape {:?}", self.shape()),
                expected: "of one or two axes",
            }),
        }
    }

    /// The diagonal of the matrices along two axes, as the last axis of the result; with an offset, the one so many
    /// places towards the end of `axis2`, or, if it is negative, of `axis1`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range, or both are the same.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis1: isize, axis2: isize) -> Result<Array<A>, ArrayError> {
        let (first, second) = (axis_of(axis1, self.shape())?, axis_of(axis2, self.shape())?);
        if first == second {
            return Err(ArrayError::Axes { axes: vec![axis1, axis2], ndim: self.ndim() });
        }
        self.diagonal_of(offset, first, second, &LayerInfo::here())
    }

    /// A matrix with this vector on a diagonal.
    fn on_diagonal(&self, k: isize, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let beside = k.unsigned_abs();
        let n = self.shape().first().copied().unwrap_or(0).saturating_add(beside);
        let (mut ahead, mut behind) = (vec![], self.chunks().lengths(0).to_vec());
        if beside > 0 {
            ahead.push(beside);
            behind.push(beside);
        }
        ahead.extend(self.chunks().lengths(0));
        // Element i is in row i above the main diagonal, and in column i below.
        let (lengths, index) = if k >= 0 {
            (vec![behind, ahead], [SliceInfoElem::from(..), NewAxis.into()])
        } else {
            (vec![ahead, behind], [NewAxis.into(), SliceInfoElem::from(..)])
        };
        let chunks = Chunks::new(&[n, n], lengths, A::DTYPE)?;
        let rest = Array::full_with(&[beside], -1, A::default(), info)?;
        let padded = concatenated(&[self.clone(), rest], 0, "diag", info)?.sliced(&index, info)?;
        let mask = band::<bool>("on-diagonal", CompareOp::Eq, k, chunks, info);
        chosen(&mask, &padded, &A::default(), info)
    }

    pub(super) fn diagonal_of(
        &self,
        offset: isize,
        first: usize,
        second: usize,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let (above, below) = (offset.max(0).unsigned_abs(), offset.min(0).unsigned_abs());
        let left = |axis: usize, from: usize| self.shape()[axis].saturating_sub(from);
        let len = left(first, below).min(left(second, above));
        let kept: Vec<usize> = (0..self.ndim()).filter(|&axis| axis != first && axis != second).collect();
        let starts = [self.chunks().starts(first), self.chunks().starts(second)];
        let pieces = pieces(&starts, [below, above], len);

        let mut lengths: Vec<Vec<usize>> =
            kept.iter().map(|&axis| self.chunks().lengths(axis).to_vec()).collect();
        lengths.push(if len == 0 { vec![0] } else { pieces.iter().map(|piece| piece.len).collect() });
        let chunks = Chunks::from_lengths(lengths);
        if len == 0 {
            return Ok(Array::full_cut(A::default(), chunks, info));
        }
        let token = Tokenizer::new("diagonal").feed(self.name()).feed(&offset).feed(&first).feed(&second);
        let name = name_of("diagonal", token.finish());
        let (op, input) = (kernel_op::<TakeDiagonal<A>>(), self.name().clone());
        let node = move |index: &[u32]| {
            let (&at, outer) = index.split_last().unwrap_or((&0, &[]));
            let piece = &pieces[at as usize];
            let mut block = vec![0; outer.len() + 2];
            for (&axis, &i) in kept.iter().zip(outer) {
                block[axis] = i;
            }
            (block[first], block[second]) = (piece.blocks[0], piece.blocks[1]);
            let part = Diagonal { axes: [first, second], starts: piece.starts, len: piece.len };
            let args = [Arg::Key(Key::new(&input, &block)), Arg::Value(Value::sized(part))];
            Node::Task(Task::new(op.clone(), args))
        };
        let layer = BlockLayer::new(&name, &chunks, &[self.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// Ones where the column is the one of diagonal `k` in the row (`Eq`), or right (`Le`) or left (`Ge`) of it too.
fn band<A: Element>(
    operation: &'static str,
    side: CompareOp,
    k: isize,
    chunks: Chunks,
    info: &LayerInfo,
) -> Array<A> {
    let params = |token: &mut Tokenizer| (k, side as u8).tokenize(token);
    created_by(operation, &params, chunks, info, |program, extent| {
        let (zero, one) = (0_i64.to_scalar(), 1_i64.to_scalar());
        let diagonal = program.ramp(DType::I64, extent, 0, (k as i64).to_scalar(), one);
        let column = program.ramp(DType::I64, extent, 1, zero, one);
        let inside: Operand = program.compare(side, DType::I64, diagonal, column);
        program.cast(DType::Bool, A::DTYPE, inside)
    })
}

/// What one block has of a diagonal.
struct Piece {
    /// The block's numbers along the two axes.
    blocks: [u32; 2],
    /// Where in the block it begins.
    starts: [usize; 2],
    len: usize,
}

/// Cuts a diagonal of `len` elements from `from` on where blocks with these bounds end.
fn pieces(starts: &[Vec<usize>; 2], from: [usize; 2], len: usize) -> Vec<Piece> {
    let mut cuts: Vec<usize> = vec![0, len];
    for (starts, from) in starts.iter().zip(from) {
        cuts.extend(starts.iter().filter_map(|start| start.checked_sub(from)).filter(|&at| at < len));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let piece = |cut: &[usize]| {
        let block = |of: usize| {
            let at = from[of] + cut[0];
            let block = starts[of].partition_point(|&start| start <= at) - 1;
            (block as u32, at - starts[of][block])
        };
        let [(row, row_start), (column, column_start)] = [block(0), block(1)];
        Piece { blocks: [row, column], starts: [row_start, column_start], len: cut[1] - cut[0] }
    };
    cuts.windows(2).map(piece).collect()
}

/// Which diagonal to take of a block.
#[derive(Debug, Serialize, Deserialize)]
struct Diagonal {
    axes: [usize; 2],
    /// The position of its first element along these.
    starts: [usize; 2],
    len: usize,
}

encoded_payload!(Diagonal, |it| size_of_val(it));

/// Takes a diagonal of a block.
struct TakeDiagonal<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for TakeDiagonal<A> {
    const NAME: &'static str = "diagonal";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, diagonal) = (args.get::<Block<A>>(0)?, args.get::<Diagonal>(1)?);
        let [first, second] = diagonal.axes;
        let own = block.strides();
        let is_kept = |axis: &usize| *axis != first && *axis != second;
        let (mut shape, mut strides): (Vec<usize>, Vec<usize>) =
            (0..own.len()).filter(is_kept).map(|axis| (block.shape()[axis], own[axis])).unzip();
        shape.push(diagonal.len);
        // A step along the diagonal is one along both axes.
        strides.push(own[first] + own[second]);
        if shape.contains(&0) {
            return Ok(Block::new(ArrayD::<A>::default(IxDyn(&shape))).into());
        }
        let start = diagonal.starts[0] * own[first] + diagonal.starts[1] * own[second];
        let elements = block.span().get(start..).unwrap_or_default();
        let view = ArrayView::from_shape(IxDyn(&shape).strides(IxDyn(&strides)), elements);
        Ok(Block::new(view.map_err(OpError::failed)?.to_owned()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagonal_is_cut_where_a_block_ends() {
        let cut = |rows: &[usize], columns: &[usize], from, len| {
            let pieces = pieces(&[rows.to_vec(), columns.to_vec()], from, len);
            pieces.iter().map(|piece| (piece.blocks, piece.starts, piece.len)).collect::<Vec<_>>()
        };
        assert_eq!(
            cut(&[0, 3, 6], &[0, 2, 2, 7], [1, 0], 5),
            [([0, 0], [1, 0], 2), ([1, 2], [0, 0], 3)],
            "an empty block has nothing of it"
        );
        assert_eq!(cut(&[0, 4], &[0, 2, 4], [0, 1], 3), [([0, 0], [0, 1], 1), ([0, 1], [1, 0], 2)]);
    }
}
