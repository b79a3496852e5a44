//! Cumulative operations.

use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Name, Node, Op, Task, Tokenizer};

use super::layer::BlockLayer;
use super::reductions::{Partials, Reduction, without_nan};
use super::transpose::axis_of;
use super::{Array, Lazy, blockwise, built, name_of};
use crate::chunks::Chunks;
use crate::element::{Element, Number};
use crate::error::ArrayError;
use crate::program::builder::ProgramBuilder;
use crate::program::op::Compiled;
use crate::program::{ArgKind, ArgSpec, Operand};
use crate::reduce::join::JoinOp;
use crate::reduce::tree::JoinLayer;
use crate::reduce::{Finish, Fold};
use crate::scan::op::ScanOp;
use crate::scan::{Neutral, Scan};

/// The axis of a cumulative operation, and how it is done.
///
/// Made from an axis (`0`, `-1`), or from `..` for all elements in row-major order along one axis.
///
/// ```
/// use dask_array::{Along, Array};
///
/// let x = Array::<f64>::ones(&[40, 50], 10)?;
/// assert_eq!(x.cumsum(0)?.shape(), [40, 50]);
/// assert_eq!(x.cumsum(..)?.shape(), [2000]);
/// assert_eq!(x.cumsum(Along::from(1).blelloch())?.shape(), [40, 50]);
/// # Ok::<(), dask_array::ArrayError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Along {
    /// None: all elements.
    axis: Option<isize>,
    blelloch: bool,
}

impl Along {
    /// First the totals of all blocks, then what each begins with, in a tree, then all blocks at the same time.
    ///
    /// Otherwise a block waits for the one before it along the axis. With this, work is done in parallel along the axis,
    /// too, and the elementwise work before is fused with both steps; each block is gone through twice, and kept in
    /// between.
    ///
    /// The tree does O(n) work in O(log n) steps for n blocks along the axis (Blelloch 1990).
    #[must_use]
    pub fn blelloch(self) -> Self {
        Self { blelloch: true, ..self }
    }
}

macro_rules! along_axis {
    ($($Int:ty),*) => {$(
        impl From<$Int> for Along {
            fn from(axis: $Int) -> Self {
                Self { axis: Some(axis as isize), blelloch: false }
            }
        }
    )*};
}
along_axis!(i32, isize, usize);

impl From<std::ops::RangeFull> for Along {
    fn from(_: std::ops::RangeFull) -> Self {
        Self { axis: None, blelloch: false }
    }
}

/// What is accumulated, and in the place of NaN what is.
#[derive(Clone, Copy)]
struct Cumulative {
    operation: &'static str,
    scan: Scan,
    skip_nan: bool,
}

const CUMSUM: Cumulative = Cumulative { operation: "cumsum", scan: Scan::Sum, skip_nan: false };
const CUMPROD: Cumulative = Cumulative { operation: "cumprod", scan: Scan::Prod, skip_nan: false };
const NANCUMSUM: Cumulative = Cumulative { operation: "nancumsum", skip_nan: true, ..CUMSUM };
const NANCUMPROD: Cumulative = Cumulative { operation: "nancumprod", skip_nan: true, ..CUMPROD };

macro_rules! cumulative_methods {
    ($($(#[$doc:meta])* $method:ident $method_as:ident $CUMULATIVE:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When the axis is out of range.
        #[track_caller]
        pub fn $method(&self, along: impl Into<Along>) -> Result<Array<A::Sum>, ArrayError> {
            self.accumulated($CUMULATIVE, along.into(), &LayerInfo::here())
        }

        $(#[$doc])*
        ///
        /// In another type, as numpy does with `dtype=`.
        ///
        /// # Errors
        ///
        /// - When the axis is out of range.
        #[track_caller]
        pub fn $method_as<B: Number>(&self, along: impl Into<Along>) -> Result<Array<B>, ArrayError> {
            self.accumulated($CUMULATIVE, along.into(), &LayerInfo::here())
        }
    )*};
}

/// Cumulative operations: each element put together with all before it along an axis, or in row-major order (`..`).
/// Integers and bools in 64 bits.
///
/// ```
/// use dask_array::{Array, ndarray::arr1};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1_u8, 2, 3, 4]), 2)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(x.cumsum(0)?.compute_with(&scheduler)?, arr1(&[1_u64, 3, 6, 10]).into_dyn());
/// assert_eq!(x.cumprod_as::<i32>(0)?.compute_with(&scheduler)?, arr1(&[1, 2, 6, 24]).into_dyn());
/// # Ok(())
/// # }
/// ```
impl<A: Element> Array<A> {
    cumulative_methods! {
        /// Cumulative sums.
        cumsum cumsum_as CUMSUM;
        /// Cumulative products.
        cumprod cumprod_as CUMPROD;
        /// Cumulative sums with 0 in the place of NaN.
        nancumsum nancumsum_as NANCUMSUM;
        /// Cumulative products with 1 in the place of NaN.
        nancumprod nancumprod_as NANCUMPROD;
    }

    fn accumulated<B: Element>(
        &self,
        cumulative: Cumulative,
        along: Along,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let Some(axis) = along.axis else {
            let along = Along { axis: Some(0), ..along };
            return self.raveled(info).accumulated(cumulative, along, info);
        };
        let axis = axis_of(axis, self.shape())?;
        let token = Tokenizer::new(cumulative.operation).feed(self.name()).feed(&axis).feed(&along.blelloch);
        let name = name_of(cumulative.operation, token.feed(&B::DTYPE).finish());
        let mut program = ProgramBuilder::new(self.ndim());
        let x = program.arg(ArgSpec::once(ArgKind::Block(A::DTYPE), (0..self.ndim()).collect()));
        let x = cumulative.write::<A, B>(&mut program, x);
        let compiled = Compiled::new(cumulative.operation, program.finish(x, B::DTYPE));
        let op: Arc<dyn Op> = Arc::new(ScanOp { compiled, scan: cumulative.scan, axis });
        let graph = if along.blelloch {
            let (first, graph) = self.beginnings::<B>(cumulative, axis, info);
            let axes = self.lazy().block_axes(0..self.ndim());
            let layer = blockwise(&name, op, self.chunks(), info);
            Graph::with_inputs(built(layer.blocks(self.name(), &axes).blocks(&first, &axes)), [&graph])
        } else {
            Graph::with_inputs(self.chained(&name, op, axis, info), [&self.lazy().graph])
        };
        Ok(Array::new(Lazy { name, graph, chunks: self.lazy().chunks.clone() }))
    }

    /// Blocks each of which goes on where the last one before it along the axis that is not empty ends.
    pub(super) fn chained(
        &self,
        name: &Name,
        op: Arc<dyn Op>,
        axis: usize,
        info: &LayerInfo,
    ) -> BlockLayer<impl Fn(&[u32]) -> Node + Send + Sync + 'static> {
        let mut last = None;
        let before: Vec<Option<u32>> = (0..)
            .zip(self.chunks().lengths(axis))
            .map(|(at, &n)| if n > 0 { last.replace(at) } else { last })
            .collect();
        let (input, own) = (self.name().clone(), name.clone());
        let node = move |index: &[u32]| {
            let mut args = vec![Arg::Key(Key::new(&input, index))];
            if let Some(before) = before[index[axis] as usize] {
                let mut index = index.to_vec();
                index[axis] = before;
                args.push(Arg::Key(Key::new(&own, &index)));
            }
            Node::Task(Task::new(op.clone(), args))
        };
        BlockLayer::new(name, self.chunks(), &[self.name()], info, node)
    }

    /// For each block what all before it along the axis come to: the name of the layer, and the graph to there.
    fn beginnings<B: Element>(&self, cumulative: Cumulative, axis: usize, info: &LayerInfo) -> (Name, Graph) {
        let fold = match cumulative.scan {
            Scan::Sum => Fold::Sum,
            Scan::Prod => Fold::Prod,
        };
        let (operation, within) = (cumulative.operation, B::DTYPE);
        let reduction = Reduction { operation, fold, within, finish: Finish::Keep };
        let Partials { name, graph, chunks } =
            self.partials(reduction, axis, info, |program, x| cumulative.write::<A, B>(program, x));
        let join: Arc<dyn Op> = Arc::new(JoinOp { label: operation.into(), fold, dtype: within, last: None });
        let prefix = Prefix { axis, join, operation, info };
        let neutral = Arc::new(Neutral { dtype: within, fold });
        prefix.exclusive(name, graph, chunks.axes().to_vec(), neutral)
    }
}

impl Cumulative {
    /// An element as it is accumulated.
    fn write<A: Element, B: Element>(self, program: &mut ProgramBuilder, x: Operand) -> Operand {
        match (self.skip_nan, self.scan) {
            (false, _) => program.cast(A::DTYPE, B::DTYPE, x),
            (true, Scan::Sum) => without_nan::<A, B>(program, x, B::default()),
            (true, Scan::Prod) => without_nan::<A, B>(program, x, B::one()),
        }
    }
}

/// The tree that makes, of one value for each block along an axis, what all before each come to.
///
/// ```text
/// totals       a    b    c    d          up: pairs are joined, level by level
/// pairs          ab        cd
///              ────────────────
/// before         1         ab            down: the first of a pair begins as the pair does,
///              1    a    ab   abc              the second with the first joined to that
/// ```
struct Prefix<'a> {
    axis: usize,
    join: Arc<dyn Op>,
    operation: &'a str,
    info: &'a LayerInfo,
}

impl Prefix<'_> {
    fn exclusive(
        &self,
        totals: Name,
        graph: Graph,
        chunks: Vec<Vec<usize>>,
        neutral: Arc<dyn Op>,
    ) -> (Name, Graph) {
        let mut levels = vec![(totals, Chunks::from_lengths(chunks))];
        let mut graph = graph;
        while let Some((below, chunks)) =
            levels.last().filter(|(_, chunks)| chunks.lengths(self.axis).len() > 1)
        {
            let (above, layer) = self.pairs(below, chunks);
            let mut axes = chunks.axes().to_vec();
            axes[self.axis] = vec![1; axes[self.axis].len().div_ceil(2)];
            graph = Graph::with_inputs(layer, [&graph]);
            levels.push((above, Chunks::from_lengths(axes)));
        }
        let Some((top, chunks)) = levels.pop() else { return (Name::from(self.operation), graph) };
        let mut before = self.named("beginning", &top);
        let (input, op) = (top.clone(), neutral);
        let node =
            move |index: &[u32]| Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&input, index))]));
        graph = Graph::with_inputs(BlockLayer::new(&before, &chunks, &[&top], self.info, node), [&graph]);
        for (totals, chunks) in levels.into_iter().rev() {
            let own = self.named("before", &totals);
            graph = Graph::with_inputs(self.halves(&own, before, totals, &chunks), [&graph]);
            before = own;
        }
        (before, graph)
    }

    fn named(&self, step: &str, of: &Name) -> Name {
        name_of(&format!("{}-{step}", self.operation), Tokenizer::new(step).feed(of).finish())
    }

    /// Each two neighbours joined.
    fn pairs(&self, below: &Name, chunks: &Chunks) -> (Name, JoinLayer) {
        let name = self.named("pair", below);
        let mut group = vec![1; chunks.ndim()];
        group[self.axis] = 2;
        let layer = JoinLayer {
            name: name.clone(),
            input: below.clone(),
            n_blocks: chunks.n_blocks(),
            group,
            dropped: vec![false; chunks.ndim()],
            op: self.join.clone(),
            info: self.info.clone(),
        };
        (name, layer)
    }

    /// What comes before each, from what comes before the pair it is of.
    fn halves(
        &self,
        name: &Name,
        before_pairs: Name,
        totals: Name,
        chunks: &Chunks,
    ) -> BlockLayer<impl Fn(&[u32]) -> Node + Send + Sync + 'static> {
        let (axis, join) = (self.axis, self.join.clone());
        let inputs = [before_pairs.clone(), totals.clone()];
        let node = move |index: &[u32]| {
            let at = |i: u32| {
                let mut index = index.to_vec();
                index[axis] = i;
                index
            };
            let pair = Key::new(&before_pairs, &at(index[axis] / 2));
            if index[axis].is_multiple_of(2) {
                return Node::Alias(pair);
            }
            let first = Key::new(&totals, &at(index[axis] - 1));
            let parts = [Arg::Key(pair), Arg::Key(first)];
            Node::Task(Task::new(join.clone(), [Arg::List(parts.into_iter().collect())]))
        };
        BlockLayer::new(name, chunks, &[&inputs[0], &inputs[1]], self.info, node)
    }
}
