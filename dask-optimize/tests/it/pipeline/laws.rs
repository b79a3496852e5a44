//! What holds of the pipeline on every graph, of layers and of tasks.

use dask_graph::{Graph, Key};
use proptest::prelude::*;

use super::random::{self, Naming};
use super::{LIMITS, layers, prepared};
use crate::it::task_passes::random::{Form, drawn as drawn_tasks, flat};
use crate::it::task_passes::text::text_of;
use crate::it::task_passes::values;

fn check_values(graph: &Graph, wanted: &[Key]) -> Result<(), TestCaseError> {
    let numbers = |graph: &Graph| values(graph, wanted).iter().map(flat).collect::<Vec<_>>();
    let expected = numbers(graph);
    for limit in LIMITS {
        let after = prepared(graph, wanted, limit).expect("a graph");
        prop_assert_eq!(numbers(&after), expected.clone(), "memory limit {:?}", limit);
    }
    Ok(())
}

fn check_twice(graph: &Graph, wanted: &[Key]) -> Result<(), TestCaseError> {
    for limit in LIMITS {
        let once = prepared(graph, wanted, limit).expect("a graph");
        let twice = prepared(&once, wanted, limit).expect("a graph");
        prop_assert_eq!(layers(&once), layers(&twice), "memory limit {:?}", limit);
        let text = |graph: &Graph| text_of(graph, wanted, Key::to_string);
        prop_assert_eq!(text(&once), text(&twice), "memory limit {:?}", limit);
    }
    Ok(())
}

/// Both graphs are one, written down in two ways.
fn check_alike(a: (Graph, Vec<Key>), b: (Graph, Vec<Key>)) -> Result<(), TestCaseError> {
    for limit in LIMITS {
        let text = |(graph, wanted): &(Graph, Vec<Key>)| {
            let after = prepared(graph, wanted, limit).expect("a graph");
            text_of(&after, wanted, |key| format!("{:?}", key.index()))
        };
        prop_assert_eq!(text(&a), text(&b), "memory limit {:?}", limit);
    }
    Ok(())
}

proptest! {
    #[test]
    fn values_of_layers_stay(drawn in random::drawn()) {
        let (graph, wanted) = drawn.graph(random::Form::Sound, Naming::Linked);
        check_values(&graph, &wanted)?;
    }

    #[test]
    fn values_of_tasks_stay(drawn in drawn_tasks()) {
        let (graph, wanted) = drawn.graph(Form::Sound, "x", false);
        check_values(&graph, &wanted)?;
    }

    #[test]
    fn twice_is_once_for_layers(drawn in random::drawn()) {
        let (graph, wanted) = drawn.graph(random::Form::Sound, Naming::Linked);
        check_twice(&graph, &wanted)?;
    }

    #[test]
    fn twice_is_once_for_tasks(drawn in drawn_tasks()) {
        let (graph, wanted) = drawn.graph(Form::Sound, "x", false);
        check_twice(&graph, &wanted)?;
    }

    #[test]
    fn names_and_order_of_layers_make_no_difference(drawn in random::drawn()) {
        let written = |naming| drawn.graph(random::Form::Sound, naming);
        check_alike(written(Naming::Linked), written(Naming::Backwards))?;
    }

    #[test]
    fn names_and_order_of_tasks_make_no_difference(drawn in drawn_tasks()) {
        let written = |prefix, is_reversed| drawn.graph(Form::Sound, prefix, is_reversed);
        check_alike(written("x", false), written("another-", true))?;
    }
}
