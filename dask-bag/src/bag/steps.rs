//! Several steps as one, composed when the program is compiled.

use std::error::Error;

use dask_graph::Token;

use super::Bag;
use crate::stream::Of;
use crate::stream::step::{Pass, Step, Then};
use crate::stream::steps::{Filter, FilterMap, FlatMap, Map, TryMap};

/// Steps to be taken with each item, for [`Bag::pipe`].
///
/// The methods are those of [`Bag`].
#[must_use = "steps do nothing until `pipe` puts them on a bag"]
pub struct Steps<T, S> {
    steps: S,
    items: Of<T>,
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of what several steps make of each item.
    ///
    /// The same as calling the methods on the bag itself, for steps so small that calling them matters: a
    /// bag forgets what its steps are, which costs an indirect call an item and step, while these are
    /// compiled into one function. They are one operation of the graph, so nothing between them can be
    /// shared with another result.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let bag = Bag::range(20, Partitions::count(2));
    /// let piped = bag.pipe(|items| items.map(|n| n * n).filter(|n| n % 3 == 1).map(|n| n / 3));
    /// assert_eq!(piped.topk(2).compute_with(&dask_sched_sync::Sync::new()).unwrap(), [120, 96]);
    /// ```
    #[track_caller]
    pub fn pipe<S: Step<T>>(&self, steps: impl FnOnce(Steps<T, Pass>) -> Steps<T, S>) -> Bag<S::Out>
    where
        S::Out: Send + Sync + 'static,
    {
        self.step(Token::unique(), steps(Steps { steps: Pass, items: Of::default() }).steps)
    }
}

impl<T, S: Step<T>> Steps<T, S> {
    fn then<N: Step<S::Out>>(self, next: N) -> Steps<T, Then<S, N>> {
        Steps { steps: Then(self.steps, next), items: Of::default() }
    }

    /// As [`Bag::map`].
    pub fn map<U>(self, f: impl Fn(S::Out) -> U + Send + Sync + 'static) -> Steps<T, impl Step<T, Out = U>> {
        self.then(Map(f))
    }

    /// As [`Bag::try_map`].
    pub fn try_map<U, E>(
        self,
        f: impl Fn(S::Out) -> Result<U, E> + Send + Sync + 'static,
    ) -> Steps<T, impl Step<T, Out = U>>
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        self.then(TryMap(f))
    }

    /// As [`Bag::filter`].
    pub fn filter(
        self,
        keep: impl Fn(&S::Out) -> bool + Send + Sync + 'static,
    ) -> Steps<T, impl Step<T, Out = S::Out>>
    where
        S::Out: 'static,
    {
        self.then(Filter::<_, true>(keep))
    }

    /// As [`Bag::remove`].
    pub fn remove(
        self,
        drop: impl Fn(&S::Out) -> bool + Send + Sync + 'static,
    ) -> Steps<T, impl Step<T, Out = S::Out>>
    where
        S::Out: 'static,
    {
        self.then(Filter::<_, false>(drop))
    }

    /// As [`Bag::filter_map`].
    pub fn filter_map<U>(
        self,
        f: impl Fn(S::Out) -> Option<U> + Send + Sync + 'static,
    ) -> Steps<T, impl Step<T, Out = U>> {
        self.then(FilterMap(f))
    }

    /// As [`Bag::flat_map`].
    pub fn flat_map<I: IntoIterator>(
        self,
        f: impl Fn(S::Out) -> I + Send + Sync + 'static,
    ) -> Steps<T, impl Step<T, Out = I::Item>> {
        self.then(FlatMap(f))
    }
}
