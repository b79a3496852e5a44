//! Elementwise operations as small typed programs.
//!
//! A [`Program`] is what an elementwise task does: a list of instructions over values, in single-assignment
//! form, and which of the values is the result. Its arguments are blocks (or the extents of blocks, for
//! created data) with a map from their axes to the axes of the output, so that a transposed or a broadcast
//! operand is a way of reading, not a copy.
//!
//! ```text
//! ((x - m) / s)     args    0: f64 block, axes [0, 1]   1: f64 block, axes [1]   2: f64 block, axes [1]
//!                   v0 = sub arg0 arg1
//!                   v1 = div v0 arg2
//!                   result v1
//! ```
//!
//! [`run`] evaluates a program tile by tile: about a thousand elements at a time go through all instructions
//! while they are in the first-level cache, so a chain of operations reads each input once, writes the
//! output once and makes no temporary block. [`absorb`](Program::absorb) is how two programs become one;
//! [`with_axes`](Program::with_axes) is how a program makes a part of its output.

pub(crate) mod absorb;
pub(crate) mod builder;
pub(crate) mod domain;
pub(crate) mod kernels;
pub(crate) mod op;
pub(crate) mod registers;
pub(crate) mod run;
pub(crate) mod slice;

use self::kernels::{BinaryOp, CompareOp, PartOp, TestOp, UnaryOp};
use crate::element::{DType, Scalar};
use serde::{Deserialize, Serialize};

/// An elementwise computation over the blocks that are its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// Number of axes of the output.
    pub(crate) ndim: usize,
    pub(crate) args: Vec<ArgSpec>,
    pub(crate) instrs: Vec<Instr>,
    pub(crate) result: Operand,
    /// The type of the result.
    pub(crate) dtype: DType,
}

/// One argument of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArgSpec {
    pub(crate) kind: ArgKind,
    /// For each axis of the argument, the axis of the output it runs along.
    pub(crate) axes: Vec<usize>,
    /// For each axis of the argument, whether it is broadcast: has length one where the output has another.
    pub(crate) broadcast: Vec<bool>,
    /// Whether elements of the argument are used more than once, because it lacks an axis of the output or has
    /// length one where the output is longer. What makes such an argument is not absorbed: it would be
    /// computed once for each use.
    pub(crate) stretched: bool,
}

impl ArgSpec {
    /// An argument each element of which is used once.
    pub(crate) fn once(kind: ArgKind, axes: Vec<usize>) -> Self {
        let broadcast = vec![false; axes.len()];
        Self { kind, axes, broadcast, stretched: false }
    }
}

/// What an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ArgKind {
    /// A block of this element type.
    Block(DType),
    /// The place of a block in the array: gives created data its shape and position.
    Extent,
}

/// Where an instruction finds an operand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Operand {
    /// An argument of the program, by position.
    Arg(usize),
    /// The result of an earlier instruction.
    Value(usize),
    Const(Scalar),
}

/// One step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Instr {
    Unary {
        op: UnaryOp,
        dtype: DType,
        a: Operand,
    },
    Binary {
        op: BinaryOp,
        dtype: DType,
        a: Operand,
        b: Operand,
    },
    Test {
        op: TestOp,
        dtype: DType,
        a: Operand,
    },
    Compare {
        op: CompareOp,
        dtype: DType,
        a: Operand,
        b: Operand,
    },
    Select {
        dtype: DType,
        cond: Operand,
        a: Operand,
        b: Operand,
    },
    Cast {
        from: DType,
        to: DType,
        a: Operand,
    },
    /// An operation from one type to another that belongs to it.
    Part {
        op: PartOp,
        from: DType,
        to: DType,
        a: Operand,
    },
    /// The operand, positions of type `i64`, all of which must be from 0 up to `len`.
    Bounded {
        a: Operand,
        len: usize,
    },
    /// `start + step * i`, for `i` the position in the array along `axis` of the extent that is argument `arg`.
    Ramp {
        dtype: DType,
        arg: usize,
        axis: usize,
        start: Scalar,
        step: Scalar,
    },
}

impl Instr {
    /// The type of what the instruction makes.
    pub(crate) fn dtype(&self) -> DType {
        match *self {
            Instr::Unary { dtype, .. }
            | Instr::Binary { dtype, .. }
            | Instr::Select { dtype, .. }
            | Instr::Ramp { dtype, .. } => dtype,
            Instr::Test { .. } | Instr::Compare { .. } => DType::Bool,
            Instr::Bounded { .. } => DType::I64,
            Instr::Cast { to, .. } | Instr::Part { to, .. } => to,
        }
    }

    /// The operands, first to last.
    pub(crate) fn operands(&self) -> impl Iterator<Item = Operand> {
        let (a, b, c) = match *self {
            Instr::Unary { a, .. }
            | Instr::Test { a, .. }
            | Instr::Cast { a, .. }
            | Instr::Part { a, .. }
            | Instr::Bounded { a, .. } => (Some(a), None, None),
            Instr::Binary { a, b, .. } | Instr::Compare { a, b, .. } => (Some(a), Some(b), None),
            Instr::Select { cond, a, b, .. } => (Some(cond), Some(a), Some(b)),
            Instr::Ramp { .. } => (None, None, None),
        };
        [a, b, c].into_iter().flatten()
    }

    /// The same instruction with operands (and the argument of a ramp) renamed.
    pub(crate) fn renamed(self, operand: impl Fn(Operand) -> Operand, arg: impl Fn(usize) -> usize) -> Self {
        match self {
            Instr::Unary { op, dtype, a } => Instr::Unary { op, dtype, a: operand(a) },
            Instr::Test { op, dtype, a } => Instr::Test { op, dtype, a: operand(a) },
            Instr::Cast { from, to, a } => Instr::Cast { from, to, a: operand(a) },
            Instr::Part { op, from, to, a } => Instr::Part { op, from, to, a: operand(a) },
            Instr::Bounded { a, len } => Instr::Bounded { a: operand(a), len },
            Instr::Binary { op, dtype, a, b } => Instr::Binary { op, dtype, a: operand(a), b: operand(b) },
            Instr::Compare { op, dtype, a, b } => Instr::Compare { op, dtype, a: operand(a), b: operand(b) },
            Instr::Select { dtype, cond, a, b } => {
                Instr::Select { dtype, cond: operand(cond), a: operand(a), b: operand(b) }
            }
            Instr::Ramp { dtype, arg: at, axis, start, step } => {
                Instr::Ramp { dtype, arg: arg(at), axis, start, step }
            }
        }
    }
}

impl Program {
    /// The argument that is the result as it stands, if no instruction touches it.
    pub(crate) fn passes_through(&self) -> Option<usize> {
        match self.result {
            Operand::Arg(at) => Some(at),
            _ => None,
        }
    }
}
