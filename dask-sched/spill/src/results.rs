//! The results of one run under a memory limit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dask_graph::{NodeId, Plan, RunError, RunOptions, Value, Watch};

use crate::error::SpillError;
use crate::files::{Directory, Spilled};
use crate::foresight::Foresight;
use crate::slots::{Leaving, Slots, Taken};

/// The results of one run that are alive, in memory as long as they fit and on disk otherwise.
///
/// A scheduler brackets each node with [`begin`](Self::begin) and [`end`](Self::end); in between it
/// [takes](Self::take) what the node needs and [puts](Self::put) what it made. Any number of workers may
/// do so at once. How many bytes are alive it reads from the run's [`Watch`], which it tells of those that
/// leave memory and come back.
///
/// ```
/// use dask_graph::{Key, NodeId, RunOptions, Scratch, Value, Watch, WorkerId, graph};
/// use dask_sched_spill::Results;
///
/// fn ones(n: i64) -> Vec<f64> {
///     vec![1.0; n as usize]
/// }
/// fn sum(a: &Vec<f64>) -> f64 {
///     a.iter().sum()
/// }
///
/// fn root(a: f64) -> f64 {
///     a.sqrt()
/// }
///
/// let dsk = graph! {
///     "n" => 10_000_i64, "x" => ones(@"n"), "s" => sum(@"x"), "r" => root(@"s"), "q" => root(@"r"),
/// };
/// let plan = dsk.lower(&[Key::named("x"), Key::named("q")])?;
/// let options = RunOptions::new().memory_limit(50_000);
///
/// let watch = Watch::start(&plan, &options);
/// let results = Results::new(&plan, &options, 1).expect("there is a memory limit");
/// for node in plan.nodes() {
///     results.begin(node, &watch)?;
///     let start = watch.task_started(node, WorkerId(0));
///     let mut released = 0;
///     let value = plan.execute(node, &mut Scratch::default(), |of, is_last_place| {
///         let (value, is_last) = results.take(of, is_last_place);
///         released += if is_last { watch.nbytes(of, &value) } else { 0 };
///         value
///     });
///     let value = value.map_err(|error| dask_graph::RunError::of_task(&plan, node, error))?;
///     watch.task_finished(start, watch.nbytes(node, &value), released, false);
///     results.put(node, value);
///     results.end(node, &watch)?;
/// }
/// assert!(watch.live_nbytes() < 50_000, "the vector is on disk until the end");
/// let values = results.outputs(&watch)?;
/// assert_eq!(values[0].get::<Vec<f64>>()?.len(), 10_000);
/// assert_eq!(values[1].get::<f64>()?, &10.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Results<'p> {
    plan: &'p Plan,
    limit: u64,
    ahead: Mutex<Ahead<'p>>,
    slots: Slots<Value, Spilled>,
    /// After the slots, so that when all is dropped, the files go before their directory.
    directory: Directory,
}

/// What is decided under one lock: one result at a time is chosen to leave.
struct Ahead<'p> {
    foresight: Foresight<'p>,
    /// Bytes that are being written, and will be free then.
    leaving: u64,
}

/// The bytes of memory that a move to disk freed, and those that it wrote.
#[derive(Default)]
struct Freed {
    nbytes: u64,
    written: u64,
}

/// A smaller result takes as much of the disk, and more time than it saves memory.
const PAGE: u64 = 4096;

impl<'p> Results<'p> {
    /// The results of a run of so many workers; `None` if no memory limit is set: then nothing here is needed.
    pub fn new(plan: &'p Plan, options: &RunOptions, workers: usize) -> Option<Self> {
        let limit = options.get_memory_limit()?;
        let ahead = Ahead { foresight: Foresight::new(plan, workers), leaving: 0 };
        Some(Results {
            plan,
            limit,
            ahead: Mutex::new(ahead),
            slots: Slots::new(plan.nodes().map(|node| plan.uses(node))),
            directory: Directory::within(options.get_temporary_directory()),
        })
    }

    /// Prepares what a node takes: brings it into memory and keeps it there until the node has
    /// [ended](Self::end).
    ///
    /// Room is made before, for that and for what the node is expected to make if it is a producer.
    ///
    /// # Errors
    ///
    /// - When a result cannot be written to disk, or not be read back.
    pub fn begin(&self, node: NodeId, watch: &Watch<'_>) -> Result<(), RunError> {
        self.lock().foresight.begin(node);
        let mut needed = self.plan.producer_nbytes(node).unwrap_or(0);
        for input in self.plan.dependencies(node) {
            needed = needed.saturating_add(self.slots.pin(input.index(), Spilled::nbytes));
        }
        self.make_room(needed, watch)?;
        for input in self.plan.dependencies(node) {
            self.fetch(input, watch)?;
        }
        Ok(())
    }

    /// Takes a result in one place of a task that has begun; in the last of them it counts as a use. Returns
    /// whether it was the last use of all, which gives the result itself.
    ///
    /// For the closure of [`Plan::execute`].
    ///
    /// # Panics
    ///
    /// If the result is not a dependency of a node that has begun and not ended.
    pub fn take(&self, of: NodeId, is_last_place: bool) -> (Value, bool) {
        let slot = of.index();
        let taken =
            if is_last_place { self.slots.take(slot) } else { self.slots.share(slot).map(Taken::Shared) };
        match taken {
            Some(Taken::Shared(value)) => (value, false),
            Some(Taken::Last(value)) => (value, true),
            None => panic!("the result of {of:?} is taken by a node that does not depend on it"),
        }
    }

    /// Puts in what a node has made, or gives it back if nobody will take it.
    pub fn put(&self, node: NodeId, value: Value) -> Option<Value> {
        self.slots.put(node.index(), value)
    }

    /// Lets go of what a node that ended well has taken, and makes room if there is too little.
    ///
    /// To be called after the watch has counted the node's result and what it released.
    ///
    /// # Errors
    ///
    /// - When a result cannot be written to disk.
    pub fn end(&self, node: NodeId, watch: &Watch<'_>) -> Result<(), RunError> {
        let inputs = self.plan.dependencies(node);
        let idle: Vec<NodeId> = inputs.filter(|input| self.slots.unpin(input.index())).collect();
        let mut ahead = self.lock();
        idle.into_iter().chain([node]).for_each(|node| ahead.foresight.offer(node));
        drop(ahead);
        self.make_room(0, watch)
    }

    /// Spills results until `nbytes` more fit under the limit, or there is none left that could go and is not
    /// about to be used.
    ///
    /// # Errors
    ///
    /// - When a result cannot be written to disk.
    pub fn make_room(&self, nbytes: u64, watch: &Watch<'_>) -> Result<(), RunError> {
        while self.spill_one(nbytes, watch)? {}
        Ok(())
    }

    /// Returns the results that were asked for, all in memory, after the last node has ended.
    ///
    /// # Errors
    ///
    /// - When a result cannot be read back.
    ///
    /// # Panics
    ///
    /// If one of them was not made.
    pub fn outputs(&self, watch: &Watch<'_>) -> Result<Vec<Value>, RunError> {
        let output = |&node: &NodeId| {
            self.fetch(node, watch)?;
            let value = self.slots.share(node.index());
            Ok(value.unwrap_or_else(|| panic!("the run ended before {node:?} was made")))
        };
        self.plan.outputs().iter().map(output).collect()
    }

    /// Reads a result back if it is on disk.
    fn fetch(&self, node: NodeId, watch: &Watch<'_>) -> Result<(), RunError> {
        if let Some(arriving) = self.slots.fetch(node.index()) {
            let value = arriving.file().read().map_err(|error| self.failed(node, error))?;
            watch.restored(value.nbytes());
            arriving.done(value);
        }
        Ok(())
    }

    /// Spills one result if `nbytes` more do not fit; returns whether to look again.
    fn spill_one(&self, nbytes: u64, watch: &Watch<'_>) -> Result<bool, RunError> {
        let mut ahead = self.lock();
        let live = watch.live_nbytes().saturating_sub(ahead.leaving);
        if live.saturating_add(nbytes) <= self.limit {
            return Ok(false);
        }
        let Some(node) = ahead.foresight.furthest() else { return Ok(false) };
        let is_worth_it = |value: &Value| value.nbytes() >= PAGE && !value.is_shared();
        let Some(leaving) = self.slots.leave(node.index(), is_worth_it) else { return Ok(true) };
        let size = leaving.value().nbytes();
        ahead.leaving += size;
        drop(ahead);
        let spilled = self.spill(node, leaving);
        // Counted as gone and as no longer leaving at once, or others would see it twice or not at all.
        let mut ahead = self.lock();
        ahead.leaving -= size;
        let Freed { nbytes, written } = spilled.map_err(|error| self.failed(node, error))?;
        watch.spilled(nbytes, written);
        Ok(true)
    }

    /// Writes a result to disk, if it can leave and is not there from before, and lets go of it.
    fn spill(&self, node: NodeId, mut leaving: Leaving<'_, Value, Spilled>) -> Result<Freed, SpillError> {
        let nbytes = leaving.value().nbytes();
        let (file, written) = match leaving.take_file() {
            Some(file) => (file, 0),
            None => match self.directory.write(&format!("result-{}", node.0), leaving.value())? {
                Some(file) => (file, nbytes),
                None => return Ok(Freed::default()),
            },
        };
        let is_gone = leaving.done(file).is_some();
        Ok(Freed { nbytes: if is_gone { nbytes } else { 0 }, written })
    }

    fn failed(&self, node: NodeId, error: SpillError) -> RunError {
        RunError::Spill { key: self.plan.key(node).clone(), source: error.into() }
    }

    fn lock(&self) -> MutexGuard<'_, Ahead<'p>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
