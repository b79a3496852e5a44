//! Masked arrays: arrays of which some elements do not count (`numpy.ma`, `dask.array.ma`).
//!
//! A [`MaskedArray`] is two arrays of one shape: the elements, and for each whether it is masked. What is done to it is
//! done to these two, block by block and fused like all elementwise work, so it is as lazy and as fast as they are.
//!
//! ```
//! use dask_array::{Array, masked, ndarray::{arr0, arr1}};
//! use dask_graph::Collection;
//! use dask_sched_sync::Sync;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let x = Array::from_ndarray(arr1(&[1.0, -999.0, 3.0, f64::NAN]), 2)?;
//! let x = masked::masked_equal(&x, -999.0).or(&x.is_nan())?;
//! let mean = x.mean(..)?.compute_with(&Sync::new())?;
//! assert_eq!(mean.filled(), arr0(2.0).into_dyn());
//! assert_eq!((&x * 10.0).compute_with(&Sync::new())?.to_string(), "[10, --, 30, --]");
//! # Ok(())
//! # }
//! ```

mod elements;
mod making;
mod operators;
mod reductions;

use std::fmt;

use dask_graph::{Collection, ComputeError, Graph, Key, LayerInfo, Name, Value};

pub use self::elements::MaskedElements;
pub use self::making::{
    masked_equal, masked_greater, masked_greater_equal, masked_inside, masked_invalid, masked_less,
    masked_less_equal, masked_not_equal, masked_outside, masked_values, masked_where,
};
use crate::array::{Array, SliceIndex, where_};
use crate::chunks::{Chunks, IntoChunks};
use crate::element::{DType, Element, Scalar};
use crate::error::ArrayError;

/// An array of which some elements do not count.
#[derive(Clone)]
pub struct MaskedArray<A: Element> {
    data: Array<A>,
    /// Cut as the data.
    mask: Array<bool>,
    fill_value: A,
    /// Of both.
    graph: Graph,
}

impl<A: Element> MaskedArray<A> {
    /// The array with these elements, masked where `mask` is true (`numpy.ma.array`, `dask.array.ma.masked_array`).
    ///
    /// # Errors
    ///
    /// - When the mask does not broadcast to the shape of the data.
    #[track_caller]
    pub fn new(data: Array<A>, mask: &Array<bool>) -> Result<Self, ArrayError> {
        let mask = mask.broadcast_to(data.shape())?.rechunk(data.chunks())?;
        let graph = Graph::merge([data.graph(), mask.graph()]);
        Ok(Self { data, mask, fill_value: default_fill_value(), graph })
    }

    /// The elements, those that are masked among them (`getdata`).
    pub fn data(&self) -> &Array<A> {
        &self.data
    }

    /// Where elements are masked (`getmaskarray`).
    pub fn mask(&self) -> &Array<bool> {
        &self.mask
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.data.shape()
    }

    /// How the array is cut into blocks.
    pub fn chunks(&self) -> &Chunks {
        self.data.chunks()
    }

    /// What stands for masked elements where they are to be filled in. As in numpy it is 10²⁰ (for integers 999 999,
    /// wrapped to the type; for `bool` true) until it is set.
    pub fn fill_value(&self) -> A {
        self.fill_value
    }

    /// The same array with another fill value (`set_fill_value`).
    #[must_use]
    pub fn with_fill_value(self, fill_value: A) -> Self {
        Self { fill_value, ..self }
    }

    /// The array with its fill value in place of masked elements (`filled`).
    #[must_use]
    #[track_caller]
    pub fn filled(&self) -> Array<A> {
        self.filled_with(self.fill_value)
    }

    /// The array with a number in place of masked elements.
    #[must_use]
    #[track_caller]
    pub fn filled_with(&self, number: A) -> Array<A> {
        let filled = where_(&self.mask, number, &self.data);
        filled.unwrap_or_else(|error| unreachable!("data and mask have one shape: {error}"))
    }

    /// Masks more elements: also those where `mask` is true.
    ///
    /// # Errors
    ///
    /// - When the mask does not broadcast to the shape of the data.
    #[track_caller]
    pub fn or(&self, mask: &Array<bool>) -> Result<Self, ArrayError> {
        let mask = self.mask.logical_or(&mask.broadcast_to(self.shape())?)?;
        Ok(Self::new(self.data.clone(), &mask)?.with_fill_value(self.fill_value))
    }

    /// Applies an elementwise expression to the elements; what was masked stays so.
    ///
    /// # Errors
    ///
    /// - When the expression's result has a shape that the mask does not broadcast to.
    #[track_caller]
    pub fn map<B: Element>(
        &self,
        expression: impl FnOnce(&Array<A>) -> Array<B>,
    ) -> Result<MaskedArray<B>, ArrayError> {
        MaskedArray::new(expression(&self.data), &self.mask)
    }

    /// Applies an elementwise expression to the elements of two arrays; what is masked in either is masked.
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast, or `expression` fails.
    #[track_caller]
    pub fn try_zip_with<B: Element, C: Element>(
        &self,
        other: &MaskedArray<B>,
        expression: impl FnOnce(&Array<A>, &Array<B>) -> Result<Array<C>, ArrayError>,
    ) -> Result<MaskedArray<C>, ArrayError> {
        MaskedArray::new(expression(&self.data, &other.data)?, &self.mask.logical_or(&other.mask)?)
    }

    /// Chooses elements, masks and all, from one array or the other (`where`).
    ///
    /// # Errors
    ///
    /// - When the shapes do not broadcast.
    #[track_caller]
    pub fn choose(condition: &Array<bool>, a: &Self, b: &Self) -> Result<Self, ArrayError> {
        Self::new(where_(condition, &a.data, &b.data)?, &where_(condition, &a.mask, &b.mask)?)
    }

    /// A part of the array; see [`Array::slice`].
    ///
    /// # Errors
    ///
    /// - As [`Array::slice`].
    #[track_caller]
    pub fn slice(&self, index: impl SliceIndex) -> Result<Self, ArrayError> {
        let index = index.elems();
        self.moved(self.data.slice(index.clone())?, &self.mask.slice(index)?)
    }

    /// The elements in another shape; see [`Array::reshape`].
    ///
    /// # Errors
    ///
    /// - As [`Array::reshape`].
    #[track_caller]
    pub fn reshape(&self, shape: &[isize]) -> Result<Self, ArrayError> {
        self.moved(self.data.reshape(shape)?, &self.mask.reshape(shape)?)
    }

    /// The array cut into other blocks; see [`Array::rechunk`].
    ///
    /// # Errors
    ///
    /// - As [`Array::rechunk`].
    #[track_caller]
    pub fn rechunk(&self, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        self.moved(self.data.rechunk(chunks)?, &self.mask)
    }

    /// The array with its axes in reverse order.
    #[must_use]
    #[track_caller]
    pub fn t(&self) -> Self {
        let turned = self.moved(self.data.t(), &self.mask.t());
        turned.unwrap_or_else(|error| unreachable!("data and mask have one shape: {error}"))
    }

    /// The same elements in other places.
    fn moved(&self, data: Array<A>, mask: &Array<bool>) -> Result<Self, ArrayError> {
        Ok(Self::new(data, mask)?.with_fill_value(self.fill_value))
    }
}

impl<A: Element> From<Array<A>> for MaskedArray<A> {
    /// The array with nothing masked.
    #[track_caller]
    fn from(data: Array<A>) -> Self {
        let mask = Array::full_cut(false, data.chunks().clone(), &LayerInfo::here());
        let graph = Graph::merge([data.graph(), mask.graph()]);
        Self { data, mask, fill_value: default_fill_value(), graph }
    }
}

/// numpy's `default_fill_value`.
fn default_fill_value<A: Element>() -> A {
    let scalar = match A::DTYPE {
        DType::Bool => Scalar::Bool(true),
        DType::F16 | DType::F32 | DType::F64 | DType::C64 | DType::C128 => Scalar::F64(1e20),
        _ => Scalar::I64(999_999),
    };
    A::from_scalar(scalar)
}

impl<A: Element> Collection for MaskedArray<A> {
    type Output = MaskedElements<A>;

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = self.data.keys();
        keys.extend(self.mask.keys());
        keys
    }

    fn finish(&self, mut values: Vec<Value>) -> Result<MaskedElements<A>, ComputeError> {
        let mask = values.split_off(values.len() / 2);
        let (data, mask) = (self.data.finish(values)?, self.mask.finish(mask)?);
        Ok(MaskedElements { data, mask, fill_value: self.fill_value })
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        let data = self.data.rebuild(graph.clone(), rename);
        let mask = self.mask.rebuild(graph.clone(), rename);
        Self { data, mask, fill_value: self.fill_value, graph }
    }
}

impl<A: Element> fmt::Debug for MaskedArray<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedArray")
            .field("data", &self.data)
            .field("mask", &self.mask)
            .field("fill_value", &self.fill_value)
            .finish()
    }
}
