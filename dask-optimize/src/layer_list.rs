//! The layers of a graph as a list: what passes over layers work on.

use std::sync::Arc;

use dask_graph::{Graph, Key, Layer, Name};
use rustc_hash::{FxHashMap, FxHashSet};

/// A joined layer stands for so many operations at most: each further one costs the copying of those before.
const MOST_OPERATIONS: usize = 128;

/// Whether two layers may become one, as far as the number of operations goes.
pub(crate) fn few_operations(layers: [&dyn Layer; 2]) -> bool {
    layers.map(n_operations).iter().sum::<usize>() <= MOST_OPERATIONS
}

/// How many operations a layer stands for.
pub(crate) fn n_operations(layer: &dyn Layer) -> usize {
    layer.operations().len()
}

/// Whether every layer holds its tasks in a map: then there is nothing to be moved or made again as a layer.
pub(crate) fn is_all_tasks(graph: &Graph) -> bool {
    graph.layers().iter().all(|layer| layer.as_materialized().is_some())
}

/// The layers of a graph, inputs first, each name once.
pub(crate) struct LayerList {
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    /// The names of each layer's inputs.
    pub(crate) inputs: Vec<Vec<Name>>,
    by_name: FxHashMap<Name, usize>,
    wanted: FxHashSet<Name>,
}

impl LayerList {
    pub(crate) fn new(graph: &Graph, keys: &[Key]) -> Self {
        let wanted = keys.iter().map(|key| key.name().clone()).collect();
        let mut list = Self { layers: vec![], inputs: vec![], by_name: FxHashMap::default(), wanted };
        for layer in graph.layers() {
            // Equal names mean equal work: one of them will do.
            if list.find(layer.name()).is_none() {
                list.push(layer.clone());
            }
        }
        list
    }

    /// A list without layers, for the same wanted keys.
    pub(crate) fn emptied(&self) -> Self {
        let wanted = self.wanted.clone();
        Self { layers: vec![], inputs: vec![], by_name: FxHashMap::default(), wanted }
    }

    /// Adds a layer whose inputs are there.
    pub(crate) fn push(&mut self, layer: Arc<dyn Layer>) {
        self.by_name.insert(layer.name().clone(), self.layers.len());
        self.inputs.push(layer.inputs());
        self.layers.push(layer);
    }

    /// Replaces a layer by one of the same name.
    pub(crate) fn replace(&mut self, n: usize, layer: Arc<dyn Layer>) {
        self.inputs[n] = layer.inputs();
        self.layers[n] = layer;
    }

    pub(crate) fn find(&self, name: &Name) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Whether keys of this name were asked for.
    pub(crate) fn is_wanted(&self, name: &Name) -> bool {
        self.wanted.contains(name)
    }

    /// Which layers the wanted keys need. Hand-written layers hold keys of any name, so that only key by key
    /// it shows which of them is needed: they all are.
    pub(crate) fn needed(&self) -> Vec<bool> {
        let mut needed: Vec<bool> = self
            .layers
            .iter()
            .map(|layer| layer.has_foreign_names() || self.is_wanted(layer.name()))
            .collect();
        let mut rest: Vec<usize> = (0..self.layers.len()).filter(|&n| needed[n]).collect();
        while let Some(n) = rest.pop() {
            for input in self.inputs[n].iter().filter_map(|name| self.find(name)) {
                if !std::mem::replace(&mut needed[input], true) {
                    rest.push(input);
                }
            }
        }
        needed
    }

    /// How many of the `needed` layers take results of each layer.
    pub(crate) fn n_consumers(&self, needed: &[bool]) -> Vec<usize> {
        let mut n_consumers = vec![0; self.layers.len()];
        let consumers = (0..self.layers.len()).filter(|&n| needed[n]);
        for n in consumers.flat_map(|n| &self.inputs[n]).filter_map(|name| self.find(name)) {
            n_consumers[n] += 1;
        }
        n_consumers
    }

    /// The graph of the layers that are needed.
    pub(crate) fn into_graph(self) -> Graph {
        let mut graphs: Vec<Option<Graph>> = vec![None; self.layers.len()];
        let needed = self.needed();
        let hand_written: Vec<usize> =
            (0..self.layers.len()).filter(|&n| self.layers[n].has_foreign_names()).collect();
        for n in (0..self.layers.len()).filter(|&n| needed[n]) {
            let named = self.inputs[n].iter().filter_map(|name| self.find(name));
            let below = named.chain(hand_written.iter().copied()).filter(|&input| input < n);
            let inputs: Vec<Graph> = below.filter_map(|input| graphs[input].clone()).collect();
            graphs[n] = Some(Graph::with_shared(self.layers[n].clone(), &inputs));
        }
        let heads = self.wanted.iter().filter_map(|name| self.find(name)).chain(hand_written);
        Graph::merge(heads.filter_map(|n| graphs[n].as_ref()))
    }
}
