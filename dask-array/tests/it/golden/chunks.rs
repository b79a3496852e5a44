//! The chunkings that every case is cut in.

use std::collections::BTreeMap;

use dask_array::{ChunkSpec, IntoChunks};
use serde_json::Value as Json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunking {
    /// As the case says.
    Given,
    One,
    /// Two halves, as far as that goes.
    Even,
    /// Blocks of length one, and the rest.
    Uneven,
    /// One element a block.
    Single,
}

impl Chunking {
    /// All of them; the first two are a sample.
    pub(crate) const ALL: [Self; 5] = [Self::Given, Self::Uneven, Self::One, Self::Even, Self::Single];

    pub(super) fn cut(self, shape: &[usize], given: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        match self {
            Self::Given => given,
            Self::One => shape.iter().map(|&n| vec![n]).collect(),
            Self::Even => shape
                .iter()
                .map(|&n| if n > 0 && n % 2 == 0 { vec![n / 2, n / 2] } else { vec![n] })
                .collect(),
            // An empty block in the middle, too.
            Self::Uneven => {
                shape.iter().map(|&n| if n > 3 { vec![1, 0, n - 3, 2] } else { vec![n] }).collect()
            }
            Self::Single => shape.iter().map(|&n| if n == 0 { vec![0] } else { vec![1; n] }).collect(),
        }
    }
}

/// A wish in the words of the golden data.
pub(super) fn wish(value: &Json, limit: Option<u64>) -> ChunkSpec {
    match value {
        Json::Null => ChunkSpec::Whole,
        Json::Number(n) if n.as_i64() == Some(-1) => ChunkSpec::Whole,
        Json::Number(n) => ChunkSpec::Length(n.as_u64().unwrap() as usize),
        Json::Array(all) => ChunkSpec::Lengths(all.iter().map(|n| n.as_u64().unwrap() as usize).collect()),
        Json::String(auto) if auto == "auto" => limit.map_or(ChunkSpec::Auto, ChunkSpec::Bytes),
        Json::String(size) => {
            let kib: u64 = size.strip_suffix("KiB").unwrap().parse().unwrap();
            ChunkSpec::Bytes(kib << 10)
        }
        other => panic!("{other} is no chunk"),
    }
}

/// Wishes by axis, or for some axes.
pub(crate) fn wishes(value: &Json, limit: Option<u64>) -> impl IntoChunks + use<> {
    match value {
        Json::Array(all) => all.iter().map(|one| wish(one, limit)).collect::<Vec<_>>().into_spec(),
        Json::Object(some) => some
            .iter()
            .map(|(axis, one)| (axis.parse().unwrap(), wish(one, limit)))
            .collect::<BTreeMap<usize, ChunkSpec>>()
            .into_spec(),
        one => wish(one, limit).into_spec(),
    }
    .unwrap()
}
