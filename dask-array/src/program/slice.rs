//! A part of what a program makes, made by the same instructions over parts of its arguments.

use super::{ArgSpec, Instr, Program};

impl Program {
    /// The program whose output has `ndim` axes, where axis `new[i]` is what is left of axis `i` of this
    /// program's; an axis without a new place vanishes, from the arguments too.
    ///
    /// `None` where an axis along which a ramp counts vanishes.
    pub(crate) fn with_axes(&self, new: &[Option<usize>], ndim: usize) -> Option<Program> {
        let args = self.args.iter().map(|arg| {
            let kept = || arg.axes.iter().zip(&arg.broadcast).filter(|(axis, _)| new[**axis].is_some());
            let broadcast: Vec<bool> = kept().map(|(_, &broadcast)| broadcast).collect();
            let lacks_axis = (0..self.ndim).any(|axis| new[axis].is_some() && !arg.axes.contains(&axis));
            ArgSpec {
                kind: arg.kind,
                axes: kept().filter_map(|(&axis, _)| new[axis]).collect(),
                stretched: arg.stretched && (lacks_axis || broadcast.contains(&true)),
                broadcast,
            }
        });
        let instrs = self.instrs.iter().map(|&instr| match instr {
            Instr::Ramp { dtype, arg, axis, start, step } => {
                let own = &self.args[arg].axes;
                new[own[axis]]?;
                let axis = own[..axis].iter().filter(|&&before| new[before].is_some()).count();
                Some(Instr::Ramp { dtype, arg, axis, start, step })
            }
            other => Some(other),
        });
        let instrs = instrs.collect::<Option<Vec<Instr>>>()?;
        Some(Program { ndim, args: args.collect(), instrs, result: self.result, dtype: self.dtype })
    }

    /// The axes of the output along which a ramp counts.
    pub(crate) fn ramp_axes(&self) -> impl Iterator<Item = usize> {
        self.instrs.iter().filter_map(|instr| match *instr {
            Instr::Ramp { arg, axis, .. } => Some(self.args[arg].axes[axis]),
            _ => None,
        })
    }

    /// Whether an argument is as long as the output along this axis, and so says how long that is. Of other axes
    /// the length is one.
    pub(crate) fn fills(&self, axis: usize) -> bool {
        let along = |arg: &ArgSpec| arg.axes.iter().zip(&arg.broadcast).any(|(&of, &one)| of == axis && !one);
        self.args.iter().any(along)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{DType, Scalar};
    use crate::program::ArgKind;
    use crate::program::builder::ProgramBuilder;
    use crate::program::kernels::BinaryOp;

    #[test]
    fn axes_vanish_and_appear() {
        // x[i, j] + row[j] + j
        let mut program = ProgramBuilder::new(2);
        let x = program.arg(ArgSpec::once(ArgKind::Block(DType::I64), vec![0, 1]));
        let row = ArgSpec { stretched: true, ..ArgSpec::once(ArgKind::Block(DType::I64), vec![1]) };
        let row = program.arg(row);
        let extent = program.extent();
        let j = program.ramp(DType::I64, extent, 1, Scalar::I64(0), Scalar::I64(1));
        let sum = program.binary(BinaryOp::Add, DType::I64, x, row);
        let sum = program.binary(BinaryOp::Add, DType::I64, sum, j);
        let program = program.finish(sum, DType::I64);

        // [3, :] with a new axis in front.
        let part = program.with_axes(&[None, Some(1)], 2).unwrap();
        assert_eq!(part.args.iter().map(|arg| arg.axes.clone()).collect::<Vec<_>>(), [[1], [1], [1]]);
        assert!(part.args.iter().all(|arg| !arg.stretched));
        assert!(matches!(part.instrs[0], Instr::Ramp { arg: 2, axis: 0, .. }));
        assert!(part.fills(1) && !part.fills(0));
        // The place of one column is no longer known.
        assert_eq!(program.with_axes(&[Some(0), None], 1), None);
        assert_eq!(program.ramp_axes().collect::<Vec<_>>(), [1]);
    }
}
