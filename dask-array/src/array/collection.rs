//! Computing an array.

use dask_graph::{Collection, ComputeError, Graph, Key, Name, Scheduler, Value};
use ndarray::ArrayD;

use super::{Array, Lazy};
use crate::block::Block;
use crate::block::grid::{PieceShapeError, Slabs};
use crate::element::Element;

impl<A: Element> Collection for Array<A> {
    type Output = ArrayD<A>;

    fn graph(&self) -> &Graph {
        &self.lazy.graph
    }

    fn keys(&self) -> Vec<Key> {
        self.chunks().indices().map(|index| self.key(&index)).collect()
    }

    fn finish(&self, mut values: Vec<Value>) -> Result<ArrayD<A>, ComputeError> {
        let mismatch = ComputeError::finish;
        if values.len() == 1
            && let Some(value) = values.pop()
        {
            let block: Block<A> = value.into_inner().map_err(mismatch)?;
            return Ok(block.into_array());
        }
        let mut values = values.into_iter();
        let mut slabs = Slabs::new(self.chunks().axes());
        let n_pieces = slabs.n_pieces().max(1);
        for slab in 0..values.len().div_ceil(n_pieces) {
            let pieces = values.by_ref().take(n_pieces).map(Value::into_inner);
            // Dropped with the slab: of blocks that nobody else has, the answer takes the place one slab after the other.
            let blocks = pieces.collect::<Result<Vec<Block<A>>, _>>().map_err(mismatch)?;
            let views: Vec<_> = blocks.iter().map(Block::view).collect();
            slabs.push(&views).map_err(|PieceShapeError { nth, got, expected }| {
                let index = self.chunks().indices().nth(slab * n_pieces + nth).unwrap_or_default();
                ComputeError::finish(BlockShapeError { key: self.key(&index), got, expected })
            })?;
        }
        slabs.into_array().map_err(ComputeError::finish)
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        // The blocks are in the graph now: reading them again would be work done twice.
        Self::new(Lazy { name: rename(self.name()), graph, chunks: self.lazy.chunks.clone() })
    }
}

/// A block that does not have the shape its array gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("block {key} has shape {got:?}, expected {expected:?}")]
pub struct BlockShapeError {
    /// The block.
    pub key: Key,
    /// Its shape.
    pub got: Vec<usize>,
    /// The shape it should have.
    pub expected: Vec<usize>,
}

impl<A: Element> Array<A> {
    /// Computes an array of one element with the installed scheduler and takes the number out.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    /// - When the array does not have exactly one element.
    pub fn item(&self) -> Result<A, ComputeError> {
        self.compute().and_then(single)
    }

    /// Computes an array of one element and takes the number out.
    ///
    /// # Errors
    ///
    /// - When the computation fails.
    /// - When the array does not have exactly one element.
    pub fn item_with(&self, scheduler: &dyn Scheduler) -> Result<A, ComputeError> {
        self.compute_with(scheduler).and_then(single)
    }
}

/// An array that was taken for a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an array of shape {shape:?} is not one number")]
pub struct NotOneElementError {
    /// The array's shape.
    pub shape: Vec<usize>,
}

fn single<A: Element>(array: ArrayD<A>) -> Result<A, ComputeError> {
    match (array.len(), array.first()) {
        (1, Some(&number)) => Ok(number),
        _ => Err(ComputeError::finish(NotOneElementError { shape: array.shape().to_vec() })),
    }
}
