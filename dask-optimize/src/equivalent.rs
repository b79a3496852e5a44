//! Whether two nodes do the same.

use dask_graph::Node;

use crate::same::{same_term, term_of};

/// Whether two nodes have the same form: the same ops, equal values, the same keys, in the same places; dask's
/// `equivalent` of 0.7.
///
/// Ops that say that they have no state ([`Op::is_stateless`](dask_graph::Op::is_stateless)) are the same
/// when they are made of one function, all others when they are one object. Numbers and text are equal when
/// they are of one type and say the same, other values when they are one object. What the nodes compute is not
/// looked at: `add(a, b)` is not `add(b, a)`.
///
/// To compare nodes up to the names of their keys, put the names of one in the other first, with [`Node::subs`].
///
/// # Complexity
///
/// Time O(tasks and arguments), without recursion.
///
/// # Examples
///
/// ```
/// use dask_graph::{Arg, Key, Node, Task, op};
/// use dask_optimize::equivalent;
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let node = |key| Node::from(Task::new(op(add), [Arg::key(key), Arg::value(1_i64)]));
/// assert!(!equivalent(&node("x"), &node("y")));
/// let renamed = node("x").subs(|key| (*key == Key::named("x")).then(|| Arg::key("y")));
/// assert!(equivalent(&renamed, &node("y")));
/// ```
pub fn equivalent(a: &Node, b: &Node) -> bool {
    same_term(&term_of(a), &term_of(b))
}
