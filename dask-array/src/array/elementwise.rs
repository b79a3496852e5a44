//! Elementwise operations: broadcasting, common chunks, and the program of a block.
//!
//! The operations are in the modules below, by kind; all are written by [`elementwise`], as instructions of
//! programs.

mod arithmetic;
mod bits;
mod choice;
mod comparison;
mod functions;
mod methods;
mod parts;
mod rounding;

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Tokenize, Tokenizer};

use super::{Array, Lazy, blockwise, built, name_of};
use crate::chunks::{Chunks, refine};
use crate::element::{DType, Element};
use crate::error::ArrayError;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, CompareOp, TestOp, UnaryOp};
use crate::program::op::ProgramOp;
use crate::program::{ArgKind, ArgSpec, Operand};

pub(super) use self::choice::chosen;
pub use self::choice::{OutOfRange, choose, select, where_};
pub use self::comparison::Tolerance;

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
pub(super) fn common_chunks(shape: &[usize], inputs: &[&dyn Operands]) -> Chunks {
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

/// Operands that are arrays or numbers: the arrays among them, behind `first`, and what makes operands of a program
/// of all.
fn mixed<'a, A: Element>(
    first: &[&'a dyn Operands],
    others: &'a [&'a dyn Other<A>],
) -> (Vec<&'a dyn Operands>, impl Fn(&[Operand]) -> Vec<Operand> + use<'a, A>) {
    let mut inputs = first.to_vec();
    let places = others.iter().map(|other| match other.array() {
        Some(array) => {
            inputs.push(array);
            Err(inputs.len() - 1)
        }
        None => Ok(Operand::Const(other.number().unwrap_or_default().to_scalar())),
    });
    let places: Vec<Result<Operand, usize>> = places.collect();
    (inputs, move |x| places.iter().map(|place| place.unwrap_or_else(|at| x[at])).collect())
}

impl<A: Element> Array<A> {
    pub(crate) fn unary(&self, operation: &str, op: UnaryOp, info: &LayerInfo) -> Array<A> {
        self.unary_as(operation, op, info)
    }

    /// An operation for which the elements become `B` first.
    fn unary_as<B: Element>(&self, operation: &str, op: UnaryOp, info: &LayerInfo) -> Array<B> {
        one_operand(elementwise(operation, &|_| {}, &[self], info, |program, x| {
            let x = program.cast(A::DTYPE, B::DTYPE, x[0]);
            program.unary(op, B::DTYPE, x)
        }))
    }

    fn test(&self, operation: &str, op: TestOp, info: &LayerInfo) -> Array<bool> {
        one_operand(elementwise(operation, &|_| {}, &[self], info, |program, x| {
            program.test(op, A::DTYPE, x[0])
        }))
    }

    /// Whether each element is not zero.
    pub(crate) fn as_bool(&self, info: &LayerInfo) -> Array<bool> {
        one_operand(elementwise("ne-zero", &|_| {}, &[self], info, |program, x| {
            program.compare(CompareOp::Ne, A::DTYPE, x[0], Operand::Const(A::default().to_scalar()))
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
        self.binary_as(operation, op, other, swapped, info)
    }

    /// The quotient, for which integers and bools become floats first.
    pub(crate) fn quotient(
        &self,
        other: &dyn Other<A>,
        swapped: bool,
        info: &LayerInfo,
    ) -> Result<Array<A::Float>, ArrayError> {
        self.binary_as("divide", BinaryOp::Div, other, swapped, info)
    }

    /// An operation for which both operands become `B` first.
    fn binary_as<B: Element>(
        &self,
        operation: &str,
        op: BinaryOp,
        other: &dyn Other<A>,
        swapped: bool,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        self.two_operands(operation, other, swapped, info, |program, a, b| {
            let (a, b) = (program.cast(A::DTYPE, B::DTYPE, a), program.cast(A::DTYPE, B::DTYPE, b));
            program.binary(op, B::DTYPE, a, b)
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
        let params = |token: &mut Tokenizer| {
            feed(token, other.number());
            swapped.tokenize(token);
        };
        let others = [other];
        let (inputs, operands) = mixed(&[self], &others);
        elementwise(operation, &params, &inputs, info, |program, x| {
            let other = operands(x)[0];
            if swapped { write(program, other, x[0]) } else { write(program, x[0], other) }
        })
    }

    /// The array as one of another shape that it broadcasts to; nothing is copied but what is asked for.
    ///
    /// # Errors
    ///
    /// - When the array's shape does not broadcast to `shape`.
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Array<A>, ArrayError> {
        self.broadcast_in(shape, &LayerInfo::here())
    }

    pub(crate) fn broadcast_in(&self, shape: &[usize], info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let joined = broadcast_shape([self.shape(), shape])?;
        if joined != shape {
            return Err(ArrayError::Broadcast { left: self.shape().to_vec(), right: shape.to_vec() });
        }
        if joined == self.shape() {
            return Ok(self.clone());
        }
        let chunks = Chunks::new(shape, crate::ChunkSpec::Auto, bool::DTYPE)?;
        self.broadcast_cut(&chunks, info)
    }

    /// The array broadcast to the shape of these chunks; where it is as long, its own ends of blocks stay, too.
    pub(super) fn broadcast_cut(&self, chunks: &Chunks, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        if self.shape() == chunks.shape() && *chunks == *self.lazy().chunks {
            return Ok(self.clone());
        }
        // Blocks of the new axes are those of an array that has nothing but this shape.
        let frame = Array::full_cut(false, chunks.clone(), info);
        let inputs: [&dyn Operands; 2] = [self, &frame];
        elementwise("broadcast-to", &|_| {}, &inputs, info, |_, x| x[0])
    }
}

/// The result of an operation with one operand, which always fits itself.
fn one_operand<A: Element>(result: Result<Array<A>, ArrayError>) -> Array<A> {
    result.unwrap_or_else(|error| unreachable!("one shape broadcasts with itself: {error}"))
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
