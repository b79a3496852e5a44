//! The first items: from as many partitions as it takes, and no more.

use std::sync::Arc;

use dask_graph::{
    Arg, Args, Collection, ComputeError, Graph, Key, Materialized, Name, Node, Op, OpError, Packer, Refused,
    Scheduler, Task, Tokenizer, Unpack, UnpackError, Unpacked, Unpacker, Value,
};

use super::{Bag, gather};
use crate::partition::Partition;
use crate::stream::stored::Stored;
use crate::stream::{Flow, NEXT, Pipeline, Run, STOP, Sink};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// Computes the first `k` items; all, if there are fewer. Uses the installed scheduler.
    ///
    /// Looks into as many partitions as needed: first into one, then into 2, 4, 8 more at a time. Within a
    /// partition it stops at the last item wanted.
    ///
    /// # Errors
    ///
    /// - When computing a partition fails, or no scheduler is installed.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    ///
    /// let rare = Bag::range(1 << 40, Partitions::count(1 << 20)).filter(|n| n % 1000 == 999);
    /// let first = rare.take_with(3, &dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(first, [999, 1999, 2999]);
    /// ```
    pub fn take(&self, k: usize) -> Result<Vec<T>, ComputeError> {
        self.rounds(k, |head| head.compute())
    }

    /// Computes the first `k` items on `scheduler`; see [`take`](Self::take).
    ///
    /// # Errors
    ///
    /// - When computing a partition fails.
    pub fn take_with(&self, k: usize, scheduler: &dyn Scheduler) -> Result<Vec<T>, ComputeError> {
        self.rounds(k, |head| head.compute_with(scheduler))
    }

    /// A bag of one partition: the first `k` items of the first `npartitions` partitions, and fewer than
    /// `k` if these have fewer, as dask's `take` gives.
    #[track_caller]
    pub fn head(&self, k: usize, npartitions: usize) -> Self {
        let n = u32::try_from(npartitions).unwrap_or(u32::MAX).min(self.npartitions);
        let firsts = self.firsts(k);
        let token = Tokenizer::new("head").feed(&firsts.name).feed(&n).finish();
        let name = Name::from_token("head", token);
        let keys = (0..n).map(|i| firsts.key(i));
        let mut layer = Materialized::new(&name);
        let op = Arc::new(Concat { k, items: crate::stream::Of::<T>::default() });
        layer.insert(Key::new(&name, &[0]), Node::Task(Task::new(op, [Arg::list(keys)])));
        let graph = Graph::with_inputs(layer, [&firsts.graph]);
        self.derived(graph, name, 1).of_nbytes(None)
    }

    /// The first `k` items of each partition.
    #[track_caller]
    fn firsts(&self, k: usize) -> Self {
        let token = Tokenizer::new("first").feed(&self.name).feed(&k).finish();
        self.blockwise("first", token, Pipeline::op(Stored::<T>::new(), First { k }))
    }

    fn rounds(
        &self,
        k: usize,
        compute: impl Fn(&Head<T>) -> Result<Vec<T>, ComputeError>,
    ) -> Result<Vec<T>, ComputeError> {
        let mut found = Vec::new();
        let (mut from, mut width) = (0, 1_u32);
        while found.len() < k && from < self.npartitions {
            let to = from.saturating_add(width).min(self.npartitions);
            let wanted = k - found.len();
            let items = compute(&Head { firsts: self.firsts(wanted), from, to })?;
            found.extend(items.into_iter().take(wanted));
            (from, width) = (to, width.saturating_mul(2));
        }
        Ok(found)
    }
}

/// Some partitions of a bag.
struct Head<T> {
    firsts: Bag<T>,
    from: u32,
    to: u32,
}

impl<T: Clone + Send + Sync + 'static> Collection for Head<T> {
    type Output = Vec<T>;

    fn graph(&self) -> &Graph {
        &self.firsts.graph
    }

    fn keys(&self) -> Vec<Key> {
        (self.from..self.to).map(|i| self.firsts.key(i)).collect()
    }

    fn finish(&self, values: Vec<Value>) -> Result<Vec<T>, ComputeError> {
        gather(values)
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        Self { firsts: self.firsts.rebuild(graph, rename), ..*self }
    }
}

/// Stores the first items and stops.
struct First {
    k: usize,
}

impl<T: Send + Sync + 'static> Sink<T> for First {
    type Acc = Vec<T>;

    fn label(&self) -> Option<&str> {
        Some("first")
    }

    fn start(&self) -> Vec<T> {
        Vec::new()
    }

    fn push(&self, _: &Run, acc: &mut Vec<T>, item: T) -> Flow {
        if acc.len() < self.k {
            acc.push(item);
        }
        if acc.len() < self.k { NEXT } else { STOP }
    }

    fn finish(&self, acc: Vec<T>) -> Result<Value, OpError> {
        Ok(Partition::new(acc).into_value())
    }

    fn nbytes(&self, items: Option<u64>) -> Option<u64> {
        let own = (self.k as u64).saturating_mul(size_of::<T>() as u64);
        Some(items.map_or(own, |items| items.min(own)))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.state(&self.k)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self { k: from.state()? })
    }
}

/// The first items of a list of partitions.
struct Concat<T> {
    k: usize,
    items: crate::stream::Of<T>,
}

impl<T: Clone + Send + Sync + 'static> Op for Concat<T> {
    fn name(&self) -> std::borrow::Cow<'_, str> {
        "head".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut all = Vec::new();
        for value in args.take_list(0)? {
            let partition: Partition<T> =
                value.into_inner().map_err(|source| OpError::Argument { at: 0, source })?;
            let wanted = self.k - all.len();
            all.extend(partition.into_items().into_iter().take(wanted));
        }
        Ok(Partition::new(all).into_value())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.k)?;
        Ok(|from| Ok(Unpacked::op(Concat::<T> { k: from.state()?, items: crate::stream::Of::default() })))
    }
}
