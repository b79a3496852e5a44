//! Literals in patterns.

use std::any::TypeId;

use dask_graph::{Token, Tokenize, Value};

use crate::same::{token, token_of};

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
