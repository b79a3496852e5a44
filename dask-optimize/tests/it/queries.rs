//! What is in a graph.

use std::sync::Arc;

use dask_graph::{Arg, Key, Node, Op, PlanError, Task, graph, named_op};
use dask_optimize::{dependencies, dependency_dict, dependents, equivalent, functions_of};

#[test]
fn dependents_are_dependencies_turned_around() {
    let add = named_op("add", |a: i64, b: i64| a + b);
    let graph = graph! {
        "a" => 1_i64, "b" => add(@"a", @"a"), "c" => add(@"a", add(@"b", 1_i64)), "d" => [@"c", [@"a"]], "e" => 2_i64,
    };
    let wanted = [Key::named("d")];
    let down = dependencies(&graph, &wanted).expect("dependencies");
    let up = dependents(&graph, &wanted).expect("dependents");
    assert_eq!((down.len(), up.len()), (4, 4));
    for (a, needs) in &down {
        for (b, needed_by) in &up {
            assert_eq!(needs.contains(b), needed_by.contains(a), "{a} and {b}");
        }
    }
}

#[test]
fn nodes_are_searched_and_compared_without_recursion() {
    let (inc, neg) = (named_op("inc", |x: i64| x + 1), named_op("neg", |x: i64| -x));
    let deep = |innermost: &Arc<dyn Op>| {
        let mut arg: Arg = Task::new(innermost.clone(), [Arg::key("x")]).into();
        for n in 0..300_000 {
            arg = if n % 2 == 0 { Arg::list([arg]) } else { Task::new(inc.clone(), [arg]).into() };
        }
        Node::from(arg)
    };
    let node = deep(&neg);
    assert_eq!(functions_of(&node).iter().map(|op| op.name()).collect::<Vec<_>>(), ["inc", "neg"]);
    assert!(equivalent(&node, &deep(&neg)));
    assert!(!equivalent(&node, &deep(&inc)));
    assert!(functions_of(&Node::Alias(Key::named("x"))).is_empty());
}

#[test]
fn a_key_that_is_not_there_is_an_error() {
    let graph = graph! { "x" => @"nowhere" };
    for wanted in ["x", "zz"].map(|key| [Key::named(key)]) {
        let errors = [
            dependencies(&graph, &wanted).map(|_| ()),
            dependents(&graph, &wanted).map(|_| ()),
            dependency_dict(&graph, &wanted).map(|_| ()),
        ];
        assert!(errors.iter().all(|error| matches!(error, Err(PlanError::MissingKey { .. }))), "{errors:?}");
    }
}
