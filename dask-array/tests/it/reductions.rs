//! Reductions and cumulative operations, against plain loops over random arrays in random blocks.

use dask_array::ndarray::{ArrayD, ArrayViewD, Axis, Dimension, arr1};
use dask_array::{Along, Array, ArrayError, NormOrder, Over, c128};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::random::{Cut, any_cut, close, the_same_everywhere as everywhere};

/// An array some elements of which are NaN.
fn with_nan() -> impl Strategy<Value = Cut> {
    any_cut().prop_map(|mut cut| {
        cut.array.mapv_inplace(|x| if (x * 8.0) as i64 % 3 == 0 { f64::NAN } else { x });
        cut
    })
}

fn along(x: &ArrayD<f64>, axis: usize, f: impl Fn(&[f64]) -> f64) -> ArrayD<f64> {
    x.map_axis(Axis(axis), |line| f(&line.to_vec()))
}

fn numbers(line: &[f64]) -> Vec<f64> {
    line.iter().copied().filter(|x| !x.is_nan()).collect()
}

fn central(x: &[f64], power: i32) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    x.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n
}

/// The same, NaN being the same as NaN.
fn alike(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    let clean = |x: &ArrayD<f64>| x.mapv(|x| if x.is_nan() { -77.25 } else { x });
    close(&clean(a), &clean(b))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nan_is_left_out(a in with_nan(), axis in 0..3_usize, split in 2..4_u32) {
        let axis = axis % a.array.ndim();
        let over = || Over::from(axis).split_every(split);
        let x = a.lazy();
        let sum = along(&a.array, axis, |line| numbers(line).iter().sum());
        prop_assert_eq!(everywhere(&x.nansum(over()).unwrap()), sum);
        let mean = |line: &[f64]| numbers(line).iter().sum::<f64>() / numbers(line).len() as f64;
        prop_assert!(alike(&everywhere(&x.nanmean(over()).unwrap()), &along(&a.array, axis, mean)));
        let var = along(&a.array, axis, |line| central(&numbers(line), 2));
        prop_assert!(alike(&everywhere(&x.nanvar(over(), 0.0).unwrap()), &var));
        let least = |line: &[f64]| numbers(line).into_iter().fold(f64::NAN, f64::min);
        prop_assert!(alike(&everywhere(&x.nanmin(over()).unwrap()), &along(&a.array, axis, least)));
        let any_nan = |line: &[f64]| line.iter().fold(0.0, |sum, x| sum + x);
        let max = |line: &[f64]| if any_nan(line).is_nan() { f64::NAN } else { line.iter().copied().fold(f64::MIN, f64::max) };
        prop_assert!(alike(&everywhere(&x.max(over()).unwrap()), &along(&a.array, axis, max)));
    }

    #[test]
    fn moments_are_means_of_powers(a in any_cut(), axis in 0..3_usize, order in 0..6_u32) {
        let axis = axis % a.array.ndim();
        let x = a.lazy();
        let want = along(&a.array, axis, |line| central(line, order as i32));
        let scale = 1.0 + want.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let got = everywhere(&x.moment(order, axis).unwrap()) / scale;
        // The first is zero but for rounding in the loop.
        prop_assert!(close(&got, &(want / scale)));
        let skew = along(&a.array, axis, |line| {
            let var = central(line, 2);
            if var < 1e-20 { f64::NAN } else { central(line, 3) / var.powf(1.5) }
        });
        prop_assert!(alike(&everywhere(&x.skew(axis, true).unwrap()), &skew));
        let kurtosis = along(&a.array, axis, |line| {
            let var = central(line, 2);
            if var < 1e-20 { f64::NAN } else { central(line, 4) / (var * var) - 3.0 }
        });
        prop_assert!(alike(&everywhere(&x.kurtosis(axis, true, true).unwrap()), &kurtosis));
    }

    #[test]
    fn positions_are_of_the_first(a in with_nan(), axis in 0..3_usize) {
        // Few different numbers, so that many are equal.
        let array = a.array.mapv(|x| (x / 60.0).trunc());
        let axis = axis % array.ndim();
        let cut = Cut { array: array.clone(), chunks: a.chunks };
        let first = |line: &[f64], better: fn(f64, f64) -> bool| {
            let mut best = 0;
            for (i, &x) in line.iter().enumerate() {
                if better(x, line[best]) || (x.is_nan() && !line[best].is_nan()) {
                    best = i;
                }
            }
            best as i64
        };
        let want = array.map_axis(Axis(axis), |line| first(&line.to_vec(), |a, b| a > b));
        prop_assert_eq!(everywhere(&cut.lazy().argmax(axis).unwrap()), want);
        let flat: Vec<f64> = array.iter().copied().collect();
        prop_assert_eq!(everywhere(&cut.lazy().argmin(..).unwrap())[[]], first(&flat, |a, b| a < b));
        // Blocks that lie in memory the other way round.
        let turned: Vec<f64> = array.t().iter().copied().collect();
        let got = everywhere(&(cut.lazy().t() * 1.0).argmin(..).unwrap())[[]];
        prop_assert_eq!(got, first(&turned, |a, b| a < b));
        if array.iter().any(|x| !x.is_nan()) {
            let at = everywhere(&cut.lazy().nanargmax(..).unwrap())[[]] as usize;
            let most = numbers(&flat).into_iter().fold(f64::MIN, f64::max);
            prop_assert_eq!(Some(at), flat.iter().position(|&x| x == most));
        }
    }

    #[test]
    fn norms_averages_and_counts(a in any_cut(), axis in 0..3_usize, p in 1..5_u32) {
        let axis = axis % a.array.ndim();
        let x = a.lazy();
        let p = f64::from(p) / 2.0;
        let want = along(&a.array, axis, |line| line.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p));
        prop_assert!(close(&everywhere(&x.norm(p, axis).unwrap()), &want));
        let all = a.array.iter().map(|x| x * x).sum::<f64>().sqrt();
        prop_assert!((everywhere(&x.norm(NormOrder::Default, ..).unwrap())[[]] - all).abs() < 1e-9 * (1.0 + all));
        let count = a.array.iter().filter(|x| **x != 0.0).count() as i64;
        prop_assert_eq!(everywhere(&x.count_nonzero(..).unwrap())[[]], count);
        let n = a.array.len_of(Axis(axis));
        let weights: Vec<f64> = (1..=n).map(|i| i as f64).collect();
        let want = along(&a.array, axis, |line| {
            line.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() / weights.iter().sum::<f64>()
        });
        let weights = Array::from_ndarray(arr1(&weights), 2).unwrap();
        prop_assert!(close(&everywhere(&x.average(axis, &weights).unwrap()), &want));
        let narrow = x.sum_as::<i8>(axis).unwrap();
        let want = a.array.mapv(|x| x as i8).map_axis(Axis(axis), |line| {
            line.iter().fold(0_i8, |sum, &x| sum.wrapping_add(x))
        });
        prop_assert_eq!(everywhere(&narrow), want);
        let ptp = along(&a.array, axis, |line| {
            line.iter().copied().fold(f64::MIN, f64::max) - line.iter().copied().fold(f64::MAX, f64::min)
        });
        prop_assert_eq!(everywhere(&x.ptp(axis).unwrap()), ptp);
    }

    #[test]
    fn cumulative_operations_go_on_over_blocks(a in any_cut(), axis in 0..3_usize, turn in any::<bool>()) {
        let (array, x) = if turn {
            (a.array.t().to_owned(), a.lazy().t())
        } else {
            (a.array.clone(), a.lazy())
        };
        let axis = axis % array.ndim();
        let mut want = array.clone();
        want.accumulate_axis_inplace(Axis(axis), |&before, x| *x += before);
        for along in [Along::from(axis), Along::from(axis).blelloch()] {
            // Eighths add up exactly.
            prop_assert_eq!(everywhere(&x.cumsum(along).unwrap()), want.clone());
            prop_assert_eq!(everywhere(&(&x * 2.0).cumsum(along).unwrap()), &want * 2.0);
            let mut product = array.mapv(|x| x as i32);
            product.accumulate_axis_inplace(Axis(axis), |&before, x| *x = x.wrapping_mul(before));
            prop_assert_eq!(everywhere(&x.cumprod_as::<i32>(along).unwrap()), product);
        }
        let mut sum = 0.0;
        let flat: Vec<f64> = array.iter().map(|x| { sum += x; sum }).collect();
        prop_assert_eq!(everywhere(&x.cumsum(..).unwrap()), arr1(&flat).into_dyn());
    }

    #[test]
    fn cumulative_operations_by_functions(a in any_cut(), axis in any::<prop::sample::Index>()) {
        prop_assume!(a.array.ndim() > 0);
        let axis = axis.index(a.array.ndim());
        fn largest(x: ArrayViewD<'_, f64>, axis: Axis) -> ArrayD<f64> {
            let mut largest = x.to_owned();
            largest.accumulate_axis_inplace(axis, |&before, x| *x = before.max(*x));
            largest
        }
        let lazy = a.lazy().cumreduction(
            axis as isize,
            |x: ArrayViewD<'_, f64>, axis: Axis| largest(x, axis).mapv(|x| x as i64),
            i64::max,
        );
        let want = largest(a.array.view(), Axis(axis)).mapv(|x| x as i64);
        prop_assert_eq!(everywhere(&lazy.unwrap()), want);
    }

    #[test]
    fn reductions_by_functions(a in any_cut(), keep in any::<bool>(), split in 2..4_u32) {
        let over = Over::from(..).split_every(split);
        let over = if keep { over.keepdims() } else { over };
        fn added(x: ArrayViewD<'_, f64>, axes: &[Axis]) -> ArrayD<f64> {
            axes.iter().fold(x.to_owned(), |x, &axis| x.sum_axis(axis).insert_axis(axis))
        }
        let sum = a.lazy().reduction(
            over,
            |x: ArrayViewD<'_, f64>, axes: &[Axis]| added(x, axes),
            |x: ArrayViewD<'_, f64>, axes: &[Axis]| added(x, axes),
            |x: ArrayViewD<'_, f64>, axes: &[Axis]| added(x, axes).mapv(|x| x as i64),
        );
        let got = everywhere(&sum.unwrap());
        prop_assert_eq!(got.ndim(), if keep { a.array.ndim() } else { 0 });
        prop_assert_eq!(got.first().copied(), Some(a.array.sum() as i64));
        prop_assert_eq!(got.raw_dim().size(), 1);
    }
}

#[test]
fn complex_numbers_are_reduced_by_their_parts() {
    let x = arr1(&[c128::new(1.0, 2.0), c128::new(f64::NAN, 1.0), c128::new(3.0, -2.0)]);
    let x = Array::from_ndarray(x, 2).unwrap();
    let one = |array: Array<c128>| array.item_with(&Sync::new()).unwrap();
    assert_eq!(one(x.nansum(0).unwrap()), c128::new(4.0, 0.0));
    assert_eq!(one(x.nanmean(..).unwrap()), c128::new(2.0, 0.0));
    assert_eq!(one(x.nanprod(0).unwrap()), c128::new(7.0, 4.0));
    assert_eq!(x.nanvar(0, 0.0).unwrap().item_with(&Sync::new()).unwrap(), 5.0);
    assert_eq!(x.argmax(0).unwrap().item_with(&Sync::new()).unwrap(), 1);
    assert_eq!(x.nanargmax(0).unwrap().item_with(&Sync::new()).unwrap(), 2);
    let y = x.slice((0..1,)).unwrap();
    assert_eq!(y.norm(2, 0).unwrap().item_with(&Sync::new()).unwrap(), 5.0_f64.sqrt());
}

#[test]
fn matrix_norms() {
    let x = dask_array::ndarray::arr2(&[[1.0, -7.0], [-2.0, 3.0]]);
    let x = Array::from_ndarray(x, 1).unwrap();
    let of = |order: NormOrder| x.norm(order, [0, 1]).unwrap().item_with(&Sync::new()).unwrap();
    assert_eq!(of(1.into()), 10.0);
    assert_eq!(of((-1).into()), 3.0);
    assert_eq!(of(f64::INFINITY.into()), 8.0);
    assert_eq!(of(f64::NEG_INFINITY.into()), 5.0);
    assert_eq!(of(NormOrder::Frobenius), 63.0_f64.sqrt());
    // The other way round, columns are rows.
    let turned = x.norm(f64::INFINITY, Over::from([1, 0]).keepdims()).unwrap();
    assert_eq!(turned.compute_with(&Sync::new()).unwrap(), dask_array::ndarray::arr2(&[[10.0]]).into_dyn());
}

#[test]
fn mistakes_are_told_when_written() {
    #[track_caller]
    fn says<A>(result: Result<A, ArrayError>, parts: &[&str]) {
        let message = result.err().unwrap().to_string();
        for part in parts {
            assert!(message.contains(part), "{message}");
        }
    }
    let x = Array::<f64>::ones(&[4, 5], 2).unwrap();
    let none = Array::<f64>::ones(&[0, 5], -1).unwrap();
    says(x.argmin([0, 1]), &["argmin", "[0, 1]", "`..`"]);
    says(x.nanargmax(2), &["axis 2", "[4, 5]"]);
    says(none.argmax(0), &["argmax", "[0, 5]"]);
    says(none.nanmin(..), &["nanmin", "no elements"]);
    says(x.average(0, &Array::ones(&[5], -1).unwrap()), &["[5]", "[4, 5]"]);
    says(x.average([0, 1], &Array::ones(&[4], -1).unwrap()), &["average", "[0, 1]"]);
    says(x.norm(3, [0, 1]), &["order P(3.0)", "2 axes"]);
    says(x.norm(NormOrder::Frobenius, 0), &["Frobenius", "1 axes"]);
    says(x.cumsum(-3), &["axis -3"]);
    says(x.sum(Over::from(0).split_every_along([(0, 1)])), &["split_every is 1"]);
    says(x.sum(Over::from(0).split_every_along([(7, 4)])), &["axis 7"]);
    let none: &[usize] = &[];
    let keep = |x: ArrayViewD<'_, f64>, _: &[Axis]| x.to_owned();
    says(x.reduction(none, keep, keep, keep), &["[]"]);
    let cumulated = |x: ArrayViewD<'_, f64>, axis: Axis| x.sum_axis(axis);
    says(x.cumreduction(2, cumulated, f64::max), &["axis 2"]);

    // What only the elements tell, the run does.
    let nan = Array::full(&[3], f64::NAN, 2).unwrap();
    let error = nan.nanargmin(0).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(format!("{error:?}").contains("AllNan") || error.to_string().contains("NaN"), "{error}");
    let kept = x.reduction(0, keep, keep, keep).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(format!("{kept:?}").contains("StepShapeError"), "{kept:?}");
    let cut = x.cumreduction(0, cumulated, f64::max).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(format!("{cut:?}").contains("CumulateShapeError"), "{cut:?}");
}

/// Lines of a block that are folded where they lie, several at a time, give what they give when they are computed first,
/// one at a time: to the bit, and over so many lines that sums settle several times.
#[test]
fn lines_where_they_lie_are_folded_as_those_that_are_computed() {
    for (shape, chunks) in [([700, 70], [700, 64]), ([33_000, 65], [33_000, 65]), ([301, 300], [130, 100])] {
        let of = |i: usize, j: usize| ((i * 31 + j * 17) % 1009) as f64 / 7.0 + 1e9 * ((i % 3) as f64 - 1.0);
        let array = ArrayD::from_shape_fn(shape.to_vec(), |at| of(at[0], at[1]));
        let x = Array::from_ndarray(array.clone(), chunks).unwrap();
        // Adding 0 changes nothing here but the way: no element is -0.
        let computed = &x + 0.0;
        for axis in [0, 1] {
            let bits = |x: Array<f64>| x.compute_with(&Sync::new()).unwrap().mapv(f64::to_bits);
            assert_eq!(bits(x.sum(axis).unwrap()), bits(computed.sum(axis).unwrap()), "{shape:?} {axis}");
            let largest = bits(x.max(axis).unwrap());
            assert_eq!(largest, bits(computed.max(axis).unwrap()));
            assert_eq!(
                largest,
                along(&array, axis, |line| line.iter().copied().fold(f64::MIN, f64::max)).mapv(f64::to_bits)
            );
        }
    }
}

/// The same of lines whose slots change with the outer axes.
#[test]
fn lines_of_several_outer_axes_go_to_their_own_slots() {
    let array = ArrayD::from_shape_fn(vec![3, 5, 2, 70], |at| {
        (at[0] * 1000 + at[1] * 100 + at[2] * 10) as f64 + at[3] as f64 / 8.0
    });
    let x = Array::from_ndarray(array.clone(), [2, 3, 2, 70]).unwrap();
    for axis in 0..3 {
        let sum = along(&array, axis, |line| line.iter().sum());
        assert_eq!(everywhere(&x.sum(axis).unwrap()), sum);
    }
    let both = array.sum_axis(Axis(2)).sum_axis(Axis(0));
    assert_eq!(everywhere(&x.sum([0, 2]).unwrap()), both);
}
