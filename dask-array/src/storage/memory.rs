//! An array that is in memory already.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use dask_graph::{Packer, Refused, Token, Tokenize, Tokenizer, Unpack, UnpackError, Unpacked};
use ndarray::{ArcArray, IxDyn};

use super::npy::{self, NpySource};
use super::region::Region;
use super::source::{BlockSource, StorageError};
use crate::block::Block;
use crate::element::Element;

pub(crate) struct MemorySource<A> {
    array: ArcArray<A, IxDyn>,
    token: Token,
    /// The same elements where other processes can read them, once one has to.
    shared: OnceLock<Result<File, String>>,
}

impl<A: Element> MemorySource<A> {
    pub(crate) fn new(array: ArcArray<A, IxDyn>) -> Self {
        let mut token = Tokenizer::new("from-ndarray");
        A::DTYPE.tokenize(&mut token);
        array.shape().tokenize(&mut token);
        match array.as_slice() {
            Some(elements) => token.bytes(b'e', A::bytes(elements)),
            None => token.bytes(b'e', A::bytes(&array.iter().copied().collect::<Vec<A>>())),
        }
        Self { array, token: token.finish(), shared: OnceLock::new() }
    }

    /// Writes the elements to a file without a name, in memory if the system has such files: it vanishes with
    /// the last process that has it open.
    fn share(&self) -> io::Result<File> {
        let shared_memory = Path::new("/dev/shm");
        let directory = if shared_memory.is_dir() { shared_memory.into() } else { std::env::temp_dir() };
        let mut file = tempfile::tempfile_in(directory)?;
        file.write_all(&npy::header_of(A::DTYPE, self.array.shape()))?;
        file.write_all(A::bytes(self.array.as_standard_layout().as_slice().unwrap_or_default()))?;
        Ok(file)
    }
}

impl<A: Element> BlockSource<A> for MemorySource<A> {
    fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    fn token(&self) -> Token {
        self.token
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        Ok(Block::part_of(&self.array, region))
    }

    fn label(&self) -> &'static str {
        "from-ndarray"
    }

    fn is_cheap(&self) -> bool {
        true
    }

    /// Other processes read from a file that this one holds open.
    #[cfg(target_os = "linux")]
    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        use std::os::fd::AsRawFd;

        let shared = self.shared.get_or_init(|| self.share().map_err(|error| error.to_string()));
        let refused =
            |error| Refused::new(format!("the array cannot be put where other processes read: {error}"));
        let file = shared.as_ref().map_err(refused)?;
        to.state(&format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))?;
        Ok(|from| {
            let source = NpySource::<A>::open(from.state::<String>()?).map_err(UnpackError::of::<Self>)?;
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}
