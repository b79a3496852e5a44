//! The largest items.

use std::cmp::Ordering;

use dask_graph::{OpError, Token, Tokenizer, Value};

use super::{Reduction, pairwise};
use crate::bag::Bag;
use crate::stream::{Flow, NEXT, Run, Sink};

/// How two candidates compare.
type Compare<C> = fn(&C, &C) -> Ordering;

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
        let with_key = move |item| (key(&item), item);
        self.largest(Token::unique(), k, with_key, |a, b| a.0.cmp(&b.0), |(_, item)| item)
    }

    #[track_caller]
    fn largest<C: Clone + Send + Sync + 'static>(
        &self,
        token: Token,
        k: usize,
        candidate: impl Fn(T) -> C + Send + Sync + 'static,
        compare: Compare<C>,
        item: fn(C) -> T,
    ) -> Self {
        let join = pairwise(move |a: Vec<C>, b| {
            let mut best = Best { k, sorted: a.len() >= k, kept: a };
            b.into_iter().for_each(|c| best.offer(c, compare));
            best.finish(compare)
        });
        let sink = Largest { k, candidate, compare };
        let reduction = Reduction { label: "topk", sink, join, store: Value::new };
        self.reduce_to_bag(token, reduction, move |best: Vec<C>| best.into_iter().map(item).collect())
    }
}

struct Largest<C, F> {
    k: usize,
    candidate: F,
    compare: Compare<C>,
}

impl<T, C, F> Sink<T> for Largest<C, F>
where
    C: Send + Sync + 'static,
    F: Fn(T) -> C + Send + Sync + 'static,
{
    type Acc = Best<C>;

    fn label(&self) -> Option<&'static str> {
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
    fn offer(&mut self, candidate: C, compare: Compare<C>) {
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

    fn cut(&mut self, compare: Compare<C>) {
        // The sort is stable: equal candidates stay in the order of their coming.
        self.kept.sort_by(|a, b| compare(b, a));
        self.kept.truncate(self.k);
        self.sorted = self.kept.len() == self.k;
    }

    fn finish(mut self, compare: Compare<C>) -> Vec<C> {
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
            let compare: Compare<(u8, u16)> = |a, b| a.0.cmp(&b.0);
            let mut best = Best { k, kept: Vec::new(), sorted: false };
            items.iter().for_each(|&item| best.offer(item, compare));
            let mut expected = items;
            expected.sort_by_key(|item| std::cmp::Reverse(item.0));
            expected.truncate(k);
            prop_assert_eq!(best.finish(compare), expected);
        }
    }
}
