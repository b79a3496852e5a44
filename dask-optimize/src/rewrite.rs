//! Rewrite rules: tasks that look like a pattern become other tasks.
//!
//! A *term* is an [`Arg`]: a key, a literal, a task or a list. A [`Pattern`] is a term with variables, a
//! [`RewriteRule`] says what becomes of the terms that a pattern matches, and a [`RuleSet`] finds the rules that
//! match a term. This is `dask.rewrite` on typed terms.
//!
//! Matching compares what things are, not what they compute:
//!
//! - keys are the same when they are equal;
//! - ops that say that they have no state ([`Op::is_stateless`](dask_graph::Op::is_stateless): functions,
//!   and closures that capture nothing) are the same when they are of one type, that is, made of one function;
//!   all others only when they are one object;
//! - literals in a pattern match literals of their type with the same [token](dask_graph::Tokenize): `1_i64` is
//!   not `1_i32`, and `0.0` is not `-0.0`;
//! - a variable matches any term. Where it stands again, the term must be the same; there, literals of types
//!   other than numbers and text are the same only when they are one object;
//! - tasks and lists have as many arguments in the term as in the pattern.
//!
//! Tasks that are the same are taken to compute the same: a rule that repeats a variable is not for functions
//! that give something else with each call.
//!
//! Nothing here recurses on the depth of terms or patterns.

mod literal;
mod matches;
mod net;
mod pattern;
mod rule;
mod set;

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Graph, Key, Layer, Materialized, Node};

pub use matches::{Match, Matches};
pub use pattern::Pattern;
pub use rule::{RewriteRule, RuleError};
pub use set::RuleSet;

/// Which terms rules are applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// To every term once, arguments before the task or list that holds them. What a rule makes is not
    /// rewritten again.
    #[default]
    BottomUp,
    /// To the whole term only, not to its arguments.
    TopLevel,
}

/// Rewrites the task under every key.
///
/// Keys stay what they are, and fused tasks go on standing for the keys that they stood for. Layers in which no
/// rule applies stay too; the others hold their tasks in a map afterwards.
///
/// # Complexity
///
/// Time O(terms in all layers), for rules of bounded size; see [`RuleSet::iter_matches`].
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, Node, graph};
/// use dask_optimize::{RewriteRule, RuleSet, Strategy, pattern, rewrite};
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
/// fn double(a: i64) -> i64 {
///     2 * a
/// }
///
/// let rules = RuleSet::from_iter([
///     RewriteRule::new(pattern!(add(?a, 0_i64)), pattern!(?a))?,
///     RewriteRule::new(pattern!(add(?a, ?a)), pattern!(double(?a)))?,
/// ]);
/// let graph = graph! {
///     "x" => 20_i64,
///     "y" => add(add(@"x", 0_i64), @"x"),
/// };
/// let rewritten = rewrite(&graph, &rules, Strategy::BottomUp);
/// let Some(Node::Task(y)) = rewritten.node(&Key::named("y")) else { panic!("a task") };
/// assert_eq!(format!("{y:?}"), "double[x]");
/// # Ok::<(), dask_optimize::RuleError>(())
/// ```
pub fn rewrite(graph: &Graph, rules: &RuleSet, strategy: Strategy) -> Graph {
    graph.map_layers(|layer| rewrite_layer(&**layer, rules, strategy))
}

/// The layer with its tasks rewritten; `None` when no rule applies.
fn rewrite_layer(layer: &dyn Layer, rules: &RuleSet, strategy: Strategy) -> Option<Arc<dyn Layer>> {
    let mut new: Option<Materialized> = None;
    for (n, (key, node)) in nodes(layer).enumerate() {
        let node = rules.rewrite_node(&node, strategy);
        if new.is_none() && matches!(node, Cow::Owned(_)) {
            new = Some(first_nodes(layer, n));
        }
        if let Some(new) = &mut new {
            new.insert(key, node.into_owned());
        }
    }
    let mut new = new?;
    if let Some(map) = layer.as_materialized() {
        for key in map.keys() {
            if let Some(keys) = map.stands_for(&key) {
                new.set_stands_for(&key, keys);
            }
        }
    }
    Some(Arc::new(new))
}

/// The first `n` nodes as they are, with room for all.
fn first_nodes(layer: &dyn Layer, n: usize) -> Materialized {
    let mut new = Materialized::with_info(layer.name(), layer.info().clone());
    new.reserve(layer.len());
    for (key, node) in nodes(layer).take(n) {
        new.insert(key, node);
    }
    new
}

/// The keys and nodes, in the same order each time.
fn nodes(layer: &dyn Layer) -> Box<dyn Iterator<Item = (Key, Node)> + '_> {
    match layer.as_materialized() {
        // A walk through the map looks nothing up.
        Some(map) => Box::new(map.iter().map(|(key, node)| (key.clone(), node))),
        None => Box::new(layer.keys().filter_map(|key| layer.node(&key).map(|node| (key, node)))),
    }
}
