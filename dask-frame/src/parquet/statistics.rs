//! What a file tells of the values of its columns, in row groups and in pages.

use arrow_array::{Array, ArrayRef, UInt64Array};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::RowGroupMetaData;

use crate::arrow::Target;
use crate::column::{Column, Scalar};
use crate::schema::{DataType, Field};
use crate::source::Known;

/// The statistics of a column of a file.
pub(super) struct Statistics<'a> {
    metadata: &'a ArrowReaderMetadata,
    converter: StatisticsConverter<'a>,
    dtype: DataType,
    /// Which column of the file it is.
    leaf: usize,
}

impl<'a> Statistics<'a> {
    /// `None` for columns whose values cannot be compared by what is told of them.
    pub(super) fn of(metadata: &'a ArrowReaderMetadata, field: &'a Field) -> Option<Self> {
        // Categories are ordered by their place, not by their letters.
        if field.dtype().categories().is_some() {
            return None;
        }
        let (schema, parquet_schema) = (metadata.schema(), metadata.parquet_schema());
        let converter = StatisticsConverter::try_new(field.name(), schema, parquet_schema).ok()?;
        let leaf = converter.parquet_column_index()?;
        let converter = converter.with_missing_null_counts_as_zero(false);
        Some(Self { metadata, converter, dtype: field.dtype(), leaf })
    }

    /// Returns what is known of each of these row groups.
    pub(super) fn of_groups(&self, groups: &[RowGroupMetaData]) -> Option<Vec<Known>> {
        // Old writers compared texts by bytes with a sign. Where all values are missing there is nothing to compare.
        let deprecated = groups.iter().any(|group| {
            group.column(self.leaf).statistics().is_some_and(|statistics| {
                let has_bounds = statistics.min_bytes_opt().is_some() || statistics.max_bytes_opt().is_some();
                has_bounds && statistics.is_min_max_deprecated()
            })
        });
        if deprecated {
            return None;
        }
        self.known(
            &self.converter.row_group_mins(groups).ok()?,
            &self.converter.row_group_maxes(groups).ok()?,
            &self.converter.row_group_null_counts(groups).ok()?,
            &self.converter.row_group_nan_counts(groups).ok()?,
            &groups.iter().map(|group| u64::try_from(group.num_rows()).ok()).collect::<Option<Vec<_>>>()?,
        )
    }

    /// Returns what is known of each page of a row group, with the first row of each; `None` if the index of its pages
    /// was not read.
    pub(super) fn of_pages(&self, group: usize) -> Option<Vec<(u64, Known)>> {
        let index = self.metadata.metadata().page_index()?.as_ref();
        let pages = index.page_locations(group, self.leaf)?;
        let firsts = pages.iter().map(|page| u64::try_from(page.first_row_index).ok());
        let firsts = firsts.collect::<Option<Vec<_>>>()?;
        let end = u64::try_from(self.metadata.metadata().row_group(group).num_rows()).ok()?;
        let ends = firsts.iter().skip(1).chain([&end]);
        let rows = firsts.iter().zip(ends).map(|(first, end)| end.checked_sub(*first));
        let known = self.known(
            &self.converter.data_page_mins(index, [&group]).ok()?,
            &self.converter.data_page_maxes(index, [&group]).ok()?,
            &self.converter.data_page_null_counts(index, [&group]).ok()?,
            &self.converter.data_page_nan_counts(index, [&group]).ok()?,
            &rows.collect::<Option<Vec<_>>>()?,
        );
        Some(firsts.into_iter().zip(known?).collect())
    }

    /// Takes over the bounds of some stretches of so many rows; `None` if not as many are told.
    fn known(
        &self,
        mins: &ArrayRef,
        maxes: &ArrayRef,
        nulls: &UInt64Array,
        nans: &UInt64Array,
        rows: &[u64],
    ) -> Option<Vec<Known>> {
        if [mins.len(), maxes.len(), nulls.len(), nans.len()].iter().any(|&told| told != rows.len()) {
            return None;
        }
        let target = Target(self.dtype.clone());
        let (mins, maxes) = (target.take(&**mins).ok()?, target.take(&**maxes).ok()?);
        let value = |column: &Column, at| Some(column.get(at)).filter(|value: &Scalar| !value.is_null());
        let count = |counts: &UInt64Array, at| counts.is_valid(at).then(|| counts.value(at));
        let known = |(at, &rows): (usize, &u64)| {
            // What is no number becomes a missing value.
            let nulls = match (count(nulls, at), count(nans, at), &self.dtype) {
                (Some(nulls), nans, dtype) if dtype.is_float() && nulls < rows => {
                    nans.map(|nans| nulls.saturating_add(nans))
                }
                (nulls, ..) => nulls,
            };
            Known { min: value(&mins, at), max: value(&maxes, at), nulls, rows }
        };
        Some(rows.iter().enumerate().map(known).collect())
    }
}
