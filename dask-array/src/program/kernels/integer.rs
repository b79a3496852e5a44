//! Kernels of integers: arithmetic wraps around, division goes down and by zero gives zero, as in numpy.

use super::common::{cast_value, common_kernels, number_kernels, ordered_kernels};
use super::{
    AnySlice, AnySrc, Banks, BinaryOp, Kernels, NoKernel, Src, TestOp, UnaryOp, copy, map1, map2, vector,
};
use crate::element::Scalar;

/// What differs between signed and unsigned integers.
trait Signs: Sized {
    fn magnitude(self) -> Self;
    fn sign(self) -> Self;
    /// Division down to an integer, and its remainder; by zero gives zeros, as in numpy.
    fn floor_div_rem(self, by: Self) -> (Self, Self);
    fn negative(self) -> bool;
    /// Integer power, wrapping; a negative exponent gives 0 but for the bases 1 and -1.
    fn power(self, exponent: Self) -> Self;
}

macro_rules! signed {
    ($($T:tt),*) => {$(
        impl Signs for $T {
            fn magnitude(self) -> Self {
                self.wrapping_abs()
            }
            fn sign(self) -> Self {
                self.signum()
            }
            fn floor_div_rem(self, by: Self) -> (Self, Self) {
                if by == 0 {
                    return (0, 0);
                }
                let (quotient, rem) = (self.wrapping_div(by), self.wrapping_rem(by));
                if rem != 0 && ((rem < 0) != (by < 0)) { (quotient - 1, rem + by) } else { (quotient, rem) }
            }
            fn negative(self) -> bool {
                self < 0
            }
            fn power(self, exponent: Self) -> Self {
                if exponent >= 0 {
                    return wrapping_power(self, exponent as u64, 1, $T::wrapping_mul);
                }
                match self {
                    1 => 1,
                    -1 if exponent % 2 == 0 => 1,
                    -1 => -1,
                    _ => 0,
                }
            }
        }
    )*};
}
signed!(i8, i16, i32, i64);

macro_rules! unsigned {
    ($($T:tt),*) => {$(
        impl Signs for $T {
            fn magnitude(self) -> Self {
                self
            }
            fn sign(self) -> Self {
                (self != 0).into()
            }
            fn floor_div_rem(self, by: Self) -> (Self, Self) {
                if by == 0 { (0, 0) } else { (self / by, self % by) }
            }
            fn negative(self) -> bool {
                false
            }
            fn power(self, exponent: Self) -> Self {
                wrapping_power(self, exponent as u64, 1, $T::wrapping_mul)
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64);

fn wrapping_power<T: Copy>(mut base: T, mut exponent: u64, one: T, mul: impl Fn(T, T) -> T) -> T {
    let mut result = one;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    result
}

/// By how many bits to shift; a number that is none for as many as no type has.
fn bits(by: impl TryInto<u32>) -> u32 {
    by.try_into().unwrap_or(u32::MAX)
}

macro_rules! integer_kernels {
    ($($T:tt $Variant:ident $bank:ident),*) => {$(
        impl Kernels for $T {
            common_kernels!($T $Variant $bank);
            number_kernels!($T);
            ordered_kernels!();
            fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = start.wrapping_add(step.wrapping_mul((first + i) as $T));
                }
            }
            fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
                match op {
                    UnaryOp::Neg => vector::map1(a, out, $T::wrapping_neg),
                    UnaryOp::Abs => vector::map1(a, out, Signs::magnitude),
                    UnaryOp::Square => vector::map1(a, out, |x| x.wrapping_mul(x)),
                    UnaryOp::Sign => map1(a, out, Signs::sign),
                    UnaryOp::Not => vector::map1(a, out, |x: $T| !x),
                    UnaryOp::Reciprocal => map1(a, out, |x| (1 as $T).floor_div_rem(x.magnitude()).0.wrapping_mul(x.sign())),
                    UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc => copy(a, out),
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
                    BinaryOp::Add => vector::map2(a, b, out, $T::wrapping_add),
                    BinaryOp::Sub => vector::map2(a, b, out, $T::wrapping_sub),
                    BinaryOp::Mul => vector::map2(a, b, out, $T::wrapping_mul),
                    BinaryOp::FloorDiv => map2(a, b, out, |a, b| a.floor_div_rem(b).0),
                    BinaryOp::Rem => map2(a, b, out, |a, b| a.floor_div_rem(b).1),
                    BinaryOp::Pow => map2(a, b, out, Signs::power),
                    BinaryOp::Fmod => map2(a, b, out, |a, b| if b == 0 { 0 } else { a.wrapping_rem(b) }),
                    BinaryOp::Min | BinaryOp::Fmin => vector::map2(a, b, out, Ord::min),
                    BinaryOp::Max | BinaryOp::Fmax => vector::map2(a, b, out, Ord::max),
                    BinaryOp::Shl => map2(a, b, out, |a, b| a.checked_shl(bits(b)).unwrap_or(0)),
                    BinaryOp::Shr => map2(a, b, out, |a, b| {
                        a.checked_shr(bits(b)).unwrap_or(if Signs::negative(a) { !0 } else { 0 })
                    }),
                    BinaryOp::And => map2(a, b, out, |a, b| a & b),
                    BinaryOp::Or => map2(a, b, out, |a, b| a | b),
                    BinaryOp::Xor => map2(a, b, out, |a, b| a ^ b),
                    _ => return Err(NoKernel),
                }
                Ok(())
            }
            fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]) {
                match op {
                    TestOp::Negative => map1(a, out, Signs::negative),
                    _ => out.fill(op == TestOp::Finite),
                }
            }
            fn lowest() -> Self {
                $T::MIN
            }
            fn highest() -> Self {
                $T::MAX
            }
            #[inline(always)]
            fn add(a: Self, b: Self) -> Self {
                a.wrapping_add(b)
            }
            #[inline(always)]
            fn mul(a: Self, b: Self) -> Self {
                a.wrapping_mul(b)
            }
        }
    )*};
}
integer_kernels!(
    i8 I8 i8s, i16 I16 i16s, i32 I32 i32s, i64 I64 i64s, u8 U8 u8s, u16 U16 u16s, u32 U32 u32s, u64 U64 u64s
);
