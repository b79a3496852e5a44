//! Writing stacks of `.npy` files.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Collection, ComputeError, LayerInfo, Packer, Refused, Scheduler, Unpack, Unpacked};
use serde::{Deserialize, Serialize};

use super::{INFO, file_name, numbers};
use crate::array::Array;
use crate::array::transpose::axis_of;
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::{DType, Element};
use crate::storage::file::{FileError, absolute, sync};
use crate::storage::npy::{NpyError, header};
use crate::storage::pending::Pending;
use crate::storage::region::Region;
use crate::storage::sink::{BlockSink, BlockWriter};
use crate::storage::source::StorageError;
use crate::storage::store::Store;

/// A stack of `.npy` files to be written, one for each block along an axis.
///
/// Files are written into a directory beside the target, which takes the target's name when all are there and is
/// removed when the run fails, unless the store is [`resumable`](NpyStackSink::resumable). A stack that is there is
/// replaced then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NpyStackSink {
    directory: PathBuf,
    axis: isize,
    lengths: Vec<usize>,
    resumable: Option<String>,
}

impl NpyStackSink {
    /// Files in this directory, of these lengths along `axis`, which is counted from the last if it is negative. Every
    /// block has to be one of them.
    pub fn new(directory: impl Into<PathBuf>, axis: isize, lengths: &[usize]) -> Self {
        Self { directory: directory.into(), axis, lengths: lengths.to_vec(), resumable: None }
    }

    /// Keeps what an interrupted run has written, and goes on from there: see [Resuming](Store#resuming).
    #[must_use]
    pub fn resumable(self, tag: impl Into<String>) -> Self {
        Self { resumable: Some(tag.into()), ..self }
    }

    fn description<A: Element>(&self, shape: &[usize]) -> Option<String> {
        let Self { axis, lengths, .. } = self;
        let tag = self.resumable.as_ref()?;
        Some(format!("npy stack {} {shape:?} along {axis} {lengths:?} {tag:?}", A::DTYPE))
    }

    /// dask's description: `{'chunks': ((…), …), 'dtype': numpy.dtype(…), 'axis': …}` as a pickle of protocol 0.
    fn info(&self, dtype: DType, shape: &[usize], axis: usize) -> String {
        let mut chunks = String::new();
        for (k, n) in shape.iter().enumerate() {
            let lengths = if k == axis { &self.lengths[..] } else { std::slice::from_ref(n) };
            let _ = write!(chunks, "({}t", lengths.iter().map(|n| format!("I{n}\n")).collect::<String>());
        }
        let descr = header::descr(dtype);
        format!("(Vchunks\n({chunks}tVdtype\ncnumpy\ndtype\n(V{descr}\ntRVaxis\nI{axis}\nd.")
    }

    /// Refuses a place where something else than a stack is.
    fn check_replaceable(&self) -> Result<(), NpyError> {
        let path = &self.directory;
        if !path.exists() || (path.is_dir() && numbers(path)?.1.is_empty()) {
            return Ok(());
        }
        Err(NpyError::NotReplaced { path: path.clone() })
    }
}

impl<A: Element> BlockSink<A> for NpyStackSink {
    fn open(&self, shape: &[usize]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let axis = axis_of(self.axis, shape)?;
        let length = self.lengths.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n));
        if length != Some(shape[axis]) {
            let (lengths, shape) = (self.lengths.clone(), shape.to_vec());
            return Err(NpyError::StackLengths { axis, lengths, shape }.into());
        }
        self.check_replaceable()?;
        let make = |directory: &Path| -> Result<(), FileError> {
            fs::create_dir(directory).map_err(FileError::io("create", directory))?;
            let info = directory.join(INFO);
            fs::write(&info, self.info(A::DTYPE, shape, axis)).map_err(FileError::io("write", &info))
        };
        let pending = Pending::open(&self.directory, self.description::<A>(shape).as_deref(), make)?;
        Ok(Box::new(StackWriter::<A>::new(self, shape.to_vec(), pending)?))
    }

    fn whole(&self, shape: &[usize]) -> HashSet<Region> {
        Pending::whole(&self.directory, self.description::<A>(shape).as_deref(), shape)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&Self { directory: absolute(&self.directory), ..self.clone() })?;
        Ok(|from| {
            let sink: NpyStackSink = from.state()?;
            Ok(Unpacked::part::<Arc<dyn BlockSink<A>>>(Arc::new(sink)))
        })
    }

    fn attach(&self, ticket: &[u8]) -> Result<Box<dyn BlockWriter<A>>, StorageError> {
        let (pending, shape) = Pending::attach(&self.directory, ticket, self.resumable.is_some())?;
        Ok(Box::new(StackWriter::<A>::new(self, shape, pending)?))
    }
}

struct StackWriter<A> {
    sink: NpyStackSink,
    shape: Vec<usize>,
    axis: usize,
    /// The number of the file that begins at a place along the axis and has a length; of several, if they are empty.
    files: HashMap<(usize, usize), Vec<usize>>,
    pending: Pending,
    element: PhantomData<fn(A)>,
}

impl<A> StackWriter<A> {
    fn new(sink: &NpyStackSink, shape: Vec<usize>, pending: Pending) -> Result<Self, NpyError> {
        let axis = axis_of(sink.axis, &shape)?;
        let mut files = HashMap::<_, Vec<usize>>::new();
        let mut start = 0;
        for (i, &n) in sink.lengths.iter().enumerate() {
            files.entry((start, n)).or_default().push(i);
            start += n;
        }
        Ok(Self { sink: sink.clone(), shape, axis, files, pending, element: PhantomData })
    }

    /// Which files are to hold a block: one, unless it is empty.
    fn numbers(&self, offset: &[usize], block: &[usize]) -> Option<&[usize]> {
        let has_axes = offset.len() == self.shape.len() && block.len() == self.shape.len();
        let is_slab = has_axes && (0..block.len()).all(|k| k == self.axis || block[k] == self.shape[k]);
        let numbers = is_slab.then(|| self.files.get(&(offset[self.axis], block[self.axis])))?;
        numbers.map(Vec::as_slice)
    }
}

impl<A: Element> BlockWriter<A> for StackWriter<A> {
    fn write(&self, offset: &[usize], block: &Block<A>) -> Result<(), StorageError> {
        let shape = block.shape();
        let Some(numbers) = self.numbers(offset, shape) else {
            let (axis, lengths) = (self.axis, self.sink.lengths.clone());
            let (offset, block) = (offset.to_vec(), shape.to_vec());
            return Err(NpyError::NotOneFile { offset, block, axis, lengths }.into());
        };
        let view = block.view();
        let straight = view.as_standard_layout();
        for &number in numbers {
            let path = self.pending.place().join(file_name(number));
            let failed = || FileError::io("write", &path);
            let mut file = fs::File::create(&path).map_err(failed())?;
            file.write_all(&header::write(A::DTYPE, shape)).map_err(failed())?;
            file.write_all(A::bytes(straight.as_slice().unwrap_or_default())).map_err(failed())?;
            self.pending.written::<FileError>(offset, shape, || file.sync_data().map_err(failed()))?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), StorageError> {
        // What was written must be on the disk before the name says that it is: a full disk may show only now.
        for number in 0..self.sink.lengths.len() {
            let path = self.pending.place().join(file_name(number));
            sync(&path).map_err(FileError::io("write", &path))?;
        }
        self.sink.check_replaceable()?;
        Ok(self.pending.put_in_place()?)
    }

    fn ticket(&self) -> Option<Vec<u8>> {
        self.pending.ticket(&self.shape)
    }
}

impl<A: Element> Array<A> {
    /// Describes the writing of the array to a directory of `.npy` files, one for each block along `axis`, which is
    /// counted from the last if it is negative: dask's `to_npy_stack`. The directory appears, or is replaced, when all
    /// files are there.
    ///
    /// Blocks that do not reach over all other axes are joined first. An axis that the array does not have is an error
    /// of the run.
    #[must_use]
    #[track_caller]
    pub fn store_npy_stack(&self, directory: impl Into<PathBuf>, axis: isize) -> Store {
        let info = LayerInfo::here();
        // An axis that is none: the sink says so.
        let Ok(along) = axis_of(axis, self.shape()) else {
            return self.store(NpyStackSink::new(directory, axis, &[]));
        };
        let lengths = self.chunks().axes()[along].clone();
        let mut slabs: Vec<Vec<usize>> = self.shape().iter().map(|&n| vec![n]).collect();
        slabs[along] = lengths.clone();
        self.rechunked(&Chunks::from_lengths(slabs), &info)
            .store(NpyStackSink::new(directory, axis, &lengths))
    }

    /// Computes the array with the installed scheduler and writes it to a directory of `.npy` files, one for each
    /// block along `axis`.
    ///
    /// # Errors
    ///
    /// - When the array does not have the axis, or the computation fails.
    /// - When the directory cannot be written, or holds something else than such files: nothing is changed then.
    #[track_caller]
    pub fn to_npy_stack(&self, directory: impl Into<PathBuf>, axis: isize) -> Result<(), ComputeError> {
        self.store_npy_stack(directory, axis).compute()
    }

    /// [`to_npy_stack`](Array::to_npy_stack) with a scheduler of the caller's.
    ///
    /// # Errors
    ///
    /// - As [`to_npy_stack`](Array::to_npy_stack).
    #[track_caller]
    pub fn to_npy_stack_with(
        &self,
        directory: impl Into<PathBuf>,
        axis: isize,
        scheduler: &dyn Scheduler,
    ) -> Result<(), ComputeError> {
        self.store_npy_stack(directory, axis).compute_with(scheduler)
    }
}
