//! Reading out of the chunks of a data set.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use flate2::read::ZlibDecoder;
use hdf5_pure::Dataset;
use ndarray::{ArrayD, ArrayView, IxDyn, Slice};
use serde::{Deserialize, Serialize};

use crate::chunks::indices;
use crate::element::Element;
use crate::storage::flat::{from_bytes, swap_bytes};
use crate::storage::positioned::read_exact_at;
use crate::storage::region::{Region, Span};
use crate::storage::source::StorageError;

/// Where the chunks of a data set are, and what was done to their bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Chunked {
    pub(super) chunk_shape: Vec<usize>,
    /// By their positions in the grid of chunks. Those that were never written are missing.
    places: HashMap<Vec<u32>, Place>,
    /// In the order in which they were applied.
    filters: Vec<Filter>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    address: u64,
    nbytes: u64,
    /// A bit for each filter that was left out.
    skipped: u32,
}

/// What is undone here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Filter {
    Deflate,
    /// First bytes of all elements, then second ones, …
    Shuffle,
}

impl Chunked {
    /// The chunks of a data set; nothing if there is something about them that only the crate can read.
    pub(super) fn of(dataset: &Dataset, shape: &[usize], chunk_shape: &[u64]) -> Option<Self> {
        let filter = |filter: hdf5_pure::Filter| match filter.id {
            1 => Some(Filter::Deflate),
            2 => Some(Filter::Shuffle),
            _ => None,
        };
        let filters = dataset.filter_pipeline().into_iter().map(filter).collect::<Option<_>>()?;
        let length = |&n: &u64| usize::try_from(n).ok().filter(|&n| n > 0);
        let chunk_shape: Vec<usize> = chunk_shape.iter().map(length).collect::<Option<_>>()?;
        // Bytes of a chunk and positions can be counted, whatever the file says.
        chunk_shape.iter().try_fold(16_usize, |bytes, &n| bytes.checked_mul(n))?;
        if shape.iter().zip(&chunk_shape).any(|(&n, &chunk)| u32::try_from(n.div_ceil(chunk)).is_err()) {
            return None;
        }
        let mut places = HashMap::new();
        for chunk in dataset.chunks().ok()? {
            let axes = chunk.offset.iter().zip(&chunk_shape);
            let position = axes.map(|(at, &n)| u32::try_from(at / n as u64).ok());
            let place =
                Place { address: chunk.address, nbytes: chunk.storage_size, skipped: chunk.filter_mask };
            places.insert(position.collect::<Option<_>>()?, place);
        }
        Some(Self { chunk_shape, places, filters })
    }

    /// Whether all chunks are there that the region, which is not empty, lies in.
    pub(super) fn has(&self, region: &Region) -> bool {
        self.touched(region).all(|position| self.places.contains_key(&position))
    }

    /// The positions of the chunks that the box around the region lies in.
    fn touched(&self, region: &Region) -> impl Iterator<Item = Vec<u32>> + use<> {
        let range = |(span, &n): (&Span, &usize)| {
            let bounds = span.bounds();
            (bounds.start / n, bounds.end.div_ceil(n))
        };
        let ranges: Vec<_> = region.axes.iter().zip(&self.chunk_shape).map(range).collect();
        let counts: Vec<u32> = ranges.iter().map(|(from, to)| (to - from) as u32).collect();
        indices(&counts).map(move |index| index.iter().zip(&ranges).map(|(i, r)| i + r.0 as u32).collect())
    }

    /// Reads a region, chunk by chunk: steps over chunks leave them out.
    pub(super) fn read<A: Element>(
        &self,
        file: &File,
        region: &Region,
        is_swapped: bool,
        out: &mut ArrayD<A>,
    ) -> Result<(), StorageError> {
        for position in self.touched(region) {
            let axes = region.axes.iter().zip(&position).zip(&self.chunk_shape);
            let parts: Option<Vec<(Span, usize)>> = axes
                .map(|((span, &at), &n)| {
                    let start = at as usize * n;
                    span.within(start, start.saturating_add(n))
                })
                .collect();
            let Some(parts) = parts else { continue };
            let place = self.places.get(&position).ok_or("a chunk is missing")?;
            let elements = self.elements::<A>(file, place, is_swapped)?;
            let chunk = ArrayView::from_shape(IxDyn(&self.chunk_shape), &elements)?;
            let from = chunk.slice_each_axis(|axis| {
                let span = parts[axis.axis.index()].0;
                let bounds = span.bounds();
                Slice::new(bounds.start as isize, Some(bounds.end as isize), span.step as isize)
            });
            let mut to = out.slice_each_axis_mut(|axis| {
                let (span, at) = parts[axis.axis.index()];
                Slice::from(at..at + span.len)
            });
            to.assign(&from);
        }
        Ok(())
    }

    /// All elements of a chunk.
    fn elements<A: Element>(
        &self,
        file: &File,
        place: &Place,
        is_swapped: bool,
    ) -> Result<Vec<A>, StorageError> {
        let len: usize = self.chunk_shape.iter().product();
        // The file may say anything: what is not there is not made room for.
        if place
            .address
            .checked_add(place.nbytes)
            .is_none_or(|end| file.metadata().is_ok_and(|m| end > m.len()))
        {
            return Err("a chunk lies behind the end of the file".into());
        }
        let mut bytes = vec![0; usize::try_from(place.nbytes)?];
        read_exact_at(file, &mut bytes, place.address)?;
        for (i, filter) in self.filters.iter().enumerate().rev() {
            if place.skipped >> i & 1 == 0 {
                bytes = filter.undone(bytes, len * size_of::<A>(), size_of::<A>())?;
            }
        }
        if bytes.len() != len * size_of::<A>() {
            return Err(format!("a chunk has {} bytes, not {}", bytes.len(), len * size_of::<A>()).into());
        }
        if is_swapped {
            swap_bytes::<A>(&mut bytes);
        }
        let mut elements = vec![A::default(); len];
        from_bytes(&bytes, &mut elements).map_err(|byte| format!("{byte} is no bool"))?;
        Ok(elements)
    }
}

/// Room for more than this is made only when as much is there.
const MAX_ROOM: usize = 64 << 20;

impl Filter {
    /// The bytes before the filter was applied, of which there are `len` or less.
    fn undone(self, bytes: Vec<u8>, len: usize, itemsize: usize) -> Result<Vec<u8>, StorageError> {
        match self {
            Filter::Deflate => {
                let mut out = Vec::with_capacity(len.min(MAX_ROOM));
                // One more, to find out that there are more.
                ZlibDecoder::new(&bytes[..]).take(len as u64 + 1).read_to_end(&mut out)?;
                Ok(out)
            }
            Filter::Shuffle => {
                let n = bytes.len() / itemsize;
                let mut out = bytes.clone();
                for (byte, column) in bytes[..n * itemsize].chunks_exact(n.max(1)).enumerate() {
                    for (i, &value) in column.iter().enumerate() {
                        out[i * itemsize + byte] = value;
                    }
                }
                Ok(out)
            }
        }
    }
}
