//! What formats have in common that store arrays in chunks which are all alike.

use dask_graph::LayerInfo;

use crate::array::Array;
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::Element;

/// About so many bytes make a block.
const BLOCK_BYTES: usize = 64 << 20;

/// Lengths of blocks that are multiples of the stored chunks': longer from the last axis on, whose chunks lie next to
/// each other.
pub(super) fn blocks_of_chunks(shape: &[usize], chunks: &[usize], element: usize) -> Vec<ChunkSpec> {
    let bytes = chunks.iter().fold(element, |bytes, &n| bytes.saturating_mul(n.max(1)));
    let mut room = (BLOCK_BYTES / bytes.max(1)).max(1);
    let mut lengths = vec![ChunkSpec::Whole; shape.len()];
    for (axis, (&n, &chunk)) in shape.iter().zip(chunks).enumerate().rev() {
        let times = room.min(n.div_ceil(chunk.max(1)).max(1));
        lengths[axis] = ChunkSpec::Length(chunk.saturating_mul(times).clamp(1, n.max(1)));
        room = (room / times).max(1);
    }
    lengths
}

/// Whether a block is made of whole chunks, except where the array ends.
pub(super) fn is_aligned(offset: &[usize], block: &[usize], chunks: &[usize], shape: &[usize]) -> bool {
    let axes = offset.iter().zip(block).zip(chunks).zip(shape);
    let fits = |(((&at, &n), &chunk), &all): (((&usize, &usize), &usize), &usize)| {
        at % chunk == 0 && (n % chunk == 0 || at + n == all) && at + n <= all
    };
    block.len() == shape.len() && offset.len() == shape.len() && axes.clone().all(fits)
}

impl<A: Element> Array<A> {
    /// The array in blocks that are all alike, but at the end of an axis: as long as the longest were; and their shape.
    pub(super) fn alike(&self, info: &LayerInfo) -> (Self, Vec<usize>) {
        let longest = |lengths: &Vec<usize>| lengths.iter().copied().max().unwrap_or(0).max(1);
        let chunks: Vec<usize> = self.chunks().axes().iter().map(longest).collect();
        let alike = self.shape().iter().zip(&chunks).map(|(&n, &chunk)| {
            let mut lengths = vec![chunk; n / chunk];
            lengths.extend((n % chunk > 0 || n == 0).then_some(n % chunk));
            lengths
        });
        (self.rechunked(&Chunks::from_lengths(alike.collect()), info), chunks)
    }
}
