//! Lowering: from a graph and wanted keys to a plan.
//!
//! The walk goes back from the wanted keys and asks layers only for the nodes it meets: what is not needed
//! never comes into being, so culling is not a pass but a fact. Nodes are numbered as they are met; the
//! order then gives them their final numbers.
//!
//! Layers that hold their tasks in a map have numbered the keys already. For them a number met before is
//! looked up in an array; only where layers meet, once for each key, and for layers that make tasks on demand, keys are
//! hashed.

mod finish;
mod index;
mod met;

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use crate::code::{self, Assembler, MAX_LEAF, MAX_WORK, Step, Word, assemble, node_of};
use crate::graph::Graph;
use crate::key::Key;
use crate::op::Op;
use crate::plan::csr::Csr;
use crate::plan::{Plan, PlanError};
use crate::task::{Arg, Node, Task};
use crate::task_graph::TaskGraph;
use crate::tasks::{Renumbering, Tasks};
use crate::value::Value;

use index::{LayerIndex, Site};
use met::{Known, Met};

/// Makes the plan that computes `wanted`.
pub(crate) fn lower(graph: &Graph, wanted: &[Key]) -> Result<Plan, PlanError> {
    let index = LayerIndex::new(graph);
    finish::finish(walk(&index, wanted, Draft::end)?)
}

/// The tasks that `wanted` need, numbered as they are met.
pub(crate) fn tasks(graph: &Graph, wanted: &[Key]) -> Result<TaskGraph, PlanError> {
    let index = LayerIndex::new(graph);
    // Last uses, and so dependencies, are of plans only.
    finish::into_tasks(walk(&index, wanted, |draft, _| draft.code.end_row())?)
}

/// Walks back from `wanted`; `end` is called when the code of a node is written.
///
/// All that one wanted node needs is added before the next one is met: what a few of them share lies close together
/// then, in the draft and mostly in the maps too, and is still in the cache.
fn walk<'a>(
    index: &'a LayerIndex<'a>,
    wanted: &[Key],
    end: impl Fn(&mut Draft<'a>, u32) -> Option<()>,
) -> Result<Draft<'a>, PlanError> {
    let mut draft = Draft::new(index);
    let mut next = 0;
    let mut between = Between::new(index.layers.len());
    for key in wanted {
        let output = draft.meet(key, None)?;
        draft.outputs.push(output);
        if draft.is_large {
            between.look(&draft, output);
        }
        while next < draft.homes.len() {
            if draft.is_large && next.is_multiple_of(AHEAD) {
                draft.look_ahead(next);
            }
            draft.add(next as u32)?;
            let Some(()) = end(&mut draft, next as u32) else { return Err(PlanError::TooLarge) };
            next += 1;
        }
    }
    Ok(draft)
}

/// So many nodes are looked at before they are added.
const AHEAD: usize = 16;

/// More words of code than this are taken to lie outside of the caches of a core.
const LARGE: usize = 1 << 17;

/// A look at what lies between one wanted node and the next.
///
/// A wanted node that needs a few tasks is soon done with, and each of them is known only when the one before has come
/// from memory. But what lies between wanted nodes is mostly what they need; and to read it in its order is fast.
struct Between {
    /// Per layer: the wanted node that was met last.
    last: Vec<u32>,
    /// How many nodes there were then.
    n_nodes: usize,
}

impl Between {
    fn new(n_layers: usize) -> Self {
        Self { last: vec![0; n_layers], n_nodes: 0 }
    }

    /// Has the cache fetch the code between a node that is wanted and the one before, unless it is so much more than
    /// the one before needed that little of it can be expected to be needed.
    #[inline(never)]
    fn look(&mut self, draft: &Draft<'_>, output: u32) {
        let n_met = draft.homes.len() - std::mem::replace(&mut self.n_nodes, draft.homes.len());
        let Home { layer, number } = draft.homes[output as usize];
        let last = std::mem::replace(&mut self.last[layer as usize], number);
        if let Some(tasks) = draft.index.table(layer)
            && number.saturating_sub(last) as usize <= MOST_UNNEEDED * n_met
        {
            let words = (last..number).filter_map(|number| tasks.code(number).first());
            std::hint::black_box(words.fold(0, |all, word| all ^ word));
        }
    }
}

/// So many times as much as was needed is looked at.
const MOST_UNNEEDED: usize = 4;

/// A plan in the making: nodes numbered as they were met.
struct Draft<'a> {
    index: &'a LayerIndex<'a>,
    keys_are_apart: bool,
    /// Whether the code of the maps is more than a cache holds.
    is_large: bool,
    met: Met,
    /// From the numbers that maps have given to ops and literals to those of the plan.
    op_of: Renumbering,
    literal_of: Renumbering,
    /// The nodes that layers were asked for, found by hash and compared through `asked_keys`.
    asked: HashTable<u32>,
    asked_keys: Vec<Key>,
    homes: Vec<Home>,
    /// The nodes that were asked for, in order, perhaps repeated.
    outputs: Vec<u32>,
    code: Csr<u32>,
    dependencies: Csr<u32>,
    ops: Vec<Arc<dyn Op>>,
    /// Per op: whether it is a producer.
    is_producer: Vec<bool>,
    literals: Vec<Value>,
    producers: Vec<(u32, u64)>,
    /// The nodes that stand for others, and how many these are.
    fused: Vec<(u32, u32)>,
    /// Per node: one more than the last node that was seen to depend on it.
    seen_by: Vec<u32>,
}

/// The layer of a node; and its number there, or among the keys that layers were asked for.
#[derive(Clone, Copy)]
struct Home {
    layer: u32,
    number: u32,
}

impl<'a> Draft<'a> {
    fn new(index: &'a LayerIndex<'a>) -> Self {
        let n_of = |what: fn(&Tasks) -> usize| {
            (0..index.layers.len() as u32).map(move |layer| index.table(layer).map_or(0, what))
        };
        let (n_nodes, n_words) = (n_of(Tasks::n_nodes).sum(), n_of(Tasks::n_words).sum());
        Self {
            index,
            keys_are_apart: index.keys_are_apart(),
            is_large: n_words > LARGE,
            met: Met::new(n_of(Tasks::n_keys)),
            op_of: Renumbering::new(n_of(|tasks| tasks.ops().len())),
            literal_of: Renumbering::new(n_of(|tasks| tasks.literals().len())),
            asked: HashTable::new(),
            asked_keys: Vec::new(),
            homes: Vec::with_capacity(n_nodes),
            outputs: Vec::new(),
            code: Csr::with_capacity(n_nodes, n_words),
            dependencies: Csr::new(),
            ops: Vec::new(),
            is_producer: Vec::new(),
            literals: Vec::new(),
            producers: Vec::new(),
            fused: Vec::new(),
            seen_by: Vec::new(),
        }
    }

    fn key(&self, id: u32) -> &Key {
        let Home { layer, number } = self.homes[id as usize];
        match self.index.table(layer) {
            Some(tasks) => tasks.key(number),
            None => &self.asked_keys[number as usize],
        }
    }

    /// The node of a key; a new one if it was not met before.
    fn meet(&mut self, key: &Key, by: Option<u32>) -> Result<u32, PlanError> {
        let asked_before = |id: &u32| self.key(*id) == key;
        // Where all layers are maps, no key has to be hashed for this.
        if !self.asked.is_empty()
            && let Some(&id) = self.asked.find(hash(key), asked_before)
        {
            return Ok(id);
        }
        match self.index.find(key)? {
            Some(Site::Held { layer, number }) => match self.met.get(layer, number) {
                Known::Node(id) => Ok(id),
                Known::Home(_) | Known::Nothing => self.meet_held(Home { layer, number }),
            },
            Some(Site::Asked { layer }) => self.meet_asked(layer, key),
            None => Err(self.missing(key, by)),
        }
    }

    /// A key as a map refers to it.
    #[inline]
    fn meet_in(&mut self, layer: u32, tasks: &Tasks, number: u32, by: u32) -> Result<u32, PlanError> {
        let id = match self.met.get(layer, number) {
            Known::Node(id) => return Ok(id),
            Known::Home(home) => self.meet_held(home)?,
            Known::Nothing if self.keys_are_apart && tasks.has_node(number) => {
                return self.meet_held(Home { layer, number });
            }
            Known::Nothing if self.met.look_for(self.index, layer, tasks) => {
                return self.meet_in(layer, tasks, number, by);
            }
            Known::Nothing => self.meet(tasks.key(number), Some(by))?,
        };
        self.met.set(layer, number, id);
        Ok(id)
    }

    fn meet_held(&mut self, home: Home) -> Result<u32, PlanError> {
        let id = self.new_node(home)?;
        self.met.set(home.layer, home.number, id);
        Ok(id)
    }

    fn meet_asked(&mut self, layer: u32, key: &Key) -> Result<u32, PlanError> {
        let number = self.asked_keys.len() as u32;
        let id = self.new_node(Home { layer, number })?;
        self.asked_keys.push(key.clone());
        let Self { asked, asked_keys, homes, .. } = self;
        let rehash = |&id: &u32| hash(&asked_keys[homes[id as usize].number as usize]);
        match asked.entry(hash(key), |_| false, rehash) {
            Entry::Vacant(new) => drop(new.insert(id)),
            Entry::Occupied(_) => unreachable!("no entry was said to be equal"),
        }
        Ok(id)
    }

    fn new_node(&mut self, home: Home) -> Result<u32, PlanError> {
        // Written so that no error is made, and dropped, for every node.
        let Some(id) = u32::try_from(self.homes.len()).ok().filter(|&id| id < MAX_LEAF) else {
            return Err(PlanError::TooLarge);
        };
        self.homes.push(home);
        Ok(id)
    }

    /// The node that was being added when this one was met; none for one that was asked for.
    fn met_by(&self, id: u32) -> Option<u32> {
        let refers = |by: &u32| {
            self.code
                .row(*by as usize)
                .iter()
                .any(|&word| matches!(Word::of(word), Word::Node(to) if to == id))
        };
        (0..id).filter(|_| !self.outputs.contains(&id)).find(refers)
    }

    fn missing(&self, key: &Key, by: Option<u32>) -> PlanError {
        let location = |by| self.index.layers[self.homes[by as usize].layer as usize].info().location;
        PlanError::MissingKey {
            key: key.clone(),
            wanted_by: by.map(|by| self.key(by).clone()),
            location: by.and_then(location),
        }
    }

    /// Has the cache fetch the code of the next nodes, which lies anywhere in memory: the misses overlap, which
    /// those of nodes that are added one after the other do not.
    #[inline(never)]
    fn look_ahead(&self, next: usize) {
        let homes = self.homes[next..].iter().take(AHEAD);
        let words = homes.filter_map(|home| self.index.table(home.layer)?.code(home.number).first());
        std::hint::black_box(words.fold(0, |all, word| all ^ word));
    }

    /// Writes the code of a node, meeting the keys that it needs.
    fn add(&mut self, id: u32) -> Result<(), PlanError> {
        let Home { layer, number } = self.homes[id as usize];
        if let Some(tasks) = self.index.table(layer) {
            if self.copy(id, layer, tasks, number)?
                && let Some(node) = tasks.node(number)
            {
                self.add_producers(id, &node);
            }
            if let Some(keys) = tasks.stands_for().range(number) {
                self.fused.push((id, keys.len() as u32));
            }
        } else {
            let key = &self.asked_keys[number as usize];
            let Some(node) = self.index.layers[layer as usize].node(key) else {
                return Err(self.missing(key, self.met_by(id)));
            };
            let mut writer = Writer { draft: self, id, has_producer: false };
            assemble(&node, &mut writer)?;
            if writer.has_producer {
                self.add_producers(id, &node);
            }
        }
        Ok(())
    }

    /// Copies the code of a node that a map holds; returns whether it has a producer in it.
    fn copy(&mut self, id: u32, layer: u32, tasks: &Tasks, number: u32) -> Result<bool, PlanError> {
        let mut has_producer = false;
        for &word in tasks.code(number) {
            let word = match Word::of(word) {
                Word::Node(number) => self.meet_in(layer, tasks, number, id)?,
                Word::Literal(at) => code::literal(match self.literal_of.get(layer, at) {
                    Some(literal) => literal,
                    None => {
                        let literal = self.add_literal(&tasks.literals()[at as usize])?;
                        self.literal_of.set(layer, at, literal);
                        literal
                    }
                }),
                Word::Op(at) => {
                    let op = match self.op_of.get(layer, at) {
                        Some(op) => op,
                        None => {
                            let op = self.add_op(&tasks.ops()[at as usize])?;
                            self.op_of.set(layer, at, op);
                            op
                        }
                    };
                    has_producer |= self.is_producer[op as usize];
                    code::call(op)
                }
                Word::Count => word,
            };
            self.code.items_mut().push(word);
        }
        Ok(has_producer)
    }

    fn add_literal(&mut self, literal: &Value) -> Result<u32, PlanError> {
        self.literals.push(literal.clone());
        number_below(MAX_LEAF, self.literals.len())
    }

    fn add_op(&mut self, op: &Arc<dyn Op>) -> Result<u32, PlanError> {
        self.is_producer.push(op.is_producer());
        self.ops.push(op.clone());
        number_below(MAX_WORK, self.ops.len())
    }

    /// Adds up what the producers of a node, itself or nested in it, expect to have in hand.
    fn add_producers(&mut self, id: u32, node: &Node) {
        let mut nbytes = 0;
        let mut count = |task: &Task| {
            if task.op().is_producer() {
                nbytes += task.op().working_nbytes(task.args()).unwrap_or(0);
            }
        };
        let mut rest: Vec<&[Arg]> = match node {
            Node::Task(task) => {
                count(task);
                vec![task.args()]
            }
            Node::List(items) => vec![items],
            Node::Alias(_) | Node::Data(_) => vec![],
        };
        while let Some(args) = rest.pop() {
            for arg in args {
                match arg {
                    Arg::Task(task) => {
                        count(task);
                        rest.push(task.args());
                    }
                    Arg::List(items) => rest.push(items),
                    Arg::Key(_) | Arg::Value(_) => {}
                }
            }
        }
        self.producers.push((id, nbytes));
    }

    /// Ends the node: its last use of each dependency is marked, and the distinct ones are listed.
    fn end(&mut self, id: u32) -> Option<()> {
        self.seen_by.resize(self.homes.len(), 0);
        for word in self.code.open_row().iter_mut().rev() {
            let Some(dependency) = node_of(*word) else { continue };
            let seen = &mut self.seen_by[dependency as usize];
            if *seen != id + 1 {
                *seen = id + 1;
                *word = code::last(dependency);
            }
        }
        // Listed as they stand in the task, first to last.
        self.dependencies.items_mut().extend(code::dependencies(self.code.open_row()));
        self.dependencies.end_row()?;
        self.code.end_row()
    }
}

/// Writes a node that a layer was asked for.
struct Writer<'d, 'a> {
    draft: &'d mut Draft<'a>,
    id: u32,
    has_producer: bool,
}

impl Assembler for Writer<'_, '_> {
    type Error = PlanError;

    fn key(&mut self, key: &Key) -> Result<u32, PlanError> {
        self.draft.meet(key, Some(self.id))
    }

    fn literal(&mut self, value: &Value) -> Result<u32, PlanError> {
        // One literal given to many blocks is one entry.
        let literals = &self.draft.literals;
        if literals.last().is_none_or(|last| !last.ptr_eq(value)) {
            return self.draft.add_literal(value);
        }
        Ok(literals.len() as u32 - 1)
    }

    fn op(&mut self, task: &Task) -> Result<u32, PlanError> {
        // Tasks of one layer share their op.
        let op = match self.draft.ops.last() {
            Some(last) if Arc::ptr_eq(last, task.op()) => self.draft.ops.len() as u32 - 1,
            _ => self.draft.add_op(task.op())?,
        };
        self.has_producer |= self.draft.is_producer[op as usize];
        Ok(op)
    }

    fn step(&mut self, step: Step) -> Result<(), PlanError> {
        step.write(self.draft.code.items_mut()).ok_or(PlanError::TooLarge)
    }
}

/// The number of the last of so many.
fn number_below(bound: u32, n: usize) -> Result<u32, PlanError> {
    u32::try_from(n - 1).ok().filter(|&number| number < bound).ok_or(PlanError::TooLarge)
}

#[inline]
fn hash(key: &Key) -> u64 {
    FxBuildHasher.hash_one(key)
}
