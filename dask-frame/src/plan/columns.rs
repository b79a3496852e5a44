//! Columns that nobody reads, removed from where they are made to where they are read from files.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::asof::AsOfSpec;
use super::join::{JoinColumn, JoinSpec, Side};
use super::node::{PlanNode, PlanOp};
use super::{Plan, id, in_order};
use crate::expr::{Expr, col};
use crate::schema::Schema;

/// The names of columns that are wanted of a node.
type Wanted = BTreeSet<Arc<str>>;

/// Returns the plan with every node giving what its consumers read and nothing else.
pub(super) fn prune(root: &Plan) -> Plan {
    let order = in_order(root);
    let mut wanted: HashMap<*const PlanNode, Wanted> = HashMap::new();
    wanted.insert(id(root), all(root.schema()));
    for node in order.iter().rev() {
        let of_node = wanted.get(&id(node)).cloned().unwrap_or_default();
        for (at, input) in node.inputs().iter().enumerate() {
            wanted.entry(id(input)).or_default().extend(of_input(node, &of_node, at));
        }
    }
    let mut new: HashMap<*const PlanNode, Plan> = HashMap::new();
    for node in &order {
        let inputs = node.inputs().iter().map(|input| Arc::clone(&new[&id(input)])).collect();
        new.insert(id(node), rebuild(node, inputs, &wanted[&id(node)]));
    }
    let pruned = Arc::clone(&new[&id(root)]);
    if pruned.schema() == root.schema() { pruned } else { select(&pruned, root.schema().names()) }
}

fn all(schema: &Schema) -> Wanted {
    schema.fields().iter().map(|field| field.shared_name()).collect()
}

fn read_by<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Wanted {
    let mut names = Wanted::new();
    for expr in exprs {
        expr.for_each_column(&mut |name| {
            names.insert(Arc::clone(name));
        });
    }
    names
}

/// Returns what a node of which `wanted` is wanted reads of an input.
fn of_input(node: &Plan, wanted: &Wanted, input: usize) -> Wanted {
    match &node.op {
        PlanOp::Read { .. } | PlanOp::Tables { .. } | PlanOp::Graph { .. } => {
            unreachable!("a source has no input")
        }
        PlanOp::Project(columns) => {
            read_by(columns.iter().filter(|(name, _)| wanted.contains(name)).map(|(_, expr)| expr))
        }
        // What the function looks at is not known.
        PlanOp::Map(_) => all(node.inputs()[0].schema()),
        PlanOp::Window(spec) => {
            let of_input = wanted.iter().filter(|name| input_has(node, name));
            of_input.chain(spec.read_by(|name| wanted.contains(name))).cloned().collect()
        }
        PlanOp::Filter(condition) => wanted.union(&read_by([condition])).cloned().collect(),
        PlanOp::Aggregate(spec) => {
            let keys = spec.keys.iter().map(|(_, expr)| expr);
            let aggregates = spec.aggregates.iter().filter(|(name, _)| wanted.contains(name));
            read_by(keys.chain(aggregates.flat_map(|(_, aggregate)| aggregate.exprs())))
        }
        PlanOp::Explode { column: read, .. } | PlanOp::Random { number: read, .. } => {
            wanted.iter().chain([read]).cloned().collect()
        }
        PlanOp::Scan(spec) => {
            let others = wanted.iter().filter(|name| **name != spec.name).cloned().collect::<Wanted>();
            match wanted.contains(&spec.name) {
                true => others.union(&read_by(spec.exprs())).cloned().collect(),
                false => others,
            }
        }
        PlanOp::Join(spec) => {
            let keys = spec.on.iter().map(|(left, right, _)| if input == 0 { left } else { right });
            keys.cloned().chain(of_side(&spec.columns, wanted, input)).collect()
        }
        PlanOp::AsOf(spec) => {
            spec.keys(input).cloned().chain(of_side(&spec.columns, wanted, input)).collect()
        }
        PlanOp::Sort(spec) | PlanOp::Top(spec, _) => wanted.iter().chain(&spec.by).cloned().collect(),
        PlanOp::Best(spec) => wanted.iter().chain(spec.columns()).cloned().collect(),
        PlanOp::Bin(bins) => wanted.iter().chain([&bins.column]).cloned().collect(),
        // The second input has no bins.
        PlanOp::FillBins(bins) if input == 1 => {
            wanted.iter().filter(|name| **name != bins.column).cloned().collect()
        }
        PlanOp::FillBins(bins) => wanted.iter().chain([&bins.column]).cloned().collect(),
        PlanOp::Layout(layout) => wanted.iter().chain(layout.columns()).cloned().collect(),
        PlanOp::Limit(_) | PlanOp::Concat | PlanOp::Interleave => wanted.clone(),
    }
}

/// The columns of a side of a join that are wanted.
fn of_side(columns: &[JoinColumn], wanted: &Wanted, side: usize) -> impl Iterator<Item = Arc<str>> {
    columns.iter().filter(|column| wanted.contains(&column.name)).filter_map(move |column| {
        match (&column.from, side) {
            (Side::Left(name), 0) | (Side::Right(name), 1) => Some(Arc::clone(name)),
            _ => None,
        }
    })
}

/// Makes a node again over pruned inputs, pruned itself.
fn rebuild(node: &Plan, inputs: Vec<Plan>, wanted: &Wanted) -> Plan {
    let make = |op| PlanNode::rearranged(op, inputs.clone(), &node.info);
    match &node.op {
        PlanOp::Read { source, columns, filter } => {
            let is_wanted = |&&at: &&usize| wanted.contains(source.schema().fields()[at].name());
            let columns = columns.iter().filter(is_wanted).copied().collect();
            make(PlanOp::Read { source: Arc::clone(source), columns, filter: filter.clone() })
        }
        // What is in memory costs nothing to keep; the consumer takes what it reads.
        PlanOp::Tables { .. } | PlanOp::Graph { .. } => Arc::clone(node),
        PlanOp::Project(columns) => {
            let columns =
                columns.iter().filter(|(name, _)| wanted.contains(name)).cloned().collect::<Vec<_>>();
            let same = columns.len() == inputs[0].schema().len()
                && columns.iter().zip(inputs[0].schema().names()).all(|((name, expr), input)| {
                    **name == *input && expr.as_column().is_some_and(|column| **column == *input)
                });
            if same { Arc::clone(&inputs[0]) } else { make(PlanOp::Project(columns)) }
        }
        PlanOp::Aggregate(spec) => {
            let spec = spec.with_aggregates(|name| wanted.contains(name), inputs[0].schema());
            make(PlanOp::Aggregate(Arc::new(spec)))
        }
        PlanOp::Join(spec) => {
            let columns =
                spec.columns.iter().filter(|column| wanted.contains(&column.name)).cloned().collect();
            make(PlanOp::Join(Arc::new(JoinSpec { columns, ..(**spec).clone() })))
        }
        PlanOp::Scan(spec) if !wanted.contains(&spec.name) => Arc::clone(&inputs[0]),
        PlanOp::Map(_) => {
            let input = select_all(&inputs[0], node.inputs()[0].schema());
            let new = PlanNode::rearranged(node.op.clone(), vec![input], &node.info);
            narrowed(new, wanted)
        }
        PlanOp::Window(spec) => {
            let spec = spec.with_columns(|name| wanted.contains(name));
            match spec.columns.is_empty() {
                true => Arc::clone(&inputs[0]),
                false => make(PlanOp::Window(Arc::new(spec))),
            }
        }
        PlanOp::Filter(_)
        | PlanOp::Sort(_)
        | PlanOp::Top(..)
        | PlanOp::Best(_)
        | PlanOp::Bin(_)
        | PlanOp::FillBins(_)
        | PlanOp::Layout(_)
        | PlanOp::Scan(_)
        | PlanOp::Explode { .. }
        | PlanOp::Random { .. } => narrowed(make(node.op.clone()), wanted),
        PlanOp::Limit(_) => make(node.op.clone()),
        // Inputs may give more than is wanted, each something else; here they must agree.
        PlanOp::AsOf(spec) => {
            let columns =
                spec.columns.iter().filter(|column| wanted.contains(&column.name)).cloned().collect();
            make(PlanOp::AsOf(Arc::new(AsOfSpec { columns, ..(**spec).clone() })))
        }
        PlanOp::Concat | PlanOp::Interleave => {
            let names = node.schema().names().filter(|&name| wanted.contains(name)).collect::<Vec<_>>();
            let inputs = inputs.iter().map(|input| match input.schema().names().eq(names.iter().copied()) {
                true => Arc::clone(input),
                false => select(input, names.iter().copied()),
            });
            PlanNode::rearranged(node.op.clone(), inputs.collect(), &node.info)
        }
    }
}

/// Puts a selection over a node that gives more than is wanted.
fn narrowed(new: Plan, wanted: &Wanted) -> Plan {
    let narrow = new.schema().names().filter(|&name| wanted.contains(name)).map(Arc::<str>::from);
    let narrow = narrow.collect::<Vec<_>>();
    match narrow.len() == new.schema().len() {
        true => new,
        false => select(&new, narrow.iter().map(|name| &**name)),
    }
}

/// Gives a node's input the columns that it had when the plan was written, in their order.
fn select_all(input: &Plan, schema: &Schema) -> Plan {
    if input.schema() == schema { Arc::clone(input) } else { select(input, schema.names()) }
}

/// Returns whether a column is one of those that a node takes, rather than one that it adds.
fn input_has(node: &Plan, name: &str) -> bool {
    node.inputs()[0].schema().position(name).is_some()
}

fn select<'a>(input: &Plan, names: impl Iterator<Item = &'a str>) -> Plan {
    let columns = names.map(|name| (Arc::from(name), col(name))).collect();
    PlanNode::rearranged(PlanOp::Project(columns), vec![Arc::clone(input)], &input.info)
}
