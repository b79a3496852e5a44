//! Half precision: what is computed in wider types, and rounded once.

use dask_array::ndarray::{Array1, Array2, arr1, arr2};
use dask_array::{Array, f16, promote};
use dask_graph::Collection;
use dask_sched_sync::Sync;

fn of(x: f32) -> f16 {
    f16::from_f32(x)
}

#[test]
fn sums_and_means_are_rounded_once() {
    // Where each sum was rounded, none would go beyond 2048: a half more or less is nothing there.
    let ones = Array::<f16>::ones(&[5000], 700).unwrap();
    assert_eq!(ones.sum(0).unwrap().item_with(&Sync::new()).unwrap(), of(5000.0));
    assert_eq!(ones.nansum(0).unwrap().item_with(&Sync::new()).unwrap(), of(5000.0));
    assert_eq!(ones.mean(0).unwrap().item_with(&Sync::new()).unwrap(), of(1.0));
    let nan = ones.set((700..,), of(f32::NAN)).unwrap();
    assert_eq!(nan.nanmean(0).unwrap().item_with(&Sync::new()).unwrap(), of(1.0));
    assert!(nan.sum(0).unwrap().item_with(&Sync::new()).unwrap().is_nan());
    // 60000 four times is beyond the largest number, and the mean of it is not.
    let large = Array::full(&[4], of(60000.0), 2).unwrap();
    assert_eq!(large.sum(0).unwrap().item_with(&Sync::new()).unwrap(), f16::INFINITY);
    assert_eq!(large.mean(0).unwrap().item_with(&Sync::new()).unwrap(), of(60000.0));
    assert_eq!(large.std(0, 0.0).unwrap().item_with(&Sync::new()).unwrap(), f16::ZERO);
    let twos = Array::full(&[10], of(2.0), 3).unwrap();
    assert_eq!(twos.prod(0).unwrap().item_with(&Sync::new()).unwrap(), of(1024.0));
    // Elements become what is asked for before they are added.
    let thirds = Array::full(&[3], 1.0 / 3.0, 3).unwrap();
    assert_eq!(
        thirds.sum_as::<f16>(0).unwrap().item_with(&Sync::new()).unwrap(),
        of(3.0 * of(1.0 / 3.0).to_f32())
    );
}

#[test]
fn numbers_are_ordered_and_found() {
    let numbers = arr1(&[3.0, -0.5, 70000.0, 1.5, -0.5, 2.0].map(of));
    for chunks in [1, 4, 6] {
        let x = Array::from_ndarray(numbers.clone(), chunks).unwrap();
        assert_eq!(x.min(0).unwrap().item_with(&Sync::new()).unwrap(), of(-0.5));
        assert_eq!(x.max(0).unwrap().item_with(&Sync::new()).unwrap(), f16::INFINITY);
        assert_eq!(x.argmin(0).unwrap().item_with(&Sync::new()).unwrap(), 1);
        let unique = x.unique().compute_with(&Sync::new()).unwrap();
        assert_eq!(unique, arr1(&[-0.5, 1.5, 2.0, 3.0, f32::INFINITY].map(of)).into_dyn());
        let largest = x.topk(2, 0).unwrap().compute_with(&Sync::new()).unwrap();
        assert_eq!(largest, arr1(&[f32::INFINITY, 3.0].map(of)).into_dyn());
        let sums = x.slice((3..,)).unwrap().cumsum(0).unwrap().compute_with(&Sync::new()).unwrap();
        assert_eq!(sums, arr1(&[1.5, 1.0, 3.0].map(of)).into_dyn());
        let missing = x.nan_to_num(f16::ZERO, None, None).max(0).unwrap().item_with(&Sync::new()).unwrap();
        assert_eq!(missing, f16::MAX);
    }
}

#[test]
fn products_are_added_up_in_single_precision() {
    let a = Array2::from_shape_fn((3, 3000), |(i, _)| of(1.0 + i as f32));
    let a = Array::from_ndarray(a, [2, 3000]).unwrap();
    let ones = Array::<f16>::ones(&[3000], 3000).unwrap();
    let got = a.dot(&ones).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(got, arr1(&[3000.0, 6000.0, 9000.0].map(of)).into_dyn());
    let square = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 4.0]].map(|row| row.map(of))), [1, 1]).unwrap();
    let got = square.matmul(&square).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(got, arr2(&[[7.0, 10.0], [15.0, 22.0]].map(|row| row.map(of))).into_dyn());
}

#[test]
fn ranges_and_mixed_types_are_numpys() {
    let tenths = Array::arange(of(0.0), of(0.45), of(0.1), 2).unwrap();
    let expected = [0.0, 0.1, 0.2, 0.3, 0.4].map(|x: f64| f16::from_f64_const(of(0.1).to_f64() * (x * 10.0)));
    assert_eq!(tenths.compute_with(&Sync::new()).unwrap(), arr1(&expected).into_dyn());
    let bytes = Array::<u8>::ones(&[5], 2).unwrap();
    let (a, b) = promote(&tenths, &bytes);
    let sum: Array<f16> = a + b;
    assert_eq!(sum.slice((0,)).unwrap().item_with(&Sync::new()).unwrap(), of(1.0));
    let (a, b) = promote(&tenths, &Array::<i16>::ones(&[5], 5).unwrap());
    let sum: Array<f32> = a + b;
    assert_eq!(sum.slice((1,)).unwrap().item_with(&Sync::new()).unwrap(), 1.0 + of(0.1).to_f32());
    assert_eq!(
        (of(2.0) * &tenths).slice((2,)).unwrap().item_with(&Sync::new()).unwrap(),
        of(2.0) * expected[2]
    );
}

#[test]
fn files_are_read_and_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("half.npy");
    let numbers = Array1::from_iter((0..1000).map(|i| of(i as f32 / 8.0)));
    Array::from_ndarray(numbers.clone(), 300).unwrap().to_npy_with(&path, &Sync::new()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..60]).contains("'descr': '<f2'") || cfg!(target_endian = "big"));
    let back = Array::<f16>::from_npy(&path, 170).unwrap();
    assert_eq!(back.compute_with(&Sync::new()).unwrap(), numbers.clone().into_dyn());
    // Written by a machine of the other byte order.
    let header = bytes.len() - 2000;
    let mut swapped = bytes.clone();
    let order = swapped.iter().position(|&byte| byte == b'<' || byte == b'>').unwrap();
    swapped[order] ^= b'<' ^ b'>';
    swapped[header..].chunks_exact_mut(2).for_each(|pair| pair.reverse());
    std::fs::write(&path, swapped).unwrap();
    let back = Array::<f16>::from_npy(&path, 1000).unwrap();
    assert_eq!(back.compute_with(&Sync::new()).unwrap(), numbers.into_dyn());
    assert!(Array::<f32>::from_npy(&path, 1000).is_err());
}
