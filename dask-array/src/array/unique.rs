//! Distinct elements.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, BlockArg, Graph, Key, LayerInfo, Name, Node, Op, OpError, Packer, Refused, Task, Tokenizer,
    Unpack, Unpacked, Value,
};
use ndarray::{ArrayD, IxDyn};

use super::concatenate::concatenated;
use super::layer::BlockLayer;
use super::reductions::Tree;
use super::{Array, Lazy, Uncounted, blockwise, built, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::{DType, Element, dispatch};
use crate::error::ArrayError;
use crate::kernel::{AlongAxis, Kernel, kernel_op};
use crate::reduce::paired::Paired;
use crate::sorting;

/// The distinct elements of an array, and where they are: what [`Array::unique_all`] gives. What is not computed is not
/// made.
#[derive(Debug, Clone)]
pub struct Unique<A: Element> {
    /// The distinct elements, sorted (`unique`).
    pub values: Uncounted<A>,
    /// Where each is first, in row-major order (`return_index`).
    pub index: Uncounted<i64>,
    /// For each element of the array its place among the distinct ones, in the array's shape (`return_inverse`).
    pub inverse: Array<i64>,
    /// How often each occurs (`return_counts`).
    pub counts: Uncounted<i64>,
}

impl<A: Element> Array<A> {
    /// The distinct elements of all axes, sorted (numpy's `unique`). All NaN are one, the last.
    ///
    /// Each block finds its own, and these are merged in a tree: what is brought together is never more than what is
    /// distinct in a group of blocks.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[3, 1, 3, 2, 1]), 2)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.unique().compute_with(&scheduler)?, arr1(&[1, 2, 3]).into_dyn());
    ///
    /// let all = x.unique_all();
    /// assert_eq!(all.index.compute_with(&scheduler)?, arr1(&[1, 3, 0]).into_dyn());
    /// assert_eq!(all.inverse.compute_with(&scheduler)?, arr1(&[2, 0, 2, 1, 0]).into_dyn());
    /// assert_eq!(all.counts.compute_with(&scheduler)?, arr1(&[2, 1, 2]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn unique(&self) -> Uncounted<A> {
        self.distinct(&LayerInfo::here())
    }

    /// The distinct elements with their first positions, the places of all elements among them, and their numbers
    /// (numpy's `unique` with all that it can return).
    #[must_use]
    #[track_caller]
    pub fn unique_all(&self) -> Unique<A> {
        let info = LayerInfo::here();
        let line = self.raveled(&info);
        let (all, graph) = line.merged(true, &info);
        let part = |part| line.list_of::<i64>(&all, &graph, part, &info);
        let values = Uncounted::with_axis(line.list_of::<A>(&all, &graph, Part::Values, &info), 0, &info);
        let alike = |bounds| Uncounted::with_lengths(bounds, 0, values.block_lengths().clone());
        let (index, counts) = (alike(part(Part::Index)), alike(part(Part::Counts)));
        let inverse = line.places_among(&values, &info).reshaped(self.shape(), &info);
        Unique { values, index, inverse, counts }
    }

    fn distinct(&self, info: &LayerInfo) -> Uncounted<A> {
        let line = self.raveled(info);
        let (all, graph) = line.merged(false, info);
        Uncounted::with_axis(line.list_of(&all, &graph, Part::Values, info), 0, info)
    }

    /// The tree that merges what is distinct in blocks, with positions and counts or without: the name of its result,
    /// and the graph to there.
    fn merged(&self, with_places: bool, info: &LayerInfo) -> (Name, Graph) {
        let token = Tokenizer::new("unique").feed(self.name()).feed(&with_places).finish();
        let [first, last] = ["block", "merged"].map(|step| name_of(&format!("unique-{step}"), token));
        let op =
            |is_first| -> Arc<dyn Op> { Arc::new(DistinctOp { dtype: A::DTYPE, is_first, with_places }) };
        let (leaf, input, starts) = (op(true), self.name().clone(), self.chunks().starts(0));
        let node = move |index: &[u32]| {
            let offset = AlongAxis(starts[index[0] as usize]).arg();
            Node::Task(Task::new(leaf.clone(), [Arg::Key(Key::new(&input, index)), offset]))
        };
        let layer = BlockLayer::new(&first, self.chunks(), &[self.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        let tree = Tree::along(0, 1, "unique", token);
        let graph = tree.written(first, graph, self.chunks().n_blocks(), &last, info, |_| op(false));
        (last, graph)
    }

    /// One of the lists that were merged. There are at most as many in it as there are elements.
    fn list_of<B: Element>(&self, all: &Name, graph: &Graph, part: Part, info: &LayerInfo) -> Array<B> {
        let token = Tokenizer::new("unique-part").feed(all).feed(&format!("{part:?}")).finish();
        let name = name_of("unique", token);
        let chunks = Arc::new(Chunks::from_lengths(vec![vec![self.len()]]));
        let op: Arc<dyn Op> = Arc::new(PartOp { dtype: A::DTYPE, part });
        let key = Key::new(all, &[0]);
        let node = move |_: &[u32]| Node::Task(Task::new(op.clone(), [Arg::Key(key.clone())]));
        let layer = BlockLayer::new(&name, &chunks, &[all], info, node);
        Array::new(Lazy { name, graph: Graph::with_inputs(layer, [graph]), chunks })
    }

    /// The place of each element among sorted ones, all of which are in one block.
    fn places_among(&self, sorted: &Uncounted<A>, info: &LayerInfo) -> Array<i64> {
        let token = Tokenizer::new("unique-inverse").feed(self.name()).feed(sorted.name()).finish();
        let name = name_of("unique-inverse", token);
        let layer = blockwise(&name, kernel_op::<Places<A>>(), self.chunks(), info)
            .blocks(self.name(), &self.lazy().block_axes([0]))
            .arg(BlockArg::Whole(Key::new(sorted.name(), &[0])));
        let graph =
            Graph::with_inputs(built(layer), [&self.lazy().graph, dask_graph::Collection::graph(sorted)]);
        Array::new(Lazy { name, graph, chunks: self.lazy().chunks.clone() })
    }
}

/// The distinct elements of two arrays together, sorted (numpy's `union1d`).
///
/// ```
/// use dask_array::{Array, ndarray::arr1, union1d};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [a, b] = [arr1(&[5, 1, 3]), arr1(&[3, 2])].map(|x| Array::from_ndarray(x, 2));
/// let union = union1d(&a?, &b?)?;
/// assert_eq!(union.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1, 2, 3, 5]).into_dyn());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// - When there are too many blocks to be numbered.
#[track_caller]
pub fn union1d<A: Element>(a: &Array<A>, b: &Array<A>) -> Result<Uncounted<A>, ArrayError> {
    let info = LayerInfo::here();
    let both = concatenated(&[a.raveled(&info), b.raveled(&info)], 0, "union1d", &info)?;
    Ok(both.distinct(&info))
}

/// Finds the distinct elements of a block, or merges those of several: sorted, and for each the first position and the
/// count, one list behind the other, if they are wanted.
#[derive(Debug)]
struct DistinctOp {
    dtype: DType,
    is_first: bool,
    with_places: bool,
}

/// An element, its first position, and its count.
type Counted<T> = (T, i64, i64);

impl DistinctOp {
    fn run<T: Element>(&self, args: &Args<'_>) -> Result<Value, OpError> {
        let part =
            |value| Value::get::<Paired<T>>(value).map_err(|source| OpError::Argument { at: 0, source });
        if !self.with_places {
            let mut values = Vec::new();
            if self.is_first {
                values.extend_from_slice(&args.get::<Block<T>>(0)?.memory_order());
                sorting::sort(&mut values);
            } else {
                for value in args.list(0)? {
                    values.extend_from_slice(&part(value)?.values);
                }
                // A stable sort finds the runs that are sorted already, and merges them.
                values.sort_by(|&a, &b| sorting::order(a, b));
            }
            values.dedup_by(|a, b| sorting::order(*a, *b).is_eq());
            let shape = vec![values.len()];
            return Ok(Value::sized(Paired { values, numbers: Vec::new(), shape }));
        }
        let mut all: Vec<Counted<T>> = Vec::new();
        if self.is_first {
            let offset = args.get::<AlongAxis>(1)?.0 as i64;
            all.extend(
                args.get::<Block<T>>(0)?.memory_order().iter().zip(offset..).map(|(&x, at)| (x, at, 1)),
            );
            all.sort_unstable_by(|a, b| sorting::order(a.0, b.0).then(a.1.cmp(&b.1)));
        } else {
            for value in args.list(0)? {
                let part = part(value)?;
                let (index, counts) = part.numbers.split_at(part.values.len().min(part.numbers.len()));
                let places = index.iter().zip(counts);
                all.extend(part.values.iter().zip(places).map(|(&x, (&at, &count))| (x, at, count)));
            }
            // Equal elements stay in the order of the blocks, which is that of their positions.
            all.sort_by(|a, b| sorting::order(a.0, b.0));
        }
        all.dedup_by(|later, first| {
            let is_equal = sorting::order(later.0, first.0).is_eq();
            first.2 += if is_equal { later.2 } else { 0 };
            is_equal
        });
        let values: Vec<T> = all.iter().map(|&(x, _, _)| x).collect();
        let numbers =
            all.iter().map(|&(_, at, _)| at).chain(all.iter().map(|&(_, _, count)| count)).collect();
        Ok(Value::sized(Paired { shape: vec![values.len()], values, numbers }))
    }
}

impl Op for DistinctOp {
    fn name(&self) -> Cow<'_, str> {
        "unique".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        dispatch!(self.dtype, T => self.run::<T>(&args))
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.dtype, self.is_first, self.with_places))?;
        Ok(|from| {
            let (dtype, is_first, with_places) = from.state()?;
            Ok(Unpacked::op(DistinctOp { dtype, is_first, with_places }))
        })
    }
}

/// One of the lists that belong to distinct elements.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
enum Part {
    Values,
    Index,
    Counts,
}

/// Takes one of the lists out.
#[derive(Debug)]
struct PartOp {
    dtype: DType,
    part: Part,
}

impl PartOp {
    fn run<T: Element>(&self, args: &Args<'_>) -> Result<Value, OpError> {
        let all = args.get::<Paired<T>>(0)?;
        let n = all.values.len();
        let numbers =
            |range: std::ops::Range<usize>| line(all.numbers.get(range).unwrap_or_default().to_vec());
        match self.part {
            Part::Values => line(all.values.clone()),
            Part::Index => numbers(0..n),
            Part::Counts => numbers(n..2 * n),
        }
    }
}

fn line<T: Element>(elements: Vec<T>) -> Result<Value, OpError> {
    let shape = IxDyn(&[elements.len()]);
    Ok(Block::new(ArrayD::from_shape_vec(shape, elements).map_err(OpError::failed)?).into())
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "unique-part".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        dispatch!(self.dtype, T => self.run::<T>(&args))
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.dtype, self.part))?;
        Ok(|from| {
            let (dtype, part) = from.state()?;
            Ok(Unpacked::op(PartOp { dtype, part }))
        })
    }
}

/// The places of elements among sorted ones.
struct Places<A>(std::marker::PhantomData<fn() -> A>);

impl<A: Element> Kernel for Places<A> {
    const NAME: &'static str = "unique-inverse";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, sorted) = (args.get::<Block<A>>(0)?, args.get::<Block<A>>(1)?.memory_order());
        Ok(Block::new(block.view().mapv(|x| sorting::place(&sorted, x, false) as i64)).into())
    }
}
