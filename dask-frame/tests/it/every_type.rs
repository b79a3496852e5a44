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
    ])
    .expect("columns of one length")
}
