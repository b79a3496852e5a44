//! Kernels of complex numbers, with numpy's definitions where several are in use.
//!
//! Their order is by the real parts, then by the imaginary ones; a comparison with a NaN in either part is false.

use super::common::{cast_value, common_kernels};
use super::{AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, Src, TestOp, UnaryOp, map1, map2};
use crate::element::{Scalar, c64, c128};

/// A function of complex numbers that num-complex does not have, or not for numbers of all sizes.
trait Functions: Sized {
    /// `self / by` by Smith's method, which does not overflow on the way (Smith 1962).
    fn quotient(self, by: Self) -> Self;
    fn power(self, exponent: Self) -> Self;
    /// The number of length one in the same direction; of zero, zero.
    fn direction(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln_1p(self) -> Self;
    fn hyperbolic_tangent(self) -> Self;
    /// Each part by itself.
    fn parts(self, of: impl Fn(Self::Part) -> Self::Part) -> Self;
    type Part;
}

macro_rules! functions {
    ($($T:ident $Part:ident),*) => {$(
        impl Functions for $T {
            type Part = $Part;

            #[inline(always)]
            fn quotient(self, by: Self) -> Self {
                if by.re.abs() >= by.im.abs() {
                    if by.re == 0.0 && by.im == 0.0 {
                        return $T::new(self.re / by.re.abs(), self.im / by.re.abs());
                    }
                    let ratio = by.im / by.re;
                    let scale = 1.0 / (by.re + by.im * ratio);
                    $T::new((self.re + self.im * ratio) * scale, (self.im - self.re * ratio) * scale)
                } else {
                    let ratio = by.re / by.im;
                    let scale = 1.0 / (by.im + by.re * ratio);
                    $T::new((self.re * ratio + self.im) * scale, (self.im * ratio - self.re) * scale)
                }
            }

            fn power(self, exponent: Self) -> Self {
                /// Whole exponents up to this are made by multiplying.
                const MULTIPLIED: $Part = 100.0;
                if exponent.re == 0.0 && exponent.im == 0.0 {
                    return $T::new(1.0, 0.0);
                }
                if self.re == 0.0 && self.im == 0.0 {
                    let defined = exponent.re > 0.0 && exponent.im == 0.0;
                    return if defined { $T::default() } else { $T::new($Part::NAN, $Part::NAN) };
                }
                let n = exponent.re;
                if exponent.im == 0.0 && n == n.trunc() && n.abs() < MULTIPLIED {
                    let power = self.powu(n.abs() as u32);
                    return if n < 0.0 { $T::new(1.0, 0.0).quotient(power) } else { power };
                }
                self.powc(exponent)
            }

            fn direction(self) -> Self {
                let length = self.re.hypot(self.im);
                if length == 0.0 { $T::default() } else { $T::new(self.re / length, self.im / length) }
            }

            fn exp_m1(self) -> Self {
                let half = (self.im / 2.0).sin();
                $T::new(
                    self.re.exp_m1() * self.im.cos() - 2.0 * half * half,
                    self.re.exp() * self.im.sin(),
                )
            }

            fn ln_1p(self) -> Self {
                let re = self.re + 1.0;
                $T::new(re.hypot(self.im).ln(), self.im.atan2(re))
            }

            fn hyperbolic_tangent(self) -> Self {
                /// Beyond it the real part is 1 to the last bit.
                const FLAT: $Part = 22.0;
                if self.re.abs() > FLAT {
                    let im = (2.0 * self.im).sin() * (-2.0 * self.re.abs()).exp() * 2.0;
                    return $T::new((1.0 as $Part).copysign(self.re), im);
                }
                self.tanh()
            }

            #[inline(always)]
            fn parts(self, of: impl Fn($Part) -> $Part) -> Self {
                $T::new(of(self.re), of(self.im))
            }
        }
    )*};
}
functions!(c64 f32, c128 f64);

macro_rules! complex_kernels {
    ($($T:tt $Variant:ident $bank:ident $Part:ident),*) => {$(
        impl Kernels for $T {
            common_kernels!($T $Variant $bank);
            fn bytes_mut(slice: &mut [Self]) -> Option<&mut [u8]> {
                Some(bytemuck::cast_slice_mut(slice))
            }
            fn from_byte(byte: u8) -> Self {
                $T::new($Part::from(byte), 0.0)
            }
            fn one() -> Self {
                $T::new(1.0, 0.0)
            }
            fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = start + step * (first + i) as $Part;
                }
            }
            fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
                match op {
                    UnaryOp::Neg => map1(a, out, |x| -x),
                    UnaryOp::Square => map1(a, out, |x| x * x),
                    UnaryOp::Sign => map1(a, out, Functions::direction),
                    UnaryOp::Reciprocal => map1(a, out, |x| Self::one().quotient(x)),
                    UnaryOp::Sqrt => map1(a, out, $T::sqrt),
                    UnaryOp::Exp => map1(a, out, $T::exp),
                    UnaryOp::Expm1 => map1(a, out, Functions::exp_m1),
                    UnaryOp::Log => map1(a, out, $T::ln),
                    UnaryOp::Log1p => map1(a, out, Functions::ln_1p),
                    UnaryOp::Sin => map1(a, out, $T::sin),
                    UnaryOp::Cos => map1(a, out, $T::cos),
                    // tan z = -i tanh(iz)
                    UnaryOp::Tan => map1(a, out, |x| {
                        let turned = $T::new(-x.im, x.re).hyperbolic_tangent();
                        $T::new(turned.im, -turned.re)
                    }),
                    UnaryOp::Tanh => map1(a, out, Functions::hyperbolic_tangent),
                    UnaryOp::Rint => map1(a, out, |x| x.parts($Part::round_ties_even)),
                    UnaryOp::Conj => map1(a, out, |x| x.conj()),
                    // The absolute value is real: a part.
                    UnaryOp::Abs | UnaryOp::Not | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc => {
                        return Err(NoKernel);
                    }
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
                    BinaryOp::Div => map2(a, b, out, Functions::quotient),
                    BinaryOp::Pow => map2(a, b, out, Functions::power),
                    BinaryOp::Min => map2(a, b, out, Self::least),
                    BinaryOp::Max => map2(a, b, out, Self::greatest),
                    BinaryOp::FloorDiv
                    | BinaryOp::Rem
                    | BinaryOp::And
                    | BinaryOp::Or
                    | BinaryOp::Xor => return Err(NoKernel),
                }
                Ok(())
            }
            fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]) {
                match op {
                    TestOp::Nan => map1(a, out, |x| x.re.is_nan() || x.im.is_nan()),
                    TestOp::Infinite => map1(a, out, |x| x.re.is_infinite() || x.im.is_infinite()),
                    TestOp::Finite => map1(a, out, |x| x.re.is_finite() && x.im.is_finite()),
                }
            }
            fn lowest() -> Self {
                $T::new($Part::NEG_INFINITY, $Part::NEG_INFINITY)
            }
            fn highest() -> Self {
                $T::new($Part::INFINITY, $Part::INFINITY)
            }
            #[inline(always)]
            fn add(a: Self, b: Self) -> Self {
                a + b
            }
            #[inline(always)]
            fn mul(a: Self, b: Self) -> Self {
                a * b
            }
            #[inline(always)]
            fn lt(a: Self, b: Self) -> bool {
                a.re < b.re && !a.im.is_nan() && !b.im.is_nan() || a.re == b.re && a.im < b.im
            }
            #[inline(always)]
            fn le(a: Self, b: Self) -> bool {
                a.re < b.re && !a.im.is_nan() && !b.im.is_nan() || a.re == b.re && a.im <= b.im
            }
        }
    )*};
}
complex_kernels!(c64 C64 c64s f32, c128 C128 c128s f64);
