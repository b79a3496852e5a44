//! Products of matrices, added to what is there.

use ndarray::linalg::{general_mat_mul, general_mat_vec_mul};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, LinalgScalar, Slice};

use crate::element::{c64, c128, f16};
use crate::program::kernels::Kernels;

/// An element type whose matrices can be multiplied: every one.
pub trait Products: Sized {
    /// `c += a · b`, for matrices that fit.
    fn gemm(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, c: ArrayViewMut2<'_, Self>);
}

macro_rules! by_packing {
    ($($T:ty),*) => {$(
        impl Products for $T {
            fn gemm(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, c: ArrayViewMut2<'_, Self>) {
                packed(a, b, c);
            }
        }
    )*};
}
by_packing!(f32, f64, c64, c128);

macro_rules! by_rows {
    ($($T:ty),*) => {$(
        impl Products for $T {
            fn gemm(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, c: ArrayViewMut2<'_, Self>) {
                rows(a, b, c);
            }
        }
    )*};
}
by_rows!(i8, i16, i32, i64, u8, u16, u32, u64, bool);

impl Products for f16 {
    /// Added up in `f32`, as numpy does, and rounded once a block.
    fn gemm(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, mut c: ArrayViewMut2<'_, Self>) {
        let [a, b, mut sums] = [a, b, c.view()].map(|matrix| matrix.mapv(f16::to_f32));
        packed(a.view(), b.view(), sums.view_mut());
        c.zip_mut_with(&sums, |c, &sum| *c = f16::from_f32(sum));
    }
}

/// By the kernels of `matrixmultiply`, which pack both matrices tile by tile. A vector is not worth packing.
fn packed<T: LinalgScalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, mut c: ArrayViewMut2<'_, T>) {
    match c.dim() {
        (1, 1) => c[[0, 0]] = c[[0, 0]] + a.row(0).dot(&b.column(0)),
        (_, 1) => matrix_times_vector(a, b.column(0), c.column_mut(0)),
        (1, _) => matrix_times_vector(b.t(), a.row(0), c.row_mut(0)),
        _ => general_mat_mul(T::one(), &a, &b, T::one(), &mut c),
    }
}

fn matrix_times_vector<T: LinalgScalar>(
    a: ArrayView2<'_, T>,
    x: ArrayView1<'_, T>,
    mut y: ArrayViewMut1<'_, T>,
) {
    let strides = a.strides();
    if strides[1].unsigned_abs() <= strides[0].unsigned_abs() {
        return general_mat_vec_mul(T::one(), &a, &x, T::one(), &mut y);
    }
    // Along columns, as they lie in memory.
    for (column, &factor) in a.columns().into_iter().zip(x) {
        y.zip_mut_with(&column, |y, &a| *y = *y + a * factor);
    }
}

/// Rows of `b` that are gone through for one row of `c` before the next row begins: few enough to stay in a cache.
const ROWS: usize = 128;

/// Row by row with the arithmetic of the element type, which wraps around: rows of `b`, each times an element of
/// `a`, are added to a row of `c`.
fn rows<T: Kernels>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, mut c: ArrayViewMut2<'_, T>) {
    let b = b.as_standard_layout();
    let n = b.nrows();
    for from in (0..n).step_by(ROWS) {
        let some = Slice::from(from..(from + ROWS).min(n));
        let (a, b) = (a.slice_axis(Axis(1), some), b.slice_axis(Axis(0), some));
        for (row, mut sums) in a.rows().into_iter().zip(c.rows_mut()) {
            for (&factor, row) in row.iter().zip(b.rows()) {
                sums.zip_mut_with(&row, |sum, &x| *sum = T::add(*sum, T::mul(factor, x)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ShapeBuilder};

    /// In all orders in which matrices can lie, with sides of one and none.
    fn check<T: Products + Kernels + PartialEq + std::fmt::Debug>(number: fn(usize) -> T) {
        for (m, k, n) in [(3, 4, 5), (1, 300, 1), (7, 300, 1), (1, 5, 6), (0, 2, 3), (2, 0, 3)] {
            for order in 0..8 {
                let matrix = |rows: usize, columns: usize, turned: bool| {
                    let shape = (rows, columns).set_f(turned);
                    let mut matrix = Array2::from_elem(shape, T::one());
                    for ((i, j), x) in matrix.indexed_iter_mut() {
                        *x = number(i * 7 + j * 3);
                    }
                    matrix
                };
                let (a, b) = (matrix(m, k, order & 1 > 0), matrix(k, n, order & 2 > 0));
                let mut c = matrix(m, n, order & 4 > 0);
                let mut expected = c.clone();
                for ((i, j), sum) in expected.indexed_iter_mut() {
                    for l in 0..k {
                        *sum = T::add(*sum, T::mul(a[[i, l]], b[[l, j]]));
                    }
                }
                T::gemm(a.view(), b.view(), c.view_mut());
                assert_eq!(c, expected, "{m} {k} {n} {order}");
            }
        }
    }

    #[test]
    fn products_are_those_of_three_loops() {
        check::<f64>(|x| (x % 11) as f64);
        check::<f32>(|x| (x % 5) as f32);
        check::<i8>(|x| x as i8);
        check::<u64>(|x| (x as u64).wrapping_mul(1 << 60));
        check::<bool>(|x| x.is_multiple_of(5));
    }
}
