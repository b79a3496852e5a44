//! The workers and what is in their queues.

use super::event::{Attempt, Worker};
use dask_graph::NodeId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A task that was sent to a worker, which has not answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) node: NodeId,
    pub(crate) attempt: Attempt,
    /// The bytes that its result is expected to take in memory.
    pub(crate) reserved: u64,
}

/// The workers of a run.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    /// The queues of those that live, in the order in which they were sent and will be run.
    queues: BTreeMap<Worker, VecDeque<Sent>>,
    /// Those that are dead.
    dead: BTreeSet<Worker>,
    /// How many there were at most at one time.
    most: usize,
}

impl Workers {
    /// Adds a worker with an empty queue, unless it is known already.
    pub(crate) fn join(&mut self, worker: Worker) {
        if !self.dead.contains(&worker) {
            self.queues.entry(worker).or_default();
            self.most = self.most.max(self.queues.len());
        }
    }

    /// Takes out a worker that has died and returns its queue; `None` if it was dead already.
    ///
    /// A worker that has never joined had an empty queue.
    pub(crate) fn die(&mut self, worker: Worker) -> Option<VecDeque<Sent>> {
        let is_news = self.dead.insert(worker);
        is_news.then(|| self.queues.remove(&worker).unwrap_or_default())
    }

    pub(crate) fn is_alive(&self, worker: Worker) -> bool {
        self.queues.contains_key(&worker)
    }

    /// How many workers there were at most at one time.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The worker with the shortest queue, if that is shorter than `room`.
    pub(crate) fn shortest(&self, room: usize) -> Option<Worker> {
        let (worker, queue) = self.queues.iter().min_by_key(|(_, queue)| queue.len())?;
        (queue.len() < room).then_some(*worker)
    }

    /// The length of the queue of a worker.
    pub(crate) fn len(&self, worker: Worker) -> usize {
        self.queues.get(&worker).map_or(0, VecDeque::len)
    }

    /// The workers that have more in their queue than what they may be running.
    pub(crate) fn ahead(&self) -> impl Iterator<Item = Worker> {
        self.queues.iter().filter(|(_, queue)| queue.len() > 1).map(|(worker, _)| *worker)
    }

    /// What is in the queue of a worker, first to last; nothing for one that is unknown or dead.
    pub(crate) fn queue(&self, worker: Worker) -> impl Iterator<Item = &Sent> {
        self.queues.get(&worker).into_iter().flatten()
    }

    /// Puts a task at the end of the queue of a worker that lives.
    pub(crate) fn push(&mut self, worker: Worker, sent: Sent) {
        self.queues.entry(worker).or_default().push_back(sent);
    }

    /// Takes an attempt out of the queue of a worker, if it is there.
    ///
    /// It is at the front, unless answers have overtaken each other.
    pub(crate) fn take(&mut self, worker: Worker, node: NodeId, attempt: Attempt) -> Option<Sent> {
        let queue = self.queues.get_mut(&worker)?;
        let at = queue.iter().position(|sent| sent.node == node && sent.attempt == attempt)?;
        queue.remove(at)
    }

    /// All workers that live and their queues.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Worker, &VecDeque<Sent>)> {
        self.queues.iter().map(|(worker, queue)| (*worker, queue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(node: u32) -> Sent {
        Sent { node: NodeId(node), attempt: Attempt(0), reserved: 0 }
    }

    #[test]
    fn the_shortest_queue_is_next_and_the_first_of_equals() {
        let mut workers = Workers::default();
        assert_eq!(workers.shortest(1), None);
        [0, 1].map(Worker).into_iter().for_each(|worker| workers.join(worker));
        assert_eq!(workers.shortest(1), Some(Worker(0)));
        workers.push(Worker(0), sent(7));
        assert_eq!(workers.shortest(1), Some(Worker(1)));
        workers.push(Worker(1), sent(8));
        assert_eq!((workers.shortest(1), workers.shortest(2)), (None, Some(Worker(0))));
    }

    #[test]
    fn the_dead_do_not_come_back() {
        let mut workers = Workers::default();
        workers.join(Worker(0));
        workers.push(Worker(0), sent(7));
        assert_eq!(workers.die(Worker(0)).map(|queue| queue.len()), Some(1));
        assert!(workers.die(Worker(0)).is_none());
        workers.join(Worker(0));
        assert!(!workers.is_alive(Worker(0)));
        assert_eq!(workers.most(), 1);
    }

    #[test]
    fn one_may_die_before_it_has_joined() {
        let mut workers = Workers::default();
        assert!(workers.die(Worker(3)).is_some_and(|queue| queue.is_empty()));
        assert!(workers.die(Worker(3)).is_none());
    }
}
