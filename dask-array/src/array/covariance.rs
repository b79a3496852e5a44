//! Covariances and correlations, and the trace of a matrix.

use super::{Array, Over};
use crate::element::Element;
use crate::error::ArrayError;

impl<A: Element<Real = A>> Array<A> {
    /// The covariances of variables with each other (numpy's `cov`): each row is a variable, or with `rowvar` false each
    /// column, and the other axis runs over observations. Their number less `ddof` is the divisor: 1 is numpy's default,
    /// 0 that with `bias`. Of one variable its variance, a number.
    ///
    /// Computed in `f64`, by products of blocks of what remains when the means are taken away.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]), [1, 2])?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.cov(true, 1.0)?.compute_with(&scheduler)?, arr2(&[[1.0, -1.0], [-1.0, 1.0]]).into_dyn());
    /// assert_eq!(x.corrcoef(true)?.compute_with(&scheduler)?, arr2(&[[1.0, -1.0], [-1.0, 1.0]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When the array has no axis, or more than two.
    #[track_caller]
    pub fn cov(&self, rowvar: bool, ddof: f64) -> Result<Array<f64>, ArrayError> {
        if let Some(variable) = self.only_variable(rowvar)? {
            return variable.var_as(0, ddof);
        }
        let rows = self.variables("cov", rowvar)?;
        let n = rows.shape()[1] as f64;
        let centred = rows.try_sub(rows.mean(Over::from(1).keepdims())?)?;
        // As numpy: of too few observations, infinite or NaN.
        Ok(centred.matmul(&centred.t())? / (n - ddof).max(0.0))
    }

    /// The correlations of variables with each other (Pearson's, numpy's `corrcoef`): covariances by standard deviations.
    ///
    /// # Errors
    ///
    /// - When the array has no axis, or more than two.
    #[track_caller]
    pub fn corrcoef(&self, rowvar: bool) -> Result<Array<f64>, ArrayError> {
        if let Some(variable) = self.only_variable(rowvar)? {
            let var: Array<f64> = variable.var_as(0, 0.0)?;
            return var.try_div(&var);
        }
        let rows = self.variables("corrcoef", rowvar)?;
        let deviations: Array<f64> = rows.std(Over::from(1).keepdims(), 0.0)?;
        let correlations = rows.cov(true, 0.0)?.try_div(&deviations)?.try_div(deviations.t())?;
        // Rounding may leave them a little beyond.
        Ok(correlations.clip(Some(-1.0), Some(1.0)))
    }

    /// The observations of the variable, if there is but one.
    #[track_caller]
    fn only_variable(&self, rowvar: bool) -> Result<Option<Array<A>>, ArrayError> {
        let across = if rowvar { 0 } else { 1 };
        match self.shape() {
            [_] => Ok(Some(self.clone())),
            [_, _] if self.shape()[across] == 1 => Ok(Some(self.squeeze(across as isize)?)),
            _ => Ok(None),
        }
    }

    /// The variables as rows.
    fn variables(&self, operation: &'static str, rowvar: bool) -> Result<Array<f64>, ArrayError> {
        if self.ndim() != 2 {
            return Err(ArrayError::NotVariables { operation, shape: self.shape().to_vec() });
        }
        let rows = self.astype::<f64>();
        Ok(if rowvar { rows } else { rows.t() })
    }
}

impl<A: Element> Array<A> {
    /// The sum of the elements on a diagonal of two axes, which vanish: of a matrix with `offset` 0 and axes 0 and 1, its
    /// trace. Integers and bools are added up in 64 bits.
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr2};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1_i64, 2, 3], [4, 5, 6]]), 2)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(x.trace(0, 0, 1)?.item_with(&scheduler)?, 6);
    /// assert_eq!(x.trace(1, 0, 1)?.item_with(&scheduler)?, 8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - When an axis is out of range, or both are the same.
    #[track_caller]
    pub fn trace(&self, offset: isize, axis1: isize, axis2: isize) -> Result<Array<A::Sum>, ArrayError> {
        self.diagonal(offset, axis1, axis2)?.sum(-1)
    }
}
