//! Parts of complex numbers. Real numbers have them, too: themselves, and zeros.

use dask_graph::LayerInfo;

use super::{Array, elementwise, one_operand};
use crate::element::Element;
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels, PartOp, UnaryOp};

/// An operation that gives a part of complex numbers, and of real ones what `of_real` writes.
pub(super) fn part<A: Element>(
    x: &Array<A>,
    operation: &str,
    op: PartOp,
    of_real: impl FnOnce(&mut ProgramBuilder, Operand) -> Operand,
) -> Array<A::Real> {
    one_operand(elementwise(operation, &|_| {}, &[x], &LayerInfo::here(), |program, x| {
        if A::DTYPE.is_complex() {
            program.part(op, A::DTYPE, A::DTYPE.real(), x[0])
        } else {
            of_real(program, x[0])
        }
    }))
}

/// Parts of complex numbers.
impl<A: Element> Array<A> {
    /// Real parts; of real numbers, the same array.
    ///
    /// ```
    /// use dask_array::{Array, c128, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let z = Array::from_ndarray(arr1(&[c128::new(3.0, 4.0), c128::new(0.0, -1.0)]), 1)?;
    /// let sum = z.real() + z.imag() + z.abs();
    /// assert_eq!(sum.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[12.0, 0.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn real(&self) -> Array<A::Real> {
        if !A::DTYPE.is_complex() {
            return Array::new(self.lazy().clone());
        }
        one_operand(elementwise("real", &|_| {}, &[self], &LayerInfo::here(), |program, x| {
            program.cast(A::DTYPE, A::DTYPE.real(), x[0])
        }))
    }

    /// Imaginary parts; of real numbers, zeros.
    #[must_use]
    #[track_caller]
    pub fn imag(&self) -> Array<A::Real> {
        part(self, "imag", PartOp::Imag, |_, _| Operand::Const(A::Real::default().to_scalar()))
    }

    /// Complex conjugates; of real numbers, the same array.
    #[must_use]
    #[track_caller]
    pub fn conj(&self) -> Array<A> {
        if !A::DTYPE.is_complex() {
            return self.clone();
        }
        self.unary("conj", UnaryOp::Conj, &LayerInfo::here())
    }

    /// Angles in radians, from -π to π; of real numbers, 0 or π.
    #[must_use]
    #[track_caller]
    pub fn angle(&self) -> Array<A::RealFloat> {
        let float = A::RealFloat::DTYPE;
        one_operand(elementwise("angle", &|_| {}, &[self], &LayerInfo::here(), |program, x| {
            if A::DTYPE.is_complex() {
                return program.part(PartOp::Angle, A::DTYPE, float, x[0]);
            }
            let x = program.cast(A::DTYPE, float, x[0]);
            program.binary(BinaryOp::Arctan2, float, Operand::Const(A::RealFloat::default().to_scalar()), x)
        }))
    }

    /// Where the imaginary part is not zero.
    #[must_use]
    #[track_caller]
    pub fn is_complex(&self) -> Array<bool> {
        self.imag_is("is_complex", CompareOp::Ne)
    }

    /// Where the imaginary part is zero.
    #[must_use]
    #[track_caller]
    pub fn is_real(&self) -> Array<bool> {
        self.imag_is("is_real", CompareOp::Eq)
    }

    #[track_caller]
    fn imag_is(&self, operation: &str, op: CompareOp) -> Array<bool> {
        let real = A::DTYPE.real();
        one_operand(elementwise(operation, &|_| {}, &[self], &LayerInfo::here(), |program, x| {
            let zero = Operand::Const(A::Real::default().to_scalar());
            let imag =
                if A::DTYPE.is_complex() { program.part(PartOp::Imag, A::DTYPE, real, x[0]) } else { zero };
            program.compare(op, real, imag, zero)
        }))
    }
}
