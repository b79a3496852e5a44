//! Writing down a program.

use super::kernels::{BinaryOp, CompareOp, Kernels, PartOp, TestOp, UnaryOp};
use super::{ArgKind, ArgSpec, Instr, Operand, Program};
use crate::element::{DType, Scalar, dispatch};

/// A program being written.
#[derive(Debug)]
pub(crate) struct ProgramBuilder {
    ndim: usize,
    args: Vec<ArgSpec>,
    instrs: Vec<Instr>,
}

impl ProgramBuilder {
    /// A program whose output has `ndim` axes.
    pub(crate) fn new(ndim: usize) -> Self {
        Self { ndim, args: Vec::new(), instrs: Vec::new() }
    }

    /// Adds an argument.
    pub(crate) fn arg(&mut self, spec: ArgSpec) -> Operand {
        self.args.push(spec);
        Operand::Arg(self.args.len() - 1)
    }

    /// Adds the extent of the output block as an argument and returns its position.
    pub(crate) fn extent(&mut self) -> usize {
        self.arg(ArgSpec::once(ArgKind::Extent, (0..self.ndim).collect()));
        self.args.len() - 1
    }

    pub(crate) fn unary(&mut self, op: UnaryOp, dtype: DType, a: Operand) -> Operand {
        self.push(Instr::Unary { op, dtype, a })
    }

    pub(crate) fn binary(&mut self, op: BinaryOp, dtype: DType, a: Operand, b: Operand) -> Operand {
        self.push(Instr::Binary { op, dtype, a, b })
    }

    pub(crate) fn test(&mut self, op: TestOp, dtype: DType, a: Operand) -> Operand {
        self.push(Instr::Test { op, dtype, a })
    }

    pub(crate) fn compare(&mut self, op: CompareOp, dtype: DType, a: Operand, b: Operand) -> Operand {
        self.push(Instr::Compare { op, dtype, a, b })
    }

    pub(crate) fn select(&mut self, dtype: DType, cond: Operand, a: Operand, b: Operand) -> Operand {
        self.push(Instr::Select { dtype, cond, a, b })
    }

    /// A cast, or nothing if there is nothing to cast; a number is cast at once.
    pub(crate) fn cast(&mut self, from: DType, to: DType, a: Operand) -> Operand {
        match a {
            a if from == to => a,
            Operand::Const(number) => Operand::Const(dispatch!(to, T => T::from_scalar(number).to_scalar())),
            a => self.push(Instr::Cast { from, to, a }),
        }
    }

    /// Positions that must be below `len`, or the program fails.
    pub(crate) fn bounded(&mut self, a: Operand, len: usize) -> Operand {
        self.push(Instr::Bounded { a, len })
    }

    pub(crate) fn part(&mut self, op: PartOp, from: DType, to: DType, a: Operand) -> Operand {
        self.push(Instr::Part { op, from, to, a })
    }

    pub(crate) fn ramp(
        &mut self,
        dtype: DType,
        arg: usize,
        axis: usize,
        start: Scalar,
        step: Scalar,
    ) -> Operand {
        self.push(Instr::Ramp { dtype, arg, axis, start, step })
    }

    /// The program that gives `result`, which has type `dtype`.
    pub(crate) fn finish(self, result: Operand, dtype: DType) -> Program {
        Program { ndim: self.ndim, args: self.args, instrs: self.instrs, result, dtype }
    }

    fn push(&mut self, instr: Instr) -> Operand {
        self.instrs.push(instr);
        Operand::Value(self.instrs.len() - 1)
    }
}
