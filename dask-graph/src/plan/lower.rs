//! Lowering: from a graph and wanted keys to a plan.
//!
//! The walk goes back from the wanted keys and asks layers only for the nodes it meets: what is not needed
//! never comes into being, so culling is not a pass but a fact. Nodes are numbered as they are met; the
//! order then gives them their final numbers.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::layer::Layer;
use crate::op::Op;
use crate::plan::code::Code;
use crate::plan::csr::Csr;
use crate::plan::order::{Shape, order};
use crate::plan::{NodeId, Plan, PlanError, PlanLayer};
use crate::task::{Arg, Node, Task};
use crate::value::Value;

/// Makes the plan that computes `wanted`.
pub(crate) fn lower(graph: &Graph, wanted: &[Key]) -> Result<Plan, PlanError> {
    let index = LayerIndex::new(graph);
    let mut draft = Draft::default();
    let outputs = wanted.iter().map(|key| draft.meet(key, None)).collect::<Result<Vec<_>, _>>()?;
    let mut next = 0;
    while next < draft.keys.len() {
        let (layer, node) = draft.find(&index, next)?;
        draft.add(next, layer, node)?;
        next += 1;
    }
    draft.finish(&index, &outputs)
}

/// The layers of a graph, to be found by key.
struct LayerIndex<'a> {
    layers: Vec<&'a Arc<dyn Layer>>,
    by_name: FxHashMap<&'a Name, u32>,
    /// Layers that hold keys of other names than their own.
    hand_written: Vec<u32>,
    /// The keys of hand-written layers and the first and last layer that holds each, when there are too many
    /// layers to ask each of them.
    by_key: Option<FxHashMap<Key, [u32; 2]>>,
}

/// Above so many hand-written layers an index of their keys is cheaper than asking each.
const ASK_EACH: usize = 8;

impl<'a> LayerIndex<'a> {
    fn new(graph: &'a Graph) -> Self {
        let layers = graph.layers();
        let mut by_name = FxHashMap::default();
        let mut hand_written = Vec::new();
        for (n, layer) in layers.iter().enumerate() {
            let n = n as u32;
            if layer.has_foreign_names() {
                hand_written.push(n);
            } else {
                // Equal names mean equal work: any of them will do.
                by_name.insert(layer.name(), n);
            }
        }
        let by_key = (hand_written.len() > ASK_EACH).then(|| {
            let mut by_key = FxHashMap::default();
            for &n in &hand_written {
                for key in layers[n as usize].keys() {
                    by_key.entry(key).or_insert([n, n])[1] = n;
                }
            }
            by_key
        });
        Self { layers, by_name, hand_written, by_key }
    }

    fn find(&self, key: &Key) -> Result<Option<(u32, Node)>, PlanError> {
        let named = self.by_name.get(key.name()).and_then(|&n| Some((n, self.layers[n as usize].node(key)?)));
        if self.hand_written.is_empty() {
            return Ok(named);
        }
        let candidates = match &self.by_key {
            Some(by_key) => match by_key.get(key) {
                Some(both @ [first, last]) if first != last => &both[..],
                Some(only) => &only[..1],
                None => &[],
            },
            None => &self.hand_written[..],
        };
        let mut found = named;
        for &n in candidates {
            let Some(node) = self.layers[n as usize].node(key) else { continue };
            if let Some((other, _)) = found {
                let layers = [other, n].map(|n| self.layers[n as usize].name().clone());
                return Err(PlanError::Ambiguous { key: key.clone(), layers });
            }
            found = Some((n, node));
        }
        Ok(found)
    }
}

/// A plan in the making: nodes numbered as they were met.
struct Draft {
    /// The numbers of keys met, found by hash and compared through `keys`: four bytes a node.
    ids: HashTable<u32>,
    keys: Vec<Key>,
    /// Per node: the node that was being added when it was met; itself for wanted keys.
    met_by: Vec<u32>,
    code: Csr<Code>,
    dependencies: Csr<u32>,
    ops: Vec<Arc<dyn Op>>,
    literals: Vec<Value>,
    layer_of: Vec<u32>,
    producers: Vec<(u32, u64)>,
    /// Per node: one more than the last node that was seen to depend on it.
    seen_by: Vec<u32>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            ids: HashTable::new(),
            keys: Vec::new(),
            met_by: Vec::new(),
            code: Csr::new(),
            dependencies: Csr::new(),
            ops: Vec::new(),
            literals: Vec::new(),
            layer_of: Vec::new(),
            producers: Vec::new(),
            seen_by: Vec::new(),
        }
    }
}

impl Draft {
    /// The number of a key; a new one if it was not met before.
    fn meet(&mut self, key: &Key, by: Option<u32>) -> Result<u32, PlanError> {
        let hash = |key: &Key| FxBuildHasher.hash_one(key);
        let keys = &self.keys;
        let entry =
            self.ids.entry(hash(key), |&id| keys[id as usize] == *key, |&id| hash(&keys[id as usize]));
        let new = match entry {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(new) => new,
        };
        let id = u32::try_from(keys.len()).ok().filter(|&id| id < u32::MAX).ok_or(PlanError::TooLarge)?;
        new.insert(id);
        self.keys.push(key.clone());
        self.met_by.push(by.unwrap_or(id));
        self.seen_by.push(0);
        Ok(id)
    }

    fn find(&self, index: &LayerIndex<'_>, id: usize) -> Result<(u32, Node), PlanError> {
        let key = &self.keys[id];
        index.find(key)?.ok_or_else(|| {
            let by = self.met_by[id] as usize;
            let wanted_by = (by != id).then(|| self.keys[by].clone());
            let layer = self.layer_of.get(by).map(|&n| index.layers[n as usize]);
            let location = wanted_by.as_ref().and_then(|_| layer?.info().location);
            PlanError::MissingKey { key: key.clone(), wanted_by, location }
        })
    }

    /// Writes the code of node `id`, meeting the keys that it needs.
    fn add(&mut self, id: usize, layer: u32, node: Node) -> Result<(), PlanError> {
        let id = id as u32;
        match &node {
            Node::Data(value) => self.literal(value),
            Node::Alias(key) => self.key(key, id)?,
            Node::Task(task) => self.nested(Open::Call(task), id)?,
            Node::List(items) => self.nested(Open::List(items), id)?,
        }
        self.layer_of.push(layer);
        self.end(id).ok_or(PlanError::TooLarge)
    }

    /// Writes a task or list and all that is nested in it, innermost first.
    fn nested(&mut self, outermost: Open<'_>, id: u32) -> Result<(), PlanError> {
        // Flat tasks, nearly all, need no stack.
        let args = outermost.args();
        if args.iter().all(|arg| matches!(arg, Arg::Key(_) | Arg::Value(_))) {
            for arg in args {
                self.leaf(arg, id)?;
            }
            self.close(&outermost, id);
            return Ok(());
        }
        let mut path = vec![(args.iter(), outermost)];
        while let Some((args, _)) = path.last_mut() {
            match args.next() {
                Some(Arg::Task(task)) => path.push((task.args().iter(), Open::Call(task))),
                Some(Arg::List(items)) => path.push((items.iter(), Open::List(items))),
                Some(leaf) => self.leaf(leaf, id)?,
                None => {
                    if let Some((_, done)) = path.pop() {
                        self.close(&done, id);
                    }
                }
            }
        }
        Ok(())
    }

    fn leaf(&mut self, arg: &Arg, id: u32) -> Result<(), PlanError> {
        match arg {
            Arg::Key(key) => self.key(key, id)?,
            Arg::Value(value) => self.literal(value),
            Arg::Task(_) | Arg::List(_) => unreachable!("leaves are keys and values"),
        }
        Ok(())
    }

    fn key(&mut self, key: &Key, id: u32) -> Result<(), PlanError> {
        let dependency = self.meet(key, Some(id))?;
        self.code.push(Code::Again(NodeId(dependency)));
        Ok(())
    }

    fn literal(&mut self, value: &Value) {
        // One literal given to many blocks is one entry.
        if self.literals.last().is_none_or(|last| !last.ptr_eq(value)) {
            self.literals.push(value.clone());
        }
        self.code.push(Code::Literal(self.literals.len() as u32 - 1));
    }

    fn close(&mut self, done: &Open<'_>, id: u32) {
        let n_args = done.args().len() as u32;
        let code = match done {
            Open::List(_) => Code::List(n_args),
            Open::Call(task) => {
                if task.op().is_producer() {
                    self.producers.push((id, task.op().output_nbytes(task.args()).unwrap_or(0)));
                }
                // Tasks of one layer share their op.
                if self.ops.last().is_none_or(|last| !Arc::ptr_eq(last, task.op())) {
                    self.ops.push(task.op().clone());
                }
                Code::Call { op: self.ops.len() as u32 - 1, n_args }
            }
        };
        self.code.push(code);
    }

    /// Ends the node: its last use of each dependency is marked, and the distinct ones are listed.
    fn end(&mut self, id: u32) -> Option<()> {
        for code in self.code.open_row().iter_mut().rev() {
            let Code::Again(NodeId(dependency)) = *code else { continue };
            let seen = &mut self.seen_by[dependency as usize];
            if *seen != id + 1 {
                *seen = id + 1;
                *code = Code::Last(NodeId(dependency));
                self.dependencies.push(dependency);
            }
        }
        // Listed as they stand in the task, first to last.
        self.dependencies.open_row().reverse();
        self.dependencies.end_row()?;
        self.code.end_row()
    }

    /// Orders the nodes and renumbers everything by the order.
    fn finish(mut self, index: &LayerIndex<'_>, outputs: &[u32]) -> Result<Plan, PlanError> {
        // Not needed any more, and large.
        (self.ids, self.seen_by, self.met_by) = Default::default();
        let n = self.keys.len();
        let mut wanted = vec![false; n];
        outputs.iter().for_each(|&id| wanted[id as usize] = true);
        let layers: Vec<_> = index
            .layers
            .iter()
            .map(|layer| PlanLayer { name: layer.name().clone(), info: layer.info().clone() })
            .collect();
        let dependents = self.dependencies.transposed();
        let priority = |id: usize| layers[self.layer_of[id] as usize].info.annotations.priority;
        let shape =
            Shape { dependencies: &self.dependencies, dependents: &dependents, outputs, wanted: &wanted };
        let sequence = order(&shape, &priority).map_err(|cycle| PlanError::Cycle {
            keys: cycle.iter().map(|&id| self.keys[id as usize].clone()).collect(),
        })?;

        let mut place = vec![0_u32; n];
        for (at, &id) in sequence.iter().enumerate() {
            place[id as usize] = at as u32;
        }
        let placed = |id: u32| NodeId(place[id as usize]);
        let mut code = Csr::with_capacity(n, self.code.n_items());
        for &id in &sequence {
            for &step in self.code.row(id as usize) {
                code.push(match step {
                    Code::Again(NodeId(id)) => Code::Again(placed(id)),
                    Code::Last(NodeId(id)) => Code::Last(placed(id)),
                    other => other,
                });
            }
            code.end_row().ok_or(PlanError::TooLarge)?;
        }
        let mut dependencies = Csr::with_capacity(n, self.dependencies.n_items());
        for &id in &sequence {
            self.dependencies
                .row(id as usize)
                .iter()
                .for_each(|&item| dependencies.push(place[item as usize]));
            dependencies.end_row().ok_or(PlanError::TooLarge)?;
        }
        // Turned around again, since rows in static order are what schedulers want.
        drop(dependents);
        let dependents = dependencies.transposed();
        let n_tasks = (0..n).filter(|&id| self.code.row(id).last().is_some_and(Code::does_work)).count();
        let producers = (!self.producers.is_empty()).then(|| {
            let mut producers: Vec<Option<u64>> = vec![None; n];
            for &(id, nbytes) in &self.producers {
                // A task may hold several producers, nested in it.
                *producers[placed(id).index()].get_or_insert(0) += nbytes;
            }
            producers
        });
        let mut met: Vec<Option<Key>> = self.keys.into_iter().map(Some).collect();
        let keys: Vec<Key> = sequence.iter().filter_map(|&id| met[id as usize].take()).collect();
        Ok(Plan {
            dependencies: dependencies.map(NodeId),
            dependents: dependents.map(NodeId),
            code,
            layer_of: sequence.iter().map(|&id| self.layer_of[id as usize]).collect(),
            wanted: sequence.iter().map(|&id| wanted[id as usize]).collect(),
            outputs: outputs.iter().map(|&id| placed(id)).collect(),
            keys,
            ops: self.ops,
            literals: self.literals,
            has_retries: layers.iter().any(|layer: &PlanLayer| layer.info.annotations.retries > 0),
            layers,
            producers,
            n_tasks,
        })
    }
}

/// A task or list whose arguments are being written.
enum Open<'a> {
    Call(&'a Task),
    List(&'a [Arg]),
}

impl<'a> Open<'a> {
    fn args(&self) -> &'a [Arg] {
        match *self {
            Self::Call(task) => task.args(),
            Self::List(items) => items,
        }
    }
}
