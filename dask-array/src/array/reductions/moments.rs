//! Moments and what is made of them.

use dask_graph::LayerInfo;

use super::tree::Reduction;
use super::{Array, Over};
use crate::element::{DType, Element, Real};
use crate::error::ArrayError;
use crate::reduce::{Finish, Fold};

/// Moments: collected in one pass over each block and merged in the tree, as numbers, means and sums of powers of
/// distances from the mean, never from differences of large sums.
///
/// ```
/// use dask_array::{Array, ndarray::arr1};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1.0_f64, 2.0, 3.0, 10.0]), 2)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(x.moment(3, 0)?.item_with(&scheduler)?, 45.0);
/// assert_eq!(x.moment(2, 0)?.item_with(&scheduler)?, x.var(0, 0.0)?.item_with(&scheduler)?);
/// assert!(x.skew(0, true)?.item_with(&scheduler)? > 1.0);
/// # Ok(())
/// # }
/// ```
impl<A: Element<Real = A>> Array<A> {
    /// Central moments: mean powers of distances from the mean (`dask.array.moment`). The zeroth are 1, the first 0.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn moment(&self, order: u32, over: impl Into<Over>) -> Result<Array<A::RealFloat>, ArrayError> {
        let (over, info) = (over.into(), LayerInfo::here());
        if order < 2 {
            let shape = self.chunks().clone();
            let reduced = over.reduced(shape.shape())?;
            let kept = shape.axes().iter().zip(reduced).filter_map(|(lengths, reduced)| {
                if !reduced { Some(lengths.clone()) } else { over.keepdims.then(|| vec![1]) }
            });
            let kept: Vec<Vec<usize>> = kept.collect();
            let lengths: Vec<usize> = kept.iter().map(|lengths| lengths.iter().sum()).collect();
            return Array::full_with(&lengths, kept, A::RealFloat::from_f64(f64::from(1 - order)), &info);
        }
        self.moments_of("moment", order, Finish::Moment, &over, &info)
    }

    /// Skewness: the third moment by the third power of the standard deviation (`scipy.stats.skew`), with `bias`
    /// false corrected for it. NaN of numbers that are all the same.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn skew(&self, over: impl Into<Over>, bias: bool) -> Result<Array<A::RealFloat>, ArrayError> {
        self.moments_of("skew", 3, Finish::Skew { bias }, &over.into(), &LayerInfo::here())
    }

    /// Kurtosis: the fourth moment by the squared variance (`scipy.stats.kurtosis`); less 3, so that it is 0 of a
    /// normal distribution, if `fisher`; with `bias` false corrected for it. NaN of numbers that are all the same.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn kurtosis(
        &self,
        over: impl Into<Over>,
        fisher: bool,
        bias: bool,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let finish = Finish::Kurtosis { fisher, bias };
        self.moments_of("kurtosis", 4, finish, &over.into(), &LayerInfo::here())
    }

    fn moments_of<B: Real>(
        &self,
        operation: &'static str,
        order: u32,
        finish: Finish,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let fold = Fold::Moments { order, skip_nan: false };
        self.fold(Reduction { operation, fold, within: DType::F64, finish }, over, info)
    }
}
