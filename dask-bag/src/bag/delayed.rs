//! Bags made of delayed vectors, and delayed vectors made of bags.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Args, Collection, Delayed, Graph, Key, Materialized, Name, Node, Op, OpError, Packer, Refused, Task,
    Tokenizer, Unpack, Unpacked, Value,
};

use super::Bag;
use crate::partition::Partition;
use crate::stream::Of;

/// # Delayed vectors
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of the items of delayed vectors, one partition each; of one empty partition if there are none.
    ///
    /// ```
    /// use dask_bag::Bag;
    /// use dask_graph::{Collection, delayed};
    ///
    /// let squares = delayed(|n: u64| (0..n).map(|i| i * i).collect::<Vec<_>>());
    /// let bag = Bag::from_delayed([squares.call((3_u64,)), squares.call((2_u64,))]);
    /// assert_eq!(bag.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [0, 1, 4, 0, 1]);
    /// ```
    #[track_caller]
    pub fn from_delayed(partitions: impl IntoIterator<Item = Delayed<Vec<T>>>) -> Self {
        let partitions: Vec<Delayed<Vec<T>>> = partitions.into_iter().collect();
        if partitions.is_empty() {
            return Self::from_partitions([]);
        }
        let mut token = Tokenizer::new("from_delayed");
        partitions.iter().for_each(|delayed| token.add(delayed.key()));
        let name = Name::from_token("from_delayed", token.finish());
        let mut layer = Materialized::new(&name);
        let op: Arc<dyn Op> = Arc::new(IntoPartition(Of::<T>::default()));
        for (delayed, n) in partitions.iter().zip(0..) {
            let task = Task::new(op.clone(), [dask_graph::Arg::Key(delayed.key().clone())]);
            layer.insert(Key::new(&name, &[n]), Node::Task(task));
        }
        let graph = Graph::with_inputs(layer, partitions.iter().map(Collection::graph));
        Self::from_graph(graph, name, partitions.len() as u32)
    }

    /// The items of each partition as a delayed vector.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let parts = Bag::range(5, Partitions::count(2)).to_delayed();
    /// assert_eq!(parts[1].compute_with(&dask_sched_sync::Sync::new()).unwrap(), [2, 3, 4]);
    /// ```
    #[track_caller]
    pub fn to_delayed(&self) -> Vec<Delayed<Vec<T>>> {
        let op = Arc::new(IntoItems(Of::<T>::default()));
        let items: Bag<()> = self.blockwise("to_delayed", self.token("to_delayed"), op);
        (0..self.npartitions).map(|i| Delayed::from_key(items.graph.clone(), items.key(i))).collect()
    }
}

/// Makes a partition of a vector.
struct IntoPartition<T>(Of<T>);

impl<T: Clone + Send + Sync + 'static> Op for IntoPartition<T> {
    fn name(&self) -> Cow<'_, str> {
        "from_delayed".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        args.take::<Vec<T>>(0).map(|items| Partition::new(items).into_value())
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(IntoPartition(Of::<T>::default()))))
    }
}

/// Makes a vector of a partition.
struct IntoItems<T>(Of<T>);

impl<T: Clone + Send + Sync + 'static> Op for IntoItems<T> {
    fn name(&self) -> Cow<'_, str> {
        "to_delayed".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        args.take::<Partition<T>>(0).map(|partition| Value::new(partition.into_items()))
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(IntoItems(Of::<T>::default()))))
    }
}
