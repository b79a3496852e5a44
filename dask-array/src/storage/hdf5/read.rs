//! Reading blocks of a data set in an HDF5 file.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use dask_graph::{LayerInfo, Packer, Refused, Token, Tokenize, Tokenizer, Unpack, Unpacked};
use hdf5_pure::Group;
use ndarray::{ArrayD, IxDyn, Slice};
use serde::{Deserialize, Serialize};

use super::chunked::Chunked;
use super::{Hdf5Error, datatype, open};
use crate::array::Array;
use crate::block::Block;
use crate::chunks::ChunkSpec;
use crate::element::Element;
use crate::storage::alike::blocks_of_chunks;
use crate::storage::file::{FileError, StoredFile};
use crate::storage::flat::{Flat, from_bytes, swap_bytes};
use crate::storage::region::Region;
use crate::storage::source::{BlockSource, StorageError};

/// A data set of an HDF5 file as a source of blocks (feature `hdf5`): what [`Array::from_hdf5`] reads from.
///
/// Of a data set without chunks, just the bytes of a block are read; of one in chunks, the chunks that the block
/// touches. A chunk is decompressed anew for each block that touches it. The file is opened anew for each block, and
/// refused when its length or its time of modification are not what they were when the source was made.
#[derive(Debug, Clone)]
pub struct Hdf5Source<A> {
    dataset: String,
    /// Where the elements would be, if the data set has no chunks.
    flat: Flat,
    stored: Arc<Stored>,
    element: PhantomData<fn() -> A>,
}

/// How the elements are stored.
#[derive(Debug, Serialize, Deserialize)]
enum Stored {
    /// One after the other.
    Flat,
    Chunked(Chunked),
    /// In a way that the crate reads, by so many rows.
    Rows(usize),
}

impl<A: Element> Hdf5Source<A> {
    /// Opens a data set, by the names of its groups and its own: `measurements/2026/temperature`.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened or is no HDF5 file.
    /// - When there is no such data set: the error names those that there are.
    /// - When its elements have another type than `A`. Bools and complex numbers are those of h5py: an enumeration of
    ///   `FALSE` and `TRUE`, a compound of `r` and `i`.
    pub fn open(path: impl AsRef<Path>, dataset: impl Into<String>) -> Result<Self, Hdf5Error> {
        let (path, name) = (path.as_ref(), dataset.into());
        let (file, _) = StoredFile::open(path)?;
        let hdf5 = open(path)?;
        let Ok(dataset) = hdf5.dataset(&name) else {
            let mut names = Vec::new();
            collect_names(&hdf5.root(), "", &mut names);
            return Err(Hdf5Error::NoDataset { path: path.to_owned(), dataset: name, names });
        };
        let failed = |source| Hdf5Error::Open { path: path.to_owned(), source };
        let found = dataset.datatype().map_err(failed)?;
        let Some(swapped) = datatype::swapped(&found, A::DTYPE) else {
            let found = dataset.dtype().map_or_else(|error| error.to_string(), |dtype| dtype.to_string());
            return Err(Hdf5Error::DType { path: path.to_owned(), dataset: name, found, expected: A::DTYPE });
        };
        let lengths = dataset.shape().map_err(failed)?;
        // What memory cannot count is in no file: it is found to be truncated.
        let shape = lengths.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        let mut flat = Flat { file, data_offset: 0, shape, fortran_order: false, swapped };
        let stored = match dataset.layout().map_err(failed)? {
            hdf5_pure::Layout::Contiguous { address: Some(address), .. } => {
                flat.data_offset = address;
                flat.check_length::<A>(true)?;
                Stored::Flat
            }
            hdf5_pure::Layout::Chunked { chunk_shape, .. } => {
                let rows = chunk_shape.first().and_then(|&n| usize::try_from(n).ok()).unwrap_or(1);
                Chunked::of(&dataset, &flat.shape, &chunk_shape).map_or(Stored::Rows(rows), Stored::Chunked)
            }
            _ => Stored::Rows(1),
        };
        Ok(Self { dataset: name, flat, stored: Arc::new(stored), element: PhantomData })
    }

    /// The shape of the chunks that the data set is stored in, if there are such and each can be read alone.
    pub fn chunk_shape(&self) -> Option<&[usize]> {
        match &*self.stored {
            Stored::Chunked(chunked) => Some(&chunked.chunk_shape),
            _ => None,
        }
    }

    fn failed(&self, source: impl Into<StorageError>) -> Hdf5Error {
        let (path, dataset) = (self.flat.file.path.clone(), self.dataset.clone());
        Hdf5Error::Read { path, dataset, source: source.into() }
    }

    /// Reads the rows that the region lies in, and takes the rest from them.
    fn read_rows(&self, region: &Region) -> Result<ArrayD<A>, Hdf5Error> {
        let hdf5 = open(&self.flat.file.path)?;
        let dataset = hdf5.dataset(&self.dataset).map_err(|error| self.failed(error))?;
        let mut shape = self.flat.shape.clone();
        let mut bytes = match (region.axes.first(), shape.first_mut()) {
            (Some(rows), Some(n)) => {
                let bounds = rows.bounds();
                *n = bounds.len();
                dataset.read_raw_rows(bounds.start as u64, bounds.len() as u64)
            }
            _ => dataset.read_raw(),
        }
        .map_err(|error| self.failed(error))?;
        let len: usize = shape.iter().product();
        if bytes.len() != len * size_of::<A>() {
            return Err(self.failed("it holds another number of bytes"));
        }
        if self.flat.swapped {
            swap_bytes::<A>(&mut bytes);
        }
        let mut elements = vec![A::default(); len];
        from_bytes(&bytes, &mut elements)
            .map_err(|byte| FileError::NotBool { path: self.flat.file.path.clone(), byte })?;
        let rows = ArrayD::from_shape_vec(shape, elements).map_err(|error| self.failed(error))?;
        let part = rows.slice_each_axis(|axis| {
            let span = region.axes[axis.axis.index()];
            let bounds = span.bounds();
            let (start, end) =
                if axis.axis.index() == 0 { (0, bounds.len()) } else { (bounds.start, bounds.end) };
            Slice::new(start as isize, Some(end as isize), span.step as isize)
        });
        Ok(part.to_owned())
    }
}

/// The data sets of a group and of those in it, as far as they can be listed.
fn collect_names(group: &Group, prefix: &str, names: &mut Vec<String>) {
    let mut datasets = group.datasets().unwrap_or_default();
    datasets.sort();
    names.extend(datasets.iter().map(|name| format!("{prefix}{name}")));
    let mut groups = group.groups().unwrap_or_default();
    groups.sort();
    // A message is no place for a large file's contents, and groups may hold each other.
    for name in groups {
        if names.len() > 50 || prefix.len() > 200 {
            return;
        }
        if let Ok(group) = group.group(&name) {
            collect_names(&group, &format!("{prefix}{name}/"), names);
        }
    }
}

impl<A: Element> BlockSource<A> for Hdf5Source<A> {
    fn shape(&self) -> &[usize] {
        &self.flat.shape
    }

    fn token(&self) -> Token {
        let mut token = Tokenizer::new("hdf5").feed(&self.dataset).feed(&self.flat);
        A::DTYPE.tokenize(&mut token);
        token.finish()
    }

    fn read(&self, region: &Region) -> Result<Block<A>, StorageError> {
        let mut out = ArrayD::from_elem(IxDyn(&region.shape()), A::default());
        if region.is_empty() {
            return Ok(Block::new(out));
        }
        match &*self.stored {
            Stored::Flat => return Ok(Block::new(self.flat.read(region)?)),
            Stored::Chunked(chunked) if chunked.has(region) => self.flat.file.read(|file| {
                let read = chunked.read(file, region, self.flat.swapped, &mut out);
                read.map_err(|error| self.failed(error))
            })?,
            _ => self.flat.file.read(|_| {
                out = self.read_rows(region)?;
                Ok::<_, Hdf5Error>(())
            })?,
        }
        Ok(Block::new(out))
    }

    fn label(&self) -> &'static str {
        "from-hdf5"
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.dataset, &self.flat, &*self.stored))?;
        Ok(|from| {
            let (dataset, flat, stored) = from.state()?;
            let source = Hdf5Source::<A> { dataset, flat, stored: Arc::new(stored), element: PhantomData };
            Ok(Unpacked::part::<Arc<dyn BlockSource<A>>>(Arc::new(source)))
        })
    }
}

impl<A: Element> Array<A> {
    /// A data set of an HDF5 file, by the names of its groups and its own (feature `hdf5`).
    ///
    /// Blocks are whole chunks of the file, as many as make blocks of about 64 MB; another cut by
    /// [`rechunk`](Array::rechunk) or a slice costs nothing, since they are read that way then. Only data sets with filters
    /// other than deflate and shuffle are read by whole rows, whatever is needed of these.
    ///
    /// Read are data sets without chunks, and in chunks, filtered by deflate, shuffle, fletcher32, LZF or scale-offset, in
    /// files that HDF5 1.14 can read; what h5py and others write unless told otherwise. Not read are virtual data sets,
    /// other filters (szip, plug-ins), chunks of data sets with several unlimited axes if the file was written for HDF5
    /// 1.10 or later, and filtered chunks if it was written for HDF5 2.0 or later (h5py's `libver="latest"`).
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened or is no HDF5 file.
    /// - When there is no such data set: the error names those that there are.
    /// - When its elements have another type.
    #[track_caller]
    pub fn from_hdf5(path: impl AsRef<Path>, dataset: impl Into<String>) -> Result<Self, Hdf5Error> {
        let info = LayerInfo::here();
        let source = Hdf5Source::<A>::open(&path, dataset)?;
        let shape = &source.flat.shape;
        let chunks = match &*source.stored {
            Stored::Flat => vec![ChunkSpec::Auto; shape.len()],
            Stored::Chunked(chunked) => blocks_of_chunks(shape, &chunked.chunk_shape, size_of::<A>()),
            Stored::Rows(rows) => {
                let mut slab = shape.clone();
                slab.iter_mut().take(1).for_each(|n| *n = *rows);
                blocks_of_chunks(shape, &slab, size_of::<A>())
            }
        };
        Self::of_source(Arc::new(source), chunks, &info)
            .map_err(|source| FileError::Chunks { path: path.as_ref().to_owned(), source }.into())
    }
}
