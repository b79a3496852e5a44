//! Linear fusion: chains of tasks become one task.

use dask_graph::{Graph, Key, PlanError, TaskGraph};

use crate::remove_aliases::resolve;
use crate::splice::splice;

/// Joins each chain of tasks into one task; dask's `fuse_linear`, which was `fuse` in 2015.
///
/// A task goes into the only task that uses it, if that one has no other argument from the graph, counting
/// repetitions. The keys of `keys` are never swallowed but may swallow. A fused task has the key of the last
/// task of its chain and [stands for](TaskGraph::stands_for) all of them; dask joins their names to a new key
/// instead. Chains end where layers are annotated differently. Aliases are
/// [removed](crate::remove_aliases) first.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones.
/// - When needed tasks need each other in a circle.
///
/// # Complexity
///
/// Time and space O(needed tasks + their arguments).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, named_op};
/// use dask_optimize::fuse_linear;
///
/// let inc = named_op("inc", |x: i64| x + 1);
/// let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => inc(@"b"), "d" => inc(@"c") };
/// let [b, d] = ["b", "d"].map(Key::named);
/// let fused = fuse_linear(&graph, &[b.clone(), d.clone()])?;
/// assert_eq!(format!("{:?}", fused.node(&b).unwrap()), "Task(inc[Value(i64)])");
/// assert_eq!(format!("{:?}", fused.node(&d).unwrap()), "Task(inc[inc[b]])");
///
/// let plan = fused.lower(&[d])?;
/// assert_eq!(plan.stands_for(plan.outputs()[0]), ["c", "d"]);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn fuse_linear(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    fuse_linear_tasks(&mut tasks)?;
    Ok(tasks.into_graph())
}

/// [`fuse_linear`] on the dense form.
///
/// # Errors
///
/// - When tasks need each other in a circle.
pub fn fuse_linear_tasks(tasks: &mut TaskGraph) -> Result<(), PlanError> {
    let uses = resolve(tasks)?;
    let mut goes_in = vec![false; tasks.bound()];
    for number in tasks.numbers() {
        let mut references = tasks.references(number);
        if let (Some(only), None) = (references.next(), references.next()) {
            goes_in[only as usize] = uses.is_used_once(only);
        }
    }
    splice(tasks, &uses, |_, number, _| goes_in[number as usize])
}
