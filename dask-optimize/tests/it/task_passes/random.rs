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
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        4 => any::<Index>().prop_map(Expr::Key),
        1 => (0..3_i64).prop_map(Expr::Literal),
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
    let nodes = prop::collection::vec((expr(), 0..3_usize), 1..25);
    let wanted = prop::collection::vec(any::<Index>(), 1..4);
    (nodes, wanted, any::<bool>(), any::<bool>()).prop_map(|(nodes, wanted, is_layered, is_annotated)| {
        Drawn { nodes, wanted, is_layered, is_annotated }
    })
}

/// Which graphs are made.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// Nodes refer to earlier ones.
    Sound,
    /// Nodes refer to any, also to such as there are none.
    Any,
}

impl Drawn {
    /// The graph and the wanted keys, whose names begin with `prefix` and sort after each other in the order of
    /// `names`.
    pub(crate) fn graph(&self, form: Form, prefix: &str, is_reversed: bool) -> (Graph, Vec<Key>) {
        let n = self.nodes.len();
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
            let refer = |index: &Index| match form {
                Form::Sound if at == 0 => None,
                Form::Sound => Some(key(index.index(at))),
                // Few are missing, or no graph would be without.
                Form::Any if index.index(97) == 0 => Some(key(n)),
                Form::Any => Some(key(index.index(n))),
            };
            layers[layer(at)].insert(key(at), Node::from(arg(&self.nodes[at].0, &ops, &refer)));
        }
        let wanted = self.wanted.iter().map(|index| key(index.index(n))).collect();
        (Graph::merge(&layers.map(Graph::from_layer)), wanted)
    }
}

fn arg(expr: &Expr, ops: &[Arc<dyn Op>; N_OPS], refer: &dyn Fn(&Index) -> Option<Key>) -> Arg {
    match expr {
        Expr::Key(index) => refer(index).map_or_else(|| Arg::value(0_i64), Arg::Key),
        Expr::Literal(number) => Arg::value(*number),
        Expr::List(items) => Arg::list(items.iter().map(|item| arg(item, ops, refer))),
        Expr::Call(op, args) => {
            Task::new(ops[*op].clone(), [Arg::list(args.iter().map(|of| arg(of, ops, refer)))]).into()
        }
    }
}

const N_OPS: usize = 3;

/// Ops on a list of anything; the last has state, so it is only itself.
fn ops() -> [Arc<dyn Op>; N_OPS] {
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
