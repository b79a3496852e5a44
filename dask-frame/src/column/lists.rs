//! Columns of lists: the values of all rows one after another, and where each row's begin and end.

use std::ops::Range;
use std::sync::Arc;

use arrow2::bitmap::Bitmap;
use arrow2::offset::{Offsets, OffsetsBuffer};

use super::{Column, Data, Mask, NO_ROW};
use crate::error::FrameError;
use crate::schema::DataType;

/// A list for each row. What a missing one has is unspecified.
#[derive(Clone)]
pub(crate) struct Lists {
    /// Where the values of each row begin, and where the last end: counted from the first, which need not be 0.
    offsets: OffsetsBuffer<i64>,
    /// The values from the first offset to the last, and no others.
    values: Arc<Column>,
    validity: Option<Bitmap>,
}

impl Lists {
    /// Makes lists of the values between offsets.
    ///
    /// # Panics
    ///
    /// If there are fewer values, or another number of bits than of rows.
    pub(crate) fn new(offsets: OffsetsBuffer<i64>, values: Column, validity: Option<Bitmap>) -> Self {
        assert!(validity.as_ref().is_none_or(|valid| valid.len() == offsets.len_proxy()), "a bit a row");
        let (first, n) = (*offsets.first() as usize, offsets.range() as usize);
        let values = if n == values.len() { values } else { values.slice(first, n) };
        Self { offsets, values: Arc::new(values), validity }
    }

    /// Makes lists of the next so many values each.
    fn of_lengths(lengths: impl Iterator<Item = usize>, values: Column, validity: Option<Bitmap>) -> Self {
        let offsets = Offsets::try_from_lengths(lengths).expect("values in memory are fewer than 2⁶³");
        Self::new(offsets.into(), values, validity)
    }

    pub(super) fn nulls(item: &DataType, len: usize) -> Self {
        let validity = (len > 0).then(|| Mask::all(len, false).into_bitmap());
        Self::of_lengths(std::iter::repeat_n(0, len), Column::nulls(item, 0), validity)
    }

    pub(super) fn repeat(values: &Column, len: usize) -> Self {
        let one = Self::of_lengths(std::iter::once(values.len()), values.clone(), None);
        one.take(&vec![0; len])
    }

    /// Makes a list of each group of values, which lie one after another. Categories become texts.
    pub(crate) fn of_groups(starts: &[u32], values: Column) -> Self {
        let lengths = starts.windows(2).map(|ends| (ends[1] - ends[0]) as usize);
        Self::of_lengths(lengths, values.to_own_texts(), None)
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len_proxy()
    }

    pub(super) fn validity(&self) -> Option<&Bitmap> {
        self.validity.as_ref()
    }

    pub(super) fn offsets(&self) -> &OffsetsBuffer<i64> {
        &self.offsets
    }

    /// Returns the values of all rows, one after another.
    pub(crate) fn values(&self) -> &Column {
        &self.values
    }

    /// Returns which of the values those of a row are; none of a row that is missing.
    pub(crate) fn range(&self, row: usize) -> Range<usize> {
        if self.validity.as_ref().is_some_and(|valid| !valid.get_bit(row)) {
            return 0..0;
        }
        let (first, (start, end)) = (*self.offsets.first() as usize, self.offsets.start_end(row));
        start - first..end - first
    }

    /// Returns the values of a row.
    pub(crate) fn list(&self, row: usize) -> Column {
        let range = self.range(row);
        self.values.slice(range.start, range.len())
    }

    pub(super) fn nbytes(&self) -> usize {
        (self.len() + 1) * 8 + usize::try_from(self.values.nbytes()).unwrap_or(usize::MAX)
    }

    pub(super) fn with_validity(self, validity: Option<Bitmap>) -> Self {
        Self { validity, ..self }
    }

    pub(super) fn slice(mut self, start: usize, len: usize) -> Self {
        let first = *self.offsets.first();
        self.offsets.slice(start, len + 1);
        let start_of_values = (*self.offsets.first() - first) as usize;
        let values = self.values.slice(start_of_values, self.offsets.range() as usize);
        let validity = self.validity.map(|valid| valid.sliced(start, len));
        Self { offsets: self.offsets, values: Arc::new(values), validity }
    }

    pub(super) fn filter(&self, keep: &Mask) -> Self {
        let rows = (0..self.len()).filter(|&row| keep.get(row)).map(|row| row as u32);
        self.take(&rows.collect::<Vec<_>>())
    }

    pub(super) fn take(&self, rows: &[u32]) -> Self {
        let range = |&row: &u32| if row == NO_ROW { 0..0 } else { self.range(row as usize) };
        let values = taken(&self.values, rows.iter().map(&range));
        let is_there = |row: u32| {
            row != NO_ROW && self.validity.as_ref().is_none_or(|valid| valid.get_bit(row as usize))
        };
        let all = self.validity.is_none() && !rows.contains(&NO_ROW);
        let validity = (!all).then(|| Mask::from_fn(rows.len(), |i| is_there(rows[i])).into_bitmap());
        Self::of_lengths(rows.iter().map(|row| range(row).len()), values, validity)
    }

    /// Puts the lists of each group one after another, in the order of the rows. A missing list has no values.
    pub(crate) fn joined_by(&self, starts: &[u32], rows: &[u32]) -> Self {
        let ranges = || rows.iter().map(|&row| self.range(row as usize));
        let lengths = ranges().map(|range| range.len()).collect::<Vec<_>>();
        let groups =
            starts.windows(2).map(|ends| lengths[ends[0] as usize..ends[1] as usize].iter().sum::<usize>());
        Self::of_lengths(groups, taken(&self.values, ranges()), None)
    }
}

/// Returns some stretches of values, one after another.
fn taken(values: &Column, stretches: impl Iterator<Item = Range<usize>>) -> Column {
    match u32::try_from(values.len()) {
        Ok(n) if n < NO_ROW => {
            let rows = stretches.flatten().map(|row| row as u32).collect::<Vec<_>>();
            values.take(&rows)
        }
        // Numbers of rows do not reach so far.
        _ => cut_out(values, stretches),
    }
}

fn cut_out(values: &Column, stretches: impl Iterator<Item = Range<usize>>) -> Column {
    let parts = stretches.map(|stretch| values.slice(stretch.start, stretch.len()));
    let parts = std::iter::once(values.slice(0, 0)).chain(parts).collect::<Vec<_>>();
    Column::concat(&parts.iter().collect::<Vec<_>>())
}

/// Puts columns of lists one after another; `None` if they are of another type.
pub(super) fn joined(columns: &[&Column]) -> Option<Lists> {
    let parts = columns.iter().map(|column| match &column.0 {
        Data::List(lists) => Some(lists),
        _ => None,
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let values = Column::concat(&parts.iter().map(|lists| &*lists.values).collect::<Vec<_>>());
    let lengths = parts.iter().flat_map(|lists| lists.offsets.lengths());
    let some_missing = parts.iter().any(|lists| lists.validity.is_some());
    let validity = some_missing.then(|| {
        let valid = |lists: &Lists, row| lists.validity.as_ref().is_none_or(|valid| valid.get_bit(row));
        let bits = parts.iter().flat_map(|lists| (0..lists.len()).map(move |row| valid(lists, row)));
        let bits = bits.collect::<Vec<_>>();
        Mask::from_fn(bits.len(), |row| bits[row]).into_bitmap()
    });
    Some(Lists::of_lengths(lengths, values, validity))
}

impl Column {
    /// Makes a column of lists: each row has the next so many of the values, or is missing.
    ///
    /// Vectors of vectors are columns of lists, too: `Column::from(vec![vec![1, 2], vec![]])`.
    ///
    /// # Errors
    ///
    /// `BadArgument` if the lists have more or fewer values than there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataType};
    ///
    /// let lists = Column::lists(Column::from(vec!["a", "b", "c"]), [Some(2), None, Some(0), Some(1)])?;
    /// assert_eq!(lists.dtype(), DataType::list_of(&DataType::Utf8));
    /// assert_eq!(lists.get(0).to_string(), "[a, b]");
    /// let lengths = lists.list_values().unwrap().map(|list| list.map(|values| values.len()));
    /// assert_eq!(lengths.collect::<Vec<_>>(), [Some(2), None, Some(0), Some(1)]);
    /// # Ok::<(), dask_frame::FrameError>(())
    /// ```
    pub fn lists(
        values: Column,
        lengths: impl IntoIterator<Item = Option<usize>>,
    ) -> Result<Self, FrameError> {
        let lengths = lengths.into_iter().collect::<Vec<_>>();
        let total = lengths.iter().flatten().try_fold(0usize, |total, &length| total.checked_add(length));
        if total != Some(values.len()) {
            let wanted = total.map_or("more than 2⁶⁴".into(), |total| total.to_string());
            let problem = format!("the lists have {wanted} values, and there are {}", values.len());
            return Err(FrameError::BadArgument { operation: "lists", problem });
        }
        Ok(Self::of_lists(&lengths, values))
    }

    /// Makes lists of the next so many values, of which there are as many.
    pub(crate) fn of_lists(lengths: &[Option<usize>], values: Column) -> Self {
        let missing = lengths.contains(&None);
        let validity =
            missing.then(|| Mask::from_fn(lengths.len(), |row| lengths[row].is_some()).into_bitmap());
        let each = lengths.iter().map(|length| length.unwrap_or(0));
        Lists::of_lengths(each, values.to_own_texts(), validity).into()
    }

    /// Returns the lists, or `None` if the column has another type.
    #[must_use]
    pub fn list_values(&self) -> Option<impl Iterator<Item = Option<Column>> + '_> {
        match &self.0 {
            Data::List(lists) => {
                Some((0..lists.len()).map(|row| (!self.is_null(row)).then(|| lists.list(row))))
            }
            _ => None,
        }
    }

    /// Returns the column as lists.
    pub(crate) fn as_lists(&self) -> Option<&Lists> {
        match &self.0 {
            Data::List(lists) => Some(lists),
            _ => None,
        }
    }
}

impl From<Lists> for Column {
    fn from(lists: Lists) -> Self {
        Self(Data::List(lists))
    }
}

// One by one: for all types of which there are columns the compiler would look for lists of lists without end.
macro_rules! from_vectors {
    ($($t:ty),*) => {$(
        impl From<Vec<Option<Vec<$t>>>> for Column {
            fn from(lists: Vec<Option<Vec<$t>>>) -> Self {
                let lengths = lists.iter().map(|list| list.as_ref().map(Vec::len)).collect::<Vec<_>>();
                let values = lists.into_iter().flatten().flatten().collect::<Vec<_>>();
                Self::of_lists(&lengths, values.into())
            }
        }

        impl From<Vec<Vec<$t>>> for Column {
            fn from(lists: Vec<Vec<$t>>) -> Self {
                lists.into_iter().map(Some).collect::<Vec<_>>().into()
            }
        }
    )*};
}

from_vectors!(i64, f64, bool, &str, String);
from_vectors!(Option<i64>, Option<f64>, Option<bool>, Option<&str>, Option<String>);

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Column {
        Column::from(vec![
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
            Some(vec![Some(2), Some(3), Some(4)]),
        ])
    }

    #[test]
    fn a_slice_has_its_values_alone() {
        let slice = lists().slice(1, 3).slice(1, 2);
        assert_eq!(slice, Column::from(vec![vec![], vec![2, 3, 4]]));
        assert_eq!(slice.nbytes(), 3 * 8 + 3 * 8 + 1 + 1);
        assert_eq!(slice.as_lists().unwrap().values().len(), 3);
    }

    #[test]
    fn rows_in_any_order() {
        let taken = lists().take(&[3, NO_ROW, 0, 0, 1]);
        let expected = vec![
            Some(vec![Some(2), Some(3), Some(4)]),
            None,
            Some(vec![Some(1), None]),
            Some(vec![Some(1), None]),
            None,
        ];
        assert_eq!(taken, Column::from(expected));
    }

    #[test]
    fn lists_of_lists() {
        let of = |lists: Vec<Vec<&str>>, lengths: &[usize]| {
            Column::lists(lists.into(), lengths.iter().copied().map(Some)).unwrap()
        };
        let nested = of(vec![vec!["a"], vec![], vec!["b", "c"]], &[2, 0, 1]);
        assert_eq!(nested.dtype().to_string(), "List[List[Utf8]]");
        assert_eq!(nested.get(0).to_string(), "[[a], []]");
        assert_eq!(nested.take(&[2, 0]), of(vec![vec!["b", "c"], vec!["a"], vec![]], &[1, 2]));
    }

    #[test]
    fn values_that_a_mask_hides_are_not_taken() {
        let masked = lists().masked(&Mask::from_fn(4, |row| row > 0));
        assert_eq!(masked.null_count(), 2);
        let joined = Column::concat(&[&masked, &lists().slice(0, 1)]);
        assert_eq!(joined.as_lists().unwrap().values().len(), 5 + 2);
        let taken = joined.take(&[0, 4]);
        assert_eq!(taken, Column::from(vec![None, Some(vec![Some(1), None])]));
        assert_eq!(taken.as_lists().unwrap().values().len(), 2);
    }

    #[test]
    fn stretches_are_the_same_rows_either_way() {
        let values = Column::from((0..20).collect::<Vec<i64>>());
        let stretches = || [3..5, 0..0, 3..5, 19..20, 0..4].into_iter();
        assert_eq!(cut_out(&values, stretches()), taken(&values, stretches()));
        assert_eq!(cut_out(&values, std::iter::empty()), values.slice(0, 0));
    }

    #[test]
    fn lengths_and_values_have_to_agree() {
        let error = Column::lists(Column::from(vec![1, 2]), [Some(1), None]).unwrap_err().to_string();
        assert_eq!(error, "lists: the lists have 1 values, and there are 2");
        let texts = Column::from(vec!["a", "b", "a"]).to_categorical();
        let lists = Column::lists(texts, [Some(3)]).unwrap();
        assert_eq!(lists, Column::from(vec![vec!["a", "b", "a"]]));
    }
}
