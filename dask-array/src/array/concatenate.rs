//! Arrays one after the other.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::sync::Arc;

use dask_graph::{Graph, Key, Layer, LayerInfo, Name, Node, Tokenizer};
use ndarray::{NewAxis, SliceInfoElem};

use super::layer::{block_index, block_keys, n_keys};
use super::transpose::axis_of;
use super::{Array, Lazy, name_of};
use crate::chunks::{Chunks, refine};
use crate::element::Element;
use crate::error::ArrayError;

/// Joins arrays along an axis that they have; a negative one counts from the end.
///
/// The blocks of the result are those of the arrays, and nothing is copied. Where arrays are cut differently along
/// other axes, they are cut to the common refinement first. Arrays of length zero along `axis` add nothing.
///
/// # Errors
///
/// - When there are no arrays.
/// - When the first array does not have the axis.
/// - When the arrays' lengths along any other axis are not equal.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, concatenate, ndarray::arr2};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[1, 2], [3, 4]]), 1)?;
/// let y = Array::from_ndarray(arr2(&[[5], [6]]), 1)?;
/// let both = concatenate([&x, &y], 1)?;
/// assert_eq!(both.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[1, 2, 5], [3, 4, 6]]).into_dyn());
///
/// let error = concatenate([&x, &y], 0).unwrap_err();
/// assert!(error.to_string().contains("[2, 2] and [2, 1]"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn concatenate<A: Element>(
    arrays: impl IntoIterator<Item: Borrow<Array<A>>>,
    axis: isize,
) -> Result<Array<A>, ArrayError> {
    let arrays: Vec<Array<A>> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    concatenated(&arrays, axis, "concatenate", &LayerInfo::here())
}

/// [`concatenate`] in the name of another operation.
pub(crate) fn concatenated<A: Element>(
    arrays: &[Array<A>],
    axis: isize,
    operation: &'static str,
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    let Some(first) = arrays.first() else { return Err(ArrayError::NoArrays { operation }) };
    let axis = axis_of(axis, first.shape())?;
    for array in arrays {
        let differs = |(own, (n, of_first)): (usize, (&usize, &usize))| own != axis && n != of_first;
        let pairs = array.shape().iter().zip(first.shape()).enumerate();
        if array.ndim() != first.ndim() || pairs.into_iter().any(differs) {
            let (left, right) = (first.shape().to_vec(), array.shape().to_vec());
            return Err(ArrayError::Concatenate { axis, left, right });
        }
    }
    Ok(joined(arrays, axis, info))
}

/// Joins arrays of one shape along a new axis, which becomes axis `axis` of the result; a negative one counts from
/// the end.
///
/// # Errors
///
/// - When there are no arrays.
/// - When the result would not have the axis.
/// - When the arrays' shapes are not equal.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, ndarray::{arr1, arr2}, stack};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1, 2, 3]), 2)?;
/// let y = &x * 10;
/// let columns = stack([x, y], -1)?;
/// let expected = arr2(&[[1, 10], [2, 20], [3, 30]]).into_dyn();
/// assert_eq!(columns.compute_with(&dask_sched_sync::Sync::new())?, expected);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn stack<A: Element>(
    arrays: impl IntoIterator<Item: Borrow<Array<A>>>,
    axis: isize,
) -> Result<Array<A>, ArrayError> {
    stack_all(arrays.into_iter().map(|array| array.borrow().clone()).collect(), axis, &LayerInfo::here())
}

/// [`stack`] in the name of another operation.
pub(super) fn stack_all<A: Element>(
    arrays: Vec<Array<A>>,
    axis: isize,
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    let Some(first) = arrays.first() else { return Err(ArrayError::NoArrays { operation: "stack" }) };
    let mut shape = first.shape().to_vec();
    shape.push(1);
    let axis = axis_of(axis, &shape)?;
    if let Some(other) = arrays.iter().find(|array| array.shape() != first.shape()) {
        let (left, right) = (first.shape().to_vec(), other.shape().to_vec());
        return Err(ArrayError::Stack { left, right });
    }
    let mut index = vec![SliceInfoElem::from(..); axis];
    index.push(NewAxis.into());
    let widened = arrays.iter().map(|array| array.sliced(&index, info)).collect::<Result<Vec<_>, _>>()?;
    Ok(joined(&widened, axis, info))
}

/// Arrays that fit, at least one, one after the other.
pub(super) fn joined<A: Element>(arrays: &[Array<A>], axis: usize, info: &LayerInfo) -> Array<A> {
    let lengthy: Vec<&Array<A>> = arrays.iter().filter(|array| array.shape()[axis] > 0).collect();
    let (first, parts) = match &lengthy[..] {
        [] => return arrays[0].clone(),
        [only] => return (*only).clone(),
        parts => (parts[0], parts),
    };
    // Along every axis but one, all are cut at the same places.
    let cuts = |of: usize| refine(&parts.iter().map(|part| part.chunks().lengths(of)).collect::<Vec<_>>());
    let mut chunks: Vec<Vec<usize>> =
        (0..first.ndim()).map(|of| if of == axis { Vec::new() } else { cuts(of) }).collect();
    let parts = parts.iter().map(|part| {
        let mut own = chunks.clone();
        own[axis] = part.chunks().lengths(axis).to_vec();
        part.rechunked(&Chunks::from_lengths(own), info)
    });
    let parts: Vec<Array<A>> = parts.collect();
    chunks[axis] = parts.iter().flat_map(|part| part.chunks().lengths(axis)).copied().collect();
    let chunks = Chunks::from_lengths(chunks);

    let token = Tokenizer::new("concatenate").feed(&axis);
    let token = parts.iter().fold(token, |token, part| token.feed(part.name()));
    let name = name_of("concatenate", token.finish());
    let named = parts.iter().map(|part| (part.name().clone(), part.chunks().lengths(axis).into()));
    let layer = ConcatenateLayer::new(name.clone(), axis, named.collect(), chunks.n_blocks(), info.clone());
    let graph = Graph::with_inputs(layer, parts.iter().map(|part| &part.lazy().graph));
    Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
}

/// Blocks of several arrays under one name.
pub(super) struct ConcatenateLayer {
    pub(super) name: Name,
    /// Along which axis they stand one after the other.
    pub(super) axis: usize,
    /// The arrays, and the lengths of their blocks along the axis.
    pub(super) parts: Vec<(Name, Arc<[usize]>)>,
    /// The first block of each, and the end of the last.
    starts: Vec<u32>,
    n_blocks: Vec<u32>,
    info: LayerInfo,
}

impl ConcatenateLayer {
    pub(super) fn new(
        name: Name,
        axis: usize,
        parts: Vec<(Name, Arc<[usize]>)>,
        n_blocks: Vec<u32>,
        info: LayerInfo,
    ) -> Self {
        let ends = parts.iter().scan(0, |end, (_, lengths)| {
            *end += lengths.len() as u32;
            Some(*end)
        });
        let starts = std::iter::once(0).chain(ends).collect();
        Self { name, axis, parts, starts, n_blocks, info }
    }
}

impl Layer for ConcatenateLayer {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        n_keys(&self.n_blocks)
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let index = block_index(key, &self.name, &self.n_blocks)?;
        let part = self.starts.partition_point(|&start| start <= index[self.axis]) - 1;
        let mut own = index.to_vec();
        own[self.axis] -= self.starts[part];
        Some(Node::Alias(Key::new(&self.parts[part].0, &own)))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        block_keys(&self.name, &self.n_blocks)
    }

    fn inputs(&self) -> Vec<Name> {
        let mut seen = HashSet::new();
        self.parts.iter().map(|(name, _)| name).filter(|&name| seen.insert(name)).cloned().collect()
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}
