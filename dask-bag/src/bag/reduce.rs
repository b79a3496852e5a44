//! Reductions: each partition by a sink, at the end of the pass that makes its items; then a tree.
//!
//! The tree has a shape that only the number of partitions and
//! [`split_every`](super::Bag::split_every) decide, and joins partial results in the order of the
//! partitions. So results do not depend on what runs the graph, on how many threads, or on who is first.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Key, Op, OpError, Token, Value};

use super::Bag;
use crate::item::Item;
use crate::stream::{Flow, Of, Run, Sink};

mod fold;
mod groups;
mod numbers;
mod topk;

pub use numbers::Number;

/// Makes one partial result of several, never of none.
type Joiner<A> = Arc<dyn Fn(Vec<A>) -> A + Send + Sync>;

/// Joins partial results two by two, from the first on.
fn pairwise<A: 'static>(join: impl Fn(A, A) -> A + Send + Sync + 'static) -> Joiner<A> {
    Arc::new(move |group| match group.into_iter().reduce(&join) {
        Some(joined) => joined,
        None => unreachable!("a bag has at least one partition"),
    })
}

/// How partial results of one kind are made, stored, joined and finished.
struct Reduction<S, A> {
    label: &'static str,
    sink: S,
    join: Joiner<A>,
    /// How a partial result is stored between tasks.
    store: fn(A) -> Value,
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// The one value that `last` makes of all partial results joined.
    #[track_caller]
    fn reduce_to_item<S, A, B>(
        &self,
        token: Token,
        reduction: Reduction<S, A>,
        last: impl Fn(A) -> Result<B, OpError> + Send + Sync + 'static,
    ) -> Item<B>
    where
        S: Sink<T>,
        A: Clone + Send + Sync + 'static,
        B: Send + Sync + 'static,
    {
        let (graph, name) = self.reduce_tree(token, reduction, move |acc| last(acc).map(Value::new));
        Item::from_graph(graph, Key::new(name, &[0]))
    }

    /// The bag of one partition that `last` makes of all partial results joined.
    #[track_caller]
    fn reduce_to_bag<S, A, B>(
        &self,
        token: Token,
        reduction: Reduction<S, A>,
        last: impl Fn(A) -> Vec<B> + Send + Sync + 'static,
    ) -> Bag<B>
    where
        S: Sink<T>,
        A: Clone + Send + Sync + 'static,
        B: Send + Sync + 'static,
    {
        let (graph, name) = self.reduce_tree(token, reduction, move |acc| {
            Ok(crate::partition::Partition::new(last(acc)).into_value())
        });
        Bag { split_every: self.split_every, ..Bag::from_graph(graph, name, 1) }
    }

    #[track_caller]
    fn reduce_tree<S, A>(
        &self,
        token: Token,
        reduction: Reduction<S, A>,
        last: impl Fn(A) -> Result<Value, OpError> + Send + Sync + 'static,
    ) -> (dask_graph::Graph, dask_graph::Name)
    where
        S: Sink<T>,
        A: Clone + Send + Sync + 'static,
    {
        let Reduction { label, sink, join, store } = reduction;
        let inner = Join { label, join: join.clone(), last: move |acc| Ok(store(acc)), acc: Of::default() };
        let outer = Join { label, join, last, acc: Of::default() };
        self.tree(label, token, sink, Arc::new(inner), Arc::new(outer))
    }
}

/// The op that joins a list of partial results, in order.
struct Join<A, L> {
    label: &'static str,
    join: Joiner<A>,
    last: L,
    acc: Of<A>,
}

impl<A, L> Op for Join<A, L>
where
    A: Clone + Send + Sync + 'static,
    L: Fn(A) -> Result<Value, OpError> + Send + Sync + 'static,
{
    fn name(&self) -> Cow<'_, str> {
        self.label.into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let group = args
            .take_list(0)?
            .into_iter()
            .map(|value| value.into_inner().map_err(|source| OpError::Argument { at: 0, source }))
            .collect::<Result<Vec<A>, _>>()?;
        (self.last)((self.join)(group))
    }
}

/// The sink that works on an accumulator in place.
struct Accumulate<A, F> {
    label: &'static str,
    start: A,
    push: F,
    store: fn(A) -> Value,
}

impl<T, A, F> Sink<T> for Accumulate<A, F>
where
    A: Clone + Send + Sync + 'static,
    F: Fn(&mut A, T) -> Flow + Send + Sync + 'static,
{
    type Acc = A;

    fn label(&self) -> Option<&'static str> {
        Some(self.label)
    }

    fn start(&self) -> A {
        self.start.clone()
    }

    #[inline]
    fn push(&self, _: &Run, acc: &mut A, item: T) -> Flow {
        (self.push)(acc, item)
    }

    fn finish(&self, acc: A) -> Result<Value, OpError> {
        Ok((self.store)(acc))
    }

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        // A table may grow with its items; a number does not. Nothing is known of either.
        None
    }
}

impl<A: Clone + Send + Sync + 'static> Reduction<(), A> {
    /// A reduction of accumulators that are `start` for each partition and are changed by `push`.
    fn accumulate<T, F>(
        label: &'static str,
        start: A,
        push: F,
        join: impl Fn(A, A) -> A + Send + Sync + 'static,
        store: fn(A) -> Value,
    ) -> Reduction<Accumulate<A, F>, A>
    where
        F: Fn(&mut A, T) -> Flow + Send + Sync + 'static,
    {
        Reduction { label, sink: Accumulate { label, start, push, store }, join: pairwise(join), store }
    }
}
