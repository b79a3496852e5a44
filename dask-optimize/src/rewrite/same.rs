//! When two ops, two literals or two terms are the same.

use std::any::{Any, TypeId};
use std::sync::Arc;

use dask_graph::{Arg, Op, Portable, Token, Tokenize, Tokenizer, Value};

use super::args_of;

/// What makes an op the op that it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum OpId {
    /// Its type: it has no state.
    Type(TypeId),
    /// Its address, which is its own for as long as it lives: a rule keeps the ops of its patterns.
    Object(usize),
}

impl OpId {
    pub(super) fn of(op: &Arc<dyn Op>) -> Self {
        if is_stateless(op) { Self::of_type(op) } else { Self::of_object(op) }
    }

    pub(super) fn of_type(op: &Arc<dyn Op>) -> Self {
        let any: &dyn Any = &**op;
        Self::Type(any.type_id())
    }

    pub(super) fn of_object(op: &Arc<dyn Op>) -> Self {
        Self::Object(Arc::as_ptr(op).cast::<()>() as usize)
    }
}

/// Whether the type of the op is its whole meaning. Asking may be dear: an op with state may encode it.
pub(super) fn is_stateless(op: &Arc<dyn Op>) -> bool {
    matches!(op.portable(), Portable::Stateless)
}

fn same_op(a: &Arc<dyn Op>, b: &Arc<dyn Op>) -> bool {
    Arc::ptr_eq(a, b) || (OpId::of_type(a) == OpId::of_type(b) && is_stateless(a) && is_stateless(b))
}

/// A literal of a type whose values can be told apart.
#[derive(Clone)]
pub(super) struct Literal {
    pub(super) value: Value,
    pub(super) token: Token,
    pub(super) of: LiteralType,
}

/// A type of literals.
#[derive(Clone, Copy)]
pub(super) struct LiteralType {
    pub(super) id: TypeId,
    /// The token of a value, if it is of this type.
    pub(super) token: fn(&Value) -> Option<Token>,
}

impl Literal {
    pub(super) fn new<T: Tokenize + Send + Sync + 'static>(data: T) -> Self {
        let token = token(&data);
        let of = LiteralType { id: TypeId::of::<T>(), token: token_of::<T> };
        Self { value: Value::new(data), token, of }
    }
}

fn token<T: Tokenize>(data: &T) -> Token {
    Tokenizer::new("literal").feed(data).finish()
}

fn token_of<T: Tokenize + 'static>(value: &Value) -> Option<Token> {
    value.downcast_ref().map(token::<T>)
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

fn same_value(a: &Value, b: &Value) -> bool {
    let same = |token: &fn(&Value) -> Option<Token>| Some(token(a)? == token(b)?);
    a.ptr_eq(b) || USUAL.iter().find_map(same).unwrap_or(false)
}

/// Whether two terms are the same, part by part.
pub(super) fn same_term(a: &Arg, b: &Arg) -> bool {
    let mut rest = vec![(a, b)];
    while let Some((a, b)) = rest.pop() {
        let same_head = match (a, b) {
            (Arg::Key(a), Arg::Key(b)) => a == b,
            (Arg::Value(a), Arg::Value(b)) => same_value(a, b),
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
