//! Elements at positions that are computed.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, List, Name, Node, OpError, Task, Tokenizer, Value};
use serde::{Deserialize, Serialize};

use super::gather::{Gather, Part, Places, take};
use crate::array::layer::BlockLayer;
use crate::array::transpose::axis_of;
use crate::array::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

impl<A: Element> Array<A> {
    /// What lies at positions of an axis that are an array themselves (numpy's `take`): in the place of the axis, the
    /// result has the axes of the positions. Negative positions count from the end; one that lies outside of the axis
    /// is an error of the run.
    ///
    /// Since nothing is known of the positions when the graph is made, there is a task for each block along the axis
    /// and each block of positions, which takes what lies in the one out of the other. Positions that are known go
    /// to [`take`](Array::take).
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let table = Array::from_ndarray(arr1(&[0.5, 1.5, 2.5]), 2)?;
    /// let codes = Array::from_ndarray(arr1(&[2_i64, 0, -1]), 2)?;
    /// let values = table.take_array(&codes, 0)?;
    /// assert_eq!(values.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[2.5, 0.5, 2.5]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn take_array(&self, positions: &Array<i64>, axis: isize) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let axis = axis_of(axis, self.shape())?;
        let flat = positions.raveled(&info);
        let taken = self.found(&self.sought(&flat, axis, &info), &flat, axis, &info);
        let shape = [&self.shape()[..axis], positions.shape(), &self.shape()[axis + 1..]].concat();
        Ok(taken.reshaped(&shape, &info))
    }

    /// For each block, and each block of positions, what is sought of the one: under the index of the block and the
    /// number of the other.
    fn sought(&self, positions: &Array<i64>, axis: usize, info: &LayerInfo) -> Lazy {
        let token = Tokenizer::new("take-each").feed(self.name()).feed(positions.name()).feed(&axis);
        let name = name_of("take-each", token.finish());
        let n_positions = vec![1; positions.chunks().lengths(0).len()];
        let chunks = Chunks::from_lengths([self.chunks().axes(), &[n_positions]].concat());
        let (op, input, of) = (kernel_op::<Seeking<A>>(), self.name().clone(), positions.name().clone());
        let starts: Arc<[usize]> = self.chunks().starts(axis).into();
        let node = move |index: &[u32]| {
            let (block, number) = (&index[..index.len() - 1], index[index.len() - 1]);
            let at = block[axis] as usize;
            let sought =
                Sought { axis, starts: vec![starts[at], starts[at + 1]], length: starts[starts.len() - 1] };
            let args = [Key::new(&input, block), Key::new(&of, &[number])].map(Arg::Key);
            Node::Task(Task::new(op.clone(), args.into_iter().chain([Arg::Value(Value::sized(sought))])))
        };
        let layer = BlockLayer::new(&name, &chunks, &[self.name(), positions.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph, &positions.lazy().graph]);
        Lazy { name, graph, chunks: Arc::new(chunks) }
    }

    /// The array of what was sought, in the order of the positions.
    fn found(&self, sought: &Lazy, positions: &Array<i64>, axis: usize, info: &LayerInfo) -> Array<A> {
        let name: Name = name_of("take-array", Tokenizer::new("take-array").feed(&sought.name).finish());
        let mut chunks = self.chunks().axes().to_vec();
        chunks[axis] = positions.chunks().lengths(0).to_vec();
        let chunks = Chunks::from_lengths(chunks);
        let starts = self.chunks().starts(axis);
        let (n, length) = (starts.len() as u32 - 1, starts[starts.len() - 1]);
        let all = Value::sized(Sought { axis, starts, length });
        let (op, input, of) = (kernel_op::<Finding<A>>(), sought.name.clone(), positions.name().clone());
        let node = move |index: &[u32]| {
            let part = |block: u32| {
                let mut key = index.to_vec();
                key[axis] = block;
                key.push(index[axis]);
                Arg::Key(Key::new(&input, &key))
            };
            let parts = Arg::List((0..n).map(part).collect());
            let positions = Arg::Key(Key::new(&of, &[index[axis]]));
            Node::Task(Task::new(op.clone(), [parts, positions, Arg::Value(all.clone())]))
        };
        let layer = BlockLayer::new(&name, &chunks, &[&sought.name, positions.name()], info, node);
        let graph = Graph::with_inputs(layer, [&sought.graph, &positions.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }
}

/// Where positions are sought.
#[derive(Serialize, Deserialize)]
struct Sought {
    axis: usize,
    /// Where blocks begin along the axis, and where the last ends.
    starts: Vec<usize>,
    /// The length of the axis.
    length: usize,
}

encoded_payload!(Sought, |it| size_of_val(&*it.starts));

impl Sought {
    fn axes(&self) -> Range<usize> {
        self.axis..self.axis + 1
    }

    /// For each block, the places of the positions that lie in it: in the block, and among all positions.
    fn parts(&self, positions: &Block<i64>) -> Result<Vec<(Vec<usize>, Vec<usize>)>, OpError> {
        let mut parts = vec![(Vec::new(), Vec::new()); self.starts.len().saturating_sub(1)];
        for (place, &position) in positions.row_major().iter().enumerate() {
            let outside = || OpError::failed(PositionError { position, length: self.length });
            let from_end = if position < 0 { self.length as i64 } else { 0 };
            let at = usize::try_from(position.saturating_add(from_end)).map_err(|_| outside())?;
            if at >= self.length {
                return Err(outside());
            }
            let block = self.starts.partition_point(|&start| start <= at);
            if let Some((from, to)) = block.checked_sub(1).and_then(|block| parts.get_mut(block)) {
                from.push(at - self.starts[block - 1]);
                to.push(place);
            }
        }
        Ok(parts)
    }
}

/// Takes what lies in a block.
struct Seeking<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Seeking<A> {
    const NAME: &'static str = "take-each";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, positions, sought) =
            (args.get::<Block<A>>(0)?, args.get::<Block<i64>>(1)?, args.get::<Sought>(2)?);
        let from = sought.parts(positions)?.pop().unwrap_or_default().0;
        let len = from.len();
        let parts = vec![Part { from: Places::new(from.into_iter()), to: Places::Run(0..len) }];
        take([Ok(block)], sought.axes(), &Gather { len, parts })
    }
}

/// Puts what was taken of all blocks in the order of the positions.
struct Finding<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Finding<A> {
    const NAME: &'static str = "take-array";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (found, positions, sought): (&List, _, _) =
            (args.list(0)?, args.get::<Block<i64>>(1)?, args.get::<Sought>(2)?);
        let part = |(_, to): (Vec<usize>, Vec<usize>)| Part {
            from: Places::Run(0..to.len()),
            to: Places::new(to.into_iter()),
        };
        let parts = sought.parts(positions)?.into_iter().map(part).collect();
        let blocks = found.into_iter().map(|value| value.get::<Block<A>>());
        let blocks = blocks.map(|block| block.map_err(|source| OpError::Argument { at: 0, source }));
        take(blocks, sought.axes(), &Gather { len: positions.view().len(), parts })
    }
}

/// A position that lies outside.
#[derive(Debug, thiserror::Error)]
#[error("position {position} is out of range for an axis of length {length}")]
struct PositionError {
    position: i64,
    length: usize,
}
