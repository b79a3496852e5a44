//! Singular values of large matrices, of low rank, by random projection.

use dask_graph::LayerInfo;

use super::dense::{Field, adjoint};
use super::matrix;
use super::svd::svd;
use super::tsqr::Tall;
use crate::array::Array;
use crate::error::ArrayError;
use crate::random::Generator;

/// How [`svd_compressed`] looks for the largest singular values.
///
/// ```
/// use dask_array::linalg::Compression;
///
/// let more_accurate = Compression { n_power_iter: 4, ..Compression::new(20) };
/// assert_eq!(more_accurate.n_oversamples, 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// How many singular values are wanted.
    pub k: usize,
    /// How often the matrix is multiplied with what was found to make large singular values stand out: needed when
    /// they decay slowly. Each time costs two products with the matrix.
    pub n_power_iter: usize,
    /// How many more directions than `k` are looked at.
    pub n_oversamples: usize,
    /// Chooses the directions; equal seeds give equal results.
    pub seed: u64,
}

impl Compression {
    /// `k` singular values, with no power iterations, 10 more directions, and seed 0.
    pub fn new(k: usize) -> Self {
        Self { k, n_power_iter: 0, n_oversamples: 10, seed: 0 }
    }
}

/// Approximates the `k` largest singular values and their vectors (dask's `svd_compressed`) by the projection on
/// random directions of Halko, Martinsson and Tropp (2011), with orthogonalised power iterations. The matrix may be large and cut both
/// ways; it is read once, and twice more for each power iteration.
///
/// # Errors
///
/// - When the array is no matrix.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, linalg::{self, Compression}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A matrix of rank 2.
/// let x = ndarray::Array2::from_shape_fn((80, 60), |(i, j)| (i * j) as f64 + (i as f64).sin());
/// let x = Array::from_ndarray(x, 25)?;
/// let (u, s, vh) = linalg::svd_compressed(&x, Compression::new(2))?;
/// let u_s = u.try_mul(&s)?;
/// let distance = (u_s.matmul(&vh)? - &x).abs().max(..)?.item_with(&dask_sched_sync::Sync::new())?;
/// assert!(distance < 1e-8);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn svd_compressed<A: Field>(
    a: &Array<A>,
    how: Compression,
) -> Result<(Array<A>, Array<A::RealFloat>, Array<A>), ArrayError> {
    let info = LayerInfo::here();
    let [m, n] = matrix("svd_compressed", a)?;
    let directions = how.k.saturating_add(how.n_oversamples).min(m).min(n);
    let cuts = vec![a.chunks().lengths(1).to_vec(), vec![directions]];
    let random: Array<A::RealFloat> = Generator::new(how.seed).standard_normal(&[n, directions], cuts)?;
    let mut range = a.matmul(&random.astype())?;
    for _ in 0..how.n_power_iter {
        let q = Tall::new(&range, &info).q(&info);
        let back = Tall::new(&adjoint(a).matmul(&q)?, &info).q(&info);
        range = a.matmul(&back)?;
    }
    let q = Tall::new(&range, &info).q(&info);
    let (u, s, vh) = svd(&adjoint(&q).matmul(a)?)?;
    let u = q.matmul(&u)?;
    let k = how.k.min(directions);
    Ok((
        u.sliced(&[(..).into(), (..k).into()], &info)?,
        s.sliced(&[(..k).into()], &info)?,
        vh.sliced(&[(..k).into(), (..).into()], &info)?,
    ))
}
