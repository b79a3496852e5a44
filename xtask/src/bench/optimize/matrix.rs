//! A matrix on disk for the jobs of arrays.

use anyhow::Result;
use dask_array::Array;
use dask_optimize::{Optimized, Pipeline};
use dask_sched_threaded::Threaded;
use tempfile::TempDir;

const COLUMNS: usize = 100;

const N_BLOCKS: usize = 20;

/// A matrix in a file, which goes with it, in blocks of rows.
pub(super) struct Matrix {
    pub(super) x: Array<f64>,
    /// How many numbers it has.
    pub(super) size: usize,
    _folder: TempDir,
}

impl Matrix {
    /// A matrix of about `size` numbers.
    pub(super) fn new(size: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.npy");
        let n_rows = size.div_ceil(COLUMNS);
        let chunks = [n_rows.div_ceil(N_BLOCKS), COLUMNS];
        let ramp = |n: usize, chunk: usize| Array::arange(0.0, n as f64, 1.0, chunk);
        let rows = ramp(n_rows, chunks[0])?.slice((.., dask_array::ndarray::NewAxis))?;
        (rows * 0.01 + ramp(COLUMNS, COLUMNS)?).sin().to_npy_with(&path, &scheduler(Pipeline::standard()))?;
        Ok(Self { x: Array::from_npy(&path, chunks)?, size: n_rows * COLUMNS, _folder: folder })
    }
}

/// All cores, after these passes.
pub(super) fn scheduler(pipeline: Pipeline) -> Optimized<Threaded> {
    Optimized::with_pipeline(Threaded::new(), pipeline)
}
