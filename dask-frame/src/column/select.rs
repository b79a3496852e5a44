//! Columns made of rows of other columns.

use arrow2::array::{Array, BooleanArray, PrimitiveArray, UInt32Array, Utf8Array};
use arrow2::bitmap::Bitmap;
use arrow2::compute::{concatenate, filter, take};
use arrow2::datatypes::DataType as ArrowType;
use arrow2::offset::OffsetsBuffer;
use arrow2::types::NativeType;

use super::builder::fitted;
use super::{Column, Data, Mask, Stored, categorical, each_number, lists};

/// In a list of rows: no row at all, which gives a missing value.
pub(crate) const NO_ROW: u32 = u32::MAX;

impl Column {
    /// Returns the rows `start..start + len`, without copying.
    ///
    /// # Panics
    ///
    /// If there are not so many rows.
    #[must_use]
    pub fn slice(&self, start: usize, len: usize) -> Self {
        Self(match self.0.clone() {
            Data::Int64(a) => Data::Int64(a.sliced(start, len)),
            Data::Float64(a) => Data::Float64(a.sliced(start, len)),
            Data::Numbers(numbers) => {
                return each_number!(numbers, a => Stored::column(a.sliced(start, len)));
            }
            Data::Bool(a) => Data::Bool(a.sliced(start, len)),
            Data::Utf8(a) => Data::Utf8(a.sliced(start, len)),
            Data::Ticks(a, dtype) => Data::Ticks(a.sliced(start, len), dtype),
            Data::Categorical(codes) => Data::Categorical(codes.with(|a| a.sliced(start, len))),
            Data::List(lists) => Data::List(lists.slice(start, len)),
        })
    }

    /// Returns the rows whose bit is set.
    pub(crate) fn filter(&self, keep: &Mask) -> Self {
        let array = match self.array() {
            Ok(array) => array,
            Err(lists) => return Self(Data::List(lists.filter(keep))),
        };
        let keep = BooleanArray::new(ArrowType::Boolean, keep.bitmap().clone(), None);
        let array = filter::filter(array, &keep).expect("arrow2 filters each of our types");
        self.same_type(array.as_ref())
    }

    /// Returns the rows of `rows`, in that order; [`NO_ROW`] gives a missing value.
    pub(crate) fn take(&self, rows: &[u32]) -> Self {
        let gathered = match &self.0 {
            Data::Int64(a) => Some(Data::Int64(gathered(a, rows))),
            Data::Float64(a) => Some(Data::Float64(gathered(a, rows))),
            Data::Ticks(a, dtype) => Some(Data::Ticks(gathered(a, rows), dtype.clone())),
            Data::Numbers(numbers) => {
                return each_number!(numbers, a => Stored::column(gathered(a, rows)));
            }
            Data::Utf8(a) => Some(Data::Utf8(gathered_texts(a, rows))),
            Data::Bool(_) | Data::Categorical(_) | Data::List(_) => None,
        };
        let array = match (gathered, self.array()) {
            (Some(gathered), _) => return Self(gathered),
            (None, Err(lists)) => return Self(Data::List(lists.take(rows))),
            (None, Ok(array)) => array,
        };
        let some = rows.contains(&NO_ROW).then(|| Mask::from_fn(rows.len(), |i| rows[i] != NO_ROW));
        if self.is_empty() {
            assert!(rows.iter().all(|&row| row == NO_ROW), "a row of an empty column was taken");
            return Self::nulls(&self.dtype(), rows.len());
        }
        // A null index is not read, but arrow2 wants it in bounds.
        let rows = rows.iter().map(|&row| if row == NO_ROW { 0 } else { row }).collect::<Vec<_>>();
        let rows: UInt32Array =
            PrimitiveArray::new(ArrowType::UInt32, rows.into(), some.map(Mask::into_bitmap));
        let array = take::take(array, &rows).expect("arrow2 takes from each of our types");
        self.same_type(array.as_ref())
    }

    /// Returns the columns one after another.
    ///
    /// # Panics
    ///
    /// If `columns` is empty or their types differ.
    pub(crate) fn concat(columns: &[&Column]) -> Self {
        if let [one] = columns {
            return (*one).clone();
        }
        if let Some(codes) = categorical::joined(columns) {
            return Self(Data::Categorical(codes));
        }
        if let Some(lists) = lists::joined(columns) {
            return Self(Data::List(lists));
        }
        let arrays = columns.iter().filter_map(|column| column.array().ok()).collect::<Vec<_>>();
        let array = concatenate::concatenate(&arrays).expect("the columns have one type");
        columns[0].same_type(array.as_ref())
    }

    fn same_type(&self, array: &dyn Array) -> Self {
        fn typed<A: Clone + 'static>(array: &dyn Array) -> A {
            array.as_any().downcast_ref::<A>().expect("arrow2 keeps the type of an array").clone()
        }
        fn like<T: Stored>(_: &PrimitiveArray<T>, array: &dyn Array) -> Column {
            T::column(typed(array))
        }
        Self(match &self.0 {
            Data::Int64(_) => Data::Int64(typed(array)),
            Data::Float64(_) => Data::Float64(typed(array)),
            Data::Numbers(numbers) => return each_number!(numbers, a => like(a, array)),
            Data::Bool(_) => Data::Bool(typed(array)),
            Data::Utf8(_) => Data::Utf8(typed(array)),
            Data::Ticks(_, dtype) => Data::Ticks(typed(array), dtype.clone()),
            Data::Categorical(codes) => Data::Categorical(codes.clone().with(|_| typed(array))),
            Data::List(_) => unreachable!("lists are no array of arrow2"),
        })
    }
}

/// Numbers of some rows in one pass: what is no row lies past the end, and gives a missing value.
fn gathered<T: NativeType + Default>(of: &PrimitiveArray<T>, rows: &[u32]) -> PrimitiveArray<T> {
    let from = of.values().as_slice();
    debug_assert!(
        rows.iter().all(|&row| row == NO_ROW || (row as usize) < from.len()),
        "a row that is not there"
    );
    let values =
        rows.iter().map(|&row| from.get(row as usize).copied().unwrap_or_default()).collect::<Vec<_>>();
    let validity = validity_of(of.validity().filter(|_| of.null_count() > 0), rows);
    PrimitiveArray::new(of.data_type().clone(), values.into(), validity)
}

/// Which of some rows have a value; nothing if all have.
fn validity_of(valid: Option<&Bitmap>, rows: &[u32]) -> Option<Bitmap> {
    let mask = match valid {
        Some(valid) => {
            Some(Mask::from_fn(rows.len(), |i| rows[i] != NO_ROW && valid.get_bit(rows[i] as usize)))
        }
        None => rows.contains(&NO_ROW).then(|| Mask::from_fn(rows.len(), |i| rows[i] != NO_ROW)),
    };
    mask.map(Mask::into_bitmap)
}

/// Texts of some rows, so many at a time: where they are is looked up first, then their letters are copied, so that the
/// processor fetches several at once.
fn gathered_texts(of: &Utf8Array<i64>, rows: &[u32]) -> Utf8Array<i64> {
    const TOGETHER: usize = 64;
    /// As many bytes are copied at least: that is quicker than to copy as many as a short text has.
    const STEP: usize = 16;
    let (from, offsets) = (of.values().as_slice(), of.offsets().as_slice());
    debug_assert!(
        rows.iter().all(|&row| row == NO_ROW || (row as usize) < of.len()),
        "a row that is not there"
    );
    // As long as the texts are on average.
    let all = (offsets[of.len()] - offsets[0]) as usize;
    let expected = (all as f64 / of.len().max(1) as f64 * rows.len() as f64 * 1.02) as usize;
    let mut letters = Vec::with_capacity(expected.min(all) + TOGETHER * STEP);
    let mut ends = Vec::with_capacity(rows.len() + 1);
    ends.push(0);
    let mut places = [(0, 0); TOGETHER];
    for rows in rows.chunks(TOGETHER) {
        let mut end = letters.len();
        for (place, &row) in places.iter_mut().zip(rows) {
            // What is no row lies past the end.
            let bounds = offsets.get(row as usize).zip(offsets.get(row as usize + 1));
            let (start, len) =
                bounds.map_or((0, 0), |(start, end)| (*start as usize, (end - start) as usize));
            *place = (start, len);
            end += len;
            ends.push(end as i64);
        }
        let mut at = letters.len();
        letters.resize(end + STEP, 0);
        for &(start, len) in &places[..rows.len()] {
            match (letters.get_mut(at..at + STEP), from.get(start..start + STEP)) {
                (Some(to), Some(from)) if len <= STEP => to.copy_from_slice(from),
                _ => letters[at..at + len].copy_from_slice(&from[start..start + len]),
            }
            at += len;
        }
        letters.truncate(end);
    }
    let offsets = OffsetsBuffer::try_from(ends).expect("each text ends behind the one before");
    let validity = validity_of(of.validity().filter(|_| of.null_count() > 0), rows);
    Utf8Array::new(of.data_type().clone(), offsets, fitted(letters).into(), validity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_taken_row_by_row(
            texts in prop::collection::vec(prop::option::of("[a-zä]{0,3}|[a-z]{14,18}|[ö]{20}"), 1..150),
            rows in prop::collection::vec(prop::option::weighted(0.9, any::<prop::sample::Index>()), 0..300),
            start in any::<prop::sample::Index>(),
        ) {
            let start = start.index(texts.len());
            let column = Column::from(texts.clone()).slice(start, texts.len() - start);
            let texts = &texts[start..];
            let rows: Vec<_> = rows.iter().map(|row| row.map(|row| row.index(texts.len()))).collect();
            let expected: Vec<_> = rows.iter().map(|row| row.and_then(|row| texts[row].clone())).collect();
            let rows: Vec<_> = rows.iter().map(|row| row.map_or(NO_ROW, |row| row as u32)).collect();
            prop_assert_eq!(column.take(&rows), Column::from(expected));
        }
    }

    #[test]
    fn short_texts_beside_a_long_one_are_taken_often() {
        let column = Column::from(vec!["x".repeat(1 << 20), "y".to_owned()]);
        assert_eq!(column.take(&[1; 1000]), Column::from(vec!["y"; 1000]));
    }
}
