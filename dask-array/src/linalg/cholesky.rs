//! The Cholesky factorisation.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use faer::Par;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use ndarray::Array2;

use super::dense::{
    Field, adjoint, adjoint_of, columns, faer_mut, faer_ref, matrix_of, subtract_product, zeros,
};
use super::triangular::{Corner, diagonal_blocks, misfit};
use super::{LinalgError, square};
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};
use crate::product::block_of;

/// Factors a positive definite matrix `a` into a triangular matrix and its conjugated transpose (scipy's `cholesky`):
/// `l · lᴴ` if `lower`, else `uᴴ · u`. Only the triangle of `a` that the factor has is looked at.
///
/// One task a block of the factor; each subtracts products in place.
///
/// # Errors
///
/// - When the array is no square matrix.
///
/// The run fails with [`LinalgError::NotPositiveDefinite`] when the matrix is not.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg, ndarray::arr2};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let a = Array::from_ndarray(arr2(&[[4.0, 2.0], [2.0, 10.0]]), 1)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// let l = linalg::cholesky(&a, true)?.compute_with(&scheduler)?;
/// assert_eq!(l, arr2(&[[2.0, 0.0], [1.0, 3.0]]).into_dyn());
///
/// let error = linalg::cholesky(&(a - 5.0), true)?.compute_with(&scheduler).unwrap_err();
/// assert!(format!("{error:?}").contains("NotPositiveDefinite { block: 0, pivot: 0 }"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn cholesky<A: Field>(a: &Array<A>, lower: bool) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    square("cholesky", a)?;
    Ok(if lower { factored(a, &info) } else { adjoint(&factored(&adjoint(a), &info)) })
}

/// The lower factor.
pub(super) fn factored<A: Field>(a: &Array<A>, info: &LayerInfo) -> Array<A> {
    let cuts = diagonal_blocks(&[a.chunks().lengths(0), a.chunks().lengths(1)]);
    let chunks = Chunks::from_lengths(vec![cuts.clone(), cuts]);
    let a = a.rechunked(&chunks, info);
    let name = name_of("cholesky", Tokenizer::new("cholesky").feed(a.name()).finish());
    let (op, zero) = (kernel_op::<Eliminating<A>>(), kernel_op::<Zero<A>>());
    let (own, input, starts) = (name.clone(), a.name().clone(), chunks.starts(0));
    let node = move |index: &[u32]| {
        let (i, j) = (index[0], index[1]);
        if i < j {
            let length = |at: u32| starts[at as usize + 1] - starts[at as usize];
            return Node::Task(Task::new(zero.clone(), [Arg::Value(Value::new(vec![length(i), length(j)]))]));
        }
        let row = |i: u32| Arg::List((0..j).map(|k| Arg::Key(Key::new(&own, &[i, k]))).collect());
        let corner = Corner { lower: true, block: j, start: starts[j as usize] };
        let mut args =
            vec![Arg::Key(Key::new(&input, &[i, j])), row(i), row(j), Arg::Value(Value::sized(corner))];
        if i > j {
            args.push(Arg::Key(Key::new(&own, &[j, j])));
        }
        Node::Task(Task::new(op.clone(), args))
    };
    let layer = BlockLayer::new(&name, &chunks, &[a.name()], info, node);
    let graph = Graph::with_inputs(layer, [&a.lazy().graph]);
    Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
}

/// A block of the matrix, less products of blocks of the factor, factored if it lies on the diagonal, else divided
/// by the block there.
struct Eliminating<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Eliminating<A> {
    const NAME: &'static str = "cholesky";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let mut l = columns(matrix_of(args.get::<Block<A>>(0)?)?);
        for (a, b) in args.list(1)?.iter().zip(args.list(2)?) {
            let (a, b) = (matrix_of(block_of::<A>(a, 1)?)?, matrix_of(block_of::<A>(b, 2)?)?);
            if (a.nrows(), b.nrows()) != l.dim() || a.ncols() != b.ncols() {
                return Err(misfit(a, b));
            }
            subtract_product(a, adjoint_of(b).view(), &mut l.view_mut());
        }
        let corner = args.get::<Corner>(3)?;
        if args.len() < 5 {
            decompose(&mut l, corner)?;
            return Ok(Block::new(l.into_dyn()).into());
        }
        // x · lᴴ = a is l · xᴴ = aᴴ.
        let diagonal = columns(matrix_of(args.get::<Block<A>>(4)?)?);
        let mut turned = columns(adjoint_of(l.view()).view());
        if diagonal.nrows() != turned.nrows() {
            return Err(misfit(diagonal.view(), turned.view()));
        }
        if !turned.is_empty() {
            solve_lower_triangular_in_place(faer_ref(&diagonal), faer_mut(&mut turned), Par::Seq);
        }
        Ok(Block::new(adjoint_of(turned.view()).into_owned().into_dyn()).into())
    }
}

/// Factors a block of the diagonal in place.
fn decompose<A: Field>(l: &mut Array2<A>, corner: &Corner) -> Result<(), OpError> {
    let n = l.nrows();
    if n != l.ncols() {
        return Err(misfit(l.view(), l.view()));
    }
    if n == 0 {
        return Ok(());
    }
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<A>(n, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut memory);
    let done = cholesky_in_place(faer_mut(l), Default::default(), Par::Seq, stack, Default::default());
    let not_positive = |at: usize| {
        let pivot = corner.start + at;
        OpError::failed(LinalgError::NotPositiveDefinite { block: corner.block, pivot })
    };
    match done {
        Err(LltError::NonPositivePivot { index }) => return Err(not_positive(index)),
        Ok(_) => {}
    }
    if let Some(at) = l.diag().iter().position(|pivot| !pivot.magnitude().is_finite()) {
        return Err(not_positive(at));
    }
    for ((i, j), x) in l.indexed_iter_mut() {
        if i < j {
            *x = A::default();
        }
    }
    Ok(())
}

/// A block of zeros.
struct Zero<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Zero<A> {
    const NAME: &'static str = "zeros";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let shape = args.get::<Vec<usize>>(0)?;
        match shape[..] {
            [m, n] => Ok(Block::new(zeros::<A>(m, n).into_dyn()).into()),
            _ => Err(OpError::MissingArgument { at: 0, given: shape.len() }),
        }
    }
}
