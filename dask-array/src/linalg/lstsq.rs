//! Least squares.

use std::marker::PhantomData;

use dask_graph::{Arg, Args, Graph, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use ndarray::{Axis, NewAxis, Slice};

use super::dense::{Field, adjoint, matrix_of, zeros};
use super::matrix;
use super::parts::{Parts, Picking};
use super::svd::{Magnitudes, decompose, picked};
use super::triangular::misfit;
use super::tsqr::Tall;
use crate::array::layer::BlockLayer;
use crate::array::{Array, Over, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};

/// What [`lstsq`] gives: each part is computed only if it is asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lstsq<A: Field> {
    /// The solution of the smallest norm, of shape (n,) or (n, k).
    pub solution: Array<A>,
    /// Sums of squared distances, one for each column of the right side. (numpy leaves them out if the matrix has no
    /// full rank, which only its elements tell.)
    pub residuals: Array<A::RealFloat>,
    /// The number of singular values that are not negligible.
    pub rank: Array<i64>,
    /// The singular values of the matrix.
    pub singular_values: Array<A::RealFloat>,
}

/// Solves `a · x = b` in the sense of least squares (numpy's `lstsq`): `x` makes the sum of squared distances
/// smallest, and of all that do has the smallest norm. `b` is a vector, or a matrix of several.
///
/// A tall matrix is taken by blocks of rows, a wide one by blocks of columns. Singular values below
/// max(m, n)·ε times the largest count as zero.
///
/// # Errors
///
/// - When `a` is no matrix.
/// - When `b` is neither vector nor matrix, or has not as many rows as `a`.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg, ndarray::{arr1, arr2}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A line through three points.
/// let a = Array::from_ndarray(arr2(&[[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), [2, 2])?;
/// let b = Array::from_ndarray(arr1(&[1.0, 3.0, 5.0]), 2)?;
/// let line = linalg::lstsq(&a, &b)?.solution.compute_with(&dask_sched_sync::Sync::new())?;
/// assert!((line[0] - 1.0_f64).abs() < 1e-12 && (line[1] - 2.0_f64).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn lstsq<A: Field>(a: &Array<A>, b: &Array<A>) -> Result<Lstsq<A>, ArrayError> {
    let info = LayerInfo::here();
    let [m, n] = matrix("lstsq", a)?;
    if !(1..=2).contains(&b.ndim()) || b.shape()[0] != m {
        let reason = "the right side must be a vector or a matrix with as many rows as the matrix has";
        let (left, right) = (a.shape().to_vec(), b.shape().to_vec());
        return Err(ArrayError::Product { operation: "lstsq", left, right, reason });
    }
    let is_vector = b.ndim() == 1;
    let column = if is_vector { b.sliced(&[(..).into(), NewAxis.into()], &info)? } else { b.clone() };
    let tolerance = m.max(n) as f64 * A::epsilon();
    let (x, small) = if m >= n {
        // a = q·r: the least squares of r·x = qᴴ·b.
        let tall = Tall::new(a, &info);
        let right = adjoint(&tall.q(&info)).matmul(&column)?;
        let small = Small::new(&tall.r(&info), &right, tolerance, &info);
        (small.x(&info), small)
    } else {
        // aᴴ = q·r, so a = rᴴ·qᴴ: with the smallest z in rᴴ·z = b, x = q·z.
        let tall = Tall::new(&adjoint(a), &info);
        let small = Small::new(&adjoint(&tall.r(&info)), &column, tolerance, &info);
        (tall.q_times(&small.x(&info), &info), small)
    };
    let distances = (&column - &a.matmul(&x)?).abs().astype::<A::RealFloat>();
    let residuals = distances.square().sum(Over::from(0).keepdims())?.astype::<A::RealFloat>();
    let index = if is_vector { [(..).into(), 0.into()] } else { [(..).into(), (..).into()] };
    Ok(Lstsq {
        solution: x.sliced(&index, &info)?,
        residuals: residuals.sliced(&[0.into(), (..).into()], &info)?,
        rank: small.rank(&info),
        singular_values: small.s(&info),
    })
}

/// Least squares of matrices of one block: `x`, the singular values as a column, and the rank.
struct Small<A: Field> {
    name: dask_graph::Name,
    graph: Graph,
    shape: [usize; 2],
    size: usize,
    element: PhantomData<fn() -> A>,
}

impl<A: Field> Small<A> {
    fn new(a: &Array<A>, b: &Array<A>, tolerance: f64, info: &LayerInfo) -> Self {
        let whole = |x: &Array<A>| {
            x.rechunked(&Chunks::from_lengths(x.shape().iter().map(|&n| vec![n]).collect()), info)
        };
        let (a, b) = (whole(a), whole(b));
        let name = name_of("lstsq", Tokenizer::new("lstsq").feed(a.name()).feed(b.name()).finish());
        let (op, keys) = (kernel_op::<Solving<A>>(), [a.key(&[0, 0]), b.key(&[0, 0])].map(Arg::Key));
        let node = move |_: &[u32]| {
            let [a, b] = keys.clone();
            Node::Task(Task::new(op.clone(), [a, b, Arg::Value(Value::new(tolerance))]))
        };
        let layer = BlockLayer::grid(&name, vec![1], &[a.name(), b.name()], info, node);
        let graph = Graph::with_inputs(layer, [&a.lazy().graph, &b.lazy().graph]);
        let shape = [a.shape()[1], b.shape()[1]];
        Self { name, graph, shape, size: a.shape()[0].min(a.shape()[1]), element: PhantomData }
    }

    fn x(&self, info: &LayerInfo) -> Array<A> {
        picked(&self.name, &self.graph, 0, &self.shape, kernel_op::<Picking<A>>(), info)
    }

    fn s(&self, info: &LayerInfo) -> Array<A::RealFloat> {
        picked(&self.name, &self.graph, 1, &[self.size], kernel_op::<Magnitudes<A>>(), info)
    }

    fn rank(&self, info: &LayerInfo) -> Array<i64> {
        picked(&self.name, &self.graph, 2, &[], kernel_op::<Rank<A>>(), info)
    }
}

struct Solving<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Solving<A> {
    const NAME: &'static str = "lstsq";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (a, b) = (matrix_of(args.get::<Block<A>>(0)?)?, matrix_of(args.get::<Block<A>>(1)?)?);
        let &tolerance = args.get::<f64>(2)?;
        if a.nrows() != b.nrows() {
            return Err(misfit(a, b));
        }
        let (u, s, vh) = decompose(a)?;
        let least = tolerance * s.first().map_or(0.0, |s| s.magnitude());
        let rank = s.iter().filter(|s| s.magnitude() > least).count();
        let mut x = zeros(a.ncols(), b.ncols());
        if rank > 0 {
            let kept = Slice::from(..rank);
            let u = u.slice_axis(Axis(1), kept).mapv(|x| x.conjugate());
            let mut coefficients = u.t().dot(&b);
            for (mut row, &s) in coefficients.rows_mut().into_iter().zip(&s) {
                row.mapv_inplace(|x| x / s);
            }
            let vh = vh.slice_axis(Axis(0), kept).mapv(|x| x.conjugate());
            x.assign(&vh.t().dot(&coefficients));
        }
        let mut parts = Parts::new(vec![rank]);
        parts.push(x.view());
        parts.push(s.view());
        Ok(Value::sized(parts))
    }
}

/// Takes the rank out.
struct Rank<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Rank<A> {
    const NAME: &'static str = "rank";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let rank = args.get::<Parts<A>>(0)?.marks.first().copied().unwrap_or(0);
        Ok(Block::<i64>::new(ndarray::arr0(rank as i64).into_dyn()).into())
    }
}
