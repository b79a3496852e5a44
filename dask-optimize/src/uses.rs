//! Who needs the nodes of a graph.

use dask_graph::{Step, TaskGraph};

/// Who uses each node, as far as passes want to know: a byte a node, so that it stays in the cache.
pub(crate) struct Uses(Vec<u8>);

/// The node was asked for.
const WANTED: u8 = 1 << 2;

/// So many references or more.
const MANY: u8 = 2;

impl Uses {
    pub(crate) fn new(tasks: &TaskGraph) -> Self {
        let mut uses = vec![0; tasks.bound()];
        for number in 0..tasks.bound() as u32 {
            for to in tasks.references(number) {
                let references = &mut uses[to as usize];
                *references = MANY.min(*references + 1);
            }
        }
        tasks.wanted().iter().for_each(|&number| uses[number as usize] |= WANTED);
        Self(uses)
    }

    /// Whether the node was asked for.
    pub(crate) fn is_wanted(&self, number: u32) -> bool {
        self.0[number as usize] & WANTED != 0
    }

    /// Whether there is one use of the node, a reference in a task.
    pub(crate) fn is_used_once(&self, number: u32) -> bool {
        self.0[number as usize] == 1
    }
}

/// What the node does, if that is one step: an alias fetches, data is a literal.
pub(crate) fn only_step(tasks: &TaskGraph, number: u32) -> Option<Step> {
    let mut steps = tasks.steps(number);
    let first = steps.next()?;
    steps.next().is_none().then_some(first)
}

/// Whether the node does more than fetching: aliases and data do not.
pub(crate) fn does_work(tasks: &TaskGraph, number: u32) -> bool {
    !matches!(only_step(tasks, number), Some(Step::Again(_) | Step::Literal(_)))
}

/// The node that this node is another name of.
pub(crate) fn alias_of(tasks: &TaskGraph, number: u32) -> Option<u32> {
    match only_step(tasks, number) {
        Some(Step::Again(to)) => Some(to),
        _ => None,
    }
}

/// Whether the node is a value that is there already.
pub(crate) fn is_data(tasks: &TaskGraph, number: u32) -> bool {
    matches!(only_step(tasks, number), Some(Step::Literal(_)))
}
