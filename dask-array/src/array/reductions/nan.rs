//! Reductions that leave NaN out.

use dask_graph::LayerInfo;

use super::tree::Reduction;
use super::{Array, Over, Spread};
use crate::element::{DType, Element, Inexact};
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, Kernels, TestOp};
use crate::reduce::{Finish, Fold};

/// Reductions for which NaN is a missing number. Of integers and bools, which have no NaN, they are those without
/// `nan` in their names.
///
/// ```
/// use dask_array::{Array, ndarray::arr1};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1.0, f64::NAN, 4.0]), 2)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(x.nansum(0)?.item_with(&scheduler)?, 5.0);
/// assert_eq!(x.nanmean(0)?.item_with(&scheduler)?, 2.5);
/// assert_eq!(x.nanmax(0)?.item_with(&scheduler)?, 4.0);
/// assert!(x.max(0)?.item_with(&scheduler)?.is_nan());
/// # Ok(())
/// # }
/// ```
impl<A: Element> Array<A> {
    /// Sums of what is not NaN; of nothing, 0.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nansum(&self, over: impl Into<Over>) -> Result<Array<A::Sum>, ArrayError> {
        self.number_total("nansum", Fold::Sum, <A::Sum>::default(), &over.into(), &LayerInfo::here())
    }

    /// Sums of what is not NaN, in another type: numpy's `nansum(dtype=…)`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nansum_as<B: Element>(&self, over: impl Into<Over>) -> Result<Array<B>, ArrayError> {
        self.number_total("nansum", Fold::Sum, B::default(), &over.into(), &LayerInfo::here())
    }

    /// Products of what is not NaN; of nothing, 1.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanprod(&self, over: impl Into<Over>) -> Result<Array<A::Sum>, ArrayError> {
        self.number_total("nanprod", Fold::Prod, <A::Sum>::one(), &over.into(), &LayerInfo::here())
    }

    /// Products of what is not NaN, in another type: numpy's `nanprod(dtype=…)`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanprod_as<B: Element>(&self, over: impl Into<Over>) -> Result<Array<B>, ArrayError> {
        self.number_total("nanprod", Fold::Prod, B::one(), &over.into(), &LayerInfo::here())
    }

    /// Means of what is not NaN; of nothing, NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmean(&self, over: impl Into<Over>) -> Result<Array<A::Float>, ArrayError> {
        self.number_mean(&over.into(), &LayerInfo::here())
    }

    /// Means of what is not NaN as another type: numpy's `nanmean(dtype=…)`, added up in `f64`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmean_as<B: Inexact>(&self, over: impl Into<Over>) -> Result<Array<B>, ArrayError> {
        self.number_mean(&over.into(), &LayerInfo::here())
    }

    /// Variances of what is not NaN, with the number of that less `ddof` as divisor; NaN where this is not positive.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanvar(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<A::RealFloat>, ArrayError> {
        self.spread(
            ["nanvar", "nanstd"],
            false,
            Spread { ddof, skip_nan: true },
            &over.into(),
            &LayerInfo::here(),
        )
    }

    /// Standard deviations of what is not NaN: roots of [`nanvar`](Array::nanvar).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanstd(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<A::RealFloat>, ArrayError> {
        self.spread(
            ["nanvar", "nanstd"],
            true,
            Spread { ddof, skip_nan: true },
            &over.into(),
            &LayerInfo::here(),
        )
    }

    /// The smallest elements that are not NaN; NaN where all are.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn nanmin(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        self.extreme("nanmin", Fold::NanMin, &over.into(), &LayerInfo::here())
    }

    /// The largest elements that are not NaN; NaN where all are.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn nanmax(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        self.extreme("nanmax", Fold::NanMax, &over.into(), &LayerInfo::here())
    }

    /// Folds with `neutral` in the place of NaN.
    fn number_total<B: Element>(
        &self,
        operation: &'static str,
        fold: Fold,
        neutral: B,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let reduction = Reduction::total::<B>(operation, fold);
        self.fold_with(reduction, over, info, |program, x| {
            let number = without_nan::<A, B>(program, x, neutral);
            program.cast(B::DTYPE, reduction.within, number)
        })
    }

    fn number_mean<B: Inexact>(&self, over: &Over, info: &LayerInfo) -> Result<Array<B>, ArrayError> {
        if A::DTYPE.is_complex() {
            let sums = self.number_total("nansum", Fold::Sum, B::default(), over, info)?;
            return sums.binary("div", BinaryOp::Div, &self.number_count::<B>(over, info)?, false, info);
        }
        let (fold, finish) = (Fold::Counted, Finish::CountedMean);
        self.fold(Reduction { operation: "nanmean", fold, within: DType::F64, finish }, over, info)
    }
}

impl<A: Element> Array<A> {
    /// How many elements are not NaN.
    fn number_count<B: Element>(&self, over: &Over, info: &LayerInfo) -> Result<Array<B>, ArrayError> {
        let reduction = Reduction::total::<B>("count-numbers", Fold::Sum);
        self.fold_with(reduction, over, info, |program, x| {
            let is_nan = program.test(TestOp::Nan, A::DTYPE, x);
            let [none, one] = [B::default(), B::one()]
                .map(|number| program.cast(B::DTYPE, reduction.within, Operand::Const(number.to_scalar())));
            program.select(reduction.within, is_nan, none, one)
        })
    }
}

/// An element as another type, with `neutral` in the place of NaN.
pub(in crate::array) fn without_nan<A: Element, B: Element>(
    program: &mut ProgramBuilder,
    x: Operand,
    neutral: B,
) -> Operand {
    let cast = program.cast(A::DTYPE, B::DTYPE, x);
    if !matches!(A::DTYPE, DType::F16 | DType::F32 | DType::F64 | DType::C64 | DType::C128) {
        return cast;
    }
    let is_nan = program.test(TestOp::Nan, A::DTYPE, x);
    program.select(B::DTYPE, is_nan, Operand::Const(neutral.to_scalar()), cast)
}
