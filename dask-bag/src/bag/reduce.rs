//! Reductions: each partition by a sink, at the end of the pass that makes its items; then a tree.
//!
//! The tree has a shape that only the number of partitions and
//! [`split_every`](super::Bag::split_every) decide, and joins partial results in the order of the
//! partitions. So results do not depend on what runs the graph, on how many threads, or on who is first.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Args, Key, Op, OpError, Packer, Refused, Token, Unpack, UnpackError, Unpacked, Unpacker, Value,
};

use super::Bag;
use crate::item::Item;
use crate::partition::Partition;
use crate::stream::{Flow, Of, Run, Sink};

mod counts;
mod fold;
mod foldby;
pub(super) mod groups;
pub(super) mod joins;
mod numbers;
mod split;
mod topk;
mod words;

pub use counts::Countable;
use joins::{Ending, Finish, Join, Pairwise};
pub use numbers::Number;

/// How partial results of one kind are made, joined, and stored between tasks.
pub(super) struct Reduction<S, J, P> {
    pub(super) label: &'static str,
    pub(super) sink: S,
    pub(super) join: J,
    pub(super) store: P,
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// The one value that `last` makes of all partial results joined.
    #[track_caller]
    fn reduce_to_item<S, J, P, A, B>(
        &self,
        token: Token,
        reduction: Reduction<S, J, P>,
        last: impl Fn(A) -> Result<B, OpError> + Send + Sync + 'static,
    ) -> Item<B>
    where
        S: Sink<T>,
        J: Join<A>,
        P: Fn(A) -> Value + Copy + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        B: Send + Sync + 'static,
    {
        let (graph, name) = self.reduce_tree(token, reduction, Ending(move |acc| last(acc).map(Value::new)));
        Item::from_graph(graph, Key::new(name, &[0]))
    }

    /// The bag of one partition that `last` makes of all partial results joined.
    #[track_caller]
    pub(super) fn reduce_to_bag<S, J, P, A, B>(
        &self,
        token: Token,
        reduction: Reduction<S, J, P>,
        last: impl Fn(A) -> Vec<B> + Send + Sync + 'static,
    ) -> Bag<B>
    where
        S: Sink<T>,
        J: Join<A>,
        P: Fn(A) -> Value + Copy + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        B: Send + Sync + 'static,
    {
        let last = Ending(move |acc| Ok(Partition::new(last(acc)).into_value()));
        let (graph, name) = self.reduce_tree(token, reduction, last);
        self.derived(graph, name, 1).of_nbytes(None)
    }

    #[track_caller]
    fn reduce_tree<S, J, P, A>(
        &self,
        token: Token,
        reduction: Reduction<S, J, P>,
        last: impl Finish<A>,
    ) -> (dask_graph::Graph, dask_graph::Name)
    where
        S: Sink<T>,
        J: Join<A>,
        P: Fn(A) -> Value + Copy + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
    {
        let Reduction { label, sink, join, store } = reduction;
        let join = Arc::new(join);
        let again = Ending(move |acc| Ok(store(acc)));
        let inner = JoinOp { label: label.into(), join: join.clone(), last: again, acc: Of::default() };
        let outer = JoinOp { label: label.into(), join, last, acc: Of::default() };
        self.tree(label, token, sink, Arc::new(inner), Arc::new(outer))
    }
}

/// The op that joins a list of partial results, in order.
struct JoinOp<A, J, L> {
    label: Cow<'static, str>,
    join: Arc<J>,
    last: L,
    acc: Of<A>,
}

impl<A: Clone + Send + Sync + 'static, J: Join<A>, L: Finish<A>> Op for JoinOp<A, J, L> {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.label)
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let group = args
            .take_list(0)?
            .into_iter()
            .map(|value| value.into_inner().map_err(|source| OpError::Argument { at: 0, source }))
            .collect::<Result<Vec<A>, _>>()?;
        self.last.finish(self.join.join(group))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.label)?;
        self.join.pack(to)?;
        self.last.pack(to)?;
        Ok(|from| {
            let label = from.state::<String>()?.into();
            let (join, last) = (Arc::new(J::unpack(from)?), L::unpack(from)?);
            Ok(Unpacked::op(JoinOp { label, join, last, acc: Of::<A>::default() }))
        })
    }
}

/// The sink that works on an accumulator in place.
struct Accumulate<A, S, F, P> {
    label: Cow<'static, str>,
    start: S,
    push: F,
    store: P,
    acc: Of<A>,
}

impl<T, A, S, F, P> Sink<T> for Accumulate<A, S, F, P>
where
    T: 'static,
    A: Clone + Send + Sync + 'static,
    S: Fn() -> A + Send + Sync + 'static,
    F: Fn(&mut A, T) -> Flow + Send + Sync + 'static,
    P: Fn(A) -> Value + Send + Sync + 'static,
{
    type Acc = A;

    fn label(&self) -> Option<&str> {
        Some(&self.label)
    }

    fn start(&self) -> A {
        (self.start)()
    }

    #[inline]
    fn push(&self, _: &Run, acc: &mut A, item: T) -> Flow {
        (self.push)(acc, item)
    }

    fn finish(&self, acc: A) -> Result<Value, OpError> {
        Ok((self.store)(acc))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.label)?;
        to.function::<fn() -> A, S>(&self.start)?;
        to.function::<fn(&'static mut A, T) -> Flow, F>(&self.push)?;
        to.function::<fn(A) -> Value, P>(&self.store)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self {
            label: from.state::<String>()?.into(),
            start: from.function::<fn() -> A, S>()?,
            push: from.function::<fn(&'static mut A, T) -> Flow, F>()?,
            store: from.function::<fn(A) -> Value, P>()?,
            acc: Of::default(),
        })
    }
}

/// The sink of accumulators that `start` makes for each partition and `push` changes.
fn accumulate<T, A, S, F, P>(label: &'static str, start: S, push: F, store: P) -> Accumulate<A, S, F, P>
where
    S: Fn() -> A,
    F: Fn(&mut A, T) -> Flow,
    P: Fn(A) -> Value,
{
    Accumulate { label: label.into(), start, push, store, acc: Of::default() }
}

impl Reduction<(), (), ()> {
    /// A reduction of accumulators that `start` makes for each partition and `push` changes.
    fn accumulate<T, A, S, F, P, J>(
        label: &'static str,
        start: S,
        push: F,
        join: J,
        store: P,
    ) -> Reduction<Accumulate<A, S, F, P>, Pairwise<J>, P>
    where
        A: Clone + Send + Sync + 'static,
        S: Fn() -> A + Send + Sync + 'static,
        F: Fn(&mut A, T) -> Flow + Send + Sync + 'static,
        P: Fn(A) -> Value + Copy + Send + Sync + 'static,
        J: Fn(A, A) -> A + Send + Sync + 'static,
    {
        Reduction { label, sink: accumulate(label, start, push, store), join: Pairwise(join), store }
    }
}
