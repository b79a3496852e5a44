//! Under a memory limit blocks go to disk and come back, and the array is the same.

use std::sync::{Arc, Mutex};

use dask_array::Array;
use dask_array::ndarray::Array2;
use dask_graph::{Collection, Observer, Plan, RunEnd, RunOptions, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

#[derive(Default)]
struct Spilled(Mutex<u64>);

impl Observer for Spilled {
    fn finished(&self, _: &Plan, run: &RunEnd) {
        *self.0.lock().unwrap() = run.spilled_nbytes;
    }
}

/// Every block is needed for the mean and the deviation, and then again, transposed too.
#[test]
fn standardised_with_memory_for_a_quarter_of_the_blocks() {
    const BLOCK: u64 = 32 * 128 * 8;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.npy");
    let numbers = Array2::from_shape_fn((1024, 128), |(i, j)| (i * 128 + j) as f64 * 0.37 % 11.0);
    Array::from_ndarray(numbers, [32, 128]).unwrap().to_npy_with(&path, &Sync::new()).unwrap();

    let x = Array::<f64>::from_npy(&path, [32, 128]).unwrap().sqrt();
    let standardised = (&x - &x.mean(..).unwrap()) / &x.std(.., 0.0).unwrap();
    let both = &standardised + &standardised.t().rechunk([32, 128]).unwrap().t().rechunk([32, 128]).unwrap();
    let expected = both.compute_with(&Sync::new()).unwrap();
    let schedulers: [Box<dyn Scheduler>; 4] = [
        Box::new(Sync::new()),
        Box::new(Threaded::with_workers(1)),
        Box::new(Threaded::with_workers(3)),
        Box::new(Optimized::new(Threaded::with_workers(2))),
    ];
    for scheduler in schedulers {
        let spilled = Arc::new(Spilled::default());
        let options = RunOptions::new().memory_limit(8 * BLOCK).observer(spilled.clone());
        assert_eq!(both.compute_opts(&*scheduler, &options).unwrap(), expected);
        let spilled = *spilled.0.lock().unwrap();
        assert!(spilled > 8 * BLOCK, "{spilled} bytes were spilled");
    }
}
