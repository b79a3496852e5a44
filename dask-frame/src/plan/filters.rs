//! Filters moved down to where rows are read, so that what they drop is never carried.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::join::Side;
use super::node::{PlanNode, PlanOp};
use super::{Plan, consumers, id, in_order};
use crate::expr::{Expr, col};

/// Returns the plan with each filter as far down as it gives the same result.
///
/// A filter passes sorts, projections of which it looks at plain columns alone, group-by if it looks at keys
/// alone, and goes to the side of a join whose columns it looks at. It does not pass another filter, which
/// may guard it from values it cannot take, nor a node that others take too, which would otherwise be
/// computed twice.
pub(super) fn push_down(root: &Plan) -> Plan {
    let order = in_order(root);
    let consumers = consumers(&order);
    let mut shared = HashSet::new();
    let mut new: HashMap<*const PlanNode, Plan> = HashMap::new();
    for node in &order {
        let inputs = node.inputs().iter().map(|input| Arc::clone(&new[&id(input)])).collect::<Vec<_>>();
        let rebuilt = match &node.op {
            PlanOp::Filter(condition) => sink(condition, node, &inputs[0], &shared),
            _ if node.inputs().iter().zip(&inputs).all(|(old, new)| Arc::ptr_eq(old, new)) => {
                Arc::clone(node)
            }
            _ => node.with_inputs(inputs),
        };
        if consumers.get(&id(node)).is_some_and(|&n| n > 1) {
            shared.insert(id(&rebuilt));
        }
        new.insert(id(node), rebuilt);
    }
    Arc::clone(&new[&id(root)])
}

/// Puts a filter under as many of the nodes of `plan` as it can pass.
fn sink(condition: &Expr, filter: &Plan, plan: &Plan, shared: &HashSet<*const PlanNode>) -> Plan {
    let mut condition = condition.clone();
    let mut at = Arc::clone(plan);
    let mut passed = Vec::new();
    while !shared.contains(&id(&at)) {
        let Some((input, below)) = under(&condition, &at) else { break };
        let next = Arc::clone(&at.inputs()[input]);
        passed.push((at, input));
        (at, condition) = (next, below);
    }
    let mut plan = PlanNode::rearranged(PlanOp::Filter(condition), vec![at], &filter.info);
    for (node, input) in passed.into_iter().rev() {
        let mut inputs = node.inputs().to_vec();
        inputs[input] = plan;
        plan = node.with_inputs(inputs);
    }
    plan
}

/// Returns to which input of `node` the condition can go, and what it is called there.
fn under(condition: &Expr, node: &Plan) -> Option<(usize, Expr)> {
    match &node.op {
        PlanOp::Sort(_) => Some((0, condition.clone())),
        PlanOp::Layout(layout) if layout.is_passed_by_filters() => Some((0, condition.clone())),
        PlanOp::Project(columns) => renamed(condition, |name| {
            let (_, expr) = columns.iter().find(|(column, _)| **column == *name)?;
            expr.as_column().cloned()
        })
        .map(|condition| (0, condition)),
        // Groups without rows come of no row that could be left out.
        PlanOp::Aggregate(spec) if !spec.keys.is_empty() && spec.observed => renamed(condition, |name| {
            let (_, expr) = spec.keys.iter().find(|(column, _)| **column == *name)?;
            expr.as_column().cloned()
        })
        .map(|condition| (0, condition)),
        // The nearest row of a row is the same without the others; the right side must have all of its rows.
        PlanOp::AsOf(spec) => renamed(condition, |name| {
            let column = spec.columns.iter().find(|column| *column.name == *name)?;
            if let Side::Left(name) = &column.from { Some(Arc::clone(name)) } else { None }
        })
        .map(|condition| (0, condition)),
        PlanOp::Join(spec) => {
            let from = |name: &str| spec.columns.iter().find(|column| *column.name == *name).map(|c| &c.from);
            let same_type = |at: usize, input: usize| {
                let (left, right, dtype) = &spec.on[at];
                let name = if input == 0 { left } else { right };
                let field = node.inputs()[input].schema().field(name).ok()?;
                (field.dtype() == *dtype).then(|| Arc::clone(name))
            };
            let left = |name: &str| match from(name)? {
                Side::Left(name) => Some(Arc::clone(name)),
                Side::Key(at) => same_type(*at, 0),
                Side::Right(_) | Side::Indicator => None,
            };
            let right = |name: &str| match from(name)? {
                Side::Right(name) => Some(Arc::clone(name)),
                _ => None,
            };
            // Taking rows from a side is right only if the other side does not keep its rows without partner:
            // a row that loses its partner would come back with missing values.
            if !spec.how.keeps_right()
                && let Some(condition) = renamed(condition, left)
            {
                return Some((0, condition));
            }
            if !spec.how.keeps_left()
                && let Some(condition) = renamed(condition, right)
            {
                return Some((1, condition));
            }
            None
        }
        _ => None,
    }
}

/// Returns the condition with other column names, if there is one for each.
fn renamed(condition: &Expr, name: impl Fn(&str) -> Option<Arc<str>>) -> Option<Expr> {
    let mut all = true;
    let mut any = false;
    condition.for_each_column(&mut |column| {
        any = true;
        all &= name(column).is_some();
    });
    // A condition on no column at all stays: below an aggregate it would decide something else.
    (any && all).then(|| condition.map_columns(&|column| name(column).map_or_else(|| col(column), col)))
}
