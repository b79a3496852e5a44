//! Whose work fused nodes do.

use rustc_hash::FxHashMap;

use crate::key::Key;

use super::Keys;

/// The keys whose work each fused node does, in the order in which it does it.
#[derive(Clone, Default)]
pub(crate) struct StandsFor {
    /// Per node: where its keys begin and end.
    ranges: FxHashMap<u32, (u32, u32)>,
    keys: Keys,
}

impl StandsFor {
    /// The keys of nodes, one after the other; `lens` says how many each has.
    pub(crate) fn new(lens: impl Iterator<Item = (u32, u32)>, keys: Keys) -> Self {
        let mut end = 0;
        let ranges = lens.map(|(number, len)| {
            let start = end;
            end += len;
            (number, (start, end))
        });
        Self { ranges: ranges.collect(), keys }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The keys of all nodes.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Where the keys of a node are; `None` if it stands for itself alone.
    #[inline]
    pub(crate) fn range(&self, number: u32) -> Option<std::ops::Range<u32>> {
        // Nearly no map holds fused nodes.
        if self.is_empty() { None } else { self.ranges.get(&number).map(|&(start, end)| start..end) }
    }

    /// The keys of a node; `None` if it stands for itself alone.
    pub(crate) fn get(&self, number: u32) -> Option<impl ExactSizeIterator<Item = &Key> + Clone> {
        Some(self.range(number)?.map(|at| self.keys.get(at)))
    }

    /// Nothing yet, for a map that holds a part of the keys of this one's.
    pub(crate) fn begin_part(keys: &Keys) -> Self {
        Self { ranges: FxHashMap::default(), keys: keys.begin_part() }
    }

    pub(crate) fn remove(&mut self, number: u32) {
        if !self.is_empty() {
            self.ranges.remove(&number);
        }
    }

    pub(crate) fn set(&mut self, number: u32, keys: impl IntoIterator<Item = Key>) {
        let start = self.keys.len();
        self.keys.held().extend(keys);
        self.end(number, start);
    }

    /// Says that a node does the work of these in this order. `keys` are the own keys of all nodes.
    pub(crate) fn join(&mut self, number: u32, parts: &[u32], keys: &Keys) {
        let start = self.keys.len();
        for &part in parts {
            match self.range(part) {
                Some(range) => range.for_each(|at| self.keys.push_again(at)),
                None => self.keys.push_from(keys, part),
            }
        }
        // What does only its own work stands for nothing else.
        if self.keys.len() > start + 1 || self.keys.get(start as u32) != keys.get(number) {
            self.end(number, start);
        }
    }

    /// Gives a node what it has in the map of which this is a part.
    pub(crate) fn copy(&mut self, number: u32, whole: &Self, number_there: u32) {
        if let Some(range) = whole.range(number_there) {
            let start = self.keys.len();
            range.for_each(|at| self.keys.push_from(&whole.keys, at));
            self.end(number, start);
        }
    }

    fn end(&mut self, number: u32, start: usize) {
        self.ranges.insert(number, (start as u32, self.keys.len() as u32));
    }
}
