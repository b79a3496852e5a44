//! Element types: which Rust types a block may hold, and what they are called.

mod promote;

use std::fmt;

use dask_graph::{Tokenize, Tokenizer};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::product::Products;
use crate::program::kernels::Kernels;

pub use self::promote::{Casting, Promote};

/// Floating-point numbers of 16 bits, numpy's `float16`: 11 binary digits, up to 65504. For storing more than for
/// computing: every operation is made in `f32` and rounded.
#[expect(non_camel_case_types, reason = "the name of a number type, beside `f32` and `f64`")]
pub type f16 = half::f16;

/// Complex numbers of 64 bits: two `f32`. Named, as numpy's `complex64` is, by the bits of both parts together.
#[expect(non_camel_case_types, reason = "the name of a number type, beside `f32` and `f64`")]
pub type c64 = Complex<f32>;

/// Complex numbers of 128 bits: two `f64`, numpy's `complex128`.
#[expect(non_camel_case_types, reason = "the name of a number type, beside `f32` and `f64`")]
pub type c128 = Complex<f64>;

/// The type of an array's elements as data, for errors, file headers and fused programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DType {
    /// `bool`
    Bool,
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// [`f16`](tyalias@f16)
    F16,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// [`c64`]: `Complex<f32>`
    C64,
    /// [`c128`]: `Complex<f64>`
    C128,
}

/// Calls the macro `$then` with every element type as `type Variant bank`: the one list of them.
macro_rules! for_each_element {
    ($then:ident) => {
        $then! {
            bool Bool bools, i8 I8 i8s, i16 I16 i16s, i32 I32 i32s, i64 I64 i64s,
            u8 U8 u8s, u16 U16 u16s, u32 U32 u32s, u64 U64 u64s, f16 F16 f16s, f32 F32 f32s, f64 F64 f64s,
            c64 C64 c64s, c128 C128 c128s
        }
    };
}
pub(crate) use for_each_element;

/// Runs `$body` with `$T` standing for the Rust type of a [`DType`].
macro_rules! dispatch {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::Bool => {
                type $T = bool;
                $body
            }
            $crate::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::DType::I16 => {
                type $T = i16;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::DType::U16 => {
                type $T = u16;
                $body
            }
            $crate::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::DType::U64 => {
                type $T = u64;
                $body
            }
            $crate::DType::F16 => {
                type $T = $crate::f16;
                $body
            }
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::C64 => {
                type $T = $crate::c64;
                $body
            }
            $crate::DType::C128 => {
                type $T = $crate::c128;
                $body
            }
        }
    };
}
pub(crate) use dispatch;

/// A type that can be the element of an [`Array`](crate::Array).
///
/// Implemented for `bool`, the integers of 8 to 64 bits, [`f16`](tyalias@f16), `f32`, `f64`, [`c64`] and [`c128`], and
/// for nothing else: programs of fused operations are made of kernels for just these.
pub trait Element: Kernels + Products {
    /// The type as data.
    const DTYPE: DType;

    /// What sums and products of this type are made in: `i64` for signed integers and `bool`, `u64` for
    /// unsigned integers, itself for floats and complex numbers.
    type Sum: Number;

    /// What means, quotients and roots of this type are: `f64` for integers and `bool`, itself for floats and
    /// complex numbers.
    type Float: Inexact;

    /// What absolute values, real and imaginary parts of this type are: the type of the parts for complex numbers,
    /// itself for all others. `A: Number<Real = A>` says that `A` is a type of real numbers.
    type Real: Element<Real = Self::Real>;

    /// What deviations, norms and angles of this type are: the type of the parts for floats and complex numbers,
    /// else `f64`.
    type RealFloat: Real;
}

/// An element type with arithmetic: every one but `bool`. Integers wrap around, as in numpy.
pub trait Number: Element {}

/// An integer element type.
pub trait Integer: Number + Element<Real = Self, RealFloat = f64> + Ord {}

/// An element type of rounded numbers: the floating-point types and the complex ones.
pub trait Inexact: Number + Element<Float = Self, Real = <Self as Element>::RealFloat> {}

/// A floating-point element type.
pub trait Real: Inexact + Element<Real = Self, RealFloat = Self> + PartialOrd {
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
}

/// An element type with `&`, `|`, `^` and `!`: `bool` and the integers.
pub trait Bits: Element {}

macro_rules! elements {
    ($($T:ident $Variant:ident $Sum:ident $Float:ident $Real:ident $RealFloat:ident),*) => {$(
        impl Element for $T {
            const DTYPE: DType = DType::$Variant;
            type Sum = $Sum;
            type Float = $Float;
            type Real = $Real;
            type RealFloat = $RealFloat;
        }
    )*};
}
elements! {
    bool Bool i64 f64 bool f64, i8 I8 i64 f64 i8 f64, i16 I16 i64 f64 i16 f64, i32 I32 i64 f64 i32 f64,
    i64 I64 i64 f64 i64 f64, u8 U8 u64 f64 u8 f64, u16 U16 u64 f64 u16 f64, u32 U32 u64 f64 u32 f64,
    u64 U64 u64 f64 u64 f64, f16 F16 f16 f16 f16 f16, f32 F32 f32 f32 f32 f32, f64 F64 f64 f64 f64 f64,
    c64 C64 c64 c64 f32 f32, c128 C128 c128 c128 f64 f64
}

macro_rules! marked {
    ($Trait:ident: $($T:ident),*) => {$( impl $Trait for $T {} )*};
}
marked!(Number: i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64, c64, c128);
marked!(Inexact: f16, f32, f64, c64, c128);
marked!(Integer: i8, i16, i32, i64, u8, u16, u32, u64);
marked!(Bits: bool, i8, i16, i32, i64, u8, u16, u32, u64);

impl Real for f16 {
    /// By way of the `f32` beside the value whose last digit is odd, if it is not one itself: what is rounded twice
    /// then is as if it were rounded once. (The conversion of `half` rounds to the nearest `f32`, or leaves out digits.)
    fn from_f64(value: f64) -> Self {
        let near = value as f32;
        let (wide, bits) = (f64::from(near), near.to_bits());
        let odd = if wide == value || value.is_nan() || bits % 2 == 1 {
            bits
        } else if wide.abs() < value.abs() {
            bits + 1
        } else {
            bits - 1
        };
        f16::from_f32(f32::from_bits(odd))
    }
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}

impl DType {
    /// Bytes one element takes.
    pub fn itemsize(self) -> usize {
        dispatch!(self, T => size_of::<T>())
    }

    /// The name of the Rust type.
    pub fn name(self) -> &'static str {
        match self {
            DType::F16 => "f16",
            DType::C64 => "Complex<f32>",
            DType::C128 => "Complex<f64>",
            real => dispatch!(real, T => std::any::type_name::<T>()),
        }
    }

    /// Whether it is a type of complex numbers.
    pub fn is_complex(self) -> bool {
        matches!(self, DType::C64 | DType::C128)
    }

    /// The type of real and imaginary parts: of a type of real numbers, itself.
    pub fn real(self) -> Self {
        dispatch!(self, T => <T as Element>::Real::DTYPE)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Tokenize for DType {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.name().tokenize(t);
    }
}

/// One number of any element type.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Scalar {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    F16(f16),
    F32(f32),
    F64(f64),
    C64(c64),
    C128(c128),
}

macro_rules! scalar_tokens {
    ($($T:ident $Variant:ident),*) => {
        impl Tokenize for Scalar {
            fn tokenize(&self, t: &mut Tokenizer) {
                match self {
                    $( Scalar::$Variant(value) => { stringify!($T).tokenize(t); value.tokenize(t) } )*
                    Scalar::F16(value) => ("f16", value.to_bits()).tokenize(t),
                    Scalar::C64(value) => ("c64", value.re, value.im).tokenize(t),
                    Scalar::C128(value) => ("c128", value.re, value.im).tokenize(t),
                }
            }
        }
    };
}
scalar_tokens!(bool Bool, i8 I8, i16 I16, i32 I32, i64 I64, u8 U8, u16 U16, u32 U32, u64 U64, f32 F32, f64 F64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_nearest_numbers_and_even_where_two_are_near() {
        for bits in 0..f16::MAX.to_bits() {
            let (low, high) = (f16::from_bits(bits), f16::from_bits(bits + 1));
            let middle = (low.to_f64() + high.to_f64()) / 2.0;
            let even = if bits % 2 == 0 { low } else { high };
            for (value, nearest) in [(middle.next_down(), low), (middle, even), (middle.next_up(), high)] {
                assert_eq!(<f16 as Real>::from_f64(value), nearest, "{value}");
                assert_eq!(<f16 as Real>::from_f64(-value), -nearest, "-{value}");
            }
        }
    }

    #[test]
    fn names_and_sizes() {
        assert_eq!(DType::F64.name(), "f64");
        assert_eq!(DType::Bool.itemsize(), 1);
        assert_eq!(DType::U16.to_string(), "u16");
        assert_eq!((DType::F16.name(), DType::F16.itemsize()), ("f16", 2));
        assert_eq!((DType::C64.name(), DType::C64.itemsize()), ("Complex<f32>", 8));
        assert_eq!((DType::C128.real(), DType::I8.real()), (DType::F64, DType::I8));
        assert_eq!(<i32 as Element>::DTYPE, DType::I32);
    }
}
