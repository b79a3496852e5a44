//! The operators: `+ - * /` with arrays and numbers, `-x`, `& | ^ << >>` and `!x`.
//!
//! An operator cannot return an error: it panics when the shapes do not broadcast, with the message of the
//! error that the `try_` method of the same operation returns. ndarray does the same.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Shl, Shr, Sub};

use dask_graph::LayerInfo;

use super::Array;
use super::elementwise::Other;
use crate::element::{Bits, Element, Integer, Number, c64, c128, f16};
use crate::error::ArrayError;
use crate::program::kernels::{BinaryOp, UnaryOp};

/// The result of an operator.
#[track_caller]
fn fits<A: Element>(result: Result<Array<A>, ArrayError>) -> Array<A> {
    match result {
        Ok(array) => array,
        Err(error) => panic!("{error}"),
    }
}

/// An operator of two operands, each an array by value or by reference, or the second a number.
macro_rules! operator {
    ($Trait:ident $method:ident, $Bound:ident, $Output:ty, |$a:ident, $b:ident, $info:ident| $body:expr) => {
        operator!(@impl $Trait $method, $Bound, $Output, Array<A>, Array<A>, |$a, $b, $info| $body);
        operator!(@impl $Trait $method, $Bound, $Output, Array<A>, &Array<A>, |$a, $b, $info| $body);
        operator!(@impl $Trait $method, $Bound, $Output, &Array<A>, Array<A>, |$a, $b, $info| $body);
        operator!(@impl $Trait $method, $Bound, $Output, &Array<A>, &Array<A>, |$a, $b, $info| $body);
        operator!(@impl $Trait $method, $Bound, $Output, Array<A>, A, |$a, $b, $info| $body);
        operator!(@impl $Trait $method, $Bound, $Output, &Array<A>, A, |$a, $b, $info| $body);
    };
    (@impl $Trait:ident $method:ident, $Bound:ident, $Output:ty, $A:ty, $B:ty, |$a:ident, $b:ident, $info:ident| $body:expr) => {
        /// # Panics
        ///
        /// When the shapes do not broadcast.
        impl<A: $Bound> $Trait<$B> for $A {
            type Output = $Output;

            #[track_caller]
            fn $method(self, other: $B) -> $Output {
                let ($a, $b, $info): (&Array<A>, &dyn Other<A>, &LayerInfo) =
                    (&self, &other, &LayerInfo::here());
                fits($body)
            }
        }
    };
}
operator!(Add add, Number, Array<A>, |a, b, info| a.binary("add", BinaryOp::Add, b, false, info));
operator!(Sub sub, Number, Array<A>, |a, b, info| a.binary("sub", BinaryOp::Sub, b, false, info));
operator!(Mul mul, Number, Array<A>, |a, b, info| a.binary("mul", BinaryOp::Mul, b, false, info));
operator!(Div div, Number, Array<A::Float>, |a, b, info| a.quotient(b, false, info));
operator!(BitAnd bitand, Bits, Array<A>, |a, b, info| a.binary("and", BinaryOp::And, b, false, info));
operator!(BitOr bitor, Bits, Array<A>, |a, b, info| a.binary("or", BinaryOp::Or, b, false, info));
operator!(Shl shl, Integer, Array<A>, |a, b, info| a.binary("left_shift", BinaryOp::Shl, b, false, info));
operator!(Shr shr, Integer, Array<A>, |a, b, info| a.binary("right_shift", BinaryOp::Shr, b, false, info));
operator!(BitXor bitxor, Bits, Array<A>, |a, b, info| a.binary("xor", BinaryOp::Xor, b, false, info));

/// A number on the left.
macro_rules! number_first {
    ($($A:ident $Float:ident),*) => {$(
        number_first!(@impl $A, Add add, Array<$A>, |a, b, info| a.binary("add", BinaryOp::Add, b, true, info));
        number_first!(@impl $A, Sub sub, Array<$A>, |a, b, info| a.binary("sub", BinaryOp::Sub, b, true, info));
        number_first!(@impl $A, Mul mul, Array<$A>, |a, b, info| a.binary("mul", BinaryOp::Mul, b, true, info));
        number_first!(@impl $A, Div div, Array<$Float>, |a, b, info| a.quotient(b, true, info));
    )*};
    (@impl $A:ident, $Trait:ident $method:ident, $Output:ty, |$a:ident, $b:ident, $info:ident| $body:expr) => {
        number_first!(@impl $A, $Trait $method, $Output, Array<$A>, |$a, $b, $info| $body);
        number_first!(@impl $A, $Trait $method, $Output, &Array<$A>, |$a, $b, $info| $body);
    };
    (@impl $A:ident, $Trait:ident $method:ident, $Output:ty, $B:ty, |$a:ident, $b:ident, $info:ident| $body:expr) => {
        impl $Trait<$B> for $A {
            type Output = $Output;

            #[track_caller]
            fn $method(self, array: $B) -> $Output {
                let ($a, $b, $info): (&Array<$A>, &dyn Other<$A>, &LayerInfo) =
                    (&array, &self, &LayerInfo::here());
                fits($body)
            }
        }
    };
}
number_first!(
    i8 f64, i16 f64, i32 f64, i64 f64, u8 f64, u16 f64, u32 f64, u64 f64, f16 f16, f32 f32, f64 f64, c64 c64, c128 c128
);

macro_rules! prefix {
    ($Trait:ident $method:ident $Bound:ident $label:literal $op:ident: $($A:ty),*) => {$(
        impl<A: $Bound> $Trait for $A {
            type Output = Array<A>;

            #[track_caller]
            fn $method(self) -> Array<A> {
                self.unary($label, UnaryOp::$op, &LayerInfo::here())
            }
        }
    )*};
}
prefix!(Neg neg Number "neg" Neg: Array<A>, &Array<A>);
prefix!(Not not Bits "not" Not: Array<A>, &Array<A>);
