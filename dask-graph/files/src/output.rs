//! Files to write, which have their names only when they are whole.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::FileError;
use crate::input::{Scheme, scheme};
use crate::local;
use crate::options::StorageOptions;
#[cfg(feature = "object-store")]
use crate::remote;

/// Where a file is to be written, or a directory of files: a path, or an URL with how its store is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    path: PathBuf,
    /// How the store of an URL is reached; `None` for a path.
    store: Option<StorageOptions>,
}

impl Destination {
    /// The destination of this name. A path means the same from any directory from now on.
    ///
    /// # Errors
    ///
    /// - `StoresOff` for an URL if the feature is off, `Url` or `StorageOption` if its store cannot be used.
    /// - `Io` if there is no directory that a path could be relative to.
    pub fn new(name: impl AsRef<Path>, options: &StorageOptions) -> Result<Self, FileError> {
        let name = name.as_ref();
        let path = match name.to_str().map(scheme) {
            None => name,
            Some(Scheme::Local(path)) => Path::new(path),
            Some(Scheme::Store) => return Self::in_store(name, options),
        };
        let path = std::path::absolute(path).map_err(|e| FileError::io("find", path, e))?;
        Ok(Self { path, store: None })
    }

    #[cfg(feature = "object-store")]
    fn in_store(url: &Path, options: &StorageOptions) -> Result<Self, FileError> {
        let this = Self { path: url.to_owned(), store: Some(options.clone()) };
        remote::Upload::new(&this.url(), options)?;
        Ok(this)
    }

    #[cfg(not(feature = "object-store"))]
    fn in_store(url: &Path, _: &StorageOptions) -> Result<Self, FileError> {
        Err(FileError::StoresOff { url: url.display().to_string() })
    }

    /// The path, or the URL.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        self.store.is_none()
    }

    /// The file, or directory, of this name in this one, which is a directory.
    ///
    /// The name has the same letters in a store, whatever they mean in an URL.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let path = match &self.store {
            #[cfg(feature = "object-store")]
            Some(_) => remote::join(&self.url(), name).into(),
            _ => self.path.join(name),
        };
        Self { path, store: self.store.clone() }
    }

    /// The URLs of the objects below this one. There is no such thing as an empty directory of a store; of a path,
    /// nothing is told.
    ///
    /// # Errors
    ///
    /// - `Io` if the store does not tell.
    pub fn objects(&self) -> Result<Vec<String>, FileError> {
        match &self.store {
            #[cfg(feature = "object-store")]
            Some(options) => remote::list(&self.url(), options),
            _ => Ok(Vec::new()),
        }
    }

    /// Removes the object of this URL from the store in which this destination is.
    ///
    /// # Errors
    ///
    /// - `Io` if the store does not do it.
    pub fn remove_object(&self, url: &str) -> Result<(), FileError> {
        match &self.store {
            #[cfg(feature = "object-store")]
            Some(options) => remote::remove(url, options),
            _ => Err(FileError::io("remove", Path::new(url), io::ErrorKind::Unsupported.into())),
        }
    }

    #[cfg(feature = "object-store")]
    fn url(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

/// A file on its way. Dropped before it is [finished](NewFile::finish), it leaves nothing behind.
pub struct NewFile(Kind);

enum Kind {
    Local(local::Unfinished),
    #[cfg(feature = "object-store")]
    Upload(remote::Upload),
}

impl NewFile {
    /// A file that appears at its destination when it is finished, in place of what is there: a hidden file beside it
    /// until then, in a directory that is made if need be; or an object.
    ///
    /// # Errors
    ///
    /// - `Io` if nothing can be written there.
    /// - `Url` or `StorageOption` if the store cannot be used.
    pub fn create(destination: &Destination) -> Result<Self, FileError> {
        Ok(Self(match &destination.store {
            #[cfg(feature = "object-store")]
            Some(options) => Kind::Upload(remote::Upload::new(&destination.url(), options)?),
            _ => Kind::Local(local::Unfinished::beside(&destination.path)?),
        }))
    }

    /// A file that has its name from the beginning: for what nobody looks at before it is moved.
    ///
    /// # Errors
    ///
    /// - `Io` if nothing can be written there.
    pub fn in_place(path: &Path) -> Result<Self, FileError> {
        local::Unfinished::in_place(path).map(Kind::Local).map(Self)
    }

    /// Brings the bytes to where they outlive the machine's memory, and gives the file its name.
    ///
    /// # Errors
    ///
    /// - `Io` if that fails. There is no new file then.
    pub fn finish(self) -> Result<(), FileError> {
        match self.0 {
            Kind::Local(file) => file.finish(),
            #[cfg(feature = "object-store")]
            Kind::Upload(upload) => upload.finish(),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Local(file) => file.file().write(bytes),
            #[cfg(feature = "object-store")]
            Kind::Upload(upload) => upload.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Local(file) => file.file().flush(),
            #[cfg(feature = "object-store")]
            Kind::Upload(upload) => upload.flush(),
        }
    }
}

impl fmt::Debug for NewFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewFile").finish_non_exhaustive()
    }
}
