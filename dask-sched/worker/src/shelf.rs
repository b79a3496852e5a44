//! Values on their way between processes: small ones inside messages, large ones in files that all can read.
//!
//! A value is written once, as its blob, by the process that has it, and read once by each that wants it; nobody
//! in between looks into it. The files are in memory (a `tmpfs`) or, when there is no room or it is asked for, on
//! disk. They survive the process that wrote them.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use dask_graph::{Blob, BlobError, BlobReader, List, Refused, Value};
use serde::{Deserialize, Serialize};

use crate::image::{Image, ImageError, SameBuild, SentReader};
use crate::spares::Spares;

/// A blob of no more bytes goes inside messages: a file would cost more than copying it.
pub const INLINE: usize = 1 << 15;

/// What a file costs at least, which is what the length of a read should be worth.
const BUFFER: usize = 1 << 13;

/// Which of the directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The one in memory.
    Memory,
    /// The one on disk.
    Disk,
}

/// What a value is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// The result of a node, as one attempt to run it made it.
    Result {
        /// Counts the runs of a scheduler.
        run: u32,
        /// The node.
        node: u32,
        /// Which attempt.
        attempt: u32,
    },
    /// A literal in the code of nodes.
    Literal {
        /// Counts the runs of a scheduler.
        run: u32,
        /// Its number.
        literal: u32,
    },
}

impl Owner {
    /// Whether it is the result that this attempt makes, in whatever run.
    pub fn is_result_of(&self, of_node: u32, of_attempt: u32) -> bool {
        matches!(self, Self::Result { node, attempt, .. } if (*node, *attempt) == (of_node, of_attempt))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result { run, node, attempt } => write!(f, "{run}-result-{node}-{attempt}"),
            Self::Literal { run, literal } => write!(f, "{run}-literal-{literal}"),
        }
    }
}

/// A value, packed: the way to its blob, and those bytes of it that travel inside messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The way to its blob.
    pub label: Label,
    /// What of it travels inside the message.
    pub inline: Vec<u8>,
}

/// The way to a value's blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    /// The next so many bytes beside the message.
    Inline {
        /// What reads it.
        reader: SentReader,
        /// How many.
        length: u32,
    },
    /// A file.
    File {
        /// What reads it.
        reader: SentReader,
        /// In which directory.
        place: Place,
        /// Whose value it is, or is a part of.
        owner: Owner,
        /// Which part, from 0.
        part: u32,
    },
    /// A list, whose items have ways of their own.
    List(Vec<Label>),
}

impl Label {
    /// Whether any file in memory belongs to it.
    pub fn is_in(&self, place: Place) -> bool {
        match self {
            Self::Inline { .. } => false,
            Self::File { place: own, .. } => *own == place,
            Self::List(items) => items.iter().any(|item| item.is_in(place)),
        }
    }

    /// Whether there are files at all.
    pub fn has_files(&self) -> bool {
        self.is_in(Place::Memory) || self.is_in(Place::Disk)
    }
}

/// A value that could not be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Its type says nothing of how it leaves the process.
    #[error("a value of type {type_name} cannot leave its process")]
    Stays {
        /// The type.
        type_name: &'static str,
    },
    /// It could not be written.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A file could not be written.
    #[error(
        "cannot write {}: {source}; free some space, or name another directory with DASK_TEMPORARY_DIRECTORY or \
         `RunOptions::temporary_directory`", .path.display()
    )]
    Write {
        /// The file, which has been removed.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What reads it back cannot be named.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// A value that could not be unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The file could not be read.
    #[error("cannot read {}: {source}; nobody but the run may touch its files", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was read is not the value.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The bytes inside the message are not what they should be.
    #[error("a value inside a message is damaged: {0}")]
    Damaged(#[source] io::Error),
    /// What should read it is no function.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl From<PackError> for Refused {
    fn from(error: PackError) -> Self {
        Refused::new(error.to_string())
    }
}

/// The two directories in which processes leave values for each other.
#[derive(Debug, Clone)]
pub struct Shelf {
    memory: PathBuf,
    disk: PathBuf,
}

impl Shelf {
    /// The directory in memory, which is there, and the one on disk, which is made when first needed.
    pub fn new(memory: PathBuf, disk: PathBuf) -> Self {
        Self { memory, disk }
    }

    /// A directory.
    pub fn directory(&self, place: Place) -> &Path {
        match place {
            Place::Memory => &self.memory,
            Place::Disk => &self.disk,
        }
    }

    fn path(&self, place: Place, owner: Owner, part: u32) -> PathBuf {
        self.directory(place).join(format!("{owner}-{part}"))
    }

    /// Packs a value: writes it to files if it is large, to those on disk when there is no room in memory. Those
    /// in memory may be spare ones.
    ///
    /// # Errors
    ///
    /// - When it cannot be written; no file is left then.
    pub fn pack(
        &self,
        image: &Image,
        spares: &mut Spares,
        value: &Value,
        owner: Owner,
        place: Place,
    ) -> Result<Parcel, PackError> {
        let mut packing = Packing { shelf: self, image, spares, owner, place, inline: vec![], parts: 0 };
        match packing.label(value) {
            Ok(label) => Ok(Parcel { label, inline: packing.inline }),
            Err(error) => {
                self.remove_parts(owner, packing.parts);
                Err(error)
            }
        }
    }

    /// Makes a value of its label and the bytes that came with it, which then begin after its own.
    ///
    /// # Errors
    ///
    /// - When a file is gone or anything is not what was packed.
    pub fn unpack(&self, same: SameBuild, label: &Label, inline: &mut &[u8]) -> Result<Value, UnpackError> {
        match label {
            Label::Inline { reader, length } => {
                let read = same.reader(*reader)?;
                let bytes = inline.split_off(..*length as usize);
                let mut bytes = bytes.ok_or_else(|| UnpackError::Damaged(ErrorKind::UnexpectedEof.into()))?;
                let mut blob = BlobReader::new(&mut bytes).map_err(UnpackError::Damaged)?;
                Ok(read(&mut blob)?)
            }
            Label::File { reader, place, owner, part } => {
                let read = same.reader(*reader)?;
                let path = self.path(*place, *owner, *part);
                let failed = |source| UnpackError::Read { path: path.clone(), source };
                let mut file = BufReader::with_capacity(BUFFER, File::open(&path).map_err(failed)?);
                Ok(read(&mut BlobReader::new(&mut file).map_err(failed)?)?)
            }
            Label::List(items) => {
                let items = items.iter().map(|item| self.unpack(same, item, inline));
                Ok(Value::sized(List(items.collect::<Result<_, _>>()?)))
            }
        }
    }

    /// Removes the files of a value that nobody needs any more.
    pub fn remove(&self, label: &Label) {
        match label {
            Label::Inline { .. } => {}
            // What cannot be removed now goes with the directory.
            Label::File { place, owner, part, .. } => {
                let _ = fs::remove_file(self.path(*place, *owner, *part));
            }
            Label::List(items) => items.iter().for_each(|item| self.remove(item)),
        }
    }

    /// Keeps the file of a value that nobody needs any more, to be written again.
    pub fn spare(&self, label: &Label, spares: &mut Spares) {
        match label {
            Label::File { place: Place::Memory, owner, part, .. } => {
                spares.put(&self.path(Place::Memory, *owner, *part));
            }
            other => self.remove(other),
        }
    }

    /// Removes what a process may have written that died before it could say what that was.
    pub fn remove_remains(&self, owner: Owner) {
        let mut part = 0;
        while self.remove_part(owner, part) {
            part += 1;
        }
    }

    /// Removes all files of a run, in which processes have died that may have had some in hand.
    pub fn remove_run(&self, run: u32) {
        let prefix = format!("{run}-");
        for entry in self.memory.read_dir().into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn remove_parts(&self, owner: Owner, parts: u32) {
        (0..parts).for_each(|part| {
            self.remove_part(owner, part);
        });
    }

    fn remove_part(&self, owner: Owner, part: u32) -> bool {
        let remove = |place| fs::remove_file(self.path(place, owner, part)).is_ok();
        let is_in_memory = remove(Place::Memory);
        remove(Place::Disk) || is_in_memory
    }
}

/// A value while it is packed.
struct Packing<'s> {
    shelf: &'s Shelf,
    image: &'s Image,
    spares: &'s mut Spares,
    owner: Owner,
    place: Place,
    inline: Vec<u8>,
    parts: u32,
}

impl Packing<'_> {
    fn label(&mut self, value: &Value) -> Result<Label, PackError> {
        if let Some(list) = value.downcast_ref::<List>() {
            let items = list.iter().map(|item| self.label(item));
            return Ok(Label::List(items.collect::<Result<_, _>>()?));
        }
        let stays = || PackError::Stays { type_name: value.type_name() };
        let (blob, read) = value.to_blob().ok_or_else(stays)??;
        let reader = self.image.send_reader(read)?;
        if self.inline.len() + blob.nbytes() <= INLINE {
            let start = self.inline.len();
            let written = blob.write_to(&mut self.inline);
            written.map_err(|source| PackError::Write { path: PathBuf::from("memory"), source })?;
            return Ok(Label::Inline { reader, length: (self.inline.len() - start) as u32 });
        }
        let part = self.parts;
        self.parts += 1;
        let place = self.file(&blob, part)?;
        Ok(Label::File { reader, place, owner: self.owner, part })
    }

    /// Writes a file, in memory if it is to be there and there is room; returns where it is.
    fn file(&mut self, blob: &Blob<'_>, part: u32) -> Result<Place, PackError> {
        if self.place == Place::Memory {
            let path = self.shelf.path(Place::Memory, self.owner, part);
            self.spares.take(blob.nbytes() as u64, &path);
            match write(&path, blob) {
                Ok(()) => return Ok(Place::Memory),
                Err(error) if error.kind() == ErrorKind::StorageFull => {}
                Err(source) => return Err(PackError::Write { path, source }),
            }
        }
        let path = self.shelf.path(Place::Disk, self.owner, part);
        let made = make_private(&self.shelf.disk).and_then(|()| write(&path, blob));
        made.map(|()| Place::Disk).map_err(|source| PackError::Write { path, source })
    }
}

/// Makes a directory that nobody but its owner may look into, unless it is there.
fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Writes a file, over what was in it if it was a spare one, or leaves none. What it says of itself tells where it
/// ends, whatever comes after.
fn write(path: &Path, blob: &Blob<'_>) -> io::Result<()> {
    let write = || {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        blob.write_to(&mut file)?;
        file.flush()
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> &'static Image {
        Image::of_this_process().unwrap()
    }

    fn shelf(parent: &Path) -> Shelf {
        Shelf::new(parent.to_owned(), parent.join("disk"))
    }

    fn pack(shelf: &Shelf, value: &Value, place: Place) -> Result<Parcel, PackError> {
        shelf.pack(image(), &mut Spares::new(&shelf.memory, 0), value, OWNER, place)
    }

    const OWNER: Owner = Owner::Result { run: 0, node: 1, attempt: 2 };

    fn again(shelf: &Shelf, parcel: &Parcel) -> Value {
        let same = image().recognise(image().build()).unwrap();
        let mut inline = &parcel.inline[..];
        let value = shelf.unpack(same, &parcel.label, &mut inline).unwrap();
        assert!(inline.is_empty());
        value
    }

    fn files(of: &Path) -> usize {
        of.read_dir().map_or(0, |files| files.filter(|file| file.as_ref().unwrap().path().is_file()).count())
    }

    #[test]
    fn small_values_travel_inside() {
        let parent = tempfile::tempdir().unwrap();
        let shelf = shelf(parent.path());
        let parcel = pack(&shelf, &Value::new(7_i64), Place::Memory).unwrap();
        assert!(!parcel.label.has_files() && !parcel.inline.is_empty());
        assert_eq!(again(&shelf, &parcel).get(), Ok(&7_i64));
    }

    #[test]
    fn large_values_are_files_until_they_are_removed() {
        for place in [Place::Memory, Place::Disk] {
            let parent = tempfile::tempdir().unwrap();
            let shelf = shelf(parent.path());
            let value = Value::new(vec![1.5_f64; INLINE]);
            let parcel = pack(&shelf, &value, place).unwrap();
            assert!(parcel.label.is_in(place) && parcel.inline.is_empty());
            assert_eq!(again(&shelf, &parcel).get::<Vec<f64>>(), value.get());
            assert_eq!(files(shelf.directory(place)), 1);
            shelf.remove(&parcel.label);
            assert_eq!(files(shelf.directory(place)), 0);
        }
    }

    #[test]
    fn lists_come_back_item_by_item() {
        let parent = tempfile::tempdir().unwrap();
        let shelf = shelf(parent.path());
        let large = || Value::new(vec![1_u8; 2 * INLINE]);
        let inner = Value::sized(List(vec![Value::new(1_i64), large()]));
        let list = Value::sized(List(vec![large(), inner, Value::new(2_i64)]));
        let parcel = pack(&shelf, &list, Place::Memory).unwrap();
        assert_eq!(files(parent.path()), 2);
        let got = again(&shelf, &parcel);
        let got = got.get::<List>().unwrap();
        assert_eq!(got.0[1].get::<List>().unwrap().0[0].get(), Ok(&1_i64));
        assert_eq!(got.0[0].get::<Vec<u8>>().unwrap().len(), 2 * INLINE);
        assert_eq!(got.0[2].get(), Ok(&2_i64));
        shelf.remove_remains(OWNER);
        assert_eq!(files(parent.path()), 0);
    }

    #[test]
    fn what_cannot_leave_is_named_and_leaves_no_file() {
        struct Mine;
        let parent = tempfile::tempdir().unwrap();
        let list = Value::sized(List(vec![Value::new(vec![1_u8; 2 * INLINE]), Value::new(Mine)]));
        let error = pack(&shelf(parent.path()), &list, Place::Memory).unwrap_err();
        assert!(error.to_string().contains("Mine"), "{error}");
        assert_eq!(files(parent.path()), 0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let gone = parent.path().join("gone");
        let value = Value::new(vec![1_u8; 2 * INLINE]);
        let error = pack(&shelf(&gone), &value, Place::Memory).unwrap_err();
        assert!(matches!(&error, PackError::Write { path, .. } if path.starts_with(&gone)), "{error}");
    }

    #[test]
    fn a_file_is_written_again() {
        let parent = tempfile::tempdir().unwrap();
        let shelf = shelf(parent.path());
        let mut spares = Spares::new(parent.path(), u64::MAX);
        for length in [3 * INLINE, 2 * INLINE, 5 * INLINE] {
            let value = Value::new(vec![length as u64; length / 8]);
            let parcel = shelf.pack(image(), &mut spares, &value, OWNER, Place::Memory).unwrap();
            assert_eq!(files(parent.path()), 1);
            assert_eq!(again(&shelf, &parcel).get::<Vec<u64>>(), value.get());
            shelf.spare(&parcel.label, &mut spares);
        }
        spares.clear();
        assert_eq!(files(parent.path()), 0);
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let shelf = shelf(parent.path());
        let parcel = pack(&shelf, &Value::new(vec![1_u8; 2 * INLINE]), Place::Memory).unwrap();
        shelf.remove(&parcel.label);
        let same = image().recognise(image().build()).unwrap();
        let error = shelf.unpack(same, &parcel.label, &mut &[][..]).unwrap_err();
        assert!(error.to_string().contains("0-result-1-2-0"), "{error}");
    }

    #[test]
    fn bytes_that_are_missing_are_an_error() {
        let parent = tempfile::tempdir().unwrap();
        let shelf = shelf(parent.path());
        let parcel = pack(&shelf, &Value::new(7_i64), Place::Memory).unwrap();
        let same = image().recognise(image().build()).unwrap();
        let error = shelf.unpack(same, &parcel.label, &mut &parcel.inline[1..]).unwrap_err();
        assert!(matches!(error, UnpackError::Damaged(_)), "{error}");
    }
}
