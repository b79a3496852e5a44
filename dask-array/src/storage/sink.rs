//! Writing blocks as they are made.

use std::collections::HashSet;

use dask_graph::{Packer, Refused, Unpack};

use super::region::Region;
use super::source::StorageError;
use crate::block::Block;
use crate::element::Element;

/// A place that an array can be written to, by block: what [`Array::store`](crate::Array::store) takes.
pub trait BlockSink<A: Element>: Send + Sync + 'static {
    /// Gets ready for an array of this shape. Called once for each run, before anything is written.
    ///
    /// # Errors
    ///
    /// - Whatever stands in the way; nothing is written then.
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError>;

    /// The blocks that an interrupted run left whole, as regions with a step of 1: they are neither computed nor
    /// written again. Asked when a store is described, and once more, after [`open`](BlockSink::open), when it runs.
    /// None, unless the sink says otherwise: see [Resuming](crate::Store#resuming).
    fn whole(&self, _shape: &[usize]) -> HashSet<Region> {
        HashSet::new()
    }

    /// Packs what another process needs to write blocks. The function that is returned makes an
    /// `Unpacked::part::<Arc<dyn BlockSink<A>>>`.
    ///
    /// # Errors
    ///
    /// - When the sink stays in its process: always, unless it says otherwise.
    fn pack(&self, _to: &mut Packer) -> Result<Unpack, Refused> {
        Err(Refused::new("it does not say how: implement `BlockSink::pack` for it, or run it on threads"))
    }

    /// In another process: a writer of blocks to what was opened in the first, by that writer's
    /// [`ticket`](BlockWriter::ticket). It is neither finished nor cleans up when it is dropped.
    ///
    /// # Errors
    ///
    /// - When what was opened cannot be written to from here: always, unless the sink says otherwise.
    fn attach(&self, _ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        Err("the sink does not say how to write from another process: implement `BlockSink::attach`".into())
    }
}

/// An opened [`BlockSink`].
///
/// A writer that is dropped before it was finished leaves nothing behind.
pub trait BlockWriter<A: Element>: Send + Sync + 'static {
    /// Writes a block whose first element has the index `offset`. Called from several threads at once, once for
    /// each block, in any order.
    ///
    /// # Errors
    ///
    /// - Whatever goes wrong; the run stops then.
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError>;

    /// Called when all blocks are written: makes what was written appear, whole.
    ///
    /// # Errors
    ///
    /// - Whatever goes wrong; nothing appears then.
    fn finish(&self) -> Result<(), StorageError>;

    /// What another process has to be told to write to the same ([`BlockSink::attach`]); nothing if none can.
    fn ticket(&self) -> Option<Vec<u8>> {
        None
    }
}
