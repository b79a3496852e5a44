//! Push-down: how far layers move, what stays, and that results stay the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dask_graph::{
    Annotations, Axis, Blockwise, Graph, Key, Layer, LayerInfo, Name, Node, Op, RunOptions, Scheduler, Value,
    named_op,
};
use dask_optimize::{fuse_layers, push_down};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::row::Row;

const I: Axis = Axis(0);

/// Counts the blocks that are made.
#[derive(Clone, Default)]
struct Made(Arc<AtomicUsize>);

impl Made {
    fn add(&self) -> Arc<dyn Op> {
        let made = self.0.clone();
        named_op("add", move |a: i64, b: i64| {
            made.fetch_add(1, Ordering::Relaxed);
            3_i64.wrapping_mul(a).wrapping_add(b)
        })
    }

    /// The values of these keys and the number of blocks made for them.
    fn values(&self, graph: &Graph, keys: &[Key]) -> (Vec<i64>, usize) {
        let plan = graph.lower(keys).expect("a plan");
        let values = Sync::new().run(&plan, &RunOptions::default()).expect("values");
        let values = values.iter().map(|value| *value.get::<i64>().expect("a number")).collect();
        (values, self.0.swap(0, Ordering::Relaxed))
    }
}

/// The first `n` numbers.
fn source(name: &str, n: u32) -> Graph {
    let layer = Blockwise::builder(name, named_op("source", |i: u32| i64::from(i)), &[(I, n)])
        .per_block(&[(I, n)], |index| Value::new(index[0]));
    Graph::from_layer(layer.build().expect("axes fit"))
}

/// `3 a + b`; an operand of one block is broadcast.
fn add(made: &Made, name: &str, a: (&str, u32), b: (&str, u32), inputs: &[&Graph]) -> Graph {
    let n = a.1.max(b.1);
    let layer =
        Blockwise::builder(name, made.add(), &[(I, n)]).blocks(a.0, &[(I, a.1)]).blocks(b.0, &[(I, b.1)]);
    Graph::with_inputs(layer.build().expect("axes fit"), inputs.iter().copied())
}

fn row(name: &str, parts: &[(&str, u32, u32)], inputs: &[&Graph]) -> Graph {
    let parts = parts.iter().map(|&(name, start, n)| (name.into(), start, n)).collect();
    Graph::with_inputs(Row { name: name.into(), parts, info: LayerInfo::here() }, inputs.iter().copied())
}

fn keys_of(graph: &Graph, wanted: &[&str]) -> Vec<Key> {
    let layer = |name: &&str| graph.layer(&Name::from(*name)).expect("the layer");
    wanted.iter().flat_map(|name| layer(name).keys().collect::<Vec<_>>()).collect()
}

fn labels(graph: &Graph) -> Vec<String> {
    let mut labels: Vec<_> = graph.layers().iter().map(|layer| layer.name().label().to_owned()).collect();
    labels.sort();
    labels
}

/// Pushes, compares values, and compares the labels of the layers that there are then.
#[track_caller]
fn check(graph: &Graph, wanted: &[&str], left: &[&str]) -> Graph {
    let keys = keys_of(graph, wanted);
    let pushed = push_down(graph, &keys).expect("a graph");
    let made = Made::default();
    assert_eq!(made.values(&pushed, &keys).0, made.values(graph, &keys).0);
    assert_eq!(labels(&pushed), left);
    assert_eq!(labels(&push_down(&pushed, &keys).expect("a graph")), left);
    pushed
}

#[test]
fn a_strangers_layer_moves_down_to_the_source_and_is_fused() {
    let made = Made::default();
    let (x, one) = (source("x", 1 << 20), source("one", 1));
    let y = add(&made, "y", ("x", 1 << 20), ("one", 1), &[&x, &one]);
    let z = row("z", &[("y", 1000, 5)], &[&y]);
    // `row` is what became of `x`.
    let pushed = check(&z, &["z"], &["one", "row", "z"]);
    let top = pushed.layer(&"z".into()).expect("the layer");
    assert_eq!(top.operations(), ["y", "z"].map(Name::from));
    assert_eq!(top.info().location, z.layer(&"z".into()).expect("the layer").info().location);
    let fused = fuse_layers(&pushed, &keys_of(&z, &["z"])).expect("a graph");
    assert_eq!(labels(&fused), ["one", "z"]);
    // Each operation once, in order: the part is taken of `x` now.
    assert_eq!(fused.layer(&"z".into()).expect("the layer").operations(), ["x", "z", "y"].map(Name::from));
}

#[test]
fn what_was_asked_for_or_is_used_twice_stays_whole() {
    let made = Made::default();
    let x = source("x", 9);
    let y = add(&made, "y", ("x", 9), ("x", 9), &[&x]);
    let z = row("z", &[("y", 2, 5)], &[&y]);
    let w = row("w", &[("y", 1, 3)], &[&y]);
    check(&z, &["y", "z"], &["x", "y", "z"]);
    check(&Graph::merge([&z, &w]), &["z", "w"], &["w", "x", "y", "z"]);
    // Nobody needs `w`; both arguments of `y` are parts of `x`, which stays whole.
    check(&Graph::merge([&z, &w]), &["z"], &["row", "row", "x", "z"]);
}

#[test]
fn other_annotations_stay_apart() {
    let made = Made::default();
    let x = source("x", 9);
    let y = add(&made, "y", ("x", 9), ("x", 9), &[&x]);
    let z = row("z", &[("y", 2, 5)], &[&y]);
    let retries = Annotations { retries: 2, ..Annotations::default() };
    let annotated = z.relabel(&["y".into()], |info| info.clone().with_annotations(retries.clone()));
    check(&annotated, &["z"], &["x", "y", "z"]);
}

#[test]
fn what_a_move_leaves_to_one_consumer_is_moved_into_too() {
    let made = Made::default();
    let (a, b) = (source("a", 4), source("b", 4));
    let y = add(&made, "y", ("a", 4), ("a", 4), &[&a]);
    let joined = row("joined", &[("y", 0, 4), ("b", 0, 4)], &[&y, &b]);
    // Of `joined`, only blocks of `b` are taken; then `last` alone takes blocks of `y`, which was visited first.
    let part = row("part", &[("joined", 5, 2)], &[&joined]);
    let last = row("last", &[("y", 1, 2)], &[&y]);
    let graph = Graph::merge([&part, &last]);
    let pushed = check(&graph, &["part", "last"], &["a", "last", "part", "row", "row"]);
    let keys = keys_of(&graph, &["part", "last"]);
    assert!(pushed.lower(&keys).expect("a plan").len() <= graph.lower(&keys).expect("a plan").len());
}

/// A layer whose way of moving is wrong.
struct Wrong {
    row: Row,
    become_: fn(&Row) -> Vec<Arc<dyn Layer>>,
}

impl Layer for Wrong {
    fn name(&self) -> &Name {
        self.row.name()
    }

    fn len(&self) -> usize {
        self.row.len()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        self.row.node(key)
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        self.row.keys()
    }

    fn inputs(&self) -> Vec<Name> {
        self.row.inputs()
    }

    fn info(&self) -> &LayerInfo {
        self.row.info()
    }

    fn push_into(&self, _: &dyn Layer) -> Option<Vec<Arc<dyn Layer>>> {
        Some((self.become_)(&self.row))
    }
}

#[test]
fn layers_that_break_their_promise_stay_where_they_are() {
    fn row_over(name: &str, input: &str, n: u32) -> Arc<dyn Layer> {
        Arc::new(Row { name: name.into(), parts: vec![(input.into(), 0, n)], info: LayerInfo::default() })
    }
    let moves: [fn(&Row) -> Vec<Arc<dyn Layer>>; 7] = [
        |_| vec![],
        // Over the producer still: it would be asked forever.
        |_| vec![row_over("z", "y", 2)],
        // Over its consumer, over a stranger, over itself.
        |_| vec![row_over("z", "top", 2)],
        |_| vec![row_over("z", "elsewhere", 2)],
        |_| vec![row_over("z", "z", 2)],
        // Under another name, with other keys.
        |_| vec![row_over("other", "x", 2)],
        |_| vec![row_over("z", "x", 3)],
    ];
    let made = Made::default();
    let x = source("x", 4);
    let y = add(&made, "y", ("x", 4), ("x", 4), &[&x]);
    for become_ in moves {
        let parts = vec![("y".into(), 0, 2)];
        let wrong = Wrong { row: Row { name: "z".into(), parts, info: LayerInfo::here() }, become_ };
        let z = Graph::with_inputs(wrong, [&y]);
        let top = add(&made, "top", ("z", 2), ("z", 2), &[&z]);
        check(&top, &["top"], &["top", "x", "y", "z"]);
    }
}

proptest! {
    // Random graphs of sums and rows over each other.
    #[test]
    fn values_names_and_work_are_kept(
        n in 1_u32..6,
        steps in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>(), 0.0..1.0, 0.0..1.0), 1..12),
        wanted in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let made = Made::default();
        let mut all: Vec<(String, u32, Graph)> = vec![("n0".to_owned(), n, source("n0", n))];
        for (at, &(a, b, is_row, from, to)) in steps.iter().enumerate() {
            let name = format!("n{}", at + 1);
            let ((a, n, a_graph), (b, m, b_graph)) = (a.get(&all), b.get(&all));
            let graphs = [a_graph, b_graph];
            let graph = if is_row {
                let start = (f64::from(*n) * from) as u32;
                let len = 1 + (f64::from(n - start - 1) * to) as u32;
                (len + m, row(&name, &[(a, start, len), (b, 0, *m)], &graphs))
            } else if n == m || *n == 1 || *m == 1 {
                (*n.max(m), add(&made, &name, (a, *n), (b, *m), &graphs))
            } else {
                let len = 1 + (f64::from(n - 1) * to) as u32;
                (len, row(&name, &[(a, n - len, len)], &graphs))
            };
            all.push((name, graph.0, graph.1));
        }
        let graph = Graph::merge(all.iter().map(|(_, _, graph)| graph));
        let wanted: Vec<&str> = wanted.iter().map(|at| at.get(&all).0.as_str()).collect();
        let keys = keys_of(&graph, &wanted);
        let pushed = push_down(&graph, &keys).expect("a graph");
        let ((values, work), (pushed_values, pushed_work)) = (made.values(&graph, &keys), made.values(&pushed, &keys));
        prop_assert_eq!(values, pushed_values);
        prop_assert!(pushed_work <= work, "{} blocks were made, now {}", work, pushed_work);
        prop_assert_eq!(labels(&push_down(&pushed, &keys).expect("a graph")), labels(&pushed));
        // In every order of inputs first, layers find what they take.
        let mut seen: Vec<&Name> = Vec::new();
        let layers = pushed.layers();
        for layer in &layers {
            prop_assert!(layer.inputs().iter().all(|input| seen.contains(&input)));
            seen.push(layer.name());
        }
    }
}
