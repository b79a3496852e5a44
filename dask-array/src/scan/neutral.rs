//! What a cumulative operation begins with.

use std::borrow::Cow;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use ndarray::{ArrayD, IxDyn};

use crate::block::Block;
use crate::element::{DType, Element, dispatch};
use crate::reduce::Fold;

/// Makes zeros or ones, as many as there are elements in a block.
#[derive(Debug)]
pub(crate) struct Neutral {
    pub(crate) dtype: DType,
    pub(crate) fold: Fold,
}

impl Neutral {
    fn run<T: Element>(&self, args: &Args<'_>) -> Result<Value, OpError> {
        let shape = args.get::<Block<T>>(0)?.shape();
        let value = if self.fold == Fold::Prod { T::one() } else { T::default() };
        Ok(Block::new(ArrayD::from_elem(IxDyn(shape), value)).into())
    }
}

impl Op for Neutral {
    fn name(&self) -> Cow<'_, str> {
        "neutral".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        dispatch!(self.dtype, T => self.run::<T>(&args))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.dtype, self.fold))?;
        Ok(|from| {
            let (dtype, fold) = from.state()?;
            Ok(Unpacked::op(Neutral { dtype, fold }))
        })
    }
}
