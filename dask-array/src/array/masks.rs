//! Selection by masks, and where elements are not zero.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, OpError, Task, Tokenizer, Value};
use ndarray::{ArrayD, IxDyn, Slice, SliceInfoElem};
use serde::{Deserialize, Serialize};

use super::transpose::axis_of;
use super::uncounted::{Uncounted, a_number_a_block, number_block};
use super::{Array, Lazy, blockwise, built, extents, name_of};
use crate::block::{Block, Extent};
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{AlongAxis, Kernel, encoded_payload, kernel_op};

impl<A: Element> Array<A> {
    /// The elements where `mask` holds, in row-major order of the array (numpy's `x[mask]`).
    ///
    /// A mask of fewer axes selects along the first axes of the array: one of a single axis, rows.
    ///
    /// # Errors
    ///
    /// - When the mask has no axes, or its shape is not that of the first axes of the array.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 6], [5, 2]]), 1)?;
    /// assert_eq!(x.filter(&x.gt(1)?)?.compute_with(&Sync::new())?, arr1(&[6, 5, 2]).into_dyn());
    /// let rows = x.filter(&x.min(1)?.gt(1)?)?;
    /// assert_eq!(rows.compute_with(&Sync::new())?, arr2(&[[5, 2]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn filter(&self, mask: &Array<bool>) -> Result<Uncounted<A>, ArrayError> {
        let info = LayerInfo::here();
        let covered = mask.ndim();
        if covered == 0 || self.shape().get(..covered) != Some(mask.shape()) {
            return Err(ArrayError::MaskShape { mask: mask.shape().to_vec(), shape: self.shape().to_vec() });
        }
        let mut shape = vec![mask.len()];
        shape.extend(&self.shape()[covered..]);
        Ok(self.reshaped(&shape, &info).selected(&mask.raveled(&info), 0, &info))
    }

    /// What lies along an axis where `condition` holds; a condition that is shorter than the axis selects nothing of
    /// the rest (numpy's `compress`).
    ///
    /// A condition in memory is counted, so that it gives an [`Array`]. One that is an array gives an [`Uncounted`].
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis.
    /// - When the condition is longer than the axis, or has not one axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2)?;
    /// let some = x.compress([true, false, true], 1)?;
    /// assert_eq!(some.shape(), [2, 2]);
    /// assert_eq!(some.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[1, 3], [4, 6]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn compress<C: Condition>(&self, condition: C, axis: isize) -> Result<C::Selected<A>, ArrayError> {
        condition.select(self, axis_of(axis, self.shape())?, &LayerInfo::here())
    }

    /// What lies along an axis where a mask as long as the axis holds.
    fn selected(&self, mask: &Array<bool>, axis: usize, info: &LayerInfo) -> Uncounted<A> {
        let along = self.chunks().lengths(axis).to_vec();
        let mask = mask.rechunked(&Chunks::from_lengths(vec![along]), info);
        let token = Tokenizer::new("compress").feed(self.name()).feed(mask.name()).feed(&axis);
        let name = name_of("compress", token.finish());
        let layer = blockwise(&name, kernel_op::<Compressing<A>>(), self.chunks(), info)
            .blocks(self.name(), &self.lazy().block_axes(0..self.ndim()))
            .blocks(mask.name(), &mask.lazy().block_axes([axis]))
            .arg(dask_graph::BlockArg::Literal(Value::sized(AlongAxis(axis))));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph, &mask.lazy().graph]);
        let chunks = Arc::clone(&self.lazy().chunks);
        Uncounted::with_lengths(Array::new(Lazy { name, graph, chunks }), axis, mask.counts(info))
    }

    /// The indices of the elements that are not zero, one a row (numpy's `argwhere`), in row-major order.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[0, 7], [3, 0]]), 1)?;
    /// assert_eq!(x.argwhere().compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[0, 1], [1, 0]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn argwhere(&self) -> Uncounted<i64> {
        let info = LayerInfo::here();
        let dims = self.shape().to_vec();
        self.flat_nonzero(&info).by_blocks(0, |flat| {
            let chunks = Chunks::from_lengths(vec![flat.chunks().lengths(0).to_vec(), vec![dims.len()]]);
            let name = name_of("argwhere", Tokenizer::new("argwhere").feed(flat.name()).feed(&dims).finish());
            let layer = blockwise(&name, kernel_op::<Unraveling>(), &chunks, &info)
                .blocks(flat.name(), &flat.lazy().block_axes([0]))
                .arg(dask_graph::BlockArg::Literal(Value::sized(Dims(dims))));
            let graph = Graph::with_inputs(built(layer), [&flat.lazy().graph]);
            Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
        })
    }

    /// The indices of the elements that are not zero along each axis (numpy's `nonzero`), in row-major order.
    ///
    /// The arrays come of one selection and can be used together. There are none for an array of no axes.
    #[must_use]
    #[track_caller]
    pub fn nonzero(&self) -> Vec<Uncounted<i64>> {
        let flat = self.flat_nonzero(&LayerInfo::here());
        let behind = |axis: usize| self.shape()[axis + 1..].iter().product::<usize>() as i64;
        let along = |axis: usize| {
            let (step, length) = (behind(axis), self.shape()[axis] as i64);
            let index = flat.try_map(|flat| flat.floor_divide(step)?.remainder(length));
            index.unwrap_or_else(|error| unreachable!("elementwise with numbers: {error}"))
        };
        (0..self.ndim()).map(along).collect()
    }

    /// The positions in row-major order of the elements that are not zero (numpy's `flatnonzero`).
    #[must_use]
    #[track_caller]
    pub fn flatnonzero(&self) -> Uncounted<i64> {
        self.flat_nonzero(&LayerInfo::here())
    }

    fn flat_nonzero(&self, info: &LayerInfo) -> Uncounted<i64> {
        let mask = self.as_bool(info).raveled(info);
        let name = name_of("flatnonzero", Tokenizer::new("flatnonzero").feed(mask.name()).finish());
        let layer = blockwise(&name, kernel_op::<Positions>(), mask.chunks(), info)
            .blocks(mask.name(), &mask.lazy().block_axes([0]))
            .per_block(&mask.lazy().block_axes([0]), extents(mask.chunks()));
        let graph = Graph::with_inputs(built(layer), [&mask.lazy().graph]);
        let chunks = Arc::clone(&mask.lazy().chunks);
        Uncounted::with_lengths(Array::new(Lazy { name, graph, chunks }), 0, mask.counts(info))
    }
}

/// The elements of an array where a condition of as many elements holds, both in row-major order (numpy's `extract`).
///
/// # Errors
///
/// - When the condition has more elements than the array. Of a shorter one, the rest selects nothing.
#[track_caller]
pub fn extract<A: Element>(condition: &Array<bool>, array: &Array<A>) -> Result<Uncounted<A>, ArrayError> {
    let info = LayerInfo::here();
    condition.raveled(&info).select(&array.raveled(&info), 0, &info)
}

/// What can say which places along an axis are selected: an array of bools, or bools in memory.
pub trait Condition {
    /// What is selected: counted where the condition is in memory.
    type Selected<A: Element>;

    /// What lies along this axis of the array, which it has, where the condition holds.
    ///
    /// # Errors
    ///
    /// - When the condition is longer than the axis, or has not one axis.
    fn select<A: Element>(
        &self,
        from: &Array<A>,
        axis: usize,
        info: &LayerInfo,
    ) -> Result<Self::Selected<A>, ArrayError>;
}

impl<C: Condition + ?Sized> Condition for &C {
    type Selected<A: Element> = C::Selected<A>;

    fn select<A: Element>(
        &self,
        from: &Array<A>,
        axis: usize,
        info: &LayerInfo,
    ) -> Result<Self::Selected<A>, ArrayError> {
        (**self).select(from, axis, info)
    }
}

impl Condition for Array<bool> {
    type Selected<A: Element> = Uncounted<A>;

    fn select<A: Element>(
        &self,
        from: &Array<A>,
        axis: usize,
        info: &LayerInfo,
    ) -> Result<Uncounted<A>, ArrayError> {
        let length = from.shape()[axis];
        if self.ndim() != 1 || self.len() > length {
            return Err(ArrayError::Condition { condition: self.shape().to_vec(), axis, length });
        }
        let mut index = vec![SliceInfoElem::from(..); axis];
        index.push(Slice::from(..self.len()).into());
        Ok(from.sliced(&index, info)?.selected(self, axis, info))
    }
}

impl Condition for [bool] {
    type Selected<A: Element> = Array<A>;

    fn select<A: Element>(
        &self,
        from: &Array<A>,
        axis: usize,
        info: &LayerInfo,
    ) -> Result<Array<A>, ArrayError> {
        let length = from.shape()[axis];
        if self.len() > length {
            return Err(ArrayError::Condition { condition: vec![self.len()], axis, length });
        }
        let positions = (0..self.len()).filter(|&at| self[at]).collect();
        Ok(from.taken(positions, axis, info))
    }
}

macro_rules! conditions_in_memory {
    ($([$($N:ident)?] $T:ty),*) => {$(
        impl $(<const $N: usize>)? Condition for $T {
            type Selected<A: Element> = Array<A>;

            fn select<A: Element>(
                &self,
                from: &Array<A>,
                axis: usize,
                info: &LayerInfo,
            ) -> Result<Array<A>, ArrayError> {
                self[..].select(from, axis, info)
            }
        }
    )*};
}
conditions_in_memory!([] Vec<bool>, [N] [bool; N]);

impl Array<bool> {
    /// How many hold in each block of a mask of one axis.
    pub(super) fn counts(&self, info: &LayerInfo) -> Array<i64> {
        let (op, input) = (kernel_op::<Counting>(), self.name().clone());
        let token = Tokenizer::new("count").feed(self.name());
        a_number_a_block("count", token, self, 0, info, move |at| {
            Task::new(op.clone(), [Arg::Key(Key::new(&input, &[at]))])
        })
    }
}

/// How many of these hold.
fn count(mask: &[bool]) -> usize {
    mask.iter().map(|&holds| usize::from(holds)).sum()
}

/// Counts what a mask selects.
struct Counting;

impl Kernel for Counting {
    const NAME: &'static str = "count";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        Ok(number_block(count(&args.get::<Block<bool>>(0)?.row_major())))
    }

    fn output_nbytes(_: &[Arg]) -> Option<u64> {
        Some(8)
    }
}

/// Selects from a block along an axis by a block of a mask.
struct Compressing<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Compressing<A> {
    const NAME: &'static str = "compress";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, mask) = (args.get::<Block<A>>(0)?, args.get::<Block<bool>>(1)?);
        let axis = args.get::<AlongAxis>(2)?.0;
        if block.shape().get(axis) != mask.shape().first() {
            let (block, mask) = (block.shape().to_vec(), mask.shape().to_vec());
            return Err(OpError::failed(MaskError { block, mask }));
        }
        let mask = mask.row_major();
        let n = count(&mask);
        if n == mask.len() {
            return Ok(block.clone().into());
        }
        let mut shape = block.shape().to_vec();
        shape[axis] = n;
        let inner: usize = shape[axis + 1..].iter().product();
        let selected = select(&block.row_major(), &mask, inner, shape.iter().product());
        let array = ArrayD::from_shape_vec(IxDyn(&shape), selected).map_err(OpError::failed)?;
        Ok(Block::new(array).into())
    }
}

/// Of elements in runs of `inner`, as many for each mask, the runs whose mask holds: `len` elements.
fn select<A: Element>(elements: &[A], mask: &[bool], inner: usize, len: usize) -> Vec<A> {
    if inner == 1 {
        // Always written, kept if the mask holds: no branch to guess. One more than is kept is written at most.
        let mut out = vec![A::default(); len + 1];
        let mut at = 0;
        for outer in elements.chunks_exact(mask.len().max(1)) {
            for (&element, &holds) in outer.iter().zip(mask) {
                out[at] = element;
                at += usize::from(holds);
            }
        }
        out.truncate(len);
        return out;
    }
    let mut out = Vec::with_capacity(len);
    let runs = elements.chunks_exact(inner.max(1)).zip(mask.iter().cycle());
    runs.filter(|(_, holds)| **holds).for_each(|(run, _)| out.extend_from_slice(run));
    out
}

/// A mask whose block does not lie along the block that it selects from.
#[derive(Debug, thiserror::Error)]
#[error("a block of shape {block:?} was to be selected from by a mask of shape {mask:?}")]
struct MaskError {
    block: Vec<usize>,
    mask: Vec<usize>,
}

/// Positions in the array of what holds in a block of a mask of one axis.
struct Positions;

impl Kernel for Positions {
    const NAME: &'static str = "flatnonzero";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (mask, place) = (args.get::<Block<bool>>(0)?, args.get::<Extent>(1)?);
        let mask = mask.row_major();
        let first = place.offset.first().copied().unwrap_or_default() as i64;
        let mut out = vec![0; count(&mask) + 1];
        let mut at = 0;
        for (position, &holds) in (first..).zip(&*mask) {
            out[at] = position;
            at += usize::from(holds);
        }
        out.truncate(at);
        Ok(Block::new(ArrayD::from_shape_vec(IxDyn(&[at]), out).map_err(OpError::failed)?).into())
    }
}

/// The shape that positions are positions in.
#[derive(Serialize, Deserialize)]
struct Dims(Vec<usize>);

encoded_payload!(Dims, |it| size_of_val(&*it.0));

/// Positions to indices, one a row.
struct Unraveling;

impl Kernel for Unraveling {
    const NAME: &'static str = "argwhere";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (flat, dims) = (args.get::<Block<i64>>(0)?, &args.get::<Dims>(1)?.0);
        let flat = flat.row_major();
        let mut out = Vec::with_capacity(flat.len() * dims.len());
        let line = dims.last().map_or(1, |&n| n as i64);
        // The index of the line that the last position lay in, and where it begins.
        let (mut outer, mut start) = (vec![0; dims.len().saturating_sub(1)], 0);
        for &position in &*flat {
            // Positions ascend, so that most lie in the line of the one before.
            if !(start..start + line).contains(&position) {
                start = position - position % line;
                let mut rest = position / line;
                for (index, &n) in outer.iter_mut().zip(dims).rev() {
                    *index = rest % n as i64;
                    rest /= n as i64;
                }
            }
            if !dims.is_empty() {
                out.extend_from_slice(&outer);
                out.push(position - start);
            }
        }
        let shape = IxDyn(&[flat.len(), dims.len()]);
        Ok(Block::new(ArrayD::from_shape_vec(shape, out).map_err(OpError::failed)?).into())
    }
}
