//! Slices that move before the work on what they take a part of.
//!
//! ```text
//! (x + row)[5.., ::2]   ⇒   x[5.., ::2] + row[::2]
//! x.t()[5.., 3]         ⇒   x[3, 5..].t()
//! read(x)[5..]          ⇒   read(x, 5..)
//! x[5..][..3]           ⇒   x[5..8]
//! concatenate(x, y)[5..] ⇒  concatenate(x[5..], y)
//! x[[7, 0, 0]][.., 3]    ⇒  x[.., 3][[7, 0, 0]]
//! ```
//!
//! Blocks of the result stay what they were: every one of them is a part of one block of what is sliced, and so
//! of one block of each operand.

use std::any::Any;
use std::sync::Arc;

use dask_graph::{Axis, BlockArg, Blockwise, Layer, LayerInfo, Name, Tokenizer, Value};

use super::SliceLayer;
use crate::array::concatenate::ConcatenateLayer;
use crate::array::fancy::TakeLayer;
use crate::array::{label, name_of};
use crate::block::Extent;
use crate::element::{Element, dispatch};
use crate::program::op::ProgramOp;
use crate::program::{ArgKind, ArgSpec, Program};
use crate::selection::{AxisCut, Cut, Out, Selection, Taken};
use crate::storage::ReadOp;

/// The layers that give the slice over the inputs of `producer`; `None` where that is neither a slice, a read,
/// arrays one after the other nor an elementwise operation.
pub(super) fn push_into<A: Element>(
    slice: &SliceLayer<A>,
    producer: &dyn Layer,
) -> Option<Vec<Arc<dyn Layer>>> {
    let info = (slice as &dyn Layer).info_with(producer);
    if let Some(first) = producer.downcast_ref::<SliceLayer<A>>() {
        let cut = first.cut.then(&slice.cut);
        let both = SliceLayer::<A>::new(slice.name.clone(), first.input.clone(), cut, info);
        return Some(vec![Arc::new(both)]);
    }
    if let Some(joined) = producer.downcast_ref::<ConcatenateLayer>() {
        return into_joined(slice, joined, info);
    }
    if let Some(taken) = producer.downcast_ref::<TakeLayer<A>>() {
        return into_taken(slice, taken, info);
    }
    let producer = producer.downcast_ref::<Blockwise>()?;
    let op: &dyn Any = &**producer.op();
    if op.is::<ReadOp<A>>() {
        return into_read(slice, producer, info);
    }
    into_program(slice, producer, op.downcast_ref::<ProgramOp>()?, info)
}

/// The same source is asked for less.
fn into_read<A: Element>(
    slice: &SliceLayer<A>,
    producer: &Blockwise,
    info: LayerInfo,
) -> Option<Vec<Arc<dyn Layer>>> {
    let [BlockArg::PerBlock { axes, value }] = producer.args() else { return None };
    if axes != producer.output() {
        return None;
    }
    let (cut, value) = (slice.cut.clone(), value.clone());
    let part = move |index: &[u32]| {
        let (block, taken) = cut.block(index);
        let before = value(&block);
        match before.downcast_ref::<Selection>() {
            Some(before) => Value::sized(before.then(&taken)),
            // Not what a read takes: it says so.
            None => before,
        }
    };
    let axes = slice.axes();
    let layer = Blockwise::builder(&slice.name, producer.op().clone(), &axes).per_block(&axes, part);
    Some(vec![Arc::new(layer.info(info).build().ok()?)])
}

/// Slices of those arrays of which something is taken are joined.
fn into_joined<A: Element>(
    slice: &SliceLayer<A>,
    joined: &ConcatenateLayer,
    info: LayerInfo,
) -> Option<Vec<Arc<dyn Layer>>> {
    let lengths: Vec<&[usize]> = joined.parts.iter().map(|(_, lengths)| &**lengths).collect();
    let taken = slice.cut.axes[joined.axis].split(&lengths).into_iter().map(|(part, own)| {
        let mut cut = slice.cut.clone();
        cut.axes[joined.axis] = own;
        (&joined.parts[part].0, cut)
    });
    let mut taken: Vec<_> = taken.collect();
    if taken.len() == 1 {
        let (input, cut) = taken.pop()?;
        return Some(vec![Arc::new(SliceLayer::<A>::new(slice.name.clone(), input.clone(), cut, info))]);
    }
    let axis = slice.cut.out.iter().position(|&out| out == Out::Of(joined.axis))?;
    let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
    let mut parts = Vec::with_capacity(taken.len());
    for (at, (input, cut)) in taken.into_iter().enumerate() {
        let lengths = cut.chunks().lengths(axis).into();
        let name = if cut.is_whole() { input.clone() } else { slice.name_over(input, at) };
        if name != *input {
            layers.push(Arc::new(slice.part::<A>(name.clone(), input, cut)));
        }
        parts.push((name, lengths));
    }
    let n_blocks = slice.n_blocks.clone();
    layers.push(Arc::new(ConcatenateLayer::new(slice.name.clone(), axis, parts, n_blocks, info)));
    Some(layers)
}

/// The same points are taken of a slice along the other axes.
fn into_taken<A: Element>(
    slice: &SliceLayer<A>,
    taken: &TakeLayer<A>,
    info: LayerInfo,
) -> Option<Vec<Arc<dyn Layer>>> {
    let points = taken.first;
    let first = slice.cut.out.iter().position(|&out| out == Out::Of(points))?;
    if !slice.cut.axes[points].is_whole() {
        return None;
    }
    // In the place of the points, the axes that they lie along.
    let n = taken.lengths.len();
    let mut axes = slice.cut.axes.clone();
    axes.splice(points..=points, taken.lengths.iter().map(|lengths| AxisCut::whole(lengths)));
    let out = slice.cut.out.iter().flat_map(|&out| match out {
        Out::Of(axis) if axis == points => (points..points + n).map(Out::Of).collect(),
        Out::Of(axis) if axis > points => vec![Out::Of(axis + n - 1)],
        out => vec![out],
    });
    let cut = Cut { axes, out: out.collect() };
    let input = slice.name_over(&taken.input, 0);
    let part = slice.part::<A>(input.clone(), &taken.input, cut);
    let layer = taken.of_other(slice.name.clone(), input, first, slice.n_blocks.clone(), info);
    Some(vec![Arc::new(part), Arc::new(layer)])
}

impl<A: Element> SliceLayer<A> {
    /// The name of what this slice is before its producer's argument `at`.
    fn name_over(&self, input: &Name, at: usize) -> Name {
        name_of("slice", Tokenizer::new("slice").feed(&self.name).feed(input).feed(&at).finish())
    }

    /// What this slice is before its producer: a slice of one of its arguments.
    fn part<T: Element>(&self, name: Name, input: &Name, cut: Cut) -> SliceLayer<T> {
        let operations = (self as &dyn Layer).operations();
        let info = LayerInfo { stands_for: operations.into(), ..self.info.clone() };
        SliceLayer::new(name, input.clone(), cut, info)
    }
}

/// The same program runs over slices of its arguments.
fn into_program<A: Element>(
    slice: &SliceLayer<A>,
    producer: &Blockwise,
    op: &ProgramOp,
    info: LayerInfo,
) -> Option<Vec<Arc<dyn Layer>>> {
    let program = &op.compiled.program;
    if !fits(program, producer) || !keeps_elements(program, &slice.cut) {
        return None;
    }
    let place = |axis: usize| slice.cut.out.iter().position(|&out| out == Out::Of(axis));
    let places: Vec<Option<usize>> = (0..program.ndim).map(place).collect();
    let sliced = program.with_axes(&places, slice.cut.out.len())?;

    let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
    let op = Arc::new(ProgramOp::new(op.compiled.label.as_str(), sliced.clone()));
    let mut layer = Blockwise::builder(&slice.name, op, &slice.axes()).info(info);
    for (at, (arg, spec)) in producer.args().iter().zip(&program.args).enumerate() {
        let cut = cut_of_arg(&slice.cut, spec);
        let axes: Vec<_> = sliced.args[at].axes.iter().map(|&axis| label(axis)).zip(cut.n_blocks()).collect();
        layer = match (arg, spec.kind) {
            (BlockArg::Blocks { name, .. }, ArgKind::Block(_)) if cut.is_whole() => layer.blocks(name, &axes),
            (BlockArg::Blocks { name: input, .. }, ArgKind::Block(dtype)) => {
                let name = slice.name_over(input, at);
                layers.push(dispatch!(dtype, T => {
                    Arc::new(slice.part::<T>(name.clone(), input, cut)) as Arc<dyn Layer>
                }));
                layer.blocks(&name, &axes)
            }
            (BlockArg::PerBlock { value, .. }, ArgKind::Extent) => {
                let value = value.clone();
                layer.per_block(&axes, move |index| {
                    let (block, taken) = cut.block(index);
                    let before = value(&block);
                    match before.downcast_ref::<Extent>() {
                        Some(before) => Value::sized(extent(before, &taken)),
                        None => before,
                    }
                })
            }
            _ => return None,
        };
    }
    layers.push(Arc::new(layer.build().ok()?));
    Some(layers)
}

/// Whether the layer hands the program its arguments as this crate builds such layers.
fn fits(program: &Program, layer: &Blockwise) -> bool {
    let along = |axes: &[(Axis, u32)], spec: &ArgSpec| {
        let place = |axis| layer.output().iter().position(|&(of, _)| of == axis);
        axes.iter().map(|&(axis, _)| place(axis)).eq(spec.axes.iter().map(|&axis| Some(axis)))
    };
    layer.contracted().is_empty()
        && layer.output().len() == program.ndim
        && layer.args().len() == program.args.len()
        && layer.args().iter().zip(&program.args).all(|(arg, spec)| match arg {
            BlockArg::Blocks { axes, .. } | BlockArg::PerBlock { axes, .. } => along(axes, spec),
            BlockArg::Whole(_) | BlockArg::Literal(_) => false,
        })
}

/// Whether slices of its arguments are all that a program needs to make the slice of its output.
///
/// It does not know the length of an axis that no argument has, which is one unless nothing is taken of it, and
/// it counts from the place of a block on without gaps.
fn keeps_elements(program: &Program, cut: &Cut) -> bool {
    let new_are_one = cut.out.iter().all(|&out| out != Out::New { len: 0 });
    let empty_are_known = (0..program.ndim).all(|axis| cut.axes[axis].len() > 0 || program.fills(axis));
    new_are_one && empty_are_known && program.ramp_axes().all(|axis| cut.axes[axis].is_dense())
}

/// What is taken of an argument: along an axis where it is broadcast, its only element.
fn cut_of_arg(cut: &Cut, spec: &ArgSpec) -> Cut {
    let stays = |axis: usize| cut.out.contains(&Out::Of(axis));
    let axes =
        spec.axes.iter().zip(&spec.broadcast).map(|(&axis, &broadcast)| match (broadcast, stays(axis)) {
            (false, _) => cut.axes[axis].clone(),
            (true, true) => AxisCut::whole(&[1]),
            (true, false) => AxisCut::only(),
        });
    let out = (0..spec.axes.len()).filter(|&own| stays(spec.axes[own])).map(Out::Of);
    Cut { axes: axes.collect(), out: out.collect() }
}

/// The place of a part of a block.
fn extent(block: &Extent, taken: &Selection) -> Extent {
    let along = block.offset.iter().zip(&taken.source).filter_map(|(offset, taken)| match *taken {
        Taken::Along { start, len, .. } => Some((offset + start, len)),
        Taken::At(_) => None,
    });
    let (offset, shape) = along.unzip();
    Extent { offset, shape }
}
