//! Tables from and to two-dimensional arrays.

use dask_frame::{Column, DataFrame, FrameError, Table};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use ndarray::{Array2, s};
use proptest::prelude::*;

use super::run::every_way;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the order of the elements in memory.
    #[test]
    fn arrays_come_back(
        n_rows in 0_usize..9, n_columns in 0_usize..5, n_partitions in 1_usize..6, turned: bool, step in 1_usize..3,
    ) {
        let value = |(i, j): (usize, usize)| if (i + 2 * j).is_multiple_of(4) { f64::NAN } else { (10 * i + j) as f64 };
        let all = match turned {
            true => Array2::from_shape_fn((n_columns, step * n_rows), |(j, i)| value((i, j))).reversed_axes(),
            false => Array2::from_shape_fn((step * n_rows, n_columns), value),
        };
        let array = all.slice(s![..;step, ..]);
        let names = (0..n_columns).map(|j| format!("c{j}")).collect::<Vec<_>>();
        let frame = DataFrame::from_ndarray(array, names.clone(), n_partitions).unwrap();
        prop_assert_eq!(frame.n_partitions(), n_partitions);
        let table = every_way(&frame, "of an array");
        for (j, name) in names.iter().enumerate() {
            let expected = Column::from(array.column(j).iter().copied().collect::<Vec<f64>>());
            prop_assert_eq!(table.column(name).unwrap(), &expected);
        }
        let again = table.to_ndarray().unwrap();
        prop_assert_eq!(again.dim(), array.dim());
        prop_assert!(again.iter().zip(&array).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
    }
}

#[test]
fn what_is_no_array_is_refused() {
    let array = Array2::<f64>::zeros((2, 2));
    let error = DataFrame::from_ndarray(array.view(), ["a"], 1).unwrap_err();
    assert_eq!(error.to_string(), "from_ndarray: 1 names for 2 columns");
    let error = DataFrame::from_ndarray(array.view(), ["a", "a"], 1).unwrap_err();
    assert!(matches!(error, FrameError::DuplicateColumn { name } if name == "a"));
    let table = Table::new([("b", Column::from(vec![true])), ("s", Column::from(vec!["x"]))]).unwrap();
    let error = table.to_ndarray().unwrap_err().to_string();
    assert!(error.starts_with("to_ndarray: `s` is Utf8, expected a number or Bool"), "{error}");
    let truths = DataFrame::from_table(&table, 1).unwrap().select(["b"]).unwrap();
    assert_eq!(truths.compute_with(&Sync::new()).unwrap().to_ndarray().unwrap()[(0, 0)], 1.0);
}
