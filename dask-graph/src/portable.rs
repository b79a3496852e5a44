//! How values leave the process: the hooks that spilling and worker processes ask for.
//!
//! A value that can leave becomes a [`Blob`]: a small header, and buffers that are written once, as they lie
//! in memory, and never re-encoded on the way. A [`BlobReader`] makes it a value again. Where the bytes go,
//! into a file or into memory that processes share, is not known here.

use std::any::type_name;
use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Read, Write};

use bytemuck::Pod;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::CONFIG;

use crate::value::{Value, standard};

/// A value on its way out of the process: a header, and buffers that are lent and not copied.
///
/// A blob is read back by the same executable on the same machine, so numbers stand in it as they do in
/// memory.
///
/// ```
/// use dask_graph::{Blob, BlobReader};
///
/// let samples = vec![1_u8, 2, 3];
/// let mut bytes = Vec::new();
/// Blob { header: b"mono".to_vec(), buffers: vec![(&samples[..]).into()] }.write_to(&mut bytes)?;
///
/// let mut bytes = &bytes[..];
/// let mut reader = BlobReader::new(&mut bytes)?;
/// assert_eq!(reader.header(), b"mono");
/// assert_eq!(reader.next_buffer::<u8>()?, samples);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob<'a> {
    /// Everything but the bulk: type tags, shapes, lengths.
    pub header: Vec<u8>,
    /// The bulk, as it lies in memory.
    pub buffers: Vec<Cow<'a, [u8]>>,
}

/// Every buffer begins at a multiple of this many bytes from the beginning of its blob: a cache line, and
/// enough for any element, so that what is mapped into memory can be read where it lies.
const ALIGNMENT: usize = 64;

impl<'a> Blob<'a> {
    /// The blob of data that says nothing of blobs itself, as [`Value::new`] makes it: of numbers, `bool`,
    /// `String`, vectors of these, and types with a [`Codec`](crate::Codec); `None` for other types.
    ///
    /// For containers of one's own around such data; [`BlobReader::read_standard`] reads it back.
    ///
    /// # Errors
    ///
    /// - When the type's own `Serialize` fails.
    pub fn of_standard<T: Send + Sync + 'static>(data: &'a T) -> Option<Result<Self, BlobError>> {
        standard::to_blob(data)
    }

    /// The blob of data that is small or has no bulk of its own, encoded with bincode;
    /// [`BlobReader::read_encoded`] reads it back.
    ///
    /// # Errors
    ///
    /// - When the type's own `Serialize` fails.
    pub fn encoded<T: Serialize>(data: &T) -> Result<Self, BlobError> {
        let header = bincode::serde::encode_to_vec(data, CONFIG).map_err(BlobError::of::<T>)?;
        Ok(Blob { header, buffers: vec![] })
    }

    /// The bytes of the header and the buffers; [`write_to`](Self::write_to) writes a little more.
    pub fn nbytes(&self) -> usize {
        self.header.len() + self.buffers.iter().map(|buffer| buffer.len()).sum::<usize>()
    }

    /// Writes the blob: lengths, header, and each buffer aligned.
    ///
    /// # Errors
    ///
    /// - When writing fails.
    pub fn write_to(&self, to: &mut dyn Write) -> io::Result<()> {
        let lengths = [self.header.len(), self.buffers.len()].into_iter();
        let lengths = lengths.chain(self.buffers.iter().map(|buffer| buffer.len()));
        let mut front: Vec<u8> = lengths.flat_map(|length| (length as u64).to_ne_bytes()).collect();
        front.extend_from_slice(&self.header);
        to.write_all(&front)?;
        let mut at = front.len();
        for buffer in &self.buffers {
            let gap = gap_after(at);
            to.write_all(&[0; ALIGNMENT][..gap])?;
            to.write_all(buffer)?;
            at += gap + buffer.len();
        }
        Ok(())
    }
}

/// The bytes between a place and the next at which a buffer may begin.
fn gap_after(at: usize) -> usize {
    at.wrapping_neg() % ALIGNMENT
}

/// A value on its way into the process: reads what a [`Blob`] wrote, buffer by buffer, straight to where the
/// value will have it.
pub struct BlobReader<'r> {
    from: &'r mut dyn Read,
    header: Vec<u8>,
    lengths: std::vec::IntoIter<usize>,
    /// Bytes read so far.
    at: usize,
}

/// Reads a value of one type back; comes with the blob of such a value ([`Value::to_blob`]).
pub type ReadBlob = fn(&mut BlobReader<'_>) -> Result<Value, BlobError>;

impl<'r> BlobReader<'r> {
    /// Reads the lengths and the header of a blob.
    ///
    /// # Errors
    ///
    /// - When reading fails, or the bytes end too soon.
    pub fn new(from: &'r mut dyn Read) -> io::Result<Self> {
        let mut counts = [0; 16];
        from.read_exact(&mut counts)?;
        let counts = as_lengths(&counts)?;
        let (n_header, n_buffers) = (counts[0], counts[1]);
        let lengths = as_lengths(&read_bytes(from, n_buffers.saturating_mul(8))?)?;
        let header = read_bytes(from, n_header)?;
        let at = 16 + 8 * n_buffers + n_header;
        Ok(Self { from, header, lengths: lengths.into_iter(), at })
    }

    /// The header.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The length in bytes of the next buffer; `None` after the last.
    pub fn next_len(&self) -> Option<usize> {
        self.lengths.as_slice().first().copied()
    }

    /// Reads the next buffer into bytes of just its length.
    ///
    /// # Errors
    ///
    /// - When there is no further buffer, or it has another length.
    /// - When reading fails, or the bytes end too soon.
    pub fn read_next(&mut self, into: &mut [u8]) -> io::Result<()> {
        if self.next_len() != Some(into.len()) {
            return Err(malformed("a buffer has not the length that its value asks for"));
        }
        self.lengths.next();
        let gap = gap_after(self.at);
        self.from.read_exact(&mut [0; ALIGNMENT][..gap])?;
        self.from.read_exact(into)?;
        self.at += gap + into.len();
        Ok(())
    }

    /// Reads the next buffer as a vector of numbers.
    ///
    /// # Errors
    ///
    /// - When there is no further buffer, or it is no whole number of items.
    /// - When there is no memory for it.
    /// - When reading fails, or the bytes end too soon.
    pub fn next_buffer<T: Pod>(&mut self) -> io::Result<Vec<T>> {
        let length = self.next_len().ok_or_else(|| malformed("a buffer is missing"))?;
        let items = bytemuck::allocation::try_zeroed_slice_box(length / size_of::<T>().max(1));
        let mut items: Box<[T]> = items.map_err(|()| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.read_next(bytemuck::cast_slice_mut(&mut items))?;
        Ok(items.into_vec())
    }

    /// Reads what [`Blob::encoded`] wrote.
    ///
    /// # Errors
    ///
    /// - When what is read is no `T`.
    pub fn read_encoded<T: DeserializeOwned>(&mut self) -> Result<T, BlobError> {
        let read = bincode::serde::decode_from_slice(&self.header, CONFIG);
        read.map(|(data, _)| data).map_err(BlobError::of::<T>)
    }

    /// Reads data of a type of the standard library, as [`Blob::of_standard`] wrote it.
    ///
    /// # Errors
    ///
    /// - When reading fails, or what is read is no `T`, or `T` is a type that is not known.
    pub fn read_standard<T: Send + Sync + 'static>(&mut self) -> Result<T, BlobError> {
        standard::from_blob(self)
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn as_lengths(bytes: &[u8]) -> io::Result<Vec<usize>> {
    let length = |bytes: &[u8; 8]| {
        usize::try_from(u64::from_ne_bytes(*bytes)).map_err(|_| malformed("a length is beyond all memory"))
    };
    bytes.as_chunks().0.iter().map(length).collect()
}

/// Reads so many bytes; memory is taken only as they come, whatever the length says.
fn read_bytes(from: &mut dyn Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if from.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// A value that could not be written to, or read from, a [`Blob`].
#[derive(Debug, thiserror::Error)]
#[error("a value of type {type_name} could not leave or enter the process: {source}")]
pub struct BlobError {
    /// The type of the value.
    pub type_name: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl BlobError {
    /// The error of a `T` that could not be written or read.
    pub fn of<T>(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { type_name: type_name::<T>(), source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn written(blob: &Blob<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn buffers_come_back_and_lie_aligned(
            header in vec(any::<u8>(), 0..200),
            buffers in vec(vec(any::<u8>(), 0..300), 0..5),
        ) {
            let lent = buffers.iter().map(|buffer| Cow::Borrowed(&buffer[..])).collect();
            let bytes = written(&Blob { header: header.clone(), buffers: lent });
            let mut rest = &bytes[..];
            let mut reader = BlobReader::new(&mut rest).unwrap();
            prop_assert_eq!(reader.header(), &header[..]);
            for buffer in &buffers {
                prop_assert_eq!(&reader.next_buffer::<u8>().unwrap(), buffer);
                prop_assert_eq!((reader.at - buffer.len()) % ALIGNMENT, 0);
                prop_assert_eq!(&bytes[reader.at - buffer.len()..reader.at], &buffer[..]);
            }
            prop_assert!(reader.next_len().is_none() && reader.next_buffer::<u8>().is_err());
            prop_assert!(rest.is_empty());
        }

        /// Whatever the bytes are, the end is a value or an error.
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(prop_oneof![Just(0), any::<u8>()], 0..200)) {
            let mut rest = &bytes[..];
            if let Ok(mut reader) = BlobReader::new(&mut rest) {
                while reader.next_buffer::<u64>().is_ok() {}
            }
        }
    }

    #[test]
    fn bytes_that_end_too_soon_are_an_error() {
        let blob = Blob { header: vec![1; 10], buffers: vec![Cow::Owned(vec![2; 100])] };
        let bytes = written(&blob);
        for length in 0..bytes.len() {
            let mut rest = &bytes[..length];
            let read = BlobReader::new(&mut rest).and_then(|mut reader| reader.next_buffer::<u8>());
            assert_eq!(read.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{length} bytes");
        }
    }

    #[test]
    fn a_buffer_of_another_length_is_refused() {
        let bytes = written(&Blob { header: vec![], buffers: vec![Cow::Owned(vec![0; 12])] });
        let mut rest = &bytes[..];
        let mut reader = BlobReader::new(&mut rest).unwrap();
        assert_eq!(reader.next_buffer::<u64>().unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(reader.next_buffer::<u32>().unwrap(), [0; 3]);
    }
}
