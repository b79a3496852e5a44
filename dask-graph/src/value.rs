//! Values: computed results, shared, immutable and type-erased.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use crate::portable::{Blob, BlobError};

/// One computed result.
///
/// A value is shared and never changes. It knows its type's name, its size in bytes and, if it can leave
/// the process, how. When a value has one owner left, that owner may take the data out and reuse its
/// memory: schedulers promise to hand the last consumer of a result the last reference to it.
///
/// ```
/// use dask_graph::Value;
///
/// let value = Value::new(vec![1.0_f64, 2.0]);
/// assert_eq!(value.get::<Vec<f64>>().unwrap(), &[1.0, 2.0]);
/// assert_eq!(value.nbytes(), 16 + size_of::<Vec<f64>>() as u64);
/// let wrong = value.get::<String>().unwrap_err();
/// assert_eq!(wrong.to_string(), "expected a value of type alloc::string::String, got alloc::vec::Vec<f64>");
///
/// // The only owner takes the data itself.
/// let data = value.try_unwrap::<Vec<f64>>().unwrap();
/// assert_eq!(data, [1.0, 2.0]);
/// ```
#[derive(Clone)]
pub struct Value(Arc<dyn Slot>);

/// What a type says of itself beyond being data: its exact size, and how it leaves the process.
///
/// Types without this are values too ([`Value::new`]); their sizes are known for the standard library's
/// containers and taken as that of the bare struct otherwise.
///
/// ```
/// use dask_graph::{Payload, Value};
///
/// struct Tile(Box<[f32]>);
///
/// impl Payload for Tile {
///     fn nbytes(&self) -> u64 {
///         size_of_val(&*self.0) as u64
///     }
/// }
/// assert_eq!(Value::sized(Tile(vec![0.0; 256].into())).nbytes(), 1024);
/// ```
pub trait Payload: Send + Sync + Sized + 'static {
    /// The number of bytes that are freed when the value is dropped.
    fn nbytes(&self) -> u64;

    /// The value as a header and out-of-band buffers; `None` when it cannot leave the process.
    ///
    /// # Errors
    ///
    /// - When the value could leave the process in principle and this one could not be written.
    fn to_blob(&self) -> Option<Result<Blob, BlobError>> {
        None
    }

    /// Reads back what [`to_blob`](Self::to_blob) wrote; `None` when the type cannot enter a process.
    ///
    /// # Errors
    ///
    /// - When the header or the buffers are not what this type writes.
    fn from_blob(_blob: Blob) -> Option<Result<Self, BlobError>> {
        None
    }
}

impl Value {
    /// Makes a value of any type.
    pub fn new<T: Send + Sync + 'static>(data: T) -> Self {
        Self(Arc::new(Cell { data, abilities: &Plain::<T>::ABILITIES }))
    }

    /// Makes a value of a type that knows its size and how it leaves the process.
    pub fn sized<T: Payload>(data: T) -> Self {
        Self(Arc::new(Cell { data, abilities: &Rich::<T>::ABILITIES }))
    }

    /// The data, if it is of type `T`.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.0.data().downcast_ref()
    }

    /// Whether the data is of type `T`.
    pub fn is<T: 'static>(&self) -> bool {
        self.0.data().is::<T>()
    }

    /// The data as a `T`.
    ///
    /// # Errors
    ///
    /// - When the data is of another type; the error names both.
    pub fn get<T: 'static>(&self) -> Result<&T, TypeMismatch> {
        self.downcast_ref().ok_or_else(|| self.mismatch::<T>())
    }

    /// The data itself, when it is a `T` and this is its only owner.
    ///
    /// # Errors
    ///
    /// - The value, unchanged, when the data is of another type or has other owners.
    pub fn try_unwrap<T: Send + Sync + 'static>(self) -> Result<T, Self> {
        if !self.is::<T>() || Arc::strong_count(&self.0) != 1 {
            return Err(self);
        }
        match self.0.into_any().downcast::<Cell<T>>().map(Arc::try_unwrap) {
            Ok(Ok(cell)) => Ok(cell.data),
            // Someone cloned it since: cannot happen without another owner to clone from.
            Ok(Err(shared)) => Err(Self(shared)),
            Err(_) => unreachable!("the type was checked above"),
        }
    }

    /// The data itself: moved out when this is its only owner, cloned otherwise.
    ///
    /// # Errors
    ///
    /// - When the data is of another type; the error names both.
    pub fn into_inner<T: Clone + Send + Sync + 'static>(self) -> Result<T, TypeMismatch> {
        self.try_unwrap().or_else(|shared| shared.get::<T>().cloned())
    }

    /// The name of the data's type.
    pub fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    /// The size of the data in bytes, for memory accounts.
    pub fn nbytes(&self) -> u64 {
        self.0.nbytes()
    }

    /// The value as a header and out-of-band buffers; `None` when it cannot leave the process.
    ///
    /// # Errors
    ///
    /// - When the value could leave the process in principle and this one could not be written.
    pub fn to_blob(&self) -> Option<Result<Blob, BlobError>> {
        self.0.to_blob()
    }

    /// Whether both are the same piece of memory.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn mismatch<T>(&self) -> TypeMismatch {
        TypeMismatch { expected: type_name::<T>(), got: self.type_name() }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.type_name())
    }
}

/// A value of one type where another was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a value of type {expected}, got {got}")]
pub struct TypeMismatch {
    /// The type that was asked for.
    pub expected: &'static str,
    /// The type that the value has.
    pub got: &'static str,
}

/// What an op receives for an argument that is a list: the values of its items, in order.
#[derive(Debug, Clone, Default)]
pub struct List(pub Vec<Value>);

impl List {
    /// The items.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.iter()
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The items as values of their own.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }
}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Payload for List {
    fn nbytes(&self) -> u64 {
        self.iter().map(Value::nbytes).sum()
    }
}

/// The object behind a [`Value`]: data and the functions that its type offers.
struct Cell<T: 'static> {
    data: T,
    abilities: &'static Abilities<T>,
}

struct Abilities<T: 'static> {
    nbytes: fn(&T) -> u64,
    to_blob: fn(&T) -> Option<Result<Blob, BlobError>>,
}

struct Plain<T>(T);

impl<T: 'static> Plain<T> {
    const ABILITIES: Abilities<T> = Abilities { nbytes: |data| guess_nbytes(data), to_blob: |_| None };
}

struct Rich<T>(T);

impl<T: Payload> Rich<T> {
    const ABILITIES: Abilities<T> = Abilities { nbytes: T::nbytes, to_blob: T::to_blob };
}

trait Slot: Send + Sync {
    fn data(&self) -> &dyn Any;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn type_name(&self) -> &'static str;
    fn nbytes(&self) -> u64;
    fn to_blob(&self) -> Option<Result<Blob, BlobError>>;
}

impl<T: Send + Sync + 'static> Slot for Cell<T> {
    fn data(&self) -> &dyn Any {
        &self.data
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }

    fn nbytes(&self) -> u64 {
        (self.abilities.nbytes)(&self.data)
    }

    fn to_blob(&self) -> Option<Result<Blob, BlobError>> {
        (self.abilities.to_blob)(&self.data)
    }
}

/// The size of a value whose type says nothing: known for the usual containers, the struct's otherwise.
fn guess_nbytes<T: 'static>(data: &T) -> u64 {
    macro_rules! heap_of_vecs {
        ($($t:ty),+) => {$(
            if TypeId::of::<T>() == TypeId::of::<Vec<$t>>() {
                return (data as &dyn Any).downcast_ref::<Vec<$t>>().map_or(0, |v| size_of_val(&v[..]));
            }
        )+};
    }
    let heap = || -> usize {
        heap_of_vecs!(f64, f32, i64, i32, u64, u32, i8, u8, i16, u16, usize, bool);
        let data: &dyn Any = data;
        if let Some(text) = data.downcast_ref::<String>() {
            text.len()
        } else if let Some(texts) = data.downcast_ref::<Vec<String>>() {
            texts.iter().map(|t| t.len() + size_of::<String>()).sum()
        } else {
            0
        }
    };
    (size_of::<T>() + heap()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_value_is_not_unwrapped_but_cloned() {
        let value = Value::new(String::from("x"));
        let other = value.clone();
        let value = value.try_unwrap::<String>().unwrap_err();
        assert_eq!(value.into_inner::<String>().unwrap(), "x");
        // `other` is now alone.
        assert_eq!(other.try_unwrap::<String>().unwrap(), "x");
    }

    #[test]
    fn the_only_owner_keeps_the_address() {
        let data = vec![1_u8; 100];
        let address = data.as_ptr();
        let data = Value::new(data).into_inner::<Vec<u8>>().unwrap();
        assert_eq!(data.as_ptr(), address);
    }

    #[test]
    fn a_wrong_type_gives_the_value_back() {
        let value = Value::new(1_i64).try_unwrap::<u8>().unwrap_err();
        assert_eq!(value.into_inner::<i64>().unwrap(), 1);
    }

    #[test]
    fn sizes_of_lists_are_sums() {
        let list = List(vec![Value::new(1_i64), Value::new(vec![0_u8; 10])]);
        assert_eq!(Value::sized(list).nbytes(), 8 + 10 + 24);
    }
}
