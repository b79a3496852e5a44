//! Sliding windows.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Args, Graph, LayerInfo, OpError, Tokenizer, Value};
use ndarray::Axis;
use serde::{Deserialize, Serialize};

use super::overlap::{Boundary, Depth, IntoBoundaries, IntoDepths};
use super::transpose::axis_of;
use super::{Array, Lazy, blockwise, built, name_of};
use crate::block::Block;
use crate::chunks::{Chunks, indices};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

impl<A: Element> Array<A> {
    /// All windows of these lengths along these axes, a pair each of axis and length: the axes become shorter by the
    /// windows' lengths less one, and the places in the windows are new axes at the end (numpy's
    /// `sliding_window_view`).
    ///
    /// Unlike numpy's, the blocks of the result are no views: each holds every element as many times as windows
    /// contain it. For moving sums and the like over long windows, [`map_overlap`](Array::map_overlap) needs less
    /// memory.
    ///
    /// # Errors
    ///
    /// - When an axis is out of range, or there twice.
    /// - When a window is longer than its axis, or empty.
    /// - When the windows have more bytes than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1.0, 2.0, 3.0, 5.0]), 2)?;
    /// let means = x.sliding_window_view(&[(0, 2)])?.mean(-1)?;
    /// assert_eq!(means.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.5, 2.5, 4.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sliding_window_view(&self, windows: &[(isize, usize)]) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let mut lengths = vec![1; self.ndim()];
        let mut axes = Vec::with_capacity(windows.len());
        for &(axis, window) in windows {
            let at = axis_of(axis, self.shape())?;
            if axes.contains(&at) {
                let axes = windows.iter().map(|&(axis, _)| axis).collect();
                return Err(ArrayError::Axes { axes, ndim: self.ndim() });
            }
            let length = self.shape()[at];
            if window == 0 || window > length {
                return Err(ArrayError::Window { axis: at, window, length });
            }
            lengths[at] = window;
            axes.push(at);
        }
        let depths: Vec<Depth> =
            lengths.iter().map(|&window| Depth { before: 0, behind: window - 1 }).collect();
        let edges = self.edges(&depths.into_depths(), &Boundary::None.into_boundaries())?;
        let enlarged = self.enlarged(&edges, &info);

        // Each block gives the windows that begin in it and end in the array.
        let begins = |axis: usize| {
            let own = enlarged.chunks().lengths(axis).iter();
            own.map(|length| (length + 1).saturating_sub(lengths[axis])).collect::<Vec<_>>()
        };
        let mut chunks: Vec<Vec<usize>> = (0..self.ndim()).map(begins).collect();
        chunks.extend(axes.iter().map(|&axis| vec![lengths[axis]]));
        let shape: Vec<usize> = chunks.iter().map(|lengths| lengths.iter().sum()).collect();
        let chunks = Chunks::new(&shape, chunks, A::DTYPE)?;
        let token = Tokenizer::new("windows").feed(self.name()).feed(&lengths).feed(&axes).finish();
        let name = name_of("sliding_window_view", token);
        let layer = blockwise(&name, kernel_op::<Sliding<A>>(), &chunks, &info)
            .blocks(enlarged.name(), &enlarged.lazy().block_axes(0..self.ndim()))
            .arg(dask_graph::BlockArg::Literal(Value::sized(Windows { lengths, axes })));
        let graph = Graph::with_inputs(built(layer), [&enlarged.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// Lengths of windows along all axes, and the axes whose places become axes, in this order.
#[derive(Serialize, Deserialize)]
struct Windows {
    lengths: Vec<usize>,
    axes: Vec<usize>,
}

encoded_payload!(Windows, |it| (it.lengths.len() + it.axes.len()) * size_of::<usize>());

/// Copies the windows of a block.
struct Sliding<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Sliding<A> {
    const NAME: &'static str = "sliding_window_view";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, windows) = (args.get::<Block<A>>(0)?, args.get::<Windows>(1)?);
        let begins: Vec<usize> = block
            .shape()
            .iter()
            .zip(&windows.lengths)
            .map(|(length, window)| (length + 1).saturating_sub(*window))
            .collect();
        let mut shape = begins.clone();
        shape.extend(windows.axes.iter().map(|&axis| windows.lengths[axis]));
        let mut out = ndarray::ArrayD::from_elem(shape, A::default());
        if out.is_empty() {
            return Ok(Block::new(out).into());
        }
        // One shifted copy of the block for each place in a window.
        let places: Vec<u32> = windows.axes.iter().map(|&axis| windows.lengths[axis] as u32).collect();
        for place in indices(&places) {
            let mut shift = vec![0; begins.len()];
            let mut to = out.view_mut();
            for (nth, &at) in place.iter().enumerate().rev() {
                shift[windows.axes[nth]] = at as usize;
                to = to.index_axis_move(Axis(begins.len() + nth), at as usize);
            }
            let view = block.view();
            let part = view.slice_each_axis(|axis| {
                let axis = axis.axis.index();
                (shift[axis]..shift[axis] + begins[axis]).into()
            });
            to.assign(&part);
        }
        Ok(Block::new(out).into())
    }
}
