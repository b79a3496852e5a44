//! Arithmetic.

use dask_graph::LayerInfo;

use super::methods::{binary_methods, float_binary_methods, unary_methods};
use super::parts::part;
use super::{Array, Other, elementwise, feed, mixed, one_operand};
use crate::element::{Element, Integer, Number};
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::kernels::{BinaryOp, PartOp, UnaryOp};

/// Arithmetic with an array or a number.
impl<A: Number> Array<A> {
    binary_methods! {
        /// `self + other`.
        try_add Add;
        /// `self - other`.
        try_sub Sub;
        /// `self * other`.
        try_mul Mul;
        /// `self` to the power of `other`. An integer to a negative power is 0 unless it is 1 or -1.
        power Pow;
    }

    /// `self / other`; integers are divided as `f64`.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn try_div(&self, other: impl Other<A>) -> Result<Array<A::Float>, ArrayError> {
        self.quotient(&other, false, &LayerInfo::here())
    }

    unary_methods! {
        /// Squares.
        square Square;
        /// `1 / x`; of integers towards zero, and of 0 among them 0.
        reciprocal Reciprocal;
        /// -1, 0 or 1 by the sign; NaN stays. Of a complex number, the number of length one in its direction.
        sign Sign;
    }

    /// The elements as they are: numpy's `positive`.
    #[must_use]
    pub fn positive(&self) -> Array<A> {
        self.clone()
    }

    /// Absolute values; of the smallest integer, itself.
    #[must_use]
    #[track_caller]
    pub fn abs(&self) -> Array<A::Real> {
        part(self, "abs", PartOp::Abs, |program, x| program.unary(UnaryOp::Abs, A::DTYPE, x))
    }

    /// No smaller than `min` and no larger than `max`, where these are given; NaN stays.
    ///
    /// Where `min` is larger than `max`, `max` wins.
    #[must_use]
    #[track_caller]
    pub fn clip(&self, min: Option<A>, max: Option<A>) -> Array<A> {
        let params = |token: &mut dask_graph::Tokenizer| {
            feed(token, min);
            feed(token, max);
        };
        one_operand(elementwise("clip", &params, &[self], &LayerInfo::here(), |program, x| {
            let mut x = x[0];
            for (op, bound) in [(BinaryOp::Max, min), (BinaryOp::Min, max)] {
                if let Some(bound) = bound {
                    x = program.binary(op, A::DTYPE, x, Operand::Const(bound.to_scalar()));
                }
            }
            x
        }))
    }
}

/// Division of real numbers with a remainder.
impl<A: Number<Real = A>> Array<A> {
    binary_methods! {
        /// The quotient down to an integer; of integers by zero, 0.
        floor_divide FloorDiv;
        /// What `floor_divide` leaves, numpy's `%`: has the sign of the divisor; of integers by zero, 0.
        remainder Rem;
        /// What division towards zero leaves: has the sign of the dividend; of integers by zero, 0.
        fmod Fmod;
    }

    /// `floor_divide` and `remainder` together.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn divmod(&self, other: impl Other<A>) -> Result<(Array<A>, Array<A>), ArrayError> {
        let info = LayerInfo::here();
        let quotient = self.binary("floor_divide", BinaryOp::FloorDiv, &other, false, &info)?;
        Ok((quotient, self.binary("remainder", BinaryOp::Rem, &other, false, &info)?))
    }
}

/// Arithmetic of real numbers that is done in floating point.
impl<A: Element<Real = A>> Array<A> {
    float_binary_methods! {
        /// `√(x² + y²)`, without overflow on the way.
        hypot Hypot;
        /// The absolute values with the signs of `other`.
        copysign Copysign;
        /// The next number that can be represented, in the direction of `other`.
        nextafter Nextafter;
    }

    /// `self` to the power of `other` in `f64`.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn float_power(&self, other: impl Other<A>) -> Result<Array<f64>, ArrayError> {
        self.binary_as("float_power", BinaryOp::Pow, &other, false, &LayerInfo::here())
    }

    /// `self * 2ᵉ`, rounded once.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn ldexp<I: Integer>(&self, exponents: impl Other<I>) -> Result<Array<A::RealFloat>, ArrayError> {
        let to = A::RealFloat::DTYPE;
        let others: [&dyn Other<I>; 1] = [&exponents];
        let (inputs, operands) = mixed(&[self], &others);
        let params = |token: &mut dask_graph::Tokenizer| feed(token, exponents.number());
        elementwise("ldexp", &params, &inputs, &LayerInfo::here(), |program, x| {
            let mantissa = program.cast(A::DTYPE, to, x[0]);
            let exponent = program.cast(I::DTYPE, to, operands(x)[0]);
            program.binary(BinaryOp::Ldexp, to, mantissa, exponent)
        })
    }

    /// Mantissas with absolute values from 1/2 up to 1, and the powers of two that [`ldexp`](Array::ldexp) makes the
    /// elements of them with; zeros, infinities and NaNs are their own mantissas, with exponent 0.
    #[must_use]
    #[track_caller]
    pub fn frexp(&self) -> (Array<A::RealFloat>, Array<i32>) {
        let (info, float) = (LayerInfo::here(), A::RealFloat::DTYPE);
        let exponents = elementwise("frexp-exponent", &|_| {}, &[self], &info, |program, x| {
            let x = program.cast(A::DTYPE, float, x[0]);
            let exponent = program.unary(UnaryOp::Exponent, float, x);
            program.cast(float, i32::DTYPE, exponent)
        });
        (self.unary_as("frexp", UnaryOp::Mantissa, &info), one_operand(exponents))
    }
}
