//! Filters and columns written as text.

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::error::FrameError;
use crate::expr::{parse, parse_assignment};
use crate::plan::PlanOp;

impl DataFrame {
    /// Returns the rows for which a condition holds that is written as text, as pandas' `query` takes it.
    ///
    /// There are Python's operators (`and`, `or`, `not`, comparisons and chains of them, arithmetic, `in` with a list),
    /// `&`, `|` and `~` for the first three, names of columns, in backticks if they are no words, numbers, texts in
    /// quotes, `True` and `False`, and the methods `isna`, `notna` and `abs`. A text that is compared with a time
    /// means one. It becomes an expression as [`filter`](DataFrame::filter) takes it, with the same rules for missing
    /// values.
    ///
    /// # Errors
    ///
    /// - `BadQuery`, with the place, for what is no condition.
    /// - As [`filter`](DataFrame::filter).
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame};
    /// use dask_graph::Collection;
    ///
    /// let columns = [("a", Column::from(vec![2, 4, 6])), ("b", Column::from(vec![1, 1, 2]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let found = frame.query("3 < a <= 6 and b in [2, 3]")?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(found.column("a")?, &Column::from(vec![6]));
    /// let error = frame.query("a > > 3").unwrap_err();
    /// assert_eq!(error.to_string(), "`a > > 3`, character 5: expected a value or a column, got `>`");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn query(&self, condition: &str) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        self.with(PlanOp::Filter(parse(condition, self.schema())?), info)
    }

    /// Adds or replaces a column by an assignment that is written as text, like `total = qty * price`.
    ///
    /// # Errors
    ///
    /// - `BadQuery`, with the place, for what is no assignment.
    /// - As [`with_column`](DataFrame::with_column).
    #[track_caller]
    pub fn eval(&self, assignment: &str) -> Result<Self, FrameError> {
        let (name, expr) = parse_assignment(assignment, self.schema())?;
        self.with_column(name, expr)
    }
}
