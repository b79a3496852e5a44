//! What a front does to a graph before it runs.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What one pass of a front did to a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassReport {
    /// The pass.
    pub name: Cow<'static, str>,
    /// The number of layers before and after.
    pub layers: [usize; 2],
    /// The number of keys in all layers before and after.
    pub tasks: [usize; 2],
    /// How long it took.
    pub time: Duration,
}

impl fmt::Display for PassReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, layers: [layers, layers_left], tasks: [tasks, tasks_left], time } = self;
        let text = format!("{layers} -> {layers_left} layers, {tasks} -> {tasks_left} tasks");
        write!(f, "{name:<20} {text:<45} {time:.1?}")
    }
}

/// A graph that could not be made ready.
#[derive(Debug, thiserror::Error)]
#[error("pass `{pass}` could not prepare the graph: {source}")]
pub struct PrepareError {
    /// The pass.
    pub pass: Cow<'static, str>,
    /// Why.
    pub source: Box<dyn Error + Send + Sync>,
}
