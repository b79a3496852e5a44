//! One object, read by requests for ranges.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use dask_graph::{Tokenize, Tokenizer};
use object_store::path::Path as StorePath;
use object_store::{Error as StoreError, GetOptions, GetRange, ObjectMeta, ObjectStore, coalesce_ranges};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{of_store, parse, store, wait};
use crate::error::FileError;
use crate::options::StorageOptions;

/// What is asked for at once. A block is read in a few requests, each of which costs a round trip.
const REQUEST: u64 = 8 << 20;

/// What is asked for at once behind the block, where only the rest of a line is wanted.
const REST: u64 = 128 << 10;

/// How far apart two ranges may be that are asked for at once.
const NEAR: u64 = 256 << 10;

/// One object as it was when it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(super) url: String,
    options: StorageOptions,
    pub(crate) nbytes: u64,
    e_tag: Option<String>,
    /// Seconds since 1970: some answers of a store tell no more.
    modified: i64,
}

impl Tokenize for Object {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&self.options);
        tokenizer.add(&self.nbytes);
        tokenizer.add(&self.e_tag);
        tokenizer.add(&self.modified);
    }
}

impl Object {
    pub(super) fn new(url: &Url, options: &StorageOptions, meta: ObjectMeta) -> Self {
        Self {
            url: url.to_string(),
            options: options.clone(),
            nbytes: meta.size,
            modified: meta.last_modified.timestamp(),
            e_tag: meta.e_tag,
        }
    }

    /// The URL, which stands for a path in errors.
    pub(crate) fn path(&self) -> Arc<Path> {
        Path::new(&self.url).into()
    }

    fn is(&self, meta: &ObjectMeta) -> bool {
        let same_content = match (&self.e_tag, &meta.e_tag) {
            (Some(then), Some(now)) => then == now,
            // Not every answer of every store has one.
            _ => self.modified == meta.last_modified.timestamp(),
        };
        same_content && self.nbytes == meta.size
    }

    /// The bytes of the object from the beginning of `wanted` on.
    pub(crate) fn open(&self, wanted: Range<u64>) -> Result<impl Read + Send + use<>, FileError> {
        let (store, path) = store(&parse(&self.url)?, &self.options)?;
        let object = Arc::new(self.clone());
        Ok(Requests { object, store, path, at: wanted.start, wanted_to: wanted.end, got: Bytes::new() })
    }

    /// Some stretches of the object, those that are near each other by one request.
    pub(crate) fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, FileError> {
        let (store, path) = store(&parse(&self.url)?, &self.options)?;
        let (object, ranges) = (Arc::new(self.clone()), ranges.to_vec());
        let read = wait(async move {
            let fetch = |range| request(Arc::clone(&object), Arc::clone(&store), path.clone(), range);
            coalesce_ranges(&ranges, fetch, NEAR).await
        });
        read.map_err(|e| FileError::io("read", &self.path(), of_store(e)))
    }
}

/// An object, read by one request after another.
struct Requests {
    object: Arc<Object>,
    store: Arc<dyn ObjectStore>,
    path: StorePath,
    /// Where the next request begins.
    at: u64,
    /// Where what is wanted ends.
    wanted_to: u64,
    /// What was got and not given out.
    got: Bytes,
}

impl Read for Requests {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.got.is_empty() && self.at < self.object.nbytes {
            let length = match self.wanted_to.saturating_sub(self.at) {
                0 => REST,
                wanted => wanted.min(REQUEST),
            };
            let end = self.at.saturating_add(length).min(self.object.nbytes);
            let (object, store) = (Arc::clone(&self.object), Arc::clone(&self.store));
            self.got = wait(request(object, store, self.path.clone(), self.at..end)).map_err(of_store)?;
            self.at = end;
        }
        let n = buffer.len().min(self.got.len());
        buffer[..n].copy_from_slice(&self.got.split_to(n));
        Ok(n)
    }
}

/// Asks for a stretch of the object, which must still be the one that was found.
async fn request(
    object: Arc<Object>,
    store: Arc<dyn ObjectStore>,
    path: StorePath,
    range: Range<u64>,
) -> Result<Bytes, StoreError> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    let length = range.end - range.start;
    let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
    let answer = store.get_opts(&path, options).await?;
    let meta = answer.meta.clone();
    let bytes = answer.bytes().await?;
    if !object.is(&meta) || bytes.len() as u64 != length {
        let changed = Changed { got: meta.size };
        return Err(StoreError::Generic { store: "object", source: Box::new(changed) });
    }
    Ok(bytes)
}

/// The object is not the one that it was.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) got: u64,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the object changed, and has {} bytes now", self.got)
    }
}

impl std::error::Error for Changed {}
