//! Writing blocks to a `.npy` file.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::NpyError;
use super::header::{self, Header};
use super::positioned::write_all_at;
use super::read::absolute;
use dask_graph::{Packer, Refused, Unpack, Unpacked};

use crate::block::Block;
use crate::element::Element;
use crate::storage::sink::{BlockSink, BlockWriter};
use crate::storage::source::StorageError;

/// A `.npy` file to be written: what [`Array::to_npy`](crate::Array::to_npy) writes to.
///
/// Blocks are written as they are made into a temporary file beside the target, which takes the target's name
/// when it is whole and is removed when the run fails.
#[derive(Debug, Clone)]
pub struct NpySink {
    path: PathBuf,
}

impl NpySink {
    /// A file at this path, which is replaced if it exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

/// Tells the temporary files of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl<A: Element> BlockSink<A> for NpySink {
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let header = header::write(A::DTYPE, shape);
        let len = shape.iter().try_fold(size_of::<A>() as u64, |bytes, &n| bytes.checked_mul(n as u64));
        let len = len.and_then(|len| len.checked_add(header.len() as u64));
        let Some(name) = self.path.file_name() else {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "the path does not name a file");
            return Err(NpyError::io("write", &self.path)(source).into());
        };
        let mut temporary = name.to_owned();
        temporary.push(format!(".{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let temporary = self.path.with_file_name(temporary);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(NpyError::io("create", &temporary))?;
        // From here on the writer removes the file unless it is finished.
        let writer = NpyWriter::<A> {
            path: self.path.clone(),
            temporary,
            file,
            shape: shape.to_vec(),
            data_offset: header.len() as u64,
            finished: AtomicBool::new(false),
            element: PhantomData,
        };
        let sized = match len {
            Some(len) => writer.file.set_len(len),
            None => Err(io::Error::new(io::ErrorKind::FileTooLarge, "the size cannot be counted")),
        };
        sized.map_err(NpyError::io("make room for", &writer.temporary))?;
        write_all_at(&writer.file, &header, 0).map_err(NpyError::io("write", &writer.temporary))?;
        Ok(Box::new(writer))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&absolute(&self.path))?;
        Ok(|from| Ok(Unpacked::part::<Arc<dyn BlockSink<A>>>(Arc::new(NpySink { path: from.state()? }))))
    }

    /// The ticket is the name of the temporary file, whose header says the rest.
    fn attach(&self, ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let temporary = PathBuf::from(std::str::from_utf8(ticket)?);
        let open = OpenOptions::new().read(true).write(true).open(&temporary);
        let file = open.map_err(NpyError::io("open", &temporary))?;
        let len = file.metadata().map_err(NpyError::io("look at", &temporary))?.len();
        let Header { shape, data_offset, .. } = header::read(&file, len, &temporary)?;
        // Whoever opened it finishes it or removes it.
        let finished = AtomicBool::new(true);
        let (path, element) = (self.path.clone(), PhantomData);
        Ok(Box::new(NpyWriter::<A> { path, temporary, file, shape, data_offset, finished, element }))
    }
}

struct NpyWriter<A> {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    shape: Vec<usize>,
    data_offset: u64,
    finished: AtomicBool,
    element: PhantomData<fn(A)>,
}

impl<A: Element> NpyWriter<A> {
    fn write_block(&self, offset: &[usize], block: &Block<A>) -> Result<(), NpyError> {
        let inside = block.shape().len() == self.shape.len()
            && offset.iter().zip(block.shape()).zip(&self.shape).all(|((&at, &n), &all)| at + n <= all);
        if !inside {
            return Err(NpyError::Outside {
                path: self.path.clone(),
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
            write_all_at(&self.file, A::bytes(run), place).map_err(NpyError::io("write", &self.temporary))?;
        }
        Ok(())
    }
}

impl<A: Element> BlockWriter<A> for NpyWriter<A> {
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError> {
        Ok(self.write_block(offset, block)?)
    }

    fn finish(&self) -> Result<(), StorageError> {
        // What was written must be on the disk before the name says that it is: a full disk may show only now.
        self.file.sync_data().map_err(NpyError::io("write", &self.temporary))?;
        rename(&self.temporary, &self.path)?;
        self.finished.store(true, Ordering::Release);
        Ok(())
    }

    fn ticket(&self) -> Option<Vec<u8>> {
        // Absolute, since nothing says that others work in the same directory.
        let path = std::path::absolute(&self.temporary).ok()?;
        Some(path.to_str()?.as_bytes().to_vec())
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), NpyError> {
    fs::rename(from, to).map_err(NpyError::io("put in place", to))
}

impl<A> Drop for NpyWriter<A> {
    fn drop(&mut self) {
        if !*self.finished.get_mut() {
            // Nobody is left to be told if this fails too.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
