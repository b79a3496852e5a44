//! Columns as the graph specification exchanges them, and back.

use arrow2::array::Utf8Array;
use arrow2::bitmap::Bitmap;
use arrow2::offset::OffsetsBuffer;
use dask_graph::{ColumnData, ColumnValues, Texts};

use super::{Column, Data, Mask, Numbers};
use crate::schema::DataType;

impl Column {
    /// Makes a column of exchanged values, whose memory it takes over where it lies alike.
    pub(crate) fn from_exchange(data: ColumnData) -> Self {
        let validity = data.valid.map(|valid| Mask::from_fn(valid.len(), |i| valid[i]));
        match data.values {
            ColumnValues::Int64(values) => Self::from_i64s(values, validity),
            ColumnValues::UInt64(values) => Self::from_numbers(values, validity),
            ColumnValues::Float64(values) => Self::from_f64s(values, validity),
            ColumnValues::Bool(values) => {
                Self::from_mask(Mask::from_fn(values.len(), |i| values[i]), validity)
            }
            ColumnValues::Timestamp(values) => Self::from_ticks(DataType::Timestamp, values, validity),
            ColumnValues::Text(texts) => Self::from_texts(texts, validity),
            _ => unreachable!("kinds that frames do not have are refused when the frame is made"),
        }
    }

    fn from_texts(texts: Texts, validity: Option<Mask>) -> Self {
        let (offsets, letters) = texts.into_parts();
        let offsets = OffsetsBuffer::try_from(offsets).expect("offsets of texts never decrease");
        let dtype = Utf8Array::<i64>::default_data_type();
        let validity: Option<Bitmap> = validity.map(Mask::into_bitmap);
        let array = Utf8Array::try_new(dtype, offsets, letters.into_bytes().into(), validity);
        Self(Data::Utf8(array.expect("texts are cut between letters")))
    }

    /// Returns the values to be exchanged, numbers in 64 bits: of types that are, all days and microseconds are of
    /// timestamps.
    pub(crate) fn to_exchange(&self) -> ColumnData {
        let values = match &self.0 {
            Data::Int64(a) => ColumnValues::Int64(a.values().to_vec()),
            Data::Ticks(a, _) => ColumnValues::Timestamp(a.values().to_vec()),
            Data::Float64(a) => ColumnValues::Float64(a.values().to_vec()),
            Data::Bool(a) => ColumnValues::Bool(a.values_iter().collect()),
            Data::Utf8(a) => ColumnValues::Text(a.values_iter().collect()),
            Data::Numbers(Numbers::UInt64(a)) => ColumnValues::UInt64(a.values().to_vec()),
            Data::Numbers(_) => return self.wide().to_exchange(),
            Data::Categorical(codes) => {
                ColumnValues::Text((0..self.len()).map(|row| codes.text(row)).collect())
            }
            Data::List(_) => unreachable!("lists are refused before columns are exchanged"),
        };
        let valid = self.validity().map(|valid| (0..valid.len()).map(|i| valid.get(i)).collect());
        ColumnData { values, valid }
    }
}
