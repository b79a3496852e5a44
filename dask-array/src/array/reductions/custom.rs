//! Reductions by functions of the user.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, Graph, LayerInfo, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value};
use ndarray::{ArrayD, ArrayViewD, Axis};

use super::tree::Tree;
use super::{Array, Over};
use crate::array::{Lazy, blockwise, built, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// A reduction by three functions (`dask.array.reduction`): `chunk` reduces a block, `combine` the results of several
    /// blocks, and `aggregate` the last of these. Each is told the reduced axes, and gives an array with length one along
    /// them, which vanish in the end.
    ///
    /// Results that are combined stand one behind the other along the first of the axes, in the order of their blocks. All
    /// three run in other processes, too, if they capture nothing.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2, ArrayD, ArrayViewD, Axis}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Roots of sums of squares.
    /// fn added(x: ArrayViewD<'_, f64>, axes: &[Axis]) -> ArrayD<f64> {
    ///     axes.iter().fold(x.to_owned(), |x, &axis| x.sum_axis(axis).insert_axis(axis))
    /// }
    /// let x = Array::from_ndarray(arr2(&[[3.0, 4.0], [12.0, 0.0]]), 1)?;
    /// let lengths = x.reduction(
    ///     1,
    ///     |block: ArrayViewD<'_, f64>, axes: &[Axis]| added(block.mapv(|x| x * x).view(), axes),
    ///     |sums: ArrayViewD<'_, f64>, axes: &[Axis]| added(sums, axes),
    ///     |sums: ArrayViewD<'_, f64>, axes: &[Axis]| added(sums, axes).mapv(f64::sqrt),
    /// )?;
    /// assert_eq!(lengths.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[5.0, 12.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When an axis is out of range or named twice, or there is none.
    #[track_caller]
    pub fn reduction<P: Element, B: Element>(
        &self,
        over: impl Into<Over>,
        chunk: impl Fn(ArrayViewD<'_, A>, &[Axis]) -> ArrayD<P> + Send + Sync + 'static,
        combine: impl Fn(ArrayViewD<'_, P>, &[Axis]) -> ArrayD<P> + Send + Sync + 'static,
        aggregate: impl Fn(ArrayViewD<'_, P>, &[Axis]) -> ArrayD<B> + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        let (over, info) = (over.into(), LayerInfo::here());
        let reduced = over.reduced(self.shape())?;
        let groups = over.groups(self.shape())?;
        let axes: Arc<[usize]> = (0..self.ndim()).filter(|&axis| reduced[axis]).collect();
        if axes.is_empty() {
            return Err(ArrayError::Axes { axes: Vec::new(), ndim: self.ndim() });
        }
        let dropped: Vec<bool> = reduced.iter().map(|&reduced| reduced && !over.keepdims).collect();
        let chunk = StepOp::new("reduction-chunk", &axes, false, chunk);
        let combine: Arc<dyn Op> = Arc::new(StepOp::new("reduction-combine", &axes, false, combine));
        let aggregate: Arc<dyn Op> =
            Arc::new(StepOp::new("reduction-aggregate", &axes, !over.keepdims, aggregate));

        // A function has no content that could be compared.
        let token = Token::unique();
        let [first, name] = ["chunk", "aggregate"].map(|step| name_of(&format!("reduction-{step}"), token));
        let layer = blockwise(&first, Arc::new(chunk), self.chunks(), &info)
            .blocks(self.name(), &self.lazy().block_axes(0..self.ndim()));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);
        let kept = self.chunks().axes().iter().zip(&reduced).zip(&dropped);
        let kept = kept.filter_map(
            |((lengths, &reduced), &dropped)| {
                if reduced { (!dropped).then(|| vec![1]) } else { Some(lengths.clone()) }
            },
        );
        let chunks = Arc::new(Chunks::from_lengths(kept.collect()));
        let tree = Tree { label: "reduction", token, joined: reduced, groups, dropped };
        let graph = tree.written(first, graph, self.chunks().n_blocks(), &name, &info, |is_last| {
            if is_last { aggregate.clone() } else { combine.clone() }
        });
        Ok(Array::new(Lazy { name, graph, chunks }))
    }
}

/// Calls one of the functions on a block, or on a list of blocks that are joined first.
struct StepOp<P, B, F> {
    name: Cow<'static, str>,
    axes: Arc<[usize]>,
    /// Whether the reduced axes vanish.
    drops: bool,
    f: F,
    element: PhantomData<fn(P) -> B>,
}

impl<P: Element, B: Element, F> StepOp<P, B, F>
where
    F: Fn(ArrayViewD<'_, P>, &[Axis]) -> ArrayD<B>,
{
    fn new(name: &'static str, axes: &Arc<[usize]>, drops: bool, f: F) -> Self {
        Self { name: name.into(), axes: axes.clone(), drops, f, element: PhantomData }
    }

    fn made(&self, input: ArrayViewD<'_, P>) -> Result<Value, OpError> {
        let axes: Vec<Axis> = self.axes.iter().map(|&axis| Axis(axis)).collect();
        let expected: Vec<usize> = (0..input.ndim())
            .map(|axis| if self.axes.contains(&axis) { 1 } else { input.len_of(Axis(axis)) })
            .collect();
        let made = (self.f)(input, &axes);
        if made.shape() != expected {
            let (step, got) = (self.name.to_string(), made.shape().to_vec());
            return Err(OpError::failed(StepShapeError { step, got, expected }));
        }
        if !self.drops {
            return Ok(Block::new(made).into());
        }
        let kept = axes.iter().rev().fold(made, |array, &axis| array.index_axis_move(axis, 0));
        Ok(Block::new(kept).into())
    }
}

impl<P: Element, B: Element, F> Op for StepOp<P, B, F>
where
    F: Fn(ArrayViewD<'_, P>, &[Axis]) -> ArrayD<B> + Send + Sync + 'static,
{
    fn name(&self) -> Cow<'_, str> {
        self.name.clone()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let Ok(parts) = args.list(0) else { return self.made(args.get::<Block<P>>(0)?.view()) };
        let part = |part| Value::get::<Block<P>>(part).map_err(|source| OpError::Argument { at: 0, source });
        let parts = parts.iter().map(part).collect::<Result<Vec<_>, _>>()?;
        if let [part] = parts[..] {
            return self.made(part.view());
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let first = Axis(self.axes.first().copied().unwrap_or(0));
        self.made(ndarray::concatenate(first, &views).map_err(OpError::failed)?.view())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.name, &self.axes, self.drops))?;
        to.function::<fn(ArrayViewD<'static, P>, &'static [Axis]) -> ArrayD<B>, F>(&self.f)?;
        Ok(|from| {
            let (name, axes, drops): (String, _, _) = from.state()?;
            let f = from.function::<fn(ArrayViewD<'static, P>, &'static [Axis]) -> ArrayD<B>, F>()?;
            Ok(Unpacked::op(StepOp::<P, B, F> { name: name.into(), axes, drops, f, element: PhantomData }))
        })
    }
}

/// A function that did not reduce what it was to reduce.
#[derive(Debug, thiserror::Error)]
#[error("{step} made an array of shape {got:?}, expected {expected:?}: length one along the reduced axes")]
struct StepShapeError {
    step: String,
    got: Vec<usize>,
    expected: Vec<usize>,
}
