//! Quantiles, percentiles and medians: exact, whatever the chunks.
//!
//! Along some axes, these are brought into one block each. Over all axes of an array of several blocks, nothing is
//! brought together but what may be the result:
//!
//! ```text
//! block ── sample ──┐           ┌── narrow ──┐      elements at regular ranks of each block say between which two
//! block ── sample ──┼─ bounds ──┼── narrow ──┼─ select      elements a wanted rank lies; what lies there is gathered,
//! block ── sample ──┘           └── narrow ──┘      what lies below is counted
//! ```

mod along;
mod flat;
mod method;

use dask_graph::LayerInfo;

use super::{Array, Over};
use crate::element::Element;
use crate::error::ArrayError;

pub use self::method::{QuantileMethod, Quantiles};

/// What is asked for.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Question {
    /// Between 0 and 1.
    probabilities: Vec<f64>,
    /// Whether the result has an axis for the probabilities, the first.
    is_list: bool,
    method: QuantileMethod,
    skip_nan: bool,
}

/// Quantiles of real numbers. NaN gives NaN but for those with `nan` in their names, which leave it out.
///
/// ```
/// use dask_array::{Array, QuantileMethod, ndarray::arr1};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[4.0_f64, 1.0, 3.0, 2.0]), 2)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(x.median(..)?.item_with(&scheduler)?, 2.5);
/// let quartiles = x.percentile([25.0, 75.0], .., QuantileMethod::Linear)?;
/// assert_eq!(quartiles.compute_with(&scheduler)?, arr1(&[1.75, 3.25]).into_dyn());
/// assert_eq!(x.quantile(0.6, 0, QuantileMethod::Lower)?.item_with(&scheduler)?, 2.0);
/// # Ok(())
/// # }
/// ```
impl<A: Element<Real = A>> Array<A> {
    /// Medians: the middle elements, or the mean of the two in the middle; of nothing, NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn median(&self, over: impl Into<Over>) -> Result<Array<A::RealFloat>, ArrayError> {
        self.answered("median", &Question::median(false), &over.into(), &LayerInfo::here())
    }

    /// Medians of what is not NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmedian(&self, over: impl Into<Over>) -> Result<Array<A::RealFloat>, ArrayError> {
        self.answered("nanmedian", &Question::median(true), &over.into(), &LayerInfo::here())
    }

    /// Quantiles: what lies above the given shares (0 to 1) of the elements. For a list of shares, the result has a first
    /// axis along that.
    ///
    /// Results are floats for all methods, of integers, too.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or a share does not lie between 0 and 1.
    #[track_caller]
    pub fn quantile(
        &self,
        q: impl Into<Quantiles>,
        over: impl Into<Over>,
        method: QuantileMethod,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let question = Question::new(&q.into(), 1.0, method, false)?;
        self.answered("quantile", &question, &over.into(), &LayerInfo::here())
    }

    /// [Quantiles](Array::quantile) of what is not NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or a share does not lie between 0 and 1.
    #[track_caller]
    pub fn nanquantile(
        &self,
        q: impl Into<Quantiles>,
        over: impl Into<Over>,
        method: QuantileMethod,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let question = Question::new(&q.into(), 1.0, method, true)?;
        self.answered("nanquantile", &question, &over.into(), &LayerInfo::here())
    }

    /// [Quantiles](Array::quantile) by hundredths: shares from 0 to 100.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or a share does not lie between 0 and 100.
    #[track_caller]
    pub fn percentile(
        &self,
        q: impl Into<Quantiles>,
        over: impl Into<Over>,
        method: QuantileMethod,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let question = Question::new(&q.into(), 100.0, method, false)?;
        self.answered("quantile", &question, &over.into(), &LayerInfo::here())
    }

    /// [Percentiles](Array::percentile) of what is not NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or a share does not lie between 0 and 100.
    #[track_caller]
    pub fn nanpercentile(
        &self,
        q: impl Into<Quantiles>,
        over: impl Into<Over>,
        method: QuantileMethod,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let question = Question::new(&q.into(), 100.0, method, true)?;
        self.answered("nanquantile", &question, &over.into(), &LayerInfo::here())
    }

    fn answered(
        &self,
        operation: &'static str,
        question: &Question,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<A::RealFloat>, ArrayError> {
        let reduced = over.reduced(self.shape())?;
        let blocks = self.chunks().n_blocks().into_iter().any(|n| n > 1);
        if blocks && reduced.iter().all(|&reduced| reduced) {
            return Ok(self.quantiles_of_all(operation, question, over.keepdims, info));
        }
        Ok(self.quantiles_along(operation, question, &reduced, over.keepdims, info))
    }
}

impl Question {
    fn median(skip_nan: bool) -> Self {
        Self { probabilities: vec![0.5], is_list: false, method: QuantileMethod::Median, skip_nan }
    }

    /// `whole` is what the share of all elements is called.
    fn new(q: &Quantiles, whole: f64, method: QuantileMethod, skip_nan: bool) -> Result<Self, ArrayError> {
        let (all, is_list) = match q {
            Quantiles::One(q) => (std::slice::from_ref(q), false),
            Quantiles::Many(all) => (&all[..], true),
        };
        if let Some(&share) = all.iter().find(|share| !(0.0..=whole).contains(*share)) {
            return Err(ArrayError::Share { share: share.to_string(), whole: whole.to_string() });
        }
        Ok(Self { probabilities: all.iter().map(|q| q / whole).collect(), is_list, method, skip_nan })
    }
}
