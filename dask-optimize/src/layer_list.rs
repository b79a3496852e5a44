//! The layers of a graph as a list: what passes over layers work on.

use std::sync::Arc;

use dask_graph::{Graph, Key, Layer, Name, PlanError};
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

/// The layers that the wanted keys need, inputs first, each name once.
pub(crate) struct LayerList {
    pub(crate) layers: Vec<Arc<dyn Layer>>,
    /// The names of each layer's inputs.
    pub(crate) inputs: Vec<Vec<Name>>,
    by_name: FxHashMap<Name, usize>,
    wanted: FxHashSet<Name>,
}

impl LayerList {
    /// The layers of a graph; `None` where layers need each other in a circle though none of their tasks do, so
    /// that none comes first: only hand-written ones can.
    ///
    /// Layers are looked at, not tasks. Where their names say that something is wrong, the tasks say what it is.
    ///
    /// # Errors
    ///
    /// - When a key is wanted, or needed, whose layer is not there.
    /// - When tasks of layers that need each other do so too.
    pub(crate) fn of(graph: &Graph, keys: &[Key]) -> Result<Option<Self>, PlanError> {
        let wanted = keys.iter().map(|key| key.name().clone()).collect();
        let mut all = Self::without_layers(wanted);
        for layer in graph.layers() {
            // Equal names mean equal work: one of them will do.
            if all.find(layer.name()).is_none() {
                all.push(layer.clone());
            }
        }
        let sequence = all.sequence();
        if sequence.is_none() || all.misses_layer() {
            graph.tasks(keys)?.topological()?;
        }
        Ok(sequence.map(|sequence| {
            let mut list = all.emptied();
            sequence.into_iter().for_each(|n| list.push(all.layers[n].clone()));
            list
        }))
    }

    fn without_layers(wanted: FxHashSet<Name>) -> Self {
        Self { layers: vec![], inputs: vec![], by_name: FxHashMap::default(), wanted }
    }

    /// Whether a layer that is needed is not there. Where there are hand-written layers it cannot be said: they
    /// may hold keys of any name.
    fn misses_layer(&self) -> bool {
        let needed = self.needed();
        let inputs = (0..self.layers.len()).filter(|&n| needed[n]).flat_map(|n| &self.inputs[n]);
        !self.layers.iter().any(|layer| layer.has_foreign_names())
            && self.wanted.iter().chain(inputs).any(|name| self.find(name).is_none())
    }

    /// The needed layers, inputs first and otherwise in the order of the list; `None` if they go in a circle.
    fn sequence(&self) -> Option<Vec<usize>> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Unseen,
            Open,
            Done,
        }
        let needed = self.needed();
        let mut state = vec![State::Unseen; self.layers.len()];
        let mut sequence = Vec::with_capacity(self.layers.len());
        let mut path = Vec::new();
        for root in (0..self.layers.len()).filter(|&n| needed[n]) {
            if state[root] == State::Unseen {
                state[root] = State::Open;
                path.push((root, self.inputs[root].iter()));
            }
            while let Some((n, inputs)) = path.last_mut() {
                let Some(name) = inputs.next() else {
                    state[*n] = State::Done;
                    sequence.push(*n);
                    path.pop();
                    continue;
                };
                let Some(input) = self.find(name) else { continue };
                match state[input] {
                    State::Unseen => {
                        state[input] = State::Open;
                        path.push((input, self.inputs[input].iter()));
                    }
                    State::Open => return None,
                    State::Done => {}
                }
            }
        }
        Some(sequence)
    }

    /// A list without layers, for the same wanted keys.
    pub(crate) fn emptied(&self) -> Self {
        Self::without_layers(self.wanted.clone())
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
    fn needed(&self) -> Vec<bool> {
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

    /// How many layers take results of each layer.
    pub(crate) fn n_consumers(&self) -> Vec<usize> {
        let mut n_consumers = vec![0; self.layers.len()];
        for n in self.inputs.iter().flatten().filter_map(|name| self.find(name)) {
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
