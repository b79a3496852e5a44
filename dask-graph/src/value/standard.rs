//! What is known of the standard library's types: their sizes, and how they leave the process.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::io;

use crate::codec::Codec;
use crate::portable::{Blob, BlobError, BlobReader};

/// The size of data whose type says nothing: known for the types of this module, the struct's otherwise.
pub(super) fn nbytes<T: 'static>(data: &T) -> u64 {
    let heap = || {
        for_standard!(T, S => return the::<T, S>(data).map_or(0, S::heap_nbytes));
        0
    };
    (size_of::<T>() + heap()) as u64
}

/// The blob of data of a type of this module, or of one that has a codec; `None` for others.
pub(crate) fn to_blob<T: Send + Sync + 'static>(data: &T) -> Option<Result<Blob<'_>, BlobError>> {
    for_standard!(T, S => return the::<T, S>(data).map(|data| Ok(data.to_blob())));
    let mut bytes = Vec::new();
    let encoded = Codec::of()?.encode(data, &mut bytes);
    let blob = || Blob { header: vec![], buffers: vec![bytes.into()] };
    Some(encoded.map(|()| blob()).map_err(BlobError::of::<T>))
}

/// Reads data of a type of this module back.
pub(crate) fn from_blob<T: Send + Sync + 'static>(reader: &mut BlobReader<'_>) -> Result<T, BlobError> {
    for_standard!(T, S => {
        let read: Box<dyn Any> = Box::new(S::from_blob(reader).map_err(BlobError::of::<T>)?);
        return read.downcast().map(|data| *data).map_err(|_| BlobError::of::<T>(NO_WAY_BACK));
    });
    let codec = Codec::of().ok_or_else(|| BlobError::of::<T>(NO_WAY_BACK))?;
    let bytes = reader.next_buffer::<u8>().map_err(BlobError::of::<T>)?;
    codec.decode(&mut &bytes[..]).map_err(BlobError::of::<T>)
}

/// Why a type that says nothing of blobs cannot be read from one.
pub(super) const NO_WAY_BACK: &str = "values of this type stay in their process";

/// A type that is known here.
trait Standard: Sized + 'static {
    /// The bytes beyond the struct itself.
    fn heap_nbytes(&self) -> usize;
    fn to_blob(&self) -> Blob<'_>;
    fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self>;
}

/// Runs `$body` with `$S` standing for the type `$T`, if that is one of the known: the one list of them.
macro_rules! for_standard {
    ($T:ty, $S:ident => $body:expr) => {
        for_standard!(@ $T, $S => $body; f64, f32, i64, i32, i16, i8, isize, u64, u32, u16, u8, usize, bool,
            Vec<f64>, Vec<f32>, Vec<i64>, Vec<i32>, Vec<i16>, Vec<i8>, Vec<isize>,
            Vec<u64>, Vec<u32>, Vec<u16>, Vec<u8>, Vec<usize>, Vec<bool>, String, Vec<String>)
    };
    (@ $T:ty, $S:ident => $body:expr; $($known:ty),+) => {
        $(if TypeId::of::<$T>() == TypeId::of::<$known>() {
            type $S = $known;
            $body
        })+
    };
}
use for_standard;

/// `data` as the type that it is.
fn the<T: 'static, S: 'static>(data: &T) -> Option<&S> {
    (data as &dyn Any).downcast_ref()
}

macro_rules! numbers {
    ($($T:ty),+) => {$(
        impl Standard for $T {
            fn heap_nbytes(&self) -> usize {
                0
            }
            fn to_blob(&self) -> Blob<'_> {
                Blob { header: self.to_ne_bytes().into(), buffers: vec![] }
            }
            fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self> {
                Ok(Self::from_ne_bytes(reader.header().try_into().map_err(invalid)?))
            }
        }

        impl Standard for Vec<$T> {
            fn heap_nbytes(&self) -> usize {
                size_of_val(&self[..])
            }
            fn to_blob(&self) -> Blob<'_> {
                Blob { header: vec![], buffers: vec![bytemuck::cast_slice(self).into()] }
            }
            fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self> {
                reader.next_buffer()
            }
        }
    )+};
}
numbers!(f64, f32, i64, i32, i16, i8, isize, u64, u32, u16, u8, usize);

impl Standard for bool {
    fn heap_nbytes(&self) -> usize {
        0
    }
    fn to_blob(&self) -> Blob<'_> {
        Blob { header: vec![u8::from(*self)], buffers: vec![] }
    }
    fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        Ok(reader.header() == [1])
    }
}

impl Standard for Vec<bool> {
    fn heap_nbytes(&self) -> usize {
        self.len()
    }
    fn to_blob(&self) -> Blob<'_> {
        Blob { header: vec![], buffers: vec![bytemuck::cast_slice(self).into()] }
    }
    fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        // Of one size with what it is made of: collected in place.
        Ok(reader.next_buffer::<u8>()?.into_iter().map(|byte| byte == 1).collect())
    }
}

impl Standard for String {
    fn heap_nbytes(&self) -> usize {
        self.len()
    }
    fn to_blob(&self) -> Blob<'_> {
        Blob { header: vec![], buffers: vec![self.as_bytes().into()] }
    }
    fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        String::from_utf8(reader.next_buffer()?).map_err(invalid)
    }
}

impl Standard for Vec<String> {
    fn heap_nbytes(&self) -> usize {
        self.iter().map(|text| text.len() + size_of::<String>()).sum()
    }
    /// Where each text ends, and all texts one after another: the one blob here whose bulk is a copy, since
    /// it lies in as many pieces as there are texts.
    fn to_blob(&self) -> Blob<'_> {
        let ends = self.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        });
        let ends = bytemuck::cast_slice(&ends.collect::<Vec<usize>>()).to_vec();
        Blob { header: vec![], buffers: vec![Cow::Owned(ends), Cow::Owned(self.concat().into())] }
    }
    fn from_blob(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        let ends = reader.next_buffer::<usize>()?;
        let all = String::from_utf8(reader.next_buffer()?).map_err(invalid)?;
        let mut start = 0;
        let text = |end| {
            let text = all.get(start..end).ok_or_else(|| invalid("a text ends where none can"))?;
            start = end;
            Ok(text.to_owned())
        };
        ends.into_iter().map(text).collect()
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Writes data as a value, reads it back, and compares by `key`, through which NaNs can be told apart.
    #[track_caller]
    fn check<T: Clone + Send + Sync + 'static, K: PartialEq + std::fmt::Debug>(
        data: T,
        key: impl Fn(&T) -> K,
    ) {
        let value = Value::new(data.clone());
        let (blob, read) = value.to_blob().expect("the type is known").unwrap();
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        let mut rest = &bytes[..];
        let back = read(&mut BlobReader::new(&mut rest).unwrap()).unwrap();
        assert_eq!(key(back.get().unwrap()), key(&data));
    }

    proptest! {
        #[test]
        fn vectors_come_back(
            bits in vec(any::<u64>(), 0..50), bools in vec(any::<bool>(), 0..50), texts in vec(".{0,9}", 0..9),
        ) {
            // Any bits at all: NaNs keep theirs.
            let of_bits = |x: &Vec<f64>| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            check(bits.iter().map(|&bits| f64::from_bits(bits)).collect(), of_bits);
            check(bits.iter().map(|&bits| bits as i16).collect(), Vec::<i16>::clone);
            check(bits, Vec::clone);
            check(bools, Vec::clone);
            check(texts.concat(), String::clone);
            check(texts, Vec::clone);
        }

        #[test]
        fn numbers_come_back(x in any::<i64>(), bits in any::<u32>(), b in any::<bool>()) {
            check(x, i64::clone);
            check(f32::from_bits(bits), |x| x.to_bits());
            check(b, bool::clone);
        }
    }

    #[test]
    fn other_types_stay() {
        assert!(Value::new(vec![()]).to_blob().is_none());
        assert!(Blob::of_standard(&vec![Some(1)]).is_none());
        let mut bytes = Vec::new();
        Blob::of_standard(&1_u8).unwrap().unwrap().write_to(&mut bytes).unwrap();
        let mut rest = &bytes[..];
        let error = BlobReader::new(&mut rest).unwrap().read_standard::<Option<u8>>().unwrap_err();
        assert!(error.to_string().contains(NO_WAY_BACK), "{error}");
    }

    #[test]
    fn texts_that_end_in_the_middle_of_a_letter_are_refused() {
        let mut bytes = Vec::new();
        let ends = bytemuck::cast_slice(&[1_usize, 2]);
        Blob { header: vec![], buffers: vec![ends.into(), "é".as_bytes().into()] }
            .write_to(&mut bytes)
            .unwrap();
        let mut rest = &bytes[..];
        assert!(BlobReader::new(&mut rest).unwrap().read_standard::<Vec<String>>().is_err());
    }
}
