//! The op of elementwise tasks.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, UnpackError, Unpacked, Unpacker, Value};
use ndarray::{ArrayD, IxDyn};

use super::registers::Allocation;
use super::run::{self, Input, ProgramError};
use super::{ArgKind, Operand, Program};
use crate::block::{Block, Extent};
use crate::element::{Element, dispatch};

/// A program with what it needs to run, and what people call it.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) label: String,
    pub(crate) program: Program,
    pub(crate) allocation: Allocation,
}

/// Labels of fused programs are cut at this length.
const MAX_LABEL: usize = 60;

impl Compiled {
    pub(crate) fn new(label: impl Into<String>, program: Program) -> Self {
        let allocation = Allocation::new(&program);
        Self { label: label.into(), program, allocation }
    }

    pub(crate) fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&(&self.label, &self.program))
    }

    pub(crate) fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let (label, program): (String, Program) = from.state()?;
        Ok(Self::new(label, program))
    }

    /// Joins with the op that makes argument `at`, if that is a program too.
    pub(crate) fn absorb(&self, at: usize, producer: &Arc<dyn Op>, n_args: usize) -> Option<Self> {
        let producer = (&**producer as &dyn Any).downcast_ref::<ProgramOp>()?;
        let Compiled { label, program, .. } = &producer.compiled;
        if program.args.len() != n_args {
            return None;
        }
        let joined = self.program.absorb(at, program)?;
        let label = if label.len() + self.label.len() < MAX_LABEL && !program.instrs.is_empty() {
            format!("{label}-{}", self.label)
        } else {
            self.label.clone()
        };
        Some(Self::new(label, joined))
    }

    /// Whether it makes data out of nothing: all arguments say only where a block lies.
    pub(crate) fn creates(&self) -> bool {
        self.program.args.iter().all(|arg| arg.kind == ArgKind::Extent)
    }

    /// The arguments of a task as the runner takes them, argument `skip` aside. `strides` holds what the
    /// inputs borrow.
    pub(crate) fn inputs<'a>(
        &self,
        args: &'a Args<'_>,
        skip: Option<(usize, Input<'a>)>,
        strides: &'a [Vec<usize>],
    ) -> Result<Vec<Input<'a>>, OpError> {
        let specs = self.program.args.iter().enumerate();
        specs
            .map(|(at, spec)| {
                if let Some((skipped, input)) = skip
                    && skipped == at
                {
                    return Ok(input);
                }
                match spec.kind {
                    ArgKind::Extent => Ok(Input::Extent(args.get::<Extent>(at)?)),
                    ArgKind::Block(dtype) => dispatch!(dtype, T => {
                        let block = args.get::<Block<T>>(at)?;
                        Ok(input_of(block, &strides[at]))
                    }),
                }
            })
            .collect()
    }

    /// The strides of the blocks among the arguments.
    pub(crate) fn strides(&self, args: &Args<'_>) -> Result<Vec<Vec<usize>>, OpError> {
        let specs = self.program.args.iter().enumerate();
        specs
            .map(|(at, spec)| match spec.kind {
                ArgKind::Extent => Ok(Vec::new()),
                ArgKind::Block(dtype) => dispatch!(dtype, T => Ok(args.get::<Block<T>>(at)?.strides())),
            })
            .collect()
    }
}

fn input_of<'a, T: Element>(block: &'a Block<T>, strides: &'a [usize]) -> Input<'a> {
    Input::Block { data: T::any_slice(block.span()), shape: block.shape(), strides }
}

/// Runs a program over blocks.
#[derive(Debug)]
pub(crate) struct ProgramOp {
    pub(crate) compiled: Compiled,
}

/// An argument taken out of the task's arguments for the time of the call.
enum Held<T> {
    Block(Block<T>),
    Shared(Value),
}

impl ProgramOp {
    pub(crate) fn new(label: impl Into<String>, program: Program) -> Self {
        Self { compiled: Compiled::new(label, program) }
    }

    fn run<T: Element>(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let Compiled { program, allocation, .. } = &self.compiled;
        let strides = self.compiled.strides(&args)?;
        let inputs = self.compiled.inputs(&args, None, &strides)?;
        let shape = run::output_shape(program, &inputs).map_err(OpError::failed)?;
        let order = run::memory_order(program, &inputs, &shape);
        if let Some(block) = self.view::<T>(&args, &shape)? {
            return Ok(block.into());
        }

        let candidate = self.in_place_candidate::<T>(&inputs, &shape, &order);
        let n: usize = shape.iter().product();
        let mut out: Vec<T>;
        match candidate {
            None => {
                out = vec![T::default(); n];
                run::map(program, allocation, &inputs, &shape, &order, None, &mut out)
                    .map_err(OpError::failed)?;
            }
            Some(at) => {
                let held = match args.take_unique::<Block<T>>(at)? {
                    Ok(block) => block.into_buffer().map_err(Held::Block),
                    Err(value) => Err(Held::Shared(value)),
                };
                let (input, in_place);
                let kept;
                match held {
                    Ok(buffer) => {
                        out = buffer;
                        input = Input::InPlace { shape: &shape };
                        in_place = Some(at);
                    }
                    Err(block) => {
                        kept = block;
                        let block = match &kept {
                            Held::Block(block) => block,
                            Held::Shared(value) => {
                                value.get().map_err(|source| OpError::Argument { at, source })?
                            }
                        };
                        out = vec![T::default(); n];
                        input = input_of(block, &strides[at]);
                        in_place = None;
                    }
                }
                let inputs = self.compiled.inputs(&args, Some((at, input)), &strides)?;
                run::map(program, allocation, &inputs, &shape, &order, in_place, &mut out)
                    .map_err(OpError::failed)?;
            }
        }
        let array = in_order(out, &shape, &order).map_err(OpError::failed)?;
        Ok(Block::new(array).into())
    }

    /// The result, if it is a block as it stands or seen along other axes.
    fn view<T: Element>(&self, args: &Args<'_>, shape: &[usize]) -> Result<Option<Block<T>>, OpError> {
        let Some(at) = self.compiled.program.passes_through() else { return Ok(None) };
        let spec = &self.compiled.program.args[at];
        let block = args.get::<Block<T>>(at)?;
        let order: Option<Vec<usize>> =
            (0..shape.len()).map(|axis| spec.axes.iter().position(|&a| a == axis)).collect();
        Ok(order.map(|order| block.transposed(&order)).filter(|block| block.shape() == shape))
    }

    /// The argument whose buffer could become the output's.
    fn in_place_candidate<T: Element>(
        &self,
        inputs: &[Input<'_>],
        shape: &[usize],
        order: &[usize],
    ) -> Option<usize> {
        if !order.is_sorted() || self.compiled.program.passes_through().is_some() {
            return None;
        }
        let specs = &self.compiled.program.args;
        specs.iter().zip(inputs).position(|(spec, input)| match input {
            Input::Block { shape: own, strides, .. } => {
                spec.kind == ArgKind::Block(T::DTYPE)
                    && spec.axes.is_sorted()
                    && spec.axes.len() == shape.len()
                    && own == &shape
                    && strides == &super::domain::row_major(shape)
            }
            _ => false,
        })
    }
}

/// An array of this shape out of elements whose axes are in this order, slowest first.
pub(crate) fn in_order<T>(
    elements: Vec<T>,
    shape: &[usize],
    order: &[usize],
) -> Result<ArrayD<T>, ndarray::ShapeError> {
    let ordered: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let mut back = vec![0; order.len()];
    for (at, &axis) in order.iter().enumerate() {
        back[axis] = at;
    }
    Ok(ArrayD::from_shape_vec(IxDyn(&ordered), elements)?.permuted_axes(IxDyn(&back)))
}

impl Op for ProgramOp {
    fn name(&self) -> Cow<'_, str> {
        self.compiled.label.as_str().into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        if args.len() != self.compiled.program.args.len() {
            return Err(OpError::ArgumentCount {
                takes: self.compiled.program.args.len(),
                given: args.len(),
            });
        }
        dispatch!(self.compiled.program.dtype, T => self.run::<T>(args))
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, n_producer_args: usize) -> Option<Arc<dyn Op>> {
        let compiled = self.compiled.absorb(at, producer, n_producer_args)?;
        Some(Arc::new(Self { compiled }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        self.compiled.pack(to)?;
        Ok(|from| Ok(Unpacked::op(ProgramOp { compiled: Compiled::unpack(from)? })))
    }

    fn is_producer(&self) -> bool {
        self.compiled.creates()
    }

    fn is_cheap(&self) -> bool {
        self.compiled.creates() && self.compiled.program.instrs.len() <= 1
            || matches!(self.compiled.program.result, Operand::Const(_))
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        let extent = args.iter().find_map(|arg| match arg {
            Arg::Value(value) => value.downcast_ref::<Extent>(),
            _ => None,
        })?;
        if !self.compiled.creates() {
            return None;
        }
        let n =
            extent.shape.iter().try_fold(self.compiled.program.dtype.itemsize(), |n, &m| n.checked_mul(m));
        Some(n.map_or(u64::MAX, |n| n as u64))
    }
}

impl From<ProgramError> for OpError {
    fn from(error: ProgramError) -> Self {
        OpError::failed(error)
    }
}
