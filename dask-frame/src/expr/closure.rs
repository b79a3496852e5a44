//! Functions of the user inside of expressions and plans.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Op, Token};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A function of the user, as an op: what it is called with is the matter of who holds it.
///
/// Code cannot be encoded as data. A closure on its way is encoded as nothing, and the op that holds it packs
/// it apart and puts it back in again ([`Closure::fill`]).
#[derive(Clone)]
pub(crate) struct Closure {
    op: Option<Arc<dyn Op>>,
    /// Two closures are never known to do the same.
    token: Token,
}

impl Closure {
    pub(crate) fn new(op: Arc<dyn Op>) -> Self {
        Self { op: Some(op), token: Token::unique() }
    }

    pub(crate) fn op(&self) -> &Arc<dyn Op> {
        self.op.as_ref().expect("a closure that travelled was put back in")
    }

    /// Puts the op back in after a journey.
    pub(crate) fn fill(&mut self, op: Arc<dyn Op>) {
        self.op = Some(op);
    }
}

impl fmt::Debug for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Closure({})", self.token)
    }
}

impl Serialize for Closure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        ().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Closure {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <()>::deserialize(from)?;
        Ok(Self { op: None, token: Token::unique() })
    }
}
