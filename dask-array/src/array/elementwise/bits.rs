//! Bit by bit.

use dask_graph::LayerInfo;

use super::methods::binary_methods;
use super::{Array, Other};
use crate::element::{Bits, Integer};
use crate::error::ArrayError;
use crate::program::kernels::BinaryOp;

/// Bit by bit, of bools logically.
impl<A: Bits> Array<A> {
    binary_methods! {
        /// `self & other`.
        try_and And;
        /// `self | other`.
        try_or Or;
        /// `self ^ other`.
        try_xor Xor;
    }
}

impl<A: Integer> Array<A> {
    binary_methods! {
        /// The bits moved up, `self << other`. By as many as there are, or by a negative number, 0 is left.
        left_shift Shl;
        /// The bits moved down, `self >> other`. By as many as there are, or by a negative number, 0 or -1 is left.
        right_shift Shr;
    }

    /// Whether each element is not zero.
    #[must_use]
    #[track_caller]
    pub fn non_zero(&self) -> Array<bool> {
        self.as_bool(&LayerInfo::here())
    }
}
