//! Random graphs over three layers: tasks, nested tasks, lists, aliases, data.

use std::sync::Arc;

use dask_graph::{
    Annotations, Arg, Graph, Key, LayerInfo, List, Materialized, Node, Op, Task, Value, named_op,
};
use proptest::prelude::*;
use proptest::sample::Index;

/// What stands under a key, or as an argument.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Key(Index),
    Literal(i64),
    List(Vec<Expr>),
    Call(usize, Vec<Expr>),
    /// So many of the other nodes at once: huge fan-in.
    Many(Index),
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        40 => any::<Index>().prop_map(Expr::Key),
        10 => (0..3_i64).prop_map(Expr::Literal),
        1 => any::<Index>().prop_map(Expr::Many),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let args = prop::collection::vec(inner, 1..4);
        prop_oneof![
            1 => args.clone().prop_map(Expr::List),
            5 => (0..N_OPS, args).prop_map(|(op, args)| Expr::Call(op, args)),
        ]
    })
}

/// A graph before its keys have names.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    nodes: Vec<(Expr, usize)>,
    wanted: Vec<Index>,
    /// Whether layers need lower layers only.
    is_layered: bool,
    /// Whether the second layer is to be run in another way.
    is_annotated: bool,
}

pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    drawn_up_to(24)
}

/// Graphs of so many nodes at most; those without nodes and those of which nothing is wanted are among them.
pub(crate) fn drawn_up_to(most: usize) -> impl Strategy<Value = Drawn> {
    let nodes = prop::collection::vec((expr(), 0..3_usize), 0..=most);
    let wanted = prop::collection::vec(any::<Index>(), 0..4);
    (nodes, wanted, any::<bool>(), any::<bool>()).prop_map(|(nodes, wanted, is_layered, is_annotated)| {
        Drawn { nodes, wanted, is_layered, is_annotated }
    })
}

/// Which graphs are made.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// Nodes refer to earlier ones.
    Sound,
    /// Few of their references go to any node, themselves too, or to such as there are none.
    Any,
}

impl Drawn {
    /// The graph and the wanted keys, whose names begin with `prefix` and sort after each other in the order of
    /// `names`.
    pub(crate) fn graph(&self, form: Form, prefix: &str, is_reversed: bool) -> (Graph, Vec<Key>) {
        let n = self.nodes.len();
        if n == 0 {
            let missing = (form == Form::Any).then(|| Key::named(format!("{prefix}missing")));
            return (Graph::new(), missing.into_iter().collect());
        }
        let layer = |at: usize| if self.is_layered { 3 * at / n } else { self.nodes[at].1 };
        let key = |at: usize| match layer(at.min(n - 1)) {
            // The third layer is hand-written and holds keys of any name.
            2 => Key::new(format!("{prefix}{}", (at * 7) % 10), &[at as u32]),
            layer => Key::new(format!("{prefix}layer{layer}"), &[at as u32]),
        };
        let ops = ops();
        let mut layers = [0, 1, 2].map(|layer| {
            let mut info = LayerInfo::default();
            if layer == 1 && self.is_annotated {
                info = info.with_annotations(Annotations { retries: 1, ..Annotations::default() });
            }
            Materialized::with_info(format!("{prefix}layer{layer}"), info)
        });
        let mut order: Vec<usize> = (0..n).collect();
        if is_reversed {
            order.reverse();
        }
        for at in order {
            let earlier = |index: &Index| (at > 0).then(|| key(index.index(at)));
            // Of graphs of 24 nodes a quarter have no plan, of those of 600 more than half.
            let refer = |index: &Index| match index.index(100) {
                0..2 if form == Form::Any => Some(key(n)),
                2..10 if form == Form::Any => Some(key(index.index(n))),
                _ => earlier(index),
            };
            let many =
                |index: &Index| (0..at).rev().take(index.index(n)).map(|at| Arg::Key(key(at))).collect();
            layers[layer(at)].insert(key(at), Node::from(arg(&self.nodes[at].0, &ops, &refer, &many)));
        }
        let wanted = self.wanted.iter().map(|index| key(index.index(n))).collect();
        (Graph::merge(&layers.map(Graph::from_layer)), wanted)
    }
}

fn arg(
    expr: &Expr,
    ops: &[Arc<dyn Op>; N_OPS],
    refer: &dyn Fn(&Index) -> Option<Key>,
    many: &dyn Fn(&Index) -> Vec<Arg>,
) -> Arg {
    let all = |args: &[Expr]| args.iter().map(|of| arg(of, ops, refer, many)).collect::<Vec<_>>();
    match expr {
        Expr::Key(index) => refer(index).map_or_else(|| Arg::value(0_i64), Arg::Key),
        Expr::Literal(number) => Arg::value(*number),
        Expr::List(items) => Arg::list(all(items)),
        Expr::Call(op, args) => Task::new(ops[*op].clone(), [Arg::list(all(args))]).into(),
        Expr::Many(index) => Arg::list(many(index)),
    }
}

pub(crate) const N_OPS: usize = 3;

/// Ops on a list of anything; the last has state, so it is only itself.
pub(crate) fn ops() -> [Arc<dyn Op>; N_OPS] {
    let factor = 7_i64;
    [
        named_op("plus", |list: Value| flat(&list)),
        named_op("minus", |list: Value| flat(&list).wrapping_neg()),
        named_op("times", move |list: Value| flat(&list).wrapping_mul(factor)),
    ]
}

/// A number that tells values apart, lists by their form too.
pub(crate) fn flat(value: &Value) -> i64 {
    match value.downcast_ref::<List>() {
        Some(list) => list.iter().fold(11, |sum: i64, item| sum.wrapping_mul(31).wrapping_add(flat(item))),
        None => *value.get().unwrap_or_else(|error| panic!("{error}")),
    }
}
