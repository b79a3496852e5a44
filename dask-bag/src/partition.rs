//! Partitions: the stored form of a part of a bag, and how a sequence is cut into them.

use std::any::{Any, TypeId};

use dask_graph::{Blob, BlobError, BlobReader, Codec, Payload, Value};

use crate::codec;

/// The items of one partition, as one value of the graph.
///
/// This is what a task of a bag returns and takes: a graph of one's own whose tasks return partitions
/// becomes a bag by [`Bag::from_graph`](crate::Bag::from_graph).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition<T>(Vec<T>);

impl<T: Send + Sync + 'static> Partition<T> {
    /// A partition of these items.
    pub fn new(items: Vec<T>) -> Self {
        Self(items)
    }

    /// The items, in order.
    pub fn items(&self) -> &[T] {
        &self.0
    }

    /// The items themselves.
    pub fn into_items(self) -> Vec<T> {
        self.0
    }

    /// The partition as a value of the graph, which knows its size.
    pub fn into_value(self) -> Value {
        Value::sized(self)
    }
}

impl<T: Send + Sync + 'static> Payload for Partition<T> {
    /// Exact for items without memory of their own, for strings, and for pairs with strings; for other
    /// items that which they point to is not counted.
    fn nbytes(&self) -> u64 {
        (size_of::<Self>() + self.0.capacity() * size_of::<T>() + heap_nbytes(&self.0)) as u64
    }

    /// Items can leave the process if they are numbers, `bool`s or `String`s, or have a [`Codec`](dask_graph::Codec).
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        if let Some(blob) = Blob::of_standard(&self.0) {
            return Some(blob);
        }
        Some(codec::to_blob(&Codec::of_list()?, &self.0))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        match codec::of_other::<T>() {
            None => reader.read_standard().map(Self),
            Some(codec) => codec::from_blob(&codec, reader).map(Self),
        }
    }
}

/// The bytes that items of common types point to.
pub(crate) fn heap_nbytes<'i, T: 'static>(items: impl IntoIterator<Item = &'i T>) -> usize {
    macro_rules! known {
        ($($t:ty: $heap:expr),+ $(,)?) => {
            $(if TypeId::of::<T>() == TypeId::of::<$t>() {
                let items = items.into_iter().filter_map(|item| <dyn Any>::downcast_ref::<$t>(item));
                return items.map($heap).sum();
            })+
        };
    }
    let of_strings = |v: &Vec<String>| v.iter().map(|s| s.capacity() + size_of::<String>()).sum::<usize>();
    known! {
        String: |s: &String| s.capacity(),
        Vec<u8>: |v: &Vec<u8>| v.capacity(),
        Vec<String>: of_strings,
        (String, u64): |(s, _): &(String, u64)| s.capacity(),
        (String, String): |(a, b): &(String, String)| a.capacity() + b.capacity(),
        ((String, String), u64): |((a, b), _): &((String, String), u64)| a.capacity() + b.capacity(),
    }
    0
}

/// Into how many partitions a sequence is cut.
///
/// ```
/// use dask_bag::{Bag, Partitions};
///
/// assert_eq!(Bag::from_sequence(0..10, Partitions::count(3)).npartitions(), 3); // of 4, 4 and 2 items
/// assert_eq!(Bag::from_sequence(0..25, Partitions::size(7)).npartitions(), 4);
/// assert_eq!(Bag::from_sequence(0..2, Partitions::count(5)).npartitions(), 2); // none is empty
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Partitions(Choice);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Choice {
    /// One hundred partitions, or one an item.
    #[default]
    Auto,
    Count(usize),
    Size(usize),
}

impl Partitions {
    /// `n` partitions of equal size, the last one smaller; fewer when rounding up makes it so, as in dask.
    /// Zero counts as one.
    pub fn count(n: usize) -> Self {
        Self(Choice::Count(n))
    }

    /// Partitions of `n` items, the last one smaller. Zero counts as one.
    pub fn size(n: usize) -> Self {
        Self(Choice::Size(n))
    }

    /// The number of items of each partition but the last, for a sequence of `len`.
    pub(crate) fn items_each(self, len: usize) -> usize {
        let size = match self.0 {
            Choice::Auto => len.div_ceil(100),
            Choice::Count(n) => len.div_ceil(n.max(1)),
            Choice::Size(n) => n,
        };
        // Partitions are numbered by `u32`.
        size.max(1).max(len.div_ceil(u32::MAX as usize))
    }

    /// The number of items of each partition, if that is what was asked for.
    pub(crate) fn fixed_size(self) -> Option<u64> {
        match self.0 {
            Choice::Size(n) => Some((n as u64).max(1)),
            Choice::Auto | Choice::Count(_) => None,
        }
    }

    /// The number of partitions of a range of `len`, which a count gives exactly.
    pub(crate) fn of_range(self, len: u64) -> u32 {
        let n = match self.0 {
            Choice::Auto => len.min(100),
            Choice::Count(n) => (n as u64).min(len),
            Choice::Size(n) => len.div_ceil((n as u64).max(1)),
        };
        u32::try_from(n).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_of_strings_counts_their_letters() {
        let letters = String::from("abc");
        let expected = size_of::<Partition<String>>() + size_of::<String>() + letters.capacity();
        assert_eq!(Partition::new(vec![letters]).into_value().nbytes(), expected as u64);
    }

    #[test]
    fn partitions_of_numbers_and_text_leave_the_process_and_others_stay() {
        #[track_caller]
        fn check<T: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static>(items: Vec<T>) {
            let value = Partition::new(items.clone()).into_value();
            let (blob, read) = value.to_blob().unwrap().unwrap();
            let mut bytes = Vec::new();
            blob.write_to(&mut bytes).unwrap();
            let back = read(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap();
            assert_eq!(back.get::<Partition<T>>().unwrap().items(), items);
        }
        check(vec![1_u64, 2]);
        check(vec![String::from("a line"), String::new()]);
        check(Vec::<f64>::new());
        assert!(Partition::new(vec![Some(1)]).into_value().to_blob().is_none());
    }

    #[test]
    fn zero_counts_as_one() {
        assert_eq!(Partitions::count(0).items_each(5), 5);
        assert_eq!(Partitions::size(0).items_each(5), 1);
        assert_eq!(Partitions::default().items_each(0), 1);
        assert_eq!(Partitions::count(0).of_range(5), 1);
    }
}
