//! The layer of operations whose blocks are each made of some blocks of their inputs, and what all layers of an array
//! have in common.

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
        n_keys(&self.n_blocks)
    }

    fn node(&self, key: &Key) -> Option<Node> {
        block_index(key, &self.name, &self.n_blocks).map(&self.node)
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        block_keys(&self.name, &self.n_blocks)
    }

    fn inputs(&self) -> Vec<Name> {
        self.inputs.clone()
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}

/// The index of the block that a key of the layer `name` stands for; nothing if the layer, which has so many blocks
/// along its axes, does not have it.
pub(super) fn block_index<'k>(key: &'k Key, name: &Name, n_blocks: &[u32]) -> Option<&'k [u32]> {
    let index = key.index();
    let is_inside = index.len() == n_blocks.len() && index.iter().zip(n_blocks).all(|(i, n)| i < n);
    (key.name() == name && is_inside).then_some(index)
}

/// The keys of all blocks of a layer, last axis fastest.
pub(super) fn block_keys<'l>(name: &'l Name, n_blocks: &[u32]) -> Box<dyn Iterator<Item = Key> + 'l> {
    Box::new(indices(n_blocks).map(move |index| Key::new(name, &index)))
}

/// The number of blocks of a layer.
pub(super) fn n_keys(n_blocks: &[u32]) -> usize {
    n_blocks.iter().map(|&n| n as usize).product()
}
