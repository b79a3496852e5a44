//! Checking factorisations: by what the factors must satisfy, all of them together.

use dask_array::ndarray::{Array2, Axis};
use serde_json::Value as Json;

use super::dynamic::Result_;

/// Whether a case is checked in this way.
pub(super) fn is_set(case: &Json) -> bool {
    case["check"].as_str().is_some_and(|check| ["qr", "svd", "lu"].contains(&check))
}

/// Checks the outputs of a case, whose input and expected outputs are given, too.
#[track_caller]
pub(super) fn check(case: &Json, input: &Result_, got: &[Result_], expected: &[Result_], what: &str) {
    let close = |a: &Array2<f64>, b: &Array2<f64>, name: &str| {
        assert_eq!(a.dim(), b.dim(), "{what}: {name}");
        let scale = b.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
        let far = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(far <= case["rtol"].as_f64().unwrap() * scale, "{what}: {name} is off by {far}");
    };
    let got: Vec<Array2<f64>> = got.iter().map(matrix).collect();
    let expected: Vec<Array2<f64>> = expected.iter().map(matrix).collect();
    let input = matrix(input);
    let unit = |n: usize| Array2::eye(n);
    let is_zero = |x: &Array2<f64>, place: fn(usize, usize) -> bool| {
        x.indexed_iter().all(|((i, j), &x)| !place(i, j) || x == 0.0)
    };
    match (case["check"].as_str(), &got[..]) {
        (Some("qr"), [q, r]) => {
            close(&q.dot(r), &input, "q·r");
            close(&q.t().dot(q), &unit(q.ncols()), "qᵀ·q");
            assert!(is_zero(r, |i, j| i > j), "{what}: r is not upper triangular");
            close(&r.mapv(f64::abs), &expected[1].mapv(f64::abs), "|r|");
        }
        (Some("svd"), [u, s, vh]) => {
            close(&(u * &s.t()).dot(vh), &input, "u·diag(s)·vh");
            close(s, &expected[1], "s");
            close(&u.t().dot(u), &unit(u.ncols()), "uᵀ·u");
            close(&vh.dot(&vh.t()), &unit(vh.nrows()), "vh·vhᵀ");
        }
        (Some("lu"), [p, l, u]) => {
            close(&p.dot(l).dot(u), &input, "p·l·u");
            assert!(is_zero(l, |i, j| i < j) && l.diag().iter().all(|&x| x == 1.0), "{what}: l");
            assert!(l.iter().all(|x| x.abs() <= 1.0), "{what}: a pivot was not the largest");
            assert!(is_zero(u, |i, j| i > j), "{what}: u is not upper triangular");
            let ones = |axis: usize| p.map_axis(Axis(axis), |x| x.iter().filter(|x| **x == 1.0).count());
            assert!(ones(0).iter().chain(&ones(1)).all(|&ones| ones == 1), "{what}: p is no permutation");
            assert_eq!(p.sum(), p.nrows() as f64, "{what}: p is no permutation");
        }
        (check, _) => panic!("{what}: {check:?} of {} outputs", got.len()),
    }
}

/// The elements as a matrix; a vector is a column.
fn matrix(result: &Result_) -> Array2<f64> {
    let shape = result.shape();
    let dim = (shape[0], shape.get(1).copied().unwrap_or(1));
    let numbers = result.numbers().iter().map(|x| x.re).collect();
    Array2::from_shape_vec(dim, numbers).unwrap()
}
