//! Blocks with the edges of their neighbours.
//!
//! ```text
//! blocks          ghost cells             function          trimmed
//! a b c │ d e f   a b c d e │ b c d e f   A B C D E │ …     A B C │ D E F      depth 2, no boundary
//! ```
//!
//! Every enlarged block is put together by one task out of the blocks that it reaches into, however many these are, so
//! a depth may be larger than a block.

mod assemble;
mod depth;

use std::collections::BTreeMap;
use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Node, Task, Tokenizer, Value};
use ndarray::{ArrayD, ArrayViewD};

use self::assemble::{Assembling, Assembly, Reach, Run};
pub use self::depth::{Boundary, Depth, IntoBoundaries, IntoDepths};
use super::layer::BlockLayer;
use super::slicing::slice_op;
use super::{Array, Lazy, blockwise, built, name_of};
use crate::chunks::{Chunks, ChunksError, indices};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::kernel_op;
use crate::selection::{Selection, Taken};

impl<A: Element> Array<A> {
    /// Each block with the cells around it, as many along each axis as `depth` says; the enlarged blocks are put side
    /// by side (`dask.array.overlap.overlap`).
    ///
    /// Where the array ends, `boundary` says what its continuation is. Depths may differ before and behind
    /// ([`Depth`]), and be larger than a block.
    ///
    /// # Errors
    ///
    /// - When a depth or a boundary is given for an axis that is not there, or not one for each axis.
    /// - When a depth is larger than the axis is long, where elements are to be reflected or to come from the far
    ///   end, or when an axis without elements is to be continued by its own.
    /// - When the enlarged blocks have more bytes than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, Boundary, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3, 4]), 2)?;
    /// let ghosts = x.overlap(1, Boundary::Constant(0))?;
    /// assert_eq!(ghosts.chunks().lengths(0), [4, 4]);
    /// assert_eq!(ghosts.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[0, 1, 2, 3, 2, 3, 4, 0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn overlap(
        &self,
        depth: impl IntoDepths,
        boundary: impl IntoBoundaries<A>,
    ) -> Result<Array<A>, ArrayError> {
        let edges = self.edges(&depth.into_depths(), &boundary.into_boundaries())?;
        Ok(self.enlarged(&edges, &LayerInfo::here()))
    }

    /// Applies a function to each block with the cells around it, and cuts these off again
    /// (`dask.array.map_overlap`): stencils, filters, moving statistics.
    ///
    /// The function gets an enlarged block (see [`overlap`](Array::overlap)) and gives one of the same shape; what it
    /// gives for the cells around does not matter. It runs in other processes too if it captures nothing.
    ///
    /// # Errors
    ///
    /// - As [`overlap`](Array::overlap).
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, Boundary, ndarray::{arr1, ArrayD}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1.0, 2.0, 4.0, 8.0, 16.0]), 2)?;
    /// let slope = x.map_overlap(1, Boundary::Nearest, |x| {
    ///     let n = x.len();
    ///     ArrayD::from_shape_fn(x.shape(), |i| (x[(i[0] + 1).min(n - 1)] - x[i[0].max(1) - 1]) / 2.0)
    /// })?;
    /// let expected = arr1(&[0.5, 1.5, 3.0, 6.0, 4.0]).into_dyn();
    /// assert_eq!(slope.compute_with(&dask_sched_sync::Sync::new())?, expected);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn map_overlap<B: Element>(
        &self,
        depth: impl IntoDepths,
        boundary: impl IntoBoundaries<A>,
        f: impl Fn(ArrayViewD<'_, A>) -> ArrayD<B> + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        let info = LayerInfo::here();
        let edges = self.edges(&depth.into_depths(), &boundary.into_boundaries())?;
        let mapped = self.enlarged(&edges, &info).mapped(move |_, block| Ok(f(block)), &info);
        Ok(mapped.trimmed(&self.reaches(&edges), self.chunks(), &info))
    }

    /// Cuts off of each block what [`overlap`](Array::overlap) with the same depth and boundary added
    /// (`dask.array.overlap.trim_overlap`).
    ///
    /// # Errors
    ///
    /// - When a depth or a boundary is given for an axis that is not there, or not one for each axis.
    /// - When a block is too short to be what `overlap` makes.
    #[track_caller]
    pub fn trim_overlap(
        &self,
        depth: impl IntoDepths,
        boundary: impl IntoBoundaries<A>,
    ) -> Result<Array<A>, ArrayError> {
        let edges = depth::edges(self.shape(), &depth.into_depths(), &boundary.into_boundaries())?;
        let mut reaches = Vec::with_capacity(edges.len());
        let mut lengths = Vec::with_capacity(edges.len());
        for (axis, (depth, boundary)) in edges.iter().enumerate() {
            let all = self.chunks().lengths(axis);
            let is_open = matches!(boundary, Boundary::None);
            let reach = |at: usize| Reach {
                before: if is_open && at == 0 { 0 } else { depth.before },
                behind: if is_open && at + 1 == all.len() { 0 } else { depth.behind },
            };
            let own: Vec<Reach> = (0..all.len()).map(reach).collect();
            let kept = all.iter().zip(&own).map(|(&length, reach)| {
                let cut = reach.before.saturating_add(reach.behind);
                length.checked_sub(cut).ok_or(ArrayError::TrimDepth { axis, length, cut })
            });
            lengths.push(kept.collect::<Result<Vec<_>, _>>()?);
            reaches.push(own);
        }
        Ok(self.trimmed(&reaches, &Chunks::from_lengths(lengths), &LayerInfo::here()))
    }

    /// Depth and boundary of each axis, checked.
    pub(super) fn edges(
        &self,
        depths: &BTreeMap<Option<isize>, Depth>,
        boundaries: &BTreeMap<Option<isize>, Boundary<A>>,
    ) -> Result<Vec<(Depth, Boundary<A>)>, ArrayError> {
        let edges = depth::edges(self.shape(), depths, boundaries)?;
        for (axis, ((depth, boundary), &length)) in edges.iter().zip(self.shape()).enumerate() {
            let most = match boundary {
                Boundary::Reflect | Boundary::Periodic => length,
                Boundary::Nearest if length == 0 => 0,
                Boundary::Nearest | Boundary::Constant(_) | Boundary::None => usize::MAX / 4,
            };
            let depth = depth.before.max(depth.behind);
            if depth > most {
                return Err(ArrayError::OverlapDepth { axis, depth, length });
            }
        }
        self.counted(&edges)?;
        Ok(edges)
    }

    /// Refuses enlarged blocks that together have more bytes than can be counted.
    fn counted(&self, edges: &[(Depth, Boundary<A>)]) -> Result<(), ArrayError> {
        let bytes = edges.iter().enumerate().try_fold(size_of::<A>(), |bytes, (axis, (depth, _))| {
            let cells =
                depth.before.checked_add(depth.behind)?.checked_mul(self.chunks().lengths(axis).len())?;
            bytes.checked_mul(cells.checked_add(self.shape()[axis])?.max(1))
        });
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            let shape = self.shape().to_vec();
            return Err(ChunksError::Overflow { shape, dtype: A::DTYPE }.into());
        }
        Ok(())
    }

    /// How far the enlarged blocks reach, axis by axis.
    fn reaches(&self, edges: &[(Depth, Boundary<A>)]) -> Vec<Vec<Reach>> {
        let of_axis = |(axis, (depth, boundary)): (usize, &(Depth, Boundary<A>))| {
            let (starts, n) = (self.chunks().starts(axis), self.shape()[axis]);
            let reach = |bounds: &[usize]| match boundary {
                Boundary::None => {
                    Reach { before: depth.before.min(bounds[0]), behind: depth.behind.min(n - bounds[1]) }
                }
                _ => Reach { before: depth.before, behind: depth.behind },
            };
            starts.windows(2).map(reach).collect()
        };
        edges.iter().enumerate().map(of_axis).collect()
    }

    pub(super) fn enlarged(&self, edges: &[(Depth, Boundary<A>)], info: &LayerInfo) -> Array<A> {
        let reaches = self.reaches(edges);
        if reaches.iter().flatten().all(|reach| *reach == Reach::default()) {
            return self.clone();
        }
        let enlarged = |(axis, reaches): (usize, &Vec<Reach>)| {
            let lengths = self.chunks().lengths(axis).iter().zip(reaches);
            lengths.map(|(length, reach)| length + reach.before + reach.behind).collect()
        };
        let chunks = Chunks::from_lengths(reaches.iter().enumerate().map(enlarged).collect());
        let mut token = Tokenizer::new("overlap").feed(self.name()).feed(&chunks);
        for (_, boundary) in edges {
            boundary.tokenize(&mut token);
        }
        for reach in reaches.iter().flatten() {
            token.add(&reach.before);
        }
        let name = name_of("overlap", token.finish());
        let (op, input) = (kernel_op::<Assembling<A>>(), self.name().clone());
        let starts: Vec<Vec<usize>> = (0..self.ndim()).map(|axis| self.chunks().starts(axis)).collect();
        let boundaries: Vec<Boundary<A>> = edges.iter().map(|(_, boundary)| *boundary).collect();
        let node = move |index: &[u32]| {
            let axes = index.iter().enumerate().map(|(axis, &at)| {
                Run::all(&starts[axis], at as usize, reaches[axis][at as usize], boundaries[axis])
            });
            let (assembly, blocks) = Assembly::new(axes.collect());
            let counts: Vec<u32> = blocks.iter().map(|blocks| blocks.len() as u32).collect();
            let keys = indices(&counts).map(|at| {
                let block: Vec<u32> = at.iter().zip(&blocks).map(|(&i, blocks)| blocks[i as usize]).collect();
                Arg::Key(Key::new(&input, &block))
            });
            let args = [Arg::List(keys.collect()), Arg::Value(Value::sized(assembly))];
            Node::Task(Task::new(op.clone(), args))
        };
        let layer = BlockLayer::new(&name, &chunks, &[self.name()], info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }

    /// Cuts off of each block as much as it reached further; what is left has these chunks.
    fn trimmed(&self, reaches: &[Vec<Reach>], chunks: &Chunks, info: &LayerInfo) -> Array<A> {
        if reaches.iter().flatten().all(|reach| *reach == Reach::default()) {
            return self.clone();
        }
        let befores: Vec<Vec<usize>> =
            reaches.iter().map(|reaches| reaches.iter().map(|reach| reach.before).collect()).collect();
        let token = Tokenizer::new("trim").feed(self.name()).feed(&befores).feed(chunks).finish();
        let name = name_of("trim", token);
        let lengths = chunks.axes().to_vec();
        let part = move |index: &[u32]| {
            let axes = index.iter().enumerate();
            let taken =
                axes.map(|(axis, &at)| Taken::range(befores[axis][at as usize], lengths[axis][at as usize]));
            Value::sized(Selection::ranges(taken.collect()))
        };
        let axes = self.lazy().block_axes(0..self.ndim());
        let layer = blockwise(&name, slice_op::<A>(), chunks, info).blocks(self.name(), &axes);
        let graph = Graph::with_inputs(built(layer.per_block(&axes, part)), [&self.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks.clone()) })
    }
}
