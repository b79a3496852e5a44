//! The golden cases: what dask's own functions make of small graphs.

use std::collections::{BTreeMap, BTreeSet};

use dask_graph::testing::golden_function;
use dask_graph::{Arg, Graph, Key, Materialized, Node, PlanError, Task, Value};
use dask_optimize::{
    FuseLimits, cull, dependencies, fuse, fuse_linear, inline, inline_constants, inline_functions,
};
use serde_json::Value as Json;

use super::values;

fn cases_of(op: &str) -> Vec<Json> {
    let index: Json = serde_json::from_str(include_str!("../../golden/passes.json")).expect("JSON");
    let cases = index["cases"].as_array().expect("cases").iter();
    let cases: Vec<Json> = cases.filter(|case| case["op"] == op).cloned().collect();
    assert!(!cases.is_empty(), "no cases of {op}");
    cases
}

fn arg_of(arg: &Json) -> Arg {
    if let Some(key) = arg.get("key").or_else(|| arg.get("alias")) {
        Arg::key(key.as_str().expect("a key"))
    } else if let Some(literal) = arg.get("lit") {
        Arg::value(literal.as_f64().expect("a number"))
    } else if let Some(items) = arg.get("list") {
        Arg::list(items.as_array().expect("items").iter().map(arg_of))
    } else {
        let args = arg["args"].as_array().expect("arguments");
        Task::new(golden_function(arg["op"].as_str().expect("a function")), args.iter().map(arg_of)).into()
    }
}

fn graph_of(json: &Json) -> Graph {
    let mut layer = Materialized::new("golden");
    for (key, node) in json.as_object().expect("a graph") {
        layer.insert(key.as_str(), Node::from(arg_of(node)));
    }
    Graph::from_layer(layer)
}

fn names_of(json: &Json) -> Vec<&str> {
    json.as_array().expect("names").iter().map(|name| name.as_str().expect("a name")).collect()
}

fn keys_of(json: &Json) -> Vec<Key> {
    names_of(json).into_iter().map(Key::named).collect()
}

fn n_tasks(graph: &Graph) -> usize {
    let nodes = graph.layers().into_iter().flat_map(|layer| layer.keys()).filter_map(|key| graph.node(&key));
    nodes.filter(|node| matches!(node, Node::Task(_))).count()
}

/// Checks that `pass` does as well as dask: no more tasks, each of them written as dask writes it, and the same
/// values.
fn check(op: &str, pass: impl Fn(&Graph, &[Key], &Json) -> Result<Graph, PlanError>) {
    for case in cases_of(op) {
        let id = case["id"].as_str().expect("an id");
        let targets = keys_of(&case["targets"]);
        let ours = pass(&graph_of(&case["graph"]), &targets, &case["args"]).expect("a graph");
        let dasks = graph_of(&case["expected"]["graph"]);
        assert!(n_tasks(&ours) <= n_tasks(&dasks), "{id}: {} tasks", n_tasks(&ours));
        for key in ours.layers().into_iter().flat_map(|layer| layer.keys()) {
            let [ours, dasks] = [&ours, &dasks].map(|graph| format!("{:?}", graph.node(&key)));
            assert_eq!(ours, dasks, "{id}: {key}");
        }
        let got: Vec<f64> =
            values(&ours, &targets).iter().map(|value: &Value| *value.get().expect("a number")).collect();
        let expected = case["expected"]["values"].as_array().expect("values").iter();
        assert_eq!(got, expected.map(|value| value.as_f64().expect("a number")).collect::<Vec<_>>(), "{id}");
    }
}

#[test]
fn fuse_linear_is_as_good_as_dasks() {
    check("fuse_linear", |graph, keys, _| fuse_linear(graph, keys));
}

#[test]
fn fuse_is_as_good_as_dasks() {
    check("fuse", |graph, keys, args| {
        let mut limits = FuseLimits::new(args["ave_width"].as_f64().expect("a number"));
        if let Some(max_width) = args["max_width"].as_f64() {
            limits = limits.max_width(max_width);
        }
        if let Some(max_height) = args["max_height"].as_u64() {
            limits = limits.max_height(max_height as u32);
        }
        fuse(graph, keys, &limits)
    });
}

#[test]
fn inline_is_as_good_as_dasks() {
    check("inline", |graph, keys, args| {
        let graph = if args["inline_constants"].as_bool().unwrap_or(true) {
            inline_constants(graph, keys)?
        } else {
            graph.clone()
        };
        let inlined = if args["keys"].is_null() { vec![] } else { keys_of(&args["keys"]) };
        inline(&graph, keys, &inlined)
    });
}

#[test]
fn inline_functions_is_as_good_as_dasks() {
    check("inline_functions", |graph, keys, args| {
        let graph = if args["inline_constants"].as_bool().unwrap_or(false) {
            inline_constants(graph, keys)?
        } else {
            graph.clone()
        };
        let fast = names_of(&args["fast_functions"]);
        inline_functions(&graph, keys, |op| fast.contains(&&*op.name()))
    });
}

fn expected_dependencies(case: &Json) -> BTreeMap<Key, BTreeSet<Key>> {
    let dependencies = case["expected"]["dependencies"].as_object().expect("dependencies");
    dependencies
        .iter()
        .map(|(key, needs)| (Key::named(key.as_str()), keys_of(needs).into_iter().collect()))
        .collect()
}

fn dependencies_of(graph: &Graph, keys: &[Key]) -> BTreeMap<Key, BTreeSet<Key>> {
    let found = dependencies(graph, keys).expect("dependencies");
    found.into_iter().map(|(key, needs)| (key, needs.into_iter().collect())).collect()
}

#[test]
fn cull_keeps_what_dask_keeps() {
    for case in cases_of("cull") {
        let keys = keys_of(&case["args"]["keys"]);
        let culled = cull(&graph_of(&case["graph"]), &keys).expect("a graph");
        let kept: BTreeSet<Key> = culled.layers().into_iter().flat_map(|layer| layer.keys()).collect();
        assert_eq!(kept, keys_of(&case["expected"]["kept"]).into_iter().collect(), "{}", case["id"]);
        assert_eq!(dependencies_of(&culled, &keys), expected_dependencies(&case), "{}", case["id"]);
    }
}

#[test]
fn dependencies_are_those_of_dask() {
    for case in cases_of("dependencies") {
        let graph = graph_of(&case["graph"]);
        let keys: Vec<Key> = graph.layers().into_iter().flat_map(|layer| layer.keys()).collect();
        assert_eq!(dependencies_of(&graph, &keys), expected_dependencies(&case), "{}", case["id"]);
    }
}
