//! Elements that lie in a file one after the other, in row-major or column-major order: parts are read by positioned
//! reads of just what is needed. A memory map would read the same pages; it would need `unsafe`, and turn a file that
//! is cut short into a signal instead of an error.

use dask_graph::{Tokenize, Tokenizer};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};
use std::fs::File;

use super::file::{FileError, StoredFile};
use super::positioned::read_exact_at;
use super::region::{Region, Span};
use crate::element::Element;

/// An array in a part of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Flat {
    pub(super) file: StoredFile,
    /// Where the elements begin.
    pub(super) data_offset: u64,
    pub(super) shape: Vec<usize>,
    /// Whether the first axis is the one whose elements lie next to each other.
    pub(super) fortran_order: bool,
    /// Whether the file has the other byte order.
    pub(super) swapped: bool,
}

impl Tokenize for Flat {
    fn tokenize(&self, to: &mut Tokenizer) {
        // The same file by another relative path is another token, which costs a second read at worst.
        self.file.path.as_path().tokenize(to);
        (self.file.state.len, self.file.state.modified).tokenize(to);
        (self.data_offset, self.fortran_order, self.swapped).tokenize(to);
        self.shape.tokenize(to);
    }
}

impl Flat {
    /// Where the elements end; nothing that fits in a file if that cannot be counted.
    pub(super) fn end<A: Element>(&self) -> u64 {
        nbytes::<A>(&self.shape).and_then(|bytes| bytes.checked_add(self.data_offset)).unwrap_or(u64::MAX)
    }

    /// Refuses a file of another length than the elements ask for; one that goes on behind them, too, unless it
    /// `may_go_on`.
    pub(super) fn check_length<A: Element>(&self, may_go_on: bool) -> Result<(), FileError> {
        let (found, expected) = (self.file.state.len, self.end::<A>());
        if found < expected || (found > expected && !may_go_on) {
            let (path, shape) = (self.file.path.clone(), self.shape.clone());
            return Err(FileError::Length { path, found, expected, shape });
        }
        Ok(())
    }

    pub(super) fn read<A: Element>(&self, region: &Region) -> Result<ArrayD<A>, FileError> {
        // A file in column-major order is one in row-major order with its axes reversed.
        let (mut spans, mut shape) = (region.axes.clone(), self.shape.clone());
        if self.fortran_order {
            spans.reverse();
            shape.reverse();
        }
        let lengths: Vec<usize> = spans.iter().map(|span| span.len).collect();
        let mut elements = vec![A::default(); region.len()];
        if !elements.is_empty() {
            self.file.read(|file| self.read_spans(file, &shape, &spans, &mut elements))?;
        }
        let array = ArrayD::from_shape_vec(IxDyn(&lengths), elements)
            .unwrap_or_else(|error| unreachable!("a region has as many elements as its shape: {error}"));
        Ok(if self.fortran_order { array.reversed_axes() } else { array })
    }

    /// Reads spans of an array in row-major order.
    fn read_spans<A: Element>(
        &self,
        file: &File,
        shape: &[usize],
        spans: &[Span],
        elements: &mut [A],
    ) -> Result<(), FileError> {
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
    fn read_run<A: Element>(&self, file: &File, first: usize, out: &mut [A]) -> Result<(), FileError> {
        let offset = self.data_offset + (first * size_of::<A>()) as u64;
        let read = |bytes: &mut [u8]| {
            read_exact_at(file, bytes, offset).map_err(FileError::io("read", &self.file.path))
        };
        if let Some(bytes) = A::bytes_mut(out) {
            read(bytes)?;
            if self.swapped {
                swap_bytes::<A>(bytes);
            }
            return Ok(());
        }
        let mut bytes = vec![0; out.len()];
        read(&mut bytes)?;
        from_bytes(&bytes, out).map_err(|byte| FileError::NotBool { path: self.file.path.clone(), byte })
    }
}

/// Pieces of at least this many bytes are read one by one.
const MIN_READ: usize = 4096;
/// Bytes that are read at once when there are gaps between the pieces.
const MAX_SCRATCH: usize = 1 << 20;

/// The bytes of an array of this shape, if they can be counted.
pub(super) fn nbytes<A: Element>(shape: &[usize]) -> Option<u64> {
    shape.iter().try_fold(size_of::<A>() as u64, |bytes, &n| bytes.checked_mul(n as u64))
}

/// Turns the byte order of elements around. The parts of a complex number have one each.
pub(super) fn swap_bytes<A: Element>(bytes: &mut [u8]) {
    bytes.chunks_exact_mut(size_of::<A::Real>()).for_each(<[u8]>::reverse);
}

/// Makes elements of as many bytes as they have; of bools, gives the byte that is neither 0 nor 1.
pub(super) fn from_bytes<A: Element>(bytes: &[u8], out: &mut [A]) -> Result<(), u8> {
    if let Some(place) = A::bytes_mut(out) {
        place.copy_from_slice(bytes);
        return Ok(());
    }
    if let Some(&byte) = bytes.iter().find(|byte| **byte > 1) {
        return Err(byte);
    }
    out.iter_mut().zip(bytes).for_each(|(out, &byte)| *out = A::from_byte(byte));
    Ok(())
}
