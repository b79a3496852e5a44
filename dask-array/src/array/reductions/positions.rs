//! Reductions to positions.

use dask_graph::LayerInfo;

use super::tree::Reduction;
use super::{Array, Over};
use crate::element::Element;
use crate::error::ArrayError;
use crate::reduce::{Finish, Fold};

/// Where the smallest and the largest elements are: of equals, the first. Over one axis the position along it, over
/// all axes (`..`) that in row-major order.
///
/// ```
/// use dask_array::{Array, ndarray::arr2};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[3.0, 1.0, 1.0], [2.0, f64::NAN, 0.5]]), [1, 2])?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(x.argmin(1)?.compute_with(&scheduler)?.into_raw_vec_and_offset().0, [1, 1]);
/// assert_eq!(x.nanargmin(1)?.compute_with(&scheduler)?.into_raw_vec_and_offset().0, [1, 2]);
/// assert_eq!(x.nanargmax(..)?.item_with(&scheduler)?, 0);
/// # Ok(())
/// # }
/// ```
impl<A: Element> Array<A> {
    /// Positions of the smallest elements; of the first NaN, where there is one.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range, or there are several but not `..`.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn argmin(&self, over: impl Into<Over>) -> Result<Array<i64>, ArrayError> {
        self.position("argmin", false, false, &over.into(), &LayerInfo::here())
    }

    /// Positions of the largest elements; of the first NaN, where there is one.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range, or there are several but not `..`.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn argmax(&self, over: impl Into<Over>) -> Result<Array<i64>, ArrayError> {
        self.position("argmax", true, false, &over.into(), &LayerInfo::here())
    }

    /// Positions of the smallest elements that are not NaN. The computation fails where all are.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range, or there are several but not `..`.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn nanargmin(&self, over: impl Into<Over>) -> Result<Array<i64>, ArrayError> {
        self.position("nanargmin", false, true, &over.into(), &LayerInfo::here())
    }

    /// Positions of the largest elements that are not NaN. The computation fails where all are.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range, or there are several but not `..`.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn nanargmax(&self, over: impl Into<Over>) -> Result<Array<i64>, ArrayError> {
        self.position("nanargmax", true, true, &over.into(), &LayerInfo::here())
    }

    fn position(
        &self,
        operation: &'static str,
        largest: bool,
        skip_nan: bool,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<i64>, ArrayError> {
        over.one_or_all(operation, self.shape())?;
        self.refuse_nothing(operation, over)?;
        let fold = Fold::Choice { largest, skip_nan };
        self.fold(Reduction { operation, fold, within: A::DTYPE, finish: Finish::Position }, over, info)
    }
}
