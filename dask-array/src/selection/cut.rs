//! Slices, block by block.

use std::sync::Arc;

use super::{Out, Selection, Taken};
use crate::chunks::Chunks;

/// A slice of an array as slices of its blocks: every block of the result is a part of one block.
///
/// ```text
/// blocks  0 1 2 3 4 │ 5 6 7 8 9 │ 10 11    slice  ..;-4     blocks of the result  11 │ 7 │ 3
/// ```
///
/// Nothing is held per block of several axes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cut {
    /// For each axis of the array.
    axes: Vec<AxisCut>,
    /// For each axis of the result.
    out: Vec<Out>,
}

/// What is taken of the blocks along one axis.
#[derive(Debug, Clone, PartialEq)]
struct AxisCut {
    /// One for each block of the result; just one where the axis vanishes.
    pieces: Arc<[Piece]>,
}

/// A part of one block.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    block: u32,
    /// Positions in the block.
    taken: Taken,
}

impl Cut {
    /// A slice of an array with these chunks.
    pub(crate) fn new(selection: &Selection, chunks: &Chunks) -> Self {
        let taken = selection.source.iter().enumerate();
        let axes = taken.map(|(axis, &taken)| AxisCut::new(taken, chunks.lengths(axis))).collect();
        Self { axes, out: selection.out.clone() }
    }

    /// The chunks of the result.
    pub(crate) fn chunks(&self) -> Chunks {
        let lengths = |out: &Out| match *out {
            Out::Of(axis) => self.axes[axis].pieces.iter().map(|piece| piece.taken.len()).collect(),
            Out::New { len } => vec![len],
        };
        Chunks::from_lengths(self.out.iter().map(lengths).collect())
    }

    /// The numbers of blocks of the result along its axes.
    pub(crate) fn n_blocks(&self) -> Vec<u32> {
        let n = |out: &Out| match *out {
            Out::Of(axis) => self.axes[axis].pieces.len() as u32,
            Out::New { .. } => 1,
        };
        self.out.iter().map(n).collect()
    }

    /// The block that the result's block at `index` is taken of, and what is taken of it.
    pub(crate) fn block(&self, index: &[u32]) -> (Vec<u32>, Selection) {
        let mut at = vec![0; self.axes.len()];
        for (&i, out) in index.iter().zip(&self.out) {
            if let Out::Of(axis) = *out {
                at[axis] = i as usize;
            }
        }
        let pieces = || self.axes.iter().zip(&at).map(|(axis, &at)| axis.pieces[at]);
        let source = pieces().map(|piece| piece.taken).collect();
        (pieces().map(|piece| piece.block).collect(), Selection { source, out: self.out.clone() })
    }
}

impl AxisCut {
    /// What is taken of blocks of these lengths.
    fn new(taken: Taken, lengths: &[usize]) -> Self {
        let n: usize = lengths.iter().sum();
        let (start, step, len) = match taken {
            // Blocks of length zero stay.
            Taken::Along { start: 0, step: 1, len } if len == n => return Self::whole(lengths),
            Taken::Along { start, step, len } => (start, step, len),
            Taken::At(at) => (at, 1, 1),
        };
        let pieces = cut(lengths, start, step, len).into_iter().map(|(block, start, len)| {
            let taken = match taken {
                Taken::At(_) => Taken::At(start),
                Taken::Along { .. } => Taken::Along { start, step, len },
            };
            Piece { block, taken }
        });
        Self { pieces: pieces.collect() }
    }

    /// All blocks as they stand.
    fn whole(lengths: &[usize]) -> Self {
        let piece =
            |(block, &len): (usize, &usize)| Piece { block: block as u32, taken: Taken::range(0, len) };
        Self { pieces: lengths.iter().enumerate().map(piece).collect() }
    }
}

/// The blocks of these lengths that hold the positions `start, start + step, …` (`len` of them), in the order in
/// which they come: the block, the place of its first taken element in it, and how many it holds.
///
/// No positions at all are taken of block 0, so that an empty axis has a block too.
fn cut(lengths: &[usize], start: usize, step: isize, len: usize) -> Vec<(u32, usize, usize)> {
    if len == 0 {
        return vec![(0, 0, 0)];
    }
    let mut starts = vec![0];
    for (at, n) in lengths.iter().enumerate() {
        starts.push(starts[at] + n);
    }
    let mut pieces = Vec::new();
    let (mut at, mut left) = (start, len);
    while left > 0 {
        let block = starts.partition_point(|&from| from <= at).saturating_sub(1);
        let room = if step > 0 { starts[block + 1] - 1 - at } else { at - starts[block] };
        let n = (room / step.unsigned_abs() + 1).min(left);
        pieces.push((block as u32, at - starts[block], n));
        left -= n;
        at = at.saturating_add_signed(step.saturating_mul(n as isize));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_follow_the_order_of_the_slice() {
        assert_eq!(cut(&[5, 5, 2], 1, 3, 4), [(0, 1, 2), (1, 2, 1), (2, 0, 1)]);
        assert_eq!(cut(&[5, 5, 2], 11, -4, 3), [(2, 1, 1), (1, 2, 1), (0, 3, 1)]);
        assert_eq!(cut(&[5], 0, 1, 0), [(0, 0, 0)]);
        // A block that no step lands in does not exist.
        assert_eq!(cut(&[2, 2, 2], 1, 4, 2), [(0, 1, 1), (2, 1, 1)]);
        // Blocks of length zero are passed over.
        assert_eq!(cut(&[0, 2, 0, 1], 0, 1, 3), [(1, 0, 2), (3, 0, 1)]);
    }
}
