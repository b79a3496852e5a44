//! Tables with a column of each type.

use dask_frame::{Column, Table, Zone};
use proptest::collection::vec;
use proptest::prelude::*;

/// Values of a row, any of which may be missing.
pub(crate) type Row = (Option<i64>, Option<f64>, Option<bool>, Option<String>, Option<i64>, Option<i32>);

pub(crate) fn rows(at_most: usize) -> impl Strategy<Value = Vec<Row>> {
    vec(any::<Row>(), 0..=at_most)
}

pub(crate) fn table(rows: &[Row]) -> Table {
    let texts = || Column::from(rows.iter().map(|row| row.3.clone()).collect::<Vec<_>>());
    let micros = || rows.iter().map(|row| row.4);
    let ints = |bits: u32| rows.iter().map(move |row| row.0.map(|x| x >> (64 - bits)));
    let zone = Zone::new("Europe/Oslo").expect("a zone");
    Table::new([
        ("i", Column::from(rows.iter().map(|row| row.0).collect::<Vec<_>>())),
        ("f", Column::from(rows.iter().map(|row| row.1).collect::<Vec<_>>())),
        ("b", Column::from(rows.iter().map(|row| row.2).collect::<Vec<_>>())),
        ("s", texts()),
        ("t", Column::timestamps(micros())),
        ("z", Column::zoned_timestamps(zone, micros())),
        ("d", Column::dates(rows.iter().map(|row| row.5.map(i64::from)))),
        ("u", Column::durations(micros())),
        ("c", texts().to_categorical()),
        ("l", lists_of_texts(rows)),
        ("n", lists_of_lists(rows)),
        ("i8", Column::numbers(ints(8).map(|x| x.map(|x| x as i8)))),
        ("i16", Column::numbers(ints(16).map(|x| x.map(|x| x as i16)))),
        ("i32", Column::numbers(ints(32).map(|x| x.map(|x| x as i32)))),
        ("u8", Column::numbers(ints(8).map(|x| x.map(|x| x as u8)))),
        ("u16", Column::numbers(ints(16).map(|x| x.map(|x| x as u16)))),
        ("u32", Column::numbers(ints(32).map(|x| x.map(|x| x as u32)))),
        ("u64", Column::numbers(ints(64).map(|x| x.map(|x| x as u64)))),
        (
            "f32",
            Column::numbers(
                rows.iter().map(|row| row.1.and_then(|x| Some(x as f32).filter(|x| x.is_finite()))),
            ),
        ),
    ])
    .expect("columns of one length")
}

/// Up to two values a row, of which the second is missing.
fn lists_of_texts(rows: &[Row]) -> Column {
    let length = |row: &Row| row.4.map(|micros| micros.rem_euclid(3) as usize);
    let values = rows.iter().flat_map(|row| [row.3.clone(), None].into_iter().take(length(row).unwrap_or(0)));
    let values = Column::from(values.collect::<Vec<_>>());
    Column::lists(values, rows.iter().map(length)).expect("as many values as the lists have")
}

/// Up to one list a row, of dates, which may be missing.
fn lists_of_lists(rows: &[Row]) -> Column {
    let inner = || rows.iter().filter(|row| row.2 == Some(true));
    let dates = inner().filter(|row| row.0.is_some()).flat_map(|row| [row.5.map(i64::from), None]);
    let lists = Column::lists(Column::dates(dates), inner().map(|row| row.0.map(|_| 2)));
    let lists = lists.expect("two dates where there is an integer");
    Column::lists(lists, rows.iter().map(|row| row.2.map(usize::from))).expect("a list where it is true")
}
