//! Objects in stores, by URL.
//!
//! The library that speaks to stores is asynchronous. Its runtime lives here and nowhere else: two threads of it
//! do the talking, and the thread that reads or writes waits. It waits on a channel rather than in the runtime, so that
//! reading is allowed on threads of another runtime, too.

mod find;
mod object;
mod upload;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use object_store::path::Path as StorePath;
use object_store::{ClientConfigKey, Error as StoreError, ObjectStore, ObjectStoreScheme, parse_url_opts};
use tokio::runtime::Runtime;
use url::Url;

use crate::error::FileError;
use crate::options::StorageOptions;

pub(crate) use find::{below, list, matching, remove};
pub(crate) use object::{Changed, Object};
pub(crate) use upload::Upload;

/// Whether a failure is one of the store, and not of what was read.
pub(crate) fn is_of_store(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<StoreError>() || inner.is::<Changed>())
}

/// The URL that a text is.
fn parse(text: &str) -> Result<Url, FileError> {
    Url::parse(text).map_err(|source| FileError::Url { url: text.to_owned(), source: Box::new(source) })
}

/// The URL of the name below this URL.
pub(crate) fn join(url: &str, name: &str) -> String {
    let mut joined = match Url::parse(url) {
        Ok(url) => url,
        // It is refused when it is used.
        Err(_) => return format!("{url}/{name}"),
    };
    if let Ok(mut segments) = joined.path_segments_mut() {
        segments.pop_if_empty().push(name);
    }
    joined.into()
}

/// The store of the URL, which is made once, and the path in it.
fn store(url: &Url, options: &StorageOptions) -> Result<(Arc<dyn ObjectStore>, StorePath), FileError> {
    type Stores = HashMap<(String, StorageOptions), Arc<dyn ObjectStore>>;
    static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(Mutex::default);

    let refused = |source: StoreError| FileError::Url { url: url.to_string(), source: Box::new(source) };
    let (scheme, path) = ObjectStoreScheme::parse(url).map_err(|e| refused(e.into()))?;
    if let Some((key, _)) = options.pairs().iter().find(|(key, _)| !is_option_of(&scheme, key)) {
        return Err(FileError::StorageOption { url: url.to_string(), key: key.clone() });
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
    let all = options.pairs().iter().cloned().chain(plain);
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
            .thread_name("dask-stores")
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
    match error {
        StoreError::Generic { source, .. } if source.is::<Changed>() => io::Error::other(source),
        error => io::Error::new(kind, error),
    }
}

fn io_error(doing: &'static str, url: &str, source: StoreError) -> FileError {
    FileError::io(doing, Path::new(url), of_store(source))
}
