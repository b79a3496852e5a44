//! How a slice is written.

use ndarray::{Dimension, SliceInfo, SliceInfoElem};

/// What can be the index of a slice: ndarray's [`s!`](ndarray::s), or a tuple of what it holds.
///
/// The macro `s!` contains a promise to the compiler that a crate under `forbid(unsafe_code)` may not make. There a
/// tuple says the same: `(1..3, .., -1)` for `s![1..3, .., -1]`, with [`ndarray::Slice`] for steps and
/// [`ndarray::NewAxis`].
pub trait SliceIndex {
    /// The parts of the index, one an axis and one a new axis.
    fn elems(&self) -> Vec<SliceInfoElem>;
}

impl<I: AsRef<[SliceInfoElem]>, In: Dimension, Out: Dimension> SliceIndex for SliceInfo<I, In, Out> {
    fn elems(&self) -> Vec<SliceInfoElem> {
        self.as_ref().to_vec()
    }
}

impl SliceIndex for [SliceInfoElem] {
    fn elems(&self) -> Vec<SliceInfoElem> {
        self.to_vec()
    }
}

impl SliceIndex for Vec<SliceInfoElem> {
    fn elems(&self) -> Vec<SliceInfoElem> {
        self.clone()
    }
}

impl<const N: usize> SliceIndex for [SliceInfoElem; N] {
    fn elems(&self) -> Vec<SliceInfoElem> {
        self.to_vec()
    }
}

impl<S: SliceIndex + ?Sized> SliceIndex for &S {
    fn elems(&self) -> Vec<SliceInfoElem> {
        (**self).elems()
    }
}

macro_rules! tuples {
    ($($($T:ident $at:tt),+;)+) => {$(
        impl<$($T: Clone + Into<SliceInfoElem>),+> SliceIndex for ($($T,)+) {
            fn elems(&self) -> Vec<SliceInfoElem> {
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
