//! Reductions of small groups of neighbours.

use dask_graph::LayerInfo;

use super::Array;
use super::Over;
use super::transpose::axis_of;
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// Reduces groups of so many neighbours along some axes to one element each (dask's `coarsen`).
    ///
    /// The reduction is given the array with each of these axes split in two, and the axes that lie within the groups.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or a group has no elements.
    /// - When the length of an axis is not a multiple of its group; [`coarsen_trimmed`](Array::coarsen_trimmed) leaves
    ///   the rest out.
    /// - When the reduction fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let image = Array::from_ndarray(arr2(&[[1, 2, 3, 4], [5, 6, 7, 8]]), [1, 2])?;
    /// let small = image.coarsen(&[(0, 2), (1, 2)], |x, within| x.max(within))?;
    /// assert_eq!(small.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[6, 8]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn coarsen<B: Element>(
        &self,
        groups: &[(isize, usize)],
        reduction: impl FnOnce(&Array<A>, Over) -> Result<Array<B>, ArrayError>,
    ) -> Result<Array<B>, ArrayError> {
        let info = LayerInfo::here();
        let sizes = self.group_sizes(groups)?;
        let rest = sizes.iter().zip(self.shape()).position(|(size, &n)| !n.is_multiple_of(size.unwrap_or(1)));
        if let Some(axis) = rest {
            let size = sizes[axis].unwrap_or(1);
            return Err(ArrayError::Coarsen { axis, length: self.shape()[axis], size });
        }
        self.coarsened(&sizes, reduction, &info)
    }

    /// [`coarsen`](Array::coarsen) without what is left behind the last whole group along each axis.
    ///
    /// # Errors
    ///
    /// - As [`coarsen`](Array::coarsen), lengths that are no multiples aside.
    #[track_caller]
    pub fn coarsen_trimmed<B: Element>(
        &self,
        groups: &[(isize, usize)],
        reduction: impl FnOnce(&Array<A>, Over) -> Result<Array<B>, ArrayError>,
    ) -> Result<Array<B>, ArrayError> {
        let info = LayerInfo::here();
        let sizes = self.group_sizes(groups)?;
        let mut trimmed = self.clone();
        for (axis, size) in sizes.iter().enumerate() {
            let n = self.shape()[axis];
            trimmed = trimmed.within(axis, 0..n - n % size.unwrap_or(1), &info);
        }
        trimmed.coarsened(&sizes, reduction, &info)
    }

    /// For each axis, the size of its groups.
    fn group_sizes(&self, groups: &[(isize, usize)]) -> Result<Vec<Option<usize>>, ArrayError> {
        let mut sizes = vec![None; self.ndim()];
        for &(axis, size) in groups {
            let at = axis_of(axis, self.shape())?;
            if size == 0 {
                return Err(ArrayError::Coarsen { axis: at, length: self.shape()[at], size });
            }
            if sizes[at].replace(size).is_some() {
                let axes = groups.iter().map(|&(axis, _)| axis).collect();
                return Err(ArrayError::Axes { axes, ndim: self.ndim() });
            }
        }
        Ok(sizes)
    }

    fn coarsened<B: Element>(
        &self,
        sizes: &[Option<usize>],
        reduction: impl FnOnce(&Array<A>, Over) -> Result<Array<B>, ArrayError>,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let (mut shape, mut within) = (Vec::new(), Vec::new());
        for (&n, size) in self.shape().iter().zip(sizes) {
            match size {
                None => shape.push(n),
                Some(size) => {
                    within.push(shape.len() + 1);
                    shape.extend([n / size, *size]);
                }
            }
        }
        reduction(&self.reshaped(&shape, info), Over::from(&within[..]))
    }
}
