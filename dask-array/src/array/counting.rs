//! Counting: elements by their values, and by the bins that they fall into.

mod bins;
mod kernels;

use std::sync::Arc;

use dask_graph::{Arg, BlockArg, Graph, Key, LayerInfo, Node, Op, Task, Tokenize, Tokenizer, Value};

use self::kernels::{Adding, Binning, Counting};
use super::elementwise::Operands;
use super::layer::BlockLayer;
use super::reductions::Tree;
use super::{Array, Lazy, Uncounted, blockwise, built, name_of};
use crate::chunks::{Chunks, IntoChunks};
use crate::element::{Element, Integer, Number};
use crate::error::ArrayError;
use crate::kernel::kernel_op;
use crate::program::kernels::Kernels;

pub use self::bins::Bins;

/// More counts than memory can hold anywhere.
const LONGEST: u64 = 1 << 40;

/// The counts and the edges of a histogram.
type Histogram<W> = (Array<W>, Array<f64>);

/// A histogram of several axes: its counts, and the edges along each.
type HistogramDd = (Array<f64>, Vec<Array<f64>>);

impl<A: Element<Real = A>> Array<A> {
    /// How many elements fall into each bin, and the edges of the bins (numpy's `histogram`). A bin has its left edge,
    /// the last one both.
    ///
    /// Each block is counted by itself, and counts are added up in a tree.
    ///
    /// ```
    /// use dask_array::{Array, Bins, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[0.5, 1.0, 2.5, 4.0, 9.0]), 2)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// let (counts, edges) = x.histogram(Bins::even(4, 0.0, 4.0))?;
    /// assert_eq!(counts.compute_with(&scheduler)?, arr1(&[1, 1, 1, 1]).into_dyn());
    /// assert_eq!(edges.compute_with(&scheduler)?, arr1(&[0.0, 1.0, 2.0, 3.0, 4.0]).into_dyn());
    /// let (counts, _) = x.histogram([0.0, 1.0, 10.0])?;
    /// assert_eq!(counts.compute_with(&scheduler)?, arr1(&[1, 4]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When there is no bin, edges do not go up, or the range is not finite or ends before it begins.
    #[track_caller]
    pub fn histogram(&self, bins: impl Into<Bins>) -> Result<Histogram<i64>, ArrayError> {
        let (bins, info) = (bins.into(), LayerInfo::here());
        let edges = bins.edges()?;
        let counts = binned::<A, i64>("histogram", &[self], &[bins], None, &info)?;
        Ok((counts, edges_array(edges)?))
    }

    /// The sums of the weights of the elements in each bin: numpy's `histogram` with `weights`, which have the array's
    /// shape.
    ///
    /// # Errors
    ///
    /// - As [`histogram`](Array::histogram), and when the weights have another shape.
    #[track_caller]
    pub fn histogram_weighted<W: Number>(
        &self,
        bins: impl Into<Bins>,
        weights: &Array<W>,
    ) -> Result<Histogram<W>, ArrayError> {
        let (bins, info) = (bins.into(), LayerInfo::here());
        let edges = bins.edges()?;
        let counts = binned("histogram", &[self], &[bins], Some(weights), &info)?;
        Ok((counts, edges_array(edges)?))
    }

    /// The share of elements (or of weights) in each bin by its width: numpy's `histogram` with `density`. The integral
    /// over all bins is 1.
    ///
    /// # Errors
    ///
    /// - As [`histogram`](Array::histogram), and when the weights have another shape.
    #[track_caller]
    pub fn histogram_density(
        &self,
        bins: impl Into<Bins>,
        weights: Option<&Array<f64>>,
    ) -> Result<Histogram<f64>, ArrayError> {
        let (bins, info) = (bins.into(), LayerInfo::here());
        let edges = bins.edges()?;
        let counts = binned("histogram", &[self], &[bins], weights, &info)?;
        Ok((by_width(&counts, &[&edges])?, edges_array(edges)?))
    }
}

/// How many pairs of elements fall into each bin of a plane, and the edges along the axes (numpy's `histogram2d`).
///
/// ```
/// use dask_array::{Array, Bins, histogram2d, ndarray::{arr1, arr2}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [x, y] = [arr1(&[0.1, 0.2, 0.9]), arr1(&[0.3, 0.9, 0.9])].map(|x| Array::from_ndarray(x, 2));
/// let bins = [Bins::even(2, 0.0, 1.0), Bins::even(2, 0.0, 1.0)];
/// let (counts, _, _) = histogram2d(&x?, &y?, &bins, false, None)?;
/// let expected = arr2(&[[1.0, 1.0], [0.0, 1.0]]).into_dyn();
/// assert_eq!(counts.compute_with(&dask_sched_sync::Sync::new())?, expected);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// - As [`histogramdd`].
#[track_caller]
pub fn histogram2d<A: Element<Real = A>>(
    x: &Array<A>,
    y: &Array<A>,
    bins: &[Bins; 2],
    density: bool,
    weights: Option<&Array<f64>>,
) -> Result<(Array<f64>, Array<f64>, Array<f64>), ArrayError> {
    let (counts, edges) = dd(&[x, y], bins, density, weights, &LayerInfo::here())?;
    let [x_edges, y_edges] = <[_; 2]>::try_from(edges)
        .unwrap_or_else(|edges| unreachable!("two axes have two lists of edges, not {}", edges.len()));
    Ok((counts, x_edges, y_edges))
}

/// How many points fall into each bin of a space of several axes, and the edges along the axes (numpy's
/// `histogramdd`). The points are given by arrays of one axis, one for each axis of the space; with `density` their share
/// by the bin's volume.
///
/// # Errors
///
/// - When there are no arrays, they or the weights have not one axis and the same length, or there are not as many bins.
/// - When there is no bin, edges do not go up, or the range is not finite or ends before it begins.
#[track_caller]
pub fn histogramdd<A: Element<Real = A>>(
    sample: &[&Array<A>],
    bins: &[Bins],
    density: bool,
    weights: Option<&Array<f64>>,
) -> Result<HistogramDd, ArrayError> {
    dd(sample, bins, density, weights, &LayerInfo::here())
}

fn dd<A: Element<Real = A>>(
    sample: &[&Array<A>],
    bins: &[Bins],
    density: bool,
    weights: Option<&Array<f64>>,
    info: &LayerInfo,
) -> Result<HistogramDd, ArrayError> {
    if sample.len() != bins.len() {
        return Err(ArrayError::Bins {
            problem: "there is not one list of bins for each array of the sample",
        });
    }
    for array in sample {
        array.one_axis("histogramdd")?;
    }
    let edges = bins.iter().map(Bins::edges).collect::<Result<Vec<_>, _>>()?;
    let counts = binned("histogramdd", sample, bins, weights, info)?;
    let shape: Vec<usize> = edges.iter().map(|edges| edges.len() - 1).collect();
    let counts = counts.reshaped(&shape, info);
    let all: Vec<&Vec<f64>> = edges.iter().collect();
    let counts = if density { by_width(&counts, &all)? } else { counts };
    let edges = edges.into_iter().map(edges_array);
    Ok((counts, edges.collect::<Result<_, _>>()?))
}

/// Sums of weights, or numbers of elements, in each bin, along one axis.
fn binned<A: Element<Real = A>, W: Number>(
    operation: &'static str,
    sample: &[&Array<A>],
    bins: &[Bins],
    weights: Option<&Array<W>>,
    info: &LayerInfo,
) -> Result<Array<W>, ArrayError> {
    let Some(first) = sample.first() else { return Err(ArrayError::NoArrays { operation }) };
    let n_bins = bins.iter().map(|bins| bins.edges().map(|edges| edges.len() - 1));
    let width =
        n_bins.collect::<Result<Vec<_>, _>>()?.into_iter().try_fold(1_usize, |n, bins| n.checked_mul(bins));
    let width = width.ok_or(ArrayError::Bins { problem: "there are more bins than can be counted" })?;
    let mut operands: Vec<Lazy> = Vec::new();
    for array in sample {
        operands.push(beside(*array, first, info)?);
    }
    if let Some(weights) = weights {
        operands.push(beside(weights, first, info)?);
    }
    let params = Value::sized(bins::AllBins(bins.to_vec()));
    let mut token = Tokenizer::new(operation);
    format!("{bins:?}").tokenize(&mut token);
    let op = kernel_op::<Binning<A, W>>();
    by_block_sums(operation, token, op, params, &operands, width, info)
}

/// An operand in the blocks of another, whose shape it must have.
fn beside(operand: &dyn Operands, of: &Array<impl Element>, info: &LayerInfo) -> Result<Lazy, ArrayError> {
    let lazy = operand.lazy();
    if lazy.shape() != of.shape() {
        return Err(ArrayError::Weights { shape: of.shape().to_vec(), weights: lazy.shape().to_vec() });
    }
    Ok(if lazy.chunks == of.lazy().chunks { lazy.clone() } else { operand.recut(of.chunks(), info) })
}

/// The sum over all blocks of a row of numbers that is made of each: the tasks take the blocks of the operands, which
/// are cut alike, and the parameters.
fn by_block_sums<W: Element>(
    operation: &'static str,
    mut token: Tokenizer,
    op: Arc<dyn Op>,
    params: Value,
    operands: &[Lazy],
    width: usize,
    info: &LayerInfo,
) -> Result<Array<W>, ArrayError> {
    let Some(first) = operands.first() else { return Err(ArrayError::NoArrays { operation }) };
    operands.iter().for_each(|operand| token.add(&operand.name));
    W::DTYPE.tokenize(&mut token);
    let name = name_of(&format!("{operation}-block"), token.finish());
    let n_blocks = first.chunks.n_blocks();
    let all: usize = n_blocks.iter().map(|&n| n as usize).product();
    // Refuses what is too large to be numbered.
    let spec = vec![vec![1; all], vec![width]].into_spec()?;
    let chunks = Chunks::new(&[all, width], spec, W::DTYPE)?;
    let names: Vec<_> = operands.iter().map(|operand| operand.name.clone()).collect();
    let inputs: Vec<_> = names.iter().collect();
    let node = {
        let names = names.clone();
        move |index: &[u32]| {
            let mut rest = index[0];
            let mut at = vec![0; n_blocks.len()];
            for (at, &n) in at.iter_mut().zip(&n_blocks).rev() {
                (*at, rest) = (rest % n, rest / n);
            }
            let blocks = names.iter().map(|name| Arg::Key(Key::new(name, &at)));
            Node::Task(Task::new(op.clone(), blocks.chain([Arg::Value(params.clone())]).collect::<Vec<_>>()))
        }
    };
    let layer = BlockLayer::new(&name, &chunks, &inputs, info, node);
    let graph = Graph::with_inputs(layer, operands.iter().map(|operand| &operand.graph));
    Array::<W>::new(Lazy { name, graph, chunks: Arc::new(chunks) }).sum_as(0)
}

/// Counts as shares of their sum by the bins' widths along each axis.
fn by_width(counts: &Array<f64>, edges: &[&Vec<f64>]) -> Result<Array<f64>, ArrayError> {
    let mut shares = counts.clone();
    for (axis, edges) in edges.iter().enumerate() {
        let widths: Vec<f64> = edges.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let widths = edges_array(widths)?.aligned_to(axis, counts.ndim())?;
        shares = shares.try_div(&widths)?;
    }
    shares.try_div(counts.sum(..)?)
}

/// Numbers that are known, as an array.
fn edges_array(numbers: Vec<f64>) -> Result<Array<f64>, ArrayError> {
    Array::from_ndarray(ndarray::Array1::from(numbers), -1)
}

impl<A: Integer> Array<A> {
    /// How often each number from 0 on occurs in an array of one axis (numpy's `bincount`): as many numbers as the
    /// largest asks for, and `minlength` at least. How many that are only computing tells.
    ///
    /// The computation fails where a number is negative.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[0, 1, 1, 3]), 2)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.bincount(0)?.compute_with(&scheduler)?, arr1(&[1, 2, 0, 1]).into_dyn());
    /// assert_eq!(x.bincount_within(2)?.compute_with(&scheduler)?, arr1(&[1, 2]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the array has not exactly one axis.
    #[track_caller]
    pub fn bincount(&self, minlength: usize) -> Result<Uncounted<i64>, ArrayError> {
        self.counted_up("bincount", minlength, None, &LayerInfo::here())
    }

    /// The sums of the weights of each number from 0 on: numpy's `bincount` with `weights`, which are cut and as many as
    /// the numbers.
    ///
    /// # Errors
    ///
    /// - When the array has not exactly one axis, or the weights have another shape.
    #[track_caller]
    pub fn bincount_weighted(
        &self,
        weights: &Array<f64>,
        minlength: usize,
    ) -> Result<Uncounted<f64>, ArrayError> {
        self.counted_up("bincount", minlength, Some(weights), &LayerInfo::here())
    }

    fn counted_up<W: Number>(
        &self,
        operation: &'static str,
        minlength: usize,
        weights: Option<&Array<W>>,
        info: &LayerInfo,
    ) -> Result<Uncounted<W>, ArrayError> {
        self.one_axis(operation)?;
        let mut operands = vec![self.lazy().clone()];
        if let Some(weights) = weights {
            operands.push(beside(weights, self, info)?);
        }
        let mut token = Tokenizer::new(operation).feed(&minlength).feed(&W::DTYPE);
        operands.iter().for_each(|operand| token.add(&operand.name));
        let token = token.finish();
        let first = name_of("bincount-block", token);
        let params = Value::sized(kernels::Length { at_least: minlength, at_most: usize::MAX });
        let axes = self.lazy().block_axes([0]);
        let mut layer = blockwise(&first, kernel_op::<Counting<A, W>>(), self.chunks(), info);
        for operand in &operands {
            layer = layer.blocks(&operand.name, &axes);
        }
        let layer = built(layer.arg(BlockArg::Literal(params)));
        let graph = Graph::with_inputs(layer, operands.iter().map(|operand| &operand.graph));

        let name = name_of(operation, token);
        let tree = Tree::along(0, 1, operation, token);
        let graph =
            tree.written(first, graph, self.chunks().n_blocks(), &name, info, |_| kernel_op::<Adding<W>>());
        // As long as the type of the numbers allows, as far as anything could hold it.
        let longest = u64::from_scalar(A::highest().to_scalar());
        let bound = minlength.max(longest.saturating_add(1).min(LONGEST) as usize);
        let chunks = Arc::new(Chunks::from_lengths(vec![vec![bound]]));
        Ok(Uncounted::with_axis(Array::new(Lazy { name, graph, chunks }), 0, info))
    }

    /// How often each number from 0 to `length`, excluded, occurs: [`bincount`](Array::bincount) with a length that is
    /// known, for which numbers that are larger do not count.
    ///
    /// # Errors
    ///
    /// - When the array has not exactly one axis.
    #[track_caller]
    pub fn bincount_within(&self, length: usize) -> Result<Array<i64>, ArrayError> {
        self.one_axis("bincount")?;
        let info = LayerInfo::here();
        let token = Tokenizer::new("bincount-within").feed(&length);
        let params = Value::sized(kernels::Length { at_least: length, at_most: length });
        let op = kernel_op::<Counting<A, i64>>();
        by_block_sums("bincount", token, op, params, &[self.lazy().clone()], length, &info)
    }
}
