//! The graphs that the conformance suite carries are those of the golden file.

use super::golden::{cases, graph_of, keys_of};
use dask_graph::testing::{CHECKS_ACROSS_PROCESSES, Travelling, golden_cases};
use dask_graph::{Key, Plan};

/// All that a plan says, whatever the order of its nodes.
fn written(plan: &Plan) -> Vec<String> {
    let name = |node| plan.key(node).to_string();
    let mut nodes: Vec<String> = plan
        .nodes()
        .map(|node| {
            let inputs: Vec<_> = plan.dependencies(node).map(name).collect();
            format!("{} = {}({})", name(node), plan.op_name(node), inputs.join(", "))
        })
        .collect();
    nodes.sort();
    nodes
}

#[test]
fn the_suite_carries_every_golden_case() {
    let suite = golden_cases();
    let golden = cases();
    assert_eq!(suite.len(), golden.len());
    for (carried, golden) in suite.iter().zip(&golden) {
        let id = golden["id"].as_str().expect("an id");
        assert_eq!(carried.name, id);
        let expected = &golden["expected"];
        match &carried.answer {
            Err(kind) => {
                assert_eq!(expected["error"].as_str(), Some(*kind), "{id}");
                assert_eq!(carried.keys, keys_of(&golden["args"]["keys"]), "{id}");
                continue;
            }
            Ok(answer) => {
                let listed = expected["values"].as_array().map(|values| {
                    values.iter().map(|value| value.as_f64().expect("a number")).collect::<Vec<_>>()
                });
                let named = expected["values"].as_object().map(|values| {
                    let value = |key: &Key| values[&key.to_string()].as_f64().expect("a number");
                    carried.keys.iter().map(value).collect()
                });
                assert_eq!(*answer, listed.or(named), "{id}");
            }
        }
        let [ours, theirs] = [&carried.graph, &graph_of(&golden["graph"])]
            .map(|graph| written(&graph.lower(&carried.keys).expect("a sound graph")));
        assert_eq!(ours, theirs, "{id}");
    }
}

/// But for the memory limit, which it does not heed.
#[test]
fn travelling_passes_what_other_processes_can() {
    let heeds = |name: &str| name != "a memory limit holds producers back";
    for (_, check) in CHECKS_ACROSS_PROCESSES.iter().filter(|(name, _)| heeds(name)) {
        check(&|| Box::new(Travelling));
    }
}
