//! Patterns: terms with variables, the sides of a rule.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Arg, IntoOp, Key, Op, Task, Tokenize};

use super::literal::Literal;

/// A term with variables.
///
/// On the left of a rule it says which terms the rule is for; on the right it is the template of what they
/// become. [`pattern!`](crate::pattern!) writes one as `graph!` writes tasks.
///
/// ```
/// use dask_optimize::{Pattern, pattern};
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let by_hand = Pattern::task(add, [Pattern::var("a"), Pattern::value(1_i64)]);
/// assert_eq!(format!("{by_hand:?}"), "add(?a, Value(i64))");
/// assert_eq!(format!("{:?}", pattern!(add(?a, 1_i64))), format!("{by_hand:?}"));
/// ```
#[derive(Clone)]
pub struct Pattern {
    /// Arguments before what takes them: patterns of any depth are built, filled and dropped without recursion.
    symbols: Vec<Symbol>,
}

/// One part of a pattern.
#[derive(Clone)]
pub(super) enum Symbol {
    Var(Arc<str>),
    Key(Key),
    Value(Literal),
    /// A task of so many arguments.
    Task(Arc<dyn Op>, usize),
    /// A list of so many items.
    List(usize),
}

impl Pattern {
    /// A variable. It stands for one term, however often it appears.
    pub fn var(name: &str) -> Self {
        Self { symbols: vec![Symbol::Var(name.into())] }
    }

    /// A literal. Literals of types without a token cannot be told apart: let a variable match them.
    pub fn value<T: Tokenize + Send + Sync + 'static>(data: T) -> Self {
        Self { symbols: vec![Symbol::Value(Literal::new(data))] }
    }

    /// A key.
    pub fn key(key: impl Into<Key>) -> Self {
        Self { symbols: vec![Symbol::Key(key.into())] }
    }

    /// A task of a function, a closure or an op, and its arguments.
    pub fn task<M>(op: impl IntoOp<M>, args: impl IntoIterator<Item = Self>) -> Self {
        Self::over(args, |n_args| Symbol::Task(op.into_op(), n_args))
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::over(items, Symbol::List)
    }

    fn over(args: impl IntoIterator<Item = Self>, top: impl FnOnce(usize) -> Symbol) -> Self {
        let mut args = args.into_iter();
        let (mut symbols, mut n_args) = args.next().map_or((vec![], 0), |first| (first.symbols, 1));
        for arg in args {
            symbols.extend(arg.symbols);
            n_args += 1;
        }
        symbols.push(top(n_args));
        Self { symbols }
    }

    /// The names of the variables, with repetitions, in the order in which [`fill`](Self::fill) meets them.
    pub(super) fn vars(&self) -> impl Iterator<Item = &Arc<str>> {
        self.symbols.iter().filter_map(|symbol| match symbol {
            Symbol::Var(name) => Some(name),
            _ => None,
        })
    }

    /// The term that has `terms` for the variables, in the order of [`vars`](Self::vars).
    pub(super) fn fill<'a>(&self, mut terms: impl Iterator<Item = &'a Arg>) -> Option<Arg> {
        let mut done: Vec<Arg> = Vec::new();
        for symbol in &self.symbols {
            let args = done.len().checked_sub(symbol.n_args())?..;
            let term = match symbol {
                Symbol::Var(_) => terms.next()?.clone(),
                Symbol::Key(key) => Arg::Key(key.clone()),
                Symbol::Value(literal) => Arg::Value(literal.value.clone()),
                Symbol::Task(op, _) => Task::new(op.clone(), done.drain(args)).into(),
                Symbol::List(_) => Arg::List(done.drain(args).collect()),
            };
            done.push(term);
        }
        done.pop()
    }

    /// The parts in the order in which they are written: tasks before their arguments.
    pub(super) fn pre_order(&self) -> Vec<&Symbol> {
        // The number of symbols in the part that ends at each symbol.
        let mut sizes: Vec<usize> = Vec::with_capacity(self.symbols.len());
        for (end, symbol) in self.symbols.iter().enumerate() {
            let args = (0..symbol.n_args()).fold(0, |size, _| size + sizes[end - 1 - size]);
            sizes.push(1 + args);
        }
        let mut order = Vec::with_capacity(self.symbols.len());
        let mut ends = vec![self.symbols.len() - 1];
        while let Some(end) = ends.pop() {
            let symbol = &self.symbols[end];
            order.push(symbol);
            let mut arg = end;
            for _ in 0..symbol.n_args() {
                arg -= 1;
                ends.push(arg);
                arg -= sizes[arg] - 1;
            }
        }
        order
    }
}

impl Symbol {
    fn n_args(&self) -> usize {
        match self {
            Self::Task(_, n) | Self::List(n) => *n,
            Self::Var(_) | Self::Key(_) | Self::Value(_) => 0,
        }
    }
}

impl From<Key> for Pattern {
    fn from(key: Key) -> Self {
        Self::key(key)
    }
}

/// Prints the pattern as it is written; of literals, only the type is known.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // For each open task or list: the arguments still to come, and what closes it.
        let mut open: Vec<(usize, &str)> = Vec::new();
        for symbol in self.pre_order() {
            match symbol {
                Symbol::Var(name) => write!(f, "?{name}")?,
                Symbol::Key(key) => write!(f, "@{key}")?,
                Symbol::Value(literal) => write!(f, "{:?}", literal.value)?,
                Symbol::Task(op, n) => {
                    write!(f, "{}(", op.name())?;
                    open.push((n + 1, ")"));
                }
                Symbol::List(n) => {
                    f.write_str("[")?;
                    open.push((n + 1, "]"));
                }
            }
            while let Some((rest, close)) = open.last_mut() {
                *rest -= 1;
                match *rest {
                    0 => {
                        f.write_str(close)?;
                        open.pop();
                        continue;
                    }
                    _ if symbol.n_args() == 0 => f.write_str(", ")?,
                    _ => {}
                }
                break;
            }
        }
        Ok(())
    }
}

/// Writes a [`Pattern`](crate::Pattern) as [`graph!`](dask_graph::graph) writes tasks.
///
/// | here | means |
/// |---|---|
/// | `?x` | a variable |
/// | `1_i64` | a literal: any expression |
/// | `{ f(2) }` | a literal by an expression that would read as a task |
/// | `@"x"`, `@("x", 0)` | a key |
/// | `add(?x, 1_i64)` | a task of a function, or of a closure or op that has this name |
/// | `(ops.add)(?x, 1_i64)` | a task of what an expression gives |
/// | `[?x, ?y]` | a list |
///
/// ```
/// use dask_optimize::pattern;
///
/// fn total(items: Vec<i64>) -> i64 {
///     items.iter().sum()
/// }
///
/// let pattern = pattern!(total([?first, @("x", 1), 3_i64]));
/// assert_eq!(format!("{pattern:?}"), "total([?first, @('x', 1), Value(i64)])");
/// ```
#[macro_export]
macro_rules! pattern {
    (? $var:ident) => { $crate::Pattern::var(stringify!($var)) };
    (@ $key:expr) => { $crate::Pattern::key($key) };
    ([$($items:tt)*]) => { $crate::Pattern::list($crate::__patterns!([] $($items)*)) };
    ({$data:expr}) => { $crate::Pattern::value($data) };
    ($($f:ident)::+ ($($args:tt)*)) => {
        $crate::Pattern::task($($f)::+.clone(), $crate::__patterns!([] $($args)*))
    };
    (($f:expr) ($($args:tt)*)) => { $crate::Pattern::task($f, $crate::__patterns!([] $($args)*)) };
    ($data:expr) => { $crate::Pattern::value($data) };
}

/// Takes arguments of [`pattern!`] one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! __patterns {
    ([$($done:expr,)*]) => { <[$crate::Pattern; _]>::from([$($done,)*]) };
    ([$($done:expr,)*] ? $var:ident $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!(? $var),] $($($rest)*)?)
    };
    ([$($done:expr,)*] @ $key:expr $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!(@ $key),] $($($rest)*)?)
    };
    ([$($done:expr,)*] [$($items:tt)*] $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!([$($items)*]),] $($($rest)*)?)
    };
    ([$($done:expr,)*] {$data:expr} $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!({$data}),] $($($rest)*)?)
    };
    ([$($done:expr,)*] $($f:ident)::+ ($($args:tt)*) $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!($($f)::+ ($($args)*)),] $($($rest)*)?)
    };
    ([$($done:expr,)*] ($f:expr) ($($args:tt)*) $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!(($f) ($($args)*)),] $($($rest)*)?)
    };
    ([$($done:expr,)*] $data:expr $(, $($rest:tt)*)?) => {
        $crate::__patterns!([$($done,)* $crate::pattern!($data),] $($($rest)*)?)
    };
}
