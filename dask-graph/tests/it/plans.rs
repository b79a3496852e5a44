//! Lowering: errors, size, depth, and the laws of plans.

use std::collections::BTreeMap;

use dask_graph::{
    Annotations, Arg, Axis, Blockwise, Graph, Key, Layer, LayerInfo, Materialized, Node, Op, PlanError,
    RunOptions, Scheduler, Task, Value, graph, op,
};
use proptest::prelude::*;

use super::golden::Naive;

fn inc(x: i64) -> i64 {
    x + 1
}

fn value_of(graph: &Graph, key: impl Into<Key>) -> i64 {
    let plan = graph.lower(&[key.into()]).expect("a plan");
    *Naive.run(&plan, &RunOptions::default()).expect("values")[0].get().expect("an i64")
}

#[test]
fn a_missing_key_is_named_with_the_task_that_wanted_it() {
    let graph = graph! { "y" => inc(@("x", 3)) };
    let error = graph.lower(&[Key::named("y")]).expect_err("`x` is missing");
    let text = error.to_string();
    assert!(
        text.starts_with("key ('x', 3) is not in the graph; it is an argument of y, written at "),
        "{text}"
    );
    assert!(text.contains("plans.rs"), "{text}");
    let error = graph.lower(&[Key::named("zz")]).expect_err("`zz` is missing");
    assert_eq!(error.to_string(), "key zz is not in the graph; it was asked for by the caller");
}

#[test]
fn a_cycle_is_listed() {
    let graph = graph! { "a" => inc(@"b"), "b" => inc(@"c"), "c" => inc(@"a"), "d" => inc(@"a") };
    let error = graph.lower(&[Key::named("d")]).expect_err("a cycle");
    let PlanError::Cycle { keys } = &error else { panic!("{error}") };
    assert_eq!(keys.len(), 3);
    assert!(error.to_string().starts_with("the graph has a cycle: "), "{error}");
    assert!(error.to_string().contains("a needs b needs c"), "{error}");
    let own = graph! { "a" => inc(@"a") }.lower(&[Key::named("a")]).expect_err("a cycle");
    assert_eq!(own.to_string(), "the graph has a cycle: a needs a");
}

#[test]
fn one_key_in_two_hand_written_layers_is_refused() {
    let both = Graph::merge([&graph! { "x" => 1_i64 }, &graph! { "x" => 2_i64 }]);
    assert!(matches!(both.lower(&[Key::named("x")]), Err(PlanError::Ambiguous { .. })));
    // The same layer reached on two ways is one layer; many layers are searched by key.
    let x = graph! { "x" => 1_i64 };
    let mut many: Vec<Graph> = (0..20)
        .map(|n| {
            let mut layer = Materialized::new("hand");
            layer.insert(format!("y{n}"), Task::new(op(inc), [Arg::key("x")]));
            Graph::with_inputs(layer, [&x])
        })
        .collect();
    assert_eq!(value_of(&Graph::merge(&many), "y7"), 2);
    many.push(graph! { "y7" => 0_i64 });
    assert!(matches!(Graph::merge(&many).lower(&[Key::named("y7")]), Err(PlanError::Ambiguous { .. })));
}

#[test]
fn only_what_is_needed_is_in_the_plan() {
    let graph =
        graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => inc(@"b"), "d" => 9_i64, "e" => [@"d", @"c"] };
    let plan = graph.lower(&[Key::named("b"), Key::named("b")]).expect("a plan");
    assert_eq!((plan.len(), plan.n_tasks(), plan.outputs().len()), (2, 1, 2));
    assert_eq!(plan.outputs()[0], plan.outputs()[1]);
}

#[test]
fn a_chain_of_a_million_operations_builds_lowers_runs_and_drops() {
    const N: usize = 1_000_000;
    let inc = op(inc);
    let mut graph = graph! { ("x", 0) => 0_i64 };
    for n in 1..=N as u32 {
        // Every operation is a layer of its own over the one before.
        let mut layer = Materialized::with_info(format!("x{n}"), LayerInfo::default());
        let below = if n == 1 { Key::new("x", &[0]) } else { Key::named(format!("x{}", n - 1)) };
        layer.insert(format!("x{n}"), Task::new(inc.clone(), [Arg::Key(below)]));
        graph = Graph::with_inputs(layer, [&graph]);
    }
    let copy = graph.clone();
    let plan = graph.lower(&[Key::named(format!("x{N}"))]).expect("a plan");
    assert_eq!(plan.len(), N + 1);
    assert_eq!(plan.pressure().max_live(), 2);
    drop(graph);
    let value = Naive.run(&plan, &RunOptions::default()).expect("a value").remove(0);
    assert_eq!(value.get::<i64>(), Ok(&(N as i64)));
    drop(copy);
}

#[test]
fn a_plan_takes_less_than_two_hundred_bytes_a_task() {
    let n = 100_000_u32;
    let add = op(|a: i64, b: i64, c: i64| a + b + c);
    let mut layer = Materialized::new("n");
    for i in 0..n {
        let args = (1..=3).map(|back| match i.checked_sub(back) {
            Some(i) => Arg::key(("n", i)),
            None => Arg::value(1_i64),
        });
        layer.insert(("n", i), Task::new(add.clone(), args));
    }
    let plan = Graph::from_layer(layer).lower(&[Key::new("n", &[n - 1])]).expect("a plan");
    assert!(plan.nbytes() / (n as usize) < 200, "{} bytes a task", plan.nbytes() / n as usize);
}

#[test]
fn priorities_come_first_with_all_that_they_need() {
    let layer = |name: &'static str, from: Option<&'static str>, priority| {
        let info = LayerInfo::default().with_annotations(Annotations { priority, ..Default::default() });
        let i = [(Axis(0), 2)];
        let builder = Blockwise::builder(name, op(|_: &Value| 0_i64), &i).info(info);
        match from {
            Some(from) => builder.blocks(from, &i),
            None => builder.literal(()),
        }
        .build()
        .expect("axes fit")
    };
    let x = Graph::from_layer(layer("x", None, 0));
    let y = Graph::with_inputs(layer("y", Some("x"), 0), [&x]);
    let urgent = Graph::with_inputs(layer("urgent", Some("x"), 5), [&x]);
    let keys = [("y", 0), ("y", 1), ("urgent", 1)].map(Key::from);
    let plan = Graph::merge([&y, &urgent]).lower(&keys).expect("a plan");
    let order: Vec<String> = plan.nodes().map(|node| plan.key(node).to_string()).collect();
    assert_eq!(order[..2], ["('x', 1)", "('urgent', 1)"]);
}

#[test]
fn petgraph_runs_on_plans() {
    let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => inc(@"a"), "d" => [@"b", @"c"] };
    let plan = graph.lower(&[Key::named("d")]).expect("a plan");
    assert_eq!(petgraph::algo::kosaraju_scc(&plan).len(), 4);
    assert!(!petgraph::algo::is_cyclic_directed(&plan));
    assert_eq!(petgraph::visit::EdgeCount::edge_count(&plan), 4);
    let dot = format!("{:?}", petgraph::dot::Dot::with_config(&plan, &[]));
    assert!(dot.contains("->"));
}

/// A random graph: each node adds a constant to the sum of some earlier nodes.
fn random_graph() -> impl Strategy<Value = Vec<Vec<prop::sample::Index>>> {
    prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..40)
}

proptest! {
    #[test]
    fn lowering_keeps_results(shape in random_graph(), wanted in prop::collection::vec(any::<prop::sample::Index>(), 1..5)) {
        let mut oracle: Vec<i64> = Vec::new();
        let mut layer = Materialized::new("n");
        for (n, needs) in shape.iter().enumerate() {
            let needs: Vec<usize> = if n == 0 { vec![] } else { needs.iter().map(|need| need.index(n)).collect() };
            oracle.push(needs.iter().fold(n as i64, |sum, &need| sum.wrapping_add(oracle[need])));
            let args = needs.iter().map(|&need| Arg::key(("n", need as u32))).chain([Arg::value(n as i64)]);
            let sum = op(|items: Vec<i64>| items.iter().fold(0_i64, |a, b| a.wrapping_add(*b)));
            layer.insert(("n", n as u32), Task::new(sum, [Arg::list(args)]));
        }
        let wanted: Vec<usize> = wanted.iter().map(|at| at.index(shape.len())).collect();
        let keys: Vec<Key> = wanted.iter().map(|&n| Key::new("n", &[n as u32])).collect();
        let plan = Graph::from_layer(layer).lower(&keys).expect("a plan");
        for node in plan.nodes() {
            prop_assert!(plan.dependencies(node).all(|input| input < node));
            prop_assert!(plan.dependencies(node).all(|input| plan.dependents(input).contains(&node)));
        }
        let values = Naive.run(&plan, &RunOptions::default()).expect("values");
        for (value, n) in values.iter().zip(wanted) {
            prop_assert_eq!(value.get::<i64>(), Ok(&oracle[n]));
        }
    }

    // A Blockwise layer is the map of its own nodes.
    #[test]
    fn blockwise_equals_its_materialised_self(rows in 1_u32..5, cols in 1_u32..5, broadcast in any::<bool>()) {
        let (i, j, k) = (Axis(0), Axis(1), Axis(2));
        let noop: std::sync::Arc<dyn Op> = op(|_: Value, _: Value| 0_i64);
        let layer = Blockwise::builder("z", noop, &[(i, rows), (j, cols)])
            .contract(k, 3)
            .blocks("x", &[(i, rows), (k, 3)])
            .blocks("y", &[(k, if broadcast { 1 } else { 3 }), (j, cols)])
            .build()
            .expect("axes fit");
        let nodes: BTreeMap<Key, Node> = layer.keys().map(|key| (key.clone(), layer.node(&key).expect("a node"))).collect();
        prop_assert_eq!(nodes.len(), (rows * cols) as usize);
        for (key, node) in nodes {
            let (r, c) = (key.index()[0], key.index()[1]);
            let expected: Vec<Key> = (0..3).map(|n| Key::new("x", &[r, n]))
                .chain((0..3).map(|n| Key::new("y", &[if broadcast { 0 } else { n }, c]))).collect();
            prop_assert_eq!(node.dependencies(), expected);
        }
    }
}
