//! A grid of pieces put together to one array.

use std::slice::ChunksExact;

use dask_graph::OpError;
use ndarray::iter::LanesIter;
use ndarray::{ArrayD, ArrayView1, ArrayViewD, ArrayViewMutD, IxDyn, ShapeError, Slice};

use crate::chunks::indices;
use crate::element::Element;

/// An array that is filled slab by slab: a slab is the pieces that share their place along the first axis.
///
/// Where rows are long and lie in one piece, elements are written once, in the order in which they lie in memory, which
/// is not cleared before. Whoever owns the pieces can let go of them after each slab. The counterpart of `numpy.block` and of dask's
/// `concatenate3`.
pub(crate) struct Slabs<'l, A> {
    /// Lengths of the pieces along each axis.
    lengths: &'l [Vec<usize>],
    /// As many as are filled, or all of them where pieces are put into place.
    elems: Vec<A>,
    n_filled: usize,
    n_slabs: usize,
    /// Rows go one behind the other instead of pieces into place.
    in_order: bool,
}

/// A piece that does not have the shape of its place in the grid.
#[derive(Debug, thiserror::Error)]
#[error("a piece of shape {got:?} lies where one of shape {expected:?} belongs")]
pub(crate) struct PieceShapeError {
    /// Where it lies in its slab, in row-major order.
    pub(crate) nth: usize,
    pub(crate) got: Vec<usize>,
    pub(crate) expected: Vec<usize>,
}

/// Shorter rows of pieces, in bytes, are put into place piece by piece: to go from one piece to the next for each costs
/// more than to clear the memory.
const MIN_ROW: usize = 1024;

impl<'l, A: Element> Slabs<'l, A> {
    pub(crate) fn new(lengths: &'l [Vec<usize>]) -> Self {
        Self { lengths, elems: Vec::new(), n_filled: 0, n_slabs: 0, in_order: true }
    }

    /// Makes room for the array, whose first slab tells how the others lie in memory.
    fn reserve(&mut self, first: &[ArrayViewD<'_, A>]) {
        let shape = self.lengths.iter().map(|lengths| lengths.iter().sum::<usize>());
        let (width, n) = (shape.clone().next_back().unwrap_or(1), shape.product());
        let n_pieces = self.lengths.last().map_or(1, Vec::len);
        let are_long = n_pieces == 1 || width * size_of::<A>() >= MIN_ROW * n_pieces;
        let lies_in_rows = |piece: &ArrayViewD<'_, A>| match (piece.shape(), piece.strides()) {
            ([.., n], [.., stride]) => *n <= 1 || stride.abs() <= 1,
            _ => true,
        };
        self.in_order = are_long && first.iter().all(lies_in_rows);
        self.elems = if self.in_order { Vec::with_capacity(n) } else { vec![A::default(); n] };
    }

    /// How many pieces a slab has.
    pub(crate) fn n_pieces(&self) -> usize {
        self.lengths.iter().skip(1).map(Vec::len).product()
    }

    /// Adds the next slab, its pieces in row-major order.
    ///
    /// # Errors
    ///
    /// - When a piece has another shape than its place.
    pub(crate) fn push(&mut self, pieces: &[ArrayViewD<'_, A>]) -> Result<(), PieceShapeError> {
        let depth = self.lengths.first().and_then(|lengths| lengths.get(self.n_slabs)).copied();
        let across = self.lengths.get(1..).unwrap_or_default();
        let counts: Vec<u32> = across.iter().map(|lengths| lengths.len() as u32).collect();
        for (nth, (at, piece)) in indices(&counts).zip(pieces).enumerate() {
            let across = at.iter().zip(across).map(|(&i, lengths)| lengths[i as usize]);
            let expected: Vec<usize> = depth.into_iter().chain(across).collect();
            if piece.shape() != expected {
                return Err(PieceShapeError { nth, got: piece.shape().to_vec(), expected });
            }
        }
        if self.n_slabs == 0 {
            self.reserve(pieces);
        }
        self.n_slabs += 1;
        if !self.in_order {
            self.place(depth, across, &counts, pieces);
        } else if let [piece] = pieces {
            match piece.as_slice() {
                Some(all) => self.elems.extend_from_slice(all),
                None => piece.rows().into_iter().for_each(|row| push_row(&mut self.elems, row)),
            }
        } else {
            let mut rows: Vec<_> = pieces.iter().map(|piece| Rows::of(piece)).collect();
            (0..depth.unwrap_or(1)).for_each(|_| push_rows(&mut self.elems, across, &mut rows));
        }
        Ok(())
    }

    /// Puts each piece into its place.
    fn place(
        &mut self,
        depth: Option<usize>,
        across: &[Vec<usize>],
        counts: &[u32],
        pieces: &[ArrayViewD<'_, A>],
    ) {
        let whole = across.iter().map(|lengths| lengths.iter().sum());
        let shape: Vec<usize> = depth.into_iter().chain(whole).collect();
        let place = self.n_filled..self.n_filled + shape.iter().product::<usize>();
        // What is missing is not filled: the array cannot be had then.
        self.n_filled += pieces.iter().map(ArrayViewD::len).sum::<usize>();
        let Some(place) = self.elems.get_mut(place) else { return };
        let Ok(mut slab) = ArrayViewMutD::from_shape(IxDyn(&shape), place) else { return };
        for (at, piece) in indices(counts).zip(pieces) {
            slab.slice_each_axis_mut(|axis| match axis.axis.index() {
                0 => Slice::from(..),
                axis => {
                    let (lengths, nth) = (&across[axis - 1], at[axis - 1] as usize);
                    let start: usize = lengths[..nth].iter().sum();
                    Slice::from(start..start + lengths[nth])
                }
            })
            .assign(piece);
        }
    }

    /// The array, once all slabs are there.
    ///
    /// # Errors
    ///
    /// - When pieces are missing.
    pub(crate) fn into_array(mut self) -> Result<ArrayD<A>, ShapeError> {
        if !self.in_order {
            self.elems.truncate(self.n_filled);
        }
        let shape: Vec<usize> = self.lengths.iter().map(|lengths| lengths.iter().sum()).collect();
        ArrayD::from_shape_vec(IxDyn(&shape), self.elems)
    }
}

/// Puts the pieces, all of a grid in row-major order, together.
///
/// # Errors
///
/// - When a piece has another shape than its place, or is missing.
pub(crate) fn assemble<A: Element>(
    lengths: &[Vec<usize>],
    pieces: &[ArrayViewD<'_, A>],
) -> Result<ArrayD<A>, OpError> {
    let mut slabs = Slabs::new(lengths);
    for slab in pieces.chunks(slabs.n_pieces().max(1)) {
        slabs.push(slab).map_err(OpError::failed)?;
    }
    slabs.into_array().map_err(OpError::failed)
}

/// The rows of a piece, one after the other.
enum Rows<'a, A> {
    /// They lie one behind the other, which makes the next one cheap to find.
    Dense(ChunksExact<'a, A>),
    Any(LanesIter<'a, A, IxDyn>),
}

impl<'a, A: Element> Rows<'a, A> {
    fn of(piece: &'a ArrayViewD<'_, A>) -> Self {
        match (piece.as_slice(), piece.shape().last()) {
            (Some(all), Some(&width)) if width > 0 => Self::Dense(all.chunks_exact(width)),
            _ => Self::Any(piece.rows().into_iter()),
        }
    }

    fn push_next(&mut self, to: &mut Vec<A>) {
        match self {
            Self::Dense(rows) => rows.next().into_iter().for_each(|row| to.extend_from_slice(row)),
            Self::Any(rows) => rows.next().into_iter().for_each(|row| push_row(to, row)),
        }
    }
}

fn push_row<A: Element>(to: &mut Vec<A>, row: ArrayView1<'_, A>) {
    match row.to_slice() {
        Some(row) => to.extend_from_slice(row),
        None => to.extend(row.iter().copied()),
    }
}

/// Goes once through all places of these axes and adds the rows of the pieces as it meets them.
fn push_rows<A: Element>(to: &mut Vec<A>, axes: &[Vec<usize>], pieces: &mut [Rows<'_, A>]) {
    let [lengths, inner @ ..] = axes else { return };
    if inner.is_empty() {
        pieces.iter_mut().for_each(|rows| rows.push_next(to));
        return;
    }
    let each = (pieces.len() / lengths.len().max(1)).max(1);
    for (&n, pieces) in lengths.iter().zip(pieces.chunks_mut(each)) {
        (0..n).for_each(|_| push_rows(to, inner, pieces));
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr0, array};
    use proptest::prelude::*;

    use super::*;

    /// Cuts the numbers from 0 on into pieces of these lengths.
    fn cut<'a>(all: &'a ArrayD<i64>, lengths: &[Vec<usize>]) -> Vec<ArrayViewD<'a, i64>> {
        let counts: Vec<u32> = lengths.iter().map(|lengths| lengths.len() as u32).collect();
        let pieces = indices(&counts).map(|at| {
            let mut piece = all.view();
            piece.slice_each_axis_inplace(|axis| {
                let (lengths, nth) = (&lengths[axis.axis.index()], at[axis.axis.index()] as usize);
                let start: usize = lengths[..nth].iter().sum();
                Slice::from(start..start + lengths[nth])
            });
            piece
        });
        pieces.collect()
    }

    proptest! {
        #[test]
        fn a_cut_array_is_put_together_again(
            mut lengths in prop::collection::vec(prop::collection::vec(0_usize..5, 1..4), 1..5),
            long in any::<bool>(),
            columns_first in any::<bool>(),
        ) {
            if long && let Some(last) = lengths.last_mut() {
                last.iter_mut().for_each(|n| *n += MIN_ROW / size_of::<i64>());
            }
            let shape: Vec<usize> = lengths.iter().map(|lengths| lengths.iter().sum()).collect();
            let n = shape.iter().product::<usize>() as i64;
            let all = Array1::from_iter(0..n).into_shape_with_order(shape).unwrap();
            let mut source = all.clone();
            if columns_first {
                source = source.reversed_axes().as_standard_layout().into_owned().reversed_axes();
            }
            prop_assert_eq!(assemble(&lengths, &cut(&source, &lengths)).unwrap(), all);
        }
    }

    #[test]
    fn one_number_is_a_grid() {
        assert_eq!(assemble(&[], &[arr0(3.0).into_dyn().view()]).unwrap(), arr0(3.0).into_dyn());
    }

    #[test]
    fn a_piece_of_another_shape_and_a_missing_one_are_errors() {
        for width in [2, MIN_ROW] {
            let lengths = [vec![1, 2], vec![width, width]];
            let all = ArrayD::zeros(IxDyn(&[3, 2 * width]));
            let mut pieces = cut(&all, &lengths);
            pieces.pop();
            assert!(assemble(&lengths, &pieces).is_err());
            pieces.push(all.view());
            let error = assemble(&lengths, &pieces).unwrap_err().to_string();
            assert!(error.contains(&format!("shape {:?}", [3, 2 * width])), "{error}");
            pieces.extend(cut(&all, &lengths));
            assert!(assemble(&lengths, &pieces).is_err());
        }
        let wrong = array![[1.0]].into_dyn();
        assert!(assemble(&[vec![1], vec![1]], &[wrong.view(), wrong.view()]).is_err());
    }
}
