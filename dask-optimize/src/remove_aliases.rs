//! Alias removal: references go to what is meant, not to another name of it.

use dask_graph::{Graph, Key, PlanError, Step, TaskGraph};

use crate::uses::{Uses, alias_of, does_work};

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
    let sequence = tasks.topological()?;
    resolve(tasks, &sequence)
}

/// Removes aliases from a graph with this topological order, which stays one.
pub(crate) fn resolve(tasks: &mut TaskGraph, sequence: &[u32]) -> Result<(), PlanError> {
    // Per number: the node that it means, itself unless it is an alias.
    let mut meant: Vec<u32> = (0..tasks.bound() as u32).collect();
    let mut aliases = Vec::new();
    for &number in sequence {
        if let Some(target) = alias_of(tasks, number) {
            meant[number as usize] = meant[target as usize];
            aliases.push(number);
        }
    }
    if aliases.is_empty() {
        return Ok(());
    }
    let wanted: Vec<u32> =
        tasks.wanted().iter().copied().filter(|&number| alias_of(tasks, number).is_some()).collect();
    aliases.into_iter().for_each(|alias| tasks.remove(alias));
    for &alias in &wanted {
        tasks.set_steps(alias, [Step::Again(meant[alias as usize])])?;
    }
    let mut steps = Vec::new();
    for &number in sequence {
        if tasks.references(number).any(|to| meant[to as usize] != to) {
            steps.extend(tasks.steps(number).map(|step| match step {
                Step::Again(to) => Step::Again(meant[to as usize]),
                other => other,
            }));
            tasks.set_steps(number, steps.drain(..))?;
        }
    }

    let uses = Uses::new(tasks);
    for alias in wanted {
        let Some(target) = alias_of(tasks, alias) else { continue };
        if uses.is_used_once(target) && may_move(tasks, target, alias) {
            steps.extend(tasks.steps(target));
            tasks.set_steps(alias, steps.drain(..))?;
            if does_work(tasks, target) {
                let keys = tasks.stands_for(target).to_vec();
                tasks.set_stands_for(alias, keys);
            }
            tasks.remove(target);
        }
    }
    Ok(())
}

/// Whether the target's task may be run as the alias would be.
fn may_move(tasks: &TaskGraph, target: u32, alias: u32) -> bool {
    tasks.contains(target) && (tasks.same_annotations(target, alias) || !does_work(tasks, target))
}
