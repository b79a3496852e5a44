//! Singular values.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Name, Node, OpError, Task, Tokenizer, Value};
use faer::Par;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::svd::{ComputeSvdVectors, svd as dense_svd, svd_scratch};
use ndarray::{Array2, ArrayView2};

use super::dense::{Field, adjoint, columns, faer_mut, faer_ref, matrix_of, zeros};
use super::parts::{Parts, Picking};
use super::tsqr::Tall;
use super::{LinalgError, matrix};
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Real;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};

/// Factors a matrix into `u · diag(s) · vh` (numpy's `svd` with `full_matrices=False`): the columns of `u` and the
/// rows of `vh` are orthonormal, the singular values `s` are not negative and come largest first. For a matrix of shape (m, n)
/// and k = min(m, n) they have shapes (m, k), (k,) and (k, n).
///
/// All columns of a tall matrix, or all rows of a wide one, are taken in one block; the matrix may be as long as it
/// likes along the other axis. For matrices that are large both ways see [`svd_compressed`](super::svd_compressed).
///
/// Signs do not depend on how the matrix is cut: of each vector on the shorter side, the largest element is positive.
///
/// # Errors
///
/// - When the array is no matrix.
///
/// The run fails with [`LinalgError::NoConvergence`] when elements are NaN or infinite.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(ndarray::arr2(&[[3.0_f64, 0.0], [0.0, -5.0], [0.0, 0.0]]), [2, 2])?;
/// let (u, s, vh) = linalg::svd(&x)?;
/// assert_eq!((u.shape(), vh.shape()), (&[3, 2][..], &[2, 2][..]));
/// let s: ndarray::ArrayD<f64> = s.compute_with(&dask_sched_sync::Sync::new())?;
/// assert!((s[0] - 5.0_f64).abs() < 1e-12 && (s[1] - 3.0_f64).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn svd<A: Field>(a: &Array<A>) -> Result<(Array<A>, Array<A::RealFloat>, Array<A>), ArrayError> {
    let info = LayerInfo::here();
    let [m, n] = matrix("svd", a)?;
    if m >= n {
        return Ok(tall(a, &info));
    }
    let (u, s, vh) = tall(&adjoint(a), &info);
    Ok((adjoint(&vh), s, adjoint(&u)))
}

/// The factors of a matrix that is not wide.
fn tall<A: Field>(a: &Array<A>, info: &LayerInfo) -> (Array<A>, Array<A::RealFloat>, Array<A>) {
    let tall = Tall::new(a, info);
    let small = Small::new(&tall.r(info), info);
    (tall.q_times(&small.u(info), info), small.s(info), small.vh(info))
}

/// The singular values and vectors of a matrix of one block.
pub(super) struct Small<A: Field> {
    name: Name,
    shape: [usize; 2],
    graph: Graph,
    element: PhantomData<fn() -> A>,
}

impl<A: Field> Small<A> {
    pub(super) fn new(r: &Array<A>, info: &LayerInfo) -> Self {
        let name = name_of("svd", Tokenizer::new("svd").feed(r.name()).finish());
        let (op, key) = (kernel_op::<Decomposing<A>>(), Arg::Key(r.key(&[0, 0])));
        let node = move |_: &[u32]| Node::Task(Task::new(op.clone(), [key.clone()]));
        let layer = BlockLayer::grid(&name, vec![1], &[r.name()], info, node);
        let graph = Graph::with_inputs(layer, [&r.lazy().graph]);
        Self { name, shape: [r.shape()[0], r.shape()[1]], graph, element: PhantomData }
    }

    fn size(&self) -> usize {
        self.shape[0].min(self.shape[1])
    }

    pub(super) fn u(&self, info: &LayerInfo) -> Array<A> {
        let shape = [self.shape[0], self.size()];
        picked(&self.name, &self.graph, 0, &shape, kernel_op::<Picking<A>>(), info)
    }

    pub(super) fn s(&self, info: &LayerInfo) -> Array<A::RealFloat> {
        picked(&self.name, &self.graph, 1, &[self.size()], kernel_op::<Magnitudes<A>>(), info)
    }

    pub(super) fn vh(&self, info: &LayerInfo) -> Array<A> {
        let shape = [self.size(), self.shape[1]];
        picked(&self.name, &self.graph, 2, &shape, kernel_op::<Picking<A>>(), info)
    }
}

/// An array of one block: matrix `at` of what the only task of a layer makes.
pub(super) fn picked<B: crate::element::Element>(
    from: &Name,
    graph: &Graph,
    at: usize,
    shape: &[usize],
    op: Arc<dyn dask_graph::Op>,
    info: &LayerInfo,
) -> Array<B> {
    let name = name_of("pick", Tokenizer::new("pick").feed(from).feed(&at).finish());
    let chunks = Chunks::from_lengths(shape.iter().map(|&n| vec![n]).collect());
    let args = [Arg::Key(Key::new(from, &[0])), Arg::Value(Value::new(at))];
    let node = move |_: &[u32]| Node::Task(Task::new(op.clone(), args.clone()));
    let layer = BlockLayer::new(&name, &chunks, &[from], info, node);
    let graph = Graph::with_inputs(layer, [graph]);
    Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
}

/// The dense decomposition; `u`, `s` as a column, `vh`.
struct Decomposing<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Decomposing<A> {
    const NAME: &'static str = "svd";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (u, s, vh) = decompose(matrix_of(args.get::<Block<A>>(0)?)?)?;
        let mut parts = Parts::new(Vec::new());
        parts.push(u.view());
        parts.push(s.view());
        parts.push(vh.view());
        Ok(Value::sized(parts))
    }
}

/// `u`, `s` as a column, and `vh` of a matrix in memory.
pub(super) fn decompose<A: Field>(
    matrix: ArrayView2<'_, A>,
) -> Result<(Array2<A>, Array2<A>, Array2<A>), OpError> {
    let (rows, n) = matrix.dim();
    let size = rows.min(n);
    let (mut u, mut s, mut v) = (zeros(rows, size), zeros(size, 1), zeros(n, size));
    if size > 0 {
        let failed = || OpError::failed(LinalgError::NoConvergence { rows, columns: n });
        if matrix.iter().any(|x| !x.magnitude().is_finite()) {
            return Err(failed());
        }
        let matrix = columns(matrix);
        let thin = ComputeSvdVectors::Thin;
        let mut memory = MemBuffer::new(svd_scratch::<A>(rows, n, thin, thin, Par::Seq, Default::default()));
        let stack = MemStack::new(&mut memory);
        let values = DiagMut::from_slice_mut(s.as_slice_memory_order_mut().unwrap_or_default());
        let vectors = (Some(faer_mut(&mut u)), Some(faer_mut(&mut v)));
        dense_svd(faer_ref(&matrix), values, vectors.0, vectors.1, Par::Seq, stack, Default::default())
            .map_err(|_| failed())?;
        sign(&mut u, &mut v);
    }
    let vh = v.t().mapv(|x| x.conjugate());
    Ok((u, s, vh))
}

/// Makes the largest element of each right vector positive.
fn sign<A: Field>(u: &mut Array2<A>, v: &mut Array2<A>) {
    for (mut left, mut right) in u.columns_mut().into_iter().zip(v.columns_mut()) {
        let largest = |best: A, x: &A| if x.magnitude() > best.magnitude() { *x } else { best };
        let largest = right.iter().fold(A::default(), largest);
        if largest.magnitude() > 0.0 {
            let turn = largest.conjugate() / A::of(largest.magnitude());
            left.mapv_inplace(|x| x * turn);
            right.mapv_inplace(|x| x * turn);
        }
    }
}

/// Takes a column out as a vector of absolute values.
pub(super) struct Magnitudes<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Magnitudes<A> {
    const NAME: &'static str = "singular-values";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (parts, &at) = (args.get::<Parts<A>>(0)?, args.get::<usize>(1)?);
        let column = parts.get(at)?;
        let values = column.iter().map(|x| A::RealFloat::from_f64(x.magnitude()));
        Ok(Block::<A::RealFloat>::new(ndarray::Array1::from_iter(values).into_dyn()).into())
    }
}
