//! The fuzz campaign: every pass, rule and question on random graphs, most of them not sound.
//!
//! ```text
//! PROPTEST_CASES=100000 DASK_GRAPH_SIZE=500 cargo test --release -p dask-optimize fuzz
//! ```
//!
//! Graphs of tasks and graphs of layers, and both in one: with circles, keys that there are none of, tasks that
//! need all others, no tasks at all, nothing or one thing twice wanted; rules of random patterns, whose right
//! sides name variables that are not bound. Nothing panics. What has a plan has one afterwards, with the same
//! values, and what has none fails with the same kind of error.

use std::mem::discriminant;

use dask_graph::{Arg, Graph, Key, PlanError, RunOptions, Scheduler};
use dask_optimize::{
    Context, PassError, Pattern, Pipeline, Recompute, RewriteRule, RuleError, RuleSet, Strategy as Order,
    cull_layers, dependencies, dependency_dict, dependents, equivalent, functions_of, fuse_layers, push_down,
    recompute, rewrite,
};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::pipeline::random as layers;
use super::task_passes::random::{self as tasks, N_OPS, flat, ops};
use super::task_passes::{PASSES, Pass};

const LAYER_PASSES: [(&str, Pass); 4] = [
    ("push_down", push_down),
    ("recompute", |graph, keys| recompute(graph, keys, Recompute::Always)),
    ("fuse_layers", fuse_layers),
    ("cull_layers", cull_layers),
];

/// So many nodes a graph of tasks has at most; a graph of layers has a fifth of it. Moderate unless asked for.
fn most_nodes() -> usize {
    std::env::var("DASK_GRAPH_SIZE").map_or(60, |n| n.parse().expect("DASK_GRAPH_SIZE is a number"))
}

/// The values of the keys, or the kind of error.
fn outcome(graph: &Graph, wanted: &[Key]) -> Result<Vec<i64>, PlanError> {
    let plan = graph.lower(wanted)?;
    let values = Sync::new().run(&plan, &RunOptions::new()).expect("no task fails");
    Ok(values.iter().map(flat).collect())
}

fn check(graph: &Graph, wanted: &[Key]) -> Result<(), TestCaseError> {
    let kind = |outcome: Result<Vec<i64>, PlanError>| outcome.map_err(|error| discriminant(&error));
    let expected = kind(outcome(graph, wanted));
    for (name, pass) in PASSES.into_iter().chain(LAYER_PASSES) {
        let got = pass(graph, wanted).and_then(|after| outcome(&after, wanted));
        prop_assert_eq!(&kind(got), &expected, "{}", name);
    }
    for limit in [None, Some(1500)] {
        let context = Context::new(wanted).with_memory_limit(limit);
        let told = |source: PassError| *source.downcast::<PlanError>().expect("an error of the plan");
        let prepared = Pipeline::standard().run(graph, &context).map_err(|error| told(error.source));
        let got = prepared.and_then(|after| outcome(&after, wanted));
        prop_assert_eq!(&kind(got), &expected, "the pipeline under {:?}", limit);
    }
    // Questions need the keys, but no order of them.
    let is_there =
        !matches!(graph.tasks(wanted), Err(PlanError::MissingKey { .. } | PlanError::Ambiguous { .. }));
    prop_assert_eq!(dependencies(graph, wanted).is_ok(), is_there);
    prop_assert_eq!(dependents(graph, wanted).is_ok(), is_there);
    prop_assert_eq!(dependency_dict(graph, wanted).is_ok(), is_there);
    for key in wanted {
        if let Some(node) = graph.node(key) {
            prop_assert!(equivalent(&node, &node));
            functions_of(&node);
        }
    }
    Ok(())
}

const VARS: [&str; 3] = ["x", "y", "z"];

/// A pattern over the ops of the graphs of tasks, and the variables in it.
fn pattern() -> impl Strategy<Value = (Pattern, Vec<&'static str>)> {
    let leaf = prop_oneof![
        3 => prop::sample::select(&VARS[..]).prop_map(|var| (Pattern::var(var), vec![var])),
        1 => (0..3_i64).prop_map(|n| (Pattern::value(n), vec![])),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        (prop::option::of(0..N_OPS), prop::collection::vec(inner, 0..3)).prop_map(|(op, items)| {
            let (items, vars): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            let list = Pattern::list(items);
            let pattern = match op {
                Some(op) => Pattern::task(ops()[op].clone(), [list]),
                None => list,
            };
            (pattern, vars.concat())
        })
    })
}

proptest! {
    #[test]
    fn tasks(drawn in tasks::drawn_up_to(most_nodes())) {
        for form in [tasks::Form::Sound, tasks::Form::Any] {
            let (graph, wanted) = drawn.graph(form, "x", false);
            check(&graph, &wanted)?;
            check(&graph, &[&wanted[..], &wanted].concat())?;
        }
    }

    #[test]
    fn layers(drawn in layers::drawn_up_to(most_nodes().div_ceil(5))) {
        for naming in [layers::Naming::Linked, layers::Naming::Backwards] {
            for form in [layers::Form::Sound, layers::Form::Any] {
                let (graph, wanted) = drawn.graph(form, naming);
                check(&graph, &wanted)?;
            }
        }
    }

    #[test]
    fn both_in_one_graph(
        layers in layers::drawn_up_to(most_nodes().div_ceil(5)),
        tasks in tasks::drawn_up_to(most_nodes()),
    ) {
        let (layers, some) = layers.graph(layers::Form::Any, layers::Naming::Linked);
        let (tasks, others) = tasks.graph(tasks::Form::Any, "x", false);
        check(&Graph::merge([&layers, &tasks]), &[some, others].concat())?;
    }

    #[test]
    fn rules(
        drawn in tasks::drawn_up_to(most_nodes()),
        sides in prop::collection::vec((pattern(), pattern()), 0..8),
    ) {
        let mut rules = RuleSet::new();
        for ((lhs, bound), (rhs, used)) in sides {
            let is_bound = used.iter().all(|var| bound.contains(var));
            match RewriteRule::new(lhs, rhs) {
                Ok(rule) => {
                    prop_assert!(is_bound);
                    rules.add(rule);
                }
                Err(RuleError::UnboundVariable { variable, .. }) => {
                    prop_assert!(!is_bound && used.contains(&&*variable));
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
        let (graph, wanted) = drawn.graph(tasks::Form::Any, "x", false);
        for order in [Order::BottomUp, Order::TopLevel] {
            let after = rewrite(&graph, &rules, order);
            prop_assert_eq!(after.len(), graph.len());
            // Rules may leave out what a circle went through, but nothing comes to be missing.
            let missing = |graph: &Graph| matches!(graph.tasks(&wanted), Err(PlanError::MissingKey { .. }));
            prop_assert!(missing(&graph) || !missing(&after));
        }
    }
}

#[test]
fn one_task_of_a_hundred_thousand() {
    let mut layer = dask_graph::Materialized::new("x");
    let n = 100_000;
    for i in 0..n {
        layer.insert(("x", i), dask_graph::Node::data(i64::from(i)));
    }
    let all = Arg::list((0..n).map(|i| Arg::key(("x", i))));
    layer.insert(("x", n), dask_graph::Task::new(ops()[0].clone(), [all]));
    let graph = Graph::from_layer(layer);
    check(&graph, &[Key::new("x", &[n])]).expect("the same value");
}
