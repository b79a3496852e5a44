//! Reading arrays of a `.npz` archive.

use std::io;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use dask_graph::{LayerInfo, Packer, Refused, Token, Tokenize, Tokenizer, Unpack, Unpacked};
use tempfile::{NamedTempFile, TempPath};
use zip::CompressionMethod;
use zip::result::ZipError;

use super::{EXTENSION, archive, failed, names};
use crate::array::Array;
use crate::block::Block;
use crate::chunks::IntoChunks;
use crate::element::Element;
use crate::storage::file::{FileError, StoredFile};
use crate::storage::flat::Flat;
use crate::storage::npy::{NpyError, NpySource, header};
use crate::storage::region::Region;
use crate::storage::source::{BlockSource, StorageError};

/// An array of a `.npz` archive as a source of blocks (feature `npz`): what [`Array::from_npz`] reads from.
///
/// A stored array is read as [`NpySource`] reads, without its checksum being compared. A compressed one is unpacked into
/// the system's directory for temporary files when the first block is needed, its checksum is compared then, and the
/// file is removed with the last array that reads from it.
#[derive(Debug)]
pub struct NpzSource<A> {
    name: String,
    /// Where the elements are, if they are stored as they are; else, in the archive, they are not.
    flat: Flat,
    is_compressed: bool,
    unpacked: OnceLock<Result<Unzipped, Arc<NpyError>>>,
    element: PhantomData<fn() -> A>,
}

/// A file that vanishes with this.
#[derive(Debug)]
struct Unzipped {
    flat: Flat,
    _file: TempPath,
}

impl<A: Element> NpzSource<A> {
    /// Opens the array of this name in an archive, and reads its header.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, is not an archive, or has no array of this name.
    /// - When the array's header cannot be understood, or its elements have another type than `A`.
    pub fn open(path: impl AsRef<Path>, name: impl Into<String>) -> Result<Self, NpyError> {
        let (path, name) = (path.as_ref(), name.into());
        let (stored, file) = StoredFile::open(path)?;
        let mut archive = archive(&file, path)?;
        let Some(i) = archive.index_for_name(&format!("{name}{EXTENSION}")) else {
            let names = names(&archive, path)?;
            return Err(NpyError::NoMember { path: path.to_owned(), name, names });
        };
        let mut member = archive.by_index(i).map_err(failed(path))?;
        let (is_compressed, len) = (member.compression() != CompressionMethod::Stored, member.size());
        let place = path.join(format!("{name}{EXTENSION}"));
        let header = header::read(&mut member, len, &place)?;
        let mut flat = header.flat::<A>(stored, &place)?;
        let expected = flat.end::<A>();
        if expected != len {
            let (path, found, shape) = (place, len, flat.shape);
            return Err(FileError::Length { path, found, expected, shape }.into());
        }
        if !is_compressed {
            let start = member.data_start().ok_or(ZipError::FileNotFound).map_err(failed(path))?;
            // The archive's directory may say anything.
            flat.data_offset = flat.data_offset.saturating_add(start);
            flat.check_length::<A>(true)?;
        }
        Ok(Self { name, flat, is_compressed, unpacked: OnceLock::new(), element: PhantomData })
    }

    /// Where the elements are, after they were unpacked if they have to be.
    fn flat(&self) -> Result<&Flat, StorageError> {
        if !self.is_compressed {
            return Ok(&self.flat);
        }
        match self.unpacked.get_or_init(|| self.unpack().map_err(Arc::new)) {
            Ok(unpacked) => Ok(&unpacked.flat),
            Err(error) => Err(error.clone().into()),
        }
    }

    fn unpack(&self) -> Result<Unzipped, NpyError> {
        let path = &self.flat.file.path;
        let directory = std::env::temp_dir();
        let mut out =
            NamedTempFile::with_suffix(EXTENSION).map_err(FileError::io("create a file in", &directory))?;
        self.flat.file.read(|file| {
            let mut archive = archive(file, path)?;
            let mut member = archive.by_name(&format!("{}{EXTENSION}", self.name)).map_err(failed(path))?;
            io::copy(&mut member, &mut out).map_err(FileError::io("unpack", path))?;
            Ok::<_, NpyError>(())
        })?;
        let file = out.into_temp_path();
        Ok(Unzipped { flat: NpySource::<A>::open(&file)?.flat(), _file: file })
    }
}

impl<A: Element> BlockSource<A> for NpzSource<A> {
    fn shape(&self) -> &[usize] {
        &self.flat.shape
    }

    fn token(&self) -> Token {
        let mut token = Tokenizer::new("npz").feed(&self.name).feed(&self.flat);
        A::DTYPE.tokenize(&mut token);
        token.finish()
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        Ok(Block::new(self.flat()?.read(region)?))
    }

    fn label(&self) -> &'static str {
        "from-npz"
    }

    /// What had to be unpacked is unpacked here, and read by others.
    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        let flat = self.flat().map_err(|error| Refused::new(format!("it cannot be unpacked: {error}")))?;
        to.state(&(&self.name, flat))?;
        Ok(|from| {
            let (name, flat) = from.state()?;
            let (is_compressed, unpacked) = (false, OnceLock::new());
            let source = NpzSource::<A> { name, flat, is_compressed, unpacked, element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}

impl<A: Element> Array<A> {
    /// The array of this name in a `.npz` archive, as numpy's `savez` and `savez_compressed` make them (feature `npz`);
    /// [`npz_names`](crate::npz_names) tells the names. Blocks are read when they are needed; a compressed array is
    /// unpacked into a temporary file first, once.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, is not an archive, or has no array of this name.
    /// - When the array's header cannot be understood, or its elements have another type.
    /// - When the chunks do not fit the array's shape.
    #[track_caller]
    pub fn from_npz(
        path: impl AsRef<Path>,
        name: impl Into<String>,
        chunks: impl IntoChunks,
    ) -> Result<Self, NpyError> {
        let info = LayerInfo::here();
        let source = Arc::new(NpzSource::open(&path, name)?);
        Self::of_source(source, chunks, &info)
            .map_err(|source| FileError::Chunks { path: path.as_ref().to_owned(), source }.into())
    }
}
