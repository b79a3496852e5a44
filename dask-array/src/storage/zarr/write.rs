//! Writing blocks to a Zarr array.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Collection, ComputeError, LayerInfo, Packer, Refused, Scheduler, Unpack, Unpacked};
use serde::{Deserialize, Serialize};
use zarrs::array::codec::{GzipCodec, ZstdCodec};
use zarrs::array::{ArrayBuilder, ArrayBytes, ArraySubset, FillValue};
use zarrs::filesystem::FilesystemStore;

use super::{Stored, ZarrError, data_type_of, open, options};
use crate::array::Array;
use crate::block::Block;
use crate::element::Element;
use crate::storage::alike::is_aligned;
use crate::storage::file::{FileError, absolute, sync};
use crate::storage::pending::Pending;
use crate::storage::region::Region;
use crate::storage::sink::{BlockSink, BlockWriter};
use crate::storage::source::StorageError;
use crate::storage::store::Store;

/// How chunks are made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// zstd of this level, from 1 (fast) to 22 (small).
    Zstd(i32),
    /// gzip of this level, from 0 to 9.
    Gzip(u32),
}

/// A Zarr array to be written, of format 3.
///
/// Chunks are written as their blocks are made, into a directory beside the target, which takes the target's name
/// when it is whole and is removed when the run fails, unless the store is [`resumable`](ZarrSink::resumable). An array
/// that is there is replaced then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ZarrSink {
    path: PathBuf,
    chunks: Vec<usize>,
    compression: Compression,
    resumable: Option<String>,
}

impl ZarrSink {
    /// An array in this directory, in chunks of this shape. Every block has to be made of whole chunks, except where
    /// the array ends.
    pub fn new(path: impl Into<PathBuf>, chunks: &[usize]) -> Self {
        let (path, chunks) = (path.into(), chunks.to_vec());
        Self { path, chunks, compression: Compression::Zstd(1), resumable: None }
    }

    /// Chunks are compressed this way, instead of by zstd of level 1.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// Keeps what an interrupted run has written, and goes on from there: see [Resuming](Store#resuming).
    #[must_use]
    pub fn resumable(self, tag: impl Into<String>) -> Self {
        Self { resumable: Some(tag.into()), ..self }
    }

    fn description<A: Element>(&self, shape: &[usize]) -> Option<String> {
        let Self { chunks, compression, .. } = self;
        let tag = self.resumable.as_ref()?;
        Some(format!("zarr {} {shape:?} chunks {chunks:?} {compression:?} {tag:?}", A::DTYPE))
    }

    fn failed(&self, source: impl Into<StorageError>) -> ZarrError {
        ZarrError::Write { path: self.path.clone(), source: source.into() }
    }

    /// Makes a directory with the metadata of an array.
    fn create<A: Element>(&self, directory: &Path, shape: &[usize]) -> Result<(), ZarrError> {
        fs::create_dir(directory).map_err(FileError::io("create", directory))?;
        let wide = |lengths: &[usize]| lengths.iter().map(|&n| n as u64).collect::<Vec<_>>();
        let fill = FillValue::new(A::bytes(&[A::default()]).to_vec());
        let mut builder = ArrayBuilder::new(wide(shape), wide(&self.chunks), data_type_of(A::DTYPE), fill);
        match self.compression {
            Compression::None => {}
            Compression::Zstd(level) => {
                builder.bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(level, false))]);
            }
            Compression::Gzip(level) => {
                let codec = GzipCodec::new(level).map_err(|error| self.failed(error))?;
                builder.bytes_to_bytes_codecs(vec![Arc::new(codec)]);
            }
        }
        let store = Arc::new(FilesystemStore::new(directory).map_err(|error| self.failed(error))?);
        let stored = builder.build(store, "/").map_err(|error| self.failed(error))?;
        stored.store_metadata().map_err(|error| self.failed(error))
    }
}

impl<A: Element> BlockSink<A> for ZarrSink {
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        if self.chunks.len() != shape.len() || self.chunks.contains(&0) {
            return Err(ZarrError::Chunks { chunks: self.chunks.clone(), shape: shape.to_vec() }.into());
        }
        replaceable(&self.path)?;
        let make = |directory: &Path| self.create::<A>(directory, shape);
        let pending = Pending::open(&self.path, self.description::<A>(shape).as_deref(), make)?;
        Ok(Box::new(ZarrWriter::<A>::open(self, pending)?))
    }

    fn whole(&self, shape: &[usize]) -> HashSet<Region> {
        Pending::whole(&self.path, self.description::<A>(shape).as_deref(), shape)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&Self { path: absolute(&self.path), ..self.clone() })?;
        Ok(|from| {
            let sink: ZarrSink = from.state()?;
            Ok(Unpacked::part::<Arc<dyn BlockSink<A>>>(Arc::new(sink)))
        })
    }

    /// The ticket is the directory that is written to.
    fn attach(&self, ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let (pending, _) = Pending::attach(&self.path, ticket, self.resumable.is_some())?;
        Ok(Box::new(ZarrWriter::<A>::open(self, pending)?))
    }
}

/// Refuses a place where something else than a Zarr array is.
fn replaceable(path: &Path) -> Result<(), ZarrError> {
    let is_array = || ["zarr.json", ".zarray"].iter().any(|name| path.join(name).is_file());
    if path.exists() && !is_array() {
        return Err(ZarrError::NotReplaced { path: path.to_owned() });
    }
    Ok(())
}

struct ZarrWriter<A> {
    sink: ZarrSink,
    stored: Stored,
    pending: Pending,
    element: PhantomData<fn(A)>,
}

impl<A> ZarrWriter<A> {
    fn open(sink: &ZarrSink, pending: Pending) -> Result<Self, ZarrError> {
        let stored = open(pending.place())?;
        Ok(Self { sink: sink.clone(), stored, pending, element: PhantomData })
    }

    /// Brings the chunks of a subset to the disk.
    fn sync(&self, subset: &ArraySubset) -> Result<(), ZarrError> {
        let chunks = self.stored.chunks_in_array_subset(subset).map_err(|error| self.sink.failed(error))?;
        let Some(chunks) = chunks else { return Ok(()) };
        for chunk in &chunks.indices() {
            let path = self.pending.place().join(self.stored.chunk_key(&chunk).as_str());
            match sync(&path) {
                // A chunk of nothing but zeros has no file.
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FileError::io("write", path)(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl<A: Element> BlockWriter<A> for ZarrWriter<A> {
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError> {
        let shape: Vec<usize> = self.stored.shape().iter().map(|&n| n as usize).collect();
        if !is_aligned(offset, block.shape(), &self.sink.chunks, &shape) {
            return Err(ZarrError::Unaligned {
                offset: offset.to_vec(),
                block: block.shape().to_vec(),
                chunks: self.sink.chunks.clone(),
            }
            .into());
        }
        let view = block.view();
        if view.is_empty() {
            return Ok(());
        }
        let straight = view.as_standard_layout();
        let bytes = A::bytes(straight.as_slice().unwrap_or_default());
        let ranges: Vec<_> =
            offset.iter().zip(block.shape()).map(|(&at, &n)| at as u64..(at + n) as u64).collect();
        let subset = ArraySubset::new_with_ranges(&ranges);
        let written = self.stored.store_array_subset_opt(&subset, ArrayBytes::new_flen(bytes), &options());
        written.map_err(|error| self.sink.failed(error))?;
        Ok(self.pending.written::<ZarrError>(offset, block.shape(), || self.sync(&subset))?)
    }

    fn finish(&self) -> Result<(), StorageError> {
        replaceable(&self.sink.path)?;
        Ok(self.pending.put_in_place()?)
    }

    fn ticket(&self) -> Option<Vec<u8>> {
        self.pending.ticket(&[])
    }
}

impl<A: Element> Array<A> {
    /// Describes the writing of the array to a Zarr directory, of format 3 (feature `zarr`), one chunk for each
    /// block. The array appears, or is replaced, when it is whole.
    ///
    /// Blocks of different lengths along an axis are cut to the longest first, since chunks are all alike.
    #[must_use]
    #[track_caller]
    pub fn store_zarr(&self, path: impl Into<PathBuf>) -> Store {
        let (alike, chunks) = self.alike(&LayerInfo::here());
        alike.store(ZarrSink::new(path, &chunks))
    }

    /// Computes the array with the installed scheduler and writes it to a Zarr directory, block by block.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    /// - When the directory cannot be written, or holds something else than a Zarr array: nothing is changed then.
    #[track_caller]
    pub fn to_zarr(&self, path: impl Into<PathBuf>) -> Result<(), ComputeError> {
        self.store_zarr(path).compute()
    }

    /// Computes the array and writes it to a Zarr directory, block by block.
    ///
    /// # Errors
    ///
    /// - As [`to_zarr`](Array::to_zarr).
    #[track_caller]
    pub fn to_zarr_with(
        &self,
        path: impl Into<PathBuf>,
        scheduler: &dyn Scheduler,
    ) -> Result<(), ComputeError> {
        self.store_zarr(path).compute_with(scheduler)
    }
}
