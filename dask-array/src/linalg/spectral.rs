//! Singular values, and the norms that are made of them.

use super::Field;
use super::svd::svd;
use crate::array::Array;
use crate::error::ArrayError;

/// A norm of matrices that is made of singular values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spectral {
    /// The largest: how much the matrix stretches at most (numpy's order 2).
    Largest,
    /// The smallest: how much it stretches at least (numpy's order -2).
    Smallest,
    /// The sum (numpy's order `nuc`).
    Nuclear,
}

/// The singular values of a matrix, largest first (`numpy.linalg.svdvals`). The vectors are not made.
///
/// All columns of a tall matrix, or all rows of a wide one, are taken in one block, as by [`svd`].
///
/// # Errors
///
/// - When the array is no matrix.
///
/// The run fails with [`LinalgError::NoConvergence`](super::LinalgError::NoConvergence) when elements are NaN or
/// infinite.
#[track_caller]
pub fn singular_values<A: Field>(a: &Array<A>) -> Result<Array<A::RealFloat>, ArrayError> {
    Ok(svd(a)?.1)
}

/// A spectral norm of a matrix (`numpy.linalg.norm` of orders 2, -2 and `nuc`); for all others see
/// [`Array::norm`].
///
/// # Errors
///
/// - When the array is no matrix, or has no elements and the norm is not the nuclear one.
///
/// The run fails as that of [`singular_values`].
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg::{self, Spectral}, ndarray::arr2};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[3.0_f64, 0.0], [0.0, -5.0], [0.0, 0.0]]), [1, 2])?;
/// let scheduler = dask_sched_sync::Sync::new();
/// let largest = linalg::spectral_norm(&x, Spectral::Largest)?.item_with(&scheduler)?;
/// let nuclear = linalg::spectral_norm(&x, Spectral::Nuclear)?.item_with(&scheduler)?;
/// assert!((largest - 5.0).abs() < 1e-12 && (nuclear - 8.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn spectral_norm<A: Field>(a: &Array<A>, norm: Spectral) -> Result<Array<A::RealFloat>, ArrayError> {
    let values = singular_values(a)?;
    match norm {
        Spectral::Largest => values.max(..),
        Spectral::Smallest => values.min(..),
        Spectral::Nuclear => values.sum_as(..),
    }
}
