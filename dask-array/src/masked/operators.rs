//! The operators of masked arrays: with numbers, with arrays, and with each other.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::MaskedArray;
use crate::array::Array;
use crate::element::{Element, Number};
use crate::error::ArrayError;

impl<A: Number> MaskedArray<A> {
    /// Sums of elements; what is masked in either array is masked.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn try_add(&self, other: &Self) -> Result<Self, ArrayError> {
        self.try_zip_with(other, |x, y| x.try_add(y))
    }

    /// Differences of elements; what is masked in either array is masked.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn try_sub(&self, other: &Self) -> Result<Self, ArrayError> {
        self.try_zip_with(other, |x, y| x.try_sub(y))
    }

    /// Products of elements; what is masked in either array is masked.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn try_mul(&self, other: &Self) -> Result<Self, ArrayError> {
        self.try_zip_with(other, |x, y| x.try_mul(y))
    }

    /// Quotients of elements; what is masked in either array is masked, and so is every division by zero.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn try_div(&self, other: &Self) -> Result<MaskedArray<A::Float>, ArrayError> {
        let zeros = other.data().eq(A::default())?;
        let quotients = self.try_zip_with(other, |x, y| x.try_div(y))?;
        quotients.or(&zeros)
    }
}

/// The result of an operator.
#[track_caller]
fn fits<T>(result: Result<T, ArrayError>) -> T {
    match result {
        Ok(array) => array,
        Err(error) => panic!("{error}"),
    }
}

/// An array of one number.
#[track_caller]
fn number<A: Element>(number: A) -> MaskedArray<A> {
    fits(Array::full(&[], number, -1)).into()
}

macro_rules! operator {
    ($($Trait:ident $method:ident $try:ident $Output:ty;)*) => {$(
        operator!(@masked $Trait $method $try $Output;
            MaskedArray<A> => MaskedArray<A>, &MaskedArray<A> => &MaskedArray<A>,
            MaskedArray<A> => &MaskedArray<A>, &MaskedArray<A> => MaskedArray<A>);
        operator!(@other $Trait $method $try $Output, |other| &other.clone().into();
            MaskedArray<A> => Array<A>, &MaskedArray<A> => Array<A>,
            MaskedArray<A> => &Array<A>, &MaskedArray<A> => &Array<A>);
        operator!(@other $Trait $method $try $Output, |other| &number(other);
            MaskedArray<A> => A, &MaskedArray<A> => A);
    )*};
    (@masked $Trait:ident $method:ident $try:ident $Output:ty; $($Left:ty => $Right:ty),*) => {$(
        /// # Panics
        ///
        /// When the shapes do not broadcast.
        impl<A: Number> $Trait<$Right> for $Left {
            type Output = MaskedArray<$Output>;

            #[track_caller]
            fn $method(self, other: $Right) -> MaskedArray<$Output> {
                fits(self.$try(&other))
            }
        }
    )*};
    (@other $Trait:ident $method:ident $try:ident $Output:ty, |$other:ident| $masked:expr; $($Left:ty => $Right:ty),*) => {$(
        /// # Panics
        ///
        /// When the shapes do not broadcast.
        impl<A: Number> $Trait<$Right> for $Left {
            type Output = MaskedArray<$Output>;

            #[track_caller]
            fn $method(self, $other: $Right) -> MaskedArray<$Output> {
                fits(self.$try($masked))
            }
        }
    )*};
}
operator! {
    Add add try_add A;
    Sub sub try_sub A;
    Mul mul try_mul A;
    Div div try_div A::Float;
}

impl<A: Number> Neg for &MaskedArray<A> {
    type Output = MaskedArray<A>;

    #[track_caller]
    fn neg(self) -> MaskedArray<A> {
        fits(self.map(|x| -x))
    }
}

impl<A: Number> Neg for MaskedArray<A> {
    type Output = MaskedArray<A>;

    #[track_caller]
    fn neg(self) -> MaskedArray<A> {
        -&self
    }
}
