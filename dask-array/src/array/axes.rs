//! Axes: how they are named, and arrays with axes added, removed and moved.

use std::ops::RangeFull;

use dask_graph::LayerInfo;
use ndarray::{NewAxis, SliceInfoElem};

use super::Array;
use super::transpose::axis_of;
use crate::element::Element;
use crate::error::ArrayError;

/// Axes of an array; negative ones count from the end.
///
/// Made from what reads well: an axis (`0`, `-1`), several (`[0, 2]`), or all (`..`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes(Option<Vec<isize>>);

macro_rules! some_axes {
    ($($Int:ty),*) => {$(
        impl From<$Int> for Axes {
            fn from(axis: $Int) -> Self {
                Self(Some(vec![axis as isize]))
            }
        }

        impl<const N: usize> From<[$Int; N]> for Axes {
            fn from(axes: [$Int; N]) -> Self {
                Self::from(&axes[..])
            }
        }

        impl From<&[$Int]> for Axes {
            fn from(axes: &[$Int]) -> Self {
                Self(Some(axes.iter().map(|&axis| axis as isize).collect()))
            }
        }
    )*};
}
// A `usize` too large for an axis becomes a negative one that is just as far out of range.
some_axes!(i32, isize, usize);

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Self(None)
    }
}

impl Axes {
    /// The axes of an array of this shape, in the order in which they are named, each once.
    pub(super) fn of(&self, shape: &[usize]) -> Result<Vec<usize>, ArrayError> {
        let Some(named) = &self.0 else { return Ok((0..shape.len()).collect()) };
        let axes = named.iter().map(|&axis| axis_of(axis, shape)).collect::<Result<Vec<_>, _>>()?;
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ArrayError::Axes { axes: named.clone(), ndim: shape.len() });
        }
        Ok(axes)
    }
}

impl<A: Element> Array<A> {
    /// The array without these axes, which have length one; with `..`, without all that have (numpy's `squeeze`).
    ///
    /// # Errors
    ///
    /// - When the array does not have an axis, one is named twice, or has another length than one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::ones(&[1, 6, 1], 4)?;
    /// assert_eq!(x.squeeze(..)?.shape(), [6]);
    /// assert_eq!(x.squeeze(0)?.shape(), [6, 1]);
    /// assert!(x.squeeze(1).unwrap_err().to_string().contains("length 6"));
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axes = axes.into();
        let mut squeezed = axes.of(self.shape())?;
        if axes.0.is_none() {
            squeezed.retain(|&axis| self.shape()[axis] == 1);
        }
        if let Some(&axis) = squeezed.iter().find(|&&axis| self.shape()[axis] != 1) {
            return Err(ArrayError::Squeeze { axis, length: self.shape()[axis] });
        }
        let part = |axis| if squeezed.contains(&axis) { SliceInfoElem::Index(0) } else { (..).into() };
        self.sliced(&(0..self.ndim()).map(part).collect::<Vec<_>>(), &info)
    }

    /// The array with new axes of length one, which are these of the result (numpy's `expand_dims`).
    ///
    /// # Errors
    ///
    /// - When the result would not have an axis, or one is named twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::ones(&[12, 10], 5)?;
    /// assert_eq!(x.expand_dims([0, -1])?.shape(), [1, 12, 10, 1]);
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn expand_dims(&self, axes: impl Into<Axes>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axes = axes.into();
        let new = axes.0.as_ref().map_or(0, Vec::len);
        let shape = vec![1; self.ndim() + new];
        let new = if new == 0 { Vec::new() } else { axes.of(&shape)? };
        let part = |axis| if new.contains(&axis) { NewAxis.into() } else { SliceInfoElem::from(..) };
        self.sliced(&(0..shape.len()).map(part).collect::<Vec<_>>(), &info)
    }

    /// The array with axes moved to other places; the others keep their order (numpy's `moveaxis`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or `from` and `to` are not as many.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::ones(&[6, 5, 7], 4)?;
    /// assert_eq!(x.moveaxis(0, -1)?.shape(), [5, 7, 6]);
    /// assert_eq!(x.swapaxes(0, 1)?.shape(), [5, 6, 7]);
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn moveaxis(&self, from: impl Into<Axes>, to: impl Into<Axes>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let (from, to) = (from.into().of(self.shape())?, to.into().of(self.shape())?);
        if from.len() != to.len() {
            let axes = to.iter().map(|&axis| axis as isize).collect();
            return Err(ArrayError::Axes { axes, ndim: from.len() });
        }
        let mut rest = (0..self.ndim()).filter(|axis| !from.contains(axis));
        let place = |at: usize| match to.iter().position(|&to| to == at) {
            Some(moved) => Some(from[moved]),
            None => rest.next(),
        };
        let order: Vec<usize> = (0..self.ndim()).filter_map(place).collect();
        Ok(self.permuted(&order, &info))
    }

    /// The array with two axes in each other's place (numpy's `swapaxes`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range.
    #[track_caller]
    pub fn swapaxes(&self, a: isize, b: isize) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let mut order: Vec<usize> = (0..self.ndim()).collect();
        order.swap(axis_of(a, self.shape())?, axis_of(b, self.shape())?);
        Ok(self.permuted(&order, &info))
    }

    /// The array with an axis moved to lie before the one that is now `start`, or behind all if there is no such
    /// (numpy's `rollaxis`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range; `start` may be the number of axes.
    #[track_caller]
    pub fn rollaxis(&self, axis: isize, start: isize) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let from = axis_of(axis, self.shape())?;
        let n = self.ndim() as isize;
        let start = if start < 0 { start.saturating_add(n) } else { start };
        if !(0..=n).contains(&start) {
            return Err(ArrayError::AxisOutOfRange { axis: start, shape: self.shape().to_vec() });
        }
        let mut order: Vec<usize> = (0..self.ndim()).filter(|&axis| axis != from).collect();
        let to = start.unsigned_abs();
        order.insert(if to > from { to - 1 } else { to }, from);
        Ok(self.permuted(&order, &info))
    }

    /// The array, of no axes as one of one axis (numpy's `atleast_1d`).
    #[must_use]
    #[track_caller]
    pub fn atleast_1d(&self) -> Array<A> {
        self.with_axes(1_usize.saturating_sub(self.ndim()), 0, &LayerInfo::here())
    }

    /// The array with new axes in front, if it has less than two (numpy's `atleast_2d`).
    #[must_use]
    #[track_caller]
    pub fn atleast_2d(&self) -> Array<A> {
        self.with_axes(2_usize.saturating_sub(self.ndim()), 0, &LayerInfo::here())
    }

    /// The array with new axes, if it has less than three: one axis becomes the second of three, two the first two
    /// (numpy's `atleast_3d`).
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::ones(&[23], 7)?;
    /// assert_eq!((x.atleast_2d().shape(), x.atleast_3d().shape()), (&[1, 23][..], &[1, 23, 1][..]));
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn atleast_3d(&self) -> Array<A> {
        let (before, behind) = [(1, 2), (1, 1), (0, 1)].get(self.ndim()).copied().unwrap_or((0, 0));
        self.with_axes(before, behind, &LayerInfo::here())
    }

    /// The array with so many axes more in front and behind.
    pub(super) fn with_axes(&self, before: usize, behind: usize, info: &LayerInfo) -> Array<A> {
        let mut index = vec![SliceInfoElem::from(NewAxis); before];
        index.extend((0..self.ndim()).map(|_| SliceInfoElem::from(..)));
        index.extend((0..behind).map(|_| SliceInfoElem::from(NewAxis)));
        self.sliced(&index, info).unwrap_or_else(|error| unreachable!("new axes always fit: {error}"))
    }

    /// What lies in a range of an axis, which is within it.
    pub(super) fn within(&self, axis: usize, range: std::ops::Range<usize>, info: &LayerInfo) -> Array<A> {
        let mut index = vec![SliceInfoElem::from(..); axis];
        index.push(range.into());
        self.sliced(&index, info)
            .unwrap_or_else(|error| unreachable!("the range is within the axis: {error}"))
    }
}
