//! Reductions of uncounted arrays over their uncounted axis, by what there is.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, Graph, Key, LayerInfo, OpError, Tokenizer, Value};

use super::Uncounted;
use crate::array::{Array, Lazy, Over, blockwise, built, name_of};
use crate::block::Block;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};

macro_rules! counted_by_blocks {
    ($($(#[$doc:meta])* $method:ident($($arg:ident: $Arg:ty),*) -> $Output:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// - When an axis is out of range or named twice, or the uncounted axis is not among them.
        #[track_caller]
        pub fn $method(&self, over: impl Into<Over>, $($arg: $Arg),*) -> Result<Array<$Output>, ArrayError> {
            let over = self.along(over.into())?;
            self.bounds.$method(over, $($arg),*)
        }
    )*};
}

/// Reductions over the uncounted axis, and any others with it.
impl<A: Element> Uncounted<A> {
    counted_by_blocks! {
        /// Sums, as [`Array::sum`].
        sum() -> A::Sum;
        /// Products, as [`Array::prod`].
        prod() -> A::Sum;
        /// Whether any element is not zero, as [`Array::any`].
        any() -> bool;
        /// Whether all elements are not zero, as [`Array::all`].
        all() -> bool;
        /// Variances, as [`Array::var`].
        var(ddof: f64) -> A::RealFloat;
        /// Standard deviations, as [`Array::std`].
        std(ddof: f64) -> A::RealFloat;
    }

    /// Means of what there is, as [`Array::mean`]; of nothing, NaN.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or the uncounted axis is not among them.
    #[track_caller]
    pub fn mean(&self, over: impl Into<Over>) -> Result<Array<A::Float>, ArrayError> {
        let over = self.along(over.into())?;
        let reduced = over.reduced(self.bounds.shape())?;
        let others = self.bounds.shape().iter().zip(reduced).enumerate();
        let others =
            others.filter(|&(axis, (_, reduced))| reduced && axis != self.axis).map(|(_, (&n, _))| n);
        let others = others.product::<usize>() as i64;
        let count = self.count().try_mul(others)?;
        self.bounds.sum_as::<A::Float>(over)?.try_div(count.astype())
    }

    /// The smallest elements, as [`Array::min`]. That there are none to choose from is an error of the run.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or the uncounted axis is not among them.
    #[track_caller]
    pub fn min(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        let over = self.along(over.into())?;
        Ok(self.if_any("min", &self.bounds.min(over)?, &LayerInfo::here()))
    }

    /// The largest elements, as [`Array::max`]. That there are none to choose from is an error of the run.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or the uncounted axis is not among them.
    #[track_caller]
    pub fn max(&self, over: impl Into<Over>) -> Result<Array<A>, ArrayError> {
        let over = self.along(over.into())?;
        Ok(self.if_any("max", &self.bounds.max(over)?, &LayerInfo::here()))
    }

    /// Refuses a reduction that keeps the uncounted axis.
    fn along(&self, over: Over) -> Result<Over, ArrayError> {
        if over.reduced(self.bounds.shape())?[self.axis] {
            return Ok(over);
        }
        Err(ArrayError::UncountedAxis { axis: self.axis })
    }

    /// What was chosen, if there was something to choose from.
    fn if_any(&self, operation: &str, chosen: &Array<A>, info: &LayerInfo) -> Array<A> {
        let count = self.count();
        let token = Tokenizer::new("if-any").feed(chosen.name()).feed(count.name());
        let name = name_of(operation, token.finish());
        let layer = blockwise(&name, kernel_op::<IfAny<A>>(), chosen.chunks(), info)
            .blocks(chosen.name(), &chosen.lazy().block_axes(0..chosen.ndim()))
            .whole(Key::new(count.name(), &[]));
        let graph = Graph::with_inputs(built(layer), [&chosen.lazy().graph, &count.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::clone(&chosen.lazy().chunks) })
    }
}

/// Fails where a choice was one among nothing.
struct IfAny<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for IfAny<A> {
    const NAME: &'static str = "if-any";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (chosen, count) = (args.get::<Block<A>>(0)?, args.get::<Block<i64>>(1)?);
        if count.view().first() == Some(&0) && !chosen.view().is_empty() {
            return Err(OpError::failed(NothingSelectedError));
        }
        Ok(chosen.clone().into())
    }
}

/// The smallest or largest of nothing.
#[derive(Debug, thiserror::Error)]
#[error("the selection is empty: there is no smallest or largest element")]
struct NothingSelectedError;
