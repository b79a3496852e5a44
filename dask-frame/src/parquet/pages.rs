//! Where the pages of a file lie, as far as it tells.

use std::ops::Range;
use std::sync::Arc;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMask, ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
    RowGroupMetaData,
};
use parquet::file::page_index::offset_index::PageLocation;

use crate::error::ReadError;
use crate::input::{InputFile, Stretches};

/// Returns the metadata of some row groups alone, numbered from 0, with the index of the pages of some columns, if the
/// file has one that is sound.
pub(super) fn indexed(
    file: &InputFile,
    metadata: &ArrowReaderMetadata,
    groups: Range<usize>,
    mask: &ProjectionMask,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let groups = metadata.metadata().row_groups()[groups].to_vec();
    let plain = ParquetMetaData::new(metadata.metadata().file_metadata().clone(), groups);
    let columns = ColumnChunkMask::from_projection(mask, metadata.parquet_schema());
    let with_pages = |plain| {
        let mut reader = ParquetMetaDataReader::new_with_metadata(plain)
            .with_page_index_policy(PageIndexPolicy::Optional)
            .with_page_index_mask(columns);
        reader.read_page_indexes(&Stretches::of(file, &[]).map_err(external)?)?;
        reader.finish()
    };
    let metadata_of = |told| {
        let options = ArrowReaderOptions::new().with_schema(Arc::clone(metadata.schema()));
        ArrowReaderMetadata::try_new(Arc::new(told), options)
    };
    // Nothing else needs the index: with one that is damaged, a file is as good as without any.
    match with_pages(plain.clone()) {
        Ok(told) if is_sound(&told) => metadata_of(told),
        _ => metadata_of(plain),
    }
}

pub(super) fn external(error: ReadError) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// Returns whether the pages of each column follow each other in its bytes and cover the rows, and as many pages are
/// told of in both parts of the index.
fn is_sound(metadata: &ParquetMetaData) -> bool {
    let Some(index) = metadata.page_index() else { return true };
    let of_column = |group: &RowGroupMetaData, at: usize, leaf: usize| {
        let Some(pages) = index.page_locations(at, leaf) else {
            return index.column_index(at, leaf).is_none();
        };
        let n = pages.len();
        let as_many = index.column_index(at, leaf).is_none_or(|told| {
            told.num_pages() == n as u64
                && [told.null_counts(), told.nan_counts()].iter().flatten().all(|counts| counts.len() == n)
        });
        as_many && cover(pages, group.column(leaf), group.num_rows())
    };
    metadata
        .row_groups()
        .iter()
        .enumerate()
        .all(|(at, group)| (0..group.num_columns()).all(|leaf| of_column(group, at, leaf)))
}

/// Returns whether pages follow each other to the end of a column, and begin at its row 0 and at later and later ones.
fn cover(pages: &[PageLocation], column: &ColumnChunkMetaData, n_rows: i64) -> bool {
    let Some(bytes) = bytes_of(column) else { return false };
    let end = |page: &PageLocation| page.offset.checked_add(i64::from(page.compressed_page_size));
    let follows = |pages: &[PageLocation]| {
        end(&pages[0]) == Some(pages[1].offset) && pages[0].first_row_index < pages[1].first_row_index
    };
    match (pages.first(), pages.last()) {
        (Some(first), Some(last)) => {
            first.first_row_index == 0
                && u64::try_from(first.offset).is_ok_and(|start| start >= bytes.start)
                && pages.iter().all(|page| page.compressed_page_size > 0)
                && pages.windows(2).all(follows)
                && end(last).and_then(|end| u64::try_from(end).ok()) == Some(bytes.end)
                && last.first_row_index < n_rows
        }
        _ => n_rows == 0,
    }
}

/// Returns where the bytes of a column of a row group lie.
fn bytes_of(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let (start, length) = (u64::try_from(start).ok()?, u64::try_from(column.compressed_size()).ok()?);
    Some(start..start.checked_add(length)?)
}

/// Returns where the bytes of columns lie in some row groups: of all pages, or of those with selected rows where it is
/// known which these are. All are in the file.
pub(super) fn chunks(
    metadata: &ParquetMetaData,
    groups: &[usize],
    selection: Option<&RowSelection>,
    mask: &ProjectionMask,
    nbytes: u64,
) -> Result<Vec<Range<u64>>, ParquetError> {
    let mut ranges = Vec::new();
    let mut rest = selection.cloned();
    for &at in groups {
        let group = metadata.row_group(at);
        let n_rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let selection = rest.as_mut().map(|rest| rest.split_off(n_rows));
        for (leaf, column) in group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf))
        {
            let Some(bytes) = bytes_of(column).filter(|bytes| bytes.end <= nbytes) else {
                let problem = format!("column {leaf} of row group {at} lies outside of the file");
                return Err(ParquetError::General(problem));
            };
            let pages = metadata.page_index().and_then(|index| index.page_locations(at, leaf));
            match selection.as_ref().zip(pages) {
                Some((selection, pages)) => ranges.extend(selected(selection, pages, bytes)),
                None => ranges.push(bytes),
            }
        }
    }
    Ok(ranges)
}

/// Returns where the pages of a column lie that have selected rows, with what comes before the first of all, which is
/// the dictionary. What lies side by side is one.
fn selected(selection: &RowSelection, pages: &[PageLocation], column: Range<u64>) -> Vec<Range<u64>> {
    let dictionary = pages.first().and_then(|page| u64::try_from(page.offset).ok());
    let dictionary = column.start..dictionary.unwrap_or(column.end);
    let mut ranges = vec![dictionary];
    for range in selection.scan_ranges(pages) {
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    ranges.retain(|range| !range.is_empty());
    ranges
}
