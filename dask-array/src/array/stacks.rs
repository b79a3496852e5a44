//! Arrays beside, below and behind each other: concatenation along axes that the arrays need not have.

use std::borrow::Borrow;

use dask_graph::LayerInfo;

use super::Array;
use super::concatenate::concatenated;
use crate::element::Element;
use crate::error::ArrayError;

/// Joins arrays along the first axis, as rows: one of a single axis is one row (numpy's `vstack`).
///
/// # Errors
///
/// - When there are no arrays, or their lengths along any other axis are not equal.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, ndarray::{arr1, arr2}, vstack};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [x, y] = [arr1(&[1, 2, 3]), arr1(&[4, 5, 6])].map(|row| Array::from_ndarray(row, 2));
/// let rows = vstack([x?, y?])?;
/// assert_eq!(rows.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[1, 2, 3], [4, 5, 6]]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn vstack<A: Element>(arrays: impl IntoIterator<Item: Borrow<Array<A>>>) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let arrays = all_with_axes(arrays, 2, &info);
    concatenated(&arrays, 0, "vstack", &info)
}

/// Joins arrays along the second axis, as columns; those of a single axis along that one (numpy's `hstack`).
///
/// # Errors
///
/// - When there are no arrays, or their lengths along any other axis are not equal.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, hstack, ndarray::arr1};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [x, y] = [arr1(&[1, 2, 3]), arr1(&[4, 5])].map(|part| Array::from_ndarray(part, 2));
/// let both = hstack([x?, y?])?;
/// assert_eq!(both.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1, 2, 3, 4, 5]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn hstack<A: Element>(arrays: impl IntoIterator<Item: Borrow<Array<A>>>) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let arrays = all_with_axes(arrays, 1, &info);
    let axis = arrays.first().map_or(0, |first| isize::from(first.ndim() > 1));
    concatenated(&arrays, axis, "hstack", &info)
}

/// Joins arrays along the third axis, one behind the other: one of a single axis is a row, one of two axes a layer
/// (numpy's `dstack`).
///
/// # Errors
///
/// - When there are no arrays, or their lengths along any other axis are not equal.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, dstack};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = Array::<f64>::ones(&[4, 5], 2)?;
/// assert_eq!(dstack([&layer, &layer, &layer])?.shape(), [4, 5, 3]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn dstack<A: Element>(arrays: impl IntoIterator<Item: Borrow<Array<A>>>) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let arrays = all_with_axes(arrays, 2, &info);
    let deep = arrays.into_iter().map(|array| {
        let new = 3_usize.saturating_sub(array.ndim());
        array.with_axes(0, new, &info)
    });
    concatenated(&deep.collect::<Vec<_>>(), 2, "dstack", &info)
}

/// Joins arrays that are laid out in rows: those of a row along the last axis, and the rows along the one before
/// (numpy's `block`, of two levels).
///
/// # Errors
///
/// - When there are no rows or a row is empty, or what stands beside or below each other does not fit.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, block, ndarray::arr2};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (one, zero) = (Array::<i32>::ones(&[1, 2], 1)?, Array::<i32>::zeros(&[1, 2], 1)?);
/// let board = block([[&one, &zero], [&zero, &one]])?;
/// let expected = arr2(&[[1, 1, 0, 0], [0, 0, 1, 1]]).into_dyn();
/// assert_eq!(board.compute_with(&dask_sched_sync::Sync::new())?, expected);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn block<A: Element, R: IntoIterator<Item: Borrow<Array<A>>>>(
    rows: impl IntoIterator<Item = R>,
) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let row = |row| concatenated(&all_with_axes(row, 2, &info), -1, "block", &info);
    let rows = rows.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
    concatenated(&rows, -2, "block", &info)
}

/// The arrays, each with at least so many axes: new ones are in front.
fn all_with_axes<A: Element>(
    arrays: impl IntoIterator<Item: Borrow<Array<A>>>,
    least: usize,
    info: &LayerInfo,
) -> Vec<Array<A>> {
    let with_axes = |array: &Array<A>| array.with_axes(least.saturating_sub(array.ndim()), 0, info);
    arrays.into_iter().map(|array| with_axes(array.borrow())).collect()
}
