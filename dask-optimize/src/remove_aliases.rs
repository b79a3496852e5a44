//! Alias removal: references go to what is meant, not to another name of it.

use dask_graph::{Graph, Key, PlanError, Put, TaskGraph};

use crate::uses::Uses;

/// Removes aliases: whoever refers to one refers to its target instead; `dealias` of dask 0.7, and
/// `resolve_aliases` of today's.
///
/// Aliases that were asked for stay. When nobody else needs the target of one, and it was not asked for, the
/// alias takes over its task, and the target's key goes.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones.
/// - When needed tasks, or aliases, need each other in a circle.
///
/// # Complexity
///
/// Time and space O(needed tasks + their arguments), however long the chains of aliases are.
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, named_op};
/// use dask_optimize::remove_aliases;
///
/// let inc = named_op("inc", |x: i64| x + 1);
/// let graph = graph! { "a" => 1_i64, "b" => @"a", "c" => inc(@"b"), "d" => @"c" };
/// let d = Key::named("d");
/// let without = remove_aliases(&graph, &[d.clone()])?;
/// assert_eq!(without.len(), 2);
/// assert_eq!(format!("{:?}", without.node(&d).unwrap()), "Task(inc[a])");
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn remove_aliases(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    remove_aliases_tasks(&mut tasks)?;
    Ok(tasks.into_graph())
}

/// [`remove_aliases`] on the dense form.
///
/// # Errors
///
/// - When tasks or aliases need each other in a circle.
pub fn remove_aliases_tasks(tasks: &mut TaskGraph) -> Result<(), PlanError> {
    resolve(tasks).map(drop)
}

/// Removes aliases, and says who uses what is left.
pub(crate) fn resolve(tasks: &mut TaskGraph) -> Result<Uses, PlanError> {
    let mut uses = Uses::new(tasks)?;
    if !uses.has_aliases() {
        return Ok(uses);
    }
    let is_alias = |&number: &u32| tasks.alias_of(number).is_some();
    let aliases: Vec<u32> = uses.sequence().iter().copied().filter(is_alias).collect();
    // Per number: the node that it means, itself unless it is an alias.
    let mut meant: Vec<u32> = (0..tasks.bound() as u32).collect();
    for &alias in &aliases {
        if let Some(target) = tasks.alias_of(alias) {
            meant[alias as usize] = meant[target as usize];
        }
    }
    for &alias in aliases.iter().rev() {
        if let Some(target) = tasks.alias_of(alias) {
            uses.pass_on(alias, target);
        }
    }
    tasks.redirect(|number| meant[number as usize]);
    aliases.into_iter().filter(|&alias| !uses.is_wanted(alias)).for_each(|alias| tasks.remove(alias));

    for alias in tasks.wanted().to_vec() {
        let Some(target) = tasks.alias_of(alias) else { continue };
        if uses.is_used_once(target) && may_move(tasks, target, alias) {
            tasks.put_in(alias, |_, _, into| if into == alias { Put::Code } else { Put::Reference })?;
            tasks.remove(target);
        }
    }
    Ok(uses)
}

/// Whether the target's task may be run as the alias would be.
fn may_move(tasks: &TaskGraph, target: u32, alias: u32) -> bool {
    tasks.contains(target) && (tasks.same_annotations(target, alias) || !tasks.does_work(target))
}
