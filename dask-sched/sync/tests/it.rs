//! The synchronous scheduler does what every scheduler has to do.

use dask_graph::testing::conformance;
use dask_sched_sync::Sync;

#[test]
fn conforms() {
    conformance(&|| Box::new(Sync::new()));
}
