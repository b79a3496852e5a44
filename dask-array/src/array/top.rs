//! The largest and the smallest elements along an axis, without sorting all.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, Op, OpError, Packer, Refused, Task, Tokenizer};
use dask_graph::{Unpack, Unpacked, Value};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use super::layer::BlockLayer;
use super::reductions::Tree;
use super::transpose::axis_of;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::{DType, Element, dispatch};
use crate::error::ArrayError;
use crate::kernel::AlongAxis;
use crate::reduce::paired::Paired;
use crate::sorting;

/// Choices among elements by size: each block chooses by itself, and what was chosen is chosen from in a tree. Nothing
/// is sorted but the choice.
impl<A: Element> Array<A> {
    /// The `k` largest elements along an axis, largest first, or with a negative `k` the smallest, smallest first; all, if
    /// there are no more (`dask.array.topk`). NaN is larger than all numbers.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[3, 9, 1, 7, 5]), 2)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.topk(2, 0)?.compute_with(&scheduler)?, arr1(&[9, 7]).into_dyn());
    /// assert_eq!(x.argtopk(-2, 0)?.compute_with(&scheduler)?, arr1(&[2, 0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    #[track_caller]
    pub fn topk(&self, k: isize, axis: isize) -> Result<Array<A>, ArrayError> {
        self.chosen("topk", k, axis, false, &LayerInfo::here())
    }

    /// Where along an axis the elements of [`topk`](Array::topk) are. Of equal ones, the last first; with a negative `k`
    /// the first.
    ///
    /// # Errors
    ///
    /// - When the axis is out of range.
    #[track_caller]
    pub fn argtopk(&self, k: isize, axis: isize) -> Result<Array<i64>, ArrayError> {
        self.chosen("argtopk", k, axis, true, &LayerInfo::here())
    }

    fn chosen<B: Element>(
        &self,
        operation: &'static str,
        k: isize,
        axis: isize,
        positions: bool,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let axis = axis_of(axis, self.shape())?;
        // Both ask the same of blocks.
        let token = Tokenizer::new("topk").feed(self.name()).feed(&k).feed(&axis).finish();
        let first = name_of("topk-block", token);
        let op = |step| -> Arc<dyn Op> { Arc::new(TopOp { k, axis, dtype: A::DTYPE, step }) };
        let (input, starts, leaf) = (self.name().clone(), self.chunks().starts(axis), op(Step::First));
        let node = move |index: &[u32]| {
            let offset = AlongAxis(starts[index[axis] as usize]).arg();
            Node::Task(Task::new(leaf.clone(), [Arg::Key(Key::new(&input, index)), offset]))
        };
        let layer = BlockLayer::new(&first, self.chunks(), &[self.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);

        let name = name_of(operation, Tokenizer::new(operation).feed(&token).finish());
        let tree = Tree::along(axis, self.ndim(), "topk", token);
        let last = if positions { Step::Positions } else { Step::Values };
        let graph = tree.written(first, graph, self.chunks().n_blocks(), &name, info, |is_last| {
            op(if is_last { last } else { Step::Join })
        });
        let mut axes = self.chunks().axes().to_vec();
        axes[axis] = vec![self.shape()[axis].min(k.unsigned_abs())];
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(Chunks::from_lengths(axes)) }))
    }
}

/// Which step of a choice it is.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
enum Step {
    /// Among the elements of a block.
    First,
    /// Among choices, in between.
    Join,
    /// Among choices, in the end, of which only the elements are wanted.
    Values,
    /// The same where only their positions are wanted.
    Positions,
}

/// Chooses the first `k` in descending order, or the first `-k` in ascending order.
#[derive(Debug)]
struct TopOp {
    k: isize,
    axis: usize,
    dtype: DType,
    step: Step,
}

impl TopOp {
    fn run<T: Element>(&self, args: &Args<'_>) -> Result<Value, OpError> {
        let chosen = match self.step {
            Step::First => {
                let block = args.get::<Block<T>>(0)?.view();
                let offset = args.get::<AlongAxis>(1)?.0 as i64;
                self.among(&[(block, None)], offset)?
            }
            _ => {
                let parts = args.list(0)?.iter().map(|part| {
                    let part: &Paired<T> =
                        part.get().map_err(|source| OpError::Argument { at: 0, source })?;
                    let shape = IxDyn(&part.shape);
                    let values =
                        ArrayViewD::from_shape(shape.clone(), &part.values).map_err(OpError::failed)?;
                    let numbers = ArrayViewD::from_shape(shape, &part.numbers).map_err(OpError::failed)?;
                    Ok((values, Some(numbers)))
                });
                self.among(&parts.collect::<Result<Vec<_>, OpError>>()?, 0)?
            }
        };
        let shape = IxDyn(&chosen.shape);
        Ok(match self.step {
            Step::First | Step::Join => Value::sized(chosen),
            Step::Values => {
                Block::new(ArrayD::from_shape_vec(shape, chosen.values).map_err(OpError::failed)?).into()
            }
            Step::Positions => {
                Block::new(ArrayD::from_shape_vec(shape, chosen.numbers).map_err(OpError::failed)?).into()
            }
        })
    }

    /// Chooses among parts that lie one behind the other along the axis. Where a part has no positions, these count
    /// on from `offset`.
    fn among<T: Element>(&self, parts: &[Part<'_, T>], offset: i64) -> Result<Paired<T>, OpError> {
        let Some((first, _)) = parts.first() else {
            return Err(OpError::MissingArgument { at: 0, given: 0 });
        };
        let mut shape = first.shape().to_vec();
        let along: usize = parts.iter().map(|(part, _)| part.len_of(Axis(self.axis))).sum();
        shape[self.axis] = along.min(self.k.unsigned_abs());
        let mut values = ArrayD::from_elem(IxDyn(&shape), T::default());
        let mut numbers = ArrayD::<i64>::zeros(IxDyn(&shape));
        let axis = Axis(self.axis);
        let mut lanes: Vec<_> = parts
            .iter()
            .map(|(part, at)| {
                (part.lanes(axis).into_iter(), at.as_ref().map(|at| at.lanes(axis).into_iter()))
            })
            .collect();
        let mut choice = Choice::new(self.k);
        for (mut values, mut numbers) in values.lanes_mut(axis).into_iter().zip(numbers.lanes_mut(axis)) {
            choice.kept.clear();
            for (part, positions) in &mut lanes {
                let Some(part) = part.next() else { continue };
                match positions.as_mut().and_then(Iterator::next) {
                    Some(at) => part.iter().zip(at).for_each(|(&x, &at)| choice.offer(x, at)),
                    None => part.iter().zip(offset..).for_each(|(&x, at)| choice.offer(x, at)),
                }
            }
            let kept = choice.finish();
            for ((value, number), &(x, at)) in values.iter_mut().zip(&mut numbers).zip(kept) {
                (*value, *number) = (x, at);
            }
        }
        let (values, numbers) = (values.into_raw_vec_and_offset().0, numbers.into_raw_vec_and_offset().0);
        Ok(Paired { values, numbers, shape })
    }
}

/// Elements, and where they are if that does not follow from their place.
type Part<'a, T> = (ArrayViewD<'a, T>, Option<ArrayViewD<'a, i64>>);

/// A choice being made: candidates are gathered until there are enough of them to choose from.
struct Choice<T> {
    n: usize,
    largest: bool,
    kept: Vec<(T, i64)>,
    /// Once there are enough, the last that would be taken.
    bar: Option<T>,
}

impl<T: Element> Choice<T> {
    /// How many candidates are gathered at least before all but the best go.
    const ROOM: usize = 256;

    fn new(k: isize) -> Self {
        Self { n: k.unsigned_abs(), largest: k > 0, kept: Vec::new(), bar: None }
    }

    #[inline]
    fn offer(&mut self, x: T, at: i64) {
        if let Some(bar) = self.bar
            && self.kept.len() >= self.n
            && if self.largest { sorting::is_before(x, bar) } else { sorting::is_before(bar, x) }
        {
            return;
        }
        self.kept.push((x, at));
        if self.kept.len() >= self.n.saturating_add(self.n.max(Self::ROOM)) {
            self.cut();
        }
    }

    fn order(largest: bool, a: &(T, i64), b: &(T, i64)) -> Ordering {
        let ascending = sorting::order(a.0, b.0).then(a.1.cmp(&b.1));
        if largest { ascending.reverse() } else { ascending }
    }

    /// Lets all but the best go.
    fn cut(&mut self) {
        let (n, largest) = (self.n, self.largest);
        if n == 0 || self.kept.len() <= n {
            self.kept.truncate(n);
            return;
        }
        let (_, last, _) = self.kept.select_nth_unstable_by(n - 1, |a, b| Self::order(largest, a, b));
        self.bar = Some(last.0);
        self.kept.truncate(n);
    }

    /// The best in order.
    fn finish(&mut self) -> &[(T, i64)] {
        self.cut();
        let largest = self.largest;
        self.kept.sort_unstable_by(|a, b| Self::order(largest, a, b));
        self.bar = None;
        &self.kept
    }
}

impl Op for TopOp {
    fn name(&self) -> Cow<'_, str> {
        "topk".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        dispatch!(self.dtype, T => self.run::<T>(&args))
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.k, self.axis, self.dtype, self.step))?;
        Ok(|from| {
            let (k, axis, dtype, step) = from.state()?;
            Ok(Unpacked::op(TopOp { k, axis, dtype, step }))
        })
    }
}
