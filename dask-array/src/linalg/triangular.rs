//! Triangular systems.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use faer::Par;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use ndarray::{ArrayView2, NewAxis};
use serde::{Deserialize, Serialize};

use super::dense::{Field, columns, faer_mut, faer_ref, matrix_of, subtract_product};
use super::{LinalgError, square};
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{Chunks, refine};
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};
use crate::product::{MisfitError, block_of};

/// Solves `a · x = b` for a triangular matrix (scipy's `solve_triangular`): lower triangular if `lower`, else upper.
/// The other triangle of `a` is not looked at. `b` is a vector, or a matrix of several.
///
/// One task a block of the result; each subtracts products in place.
///
/// # Errors
///
/// - When `a` is no square matrix.
/// - When `b` is neither vector nor matrix, or has not as many rows as `a`.
///
/// The run fails with [`LinalgError::Singular`] when there is a zero on the diagonal.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg, ndarray::{arr1, arr2}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let a = Array::from_ndarray(arr2(&[[2.0, 0.0], [1.0, 4.0]]), 1)?;
/// let b = Array::from_ndarray(arr1(&[2.0, 9.0]), 1)?;
/// let x = linalg::solve_triangular(&a, &b, true)?;
/// assert_eq!(x.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.0, 2.0]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn solve_triangular<A: Field>(a: &Array<A>, b: &Array<A>, lower: bool) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    check_right_side("solve_triangular", a, b)?;
    Ok(solved(a, b, lower, &info))
}

/// Refuses a right side that does not fit.
pub(super) fn check_right_side<A: Field>(
    operation: &'static str,
    a: &Array<A>,
    b: &Array<A>,
) -> Result<(), ArrayError> {
    let n = square(operation, a)?;
    if !(1..=2).contains(&b.ndim()) || b.shape()[0] != n {
        let reason = "the right side must be a vector or a matrix with as many rows as the matrix has";
        let (left, right) = (a.shape().to_vec(), b.shape().to_vec());
        return Err(ArrayError::Product { operation, left, right, reason });
    }
    Ok(())
}

/// Solves a system that fits.
pub(super) fn solved<A: Field>(a: &Array<A>, b: &Array<A>, lower: bool, info: &LayerInfo) -> Array<A> {
    let is_vector = b.ndim() == 1;
    if is_vector && let Ok(column) = b.sliced(&[(..).into(), NewAxis.into()], info) {
        let x = solved(a, &column, lower, info);
        return x.sliced(&[(..).into(), 0.into()], info).unwrap_or(x);
    }
    let cuts = diagonal_blocks(&[a.chunks().lengths(0), a.chunks().lengths(1)]);
    let a = a.rechunked(&Chunks::from_lengths(vec![cuts.clone(), cuts.clone()]), info);
    let chunks = Chunks::from_lengths(vec![cuts, b.chunks().lengths(1).to_vec()]);
    let b = b.rechunked(&chunks, info);

    let token = Tokenizer::new("solve_triangular").feed(a.name()).feed(b.name()).feed(&lower).finish();
    let name = name_of("solve_triangular", token);
    let (op, own) = (kernel_op::<Substituting<A>>(), name.clone());
    let (left, right, starts) = (a.name().clone(), b.name().clone(), chunks.starts(0));
    let n = chunks.n_blocks()[0];
    let node = move |index: &[u32]| {
        let (i, j) = (index[0], index[1]);
        let known = if lower { 0..i } else { i + 1..n };
        let of_a = known.clone().map(|k| Arg::Key(Key::new(&left, &[i, k])));
        let of_x = known.map(|k| Arg::Key(Key::new(&own, &[k, j])));
        let corner = Corner { lower, block: i, start: starts[i as usize] };
        let args = [
            Arg::Key(Key::new(&right, &[i, j])),
            Arg::List(of_a.collect()),
            Arg::List(of_x.collect()),
            Arg::Key(Key::new(&left, &[i, i])),
            Arg::Value(Value::sized(corner)),
        ];
        Node::Task(Task::new(op.clone(), args))
    };
    let layer = BlockLayer::new(&name, &chunks, &[a.name(), b.name()], info, node);
    let graph = Graph::with_inputs(layer, [&a.lazy().graph, &b.lazy().graph]);
    Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
}

/// The common refinement of cuts of one axis, without blocks of length zero.
pub(super) fn diagonal_blocks(cuts: &[&[usize]]) -> Vec<usize> {
    let mut lengths = refine(cuts);
    lengths.retain(|&n| n > 0);
    if lengths.is_empty() { vec![0] } else { lengths }
}

/// A block on the diagonal.
#[derive(Serialize, Deserialize)]
pub(super) struct Corner {
    pub(super) lower: bool,
    /// Its number.
    pub(super) block: u32,
    /// Its first row.
    pub(super) start: usize,
}

encoded_payload!(Corner, |it| size_of_val(it));

/// A block of the right side, less products of known blocks, divided by a block of the diagonal.
struct Substituting<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Substituting<A> {
    const NAME: &'static str = "solve_triangular";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let mut x = columns(matrix_of(args.get::<Block<A>>(0)?)?);
        for (a, known) in args.list(1)?.iter().zip(args.list(2)?) {
            let (a, known) = (matrix_of(block_of::<A>(a, 1)?)?, matrix_of(block_of::<A>(known, 2)?)?);
            if (a.nrows(), known.ncols()) != x.dim() || a.ncols() != known.nrows() {
                return Err(misfit(a, known));
            }
            subtract_product(a, known, &mut x.view_mut());
        }
        let (a, corner) = (matrix_of(args.get::<Block<A>>(3)?)?, args.get::<Corner>(4)?);
        if a.dim() != (x.nrows(), x.nrows()) {
            return Err(misfit(a, x.view()));
        }
        if let Some(at) = a.diag().iter().position(|pivot| pivot.magnitude() == 0.0) {
            let pivot = corner.start + at;
            return Err(OpError::failed(LinalgError::Singular { block: corner.block, pivot }));
        }
        let a = columns(a);
        if !x.is_empty() {
            match corner.lower {
                true => solve_lower_triangular_in_place(faer_ref(&a), faer_mut(&mut x), Par::Seq),
                false => solve_upper_triangular_in_place(faer_ref(&a), faer_mut(&mut x), Par::Seq),
            }
        }
        Ok(Block::new(x.into_dyn()).into())
    }
}

pub(super) fn misfit<A>(a: ArrayView2<'_, A>, b: ArrayView2<'_, A>) -> OpError {
    OpError::failed(MisfitError { left: a.shape().to_vec(), right: b.shape().to_vec() })
}
