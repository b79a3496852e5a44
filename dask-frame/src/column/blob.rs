//! How a column leaves the process and comes back: Arrow's buffers as they lie, lent and not copied.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use arrow2::array::{BooleanArray, PrimitiveArray, Utf8Array};
use arrow2::bitmap::Bitmap;
use arrow2::datatypes::DataType as ArrowType;
use arrow2::offset::OffsetsBuffer;
use arrow2::types::NativeType;
use bytemuck::Pod;
use dask_graph::{Blob, BlobError, BlobReader, Payload};

use super::categorical::Codes;
use super::categories::twice;
use super::convert::ticks_type;
use super::{Categories, Column, Data, Lists, Mask, Stored, each_number};
use crate::schema::{DataType, Zone};

/// The number of each type. That of a time zone has the name of the zone in a buffer of its own.
const INT64: u64 = 0;
const FLOAT64: u64 = 1;
const BOOL: u64 = 2;
const UTF8: u64 = 3;
const TIMESTAMP: u64 = 4;
const ZONED: u64 = 5;
const DATE: u64 = 6;
const DURATION: u64 = 7;
const CATEGORICAL: u64 = 8;
/// Of categories that the type knows, in an order without meaning and in one with it.
const KNOWN: u64 = 9;
const ORDERED: u64 = 10;
/// Behind the offsets is the header of the column of values, and then its buffers.
const LIST: u64 = 11;
const INT8: u64 = 12;
const INT16: u64 = 13;
const INT32: u64 = 14;
const UINT8: u64 = 15;
const UINT16: u64 = 16;
const UINT32: u64 = 17;
const UINT64: u64 = 18;
const FLOAT32: u64 = 19;

fn number(dtype: &DataType) -> u64 {
    match dtype {
        DataType::Int64 => INT64,
        DataType::Float64 => FLOAT64,
        DataType::Int8 => INT8,
        DataType::Int16 => INT16,
        DataType::Int32 => INT32,
        DataType::UInt8 => UINT8,
        DataType::UInt16 => UINT16,
        DataType::UInt32 => UINT32,
        DataType::UInt64 => UINT64,
        DataType::Float32 => FLOAT32,
        DataType::Bool => BOOL,
        DataType::Utf8 => UTF8,
        DataType::Timestamp => TIMESTAMP,
        DataType::Zoned(_) => ZONED,
        DataType::Date => DATE,
        DataType::Duration => DURATION,
        DataType::Categorical(categories) if categories.is_ordered() => ORDERED,
        DataType::Categorical(categories) if categories.is_known() => KNOWN,
        DataType::Categorical(_) => CATEGORICAL,
        DataType::List(_) => LIST,
    }
}

/// What the header of a blob says of a column.
///
/// Bits need not begin with a byte: sliced columns share their memory.
#[derive(Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct ColumnHeader {
    /// The type by [`number`].
    kind: u64,
    /// Of truth values: in which bit of its buffer the first stands.
    first_bit: u64,
    /// Whether there is a buffer of validity, and in which of its bits that of the first value stands.
    has_validity: u64,
    first_valid_bit: u64,
}

impl Column {
    /// Adds the column's buffers: validity if there is one, then values; of texts offsets and letters.
    pub(crate) fn to_blob<'a>(&'a self, buffers: &mut Vec<Cow<'a, [u8]>>) -> ColumnHeader {
        let mut header = ColumnHeader { kind: number(&self.dtype()), ..ColumnHeader::default() };
        if let Some(validity) = self.bitmap() {
            header.has_validity = 1;
            header.first_valid_bit = push_bits(validity, buffers);
        }
        match &self.0 {
            Data::Int64(a) => buffers.push(bytemuck::cast_slice(a.values()).into()),
            Data::Ticks(a, dtype) => {
                if let DataType::Zoned(zone) = dtype {
                    buffers.push(zone.name().as_bytes().into());
                }
                buffers.push(bytemuck::cast_slice(a.values()).into());
            }
            Data::Float64(a) => buffers.push(bytemuck::cast_slice(a.values()).into()),
            Data::Numbers(numbers) => {
                buffers.push(each_number!(numbers, a => bytemuck::cast_slice(a.values())).into());
            }
            Data::Bool(a) => header.first_bit = push_bits(a.values(), buffers),
            Data::Utf8(a) => push_texts(a, buffers),
            Data::Categorical(codes) => {
                buffers.push(bytemuck::cast_slice(codes.array().values()).into());
                buffers.push((codes.categories().len() as u64).to_ne_bytes().to_vec().into());
                push_texts(codes.categories(), buffers);
            }
            Data::List(lists) => {
                push_offsets(lists.offsets(), buffers);
                let at = buffers.len();
                let values = lists.values().to_blob(buffers);
                buffers.insert(at, bytemuck::bytes_of(&values).to_vec().into());
            }
        }
        header
    }

    /// Reads a column of `len` values back.
    pub(crate) fn from_blob(
        header: &ColumnHeader,
        len: usize,
        reader: &mut BlobReader<'_>,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let validity = match header.has_validity {
            0 => None,
            _ => Some(bits(reader, header.first_valid_bit, len)?),
        };
        let ticks = |dtype, reader: &mut _, validity| {
            Ok::<_, Box<dyn Error + Send + Sync>>(Data::Ticks(
                primitive(ticks_type(dtype), reader, validity)?,
                dtype.clone(),
            ))
        };
        Ok(Self(match header.kind {
            INT64 => Data::Int64(primitive(ArrowType::Int64, reader, validity)?),
            FLOAT64 => Data::Float64(primitive(ArrowType::Float64, reader, validity)?),
            INT8 => return numbers::<i8>(reader, validity),
            INT16 => return numbers::<i16>(reader, validity),
            INT32 => return numbers::<i32>(reader, validity),
            UINT8 => return numbers::<u8>(reader, validity),
            UINT16 => return numbers::<u16>(reader, validity),
            UINT32 => return numbers::<u32>(reader, validity),
            UINT64 => return numbers::<u64>(reader, validity),
            FLOAT32 => return numbers::<f32>(reader, validity),
            TIMESTAMP => ticks(&DataType::Timestamp, reader, validity)?,
            DATE => ticks(&DataType::Date, reader, validity)?,
            DURATION => ticks(&DataType::Duration, reader, validity)?,
            ZONED => {
                let zone = Zone::new(&String::from_utf8(reader.next_buffer()?)?)?;
                ticks(&DataType::Zoned(zone), reader, validity)?
            }
            BOOL => {
                let values = bits(reader, header.first_bit, len)?;
                Data::Bool(BooleanArray::try_new(ArrowType::Boolean, values, validity)?)
            }
            UTF8 => Data::Utf8(texts(reader, validity)?),
            CATEGORICAL | KNOWN | ORDERED => {
                let codes = primitive(ArrowType::UInt32, reader, validity)?;
                let n = reader.next_buffer::<u64>()?;
                let categories = texts(reader, None)?;
                if n != [categories.len() as u64] {
                    return Err("a column has other categories than it says".into());
                }
                if header.kind == CATEGORICAL {
                    return Ok(Self(Data::Categorical(Codes::new(codes, categories))));
                }
                if twice(&categories).is_some() {
                    return Err("a column has a category twice".into());
                }
                let known = Categories::of(Arc::new(categories), header.kind == ORDERED);
                Data::Categorical(Codes::of(codes, &known))
            }
            LIST => {
                let offsets = OffsetsBuffer::try_from(reader.next_buffer::<i64>()?)?;
                let header: Vec<ColumnHeader> = bytemuck::pod_collect_to_vec(&reader.next_buffer::<u8>()?);
                let [header] = header[..] else { return Err("lists without values".into()) };
                let n_values = usize::try_from(*offsets.last())?;
                let values = Self::from_blob(&header, n_values, reader)?;
                let fits = *offsets.first() == 0 && values.len() == n_values && offsets.len_proxy() == len;
                if !fits {
                    return Err("lists have other values than they say".into());
                }
                Data::List(Lists::new(offsets, values, validity))
            }
            _ => return Err("a column has a type that there is not".into()),
        }))
    }
}

/// Adds the buffers of texts: offsets and letters, of a slice of a longer column only those in it.
fn push_texts<'a>(a: &'a Utf8Array<i64>, buffers: &mut Vec<Cow<'a, [u8]>>) {
    push_offsets(a.offsets(), buffers);
    let (first, last) = (*a.offsets().first(), *a.offsets().last());
    buffers.push(a.values()[first as usize..last as usize].into());
}

/// Adds the buffer of offsets, counted from the first.
fn push_offsets<'a>(offsets: &'a OffsetsBuffer<i64>, buffers: &mut Vec<Cow<'a, [u8]>>) {
    let first = *offsets.first();
    let offsets = offsets.as_slice();
    buffers.push(match first {
        0 => bytemuck::cast_slice(offsets).into(),
        _ => offsets.iter().flat_map(|offset| (offset - first).to_ne_bytes()).collect::<Vec<u8>>().into(),
    });
}

fn texts(
    reader: &mut BlobReader<'_>,
    validity: Option<Bitmap>,
) -> Result<Utf8Array<i64>, Box<dyn Error + Send + Sync>> {
    let offsets = OffsetsBuffer::try_from(reader.next_buffer::<i64>()?)?;
    let letters = reader.next_buffer::<u8>()?.into();
    Ok(Utf8Array::try_new(ArrowType::LargeUtf8, offsets, letters, validity)?)
}

impl Payload for Mask {
    fn nbytes(&self) -> u64 {
        self.len().div_ceil(8) as u64
    }

    /// Header: the number of bits, and which of the buffer's is the first.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let mut buffers = Vec::new();
        let first = push_bits(self.bitmap(), &mut buffers);
        Some(Blob::encoded(&(self.len(), first)).map(|front| Blob { buffers, ..front }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let (len, first) = reader.read_encoded()?;
        bits(reader, first, len).map(Mask::from_bitmap).map_err(BlobError::of::<Self>)
    }
}

/// Adds the bytes that hold the bits; returns in which bit of them the first stands.
fn push_bits<'a>(bits: &'a Bitmap, buffers: &mut Vec<Cow<'a, [u8]>>) -> u64 {
    let (bytes, first, _) = bits.as_slice();
    buffers.push(bytes.into());
    first as u64
}

fn bits(reader: &mut BlobReader<'_>, first: u64, len: usize) -> Result<Bitmap, Box<dyn Error + Send + Sync>> {
    let first = usize::try_from(first)?;
    Ok(Bitmap::try_new(reader.next_buffer()?, first.saturating_add(len))?.sliced(first, len))
}

fn numbers<T: Stored>(
    reader: &mut BlobReader<'_>,
    validity: Option<Bitmap>,
) -> Result<Column, Box<dyn Error + Send + Sync>> {
    Ok(T::column(primitive(T::PRIMITIVE.into(), reader, validity)?))
}

fn primitive<T: NativeType + Pod>(
    dtype: ArrowType,
    reader: &mut BlobReader<'_>,
    validity: Option<Bitmap>,
) -> Result<PrimitiveArray<T>, Box<dyn Error + Send + Sync>> {
    Ok(PrimitiveArray::try_new(dtype, reader.next_buffer::<T>()?.into(), validity)?)
}
