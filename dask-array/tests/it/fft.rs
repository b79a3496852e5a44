//! Fourier transforms, against sums over all elements.

use std::f64::consts::TAU;

use dask_array::fft::{self, Along, AlongAxes, Norm};
use dask_array::ndarray::{ArrayD, Axis};
use dask_array::{Array, ArrayError, Element, c64, c128};
use dask_graph::Collection;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::random::{Cut, any_cut};

fn everywhere<A: Element + PartialEq>(array: &Array<A>) -> ArrayD<A> {
    let plain = array.compute_with(&Sync::new()).unwrap();
    assert_eq!(plain, array.compute_with(&Optimized::new(Threaded::with_workers(2))).unwrap());
    assert_eq!(plain.shape(), array.shape());
    plain
}

/// The transform as it is defined, of the first `n` elements of each line.
fn naive(x: &ArrayD<c128>, axis: usize, n: usize, inverse: bool) -> ArrayD<c128> {
    let mut shape = x.shape().to_vec();
    shape[axis] = n;
    let mut out = ArrayD::from_elem(shape, c128::default());
    let sign = if inverse { 1.0 } else { -1.0 };
    for (from, mut to) in x.lanes(Axis(axis)).into_iter().zip(out.lanes_mut(Axis(axis))) {
        for (k, to) in to.iter_mut().enumerate() {
            let wave = |j: usize| c128::from_polar(1.0, sign * TAU * (j * k % n) as f64 / n as f64);
            *to = from.iter().take(n).enumerate().map(|(j, x)| x * wave(j)).sum();
        }
    }
    if inverse { out / n as f64 } else { out }
}

fn close(a: &ArrayD<c128>, b: &ArrayD<c128>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| (a - b).norm() <= 1e-9 * (1.0 + b.norm()))
}

/// The first half of each line and what goes with it.
fn first(x: &ArrayD<c128>, axis: usize, n: usize) -> ArrayD<c128> {
    x.slice_axis(Axis(axis), (..n).into()).to_owned()
}

fn complex(cut: &Cut) -> (Array<c128>, ArrayD<c128>) {
    let rotate = c128::new(0.6, 0.8);
    let elements = cut.array.mapv(|x| rotate * x + c128::new(0.0, x * x * 0.01));
    (Array::from_ndarray(elements.clone(), cut.chunks.clone()).unwrap(), elements)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn transforms_are_their_sums(cut in any_cut(), axis in 0..3_usize, n in proptest::option::of(1..14_usize)) {
        let axis = axis % cut.array.ndim();
        let along = Along::from(axis as isize);
        let along = n.map_or(along, |n| along.n(n));
        let n = n.unwrap_or(cut.array.shape()[axis]);
        let (real, whole) = (cut.lazy(), cut.array.mapv(c128::from));
        let (z, elements) = complex(&cut);

        let forward = naive(&elements, axis, n, false);
        prop_assert!(close(&everywhere(&fft::fft(&z, along).unwrap()), &forward));
        prop_assert!(close(&everywhere(&fft::ifft(&z, along).unwrap()), &naive(&elements, axis, n, true)));
        let spectrum = naive(&whole, axis, n, false);
        let inverse = naive(&whole, axis, n, true);
        prop_assert!(close(&everywhere(&fft::fft(&real, along).unwrap()), &spectrum));
        prop_assert!(close(&everywhere(&fft::ifft(&real, along).unwrap()), &inverse));
        let half = fft::rfft(&real, along).unwrap();
        prop_assert!(close(&everywhere(&half), &first(&spectrum, axis, n / 2 + 1)));
        let hermitian = fft::ihfft(&real, along).unwrap();
        prop_assert!(close(&everywhere(&hermitian), &first(&inverse, axis, n / 2 + 1)));

        let padded = everywhere(&fft::ifft(&fft::fft(&real, along).unwrap(), axis as isize).unwrap());
        let back = Along::from(axis as isize).n(n);
        for restored in [fft::irfft(&half, back), fft::hfft(&hermitian, back)] {
            prop_assert!(close(&everywhere(&restored.unwrap()).mapv(c128::from), &padded));
        }
        for norm in [Norm::Ortho, Norm::Forward] {
            let there = fft::fft(&z, along.norm(norm)).unwrap();
            let scale = if norm == Norm::Ortho { 1.0 / (n as f64).sqrt() } else { 1.0 / n as f64 };
            prop_assert!(close(&everywhere(&there), &(&forward * c128::from(scale))));
        }
    }

    #[test]
    fn several_axes_are_one_after_the_other(cut in any_cut()) {
        let (z, elements) = complex(&cut);
        let all = (0..elements.ndim()).fold(elements.clone(), |x, axis| naive(&x, axis, x.shape()[axis], false));
        let spectrum = fft::fftn(&z, ..).unwrap();
        prop_assert!(close(&everywhere(&spectrum), &all));
        prop_assert!(close(&everywhere(&fft::ifftn(&spectrum, ..).unwrap()), &elements));

        let half = fft::rfftn(&cut.lazy(), ..).unwrap();
        let back = AlongAxes::from(..).shape(cut.array.shape());
        let restored = everywhere(&fft::irfftn(&half, back).unwrap());
        prop_assert!(close(&restored.mapv(c128::from), &cut.array.mapv(c128::from)));
        if cut.array.ndim() >= 2 {
            let two = fft::fft2(&z, Norm::Ortho).unwrap();
            prop_assert!(close(&everywhere(&fft::ifft2(&two, Norm::Ortho).unwrap()), &elements));
            let half = fft::rfft2(&cut.lazy(), Norm::Forward).unwrap();
            if cut.array.shape()[cut.array.ndim() - 1] % 2 == 0 {
                let restored = everywhere(&fft::irfft2(&half, Norm::Forward).unwrap());
                prop_assert!(close(&restored.mapv(c128::from), &cut.array.mapv(c128::from)));
            }
        }
    }

    #[test]
    fn shifts_undo_each_other(cut in any_cut()) {
        let shifted = fft::fftshift(&cut.lazy(), ..).unwrap();
        prop_assert_eq!(&everywhere(&fft::ifftshift(&shifted, ..).unwrap()), &cut.array);
        let n = cut.array.shape()[0];
        let (once, x) = (everywhere(&fft::fftshift(&cut.lazy(), [0]).unwrap()), &cut.array);
        for (at, row) in once.axis_iter(Axis(0)).enumerate() {
            prop_assert_eq!(row, x.index_axis(Axis(0), (at + n - n / 2) % n));
        }
    }
}

#[test]
fn types_are_those_of_numpy() {
    let single: Array<c64> = fft::fft(&Array::<f32>::ones(&[4], 2).unwrap(), -1).unwrap();
    assert_eq!(everywhere(&single)[0], c64::new(4.0, 0.0));
    let double: Array<c128> = fft::rfft(&Array::<i16>::ones(&[4], 2).unwrap(), -1).unwrap();
    assert_eq!(everywhere(&double)[0], c128::new(4.0, 0.0));
    let real: Array<f32> = fft::irfft(&single, -1).unwrap();
    assert_eq!(real.shape(), [6]);
}

#[test]
fn blocks_along_other_axes_stay_bounded() {
    let x = Array::<f64>::zeros(&[100_000, 10_000], [100, 10_000]).unwrap();
    let spectrum = fft::rfft(&x, 0).unwrap();
    assert_eq!(spectrum.chunks().lengths(0).len(), 1);
    assert!(spectrum.chunks().lengths(1).iter().all(|&n| n * 100_000 * 8 <= 64 << 20));
}

#[test]
fn what_cannot_be_transformed_is_told() {
    let of = |shape: &[usize]| Array::<f64>::ones(shape, 2).unwrap();
    let says = |error: ArrayError, words: &str| {
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
    };
    says(fft::fft(&of(&[3]), 1).unwrap_err(), "axis 1 is out of range");
    says(fft::fft(&of(&[3, 0]), 1).unwrap_err(), "`fft` along axis 1 of an array of shape [3, 0]");
    says(fft::rfft(&of(&[3]), Along::from(0).n(0)).unwrap_err(), "`rfft` along axis 0");
    says(fft::irfft(&of(&[1]), 0).unwrap_err(), "would have no elements");
    says(fft::fft2(&of(&[3]), Norm::Backward).unwrap_err(), "axis -2 is out of range");
    says(
        fft::fftn(&of(&[3, 3]), AlongAxes::from(..).shape([4])).unwrap_err(),
        "along 2 axes was given 1 lengths",
    );
    says(fft::rfftn(&of(&[]), ..).unwrap_err(), "`rfftn`");
    assert_eq!(everywhere(&fft::fft(&of(&[0, 3]), 1).unwrap()).shape(), [0, 3]);
    assert_eq!(everywhere(&fft::fft(&of(&[0]), Along::from(0).n(2)).unwrap()).shape(), [2]);
}
