//! When two ops, two literals or two terms are the same.

use std::any::{Any, TypeId};
use std::sync::Arc;

use dask_graph::{Arg, Node, Op, Token, Tokenize, Tokenizer, Value};

/// What makes an op the op that it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OpId {
    /// Its type: it has no state.
    Type(TypeId),
    /// Its address, which is its own for as long as it lives.
    Object(usize),
}

impl OpId {
    pub(crate) fn of(op: &Arc<dyn Op>) -> Self {
        if op.is_stateless() { Self::of_type(op) } else { Self::of_object(op) }
    }

    pub(crate) fn of_type(op: &Arc<dyn Op>) -> Self {
        let any: &dyn Any = &**op;
        Self::Type(any.type_id())
    }

    pub(crate) fn of_object(op: &Arc<dyn Op>) -> Self {
        Self::Object(Arc::as_ptr(op).cast::<()>() as usize)
    }
}

fn same_op(a: &Arc<dyn Op>, b: &Arc<dyn Op>) -> bool {
    Arc::ptr_eq(a, b) || (OpId::of_type(a) == OpId::of_type(b) && a.is_stateless() && b.is_stateless())
}

/// What makes a value the value that it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ValueId {
    /// Its type, by its place among the usual ones, and what it says.
    Usual(usize, Token),
    /// Its address, which is its own for as long as it lives.
    Object(usize),
}

impl ValueId {
    pub(crate) fn of(value: &Value) -> Self {
        let usual = |(at, token): (usize, &fn(&Value) -> Option<Token>)| Some(Self::Usual(at, token(value)?));
        USUAL.iter().enumerate().find_map(usual).unwrap_or_else(|| Self::Object(value.address()))
    }
}

/// A value that was given without a type says nothing of equality, so for these types it is known here.
const USUAL: [fn(&Value) -> Option<Token>; 19] = [
    token_of::<i64>,
    token_of::<f64>,
    token_of::<usize>,
    token_of::<&'static str>,
    token_of::<String>,
    token_of::<bool>,
    token_of::<i32>,
    token_of::<f32>,
    token_of::<u64>,
    token_of::<u32>,
    token_of::<i8>,
    token_of::<i16>,
    token_of::<i128>,
    token_of::<isize>,
    token_of::<u8>,
    token_of::<u16>,
    token_of::<u128>,
    token_of::<char>,
    token_of::<()>,
];

/// The token of a value, if it is a `T`.
pub(crate) fn token_of<T: Tokenize + 'static>(value: &Value) -> Option<Token> {
    value.downcast_ref().map(token::<T>)
}

/// The token of a literal.
pub(crate) fn token<T: Tokenize>(data: &T) -> Token {
    Tokenizer::new("literal").feed(data).finish()
}

/// Whether two terms are the same, part by part.
pub(crate) fn same_term(a: &Arg, b: &Arg) -> bool {
    let mut rest = vec![(a, b)];
    while let Some((a, b)) = rest.pop() {
        let same_head = match (a, b) {
            (Arg::Key(a), Arg::Key(b)) => a == b,
            (Arg::Value(a), Arg::Value(b)) => a.ptr_eq(b) || ValueId::of(a) == ValueId::of(b),
            (Arg::Task(a), Arg::Task(b)) => same_op(a.op(), b.op()),
            (Arg::List(_), Arg::List(_)) => true,
            _ => false,
        };
        let (a, b) = (args_of(a), args_of(b));
        if !same_head || a.len() != b.len() {
            return false;
        }
        // Shared arguments need no look.
        if !std::ptr::eq(a, b) {
            rest.extend(a.iter().zip(b));
        }
    }
    true
}

/// What stands under a key, as a term.
pub(crate) fn term_of(node: &Node) -> Arg {
    match node {
        Node::Task(task) => Arg::from(task.clone()),
        Node::Alias(key) => Arg::Key(key.clone()),
        Node::Data(value) => Arg::Value(value.clone()),
        Node::List(items) => Arg::List(items.clone()),
    }
}

/// The arguments of a task, the items of a list.
pub(crate) fn args_of(term: &Arg) -> &[Arg] {
    match term {
        Arg::Task(task) => task.args(),
        Arg::List(items) => items,
        Arg::Key(_) | Arg::Value(_) => &[],
    }
}
