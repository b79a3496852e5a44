//! What do the passes over tasks cost?
//!
//! Each pass runs on graphs that are held task by task, and so does the way to the dense form and back, which is
//! what they have in common and what `cull` is. The baseline is making the plan, which comes after them;
//! `xtask/peers/passes.py` runs dask's passes on the same graphs.
//!
//! - `blocks`: blocks of ten nodes, in which every pass finds something to do, and a tree that adds them up;
//! - `chain`: each task needs the one before, and all become one;
//! - `random`: each task needs three of the thousand before it, and nothing can be done;
//! - `crossing`: the same in two layers, so that every task needs tasks of the other layer.

use super::{Bench, report_each};
use crate::bench::sched::graphs::materialized;
use crate::bench::sched::shape::Shape;
use anyhow::{Context, Result, ensure};
use dask_graph::{Arg, Graph, Key, List, Materialized, Name, Node, Op, PlanError, Task, named_op};
use dask_optimize::{
    FuseLimits, cull, fuse, fuse_linear, inline, inline_constants, inline_functions, merge_equal,
    remove_aliases,
};
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

/// More nodes than this tell nothing new.
const MAX_NODES: usize = 1_000_000;

/// A pass over a graph, with the requested keys and those that are to be inlined.
type Pass = fn(&Graph, &[Key], &[Key]) -> Result<Graph, PlanError>;

const PASSES: [(&str, Pass); 9] = [
    ("cull", |graph, keys, _| cull(graph, keys)),
    ("fuse_linear", |graph, keys, _| fuse_linear(graph, keys)),
    ("fuse", |graph, keys, _| fuse(graph, keys, &FuseLimits::default())),
    ("fuse, width 2", |graph, keys, _| fuse(graph, keys, &FuseLimits::new(2.0))),
    ("inline", inline),
    ("inline_constants", |graph, keys, _| inline_constants(graph, keys)),
    ("inline_functions", |graph, keys, _| inline_functions(graph, keys, |op| op.name() == "inc")),
    ("remove_aliases", |graph, keys, _| remove_aliases(graph, keys)),
    ("merge_equal", |graph, keys, _| merge_equal(graph, keys, |_| true)),
];

/// Measures every pass on every graph, in nanoseconds for each node.
pub(super) fn measure(bench: &mut Bench, size: usize) -> Result<()> {
    if size > MAX_NODES {
        println!("{size} nodes: skipped, for they are more than {MAX_NODES}");
        return Ok(());
    }
    let task = |task: usize| Key::new("task", &[task as u32]);
    let graphs = [
        ("blocks", blocks(size)),
        ("chain", (materialized(Shape::Chain, size), Shape::Chain.sinks(size).map(task).collect())),
        ("random", (materialized(Shape::Random, size), Shape::Random.sinks(size).map(task).collect())),
        ("crossing", crossing(size)),
    ];
    for (shape, (graph, keys)) in &graphs {
        let (n_nodes, inlined) = (graph.lower(keys)?.len(), keys_of(graph, "d"));
        let lowered = bench.measure(|| Ok(graph.lower(keys)?.len() as u64))?;
        report_each(bench, &format!("{shape}: lower"), "dask-graph", n_nodes, "node", &lowered);
        let bare = Bare::of(graph, keys)?;
        let by_hand = bench.measure(|| {
            let (met, needs) = bare.cull();
            black_box(needs);
            Ok(met.len() as u64)
        })?;
        report_each(bench, &format!("{shape}: cull"), "loop by hand", n_nodes, "node", &by_hand);
        for (name, pass) in PASSES {
            let measured = bench.measure(|| {
                let left = pass(graph, keys, &inlined)?.len();
                ensure!(left <= n_nodes, "{name} made {left} nodes of {n_nodes}");
                Ok(left as u64)
            })?;
            report_each(bench, &format!("{shape}: {name}"), "dask-optimize", n_nodes, "node", &measured);
        }
    }
    Ok(())
}

/// What is left of a graph without keys, tasks and layers: numbers.
struct Bare {
    /// Per node: where its needs end; before the first node, where they begin.
    ends: Vec<u32>,
    needs: Vec<u32>,
    wanted: Vec<u32>,
}

impl Bare {
    fn of(graph: &Graph, keys: &[Key]) -> Result<Self> {
        let all: Vec<Key> = graph.layers().into_iter().flat_map(|layer| layer.keys()).collect();
        let numbers: HashMap<&Key, u32> = all.iter().zip(0..).collect();
        let number =
            |key: &Key| numbers.get(key).copied().with_context(|| format!("{key} is not in the graph"));
        let (mut ends, mut needs) = (vec![0], Vec::new());
        for key in &all {
            let node = graph.node(key).with_context(|| format!("{key} has no node"))?;
            for need in node.dependencies() {
                needs.push(number(&need)?);
            }
            ends.push(needs.len() as u32);
        }
        Ok(Self { ends, needs, wanted: keys.iter().map(number).collect::<Result<_>>()? })
    }

    fn needs(&self, node: u32) -> &[u32] {
        &self.needs[self.ends[node as usize] as usize..self.ends[node as usize + 1] as usize]
    }

    /// The nodes as they are met on the way back from the wanted ones, and what they need by their numbers among these.
    fn cull(&self) -> (Vec<u32>, Vec<u32>) {
        let mut numbers = vec![u32::MAX; self.ends.len() - 1];
        let (mut met, mut waiting) = (Vec::new(), Vec::new());
        for &wanted in &self.wanted {
            let mut found = std::slice::from_ref(&wanted);
            loop {
                for &node in found {
                    if numbers[node as usize] == u32::MAX {
                        numbers[node as usize] = met.len() as u32;
                        met.push(node);
                        waiting.push(node);
                    }
                }
                let Some(node) = waiting.pop() else { break };
                found = self.needs(node);
            }
        }
        let needs = met.iter().flat_map(|&node| self.needs(node)).map(|&need| numbers[need as usize]);
        let needs = needs.collect();
        (met, needs)
    }
}

/// A graph of about `size` nodes, and the key of the sum:
///
/// ```text
/// a ── b ── c ──╮
///      │        ├── d ── e ── (alias) f ──╮
///      ├── g ───╯                         ├── h ──╮
///      ╰── i ─────────────────────────────╯       ├── ...
/// ```
pub(in crate::bench) fn blocks(size: usize) -> (Graph, Vec<Key>) {
    const N_NODES: usize = 10;
    let [load, inc, double] = [
        named_op("load", |x: i64| x),
        named_op("inc", |x: i64| x.wrapping_add(1)),
        named_op("double", |x: i64| x.wrapping_mul(2)),
    ];
    let add = named_op("add", |a: i64, b: i64| a.wrapping_add(b));
    let task = |op: &Arc<dyn Op>, args: &[&Key]| {
        Node::from(Task::new(op.clone(), args.iter().map(|&key| Arg::from(key))))
    };
    let n_blocks = size.div_ceil(N_NODES);
    let mut layer = Materialized::new("blocks");
    layer.reserve(n_blocks * N_NODES);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "sum"].map(Name::new);
    let mut sums: Vec<Key> = Vec::with_capacity(n_blocks);
    for block in 0..n_blocks {
        let [a, b, c, d, e, f, g, h, i, _] = names.each_ref().map(|name| Key::new(name, &[block as u32]));
        layer.insert(&a, Node::data(block as i64));
        layer.insert(&b, task(&load, &[&a]));
        layer.insert(&c, task(&inc, &[&b]));
        layer.insert(&g, task(&double, &[&b]));
        layer.insert(&d, task(&add, &[&c, &g]));
        layer.insert(&e, task(&inc, &[&d]));
        layer.insert(&f, Node::Alias(e));
        layer.insert(&i, task(&inc, &[&b]));
        layer.insert(&h, task(&add, &[&f, &i]));
        sums.push(h);
    }
    let mut n_sums = 0;
    while sums.len() > 1 {
        let pairs = sums.chunks(2).map(|pair| {
            let [a, b] = pair else { return pair[0].clone() };
            let sum = Key::new(&names[9], &[n_sums]);
            n_sums += 1;
            layer.insert(&sum, task(&add, &[a, b]));
            sum
        });
        sums = pairs.collect();
    }
    (Graph::from_layer(layer), sums)
}

/// The random graph with its tasks in two layers by turns and needs shifted into the other one; the keys are
/// those of the tasks that nobody needs.
fn crossing(size: usize) -> (Graph, Vec<Key>) {
    let op = named_op("sum", |items: List| items.len() as i64);
    let names = ["even", "odd"].map(Name::new);
    let key = |task: usize| Key::new(&names[task % 2], &[task as u32]);
    let mut layers = names.each_ref().map(Materialized::new);
    let (mut needs, mut is_needed) = (Vec::new(), vec![false; size]);
    for task in 0..size {
        needs.clear();
        Shape::Random.dependencies(task, size, &mut needs);
        let others = needs
            .iter()
            .map(|&other| other as usize)
            .map(|n| n - usize::from(n > 0 && (task - n).is_multiple_of(2)));
        let others: Vec<usize> = others.filter(|n| !(task - n).is_multiple_of(2)).collect();
        others.iter().for_each(|&n| is_needed[n] = true);
        let items = Arg::list(others.into_iter().map(|n| Arg::Key(key(n))));
        layers[task % 2].insert(key(task), Task::new(op.clone(), [items]));
    }
    let sinks = (0..size).filter(|&task| !is_needed[task]).map(key).collect();
    (Graph::merge(&layers.map(Graph::from_layer)), sinks)
}

fn keys_of(graph: &Graph, name: &str) -> Vec<Key> {
    let keys = graph.layers().into_iter().flat_map(|layer| layer.keys());
    keys.filter(|key| key.name().as_str() == name).collect()
}
