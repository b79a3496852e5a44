//! Larger than memory, needed before and after a barrier: read twice instead of held.

use std::sync::{Arc, Mutex};

use dask_array::Array;
use dask_array::ndarray::{Array2, Axis};
use dask_graph::{Collection, Observer, Plan, RunEnd, RunOptions, Scheduler};
use dask_optimize::{Optimized, Pipeline, Recompute};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

const ROWS: usize = 400;
const COLUMNS: usize = 16;
/// Rows of a block.
const BLOCK: usize = 10;

/// The most bytes of results that were alive.
#[derive(Default)]
struct Peak(Mutex<u64>);

impl Observer for Peak {
    fn finished(&self, _: &Plan, run: &RunEnd) {
        *self.0.lock().unwrap() = run.peak_nbytes;
    }
}

#[test]
fn a_matrix_on_disk_is_standardised_in_one_expression_and_a_few_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let numbers = Array2::from_shape_fn((ROWS, COLUMNS), |(i, j)| ((i * 31 + j * 17) % 101) as f64);
    Array::from_ndarray(numbers.clone(), [BLOCK, COLUMNS]).unwrap().to_npy_with(&path, &Sync::new()).unwrap();
    let means = numbers.mean_axis(Axis(0)).unwrap();
    let expected = ((&numbers - &means) / numbers.std_axis(Axis(0), 0.0)).into_dyn();

    let x = Array::<f64>::from_npy(&path, [BLOCK, COLUMNS]).unwrap();
    // `x - mean` is written twice: once it is part of the result, once the deviations are made of it.
    let centred = &x - &x.mean(0).unwrap();
    let deviations = (&centred * &centred).mean(0).unwrap().sqrt();
    let z = &centred / &deviations;

    let nbytes = (ROWS * COLUMNS * size_of::<f64>()) as u64;
    let block = (BLOCK * COLUMNS * size_of::<f64>()) as u64;
    let run = |name: &str, scheduler: Arc<dyn Scheduler>, choice: Recompute, limit: Option<u64>| {
        let scheduler = Optimized::with_pipeline(scheduler, Pipeline::with_recompute(choice));
        let (to, peak) = (folder.path().join("z.npy"), Arc::new(Peak::default()));
        let options = RunOptions::new().observer(peak.clone());
        let options = limit.into_iter().fold(options, RunOptions::memory_limit);
        z.store_npy(&to).compute_opts(&scheduler, &options).unwrap();
        let written = Array::<f64>::from_npy(&to, [BLOCK, COLUMNS]).unwrap();
        let written = written.compute_with(&Sync::new()).unwrap();
        let worst = (&written - &expected).fold(0.0_f64, |worst, error| worst.max(error.abs()));
        assert!(worst < 1e-12, "{name} {choice:?}: {worst}");
        *peak.0.lock().unwrap()
    };
    let schedulers: [(&str, Arc<dyn Scheduler>); 3] = [
        ("sync", Arc::new(Sync::new())),
        ("threaded 1", Arc::new(Threaded::with_workers(1))),
        ("threaded 3", Arc::new(Threaded::with_workers(3))),
    ];
    for (name, scheduler) in schedulers {
        let kept = run(name, scheduler.clone(), Recompute::Never, None);
        assert!(kept >= nbytes, "{name} keeps {kept} of {nbytes}");
        let by_limit = run(name, scheduler.clone(), Recompute::default(), Some(nbytes / 2));
        let forced = run(name, scheduler, Recompute::Always, None);
        // Workers have a block each, and sums that wait for their neighbours are a row each.
        for peak in [by_limit, forced] {
            assert!(peak <= 4 * block + nbytes / BLOCK as u64, "{name}: {peak}, blocks of {block}");
        }
    }
}
