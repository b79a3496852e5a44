//! The ops and literals of a run, by their numbers.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use dask_graph::{Args, Op, OpError, Value};

use crate::image::{SameBuild, SentOp};

/// What the code of tasks refers to.
#[derive(Default)]
pub(super) struct Tables {
    ops: Vec<Option<Arc<dyn Op>>>,
    literals: Vec<Option<Result<Value, String>>>,
}

impl Tables {
    /// Makes an op and puts it where code finds it; one that cannot be made fails when it is called.
    pub(super) fn put_op(&mut self, number: u32, same: SameBuild, sent: SentOp, bytes: &[u8]) {
        let packed = same.op(sent, bytes.to_vec()).map_err(|error| error.to_string());
        let made = packed.and_then(|packed| packed.unpack().map_err(|error| error.to_string()));
        let op = made.unwrap_or_else(|error| Arc::new(Broken(error.into())));
        put(&mut self.ops, number, op);
    }

    pub(super) fn put_literal(&mut self, number: u32, literal: Result<Value, String>) {
        put(&mut self.literals, number, literal);
    }

    pub(super) fn op(&self, number: u32) -> &Arc<dyn Op> {
        static NOT_SENT: LazyLock<Arc<dyn Op>> = LazyLock::new(|| Arc::new(Broken("it was not sent".into())));
        self.ops.get(number as usize).and_then(Option::as_ref).unwrap_or(&NOT_SENT)
    }

    /// # Panics
    ///
    /// When there is none: inside the task, so that the message reaches the user.
    pub(super) fn literal(&self, number: u32) -> Value {
        match self.literals.get(number as usize).and_then(Option::as_ref) {
            Some(Ok(value)) => value.clone(),
            Some(Err(error)) => panic!("a literal did not arrive: {error}"),
            None => panic!("literal {number} was not sent"),
        }
    }
}

fn put<T>(table: &mut Vec<Option<T>>, number: u32, entry: T) {
    let at = number as usize;
    if table.len() <= at {
        table.resize_with(at + 1, || None);
    }
    table[at] = Some(entry);
}

/// An op that could not be made.
struct Broken(Cow<'static, str>);

impl Op for Broken {
    fn name(&self) -> Cow<'_, str> {
        "broken".into()
    }

    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        Err(OpError::failed(format!("the op did not arrive: {}", self.0)))
    }
}
