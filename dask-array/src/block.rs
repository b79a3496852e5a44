//! Blocks: what the tasks of an array hand to each other.

pub(crate) mod blob;
pub(crate) mod grid;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload, Value};
use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn, ShapeError};
use serde::{Deserialize, Serialize};

use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::encoded_payload;
use crate::program::domain::row_major;
use crate::selection::Selection;
use crate::storage::Region;

/// One block of an [`Array`](crate::Array): what its tasks take and give.
///
/// The elements lie in memory in some order of the axes, densely or in long lines: a block that was transposed shares
/// the buffer it was made from, and one of an array in memory is seen where it lies.
#[derive(Debug, Clone)]
pub struct Block<A> {
    array: ArcArray<A, IxDyn>,
    /// Of a block with gaps, what it is a part of.
    around: Option<Arc<Around<A>>>,
}

/// The dense array that a block is a part of.
#[derive(Debug)]
struct Around<A> {
    whole: ArcArray<A, IxDyn>,
    /// Where in its buffer the block begins.
    from: usize,
}

/// Shorter lines, in bytes, are copied together: going through them again and again costs more than that.
const MIN_LINE: usize = 1024;

impl<A: Element> Block<A> {
    /// The block with these elements. An array with gaps or reversed axes is copied together.
    pub fn new(array: impl Into<ArcArray<A, IxDyn>>) -> Self {
        let array = array.into();
        let dense = array.strides().iter().zip(array.shape()).all(|(&stride, &n)| stride >= 0 || n <= 1)
            && array.as_slice_memory_order().is_some();
        Self::dense(if dense { array } else { array.as_standard_layout().into_owned().into_shared() })
    }

    fn dense(array: ArcArray<A, IxDyn>) -> Self {
        Self { array, around: None }
    }

    /// A region of an array: shared where it lies, unless it lies in short pieces.
    pub(crate) fn part_of(whole: &ArcArray<A, IxDyn>, region: &Region) -> Self {
        let is_regular = whole.as_slice_memory_order().is_some() && whole.strides().iter().all(|&n| n >= 0);
        if is_regular {
            return Self::dense(whole.clone()).region(region);
        }
        let mut array = whole.clone();
        array.slice_collapse(region.elems().as_slice());
        Self::new(array)
    }

    /// What a selection takes of the block: shared if that is half of the block or more, else copied, so that it does
    /// not keep the block alive.
    ///
    /// # Errors
    ///
    /// - When the selection does not lie within the block.
    pub(crate) fn part(&self, selection: &Selection) -> Result<Self, ArrayError> {
        let view = selection.of(self.view())?;
        match selection.region() {
            Some(region) if 2 * view.len() >= self.array.len() => Ok(self.region(&region)),
            _ => Ok(Self::new(view.to_owned())),
        }
    }

    fn region(&self, region: &Region) -> Self {
        let mut array = self.array.clone();
        array.slice_collapse(region.elems().as_slice());
        let has_long_lines = || {
            let mut axes = array.strides().iter().zip(array.shape());
            axes.any(|(&stride, &n)| stride == 1 && n * size_of::<A>() >= MIN_LINE)
        };
        if array.as_slice_memory_order().is_some() || !has_long_lines() {
            return Self::new(array);
        }
        let starts = region.axes.iter().zip(self.strides());
        let from: usize = starts.map(|(span, stride)| span.start * stride).sum();
        let around = match &self.around {
            None => Around { whole: self.array.clone(), from },
            Some(around) => Around { whole: around.whole.clone(), from: around.from + from },
        };
        Self { array, around: Some(Arc::new(around)) }
    }

    /// The elements, to read.
    pub fn view(&self) -> ArrayViewD<'_, A> {
        self.array.view()
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// The elements as an array of their own, without a copy if nobody else holds them.
    pub fn into_array(self) -> ArrayD<A> {
        self.array.into_owned()
    }

    /// The same elements with the axes in another order.
    pub(crate) fn transposed(&self, order: &[usize]) -> Self {
        Self { array: self.array.clone().permuted_axes(IxDyn(order)), around: self.around.clone() }
    }

    /// The same elements in row-major order in another shape; copied only where they do not lie in that order.
    pub(crate) fn reshaped(self, shape: &[usize]) -> Result<Self, ShapeError> {
        let array = if self.is_row_major() {
            self.array
        } else {
            self.array.as_standard_layout().into_owned().into()
        };
        Ok(Self::dense(array.into_shape_with_order(IxDyn(shape))?))
    }

    /// The elements in row-major order; copied only where they do not lie in that order.
    pub(crate) fn row_major(&self) -> Cow<'_, [A]> {
        if self.is_row_major() {
            return Cow::Borrowed(self.span());
        }
        Cow::Owned(self.array.iter().copied().collect())
    }

    /// The elements in memory order; copied only where there are gaps between them.
    pub(crate) fn memory_order(&self) -> Cow<'_, [A]> {
        if self.around.is_none() {
            return Cow::Borrowed(self.span());
        }
        Cow::Owned(self.array.view().permuted_axes(IxDyn(&self.slowest_first())).iter().copied().collect())
    }

    /// The axes in the order in which they lie in memory.
    fn slowest_first(&self) -> Vec<usize> {
        let strides = self.strides();
        let mut axes: Vec<usize> = (0..strides.len()).collect();
        axes.sort_by_key(|&axis| Reverse(strides[axis]));
        axes
    }

    /// The memory in which the elements lie, from the first on, with gaps where [`strides`](Block::strides) say so.
    pub(crate) fn span(&self) -> &[A] {
        match &self.around {
            Some(around) => &around.whole.as_slice_memory_order().unwrap_or_default()[around.from..],
            None => self.array.as_slice_memory_order().unwrap_or_default(),
        }
    }

    /// How far apart neighbours along each axis lie in [`span`](Block::span), 0 along axes of length one.
    pub(crate) fn strides(&self) -> Vec<usize> {
        let of = |(&stride, &n): (&isize, &usize)| if n <= 1 { 0 } else { stride.unsigned_abs() };
        self.array.strides().iter().zip(self.array.shape()).map(of).collect()
    }

    /// Whether the elements lie in row-major order.
    pub(crate) fn is_row_major(&self) -> bool {
        self.array.is_empty() || self.strides() == row_major(self.shape())
    }

    /// The elements' own buffer if nobody else holds it, else the block back.
    pub(crate) fn into_buffer(self) -> Result<Vec<A>, Self> {
        if !self.is_row_major() || self.array.is_empty() {
            return Err(self);
        }
        match self.array.try_into_owned_nocopy() {
            Ok(owned) => {
                let len = owned.len();
                let (mut buffer, offset) = owned.into_raw_vec_and_offset();
                // It may be a piece of a larger one.
                let from = offset.unwrap_or(0);
                buffer.truncate(from + len);
                buffer.drain(..from);
                Ok(buffer)
            }
            Err(array) => Err(Self::dense(array)),
        }
    }
}

impl<A: PartialEq> PartialEq for Block<A> {
    fn eq(&self, other: &Self) -> bool {
        self.array == other.array
    }
}

impl<A: Element> Payload for Block<A> {
    fn nbytes(&self) -> u64 {
        (self.array.len() * size_of::<A>()) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Ok(blob::to_blob(self)))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        blob::from_blob(reader).map_err(BlobError::of::<Self>)
    }
}

impl<A: Element> From<Block<A>> for Value {
    fn from(block: Block<A>) -> Self {
        Value::sized(block)
    }
}

/// Where a block lies in its array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    /// The index of the block's first element.
    pub(crate) offset: Vec<usize>,
    pub(crate) shape: Vec<usize>,
}

encoded_payload!(Extent, |it| (it.offset.len() + it.shape.len()) * size_of::<usize>());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::Taken;
    use crate::storage::Span;
    use ndarray::{Array, ArrayD};
    use proptest::prelude::*;

    /// A part along one axis.
    fn span(n: usize) -> impl Strategy<Value = Span> {
        (0..n, 1..=n, 1..4_usize).prop_map(move |(start, len, step)| {
            let most = (n - start).div_ceil(step);
            Span { start, len: len.min(most), step }
        })
    }

    proptest! {
        /// Parts of arrays with lines long and short, whatever the order of their axes.
        #[test]
        fn a_part_is_the_same_shared_or_copied(
            axes in [span(3), span(4), span(300)],
            order in Just(vec![0, 1, 2]).prop_shuffle(),
        ) {
            let numbers = Array::from_iter((0..3 * 4 * 300).map(f64::from));
            let whole: ArrayD<f64> = numbers.into_shape_with_order(IxDyn(&[3, 4, 300])).unwrap();
            let whole: ArcArray<_, _> = whole.permuted_axes(IxDyn(&order)).into();
            let region = Region { axes: order.iter().map(|&axis| axes[axis]).collect() };
            let block = Block::part_of(&whole, &region);
            check(&block)?;
            prop_assert_eq!(block.clone().into_array(), whole.slice_each_axis(|axis| {
                let Span { start, len, step } = region.axes[axis.axis.index()];
                ndarray::Slice::new(start as isize, Some((start + (len - 1) * step + 1) as isize), step as isize)
            }));
            // And a part of the part.
            let inner = |&n: &usize| Taken::range(usize::from(n > 4), n - usize::from(n > 2));
            let selection = Selection::ranges(block.shape().iter().map(inner).collect());
            let part = block.part(&selection).unwrap();
            check(&part)?;
            prop_assert_eq!(part.view(), selection.of(block.view()).unwrap());
        }
    }

    /// Whatever shows a block's elements shows the same.
    fn check(block: &Block<f64>) -> Result<(), TestCaseError> {
        let copied = Block::new(block.view().to_owned());
        let place =
            |at: &IxDyn| -> usize { block.strides().iter().enumerate().map(|(axis, n)| n * at[axis]).sum() };
        let elements = block.view();
        let mut by_place: Vec<(usize, f64)> =
            elements.indexed_iter().map(|(at, &x)| (place(&at), x)).collect();
        by_place.sort_by_key(|&(place, _)| place);
        for &(place, element) in &by_place {
            prop_assert_eq!(block.span()[place], element);
        }
        let in_order: Vec<f64> = by_place.into_iter().map(|(_, element)| element).collect();
        prop_assert_eq!(block.memory_order().into_owned(), in_order);
        prop_assert_eq!(block, &copied);
        prop_assert_eq!(block.row_major(), copied.row_major());
        let flat = [block.view().len()];
        prop_assert_eq!(block.clone().reshaped(&flat).unwrap(), copied.reshaped(&flat).unwrap());
        Ok(())
    }

    #[test]
    fn long_lines_are_shared_and_short_ones_copied() {
        let whole: ArcArray<f64, _> = ArrayD::zeros(IxDyn(&[10, 1000])).into();
        let part = |len| {
            let axes = vec![Span { start: 2, len: 5, step: 1 }, Span { start: 100, len, step: 1 }];
            Block::part_of(&whole, &Region { axes })
        };
        let is_shared = |block: &Block<f64>| std::ptr::eq(&block.view()[[0, 0]], &whole[[2, 100]]);
        assert!(is_shared(&part(500)) && part(500).strides() == [1000, 1]);
        assert!(!is_shared(&part(5)) && part(5).strides() == [5, 1]);
    }
}
