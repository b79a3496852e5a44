//! How an array is cut into blocks.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use dask_graph::{Tokenize, Tokenizer};

use crate::element::DType;

/// The lengths of an array's blocks along each axis.
///
/// ```
/// use dask_array::{ChunkSpec, Chunks, DType};
///
/// // A million rows of ten, 300 000 rows a block:
/// let chunks = Chunks::new(&[1_000_000, 10], [300_000, 10], DType::F64).unwrap();
/// assert_eq!(chunks.lengths(0), [300_000, 300_000, 300_000, 100_000]);
/// assert_eq!(chunks.n_blocks(), [4, 1]);
///
/// // As many rows as fit into 8 MB, all columns.
/// let spec = [ChunkSpec::Bytes(8_000_000), ChunkSpec::Whole];
/// let chunks = Chunks::new(&[1_000_000, 10], spec, DType::F64).unwrap();
/// assert_eq!(chunks.lengths(0).len(), 10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chunks {
    axes: Vec<Vec<usize>>,
    shape: Vec<usize>,
}

/// The wished-for lengths of blocks along one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkSpec {
    /// Blocks of this length; the last may be shorter.
    Length(usize),
    /// Exactly these lengths, which must add up to the length of the axis.
    Lengths(Vec<usize>),
    /// One block.
    Whole,
    /// Blocks of such a length that a block of the array takes about 64 MB.
    Auto,
    /// The same for another size of block, in bytes.
    Bytes(u64),
}

/// The wished-for chunks of an array: one wish for all axes, or one for each axis.
///
/// Made from what reads well: `1000`, `[1000, 20]`, `-1` for whole axes, [`ChunkSpec::Auto`],
/// `vec![vec![3, 4], vec![5]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunksSpec(Spec);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Spec {
    All(ChunkSpec),
    Each(Vec<ChunkSpec>),
    /// Some axes; the others stay as they are (whole, for a new array).
    Some(BTreeMap<usize, ChunkSpec>),
}

/// Bytes of a block that `Auto` aims at.
const AUTO_NBYTES: u64 = 64 << 20;

/// Chunks that do not fit an array.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunksError {
    /// Not one wish for each axis.
    #[error("chunks for {got} axes were given, the array has {expected}: shape {shape:?}")]
    Axes {
        /// Axes in the wish.
        got: usize,
        /// Axes of the array.
        expected: usize,
        /// Shape of the array.
        shape: Vec<usize>,
    },
    /// Lengths that do not add up.
    #[error("chunks {lengths:?} of axis {axis} add up to {sum}, the axis has length {length}")]
    Sum {
        /// The axis.
        axis: usize,
        /// The lengths that were given.
        lengths: Vec<usize>,
        /// Their sum.
        sum: usize,
        /// The length of the axis.
        length: usize,
    },
    /// A block length of zero on an axis that has elements.
    #[error("chunks of axis {axis} have length 0, the axis has length {length}; -1 means the whole axis")]
    Zero {
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
    },
    /// A negative length other than -1.
    #[error("chunk length {length} is negative; -1 means the whole axis")]
    Negative {
        /// The length that was given.
        length: isize,
    },
    /// More blocks than can be numbered.
    #[error(
        "axis {axis} would have {n_blocks} blocks, at most {} can be numbered; use longer chunks",
        u32::MAX
    )]
    TooManyBlocks {
        /// The axis.
        axis: usize,
        /// Blocks along it.
        n_blocks: usize,
    },
    /// More elements than can be counted.
    #[error("an array of shape {shape:?} and type {dtype} has more bytes than can be counted")]
    Overflow {
        /// The shape.
        shape: Vec<usize>,
        /// The element type.
        dtype: DType,
    },
    /// A chunk for an axis the array does not have.
    #[error("chunks were given for axis {axis}, the array has {ndim} axes")]
    NoSuchAxis {
        /// The axis.
        axis: usize,
        /// Axes of the array.
        ndim: usize,
    },
}

impl Chunks {
    /// Cuts `shape` as `spec` wishes.
    ///
    /// # Errors
    ///
    /// - When the wish has another number of axes than the shape, its lengths do not add up, or are zero where
    ///   there are elements.
    /// - When the array would have more bytes or blocks than can be counted.
    pub fn new(shape: &[usize], spec: impl IntoChunks, dtype: DType) -> Result<Self, ChunksError> {
        let whole = Self::from_lengths(shape.iter().map(|&n| vec![n]).collect());
        whole.recut(spec, dtype)
    }

    /// Cuts the same shape another way; axes about which `spec` says nothing stay as they are.
    ///
    /// # Errors
    ///
    /// - As [`new`](Chunks::new).
    pub fn recut(&self, spec: impl IntoChunks, dtype: DType) -> Result<Self, ChunksError> {
        let shape = &self.shape;
        let ndim = shape.len();
        let bytes = shape.iter().try_fold(dtype.itemsize(), |bytes, &n| bytes.checked_mul(n.max(1)));
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            return Err(ChunksError::Overflow { shape: shape.clone(), dtype });
        }
        let wishes: Vec<ChunkSpec> = match spec.into_spec()?.0 {
            Spec::All(wish) => vec![wish; ndim],
            Spec::Each(wishes) if wishes.len() == ndim => wishes,
            Spec::Each(wishes) => {
                return Err(ChunksError::Axes { got: wishes.len(), expected: ndim, shape: shape.clone() });
            }
            Spec::Some(some) => {
                if let Some(&axis) = some.keys().find(|axis| **axis >= ndim) {
                    return Err(ChunksError::NoSuchAxis { axis, ndim });
                }
                let kept = |axis: usize| ChunkSpec::Lengths(self.axes[axis].clone());
                (0..ndim).map(|axis| some.get(&axis).cloned().unwrap_or_else(|| kept(axis))).collect()
            }
        };
        let auto = auto_lengths(shape, &wishes, dtype);
        let axes: Result<Vec<_>, _> = wishes
            .into_iter()
            .enumerate()
            .map(|(axis, wish)| cut_axis(axis, shape[axis], wish, auto[axis]))
            .collect();
        Ok(Self::from_lengths(axes?))
    }

    /// Chunks with these lengths of blocks.
    pub(crate) fn from_lengths(axes: Vec<Vec<usize>>) -> Self {
        let shape = axes.iter().map(|lengths| lengths.iter().sum()).collect();
        Self { axes, shape }
    }

    /// The shape of the array.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.axes.len()
    }

    /// The lengths of the blocks along an axis.
    ///
    /// # Panics
    ///
    /// When there is no such axis.
    pub fn lengths(&self, axis: usize) -> &[usize] {
        &self.axes[axis]
    }

    /// The lengths of the blocks along all axes.
    pub fn axes(&self) -> &[Vec<usize>] {
        &self.axes
    }

    /// The numbers of blocks along the axes.
    pub fn n_blocks(&self) -> Vec<u32> {
        // Checked when chunks are made.
        self.axes.iter().map(|lengths| lengths.len() as u32).collect()
    }

    /// Where the blocks begin along an axis, and where the last ends.
    pub(crate) fn starts(&self, axis: usize) -> Vec<usize> {
        let mut at = 0;
        let mut starts = vec![0];
        for n in &self.axes[axis] {
            at += n;
            starts.push(at);
        }
        starts
    }

    /// The indices of all blocks, last axis fastest.
    pub(crate) fn indices(&self) -> impl Iterator<Item = Vec<u32>> + use<> {
        indices(&self.n_blocks())
    }
}

impl fmt::Display for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.axes)
    }
}

impl Tokenize for Chunks {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.axes.tokenize(t);
    }
}

/// All indices below `n`, last axis fastest.
pub(crate) fn indices(n: &[u32]) -> impl Iterator<Item = Vec<u32>> + use<> {
    let n = n.to_vec();
    let mut next = (!n.contains(&0)).then(|| vec![0; n.len()]);
    std::iter::from_fn(move || {
        let current = next.take()?;
        let mut following = current.clone();
        for axis in (0..n.len()).rev() {
            following[axis] += 1;
            if following[axis] < n[axis] {
                next = Some(following);
                break;
            }
            following[axis] = 0;
        }
        Some(current)
    })
}

/// The pieces of the blocks with these bounds that lie within a range, as block numbers with the range inside
/// the block.
pub(crate) fn overlaps(starts: &[usize], range: Range<usize>) -> Vec<(u32, Range<usize>)> {
    let first = starts.partition_point(|&start| start <= range.start).saturating_sub(1);
    let mut found = Vec::new();
    for block in first..starts.len().saturating_sub(1) {
        let (from, to) = (starts[block].max(range.start), starts[block + 1].min(range.end));
        if from >= range.end {
            break;
        }
        if from < to {
            found.push((block as u32, from - starts[block]..to - starts[block]));
        }
    }
    found
}

/// The lengths, those above `most` cut to as few and as equal ones as can be.
pub(crate) fn divided(lengths: &[usize], most: usize) -> Vec<usize> {
    let pieces = |&n: &usize| {
        let count = n.div_ceil(most).max(1);
        (0..count).map(move |at| (n + count - 1 - at) / count)
    };
    lengths.iter().flat_map(pieces).collect()
}

/// The common refinement of several ways to cut the same axis.
pub(crate) fn refine(cuts: &[&[usize]]) -> Vec<usize> {
    let Some((first, rest)) = cuts.split_first() else { return Vec::new() };
    if rest.iter().all(|cut| cut == first) {
        return first.to_vec();
    }
    let ends = |cut: &&[usize]| {
        cut.iter()
            .scan(0, |at, &n| {
                *at += n;
                Some(*at)
            })
            .collect::<Vec<usize>>()
    };
    let mut all: Vec<usize> = cuts.iter().flat_map(ends).collect();
    all.sort_unstable();
    all.dedup();
    all.retain(|&end| end > 0);
    if all.is_empty() {
        return vec![0];
    }
    let mut before = 0;
    all.into_iter().map(|end| end - std::mem::replace(&mut before, end)).collect()
}

fn cut_axis(axis: usize, length: usize, wish: ChunkSpec, auto: usize) -> Result<Vec<usize>, ChunksError> {
    let each = match wish {
        ChunkSpec::Lengths(lengths) => {
            let sum = lengths.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n)).unwrap_or(usize::MAX);
            if sum != length || lengths.is_empty() {
                return Err(ChunksError::Sum { axis, lengths, sum, length });
            }
            return counted(axis, lengths.len()).map(|()| lengths);
        }
        ChunkSpec::Length(each) => each,
        ChunkSpec::Whole => length,
        ChunkSpec::Auto | ChunkSpec::Bytes(_) => auto,
    };
    if length == 0 {
        return Ok(vec![0]);
    }
    if each == 0 {
        return Err(ChunksError::Zero { axis, length });
    }
    counted(axis, length.div_ceil(each))?;
    let mut lengths = vec![each; length / each];
    if !length.is_multiple_of(each) {
        lengths.push(length % each);
    }
    Ok(lengths)
}

/// Refuses more blocks along an axis than can be numbered.
pub(crate) fn counted(axis: usize, n_blocks: usize) -> Result<(), ChunksError> {
    if u32::try_from(n_blocks).is_err() {
        return Err(ChunksError::TooManyBlocks { axis, n_blocks });
    }
    Ok(())
}

/// The length for each axis that is to be chosen by size: the same for all of them, as far as they are long
/// enough, such that the largest block stays within the smallest size asked for.
fn auto_lengths(shape: &[usize], wishes: &[ChunkSpec], dtype: DType) -> Vec<usize> {
    let mut lengths = vec![0; shape.len()];
    let mut limit: Option<u64> = None;
    let mut fixed = dtype.itemsize() as f64;
    let mut open = Vec::new();
    for (axis, wish) in wishes.iter().enumerate() {
        match wish {
            ChunkSpec::Auto | ChunkSpec::Bytes(_) => {
                let bytes = if let ChunkSpec::Bytes(bytes) = wish { *bytes } else { AUTO_NBYTES };
                limit = Some(limit.map_or(bytes, |limit| limit.min(bytes)));
                open.push(axis);
            }
            ChunkSpec::Length(n) => fixed *= (*n).min(shape[axis]).max(1) as f64,
            ChunkSpec::Lengths(all) => fixed *= all.iter().copied().max().unwrap_or(1).max(1) as f64,
            ChunkSpec::Whole => fixed *= shape[axis].max(1) as f64,
        }
    }
    let mut room = limit.unwrap_or(AUTO_NBYTES) as f64 / fixed;
    // Axes that are shorter than their share are taken whole and leave more to the others.
    open.sort_by_key(|&axis| shape[axis]);
    for at in 0..open.len() {
        let share = room.max(1.0).powf(1.0 / (open.len() - at) as f64);
        // A power that should be whole may come out a little below.
        let share = ((share + 1e-9).floor() as usize).max(1);
        if share < shape[open[at]] {
            open[at..].iter().for_each(|&axis| lengths[axis] = share);
            break;
        }
        lengths[open[at]] = shape[open[at]];
        room /= shape[open[at]].max(1) as f64;
    }
    lengths
}

/// What can say how an array is to be cut.
pub trait IntoChunks {
    /// The wish.
    ///
    /// # Errors
    ///
    /// - When a length is negative and not -1.
    fn into_spec(self) -> Result<ChunksSpec, ChunksError>;
}

impl IntoChunks for ChunksSpec {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        Ok(self)
    }
}

impl IntoChunks for ChunkSpec {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        Ok(ChunksSpec(Spec::All(self)))
    }
}

/// Lengths: a number for all axes, or one for each axis.
macro_rules! lengths {
    ($($Int:ty),*) => {$(
        impl IntoChunks for $Int {
            fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
                of_length(self).map(|wish| ChunksSpec(Spec::All(wish)))
            }
        }

        impl IntoChunks for &[$Int] {
            fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
                let wishes: Result<_, _> = self.iter().map(|&length| of_length(length)).collect();
                Ok(ChunksSpec(Spec::Each(wishes?)))
            }
        }

        impl<const N: usize> IntoChunks for [$Int; N] {
            fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
                self.as_slice().into_spec()
            }
        }
    )*};
}
// What a literal is when nothing else says (i32), and what lengths are elsewhere.
lengths!(i32, isize, usize);

impl IntoChunks for Vec<ChunkSpec> {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        Ok(ChunksSpec(Spec::Each(self)))
    }
}

impl<const N: usize> IntoChunks for [ChunkSpec; N] {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        self.to_vec().into_spec()
    }
}

impl IntoChunks for Vec<Vec<usize>> {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        Ok(ChunksSpec(Spec::Each(self.into_iter().map(ChunkSpec::Lengths).collect())))
    }
}

impl IntoChunks for &Chunks {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        self.axes.clone().into_spec()
    }
}

/// Axis by axis; axes that are not named stay as they are.
impl IntoChunks for BTreeMap<usize, ChunkSpec> {
    fn into_spec(self) -> Result<ChunksSpec, ChunksError> {
        Ok(ChunksSpec(Spec::Some(self)))
    }
}

fn of_length<N: Copy + TryInto<usize> + TryInto<isize>>(length: N) -> Result<ChunkSpec, ChunksError> {
    if let Ok(length) = length.try_into() {
        return Ok(ChunkSpec::Length(length));
    }
    match length.try_into() {
        Ok(-1) => Ok(ChunkSpec::Whole),
        Ok(length) => Err(ChunksError::Negative { length }),
        // No number is neither.
        Err(_) => Err(ChunksError::Negative { length: isize::MIN }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let error = |spec: Vec<Vec<usize>>| Chunks::new(&[10], spec, DType::F64).unwrap_err().to_string();
        assert_eq!(error(vec![vec![3, 4]]), "chunks [3, 4] of axis 0 add up to 7, the axis has length 10");
        assert!(error(vec![vec![10], vec![1]]).contains("for 2 axes"));
        assert!(Chunks::new(&[10], 0, DType::F64).unwrap_err().to_string().contains("length 0"));
        assert!(Chunks::new(&[10], -2, DType::F64).unwrap_err().to_string().contains("negative"));
        let huge = Chunks::new(&[usize::MAX, 8], 1, DType::F64).unwrap_err();
        assert!(matches!(huge, ChunksError::Overflow { .. }));
        let many = Chunks::new(&[1 << 40], 1, DType::Bool).unwrap_err();
        assert!(matches!(many, ChunksError::TooManyBlocks { .. }));
    }

    #[test]
    fn refinement_cuts_where_anyone_cuts() {
        assert_eq!(refine(&[&[5, 5, 2], &[6, 6]]), [5, 1, 4, 2]);
        assert_eq!(refine(&[&[3, 0, 3], &[6]]), [3, 3]);
        assert_eq!(refine(&[&[0], &[0, 0]]), [0]);
    }

    #[test]
    fn overlaps_are_found_from_the_middle() {
        assert_eq!(overlaps(&[0, 5, 10, 12], 4..11), [(0, 4..5), (1, 0..5), (2, 0..1)]);
        assert_eq!(overlaps(&[0, 0, 4], 0..4), [(1, 0..4)]);
        assert_eq!(overlaps(&[0, 4], 2..2), []);
    }

    #[test]
    fn indices_count_up() {
        assert_eq!(indices(&[]).collect::<Vec<_>>(), [Vec::<u32>::new()]);
        assert_eq!(indices(&[2, 2]).collect::<Vec<_>>(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
    }
}
