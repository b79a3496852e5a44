//! Files looked at before they are read.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use crate::csv::Transition;
use crate::pack::pack;
use crate::source::{Piece, Source};

/// How a piece of a file changes the state of the quotes.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct TransitionOp(pub(in crate::plan) Arc<Source>);

impl Op for TransitionOp {
    fn name(&self) -> Cow<'_, str> {
        "scan quotes".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let transition = self.0.transition(*args.get::<Piece>(0)?).map_err(OpError::failed)?;
        Ok(Value::new(transition))
    }

    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        Some(size_of::<Transition>() as u64)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
