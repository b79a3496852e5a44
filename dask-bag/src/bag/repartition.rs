//! The same items in other partitions.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Collection, ComputeError, Graph, Key, Materialized, Name, Node, Op, OpError, Packer, Refused,
    Scheduler, Task, Tokenizer, Unpack, Unpacked, Value,
};
use serde::{Deserialize, Serialize};

use super::Bag;
use crate::partition::Partition;
use crate::stream::Of;

/// How large partitions may become, for [`Bag::repartition_to`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionSize {
    /// So many items: all partitions but the last have just as many. Zero counts as one.
    Items(u64),
    /// No more than so many bytes in memory, if cutting partitions into equal parts makes them so.
    Bytes(u64),
}

/// # In other partitions
///
/// The order of the items stays.
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// The same items in `npartitions` partitions; zero counts as one.
    ///
    /// Fewer partitions are joined of neighbours; more are equal parts of the partitions that there are. Nothing is
    /// computed for it, so how many items each of them has is not known before.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let bag = Bag::range(10, Partitions::count(5));
    /// assert_eq!(bag.repartition(2).npartitions(), 2);
    /// let same = bag.repartition(7).compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(same, (0..10).collect::<Vec<u64>>());
    /// ```
    #[track_caller]
    pub fn repartition(&self, npartitions: usize) -> Self {
        let (old, new) = (self.npartitions(), npartitions.clamp(1, u32::MAX as usize));
        // The first of the smaller parts that belongs to part `i` of the larger ones.
        let bound = |i: usize, of: usize, smaller: usize| (i as u128 * smaller as u128 / of as u128) as usize;
        let whole = |partition| Piece { partition, cut: Cut::Share { part: 0, of: 1 } };
        if new <= old {
            let pieces = |i| (bound(i, new, old)..bound(i + 1, new, old)).map(whole).collect();
            return self.pieced((0..new).map(pieces));
        }
        let shares = |partition| {
            let of = bound(partition + 1, old, new) - bound(partition, old, new);
            (0..of).map(move |part| vec![Piece { partition, cut: Cut::Share { part, of } }])
        };
        self.pieced((0..old).flat_map(shares))
    }

    /// The same items in partitions of this size. Uses the installed scheduler to measure the partitions that there
    /// are, which computes the bag: [`persist`](Collection::persist) it before if that is expensive.
    ///
    /// # Errors
    ///
    /// - When computing a partition fails, or no scheduler is installed.
    #[track_caller]
    pub fn repartition_to(&self, size: PartitionSize) -> Result<Self, ComputeError> {
        Ok(self.cut_to(size, &self.measures().compute()?))
    }

    /// The same items in partitions of this size, measured on `scheduler`; see
    /// [`repartition_to`](Self::repartition_to).
    ///
    /// # Errors
    ///
    /// - When computing a partition fails.
    ///
    /// ```
    /// use dask_bag::{Bag, PartitionSize, Partitions};
    ///
    /// let multiples = Bag::range(100, Partitions::count(10)).filter(|n| n % 7 == 0);
    /// let even = multiples.repartition_to_with(PartitionSize::Items(4), &dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(even.npartitions(), 4); // of 4, 4, 4 and 3 items
    /// ```
    #[track_caller]
    pub fn repartition_to_with(
        &self,
        size: PartitionSize,
        scheduler: &dyn Scheduler,
    ) -> Result<Self, ComputeError> {
        Ok(self.cut_to(size, &self.measures().compute_with(scheduler)?))
    }

    /// The numbers of items and of bytes of each partition.
    #[track_caller]
    fn measures(&self) -> Bag<(u64, u64)> {
        self.blockwise("measure", self.token("measure"), Arc::new(Measure(Of::<T>::default())))
    }

    #[track_caller]
    fn cut_to(&self, size: PartitionSize, measures: &[(u64, u64)]) -> Self {
        match size {
            PartitionSize::Items(n) => self.pieced(by_items(n.max(1), measures)),
            PartitionSize::Bytes(most) => self.pieced(by_bytes(most.max(1), measures)),
        }
    }

    /// A bag whose partitions are put together of these pieces of those of this one; of one, if there are none.
    #[track_caller]
    fn pieced(&self, partitions: impl IntoIterator<Item = Vec<Piece>>) -> Self {
        let mut partitions: Vec<Vec<Piece>> = partitions.into_iter().collect();
        if partitions.is_empty() {
            partitions.push(Vec::new());
        }
        let mut token = Tokenizer::new("repartition").feed(&self.name);
        for pieces in &partitions {
            token.add(&pieces.len());
            for Piece { partition, cut } in pieces {
                let (kind, from, to) = match cut {
                    Cut::Share { part, of } => (0_u64, *part as u64, *of as u64),
                    Cut::Items(range) => (1, range.start, range.end),
                };
                token = token.feed(partition).feed(&kind).feed(&from).feed(&to);
            }
        }
        let name = Name::from_token("repartition", token.finish());
        let mut layer = Materialized::new(&name);
        let mut n = 0;
        for pieces in partitions {
            let keys: Vec<Key> = pieces.iter().map(|piece| self.key(piece.partition as u32)).collect();
            let cuts = pieces.into_iter().map(|piece| piece.cut).collect();
            let task = Task::new(Arc::new(Pieces { cuts, items: Of::<T>::default() }), [Arg::list(keys)]);
            layer.insert(Key::new(&name, &[n]), Node::Task(task));
            n += 1;
        }
        self.derived(Graph::with_inputs(layer, [&self.graph]), name, n)
    }
}

/// A piece of a new partition: what of which old one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    partition: usize,
    cut: Cut,
}

/// A part of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Cut {
    /// Part number `part` of so many equal ones.
    Share { part: usize, of: usize },
    /// The items at these positions.
    Items(Range<u64>),
}

/// New partitions of `each` items.
fn by_items(each: u64, measures: &[(u64, u64)]) -> Vec<Vec<Piece>> {
    let (mut partitions, mut open, mut room) = (Vec::new(), Vec::new(), each);
    for (partition, &(len, _)) in measures.iter().enumerate() {
        let mut from = 0;
        while from < len {
            let to = len.min(from.saturating_add(room));
            open.push(Piece { partition, cut: Cut::Items(from..to) });
            room -= to - from;
            from = to;
            if room == 0 {
                partitions.push(std::mem::take(&mut open));
                room = each;
            }
        }
    }
    partitions.extend(Some(open).filter(|open| !open.is_empty()));
    partitions
}

/// New partitions of no more than `most` bytes: equal parts of old ones that are larger, and neighbours as long as
/// they fit together.
fn by_bytes(most: u64, measures: &[(u64, u64)]) -> Vec<Vec<Piece>> {
    let (mut partitions, mut open, mut filled) = (Vec::new(), Vec::new(), 0_u64);
    for (partition, &(len, nbytes)) in measures.iter().enumerate() {
        if len == 0 {
            continue;
        }
        let of = nbytes.div_ceil(most).clamp(1, len);
        for part in 0..of {
            let share = nbytes / of;
            if !open.is_empty() && filled.saturating_add(share) > most {
                partitions.push(std::mem::take(&mut open));
                filled = 0;
            }
            open.push(Piece { partition, cut: Cut::Share { part: part as usize, of: of as usize } });
            filled += share;
        }
    }
    partitions.extend(Some(open).filter(|open| !open.is_empty()));
    partitions
}

/// Puts a partition together: of each partition in the list that is its argument the cut of the same number.
struct Pieces<T> {
    cuts: Vec<Cut>,
    items: Of<T>,
}

impl<T: Clone + Send + Sync + 'static> Op for Pieces<T> {
    fn name(&self) -> Cow<'_, str> {
        "repartition".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut all = Vec::new();
        for (cut, value) in self.cuts.iter().zip(args.take_list(0)?) {
            let range = cut.of(value.get::<Partition<T>>().map_err(mismatch)?.items().len());
            match value.try_unwrap::<Partition<T>>() {
                Ok(partition) => {
                    let mut items = partition.into_items();
                    items.truncate(range.end);
                    items.drain(..range.start);
                    if all.is_empty() {
                        all = items;
                    } else {
                        all.append(&mut items);
                    }
                }
                Err(shared) => {
                    let items = shared.get::<Partition<T>>().map_err(mismatch)?.items();
                    all.extend_from_slice(&items[range]);
                }
            }
        }
        Ok(Partition::new(all).into_value())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.cuts)?;
        Ok(|from| Ok(Unpacked::op(Pieces { cuts: from.state()?, items: Of::<T>::default() })))
    }
}

impl Cut {
    /// The positions in a partition of so many items.
    fn of(&self, len: usize) -> Range<usize> {
        match self {
            Self::Share { part, of } => {
                let bound = |part: usize| (part as u128 * len as u128 / *of as u128) as usize;
                bound(*part)..bound(part + 1)
            }
            Self::Items(range) => {
                let at = |position: u64| usize::try_from(position).unwrap_or(len).min(len);
                at(range.start)..at(range.end)
            }
        }
    }
}

fn mismatch(source: dask_graph::TypeMismatch) -> OpError {
    OpError::Argument { at: 0, source }
}

/// Measures the partition that is its argument.
struct Measure<T>(Of<T>);

impl<T: Send + Sync + 'static> Op for Measure<T> {
    fn name(&self) -> Cow<'_, str> {
        "measure".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let len = args.get::<Partition<T>>(0)?.items().len() as u64;
        Ok(Partition::new(vec![(len, args.value(0)?.nbytes())]).into_value())
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(Measure(Of::<T>::default()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The parts of each old partition that the new ones have, in order.
    fn covered(partitions: &[Vec<Piece>], measures: &[(u64, u64)]) -> Vec<(usize, usize)> {
        let pieces = partitions.iter().flatten();
        pieces.flat_map(|p| p.cut.of(measures[p.partition].0 as usize).map(|at| (p.partition, at))).collect()
    }

    proptest! {
        #[test]
        fn every_item_is_in_one_new_partition(
            measures in prop::collection::vec((0_u64..40).prop_map(|len| (len, 24 + 8 * len)), 0..9),
            size in 1_u64..60,
        ) {
            let all: Vec<(usize, usize)> =
                measures.iter().enumerate().flat_map(|(i, m)| (0..m.0 as usize).map(move |at| (i, at))).collect();
            let by_items = by_items(size, &measures);
            prop_assert_eq!(&covered(&by_items, &measures), &all);
            for partition in by_items.iter().rev().skip(1) {
                prop_assert_eq!(covered(std::slice::from_ref(partition), &measures).len() as u64, size);
            }
            prop_assert_eq!(&covered(&by_bytes(size * 8, &measures), &measures), &all);
        }
    }
}
