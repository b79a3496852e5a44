//! Records that go from a bag to a frame and back.

use dask_bag::{Bag, Partitions};
use dask_frame::{DataFrame, col};
use dask_graph::{Collection, Scheduler, make_portable};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reading {
    station: Option<String>,
    degrees: Option<f64>,
    count: i64,
    valid: bool,
}

pub(crate) fn readings(n: u64) -> Bag<Reading> {
    make_portable::<Reading>();
    Bag::range(n, Partitions::count(4)).map(|i| Reading {
        station: (i % 5 != 0).then(|| format!("é{}", i % 3)),
        degrees: (i % 7 != 0).then_some(i as f64 / 2.0),
        count: i as i64,
        valid: i % 2 == 0,
    })
}

/// A bag into a frame, filtered there, and back into a bag: the same as in the bag alone.
pub(crate) fn hot_readings(scheduler: &dyn Scheduler) {
    for n in [0, 3, 200] {
        let bag = readings(n);
        let frame = DataFrame::from_partitions(&bag.to_columns().unwrap()).unwrap();
        assert_eq!(frame.schema().to_string(), "station: Utf8, degrees: Float64, count: Int64, valid: Bool");
        assert_eq!(frame.n_partitions(), bag.npartitions());
        let hot = frame.filter(col("degrees").gt(30.0)).unwrap();
        let back: Bag<Reading> = Bag::from_columns(&hot.to_partitions().unwrap());
        let expected = bag.filter(|reading| reading.degrees.is_some_and(|degrees| degrees > 30.0));
        let expected = expected.compute_with(scheduler).unwrap();
        assert_eq!(back.compute_with(scheduler).unwrap(), expected);
        assert_eq!(expected.len(), (61..n.max(61)).filter(|i| i % 7 != 0).count());
    }
}
