//! One worker that goes through the static order by itself, until others share what is left.
//!
//! Where tasks do next to nothing, workers only fetch each other's results from each other's caches: one is faster
//! than two. So a run begins with one, in the static order, which needs no counting of inputs, and with the results
//! in a table of its own, under one lock, which it takes once a node. When its tasks turn out to take long, even in
//! the middle of the first, somebody else takes the table, and the rest is shared.

use crate::handover::Taken;
use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering};

/// How far the lone worker has come, and the results that it has made.
///
/// *Every node is begun either by the lone worker or by those who share, never by both; every result is in the table
/// when somebody takes that, or comes back to the lone worker.* Checked with loom.
pub(crate) struct Lone<T> {
    /// The number of nodes that were begun: for who only looks.
    begun: AtomicUsize,
    table: Mutex<Table<T>>,
}

struct Table<T> {
    results: Vec<Held<T>>,
    /// Of the nodes after those of `results`, once it is made.
    rest: Vec<Held<T>>,
    /// The number of nodes whose results were put in.
    finished: usize,
    is_shared: bool,
}

/// A result, once it is made, and how often it will still be taken.
pub(crate) struct Held<T> {
    pub(crate) result: Option<T>,
    pub(crate) uses: u32,
}

impl<T> Held<T> {
    fn of(uses: impl Iterator<Item = u32>) -> Vec<Self> {
        uses.map(|uses| Held { result: None, uses }).collect()
    }
}

impl<T> Table<T> {
    #[inline]
    fn held(&mut self, node: usize) -> Option<&mut Held<T>> {
        match node.checked_sub(self.results.len()) {
            None => self.results.get_mut(node),
            Some(at) => self.rest.get_mut(at),
        }
    }
}

/// What the lone worker leaves to those who share.
pub(crate) struct Left<T> {
    /// Of every node; where sharing came before the rest was added, of those before it.
    pub(crate) results: Vec<Held<T>>,
    /// So many nodes were begun.
    pub(crate) begun: usize,
    /// So many are finished: all that were begun, or all but the last.
    pub(crate) finished: usize,
}

impl<T> Left<T> {
    /// Where nobody began alone.
    pub(crate) fn nothing() -> Self {
        Left { results: Vec::new(), begun: 0, finished: 0 }
    }
}

impl<T: Clone> Lone<T> {
    /// Nothing has been begun; the result of each node will be taken so often. More may be [added](Self::add).
    pub(crate) fn new(uses: impl Iterator<Item = u32>) -> Self {
        let table = Table { results: Held::of(uses), rest: Vec::new(), finished: 0, is_shared: false };
        Lone { begun: AtomicUsize::new(0), table: Mutex::new(table) }
    }

    /// Adds the rest of the nodes, which has to be done once, before the first of them is begun.
    pub(crate) fn add(&self, uses: impl Iterator<Item = u32>) {
        let rest = Held::of(uses);
        let mut table = self.table.lock();
        if !table.is_shared {
            table.rest = rest;
        }
    }

    /// Begins this node, after putting in the result of the one before, if that was not put in yet.
    ///
    /// # Errors
    ///
    /// Returns the result if the rest is shared: it and the node belong to those who share.
    pub(crate) fn begin(&self, node: usize, before: Option<T>) -> Result<Turn<'_, T>, Option<T>> {
        let mut table = self.put(node, before)?;
        // For who looks; who shares goes by what it finds under the lock.
        self.begun.store(node + 1, Ordering::Relaxed);
        table.finished = node;
        Ok(Turn { lone: self, table: Some(table) })
    }

    /// Puts in the result of the last node that was begun, before a pause or at the end.
    ///
    /// # Errors
    ///
    /// Returns the result if the rest is shared.
    pub(crate) fn step_aside(&self, node: usize, before: Option<T>) -> Result<(), Option<T>> {
        self.put(node, before)?.finished = node;
        Ok(())
    }

    fn put(&self, node: usize, before: Option<T>) -> Result<MutexGuard<'_, Table<T>>, Option<T>> {
        let mut table = self.table.lock();
        if table.is_shared {
            return Err(before);
        }
        if before.is_some()
            && let Some(held) = table.held(node - 1)
        {
            held.result = before;
        }
        Ok(table)
    }

    /// The number of nodes that the lone worker has begun.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// Shares what the lone worker has not begun.
    pub(crate) fn share(&self) -> Left<T> {
        let mut table = self.table.lock();
        table.is_shared = true;
        let mut results = std::mem::take(&mut table.results);
        results.append(&mut table.rest);
        Left { results, begun: self.begun(), finished: table.finished }
    }

    /// Clones a result without counting it as a use; `None` if it is not there.
    pub(crate) fn result(&self, node: usize) -> Option<T> {
        self.table.lock().held(node)?.result.clone()
    }
}

/// The lone worker's turn to run a node: it holds the table while it fetches what the node needs.
pub(crate) struct Turn<'l, T> {
    lone: &'l Lone<T>,
    table: Option<MutexGuard<'l, Table<T>>>,
}

impl<T: Clone> Turn<'_, T> {
    /// Takes a result, in the last place of a task once; `None` if it is not there, or if the table was taken.
    #[inline]
    pub(crate) fn take(&mut self, of: usize, is_last_place: bool) -> Option<Taken<T>> {
        let table = self.table.get_or_insert_with(|| self.lone.table.lock());
        let held = table.held(of)?;
        if is_last_place {
            held.uses = held.uses.saturating_sub(1);
            if held.uses == 0 {
                return held.result.take().map(Taken::Last);
            }
        }
        held.result.clone().map(Taken::Shared)
    }

    /// Lets go of the table until something else is fetched.
    #[inline]
    pub(crate) fn pause(&mut self) {
        self.table = None;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn held(left: &Left<char>) -> Vec<(Option<char>, u32)> {
        left.results.iter().map(|held| (held.result, held.uses)).collect()
    }

    /// Runs two nodes of a table that is made in two parts, of which the second begins with the second node.
    fn after_two_nodes() -> Lone<char> {
        let lone = Lone::new([2].into_iter());
        drop(lone.begin(0, None));
        lone.add([1, 3].into_iter());
        let Ok(mut turn) = lone.begin(1, Some('a')) else { panic!("nobody shares") };
        assert!(matches!(turn.take(0, true), Some(Taken::Shared('a'))));
        drop(turn);
        lone
    }

    #[test]
    fn both_parts_are_shared_in_their_order() {
        let lone = after_two_nodes();
        assert!(lone.step_aside(2, Some('b')).is_ok());
        assert_eq!((lone.result(0), lone.result(1), lone.result(2)), (Some('a'), Some('b'), None));
        let left = lone.share();
        assert_eq!((left.begun, left.finished), (2, 2));
        assert_eq!(held(&left), [(Some('a'), 1), (Some('b'), 1), (None, 3)]);
    }

    #[test]
    fn a_result_of_the_second_part_goes_to_its_last_user() {
        let lone = after_two_nodes();
        let Ok(mut turn) = lone.begin(2, Some('b')) else { panic!("nobody shares") };
        assert!(matches!(turn.take(1, true), Some(Taken::Last('b'))));
        assert!(turn.take(3, true).is_none());
    }

    #[test]
    fn what_is_added_after_sharing_is_left_out() {
        let lone = Lone::<char>::new([2].into_iter());
        assert_eq!(held(&lone.share()), [(None, 2)]);
        lone.add([1].into_iter());
        assert!(held(&lone.share()).is_empty());
        assert!(lone.begin(1, Some('a')).is_err());
    }
}
