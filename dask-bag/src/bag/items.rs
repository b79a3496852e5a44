//! Operations on one item at a time: the steps of a pipeline.

use std::error::Error;

use dask_graph::{BlockwiseBuilder, Collection, Graph, Layer, Token};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Bag, build};
use crate::item::Item;
use crate::stream::step::{Step, Stepped};
use crate::stream::step_with::{StepWith, SteppedWith};
use crate::stream::steps::{
    Filter, FilterMap, FilterWith, FlatMap, FlatMapWith, Flatten, Map, MapWith, MapWithItem, TryMap,
    TryMapWith,
};
use crate::stream::stored::Stored;
use crate::stream::{Collect, Of, Pipeline};

/// # Item by item
///
/// These operations run in one pass when the graph is optimised: an item goes through all of them before
/// the next is read.
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of what `f` makes of each item.
    ///
    /// For items that are tuples, take them apart in the closure, `|(a, b)| a + b`, or see
    /// [`starmap`](Bag::starmap).
    #[track_caller]
    pub fn map<U>(&self, f: impl Fn(T) -> U + Send + Sync + 'static) -> Bag<U>
    where
        U: Send + Sync + 'static,
    {
        self.step(Token::unique(), Map(f))
    }

    /// A bag of what `f` makes of `state` and each item: [`map`](Self::map) for functions that need something else.
    ///
    /// A closure can capture what it needs, too, as long as it runs in this process. Worker processes make closures
    /// again out of nothing but their type, so a captured value would be lost, and a graph with such a closure is
    /// refused there before anything runs. The state is what is sent instead.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    /// use dask_graph::testing::Travelling; // runs a graph as other processes would
    ///
    /// let prices = Bag::from_sequence([10.0, 20.0], Partitions::count(2));
    /// let rate = 1.2;
    /// let error = prices.map(move |price| rate * price).compute_with(&Travelling).unwrap_err();
    /// let why = std::error::Error::source(&error).unwrap().to_string();
    /// # let why = format!("{error} {why}");
    /// assert!(why.contains("`map` cannot leave the process: the closure captures state"), "{why}");
    ///
    /// let converted = prices.map_with(rate, |rate, price| rate * price);
    /// assert_eq!(converted.compute_with(&Travelling).unwrap(), [12.0, 24.0]);
    /// ```
    #[track_caller]
    pub fn map_with<S, U>(&self, state: S, f: impl Fn(&S, T) -> U + Send + Sync + 'static) -> Bag<U>
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
        U: Send + Sync + 'static,
    {
        self.step(Token::unique(), MapWith { state, f })
    }

    /// A bag of the items for which `keep` is true, given `state`; see [`map_with`](Self::map_with).
    #[track_caller]
    pub fn filter_with<S>(&self, state: S, keep: impl Fn(&S, &T) -> bool + Send + Sync + 'static) -> Self
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.step(Token::unique(), FilterWith { state, keep })
    }

    /// A bag of what `f` makes of `state` and each item, where `f` may fail; see [`map_with`](Self::map_with) and
    /// [`try_map`](Self::try_map).
    #[track_caller]
    pub fn try_map_with<S, U, E>(
        &self,
        state: S,
        f: impl Fn(&S, T) -> Result<U, E> + Send + Sync + 'static,
    ) -> Bag<U>
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
        U: Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        self.step(Token::unique(), TryMapWith { state, f })
    }

    /// A bag of all that the iterators give which `f` makes of `state` and the items; see
    /// [`map_with`](Self::map_with).
    ///
    /// A [`filter_map`](Self::filter_map) with state is one whose iterators are `Option`s.
    #[track_caller]
    pub fn flat_map_with<S, I>(
        &self,
        state: S,
        f: impl Fn(&S, T) -> I + Send + Sync + 'static,
    ) -> Bag<I::Item>
    where
        S: Serialize + DeserializeOwned + Send + Sync + 'static,
        I: IntoIterator + 'static,
        I::Item: Send + Sync + 'static,
    {
        self.step(Token::unique(), FlatMapWith { state, f })
    }

    /// A bag of what `f` makes of `item` and each item of the bag: for single values that are computed as well.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let bag = Bag::from_sequence([1.0, 2.0, 6.0], Partitions::count(2));
    /// let centred = bag.map_with_item(&bag.mean(), |mean, x| x - mean.unwrap_or(0.0));
    /// assert_eq!(centred.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [-2.0, -1.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn map_with_item<S, U>(
        &self,
        item: &Item<S>,
        f: impl Fn(&S, T) -> U + Send + Sync + 'static,
    ) -> Bag<U>
    where
        S: Clone + Send + Sync + 'static,
        U: Send + Sync + 'static,
    {
        let step = MapWithItem { f, item: Of::<S>::default() };
        self.step_with(Token::unique(), step, &[item.graph()], |layer| layer.whole(item.key().clone()))
    }

    /// A bag of what `f` makes of each item, where `f` may fail.
    ///
    /// The first failure ends the run. Its error is an [`ItemError`](crate::ItemError), which tells the
    /// position of the item and has `f`'s own error as its source.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let words = Bag::from_sequence(["1", "2", "three"], Partitions::count(1));
    /// let numbers = words.try_map(|word| word.parse::<i64>());
    /// let mut error: &dyn std::error::Error = &numbers.compute_with(&dask_sched_sync::Sync::new()).unwrap_err();
    /// let mut chain = Vec::new();
    /// loop {
    ///     chain.push(error.to_string());
    ///     let Some(source) = error.source() else { break };
    ///     error = source;
    /// }
    /// assert!(chain.contains(&"try_map failed on item 2 of its partition".into()), "{chain:?}");
    /// assert_eq!(chain.last().unwrap(), "invalid digit found in string");
    /// ```
    #[track_caller]
    pub fn try_map<U, E>(&self, f: impl Fn(T) -> Result<U, E> + Send + Sync + 'static) -> Bag<U>
    where
        U: Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        self.step(Token::unique(), TryMap(f))
    }

    /// A bag of the items for which `keep` is true.
    #[track_caller]
    pub fn filter(&self, keep: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.step(Token::unique(), Filter::<_, true>(keep))
    }

    /// A bag of the items for which `drop` is not true: the opposite of [`filter`](Self::filter).
    #[track_caller]
    pub fn remove(&self, drop: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.step(Token::unique(), Filter::<_, false>(drop))
    }

    /// A bag of what is in the `Some`s that `f` returns.
    #[track_caller]
    pub fn filter_map<U>(&self, f: impl Fn(T) -> Option<U> + Send + Sync + 'static) -> Bag<U>
    where
        U: Send + Sync + 'static,
    {
        self.step(Token::unique(), FilterMap(f))
    }

    /// A bag of all that the iterators give which `f` makes of the items.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let lines = Bag::from_sequence(["to be", "or not to be"], Partitions::count(2));
    /// let words = lines.flat_map(|line| line.split(' ').map(String::from).collect::<Vec<_>>());
    /// let counts = words.frequencies().compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(counts[..2], [("to".into(), 2), ("be".into(), 2)]);
    /// ```
    #[track_caller]
    pub fn flat_map<I>(&self, f: impl Fn(T) -> I + Send + Sync + 'static) -> Bag<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Send + Sync + 'static,
    {
        self.step(Token::unique(), FlatMap(f))
    }

    /// A bag of the items of the items; one level.
    #[track_caller]
    pub fn flatten(&self) -> Bag<T::Item>
    where
        T: IntoIterator,
        T::Item: Send + Sync + 'static,
    {
        self.step(self.token("flatten"), Flatten)
    }

    /// This bag with one more step, which means what `token` stands for.
    #[track_caller]
    pub(super) fn step<S: Step<T>>(&self, token: Token, step: S) -> Bag<S::Out>
    where
        S::Out: Send + Sync + 'static,
    {
        let mut names = Vec::new();
        step.label(&mut names);
        let stream = Stepped::new(Stored::shared(), step.into());
        self.blockwise(&names.join("+"), token, Pipeline::op(stream, Collect))
    }
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// This bag with one more step, which is given what `with` adds to the arguments of each task.
    #[track_caller]
    pub(super) fn step_with<S: StepWith<T>>(
        &self,
        token: Token,
        step: S,
        others: &[&Graph],
        with: impl FnOnce(BlockwiseBuilder) -> BlockwiseBuilder,
    ) -> Bag<S::Out>
    where
        S::Out: Send + Sync + 'static,
    {
        let stream = SteppedWith::new(Stored::shared(), step.into());
        let layer = build(with(self.layer(S::LABEL, token, Pipeline::op(stream, Collect))));
        let name = layer.name().clone();
        let graph = Graph::with_inputs(layer, std::iter::once(&self.graph).chain(others.iter().copied()));
        self.derived(graph, name, self.npartitions)
    }
}

impl<A, B> Bag<(A, B)>
where
    A: Clone + Send + Sync + 'static,
    B: Clone + Send + Sync + 'static,
{
    /// A bag of what `f` makes of the parts of each pair: [`map`](Bag::map) for functions of two arguments.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let pairs = Bag::from_sequence([(2_u32, 5), (3, 2)], Partitions::count(2));
    /// assert_eq!(pairs.starmap(u32::pow).compute_with(&dask_sched_sync::Sync::new()).unwrap(), [32, 9]);
    /// ```
    #[track_caller]
    pub fn starmap<U>(&self, f: impl Fn(A, B) -> U + Send + Sync + 'static) -> Bag<U>
    where
        U: Send + Sync + 'static,
    {
        self.map(move |(a, b)| f(a, b))
    }

    /// A bag of the first and a bag of the second parts of pairs.
    #[track_caller]
    pub fn unzip(&self) -> (Bag<A>, Bag<B>) {
        (self.map(|(a, _)| a), self.map(|(_, b)| b))
    }
}

impl<A, B, C> Bag<(A, B, C)>
where
    A: Clone + Send + Sync + 'static,
    B: Clone + Send + Sync + 'static,
    C: Clone + Send + Sync + 'static,
{
    /// A bag of what `f` makes of the parts of each triple: [`map`](Bag::map) for functions of three arguments.
    #[track_caller]
    pub fn starmap<U>(&self, f: impl Fn(A, B, C) -> U + Send + Sync + 'static) -> Bag<U>
    where
        U: Send + Sync + 'static,
    {
        self.map(move |(a, b, c)| f(a, b, c))
    }

    /// Bags of the first, the second and the third parts of triples.
    #[track_caller]
    pub fn unzip3(&self) -> (Bag<A>, Bag<B>, Bag<C>) {
        (self.map(|(a, _, _)| a), self.map(|(_, b, _)| b), self.map(|(_, _, c)| c))
    }
}
