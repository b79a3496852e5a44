//! The logical plan: what was asked for, as data that can be looked at and rearranged before it runs.
//!
//! A plan is a graph of [`PlanNode`]s, built upwards by the methods of a frame, each with its schema. On the
//! first look at a frame's task graph the planner [moves filters down](filters), [sorts no more rows
//! than are wanted](top), [removes columns that nobody reads](columns), [tells filters to readers](pushed), and
//! [lowers](lower) what is left to layers of tasks. All walks are loops over [`in_order`], so the length of a plan does
//! not matter to the stack.

mod aggregate;
pub(crate) mod asof;
mod best;
pub(crate) mod bins;
mod columns;
pub(crate) mod divisions;
mod filters;
pub(crate) mod join;
pub(crate) mod layout;
pub(crate) mod lower;
mod node;
mod ops;
mod pushed;
mod scan;
mod show;
mod simplify;
pub(crate) mod size;
mod top;
pub(crate) mod window;

use std::collections::HashMap;
use std::sync::Arc;

use dask_graph::{Token, Tokenize, Tokenizer};

pub(crate) use aggregate::AggregateSpec;
pub(crate) use best::BestSpec;
pub(crate) use node::{MapSpec, PlanNode, PlanOp, SortSpec};
pub(crate) use ops::{EachGroupOp, OutlineOp, Results, SizeOp};
pub(crate) use scan::ScanSpec;
pub(crate) use show::show;

/// A plan, shared by the frames made from it.
pub(crate) type Plan = Arc<PlanNode>;

/// Rearranges a plan so that it does less and gives the same.
pub(crate) fn optimize(root: &Plan) -> Plan {
    let less = columns::prune(&top::first_of_sorted(&filters::push_down(root)));
    pushed::into_reads(&simplify::simplify(&less))
}

/// Identifies a node within one plan.
fn id(plan: &Plan) -> *const PlanNode {
    Arc::as_ptr(plan)
}

/// Returns the nodes below and including `root`, each once, inputs before what takes them.
fn in_order(root: &Plan) -> Vec<Plan> {
    let mut done = HashMap::new();
    let mut order = Vec::new();
    let mut stack = vec![(Arc::clone(root), false)];
    while let Some((node, inputs_done)) = stack.pop() {
        if inputs_done {
            order.push(node);
        } else if done.insert(id(&node), ()).is_none() {
            stack.push((Arc::clone(&node), true));
            stack.extend(node.inputs().iter().rev().map(|input| (Arc::clone(input), false)));
        }
    }
    order
}

/// Counts how many nodes take each node.
fn consumers(order: &[Plan]) -> HashMap<*const PlanNode, usize> {
    let mut counts = HashMap::new();
    for input in order.iter().flat_map(|node| node.inputs()) {
        *counts.entry(id(input)).or_insert(0) += 1;
    }
    counts
}

/// Returns the token of some parts.
fn tokenized<'a, T: Tokenize + 'a>(label: &str, parts: impl Iterator<Item = T>) -> Token {
    parts.fold(Tokenizer::new(label), |tokenizer, part| tokenizer.feed(&part)).finish()
}
