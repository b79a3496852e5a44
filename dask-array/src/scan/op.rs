//! The op of cumulative operations.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use ndarray::{Axis, IxDyn};

use super::{Scan, accumulate};
use crate::block::Block;
use crate::element::{Element, dispatch};
use crate::program::op::{Compiled, in_order};
use crate::program::run::{self, Runner};

/// Evaluates a program on a block and accumulates what it gives along an axis, on from the end of the block that comes
/// behind the program's arguments, if there is one.
#[derive(Debug)]
pub(crate) struct ScanOp {
    pub(crate) compiled: Compiled,
    pub(crate) scan: Scan,
    pub(crate) axis: usize,
}

impl ScanOp {
    fn run<T: Element>(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let program = &self.compiled.program;
        let strides = self.compiled.strides(&args)?;
        let inputs = self.compiled.inputs(&args, None, &strides)?;
        let shape = run::output_shape(program, &inputs).map_err(OpError::failed)?;
        let order = run::memory_order(program, &inputs, &shape);
        let carry = self.carry::<T>(&args, &order)?;
        let lines = Lines::new(&shape, &order, self.axis);

        // A block that nobody else holds is accumulated where it is.
        if let Some(mut out) = self.own_buffer::<T>(&mut args, &order)? {
            let n = out.len();
            lines.accumulate(&mut out, 0, n, carry.as_deref(), self.scan);
            return finished(out, &shape, &order);
        }
        let inputs = self.compiled.inputs(&args, None, &strides)?;
        let mut out = vec![T::default(); shape.iter().product()];
        let tile = run::tile_of(program, &inputs, &shape, &order).min(out.len().max(1));
        let mut runner = Runner::new(program, &self.compiled.allocation, &inputs, &shape, &order, tile);
        for start in (0..out.len()).step_by(tile) {
            let n = tile.min(out.len() - start);
            runner.seek(start, n);
            runner.write(&mut out[start..start + n]).map_err(OpError::failed)?;
            lines.accumulate(&mut out, start, n, carry.as_deref(), self.scan);
        }
        finished(out, &shape, &order)
    }

    /// What comes before: the last elements along the axis, in the order in which the lines lie in memory.
    fn carry<T: Element>(&self, args: &Args<'_>, order: &[usize]) -> Result<Option<Vec<T>>, OpError> {
        let at = self.compiled.program.args.len();
        if args.len() <= at {
            return Ok(None);
        }
        let before = args.get::<Block<T>>(at)?.view();
        let Some(last) = before.shape().get(self.axis).and_then(|n| n.checked_sub(1)) else {
            return Ok(None);
        };
        let last = before.slice_axis(Axis(self.axis), (last..=last).into());
        Ok(Some(last.permuted_axes(IxDyn(order)).iter().copied().collect()))
    }

    /// The buffer of the block that is accumulated, if no work comes before and nobody else holds it.
    fn own_buffer<T: Element>(
        &self,
        args: &mut Args<'_>,
        order: &[usize],
    ) -> Result<Option<Vec<T>>, OpError> {
        let Some(at) = self.compiled.program.passes_through() else { return Ok(None) };
        let is_plain = self.compiled.program.args[at].axes.is_sorted() && order.is_sorted();
        if !is_plain || !args.get::<Block<T>>(at)?.is_row_major() {
            return Ok(None);
        }
        Ok(match args.take_unique::<Block<T>>(at)? {
            Ok(block) => Some(block.into_buffer().unwrap_or_else(|block| block.row_major().into_owned())),
            Err(value) => {
                let block: &Block<T> = value.get().map_err(|source| OpError::Argument { at, source })?;
                Some(block.row_major().into_owned())
            }
        })
    }
}

/// How the lines along the axis lie in memory.
struct Lines {
    step: usize,
    len: usize,
}

impl Lines {
    fn new(shape: &[usize], order: &[usize], axis: usize) -> Self {
        let inner = order.iter().rev().take_while(|&&at| at != axis);
        Self { step: inner.map(|&at| shape[at]).product(), len: shape[axis] }
    }

    fn accumulate<T: Element>(&self, out: &mut [T], start: usize, n: usize, carry: Option<&[T]>, scan: Scan) {
        // One loop for each operation: a function behind a pointer would not be inlined.
        match scan {
            Scan::Sum => accumulate(out, start, n, self.step, self.len, carry, T::add),
            Scan::Prod => accumulate(out, start, n, self.step, self.len, carry, T::mul),
        }
    }
}

fn finished<T: Element>(out: Vec<T>, shape: &[usize], order: &[usize]) -> Result<Value, OpError> {
    Ok(Block::new(in_order(out, shape, order).map_err(OpError::failed)?).into())
}

impl Op for ScanOp {
    fn name(&self) -> Cow<'_, str> {
        self.compiled.label.as_str().into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        dispatch!(self.compiled.program.dtype, T => self.run::<T>(args))
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, n_producer_args: usize) -> Option<Arc<dyn Op>> {
        let compiled = self.compiled.absorb(at, producer, n_producer_args)?;
        Some(Arc::new(Self { compiled, scan: self.scan, axis: self.axis }))
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        self.compiled.pack(to)?;
        to.state(&(self.scan, self.axis))?;
        Ok(|from| {
            let compiled = Compiled::unpack(from)?;
            let (scan, axis) = from.state()?;
            Ok(Unpacked::op(ScanOp { compiled, scan, axis }))
        })
    }
}
