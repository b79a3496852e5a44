//! Writing blocks to a data set of an HDF5 file.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Collection, ComputeError, LayerInfo, Packer, Refused, Scheduler, Unpack, Unpacked};
use ndarray::{ArrayViewD, Axis, Slice};
use serde::{Deserialize, Serialize};

use super::layout::layout;
use super::{Hdf5Error, open};
use crate::array::Array;
use crate::block::Block;
use crate::chunks::indices;
use crate::element::Element;
use crate::storage::alike::is_aligned;
use crate::storage::file::{FileError, absolute};
use crate::storage::pending::Pending;
use crate::storage::positioned::write_all_at;
use crate::storage::region::Region;
use crate::storage::sink::{BlockSink, BlockWriter};
use crate::storage::source::StorageError;
use crate::storage::store::Store;

/// An HDF5 file with one data set to be written (feature `hdf5`).
///
/// The data set is stored in chunks without filters, which programs with HDF5 1.10 or later read. Blocks are written as
/// they are made into a temporary file beside the target, which takes the target's name when it is whole and is removed
/// when the run fails, unless the store is [`resumable`](Hdf5Sink::resumable). A file that is there is replaced then, if
/// it holds nothing but this data set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hdf5Sink {
    path: PathBuf,
    dataset: String,
    chunks: Vec<usize>,
    resumable: Option<String>,
}

impl Hdf5Sink {
    /// A file at this path with a data set, by the names of its groups and its own (`measurements/2026/temperature`), in
    /// chunks of this shape. Every block has to be made of whole chunks, except where the array ends.
    pub fn new(path: impl Into<PathBuf>, dataset: impl Into<String>, chunks: &[usize]) -> Self {
        Self { path: path.into(), dataset: dataset.into(), chunks: chunks.to_vec(), resumable: None }
    }

    /// Keeps what an interrupted run has written, and goes on from there: see [Resuming](Store#resuming).
    #[must_use]
    pub fn resumable(self, tag: impl Into<String>) -> Self {
        Self { resumable: Some(tag.into()), ..self }
    }

    fn description<A: Element>(&self, shape: &[usize]) -> Option<String> {
        let Self { dataset, chunks, .. } = self;
        let tag = self.resumable.as_ref()?;
        Some(format!("hdf5 {dataset:?} {} {shape:?} chunks {chunks:?} {tag:?}", A::DTYPE))
    }

    /// The names of the groups and of the data set.
    fn names(&self) -> Result<Vec<&str>, Hdf5Error> {
        let names: Vec<&str> = self.dataset.trim_start_matches('/').split('/').collect();
        let is_name = |name: &&str| !name.is_empty() && *name != "." && name.len() < 1 << 15;
        if !names.iter().all(is_name) {
            return Err(Hdf5Error::Name { dataset: self.dataset.clone() });
        }
        Ok(names)
    }

    /// Makes a file with everything but the elements.
    fn create<A: Element>(&self, path: &Path, shape: &[usize]) -> Result<(), Hdf5Error> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(FileError::io("create", path))?;
        let made = layout(&self.names()?, A::DTYPE, shape, &self.chunks);
        let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, "the size cannot be counted");
        let made = made.ok_or_else(too_large).map_err(FileError::io("make room for", path))?;
        file.set_len(made.len).map_err(FileError::io("make room for", path))?;
        Ok(write_all_at(&file, &made.head, 0).map_err(FileError::io("write", path))?)
    }

    fn check_chunks<A: Element>(&self, shape: &[usize]) -> Result<(), Hdf5Error> {
        let bytes = self.chunks.iter().try_fold(size_of::<A>(), |bytes, &n| bytes.checked_mul(n));
        let is_small = bytes.is_some_and(|bytes| u32::try_from(bytes).is_ok());
        // Axes are counted by a byte, and the size of an element is one more.
        if self.chunks.len() != shape.len() || self.chunks.contains(&0) || !is_small || shape.len() > 32 {
            return Err(Hdf5Error::Chunks { chunks: self.chunks.clone(), shape: shape.to_vec() });
        }
        Ok(())
    }

    /// Refuses a file with something else in it.
    fn check_replaceable(&self) -> Result<(), Hdf5Error> {
        let refused = || Hdf5Error::NotReplaced { path: self.path.clone(), dataset: self.dataset.clone() };
        if !self.path.exists() {
            return Ok(());
        }
        let mut group = open(&self.path).map_err(|_| refused())?.root();
        let mut names = self.names()?;
        let dataset = names.pop();
        let (none, list) =
            (Vec::<String>::new(), |names: Result<Vec<String>, _>| names.map_err(|_| refused()));
        for name in names {
            if list(group.datasets())? != none || list(group.groups())? != [name] {
                return Err(refused());
            }
            group = group.group(name).map_err(|_| refused())?;
        }
        if list(group.groups())? != none
            || list(group.datasets())?.iter().any(|name| Some(&**name) != dataset)
        {
            return Err(refused());
        }
        Ok(())
    }
}

impl<A: Element> BlockSink<A> for Hdf5Sink {
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        self.names()?;
        self.check_chunks::<A>(shape)?;
        self.check_replaceable()?;
        let make = |path: &Path| self.create::<A>(path, shape);
        let pending = Pending::open(&self.path, self.description::<A>(shape).as_deref(), make)?;
        Ok(Box::new(Hdf5Writer::<A>::open(self, shape.to_vec(), pending)?))
    }

    fn whole(&self, shape: &[usize]) -> HashSet<Region> {
        Pending::whole(&self.path, self.description::<A>(shape).as_deref(), shape)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&Self { path: absolute(&self.path), ..self.clone() })?;
        Ok(|from| {
            let sink: Hdf5Sink = from.state()?;
            Ok(Unpacked::part::<Arc<dyn BlockSink<A>>>(Arc::new(sink)))
        })
    }

    fn attach(&self, ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let (pending, shape) = Pending::attach(&self.path, ticket, self.resumable.is_some())?;
        Ok(Box::new(Hdf5Writer::<A>::open(self, shape, pending)?))
    }
}

struct Hdf5Writer<A> {
    pending: Pending,
    file: File,
    shape: Vec<usize>,
    chunks: Vec<usize>,
    /// Where the first chunk begins.
    data_offset: u64,
    element: PhantomData<fn(A)>,
}

impl<A: Element> Hdf5Writer<A> {
    fn open(sink: &Hdf5Sink, shape: Vec<usize>, pending: Pending) -> Result<Self, Hdf5Error> {
        let place = pending.place();
        let file = OpenOptions::new().write(true).open(place).map_err(FileError::io("open", place))?;
        // As it was laid out, from the same names, type and shape.
        let made = layout(&sink.names()?, A::DTYPE, &shape, &sink.chunks);
        let data_offset = made.map_or(0, |made| made.head.len() as u64);
        Ok(Self { pending, file, shape, chunks: sink.chunks.clone(), data_offset, element: PhantomData })
    }

    /// Writes one chunk, in full size where the array ends within it.
    fn write_chunk(&self, position: &[usize], part: ArrayViewD<'_, A>) -> Result<(), FileError> {
        let counts = self.shape.iter().zip(&self.chunks).map(|(n, chunk)| n.div_ceil(*chunk));
        let number = position.iter().zip(counts).fold(0, |number, (at, count)| number * count + at);
        let len: usize = self.chunks.iter().product();
        let place = self.data_offset + (number * len * size_of::<A>()) as u64;
        let write = |elements: &[A]| {
            let written = write_all_at(&self.file, A::bytes(elements), place);
            written.map_err(FileError::io("write", self.pending.place()))
        };
        if part.shape() == self.chunks {
            return write(part.as_standard_layout().as_slice().unwrap_or_default());
        }
        let mut whole = ndarray::ArrayD::from_elem(&self.chunks[..], A::default());
        let lengths = part.shape().to_vec();
        whole.slice_each_axis_mut(|axis| Slice::from(..lengths[axis.axis.index()])).assign(&part);
        write(whole.as_slice().unwrap_or_default())
    }

    fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(FileError::io("write", self.pending.place()))
    }
}

impl<A: Element> BlockWriter<A> for Hdf5Writer<A> {
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError> {
        if !is_aligned(offset, block.shape(), &self.chunks, &self.shape) {
            let (offset, block, chunks) = (offset.to_vec(), block.shape().to_vec(), self.chunks.clone());
            return Err(Hdf5Error::Unaligned { offset, block, chunks }.into());
        }
        let view = block.view();
        let n_chunks: Vec<u32> =
            block.shape().iter().zip(&self.chunks).map(|(n, chunk)| n.div_ceil(*chunk) as u32).collect();
        for index in indices(&n_chunks) {
            let mut part = view.view();
            let mut position = Vec::with_capacity(index.len());
            for (axis, (&i, &chunk)) in index.iter().zip(&self.chunks).enumerate() {
                let start = i as usize * chunk;
                let end = (start + chunk).min(block.shape()[axis]);
                part.slice_axis_inplace(Axis(axis), Slice::from(start..end));
                position.push(offset[axis] / chunk + i as usize);
            }
            self.write_chunk(&position, part)?;
        }
        Ok(self.pending.written(offset, block.shape(), || self.sync())?)
    }

    fn finish(&self) -> Result<(), StorageError> {
        // What was written must be on the disk before the name says that it is: a full disk may show only now.
        self.sync()?;
        Ok(self.pending.put_in_place()?)
    }

    fn ticket(&self) -> Option<Vec<u8>> {
        self.pending.ticket(&self.shape)
    }
}

impl<A: Element> Array<A> {
    /// Describes the writing of the array to an HDF5 file with one data set (feature `hdf5`), one chunk for each block:
    /// see [`Hdf5Sink`]. The file appears, or is replaced, when it is whole.
    ///
    /// Blocks of different lengths along an axis are cut to the longest first, since chunks are all alike.
    #[must_use]
    #[track_caller]
    pub fn store_hdf5(&self, path: impl Into<PathBuf>, dataset: impl Into<String>) -> Store {
        let (alike, chunks) = self.alike(&LayerInfo::here());
        alike.store(Hdf5Sink::new(path, dataset, &chunks))
    }

    /// Computes the array with the installed scheduler and writes it to an HDF5 file, block by block.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    /// - When the file cannot be written, or holds something else than this data set: nothing is changed then.
    #[track_caller]
    pub fn to_hdf5(&self, path: impl Into<PathBuf>, dataset: impl Into<String>) -> Result<(), ComputeError> {
        self.store_hdf5(path, dataset).compute()
    }

    /// [`to_hdf5`](Array::to_hdf5) with a scheduler of the caller's.
    ///
    /// # Errors
    ///
    /// - As [`to_hdf5`](Array::to_hdf5).
    #[track_caller]
    pub fn to_hdf5_with(
        &self,
        path: impl Into<PathBuf>,
        dataset: impl Into<String>,
        scheduler: &dyn Scheduler,
    ) -> Result<(), ComputeError> {
        self.store_hdf5(path, dataset).compute_with(scheduler)
    }
}
