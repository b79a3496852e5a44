//! Elements with a whole number each: partial results of more than one kind.

use std::io;

use dask_graph::{Blob, BlobError, BlobReader, Payload};

use crate::block::blob;
use crate::element::Element;

/// Elements and numbers that belong to them, mostly one to each: a choice and its position, a sum and its count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paired<T> {
    pub(crate) values: Vec<T>,
    pub(crate) numbers: Vec<i64>,
    /// The shape of the elements.
    pub(crate) shape: Vec<usize>,
}

impl<T: Element> Payload for Paired<T> {
    fn nbytes(&self) -> u64 {
        (size_of_val(&*self.values) + size_of_val(&*self.numbers)) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let header = bytemuck::cast_slice::<usize, u8>(&self.shape).to_vec();
        let buffers = vec![T::bytes(&self.values).into(), bytemuck::cast_slice(&self.numbers).into()];
        Some(Ok(Blob { header, buffers }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        Self::read(reader).map_err(BlobError::of::<Self>)
    }
}

impl<T: Element> Paired<T> {
    fn read(reader: &mut BlobReader<'_>) -> io::Result<Self> {
        let shape: Vec<usize> = bytemuck::pod_collect_to_vec(reader.header());
        let values = blob::elements(reader, &shape)?;
        let numbers: Vec<i64> = reader.next_buffer()?;
        Ok(Self { values, numbers, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::Value;

    #[test]
    fn pairs_leave_the_process_and_come_back() {
        let pairs = Paired { values: vec![true, false], numbers: vec![7, -1], shape: vec![2, 1] };
        let value = Value::sized(pairs.clone());
        let (blob, read) = value.to_blob().unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        let back = read(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap();
        assert_eq!(back.get(), Ok(&pairs));
    }
}
