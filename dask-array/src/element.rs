//! Element types: which Rust types a block may hold, and what they are called.

use std::fmt;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::program::kernels::Kernels;

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
    /// `f32`
    F32,
    /// `f64`
    F64,
}

/// Calls the macro `$then` with every element type as `type Variant bank`: the one list of them.
macro_rules! for_each_element {
    ($then:ident) => {
        $then! {
            bool Bool bools, i8 I8 i8s, i16 I16 i16s, i32 I32 i32s, i64 I64 i64s,
            u8 U8 u8s, u16 U16 u16s, u32 U32 u32s, u64 U64 u64s, f32 F32 f32s, f64 F64 f64s
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
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}
pub(crate) use dispatch;

/// A type that can be the element of an [`Array`](crate::Array).
///
/// Implemented for `bool`, the integers of 8 to 64 bits, `f32` and `f64`, and for nothing else: programs
/// of fused operations are made of kernels for just these.
pub trait Element: Kernels {
    /// The type as data.
    const DTYPE: DType;

    /// What sums and products of this type are made in: `i64` for signed integers and `bool`, `u64` for
    /// unsigned integers, itself for floats.
    type Sum: Number;

    /// What means, deviations, quotients and roots of this type are: `f32` for `f32`, else `f64`.
    type Float: Real;
}

/// An element type with arithmetic: every one but `bool`. Integers wrap around, as in numpy.
pub trait Number: Element {}

/// An integer element type.
pub trait Integer: Number {}

/// A floating-point element type.
pub trait Real: Number + Element<Float = Self> {
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
}

/// An element type with `&`, `|`, `^` and `!`: `bool` and the integers.
pub trait Bits: Element {}

macro_rules! elements {
    ($($T:ident $Variant:ident $Sum:ident $Float:ident),*) => {$(
        impl Element for $T {
            const DTYPE: DType = DType::$Variant;
            type Sum = $Sum;
            type Float = $Float;
        }
    )*};
}
elements! {
    bool Bool i64 f64, i8 I8 i64 f64, i16 I16 i64 f64, i32 I32 i64 f64, i64 I64 i64 f64,
    u8 U8 u64 f64, u16 U16 u64 f64, u32 U32 u64 f64, u64 U64 u64 f64, f32 F32 f32 f32, f64 F64 f64 f64
}

macro_rules! marked {
    ($Trait:ident: $($T:ident),*) => {$( impl $Trait for $T {} )*};
}
marked!(Number: i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);
marked!(Integer: i8, i16, i32, i64, u8, u16, u32, u64);
marked!(Bits: bool, i8, i16, i32, i64, u8, u16, u32, u64);

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
        dispatch!(self, T => std::any::type_name::<T>())
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
    F32(f32),
    F64(f64),
}

macro_rules! scalar_tokens {
    ($($T:ident $Variant:ident $bank:ident),*) => {
        impl Tokenize for Scalar {
            fn tokenize(&self, t: &mut Tokenizer) {
                match self {
                    $( Scalar::$Variant(value) => { stringify!($T).tokenize(t); value.tokenize(t) } )*
                }
            }
        }
    };
}
for_each_element!(scalar_tokens);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes() {
        assert_eq!(DType::F64.name(), "f64");
        assert_eq!(DType::Bool.itemsize(), 1);
        assert_eq!(DType::U16.to_string(), "u16");
        assert_eq!(<i32 as Element>::DTYPE, DType::I32);
    }
}
