//! Functions of the user on lines along an axis, and on parts of fixed axes.

use dask_graph::{LayerInfo, OpError};
use ndarray::{Array1, ArrayD, ArrayView1, ArrayViewD, Axis};

use super::Array;
use super::block_map::{BlockMap, letters};
use super::transpose::axis_of;
use crate::chunks::ChunkSpec;
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// Applies a function to each line along an axis, which vanishes: numpy's `apply_along_axis` for functions that
    /// give one number.
    ///
    /// Blocks are joined along the axis first. The function runs in other processes too if it captures nothing.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 5, 2], [7, 3, 8]]), 2)?;
    /// let last = x.apply_along_axis(1, |row| row[row.len() - 1])?;
    /// assert_eq!(last.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[2, 8]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn apply_along_axis<B: Element>(
        &self,
        axis: isize,
        f: impl Fn(ArrayView1<'_, A>) -> B + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        let info = LayerInfo::here();
        let x = self.with_whole_axis_last(axis, &info)?;
        let (kept, all) = (letters(0..x.ndim() - 1), letters(0..x.ndim()));
        let lines = move |blocks: &[ArrayViewD<'_, A>]| {
            let block = only(blocks)?;
            Ok(block.map_axis(Axis(block.ndim().saturating_sub(1)), &f))
        };
        let map = BlockMap::to(kept).input(&x, all).named("apply_along_axis");
        map.written(move |_, blocks| lines(blocks), &info)
    }

    /// Applies a function that makes a line of `length` elements of each line along an axis: numpy's
    /// `apply_along_axis` for functions that give one axis.
    ///
    /// Blocks are joined along the axis first. A line of another length is an error of the run.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    #[track_caller]
    pub fn map_along_axis<B: Element>(
        &self,
        axis: isize,
        length: usize,
        f: impl Fn(ArrayView1<'_, A>) -> Array1<B> + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        let info = LayerInfo::here();
        let x = self.with_whole_axis_last(axis, &info)?;
        let all = letters(0..x.ndim());
        let Some(last) = all.chars().last() else {
            return Err(ArrayError::AxisOutOfRange { axis, shape: self.shape().to_vec() });
        };
        let map = BlockMap::to(all.as_str()).input(&x, all.as_str()).chunks(last, [length]);
        let made = map.named("map_along_axis").written(
            move |block, blocks| {
                let mut out = ArrayD::from_elem(block.shape.as_slice(), B::default());
                let x = only(blocks)?;
                let last = Axis(x.ndim().saturating_sub(1));
                for (mut to, from) in out.lanes_mut(last).into_iter().zip(x.lanes(last)) {
                    let line = f(from);
                    if line.len() != to.len() {
                        let (got, expected) = (line.len(), to.len());
                        return Err(OpError::failed(LineLengthError { got, expected }));
                    }
                    to.assign(&line);
                }
                Ok(out)
            },
            &info,
        )?;
        let at = axis_of(axis, self.shape())?;
        let mut order: Vec<usize> = (0..self.ndim() - 1).collect();
        order.insert(at, self.ndim() - 1);
        Ok(made.permuted(&order, &info))
    }

    /// The array with an axis in one block, and last.
    fn with_whole_axis_last(&self, axis: isize, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let at = axis_of(axis, self.shape())?;
        let mut order: Vec<usize> = (0..self.ndim()).filter(|&own| own != at).collect();
        order.push(at);
        Ok(self.with_whole_axes(&[at], info)?.permuted(&order, info))
    }

    /// The array with one block along each of these axes.
    pub(super) fn with_whole_axes(&self, axes: &[usize], info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let wishes = axes.iter().map(|&axis| (axis, ChunkSpec::Whole));
        let chunks = self.chunks().recut(wishes.collect::<std::collections::BTreeMap<_, _>>(), A::DTYPE)?;
        Ok(self.rechunked(&chunks, info))
    }
}

/// The block of the only input.
fn only<'a, 'b, A>(blocks: &'a [ArrayViewD<'b, A>]) -> Result<&'a ArrayViewD<'b, A>, OpError> {
    match blocks {
        [block] => Ok(block),
        _ => Err(OpError::ArgumentCount { takes: 1, given: blocks.len() }),
    }
}

/// A function of lines that made a line of another length than was said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function made a line of {got} elements, {expected} were announced")]
pub struct LineLengthError {
    /// The length of the line.
    pub got: usize,
    /// The length that was announced.
    pub expected: usize,
}
