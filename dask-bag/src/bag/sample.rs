//! Random items, the same for a seed whatever runs the graph.
//!
//! Every partition has random numbers of its own, told by the seed and the partition's number, and partial samples
//! are joined in the fixed tree of all reductions. So neither the scheduler nor the order in which partitions
//! happen to be done has a say.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dask_graph::{
    OpError, Packer, Refused, Token, Tokenizer, UnpackError, Unpacker, Value, make_list_portable,
    make_pair_portable,
};
use rand::RngExt;
use rand_pcg::Pcg64Dxsm;

use super::Bag;
use super::reduce::Reduction;
use super::reduce::joins::{Join, pairwise};
use crate::error::BagError;
use crate::stream::step_with::StepWith;
use crate::stream::{Flow, NEXT, Run, Sink};

/// # Random samples
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of items of this one, each taken with the probability `prob`, in their order.
    ///
    /// The same seed gives the same items as long as the partitions are the same.
    ///
    /// # Errors
    ///
    /// - When `prob` is not between 0 and 1.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let some = Bag::range(10_000, Partitions::count(4)).random_sample(0.1, 42)?;
    /// let n = some.count().compute_with(&dask_sched_sync::Sync::new())?;
    /// assert!((900..1100).contains(&n));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn random_sample(&self, prob: f64, seed: u64) -> Result<Self, BagError> {
        if !(0.0..=1.0).contains(&prob) {
            return Err(BagError::Probability { prob });
        }
        let token =
            Tokenizer::new("random_sample").feed(&self.name).feed(&prob.to_bits()).feed(&seed).finish();
        Ok(self.numbered(token, seed, Toss { prob }))
    }

    /// A bag of one partition: `k` different items, each as likely as any other, in random order; all items, if
    /// there are fewer.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let winners = Bag::range(1000, Partitions::count(8)).sample(3, 42);
    /// assert_eq!(winners.distinct().count().compute_with(&dask_sched_sync::Sync::new()).unwrap(), 3);
    /// ```
    #[track_caller]
    pub fn sample(&self, k: usize, seed: u64) -> Self {
        // The items with the least of random numbers.
        self.tagged(seed).topk_by_key(k, |(tag, _)| Reverse(*tag)).map(|(_, item)| item)
    }

    /// A bag of one partition: `k` items, each drawn from all of them, so that one may come several times; none, if
    /// there are none to draw from.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let throws = Bag::from_sequence(1..=6, Partitions::count(2)).choices(100, 42);
    /// assert_eq!(throws.count().compute_with(&dask_sched_sync::Sync::new()).unwrap(), 100);
    /// ```
    #[track_caller]
    pub fn choices(&self, k: usize, seed: u64) -> Self {
        make_list_portable::<T>();
        make_pair_portable::<u64, u64>();
        make_pair_portable::<(u64, u64), Vec<T>>();
        let tagged = self.tagged(seed);
        let token = Tokenizer::new("choices").feed(&tagged.name).feed(&k).finish();
        let reduction = Reduction { label: "choices", sink: Draw { k }, join: JoinDrawn, store: Value::new };
        tagged.reduce_to_bag(token, reduction, |(_, items): Drawn<T>| items)
    }

    /// The items with a random number each.
    #[track_caller]
    fn tagged(&self, seed: u64) -> Bag<(u64, T)> {
        make_pair_portable::<u64, T>();
        self.numbered(Tokenizer::new("random_tag").feed(&self.name).feed(&seed).finish(), seed, Tag)
    }

    /// This bag with a step that is given the seed and the number of the partition.
    #[track_caller]
    fn numbered<S: StepWith<T, Given = Seed>>(&self, token: Token, seed: u64, step: S) -> Bag<S::Out>
    where
        S::Out: Send + Sync + 'static,
    {
        let axes = [(super::PARTITIONS, self.npartitions)];
        self.step_with(token, step, &[], |layer| {
            layer.per_block(&axes, move |index| Value::new((seed, u64::from(index[0]))))
        })
    }
}

/// The seed of a bag and the number of a partition.
type Seed = (u64, u64);

/// Random numbers that follow from two others.
fn numbers(a: u64, b: u64) -> Pcg64Dxsm {
    Pcg64Dxsm::new(u128::from(a), u128::from(b))
}

/// Passes on items with a probability.
struct Toss {
    prob: f64,
}

impl<A: 'static> StepWith<A> for Toss {
    type Out = A;
    type Given = Seed;
    type State = Pcg64Dxsm;
    const LABEL: &'static str = "random_sample";

    fn start(&self, &(seed, partition): &Seed) -> Pcg64Dxsm {
        numbers(seed, partition)
    }

    #[inline]
    fn push(&self, _: &Seed, numbers: &mut Pcg64Dxsm, item: A, out: &mut dyn FnMut(A) -> Flow) -> Flow {
        // From 0 up to, and not, 1.
        if numbers.random::<f64>() < self.prob { out(item) } else { NEXT }
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.prob)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { prob: from.state()? })
    }
}

/// Gives each item a random number.
struct Tag;

impl<A: 'static> StepWith<A> for Tag {
    type Out = (u64, A);
    type Given = Seed;
    type State = Pcg64Dxsm;
    const LABEL: &'static str = "random_tag";

    fn start(&self, &(seed, partition): &Seed) -> Pcg64Dxsm {
        numbers(seed, partition)
    }

    #[inline]
    fn push(
        &self,
        _: &Seed,
        numbers: &mut Pcg64Dxsm,
        item: A,
        out: &mut dyn FnMut((u64, A)) -> Flow,
    ) -> Flow {
        out((numbers.random(), item))
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}

/// Items drawn with replacement: from how many, a random number that only they have, and the items.
type Drawn<T> = ((u64, u64), Vec<T>);

/// Draws `k` items of a partition with replacement, in one pass: every draw is a reservoir of one item.
struct Draw {
    k: usize,
}

/// Draws under way.
struct Draws<T> {
    seen: u64,
    /// The number that came with the first item.
    tag: u64,
    drawn: Vec<T>,
    /// For each draw, the number of the item, from 1, that is going to take its place.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<T: Clone + Send + Sync + 'static> Sink<(u64, T)> for Draw {
    type Acc = Draws<T>;

    fn label(&self) -> Option<&str> {
        Some("choices")
    }

    fn start(&self) -> Draws<T> {
        Draws { seen: 0, tag: 0, drawn: Vec::new(), next: BinaryHeap::new() }
    }

    fn push(&self, _: &Run, acc: &mut Draws<T>, (tag, item): (u64, T)) -> Flow {
        acc.seen += 1;
        let at = acc.seen;
        if at == 1 {
            acc.tag = tag;
            acc.drawn = vec![item.clone(); self.k];
            acc.next = (0..self.k).map(|draw| Reverse((1, draw))).collect();
        }
        let mut numbers = None;
        while let Some(&Reverse((next, draw))) = acc.next.peek()
            && next == at
        {
            acc.next.pop();
            acc.drawn[draw] = item.clone();
            // Item number m takes the place with probability 1/m, so it lasts beyond m with at/m.
            let numbers = numbers.get_or_insert_with(|| self::numbers(tag, at));
            let beyond = at as f64 / (1.0 - numbers.random::<f64>());
            acc.next.push(Reverse(((beyond as u64).saturating_add(1), draw)));
        }
        NEXT
    }

    fn finish(&self, acc: Draws<T>) -> Result<Value, OpError> {
        Ok(Value::new(((acc.seen, acc.tag), acc.drawn)))
    }

    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        Some((self.k as u64).saturating_mul(size_of::<T>() as u64))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.k)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { k: from.state()? })
    }
}

/// Takes each draw from one of two partial results, as likely as they have seen items.
struct JoinDrawn;

impl<T: Clone + Send + Sync + 'static> Join<Drawn<T>> for JoinDrawn {
    fn join(&self, group: Vec<Drawn<T>>) -> Drawn<T> {
        pairwise(group, |a, b| {
            let (((n, tag), items), ((m, other_tag), others)) = (a, b);
            if n == 0 || m == 0 {
                return if n == 0 { ((m, other_tag), others) } else { ((n, tag), items) };
            }
            let mut numbers = numbers(tag, other_tag);
            let joined_tag = numbers.random();
            let items = items
                .into_iter()
                .zip(others)
                .map(|(item, other)| if numbers.random_range(0..n + m) < n { item } else { other });
            ((n + m, joined_tag), items.collect())
        })
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}
