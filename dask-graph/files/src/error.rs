//! What can go wrong with files, whatever is in them.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compression::Compression;

/// Why a file could not be found, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The pattern does not follow the rules of patterns.
    #[error("`{pattern}` is not a valid pattern; write [*], [?] or [[] to mean *, ? or [ themselves")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Where it goes wrong.
        source: glob::PatternError,
    },
    /// No file has a name of this pattern.
    #[error("no file matches `{pattern}`; patterns are relative to the working directory, {}", directory.display())]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The working directory.
        directory: PathBuf,
    },
    /// No object has a name of this pattern.
    #[error("no object matches `{pattern}`")]
    NoObject {
        /// The pattern.
        pattern: String,
    },
    /// Something that is not a file stands where one was expected.
    #[error("{} is not a file; name files, for example {}/*.txt", path.display(), path.display())]
    NotAFile {
        /// The path.
        path: Arc<Path>,
    },
    /// An URL, and a program that was built without stores.
    #[error("{url} needs the feature `object-store`, which is off; turn it on in Cargo.toml")]
    StoresOff {
        /// The URL.
        url: String,
    },
    /// An URL that names no store, or a store that cannot be reached with these options.
    #[error("the store of {url} cannot be used")]
    Url {
        /// The URL.
        url: String,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An option that stores of this kind do not have.
    #[error("the store of {url} has no option `{key}`; see the options of the crate object_store")]
    StorageOption {
        /// The URL.
        url: String,
        /// The key of the option.
        key: String,
    },
    /// The system or the store could not open, look up, read or write.
    #[error("could not {doing} {}", path.display())]
    Io {
        /// What was tried: `open`, `read`, `write` and so on.
        doing: &'static str,
        /// The file, or the URL.
        path: Arc<Path>,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is not the one that was found.
    #[error(
        "{} changed since it was found ({expected} bytes then, {got} now); find it again to read the new content",
        path.display()
    )]
    Changed {
        /// The file.
        path: Arc<Path>,
        /// Its size when it was found.
        expected: u64,
        /// Its size, or what could be read of it, now. Equal sizes mean that only its time changed.
        got: u64,
    },
}

impl FileError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.into(), source }
    }
}

/// Why a compression cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// One that is not known, told by the end of a file's name.
    #[error("files of .{extension} are not known; use .gz, .bz2, .xz or .zst, or no compression")]
    Unknown {
        /// The end of the file's name.
        extension: String,
    },
    /// One that this program was built without.
    #[error("{compression} needs the feature `{feature}`, which is off; turn it on in Cargo.toml")]
    Off {
        /// The compression.
        compression: Compression,
        /// The feature.
        feature: &'static str,
    },
}
