//! Masked arrays, against going over the elements one by one, and against what numpy gives.

use dask_array::masked::{self, MaskedArray, MaskedElements};
use dask_array::ndarray::{Array1, ArrayD, Axis, IxDyn, arr0, arr1, arr2};
use dask_array::{Array, Element, Over, Tolerance};
use dask_graph::Collection;
use dask_graph::testing::Travelling;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::random::{Cut, cut};

fn computed<A: Element>(array: &MaskedArray<A>) -> MaskedElements<A> {
    let plain = array.compute_with(&Sync::new()).unwrap();
    let fused = array.compute_with(&Optimized::new(Threaded::with_workers(2))).unwrap();
    let travelled = array.compute_with(&Travelling).unwrap();
    for other in [fused, travelled] {
        assert_eq!(plain.mask, other.mask);
        // As text, in which NaN is equal to itself.
        assert_eq!(format!("{:?}", plain.compressed()), format!("{:?}", other.compressed()));
    }
    plain
}

fn numbers<A: Element>(array: &Array<A>) -> ArrayD<A> {
    array.compute_with(&Sync::new()).unwrap()
}

fn of<A: Element>(elements: &[A], masked: &[bool]) -> MaskedArray<A> {
    let data = Array::from_ndarray(Array1::from(elements.to_vec()), 2).unwrap();
    MaskedArray::new(data, &Array::from_ndarray(Array1::from(masked.to_vec()), 3).unwrap()).unwrap()
}

/// Reduces what is not masked along an axis; what has nothing to reduce is masked.
fn naive(
    cut: &Cut,
    masked: &ArrayD<bool>,
    axis: usize,
    f: impl Fn(&[f64]) -> Option<f64>,
) -> MaskedElements<f64> {
    let lanes = cut.array.lanes(Axis(axis)).into_iter().zip(masked.lanes(Axis(axis)));
    let results: Vec<Option<f64>> = lanes
        .map(|(lane, mask)| {
            let kept: Vec<f64> = lane.iter().zip(&mask).filter(|(_, m)| !**m).map(|(&x, _)| x).collect();
            f(&kept)
        })
        .collect();
    let mut shape = cut.array.shape().to_vec();
    shape.remove(axis);
    let of = |elements: Vec<_>| ArrayD::from_shape_vec(IxDyn(&shape), elements).unwrap();
    MaskedElements {
        data: of(results.iter().map(|x| x.unwrap_or(0.0)).collect()),
        mask: ArrayD::from_shape_vec(IxDyn(&shape), results.iter().map(Option::is_none).collect()).unwrap(),
        fill_value: 1e20,
    }
}

fn close(a: &MaskedElements<f64>, b: &MaskedElements<f64>) -> bool {
    let pairs = a.compressed().into_iter().zip(b.compressed());
    a.mask == b.mask && pairs.into_iter().all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()))
}

/// An array, a mask of the same shape that is cut in another way, and an axis.
fn arrays() -> impl Strategy<Value = (Cut, Cut, usize)> {
    proptest::collection::vec(1..7_usize, 1..4).prop_flat_map(|shape| {
        let n_axes = shape.len();
        (cut(shape.clone()), cut(shape), 0..n_axes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reductions_are_over_what_is_not_masked((x, other, axis) in arrays(), ddof in 0..3_u8) {
        let mask = other.array.mapv(|x| x > 20.0);
        let lazy_mask = Array::from_ndarray(mask.clone(), other.chunks.clone()).unwrap();
        let lazy = MaskedArray::new(x.lazy(), &lazy_mask).unwrap();
        let over = axis as isize;
        let expected = |f: &dyn Fn(&[f64]) -> Option<f64>| naive(&x, &mask, axis, f);
        let some = |f: fn(&[f64]) -> f64| expected(&move |kept| (!kept.is_empty()).then(|| f(kept)));
        let mean = |kept: &[f64]| kept.iter().sum::<f64>() / kept.len() as f64;
        let ddof = f64::from(ddof);
        let var = |kept: &[f64]| {
            let n = kept.len() as f64 - ddof;
            (n > 0.0).then(|| kept.iter().map(|x| (x - mean(kept)).powi(2)).sum::<f64>() / n)
        };
        prop_assert!(close(&computed(&lazy.sum(over).unwrap()), &some(|kept| kept.iter().sum())));
        prop_assert!(close(&computed(&lazy.prod(over).unwrap()), &some(|kept| kept.iter().product())));
        prop_assert!(close(&computed(&lazy.min(over).unwrap()), &some(|kept| kept.iter().copied().fold(f64::INFINITY, f64::min))));
        prop_assert!(close(&computed(&lazy.max(over).unwrap()), &some(|kept| kept.iter().copied().fold(f64::NEG_INFINITY, f64::max))));
        prop_assert!(close(&computed(&lazy.mean(over).unwrap()), &some(|kept| kept.iter().sum::<f64>() / kept.len() as f64)));
        prop_assert!(close(&computed(&lazy.var(over, ddof).unwrap()), &expected(&var)));
        prop_assert!(close(&computed(&lazy.std(over, ddof).unwrap()), &expected(&|kept| var(kept).map(f64::sqrt))));
        let count = expected(&|kept| Some(kept.len() as f64)).data.mapv(|n| n as i64);
        prop_assert_eq!(numbers(&lazy.count(over).unwrap()), count);
        let any = some(|kept| f64::from(u8::from(kept.iter().any(|&x| x != 0.0))));
        let all = some(|kept| f64::from(u8::from(kept.iter().all(|&x| x != 0.0))));
        let as_number = |answer: MaskedArray<bool>| computed(&answer.map(|x| x.astype::<f64>()).unwrap());
        prop_assert!(close(&as_number(lazy.any(over).unwrap()), &any));
        prop_assert!(close(&as_number(lazy.all(over).unwrap()), &all));
    }

    #[test]
    fn elementwise_work_masks_what_is_masked_in_either((x, y, _) in arrays()) {
        let masked = [&x, &y].map(|cut| masked::masked_greater(&cut.lazy(), 50.0));
        let both = computed(&(&masked[0] * &masked[1] - 1.0));
        let mask = dask_array::ndarray::Zip::from(&x.array).and(&y.array).map_collect(|&x, &y| x > 50.0 || y > 50.0);
        prop_assert_eq!(&both.mask, &mask);
        prop_assert_eq!(both.data, &x.array * &y.array - 1.0);
        let quotients = computed(&(&masked[0] / &y.lazy()));
        let mask = dask_array::ndarray::Zip::from(&x.array).and(&y.array).map_collect(|&x, &y| x > 50.0 || y == 0.0);
        prop_assert_eq!(quotients.mask, mask);
    }
}

#[test]
fn what_is_masked_is_what_numpy_masks() {
    let x = Array::from_ndarray(arr1(&[0, 1, 2, 3, 4, 5]), 4).unwrap();
    let shown = |array: MaskedArray<i32>| computed(&array).to_string();
    assert_eq!(shown(masked::masked_inside(&x, 4, 2)), "[0, 1, --, --, --, 5]");
    assert_eq!(shown(masked::masked_outside(&x, 4, 2)), "[--, --, 2, 3, 4, --]");
    assert_eq!(shown(masked::masked_greater(&x, 3)), "[0, 1, 2, 3, --, --]");
    assert_eq!(shown(masked::masked_greater_equal(&x, 3)), "[0, 1, 2, --, --, --]");
    assert_eq!(shown(masked::masked_less(&x, 3)), "[--, --, --, 3, 4, 5]");
    assert_eq!(shown(masked::masked_less_equal(&x, 3)), "[--, --, --, --, 4, 5]");
    assert_eq!(shown(masked::masked_not_equal(&x, 3)), "[--, --, --, 3, --, --]");
    let equal = masked::masked_equal(&x, 2);
    assert_eq!(equal.fill_value(), 2);
    assert_eq!(shown(equal), "[0, 1, --, 3, 4, 5]");
    let even = x.remainder(2).unwrap().eq(0).unwrap();
    assert_eq!(shown(masked::masked_where(&even, &x).unwrap()), "[--, 1, --, 3, --, 5]");

    let y = Array::from_ndarray(arr1(&[1.0, f64::NAN, f64::INFINITY, 4.0 + 1e-9]), 3).unwrap();
    let invalid = masked::masked_invalid(&y);
    assert_eq!(numbers(&invalid.filled()), arr1(&[1.0, 1e20, 1e20, 4.0 + 1e-9]).into_dyn());
    let values = masked::masked_values(&y, 4.0, Tolerance::default());
    assert_eq!(computed(&values).mask, arr1(&[false, false, false, true]).into_dyn());
    assert_eq!(values.fill_value(), 4.0);
}

#[test]
fn quotients_and_sums_are_numpys() {
    let (a, b) = (of(&[1.0, 2.0, 3.0], &[false, true, false]), of(&[0.0, 2.0, 2.0], &[false; 3]));
    assert_eq!(computed(&(&a / &b)).to_string(), "[--, --, 1.5]");
    assert_eq!(computed(&(&a + b)).to_string(), "[1, --, 5]");
    assert_eq!(computed(&-&a).to_string(), "[-1, --, -3]");
    assert_eq!(numbers(&a.filled_with(7.0)), arr1(&[1.0, 7.0, 3.0]).into_dyn());
    let nothing = of(&[1.0, 2.0], &[true, true]);
    assert_eq!(computed(&nothing.sum(..).unwrap()).mask, arr0(true).into_dyn());

    let x = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 4.0]]), 1).unwrap();
    let mask = Array::from_ndarray(arr2(&[[false, true], [false, false]]), 2).unwrap();
    let x = MaskedArray::new(x, &mask).unwrap();
    let weights = Array::from_ndarray(arr1(&[3.0, 1.0]), -1).unwrap();
    assert_eq!(computed(&x.average(0, &weights).unwrap()).to_string(), "[1.5, 4]");
    let none = Array::from_ndarray(arr1(&[1.0, 0.0]), -1).unwrap();
    assert_eq!(computed(&x.average(0, &none).unwrap()).to_string(), "[1, --]");
    assert_eq!(computed(&x.sum(Over::from(1).keepdims()).unwrap()).data, arr2(&[[1.0], [7.0]]).into_dyn());
    let fixed = of(&[1.0, f64::NAN, 3.0], &[true, false, false]).fix_invalid();
    let fixed = computed(&fixed);
    assert_eq!((fixed.compressed(), &fixed.data), (vec![3.0], &arr1(&[1.0, 1e20, 3.0]).into_dyn()));
}

#[test]
fn places_move_together_with_their_masks() {
    let x = of(&[1, 2, 3, 4, 5, 6], &[false, true, false, false, false, true]).with_fill_value(-1);
    let table = x.reshape(&[2, 3]).unwrap();
    assert_eq!(computed(&table).filled(), arr2(&[[1, -1, 3], [4, 5, -1]]).into_dyn());
    assert_eq!(computed(&table.t()).filled(), arr2(&[[1, 4], [-1, 5], [3, -1]]).into_dyn());
    let part = table.slice(dask_array::ndarray::s![.., ..;-2]).unwrap().rechunk(1).unwrap();
    assert_eq!(part.chunks().lengths(1), [1, 1]);
    assert_eq!(computed(&part).filled(), arr2(&[[3, 1], [-1, 4]]).into_dyn());
    let chosen = MaskedArray::choose(&x.data().gt(3).unwrap(), &x, &x.zeros_like()).unwrap();
    assert_eq!(computed(&chosen).to_string(), "[0, --, 0, 4, 5, --]");
    assert_eq!(computed(&x.ones_like()).to_string(), "[1, --, 1, 1, 1, --]");
    let [places] = x.nonzero().try_into().unwrap();
    assert_eq!(places.compute_with(&Sync::new()).unwrap(), arr1(&[0, 2, 3, 4]).into_dyn());

    let kept = x.persist_opts(&Sync::new(), &Default::default()).unwrap();
    assert_eq!(computed(&kept).to_string(), "[1, --, 3, 4, 5, --]");
    assert_eq!(numbers(&MaskedArray::from(x.data().clone()).count(..).unwrap()), arr0(6).into_dyn());
}

#[test]
fn a_mask_that_does_not_fit_is_refused() {
    let x = Array::<f64>::zeros(&[3, 4], 2).unwrap();
    let error = MaskedArray::new(x.clone(), &Array::full(&[3], true, 1).unwrap()).unwrap_err();
    assert!(error.to_string().contains("[3]") && error.to_string().contains("[3, 4]"), "{error}");
    assert!(MaskedArray::from(x).or(&Array::full(&[5], true, 1).unwrap()).is_err());
}
