//! An array that is in memory already.

use dask_graph::{Token, Tokenize, Tokenizer};
use ndarray::{ArcArray, IxDyn};

use super::region::Region;
use super::source::{BlockSource, StorageError};
use crate::block::Block;
use crate::element::Element;

pub(crate) struct MemorySource<A> {
    array: ArcArray<A, IxDyn>,
    token: Token,
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
        Self { array, token: token.finish() }
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
        if region.shape() == self.array.shape() {
            return Ok(Block::new(self.array.clone()));
        }
        Ok(Block::new(region.of(self.array.view()).to_owned()))
    }

    fn label(&self) -> &'static str {
        "from-ndarray"
    }

    fn is_cheap(&self) -> bool {
        true
    }
}
