//! Kernels of floating-point numbers.

use super::common::{cast_value, common_kernels, number_kernels, ordered_kernels};
use super::{AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, PartOp, Src, TestOp, UnaryOp, map1, map2};
use crate::element::Scalar;

macro_rules! float_kernels {
    ($($T:tt $Variant:ident $bank:ident $Complex:ident),*) => {$(
        impl Kernels for $T {
            common_kernels!($T $Variant $bank);
            number_kernels!($T);
            ordered_kernels!();
            fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = start + step * (first + i) as $T;
                }
            }
            fn part(op: PartOp, src: AnySrc<'_>, out: &mut [Self]) -> Result<(), NoKernel> {
                let AnySrc::$Complex(a) = src else { return Err(NoKernel) };
                match op {
                    PartOp::Imag => map1(a, out, |z| z.im),
                    PartOp::Abs => map1(a, out, |z| z.re.hypot(z.im)),
                    PartOp::Angle => map1(a, out, |z| z.im.atan2(z.re)),
                }
                Ok(())
            }
            fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
                match op {
                    UnaryOp::Neg => map1(a, out, |x| -x),
                    UnaryOp::Abs => map1(a, out, $T::abs),
                    UnaryOp::Square => map1(a, out, |x| x * x),
                    // NaN stays NaN, and both zeros give the positive one.
                    UnaryOp::Sign => map1(a, out, |x| {
                        if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else if x == 0.0 { 0.0 } else { x }
                    }),
                    UnaryOp::Reciprocal => map1(a, out, |x| 1.0 / x),
                    UnaryOp::Sqrt => map1(a, out, $T::sqrt),
                    UnaryOp::Exp => map1(a, out, $T::exp),
                    UnaryOp::Expm1 => map1(a, out, $T::exp_m1),
                    UnaryOp::Log => map1(a, out, $T::ln),
                    UnaryOp::Log1p => map1(a, out, $T::ln_1p),
                    UnaryOp::Sin => map1(a, out, $T::sin),
                    UnaryOp::Cos => map1(a, out, $T::cos),
                    UnaryOp::Tan => map1(a, out, $T::tan),
                    UnaryOp::Tanh => map1(a, out, $T::tanh),
                    UnaryOp::Floor => map1(a, out, $T::floor),
                    UnaryOp::Ceil => map1(a, out, $T::ceil),
                    UnaryOp::Rint => map1(a, out, $T::round_ties_even),
                    UnaryOp::Trunc => map1(a, out, $T::trunc),
                    UnaryOp::Not | UnaryOp::Conj => return Err(NoKernel),
                }
                Ok(())
            }
            fn binary(
                op: BinaryOp,
                a: Src<'_, Self>,
                b: Src<'_, Self>,
                out: &mut [Self],
            ) -> Result<(), NoKernel> {
                match op {
                    BinaryOp::Add => map2(a, b, out, |a, b| a + b),
                    BinaryOp::Sub => map2(a, b, out, |a, b| a - b),
                    BinaryOp::Mul => map2(a, b, out, |a, b| a * b),
                    BinaryOp::Div => map2(a, b, out, |a, b| a / b),
                    BinaryOp::FloorDiv => map2(a, b, out, |a, b| {
                        // From the exact remainder, as numpy does: the floor of a rounded quotient can be
                        // one too high.
                        if b == 0.0 {
                            return a / b;
                        }
                        let rem = a % b;
                        let mut quotient = (a - rem) / b;
                        if rem != 0.0 && ((b < 0.0) != (rem < 0.0)) {
                            quotient -= 1.0;
                        }
                        if quotient == 0.0 {
                            return (0.0 as $T).copysign(a / b);
                        }
                        let floor = quotient.floor();
                        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
                    }),
                    BinaryOp::Rem => map2(a, b, out, |a, b| {
                        let rem = a % b;
                        if rem == 0.0 {
                            rem.copysign(b)
                        } else if (rem < 0.0) != (b < 0.0) {
                            rem + b
                        } else {
                            rem
                        }
                    }),
                    BinaryOp::Pow => map2(a, b, out, $T::powf),
                    BinaryOp::Min => map2(a, b, out, Self::least),
                    BinaryOp::Max => map2(a, b, out, Self::greatest),
                    BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => return Err(NoKernel),
                }
                Ok(())
            }
            fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]) {
                match op {
                    TestOp::Nan => map1(a, out, $T::is_nan),
                    TestOp::Infinite => map1(a, out, $T::is_infinite),
                    TestOp::Finite => map1(a, out, $T::is_finite),
                }
            }
            fn lowest() -> Self {
                $T::NEG_INFINITY
            }
            fn highest() -> Self {
                $T::INFINITY
            }
            #[inline(always)]
            fn add(a: Self, b: Self) -> Self {
                a + b
            }
            #[inline(always)]
            fn mul(a: Self, b: Self) -> Self {
                a * b
            }
        }
    )*};
}
float_kernels!(f32 F32 f32s C64, f64 F64 f64s C128);
