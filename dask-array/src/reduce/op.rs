//! The op of a reduction's first step.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};

use super::Fold;
use super::choice::{self, Choosing, NOWHERE, Places};
use super::counted::Counted;
use super::fold::{self, Folding, Plain, Slots, Sums};
use super::moments::{Collecting, Moments};
use super::paired::Paired;
use crate::block::{Block, Extent};
use crate::element::{Element, dispatch};
use crate::program::op::{Compiled, in_order};
use crate::program::run::{self, Input};

/// Evaluates a program on a block and folds what it gives: the first step of a reduction, which takes the
/// elementwise work before it in.
///
/// The last argument of the program of a [`Fold::Choice`] is the place of the block.
#[derive(Debug)]
pub(crate) struct FoldOp {
    pub(crate) compiled: Compiled,
    pub(crate) fold: Fold,
    /// For each axis, whether it is folded.
    pub(crate) reduced: Arc<[bool]>,
    /// The shape of the whole array, where positions are counted in it.
    pub(crate) whole: Arc<[usize]>,
    /// The size of the partial result of the largest block.
    pub(crate) nbytes: u64,
}

/// A block that is being folded.
struct Folded<'a> {
    op: &'a FoldOp,
    inputs: Vec<Input<'a>>,
    shape: Vec<usize>,
    /// The axes, slowest first, in the order in which elements are folded.
    order: Vec<usize>,
    slots: Slots,
    /// The shape of the result.
    kept: Vec<usize>,
}

impl FoldOp {
    fn run<T: Element>(&self, args: &Args<'_>) -> Result<Value, OpError> {
        let strides = self.compiled.strides(args)?;
        let inputs = self.compiled.inputs(args, None, &strides)?;
        let block = Folded::new(self, inputs)?;
        let n = block.slots.len;
        match self.fold {
            Fold::Sum => block.block::<T, _>(Sums::new(n), Sums::finish),
            Fold::Prod => block.block(Plain::new(n, T::one(), T::mul), Plain::finish),
            Fold::Min => block.block(Plain::new(n, T::highest(), T::least), Plain::finish),
            Fold::Max => block.block(Plain::new(n, T::lowest(), T::greatest), Plain::finish),
            Fold::NanMin => {
                block.block(Plain::new(n, choice::nothing::<T>(false), choice::least_number), Plain::finish)
            }
            Fold::NanMax => {
                block.block(Plain::new(n, choice::nothing::<T>(true), choice::greatest_number), Plain::finish)
            }
            Fold::Counted => {
                let counted = block.folded(Counted::new(n))?.finish(block.kept.clone());
                block.paired(counted)
            }
            Fold::Moments { order, skip_nan: false } => block.moments::<false>(order),
            Fold::Moments { order, skip_nan: true } => block.moments::<true>(order),
            Fold::Choice { largest: false, skip_nan: false } => block.choice::<T, false, false>(),
            Fold::Choice { largest: false, skip_nan: true } => block.choice::<T, false, true>(),
            Fold::Choice { largest: true, skip_nan: false } => block.choice::<T, true, false>(),
            Fold::Choice { largest: true, skip_nan: true } => block.choice::<T, true, true>(),
        }
    }
}

impl<'a> Folded<'a> {
    fn new(op: &'a FoldOp, inputs: Vec<Input<'a>>) -> Result<Self, OpError> {
        let shape = run::output_shape(&op.compiled.program, &inputs).map_err(OpError::failed)?;
        let is_position_in_all = matches!(op.fold, Fold::Choice { .. }) && op.reduced.iter().all(|&all| all);
        let order = if is_position_in_all {
            // Of equals that is first which is so in row-major order, however the block lies in memory.
            (0..shape.len()).collect()
        } else {
            run::memory_order(&op.compiled.program, &inputs, &shape)
        };
        let ordered: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let reduced: Vec<bool> = order.iter().map(|&axis| op.reduced[axis]).collect();
        let slots = Slots::new(&ordered, &reduced);
        let kept = shape.iter().zip(&*op.reduced).map(|(&n, &reduced)| if reduced { 1 } else { n }).collect();
        Ok(Self { op, inputs, shape, order, slots, kept })
    }

    /// Folds all elements.
    fn folded<T: Element, F: Folding<T>>(&self, mut folding: F) -> Result<F, OpError> {
        let compiled = &self.op.compiled;
        fold::run::<T>(compiled, &self.inputs, &self.shape, &self.order, &self.slots, &mut folding)
            .map_err(OpError::failed)?;
        Ok(folding)
    }

    /// Folds to a block.
    fn block<T: Element, F: Folding<T>>(
        &self,
        folding: F,
        finish: impl FnOnce(F) -> Vec<T>,
    ) -> Result<Value, OpError> {
        let slots = finish(self.folded(folding)?);
        let array = in_order(slots, &self.kept, &self.order).map_err(OpError::failed)?;
        Ok(Block::new(array).into())
    }

    /// Slots in row-major order, which were in the order in which the block lies in memory.
    fn straight<T: Copy>(&self, slots: Vec<T>) -> Result<Vec<T>, OpError> {
        if self.order.is_sorted() {
            return Ok(slots);
        }
        let array = in_order(slots, &self.kept, &self.order).map_err(OpError::failed)?;
        Ok(array.iter().copied().collect())
    }

    fn paired<T: Element>(&self, paired: Paired<T>) -> Result<Value, OpError> {
        let (values, numbers) = (self.straight(paired.values)?, self.straight(paired.numbers)?);
        Ok(Value::sized(Paired { values, numbers, shape: paired.shape }))
    }

    fn moments<const SKIP_NAN: bool>(&self, order: u32) -> Result<Value, OpError> {
        let folding = self.folded(Collecting::<SKIP_NAN>::new(self.slots.len, order))?;
        let reduced = self.shape.iter().zip(&*self.op.reduced).filter(|(_, reduced)| **reduced);
        let count: usize = reduced.map(|(&n, _)| n).product();
        let Moments { counts, means, powers, shape } = folding.finish(count as f64, self.kept.clone());
        let counts = if SKIP_NAN { self.straight(counts)? } else { counts };
        let powers = powers.into_iter().map(|power| self.straight(power)).collect::<Result<_, _>>()?;
        Ok(Value::sized(Moments { counts, means: self.straight(means)?, powers, shape }))
    }

    fn choice<T: Element, const LARGEST: bool, const SKIP_NAN: bool>(&self) -> Result<Value, OpError> {
        let Some(Input::Extent(extent)) = self.inputs.last() else {
            return Err(OpError::MissingArgument { at: self.inputs.len(), given: self.inputs.len() });
        };
        let axis = self.reduced_axis();
        let places = match axis {
            None => Places { step: 1, len: usize::MAX },
            Some(axis) => {
                let inner = self.order.iter().rev().take_while(|&&at| at != axis);
                Places { step: inner.map(|&at| self.shape[at]).product(), len: self.shape[axis] }
            }
        };
        let folding = Choosing::<T, LARGEST, SKIP_NAN>::new(self.slots.len, places);
        let mut found = self.folded(folding)?.finish(self.kept.clone());
        for at in found.numbers.iter_mut().filter(|at| **at != NOWHERE) {
            *at = match axis {
                Some(axis) => *at + extent.offset[axis] as i64,
                None => self.position_in_all(*at, extent),
            };
        }
        self.paired(found)
    }

    /// The axis that is reduced, if it is not all of several.
    fn reduced_axis(&self) -> Option<usize> {
        if self.op.reduced.iter().all(|&all| all) && self.op.reduced.len() != 1 {
            return None;
        }
        self.op.reduced.iter().position(|&reduced| reduced)
    }

    /// The number of an element in the whole array from that in its block.
    fn position_in_all(&self, at: i64, extent: &Extent) -> i64 {
        let (mut rest, mut step, mut position) = (at.unsigned_abs() as usize, 1, 0);
        for axis in (0..self.shape.len()).rev() {
            let n = self.shape[axis].max(1);
            position += (rest % n + extent.offset[axis]) * step;
            rest /= n;
            step *= self.op.whole[axis];
        }
        position as i64
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
        let (reduced, whole) = (self.reduced.clone(), self.whole.clone());
        Some(Arc::new(Self { compiled, fold: self.fold, reduced, whole, nbytes: self.nbytes }))
    }

    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        Some(self.nbytes)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        self.compiled.pack(to)?;
        to.state(&(self.fold, &self.reduced, &self.whole, self.nbytes))?;
        Ok(|from| {
            let compiled = Compiled::unpack(from)?;
            let (fold, reduced, whole, nbytes) = from.state()?;
            Ok(Unpacked::op(FoldOp { compiled, fold, reduced, whole, nbytes }))
        })
    }
}
