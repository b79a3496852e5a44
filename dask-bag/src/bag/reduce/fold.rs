//! Folds, and what is one: count, min, max, any, all.

use std::cmp;
use std::sync::Arc;

use dask_graph::{OpError, Token, Value};

use super::{Reduction, pairwise};
use crate::bag::Bag;
use crate::item::Item;
use crate::stream::{Flow, NEXT, Run, STOP, Sink};

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
        let join = pairwise(combine);
        let reduction = Reduction { label: "fold", sink: Fold { init, binop }, join, store: Value::new };
        self.reduce_to_item(Token::unique(), reduction, Ok)
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
        let reduction = Reduction { label: "reduction", sink, join: Arc::new(aggregate), store: Value::new };
        self.reduce_to_item(Token::unique(), reduction, Ok)
    }

    /// The number of items.
    #[track_caller]
    pub fn count(&self) -> Item<u64> {
        let join = pairwise(|a: u64, b| a + b);
        let reduction = Reduction { label: "count", sink: Count, join, store: Value::new };
        self.reduce_to_item(self.token("count"), reduction, Ok)
    }

    #[track_caller]
    fn fold_some(
        &self,
        label: &'static str,
        token: Token,
        binop: impl Fn(T, T) -> T + Send + Sync + 'static,
    ) -> Item<Option<T>> {
        let binop = Arc::new(binop);
        let join = binop.clone();
        let reduction = Reduction::accumulate(
            label,
            None,
            move |acc: &mut Option<T>, item: T| {
                *acc = Some(match acc.take() {
                    None => item,
                    Some(before) => binop(before, item),
                });
                NEXT
            },
            move |a, b| match (a, b) {
                (Some(a), Some(b)) => Some(join(a, b)),
                (a, b) => a.or(b),
            },
            Value::new,
        );
        self.reduce_to_item(token, reduction, Ok)
    }
}

impl Bag<bool> {
    /// Whether an item is true. Reads no further in a partition than the first that is.
    #[track_caller]
    pub fn any(&self) -> Item<bool> {
        self.until("any", true)
    }

    /// Whether all items are true. Reads no further in a partition than the first that is not.
    #[track_caller]
    pub fn all(&self) -> Item<bool> {
        self.until("all", false)
    }

    /// `stop` if there is an item that equals it, and the opposite if not.
    #[track_caller]
    fn until(&self, label: &'static str, stop: bool) -> Item<bool> {
        let reduction = Reduction::accumulate(
            label,
            !stop,
            move |acc: &mut bool, item: bool| {
                *acc = item;
                if item == stop { STOP } else { NEXT }
            },
            move |a, b| if a == stop { a } else { b },
            Value::new,
        );
        self.reduce_to_item(self.token(label), reduction, Ok)
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

    fn label(&self) -> Option<&'static str> {
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

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        None
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

    fn label(&self) -> Option<&'static str> {
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

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        None
    }
}

/// The sink that counts.
struct Count;

impl<T> Sink<T> for Count {
    type Acc = u64;

    fn label(&self) -> Option<&'static str> {
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

    fn finish(&self, acc: u64) -> Result<Value, OpError> {
        Ok(Value::new(acc))
    }

    fn of_len(&self, len: u64) -> Option<u64> {
        Some(len)
    }

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        Some(8)
    }
}
