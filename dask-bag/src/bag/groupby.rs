//! Items of equal keys together, however many there are.

use std::hash::Hash;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Op, OpError, Packer, Refused, Token, Tokenizer, Unpack, make_list_portable,
    make_pair_portable, make_portable,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Bag;
use super::reduce::groups::Groups;
use super::shuffle::{Exchanged, Gather, Split};
use crate::stream::stored::Stored;
use crate::stream::{Collect, Flow, Of, Pipeline, Run, Stream, for_each, unpacked};

/// # Exchanged by key
///
/// These write all items to disk and read them again, in memory that is bounded by a partition of the result. There
/// are as many partitions as the bag has, and more where these would hold more than about 128 MB each: as far as the
/// sizes of files, ranges and sequences tell before the run, and taking it that what is done to items makes them no larger
/// on the way. [`split_out`](Self::split_out) says otherwise, for bags of which nothing is known, or other needs.
impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Bag<T> {
    /// A bag of pairs: each key, and all items that have it, in their order.
    ///
    /// All items of a key are in memory at once, and those of many keys: of up to 64 MB as they are stored. A larger
    /// partition is divided once more, so that steps that make less of each group run in bounded memory, however many
    /// partitions there are. If items are to be folded into one value, [`foldby`](Self::foldby) does it without
    /// exchanging them.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let numbers = Bag::range(7, Partitions::count(3)).groupby(|n| n % 3);
    /// let mut groups = numbers.compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// groups.sort();
    /// assert_eq!(groups, [(0, vec![0, 3, 6]), (1, vec![1, 4]), (2, vec![2, 5])]);
    /// ```
    #[track_caller]
    pub fn groupby<K>(&self, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Bag<(K, Vec<T>)>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
    {
        self.groupby_within(IN_MEMORY, key)
    }

    /// The groups, with no more than about `most` bytes of items in memory at once in a task that passes them on.
    #[track_caller]
    fn groupby_within<K>(&self, most: u64, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Bag<(K, Vec<T>)>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
    {
        make_list_portable::<T>();
        make_pair_portable::<K, Vec<T>>();
        let (token, key) = (Token::unique(), Arc::new(key));
        let exchanged = self.split_by("groupby", token, &key, self.targets(None));
        let stream = Grouped { items: Gather::new(0), key, most };
        self.gathered("groupby", token, Pipeline::op(stream, Collect), &[&exchanged])
    }

    /// The same items in other partitions: those with equal keys are in one of them, in their order.
    ///
    /// What then is done by partition is done for whole groups.
    #[track_caller]
    pub fn partition_by<K>(&self, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Self
    where
        K: Hash + 'static,
    {
        let token = Token::unique();
        let exchanged = self.split_by("partition_by", token, &Arc::new(key), self.targets(None));
        self.gathered("partition_by", token, Pipeline::op(Gather::<T>::new(0), Collect), &[&exchanged])
    }

    /// A bag of pairs `(other, item)`: each item of this bag with every item of the other bag that has the same key.
    /// Items without a partner are left out.
    ///
    /// Both bags are exchanged by key; for a small other side, [`join`](Self::join) costs less. A partition of the
    /// other bag, as large as one of the result, is in memory at once.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let squares = Bag::range(100, Partitions::count(3)).map(|n| (n, n * n));
    /// let cubes = Bag::range(100, Partitions::count(5)).map(|n| (n, n * n * n));
    /// let joined = squares.join_shuffled(&cubes, |square| square.1, |cube| cube.1);
    /// let sixths = joined.map(|((cube, _), (square, _))| (cube, square));
    /// let mut sixths = sixths.compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// sixths.sort();
    /// assert_eq!(sixths, [(0, 0), (1, 1), (4, 8), (9, 27), (16, 64)]);
    /// ```
    #[track_caller]
    pub fn join_shuffled<U, K>(
        &self,
        other: &Bag<U>,
        on_self: impl Fn(&T) -> K + Send + Sync + 'static,
        on_other: impl Fn(&U) -> K + Send + Sync + 'static,
    ) -> Bag<(U, T)>
    where
        U: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        K: Hash + Eq + Clone + Send + Sync + 'static,
    {
        make_pair_portable::<U, T>();
        let (token, targets) = (Token::unique(), self.targets(other.nbytes));
        let (on_self, on_other) = (Arc::new(on_self), Arc::new(on_other));
        let mine = self.split_by("join", token, &on_self, targets);
        let token_of_other = Tokenizer::new("other").feed(&token).finish();
        let others = other.split_by("join", token_of_other, &on_other, targets);
        let items = Gather::new(0);
        let stream = Joined { others: Gather::new(items.n_args()), items, on_self, on_other };
        let joined = self.gathered("join", token, Pipeline::op(stream, Collect), &[&mine, &others]);
        // How many partners an item has is not known.
        joined.of_nbytes(None)
    }

    #[track_caller]
    fn split_by<K, F>(&self, label: &str, token: Token, key: &Arc<F>, targets: u32) -> Exchanged
    where
        K: Hash + 'static,
        F: Fn(&T) -> K + Send + Sync + 'static,
    {
        make_portable::<T>();
        let key = Arc::clone(key);
        let split = Split { stream: Stored::shared(), key, targets, keys: Of::<K>::default() };
        self.exchanged(label, token, Arc::new(split), targets)
    }

    /// The number of partitions of what is exchanged, beside something of so many bytes.
    fn targets(&self, of_other: Option<u64>) -> u32 {
        self.split_out.unwrap_or_else(|| {
            let nbytes = self.nbytes.max(of_other).unwrap_or(0);
            let fitting = u32::try_from(nbytes.div_ceil(PARTITION)).unwrap_or(u32::MAX);
            self.npartitions.max(fitting)
        })
    }
}

/// Bytes that the items of a partition of a result may take in memory, as far as that can be foreseen.
const PARTITION: u64 = 128 << 20;

/// Bytes of items, as they lie in files, whose groups are in memory at once.
const IN_MEMORY: u64 = 64 << 20;

/// The groups of gathered items, keys in the order of their coming; of more than `most` bytes, in parts.
struct Grouped<T, F> {
    items: Gather<T>,
    key: Arc<F>,
    most: u64,
}

impl<T, K, F> Stream<(K, Vec<T>)> for Grouped<T, F>
where
    T: Send + Sync + 'static,
    K: Hash + Eq + Send + Sync + 'static,
    F: Fn(&T) -> K + Send + Sync + 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut((K, Vec<T>)) -> Flow,
    ) -> Result<(), OpError> {
        let group =
            |groups: &mut Groups<K, Vec<T>>, item| groups.slot((self.key)(&item), Vec::new).push(item);
        if let Some(divided) = self.items.divided(run, args, self.most, &*self.key)? {
            for part in 0..divided.parts() {
                let mut groups = Groups::new();
                divided.items(part).try_for_each(|item| item.map(|item| group(&mut groups, item)))?;
                if groups.into_entries().into_iter().try_for_each(&mut *sink).is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let mut groups = Groups::new();
        for_each(&self.items, run, args, |item| {
            group(&mut groups, item);
            crate::stream::NEXT
        })?;
        run.at_no_item();
        let _ = groups.into_entries().into_iter().try_for_each(sink);
        Ok(())
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<(K, Vec<T>)>>> {
        None
    }

    fn steps(&self) -> usize {
        self.items.steps() + 1
    }

    fn n_args(&self) -> usize {
        self.items.n_args()
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("groupby");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function::<fn(&'static T) -> K, F>(&self.key)?;
        to.state(&self.most)?;
        Ok(|from| {
            let key = Arc::new(from.function::<fn(&'static T) -> K, F>()?);
            Ok(unpacked(Grouped { items: Gather::<T>::new(0), key, most: from.state()? }))
        })
    }

    fn nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }
}

/// Pairs of gathered items of two bags; those of the other are in a table.
struct Joined<T, U, F, G> {
    items: Gather<T>,
    others: Gather<U>,
    on_self: Arc<F>,
    on_other: Arc<G>,
}

impl<T, U, K, F, G> Stream<(U, T)> for Joined<T, U, F, G>
where
    T: Clone + Send + Sync + 'static,
    U: Clone + Send + Sync + 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    F: Fn(&T) -> K + Send + Sync + 'static,
    G: Fn(&U) -> K + Send + Sync + 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut((U, T)) -> Flow,
    ) -> Result<(), OpError> {
        let mut table = Groups::new();
        for_each(&self.others, run, args, |other| {
            table.slot((self.on_other)(&other), Vec::new).push(other);
            crate::stream::NEXT
        })?;
        for_each(&self.items, run, args, |item| {
            let found: &[U] = table.get(&(self.on_self)(&item)).map_or(&[], Vec::as_slice);
            found.iter().try_for_each(|other| sink((other.clone(), item.clone())))
        })
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<(U, T)>>> {
        None
    }

    fn steps(&self) -> usize {
        self.items.steps() + 1
    }

    fn n_args(&self) -> usize {
        self.others.n_args()
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("join");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function::<fn(&'static T) -> K, F>(&self.on_self)?;
        to.function::<fn(&'static U) -> K, G>(&self.on_other)?;
        Ok(|from| {
            let on_self = Arc::new(from.function::<fn(&'static T) -> K, F>()?);
            let on_other = Arc::new(from.function::<fn(&'static U) -> K, G>()?);
            let items = Gather::<T>::new(0);
            let others = Gather::<U>::new(items.n_args());
            Ok(unpacked(Joined { items, others, on_self, on_other }))
        })
    }

    fn nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use dask_graph::Collection;
    use dask_graph::testing::Travelling;
    use dask_optimize::Optimized;
    use dask_sched_sync::Sync;
    use dask_sched_threaded::Threaded;

    use super::*;
    use crate::Partitions;

    #[test]
    fn groups_are_the_same_in_parts() {
        let bag = Bag::range(5_000, Partitions::count(7)).map(|n| (n * n % 101, n)).split_out(3);
        let schedulers: [&dyn dask_graph::Scheduler; 3] =
            [&Sync::new(), &Optimized::new(Threaded::with_workers(2)), &Optimized::new(Travelling)];
        for scheduler in schedulers {
            let groups = |most| {
                let groups = bag.groupby_within(most, |pair| pair.0);
                let by_partition = groups.map_partitions(|groups| vec![groups.len()]);
                let mut groups = groups.compute_with(scheduler).unwrap();
                groups.sort();
                (groups, by_partition.compute_with(scheduler).unwrap())
            };
            let whole = groups(u64::MAX);
            assert_eq!(whole.0.len(), 51);
            assert_eq!(whole.0.iter().map(|(_, items)| items.len()).sum::<usize>(), 5_000);
            assert!(whole.0.iter().all(|(_, items)| items.is_sorted()));
            // A few keys a part; more parts than keys; more than there may be.
            for most in [2_000, 100, 1] {
                assert_eq!(groups(most), whole, "{most}");
            }
        }
        // What has enough reads no further.
        let first =
            bag.groupby_within(100, |pair| pair.0).take_with(1, &Optimized::new(Sync::new())).unwrap();
        assert_eq!(first.len(), 1);
    }
}
