//! Writing blocks to a `.npy` file.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Packer, Refused, Unpack, Unpacked};
use serde::{Deserialize, Serialize};

use super::header;
use crate::block::Block;
use crate::element::Element;
use crate::storage::file::{FileError, absolute};
use crate::storage::flat::nbytes;
use crate::storage::pending::Pending;
use crate::storage::positioned::write_all_at;
use crate::storage::region::Region;
use crate::storage::sink::{BlockSink, BlockWriter};
use crate::storage::source::StorageError;

/// A `.npy` file to be written: what [`Array::to_npy`](crate::Array::to_npy) writes to.
///
/// Blocks are written as they are made into a temporary file beside the target, which takes the target's name
/// when it is whole and is removed when the run fails, unless the store is [`resumable`](NpySink::resumable).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NpySink {
    path: PathBuf,
    resumable: Option<String>,
}

impl NpySink {
    /// A file at this path, which is replaced if it exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), resumable: None }
    }

    /// Keeps what an interrupted run has written, and goes on from there: see
    /// [Resuming](crate::Store#resuming).
    #[must_use]
    pub fn resumable(self, tag: impl Into<String>) -> Self {
        Self { resumable: Some(tag.into()), ..self }
    }

    fn description<A: Element>(&self, shape: &[usize]) -> Option<String> {
        self.resumable.as_ref().map(|tag| format!("npy {} {shape:?} {tag:?}", A::DTYPE))
    }
}

/// Makes a file of the length that an array of this shape has, with its header and no elements yet.
fn create<A: Element>(path: &Path, shape: &[usize]) -> Result<(), FileError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(FileError::io("create", path))?;
    let header = header::write(A::DTYPE, shape);
    let sized = match nbytes::<A>(shape).and_then(|len| len.checked_add(header.len() as u64)) {
        Some(len) => file.set_len(len),
        None => Err(io::Error::new(io::ErrorKind::FileTooLarge, "the size cannot be counted")),
    };
    sized.map_err(FileError::io("make room for", path))?;
    write_all_at(&file, &header, 0).map_err(FileError::io("write", path))
}

impl<A: Element> BlockSink<A> for NpySink {
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let make = |path: &Path| create::<A>(path, shape);
        let pending = Pending::open(&self.path, self.description::<A>(shape).as_deref(), make)?;
        Ok(Box::new(NpyWriter::<A>::open(shape.to_vec(), pending)?))
    }

    fn whole(&self, shape: &[usize]) -> HashSet<Region> {
        Pending::whole(&self.path, self.description::<A>(shape).as_deref(), shape)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&Self { path: absolute(&self.path), ..self.clone() })?;
        Ok(|from| {
            let sink: NpySink = from.state()?;
            Ok(Unpacked::part::<Arc<dyn BlockSink<A>>>(Arc::new(sink)))
        })
    }

    fn attach(&self, ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let (pending, shape) = Pending::attach(&self.path, ticket, self.resumable.is_some())?;
        Ok(Box::new(NpyWriter::<A>::open(shape, pending)?))
    }
}

struct NpyWriter<A> {
    pending: Pending,
    file: File,
    shape: Vec<usize>,
    data_offset: u64,
    element: PhantomData<fn(A)>,
}

impl<A: Element> NpyWriter<A> {
    fn open(shape: Vec<usize>, pending: Pending) -> Result<Self, FileError> {
        let place = pending.place();
        let file = OpenOptions::new().write(true).open(place).map_err(FileError::io("open", place))?;
        let data_offset = header::write(A::DTYPE, &shape).len() as u64;
        Ok(Self { pending, file, shape, data_offset, element: PhantomData })
    }

    fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(FileError::io("write", self.pending.place()))
    }

    fn write_block(&self, offset: &[usize], block: &Block<A>) -> Result<(), FileError> {
        let inside = block.shape().len() == self.shape.len()
            && offset.iter().zip(block.shape()).zip(&self.shape).all(|((&at, &n), &all)| at + n <= all);
        if !inside {
            return Err(FileError::Outside {
                path: self.pending.place().to_owned(),
                offset: offset.to_vec(),
                block: block.shape().to_vec(),
                shape: self.shape.clone(),
            });
        }
        if block.view().is_empty() {
            return Ok(());
        }
        let view = block.view();
        let straight = view.as_standard_layout();
        let elements = straight.as_slice().unwrap_or_default();
        // Trailing axes that the block fills are written in one go with the axis before them.
        let whole = self.shape.iter().zip(block.shape()).rev().take_while(|(all, n)| all == n).count();
        let run_axis = self.shape.len().saturating_sub(whole + 1);
        let run: usize = block.shape().get(run_axis..).unwrap_or(&[]).iter().product();
        let mut strides = vec![1_usize; self.shape.len()];
        for axis in (0..self.shape.len().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1] * self.shape[axis + 1];
        }
        for (at, run) in elements.chunks(run.max(1)).enumerate() {
            let mut left = at;
            let mut first: usize =
                offset[run_axis..].iter().zip(&strides[run_axis..]).map(|(at, s)| at * s).sum();
            for axis in (0..run_axis).rev() {
                first += (offset[axis] + left % block.shape()[axis]) * strides[axis];
                left /= block.shape()[axis];
            }
            let place = self.data_offset + (first * size_of::<A>()) as u64;
            write_all_at(&self.file, A::bytes(run), place)
                .map_err(FileError::io("write", self.pending.place()))?;
        }
        Ok(())
    }
}

impl<A: Element> BlockWriter<A> for NpyWriter<A> {
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError> {
        self.write_block(offset, block)?;
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
