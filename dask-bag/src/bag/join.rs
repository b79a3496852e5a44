//! Joins by key with something small, which every task has whole.

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Collection, Delayed, Graph, Key, Materialized, Name, Node, Op, OpError, Packer, Refused, Task,
    Token, Unpack, UnpackError, Unpacked, Unpacker, Value, make_list_portable, make_pair_portable,
};

use super::Bag;
use super::reduce::groups::Groups;
use crate::partition::Partition;
use crate::stream::step_with::StepWith;
use crate::stream::{Flow, Of};

/// The other side of a [`join`](Bag::join): items in memory, a delayed list of them, or a bag.
#[derive(Debug)]
pub struct Side<U> {
    graph: Graph,
    /// What gives the items: partitions, or one vector.
    parts: Vec<Arg>,
    items: Of<U>,
}

impl<U: Send + Sync + 'static> From<Vec<U>> for Side<U> {
    fn from(items: Vec<U>) -> Self {
        let parts = vec![Arg::Value(Partition::new(items).into_value())];
        Self { graph: Graph::default(), parts, items: Of::default() }
    }
}

impl<U: Clone + Send + Sync + 'static> From<Delayed<Vec<U>>> for Side<U> {
    fn from(items: Delayed<Vec<U>>) -> Self {
        Self {
            graph: items.graph().clone(),
            parts: vec![Arg::Key(items.key().clone())],
            items: Of::default(),
        }
    }
}

impl<U: Clone + Send + Sync + 'static> From<&Bag<U>> for Side<U> {
    fn from(bag: &Bag<U>) -> Self {
        let parts = (0..bag.npartitions).map(|i| Arg::Key(bag.key(i))).collect();
        Self { graph: bag.graph.clone(), parts, items: Of::default() }
    }
}

/// # Joined by key
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of pairs `(other, item)`: each item of this bag with every item of the other side that has the same
    /// key. Items without a partner are left out.
    ///
    /// The other side is in memory whole, as a table, and should be the smaller one; for two large bags there is
    /// [`join_shuffled`](Self::join_shuffled). It can be a vector, a [`Delayed`] vector or a bag.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let flights = Bag::from_sequence([("UA", 12), ("AA", -3), ("UA", 4)], Partitions::count(2));
    /// let airlines = vec![("AA", "American"), ("UA", "United")];
    /// let named = flights.join(airlines, |flight| flight.0, |airline| airline.0);
    /// let delays = named.map(|((_, airline), (_, delay))| (airline, delay));
    /// let delays = delays.compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(delays, [("United", 12), ("American", -3), ("United", 4)]);
    /// ```
    #[track_caller]
    pub fn join<U, K>(
        &self,
        other: impl Into<Side<U>>,
        on_self: impl Fn(&T) -> K + Send + Sync + 'static,
        on_other: impl Fn(&U) -> K + Send + Sync + 'static,
    ) -> Bag<(U, T)>
    where
        U: Clone + Send + Sync + 'static,
        K: Hash + Eq + Clone + Send + Sync + 'static,
    {
        make_list_portable::<U>();
        make_pair_portable::<K, Vec<U>>();
        make_pair_portable::<U, T>();
        let other = other.into();
        let token = Token::unique();
        let name = Name::from_token("join-table", token);
        let mut layer = Materialized::new(&name);
        let op = Arc::new(Table { key: on_other, items: Of::<U>::default() });
        layer.insert(name.clone(), Node::Task(Task::new(op, [Arg::List(other.parts.into_iter().collect())])));
        let table = Graph::with_inputs(layer, [&other.graph]);
        let step = LookUp { key: on_self, table: Of::<(K, U)>::default() };
        self.step_with(token, step, &[&table], |layer| layer.whole(Key::named(name)))
    }
}

/// Makes a table of what its argument, a list, holds: partitions, or vectors.
struct Table<U, F> {
    key: F,
    items: Of<U>,
}

impl<U, K, F> Op for Table<U, F>
where
    U: Clone + Send + Sync + 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    F: Fn(&U) -> K + Send + Sync + 'static,
{
    fn name(&self) -> Cow<'_, str> {
        "join-table".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut table: Groups<K, Vec<U>> = Groups::new();
        for value in args.take_list(0)? {
            let items = if value.is::<Vec<U>>() {
                value.into_inner::<Vec<U>>()
            } else {
                value.into_inner::<Partition<U>>().map(Partition::into_items)
            };
            for item in items.map_err(|source| OpError::Argument { at: 0, source })? {
                table.slot((self.key)(&item), Vec::new).push(item);
            }
        }
        Ok(Value::sized(table))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function::<fn(&'static U) -> K, F>(&self.key)?;
        Ok(|from| {
            let key = from.function::<fn(&'static U) -> K, F>()?;
            Ok(Unpacked::op(Table { key, items: Of::<U>::default() }))
        })
    }
}

/// Pairs an item with those of the table that have its key.
struct LookUp<F, K, U> {
    key: F,
    table: Of<(K, U)>,
}

impl<T, U, K, F> StepWith<T> for LookUp<F, K, U>
where
    T: Clone + 'static,
    U: Clone + Send + Sync + 'static,
    K: Hash + Eq + Clone + Send + Sync + 'static,
    F: Fn(&T) -> K + Send + Sync + 'static,
{
    type Out = (U, T);
    type Given = Groups<K, Vec<U>>;
    type State = ();
    const LABEL: &'static str = "join";

    fn start(&self, _: &Self::Given) {}

    fn push(&self, table: &Self::Given, (): &mut (), item: T, out: &mut dyn FnMut((U, T)) -> Flow) -> Flow {
        let found = table.get(&(self.key)(&item)).map_or(&[][..], Vec::as_slice);
        found.iter().try_for_each(|other| out((other.clone(), item.clone())))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static T) -> K, F>(&self.key)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { key: from.function::<fn(&'static T) -> K, F>()?, table: Of::default() })
    }
}
