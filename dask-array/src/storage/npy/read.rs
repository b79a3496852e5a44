//! Reading blocks of a `.npy` file.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use dask_graph::{Packer, Refused, Token, Tokenize, Tokenizer, Unpack, Unpacked};

use super::NpyError;
use super::header::{self, Header};
use crate::block::Block;
use crate::element::Element;
use crate::storage::file::StoredFile;
use crate::storage::flat::Flat;
use crate::storage::region::Region;
use crate::storage::source::{BlockSource, StorageError};

/// A `.npy` file as a source of blocks: what [`Array::from_npy`](crate::Array::from_npy) reads from.
///
/// The file is opened anew for each block, and refused when its length or its time of modification are not
/// what they were when the source was made. Just the bytes of a block are read, by positioned reads.
#[derive(Debug, Clone)]
pub struct NpySource<A> {
    flat: Flat,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> NpySource<A> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, is not a `.npy` file, or its header cannot be understood.
    /// - When its elements have another type than `A`.
    /// - When it has not just as many bytes as its shape asks for.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NpyError> {
        let path = path.as_ref();
        let (stored, file) = StoredFile::open(path)?;
        let header = header::read(&file, stored.state.len, path)?;
        let flat = header.flat::<A>(stored, path)?;
        flat.check_length::<A>(false)?;
        Ok(Self { flat, element: PhantomData })
    }

    pub(super) fn flat(self) -> Flat {
        self.flat
    }
}

impl Header {
    /// Where the elements are, which have to be of type `A`.
    pub(super) fn flat<A: Element>(self, file: StoredFile, path: &Path) -> Result<Flat, NpyError> {
        let Self { descr, fortran_order, shape, data_offset } = self;
        let Some(swapped) = header::swapped(&descr, A::DTYPE) else {
            return Err(NpyError::DType { path: path.to_owned(), found: descr, expected: A::DTYPE });
        };
        Ok(Flat { file, data_offset, shape, fortran_order, swapped })
    }
}

impl<A: Element> BlockSource<A> for NpySource<A> {
    fn shape(&self) -> &[usize] {
        &self.flat.shape
    }

    fn token(&self) -> Token {
        let mut token = Tokenizer::new("npy").feed(&self.flat);
        A::DTYPE.tokenize(&mut token);
        token.finish()
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        Ok(Block::new(self.flat.read(region)?))
    }

    fn label(&self) -> &'static str {
        "from-npy"
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.flat)?;
        Ok(|from| {
            let source = NpySource::<A> { flat: from.state()?, element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}
