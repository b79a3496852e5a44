//! A source that remembers what was read of it.

use std::sync::{Arc, Mutex};

use dask_array::ndarray::ArrayD;
use dask_array::{Block, BlockSource, Region, StorageError};
use dask_graph::{Token, Tokenizer};

/// Numbers their elements by position and remembers what was read.
#[derive(Clone)]
pub(super) struct Recording {
    shape: Vec<usize>,
    read: Arc<Mutex<Vec<Region>>>,
}

impl Recording {
    pub(super) fn new(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), read: Arc::default() }
    }

    /// One of another shape that remembers in the same place.
    pub(super) fn another(&self, shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), read: self.read.clone() }
    }

    /// What was read since this was asked last.
    pub(super) fn regions(&self) -> Vec<Region> {
        std::mem::take(&mut self.read.lock().unwrap())
    }

    /// The number of elements read since this or the regions were asked for last.
    pub(super) fn n_read(&self) -> usize {
        self.regions().iter().map(Region::len).sum()
    }

    pub(super) fn all(&self) -> ArrayD<i64> {
        let n: usize = self.shape.iter().product();
        ArrayD::from_shape_vec(self.shape.clone(), (0..n as i64).collect()).unwrap()
    }
}

impl BlockSource<i64> for Recording {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn token(&self) -> Token {
        Tokenizer::new("recording").feed(&self.shape).finish()
    }
    fn read(&self, region: &Region) -> Result<Block<i64>, StorageError> {
        self.read.lock().unwrap().push(region.clone());
        Ok(Block::new(region.of(self.all().view()).to_owned()))
    }
}
