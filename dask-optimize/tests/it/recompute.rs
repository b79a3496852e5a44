//! Recompute or keep: what is made again, what is kept, and that results stay the same.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Axis, Blockwise, Graph, Key, List, Materialized, Op, OpError, Plan, RunOptions, Scheduler,
    Task, Value, op,
};
use dask_optimize::{Optimized, Pipeline, Recompute, fuse_layers, recompute};
use dask_sched_sync::Sync;
use proptest::prelude::*;

const I: Axis = Axis(0);

/// Makes its block's number, as a block of so many bytes.
struct Read {
    nbytes: u64,
}

impl Op for Read {
    fn name(&self) -> Cow<'_, str> {
        "read".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::new(*args.get::<i64>(0)?))
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        Some(self.nbytes)
    }
}

/// A function of numbers that may be called again.
struct Pure(fn(i64, i64) -> i64);

impl Op for Pure {
    fn name(&self) -> Cow<'_, str> {
        "pure".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let second = if args.len() > 1 { *args.get::<i64>(1)? } else { 1 };
        Ok(Value::new((self.0)(*args.get::<i64>(0)?, second)))
    }

    fn is_pure(&self) -> bool {
        true
    }
}

fn read(name: &'static str, n: u32, nbytes: u64) -> Graph {
    let layer = Blockwise::builder(name, Arc::new(Read { nbytes }), &[(I, n)])
        .per_block(&[(I, n)], |index| Value::new(i64::from(index[0])));
    Graph::from_layer(layer.build().expect("axes fit"))
}

fn map(name: &'static str, n: u32, op: Arc<dyn Op>, inputs: &[(&'static str, u32, &Graph)]) -> Graph {
    let builder = Blockwise::builder(name, op, &[(I, n)]);
    let builder = inputs.iter().fold(builder, |builder, &(input, m, _)| builder.blocks(input, &[(I, m)]));
    Graph::with_inputs(builder.build().expect("axes fit"), inputs.iter().map(|&(_, _, graph)| graph))
}

/// A sum over each `group` of blocks, as the only blocks of `name`.
fn group_sums(name: &'static str, of: &'static str, n: u32, group: u32, graph: &Graph) -> Graph {
    let mut layer = Materialized::new(name);
    let sum = op(|items: Vec<i64>| items.into_iter().fold(0, i64::wrapping_add));
    for out in 0..n.div_ceil(group) {
        let items = (out * group..((out + 1) * group).min(n)).map(|i| Arg::key((of, i)));
        layer.insert((name, out), Task::new(sum.clone(), [Arg::list(items)]));
    }
    Graph::with_inputs(layer, [graph])
}

/// `(2 x) - sum(2 x)` for `n` blocks.
fn centred(n: u32, nbytes: u64) -> (Graph, Vec<Key>) {
    let x = read("x", n, nbytes);
    let double = map("double", n, Arc::new(Pure(|x, _| x.wrapping_mul(2))), &[("x", n, &x)]);
    let total = group_sums("total", "double", n, n, &double);
    let sub =
        map("sub", n, Arc::new(Pure(i64::wrapping_sub)), &[("double", n, &double), ("total", 1, &total)]);
    (sub, (0..n).map(|i| Key::new("sub", &[i])).collect())
}

/// The plan of the one consumer of all blocks: results need not be held because they were asked for.
fn streamed(graph: &Graph, keys: &[Key]) -> Plan {
    let mut layer = Materialized::new("end");
    let forget = op(|_: i64| ());
    for (n, key) in keys.iter().enumerate() {
        layer.insert(("end", n as u32), Task::new(forget.clone(), [Arg::key(key)]));
    }
    let ends: Vec<Arg> = (0..keys.len()).map(|n| Arg::key(("end", n as u32))).collect();
    layer.insert("end", Task::new(op(|_: Vec<()>| ()), [Arg::list(ends)]));
    Graph::with_inputs(layer, [graph]).lower(&[Key::named("end")]).expect("a plan")
}

fn values(graph: &Graph, keys: &[Key]) -> Vec<i64> {
    let plan = graph.lower(keys).expect("a plan");
    let values = Sync::new().run(&plan, &RunOptions::new()).expect("values");
    values.iter().map(|value| *value.get().expect("an i64")).collect()
}

fn names(graph: &Graph) -> Vec<String> {
    graph.layers().iter().map(|layer| layer.name().label().to_owned()).collect()
}

#[test]
fn what_is_needed_before_and_after_a_sum_is_made_twice() {
    let (graph, keys) = centred(50, 1000);
    let again = recompute(&graph, &keys, Recompute::Always).expect("a graph");
    assert_eq!(values(&again, &keys), values(&graph, &keys));
    let count = |label: &str| names(&again).iter().filter(|name| *name == label).count();
    assert_eq!((count("x"), count("double"), count("total")), (2, 2, 1));

    // The sum takes all blocks as one list. Kept, they are alive after it, too.
    let after_the_sum = |graph: &Graph| {
        let plan = streamed(&fuse_layers(graph, &keys).expect("a graph"), &keys);
        let sum = plan.nodes().position(|node| plan.key(node).name().as_str() == "total").expect("a sum");
        plan.pressure().curve()[sum]
    };
    assert!(after_the_sum(&graph) >= 50, "{}", after_the_sum(&graph));
    assert_eq!(after_the_sum(&again), 1);
}

#[test]
fn the_choice_depends_on_size_and_limit() {
    let (graph, keys) = centred(50, 1000);
    let n_layers = |choice: Recompute| recompute(&graph, &keys, choice).expect("a graph").layers().len();
    let (kept, again) = (4, 6);
    assert_eq!(n_layers(Recompute::Never), kept);
    assert_eq!(n_layers(Recompute::Always), again);
    assert_eq!(n_layers(Recompute::WhenOver(49_999)), again);
    assert_eq!(n_layers(Recompute::WhenOver(50_000)), kept);
    // Half of the limit may be kept.
    assert_eq!(n_layers(Recompute::default().or_limit(Some(90_000))), again);
    assert_eq!(n_layers(Recompute::default().or_limit(Some(110_000))), kept);
    assert_eq!(n_layers(Recompute::Auto { memory: Some(90_000) }.or_limit(None)), again);
    assert_eq!(n_layers(Recompute::default().or_limit(None)), kept);
    assert_eq!(n_layers(Recompute::Never.or_limit(Some(1))), kept);
}

#[test]
fn the_memory_limit_of_a_run_decides() {
    let (graph, keys) = centred(50, 1000);
    let n_layers = |options: &RunOptions, pipeline: Pipeline| {
        let scheduler = Optimized::with_pipeline(Sync::new(), pipeline);
        scheduler.prepare(graph.clone(), &keys, options).expect("a graph").layers().len()
    };
    let short = RunOptions::new().memory_limit(60_000);
    // read+double, total, sub; or read+double, total, read+double+sub.
    assert_eq!(n_layers(&RunOptions::new(), Pipeline::standard()), 3);
    assert_eq!(n_layers(&short, Pipeline::standard()), 3);
    let reads = |options: &RunOptions| {
        let scheduler = Optimized::new(Sync::new());
        let graph = scheduler.prepare(graph.clone(), &keys, options).expect("a graph");
        let plan = graph.lower(&keys).expect("a plan");
        plan.nodes().filter(|&node| plan.producer_nbytes(node).is_some()).count()
    };
    assert_eq!((reads(&RunOptions::new()), reads(&short)), (50, 100));
}

#[test]
fn sums_over_few_blocks_keep_them() {
    // Each block needs the sum of its own group of four: four blocks are held, not fifty.
    let x = read("x", 48, 1000);
    let sums = group_sums("sums", "x", 48, 4, &x);
    let mut spread = Materialized::new("spread");
    for n in 0..48_u32 {
        spread.insert(("spread", n), Task::new(op(|x: i64| x), [Arg::key(("sums", n / 4))]));
    }
    let spread = Graph::with_inputs(spread, [&sums]);
    let sub = map("sub", 48, Arc::new(Pure(i64::wrapping_sub)), &[("x", 48, &x), ("spread", 48, &spread)]);
    let keys: Vec<Key> = (0..48).map(|i| Key::new("sub", &[i])).collect();
    assert_eq!(recompute(&sub, &keys, Recompute::WhenOver(5000)).expect("a graph").layers().len(), 4);
    assert_eq!(recompute(&sub, &keys, Recompute::WhenOver(2500)).expect("a graph").layers().len(), 5);
}

#[test]
fn what_is_not_pure_is_kept() {
    let x = read("x", 9, 1000);
    let draw = map("draw", 9, op(|x: i64| x), &[("x", 9, &x)]);
    let total = group_sums("total", "draw", 9, 9, &draw);
    let sub = map("sub", 9, Arc::new(Pure(i64::wrapping_sub)), &[("draw", 9, &draw), ("total", 1, &total)]);
    let keys: Vec<Key> = (0..9).map(|i| Key::new("sub", &[i])).collect();
    assert_eq!(recompute(&sub, &keys, Recompute::Always).expect("a graph").layers().len(), 4);
}

#[test]
fn lists_are_not_made_again() {
    // Each block of `z` takes all blocks of `x` at once: they are held in any case.
    let x = read("x", 9, 1000);
    let fold = op(|x: i64, items: &List| {
        items.iter().fold(x, |sum, item| sum + item.get::<i64>().expect("a number"))
    });
    let z = Blockwise::builder("z", fold, &[(I, 9)]).contract(Axis(1), 9);
    let z = z.blocks("x", &[(I, 9)]).blocks("x", &[(Axis(1), 9)]).build().expect("axes fit");
    let z = Graph::with_inputs(z, [&x]);
    let keys: Vec<Key> = (0..9).map(|i| Key::new("z", &[i])).collect();
    let again = recompute(&z, &keys, Recompute::Always).expect("a graph");
    // The other argument is made block by block.
    let z = again.layer(&"z".into()).expect("the layer");
    let inputs = z.inputs();
    assert_eq!((again.layers().len(), inputs[0] == "x".into(), inputs[1] == "x".into()), (3, false, true));
}

#[test]
fn what_cheap_work_is_done_on_is_made_again() {
    /// Costs next to nothing.
    struct Cheap;

    impl Op for Cheap {
        fn name(&self) -> Cow<'_, str> {
            "cheap".into()
        }

        fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
            args.value(0).cloned()
        }

        fn is_cheap(&self) -> bool {
            true
        }
    }

    let x = read("x", 9, 1000);
    let cheap = map("cheap", 9, Arc::new(Cheap), &[("x", 9, &x)]);
    let total = group_sums("total", "x", 9, 9, &x);
    let sub = map("sub", 9, Arc::new(Pure(i64::wrapping_sub)), &[("cheap", 9, &cheap), ("total", 1, &total)]);
    let keys: Vec<Key> = (0..9).map(|i| Key::new("sub", &[i])).collect();
    let again = recompute(&sub, &keys, Recompute::Always).expect("a graph");
    assert_eq!(names(&again).iter().filter(|&name| name == "x").count(), 2);
    assert_eq!(values(&again, &keys), values(&sub, &keys));
}

proptest! {
    #[test]
    fn results_stay_the_same(n in 1_u32..12, steps in prop::collection::vec((0_u8..3, any::<prop::sample::Index>()), 1..8), limit in 0_u64..6000) {
        const NAMES: [&str; 9] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"];
        const TOTALS: [&str; 9] = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"];
        let mut made = vec![("x", read("x", n, 500))];
        for (at, (form, from)) in steps.iter().enumerate() {
            let (name, graph) = made[from.index(made.len())].clone();
            let (last, last_graph) = made[made.len() - 1].clone();
            let new = match form {
                0 => map(NAMES[at], n, Arc::new(Pure(|x, _| x.wrapping_mul(3))), &[(name, n, &graph)]),
                1 => map(NAMES[at], n, Arc::new(Pure(i64::wrapping_add)), &[(name, n, &graph), (last, n, &last_graph)]),
                _ => {
                    let total = group_sums(TOTALS[at], name, n, n, &graph);
                    map(NAMES[at], n, Arc::new(Pure(i64::wrapping_sub)), &[(last, n, &last_graph), (TOTALS[at], 1, &total)])
                }
            };
            made.push((NAMES[at], new));
        }
        let (name, graph) = made.pop().expect("one step at least");
        let keys: Vec<Key> = (0..n).map(|i| Key::new(name, &[i])).collect();
        let expected = values(&graph, &keys);
        for choice in [Recompute::Always, Recompute::WhenOver(limit)] {
            let again = recompute(&graph, &keys, choice).expect("a graph");
            prop_assert_eq!(&values(&again, &keys), &expected);
            prop_assert_eq!(&values(&fuse_layers(&again, &keys).expect("a graph"), &keys), &expected);
            prop_assert_eq!(names(&recompute(&again, &keys, choice).expect("a graph")), names(&again), "twice is once");
        }
    }
}
