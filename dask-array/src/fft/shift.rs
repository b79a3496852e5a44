//! The middle to the front, and back.

use dask_graph::LayerInfo;
use ndarray::{Slice, SliceInfoElem};

use super::AlongAxes;
use crate::array::Array;
use crate::array::concatenate::concatenated;
use crate::element::Element;
use crate::error::ArrayError;

/// Moves the zero frequency to the middle of axes (numpy's `fftshift`): `..` is all.
///
/// # Errors
///
/// - When an axis is out of range.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, fft, ndarray::arr1};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[0, 1, 2, -2, -1]), 2)?;
/// let shifted = fft::fftshift(&x, ..)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(shifted.compute_with(&scheduler)?, arr1(&[-2, -1, 0, 1, 2]).into_dyn());
/// assert_eq!(fft::ifftshift(&shifted, ..)?.compute_with(&scheduler)?, x.compute_with(&scheduler)?);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn fftshift<A: Element>(x: &Array<A>, axes: impl Into<AlongAxes>) -> Result<Array<A>, ArrayError> {
    shifted(x, &axes.into(), |n| n - n / 2, &LayerInfo::here())
}

/// The inverse of [`fftshift`] (numpy's `ifftshift`).
///
/// # Errors
///
/// - When an axis is out of range.
#[track_caller]
pub fn ifftshift<A: Element>(x: &Array<A>, axes: impl Into<AlongAxes>) -> Result<Array<A>, ArrayError> {
    shifted(x, &axes.into(), |n| n / 2, &LayerInfo::here())
}

/// Puts what lies from a place on, along each axis, in front.
fn shifted<A: Element>(
    x: &Array<A>,
    along: &AlongAxes,
    place: fn(usize) -> usize,
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    along.of(x)?.into_iter().try_fold(x.clone(), |x, axis| {
        let at = place(x.shape()[axis]) as isize;
        let part = |start: isize, end: Option<isize>| {
            let mut index = vec![SliceInfoElem::from(..); axis];
            index.push(Slice::new(start, end, 1).into());
            x.sliced(&index, info)
        };
        concatenated(&[part(at, None)?, part(0, Some(at))?], axis as isize, "fftshift", info)
    })
}
