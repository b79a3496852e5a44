//! Random arrays in random blocks, and what is computed of them in every way.

use dask_array::ndarray::{ArrayD, IxDyn};
use dask_array::{Array, Element};
use dask_graph::Collection;
use dask_graph::testing::Travelling;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

/// An array and a way to cut it.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) array: ArrayD<f64>,
    pub(super) chunks: Vec<Vec<usize>>,
}

impl Cut {
    pub(super) fn lazy(&self) -> Array<f64> {
        Array::from_ndarray(self.array.clone(), self.chunks.clone()).unwrap()
    }
}

pub(super) fn chunks_of(n: usize) -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..=n, 0..4).prop_map(move |mut cuts| {
        cuts.extend([0, n]);
        cuts.sort_unstable();
        cuts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    })
}

pub(super) fn cut(shape: Vec<usize>) -> impl Strategy<Value = Cut> {
    let n: usize = shape.iter().product();
    let elements = proptest::collection::vec(-1000..1000_i32, n);
    let chunks: Vec<_> = shape.iter().map(|&n| chunks_of(n)).collect();
    (elements, chunks).prop_map(move |(elements, chunks)| {
        let elements = elements.into_iter().map(|x| f64::from(x) / 8.0).collect();
        Cut { array: ArrayD::from_shape_vec(IxDyn(&shape), elements).unwrap(), chunks }
    })
}

pub(super) fn any_cut() -> impl Strategy<Value = Cut> {
    proptest::collection::vec(1..9_usize, 1..4).prop_flat_map(cut)
}

/// Computed as written and optimised, which must be equal.
pub(super) fn everywhere(array: &Array<f64>) -> ArrayD<f64> {
    let plain = array.compute_with(&Sync::new()).unwrap();
    let fused = array.compute_with(&Optimized::new(Sync::new())).unwrap();
    assert_eq!(plain, fused);
    plain
}

pub(super) fn close(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()))
}

/// Computed as written, and optimised by threads and as if in other processes, which must be equal (NaN to NaN).
pub(super) fn the_same_everywhere<A: Element>(array: &impl Collection<Output = ArrayD<A>>) -> ArrayD<A> {
    let plain = array.compute_with(&Sync::new()).unwrap();
    let elements = |x: &ArrayD<A>| format!("{:?} {:?}", x.shape(), x.iter().collect::<Vec<_>>());
    let threads = array.compute_with(&Optimized::new(Threaded::with_workers(2))).unwrap();
    assert_eq!(elements(&plain), elements(&threads));
    let travelled = array.compute_with(&Optimized::new(Travelling)).unwrap();
    assert_eq!(elements(&plain), elements(&travelled));
    plain
}
