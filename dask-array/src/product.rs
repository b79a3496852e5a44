//! Products of blocks: what an output block of a contraction is added up of.
//!
//! Every product of arrays (`matmul`, `tensordot`, `einsum`, …) is brought to one form: the axes of two operands are
//! *batch* axes, which both have and the result keeps, axes of one operand alone, and contracted axes, which vanish.
//! With axes in that order and those of a kind taken together, a block is a stack of matrices:
//!
//! ```text
//! c[batch, rows, columns] += a[batch, rows, contracted] · b[batch, contracted, columns]
//! ```

mod gemm;

use std::marker::PhantomData;

use dask_graph::{Arg, Args, List, OpError, Value};
use ndarray::{Array3, ArrayD, ArrayView3, ArrayViewD, Axis, CowArray, Ix3, IxDyn};
use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::element::Element;
use crate::kernel::{Kernel, encoded_payload};

pub(crate) use self::gemm::Products;

/// How blocks of two operands are multiplied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Contraction {
    /// The axes of the first operand: batch axes, rows, contracted.
    pub(crate) left: Vec<usize>,
    /// The axes of the second operand: batch axes, contracted, columns.
    pub(crate) right: Vec<usize>,
    /// How many axes are batch axes.
    pub(crate) n_batch: usize,
    /// How many axes are contracted.
    pub(crate) n_contracted: usize,
    /// Where the axes of the result lie among batch axes, rows and columns; none for a sum that goes on.
    pub(crate) out: Option<Vec<usize>>,
    /// The size of the largest result.
    pub(crate) nbytes: u64,
}

encoded_payload!(Contraction, |it| (it.left.len() + it.right.len()) * size_of::<usize>());

/// The elements of a stack of matrices.
type Stack<'a, A> = CowArray<'a, A, Ix3>;

impl Contraction {
    fn left<'a, A: Element>(&self, block: &'a Block<A>) -> Result<Stack<'a, A>, OpError> {
        let rows = self.left.len().saturating_sub(self.n_contracted);
        stacked(block, &self.left, self.n_batch, rows)
    }

    fn right<'a, A: Element>(&self, block: &'a Block<A>) -> Result<Stack<'a, A>, OpError> {
        stacked(block, &self.right, self.n_batch, self.n_batch + self.n_contracted)
    }

    /// The lengths of batch axes, rows and columns.
    fn shape<A: Element>(&self, a: &Block<A>, b: &Block<A>) -> Vec<usize> {
        let rows = self.left.len().saturating_sub(self.n_contracted);
        let of_left = self.left[..rows].iter().map(|&axis| a.shape()[axis]);
        let columns = (self.n_batch + self.n_contracted).min(self.right.len());
        of_left.chain(self.right[columns..].iter().map(|&axis| b.shape()[axis])).collect()
    }

    /// The result with its axes in their places.
    fn finished<A: Element>(&self, sum: ArrayD<A>) -> Value {
        let sum = Block::new(sum);
        match &self.out {
            Some(out) if !out.is_sorted() => sum.transposed(out).into(),
            _ => sum.into(),
        }
    }
}

/// A block as a stack of matrices; nothing is copied where strides can say it.
fn stacked<'a, A: Element>(
    block: &'a Block<A>,
    axes: &[usize],
    n_batch: usize,
    split: usize,
) -> Result<Stack<'a, A>, OpError> {
    if block.shape().len() != axes.len() {
        return Err(OpError::failed(MisfitError { left: block.shape().to_vec(), right: axes.to_vec() }));
    }
    let view = block.view().permuted_axes(IxDyn(axes));
    let ends = [0, n_batch, split, axes.len()];
    if let Some(stack) = merged(view.clone(), ends) {
        return Ok(stack.into());
    }
    let shape: Vec<usize> =
        ends.windows(2).map(|ends| view.shape()[ends[0]..ends[1]].iter().product()).collect();
    let copy = view.as_standard_layout().into_owned();
    let stack = copy.into_shape_with_order((shape[0], shape[1], shape[2])).map_err(OpError::failed)?;
    Ok(stack.into())
}

/// The view with the axes between these ends taken together, if they lie as one in memory.
fn merged<A>(mut view: ArrayViewD<'_, A>, ends: [usize; 4]) -> Option<ArrayView3<'_, A>> {
    if view.is_empty() {
        return None;
    }
    // From behind, so that positions in front stay.
    for ends in ends.windows(2).rev() {
        let (from, to) = (ends[0], ends[1]);
        if from == to {
            view = view.insert_axis(Axis(from));
            continue;
        }
        for axis in (from..to - 1).rev() {
            if !view.merge_axes(Axis(axis), Axis(to - 1)) {
                return None;
            }
        }
        for axis in (from..to - 1).rev() {
            view = view.index_axis_move(Axis(axis), 0);
        }
    }
    view.into_dimensionality().ok()
}

/// Adds products of blocks up: those of the blocks of two lists, pair by pair, to a sum that is given or to zero.
pub(crate) struct Contracting<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Contracting<A> {
    const NAME: &'static str = "product";

    fn output_nbytes(args: &[Arg]) -> Option<u64> {
        sum_nbytes(args)
    }

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let sum = if args.len() > 3 { Some(args.take::<Block<A>>(3)?) } else { None };
        let contraction = args.get::<Contraction>(0)?;
        let (left, right) = (args.list(1)?, args.list(2)?);
        let (a, b) = (item::<A>(left, 1)?, item::<A>(right, 2)?);
        let shape = contraction.shape(a, b);
        let flat = (contraction.left(a)?.dim(), contraction.right(b)?.dim());
        let flat = (flat.0.0, flat.0.1, flat.1.2);
        let mut sum: Array3<A> = match sum {
            // The sum before, in its own memory if this task is the last to need it.
            Some(sum) => sum.into_array().into_shape_with_order(flat).map_err(OpError::failed)?,
            None => Array3::from_elem(flat, A::default()),
        };
        for (a, b) in left.iter().zip(right) {
            let (a, b) = (block_of::<A>(a, 1)?, block_of::<A>(b, 2)?);
            let (a, b) = (contraction.left(a)?, contraction.right(b)?);
            let fits = a.dim().0 == flat.0 && a.dim().1 == flat.1 && b.dim() == (flat.0, a.dim().2, flat.2);
            if !fits {
                return Err(OpError::failed(MisfitError {
                    left: a.shape().to_vec(),
                    right: b.shape().to_vec(),
                }));
            }
            for (at, c) in sum.outer_iter_mut().enumerate() {
                A::gemm(a.index_axis(Axis(0), at), b.index_axis(Axis(0), at), c);
            }
        }
        let sum = sum.into_shape_with_order(IxDyn(&shape)).map_err(OpError::failed)?;
        Ok(contraction.finished(sum))
    }
}

/// Adds one sum of products to another.
pub(crate) struct Adding<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Adding<A> {
    const NAME: &'static str = "product-sum";

    fn output_nbytes(args: &[Arg]) -> Option<u64> {
        sum_nbytes(args)
    }

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let mut sum = args.take::<Block<A>>(1)?.into_array();
        let (contraction, other) = (args.get::<Contraction>(0)?, args.get::<Block<A>>(2)?);
        if sum.shape() != other.shape() {
            return Err(OpError::failed(MisfitError {
                left: sum.shape().to_vec(),
                right: other.shape().to_vec(),
            }));
        }
        sum.zip_mut_with(&other.view(), |a, &b| *a = A::add(*a, b));
        Ok(contraction.finished(sum))
    }
}

/// The size of a sum of products, which its contraction says.
fn sum_nbytes(args: &[Arg]) -> Option<u64> {
    let Arg::Value(contraction) = args.first()? else { return None };
    Some(contraction.downcast_ref::<Contraction>()?.nbytes)
}

/// The first block of a list.
fn item<A: Element>(list: &List, at: usize) -> Result<&Block<A>, OpError> {
    let first = list.iter().next().ok_or(OpError::MissingArgument { at, given: 0 })?;
    block_of(first, at)
}

pub(crate) fn block_of<A: Element>(value: &Value, at: usize) -> Result<&Block<A>, OpError> {
    value.get().map_err(|source| OpError::Argument { at, source })
}

/// Blocks that their arrays said would fit.
#[derive(Debug, thiserror::Error)]
#[error("blocks of shapes {left:?} and {right:?} do not fit together")]
pub(crate) struct MisfitError {
    pub(crate) left: Vec<usize>,
    pub(crate) right: Vec<usize>,
}
