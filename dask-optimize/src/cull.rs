//! Culling: only what is needed stays.

use dask_graph::{Graph, Key, PlanError, TaskGraph};

/// Returns the part of `graph` that is needed to compute `keys`; dask's `cull`.
///
/// Never adds a key and never changes a task. What is needed is made into tasks: a layer that describes many
/// tasks at once does not stay one. To run a graph it need not be culled, since a plan has only what is needed.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones. Cycles are not
///   looked for.
///
/// # Complexity
///
/// Time and space O(layers + needed tasks + their arguments).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, op};
/// use dask_optimize::cull;
///
/// // a ── b ── out      c
/// let inc = op(|x: i64| x + 1);
/// let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "out" => inc(@"b"), "c" => 2_i64 };
/// let culled = cull(&graph, &[Key::named("out")])?;
/// assert_eq!(culled.len(), 3);
/// assert!(culled.node(&Key::named("c")).is_none());
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn cull(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    graph.tasks(keys).map(TaskGraph::into_graph)
}

/// [`cull`] on the dense form: removes the tasks that the wanted keys do not need, which is none unless another
/// pass has left them behind.
///
/// # Complexity
///
/// Time and space O(tasks + their arguments).
pub fn cull_tasks(tasks: &mut TaskGraph) {
    let mut is_needed = vec![false; tasks.bound()];
    let mut rest = tasks.wanted().to_vec();
    while let Some(number) = rest.pop() {
        if !std::mem::replace(&mut is_needed[number as usize], true) {
            rest.extend(tasks.references(number));
        }
    }
    let unneeded: Vec<u32> = tasks.numbers().filter(|&number| !is_needed[number as usize]).collect();
    unneeded.into_iter().for_each(|number| tasks.remove(number));
}
