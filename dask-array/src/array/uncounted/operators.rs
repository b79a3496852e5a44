//! The operators of uncounted arrays: with numbers, and with others of the same selection.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Uncounted;
use crate::element::Number;
use crate::error::ArrayError;

#[track_caller]
fn fits<T>(result: Result<T, ArrayError>) -> T {
    match result {
        Ok(array) => array,
        Err(error) => panic!("{error}"),
    }
}

macro_rules! operator {
    ($($Trait:ident $method:ident $try:ident $Output:ty;)*) => {$(
        operator!(@number $Trait $method $try $Output; Uncounted<A>, &Uncounted<A>);
        operator!(@array $Trait $method $try $Output;
            Uncounted<A> => Uncounted<A>, &Uncounted<A> => &Uncounted<A>,
            Uncounted<A> => &Uncounted<A>, &Uncounted<A> => Uncounted<A>);
    )*};
    (@number $Trait:ident $method:ident $try:ident $Output:ty; $($Left:ty),*) => {$(
        impl<A: Number> $Trait<A> for $Left {
            type Output = Uncounted<$Output>;

            #[track_caller]
            fn $method(self, other: A) -> Uncounted<$Output> {
                fits(self.try_map(|x| x.$try(other)))
            }
        }
    )*};
    (@array $Trait:ident $method:ident $try:ident $Output:ty; $($Left:ty => $Right:ty),*) => {$(
        /// # Panics
        ///
        /// When the arrays do not come of one selection, or the shapes do not broadcast.
        impl<A: Number> $Trait<$Right> for $Left {
            type Output = Uncounted<$Output>;

            #[track_caller]
            fn $method(self, other: $Right) -> Uncounted<$Output> {
                fits(self.try_zip_with(&other, |x, y| x.$try(y)))
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

impl<A: Number> Neg for &Uncounted<A> {
    type Output = Uncounted<A>;

    #[track_caller]
    fn neg(self) -> Uncounted<A> {
        fits(self.map(|x| -x))
    }
}
