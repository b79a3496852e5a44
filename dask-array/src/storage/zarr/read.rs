//! Reading blocks of a Zarr array.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{LayerInfo, Packer, Refused, Token, Unpack, Unpacked};
use ndarray::{ArrayD, IxDyn};
use zarrs::array::{ArrayBytes, ArraySubset};

use super::{Stored, ZarrError, data_type_of, open, options};
use crate::array::Array;
use crate::block::Block;
use crate::element::Element;
use crate::storage::alike::blocks_of_chunks;
use crate::storage::file::absolute;
use crate::storage::flat::from_bytes;
use crate::storage::region::Region;
use crate::storage::source::{BlockSource, StorageError};

/// A Zarr array as a source of blocks: what [`Array::from_zarr`] reads from.
#[derive(Debug)]
pub struct ZarrSource<A> {
    path: PathBuf,
    stored: Stored,
    shape: Vec<usize>,
    /// Chunks can change without a sign, so two openings are never the same.
    token: Token,
    element: PhantomData<fn() -> A>,
}

impl<A: Element> ZarrSource<A> {
    /// Opens the array in a directory, and reads its metadata.
    ///
    /// # Errors
    ///
    /// - When there is no array of format 2 or 3, or it needs a codec that is not there.
    /// - When its elements have another type than `A`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ZarrError> {
        let path = path.as_ref();
        let stored = open(path)?;
        if *stored.data_type() != data_type_of(A::DTYPE) {
            let found = format!("{:?}", stored.data_type());
            return Err(ZarrError::DType { path: path.to_owned(), found, expected: A::DTYPE });
        }
        let shape = stored.shape().iter().map(|&n| n as usize).collect();
        Ok(Self { path: path.to_owned(), stored, shape, token: Token::unique(), element: PhantomData })
    }

    /// The shape of the chunks that the array is stored in: of the first one, should they differ.
    pub fn chunk_shape(&self) -> Vec<usize> {
        let first = vec![0; self.shape.len()];
        self.stored.chunk_shape_usize(&first).unwrap_or_else(|_| self.shape.clone())
    }

    /// Reads the box that the region lies in.
    fn read_box(&self, region: &Region) -> Result<ArrayD<A>, ZarrError> {
        let bounds: Vec<_> = region.axes.iter().map(|span| span.bounds()).collect();
        let shape: Vec<usize> = bounds.iter().map(|range| range.len()).collect();
        let mut out = ArrayD::from_elem(IxDyn(&shape), A::default());
        if out.is_empty() {
            return Ok(out);
        }
        let failed = |source| ZarrError::Read {
            path: self.path.clone(),
            start: bounds.iter().map(|range| range.start).collect(),
            shape: shape.clone(),
            source,
        };
        let ranges: Vec<_> = bounds.iter().map(|range| range.start as u64..range.end as u64).collect();
        let subset = ArraySubset::new_with_ranges(&ranges);
        let read = self.stored.retrieve_array_subset_opt::<ArrayBytes<'static>>(&subset, &options());
        let bytes = read.map_err(|error| failed(error.into()))?.into_fixed();
        let bytes = bytes.map_err(|error| failed(error.into()))?;
        let Some(elements) = out.as_slice_mut().filter(|out| size_of_val(&**out) == bytes.len()) else {
            return Err(failed("the chunks hold another number of bytes".into()));
        };
        from_bytes(&bytes, elements).map_err(|byte| ZarrError::NotBool { path: self.path.clone(), byte })?;
        Ok(out)
    }
}

impl<A: Element> BlockSource<A> for ZarrSource<A> {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn token(&self) -> Token {
        self.token
    }

    fn label(&self) -> &'static str {
        "from-zarr"
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        let all = self.read_box(region)?;
        if region.axes.iter().all(|span| span.is_dense()) {
            return Ok(Block::new(all));
        }
        let steps = all.slice_each_axis(|axis| {
            let step = region.axes[axis.axis.index()].step;
            ndarray::Slice::new(0, None, step.max(1) as isize)
        });
        Ok(Block::new(steps.to_owned()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&absolute(&self.path))?;
        Ok(|from| {
            let path: PathBuf = from.state()?;
            let source = ZarrSource::<A>::open(&path);
            let source = source.map_err(|source| dask_graph::UnpackError {
                type_name: std::any::type_name::<ZarrSource<A>>(),
                source: source.into(),
            })?;
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}

impl<A: Element> Array<A> {
    /// The array in a Zarr directory, of format 2 or 3 (feature `zarr`).
    ///
    /// Blocks are whole chunks of the store, as many as make blocks of about 64 MB; another cut by
    /// [`rechunk`](Array::rechunk) or a slice costs nothing, since they are read that way then.
    ///
    /// # Errors
    ///
    /// - When there is no array of format 2 or 3, or it needs a codec that is not there.
    /// - When its elements have another type than `A`.
    #[track_caller]
    pub fn from_zarr(path: impl AsRef<Path>) -> Result<Self, ZarrError> {
        let info = LayerInfo::here();
        let path = path.as_ref();
        let source = ZarrSource::<A>::open(path)?;
        let chunks = blocks_of_chunks(&source.shape, &source.chunk_shape(), size_of::<A>());
        Self::of_source(Arc::new(source), chunks, &info)
            .map_err(|source| ZarrError::Open { path: path.to_owned(), source: source.into() })
    }
}
