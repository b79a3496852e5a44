//! Operations on shapes, as ndarray or plain loops do them.

use dask_array::ndarray::{Array1, Array2, ArrayD, Axis, IxDyn, arr1, arr2, concatenate};
use dask_array::{Array, ArrayError, PadMode};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::configurations::in_process;

fn check<T: dask_array::Element>(got: &Array<T>, expected: &ArrayD<T>) {
    assert_eq!(got.shape(), expected.shape());
    for (name, scheduler) in in_process() {
        assert_eq!(&got.compute_with(&*scheduler).unwrap(), expected, "{name}");
    }
}

/// An array of these lengths that counts, cut in blocks of these lengths, an empty one in front.
fn counting(shape: &[usize], cut: &[usize]) -> (ArrayD<i64>, Array<i64>) {
    let n: usize = shape.iter().product();
    let data = Array1::from_iter(0..n as i64).into_shape_with_order(IxDyn(shape)).unwrap();
    let lengths = |(&n, &cut): (&usize, &usize)| -> Vec<usize> {
        let mut lengths = vec![0];
        lengths.extend((0..n).step_by(cut).map(|at| cut.min(n - at)));
        lengths
    };
    let chunks: Vec<Vec<usize>> = shape.iter().zip(cut).map(lengths).collect();
    (data.clone(), Array::from_ndarray(data, chunks).unwrap())
}

/// Lengths of factors of a number, of which several make up an axis.
fn regroup(factors: &[usize], ends: &[bool]) -> Vec<usize> {
    let mut shape = vec![1];
    for (&factor, &ends) in factors.iter().zip(ends) {
        if ends {
            shape.push(factor);
        } else if let Some(last) = shape.last_mut() {
            *last *= factor;
        }
    }
    shape
}

fn shape() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    (1_usize..4).prop_flat_map(|ndim| {
        (proptest::collection::vec(1_usize..6, ndim), proptest::collection::vec(1_usize..4, ndim))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_reshape_is_in_row_major_order(
        factors in proptest::collection::vec(1_usize..5, 4),
        (from, to) in (proptest::collection::vec(any::<bool>(), 4), proptest::collection::vec(any::<bool>(), 4)),
        cut in proptest::collection::vec(1_usize..5, 5),
        swap in any::<bool>(),
    ) {
        let shape = regroup(&factors, &from);
        let mut others = factors;
        if swap {
            // Uneven: no axis of one shape is made of axes of the other.
            others.reverse();
        }
        let to = regroup(&others, &to);
        let (data, x) = counting(&shape, &cut);
        let wanted: Vec<isize> = to.iter().map(|&n| n as isize).collect();
        let expected = data.clone().into_shape_with_order(IxDyn(&to)).unwrap();
        let y = x.reshape(&wanted).unwrap();
        check(&y, &expected);
        check(&x.reshape_unmerged(&wanted).unwrap(), &expected);
        check(&y.ravel(), &data.flatten().to_owned().into_dyn());
        let largest = |x: &Array<i64>| -> usize {
            x.chunks().axes().iter().map(|lengths| lengths.iter().max().unwrap()).product()
        };
        prop_assert!(largest(&y) <= largest(&x).max(1));
    }

    #[test]
    fn flips_rolls_and_turns((shape, cut) in shape(), shift in -9_isize..9, k in -5_isize..5) {
        let (data, x) = counting(&shape, &cut);
        let n = shape[0] as isize;
        check(&x.flip(0).unwrap(), &data.select(Axis(0), &(0..shape[0]).rev().collect::<Vec<_>>()));
        let places: Vec<usize> = (0..n).map(|at| (at - shift).rem_euclid(n) as usize).collect();
        check(&x.roll(shift, 0).unwrap(), &data.select(Axis(0), &places));
        let mut flat = data.iter().copied().collect::<Vec<_>>();
        let by = shift.rem_euclid(flat.len() as isize) as usize;
        flat.rotate_right(by);
        check(&x.roll(shift, None).unwrap(), &ArrayD::from_shape_vec(data.raw_dim(), flat).unwrap());
        if shape.len() > 1 {
            let mut turned = data.clone();
            for _ in 0..k.rem_euclid(4) {
                let columns: Vec<usize> = (0..turned.shape()[1]).rev().collect();
                turned = turned.select(Axis(1), &columns);
                turned.swap_axes(0, 1);
            }
            check(&x.rot90(k, [0, 1]).unwrap(), &turned.as_standard_layout().into_owned());
        }
    }

    #[test]
    fn repeats_and_tiles((shape, cut) in shape(), n in 0_usize..4, counts in proptest::collection::vec(0_usize..3, 6)) {
        let (data, x) = counting(&shape, &cut);
        let last = shape.len() - 1;
        let each = |of: &dyn Fn(usize) -> usize| -> Vec<usize> {
            (0..shape[last]).flat_map(|at| std::iter::repeat_n(at, of(at))).collect()
        };
        check(&x.repeat(n, -1).unwrap(), &data.select(Axis(last), &each(&|_| n)));
        check(&x.repeat(&counts[..shape[last]], -1).unwrap(), &data.select(Axis(last), &each(&|at| counts[at])));
        let times: Vec<usize> = (0..n * shape[0]).map(|at| at % shape[0]).collect();
        let mut repeats = vec![1; shape.len()];
        repeats[0] = n;
        check(&x.tile(&repeats).unwrap(), &data.select(Axis(0), &times));
    }

    #[test]
    fn inserting_and_deleting(
        (shape, cut) in shape(),
        places in proptest::collection::vec(0_usize..100, 0..5),
        many in any::<bool>(),
    ) {
        let (data, x) = counting(&shape, &cut);
        let n = shape[0];
        // Many of them are gathered rather than joined.
        let repeated = if many { 40 } else { 1 };
        let places: Vec<usize> =
            places.iter().flat_map(|&at| std::iter::repeat_n(at, repeated)).map(|at| at % (n + 1)).collect();
        let gone: Vec<usize> = places.iter().copied().filter(|&at| at < n).collect();
        let kept: Vec<usize> = (0..n).filter(|at| !gone.contains(at)).collect();
        check(&x.delete(gone, 0).unwrap(), &data.select(Axis(0), &kept));
        let mut rows: Vec<ArrayD<i64>> = Vec::new();
        let row = data.index_axis(Axis(0), 0).to_owned().insert_axis(Axis(0));
        for at in 0..=n {
            for value in (0..places.len()).filter(|&value| places[value] == at) {
                rows.push(ArrayD::from_elem(row.raw_dim(), -(value as i64)));
            }
            if at < n {
                rows.push(data.index_axis(Axis(0), at).to_owned().insert_axis(Axis(0)));
            }
        }
        let rows: Vec<_> = rows.iter().map(|row| row.view()).collect();
        let expected = concatenate(Axis(0), &rows).unwrap();
        let values = Array::arange(0_i64, -(places.len() as i64), -1, 3).unwrap();
        let mut column = vec![1; shape.len()];
        column[0] = places.len() as isize;
        check(&x.insert(places, values.reshape(&column).unwrap(), 0).unwrap(), &expected);
    }

    #[test]
    fn margins_are_numpys((shape, cut) in shape(), before in 0_usize..9, behind in 0_usize..9) {
        let (data, x) = counting(&shape, &cut);
        let (n, axis) = (shape[0] as isize, Axis(0));
        let mut widths = vec![(0, 0); shape.len()];
        widths[0] = (before, behind);
        let around = -(before as isize)..n + behind as isize;
        let by = |of: &dyn Fn(isize) -> isize| -> ArrayD<i64> {
            data.select(axis, &around.clone().map(|at| of(at) as usize).collect::<Vec<_>>())
        };
        let padded = |mode| x.pad(&widths[..], mode).unwrap();
        check(&padded(PadMode::Edge), &by(&|at| at.clamp(0, n - 1)));
        check(&padded(PadMode::Wrap), &by(&|at| at.rem_euclid(n)));
        let symmetric = |at: isize| {
            let at = at.rem_euclid(2 * n);
            at.min(2 * n - 1 - at)
        };
        check(&padded(PadMode::Symmetric), &by(&symmetric));
        let reflected = |at: isize| {
            let at = at.rem_euclid((2 * n - 2).max(1));
            at.min(2 * n - 2 - at).max(0)
        };
        check(&padded(PadMode::Reflect), &by(&reflected));
        let mut constant = by(&|at| at.clamp(0, n - 1));
        let (rows, behind) = (constant.shape()[0], constant.shape()[0] - behind);
        for row in (0..before).chain(behind..rows) {
            constant.index_axis_mut(axis, row).fill(7);
        }
        check(&padded(PadMode::Constant(7)), &constant);
    }

    #[test]
    fn differences_and_groups((shape, cut) in shape(), n in 0_usize..4, size in 1_usize..4) {
        let (data, x) = counting(&shape, &cut);
        let squares = &x * &x;
        let mut expected = data.mapv(|x| x * x);
        for _ in 0..n {
            let rows = expected.shape()[0];
            let upper = expected.slice_axis(Axis(0), (1.min(rows)..).into()).to_owned();
            expected = &upper - &expected.slice_axis(Axis(0), (..rows.saturating_sub(1)).into());
        }
        check(&squares.diff(n, 0).unwrap(), &expected);
        let whole = shape[0] - shape[0] % size;
        let sums: Vec<_> = data
            .slice_axis(Axis(0), (..whole).into())
            .axis_chunks_iter(Axis(0), size)
            .map(|rows| rows.sum_axis(Axis(0)))
            .collect();
        let coarse = x.coarsen_trimmed(&[(0, size)], |x, within| x.sum(within)).unwrap();
        prop_assert_eq!(coarse.shape()[0], sums.len());
        for (at, sum) in sums.iter().enumerate() {
            check(&coarse.slice((at as isize,)).unwrap(), sum);
        }
    }

    #[test]
    fn rechunking_in_steps_keeps_every_element(n in 30_usize..60) {
        // Enough pieces to be planned in steps.
        let data = Array2::from_shape_fn((n, n), |(i, j)| (i * n + j) as i64);
        let x = Array::from_ndarray(data.clone(), [1, n]).unwrap() + 1;
        let columns = x.rechunk([n, 1]).unwrap();
        let got = columns.compute_with(&Sync::new()).unwrap();
        prop_assert_eq!(got, (data + 1).into_dyn());
    }
}

#[test]
fn a_gradient_is_numpys() {
    let x = Array::from_ndarray(arr1(&[1, 2, 4, 7, 11, 16]), 2).unwrap();
    let even = x.gradient(2.0, 0).unwrap();
    assert_eq!(even.chunks(), x.chunks());
    check(&even, &arr1(&[0.5, 0.75, 1.25, 1.75, 2.25, 2.5]).into_dyn());
    let places = x.gradient([0.0, 1.0, 1.5, 3.5, 4.0, 6.0], 0).unwrap();
    // numpy.gradient([1, 2, 4, 7, 11, 16], [0, 1, 1.5, 3.5, 4, 6])
    let expected = [1.0, 3.0, 3.5, 6.7, 6.9, 2.5];
    let got = places.compute_with(&Sync::new()).unwrap();
    assert!(got.iter().zip(expected).all(|(got, want)| f64::abs(got - want) < 1e-12), "{got}");
}

#[test]
fn margins_of_statistics_and_ramps() {
    let x = Array::from_ndarray(arr2(&[[1, 2], [4, 8]]), 1).unwrap();
    let padded = |mode| x.pad([(1, 0), (0, 2)], mode).unwrap();
    check(&padded(PadMode::Maximum), &arr2(&[[4, 8, 8, 8], [1, 2, 2, 2], [4, 8, 8, 8]]).into_dyn());
    check(&padded(PadMode::Minimum), &arr2(&[[1, 2, 1, 1], [1, 2, 1, 1], [4, 8, 4, 4]]).into_dyn());
    // Halves to the even one.
    check(&padded(PadMode::Mean), &arr2(&[[2, 5, 4, 4], [1, 2, 2, 2], [4, 8, 6, 6]]).into_dyn());
    check(&padded(PadMode::Median), &arr2(&[[2, 5, 4, 4], [1, 2, 2, 2], [4, 8, 6, 6]]).into_dyn());
    check(&padded(PadMode::LinearRamp(0)), &arr2(&[[0, 0, 0, 0], [1, 2, 1, 0], [4, 8, 4, 0]]).into_dyn());
    let flags = Array::from_ndarray(arr1(&[false, true]), 1).unwrap();
    check(&flags.pad(1, PadMode::Edge).unwrap(), &arr1(&[false, false, true, true]).into_dyn());
}

#[test]
fn margins_of_statistics_of_the_nearest() {
    // numpy.pad([[1, 2, 9], [4, 8, 3], [5, 6, 7]], [(1, 0), (0, 2)], mode, stat_length=[(2, 1), (1, 2)])
    let x = Array::from_ndarray(arr2(&[[1, 2, 9], [4, 8, 3], [5, 6, 7]]), [2, 1]).unwrap();
    let padded = |mode| x.pad_nearest([(1, 0), (0, 2)], mode, [(2, 1), (1, 2)]).unwrap();
    let largest = [[4, 8, 9, 9, 9], [1, 2, 9, 9, 9], [4, 8, 3, 8, 8], [5, 6, 7, 7, 7]];
    check(&padded(PadMode::Maximum), &arr2(&largest).into_dyn());
    let smallest = [[1, 2, 3, 2, 2], [1, 2, 9, 2, 2], [4, 8, 3, 3, 3], [5, 6, 7, 6, 6]];
    check(&padded(PadMode::Minimum), &arr2(&smallest).into_dyn());
    let middle = [[2, 5, 6, 6, 6], [1, 2, 9, 6, 6], [4, 8, 3, 6, 6], [5, 6, 7, 6, 6]];
    check(&padded(PadMode::Mean), &arr2(&middle).into_dyn());
    check(&padded(PadMode::Median), &arr2(&middle).into_dyn());
    // More than there are: all.
    let all = x.pad_nearest(1, PadMode::Maximum, 100).unwrap().compute_with(&Sync::new()).unwrap();
    check(&x.pad(1, PadMode::Maximum).unwrap(), &all);
    let problem = |mode, n: usize| x.pad_nearest(1, mode, n).unwrap_err().to_string();
    assert!(problem(PadMode::Edge, 1).contains("not the maximum"));
    assert!(problem(PadMode::Mean, 0).contains("is 0"));
}

#[test]
fn inserted_values_of_fewer_axes_lie_across_as_in_numpy() {
    let x = Array::from_ndarray(arr2(&[[1, 2, 3], [4, 5, 6]]), 2).unwrap();
    let column = Array::from_ndarray(arr1(&[7, 8]), 1).unwrap();
    check(&x.insert(1, &column, 1).unwrap(), &arr2(&[[1, 7, 2, 3], [4, 8, 5, 6]]).into_dyn());
    let row = Array::from_ndarray(arr1(&[7, 8, 9]), 2).unwrap();
    check(&x.insert(-2, &row, 0).unwrap(), &arr2(&[[7, 8, 9], [1, 2, 3], [4, 5, 6]]).into_dyn());
    check(&x.insert([2, 0], 0, 1).unwrap(), &arr2(&[[0, 1, 2, 0, 3], [0, 4, 5, 0, 6]]).into_dyn());
}

#[test]
fn axes_are_added_removed_and_moved() {
    let (data, x) = counting(&[1, 4, 3], &[1, 3, 2]);
    check(&x.squeeze(0).unwrap(), &data.index_axis(Axis(0), 0).to_owned());
    assert_eq!(x.expand_dims([0, -1]).unwrap().shape(), [1, 1, 4, 3, 1]);
    assert_eq!(x.expand_dims(Vec::<isize>::new().as_slice()).unwrap().shape(), [1, 4, 3]);
    assert_eq!(x.moveaxis([0, 1], [-1, 0]).unwrap().shape(), [4, 3, 1]);
    assert_eq!(x.rollaxis(2, 0).unwrap().shape(), [3, 1, 4]);
    assert_eq!(x.rollaxis(0, 3).unwrap().shape(), [4, 3, 1]);
    assert_eq!(x.swapaxes(-1, 0).unwrap().shape(), [3, 4, 1]);
    let number = x.sum(..).unwrap();
    assert_eq!(number.atleast_1d().shape(), [1]);
    assert_eq!(number.atleast_3d().shape(), [1, 1, 1]);
    assert_eq!(x.squeeze(0).unwrap().atleast_3d().shape(), [4, 3, 1]);
    assert_eq!(number.reshape(&[1, 1]).unwrap().reshape(&[]).unwrap().item_with(&Sync::new()).unwrap(), 66);
}

#[test]
fn what_is_empty_has_every_shape_of_nothing() {
    let none = Array::<f64>::ones(&[0, 4], 2).unwrap();
    assert_eq!(none.reshape(&[2, 0, 7]).unwrap().compute_with(&Sync::new()).unwrap().shape(), [2, 0, 7]);
    assert_eq!(none.roll(3, 0).unwrap().shape(), [0, 4]);
    assert_eq!(none.roll(3, None).unwrap().shape(), [0, 4]);
    assert_eq!(none.diff(2, 0).unwrap().shape(), [0, 4]);
    assert_eq!(none.repeat(2, 1).unwrap().compute_with(&Sync::new()).unwrap().shape(), [0, 8]);
    assert_eq!(
        none.pad(1, PadMode::Constant(2.0)).unwrap().sum(..).unwrap().item_with(&Sync::new()).unwrap(),
        24.0
    );
    assert_eq!(none.take([1, 3, 0], 1).unwrap().compute_with(&Sync::new()).unwrap().shape(), [0, 3]);
}

#[test]
fn mistakes_of_shape_are_raised_when_written() {
    let x = Array::<f64>::ones(&[3, 4], 2).unwrap();
    let message = |error: ArrayError| error.to_string();
    assert!(message(x.reshape(&[5, -1]).unwrap_err()).contains("12 elements"));
    assert!(message(x.reshape(&[-1, -1]).unwrap_err()).contains("one length may be -1"));
    assert!(message(x.squeeze(0).unwrap_err()).contains("axis 0 has length 3"));
    assert!(message(x.expand_dims([0, 0]).unwrap_err()).contains("once"));
    assert!(message(x.expand_dims(4).unwrap_err()).contains("axis 4"));
    assert!(message(x.moveaxis([0, 1], 0).unwrap_err()).contains("once"));
    assert!(message(x.swapaxes(0, 2).unwrap_err()).contains("axis 2"));
    assert!(message(x.rollaxis(0, 3).unwrap_err()).contains("axis 3"));
    assert!(message(x.flip([0, -2]).unwrap_err()).contains("once"));
    assert!(message(x.rot90(1, [1, 1]).unwrap_err()).contains("once"));
    assert!(message(x.roll(1, 2).unwrap_err()).contains("axis 2"));
    assert!(message(x.repeat([1, 2], 0).unwrap_err()).contains("2 numbers of repeats"));
    assert!(message(x.repeat(usize::MAX, 0).unwrap_err()).contains("more bytes"));
    assert!(message(x.tile(&[usize::MAX, 1]).unwrap_err()).contains("more bytes"));
    assert!(message(x.insert(4, 0.0, 0).unwrap_err()).contains("index 4 is out of range"));
    assert!(message(x.insert([0, 1], &x, 0).unwrap_err()).contains("broadcast"));
    assert!(message(x.delete(3, 0).unwrap_err()).contains("index 3"));
    assert!(message(x.append(&x.t(), 0).unwrap_err()).contains("[4, 3]"));
    assert!(message(x.pad([(1, 1)], PadMode::Edge).unwrap_err()).contains("margins for 1 axes"));
    assert!(message(x.pad(usize::MAX, PadMode::Edge).unwrap_err()).contains("more bytes"));
    let none = Array::<f64>::ones(&[0], 1).unwrap();
    assert!(message(none.pad(1, PadMode::Wrap).unwrap_err()).contains("pad it with a constant"));
    assert!(message(x.diff(1, 2).unwrap_err()).contains("axis 2"));
    assert!(message(none.gradient(1.0, 0).unwrap_err()).contains("2 elements"));
    assert!(message(x.gradient([1.0], 0).unwrap_err()).contains("1 places"));
    assert!(
        message(x.coarsen(&[(1, 3)], |x, within| x.sum(within)).unwrap_err())
            .contains("no multiple of a group of 3")
    );
    assert!(message(x.coarsen(&[(1, 0)], |x, within| x.sum(within)).unwrap_err()).contains("group of 0"));
    assert!(message(x.coarsen(&[(1, 2), (-1, 2)], |x, within| x.sum(within)).unwrap_err()).contains("once"));
    let flat = Array::from_ndarray(arr1(&[7_i64]), 1).unwrap();
    assert!(message(flat.ravel_multi_index(&[2, 2]).unwrap_err()).contains("first axis of length 2"));
    let outside = flat.unravel_index(&[2, 3]).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(format!("{outside:?}").contains("OutsideError"), "{outside:?}");
}

#[test]
fn an_answer_of_blocks_that_do_not_fit_is_an_error() {
    let zeros =
        |shape: [usize; 2]| dask_graph::Value::from(dask_array::Block::new(ArrayD::<i64>::zeros(&shape[..])));
    for width in [2, 2000] {
        let x = Array::<i64>::zeros(&[3, 2 * width], [2, width]).unwrap();
        let blocks = || vec![zeros([2, width]), zeros([2, width]), zeros([1, width]), zeros([1, width])];
        assert_eq!(x.finish(blocks()).unwrap(), ArrayD::<i64>::zeros(&[3, 2 * width][..]));
        let mut wrong = blocks();
        wrong[3] = zeros([2, width]);
        let error = std::error::Error::source(&x.finish(wrong).unwrap_err()).unwrap().to_string();
        let says = format!("1, 1) has shape [2, {width}], expected [1, {width}]");
        assert!(error.contains(&says), "{error}");
        let mut few = blocks();
        few.pop();
        assert!(x.finish(few).is_err());
    }
}
