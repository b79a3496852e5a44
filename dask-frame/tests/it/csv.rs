//! CSV read and written.

use std::fs;
use std::io::Write;

use dask_frame::{Column, DataFrame, DataType, Table, col, read_csv};
use dask_graph::Collection;
use dask_graph::testing::Travelling;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::run::{every_way, schedulers};

fn write(text: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.csv").to_str().expect("a plain path").to_owned();
    fs::write(&path, text).expect("a file");
    (dir, path)
}

#[track_caller]
fn check(text: &str, expected: &Table) {
    let (_dir, path) = write(text);
    for blocksize in (1..=text.len() as u64 + 1).chain([u64::MAX]) {
        let frame = read_csv(&path).blocksize(blocksize).open().expect("a good file");
        assert_eq!(&every_way(&frame, "read"), expected, "blocks of {blocksize} bytes");
    }
}

#[test]
fn lines_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    std::fs::write(&path, "a \"title\nof two lines\nn,s\nunits,\"-\"\n1,a\nbad\n2,\"b\nc\"\n\n3,d\nend")
        .unwrap();
    for blocksize in [1, 5, 17, 1 << 20] {
        let read = read_csv(path.to_str().unwrap()).skip_rows(2).skip_lines([3, 5, 10]).blocksize(blocksize);
        let read = read.open().unwrap();
        assert_eq!(read.schema().to_string(), "n: Int64, s: Utf8");
        let table = every_way(&read, "passed over");
        assert_eq!(table.column("n").unwrap(), &Column::from(vec![1, 2, 3]));
        assert_eq!(table.column("s").unwrap(), &Column::from(vec!["a", "b\nc", "d"]));
    }
    // Without a header the lines before the data are passed over, too; those beyond the end do not matter.
    let read =
        read_csv(path.to_str().unwrap()).header(false).skip_lines([0, 1, 2, 3, 5, 10, 99]).blocksize(7);
    assert_eq!(every_way(&read.open().unwrap(), "headless").n_rows(), 3);
    std::fs::write(&path, "n\n1\n\"inch\n2\n").unwrap();
    let error = read_csv(path.to_str().unwrap()).skip_lines([2]).open().unwrap_err();
    assert!(error.to_string().contains("opens a quote and does not close it"), "{error}");
    let read = read_csv(path.to_str().unwrap()).skip_lines([2]).newlines_in_quotes(false).blocksize(4);
    assert_eq!(every_way(&read.open().unwrap(), "one quote").n_rows(), 2);
}

#[test]
fn borders_may_fall_anywhere() {
    let table = Table::new([
        ("name", Column::from(vec!["a\nb", "say \"hi\",\n\n", "\"", "x"])),
        ("n", Column::from(vec![Some(1), None, Some(3), Some(4)])),
    ]);
    check("name,n\n\"a\nb\",1\r\n\"say \"\"hi\"\",\n\n\",\n\n\"\"\"\",3\nx,\"4\"", &table.unwrap());
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    check(
        "\u{feff}a,b\n1,2\n",
        &Table::new([("a", Column::from(vec![1])), ("b", Column::from(vec![2]))]).unwrap(),
    );
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    check(
        "a,b",
        &Table::new([("a", Column::from(vec![0.0; 0])), ("b", Column::from(vec![0.0; 0]))]).unwrap(),
    );
    let (_dir, path) = write("a,b\n");
    let frame = read_csv(&path).dtype("b", DataType::Utf8).open().unwrap();
    assert_eq!(every_way(&frame.filter(col("b").eq("x")).unwrap(), "none").n_rows(), 0);
}

#[test]
fn types_are_guessed_and_widened_over_files() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("1.csv"), "i,f,b,s,none,id\n1,1,True,1,,18446744073709551617\n").unwrap();
    fs::write(dir.path().join("2.csv"), "i,f,b,s,none,id\nNA,2.5,,x,,1\n").unwrap();
    let frame = read_csv(format!("{}/*.csv", dir.path().display())).open().unwrap();
    let types = "i: Int64, f: Float64, b: Bool, s: Utf8, none: Float64, id: Utf8";
    assert_eq!(frame.schema().to_string(), types);
    let table = every_way(&frame, "widened");
    assert_eq!(table.column("i").unwrap(), &Column::from(vec![Some(1), None]));
    assert_eq!(table.column("b").unwrap(), &Column::from(vec![Some(true), None]));
    assert_eq!(table.column("id").unwrap(), &Column::from(vec!["18446744073709551617", "1"]));
    assert_eq!(frame.n_partitions(), 2);
}

#[test]
fn gzip_is_known_by_its_bytes_and_members_are_joined() {
    let member = |text: String| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let rows = |rows: std::ops::Range<i64>| rows.map(|i| format!("{i},\"x\n{i}\"\n")).collect::<String>();
    // More text than a window holds, so that records cross its edges.
    let text = [member("a,b\n".to_owned() + &rows(0..30_000)), member(rows(30_000..60_000))].concat();
    let (_dir, path) = write(text);
    let frame = read_csv(&path).blocksize(100).open().unwrap();
    assert_eq!(frame.n_partitions(), 1);
    let table = frame.compute_with(&Threaded::with_workers(2)).unwrap();
    assert_eq!(table.column("a").unwrap(), &Column::from((0..60_000).collect::<Vec<i64>>()));
    assert_eq!(table.column("b").unwrap().strs().unwrap().last(), Some(Some("x\n59999")));
}

#[test]
fn a_record_larger_than_a_window() {
    let long = "y\n".repeat(1 << 20);
    let (_dir, path) = write(format!("a,b\n1,x\n2,\"{long}\"\n3,z\n"));
    for blocksize in [1 << 16, u64::MAX] {
        let table = read_csv(&path).blocksize(blocksize).open().unwrap().compute_with(&Sync::new()).unwrap();
        assert_eq!(table.column("a").unwrap(), &Column::from(vec![1, 2, 3]));
        assert_eq!(table.column("b").unwrap().strs().unwrap().nth(1), Some(Some(long.as_str())));
    }
}

#[test]
fn missing_values_are_those_of_pandas_or_ones_own() {
    let (_dir, path) = write("a,b,c\nNA,null,\"NaN\"\n-,none,1\n5,None,2\n");
    let table = every_way(&read_csv(&path).na_value("-").open().unwrap(), "na");
    assert_eq!(table.column("a").unwrap(), &Column::from(vec![None, None, Some(5)]));
    assert_eq!(table.column("b").unwrap(), &Column::from(vec![None, Some("none"), None]));
    assert_eq!(table.column("c").unwrap(), &Column::from(vec![None, Some(1), Some(2)]));
    let plain = every_way(&read_csv(&path).default_na(false).open().unwrap(), "no na");
    assert_eq!(plain.column("a").unwrap(), &Column::from(vec!["NA", "-", "5"]));
}

#[test]
fn timestamps_are_read_when_asked_for() {
    let (_dir, path) = write("t\n2013-01-01T10:00:00Z\nNA\n2013-07-01 00:30\n");
    let frame = read_csv(&path).dtype("t", DataType::Timestamp).open().unwrap();
    let table = every_way(&frame.select([col("t").dt().month().alias("m")]).unwrap(), "months");
    assert_eq!(table.column("m").unwrap(), &Column::numbers([Some(1_i32), None, Some(7)]));
    assert_eq!(every_way(&frame, "times").column("t").unwrap().get(2).to_string(), "2013-07-01 00:30:00");
}

#[test]
fn quotes_can_be_text() {
    let (_dir, path) = write("a;b\n5\" pipe;\"x\n\";\"y\n");
    let table =
        every_way(&read_csv(&path).separator(b';').quote(None).blocksize(3).open().unwrap(), "quotes");
    assert_eq!(table.column("b").unwrap(), &Column::from(vec!["\"x", "\"y"]));
}

#[test]
fn a_file_a_partition() {
    let dir = tempfile::tempdir().unwrap();
    let columns = [("x", Column::from((0..25).collect::<Vec<i64>>())), ("s", Column::from(vec!["a,b"; 25]))];
    let frame = DataFrame::from_columns(columns, 12).unwrap();
    for (scheduler, run) in schedulers() {
        frame.to_csv_with(dir.path().join("part-*.csv"), &*run).unwrap();
        let mut names =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        names.sort();
        assert_eq!(names.len(), 12, "{scheduler}");
        assert_eq!(names[3], "part-03.csv", "{scheduler}");
        let back = read_csv(format!("{}/part-*.csv", dir.path().display())).open().unwrap();
        assert_eq!(every_way(&back, "back"), frame.compute_with(&Sync::new()).unwrap());
        names.iter().for_each(|name| fs::remove_file(dir.path().join(name)).unwrap());
    }
}

fn cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![1 => Just(None), 4 => "[a-c\",\n\r é]{0,6}".prop_map(Some)]
}

prop_compose! {
    fn tables()(rows in 0usize..12)(
        texts in prop::collection::vec(cell(), rows),
        ints in prop::collection::vec(any::<Option<i64>>(), rows),
        floats in prop::collection::vec(any::<Option<f64>>(), rows),
        bools in prop::collection::vec(any::<Option<bool>>(), rows),
    ) -> Table {
        // An empty text is written as such and read as missing, as in pandas.
        let texts = texts.into_iter().map(|text| text.filter(|text| !text.is_empty()));
        Table::new([
            ("text, \"quoted\"", Column::from(texts.collect::<Vec<_>>())),
            ("int", Column::from(ints)),
            ("float", Column::from(floats)),
            ("bool", Column::from(bools)),
        ]).expect("columns of one length")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What was written is read again, whatever it is, whatever the partitions and blocks.
    #[test]
    fn what_is_written_is_read(table in tables(), partitions in 1usize..4, blocksize in 1u64..80) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let frame = DataFrame::from_table(&table, partitions).unwrap();
        frame.to_csv_with(&path, &Sync::new()).unwrap();
        let written = fs::read(&path).unwrap();
        frame.to_csv_with(&path, &Travelling).unwrap();
        prop_assert_eq!(fs::read(&path).unwrap(), written);
        let read = read_csv(path.to_str().unwrap())
            .dtype("text, \"quoted\"", DataType::Utf8)
            .dtype("int", DataType::Int64)
            .dtype("float", DataType::Float64)
            .dtype("bool", DataType::Bool);
        for blocksize in [blocksize, u64::MAX] {
            let back = read.clone().blocksize(blocksize).open().unwrap();
            prop_assert_eq!(&back.compute_with(&Sync::new()).unwrap(), &table);
            prop_assert_eq!(&back.compute_with(&Travelling).unwrap(), &table);
        }
    }

    /// Any bytes at all are read alike at every block size, or refused alike.
    #[test]
    fn blocks_do_not_matter(text in "[ab\",\n\r]{0,60}", blocksize in 1u64..20) {
        let (_dir, path) = write(&text);
        let read = read_csv(&path).header(false).names(["a", "b"]).fill_short_rows().default_na(false);
        let read = read.dtype("a", DataType::Utf8).dtype("b", DataType::Utf8);
        // A first row with other than two cells is refused at once.
        if let Ok(whole) = read.clone().open() {
            let cut = read.blocksize(blocksize).open().unwrap();
            match (whole.compute_with(&Sync::new()), cut.compute_with(&Sync::new())) {
                (Ok(a), Ok(b)) => prop_assert_eq!(a, b),
                (Err(_), Err(_)) => {}
                (a, b) => prop_assert!(false, "{:?} and {:?}", a, b),
            }
        }
    }
}
