//! Graphs that have no plan: what is told, by whom, and that nothing panics.

use std::mem::discriminant;

use dask_graph::{
    Axis, Blockwise, Collection, ComputeError, Delayed, Graph, Key, Materialized, Node, PlanError,
    RunOptions, Scheduler, Task, graph, op,
};
use dask_optimize::{Optimized, Recompute, cull_layers, fuse_layers, push_down, recompute};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::random::{self, Naming};
use super::{LIMITS, prepared};

type Pass = fn(&Graph, &[Key]) -> Result<Graph, PlanError>;

const PASSES: [(&str, Pass); 4] = [
    ("push_down", push_down),
    ("recompute", |graph, keys| recompute(graph, keys, Recompute::Always)),
    ("fuse_layers", fuse_layers),
    ("cull_layers", cull_layers),
];

const I: [(Axis, u32); 1] = [(Axis(0), 3)];

/// `name = from + 1`, block by block.
fn inc(name: &str, from: &str) -> Graph {
    let layer = Blockwise::builder(name, op(|x: i64| x + 1), &I).blocks(from, &I);
    Graph::from_layer(layer.build().expect("axes fit"))
}

/// Every layer pass tells the error that the graph itself tells.
#[track_caller]
fn check(graph: &Graph, wanted: &Key, message: &str) {
    let wanted = std::slice::from_ref(wanted);
    let told = graph.lower(wanted).expect_err("there is no plan");
    assert!(told.to_string().starts_with(message), "{told}");
    for (name, pass) in PASSES {
        assert_eq!(pass(graph, wanted).expect_err(name), told, "{name}");
    }
    let error = prepared(graph, wanted, None).expect_err("the pipeline fails");
    assert_eq!((error.pass.as_ref(), error.source.downcast_ref()), ("push_down", Some(&told)));
}

#[test]
fn layers_that_are_not_there_are_told_by_the_task_that_wants_them() {
    let graph = Graph::merge([&inc("z", "y"), &inc("y", "x")]);
    check(
        &graph,
        &Key::new("z", &[1]),
        "key ('x', 1) is not in the graph; it is an argument of ('y', 1), written at",
    );
    check(&graph, &Key::new("q", &[1]), "key ('q', 1) is not in the graph; it was asked for by the caller");
}

#[test]
fn layers_in_a_circle_are_told_as_they_were_written() {
    let graph = Graph::merge([&inc("top", "z"), &inc("z", "y"), &inc("y", "x"), &inc("x", "z")]);
    check(
        &graph,
        &Key::new("top", &[2]),
        "the graph has a cycle: ('z', 2) needs ('y', 2) needs ('x', 2) needs ('z', 2)",
    );
    check(&inc("x", "x"), &Key::new("x", &[0]), "the graph has a cycle: ('x', 0) needs ('x', 0)");
}

#[test]
fn a_circle_of_layers_need_not_be_one_of_tasks() {
    // a-1 needs b-0, which needs a-0.
    let mut a = Materialized::new("a");
    let task = |key: (&'static str, u32)| Task::new(op(|x: i64| x + 1), [dask_graph::Arg::key(key)]);
    a.insert(("a", 0), Node::data(1_i64));
    a.insert(("a", 1), task(("b", 0)));
    let mut b = Materialized::new("b");
    b.insert(("b", 0), task(("a", 0)));
    let whole = Blockwise::builder("z", op(|x: i64| x), &I).whole(("a", 1)).build().expect("axes fit");
    let graph = Graph::merge([&Graph::from_layer(whole), &Graph::from_layer(a), &Graph::from_layer(b)]);
    let wanted = [Key::new("z", &[1])];
    for (name, pass) in PASSES {
        let after = pass(&graph, &wanted).expect(name);
        let plan = after.lower(&wanted).expect(name);
        let values = Sync::new().run(&plan, &RunOptions::new()).expect(name);
        assert_eq!(values[0].get(), Ok(&3_i64), "{name}");
    }
}

#[test]
fn what_nobody_needs_may_be_missing_or_go_in_a_circle() {
    let x = Graph::from_layer(Blockwise::builder("x", op(|| 1_i64), &I).build().expect("axes fit"));
    let graph = Graph::merge([&inc("p", "q"), &inc("r", "r"), &inc("y", "x"), &x]);
    for (name, pass) in PASSES {
        let after = pass(&graph, &[Key::new("y", &[0])]).expect(name);
        assert!(after.lower(&[Key::new("y", &[0])]).is_ok(), "{name}");
    }
}

#[test]
fn keys_that_a_layer_has_not_are_told_by_the_plan() {
    // The passes look at layers: whether one has a key, its tasks are asked when the plan is made.
    let graph = inc("y", "x");
    let graph = Graph::merge([&graph, &inc("x", "w"), &graph! { ("w", 0) => 1_i64 }]);
    let wanted = [Key::new("y", &[2])];
    let after = prepared(&graph, &wanted, None).expect("a graph");
    let missing = after.lower(&wanted).expect_err("there is no plan").to_string();
    assert!(
        missing.starts_with("key ('w', 2) is not in the graph; it is an argument of ('y', 2)"),
        "{missing}"
    );

    let x = Delayed::value(1_i64);
    let optimized = Optimized::new(Sync::new());
    let error = x.graph().values(&[Key::named("nowhere")], &optimized, &RunOptions::new());
    assert!(matches!(error, Err(ComputeError::Plan(PlanError::MissingKey { .. }))), "{error:?}");
}

proptest! {
    #[test]
    fn a_plan_is_found_where_there_is_one_and_otherwise_the_same_kind_of_error(drawn in random::drawn()) {
        for naming in [Naming::Linked, Naming::Backwards] {
            let (graph, wanted) = drawn.graph(random::Form::Any, naming);
            let kind = |result: Result<_, PlanError>| result.map_err(|error| discriminant(&error));
            let expected = kind(graph.lower(&wanted).map(|_| ()));
            for (name, pass) in PASSES {
                let got = pass(&graph, &wanted).and_then(|after| after.lower(&wanted));
                prop_assert_eq!(kind(got.map(|_| ())), expected, "{}", name);
            }
            for limit in LIMITS {
                let got = match prepared(&graph, &wanted, limit) {
                    Ok(after) => after.lower(&wanted).map(|_| ()),
                    Err(error) => Err(*error.source.downcast().expect("an error of the plan")),
                };
                prop_assert_eq!(kind(got), expected, "memory limit {:?}", limit);
            }
        }
    }
}
