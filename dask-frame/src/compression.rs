//! How the bytes of text files are packed, and the streams that pack and unpack them.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::error::WriteError;

/// How the bytes of a text file are packed.
///
/// Files are read as what they are, by their first bytes, whatever they are called; they are written as the end of
/// their name says, unless told otherwise. All but gzip need a feature of this crate; files that need one which is off
/// are refused when they are named.
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

/// Bytes of text that are packed at once.
const BUFFER: usize = 256 << 10;

impl Compression {
    /// Looks at the first bytes of a file.
    pub(crate) fn of_content(file: &mut File) -> io::Result<Self> {
        let mut magic = Vec::new();
        file.take(MAGIC).read_to_end(&mut magic)?;
        Ok(match &magic[..] {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            // The first block, or the end of what has none: `BZh9` alone could be a name of a column.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90] => Self::Bzip2,
            _ => Self::None,
        })
    }

    /// Returns what the end of a file's name stands for.
    pub(crate) fn of_name(path: &Path) -> Self {
        let extension = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("gz") => Self::Gzip,
            Some("bz2") => Self::Bzip2,
            Some("xz") => Self::Xz,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Returns the feature that this program lacks to read and write it, if there is one.
    pub(crate) fn feature_off(self) -> Option<&'static str> {
        match self {
            Self::Bzip2 if !cfg!(feature = "bz2") => Some("bz2"),
            Self::Xz if !cfg!(feature = "xz") => Some("xz"),
            Self::Zstd if !cfg!(feature = "zstd") => Some("zstd"),
            _ => None,
        }
    }

    /// Returns how a file is to be written: as is said, or else as the end of its name says.
    pub(crate) fn to_write(path: &Path, said: Option<Self>) -> Result<Self, WriteError> {
        let compression = said.unwrap_or_else(|| Self::of_name(path));
        match compression.feature_off() {
            None => Ok(compression),
            Some(feature) => Err(WriteError::CompressionOff { path: path.to_owned(), compression, feature }),
        }
    }

    /// Returns how many times larger the text is than the file, about.
    pub(crate) fn ratio(self) -> u64 {
        if self == Self::None { 1 } else { 5 }
    }

    /// Returns the text of a file.
    pub(crate) fn unpack(self, file: File) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::None => Box::new(file),
            Self::Gzip => Box::new(MultiGzDecoder::new(file)),
            #[cfg(feature = "bz2")]
            Self::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(file)),
            #[cfg(feature = "xz")]
            Self::Xz => Box::new(liblzma::read::XzDecoder::new_multi_decoder(file)),
            #[cfg(feature = "zstd")]
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
            #[cfg(not(all(feature = "bz2", feature = "xz", feature = "zstd")))]
            off => return Err(off.is_off()),
        })
    }

    /// Packs all that `content` writes into a new file, down to the disk.
    pub(crate) fn create(
        self,
        path: &Path,
        content: impl FnOnce(&mut BufWriter<&mut dyn Write>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = File::create(path)?;
        let into = |to: &mut dyn Write| {
            let mut to = BufWriter::with_capacity(BUFFER, to);
            content(&mut to)?;
            to.flush()
        };
        match self {
            Self::None => into(&mut file)?,
            Self::Gzip => {
                let mut packed = GzEncoder::new(&mut file, flate2::Compression::default());
                into(&mut packed)?;
                packed.finish()?;
            }
            #[cfg(feature = "bz2")]
            Self::Bzip2 => {
                let mut packed = bzip2::write::BzEncoder::new(&mut file, bzip2::Compression::default());
                into(&mut packed)?;
                packed.finish()?;
            }
            #[cfg(feature = "xz")]
            Self::Xz => {
                let mut packed = liblzma::write::XzEncoder::new(&mut file, 6);
                into(&mut packed)?;
                packed.finish()?;
            }
            #[cfg(feature = "zstd")]
            Self::Zstd => {
                let mut packed = zstd::stream::write::Encoder::new(&mut file, 3)?;
                // A reader then notices bytes that changed, as it does in the other formats.
                packed.include_checksum(true)?;
                into(&mut packed)?;
                packed.finish()?;
            }
            #[cfg(not(all(feature = "bz2", feature = "xz", feature = "zstd")))]
            off => return Err(off.is_off()),
        }
        file.sync_all()
    }

    /// The error of a compression whose feature is off, which is found out when a file is named.
    #[cfg(not(all(feature = "bz2", feature = "xz", feature = "zstd")))]
    fn is_off(self) -> io::Error {
        io::Error::new(io::ErrorKind::Unsupported, format!("{self} is not built in"))
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
