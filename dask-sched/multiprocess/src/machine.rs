//! The machine: decides what runs where, from what it is told.
//!
//! A driver tells the machine what has happened ([`Event`]) and does what it answers ([`Instruction`]). There
//! is no clock, no chance and no process in here: the same events give the same instructions.
//!
//! # State
//!
//! - `plan`: what is to be run. All arrays go by its numbers.
//! - `retries`: how many workers may die while they run one node before the run gives up.
//! - `nodes`: a [`Node`] for each node of the plan: the phase it is in, the number of the attempt that counts,
//!   inputs that are missing, uses that are left, the deaths it is charged with, the size of its result, and who
//!   had that last.
//! - `ready`: heaps of the nodes in phase `Ready`: those for all, those whose inputs are at hand on one worker,
//!   and producers that have to fit in memory.
//! - `workers`: the queue of every worker that lives; the nodes in phase `Sent`, each with the bytes that are
//!   reserved for it.
//! - `memory`: bytes of results in memory, and of those expected of what is in flight.
//! - `pace`: how long tasks take; how far ahead workers are sent some follows from it.
//! - `in_flight`: the number of nodes in the phases `Sent` and `AtHome`.
//! - `unfinished`: the number of nodes that are not in phase `Done`.
//! - `finished_tasks`: the number of those in phase `Done` that do work.
//! - `barren`: how many workers have died since something was done or a death was charged.
//! - `ending`: how the run is going to end, from the moment when that is known. Then nothing is sent any more.
//! - `is_finished`: whether `Finish` was given. Then nothing is answered any more.
//!
//! For `z = add(x, inc(y))` with data `x` and `y` and two workers, after `y` and `inc` are done:
//!
//! ```text
//! node         x            y            inc          z
//! phase        Done         Done         Done         Sent(0)
//! attempt      0            0            0            0
//! missing      0            0            0            0
//! uses_left    1            0            1            1
//! ready        -
//! workers      0: [z], 1: []
//! ```
//!
//! # Ends
//!
//! The first failure, the death of one worker too many, `Stop`, and the last result decide how the run ends.
//! From then on nothing is sent, queues are recalled, and when what is in flight has been answered, `Finish`
//! says how it was. What is done meanwhile is counted and its inputs are released as before.

mod event;
mod instruction;
mod memory;
mod node;
mod pace;
mod ready;
#[cfg(test)]
mod tests;
mod workers;

use dask_graph::{NodeId, Plan};
use memory::Memory;
use node::{Node, Phase};
use pace::Pace;
use ready::Ready;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::mem::replace;
use workers::{Sent, Workers};

pub(crate) use event::{Attempt, Event, Worker};
pub(crate) use instruction::{Instruction, Outcome, Place};

/// Inputs of fewer bytes than this attract no task: to fetch them costs less than to wait for their worker.
const ATTRACTIVE: u64 = 64 << 10;

/// How far a run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How often a node is run again after a worker has died with it.
    pub(crate) retries: u32,
    /// The bytes of results that should be in memory at most.
    pub(crate) memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { retries: 2, memory: None }
    }
}

/// One run of a plan by workers, as far as it has to be thought about.
pub(crate) struct Machine<'p> {
    plan: &'p Plan,
    retries: u32,
    nodes: Vec<Node>,
    ready: Ready,
    workers: Workers,
    memory: Memory,
    pace: Pace,
    in_flight: usize,
    unfinished: usize,
    finished_tasks: usize,
    barren: usize,
    ending: Option<Outcome>,
    is_finished: bool,
}

impl<'p> Machine<'p> {
    /// # Complexity
    ///
    /// Over a whole run, time O(n log n + d + n w) for n nodes with d dependencies and w workers, and a little
    /// for every death.
    pub(crate) fn new(plan: &'p Plan, limits: Limits) -> Self {
        let node = |node| Node {
            missing: plan.dependencies(node).count() as u32,
            uses_left: plan.uses(node),
            ..Node::default()
        };
        Machine {
            plan,
            retries: limits.retries,
            nodes: plan.nodes().map(node).collect(),
            ready: Ready::default(),
            workers: Workers::default(),
            memory: Memory::new(limits.memory),
            pace: Pace::new(limits.memory.is_some()),
            in_flight: 0,
            unfinished: plan.len(),
            finished_tasks: 0,
            barren: 0,
            ending: None,
            is_finished: false,
        }
    }

    /// Begins the run, once. Workers may have joined before.
    pub(crate) fn start(&mut self, out: &mut Vec<Instruction>) {
        for node in self.plan.nodes() {
            if self.node(node).missing == 0 {
                self.make_ready(node, out);
            }
        }
        if self.plan.is_empty() {
            self.end(Outcome::Completed, out);
        }
        self.go_on(out);
    }

    /// Takes in what has happened and appends what is to be done now.
    ///
    /// Answers of dead workers and to void attempts are welcome, and so is anything twice. What cannot be, such
    /// as an answer about a node that was never sent, is ignored.
    pub(crate) fn on(&mut self, event: Event, out: &mut Vec<Instruction>) {
        if self.is_finished {
            return;
        }
        match event {
            Event::Joined { worker } => self.workers.join(worker),
            Event::Died { worker, running } => self.died(worker, running, out),
            Event::Done { worker, node, attempt, nbytes, in_memory, nanos } => {
                if self.take_back(worker, node, attempt) {
                    self.pace.learn(nanos);
                    self.memory.learn(self.plan, node, nbytes);
                    self.hold(worker, node);
                    self.barren = 0;
                    self.complete(node, nbytes, in_memory, out);
                } else if self.is_void(node, attempt) {
                    out.push(Instruction::Discard { worker, node, attempt });
                }
            }
            Event::Failed { worker, node, attempt } => {
                if self.take_back(worker, node, attempt) {
                    self.fail(node, out);
                }
            }
            Event::Skipped { worker, node, attempt } => {
                if self.take_back(worker, node, attempt) {
                    self.retry(node, out);
                }
            }
            Event::HomeDone { node, nbytes } => {
                if self.take_home(node) {
                    self.complete(node, nbytes, !self.plan.is_data(node), out);
                }
            }
            Event::HomeFailed { node } => {
                if self.take_home(node) {
                    self.fail(node, out);
                }
            }
            Event::Stop => self.end(Outcome::Stopped, out),
        }
        self.go_on(out);
    }

    /// How often the node's result will still be taken: once by each dependent that is not done, and once if it
    /// was asked for.
    ///
    /// When it is 1, the dependent that is being sent may own the result.
    pub(crate) fn uses_left(&self, node: NodeId) -> u32 {
        self.node(node).uses_left
    }

    /// The number of nodes that do work and are done.
    pub(crate) fn finished_tasks(&self) -> usize {
        self.finished_tasks
    }

    /// Whether tasks are known to take less than this, so that answers are to be expected soon.
    pub(crate) fn are_tasks_below(&self, nanos: u64) -> bool {
        self.pace.is_below(nanos)
    }

    /// What the worker has been sent and has not answered, first to last; nothing if it is unknown or dead.
    pub(crate) fn running(&self, worker: Worker) -> impl Iterator<Item = (NodeId, Attempt)> {
        self.workers.queue(worker).map(|sent| (sent.node, sent.attempt))
    }
}

/// What happens to nodes.
impl Machine<'_> {
    /// Takes in that all inputs of a node are done; if the run is ending, it waits for good.
    fn make_ready(&mut self, node: NodeId, out: &mut Vec<Instruction>) {
        if self.ending.is_some() {
            self.node_mut(node).phase = Phase::Waiting;
        } else if !self.plan.is_task(node) || self.plan.is_at_home(node) {
            self.node_mut(node).phase = Phase::AtHome;
            self.in_flight += 1;
            out.push(Instruction::RunHome { node });
        } else {
            self.node_mut(node).phase = Phase::Ready;
            if self.memory.holds(self.plan, node) {
                self.ready.push_producer(node);
            } else if let Some(worker) = self.attracting(node) {
                self.ready.push_near(node, worker);
            } else {
                self.ready.push(node);
            }
        }
    }

    /// Sends a node that was ready to a worker.
    fn send(&mut self, worker: Worker, node: NodeId, out: &mut Vec<Instruction>) {
        let reserved = self.memory.reserve(self.plan, node);
        let place = if self.memory.is_enough() { Place::Memory } else { Place::Disk };
        let attempt = self.node(node).attempt;
        self.node_mut(node).phase = Phase::Sent(worker);
        self.workers.push(worker, Sent { node, attempt, reserved });
        self.in_flight += 1;
        out.push(Instruction::Send { worker, node, attempt, place });
    }

    /// Takes an answered attempt out of its worker's queue; returns false if it does not count (any more).
    fn take_back(&mut self, worker: Worker, node: NodeId, attempt: Attempt) -> bool {
        let Some(sent) = self.workers.take(worker, node, attempt) else { return false };
        self.memory.settle(sent.reserved);
        self.in_flight -= 1;
        true
    }

    /// Takes in that a node at home has ended; returns false if it does not run there.
    fn take_home(&mut self, node: NodeId) -> bool {
        let is_home = self.nodes.get(node.index()).is_some_and(|node| node.phase == Phase::AtHome);
        self.in_flight -= usize::from(is_home);
        is_home
    }

    /// Whether this attempt was sent and counts no more.
    fn is_void(&self, node: NodeId, attempt: Attempt) -> bool {
        self.nodes.get(node.index()).is_some_and(|node| attempt < node.attempt)
    }

    /// Makes an attempt void that has been taken back, and its node ready for the next one.
    fn retry(&mut self, node: NodeId, out: &mut Vec<Instruction>) {
        self.node_mut(node).attempt.0 += 1;
        self.make_ready(node, out);
    }

    /// Takes in a result: releases inputs, and makes dependents ready.
    fn complete(&mut self, node: NodeId, nbytes: u64, is_live: bool, out: &mut Vec<Instruction>) {
        let plan = self.plan;
        let done = self.node_mut(node);
        (done.phase, done.nbytes, done.is_live) = (Phase::Done, nbytes, is_live);
        self.memory.add(if is_live { nbytes } else { 0 });
        self.unfinished -= 1;
        self.finished_tasks += usize::from(plan.is_task(node));
        plan.dependencies(node).for_each(|input| self.use_up(input, out));
        for &dependent in plan.dependents(node) {
            let missing = &mut self.node_mut(dependent).missing;
            *missing -= 1;
            if *missing == 0 {
                self.make_ready(dependent, out);
            }
        }
        if self.unfinished == 0 {
            self.end(Outcome::Completed, out);
        }
    }

    /// Takes in that one of those who take a result has taken it, and releases it after the last.
    fn use_up(&mut self, input: NodeId, out: &mut Vec<Instruction>) {
        let node = self.node_mut(input);
        node.uses_left -= 1;
        if node.uses_left == 0 {
            let live = if replace(&mut node.is_live, false) { node.nbytes } else { 0 };
            self.memory.release(live);
            out.push(Instruction::Release { node: input });
        }
    }

    fn fail(&mut self, node: NodeId, out: &mut Vec<Instruction>) {
        self.node_mut(node).phase = Phase::Failed;
        self.end(Outcome::Failed { node }, out);
    }

    fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.index()]
    }

    fn node_mut(&mut self, node: NodeId) -> &mut Node {
        &mut self.nodes[node.index()]
    }
}

/// Who gets what.
impl Machine<'_> {
    /// Deals ready nodes to workers, the shortest queue first, and gives the end of the run if it has come.
    fn go_on(&mut self, out: &mut Vec<Instruction>) {
        if let Some(outcome) = self.ending {
            if self.in_flight == 0 && !replace(&mut self.is_finished, true) {
                out.push(Instruction::Finish(outcome));
            }
            return;
        }
        while let Some(worker) = self.workers.shortest(self.pace.room()) {
            let fits = |producer| self.memory.fits(self.plan, producer);
            let Some((node, near)) = self.ready.next(worker, fits) else { break };
            // Who has its inputs at hand may be waiting, too.
            let near = near.filter(|&near| self.workers.len(near) <= self.workers.len(worker));
            self.send(near.unwrap_or(worker), node, out);
        }
        if self.in_flight == 0 {
            self.send_what_does_not_fit(out);
        }
    }

    /// Sends the first producer although it does not fit: nothing else can run, and a limit never stops a run.
    fn send_what_does_not_fit(&mut self, out: &mut Vec<Instruction>) {
        if let Some(worker) = self.workers.shortest(1)
            && let Some(node) = self.ready.next_producer()
        {
            self.send(worker, node, out);
        }
    }

    /// The living worker that has most bytes of the node's inputs at hand, if these are many.
    fn attracting(&self, node: NodeId) -> Option<Worker> {
        let mut at_hand = BTreeMap::<Worker, u64>::new();
        for input in self.plan.dependencies(node).map(|input| self.node(input)) {
            for worker in input.holders.iter().filter(|&worker| self.workers.is_alive(worker)) {
                let nbytes = at_hand.entry(worker).or_default();
                *nbytes = nbytes.saturating_add(input.nbytes);
            }
        }
        let most = at_hand.into_iter().max_by_key(|&(worker, nbytes)| (nbytes, Reverse(worker)));
        most.filter(|&(_, nbytes)| nbytes >= ATTRACTIVE).map(|(worker, _)| worker)
    }

    /// Takes in that a worker has had a node's inputs and its result in its hands.
    fn hold(&mut self, worker: Worker, node: NodeId) {
        for held in self.plan.dependencies(node).chain([node]) {
            self.node_mut(held).holders.add(worker);
        }
    }
}

/// What goes wrong.
impl Machine<'_> {
    fn died(&mut self, worker: Worker, running: Option<NodeId>, out: &mut Vec<Instruction>) {
        let Some(queue) = self.workers.die(worker) else { return };
        self.ready.forget(worker);
        let charged = running.filter(|running| queue.iter().any(|sent| sent.node == *running));
        match charged {
            Some(node) => self.charge(node, worker, out),
            None => self.count_barren(out),
        }
        for sent in queue {
            self.memory.settle(sent.reserved);
            self.in_flight -= 1;
            self.retry(sent.node, out);
        }
        if self.ending.is_none() {
            out.push(Instruction::Replace { worker });
        }
    }

    /// Charges a node with the death of a worker that ran it.
    fn charge(&mut self, node: NodeId, worker: Worker, out: &mut Vec<Instruction>) {
        self.barren = 0;
        let retries = self.retries;
        let charged = self.node_mut(node);
        charged.deaths += 1;
        if charged.deaths > retries {
            self.end(Outcome::Lost { node, worker }, out);
        }
    }

    /// Counts a death that no node is charged with: nothing else would bound these.
    fn count_barren(&mut self, out: &mut Vec<Instruction>) {
        self.barren += 1;
        if self.barren > 3 + 2 * self.workers.most() {
            self.end(Outcome::NoWorkers, out);
        }
    }

    /// Decides how the run ends, unless that is decided, and recalls what may not have begun.
    fn end(&mut self, outcome: Outcome, out: &mut Vec<Instruction>) {
        if self.ending.is_none() {
            self.ending = Some(outcome);
            out.extend(self.workers.ahead().map(|worker| Instruction::Recall { worker }));
        }
    }
}
