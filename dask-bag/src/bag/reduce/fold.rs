//! Folds, and what is one: count, min, max, any, all.

use std::borrow::Cow;
use std::cmp;
use std::sync::Arc;

use dask_graph::{Args, OpError, Packer, Refused, Token, UnpackError, Unpacker, Value, make_option_portable};

use super::Reduction;
use super::joins::{Join, Pairwise, Together};
use crate::bag::Bag;
use crate::codec;
use crate::item::Item;
use crate::stream::{Flow, NEXT, Run, Sink, Stream, for_each_lent};

/// # To one value
///
/// Partial results are joined in the order of the partitions, in a tree whose shape is fixed.
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// Folds each partition by `binop`, starting from `init`, and joins the results by `combine`.
    ///
    /// `init` enters once a partition, so it should change nothing: `combine(init, x)` is `x`. `combine`
    /// should not mind where the parentheses stand. An empty bag gives `init`.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let words = Bag::from_sequence(["to", "be", "or", "not"], Partitions::count(2));
    /// let letters = words.fold(0, |n, word| n + word.len(), |a, b| a + b);
    /// assert_eq!(letters.compute_with(&dask_sched_sync::Sync::new()).unwrap(), 9);
    /// ```
    #[track_caller]
    pub fn fold<A>(
        &self,
        init: A,
        binop: impl Fn(A, T) -> A + Send + Sync + 'static,
        combine: impl Fn(A, A) -> A + Send + Sync + 'static,
    ) -> Item<A>
    where
        A: Clone + Send + Sync + 'static,
    {
        let join = Pairwise(combine);
        let reduction = Reduction { label: "fold", sink: Fold { init, binop }, join, store: Value::new };
        self.reduce_to_item(Token::unique(), reduction, Ok::<A, _>)
    }

    /// Folds all items by `binop`, starting from the first; `None` for an empty bag.
    #[track_caller]
    pub fn reduce(&self, binop: impl Fn(T, T) -> T + Send + Sync + 'static) -> Item<Option<T>> {
        self.fold_some("reduce", Token::unique(), binop)
    }

    /// The least item, the first of equal ones; `None` for an empty bag.
    #[track_caller]
    pub fn min(&self) -> Item<Option<T>>
    where
        T: Ord,
    {
        self.fold_some("min", self.token("min"), cmp::min)
    }

    /// The greatest item, the last of equal ones; `None` for an empty bag.
    #[track_caller]
    pub fn max(&self) -> Item<Option<T>>
    where
        T: Ord,
    {
        self.fold_some("max", self.token("max"), cmp::max)
    }

    /// The item that `compare` finds least, the first of equal ones; `None` for an empty bag.
    ///
    /// For floating point numbers: `min_by(f64::total_cmp)`.
    #[track_caller]
    pub fn min_by(
        &self,
        compare: impl Fn(&T, &T) -> cmp::Ordering + Send + Sync + 'static,
    ) -> Item<Option<T>> {
        self.fold_some("min_by", Token::unique(), move |a, b| cmp::min_by(a, b, &compare))
    }

    /// The item that `compare` finds greatest, the last of equal ones; `None` for an empty bag.
    #[track_caller]
    pub fn max_by(
        &self,
        compare: impl Fn(&T, &T) -> cmp::Ordering + Send + Sync + 'static,
    ) -> Item<Option<T>> {
        self.fold_some("max_by", Token::unique(), move |a, b| cmp::max_by(a, b, &compare))
    }

    /// What `aggregate` makes of what `per_partition` makes of each partition.
    ///
    /// The items of a partition are collected first; prefer [`fold`](Self::fold) where it does. `aggregate`
    /// is called on groups of results and then on its own results, in the order of the partitions, until
    /// one is left; its argument is never empty.
    #[track_caller]
    pub fn reduction<A>(
        &self,
        per_partition: impl Fn(Vec<T>) -> A + Send + Sync + 'static,
        aggregate: impl Fn(Vec<A>) -> A + Send + Sync + 'static,
    ) -> Item<A>
    where
        A: Clone + Send + Sync + 'static,
    {
        let sink = WholePartition(per_partition);
        let reduction = Reduction { label: "reduction", sink, join: Together(aggregate), store: Value::new };
        self.reduce_to_item(Token::unique(), reduction, Ok::<A, _>)
    }

    /// The number of items.
    #[track_caller]
    pub fn count(&self) -> Item<u64> {
        let join = Pairwise(|a: u64, b| a + b);
        let reduction = Reduction { label: "count", sink: Count, join, store: Value::new };
        self.reduce_to_item(self.token("count"), reduction, Ok::<u64, _>)
    }

    #[track_caller]
    fn fold_some(
        &self,
        label: &'static str,
        token: Token,
        binop: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Item<Option<T>> {
        make_option_portable::<T>();
        let binop = Arc::new(binop);
        let sink = FoldSome { label: label.into(), binop: binop.clone() };
        let reduction = Reduction { label, sink, join: JoinSome(binop), store: Value::new };
        self.reduce_to_item(token, reduction, Ok::<Option<T>, _>)
    }
}

impl Bag<bool> {
    /// Whether an item is true. Reads no further in a partition than the first that is.
    #[track_caller]
    pub fn any(&self) -> Item<bool> {
        self.until::<true>("any")
    }

    /// Whether all items are true. Reads no further in a partition than the first that is not.
    #[track_caller]
    pub fn all(&self) -> Item<bool> {
        self.until::<false>("all")
    }

    /// `STOP` if there is an item that equals it, and the opposite if not.
    #[track_caller]
    fn until<const STOP: bool>(&self, label: &'static str) -> Item<bool> {
        let push = |acc: &mut bool, item: bool| {
            *acc = item;
            if item == STOP { crate::stream::STOP } else { NEXT }
        };
        let join = |a: bool, b: bool| if a == STOP { a } else { b };
        let reduction = Reduction::accumulate(label, || !STOP, push, join, Value::new);
        self.reduce_to_item(self.token(label), reduction, Ok::<bool, _>)
    }
}

/// The sink of `reduce` and its kind, which begins with the first item.
struct FoldSome<F> {
    label: Cow<'static, str>,
    binop: Arc<F>,
}

impl<T, F> Sink<T> for FoldSome<F>
where
    T: Send + Sync + 'static,
    F: Fn(T, T) -> T + Send + Sync + 'static,
{
    type Acc = Option<T>;

    fn label(&self) -> Option<&str> {
        Some(&self.label)
    }

    fn start(&self) -> Option<T> {
        None
    }

    #[inline]
    fn push(&self, _: &Run, acc: &mut Option<T>, item: T) -> Flow {
        *acc = Some(match acc.take() {
            None => item,
            Some(before) => (self.binop)(before, item),
        });
        NEXT
    }

    fn finish(&self, acc: Option<T>) -> Result<Value, OpError> {
        Ok(Value::new(acc))
    }

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        Some(size_of::<Option<T>>() as u64)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.label)?;
        to.function::<fn(T, T) -> T, F>(&self.binop)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let label = from.state::<String>()?.into();
        Ok(Self { label, binop: Arc::new(from.function::<fn(T, T) -> T, F>()?) })
    }
}

/// Joins what was there in some partitions and not in others.
struct JoinSome<F>(Arc<F>);

impl<T, F: Fn(T, T) -> T + Send + Sync + 'static> Join<Option<T>> for JoinSome<F> {
    fn join(&self, group: Vec<Option<T>>) -> Option<T> {
        group.into_iter().flatten().reduce(&*self.0)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(T, T) -> T, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self(Arc::new(from.function::<fn(T, T) -> T, F>()?)))
    }
}

/// The sink of `fold`, whose function takes the accumulator and gives it back.
struct Fold<A, F> {
    init: A,
    binop: F,
}

impl<T, A, F> Sink<T> for Fold<A, F>
where
    A: Clone + Send + Sync + 'static,
    F: Fn(A, T) -> A + Send + Sync + 'static,
{
    /// Always `Some` between items.
    type Acc = Option<A>;

    fn label(&self) -> Option<&str> {
        Some("fold")
    }

    fn start(&self) -> Option<A> {
        Some(self.init.clone())
    }

    #[inline]
    fn push(&self, _: &Run, acc: &mut Option<A>, item: T) -> Flow {
        *acc = acc.take().map(|acc| (self.binop)(acc, item));
        NEXT
    }

    fn finish(&self, acc: Option<A>) -> Result<Value, OpError> {
        Ok(Value::new(acc.unwrap_or_else(|| self.init.clone())))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        codec::pack(to, &self.init)?;
        to.function::<fn(A, T) -> A, F>(&self.binop)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { init: codec::unpack(from)?, binop: from.function::<fn(A, T) -> A, F>()? })
    }
}

/// The sink that hands all items of a partition to a function.
struct WholePartition<F>(F);

impl<T, A, F> Sink<T> for WholePartition<F>
where
    T: Send + Sync + 'static,
    A: Send + Sync + 'static,
    F: Fn(Vec<T>) -> A + Send + Sync + 'static,
{
    type Acc = Vec<T>;

    fn label(&self) -> Option<&str> {
        Some("reduction")
    }

    fn start(&self) -> Vec<T> {
        Vec::new()
    }

    #[inline]
    fn push(&self, _: &Run, acc: &mut Vec<T>, item: T) -> Flow {
        acc.push(item);
        NEXT
    }

    fn finish(&self, acc: Vec<T>) -> Result<Value, OpError> {
        Ok(Value::new((self.0)(acc)))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(Vec<T>) -> A, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(Vec<T>) -> A, F>().map(Self)
    }
}

/// The sink that counts.
struct Count;

impl<T> Sink<T> for Count {
    type Acc = u64;

    fn label(&self) -> Option<&str> {
        Some("count")
    }

    fn start(&self) -> u64 {
        0
    }

    #[inline]
    fn push(&self, _: &Run, acc: &mut u64, _item: T) -> Flow {
        *acc += 1;
        NEXT
    }

    fn drain(
        &self,
        stream: &dyn Stream<T>,
        run: &Run,
        args: &mut Args<'_>,
        acc: &mut u64,
    ) -> Result<(), OpError> {
        for_each_lent(stream, run, args, |_| {
            *acc += 1;
            NEXT
        })
    }

    fn finish(&self, acc: u64) -> Result<Value, OpError> {
        Ok(Value::new(acc))
    }

    fn of_len(&self, len: u64) -> Option<u64> {
        Some(len)
    }

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        Some(8)
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}
