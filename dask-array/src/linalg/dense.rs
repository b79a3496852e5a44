//! Matrices in memory, column by column, and the doors to faer.

use std::ops::{Neg, SubAssign};

use faer::traits::ComplexField;
use faer::{MatMut, MatRef};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2, LinalgScalar, ShapeBuilder};

use dask_graph::OpError;

use crate::array::Array;
use crate::block::Block;
use crate::element::{Element, Inexact, c64, c128};
use crate::product::MisfitError;

/// An element type whose matrices can be factored: `f32`, `f64`, `c64` and `c128`.
pub trait Field: Inexact + LinalgScalar + Neg<Output = Self> + SubAssign + Arithmetic {}

/// What factorisations need of numbers.
pub trait Arithmetic: ComplexField + Sized {
    /// The absolute value.
    fn magnitude(self) -> f64;
    /// The complex conjugate.
    fn conjugate(self) -> Self;
    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    /// The distance from 1 to the next number.
    fn epsilon() -> f64;
}

macro_rules! real_fields {
    ($($T:ident),*) => {$(
        impl Field for $T {}

        impl Arithmetic for $T {
            fn magnitude(self) -> f64 {
                f64::from(self.abs())
            }
            fn conjugate(self) -> Self {
                self
            }
            fn of(value: f64) -> Self {
                value as $T
            }
            fn epsilon() -> f64 {
                f64::from($T::EPSILON)
            }
        }
    )*};
}
real_fields!(f32, f64);

macro_rules! complex_fields {
    ($($T:ident $Real:ident),*) => {$(
        impl Field for $T {}

        impl Arithmetic for $T {
            fn magnitude(self) -> f64 {
                f64::from(self.norm())
            }
            fn conjugate(self) -> Self {
                self.conj()
            }
            fn of(value: f64) -> Self {
                $T::new(value as $Real, 0.0)
            }
            fn epsilon() -> f64 {
                f64::from($Real::EPSILON)
            }
        }
    )*};
}
complex_fields!(c64 f32, c128 f64);

/// The conjugated transpose.
pub(super) fn adjoint<A: Field>(a: &Array<A>) -> Array<A> {
    a.t().conj()
}

/// A matrix of zeros, column by column.
pub(super) fn zeros<T: Field>(rows: usize, columns: usize) -> Array2<T> {
    Array2::from_elem((rows, columns).f(), T::default())
}

/// A copy, column by column.
pub(super) fn columns<T: Field>(matrix: ArrayView2<'_, T>) -> Array2<T> {
    let mut copy = zeros(matrix.nrows(), matrix.ncols());
    copy.assign(&matrix);
    copy
}

/// A block as a matrix; a vector is a column.
pub(super) fn matrix_of<T: Element>(block: &Block<T>) -> Result<ArrayView2<'_, T>, OpError> {
    let view = block.view();
    let view = if view.ndim() == 1 { view.insert_axis(ndarray::Axis(1)) } else { view };
    let shape = view.shape().to_vec();
    view.into_dimensionality::<Ix2>()
        .map_err(|_| OpError::failed(MisfitError { left: shape, right: vec![0, 0] }))
}

/// faer's view of a matrix that lies column by column.
pub(super) fn faer_ref<T: Field>(matrix: &Array2<T>) -> MatRef<'_, T> {
    let (rows, columns) = matrix.dim();
    MatRef::from_column_major_slice(matrix.as_slice_memory_order().unwrap_or_default(), rows, columns)
}

/// faer's view of a matrix that lies column by column, to write.
pub(super) fn faer_mut<T: Field>(matrix: &mut Array2<T>) -> MatMut<'_, T> {
    let (rows, columns) = matrix.dim();
    MatMut::from_column_major_slice_mut(matrix.as_slice_memory_order_mut().unwrap_or_default(), rows, columns)
}

/// `c -= a · b`
pub(super) fn subtract_product<T: Field>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: &mut ArrayViewMut2<'_, T>,
) {
    general_mat_mul(-<T as num_traits::One>::one(), &a, &b, <T as num_traits::One>::one(), c);
}

/// The conjugated transpose of a matrix in memory; of real ones, a view.
pub(super) fn adjoint_of<T: Field>(matrix: ArrayView2<'_, T>) -> CowArray<'_, T, Ix2> {
    let turned = matrix.reversed_axes();
    if T::DTYPE.is_complex() { turned.mapv(T::conjugate).into() } else { turned.into() }
}
