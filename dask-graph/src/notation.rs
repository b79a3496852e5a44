//! The dictionary notation for hand-written graphs.

use std::sync::Arc;

use crate::function::{Function, op};
use crate::op::Op;

/// Writes a graph by hand, as close to dask's dictionaries as Rust allows.
///
/// | here | in Python's dask | means |
/// |---|---|---|
/// | `"x" => 1` | `'x': 1` | data: any expression |
/// | `"x" => { f(2) }` | | data by an expression that would read as a task |
/// | `"y" => inc(@"x")` | `'y': (inc, 'x')` | a task: a function, closure or op, and its arguments |
/// | `"y" => (\|x: i64\| x + 1)(@"x")` | `'y': (lambda x: x + 1, 'x')` | a task of a closure written in place |
/// | `"y" => try parse(@"x")` | | a task of a function that returns a `Result` |
/// | `"z" => @"y"` | `'z': 'y'` | another name for the same result |
/// | `"l" => [@"x", @"y"]` | `'l': ['x', 'y']` | a list of results |
/// | `("x", 0) => …` | `('x', 0): …` | a key with a block index |
///
/// Arguments are written as values are; `@` marks a key, so text is never mistaken for one. Tasks may stand
/// in tasks. As in a dictionary, the last of several entries with one key counts.
///
/// ```
/// use dask_graph::{Key, graph};
///
/// fn inc(x: i64) -> i64 {
///     x + 1
/// }
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let dsk = graph! {
///     "x" => 1_i64,
///     "y" => inc(@"x"),
///     "z" => add(@"y", inc(10_i64)),
/// };
/// assert_eq!(dsk.len(), 3);
/// assert_eq!(dsk.lower(&[Key::named("z")]).unwrap().len(), 3);
/// ```
#[macro_export]
macro_rules! graph {
    ($($entries:tt)*) => {{
        #[allow(unused_mut, reason = "an empty graph has nothing to insert")]
        let mut layer =
            $crate::Materialized::new($crate::Name::from_token("graph", $crate::Token::unique()));
        $crate::__graph_entries!(layer; $($entries)*);
        $crate::Graph::from_layer(layer)
    }};
}

/// Takes entries of [`graph!`] one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __graph_entries {
    ($layer:ident;) => {};
    ($layer:ident; $key:expr => @ $target:expr $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::Alias($crate::Key::from($target)));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
    ($layer:ident; $key:expr => [$($items:tt)*] $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::from($crate::__graph_arg!([$($items)*])));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
    ($layer:ident; $key:expr => {$data:expr} $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::data($data));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
    ($layer:ident; $key:expr => try $($f:ident)::+ ($($args:tt)*) $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::from($crate::__graph_arg!(try $($f)::+ ($($args)*))));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
    ($layer:ident; $key:expr => $($f:ident)::+ ($($args:tt)*) $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::from($crate::__graph_arg!($($f)::+ ($($args)*))));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
    ($layer:ident; $key:expr => ($f:expr) ($($args:tt)*) $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::from($crate::__graph_arg!(($f) ($($args)*))));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
    ($layer:ident; $key:expr => $data:expr $(, $($rest:tt)*)?) => {
        $layer.insert($key, $crate::Node::data($data));
        $crate::__graph_entries!($layer; $($($rest)*)?);
    };
}

/// One argument of [`graph!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __graph_arg {
    (@ $target:expr) => { $crate::Arg::Key($crate::Key::from($target)) };
    ([$($items:tt)*]) => {{
        #[allow(unused_mut, reason = "an empty list")]
        let mut items: ::std::vec::Vec<$crate::Arg> = ::std::vec::Vec::new();
        $crate::__graph_args!(items; $($items)*);
        $crate::Arg::List(items.into_iter().collect())
    }};
    ({$data:expr}) => { $crate::Arg::value($data) };
    (try $($f:ident)::+ ($($args:tt)*)) => {
        $crate::__graph_arg!(@task $crate::try_named_op(stringify!($($f)::+), $($f)::+), $($args)*)
    };
    ($($f:ident)::+ ($($args:tt)*)) => {
        $crate::__graph_arg!(@task $crate::IntoOp::into_op($($f)::+.clone()), $($args)*)
    };
    (($f:expr) ($($args:tt)*)) => {
        $crate::__graph_arg!(@task $crate::IntoOp::into_op($f), $($args)*)
    };
    ($data:expr) => { $crate::Arg::value($data) };
    (@task $op:expr, $($args:tt)*) => {{
        #[allow(unused_mut, reason = "a task without arguments")]
        let mut args: ::std::vec::Vec<$crate::Arg> = ::std::vec::Vec::new();
        $crate::__graph_args!(args; $($args)*);
        $crate::Arg::from($crate::Task::new($op, args))
    }};
}

/// Takes arguments of [`graph!`] one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __graph_args {
    ($args:ident;) => {};
    ($args:ident; @ $target:expr $(, $($rest:tt)*)?) => {
        $args.push($crate::__graph_arg!(@ $target));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
    ($args:ident; [$($items:tt)*] $(, $($rest:tt)*)?) => {
        $args.push($crate::__graph_arg!([$($items)*]));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
    ($args:ident; {$data:expr} $(, $($rest:tt)*)?) => {
        $args.push($crate::Arg::value($data));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
    ($args:ident; try $($f:ident)::+ ($($inner:tt)*) $(, $($rest:tt)*)?) => {
        $args.push($crate::__graph_arg!(try $($f)::+ ($($inner)*)));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
    ($args:ident; $($f:ident)::+ ($($inner:tt)*) $(, $($rest:tt)*)?) => {
        $args.push($crate::__graph_arg!($($f)::+ ($($inner)*)));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
    ($args:ident; ($f:expr) ($($inner:tt)*) $(, $($rest:tt)*)?) => {
        $args.push($crate::__graph_arg!(($f) ($($inner)*)));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
    ($args:ident; $data:expr $(, $($rest:tt)*)?) => {
        $args.push($crate::Arg::value($data));
        $crate::__graph_args!($args; $($($rest)*)?);
    };
}

/// What [`graph!`] takes for a function: a function, a closure, or an op that was made before.
pub trait IntoOp<M> {
    /// The op.
    fn into_op(self) -> Arc<dyn Op>;
}

/// Marks an op that was made before.
#[derive(Debug, Clone, Copy)]
pub enum Ready {}

impl IntoOp<Ready> for Arc<dyn Op> {
    fn into_op(self) -> Arc<dyn Op> {
        self
    }
}

impl<M: 'static, F: Function<M>> IntoOp<(M,)> for F
where
    F::Output: Send + Sync,
{
    fn into_op(self) -> Arc<dyn Op> {
        op(self)
    }
}
