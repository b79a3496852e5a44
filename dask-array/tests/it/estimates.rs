//! What is said of sizes before a run, beside what is alive in it.

use std::sync::{Arc, Mutex};

use dask_array::ndarray::s;
use dask_array::{Array, ArrayError, Element};
use dask_graph::{Collection, Observer, Plan, RunEnd, RunOptions, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;

/// The most bytes of results that were alive.
#[derive(Default)]
struct Peak(Mutex<u64>);

impl Observer for Peak {
    fn finished(&self, _: &Plan, run: &RunEnd) {
        *self.0.lock().unwrap() = run.peak_nbytes;
    }
}

/// The estimate is between what one worker holds and twice that, written as it is and optimised.
#[track_caller]
fn check<A: Element>(array: &Array<A>) {
    let optimized = Optimized::new(Sync::new());
    for graph in [
        array.graph().clone(),
        optimized.prepare(array.graph().clone(), &array.keys(), &RunOptions::new()).unwrap(),
    ] {
        let plan = graph.lower(&array.keys()).unwrap();
        let estimated = plan.peak_nbytes(&plan.estimated_nbytes());
        let peak = Arc::new(Peak::default());
        Sync::new().run(&plan, &RunOptions::new().observer(peak.clone())).unwrap();
        let held = *peak.0.lock().unwrap();
        assert!((held..=2 * held).contains(&estimated), "estimated {estimated}, held {held}");
    }
}

#[test]
fn peaks_are_estimated_as_they_are() -> Result<(), ArrayError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let ones = Array::<f64>::ones(&[400, 60], [20, 30])?;
    ones.to_npy_with(&path, &Sync::new()).unwrap();
    let x = Array::<f64>::from_npy(&path, [20, 30]).unwrap();
    let y = &x + &x.t().transpose(&[1, 0])?;
    check(&y);
    check(&y.sum(..)?);
    check(&y.sum(0)?);
    check(&y.max(1)?);
    check(&y.mean(0)?);
    check(&y.std(0, 1.0)?);
    check(&y.slice(s![5..200;3, ..7])?);
    check(&y.rechunk([50, 60])?);
    check(&(&x - &x.mean(0)?));
    Ok(())
}
