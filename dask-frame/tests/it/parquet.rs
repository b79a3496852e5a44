//! Parquet files, written and read.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Int8Type, Int64Type, TimestampNanosecondType};
use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Int32Array, Int64Array, ListArray,
    NullArray, PrimitiveArray, RecordBatch, StringArray,
};
use dask_frame::{
    Column, DataFrame, FrameError, ParquetCompression, ReadError, Scalar, Sort, Table, WriteError,
    WriteParquet, Zone, col, lit, read_parquet,
};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::collection::vec;
use proptest::prelude::*;

use super::computed::chain;
use super::directories::appear_whole_or_not_at_all;
use super::every_type::{rows, table};
use super::run::{every_way, failure, schedulers};

fn compressions() -> impl Strategy<Value = ParquetCompression> {
    use ParquetCompression::{Gzip, Lz4, None, Snappy, Zstd};
    prop_oneof![Just(None), Just(Snappy), Just(Lz4), Just(Gzip), Just(Zstd)]
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the rows, partitions and row groups, empty ones among them.
    #[test]
    fn tables_come_back(
        rows in rows(12), n_partitions in 1_usize..5, group in 1_usize..4,
        blocksize in prop_oneof![Just(0), Just(1 << 20)], compression in compressions(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let table = table(&rows);
        let frame = DataFrame::from_table(&table, n_partitions).unwrap();
        let write = WriteParquet::new(&path).row_group_rows(group).compression(compression);
        write.write_with(&frame, &Sync::new()).unwrap();
        let read = read_parquet(text(&path)).blocksize(blocksize).open().unwrap();
        prop_assert!(read.n_partitions() >= n_partitions);
        prop_assert_eq!(every_way(&read, "read again"), table);
    }

    /// Filters told to the reader give what filters alone give.
    #[test]
    fn filters_may_pass_over_row_groups(
        rows in vec((any::<Option<i8>>(), any::<Option<String>>()), 1..20), bound in any::<i8>(), letter in ".",
        kind in 0..5,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let numbers = rows.iter().map(|row| row.0);
        let numbers = match kind {
            0 => Column::numbers(numbers),
            1 => Column::numbers(numbers.map(|x| x.map(|x| i32::from(x) << 20))),
            2 => Column::numbers(numbers.map(|x| x.map(|x| x as u64))),
            3 => Column::numbers(numbers.map(|x| x.map(|x| f32::from(x) / 3.0))),
            _ => Column::numbers(numbers.map(|x| x.map(i64::from))),
        };
        let texts = rows.into_iter().map(|row| row.1).collect::<Vec<_>>();
        let table = Table::new([("n", numbers), ("s", Column::from(texts))]).unwrap();
        let frame = DataFrame::from_table(&table, 2).unwrap().sort_values("n").unwrap();
        WriteParquet::new(&path).row_group_rows(3).write_with(&frame, &Sync::new()).unwrap();
        let read = read_parquet(text(&path)).blocksize(0).open().unwrap();
        let bound = i64::from(bound);
        for condition in [
            col("n").gt(bound), col("n").le(bound), col("n").eq(bound), col("n").is_null(),
            col("n").lt(bound as f64 / 3.0), col("n").gt(bound << 20),
            col("s").ge(letter.as_str()).and(col("n").ne(bound)), lit(bound).lt(col("n")).or(col("s").is_null()),
        ] {
            // The planned and the other frame are compared there.
            every_way(&read.filter(condition.clone()).unwrap(), &condition.to_string());
        }
    }
}

/// Two row groups of two rows in one file.
fn two_groups(path: &Path) -> DataFrame {
    let columns = [
        ("n", Column::from(vec![1, 2, 3, 4])),
        ("s", Column::from(vec!["a", "b", "c", "d"])),
        ("x", Column::from(vec![0.5, 1.5, 2.5, 3.5])),
    ];
    let frame = DataFrame::from_columns(columns, 1).unwrap();
    WriteParquet::new(path).row_group_rows(2).write_with(&frame, &Sync::new()).unwrap();
    read_parquet(text(path)).blocksize(0).open().unwrap()
}

#[test]
fn only_what_is_needed_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let read = two_groups(&path);
    assert_eq!(read.n_partitions(), 2);
    let frame = read.filter(col("n").gt(1)).unwrap().filter(col("n").lt(3)).unwrap().select(["x"]).unwrap();
    let file = path.join("part-00000.parquet");
    let expected = format!(
        "\
as run:
  project x
    filter (n < 3)
      filter (n > 1)
        read_parquet {}: 2 of 3 columns [n, x] in 2 partitions, 1 of them without a row where ((n > 1) and (n < 3))
",
        file.display()
    );
    let explained = frame.explain_plan();
    assert!(explained.ends_with(&expected), "{explained}");
    assert_eq!(every_way(&frame, "pushed").column("x").unwrap(), &Column::from(vec![1.5]));
    // Two consumers of one read, of which one filters: the other has all rows.
    let all = read.agg([col("n").sum()]).unwrap();
    let some = read.filter(col("n").gt(2)).unwrap().agg([col("n").sum()]).unwrap();
    let both = every_way(&DataFrame::concat([&all, &some]).unwrap(), "shared");
    assert_eq!(both.column("n_sum").unwrap(), &Column::from(vec![10, 7]));
    // No row at all.
    assert_eq!(every_way(&read.filter(col("s").gt("z")).unwrap(), "none").n_rows(), 0);
}

#[test]
fn what_is_passed_over_may_be_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    two_groups(&path);
    let file = path.join("part-00000.parquet");
    let mut bytes = fs::read(&file).unwrap();
    // The pages of the first row group come right after the four letters that begin the file.
    bytes[4..40].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let read = read_parquet(text(&path)).blocksize(0).open().unwrap();
    let error = failure(&read);
    assert!(error.contains("part-00000.parquet is no whole Parquet file"), "{error}");
    let rest = read.filter(col("n").ge(3)).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(rest.column("s").unwrap(), &Column::from(vec!["c", "d"]));
}

#[test]
fn directories_hold_values() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let columns = [
        ("carrier", Column::from(vec![Some("UA"), Some("A/A = é"), None, Some("UA")])),
        ("year", Column::from(vec![2013, 2013, 2014, 2014])),
        ("n", Column::from(vec![1, 2, 3, 4])),
    ];
    let frame = DataFrame::from_columns(columns, 2).unwrap();
    for (_, scheduler) in schedulers() {
        let write = WriteParquet::new(&path).partition_on(["year", "carrier"]).overwrite();
        write.write_with(&frame, &*scheduler).unwrap();
        let read = read_parquet(text(&path)).open().unwrap();
        assert_eq!(read.schema().to_string(), "n: Int64, year: Int64, carrier: Utf8");
        let sorted = read.select(["carrier", "year", "n"]).unwrap().sort_values(Sort::by("n")).unwrap();
        assert_eq!(every_way(&sorted, "partitioned"), frame.compute_with(&Sync::new()).unwrap());
        let one = read.filter(col("year").eq(2014)).unwrap().filter(col("carrier").is_null()).unwrap();
        assert!(one.explain_plan().contains("in 4 partitions, 3 of them without"), "{}", one.explain_plan());
        assert_eq!(every_way(&one, "one").column("n").unwrap(), &Column::from(vec![3]));
        // Nothing but what the directories tell: the rows are counted all the same.
        let years = every_way(&read.select(["year"]).unwrap().sort_values("year").unwrap(), "years");
        assert_eq!(years.column("year").unwrap(), &Column::from(vec![2013, 2013, 2014, 2014]));
    }
    // A directory whose own name is one that is passed over below it, and values that are none of its.
    let hidden = dir.path().join(".hidden/x=1");
    fs::create_dir_all(&hidden).unwrap();
    fs::rename(&path, hidden.join("out")).unwrap();
    let path = hidden.join("out");
    let read = read_parquet(text(&path)).open().unwrap();
    assert_eq!(read.schema().to_string(), "n: Int64, year: Int64, carrier: Utf8");
    let pattern = format!("{}/year=2014/*/*.parquet", path.display());
    let read = read_parquet(pattern).open().unwrap();
    assert_eq!(read.schema().to_string(), "n: Int64, carrier: Utf8");
}

fn write_file(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn types_of_other_writers_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let nanos = PrimitiveArray::<TimestampNanosecondType>::from(vec![Some(5_000), None]).with_timezone("UTC");
    write_file(
        &path,
        vec![
            ("i", Arc::new(Int32Array::from(vec![Some(7), None]))),
            ("f", Arc::new(Float32Array::from(vec![0.5, f32::NAN]))),
            ("d", Arc::new(Date32Array::from(vec![1, 2]))),
            ("t", Arc::new(nanos)),
            ("c", Arc::new(DictionaryArray::<Int8Type>::from_iter([Some("x"), None]))),
            ("z", Arc::new(NullArray::new(2))),
        ],
    );
    let read = read_parquet(text(&path)).open().unwrap();
    let expected = Table::new([
        ("i", Column::numbers([Some(7_i32), None])),
        ("f", Column::numbers([Some(0.5_f32), None])),
        ("d", Column::dates([Some(1), Some(2)])),
        ("t", Column::zoned_timestamps(Zone::UTC, [Some(5), None])),
        ("c", Column::from(vec![Some("x"), None]).to_categorical()),
        ("z", Column::from(vec![None::<f64>, None])),
    ]);
    assert_eq!(every_way(&read, "types"), expected.unwrap());
    let late = read.filter(col("d").gt(lit(Scalar::Date(1)))).unwrap();
    assert_eq!(every_way(&late, "late").n_rows(), 1);
}

#[test]
fn lists_of_other_writers_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let lists = [Some(vec![Some(7), None]), None, Some(vec![])];
    write_file(
        &path,
        vec![
            ("l", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
            ("n", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ],
    );
    let read = read_parquet(text(&path)).open().unwrap();
    let expected = Column::from(vec![Some(vec![Some(7), None]), None, Some(vec![])]);
    assert_eq!(every_way(&read, "lists").column("l").unwrap(), &expected);
    // Statistics are of the values in lists, and say nothing of the lists.
    for (filter, n) in [(col("l").is_null(), vec![2]), (col("l").lists().len().eq(0), vec![3])] {
        let some = read.filter(filter).unwrap().select(["n"]).unwrap();
        assert_eq!(every_way(&some, "filtered").column("n").unwrap(), &Column::from(n));
    }
}

#[test]
fn types_that_frames_do_not_have_are_refused_unless_unread() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let price = Decimal128Array::from(vec![150, 250]).with_precision_and_scale(10, 2).unwrap();
    write_file(&path, vec![("n", Arc::new(Int64Array::from(vec![1, 2]))), ("price", Arc::new(price))]);
    let error = read_parquet(text(&path)).open().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}, column `price` is Decimal128(10, 2), which frames do not have; read the other columns with `columns`",
            path.display()
        )
    );
    let read = read_parquet(text(&path)).columns(["n"]).open().unwrap();
    assert_eq!(every_way(&read, "beside").column("n").unwrap(), &Column::from(vec![1, 2]));
}

#[test]
fn files_that_differ_are_told_with_the_difference() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a.parquet", "b.parquet"].map(|name| dir.path().join(name));
    let ints = || -> ArrayRef { Arc::new(Int64Array::from(vec![1])) };
    let texts = || -> ArrayRef { Arc::new(StringArray::from(vec!["x"])) };
    write_file(&a, vec![("n", ints()), ("s", texts()), ("gone", ints())]);
    write_file(&b, vec![("s", ints()), ("n", ints()), ("new", ints())]);
    let error = read_parquet(text(dir.path())).open().unwrap_err();
    let difference = "column `s` is Int64, not Utf8; it has no column `gone`; it has one more column, `new`";
    assert_eq!(error.to_string(), format!("{} differs from {}: {difference}", b.display(), a.display()));
    // Another order, narrower types, and nothing but nulls are no difference.
    write_file(
        &b,
        vec![
            ("s", Arc::new(NullArray::new(1))),
            ("gone", ints()),
            ("n", Arc::new(Int32Array::from(vec![2]))),
        ],
    );
    let read = read_parquet(text(dir.path())).open().unwrap();
    let expected = Table::new([
        ("n", Column::from(vec![1, 2])),
        ("s", Column::from(vec![Some("x"), None])),
        ("gone", Column::from(vec![1, 1])),
    ]);
    assert_eq!(every_way(&read, "agreeing"), expected.unwrap());
}

#[test]
fn damaged_and_missing_files_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let opened = |path: &Path| read_parquet(text(path)).open().unwrap_err();
    assert!(matches!(opened(&path), FrameError::Read(ReadError::NoMatch { .. })));
    assert!(matches!(opened(dir.path()), FrameError::Read(ReadError::NoMatch { .. })));
    write_file(&path, vec![("n", Arc::new(Int64Array::from((0..1000).collect::<Vec<_>>())))]);
    let whole = fs::read(&path).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"n\n1\n", b"", &whole[..whole.len() - 1]] {
        fs::write(&path, bytes).unwrap();
        let error = opened(&path);
        assert!(chain(&error).contains("a.parquet is no whole Parquet file"), "{error}");
    }
    fs::write(&path, &whole).unwrap();
    let read = read_parquet(text(&path)).open().unwrap();
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(failure(&read).contains("changed since the read was planned"));
    assert!(read_parquet(text(&path)).columns(["m"]).open().is_err());
}

#[test]
fn a_directory_appears_whole_or_not_at_all() {
    let write = |frame: &DataFrame, path: &Path, overwrite| match overwrite {
        true => WriteParquet::new(path).overwrite().write_with(frame, &Sync::new()),
        false => frame.to_parquet_with(path, &Sync::new()),
    };
    appear_whole_or_not_at_all(write, |path| read_parquet(path).open());
    let frame = DataFrame::from_columns([("n", Column::from(vec![i64::MAX, 1]))], 2).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let partitioned = WriteParquet::new(dir.path().join("p")).partition_on(["n"]);
    assert!(matches!(partitioned.write_with(&frame, &Sync::new()), Err(WriteError::Frame(_))));
    assert!(WriteParquet::new("/").write_with(&frame, &Sync::new()).is_err());
}

#[test]
fn files_without_rows_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let properties = WriterProperties::builder().build();
    ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties))
        .unwrap()
        .close()
        .unwrap();
    let read = read_parquet(text(&path)).open().unwrap();
    assert_eq!(read.n_partitions(), 1);
    assert_eq!(every_way(&read, "empty").n_rows(), 0);
}
