//! Transforms along several axes.

use dask_graph::LayerInfo;

use super::transform::Transform;
use super::{Along, ComplexOf, Norm, cast, from_real, to_complex, to_real};
use crate::array::Array;
use crate::array::transpose::axis_of;
use crate::element::Element;
use crate::error::ArrayError;

/// The axes of a transform, the lengths along them, and how it is scaled. Made from axes (`[0, 1]`), or from `..` for
/// all of them.
///
/// ```
/// use dask_array::fft::AlongAxes;
///
/// let padded = AlongAxes::from([-2, -1]).shape([64, 64]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlongAxes {
    /// None: all axes.
    axes: Option<Vec<isize>>,
    shape: Option<Vec<usize>>,
    norm: Norm,
}

impl AlongAxes {
    /// Takes so many elements along each axis: the first ones, or all and then zeros. Where the result is real
    /// (`irfftn`), it has so many along the last axis.
    #[must_use]
    pub fn shape(self, shape: impl Into<Vec<usize>>) -> Self {
        Self { shape: Some(shape.into()), ..self }
    }

    /// Scales by another rule than [`Norm::Backward`].
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { norm, ..self }
    }

    /// The axes of an array that are meant.
    pub(super) fn of<A: Element>(&self, x: &Array<A>) -> Result<Vec<usize>, ArrayError> {
        match &self.axes {
            None => Ok((0..x.ndim()).collect()),
            Some(axes) => axes.iter().map(|&axis| axis_of(axis, x.shape())).collect(),
        }
    }

    /// One transform for each axis, in the order of the axes.
    fn each<A: Element>(&self, operation: &'static str, x: &Array<A>) -> Result<Vec<Along>, ArrayError> {
        let axes = self.of(x)?;
        if let Some(shape) = self.shape.as_ref().filter(|shape| shape.len() != axes.len()) {
            let (got, expected) = (shape.len(), axes.len());
            return Err(ArrayError::TransformShape { operation, got, expected });
        }
        let along = |(at, axis): (usize, usize)| Along {
            axis: axis as isize,
            n: self.shape.as_ref().map(|shape| shape[at]),
            norm: self.norm,
        };
        Ok(axes.into_iter().enumerate().map(along).collect())
    }
}

impl From<std::ops::RangeFull> for AlongAxes {
    fn from(_: std::ops::RangeFull) -> Self {
        Self { axes: None, shape: None, norm: Norm::default() }
    }
}

macro_rules! along_axes {
    ($($Int:ty),*) => {$(
        impl From<&[$Int]> for AlongAxes {
            fn from(axes: &[$Int]) -> Self {
                let axes = axes.iter().map(|&axis| axis as isize).collect();
                Self { axes: Some(axes), shape: None, norm: Norm::default() }
            }
        }

        impl<const N: usize> From<[$Int; N]> for AlongAxes {
            fn from(axes: [$Int; N]) -> Self {
                Self::from(&axes[..])
            }
        }
    )*};
}
along_axes!(i32, isize);

/// The axes that `fft2` and its like are for.
const LAST_TWO: [isize; 2] = [-2, -1];

/// The Fourier transform along several axes (numpy's `fftn`).
///
/// # Errors
///
/// - When an axis is out of range, or there is not one length for each.
/// - When there are no elements along one of them.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, fft};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::<f64>::ones(&[4, 6, 5], 2)?;
/// let spectrum = fft::fftn(&x, [0, 1])?.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!((spectrum[[0, 0, 3]].re, spectrum[[1, 0, 3]].norm()), (24.0, 0.0));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn fftn<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<AlongAxes>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    complex("fftn", x, &along.into(), false, &LayerInfo::here())
}

/// The inverse of [`fftn`] (numpy's `ifftn`).
///
/// # Errors
///
/// - As [`fftn`].
#[track_caller]
pub fn ifftn<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<AlongAxes>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    complex("ifftn", x, &along.into(), true, &LayerInfo::here())
}

/// [`fftn`] along the last two axes (numpy's `fft2`).
///
/// # Errors
///
/// - As [`fftn`].
#[track_caller]
pub fn fft2<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    norm: Norm,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    complex("fft2", x, &AlongAxes::from(LAST_TWO).norm(norm), false, &LayerInfo::here())
}

/// [`ifftn`] along the last two axes (numpy's `ifft2`).
///
/// # Errors
///
/// - As [`fftn`].
#[track_caller]
pub fn ifft2<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    norm: Norm,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    complex("ifft2", x, &AlongAxes::from(LAST_TWO).norm(norm), true, &LayerInfo::here())
}

/// The half of [`fftn`] of real numbers that has the others as conjugates (numpy's `rfftn`): the last of the axes has
/// n/2 + 1 elements.
///
/// # Errors
///
/// - As [`fftn`], and when there are no axes.
#[track_caller]
pub fn rfftn<A: Element<Real = A, RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<AlongAxes>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    halved("rfftn", x, &along.into(), &LayerInfo::here())
}

/// The inverse of [`rfftn`] (numpy's `irfftn`).
///
/// # Errors
///
/// - As [`fftn`], and when there are no axes.
#[track_caller]
pub fn irfftn<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<AlongAxes>,
) -> Result<Array<A::RealFloat>, ArrayError> {
    restored("irfftn", x, &along.into(), &LayerInfo::here())
}

/// [`rfftn`] along the last two axes (numpy's `rfft2`).
///
/// # Errors
///
/// - As [`fftn`].
#[track_caller]
pub fn rfft2<A: Element<Real = A, RealFloat: Transform>>(
    x: &Array<A>,
    norm: Norm,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    halved("rfft2", x, &AlongAxes::from(LAST_TWO).norm(norm), &LayerInfo::here())
}

/// [`irfftn`] along the last two axes (numpy's `irfft2`).
///
/// # Errors
///
/// - As [`fftn`].
#[track_caller]
pub fn irfft2<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    norm: Norm,
) -> Result<Array<A::RealFloat>, ArrayError> {
    restored("irfft2", x, &AlongAxes::from(LAST_TWO).norm(norm), &LayerInfo::here())
}

fn complex<A: Element<RealFloat: Transform>>(
    operation: &'static str,
    x: &Array<A>,
    along: &AlongAxes,
    inverse: bool,
    info: &LayerInfo,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    let mut each = along.each(operation, x)?;
    let Some(last) = each.pop() else { return Ok(cast(x)) };
    let first = to_complex(operation, x, last, inverse, info)?;
    rest(operation, first, &each, inverse, info)
}

/// Transforms along axes one after the other, the last first.
fn rest<C: Element<RealFloat: Transform<Complex = C>>>(
    operation: &'static str,
    x: Array<C>,
    along: &[Along],
    inverse: bool,
    info: &LayerInfo,
) -> Result<Array<C>, ArrayError> {
    along.iter().rev().try_fold(x, |x, &along| to_complex(operation, &x, along, inverse, info))
}

fn halved<A: Element<RealFloat: Transform>>(
    operation: &'static str,
    x: &Array<A>,
    along: &AlongAxes,
    info: &LayerInfo,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    let mut each = along.each(operation, x)?;
    let last = each.pop().ok_or(ArrayError::TransformShape { operation, got: 0, expected: 1 })?;
    let first = from_real(operation, x, last, false, info)?;
    rest(operation, first, &each, false, info)
}

fn restored<A: Element<RealFloat: Transform>>(
    operation: &'static str,
    x: &Array<A>,
    along: &AlongAxes,
    info: &LayerInfo,
) -> Result<Array<A::RealFloat>, ArrayError> {
    let mut each = along.each(operation, x)?;
    let last = each.pop().ok_or(ArrayError::TransformShape { operation, got: 0, expected: 1 })?;
    let x = rest(operation, cast::<A, ComplexOf<A>>(x), &each, true, info)?;
    to_real(operation, &x, last, true, info)
}
