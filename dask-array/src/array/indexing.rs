//! Indexing by slices, single positions and lists.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};
use std::sync::Arc;

use dask_graph::{Graph, Key, LayerInfo, Node, Tokenizer};
use ndarray::{NewAxis, Slice, SliceInfoElem};

use super::layer::BlockLayer;
use super::positions::Positions;
use super::{Array, Lazy, name_of};
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;

/// One part of an index: what is taken along one axis, or a new axis.
///
/// Made from what reads well: `3`, `-1`, `1..4`, `..`, a [`Slice`] with a step, [`NewAxis`], [`Ellipsis`], `vec![7, 0, 0]`,
/// `[true, false]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Index {
    /// A position; the axis vanishes.
    At(isize),
    /// A range; as in [`slice`](Array::slice), one with a negative step is the range backwards.
    Slice(Slice),
    /// A new axis of length one.
    NewAxis,
    /// As many whole axes as the index does not name.
    Ellipsis,
    /// Positions, in their order; or bools that say which.
    List(Positions),
}

/// As many whole axes as an index does not name: Python's `...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ellipsis;

impl From<Ellipsis> for Index {
    fn from(_: Ellipsis) -> Self {
        Self::Ellipsis
    }
}

impl From<NewAxis> for Index {
    fn from(_: NewAxis) -> Self {
        Self::NewAxis
    }
}

impl From<Slice> for Index {
    fn from(slice: Slice) -> Self {
        Self::Slice(slice)
    }
}

impl From<RangeFull> for Index {
    fn from(_: RangeFull) -> Self {
        Self::Slice(Slice::from(..))
    }
}

impl From<Positions> for Index {
    fn from(positions: Positions) -> Self {
        Self::List(positions)
    }
}

impl From<SliceInfoElem> for Index {
    fn from(elem: SliceInfoElem) -> Self {
        match elem {
            SliceInfoElem::Index(at) => Self::At(at),
            SliceInfoElem::Slice { start, end, step } => Self::Slice(Slice { start, end, step }),
            SliceInfoElem::NewAxis => Self::NewAxis,
        }
    }
}

macro_rules! parts {
    ($($Int:ty),*) => {$(
        impl From<$Int> for Index {
            fn from(at: $Int) -> Self {
                Self::At(isize::try_from(at).unwrap_or(isize::MAX))
            }
        }
        parts!(@ranges $Int: Range<$Int>, RangeFrom<$Int>, RangeInclusive<$Int>, RangeTo<$Int>, RangeToInclusive<$Int>);
    )*};
    (@ranges $Int:ty: $($Range:ty),*) => {$(
        impl From<$Range> for Index {
            fn from(range: $Range) -> Self {
                Self::Slice(Slice::from(range))
            }
        }
    )*};
}
parts!(i32, isize, usize);

macro_rules! lists {
    ($($T:ty),*) => {$(
        impl From<Vec<$T>> for Index {
            fn from(list: Vec<$T>) -> Self {
                Self::List(list.into())
            }
        }

        impl From<&[$T]> for Index {
            fn from(list: &[$T]) -> Self {
                Self::List(list.into())
            }
        }

        impl<const N: usize> From<[$T; N]> for Index {
            fn from(list: [$T; N]) -> Self {
                Self::List(list.into())
            }
        }
    )*};
}
lists!(i32, i64, isize, usize, bool);

/// What can be an index: a tuple of what can be an [`Index`], or a list of these.
pub trait ArrayIndex {
    /// The parts of the index.
    fn parts(&self) -> Vec<Index>;
}

impl ArrayIndex for [Index] {
    fn parts(&self) -> Vec<Index> {
        self.to_vec()
    }
}

impl ArrayIndex for Vec<Index> {
    fn parts(&self) -> Vec<Index> {
        self.clone()
    }
}

impl<I: ArrayIndex + ?Sized> ArrayIndex for &I {
    fn parts(&self) -> Vec<Index> {
        (**self).parts()
    }
}

macro_rules! tuples {
    ($($($T:ident $at:tt),+;)+) => {$(
        impl<$($T: Clone + Into<Index>),+> ArrayIndex for ($($T,)+) {
            fn parts(&self) -> Vec<Index> {
                vec![$(self.$at.clone().into()),+]
            }
        }
    )+};
}
tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

/// An index of an array of a certain shape.
pub(super) struct Resolved {
    /// As ndarray writes it; where there is a list, the whole axis.
    pub(super) elems: Vec<SliceInfoElem>,
    pub(super) list: Option<ListPart>,
}

/// The list of an index.
pub(super) struct ListPart {
    /// The axis of the array.
    pub(super) axis: usize,
    /// The axis of the result.
    pub(super) out: usize,
    pub(super) positions: Vec<usize>,
}

impl Resolved {
    pub(super) fn new(parts: &[Index], shape: &[usize]) -> Result<Self, ArrayError> {
        let count = |of: fn(&Index) -> bool| parts.iter().filter(|part| of(part)).count();
        let ellipses = count(|part| *part == Index::Ellipsis);
        let lists = count(|part| matches!(part, Index::List(_)));
        let named = parts.len() - ellipses - count(|part| *part == Index::NewAxis);
        if ellipses > 1 {
            return Err(ArrayError::Ellipses { ellipses });
        }
        if lists > 1 {
            return Err(ArrayError::Lists { lists });
        }
        let Some(unnamed) = shape.len().checked_sub(named) else {
            return Err(ArrayError::TooManyIndices { got: named, shape: shape.to_vec() });
        };
        let (mut elems, mut list) = (Vec::with_capacity(parts.len() + unnamed), None);
        let (mut axis, mut out) = (0, 0);
        for part in parts {
            let (axes, outs) = match part {
                Index::At(_) => (1, 0),
                Index::NewAxis => (0, 1),
                Index::Slice(_) | Index::List(_) => (1, 1),
                Index::Ellipsis => (unnamed, unnamed),
            };
            match part {
                Index::At(at) => elems.push(SliceInfoElem::Index(*at)),
                Index::NewAxis => elems.push(NewAxis.into()),
                Index::Slice(slice) => elems.push((*slice).into()),
                Index::Ellipsis => elems.extend((0..unnamed).map(|_| SliceInfoElem::from(..))),
                Index::List(positions) => {
                    let positions = positions.resolve(axis, shape[axis])?;
                    list = Some(ListPart { axis, out, positions });
                    elems.push((..).into());
                }
            }
            axis += axes;
            out += outs;
        }
        Ok(Self { elems, list })
    }
}

impl<A: Element> Array<A> {
    /// A part of the array by ranges, positions, new axes and at most one list of positions or bools, each along the
    /// axis where it stands. Axes that are not named are taken whole.
    ///
    /// What [`slice`](Array::slice) can be told is meant as there. A list is what [`take`](Array::take) takes of what
    /// the rest of the index leaves. Unlike numpy's, the axis of a list stays in its place even when single positions stand
    /// apart from it.
    ///
    /// # Errors
    ///
    /// - When an index or a bound lies outside of its axis, a range ends before it begins, or there are more indices
    ///   than axes.
    /// - When there are two lists, or two ellipses, or a list of bools is not as long as its axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, Ellipsis, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    /// use dask_sched_sync::Sync;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6], [7, 8, 9]]), 2)?;
    /// let some = x.index((1.., vec![2, 0, 0]))?;
    /// assert_eq!(some.compute_with(&Sync::new())?, arr2(&[[6, 4, 4], [9, 7, 7]]).into_dyn());
    /// let column = x.index((Ellipsis, [true, false, true], -1))?;
    /// assert_eq!(column.compute_with(&Sync::new())?, arr1(&[3, 9]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn index(&self, index: impl ArrayIndex) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let Resolved { elems, list } = Resolved::new(&index.parts(), self.shape())?;
        let part = self.sliced(&elems, &info)?;
        Ok(match list {
            None => part,
            Some(list) => part.taken(list.positions, list.out, &info),
        })
    }

    /// Some of the blocks, by the indices of blocks (dask's `x.blocks[…]`). A single position keeps its axis.
    ///
    /// # Errors
    ///
    /// - As [`index`](Array::index) of an array that has an element for each block.
    /// - When there is a new axis.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 2, 3, 4, 5]), 2)?;
    /// assert_eq!(x.blocks((-1,))?.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[5]).into_dyn());
    /// assert_eq!(x.blocks(([2, 0],))?.chunks().lengths(0), [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn blocks(&self, index: impl ArrayIndex) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let parts = index.parts();
        if parts.contains(&Index::NewAxis) {
            return Err(ArrayError::NewAxisOfBlocks);
        }
        let n_blocks: Vec<usize> = self.chunks().axes().iter().map(Vec::len).collect();
        let Resolved { elems, list } = Resolved::new(&parts, &n_blocks)?;
        let selection = crate::selection::Selection::new(&n_blocks, &elems)?;
        let mut chosen: Vec<Vec<usize>> =
            selection.source.iter().map(|taken| taken.positions().collect()).collect();
        if let Some(list) = list {
            chosen[list.axis] = list.positions;
        }
        if chosen.iter().any(Vec::is_empty) {
            let part = |none: &Vec<usize>| if none.is_empty() { Slice::from(..0) } else { Slice::from(..) };
            let nothing: Vec<SliceInfoElem> = chosen.iter().map(|none| part(none).into()).collect();
            return self.sliced(&nothing, &info);
        }
        let lengths = chosen.iter().zip(self.chunks().axes());
        let lengths = lengths.map(|(chosen, lengths)| chosen.iter().map(|&at| lengths[at]).collect());
        let chunks = Chunks::from_lengths(lengths.collect());
        let name = name_of("blocks", Tokenizer::new("blocks").feed(self.name()).feed(&chosen).finish());
        let input = self.name().clone();
        let node = move |index: &[u32]| {
            let block: Vec<u32> =
                index.iter().zip(&chosen).map(|(&at, chosen)| chosen[at as usize] as u32).collect();
            Node::Alias(Key::new(&input, &block))
        };
        let layer = BlockLayer::new(&name, &chunks, &[self.name()], &info, node);
        let graph = Graph::with_inputs(layer, [&self.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}
