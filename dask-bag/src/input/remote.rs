//! Objects in stores, by URL.
//!
//! The library that speaks to stores is asynchronous. Its runtime lives here and nowhere else: two threads of it
//! do the talking, and the thread that reads waits. It waits on a channel rather than in the runtime, so that
//! reading is allowed on threads of another runtime, too.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use dask_graph::{Tokenize, Tokenizer};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use object_store::path::Path as StorePath;
use object_store::{
    ClientConfigKey, Error as StoreError, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt,
    ObjectStoreScheme, parse_url_opts,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use url::Url;

use crate::error::ReadError;

/// What is asked for at once. A block is read in a few requests, each of which costs a round trip.
const REQUEST: u64 = 8 << 20;

/// What is asked for at once behind the block, where only the rest of a line is wanted.
const REST: u64 = 128 << 10;

/// How stores of objects are reached: pairs of keys and values, some of them secret.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct StorageOptions(pub(crate) Vec<(String, String)>);

impl fmt::Debug for StorageOptions {
    /// Shows the keys alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(key, _)| key)).finish()
    }
}

/// One object as it was when the bag was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Object {
    url: String,
    options: StorageOptions,
    pub(super) nbytes: u64,
    e_tag: Option<String>,
    /// Seconds since 1970: some answers of a store tell no more.
    modified: i64,
}

impl Tokenize for Object {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&self.options.0);
        tokenizer.add(&self.nbytes);
        tokenizer.add(&self.e_tag);
        tokenizer.add(&self.modified);
    }
}

impl Object {
    fn new(url: &Url, options: &StorageOptions, meta: ObjectMeta) -> Self {
        Self {
            url: url.to_string(),
            options: options.clone(),
            nbytes: meta.size,
            modified: meta.last_modified.timestamp(),
            e_tag: meta.e_tag,
        }
    }

    /// The URL, which stands for a path in errors.
    pub(super) fn path(&self) -> Arc<Path> {
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
    pub(super) fn open(&self, wanted: Range<u64>) -> Result<impl Read + Send + use<>, ReadError> {
        let url = Url::parse(&self.url).map_err(|e| io_error("open", &self.url, io::Error::other(e)))?;
        let (store, path) = store(&url, &self.options)?;
        Ok(Requests {
            object: self.clone(),
            store,
            path,
            at: wanted.start,
            wanted_to: wanted.end,
            got: Vec::new(),
            given: 0,
        })
    }
}

/// An object, read by one request after another.
struct Requests {
    object: Object,
    store: Arc<dyn ObjectStore>,
    path: StorePath,
    /// Where the next request begins.
    at: u64,
    /// Where what is wanted ends.
    wanted_to: u64,
    got: Vec<u8>,
    /// Number of bytes of `got` that were given out.
    given: usize,
}

impl Read for Requests {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.got.len() && self.at < self.object.nbytes {
            let length = match self.wanted_to.saturating_sub(self.at) {
                0 => REST,
                wanted => wanted.min(REQUEST),
            };
            let end = self.at.saturating_add(length).min(self.object.nbytes);
            self.got = self.request(self.at..end)?;
            self.given = 0;
            self.at = end;
        }
        let n = buffer.len().min(self.got.len() - self.given);
        buffer[..n].copy_from_slice(&self.got[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

impl Requests {
    fn request(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let length = range.end - range.start;
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let (meta, bytes) = wait(async move {
            let answer = store.get_opts(&path, options).await?;
            let meta = answer.meta.clone();
            Ok((meta, answer.bytes().await?))
        })
        .map_err(of_store)?;
        if !self.object.is(&meta) || bytes.len() as u64 != length {
            return Err(io::Error::other(Changed { got: meta.size }));
        }
        Ok(bytes.to_vec())
    }
}

/// The object is not the one that it was.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) got: u64,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the object changed, and has {} bytes now", self.got)
    }
}

impl std::error::Error for Changed {}

/// Whether a failure is one of the store, and not of what was read.
pub(super) fn is_of_store(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<StoreError>() || inner.is::<Changed>())
}

/// The objects that match `pattern`, sorted by name: all whose names begin so, if it ends in `/`.
pub(super) fn matching(pattern: &str, options: &StorageOptions) -> Result<Vec<Object>, ReadError> {
    let scheme_end = pattern.find("://").map_or(0, |at| at + 3);
    let first_letter = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    let directory_end = pattern[..first_letter].rfind('/').map_or(0, |at| at + 1);
    let (directory, tail) = pattern.split_at(directory_end.max(scheme_end));
    if !tail.is_empty() && first_letter == pattern.len() {
        return find(&url(pattern)?, options).map(|object| vec![object]);
    }
    let directory = url(directory)?;
    let (store, prefix) = store(&directory, options)?;
    let its_prefix = prefix.clone();
    let listed = wait(async move { store.list(Some(&its_prefix)).try_collect::<Vec<_>>().await });
    let listed = listed.map_err(|e| io_error("list", pattern, of_store(e)))?;

    let matches = glob::Pattern::new(if tail.is_empty() { "**" } else { tail })
        .map_err(|source| ReadError::Pattern { pattern: pattern.to_owned(), source })?;
    let literal = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let mut objects = Vec::new();
    for meta in listed {
        let Some(parts) = meta.location.prefix_match(&prefix) else { continue };
        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        if !matches.matches_with(&parts.join("/"), literal) {
            continue;
        }
        let mut url = directory.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(parts);
        }
        objects.push(Object::new(&url, options, meta));
    }
    if objects.is_empty() {
        return Err(ReadError::NoObject { pattern: pattern.to_owned() });
    }
    objects.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(objects)
}

fn find(url: &Url, options: &StorageOptions) -> Result<Object, ReadError> {
    let (store, path) = store(url, options)?;
    let meta = wait(async move { store.head(&path).await });
    let meta = meta.map_err(|e| io_error("find", url.as_str(), of_store(e)))?;
    Ok(Object::new(url, options, meta))
}

fn url(text: &str) -> Result<Url, ReadError> {
    Url::parse(text).map_err(|source| ReadError::Url { url: text.to_owned(), source: Box::new(source) })
}

/// The store of the URL, which is made once, and the path in it.
fn store(url: &Url, options: &StorageOptions) -> Result<(Arc<dyn ObjectStore>, StorePath), ReadError> {
    type Stores = HashMap<(String, StorageOptions), Arc<dyn ObjectStore>>;
    static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(Mutex::default);

    let refused = |source: StoreError| ReadError::Url { url: url.to_string(), source: Box::new(source) };
    let (scheme, path) = ObjectStoreScheme::parse(url).map_err(|e| refused(e.into()))?;
    if let Some((key, _)) = options.0.iter().find(|(key, _)| !is_option_of(&scheme, key)) {
        return Err(ReadError::StorageOption { url: url.to_string(), key: key.clone() });
    }
    // Buckets of some hosts are parts of the path: the store of an URL is that of its first directory, then.
    let place = format!("{}{}", &url[..url::Position::BeforePath], bucket(url, &path));
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(store) = stores.get(&(place.clone(), options.clone())) {
        return Ok((Arc::clone(store), path));
    }
    // Were another provider installed before, it would serve as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plain = (url.scheme() == "http").then(|| ("allow_http".to_owned(), "true".to_owned()));
    let all = options.0.iter().cloned().chain(plain);
    let (store, _) = parse_url_opts(url, all).map_err(refused)?;
    let store: Arc<dyn ObjectStore> = store.into();
    stores.insert((place, options.clone()), Arc::clone(&store));
    Ok((store, path))
}

/// What of the URL's path does not belong to the path in the store.
fn bucket<'a>(url: &'a Url, path: &StorePath) -> &'a str {
    let segments = path.parts().count();
    let all = url.path();
    let mut end = all.trim_end_matches('/').len();
    for _ in 0..segments {
        end = all[..end].rfind('/').unwrap_or(0);
    }
    &all[..end]
}

/// Whether stores of this kind know the option: others are ignored by the library, mistyped ones included.
fn is_option_of(scheme: &ObjectStoreScheme, key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    match scheme {
        ObjectStoreScheme::AmazonS3 => key.parse::<AmazonS3ConfigKey>().is_ok(),
        ObjectStoreScheme::GoogleCloudStorage => key.parse::<GoogleConfigKey>().is_ok(),
        ObjectStoreScheme::MicrosoftAzure => key.parse::<AzureConfigKey>().is_ok(),
        _ => key.parse::<ClientConfigKey>().is_ok(),
    }
}

/// The result of `work`, which the runtime does meanwhile.
fn wait<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("dask-bag-stores")
            .enable_all()
            .build()
    });
    let failed = |why: String| StoreError::Generic { store: "runtime", source: why.into() };
    let runtime = RUNTIME.as_ref().map_err(|e| failed(e.to_string()))?;
    let (done, result) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // Nobody waits any more only if the waiting thread panicked.
        let _ = done.send(work.await);
    });
    result.recv().unwrap_or_else(|_| Err(failed("the request panicked".to_owned())))
}

fn of_store(error: StoreError) -> io::Error {
    let kind = match &error {
        StoreError::NotFound { .. } => io::ErrorKind::NotFound,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

fn io_error(doing: &'static str, url: &str, source: io::Error) -> ReadError {
    ReadError::Io { doing, path: Path::new(url).into(), source }
}
