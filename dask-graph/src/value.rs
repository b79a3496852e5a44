//! Values: computed results, shared, immutable and type-erased.

pub(crate) mod standard;

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use crate::portable::{Blob, BlobError, BlobReader, ReadBlob};

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
/// Types without this are values too ([`Value::new`]); of numbers, `String` and vectors of these both are
/// known, and of other types the size is taken as that of the bare struct, and they stay in the process unless
/// [`make_portable`](crate::make_portable) told how they leave.
///
/// ```
/// use dask_graph::{Blob, BlobError, BlobReader, Payload, Value};
///
/// #[derive(Debug, PartialEq)]
/// struct Tile(Vec<u8>);
///
/// impl Payload for Tile {
///     fn nbytes(&self) -> u64 {
///         self.0.len() as u64
///     }
///     fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
///         Some(Ok(Blob { header: vec![], buffers: vec![(&self.0).into()] }))
///     }
///     fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
///         reader.next_buffer().map(Tile).map_err(BlobError::of::<Self>)
///     }
/// }
///
/// let tile = Value::sized(Tile(vec![7; 256]));
/// assert_eq!(tile.nbytes(), 256);
///
/// // What a scheduler does that spills it, with a file in place of `bytes`.
/// let mut bytes = Vec::new();
/// let (blob, read) = tile.to_blob().expect("tiles can leave the process")?;
/// blob.write_to(&mut bytes)?;
/// let again = read(&mut BlobReader::new(&mut &bytes[..])?)?;
/// assert_eq!(again.get::<Tile>(), tile.get::<Tile>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Payload: Send + Sync + Sized + 'static {
    /// The number of bytes that are freed when the value is dropped.
    fn nbytes(&self) -> u64;

    /// The value as a header and out-of-band buffers; `None` when it cannot leave the process.
    ///
    /// # Errors
    ///
    /// - When the value could leave the process in principle and this one could not be written.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        None
    }

    /// Reads back what [`to_blob`](Self::to_blob) wrote.
    ///
    /// # Errors
    ///
    /// - When reading fails, or the header or the buffers are not what this type writes.
    /// - Always, unless the type says otherwise: values stay in their process.
    fn from_blob(_reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        Err(BlobError::of::<Self>(standard::NO_WAY_BACK))
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

    /// The value as a header and out-of-band buffers, with the function that reads such a value back; `None`
    /// when it cannot leave the process.
    ///
    /// # Errors
    ///
    /// - When the value could leave the process in principle and this one could not be written.
    pub fn to_blob(&self) -> Option<Result<(Blob<'_>, ReadBlob), BlobError>> {
        self.0.to_blob()
    }

    /// Whether somebody else has the value, too: dropping it would not free its memory.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Whether both are the same piece of memory.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where the value lies in memory: the same for all its clones, and its own for as long as one of them
    /// lives. For tables in which values are found by what they are, not by what they say.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
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
    to_blob: fn(&T) -> Option<Result<Blob<'_>, BlobError>>,
    from_blob: ReadBlob,
}

struct Plain<T>(T);

impl<T: Send + Sync + 'static> Plain<T> {
    const ABILITIES: Abilities<T> = Abilities {
        nbytes: standard::nbytes,
        to_blob: standard::to_blob,
        from_blob: |reader| standard::from_blob::<T>(reader).map(Value::new),
    };
}

struct Rich<T>(T);

impl<T: Payload> Rich<T> {
    const ABILITIES: Abilities<T> = Abilities {
        nbytes: T::nbytes,
        to_blob: T::to_blob,
        from_blob: |reader| T::from_blob(reader).map(Value::sized),
    };
}

trait Slot: Send + Sync {
    fn data(&self) -> &dyn Any;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn type_name(&self) -> &'static str;
    fn nbytes(&self) -> u64;
    fn to_blob(&self) -> Option<Result<(Blob<'_>, ReadBlob), BlobError>>;
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

    fn to_blob(&self) -> Option<Result<(Blob<'_>, ReadBlob), BlobError>> {
        let Abilities { to_blob, from_blob, .. } = self.abilities;
        Some(to_blob(&self.data)?.map(|blob| (blob, *from_blob)))
    }
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
    fn clones_have_one_address_and_others_another() {
        let [a, b] = [Value::new(()), Value::new(())];
        assert_eq!(a.address(), a.clone().address());
        assert_ne!(a.address(), b.address());
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
