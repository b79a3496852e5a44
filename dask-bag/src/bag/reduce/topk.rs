//! The largest items.

use std::cmp::Ordering;
use std::sync::Arc;

use dask_graph::{
    OpError, Packer, Refused, Token, Tokenizer, UnpackError, Unpacker, Value, make_list_portable,
};

use super::Reduction;
use super::joins::Join;
use crate::bag::Bag;
use crate::stream::{Flow, NEXT, Of, Run, Sink};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of one partition: the `k` largest items, largest first; all items, if there are fewer.
    ///
    /// Of equal items, the ones that come first in the bag are taken, and they stay in their order.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let bag = Bag::from_sequence([3, 9, 1, 7], Partitions::count(2));
    /// assert_eq!(bag.topk(2).compute_with(&dask_sched_sync::Sync::new()).unwrap(), [9, 7]);
    /// ```
    #[track_caller]
    pub fn topk(&self, k: usize) -> Self
    where
        T: Ord,
    {
        let token = Tokenizer::new("topk").feed(self.name()).feed(&k).finish();
        make_list_portable::<T>();
        self.largest(token, k, |item| item, T::cmp, |item| item)
    }

    /// A bag of one partition: the `k` items with the largest keys, largest first; all items, if there are
    /// fewer.
    ///
    /// Of items with equal keys, the ones that come first in the bag are taken, and they stay in their
    /// order. For the smallest, wrap the key in [`Reverse`](std::cmp::Reverse). Keys are made where they are
    /// compared, again for the best of each partition, so that only items go from task to task.
    #[track_caller]
    pub fn topk_by_key<K>(&self, k: usize, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Self
    where
        K: Ord + Clone + Send + Sync + 'static,
    {
        let with_key = move |item: T| (key(&item), item);
        make_list_portable::<T>();
        self.largest(Token::unique(), k, with_key, |a: &(K, T), b: &(K, T)| a.0.cmp(&b.0), |(_, item)| item)
    }

    #[track_caller]
    fn largest<C: Clone + Send + Sync + 'static>(
        &self,
        token: Token,
        k: usize,
        candidate: impl Fn(T) -> C + Send + Sync + 'static,
        compare: impl Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
        item: impl Fn(C) -> T + Copy + Send + Sync + 'static,
    ) -> Self {
        let largest = Largest { k, candidate: Arc::new(candidate), compare, item, candidates: Of::default() };
        let reduction = Reduction { label: "topk", sink: largest.clone(), join: largest, store: Value::new };
        self.reduce_to_bag(token, reduction, |best: Vec<T>| best)
    }
}

/// Takes the largest items, of a partition and of the best of several: items become candidates where they are
/// compared, and only there.
struct Largest<C, F, O, G> {
    k: usize,
    candidate: Arc<F>,
    compare: O,
    item: G,
    candidates: Of<C>,
}

impl<C, F, O: Copy, G: Copy> Clone for Largest<C, F, O, G> {
    fn clone(&self) -> Self {
        let Self { k, compare, item, .. } = *self;
        Self { k, candidate: self.candidate.clone(), compare, item, candidates: Of::default() }
    }
}

impl<C, F, O, G> Largest<C, F, O, G>
where
    O: Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
    C: 'static,
{
    fn best(&self) -> Best<C> {
        Best { k: self.k, sorted: false, kept: Vec::new() }
    }

    fn items<T>(&self, best: Best<C>) -> Vec<T>
    where
        G: Fn(C) -> T,
    {
        best.finish(self.compare).into_iter().map(&self.item).collect()
    }

    fn pack_for<T: 'static>(&self, to: &mut Packer) -> Result<(), Refused>
    where
        F: Fn(T) -> C + Send + Sync + 'static,
        G: Fn(C) -> T + Copy + Send + Sync + 'static,
    {
        to.state(&self.k)?;
        to.function::<fn(T) -> C, F>(&self.candidate)?;
        to.function::<fn(&'static C, &'static C) -> Ordering, O>(&self.compare)?;
        to.function::<fn(C) -> T, G>(&self.item)
    }

    fn unpack_for<T: 'static>(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>
    where
        F: Fn(T) -> C + Send + Sync + 'static,
        G: Fn(C) -> T + Copy + Send + Sync + 'static,
    {
        Ok(Self {
            k: from.state()?,
            candidate: Arc::new(from.function::<fn(T) -> C, F>()?),
            compare: from.function::<fn(&'static C, &'static C) -> Ordering, O>()?,
            item: from.function::<fn(C) -> T, G>()?,
            candidates: Of::default(),
        })
    }
}

impl<T, C, F, O, G> Join<Vec<T>> for Largest<C, F, O, G>
where
    T: 'static,
    C: Send + Sync + 'static,
    F: Fn(T) -> C + Send + Sync + 'static,
    O: Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
    G: Fn(C) -> T + Copy + Send + Sync + 'static,
{
    fn join(&self, group: Vec<Vec<T>>) -> Vec<T> {
        let mut best = self.best();
        group.into_iter().flatten().for_each(|item| best.offer((self.candidate)(item), self.compare));
        self.items(best)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        self.pack_for::<T>(to)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Self::unpack_for::<T>(from)
    }
}

impl<T, C, F, O, G> Sink<T> for Largest<C, F, O, G>
where
    T: Clone + Send + Sync + 'static,
    C: Send + Sync + 'static,
    F: Fn(T) -> C + Send + Sync + 'static,
    O: Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
    G: Fn(C) -> T + Copy + Send + Sync + 'static,
{
    type Acc = Best<C>;

    fn label(&self) -> Option<&str> {
        Some("topk")
    }

    fn start(&self) -> Best<C> {
        self.best()
    }

    #[inline]
    fn push(&self, _: &Run, best: &mut Best<C>, item: T) -> Flow {
        best.offer((self.candidate)(item), self.compare);
        NEXT
    }

    fn finish(&self, best: Best<C>) -> Result<Value, OpError> {
        Ok(Value::new(self.items(best)))
    }

    fn nbytes(&self, items: Option<u64>) -> Option<u64> {
        let own = (self.k as u64).saturating_mul(size_of::<T>() as u64);
        Some(items.map_or(own, |items| items.min(own)))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        self.pack_for::<T>(to)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Self::unpack_for::<T>(from)
    }
}

/// The best `k` of the candidates so far, and some that may not be.
///
/// Candidates gather up to twice `k` before they are sorted and cut back, so each costs a comparison with
/// the `k`-th best and, if it is better, its share of a sort.
struct Best<C> {
    k: usize,
    kept: Vec<C>,
    /// Whether `kept[..k]` is there and in order, so that `kept[k - 1]` is what a candidate has to beat.
    sorted: bool,
}

impl<C> Best<C> {
    #[inline]
    fn offer(&mut self, candidate: C, compare: impl Fn(&C, &C) -> Ordering + Copy) {
        // An equal one that comes later is no better.
        let beaten =
            self.sorted && (self.k == 0 || compare(&candidate, &self.kept[self.k - 1]) != Ordering::Greater);
        if beaten {
            return;
        }
        self.kept.push(candidate);
        if self.kept.len() >= self.k.saturating_mul(2).max(64) {
            self.cut(compare);
        }
    }

    fn cut(&mut self, compare: impl Fn(&C, &C) -> Ordering + Copy) {
        // The sort is stable: equal candidates stay in the order of their coming.
        self.kept.sort_by(|a, b| compare(b, a));
        self.kept.truncate(self.k);
        self.sorted = self.kept.len() == self.k;
    }

    fn finish(mut self, compare: impl Fn(&C, &C) -> Ordering + Copy) -> Vec<C> {
        self.cut(compare);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_those_of_a_stable_sort(
            items in prop::collection::vec((0_u8..20, any::<u16>()), 0..400),
            k in 0_usize..50,
        ) {
            let compare = |a: &(u8, u16), b: &(u8, u16)| a.0.cmp(&b.0);
            let mut best = Best { k, kept: Vec::new(), sorted: false };
            items.iter().for_each(|&item| best.offer(item, compare));
            let mut expected = items;
            expected.sort_by_key(|item| std::cmp::Reverse(item.0));
            expected.truncate(k);
            prop_assert_eq!(best.finish(compare), expected);
        }
    }
}
