//! Changing the element type.

use dask_graph::LayerInfo;

use super::Array;
use super::elementwise::elementwise;
use crate::element::Element;

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
        let info = LayerInfo::here();
        let cast = elementwise("astype", &|_| {}, &[self], &info, |program, x| {
            program.cast(A::DTYPE, B::DTYPE, x[0])
        });
        cast.unwrap_or_else(|error| unreachable!("one shape broadcasts with itself: {error}"))
    }
}
