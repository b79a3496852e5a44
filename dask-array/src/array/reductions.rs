//! Reductions.

mod custom;
mod moments;
mod nan;
mod norms;
mod positions;
mod tree;
mod weighted;

use dask_graph::LayerInfo;

use super::elementwise::elementwise;
use super::{Array, Other, Over, Tolerance};
use crate::element::{DType, Element, Inexact, Number, Real, Scalar};
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels, TestOp, UnaryOp};
use crate::reduce::{Finish, Fold};

pub(in crate::array) use self::nan::without_nan;
pub use self::norms::NormOrder;
pub(in crate::array) use self::tree::{Partials, Reduction, Tree};

/// Reductions over one, several or all axes. The result of a reduction over all axes has no axes: its number is
/// had by [`item`](Array::item).
///
/// Every reduction is a tree whose shape depends on the chunks alone, so its result is the same, bit for bit, on any
/// scheduler with any number of workers. Floating-point sums are made in lanes, tiles and trees, whose rounding
/// error is much like that of pairwise summation.
///
/// A method with `_as` in its name is numpy's with `dtype=`: it computes in the given type and gives that type.
impl<A: Element> Array<A> {
    /// Sums, in 64 bits for integers and bools; of [`f16`](crate::f16) made in `f32` and rounded once.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn sum(&self, over: impl Into<Over>) -> Result<Array<A::Sum>, ArrayError> {
        self.total("sum", Fold::Sum, &over.into(), &LayerInfo::here())
    }

    /// Sums of the elements as another type, in that type: numpy's `sum(dtype=…)`.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[200_u8, 100]), 1)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.sum(0)?.item_with(&scheduler)?, 300_u64);
    /// assert_eq!(x.sum_as::<u8>(0)?.item_with(&scheduler)?, 44_u8);
    /// assert_eq!(x.sum_as::<f32>(0)?.item_with(&scheduler)?, 300.0_f32);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn sum_as<B: Element>(&self, over: impl Into<Over>) -> Result<Array<B>, ArrayError> {
        self.total("sum", Fold::Sum, &over.into(), &LayerInfo::here())
    }

    /// Products, in 64 bits for integers and bools; of [`f16`](crate::f16) made in `f32` and rounded once.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn prod(&self, over: impl Into<Over>) -> Result<Array<A::Sum>, ArrayError> {
        self.total("prod", Fold::Prod, &over.into(), &LayerInfo::here())
    }

    /// Products of the elements as another type, in that type: numpy's `prod(dtype=…)`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn prod_as<B: Element>(&self, over: impl Into<Over>) -> Result<Array<B>, ArrayError> {
        self.total("prod", Fold::Prod, &over.into(), &LayerInfo::here())
    }

    /// Means, of numbers added up in `f64` (complex numbers in [`c128`](crate::c128)); of nothing, NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn mean(&self, over: impl Into<Over>) -> Result<Array<A::Float>, ArrayError> {
        self.mean_of(&over.into(), &LayerInfo::here())
    }

    /// Means as another type: numpy's `mean(dtype=…)`, but for the sum, which is made in `f64` whatever the type.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_as<B: Inexact>(&self, over: impl Into<Over>) -> Result<Array<B>, ArrayError> {
        self.mean_of(&over.into(), &LayerInfo::here())
    }

    /// Variances: mean squared distances from the mean, with `n - ddof` in place of n; real for complex numbers, too.
    ///
    /// NaN where `ddof` is larger than the number of elements.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn var(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<A::RealFloat>, ArrayError> {
        self.spread(["var", "std"], false, Spread { ddof, skip_nan: false }, &over.into(), &LayerInfo::here())
    }

    /// Variances as another type: numpy's `var(dtype=…)`, computed in `f64`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn var_as<B: Real>(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<B>, ArrayError> {
        self.spread(["var", "std"], false, Spread { ddof, skip_nan: false }, &over.into(), &LayerInfo::here())
    }

    /// Standard deviations: roots of [`var`](Array::var).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn std(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<A::RealFloat>, ArrayError> {
        self.spread(["var", "std"], true, Spread { ddof, skip_nan: false }, &over.into(), &LayerInfo::here())
    }

    /// Standard deviations as another type: numpy's `std(dtype=…)`, computed in `f64`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn std_as<B: Real>(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<B>, ArrayError> {
        self.spread(["var", "std"], true, Spread { ddof, skip_nan: false }, &over.into(), &LayerInfo::here())
    }

    /// The smallest elements, NaN if one is NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn min(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        self.extreme("min", Fold::Min, &over.into(), &LayerInfo::here())
    }

    /// The largest elements, NaN if one is NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn max(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        self.extreme("max", Fold::Max, &over.into(), &LayerInfo::here())
    }

    /// Whether any element is not zero (`true`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn any(&self, over: impl Into<Over>) -> Result<Array<bool>, ArrayError> {
        self.truth("any", Fold::Max, &over.into(), &LayerInfo::here())
    }

    /// Whether all elements are not zero (`true`); of nothing, `true`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn all(&self, over: impl Into<Over>) -> Result<Array<bool>, ArrayError> {
        self.truth("all", Fold::Min, &over.into(), &LayerInfo::here())
    }

    /// How many elements are not zero (`true`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn count_nonzero(&self, over: impl Into<Over>) -> Result<Array<i64>, ArrayError> {
        let within = DType::I64;
        let reduction =
            Reduction { operation: "count-nonzero", fold: Fold::Sum, within, finish: Finish::Keep };
        self.fold_with(reduction, &over.into(), &LayerInfo::here(), |program, x| {
            let holds = non_zero::<A>(program, x);
            program.cast(DType::Bool, within, holds)
        })
    }

    /// Sums and products, in the type of the result.
    fn total<B: Element>(
        &self,
        operation: &'static str,
        fold: Fold,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let reduction = Reduction::total::<B>(operation, fold);
        self.fold_with(reduction, over, info, |program, x| {
            let number = program.cast(A::DTYPE, B::DTYPE, x);
            program.cast(B::DTYPE, reduction.within, number)
        })
    }

    fn mean_of<B: Inexact>(&self, over: &Over, info: &LayerInfo) -> Result<Array<B>, ArrayError> {
        let count = over.reduced_shape(self.shape())?.iter().product::<usize>() as f64;
        let within = if A::DTYPE.is_complex() { DType::C128 } else { DType::F64 };
        let finish = Finish::Mean { count };
        self.fold(Reduction { operation: "mean", fold: Fold::Sum, within, finish }, over, info)
    }

    /// Variances and, with `root`, standard deviations. The variance of complex numbers, their mean squared distance from
    /// the mean, is that of the real parts and that of the imaginary ones together.
    fn spread<B: Real>(
        &self,
        [variance, deviation]: [&'static str; 2],
        root: bool,
        spread: Spread,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let Spread { ddof, skip_nan } = spread;
        let (fold, within) = (Fold::Moments { order: 2, skip_nan }, DType::F64);
        if !A::DTYPE.is_complex() {
            let (operation, finish) =
                if root { (deviation, Finish::Std { ddof }) } else { (variance, Finish::Var { ddof }) };
            return self.fold(Reduction { operation, fold, within, finish }, over, info);
        }
        let reduction = Reduction { operation: variance, fold, within, finish: Finish::Var { ddof } };
        let [re, im] = self.parts(skip_nan, info)?;
        let (re, im) = (re.fold::<B>(reduction, over, info)?, im.fold(reduction, over, info)?);
        let var = re.binary("add", BinaryOp::Add, &im, false, info)?;
        Ok(if root { var.unary("sqrt", UnaryOp::Sqrt, info) } else { var })
    }

    /// The real and the imaginary parts, both of which are NaN where one is if that is to be left out.
    fn parts(&self, skip_nan: bool, info: &LayerInfo) -> Result<[Array<A::Real>; 2], ArrayError> {
        let of = |part: &Array<A::Real>| {
            if !skip_nan {
                return Ok(part.clone());
            }
            elementwise("nan-with-other-part", &|_| {}, &[part, self], info, |program, x| {
                let is_nan = program.test(TestOp::Nan, A::DTYPE, x[1]);
                let nan = <A::Real>::from_scalar(Scalar::F64(f64::NAN)).to_scalar();
                program.select(<A::Real>::DTYPE, is_nan, Operand::Const(nan), x[0])
            })
        };
        Ok([of(&self.real())?, of(&self.imag())?])
    }

    /// A choice among the elements, of which there must be some.
    fn extreme(
        &self,
        operation: &'static str,
        fold: Fold,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        self.refuse_nothing(operation, over)?;
        self.fold(Reduction { operation, fold, within: A::DTYPE, finish: Finish::Keep }, over, info)
    }

    fn truth(
        &self,
        operation: &'static str,
        fold: Fold,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<bool>, ArrayError> {
        let reduction = Reduction { operation, fold, within: DType::Bool, finish: Finish::Keep };
        self.fold_with(reduction, over, info, non_zero::<A>)
    }

    /// Refuses a choice among nothing.
    fn refuse_nothing(&self, operation: &'static str, over: &Over) -> Result<(), ArrayError> {
        let reduced = over.reduced(self.shape())?;
        let lengths = || self.shape().iter().zip(&reduced);
        let has_no_choice = lengths().any(|(&n, &reduced)| n == 0 && reduced);
        let has_no_result = lengths().any(|(&n, &reduced)| n == 0 && !reduced);
        if has_no_choice && !has_no_result {
            return Err(ArrayError::EmptyReduction { operation, shape: self.shape().to_vec() });
        }
        Ok(())
    }
}

/// What a variance is made of.
#[derive(Clone, Copy)]
struct Spread {
    ddof: f64,
    skip_nan: bool,
}

/// Whether an element is not zero.
fn non_zero<A: Element>(program: &mut ProgramBuilder, x: Operand) -> Operand {
    program.compare(CompareOp::Ne, A::DTYPE, x, Operand::Const(A::default().to_scalar()))
}

impl<A: Element> Array<A> {
    /// Whether all elements are [close](Array::is_close) to the other's (numpy's `allclose`): one bool.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn all_close(&self, other: impl Other<A>, tolerance: Tolerance) -> Result<Array<bool>, ArrayError> {
        self.is_close(other, tolerance)?.all(..)
    }
}

impl<A: Number> Array<A> {
    /// How far the largest and the smallest element lie apart ("peak to peak").
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn ptp(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        let (over, info) = (over.into(), LayerInfo::here());
        let largest = self.extreme("max", Fold::Max, &over, &info)?;
        largest.try_sub(self.extreme("min", Fold::Min, &over, &info)?)
    }
}
