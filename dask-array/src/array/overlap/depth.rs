//! How many cells are added, and what they hold where the array ends.

use std::collections::BTreeMap;

use dask_graph::{Tokenize, Tokenizer};

use crate::array::transpose::axis_of;
use crate::element::Element;
use crate::error::ArrayError;

/// Numbers of cells before and behind a block along one axis. Made of one number for both, or of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Cells before the block.
    pub before: usize,
    /// Cells behind it.
    pub behind: usize,
}

impl From<usize> for Depth {
    fn from(depth: usize) -> Self {
        Self { before: depth, behind: depth }
    }
}

impl From<(usize, usize)> for Depth {
    fn from((before, behind): (usize, usize)) -> Self {
        Self { before, behind }
    }
}

/// What an array continues with where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Boundary<A> {
    /// With its elements backwards, the edge's repeated: `c b a │ a b c`; numpy's pad mode `symmetric`.
    Reflect,
    /// With its elements from the far end; numpy's `wrap`.
    Periodic,
    /// With the edge's element; numpy's `edge`.
    Nearest,
    /// With this number.
    Constant(A),
    /// With nothing: outer blocks get fewer cells.
    None,
}

impl<A: Element> Boundary<A> {
    pub(super) fn tokenize(&self, token: &mut Tokenizer) {
        match self {
            Self::Reflect => 0_u8.tokenize(token),
            Self::Periodic => 1_u8.tokenize(token),
            Self::Nearest => 2_u8.tokenize(token),
            Self::None => 3_u8.tokenize(token),
            Self::Constant(number) => (4_u8, number.to_scalar()).tokenize(token),
        }
    }
}

/// What can say how deep blocks overlap: one depth for all axes (`1`, `(2, 0)`), one for each (`[1, 0]`), or
/// depths by axis (a map; other axes get none).
pub trait IntoDepths {
    /// The depths by axis; under `None` that of all axes.
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth>;
}

/// What can say what arrays continue with: one [`Boundary`] for all axes, one for each, or boundaries by axis (a
/// map; other axes have none).
pub trait IntoBoundaries<A> {
    /// The boundaries by axis; under `None` that of all axes.
    fn into_boundaries(self) -> BTreeMap<Option<isize>, Boundary<A>>;
}

/// One for each axis, counted from the first.
fn each<T>(all: impl IntoIterator<Item = T>) -> BTreeMap<Option<isize>, T> {
    all.into_iter().enumerate().map(|(axis, one)| (Some(axis as isize), one)).collect()
}

impl IntoDepths for usize {
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth> {
        Depth::from(self).into_depths()
    }
}

impl IntoDepths for (usize, usize) {
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth> {
        Depth::from(self).into_depths()
    }
}

impl IntoDepths for Depth {
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth> {
        BTreeMap::from([(None, self)])
    }
}

impl<D: Into<Depth>, const N: usize> IntoDepths for [D; N] {
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth> {
        each(self.map(Into::into))
    }
}

impl<D: Into<Depth>> IntoDepths for Vec<D> {
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth> {
        each(self.into_iter().map(Into::into))
    }
}

impl<D: Into<Depth>> IntoDepths for BTreeMap<isize, D> {
    fn into_depths(self) -> BTreeMap<Option<isize>, Depth> {
        self.into_iter().map(|(axis, depth)| (Some(axis), depth.into())).collect()
    }
}

impl<A> IntoBoundaries<A> for Boundary<A> {
    fn into_boundaries(self) -> BTreeMap<Option<isize>, Boundary<A>> {
        BTreeMap::from([(None, self)])
    }
}

impl<A, const N: usize> IntoBoundaries<A> for [Boundary<A>; N] {
    fn into_boundaries(self) -> BTreeMap<Option<isize>, Boundary<A>> {
        each(self)
    }
}

impl<A> IntoBoundaries<A> for Vec<Boundary<A>> {
    fn into_boundaries(self) -> BTreeMap<Option<isize>, Boundary<A>> {
        each(self)
    }
}

impl<A> IntoBoundaries<A> for BTreeMap<isize, Boundary<A>> {
    fn into_boundaries(self) -> BTreeMap<Option<isize>, Boundary<A>> {
        self.into_iter().map(|(axis, boundary)| (Some(axis), boundary)).collect()
    }
}

/// Depth and boundary of each axis of an array of this shape.
pub(super) fn edges<A: Element>(
    shape: &[usize],
    depths: &BTreeMap<Option<isize>, Depth>,
    boundaries: &BTreeMap<Option<isize>, Boundary<A>>,
) -> Result<Vec<(Depth, Boundary<A>)>, ArrayError> {
    let mut edges = vec![(Depth::default(), Boundary::None); shape.len()];
    for (axis, &depth) in depths {
        match axis {
            None => edges.iter_mut().for_each(|edge| edge.0 = depth),
            Some(axis) => edges[axis_of(*axis, shape)?].0 = depth,
        }
    }
    for (axis, &boundary) in boundaries {
        match axis {
            None => edges.iter_mut().for_each(|edge| edge.1 = boundary),
            Some(axis) => edges[axis_of(*axis, shape)?].1 = boundary,
        }
    }
    Ok(edges)
}
