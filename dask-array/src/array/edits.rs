//! Arrays with something inserted, deleted and appended along an axis.

use std::ops::Range;

use dask_graph::LayerInfo;

use super::Array;
use super::concatenate::{concatenated, joined};
use super::elementwise::Other;
use super::positions::Positions;
use super::transpose::axis_of;
use crate::element::Element;
use crate::error::ArrayError;

/// Pieces that are slices of their own; more are gathered.
const MOST_PIECES: usize = 64;

impl<A: Element> Array<A> {
    /// The array without what lies at these positions of an axis (numpy's `delete`).
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis, or a position lies outside of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3, 4]), 2)?;
    /// assert_eq!(x.delete([0, -1], 0)?.compute_with(&Sync::new())?, arr1(&[2, 3]).into_dyn());
    /// assert_eq!(x.insert(1, 9, 0)?.compute_with(&Sync::new())?, arr1(&[1, 9, 2, 3, 4]).into_dyn());
    /// assert_eq!(x.append(&x, None)?.shape(), [8]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn delete(&self, positions: impl Into<Positions>, axis: isize) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        let n = self.shape()[axis];
        let mut gone = positions.into().resolve(axis, n)?;
        gone.sort_unstable();
        gone.dedup();
        let starts = std::iter::once(0).chain(gone.iter().map(|at| at + 1));
        let kept = starts.zip(gone.iter().copied().chain([n])).filter(|(from, to)| from < to);
        let pieces: Vec<_> = kept.map(|(from, to)| (0, from..to)).collect();
        Ok(assembled(std::slice::from_ref(self), &pieces, axis, &info))
    }

    /// The array with values inserted before these positions of an axis, one for each position in its order; of a
    /// single position, all there are along the axis (numpy's `insert`). Positions are those of the array as it is, and
    /// may be its length, for the end.
    ///
    /// The values are a number or an array, which broadcasts along the other axes.
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis, or a position lies outside of it.
    /// - When the values do not broadcast.
    #[track_caller]
    pub fn insert(
        &self,
        positions: impl Into<Positions>,
        values: impl Other<A>,
        axis: isize,
    ) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        let n = self.shape()[axis];
        let positions = positions.into();
        let at = positions.resolve_gaps(axis, n)?;
        let values = self.inserted_values(&values, &positions, at.len(), axis, &info)?;
        let count = values.shape()[axis];
        // Which gap each of the values goes to, in the order of the gaps.
        let mut gaps: Vec<(usize, usize)> = match at[..] {
            [only] => (0..count).map(|value| (only, value)).collect(),
            _ => at.into_iter().zip(0..).collect(),
        };
        gaps.sort_by_key(|&(gap, _)| gap);
        let mut pieces = Vec::new();
        let mut from = 0;
        for same in gaps.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
            pieces.push((0, from..same[0].0));
            from = same[0].0;
            pieces.push((1, same[0].1..same[0].1 + same.len()));
        }
        pieces.push((0, from..n));
        pieces.retain(|(_, range)| !range.is_empty());
        Ok(assembled(&[self.clone(), values], &pieces, axis, &info))
    }

    /// The values to insert, broadcast along all axes but one.
    fn inserted_values(
        &self,
        values: &dyn Other<A>,
        positions: &Positions,
        count: usize,
        axis: usize,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let mut shape = self.shape().to_vec();
        shape[axis] = count;
        let Some(array) = values.array() else {
            return Array::full_with(
                &shape,
                crate::ChunkSpec::Auto,
                values.number().unwrap_or_default(),
                info,
            );
        };
        if positions.is_single() {
            // What has fewer axes lies across the axis, as in numpy.
            let mut array = array.clone();
            if array.ndim() < self.ndim() {
                array = array.with_axes(self.ndim() - array.ndim(), 0, info);
                let mut order: Vec<usize> = (1..self.ndim()).collect();
                order.insert(axis, 0);
                array = array.permuted(&order, info);
            }
            shape[axis] = array.shape().get(axis).copied().unwrap_or(1);
            return array.broadcast_in(&shape, info);
        }
        array.broadcast_in(&shape, info)
    }

    /// The array with another behind it along an axis; without an axis, both in row-major order (numpy's `append`).
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis, or the lengths of other axes are not equal.
    #[track_caller]
    pub fn append(&self, values: &Array<A>, axis: impl Into<Option<isize>>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        match axis.into() {
            Some(axis) => concatenated(&[self.clone(), values.clone()], axis, "append", &info),
            None => Ok(joined(&[self.raveled(&info), values.raveled(&info)], 0, &info)),
        }
    }
}

/// Pieces of arrays one after the other along an axis.
fn assembled<A: Element>(
    arrays: &[Array<A>],
    pieces: &[(usize, Range<usize>)],
    axis: usize,
    info: &LayerInfo,
) -> Array<A> {
    if pieces.is_empty() {
        return arrays[0].within(axis, 0..0, info);
    }
    if pieces.len() <= MOST_PIECES {
        let slices = pieces.iter().map(|(of, range)| arrays[*of].within(axis, range.clone(), info));
        return joined(&slices.collect::<Vec<_>>(), axis, info);
    }
    let before = |of: usize| arrays[..of].iter().map(|array| array.shape()[axis]).sum::<usize>();
    let positions = pieces.iter().flat_map(|(of, range)| {
        let first = before(*of);
        range.start + first..range.end + first
    });
    joined(arrays, axis, info).taken(positions.collect(), axis, info)
}
