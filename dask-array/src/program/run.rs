//! Running a program over the blocks that are its arguments, tile by tile.

use super::domain::{Domain, row_major};
use super::kernels::{self, AnySlice, AnySrc, Banks, Kernels, NoKernel, Src};
use super::registers::Allocation;
use super::{ArgKind, Instr, Operand, Program};
use crate::block::Extent;
use crate::element::{DType, Element, dispatch};

/// What a program cannot work with. But for positions out of range, only a graph that was built by hand can bring one
/// about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// An argument's block does not have the shape that the other arguments ask for.
    #[error("argument {arg} has shape {shape:?}, which does not broadcast with the other blocks of the task")]
    Shape {
        /// Position of the argument.
        arg: usize,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An argument's block has the wrong number of axes.
    #[error("argument {arg} has {got} axes, expected {expected}")]
    Axes {
        /// Position of the argument.
        arg: usize,
        /// Axes of the block.
        got: usize,
        /// Axes the operation was written for.
        expected: usize,
    },
    /// An operation does not exist for an element type.
    #[error("operation `{operation}` has no kernel for {dtype}")]
    NoKernel {
        /// The operation.
        operation: String,
        /// The element type it was asked for.
        dtype: DType,
    },
    /// A position that names nothing.
    #[error("position {position} is out of range for {len} choices")]
    Position {
        /// The position.
        position: i64,
        /// How many there are.
        len: usize,
    },
    /// A program that makes one type was asked for another.
    #[error("the program makes {got}, expected {expected}")]
    Result {
        /// What it makes.
        got: DType,
        /// What was asked for.
        expected: DType,
    },
}

/// An argument as the runner takes it.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a> {
    /// A block: elements in memory order, with lengths and strides of its axes.
    Block { data: AnySlice<'a>, shape: &'a [usize], strides: &'a [usize] },
    /// The block whose buffer is the output as well.
    InPlace { shape: &'a [usize] },
    /// The place of a block.
    Extent(&'a Extent),
}

impl Input<'_> {
    fn shape(&self) -> &[usize] {
        match self {
            Input::Block { shape, .. } | Input::InPlace { shape } => shape,
            Input::Extent(extent) => &extent.shape,
        }
    }
}

/// The shape of the output: along each axis the length of the arguments that are not stretched there.
pub(crate) fn output_shape(program: &Program, inputs: &[Input<'_>]) -> Result<Vec<usize>, ProgramError> {
    let mut out = vec![1; program.ndim];
    for (arg, (spec, input)) in program.args.iter().zip(inputs).enumerate() {
        let shape = input.shape();
        if shape.len() != spec.axes.len() {
            return Err(ProgramError::Axes { arg, got: shape.len(), expected: spec.axes.len() });
        }
        for (&axis, &n) in spec.axes.iter().zip(shape) {
            if n != 1 && out[axis] != 1 && out[axis] != n {
                return Err(ProgramError::Shape { arg, shape: shape.to_vec() });
            }
            if n != 1 {
                out[axis] = n;
            }
        }
    }
    Ok(out)
}

/// The axes of the output from the slowest to the fastest, as the first argument that fills the output lies
/// in memory: going through memory in its order is what makes a transposed operand cheap.
pub(crate) fn memory_order(program: &Program, inputs: &[Input<'_>], shape: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..program.ndim).collect();
    for (spec, input) in program.args.iter().zip(inputs) {
        let Input::Block { shape: own, strides, .. } = input else { continue };
        let fills = spec.axes.len() == program.ndim
            && spec.axes.iter().zip(own.iter()).all(|(&axis, &n)| shape[axis] == n);
        if fills {
            // Axes of length one may lie anywhere; leaving them where they are keeps the order stable.
            let of = |axis: usize| {
                let own_axis = spec.axes.iter().position(|&a| a == axis).unwrap_or(axis);
                strides[own_axis]
            };
            let mut long: Vec<usize> = order.iter().copied().filter(|&axis| shape[axis] != 1).collect();
            let places: Vec<usize> = long.clone();
            long.sort_by_key(|&axis| std::cmp::Reverse(of(axis)));
            for (place, axis) in places.into_iter().zip(long) {
                order[place] = axis;
            }
            return order;
        }
    }
    order
}

/// How an argument lies in the index space of the output.
struct Layout {
    domain: Domain,
    strides: Vec<usize>,
}

impl Layout {
    fn new(shape: &[usize], strides: Vec<usize>) -> Self {
        let mut strides = [strides];
        let domain = Domain::merge(shape, &mut strides);
        let [strides] = strides;
        Self { domain, strides }
    }

    fn inner(&self) -> usize {
        self.strides[self.strides.len() - 1]
    }

    /// Cuts `len` positions from `start` on at the ends of lines: calls `each` with the offset of the first
    /// element of a piece and the piece's place in the tile.
    fn pieces(&self, start: usize, len: usize, mut each: impl FnMut(usize, std::ops::Range<usize>)) {
        let line = self.domain.line();
        let (mut outer, mut within) = (start / line, start % line);
        let mut done = 0;
        while done < len {
            let n = (line - within).min(len - done);
            let offset = self.domain.line_offset(outer, &self.strides) + within * self.inner();
            each(offset, done..done + n);
            done += n;
            within = 0;
            outer += 1;
        }
    }
}

/// Where the current tile of an argument is.
#[derive(Clone, Copy)]
enum At {
    /// In the block itself, from this element on.
    Slice(usize),
    /// One element of the block stands for the whole tile.
    Splat(usize),
    /// Copied together in the argument's own register.
    Staged,
}

/// Lines of an argument, where they lie.
pub(crate) struct Lines<'r, T> {
    data: &'r [T],
    layout: &'r Layout,
    line: usize,
}

impl<T> Lines<'_, T> {
    /// The line of this number.
    pub(crate) fn get(&self, number: usize) -> &[T] {
        let (at, longer) = (number * self.line, self.layout.domain.line());
        let offset = self.layout.domain.line_offset(at / longer, &self.layout.strides) + at % longer;
        &self.data[offset..offset + self.line]
    }
}

struct Leaf<'a> {
    data: Option<AnySlice<'a>>,
    dtype: DType,
    layout: Layout,
    at: At,
    stage: Banks,
    /// Elements in the stage that stay right for every tile that begins on a line, of an argument that is the
    /// same on every line.
    periodic: Option<usize>,
}

/// A program over its arguments, ready to be evaluated tile by tile.
pub(crate) struct Runner<'a> {
    program: &'a Program,
    allocation: &'a Allocation,
    /// One for each argument; extents have none.
    leaves: Vec<Option<Leaf<'a>>>,
    /// For each ramp instruction, how its axis lies in the output, and the first position of the block.
    ramps: Vec<Option<(Layout, usize)>>,
    banks: Banks,
    start: usize,
    len: usize,
}

impl<'a> Runner<'a> {
    /// Gets ready to evaluate tiles of at most `tile` elements of an output of the given shape, whose
    /// positions are counted with the axes in `order`.
    pub(crate) fn new(
        program: &'a Program,
        allocation: &'a Allocation,
        inputs: &[Input<'a>],
        shape: &[usize],
        order: &[usize],
        tile: usize,
    ) -> Self {
        let ordered: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let layout = |axes: &[usize], own: &[usize], strides: &[usize]| {
            let mut full = vec![0; shape.len()];
            for ((&axis, &n), &stride) in axes.iter().zip(own).zip(strides) {
                full[axis] = if n == 1 { 0 } else { stride };
            }
            Layout::new(&ordered, order.iter().map(|&axis| full[axis]).collect())
        };
        let leaves = program
            .args
            .iter()
            .zip(inputs)
            .map(|(spec, input)| {
                let ArgKind::Block(dtype) = spec.kind else { return None };
                let (data, layout) = match input {
                    Input::Block { data, shape, strides } => {
                        (Some(*data), layout(&spec.axes, shape, strides))
                    }
                    _ => (None, Layout::new(&ordered, row_major(&ordered))),
                };
                Some(Leaf::new(data, dtype, layout, tile))
            })
            .collect();
        let ramps = program
            .instrs
            .iter()
            .map(|instr| {
                let Instr::Ramp { arg, axis, .. } = *instr else { return None };
                let Input::Extent(extent) = inputs[arg] else { return None };
                let along = program.args[arg].axes[axis];
                Some((layout(&[along], &[extent.shape[axis]], &[1]), extent.offset[axis]))
            })
            .collect();
        let banks = allocation.banks(tile);
        Self { program, allocation, leaves, ramps, banks, start: 0, len: 0 }
    }

    /// Moves to the tile of `len` elements at `start`.
    pub(crate) fn seek(&mut self, start: usize, len: usize) {
        (self.start, self.len) = (start, len);
        for leaf in self.leaves.iter_mut().flatten() {
            leaf.seek(start, len);
        }
    }

    /// Gives the argument that is computed in place its tile.
    pub(crate) fn stage<T: Element>(&mut self, arg: usize, tile: &[T]) {
        if let Some(leaf) = &mut self.leaves[arg] {
            T::bank_mut(&mut leaf.stage)[0][..tile.len()].copy_from_slice(tile);
            leaf.at = At::Staged;
        }
    }

    /// Evaluates the program on the current tile into `out`.
    pub(crate) fn write<T: Element>(&mut self, out: &mut [T]) -> Result<(), ProgramError> {
        let n = self.program.instrs.len();
        if n > 0 && self.program.result == Operand::Value(n - 1) {
            self.evaluate(n - 1)?;
            return self.instruction(n - 1, out);
        }
        self.evaluate(n)?;
        kernels::copy(self.source::<T>(self.program.result)?, out);
        Ok(())
    }

    /// Evaluates the program on the current tile and shows it to `each`; a tile that lies ready in a block is
    /// not copied.
    pub(crate) fn show<T: Element>(
        &mut self,
        scratch: &mut [T],
        each: impl FnOnce(&[T]),
    ) -> Result<(), ProgramError> {
        self.evaluate(self.program.instrs.len())?;
        match self.source::<T>(self.program.result)? {
            Src::Slice(tile) => each(tile),
            Src::Splat(value) => {
                let tile = &mut scratch[..self.len];
                tile.fill(value);
                each(tile);
            }
        }
        Ok(())
    }

    /// The lines of so many elements, where the program only shows an argument that lies in memory line by line.
    pub(crate) fn lines<T: Element>(&self, line: usize) -> Option<Lines<'_, T>> {
        let Operand::Arg(arg) = self.program.result else { return None };
        let leaf = self.leaves[arg].as_ref().filter(|_| self.program.instrs.is_empty())?;
        let data = T::of_slice(leaf.data?)?;
        let lies_so = leaf.layout.inner() == 1 && leaf.layout.domain.line().is_multiple_of(line);
        lies_so.then_some(Lines { data, layout: &leaf.layout, line })
    }

    /// Runs the first `n` instructions on the current tile.
    fn evaluate(&mut self, n: usize) -> Result<(), ProgramError> {
        for at in 0..n {
            let register = self.allocation.register[at];
            dispatch!(self.program.instrs[at].dtype(), T => {
                // Taken out for the time of the kernel, which reads other registers of the same bank.
                let mut tile = std::mem::take(&mut T::bank_mut(&mut self.banks)[register]);
                let done = self.instruction(at, &mut tile[..self.len]);
                T::bank_mut(&mut self.banks)[register] = tile;
                done?;
            });
        }
        Ok(())
    }

    /// Runs one instruction, whose type is `T`, into `out`.
    fn instruction<T: Element>(&self, at: usize, out: &mut [T]) -> Result<(), ProgramError> {
        let instr = self.program.instrs[at];
        let missing = |NoKernel| ProgramError::NoKernel { operation: format!("{instr:?}"), dtype: T::DTYPE };
        match instr {
            Instr::Unary { op, a, .. } => T::unary(op, self.source(a)?, out).map_err(missing)?,
            Instr::Binary { op, a, b, .. } => {
                T::binary(op, self.source(a)?, self.source(b)?, out).map_err(missing)?;
            }
            Instr::Select { cond, a, b, .. } => {
                kernels::select(self.source(cond)?, self.source(a)?, self.source(b)?, out);
            }
            Instr::Cast { from, a, .. } => T::cast_from(self.any_source(from, a)?, out),
            Instr::Part { op, from, a, .. } => {
                T::part(op, self.any_source(from, a)?, out).map_err(missing)?
            }
            Instr::Test { .. } | Instr::Compare { .. } => {
                let out = T::bools_mut(out).ok_or(NoKernel).map_err(missing)?;
                self.question(instr, out)?;
            }
            Instr::Bounded { a, len } => {
                let positions = self.source::<i64>(a)?;
                if let Some(position) = kernels::outside(positions, len) {
                    return Err(ProgramError::Position { position, len });
                }
                T::cast_from(i64::any(positions), out);
            }
            Instr::Ramp { start, step, .. } => {
                let (layout, first) = self.ramps[at].as_ref().ok_or(NoKernel).map_err(missing)?;
                let (start, step) = (T::from_scalar(start), T::from_scalar(step));
                layout.pieces(self.start, self.len, |offset, piece| {
                    let out = &mut out[piece];
                    if layout.inner() == 1 {
                        T::ramp(start, step, first + offset, out);
                    } else if let Some((one, rest)) = out.split_first_mut() {
                        T::ramp(start, step, first + offset, std::slice::from_mut(one));
                        rest.fill(*one);
                    }
                });
            }
        }
        Ok(())
    }

    /// Runs one instruction that asks something of its operands.
    fn question(&self, instr: Instr, out: &mut [bool]) -> Result<(), ProgramError> {
        match instr {
            Instr::Test { op, dtype, a } => dispatch!(dtype, T => T::test(op, self.source(a)?, out)),
            Instr::Compare { op, dtype, a, b } => {
                dispatch!(dtype, T => kernels::compare::<T>(op, self.source(a)?, self.source(b)?, out));
            }
            _ => {}
        }
        Ok(())
    }

    /// The current tile of an operand of this type.
    fn any_source(&self, dtype: DType, operand: Operand) -> Result<AnySrc<'_>, ProgramError> {
        dispatch!(dtype, T => Ok(T::any(self.source::<T>(operand)?)))
    }

    /// The current tile of an operand.
    fn source<T: Element>(&self, operand: Operand) -> Result<Src<'_, T>, ProgramError> {
        match operand {
            Operand::Const(scalar) => Ok(Src::Splat(T::from_scalar(scalar))),
            Operand::Value(value) => {
                let register = self.allocation.register[value];
                Ok(Src::Slice(&T::bank(&self.banks)[register][..self.len]))
            }
            Operand::Arg(arg) => {
                self.leaves[arg].as_ref().and_then(|leaf| leaf.tile::<T>(self.len)).ok_or_else(|| {
                    ProgramError::NoKernel { operation: format!("argument {arg}"), dtype: T::DTYPE }
                })
            }
        }
    }
}

impl<'a> Leaf<'a> {
    fn new(data: Option<AnySlice<'a>>, dtype: DType, layout: Layout, tile: usize) -> Self {
        let mut stage = Banks::default();
        // A block that lies in memory as the output does is never copied together.
        if data.is_none() || !layout.domain.is_flat(&layout.strides) {
            dispatch!(dtype, T => T::bank_mut(&mut stage).push(vec![T::default(); tile]));
        }
        Self { data, dtype, layout, at: At::Staged, stage, periodic: None }
    }

    fn seek(&mut self, start: usize, len: usize) {
        let Some(data) = self.data else { return };
        let layout = &self.layout;
        let line = layout.domain.line();
        let within = start % line;
        let inner = layout.inner();
        if within + len <= line && inner <= 1 {
            let offset = layout.domain.line_offset(start / line, &layout.strides) + within * inner;
            self.at = if inner == 1 { At::Slice(offset) } else { At::Splat(offset) };
            return;
        }
        self.at = At::Staged;
        let same_on_every_line =
            within == 0 && layout.strides[..layout.strides.len() - 1].iter().all(|&stride| stride == 0);
        if same_on_every_line && self.periodic.is_some_and(|filled| filled >= len) {
            return;
        }
        self.periodic = same_on_every_line.then_some(len);
        dispatch!(self.dtype, T => {
            if let Some(data) = T::of_slice(data) {
                let stage = &mut T::bank_mut(&mut self.stage)[0];
                layout.pieces(start, len, |offset, piece| gather(data, offset, inner, &mut stage[piece]));
            }
        });
    }

    fn tile<T: Element>(&self, len: usize) -> Option<Src<'_, T>> {
        Some(match self.at {
            At::Slice(offset) => Src::Slice(&T::of_slice(self.data?)?[offset..offset + len]),
            At::Splat(offset) => Src::Splat(T::of_slice(self.data?)?[offset]),
            At::Staged => Src::Slice(&T::bank(&self.stage).first()?[..len]),
        })
    }
}

/// Copies elements `offset`, `offset + stride`, … together.
fn gather<T: Kernels>(data: &[T], offset: usize, stride: usize, out: &mut [T]) {
    match stride {
        0 => out.fill(data[offset]),
        1 => out.copy_from_slice(&data[offset..offset + out.len()]),
        _ => {
            for (out, &value) in out.iter_mut().zip(data[offset..].iter().step_by(stride)) {
                *out = value;
            }
        }
    }
}

/// Evaluates a program into `out`, which has the output's shape with its axes in `order`.
///
/// `in_place` names the argument that `out` holds the elements of; it lies in memory as the output does.
pub(crate) fn map<T: Element>(
    program: &Program,
    allocation: &Allocation,
    inputs: &[Input<'_>],
    shape: &[usize],
    order: &[usize],
    in_place: Option<usize>,
    out: &mut [T],
) -> Result<(), ProgramError> {
    if program.dtype != T::DTYPE {
        return Err(ProgramError::Result { got: program.dtype, expected: T::DTYPE });
    }
    let tile = tile_of(program, inputs, shape, order);
    let mut runner = Runner::new(program, allocation, inputs, shape, order, tile.min(out.len()));
    let mut start = 0;
    for out in out.chunks_mut(tile) {
        runner.seek(start, out.len());
        if let Some(arg) = in_place {
            runner.stage(arg, out);
        }
        runner.write(out)?;
        start += out.len();
    }
    Ok(())
}

/// The tile that suits the lines on which all arguments lie in memory.
pub(crate) fn tile_of(program: &Program, inputs: &[Input<'_>], shape: &[usize], order: &[usize]) -> usize {
    let ordered: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let mut strides: Vec<Vec<usize>> = program
        .args
        .iter()
        .zip(inputs)
        .filter_map(|(spec, input)| {
            let Input::Block { shape: own, strides, .. } = input else { return None };
            let mut full = vec![0; shape.len()];
            for ((&axis, &n), &stride) in spec.axes.iter().zip(own.iter()).zip(strides.iter()) {
                full[axis] = if n == 1 { 0 } else { stride };
            }
            Some(order.iter().map(|&axis| full[axis]).collect())
        })
        .collect();
    Domain::merge(&ordered, &mut strides).tile()
}
