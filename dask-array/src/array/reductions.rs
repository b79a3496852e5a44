//! Reductions.

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Tokenize, Tokenizer};

use super::transpose::axis_of;
use super::{Array, Lazy, blockwise, built, name_of};
use crate::chunks::Chunks;
use crate::element::{DType, Element};
use crate::error::ArrayError;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, UnaryOp};
use crate::program::op::Compiled;
use crate::program::{ArgKind, ArgSpec};
use crate::reduce::op::{FoldOp, JoinOp, Last};
use crate::reduce::tree::{JoinLayer, groups};
use crate::reduce::{Finish, Fold};

/// The axes of a reduction, and how it is done.
///
/// Made from what reads well: an axis (`0`, `-1`), several (`[0, 2]`), or all (`..`).
///
/// ```
/// use dask_array::{Array, Over};
///
/// let x = Array::<f64>::ones(&[4, 5, 6], 2)?;
/// assert_eq!(x.sum(..)?.shape(), []);
/// assert_eq!(x.sum(-1)?.shape(), [4, 5]);
/// assert_eq!(x.sum(Over::from([0, 2]).keepdims())?.shape(), [1, 5, 1]);
/// # Ok::<(), dask_array::ArrayError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// None: all axes.
    axes: Option<Vec<isize>>,
    keepdims: bool,
    split_every: u32,
}

/// Partial results a join takes, unless told otherwise.
const SPLIT_EVERY: u32 = 8;

impl Over {
    fn axes(axes: Option<Vec<isize>>) -> Self {
        Self { axes, keepdims: false, split_every: SPLIT_EVERY }
    }

    /// The reduced axes stay, with length one.
    #[must_use]
    pub fn keepdims(self) -> Self {
        Self { keepdims: true, ..self }
    }

    /// How many blocks' results are joined at a time; 8 unless set. More makes fewer tasks, less keeps fewer
    /// partial results in memory. With several axes, the root of it along each of them.
    #[must_use]
    pub fn split_every(self, split_every: u32) -> Self {
        Self { split_every, ..self }
    }
}

macro_rules! over_axes {
    ($($Int:ty),*) => {$(
        impl From<$Int> for Over {
            fn from(axis: $Int) -> Self {
                Self::axes(Some(vec![axis as isize]))
            }
        }

        impl<const N: usize> From<[$Int; N]> for Over {
            fn from(axes: [$Int; N]) -> Self {
                Self::from(&axes[..])
            }
        }

        impl From<&[$Int]> for Over {
            fn from(axes: &[$Int]) -> Self {
                Self::axes(Some(axes.iter().map(|&axis| axis as isize).collect()))
            }
        }
    )*};
}
// What a literal is when nothing else says (i32), and what axes are elsewhere. A `usize` too large for an axis
// becomes a negative one that is just as far out of range.
over_axes!(i32, isize, usize);

impl From<std::ops::RangeFull> for Over {
    fn from(_: std::ops::RangeFull) -> Self {
        Self::axes(None)
    }
}

/// Reductions over one, several or all axes. The result of a reduction over all axes has no axes: its number is
/// had by [`item`](Array::item).
///
/// Every reduction is a tree whose shape depends on the chunks alone, so its result is the same, bit for bit, on any
/// scheduler with any number of workers. Floating-point sums are made in lanes, tiles and trees, whose rounding
/// error is much like that of pairwise summation.
impl<A: Element> Array<A> {
    /// Sums, in 64 bits for integers and bools.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn sum(&self, over: impl Into<Over>) -> Result<Array<A::Sum>, ArrayError> {
        self.fold(
            "sum",
            Fold::Sum,
            <A::Sum as Element>::DTYPE,
            Finish::Keep,
            &over.into(),
            &LayerInfo::here(),
        )
    }

    /// Products, in 64 bits for integers and bools.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn prod(&self, over: impl Into<Over>) -> Result<Array<A::Sum>, ArrayError> {
        self.fold(
            "prod",
            Fold::Prod,
            <A::Sum as Element>::DTYPE,
            Finish::Keep,
            &over.into(),
            &LayerInfo::here(),
        )
    }

    /// Means, of numbers added up in `f64` (complex numbers in [`c128`](crate::c128)); of nothing, NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn mean(&self, over: impl Into<Over>) -> Result<Array<A::Float>, ArrayError> {
        let over = over.into();
        let count = self.reduced_shape(&over)?.iter().product::<usize>() as f64;
        let within = if A::DTYPE.is_complex() { DType::C128 } else { DType::F64 };
        self.fold("mean", Fold::Sum, within, Finish::Mean { count }, &over, &LayerInfo::here())
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
        self.spread("var", Finish::Var { ddof }, &over.into(), &LayerInfo::here())
    }

    /// Standard deviations: roots of [`var`](Array::var).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn std(&self, over: impl Into<Over>, ddof: f64) -> Result<Array<A::RealFloat>, ArrayError> {
        let (over, info) = (over.into(), LayerInfo::here());
        if A::DTYPE.is_complex() {
            let var = self.spread("var", Finish::Var { ddof }, &over, &info)?;
            return Ok(var.unary("sqrt", UnaryOp::Sqrt, &info));
        }
        self.spread("std", Finish::Std { ddof }, &over, &info)
    }

    /// Moments; the variance of complex numbers, their mean squared distance from the mean, is that of the real parts
    /// and that of the imaginary ones together.
    fn spread<B: Element>(
        &self,
        operation: &'static str,
        finish: Finish,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        if !A::DTYPE.is_complex() {
            return self.fold(operation, Fold::Moments, DType::F64, finish, over, info);
        }
        let of = |part: Array<A::Real>| part.fold(operation, Fold::Moments, DType::F64, finish, over, info);
        let (re, im) = (of(self.real())?, of(self.imag())?);
        Array::<B>::binary(&re, "add", BinaryOp::Add, &im, false, info)
    }

    /// The smallest elements, NaN if one is NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn min(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        let over = over.into();
        self.some("min", &over)?;
        self.fold("min", Fold::Min, A::DTYPE, Finish::Keep, &over, &LayerInfo::here())
    }

    /// The largest elements, NaN if one is NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    /// - When there are no elements to choose from.
    #[track_caller]
    pub fn max(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        let over = over.into();
        self.some("max", &over)?;
        self.fold("max", Fold::Max, A::DTYPE, Finish::Keep, &over, &LayerInfo::here())
    }

    /// Whether any element is not zero (`true`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn any(&self, over: impl Into<Over>) -> Result<Array<bool>, ArrayError> {
        let info = LayerInfo::here();
        self.truth(&info).fold("any", Fold::Max, DType::Bool, Finish::Keep, &over.into(), &info)
    }

    /// Whether all elements are not zero (`true`); of nothing, `true`.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    #[track_caller]
    pub fn all(&self, over: impl Into<Over>) -> Result<Array<bool>, ArrayError> {
        let info = LayerInfo::here();
        self.truth(&info).fold("all", Fold::Min, DType::Bool, Finish::Keep, &over.into(), &info)
    }

    fn truth(&self, info: &LayerInfo) -> Array<bool> {
        self.as_bool(info)
    }

    /// For each axis, whether it is reduced.
    pub(super) fn reduced(&self, over: &Over) -> Result<Vec<bool>, ArrayError> {
        let Some(axes) = &over.axes else { return Ok(vec![true; self.ndim()]) };
        let mut reduced = vec![false; self.ndim()];
        for &axis in axes {
            let at = axis_of(axis, self.shape())?;
            if std::mem::replace(&mut reduced[at], true) {
                return Err(ArrayError::Axes { axes: axes.clone(), ndim: self.ndim() });
            }
        }
        Ok(reduced)
    }

    /// The lengths of the reduced axes.
    fn reduced_shape(&self, over: &Over) -> Result<Vec<usize>, ArrayError> {
        let reduced = self.reduced(over)?;
        Ok(self.shape().iter().zip(reduced).filter(|(_, reduced)| *reduced).map(|(&n, _)| n).collect())
    }

    /// Refuses a choice among nothing.
    fn some(&self, operation: &'static str, over: &Over) -> Result<(), ArrayError> {
        let reduced = self.reduced_shape(over)?;
        let kept_empty = self.shape().iter().zip(self.reduced(over)?).any(|(&n, reduced)| n == 0 && !reduced);
        if reduced.contains(&0) && !kept_empty {
            return Err(ArrayError::EmptyReduction { operation, shape: self.shape().to_vec() });
        }
        Ok(())
    }

    /// Folds blocks of `A` cast to `within`, joins the results in a tree, and finishes to blocks of `B`.
    pub(super) fn fold<B: Element>(
        &self,
        operation: &'static str,
        fold: Fold,
        within: DType,
        finish: Finish,
        over: &Over,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let reduced = self.reduced(over)?;
        if over.split_every < 2 {
            return Err(ArrayError::SplitEvery { split_every: over.split_every });
        }
        let mut token = Tokenizer::new(operation).feed(self.name()).feed(&reduced).feed(&over.split_every);
        match finish {
            Finish::Keep => {}
            Finish::Mean { count: number } | Finish::Var { ddof: number } | Finish::Std { ddof: number } => {
                number.tokenize(&mut token);
            }
        }
        // Whether axes are kept changes only the last step; what comes before is shared.
        let shared = token.finish();
        let last = token.feed(&over.keepdims).finish();

        // The first step: one partial result a block, of length one along the reduced axes.
        let mut program = ProgramBuilder::new(self.ndim());
        let x = program.arg(ArgSpec::once(ArgKind::Block(A::DTYPE), (0..self.ndim()).collect()));
        let x = program.cast(A::DTYPE, within, x);
        let compiled = Compiled::new(operation, program.finish(x, within));
        let first = name_of(&format!("{operation}-fold"), shared);
        let slots: usize = (0..self.ndim())
            .filter(|&axis| !reduced[axis])
            .map(|axis| self.chunks().lengths(axis).iter().copied().max().unwrap_or(0))
            .product();
        // Moments are two numbers.
        let each = within.itemsize() * if fold == Fold::Moments { 2 } else { 1 };
        let nbytes = slots.saturating_mul(each) as u64;
        let op = Arc::new(FoldOp { compiled, fold, reduced: reduced.clone().into(), nbytes });
        let layer = blockwise(&first, op, self.chunks(), info)
            .blocks(self.name(), &self.lazy().block_axes(0..self.ndim()));
        let mut graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);

        // The tree: at least the last step, which finishes.
        let name = name_of(operation, last);
        let mut input = first;
        let mut n_blocks = self.chunks().n_blocks();
        for level in 0_u32.. {
            let group = groups(&n_blocks, &reduced, over.split_every);
            let is_last = n_blocks
                .iter()
                .zip(&group)
                .zip(&reduced)
                .all(|((&n, &group), &reduced)| !reduced || n <= group);
            let dropped: Vec<bool> =
                reduced.iter().map(|&reduced| is_last && reduced && !over.keepdims).collect();
            let ending = is_last.then(|| Last {
                finish,
                dtype: B::DTYPE,
                dropped: dropped
                    .iter()
                    .enumerate()
                    .filter(|(_, dropped)| **dropped)
                    .map(|(axis, _)| axis)
                    .collect(),
            });
            let own = if is_last {
                name.clone()
            } else {
                name_of(
                    &format!("{operation}-join"),
                    Tokenizer::new("level").feed(&shared).feed(&level).finish(),
                )
            };
            let op = Arc::new(JoinOp { label: operation.into(), fold, dtype: within, last: ending });
            let layer =
                JoinLayer { name: own.clone(), input, n_blocks, group, dropped, op, info: info.clone() };
            n_blocks = layer.n_joined();
            graph = Graph::with_inputs(layer, [&graph]);
            input = own;
            if is_last {
                break;
            }
        }
        let chunks = self.chunks().axes().iter().zip(&reduced).filter_map(|(lengths, &reduced)| {
            match (reduced, over.keepdims) {
                (false, _) => Some(lengths.clone()),
                (true, true) => Some(vec![1]),
                (true, false) => None,
            }
        });
        let chunks = Chunks::from_lengths(chunks.collect());
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}
