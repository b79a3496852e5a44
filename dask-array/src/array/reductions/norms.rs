//! Norms.

use super::{Array, Over};
use crate::element::{Number, Real};
use crate::error::ArrayError;

/// Which norm (numpy's `ord`): made from a number, `f64::INFINITY` and its negative included.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum NormOrder {
    /// The root of the sum of squares, over any axes: of a vector its length, of a matrix as [`Frobenius`].
    ///
    /// [`Frobenius`]: NormOrder::Frobenius
    Default,
    /// Of a matrix, the root of the sum of squares.
    Frobenius,
    /// Of a vector, the p-th root of the sum of p-th powers of magnitudes; for 0 how many are not zero, for plus or
    /// minus infinity the largest or smallest magnitude. Of a matrix, for 1 and infinity (-1 and minus infinity) the
    /// largest (smallest) sum of magnitudes of a column or row.
    P(f64),
}

impl From<f64> for NormOrder {
    fn from(p: f64) -> Self {
        Self::P(p)
    }
}

impl From<i32> for NormOrder {
    fn from(p: i32) -> Self {
        Self::P(f64::from(p))
    }
}

impl<A: Number> Array<A> {
    /// Norms of vectors, along one axis, or of matrices, along two (numpy's `linalg.norm`).
    ///
    /// With two axes, the first is that of a matrix' rows. The spectral norms of matrices (2, -2, nuclear) need a
    /// decomposition and are not among these: see `linalg::spectral_norm` (feature `linalg`).
    ///
    /// ```
    /// use dask_array::{Array, NormOrder, ndarray::arr2};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[3.0_f64, 0.0], [0.0, -4.0]]), 1)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.norm(NormOrder::Default, ..)?.item_with(&scheduler)?, 5.0);
    /// assert_eq!(x.norm(f64::INFINITY, [0, 1])?.item_with(&scheduler)?, 4.0);
    /// assert_eq!(x.norm(1, 0)?.shape(), [2]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are more than two axes and the order is not the default, or matrices do not have the order.
    /// - When there are no elements to choose from, for orders that choose.
    #[track_caller]
    pub fn norm(
        &self,
        order: impl Into<NormOrder>,
        over: impl Into<Over>,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let (order, over) = (order.into(), over.into());
        let n_axes = over.reduced(self.shape())?.iter().filter(|reduced| **reduced).count();
        let refused = || ArrayError::Norm { order: format!("{order:?}"), n_axes };
        let magnitudes = self.abs().astype::<A::RealFloat>();
        match (order, n_axes) {
            (NormOrder::Default, _) | (NormOrder::Frobenius, 2) => magnitudes.vector_norm(2.0, over),
            (NormOrder::P(p), 1) if !p.is_nan() => magnitudes.vector_norm(p, over),
            (NormOrder::P(p), 2) => {
                let [rows, columns] = over.pair(self.shape())?;
                let (added, chosen) = if p.abs() == 1.0 { (rows, columns) } else { (columns, rows) };
                if p.abs() != 1.0 && !p.is_infinite() {
                    return Err(refused());
                }
                let sums = magnitudes.sum_as::<A::RealFloat>(over.with_axis(added).keepdims())?;
                let norms = over.with_axis(chosen).keepdims();
                let norms = if p > 0.0 { sums.max(norms) } else { sums.min(norms) }?;
                // Of length one along both axes: what is left is to let them go, or not.
                if over.keepdims { Ok(norms) } else { norms.sum_as(over) }
            }
            _ => Err(refused()),
        }
    }
}

impl<A: Real> Array<A> {
    /// The norm of magnitudes.
    fn vector_norm(&self, p: f64, over: Over) -> Result<Array<A>, ArrayError> {
        if p == f64::INFINITY {
            self.max(over)
        } else if p == f64::NEG_INFINITY {
            self.min(over)
        } else if p == 0.0 {
            Ok(self.count_nonzero(over)?.astype())
        } else if p == 1.0 {
            self.sum_as(over)
        } else if p == 2.0 {
            Ok(self.square().sum_as::<A>(over)?.sqrt())
        } else {
            self.power(A::from_f64(p))?.sum_as::<A>(over)?.power(A::from_f64(1.0 / p))
        }
    }
}
