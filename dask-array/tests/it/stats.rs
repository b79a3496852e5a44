//! Statistical tests, against the examples of scipy's documentation.

use dask_array::ndarray::{Array1, arr2};
use dask_array::stats::{self, TestResult};
use dask_array::{Array, ArrayError};
use dask_graph::Collection;
use dask_sched_sync::Sync;

use super::random::the_same_everywhere;

fn line(x: &[f64]) -> Array<f64> {
    Array::from_ndarray(Array1::from(x.to_vec()), 3).unwrap()
}

#[track_caller]
fn check(test: Result<TestResult, ArrayError>, statistic: f64, pvalue: f64) {
    let test = test.unwrap();
    for (array, want) in [(test.statistic, statistic), (test.pvalue, pvalue)] {
        let got = the_same_everywhere(&array)[[]];
        assert!((got - want).abs() <= 1e-9 * want.abs(), "{got}, expected {want}");
    }
}

#[test]
fn skewness_and_kurtosis() {
    let eight = line(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    check(stats::skewtest(&eight, 0), 1.010_804_860_917_778_7, 0.312_109_836_142_189_7);
    let far = line(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8000.0]);
    check(stats::skewtest(&far, 0), 3.571_773_510_360_407, 0.000_354_571_990_582_313_3);
    let mixed = line(&[2.0, 8.0, 0.0, 4.0, 1.0, 9.0, 9.0, 0.0]);
    check(stats::skewtest(&mixed, -1), 0.446_263_853_741_969_75, 0.655_406_663_127_545_9);
    let twenty = Array::arange(0_i64, 20, 1, 7).unwrap();
    check(stats::kurtosistest(&twenty, 0), -1.705_810_415_212_206_2, 0.088_043_383_325_283_48);
    let both = stats::normaltest(&twenty, 0).unwrap();
    let skew = stats::skewtest(&twenty, 0).unwrap().statistic.item_with(&Sync::new()).unwrap();
    let sum = skew * skew + 1.705_810_415_212_206_2_f64.powi(2);
    assert!((both.statistic.item_with(&Sync::new()).unwrap() - sum).abs() < 1e-9);
    // With two degrees of freedom.
    assert!((both.pvalue.item_with(&Sync::new()).unwrap() - (-sum / 2.0).exp()).abs() < 1e-12);
}

#[test]
fn counts() {
    let counts = [16.0, 18.0, 16.0, 14.0, 12.0, 12.0];
    let observed = line(&counts).astype::<i32>();
    check(stats::chisquare(&observed, None, 0.0, 0), 2.0, 0.849_145_036_084_609_6);
    let expected = line(&[16.0, 16.0, 16.0, 16.0, 16.0, 8.0]);
    check(stats::chisquare(&observed, Some(&expected), 0.0, 0), 3.5, 0.623_387_627_749_582_2);
    let ratio = stats::power_divergence(&observed, None, 0.0, 0, 0.0);
    check(ratio, 2.006_573_162_632_538, 0.848_234_767_794_637_7);
}

#[test]
fn variance_between_samples() {
    let samples = [
        line(&[0.0571, 0.0813, 0.0831, 0.0976, 0.0817, 0.0859, 0.0735, 0.0659, 0.0923, 0.0836]),
        line(&[0.0873, 0.0662, 0.0672, 0.0819, 0.0749, 0.0649, 0.0835, 0.0725]),
        line(&[0.0974, 0.1352, 0.0817, 0.1016, 0.0968, 0.1064, 0.105]),
        line(&[0.1033, 0.0915, 0.0781, 0.0685, 0.0677, 0.0697, 0.0764, 0.0689]),
        line(&[0.0703, 0.1026, 0.0956, 0.0973, 0.1039, 0.1045]),
    ];
    let all: Vec<&Array<f64>> = samples.iter().collect();
    check(stats::f_oneway(&all), 7.121_019_471_642_447, 0.000_281_224_231_453_454_4);
    // Of two samples it is the square of Student's.
    let student = stats::ttest_ind(&samples[0], &samples[2], 0, true).unwrap();
    let [t, p] = [student.statistic, student.pvalue].map(|x| x.item_with(&Sync::new()).unwrap());
    check(stats::f_oneway(&[all[0], all[2]]), t * t, p);
}

#[test]
fn means_by_columns() {
    let a = arr2(&[[1.0, 4.0], [2.0, 9.0], [4.0, 1.0], [8.0, 3.0]]);
    let b = arr2(&[[2.0, 4.5], [2.5, 8.0], [3.0, 2.0], [9.0, 1.0]]);
    let [x, y] = [&a, &b].map(|a| Array::from_ndarray(a.clone(), [3, 1]).unwrap());
    let paired = stats::ttest_rel(&x, &y, 0).unwrap();
    let plain = stats::ttest_1samp(&(&x - &y), 0.0, 0).unwrap();
    assert_eq!(the_same_everywhere(&paired.statistic), the_same_everywhere(&plain.statistic));
    let welch = stats::ttest_ind(&x, &y, 0, false).unwrap();
    for (column, (t, p)) in
        the_same_everywhere(&welch.statistic).iter().zip(the_same_everywhere(&welch.pvalue)).enumerate()
    {
        let of = |a: &dask_array::ndarray::Array2<f64>| {
            let column = a.column(column);
            (column.mean().unwrap(), column.var(1.0) / 4.0)
        };
        let ((m, v), (n, w)) = (of(&a), of(&b));
        assert!((t - (m - n) / (v + w).sqrt()).abs() < 1e-12);
        assert!(0.0 < p && p < 1.0);
    }
}

#[test]
fn too_few_are_refused() {
    let x = line(&[1.0, 2.0, 3.0]);
    let message = stats::skewtest(&x, 0).unwrap_err().to_string();
    assert!(message.contains("skewtest") && message.contains('8') && message.contains('3'), "{message}");
    assert!(stats::kurtosistest(&x, 1).unwrap_err().to_string().contains("axis 1"));
    assert!(stats::f_oneway::<f64>(&[]).unwrap_err().to_string().contains("f_oneway"));
    assert!(stats::ttest_ind(&x, &x, 0, true).unwrap().pvalue.compute_with(&Sync::new()).is_ok());
}
