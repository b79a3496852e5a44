//! Which cells of CSV files are written in quotes, and how: what pandas writes.

use std::fs;

use dask_frame::{Column, DataFrame, FrameError, Quoting, Table, WriteCsv, WriteError, read_csv};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::collection::vec;
use proptest::prelude::*;

use super::computed::chain;

fn frame() -> DataFrame {
    let texts = ["a,b", "q\"x", "l\nm", "p\\q", "5"];
    // 2020-01-02 03:04:05.
    let time = 1_577_934_245_000_000;
    let columns = [
        ("s", Column::from(texts.map(Some).into_iter().chain([None]).collect::<Vec<_>>())),
        ("i", Column::from(vec![1, 2, 3, 4, 5, 6])),
        ("f", Column::from(vec![Some(1.5), None, Some(-0.0), Some(2.0), Some(3.0), Some(4.0)])),
        ("b", Column::from(vec![true, false, true, false, true, false])),
        ("t", Column::timestamps([Some(time); 5].into_iter().chain([None]))),
        (
            "c",
            Column::from(vec![Some("x"), Some("x,y"), None, Some("x"), Some("y"), Some("x")])
                .to_categorical(),
        ),
    ];
    DataFrame::from_columns(columns, 2).unwrap()
}

fn written(frame: &DataFrame, write: impl Fn(WriteCsv) -> WriteCsv) -> Result<String, WriteError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    write(WriteCsv::new(&path)).write_with(frame, &Sync::new())?;
    Ok(fs::read_to_string(path).unwrap())
}

#[track_caller]
fn check(write: impl Fn(WriteCsv) -> WriteCsv, expected: &str) {
    assert_eq!(written(&frame(), write).unwrap(), expected);
}

#[test]
fn what_needs_quotes_has_them() {
    let expected = r#"s,i,f,b,t,c
"a,b",1,1.5,True,2020-01-02 03:04:05,x
"q""x",2,,False,2020-01-02 03:04:05,"x,y"
"l
m",3,-0.0,True,2020-01-02 03:04:05,
p\q,4,2.0,False,2020-01-02 03:04:05,x
5,5,3.0,True,2020-01-02 03:04:05,y
,6,4.0,False,,x
"#;
    check(|write| write, expected);
    check(|write| write.escape(b'\\'), &expected.replace('\\', "\\\\"));
}

#[test]
fn all_cells_can_have_quotes() {
    let expected = r#""s","i","f","b","t","c"
"a,b","1","1.5","True","2020-01-02 03:04:05","x"
"q""x","2","NA","False","2020-01-02 03:04:05","x,y"
"l
m","3","-0.0","True","2020-01-02 03:04:05","NA"
"p\q","4","2.0","False","2020-01-02 03:04:05","x"
"5","5","3.0","True","2020-01-02 03:04:05","y"
"NA","6","4.0","False","NA","x"
"#;
    check(|write| write.quoting(Quoting::All).na("NA"), expected);
    check(|write| write.quoting(Quoting::All), &expected.replace("NA", ""));
    check(|write| write.quoting(Quoting::All).na("NA").escape(b'\\'), &expected.replace('\\', "\\\\"));
}

#[test]
fn all_but_numbers_can_have_quotes() {
    let expected = r#""s","i","f","b","t","c"
"a,b",1,1.5,True,"2020/01/02","x"
"q""x",2,"NA",False,"2020/01/02","x,y"
"l
m",3,-0.0,True,"2020/01/02","NA"
"p\q",4,2.0,False,"2020/01/02","x"
"5",5,3.0,True,"2020/01/02","y"
"NA",6,4.0,False,"NA","x"
"#;
    check(|write| write.quoting(Quoting::NonNumeric).na("NA").date_format("%Y/%m/%d"), expected);
    let error = written(&frame(), |write| write.date_format("%Q%")).unwrap_err();
    assert!(matches!(error, WriteError::Frame(FrameError::BadArgument { .. })), "{error}");
}

#[test]
fn no_cell_needs_quotes_behind_an_escape_character() {
    let expected = r#"s,i,f,b,t,c
a\,b,1,1.5,True,2020-01-02 03:04:05,x
q\"x,2,,False,2020-01-02 03:04:05,x\,y
l\
m,3,-0.0,True,2020-01-02 03:04:05,
p\\q,4,2.0,False,2020-01-02 03:04:05,x
5,5,3.0,True,2020-01-02 03:04:05,y
,6,4.0,False,,x
"#;
    let none = |write: WriteCsv| write.quoting(Quoting::None);
    check(|write| none(write).escape(b'\\'), expected);
    let error = chain(&written(&frame(), none).unwrap_err());
    assert!(error.contains(r#""a,b" cannot be written without quotes"#), "{error}");
    // A line with nothing on it.
    let missing = DataFrame::from_columns([("s", Column::from(vec![Some("x"), None]))], 1).unwrap();
    assert!(written(&missing, none).is_err());
    for (name, text) in [("s", ""), ("", "x")] {
        let empty = DataFrame::from_columns([(name, Column::from(vec!["x", text]))], 1).unwrap();
        let error = chain(&written(&empty, none).unwrap_err());
        assert!(error.contains("\"\" cannot be written without quotes"), "{error}");
        assert_eq!(written(&empty, |write| write).unwrap().lines().count(), 3);
    }
    assert_eq!(written(&missing, |write| none(write).na("NA")).unwrap(), "s\nx\nNA\n");
}

#[test]
fn characters_have_one_meaning() {
    for escape in [b'"', b',', b'\n', b'\r', 0xe9] {
        let error = written(&frame(), |write| write.escape(escape)).unwrap_err();
        assert!(matches!(error, WriteError::Frame(FrameError::BadArgument { .. })), "{error}");
    }
    // Numbers and times can hold a separator, too.
    let numbers =
        DataFrame::from_columns([("x", Column::from(vec![-1.5])), ("n", Column::from(vec![-7]))], 1);
    let numbers = numbers.unwrap();
    assert_eq!(written(&numbers, |write| write.separator(b'.')).unwrap(), "x.n\n\"-1.5\".-7\n");
    assert_eq!(written(&numbers, |write| write.separator(b'-')).unwrap(), "x-n\n\"-1.5\"-\"-7\"\n");
    let escaped = |write: WriteCsv| write.separator(b'-').quoting(Quoting::None).escape(b'1');
    assert_eq!(written(&numbers, escaped).unwrap(), "x-n\n1-11.5-1-7\n");
    let time =
        DataFrame::from_columns([("t", Column::timestamps([Some(0)])), ("n", Column::from(vec![7]))], 1);
    let time = time.unwrap();
    assert_eq!(written(&time, |write| write.separator(b' ')).unwrap(), "t n\n\"1970-01-01 00:00:00\" 7\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Quotes do not change what is read.
    #[test]
    fn what_is_written_in_quotes_is_read(
        rows in vec((prop::option::of("[a-c\",\n\r é]{1,6}"), any::<Option<i64>>()), 0..8), all in any::<bool>(),
    ) {
        let (texts, ints) = rows.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let table = Table::new([("s", Column::from(texts)), ("i", Column::from(ints))]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let quoting = if all { Quoting::All } else { Quoting::NonNumeric };
        let frame = DataFrame::from_table(&table, 2).unwrap();
        WriteCsv::new(&path).quoting(quoting).write_with(&frame, &Sync::new()).unwrap();
        let read = read_csv(path.to_str().unwrap());
        let read = read.dtype("s", dask_frame::DataType::Utf8).dtype("i", dask_frame::DataType::Int64);
        prop_assert_eq!(read.open().unwrap().compute_with(&Sync::new()).unwrap(), table);
    }
}
