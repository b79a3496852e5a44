//! Systems of linear equations.

use dask_graph::LayerInfo;
use ndarray::NewAxis;

use super::cholesky::factored;
use super::dense::{Field, adjoint};
use super::lu::Panels;
use super::square;
use super::triangular::{check_right_side, solved};
use crate::array::{Array, concatenate};
use crate::error::ArrayError;

/// What is known of a matrix that is to be solved (scipy's `assume_a`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Assume {
    /// Nothing: LU factorisation with partial pivoting.
    #[default]
    General,
    /// It is symmetric (Hermitian) and positive definite: Cholesky factorisation, half the work. Only the lower
    /// triangle is looked at.
    PositiveDefinite,
}

/// Solves `a · x = b` (scipy's and dask's `solve`). `b` is a vector, or a matrix of several.
///
/// # Errors
///
/// - When `a` is no square matrix.
/// - When `b` is neither vector nor matrix, or has not as many rows as `a`.
///
/// The run fails with a [`LinalgError`](super::LinalgError) when the matrix is singular, or not positive definite as
/// was assumed.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg::{self, Assume}, ndarray::{arr1, arr2}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let a = Array::from_ndarray(arr2(&[[0.0, 2.0], [4.0, 2.0]]), 1)?;
/// let b = Array::from_ndarray(arr1(&[2.0, 10.0]), 1)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// let x = linalg::solve(&a, &b, Assume::General)?;
/// assert_eq!(x.compute_with(&scheduler)?, arr1(&[2.0, 1.0]).into_dyn());
///
/// let error = linalg::solve(&(a * 0.0), &b, Assume::General)?.compute_with(&scheduler).unwrap_err();
/// assert!(format!("{error:?}").contains("Singular"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn solve<A: Field>(a: &Array<A>, b: &Array<A>, assume: Assume) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    check_right_side("solve", a, b)?;
    match assume {
        Assume::General => general(a, b, &info),
        Assume::PositiveDefinite => {
            let l = factored(a, &info);
            let y = solved(&l, b, true, &info);
            Ok(solved(&adjoint(&l), &y, false, &info))
        }
    }
}

/// By factoring `a` and `b` side by side: what becomes of `b` is solved by the lower factor already.
fn general<A: Field>(a: &Array<A>, b: &Array<A>, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
    if b.ndim() == 1 {
        let x = general(a, &b.sliced(&[(..).into(), NewAxis.into()], info)?, info)?;
        return x.sliced(&[(..).into(), 0.into()], info);
    }
    let n = a.shape()[0];
    let u = Panels::new(&concatenate([a, b], 1)?, info).u(info);
    let left = u.sliced(&[(..).into(), (..n).into()], info)?;
    let right = u.sliced(&[(..).into(), (n..).into()], info)?;
    Ok(solved(&left, &right, false, info))
}

/// The inverse of a matrix (numpy's `inv`). To solve a system, [`solve`] is faster and more accurate.
///
/// # Errors
///
/// - When the array is no square matrix.
///
/// The run fails with [`LinalgError::Singular`](super::LinalgError::Singular) when the matrix has none.
#[track_caller]
pub fn inv<A: Field>(a: &Array<A>) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let n = square("inv", a)?;
    general(a, &Array::eye(n, n, 0, a.chunks())?, &info)
}
