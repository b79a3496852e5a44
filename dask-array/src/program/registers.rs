//! Which register holds which value: as few as possible, since they should fit in the first-level cache.

use super::{Operand, Program};
use crate::element::{DType, dispatch};
use crate::program::kernels::{Banks, Kernels};

/// The registers of a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    /// For each instruction, the register in the bank of its type.
    pub(crate) register: Vec<usize>,
    /// How many registers of each type there are.
    counts: Vec<(DType, usize)>,
}

impl Allocation {
    /// Gives each value a register that is free from its making to its last use.
    pub(crate) fn new(program: &Program) -> Self {
        let mut last_use: Vec<usize> = (0..program.instrs.len()).collect();
        for (at, instr) in program.instrs.iter().enumerate() {
            for operand in instr.operands() {
                if let Operand::Value(value) = operand {
                    last_use[value] = at;
                }
            }
        }
        if let Operand::Value(value) = program.result {
            last_use[value] = usize::MAX;
        }
        let mut free: Vec<(DType, usize)> = Vec::new();
        let mut counts: Vec<(DType, usize)> = Vec::new();
        let mut register: Vec<usize> = Vec::with_capacity(program.instrs.len());
        for (at, instr) in program.instrs.iter().enumerate() {
            let dtype = instr.dtype();
            // Taken before the operands are freed: a kernel does not write over what it reads.
            let taken = match free.iter().position(|&(of, _)| of == dtype) {
                Some(found) => free.swap_remove(found).1,
                None => match counts.iter_mut().find(|(of, _)| *of == dtype) {
                    Some((_, count)) => {
                        *count += 1;
                        *count - 1
                    }
                    None => {
                        counts.push((dtype, 1));
                        0
                    }
                },
            };
            register.push(taken);
            let mut freed = Vec::new();
            for operand in instr.operands() {
                if let Operand::Value(value) = operand
                    && last_use[value] == at
                    && !freed.contains(&value)
                {
                    freed.push(value);
                    free.push((program.instrs[value].dtype(), register[value]));
                }
            }
        }
        Self { register, counts }
    }

    /// Registers of `len` elements each.
    pub(crate) fn banks(&self, len: usize) -> Banks {
        let mut banks = Banks::default();
        for &(dtype, count) in &self.counts {
            dispatch!(dtype, T => {
                *T::bank_mut(&mut banks) = (0..count).map(|_| vec![T::default(); len]).collect();
            });
        }
        banks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::builder::ProgramBuilder;
    use crate::program::kernels::UnaryOp;
    use crate::program::{ArgKind, ArgSpec};

    #[test]
    fn a_chain_needs_two_registers() {
        let mut builder = ProgramBuilder::new(1);
        let mut value = builder.arg(ArgSpec::once(ArgKind::Block(DType::F64), vec![0]));
        for _ in 0..10 {
            value = builder.unary(UnaryOp::Neg, DType::F64, value);
        }
        let allocation = Allocation::new(&builder.finish(value, DType::F64));
        assert_eq!(allocation.counts, [(DType::F64, 2)]);
    }
}
