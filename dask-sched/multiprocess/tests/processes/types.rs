//! Types of one's own.

use dask_graph::{Collection, delayed, make_portable};
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;
use serde::{Deserialize, Serialize};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("types may be told after the workers have begun", types_may_be_told_late)]
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flight {
    carrier: String,
    delay: Option<i64>,
}

fn types_may_be_told_late() {
    let processes = Multiprocess::with_workers(2);
    let one = delayed(|| 1_i64).call(());
    assert_eq!(one.compute_with(&processes).unwrap(), 1);
    let make = delayed(|delay: i64| Flight { carrier: "UA".into(), delay: Some(delay) });
    let later = delayed(|flights: Vec<Flight>, by: i64| {
        flights
            .into_iter()
            .map(|f| Flight { delay: f.delay.map(|delay| delay + by), ..f })
            .collect::<Vec<_>>()
    });
    let flights = later.call((vec![make.call((1_i64,)), make.call((2_i64,))], 5_i64));
    assert!(flights.compute_with(&processes).unwrap_err().to_string().contains("Flight"));
    make_portable::<Flight>();
    let flight = |delay| Flight { carrier: "UA".into(), delay: Some(delay) };
    assert_eq!(flights.compute_with(&processes).unwrap(), [flight(6), flight(7)]);
}
