//! Positions in row-major order to indices, and back.

use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use ndarray::{ArrayD, Axis, IxDyn};
use serde::{Deserialize, Serialize};

use super::layer::BlockLayer;
use super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::{DType, Integer};
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

impl<A: Integer> Array<A> {
    /// The indices in an array of shape `dims` of positions in row-major order, along a new first axis (numpy's
    /// `unravel_index`). A position that does not lie in such an array is an error of the run.
    ///
    /// # Errors
    ///
    /// - When such an array would have more elements than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let positions = Array::from_ndarray(arr1(&[5, 0, 7]), 2)?;
    /// let indices = positions.unravel_index(&[2, 4])?;
    /// assert_eq!(indices.compute_with(&Sync::new())?, arr2(&[[1, 0, 1], [1, 0, 3]]).into_dyn());
    /// let back = indices.ravel_multi_index(&[2, 4])?;
    /// assert_eq!(back.compute_with(&Sync::new())?, arr1(&[5, 0, 7]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn unravel_index(&self, dims: &[usize]) -> Result<Array<i64>, ArrayError> {
        let info = LayerInfo::here();
        let steps = steps(dims)?;
        let flat = self.astype::<i64>();
        let name =
            name_of("unravel-index", Tokenizer::new("unravel-index").feed(flat.name()).feed(dims).finish());
        let chunks = Chunks::from_lengths([&[vec![1; dims.len()]], flat.chunks().axes()].concat());
        let (op, input) = (kernel_op::<Unraveling>(), flat.name().clone());
        let total: i64 = dims.iter().map(|&n| n as i64).product();
        let along: Vec<_> = steps
            .iter()
            .zip(dims)
            .map(|(&step, &length)| Along { step, length: length as i64, total })
            .collect();
        let node = move |index: &[u32]| {
            let along = Value::sized(along[index[0] as usize]);
            Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&input, &index[1..])), Arg::Value(along)]))
        };
        let layer = BlockLayer::new(&name, &chunks, &[flat.name()], &info, node);
        let graph = Graph::with_inputs(layer, [&flat.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }

    /// The positions in row-major order of indices in an array of shape `dims`, which lie along the first axis (numpy's
    /// `ravel_multi_index`). An index that does not lie in such an array is an error of the run.
    ///
    /// # Errors
    ///
    /// - When the first axis does not have an element for each of `dims`.
    /// - When such an array would have more elements than can be counted.
    #[track_caller]
    pub fn ravel_multi_index(&self, dims: &[usize]) -> Result<Array<i64>, ArrayError> {
        let info = LayerInfo::here();
        if self.shape().first() != Some(&dims.len()) {
            return Err(ArrayError::Indices { dims: dims.to_vec(), shape: self.shape().to_vec() });
        }
        let steps = steps(dims)?;
        let mut cut = self.chunks().axes().to_vec();
        cut[0] = vec![dims.len()];
        let indices = self.astype::<i64>().rechunked(&Chunks::from_lengths(cut), &info);
        let token = Tokenizer::new("ravel-multi-index").feed(indices.name()).feed(dims);
        let name = name_of("ravel-multi-index", token.finish());
        let chunks = Chunks::from_lengths(self.chunks().axes()[1..].to_vec());
        let (op, input) = (kernel_op::<Raveling>(), indices.name().clone());
        let lengths: Vec<i64> = dims.iter().map(|&n| n as i64).collect();
        let dims = Value::sized(Dims { lengths, steps });
        let node = move |index: &[u32]| {
            let mut block = vec![0];
            block.extend(index);
            Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&input, &block)), Arg::Value(dims.clone())]))
        };
        let layer = BlockLayer::new(&name, &chunks, &[indices.name()], &info, node);
        let graph = Graph::with_inputs(layer, [&indices.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// How many elements one step along each axis is.
fn steps(dims: &[usize]) -> Result<Vec<i64>, ArrayError> {
    Chunks::new(dims, ChunkSpec::Whole, DType::I64)?;
    Ok((0..dims.len()).map(|axis| dims[axis + 1..].iter().product::<usize>() as i64).collect())
}

/// One axis of the array that positions lie in.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Along {
    step: i64,
    length: i64,
    /// Elements of the array.
    total: i64,
}

encoded_payload!(Along, |it| size_of_val(it));

/// Positions to indices along one axis.
struct Unraveling;

impl Kernel for Unraveling {
    const NAME: &'static str = "unravel-index";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (flat, along) = (args.get::<Block<i64>>(0)?, *args.get::<Along>(1)?);
        let inside = 0..along.total;
        if let Some(&at) = flat.view().iter().find(|at| !inside.contains(at)) {
            return Err(OpError::failed(OutsideError { at, length: along.total }));
        }
        // Nothing is inside of an array without elements.
        let length = along.length.max(1);
        let index = flat.view().mapv(|at| at / along.step.max(1) % length);
        Ok(Block::new(index.insert_axis(Axis(0))).into())
    }
}

/// The array that indices lie in.
#[derive(Serialize, Deserialize)]
struct Dims {
    lengths: Vec<i64>,
    steps: Vec<i64>,
}

encoded_payload!(Dims, |it| size_of_val(&*it.lengths) + size_of_val(&*it.steps));

/// Indices to positions.
struct Raveling;

impl Kernel for Raveling {
    const NAME: &'static str = "ravel-multi-index";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (indices, dims) = (args.get::<Block<i64>>(0)?, args.get::<Dims>(1)?);
        let mut flat = ArrayD::<i64>::zeros(IxDyn(indices.shape().get(1..).unwrap_or_default()));
        for ((index, &length), &step) in indices.view().axis_iter(Axis(0)).zip(&dims.lengths).zip(&dims.steps)
        {
            if let Some(&at) = index.iter().find(|at| !(0..length).contains(*at)) {
                return Err(OpError::failed(OutsideError { at, length }));
            }
            flat.zip_mut_with(&index, |flat, &at| *flat += at * step);
        }
        Ok(Block::new(flat).into())
    }
}

/// A position or an index that lies outside.
#[derive(Debug, thiserror::Error)]
#[error("{at} is out of range for a length of {length}")]
struct OutsideError {
    at: i64,
    length: i64,
}
