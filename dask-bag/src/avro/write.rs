//! Bags into container files, one a partition, whole or not at all.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apache_avro::{Codec, DeflateSettings, Schema, Writer};
use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value, make_portable};
use dask_graph_files::{Compression, Destination};
use serde::{Deserialize, Serialize};

use crate::bag::Bag;
use crate::error::WriteError;
use crate::output::{Outputs, write_file};
use crate::partition::Partition;
use crate::stream::stored::Stored;
use crate::stream::{NEXT, Run, STOP, Stream, for_each_lent};

/// How the blocks of an Avro file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AvroCodec {
    /// Not at all.
    #[default]
    Null,
    /// By the method of gzip.
    Deflate,
    /// By Snappy: fast, and not as tight.
    Snappy,
    /// By Zstandard.
    #[cfg(feature = "zstd")]
    Zstandard,
}

impl AvroCodec {
    fn codec(self) -> Codec {
        match self {
            Self::Null => Codec::Null,
            Self::Deflate => Codec::Deflate(DeflateSettings::default()),
            Self::Snappy => Codec::Snappy,
            #[cfg(feature = "zstd")]
            Self::Zstandard => Codec::Zstandard(apache_avro::ZstandardSettings::default()),
        }
    }
}

impl<T: Serialize + Clone + Send + Sync + 'static> Bag<T> {
    /// Describes writing each partition to a container file of Avro; computing the result writes, and gives the
    /// paths.
    ///
    /// `schema` is the JSON of the schema that the items have. The files are named as for
    /// [`WriteText::new`](crate::WriteText::new), but not compressed as a whole; like those, a file has its name only
    /// when it is complete.
    ///
    /// # Errors
    ///
    /// - When the pattern has more than one `*`.
    /// - When `schema` is not the JSON of a schema.
    #[track_caller]
    pub fn to_avro(&self, pattern: &str, schema: &str, codec: AvroCodec) -> Result<Bag<PathBuf>, WriteError> {
        Schema::parse_str(schema).map_err(|e| WriteError::Schema { source: Box::new(e) })?;
        let files = Outputs::pattern(pattern).files(self.npartitions())?;
        make_portable::<PathBuf>();
        make_portable::<(PathBuf, Destination)>();
        let op = WriteRecords::<T> { stream: Stored::shared(), schema: schema.to_owned(), codec };
        let file = move |i: u32| Value::new(files[i as usize].clone());
        Ok(self.blockwise_with("to_avro", Token::unique(), Arc::new(op), file))
    }
}

/// Writes the items of a stream to the file that is the task's last argument.
struct WriteRecords<T> {
    stream: Arc<dyn Stream<T>>,
    schema: String,
    codec: AvroCodec,
}

impl<T: Serialize + Send + Sync + 'static> WriteRecords<T> {
    fn write(&self, args: &mut Args<'_>, path: &Path, out: &mut dyn Write) -> Result<(), OpError> {
        let schema = Schema::parse_str(&self.schema);
        let schema = schema.map_err(|e| OpError::failed(WriteError::Schema { source: Box::new(e) }))?;
        let failed = |item| {
            move |e: apache_avro::Error| {
                OpError::failed(WriteError::Item { path: path.to_owned(), item, source: Box::new(e) })
            }
        };
        let writer = Writer::with_codec(&schema, Whole(out), self.codec.codec());
        let mut writer = writer.map_err(failed(0))?;
        let run = Run::new();
        let (mut outcome, mut item) = (Ok(()), 0);
        for_each_lent(&*self.stream, &run, args, |record| {
            outcome = writer.append_ser(record).map(drop).map_err(failed(item));
            item += 1;
            if outcome.is_ok() { NEXT } else { STOP }
        })?;
        run.result()?;
        outcome?;
        writer.flush().map(drop).map_err(failed(item))
    }
}

impl<T: Serialize + Send + Sync + 'static> Op for WriteRecords<T> {
    fn name(&self) -> Cow<'_, str> {
        let mut names = Vec::new();
        self.stream.label(&mut names);
        names.push("to_avro");
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let (path, to) = args.get::<(PathBuf, Destination)>(args.len().saturating_sub(1))?.clone();
        write_file(&path, &to, Compression::None, |out| self.write(&mut args, &path, out))?;
        Ok(Partition::new(vec![path]).into_value())
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, _n_producer_args: usize) -> Option<Arc<dyn Op>> {
        if at != 0 {
            return None;
        }
        let stream = self.stream.absorb(producer, self.stream.steps())?;
        Some(Arc::new(Self { stream, schema: self.schema.clone(), codec: self.codec }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.stream.pack(to))?;
        to.state(&(&self.schema, self.codec))?;
        Ok(|from| {
            let stream: Arc<dyn Stream<T>> = from.part()?;
            let (schema, codec) = from.state()?;
            Ok(Unpacked::op(WriteRecords { stream, schema, codec }))
        })
    }

    fn output_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        Some(size_of::<PathBuf>() as u64 + 64)
    }
}

/// Writes all of what it is given: the Avro library calls `write` once and takes it for done.
struct Whole<'a>(&'a mut dyn Write);

impl Write for Whole<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
