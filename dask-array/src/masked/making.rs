//! What is masked: functions named as numpy's.

use super::MaskedArray;
use crate::array::{Array, Tolerance};
use crate::element::{Element, Number};
use crate::error::ArrayError;

/// The array, masked where a condition holds (`numpy.ma.masked_where`).
///
/// # Errors
///
/// - When the condition does not broadcast to the shape of the data.
#[track_caller]
pub fn masked_where<A: Element>(
    condition: &Array<bool>,
    data: &Array<A>,
) -> Result<MaskedArray<A>, ArrayError> {
    MaskedArray::new(data.clone(), condition)
}

/// The array, masked where something that is asked of each element by itself is so.
#[track_caller]
fn masked_if<A: Element>(data: &Array<A>, condition: Result<Array<bool>, ArrayError>) -> MaskedArray<A> {
    let masked = condition.and_then(|condition| masked_where(&condition, data));
    masked.unwrap_or_else(|error| unreachable!("a number broadcasts to every shape: {error}"))
}

macro_rules! masked_by_comparison {
    ($($(#[$doc:meta])* $name:ident $method:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        #[track_caller]
        pub fn $name<A: Element>(data: &Array<A>, value: A) -> MaskedArray<A> {
            masked_if(data, data.$method(value))
        }
    )*};
}
masked_by_comparison! {
    /// The array, masked where it differs from a value (`numpy.ma.masked_not_equal`).
    masked_not_equal ne;
    /// The array, masked where it is greater than a value (`numpy.ma.masked_greater`).
    masked_greater gt;
    /// The array, masked where it is greater than a value or equal (`numpy.ma.masked_greater_equal`).
    masked_greater_equal ge;
    /// The array, masked where it is less than a value (`numpy.ma.masked_less`).
    masked_less lt;
    /// The array, masked where it is less than a value or equal (`numpy.ma.masked_less_equal`).
    masked_less_equal le;
}

/// The array, masked where it equals a value, which becomes the fill value (`numpy.ma.masked_equal`).
#[must_use]
#[track_caller]
pub fn masked_equal<A: Element>(data: &Array<A>, value: A) -> MaskedArray<A> {
    masked_if(data, data.eq(value)).with_fill_value(value)
}

/// The array, masked where it is about equal to a value, which becomes the fill value (`numpy.ma.masked_values`).
#[must_use]
#[track_caller]
pub fn masked_values<A: Number>(data: &Array<A>, value: A, tolerance: Tolerance) -> MaskedArray<A> {
    masked_if(data, data.is_close(value, tolerance)).with_fill_value(value)
}

/// The array, masked within an interval, its ends included, which may stand in either order
/// (`numpy.ma.masked_inside`).
#[must_use]
#[track_caller]
pub fn masked_inside<A: Number<Real = A>>(data: &Array<A>, a: A, b: A) -> MaskedArray<A> {
    let (least, most) = ordered(a, b);
    masked_if(data, data.ge(least).and_then(|above| above.logical_and(&data.le(most)?)))
}

/// The array, masked outside of an interval, whose ends are not masked and may stand in either order
/// (`numpy.ma.masked_outside`).
#[must_use]
#[track_caller]
pub fn masked_outside<A: Number<Real = A>>(data: &Array<A>, a: A, b: A) -> MaskedArray<A> {
    let (least, most) = ordered(a, b);
    masked_if(data, data.lt(least).and_then(|below| below.logical_or(&data.gt(most)?)))
}

/// The array, masked where it is NaN or infinite (`numpy.ma.masked_invalid`).
#[must_use]
#[track_caller]
pub fn masked_invalid<A: Element>(data: &Array<A>) -> MaskedArray<A> {
    masked_if(data, Ok(data.is_finite().logical_not()))
}

fn ordered<A: Element>(a: A, b: A) -> (A, A) {
    if A::lt(b, a) { (b, a) } else { (a, b) }
}

impl<A: Element> MaskedArray<A> {
    /// Masks also what is NaN or infinite, and puts the fill value in its place (`numpy.ma.fix_invalid`).
    #[must_use]
    #[track_caller]
    pub fn fix_invalid(&self) -> Self {
        let invalid = masked_invalid(&self.data).with_fill_value(self.fill_value);
        let fixed = MaskedArray::new(invalid.filled(), self.mask());
        let fixed = fixed.and_then(|fixed| fixed.or(invalid.mask()));
        let fixed = fixed.unwrap_or_else(|error| unreachable!("data and mask have one shape: {error}"));
        fixed.with_fill_value(self.fill_value)
    }

    /// Ones, masked as this array (`ones_like`).
    #[must_use]
    #[track_caller]
    pub fn ones_like(&self) -> Self {
        self.filled_alike(A::one())
    }

    /// Zeros, masked as this array (`zeros_like`).
    #[must_use]
    #[track_caller]
    pub fn zeros_like(&self) -> Self {
        self.filled_alike(A::default())
    }

    #[track_caller]
    fn filled_alike(&self, number: A) -> Self {
        let alike = MaskedArray::new(self.data.full_like(number), self.mask());
        alike.unwrap_or_else(|error| unreachable!("data and mask have one shape: {error}"))
    }
}
