//! What can go wrong, one type a phase: reading, writing, a step on one item, and joining bags.

mod columns;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use columns::{FieldsError, RecordError, RowError};
pub use dask_graph_files::CompressionError;
use dask_graph_files::{Compression, FileError};

/// Why text could not be read, or a description of text to read makes no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The files cannot be found or read, whatever is in them.
    #[error(transparent)]
    File {
        /// What is wrong with them.
        source: FileError,
    },
    /// A list of files to read is empty.
    #[error("the list of files to read is empty; give at least one path")]
    NoPaths,
    /// Blocks of no bytes.
    #[error("the block size is 0 bytes; give at least 1, or leave it out to read each file as one block")]
    ZeroBlocksize,
    /// More blocks than there are partition numbers.
    #[error("the files make {blocks} blocks, more than {}; give a larger block size", u32::MAX)]
    TooManyBlocks {
        /// Number of blocks.
        blocks: u64,
    },
    /// Both a block size and a number of files a partition.
    #[error(
        "a partition is either a block of a file or some whole files; set the block size or the number of files, not both"
    )]
    BlocksizeAndFiles,
    /// Partitions of no files.
    #[error("the number of files a partition is 0; give at least 1")]
    ZeroFiles,
    /// A compression that cannot be read.
    #[error("{} cannot be read", path.display())]
    Compression {
        /// The file.
        path: Arc<Path>,
        /// Why not.
        source: CompressionError,
    },
    /// An encoding, or a delimiter of lines in it, that cannot be.
    #[error("text cannot be read as described")]
    Encoding {
        /// Why not.
        source: EncodingError,
    },
    /// A delimiter whose occurrences depend on where reading begins, and a block size.
    #[error(
        "the delimiter {delimiter:?} can overlap itself, so that no line can be found from the middle of a file; leave the block size out"
    )]
    OverlappingDelimiter {
        /// The delimiter.
        delimiter: String,
    },
    /// A compressed file that ends too early.
    #[error(
        "{} ends in the middle of its {compression} data, after {offset} bytes of text; copy it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: Arc<Path>,
        /// How it is compressed.
        compression: Compression,
        /// Number of bytes of text before the end.
        offset: u64,
    },
    /// A compressed file whose data make no sense.
    #[error("{} is not valid {compression} data after {offset} bytes of text; copy it again", path.display())]
    Corrupt {
        /// The file.
        path: Arc<Path>,
        /// How it is compressed.
        compression: Compression,
        /// Number of bytes of text before the fault.
        offset: u64,
        /// What the decoder says.
        source: io::Error,
    },
    /// Bytes that are no text in the encoding.
    #[error(
        "{}{} is not {encoding} at byte {offset} (of its text); name the encoding that it has, or read it with `lossy(true)` to replace such bytes",
        path.display(),
        line.map(|line| format!(" line {line}")).unwrap_or_default()
    )]
    InvalidText {
        /// The file.
        path: Arc<Path>,
        /// Name of the encoding.
        encoding: &'static str,
        /// Position of the first bad byte, from 0; for compressed files in the decompressed text.
        offset: u64,
        /// Number of the line, from 1; `None` when the lines before could not be counted.
        line: Option<u64>,
    },
    /// An Avro file that cannot be read.
    #[cfg(feature = "avro")]
    #[error("could not read {} in the block at byte {offset}", path.display())]
    Avro {
        /// The file.
        path: Arc<Path>,
        /// Where the block begins, or 0 for the head of the file.
        offset: u64,
        /// What is wrong with it.
        source: AvroError,
    },
}

impl From<FileError> for ReadError {
    fn from(source: FileError) -> Self {
        Self::File { source }
    }
}

/// Why the head or a block of an Avro file cannot be read.
#[cfg(feature = "avro")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AvroError {
    /// The file does not begin as a container file does, or has no schema.
    #[error("it is no container file of Avro")]
    NoContainer,
    /// The schema makes no sense.
    #[error("its schema cannot be read")]
    Schema {
        /// What the Avro library says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A codec that is not known, or that this program was built without.
    #[error(
        "its codec {codec} is not known{}",
        feature.map(|name| format!("; turn on the feature `{name}` of dask-bag")).unwrap_or_default()
    )]
    UnknownCodec {
        /// The codec.
        codec: String,
        /// The feature of this crate that it needs, if there is one.
        feature: Option<&'static str>,
    },
    /// The file ends inside the block.
    #[error("the file ends in the middle of it; copy it again")]
    Truncated,
    /// A number that is too large, or a length that is negative.
    #[error("a number in it makes no sense; copy the file again")]
    Number,
    /// The block does not end with the marker of the file.
    #[error("it does not end with the marker of the file; copy it again")]
    Marker,
    /// The block cannot be unpacked.
    #[error("it cannot be unpacked; copy the file again")]
    Codec {
        /// What the decoder says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A record cannot be made an item.
    #[error("record {item} of it cannot be made an item")]
    Record {
        /// Position of the record in the block, from 0.
        item: u64,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Bytes that belong to no record.
    #[error("{bytes} bytes after its last record belong to none; copy the file again")]
    Rest {
        /// Number of these bytes.
        bytes: usize,
    },
    /// The system could not read.
    #[error("the system could not read it")]
    Io {
        /// The system's answer.
        source: io::Error,
    },
}

/// Why text cannot be read or written in an encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// A label that stands for no encoding.
    #[error(
        "`{label}` is no encoding; write a label of the Encoding Standard, such as utf-8 or windows-1252"
    )]
    Unknown {
        /// The label.
        label: String,
    },
    /// An encoding in which a line does not stand for itself.
    #[error(
        "in {label} what a line means depends on the one before, so that lines cannot be read one by one; convert the text to utf-8 first"
    )]
    Stateful {
        /// The label.
        label: String,
    },
    /// A delimiter of no bytes.
    #[error("the delimiter of lines is empty; give at least one byte")]
    EmptyDelimiter,
    /// A delimiter that is not text in the encoding, or cannot be told from other text.
    #[error(
        "in {encoding} the delimiter {delimiter:?} cannot be written, or its bytes may be parts of other characters; use another one, or convert the text to utf-8"
    )]
    Delimiter {
        /// The delimiter.
        delimiter: String,
        /// Name of the encoding.
        encoding: &'static str,
    },
}

/// Why text could not be written, or a description of where to write makes no sense.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// More than one place for the number of the partition.
    #[error("`{pattern}` has more than one `*`; write one, which stands for the number of the partition")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// A file cannot be made or written, whatever is in it.
    #[error(transparent)]
    File {
        /// What is wrong with it.
        source: FileError,
    },
    /// A list of files that is not as long as the bag.
    #[error("a bag of {partitions} partitions cannot be written to {paths} files; give one path a partition")]
    PathCount {
        /// Number of partitions.
        partitions: usize,
        /// Number of paths.
        paths: usize,
    },
    /// Two partitions whose file would be the same.
    #[error("partitions {first} and {second} would both be written to {}; give each a name of its own", path.display())]
    SamePath {
        /// The path.
        path: PathBuf,
        /// The one partition.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A compression that cannot be written.
    #[error("{} cannot be written", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: CompressionError,
    },
    /// An encoding that cannot be.
    #[error("text cannot be written as described")]
    Encoding {
        /// Why not.
        source: EncodingError,
    },
    /// A schema that makes no sense.
    #[cfg(feature = "avro")]
    #[error("the text given is not the JSON of an Avro schema")]
    Schema {
        /// What the Avro library says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A character that the encoding lacks.
    #[error(
        "{encoding} has no {character:?}, which item {item} of {} needs; write it in utf-8",
        path.display()
    )]
    Character {
        /// The file that was to be written.
        path: PathBuf,
        /// Position of the item in the partition, from 0.
        item: u64,
        /// The character.
        character: char,
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// An item that could not be made a line.
    #[error("item {item} of {} could not be made a line", path.display())]
    Item {
        /// The file that was to be written.
        path: PathBuf,
        /// Position of the item in the partition, from 0.
        item: u64,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<FileError> for WriteError {
    fn from(source: FileError) -> Self {
        Self::File { source }
    }
}

impl WriteError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { source: FileError::Io { doing, path: path.into(), source } }
    }
}

/// A step that can fail did so, on one item of a partition.
///
/// The partition is told by the key of the failed task, which the run's error holds.
#[derive(Debug)]
pub struct ItemError {
    /// The step: `try_map`, ...
    pub step: &'static str,
    /// Position of the item among those that the step received of this partition, from 0.
    pub item: u64,
    /// The line of text from which the item was made, where the step runs in one pass with the reading.
    pub place: Option<Place>,
    /// The step's own error.
    pub error: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed on item {} of its partition", self.step, self.item)?;
        match &self.place {
            Some(place) => write!(f, ", from {place}"),
            None => Ok(()),
        }
    }
}

impl Error for ItemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

/// A line of a text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Place {
    /// The file.
    pub path: Arc<Path>,
    /// Number of the line, from 1; `None` when the lines before could not be counted.
    pub line: Option<u64>,
    /// Position of the line's first byte, from 0; for compressed files in the decompressed text.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} line {line}", self.path.display()),
            None => write!(f, "{} byte {}", self.path.display(), self.offset),
        }
    }
}

/// A JSON value without a field that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no field {field} in {found}; `pluck_or` and `pluck_many_or` have a default for it")]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// The value, in short.
    pub found: String,
}

/// What cannot be done with bags as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BagError {
    /// Bags that are zipped must have equally many partitions.
    #[error(
        "zip needs bags with equally many partitions, got {left} and {right}; make both with the same number"
    )]
    PartitionCounts {
        /// Of the bag itself.
        left: usize,
        /// Of the other.
        right: usize,
    },
    /// Partitions that are zipped must have equally many items.
    #[error("zip needs partitions with equally many items, got {left} and {right}")]
    PartitionLengths {
        /// Of the bag itself.
        left: usize,
        /// Of the other.
        right: usize,
    },
    /// A probability is a number from 0 to 1.
    #[error("items cannot be taken with probability {prob}; give a number from 0 to 1")]
    Probability {
        /// What was given.
        prob: f64,
    },
    /// Items that are exchanged between partitions go through files.
    #[error(
        "{type_name} cannot go through a file: call `dask_graph::make_portable` for it, or for its parts, at the \
         beginning of `main`"
    )]
    CannotBeStored {
        /// The type.
        type_name: &'static str,
    },
    /// A product of bags has a partition for each pair of theirs.
    #[error(
        "the product of {left} and {right} partitions has more than {}; repartition one of the bags first",
        u32::MAX
    )]
    TooManyPartitions {
        /// Of the bag itself.
        left: usize,
        /// Of the other.
        right: usize,
    },
    /// The sum of the items does not fit its type.
    #[error("the sum is {sum}, which does not fit {type_name}; sum with `fold` into a wider type")]
    SumOverflow {
        /// The sum.
        sum: i128,
        /// The type of the result.
        type_name: &'static str,
    },
}
