//! How the bytes of a file are packed, and the streams that pack and unpack them.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::error::CompressionError;

/// How the bytes of a file are packed.
///
/// Told by the end of the file's name, by its first bytes, or by the user: which of them, collections say. All but gzip
/// need a feature of the crate; files that need one which is off are refused when they are named, not when they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all: any other name.
    None,
    /// By gzip, in one or more members: `.gz`.
    Gzip,
    /// By bzip2, in one or more streams: `.bz2`, feature `bz2`.
    Bzip2,
    /// By xz, in one or more streams: `.xz`, feature `xz`.
    Xz,
    /// By Zstandard, in one or more frames: `.zst`, feature `zstd`.
    Zstd,
}

/// How many bytes at the beginning of a file tell how it is packed.
const MAGIC: u64 = 10;

impl Compression {
    /// The compression that the end of the name stands for.
    ///
    /// # Errors
    ///
    /// - `Unknown` if the name ends as those of files that are packed in a way that is not known.
    /// - `Off` if the feature of the compression is.
    pub fn of_name(path: &Path) -> Result<Self, CompressionError> {
        let extension =
            path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let compression = match extension.as_str() {
            "gz" => Self::Gzip,
            "bz2" => Self::Bzip2,
            "xz" => Self::Xz,
            "zst" => Self::Zstd,
            // Read as text these give bytes that are no text, which would hide the cause.
            "zip" | "lz4" | "sz" | "br" | "7z" | "lzma" | "z" => {
                return Err(CompressionError::Unknown { extension });
            }
            _ => Self::None,
        };
        compression.built_in()
    }

    /// The compression by which what `file` gives is packed, told by its first bytes.
    ///
    /// # Errors
    ///
    /// What reading them fails with.
    pub fn of_content(file: &mut dyn Read) -> io::Result<Self> {
        let mut magic = Vec::new();
        file.take(MAGIC).read_to_end(&mut magic)?;
        Ok(match &magic[..] {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            // The first block, or the end of what has none: `BZh9` alone could be a word of a text.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90] => Self::Bzip2,
            _ => Self::None,
        })
    }

    /// The compression itself, if this program can read and write it.
    ///
    /// # Errors
    ///
    /// - `Off` if its feature is.
    pub fn built_in(self) -> Result<Self, CompressionError> {
        let feature = match self {
            Self::Bzip2 if !cfg!(feature = "bz2") => "bz2",
            Self::Xz if !cfg!(feature = "xz") => "xz",
            Self::Zstd if !cfg!(feature = "zstd") => "zstd",
            _ => return Ok(self),
        };
        Err(CompressionError::Off { compression: self, feature })
    }

    /// How many times larger the content is than the file, about.
    pub fn ratio(self) -> u64 {
        match self {
            Self::None => 1,
            Self::Gzip | Self::Zstd => 4,
            Self::Bzip2 | Self::Xz => 5,
        }
    }

    /// What is packed in `input`.
    ///
    /// # Errors
    ///
    /// - Of the kind `Unsupported` if the compression is not [`built_in`](Self::built_in).
    pub fn unpack<'a>(self, input: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(MultiGzDecoder::new(input)),
            #[cfg(feature = "bz2")]
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
            #[cfg(feature = "xz")]
            Self::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(input)),
            #[cfg(feature = "zstd")]
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
            #[cfg(not(all(feature = "bz2", feature = "xz", feature = "zstd")))]
            off => return Err(off.is_off()),
        })
    }

    /// Packs all that `content` writes into `out`.
    ///
    /// # Errors
    ///
    /// What `content` fails with, or what `failed` makes of an error of `out`.
    pub fn pack<E>(
        self,
        out: &mut dyn Write,
        failed: impl Fn(io::Error) -> E,
        content: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::None => content(out)?,
            Self::Gzip => {
                let mut packed = GzEncoder::new(out, flate2::Compression::default());
                content(&mut packed)?;
                packed.finish().map_err(failed)?;
            }
            #[cfg(feature = "bz2")]
            Self::Bzip2 => {
                let mut packed = bzip2::write::BzEncoder::new(out, bzip2::Compression::default());
                content(&mut packed)?;
                packed.finish().map_err(failed)?;
            }
            #[cfg(feature = "xz")]
            Self::Xz => {
                let mut packed = liblzma::write::XzEncoder::new(out, 6);
                content(&mut packed)?;
                packed.finish().map_err(failed)?;
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut packed = zstd::stream::write::Encoder::new(out, 3).map_err(&failed)?;
                // A reader then notices bytes that changed, as it does in the other formats.
                packed.include_checksum(true).map_err(&failed)?;
                content(&mut packed)?;
                packed.finish().map_err(failed)?;
            }
            #[cfg(not(all(feature = "bz2", feature = "xz", feature = "zstd")))]
            off => return Err(failed(off.is_off())),
        }
        Ok(())
    }

    /// The error of a compression that was not asked to be [`built_in`](Self::built_in).
    #[cfg(not(all(feature = "bz2", feature = "xz", feature = "zstd")))]
    fn is_off(self) -> io::Error {
        match self.built_in() {
            Err(off) => io::Error::new(io::ErrorKind::Unsupported, off),
            Ok(_) => unreachable!("{self} is built in and has no arm of its own"),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "Zstandard",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd];

    #[test]
    fn what_is_packed_is_known_by_its_first_bytes_and_comes_back() {
        for compression in ALL.into_iter().filter(|compression| compression.built_in().is_ok()) {
            for text in ["", "some text, some text"] {
                let mut packed = Vec::new();
                let written: io::Result<()> =
                    compression.pack(&mut packed, |e| e, |out| out.write_all(text.as_bytes()));
                written.unwrap();
                assert_eq!(Compression::of_content(&mut &packed[..]).unwrap(), compression, "{text}");
                let mut read = String::new();
                compression.unpack(&packed[..]).unwrap().read_to_string(&mut read).unwrap();
                assert_eq!(read, text, "{compression}");
            }
        }
    }

    #[test]
    fn names_and_beginnings_of_texts_tell_no_compression() {
        assert_eq!(Compression::of_content(&mut &b"BZh9,other\n1,2\n"[..]).unwrap(), Compression::None);
        assert_eq!(Compression::of_name(Path::new("a.gz.csv")), Ok(Compression::None));
        assert_eq!(Compression::of_name(Path::new("A.CSV.GZ")), Ok(Compression::Gzip));
        let zip = Compression::of_name(Path::new("a.zip")).unwrap_err();
        assert_eq!(zip, CompressionError::Unknown { extension: "zip".into() });
    }

    #[test]
    fn what_is_off_is_refused_with_its_feature() {
        for (end, on) in
            [("bz2", cfg!(feature = "bz2")), ("xz", cfg!(feature = "xz")), ("zst", cfg!(feature = "zstd"))]
        {
            match Compression::of_name(Path::new(&format!("a.{end}"))) {
                Ok(_) => assert!(on),
                Err(error) => assert!(!on && error.to_string().contains("which is off"), "{error}"),
            }
        }
    }
}
