//! Plans as text: the last operation first, inputs below it, indented.

use std::collections::HashMap;
use std::fmt::{self, Write};

use super::node::{PlanOp, SortSpec};
use super::{Plan, id};
use crate::expr::Expr;

/// Shows a plan as a tree.
pub(crate) fn show(root: &Plan) -> String {
    let mut text = String::new();
    let mut seen = HashMap::new();
    let mut stack = vec![(root.clone(), 0)];
    while let Some((node, depth)) = stack.pop() {
        let indent = "  ".repeat(depth);
        if seen.insert(id(&node), ()).is_some() && !node.inputs().is_empty() {
            let _ = writeln!(text, "{indent}{} (as above)", Line(&node));
            continue;
        }
        let _ = writeln!(text, "{indent}{}", Line(&node));
        stack.extend(node.inputs().iter().rev().map(|input| (input.clone(), depth + 1)));
    }
    text
}

/// One operation.
struct Line<'a>(&'a Plan);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.op {
            PlanOp::Read { source, columns, filter } => {
                let source = source.filtered(filter.as_ref());
                let pieces = source.pieces().len();
                let names = source.names(columns).collect::<Vec<_>>().join(", ");
                let (n, of) = (columns.len(), source.schema().len());
                write!(f, "{} {}", source.label(), source.shown())?;
                write!(f, ": {n} of {of} columns [{names}] in {pieces} partitions")?;
                match filter {
                    None => Ok(()),
                    Some(filter) => {
                        let left = source.pieces_for(Some(filter));
                        let empty = left.iter().filter(|piece| piece.start == piece.end).count();
                        match empty {
                            0 => write!(f, ", where {filter}"),
                            _ => write!(f, ", {empty} of them without a row where {filter}"),
                        }
                    }
                }
            }
            PlanOp::Tables { tables, .. } => {
                write!(f, "tables: columns [{}] in {} partitions", names(self.0), tables.len())
            }
            PlanOp::Graph { keys, .. } => {
                write!(f, "computed: columns [{}] in {} partitions", names(self.0), keys.len())
            }
            PlanOp::Project(columns) => write!(f, "project {}", Named(columns)),
            PlanOp::Map(spec) if spec.before + spec.after > 0 => {
                write!(f, "map_overlap {}, {}: {}", spec.before, spec.after, names(self.0))
            }
            PlanOp::Map(spec) => write!(f, "{}: {}", spec.function.name(), names(self.0)),
            PlanOp::Window(spec) => {
                let names = spec.columns.iter().map(|column| &*column.name).collect::<Vec<_>>();
                write!(f, "window {}", names.join(", "))
            }
            PlanOp::Filter(condition) => write!(f, "filter {condition}"),
            PlanOp::Aggregate(spec) => {
                let aggregates = spec.aggregates.iter().map(|(_, aggregate)| aggregate.to_string());
                let aggregates = aggregates.collect::<Vec<_>>().join(", ");
                match spec.keys.is_empty() {
                    true => write!(f, "aggregate {aggregates}"),
                    false => write!(f, "group_by {}: {aggregates}", Named(&spec.keys)),
                }
            }
            PlanOp::Join(spec) => write!(f, "{spec}"),
            PlanOp::Explode { column, separator: Some(separator) } => {
                write!(f, "explode {column} at {separator:?}")
            }
            PlanOp::Explode { column, separator: None } => write!(f, "explode {column}"),
            PlanOp::Random { range: [from, to], .. } => write!(f, "sample {from} to {to}"),
            PlanOp::Scan(spec) => {
                write!(f, "scan {} as {} within {}", spec.scan, spec.name, Named(&spec.keys))
            }
            PlanOp::Sort(spec) => write!(f, "sort by {spec}"),
            PlanOp::Top(spec, n) => write!(f, "first {n} rows by {spec}"),
            PlanOp::Best(spec) => write!(f, "{spec}"),
            PlanOp::AsOf(spec) => write!(f, "{spec}"),
            PlanOp::Interleave => write!(f, "interleave"),
            PlanOp::Bin(bins) => write!(f, "bins of {bins}"),
            PlanOp::FillBins(bins) => write!(f, "all bins of {bins}"),
            PlanOp::Layout(layout) => write!(f, "{layout}"),
            PlanOp::Limit(n) => write!(f, "first {n} rows"),
            PlanOp::Concat => write!(f, "concat"),
        }
    }
}

impl fmt::Display for SortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.by.iter().zip(&self.descending);
        let by =
            by.map(|(name, descending)| format!("{name}{}", if *descending { " descending" } else { "" }));
        f.write_str(&by.collect::<Vec<_>>().join(", "))
    }
}

fn names(plan: &Plan) -> String {
    plan.schema().names().collect::<Vec<_>>().join(", ")
}

struct Named<'a>(&'a [(std::sync::Arc<str>, Expr)]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, expr)) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { ", " } else { "" })?;
            let expr = expr.clone().unaliased();
            match expr.as_column().is_some_and(|column| column == name) {
                true => f.write_str(name)?,
                false => write!(f, "{expr} as {name}")?,
            }
        }
        Ok(())
    }
}
