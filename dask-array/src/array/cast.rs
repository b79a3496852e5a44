//! Changing the element type.

use std::any::Any;

use dask_graph::LayerInfo;

use super::Array;
use super::elementwise::elementwise;
use crate::element::{Casting, Element, Promote};
use crate::error::ArrayError;

impl<A: Element> Array<A> {
    /// The elements as another type, converted as Rust's `as` does: integers wrap around, floats beyond an
    /// integer type's range become its nearest value and NaN becomes 0; anything but zero is `true`; a complex number
    /// loses its imaginary part on the way to a real one.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1.9, -300.0]), 1)?.astype::<i32>().astype::<u8>();
    /// assert_eq!(x.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1, 212]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn astype<B: Element>(&self) -> Array<B> {
        self.cast(&LayerInfo::here())
    }

    /// The elements as another type, if the cast loses no more than is allowed: numpy's `astype(casting=…)`.
    ///
    /// # Errors
    ///
    /// - When the cast loses more.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, Casting};
    ///
    /// let x = Array::<f64>::zeros(&[3], 3)?;
    /// assert!(x.try_astype::<f32>(Casting::SameKind).is_ok());
    /// let error = x.try_astype::<i64>(Casting::SameKind).unwrap_err();
    /// assert_eq!(error.to_string(), "a cast from f64 to i64 is not allowed by casting SameKind");
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn try_astype<B: Element>(&self, casting: Casting) -> Result<Array<B>, ArrayError> {
        if A::DTYPE.can_cast(B::DTYPE, casting) {
            Ok(self.cast(&LayerInfo::here()))
        } else {
            Err(ArrayError::Casting { from: A::DTYPE, to: B::DTYPE, casting })
        }
    }

    fn cast<B: Element>(&self, info: &LayerInfo) -> Array<B> {
        if let Some(same) = (self as &dyn Any).downcast_ref::<Array<B>>() {
            return same.clone();
        }
        let cast = elementwise("astype", &|_| {}, &[self], info, |program, x| {
            program.cast(A::DTYPE, B::DTYPE, x[0])
        });
        cast.unwrap_or_else(|error| unreachable!("one shape broadcasts with itself: {error}"))
    }
}

/// Two arrays as arrays of the type that numpy gives results of both; the table is at [`DType::promote`].
///
/// Operations take operands of one type, so this is how those of two begin:
///
/// ```
/// use dask_array::{Array, ndarray::arr1, promote};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[0.5, 1.5]), 1)?;
/// let n = Array::from_ndarray(arr1(&[1_i32, 2]), 1)?;
/// let (x, n) = promote(&x, &n);
/// assert_eq!((x + n).compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.5, 3.5]).into_dyn());
/// # Ok(())
/// # }
/// ```
///
/// [`DType::promote`]: crate::DType::promote
#[track_caller]
pub fn promote<A: Promote<B>, B: Element>(
    a: &Array<A>,
    b: &Array<B>,
) -> (Array<A::Output>, Array<A::Output>) {
    let info = LayerInfo::here();
    (a.cast(&info), b.cast(&info))
}
