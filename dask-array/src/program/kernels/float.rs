//! Kernels of floating-point numbers.

use super::common::{cast_value, common_kernels, number_kernels, ordered_kernels};
use super::{
    AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, PartOp, Src, TestOp, UnaryOp, greatest_number,
    least_number, map1, map2, vector,
};
use crate::element::Scalar;

/// Functions of floats that Rust does not have.
trait Functions: Sized {
    /// A number in [1/2, 1), or what has none, and the power of two that it is to be multiplied with.
    fn frexp(self) -> (Self, i32);
    /// `self * 2ᵇ`, rounded once.
    fn ldexp(self, exponent: Self) -> Self;
    fn nextafter(self, towards: Self) -> Self;
    /// `ln(eᵃ + eᵇ)`
    fn logaddexp(self, other: Self) -> Self;
    /// `log₂(2ᵃ + 2ᵇ)`
    fn logaddexp2(self, other: Self) -> Self;
    fn sinc(self) -> Self;
}

macro_rules! functions {
    ($($T:ident $Bits:ident $PI:expr, $LN_2:expr, $LOG2_E:expr);*) => {$(
        impl Functions for $T {
            fn frexp(self) -> (Self, i32) {
                /// Bits of the mantissa that are stored.
                const STORED: u32 = $T::MANTISSA_DIGITS - 1;
                /// The exponent of 1/2, as it is stored.
                const HALF: $Bits = ($T::MAX_EXP - 2) as $Bits;
                const MASK: $Bits = (1 << ($Bits::BITS - 1 - STORED)) - 1;
                if self == 0.0 || !self.is_finite() {
                    return (self, 0);
                }
                if !self.is_normal() {
                    let (mantissa, exponent) = (self * (2.0 as $T).powi(STORED as i32 + 1)).frexp();
                    return (mantissa, exponent - STORED as i32 - 1);
                }
                let stored = self.to_bits() >> STORED & MASK;
                let mantissa = self.to_bits() & !(MASK << STORED) | HALF << STORED;
                ($T::from_bits(mantissa), stored as i32 - HALF as i32)
            }

            fn ldexp(self, exponent: Self) -> Self {
                /// The largest power of two.
                const STEP: i32 = $T::MAX_EXP - 1;
                /// The smallest that is a normal number.
                const LOWEST: i32 = $T::MIN_EXP - 1;
                // Beyond four steps nothing but zero and infinity is left.
                let mut left = (exponent as i32).clamp(-4 * STEP, 4 * STEP);
                let mut value = self;
                while left > STEP {
                    value *= (2.0 as $T).powi(STEP);
                    left -= STEP;
                }
                // Steps downwards leave more than a mantissa to go, so that what one of them rounds is zero in the end.
                while left < LOWEST {
                    value *= (2.0 as $T).powi(LOWEST + $T::MANTISSA_DIGITS as i32);
                    left -= LOWEST + $T::MANTISSA_DIGITS as i32;
                }
                value * (2.0 as $T).powi(left)
            }

            fn nextafter(self, towards: Self) -> Self {
                if self.is_nan() || towards.is_nan() {
                    $T::NAN
                } else if self < towards {
                    self.next_up()
                } else if self > towards {
                    self.next_down()
                } else {
                    towards
                }
            }

            fn logaddexp(self, other: Self) -> Self {
                if self == other {
                    // Infinities, too, whose difference is NaN.
                    return self + $LN_2;
                }
                let difference = self - other;
                if difference > 0.0 {
                    self + (-difference).exp().ln_1p()
                } else {
                    other + difference.exp().ln_1p()
                }
            }

            fn logaddexp2(self, other: Self) -> Self {
                if self == other {
                    return self + 1.0;
                }
                let difference = self - other;
                if difference > 0.0 {
                    self + (-difference).exp2().ln_1p() * $LOG2_E
                } else {
                    other + difference.exp2().ln_1p() * $LOG2_E
                }
            }

            fn sinc(self) -> Self {
                let x = $PI * self;
                if x == 0.0 { 1.0 } else { x.sin() / x }
            }
        }
    )*};
}
functions!(
    f32 u32 std::f32::consts::PI, std::f32::consts::LN_2, std::f32::consts::LOG2_E;
    f64 u64 std::f64::consts::PI, std::f64::consts::LN_2, std::f64::consts::LOG2_E
);

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
                    UnaryOp::Neg => vector::map1(a, out, |x| -x),
                    UnaryOp::Abs => vector::map1(a, out, $T::abs),
                    UnaryOp::Square => vector::map1(a, out, |x| x * x),
                    // NaN stays NaN, and both zeros give the positive one.
                    UnaryOp::Sign => vector::map1(a, out, |x| {
                        if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else if x == 0.0 { 0.0 } else { x }
                    }),
                    UnaryOp::Reciprocal => vector::map1(a, out, |x| 1.0 / x),
                    UnaryOp::Sqrt => vector::map1(a, out, $T::sqrt),
                    UnaryOp::Exp => map1(a, out, $T::exp),
                    UnaryOp::Expm1 => map1(a, out, $T::exp_m1),
                    UnaryOp::Log => map1(a, out, $T::ln),
                    UnaryOp::Log1p => map1(a, out, $T::ln_1p),
                    UnaryOp::Sin => map1(a, out, $T::sin),
                    UnaryOp::Cos => map1(a, out, $T::cos),
                    UnaryOp::Tan => map1(a, out, $T::tan),
                    UnaryOp::Arcsin => map1(a, out, $T::asin),
                    UnaryOp::Arccos => map1(a, out, $T::acos),
                    UnaryOp::Arctan => map1(a, out, $T::atan),
                    UnaryOp::Sinh => map1(a, out, $T::sinh),
                    UnaryOp::Cosh => map1(a, out, $T::cosh),
                    UnaryOp::Tanh => map1(a, out, $T::tanh),
                    UnaryOp::Arcsinh => map1(a, out, $T::asinh),
                    UnaryOp::Arccosh => map1(a, out, $T::acosh),
                    UnaryOp::Arctanh => map1(a, out, $T::atanh),
                    UnaryOp::Cbrt => map1(a, out, $T::cbrt),
                    UnaryOp::Exp2 => map1(a, out, $T::exp2),
                    UnaryOp::Log2 => map1(a, out, $T::log2),
                    UnaryOp::Log10 => map1(a, out, $T::log10),
                    UnaryOp::Degrees => map1(a, out, $T::to_degrees),
                    UnaryOp::Radians => map1(a, out, $T::to_radians),
                    UnaryOp::Sinc => map1(a, out, Functions::sinc),
                    UnaryOp::Fract => vector::map1(a, out, |x: $T| {
                        let fract = if x.is_infinite() { 0.0 } else { x - x.trunc() };
                        fract.copysign(x)
                    }),
                    UnaryOp::Mantissa => map1(a, out, |x: $T| x.frexp().0),
                    UnaryOp::Exponent => map1(a, out, |x: $T| x.frexp().1 as $T),
                    UnaryOp::Floor => vector::map1(a, out, $T::floor),
                    UnaryOp::Ceil => vector::map1(a, out, $T::ceil),
                    UnaryOp::Rint => vector::map1(a, out, $T::round_ties_even),
                    UnaryOp::Trunc => vector::map1(a, out, $T::trunc),
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
                    BinaryOp::Add => vector::map2(a, b, out, |a, b| a + b),
                    BinaryOp::Sub => vector::map2(a, b, out, |a, b| a - b),
                    BinaryOp::Mul => vector::map2(a, b, out, |a, b| a * b),
                    BinaryOp::Div => vector::map2(a, b, out, |a, b| a / b),
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
                    BinaryOp::Min => vector::map2(a, b, out, Self::least),
                    BinaryOp::Max => vector::map2(a, b, out, Self::greatest),
                    BinaryOp::Fmin => vector::map2(a, b, out, least_number),
                    BinaryOp::Fmax => vector::map2(a, b, out, greatest_number),
                    BinaryOp::Fmod => map2(a, b, out, |a, b| a % b),
                    BinaryOp::Arctan2 => map2(a, b, out, $T::atan2),
                    BinaryOp::Hypot => map2(a, b, out, $T::hypot),
                    BinaryOp::Logaddexp => map2(a, b, out, Functions::logaddexp),
                    BinaryOp::Logaddexp2 => map2(a, b, out, Functions::logaddexp2),
                    BinaryOp::Copysign => vector::map2(a, b, out, $T::copysign),
                    BinaryOp::Nextafter => map2(a, b, out, Functions::nextafter),
                    BinaryOp::Ldexp => map2(a, b, out, Functions::ldexp),
                    _ => return Err(NoKernel),
                }
                Ok(())
            }
            fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]) {
                match op {
                    TestOp::Nan => vector::map1(a, out, $T::is_nan),
                    TestOp::Infinite => vector::map1(a, out, $T::is_infinite),
                    TestOp::Finite => vector::map1(a, out, $T::is_finite),
                    TestOp::PosInfinite => map1(a, out, |x| x == $T::INFINITY),
                    TestOp::NegInfinite => map1(a, out, |x| x == $T::NEG_INFINITY),
                    TestOp::Negative => map1(a, out, $T::is_sign_negative),
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
