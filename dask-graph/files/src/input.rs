//! Files to read: which they are, and that they stay what they were.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::compression::Compression;
use crate::error::{CompressionError, FileError};
use crate::local;
use crate::options::StorageOptions;
#[cfg(feature = "object-store")]
use crate::remote;

/// Bytes of a packed file that are read at once.
const BUFFER: usize = 64 << 10;

/// One file as it was when it was found.
///
/// It can be sent to other processes of the machine, whatever directory they work in, and tells when it is read that it
/// is not the one that was found. Not [unpacked](InputFile::open_unpacked) unless it is said how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    path: Arc<Path>,
    compression: Compression,
    stamp: Stamp,
}

/// What tells whether a file is still the one that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Stamp {
    Local(local::Stamp),
    #[cfg(feature = "object-store")]
    Remote(remote::Object),
}

/// The files that `pattern` matches, sorted by name.
///
/// `*` stands for any letters but `/`, `**` for any directories, `?` for one letter, `[a-c]` for one of these. A path
/// that there is means itself, whatever letters are in it. The pattern of an URL that ends in `/` means all objects whose
/// names begin so.
///
/// # Errors
///
/// - `Pattern` if it is none.
/// - `NoMatch` or `NoObject` if nothing matches, `NotAFile` if a directory is among what does.
/// - `StoresOff`, `Url` or `StorageOption` for an URL that cannot be used.
/// - `Io` if a file cannot be looked up.
pub fn find(pattern: &str, options: &StorageOptions) -> Result<Vec<InputFile>, FileError> {
    match scheme(pattern) {
        Scheme::Local(pattern) => find_listed(local::matching(pattern)?),
        #[cfg(feature = "object-store")]
        Scheme::Store => {
            Ok(remote::matching(pattern, options)?.into_iter().map(InputFile::of_object).collect())
        }
        #[cfg(not(feature = "object-store"))]
        Scheme::Store => {
            let StorageOptions { .. } = options;
            Err(FileError::StoresOff { url: pattern.to_owned() })
        }
    }
}

/// These files, in this order, no letter of whose paths has a meaning.
///
/// # Errors
///
/// - `NotAFile` if one is none, `Io` if it cannot be looked up.
pub fn find_listed<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Vec<InputFile>, FileError> {
    paths.into_iter().map(|path| InputFile::of_path(path.as_ref())).collect()
}

/// The files of a table, sorted by name: those that a pattern [matches](find), or if it names a directory, those below it
/// whose names have the end `end`.
///
/// Beside each is its path from that directory, or from the one below which the names of the pattern are not fixed. Of
/// the files below a directory, those are passed over of which a part of that path begins with `.` or `_`; so are
/// directories that are named like files, which hold files of the table.
///
/// # Errors
///
/// As [`find`]; `NotAFile` if only directories match.
pub fn find_table(
    pattern: &str,
    end: &str,
    options: &StorageOptions,
) -> Result<Vec<(InputFile, PathBuf)>, FileError> {
    match scheme(pattern) {
        Scheme::Local(pattern) => local_table(pattern, end),
        #[cfg(feature = "object-store")]
        Scheme::Store => stored_table(pattern, end, options),
        #[cfg(not(feature = "object-store"))]
        Scheme::Store => {
            let StorageOptions { .. } = options;
            Err(FileError::StoresOff { url: pattern.to_owned() })
        }
    }
}

#[cfg(feature = "object-store")]
fn stored_table(
    pattern: &str,
    end: &str,
    options: &StorageOptions,
) -> Result<Vec<(InputFile, PathBuf)>, FileError> {
    let is_pattern = pattern.contains(['*', '?', '[']);
    // A store tells what is below a name; that there is an object of the name, too, would be odd.
    let below = match (!is_pattern).then(|| remote::below(pattern, end, options)) {
        Some(Ok(objects)) => {
            let objects = objects.into_iter();
            return Ok(objects.map(|(below, object)| (InputFile::of_object(object), below.into())).collect());
        }
        Some(Err(error)) => Some(error),
        None => None,
    };
    let base = fixed(Path::new(pattern)).to_owned();
    match (find(pattern, options), below) {
        (Err(FileError::Io { source, .. }), Some(none @ FileError::NoObject { .. }))
            if source.kind() == io::ErrorKind::NotFound =>
        {
            Err(none)
        }
        (found, _) => Ok(found?.into_iter().map(|file| beside(file, &base)).collect()),
    }
}

fn local_table(pattern: &str, end: &str) -> Result<Vec<(InputFile, PathBuf)>, FileError> {
    let path = Path::new(pattern);
    let absolute = |path: &Path| std::path::absolute(path).map_err(|e| FileError::io("find", path, e));
    if !path.is_dir() {
        // The empty path is the directory that is worked in.
        let base = absolute(&Path::new(".").join(fixed(path)))?;
        return Ok(find_local(pattern)?.into_iter().map(|file| beside(file, &base)).collect());
    }
    let base = absolute(path)?;
    let pattern = local::below(&base, end);
    let is_shown = |(_, below): &(InputFile, PathBuf)| {
        !below.iter().any(|name| name.to_string_lossy().starts_with(['.', '_']))
    };
    let files = find_local(&pattern)?.into_iter().map(|file| beside(file, &base));
    let files = files.filter(is_shown).collect::<Vec<_>>();
    if files.is_empty() {
        let directory = std::env::current_dir().unwrap_or_default();
        return Err(FileError::NoMatch { pattern, directory });
    }
    Ok(files)
}

/// The files among what a pattern matches; if there are only directories, they are what was meant.
fn find_local(pattern: &str) -> Result<Vec<InputFile>, FileError> {
    let mut paths = local::matching(pattern)?;
    if paths.iter().any(|path| path.is_file()) {
        paths.retain(|path| path.is_file());
    }
    find_listed(paths)
}

fn beside(file: InputFile, base: &Path) -> (InputFile, PathBuf) {
    let below = file.path.strip_prefix(base).unwrap_or(&file.path).to_owned();
    (file, below)
}

/// The directory below which a pattern's names are not fixed.
fn fixed(pattern: &Path) -> &Path {
    let is_wild = |part: &Path| part.to_string_lossy().contains(['*', '?', '[']);
    pattern.ancestors().skip(1).find(|part| !is_wild(part)).unwrap_or(Path::new(""))
}

/// Where a name is.
pub(crate) enum Scheme<'a> {
    /// On this machine, by this path.
    Local(&'a str),
    Store,
}

pub(crate) fn scheme(name: &str) -> Scheme<'_> {
    match name.split_once("://") {
        None => Scheme::Local(name),
        Some(("file", path)) => Scheme::Local(path),
        Some(_) => Scheme::Store,
    }
}

/// Whether a failure to read is an answer of the system or of a store, and not one of a decoder.
pub fn is_of_system(error: &io::Error) -> bool {
    #[cfg(feature = "object-store")]
    if remote::is_of_store(error) {
        return true;
    }
    error.raw_os_error().is_some()
}

impl InputFile {
    fn of_path(path: &Path) -> Result<Self, FileError> {
        let (path, stamp) = local::find(path)?;
        Ok(Self { path: path.into(), compression: Compression::None, stamp: Stamp::Local(stamp) })
    }

    #[cfg(feature = "object-store")]
    fn of_object(object: remote::Object) -> Self {
        Self { path: object.path(), compression: Compression::None, stamp: Stamp::Remote(object) }
    }

    /// The file as one that is packed so.
    ///
    /// # Errors
    ///
    /// - `Off` if the feature of the compression is.
    pub fn packed(self, compression: Compression) -> Result<Self, CompressionError> {
        Ok(Self { compression: compression.built_in()?, ..self })
    }

    /// The file as one that is packed as its first bytes tell.
    ///
    /// # Errors
    ///
    /// - `Io` if they cannot be read, `Changed` if the file is not the one that was found.
    pub fn packed_as_is(self) -> Result<Self, FileError> {
        let mut head = self.open(0..16)?;
        let compression = Compression::of_content(&mut head).map_err(|e| self.io("read", e))?;
        Ok(Self { compression, ..self })
    }

    /// The path from any directory, or the URL.
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// How the file is packed: not at all, unless something was said.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The length of the file, packed as it is.
    pub fn nbytes(&self) -> u64 {
        match &self.stamp {
            Stamp::Local(stamp) => stamp.nbytes,
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => object.nbytes,
        }
    }

    /// Whether the file is on this machine, so that reading some of it again costs next to nothing.
    pub fn is_local(&self) -> bool {
        matches!(self.stamp, Stamp::Local(_))
    }

    /// The bytes of the file from the beginning of `wanted` on, some of which behind it may be read, too.
    ///
    /// # Errors
    ///
    /// - `Io` if the file cannot be opened, `Changed` if it is not the one that was found.
    pub fn open(&self, wanted: Range<u64>) -> Result<Box<dyn Read + Send>, FileError> {
        Ok(match &self.stamp {
            Stamp::Local(stamp) => Box::new(local::open_at(&self.path, stamp, wanted.start)?),
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => Box::new(object.open(wanted)?),
        })
    }

    /// The content of the file: of one that is packed from its beginning, otherwise as [`open`](InputFile::open).
    ///
    /// # Errors
    ///
    /// As [`open`](InputFile::open), and `Io` if what unpacks it cannot be set up.
    pub fn open_unpacked(&self, wanted: Range<u64>) -> Result<Box<dyn Read + Send>, FileError> {
        if self.compression == Compression::None {
            return self.open(wanted);
        }
        let packed = BufReader::with_capacity(BUFFER, self.open(0..u64::MAX)?);
        self.compression.unpack(packed).map_err(|e| self.io("read", e))
    }

    /// Some stretches of the file, packed as it is, in the order in which they are asked for.
    ///
    /// Of an object, stretches that are near each other are asked for at once, and others at the same time.
    ///
    /// # Errors
    ///
    /// - `Io` if the file cannot be read, or ends before a stretch does.
    /// - `Changed` if it is not the one that was found.
    pub fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, FileError> {
        let nbytes = self.nbytes();
        if ranges.iter().any(|range| range.start > range.end || range.end > nbytes) {
            return Err(self.io("read", io::ErrorKind::UnexpectedEof.into()));
        }
        match &self.stamp {
            Stamp::Local(stamp) => local::read_ranges(&self.path, stamp, ranges),
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => object.read_ranges(ranges).map_err(|error| match error {
                FileError::Io { doing, source, .. } => self.io(doing, source),
                error => error,
            }),
        }
    }

    /// The error of a file that got shorter while it was read, to `got` bytes.
    pub fn changed(&self, got: u64) -> FileError {
        FileError::Changed { path: Arc::clone(&self.path), expected: self.nbytes(), got }
    }

    /// The error of the answer `source` of the system or the store when the file was to be read.
    pub fn io(&self, doing: &'static str, source: io::Error) -> FileError {
        #[cfg(feature = "object-store")]
        if let Some(changed) = source.get_ref().and_then(|e| e.downcast_ref::<remote::Changed>()) {
            return self.changed(changed.got);
        }
        FileError::Io { doing, path: Arc::clone(&self.path), source }
    }
}

impl Tokenize for InputFile {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&*self.path);
        match &self.stamp {
            Stamp::Local(stamp) => tokenizer.add(stamp),
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => tokenizer.add(object),
        };
        tokenizer.add(&self.compression.to_string());
    }
}
