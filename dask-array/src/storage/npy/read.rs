//! Reading blocks of a `.npy` file.

use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Packer, Refused, Token, Tokenize, Tokenizer, Unpack, Unpacked};
use ndarray::{ArrayD, IxDyn};

use super::header::{self, Header};
use super::positioned::read_exact_at;
use super::{FileState, NpyError};
use crate::block::Block;
use crate::element::Element;
use crate::storage::region::{Region, Span};
use crate::storage::source::{BlockSource, StorageError};

/// A `.npy` file as a source of blocks: what [`Array::from_npy`](crate::Array::from_npy) reads from.
///
/// The file is opened anew for each block, and refused when its length or its time of modification are not
/// what they were when the source was made.
#[derive(Debug, Clone)]
pub struct NpySource<A> {
    path: PathBuf,
    header: Header,
    state: FileState,
    /// Whether the file has the other byte order.
    swapped: bool,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> NpySource<A> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, is not a `.npy` file, or its header cannot be understood.
    /// - When its elements have another type than `A`.
    /// - When it has not just as many bytes as its shape asks for.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NpyError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(NpyError::io("open", path))?;
        let state = state_of(&file, path)?;
        let header = header::read(&file, state.len, path)?;
        let swapped = header::swapped(&header.descr, A::DTYPE).ok_or_else(|| NpyError::DType {
            path: path.to_owned(),
            found: header.descr.clone(),
            expected: A::DTYPE,
        })?;
        let bytes =
            header.shape.iter().try_fold(size_of::<A>() as u64, |bytes, &n| bytes.checked_mul(n as u64));
        let expected = bytes.and_then(|bytes| bytes.checked_add(header.data_offset)).unwrap_or(u64::MAX);
        if expected != state.len {
            let (path, shape) = (path.to_owned(), header.shape);
            return Err(NpyError::Length { path, found: state.len, expected, shape });
        }
        Ok(Self { path: path.to_owned(), header, state, swapped, element: PhantomData })
    }

    /// The file, as long as it is the one that was opened at first.
    fn file(&self) -> Result<File, NpyError> {
        let file = File::open(&self.path).map_err(NpyError::io("open", &self.path))?;
        self.check(&file)?;
        Ok(file)
    }

    fn check(&self, file: &File) -> Result<(), NpyError> {
        let found = state_of(file, &self.path)?;
        if found != self.state {
            return Err(NpyError::Changed { path: self.path.clone(), found, expected: self.state.clone() });
        }
        Ok(())
    }

    fn read_block(&self, region: &Region) -> Result<ArrayD<A>, NpyError> {
        // A file in column-major order is one in row-major order with its axes reversed.
        let turn = |mut axes: Vec<Span>| {
            if self.header.fortran_order {
                axes.reverse();
            }
            axes
        };
        let spans = turn(region.axes.clone());
        let mut shape = self.header.shape.clone();
        if self.header.fortran_order {
            shape.reverse();
        }
        let lengths: Vec<usize> = spans.iter().map(|span| span.len).collect();
        let mut elements = vec![A::default(); region.len()];
        if !elements.is_empty() {
            let file = self.file()?;
            self.read_spans(&file, &shape, &spans, &mut elements)?;
            // Also after reading, in case somebody wrote meanwhile.
            self.check(&file)?;
        }
        let array = ArrayD::from_shape_vec(IxDyn(&lengths), elements)
            .unwrap_or_else(|error| unreachable!("a region has as many elements as its shape: {error}"));
        Ok(if self.header.fortran_order { array.reversed_axes() } else { array })
    }

    /// Reads spans of an array in row-major order.
    fn read_spans(
        &self,
        file: &File,
        shape: &[usize],
        spans: &[Span],
        elements: &mut [A],
    ) -> Result<(), NpyError> {
        // Trailing axes that are taken whole are read in one go with the axis before them.
        let whole = shape.iter().zip(spans).rev().take_while(|(n, span)| **span == Span::whole(**n)).count();
        let run_axis = spans.len().saturating_sub(whole + 1);
        let row: usize = shape.get(run_axis + 1..).unwrap_or(&[]).iter().product();
        let run = spans.get(run_axis).copied().unwrap_or(Span::whole(1));
        let outer = &spans[..run_axis.min(spans.len())];
        let n_outer: usize = outer.iter().map(|span| span.len).product();
        let per_outer = run.len * row;
        let mut strides = vec![1_usize; shape.len()];
        for axis in (0..shape.len().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1] * shape[axis + 1];
        }
        let mut scratch = Vec::new();
        for (at, out) in elements.chunks_mut(per_outer.max(1)).enumerate().take(n_outer) {
            let mut left = at;
            let mut first = 0;
            for (axis, span) in outer.iter().enumerate().rev() {
                first += (span.start + left % span.len * span.step) * strides[axis];
                left /= span.len;
            }
            if run.is_dense() {
                self.read_run(file, first + run.start * row, out)?;
            } else if row * size_of::<A>() >= MIN_READ {
                for (i, out) in out.chunks_mut(row).enumerate() {
                    self.read_run(file, first + (run.start + i * run.step) * row, out)?;
                }
            } else {
                // Small pieces with gaps: reading over the gaps is cheaper than as many reads.
                let per_read = (MAX_SCRATCH / (row * run.step * size_of::<A>()).max(1)).max(1);
                for (i, out) in out.chunks_mut(per_read * row).enumerate() {
                    let n = out.len() / row;
                    scratch.resize(((n - 1) * run.step + 1) * row, A::default());
                    let start = run.start + i * per_read * run.step;
                    self.read_run(file, first + start * row, &mut scratch)?;
                    for (out, from) in out.chunks_mut(row).zip(scratch.chunks(row * run.step)) {
                        out.copy_from_slice(&from[..row]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads consecutive elements, the first of which has number `first`.
    fn read_run(&self, file: &File, first: usize, out: &mut [A]) -> Result<(), NpyError> {
        let offset = self.header.data_offset + (first * size_of::<A>()) as u64;
        let failed = || NpyError::io("read", &self.path);
        if let Some(bytes) = A::bytes_mut(out) {
            read_exact_at(file, bytes, offset).map_err(failed())?;
            if self.swapped {
                // The parts of a complex number have an order of bytes each.
                bytes.chunks_exact_mut(size_of::<A::Real>()).for_each(<[u8]>::reverse);
            }
            return Ok(());
        }
        // Bools: any other byte than 0 and 1 would not be one.
        let mut bytes = vec![0; out.len()];
        read_exact_at(file, &mut bytes, offset).map_err(failed())?;
        if let Some(&byte) = bytes.iter().find(|byte| **byte > 1) {
            return Err(NpyError::NotBool { path: self.path.clone(), byte });
        }
        for (out, byte) in out.iter_mut().zip(bytes) {
            *out = A::from_byte(byte);
        }
        Ok(())
    }
}

/// Pieces of at least this many bytes are read one by one.
const MIN_READ: usize = 4096;
/// Bytes that are read at once when there are gaps between the pieces.
const MAX_SCRATCH: usize = 1 << 20;

fn state_of(file: &File, path: &Path) -> Result<FileState, NpyError> {
    let metadata = file.metadata().map_err(NpyError::io("look at", path))?;
    Ok(FileState::of(&metadata))
}

impl<A: Element> BlockSource<A> for NpySource<A> {
    fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    fn token(&self) -> Token {
        // The same file by another relative path is another token, which costs a second read at worst.
        let path = absolute(&self.path);
        let mut token =
            Tokenizer::new("npy").feed(path.as_path()).feed(&self.state.len).feed(&self.state.modified);
        A::DTYPE.tokenize(&mut token);
        token.finish()
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        Ok(Block::new(self.read_block(region)?))
    }

    fn label(&self) -> &'static str {
        "from-npy"
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(absolute(&self.path), &self.header, &self.state, self.swapped))?;
        Ok(|from| {
            let (path, header, state, swapped) = from.state()?;
            let source = NpySource::<A> { path, header, state, swapped, element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}

/// A path that means the same in another process, whose working directory may be another.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
