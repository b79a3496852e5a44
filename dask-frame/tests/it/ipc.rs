//! Files of Arrow's own format, written and read.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int8Array, Int32Array, Int64Array, NullArray, RecordBatch,
    StringArray,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use dask_frame::{
    Column, DataFrame, FrameError, IpcCompression, ReadError, Table, WriteError, WriteIpc, col, read_ipc,
};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::computed::chain;
use super::directories::appear_whole_or_not_at_all;
use super::every_type::{rows, table};
use super::run::{every_way, failure, schedulers};

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn write_file(path: &Path, batches: &[RecordBatch]) {
    let mut writer = FileWriter::try_new(File::create(path).unwrap(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the rows and partitions, empty ones among them.
    #[test]
    fn tables_come_back(rows in rows(12), n_partitions in 1_usize..5, compression in 0_usize..3, column in 0_usize..11) {
        let compression = [IpcCompression::None, IpcCompression::Lz4, IpcCompression::Zstd][compression];
        let dir = tempfile::tempdir().unwrap();
        let table = table(&rows);
        let frame = DataFrame::from_table(&table, n_partitions).unwrap();
        let path = dir.path().join("out");
        let write = WriteIpc::new(&path).compression(compression).overwrite();
        for (_, scheduler) in schedulers() {
            write.write_with(&frame, &*scheduler).unwrap();
        }
        let read = read_ipc(text(&path)).open().unwrap();
        prop_assert_eq!(read.n_partitions(), n_partitions);
        prop_assert_eq!(every_way(&read, "read again"), table.clone());
        let names = table.schema().names().map(String::from).collect::<Vec<_>>();
        let two = [names[column].as_str(), names[(column + 4) % 11].as_str()];
        let some = every_way(&read.select(two).unwrap(), "two columns");
        prop_assert_eq!(some.columns(), &two.map(|name| table.column(name).unwrap().clone()));
    }
}

#[test]
fn a_batch_is_a_partition() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.feather");
    let of = |n: Vec<i32>, s: Vec<Option<&str>>| {
        let codes: DictionaryArray<Int8Type> = vec!["x", "y"].into_iter().collect();
        let numbers = Int8Array::from_iter_values((0..n.len() as i8).map(|at| at % 2));
        let codes = DictionaryArray::new(numbers, Arc::clone(codes.values()));
        let nothing = Arc::new(NullArray::new(n.len()));
        batch(vec![
            ("n", Arc::new(Int32Array::from(n))),
            ("s", Arc::new(StringArray::from(s))),
            ("c", Arc::new(codes)),
            ("nothing", nothing),
        ])
    };
    let batches = [of(vec![1, 2], vec![Some("a"), None]), of(vec![], vec![]), of(vec![3], vec![Some("b")])];
    write_file(&path, &batches);
    let read = read_ipc(text(&path)).open().unwrap();
    assert_eq!(read.schema().to_string(), "n: Int32, s: Utf8, c: Categorical, nothing: Float64");
    assert_eq!(read.n_partitions(), 3);
    let got = every_way(&read, "batches");
    assert_eq!(got.column("n").unwrap(), &Column::numbers([1_i32, 2, 3].map(Some)));
    assert_eq!(got.column("s").unwrap(), &Column::from(vec![Some("a"), None, Some("b")]));
    assert_eq!(got.column("c").unwrap(), &Column::from(vec!["x", "y", "x"]).to_categorical());
    assert_eq!(got.column("nothing").unwrap().null_count(), 3);
    // What is asked for decides what is read.
    let large = read.filter(col("n").gt(1)).unwrap().select(["s"]).unwrap();
    assert!(large.explain_plan().contains("read_ipc"), "{}", large.explain_plan());
    assert!(
        large.explain_plan().contains("2 of 4 columns [n, s] in 3 partitions"),
        "{}",
        large.explain_plan()
    );
    assert_eq!(every_way(&large, "large").column("s").unwrap(), &Column::from(vec![None, Some("b")]));
    let count = read.agg([dask_frame::size()]).unwrap();
    assert_eq!(every_way(&count, "no column").column("size").unwrap(), &Column::from(vec![3]));
    // Both without a row and without a batch.
    let none = [of(vec![], vec![])];
    write_file(&path, &none);
    assert_eq!(every_way(&read_ipc(text(&path)).open().unwrap(), "no row").n_rows(), 0);
    FileWriter::try_new(File::create(&path).unwrap(), &none[0].schema()).unwrap().finish().unwrap();
    let read = read_ipc(text(&path)).open().unwrap();
    assert_eq!((read.n_partitions(), every_way(&read, "no batch").n_rows()), (1, 0));
}

#[test]
fn files_that_differ_are_told_with_the_difference() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a.arrow", "b.arrow"].map(|name| dir.path().join(name));
    let ints = || -> ArrayRef { Arc::new(Int64Array::from(vec![1])) };
    let texts = || -> ArrayRef { Arc::new(StringArray::from(vec!["x"])) };
    write_file(&a, &[batch(vec![("n", ints()), ("s", texts())])]);
    write_file(&b, &[batch(vec![("s", ints()), ("n", ints()), ("new", ints())])]);
    let error = read_ipc(text(dir.path())).open().unwrap_err();
    let difference = "column `s` is Int64, not Utf8; it has one more column, `new`";
    assert_eq!(error.to_string(), format!("{} differs from {}: {difference}", b.display(), a.display()));
    // Another order and narrower types are no difference; nor are files with other names there.
    write_file(&b, &[batch(vec![("s", texts()), ("n", Arc::new(Int32Array::from(vec![2])))])]);
    write_file(&dir.path().join("_c.arrow"), &[batch(vec![("other", ints())])]);
    let read = read_ipc(text(dir.path())).open().unwrap();
    let expected = Table::new([("n", Column::from(vec![1, 2])), ("s", Column::from(vec!["x", "x"]))]);
    assert_eq!(every_way(&read, "agreeing"), expected.unwrap());
    // Types that frames do not have can stay unread.
    write_file(&a, &[batch(vec![("n", ints()), ("d", Arc::new(Decimal128Array::from(vec![7])))])]);
    let error = read_ipc(text(&a)).open().unwrap_err();
    assert!(matches!(error, FrameError::Read(ReadError::UnsupportedColumn { column, .. }) if column == "d"));
    let read = read_ipc(text(&a)).columns(["n"]).open().unwrap();
    assert_eq!(every_way(&read, "beside").column("n").unwrap(), &Column::from(vec![1]));
}

#[test]
fn damaged_and_missing_files_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.arrow");
    let opened = |path: &Path| read_ipc(text(path)).open().unwrap_err();
    assert!(matches!(opened(&path), FrameError::Read(ReadError::NoMatch { .. })));
    assert!(matches!(opened(dir.path()), FrameError::Read(ReadError::NoMatch { .. })));
    let numbers = batch(vec![("n", Arc::new(Int64Array::from((0..1000).collect::<Vec<_>>())))]);
    write_file(&path, std::slice::from_ref(&numbers));
    let whole = fs::read(&path).unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &numbers.schema()).unwrap();
    stream.write(&numbers).unwrap();
    let stream = stream.into_inner().unwrap();
    for bytes in [&whole[..whole.len() / 2], b"n\n1\n", b"", &whole[..whole.len() - 1], &stream] {
        fs::write(&path, bytes).unwrap();
        let error = opened(&path);
        assert!(chain(&error).contains("a.arrow is no whole Arrow IPC file"), "{error}");
    }
    fs::write(&path, &whole).unwrap();
    let read = read_ipc(text(&path)).open().unwrap();
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(failure(&read).contains("changed since the read was planned"));
    fs::write(&path, &whole).unwrap();
    assert!(matches!(read_ipc(text(&path)).columns(["m"]).open(), Err(FrameError::UnknownColumn { .. })));
}

#[test]
fn a_directory_appears_whole_or_not_at_all() {
    let write = |frame: &DataFrame, path: &Path, overwrite| match overwrite {
        true => WriteIpc::new(path).overwrite().write_with(frame, &Sync::new()),
        false => frame.to_ipc_with(path, &Sync::new()),
    };
    appear_whole_or_not_at_all(write, |path| read_ipc(path).open());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the rows and partitions, empty ones among them.
    #[test]
    fn one_file_comes_back(rows in rows(12), n_partitions in 1_usize..5, compression in 0_usize..3) {
        let compression = [IpcCompression::None, IpcCompression::Lz4, IpcCompression::Zstd][compression];
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.arrow");
        let frame = DataFrame::from_table(&table(&rows), n_partitions).unwrap();
        let frame = frame.as_known_with("c", &Sync::new()).unwrap();
        let write = WriteIpc::new(&path).single_file().compression(compression).overwrite();
        for (_, scheduler) in schedulers() {
            write.write_with(&frame, &*scheduler).unwrap();
        }
        let read = read_ipc(text(&path)).open().unwrap();
        prop_assert_eq!(read.n_partitions(), n_partitions);
        prop_assert_eq!(every_way(&read, "read again"), every_way(&frame, "written"));
        prop_assert_eq!(read.schema(), frame.schema());
    }
}

#[test]
fn one_file_appears_whole_or_not_at_all() {
    let write = |frame: &DataFrame, path: &Path, overwrite| {
        let write = WriteIpc::new(path).single_file();
        if overwrite { write.overwrite() } else { write }.write_with(frame, &Sync::new())
    };
    appear_whole_or_not_at_all(write, |path| read_ipc(path).open());
    let dir = tempfile::tempdir().unwrap();
    let categories = [("c", Column::from(vec!["x", "y"]).to_categorical())];
    let frame = DataFrame::from_columns(categories, 2).unwrap();
    let error = write(&frame, &dir.path().join("a.arrow"), false).unwrap_err();
    assert!(error.to_string().contains("`as_known`"), "{error}");
    let known = frame.as_known_with("c", &Sync::new()).unwrap();
    assert!(matches!(write(&known, &dir.path().join("*.arrow"), false), Err(WriteError::BadPattern { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    write(&known, &dir.path().join("a.arrow"), false).unwrap();
    assert!(dir.path().join("a.arrow").is_file());
}
