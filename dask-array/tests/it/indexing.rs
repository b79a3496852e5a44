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

/// 0 to 23 in the shape (2, 3, 4), cut in three ways.
fn cubes() -> Vec<Array<i64>> {
    let data = Array1::from_iter(0..24_i64).into_shape_with_order(IxDyn(&[2, 3, 4])).unwrap();
    let cuts: [Vec<Vec<usize>>; 3] = [
        vec![vec![1, 1], vec![2, 1], vec![3, 1]],
        vec![vec![2], vec![3], vec![4]],
        vec![vec![0, 2], vec![1, 1, 1], vec![1, 0, 3]],
    ];
    cuts.map(|cut| Array::from_ndarray(data.clone(), cut).unwrap()).to_vec()
}

/// The answers are numpy's.
#[test]
fn values_take_the_places_of_a_mask_one_by_one() {
    let expected = |numbers: Vec<i64>| ArrayD::from_shape_vec(IxDyn(&[2, 3, 4]), numbers).unwrap();
    let own = expected((0..24).collect());
    for x in cubes() {
        let multiples = x.remainder(3).unwrap().eq(0).unwrap();
        for cut in [1, 3, 8] {
            let values = Array::arange(0, -8, -1, cut).unwrap();
            let mut by_hand = own.clone();
            by_hand.iter_mut().filter(|x| **x % 3 == 0).zip(0..).for_each(|(x, n)| *x = -n);
            check(&x.set_filtered(&multiples, &values).unwrap(), &by_hand);
        }
        // A mask of the first axes: rows, or what broadcasts to rows.
        let mask = Array::from_ndarray(arr2(&[[true, false, true], [false, true, false]]), [1, 2]).unwrap();
        let rows = Array::arange(-100, -88, 1, 5).unwrap().reshape(&[3, 4]).unwrap();
        let last = (12..16).chain(-92..-88).chain(20..24);
        let first = (-100..-96).chain(4..8).chain(-96..-92);
        check(&x.set_filtered(&mask, &rows).unwrap(), &expected(first.chain(last).collect()));
        let each = Array::from_ndarray(arr2(&[[-1_i64], [-2], [-3]]), 1).unwrap();
        let y = x.set_filtered(&mask, &each).unwrap();
        let kept = x.filter(&mask).unwrap().compute_chunk_sizes_with(&Sync::new()).unwrap();
        let numbers =
            [-1; 4].into_iter().chain(4..8).chain([-2; 4]).chain(12..16).chain([-3; 4]).chain(20..24);
        check(&y, &expected(numbers.collect()));
        check(&y.set_filtered(&mask, &kept).unwrap(), &own);
        // Neither more nor fewer.
        for n in [2, 4] {
            let wrong = Array::arange(0_i64, n, 1, 2).unwrap().reshape(&[n as isize, 1]).unwrap();
            let error = x.set_filtered(&mask, &wrong).unwrap().compute_with(&Sync::new()).unwrap_err();
            assert!(format!("{error:?}").contains(&format!("selected: 3, values: {n}")), "{error:?}");
        }
        let message = |error: dask_array::ArrayError| error.to_string();
        let many = Array::arange(0_i64, 7, 1, 2).unwrap();
        assert!(message(x.set_filtered(&mask, &many).unwrap_err()).contains("7 values"));
        assert!(message(x.set_filtered(&mask, &x).unwrap_err()).contains("broadcast"));
        let scalar = x.sum(..).unwrap();
        assert!(message(x.set_filtered(&mask, &scalar).unwrap_err()).contains("lacks axes"));
        let short = Array::from_ndarray(arr1(&[true]), 1).unwrap();
        assert!(message(x.set_filtered(&short, &rows).unwrap_err()).contains("mask of shape [1]"));
    }
    let none = Array::<i64>::zeros(&[0], 1).unwrap();
    check(&none.set_filtered(&none.gt(0).unwrap(), &none).unwrap(), &ArrayD::zeros(IxDyn(&[0])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_filtered_can_be_set_again(
        holds in proptest::collection::vec(any::<bool>(), 1..40),
        (cut, mask_cut, values_cut) in (1_usize..9, 1_usize..9, 1_usize..9),
    ) {
        let n = holds.len();
        let x = Array::arange(0_i64, n as i64, 1, cut).unwrap();
        let mask = Array::from_ndarray(Array1::from(holds.clone()), mask_cut).unwrap();
        let values = Array1::from_iter((0..n as i64).zip(&holds).filter(|(_, holds)| **holds).map(|(at, _)| -at));
        let mut expected = Array1::from_iter(0..n as i64).into_dyn();
        expected.iter_mut().zip(&holds).filter(|(_, holds)| **holds).for_each(|(x, _)| *x = -*x);
        let y = x.set_filtered(&mask, &Array::from_ndarray(values, values_cut).unwrap()).unwrap();
        check(&y, &expected);
    }

    #[test]
    fn groups_stay_together(
        (rows, columns, cut) in (1_usize..30, 1_usize..4, 1_usize..6),
        seeds in proptest::collection::vec(proptest::collection::vec(0_usize..1000, 0..6), 0..8),
    ) {
        let (data, x) = counting(rows, columns, cut);
        let groups: Vec<Vec<usize>> =
            seeds.iter().map(|group| group.iter().map(|seed| seed % rows).collect()).collect();
        let y = x.shuffle(groups.clone(), 0).unwrap();
        check(&y, &data.select(Axis(0), &groups.concat()));
        let within = |end: &mut usize, length: &usize| {
            *end += length;
            Some(*end)
        };
        let ends: Vec<usize> = y.chunks().lengths(0).iter().scan(0, within).collect();
        let groups = groups.iter().map(Vec::len).collect::<Vec<_>>();
        for end in groups.iter().scan(0, within).zip(&groups).filter(|(_, length)| **length > 0) {
            let (end, start) = (end.0, end.0 - end.1);
            prop_assert!(!ends.iter().any(|&cut| start < cut && cut < end), "{groups:?} in {ends:?}");
        }
    }
}

/// The chunks are dask's.
#[test]
fn neighbouring_groups_share_blocks() {
    let lengths = |n: i64, cut: Vec<usize>, groups: Vec<Vec<usize>>| {
        let x = Array::arange(0, n, 1, vec![cut]).unwrap().shuffle(groups, 0).unwrap();
        x.chunks().lengths(0).to_vec()
    };
    let in_order = vec![vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7, 8], vec![9], vec![10, 11]];
    assert_eq!(lengths(12, vec![4; 3], in_order), [4, 5, 3]);
    let long = vec![vec![11, 0, 5, 5, 3, 2, 1], vec![4], vec![6, 7], vec![8, 9, 10]];
    assert_eq!(lengths(12, vec![4; 3], long), [7, 3, 3]);
    let backwards = vec![vec![9], vec![8], vec![7], vec![6], vec![5], vec![4, 3], vec![2, 1, 0]];
    assert_eq!(lengths(10, vec![3, 3, 3, 1], backwards), [3, 2, 2, 3]);
    assert_eq!(lengths(5, vec![5], vec![vec![0, 0], vec![1, 1], vec![4]]), [5]);
    let x = Array::arange(0_i64, 5, 1, 2).unwrap();
    assert!(x.shuffle([[5]], 0).unwrap_err().to_string().contains("index 5"));
    assert_eq!(x.shuffle(Vec::<Vec<i32>>::new(), 0).unwrap().shape(), [0]);
}

/// The answers are dask's.
#[test]
fn points_may_lie_along_any_axes() {
    for x in cubes() {
        let points = x.vindex_along([0, 2], [[0, 1, 1], [3, 0, 2]]).unwrap();
        check(&points, &arr2(&[[3, 7, 11], [12, 16, 20], [14, 18, 22]]).into_dyn());
        check(
            &x.vindex_along([2, 0], [[3, 0, 2], [0, 1, 1]]).unwrap(),
            &points.compute_with(&Sync::new()).unwrap(),
        );
        let points = x.vindex_along([1, -1], [[0, 2], [3, -3]]).unwrap();
        check(&points, &arr2(&[[3, 15], [9, 21]]).into_dyn());
        assert!(x.vindex_along([0, 1], [[0]]).unwrap_err().to_string().contains("[0, 1]"));
    }
}
