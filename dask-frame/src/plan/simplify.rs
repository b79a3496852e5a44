//! Expressions made cheaper: what is constant computed once and for all, what comes several times computed once.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use dask_graph::{Token, Tokenizer};

use super::node::{PlanNode, PlanOp};
use super::{Plan, id, in_order};
use crate::expr::{Expr, col};

/// Returns the plan with constants folded and common parts of the columns of a projection computed once, in a
/// projection below.
pub(super) fn simplify(root: &Plan) -> Plan {
    let mut new: HashMap<*const PlanNode, Plan> = HashMap::new();
    for node in &in_order(root) {
        let inputs = node.inputs().iter().map(|input| Arc::clone(&new[&id(input)])).collect::<Vec<_>>();
        let same = node.inputs().iter().zip(&inputs).all(|(old, new)| Arc::ptr_eq(old, new));
        let rebuilt = match &node.op {
            PlanOp::Project(columns) => project(node, columns, inputs, same),
            PlanOp::Filter(condition) => match condition.folded() {
                Some(folded) => PlanNode::rearranged(PlanOp::Filter(folded), inputs, &node.info),
                None if same => Arc::clone(node),
                None => node.with_inputs(inputs),
            },
            _ if same => Arc::clone(node),
            _ => node.with_inputs(inputs),
        };
        new.insert(id(node), rebuilt);
    }
    Arc::clone(&new[&id(root)])
}

fn project(node: &Plan, columns: &[(Arc<str>, Expr)], mut inputs: Vec<Plan>, same: bool) -> Plan {
    let folded = columns.iter().map(|(_, expr)| expr.folded()).collect::<Vec<_>>();
    let changed = folded.iter().any(Option::is_some);
    let exprs = folded.into_iter().zip(columns).map(|(new, (_, old))| new.unwrap_or_else(|| old.clone()));
    let mut exprs = exprs.collect::<Vec<_>>();
    let repeated = repeated(&exprs);
    if repeated.is_empty() && !changed {
        return if same { Arc::clone(node) } else { node.with_inputs(inputs) };
    }
    if !repeated.is_empty() {
        let input = inputs.remove(0);
        let mut all = input.schema().names().map(|name| (Arc::from(name), col(name))).collect::<Vec<_>>();
        let mut names = HashMap::new();
        for (token, expr) in repeated {
            let text = expr.to_string();
            let numbered = (2..).map(|n| format!("{text} {n}"));
            let is_used = |name: &str| all.iter().any(|(used, _)| **used == *name);
            let name = std::iter::once(text.clone()).chain(numbered).find(|name| !is_used(name));
            let name: Arc<str> = name.expect("there is always another number").into();
            all.push((Arc::clone(&name), expr));
            names.insert(token, name);
        }
        exprs = exprs.iter().map(|expr| with_columns(expr, &names)).collect();
        inputs.push(PlanNode::rearranged(PlanOp::Project(all), vec![input], &node.info));
    }
    let columns = columns.iter().map(|(name, _)| Arc::clone(name)).zip(exprs).collect();
    PlanNode::rearranged(PlanOp::Project(columns), inputs, &node.info)
}

fn token(expr: &Expr) -> Token {
    Tokenizer::new("part").feed(&expr.clone().unaliased()).finish()
}

/// Returns the largest parts that come several times, in the order in which they first come.
fn repeated(exprs: &[Expr]) -> Vec<(Token, Expr)> {
    fn count(expr: &Expr, seen: &mut HashMap<Token, usize>, order: &mut Vec<(Token, Expr)>) {
        if !expr.is_computed() {
            return;
        }
        let token = token(expr);
        let times = seen.entry(token).or_insert(0);
        *times += 1;
        // What is inside of a part comes as often as the part does.
        if *times == 1 {
            order.push((token, expr.clone().unaliased()));
            expr.for_each_child(&mut |child| count(child, seen, order));
        }
    }
    let (mut seen, mut order) = (HashMap::new(), Vec::new());
    exprs.iter().for_each(|expr| count(expr, &mut seen, &mut order));
    order.retain(|(token, _)| seen[token] > 1);
    order
}

fn with_columns(expr: &Expr, names: &HashMap<Token, Arc<str>>) -> Expr {
    if expr.is_computed()
        && let Some(name) = names.get(&token(expr))
    {
        return col(Arc::clone(name));
    }
    let Ok(mapped) = expr.try_map_children(&mut |child| Ok::<_, Infallible>(with_columns(child, names)));
    mapped
}
