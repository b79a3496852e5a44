//! Items by their codecs: what is left of a type that says nothing of itself.

use std::any::type_name;

use dask_graph::{Blob, BlobError, BlobReader, Codec, Packer, Refused, UnpackError, Unpacker};

/// The codec of vectors of `T`, for types of which the graph specification does not know how vectors lie.
pub(crate) fn of_other<T: Send + Sync + 'static>() -> Option<Codec<Vec<T>>> {
    let is_standard = Blob::of_standard(&Vec::<T>::new()).is_some();
    if is_standard { None } else { Codec::of_list() }
}

/// The blob of data that a codec writes.
pub(crate) fn to_blob<T: Send + Sync + 'static>(
    codec: &Codec<T>,
    data: &T,
) -> Result<Blob<'static>, BlobError> {
    let mut bytes = Vec::new();
    codec.encode(data, &mut bytes).map_err(BlobError::of::<T>)?;
    Ok(Blob { header: vec![], buffers: vec![bytes.into()] })
}

/// Reads what [`to_blob`] wrote.
pub(crate) fn from_blob<T: Send + Sync + 'static>(
    codec: &Codec<T>,
    reader: &mut BlobReader<'_>,
) -> Result<T, BlobError> {
    let bytes = reader.next_buffer::<u8>().map_err(BlobError::of::<T>)?;
    codec.decode(&mut &bytes[..]).map_err(BlobError::of::<T>)
}

/// Packs an item that is a part of an op.
pub(crate) fn pack<A: Send + Sync + 'static>(to: &mut Packer, item: &A) -> Result<(), Refused> {
    let codec = Codec::of().ok_or_else(|| {
        let name = type_name::<A>();
        Refused::new(format!(
            "it holds a value of type {name}: call `dask_graph::make_portable` for that type at the beginning of `main`"
        ))
    })?;
    let mut bytes = Vec::new();
    let encoded = codec.encode(item, &mut bytes);
    encoded.map_err(|error| Refused::new(format!("its state cannot be encoded: {error}")))?;
    to.state(&bytes)
}

/// Reads what [`pack`] packed.
pub(crate) fn unpack<A: Send + Sync + 'static>(from: &mut Unpacker<'_>) -> Result<A, UnpackError> {
    let bytes: Vec<u8> = from.state()?;
    let codec =
        Codec::of().ok_or_else(|| UnpackError::of::<A>("nothing is known of the type in this process"))?;
    codec.decode(&mut &bytes[..]).map_err(UnpackError::of::<A>)
}
