//! The loops: one small kernel for each operation and element type, over tiles.
//!
//! A kernel reads slices or one repeated number and writes a slice of the same length; there are no bounds
//! checks and no calls inside, so that the compiler turns each loop into vector instructions. Those whose loops are
//! vector instructions go through [`vector`], which has them in versions for several machines; what calls the
//! mathematical library would gain nothing by it.

mod boolean;
mod common;
mod complex;
mod float;
mod half;
mod integer;
pub(crate) mod vector;

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::element::{Scalar, c64, c128, f16, for_each_element};

/// An operand of a kernel: a tile, or one number standing for a tile of it.
#[derive(Clone, Copy)]
pub enum Src<'a, T> {
    /// A tile.
    Slice(&'a [T]),
    /// The same number for every element.
    Splat(T),
}

/// Operations of one operand, to the operand's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `|x|`
    Abs,
    /// `x * x`
    Square,
    /// -1, 0 or 1
    Sign,
    /// `!x`
    Not,
    /// `1 / x`
    Reciprocal,
    /// Square root.
    Sqrt,
    /// `eˣ`
    Exp,
    /// `eˣ - 1`
    Expm1,
    /// Natural logarithm.
    Log,
    /// `ln(1 + x)`
    Log1p,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Angle whose sine it is.
    Arcsin,
    /// Angle whose cosine it is.
    Arccos,
    /// Angle whose tangent it is.
    Arctan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Inverse of the hyperbolic sine.
    Arcsinh,
    /// Inverse of the hyperbolic cosine.
    Arccosh,
    /// Inverse of the hyperbolic tangent.
    Arctanh,
    /// Cube root.
    Cbrt,
    /// `2ˣ`
    Exp2,
    /// Logarithm to base 2.
    Log2,
    /// Logarithm to base 10.
    Log10,
    /// Radians to degrees.
    Degrees,
    /// Degrees to radians.
    Radians,
    /// `sin(πx) / πx`, 1 at zero.
    Sinc,
    /// What `Trunc` cuts off, with the sign of the number.
    Fract,
    /// The number between 1/2 and 1 that a power of two makes the number of.
    Mantissa,
    /// That power of two, as a float.
    Exponent,
    /// Down to an integer.
    Floor,
    /// Up to an integer.
    Ceil,
    /// To the nearest integer, ties to even.
    Rint,
    /// Towards zero to an integer.
    Trunc,
    /// The conjugate of a complex number.
    Conj,
}

/// Operations of one operand to another type that belongs to the operand's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartOp {
    /// The imaginary part of a complex number. (The real part is a cast.)
    Imag,
    /// The absolute value of a complex number.
    Abs,
    /// The angle of a complex number.
    Angle,
}

/// Questions about one operand, to `bool`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TestOp {
    /// Not a number.
    Nan,
    /// Plus or minus infinity.
    Infinite,
    /// Neither NaN nor infinite.
    Finite,
    /// Plus infinity.
    PosInfinite,
    /// Minus infinity.
    NegInfinite,
    /// Whether the sign is minus, of zeros and NaNs too.
    Negative,
}

/// Operations of two operands, to the operands' type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BinaryOp {
    /// `a + b`, or `a | b` of bools
    Add,
    /// `a - b`
    Sub,
    /// `a * b`, or `a & b` of bools
    Mul,
    /// `a / b` of floats
    Div,
    /// `a / b`, down to an integer
    FloorDiv,
    /// What is left by `FloorDiv`: has the sign of `b`.
    Rem,
    /// `aᵇ`
    Pow,
    /// The smaller, or NaN if either is.
    Min,
    /// The larger, or NaN if either is.
    Max,
    /// The smaller, or the other if one is NaN.
    Fmin,
    /// The larger, or the other if one is NaN.
    Fmax,
    /// What is left by division towards zero: has the sign of `a`.
    Fmod,
    /// The angle of the point (b, a).
    Arctan2,
    /// `√(a² + b²)`
    Hypot,
    /// `ln(eᵃ + eᵇ)`
    Logaddexp,
    /// `log₂(2ᵃ + 2ᵇ)`
    Logaddexp2,
    /// `a` with the sign of `b`.
    Copysign,
    /// The neighbour of `a` in the direction of `b`.
    Nextafter,
    /// `a * 2ᵇ`, for `b` whole.
    Ldexp,
    /// Bits moved up; by as many as there are, or by a negative number, nothing is left.
    Shl,
    /// Bits moved down; by as many as there are, or by a negative number, only the sign is left.
    Shr,
    /// The complex number of two real ones.
    Complex,
    /// `a & b`
    And,
    /// `a | b`
    Or,
    /// `a ^ b`
    Xor,
}

/// Comparisons, to `bool`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum CompareOp {
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
}

/// A kernel that does not exist for a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoKernel;

/// The types that hold one of every element type.
macro_rules! sums_of_types {
    ($($T:ident $Variant:ident $bank:ident),*) => {
        /// Registers of a running program, one bank for each element type.
        #[derive(Default)]
        pub struct Banks {
            $( pub(crate) $bank: Vec<Vec<$T>>, )*
        }

        /// An operand of any element type.
        #[derive(Clone, Copy)]
        pub enum AnySrc<'a> {
            $(
                #[doc = stringify!($T)]
                $Variant(Src<'a, $T>),
            )*
        }

        /// A block's elements, in memory order.
        #[derive(Clone, Copy)]
        pub enum AnySlice<'a> {
            $(
                #[doc = stringify!($T)]
                $Variant(&'a [$T]),
            )*
        }
    };
}
for_each_element!(sums_of_types);

/// What every element type brings to programs: its registers, its casts and its kernels.
///
/// An implementation detail in a private module, which also keeps [`Element`](crate::Element) closed.
pub trait Kernels: Copy + PartialEq + Default + fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// This type's registers.
    fn bank(banks: &Banks) -> &Vec<Vec<Self>>;
    /// This type's registers.
    fn bank_mut(banks: &mut Banks) -> &mut Vec<Vec<Self>>;
    /// The slice, if it has this type.
    fn of_slice(slice: AnySlice<'_>) -> Option<&[Self]>;
    /// Forgets the type of the slice.
    fn any_slice(slice: &[Self]) -> AnySlice<'_>;
    /// Forgets the type of the operand.
    fn any(src: Src<'_, Self>) -> AnySrc<'_>;
    /// The number as one of this type, cast if need be.
    fn from_scalar(scalar: Scalar) -> Self;
    /// Forgets the type of the number.
    fn to_scalar(self) -> Scalar;
    /// The number one.
    fn one() -> Self;
    /// Casts a tile: as Rust's `as` (floats to integers saturate, NaN becomes 0), zero is `false`, and of a complex
    /// number the real part.
    fn cast_from(src: AnySrc<'_>, out: &mut [Self]);
    /// Runs an operation from another type to this one.
    fn part(_: PartOp, _: AnySrc<'_>, _: &mut [Self]) -> Result<(), NoKernel> {
        Err(NoKernel)
    }
    /// The elements as bytes to read into, if every byte pattern is a value of this type.
    fn bytes_mut(slice: &mut [Self]) -> Option<&mut [u8]>;
    /// The elements as the bytes they are made of.
    fn bytes(slice: &[Self]) -> &[u8];
    /// The elements as `bool`s, if that is what they are.
    fn bools_mut(_: &mut [Self]) -> Option<&mut [bool]> {
        None
    }
    /// The element made of one byte, for types without [`bytes_mut`](Kernels::bytes_mut).
    fn from_byte(byte: u8) -> Self;
    /// `start + step * i` for `i` in a range that begins with `first`.
    fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]);
    /// Runs an operation of one operand.
    fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel>;
    /// Runs an operation of two operands.
    fn binary(op: BinaryOp, a: Src<'_, Self>, b: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel>;
    /// Runs a question.
    fn test(op: TestOp, a: Src<'_, Self>, out: &mut [bool]);
    /// `a < b`; complex numbers by the real parts first, as numpy orders them.
    fn lt(a: Self, b: Self) -> bool;
    /// `a <= b`
    fn le(a: Self, b: Self) -> bool;
    /// The smallest value, which `max` begins with.
    fn lowest() -> Self;
    /// The largest value, which `min` begins with.
    fn highest() -> Self;
    /// `a + b`, wrapping around for integers.
    fn add(a: Self, b: Self) -> Self;
    /// `a * b`, wrapping around for integers.
    fn mul(a: Self, b: Self) -> Self;
    /// The smaller, or NaN if either is.
    #[inline(always)]
    #[expect(
        clippy::eq_op,
        reason = "NaN is what differs from itself, and the only test that integers have too"
    )]
    fn least(a: Self, b: Self) -> Self {
        if Self::le(a, b) || a != a { a } else { b }
    }
    /// The larger, or NaN if either is.
    #[inline(always)]
    #[expect(
        clippy::eq_op,
        reason = "NaN is what differs from itself, and the only test that integers have too"
    )]
    fn greatest(a: Self, b: Self) -> Self {
        if Self::le(b, a) || a != a { a } else { b }
    }
}

/// The smaller, or the other if one is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
fn least_number<T: Kernels>(a: T, b: T) -> T {
    if T::le(a, b) || b != b { a } else { b }
}

/// The larger, or the other if one is NaN.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself")]
fn greatest_number<T: Kernels>(a: T, b: T) -> T {
    if T::le(b, a) || b != b { a } else { b }
}

/// Runs a comparison.
pub(crate) fn compare<T: Kernels>(op: CompareOp, a: Src<'_, T>, b: Src<'_, T>, out: &mut [bool]) {
    match op {
        CompareOp::Eq => vector::map2(a, b, out, |a, b| a == b),
        CompareOp::Ne => vector::map2(a, b, out, |a, b| a != b),
        CompareOp::Lt => vector::map2(a, b, out, T::lt),
        CompareOp::Le => vector::map2(a, b, out, T::le),
        CompareOp::Gt => vector::map2(a, b, out, |a, b| T::lt(b, a)),
        CompareOp::Ge => vector::map2(a, b, out, |a, b| T::le(b, a)),
    }
}

/// Takes from `a` where `cond` holds, else from `b`.
pub(crate) fn select<T: Kernels>(cond: Src<'_, bool>, a: Src<'_, T>, b: Src<'_, T>, out: &mut [T]) {
    match cond {
        Src::Splat(true) => copy(a, out),
        Src::Splat(false) => copy(b, out),
        Src::Slice(cond) => {
            // The branch that was not taken costs nothing here: both operands are tiles in the cache.
            copy(b, out);
            match a {
                Src::Slice(a) => {
                    for ((out, &a), &c) in out.iter_mut().zip(a).zip(cond) {
                        *out = if c { a } else { *out };
                    }
                }
                Src::Splat(a) => {
                    for (out, &c) in out.iter_mut().zip(cond) {
                        *out = if c { a } else { *out };
                    }
                }
            }
        }
    }
}

/// The first of these positions that is not below `len`.
pub(crate) fn outside(positions: Src<'_, i64>, len: usize) -> Option<i64> {
    // As an unsigned number a negative one is larger than all lengths.
    let is_outside = |&at: &i64| at as u64 >= len as u64;
    match positions {
        // Without a way out of the loop it is made of vector instructions.
        Src::Slice(all) if all.iter().fold(false, |any, at| any | is_outside(at)) => {
            all.iter().copied().find(is_outside)
        }
        Src::Slice(_) => None,
        Src::Splat(at) => Some(at).filter(is_outside),
    }
}

/// Copies a tile.
pub(crate) fn copy<T: Copy>(a: Src<'_, T>, out: &mut [T]) {
    match a {
        Src::Slice(a) => out.copy_from_slice(a),
        Src::Splat(a) => out.fill(a),
    }
}

#[inline(always)]
fn map1<T: Copy, U: Copy>(a: Src<'_, T>, out: &mut [U], f: impl Fn(T) -> U) {
    match a {
        Src::Slice(a) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = f(a);
            }
        }
        Src::Splat(a) => out.fill(f(a)),
    }
}

#[inline(always)]
fn map2<T: Copy, U: Copy>(a: Src<'_, T>, b: Src<'_, T>, out: &mut [U], f: impl Fn(T, T) -> U) {
    match (a, b) {
        (Src::Slice(a), Src::Slice(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = f(a, b);
            }
        }
        (Src::Slice(a), Src::Splat(b)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = f(a, b);
            }
        }
        (Src::Splat(a), Src::Slice(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = f(a, b);
            }
        }
        (Src::Splat(a), Src::Splat(b)) => out.fill(f(a, b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary<T: Kernels>(op: BinaryOp, a: T, b: T) -> T {
        let mut out = [T::default()];
        T::binary(op, Src::Slice(&[a]), Src::Splat(b), &mut out).unwrap();
        out[0]
    }

    #[test]
    fn integers_divide_down_and_wrap() {
        assert_eq!(binary(BinaryOp::FloorDiv, -7_i64, 2), -4);
        assert_eq!(binary(BinaryOp::Rem, -7_i64, 2), 1);
        assert_eq!(binary(BinaryOp::Rem, 7_i64, -2), -1);
        assert_eq!(binary(BinaryOp::FloorDiv, 7_i64, 0), 0);
        assert_eq!(binary(BinaryOp::FloorDiv, i64::MIN, -1), i64::MIN);
        assert_eq!(binary(BinaryOp::Add, 200_u8, 100), 44);
        assert_eq!(binary(BinaryOp::Pow, 3_i32, 25), 3_i32.wrapping_pow(25));
        assert_eq!(binary(BinaryOp::Pow, -1_i32, -3), -1);
        assert_eq!(binary(BinaryOp::Pow, 2_i32, -3), 0);
    }

    #[test]
    fn floats_divide_down_as_numpy_does() {
        assert_eq!(binary(BinaryOp::FloorDiv, 1.0, 0.1), 9.0);
        assert_eq!(binary(BinaryOp::FloorDiv, -1.0, 0.1), -10.0);
        assert_eq!(binary(BinaryOp::Rem, -1.0, 3.0), 2.0);
        assert!(binary(BinaryOp::Rem, 1.0, 0.0_f64).is_nan());
        assert_eq!(binary(BinaryOp::FloorDiv, 1.0, 0.0), f64::INFINITY);
    }

    #[test]
    fn nan_wins_in_min_and_max() {
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert!(binary(BinaryOp::Min, a, b).is_nan());
            assert!(binary(BinaryOp::Max, a, b).is_nan());
        }
        assert_eq!(binary(BinaryOp::Min, 2.0, 1.0), 1.0);
    }

    #[test]
    fn casts_are_those_of_rust() {
        let mut out = [0_u8; 3];
        u8::cast_from(f64::any(Src::Slice(&[1.9, -3.0, f64::NAN])), &mut out);
        assert_eq!(out, [1, 0, 0]);
        let mut out = [false; 2];
        bool::cast_from(f64::any(Src::Slice(&[0.0, f64::NAN])), &mut out);
        assert_eq!(out, [false, true]);
        let mut out = [0.0_f32; 2];
        f32::cast_from(bool::any(Src::Slice(&[false, true])), &mut out);
        assert_eq!(out, [0.0, 1.0]);
    }
}
