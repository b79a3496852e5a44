//! Filters told to what reads the rows, which then passes over pieces of files without a row that fulfils them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::node::{PlanNode, PlanOp};
use super::{Plan, consumers, id, in_order};
use crate::expr::Expr;

/// Returns the plan with filters that stand on a read told to it.
///
/// The filters stay where they are: what is passed over is known only for whole pieces.
pub(super) fn into_reads(root: &Plan) -> Plan {
    let order = in_order(root);
    let consumers = consumers(&order);
    let mut inside = HashSet::new();
    let mut told: HashMap<*const PlanNode, Expr> = HashMap::new();
    // The topmost of several filters comes first.
    for node in order.iter().rev() {
        if !matches!(node.op, PlanOp::Filter(_)) || inside.contains(&id(node)) {
            continue;
        }
        let mut conditions: Option<Expr> = None;
        let mut at = node;
        while let PlanOp::Filter(condition) = &at.op {
            inside.insert(id(at));
            conditions = Some(match conditions {
                None => condition.clone(),
                Some(above) => condition.clone().and(above),
            });
            at = &at.inputs()[0];
            // What others take as well must have all its rows.
            if consumers[&id(at)] > 1 {
                break;
            }
        }
        if let (PlanOp::Read { source, .. }, Some(conditions), 1) = (&at.op, conditions, consumers[&id(at)])
            && source.passes_over()
        {
            told.insert(id(at), conditions);
        }
    }
    if told.is_empty() {
        return Arc::clone(root);
    }
    let mut new: HashMap<*const PlanNode, Plan> = HashMap::new();
    for node in &order {
        let inputs = node.inputs().iter().map(|input| Arc::clone(&new[&id(input)])).collect::<Vec<_>>();
        let rebuilt = match (&node.op, told.remove(&id(node))) {
            (PlanOp::Read { source, columns, .. }, Some(condition)) => {
                let (source, columns) = (Arc::clone(source), columns.clone());
                let op = PlanOp::Read { source, columns, filter: Some(condition) };
                PlanNode::rearranged(op, inputs, &node.info)
            }
            _ if node.inputs().iter().zip(&inputs).all(|(old, new)| Arc::ptr_eq(old, new)) => {
                Arc::clone(node)
            }
            _ => node.with_inputs(inputs),
        };
        new.insert(id(node), rebuilt);
    }
    Arc::clone(&new[&id(root)])
}
