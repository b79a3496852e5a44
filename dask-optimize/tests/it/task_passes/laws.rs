//! What holds of every pass on every graph.

use std::collections::HashSet;
use std::mem::discriminant;

use dask_graph::{Graph, Key, Node, Step, TaskGraph};
use dask_optimize::{FuseLimits, fuse_linear_tasks};
use dask_optimize::{
    cull_tasks, equivalent, fuse_tasks, inline_constants_tasks, merge_equal_tasks, remove_aliases_tasks,
};
use proptest::prelude::*;

use super::random::{Drawn, Form, drawn, flat};
use super::text::text_of;
use super::{PASSES, values};

fn keys_of(graph: &Graph) -> HashSet<Key> {
    graph.layers().into_iter().flat_map(|layer| layer.keys()).collect()
}

fn sound(drawn: &Drawn) -> (Graph, Vec<Key>) {
    drawn.graph(Form::Sound, "x", false)
}

proptest! {
    #[test]
    fn values_stay_and_no_key_is_added(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        let expected: Vec<i64> = values(&graph, &wanted).iter().map(flat).collect();
        for (name, pass) in PASSES {
            let after = pass(&graph, &wanted).expect(name);
            let got: Vec<i64> = values(&after, &wanted).iter().map(flat).collect();
            prop_assert_eq!(&got, &expected, "{}", name);
            prop_assert!(keys_of(&after).is_subset(&keys_of(&graph)), "{}", name);
        }
    }

    #[test]
    fn nothing_is_left_that_is_not_needed(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        for (name, pass) in PASSES {
            let after = pass(&graph, &wanted).expect(name);
            prop_assert_eq!(after.len(), after.tasks(&wanted).expect(name).len(), "{}", name);
        }
    }

    #[test]
    fn twice_is_once(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        for (name, pass) in PASSES {
            let once = pass(&graph, &wanted).expect(name);
            let twice = pass(&once, &wanted).expect(name);
            let text = |graph: &Graph| text_of(graph, &wanted, Key::to_string);
            prop_assert_eq!(text(&once), text(&twice), "{}", name);
        }
    }

    #[test]
    fn names_and_order_of_writing_make_no_difference(drawn in drawn()) {
        for (name, pass) in PASSES {
            let text = |prefix, is_reversed| {
                let (graph, wanted) = drawn.graph(Form::Sound, prefix, is_reversed);
                text_of(&pass(&graph, &wanted).expect(name), &wanted, |key| format!("{:?}", key.index()))
            };
            prop_assert_eq!(text("x", false), text("another-", true), "{}", name);
        }
    }

    #[test]
    fn a_pass_fails_when_there_is_no_plan_and_for_the_same_reason(drawn in drawn()) {
        let (graph, wanted) = drawn.graph(Form::Any, "x", false);
        let expected = graph.lower(&wanted).map_err(|error| discriminant(&error)).map(|_| ());
        for (name, pass) in PASSES {
            let after = pass(&graph, &wanted).and_then(|after| after.lower(&wanted));
            prop_assert_eq!(&after.map_err(|error| discriminant(&error)).map(|_| ()), &expected, "{}", name);
        }
    }

    #[test]
    fn fused_tasks_stand_for_all_work_and_are_run_in_the_same_way(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        let before = graph.tasks(&wanted).expect("tasks");
        let mut work = work(&before);
        work.sort();
        for (name, pass) in PASSES.into_iter().filter(|(name, _)| name.starts_with("fuse") || *name == "remove_aliases") {
            let after = pass(&graph, &wanted).expect(name).tasks(&wanted).expect(name);
            let mut done = self::work(&after);
            done.sort();
            prop_assert_eq!(&done, &work, "{}", name);
            for number in after.numbers().filter(|&number| works(&after, number)) {
                let own = before.number(after.key(number)).expect("a key of the graph");
                for key in after.stands_for(number) {
                    prop_assert!(before.same_annotations(own, before.number(key).expect("a key")), "{}", name);
                }
            }
        }
    }

    #[test]
    fn no_two_equal_tasks_are_left(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        let merge = PASSES.iter().find(|(name, _)| *name == "merge_equal").expect("the pass").1;
        let after = merge(&graph, &wanted).expect("a graph").tasks(&wanted).expect("tasks");
        let nodes: Vec<(u32, Node)> =
            after.numbers().map(|number| (number, after.node(number).expect("a node"))).collect();
        for (n, (a, node)) in nodes.iter().enumerate() {
            for (b, other) in &nodes[..n] {
                let is_alias = matches!(node, Node::Alias(_)) || !after.same_annotations(*a, *b);
                prop_assert!(is_alias || !equivalent(node, other), "{:?} is {:?}", after.key(*a), after.key(*b));
            }
            let refers_to_alias = after.references(*a).any(|to| matches!(after.node(to), Some(Node::Alias(_))));
            prop_assert!(!refers_to_alias);
        }
    }

    #[test]
    fn aliases_are_only_left_where_they_were_asked_for(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        let after = dask_optimize::remove_aliases(&graph, &wanted).expect("a graph");
        for key in keys_of(&after) {
            let node = after.node(&key).expect("a node");
            prop_assert!(!matches!(node, Node::Alias(_)) || wanted.contains(&key));
            for needed in node.dependencies() {
                prop_assert!(!matches!(after.node(&needed), Some(Node::Alias(_))), "{:?}", needed);
            }
        }
    }

    #[test]
    fn passes_follow_each_other_on_the_dense_form(drawn in drawn()) {
        let (graph, wanted) = sound(&drawn);
        let expected: Vec<i64> = values(&graph, &wanted).iter().map(flat).collect();
        let mut tasks = graph.tasks(&wanted).expect("tasks");
        merge_equal_tasks(&mut tasks, |_| true).expect("merged");
        inline_constants_tasks(&mut tasks).expect("inlined");
        fuse_linear_tasks(&mut tasks).expect("fused");
        remove_aliases_tasks(&mut tasks).expect("removed");
        fuse_tasks(&mut tasks, &FuseLimits::new(2.0)).expect("fused");
        cull_tasks(&mut tasks);
        let needed = tasks.len();
        let after = tasks.into_graph();
        prop_assert_eq!(after.tasks(&wanted).expect("tasks").len(), needed);
        let got: Vec<i64> = values(&after, &wanted).iter().map(flat).collect();
        prop_assert_eq!(got, expected);
    }
}

fn works(tasks: &TaskGraph, number: u32) -> bool {
    tasks.steps(number).any(|step| matches!(step, Step::Call { .. } | Step::List(_)))
}

/// The keys whose work is done, as often as it is.
fn work(tasks: &TaskGraph) -> Vec<Key> {
    let working = tasks.numbers().filter(|&number| works(tasks, number));
    working.flat_map(|number| tasks.stands_for(number)).cloned().collect()
}
