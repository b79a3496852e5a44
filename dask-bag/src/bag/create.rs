//! Bags of what is in the program already: sequences and ranges.

use std::sync::Arc;

use dask_graph::{
    Arg, Args, Graph, Key, Materialized, Name, Node, Op, OpError, Packer, Refused, Token, Tokenizer, Unpack,
    Value,
};

use super::{Bag, source};
use crate::partition::{Partition, Partitions};
use crate::stream::{BATCH, Collect, Flow, Pipeline, Run, Stream, unpacked};

impl<T: Send + Sync + 'static> Bag<T> {
    /// A bag of the items of a sequence, cut into partitions of equal size.
    ///
    /// The items lie in the graph. For data that is not in memory yet, make a bag of where it is (names,
    /// numbers) and [`flat_map`](Bag::flat_map) to what is there.
    #[track_caller]
    pub fn from_sequence(items: impl IntoIterator<Item = T>, partitions: Partitions) -> Self {
        let mut items: Vec<T> = items.into_iter().collect();
        let each = partitions.items_each(items.len());
        if items.len() <= each {
            return Self::from_partitions([items]);
        }
        // From the end, so that splitting off moves each item once.
        let mut parts = Vec::with_capacity(items.len().div_ceil(each));
        while items.len() > each {
            parts.push(items.split_off((items.len() - 1) / each * each));
        }
        parts.push(items);
        Self::from_partitions(parts.into_iter().rev())
    }

    /// A bag of exactly these partitions, some of which may be empty; of one empty partition if there are
    /// none.
    ///
    /// ```
    /// use dask_bag::Bag;
    ///
    /// assert_eq!(Bag::from_partitions([vec![1, 2], vec![], vec![3]]).npartitions(), 3);
    /// ```
    #[track_caller]
    pub fn from_partitions(partitions: impl IntoIterator<Item = Vec<T>>) -> Self {
        let name = Name::from_token("from_sequence", Token::unique());
        let mut layer = Materialized::new(&name);
        let (mut n, mut nbytes) = (0, 0);
        for items in partitions {
            let partition = Partition::new(items).into_value();
            nbytes += partition.nbytes();
            layer.insert(Key::new(&name, &[n]), Node::Data(partition));
            n += 1;
        }
        if n == 0 {
            layer.insert(Key::new(&name, &[0]), Node::Data(Partition::<T>::new(Vec::new()).into_value()));
            n = 1;
        }
        Self::from_graph(Graph::from_layer(layer), name, n).of_nbytes(Some(nbytes))
    }
}

impl Bag<u64> {
    /// The numbers from 0 to `n - 1`, made when they are needed.
    ///
    /// All partitions have the same size but the last, which has the rest, as in dask.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let n = Bag::range(1_000_000, Partitions::count(4)).filter(|n| n % 3 == 0).count();
    /// assert_eq!(n.compute_with(&dask_sched_sync::Sync::new()).unwrap(), 333_334);
    /// ```
    #[track_caller]
    pub fn range(n: u64, partitions: Partitions) -> Self {
        let parts = partitions.of_range(n);
        let each = match partitions.fixed_size() {
            Some(size) => size,
            None => n / u64::from(parts),
        };
        let token = Tokenizer::new("range").feed(&n).feed(&parts).feed(&each).finish();
        let name = Name::from_token("range", token);
        let layer = source(name.clone(), Pipeline::op(Range, Collect), parts, move |i| {
            let start = u64::from(i) * each;
            let end = if i + 1 == parts { n } else { start + each };
            Value::new((start, end))
        });
        Self::from_graph(Graph::from_layer(layer), name, parts).of_nbytes(Some(n.saturating_mul(8)))
    }
}

/// The numbers of the range that is the task's first argument.
struct Range;

impl Stream<u64> for Range {
    fn drive(
        &self,
        _run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(u64) -> Flow,
    ) -> Result<(), OpError> {
        let &(start, end) = args.get::<(u64, u64)>(0)?;
        let _ = (start..end).try_for_each(sink);
        Ok(())
    }

    fn drive_batches(
        &self,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(Vec<u64>) -> Flow,
    ) -> Result<bool, OpError> {
        let &(start, end) = args.get::<(u64, u64)>(0)?;
        for from in (start..end).step_by(BATCH) {
            if sink((from..end.min(from.saturating_add(BATCH as u64))).collect()).is_break() {
                break;
            }
        }
        Ok(true)
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<u64>>> {
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("range");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn len(&self, args: &Args<'_>) -> Result<Option<u64>, OpError> {
        let &(start, end) = args.get::<(u64, u64)>(0)?;
        Ok(Some(end - start))
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(unpacked(Range)))
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        let Some(Arg::Value(range)) = args.first() else { return None };
        let (start, end) = range.downcast_ref::<(u64, u64)>()?;
        Some((end - start) * 8)
    }
}
