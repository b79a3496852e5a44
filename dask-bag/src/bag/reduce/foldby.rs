//! The fold of the items of each key, which a function makes of the item or finds in it.

use std::hash::Hash;

use dask_graph::{
    OpError, Packer, Refused, Token, UnpackError, Unpacker, Value, make_option_portable, make_pair_portable,
};

use super::groups::Groups;
use crate::bag::Bag;
use crate::codec;
use crate::stream::{Flow, NEXT, Of, Run, Sink};

/// # Folds by key
///
/// The results are as those of the others [by key](Self::frequencies): in the order in which the keys first appear.
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of pairs: each key, and the fold of its items by `binop`, starting from `init`.
    ///
    /// Results of a key from several partitions are joined by `combine`, in the order of the partitions;
    /// `init` enters once a partition that has the key.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let sales = Bag::from_sequence([("tea", 3), ("milk", 1), ("tea", 4)], Partitions::count(2));
    /// let total = sales.foldby(|sale| sale.0, 0, |sum, sale| sum + sale.1, |a, b| a + b);
    /// assert_eq!(total.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [("tea", 7), ("milk", 1)]);
    /// ```
    #[track_caller]
    pub fn foldby<K, A>(
        &self,
        key: impl Fn(&T) -> K + Send + Sync + 'static,
        init: A,
        binop: impl Fn(A, T) -> A + Send + Sync + 'static,
        combine: impl Fn(A, A) -> A + Send + Sync + 'static,
    ) -> Bag<(K, A)>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
    {
        self.fold_groups("foldby", FoldBy { key: OwnKey(key), init, binop }, combine)
    }

    /// As [`foldby`](Self::foldby), by a key that lies in the item: only the distinct ones are made keys of their own.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let sales = [("tea", 3), ("milk", 1), ("tea", 4)].map(|(what, n)| (what.to_string(), n));
    /// let sales = Bag::from_sequence(sales, Partitions::count(2));
    /// let total = sales.foldby_ref(|sale| sale.0.as_str(), 0, |sum, sale| sum + sale.1, |a, b| a + b);
    /// let total: Vec<(String, i32)> = total.compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(total, [("tea".to_string(), 7), ("milk".to_string(), 1)]);
    /// ```
    #[track_caller]
    pub fn foldby_ref<Q, A>(
        &self,
        key: impl Fn(&T) -> &Q + Send + Sync + 'static,
        init: A,
        binop: impl Fn(A, T) -> A + Send + Sync + 'static,
        combine: impl Fn(A, A) -> A + Send + Sync + 'static,
    ) -> Bag<(Q::Owned, A)>
    where
        Q: Hash + Eq + ToOwned + ?Sized + 'static,
        Q::Owned: Hash + Eq + Clone + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
    {
        let key = KeyInItem { key, keys: Of::default() };
        self.fold_groups("foldby_ref", FoldBy { key, init, binop }, combine)
    }

    #[track_caller]
    fn fold_groups<K, A>(
        &self,
        label: &'static str,
        sink: impl Sink<T, Acc = Groups<K, Option<A>>>,
        combine: impl Fn(A, A) -> A + Send + Sync + 'static,
    ) -> Bag<(K, A)>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
    {
        make_pair_portable::<K, A>();
        make_option_portable::<A>();
        let join = move |a: &mut Option<A>, b: Option<A>| {
            *a = match (a.take(), b) {
                (Some(a), Some(b)) => Some(combine(a, b)),
                (a, b) => a.or(b),
            };
        };
        // Slots are empty only while a function has their content.
        self.by_key(label, Token::unique(), sink, join, |key, acc| Some((key, acc?)))
    }
}

/// Finds the slot of an item's key.
trait ToSlot<T>: Send + Sync + 'static {
    type Key: Hash + Eq + Clone + Send + Sync + 'static;

    /// The operation that asks for the key so.
    const LABEL: &'static str;

    fn slot<'g, A>(
        &self,
        groups: &'g mut Groups<Self::Key, A>,
        item: &T,
        start: impl FnOnce() -> A,
    ) -> &'g mut A;

    /// Packs the function of the user, for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>
    where
        Self: Sized;
}

/// A key that the function makes of the item.
struct OwnKey<F>(F);

impl<T, K, F> ToSlot<T> for OwnKey<F>
where
    T: 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    F: Fn(&T) -> K + Send + Sync + 'static,
{
    type Key = K;

    const LABEL: &'static str = "foldby";

    #[inline]
    fn slot<'g, A>(&self, groups: &'g mut Groups<K, A>, item: &T, start: impl FnOnce() -> A) -> &'g mut A {
        groups.slot((self.0)(item), start)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static T) -> K, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(&'static T) -> K, F>().map(Self)
    }
}

/// A key that the function finds in the item.
struct KeyInItem<Q: ?Sized, F> {
    key: F,
    keys: Of<Q>,
}

impl<T, Q, F> ToSlot<T> for KeyInItem<Q, F>
where
    T: 'static,
    Q: Hash + Eq + ToOwned + ?Sized + 'static,
    Q::Owned: Hash + Eq + Clone + Send + Sync + 'static,
    F: Fn(&T) -> &Q + Send + Sync + 'static,
{
    type Key = Q::Owned;

    const LABEL: &'static str = "foldby_ref";

    #[inline]
    fn slot<'g, A>(
        &self,
        groups: &'g mut Groups<Q::Owned, A>,
        item: &T,
        start: impl FnOnce() -> A,
    ) -> &'g mut A {
        groups.slot_of((self.key)(item), start)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static T) -> &'static Q, F>(&self.key)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { key: from.function::<fn(&'static T) -> &'static Q, F>()?, keys: Of::default() })
    }
}

/// The sink of `foldby` and `foldby_ref`.
struct FoldBy<A, K, F> {
    key: K,
    init: A,
    binop: F,
}

impl<T, A, K, F> Sink<T> for FoldBy<A, K, F>
where
    T: 'static,
    A: Clone + Send + Sync + 'static,
    K: ToSlot<T>,
    F: Fn(A, T) -> A + Send + Sync + 'static,
{
    /// Slots are empty only while a function has their content.
    type Acc = Groups<K::Key, Option<A>>;

    fn label(&self) -> Option<&str> {
        Some(K::LABEL)
    }

    fn start(&self) -> Self::Acc {
        Groups::new()
    }

    #[inline]
    fn push(&self, _: &Run, groups: &mut Self::Acc, item: T) -> Flow {
        let slot = self.key.slot(groups, &item, || Some(self.init.clone()));
        *slot = slot.take().map(|acc| (self.binop)(acc, item));
        NEXT
    }

    fn finish(&self, groups: Self::Acc) -> Result<Value, OpError> {
        Ok(Value::sized(groups))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        codec::pack(to, &self.init)?;
        self.key.pack(to)?;
        to.function::<fn(A, T) -> A, F>(&self.binop)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let (init, key) = (codec::unpack(from)?, K::unpack(from)?);
        Ok(Self { key, init, binop: from.function::<fn(A, T) -> A, F>()? })
    }
}
