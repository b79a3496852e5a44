//! Container files: a header with schema, codec and a random marker, then blocks of records that each end with
//! the marker.
//!
//! See "Object Container Files" in the specification of Avro. The frame is read here rather than by the Avro
//! library, whose reader takes a file that is cut inside the count of a block, or a block without records, for
//! the end of the file, and begins at the beginning only.

use std::io::{self, Read};
use std::str::FromStr;

use apache_avro::{Codec, Schema};

use crate::error::AvroError;

/// A reader that knows where it is.
pub(super) struct Counted<R> {
    input: R,
    position: u64,
}

impl<R: Read> Counted<R> {
    /// Counts from `position` on.
    pub(super) fn new(input: R, position: u64) -> Self {
        Self { input, position }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    fn byte(&mut self) -> Result<u8, AvroError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], AvroError> {
        let mut array = [0; N];
        self.input.read_exact(&mut array).map_err(AvroError::of_io)?;
        self.position += N as u64;
        Ok(array)
    }

    /// A number in as many bytes as it needs, seven bits each, lowest first, positive and negative ones by turns.
    fn long(&mut self) -> Result<i64, AvroError> {
        let mut folded = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            folded |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((folded >> 1) as i64 ^ -((folded & 1) as i64));
            }
        }
        Err(AvroError::Number)
    }

    /// A length, and so many bytes. No memory is taken on the word of the length alone.
    fn bytes(&mut self) -> Result<Vec<u8>, AvroError> {
        let length = u64::try_from(self.long()?).map_err(|_| AvroError::Number)?;
        let mut bytes = Vec::new();
        (&mut self.input).take(length).read_to_end(&mut bytes).map_err(AvroError::of_io)?;
        self.position += bytes.len() as u64;
        if (bytes.len() as u64) < length {
            return Err(AvroError::Truncated);
        }
        Ok(bytes)
    }
}

impl AvroError {
    fn of_io(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io { source },
        }
    }
}

/// What stands at the beginning of a file.
pub(super) struct Header {
    pub(super) schema: Schema,
    codec: Codec,
    pub(super) marker: [u8; 16],
    /// Length of the header: where the first block begins.
    pub(super) nbytes: u64,
}

/// The records between two markers.
pub(super) struct Block {
    pub(super) n_records: u64,
    pub(super) bytes: Vec<u8>,
}

impl Header {
    pub(super) fn read(input: &mut Counted<impl Read>) -> Result<Self, AvroError> {
        if input.array()? != *b"Obj\x01" {
            return Err(AvroError::NoContainer);
        }
        let (mut schema, mut codec) = (None, None);
        loop {
            let n = match input.long()? {
                0 => break,
                // The length of this part of the map follows.
                n @ ..0 => {
                    input.long()?;
                    n.unsigned_abs()
                }
                n => n.unsigned_abs(),
            };
            for _ in 0..n {
                let (key, value) = (input.bytes()?, input.bytes()?);
                match &*key {
                    b"avro.schema" => schema = Some(value),
                    b"avro.codec" => codec = Some(value),
                    _ => {}
                }
            }
        }
        let schema = schema.ok_or(AvroError::NoContainer)?;
        let schema = Schema::parse_reader(&mut &*schema);
        let schema = schema.map_err(|e| AvroError::Schema { source: Box::new(e) })?;
        let codec = match codec {
            Some(name) => codec_named(&String::from_utf8_lossy(&name))?,
            None => Codec::Null,
        };
        let marker = input.array()?;
        Ok(Self { schema, codec, marker, nbytes: input.position() })
    }

    /// The block that begins where `input` is, unpacked.
    pub(super) fn read_block(&self, input: &mut Counted<impl Read>) -> Result<Block, AvroError> {
        let n_records = u64::try_from(input.long()?).map_err(|_| AvroError::Number)?;
        let mut bytes = input.bytes()?;
        if input.array()? != self.marker {
            return Err(AvroError::Marker);
        }
        self.codec.decompress(&mut bytes).map_err(|e| AvroError::Codec { source: Box::new(e) })?;
        Ok(Block { n_records, bytes })
    }
}

fn codec_named(name: &str) -> Result<Codec, AvroError> {
    Codec::from_str(name).map_err(|_| {
        let feature = match name {
            "zstandard" => Some("zstd"),
            "bzip2" => Some("bz2"),
            "xz" => Some("xz"),
            _ => None,
        };
        AvroError::UnknownCodec { codec: name.to_owned(), feature }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_specification_writes_them() {
        for (bytes, expected) in [
            (&[0][..], 0),
            (&[1], -1),
            (&[2], 1),
            (&[0x7f], -64),
            (&[0x80, 1], 64),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], i64::MIN),
            (&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], i64::MAX),
        ] {
            let mut input = Counted::new(bytes, 7);
            assert_eq!(input.long().unwrap(), expected, "{bytes:?}");
            assert_eq!(input.position(), 7 + bytes.len() as u64);
        }
        assert!(matches!(Counted::new(&[0x80; 11][..], 0).long(), Err(AvroError::Number)));
        assert!(matches!(Counted::new(&[0x80; 3][..], 0).long(), Err(AvroError::Truncated)));
    }
}
