//! The largest items.

use std::cmp::Ordering;

use dask_graph::{
    OpError, Packer, Refused, Token, Tokenizer, UnpackError, Unpacker, Value, make_list_portable,
    make_pair_portable,
};

use super::Reduction;
use super::joins::{Join, pairwise};
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
    /// order. For the smallest, wrap the key in [`Reverse`](std::cmp::Reverse).
    #[track_caller]
    pub fn topk_by_key<K>(&self, k: usize, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Self
    where
        K: Ord + Clone + Send + Sync + 'static,
    {
        let with_key = move |item: T| (key(&item), item);
        make_pair_portable::<K, T>();
        self.largest(Token::unique(), k, with_key, |a: &(K, T), b: &(K, T)| a.0.cmp(&b.0), |(_, item)| item)
    }

    #[track_caller]
    fn largest<C: Clone + Send + Sync + 'static>(
        &self,
        token: Token,
        k: usize,
        candidate: impl Fn(T) -> C + Send + Sync + 'static,
        compare: impl Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
        item: impl Fn(C) -> T + Send + Sync + 'static,
    ) -> Self {
        let sink = Largest { k, candidate, compare, candidates: Of::default() };
        let reduction =
            Reduction { label: "topk", sink, join: JoinLargest { k, compare }, store: Value::new };
        self.reduce_to_bag(token, reduction, move |best: Vec<C>| best.into_iter().map(&item).collect())
    }
}

/// Joins the best of some partitions.
struct JoinLargest<O> {
    k: usize,
    compare: O,
}

impl<C, O> Join<Vec<C>> for JoinLargest<O>
where
    C: 'static,
    O: Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
{
    fn join(&self, group: Vec<Vec<C>>) -> Vec<C> {
        pairwise(group, |a, b| {
            let mut best = Best { k: self.k, sorted: a.len() >= self.k, kept: a };
            b.into_iter().for_each(|c| best.offer(c, self.compare));
            best.finish(self.compare)
        })
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.k)?;
        to.function::<fn(&'static C, &'static C) -> Ordering, O>(&self.compare)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let k = from.state()?;
        Ok(Self { k, compare: from.function::<fn(&'static C, &'static C) -> Ordering, O>()? })
    }
}

struct Largest<C, F, O> {
    k: usize,
    candidate: F,
    compare: O,
    candidates: Of<C>,
}

impl<T, C, F, O> Sink<T> for Largest<C, F, O>
where
    C: Send + Sync + 'static,
    F: Fn(T) -> C + Send + Sync + 'static,
    O: Fn(&C, &C) -> Ordering + Copy + Send + Sync + 'static,
{
    type Acc = Best<C>;

    fn label(&self) -> Option<&str> {
        Some("topk")
    }

    fn start(&self) -> Best<C> {
        Best { k: self.k, sorted: false, kept: Vec::new() }
    }

    #[inline]
    fn push(&self, _: &Run, best: &mut Best<C>, item: T) -> Flow {
        best.offer((self.candidate)(item), self.compare);
        NEXT
    }

    fn finish(&self, best: Best<C>) -> Result<Value, OpError> {
        Ok(Value::new(best.finish(self.compare)))
    }

    fn nbytes(&self, items: Option<u64>) -> Option<u64> {
        let own = (self.k as u64).saturating_mul(size_of::<C>() as u64);
        Some(items.map_or(own, |items| items.min(own)))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.k)?;
        to.function::<fn(T) -> C, F>(&self.candidate)?;
        to.function::<fn(&'static C, &'static C) -> Ordering, O>(&self.compare)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self {
            k: from.state()?,
            candidate: from.function::<fn(T) -> C, F>()?,
            compare: from.function::<fn(&'static C, &'static C) -> Ordering, O>()?,
            candidates: Of::default(),
        })
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
