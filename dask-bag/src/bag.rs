//! The bag itself: a graph whose tasks give partitions of one item type.

use std::fmt;
use std::sync::Arc;

use dask_graph::{
    Arg, Axis, Blockwise, BlockwiseBuilder, Collection, ComputeError, Graph, Key, Layer, Materialized, Name,
    Node, Op, Token, Tokenizer, Value,
};

use crate::partition::Partition;
use crate::stream::stored::Stored;
use crate::stream::{Of, Pipeline, Sink};

mod accumulate;
mod columns;
mod combine;
mod create;
mod delayed;
mod groupby;
mod items;
mod join;
mod partitions;
#[cfg(feature = "json")]
mod pluck;
mod reduce;
mod repartition;
mod sample;
mod shuffle;
mod steps;
mod strings;
mod take;

pub use join::Side;
#[cfg(feature = "json")]
pub use pluck::Field;
pub use reduce::{Countable, Number};
pub use repartition::PartitionSize;
pub use steps::Steps;
pub use strings::Strings;

/// The axis of a bag's layers: its partitions.
const PARTITIONS: Axis = Axis(0);

/// How many partial results are joined at a time, unless said otherwise; dask's number.
const SPLIT_EVERY: usize = 8;

/// A sequence of items in partitions, described and not yet computed.
///
/// The order of the partitions, and of the items in each, is kept by every operation that gives items one
/// by one. [`compute`](Collection::compute) gives all items in order as a `Vec`.
///
/// Operations take items by value. Where two of them read the same stored partition, one gets clones; this
/// is why most ask for `T: Clone`. Wrap what is expensive to clone in an [`Arc`].
///
/// ```
/// use dask_bag::{Bag, Partitions};
/// use dask_graph::Collection;
///
/// let numbers = Bag::from_sequence(1..=6, Partitions::count(2));
/// let odd_squares = numbers.filter(|n| n % 2 == 1).map(|n| n * n);
/// assert_eq!(odd_squares.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [1, 9, 25]);
/// ```
#[must_use = "a bag describes work, which is done when it is computed"]
pub struct Bag<T> {
    graph: Graph,
    name: Name,
    npartitions: u32,
    split_every: usize,
    /// Partitions of results by key, if that was said.
    split_out: Option<u32>,
    /// About how many bytes its items take in memory, where what it is made of tells: a guess from above, since steps are
    /// taken to make no more of their items.
    nbytes: Option<u64>,
    items: Of<T>,
}

impl<T> Bag<T> {
    /// A bag of the partitions `(name, 0)` to `(name, npartitions - 1)` of `graph`.
    ///
    /// Each must be a [`Partition<T>`]; computing reports one that is not.
    pub fn from_graph(graph: Graph, name: impl Into<Name>, npartitions: u32) -> Self {
        Self {
            graph,
            name: name.into(),
            npartitions,
            split_every: SPLIT_EVERY,
            split_out: None,
            nbytes: None,
            items: Of::default(),
        }
    }

    /// Number of partitions.
    pub fn npartitions(&self) -> usize {
        self.npartitions as usize
    }

    /// The name that the keys of its partitions carry.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The same bag, whose reductions join `n` partial results at a time; 8 unless said otherwise, at
    /// least 2.
    ///
    /// Fewer take less memory at once and leave more to do in parallel. The tree depends on nothing else,
    /// so results are the same whatever runs the graph.
    pub fn split_every(mut self, n: usize) -> Self {
        self.split_every = n.max(2);
        self
    }

    /// The same bag, whose results by key have `n` partitions, at least 1: those of [`frequencies`](Self::frequencies),
    /// [`distinct`](Self::distinct), [`foldby`](Self::foldby), [`groupby`](Self::groupby) and their kind. Bags that are
    /// made of it are the same in that.
    ///
    /// For more keys than fit into one table, and where the number that [`groupby`](Self::groupby) chooses does not suit.
    /// Each partition has keys of its own, told by their hashes; partial
    /// results are exchanged through files, so keys and values have to be of types that can leave the process
    /// ([`make_portable`](dask_graph::make_portable)).
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let counts = Bag::range(1000, Partitions::count(4)).map(|n| n % 300).split_out(3).frequencies();
    /// assert_eq!(counts.npartitions(), 3);
    /// assert_eq!(counts.count().compute_with(&dask_sched_sync::Sync::new()).unwrap(), 300);
    /// ```
    pub fn split_out(mut self, n: usize) -> Self {
        self.split_out = Some(n.clamp(1, u32::MAX as usize) as u32);
        self
    }

    /// A bag of what `op` makes of each of these values, one for each partition; it may know how much that is.
    #[track_caller]
    pub(crate) fn from_source(name: Name, op: Arc<dyn Op>, values: Vec<Value>) -> Self {
        let nbytes = values
            .iter()
            .map(|value| op.output_nbytes(&[Arg::Value(value.clone())]))
            .try_fold(0, |sum: u64, nbytes| Some(sum.saturating_add(nbytes?)));
        let n = values.len() as u32;
        let layer = source(name.clone(), op, n, move |i| values[i as usize].clone());
        Self::from_graph(Graph::from_layer(layer), name, n).of_nbytes(nbytes)
    }

    /// The same bag, of whose items something else is known.
    fn of_nbytes(self, nbytes: Option<u64>) -> Self {
        Self { nbytes, ..self }
    }

    /// The key of one partition.
    fn key(&self, partition: u32) -> Key {
        Key::new(&self.name, &[partition])
    }

    /// A layer's name, where the operation means the same each time it is applied to this bag.
    fn token(&self, label: &str) -> Token {
        Tokenizer::new(label).feed(&self.name).finish()
    }

    /// Begins a layer with one task a partition of this bag.
    #[track_caller]
    fn layer(&self, label: &str, token: Token, op: Arc<dyn Op>) -> BlockwiseBuilder {
        Blockwise::builder(Name::from_token(label, token), op, &[(PARTITIONS, self.npartitions)])
            .blocks(&self.name, &[(PARTITIONS, self.npartitions)])
    }

    /// A bag of the partitions that `op` makes of the partitions of this one.
    #[track_caller]
    fn blockwise<U>(&self, label: &str, token: Token, op: Arc<dyn Op>) -> Bag<U> {
        self.on_top(self.layer(label, token, op))
    }

    /// A bag of the partitions that `op` makes of the partitions of this one and a value for each.
    #[track_caller]
    pub(crate) fn blockwise_with<U>(
        &self,
        label: &str,
        token: Token,
        op: Arc<dyn Op>,
        value: impl Fn(u32) -> Value + Send + Sync + 'static,
    ) -> Bag<U> {
        let axes = [(PARTITIONS, self.npartitions)];
        self.on_top(self.layer(label, token, op).per_block(&axes, move |index| value(index[0])))
    }

    /// The bag of a layer whose only input is this one.
    fn on_top<U>(&self, layer: BlockwiseBuilder) -> Bag<U> {
        let layer = build(layer);
        let name = layer.name().clone();
        let graph = Graph::with_inputs(layer, [&self.graph]);
        self.derived(graph, name, self.npartitions)
    }

    /// A bag that is made of this one, whose settings it has, and no more items.
    fn derived<U>(&self, graph: Graph, name: Name, npartitions: u32) -> Bag<U> {
        let Self { split_every, split_out, nbytes, .. } = *self;
        Bag { split_every, split_out, nbytes, ..Bag::from_graph(graph, name, npartitions) }
    }
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// Reduces each partition by `sink`, joins the results in a tree, and makes the end result of the last.
    ///
    /// `join` and `last` receive lists of what `sink` and `join` make, in the order of the partitions.
    #[track_caller]
    pub(crate) fn tree(
        &self,
        label: &str,
        token: Token,
        sink: impl Sink<T>,
        join: Arc<dyn Op>,
        last: Arc<dyn Op>,
    ) -> (Graph, Name) {
        let partial = format!("{label}-partial");
        let mut level: Bag<()> = self.blockwise(&partial, token, Pipeline::op(Stored::new(), sink));
        let mut depth = 0_u32;
        while level.npartitions() > self.split_every {
            depth += 1;
            let token = Tokenizer::new("level").feed(&token).feed(&depth).feed(&self.split_every).finish();
            level = level.joined(&format!("{label}-join"), token, &join, self.split_every);
        }
        let token = Tokenizer::new("last").feed(&token).feed(&self.split_every).finish();
        let end = level.joined(label, token, &last, self.split_every);
        (end.graph, end.name)
    }
}

impl Bag<()> {
    /// The layer in which `op` takes lists of `every` results of this one.
    #[track_caller]
    fn joined(&self, label: &str, token: Token, op: &Arc<dyn Op>, every: usize) -> Self {
        let name = Name::from_token(label, token);
        let mut layer = Materialized::new(&name);
        let keys: Vec<Key> = (0..self.npartitions).map(|i| self.key(i)).collect();
        let mut n = 0;
        for group in keys.chunks(every) {
            let task = dask_graph::Task::new(op.clone(), [Arg::list(group)]);
            layer.insert(Key::new(&name, &[n]), Node::Task(task));
            n += 1;
        }
        Self::from_graph(Graph::with_inputs(layer, [&self.graph]), name, n)
    }
}

/// The layer of `n` partitions that `op` makes of one value each.
#[track_caller]
fn source(
    name: Name,
    op: Arc<dyn Op>,
    n: u32,
    value: impl Fn(u32) -> Value + Send + Sync + 'static,
) -> Blockwise {
    let axes = [(PARTITIONS, n)];
    build(Blockwise::builder(name, op, &axes).per_block(&axes, move |index| value(index[0])))
}

/// Makes the layer of a builder whose axes are all [`PARTITIONS`].
#[track_caller]
fn build(layer: BlockwiseBuilder) -> Blockwise {
    match layer.build() {
        Ok(layer) => layer,
        Err(e) => unreachable!("all inputs have the partitions of the output as their only axis: {e}"),
    }
}

impl<T: Clone + Send + Sync + 'static> Collection for Bag<T> {
    type Output = Vec<T>;

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        (0..self.npartitions).map(|i| self.key(i)).collect()
    }

    fn finish(&self, values: Vec<Value>) -> Result<Vec<T>, ComputeError> {
        gather(values)
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        Self { graph, name: rename(&self.name), ..self.clone() }
    }
}

/// The items of some partitions, moved out of those that nobody else holds.
fn gather<T: Clone + Send + Sync + 'static>(values: Vec<Value>) -> Result<Vec<T>, ComputeError> {
    let mut all = Vec::new();
    for value in values {
        match value.try_unwrap::<Partition<T>>() {
            Ok(partition) if all.is_empty() => all = partition.into_items(),
            Ok(partition) => all.append(&mut partition.into_items()),
            Err(shared) => {
                all.extend_from_slice(shared.get::<Partition<T>>().map_err(ComputeError::finish)?.items());
            }
        }
    }
    Ok(all)
}

// By hand: a derived one would ask for `T: Clone`.
impl<T> Clone for Bag<T> {
    fn clone(&self) -> Self {
        Self {
            graph: self.graph.clone(),
            name: self.name.clone(),
            npartitions: self.npartitions,
            split_every: self.split_every,
            split_out: self.split_out,
            nbytes: self.nbytes,
            items: Of::default(),
        }
    }
}

impl<T> fmt::Debug for Bag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bag")
            .field("name", &self.name)
            .field("npartitions", &self.npartitions)
            .field("items", &std::any::type_name::<T>())
            .finish()
    }
}
