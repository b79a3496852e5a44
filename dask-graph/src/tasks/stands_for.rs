//! Whose work fused nodes do.

use std::ops::Range;

use crate::key::Key;

use super::Keys;

/// The keys whose work each fused node does, in the order in which it does it.
#[derive(Clone, Default)]
pub(crate) struct StandsFor {
    /// Per number, up to the last fused node: where its keys begin and end, or `ITSELF`.
    ranges: Vec<(u32, u32)>,
    keys: Keys,
}

/// The range of a node that stands for itself alone.
const ITSELF: (u32, u32) = (1, 0);

impl StandsFor {
    /// The keys of nodes, one after the other; `lens` says how many each has.
    pub(crate) fn new(lens: impl Iterator<Item = (u32, u32)>, keys: Keys) -> Self {
        let mut all = Self { ranges: Vec::new(), keys };
        let mut end = 0;
        for (number, len) in lens {
            all.set_range(number, (end, end + len));
            end += len;
        }
        all
    }

    /// The keys of all nodes.
    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Where the keys of a node are; `None` if it stands for itself alone.
    #[inline]
    pub(crate) fn range(&self, number: u32) -> Option<Range<u32>> {
        let &(start, end) = self.ranges.get(number as usize)?;
        (start <= end).then_some(start..end)
    }

    /// The keys of a node; `None` if it stands for itself alone.
    pub(crate) fn get(&self, number: u32) -> Option<impl ExactSizeIterator<Item = &Key> + Clone> {
        Some(self.range(number)?.map(|at| self.keys.get(at)))
    }

    /// Nothing yet, for a map that holds a part of these keys.
    pub(crate) fn begin_part(keys: &Keys) -> Self {
        Self { ranges: Vec::new(), keys: keys.begin_part() }
    }

    pub(crate) fn remove(&mut self, number: u32) {
        if let Some(range) = self.ranges.get_mut(number as usize) {
            *range = ITSELF;
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
        self.set_range(number, (start as u32, self.keys.len() as u32));
    }

    fn set_range(&mut self, number: u32, range: (u32, u32)) {
        let at = number as usize;
        if at >= self.ranges.len() {
            self.ranges.resize(at + 1, ITSELF);
        }
        self.ranges[at] = range;
    }
}
