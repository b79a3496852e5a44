//! The loops: one small kernel for each operation and element type, over tiles.
//!
//! A kernel reads slices or one repeated number and writes a slice of the same length; there are no bounds
//! checks and no calls inside, so that the compiler turns each loop into vector instructions of the
//! target. Choosing between instruction sets at run time needs `unsafe` calls, which this crate forbids:
//! a build with `-C target-cpu=native` is how wider vectors are had for now.

use std::fmt;

use crate::element::{Scalar, for_each_element};

/// An operand of a kernel: a tile, or one number standing for a tile of it.
#[derive(Clone, Copy)]
pub enum Src<'a, T> {
    /// A tile.
    Slice(&'a [T]),
    /// The same number for every element.
    Splat(T),
}

/// Operations of one operand, to the operand's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Hyperbolic tangent.
    Tanh,
    /// Down to an integer.
    Floor,
    /// Up to an integer.
    Ceil,
    /// To the nearest integer, ties to even.
    Rint,
    /// Towards zero to an integer.
    Trunc,
}

/// Questions about one operand, to `bool`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TestOp {
    /// Not a number.
    Nan,
    /// Plus or minus infinity.
    Infinite,
    /// Neither NaN nor infinite.
    Finite,
}

/// Operations of two operands, to the operands' type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// `a & b`
    And,
    /// `a | b`
    Or,
    /// `a ^ b`
    Xor,
}

/// Comparisons, to `bool`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
pub trait Kernels:
    Copy + PartialEq + PartialOrd + Default + fmt::Debug + fmt::Display + Send + Sync + 'static
{
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
    /// Casts a tile: as Rust's `as` (floats to integers saturate, NaN becomes 0), zero is `false`.
    fn cast_from(src: AnySrc<'_>, out: &mut [Self]);
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
        if a <= b || a != a { a } else { b }
    }
    /// The larger, or NaN if either is.
    #[inline(always)]
    #[expect(
        clippy::eq_op,
        reason = "NaN is what differs from itself, and the only test that integers have too"
    )]
    fn greatest(a: Self, b: Self) -> Self {
        if a >= b || a != a { a } else { b }
    }
}

/// Runs a comparison.
pub(crate) fn compare<T: Kernels>(op: CompareOp, a: Src<'_, T>, b: Src<'_, T>, out: &mut [bool]) {
    match op {
        CompareOp::Eq => map2(a, b, out, |a, b| a == b),
        CompareOp::Ne => map2(a, b, out, |a, b| a != b),
        CompareOp::Lt => map2(a, b, out, |a, b| a < b),
        CompareOp::Le => map2(a, b, out, |a, b| a <= b),
        CompareOp::Gt => map2(a, b, out, |a, b| a > b),
        CompareOp::Ge => map2(a, b, out, |a, b| a >= b),
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

macro_rules! cast_value {
    ($x:expr, bool, bool) => {
        $x
    };
    ($x:expr, bool, $to:tt) => {
        u8::from($x) as $to
    };
    ($x:expr, $from:tt, bool) => {
        $x != (0 as $from)
    };
    ($x:expr, $from:tt, $to:tt) => {
        $x as $to
    };
}

/// The methods that read the same for every type.
macro_rules! common_kernels {
    ($T:tt $Variant:ident $bank:ident) => {
        fn bank(banks: &Banks) -> &Vec<Vec<Self>> {
            &banks.$bank
        }
        fn bank_mut(banks: &mut Banks) -> &mut Vec<Vec<Self>> {
            &mut banks.$bank
        }
        fn of_slice(slice: AnySlice<'_>) -> Option<&[Self]> {
            match slice {
                AnySlice::$Variant(slice) => Some(slice),
                _ => None,
            }
        }
        fn any_slice(slice: &[Self]) -> AnySlice<'_> {
            AnySlice::$Variant(slice)
        }
        fn any(src: Src<'_, Self>) -> AnySrc<'_> {
            AnySrc::$Variant(src)
        }
        fn to_scalar(self) -> Scalar {
            Scalar::$Variant(self)
        }
        fn bytes(slice: &[Self]) -> &[u8] {
            bytemuck::cast_slice(slice)
        }
        fn from_scalar(scalar: Scalar) -> Self {
            match scalar {
                Scalar::Bool(x) => cast_value!(x, bool, $T),
                Scalar::I8(x) => cast_value!(x, i8, $T),
                Scalar::I16(x) => cast_value!(x, i16, $T),
                Scalar::I32(x) => cast_value!(x, i32, $T),
                Scalar::I64(x) => cast_value!(x, i64, $T),
                Scalar::U8(x) => cast_value!(x, u8, $T),
                Scalar::U16(x) => cast_value!(x, u16, $T),
                Scalar::U32(x) => cast_value!(x, u32, $T),
                Scalar::U64(x) => cast_value!(x, u64, $T),
                Scalar::F32(x) => cast_value!(x, f32, $T),
                Scalar::F64(x) => cast_value!(x, f64, $T),
            }
        }
        fn cast_from(src: AnySrc<'_>, out: &mut [Self]) {
            match src {
                AnySrc::Bool(a) => map1(a, out, |x| cast_value!(x, bool, $T)),
                AnySrc::I8(a) => map1(a, out, |x| cast_value!(x, i8, $T)),
                AnySrc::I16(a) => map1(a, out, |x| cast_value!(x, i16, $T)),
                AnySrc::I32(a) => map1(a, out, |x| cast_value!(x, i32, $T)),
                AnySrc::I64(a) => map1(a, out, |x| cast_value!(x, i64, $T)),
                AnySrc::U8(a) => map1(a, out, |x| cast_value!(x, u8, $T)),
                AnySrc::U16(a) => map1(a, out, |x| cast_value!(x, u16, $T)),
                AnySrc::U32(a) => map1(a, out, |x| cast_value!(x, u32, $T)),
                AnySrc::U64(a) => map1(a, out, |x| cast_value!(x, u64, $T)),
                AnySrc::F32(a) => map1(a, out, |x| cast_value!(x, f32, $T)),
                AnySrc::F64(a) => map1(a, out, |x| cast_value!(x, f64, $T)),
            }
        }
    };
}

/// The methods that read the same for every number.
macro_rules! number_kernels {
    ($T:tt) => {
        fn bytes_mut(slice: &mut [Self]) -> Option<&mut [u8]> {
            Some(bytemuck::cast_slice_mut(slice))
        }
        fn from_byte(byte: u8) -> Self {
            byte as $T
        }
        fn one() -> Self {
            1 as $T
        }
    };
}

macro_rules! float_kernels {
    ($($T:tt $Variant:ident $bank:ident),*) => {$(
        impl Kernels for $T {
            common_kernels!($T $Variant $bank);
            number_kernels!($T);
            fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = start + step * (first + i) as $T;
                }
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
                    UnaryOp::Not => return Err(NoKernel),
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
float_kernels!(f32 F32 f32s, f64 F64 f64s);

/// What differs between signed and unsigned integers.
trait Signs: Sized {
    fn magnitude(self) -> Self;
    fn sign(self) -> Self;
    /// Division down to an integer, and its remainder; by zero gives zeros, as in numpy.
    fn floor_div_rem(self, by: Self) -> (Self, Self);
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

macro_rules! integer_kernels {
    ($($T:tt $Variant:ident $bank:ident),*) => {$(
        impl Kernels for $T {
            common_kernels!($T $Variant $bank);
            number_kernels!($T);
            fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = start.wrapping_add(step.wrapping_mul((first + i) as $T));
                }
            }
            fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
                match op {
                    UnaryOp::Neg => map1(a, out, $T::wrapping_neg),
                    UnaryOp::Abs => map1(a, out, Signs::magnitude),
                    UnaryOp::Square => map1(a, out, |x| x.wrapping_mul(x)),
                    UnaryOp::Sign => map1(a, out, Signs::sign),
                    UnaryOp::Not => map1(a, out, |x: $T| !x),
                    UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Rint | UnaryOp::Trunc => copy(a, out),
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
                    BinaryOp::Add => map2(a, b, out, $T::wrapping_add),
                    BinaryOp::Sub => map2(a, b, out, $T::wrapping_sub),
                    BinaryOp::Mul => map2(a, b, out, $T::wrapping_mul),
                    BinaryOp::FloorDiv => map2(a, b, out, |a, b| a.floor_div_rem(b).0),
                    BinaryOp::Rem => map2(a, b, out, |a, b| a.floor_div_rem(b).1),
                    BinaryOp::Pow => map2(a, b, out, Signs::power),
                    BinaryOp::Min => map2(a, b, out, Ord::min),
                    BinaryOp::Max => map2(a, b, out, Ord::max),
                    BinaryOp::And => map2(a, b, out, |a, b| a & b),
                    BinaryOp::Or => map2(a, b, out, |a, b| a | b),
                    BinaryOp::Xor => map2(a, b, out, |a, b| a ^ b),
                    BinaryOp::Div => return Err(NoKernel),
                }
                Ok(())
            }
            fn test(op: TestOp, _: Src<'_, Self>, out: &mut [bool]) {
                out.fill(op == TestOp::Finite);
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

impl Kernels for bool {
    common_kernels!(bool Bool bools);
    fn bools_mut(slice: &mut [Self]) -> Option<&mut [bool]> {
        Some(slice)
    }
    fn bytes_mut(_: &mut [Self]) -> Option<&mut [u8]> {
        None
    }
    fn from_byte(byte: u8) -> Self {
        byte != 0
    }
    fn one() -> Self {
        true
    }
    fn ramp(start: Self, step: Self, first: usize, out: &mut [Self]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = start || (step && first + i > 0);
        }
    }
    fn unary(op: UnaryOp, a: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
        match op {
            UnaryOp::Not => map1(a, out, |x: bool| !x),
            UnaryOp::Abs | UnaryOp::Square => copy(a, out),
            _ => return Err(NoKernel),
        }
        Ok(())
    }
    fn binary(op: BinaryOp, a: Src<'_, Self>, b: Src<'_, Self>, out: &mut [Self]) -> Result<(), NoKernel> {
        match op {
            BinaryOp::Add | BinaryOp::Max | BinaryOp::Or => map2(a, b, out, |a, b| a | b),
            BinaryOp::Mul | BinaryOp::Min | BinaryOp::And => map2(a, b, out, |a, b| a & b),
            BinaryOp::Xor => map2(a, b, out, |a, b| a ^ b),
            _ => return Err(NoKernel),
        }
        Ok(())
    }
    fn test(op: TestOp, _: Src<'_, Self>, out: &mut [bool]) {
        out.fill(op == TestOp::Finite);
    }
    fn lowest() -> Self {
        false
    }
    fn highest() -> Self {
        true
    }
    #[inline(always)]
    fn add(a: Self, b: Self) -> Self {
        a | b
    }
    #[inline(always)]
    fn mul(a: Self, b: Self) -> Self {
        a & b
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
