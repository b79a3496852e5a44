//! Elementwise operations: broadcasting, common chunks, and the program of a block.

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Tokenize, Tokenizer};

use super::{Array, Lazy, blockwise, built, name_of};
use crate::chunks::{Chunks, refine};
use crate::element::{Bits, DType, Element, Inexact, Integer, Number, Scalar};
use crate::error::ArrayError;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels, PartOp, TestOp, UnaryOp};
use crate::program::op::ProgramOp;
use crate::program::{ArgKind, ArgSpec, Operand};

/// An array of some element type, as an operand.
pub(crate) trait Operands {
    fn lazy(&self) -> &Lazy;
    fn dtype(&self) -> DType;
    /// The same array with other chunks.
    fn recut(&self, chunks: &Chunks, info: &LayerInfo) -> Lazy;
}

impl<A: Element> Operands for Array<A> {
    fn lazy(&self) -> &Lazy {
        Array::lazy(self)
    }

    fn dtype(&self) -> DType {
        A::DTYPE
    }

    fn recut(&self, chunks: &Chunks, info: &LayerInfo) -> Lazy {
        self.rechunked(chunks, info).lazy().clone()
    }
}

/// The shape that all these shapes broadcast to.
pub(crate) fn broadcast_shape<'a>(
    shapes: impl IntoIterator<Item = &'a [usize]>,
) -> Result<Vec<usize>, ArrayError> {
    let mut out: Vec<usize> = Vec::new();
    for shape in shapes {
        let misfit = || ArrayError::Broadcast { left: out.clone(), right: shape.to_vec() };
        let mut joined = out.clone();
        let missing = shape.len().saturating_sub(out.len());
        joined.splice(0..0, std::iter::repeat_n(1, missing));
        let offset = joined.len() - shape.len();
        for (axis, &n) in shape.iter().enumerate() {
            let of = &mut joined[offset + axis];
            if *of == 1 {
                *of = n;
            } else if n != 1 && *of != n {
                return Err(misfit());
            }
        }
        out = joined;
    }
    Ok(out)
}

/// Writes an elementwise operation over arrays of any types: `write` is given the operands, in order, and
/// returns the result, which has type `B`.
///
/// `label` and `params` are what the operation means apart from its operands. Unequal chunks are cut to their
/// common refinement first; an array that stands at several places is read once.
pub(crate) fn elementwise<B: Element>(
    operation: &str,
    params: &dyn Fn(&mut Tokenizer),
    inputs: &[&dyn Operands],
    info: &LayerInfo,
    write: impl FnOnce(&mut ProgramBuilder, &[Operand]) -> Operand,
) -> Result<Array<B>, ArrayError> {
    let shape = broadcast_shape(inputs.iter().map(|input| input.lazy().shape()))?;
    let chunks = common_chunks(&shape, inputs);

    let mut token = Tokenizer::new(operation);
    B::DTYPE.tokenize(&mut token);
    params(&mut token);
    let mut builder = ProgramBuilder::new(shape.len());
    let mut operands: Vec<Operand> = Vec::with_capacity(inputs.len());
    let mut read: Vec<(Lazy, Operand)> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let own = own_chunks(input.lazy(), &chunks);
        let lazy = if *input.lazy().chunks == own { input.lazy().clone() } else { input.recut(&own, info) };
        token.add(&lazy.name);
        if let Some((_, operand)) = read.iter().find(|(seen, _)| seen.name == lazy.name) {
            operands.push(*operand);
            continue;
        }
        let missing = shape.len() - lazy.shape().len();
        let axes: Vec<usize> = (missing..shape.len()).collect();
        let broadcast: Vec<bool> =
            lazy.shape().iter().zip(&shape[missing..]).map(|(own, n)| own != n).collect();
        let stretched = shape[..missing].iter().any(|&n| n != 1) || broadcast.contains(&true);
        let kind = ArgKind::Block(input.dtype());
        let operand = builder.arg(ArgSpec { kind, axes, broadcast, stretched });
        operands.push(operand);
        read.push((lazy, operand));
    }
    let result = write(&mut builder, &operands);
    let program = builder.finish(result, B::DTYPE);

    let name = name_of(operation, token.finish());
    let mut layer = blockwise(&name, Arc::new(ProgramOp::new(operation, program)), &chunks, info);
    for (lazy, _) in &read {
        let missing = shape.len() - lazy.shape().len();
        layer = layer.blocks(&lazy.name, &lazy.block_axes(missing..shape.len()));
    }
    let graph = Graph::with_inputs(built(layer), read.iter().map(|(lazy, _)| &lazy.graph));
    Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
}

/// Chunks of the result: along each axis the common refinement of the operands that are not stretched there.
fn common_chunks(shape: &[usize], inputs: &[&dyn Operands]) -> Chunks {
    let axis_chunks = |axis: usize| {
        let cuts: Vec<&[usize]> = inputs
            .iter()
            .filter_map(|input| {
                let own = (axis + input.lazy().shape().len()).checked_sub(shape.len())?;
                (input.lazy().shape()[own] == shape[axis]).then(|| input.lazy().chunks.lengths(own))
            })
            .collect();
        refine(&cuts)
    };
    Chunks::from_lengths((0..shape.len()).map(axis_chunks).collect())
}

/// How an operand has to be cut for a result with these chunks.
fn own_chunks(lazy: &Lazy, chunks: &Chunks) -> Chunks {
    let missing = chunks.ndim() - lazy.shape().len();
    let axis_chunks = |(axis, &n): (usize, &usize)| {
        let of_result = chunks.lengths(missing + axis);
        if chunks.shape()[missing + axis] == n { of_result.to_vec() } else { vec![n] }
    };
    Chunks::from_lengths(lazy.shape().iter().enumerate().map(axis_chunks).collect())
}

/// The second operand of an operation: an array, or a number.
pub trait Other<A: Element> {
    /// The operand, if it is an array.
    fn array(&self) -> Option<&Array<A>>;
    /// The operand, if it is a number.
    fn number(&self) -> Option<A>;
}

impl<A: Element> Other<A> for Array<A> {
    fn array(&self) -> Option<&Array<A>> {
        Some(self)
    }
    fn number(&self) -> Option<A> {
        None
    }
}

impl<A: Element> Other<A> for &Array<A> {
    fn array(&self) -> Option<&Array<A>> {
        Some(self)
    }
    fn number(&self) -> Option<A> {
        None
    }
}

impl<A: Element> Other<A> for A {
    fn array(&self) -> Option<&Array<A>> {
        None
    }
    fn number(&self) -> Option<A> {
        Some(*self)
    }
}

/// Feeds a number that stands where an operand could.
fn feed<A: Element>(token: &mut Tokenizer, number: Option<A>) {
    number.map(A::to_scalar).tokenize(token);
}

impl<A: Element> Array<A> {
    pub(crate) fn unary(&self, operation: &str, op: UnaryOp, info: &LayerInfo) -> Array<A> {
        one_operand(elementwise(operation, &|_| {}, &[self], info, |program, x| {
            program.unary(op, A::DTYPE, x[0])
        }))
    }

    /// An operation for which integers and bools become floats first.
    fn float_unary(&self, operation: &str, op: UnaryOp, info: &LayerInfo) -> Array<A::Float> {
        let to = <A::Float as Element>::DTYPE;
        one_operand(elementwise(operation, &|_| {}, &[self], info, |program, x| {
            let x = program.cast(A::DTYPE, to, x[0]);
            program.unary(op, to, x)
        }))
    }

    /// An operation that gives a part of complex numbers, and of real ones what `of_real` writes.
    fn part(
        &self,
        operation: &str,
        op: PartOp,
        of_real: impl FnOnce(&mut ProgramBuilder, Operand) -> Operand,
    ) -> Array<A::Real> {
        one_operand(elementwise(operation, &|_| {}, &[self], &LayerInfo::here(), |program, x| {
            if A::DTYPE.is_complex() {
                program.part(op, A::DTYPE, A::DTYPE.real(), x[0])
            } else {
                of_real(program, x[0])
            }
        }))
    }

    fn test(&self, operation: &str, op: TestOp, info: &LayerInfo) -> Array<bool> {
        one_operand(elementwise(operation, &|_| {}, &[self], info, |program, x| {
            program.test(op, A::DTYPE, x[0])
        }))
    }

    /// `self op other`, or `other op self` if `swapped`.
    pub(crate) fn binary(
        &self,
        operation: &str,
        op: BinaryOp,
        other: &dyn Other<A>,
        swapped: bool,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        self.two_operands(operation, other, swapped, info, |program, a, b| program.binary(op, A::DTYPE, a, b))
    }

    /// The quotient, for which integers and bools become floats first.
    pub(crate) fn quotient(
        &self,
        other: &dyn Other<A>,
        swapped: bool,
        info: &LayerInfo,
    ) -> Result<Array<A::Float>, ArrayError> {
        let to = <A::Float as Element>::DTYPE;
        self.two_operands("divide", other, swapped, info, |program, a, b| {
            let cast = |program: &mut ProgramBuilder, x| match x {
                Operand::Const(scalar) => Operand::Const(A::Float::from_scalar(scalar).to_scalar()),
                x => program.cast(A::DTYPE, to, x),
            };
            let (a, b) = (cast(program, a), cast(program, b));
            program.binary(BinaryOp::Div, to, a, b)
        })
    }

    fn compare(
        &self,
        operation: &str,
        op: CompareOp,
        other: &dyn Other<A>,
        info: &LayerInfo,
    ) -> Result<Array<bool>, ArrayError> {
        self.two_operands(operation, other, false, info, |program, a, b| program.compare(op, A::DTYPE, a, b))
    }

    fn two_operands<B: Element>(
        &self,
        operation: &str,
        other: &dyn Other<A>,
        swapped: bool,
        info: &LayerInfo,
        write: impl FnOnce(&mut ProgramBuilder, Operand, Operand) -> Operand,
    ) -> Result<Array<B>, ArrayError> {
        let number = other.number();
        let mut inputs: Vec<&dyn Operands> = vec![self];
        inputs.extend(other.array().map(|array| array as &dyn Operands));
        let params = |token: &mut Tokenizer| {
            feed(token, number);
            swapped.tokenize(token);
        };
        elementwise(operation, &params, &inputs, info, |program, x| {
            let number = number.map(|number| Operand::Const(number.to_scalar()));
            let other = number.or(x.get(1).copied()).unwrap_or(x[0]);
            if swapped { write(program, other, x[0]) } else { write(program, x[0], other) }
        })
    }
}

/// The result of an operation with one operand, which always fits itself.
fn one_operand<A: Element>(result: Result<Array<A>, ArrayError>) -> Array<A> {
    result.unwrap_or_else(|error| unreachable!("one shape broadcasts with itself: {error}"))
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $method(&self) -> Array<A> {
            self.unary(stringify!($method), UnaryOp::$op, &LayerInfo::here())
        }
    )*};
}

macro_rules! float_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $method(&self) -> Array<A::Float> {
            self.float_unary(stringify!($method), UnaryOp::$op, &LayerInfo::here())
        }
    )*};
}

macro_rules! test_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $method(&self) -> Array<bool> {
            self.test(stringify!($method), TestOp::$op, &LayerInfo::here())
        }
    )*};
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $method(&self, other: impl Other<A>) -> Result<Array<A>, ArrayError> {
            let name = stringify!($method);
            let name = name.strip_prefix("try_").unwrap_or(name);
            self.binary(name, BinaryOp::$op, &other, false, &LayerInfo::here())
        }
    )*};
}

macro_rules! compare_methods {
    ($($(#[$doc:meta])* $method:ident $op:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When the shapes do not broadcast.
        #[track_caller]
        pub fn $method(&self, other: impl Other<A>) -> Result<Array<bool>, ArrayError> {
            self.compare(stringify!($method), CompareOp::$op, &other, &LayerInfo::here())
        }
    )*};
}

/// Comparisons with an array or a number, and questions about elements.
impl<A: Element> Array<A> {
    compare_methods! {
        /// Where the elements are equal.
        eq Eq;
        /// Where the elements differ; NaN differs from everything.
        ne Ne;
        /// Where the elements are smaller than the other's.
        lt Lt;
        /// Where the elements are at most the other's.
        le Le;
        /// Where the elements are larger than the other's.
        gt Gt;
        /// Where the elements are at least the other's.
        ge Ge;
    }

    test_methods! {
        /// Where the elements are NaN.
        is_nan Nan;
        /// Where the elements are plus or minus infinity.
        is_infinite Infinite;
        /// Where the elements are neither NaN nor infinite.
        is_finite Finite;
    }

    binary_methods! {
        /// The smaller of two elements, NaN if either is NaN.
        minimum Min;
        /// The larger of two elements, NaN if either is NaN.
        maximum Max;
    }

    float_methods! {
        /// Square roots.
        sqrt Sqrt;
        /// e to the power of the elements.
        exp Exp;
        /// `exp(x) - 1`, accurate near zero.
        expm1 Expm1;
        /// Natural logarithms.
        log Log;
        /// `log(1 + x)`, accurate near zero.
        log1p Log1p;
        /// Sines.
        sin Sin;
        /// Cosines.
        cos Cos;
        /// Tangents.
        tan Tan;
        /// Hyperbolic tangents.
        tanh Tanh;
    }
}

/// Arithmetic with an array or a number.
impl<A: Number> Array<A> {
    binary_methods! {
        /// `self + other`.
        try_add Add;
        /// `self - other`.
        try_sub Sub;
        /// `self * other`.
        try_mul Mul;
        /// `self` to the power of `other`. An integer to a negative power is 0 unless it is 1 or -1.
        power Pow;
    }

    /// `self / other`; integers are divided as `f64`.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn try_div(&self, other: impl Other<A>) -> Result<Array<A::Float>, ArrayError> {
        self.quotient(&other, false, &LayerInfo::here())
    }

    unary_methods! {
        /// Squares.
        square Square;
        /// -1, 0 or 1 by the sign; NaN stays. Of a complex number, the number of length one in its direction.
        sign Sign;
        /// To the nearest integers, halves to the even one; of complex numbers, each part by itself.
        rint Rint;
    }

    /// Absolute values; of the smallest integer, itself.
    #[must_use]
    #[track_caller]
    pub fn abs(&self) -> Array<A::Real> {
        self.part("abs", PartOp::Abs, |program, x| program.unary(UnaryOp::Abs, A::DTYPE, x))
    }

    /// No smaller than `min` and no larger than `max`, where these are given; NaN stays.
    ///
    /// Where `min` is larger than `max`, `max` wins.
    #[must_use]
    #[track_caller]
    pub fn clip(&self, min: Option<A>, max: Option<A>) -> Array<A> {
        let params = |token: &mut Tokenizer| {
            feed(token, min);
            feed(token, max);
        };
        one_operand(elementwise("clip", &params, &[self], &LayerInfo::here(), |program, x| {
            let mut x = x[0];
            for (op, bound) in [(BinaryOp::Max, min), (BinaryOp::Min, max)] {
                if let Some(bound) = bound {
                    x = program.binary(op, A::DTYPE, x, Operand::Const(bound.to_scalar()));
                }
            }
            x
        }))
    }
}

/// Arithmetic of real numbers with an array or a number.
impl<A: Number<Real = A>> Array<A> {
    binary_methods! {
        /// The quotient down to an integer; of integers by zero, 0.
        floor_divide FloorDiv;
        /// What `floor_divide` leaves: has the sign of the divisor; of integers by zero, 0.
        remainder Rem;
    }

    unary_methods! {
        /// Down to integers.
        floor Floor;
        /// Up to integers.
        ceil Ceil;
        /// Towards zero to integers.
        trunc Trunc;
    }
}

impl<A: Inexact> Array<A> {
    unary_methods! {
        /// `1 / x`.
        reciprocal Reciprocal;
    }
}

/// Bit by bit, of bools logically.
impl<A: Bits> Array<A> {
    binary_methods! {
        /// `self & other`.
        try_and And;
        /// `self | other`.
        try_or Or;
        /// `self ^ other`.
        try_xor Xor;
    }
}

impl<A: Integer> Array<A> {
    /// Whether each element is not zero.
    #[must_use]
    #[track_caller]
    pub fn non_zero(&self) -> Array<bool> {
        self.as_bool(&LayerInfo::here())
    }
}

impl<A: Element> Array<A> {
    /// Real parts; of real numbers, the same array.
    #[must_use]
    #[track_caller]
    pub fn real(&self) -> Array<A::Real> {
        if !A::DTYPE.is_complex() {
            return Array::new(self.lazy().clone());
        }
        one_operand(elementwise("real", &|_| {}, &[self], &LayerInfo::here(), |program, x| {
            program.cast(A::DTYPE, A::DTYPE.real(), x[0])
        }))
    }

    /// Imaginary parts; of real numbers, zeros.
    #[must_use]
    #[track_caller]
    pub fn imag(&self) -> Array<A::Real> {
        self.part("imag", PartOp::Imag, |_, _| Operand::Const(A::Real::default().to_scalar()))
    }

    /// Complex conjugates; of real numbers, the same array.
    #[must_use]
    #[track_caller]
    pub fn conj(&self) -> Array<A> {
        if !A::DTYPE.is_complex() {
            return self.clone();
        }
        self.unary("conj", UnaryOp::Conj, &LayerInfo::here())
    }

    pub(crate) fn as_bool(&self, info: &LayerInfo) -> Array<bool> {
        one_operand(elementwise("ne-zero", &|_| {}, &[self], info, |program, x| {
            program.compare(CompareOp::Ne, A::DTYPE, x[0], Operand::Const(A::default().to_scalar()))
        }))
    }

    /// The array as one of another shape that it broadcasts to; nothing is copied but what is asked for.
    ///
    /// # Errors
    ///
    /// - When the array's shape does not broadcast to `shape`.
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let joined = broadcast_shape([self.shape(), shape])?;
        if joined != shape {
            return Err(ArrayError::Broadcast { left: self.shape().to_vec(), right: shape.to_vec() });
        }
        if joined == self.shape() {
            return Ok(self.clone());
        }
        // Blocks of the new axes are those of an array that has nothing but this shape.
        let frame = Array::full_with(shape, crate::ChunkSpec::Auto, false, &info)?;
        let inputs: [&dyn Operands; 2] = [self, &frame];
        elementwise("broadcast-to", &|_| {}, &inputs, &info, |_, x| x[0])
    }
}

/// Takes from `a` where `cond` holds and from `b` elsewhere; both may be arrays or numbers.
///
/// # Errors
///
/// - When the shapes do not broadcast.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, ndarray::arr1, where_};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1.0, -2.0, 3.0]), 2)?;
/// let positive = where_(&x.gt(0.0)?, &x, 0.0)?;
/// assert_eq!(positive.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.0, 0.0, 3.0]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn where_<A: Element>(
    cond: &Array<bool>,
    a: impl Other<A>,
    b: impl Other<A>,
) -> Result<Array<A>, ArrayError> {
    let numbers = [a.number(), b.number()];
    let mut inputs: Vec<&dyn Operands> = vec![cond];
    inputs.extend([a.array(), b.array()].into_iter().flatten().map(|array| array as &dyn Operands));
    let params = |token: &mut Tokenizer| {
        for number in numbers {
            feed(token, number);
        }
    };
    elementwise("where", &params, &inputs, &LayerInfo::here(), |program, x| {
        let mut arrays = x[1..].iter().copied();
        let mut operand = |number: Option<A>| match number {
            Some(number) => Operand::Const(number.to_scalar()),
            // One array operand for each that is not a number.
            None => arrays.next().unwrap_or(Operand::Const(Scalar::Bool(false))),
        };
        let (a, b) = (operand(numbers[0]), operand(numbers[1]));
        program.select(A::DTYPE, x[0], a, b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_from_the_last_axis() {
        let join = |a: &[usize], b: &[usize]| broadcast_shape([a, b]);
        assert_eq!(join(&[3, 1], &[4]), Ok(vec![3, 4]));
        assert_eq!(join(&[0, 5], &[1]), Ok(vec![0, 5]));
        assert_eq!(join(&[], &[2, 2]), Ok(vec![2, 2]));
        let error = join(&[3, 2], &[3]).unwrap_err().to_string();
        assert!(error.contains("[3, 2]") && error.contains("[3]"), "{error}");
    }
}
