//! Rounding, and numbers in place of those that are none.

use dask_graph::{LayerInfo, Tokenize, Tokenizer};

use super::methods::{float_methods, unary_methods};
use super::{Array, elementwise, one_operand};
use crate::element::{DType, Element, Number, f16};
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, Kernels, PartOp, TestOp, UnaryOp};

impl<A: Number> Array<A> {
    float_methods! { Float:
        /// To the nearest integers, halves to the even one; of complex numbers, each part by itself.
        rint Rint;
    }

    /// To so many decimals, halves to the even digit; a negative number rounds in front of the point, and of complex
    /// numbers each part is rounded by itself. Integers are rounded as `f64`.
    ///
    /// As in numpy, by scaling: `(x * 10ᵈ).rint() / 10ᵈ`.
    #[must_use]
    #[track_caller]
    pub fn round(&self, decimals: i32) -> Array<A> {
        let within = <A::Float as Element>::DTYPE;
        if decimals >= 0 && within != A::DTYPE {
            return self.clone();
        }
        let params = |token: &mut Tokenizer| decimals.tokenize(token);
        one_operand(elementwise("round", &params, &[self], &LayerInfo::here(), |program, x| {
            let x = program.cast(A::DTYPE, within, x[0]);
            let rounded = rounded::<A::Float>(program, x, decimals);
            program.cast(within, A::DTYPE, rounded)
        }))
    }

    /// The elements with numbers in place of NaN and the infinities; by default the largest and the smallest finite
    /// number for these, and of complex numbers in each part.
    ///
    /// numpy's `nan_to_num`, whose default for `nan` is 0.
    #[must_use]
    #[track_caller]
    pub fn nan_to_num(&self, nan: A::Real, posinf: Option<A::Real>, neginf: Option<A::Real>) -> Array<A> {
        let real = A::Real::DTYPE;
        let (largest, smallest) = match real {
            DType::F16 => (f16::MAX.to_f64(), f16::MIN.to_f64()),
            DType::F32 => (f64::from(f32::MAX), f64::from(f32::MIN)),
            DType::F64 => (f64::MAX, f64::MIN),
            _ => return self.clone(),
        };
        let number = |number: Option<A::Real>, default: f64| {
            number.unwrap_or_else(|| A::Real::from_scalar(default.to_scalar())).to_scalar()
        };
        let by = [nan.to_scalar(), number(posinf, largest), number(neginf, smallest)];
        let params = |token: &mut Tokenizer| by.tokenize(token);
        one_operand(elementwise("nan_to_num", &params, &[self], &LayerInfo::here(), |program, x| {
            let numbers = |program: &mut ProgramBuilder, x| {
                let tests = [TestOp::Nan, TestOp::PosInfinite, TestOp::NegInfinite];
                tests.into_iter().zip(by).fold(x, |kept, (test, number)| {
                    let found = program.test(test, real, x);
                    program.select(real, found, Operand::Const(number), kept)
                })
            };
            if !A::DTYPE.is_complex() {
                return numbers(program, x[0]);
            }
            let parts =
                [program.cast(A::DTYPE, real, x[0]), program.part(PartOp::Imag, A::DTYPE, real, x[0])];
            let [re, im] = parts.map(|part| {
                let part = numbers(program, part);
                program.cast(real, A::DTYPE, part)
            });
            program.binary(BinaryOp::Complex, A::DTYPE, re, im)
        }))
    }
}

/// A rounded value of type `F`.
fn rounded<F: Element>(program: &mut ProgramBuilder, x: Operand, decimals: i32) -> Operand {
    if decimals == 0 {
        return program.unary(UnaryOp::Rint, F::DTYPE, x);
    }
    let scale = F::from_scalar(10_f64.powi(decimals.saturating_abs()).to_scalar());
    let (there, back) =
        if decimals > 0 { (BinaryOp::Mul, BinaryOp::Div) } else { (BinaryOp::Div, BinaryOp::Mul) };
    let scale = Operand::Const(scale.to_scalar());
    let x = program.binary(there, F::DTYPE, x, scale);
    let x = program.unary(UnaryOp::Rint, F::DTYPE, x);
    program.binary(back, F::DTYPE, x, scale)
}

/// Rounding of real numbers to integers of the same type.
impl<A: Number<Real = A>> Array<A> {
    unary_methods! {
        /// Down to integers.
        floor Floor;
        /// Up to integers.
        ceil Ceil;
        /// Towards zero to integers.
        trunc Trunc;
        /// Towards zero to integers, as [`trunc`](Array::trunc).
        fix Trunc;
    }
}

impl<A: Element<Real = A>> Array<A> {
    /// What is behind the point and what is before it, both with the sign of the number.
    #[must_use]
    #[track_caller]
    pub fn modf(&self) -> (Array<A::RealFloat>, Array<A::RealFloat>) {
        let info = LayerInfo::here();
        (self.unary_as("modf", UnaryOp::Fract, &info), self.unary_as("trunc", UnaryOp::Trunc, &info))
    }
}
