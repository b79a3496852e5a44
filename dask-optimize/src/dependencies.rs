//! Who needs whom.

use std::collections::HashMap;

use dask_graph::{Graph, Key, PlanError, TaskGraph};

/// Returns for each key that `keys` need, and for them, the distinct keys that it refers to, in order of
/// appearance; the first half of dask's `get_deps`.
///
/// For a single node there is [`Node::dependencies`](dask_graph::Node::dependencies).
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
/// use dask_optimize::dependencies;
///
/// let add = op(|a: i64, b: i64| a + b);
/// let graph = graph! { "a" => 1_i64, "b" => add(@"a", @"a"), "c" => add(@"b", @"a") };
/// let [a, b, c] = ["a", "b", "c"].map(Key::named);
/// let dependencies = dependencies(&graph, &[c.clone()])?;
/// assert_eq!(dependencies[&c], [b.clone(), a.clone()]);
/// assert_eq!(dependencies[&b], [a.clone()]);
/// assert_eq!(dependencies[&a], []);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn dependencies(graph: &Graph, keys: &[Key]) -> Result<HashMap<Key, Vec<Key>>, PlanError> {
    let tasks = graph.tasks(keys)?;
    let mut found: HashMap<Key, Vec<Key>> = HashMap::with_capacity(tasks.len());
    for_each_dependency(&tasks, |number, dependency| {
        let needed = found.entry(tasks.key(number).clone()).or_default();
        needed.extend(dependency.map(|to| tasks.key(to).clone()));
    });
    Ok(found)
}

/// Returns for each key that `keys` need, and for them, the distinct keys that refer to it; the second half of
/// dask's `get_deps`.
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
/// use dask_optimize::dependents;
///
/// let add = op(|a: i64, b: i64| a + b);
/// let graph = graph! { "a" => 1_i64, "b" => add(@"a", @"a"), "c" => add(@"b", @"a") };
/// let [a, b, c] = ["a", "b", "c"].map(Key::named);
/// let dependents = dependents(&graph, &[c.clone()])?;
/// assert_eq!(dependents[&a], [c.clone(), b.clone()]);
/// assert_eq!(dependents[&c], []);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn dependents(graph: &Graph, keys: &[Key]) -> Result<HashMap<Key, Vec<Key>>, PlanError> {
    let tasks = graph.tasks(keys)?;
    let mut found: HashMap<Key, Vec<Key>> = HashMap::with_capacity(tasks.len());
    for_each_dependency(&tasks, |number, dependency| {
        let of = dependency.unwrap_or(number);
        let needed_by = found.entry(tasks.key(of).clone()).or_default();
        needed_by.extend(dependency.map(|_| tasks.key(number).clone()));
    });
    Ok(found)
}

/// Calls `visit` for each node, and then for each of its distinct dependencies in order of appearance.
fn for_each_dependency(tasks: &TaskGraph, mut visit: impl FnMut(u32, Option<u32>)) {
    // Per number: one more than the last node that was seen to need it.
    let mut seen_by = vec![0; tasks.bound()];
    for number in tasks.numbers() {
        visit(number, None);
        for to in tasks.references(number) {
            if std::mem::replace(&mut seen_by[to as usize], number + 1) != number + 1 {
                visit(number, Some(to));
            }
        }
    }
}

/// Groups the keys that `keys` need, and them, by the keys that they refer to, in order of appearance and with
/// repetitions; dask's `dependency_dict` of 0.7.
///
/// Only keys in one group can be the same work, so this is where to begin to look for it.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones. Cycles are not
///   looked for.
///
/// # Complexity
///
/// Expected time and space O(layers + needed tasks + their arguments).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, op};
/// use dask_optimize::dependency_dict;
///
/// let add = op(|a: i64, b: i64| a + b);
/// let graph = graph! { "a" => 1_i64, "b" => add(@"a", @"a"), "c" => add(@"a", @"a"), "d" => add(@"b", @"c") };
/// let [a, b, c, d] = ["a", "b", "c", "d"].map(Key::named);
/// let groups = dependency_dict(&graph, &[d.clone()])?;
/// assert_eq!(groups[&vec![a.clone(), a]], [b.clone(), c.clone()]);
/// assert_eq!(groups[&vec![b, c]], [d]);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn dependency_dict(graph: &Graph, keys: &[Key]) -> Result<HashMap<Vec<Key>, Vec<Key>>, PlanError> {
    let tasks = graph.tasks(keys)?;
    let mut groups: HashMap<Vec<Key>, Vec<Key>> = HashMap::new();
    for number in tasks.numbers() {
        let dependencies = tasks.references(number).map(|to| tasks.key(to).clone()).collect();
        groups.entry(dependencies).or_default().push(tasks.key(number).clone());
    }
    Ok(groups)
}
