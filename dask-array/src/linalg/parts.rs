//! Several matrices as one result of a task.

use std::io;
use std::marker::PhantomData;

use dask_graph::{Args, Blob, BlobError, BlobReader, OpError, Payload, Value};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeBuilder};

use super::dense::Field;
use crate::block::Block;
use crate::kernel::Kernel;

/// Matrices, column by column, one after the other, and numbers that say what they are.
#[derive(Debug, Clone)]
pub(super) struct Parts<A> {
    pub(super) marks: Vec<usize>,
    pub(super) shapes: Vec<[usize; 2]>,
    pub(super) data: Vec<A>,
}

impl<A: Field> Parts<A> {
    pub(super) fn new(marks: Vec<usize>) -> Self {
        Self { marks, shapes: Vec::new(), data: Vec::new() }
    }

    /// Adds a matrix.
    pub(super) fn push(&mut self, matrix: ArrayView2<'_, A>) {
        self.shapes.push([matrix.nrows(), matrix.ncols()]);
        match matrix.t().to_slice() {
            Some(elements) => self.data.extend_from_slice(elements),
            None => self.data.extend(matrix.t().iter().copied()),
        }
    }

    /// The one matrix that there is, without a copy.
    pub(super) fn of(matrix: Array2<A>, marks: Vec<usize>) -> Self {
        let shape = [matrix.nrows(), matrix.ncols()];
        let is_whole = matrix.t().is_standard_layout();
        if !is_whole {
            let mut parts = Self::new(marks);
            parts.push(matrix.view());
            return parts;
        }
        let (data, offset) = matrix.into_raw_vec_and_offset();
        let data = match offset {
            Some(0) | None if data.len() == shape[0] * shape[1] => data,
            from => data[from.unwrap_or(0)..][..shape[0] * shape[1]].to_vec(),
        };
        Self { marks, shapes: vec![shape], data }
    }

    /// Matrix `at`.
    pub(super) fn get(&self, at: usize) -> Result<ArrayView2<'_, A>, OpError> {
        let from: usize = self.shapes.iter().take(at).map(|[m, n]| m * n).sum();
        let [m, n] = *self.shapes.get(at).ok_or(OpError::MissingArgument { at, given: self.shapes.len() })?;
        ArrayView2::from_shape((m, n).f(), &self.data[from..from + m * n]).map_err(OpError::failed)
    }

    /// The first matrix, to write.
    pub(super) fn first_mut(&mut self) -> Result<ArrayViewMut2<'_, A>, OpError> {
        let [m, n] = *self.shapes.first().ok_or(OpError::MissingArgument { at: 0, given: 0 })?;
        ArrayViewMut2::from_shape((m, n).f(), &mut self.data[..m * n]).map_err(OpError::failed)
    }
}

impl<A: Field> Payload for Parts<A> {
    fn nbytes(&self) -> u64 {
        (size_of_val(&*self.data) + size_of_val(&*self.shapes) + size_of_val(&*self.marks)) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let mut header = vec![self.marks.len()];
        header.extend(&self.marks);
        header.extend(self.shapes.iter().flatten());
        let header = bytemuck::cast_slice(&header).to_vec();
        Some(Ok(Blob { header, buffers: vec![A::bytes(&self.data).into()] }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        read(reader).map_err(BlobError::of::<Self>)
    }
}

fn read<A: Field>(reader: &mut BlobReader<'_>) -> io::Result<Parts<A>> {
    let malformed = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
    let size = size_of::<usize>();
    if !reader.header().len().is_multiple_of(size) {
        return Err(malformed("the header has half a number"));
    }
    let header: Vec<usize> = bytemuck::pod_collect_to_vec(reader.header());
    let (&n, rest) = header.split_first().ok_or_else(|| malformed("there is no header"))?;
    let (marks, shapes) = rest.split_at_checked(n).ok_or_else(|| malformed("marks are missing"))?;
    let shapes: Vec<[usize; 2]> = shapes.chunks_exact(2).map(|shape| [shape[0], shape[1]]).collect();
    let len = shapes.iter().try_fold(0_usize, |len, [m, n]| len.checked_add(m.checked_mul(*n)?));
    let nbytes = len.and_then(|len| len.checked_mul(size_of::<A>()));
    let Some(len) = len.filter(|_| nbytes == reader.next_len()) else {
        return Err(malformed("there are not as many bytes as the shapes ask for"));
    };
    let mut data = vec![A::default(); len];
    match A::bytes_mut(&mut data) {
        Some(bytes) => reader.read_next(bytes)?,
        None => return Err(malformed("the type has no bytes")),
    }
    Ok(Parts { marks: marks.to_vec(), shapes, data })
}

/// Takes one matrix out, as a block; a vector if it is asked for with a mark of 1 in the second place.
pub(super) struct Picking<A>(PhantomData<fn() -> A>);

impl<A: Field> Kernel for Picking<A> {
    const NAME: &'static str = "pick";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (parts, &at) = (args.get::<Parts<A>>(0)?, args.get::<usize>(1)?);
        Ok(Block::new(parts.get(at)?.to_owned().into_dyn()).into())
    }
}
