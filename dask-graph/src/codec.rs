//! Codecs: how data of types that this crate does not know goes to bytes and back.
//!
//! A value of any type can be made without a word about how it leaves the process, and Rust has no way to ask
//! a type later whether it is `Serialize`. So types are told here, once each, and found again by their id:
//! [`make_portable`] tells of a type that has serde's traits, [`make_pair_portable`] and [`make_list_portable`]
//! of types that are made of others, whatever is told of those and when. Worker processes are told the same
//! ([`portable_types`]).

use std::any::{Any, TypeId, type_name};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How a `T` goes to bytes and back.
///
/// ```
/// use dask_graph::Codec;
///
/// let codec = Codec::<(String, u64)>::of().expect("pairs of text and numbers are known");
/// let mut bytes = Vec::new();
/// codec.encode(&("a".to_owned(), 7), &mut bytes)?;
/// assert_eq!(codec.decode(&mut &bytes[..])?, ("a".to_owned(), 7));
/// assert!(codec.decode(&mut &bytes[1..]).is_err());
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct Codec<T> {
    encode: Box<Encode<T>>,
    decode: Box<Decode<T>>,
}

type Encode<T> = dyn Fn(&T, &mut Vec<u8>) -> Result<(), CodecError> + Send + Sync;
type Decode<T> = dyn Fn(&mut &[u8]) -> Result<T, CodecError> + Send + Sync;

/// Why data could not be written or read.
pub type CodecError = Box<dyn Error + Send + Sync>;

/// Memory that what is read may claim.
const LIMIT: usize = 1 << 32;

/// How all that goes through serde is written.
pub(crate) const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Fixint,
    bincode::config::Limit<LIMIT>,
> = bincode::config::standard().with_fixed_int_encoding().with_limit::<LIMIT>();

impl<T: Send + Sync + 'static> Codec<T> {
    /// The codec of the type, if it is known: numbers, `bool`, `char`, `String`, `&'static str`, `()`, pairs and
    /// vectors of the most common of these, and all types that were told.
    pub fn of() -> Option<Self> {
        usual().or_else(|| {
            let types = TYPES.read().unwrap_or_else(PoisonError::into_inner);
            let make = *types.get(&TypeId::of::<T>())?.make.downcast_ref::<fn() -> Option<Self>>()?;
            // The codecs of parts are looked up as well.
            drop(types);
            make()
        })
    }

    /// A codec of two functions.
    pub fn new(
        encode: impl Fn(&T, &mut Vec<u8>) -> Result<(), CodecError> + Send + Sync + 'static,
        decode: impl Fn(&mut &[u8]) -> Result<T, CodecError> + Send + Sync + 'static,
    ) -> Self {
        Self { encode: Box::new(encode), decode: Box::new(decode) }
    }

    /// Appends `data` to `bytes`.
    ///
    /// # Errors
    ///
    /// - When the type's own `Serialize` fails.
    pub fn encode(&self, data: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        (self.encode)(data, bytes)
    }

    /// Reads from the head of `bytes`, which then begin after what was read.
    ///
    /// # Errors
    ///
    /// - When the bytes are not what [`encode`](Self::encode) writes.
    pub fn decode(&self, bytes: &mut &[u8]) -> Result<T, CodecError> {
        (self.decode)(bytes)
    }

    fn of_serde() -> Option<Self>
    where
        T: Serialize + DeserializeOwned,
    {
        Some(Self::new(
            |data, bytes| Ok(bincode::serde::encode_into_std_write(data, bytes, CONFIG).map(drop)?),
            |bytes| {
                let (data, length) = bincode::serde::decode_from_slice(bytes, CONFIG)?;
                *bytes = &bytes[length..];
                Ok(data)
            },
        ))
    }
}

impl<A: Send + Sync + 'static, B: Send + Sync + 'static> Codec<(A, B)> {
    /// The codec of pairs, provided that both parts have one.
    pub fn of_pair() -> Option<Self> {
        let (a, b) = (Codec::<A>::of()?, Codec::<B>::of()?);
        let (encode_a, encode_b) = (a.encode, b.encode);
        Some(Self::new(
            move |(x, y), bytes| {
                encode_a(x, bytes)?;
                encode_b(y, bytes)
            },
            move |bytes| Ok(((a.decode)(bytes)?, (b.decode)(bytes)?)),
        ))
    }
}

impl<T: Send + Sync + 'static> Codec<Vec<T>> {
    /// The codec of vectors, provided that their items have one.
    pub fn of_list() -> Option<Self> {
        let Codec { encode, decode } = Codec::<T>::of()?;
        Some(Self::new(
            move |list: &Vec<T>, bytes| {
                bytes.extend_from_slice(&(list.len() as u64).to_ne_bytes());
                list.iter().try_for_each(|item| encode(item, bytes))
            },
            move |bytes| {
                let length = u64::from_ne_bytes(*bytes.split_off_chunk()?);
                // No memory is taken on the word of a length alone.
                let mut list = Vec::with_capacity(length.min(bytes.len() as u64) as usize);
                for _ in 0..length {
                    list.push(decode(bytes)?);
                }
                Ok(list)
            },
        ))
    }
}

impl<T: Send + Sync + 'static> Codec<Option<T>> {
    /// The codec of what may be there, provided that it has one.
    pub fn of_option() -> Option<Self> {
        let Codec { encode, decode } = Codec::<T>::of()?;
        Some(Self::new(
            move |data, bytes| {
                bytes.push(u8::from(data.is_some()));
                data.iter().try_for_each(|data| encode(data, bytes))
            },
            move |bytes| match bytes.split_off_chunk()? {
                [0] => Ok(None),
                [1] => decode(bytes).map(Some),
                _ => Err("something is neither there nor not".into()),
            },
        ))
    }
}

impl<T> fmt::Debug for Codec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Codec<{}>", type_name::<T>())
    }
}

/// Lets values of type `T`, and vectors of them, leave the process, encoded with bincode.
///
/// To be called once for a type, before values of it have to leave; best at the beginning of `main`. Calling
/// it again changes nothing.
///
/// ```
/// use dask_graph::{Value, make_portable};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Flight {
///     carrier: String,
///     delay: i64,
/// }
///
/// let flight = Value::new(Flight { carrier: "UA".into(), delay: 7 });
/// assert!(flight.to_blob().is_none());
/// make_portable::<Flight>();
/// assert!(flight.to_blob().is_some());
/// ```
pub fn make_portable<T: Serialize + DeserializeOwned + Send + Sync + 'static>() {
    tell::<T>(Codec::of_serde, make_portable::<T>);
    make_list_portable::<T>();
}

/// How a `T` goes to bytes and back, for types whose own way through serde will not do.
pub trait Encoding<T>: 'static {
    /// The codec.
    fn codec() -> Codec<T>;
}

/// Lets values of type `T`, and vectors of them, leave the process, in an encoding of one's own.
///
/// ```
/// use std::cmp::Ordering;
///
/// use dask_graph::{Codec, Encoding, Value, make_portable_by};
///
/// /// Not our type, and without serde's traits.
/// struct AsByte;
///
/// impl Encoding<Ordering> for AsByte {
///     fn codec() -> Codec<Ordering> {
///         Codec::new(
///             |order, bytes| Ok(bytes.push(*order as u8)),
///             |bytes| {
///                 let (byte, rest) = bytes.split_first().ok_or("a byte is missing")?;
///                 *bytes = rest;
///                 Ok(byte.cast_signed().cmp(&0))
///             },
///         )
///     }
/// }
///
/// let less = Value::new(1.cmp(&2));
/// assert!(less.to_blob().is_none());
/// make_portable_by::<Ordering, AsByte>();
/// assert!(less.to_blob().is_some());
/// assert_eq!(Codec::<Vec<Ordering>>::of().unwrap().decode(&mut &[1, 0, 0, 0, 0, 0, 0, 0, 255][..])?, [Ordering::Less]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub fn make_portable_by<T: Send + Sync + 'static, E: Encoding<T>>() {
    tell::<T>(|| Some(E::codec()), make_portable_by::<T, E>);
    make_list_portable::<T>();
}

/// Lets pairs of `A` and `B`, and vectors of them, leave the process, provided that both can by the time.
pub fn make_pair_portable<A: Send + Sync + 'static, B: Send + Sync + 'static>() {
    tell::<(A, B)>(Codec::of_pair, make_pair_portable::<A, B>);
    make_list_portable::<(A, B)>();
}

/// Lets vectors of `T` leave the process, provided that `T` can by the time.
pub fn make_list_portable<T: Send + Sync + 'static>() {
    tell::<Vec<T>>(Codec::of_list, make_list_portable::<T>);
}

/// Lets a `T` that may be there or not leave the process, provided that `T` can by the time.
pub fn make_option_portable<T: Send + Sync + 'static>() {
    tell::<Option<T>>(Codec::of_option, make_option_portable::<T>);
}

/// Returns the functions by which types were told: to be called in every process that shall know them, too.
pub fn portable_types() -> Vec<fn()> {
    let types = TYPES.read().unwrap_or_else(PoisonError::into_inner);
    types.values().map(|known| known.tell).collect()
}

/// What is known of a type.
struct Known {
    /// A `fn() -> Option<Codec<T>>`.
    make: Box<dyn Any + Send + Sync>,
    /// What told it.
    tell: fn(),
}

static TYPES: LazyLock<RwLock<HashMap<TypeId, Known>>> = LazyLock::new(|| RwLock::new(pairs()));

fn tell<T: Send + Sync + 'static>(make: fn() -> Option<Codec<T>>, tell: fn()) {
    let mut types = TYPES.write().unwrap_or_else(PoisonError::into_inner);
    types.entry(TypeId::of::<T>()).or_insert_with(|| Known { make: Box::new(make), tell });
}

/// The pairs of common types: what maps and counts of bags give.
fn pairs() -> HashMap<TypeId, Known> {
    let mut types = HashMap::new();
    fn add<A: Send + Sync + 'static, B: Send + Sync + 'static>(types: &mut HashMap<TypeId, Known>) {
        let (pair, list): (fn() -> Option<Codec<(A, B)>>, fn() -> Option<Codec<Vec<(A, B)>>>) =
            (Codec::of_pair, Codec::of_list);
        let tell = make_pair_portable::<A, B>;
        types.insert(TypeId::of::<(A, B)>(), Known { make: Box::new(pair), tell });
        types.insert(TypeId::of::<Vec<(A, B)>>(), Known { make: Box::new(list), tell });
    }
    macro_rules! all {
        ($($a:ty),*) => { $(all!(@ $a: String, &'static str, i64, u64, usize, f64, i32, bool);)* };
        (@ $a:ty: $($b:ty),*) => { $(add::<$a, $b>(&mut types);)* };
    }
    all!(String, &'static str, i64, u64, usize, f64, i32, bool);
    types
}

/// The codec of a type that is always known.
fn usual<T: 'static>() -> Option<Codec<T>> {
    fn the<S: 'static, T: 'static>(codec: Codec<S>) -> Option<Codec<T>> {
        let codec: Box<dyn Any> = Box::new(codec);
        codec.downcast().map(|codec| *codec).ok()
    }
    macro_rules! numbers {
        ($($S:ty),+) => {$(
            if TypeId::of::<T>() == TypeId::of::<$S>() {
                let write = |x: &$S, bytes: &mut Vec<u8>| { bytes.extend_from_slice(&x.to_ne_bytes()); Ok(()) };
                return the(Codec::<$S>::new(write, |bytes| Ok(<$S>::from_ne_bytes(*bytes.split_off_chunk()?))));
            }
        )+};
    }
    macro_rules! by_serde {
        ($($S:ty),+) => {$(
            if TypeId::of::<T>() == TypeId::of::<$S>() {
                return the(Codec::<$S>::of_serde()?);
            }
        )+};
    }
    numbers!(i64, f64, u64, usize, i32, f32, u32, i16, u16, i8, u8, isize, i128, u128);
    by_serde!(String, bool, char, ());
    by_serde!(Vec<String>, Vec<i64>, Vec<u64>, Vec<usize>, Vec<f64>, Vec<i32>, Vec<u8>, Vec<bool>);
    by_serde!(Reverse<String>, Reverse<i64>, Reverse<u64>, Reverse<usize>, Reverse<i32>);
    if TypeId::of::<T>() == TypeId::of::<&'static str>() {
        return the(literals());
    }
    None
}

/// The codec of texts that stand in the program. What is read is kept for good, once for each text.
fn literals() -> Codec<&'static str> {
    static READ: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let encode = |text: &&'static str, bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(&(text.len() as u64).to_ne_bytes());
        bytes.extend_from_slice(text.as_bytes());
        Ok(())
    };
    Codec::new(encode, |bytes| {
        let length = usize::try_from(u64::from_ne_bytes(*bytes.split_off_chunk()?))?;
        let text = str::from_utf8(bytes.split_off(..length).ok_or("the bytes end too soon")?)?;
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(text) {
            return Ok(*known);
        }
        let text: &'static str = Box::leak(text.into());
        read.insert(text);
        Ok(text)
    })
}

/// Taking numbers off the head of a slice.
trait SplitOffChunk<'a> {
    fn split_off_chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], CodecError>;
}

impl<'a> SplitOffChunk<'a> for &'a [u8] {
    fn split_off_chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], CodecError> {
        let (chunk, rest) = self.split_first_chunk().ok_or("the bytes end too soon")?;
        *self = rest;
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn again<T: Send + Sync + 'static>(data: &T) -> T {
        let codec = Codec::of().expect("the type is known");
        let mut bytes = Vec::new();
        codec.encode(data, &mut bytes).unwrap();
        let mut rest = &bytes[..];
        let data = codec.decode(&mut rest).unwrap();
        assert!(rest.is_empty());
        data
    }

    proptest! {
        #[test]
        fn pairs_come_back(pairs in proptest::collection::vec((".{0,9}", any::<u64>()), 0..20)) {
            prop_assert_eq!(again(&pairs), pairs);
        }

        /// Whatever the bytes are, the end is a list or an error.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            drop(Codec::<Vec<(String, i64)>>::of().unwrap().decode(&mut &bytes[..]));
        }
    }

    #[test]
    fn a_pair_is_known_when_its_parts_are() {
        #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
        struct Mine(Option<i32>);
        assert!(Codec::<Mine>::of().is_none());
        make_pair_portable::<Mine, u8>();
        assert!(Codec::<(Mine, u8)>::of().is_none());
        make_portable::<Mine>();
        assert_eq!(again(&vec![(Mine(Some(1)), 2_u8)]), [(Mine(Some(1)), 2)]);
        assert!(portable_types().len() > 2);
    }

    #[test]
    fn the_usual_types_come_back() {
        make_option_portable::<String>();
        assert_eq!(again(&Some("a".to_owned())), Some("a".to_owned()));
        assert_eq!(again(&None::<String>), None);
        assert_eq!(again(&-1_i8), -1);
        assert_eq!(again(&'ß'), 'ß');
        assert!(again(&true));
        again(&());
        let (one, two) = (again(&"literal"), again(&"literal"));
        assert!(one == "literal" && std::ptr::eq(one, two));
        assert!(Codec::<&'static str>::of().unwrap().decode(&mut &[255_u8; 12][..]).is_err());
    }
}
