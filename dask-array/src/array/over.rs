//! Which axes a reduction goes over, and how.

use std::collections::BTreeMap;

use super::transpose::axis_of;
use crate::error::ArrayError;

/// The axes of a reduction, and how it is done.
///
/// Made from what reads well: an axis (`0`, `-1`), several (`[0, 2]`), or all (`..`).
///
/// ```
/// use dask_array::{Array, Over};
///
/// let x = Array::<f64>::ones(&[4, 5, 6], 2)?;
/// assert!(x.sum(..)?.shape().is_empty());
/// assert_eq!(x.sum(-1)?.shape(), [4, 5]);
/// assert_eq!(x.sum(Over::from([0, 2]).keepdims())?.shape(), [1, 5, 1]);
/// # Ok::<(), dask_array::ArrayError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// None: all axes.
    axes: Option<Vec<isize>>,
    pub(crate) keepdims: bool,
    split_every: SplitEvery,
}

/// How many partial results are joined at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SplitEvery {
    /// In all.
    All(u32),
    /// Along some axes; along others two.
    Each(BTreeMap<isize, u32>),
}

/// Partial results a join takes, unless told otherwise.
pub(super) const SPLIT_EVERY: u32 = 8;

impl Over {
    fn axes(axes: Option<Vec<isize>>) -> Self {
        Self { axes, keepdims: false, split_every: SplitEvery::All(SPLIT_EVERY) }
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
        Self { split_every: SplitEvery::All(split_every), ..self }
    }

    /// How many blocks' results are joined at a time along an axis, for each axis by itself; 2 along axes about which
    /// nothing is said.
    ///
    /// ```
    /// use dask_array::{Array, Over};
    ///
    /// let x = Array::<f64>::ones(&[64, 64], 4)?;
    /// assert!(x.sum(Over::from(..).split_every_along([(0, 16), (1, 4)]))?.shape().is_empty());
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn split_every_along(self, axes: impl IntoIterator<Item = (isize, u32)>) -> Self {
        Self { split_every: SplitEvery::Each(axes.into_iter().collect()), ..self }
    }

    /// Whether all axes are meant, by their number or by `..`.
    pub(crate) fn is_all(&self) -> bool {
        self.axes.is_none()
    }

    /// For each axis of an array of this shape, whether it is reduced.
    pub(crate) fn reduced(&self, shape: &[usize]) -> Result<Vec<bool>, ArrayError> {
        let Some(axes) = &self.axes else { return Ok(vec![true; shape.len()]) };
        let mut reduced = vec![false; shape.len()];
        for &axis in axes {
            let at = axis_of(axis, shape)?;
            if std::mem::replace(&mut reduced[at], true) {
                return Err(ArrayError::Axes { axes: axes.clone(), ndim: shape.len() });
            }
        }
        Ok(reduced)
    }

    /// The lengths of the reduced axes of an array of this shape.
    pub(crate) fn reduced_shape(&self, shape: &[usize]) -> Result<Vec<usize>, ArrayError> {
        let reduced = self.reduced(shape)?;
        Ok(shape.iter().zip(reduced).filter(|(_, reduced)| *reduced).map(|(&n, _)| n).collect())
    }

    /// The only axis that is reduced, or `None` if all are.
    pub(crate) fn one_or_all(
        &self,
        operation: &'static str,
        shape: &[usize],
    ) -> Result<Option<usize>, ArrayError> {
        if self.is_all() {
            return Ok(None);
        }
        let reduced = self.reduced(shape)?;
        let mut axes = (0..shape.len()).filter(|&axis| reduced[axis]);
        match (axes.next(), axes.next()) {
            (Some(axis), None) => Ok(Some(axis)),
            _ => Err(ArrayError::OneAxis { operation, axes: self.axes.clone().unwrap_or_default() }),
        }
    }

    /// The two axes that are reduced, in the order in which they were given.
    pub(crate) fn pair(&self, shape: &[usize]) -> Result<[isize; 2], ArrayError> {
        self.reduced(shape)?;
        let all: Vec<isize> = (0..shape.len() as isize).collect();
        let axes = self.axes.as_ref().unwrap_or(&all);
        <[isize; 2]>::try_from(&axes[..])
            .map_err(|_| ArrayError::Axes { axes: axes.clone(), ndim: shape.len() })
    }

    /// The same over a single axis.
    pub(crate) fn with_axis(&self, axis: isize) -> Self {
        Self { axes: Some(vec![axis]), ..self.clone() }
    }

    /// How many blocks are joined along each axis at a time; 1 where the axis is kept.
    pub(crate) fn groups(&self, shape: &[usize]) -> Result<Vec<u32>, ArrayError> {
        let reduced = self.reduced(shape)?;
        let checked = |split_every: u32| {
            if split_every < 2 { Err(ArrayError::SplitEvery { split_every }) } else { Ok(split_every) }
        };
        let mut groups = vec![2; shape.len()];
        match &self.split_every {
            SplitEvery::All(split_every) => {
                let axes = reduced.iter().filter(|reduced| **reduced).count().max(1);
                let root = f64::from(checked(*split_every)?).powf(1.0 / axes as f64);
                // A power that should be whole may come out a little below.
                groups.fill(((root + 1e-9).floor() as u32).max(2));
            }
            SplitEvery::Each(axes) => {
                for (&axis, &split_every) in axes {
                    groups[axis_of(axis, shape)?] = checked(split_every)?;
                }
            }
        }
        Ok(groups.iter().zip(reduced).map(|(&group, reduced)| if reduced { group } else { 1 }).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_roots_or_as_said() {
        let shape = [9, 9, 9];
        assert_eq!(Over::from(..).split_every(8).groups(&shape), Ok(vec![2, 2, 2]));
        assert_eq!(Over::from([0, 2]).split_every(16).groups(&shape), Ok(vec![4, 1, 4]));
        assert_eq!(Over::from(..).split_every_along([(-1, 5)]).groups(&shape), Ok(vec![2, 2, 5]));
        assert!(Over::from(0).split_every_along([(0, 1)]).groups(&shape).is_err());
        assert!(Over::from(0).split_every_along([(3, 4)]).groups(&shape).is_err());
    }
}
