//! Filters told to the reader of Parquet files: what is passed over, and that it does not matter.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, RecordBatch};
use dask_frame::{Column, DataFrame, Expr, Scalar, Table, col, lit, read_parquet};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::computed::chain;
use super::every_type::{Row, table};
use super::run::every_way;

/// Properties of files with so many rows to a page and to a row group.
fn pages_of(page: usize, group: usize) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_data_page_row_count_limit(page)
        .set_write_batch_size(1)
        .set_max_row_group_row_count(Some(group))
}

fn write(path: &Path, table: &Table, properties: WriterPropertiesBuilder) {
    let batch = table.to_record_batch().unwrap();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn open(path: &Path) -> DataFrame {
    read_parquet(path.to_str().unwrap()).open().unwrap()
}

/// Values of few different kinds, so that some are alike, and often in order.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let some = |range: std::ops::Range<i32>| prop::option::weighted(0.8, range);
    let row = (some(-4..5), some(-4..5), some(0..2), some(0..4), some(-3..4), some(-3..4));
    let row = row.prop_map(|(i, f, b, s, t, d)| {
        let text = s.map(|s| ["", "a", "ab", "b"][s as usize].repeat(1 + 40 * (s as usize % 2)));
        (i.map(i64::from), f.map(|f| f64::from(f) / 2.0), b.map(|b| b == 1), text, t.map(i64::from), d)
    });
    (vec(row, 1..40), any::<bool>()).prop_map(|(mut rows, in_order)| {
        if in_order {
            rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
        }
        rows
    })
}

/// A condition of a column, and how it compares with the value of a row.
type Comparison = (prop::sample::Index, u8, prop::sample::Index);

fn condition(table: &Table, (column, kind, row): &Comparison) -> Expr {
    let names = table.schema().names().collect::<Vec<_>>();
    let name = *column.get(&names);
    let (a, value) = (col(name), table.column(name).unwrap().get(row.index(table.n_rows())));
    let b = lit(value.clone());
    match (kind, value.is_null()) {
        (0, _) => a.is_null(),
        (1, _) => a.is_not_null(),
        (2, _) => a.is_in([value]),
        (_, true) => a.is_null(),
        (3, _) => a.lt(b),
        (4, _) => b.le(a),
        (5, _) => a.gt(b),
        (6, _) => a.ge(b),
        (7, _) => a.eq(b),
        (_, _) => a.ne(b),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Of files with pages and row groups of any size, with and without an index, filters keep what they keep of the
    /// table in memory.
    #[test]
    fn filters_told_to_the_reader_keep_the_same_rows(
        rows in rows(),
        comparisons in vec(any::<Comparison>().prop_map(|(a, kind, b)| (a, kind % 9, b)), 1..4),
        either in any::<bool>(),
        (page, group) in (1_usize..6, 1_usize..20),
        (indexed, second_version, dictionary) in any::<(bool, bool, bool)>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        let table = table(&rows);
        let version = if second_version { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let statistics = if indexed { EnabledStatistics::Page } else { EnabledStatistics::Chunk };
        let properties = pages_of(page, group)
            .set_writer_version(version)
            .set_dictionary_enabled(dictionary)
            .set_statistics_enabled(statistics)
            .set_offset_index_disabled(!indexed);
        write(&path, &table, properties);
        let conditions = comparisons.iter().map(|comparison| condition(&table, comparison)).collect::<Vec<_>>();
        let filtered = |frame: &DataFrame| match either {
            true => frame.filter(conditions.iter().cloned().reduce(|a, b| a.or(b)).unwrap()),
            false => conditions.iter().try_fold(frame.clone(), |frame, condition| frame.filter(condition.clone())),
        };
        let expected = filtered(&DataFrame::from_table(&table, 1).unwrap());
        match (filtered(&open(&path)), expected) {
            (Ok(got), Ok(expected)) => {
                let expected = expected.compute_with(&Sync::new()).unwrap();
                prop_assert_eq!(every_way(&got, "filtered"), expected.clone());
                let one = got.select(["u"]).unwrap().compute_with(&Sync::new()).unwrap();
                prop_assert_eq!(one.column("u").unwrap(), expected.column("u").unwrap());
            }
            // Types that do not compare.
            (got, expected) => prop_assert_eq!(got.is_err(), expected.is_err()),
        }
    }
}

fn metadata(path: &Path) -> Arc<ParquetMetaData> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let told = ArrowReaderMetadata::load(&File::open(path).unwrap(), options).unwrap();
    Arc::clone(told.metadata())
}

fn pages(metadata: &ParquetMetaData, group: usize, column: usize) -> Vec<PageLocation> {
    metadata.page_index().unwrap().page_locations(group, column).unwrap().clone()
}

/// Returns which pages of a column are looked at when the frame of the file is computed: those of which it matters that
/// they are damaged.
fn looked_at(path: &Path, column: usize, frame: impl Fn(&DataFrame) -> DataFrame) -> Vec<(usize, usize)> {
    let (whole, metadata) = (fs::read(path).unwrap(), metadata(path));
    let mut looked_at = Vec::new();
    for group in 0..metadata.num_row_groups() {
        for (at, page) in pages(&metadata, group, column).iter().enumerate() {
            let mut damaged = whole.clone();
            let start = page.offset as usize;
            damaged[start..start + page.compressed_page_size as usize].fill(0xff);
            fs::write(path, damaged).unwrap();
            if frame(&open(path)).compute_with(&Sync::new()).is_err() {
                looked_at.push((group, at));
            }
        }
    }
    fs::write(path, whole).unwrap();
    looked_at
}

/// The numbers from 0 to 23, twice, and as texts: pages of four in groups of twelve.
fn numbers(path: &Path) -> Table {
    let texts = (0..24).map(|n| format!("{n:02}")).collect::<Vec<_>>();
    let table = Table::new([
        ("n", Column::from((0..24).collect::<Vec<i64>>())),
        ("m", Column::from((0..24).map(|n| n * 7 % 24).collect::<Vec<i64>>())),
        ("s", Column::from(texts)),
    ])
    .unwrap();
    write(path, &table, pages_of(4, 12).set_dictionary_enabled(false));
    table
}

#[test]
fn pages_without_a_row_that_fulfils_are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    numbers(&path);
    let within = |frame: &DataFrame| frame.filter(col("n").ge(5).and(col("n").lt(14))).unwrap();
    for column in 0..3 {
        assert_eq!(looked_at(&path, column, within), [(0, 1), (0, 2), (1, 0)]);
    }
    let all = |frame: &DataFrame| frame.clone();
    assert_eq!(looked_at(&path, 0, all).len(), 6);
    let late = |frame: &DataFrame| frame.filter(col("s").ge("21")).unwrap();
    assert_eq!(looked_at(&path, 1, late), [(1, 2)]);
}

/// Statistics tell nothing of this filter, but when it is known which rows fulfil it the others are not read.
#[test]
fn other_columns_are_read_where_the_filter_holds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    numbers(&path);
    let one = |frame: &DataFrame| frame.filter((col("m") % 24).eq(7 * 13 % 24)).unwrap();
    assert_eq!(looked_at(&path, 1, one).len(), 6);
    assert_eq!(looked_at(&path, 0, one), [(1, 0)]);
    assert_eq!(looked_at(&path, 2, one), [(1, 0)]);
    let none = |frame: &DataFrame| frame.filter((col("m") % 24).eq(24)).unwrap();
    assert_eq!(looked_at(&path, 0, none), []);
    // Of two filters the second is asked only of rows that fulfil the first.
    let inverse = lit(1) / (col("n") - 3);
    let guarded = open(&path).filter((col("n") % 2).eq(0)).unwrap().filter(inverse.eq(1)).unwrap();
    assert_eq!(every_way(&guarded, "guarded").column("n").unwrap(), &Column::from(vec![4]));
}

#[test]
fn an_index_that_is_damaged_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let table = numbers(&path);
    let (whole, metadata) = (fs::read(&path).unwrap(), metadata(&path));
    let column = metadata.row_group(0).column(0);
    let parts = [
        (column.column_index_offset(), column.column_index_length()),
        (column.offset_index_offset(), column.offset_index_length()),
    ];
    let expected = DataFrame::from_table(&table, 1).unwrap();
    let filtered = |frame: &DataFrame| frame.filter(col("n").eq(5)).unwrap();
    let expected = filtered(&expected).compute_with(&Sync::new()).unwrap();
    for (start, length) in parts {
        let (start, length) = (start.unwrap() as usize, length.unwrap() as usize);
        for at in start..start + length {
            for byte in [0x00, 0x02, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                fs::write(&path, damaged).unwrap();
                // An index that lies but is sound cannot be told from others; nothing worse may come of it.
                match filtered(&open(&path)).compute_with(&Sync::new()) {
                    Ok(got) => {
                        assert!(got.column("n").unwrap().i64s().unwrap().all(|n| n == Some(5)), "{got}")
                    }
                    Err(error) => assert!(!chain(&error).contains("panic"), "byte {at} as {byte}: {error}"),
                }
            }
        }
        let mut damaged = whole.clone();
        damaged[start..start + length].fill(0xff);
        fs::write(&path, damaged).unwrap();
        assert_eq!(every_way(&filtered(&open(&path)), "without an index"), expected);
    }
}

/// What is no number is missing, though other writers do not count it so.
#[test]
fn values_that_are_no_numbers_are_missing() {
    let values = [1.0, f32::NAN, 2.0, 3.0, f32::NAN, f32::NAN];
    let wide = Float64Array::from_iter_values(values.map(f64::from));
    let narrow = Float32Array::from_iter_values(values);
    for floats in [Arc::new(wide) as ArrayRef, Arc::new(narrow)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.parquet");
        let batch = RecordBatch::try_from_iter_with_nullable([("f", floats, true)]).unwrap();
        let properties = pages_of(2, 4).build();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let count = |condition: Expr| every_way(&open(&path).filter(condition).unwrap(), "filtered").n_rows();
        assert_eq!(count(col("f").is_null()), 3);
        assert_eq!(count(col("f").is_not_null()), 3);
        assert_eq!(count(col("f").gt(2)), 1);
        assert_eq!(count(col("f").ne(1)), 2);
        assert_eq!(count(col("f").is_in([Scalar::Null(dask_frame::DataType::Float64)])), 3);
    }
}

/// Our own writer tells of pages what it takes to pass over them.
#[test]
fn files_written_here_have_an_index_of_pages() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let n = 50_000;
    let frame = DataFrame::from_columns([("n", Column::from((0..n).collect::<Vec<i64>>()))], 1).unwrap();
    frame.to_parquet_with(&path, &Sync::new()).unwrap();
    let file = path.join("part-00000.parquet");
    let metadata = metadata(&file);
    assert_eq!(pages(&metadata, 0, 0).len(), 3);
    assert_eq!(metadata.page_index().unwrap().column_index(0, 0).unwrap().num_pages(), 3);
    let last = |frame: &DataFrame| frame.filter(col("n").ge(n - 1)).unwrap();
    assert_eq!(looked_at(&file, 0, last), [(0, 2)]);
}
