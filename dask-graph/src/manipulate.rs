//! Surgery on collections: computing again instead of keeping, and order between collections.
//!
//! The counterparts of dask's `graph_manipulation`.

use std::sync::Arc;

use crate::collection::{Collections, merged};
use crate::delayed::Delayed;
use crate::function::named_op;
use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::layer::{Layer, LayerInfo, Materialized};
use crate::op::Op;
use crate::task::{Arg, Node, Task};
use crate::token::{Token, Tokenizer};
use crate::value::{List, Value};

/// A promise that is kept when all of `collections` are computed; its value is nothing.
#[track_caller]
pub fn checkpoint<C: Collections>(collections: &C) -> Delayed<()> {
    let (graph, keys) = merged(collections);
    let token = Tokenizer::new("checkpoint").feed(&keys).finish();
    let name = Name::from_token("checkpoint", token);
    let mut layer = Materialized::with_info(name.clone(), LayerInfo::here());
    // Each result is let go of at once: only empty values meet in the last task.
    let forget = named_op("forget", |_: Value| ());
    let done = keys.into_iter().enumerate().map(|(n, key)| {
        let part = Key::new(&name, &[n as u32]);
        layer.insert(part.clone(), Task::new(forget.clone(), [Arg::Key(key)]));
        part
    });
    let done = Arg::list(done.collect::<Vec<_>>());
    layer.insert(Key::named(&name), Task::new(named_op("checkpoint", |_: &List| ()), [done]));
    Delayed::from_key(Graph::with_inputs(layer, [&graph]), name)
}

/// The same collections under names of their own, so that computing them beside the originals does the work
/// again instead of keeping results.
///
/// ```
/// use dask_graph::{Collection, Delayed, clone};
///
/// let x = Delayed::value(1_i64).map(|x: &i64| x + 1);
/// let again = clone(&x);
/// assert_ne!(x.key(), again.key());
/// ```
pub fn clone<C: Collections>(collections: &C) -> C {
    let (graph, _) = merged(collections);
    let renaming = Renaming::new();
    let graph = renaming.graph(&graph, None);
    collections.rebuild_all(&graph, &|name| renaming.name(name))
}

/// `children`, whose first tasks wait until all of `parents` are computed.
#[track_caller]
pub fn bind<C: Collections, P: Collections>(children: &C, parents: &P) -> C {
    let parents = checkpoint(parents);
    let (graph, _) = merged(children);
    let renaming = Renaming::new();
    let graph = renaming.graph(&graph, Some(parents.key()));
    let graph = Graph::merge([&graph, crate::Collection::graph(&parents)]);
    children.rebuild_all(&graph, &|name| renaming.name(name))
}

/// The same collections, none of whose results can be used before all of them are computed.
#[track_caller]
pub fn wait_on<C: Collections>(collections: &C) -> C {
    let all = checkpoint(collections);
    let (_, keys) = merged(collections);
    let renaming = Renaming::new();
    let name = Name::from_token("wait_on", renaming.0);
    let mut layer = Materialized::with_info(name, LayerInfo::here());
    let op = after();
    for key in keys {
        let new = Key::new(renaming.name(key.name()), key.index());
        layer.insert(new, Task::new(op.clone(), [Arg::from(all.key()), Arg::Key(key)]));
    }
    let graph = Graph::with_inputs(layer, [crate::Collection::graph(&all)]);
    collections.rebuild_all(&graph, &|name| renaming.name(name))
}

/// The op that waits for its first argument and gives its second.
fn after() -> Arc<dyn Op> {
    /// Hands the value on as it is, whatever its type.
    struct After;

    impl Op for After {
        fn name(&self) -> std::borrow::Cow<'_, str> {
            "after".into()
        }

        fn call(&self, mut args: crate::op::Args<'_>) -> Result<Value, crate::op::OpError> {
            args.take_value(1)
        }
    }
    Arc::new(After)
}

/// New names for all layers of a graph.
#[derive(Clone, Copy)]
struct Renaming(Token);

impl Renaming {
    fn new() -> Self {
        Self(Token::unique())
    }

    fn name(&self, name: &Name) -> Name {
        let token = Tokenizer::new("clone").feed(&self.0).feed(name).finish();
        Name::from_token(name.label(), token)
    }

    fn key(&self, key: &Key) -> Key {
        Key::new(self.name(key.name()), key.index())
    }

    /// The graph with every layer renamed; with `gate`, tasks that need nothing wait for that key.
    fn graph(self, graph: &Graph, gate: Option<&Key>) -> Graph {
        graph.map_layers(|layer| {
            Some(Arc::new(Renamed {
                name: self.name(layer.name()),
                // Keys are translated back to ask the layer: names are hashes, so a table says what was what.
                names: names_of(layer).into_iter().map(|name| (self.name(&name), name)).collect(),
                inner: layer.clone(),
                renaming: self,
                gate: gate.cloned(),
            }))
        })
    }
}

fn names_of(layer: &Arc<dyn Layer>) -> Vec<Name> {
    if !layer.has_foreign_names() {
        return vec![layer.name().clone()];
    }
    let mut names: Vec<Name> = layer.keys().map(|key| key.name().clone()).collect();
    names.push(layer.name().clone());
    names.sort();
    names.dedup();
    names
}

/// A layer under another name, over layers under other names.
struct Renamed {
    inner: Arc<dyn Layer>,
    name: Name,
    /// From new names to the inner layer's own.
    names: rustc_hash::FxHashMap<Name, Name>,
    renaming: Renaming,
    gate: Option<Key>,
}

impl Layer for Renamed {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let node = self.inner.node(&Key::new(self.names.get(key.name())?, key.index()))?;
        let renamed = node.subs(|key| Some(Arg::Key(self.renaming.key(key))));
        let mut needs_nothing = true;
        renamed.for_each_key(|_| needs_nothing = false);
        let Some(gate) = self.gate.as_ref().filter(|_| needs_nothing) else { return Some(renamed) };
        let inner = match renamed {
            Node::Task(task) => Arg::from(task),
            Node::Data(value) => Arg::Value(value),
            Node::List(items) => Arg::List(items),
            Node::Alias(key) => Arg::Key(key),
        };
        Some(Node::Task(Task::new(after(), [Arg::from(gate), inner])))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new(self.inner.keys().map(|key| self.renaming.key(&key)))
    }

    fn inputs(&self) -> Vec<Name> {
        let gate = self.gate.iter().map(|key| key.name().clone());
        self.inner.inputs().iter().map(|name| self.renaming.name(name)).chain(gate).collect()
    }

    fn info(&self) -> &LayerInfo {
        self.inner.info()
    }

    fn has_foreign_names(&self) -> bool {
        self.inner.has_foreign_names()
    }
}
