//! Joining a program with the one that makes one of its arguments.

use super::{ArgSpec, Operand, Program};

/// Programs are not grown beyond this many instructions: the registers of a longer one would not stay in the
/// cache, and joining would cost more than it saves.
const MAX_INSTRS: usize = 256;

impl Program {
    /// The program that takes `self`'s arguments with argument `at` replaced by the arguments of `producer`,
    /// or `None` if the two should stay apart.
    ///
    /// ```text
    /// self      v0 = div arg0 arg1            (x / s)        at = 0
    /// producer  v0 = sub arg0 arg1            (x - m)
    /// joined    v0 = sub arg0 arg1; v1 = div v0 arg2
    /// ```
    pub(crate) fn absorb(&self, at: usize, producer: &Program) -> Option<Program> {
        let place = self.args.get(at)?;
        // Work on a stretched operand is worth doing once a block, not once an element of the output; mere
        // views and constants are not work.
        if place.stretched && !producer.instrs.is_empty() {
            return None;
        }
        if place.axes.len() != producer.ndim || self.instrs.len() + producer.instrs.len() > MAX_INSTRS {
            return None;
        }
        let added = producer.args.len();
        let seen = producer.args.iter().map(|arg| ArgSpec {
            kind: arg.kind,
            axes: arg.axes.iter().map(|&axis| place.axes[axis]).collect(),
            broadcast: arg
                .axes
                .iter()
                .zip(&arg.broadcast)
                .map(|(&axis, &own)| own || place.broadcast[axis])
                .collect(),
            stretched: arg.stretched || place.stretched,
        });
        let args =
            self.args[..at].iter().cloned().chain(seen).chain(self.args[at + 1..].iter().cloned()).collect();

        let shift = producer.instrs.len();
        let of_producer = |operand| match operand {
            Operand::Arg(arg) => Operand::Arg(arg + at),
            other => other,
        };
        let own_arg = |arg| if arg < at { arg } else { arg + added - 1 };
        let of_self = |operand| match operand {
            Operand::Arg(arg) if arg == at => of_producer(producer.result),
            Operand::Arg(arg) => Operand::Arg(own_arg(arg)),
            Operand::Value(value) => Operand::Value(value + shift),
            constant => constant,
        };
        let instrs = producer
            .instrs
            .iter()
            .map(|instr| instr.renamed(of_producer, |arg| arg + at))
            .chain(self.instrs.iter().map(|instr| instr.renamed(of_self, own_arg)))
            .collect();
        Some(Program { ndim: self.ndim, args, instrs, result: of_self(self.result), dtype: self.dtype })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{DType, Scalar};
    use crate::program::kernels::BinaryOp;
    use crate::program::{ArgKind, Instr};

    fn block(axes: &[usize], stretched: bool) -> ArgSpec {
        ArgSpec { stretched, ..ArgSpec::once(ArgKind::Block(DType::F64), axes.to_vec()) }
    }

    fn binary(op: BinaryOp, args: Vec<ArgSpec>) -> Program {
        let (a, b) = (Operand::Arg(0), Operand::Arg(1));
        Program {
            ndim: 2,
            args,
            instrs: vec![Instr::Binary { op, dtype: DType::F64, a, b }],
            result: Operand::Value(0),
            dtype: DType::F64,
        }
    }

    #[test]
    fn joins_a_chain() {
        let sub = binary(BinaryOp::Sub, vec![block(&[0, 1], false), block(&[1], true)]);
        let div = binary(BinaryOp::Div, vec![block(&[0, 1], false), block(&[1], true)]);
        let joined = div.absorb(0, &sub).unwrap();
        assert_eq!(joined.args.len(), 3);
        assert_eq!(
            joined.instrs[1],
            Instr::Binary { op: BinaryOp::Div, dtype: DType::F64, a: Operand::Value(0), b: Operand::Arg(2) }
        );
        assert_eq!(joined.result, Operand::Value(1));
    }

    #[test]
    fn a_transposed_operand_is_a_way_of_reading() {
        let turn = Program {
            ndim: 2,
            args: vec![block(&[1, 0], false)],
            instrs: Vec::new(),
            result: Operand::Arg(0),
            dtype: DType::F64,
        };
        let sub = binary(BinaryOp::Sub, vec![block(&[0, 1], false), block(&[0, 1], false)]);
        let joined = sub.absorb(1, &turn).unwrap();
        assert_eq!(joined.args[1].axes, [1, 0]);
        assert_eq!(joined.instrs, sub.instrs);
        // Twice turned is as it was.
        assert_eq!(turn.absorb(0, &turn).unwrap().args[0].axes, [0, 1]);
    }

    #[test]
    fn work_on_a_stretched_operand_stays_apart_but_constants_do_not() {
        let sub = binary(BinaryOp::Sub, vec![block(&[0, 1], false), block(&[1], true)]);
        let mut row = sub.clone();
        row.ndim = 1;
        assert_eq!(sub.absorb(1, &row), None);
        let full = Program {
            ndim: 1,
            args: vec![ArgSpec::once(ArgKind::Extent, vec![0])],
            instrs: Vec::new(),
            result: Operand::Const(Scalar::F64(2.0)),
            dtype: DType::F64,
        };
        let joined = sub.absorb(1, &full).unwrap();
        assert_eq!(joined.args[1].axes, [1]);
        assert!(joined.args[1].stretched);
    }
}
