//! The ops of reductions: the first step over a block, and the joining of partial results.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, List, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::fold::{self, Plain, Slots, Sums};
use super::moments::{Collecting, Moments};
use super::{Finish, Fold};
use crate::block::Block;
use crate::element::{DType, Element, Real, c64, c128, dispatch};
use crate::program::kernels::Kernels;
use crate::program::op::{Compiled, in_order};
use crate::program::run::{self, ProgramError};

/// Evaluates a program on a block and folds what it gives: the first step of a reduction, which takes the
/// elementwise work before it in.
#[derive(Debug)]
pub(crate) struct FoldOp {
    pub(crate) compiled: Compiled,
    pub(crate) fold: Fold,
    /// For each axis, whether it is folded.
    pub(crate) reduced: Arc<[bool]>,
    /// The size of the partial result of the largest block.
    pub(crate) nbytes: u64,
}

impl FoldOp {
    fn run<T: Element>(&self, args: &Args<'_>) -> Result<Value, OpError> {
        let strides = self.compiled.strides(args)?;
        let inputs = self.compiled.inputs(args, None, &strides)?;
        let shape = run::output_shape(&self.compiled.program, &inputs).map_err(OpError::failed)?;
        let order = run::memory_order(&self.compiled.program, &inputs, &shape);
        let ordered = |of: &dyn Fn(usize) -> usize| order.iter().map(|&axis| of(axis)).collect::<Vec<_>>();
        let reduced: Vec<bool> = order.iter().map(|&axis| self.reduced[axis]).collect();
        let slots = Slots::new(&ordered(&|axis| shape[axis]), &reduced);
        let kept: Vec<usize> =
            shape.iter().zip(&*self.reduced).map(|(&n, &reduced)| if reduced { 1 } else { n }).collect();
        let run = |folding: &mut dyn FnMut() -> Result<Vec<T>, ProgramError>| {
            let slots = folding().map_err(OpError::failed)?;
            let array = in_order(slots, &kept, &order).map_err(OpError::failed)?;
            Ok(Block::new(array).into())
        };
        macro_rules! fold_with {
            ($folding:expr) => {
                run(&mut || {
                    let mut folding = $folding;
                    fold::run::<T>(&self.compiled, &inputs, &shape, &order, &slots, &mut folding)?;
                    Ok(folding.finish())
                })
            };
        }
        match self.fold {
            Fold::Sum => fold_with!(Sums::new(slots.len)),
            Fold::Prod => fold_with!(Plain::new(slots.len, T::one(), T::mul)),
            Fold::Min => fold_with!(Plain::new(slots.len, T::highest(), T::least)),
            Fold::Max => fold_with!(Plain::new(slots.len, T::lowest(), T::greatest)),
            Fold::Moments => {
                let mut folding = Collecting::new(slots.len);
                fold::run::<f64>(&self.compiled, &inputs, &shape, &order, &slots, &mut folding)
                    .map_err(OpError::failed)?;
                let count: usize = shape
                    .iter()
                    .zip(&*self.reduced)
                    .filter(|(_, reduced)| **reduced)
                    .map(|(&n, _)| n)
                    .product();
                let Moments { count, means, squares, .. } = folding.finish(count as f64, Vec::new());
                // Back from the order in which the block lies in memory.
                let straight = |slots: Vec<f64>| -> Result<Vec<f64>, OpError> {
                    let array = in_order(slots, &kept, &order).map_err(OpError::failed)?;
                    Ok(array.iter().copied().collect())
                };
                let (means, squares) = (straight(means)?, straight(squares)?);
                Ok(Value::sized(Moments { count, means, squares, shape: kept }))
            }
        }
    }
}

impl Op for FoldOp {
    fn name(&self) -> Cow<'_, str> {
        self.compiled.label.as_str().into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        dispatch!(self.compiled.program.dtype, T => self.run::<T>(&args))
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, n_producer_args: usize) -> Option<Arc<dyn Op>> {
        let compiled = self.compiled.absorb(at, producer, n_producer_args)?;
        Some(Arc::new(Self { compiled, fold: self.fold, reduced: self.reduced.clone(), nbytes: self.nbytes }))
    }

    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        Some(self.nbytes)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        self.compiled.pack(to)?;
        to.state(&(self.fold, &self.reduced, self.nbytes))?;
        Ok(|from| {
            let compiled = Compiled::unpack(from)?;
            let (fold, reduced, nbytes) = from.state()?;
            Ok(Unpacked::op(FoldOp { compiled, fold, reduced, nbytes }))
        })
    }
}

/// Joins partial results, and finishes the last of them.
#[derive(Debug)]
pub(crate) struct JoinOp {
    pub(crate) label: Cow<'static, str>,
    pub(crate) fold: Fold,
    /// The type of the partial results.
    pub(crate) dtype: DType,
    /// What the last join does; none for a join within the tree.
    pub(crate) last: Option<Last>,
}

/// The end of a reduction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Last {
    pub(crate) finish: Finish,
    /// The type of the result where `finish` makes one.
    pub(crate) dtype: DType,
    /// The axes that vanish.
    pub(crate) dropped: Arc<[usize]>,
}

impl JoinOp {
    fn blocks<T: Element>(&self, parts: &List) -> Result<Value, OpError> {
        let mut parts = parts.iter().map(|part| block_of::<T>(part));
        let Some(first) = parts.next() else { return Err(OpError::MissingArgument { at: 0, given: 0 }) };
        // Partial results are shared only in hand-built graphs; a clone of one shares its buffer.
        let mut all = first?.clone().into_array();
        for part in parts {
            let part = part?.view();
            match self.fold {
                Fold::Sum | Fold::Moments => all.zip_mut_with(&part, |a, &b| *a = T::add(*a, b)),
                Fold::Prod => all.zip_mut_with(&part, |a, &b| *a = T::mul(*a, b)),
                Fold::Min => all.zip_mut_with(&part, |a, &b| *a = T::least(*a, b)),
                Fold::Max => all.zip_mut_with(&part, |a, &b| *a = T::greatest(*a, b)),
            }
        }
        let Some(last) = &self.last else { return Ok(Block::new(all).into()) };
        let all = dropped(all, &last.dropped);
        match last.finish {
            Finish::Mean { count } if last.dtype.is_complex() => {
                let means = all.mapv(|sum| c128::from_scalar(sum.to_scalar()) / count);
                Ok(match last.dtype {
                    DType::C64 => Block::new(means.mapv(|mean| c64::from_scalar(mean.to_scalar()))).into(),
                    _ => Block::new(means).into(),
                })
            }
            Finish::Mean { count } => {
                let means = all.mapv(|sum| f64::from_scalar(sum.to_scalar()) / count);
                real_block(means, last.dtype)
            }
            _ => Ok(Block::new(all).into()),
        }
    }

    fn moments(&self, parts: &List) -> Result<Value, OpError> {
        let mut all: Option<Moments> = None;
        for part in parts {
            let part = part.get::<Moments>().map_err(|source| OpError::Argument { at: 0, source })?;
            match &mut all {
                None => all = Some(part.clone()),
                Some(all) => all.merge(part),
            }
        }
        let Some(all) = all else { return Err(OpError::MissingArgument { at: 0, given: 0 }) };
        let Some(last) = &self.last else { return Ok(Value::sized(all)) };
        let (ddof, root) = match last.finish {
            Finish::Std { ddof } => (ddof, true),
            Finish::Var { ddof } => (ddof, false),
            Finish::Keep | Finish::Mean { .. } => (0.0, false),
        };
        let divisor = all.count - ddof;
        let of = |&square: &f64| {
            let var = if divisor >= 0.0 { square / divisor } else { f64::NAN };
            if root { var.sqrt() } else { var }
        };
        let result: Vec<f64> = all.squares.iter().map(of).collect();
        let array = ArrayD::from_shape_vec(IxDyn(&all.shape), result).map_err(OpError::failed)?;
        real_block(dropped(array, &last.dropped), last.dtype)
    }
}

fn block_of<T: Element>(value: &Value) -> Result<&Block<T>, OpError> {
    value.get().map_err(|source| OpError::Argument { at: 0, source })
}

/// Removes axes, which have length one.
fn dropped<T: Element>(array: ArrayD<T>, axes: &[usize]) -> ArrayD<T> {
    axes.iter().rev().fold(array, |array, &axis| array.index_axis_move(ndarray::Axis(axis), 0))
}

fn real_block(array: ArrayD<f64>, dtype: DType) -> Result<Value, OpError> {
    Ok(match dtype {
        DType::F32 => Block::new(array.mapv(f32::from_f64)).into(),
        _ => Block::new(array).into(),
    })
}

impl Op for JoinOp {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.label)
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let parts = args.list(0)?;
        match self.fold {
            Fold::Moments => self.moments(parts),
            _ => dispatch!(self.dtype, T => self.blocks::<T>(parts)),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.label, self.fold, self.dtype, &self.last))?;
        Ok(|from| {
            let (label, fold, dtype, last): (String, _, _, _) = from.state()?;
            Ok(Unpacked::op(JoinOp { label: label.into(), fold, dtype, last }))
        })
    }
}
