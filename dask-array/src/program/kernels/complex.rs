//! Kernels of complex numbers, with numpy's definitions where several are in use.
//!
//! Their order is by the real parts, then by the imaginary ones; a comparison with a NaN in either part is false.

use std::ops::Neg;

use num_complex::Complex;

use super::common::{cast_value, common_kernels};
use super::{
    AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, Src, TestOp, UnaryOp, greatest_number,
    least_number, map1, map2, vector,
};
use crate::element::{Scalar, c64, c128};

/// A function of complex numbers that num-complex does not have, or not for numbers of all sizes.
trait Functions: Sized {
    /// `self / by` by Smith's method, which does not overflow on the way (Smith 1962).
    fn quotient(self, by: Self) -> Self;
    /// The square root, without the angle: to the last bits, and exact of exact squares.
    fn root(self) -> Self;
    fn power(self, exponent: Self) -> Self;
    /// The number of length one in the same direction; of zero, zero.
    fn direction(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln_1p(self) -> Self;
    fn hyperbolic_tangent(self) -> Self;
    /// The inverse of the hyperbolic sine, by Kahan's formulas (1987), which cancel nowhere.
    fn arc_sinh(self) -> Self;
    fn arc_cosh(self) -> Self;
    fn arc_cos(self) -> Self;
    fn arc_tanh(self) -> Self;
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

            fn root(self) -> Self {
                if self.re == 0.0 && self.im == 0.0 {
                    return $T::new(0.0, self.im);
                }
                if self.im.is_infinite() {
                    return $T::new($Part::INFINITY, self.im);
                }
                let half = ((self.re.abs() + self.re.hypot(self.im)) / 2.0).sqrt();
                let other = self.im.abs() / (2.0 * half);
                if self.re >= 0.0 {
                    $T::new(half, other.copysign(self.im))
                } else {
                    $T::new(other, half.copysign(self.im))
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

            fn arc_sinh(self) -> Self {
                let (x, y) = (self.re, self.im);
                let (minus, plus) = ($T::new(1.0 + y, -x).root(), $T::new(1.0 - y, x).root());
                $T::new((minus.conj() * plus).im.asinh(), y.atan2((minus * plus).re))
            }

            fn arc_cosh(self) -> Self {
                let (minus, plus) = ((self - 1.0).root(), (self + 1.0).root());
                $T::new((minus.conj() * plus).re.asinh(), 2.0 * minus.im.atan2(plus.re))
            }

            fn arc_cos(self) -> Self {
                let (minus, plus) = (($T::new(1.0, 0.0) - self).root(), (self + 1.0).root());
                $T::new(2.0 * minus.re.atan2(plus.re), (plus.conj() * minus).im.asinh())
            }

            fn arc_tanh(self) -> Self {
                if self.re < 0.0 {
                    return -(-self).arc_tanh();
                }
                let (x, y) = (self.re, self.im);
                let down = (1.0 - x) * (1.0 - x) + y * y;
                $T::new(
                    (4.0 * x / down).ln_1p() / 4.0,
                    (2.0 * y).atan2((1.0 - x) * (1.0 + x) - y * y) / 2.0,
                )
            }

            #[inline(always)]
            fn parts(self, of: impl Fn($Part) -> $Part) -> Self {
                $T::new(of(self.re), of(self.im))
            }
        }
    )*};
}
functions!(c64 f32, c128 f64);

/// `-i z`
fn turned_back<T: Clone + Neg<Output = T>>(z: Complex<T>) -> Complex<T> {
    Complex::new(z.im, -z.re)
}

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
                    UnaryOp::Sqrt => map1(a, out, Functions::root),
                    UnaryOp::Exp => map1(a, out, $T::exp),
                    UnaryOp::Expm1 => map1(a, out, Functions::exp_m1),
                    UnaryOp::Log => map1(a, out, $T::ln),
                    UnaryOp::Log1p => map1(a, out, Functions::ln_1p),
                    UnaryOp::Sin => map1(a, out, $T::sin),
                    UnaryOp::Cos => map1(a, out, $T::cos),
                    // tan z = -i tanh(iz)
                    UnaryOp::Tan => {
                        map1(a, out, |x| turned_back($T::new(-x.im, x.re).hyperbolic_tangent()));
                    }
                    UnaryOp::Tanh => map1(a, out, Functions::hyperbolic_tangent),
                    UnaryOp::Sinh => map1(a, out, $T::sinh),
                    UnaryOp::Cosh => map1(a, out, $T::cosh),
                    // asin z = -i asinh(iz)
                    UnaryOp::Arcsin => map1(a, out, |x| turned_back($T::new(-x.im, x.re).arc_sinh())),
                    UnaryOp::Arccos => map1(a, out, Functions::arc_cos),
                    // atan z = -i atanh(iz)
                    UnaryOp::Arctan => map1(a, out, |x| turned_back($T::new(-x.im, x.re).arc_tanh())),
                    UnaryOp::Arcsinh => map1(a, out, Functions::arc_sinh),
                    UnaryOp::Arccosh => map1(a, out, Functions::arc_cosh),
                    UnaryOp::Arctanh => map1(a, out, Functions::arc_tanh),
                    UnaryOp::Exp2 => map1(a, out, |x| (x * std::$Part::consts::LN_2).exp()),
                    UnaryOp::Log2 => map1(a, out, |x| x.ln() * std::$Part::consts::LOG2_E),
                    UnaryOp::Log10 => map1(a, out, |x| x.ln() * std::$Part::consts::LOG10_E),
                    UnaryOp::Sinc => map1(a, out, |x| {
                        let x = x * std::$Part::consts::PI;
                        if x.re == 0.0 && x.im == 0.0 { Self::one() } else { x.sin().quotient(x) }
                    }),
                    UnaryOp::Rint => map1(a, out, |x| x.parts($Part::round_ties_even)),
                    UnaryOp::Conj => map1(a, out, |x| x.conj()),
                    // The absolute value is real: a part.
                    _ => return Err(NoKernel),
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
                    BinaryOp::Add => vector::map2(a, b, out, |a, b| a + b),
                    BinaryOp::Sub => vector::map2(a, b, out, |a, b| a - b),
                    BinaryOp::Mul => vector::map2(a, b, out, |a, b| a * b),
                    BinaryOp::Div => map2(a, b, out, Functions::quotient),
                    BinaryOp::Pow => map2(a, b, out, Functions::power),
                    BinaryOp::Min => map2(a, b, out, Self::least),
                    BinaryOp::Max => map2(a, b, out, Self::greatest),
                    BinaryOp::Fmin => map2(a, b, out, least_number),
                    BinaryOp::Fmax => map2(a, b, out, greatest_number),
                    BinaryOp::Complex => map2(a, b, out, |a, b| $T::new(a.re, b.re)),
                    _ => return Err(NoKernel),
                }
                Ok(())
            }
            fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]) {
                match op {
                    TestOp::Nan => map1(a, out, |x| x.re.is_nan() || x.im.is_nan()),
                    TestOp::Infinite => map1(a, out, |x| x.re.is_infinite() || x.im.is_infinite()),
                    TestOp::Finite => map1(a, out, |x| x.re.is_finite() && x.im.is_finite()),
                    // What has no direction is neither.
                    TestOp::PosInfinite | TestOp::NegInfinite | TestOp::Negative => out.fill(false),
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
