//! Which ops a node is made of.

use std::sync::Arc;

use dask_graph::{Arg, Node, Op};

/// Returns the ops of a node, those of nested tasks and in lists too, each object once and outer ones first;
/// dask's `functions_of`.
///
/// # Complexity
///
/// Time O(tasks and arguments · distinct ops), without recursion.
///
/// # Examples
///
/// ```
/// use dask_graph::{Arg, Node, Task, named_op};
/// use dask_optimize::functions_of;
///
/// let inc = named_op("inc", |x: i64| x + 1);
/// let sum = named_op("sum", |items: Vec<i64>| items.iter().sum::<i64>());
/// let inner = || Arg::from(Task::new(inc.clone(), [Arg::key("x")]));
/// let node = Node::from(Task::new(sum, [Arg::list([inner(), inner()])]));
/// let names: Vec<_> = functions_of(&node).iter().map(|op| op.name()).collect();
/// assert_eq!(names, ["sum", "inc"]);
/// ```
pub fn functions_of(node: &Node) -> Vec<&Arc<dyn Op>> {
    let mut found: Vec<&Arc<dyn Op>> = Vec::new();
    let mut add = |op| {
        if !found.iter().any(|known| Arc::ptr_eq(known, op)) {
            found.push(op);
        }
    };
    let mut path = match node {
        Node::Task(task) => {
            add(task.op());
            vec![task.args().iter()]
        }
        Node::List(items) => vec![items.iter()],
        Node::Alias(_) | Node::Data(_) => vec![],
    };
    while let Some(level) = path.last_mut() {
        match level.next() {
            Some(Arg::Task(task)) => {
                add(task.op());
                path.push(task.args().iter());
            }
            Some(Arg::List(items)) => path.push(items.iter()),
            Some(Arg::Key(_) | Arg::Value(_)) => {}
            None => drop(path.pop()),
        }
    }
    found
}
