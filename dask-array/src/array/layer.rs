//! The layer of operations whose blocks are each made of some blocks of their inputs.

use dask_graph::{Key, Layer, LayerInfo, Name, Node};

use crate::chunks::{Chunks, indices};

/// Blocks of an array, each of which is found from its index by a function.
///
/// For operations that are neither block by block ([`Blockwise`](dask_graph::Blockwise)) nor one of the layers
/// that the optimiser looks into. The function gives the node of the block at an index, which lies within.
pub(crate) struct BlockLayer<F> {
    name: Name,
    n_blocks: Vec<u32>,
    inputs: Vec<Name>,
    node: F,
    info: LayerInfo,
}

impl<F: Fn(&[u32]) -> Node + Send + Sync + 'static> BlockLayer<F> {
    /// The blocks of these chunks under `name`, made of blocks of `inputs`.
    pub(crate) fn new(name: &Name, chunks: &Chunks, inputs: &[&Name], info: &LayerInfo, node: F) -> Self {
        Self::grid(name, chunks.n_blocks(), inputs, info, node)
    }

    /// The same for as many blocks along each axis, which need not be those of an array: results on the way to one.
    pub(crate) fn grid(name: &Name, n_blocks: Vec<u32>, inputs: &[&Name], info: &LayerInfo, node: F) -> Self {
        let inputs = inputs.iter().map(|&name| name.clone()).collect();
        Self { name: name.clone(), n_blocks, inputs, node, info: info.clone() }
    }
}

impl<F: Fn(&[u32]) -> Node + Send + Sync + 'static> Layer for BlockLayer<F> {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.n_blocks.iter().map(|&n| n as usize).product()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = key.index();
        let is_inside =
            index.len() == self.n_blocks.len() && index.iter().zip(&self.n_blocks).all(|(i, n)| i < n);
        (key.name() == &self.name && is_inside).then(|| (self.node)(index))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new(indices(&self.n_blocks).map(|index| Key::new(&self.name, &index)))
    }

    fn inputs(&self) -> Vec<Name> {
        self.inputs.clone()
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}
