//! One value a key: tables of them, frequencies, distinct.

use std::borrow::{Borrow, Cow};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::OnceLock;

use dask_graph::{
    Args, Blob, BlobError, BlobReader, Codec, OpError, Packer, Payload, Refused, Token, UnpackError,
    Unpacker, Value, make_pair_portable,
};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::counts::{Countable, Counts, FrequenciesOf};
use super::joins::Pairwise;
use super::{Reduction, accumulate};
use crate::bag::Bag;
use crate::codec;
use crate::partition::heap_nbytes;
use crate::stream::{Flow, NEXT, Of, Run, Sink, Stream, for_each};

/// # By key
///
/// The results are bags of one partition, in the order in which the keys first appear in the bag: the
/// same on every run, on any number of threads and for any partitioning. For more keys than fit into memory there is
/// [`split_out`](Self::split_out).
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of pairs: each distinct item, and how often it occurs.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let letters = Bag::from_sequence("abracadabra".chars(), Partitions::count(3));
    /// let counts = letters.frequencies().compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(counts, [('a', 5), ('b', 2), ('r', 2), ('c', 1), ('d', 1)]);
    /// ```
    #[track_caller]
    pub fn frequencies(&self) -> Bag<(T, u64)>
    where
        T: Hash + Eq,
    {
        make_pair_portable::<T, u64>();
        let sink = ByItem::new("frequencies", |n: &mut u64| *n += 1);
        self.by_key("frequencies", self.token("frequencies"), sink, |a, b| *a += b, |item, n| Some((item, n)))
    }

    /// A bag of one partition: each distinct item and how often it occurs, the most frequent first. Items that occur
    /// equally often are in the order in which they first appear.
    #[track_caller]
    pub fn frequencies_sorted(&self) -> Bag<(T, u64)>
    where
        T: Hash + Eq,
    {
        let counts = Self { split_out: None, ..self.clone() }.frequencies();
        counts.map_partitions(|mut counts| {
            counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            counts
        })
    }

    /// A bag of pairs: each distinct key, and how often it is counted, where `keys` counts any number of
    /// borrowed keys of an item.
    ///
    /// The same as [`flat_map`](Bag::flat_map) to the keys and [`frequencies`](Bag::frequencies), without an
    /// owned key for each time that it occurs: parts of lines are counted where they are.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let lines = Bag::from_sequence(["to be", "or not to be"], Partitions::count(2));
    /// let words = lines.frequencies_of(|line, count| line.split(' ').for_each(count));
    /// let counts: Vec<(String, u64)> = words.compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(counts[..2], [("to".into(), 2), ("be".into(), 2)]);
    /// ```
    #[track_caller]
    pub fn frequencies_of<Q>(
        &self,
        keys: impl Fn(&T, &mut dyn FnMut(&Q)) + Send + Sync + 'static,
    ) -> Bag<(Q::Owned, u64)>
    where
        Q: Countable + ?Sized,
        Q::Owned: Hash + Eq + Clone + Send + Sync + 'static,
    {
        const LABEL: &str = "frequencies_of";
        make_pair_portable::<Q::Owned, u64>();
        if let Some(targets) = self.split_out {
            let sink = FrequenciesOf::<Q, _, Groups<Q::Owned, u64>>::new(keys);
            let last = |key, n| Some((key, n));
            return self.reduce_split(LABEL, Token::unique(), sink, |a, b| *a += b, last, targets);
        }
        let sink = FrequenciesOf::<Q, _, Q::Counts>::new(keys);
        let reduction =
            Reduction { label: LABEL, sink, join: Pairwise(Q::Counts::joined), store: Value::sized };
        self.reduce_to_bag(Token::unique(), reduction, Q::Counts::into_pairs)
    }

    /// A bag of the items without repetitions.
    #[track_caller]
    pub fn distinct(&self) -> Self
    where
        T: Hash + Eq,
    {
        let sink = ByItem::new("distinct", |(): &mut ()| ());
        self.by_key("distinct", self.token("distinct"), sink, |(), ()| (), |item, ()| Some(item))
    }

    /// A bag of the first item of each key.
    #[track_caller]
    pub fn distinct_by<K>(&self, key: impl Fn(&T) -> K + Send + Sync + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
    {
        let push = move |groups: &mut Groups<K, T>, item: T| {
            groups.slot(key(&item), || item);
            NEXT
        };
        let sink = accumulate("distinct_by", Groups::<K, T>::new, push, Value::sized);
        self.by_key("distinct_by", Token::unique(), sink, |_, _| (), |_, item| Some(item))
    }

    /// What `last` makes of each key and its partial results joined: in one partition, or in several.
    #[track_caller]
    pub(super) fn by_key<K, A, B>(
        &self,
        label: &'static str,
        token: Token,
        sink: impl Sink<T, Acc = Groups<K, A>>,
        join: impl Fn(&mut A, A) + Send + Sync + 'static,
        last: impl Fn(K, A) -> Option<B> + Send + Sync + 'static,
    ) -> Bag<B>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        B: Send + Sync + 'static,
    {
        if let Some(targets) = self.split_out {
            return self.reduce_split(label, token, sink, join, last, targets);
        }
        let join = Pairwise(move |a: Groups<K, A>, b| a.joined(b, &join));
        let reduction = Reduction { label, sink, join, store: Value::sized };
        self.reduce_to_bag(token, reduction, move |groups: Groups<K, A>| {
            groups.into_entries().into_iter().filter_map(|(key, acc)| last(key, acc)).collect()
        })
    }
}

/// The sink of `frequencies` and `distinct`: something of each item, which is changed each time that it comes.
struct ByItem<A, F> {
    label: Cow<'static, str>,
    change: F,
    acc: Of<A>,
}

impl<A, F: Fn(&mut A)> ByItem<A, F> {
    fn new(label: &'static str, change: F) -> Self {
        Self { label: label.into(), change, acc: Of::default() }
    }
}

impl<T, A, F> Sink<T> for ByItem<A, F>
where
    T: Hash + Eq + Clone + Send + Sync + 'static,
    A: Default + Send + Sync + 'static,
    F: Fn(&mut A) + Send + Sync + 'static,
{
    type Acc = Groups<T, A>;

    fn label(&self) -> Option<&str> {
        Some(&self.label)
    }

    fn start(&self) -> Self::Acc {
        Groups::new()
    }

    #[inline]
    fn push(&self, _: &Run, groups: &mut Self::Acc, item: T) -> Flow {
        (self.change)(groups.slot(item, A::default));
        NEXT
    }

    fn drain(
        &self,
        stream: &dyn Stream<T>,
        run: &Run,
        args: &mut Args<'_>,
        groups: &mut Self::Acc,
    ) -> Result<(), OpError> {
        let lent = stream.drive_lent(run, args, &mut |item| {
            (self.change)(groups.slot_of(item, A::default));
            NEXT
        })?;
        // An item that is given can become the key as it is.
        if lent { Ok(()) } else { for_each(stream, run, args, |item| self.push(run, groups, item)) }
    }

    fn finish(&self, groups: Self::Acc) -> Result<Value, OpError> {
        Ok(Value::sized(groups))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.label)?;
        to.function::<fn(&'static mut A), F>(&self.change)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let label = from.state::<String>()?.into();
        Ok(Self { label, change: from.function::<fn(&'static mut A), F>()?, acc: Of::default() })
    }
}

/// A hash table that knows in which order its keys came.
///
/// Keys and values lie in the table itself: one place to look at for each key that has come before.
///
/// Public because [`Countable`] names it, but without a name outside of this crate.
#[derive(Clone)]
pub struct Groups<K, A> {
    table: HashTable<Entry<K, A>>,
    /// The one of this process, at hand.
    hasher: FixedState,
}

/// A key, its value, and how many keys came before it.
#[derive(Clone)]
struct Entry<K, A> {
    pair: (K, A),
    at: usize,
}

impl<K: Hash + Eq, A> Default for Groups<K, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Hash + Eq, A> Groups<K, A> {
    pub(in crate::bag) fn new() -> Self {
        Self { table: HashTable::new(), hasher: hasher() }
    }

    /// The value of `key`, which is `start` at first.
    #[inline]
    pub(in crate::bag) fn slot(&mut self, key: K, start: impl FnOnce() -> A) -> &mut A {
        let hash = self.hasher.hash_one(&key);
        // Looked up first, since most keys have come before, and a place for a new one costs more to look for.
        match self.table.find_entry(hash, |entry| entry.pair.0 == key) {
            Ok(entry) => &mut entry.into_mut().pair.1,
            Err(absent) => insert(absent.into_table(), &self.hasher, hash, (key, start())),
        }
    }

    /// The value of `key`, if it has come.
    pub(in crate::bag) fn get(&self, key: &K) -> Option<&A> {
        let entry = self.table.find(self.hasher.hash_one(key), |entry| entry.pair.0 == *key)?;
        Some(&entry.pair.1)
    }

    /// As [`slot`](Self::slot), for a borrowed key, which is made an owned one when it is new.
    #[inline]
    pub(super) fn slot_of<Q: Hash + Eq + ToOwned<Owned = K> + ?Sized>(
        &mut self,
        key: &Q,
        start: impl FnOnce() -> A,
    ) -> &mut A
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        match self.table.find_entry(hash, |entry| entry.pair.0.borrow() == key) {
            Ok(entry) => &mut entry.into_mut().pair.1,
            Err(absent) => insert(absent.into_table(), &self.hasher, hash, (key.to_owned(), start())),
        }
    }

    /// The keys and their values, in the order in which the keys came.
    pub(in crate::bag) fn into_entries(self) -> Vec<(K, A)> {
        let entries = in_order(self.table.into_iter().collect(), |entry| entry.at);
        entries.into_iter().map(|entry| entry.pair).collect()
    }

    /// As [`into_entries`](Self::into_entries), to look at.
    pub(in crate::bag) fn entries(&self) -> impl ExactSizeIterator<Item = &(K, A)> {
        in_order(self.table.iter().collect(), |entry| entry.at).into_iter().map(|entry| &entry.pair)
    }

    /// This table and then `other`'s entries, those of equal keys joined.
    pub(super) fn joined(mut self, other: Self, join: impl Fn(&mut A, A)) -> Self {
        other.into_entries().into_iter().for_each(|(key, acc)| self.add(key, acc, &join));
        self
    }

    /// Adds an entry, or joins it with the one of the same key.
    pub(in crate::bag) fn add(&mut self, key: K, acc: A, join: impl Fn(&mut A, A)) {
        let hash = self.hasher.hash_one(&key);
        match self.table.find_mut(hash, |entry| entry.pair.0 == key) {
            Some(entry) => join(&mut entry.pair.1, acc),
            None => _ = insert(&mut self.table, &self.hasher, hash, (key, acc)),
        }
    }
}

/// Adds a key that is new and has this hash, and its value.
#[cold]
fn insert<'t, K: Hash, A>(
    table: &'t mut HashTable<Entry<K, A>>,
    hasher: &FixedState,
    hash: u64,
    pair: (K, A),
) -> &'t mut A {
    let entry = Entry { pair, at: table.len() };
    let entry = table.insert_unique(hash, entry, |entry| hasher.hash_one(&entry.pair.0));
    &mut entry.into_mut().pair.1
}

/// What has places from 0 on, each once, in their order.
pub(super) fn in_order<E>(mut entries: Vec<E>, at: impl Fn(&E) -> usize) -> Vec<E> {
    for i in 0..entries.len() {
        // Each exchange brings one entry to its place for good.
        while at(&entries[i]) != i {
            let place = at(&entries[i]);
            entries.swap(i, place);
        }
    }
    entries
}

impl<K: Hash + Eq + Send + Sync + 'static, A: Send + Sync + 'static> Groups<K, A> {
    fn codec() -> Option<Codec<(K, A)>> {
        make_pair_portable::<K, A>();
        Codec::of()
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, A: Send + Sync + 'static> Payload for Groups<K, A> {
    fn nbytes(&self) -> u64 {
        let heap = heap_nbytes(self.table.iter().map(|entry| &entry.pair));
        (self.table.capacity() * (size_of::<Entry<K, A>>() + 1) + heap) as u64
    }

    /// The entries, as the codec of lists writes them; the table is made again.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let codec = Self::codec()?;
        let mut bytes = (self.table.len() as u64).to_ne_bytes().to_vec();
        let encoded = self.entries().try_for_each(|pair| codec.encode(pair, &mut bytes));
        Some(match encoded {
            Ok(()) => Ok(Blob { header: vec![], buffers: vec![bytes.into()] }),
            Err(error) => Err(BlobError::of::<Self>(error)),
        })
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        make_pair_portable::<K, A>();
        let codec = Codec::of_list();
        let codec = codec.ok_or_else(|| BlobError::of::<Self>("nothing is known of its keys and values"))?;
        let entries: Vec<(K, A)> = codec::from_blob(&codec, reader)?;
        let mut groups = Self::new();
        for (key, acc) in entries {
            groups.slot(key, || acc);
        }
        Ok(groups)
    }
}

/// The hash of this process. It decides nothing that can be seen: keys are kept in the order of their
/// coming. Its seed is random, so that nobody can choose keys that all collide.
pub(super) fn hasher() -> FixedState {
    static SEED: OnceLock<u64> = OnceLock::new();
    FixedState::with_seed(*SEED.get_or_init(|| RandomState::new().hash_one(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_the_order_of_their_coming() {
        let mut left = Groups::new();
        for key in [5, 3, 5, 9] {
            *left.slot(key, || 0) += 1;
        }
        let mut right = Groups::new();
        for key in [1, 3, 3] {
            *right.slot(key, || 0) += 1;
        }
        assert_eq!(left.joined(right, |a, b| *a += b).into_entries(), [(5, 2), (3, 3), (9, 1), (1, 1)]);
    }

    #[test]
    fn many_keys_are_found_again_after_the_table_grew() {
        let mut groups = Groups::new();
        for key in (0..10_000).chain(0..10_000) {
            *groups.slot(key, || 0) += 1;
        }
        assert!(groups.entries().enumerate().all(|(i, &(key, n))| i == key && n == 2));
    }
}
