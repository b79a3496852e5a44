//! Inlining by op: tasks that cost next to nothing go into the tasks that use them.

use dask_graph::{Graph, Key, Op, PlanError, Step, TaskGraph};

use crate::remove_aliases::resolve;
use crate::splice::splice;

/// Inlines every task all of whose ops, nested ones too, are fast, and which was not asked for; dask's
/// `inline_functions`.
///
/// With several dependents the work is repeated in each of them: this trades memory for work. So `is_fast` may
/// only hold for ops that are pure; [`Op::is_cheap`] is the op's own answer. It is asked once for each op.
/// Aliases are [removed](crate::remove_aliases) first.
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
/// use dask_optimize::inline_functions;
///
/// let inc = named_op("inc", |x: i64| x + 1);
/// let add = named_op("add", |a: i64, b: i64| a + b);
/// let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => inc(@"b"), "d" => add(@"b", @"c") };
/// let d = Key::named("d");
/// let inlined = inline_functions(&graph, &[d.clone()], |op| op.name() == "inc")?;
/// assert_eq!(format!("{:?}", inlined.node(&d).unwrap()), "Task(add[inc[a], inc[inc[a]]])");
///
/// // Nobody said that the ops were cheap.
/// assert_eq!(inline_functions(&graph, &[d], |op| op.is_cheap())?.len(), 4);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn inline_functions(
    graph: &Graph,
    keys: &[Key],
    is_fast: impl Fn(&dyn Op) -> bool,
) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    inline_functions_tasks(&mut tasks, is_fast)?;
    Ok(tasks.into_graph())
}

/// [`inline_functions`] on the dense form.
///
/// # Errors
///
/// - When tasks need each other in a circle, or the inlined graph has more code than 32 bits count.
pub fn inline_functions_tasks(
    tasks: &mut TaskGraph,
    is_fast: impl Fn(&dyn Op) -> bool,
) -> Result<(), PlanError> {
    let is_fast: Vec<bool> = (0..tasks.n_ops() as u32).map(|op| is_fast(&**tasks.op(op))).collect();
    let uses = resolve(tasks)?;
    splice(tasks, &uses, |tasks, number, takes| {
        let mut calls = tasks.steps(number).filter_map(|step| match step {
            Step::Call { op, .. } => Some(op),
            _ => None,
        });
        // A list is a task as soon as tasks go into it.
        let is_task = takes || calls.clone().next().is_some();
        is_task && !uses.is_wanted(number) && calls.all(|op| is_fast[op as usize])
    })
}
