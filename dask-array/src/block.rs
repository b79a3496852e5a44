//! Blocks: what the tasks of an array hand to each other.

pub(crate) mod blob;

use std::borrow::Cow;

use dask_graph::{Blob, BlobError, BlobReader, Payload, Value};
use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn, ShapeError};
use serde::{Deserialize, Serialize};

use crate::element::Element;
use crate::kernel::encoded_payload;
use crate::program::domain::row_major;

/// One block of an [`Array`](crate::Array): what its tasks take and give.
///
/// The elements lie densely in memory, in some order of the axes; a block that was transposed shares the
/// buffer it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Block<A> {
    array: ArcArray<A, IxDyn>,
}

impl<A: Element> Block<A> {
    /// The block with these elements. An array with gaps or reversed axes is copied together.
    pub fn new(array: impl Into<ArcArray<A, IxDyn>>) -> Self {
        let array = array.into();
        let dense = array.strides().iter().zip(array.shape()).all(|(&stride, &n)| stride >= 0 || n <= 1)
            && array.as_slice_memory_order().is_some();
        Self { array: if dense { array } else { array.as_standard_layout().into_owned().into_shared() } }
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
        Self { array: self.array.clone().permuted_axes(IxDyn(order)) }
    }

    /// The same elements in row-major order in another shape; copied only where they do not lie in that order.
    pub(crate) fn reshaped(self, shape: &[usize]) -> Result<Self, ShapeError> {
        let array = if self.is_row_major() {
            self.array
        } else {
            self.array.as_standard_layout().into_owned().into()
        };
        Ok(Self { array: array.into_shape_with_order(IxDyn(shape))? })
    }

    /// The elements in row-major order; copied only where they do not lie in that order.
    pub(crate) fn row_major(&self) -> Cow<'_, [A]> {
        if self.is_row_major() {
            return Cow::Borrowed(self.data());
        }
        Cow::Owned(self.array.iter().copied().collect())
    }

    /// The elements in memory order.
    pub(crate) fn data(&self) -> &[A] {
        self.array.as_slice_memory_order().unwrap_or_default()
    }

    /// How far apart neighbours along each axis lie in [`data`](Block::data), 0 along axes of length one.
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
                let shape = owned.raw_dim();
                let (buffer, offset) = owned.into_raw_vec_and_offset();
                if offset.unwrap_or(0) == 0 && buffer.len() == len {
                    return Ok(buffer);
                }
                // A piece of a larger buffer, which only a caller's own array can be.
                let from = offset.unwrap_or(0);
                let array = ArrayD::from_shape_vec(shape, buffer[from..from + len].to_vec());
                Err(Self::new(array.unwrap_or_default()))
            }
            Err(array) => Err(Self { array }),
        }
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
