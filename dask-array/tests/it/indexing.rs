//! Indexing by lists and points, and assignment, as done element by element.

use dask_array::ndarray::{Array1, ArrayD, Axis, IxDyn, NewAxis, Slice, arr1, arr2};
use dask_array::{Array, Ellipsis, Index};
use dask_graph::Collection;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::configurations::in_process;

/// An array that counts, cut in blocks, one of them empty.
fn counting(rows: usize, columns: usize, cut: usize) -> (ArrayD<i64>, Array<i64>) {
    let data = Array1::from_iter(0..(rows * columns) as i64).into_shape_with_order((rows, columns)).unwrap();
    let blocks = |n: usize| {
        let mut lengths = vec![cut.min(n); n / cut.min(n)];
        lengths.push(n % cut.min(n));
        lengths
    };
    let x = Array::from_ndarray(data.clone(), vec![blocks(rows), blocks(columns)]).unwrap();
    (data.into_dyn(), x)
}

fn check(got: &Array<i64>, expected: &ArrayD<i64>) {
    for (name, scheduler) in in_process() {
        assert_eq!(&got.compute_with(&*scheduler).unwrap(), expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn lists_take_what_they_name(
        (rows, columns, cut) in (1_usize..30, 1_usize..6, 1_usize..5),
        seeds in proptest::collection::vec(0_usize..1000, 0..40),
    ) {
        let (data, x) = counting(rows, columns, cut);
        let along = |n: usize| -> Vec<usize> { seeds.iter().map(|seed| seed % n).collect() };
        let negative: Vec<isize> = along(rows).iter().map(|&at| at as isize - rows as isize).collect();
        check(&x.take(along(rows), 0).unwrap(), &data.select(Axis(0), &along(rows)));
        check(&x.take(negative, 0).unwrap(), &data.select(Axis(0), &along(rows)));
        check(&x.take(along(columns), -1).unwrap(), &data.select(Axis(1), &along(columns)));
        let lazy = Array1::from_iter(along(rows).iter().map(|&at| at as i64 - (at % 2 * rows) as i64));
        let lazy = Array::from_ndarray(lazy, cut + 1).unwrap();
        check(&x.take_array(&lazy, 0).unwrap(), &data.select(Axis(0), &along(rows)));
        let points = x.vindex([along(rows), along(columns)]).unwrap();
        let expected = along(rows).into_iter().zip(along(columns)).map(|(i, j)| (i * columns + j) as i64);
        check(&points, &Array1::from_iter(expected).into_dyn());
        let mask: Vec<bool> = (0..rows).map(|at| seeds.contains(&at)).collect();
        let held: Vec<usize> = (0..rows).filter(|&at| mask[at]).collect();
        check(&x.index((mask,)).unwrap(), &data.select(Axis(0), &held));
    }

    #[test]
    fn what_is_set_is_there(
        (rows, columns, cut) in (1_usize..12, 1_usize..6, 1_usize..5),
        (from, step) in (0_usize..12, 1_isize..4),
        seeds in proptest::collection::vec(0_usize..1000, 1..9),
    ) {
        let (data, x) = counting(rows, columns, cut);
        let from = from % rows;
        let backwards = Slice::new(from as isize, None, -step);
        let mut expected = data.clone();
        expected.slice_axis_mut(Axis(0), backwards).fill(-1);
        check(&x.set((backwards,), -1).unwrap(), &expected);

        // Rows of a part by an array with an axis that is broadcast.
        let mut expected = data.clone();
        let mut part = expected.slice_axis_mut(Axis(0), backwards);
        let values = Array1::from_iter((0..part.shape()[0] as i64).map(|i| -i));
        part.assign(&values.view().insert_axis(Axis(1)));
        let column = Array::from_ndarray(values.insert_axis(Axis(1)), 2).unwrap();
        check(&x.set((backwards,), &column).unwrap(), &expected);

        // By a list, the last of equal positions.
        let list: Vec<usize> = seeds.iter().map(|seed| seed % columns).collect();
        let mut expected = data.clone();
        for (value, &at) in (100..).zip(&list) {
            expected.index_axis_mut(Axis(1), at).slice_axis_mut(Axis(0), Slice::from(from..)).fill(value);
        }
        let values = Array::arange(100, 100 + list.len() as i64, 1, 2).unwrap();
        check(&x.set((from.., list.clone()), &values).unwrap(), &expected);
        for &at in &list {
            expected.index_axis_mut(Axis(1), at).slice_axis_mut(Axis(0), Slice::from(from..)).fill(7);
        }
        check(&x.set((from.., list), 7).unwrap(), &expected);
    }
}

#[test]
fn a_permutation_of_many_blocks_is_exchanged_in_groups() {
    let n = 1_000_usize;
    let x = Array::arange(0_i64, n as i64, 1, 2).unwrap();
    let order: Vec<usize> = (0..n).map(|at| at * 387 % n).collect();
    let expected: Vec<i64> = order.iter().map(|&at| at as i64).collect();
    let y = x.take(order, 0).unwrap();
    assert_eq!(y.chunks().lengths(0), [2; 500]);
    for scheduler in [&Sync::new() as &dyn dask_graph::Scheduler, &Optimized::new(Threaded::with_workers(2))]
    {
        assert_eq!(y.compute_with(scheduler).unwrap().as_slice().unwrap(), expected);
    }
}

#[test]
fn an_index_may_mix_everything_but_lists() {
    let data = Array1::from_iter(0..120_i64).into_shape_with_order(IxDyn(&[4, 5, 6])).unwrap();
    let x = Array::from_ndarray(data.clone(), [2, 2, 4]).unwrap();
    let got = x.index((-1, NewAxis, Ellipsis, vec![5, 0])).unwrap();
    let expected = data.index_axis(Axis(0), 3).select(Axis(1), &[5, 0]).insert_axis(Axis(0));
    assert_eq!(got.compute_with(&Sync::new()).unwrap(), expected);
    let evenly = x.index(([3, 1],)).unwrap();
    assert_eq!(evenly.compute_with(&Sync::new()).unwrap(), data.select(Axis(0), &[3, 1]));
    let message = |error: dask_array::ArrayError| error.to_string();
    assert!(message(x.index(([0], [0])).unwrap_err()).contains("vindex"));
    assert!(message(x.index((Ellipsis, Ellipsis)).unwrap_err()).contains("one ellipsis"));
    assert!(message(x.index((0, 0, 0, 0)).unwrap_err()).contains("4 indices"));
    assert!(message(x.index(([4],)).unwrap_err()).contains("index 4 is out of range for axis 0"));
    assert!(message(x.index(([true],)).unwrap_err()).contains("axis 0"));
    assert!(message(x.take([0], 3).unwrap_err()).contains("axis 3"));
    assert!(message(x.vindex([vec![0, 1], vec![0]]).unwrap_err()).contains("[2, 1]"));
    assert!(message(x.vindex(Vec::<Vec<i32>>::new()).unwrap_err()).contains("0 indices"));
    assert!(message(x.compress([true; 5], 0).unwrap_err()).contains("at most 4"));
    let row = Array::from_ndarray(arr1(&[1_i64, 2, 3]), 2).unwrap();
    assert_eq!(x.take_array(&row.reshape(&[1, 3]).unwrap(), 1).unwrap().shape(), [4, 1, 3, 6]);
    let outside = x.take_array(&(&row * -2), 0).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(format!("{outside:?}").contains("PositionError { position: -6, length: 4 }"), "{outside:?}");
    assert!(message(x.set((0,), &row).unwrap_err()).contains("do not broadcast"));
    assert!(message(x.set((9,), 0).unwrap_err()).contains("index 9"));
    let mask = row.gt(1).unwrap();
    assert!(message(x.set_where(&mask, 0).unwrap_err()).contains("mask of shape [3]"));
    assert!(message(x.blocks((NewAxis, 0)).unwrap_err()).contains("new ones"));
    assert!(message(x.blocks((2,)).unwrap_err()).contains("index 2"));
}

#[test]
fn blocks_are_chosen_whole() {
    let (data, x) = counting(7, 4, 3);
    check(&x.blocks((-1, ..)).unwrap(), &data.select(Axis(0), &[6]));
    check(&x.blocks(([1, 0],)).unwrap(), &data.select(Axis(0), &[3, 4, 5, 0, 1, 2]));
    check(&x.blocks((.., 1..1)).unwrap(), &data.select(Axis(1), &[]));
    let parts: Vec<Index> = vec![Ellipsis.into(), 0.into()];
    check(&x.blocks(parts).unwrap(), &data.select(Axis(1), &[0, 1, 2]));
}

#[test]
fn masks_replace_where_they_hold() {
    let (_, x) = counting(3, 2, 2);
    let rows = x.min(1).unwrap().gt(1).unwrap();
    let y = x.set_where(&rows, -1).unwrap();
    check(&y, &arr2(&[[0, 1], [-1, -1], [-1, -1]]).into_dyn());
    check(
        &y.set_where(&y.lt(0).unwrap(), &(&x * 10)).unwrap(),
        &arr2(&[[0, 1], [20, 30], [40, 50]]).into_dyn(),
    );
}
