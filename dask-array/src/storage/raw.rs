//! Files of elements and nothing else: no header says what they hold, so the program does.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use dask_graph::{LayerInfo, Packer, Refused, Token, Tokenize, Tokenizer, Unpack, Unpacked};

use super::file::{FileError, StoredFile};
use super::flat::Flat;
use super::region::Region;
use super::source::{BlockSource, StorageError};
use crate::array::Array;
use crate::block::Block;
use crate::chunks::IntoChunks;
use crate::element::Element;

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// As this machine has it.
    Native,
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl ByteOrder {
    pub(super) fn is_swapped(self) -> bool {
        match self {
            ByteOrder::Native => false,
            ByteOrder::Little => cfg!(target_endian = "big"),
            ByteOrder::Big => cfg!(target_endian = "little"),
        }
    }
}

/// An array in a file without a header, as a source of blocks: what [`Array::from_raw`] reads from.
///
/// Elements lie in row-major order and the byte order of this machine, from the beginning of the file on, unless told
/// otherwise. As those of [`NpySource`](crate::NpySource), blocks are read by positioned reads of just their bytes,
/// and a file that changed is refused.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, ByteOrder, RawSource};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("x.bin");
/// std::fs::write(&path, b"head\x00\x01\x00\x02\x00\x03\x00\x04")?;
/// let source = RawSource::<u16>::open(&path, &[2, 2])?.offset(4)?.byte_order(ByteOrder::Big);
/// let x = Array::from_source(source, 1)?.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(x, ndarray::arr2(&[[1, 2], [3, 4]]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RawSource<A> {
    flat: Flat,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> RawSource<A> {
    /// Opens a file that holds an array of this shape. It may go on behind the array.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, or is too short for the shape.
    pub fn open(path: impl AsRef<Path>, shape: &[usize]) -> Result<Self, FileError> {
        let (file, _) = StoredFile::open(path.as_ref())?;
        let flat = Flat { file, data_offset: 0, shape: shape.to_vec(), fortran_order: false, swapped: false };
        flat.check_length::<A>(true)?;
        Ok(Self { flat, element: PhantomData })
    }

    /// The array begins at this byte of the file.
    ///
    /// # Errors
    ///
    /// - When the file is too short for the shape from there on.
    pub fn offset(mut self, bytes: u64) -> Result<Self, FileError> {
        self.flat.data_offset = bytes;
        self.flat.check_length::<A>(true)?;
        Ok(self)
    }

    /// Numbers have this byte order.
    #[must_use]
    pub fn byte_order(mut self, order: ByteOrder) -> Self {
        self.flat.swapped = order.is_swapped();
        self
    }

    /// Elements lie in column-major order, as Fortran, Julia and MATLAB write them.
    #[must_use]
    pub fn fortran_order(mut self) -> Self {
        self.flat.fortran_order = true;
        self
    }
}

impl<A: Element> BlockSource<A> for RawSource<A> {
    fn shape(&self) -> &[usize] {
        &self.flat.shape
    }

    fn token(&self) -> Token {
        let mut token = Tokenizer::new("raw").feed(&self.flat);
        A::DTYPE.tokenize(&mut token);
        token.finish()
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        Ok(Block::new(self.flat.read(region)?))
    }

    fn label(&self) -> &'static str {
        "from-raw"
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.flat)?;
        Ok(|from| {
            let source = RawSource::<A> { flat: from.state()?, element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}

impl<A: Element> Array<A> {
    /// The array of this shape in a file of elements and nothing else, as numpy's `tofile` writes it. Its blocks are
    /// read when they are needed, and only the part that is needed of them.
    ///
    /// [`RawSource`] is for files with something before the array, another byte order, or in column-major order.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, or has not just as many bytes as the shape asks for.
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn from_raw(
        path: impl AsRef<Path>,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Self, FileError> {
        let info = LayerInfo::here();
        let source = RawSource::open(&path, shape)?;
        source.flat.check_length::<A>(false)?;
        Self::of_source(Arc::new(source), chunks, &info)
            .map_err(|source| FileError::Chunks { path: path.as_ref().to_owned(), source })
    }
}
