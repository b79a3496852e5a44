//! How the bytes of a file are packed, and the streams that pack and unpack them.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::error::CompressionError;

/// How the bytes of a file are packed.
///
/// Told by the end of the file's name unless said otherwise. All but gzip need a feature of this crate; files
/// that need one which is off are refused when they are named, not when they are read.
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

impl Compression {
    /// The compression that the end of the name stands for.
    pub(crate) fn of(path: &Path) -> Result<Self, CompressionError> {
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

    /// The compression itself, if this program can read and write it.
    pub(crate) fn built_in(self) -> Result<Self, CompressionError> {
        let feature = match self {
            Self::Bzip2 if !cfg!(feature = "bz2") => "bz2",
            Self::Xz if !cfg!(feature = "xz") => "xz",
            Self::Zstd if !cfg!(feature = "zstd") => "zstd",
            _ => return Ok(self),
        };
        Err(CompressionError::Off { compression: self, feature })
    }

    /// How many times larger the text is than the file, about.
    pub(crate) fn ratio(self) -> u64 {
        match self {
            Self::None => 1,
            Self::Gzip | Self::Zstd => 4,
            Self::Bzip2 | Self::Xz => 5,
        }
    }

    /// What is packed in `input`.
    pub(crate) fn unpack<'a>(
        self,
        input: impl BufRead + Send + 'a,
    ) -> io::Result<Box<dyn io::Read + Send + 'a>> {
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
    pub(crate) fn pack<E>(
        self,
        out: &mut impl Write,
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
