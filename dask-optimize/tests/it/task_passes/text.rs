//! Graphs as text, to be compared.

use dask_graph::{Graph, Key, Step, TaskGraph, Value};

use super::random::flat;

/// One line a node, in the order in which they are met on the way back from `wanted`. `key` says how keys are
/// written; inside nodes they are numbers.
pub(crate) fn text_of(graph: &Graph, wanted: &[Key], key: impl Fn(&Key) -> String) -> String {
    let tasks = graph.tasks(wanted).unwrap_or_else(|error| panic!("{error}"));
    let lines = tasks.numbers().map(|number| {
        let stands_for: Vec<String> = tasks.stands_for(number).map(&key).collect();
        format!("{} {number} = {} for {stands_for:?}\n", key(tasks.key(number)), node_text(&tasks, number))
    });
    lines.collect()
}

fn node_text(tasks: &TaskGraph, number: u32) -> String {
    let mut stack: Vec<String> = Vec::new();
    for step in tasks.steps(number) {
        let mut args = |n: u32| stack.drain(stack.len() - n as usize..).collect::<Vec<_>>().join(", ");
        let text = match step {
            Step::Again(to) | Step::Last(to) => format!("#{to}"),
            Step::Literal(at) => literal_text(tasks.literal(at)),
            Step::List(n) => format!("[{}]", args(n)),
            Step::Call { op, n_args } => format!("{}({})", tasks.op(op).name(), args(n_args)),
        };
        stack.push(text);
    }
    stack.pop().unwrap_or_default()
}

fn literal_text(value: &Value) -> String {
    value.downcast_ref::<f64>().map_or_else(|| flat(value).to_string(), f64::to_string)
}
