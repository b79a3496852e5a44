//! Bags out of and into Avro's container files.

use std::cell::Cell;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use apache_avro::reader::datum::GenericDatumReader;
use dask_graph::{
    Arg, Args, Blob, BlobError, BlobReader, Name, Op, OpError, Packer, Payload, Refused, Token, Unpack, Value,
};
#[cfg(feature = "object-store")]
use dask_graph_files::StorageOptions;
use dask_graph_files::{Compression, InputFile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bag::Bag;
use crate::error::{AvroError, Place, ReadError};
use crate::input::Inputs;
use crate::stream::{Collect, Flow, NEXT, Of, Pipeline, Run, STOP, Stream, unpacked};
use crate::text::{LineEnd, Lines};

mod container;
mod write;

use container::{Counted, Header};

pub use write::AvroCodec;

/// A bag of the records of the Avro files that match `pattern`, one partition a file.
///
/// Short for [`ReadAvro`] with nothing set.
///
/// # Errors
///
/// - When no file matches, or one cannot be looked up.
#[track_caller]
pub fn read_avro<T: DeserializeOwned + Send + Sync + 'static>(pattern: &str) -> Result<Bag<T>, ReadError> {
    ReadAvro::new(pattern).records()
}

/// Describes how to read container files of Avro.
///
/// A file tells its own schema and codec. Records are made into any type that serde can make of them: fields by
/// name, unions with `null` as `Option`. The codecs `null`, `deflate` and `snappy` can always be read, others with
/// features of this crate: `zstandard` with `zstd`, `bzip2` with `bz2`, `xz` with `xz`.
///
/// ```
/// use dask_bag::{AvroCodec, Bag, Partitions, ReadAvro};
/// use dask_graph::Collection;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
/// struct Trip {
///     from: String,
///     minutes: Option<i64>,
/// }
/// let schema = r#"{"type": "record", "name": "Trip", "fields": [
///     {"name": "from", "type": "string"}, {"name": "minutes", "type": ["null", "long"]}]}"#;
///
/// let sync = dask_sched_sync::Sync::new();
/// let dir = tempfile::tempdir()?;
/// let pattern = format!("{}/*.avro", dir.path().display());
/// let trips = Bag::from_sequence([Trip { from: "JFK".into(), minutes: Some(5) }], Partitions::count(1));
/// trips.to_avro(&pattern, schema, AvroCodec::Deflate)?.compute_with(&sync)?;
///
/// let read = ReadAvro::new(&pattern).blocksize(1 << 20).records::<Trip>()?;
/// assert_eq!(read.compute_with(&sync)?, trips.compute_with(&sync)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ReadAvro {
    inputs: Inputs,
    blocksize: Option<u64>,
}

impl ReadAvro {
    /// Reads the files that match `pattern`, as for [`ReadText::new`](crate::ReadText::new).
    pub fn new(pattern: impl Into<String>) -> Self {
        Self::patterns([pattern])
    }

    /// Reads the files that match the patterns, as for [`ReadText::patterns`](crate::ReadText::patterns).
    pub fn patterns<P: Into<String>>(patterns: impl IntoIterator<Item = P>) -> Self {
        Self { inputs: Inputs::matching(patterns), blocksize: None }
    }

    /// Reads these files, in this order. No letter in their names has a meaning.
    pub fn files<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self { inputs: Inputs::listed(paths), blocksize: None }
    }

    /// Cuts files into parts of about so many bytes, each a partition, on the borders of Avro's own blocks.
    pub fn blocksize(mut self, bytes: u64) -> Self {
        self.blocksize = Some(bytes);
        self
    }

    /// How the stores of files named by URL are reached, as for
    /// [`ReadText::storage_options`](crate::ReadText::storage_options).
    #[cfg(feature = "object-store")]
    pub fn storage_options<K: Into<String>, V: Into<String>>(
        mut self,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.inputs.options = StorageOptions::new(options);
        self
    }

    /// A bag of the records.
    ///
    /// # Errors
    ///
    /// - When a pattern is not valid or no file matches it, or the list is empty.
    /// - When a file is missing or is a directory.
    /// - When the block size is 0.
    #[track_caller]
    pub fn records<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Bag<T>, ReadError> {
        let files = self.inputs.find(Some(Compression::None))?;
        let blocks = crate::input::blocks(&files, self.blocksize, 1)?;
        let parts: Vec<Value> = blocks
            .map(|(file, range)| Value::sized(Part { file, start: range.start, end: range.end }))
            .collect();
        let name = Name::from_token("read_avro", Token::unique());
        Ok(Bag::from_source(name, Pipeline::op(Records::<T>(Of::default()), Collect), parts))
    }
}

/// The blocks of one file that begin at a byte of `start..end`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Part {
    file: Arc<InputFile>,
    start: u64,
    end: u64,
}

impl Payload for Part {
    fn nbytes(&self) -> u64 {
        size_of::<Self>() as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(self))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        reader.read_encoded()
    }
}

impl Part {
    fn open(&self, from: u64) -> Result<Counted<impl Read>, ReadError> {
        let bytes = self.file.open(from..self.end)?;
        Ok(Counted::new(BufReader::with_capacity(64 << 10, bytes), from))
    }

    fn failed(&self, offset: u64, source: AvroError) -> ReadError {
        ReadError::Avro { path: Arc::clone(self.file.path()), offset, source }
    }

    /// Where the first block of the part begins, or a place behind the part.
    fn first_block(&self, header: &Header) -> Result<u64, ReadError> {
        // A block begins after a marker, the first one after that of the header.
        let marker = header.marker.len() as u64;
        let from = self.start.max(header.nbytes).saturating_sub(marker);
        let bytes = self.file.open(from..self.end)?;
        let mut markers = Lines::new(bytes, from, LineEnd::new(&header.marker, 1));
        markers.skip_line(self.end).map_err(|e| self.file.io("read", e))?;
        Ok(markers.offset())
    }

    /// Gives each record to `sink`, until the end or until it has enough; tells `at` where each block begins.
    fn for_each_record<T: DeserializeOwned>(
        &self,
        at: &Cell<u64>,
        sink: &mut dyn FnMut(T) -> Flow,
    ) -> Result<Flow, ReadError> {
        let header = Header::read(&mut self.open(0)?).map_err(|e| self.failed(0, e))?;
        let reader = GenericDatumReader::builder(&header.schema).build();
        let reader = reader.map_err(|e| self.failed(0, AvroError::Schema { source: e.into() }))?;
        let mut offset = self.first_block(&header)?;
        let mut input = self.open(offset)?;
        while offset < self.end {
            at.set(offset);
            let block = header.read_block(&mut input).map_err(|e| self.failed(offset, e))?;
            let mut bytes = &block.bytes[..];
            for item in 0..block.n_records {
                let record = reader
                    .read_deser::<T>(&mut bytes)
                    .map_err(|e| self.failed(offset, AvroError::Record { item, source: Box::new(e) }))?;
                if sink(record).is_break() {
                    return Ok(STOP);
                }
            }
            if !bytes.is_empty() {
                return Err(self.failed(offset, AvroError::Rest { bytes: bytes.len() }));
            }
            offset = input.position();
        }
        Ok(NEXT)
    }
}

/// The records of the part that is the task's first argument.
struct Records<T>(Of<T>);

impl<T: DeserializeOwned + Send + Sync + 'static> Stream<T> for Records<T> {
    fn drive(&self, run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(T) -> Flow) -> Result<(), OpError> {
        let part = args.get::<Part>(0)?;
        let at = Rc::new(Cell::new(part.start));
        let (path, its_at) = (Arc::clone(part.file.path()), Rc::clone(&at));
        run.set_origin(move |_| Place { path: Arc::clone(&path), line: None, offset: its_at.get() });
        let mut seen = 0;
        let given = part.for_each_record(&at, &mut |record| {
            run.at(seen);
            seen += 1;
            sink(record)
        });
        given.map(drop).map_err(OpError::failed)
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<T>>> {
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("read_avro");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(unpacked(Records::<T>(Of::default()))))
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        let Some(Arg::Value(part)) = args.first() else { return None };
        // Packed or not, which only the file knows: about twice as much in memory.
        part.downcast_ref::<Part>().map(|part| (part.end - part.start).saturating_mul(2))
    }
}
