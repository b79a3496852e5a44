//! Laws, against the plainest way to compute the same.

use dask_array::ndarray::{Axis, IxDyn, Slice, SliceInfoElem};
use dask_array::{Array, Over, concatenate, stack, where_};
use dask_graph::{Collection, Scheduler};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::random::{Cut, any_cut, close, cut, everywhere};

/// Two arrays that broadcast: some axes of the second have length one or are missing.
fn broadcasting() -> impl Strategy<Value = (Cut, Cut)> {
    (proptest::collection::vec((1..7_usize, any::<bool>()), 1..4), 0..3_usize).prop_flat_map(
        |(axes, missing)| {
            let shape: Vec<usize> = axes.iter().map(|&(n, _)| n).collect();
            let missing = missing.min(axes.len());
            let other = axes[missing..].iter().map(|&(n, one)| if one { 1 } else { n }).collect();
            (cut(shape), cut(other))
        },
    )
}

/// Arrays that can stand one after the other along an axis, and the axis.
fn neighbours() -> impl Strategy<Value = (Vec<Cut>, usize)> {
    let lengths = proptest::collection::vec(0..5_usize, 1..4);
    (proptest::collection::vec(1..6_usize, 1..4), any::<proptest::sample::Index>(), lengths).prop_flat_map(
        |(shape, axis, lengths)| {
            let axis = axis.index(shape.len());
            let cuts: Vec<_> = lengths
                .into_iter()
                .map(|length| {
                    let mut shape = shape.clone();
                    shape[axis] = length;
                    cut(shape)
                })
                .collect();
            (cuts, Just(axis))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Blocks of an array in memory that are seen where they lie, with gaps between their lines, give what blocks
    /// give that were copied together.
    #[test]
    fn blocks_with_gaps_are_as_good_as_dense_ones(
        rows in 1..5_usize,
        columns in 1..900_usize,
        (height, width) in (1..4_usize, 128..500_usize),
        is_transposed: bool,
    ) {
        let numbers = dask_array::ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| ((7 * i + 3 * j) % 101) as f64);
        let lines = Array::from_ndarray(numbers, [height, width]).unwrap();
        let dense = lines.map_blocks(|block| block.as_standard_layout().into_owned());
        let pairs = [lines, dense].map(|x| if is_transposed { x.t() } else { x });
        let of = |make: &dyn Fn(&Array<f64>) -> Array<f64>| pairs.each_ref().map(|x| everywhere(&make(x)));
        let ways: [&dyn Fn(&Array<f64>) -> Array<f64>; 9] = [
            &|x| x.clone(),
            &|x| x * 2.0 + x.t().t(),
            &|x| x - x.mean(0).unwrap(),
            &|x| x.std(1, 0.0).unwrap(),
            &|x| x.cumsum(1).unwrap(),
            &|x| x.diagonal(0, 0, 1).unwrap(),
            &|x| x.slice(dask_array::ndarray::s![..;2, ..;-1]).unwrap(),
            &|x| x.t().ravel() * 2.0,
            &|x| x.dot(&x.t()).unwrap(),
        ];
        for way in ways {
            let [with_gaps, dense] = of(way);
            prop_assert!(close(&with_gaps, &dense));
        }
    }

    #[test]
    fn concatenating_is_ndarrays((cuts, axis) in neighbours()) {
        let arrays: Vec<Array<f64>> = cuts.iter().map(Cut::lazy).collect();
        let views: Vec<_> = cuts.iter().map(|cut| cut.array.view()).collect();
        let expected = dask_array::ndarray::concatenate(Axis(axis), &views).unwrap();
        let from_end = axis as isize - expected.ndim() as isize;
        prop_assert_eq!(everywhere(&concatenate(&arrays, axis as isize).unwrap()), expected.clone());
        prop_assert_eq!(everywhere(&(concatenate(&arrays, from_end).unwrap() * 2.0)), expected * 2.0);
    }

    #[test]
    fn stacking_is_ndarrays((a, b) in (proptest::collection::vec(1..6_usize, 0..3)).prop_flat_map(|shape| (cut(shape.clone()), cut(shape))), axis in 0..3_usize) {
        let axis = axis.min(a.array.ndim());
        let arrays = [a.lazy(), b.lazy() + 1.0, a.lazy()];
        let other = &b.array + 1.0;
        let expected = dask_array::ndarray::stack(Axis(axis), &[a.array.view(), other.view(), a.array.view()]);
        prop_assert_eq!(everywhere(&stack(&arrays, axis as isize).unwrap()), expected.unwrap());
    }

    #[test]
    fn chains_are_as_ndarrays((a, b) in broadcasting()) {
        let (x, y) = (a.lazy(), b.lazy());
        let chain = ((&x - &y) * 2.0 + &x).abs().maximum(&y).unwrap();
        let expected = (&a.array - &b.array) * 2.0 + &a.array;
        let wide = b.array.broadcast(expected.raw_dim()).unwrap();
        let mut expected = expected.mapv(f64::abs);
        expected.zip_mut_with(&wide, |a, &b| *a = a.max(b));
        prop_assert_eq!(everywhere(&chain), expected.clone());

        let chosen = where_(&chain.gt(&y).unwrap(), &chain, -1.0).unwrap();
        let mut kept = expected;
        kept.zip_mut_with(&wide, |a, &b| if *a <= b { *a = -1.0 });
        prop_assert_eq!(everywhere(&chosen), kept);
    }

    #[test]
    fn reductions_are_as_a_plain_loop(a in any_cut(), axis in 0..3_usize, split in 2..5_u32) {
        let axis = axis % a.array.ndim();
        let over = || Over::from(axis as isize).split_every(split);
        let x = a.lazy();
        let n = a.array.shape()[axis] as f64;
        let sum = a.array.sum_axis(Axis(axis));
        // Eighths add up exactly.
        prop_assert_eq!(&everywhere(&x.sum(over()).unwrap()), &sum);
        prop_assert!(close(&everywhere(&x.mean(over()).unwrap()), &(&sum / n)));
        let var = a.array.var_axis(Axis(axis), 0.0);
        prop_assert!(close(&everywhere(&x.var(over(), 0.0).unwrap()), &var));
        let min = a.array.fold_axis(Axis(axis), f64::INFINITY, |a, b| a.min(*b));
        prop_assert_eq!(&everywhere(&x.min(over()).unwrap()), &min);
        let all = x.sum(..).unwrap().item_with(&Sync::new()).unwrap();
        prop_assert_eq!(all, a.array.sum());
        let turned = x.t().max(..).unwrap().item_with(&Sync::new()).unwrap();
        prop_assert_eq!(turned, a.array.fold(f64::NEG_INFINITY, |a, b| a.max(*b)));
    }

    #[test]
    fn results_do_not_depend_on_workers(a in any_cut()) {
        let x = a.lazy();
        let y = ((&x * 0.1).exp() / &x.std(0, 0.0).unwrap()).sum(..).unwrap();
        let one = y.compute_with(&Sync::new()).unwrap();
        for workers in 1..4 {
            let many = y.compute_with(&Threaded::with_workers(workers)).unwrap();
            prop_assert_eq!(one.first().map(|x| x.to_bits()), many.first().map(|x| x.to_bits()));
        }
    }

    #[test]
    fn rechunking_keeps_values(a in any_cut(), n in 1..5_isize) {
        // Of a computed array, so that blocks are gathered, and of a stored one, which is read anew.
        let stored = a.lazy().rechunk(n).unwrap();
        let computed = (a.lazy() + 0.0).rechunk(n).unwrap();
        prop_assert_eq!(stored.chunks(), computed.chunks());
        prop_assert_eq!(&everywhere(&stored), &a.array);
        prop_assert_eq!(&everywhere(&computed), &a.array);
    }

    #[test]
    fn slices_are_as_ndarrays(
        a in any_cut(),
        parts in proptest::collection::vec((0.0..1.0, 0.0..1.0, prop_oneof![-4..0_isize, 1..4_isize], 0..5), 3),
    ) {
        let mut elems = Vec::new();
        for (&n, &(from, to, step, kind)) in a.array.shape().iter().zip(&parts) {
            let at = |x: f64| (x * (n + 1) as f64) as isize;
            let (from, to) = (at(from).min(at(to)), at(from).max(at(to)));
            elems.push(match kind {
                0 => SliceInfoElem::Index(from.min(n as isize - 1)),
                _ => SliceInfoElem::from(Slice::new(from, Some(to), step)),
            });
        }
        let expected = a.array.slice(&elems[..]).to_owned();
        prop_assert_eq!(&everywhere(&a.lazy().slice(elems.clone()).unwrap()), &expected);
        prop_assert_eq!(&everywhere(&(a.lazy() + 0.0).slice(elems).unwrap()), &expected);
    }

    #[test]
    fn transposing_moves_axes(a in any_cut(), rotate in 0..3_usize) {
        let n = a.array.ndim();
        let order: Vec<usize> = (0..n).map(|axis| (axis + rotate) % n).collect();
        let axes: Vec<isize> = order.iter().map(|&axis| axis as isize).collect();
        let expected = a.array.clone().permuted_axes(IxDyn(&order));
        let turned = a.lazy().transpose(&axes).unwrap();
        prop_assert_eq!(&everywhere(&turned), &expected);
        prop_assert_eq!(&everywhere(&(&turned * 2.0 - &turned)), &expected);
    }
}

#[test]
fn sums_of_many_small_numbers_are_accurate() {
    let n = 3_000_001;
    for chunks in [-1, 100_000] {
        let x = Array::full(&[n], 0.1_f64, chunks).unwrap();
        let sum = x.sum(..).unwrap().item_with(&Sync::new()).unwrap();
        assert!((sum - 0.1 * n as f64).abs() < 1e-8, "{sum}");
        // Down the rows of a narrow matrix, where each column is one long sum.
        let x = Array::full(&[n, 2], 0.1_f64, [chunks, -1]).unwrap();
        let sums = x.sum(0).unwrap().compute_with(&Sync::new()).unwrap();
        assert!(sums.iter().all(|sum| (sum - 0.1 * n as f64).abs() < 1e-8), "{sums}");
    }
    // Far from zero, a variance by the difference of squares would be all error.
    let x = Array::arange(0.0, 10_000.0, 1.0, 777).unwrap();
    let far = x.remainder(2.0).unwrap() + 1e9;
    let var: f64 = far.var(.., 0.0).unwrap().item_with(&Sync::new()).unwrap();
    assert!((var - 0.25_f64).abs() < 1e-9, "{var}");
}

#[test]
fn a_scheduler_is_all_that_is_needed() {
    let schedulers: Vec<Box<dyn Scheduler>> = vec![Box::new(Sync::new()), Box::new(Threaded::new())];
    for scheduler in schedulers {
        let x = Array::<f64>::ones(&[10, 10], 3).unwrap();
        assert_eq!(x.sum(..).unwrap().item_with(&*scheduler).unwrap(), 100.0);
    }
}
