//! Plans: what a scheduler runs.
//!
//! A plan is the needed part of a graph in dense form. Its nodes are numbered by the static order: node 0 is
//! the one to start first, and every node comes after its dependencies. So a scheduler with one worker runs
//! the nodes from first to last, and one with many compares two numbers to choose.
//!
//! For `z = add(x, inc(y))` with data `x`, `y` and `z` wanted:
//!
//! ```text
//! keys          x          y          z
//! code          [lit 0]    [lit 1]    [last 0, last 1, call inc 1, call add 2]
//! dependents    [2]        [2]        []
//! wanted                              *
//! ```

mod csr;
mod dot;
mod error;
mod execute;
mod lower;
mod order;
mod petgraph;
mod pressure;
mod size;

use std::fmt;
use std::mem::replace;
use std::sync::Arc;

use crate::code::{self, Step, steps};
use crate::key::{Key, Name};
use crate::layer::LayerInfo;
use crate::op::Op;
use crate::pack::PackedOp;
use crate::scheduler::{RunError, StaysError};
use crate::tasks::{Keys, StandsFor};
use crate::value::Value;

pub(crate) use csr::Csr;

pub use dot::Dot;
pub use error::PlanError;
pub use execute::{Code, CodeError, Inputs, Scratch, TaskError};
pub use pressure::Pressure;

pub(crate) use lower::{lower, tasks};

/// The number of a node in a [`Plan`]: its place in the static order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The number as an index into arrays of the plan's length.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What a scheduler runs: the needed part of a graph for the wanted keys, in dense form.
///
/// Made by [`Graph::lower`](crate::Graph::lower).
pub struct Plan {
    keys: Keys,
    /// What each node does, as code for a stack machine; one row a node.
    code: Csr<u32>,
    /// Nodes that depend on each node.
    dependents: Csr<NodeId>,
    ops: Vec<Arc<dyn Op>>,
    literals: Vec<Value>,
    /// Per node: the layer it comes from.
    layer_of: Vec<u32>,
    layers: Vec<PlanLayer>,
    /// Per node: whether it was asked for.
    wanted: Vec<bool>,
    /// The nodes that were asked for, in that order.
    outputs: Vec<NodeId>,
    /// Per node, if any node has one: the expected size of what a producer makes.
    producers: Option<Vec<Option<u64>>>,
    /// The keys that fused nodes stand for.
    stands_for: StandsFor,
    n_tasks: usize,
    /// Whether any layer is annotated with retries: if not, running a node need not look up its layer.
    has_retries: bool,
}

/// A layer as a plan remembers it.
#[derive(Debug, Clone)]
pub struct PlanLayer {
    /// The layer's name.
    pub name: Name,
    /// Where it was written and how it is to be run.
    pub info: LayerInfo,
}

impl Plan {
    /// The number of nodes: tasks, aliases and data.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.keys.len() == 0
    }

    /// The number of nodes that do work, data and aliases aside: what progress counts.
    pub fn n_tasks(&self) -> usize {
        self.n_tasks
    }

    /// All nodes, in static order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.keys.len() as u32).map(NodeId)
    }

    /// The key of a node.
    pub fn key(&self, node: NodeId) -> &Key {
        self.keys.get(node.0)
    }

    /// The distinct nodes whose results the node takes.
    pub fn dependencies(&self, node: NodeId) -> impl Iterator<Item = NodeId> + Clone + use<'_> {
        code::dependencies(self.code.row(node.index())).map(NodeId)
    }

    /// The number of dependencies of all nodes together.
    pub fn n_dependencies(&self) -> usize {
        self.dependents.n_items()
    }

    /// The nodes that take the node's result, in static order.
    pub fn dependents(&self, node: NodeId) -> &[NodeId] {
        self.dependents.row(node.index())
    }

    /// The nodes that were asked for, in the order of the request.
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// How often the node's result is taken: once by each dependent, and once if it was asked for.
    pub fn uses(&self, node: NodeId) -> u32 {
        self.dependents(node).len() as u32 + u32::from(self.wanted[node.index()])
    }

    /// Whether the node does work: data and aliases do not.
    pub fn is_task(&self, node: NodeId) -> bool {
        code::does_work(self.code.row(node.index()))
    }

    /// Whether the node is data, which is the plan's own whatever a run does with it.
    pub fn is_data(&self, node: NodeId) -> bool {
        matches!(steps(self.code.row(node.index())).last(), Some(Step::Literal(_)))
    }

    /// What the node does, for people: the name of its outermost op.
    pub fn op_name(&self, node: NodeId) -> String {
        match steps(self.code.row(node.index())).last() {
            Some(Step::Call { op, .. }) => self.ops[op as usize].name().into_owned(),
            Some(Step::List(_)) => "list".to_owned(),
            Some(Step::Last(_) | Step::Again(_)) => "alias".to_owned(),
            Some(Step::Literal(_)) | None => "data".to_owned(),
        }
    }

    /// The words of what the node does, which [`Code`] runs: for those who send it somewhere else.
    pub fn code(&self, node: NodeId) -> &[u32] {
        self.code.row(node.index())
    }

    /// What the node does, step by step.
    pub fn steps(&self, node: NodeId) -> impl Iterator<Item = Step> + Clone + use<'_> {
        steps(self.code.row(node.index()))
    }

    /// The op of this number in the code of nodes.
    ///
    /// # Panics
    ///
    /// If no node has it.
    pub fn op(&self, number: u32) -> &Arc<dyn Op> {
        &self.ops[number as usize]
    }

    /// Whether the node has to run in the process that started the run ([`Op::is_at_home`]).
    pub fn is_at_home(&self, node: NodeId) -> bool {
        self.steps(node).any(|step| matches!(step, Step::Call { op, .. } if self.op(op).is_at_home()))
    }

    /// Checks that other processes could run the plan: that all ops but those that stay at home can be packed,
    /// and all literals leave the process.
    ///
    /// # Errors
    ///
    /// - [`RunError::Stays`] for the first node of which that is not true.
    pub fn check_portable(&self) -> Result<(), RunError> {
        let (mut ops, mut literals) = (vec![false; self.ops.len()], vec![false; self.literals.len()]);
        for node in self.nodes() {
            for step in self.steps(node) {
                match step {
                    Step::Call { op, .. }
                        if !replace(&mut ops[op as usize], true) && !self.op(op).is_at_home() =>
                    {
                        PackedOp::of(&**self.op(op))
                            .map_err(|refused| RunError::stays(self, node, refused))?;
                    }
                    Step::Literal(at) if !replace(&mut literals[at as usize], true) => {
                        let value = self.literal(at);
                        let blob = value
                            .to_blob()
                            .ok_or_else(|| RunError::stays(self, node, StaysError::value(value)))?;
                        blob.map_err(|error| RunError::stays(self, node, error))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The number of ops.
    pub fn n_ops(&self) -> usize {
        self.ops.len()
    }

    /// The literal of this number in the code of nodes.
    ///
    /// # Panics
    ///
    /// If no node has it.
    pub fn literal(&self, number: u32) -> &Value {
        &self.literals[number as usize]
    }

    /// The layer that the node comes from.
    pub fn layer(&self, node: NodeId) -> &PlanLayer {
        &self.layers[self.layer_of[node.index()] as usize]
    }

    /// The work that a fused node stands for, for people, in the order in which it is done: keys where tasks
    /// were fused, labels of operations where layers were; empty for a node that is itself alone.
    pub fn stands_for(&self, node: NodeId) -> Vec<String> {
        match self.stands_for.get(node.0) {
            Some(keys) => keys.map(Key::to_string).collect(),
            None => self.layer(node).info.stands_for.iter().map(|name| name.label().to_owned()).collect(),
        }
    }

    /// Whether the node brings data into being, and how many bytes it is expected to make: `None` for nodes
    /// that do not, `Some(0)` when the size is unknown.
    pub fn producer_nbytes(&self, node: NodeId) -> Option<u64> {
        self.producers.as_ref().and_then(|producers| producers[node.index()])
    }

    /// Whether any node brings data into being.
    pub fn has_producers(&self) -> bool {
        self.producers.is_some()
    }

    /// The bytes that the plan itself takes; values, and keys that it shares with graphs, aside.
    pub fn nbytes(&self) -> usize {
        self.keys.nbytes()
            + self.code.nbytes()
            + self.dependents.nbytes()
            + size_of_val(&self.ops[..])
            + size_of_val(&self.literals[..])
            + size_of_val(&self.layer_of[..])
            + size_of_val(&self.wanted[..])
            + size_of_val(&self.outputs[..])
            + self.producers.as_ref().map_or(0, |p| size_of_val(&p[..]))
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.nodes().map(|node| {
                let dependencies: Vec<NodeId> = self.dependencies(node).collect();
                (self.key(node), (self.op_name(node), dependencies))
            }))
            .finish()
    }
}
