//! Arrays with a margin.

use std::ops::Range;

use dask_graph::LayerInfo;

use super::Array;
use super::Over;
use super::concatenate::joined;
use super::repeats::countable;
use crate::chunks::{Chunks, divided};
use crate::element::{Element, Scalar};
use crate::error::ArrayError;
use crate::program::kernels::Kernels;

/// What the margin of a padded array holds, in numpy's words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PadMode<A> {
    /// This number.
    Constant(A),
    /// The element at the edge.
    Edge,
    /// Numbers from this one at the outer end, in even steps to the element at the edge.
    LinearRamp(A),
    /// The largest element along the axis.
    Maximum,
    /// The mean of the elements along the axis, of integers rounded.
    Mean,
    /// The median of the elements along the axis, of integers rounded. There is none of complex numbers.
    Median,
    /// The smallest element along the axis.
    Minimum,
    /// The elements mirrored at the edge, which is not repeated: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The elements mirrored with the edge: `2 1 | 1 2 3 | 3 2`.
    Symmetric,
    /// The elements from the other end: `2 3 | 1 2 3 | 1 2`.
    Wrap,
    /// Anything: here zeros.
    Empty,
}

impl<A> PadMode<A> {
    fn is_statistic(&self) -> bool {
        matches!(self, Self::Maximum | Self::Mean | Self::Median | Self::Minimum)
    }
}

/// The widths of a margin: the same everywhere (`2`), before and behind each axis (`(1, 0)`), or so for each axis
/// (`[(1, 2), (3, 0)]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PadWidth {
    /// Before and behind each axis.
    All(usize, usize),
    /// Before and behind each of the axes.
    Each(Vec<(usize, usize)>),
}

impl From<usize> for PadWidth {
    fn from(width: usize) -> Self {
        Self::All(width, width)
    }
}

impl From<(usize, usize)> for PadWidth {
    fn from((before, behind): (usize, usize)) -> Self {
        Self::All(before, behind)
    }
}

impl<const N: usize> From<[(usize, usize); N]> for PadWidth {
    fn from(widths: [(usize, usize); N]) -> Self {
        Self::Each(widths.to_vec())
    }
}

impl From<&[(usize, usize)]> for PadWidth {
    fn from(widths: &[(usize, usize)]) -> Self {
        Self::Each(widths.to_vec())
    }
}

impl From<Vec<(usize, usize)>> for PadWidth {
    fn from(widths: Vec<(usize, usize)>) -> Self {
        Self::Each(widths)
    }
}

impl<A: Element> Array<A> {
    /// The array with a margin of these widths (numpy's `pad`). Axes are padded one after the other, the corners by
    /// what has been padded before.
    ///
    /// # Errors
    ///
    /// - When there are not widths for each axis, or the result is larger than can be counted.
    /// - When an axis of length zero is to be padded by its elements, or complex numbers by their medians.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, PadMode, ndarray::arr1};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3]), 2)?;
    /// let padded = |mode| x.pad((2, 1), mode)?.compute_with(&Sync::new()).map_err(Box::<dyn std::error::Error>::from);
    /// assert_eq!(padded(PadMode::Constant(0))?, arr1(&[0, 0, 1, 2, 3, 0]).into_dyn());
    /// assert_eq!(padded(PadMode::Reflect)?, arr1(&[3, 2, 1, 2, 3, 2]).into_dyn());
    /// assert_eq!(padded(PadMode::Wrap)?, arr1(&[2, 3, 1, 2, 3, 1]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pad(&self, width: impl Into<PadWidth>, mode: PadMode<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let nearest = vec![None; self.ndim()];
        self.padded_everywhere(&self.widths(width.into())?, mode, &nearest, &info)
    }

    /// The array with a margin that holds statistics not of all elements along an axis but of so many, those nearest to
    /// the margin: numpy's `pad` with `stat_length`.
    ///
    /// # Errors
    ///
    /// - As [`pad`](Array::pad).
    /// - When the mode is not [`Maximum`](PadMode::Maximum), [`Mean`](PadMode::Mean), [`Median`](PadMode::Median) or
    ///   [`Minimum`](PadMode::Minimum), or a length is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, PadMode, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 5, 2, 4, 3]), 2)?;
    /// let padded = x.pad_nearest(1, PadMode::Maximum, 2)?;
    /// assert_eq!(padded.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[5, 1, 5, 2, 4, 3, 4]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pad_nearest(
        &self,
        width: impl Into<PadWidth>,
        mode: PadMode<A>,
        stat_length: impl Into<PadWidth>,
    ) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let (widths, lengths) = (self.widths(width.into())?, self.widths(stat_length.into())?);
        if !mode.is_statistic() {
            return Err(ArrayError::PadStatistic {
                problem: "the mode is not the maximum, mean, median or minimum",
            });
        }
        if lengths.iter().any(|&(before, behind)| before == 0 || behind == 0) {
            return Err(ArrayError::PadStatistic { problem: "a number of elements is 0" });
        }
        let nearest: Vec<_> = lengths.into_iter().map(Some).collect();
        self.padded_everywhere(&widths, mode, &nearest, &info)
    }

    /// Widths for each axis.
    fn widths(&self, width: PadWidth) -> Result<Vec<(usize, usize)>, ArrayError> {
        match width {
            PadWidth::All(before, behind) => Ok(vec![(before, behind); self.ndim()]),
            PadWidth::Each(widths) if widths.len() == self.ndim() => Ok(widths),
            PadWidth::Each(widths) => {
                Err(ArrayError::PadWidths { got: widths.len(), shape: self.shape().to_vec() })
            }
        }
    }

    fn padded_everywhere(
        &self,
        widths: &[(usize, usize)],
        mode: PadMode<A>,
        nearest: &[Option<(usize, usize)>],
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let mut array = self.clone();
        for (axis, (&width, &nearest)) in widths.iter().zip(nearest).enumerate() {
            if width != (0, 0) {
                array = array.padded(axis, width, mode, nearest, info)?;
            }
        }
        Ok(array)
    }

    fn padded(
        &self,
        axis: usize,
        (before, behind): (usize, usize),
        mode: PadMode<A>,
        nearest: Option<(usize, usize)>,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let n = self.shape()[axis];
        let length = n.checked_add(before).and_then(|length| length.checked_add(behind));
        countable::<A>(self.shape(), axis, length)?;
        if n == 0 && !matches!(mode, PadMode::Constant(_) | PadMode::Empty) {
            return Err(ArrayError::PadNothing { axis, shape: self.shape().to_vec() });
        }
        let parts = match mode {
            PadMode::Constant(number) => {
                self.between(before, behind, |width| self.filled(axis, width, number, info))
            }
            PadMode::Empty => {
                self.between(before, behind, |width| self.filled(axis, width, A::default(), info))
            }
            PadMode::Maximum => self.beside(axis, before, behind, nearest, |x| x.max(over(axis)), info)?,
            PadMode::Minimum => self.beside(axis, before, behind, nearest, |x| x.min(over(axis)), info)?,
            PadMode::Mean => self.beside(axis, before, behind, nearest, |x| x.rounded_mean(axis), info)?,
            PadMode::Median => {
                self.beside(axis, before, behind, nearest, |x| x.rounded_median(axis), info)?
            }
            PadMode::LinearRamp(end) => self.ramps(axis, before, behind, end, info)?,
            PadMode::Edge => self.around(axis, before, behind, |at| at.clamp(0, n as isize - 1), info),
            PadMode::Wrap => self.around(axis, before, behind, |at| at.rem_euclid(n as isize), info),
            PadMode::Symmetric => self.around(axis, before, behind, |at| mirrored(at, n, 2 * n), info),
            PadMode::Reflect => {
                self.around(axis, before, behind, |at| mirrored(at, n, (2 * n - 2).max(1)), info)
            }
        };
        Ok(joined(&parts, axis, info))
    }

    /// The array between margins of these widths.
    fn between(&self, before: usize, behind: usize, margin: impl Fn(usize) -> Array<A>) -> Vec<Array<A>> {
        vec![margin(before), self.clone(), margin(behind)]
    }

    /// The array between margins that hold, all along the axis, a statistic of it, or of so many elements nearest to
    /// each.
    fn beside(
        &self,
        axis: usize,
        before: usize,
        behind: usize,
        nearest: Option<(usize, usize)>,
        statistic: impl Fn(&Array<A>) -> Result<Array<A>, ArrayError>,
        info: &LayerInfo,
    ) -> Result<Vec<Array<A>>, ArrayError> {
        let n = self.shape()[axis];
        let (first, last) = match nearest {
            None => {
                let all = statistic(self)?;
                (all.clone(), all)
            }
            Some((first, last)) => (
                statistic(&self.within(axis, 0..first.min(n), info))?,
                statistic(&self.within(axis, n - last.min(n)..n, info))?,
            ),
        };
        let margin = |of: &Array<A>, width: usize| of.stretched(axis, self.margin_lengths(axis, width), info);
        Ok(vec![margin(&first, before), self.clone(), margin(&last, behind)])
    }

    /// Blocks for a margin: no longer than those of the array.
    fn margin_lengths(&self, axis: usize, width: usize) -> Vec<usize> {
        let longest = self.chunks().lengths(axis).iter().copied().max().unwrap_or(1).max(1);
        divided(&[width], longest)
    }

    /// A margin of one number.
    fn filled(&self, axis: usize, width: usize, number: A, info: &LayerInfo) -> Array<A> {
        let mut chunks = self.chunks().axes().to_vec();
        chunks[axis] = self.margin_lengths(axis, width);
        Array::full_cut(number, Chunks::from_lengths(chunks), info)
    }

    fn rounded_mean(&self, axis: usize) -> Result<Array<A>, ArrayError> {
        let mean = self.mean(over(axis))?;
        let is_float = A::DTYPE == A::Float::DTYPE;
        Ok(if is_float { mean.astype() } else { mean.rint().astype() })
    }

    fn rounded_median(&self, axis: usize) -> Result<Array<A>, ArrayError> {
        if A::DTYPE.is_complex() {
            return Err(ArrayError::Unsupported { operation: "pad by medians", dtype: A::DTYPE });
        }
        // Of real numbers, the same type.
        let median = self.astype::<A::Real>().median(over(axis))?;
        let is_float = A::DTYPE == A::RealFloat::DTYPE;
        Ok(if is_float { median.astype() } else { median.rint().astype() })
    }

    /// The array between margins that are elements of it: those at the positions that `of` gives for positions outside.
    fn around(
        &self,
        axis: usize,
        before: usize,
        behind: usize,
        of: impl Fn(isize) -> isize,
        info: &LayerInfo,
    ) -> Vec<Array<A>> {
        let n = self.shape()[axis] as isize;
        let margin =
            |range: Range<isize>| runs(range.map(&of)).into_iter().map(|run| self.run(axis, &run, info));
        let mut parts: Vec<Array<A>> = margin(-(before as isize)..0).collect();
        parts.push(self.clone());
        parts.extend(margin(n..n.saturating_add(behind as isize)));
        parts
    }

    fn run(&self, axis: usize, run: &Run, info: &LayerInfo) -> Array<A> {
        let reach = run.len - 1;
        match run.step {
            0 => self.within(axis, run.first..run.first + 1, info).stretched(
                axis,
                self.margin_lengths(axis, run.len),
                info,
            ),
            1 => self.within(axis, run.first..run.first + reach + 1, info),
            _ => self.within(axis, run.first - reach..run.first + 1, info).flipped(&[axis], info),
        }
    }

    /// The array between ramps from `end` to its edges.
    fn ramps(
        &self,
        axis: usize,
        before: usize,
        behind: usize,
        end: A,
        info: &LayerInfo,
    ) -> Result<Vec<Array<A>>, ArrayError> {
        let n = self.shape()[axis];
        let ramp = |width: usize, edge: usize| {
            if width == 0 {
                return Ok(self.within(axis, 0..0, info));
            }
            self.ramp(axis, width, edge, end, info)
        };
        let (first, last) = (ramp(before, 0)?, ramp(behind, n - 1)?);
        Ok(vec![first, self.clone(), last.flipped(&[axis], info)])
    }

    /// Numbers in even steps from `end` to just before the element at `edge`.
    fn ramp(
        &self,
        axis: usize,
        width: usize,
        edge: usize,
        end: A,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let end = A::Float::from_scalar(end.to_scalar());
        let width_as = A::Float::from_scalar(Scalar::F64(width as f64));
        let step =
            self.within(axis, edge..edge + 1, info).astype::<A::Float>().try_sub(end)?.try_div(width_as)?;
        let lengths = self.margin_lengths(axis, width);
        let steps = Array::arange(0, width as i64, 1, vec![lengths])?.astype::<A::Float>();
        let mut shape = vec![1; self.ndim()];
        shape[axis] = width;
        let ramp = steps.reshaped(&shape, info).try_mul(&step)?.try_add(end)?;
        let is_float = A::DTYPE == A::Float::DTYPE;
        Ok(if is_float { ramp.astype() } else { ramp.astype::<A::RealFloat>().floor().astype() })
    }
}

fn over(axis: usize) -> Over {
    Over::from(axis).keepdims()
}

/// The position that `at` is mirrored to, of `n` that recur with this period.
fn mirrored(at: isize, n: usize, period: usize) -> isize {
    let at = at.rem_euclid(period as isize);
    // Behind the last comes the last again, or the one before it.
    let repeats_edge = period == 2 * n;
    if at < n as isize { at } else { period as isize - at - isize::from(repeats_edge) }
}

/// Positions that follow each other in steps of 1, -1 or 0.
#[derive(Debug, PartialEq)]
struct Run {
    first: usize,
    step: isize,
    len: usize,
}

/// Positions as runs.
fn runs(positions: impl Iterator<Item = isize>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last = 0;
    for at in positions {
        match runs.last_mut() {
            Some(run) if run.len == 1 && (at - last).abs() <= 1 => {
                run.step = at - last;
                run.len = 2;
            }
            Some(run) if run.len > 1 && at - last == run.step => run.len += 1,
            _ => runs.push(Run { first: at.unsigned_abs(), step: 1, len: 1 }),
        }
        last = at;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_runs() {
        let reflect = |range: Range<isize>, n: usize| -> Vec<isize> {
            range.map(|at| mirrored(at, n, (2 * n - 2).max(1))).collect()
        };
        assert_eq!(reflect(-4..0, 3), [0, 1, 2, 1]);
        assert_eq!(reflect(3..7, 3), [1, 0, 1, 2]);
        assert_eq!(reflect(-2..0, 1), [0, 0]);
        let symmetric: Vec<isize> = (-4..0).map(|at| mirrored(at, 3, 6)).collect();
        assert_eq!(symmetric, [2, 2, 1, 0]);
        let run = |first, step, len| Run { first, step, len };
        assert_eq!(runs([0, 1, 2, 1].into_iter()), [run(0, 1, 3), run(1, 1, 1)]);
        assert_eq!(runs([2, 2, 1, 0].into_iter()), [run(2, 0, 2), run(1, -1, 2)]);
        assert_eq!(runs([4, 0, 1].into_iter()), [run(4, 1, 1), run(0, 1, 2)]);
    }
}
