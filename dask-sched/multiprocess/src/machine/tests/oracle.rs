//! What a machine has to answer, worked out in the plainest way from all that has been said.
//!
//! Everything but which ready node is sent where is exact: the oracle knows every release, home node, discard,
//! replacement, recall and end, and what each attempt is. Sends are checked against what they may be.

use crate::machine::{Attempt, Event, Instruction, Limits, Outcome, Place, Worker};
use dask_graph::{NodeId, Plan};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Oracle<'p> {
    plan: &'p Plan,
    limits: Limits,
    /// Whether no result is so large that its worker attracts tasks: then the order is exact, too.
    is_light: bool,
    nodes: Vec<Known>,
    /// What the workers that live have been sent and have not answered.
    queues: BTreeMap<Worker, Vec<NodeId>>,
    dead: BTreeSet<Worker>,
    most_workers: usize,
    barren: usize,
    largest: u64,
    at_home: BTreeSet<NodeId>,
    has_any_answered: bool,
    outcome: Option<Outcome>,
    is_finished: bool,
    /// What has to be answered to the last event, sends aside.
    due: Vec<Instruction>,
}

#[derive(Clone, Default)]
struct Known {
    is_home: bool,
    is_producer: bool,
    is_asked_at_home: bool,
    is_done: bool,
    has_failed: bool,
    is_released: bool,
    live: u64,
    reserved: u64,
    /// How often it was sent.
    sendings: u32,
    /// Whether the last sending is in flight.
    is_in_flight: bool,
    deaths: u32,
}

impl<'p> Oracle<'p> {
    pub(super) fn new(plan: &'p Plan, limits: Limits, is_light: bool) -> Self {
        let known = |node| Known {
            is_home: !plan.is_task(node) || plan.is_at_home(node),
            is_producer: limits.memory.is_some() && plan.producer_nbytes(node).is_some(),
            ..Known::default()
        };
        Oracle {
            plan,
            limits,
            is_light,
            nodes: plan.nodes().map(known).collect(),
            queues: BTreeMap::new(),
            dead: BTreeSet::new(),
            most_workers: 0,
            barren: 0,
            largest: 0,
            at_home: BTreeSet::new(),
            has_any_answered: false,
            outcome: None,
            is_finished: false,
            due: Vec::new(),
        }
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome.filter(|_| self.is_finished)
    }

    /// Checks what the machine has answered to having been started.
    pub(super) fn start(&mut self, answers: &[Instruction]) -> Result<(), String> {
        self.run_what_is_ready_at_home();
        if self.plan.is_empty() {
            self.end(Outcome::Completed);
        }
        self.compare(answers)
    }

    /// Checks what the machine has answered to an event.
    pub(super) fn event(&mut self, event: &Event, answers: &[Instruction]) -> Result<(), String> {
        if !self.is_finished {
            self.learn(event);
        }
        self.compare(answers)
    }

    fn learn(&mut self, event: &Event) {
        match *event {
            Event::Joined { worker } => {
                if !self.dead.contains(&worker) {
                    self.queues.entry(worker).or_default();
                    self.most_workers = self.most_workers.max(self.queues.len());
                }
            }
            Event::Died { worker, running } => self.die(worker, running),
            Event::Done { worker, node, attempt, nbytes, in_memory, .. } => {
                if self.answer(worker, node, attempt) {
                    self.has_any_answered = true;
                    self.barren = 0;
                    if self.plan.producer_nbytes(node).is_some() {
                        self.largest = self.largest.max(nbytes);
                    }
                    self.done(node, if in_memory { nbytes } else { 0 });
                } else if self.is_void(node, attempt) {
                    self.due.push(Instruction::Discard { worker, node, attempt });
                }
            }
            Event::Failed { worker, node, attempt } => {
                if self.answer(worker, node, attempt) {
                    self.fail(node);
                }
            }
            Event::Skipped { worker, node, attempt } => {
                self.answer(worker, node, attempt);
            }
            Event::HomeDone { node, nbytes } => {
                if self.at_home.remove(&node) {
                    self.done(node, if self.plan.is_data(node) { 0 } else { nbytes });
                }
            }
            Event::HomeFailed { node } => {
                if self.at_home.remove(&node) {
                    self.fail(node);
                }
            }
            Event::Stop => self.end(Outcome::Stopped),
        }
    }

    /// Takes an attempt out of its queue if it is the one that counts.
    fn answer(&mut self, worker: Worker, node: NodeId, attempt: Attempt) -> bool {
        let Some(known) = self.nodes.get_mut(node.index()) else { return false };
        let queue = self.queues.get_mut(&worker);
        let Some(queue) = queue.filter(|queue| queue.contains(&node)) else { return false };
        if !known.is_in_flight || attempt.0 + 1 != known.sendings {
            return false;
        }
        known.is_in_flight = false;
        queue.retain(|queued| *queued != node);
        true
    }

    /// Whether the attempt was sent, and neither is in flight nor has given the result or failed.
    fn is_void(&self, node: NodeId, attempt: Attempt) -> bool {
        self.nodes.get(node.index()).is_some_and(|known| {
            let counts = known.is_in_flight || known.is_done || known.has_failed;
            attempt.0 + u32::from(counts) < known.sendings
        })
    }

    fn done(&mut self, node: NodeId, live: u64) {
        self.nodes[node.index()].is_done = true;
        self.nodes[node.index()].live = live;
        for input in self.plan.dependencies(node) {
            let is_used_up = self.plan.dependents(input).iter().all(|d| self.nodes[d.index()].is_done);
            if is_used_up && !self.plan.outputs().contains(&input) {
                self.nodes[input.index()].is_released = true;
                self.due.push(Instruction::Release { node: input });
            }
        }
        self.run_what_is_ready_at_home();
        if self.nodes.iter().all(|known| known.is_done) {
            self.end(Outcome::Completed);
        }
    }

    fn fail(&mut self, node: NodeId) {
        self.nodes[node.index()].has_failed = true;
        self.end(Outcome::Failed { node });
    }

    fn die(&mut self, worker: Worker, running: Option<NodeId>) {
        if !self.dead.insert(worker) {
            return;
        }
        let queue = self.queues.remove(&worker).unwrap_or_default();
        match running.filter(|running| queue.contains(running)) {
            Some(node) => {
                self.barren = 0;
                self.nodes[node.index()].deaths += 1;
                if self.nodes[node.index()].deaths > self.limits.retries {
                    self.end(Outcome::Lost { node, worker });
                }
            }
            None => {
                self.barren += 1;
                if self.barren > 3 + 2 * self.most_workers {
                    self.end(Outcome::NoWorkers);
                }
            }
        }
        queue.iter().for_each(|node| self.nodes[node.index()].is_in_flight = false);
        if self.outcome.is_none() {
            self.due.push(Instruction::Replace { worker });
        }
    }

    fn end(&mut self, outcome: Outcome) {
        if self.outcome.is_none() {
            self.outcome = Some(outcome);
            let ahead = self.queues.iter().filter(|(_, queue)| queue.len() > 1);
            self.due.extend(ahead.map(|(&worker, _)| Instruction::Recall { worker }));
        }
    }

    fn run_what_is_ready_at_home(&mut self) {
        if self.outcome.is_some() {
            return;
        }
        for node in self.plan.nodes() {
            let known = &self.nodes[node.index()];
            if known.is_home && !known.is_asked_at_home && self.has_inputs(node) {
                self.nodes[node.index()].is_asked_at_home = true;
                self.at_home.insert(node);
                self.due.push(Instruction::RunHome { node });
            }
        }
    }

    fn has_inputs(&self, node: NodeId) -> bool {
        self.plan
            .dependencies(node)
            .map(|input| &self.nodes[input.index()])
            .all(|i| i.is_done && !i.is_released)
    }

    /// Checks answers: sends one by one, and that the others are those that are due.
    fn compare(&mut self, answers: &[Instruction]) -> Result<(), String> {
        let is_idle = self.is_nothing_in_flight();
        if let Some(outcome) = self.outcome.filter(|_| is_idle && !self.is_finished) {
            self.is_finished = true;
            self.due.push(Instruction::Finish(outcome));
        }
        let mut due = std::mem::take(&mut self.due);
        for answer in answers {
            if let Instruction::Send { worker, node, attempt, place } = *answer {
                self.check_send(worker, node, attempt, place)?;
            } else {
                let at = due.iter().position(|due| due == answer);
                due.remove(at.ok_or_else(|| format!("{answer:?} is not due; due are {due:?}"))?);
            }
        }
        ensure!(due.is_empty(), "{due:?} are due");
        let is_end_last = answers.iter().rev().skip(1).all(|a| !matches!(a, Instruction::Finish(_)));
        ensure!(is_end_last, "something follows the end in {answers:?}");
        self.check_nobody_waits()?;
        self.check_end()
    }

    fn check_send(
        &mut self,
        worker: Worker,
        node: NodeId,
        attempt: Attempt,
        place: Place,
    ) -> Result<(), String> {
        ensure!(self.outcome.is_none(), "{node:?} is sent although the run ends");
        ensure!(
            self.is_ready(node),
            "{node:?} is sent but not ready: {:?}",
            self.nodes[node.index()].is_done
        );
        ensure!(self.queues.contains_key(&worker), "{node:?} is sent to {worker:?}, which does not live");
        let known = &self.nodes[node.index()];
        ensure!(attempt.0 == known.sendings, "{attempt:?} of {node:?} is number {}", known.sendings);
        self.check_turn(node)?;
        let (is_producer, expected) = (known.is_producer, self.expected(node));
        let is_first = self.is_nothing_in_flight();
        let fits = self.fits(expected);
        ensure!(!is_producer || fits || is_first, "producer {node:?} does not fit");
        let best = if fits { Place::Memory } else { Place::Disk };
        ensure!(place == best, "the place of {node:?} is {place:?}");
        let length = self.queues[&worker].len();
        let is_shortest = self.queues.values().all(|queue| queue.len() >= length);
        ensure!(is_shortest, "{node:?} is not sent to a shortest queue");
        let most = if self.has_any_answered { 64 } else { 1 };
        ensure!(length < most, "{node:?} is sent where {length} wait");
        let known = &mut self.nodes[node.index()];
        (known.sendings, known.is_in_flight, known.reserved) = (attempt.0 + 1, true, expected);
        self.queues.entry(worker).or_default().push(node);
        Ok(())
    }

    /// Checks that no other node that may be sent comes before this one.
    fn check_turn(&self, node: NodeId) -> Result<(), String> {
        let producer = self.first_producer();
        if self.nodes[node.index()].is_producer {
            ensure!(producer == Some(node), "{node:?} is sent before {producer:?}");
        }
        if self.is_light {
            let producer = producer.filter(|&producer| self.fits(self.expected(producer)));
            ensure!(producer.is_none_or(|p| p >= node), "{node:?} is sent before {producer:?}");
            let other = self.first_other();
            ensure!(other.is_none_or(|other| other >= node), "{node:?} is sent before {other:?}");
        }
        Ok(())
    }

    /// The first producer that is ready: those after it have to wait until it fits.
    fn first_producer(&self) -> Option<NodeId> {
        self.plan.nodes().find(|&node| self.nodes[node.index()].is_producer && self.is_ready(node))
    }

    /// The first node that is ready and has to fit in nothing.
    fn first_other(&self) -> Option<NodeId> {
        self.plan.nodes().find(|&node| !self.nodes[node.index()].is_producer && self.is_ready(node))
    }

    /// Whether a node could be sent.
    fn is_ready(&self, node: NodeId) -> bool {
        let known = &self.nodes[node.index()];
        !known.is_done && !known.is_home && !known.is_in_flight && !known.has_failed && self.has_inputs(node)
    }

    fn expected(&self, node: NodeId) -> u64 {
        match self.plan.producer_nbytes(node) {
            None => 0,
            Some(0) => self.largest.max(1),
            Some(nbytes) => nbytes,
        }
    }

    fn fits(&self, more: u64) -> bool {
        let live: u64 = self.nodes.iter().filter(|known| !known.is_released).map(|known| known.live).sum();
        let in_flight = self.nodes.iter().filter(|known| known.is_in_flight);
        let reserved: u64 = in_flight.map(|known| known.reserved).sum();
        self.limits.memory.is_none_or(|limit| live + reserved + more <= limit)
    }

    /// Checks that no worker is idle while there is something that it may be sent.
    fn check_nobody_waits(&self) -> Result<(), String> {
        if self.outcome.is_some() || !self.queues.values().any(Vec::is_empty) {
            return Ok(());
        }
        let other = self.first_other();
        ensure!(other.is_none(), "{other:?} is ready, and a worker idle");
        let producer = self.first_producer();
        let fits = producer.is_some_and(|producer| self.fits(self.expected(producer)));
        let is_stuck = producer.is_some() && self.is_nothing_in_flight();
        ensure!(!fits && !is_stuck, "{producer:?} is ready, and a worker idle");
        Ok(())
    }

    fn is_nothing_in_flight(&self) -> bool {
        self.at_home.is_empty() && self.queues.values().all(Vec::is_empty)
    }

    fn check_end(&self) -> Result<(), String> {
        if self.outcome() == Some(Outcome::Completed) {
            for node in self.plan.nodes() {
                let known = &self.nodes[node.index()];
                let is_wanted = self.plan.outputs().contains(&node);
                ensure!(known.is_done && known.is_released != is_wanted, "completed without {node:?}");
            }
        }
        Ok(())
    }

    /// Compares what the machine says of itself.
    pub(super) fn check_sayings(&self, machine: &crate::machine::Machine<'_>) -> Result<(), String> {
        let is_done = |node: &NodeId| self.nodes[node.index()].is_done;
        let tasks = self.plan.nodes().filter(is_done).filter(|&node| self.plan.is_task(node)).count();
        ensure!(machine.finished_tasks() == tasks, "{tasks} tasks are done");
        for (&worker, queue) in &self.queues {
            let running = machine.running(worker).map(|(node, _)| node);
            ensure!(running.eq(queue.iter().copied()), "the queue of {worker:?} is {queue:?}");
        }
        for node in self.plan.nodes() {
            let used = self.plan.dependents(node).iter().filter(|node| is_done(node)).count() as u32;
            ensure!(machine.uses_left(node) + used == self.plan.uses(node), "{used} uses of {node:?}");
        }
        Ok(())
    }
}
