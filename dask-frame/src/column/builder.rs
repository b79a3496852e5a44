//! Columns made value by value.

use arrow2::array::Utf8Array;
use arrow2::bitmap::{Bitmap, MutableBitmap};
use arrow2::offset::OffsetsBuffer;

use super::{Column, Data, Mask};
use crate::schema::DataType;

/// The validity of a column under construction; takes no memory until the first null.
#[derive(Default)]
struct ValidityBuilder(Option<MutableBitmap>);

impl ValidityBuilder {
    fn push_valid(&mut self) {
        if let Some(bits) = &mut self.0 {
            bits.push(true);
        }
    }

    fn push_null(&mut self, len: usize) {
        let bits = self.0.get_or_insert_with(|| {
            let mut bits = MutableBitmap::with_capacity(len + 1);
            bits.extend_constant(len, true);
            bits
        });
        bits.push(false);
    }

    fn reserve(&mut self, additional: usize) {
        if let Some(bits) = &mut self.0 {
            bits.reserve(additional);
        }
    }

    fn finish(self) -> Option<Bitmap> {
        self.0.map(Bitmap::from)
    }
}

/// How many more there will be if so many times as many follow as there are; a little more than that, so that a
/// list seldom has to grow for the last few.
fn times_of(len: usize, times: f64) -> usize {
    (len as f64 * times * 1.02) as usize
}

/// Gives back what was reserved in vain: no list keeps more than twice the memory that it needs.
pub(super) fn fitted<T>(mut list: Vec<T>) -> Vec<T> {
    if list.capacity() / 2 > list.len() {
        list.shrink_to_fit();
    }
    list
}

/// Collects integers, floats or timestamps.
pub(crate) struct ValueBuilder<T> {
    values: Vec<T>,
    validity: ValidityBuilder,
}

impl<T: Copy + Default> ValueBuilder<T> {
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self { values: Vec::with_capacity(n), validity: ValidityBuilder::default() }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        self.values.push(value);
        self.validity.push_valid();
    }

    #[inline]
    pub(crate) fn push_null(&mut self) {
        self.validity.push_null(self.values.len());
        self.values.push(T::default());
    }

    #[inline]
    pub(crate) fn push_option(&mut self, value: Option<T>) {
        match value {
            Some(value) => self.push(value),
            None => self.push_null(),
        }
    }

    pub(crate) fn reserve_times(&mut self, times: f64) {
        let additional = times_of(self.values.len(), times);
        self.values.reserve(additional);
        self.validity.reserve(additional);
    }

    fn finish(self) -> (Vec<T>, Option<Mask>) {
        (fitted(self.values), self.validity.finish().map(Mask::from_bitmap))
    }
}

impl ValueBuilder<i64> {
    pub(crate) fn finish_i64(self) -> Column {
        let (values, validity) = self.finish();
        Column::from_i64s(values, validity)
    }

    /// Finishes a column of an integer type by the bits of its values.
    pub(crate) fn finish_bits(self, dtype: &DataType) -> Column {
        let (values, validity) = self.finish();
        Column::from_bits(dtype, values, validity)
    }

    pub(crate) fn finish_ticks(self, dtype: DataType) -> Column {
        let (values, validity) = self.finish();
        Column::from_ticks(dtype, values, validity)
    }
}

impl ValueBuilder<f64> {
    pub(crate) fn finish_f64(self) -> Column {
        let (values, validity) = self.finish();
        Column::from_f64s(values, validity)
    }
}

/// Collects truth values.
#[derive(Default)]
pub(crate) struct BoolBuilder {
    values: MutableBitmap,
    validity: ValidityBuilder,
}

impl BoolBuilder {
    pub(crate) fn push(&mut self, value: bool) {
        self.values.push(value);
        self.validity.push_valid();
    }

    pub(crate) fn push_null(&mut self) {
        self.validity.push_null(self.values.len());
        self.values.push(false);
    }

    pub(crate) fn push_option(&mut self, value: Option<bool>) {
        match value {
            Some(value) => self.push(value),
            None => self.push_null(),
        }
    }

    pub(crate) fn reserve_times(&mut self, times: f64) {
        let additional = times_of(self.values.len(), times);
        self.values.reserve(additional);
        self.validity.reserve(additional);
    }

    pub(crate) fn finish(self) -> Column {
        let validity = self.validity.finish().map(Mask::from_bitmap);
        Column::from_mask(Mask::from_bitmap(self.values.into()), validity)
    }
}

/// Collects texts as bytes; that they are UTF-8 is checked once, at the end.
pub(crate) struct Utf8Builder {
    offsets: Vec<i64>,
    bytes: Vec<u8>,
    validity: ValidityBuilder,
}

impl Utf8Builder {
    pub(crate) fn with_capacity(n: usize) -> Self {
        let mut offsets = Vec::with_capacity(n + 1);
        offsets.push(0);
        Self { offsets, bytes: Vec::new(), validity: ValidityBuilder::default() }
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.offsets.push(self.bytes.len() as i64);
        self.validity.push_valid();
    }

    #[inline]
    pub(crate) fn push_null(&mut self) {
        self.validity.push_null(self.offsets.len() - 1);
        self.offsets.push(self.bytes.len() as i64);
    }

    pub(crate) fn push_option(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.push(text.as_bytes()),
            None => self.push_null(),
        }
    }

    pub(crate) fn reserve_times(&mut self, times: f64) {
        let additional = times_of(self.offsets.len(), times);
        self.offsets.reserve(additional);
        self.validity.reserve(additional);
        self.bytes.reserve(times_of(self.bytes.len(), times));
    }

    /// Finishes the column.
    ///
    /// # Errors
    ///
    /// The number of the first value that is not UTF-8.
    pub(crate) fn finish(self) -> Result<Column, usize> {
        let first_invalid = |offsets: &[i64], bytes: &[u8]| {
            let text = |row: usize| &bytes[offsets[row] as usize..offsets[row + 1] as usize];
            (0..offsets.len() - 1).find(|&row| std::str::from_utf8(text(row)).is_err())
        };
        // The bytes as a whole can be UTF-8 while a value is not, so an ASCII run is the only shortcut.
        if !self.bytes.is_ascii()
            && let Some(row) = first_invalid(&self.offsets, &self.bytes)
        {
            return Err(row);
        }
        let offsets = OffsetsBuffer::try_from(fitted(self.offsets)).expect("offsets grow as text is pushed");
        let validity = self.validity.finish();
        let array = Utf8Array::try_new(
            Utf8Array::<i64>::default_data_type(),
            offsets,
            fitted(self.bytes).into(),
            validity,
        )
        .expect("every value was checked to be UTF-8");
        Ok(Column(Data::Utf8(array)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reserved_in_vain_is_given_back() {
        let mut values = ValueBuilder::with_capacity(0);
        (0..100).for_each(|value| values.push(value));
        values.reserve_times(1000.0);
        assert!(values.values.capacity() >= 100_000);
        let (values, _) = values.finish();
        assert_eq!(values, (0..100).collect::<Vec<i64>>());
        assert!(values.capacity() <= 200);
    }
}
