//! Linear algebra (feature `linalg`): factorisations of matrices in blocks, and what is solved by them. Names are those
//! of numpy's `linalg` and scipy's.
//!
//! | function | tasks | takes |
//! |---|---|---|
//! | [`qr`], [`svd`] of tall matrices | 2⅓ a block of rows | all columns in one block |
//! | [`qr`], [`svd`] of wide matrices | those of their first columns, and a product | |
//! | [`svd_compressed`] | products, and the factorisations of narrow matrices | |
//! | [`cholesky`] | one a block of the factor | square blocks |
//! | [`solve_triangular`] | one a block of the result | square blocks |
//! | [`lu`], [`solve`], [`inv`] | n²/2 for n blocks of columns | all rows in one block |
//! | [`lstsq`] | those of `qr`, and a product | |
//!
//! Arrays that are cut differently are cut anew. Dense kernels are those of [faer], on the thread that runs the task:
//! parallelism comes from blocks.
//!
//! Shapes are checked when an operation is written. Whether a matrix is singular or positive definite shows when it
//! is factored: then the run fails with a [`LinalgError`] that says in which block and at which pivot.
//!
//! Matrices of [`f16`](crate::f16) are refused by the compiler, as numpy refuses them: cast them before.
//!
//! [faer]: https://docs.rs/faer

mod cholesky;
mod compressed;
mod dense;
mod lstsq;
mod lu;
mod parts;
mod reflectors;
mod solve;
mod spectral;
mod svd;
mod triangular;
mod tsqr;

pub use self::cholesky::cholesky;
pub use self::compressed::{Compression, svd_compressed};
pub use self::dense::Field;
pub use self::lstsq::{Lstsq, lstsq};
pub use self::lu::lu;
pub use self::solve::{Assume, inv, solve};
pub use self::spectral::{Spectral, singular_values, spectral_norm};
pub use self::svd::svd;
pub use self::triangular::solve_triangular;
pub use self::tsqr::qr;

use crate::array::Array;
use crate::element::Element;
use crate::error::ArrayError;

/// Why a matrix could not be factored or solved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinalgError {
    /// A triangular matrix, or a triangular factor, with a zero on its diagonal.
    #[error("the matrix is singular: pivot {pivot}, in block {block} of its diagonal, is zero")]
    Singular {
        /// The block of the diagonal.
        block: u32,
        /// Row and column in the whole matrix.
        pivot: usize,
    },
    /// A matrix that has no Cholesky factor.
    #[error(
        "the matrix is not positive definite: pivot {pivot}, in block {block} of its diagonal, is not positive"
    )]
    NotPositiveDefinite {
        /// The block of the diagonal.
        block: u32,
        /// Row and column in the whole matrix.
        pivot: usize,
    },
    /// Singular values that did not converge, which those of a matrix with NaN or infinity do not.
    #[error(
        "the singular values of a block of shape [{rows}, {columns}] do not converge; has it NaN or infinite elements?"
    )]
    NoConvergence {
        /// Rows of the block.
        rows: usize,
        /// Columns of the block.
        columns: usize,
    },
}

/// Refuses an array that is no matrix.
fn matrix<A: Element>(operation: &'static str, a: &Array<A>) -> Result<[usize; 2], ArrayError> {
    <[usize; 2]>::try_from(a.shape()).map_err(|_| ArrayError::Matrix {
        operation,
        shape: a.shape().to_vec(),
        reason: "a matrix has 2 axes",
    })
}

/// Refuses an array that is no square matrix.
fn square<A: Element>(operation: &'static str, a: &Array<A>) -> Result<usize, ArrayError> {
    let [rows, columns] = matrix(operation, a)?;
    if rows == columns {
        return Ok(rows);
    }
    Err(ArrayError::Matrix { operation, shape: a.shape().to_vec(), reason: "the matrix must be square" })
}
