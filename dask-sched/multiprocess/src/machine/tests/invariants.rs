//! What is true of a machine between two events.

use crate::machine::node::{Node, Phase};
use crate::machine::workers::Sent;
use crate::machine::{Machine, Outcome, Worker};
use dask_graph::NodeId;

impl Machine<'_> {
    /// Checks everything that can be said about a machine that has been started, by looking at everything.
    ///
    /// # Errors
    ///
    /// - The first thing that is not as it should be.
    pub(super) fn check_invariants(&self) -> Result<(), String> {
        self.plan.nodes().try_for_each(|node| self.check_node(node))?;
        self.check_ready()?;
        self.check_queues()?;
        self.check_counts()?;
        self.check_end()
    }

    fn check_node(&self, id: NodeId) -> Result<(), String> {
        let node = self.node(id);
        let not_done = |&of: &NodeId| self.node(of).phase != Phase::Done;
        let missing = self.plan.dependencies(id).filter(not_done).count();
        ensure!(node.missing as usize == missing, "{id:?} misses {missing}, not {}", node.missing);
        let used = self.plan.dependents(id).iter().filter(|id| !not_done(id)).count();
        let uses = self.plan.uses(id) as usize - used;
        ensure!(node.uses_left as usize == uses, "{id:?} has {uses} uses left, not {}", node.uses_left);
        match node.phase {
            Phase::Waiting => {
                ensure!(missing > 0 || self.ending.is_some(), "{id:?} waits for nothing");
            }
            Phase::Ready | Phase::Sent(_) | Phase::AtHome | Phase::Failed => {
                let is_there = |input: NodeId| self.node(input).uses_left > 0;
                ensure!(missing == 0, "{id:?} has begun without its inputs");
                ensure!(self.plan.dependencies(id).all(is_there), "an input of {id:?} is released");
            }
            Phase::Done => {}
        }
        let counts = node.phase == Phase::Done && uses > 0;
        ensure!(!node.is_live || counts, "{id:?} counts as live, but is not there");
        let is_over = self.ending.is_some() && node.deaths == self.retries + 1;
        ensure!(node.deaths <= self.retries || is_over, "{id:?} has died {} times", node.deaths);
        Ok(())
    }

    /// Nodes in the heaps are the nodes in phase `Ready`, each once.
    fn check_ready(&self) -> Result<(), String> {
        let mut in_heaps: Vec<NodeId> = self.ready.iter().collect();
        in_heaps.sort_unstable();
        let ready: Vec<NodeId> = self.in_phase(|phase| phase == Phase::Ready).collect();
        ensure!(in_heaps == ready, "{in_heaps:?} are in the heaps, but ready are {ready:?}");
        Ok(())
    }

    /// Attempts in queues are the nodes in phase `Sent`, each once, where and as which they were sent.
    fn check_queues(&self) -> Result<(), String> {
        for (worker, sent) in self.queued() {
            let Node { phase, attempt, .. } = *self.node(sent.node);
            let is_that = phase == Phase::Sent(worker) && attempt == sent.attempt;
            ensure!(is_that, "{sent:?} is in the queue of {worker:?}, but is {phase:?} as {attempt:?}");
        }
        let (queued, sent) = (self.queued().count(), self.in_phase(|p| matches!(p, Phase::Sent(_))).count());
        ensure!(queued == sent, "{queued} attempts are in queues, but {sent} nodes are sent");
        Ok(())
    }

    fn check_counts(&self) -> Result<(), String> {
        let live = self.nodes.iter().filter(|node| node.is_live).map(|node| node.nbytes).sum::<u64>();
        let reserved = self.queued().map(|(_, sent)| sent.reserved).sum::<u64>();
        let counts = self.memory.counts();
        ensure!(counts == (live, reserved), "({live}, {reserved}) bytes, counted as {counts:?}");
        let in_flight = self.in_phase(|p| matches!(p, Phase::Sent(_) | Phase::AtHome)).count();
        ensure!(self.in_flight == in_flight, "{in_flight} in flight, counted as {}", self.in_flight);
        let unfinished = self.in_phase(|phase| phase != Phase::Done).count();
        ensure!(self.unfinished == unfinished, "{unfinished} unfinished, counted as {}", self.unfinished);
        let tasks =
            self.in_phase(|phase| phase == Phase::Done).filter(|&node| self.plan.is_task(node)).count();
        ensure!(self.finished_tasks == tasks, "{tasks} tasks, counted as {}", self.finished_tasks);
        Ok(())
    }

    fn check_end(&self) -> Result<(), String> {
        let is_idle = self.ending.is_some() && self.in_flight == 0;
        ensure!(self.is_finished == is_idle, "finished is {}, but idle {is_idle}", self.is_finished);
        let is_complete = self.ending == Some(Outcome::Completed);
        ensure!(!is_complete || self.unfinished == 0, "completed with {} unfinished", self.unfinished);
        ensure!(self.unfinished > 0 || self.ending.is_some(), "all is done, and nobody has noticed");
        Ok(())
    }

    fn in_phase(&self, is_it: impl Fn(Phase) -> bool) -> impl Iterator<Item = NodeId> {
        self.plan.nodes().filter(move |&node| is_it(self.node(node).phase))
    }

    fn queued(&self) -> impl Iterator<Item = (Worker, &Sent)> {
        self.workers.iter().flat_map(|(worker, queue)| queue.iter().map(move |sent| (worker, sent)))
    }
}
