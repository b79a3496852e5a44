//! Differences of neighbours, and gradients.

use dask_graph::LayerInfo;

use super::Array;
use super::concatenate::joined;
use super::elementwise::{Operands, elementwise};
use super::transpose::axis_of;
use crate::chunks::Chunks;
use crate::element::{DType, Element, Number, Scalar};
use crate::error::ArrayError;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels};

/// How far apart neighbours along an axis are: as far everywhere, or as the places say.
#[derive(Debug, Clone, PartialEq)]
pub enum Spacing {
    /// This far.
    Even(f64),
    /// At these places, one for each element along the axis.
    At(Vec<f64>),
}

impl From<f64> for Spacing {
    fn from(step: f64) -> Self {
        Self::Even(step)
    }
}

impl<const N: usize> From<[f64; N]> for Spacing {
    fn from(places: [f64; N]) -> Self {
        Self::At(places.to_vec())
    }
}

impl From<&[f64]> for Spacing {
    fn from(places: &[f64]) -> Self {
        Self::At(places.to_vec())
    }
}

impl From<Vec<f64>> for Spacing {
    fn from(places: Vec<f64>) -> Self {
        Self::At(places)
    }
}

impl<A: Element> Array<A> {
    /// The differences of neighbours along an axis, `n` times (numpy's `diff`); of bools, whether they differ.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 4, 9, 16]), 2)?;
    /// assert_eq!(x.diff(1, 0)?.compute_with(&Sync::new())?, arr1(&[3, 5, 7]).into_dyn());
    /// assert_eq!(x.diff(2, 0)?.compute_with(&Sync::new())?, arr1(&[2, 2]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn diff(&self, n: usize, axis: isize) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        // More often than there are elements, nothing is left.
        let times = n.min(self.shape()[axis]);
        Ok((0..times).fold(self.clone(), |array, _| array.differences(axis, &info)))
    }

    /// The differences of neighbours in row-major order (numpy's `ediff1d`).
    #[must_use]
    #[track_caller]
    pub fn ediff1d(&self) -> Array<A> {
        let info = LayerInfo::here();
        self.raveled(&info).differences(0, &info)
    }

    fn differences(&self, axis: usize, info: &LayerInfo) -> Array<A> {
        let n = self.shape()[axis];
        let upper = self.within(axis, 1.min(n)..n, info);
        // Cut as the upper ones, so that blocks stay as large as they were.
        let lower = self.within(axis, 0..n.saturating_sub(1), info).rechunked(upper.chunks(), info);
        let inputs: [&dyn Operands; 2] = [&upper, &lower];
        let differences = elementwise("diff", &|_| {}, &inputs, info, |program, x| match A::DTYPE {
            DType::Bool => program.compare(CompareOp::Ne, A::DTYPE, x[0], x[1]),
            dtype => program.binary(BinaryOp::Sub, dtype, x[0], x[1]),
        });
        differences.unwrap_or_else(|error| unreachable!("both are one shorter than the array: {error}"))
    }
}

impl<A: Number> Array<A> {
    /// The gradient along an axis: within the array central differences, of second order for any spacing, at its ends
    /// differences of neighbours (numpy's `gradient` with `edge_order` 1). For several axes, ask for one after the other.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range, or has less than two elements.
    /// - When there is not one place for each element.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[0.0, 1.0, 4.0, 9.0]), 2)?;
    /// assert_eq!(x.gradient(1.0, 0)?.compute_with(&Sync::new())?, arr1(&[1.0, 2.0, 4.0, 5.0]).into_dyn());
    /// let places = [0.0, 1.0, 2.0, 4.0];
    /// assert_eq!(x.gradient(places, 0)?.compute_with(&Sync::new())?, arr1(&[1.0, 2.0, 17.0 / 6.0, 2.5]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn gradient(&self, spacing: impl Into<Spacing>, axis: isize) -> Result<Array<A::Float>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        let n = self.shape()[axis];
        if n < 2 {
            return Err(ArrayError::TooShort { operation: "gradient", axis, length: n, least: 2 });
        }
        let x = self.astype::<A::Float>();
        let behind = joined(&[x.within(axis, 1..n, &info), x.within(axis, n - 1..n, &info)], axis, &info);
        let before = joined(&[x.within(axis, 0..1, &info), x.within(axis, 0..n - 1, &info)], axis, &info);
        let [behind, before] = [behind, before].map(|part| part.rechunked(x.chunks(), &info));
        let weights = |weights: Vec<Array<A::Float>>| {
            let weights = joined(&weights, 0, &info);
            let own = Chunks::from_lengths(vec![x.chunks().lengths(axis).to_vec()]);
            weights.rechunked(&own, &info).with_axes(0, x.ndim() - axis - 1, &info)
        };
        match spacing.into() {
            Spacing::Even(step) => {
                let distance = |number: f64, n: usize| full(number, n, &info);
                let distances = vec![distance(step, 1)?, distance(2.0 * step, n - 2)?, distance(step, 1)?];
                behind.try_sub(&before)?.try_div(weights(distances))
            }
            Spacing::At(places) if places.len() == n => {
                let [a, b, c] = central(&places).map(|of| {
                    of.into_iter()
                        .map(|weight: f64| A::Float::from_scalar(Scalar::F64(weight)))
                        .collect::<Vec<_>>()
                });
                let of = |of: Vec<A::Float>| {
                    let lengths = x.chunks().lengths(axis).to_vec();
                    let array = Array::from_ndarray(ndarray::Array1::from_vec(of), vec![lengths])?;
                    Ok::<_, ArrayError>(weights(vec![array]))
                };
                before.try_mul(&of(a)?)?.try_add(&x.try_mul(&of(b)?)?)?.try_add(&behind.try_mul(&of(c)?)?)
            }
            Spacing::At(places) => Err(ArrayError::Places { got: places.len(), axis, length: n }),
        }
    }
}

/// So many times a number.
fn full<A: Element>(number: f64, n: usize, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
    Array::full_with(&[n], crate::ChunkSpec::Auto, A::from_scalar(Scalar::F64(number)), info)
}

/// The weights of the element before, the element and the element behind in its gradient, for elements at these places;
/// at the ends, the element stands in for what is not there.
fn central(places: &[f64]) -> [Vec<f64>; 3] {
    let n = places.len();
    let distance = |at: usize| places[at + 1] - places[at];
    let weights = (0..n).map(|at| match at {
        0 => [-1.0 / distance(0), 0.0, 1.0 / distance(0)],
        at if at == n - 1 => [-1.0 / distance(at - 1), 0.0, 1.0 / distance(at - 1)],
        at => {
            let (before, behind) = (distance(at - 1), distance(at));
            let both = before + behind;
            [-behind / (before * both), (behind - before) / (before * behind), before / (behind * both)]
        }
    });
    let mut columns = [Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n)];
    for row in weights {
        columns.iter_mut().zip(row).for_each(|(column, weight)| column.push(weight));
    }
    columns
}
