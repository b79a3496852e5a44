//! Tasks: an op and its arguments.

use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use crate::key::Key;
use crate::op::Op;
use crate::value::Value;

/// An argument of a task.
///
/// A reference to a key is always written as one: text is never mistaken for a key.
#[derive(Clone)]
pub enum Arg {
    /// The result of this key.
    Key(Key),
    /// The value itself.
    Value(Value),
    /// The result of a task that belongs to this one: it is neither stored nor shared.
    Task(Box<Task>),
    /// A list of arguments; the op receives a [`List`](crate::List) of their values.
    List(ArgList),
}

impl Arg {
    /// A literal.
    pub fn value<T: Send + Sync + 'static>(data: T) -> Self {
        Self::Value(Value::new(data))
    }

    /// A key.
    pub fn key(key: impl Into<Key>) -> Self {
        Self::Key(key.into())
    }

    /// A list of arguments.
    pub fn list(items: impl IntoIterator<Item = impl Into<Arg>>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<Key> for Arg {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

impl From<&Key> for Arg {
    fn from(key: &Key) -> Self {
        Self::Key(key.clone())
    }
}

impl From<Value> for Arg {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<Task> for Arg {
    fn from(task: Task) -> Self {
        Self::Task(Box::new(task))
    }
}

impl fmt::Debug for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Value(value) => value.fmt(f),
            Self::Task(task) => task.fmt(f),
            Self::List(items) => items.fmt(f),
        }
    }
}

/// Arguments in order, shared: cloning copies a pointer, and neither cloning nor dropping recurses, however
/// deep tasks are nested in each other.
#[derive(Clone, Default)]
pub struct ArgList(Arc<Nested>);

#[derive(Default)]
struct Nested(Vec<Arg>);

impl FromIterator<Arg> for ArgList {
    fn from_iter<I: IntoIterator<Item = Arg>>(args: I) -> Self {
        Self(Arc::new(Nested(args.into_iter().collect())))
    }
}

impl Deref for ArgList {
    type Target = [Arg];

    fn deref(&self) -> &[Arg] {
        &self.0.0
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        if self.0.iter().all(|arg| matches!(arg, Arg::Key(_) | Arg::Value(_))) {
            return;
        }
        // Nested arguments move to one list, level by level, so that depth costs no stack.
        let mut rest = mem::take(&mut self.0);
        while let Some(arg) = rest.pop() {
            let items = match arg {
                Arg::Task(task) => task.args,
                Arg::List(items) => items,
                Arg::Key(_) | Arg::Value(_) => continue,
            };
            if let Some(mut nested) = Arc::into_inner(items.0) {
                rest.append(&mut nested.0);
            }
        }
    }
}

impl fmt::Debug for ArgList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// An op and its arguments.
///
/// ```
/// use dask_graph::{Arg, Task, op};
///
/// let task = Task::new(op(|a: &i64, b: &i64| a + b), [Arg::key("x"), Arg::value(1_i64)]);
/// assert_eq!(task.args().len(), 2);
/// ```
#[derive(Clone)]
pub struct Task {
    op: Arc<dyn Op>,
    args: ArgList,
}

impl Task {
    /// Makes a task.
    pub fn new(op: Arc<dyn Op>, args: impl IntoIterator<Item = Arg>) -> Self {
        Self { op, args: args.into_iter().collect() }
    }

    /// What it does.
    pub fn op(&self) -> &Arc<dyn Op> {
        &self.op
    }

    /// What it does it with.
    pub fn args(&self) -> &[Arg] {
        &self.args
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.op.name(), self.args)
    }
}

/// What a graph holds under a key.
#[derive(Clone, Debug)]
pub enum Node {
    /// A computation.
    Task(Task),
    /// The same result as another key's.
    Alias(Key),
    /// A value that is there already.
    Data(Value),
    /// A list: its result is the [`List`](crate::List) of the results of its items.
    List(ArgList),
}

impl Node {
    /// A node that is data.
    pub fn data<T: Send + Sync + 'static>(data: T) -> Self {
        Self::Data(Value::new(data))
    }

    /// The keys that the node needs, with repetitions, in order of appearance.
    pub fn dependencies(&self) -> Vec<Key> {
        let mut found = Vec::new();
        self.for_each_key(|key| found.push(key.clone()));
        found
    }

    /// Calls `visit` with every key that the node refers to, in order of appearance.
    pub fn for_each_key<'a>(&'a self, mut visit: impl FnMut(&'a Key)) {
        let mut rest: Vec<std::slice::Iter<'a, Arg>> = match self {
            Self::Task(task) => vec![task.args.iter()],
            Self::List(items) => vec![items.iter()],
            Self::Alias(key) => return visit(key),
            Self::Data(_) => return,
        };
        while let Some(level) = rest.last_mut() {
            match level.next() {
                None => drop(rest.pop()),
                Some(Arg::Key(key)) => visit(key),
                Some(Arg::Value(_)) => {}
                Some(Arg::Task(task)) => rest.push(task.args.iter()),
                Some(Arg::List(items)) => rest.push(items.iter()),
            }
        }
    }
}

impl Node {
    /// The node with every key replaced by what `replace` gives for it, in nested tasks and lists too.
    ///
    /// ```
    /// use dask_graph::{Arg, Key, Node, Task, op};
    ///
    /// let node = Node::from(Task::new(op(|a: i64, b: i64| a + b), [Arg::key("x"), Arg::key("y")]));
    /// let only_y = node.subs(|key| (key.name().as_str() == "x").then(|| Arg::value(1_i64)));
    /// assert_eq!(only_y.dependencies(), [Key::named("y")]);
    /// ```
    #[must_use]
    pub fn subs(&self, replace: impl Fn(&Key) -> Option<Arg>) -> Self {
        let one = |arg: &Arg| match arg {
            Arg::Key(key) => replace(key),
            _ => None,
        };
        match self {
            Self::Data(_) => self.clone(),
            Self::Alias(key) => replace(key).map_or_else(|| self.clone(), Self::from),
            Self::List(items) => Self::List(subs_args(items, &one)),
            Self::Task(task) => Self::Task(Task { op: task.op.clone(), args: subs_args(&task.args, &one) }),
        }
    }
}

/// Arguments with some replaced; nested ones are walked on a stack of our own.
fn subs_args(args: &ArgList, replace: &dyn Fn(&Arg) -> Option<Arg>) -> ArgList {
    struct Level<'a> {
        rest: std::slice::Iter<'a, Arg>,
        done: Vec<Arg>,
        /// The task whose arguments these are; `None` for a list.
        task: Option<&'a Task>,
    }
    let mut path = vec![Level { rest: args.iter(), done: Vec::with_capacity(args.len()), task: None }];
    loop {
        let depth = path.len();
        let level = &mut path[depth - 1];
        let Some(arg) = level.rest.next() else {
            let done: ArgList = mem::take(&mut level.done).into_iter().collect();
            let task = level.task;
            path.pop();
            let Some(above) = path.last_mut() else { return done };
            above.done.push(match task {
                Some(task) => Arg::Task(Box::new(Task { op: task.op.clone(), args: done })),
                None => Arg::List(done),
            });
            continue;
        };
        match arg {
            Arg::Task(task) => path.push(Level { rest: task.args.iter(), done: vec![], task: Some(task) }),
            Arg::List(items) => path.push(Level { rest: items.iter(), done: vec![], task: None }),
            leaf => level.done.push(replace(leaf).unwrap_or_else(|| leaf.clone())),
        }
    }
}

impl From<Task> for Node {
    fn from(task: Task) -> Self {
        Self::Task(task)
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self::Data(value)
    }
}

impl From<Arg> for Node {
    /// What the argument means when it stands alone under a key.
    fn from(arg: Arg) -> Self {
        match arg {
            Arg::Key(key) => Self::Alias(key),
            Arg::Value(value) => Self::Data(value),
            Arg::Task(task) => Self::Task(*task),
            Arg::List(items) => Self::List(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::op;

    #[test]
    fn a_million_nested_tasks_drop_and_walk_without_recursion() {
        let mut arg = Arg::key("x");
        for _ in 0..1_000_000 {
            arg = Task::new(op(|x: i64| x), [arg]).into();
        }
        let node = Node::from(arg);
        assert_eq!(node.dependencies(), [Key::named("x")]);
    }

    #[test]
    fn keys_are_found_in_order_with_repetitions() {
        let inner = Task::new(op(|x: i64| x), [Arg::key("b")]);
        let node = Node::from(Task::new(
            op(|_: Value, _: Value, _: Value| 0_i64),
            [Arg::key("a"), Arg::list([Arg::from(inner), Arg::value(1), Arg::key("c")]), Arg::key("a")],
        ));
        assert_eq!(node.dependencies(), ["a", "b", "c", "a"].map(Key::named));
    }
}
