//! The QR factorisation of one block: Householder reflectors, tile by tile.
//!
//! A tall block is factored in tiles of rows that fit a cache, and the triangles that are left are stacked and
//! factored in turn, until one is left (Demmel, Grigori, Hoemmen and Langou 2012). The orthogonal factor is never
//! formed for itself: it is applied to what it is to be multiplied with.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Conj, Par};
use ndarray::{Array2, ArrayView2, Axis, Slice};

use dask_graph::OpError;

use super::dense::{Field, columns, faer_mut, zeros};
use super::parts::Parts;

/// Bytes of a tile: half of what a core's second cache has at least.
const TILE_NBYTES: usize = 256 << 10;

/// Columns from which on a factorisation in blocks uses the cache well by itself.
const WIDE: usize = 128;

/// Factors a matrix: pairs of reflectors and their factors, level by level; marks are the numbers of tiles of the
/// levels.
pub(super) fn factor<T: Field>(matrix: ArrayView2<'_, T>) -> Result<Parts<T>, OpError> {
    let mut parts = Parts::new(Vec::new());
    parts.data.reserve(matrix.len() + matrix.len() / 8);
    let mut triangles = level(matrix, &mut parts);
    while let Some(stacked) = triangles {
        triangles = level(stacked.view(), &mut parts);
    }
    Ok(parts)
}

/// Factors the tiles of a matrix; if there are several, gives their triangles, stacked.
fn level<T: Field>(matrix: ArrayView2<'_, T>, parts: &mut Parts<T>) -> Option<Array2<T>> {
    let (m, n) = matrix.dim();
    let n_tiles = n_tiles::<T>(m, n);
    let mut triangles = Vec::with_capacity(n_tiles);
    for tile in 0..n_tiles {
        let rows = Slice::from(tile * m / n_tiles..(tile + 1) * m / n_tiles);
        let mut basis = columns(matrix.slice_axis(Axis(0), rows));
        let factor = reflect(&mut basis);
        if n_tiles > 1 {
            triangles.push(upper(basis.view()));
        }
        parts.push(basis.view());
        parts.push(factor.view());
    }
    parts.marks.push(n_tiles);
    (n_tiles > 1).then(|| stacked(&triangles, n))
}

fn n_tiles<T>(m: usize, n: usize) -> usize {
    if n == 0 || n > WIDE {
        return 1;
    }
    let rows = (TILE_NBYTES / (n * size_of::<T>())).max(8 * n);
    (m / rows).max(1)
}

/// Factors a matrix in place; gives the factor of its reflectors.
fn reflect<T: Field>(basis: &mut Array2<T>) -> Array2<T> {
    let (m, n) = basis.dim();
    let size = m.min(n);
    if size == 0 {
        return zeros(1, 0);
    }
    let block_size = recommended_block_size::<T>(m, n);
    let mut factor = zeros(block_size, size);
    let mut memory = MemBuffer::new(qr_in_place_scratch::<T>(m, n, block_size, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut memory);
    qr_in_place(faer_mut(basis), faer_mut(&mut factor), Par::Seq, stack, Default::default());
    factor
}

/// The triangle above the diagonal of a factored matrix.
fn upper<T: Field>(basis: ArrayView2<'_, T>) -> Array2<T> {
    let (m, n) = basis.dim();
    let mut triangle = zeros(m.min(n), n);
    for ((i, j), x) in triangle.indexed_iter_mut() {
        if i <= j {
            *x = basis[[i, j]];
        }
    }
    triangle
}

/// Matrices of `n` columns below each other.
pub(super) fn stacked<T: Field>(matrices: &[Array2<T>], n: usize) -> Array2<T> {
    let rows = matrices.iter().map(Array2::nrows).sum();
    let mut all = zeros(rows, n);
    let mut from = 0;
    for matrix in matrices {
        let to = from + matrix.nrows();
        all.slice_axis_mut(Axis(0), Slice::from(from..to)).assign(matrix);
        from = to;
    }
    all
}

/// The triangular factor.
pub(super) fn triangle<T: Field>(parts: &Parts<T>) -> Result<Array2<T>, OpError> {
    parts.get(parts.shapes.len().saturating_sub(2)).map(upper)
}

/// The orthogonal factor times a matrix with as many rows as the triangular factor has.
pub(super) fn times<T: Field>(parts: &Parts<T>, matrix: ArrayView2<'_, T>) -> Result<Array2<T>, OpError> {
    let p = matrix.ncols();
    let mut coefficients = matrix.to_owned();
    let mut end = parts.shapes.len() / 2;
    for &n_tiles in parts.marks.iter().rev() {
        let tiles = end.saturating_sub(n_tiles)..end;
        end = tiles.start;
        let rows = tiles.clone().map(|tile| parts.shapes[2 * tile][0]).sum();
        // Row by row, as results are wanted.
        let mut out = Array2::from_elem((rows, p), T::default());
        let (mut from, mut to) = (0, 0);
        for tile in tiles {
            let (basis, factor) = (parts.get(2 * tile)?, parts.get(2 * tile + 1)?);
            let size = basis.nrows().min(basis.ncols());
            let mut scratch = zeros(basis.nrows(), p);
            let head = coefficients.slice_axis(Axis(0), Slice::from(from..from + size));
            scratch.slice_axis_mut(Axis(0), Slice::from(..size)).assign(&head);
            from += size;
            reflect_back(basis, factor, &mut scratch);
            out.slice_axis_mut(Axis(0), Slice::from(to..to + basis.nrows())).assign(&scratch);
            to += basis.nrows();
        }
        coefficients = out;
    }
    Ok(coefficients)
}

fn reflect_back<T: Field>(basis: ArrayView2<'_, T>, factor: ArrayView2<'_, T>, matrix: &mut Array2<T>) {
    if factor.is_empty() || matrix.is_empty() {
        return;
    }
    let (m, size) = (basis.nrows(), factor.ncols());
    let block_size = factor.nrows();
    let mut memory = MemBuffer::new(apply_scratch::<T>(m, block_size, matrix.ncols()));
    let stack = MemStack::new(&mut memory);
    let reflectors = basis.to_slice_memory_order().unwrap_or_default();
    let reflectors = faer::MatRef::from_column_major_slice(&reflectors[..m * size], m, size);
    let factors = factor.to_slice_memory_order().unwrap_or_default();
    let factors = faer::MatRef::from_column_major_slice(factors, block_size, size);
    apply(reflectors, factors, Conj::No, faer_mut(matrix), Par::Seq, stack);
}
