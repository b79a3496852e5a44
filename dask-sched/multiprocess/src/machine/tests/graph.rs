//! Plans to be thought about, not to be run.

use dask_graph::{Arg, Args, Graph, Key, Materialized, Node, Op, OpError, Plan, Task, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// One node of a graph.
pub(super) struct Made {
    pub(super) key: Key,
    pub(super) what: What,
    /// The keys of its inputs.
    pub(super) inputs: Vec<Key>,
    pub(super) is_wanted: bool,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Data,
    /// Of its first input.
    Alias,
    Task,
    /// A task that stays in the process of the driver.
    Home,
    /// A task that makes so many bytes out of nothing, as far as it says; 0 for one that does not.
    Producer(u64),
}

/// The plan for the wanted ones of these nodes.
pub(super) fn plan(nodes: &[Made]) -> Plan {
    let mut layer = Materialized::new("t");
    for made in nodes {
        layer.insert(made.key.clone(), node(made));
    }
    let wanted: Vec<Key> = nodes.iter().filter(|made| made.is_wanted).map(|made| made.key.clone()).collect();
    Graph::from_layer(layer).lower(&wanted).unwrap_or_else(|error| panic!("a graph for a test: {error}"))
}

fn node(made: &Made) -> Node {
    match made.what {
        What::Data => Node::data(0_u64),
        What::Alias => Node::Alias(made.inputs[0].clone()),
        what => Task::new(Arc::new(Pretended(what)), made.inputs.iter().cloned().map(Arg::Key)).into(),
    }
}

/// An op that nobody calls.
struct Pretended(What);

impl Op for Pretended {
    fn name(&self) -> Cow<'_, str> {
        "pretended".into()
    }
    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        unreachable!("plans of these tests are not run")
    }
    fn is_producer(&self) -> bool {
        matches!(self.0, What::Producer(_))
    }
    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        match self.0 {
            What::Producer(nbytes) => Some(nbytes).filter(|&nbytes| nbytes > 0),
            _ => None,
        }
    }
    fn is_at_home(&self) -> bool {
        self.0 == What::Home
    }
}
