//! Axes in another order.

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Tokenizer};

use super::{Array, Lazy, blockwise, built, name_of};
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::program::builder::ProgramBuilder;
use crate::program::op::ProgramOp;
use crate::program::{ArgKind, ArgSpec};

impl<A: Element> Array<A> {
    /// The array with its axes reversed: of a matrix, the transpose.
    #[must_use]
    #[track_caller]
    pub fn t(&self) -> Array<A> {
        let order: Vec<usize> = (0..self.ndim()).rev().collect();
        self.permuted(&order, &LayerInfo::here())
    }

    /// The array with its axes in another order: axis `i` of the result is axis `axes[i]`. A negative axis
    /// counts from the end.
    ///
    /// Nothing is copied: a block that is transposed on its own shares its buffer, and operations that follow
    /// read the block along its new axes.
    ///
    /// # Errors
    ///
    /// - When `axes` does not name each axis once.
    #[track_caller]
    pub fn transpose(&self, axes: &[isize]) -> Result<Array<A>, ArrayError> {
        let order = axes.iter().map(|&axis| axis_of(axis, self.shape())).collect::<Result<Vec<_>, _>>()?;
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted != (0..self.ndim()).collect::<Vec<_>>() {
            return Err(ArrayError::Axes { axes: axes.to_vec(), ndim: self.ndim() });
        }
        Ok(self.permuted(&order, &LayerInfo::here()))
    }

    pub(crate) fn permuted(&self, order: &[usize], info: &LayerInfo) -> Array<A> {
        if order.is_sorted() {
            return self.clone();
        }
        let chunks =
            Chunks::from_lengths(order.iter().map(|&axis| self.chunks().lengths(axis).to_vec()).collect());
        // Axis `order[i]` of the operand runs along axis `i` of the result.
        let mut axes = vec![0; order.len()];
        for (i, &axis) in order.iter().enumerate() {
            axes[axis] = i;
        }
        let name = name_of("transpose", Tokenizer::new("transpose").feed(self.name()).feed(order).finish());
        let mut program = ProgramBuilder::new(order.len());
        let operand = program.arg(ArgSpec::once(ArgKind::Block(A::DTYPE), axes.clone()));
        let op = Arc::new(ProgramOp::new("transpose", program.finish(operand, A::DTYPE)));
        let layer = blockwise(&name, op, &chunks, info).blocks(self.name(), &self.lazy().block_axes(axes));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }
}

/// The axis that `axis` means, which may count from the end.
pub(crate) fn axis_of(axis: isize, shape: &[usize]) -> Result<usize, ArrayError> {
    let at = if axis < 0 { shape.len().checked_add_signed(axis) } else { Some(axis.unsigned_abs()) };
    at.filter(|&at| at < shape.len())
        .ok_or_else(|| ArrayError::AxisOutOfRange { axis, shape: shape.to_vec() })
}
