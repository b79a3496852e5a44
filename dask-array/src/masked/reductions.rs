//! Reductions of masked arrays over what is not masked. Where everything is masked, so is the result.

use super::MaskedArray;
use crate::array::{Array, Over, Uncounted};
use crate::element::{Element, Number};
use crate::error::ArrayError;

impl<A: Element> MaskedArray<A> {
    /// Numbers of elements that are not masked (`count`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn count(&self, over: impl Into<Over>) -> Result<Array<i64>, ArrayError> {
        self.mask.logical_not().count_nonzero(over)
    }

    /// Sums, in the type of [`Array::sum`].
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn sum(&self, over: impl Into<Over>) -> Result<MaskedArray<A::Sum>, ArrayError> {
        self.reduced(A::default(), over.into(), |x, over| x.sum(over))
    }

    /// Products, in the type of [`Array::prod`].
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn prod(&self, over: impl Into<Over>) -> Result<MaskedArray<A::Sum>, ArrayError> {
        self.reduced(A::one(), over.into(), |x, over| x.prod(over))
    }

    /// The smallest elements, NaN if one of them is.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or has no elements.
    #[track_caller]
    pub fn min(&self, over: impl Into<Over>) -> Result<MaskedArray<A>, ArrayError> {
        self.reduced(A::highest(), over.into(), |x, over| x.min(over))
    }

    /// The largest elements, NaN if one of them is.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or has no elements.
    #[track_caller]
    pub fn max(&self, over: impl Into<Over>) -> Result<MaskedArray<A>, ArrayError> {
        self.reduced(A::lowest(), over.into(), |x, over| x.max(over))
    }

    /// Whether any element is not zero.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn any(&self, over: impl Into<Over>) -> Result<MaskedArray<bool>, ArrayError> {
        self.reduced(A::default(), over.into(), |x, over| x.any(over))
    }

    /// Whether all elements are not zero.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn all(&self, over: impl Into<Over>) -> Result<MaskedArray<bool>, ArrayError> {
        self.reduced(A::one(), over.into(), |x, over| x.all(over))
    }

    /// Means.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn mean(&self, over: impl Into<Over>) -> Result<MaskedArray<A::Float>, ArrayError> {
        let over = over.into();
        let counts = self.count(over.clone())?.astype();
        self.reduced(A::default(), over, |x, over| x.sum_as::<A::Float>(over)?.try_div(&counts))
    }

    /// Variances: sums of squared distances from the mean over the number of elements less `ddof`; masked where that
    /// is not positive. The elements are read twice, once for the mean.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn var(&self, over: impl Into<Over>, ddof: f64) -> Result<MaskedArray<A::RealFloat>, ArrayError> {
        let over = over.into();
        let mean = self.mean(over.clone().keepdims())?;
        let distances = self.data.astype::<A::Float>().try_sub(mean.data())?.abs().astype::<A::RealFloat>();
        let squares = MaskedArray::new(distances.try_mul(&distances)?, &self.mask)?;
        let counts = self.count(over.clone())?.astype::<f64>().try_sub(ddof)?;
        let sums = squares.sum_in(over)?;
        let variances = sums.data.try_div(counts.astype())?.astype();
        MaskedArray::new(variances, &counts.le(0.0)?)
    }

    /// Standard deviations: the roots of [`var`](Self::var).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn std(&self, over: impl Into<Over>, ddof: f64) -> Result<MaskedArray<A::RealFloat>, ArrayError> {
        self.var(over, ddof)?.map(|variances| variances.sqrt().astype())
    }

    /// The positions of elements that are neither masked nor zero, axis by axis (`nonzero`).
    #[must_use]
    #[track_caller]
    pub fn nonzero(&self) -> Vec<Uncounted<i64>> {
        self.filled_with(A::default()).nonzero()
    }

    /// Reduces the elements with a number that changes nothing in place of those that are masked.
    #[track_caller]
    fn reduced<B: Element>(
        &self,
        neutral: A,
        over: Over,
        reduction: impl FnOnce(&Array<A>, Over) -> Result<Array<B>, ArrayError>,
    ) -> Result<MaskedArray<B>, ArrayError> {
        MaskedArray::new(reduction(&self.filled_with(neutral), over.clone())?, &self.mask.all(over)?)
    }

    /// Sums in the array's own type.
    #[track_caller]
    fn sum_in(&self, over: Over) -> Result<MaskedArray<A>, ArrayError> {
        self.reduced(A::default(), over, |x, over| x.sum_as::<A>(over))
    }
}

impl<A: Number> MaskedArray<A> {
    /// Means with weights (`average`): elements that are masked have none. Masked where the weights add up to zero.
    ///
    /// # Errors
    ///
    /// - As [`Array::average`].
    #[track_caller]
    pub fn average(
        &self,
        over: impl Into<Over>,
        weights: &Array<A::Float>,
    ) -> Result<MaskedArray<A::Float>, ArrayError> {
        let over = over.into();
        let weights = self.data.weights(&over, weights)?;
        let weights = MaskedArray::new(weights, &self.mask)?;
        let products =
            weights.filled_with(Default::default()).try_mul(self.filled_with(A::default()).astype())?;
        let total = weights.sum_in(over.clone())?;
        let mask = total.mask.logical_or(&total.data.eq(<A::Float>::default())?)?;
        MaskedArray::new(products.sum_as::<A::Float>(over)?.try_div(&total.data)?, &mask)
    }
}
