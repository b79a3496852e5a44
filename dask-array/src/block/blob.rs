//! How a block leaves the process and comes back: shape and order of the axes, and the elements as they lie.

use std::borrow::Cow;
use std::io;

use dask_graph::{Blob, BlobReader};
use ndarray::{ArrayD, IxDyn};

use super::Block;
use crate::element::Element;

/// Header: the axes, outermost in memory first, and their lengths.
pub(super) fn to_blob<A: Element>(block: &Block<A>) -> Blob<'_> {
    let axes = block.slowest_first();
    let lengths = axes.iter().map(|&axis| block.shape()[axis]);
    let header: Vec<usize> = axes.iter().copied().chain(lengths).collect();
    let elements = match block.memory_order() {
        Cow::Borrowed(elements) => A::bytes(elements).into(),
        Cow::Owned(elements) => A::bytes(&elements).to_vec().into(),
    };
    Blob { header: bytemuck::cast_slice(&header).to_vec(), buffers: vec![elements] }
}

pub(super) fn from_blob<A: Element>(reader: &mut BlobReader<'_>) -> io::Result<Block<A>> {
    if !reader.header().len().is_multiple_of(2 * size_of::<usize>()) {
        return Err(malformed("the header has half an axis"));
    }
    let header: Vec<usize> = bytemuck::pod_collect_to_vec(reader.header());
    let (axes, lengths) = header.split_at(header.len() / 2);
    let mut place_of = vec![usize::MAX; axes.len()];
    for (place, &axis) in axes.iter().enumerate() {
        match place_of.get_mut(axis) {
            Some(free) if *free == usize::MAX => *free = place,
            _ => return Err(malformed("the axes are no permutation")),
        }
    }
    let elements = elements(reader, lengths)?;
    let array = ArrayD::from_shape_vec(IxDyn(lengths), elements)
        .map_err(|_| malformed("there are not as many elements as the shape asks for"))?;
    Ok(Block::dense(array.permuted_axes(IxDyn(&place_of)).into_shared()))
}

/// Reads the elements of an array with such lengths.
pub(crate) fn elements<A: Element>(reader: &mut BlobReader<'_>, lengths: &[usize]) -> io::Result<Vec<A>> {
    let len = lengths.iter().try_fold(1_usize, |len, &n| len.checked_mul(n));
    let nbytes = len.and_then(|len| len.checked_mul(size_of::<A>()));
    let Some(len) = len.filter(|_| nbytes == reader.next_len()) else {
        return Err(malformed("there are not as many bytes as the shape asks for"));
    };
    let mut elements = vec![A::default(); len];
    if let Some(bytes) = A::bytes_mut(&mut elements) {
        reader.read_next(bytes)?;
        return Ok(elements);
    }
    for (element, byte) in elements.iter_mut().zip(reader.next_buffer::<u8>()?) {
        if byte > 1 {
            return Err(malformed("a byte is no bool"));
        }
        *element = A::from_byte(byte);
    }
    Ok(elements)
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{c64, c128, f16, for_each_element};
    use dask_graph::{BlobError, Value};
    use ndarray::{Axis, Slice};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn read<A: Element>(blob: &Blob<'_>) -> Result<Block<A>, BlobError> {
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        let (_, read) = Value::from(Block::<A>::new(ArrayD::default(IxDyn(&[])))).to_blob().unwrap().unwrap();
        let value = read(&mut BlobReader::new(&mut &bytes[..]).unwrap())?;
        Ok(value.try_unwrap().expect("it is a block and nobody else has it"))
    }

    /// Writes a block and reads it back: the same shape, the same bytes, in the same places.
    #[track_caller]
    fn check<A: Element>(block: Block<A>) {
        let back = read::<A>(&to_blob(&block)).unwrap();
        assert_eq!((back.shape(), back.strides()), (block.shape(), block.strides()));
        assert_eq!(A::bytes(&back.memory_order()), A::bytes(&block.memory_order()));
    }

    /// A shape, an order of its axes, and bits for elements.
    fn blocks() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<u64>)> {
        (vec(0_usize..5, 0..5), vec(any::<u64>(), 1..20)).prop_flat_map(|(shape, bits)| {
            let axes: Vec<usize> = (0..shape.len()).collect();
            (Just(shape), Just(axes).prop_shuffle(), Just(bits))
        })
    }

    fn block<A: Element>(shape: &[usize], axes: &[usize], bits: &[u64]) -> Block<A> {
        let mut bits = bits.iter().cycle();
        let array = ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            let mut element = [A::default()];
            let bits = bits.next().copied().unwrap_or(0).to_ne_bytes();
            match A::bytes_mut(&mut element) {
                Some(bytes) => {
                    bytes.iter_mut().zip(bits.into_iter().cycle()).for_each(|(byte, bit)| *byte = bit)
                }
                None => element = [A::from_byte(bits[0] & 1)],
            }
            element[0]
        });
        Block::new(array).transposed(axes)
    }

    macro_rules! check_each {
        ($($T:ident $Variant:ident $bank:ident),*) => {
            fn check_each(shape: &[usize], axes: &[usize], bits: &[u64]) {
                $( check(block::<$T>(shape, axes, bits)); )*
            }
        };
    }
    for_each_element!(check_each);

    proptest! {
        /// All element types with any bits, NaNs among them; no axis, no element, any order of the axes.
        #[test]
        fn blocks_come_back((shape, axes, bits) in blocks()) {
            check_each(&shape, &axes, &bits);
        }

        #[test]
        fn any_header_is_read_or_refused(header in vec(0_usize..4, 0..6), n in 0_usize..30) {
            let header = bytemuck::cast_slice(&header).to_vec();
            let _ = read::<u8>(&Blob { header, buffers: vec![vec![0; n].into()] });
        }
    }

    #[test]
    fn an_array_with_gaps_comes_back_as_its_block() {
        let mut array = ArrayD::from_shape_fn(IxDyn(&[4, 6]), |at| (10 * at[0] + at[1]) as i32);
        array.slice_axis_inplace(Axis(0), Slice::new(0, None, 2));
        array.slice_axis_inplace(Axis(1), Slice::new(1, None, -2));
        let back = read::<i32>(&to_blob(&Block::new(array.clone()))).unwrap();
        assert_eq!(back.view(), array.view());
    }

    #[test]
    fn a_byte_that_is_no_bool_is_refused() {
        let blob = to_blob(&Block::new(ArrayD::from_elem(IxDyn(&[1]), true))).header;
        let error = read::<bool>(&Blob { header: blob, buffers: vec![vec![2].into()] }).unwrap_err();
        assert!(error.to_string().contains("no bool"), "{error}");
    }
}
