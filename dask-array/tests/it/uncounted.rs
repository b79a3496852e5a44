//! Arrays whose length only computing tells.

use dask_array::ndarray::{ArrayD, Axis, Dimension, arr1, arr2};
use dask_array::{Array, ArrayError, Uncounted};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::configurations::in_process;

/// Elements, how they and a mask over them are cut.
fn case() -> impl Strategy<Value = (ArrayD<i64>, Vec<usize>, Vec<usize>)> {
    proptest::collection::vec(1_usize..6, 1..4).prop_flat_map(|shape| {
        let n = shape.iter().product::<usize>();
        let ndim = shape.len();
        let elements = proptest::collection::vec(-3_i64..4, n);
        let cut = || proptest::collection::vec(1_usize..4, ndim);
        let array = elements.prop_map(move |x| ArrayD::from_shape_vec(shape.clone(), x).unwrap());
        (array, cut(), cut())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn selections_are_in_row_major_order((data, cut, mask_cut) in case()) {
        let x = Array::from_ndarray(data.clone(), &cut[..]).unwrap();
        let mask = x.gt(0).unwrap().rechunk(&mask_cut[..]).unwrap();
        let some = x.filter(&mask).unwrap();
        let expected: Vec<i64> = data.iter().copied().filter(|&x| x > 0).collect();
        let places: Vec<Vec<i64>> = data
            .indexed_iter()
            .filter(|&(_, &x)| x > 0)
            .map(|(index, _)| index.as_array_view().iter().map(|&i| i as i64).collect())
            .collect();
        for (name, scheduler) in in_process() {
            let got = some.compute_with(&*scheduler).unwrap();
            prop_assert_eq!(got.as_slice().unwrap(), &expected[..], "{}", name);
            let counted = some.compute_chunk_sizes_with(&*scheduler).unwrap();
            prop_assert_eq!(counted.shape(), [expected.len()]);
            prop_assert_eq!(counted.compute_with(&*scheduler).unwrap(), got);
            let where_ = mask.argwhere().compute_with(&*scheduler).unwrap();
            prop_assert_eq!(where_.shape(), [places.len(), data.ndim()]);
            prop_assert!(where_.iter().eq(places.iter().flatten()));
            let sums = (&some + &some).sum(..).unwrap().item_with(&*scheduler).unwrap();
            prop_assert_eq!(sums, 2 * expected.iter().sum::<i64>());
            let mean = some.mean(..).unwrap().item_with(&*scheduler).unwrap();
            let of = expected.iter().sum::<i64>() as f64 / expected.len() as f64;
            prop_assert!(mean == of || mean.is_nan() && expected.is_empty());
        }
    }

    #[test]
    fn rows_are_selected_whole((data, cut, mask_cut) in case()) {
        let x = Array::from_ndarray(data.clone(), &cut[..]).unwrap();
        let first = Array::from_ndarray(data.clone(), &mask_cut[..]).unwrap().max(
            &(1..data.ndim() as isize).collect::<Vec<_>>()[..]
        ).unwrap();
        let some = x.compress(first.gt(1).unwrap(), 0).unwrap();
        let rows: Vec<usize> = (0..data.shape()[0])
            .filter(|&row| data.index_axis(Axis(0), row).iter().max() > Some(&1))
            .collect();
        let expected = data.select(Axis(0), &rows);
        for (name, scheduler) in in_process() {
            prop_assert_eq!(&some.compute_with(&*scheduler).unwrap(), &expected, "{}", name);
            let max = some.max(0).unwrap().compute_with(&*scheduler);
            prop_assert_eq!(max.is_ok(), !rows.is_empty(), "{}", name);
            let var = some.var(.., 0.0).unwrap().item_with(&*scheduler).unwrap();
            let of = expected.mapv(|x| x as f64).var(0.0);
            prop_assert!((var - of).abs() < 1e-9 || rows.is_empty() && var.is_nan());
        }
    }
}

#[test]
fn expressions_see_no_length_that_is_not_there() {
    let x = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), 2).unwrap();
    let some = x.filter(&x.sum(1).unwrap().gt(4.0).unwrap()).unwrap();
    let refused = |result: Result<Uncounted<f64>, ArrayError>| result.unwrap_err().to_string();
    let row = arr1(&[10.0, 20.0]);
    let (row, cut) = (Array::from_ndarray(row.clone(), 2).unwrap(), Array::from_ndarray(row, 1).unwrap());
    let moved = some.map(|x| (x * &row).sqrt() - 1.0).unwrap();
    assert_eq!(moved.shape(), [None, Some(2)]);
    assert!(moved.compute_with(&Sync::new()).unwrap().shape() == [2, 2]);
    let ramp = Array::<f64>::ones(&[3, 1], 2).unwrap();
    for wrong in [
        some.map(|x| x + &ramp),
        some.map(|x| x + &cut),
        some.map(|x| x - &x.mean(0).unwrap()),
        some.map(|x| x.rechunk(1).unwrap()),
        some.map(|x| x.slice((..1,)).unwrap()),
        some.map(|x| x.sum(0).unwrap()),
        some.map(|_| ramp.clone()),
    ] {
        assert!(refused(wrong).contains("not elementwise"));
    }
    // The axis may move, and others be reduced.
    let turned = some.map(|x| x.t()).unwrap();
    assert_eq!((turned.axis(), turned.shape()), (1, vec![Some(2), None]));
    let means = some.map(|x| (x * 2.0).mean(1).unwrap()).unwrap();
    assert_eq!(means.compute_with(&Sync::new()).unwrap(), arr1(&[7.0, 11.0]).into_dyn());
    assert_eq!(
        means.zip_with(&some.map(|x| x.max(1).unwrap()).unwrap(), |a, b| b - a).unwrap().shape(),
        [None]
    );
    let all = x.filter(&x.sum(1).unwrap().gt(0.0).unwrap()).unwrap();
    assert!(refused(some.zip_with(&all, |x, y| x + y)).contains("different selections"));
    assert!(some.sum(1).unwrap_err().to_string().contains("keeps axis 0"));
    assert!(
        x.filter(&x.max(0).unwrap().gt(0.0).unwrap()).unwrap_err().to_string().contains("mask of shape [2]")
    );
    let long = Array::<bool>::full(&[4], true, 2).unwrap();
    assert!(x.compress(&long, 1).unwrap_err().to_string().contains("at most 2"));
    let none = x.filter(&x.lt(0.0).unwrap()).unwrap();
    let error = none.min(..).unwrap().item_with(&Sync::new()).unwrap_err();
    assert!(format!("{error:?}").contains("NothingSelectedError"), "{error:?}");
    assert_eq!(none.count().item_with(&Sync::new()).unwrap(), 0);
}

#[test]
fn persisted_selections_are_counted_by_their_blocks() {
    let x = Array::from_ndarray(arr1(&[3, 1, 4, 1, 5, 9, 2, 6]), 3).unwrap();
    let mask = x.gt(2).unwrap();
    let kept = x.filter(&mask).unwrap().persist_opts(&Sync::new(), &Default::default()).unwrap();
    let counted = kept.compute_chunk_sizes_with(&Sync::new()).unwrap();
    assert_eq!(counted.chunks().lengths(0), [2, 2, 1]);
    // It is still of the same selection.
    let both = kept.zip_with(&(&x * 2).filter(&mask).unwrap(), |x, y| x + y).unwrap();
    assert_eq!(both.compute_with(&Sync::new()).unwrap(), arr1(&[9, 12, 15, 27, 18]).into_dyn());
    let folder = tempfile::tempdir().unwrap();
    kept.to_npy_with(folder.path().join("some.npy"), &Sync::new()).unwrap();
    let read = Array::<i32>::from_npy(folder.path().join("some.npy"), 2).unwrap();
    assert_eq!(read.compute_with(&Sync::new()).unwrap(), arr1(&[3, 4, 5, 9, 6]).into_dyn());
}
