//! Slices, block by block.

use std::sync::Arc;

use super::{Out, Selection, Taken, out_of_both};
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
    pub(crate) axes: Vec<AxisCut>,
    /// For each axis of the result.
    pub(crate) out: Vec<Out>,
}

/// What is taken of the blocks along one axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AxisCut {
    /// One for each block of the result; just one where the axis vanishes.
    pieces: Arc<[Piece]>,
    /// Whether they are the blocks as they stand.
    whole: bool,
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

    /// Takes `then` of the result of `self`.
    pub(crate) fn then(&self, then: &Cut) -> Cut {
        let mut axes = self.axes.clone();
        for (&out, then) in self.out.iter().zip(&then.axes) {
            if let Out::Of(axis) = out {
                axes[axis] = axes[axis].then(then);
            }
        }
        Cut { axes, out: out_of_both(&self.out, &then.out, |axis| then.axes[axis].len()) }
    }

    /// Whether the blocks of the result are those of the array as they stand.
    pub(crate) fn is_whole(&self) -> bool {
        let same_axes = self.out.iter().copied().eq((0..self.axes.len()).map(Out::Of));
        same_axes && self.axes.iter().all(|axis| axis.whole)
    }
}

impl AxisCut {
    /// What is taken of blocks of these lengths.
    pub(crate) fn new(taken: Taken, lengths: &[usize]) -> Self {
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
        Self { pieces: pieces.collect(), whole: false }
    }

    /// All blocks as they stand.
    pub(crate) fn whole(lengths: &[usize]) -> Self {
        let piece =
            |(block, &len): (usize, &usize)| Piece { block: block as u32, taken: Taken::range(0, len) };
        Self { pieces: lengths.iter().enumerate().map(piece).collect(), whole: true }
    }

    /// Whether it is all blocks as they stand.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The only position of an axis of length one, which vanishes.
    pub(crate) fn only() -> Self {
        Self { pieces: Arc::new([Piece { block: 0, taken: Taken::At(0) }]), whole: false }
    }

    fn then(&self, then: &AxisCut) -> AxisCut {
        if then.whole {
            return self.clone();
        }
        let pieces = then.pieces.iter().map(|piece| {
            let of = self.pieces[piece.block as usize];
            Piece { block: of.block, taken: of.taken.then(piece.taken) }
        });
        Self { pieces: pieces.collect(), whole: false }
    }

    /// What is taken of each of several arrays that stand one after the other along this axis, with blocks of
    /// these lengths: which array, and what, in the order in which they are met.
    pub(crate) fn split(&self, lengths: &[&[usize]]) -> Vec<(usize, AxisCut)> {
        let mut starts = vec![0];
        starts.extend(lengths.iter().scan(0, |end, lengths| {
            *end += lengths.len() as u32;
            Some(*end)
        }));
        let array_of = |piece: &Piece| starts.partition_point(|&start| start <= piece.block) - 1;
        let runs = self.pieces.chunk_by(|a, b| array_of(a) == array_of(b));
        let of_one = |pieces: &[Piece]| {
            let array = array_of(&pieces[0]);
            let moved = |piece: &Piece| Piece { block: piece.block - starts[array], ..*piece };
            let pieces: Arc<[Piece]> = pieces.iter().map(moved).collect();
            let whole = pieces == Self::whole(lengths[array]).pieces;
            (array, Self { pieces, whole })
        };
        runs.map(of_one).collect()
    }

    /// The blocks, and the positions in each.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (u32, Taken)> {
        self.pieces.iter().map(|piece| (piece.block, piece.taken))
    }

    /// How many positions are taken.
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.taken.len()).sum()
    }

    /// Whether positions that follow each other in a block of the result do so in the array.
    pub(crate) fn is_dense(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece.taken, Taken::Along { step: 1, .. }))
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
    use crate::SliceIndex;
    use ndarray::{NewAxis, Slice};

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

    #[test]
    fn a_cut_of_a_cut_is_the_cut_of_the_slice_of_the_slice() {
        let new = |shape: &[usize], index: &dyn SliceIndex| Selection::new(shape, &index.elems()).unwrap();
        let chunks = Chunks::from_lengths(vec![vec![3, 4, 4], vec![2, 2], vec![5]]);
        let first = new(&[11, 4, 5], &(Slice::new(1, None, -2), .., 3));
        let second = new(&[5, 4], &(NewAxis, 1..4, Slice::new(0, None, -3)));
        let cut = Cut::new(&first, &chunks);
        let both = cut.then(&Cut::new(&second, &cut.chunks()));
        assert_eq!(both, Cut::new(&first.then(&second), &chunks));
        assert_eq!(both.chunks().axes(), [vec![1], vec![1, 2], vec![1, 1]]);
        let (block, part) = both.block(&[0, 1, 0]);
        assert_eq!(block, [1, 1, 0]);
        let source = [
            Taken::Along { start: 3, step: -2, len: 2 },
            Taken::Along { start: 1, step: -3, len: 1 },
            Taken::At(3),
        ];
        assert_eq!(part, Selection { source: source.to_vec(), out: second.out });
    }
}
