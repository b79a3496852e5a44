//! One run: feeds the machine with what happens, and does what it says.

mod book;
mod ops;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use dask_graph::{
    NodeId, OpError, Plan, RunError, RunOptions, Scratch, StaysError, Step, TaskError, Value, Watch,
    WorkerId, portable_types,
};
use dask_sched_worker::{
    Failure, FrameError, FromWorker, Input, Label, PROTOCOL, PackError, Parcel, Place as Where, Shelf,
    Spares, Task, ToWorker, UnpackError,
};

use crate::crew::Crew;
use crate::error::{Death, Told, WorkerDied, WorkersError};
use crate::machine::{Attempt, Event, Instruction, Limits, Machine, Outcome, Place, Worker};
use crate::results::{Released, Results};
use crate::scheduler::State;
use book::Book;
use ops::Ops;

/// How often it is looked whether the run is to stop, and how much memory workers use.
const TICK: Duration = Duration::from_millis(50);

/// When tasks are shorter than this, the driver looks out for answers for so long before it sleeps: a processor that
/// has gone to sleep takes as long to wake.
const SOON: Duration = Duration::from_micros(50);

/// The bytes of files that a worker keeps to write them again, unless the memory limit is small.
const SPARE: u64 = 64 << 20;

/// Runs a plan with these workers, which are idle before and after.
pub(crate) fn run(
    crew: &mut Crew,
    plan: &Plan,
    options: &RunOptions,
    state: &State,
) -> Result<Vec<Value>, RunError> {
    let watch = Watch::start(plan, options);
    let mut book = Book::new(plan, watch);
    let values = begin(crew, plan, options, state, &mut book);
    book.finish(values.is_err());
    values
}

fn begin<'p>(
    crew: &mut Crew,
    plan: &'p Plan,
    options: &RunOptions,
    state: &State,
    book: &mut Book<'p>,
) -> Result<Vec<Value>, RunError> {
    let of_scheduler = |error: WorkersError| RunError::Scheduler(error.into());
    let ops = Ops::pack(plan, crew.image)?;
    let temporary = options.get_temporary_directory().map_or_else(std::env::temp_dir, Path::to_owned);
    let n_workers = crew.config.n_workers.get().min(plan.n_tasks());
    let (number, disk) = crew.begin(n_workers, &temporary).map_err(of_scheduler)?;
    let shelf = Shelf::new(crew.directory().to_owned(), disk.clone());
    let limits = Limits { retries: crew.config.retries, memory: options.get_memory_limit() };
    let mut run = Run {
        number,
        plan,
        options,
        state,
        results: Results::new(plan.len(), shelf, crew.image, crew.same, number),
        machine: Machine::new(plan, limits),
        crew,
        book,
        ops,
        instructions: Vec::new(),
        scratch: Scratch::default(),
        released: Vec::new(),
        spare: Vec::new(),
        deaths: Vec::new(),
        error: None,
        stop: None,
        last_tick: Instant::now(),
        spare_limit: limits.memory.map_or(SPARE, |limit| SPARE.min(limit / 16 / n_workers.max(1) as u64)),
    };
    let values = run.all();
    run.close();
    dask_sched_worker::remove_all(&disk);
    values
}

struct Run<'r, 'p> {
    number: u32,
    plan: &'p Plan,
    options: &'r RunOptions,
    state: &'r State,
    crew: &'r mut Crew,
    machine: Machine<'p>,
    book: &'r mut Book<'p>,
    results: Results,
    ops: Ops,
    /// What the machine has said since it was last heeded.
    instructions: Vec<Instruction>,
    scratch: Scratch,
    /// Results that workers need not have at hand any more, and have not been told of.
    released: Vec<u32>,
    /// Files of such results, for those who made them.
    spare: Vec<(Worker, Label)>,
    deaths: Vec<(Worker, WorkerDied)>,
    /// The error of the task that failed first.
    error: Option<RunError>,
    /// Why the run was stopped from here.
    stop: Option<Stop>,
    last_tick: Instant,
    /// The bytes of files that each worker may keep to write them again.
    spare_limit: u64,
}

/// Why a run was stopped.
enum Stop {
    Cancelled,
    DeadlineExceeded,
    Workers(WorkersError),
}

impl Run<'_, '_> {
    fn all(&mut self) -> Result<Vec<Value>, RunError> {
        self.machine.start(&mut self.instructions);
        for at in 0..self.crew.members.len() {
            if self.crew.members[at].same.is_some() {
                self.welcome_to_run(at);
            }
        }
        loop {
            if let Some(outcome) = self.heed() {
                // Before the answers: what tasks printed.
                self.crew.members.iter_mut().for_each(|member| member.pass_output_on());
                return self.end(outcome);
            }
            self.crew.flush();
            let soon =
                if self.machine.are_tasks_below(SOON.as_nanos() as u64) { SOON } else { Duration::ZERO };
            if let Err(error) = self.crew.wait(self.timeout(), soon) {
                self.stop(Stop::Workers(error));
            }
            self.tick();
            self.listen();
        }
    }

    /// Does what the machine says until it says no more, or how the run has ended.
    fn heed(&mut self) -> Option<Outcome> {
        while !self.instructions.is_empty() {
            let instructions: VecDeque<Instruction> = std::mem::take(&mut self.instructions).into();
            for instruction in instructions {
                match instruction {
                    Instruction::Send { worker, node, attempt, place } => {
                        self.send(worker, node, attempt, place);
                    }
                    Instruction::RunHome { node } => self.run_home(node),
                    Instruction::Release { node } => match self.results.release(node) {
                        Released::Here => {}
                        Released::Shared => self.released.push(node.0),
                        Released::Given(maker, label) => {
                            self.released.push(node.0);
                            self.spare.push((maker, label));
                        }
                    },
                    Instruction::Discard { node, attempt, .. } => self.results.discard(node, attempt.0),
                    Instruction::Replace { .. } => self.replace(),
                    Instruction::Recall { worker } => self.tell(worker, &ToWorker::Recall),
                    Instruction::Finish(outcome) => return Some(outcome),
                }
            }
        }
        self.tell_of_released();
        None
    }

    /// Tells workers what they need not have at hand any more, and gives the files back to those who made them.
    fn tell_of_released(&mut self) {
        if self.released.is_empty() {
            return;
        }
        let nodes = std::mem::take(&mut self.released);
        for member in self.crew.members.iter_mut().filter(|member| member.same.is_some()) {
            let own = self.spare.extract_if(.., |(maker, _)| *maker == member.number);
            let spare = own.map(|(_, label)| label).collect();
            let _ = member.tell(&ToWorker::Forget { nodes: nodes.clone(), spare }, &[]);
        }
        // Their makers are dead.
        self.spare.drain(..).for_each(|(_, label)| self.results.shelf.remove(&label));
    }

    /// Tells a worker that has joined; messages without bulk always fit.
    fn tell(&mut self, worker: Worker, message: &ToWorker) {
        if let Some(member) = self.crew.find(worker).filter(|member| member.same.is_some()) {
            let _ = member.tell(message, &[]);
        }
    }

    fn on(&mut self, event: Event) {
        self.machine.on(event, &mut self.instructions);
    }

    /// Stops the run; the first reason counts.
    fn stop(&mut self, why: Stop) {
        if self.stop.is_none() {
            self.stop = Some(why);
            self.on(Event::Stop);
        }
    }

    fn fail(&mut self, error: RunError) {
        self.error.get_or_insert(error);
    }
}

/// Sending.
impl Run<'_, '_> {
    fn send(&mut self, worker: Worker, node: NodeId, attempt: Attempt, place: Place) {
        if let Err(error) = self.try_send(worker, node, attempt, place) {
            self.fail(error);
            self.on(Event::Failed { worker, node, attempt });
        }
        if self.machine.running(worker).next().is_some_and(|(first, _)| first == node) {
            self.started(worker, node);
        }
    }

    fn try_send(
        &mut self,
        worker: Worker,
        node: NodeId,
        attempt: Attempt,
        place: Place,
    ) -> Result<(), RunError> {
        let Self { plan, machine, results, ops, crew, .. } = self;
        let Some(member) = crew.find(worker) else { return Ok(()) };
        let stays = |error: PackError| RunError::stays(plan, node, stays_error(error));
        let too_long =
            |error: FrameError| RunError::stays(plan, node, StaysError::Io(io::Error::other(error)));
        for step in plan.steps(node) {
            match step {
                Step::Call { op, .. } => ops.tell_op(member, op).map_err(too_long)?,
                Step::Literal(literal) => {
                    let packed =
                        ops.literal(literal, || results.pack_literal(literal, plan.literal(literal)));
                    Ops::tell_literal(member, literal, &*packed.map_err(stays)?).map_err(too_long)?;
                }
                _ => {}
            }
        }
        let mut inputs = Vec::new();
        let mut kept = Vec::new();
        for of in plan.dependencies(node) {
            let packed = results.packed(of).map_err(stays)?;
            let label = packed.parcel.label.clone();
            inputs.push(Input { node: of.0, label, is_last: machine.uses_left(of) == 1 });
            kept.push(packed);
        }
        let bulk: Vec<&[u8]> = kept.iter().map(|kept| &kept.parcel.inline[..]).collect();
        let task = Task {
            node: node.0,
            attempt: attempt.0,
            retries: plan.retries(node),
            code: plan.code(node).to_vec(),
            inputs,
            place: match place {
                Place::Memory => Where::Memory,
                Place::Disk => Where::Disk,
            },
        };
        member.tell(&ToWorker::Task(task), &bulk).map_err(too_long)
    }

    /// Runs a node here.
    fn run_home(&mut self, node: NodeId) {
        let Self { plan, results, scratch, book, .. } = self;
        let mut steps = plan.steps(node);
        if let (Some(Step::Last(of)), None) = (steps.next(), steps.next()) {
            results.share(node, NodeId(of));
            return self.on(Event::HomeDone { node, nbytes: 0 });
        }
        book.started(node, WorkerId(0));
        let inputs = plan.dependencies(node).map(|of| Ok((of, results.value(of)?)));
        let inputs: Result<Vec<(NodeId, Value)>, UnpackError> = inputs.collect();
        let inputs = inputs.map_err(|error| RunError::stays(plan, node, unreadable(error)));
        let value = inputs.and_then(|mut inputs| {
            // A task that ends a store takes as many as there are blocks.
            inputs.sort_by_key(|(of, _)| *of);
            let fetch = |of: NodeId| match inputs.binary_search_by_key(&of, |(of, _)| *of) {
                Ok(at) => inputs[at].1.clone(),
                Err(_) => unreachable!("{of:?} is a dependency"),
            };
            let value = plan.execute(node, scratch, |of, _| fetch(of));
            value.map_err(|error| RunError::of_task(plan, node, error))
        });
        match value {
            Ok(value) => {
                let nbytes = book.nbytes(node, &value);
                results.put_home(node, value);
                self.done(node, nbytes, Event::HomeDone { node, nbytes });
            }
            Err(error) => {
                self.book.finished(node, 0, 0, true);
                self.fail(error);
                self.on(Event::HomeFailed { node });
            }
        }
    }

    fn replace(&mut self) {
        if let Err(error) = self.crew.replace() {
            self.stop(Stop::Workers(error));
        }
    }
}

/// Listening.
impl Run<'_, '_> {
    fn listen(&mut self) {
        let mut at = 0;
        while at < self.crew.members.len() {
            let is_there = self.crew.members[at].receive();
            let understood = self.hear(at);
            if let Err(error) = &understood {
                let pid = self.crew.members[at].pid();
                self.stop(Stop::Workers(WorkersError::Refused { pid, reason: error.to_string() }));
                self.crew.members[at].kill(Death::Confused);
            }
            if is_there && understood.is_ok() {
                at += 1;
            } else {
                self.has_died(at);
            }
        }
    }

    fn hear(&mut self, at: usize) -> Result<(), FrameError> {
        while let Some((message, bulk)) = self.crew.members[at].next()? {
            let worker = self.crew.members[at].number;
            match message {
                FromWorker::Hello { build, protocol } => {
                    let malformed = |reason: String| FrameError::Malformed(reason.into());
                    if protocol != PROTOCOL {
                        return Err(malformed(format!("it speaks version {protocol} of the protocol")));
                    }
                    let same = self.crew.image.recognise(build);
                    self.crew.members[at].same = Some(same.map_err(|error| malformed(error.to_string()))?);
                    self.welcome(at)?;
                    self.welcome_to_run(at);
                }
                FromWorker::Done { node, attempt, nanos, nbytes, label } => {
                    let (node, attempt) = (NodeId(node), Attempt(attempt));
                    if self.is_in_flight(worker, node, attempt) {
                        let in_memory = !label.is_in(Where::Disk);
                        self.results.put(node, Parcel { label, inline: bulk }, worker);
                        let done = Event::Done { worker, node, attempt, nbytes, in_memory, nanos };
                        self.done(node, if in_memory { nbytes } else { 0 }, done);
                        self.next_started(worker);
                    }
                }
                FromWorker::Failed { node, attempt, why } => {
                    let (node, attempt) = (NodeId(node), Attempt(attempt));
                    if self.is_in_flight(worker, node, attempt) {
                        self.fail(error_of(self.plan, node, why));
                        self.book.finished(node, 0, 0, true);
                        self.on(Event::Failed { worker, node, attempt });
                        self.next_started(worker);
                    }
                }
                FromWorker::Skipped { node, attempt } => {
                    self.on(Event::Skipped { worker, node: NodeId(node), attempt: Attempt(attempt) });
                }
                FromWorker::Leaving { why } => return Err(FrameError::Malformed(why.into())),
            }
        }
        Ok(())
    }

    fn is_in_flight(&self, worker: Worker, node: NodeId, attempt: Attempt) -> bool {
        self.machine.running(worker).any(|sent| sent == (node, attempt))
    }

    /// The answer to the first message of a worker.
    fn welcome(&mut self, at: usize) -> Result<(), FrameError> {
        let memory = self.crew.directory().to_owned();
        let (build, cache) = (self.crew.image.build(), self.crew.config.cache);
        self.crew.has_joined = true;
        let member = &mut self.crew.members[at];
        let status = member.status.clone();
        let welcome = ToWorker::Welcome { build, protocol: PROTOCOL, memory, status, cache };
        member.tell(&welcome, &[])
    }

    /// Tells a worker that has joined of this run, and the machine of the worker.
    fn welcome_to_run(&mut self, at: usize) {
        let disk = self.results.shelf.directory(Where::Disk).to_owned();
        let types = portable_types();
        let image = self.crew.image;
        let member = &mut self.crew.members[at];
        member.told.ops.clear();
        member.told.literals.clear();
        if member.told.n_types != types.len() {
            member.told.n_types = types.len();
            // Types of a library that was loaded stay unknown, and their values are refused when they come.
            if let Ok(sent) = image.send_types(&types) {
                let _ = member.tell(&ToWorker::Types { sent }, &[]);
            }
        }
        let _ = member.tell(&ToWorker::Run { run: self.number, disk, spare: self.spare_limit }, &[]);
        let worker = member.number;
        self.on(Event::Joined { worker });
    }

    /// A node is done, with so many bytes in memory.
    fn done(&mut self, node: NodeId, made: u64, event: Event) {
        let already = self.instructions.len();
        self.on(event);
        let released = self.instructions[already..].iter().map(|instruction| match instruction {
            Instruction::Release { node } => self.book.release(*node),
            _ => 0,
        });
        let released = released.sum();
        self.book.finished(node, made, released, false);
    }

    fn started(&mut self, worker: Worker, node: NodeId) {
        if let Some(member) = self.crew.find(worker) {
            self.book.started(node, WorkerId(member.slot));
        }
    }

    /// What is first in the worker's queue has begun.
    fn next_started(&mut self, worker: Worker) {
        let first = self.machine.running(worker).next();
        if let Some((node, _)) = first {
            self.started(worker, node);
        }
    }

    fn has_died(&mut self, at: usize) {
        let mut member = self.crew.members.swap_remove(at);
        let how = member.death();
        let (worker, pid) = (member.number, member.pid());
        Spares::remove_those_of(self.crew.directory(), pid);
        // One that left by itself, or said nothing, does not know that it is a worker; one that was killed might have.
        let is_unaware = matches!(how, Death::Exited(_) | Death::Silent(_) | Death::Confused);
        if member.same.is_none() && !self.crew.has_joined && is_unaware {
            self.stop(Stop::Workers(WorkersError::NeverJoined { pid, how }));
        }
        let queue: Vec<(NodeId, Attempt)> = self.machine.running(worker).collect();
        for (node, attempt) in &queue {
            self.results.discard(*node, attempt.0);
        }
        let begun = member.begun(self.number).and_then(|owner| {
            let is_it = |(node, attempt): &&(NodeId, Attempt)| owner.is_result_of(node.0, attempt.0);
            queue.iter().find(is_it).map(|(node, _)| *node)
        });
        let deaths = 1;
        self.deaths.push((worker, WorkerDied { deaths, pid, how, last_seen: member.last_seen }));
        self.on(Event::Died { worker, running: begun });
    }

    fn timeout(&self) -> Duration {
        let left =
            self.options.get_deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.filter(|_| self.stop.is_none()).map_or(TICK, |left| left.min(TICK))
    }

    /// Looks after what nobody tells.
    fn tick(&mut self) {
        if self.stop.is_none() && self.options.is_cancelled() {
            self.stop(Stop::Cancelled);
        }
        if self.stop.is_none() && self.options.is_overdue() {
            self.stop(Stop::DeadlineExceeded);
        }
        if self.last_tick.elapsed() < TICK {
            return;
        }
        self.last_tick = Instant::now();
        let closing = self.state.closing();
        if closing.is_some() {
            self.stop(Stop::Workers(WorkersError::ShutDown));
        }
        let is_late = closing.is_some_and(|at| at <= self.last_tick);
        let config = self.crew.config.clone();
        for member in &mut self.crew.members {
            member.look();
            if is_late {
                member.kill(Death::ShutDown);
            } else if member.same.is_none() && member.since.elapsed() > config.patience {
                member.kill(Death::Silent(config.patience));
            } else if let (Some(limit), Some(nbytes)) = (config.worker_memory_limit, member.last_seen)
                && nbytes > limit
            {
                member.kill(Death::OverLimit { nbytes, limit });
            }
        }
    }
}

/// Ending.
impl Run<'_, '_> {
    /// Leaves nothing of the run.
    fn close(mut self) {
        for member in self.crew.members.iter_mut().filter(|member| member.same.is_some()) {
            let _ = member.tell(&ToWorker::Rest, &[]);
            member.flush();
        }
        if !self.deaths.is_empty() {
            self.results.clear();
            self.results.shelf.remove_run(self.number);
        }
    }

    fn end(&mut self, outcome: Outcome) -> Result<Vec<Value>, RunError> {
        match outcome {
            Outcome::Completed => {
                let value = |&node: &NodeId| {
                    let value = self.results.value(node);
                    value.map_err(|error| RunError::stays(self.plan, node, unreadable(error)))
                };
                self.plan.outputs().iter().map(value).collect()
            }
            Outcome::Failed { node } => Err(self.error.take().unwrap_or_else(|| {
                let message = "its error was lost".to_owned();
                RunError::of_task(self.plan, node, TaskError::Panicked { op: String::new(), message })
            })),
            Outcome::Lost { node, worker } => {
                let deaths = self.crew.config.retries + 1;
                let died = self.deaths.iter().find(|(dead, _)| *dead == worker);
                let died = died.map(|(_, died)| WorkerDied { deaths, ..died.clone() });
                Err(RunError::lost(self.plan, node, died.map_or("no worker".into(), Into::into)))
            }
            Outcome::NoWorkers => {
                let (pid, how) =
                    self.deaths.last().map_or((0, Death::Confused), |(_, died)| (died.pid, died.how));
                Err(RunError::Scheduler(WorkersError::KeepDying { pid, how }.into()))
            }
            Outcome::Stopped => {
                let (finished, tasks) = (self.machine.finished_tasks(), self.plan.n_tasks());
                Err(match self.stop.take() {
                    Some(Stop::DeadlineExceeded) => RunError::DeadlineExceeded { finished, tasks },
                    Some(Stop::Workers(error)) => RunError::Scheduler(error.into()),
                    Some(Stop::Cancelled) | None => RunError::Cancelled { finished, tasks },
                })
            }
        }
    }
}

/// The error of a node that a worker could not run.
fn error_of(plan: &Plan, node: NodeId, why: Failure) -> RunError {
    let name = |op: u32| plan.op(op).name().into_owned();
    let error = match why {
        Failure::Failed { op, chain } => {
            TaskError::Failed { op: name(op), error: OpError::failed(Told::new(chain)) }
        }
        Failure::Panicked { op, message } => {
            TaskError::Panicked { op: op.map_or_else(|| plan.op_name(node), name), message }
        }
        Failure::Stays { type_name: Some(type_name), .. } => {
            return RunError::stays(plan, node, StaysError::Value { type_name: type_name.into() });
        }
        Failure::Stays { type_name: None, message } => {
            return RunError::stays(plan, node, StaysError::Io(io::Error::other(message)));
        }
    };
    RunError::of_task(plan, node, error)
}

fn stays_error(error: PackError) -> StaysError {
    match error {
        PackError::Stays { type_name } => StaysError::Value { type_name: type_name.into() },
        PackError::Blob(error) => StaysError::Blob(error),
        other => StaysError::Io(io::Error::other(other)),
    }
}

fn unreadable(error: UnpackError) -> StaysError {
    match error {
        UnpackError::Blob(error) => StaysError::Blob(error),
        other => StaysError::Io(io::Error::other(other)),
    }
}
