//! Several bags into one.

use std::sync::Arc;

use dask_graph::{
    Arg, Args, Graph, Key, Layer, Materialized, Name, Node, Op, OpError, Packer, Refused, Task, Tokenizer,
    Unpack, make_pair_portable,
};

use super::{Bag, PARTITIONS, build};
use crate::error::BagError;
use crate::partition::Partition;
use crate::stream::{Collect, Flow, Of, Pipeline, Run, Stream, unpacked};

impl<T: Send + Sync + 'static> Bag<T> {
    /// A bag of the partitions of this one, then of those of the `others`. Costs nothing when it runs.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let one = Bag::from_sequence([1, 2], Partitions::count(2));
    /// let both = one.concat([&Bag::from_sequence([3], Partitions::count(1))]);
    /// assert_eq!(both.npartitions(), 3);
    /// assert_eq!(both.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [1, 2, 3]);
    /// ```
    #[track_caller]
    pub fn concat<'a>(&'a self, others: impl IntoIterator<Item = &'a Self>) -> Self {
        let bags: Vec<&Self> = std::iter::once(self).chain(others).collect();
        let mut token = Tokenizer::new("concat");
        for bag in &bags {
            token = token.feed(&bag.name).feed(&bag.npartitions);
        }
        let name = Name::from_token("concat", token.finish());
        let mut layer = Materialized::new(&name);
        let mut n = 0;
        for bag in &bags {
            for i in 0..bag.npartitions {
                layer.insert(Key::new(&name, &[n]), Node::Alias(bag.key(i)));
                n += 1;
            }
        }
        let graph = Graph::with_inputs(layer, bags.iter().map(|bag| &bag.graph));
        let nbytes = bags.iter().try_fold(0, |sum: u64, bag| Some(sum.saturating_add(bag.nbytes?)));
        self.derived(graph, name, n).of_nbytes(nbytes)
    }

    /// A bag of pairs: the first item of this bag with the first of the other, and so on.
    ///
    /// Both must have equally many partitions, and these equally many items: an item without a partner
    /// is an error when it runs, not dropped.
    ///
    /// # Errors
    ///
    /// - When the numbers of partitions differ.
    #[track_caller]
    pub fn zip<U>(&self, other: &Bag<U>) -> Result<Bag<(T, U)>, BagError>
    where
        T: Clone,
        U: Clone + Send + Sync + 'static,
    {
        if self.npartitions != other.npartitions {
            return Err(BagError::PartitionCounts { left: self.npartitions(), right: other.npartitions() });
        }
        make_pair_portable::<T, U>();
        let token = Tokenizer::new("zip").feed(&self.name).feed(&other.name).finish();
        let op = Pipeline::op(Zip(Of::<(T, U)>::default()), Collect);
        let layer = self.layer("zip", token, op).blocks(&other.name, &[(PARTITIONS, other.npartitions)]);
        let layer = build(layer);
        let name = layer.name().clone();
        let graph = Graph::with_inputs(layer, [&self.graph, &other.graph]);
        let nbytes = self.nbytes.zip(other.nbytes).map(|(a, b)| a.saturating_add(b));
        Ok(self.derived(graph, name, self.npartitions).of_nbytes(nbytes))
    }

    /// A bag of pairs: each item of this bag with each of the other.
    ///
    /// It has a partition for each pair of partitions: of the first partition of this bag with all of the other,
    /// then of the second, and so on.
    ///
    /// # Errors
    ///
    /// - When there are more such pairs than numbers of partitions.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let numbers = Bag::from_sequence([1, 2], Partitions::count(1));
    /// let letters = Bag::from_sequence(['a', 'b'], Partitions::count(1));
    /// let all = numbers.product(&letters)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(all, [(1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn product<U>(&self, other: &Bag<U>) -> Result<Bag<(T, U)>, BagError>
    where
        T: Clone,
        U: Clone + Send + Sync + 'static,
    {
        let (left, right) = (self.npartitions(), other.npartitions());
        let n = self.npartitions.checked_mul(other.npartitions);
        let n = n.ok_or(BagError::TooManyPartitions { left, right })?;
        make_pair_portable::<T, U>();
        let token = Tokenizer::new("product").feed(&self.name).feed(&other.name).finish();
        let name = Name::from_token("product", token);
        let op = Pipeline::op(Product(Of::<(T, U)>::default()), Collect);
        let mut layer = Materialized::new(&name);
        for i in 0..n {
            let pair = [self.key(i / other.npartitions), other.key(i % other.npartitions)];
            let task = Task::new(op.clone(), pair.map(Arg::Key));
            layer.insert(Key::new(&name, &[i]), Node::Task(task));
        }
        let graph = Graph::with_inputs(layer, [&self.graph, &other.graph]);
        // How often each item comes is not known.
        Ok(self.derived(graph, name, n).of_nbytes(None))
    }
}

/// Pairs of the items of the two stored partitions that are the task's arguments.
struct Zip<A, B>(Of<(A, B)>);

impl<A, B> Stream<(A, B)> for Zip<A, B>
where
    A: Clone + Send + Sync + 'static,
    B: Clone + Send + Sync + 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut((A, B)) -> Flow,
    ) -> Result<(), OpError> {
        let left: Partition<A> = args.take(0)?;
        let right: Partition<B> = args.take(1)?;
        let (left, right) = (left.into_items(), right.into_items());
        if left.len() != right.len() {
            let (left, right) = (left.len(), right.len());
            return Err(OpError::failed(BagError::PartitionLengths { left, right }));
        }
        let _ = (0..).zip(left.into_iter().zip(right)).try_for_each(|(n, pair)| {
            run.at(n);
            sink(pair)
        });
        Ok(())
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<(A, B)>>> {
        // Two pushing streams cannot be read in step.
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn n_args(&self) -> usize {
        2
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("zip");
    }

    fn is_producer(&self) -> bool {
        false
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(unpacked(Zip::<A, B>(Of::default()))))
    }

    fn nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }
}

/// All pairs of the items of the two stored partitions that are the task's arguments.
struct Product<A, B>(Of<(A, B)>);

impl<A, B> Stream<(A, B)> for Product<A, B>
where
    A: Clone + Send + Sync + 'static,
    B: Clone + Send + Sync + 'static,
{
    fn drive(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut((A, B)) -> Flow,
    ) -> Result<(), OpError> {
        let (left, right) = (args.get::<Partition<A>>(0)?, args.get::<Partition<B>>(1)?);
        let pairs = left.items().iter().flat_map(|a| right.items().iter().map(|b| (a.clone(), b.clone())));
        let _ = (0..).zip(pairs).try_for_each(|(n, pair)| {
            run.at(n);
            sink(pair)
        });
        Ok(())
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<(A, B)>>> {
        // One side is gone through again for each item of the other.
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn n_args(&self) -> usize {
        2
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("product");
    }

    fn is_producer(&self) -> bool {
        false
    }

    fn len(&self, args: &Args<'_>) -> Result<Option<u64>, OpError> {
        let (left, right) = (args.get::<Partition<A>>(0)?, args.get::<Partition<B>>(1)?);
        Ok((left.items().len() as u64).checked_mul(right.items().len() as u64))
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(unpacked(Product::<A, B>(Of::default()))))
    }

    fn nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }
}
