//! Arrays and elements several times.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, BlockArg, Graph, LayerInfo, OpError, Tokenizer, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::concatenate::joined;
use super::elementwise::{Operands, elementwise};
use super::transpose::axis_of;
use super::{Array, Lazy, blockwise, built, name_of};
use crate::block::Block;
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

/// How often elements are repeated: all of them as often (`3`), or each as it says (`[1, 0, 2]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeats {
    /// All as often.
    All(usize),
    /// Each of them so often.
    Each(Vec<usize>),
}

impl From<usize> for Repeats {
    fn from(repeats: usize) -> Self {
        Self::All(repeats)
    }
}

impl<const N: usize> From<[usize; N]> for Repeats {
    fn from(repeats: [usize; N]) -> Self {
        Self::Each(repeats.to_vec())
    }
}

impl From<&[usize]> for Repeats {
    fn from(repeats: &[usize]) -> Self {
        Self::Each(repeats.to_vec())
    }
}

impl From<Vec<usize>> for Repeats {
    fn from(repeats: Vec<usize>) -> Self {
        Self::Each(repeats)
    }
}

impl<A: Element> Array<A> {
    /// The array with each element along an axis repeated; without an axis, in row-major order (numpy's `repeat`).
    ///
    /// # Errors
    ///
    /// - When the axis is out of range, or there is not one number for each element along it.
    /// - When the result is larger than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3]), 2)?;
    /// assert_eq!(x.repeat(2, 0)?.compute_with(&Sync::new())?, arr1(&[1, 1, 2, 2, 3, 3]).into_dyn());
    /// assert_eq!(x.repeat([2, 0, 1], 0)?.compute_with(&Sync::new())?, arr1(&[1, 1, 3]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn repeat(
        &self,
        repeats: impl Into<Repeats>,
        axis: impl Into<Option<isize>>,
    ) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let (array, axis) = match axis.into() {
            Some(axis) => (self.clone(), axis_of(axis, self.shape())?),
            None => (self.raveled(&info), 0),
        };
        match repeats.into() {
            Repeats::All(repeats) => array.each_repeated(repeats, axis, &info),
            Repeats::Each(repeats) => {
                let length = array.shape()[axis];
                if repeats.len() != length {
                    return Err(ArrayError::Repeats { got: repeats.len(), axis, length });
                }
                countable::<A>(
                    array.shape(),
                    axis,
                    repeats.iter().try_fold(0_usize, |n, &m| n.checked_add(m)),
                )?;
                let positions = repeats.iter().enumerate().flat_map(|(at, &n)| std::iter::repeat_n(at, n));
                Ok(array.taken(positions.collect(), axis, &info))
            }
        }
    }

    fn each_repeated(&self, repeats: usize, axis: usize, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
        let length = self.shape()[axis].checked_mul(repeats);
        countable::<A>(self.shape(), axis, length)?;
        if repeats == 0 {
            return Ok(self.within(axis, 0..0, info));
        }
        let mut chunks = self.chunks().axes().to_vec();
        chunks[axis].iter_mut().for_each(|n| *n *= repeats);
        let chunks = Chunks::from_lengths(chunks);
        let token = Tokenizer::new("repeat").feed(self.name()).feed(&repeats).feed(&axis);
        let name = name_of("repeat", token.finish());
        let layer = blockwise(&name, kernel_op::<Repeating<A>>(), &chunks, info)
            .blocks(self.name(), &self.lazy().block_axes(0..self.ndim()))
            .arg(BlockArg::Literal(Value::sized(Repeat { repeats, axis })));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }

    /// The array, of length one along an axis, repeated along it in blocks of these lengths.
    pub(super) fn stretched(&self, axis: usize, lengths: Vec<usize>, info: &LayerInfo) -> Array<A> {
        let mut chunks = self.chunks().axes().to_vec();
        chunks[axis] = lengths;
        let frame = Array::full_cut(false, Chunks::from_lengths(chunks), info);
        let inputs: [&dyn Operands; 2] = [self, &frame];
        let stretched = elementwise("broadcast-to", &|_| {}, &inputs, info, |_, x| x[0]);
        stretched.unwrap_or_else(|error| unreachable!("an axis of length one is stretched: {error}"))
    }

    /// The array set beside itself: so often along each axis, matched from the last (numpy's `tile`).
    ///
    /// An array of fewer axes gets new ones in front; of more, it is repeated once along the others.
    ///
    /// # Errors
    ///
    /// - When the result is larger than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2]), 1)?;
    /// let tiles = x.tile(&[2, 2])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(tiles, arr2(&[[1, 2, 1, 2], [1, 2, 1, 2]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn tile(&self, repeats: &[usize]) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let mut array = self.with_axes(repeats.len().saturating_sub(self.ndim()), 0, &info);
        let first = array.ndim() - repeats.len();
        for (axis, &n) in (first..).zip(repeats) {
            countable::<A>(array.shape(), axis, array.shape()[axis].checked_mul(n))?;
            array = match n {
                0 => array.within(axis, 0..0, &info),
                1 => array,
                n => joined(&vec![array; n], axis, &info),
            };
        }
        Ok(array)
    }
}

/// Refuses an array of more elements than can be counted: of this shape but for one axis.
pub(super) fn countable<A: Element>(
    shape: &[usize],
    axis: usize,
    length: Option<usize>,
) -> Result<(), ArrayError> {
    let mut shape = shape.to_vec();
    shape[axis] = length.unwrap_or(usize::MAX);
    Chunks::new(&shape, ChunkSpec::Whole, A::DTYPE)?;
    Ok(())
}

/// How a block is repeated.
#[derive(Serialize, Deserialize)]
struct Repeat {
    repeats: usize,
    axis: usize,
}

encoded_payload!(Repeat, |it| size_of_val(it));

/// Repeats what lies along an axis of a block.
struct Repeating<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Repeating<A> {
    const NAME: &'static str = "repeat";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, &Repeat { repeats, axis }) = (args.get::<Block<A>>(0)?, args.get::<Repeat>(1)?);
        let mut shape = block.shape().to_vec();
        let inner: usize = shape.get(axis + 1..).unwrap_or_default().iter().product();
        if let Some(length) = shape.get_mut(axis) {
            *length *= repeats;
        }
        let data = block.row_major();
        let mut out = vec![A::default(); data.len() * repeats];
        if inner == 1 {
            out.chunks_exact_mut(repeats.max(1))
                .zip(&*data)
                .for_each(|(places, &element)| places.fill(element));
        } else {
            let runs = data.chunks_exact(inner.max(1));
            for (places, run) in out.chunks_exact_mut((inner * repeats).max(1)).zip(runs) {
                places.chunks_exact_mut(inner).for_each(|place| place.copy_from_slice(run));
            }
        }
        Ok(Block::new(ArrayD::from_shape_vec(IxDyn(&shape), out).map_err(OpError::failed)?).into())
    }
}
