//! Axes backwards, turned and rolled.

use dask_graph::LayerInfo;
use ndarray::{Slice, SliceInfoElem};

use super::Array;
use super::axes::Axes;
use super::concatenate::joined;
use super::transpose::axis_of;
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// The array with its elements in reverse along these axes (numpy's `flip`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2)?;
    /// assert_eq!(x.flip(1)?.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[3, 2, 1], [6, 5, 4]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Axes>) -> Result<Array<A>, ArrayError> {
        let axes = axes.into().of(self.shape())?;
        Ok(self.flipped(&axes, &LayerInfo::here()))
    }

    /// The array with its rows in reverse (numpy's `flipud`).
    ///
    /// # Errors
    ///
    /// - When the array has no axes.
    #[track_caller]
    pub fn flipud(&self) -> Result<Array<A>, ArrayError> {
        self.flip(0)
    }

    /// The array with its columns in reverse (numpy's `fliplr`).
    ///
    /// # Errors
    ///
    /// - When the array has less than two axes.
    #[track_caller]
    pub fn fliplr(&self) -> Result<Array<A>, ArrayError> {
        self.flip(1)
    }

    pub(super) fn flipped(&self, axes: &[usize], info: &LayerInfo) -> Array<A> {
        let part = |axis| match axes.contains(&axis) {
            true => SliceInfoElem::from(Slice::new(0, None, -1)),
            false => SliceInfoElem::from(..),
        };
        let index: Vec<_> = (0..self.ndim()).map(part).collect();
        self.sliced(&index, info).unwrap_or_else(|error| unreachable!("whole axes fit: {error}"))
    }

    /// The array turned `k` times by 90 degrees, from the first of two axes towards the second (numpy's `rot90`).
    ///
    /// # Errors
    ///
    /// - When an axis is out of range, or both are the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2], [3, 4]]), 1)?;
    /// assert_eq!(x.rot90(1, [0, 1])?.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[2, 4], [1, 3]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn rot90(&self, k: isize, axes: [isize; 2]) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let plane = Axes::from(axes).of(self.shape())?;
        let [a, b] = [plane[0], plane[1]];
        let mut order: Vec<usize> = (0..self.ndim()).collect();
        order.swap(a, b);
        Ok(match k.rem_euclid(4) {
            0 => self.clone(),
            1 => self.flipped(&[b], &info).permuted(&order, &info),
            2 => self.flipped(&[a, b], &info),
            _ => self.permuted(&order, &info).flipped(&[b], &info),
        })
    }

    /// The array with its elements moved `shift` places along an axis, round its end; without an axis, in row-major
    /// order (numpy's `roll`). To roll along several axes, do it for one after the other.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2)?;
    /// assert_eq!(x.roll(-1, 1)?.compute_with(&Sync::new())?, arr2(&[[2, 3, 1], [5, 6, 4]]).into_dyn());
    /// assert_eq!(x.roll(2, None)?.compute_with(&Sync::new())?, arr2(&[[5, 6, 1], [2, 3, 4]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn roll(&self, shift: isize, axis: impl Into<Option<isize>>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        match axis.into() {
            None => Ok(self.raveled(&info).rolled(shift, 0, &info).reshaped(self.shape(), &info)),
            Some(axis) => Ok(self.rolled(shift, axis_of(axis, self.shape())?, &info)),
        }
    }

    fn rolled(&self, shift: isize, axis: usize, info: &LayerInfo) -> Array<A> {
        let n = self.shape()[axis];
        let seam = match n {
            0 => 0,
            n => n - shift.rem_euclid(n as isize).unsigned_abs(),
        };
        let [first, second] = [seam..n, 0..seam].map(|range| self.within(axis, range, info));
        joined(&[first, second], axis, info)
    }
}
