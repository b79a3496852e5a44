//! Reading stacks of `.npy` files.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use dask_graph::{LayerInfo, Packer, Refused, Token, Tokenize, Tokenizer, Unpack, Unpacked};
use ndarray::{ArrayD, Axis, IxDyn, Slice};

use super::{file_name, numbers};
use crate::array::Array;
use crate::array::transpose::axis_of;
use crate::block::Block;
use crate::chunks::ChunkSpec;
use crate::element::Element;
use crate::storage::file::FileError;
use crate::storage::flat::Flat;
use crate::storage::npy::{NpyError, NpySource};
use crate::storage::region::{Region, Span};
use crate::storage::source::{BlockSource, StorageError};

/// A stack of `.npy` files as a source of blocks: what [`Array::from_npy_stack`] reads from.
///
/// Each file is read as [`NpySource`] reads it; a block may lie in several.
#[derive(Debug, Clone)]
pub struct NpyStackSource<A> {
    axis: usize,
    shape: Vec<usize>,
    files: Vec<Flat>,
    /// Where each file begins along the axis, and where the last one ends.
    starts: Vec<usize>,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> NpyStackSource<A> {
    /// Opens the files in a directory and reads their headers. `axis` is the one along which they are stacked, counted
    /// from the last if it is negative.
    ///
    /// # Errors
    ///
    /// - When there are no files `0.npy`, `1.npy`, … in the directory, or one is missing among them.
    /// - When one of them is not a `.npy` file that is whole, or holds elements of another type than `A`.
    /// - When their shapes differ along other axes than this one, or do not have it.
    pub fn open(directory: impl AsRef<Path>, axis: isize) -> Result<Self, NpyError> {
        let directory = directory.as_ref();
        let (numbers, _) = numbers(directory)?;
        if numbers.iter().enumerate().any(|(i, &number)| i != number) || numbers.is_empty() {
            let missing = (0..).find(|i| numbers.get(*i) != Some(i)).unwrap_or_default();
            return Err(NpyError::NoStack { path: directory.join(file_name(missing)) });
        }
        let mut files: Vec<Flat> = Vec::with_capacity(numbers.len());
        let mut starts = vec![0_usize];
        let mut along = None;
        for i in numbers {
            let path = directory.join(file_name(i));
            let file = NpySource::<A>::open(&path)?.flat();
            let axis = *along.get_or_insert(axis_of(axis, &file.shape)?);
            let first = files.first().map_or(&file.shape, |first| &first.shape);
            let fits = |(k, (n, expected)): (usize, (&usize, &usize))| k == axis || n == expected;
            if file.shape.len() != first.len() || !file.shape.iter().zip(first).enumerate().all(fits) {
                let (found, expected) = (file.shape.clone(), first.clone());
                return Err(NpyError::StackShape { path, found, expected, axis });
            }
            let Some(end) = starts[i].checked_add(file.shape[axis]) else {
                let lengths = vec![starts[i], file.shape[axis]];
                return Err(NpyError::StackLengths { axis, lengths, shape: file.shape });
            };
            starts.push(end);
            files.push(file);
        }
        let axis = along.unwrap_or_default();
        let mut shape = files.first().map(|file| file.shape.clone()).unwrap_or_default();
        shape[axis] = starts.last().copied().unwrap_or_default();
        Ok(Self { axis, shape, files, starts, element: PhantomData })
    }
}

impl<A: Element> BlockSource<A> for NpyStackSource<A> {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn token(&self) -> Token {
        let mut token = Tokenizer::new("npy-stack").feed(&self.axis).feed(&self.files);
        A::DTYPE.tokenize(&mut token);
        token.finish()
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        let span = region.axes[self.axis];
        let part = |within: Span| {
            let mut region = region.clone();
            region.axes[self.axis] = within;
            region
        };
        let first = self.starts.partition_point(|&start| start <= span.start).saturating_sub(1);
        let mut out: Option<ArrayD<A>> = None;
        for file in first..self.files.len() {
            if self.starts[file] >= span.bounds().end {
                break;
            }
            let within = span.within(self.starts[file], self.starts[file + 1]);
            let Some((within, at)) = within else { continue };
            let read = self.files[file].read::<A>(&part(within))?;
            if within.len == span.len {
                return Ok(Block::new(read));
            }
            let out = out.get_or_insert_with(|| ArrayD::from_elem(IxDyn(&region.shape()), A::default()));
            let place = Slice::from(at..at + within.len);
            out.slice_axis_mut(Axis(self.axis), place).assign(&read);
        }
        Ok(Block::new(out.unwrap_or_else(|| ArrayD::from_elem(IxDyn(&region.shape()), A::default()))))
    }

    fn label(&self) -> &'static str {
        "from-npy-stack"
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.axis, &self.shape, &self.files, &self.starts))?;
        Ok(|from| {
            let (axis, shape, files, starts) = from.state()?;
            let source = NpyStackSource::<A> { axis, shape, files, starts, element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}

impl<A: Element> Array<A> {
    /// The array in a stack of `.npy` files, as [`to_npy_stack`](Array::to_npy_stack) and dask's function of that name
    /// write it. Blocks are the files; another cut by [`rechunk`](Array::rechunk) or a slice costs nothing, since they
    /// are read that way then.
    ///
    /// `axis` is the one along which the files are stacked, counted from the last if it is negative.
    ///
    /// # Errors
    ///
    /// - When there are no files `0.npy`, `1.npy`, … in the directory, or one is missing among them.
    /// - When one of them is not a `.npy` file that is whole, or holds elements of another type.
    /// - When their shapes differ along other axes than this one, or do not have it.
    #[track_caller]
    pub fn from_npy_stack(directory: impl AsRef<Path>, axis: isize) -> Result<Self, NpyError> {
        let info = LayerInfo::here();
        let path = directory.as_ref();
        let source = NpyStackSource::<A>::open(path, axis)?;
        let lengths = source.starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut chunks = vec![ChunkSpec::Whole; source.shape.len()];
        chunks[source.axis] = ChunkSpec::Lengths(lengths);
        Self::of_source(Arc::new(source), chunks, &info)
            .map_err(|source| FileError::Chunks { path: path.to_owned(), source }.into())
    }
}
