//! The golden graph cases: inputs and answers of dask's own functions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dask_graph::{
    Arg, Graph, Key, List, Materialized, Node, NodeId, Op, Plan, PlanError, RunError, RunOptions, Scheduler,
    Scratch, Task, Value, named_op,
};
use serde_json::Value as Json;

/// Runs the plan in order and keeps everything: an oracle that shares only `execute` with real schedulers.
pub(crate) struct Naive;

impl Scheduler for Naive {
    fn run(&self, plan: &Plan, _: &RunOptions) -> Result<Vec<Value>, RunError> {
        let mut done: Vec<Value> = Vec::new();
        let mut scratch = Scratch::default();
        for node in plan.nodes() {
            let value = plan.execute(node, &mut scratch, |of: NodeId, _| done[of.index()].clone());
            done.push(value.map_err(|error| RunError::of_task(plan, node, error))?);
        }
        Ok(plan.outputs().iter().map(|node| done[node.index()].clone()).collect())
    }
}

pub(crate) fn cases() -> Vec<Json> {
    let text = include_str!("../golden/graph.json");
    let index: Json = serde_json::from_str(text).expect("the golden index is JSON");
    index["cases"].as_array().expect("cases").clone()
}

pub(crate) fn cases_of(op: &str) -> Vec<Json> {
    let cases: Vec<Json> = cases().into_iter().filter(|case| case["op"] == op).collect();
    assert!(!cases.is_empty(), "no cases of {op}");
    cases
}

fn sum(list: &List) -> f64 {
    list.iter().map(|item| *item.get::<f64>().expect("a list of numbers")).sum()
}

/// The functions of the golden graphs; all numbers are `f64`.
fn function(name: &str) -> Arc<dyn Op> {
    match name {
        "inc" => named_op("inc", |x: f64| x + 1.0),
        "dec" => named_op("dec", |x: f64| x - 1.0),
        "double" => named_op("double", |x: f64| 2.0 * x),
        "neg" => named_op("neg", |x: f64| -x),
        "add" => named_op("add", |a: f64, b: f64| a + b),
        "sub" => named_op("sub", |a: f64, b: f64| a - b),
        "mul" => named_op("mul", |a: f64, b: f64| a * b),
        "add3" => named_op("add3", |a: f64, b: f64, c: f64| a + b + c),
        "maximum" => named_op("maximum", f64::max as fn(f64, f64) -> f64),
        "total" => named_op("total", sum as fn(&List) -> f64),
        "pair" => named_op("pair", |a: Value, b: Value| List(vec![a, b])),
        "first" => named_op("first", |list: &List| *list.0[0].get::<f64>().expect("a number")),
        "const" => named_op("const", |x: f64| x),
        other => panic!("no function {other}"),
    }
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
        Task::new(function(arg["op"].as_str().expect("a function")), args.iter().map(arg_of)).into()
    }
}

pub(crate) fn graph_of(json: &Json) -> Graph {
    let mut layer = Materialized::new("golden");
    for (key, node) in json.as_object().expect("a graph") {
        layer.insert(key.as_str(), Node::from(arg_of(node)));
    }
    Graph::from_layer(layer)
}

pub(crate) fn keys_of(json: &Json) -> Vec<Key> {
    json.as_array().expect("keys").iter().map(|key| Key::named(key.as_str().expect("a key"))).collect()
}

#[test]
fn get_gives_the_values_of_dask() {
    for case in cases_of("get") {
        let graph = graph_of(&case["graph"]);
        let planned = graph.lower(&keys_of(&case["args"]["keys"]));
        match case["expected"]["error"].as_str() {
            Some("cycle") => assert!(matches!(planned, Err(PlanError::Cycle { .. })), "{}", case["id"]),
            Some("missing") => {
                assert!(matches!(planned, Err(PlanError::MissingKey { .. })), "{}", case["id"])
            }
            Some(other) => panic!("unknown error {other}"),
            None => {
                let plan = planned.unwrap_or_else(|error| panic!("{}: {error}", case["id"]));
                let values = Naive.run(&plan, &RunOptions::default()).expect("values");
                let got: Vec<f64> = values.iter().map(|value| *value.get().expect("a number")).collect();
                let expected: Vec<f64> = case["expected"]["values"]
                    .as_array()
                    .expect("values")
                    .iter()
                    .map(|value| value.as_f64().expect("a number"))
                    .collect();
                assert_eq!(got, expected, "{}", case["id"]);
            }
        }
    }
}

/// Keys of a plan with the keys that each needs.
fn dependencies_of(plan: &Plan) -> BTreeMap<String, BTreeSet<String>> {
    let name = |node: NodeId| plan.key(node).to_string();
    plan.nodes().map(|node| (name(node), plan.dependencies(node).map(name).collect())).collect()
}

fn expected_dependencies(json: &Json) -> BTreeMap<String, BTreeSet<String>> {
    let names = |keys: &Json| {
        keys.as_array().expect("keys").iter().map(|k| k.as_str().expect("a key").to_owned()).collect()
    };
    json.as_object().expect("dependencies").iter().map(|(key, needs)| (key.clone(), names(needs))).collect()
}

#[test]
fn lowering_keeps_what_cull_keeps() {
    for case in cases_of("cull") {
        let plan = graph_of(&case["graph"]).lower(&keys_of(&case["args"]["keys"])).expect("a plan");
        assert_eq!(
            dependencies_of(&plan),
            expected_dependencies(&case["expected"]["dependencies"]),
            "{}",
            case["id"]
        );
    }
}

#[test]
fn dependencies_are_those_of_dask_and_nodes_come_after_them() {
    for case in cases_of("dependencies") {
        let graph = graph_of(&case["graph"]);
        let keys: Vec<Key> =
            case["graph"].as_object().expect("a graph").keys().map(|k| Key::named(k.as_str())).collect();
        let plan = graph.lower(&keys).expect("a plan");
        assert_eq!(
            dependencies_of(&plan),
            expected_dependencies(&case["expected"]["dependencies"]),
            "{}",
            case["id"]
        );
        for node in plan.nodes() {
            assert!(plan.dependencies(node).all(|input| input < node));
        }
    }
}
