//! Searching, counting, choosing and quantiles, against sorting and plain loops.

use dask_array::ndarray::{ArrayD, Axis, arr1};
use dask_array::{Array, ArrayError, Bins, Over, QuantileMethod, Side, Tolerance, histogramdd, union1d};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::random::{Cut, any_cut, chunks_of, close, the_same_everywhere as everywhere};

fn line(n: std::ops::Range<usize>) -> impl Strategy<Value = Cut> {
    n.prop_flat_map(|n| (proptest::collection::vec(-40..40_i32, n), chunks_of(n))).prop_map(|(x, chunks)| {
        let array = arr1(&x.into_iter().map(f64::from).collect::<Vec<_>>()).into_dyn();
        Cut { array, chunks: vec![chunks] }
    })
}

fn sorted(x: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut x: Vec<f64> = x.into_iter().collect();
    x.sort_by(f64::total_cmp);
    x
}

/// The quantile by numpy's default method, from sorted numbers.
fn linear(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn quantiles_are_of_the_sorted(a in any_cut(), axis in 0..3_usize, q in 0.0..1.0_f64, nan in any::<bool>()) {
        let mut array = a.array;
        if nan {
            array.mapv_inplace(|x| if x as i64 % 4 == 0 { f64::NAN } else { x });
        }
        let axis = axis % array.ndim();
        let x = Cut { array: array.clone(), chunks: a.chunks }.lazy();
        let of = |x: Vec<f64>, q: f64| if x.is_empty() { f64::NAN } else { linear(&x, q) };
        let spoiled = |x: Vec<f64>, q| if x.iter().any(|x| x.is_nan()) { f64::NAN } else { of(sorted(x), q) };
        let clean = |x: Vec<f64>, q| of(sorted(x.into_iter().filter(|x| !x.is_nan())), q);
        let alike = |a: &ArrayD<f64>, b: &ArrayD<f64>| {
            let plain = |x: &ArrayD<f64>| x.mapv(|x| if x.is_nan() { -77.25 } else { x });
            close(&plain(a), &plain(b))
        };
        let want = array.map_axis(Axis(axis), |line| spoiled(line.to_vec(), q));
        let got = everywhere(&x.quantile(q, axis, QuantileMethod::Linear).unwrap());
        prop_assert!(alike(&got, &want), "{got} {want}");
        let want = array.map_axis(Axis(axis), |line| clean(line.to_vec(), 0.5));
        prop_assert!(alike(&everywhere(&x.nanmedian(axis).unwrap()), &want));
        let flat: Vec<f64> = array.iter().copied().collect();
        let want = arr1(&[q, 0.0, 1.0].map(|q| clean(flat.clone(), q))).into_dyn();
        let got = everywhere(&x.nanquantile([q, 0.0, 1.0], .., QuantileMethod::Linear).unwrap());
        prop_assert!(alike(&got, &want), "{got} {want}");
        let got = everywhere(&x.median(Over::from(..).keepdims()).unwrap());
        prop_assert_eq!(got.ndim(), array.ndim());
        let median = spoiled(flat, 0.5);
        prop_assert!(got.first().is_some_and(|x| x.is_nan() == median.is_nan() && (median.is_nan() || (x - median).abs() < 1e-9)));
    }

    #[test]
    fn the_first_k_of_the_sorted(a in any_cut(), axis in 0..3_usize, k in -6..7_isize) {
        let axis = axis % a.array.ndim();
        let x = a.lazy();
        let n = a.array.len_of(Axis(axis)).min(k.unsigned_abs());
        let values = everywhere(&x.topk(k, axis as isize).unwrap());
        let places = everywhere(&x.argtopk(k, axis as isize).unwrap());
        prop_assert_eq!(values.len_of(Axis(axis)), n);
        let lanes = values.lanes(Axis(axis)).into_iter().zip(places.lanes(Axis(axis)));
        for (line, (values, places)) in a.array.lanes(Axis(axis)).into_iter().zip(lanes) {
            let mut want = sorted(line.to_vec());
            if k > 0 {
                want.reverse();
            }
            prop_assert_eq!(values.to_vec(), want[..n].to_vec());
            let at: Vec<f64> = places.iter().map(|&at| line[at as usize]).collect();
            prop_assert_eq!(at, want[..n].to_vec());
            let mut different = places.to_vec();
            different.sort_unstable();
            different.dedup();
            prop_assert_eq!(different.len(), n);
        }
    }

    #[test]
    fn places_in_sorted_blocks(a in line(0..30), values in line(1..20), right in any::<bool>()) {
        let mut sorted_a = a.clone();
        let numbers = sorted(a.array.iter().copied());
        sorted_a.array = arr1(&numbers).into_dyn();
        let side = if right { Side::Right } else { Side::Left };
        let got = everywhere(&sorted_a.lazy().searchsorted(&values.lazy(), side).unwrap());
        let before = |v: f64| numbers.iter().filter(|&&x| x < v || (right && x == v)).count() as i64;
        prop_assert_eq!(got, values.array.mapv(before));
        let mut edges = numbers.clone();
        let bins = everywhere(&values.lazy().digitize(&edges, !right).unwrap());
        prop_assert_eq!(&bins, &values.array.mapv(before));
        edges.reverse();
        let down = everywhere(&values.lazy().digitize(&edges, !right).unwrap());
        if edges.first() != edges.last() {
            prop_assert_eq!(down, bins.mapv(|bin| edges.len() as i64 - bin));
        }
    }

    #[test]
    fn counting_is_as_a_plain_loop(a in any_cut(), n in 1..9_usize) {
        let x = a.lazy();
        let weights: ArrayD<f64> = a.array.mapv(|x| x.abs());
        let w = Cut { array: weights.clone(), chunks: a.chunks.clone() }.lazy().rechunk(2).unwrap();
        let (counts, edges) = x.histogram(Bins::even(n, -100.0, 60.0)).unwrap();
        let edges = everywhere(&edges);
        let bin = |x: f64| (0..n).find(|&i| edges[i] <= x && (x < edges[i + 1] || (i + 1 == n && x == edges[n])));
        let mut want = vec![0; n];
        let mut heavy = vec![0.0; n];
        for (&x, &w) in a.array.iter().zip(&weights) {
            if let Some(bin) = bin(x) {
                want[bin] += 1;
                heavy[bin] += w;
            }
        }
        prop_assert_eq!(everywhere(&counts), arr1(&want).into_dyn());
        let edges: Vec<f64> = edges.iter().copied().collect();
        let (sums, _) = x.histogram_weighted(edges.clone(), &w).unwrap();
        prop_assert_eq!(everywhere(&sums), arr1(&heavy).into_dyn());
        if want.iter().any(|&n| n > 0) {
            let (density, _) = x.histogram_density(edges, None).unwrap();
            let density = everywhere(&density);
            let total: f64 = density.iter().map(|share| share * 160.0 / n as f64).sum();
            prop_assert!((total - 1.0).abs() < 1e-9);
        }

        let numbers = x.astype::<i64>().ravel().abs();
        let plain: Vec<usize> = a.array.iter().map(|x| x.abs() as usize).collect();
        let mut counts = vec![0; plain.iter().max().map_or(0, |max| max + 1).max(n)];
        plain.iter().for_each(|&x| counts[x] += 1);
        prop_assert_eq!(everywhere(&numbers.bincount(n).unwrap()), arr1(&counts).into_dyn());
        prop_assert_eq!(everywhere(&numbers.bincount_within(n).unwrap()), arr1(&counts[..n]).into_dyn());
    }

    #[test]
    fn distinct_elements(a in line(0..40), b in line(0..20)) {
        let mut want = sorted(a.array.iter().copied());
        want.dedup();
        let x = a.lazy();
        prop_assert_eq!(everywhere(&x.unique()), arr1(&want).into_dyn());
        let all = x.unique_all();
        prop_assert_eq!(everywhere(&all.values), arr1(&want).into_dyn());
        let first: Vec<i64> = want.iter().map(|v| a.array.iter().position(|x| x == v).unwrap() as i64).collect();
        prop_assert_eq!(everywhere(&all.index), arr1(&first).into_dyn());
        let counts: Vec<i64> = want.iter().map(|v| a.array.iter().filter(|x| *x == v).count() as i64).collect();
        prop_assert_eq!(everywhere(&all.counts), arr1(&counts).into_dyn());
        let inverse = everywhere(&all.inverse).mapv(|at| want[at as usize]);
        prop_assert_eq!(&inverse, &a.array);
        let mut both = sorted(a.array.iter().chain(&b.array).copied());
        both.dedup();
        prop_assert_eq!(everywhere(&union1d(&x, &b.lazy()).unwrap()), arr1(&both).into_dyn());
    }
}

#[test]
fn quantiles_of_many_elements_gather_few() {
    // Long blocks, so that samples leave elements out.
    let x = (Array::arange(0.0, 50_000.0, 1.0, 7_000).unwrap() * 7919.0).remainder(50_021.0).unwrap();
    let all = sorted(x.compute_with(&Sync::new()).unwrap());
    let qs = [0.0, 0.001, 0.25, 0.5, 0.77, 1.0];
    let got = everywhere(&x.quantile(qs, .., QuantileMethod::Linear).unwrap());
    for (got, q) in got.iter().zip(qs) {
        assert!((got - linear(&all, q)).abs() < 1e-9, "{q}: {got}");
    }
}

#[test]
fn points_in_space() {
    let [x, y, z] = [[0.1, 0.9, 0.9, 2.0], [0.2, 0.2, 0.8, 0.1], [0.0, 1.0, 1.0, 0.5]]
        .map(|line| Array::from_ndarray(arr1(&line), 3).unwrap());
    let bins = [Bins::even(2, 0.0, 1.0), Bins::even(1, 0.0, 1.0), Bins::from([0.0, 0.5, 1.0])];
    let (counts, edges) = histogramdd(&[&x, &y, &z], &bins, false, None).unwrap();
    let counts = everywhere(&counts);
    assert_eq!((counts.shape(), edges.len()), (&[2, 1, 2][..], 3));
    assert_eq!((counts[[0, 0, 0]], counts[[1, 0, 1]], counts.sum()), (1.0, 2.0, 3.0));
    let (density, _) = histogramdd(&[&x, &y, &z], &bins, true, None).unwrap();
    assert!((everywhere(&density).sum() * 0.25 - 1.0).abs() < 1e-12);
}

#[test]
fn covariances_of_rows_and_columns() {
    let x = dask_array::ndarray::arr2(&[[1.0, 2.0, 4.0, 8.0], [3.0, 3.5, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0]]);
    let lazy = Array::from_ndarray(x.clone(), 2).unwrap();
    for (cov, rows) in [
        (lazy.cov(true, 1.0).unwrap(), x.clone()),
        (lazy.t().cov(false, 1.0).unwrap(), x.clone()),
        (lazy.cov(false, 1.0).unwrap(), x.t().to_owned()),
    ] {
        let (got, n) = (everywhere(&cov), rows.ncols() as f64);
        for i in 0..rows.nrows() {
            for j in 0..rows.nrows() {
                let (a, b) = (rows.row(i), rows.row(j));
                let (m, k) = (a.sum() / n, b.sum() / n);
                let want = a.iter().zip(b).map(|(a, b)| (a - m) * (b - k)).sum::<f64>() / (n - 1.0);
                assert!((got[[i, j]] - want).abs() < 1e-12);
            }
        }
    }
    // Of one variable numpy gives a number, however the variable lies.
    let one = lazy.slice(dask_array::ndarray::s![..1, ..]).unwrap();
    for (variable, rowvar) in [(one.clone(), true), (one.t(), false), (one.squeeze(0).unwrap(), true)] {
        let variance = everywhere(&variable.cov(rowvar, 1.0).unwrap());
        assert_eq!(variance.ndim(), 0);
        assert!((variance.sum() - 28.75 / 3.0).abs() < 1e-12);
        assert_eq!(variable.corrcoef(rowvar).unwrap().item_with(&Sync::new()).unwrap(), 1.0);
    }
    let correlations = everywhere(&lazy.corrcoef(true).unwrap());
    assert!((0..3).all(|i| (correlations[[i, i]] - 1.0).abs() < 1e-12));
    assert_eq!(lazy.trace(-1, 1, 0).unwrap().item_with(&Sync::new()).unwrap(), 2.0 + 1.0 + 0.0);
    assert!(lazy.all_close(&lazy, Tolerance::default()).unwrap().item_with(&Sync::new()).unwrap());
    assert!(!lazy.all_close(1.0, Tolerance::default()).unwrap().item_with(&Sync::new()).unwrap());
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
    let row = Array::<f64>::ones(&[5], 2).unwrap();
    says(x.searchsorted(&row, Side::Left), &["searchsorted", "[4, 5]", "ravel"]);
    says(x.digitize(&[0.0, 2.0, 1.0], false), &["neither up nor down"]);
    says(x.histogram(Bins::even(0, 0.0, 1.0)), &["no bin"]);
    says(x.histogram(Bins::even(3, 2.0, 1.0)), &["ends before it begins"]);
    says(x.histogram(Bins::even(3, 0.0, f64::INFINITY)), &["not finite"]);
    says(x.histogram([0.0, 2.0, 1.0]), &["do not go up"]);
    says(x.histogram([0.0]), &["less than two"]);
    says(x.histogram_weighted([0.0, 1.0], &row), &["[5]", "[4, 5]"]);
    says(histogramdd(&[&row], &[], false, None), &["one list of bins"]);
    says(histogramdd::<f64>(&[], &[], false, None), &["one array at least"]);
    says(x.astype::<i32>().bincount(0), &["bincount", "[4, 5]"]);
    says(x.quantile(1.5, 0, QuantileMethod::Linear), &["between 0 and 1", "1.5"]);
    says(x.percentile([50.0, -1.0], .., QuantileMethod::Linear), &["between 0 and 100", "-1"]);
    says(x.quantile(f64::NAN, 0, QuantileMethod::Linear), &["NaN"]);
    says(x.median(2), &["axis 2"]);
    says(x.topk(3, 2), &["axis 2"]);
    let cube = Array::<f64>::ones(&[2, 2, 2], 2).unwrap();
    says(cube.cov(true, 1.0), &["cov", "[2, 2, 2]"]);
    says(cube.corrcoef(false), &["corrcoef", "[2, 2, 2]"]);
    says(cube.trace(0, 1, -2), &["[1, -2]"]);

    let negative = Array::from_ndarray(arr1(&[1, -4]), 1).unwrap();
    let error = negative.bincount(0).unwrap().compute_with(&Sync::new()).unwrap_err();
    assert!(format!("{error:?}").contains("-4"), "{error:?}");
}
