//! Graphs as tasks and back.

use std::sync::Arc;

use dask_graph::{
    Arg, Graph, Key, LayerInfo, Materialized, Node, Op, Plan, PlanError, RunOptions, Scheduler, Step, Task,
    graph, op,
};
use proptest::prelude::*;

use super::golden::Naive;

fn add() -> Arc<dyn Op> {
    op(|a: i64, b: i64| a.wrapping_add(b))
}

fn values(plan: &Plan) -> Vec<i64> {
    let values = Naive.run(plan, &RunOptions::default()).expect("values");
    values.iter().map(|value| *value.get().expect("an i64")).collect()
}

/// A node of a random graph: which of four forms, over which two earlier nodes, in which layer.
type Drawn = (u8, prop::sample::Index, prop::sample::Index, u8);

fn key(n: usize, layer: u8) -> Key {
    // Layers 0 and 1 hold their own keys, the third any.
    match layer {
        0 => Key::new("a", &[n as u32]),
        1 => Key::new("b", &[n as u32]),
        _ => Key::named(format!("x{n}")),
    }
}

/// Three layers that refer to each other.
fn random_graph(drawn: &[Drawn]) -> (Graph, Vec<Key>) {
    let add = add();
    let mut layers = ["a", "b", "hand"].map(|name| Materialized::with_info(name, LayerInfo::default()));
    let mut keys: Vec<Key> = Vec::new();
    for (n, &(form, first, second, layer)) in drawn.iter().enumerate() {
        let key = key(n, layer);
        let node = if n == 0 {
            Node::data(1_i64)
        } else {
            let [first, second] = [first, second].map(|at| Arg::key(&keys[at.index(n)]));
            match form {
                0 => Node::data(n as i64),
                1 => Node::from(first),
                2 => Task::new(add.clone(), [first, second]).into(),
                _ => {
                    let nested = Task::new(add.clone(), [first, Arg::value(n as i64)]);
                    Task::new(
                        op(|items: Vec<i64>| items.into_iter().fold(0, i64::wrapping_add)),
                        [Arg::list([Arg::from(nested), second])],
                    )
                    .into()
                }
            }
        };
        layers[usize::from(layer)].insert(key.clone(), node);
        keys.push(key);
    }
    (Graph::merge(&layers.map(Graph::from_layer)), keys)
}

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    prop::collection::vec(
        (0_u8..4, any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..3),
        1..40,
    )
}

proptest! {
    #[test]
    fn the_way_there_and_back_keeps_the_plan(drawn in drawn(), wanted in prop::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let (graph, keys) = random_graph(&drawn);
        let wanted: Vec<Key> = wanted.iter().map(|at| keys[at.index(keys.len())].clone()).collect();
        let tasks = graph.tasks(&wanted).expect("tasks");
        let before = graph.lower(&wanted).expect("a plan");
        prop_assert_eq!(tasks.len(), before.len());
        prop_assert!(tasks.wanted().iter().map(|&number| tasks.key(number)).eq(&wanted));

        let sequence = tasks.topological().expect("no cycle");
        prop_assert_eq!(sequence.len(), tasks.len());
        let mut done = vec![false; tasks.bound()];
        for number in sequence {
            prop_assert!(tasks.references(number).all(|needed| done[needed as usize]));
            done[number as usize] = true;
        }

        let layer_before = |key: &Key| graph.layers().into_iter().find(|layer| layer.node(key).is_some()).map(|layer| layer.name());
        for number in tasks.numbers() {
            prop_assert_eq!(Some(&tasks.layer(number).name), layer_before(tasks.key(number)));
            prop_assert_eq!(&tasks.layer(number).name, graph.layers()[tasks.layer_number(number) as usize].name());
            let literals = tasks.steps(number).filter_map(|step| match step { Step::Literal(at) => Some(at), _ => None });
            prop_assert!(literals.max().is_none_or(|at| (at as usize) < tasks.n_literals()));
        }
        let after = tasks.into_graph().lower(&wanted).expect("a plan");
        prop_assert!(before.nodes().map(|node| before.key(node)).eq(after.nodes().map(|node| after.key(node))));
        prop_assert_eq!(values(&before), values(&after));
    }
}

#[test]
fn what_is_nested_keeps_its_form() {
    let add = add();
    let graph = graph! { "x" => 1_i64, "y" => add(@"x", add(@"x", 2_i64)), "z" => [@"x", [@"y"]] };
    let tasks = graph.tasks(&[Key::named("z")]).expect("tasks");
    let before = |key: &str| format!("{:?}", graph.node(&Key::named(key)).expect("a node"));
    for key in ["x", "y", "z"] {
        let number = tasks.number(&Key::named(key)).expect("a number");
        assert_eq!(format!("{:?}", tasks.node(number).expect("a node")), before(key));
    }
}

#[test]
fn a_cycle_and_a_missing_key_are_told() {
    let inc = op(|x: i64| x + 1);
    let graph = graph! { "a" => inc(@"b"), "b" => inc(@"a"), "c" => inc(@"nowhere") };
    let tasks = graph.tasks(&[Key::named("a")]).expect("tasks");
    let error = tasks.topological().expect_err("a cycle");
    assert_eq!(error.to_string(), "the graph has a cycle: a needs b needs a");
    assert!(matches!(graph.tasks(&[Key::named("c")]), Err(PlanError::MissingKey { .. })));
}

#[test]
fn errors_and_pictures_name_the_work_that_a_task_stands_for() {
    let add = add();
    let graph = graph! { "x" => add(1_i64, 1_i64), "y" => fail(@"x") };
    let mut tasks = graph.tasks(&[Key::named("y")]).expect("tasks");
    let [y, x] = [0, 1].map(|number| tasks.steps(number).collect::<Vec<Step>>());
    tasks.set_steps(0, x.into_iter().chain(y[1..].iter().copied())).expect("small");
    tasks.remove(1);
    tasks.set_stands_for(0, ["x", "y"].map(Key::named));
    assert_eq!(tasks.stands_for(0).cloned().collect::<Vec<_>>(), ["x", "y"].map(Key::named));
    let plan = tasks.into_graph().lower(&[Key::named("y")]).expect("a plan");
    assert_eq!(plan.stands_for(plan.outputs()[0]), ["x", "y"]);
    assert!(plan.dot().to_string().contains("x → y"), "{}", plan.dot());
    let error = Naive.run(&plan, &RunOptions::default()).expect_err("the op fails");
    assert!(error.to_string().contains(", which stands for x → y"), "{error}");
}

fn fail(_: i64) -> i64 {
    panic!("no")
}
