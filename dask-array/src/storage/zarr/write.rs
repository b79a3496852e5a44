//! Writing blocks to a Zarr array.

use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dask_graph::{Collection, ComputeError, LayerInfo, Packer, Refused, Scheduler, Unpack, Unpacked};
use serde::{Deserialize, Serialize};
use zarrs::array::codec::{GzipCodec, ZstdCodec};
use zarrs::array::{ArrayBuilder, ArrayBytes, ArraySubset, FillValue};
use zarrs::filesystem::FilesystemStore;

use super::{Stored, ZarrError, data_type_of, open, options};
use crate::array::Array;
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::storage::sink::{BlockSink, BlockWriter, Store};
use crate::storage::source::StorageError;

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
/// when it is whole and is removed when the run fails. An array that is there is replaced then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ZarrSink {
    path: PathBuf,
    chunks: Vec<usize>,
    compression: Compression,
}

impl ZarrSink {
    /// An array in this directory, in chunks of this shape. Every block has to be made of whole chunks, except where
    /// the array ends.
    pub fn new(path: impl Into<PathBuf>, chunks: &[usize]) -> Self {
        Self { path: path.into(), chunks: chunks.to_vec(), compression: Compression::Zstd(1) }
    }

    /// Chunks are compressed this way, instead of by zstd of level 1.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    fn failed(&self, source: impl Into<StorageError>) -> ZarrError {
        ZarrError::Write { path: self.path.clone(), source: source.into() }
    }

    /// Makes the metadata of an array in this directory.
    fn create<A: Element>(&self, directory: &Path, shape: &[usize]) -> Result<Stored, ZarrError> {
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
        stored.store_metadata().map_err(|error| self.failed(error))?;
        Ok(stored)
    }
}

/// Tells the temporary directories of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl<A: Element> BlockSink<A> for ZarrSink {
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        if self.chunks.len() != shape.len() || self.chunks.contains(&0) {
            return Err(ZarrError::Chunks { chunks: self.chunks.clone(), shape: shape.to_vec() }.into());
        }
        replaceable(&self.path)?;
        let Some(name) = self.path.file_name() else {
            return Err(self.failed("the path does not name a directory").into());
        };
        let mut temporary = name.to_owned();
        temporary.push(format!(".{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let temporary = self.path.with_file_name(temporary);
        fs::create_dir(&temporary).map_err(ZarrError::io("create", &temporary))?;
        // From here on the directory is removed unless it is finished.
        let unfinished = Unfinished { directory: temporary, finished: AtomicBool::new(false) };
        let stored = self.create::<A>(&unfinished.directory, shape)?;
        Ok(Box::new(ZarrWriter::<A> { sink: self.clone(), stored, unfinished, element: PhantomData }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        to.state(&Self { path, ..self.clone() })?;
        Ok(|from| {
            let sink: ZarrSink = from.state()?;
            Ok(Unpacked::part::<Arc<dyn BlockSink<A>>>(Arc::new(sink)))
        })
    }

    /// The ticket is the temporary directory.
    fn attach(&self, ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let directory = PathBuf::from(std::str::from_utf8(ticket)?);
        let stored = open(&directory)?;
        // Whoever opened it finishes it or removes it.
        let unfinished = Unfinished { directory, finished: AtomicBool::new(true) };
        Ok(Box::new(ZarrWriter::<A> { sink: self.clone(), stored, unfinished, element: PhantomData }))
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

/// A directory that is removed unless it is finished.
struct Unfinished {
    directory: PathBuf,
    finished: AtomicBool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !*self.finished.get_mut() {
            // Nobody is left to be told if this fails too.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

struct ZarrWriter<A> {
    sink: ZarrSink,
    stored: Stored,
    unfinished: Unfinished,
    element: PhantomData<fn(A)>,
}

impl<A: Element> BlockWriter<A> for ZarrWriter<A> {
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError> {
        let shape: Vec<usize> = self.stored.shape().iter().map(|&n| n as usize).collect();
        let fits = |(((&at, &n), &chunk), &all): (((&usize, &usize), &usize), &usize)| {
            at % chunk == 0 && (n % chunk == 0 || at + n == all) && at + n <= all
        };
        let axes = offset.iter().zip(block.shape()).zip(&self.sink.chunks).zip(&shape);
        if block.shape().len() != shape.len() || !axes.clone().all(fits) {
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
        Ok(())
    }

    fn finish(&self) -> Result<(), StorageError> {
        let (from, to) = (&self.unfinished.directory, &self.sink.path);
        replaceable(to)?;
        if to.exists() {
            // A directory cannot be replaced at once: the old array steps aside until the new one is there.
            let mut aside = from.clone().into_os_string();
            aside.push(".old");
            let aside = PathBuf::from(aside);
            fs::rename(to, &aside).map_err(ZarrError::io("move aside", to))?;
            if let Err(error) = fs::rename(from, to) {
                let _ = fs::rename(&aside, to);
                return Err(ZarrError::io("put in place", to)(error).into());
            }
            self.unfinished.finished.store(true, Ordering::Release);
            fs::remove_dir_all(&aside).map_err(ZarrError::io("remove", &aside))?;
            return Ok(());
        }
        fs::rename(from, to).map_err(ZarrError::io("put in place", to))?;
        self.unfinished.finished.store(true, Ordering::Release);
        Ok(())
    }

    fn ticket(&self) -> Option<Vec<u8>> {
        // Absolute, since nothing says that others work in the same directory.
        let path = std::path::absolute(&self.unfinished.directory).ok()?;
        Some(path.to_str()?.as_bytes().to_vec())
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
        let info = LayerInfo::here();
        let chunks: Vec<usize> = self
            .chunks()
            .axes()
            .iter()
            .map(|lengths| lengths.iter().copied().max().unwrap_or(0).max(1))
            .collect();
        let alike = self.shape().iter().zip(&chunks).map(|(&n, &chunk)| {
            let mut lengths = vec![chunk; n / chunk];
            lengths.extend((n % chunk > 0 || n == 0).then_some(n % chunk));
            lengths
        });
        let alike = Chunks::from_lengths(alike.collect());
        self.rechunked(&alike, &info).store(ZarrSink::new(path, &chunks))
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
