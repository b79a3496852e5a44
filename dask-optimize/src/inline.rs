//! Inlining: the tasks of some keys go into the tasks that use them.

use dask_graph::{Graph, Key, Name, PlanError, TaskGraph};
use rustc_hash::FxHashSet;

use crate::remove_aliases::resolve;
use crate::splice::splice;

/// Puts the tasks of the keys `inlined` in the place of every reference to them; dask's `inline` without its
/// constants, for which there is [`inline_constants`].
///
/// Inlined tasks go into each other too, and with several dependents the work is repeated in each of them. Of
/// the keys `inlined` those of `keys` stay in the graph, the others go. Those that `keys` do not need make no
/// difference. Aliases are [removed](crate::remove_aliases) first.
///
/// References stay where the two layers are annotated differently, and where more than
/// [`MAX_REPEATED_STEPS`](crate::MAX_REPEATED_STEPS) would be repeated.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones.
/// - When needed tasks need each other in a circle.
/// - When the inlined graph has more code than 32 bits count.
///
/// # Complexity
///
/// Time and space O(needed tasks + their arguments, as they are before and after).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, named_op};
/// use dask_optimize::inline;
///
/// let inc = named_op("inc", |x: i64| x + 1);
/// let add = named_op("add", |a: i64, b: i64| a + b);
/// let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => add(@"a", @"b") };
/// let [b, c] = ["b", "c"].map(Key::named);
/// let inlined = inline(&graph, &[c.clone()], &[b.clone()])?;
/// assert_eq!(format!("{:?}", inlined.node(&c).unwrap()), "Task(add[a, inc[a]])");
/// assert!(inlined.node(&b).is_none());
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn inline(graph: &Graph, keys: &[Key], inlined: &[Key]) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    inline_tasks(&mut tasks, inlined)?;
    Ok(tasks.into_graph())
}

/// [`inline`] on the dense form.
///
/// # Errors
///
/// - When tasks need each other in a circle, or the inlined graph has more code than 32 bits count.
pub fn inline_tasks(tasks: &mut TaskGraph, inlined: &[Key]) -> Result<(), PlanError> {
    let uses = resolve(tasks)?;
    // Of many keys there are few names, and most keys of a graph have others.
    let names: FxHashSet<&Name> = inlined.iter().map(Key::name).collect();
    let inlined: FxHashSet<&Key> = inlined.iter().collect();
    splice(tasks, &uses, |tasks, number, _| {
        let key = tasks.key(number);
        names.contains(key.name()) && inlined.contains(key)
    })
}

/// Puts values that are in the graph already in the place of every reference to them; the flag
/// `inline_constants` of dask's `inline`.
///
/// Values are shared, not copied. Those of `keys` stay in the graph too. Aliases are
/// [removed](crate::remove_aliases) first.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones.
/// - When needed tasks need each other in a circle.
/// - When the inlined graph has more code than 32 bits count.
///
/// # Complexity
///
/// Time and space O(needed tasks + their arguments).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, op};
/// use dask_optimize::inline_constants;
///
/// let inc = op(|x: i64| x + 1);
/// let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => inc(@"b") };
/// assert_eq!(inline_constants(&graph, &[Key::named("c")])?.len(), 2);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn inline_constants(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    inline_constants_tasks(&mut tasks)?;
    Ok(tasks.into_graph())
}

/// [`inline_constants`] on the dense form.
///
/// # Errors
///
/// - When tasks need each other in a circle, or the inlined graph has more code than 32 bits count.
pub fn inline_constants_tasks(tasks: &mut TaskGraph) -> Result<(), PlanError> {
    let uses = resolve(tasks)?;
    splice(tasks, &uses, |tasks, number, _| tasks.is_data(number))
}
