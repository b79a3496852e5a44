//! Cumulative operations by functions of the user.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, Graph, LayerInfo, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value};
use ndarray::{ArrayD, ArrayViewD, Axis, Zip};

use super::transpose::axis_of;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// A cumulative operation by two functions (`dask.array.reductions.cumreduction`): `accumulate` goes through a block
    /// along the axis, and `join` puts what a block ends with before each element of the next.
    ///
    /// A block waits for the one before it along the axis. `join` is to be associative. Both run in other processes,
    /// too, if they capture nothing.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, ArrayD, ArrayViewD, Axis}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The largest so far.
    /// let x = Array::from_ndarray(arr1(&[2, 1, 5, 3, 4, 6]), 2)?;
    /// let largest = x.cumreduction(
    ///     0,
    ///     |block: ArrayViewD<'_, i32>, axis: Axis| -> ArrayD<i32> {
    ///         let mut largest = block.to_owned();
    ///         largest.accumulate_axis_inplace(axis, |&before, x| *x = before.max(*x));
    ///         largest
    ///     },
    ///     i32::max,
    /// )?;
    /// assert_eq!(largest.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[2, 2, 5, 5, 5, 6]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    /// - In the run, when `accumulate` gives a block of another shape.
    #[track_caller]
    pub fn cumreduction<B: Element>(
        &self,
        axis: isize,
        accumulate: impl Fn(ArrayViewD<'_, A>, Axis) -> ArrayD<B> + Send + Sync + 'static,
        join: impl Fn(B, B) -> B + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        let op: Arc<dyn Op> =
            Arc::new(CumulateOp { axis, accumulate, join, element: PhantomData::<fn(A) -> B> });
        // A function has no content that could be compared.
        let name = name_of("cumreduction", Token::unique());
        let graph = Graph::with_inputs(self.chained(&name, op, axis, &info), [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: self.lazy().chunks.clone() }))
    }
}

/// Accumulates a block, on from the end of the block behind it, if there is one.
struct CumulateOp<A, B, F, J> {
    axis: usize,
    accumulate: F,
    join: J,
    element: PhantomData<fn(A) -> B>,
}

impl<A: Element, B: Element, F, J> Op for CumulateOp<A, B, F, J>
where
    F: Fn(ArrayViewD<'_, A>, Axis) -> ArrayD<B> + Send + Sync + 'static,
    J: Fn(B, B) -> B + Send + Sync + 'static,
{
    fn name(&self) -> std::borrow::Cow<'_, str> {
        "cumreduction".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (block, axis) = (args.get::<Block<A>>(0)?, Axis(self.axis));
        let mut made = (self.accumulate)(block.view(), axis);
        if made.shape() != block.shape() {
            let (got, expected) = (made.shape().to_vec(), block.shape().to_vec());
            return Err(OpError::failed(CumulateShapeError { got, expected }));
        }
        if args.len() > 1 {
            let before = args.get::<Block<B>>(1)?.view();
            // A block that another begins with is not empty along the axis.
            if let Some(last) = before.len_of(axis).checked_sub(1) {
                let last = before.index_axis(axis, last);
                for lane in made.axis_iter_mut(axis) {
                    Zip::from(lane).and(&last).for_each(|x, &last| *x = (self.join)(last, *x));
                }
            }
        }
        Ok(Block::new(made).into())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.axis)?;
        to.function::<fn(ArrayViewD<'static, A>, Axis) -> ArrayD<B>, F>(&self.accumulate)?;
        to.function::<fn(B, B) -> B, J>(&self.join)?;
        Ok(|from| {
            let axis = from.state()?;
            let accumulate = from.function::<fn(ArrayViewD<'static, A>, Axis) -> ArrayD<B>, F>()?;
            let join = from.function::<fn(B, B) -> B, J>()?;
            let op = CumulateOp { axis, accumulate, join, element: PhantomData::<fn(A) -> B> };
            Ok(Unpacked::op(op))
        })
    }
}

/// A function that did not give a block of the shape of the one that it was given.
#[derive(Debug, thiserror::Error)]
#[error("a cumulative function made a block of shape {got:?} of one of shape {expected:?}")]
struct CumulateShapeError {
    got: Vec<usize>,
    expected: Vec<usize>,
}
