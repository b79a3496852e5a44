//! The writing of arrays: a task for each block.

use std::borrow::Cow;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Blob, BlobError, BlobReader, Collection, ComputeError, Graph, Key, LayerInfo, Materialized,
    Name, Op, OpError, Packer, Payload, Refused, Scheduler, Task, Token, Unpack, Unpacked, Value,
};

use super::npy::NpySink;
use super::pending::ResumeError;
use super::region::{Region, Span};
use super::sink::{BlockSink, BlockWriter};
use crate::array::{Array, blockwise, built, extents, label, name_of};
use crate::block::{Block, Extent};
use crate::element::Element;

/// The writing of an array: a collection whose computation writes the blocks and gives nothing.
///
/// Its tasks take one block each, write it and let it go, so it streams: with the blocks before it fused to the
/// write, only one block a worker is alive.
///
/// # Resuming
///
/// A sink that is `resumable` ([`NpySink::resumable`] and those of the other formats) keeps what a run has written that
/// failed or was ended, in a directory beside the target (`x.npy.partial` for `x.npy`). The next store for the same
/// target takes it up: the blocks that are whole are neither computed nor written again, nor is anything that only they
/// need. What is promised, and what is not:
///
/// - A block counts as whole only after its bytes were synced to the disk. One that was being written when the process
///   ended, or the machine, is written again.
/// - The target appears when all blocks are there, and not before; until then it is what it was.
/// - Element type, shape, the format's settings and a tag of yours are compared, and a store that differs is an error
///   that says so: nothing is mixed and nothing is removed. The blocks' numbers are not compared, since nobody could
///   without computing them: **the tag stands for what is computed**, so change it when that changes. Blocks of another
///   cut are written again.
/// - Two runs at once are refused: the second finds the directory locked.
///
/// Syncing every block costs time, which is why a store is not resumable unless it is said. A finished store leaves
/// nothing behind: run again, it computes everything again.
///
/// ```
/// use dask_array::{Array, NpySink};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.npy");
/// let write = |from: f64| {
///     let x = Array::<f64>::arange(0.0, 10.0, 1.0, 2)?;
///     // Fails for what is smaller.
///     let x = x.try_map_blocks(move |block| if block[0] < from { Err("not today") } else { Ok(block.to_owned()) });
///     x.store(NpySink::new(&path).resumable("first ten")).compute_with(&Sync::new())?;
///     Ok::<_, Box<dyn std::error::Error>>(())
/// };
/// assert!(write(6.0).is_err() && !path.exists());
/// write(0.0)?; // from where the first run came to
/// assert_eq!(Array::<f64>::from_npy(&path, 10)?.compute_with(&Sync::new())?[[9]], 9.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Store {
    graph: Graph,
    done: Key,
}

impl Collection for Store {
    type Output = ();

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        vec![self.done.clone()]
    }

    fn finish(&self, _: Vec<Value>) -> Result<(), ComputeError> {
        Ok(())
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        Self { graph, done: Key::named(rename(self.done.name())) }
    }
}

impl<A: Element> Array<A> {
    /// Describes the writing of the array to a place of your own.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    /// use dask_array::{Array, Block, BlockSink, BlockWriter, StorageError};
    /// use dask_graph::Collection;
    ///
    /// /// Keeps nothing but the sum.
    /// #[derive(Clone, Default)]
    /// struct Summing(Arc<AtomicU64>);
    ///
    /// impl BlockSink<u64> for Summing {
    ///     fn open(&self, _shape: &[usize]) -> Result<Box<dyn BlockWriter<u64>>, StorageError> {
    ///         Ok(Box::new(self.clone()))
    ///     }
    /// }
    /// impl BlockWriter<u64> for Summing {
    ///     fn write(&self, _offset: &[usize], block: &Block<u64>) -> Result<(), StorageError> {
    ///         self.0.fetch_add(block.view().sum(), Ordering::Relaxed);
    ///         Ok(())
    ///     }
    ///     fn finish(&self) -> Result<(), StorageError> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sink = Summing::default();
    /// Array::arange(0_u64, 1000, 1, 64)?.store(sink.clone()).compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(sink.0.load(Ordering::Relaxed), 499_500);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn store(&self, sink: impl BlockSink<A>) -> Store {
        self.stored(Arc::new(sink), &LayerInfo::here())
    }

    /// Describes the writing of the array to a `.npy` file. The file appears, or is replaced, when it is whole.
    #[must_use]
    #[track_caller]
    pub fn store_npy(&self, path: impl Into<PathBuf>) -> Store {
        self.store(NpySink::new(path))
    }

    /// Computes the array with the installed scheduler and writes it to a `.npy` file, block by block.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    /// - When the file cannot be written: nothing is left of it then.
    #[track_caller]
    pub fn to_npy(&self, path: impl Into<PathBuf>) -> Result<(), ComputeError> {
        self.store_npy(path).compute()
    }

    /// Computes the array and writes it to a `.npy` file, block by block.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    /// - When the file cannot be written: nothing is left of it then.
    #[track_caller]
    pub fn to_npy_with(
        &self,
        path: impl Into<PathBuf>,
        scheduler: &dyn Scheduler,
    ) -> Result<(), ComputeError> {
        self.store_npy(path).compute_with(scheduler)
    }

    fn stored(&self, sink: Arc<dyn BlockSink<A>>, info: &LayerInfo) -> Store {
        // Writing is not a value: two stores are never the same work.
        let token = Token::unique();
        let shape = self.shape().to_vec();
        let (skipped, missing) = self.split(&sink.whole(&shape));
        let open = name_of("store-open", token);
        let opening = Task::new(Arc::new(OpenOp { sink: sink.clone(), shape, skipped }), []);
        let opened = Materialized::with_info(open.clone(), info.clone());
        let opened = Graph::from_layer(with(opened, Key::named(&open), opening));

        let name = name_of("store", token);
        let axes: Vec<_> = (0..self.ndim()).map(label).zip(self.chunks().n_blocks()).collect();
        let layer = blockwise(&name, Arc::new(WriteOp { sink }), self.chunks(), info)
            .blocks(self.name(), &axes)
            .whole(Key::named(&open))
            .per_block(&axes, extents(self.chunks()));
        let written = Graph::with_inputs(built(layer), [&self.lazy().graph, &opened]);

        let done = name_of("store-done", token);
        // What is not asked for is not computed.
        let missing = missing.iter().map(|index| Arg::Key(Key::new(&name, index)));
        let last = Task::new(
            Arc::new(FinishOp::<A>(PhantomData)),
            [Arg::Key(Key::named(&open)), Arg::List(missing.collect())],
        );
        let layer = with(Materialized::with_info(done.clone(), info.clone()), Key::named(&done), last);
        Store { graph: Graph::with_inputs(layer, [&written]), done: Key::named(done) }
    }

    /// The places of the blocks that are whole already, and the indices of all others.
    fn split(&self, whole: &HashSet<Region>) -> (Vec<Region>, Vec<Vec<u32>>) {
        let starts: Vec<Vec<usize>> = (0..self.ndim()).map(|axis| self.chunks().starts(axis)).collect();
        let span = |(&i, starts): (&u32, &Vec<usize>)| {
            let (start, end) = (starts[i as usize], starts[i as usize + 1]);
            Span { start, len: end - start, step: 1 }
        };
        let (mut skipped, mut missing) = (Vec::new(), Vec::new());
        for index in self.chunks().indices() {
            let region = Region { axes: index.iter().zip(&starts).map(span).collect() };
            if whole.contains(&region) {
                skipped.push(region);
            } else {
                missing.push(index);
            }
        }
        (skipped, missing)
    }
}

fn with(mut layer: Materialized, key: Key, task: Task) -> Materialized {
    layer.insert(key, task);
    layer
}

/// The result of opening a sink.
enum Opened<A: Element> {
    /// In the process where it was opened. The last task to use it drops it, and with it what was not finished.
    Here(Box<dyn BlockWriter<A>>),
    /// In another: the ticket.
    Elsewhere(Vec<u8>),
}

impl<A: Element> Payload for Opened<A> {
    fn nbytes(&self) -> u64 {
        size_of::<Self>() as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let ticket = match self {
            Opened::Here(writer) => writer.ticket()?,
            Opened::Elsewhere(ticket) => ticket.clone(),
        };
        Some(Ok(Blob { header: ticket, buffers: vec![] }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        Ok(Opened::Elsewhere(reader.header().to_vec()))
    }
}

/// Opens a sink, where the run was started: what is opened is removed there if the run fails.
struct OpenOp<A: Element> {
    sink: Arc<dyn BlockSink<A>>,
    shape: Vec<usize>,
    /// Blocks that were whole when the store was described, and are not written.
    skipped: Vec<Region>,
}

impl<A: Element> Op for OpenOp<A> {
    fn name(&self) -> Cow<'_, str> {
        "store-open".into()
    }

    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        let writer = self.sink.open(&self.shape).map_err(OpError::failed)?;
        if !self.skipped.is_empty() {
            let whole = self.sink.whole(&self.shape);
            let n_blocks = self.skipped.iter().filter(|region| !whole.contains(region)).count();
            if n_blocks > 0 {
                return Err(OpError::failed(ResumeError::Gone { n_blocks }));
            }
        }
        Ok(Value::sized(Opened::Here(writer)))
    }

    fn is_at_home(&self) -> bool {
        true
    }
}

struct WriteOp<A> {
    sink: Arc<dyn BlockSink<A>>,
}

impl<A: Element> Op for WriteOp<A> {
    fn name(&self) -> Cow<'_, str> {
        "store".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let block = args.get::<Block<A>>(0)?;
        let extent = args.get::<Extent>(2)?;
        let written = match args.get::<Opened<A>>(1)? {
            Opened::Here(writer) => writer.write(&extent.offset, block),
            Opened::Elsewhere(ticket) => {
                self.sink.attach(ticket).and_then(|writer| writer.write(&extent.offset, block))
            }
        };
        written.map_err(OpError::failed)?;
        Ok(Value::new(()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.sink.pack(to))?;
        Ok(|from| Ok(Unpacked::op(WriteOp::<A> { sink: from.part()? })))
    }
}

/// Finishes what was opened, where it was opened.
struct FinishOp<A>(PhantomData<fn(A)>);

impl<A: Element> Op for FinishOp<A> {
    fn name(&self) -> Cow<'_, str> {
        "store-done".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        match args.get::<Opened<A>>(0)? {
            Opened::Here(writer) => writer.finish().map_err(OpError::failed)?,
            Opened::Elsewhere(_) => return Err(OpError::failed(FinishedElsewhere)),
        }
        Ok(Value::new(()))
    }

    fn is_at_home(&self) -> bool {
        true
    }
}

/// A scheduler that ran the end of a store in another process than its beginning.
#[derive(Debug, thiserror::Error)]
#[error(
    "what was opened in one process cannot be finished in another; the scheduler does not heed `Op::is_at_home`"
)]
struct FinishedElsewhere;
