//! Arrays with some elements replaced.

mod filtered;

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, Op, OpError, Task, Tokenize, Tokenizer, Value};
use ndarray::{ArrayViewD, ArrayViewMutD, Axis, NewAxis, SliceInfoElem};
use serde::{Deserialize, Serialize};

use super::elementwise::{Other, broadcast_shape, chosen};
use super::indexing::{ArrayIndex, ListPart, Resolved};
use super::layer::BlockLayer;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::{Element, Scalar};
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};
use crate::selection::{AxisCut, Out, Selection, Taken};

impl<A: Element> Array<A> {
    /// The array with what lies at an index replaced by a number, or by an array that broadcasts to that part (numpy's
    /// `x[index] = value`).
    ///
    /// This array is not changed. Blocks that nothing is replaced in are the same; of a position that a list names
    /// twice, the last value counts.
    ///
    /// # Errors
    ///
    /// - As [`index`](Array::index).
    /// - When the value does not broadcast to the part.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2)?;
    /// let row = Array::from_ndarray(arr1(&[7, 8]), 2)?;
    /// let y = x.set((.., 0), 0)?.set((1, [2, 1]), &row)?;
    /// assert_eq!(y.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[0, 2, 3], [0, 8, 7]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn set(&self, index: impl ArrayIndex, value: impl Other<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let Resolved { elems, list } = Resolved::new(&index.parts(), self.shape())?;
        let selection = Selection::new(self.shape(), &elems)?;
        let (target, order) = Target::new(&selection, list.as_ref(), self.chunks());
        let Some(array) = value.array() else {
            let number = value.number().unwrap_or_default().to_scalar();
            return Ok(self.assigned(target, selection, Source::<A>::Number(number), &info));
        };
        let mut region: Vec<usize> =
            target.lengths(&selection).iter().map(|lengths| lengths.iter().sum()).collect();
        if let Some(list) = &list {
            region[list.out] = list.positions.len();
        }
        let mut array = array.broadcast_in(&region, &info)?;
        if let (Some(list), Some(order)) = (&list, order) {
            array = array.taken(order, list.out, &info);
        }
        let array = array.rechunked(&Chunks::from_lengths(target.lengths(&selection)), &info);
        Ok(self.assigned(target, selection, Source::Array(array), &info))
    }

    /// The array with the elements where `mask` holds replaced by a number, or by what lies there in an array that
    /// broadcasts to this one; for one value after another, see [`set_filtered`](Array::set_filtered). As in [`filter`](Array::filter), a mask of fewer axes lies along the first axes.
    ///
    /// # Errors
    ///
    /// - When the mask's shape is not that of the first axes of the array.
    /// - When the value does not broadcast to the array's shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1.0, -2.0, f64::NAN]), 2)?;
    /// let y = x.set_where(&x.is_nan(), 0.0)?;
    /// assert_eq!(y.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.0, -2.0, 0.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn set_where(&self, mask: &Array<bool>, value: impl Other<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        if self.shape().get(..mask.ndim()) != Some(mask.shape()) {
            return Err(ArrayError::MaskShape { mask: mask.shape().to_vec(), shape: self.shape().to_vec() });
        }
        if let Some(array) = value.array()
            && broadcast_shape([array.shape(), self.shape()])? != self.shape()
        {
            return Err(ArrayError::Broadcast { left: array.shape().to_vec(), right: self.shape().to_vec() });
        }
        let mut index = vec![SliceInfoElem::from(..); mask.ndim()];
        index.extend((mask.ndim()..self.ndim()).map(|_| SliceInfoElem::from(NewAxis)));
        chosen(&mask.sliced(&index, &info)?, &value, self, &info)
    }

    fn assigned(
        &self,
        target: Target,
        selection: Selection,
        source: Source<A>,
        info: &LayerInfo,
    ) -> Array<A> {
        let mut token = Tokenizer::new("set").feed(self.name()).feed(&selection);
        target.list.tokenize(&mut token);
        let mut graphs = vec![&self.lazy().graph];
        let mut inputs = vec![self.name()];
        match &source {
            Source::Number(number) => number.tokenize(&mut token),
            Source::Array(array) => {
                array.name().tokenize(&mut token);
                graphs.push(&array.lazy().graph);
                inputs.push(array.name());
            }
        }
        let name = name_of("set", token.finish());
        let values = match &source {
            Source::Number(number) => Values::Number(*number),
            Source::Array(array) => Values::Blocks(array.name().clone()),
        };
        let (op, input) = (kernel_op::<Assigning<A>>(), self.name().clone());
        let node = move |index: &[u32]| target.node(&op, &input, &values, &selection.out, index);
        let layer = BlockLayer::new(&name, self.chunks(), &inputs, info, node);
        let graph = Graph::with_inputs(layer, graphs);
        Array::new(Lazy { name, graph, chunks: Arc::clone(&self.lazy().chunks) })
    }
}

/// What takes the place of elements.
enum Source<A: Element> {
    Number(Scalar),
    Array(Array<A>),
}

/// The same in a layer.
enum Values {
    Number(Scalar),
    Blocks(dask_graph::Name),
}

/// Where elements are replaced, block by block.
struct Target {
    /// For each axis, what is replaced in the blocks of which something is.
    axes: Vec<Vec<Piece>>,
    /// For each axis and block, which of these it is.
    places: Vec<Vec<Option<u32>>>,
    /// The positions of the list, if there is one.
    list: Option<Vec<usize>>,
    /// Its axis in the array and in the part.
    list_axis: Option<(usize, usize)>,
}

/// What is replaced in a block along one axis.
struct Piece {
    block: u32,
    /// Positions in the block; of a list, all of them.
    taken: Taken,
    /// Positions of the list in the block.
    list: Vec<usize>,
}

impl Piece {
    fn len(&self, is_list: bool) -> usize {
        if is_list { self.list.len() } else { self.taken.len() }
    }
}

impl Target {
    /// With the order in which values for the positions of a list are needed.
    fn new(selection: &Selection, list: Option<&ListPart>, chunks: &Chunks) -> (Self, Option<Vec<usize>>) {
        let cut = |(axis, &taken): (usize, &Taken)| {
            let cut = AxisCut::new(taken, chunks.lengths(axis));
            let pieces = cut.pieces().filter(|(_, taken)| taken.len() > 0);
            pieces.map(|(block, taken)| Piece { block, taken, list: Vec::new() }).collect()
        };
        let mut axes: Vec<Vec<Piece>> = selection.source.iter().enumerate().map(cut).collect();
        let n_blocks = chunks.n_blocks();
        let Some(list) = list else {
            let places = places(&axes, &n_blocks);
            return (Self { axes, places, list: None, list_axis: None }, None);
        };
        // By position; of equal ones the last stays.
        let mut order: Vec<usize> = (0..list.positions.len()).collect();
        order.sort_by_key(|&at| list.positions[at]);
        let order: Vec<usize> = order
            .chunk_by(|&a, &b| list.positions[a] == list.positions[b])
            .filter_map(|same| same.last().copied())
            .collect();
        let starts = chunks.starts(list.axis);
        let block = |at: usize| starts.partition_point(|&start| start <= list.positions[at]) - 1;
        let pieces = order.chunk_by(|&a, &b| block(a) == block(b)).map(|same| {
            let (number, length) = (block(same[0]), chunks.lengths(list.axis)[block(same[0])]);
            let within = same.iter().map(|&at| list.positions[at] - starts[number]).collect();
            Piece { block: number as u32, taken: Taken::range(0, length), list: within }
        });
        axes[list.axis] = pieces.collect();
        let positions = order.iter().map(|&at| list.positions[at]).collect();
        let places = places(&axes, &n_blocks);
        (Self { axes, places, list: Some(positions), list_axis: Some((list.axis, list.out)) }, Some(order))
    }

    /// How the values are to be cut.
    fn lengths(&self, selection: &Selection) -> Vec<Vec<usize>> {
        let is_list = |axis: usize| self.list_axis.is_some_and(|(of, _)| of == axis);
        let of = |out: &Out| match *out {
            Out::New { len } => vec![len],
            Out::Of(axis) if self.axes[axis].is_empty() => vec![0],
            Out::Of(axis) => self.axes[axis].iter().map(|piece| piece.len(is_list(axis))).collect(),
        };
        selection.out.iter().map(of).collect()
    }

    /// The task of a block, or what it is called if nothing in it is replaced.
    fn node(
        &self,
        op: &Arc<dyn Op>,
        input: &dask_graph::Name,
        values: &Values,
        out: &[Out],
        index: &[u32],
    ) -> Node {
        let block = Key::new(input, index);
        let mut at = Vec::with_capacity(index.len());
        for (places, &number) in self.places.iter().zip(index) {
            let Some(place) = places[number as usize] else { return Node::Alias(block) };
            at.push(place as usize);
        }
        let pieces = || self.axes.iter().zip(&at).map(|(pieces, &place)| &pieces[place]);
        let list = self.list_axis.and_then(|(axis, out)| Some((out, pieces().nth(axis)?.list.clone())));
        let source = pieces().map(|piece| piece.taken).collect();
        let selection = Selection { source, out: out.to_vec() };
        let (number, value) = match values {
            Values::Number(number) => (Some(*number), None),
            Values::Blocks(name) => {
                let place = |out: &Out| match *out {
                    Out::Of(axis) => at[axis] as u32,
                    Out::New { .. } => 0,
                };
                let index: Vec<u32> = out.iter().map(place).collect();
                (None, Some(Arg::Key(Key::new(name, &index))))
            }
        };
        let assign = Value::sized(Assign { selection, list, number });
        let args = [Arg::Key(block), Arg::Value(assign)].into_iter().chain(value);
        Node::Task(Task::new(op.clone(), args))
    }
}

/// For each axis and block, which of the pieces it has.
fn places(axes: &[Vec<Piece>], n_blocks: &[u32]) -> Vec<Vec<Option<u32>>> {
    let places = |(pieces, &n): (&Vec<Piece>, &u32)| {
        let mut places = vec![None; n as usize];
        for (place, piece) in (0..).zip(pieces) {
            places[piece.block as usize] = Some(place);
        }
        places
    };
    axes.iter().zip(n_blocks).map(places).collect()
}

/// What is replaced in a block.
#[derive(Serialize, Deserialize)]
struct Assign {
    selection: Selection,
    /// The axis of what is replaced that a list lies along, and the positions.
    list: Option<(usize, Vec<usize>)>,
    number: Option<Scalar>,
}

encoded_payload!(Assign, |it| it.list.iter().map(|(_, at)| size_of_val(&**at)).sum::<usize>()
    + size_of_val(it));

/// Replaces elements of a block, in place if nobody else needs it.
struct Assigning<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Assigning<A> {
    const NAME: &'static str = "set";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let mut array = args.take::<Block<A>>(0)?.into_array();
        let assign = args.get::<Assign>(1)?;
        let part = assign.selection.of_mut(array.view_mut()).map_err(OpError::failed)?;
        match assign.number {
            Some(number) => fill(part, assign.list.as_ref(), A::from_scalar(number)),
            None => {
                let values = args.get::<Block<A>>(2)?.view();
                replace(part, assign.list.as_ref(), values).map_err(OpError::failed)?;
            }
        }
        Ok(Block::new(array).into())
    }
}

fn fill<A: Element>(mut part: ArrayViewMutD<'_, A>, list: Option<&(usize, Vec<usize>)>, number: A) {
    match list {
        None => part.fill(number),
        Some((axis, positions)) => {
            for (_, mut lane) in part
                .axis_iter_mut(Axis(*axis))
                .enumerate()
                .filter(|(at, _)| positions.binary_search(at).is_ok())
            {
                lane.fill(number);
            }
        }
    }
}

fn replace<A: Element>(
    mut part: ArrayViewMutD<'_, A>,
    list: Option<&(usize, Vec<usize>)>,
    values: ArrayViewD<'_, A>,
) -> Result<(), ValuesError> {
    let mut expected = part.shape().to_vec();
    if let Some((axis, positions)) = list {
        expected[*axis] = positions.len();
    }
    if values.shape() != expected {
        return Err(ValuesError { got: values.shape().to_vec(), expected });
    }
    match list {
        None => part.assign(&values),
        Some((axis, positions)) => {
            for (value, &at) in values.axis_iter(Axis(*axis)).zip(positions) {
                part.index_axis_mut(Axis(*axis), at).assign(&value);
            }
        }
    }
    Ok(())
}

/// Values that are not as many as what they replace.
#[derive(Debug, thiserror::Error)]
#[error("values of shape {got:?} were to replace elements of shape {expected:?}")]
struct ValuesError {
    got: Vec<usize>,
    expected: Vec<usize>,
}
