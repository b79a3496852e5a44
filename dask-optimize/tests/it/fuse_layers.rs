//! Layer fusion: what is joined, what stays apart, and that results stay the same.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Annotations, Arg, Args, Axis, Blockwise, BlockwiseBuilder, Graph, Key, LayerInfo, List, Materialized,
    Name, Op, OpError, RunOptions, Scheduler, Task, Value, graph, named_op,
};
use dask_optimize::{Composite, fuse_layers};
use dask_sched_sync::Sync;
use proptest::prelude::*;

const I: Axis = Axis(0);
const J: Axis = Axis(1);
const K: Axis = Axis(2);

fn source(name: &str, axes: &[(Axis, u32)]) -> Graph {
    let own = axes.to_vec();
    let layer = Blockwise::builder(name, named_op("source", |at: Vec<u32>| number_of(&at)), axes)
        .per_block(&own, |at| Value::new(at.to_vec()));
    Graph::from_layer(layer.build().expect("axes fit"))
}

/// A number that tells block indices apart.
fn number_of(at: &[u32]) -> i64 {
    at.iter().fold(1, |n, &i| n * 10 + i64::from(i))
}

fn inc() -> Arc<dyn Op> {
    named_op("inc", |x: i64| x + 1)
}

fn add() -> Arc<dyn Op> {
    named_op("add", |a: i64, b: i64| 3 * a + b)
}

fn layer(name: &str, op: Arc<dyn Op>, output: &[(Axis, u32)]) -> BlockwiseBuilder {
    Blockwise::builder(name, op, output)
}

fn over(builder: BlockwiseBuilder, inputs: &[&Graph]) -> Graph {
    Graph::with_inputs(builder.build().expect("axes fit"), inputs.iter().copied())
}

/// The values of all blocks of the layers called `wanted`.
fn values(graph: &Graph, wanted: &[&str]) -> Vec<i64> {
    let keys = keys_of(graph, wanted);
    let plan = graph.lower(&keys).expect("a plan");
    let values = Sync::new().run(&plan, &RunOptions::default()).expect("values");
    values.iter().map(|value| *value.get::<i64>().expect("a number")).collect()
}

fn keys_of(graph: &Graph, wanted: &[&str]) -> Vec<Key> {
    wanted
        .iter()
        .flat_map(|name| graph.layer(&Name::from(*name)).expect("the layer").keys().collect::<Vec<_>>())
        .collect()
}

/// Fuses, compares values, and returns the names of the layers that are left.
#[track_caller]
fn check(graph: &Graph, wanted: &[&str], left: &[&str]) -> Graph {
    let fused = fuse_layers(graph, &keys_of(graph, wanted)).expect("a graph");
    assert_eq!(values(&fused, wanted), values(graph, wanted));
    let mut names: Vec<String> = fused.layers().iter().map(|layer| layer.name().to_string()).collect();
    names.sort();
    assert_eq!(names, left);
    // Once more changes nothing.
    let again = fuse_layers(&fused, &keys_of(graph, wanted)).expect("a graph");
    assert_eq!(again.layers().len(), left.len());
    fused
}

#[test]
fn chains_and_trees_become_one_layer_that_remembers_their_names() {
    let i = [(I, 4)];
    let a = source("a", &i);
    let b = over(layer("b", inc(), &i).blocks("a", &i), &[&a]);
    let c = source("c", &i);
    let d = over(layer("d", add(), &i).blocks("b", &i).blocks("c", &i), &[&b, &c]);
    let fused = check(&d, &["d"], &["d"]);
    let names: Vec<String> = fused.layers()[0].info().stands_for.iter().map(Name::to_string).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    let plan = fused.lower(&keys_of(&d, &["d"])).expect("a plan");
    assert_eq!((plan.len(), plan.op_name(plan.outputs()[0]).as_str()), (4, "source+inc+source+add"));
}

#[test]
fn what_was_asked_for_or_is_used_twice_stays() {
    let i = [(I, 3)];
    let a = source("a", &i);
    let b = over(layer("b", inc(), &i).blocks("a", &i), &[&a]);
    let c = over(layer("c", inc(), &i).blocks("b", &i), &[&b]);
    let d = over(layer("d", add(), &i).blocks("b", &i).blocks("b", &i), &[&b]);
    let both = Graph::merge([&c, &d]);
    check(&c, &["b", "c"], &["b", "c"]);
    check(&both, &["c", "d"], &["b", "c", "d"]);
    check(&d, &["d"], &["b", "d"]);
}

#[test]
fn broadcast_and_contracted_producers_stay_unless_they_are_cheap() {
    let (ij, j) = ([(I, 3), (J, 2)], [(J, 2)]);
    let x = source("x", &ij);
    let row = over(layer("row", inc(), &j).blocks("v", &j), &[&source("v", &j)]);
    let z = over(layer("z", add(), &ij).blocks("x", &ij).blocks("row", &j), &[&x, &row]);
    check(&z, &["z"], &["row", "z"]);

    let cheap = Graph::from_layer(layer("cheap", Arc::new(Seven), &[(J, 1)]).build().expect("axes fit"));
    let z = over(layer("z", add(), &ij).blocks("x", &ij).blocks("cheap", &[(J, 1)]), &[&x, &cheap]);
    check(&z, &["z"], &["z"]);

    let total = named_op("total", |items: Vec<i64>| items.iter().sum::<i64>());
    let y = over(layer("y", inc(), &ij).blocks("x", &ij), &[&x]);
    let s = over(layer("s", total, &[(I, 3)]).contract(J, 2).blocks("y", &ij), &[&y]);
    let t = over(layer("t", inc(), &[(I, 3)]).blocks("s", &[(I, 3)]), &[&s]);
    // The contraction itself is taken in; its lists are as before.
    check(&t, &["t"], &["t", "y"]);
}

#[test]
fn transposed_and_renamed_axes_are_followed() {
    let (ij, ji) = ([(I, 3), (J, 2)], [(J, 2), (I, 3)]);
    let x = source("x", &ij);
    // y[j, i] = x[i, j] + 1 and z[p, q] = y[p, q] + 1.
    let y = over(layer("y", inc(), &ji).blocks("x", &ij), &[&x]);
    let pq = [(Axis(7), 2), (Axis(0), 3)];
    let z = over(layer("z", inc(), &pq).blocks("y", &pq), &[&y]);
    check(&z, &["z"], &["z"]);
}

#[test]
fn labels_of_axes_do_not_run_out() {
    let last = [(Axis(u16::MAX), 3)];
    let x = source("x", &[(I, 3), (J, 2)]);
    let total = named_op("total", |items: Vec<i64>| items.iter().sum::<i64>());
    let s = over(layer("s", total, &[(I, 3)]).contract(J, 2).blocks("x", &[(I, 3), (J, 2)]), &[&x]);
    let y = over(layer("y", inc(), &[(I, 3)]).blocks("w", &[(I, 3)]), &[&source("w", &[(I, 3)])]);
    // `s`, the smaller one, brings an axis with it, and the last label is taken.
    let z = over(layer("z", add(), &last).blocks("s", &last).blocks("y", &last), &[&s, &y]);
    check(&z, &["z"], &["x", "z"]);
}

#[test]
fn other_annotations_stay_apart() {
    let i = [(I, 3)];
    let info = LayerInfo::default().with_annotations(Annotations { retries: 2, ..Default::default() });
    let a = over(layer("a", Arc::new(Seven), &i).info(info), &[]);
    let b = over(layer("b", inc(), &i).blocks("a", &i), &[&a]);
    check(&b, &["b"], &["a", "b"]);
    // Annotated afterwards, both alike: they are joined.
    let alike = Annotations { retries: 2, ..Default::default() };
    let both = b.relabel(&["a".into(), "b".into()], |info| info.clone().with_annotations(alike.clone()));
    let fused = check(&both, &["b"], &["b"]);
    assert_eq!(*fused.layers()[0].info().annotations, alike);
}

#[test]
fn layers_that_nobody_needs_are_left_out_and_hand_written_ones_kept() {
    let i = [(I, 2)];
    let a = source("a", &i);
    let b = over(layer("b", inc(), &i).blocks("a", &i), &[&a]);
    let unused = over(layer("unused", inc(), &i).blocks("a", &i), &[&a]);
    check(&Graph::merge([&unused, &b]), &["b"], &["b"]);

    let hand = graph! { "h" => (|x: i64| x * 2)(@("a", 1)) };
    let mut top = Materialized::new("top");
    top.insert(("top", 0), Task::new(add(), [Arg::key(("b", 0)), Arg::key("h")]));
    let all = Graph::with_inputs(top, [&b, &hand, &a]);
    assert_eq!(
        values(&fuse_layers(&all, &[("top", 0).into()]).expect("a graph"), &["top"]),
        values(&all, &["top"])
    );
}

#[test]
fn a_strangers_op_fuses_in_its_own_way() {
    /// Multiplies by a factor; two of them are one with the product of the factors.
    struct Times(i64);

    impl Op for Times {
        fn name(&self) -> Cow<'_, str> {
            format!("times {}", self.0).into()
        }

        fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
            Ok(Value::new(self.0 * args.take::<i64>(0)?))
        }

        fn absorb(&self, _: usize, producer: &Arc<dyn Op>, _: usize) -> Option<Arc<dyn Op>> {
            let any: &dyn std::any::Any = &**producer;
            any.downcast_ref::<Times>().map(|other| Arc::new(Times(self.0 * other.0)) as Arc<dyn Op>)
        }
    }
    let i = [(I, 2)];
    let x = source("x", &i);
    let y = over(layer("y", Arc::new(Times(3)), &i).blocks("x", &i), &[&x]);
    let z = over(layer("z", Arc::new(Times(5)), &i).blocks("y", &i), &[&y]);
    let fused = check(&z, &["z"], &["z"]);
    let plan = fused.lower(&keys_of(&z, &["z"])).expect("a plan");
    assert_eq!(plan.op_name(plan.outputs()[0]), "source+times 15");
}

#[test]
fn the_last_reference_goes_through_a_composite() {
    let first = named_op("make", |n: usize| vec![1_u8; n]);
    let second = named_op("address", |data: Vec<u8>| data.as_ptr() as usize);
    let joined = Composite::join(&second, 1, 0, &first, 1);
    let mut slots = [Some(Value::new(10_usize))];
    assert!(*joined.call(Args::new(&mut slots)).expect("a value").get::<usize>().expect("an address") > 0);
    let wrong = joined.call(Args::new(&mut [])).expect_err("an argument is missing");
    assert!(wrong.to_string().contains("takes 1 arguments"), "{wrong}");
}

/// Seven, as often as one likes.
struct Seven;

impl Op for Seven {
    fn name(&self) -> Cow<'_, str> {
        "seven".into()
    }

    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::new(7_i64))
    }

    fn is_cheap(&self) -> bool {
        true
    }
}

proptest! {
    // Random graphs of layers over a grid of blocks: operands, broadcasting, contraction and order of axes.
    #[test]
    fn fusion_keeps_values(
        shape in (1_u32..4, 1_u32..4),
        steps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..4), 1..12),
        wanted in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let ij = [(I, shape.0), (J, shape.1)];
        let mut graphs = vec![source("n0", &ij)];
        for (n, (a, b, kind)) in steps.iter().enumerate() {
            let name = format!("n{}", n + 1);
            let (a, b) = (a.index(graphs.len()), b.index(graphs.len()));
            let (a_name, b_name) = (format!("n{a}"), format!("n{b}"));
            let builder = match kind {
                0 => layer(&name, inc(), &ij).blocks(a_name, &ij),
                1 => layer(&name, add(), &ij).blocks(a_name, &ij).blocks(b_name, &ij),
                2 => layer(&name, add(), &ij).blocks(a_name, &ij).per_block(&[(J, shape.1)], |at| Value::new(number_of(at))),
                // A sum over the second axis of one, added to every block of the other.
                _ => {
                    let sum = named_op("sum", |x: i64, items: &List| {
                        items.iter().fold(x, |sum, item| sum * 2 + item.get::<i64>().expect("a number"))
                    });
                    layer(&name, sum, &ij).contract(K, shape.1).blocks(a_name, &ij).blocks(b_name, &[(I, shape.0), (K, shape.1)])
                }
            };
            graphs.push(over(builder, &[&graphs[a], &graphs[b]]));
        }
        let wanted: Vec<String> = wanted.iter().map(|at| format!("n{}", at.index(graphs.len()))).collect();
        let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let graph = Graph::merge(&graphs);
        let keys = keys_of(&graph, &names);
        let fused = fuse_layers(&graph, &keys).expect("a graph");
        prop_assert_eq!(values(&fused, &names), values(&graph, &names));
        let known: Vec<Name> = graph.layers().iter().map(|layer| layer.name().clone()).collect();
        prop_assert!(fused.layers().iter().all(|layer| known.contains(layer.name())));
    }
}
