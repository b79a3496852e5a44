//! The synchronous scheduler does what every scheduler has to do.

use dask_graph::Scheduler;
use dask_graph::testing::CHECKS;
use dask_sched_sync::Sync;

#[test]
fn conforms() {
    for (name, check) in CHECKS {
        println!("{name}");
        check(&|| -> Box<dyn Scheduler> { Box::new(Sync::new()) });
    }
}
