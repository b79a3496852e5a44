//! Weighted means.

use super::{Array, Over};
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// Weighted means: sums of elements times weights by the sums of the weights (numpy's `average`; without weights it
    /// is [`mean`](Array::mean)).
    ///
    /// The weights have the array's shape, or one axis, which runs along the only reduced one. Where they sum up to
    /// zero the result is NaN or infinite.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2], [3, 8]]), 1)?;
    /// let weights = Array::from_ndarray(arr1(&[3.0, 1.0]), -1)?;
    /// let means = x.average(0, &weights)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(means, arr1(&[1.5, 3.5]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When the weights have neither the array's shape nor the length of the only reduced axis.
    #[track_caller]
    pub fn average(
        &self,
        over: impl Into<Over>,
        weights: &Array<A::Float>,
    ) -> Result<Array<A::Float>, ArrayError> {
        let over = over.into();
        let weights = self.weights(&over, weights)?;
        let products = self.astype::<A::Float>().try_mul(&weights)?;
        products.sum_as::<A::Float>(over.clone())?.try_div(weights.sum_as::<A::Float>(over)?)
    }

    /// Weights of the elements: those that were given, or one for each position along the only reduced axis.
    pub(crate) fn weights(
        &self,
        over: &Over,
        weights: &Array<A::Float>,
    ) -> Result<Array<A::Float>, ArrayError> {
        if weights.shape() == self.shape() {
            return Ok(weights.clone());
        }
        let misfit =
            || ArrayError::Weights { shape: self.shape().to_vec(), weights: weights.shape().to_vec() };
        let axis = over.one_or_all("average", self.shape())?.ok_or_else(misfit)?;
        if weights.shape() != &self.shape()[axis..=axis] {
            return Err(misfit());
        }
        weights.aligned_to(axis, self.ndim())?.broadcast_to(self.shape())
    }

    /// An array of one axis as one of several, along `axis` of which it runs; the others have length one.
    pub(crate) fn aligned_to(&self, axis: usize, ndim: usize) -> Result<Array<A>, ArrayError> {
        use ndarray::{NewAxis, SliceInfoElem};
        let of = |at: usize| if at == axis { SliceInfoElem::from(..) } else { NewAxis.into() };
        self.slice((0..ndim).map(of).collect::<Vec<_>>())
    }
}
