//! One run of one plan: its state, and the loop of its workers.
//!
//! | part | holds | touched by |
//! |---|---|---|
//! | `lone` | how far one worker has come that goes through the order alone, and its results | that one, and who watches it |
//! | `cells` | per node: how many dependencies are not done; its result and how often it will be taken | its neighbours |
//! | `supply` | nodes that nobody visited yet, in static order | who has nothing else to do |
//! | `queues` | per thread: ready nodes, last in first out | its worker; thieves at the other end |
//! | `crew` | how many workers there are | who comes, leaves, or calls another |
//! | `limited` | with a memory limit, the results in place of the cells | as the cells |
//!
//! A run begins with one worker, which goes through the static order without any of the rest (`alone`). When tasks take
//! long, what is left of the order is shared: the cells are made of what the lone worker leaves.
//!
//! A worker that shares takes the next node from its own queue, else goes on along its stretch of the static order, else
//! steals from another's queue, else claims the next stretch. Of the nodes that its task made ready it goes on
//! with the first in static order, without any queue; the others are pushed, worst first, and another worker
//! is called if one is away. A worker that finds nothing looks around for some microseconds and then leaves:
//! its thread goes back to rayon, where it sleeps or helps with what tasks do inside.
//!
//! There is no count of what is left to do: work is only ever made by workers, so when the last of them
//! leaves, having found nothing, the run has ended.

mod alone;
mod limited;

use crate::apart::Apart;
use crate::gate::{Admitted, Gate};
use crate::handover::{Cell, Crew, Taken};
use crate::lone::{Left, Lone};
use crate::place::{self, RunId};
use crate::sweep::Sweep;
use crate::sync::{AtomicUsize, Mutex, Ordering};
use alone::{AWAKE, LAID_OUT, Next, Over};
use crossbeam_deque::{Steal, Stealer, Worker};
use dask_graph::{Inputs, NodeId, Plan, RunError, RunOptions, Scratch, Value, Watch, WorkerId};
use dask_sched_spill::Results;
use rayon::Scope;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How long a worker without work looks around before it leaves.
///
/// Calling it back costs some microseconds, so this bounds what calling can cost: a fraction of the time.
const LOOK_AROUND: Duration = Duration::from_micros(40);

/// After so many nodes a worker loop steps aside and comes back as a new job.
///
/// A thread inside somebody's nested rayon job cannot be told from an idle one. If the loop landed on top
/// of such a job, this is how long the job is held up at most.
const STEP_ASIDE: u32 = 256;

pub(crate) struct Run<'p> {
    plan: &'p Plan,
    options: &'p RunOptions,
    watch: Watch<'p>,
    id: RunId,
    /// The worker that begins alone, if one does.
    lone: Option<Apart<Lone<Value>>>,
    /// The table of the lone worker begins with so many nodes ...
    n_laid_out: usize,
    /// ... to which the rest is added once.
    is_laid_out: OnceLock<()>,
    /// Once the order is shared.
    cells: OnceLock<Vec<Cell<Value>>>,
    /// With a memory limit the results are here, in memory or on disk.
    limited: Option<Results<'p>>,
    /// Told when the lone worker has come to the end.
    over: Over,
    supply: Supply,
    queues: Vec<Mutex<Worker<NodeId>>>,
    stealers: Vec<Stealer<NodeId>>,
    crew: Apart<Crew>,
    is_stopped: AtomicBool,
    failure: Mutex<Option<Failure>>,
    /// Tasks that have ended well; workers add theirs when they leave.
    finished: AtomicUsize,
}

/// Where nodes come from that nobody's work made ready.
enum Supply {
    /// Without a memory limit: every node, in static order.
    Free(Sweep),
    /// With one: roots and producers, as memory allows.
    Gated(Gate),
}

/// Why the run stops early.
enum Failure {
    Task(NodeId, RunError),
    Cancelled,
    Overdue,
}

/// What a worker keeps from node to node.
struct Hands<'q> {
    queue: &'q Worker<NodeId>,
    me: usize,
    scratch: Scratch,
    finished: usize,
    /// Nodes since the loop began.
    steps: u32,
}

impl<'p> Run<'p> {
    /// A run on the threads of a pool of so many; `is_eager` says that all are to begin at once.
    pub(crate) fn new(plan: &'p Plan, options: &'p RunOptions, workers: usize, is_eager: bool) -> Self {
        let queues: Vec<_> = (0..workers).map(|_| Worker::new_lifo()).collect();
        let supply = match options.get_memory_limit() {
            Some(limit) if plan.has_producers() && workers > 1 => Supply::Gated(Gate::new(limit, plan)),
            _ => Supply::Free(Sweep::new(plan, workers)),
        };
        let limited = Results::new(plan, options, workers);
        // Tasks that read or create data take long.
        let is_lone = limited.is_none() && (workers == 1 || !is_eager && !plan.has_producers());
        // Who watches adds the rest while the worker is at the first part.
        let n_laid_out = if workers > 1 && plan.len() > LAID_OUT { plan.len() / 8 } else { plan.len() };
        let uses = plan.nodes().take(n_laid_out).map(|node| plan.uses(node));
        let lone = is_lone.then(|| Apart(Lone::new(uses)));
        Run {
            plan,
            options,
            watch: Watch::start(plan, options),
            id: RunId::next(),
            lone,
            n_laid_out,
            is_laid_out: OnceLock::new(),
            cells: OnceLock::new(),
            limited,
            over: Over::default(),
            supply,
            stealers: queues.iter().map(Worker::stealer).collect(),
            queues: queues.into_iter().map(Mutex::new).collect(),
            crew: Apart(Crew::new(workers)),
            is_stopped: AtomicBool::new(false),
            failure: Mutex::new(None),
            finished: AtomicUsize::new(0),
        }
    }

    /// Runs the plan on the threads of `pool`, on which the calling thread may be one, and returns when all
    /// has ended.
    pub(crate) fn drive(&self, pool: &rayon::ThreadPool) {
        let _here = place::wait_for(self.id);
        pool.in_place_scope(|scope| {
            if pool.current_thread_index().is_some() {
                // All threads may be busy with tasks that wait like this one, so it begins itself.
                self.begin(scope);
            } else {
                scope.spawn(|scope| self.begin(scope));
                match &self.lone {
                    Some(lone) if self.queues.len() > 1 => self.watch(lone, scope),
                    Some(_) => drop(self.over.wait_awake(AWAKE)),
                    None => {}
                }
            }
        });
    }

    /// Returns the results that were asked for, or why there are none.
    pub(crate) fn finish(self) -> Result<Vec<Value>, RunError> {
        let (finished, tasks) = (self.finished.load(Ordering::Relaxed), self.plan.n_tasks());
        let done = match self.failure.lock().take() {
            Some(Failure::Task(_, error)) => Err(error),
            Some(Failure::Cancelled) => Err(RunError::Cancelled { finished, tasks }),
            Some(Failure::Overdue) => Err(RunError::DeadlineExceeded { finished, tasks }),
            None => self.outputs(),
        };
        self.watch.finish(done.is_err());
        done
    }

    fn outputs(&self) -> Result<Vec<Value>, RunError> {
        if let Some(results) = &self.limited {
            return results.outputs(&self.watch);
        }
        let result = |node: &NodeId| {
            let result = match (self.cells.get(), &self.lone) {
                (Some(cells), _) => cells[node.index()].share(),
                (None, Some(lone)) => lone.result(node.index()),
                (None, None) => None,
            };
            result.unwrap_or_else(|| unreachable!("the run ended before {node:?} was made"))
        };
        Ok(self.plan.outputs().iter().map(result).collect())
    }

    /// The job of the first worker.
    fn begin<'s>(&'s self, scope: &Scope<'s>) {
        let mut is_over = false;
        self.work_with(|hands| {
            let next = match &self.lone {
                Some(lone) => self.run_alone(lone, hands, scope),
                None if self.queues.len() == 1 => return self.run_in_order(hands),
                None => Next::Share(None),
            };
            match next {
                Next::End => is_over = true,
                // Still counted in the crew: it is only the thread that may change.
                Next::Aside => scope.spawn(|scope| self.begin(scope)),
                Next::Share(next) => self.run_as_ready(next, hands, scope),
            }
        });
        if is_over {
            self.over.tell();
        }
    }

    /// The job of every other worker.
    fn work<'s>(&'s self, scope: &Scope<'s>) {
        self.work_with(|hands| self.run_as_ready(None, hands, scope));
    }

    fn work_with(&self, work: impl FnOnce(&mut Hands<'_>)) {
        if !place::is_free_for(self.id) && self.crew.refuse() {
            return;
        }
        let _here = place::work();
        let Some(me) = rayon::current_thread_index() else {
            unreachable!("worker loops are jobs of the pool");
        };
        let Some(queue) = self.queues[me].try_lock() else {
            unreachable!("a thread has one worker loop of a run at a time");
        };
        let mut hands = Hands { queue: &queue, me, scratch: Scratch::default(), finished: 0, steps: 0 };
        work(&mut hands);
        self.finished.fetch_add(hands.finished, Ordering::Relaxed);
    }

    /// The loop of a worker that is the only one, under a memory limit: the static order itself.
    fn run_in_order(&self, hands: &mut Hands<'_>) {
        for node in self.plan.nodes() {
            if !self.perform(Admitted { node, reserved: 0 }, hands) {
                return;
            }
        }
    }

    /// All that changes about nodes, once the order is shared; who asks first shares it.
    fn cells(&self) -> &[Cell<Value>] {
        self.cells.get_or_init(|| {
            let Left { results, begun, finished } =
                self.lone.as_ref().map_or_else(Left::nothing, |lone| lone.share());
            // In a sweep, the visit counts like one more dependency.
            let visits = match &self.supply {
                Supply::Free(sweep) => {
                    sweep.skip_to(begun);
                    1
                }
                Supply::Gated(_) => 0,
            };
            let mut results = results.into_iter();
            let cell = |node: NodeId| match results.next() {
                Some(held) if node.index() < begun => Cell::holding(held.result, held.uses),
                _ => {
                    let inputs = self.plan.dependencies(node);
                    let missing = inputs.filter(|input| input.index() >= finished).count();
                    Cell::new(missing as u32 + visits, self.plan.uses(node))
                }
            };
            self.plan.nodes().map(cell).collect()
        })
    }

    /// The loop of one worker of several: whatever is ready, until there is nothing.
    fn run_as_ready<'s>(&'s self, first: Option<NodeId>, hands: &mut Hands<'_>, scope: &Scope<'s>) {
        self.enter_gate();
        let mut next = first.map(|node| Admitted { node, reserved: 0 });
        loop {
            match next.take().or_else(|| self.find(hands, scope)) {
                Some(node) => {
                    if !self.go_on(node, hands, scope) {
                        hands.steps = 0;
                        next = self.leave_gate(scope);
                        if next.is_none() {
                            // Still counted in the crew: it is only the thread that may change.
                            scope.spawn(|scope| self.work(scope));
                            return;
                        }
                    }
                }
                None => {
                    next = self.leave_gate(scope);
                    if next.is_none() {
                        if self.look_around() {
                            return;
                        }
                        self.enter_gate();
                    }
                }
            }
        }
    }

    /// Runs a node, then one that it made ready, and so on; returns false if it is time to step aside.
    fn go_on<'s>(&'s self, mut next: Admitted, hands: &mut Hands<'_>, scope: &Scope<'s>) -> bool {
        loop {
            let is_done = self.perform(next, hands);
            let ready = if is_done { self.tell_dependents(next.node, hands.queue, scope) } else { None };
            hands.steps += 1;
            let is_to_step_aside = hands.steps >= STEP_ASIDE;
            match ready {
                Some(node) if is_to_step_aside => hands.queue.push(node),
                Some(node) => {
                    next = Admitted { node, reserved: 0 };
                    continue;
                }
                None => {}
            }
            return !is_to_step_aside;
        }
    }

    /// Finds a node to start: one that one's own work made ready, else the next ready one of one's own stretch
    /// of the order, else one that somebody else's work made ready, else from what is not visited yet.
    fn find<'s>(&'s self, hands: &Hands<'_>, scope: &Scope<'s>) -> Option<Admitted> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let own = if hands.queue.is_empty() { None } else { hands.queue.pop() };
        let ready = own.or_else(|| self.visit_own(hands.me)).or_else(|| self.steal(hands));
        let found = match (ready, &self.supply) {
            (Some(node), _) => Admitted { node, reserved: 0 },
            (None, Supply::Free(sweep)) => loop {
                if !sweep.claim(hands.me) {
                    return None;
                }
                if let Some(node) = self.visit_own(hands.me) {
                    break Admitted { node, reserved: 0 };
                }
            },
            (None, Supply::Gated(gate)) => gate.next(self.plan, self.watch.live_nbytes())?,
        };
        // Whoever pushes calls a worker, but one that was called may have refused: it is called again here.
        if self.crew.has_absent() && (!hands.queue.is_empty() || self.supply.is_open(self.plan, &self.watch))
        {
            self.call_another(scope);
        }
        Some(found)
    }

    /// Visits the stretch that the worker has claimed, up to the next node that waited for nothing else.
    fn visit_own(&self, me: usize) -> Option<NodeId> {
        let Supply::Free(sweep) = &self.supply else { return None };
        std::iter::from_fn(|| sweep.of_own(me)).find(|node| self.cells()[node.index()].arrive())
    }

    fn steal(&self, hands: &Hands<'_>) -> Option<NodeId> {
        let (before, after) = self.stealers.split_at(hands.me);
        after.iter().skip(1).chain(before).find_map(|victim| {
            loop {
                match victim.steal_batch_and_pop(hands.queue) {
                    Steal::Success(node) => return Some(node),
                    Steal::Empty => return None,
                    Steal::Retry => {}
                }
            }
        })
    }

    /// Runs one node and puts its result where it belongs; returns false if the run is to stop.
    fn perform(&self, next: Admitted, hands: &mut Hands<'_>) -> bool {
        if self.is_to_stop() {
            return false;
        }
        if let Some(results) = &self.limited {
            return self.perform_limited(results, next, hands);
        }
        let cells = self.cells();
        self.perform_with(next, hands, cells, |value| cells[next.node.index()].put(value))
    }

    /// Runs one node, with results from `source`; `keep` gives back its own if nobody will take it.
    fn perform_with(
        &self,
        next: Admitted,
        hands: &mut Hands<'_>,
        source: impl Source,
        keep: impl FnOnce(Value) -> Option<Value>,
    ) -> bool {
        let node = next.node;
        let is_counting = self.watch.is_counting();
        let start = self.watch.task_started(node, WorkerId(hands.me as u32));
        let mut inputs = Taking { source, watch: is_counting.then_some(&self.watch), released: 0 };
        let value = self.plan.execute_with(node, &mut hands.scratch, &mut inputs);
        let mut released = inputs.released;
        let made = match (&value, is_counting) {
            (Ok(value), true) => self.watch.nbytes(node, value),
            _ => 0,
        };
        let error = match value {
            Ok(value) => {
                // What comes back is dropped.
                if keep(value).is_some() {
                    released += made;
                }
                None
            }
            Err(error) => Some(error),
        };
        if is_counting {
            self.watch.task_finished(start, made, released, error.is_some());
            self.supply.settle(self.plan, next, made);
        }
        match error {
            Some(error) => {
                self.fail(Failure::Task(node, RunError::of_task(self.plan, node, error)));
                false
            }
            None => {
                hands.finished += usize::from(self.plan.is_task(node));
                true
            }
        }
    }

    /// Tells the dependents of a node that it is done, and returns the first in static order of those that
    /// this made ready; the others are pushed.
    fn tell_dependents<'s>(
        &'s self,
        node: NodeId,
        queue: &Worker<NodeId>,
        scope: &Scope<'s>,
    ) -> Option<NodeId> {
        let mut first: Option<NodeId> = None;
        let mut has_pushed = false;
        // Dependents stand in static order: backwards, the worst is pushed first and the best is kept.
        let cells = self.cells();
        for &dependent in self.plan.dependents(node).iter().rev() {
            if !cells[dependent.index()].arrive() || self.supply.holds(self.plan, dependent) {
                continue;
            }
            if let Some(worse) = first.replace(dependent) {
                queue.push(worse);
                has_pushed = true;
            }
        }
        if has_pushed {
            self.call_another(scope);
        }
        first
    }

    /// Calls one more worker if one is away.
    fn call_another<'s>(&'s self, scope: &Scope<'s>) {
        if self.crew.recruit() {
            scope.spawn(|scope| self.work(scope));
        }
    }

    /// Looks around for work for a while; returns whether the worker has left the crew.
    fn look_around(&self) -> bool {
        let since = Instant::now();
        let mut round = 0_u32;
        while !self.crew.is_alone() && since.elapsed() < LOOK_AROUND {
            if self.has_work() {
                return false;
            }
            if self.is_stopped.load(Ordering::Relaxed) {
                break;
            }
            round += 1;
            if round.is_multiple_of(8) {
                std::thread::yield_now();
            } else {
                (0..1 << round.min(6)).for_each(|_| std::hint::spin_loop());
            }
        }
        self.crew.retire(|| self.has_work())
    }

    fn has_work(&self) -> bool {
        !self.is_stopped.load(Ordering::Relaxed)
            && (self.is_any_ready() || self.supply.is_open(self.plan, &self.watch))
    }

    fn is_any_ready(&self) -> bool {
        self.stealers.iter().any(|queue| !queue.is_empty())
    }

    fn enter_gate(&self) {
        if let Supply::Gated(gate) = &self.supply {
            gate.enter();
        }
    }

    /// Counts the worker as idle; gives a node after all if otherwise nobody would ever have one.
    fn leave_gate<'s>(&'s self, scope: &Scope<'s>) -> Option<Admitted> {
        let Supply::Gated(gate) = &self.supply else { return None };
        let is_any_ready = || self.is_stopped.load(Ordering::Relaxed) || self.is_any_ready();
        let next = gate.leave(self.plan, is_any_ready)?;
        self.make_room_for(&next);
        if self.supply.is_open(self.plan, &self.watch) {
            self.call_another(scope);
        }
        Some(next)
    }

    /// Looks at the stop flag, the token and the clock (only if there is a deadline).
    fn is_to_stop(&self) -> bool {
        if self.is_stopped.load(Ordering::Relaxed) {
            return true;
        }
        if self.options.is_cancelled() {
            self.fail(Failure::Cancelled);
        } else if self.options.is_overdue() {
            self.fail(Failure::Overdue);
        } else {
            return false;
        }
        true
    }

    /// Stops the run. Of several failed tasks the first in static order is the one that is told.
    fn fail(&self, new: Failure) {
        let mut failure = self.failure.lock();
        let is_told = match (&*failure, &new) {
            (None, _) => true,
            (Some(Failure::Task(old, _)), Failure::Task(new, _)) => new < old,
            (Some(_), _) => false,
        };
        if is_told {
            *failure = Some(new);
        }
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// Where a worker takes the results that its node needs.
trait Source {
    /// Takes a result, in the last place of a task once; `None` if it is not there.
    fn take(&mut self, of: NodeId, is_last_place: bool) -> Option<Taken<Value>>;

    /// An op is about to be called.
    fn calling(&mut self) {}
}

impl Source for &[Cell<Value>] {
    #[inline]
    fn take(&mut self, of: NodeId, is_last_place: bool) -> Option<Taken<Value>> {
        let cell = &self[of.index()];
        if is_last_place { cell.take() } else { cell.share().map(Taken::Shared) }
    }
}

/// The inputs of a running node, counted if somebody watches.
struct Taking<'r, 'p, S> {
    source: S,
    watch: Option<&'r Watch<'p>>,
    /// Bytes of results that nobody else will take.
    released: u64,
}

impl<S: Source> Inputs for Taking<'_, '_, S> {
    #[inline]
    fn fetch(&mut self, of: NodeId, is_last_place: bool) -> Value {
        match self.source.take(of, is_last_place) {
            Some(Taken::Shared(value)) => value,
            Some(Taken::Last(value)) => {
                if let Some(watch) = self.watch {
                    self.released += watch.nbytes(of, &value);
                }
                value
            }
            None => unreachable!(
                "the result of {of:?} is taken more often than the plan says, or before it was made"
            ),
        }
    }

    #[inline]
    fn calling(&mut self) {
        self.source.calling();
    }
}

impl Supply {
    /// Returns whether it has nodes to give or to visit.
    fn is_open(&self, plan: &Plan, watch: &Watch<'_>) -> bool {
        match self {
            Supply::Free(sweep) => sweep.is_open(),
            Supply::Gated(gate) => gate.is_open(plan, watch.live_nbytes()),
        }
    }

    /// Keeps a node that is ready, if it has to wait for memory; returns whether it does.
    fn holds(&self, plan: &Plan, node: NodeId) -> bool {
        match self {
            Supply::Gated(gate) if plan.producer_nbytes(node).is_some() => {
                gate.hold(node);
                true
            }
            _ => false,
        }
    }

    /// Gives back what was reserved for a node that has ended.
    fn settle(&self, plan: &Plan, ended: Admitted, made: u64) {
        if let Supply::Gated(gate) = self
            && plan.producer_nbytes(ended.node).is_some()
        {
            gate.settle(ended.reserved, made);
        }
    }
}
