//! What do many rewrite rules cost?
//!
//! Sums of scaled keys are matched and rewritten by 1, 10 and 100 rules, of which only the first ever applies:
//! the others look like it up to a literal, or are for ops that the terms use otherwise. So whatever more
//! rules cost is the cost of looking for them. The baseline keeps each rule in a set of its own and tries one
//! after the other.

use super::{Bench, report_each};
use anyhow::Result;
use dask_graph::{Arg, Graph, Key, Materialized, Node, Op, Task, named_op};
use dask_optimize::{Pattern, RewriteRule, RuleSet, Strategy, pattern, rewrite};
use std::sync::Arc;

/// More terms than this tell nothing new.
const MAX_TERMS: usize = 100_000;

const N_RULES: [usize; 3] = [1, 10, 100];

/// Measures matching each part of a graph, and rewriting the graph, in nanoseconds for each part.
pub(super) fn measure(bench: &mut Bench, size: usize) -> Result<()> {
    if size > MAX_TERMS {
        println!("{size} terms: skipped, for they are more than {MAX_TERMS}");
        return Ok(());
    }
    let ops: Vec<Arc<dyn Op>> =
        (0..100).map(|k| named_op(format!("op{k}"), move |x: f64| x + f64::from(k))).collect();
    let terms = terms(&ops, size);
    let parts: Vec<&Arg> = terms.iter().flat_map(parts).collect();
    let graph = graph(&terms);
    for n in N_RULES {
        let rules: Vec<RewriteRule> = (0..n).map(|k| rule(&ops, k)).collect::<Result<_, _>>()?;
        let alone: Vec<RuleSet> = rules.iter().map(|rule| RuleSet::from_iter([rule.clone()])).collect();
        let together = RuleSet::from_iter(rules);
        let workload = format!("match {n} rules");
        let matched =
            bench.measure(|| Ok(count(&parts, |part| together.iter_matches(part).next().is_some())))?;
        report_each(bench, &workload, "dask-optimize", parts.len(), "term", &matched);
        let matched = bench.measure(|| {
            Ok(count(&parts, |part| alone.iter().any(|rule| rule.iter_matches(part).next().is_some())))
        })?;
        report_each(bench, &workload, "one by one", parts.len(), "term", &matched);
        let rewritten = bench.measure(|| Ok(rewrite(&graph, &together, Strategy::BottomUp).len() as u64))?;
        report_each(
            bench,
            &format!("rewrite by {n} rules"),
            "dask-optimize",
            parts.len(),
            "term",
            &rewritten,
        );
    }
    Ok(())
}

fn count(parts: &[&Arg], matches: impl Fn(&Arg) -> bool) -> u64 {
    parts.iter().filter(|part| matches(part)).count() as u64
}

fn add(a: f64, b: f64) -> f64 {
    a + b
}

fn scale(x: f64, by: i64) -> f64 {
    x * by as f64
}

/// `k x + k y` is `k (x + y)` for one `k`, or `f(f(x))` is `x` for one `f`.
fn rule(ops: &[Arc<dyn Op>], k: usize) -> Result<RewriteRule, dask_optimize::RuleError> {
    if k.is_multiple_of(2) {
        let factor = |of| Pattern::task(scale, [Pattern::var(of), Pattern::value(k as i64)]);
        let sum = Pattern::task(scale, [pattern!(add(?x, ?y)), Pattern::value(k as i64)]);
        RewriteRule::new(Pattern::task(add, [factor("x"), factor("y")]), sum)
    } else {
        let op = &ops[k];
        RewriteRule::new(pattern!(op(op(?x))), pattern!(?x))
    }
}

/// Terms of `size` parts in all, or somewhat more: `add(scale(f(x), k), scale(g(y), k))`, a quarter of them with
/// the `k` of the first rule and the others with one of no rule.
fn terms(ops: &[Arc<dyn Op>], size: usize) -> Vec<Arg> {
    const N_PARTS: usize = 9;
    let task = |op: &Arc<dyn Op>, args: [Arg; 1]| Arg::from(Task::new(op.clone(), args));
    let (add, scale) = (dask_graph::op(add), dask_graph::op(scale));
    (0..size.div_ceil(N_PARTS))
        .map(|n| {
            let k = if n.is_multiple_of(4) { 0 } else { -1_i64 };
            let side = |at: usize| {
                let inner = task(&ops[(n + at) % ops.len()], [Arg::key(("x", at as u32))]);
                Arg::from(Task::new(scale.clone(), [inner, Arg::value(k)]))
            };
            Arg::from(Task::new(add.clone(), [side(0), side(1)]))
        })
        .collect()
}

fn graph(terms: &[Arg]) -> Graph {
    let mut layer = Materialized::new("sums");
    layer.reserve(terms.len());
    for (n, term) in terms.iter().enumerate() {
        layer.insert(Key::new("sums", &[n as u32]), Node::from(term.clone()));
    }
    Graph::from_layer(layer)
}

/// The term, its arguments, theirs, and so on.
fn parts(term: &Arg) -> Vec<&Arg> {
    let mut found = vec![term];
    let mut next = 0;
    while let Some(&part) = found.get(next) {
        match part {
            Arg::Task(task) => found.extend(task.args()),
            Arg::List(items) => found.extend(items.iter()),
            Arg::Key(_) | Arg::Value(_) => {}
        }
        next += 1;
    }
    found
}
