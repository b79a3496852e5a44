//! Categories looked for in the rows.

use std::sync::Arc;

use dask_graph::{ComputeError, RunOptions, Scheduler, installed};

use super::DataFrame;
use crate::column::{Categories, Scalar};
use crate::error::FrameError;
use crate::expr::{Expr, col, known};
use crate::schema::DataType;

impl DataFrame {
    /// Computes which texts or categories a column has, with the installed scheduler, and makes them the known
    /// categories of the column, in the order of their letters.
    ///
    /// Known categories stay as they are, and nothing is computed.
    ///
    /// Source: [`Series.cat.as_known`](https://docs.dask.org/en/stable/generated/dask.dataframe.Series.cat.as_known.html)
    /// and [`DataFrame.categorize`](https://docs.dask.org/en/stable/generated/dask.dataframe.DataFrame.categorize.html).
    ///
    /// # Errors
    ///
    /// - `Finish`, with a [`FrameError`] as its source, if there is no such column, or it has no texts.
    /// - As [`compute`](dask_graph::Collection::compute).
    pub fn as_known(&self, column: impl Into<Arc<str>>) -> Result<Self, ComputeError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.as_known_opts(column.into(), &installed.scheduler, &installed.options)
    }

    /// [`as_known`](DataFrame::as_known) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`as_known`](DataFrame::as_known).
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// let frame = DataFrame::from_columns([("x", Column::from(vec!["b", "a", "b"]).to_categorical())], 2)?;
    /// assert_eq!(frame.schema().to_string(), "x: Categorical");
    /// let known = frame.as_known_with("x", &dask_sched_sync::Sync::new())?;
    /// assert_eq!(known.schema().to_string(), "x: Categorical[a, b]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_known_with(
        &self,
        column: impl Into<Arc<str>>,
        scheduler: &dyn Scheduler,
    ) -> Result<Self, ComputeError> {
        self.as_known_opts(column.into(), scheduler, &RunOptions::default())
    }

    fn as_known_opts(
        &self,
        column: Arc<str>,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Self, ComputeError> {
        let field = self.schema().field(&column).map_err(ComputeError::finish)?;
        let dtype = field.dtype();
        if dtype.categories().is_some_and(Categories::is_known) {
            return Ok(self.clone());
        }
        if !dtype.is_text() {
            let (expr, expected) = (column.to_string(), "Utf8 or Categorical");
            let error = FrameError::WrongType { operation: "as_known", expr, got: dtype, expected };
            return Err(ComputeError::finish(error));
        }
        let texts = col(Arc::clone(&column)).cast(DataType::Utf8);
        let values = self.values_of_opts(texts, scheduler, options)?;
        let categories = Categories::new(values.iter().filter_map(text)).map_err(ComputeError::finish)?;
        let known = col(Arc::clone(&column)).cast(DataType::Categorical(categories));
        self.with_column(column, known).map_err(ComputeError::finish)
    }

    /// Computes which of the known categories of a column rows have, with the installed scheduler, and takes the others
    /// away.
    ///
    /// Source: pandas'
    /// [`Series.cat.remove_unused_categories`](https://pandas.pydata.org/docs/reference/api/pandas.Series.cat.remove_unused_categories.html).
    ///
    /// # Errors
    ///
    /// - `Finish`, with a [`FrameError`] as its source, if there is no such column, or its categories are not known.
    /// - As [`compute`](dask_graph::Collection::compute).
    pub fn remove_unused_categories(&self, column: impl Into<Arc<str>>) -> Result<Self, ComputeError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.remove_unused_categories_opts(column.into(), &installed.scheduler, &installed.options)
    }

    /// [`remove_unused_categories`](DataFrame::remove_unused_categories) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`remove_unused_categories`](DataFrame::remove_unused_categories).
    pub fn remove_unused_categories_with(
        &self,
        column: impl Into<Arc<str>>,
        scheduler: &dyn Scheduler,
    ) -> Result<Self, ComputeError> {
        self.remove_unused_categories_opts(column.into(), scheduler, &RunOptions::default())
    }

    fn remove_unused_categories_opts(
        &self,
        column: Arc<str>,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Self, ComputeError> {
        let column = col(column);
        let dtype = column.dtype(self.schema()).map_err(ComputeError::finish)?;
        known("remove_unused_categories", &column, &dtype).map_err(ComputeError::finish)?;
        // Values come in the order of the categories.
        let used = self.values_of_opts(column.clone(), scheduler, options)?;
        let used = used.iter().filter_map(text);
        let name = column.output_name().map_err(ComputeError::finish)?;
        self.with_column(name, column.cat().set_categories(used)).map_err(ComputeError::finish)
    }

    /// Returns the known categories of an expression as values.
    pub(super) fn categories_of(
        &self,
        operation: &'static str,
        of: &Expr,
    ) -> Result<Vec<Scalar>, FrameError> {
        let dtype = of.dtype(self.schema())?;
        let texts = known(operation, of, &dtype)?.texts().into_iter().flatten();
        Ok(texts.map(Scalar::from).collect())
    }
}

fn text(value: &Scalar) -> Option<&str> {
    match value {
        Scalar::Utf8(text) => Some(text),
        _ => None,
    }
}
