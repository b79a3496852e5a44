//! Pictures: plans and graphs in Graphviz's DOT language.

use std::fmt;

use crate::graph::Graph;
use crate::plan::Plan;

/// A plan in DOT: boxes for data, circles for work, results at the top, as dask draws them.
///
/// ```
/// use dask_graph::{graph, Key, op};
///
/// let inc = op(|x: i64| x + 1);
/// let plan = graph! { "a" => 1_i64, "b" => inc(@"a") }.lower(&[Key::named("b")]).unwrap();
/// let dot = plan.dot().to_string();
/// assert!(dot.contains(r#"n0 -> n1"#) && dot.contains("shape=box"));
/// ```
#[derive(Clone, Copy)]
pub struct Dot<'a>(pub(crate) &'a Plan);

impl Plan {
    /// The plan as a picture in DOT.
    pub fn dot(&self) -> Dot<'_> {
        Dot(self)
    }
}

impl fmt::Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.0;
        writeln!(f, "digraph plan {{\n  rankdir=BT;")?;
        for node in plan.nodes() {
            let shape = if plan.is_task(node) { "ellipse" } else { "box" };
            let style = if plan.outputs().contains(&node) { ", penwidth=2" } else { "" };
            let mut label = format!("{}\n{}", plan.key(node), plan.op_name(node));
            let stands_for = plan.stands_for(node);
            if !stands_for.is_empty() {
                label.push_str(&format!("\n{}", stands_for.join(" → ")));
            }
            writeln!(f, "  n{} [label={}, shape={shape}{style}];", node.0, Quoted(&label))?;
        }
        for node in plan.nodes() {
            for input in plan.dependencies(node) {
                writeln!(f, "  n{} -> n{};", input.0, node.0)?;
            }
        }
        writeln!(f, "}}")
    }
}

impl Graph {
    /// The graph's layers as a picture in DOT, with the number of keys of each.
    pub fn dot(&self) -> String {
        let layers = self.layers();
        let mut dot = String::from("digraph layers {\n  rankdir=BT;\n  node [shape=box, style=rounded];\n");
        for (n, layer) in layers.iter().enumerate() {
            let label = format!("{}\n{} keys", layer.name().label(), layer.len());
            dot.push_str(&format!(
                "  l{n} [label={}, tooltip={}];\n",
                Quoted(&label),
                Quoted(layer.name().as_str())
            ));
            for input in layer.inputs() {
                if let Some(from) = layers.iter().position(|other| *other.name() == input) {
                    dot.push_str(&format!("  l{from} -> l{n};\n"));
                }
            }
        }
        dot.push_str("}\n");
        dot
    }
}

/// Text as a DOT string.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        f.write_str("\"")
    }
}
