//! Factorisations, by what their factors must satisfy, over random shapes and cuts.

use dask_array::linalg::{self, Assume, Compression, Field, Spectral};
use dask_array::ndarray::{Array2, ArrayD, Ix1, Ix2, IxDyn};
use dask_array::{Array, ArrayError, c128};
use dask_graph::Collection;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

fn cuts(n: usize) -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..=n, 0..5).prop_map(move |mut cuts| {
        cuts.extend([0, n]);
        cuts.sort_unstable();
        cuts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    })
}

/// A matrix with a way to cut it; some have columns that repeat or are zero.
fn matrices(
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> impl Strategy<Value = Array<f64>> {
    (rows, columns, any::<u64>(), 0..4_usize).prop_flat_map(|(m, n, seed, rank)| {
        let x = Array2::from_shape_fn((m, n), |(i, j)| {
            let j = match rank {
                0 => j / 2,
                1 if j % 3 == 1 => return 0.0,
                _ => j,
            };
            number(seed, i, j)
        });
        (cuts(m), cuts(n))
            .prop_map(move |(rows, columns)| Array::from_ndarray(x.clone(), vec![rows, columns]).unwrap())
    })
}

/// A square matrix that is far from singular.
fn regular() -> impl Strategy<Value = (Array<f64>, Array<f64>)> {
    (1..12_usize, 1..4_usize, any::<u64>()).prop_flat_map(|(n, p, seed)| {
        // The large elements stand in a row that is not their column.
        let a = Array2::from_shape_fn((n, n), |(i, j)| {
            number(seed, i, j) + if (i + 1) % n == j { 9.0 + i as f64 } else { 0.0 }
        });
        let b = Array2::from_shape_fn((n, p), |(i, j)| number(!seed, i, j));
        (cuts(n), cuts(n), cuts(n), cuts(p)).prop_map(move |(rows, columns, of_b, along)| {
            let b = Array::from_ndarray(b.clone(), vec![of_b, along]).unwrap();
            (Array::from_ndarray(a.clone(), vec![rows, columns]).unwrap(), b)
        })
    })
}

fn number(seed: u64, i: usize, j: usize) -> f64 {
    let mixed = (seed ^ (i as u64 * 31 + j as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as f64 / f64::from(1 << 23) - 1.0
}

fn everywhere(array: &Array<f64>) -> ArrayD<f64> {
    let plain = array.compute_with(&Sync::new()).unwrap();
    assert_eq!(plain, array.compute_with(&Optimized::new(Threaded::with_workers(2))).unwrap());
    assert_eq!(plain.shape(), array.shape());
    plain
}

fn matrix(array: &Array<f64>) -> Array2<f64> {
    everywhere(array).into_dimensionality::<Ix2>().unwrap()
}

fn close(a: &Array2<f64>, b: &Array2<f64>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-10 * (1.0 + b.abs()))
}

fn norm(x: &Array2<f64>) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// What rounding may change of something of size `scale` that is computed with the matrix `x`.
fn rounding(x: &Array2<f64>, scale: f64) -> f64 {
    4.0 * f64::EPSILON * x.nrows().max(x.ncols()) as f64 * scale
}

/// Asserts what makes the parts of `lstsq` the least squares, within what rounding may change: as much as the
/// solution is large, which it is where the matrix is nearly singular.
fn is_least_squares(a: &Array<f64>, b: &Array<f64>) {
    let found = linalg::lstsq(a, b).unwrap();
    let (x, right, solution) = (matrix(a), matrix(b), matrix(&found.solution));
    let left = &right - &x.dot(&solution);
    let slack = rounding(&x, norm(&right) + norm(&x) * norm(&solution));
    assert!(norm(&x.t().dot(&left)) <= norm(&x) * slack);
    let residuals = everywhere(&found.residuals);
    for (l, r) in left.columns().into_iter().zip(&residuals) {
        let squares = l.dot(&l);
        assert!((squares - r).abs() <= slack * (slack + squares.sqrt()));
    }
    let rank = found.rank.item_with(&Sync::new()).unwrap();
    let s = everywhere(&found.singular_values);
    assert_eq!(rank as usize, s.iter().filter(|s| **s > 1e-10).count());
    // The smallest solution lies in the range of the transpose.
    let (q, _) = linalg::qr(&a.t()).unwrap();
    if rank as usize == x.nrows().min(x.ncols()) {
        let q = matrix(&q);
        let outside = &q.dot(&q.t().dot(&solution)) - &solution;
        assert!(norm(&outside) <= rounding(&x, norm(&solution)));
    }
}

fn is_orthonormal(q: &Array2<f64>) -> bool {
    close(&q.t().dot(q), &Array2::eye(q.ncols()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn qr_is_orthogonal_times_triangular(a in matrices(1..40, 1..9)) {
        let (q, r) = linalg::qr(&a).unwrap();
        let (x, q, r) = (matrix(&a), matrix(&q), matrix(&r));
        prop_assert!(is_orthonormal(&q));
        prop_assert!(close(&q.dot(&r), &x));
        prop_assert!(r.indexed_iter().all(|((i, j), &x)| i <= j || x == 0.0));
        prop_assert_eq!(q.ncols(), x.nrows().min(x.ncols()));
    }

    #[test]
    fn singular_values_are_those_of_any_cut(a in matrices(1..30, 1..9)) {
        let (u, s, vh) = linalg::svd(&a).unwrap();
        let s = everywhere(&s).into_dimensionality::<Ix1>().unwrap();
        let (x, u, vh) = (matrix(&a), matrix(&u), matrix(&vh));
        prop_assert!(is_orthonormal(&u) && is_orthonormal(&vh.t().to_owned()));
        prop_assert!(close(&(&u * &s).dot(&vh), &x));
        prop_assert!(s.windows(2).into_iter().all(|pair| pair[0] >= pair[1]) && s.iter().all(|s| *s >= 0.0));
        let norm = |norm| everywhere(&linalg::spectral_norm(&a, norm).unwrap()).sum();
        prop_assert_eq!(norm(Spectral::Largest), s[0]);
        prop_assert_eq!(norm(Spectral::Smallest), s[s.len() - 1]);
        prop_assert!((norm(Spectral::Nuclear) - s.sum()).abs() < 1e-10 * (1.0 + s.sum()));
        let whole = linalg::svd(&a.rechunk(-1).unwrap()).unwrap().1;
        let distance = (everywhere(&whole) - s.into_dyn()).mapv(f64::abs).sum();
        prop_assert!(distance < 1e-10);
    }

    #[test]
    fn lu_pivots_by_the_largest(a in matrices(1..14, 1..14)) {
        let (p, l, u) = linalg::lu(&a).unwrap();
        let (x, p, l, u) = (matrix(&a), matrix(&p), matrix(&l), matrix(&u));
        prop_assert!(close(&p.dot(&l).dot(&u), &x));
        prop_assert!(l.indexed_iter().all(|((i, j), &x)| i > j || x == f64::from(u8::from(i == j))));
        prop_assert!(l.iter().all(|x| x.abs() <= 1.0));
        prop_assert!(u.indexed_iter().all(|((i, j), &x)| i <= j || x == 0.0));
        prop_assert!(is_orthonormal(&p) && p.iter().all(|&x| x == 0.0 || x == 1.0));
    }

    #[test]
    fn systems_are_solved((a, b) in regular()) {
        let (x, right) = (matrix(&a), matrix(&b));
        let solved = matrix(&linalg::solve(&a, &b, Assume::General).unwrap());
        prop_assert!(close(&x.dot(&solved), &right));
        prop_assert!(close(&x.dot(&matrix(&linalg::inv(&a).unwrap())), &Array2::eye(x.nrows())));

        let spd = a.matmul(&a.t()).unwrap();
        let (l, u) = (linalg::cholesky(&spd, true).unwrap(), linalg::cholesky(&spd, false).unwrap());
        let (lower, upper) = (matrix(&l), matrix(&u));
        prop_assert!(close(&lower.dot(&lower.t()), &x.dot(&x.t())));
        prop_assert!(close(&upper, &lower.t().to_owned()));
        prop_assert!(lower.indexed_iter().all(|((i, j), &x)| i >= j || x == 0.0));
        for (triangle, lower) in [(&l, true), (&u, false)] {
            let solved = linalg::solve_triangular(triangle, &b, lower).unwrap();
            prop_assert!(close(&matrix(triangle).dot(&matrix(&solved)), &right));
        }
        let column = b.slice((.., 0)).unwrap();
        let solved = everywhere(&linalg::solve(&spd, &column, Assume::PositiveDefinite).unwrap());
        let back = x.dot(&x.t()).dot(&solved.into_dimensionality::<Ix1>().unwrap());
        prop_assert!(back.iter().zip(right.column(0)).all(|(a, b)| (a - b).abs() < 1e-8));
    }

    #[test]
    fn least_squares_leave_nothing_in_the_range(a in matrices(1..20, 1..6), along in 1..3_usize) {
        let b = Array2::from_shape_fn((a.shape()[0], along), |(i, j)| number(3, i, j));
        let b = Array::from_ndarray(b, [3, 1]).unwrap();
        is_least_squares(&a, &b);
    }
}

#[test]
fn nearly_singular_matrices_have_least_squares() {
    // Its smallest singular value is 6e-8 and the solution near 1e7: numpy leaves 4.7e-9 in the range.
    let x = [
        [-3_020_511.0, 3_387_816.0, 940_053.0, 7_348_379.0],
        [-4_312_597.0, -6_760_359.0, -352_033.0, -2_799_796.0],
        [2_316_444.0, -8_052_445.0, 4_459_187.0, -5_909_703.0],
        [-793_462.0, -3_241_225.0, 3_167_101.0, 719_338.0],
    ];
    let x = Array2::from_shape_fn((4, 4), |(i, j)| x[i][j] / f64::from(1 << 23));
    let b = Array2::from_shape_fn((4, 2), |(i, j)| number(3, i, j));
    is_least_squares(&Array::from_ndarray(x, 4).unwrap(), &Array::from_ndarray(b, [3, 1]).unwrap());
}

#[test]
fn large_blocks_are_factored_in_tiles_and_panels() {
    let x = Array2::from_shape_fn((9000, 12), |(i, j)| number(5, i, j));
    let a = Array::from_ndarray(x.clone(), [2500, 5]).unwrap();
    let (q, r) = linalg::qr(&a).unwrap();
    let (q, r) = (matrix(&q), matrix(&r));
    assert!(is_orthonormal(&q) && close(&q.dot(&r), &x));

    let square = Array2::from_shape_fn((150, 150), |(i, j)| number(6, i, j));
    let a = Array::from_ndarray(square.clone(), 70).unwrap();
    let (p, l, u) = linalg::lu(&a).unwrap();
    let l = matrix(&l);
    assert!(close(&matrix(&p).dot(&l).dot(&matrix(&u)), &square));
    assert!(l.iter().all(|x| x.abs() <= 1.0));
}

#[test]
fn other_precisions_and_empty_matrices() {
    fn check<A: Field>() {
        let a = Array::<A>::ones(&[6, 2], 4).unwrap();
        let (q, r) = linalg::qr(&a).unwrap();
        let back = q.matmul(&r).unwrap().try_sub(&a).unwrap().abs().max(..).unwrap();
        assert!(back.astype::<f64>().item_with(&Sync::new()).unwrap() < 1e-6);
    }
    check::<f32>();
    for shape in [[0, 3], [3, 0], [0, 0]] {
        let a = Array::<f64>::zeros(&shape, -1).unwrap();
        let (q, r) = linalg::qr(&a).unwrap();
        let (p, l, u) = linalg::lu(&a).unwrap();
        let (v, s, vh) = linalg::svd(&a).unwrap();
        for array in [q, r, p, l, u, v, s, vh] {
            everywhere(&array);
        }
    }
    let a = Array::<f64>::zeros(&[0, 0], -1).unwrap();
    everywhere(&linalg::cholesky(&a, true).unwrap());
    everywhere(&linalg::inv(&a).unwrap());
}

#[test]
fn complex_matrices_are_factored_and_solved() {
    let z = |m: usize, n: usize| {
        Array2::from_shape_fn((m, n), |(i, j)| c128::new(number(8, i, j), number(9, i, j)))
    };
    let of =
        |array: &Array<c128>| array.compute_with(&Sync::new()).unwrap().into_dimensionality::<Ix2>().unwrap();
    let far = |a: &Array2<c128>, b: &Array2<c128>| (a - b).iter().map(|x| x.norm()).fold(0.0, f64::max);
    let adjoint = |a: &Array2<c128>| a.t().mapv(|x| x.conj());
    for (m, n) in [(9, 4), (4, 9)] {
        let x = z(m, n);
        let a = Array::from_ndarray(x.clone(), [3, 2]).unwrap();
        let (q, r) = linalg::qr(&a).unwrap();
        let (q, r) = (of(&q), of(&r));
        assert!(far(&q.dot(&r), &x) < 1e-12 && far(&adjoint(&q).dot(&q), &Array2::eye(q.ncols())) < 1e-12);
        let (u, s, vh) = linalg::svd(&a).unwrap();
        let s = s.compute_with(&Sync::new()).unwrap().mapv(c128::from);
        let (u, s, vh) = (of(&u), s.into_dimensionality::<Ix1>().unwrap(), of(&vh));
        assert!(far(&(&u * &s).dot(&vh), &x) < 1e-12);
        let found = linalg::lstsq(&a, &a).unwrap();
        assert!(far(&x.dot(&of(&found.solution)), &x) < 1e-12);
    }
    let x = z(6, 6);
    let a = Array::from_ndarray(x.clone(), [4, 3]).unwrap();
    let (p, l, u) = linalg::lu(&a).unwrap();
    assert!(far(&of(&p).dot(&of(&l)).dot(&of(&u)), &x) < 1e-12);
    assert!(far(&x.dot(&of(&linalg::inv(&a).unwrap())), &Array2::eye(6)) < 1e-10);
    let positive = a.matmul(&a.t().conj()).unwrap();
    let (l, u) = (linalg::cholesky(&positive, true).unwrap(), linalg::cholesky(&positive, false).unwrap());
    assert!(far(&of(&l).dot(&adjoint(&of(&l))), &of(&positive)) < 1e-12);
    assert!(far(&of(&u), &adjoint(&of(&l))) < 1e-12);
    let solved = linalg::solve(&positive, &a, Assume::PositiveDefinite).unwrap();
    assert!(far(&of(&positive).dot(&of(&solved)), &x) < 1e-9);
}

#[test]
fn compression_finds_a_low_rank_and_depends_on_the_seed_only() {
    let (left, right) = (
        Array::from_ndarray(ArrayD::from_shape_fn(IxDyn(&[90, 3]), |at| number(1, at[0], at[1])), [40, 3]),
        Array::from_ndarray(ArrayD::from_shape_fn(IxDyn(&[3, 70]), |at| number(2, at[0], at[1])), [3, 30]),
    );
    let a = left.unwrap().matmul(&right.unwrap()).unwrap();
    let how = Compression { n_power_iter: 1, seed: 5, ..Compression::new(3) };
    let (u, s, vh) = linalg::svd_compressed(&a, how).unwrap();
    assert_eq!((u.shape(), s.shape(), vh.shape()), (&[90, 3][..], &[3][..], &[3, 70][..]));
    let back = matrix(&u.try_mul(&s).unwrap().matmul(&vh).unwrap());
    assert!(close(&back, &matrix(&a)));
    let again = linalg::svd_compressed(&a, how).unwrap().1;
    assert_eq!(everywhere(&s), everywhere(&again));
    let exact = linalg::svd(&a).unwrap().1.slice((..3,)).unwrap();
    assert!((everywhere(&exact) - everywhere(&s)).iter().all(|x| x.abs() < 1e-10));
}

#[test]
fn tasks_are_linear_in_blocks() {
    let count = |array: &Array<f64>| array.graph().lower(&array.keys()).unwrap().len();
    // A read, reflectors, and coefficients times reflectors for each of 64 blocks; the tree above, up and down.
    let (q, r) = linalg::qr(&Array::<f64>::ones(&[6400, 4], [100, -1]).unwrap()).unwrap();
    assert_eq!((count(&q), count(&r)), (3 * 64 + 2 * 9, 2 * 64 + 9 + 1));
    // Reads and a task for each block on and below the diagonal, and zeros above.
    let l = linalg::cholesky(&Array::<f64>::ones(&[80, 80], 10).unwrap(), true).unwrap();
    assert_eq!(count(&l), 36 + 36 + 28);
}

#[test]
fn matrices_that_cannot_be_solved_are_told_when_it_shows() {
    let fails = |array: &Array<f64>, words: &str| {
        let error = array.compute_with(&Threaded::with_workers(2)).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains(words), "{text}");
    };
    let eye = |zero: usize| Array2::from_shape_fn((6, 6), |(i, j)| f64::from(u8::from(i == j && i != zero)));
    let a = Array::from_ndarray(eye(4), 2).unwrap();
    let b = Array::<f64>::ones(&[6], 2).unwrap();
    fails(&linalg::solve_triangular(&a, &b, true).unwrap(), "Singular { block: 2, pivot: 4 }");
    fails(&linalg::solve(&a, &b, Assume::General).unwrap(), "Singular");
    fails(&linalg::inv(&a).unwrap(), "Singular");
    fails(&linalg::cholesky(&a, true).unwrap(), "NotPositiveDefinite { block: 2, pivot: 4 }");
    fails(&linalg::svd(&(a / 0.0)).unwrap().1, "NoConvergence");
}

#[test]
fn shapes_are_told_when_written() {
    let of = |shape: &[usize]| Array::<f64>::ones(shape, 2).unwrap();
    let says = |error: ArrayError, words: &str| {
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
    };
    says(linalg::qr(&of(&[3])).unwrap_err(), "`qr` of an array of shape [3]: a matrix has 2 axes");
    says(linalg::svd(&of(&[3, 2, 2])).unwrap_err(), "`svd` of an array of shape [3, 2, 2]");
    says(linalg::singular_values(&of(&[3])).unwrap_err(), "`svd` of an array of shape [3]");
    says(linalg::spectral_norm(&of(&[0, 2]), Spectral::Largest).unwrap_err(), "max");
    says(linalg::lu(&of(&[])).unwrap_err(), "`lu`");
    says(linalg::cholesky(&of(&[3, 2]), true).unwrap_err(), "must be square");
    says(linalg::inv(&of(&[3, 2])).unwrap_err(), "must be square");
    says(linalg::solve(&of(&[3, 3]), &of(&[2]), Assume::General).unwrap_err(), "as many rows");
    says(linalg::solve_triangular(&of(&[3, 3]), &of(&[3, 1, 1]), true).unwrap_err(), "as many rows");
    says(linalg::lstsq(&of(&[3, 2]), &of(&[2])).unwrap_err(), "`lstsq` of shapes [3, 2] and [2]");
}
