//! One partition as a stream of items, and the op that runs one.
//!
//! # How a chain of steps becomes one loop
//!
//! Every operation on a bag is a layer of its own in the graph, one task a partition, so that whatever two
//! results have in common is in the graph once, under one name. Each such task is a [`Pipeline`]: a
//! [`Stream`] that gives items, and a [`Sink`] that takes them. On its own, a `map` is the stream "the
//! stored partition, each item mapped" into the sink "a new partition". When the optimiser fuses layers, it
//! asks the consumer's op to absorb the producer's ([`Op::absorb`]), and the answer is: put the producer's
//! whole stream in the place of "the stored partition". Nothing else changes, so fused and unfused runs
//! give the same results, and `read_text → map → filter → frequencies` ends as one op in which each line
//! goes through all steps into the table of counts before the next is read.
//!
//! The other way, to put each operation on top of its producer's stream when it is written and to make one
//! layer of it, needs no optimiser, but has decided what is shared before anyone can know: two counts over
//! one parsed file would read and parse it twice. Here the optimiser sees both consumers and keeps the
//! producer.
//!
//! # Push, not pull
//!
//! Streams push (`for_each` with an early end) instead of being iterators: a source is then a plain loop
//! (over lines in a buffer, over a `Vec`) that keeps its state in registers, and flat_map is a nested loop
//! instead of a state machine. The price is that two streams cannot be read in step; `zip` stores one side.
//!
//! A stream knows its item type and nothing of how the items are made, so that [`Bag<T>`](crate::Bag) names
//! one type. Each step costs one indirect call an item, about a nanosecond; [`Bag::pipe`](crate::Bag::pipe)
//! is for steps that take no longer themselves. Sources whose items lie in memory hand them over in batches
//! instead. Lines of text are lent, all in one buffer, to what only looks at its items: what counts them, writes them,
//! or sends them elsewhere; and what only asks for their words is given the text of many lines as it was read.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, UnpackError, Unpacked, Unpacker, Value};

use crate::error::{ItemError, Place};
use crate::partition::Partition;

pub(crate) mod step;
pub(crate) mod step_with;
pub(crate) mod steps;
pub(crate) mod stored;

/// Whether to go on with the next item.
pub(crate) type Flow = ControlFlow<()>;

/// To go on with the next item.
pub(crate) const NEXT: Flow = ControlFlow::Continue(());

/// To read no further item.
pub(crate) const STOP: Flow = ControlFlow::Break(());

/// Streams are nested no deeper than this: driving one takes a few stack frames a step, and programs may
/// chain any number of steps. A longer chain becomes several pipelines, with partitions stored between.
const MAX_STEPS: usize = 64;

/// The items of one partition, given one after another.
pub(crate) trait Stream<T>: Send + Sync {
    /// Gives each item to `sink` until it stops or there are no more.
    ///
    /// A step that fails says so to `run`, and stops.
    fn drive(&self, run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(T) -> Flow) -> Result<(), OpError>;

    /// Gives the items in batches, where they lie in memory or cost nothing to make some ahead; `false`,
    /// with nothing given, where not. What takes a batch goes through it without an indirect call an item.
    fn drive_batches(
        &self,
        _args: &mut Args<'_>,
        _sink: &mut dyn FnMut(Vec<T>) -> Flow,
    ) -> Result<bool, OpError> {
        Ok(false)
    }

    /// Gives each item to look at, where that saves making one of its own for each; `false`, with nothing given, where
    /// not.
    fn drive_lent(
        &self,
        _run: &Run,
        _args: &mut Args<'_>,
        _sink: &mut dyn FnMut(&T) -> Flow,
    ) -> Result<bool, OpError> {
        Ok(false)
    }

    /// Gives the text of the items, of many at a time and with nothing but white space between two, where the items are
    /// texts and lie so; `false`, with nothing given, where not.
    fn drive_text(&self, _args: &mut Args<'_>, _sink: &mut dyn FnMut(&str)) -> Result<bool, OpError> {
        Ok(false)
    }

    /// This stream with `producer`'s stream where it reads a stored partition; `None` if that cannot be.
    /// `steps` is the number of steps of the whole pipeline.
    fn absorb(&self, producer: &Arc<dyn Op>, steps: usize) -> Option<Arc<dyn Stream<T>>>;

    /// Number of steps, for the limit on nesting.
    fn steps(&self) -> usize;

    /// How many arguments of the task it takes, which are the first ones: one source's.
    fn n_args(&self) -> usize {
        1
    }

    /// Writes the names of the operations that it runs, first one first.
    fn label(&self, names: &mut Vec<&'static str>);

    /// Whether it reads or creates its items rather than taking them from a stored partition.
    fn is_producer(&self) -> bool;

    /// Number of items, where it is known without making them.
    fn len(&self, _args: &Args<'_>) -> Result<Option<u64>, OpError> {
        Ok(None)
    }

    /// Packs the stream for another process; the function that is returned gives it [`unpacked`].
    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused>;

    /// About how many bytes all its items take, where that is known before the run.
    fn nbytes(&self, args: &[Arg]) -> Option<u64>;
}

/// What is made of the items of one partition.
pub(crate) trait Sink<T>: Send + Sync + 'static {
    /// What it is made in.
    type Acc;

    /// The operation, as people call it; nothing for storing the items.
    fn label(&self) -> Option<&str>;

    fn start(&self) -> Self::Acc;

    fn push(&self, run: &Run, acc: &mut Self::Acc, item: T) -> Flow;

    /// Takes all items of `stream`: as its own, unless it only looks at them ([`for_each_lent`]).
    fn drain(
        &self,
        stream: &dyn Stream<T>,
        run: &Run,
        args: &mut Args<'_>,
        acc: &mut Self::Acc,
    ) -> Result<(), OpError> {
        for_each(stream, run, args, |item| self.push(run, acc, item))
    }

    fn finish(&self, acc: Self::Acc) -> Result<Value, OpError>;

    /// The end result for `len` items, if it is the same whatever they are.
    fn of_len(&self, _len: u64) -> Option<Self::Acc> {
        None
    }

    /// About how many bytes it makes of a stream of `items` bytes. Nothing is known of most: a table may grow with its
    /// items, a number does not.
    fn nbytes(&self, _items: Option<u64>) -> Option<u64> {
        None
    }

    /// Packs what it is made of, for another process.
    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    /// Makes again what was packed.
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>
    where
        Self: Sized;
}

/// A stream made again in another process.
pub(crate) fn unpacked<T: 'static>(stream: impl Stream<T> + 'static) -> Unpacked {
    Unpacked::part::<Arc<dyn Stream<T>>>(Arc::new(stream))
}

/// What belongs to one run over one partition: where it is, and what went wrong.
pub struct Run {
    failure: RefCell<Option<OpError>>,
    /// Number of the item that the source gave last, while that is the one that is worked on.
    at: Cell<Option<u64>>,
    origin: OnceCell<Box<dyn Fn(u64) -> Place>>,
}

impl Run {
    pub(crate) fn new() -> Self {
        Self { failure: RefCell::new(None), at: Cell::new(None), origin: OnceCell::new() }
    }

    /// The source says how to tell the place of its item by number.
    pub(crate) fn set_origin(&self, origin: impl Fn(u64) -> Place + 'static) {
        // A run has one source; were there a second, the first would keep its say.
        let _ = self.origin.set(Box::new(origin));
    }

    /// The source gives its item number `item` now.
    #[inline]
    pub(crate) fn at(&self, item: u64) {
        self.at.set(Some(item));
    }

    /// What comes now is not the work on one item of the source.
    pub(crate) fn at_no_item(&self) {
        self.at.set(None);
    }

    /// Runs the pass. If it panics, the panic goes on, and tells of the item as well.
    pub(crate) fn pass<R>(&self, pass: impl FnOnce() -> R) -> R {
        catch_unwind(AssertUnwindSafe(pass)).unwrap_or_else(|panic| resume_unwind(self.told(panic)))
    }

    /// The panic with the place where it happened, if that is known and the panic is a text.
    fn told(&self, panic: Box<dyn Any + Send>) -> Box<dyn Any + Send> {
        let Some(item) = self.at.get() else { return panic };
        let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let Some(message) = literal.or_else(|| panic.downcast_ref::<String>().cloned()) else { return panic };
        let place = self.origin.get().map_or(String::new(), |origin| format!(", from {}", origin(item)));
        Box::new(format!("{message} (at item {item} of what the task was given{place})"))
    }

    /// `step` failed on the item that the source is about to give.
    #[cold]
    pub(crate) fn fail_here(
        &self,
        step: &'static str,
        error: Box<dyn std::error::Error + Send + Sync>,
    ) -> Flow {
        self.fail(step, self.at.get().unwrap_or_default(), error)
    }

    /// The failure of the step that failed, if any did.
    pub(crate) fn result(&self) -> Result<(), OpError> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Whether a step failed.
    pub(crate) fn failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// `step` failed on the item number `item` that it received.
    #[cold]
    pub(crate) fn fail(
        &self,
        step: &'static str,
        item: u64,
        error: Box<dyn std::error::Error + Send + Sync>,
    ) -> Flow {
        let place = self.origin.get().zip(self.at.get()).map(|(origin, item)| origin(item));
        *self.failure.borrow_mut() = Some(OpError::failed(ItemError { step, item, place, error }));
        STOP
    }
}

/// The op of nearly every task of a bag: a stream into a sink.
pub(crate) struct Pipeline<T, S> {
    stream: Arc<dyn Stream<T>>,
    sink: Arc<S>,
}

impl<T: 'static, S: Sink<T>> Pipeline<T, S> {
    /// Gives the items of `stream` to `sink`.
    pub(crate) fn op(stream: impl Stream<T> + 'static, sink: S) -> Arc<dyn Op> {
        Arc::new(Self { stream: Arc::new(stream), sink: Arc::new(sink) })
    }
}

impl<T: 'static, S: Sink<T>> Op for Pipeline<T, S> {
    fn name(&self) -> Cow<'_, str> {
        let mut steps = Vec::new();
        self.stream.label(&mut steps);
        let mut names: Vec<&str> = steps;
        names.extend(self.sink.label());
        match names[..] {
            [one] => one.into(),
            _ => names.join("+").into(),
        }
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        if let Some(acc) = self.stream.len(&args)?.and_then(|len| self.sink.of_len(len)) {
            return self.sink.finish(acc);
        }
        let run = Run::new();
        let mut acc = self.sink.start();
        run.pass(|| self.sink.drain(&*self.stream, &run, &mut args, &mut acc))?;
        run.result()?;
        self.sink.finish(acc)
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, _n_producer_args: usize) -> Option<Arc<dyn Op>> {
        if at != 0 {
            return None;
        }
        let stream = self.stream.absorb(producer, self.stream.steps())?;
        Some(Arc::new(Self { stream, sink: Arc::clone(&self.sink) }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.stream.pack(to))?;
        self.sink.pack(to)?;
        Ok(|from| {
            let stream: Arc<dyn Stream<T>> = from.part()?;
            Ok(Unpacked::op(Pipeline { stream, sink: Arc::new(S::unpack(from)?) }))
        })
    }

    fn is_producer(&self) -> bool {
        self.stream.is_producer()
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        self.sink.nbytes(self.stream.nbytes(args))
    }
}

/// Gives the items of `stream` to `push`, in batches if it has batches.
pub(crate) fn for_each<T>(
    stream: &dyn Stream<T>,
    run: &Run,
    args: &mut Args<'_>,
    mut push: impl FnMut(T) -> Flow,
) -> Result<(), OpError> {
    let mut first = 0;
    let batched = stream.drive_batches(args, &mut |batch| {
        let mut batch = Batch { run, first, len: batch.len(), items: batch.into_iter() };
        first += batch.len as u64;
        batch.items.try_for_each(&mut push)
    })?;
    if !batched {
        stream.drive(run, args, &mut push)?;
    }
    Ok(())
}

/// Gives the items of `stream` to `look`, which has no need to keep them.
pub(crate) fn for_each_lent<T>(
    stream: &dyn Stream<T>,
    run: &Run,
    args: &mut Args<'_>,
    mut look: impl FnMut(&T) -> Flow,
) -> Result<(), OpError> {
    if stream.drive_lent(run, args, &mut look)? {
        return Ok(());
    }
    for_each(stream, run, args, |item| look(&item))
}

/// Items of a batch that are still to come. The run is told of the current one only when it panics, which costs the
/// others nothing.
struct Batch<'r, T> {
    run: &'r Run,
    /// Number of the first item.
    first: u64,
    len: usize,
    items: std::vec::IntoIter<T>,
}

impl<T> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.run.at(self.first + (self.len - self.items.len()).saturating_sub(1) as u64);
        }
    }
}

/// All items of `stream`; for a stored partition that nobody else holds, its memory as it is.
pub(crate) fn collect<T>(stream: &dyn Stream<T>, run: &Run, args: &mut Args<'_>) -> Result<Vec<T>, OpError> {
    let mut items = Vec::new();
    let batched = stream.drive_batches(args, &mut |mut batch| {
        if items.is_empty() {
            items = batch;
        } else {
            items.append(&mut batch);
        }
        NEXT
    })?;
    if !batched {
        stream.drive(run, args, &mut |item| {
            items.push(item);
            NEXT
        })?;
    }
    Ok(items)
}

/// Number of items in a batch that is made ahead of its use: enough that making the batch itself costs
/// nothing, few enough that making it in vain costs little.
pub(crate) const BATCH: usize = 256;

/// The stream inside `producer`, if it is one that makes a partition of `T`s.
pub(crate) fn stream_of<T: Send + Sync + 'static>(
    producer: &Arc<dyn Op>,
    steps: usize,
) -> Option<Arc<dyn Stream<T>>> {
    let producer: &dyn Any = &**producer;
    let pipeline: &Pipeline<T, Collect> = producer.downcast_ref()?;
    (pipeline.stream.steps() + steps <= MAX_STEPS).then(|| Arc::clone(&pipeline.stream))
}

/// The sink that stores the items: a new partition.
pub(crate) struct Collect;

impl<T: Send + Sync + 'static> Sink<T> for Collect {
    type Acc = Vec<T>;

    fn label(&self) -> Option<&str> {
        None
    }

    fn start(&self) -> Vec<T> {
        Vec::new()
    }

    #[inline]
    fn push(&self, _run: &Run, acc: &mut Vec<T>, item: T) -> Flow {
        acc.push(item);
        NEXT
    }

    fn finish(&self, acc: Vec<T>) -> Result<Value, OpError> {
        Ok(Partition::new(acc).into_value())
    }

    fn nbytes(&self, items: Option<u64>) -> Option<u64> {
        items
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self)
    }
}

/// The item type of a stream that makes none of its own.
pub(crate) type Of<T> = PhantomData<fn() -> T>;
