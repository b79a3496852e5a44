//! Positions along an axis, as they are given.

use crate::error::ArrayError;
use crate::selection::position;

/// Positions along an axis: integers, of which negative ones count from the end, or bools that say which to take.
///
/// Made from what reads well: `3`, `[7, 0, 0]`, `vec![2, -1]`, `&positions[..]`, `vec![true, false, true]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions(Given);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    One(isize),
    At(Vec<isize>),
    Where(Vec<bool>),
}

impl Positions {
    /// The number of positions.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Given::One(_) => 1,
            Given::At(positions) => positions.len(),
            Given::Where(mask) => mask.iter().filter(|holds| **holds).count(),
        }
    }

    /// Whether it was given as a single position.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self.0, Given::One(_))
    }

    /// As [`resolve`](Positions::resolve) for places between the elements of an axis: its length is one, too.
    pub(crate) fn resolve_gaps(&self, axis: usize, length: usize) -> Result<Vec<usize>, ArrayError> {
        let gap = |at: isize| if at == length as isize { Ok(length) } else { position(axis, at, length) };
        match &self.0 {
            Given::One(at) => Ok(vec![gap(*at)?]),
            Given::At(positions) => positions.iter().map(|&at| gap(at)).collect(),
            Given::Where(_) => self.resolve(axis, length),
        }
    }

    /// The positions, counted from the start of an axis of this length.
    pub(crate) fn resolve(&self, axis: usize, length: usize) -> Result<Vec<usize>, ArrayError> {
        match &self.0 {
            Given::One(at) => Ok(vec![position(axis, *at, length)?]),
            Given::At(positions) => positions.iter().map(|&at| position(axis, at, length)).collect(),
            Given::Where(mask) if mask.len() == length => Ok((0..length).filter(|&at| mask[at]).collect()),
            Given::Where(mask) => Err(ArrayError::Condition { condition: vec![mask.len()], axis, length }),
        }
    }
}

/// A list of integers. One too large for an axis is out of range all the same.
macro_rules! integers {
    ($($Int:ty),*) => {$(
        impl From<$Int> for Positions {
            fn from(at: $Int) -> Self {
                Self(Given::One(isize::try_from(at).unwrap_or(isize::MAX)))
            }
        }

        impl From<&[$Int]> for Positions {
            fn from(positions: &[$Int]) -> Self {
                Self(Given::At(positions.iter().map(|&at| isize::try_from(at).unwrap_or(isize::MAX)).collect()))
            }
        }
    )*};
}
integers!(i32, i64, isize, usize);

impl From<&[bool]> for Positions {
    fn from(mask: &[bool]) -> Self {
        Self(Given::Where(mask.to_vec()))
    }
}

macro_rules! lists {
    ($($T:ty),*) => {$(
        impl From<Vec<$T>> for Positions {
            fn from(list: Vec<$T>) -> Self {
                Self::from(&list[..])
            }
        }

        impl From<&Vec<$T>> for Positions {
            fn from(list: &Vec<$T>) -> Self {
                Self::from(&list[..])
            }
        }

        impl<const N: usize> From<[$T; N]> for Positions {
            fn from(list: [$T; N]) -> Self {
                Self::from(&list[..])
            }
        }

        impl<const N: usize> From<&[$T; N]> for Positions {
            fn from(list: &[$T; N]) -> Self {
                Self::from(&list[..])
            }
        }
    )*};
}
lists!(i32, i64, isize, usize, bool);
