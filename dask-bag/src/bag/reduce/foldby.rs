//! The fold of the items of each key.

use std::hash::Hash;

use dask_graph::{
    OpError, Packer, Refused, Token, UnpackError, Unpacker, Value, make_option_portable, make_pair_portable,
};

use super::groups::Groups;
use crate::bag::Bag;
use crate::codec;
use crate::stream::{Flow, NEXT, Run, Sink};

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
        make_pair_portable::<K, A>();
        make_option_portable::<A>();
        let sink = FoldBy { key, init, binop };
        let join = move |a: &mut Option<A>, b: Option<A>| {
            *a = match (a.take(), b) {
                (Some(a), Some(b)) => Some(combine(a, b)),
                (a, b) => a.or(b),
            };
        };
        // Slots are empty only while a function has their content.
        self.by_key("foldby", Token::unique(), sink, join, |key, acc| Some((key, acc?)))
    }
}

/// The sink of `foldby`.
struct FoldBy<A, K, F> {
    key: K,
    init: A,
    binop: F,
}

impl<T, A, K, F, G> Sink<T> for FoldBy<A, G, F>
where
    T: 'static,
    A: Clone + Send + Sync + 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    G: Fn(&T) -> K + Send + Sync + 'static,
    F: Fn(A, T) -> A + Send + Sync + 'static,
{
    /// Slots are empty only while a function has their content.
    type Acc = Groups<K, Option<A>>;

    fn label(&self) -> Option<&str> {
        Some("foldby")
    }

    fn start(&self) -> Self::Acc {
        Groups::new()
    }

    #[inline]
    fn push(&self, _: &Run, groups: &mut Self::Acc, item: T) -> Flow {
        let slot = groups.slot((self.key)(&item), || Some(self.init.clone()));
        *slot = slot.take().map(|acc| (self.binop)(acc, item));
        NEXT
    }

    fn finish(&self, groups: Self::Acc) -> Result<Value, OpError> {
        Ok(Value::sized(groups))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        codec::pack(to, &self.init)?;
        to.function::<fn(&'static T) -> K, G>(&self.key)?;
        to.function::<fn(A, T) -> A, F>(&self.binop)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        let init = codec::unpack(from)?;
        let key = from.function::<fn(&'static T) -> K, G>()?;
        Ok(Self { key, init, binop: from.function::<fn(A, T) -> A, F>()? })
    }
}
