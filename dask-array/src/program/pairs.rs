//! Which instructions are run two at a time.
//!
//! An instruction alone reads its operands from the first-level cache and writes its result there, and for a sum or a
//! product that is most of its time. Where the result of one is an operand of one other and of nothing else, both are
//! done in one loop, with what is between them in a register. Each operation is rounded as before: results are the
//! same to the bit.

use super::kernels::{BinaryOp, Kernels, Second, Src, UnaryOp};
use super::{Instr, Operand, Program};
use crate::element::dispatch;

/// Two instructions in one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) first: BinaryOp,
    pub(crate) a: Operand,
    pub(crate) b: Operand,
    pub(crate) second: Second,
    /// The other operand of the second instruction; where it has none, one of the first again.
    pub(crate) c: Operand,
}

/// How an instruction is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// As it stands.
    Single,
    /// With the later one that takes its result.
    Later,
    /// With the earlier one that makes an operand.
    Paired(Pair),
}

impl Step {
    /// What the instruction that is run in this way reads: one that is run later, nothing.
    pub(crate) fn operands(&self, instr: &Instr) -> impl Iterator<Item = Operand> {
        let alone = matches!(self, Step::Single).then(|| instr.operands());
        let paired = match *self {
            Step::Paired(Pair { a, b, c, .. }) => Some([a, b, c]),
            _ => None,
        };
        alone.into_iter().flatten().chain(paired.into_iter().flatten())
    }
}

/// How the instructions of a program are run.
pub(crate) fn steps(program: &Program) -> Vec<Step> {
    let mut uses = vec![0_usize; program.instrs.len()];
    let results = std::iter::once(program.result);
    for operand in program.instrs.iter().flat_map(Instr::operands).chain(results) {
        if let Operand::Value(value) = operand {
            uses[value] += 1;
        }
    }
    let mut steps = vec![Step::Single; program.instrs.len()];
    for at in 0..program.instrs.len() {
        let makers = program.instrs[at].operands().filter_map(|operand| match operand {
            Operand::Value(value) if uses[value] == 1 && steps[value] == Step::Single => Some(value),
            _ => None,
        });
        let found = makers.filter_map(|value| Some((value, paired(program, value, at)?))).next();
        if let Some((value, pair)) = found {
            steps[value] = Step::Later;
            steps[at] = Step::Paired(pair);
        }
    }
    steps
}

/// The instruction at `value` and the one at `at`, which takes its result, as a pair, if there is a kernel for it.
fn paired(program: &Program, value: usize, at: usize) -> Option<Pair> {
    let (first, dtype, a, b) = match program.instrs[value] {
        Instr::Binary { op, dtype, a, b } => (op, dtype, a, b),
        Instr::Unary { op: UnaryOp::Square, dtype, a } => (BinaryOp::Mul, dtype, a, a),
        _ => return None,
    };
    let between = Operand::Value(value);
    let (second, of, c) = match program.instrs[at] {
        Instr::Unary { op, dtype, .. } => (Second::Alone(op), dtype, a),
        Instr::Binary { op: op @ (BinaryOp::Sub | BinaryOp::Div), dtype, a, b } if b == between => {
            (Second::Right(op), dtype, a)
        }
        Instr::Binary { op: op @ (BinaryOp::Add | BinaryOp::Mul), dtype, a, b } if b == between => {
            (Second::Left(op), dtype, a)
        }
        Instr::Binary { op, dtype, a, b } if a == between => (Second::Left(op), dtype, b),
        _ => return None,
    };
    // There is, if it takes tiles of no elements.
    let has_kernel =
        dispatch!(dtype, T => T::pair(first, second, [Src::Splat(T::default()); 3], &mut []).is_ok());
    (of == dtype && has_kernel).then_some(Pair { first, a, b, second, c })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use crate::program::builder::ProgramBuilder;
    use crate::program::{ArgKind, ArgSpec};

    /// The steps of a program of two arguments of a type, as one letter each.
    fn letters(dtype: DType, write: impl FnOnce(&mut ProgramBuilder, Operand, Operand) -> Operand) -> String {
        let mut builder = ProgramBuilder::new(1);
        let [x, y] = [0, 1].map(|_| builder.arg(ArgSpec::once(ArgKind::Block(dtype), vec![0])));
        let result = write(&mut builder, x, y);
        let letter = |step: &Step| match step {
            Step::Single => 's',
            Step::Later => 'l',
            Step::Paired(_) => 'p',
        };
        steps(&builder.finish(result, dtype)).iter().map(letter).collect()
    }

    #[test]
    fn a_chain_is_run_in_pairs() {
        let chain = |dtype| {
            letters(dtype, |program, x, y| {
                let sum = program.binary(BinaryOp::Add, dtype, x, y);
                let product = program.binary(BinaryOp::Mul, dtype, y, sum);
                let rest = program.binary(BinaryOp::Sub, dtype, x, product);
                let root = program.unary(UnaryOp::Sqrt, dtype, rest);
                program.unary(UnaryOp::Exp, dtype, root)
            })
        };
        assert_eq!(chain(DType::F64), "lplps");
        assert_eq!(chain(DType::F32), "lplps");
        assert_eq!(chain(DType::I64), "sssss");
    }

    #[test]
    fn what_is_used_twice_is_made_once() {
        let twice = letters(DType::F64, |program, x, y| {
            let sum = program.binary(BinaryOp::Add, DType::F64, x, y);
            program.binary(BinaryOp::Mul, DType::F64, sum, sum)
        });
        assert_eq!(twice, "ss");
        let squares = letters(DType::F64, |program, x, y| {
            let [x, y] = [x, y].map(|x| program.unary(UnaryOp::Square, DType::F64, x));
            program.binary(BinaryOp::Add, DType::F64, x, y)
        });
        assert_eq!(squares, "lsp");
    }
}
