//! Graphs that passes have to be careful with.

use std::sync::Arc;

use dask_graph::{
    Annotations, Arg, Graph, Key, LayerInfo, Materialized, Node, Op, Step, Task, Value, graph, named_op, op,
};
use dask_optimize::{
    FuseLimits, MAX_REPEATED_STEPS, equivalent, fuse, fuse_linear, inline, inline_constants,
    inline_functions, merge_equal, remove_aliases,
};

use super::{PASSES, values};

fn key(n: usize) -> Key {
    Key::new("x", &[n as u32])
}

/// `x(0) = 1` and then `x(n) = node(x(n - 1))`.
fn chain(n: usize, node: impl Fn(Key) -> Node) -> Graph {
    let mut layer = Materialized::new("x");
    layer.insert(key(0), Node::data(1_i64));
    (1..n).for_each(|at| drop(layer.insert(key(at), node(key(at - 1)))));
    Graph::from_layer(layer)
}

fn number(graph: &Graph, key: &Key) -> i64 {
    *values(graph, std::slice::from_ref(key))[0].get().expect("a number")
}

fn add() -> Arc<dyn Op> {
    named_op("add", |a: i64, b: i64| a.wrapping_add(b))
}

#[test]
fn long_chains_become_one_task_without_recursion() {
    const N: usize = 300_000;
    let inc = named_op("inc", |x: i64| x + 1);
    let last = [key(N - 1)];
    let tasks = chain(N, |before| Task::new(inc.clone(), [before.into()]).into());
    for (name, pass) in PASSES.into_iter().filter(|(name, _)| name.contains("fuse") || *name == "inline all")
    {
        let fused = pass(&tasks, &last).expect(name);
        let expected = if name == "fuse, average width 0.5" { N - 1 } else { 1 };
        assert_eq!(fused.len(), expected, "{name}");
        assert_eq!(number(&fused, &last[0]), N as i64, "{name}");
    }
    let aliases = chain(N, Node::Alias);
    assert_eq!(remove_aliases(&aliases, &last).expect("a graph").len(), 1);
}

#[test]
fn work_that_is_needed_twice_at_every_level_grows_by_a_factor_only() {
    const N: usize = 2000;
    let add = add();
    let doubled = chain(N, |before| Task::new(add.clone(), [Arg::from(&before), before.into()]).into());
    let wanted = [key(N - 1)];
    let all: Vec<Key> = (0..N).map(key).collect();
    let is_fast: fn(&dyn Op) -> bool = |_| true;
    for inlined in [inline(&doubled, &wanted, &all), inline_functions(&doubled, &wanted, is_fast)] {
        let tasks = inlined.expect("a graph").tasks(&wanted).expect("tasks");
        let longest = tasks.numbers().map(|number| tasks.steps(number).count()).max().expect("a task");
        assert!((MAX_REPEATED_STEPS..2 * MAX_REPEATED_STEPS + 2).contains(&longest), "{longest}");
        assert!(tasks.len() < N / 6, "{}", tasks.len());
        assert_eq!(number(&tasks.into_graph(), &wanted[0]), number(&doubled, &wanted[0]));
    }
}

#[test]
fn aliases_do_not_hide_that_work_is_repeated() {
    const N: usize = 200;
    let add = add();
    let mut layer = Materialized::new("x");
    layer.insert(key(0), Node::data(1_i64));
    for n in 1..N {
        let [a, b] = ["a", "b"].map(|name| Key::new(name, &[n as u32]));
        layer.insert(&a, Node::Alias(key(n - 1)));
        layer.insert(&b, Node::Alias(a.clone()));
        layer.insert(key(n), Task::new(add.clone(), [a.into(), b.into()]));
    }
    let graph = Graph::from_layer(layer);
    let wanted = [key(N - 1)];
    for (name, pass) in PASSES {
        let n_steps = |graph: &Graph| {
            let tasks = graph.tasks(&wanted).expect(name);
            tasks.numbers().map(|number| tasks.steps(number).count()).sum::<usize>()
        };
        let after = pass(&graph, &wanted).expect(name);
        assert!(n_steps(&after) <= MAX_REPEATED_STEPS * n_steps(&graph), "{name}");
    }
}

#[test]
fn a_task_with_many_edges_is_fused_with_what_adds_none() {
    // sum needs a hundred values that others need too, and last needs sum and some of them.
    let sum = named_op("sum", |items: Vec<i64>| items.iter().sum::<i64>());
    let items: Vec<Key> = (0..100).map(|n| Key::new("item", &[n])).collect();
    let mut layer = Materialized::new("items");
    items.iter().for_each(|key| drop(layer.insert(key, Node::data(1_i64))));
    let all = || Arg::list(items.iter().map(Arg::from));
    layer.insert("sum", Task::new(sum.clone(), [all()]));
    layer.insert("same", Task::new(sum.clone(), [Arg::list([Arg::key("sum")])]));
    layer.insert("last", Task::new(sum, [Arg::list([Arg::key("same"), Arg::from(&items[7])])]));
    let graph = Graph::from_layer(layer);
    let wanted: Vec<Key> = items.iter().cloned().chain([Key::named("last")]).collect();
    let fused = fuse(&graph, &wanted, &FuseLimits::default()).expect("a graph");
    assert!(fused.node(&Key::named("sum")).is_none());
    assert!(fused.node(&Key::named("same")).is_some());
    assert_eq!(number(&fused, &Key::named("last")), 101);
}

#[test]
fn each_limit_of_fusion_holds() {
    // Two levels of a binary tree over tasks that need a value of their own.
    let (add, load) = (add(), named_op("load", |x: i64| x));
    let graph = graph! {
        "p" => 1_i64, "q" => 2_i64, "r" => 3_i64, "s" => 4_i64,
        "a" => load(@"p"), "b" => load(@"q"), "c" => load(@"r"), "d" => load(@"s"),
        "ab" => add(@"a", @"b"), "cd" => add(@"c", @"d"), "abcd" => add(@"ab", @"cd"),
    };
    #[track_caller]
    fn check(graph: &Graph, limits: &FuseLimits, others: &[&str], expected: usize) {
        let wanted: Vec<Key> = ["abcd"].iter().chain(others).map(|&name| Key::named(name)).collect();
        let fused = fuse(graph, &wanted, limits).expect("a graph");
        assert_eq!(fused.len() - others.len(), expected, "{limits:?}");
        assert_eq!(number(&fused, &wanted[0]), 10);
    }
    let wide = FuseLimits::new(4.0);
    check(&graph, &wide, &[], 1);
    check(&graph, &wide.clone().max_width(1.0), &[], 7);
    check(&graph, &wide.clone().max_width(2.0), &[], 3);
    check(&graph, &wide.clone().max_height(0), &[], 7);
    check(&graph, &wide.clone().max_height(1), &[], 3);
    check(&graph, &FuseLimits::new(1.9), &[], 7);
    check(&graph, &FuseLimits::new(0.5), &[], 7);
    check(&graph, &FuseLimits::new(f64::NAN), &[], 7);
    // With values that are wanted, and so stay outside, to need another one is a new edge.
    let chain = graph! {
        "p" => 1_i64, "q" => 2_i64, "r" => 3_i64, "s" => 4_i64,
        "a" => load(@"p"), "b" => add(@"a", @"q"), "c" => add(@"b", @"r"), "abcd" => add(@"c", @"s"),
    };
    let values = ["p", "q", "r", "s"];
    check(&chain, &wide, &values, 1);
    check(&chain, &wide.clone().max_depth_new_edges(3.0), &values, 2);
    check(&chain, &wide.max_depth_new_edges(1.0), &values, 4);
}

#[test]
fn what_was_asked_for_is_not_swallowed_but_swallows() {
    let inc = named_op("inc", |x: i64| x + 1);
    let graph = chain(6, |before| Task::new(inc.clone(), [before.into()]).into());
    let wanted = [key(5), key(2), key(2)];
    let fused = fuse_linear(&graph, &wanted).expect("a graph");
    assert_eq!(fused.len(), 2);
    let plan = fused.lower(&wanted).expect("a plan");
    assert_eq!(plan.stands_for(plan.outputs()[0]), ["('x', 3)", "('x', 4)", "('x', 5)"]);
    assert_eq!(plan.stands_for(plan.outputs()[1]), ["('x', 1)", "('x', 2)"]);
}

#[test]
fn repeated_work_is_stood_for_as_often() {
    let (add, inc) = (add(), named_op("inc", |x: i64| x + 1));
    let graph = graph! { "a" => inc(1_i64), "b" => inc(@"a"), "c" => add(@"a", @"b") };
    let wanted = [Key::named("c")];
    let inlined = inline(&graph, &wanted, &["a", "b"].map(Key::named)).expect("a graph");
    let plan = inlined.lower(&wanted).expect("a plan");
    assert_eq!(plan.stands_for(plan.outputs()[0]), ["a", "a", "b", "c"]);
}

#[test]
fn values_are_shared_when_they_are_inlined() {
    let data = Value::new(vec![0_u8; 100]);
    let len = named_op("len", |data: &Vec<u8>| data.len() as i64);
    let mut layer = Materialized::new("layer");
    layer.insert("data", data.clone());
    let names = ["a", "b"];
    names.iter().for_each(|&name| drop(layer.insert(name, Task::new(len.clone(), [Arg::key("data")]))));
    let inlined = inline_constants(&Graph::from_layer(layer), &names.map(Key::named)).expect("a graph");
    assert_eq!(inlined.len(), 2);
    for name in names {
        let Some(Node::Task(task)) = inlined.node(&Key::named(name)) else { panic!("a task") };
        assert!(matches!(task.args(), [Arg::Value(value)] if value.ptr_eq(&data)));
    }
}

#[test]
fn only_what_is_the_same_is_merged() {
    fn half(x: f64) -> f64 {
        x / 2.0
    }
    let k = 2.0_f64;
    let [times, again] = [0, 1].map(|_| named_op("times", move |x: f64| k * x));
    let text = Value::new(vec![1.0_f64]);
    let task = |op: Arc<dyn Op>, arg: Arg| Node::from(Task::new(op, [arg]));
    let number = |x: f64| Arg::value(x);
    let data = |value: &Value| Node::Data(value.clone());
    let pairs = [
        ("one function", task(op(half), number(1.0)), task(op(half), number(1.0)), true),
        (
            "one function, two names",
            task(op(half), number(1.0)),
            task(named_op("h", half), number(1.0)),
            true,
        ),
        ("one object with state", task(times.clone(), number(1.0)), task(times.clone(), number(1.0)), true),
        ("two objects with state", task(times, number(1.0)), task(again, number(1.0)), false),
        ("two numbers", task(op(half), number(1.0)), task(op(half), number(2.0)), false),
        ("zeros of two signs", Node::data(0.0), Node::data(-0.0), false),
        ("not a number", Node::data(f64::NAN), Node::data(f64::NAN), true),
        ("two types", Node::data(1_i64), Node::data(1_i32), false),
        ("text", Node::data(String::from("x")), Node::data(String::from("x")), true),
        ("text of two types", Node::data(String::from("x")), Node::data("x"), false),
        ("one value", data(&text), data(&text), true),
        ("equal values", Node::data(vec![1.0_f64]), Node::data(vec![1.0_f64]), false),
        ("lists", Node::from(Arg::list([number(1.0)])), Node::from(Arg::list([number(1.0)])), true),
        ("a list and its item", Node::from(Arg::list([number(1.0)])), Node::data(1.0), false),
    ];
    for (what, a, b, is_same) in pairs {
        assert_eq!(equivalent(&a, &b), is_same, "{what}");
        let mut layer = Materialized::new("layer");
        layer.insert("a", a);
        layer.insert("b", b);
        layer.insert("both", Node::from(Arg::list([Arg::key("a"), Arg::key("b")])));
        let merged =
            merge_equal(&Graph::from_layer(layer), &[Key::named("both")], |_| true).expect("a graph");
        assert_eq!(merged.len(), if is_same { 2 } else { 3 }, "{what}");
    }
}

#[test]
fn the_equal_task_in_the_lowest_layer_stays() {
    let inc = named_op("inc", |x: i64| x + 1);
    let layer = |name: &str, from: Option<&Graph>, index: u32, arg: Arg| {
        let mut layer = Materialized::new(name);
        layer.insert((name, index), Task::new(inc.clone(), [arg]));
        Graph::with_inputs(layer, from)
    };
    // low(0) = inc(1), and high(0) = inc(1) as well, whichever is met first.
    let low = layer("low", None, 0, Arg::value(1_i64));
    let high = layer("high", Some(&low), 0, Arg::value(1_i64));
    let [in_low, in_high] = ["low", "high"].map(|name| Key::new(name, &[0]));
    for wanted in [[&in_low, &in_high], [&in_high, &in_low]] {
        let merged = merge_equal(&high, &wanted.map(Key::clone), |_| true).expect("a graph");
        assert!(matches!(merged.node(&in_high), Some(Node::Alias(key)) if key == in_low));
        assert!(matches!(merged.node(&in_low), Some(Node::Task(_))));
    }
}

#[test]
fn equal_tasks_that_are_run_in_different_ways_stay_apart() {
    let inc = named_op("inc", |x: i64| x + 1);
    let wanted = ["a", "b", "c"].map(|name| Key::new(name, &[0]));
    let layers = wanted.clone().map(|key| {
        let retries = u32::from(key.name().as_str() == "b");
        let info = LayerInfo::here().with_annotations(Annotations { retries, ..Annotations::default() });
        let mut layer = Materialized::with_info(key.name(), info);
        layer.insert(key, Task::new(inc.clone(), [Arg::value(1_i64)]));
        Graph::from_layer(layer)
    });
    let merged = merge_equal(&Graph::merge(&layers), &wanted, |_| true).expect("a graph");
    assert!(matches!(merged.node(&wanted[1]), Some(Node::Task(_))));
    assert!(matches!(merged.node(&wanted[2]), Some(Node::Alias(key)) if key == wanted[0]));
}

#[test]
fn errors_name_what_is_wrong() {
    let inc = named_op("inc", |x: i64| x + 1);
    let graph =
        graph! { "a" => inc(@"b"), "b" => inc(@"a"), "c" => inc(@"nowhere"), "d" => @"e", "e" => @"d" };
    for (name, pass) in PASSES {
        let error = |key: &str| pass(&graph, &[Key::named(key)]).map(|_| ()).expect_err(name).to_string();
        assert_eq!(error("zz"), "key zz is not in the graph; it was asked for by the caller", "{name}");
        assert!(error("c").starts_with("key nowhere is not in the graph; it is an argument of c"), "{name}");
        if name != "cull" {
            assert_eq!(error("a"), "the graph has a cycle: a needs b needs a", "{name}");
            assert_eq!(error("d"), "the graph has a cycle: d needs e needs d", "{name}");
        }
    }
}

#[test]
fn passes_follow_each_other_when_references_lead_nowhere() {
    let add = add();
    let graph = graph! { "a" => 1_i64, "b" => add(@"a", @"a"), "c" => add(@"b", 1_i64), "d" => @"c" };
    let mut tasks = graph.tasks(&[Key::named("d")]).expect("tasks");
    let b = tasks.number(&Key::named("b")).expect("a number");
    tasks.remove(b);
    dask_optimize::remove_aliases_tasks(&mut tasks).expect("removed");
    dask_optimize::fuse_tasks(&mut tasks, &FuseLimits::new(4.0)).expect("fused");
    dask_optimize::fuse_linear_tasks(&mut tasks).expect("fused");
    dask_optimize::inline_tasks(&mut tasks, &["a", "b", "c"].map(Key::named)).expect("inlined");
    dask_optimize::merge_equal_tasks(&mut tasks, |_| true).expect("merged");
    // a is not needed any more.
    assert_eq!(tasks.len(), 2);
    dask_optimize::cull_tasks(&mut tasks);
    assert_eq!(tasks.len(), 1);
    let d = tasks.number(&Key::named("d")).expect("a number");
    assert_eq!(tasks.steps(d).next(), Some(Step::Again(b)));
}
